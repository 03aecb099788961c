"""Staleness: how long is something still seen that should be gone, among those who lie?

A town lists things and comes to rest. Then friendships end and things are narrowed, all
in one moment, while some members keep to themselves whatever takes something away (see
``simulations.quiet_liars``). From then on it is counted at certain times how many views
there still are that there should not be, by a plain search over what is true. Nobody
counts who lies, neither as viewer nor as holder: they show what they like.

What ends it at the latest is the lease, of the friendship or of the version of the
listing, whichever was missed; in this town both are equally long, and everything was
signed just before the change, so that each lease has nearly its whole time to run:
the worst moment there is.

Spec: §7.1, §7.6, §7.7.
"""

from __future__ import annotations

import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tqdm import tqdm

from protocol import limits
from protocol.charter import Charter
from protocol.keys import RecordId
from protocol.records import Record
from simulations.collector import quiet_collector
from simulations.graphs import Edge
from simulations.listed_town import ListedTown, Thing, View
from simulations.memory import memory_peak_bytes
from simulations.quiet_liars import QuietLiars
from simulations.reach import ReachError, ReachPlan, read_town

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
LEASE_MS: Final = 48 * HOUR_MS
SKEW_MAX_MS: Final = MINUTE_MS
"""Clocks are wrong by at most this, so two of them differ by at most twice as much."""
EIGHTHS: Final = 9


@dataclass(frozen=True, slots=True)
class Sample:
    """How it stands some time after the change.

    Args:
        after_ms: time since then.
        share_of_lease: the same in leases.
        stale_views: views that there should not be any more.
        stale_by_narrowing: those of them that only the narrowing should have ended.
        of_views: the views that the change should have ended.
        lost_views: views that there should be, and are not.
    """

    after_ms: int
    share_of_lease: float
    stale_views: int
    stale_by_narrowing: int
    of_views: int
    lost_views: int


@dataclass(frozen=True, slots=True)
class StalenessResult:
    """What was seen that should not have been, over time."""

    members: int
    edges: int
    circles: int
    holders: int
    seed: int
    liars: int
    share_of_liars: float
    lease_ms: int
    skew_max_ms: int
    ended: int
    narrowed: int
    missing: int
    extra: int
    stale: tuple[Sample, ...]
    lies: int
    events: int
    messages: int
    bytes: int
    seconds: float
    memory_mib: float

    @property
    def is_good(self) -> bool:
        """Exact before the change, and nothing stale when the leases are over."""
        over_ms = self.lease_ms + 2 * self.skew_max_ms
        late = [sample for sample in self.stale if sample.after_ms >= over_ms]
        is_over = bool(late) and all(sample.stale_views == 0 for sample in late)
        return self.missing == 0 and self.extra == 0 and is_over

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def run_staleness(
    graph: Path,
    circles: int,
    holders: int | None,
    seed: int,
    plan: ReachPlan,
    liars: float,
    lease_ms: int = LEASE_MS,
    *,
    shows_progress: bool = True,
) -> StalenessResult:
    """Read a graph and run it.

    Args:
        liars: the share of members who lie, drawn by ``seed``.
        lease_ms: of friendships and of listings.

    Raises:
        GraphError, ReachError: nothing was run.
    """
    if plan.warm_up_ms:
        raise ReachError("--warm-up counts copies, --liars stale views: not both at once.")
    if not plan.changes:
        raise ReachError("--liars needs --end or --narrow: something that they can lie about.")
    if not HOUR_MS <= lease_ms <= limits.FRIENDSHIP_LEASE_MS:
        raise ReachError("--lease must be from 1h to 30d.")
    members, edges, chosen = read_town(graph, circles, holders, seed)
    with quiet_collector():
        return staleness(
            members, edges, chosen, circles, seed, plan, liars, lease_ms,
            shows_progress=shows_progress,
        )  # fmt: skip


def staleness(
    members: int,
    edges: list[Edge],
    holders: list[int],
    circles: int,
    seed: int,
    plan: ReachPlan,
    liars: float,
    lease_ms: int = LEASE_MS,
    *,
    shows_progress: bool = False,
) -> StalenessResult:
    """Spread one listing of each holder, change, and watch what stays."""
    started = time.perf_counter()
    town = ListedTown(
        members, edges, circles, seed, _charter(circles, lease_ms),
        skew_max_ms=SKEW_MAX_MS, seats=True, shows_progress=shows_progress,
    )  # fmt: skip
    lying = _choose(members, liars, seed)
    silent = _silence(town, lying)
    town.link()
    town.spread(holders)
    before, seen = town.expected(), town.seen()
    missing = sum(1 for view in before if view not in seen)
    extra = sum(1 for view in seen if view not in before)
    changes = town.draw_changes(plan.end, plan.narrow)
    circles_before = dict(town.circles)
    town.change(changes)
    watch = _Watch(town, lying, before, circles_before)
    samples = watch.run(lease_ms, shows_progress)
    traffic = town.world.network.traffic
    return StalenessResult(
        members=members,
        edges=len(edges),
        circles=circles,
        holders=len(holders),
        seed=seed,
        liars=len(lying),
        share_of_liars=liars,
        lease_ms=lease_ms,
        skew_max_ms=SKEW_MAX_MS,
        ended=len(changes.ended),
        narrowed=len(changes.narrowed),
        missing=missing,
        extra=extra,
        stale=tuple(samples),
        lies=silent.lies,
        events=town.world.events,
        messages=traffic.messages,
        bytes=traffic.message_bytes,
        seconds=round(time.perf_counter() - started, 2),
        memory_mib=round(memory_peak_bytes() / (1 << 20), 1),
    )


def _charter(circles: int, lease_ms: int) -> Charter:
    return Charter(
        max_circles=circles,
        friendship_lease_ms=lease_ms,
        friendship_renewal_ms=lease_ms // 2,
        listing_lease_ms=lease_ms,
    )


def _choose(members: int, share: float, seed: int) -> dict[int, None]:
    """Who lies: with a greater share, the same members and more."""
    order = random.Random(f"liars {seed}").sample(range(members), members)
    return dict.fromkeys(sorted(order[: round(share * members)]))


def _silence(town: ListedTown, lying: dict[int, None]) -> QuietLiars:
    def held(number: int, record_id: RecordId) -> Record | None:
        engine = town.world.hosts[number].engine
        assert engine is not None, "only running members send"
        return engine.core.registers.with_id(record_id)

    silent = QuietLiars(lying, town.world.chance, opens=town.opener.peek, finds=held)
    town.world.liars = silent
    return silent


class _Watch:
    """Counts what is stale, from the moment of a change on; made right after it.

    Args:
        before: the views there should be before the change.
        circles_before: how far each thing went then.
    """

    def __init__(
        self,
        town: ListedTown,
        lying: dict[int, None],
        before: dict[View, None],
        circles_before: dict[Thing, int],
    ) -> None:
        self._town = town
        self._lying = lying
        self._changed_ms = town.world.queue.now_ms
        self._after = town.expected()
        self._unless_narrowed = town.expected(circles_before)
        self._gone = sum(1 for v in before if v not in self._after and self._counts(v))

    def run(self, lease_ms: int, shows_progress: bool) -> list[Sample]:
        """Let the time go by, and look now and then."""
        samples = []
        hidden = not shows_progress
        for after_ms in tqdm(sample_times(lease_ms), "samples", leave=False, disable=hidden):
            self._town.world.run_until(self._changed_ms + after_ms)
            samples.append(self._look(after_ms, lease_ms))
        return samples

    def _look(self, after_ms: int, lease_ms: int) -> Sample:
        seen, after = self._town.seen(), self._after
        stale = [view for view in seen if view not in after and self._counts(view)]
        return Sample(
            after_ms=after_ms,
            share_of_lease=round(after_ms / lease_ms, 4),
            stale_views=len(stale),
            stale_by_narrowing=sum(1 for view in stale if view in self._unless_narrowed),
            of_views=self._gone,
            lost_views=sum(1 for view in after if view not in seen and self._counts(view)),
        )

    def _counts(self, view: View) -> bool:
        viewer, (holder, _) = view
        return viewer not in self._lying and holder not in self._lying


def sample_times(lease_ms: int) -> list[int]:
    """When it is looked: soon, at every eighth of the lease, and when no clock can differ."""
    soon = [0, 1000, 10_000, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS]
    eighths = [lease_ms * eighth // 8 for eighth in range(1, EIGHTHS + 1)]
    over_ms = lease_ms + 2 * SKEW_MAX_MS
    return sorted({*soon, *eighths, over_ms})
