"""``openhouse simulate``: keys, exit codes and sentences that scripts rely on."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from node.engine import intake
from simulations import cli, memory
from simulations.memory_of_towns import (
    Town,
    attack_bytes,
    attack_need,
    reach_need,
    society_need,
)
from simulations.shapes import CrowdPlan

SMALL = """
duration = "1h"
[population]
members = 6
degree = 2
[actions]
listings_at_start = 1
"""


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


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    path = tmp_path / "ring.edges"
    path.write_text("".join(f"{one} {(one + 1) % 8}\n" for one in range(8)))
    return path


def test_run_gives_the_keys_that_scripts_rely_on(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == cli.main(parse("run", str(small), "--seed", "3", "--json"))

    answer = json.loads(capsys.readouterr().out)
    assert (3, 6, 0) == (answer["seed"], answer["members"], answer["violations"])
    assert answer["events"] > 0
    assert 64 == len(answer["digest"])


def test_json_may_stand_before_the_verb(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == cli.main(parse("--json", "run", str(small)))
    assert 1 == json.loads(capsys.readouterr().out)["seed"]


def test_many_seeds_are_summed_up_and_written_where_asked(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results" / "today"
    arguments = parse("run", str(small), "--seed", "5", "--seeds", "3", "--out", str(out), "--json")

    assert 0 == cli.main(arguments)

    summary = json.loads(capsys.readouterr().out)
    assert (3, 5, 0, []) == (
        summary["seeds"],
        summary["first_seed"],
        summary["violations"],
        summary["failing_seeds"],
    )
    assert [5, 6, 7] == [run["seed"] for run in summary["runs"]]
    written = sorted(path.name for path in out.iterdir())
    assert ["small-5.json", "small-6.json", "small-7.json"] == written
    digest = json.loads((out / "small-5.json").read_text())["digest"]
    assert summary["runs"][0]["digest"] == digest


def test_a_violation_ends_with_1_and_tells_its_story_and_its_seed(
    small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_far(circles: int, distance: int | None) -> bool:
        return distance is not None and distance <= circles

    monkeypatch.setattr(intake, "may_offer", too_far)
    monkeypatch.setattr("node.engine.offers.may_offer", too_far)

    assert 1 == cli.main(parse("run", str(small), "--seed", "2"))

    told = capsys.readouterr().err
    assert told.startswith("Seed 2 of small: ")
    assert "I2 at step" in told
    assert "signs version" in told


def test_reach_gives_the_keys_that_scripts_rely_on(
    ring: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == cli.main(parse("reach", "--graph", str(ring), "--circles", "2", "--json"))

    answer = json.loads(capsys.readouterr().out)
    expected = {"members": 8, "edges": 8, "holders": 8, "expected": 32, "seen": 32}
    assert expected == {key: answer[key] for key in expected}
    assert (0, 0) == (answer["missing"], answer["extra"])
    assert answer["copies_per_delivery"] >= 1.0
    for key in ("seconds", "memory_mib", "messages", "bytes", "records_sent"):
        assert answer[key] > 0


def test_the_world_reads_every_kind_of_file_and_says_when_it_is_in_pieces(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("ana,luc\nluc,mia\nmia,ana\ntom,eva\n")
    scenario = 'duration = "1h"\n[population]\ngraph = "edges"\nedges = "a.csv"\n'
    (tmp_path / "one.toml").write_text(scenario)
    (tmp_path / "largest.toml").write_text(f'{scenario}pieces = "largest"\n')

    assert 1 == cli.main(parse("run", str(tmp_path / "one.toml")))
    said = capsys.readouterr().err
    assert "'population.pieces' is not possible; allowed: \"largest\" (which has 3 of 5" in said
    assert "falls into 2 pieces" in said

    assert 0 == cli.main(parse("run", str(tmp_path / "largest.toml"), "--json"))
    assert 3 == json.loads(capsys.readouterr().out)["members"]


def test_reach_for_people_is_one_line_a_figure(
    ring: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == cli.main(parse("reach", "--graph", str(ring), "--circles", "1", "--holders", "3"))

    lines = capsys.readouterr().out.splitlines()
    assert "holders                3" in lines
    assert "missing                0" in lines


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("run", "nowhere"), "scenario-impossible", "or one of calm, faulty"),
        (("reach", "--graph", "/none", "--circles", "1"), "graph-unreadable", "cannot be read"),
        (("reach", "--graph", "RING", "--circles", "9"), "reach-impossible", "must be 1 to 4"),
        (
            ("reach", "--graph", "RING", "--circles", "1", "--holders", "99"),
            "reach-impossible",
            "must be 1 to 8",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_sentence(
    arguments: tuple[str, ...],
    code: str,
    sentence: str,
    ring: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    filled = [str(ring) if argument == "RING" else argument for argument in arguments]

    assert 1 == cli.main(parse("--json", *filled))

    out, err = capsys.readouterr()
    error = json.loads(out)["error"]
    assert code == error["code"]
    assert sentence in error["message"]
    assert error["message"] + "\n" == err


def test_a_world_that_does_not_fit_is_refused_before_anything_runs(
    small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_memory_bytes", lambda: 50_000_000)

    assert 1 == cli.main(parse("run", str(small)))

    said = capsys.readouterr().err
    assert "'population.members' is not possible; allowed: fewer" in said
    assert "needs about 0.1 GB" in said
    assert "before anything is listed" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("reach", "--circles", "2"), "fewer --holders or --circles, or a smaller graph"),
        (("attack", "--sybils", "2"), "fewer --sybils, --edges or --circles"),
        (("attack", "--sybils", "90000", "--shape", "clique"), "another --shape than clique"),
        (("society",), "fewer --members or --weeks"),
    ],
)
def test_a_town_that_does_not_fit_is_refused_before_anything_runs(
    arguments: tuple[str, ...],
    sentence: str,
    ring: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "free_memory_bytes", lambda: 42_200_000)
    graph: tuple[str, ...] = (
        () if arguments[0] == "society" else ("--graph", str(ring), "--edges", "2")
    )
    if arguments[0] == "reach":
        graph = graph[:2]

    assert 1 == cli.main(parse(*arguments, *graph))

    said = capsys.readouterr().err
    assert said.startswith("This needs about ")
    assert "0.0 GB are free: give " in said
    assert sentence in said


def test_what_towns_need_grows_with_all_that_makes_them_larger() -> None:
    def town(members: int, step: int) -> Town:
        edges = [(n, (n + s) % members) for n in range(members) for s in range(1, step + 1)]
        return Town(members, edges)

    small, large, dense = town(50, 2), town(100, 2), town(50, 4)
    one, far = reach_need(small, 50, 1).needed_bytes, reach_need(small, 50, 3).needed_bytes
    assert one < far < reach_need(large, 100, 3).needed_bytes
    assert far < reach_need(dense, 50, 3).needed_bytes
    assert far < reach_need(small, 50, 3, things=4).needed_bytes
    plans = [CrowdPlan(5, 2), CrowdPlan(50, 2), CrowdPlan(50, 20), CrowdPlan(50, 20, "clique")]
    needs = [attack_bytes(small, plan, 2) for plan in plans]
    assert needs == sorted(needs)
    assert attack_bytes(small, CrowdPlan(50, 0, at="sponsors"), 3) > needs[0]
    assert attack_need(needs, 2).needed_bytes < attack_need(needs, 4).needed_bytes
    assert society_need(60, 6, 8, 1).needed_bytes < society_need(60, 6, 30, 2).needed_bytes


def test_a_place_that_cannot_be_written_is_refused_before_anything_runs(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = small.parent / "taken"
    taken.write_text("a file")

    assert 1 == cli.main(parse("run", str(small), "--out", str(taken)))
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["-1", "x", "1.5", ""])
def test_a_seed_that_is_no_number_is_wrong_usage(number: str) -> None:
    with pytest.raises(SystemExit) as ended:
        parse("run", "calm", f"--seed={number}")

    assert 2 == ended.value.code
