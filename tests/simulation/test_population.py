"""The population model: what it refuses, what comes out, and engines that live the same weeks."""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest

from protocol.charter import Charter
from simulations import cli
from simulations.collector import quiet_collector
from simulations.graphs import adjacency, hops_from
from simulations.memory import Need
from simulations.population import run
from simulations.population.answering import Fate
from simulations.population.crowds import family_pairs, with_crowd
from simulations.population.csr import Csr, csr_of_edges
from simulations.population.generate import small_world
from simulations.population.reach import reach
from simulations.population.run import Run
from simulations.population.twin import Twin
from simulations.population.weeks import Week, Weeks
from simulations.scenario import Scenario, ScenarioError, parse_scenario, read_scenario
from simulations.scenario_population import Customs
from simulations.shapes import Crowd, CrowdPlan
from simulations.year import Year

DAY_MS = 86_400_000
TROUBLED = (
    ("sharer", 0.5), ("clumsy", 0.2), ("slanderer", 0.1), ("defector", 0.1), ("free-rider", 0.1),
)  # fmt: skip
YEAR = Year(seasons=(0.5, 1.5), first_week=24, moves_away=0.8)
"""Summer begins after two weeks; and people move as they do nowhere."""
SMALL = """
duration = "28d"
[population]
graph = "town"
members = 600
[people]
needs = 20
[people.tempers]
sharer = 0.8
clumsy = 0.15
defector = 0.05
"""


# --- scenarios ---------------------------------------------------------------------------


def scenario_of(text: str) -> Scenario:
    return parse_scenario(tomllib.loads(text), name="test", folder=Path("/nowhere"))


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    cli.configure(parser.add_subparsers(dest="verb", required=True))
    return parser.parse_args(arguments)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


@pytest.mark.parametrize(
    ("text", "key", "allowed"),
    [
        (
            "[people]\nneed = 1",
            "people.need",
            "one of behaviours, needs, on_word, repairs, sybils, tempers",
        ),
        ("[people]\nneeds = -1", "people.needs", "a number from 0 to 1000"),
        ("[people]\nneeds = nan", "people.needs", "a number from 0 to 1000"),
        ("[people]\nrepairs = 1", "people.repairs", "true or false"),
        ("[people]\nthings_min = 3\nthings_max = 2", "people.things_max", "number from 3 to 200"),
        ("[people]\nthings_circles = 4", "people.things_circles", "a whole number from 1 to 3"),
        ("[people.tempers]\nsharer = 0.5", "people.tempers", "add up to 1 (these: 0.5)"),
        ("[people.tempers]\nsharer = 1.5", "people.tempers.sharer", "a share from 0 to 1"),
        ("[people.tempers]\nsaint = 1", "people.tempers.saint", "one of careful, clumsy"),
        ("[population]\ngraph = 'country'", "population.graph", '"town" or "preferential"'),
        ("[population.town]\nclubs = 11", "population.town.clubs", "a whole number from 0 to 10"),
        ("[population.town]\nfar = true", "population.town.far", "a number from 0 to 1000"),
        ("[population.town]\nneighbours = 40", "population.town.neighbours", "less than neigh"),
        ("[population.town]\nclub_friends = 12", "population.town.club_friends", "than club (12)"),
        ("[population.blocks]\ninside = 20", "population.blocks.inside", "less than size (20)"),
    ],
)
def test_what_a_population_cannot_be_is_named_with_what_may_stand_there(
    text: str, key: str, allowed: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario_of(text)

    assert key == caught.value.key
    assert allowed in caught.value.allowed


def test_a_file_in_pieces_is_refused_unless_the_scenario_says_which(tmp_path: Path) -> None:
    (tmp_path / "pieces.edges").write_text("1 2\n2 3\n3 1\n8 9\n")
    text = 'duration = "7d"\n[population]\ngraph = "edges"\nedges = "pieces.edges"\n'
    for pieces in ("one", "largest", "all"):
        (tmp_path / f"{pieces}.toml").write_text(f'{text}pieces = "{pieces}"\n')

    with pytest.raises(ScenarioError) as caught:
        Run(read_scenario(tmp_path / "one.toml"), 1).run()
    members = [
        Run(read_scenario(tmp_path / f"{pieces}.toml"), 1).run().members
        for pieces in ("largest", "all")
    ]

    assert [3, 5] == members
    assert "population.pieces" == caught.value.key
    assert "3 of 5 members" in caught.value.allowed
    assert "falls into 2 pieces" in caught.value.allowed


def test_the_same_seed_gives_the_same_weeks_on_any_number_of_threads(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulations.population.compiled.MEMBERS_AT_ONCE", 64)
    scenario, ways = read_scenario(small), ((3, 1), (3, 3), (4, 2))

    results = [Run(scenario, seed, threads).run() for seed, threads in ways]

    assert results[0].digest == results[1].digest
    assert results[0].digest != results[2].digest
    assert results[0].agreed > 100
    assert results[0].lost > 0


@pytest.mark.parametrize("at", ["random", "sponsors"])
def test_a_crowd_stands_beside_the_members_and_gets_something(at: str, tmp_path: Path) -> None:
    text = f'{SMALL}\n[people.sybils]\nnumber = 9\nshape = "clique"\nat = "{at}"\n'
    scenario = scenario_of(text)
    run = Run(scenario, 1)
    plain = Run(scenario_of(SMALL), 1)
    result = run.run()

    assert result.members == 609
    assert result.friendships > plain.run().friendships + 36
    assert result.crowd_far > 0
    assert run.need().needed_bytes > plain.need().needed_bytes


def test_tables_come_out_with_all_that_is_needed_to_make_them_again(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, kept = tmp_path / "out", tmp_path / "kept"
    arguments = ["--seed", "5", "--out", str(out), "--graph-out", str(kept), "--json"]

    assert 0 == cli.main(parse("population", str(small), *arguments))

    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert (600, 4, 5) == (answer["members"], answer["weeks"], answer["seed"])
    assert "needs about 0." in said.err
    weeks = parquet.read_table(out / "small-5-weeks.parquet")
    members = parquet.read_table(out / "small-5-members.parquet")
    assert (4, 600) == (weeks.num_rows, members.num_rows)
    agreed = sum(sum(weeks[f"agreed_{circle}"].to_pylist()) for circle in (1, 2, 3))
    assert answer["agreed"] == agreed
    assert 2 * answer["friendships"] == sum(members["circle_1"].to_pylist())
    origin = json.loads(weeks.schema.metadata[b"openhouse"])
    assert 64 == len(origin["scenario_sha256"])
    assert {"commit", "seed", "charter", "versions"} <= origin.keys()
    population = 'graph = "edges"\nedges = "kept"\npieces = "all"\n'
    (tmp_path / "again.toml").write_text(f'duration = "7d"\n[population]\n{population}')
    again = Run(read_scenario(tmp_path / "again.toml"), 1).run()
    assert answer["friendships"] == again.friendships


def test_what_does_not_fit_is_refused_before_anything_is_made(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "free_memory_bytes", lambda: 100_000_000)

    assert 1 == cli.main(parse("population", str(small), "--json"))

    error = json.loads(capsys.readouterr().out)["error"]
    assert "population-impossible" == error["code"]
    assert "0.1 GB are free: take fewer members" in error["message"]


def test_a_population_lives_at_least_a_week(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "day.toml"
    path.write_text('duration = "6d"\n')

    assert 1 == cli.main(parse("population", str(path)))
    assert 'at least "7d"' in capsys.readouterr().err


def test_the_need_grows_with_members_and_weeks() -> None:
    def need(members: int, weeks: int = 1) -> int:
        text = f'duration = "{7 * weeks}d"\n[population]\ngraph = "town"\nmembers = {members}\n'
        return Run(scenario_of(text), 1, threads=2).need().needed_bytes

    assert need(1_000_000) < need(10_000_000) < need(10_000_000, 52) < need(20_000_000, 52)
    assert "needs about 3.2 GB, 20.0 GB are free" == str(Need(3_200_000_000, 20_000_000_000))
    assert Need(1, None).fits


# --- real engines ------------------------------------------------------------------------


def pair(graph: Csr, seed: int, charter: Charter, crowd: Crowd | None = None) -> tuple[Weeks, Twin]:
    customs = Customs(
        tempers=TROUBLED, needs=40.0, things_min=1, things_max=1,
        things_circles=charter.max_circles, year=YEAR,
    )  # fmt: skip
    twin = Twin(graph, charter)
    model = Weeks(graph, charter, customs, seed, ranks=twin.ranks(), crowd=crowd)
    twin.settle_in(model)
    if crowd is not None:
        twin.praise(family_pairs(crowd))
    return model, twin


def compare(model: Weeks, twin: Twin) -> Week:
    """Live a week in both; everything that can be seen of it is the same."""
    twin.live()
    week = model.live()

    there = [member for member in range(model.graph.members) if member not in twin.gone]
    assert sorted(twin.gone) == np.flatnonzero(model.gone).tolist()
    assert [twin.opened[m] for m in there] == model.opened[there].tolist()
    last = model.last
    requests = {
        (int(last.borrowers[i]), tuple(int(m) for m in last.nodes[i, : last.hops[i]])): Fate(fate)
        for i, fate in enumerate(model.fates.what)
    }
    assert requests == {(loan.borrower, loan.path): loan.fate for loan in twin.last}
    for member in there:
        row = slice(*model.words.offsets[member : member + 2])
        words = zip(model.words.raters[row], model.words.values[row], strict=True)
        assert sorted((int(rater), int(value)) for rater, value in words) == twin.words(member)
        for place in range(*model.graph.offsets[member : member + 2]):
            friend, good = int(model.graph.neighbours[place]), int(model.units.good[place])
            earned = (good >= 1) + (good >= 3)
            capacity = min(model.charter.capacity_max, model.charter.capacity_new + earned)
            expected = capacity, int(model.units.engaged[place])
            assert expected == twin.units(member, friend)
    twin.pass_week()
    return week


@pytest.mark.slow
def test_engines_and_the_model_let_the_same_crowd_borrow_the_same_things() -> None:
    """Behind two sponsors who turn, and as a cycle at hubs."""
    plans = [CrowdPlan(3, 0, "path", "sponsors"), CrowdPlan(4, 2, "cycle", "hubs")]
    for plan in plans:
        with quiet_collector():
            charter = Charter(
                max_circles=2, circle_2_exchanges=1, first_loans_from_friends=1,
                burnt_ms=14 * DAY_MS, young_house_members=0,
            )  # fmt: skip
            graph, crowd = with_crowd(small_world(12, 4, 0.3, 3), plan, 1)
            model, twin = pair(graph, 16, charter, crowd)
            weeks = [compare(model, twin) for _ in range(3)]

        assert sum(week.crowd_far for week in weeks) > 0


def cactus() -> Csr:
    """Triangles and a ring of seven: between any two people one way is the shortest."""
    edges = [(n, (n + 1) % 7) for n in range(7)]
    for corner, first in ((0, 7), (1, 9), (3, 11), (7, 13)):
        edges += [(corner, first), (corner, first + 1), (first, first + 1)]
    return csr_of_edges(15, edges)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "rules"),
    [
        (
            lambda: small_world(12, 4, 0.3, 3),
            {"max_circles": 2, "circle_2_exchanges": 1, "first_loans_from_friends": 0},
        ),
        (
            cactus,
            {
                "max_circles": 3, "circle_2_exchanges": 1, "circle_3_exchanges": 2,
                "circle_3_sides": 1, "far_exchanges_max": 3, "first_loans_from_friends": 1,
            },
        ),
    ],
    ids=["a small world", "three circles"],
)  # fmt: skip
def test_real_engines_and_the_model_live_the_same_weeks(
    made: Callable[[], Csr], rules: dict[str, int]
) -> None:
    graph = made()
    with quiet_collector():
        charter = Charter(burnt_ms=14 * DAY_MS, young_house_members=0, **rules)
        model, twin = pair(graph, 16, charter)
        seen = [twin.holders_seen(member) for member in range(graph.members)]
        owned, circles = model.people.owned.tolist(), rules["max_circles"]
        weeks = [compare(model, twin) for _ in range(5)]

    neighbours = adjacency(graph.members, graph.edges())
    within = [hops_from(neighbours, member, circles) for member in range(graph.members)]
    assert [len(hops) - 1 for hops in within] == reach(graph, circles).sum(axis=1).tolist()
    assert seen == [sum(owned[m] for m in hops) - owned[n] for n, hops in enumerate(within)]
    # What happened is worth comparing.
    assert sum(week.agreed_2 for week in weeks) > 0
    assert sum(week.bad_words for week in weeks) > 0
    assert sum(week.thing_gone for week in weeks) > 0
    assert 0 < sum(week.moved_away for week in weeks) < graph.members // 2
