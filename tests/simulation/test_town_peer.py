"""The peer that the population model is measured beside does the same work: equal weeks."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import pytest

from benchmarks._town_chance import Hashed
from benchmarks._town_weeks import Weekly
from protocol.charter import Charter
from simulations.population.towns import town
from simulations.population.weeks import Weeks
from simulations.scenario_population import Customs, TownPlan

DAY_MS = 86_400_000
SEED = 3
TROUBLED = (
    ("sharer", 0.5), ("clumsy", 0.2), ("slanderer", 0.1), ("defector", 0.1), ("free-rider", 0.1),
)  # fmt: skip
OPEN = Charter(
    circle_2_exchanges=1, circle_3_exchanges=2, circle_3_sides=1, first_loans_from_friends=1,
    burnt_ms=14 * DAY_MS, sharing_grace_ms=21 * DAY_MS, sharing_window_ms=14 * DAY_MS,
)  # fmt: skip


def is_missing(module: str) -> bool:
    return importlib.util.find_spec(module) is None


def weeks_of_objects(charter: Charter, customs: Customs, members: int) -> Weekly:
    return Weekly(town(members, TownPlan(), SEED), charter, customs, SEED, Hashed(SEED))


def weeks_of_agents(charter: Charter, customs: Customs, members: int) -> Weekly:
    from benchmarks._mesa_town import Town

    graph = town(members, TownPlan(), SEED)
    return Town(graph, charter, customs, SEED, Hashed(SEED))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("charter", "customs"),
    [
        (Charter(), Customs(needs=40.0)),
        (OPEN, Customs(TROUBLED, needs=30.0, on_word=True, willing=0.9, things_max=1)),
    ],
    ids=["as usual", "open and troubled"],
)
@pytest.mark.parametrize(
    "peer",
    [
        weeks_of_objects,
        pytest.param(
            weeks_of_agents,
            marks=pytest.mark.skipif(is_missing("mesa"), reason="Mesa is in openhouse[bench]"),
        ),
    ],
    ids=["objects", "agents"],
)
def test_people_as_objects_live_the_same_weeks_as_the_model(
    peer: Callable[[Charter, Customs, int], Weekly], charter: Charter, customs: Customs
) -> None:
    members = 250
    model = Weeks(town(members, TownPlan(), SEED), charter, customs, SEED)
    other = peer(charter, customs, members)

    weeks = [(model.live(), other.live()) for _ in range(9)]

    for ours, theirs in weeks:
        assert ours == theirs
    assert model.opened.tolist() == [person.circles for person in other.people]
    # What happened is worth comparing.
    rows = [ours for ours, _ in weeks]
    assert sum(row.agreed_2 for row in rows) > 0
    assert sum(row.no_unit for row in rows) > 0
    assert sum(row.circle_shut for row in rows) > 0
    assert sum(row.unreliable for row in rows) > 0
    assert sum(row.lost for row in rows) > 0
