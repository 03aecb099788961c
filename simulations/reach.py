"""Reach: does every listing get exactly as far as it may, on a real graph?

Every member of the graph runs a real engine. Some of them, or all, list one thing;
when the world is at rest, what everybody sees is compared with a plain breadth-first
search over the same graph. Nothing missing, nothing extra, and how many copies of a
listing arrived for each one that was needed.

Then, if so asked, friendships end and things are narrowed, all in one moment, and at
rest the same comparison is made once more. With a warm-up the holders list things for
a while first, so that links have learnt by experience which way things come soonest,
and copies are counted for what is listed after it.
"""

from __future__ import annotations

import random
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from protocol import limits
from protocol.bodies import Kind
from protocol.charter import Charter
from protocol.errors import OpenHouseError
from simulations.collector import quiet_collector
from simulations.edge_files import read_friends
from simulations.graphs import Edge
from simulations.listed_town import BORN_MS, ListedTown
from simulations.memory import memory_peak_bytes
from simulations.memory_of_towns import Town, reach_need

__all__ = ["ReachError", "ReachPlan", "ReachResult", "reach", "run_reach"]

WARM_UP_LISTINGS: Final = 3
"""Things that each holder lists during the warm-up."""


class ReachError(OpenHouseError):
    """What was asked for cannot be run; its text is one sentence for people."""


@dataclass(frozen=True, slots=True)
class ReachPlan:
    """What to do to a town beyond listing one thing each.

    Args:
        end: the share of all friendships that end after the first rest.
        narrow: the share of all things that then go one circle less far.
        warm_up_ms: how long things are listed before those that are counted.
    """

    end: float = 0.0
    narrow: float = 0.0
    warm_up_ms: int = 0

    @property
    def changes(self) -> bool:
        return self.end > 0 or self.narrow > 0


@dataclass(frozen=True, slots=True)
class AfterChange:
    """The second comparison: when friendships ended and things were narrowed."""

    ended: int
    narrowed: int
    expected: int
    seen: int
    missing: int
    extra: int
    at_rest: bool
    simulated_seconds: float
    messages: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ReachResult:
    """What a run found. Spec of the keys: design 10, plus cost."""

    members: int
    edges: int
    circles: int
    holders: int
    seed: int
    expected: int
    seen: int
    missing: int
    extra: int
    copies_per_delivery: float
    superfluous_per_delivery: float
    warm_up_seconds: float
    at_rest: bool
    events: int
    messages: int
    bytes: int
    records_sent: int
    certificates_sent: int
    simulated_seconds: float
    seconds: float
    memory_mib: float
    after: AfterChange | None = None

    @property
    def is_good(self) -> bool:
        """Nothing is missing and nothing extra, both times."""
        good = self.missing == 0 and self.extra == 0 and self.at_rest
        after = self.after
        if after is not None:
            good = good and after.missing == 0 and after.extra == 0 and after.at_rest
        return good

    def to_json(self) -> dict[str, object]:
        answer = asdict(self)
        if self.after is None:
            del answer["after"]
        return answer


def run_reach(
    graph: Path,
    circles: int,
    holders: int | None,
    seed: int,
    plan: ReachPlan = ReachPlan(),
    *,
    shows_progress: bool = True,
) -> ReachResult:
    """Read a graph and run it.

    Args:
        circles: the reach of every listing, 1 to the hard limit.
        holders: how many members list something, drawn by ``seed``; None for all.

    Raises:
        GraphError, ReachError: nothing was run.
    """
    things = 1 + (WARM_UP_LISTINGS if plan.warm_up_ms else 0)
    members, edges, chosen = read_town(graph, circles, holders, seed, things)
    with quiet_collector():
        return reach(members, edges, chosen, circles, seed, plan, shows_progress=shows_progress)


def read_town(
    graph: Path, circles: int, holders: int | None, seed: int, things: int = 1
) -> tuple[int, list[Edge], list[int]]:
    """Members, edges and the holders drawn, if it all fits into the memory.

    Args:
        things: how many each of them lists.

    Raises:
        GraphError, ReachError: it cannot be run.
    """
    if not 1 <= circles <= limits.CIRCLES_HARD_MAX:
        raise ReachError(f"--circles must be 1 to {limits.CIRCLES_HARD_MAX}, not {circles}.")
    friends = read_friends(graph)
    members = friends.members
    if holders is not None and not 1 <= holders <= members:
        raise ReachError(f"--holders must be 1 to {members} (the members of the graph).")
    listing = members if holders is None else holders
    need = reach_need(Town(members, friends.edges), listing, circles, things)
    if not need.fits:
        raise ReachError(f"This {need}: give fewer --holders or --circles, or a smaller graph.")
    chosen = list(range(members))
    if holders is not None:
        chosen = sorted(random.Random(seed).sample(chosen, holders))
    return members, friends.edges, chosen


def reach(
    members: int,
    edges: list[Edge],
    holders: list[int],
    circles: int,
    seed: int,
    plan: ReachPlan = ReachPlan(),
    *,
    shows_progress: bool = False,
) -> ReachResult:
    """Run one listing of each holder to rest, and compare; change, and compare again."""
    started = time.perf_counter()
    # No farther than the things: revocations too travel no farther than they must then.
    charter = Charter(max_circles=circles)
    town = ListedTown(members, edges, circles, seed, charter, shows_progress=shows_progress)
    town.link()
    if plan.warm_up_ms:
        town.list_over(holders, WARM_UP_LISTINGS, plan.warm_up_ms)
    before = len(town.seen())
    copies = town.opener.opened_by_kind
    copies.update(dict.fromkeys(copies, 0))
    if plan.warm_up_ms:
        # At moments of their own, as people do: what is measured is everyday life.
        town.list_over(holders, 1, plan.warm_up_ms)
    else:
        town.spread(holders)
    result = _first_rest(town, members, holders, circles, seed, plan, before, started)
    if not plan.changes:
        return result
    return replace(
        result, after=_after(town, plan), seconds=round(time.perf_counter() - started, 2)
    )


def _first_rest(
    town: ListedTown,
    members: int,
    holders: list[int],
    circles: int,
    seed: int,
    plan: ReachPlan,
    before: int,
    started: float,
) -> ReachResult:
    expected, seen = town.expected(), town.seen()
    copies, traffic = town.opener.opened_by_kind, town.world.network.traffic
    deliveries = max(1, len(seen) - before)
    return ReachResult(
        members=members,
        edges=len(town.edges),
        circles=circles,
        holders=len(holders),
        seed=seed,
        expected=len(expected),
        seen=len(seen),
        missing=sum(1 for view in expected if view not in seen),
        extra=sum(1 for view in seen if view not in expected),
        copies_per_delivery=round(copies[Kind.LISTING] / deliveries, 4),
        superfluous_per_delivery=round((copies[Kind.LISTING] - deliveries) / deliveries, 4),
        warm_up_seconds=plan.warm_up_ms / 1000,
        at_rest=town.at_rest,
        events=town.world.events,
        messages=traffic.messages,
        bytes=traffic.message_bytes,
        records_sent=sum(copies.values()),
        certificates_sent=copies[Kind.HALF],
        simulated_seconds=round((town.world.queue.now_ms - BORN_MS) / 1000, 1),
        seconds=round(time.perf_counter() - started, 2),
        memory_mib=round(memory_peak_bytes() / (1 << 20), 1),
    )


def _after(town: ListedTown, plan: ReachPlan) -> AfterChange:
    """Friendships end and things are narrowed; wait until nothing moves, and compare."""
    changes = town.draw_changes(plan.end, plan.narrow)
    traffic = town.world.network.traffic
    changed_ms = town.world.queue.now_ms
    messages, size_bytes = traffic.messages, traffic.message_bytes
    town.change(changes)
    town.settle("changes", None, lambda: traffic.messages - messages)
    expected, seen = town.expected(), town.seen()
    return AfterChange(
        ended=len(changes.ended),
        narrowed=len(changes.narrowed),
        expected=len(expected),
        seen=len(seen),
        missing=sum(1 for view in expected if view not in seen),
        extra=sum(1 for view in seen if view not in expected),
        at_rest=town.at_rest,
        simulated_seconds=round((town.world.queue.now_ms - changed_ms) / 1000, 1),
        messages=traffic.messages - messages,
        bytes=traffic.message_bytes - size_bytes,
    )
