"""Ratings foreseen one by one, from a file; and what a bad file is answered."""

from __future__ import annotations

import json
import lzma
import random
from pathlib import Path

import pytest

from node.cli.main import main
from simulations.replay import ReplayError, area, read_ratings, replay

OTC = Path(__file__).parents[3] / "shared" / "data" / "bitcoin-otc.ratings.xz"


def town(path: Path, seed: int = 1) -> Path:
    """Forty traders, of whom eight cheat nearly everybody and the others nobody but rarely."""
    chance = random.Random(seed)
    lines = []
    for step in range(3000):
        rater, rated = chance.sample(range(40), 2)
        cheats = rated < 8
        bad = chance.random() < (0.9 if cheats else 0.03)
        lines.append(f"{rater} {rated} {-5 if bad else 3} {1_600_000_000 + step * 3600}.5\n")
    path.write_text("".join(lines))
    return path


def test_cheats_are_foreseen(tmp_path: Path) -> None:
    result = replay(town(tmp_path / "town.ratings"), shows_progress=False)

    curves = result["auc"]
    assert isinstance(curves, dict)
    assert curves["reliability"] > 0.85
    assert list(curves) == ["reliability", "others_alone", "wilson", "beta", "flow"]
    assert result["learned"] == 600


def test_names_without_a_pattern_cannot_be_foreseen(tmp_path: Path) -> None:
    """The test above could fail: here nobody is any worse than others."""
    chance = random.Random(2)
    lines = [
        f"{a} {b} {chance.choice((-1, 1))} {n}\n"
        for n in range(4000)
        for a, b in [chance.sample(range(400), 2)]
    ]
    path = tmp_path / "noise.ratings"
    path.write_text("".join(lines))

    curves = replay(path, shows_progress=False)["auc"]
    assert isinstance(curves, dict)
    assert all(0.45 < value < 0.55 for value in curves.values())


def test_answers_and_the_first_fifth_are_not_predicted(tmp_path: Path) -> None:
    path = tmp_path / "few.ratings"
    path.write_text("1 2 1 1\n2 1 -1 2\n3 1 -1 3\n1 3 1 4\n4 1 1 5\n")

    result = replay(path, shows_progress=False)

    # Of the four after the first: 2 answers 1, and 1 answers 3.
    assert (1, 2, 1) == (result["learned"], result["predicted"], result["bad"])


def test_the_area_is_how_often_the_bad_one_is_ranked_below() -> None:
    assert 1.0 == area([0.1, 0.2, 0.8, 0.9], [True, True, False, False])
    assert 0.0 == area([0.9, 0.1], [True, False])
    assert 0.5 == area([0.5, 0.5, 0.5], [True, False, False])
    assert 0.5 == area([0.1, 0.5, 0.9], [True, False, True])
    assert 0.75 == area([0.1, 0.5, 0.5], [True, True, False])


@pytest.mark.parametrize(
    "line", ["1 2 3", "a 2 3 4", "1 2 nan 4", "1 2 3 inf", "1 2 3 4 5", "1 2 x 4"]
)
def test_a_line_that_is_no_rating_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.ratings"
    path.write_text(f"# a comment\n1 2 3 4\n{line}\n")

    with pytest.raises(ReplayError, match="line 3"):
        read_ratings(path)


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    damaged, text = tmp_path / "damaged.xz", tmp_path / "text"
    damaged.write_bytes(lzma.compress(b"1 2 3 4\n")[:-6])
    text.write_bytes(b"\xff\xfe")
    empty = tmp_path / "empty"
    empty.write_text("")
    for path in (damaged, text, tmp_path / "missing", empty):
        with pytest.raises(ReplayError):
            replay(path, shows_progress=False)


def test_the_command_answers_in_json_and_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(town(tmp_path / "town.ratings"))

    assert 0 == main(["simulate", "trust", "--replay", path, "--json"])
    assert json.loads(capsys.readouterr().out)["auc"]["reliability"] > 0.85
    assert 0 == main(["simulate", "trust", "--replay", path])
    assert "area under the curve, wilson" in capsys.readouterr().out
    assert 1 == main(["simulate", "trust", "--replay", str(tmp_path / "none"), "--json"])
    assert "ratings-unreadable" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.no_cover
def test_on_real_ratings_it_is_far_above_its_peers() -> None:
    if not OTC.exists():
        pytest.skip(f"{OTC.name} is not beside the repository (../shared/data)")

    curves = replay(OTC, shows_progress=False)["auc"]
    assert isinstance(curves, dict)
    assert curves["reliability"] > 0.9
    assert 0.62 < curves["wilson"] < 0.63
