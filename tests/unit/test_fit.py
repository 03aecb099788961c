"""Fitting finds parameters again, and what is shipped comes near the real networks."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations import cli, cli_graph
from simulations.edge_files import read_friends
from simulations.fitted import FITTED
from simulations.population import fit as fits
from simulations.population.csr import csr_of_edges, side_by_side
from simulations.population.fit import Knob, figures_of, fit
from simulations.population.readers import read_graph
from simulations.population.sources import friendships
from simulations.scenario import GraphKind, ScenarioError, parse_scenario

REAL = {
    "villages": ("data/villages.edges.xz", 38),
    "g1-2020": ("data/g1-2020.mutual.edges.xz", 1),
    "facebook": ("data/facebook.edges.xz", 1),
}


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    cli.configure(parser.add_subparsers(dest="verb", required=True))
    return parser.parse_args(arguments)


@given(value=st.floats(0.02, 1000), step=st.floats(0.02, 0.5), is_whole=st.booleans())
def test_a_step_up_and_down_stays_in_the_range_and_moves(
    value: float, step: float, is_whole: bool
) -> None:
    knob = Knob("far", 0.01, 2000, is_whole=is_whole)
    value = knob.clipped(value)

    assert value < knob.moved(value, step) <= 2000
    assert 0.01 <= knob.moved(value, -step) < value or value <= 1


@pytest.mark.parametrize(
    ("kind", "key", "true"), [("small-world", "rewiring", 0.15), ("preferential", "triads", 0.6)]
)
def test_the_parameter_that_a_graph_was_made_with_is_found_again(
    kind: GraphKind, key: str, true: float
) -> None:
    population = fits.population_of(kind, 800, {"degree": 6, key: true})
    real = figures_of(friendships(population, 800, seed=77))

    found = fit(real, kind, fits=2, shown=2)

    low, high = found.spread[key]
    assert low - 0.05 <= true <= high + 0.05
    assert found.apart < 0.05
    assert {"graph": kind, "degree": 6, key: found.values[key]} == found.tables()


def test_what_is_known_stays_and_what_no_graph_can_be_is_refused() -> None:
    real = {**figures_of(csr_of_edges(4, [(0, 1), (1, 2), (2, 3), (0, 2)])), "members": 40}

    found = fit(real, "blocks", fixed={"blocks.size": 8}, fits=1, shown=1)

    assert {"blocks.size": 8} == found.fixed
    assert "blocks.size" not in found.values
    with pytest.raises(ScenarioError, match=r"population\.blocks\.sise"):
        fit(real, "blocks", fixed={"blocks.sise": 8})


def test_graphs_side_by_side_know_nothing_of_each_other() -> None:
    graph = side_by_side([csr_of_edges(3, [(0, 1), (1, 2)]), csr_of_edges(2, [(0, 1)])])

    assert [(0, 1), (1, 2), (3, 4)] == graph.edges()


@pytest.mark.parametrize("name", REAL)
def test_what_is_shipped_comes_as_near_to_the_real_network_as_the_docs_say(
    name: str, shared_file: Callable[[str], Path]
) -> None:
    file, towns = REAL[name]
    real = figures_of(read_graph(shared_file(file)))
    members = int(real["members"]) // towns
    kind: GraphKind = "town"

    scenario = parse_scenario(
        {"population": {"graph": kind, "like": name, "members": members}},
        name="like",
        folder=Path(),
    )
    graphs = [friendships(scenario.population, members, seed) for seed in range(1, towns + 1)]
    made = figures_of(side_by_side(graphs))

    assert real["friends"] == pytest.approx(made["friends"], rel=0.1)
    for figure in ("clustering", "distance", "within_2"):
        assert real[figure] == pytest.approx(made[figure], rel=0.35), figure
    # Nobody has as many friends as some have on Facebook, and the docs say so.
    if name != "facebook":
        assert real["friends_ninetieth"] == pytest.approx(made["friends_ninetieth"], rel=0.2)


def test_every_fitted_table_is_a_scenario_and_own_keys_stand_over_it() -> None:
    for name, kinds in FITTED.items():
        for kind in kinds:
            tables = {"graph": kind, "like": name, "members": 2000}
            parse_scenario({"population": tables}, name="like", folder=Path())
    tables = {"graph": "town", "like": "villages", "town": {"far": 2.5}}
    plan = parse_scenario({"population": tables}, name="like", folder=Path()).population.town

    assert (2.5, 1.0) == (plan.far, plan.household)


@pytest.mark.parametrize(
    ("tables", "key", "allowed"),
    [
        ({"graph": "town", "like": "paris"}, "population.like", '"villages" or "g1-2020"'),
        ({"graph": "ring", "like": "villages"}, "population.like", 'unless population.graph is "t'),
        ({"graph": "preferential", "triads": 2}, "population.triads", "a share from 0 to 1"),
        ({"graph": "town", "town": {"uneven": -1}}, "population.town.uneven", "a number from 0"),
    ],
)
def test_what_cannot_be_fitted_is_named(tables: dict[str, object], key: str, allowed: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario({"population": tables}, name="like", folder=Path())

    assert key == caught.value.key
    assert allowed in caught.value.allowed


# --- the command -------------------------------------------------------------------------


def test_a_graph_is_made_written_described_and_fitted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, folder = tmp_path / "new" / "a.graphml", tmp_path / "kept"
    make = ("graph", "make", "small-world", "--members", "120", "--seed", "3")
    chosen = ("--set", "degree=4", "--set", "rewiring=0.3", "--largest")

    assert 0 == cli.main(parse(*make, *chosen, "--out", str(file)))
    assert 0 == cli.main(parse(*make, *chosen, "--out", str(folder), "--json"))
    assert read_friends(file).edges == read_graph(folder).edges()
    assert "120 members and" in capsys.readouterr().out

    assert 0 == cli.main(parse("graph", "describe", str(file), str(folder)))
    said = capsys.readouterr().out.splitlines()
    assert ["a.graphml", "kept"] == said[0].split()
    assert ["members", "120", "120"] == said[1].split()

    options = ("--kind", "small-world", "--fits", "1", "--shown", "2")
    assert 0 == cli.main(parse("graph", "fit", str(file), *options))
    told = capsys.readouterr().out
    assert 'graph = "small-world"\nrewiring = ' in told
    assert 0 == cli.main(parse("graph", "fit", str(file), *options, "--json"))
    [one] = json.loads(capsys.readouterr().out)["fits"]
    assert f"rewiring = {one['population']['rewiring']}" in told


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("make", "town", "--out", "a.gexf"), ".gexf is not known here"),
        (("make", "town", "--out", "a.edges", "--set", "town.fear=1"), "'population.town.fear'"),
        (("make", "town", "--out", "a.edges", "--set", "members.far=1"), "'population.members.f"),
        (("make", "town", "--out", "a.edges", "--set", "town.far=x"), "KEY=VALUE, such as town.f"),
        (("make", "town", "--out", "a.edges", "--like", "paris"), "'population.like'"),
        (("make", "small-world", "--out", "a.edges"), "needs about 0.0 GB, 0.0 GB are free: take"),
        (("fit", "a.edges", "--fix", "town.far=true"), "'town.far' is not possible; allowed: a n"),
        (("fit", "none.edges"), "none.edges cannot be read: No such file"),
        (("describe", "none.edges"), "none.edges cannot be read: No such file"),
    ],
)
def test_what_cannot_be_made_or_fitted_is_one_sentence(
    arguments: tuple[str, ...],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli_graph, "free_memory_bytes", lambda: 1000)
    members = ("--members", "50") if arguments[0] == "make" else ()

    assert 1 == cli.main(parse("graph", *arguments, *members))

    out, err = capsys.readouterr()
    assert "" == out
    assert sentence in err
    assert 1 == err.count("\n")
