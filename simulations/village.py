"""A small world ready to use, with its oracles: for tests, notebooks and curiosity.

    village = Village(edges=[(0, 1), (1, 2)])
    village.settle()
    village.add(0, "ladder", circles=2)
    village.settle()
    assert village.sees(2) == ["ladder"]
    assert village.judge() == []

Everything happens in real engines; nothing fails unless it is asked to.
"""

from __future__ import annotations

from typing import Final

from node.engine.commands import (
    AddThing,
    Command,
    EndFriendship,
    Invite,
    Join,
    SetThing,
    WithdrawThing,
)
from node.engine.events import Json
from protocol.bodies import ListingBody
from protocol.charter import Charter
from protocol.errors import Refused
from simulations import at_rest, exchanges_at_rest
from simulations.graphs import Edge
from simulations.machine import Chances, WorldPlan
from simulations.network import CALM
from simulations.oracles import Oracles, Violation
from simulations.signing import InterningOpener, KeyRing, ModelKeys
from simulations.town import TownPlan, build_town, open_doors, seed_for
from simulations.world import World

BORN_MS: Final = 1_750_000_000_000
QUIET_MS: Final = 150_000
SETTLE_MAX_MS: Final = 4 * 3600 * 1000


class Village:
    """A handful of members under oracles.

    Args:
        edges: friendships of the first day.
        members: how many; those without friends included.
        plan: faults, see ``WorldPlan``.
        charter: its limit on co-optations is lifted: here friendships are what matters.
        keys: real or modelled signatures; modelled if None.
    """

    def __init__(
        self,
        edges: list[Edge],
        *,
        members: int | None = None,
        seed: int = 1,
        plan: WorldPlan | None = None,
        charter: Charter | None = None,
        keys: KeyRing | None = None,
        world_type: type[World] = World,
    ) -> None:
        count = members or 1 + max(other for _, other in edges)
        charter = open_doors(charter or Charter())
        keys = keys or ModelKeys(seed_for("village", seed))
        opener = InterningOpener(keys.verify)
        self.oracles = Oracles(opener, charter)
        town = TownPlan(count, edges, BORN_MS, charter, name=f"village {seed}")
        self.world = world_type(
            build_town(town, keys, opener),
            opener,
            born_ms=BORN_MS,
            seed=seed,
            plan=plan or WorldPlan(),
            watch=self.oracles,
            keys=keys,
        )
        self.oracles.numbers.update(self.world.number_of)
        self.world.start_all()

    # --- what people do ----------------------------------------------------------------

    def do(self, number: int, command: Command) -> Json | Refused | None:
        """What a node answers its owner at once; None when it crashed or answers later."""
        request = self.world.command(number, command)
        return self.world.hosts[number].answers.get(request)

    def add(
        self, number: int, title: str, circles: int = 1, through: tuple[int, ...] = ()
    ) -> str | None:
        """List a thing; its id."""
        only_through = tuple(self.world.hosts[friend].member.hex() for friend in through)
        answer = self.do(number, AddThing(title, circles=circles, only_through=only_through))
        return str(answer["thing"]) if isinstance(answer, dict) else None

    def change(self, number: int, thing: str, **changes: int | str) -> Json | Refused | None:
        """Change what is given of a thing: ``circles``, ``title``."""
        return self.do(number, SetThing(thing, **changes))  # type: ignore[arg-type]

    def withdraw(self, number: int, thing: str) -> Json | Refused | None:
        return self.do(number, WithdrawThing(thing))

    def end(self, number: int, friend: int) -> Json | Refused | None:
        return self.do(number, EndFriendship(self.world.hosts[friend].member.hex()))

    def befriend(self, inviter: int, guest: int) -> None:
        """The inviter makes a link and the guest opens it."""
        host = self.world.hosts[inviter]
        answer = self.do(inviter, Invite(3_600_000, (host.address,)))
        if isinstance(answer, dict):
            self.world.command(guest, Join(str(answer["link"])))

    # --- time --------------------------------------------------------------------------

    def pass_time(self, duration_ms: int) -> None:
        self.world.run_until(self.world.queue.now_ms + duration_ms)

    def settle(self) -> None:
        """Run until nothing moves any more."""
        limit_ms = self.world.queue.now_ms + SETTLE_MAX_MS
        if not self.world.run_to_rest(QUIET_MS, limit_ms):
            self.oracles.report("rest", "the world does not come to rest")

    def heal(self) -> None:
        """End all faults and switch everybody on."""
        self.world.network.conditions = CALM
        self.world.chances = Chances()
        self.world.network.heal()
        self.world.start_all()
        self.world.redial_all()

    # --- what is to be seen ------------------------------------------------------------

    def sees(self, number: int) -> list[str]:
        """Titles on a member's page, sorted."""
        engine = self.world.hosts[number].engine
        assert engine is not None, "only a running node shows anything"
        bodies = [record.body for record in engine.core.visible_listings()]
        return sorted(body.title for body in bodies if isinstance(body, ListingBody))

    def judge(self) -> list[Violation]:
        """What the oracles found so far, and find now that the world is at rest."""
        hosts = self.world.hosts
        cores = [host.engine.core for host in hosts if host.engine is not None]
        assert len(cores) == len(hosts), "at rest everybody is on"
        now_ms = self.world.queue.now_ms
        at_rest.judge_sight(self.oracles, hosts, cores, now_ms)
        exchanges_at_rest.judge_exchanges(self.oracles, hosts, cores, now_ms)
        return self.oracles.violations
