"""Scenarios are read strictly: what cannot be run is refused in one sentence, before it runs."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from protocol.charter import Charter
from simulations.scenario import (
    ACTIONS,
    BUNDLED,
    Faults,
    Scenario,
    ScenarioError,
    find_scenario,
    parse_scenario,
    read_scenario,
)
from simulations.scenario_population import is_usual

DAY_MS = 24 * 3600 * 1000


def parse(text: str) -> Scenario:
    return parse_scenario(tomllib.loads(text), name="test", folder=Path("/nowhere"))


def test_an_empty_scenario_is_a_calm_day_in_a_small_world() -> None:
    scenario = parse("")

    assert Faults() == scenario.faults
    assert Charter() == scenario.charter
    assert DAY_MS == scenario.duration_ms
    assert ("small-world", 24, 4) == (
        scenario.population.graph,
        scenario.population.members,
        scenario.population.degree,
    )
    assert 0 == scenario.actions.total_per_day


def test_every_table_is_read() -> None:
    scenario = parse(
        """
        description = "all of it"
        seed = 7
        duration = "90m"
        [population]
        graph = "ring"
        members = 10
        degree = 2
        [charter]
        max_circles = 2
        friendship_lease_ms = "2d"
        friendship_renewal_ms = "12h"
        [network]
        latency_min = "1ms"
        latency_max = "5ms"
        [faults]
        drop = 0.5
        clock_skew_max = "20s"
        [actions]
        listings_at_start = 3
        add = 2
        """
    )

    assert (7, 5_400_000) == (scenario.seed, scenario.duration_ms)
    assert ("ring", 10, 2) == (
        scenario.population.graph,
        scenario.population.members,
        scenario.population.degree,
    )
    assert (2, 2 * DAY_MS) == (scenario.charter.max_circles, scenario.charter.friendship_lease_ms)
    assert (1, 5) == (scenario.latency_min_ms, scenario.latency_max_ms)
    assert (0.5, 20_000) == (scenario.faults.drop, scenario.faults.clock_skew_max_ms)
    assert (3, 2.0) == (scenario.actions.listings_at_start, scenario.actions.total_per_day)


@pytest.mark.parametrize(
    ("text", "key", "allowed"),
    [
        ("sed = 1", "sed", "one of actions, charter, description, duration, faults"),
        ("seed = -1", "seed", "a whole number from 0 to"),
        ("seed = true", "seed", "a whole number"),
        ("duration = 5", "duration", 'a duration such as "20s", "90m" or "2d"'),
        ('duration = "2 days"', "duration", "a duration such as"),
        ('duration = "400d"', "duration", "at most 31536000 seconds"),
        ("population = 3", "population", "a table"),
        ('[population]\ngraph = "star"', "population.graph", '"small-world" or "ring"'),
        ("[population]\nmembers = 2", "population.members", "a whole number from 3 to"),
        ("[population]\nmembers = 6.5", "population.members", "a whole number"),
        ("[population]\nmembers = 4\ndegree = 4", "population.degree", "less than"),
        ("[population]\ndegree = 3", "population.degree", "an even number"),
        ("[population]\nrewiring = 1.5", "population.rewiring", "a share from 0 to 1"),
        ('[population]\ngraph = "edges"', "population.edges", "a text"),
        ('[population]\nedges = "a"', "population.edges", "nothing, unless"),
        ("[population]\nfriends = 3", "population.friends", "one of blocks, degree, edges, graph"),
        ("[charter]\nmax_circles = 9", "charter.max_circles", "a whole number from 1 to 4"),
        ("[charter]\ncircles = 2", "charter.circles", "such as 'max_circles'"),
        ("[faults]\ndrop = 2", "faults.drop", "a share from 0 to 1"),
        ('[faults]\ndrop = "often"', "faults.drop", "a share from 0 to 1"),
        ("[faults]\ndrop = nan", "faults.drop", "a share from 0 to 1"),
        ('[faults]\nclock_skew_max = "1h"', "faults.clock_skew_max", "at most 240 seconds"),
        ("[faults]\npartitions_per_day = -1", "faults.partitions_per_day", "0 or more"),
        ("[faults]\nlightning = 1", "faults.lightning", "one of backups_per_day"),
        ("[faults]\nnights = 2", "faults.nights", "a share from 0 to 1"),
        ('[faults]\nnight = "2d"', "faults.night", "at most 86399 seconds"),
        ("[actions]\nadd = false", "actions.add", "a number a day, 0 or more"),
        ("[actions]\ndance = 1", "actions.dance", "one of add, ask, befriend"),
        ('[network]\nlatency_min = "9ms"\nlatency_max = "3ms"', "network.latency_max", "at least"),
    ],
)
def test_what_cannot_be_run_is_named_with_what_may_stand_there(
    text: str, key: str, allowed: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse(text)

    assert key == caught.value.key
    assert allowed in caught.value.allowed
    assert str(caught.value).startswith(f"The scenario's '{key}' is not possible; allowed: ")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("seed = = 1")

    with pytest.raises(ScenarioError, match=r"bad\.toml.*a TOML file"):
        read_scenario(path)


def test_a_scenario_is_found_by_its_bundled_name_or_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("seed = 3")

    assert BUNDLED / "faulty.toml" == find_scenario("faulty")
    assert 3 == read_scenario(find_scenario(str(path))).seed
    with pytest.raises(ScenarioError, match="or one of calm, faulty"):
        find_scenario("stormy")


def test_edges_are_looked_for_beside_the_scenario(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[population]\ngraph = "edges"\nedges = "town.edges"')

    with pytest.raises(ScenarioError, match=r"population\.edges.*town\.edges is not"):
        read_scenario(path)
    (tmp_path / "town.edges").write_text("1 2\n")
    assert tmp_path / "town.edges" == read_scenario(path).population.edges


def test_the_bundled_scenarios_can_be_read() -> None:
    for path in sorted(BUNDLED.glob("*.toml")):
        scenario = read_scenario(path)
        assert scenario.description
        assert scenario.actions.total_per_day > 0


def test_the_hunt_has_every_fault_and_every_action() -> None:
    scenario = read_scenario(find_scenario("hunt"))
    faults = scenario.faults

    shares = (faults.drop, faults.delay, faults.duplicate, faults.crash, faults.partitions_per_day)
    assert all(share > 0 for share in shares)
    assert all(share > 0 for share in (faults.liars, faults.restore, faults.backups_per_day))
    assert scenario.population.members == 30
    assert scenario.population.members_max == 60
    assert faults.clock_skew_max_ms > 0
    assert list(ACTIONS) == [action for action, rate in scenario.actions.per_day if rate > 0]


def test_what_a_world_does_not_look_at_is_noticed() -> None:
    """People of a world act at random: what a scenario says of them has no effect there."""
    silent = parse_scenario({"charter": {"max_circles": 2}}, name="silent", folder=Path())
    moving = parse_scenario({"people": {"year": {"moves_away": 0.1}}}, name="m", folder=Path())

    assert is_usual(silent.customs)
    assert not is_usual(moving.customs)
