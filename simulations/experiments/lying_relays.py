"""What does a relay gain that is silent about what ends?"""

from __future__ import annotations

import random
from typing import Final

from simulations.experiments.shape import (
    Cell,
    Experiment,
    Figure,
    Found,
    Panel,
    Size,
    Values,
    number,
    whole,
)  # fmt: skip
from simulations.experiments.towns import friends_in_town
from simulations.reach import ReachPlan
from simulations.staleness import HOUR_MS, LEASE_MS, MINUTE_MS, SKEW_MAX_MS, staleness

_SHARES: Final = ((0.0, "nobody"), (0.05, "1 in 20"), (0.2, "1 in 5"))
_PLAN: Final = ReachPlan(end=0.03, narrow=0.3)
_OVER_MS: Final = LEASE_MS + 2 * SKEW_MAX_MS
_TIMES: Final = (
    (1000, "a second"), (HOUR_MS, "an hour"), (LEASE_MS // 2, "half the lease"),
    (_OVER_MS, "the lease is over"),
)  # fmt: skip


def _cells(members: int, holders: int) -> tuple[Cell, ...]:
    return tuple(
        Cell(name, {"members": members, "holders": holders, "liars": liars})
        for liars, name in _SHARES
    )


def run(values: Values, seed: int) -> Found:
    """Friendships end and things are narrowed, and some people keep it to themselves."""
    members, edges = friends_in_town(whole(values, "members"), seed)
    holders = sorted(random.Random(seed).sample(range(members), whole(values, "holders")))
    result = staleness(members, edges, holders, 2, seed, _PLAN, number(values, "liars"))
    at = {sample.after_ms: sample for sample in result.stale}
    found = {
        f"stale_{after_ms // 1000}": at[after_ms].stale_views / max(1, at[after_ms].of_views)
        for after_ms, _ in _TIMES
    }
    soon = at[MINUTE_MS]
    ended = soon.stale_views - soon.stale_by_narrowing
    return {
        **found,
        "by_ending": ended / max(1, soon.of_views),
        "lost": float(max(sample.lost_views for sample in result.stale if sample.after_ms)),
    }


_FIGURES: Final = tuple(f"stale_{after_ms // 1000}" for after_ms, _ in _TIMES)

EXPERIMENT: Final = Experiment(
    name="lying-relays",
    title="What does a lying relay gain?",
    question=(
        "Some members are silent about whatever takes something away. How much of what should be "
        "gone is still seen by honest people, and for how long?"
    ),
    cell_title="who lies",
    figures=(
        *(
            Figure(name, f"still seen: {label}", "share")
            for name, (_, label) in zip(_FIGURES, _TIMES, strict=True)
        ),
        Figure("by_ending", "of it after a minute, by friendships that ended", "share"),
        Figure("lost", "views lost that should be there"),
    ),
    regular=Size(_cells(80, 20), 12),
    quick=Size(_cells(16, 4)[1:], 1),
    run=run,
    panels=(
        Panel(
            "Of the views that should be gone, still there",
            "time since the change",
            tuple(label for _, label in _TIMES),
            {f"{name} lies": [(name, figure) for figure in _FIGURES] for _, name in _SHARES},
        ),
    ),
)
