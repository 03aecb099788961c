"""A town whose members list things, and the plain truth about who may see them.

The town runs real engines on calm wires; signatures are modelled and disks are not
kept (nobody crashes here). Beside it stands the other opinion: which friendships
there are, how far each thing may go, and a plain breadth-first search over both.
What is done to the town (``list_one``, ``change``) is done to the truth as well.
"""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from tqdm import tqdm

from node.engine.commands import AddThing, Command, EndFriendship, SetThing
from node.engine.events import Json
from protocol.bodies import Kind
from protocol.charter import Charter
from protocol.errors import Refused
from simulations.graphs import Edge, adjacency, hops_from
from simulations.machine import Act, WorldPlan
from simulations.network import Conditions
from simulations.signing import InterningOpener, KeyRing, ModelKeys
from simulations.town import TownPlan, build_town, seed_for
from simulations.world import World

BORN_MS: Final = 1_750_000_000_000
QUIET_MS: Final = 120_000
"""At rest: longer than any want, wait or redial of an engine or a host."""
PATIENCE_MS: Final = 24 * 3600 * 1000
PROGRESS_EVENTS: Final = 2_000
LISTING_STEPS: Final = 60
"""So often the bar moves on while all list something."""

Thing: TypeAlias = tuple[int, bytes]
"""Its holder's number and its object id."""
View: TypeAlias = tuple[int, Thing]
"""Who sees what."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What was taken away at one moment.

    Args:
        ended: friendships, each with the end that ended it first.
        narrowed: things that go one circle less far.
    """

    ended: tuple[tuple[int, int], ...]
    narrowed: tuple[Thing, ...]


class ListedTown:
    """One town on its way from cold to rest, and through what is changed after it.

    Args:
        circles: how far every listing goes at first.
        skew_max_ms: clocks are wrong by at most this.
        seats: membership can be proved; needed where the time goes on to a renewal, for
            who renews a friendship says in it whether the friend is a member.
        sponsors: as in ``TownPlan``.
        keys: real or modelled signatures; modelled if None.
    """

    def __init__(
        self,
        members: int,
        edges: list[Edge],
        circles: int,
        seed: int,
        charter: Charter,
        *,
        skew_max_ms: int = 0,
        seats: bool = False,
        sponsors: Mapping[int, tuple[int, ...]] | None = None,
        keys: KeyRing | None = None,
        shows_progress: bool = False,
    ) -> None:
        self.edges = list(edges)
        """Friendships that stand."""
        self.circles: dict[Thing, int] = {}
        """How far each thing may go."""
        self.at_rest = False
        self._members = members
        self._first_circles = circles
        self._shows_progress = shows_progress
        self._chance = random.Random(f"listed town {seed}")
        keys = keys or ModelKeys(seed_for("reach", seed))
        self.opener = InterningOpener(keys.verify)
        plan = TownPlan(
            members,
            edges,
            BORN_MS,
            charter,
            name=f"reach {seed}",
            seats=seats,
            sponsors=sponsors or {},
            introduces_itself=False,
        )
        residents = build_town(
            plan, keys, self.opener, lambda steps: self._bar(steps, "stores", members)
        )
        self.world = World(
            residents,
            self.opener,
            born_ms=BORN_MS,
            seed=seed,
            plan=WorldPlan(
                conditions=Conditions(),
                skew_max_ms=skew_max_ms,
                keeps_disks=False,
                tells_addresses=False,
                traces=False,
            ),
        )

    def _bar(self, steps: Iterator[int], what: str, total: int) -> Iterator[int]:
        hidden = not self._shows_progress
        return iter(tqdm(steps, what, total, leave=False, disable=hidden, file=sys.stderr))

    # --- what happens --------------------------------------------------------------------

    def link(self) -> None:
        """Switch everybody on and let friends find each other."""
        self.world.start_all()
        gc.freeze()
        self.settle("links", len(self.edges), lambda: self.world.network.traffic.wires)

    def spread(self, holders: list[int]) -> None:
        """Every holder lists one thing; wait until nothing moves."""
        for number in holders:
            self.list_one(number)
        self.settle("listings", None, lambda: self.opener.opened_by_kind[Kind.LISTING])

    def list_over(self, holders: list[int], each: int, duration_ms: int) -> None:
        """Holders list ``each`` things at moments of their own, and the time goes by."""
        now_ms = self.world.queue.now_ms
        for number in holders:
            for _ in range(each):
                at_ms = now_ms + self._chance.randrange(duration_ms)
                self.world.queue.push(at_ms, Act(_lister(self, number)))
        for step in self._bar(iter(range(1, LISTING_STEPS + 1)), "listings", LISTING_STEPS):
            self.world.run_until(now_ms + duration_ms * step // LISTING_STEPS)
        self.settle("listings", None, lambda: self.opener.opened_by_kind[Kind.LISTING])

    def list_one(self, number: int) -> None:
        title = f"Thing {len(self.circles)} of {number}"
        listed = self._command(number, AddThing(title, circles=self._first_circles))
        assert isinstance(listed, dict), "an added thing is answered with what it is"
        self.circles[number, bytes.fromhex(str(listed["thing"]))] = self._first_circles

    def draw_changes(self, end: float, narrow: float) -> Changes:
        """Draw a share of the friendships to end and of the things to narrow."""
        chance = self._chance
        ended = chance.sample(self.edges, round(end * len(self.edges)))
        narrowed = chance.sample(list(self.circles), round(narrow * len(self.circles)))
        turned = ((one, other) if chance.random() < 0.5 else (other, one) for one, other in ended)
        return Changes(tuple(turned), tuple(narrowed))

    def change(self, changes: Changes) -> None:
        """End and narrow, all in one moment. Friends have one end less, things one circle."""
        for ender, other in changes.ended:
            self._command(ender, EndFriendship(self.world.hosts[other].member.hex()))
            self.edges.remove((min(ender, other), max(ender, other)))
        for thing in changes.narrowed:
            holder, object_id = thing
            self.circles[thing] -= 1
            self._command(holder, SetThing(object_id.hex(), circles=self.circles[thing]))

    def _command(self, number: int, command: Command) -> Json:
        request = self.world.command(number, command)
        answer = self.world.hosts[number].answers.pop(request)
        assert not isinstance(answer, Refused), f"{command} was refused: {answer}"
        return answer

    def settle(self, what: str, total: int | None, done: Callable[[], int]) -> None:
        """Run until nothing moves, with a bar of what was ``done``."""
        world = self.world
        hidden = not self._shows_progress
        limit_ms = world.queue.now_ms + PATIENCE_MS
        with tqdm(desc=what, total=total, leave=False, disable=hidden, file=sys.stderr) as bar:
            while True:
                self.at_rest = world.run_to_rest(QUIET_MS, limit_ms, PROGRESS_EVENTS)
                bar.update(done() - bar.n)
                # Not by events: thousands of timers in a row may be ones that no longer count.
                if self.at_rest or (world.queue.next_ms() or 0) > limit_ms:
                    return

    # --- the two opinions ----------------------------------------------------------------

    def seen(self) -> dict[View, None]:
        """Every view that is on somebody's page, by the engines."""
        views: dict[View, None] = {}
        for host in self.world.hosts:
            assert host.engine is not None, "nobody crashes here"
            for record in host.engine.core.visible_listings():
                views[host.number, (self.world.number_of[record.author], record.object)] = None
        return views

    def expected(self, circles: Mapping[Thing, int] | None = None) -> dict[View, None]:
        """Every view that there should be, by a plain search.

        Args:
            circles: how far each thing goes, if it were otherwise than it is.
        """
        circles = self.circles if circles is None else circles
        neighbours = adjacency(self._members, self.edges)
        by_holder: dict[int, list[Thing]] = {}
        for thing in circles:
            by_holder.setdefault(thing[0], []).append(thing)
        views: dict[View, None] = {}
        for holder, things in by_holder.items():
            hops = hops_from(neighbours, holder, max(circles[thing] for thing in things))
            for viewer, distance in hops.items():
                for thing in things:
                    if 0 < distance <= circles[thing]:
                        views[viewer, thing] = None
        return views


def _lister(town: ListedTown, number: int) -> Callable[[], None]:
    return lambda: town.list_one(number)
