"""Running a scenario: a troubled time, then peace, and the judgement of the oracles.

Phase one: anything may fail, people act, and safety must hold at every step. Phase two:
faults end, everybody is switched on, and the world must come to rest with everybody
seeing exactly what they should. Phase three: everybody's machine is switched off and on
again, and from the disks alone it must all be there.

One seed draws the population, the faults and what people do. Nothing else enters: the
digest of a run is the same on every machine and under every ``PYTHONHASHSEED``.
"""

from __future__ import annotations

import hashlib
import random
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from simulations import at_rest, exchanges_at_rest, graphs
from simulations.edge_files import Friends, read_friends
from simulations.graphs import Edge
from simulations.machine import Act, Chances, WorldPlan
from simulations.memory import world_need
from simulations.network import CALM, Conditions
from simulations.nights import Nights
from simulations.oracles import Oracles, Violation
from simulations.people import People
from simulations.scenario import (
    WORLD_MEMBERS_MAX,
    Population,
    Scenario,
    ScenarioError,
    refused_pieces,
)
from simulations.signing import InterningOpener, KeyRing, ModelKeys
from simulations.town import TownPlan, build_town, open_doors, seed_for
from simulations.world import DAY_MS, World

BORN_MS: Final = 1_750_000_000_000
QUIET_MS: Final = 150_000
"""At rest: longer than any want, redial or notice of a host or an engine."""
SETTLE_MAX_MS: Final = 4 * 3600 * 1000
SETTLE_AMONG_LIARS_MS: Final = 10 * 60 * 1000
"""Time for everybody to have been asked who could know."""
LULL_MS: Final = 2_000
"""Longer than anything is under way once the faults have ended."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What one run of a scenario came to."""

    scenario: str
    seed: int
    members: int
    events: int
    messages: int
    violations: int
    digest: str
    visible_digest: str
    first_violations: tuple[Violation, ...]
    stories: tuple[tuple[str, ...], ...]
    """For each of the first violations, the history of its record."""
    done: dict[str, int]
    """How often each action was carried out, and each fault struck."""
    rejected: dict[str, int]

    def to_json(self) -> dict[str, object]:
        """The stable keys of design 10, and what helps to understand the run."""
        return {
            "scenario": self.scenario,
            "seed": self.seed,
            "members": self.members,
            "events": self.events,
            "messages": self.messages,
            "violations": self.violations,
            "digest": self.digest,
            "visible_digest": self.visible_digest,
            "done": self.done,
            "rejected": self.rejected,
            "first_violations": [
                {"violation": str(violation), "history": list(story)}
                for violation, story in zip(self.first_violations, self.stories, strict=True)
            ],
        }


def run_scenario(
    scenario: Scenario,
    seed: int,
    *,
    keys: KeyRing | None = None,
    world_type: type[World] = World,
    told: Callable[[float], None] = lambda share: None,
) -> RunResult:
    """Run one scenario once.

    Args:
        keys: real or modelled signatures; modelled if None.
        world_type: tests plant careless hosts here.
        told: called now and then with the share of the duration that is over.

    Raises:
        GraphError: the population's edge list cannot be read.
        ScenarioError: there are more members than the world, or the memory, can hold.
    """
    return _Run(scenario, seed, keys, world_type).run(told)


def run_watched(scenario: Scenario, seed: int) -> tuple[RunResult, Oracles]:
    """The same, with what the oracles know in the end.

    Raises:
        GraphError, ScenarioError: as ``run_scenario``.
    """
    run = _Run(scenario, seed, None, World)
    return run.run(lambda share: None), run.oracles


def population_edges(
    population: Population, chance: random.Random, seed: int = 1
) -> tuple[int, list[Edge]]:
    """Members and friendships of the first day."""
    if population.members_max > WORLD_MEMBERS_MAX:
        allowed = f"at most {WORLD_MEMBERS_MAX:,} here; simulate population takes more"
        raise ScenarioError("population.members", allowed)
    members, degree = population.members, population.degree
    if population.members_max > members:
        members = chance.randint(members, population.members_max)
    match population.graph:
        case "edges":
            assert population.edges is not None, "checked when the scenario was read"
            return _of_file(population, read_friends(population.edges))
        case "ring":
            return members, graphs.ring(members, degree)
        case "small-world":
            return members, graphs.small_world(members, degree, population.rewiring, chance)
        case "random":
            return members, graphs.random_graph(members, degree, chance)
        case "town" | "preferential" | "blocks":
            # Where numba is needed, and nowhere else.
            from simulations.population.sources import friendships

            graph = friendships(population, members, seed)
            return members, graph.edges()


def _of_file(population: Population, friends: Friends) -> tuple[int, list[Edge]]:
    """A file's members and friendships, or its largest piece."""
    pieces = graphs.pieces(friends.members, friends.edges)
    largest = max(pieces, key=len)
    if len(pieces) > 1 and population.pieces == "one":
        raise refused_pieces(population, friends.members, len(largest), len(pieces))
    if population.pieces == "largest" and len(pieces) > 1:
        number_of = {member: number for number, member in enumerate(largest)}
        kept = [(number_of[a], number_of[b]) for a, b in friends.edges if a in number_of]
        friends = Friends(len(largest), kept)
    if friends.members > WORLD_MEMBERS_MAX:
        allowed = f"a file of at most {WORLD_MEMBERS_MAX:,} members here ({friends.members:,})"
        raise ScenarioError("population.edges", f"{allowed}; simulate population takes more")
    return friends.members, friends.edges


class _Run:
    """One run on its way."""

    def __init__(
        self, scenario: Scenario, seed: int, keys: KeyRing | None, world_type: type[World]
    ) -> None:
        self._scenario = scenario
        self._seed = seed
        self._chance = random.Random(f"{scenario.name} {seed}")
        self._keys = keys or ModelKeys(seed_for("signatures", seed))
        opener = InterningOpener(self._keys.verify)
        self.oracles = Oracles(opener, scenario.charter)
        self.world = self._build(opener, world_type)
        self.oracles.numbers.update(self.world.number_of)
        self._end_ms = BORN_MS + scenario.duration_ms
        self.done: dict[str, int] = {}
        max_circles = scenario.charter.max_circles
        self._people = People(self.world, self._chance, max_circles, self._count)

    def _build(self, opener: InterningOpener, world_type: type[World]) -> World:
        scenario, faults = self._scenario, self._scenario.faults
        members, edges = population_edges(scenario.population, self._chance, self._seed)
        need = world_need(members, len(edges))
        if not need.fits:
            allowed = f"fewer, or fewer friends: this {need}, before anything is listed"
            raise ScenarioError("population.members", allowed)
        # Co-optation has its own limits; here friendships are what matters.
        charter = open_doors(scenario.charter)
        name = f"{scenario.name} {self._seed}"
        town = TownPlan(members, edges, BORN_MS, charter, name=name)
        conditions = Conditions(
            scenario.latency_min_ms,
            scenario.latency_max_ms,
            faults.drop,
            faults.delay,
            faults.delay_max_ms,
            faults.duplicate,
            faults.notice_max_ms,
        )
        plan = WorldPlan(
            conditions,
            Chances(faults.crash, faults.down_max_ms, faults.restore),
            faults.clock_skew_max_ms,
            liars=faults.liars,
        )
        residents = build_town(town, self._keys, opener)
        return world_type(
            residents,
            opener,
            born_ms=BORN_MS,
            seed=self._chance.getrandbits(64),
            plan=plan,
            watch=self.oracles,
            keys=self._keys,
        )

    # --- the three phases --------------------------------------------------------------

    def run(self, told: Callable[[float], None]) -> RunResult:
        try:
            self._trouble(told)
            self._heal()
            self._settle("after everything healed")
            self._power_cut()
            self._settle("after everybody's machine was off")
            if self.world.liars.numbers:
                self._outlive_lies()
        except Exception as error:
            # An engine that raises is what a simulator is for: report it with its seed.
            last = "".join(traceback.format_exception(error)[-3:]).strip()
            self.oracles.report("engine", f"the run stopped with an error: {last}")
        return self._result()

    def _trouble(self, told: Callable[[float], None]) -> None:
        world = self.world
        world.start_all()
        for host in world.hosts:
            for _ in range(self._scenario.actions.listings_at_start):
                self._later(
                    self._chance.randrange(1, 600_000), partial(self._people.do, host, "add")
                )
        self._plan_action()
        self._plan_backup()
        self._plan_partition()
        faults = self._scenario.faults
        Nights(world, self._chance, faults.nights, faults.night_ms, self._is_over, self._count)
        slices = 50
        for part in range(1, slices + 1):
            world.run_until(BORN_MS + self._scenario.duration_ms * part // slices)
            told(part / slices)

    def _heal(self) -> None:
        world, scenario = self.world, self._scenario
        world.network.conditions = replace(
            CALM, latency_min_ms=scenario.latency_min_ms, latency_max_ms=scenario.latency_max_ms
        )
        world.chances = Chances()
        world.network.heal()
        world.start_all()
        world.redial_all()

    def _power_cut(self) -> None:
        for host in self.world.hosts:
            self.world.crash(host.number)
        self.world.start_all()

    def _settle(self, when: str) -> None:
        world, quiet_ms = self.world, QUIET_MS
        if world.liars.numbers:
            # They never leave the world in peace: what is withheld is asked for again.
            world.run_until(world.queue.now_ms + SETTLE_AMONG_LIARS_MS)
            quiet_ms = LULL_MS
        is_at_rest = world.run_to_rest(quiet_ms, world.queue.now_ms + SETTLE_MAX_MS)
        while is_at_rest and (until_ms := self._disputed_until_ms()):
            world.run_until(until_ms + at_rest.GRACE_MS)
            is_at_rest = world.run_to_rest(quiet_ms, world.queue.now_ms + SETTLE_MAX_MS)
        if not is_at_rest:
            self.oracles.report("rest", f"the world does not come to rest {when}")
        hosts, liars, now_ms = world.hosts, world.liars.numbers, world.queue.now_ms
        cores = [host.engine.core for host in hosts if host.engine is not None]
        at_rest.judge_sight(self.oracles, hosts, cores, now_ms, liars)
        exchanges_at_rest.judge_exchanges(self.oracles, hosts, cores, now_ms, liars)

    def _disputed_until_ms(self) -> int:
        """When all clocks agree which certificates have ended; 0 when they do now.

        Of one that nobody renews, the slower clocks make paths for minutes after the faster
        ones let it go: nobody is wrong meanwhile, and not everybody sees everything.
        """
        skew_ms, now_ms = self._scenario.faults.clock_skew_max_ms, self.world.queue.now_ms
        ends_ms = [
            half.not_after_ms + skew_ms
            for host in self.world.hosts
            for half in host.shelf.halves.values()
            if abs(half.not_after_ms - now_ms) <= skew_ms
        ]
        return max(ends_ms, default=0)

    def _outlive_lies(self) -> None:
        """I3: when the leases of what ended are over, no lie keeps anything to be seen."""
        world, charter = self.world, self._scenario.charter
        skew_ms = 2 * self._scenario.faults.clock_skew_max_ms
        world.run_until(world.queue.now_ms + charter.friendship_lease_ms + skew_ms)
        cores = [host.engine.core for host in world.hosts if host.engine is not None]
        liars, now_ms = world.liars.numbers, world.queue.now_ms
        at_rest.judge_leases_over(self.oracles, world.hosts, cores, now_ms, liars)

    def _result(self) -> RunResult:
        world, oracles = self.world, self.oracles
        visible = world.visible_state()
        first = tuple(oracles.violations[:10])
        return RunResult(
            scenario=self._scenario.name,
            seed=self._seed,
            members=len(world.hosts),
            events=world.events,
            messages=world.network.traffic.messages,
            violations=oracles.count,
            digest=hashlib.sha256(visible + world.trace()).hexdigest(),
            visible_digest=visible.hex(),
            first_violations=first,
            stories=tuple(tuple(oracles.story(violation)) for violation in first),
            done=dict(sorted({**self.done, **self._struck()}.items())),
            rejected=dict(sorted(world.rejected.items())),
        )

    def _struck(self) -> dict[str, int]:
        traffic = self.world.network.traffic
        lives = sum(host.life for host in self.world.hosts)
        struck = {"wires": traffic.wires, "cuts": traffic.cuts, "lost": traffic.lost}
        restored = self.world.backups.restored
        return {**struck, "lives": lives, "lies": self.world.liars.lies, "restored": restored}

    # --- partitions --------------------------------------------------------------------

    def _later(self, after_ms: int, act: Callable[[], None]) -> None:
        self.world.queue.push(self.world.queue.now_ms + after_ms, Act(act))

    def _plan_partition(self) -> None:
        rate = self._scenario.faults.partitions_per_day
        if rate:
            self._later(int(self._chance.expovariate(rate / DAY_MS)), self._partition)

    def _partition(self) -> None:
        if self._is_over():
            return
        world = self.world
        group_of = {host.number: self._chance.randrange(2) for host in world.hosts}
        world.network.partition(group_of)
        self._count("partition")
        self._later(
            self._chance.randint(1, max(1, self._scenario.faults.partition_max_ms)), self._reunite
        )

    def _reunite(self) -> None:
        self.world.network.heal()
        self.world.redial_all()
        self._plan_partition()

    def _is_over(self) -> bool:
        return self.world.queue.now_ms >= self._end_ms

    def _count(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1

    # --- what people do, and what befalls their machines -------------------------------

    def _plan_action(self) -> None:
        rate = self._scenario.actions.total_per_day * len(self.world.hosts)
        if rate:
            self._later(int(self._chance.expovariate(rate / DAY_MS)), self._act)

    def _act(self) -> None:
        if self._is_over():
            return
        actions, rates = zip(*self._scenario.actions.per_day, strict=True)
        host = self._chance.choice(self.world.hosts)
        self._people.do(host, self._chance.choices(actions, rates)[0])
        self._plan_action()

    def _plan_backup(self) -> None:
        rate = self._scenario.faults.backups_per_day * len(self.world.hosts)
        if rate:
            self._later(int(self._chance.expovariate(rate / DAY_MS)), self._back_up)

    def _back_up(self) -> None:
        if not self._is_over():
            self.world.backups.take(self._chance.choice(self.world.hosts))
            self._plan_backup()
