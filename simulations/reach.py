"""Reach: does every listing get exactly as far as it may, on a real graph?

Every member of the graph runs a real engine. Some of them, or all, list one thing;
when the world is at rest, what everybody sees is compared with a plain breadth-first
search over the same graph. Nothing missing, nothing extra, and how many copies of a
listing arrived for each one that was needed.

Signatures are modelled, disks are not kept (nobody crashes here), statements are off.
"""

from __future__ import annotations

import gc
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tqdm import tqdm

from node.engine.commands import AddThing
from protocol import limits
from protocol.bodies import Kind
from protocol.charter import Charter
from protocol.errors import OpenHouseError, Refused
from simulations.graphs import Edge, adjacency, hops_from, read_edges
from simulations.network import Conditions
from simulations.signing import InterningOpener, ModelKeys
from simulations.town import TownPlan, build_town, seed_for
from simulations.world import World, WorldPlan

BORN_MS: Final = 1_750_000_000_000
QUIET_MS: Final = 120_000
"""At rest: longer than any want, wait or redial of an engine or a host."""
PATIENCE_MS: Final = 24 * 3600 * 1000
PROGRESS_EVENTS: Final = 2_000


class ReachError(OpenHouseError):
    """What was asked for cannot be run; its text is one sentence for people."""


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
    at_rest: bool
    events: int
    messages: int
    bytes: int
    records_sent: int
    certificates_sent: int
    simulated_seconds: float
    seconds: float
    memory_mib: float

    def to_json(self) -> dict[str, int | float | bool]:
        return asdict(self)


def run_reach(
    graph: Path, circles: int, holders: int | None, seed: int, *, shows_progress: bool = True
) -> ReachResult:
    """Read a graph and run it.

    Args:
        circles: the reach of every listing, 1 to the hard limit.
        holders: how many members list something, drawn by ``seed``; None for all.

    Raises:
        GraphError, ReachError: nothing was run.
    """
    if not 1 <= circles <= limits.CIRCLES_HARD_MAX:
        raise ReachError(f"--circles must be 1 to {limits.CIRCLES_HARD_MAX}, not {circles}.")
    edges = read_edges(graph)
    members = 1 + max(other for _, other in edges)
    if holders is not None and not 1 <= holders <= members:
        raise ReachError(f"--holders must be 1 to {members} (the members of the graph).")
    chosen = list(range(members))
    if holders is not None:
        chosen = sorted(random.Random(seed).sample(chosen, holders))
    with quiet_collector():
        return reach(members, edges, chosen, circles, seed, shows_progress=shows_progress)


def reach(
    members: int,
    edges: list[Edge],
    holders: list[int],
    circles: int,
    seed: int,
    *,
    shows_progress: bool = False,
) -> ReachResult:
    """Run one listing of each holder to rest, and compare."""
    started = time.perf_counter()
    run = _Run(members, edges, circles, seed, shows_progress)
    run.link()
    run.spread(holders)
    expected = _expected(members, edges, holders, circles)
    seen = run.seen()
    missing = sum(1 for pair in expected if pair not in seen)
    extra = sum(1 for pair in seen if pair not in expected)
    copies = run.opener.opened_by_kind
    traffic = run.world.network.traffic
    return ReachResult(
        members=members,
        edges=len(edges),
        circles=circles,
        holders=len(holders),
        seed=seed,
        expected=len(expected),
        seen=len(seen),
        missing=missing,
        extra=extra,
        copies_per_delivery=round(copies[Kind.LISTING] / max(1, len(seen)), 4),
        at_rest=run.at_rest,
        events=run.world.events,
        messages=traffic.messages,
        bytes=traffic.message_bytes,
        records_sent=sum(copies.values()),
        certificates_sent=copies[Kind.HALF],
        simulated_seconds=round((run.world.queue.now_ms - BORN_MS) / 1000, 1),
        seconds=round(time.perf_counter() - started, 2),
        memory_mib=round(memory_peak_mib(), 1),
    )


class _Run:
    """One town on its way from cold to rest."""

    def __init__(
        self, members: int, edges: list[Edge], circles: int, seed: int, shows_progress: bool
    ) -> None:
        self._edges = edges
        self._circles = circles
        self._shows_progress = shows_progress
        keys = ModelKeys(seed_for("reach", seed))
        self.opener = InterningOpener(keys.verify)
        charter = Charter(max_circles=max(circles, limits.CIRCLES_DEFAULT_MAX))
        plan = TownPlan(
            members,
            edges,
            BORN_MS,
            charter,
            name=f"reach {seed}",
            seats=False,
            introduces_itself=False,
        )
        residents = build_town(plan, keys, self.opener, lambda steps: self._bar(steps, members))
        self.world = World(
            residents,
            self.opener,
            born_ms=BORN_MS,
            seed=seed,
            plan=WorldPlan(
                conditions=Conditions(),
                keeps_disks=False,
                tells_addresses=False,
                traces=False,
            ),
        )
        self.at_rest = False

    def _bar(self, steps: Iterator[int], total: int) -> Iterator[int]:
        hidden = not self._shows_progress
        return iter(tqdm(steps, "stores", total, leave=False, disable=hidden, file=sys.stderr))

    def link(self) -> None:
        """Switch everybody on and let friends find each other."""
        self.world.start_all()
        gc.freeze()
        self._to_rest("links", len(self._edges), lambda: self.world.network.traffic.wires)

    def spread(self, holders: list[int]) -> None:
        """Every holder lists one thing; wait until nothing moves."""
        for kind in self.opener.opened_by_kind:
            self.opener.opened_by_kind[kind] = 0
        for number in holders:
            request = self.world.command(
                number, AddThing(f"Thing of {number}", circles=self._circles)
            )
            answer = self.world.hosts[number].answers.pop(request)
            assert not isinstance(answer, Refused), f"a listing was refused: {answer}"
        self._to_rest("listings", None, lambda: self.opener.opened_by_kind[Kind.LISTING])

    def _to_rest(self, what: str, total: int | None, done: Callable[[], int]) -> None:
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

    def seen(self) -> dict[tuple[int, int], None]:
        """All pairs of viewer and holder whose listing is on the viewer's page."""
        pairs: dict[tuple[int, int], None] = {}
        for host in self.world.hosts:
            assert host.engine is not None, "nobody crashes here"
            for record in host.engine.core.visible_listings():
                pairs[host.number, self.world.number_of[record.author]] = None
        return pairs


def _expected(
    members: int, edges: list[Edge], holders: list[int], circles: int
) -> dict[tuple[int, int], None]:
    neighbours = adjacency(members, edges)
    return {
        (viewer, holder): None
        for holder in holders
        for viewer in hops_from(neighbours, holder, circles)
        if viewer != holder
    }


@contextmanager
def quiet_collector() -> Iterator[None]:
    """Run without the cyclic garbage collector: worlds make few cycles and many objects."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()


def memory_peak_mib() -> float:
    """The largest resident size of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
