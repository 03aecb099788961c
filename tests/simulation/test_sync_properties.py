"""Whatever two to five members do, in whatever order, safety holds and peace converges.

Hypothesis writes the play: people list, narrow, withdraw, befriend and part; wires break,
machines crash in the middle of a step and come back from their disks; time passes, or
does not. The oracles watch every step; at the end all faults cease, and everybody must
see exactly what they should. A failure comes back as the shortest play that shows it.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from simulations.graphs import ring
from simulations.machine import Chances, WorldPlan
from simulations.network import Conditions
from simulations.village import Village

MEMBERS = st.integers(0, 4)
SOON_MS = st.sampled_from([1, 5, 20, 60, 300, 2_000, 40_000])
LONG_MS = st.sampled_from([10 * 60_000, 3 * 3_600_000, 8 * 86_400_000, 40 * 86_400_000])


class Play(RuleBasedStateMachine):
    """Up to five members, one village, every fault by hand."""

    things = Bundle("things")

    @initialize(count=st.integers(2, 5), seed=st.integers(0, 1000), wide=st.booleans())
    def found(self, count: int, seed: int, wide: bool) -> None:
        edges = ring(count, 2) if count > 2 else [(0, 1)]
        conditions = Conditions(latency_min_ms=1, latency_max_ms=300 if wide else 5)
        plan = WorldPlan(conditions=conditions, skew_max_ms=20_000)
        self.village = Village(edges, members=count, seed=seed, plan=plan)
        self.count = count

    def _pick(self, member: int) -> int:
        return member % self.count

    # --- what people do ----------------------------------------------------------------

    @rule(
        target=things,
        member=MEMBERS,
        circles=st.integers(0, 3),
        through=st.lists(MEMBERS, max_size=2, unique=True),
    )
    def list_a_thing(self, member: int, circles: int, through: list[int]) -> object:
        number = self._pick(member)
        friends = tuple(dict.fromkeys(self._pick(friend) for friend in through))
        thing = self.village.add(number, "thing", circles, friends)
        return multiple() if thing is None else (number, thing)

    @rule(thing=things, circles=st.integers(0, 3))
    def change_reach(self, thing: tuple[int, str], circles: int) -> None:
        self.village.change(*thing, circles=circles)

    @rule(thing=things, title=st.sampled_from(["saw", "drill", "guitar"]))
    def rename(self, thing: tuple[int, str], title: str) -> None:
        self.village.change(*thing, title=title)

    @rule(thing=things)
    def withdraw(self, thing: tuple[int, str]) -> None:
        self.village.withdraw(*thing)

    @rule(inviter=MEMBERS, guest=MEMBERS)
    def befriend(self, inviter: int, guest: int) -> None:
        if self._pick(inviter) != self._pick(guest):
            self.village.befriend(self._pick(inviter), self._pick(guest))

    @rule(member=MEMBERS, friend=MEMBERS)
    def unfriend(self, member: int, friend: int) -> None:
        self.village.end(self._pick(member), self._pick(friend))

    # --- what befalls them -------------------------------------------------------------

    @rule(one=MEMBERS, other=MEMBERS, loses=st.booleans())
    def cut(self, one: int, other: int, loses: bool) -> None:
        network = self.village.world.network
        for wire in network.wires_of(self._pick(one)):
            if self._pick(other) in wire.ends:
                network.cut(wire, loses=loses)

    @rule(group=st.lists(MEMBERS, min_size=1, max_size=4, unique=True))
    def part(self, group: list[int]) -> None:
        self.village.world.network.partition({self._pick(member): 1 for member in group})

    @rule()
    def reunite(self) -> None:
        self.village.world.network.heal()
        self.village.world.redial_all()

    @rule(member=MEMBERS)
    def crash(self, member: int) -> None:
        self.village.world.crash(self._pick(member))

    @rule(member=MEMBERS)
    def restart(self, member: int) -> None:
        self.village.world.start(self._pick(member))

    @rule(steps=st.integers(1, 12))
    def crash_amid_the_next_step(self, steps: int) -> None:
        """Somebody crashes before the commit, after it, or amid the effects."""
        world = self.village.world
        for _ in range(steps):
            world.step(world.queue.now_ms + 1000)
        world.chances = Chances(crash=1.0, down_max_ms=30_000)
        world.step(world.queue.now_ms + 1000)
        world.chances = Chances()

    @rule(duration_ms=SOON_MS)
    def advance(self, duration_ms: int) -> None:
        self.village.pass_time(duration_ms)

    @rule(duration_ms=LONG_MS)
    def let_leases_pass(self, duration_ms: int) -> None:
        self.village.pass_time(duration_ms)

    # --- what must hold ----------------------------------------------------------------

    @invariant()
    def nothing_happened_that_must_not(self) -> None:
        village = getattr(self, "village", None)
        if village is not None:
            assert [] == [str(violation) for violation in village.oracles.violations]

    def teardown(self) -> None:
        """Peace: everything heals, and everybody sees what they should, restarts included."""
        village = getattr(self, "village", None)
        if village is None:
            return
        village.heal()
        village.settle()
        assert [] == [str(violation) for violation in village.judge()]
        for host in village.world.hosts:
            village.world.crash(host.number)
        village.world.start_all()
        village.settle()
        assert [] == [str(violation) for violation in village.judge()]


TestPlay = pytest.mark.no_cover(Play.TestCase)
TestPlay.settings = settings(
    settings.default,
    max_examples=max(10, settings().max_examples // 2),
    stateful_step_count=30,
    suppress_health_check=list(HealthCheck),
)
