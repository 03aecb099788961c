"""Experiments: the command that makes the figures of docs/experiments again, and checks them."""

from __future__ import annotations

import argparse
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from simulations import cli
from simulations.cli_experiments import DOCS
from simulations.experiments import pages
from simulations.experiments.drawing import drawing
from simulations.experiments.pages import told
from simulations.experiments.registry import EXPERIMENTS
from simulations.experiments.shape import Experiment, Figure
from simulations.intervals import Measure, student


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    cli.configure(parser.add_subparsers(dest="verb", required=True))
    return parser.parse_args(["experiments", *arguments])


@pytest.mark.slow
def test_two_are_made_again_and_a_figure_that_is_wrong_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Equal runs give equal figures; what somebody wrote by hand is outside its interval."""
    two = ("cost-per-home", "lying-relays", "--quick")
    assert 0 == cli.main(parse(*two, "--out", str(tmp_path)))
    page = (tmp_path / "cost-per-home.md").read_text()
    data = tmp_path / "cost-per-home.json"
    drawn = ElementTree.parse(tmp_path / "cost-per-home.svg")
    figures = json.loads(data.read_text())
    figures["cells"]["16 homes, 2 circles"]["seen"] = [100, 99, 101]
    data.write_text(json.dumps(figures))
    capsys.readouterr()

    assert 1 == cli.main(parse(*two, "--check", "--against", str(tmp_path), "--json"))

    answer = json.loads(capsys.readouterr().out)
    outside = {name: found["outside"] for name, found in answer["experiments"].items()}
    assert {
        "cost-per-home": [["16 homes, 2 circles", "seen"]],
        "lying-relays": [],
    } == outside
    assert answer["experiments"]["lying-relays"]["checked"] >= 6
    assert "| 16 homes, 2 circles |" in page
    assert "openhouse simulate experiments cost-per-home --quick" in page
    assert drawn.getroot().tag.endswith("svg")


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.name)
def test_every_experiment_has_a_page_whose_table_and_drawing_are_those_of_its_data(
    experiment: Experiment,
) -> None:
    """Nobody can change a figure in one place alone, and no cell or figure has gone unnoticed."""
    said = pages.read(experiment.name, DOCS)
    page = (DOCS / f"{experiment.name}.md").read_text(encoding="utf-8")

    assert "regular" == said.size
    assert experiment.regular.seeds == said.seeds
    assert [cell.name for cell in experiment.regular.cells] == list(said.results)
    measured = {name: None for found in said.results.values() for name in found}
    assert [] == [figure.name for figure in experiment.figures if figure.name not in measured]
    assert said.commit
    assert "dirty" not in said.commit
    assert pages.block(experiment, said) in page
    assert drawing(experiment, said.results) == (DOCS / f"{experiment.name}.svg").read_text()
    assert f"({experiment.name}.md)" in (DOCS / "README.md").read_text(encoding="utf-8")
    assert "**Learned.**" in page


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("colours",), "There is no experiment 'colours'; there are circles-opening, "),
        (("sybils", "--check", "--against", "nowhere"), "sybils.json cannot be read: No such file"),
    ],
)
def test_what_cannot_be_run_or_checked_is_one_sentence_before_anything_runs(
    arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 1 == cli.main(parse(*arguments))
    assert sentence in capsys.readouterr().err


def test_figures_of_another_size_are_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = {
        "experiment": "sybils", "size": "regular", "seeds": 5, "commit": "", "core_seconds": 1,
        "cells": {},
    }  # fmt: skip
    (tmp_path / "sybils.json").write_text(json.dumps(data))

    assert 1 == cli.main(parse("sybils", "--check", "--quick", "--against", str(tmp_path)))
    assert "are regular ones: check without --quick." in capsys.readouterr().err


def test_an_interval_is_that_of_student_and_ends_where_a_share_ends() -> None:
    """Four values around 5, with a standard error of 0.6455 and t = 3.182."""
    measured = student([3.5, 4.5, 5.5, 6.5], 0.0, None)

    assert (5.0, 2.946, 7.054) == pytest.approx((measured.value, measured.low, measured.high), 1e-3)
    assert Measure(0.5, 0.0, 1.0) == student([0.0, 1.0], 0.0, 1.0)
    assert Measure(0.5, 0.0, None) == student([0.5], 0.0, None)


def test_figures_are_told_with_the_digits_that_they_are_worth() -> None:
    share, number = Figure("f", "", "share"), Figure("f", "")

    assert "5.3 % (0 % to 12.7 %)" == told(share, Measure(0.0534, 0.0, 0.1271))
    assert "12.3 (2.9 to 21.7)" == told(number, Measure(12.345, 2.94, 21.7))
    assert "1" == told(number, Measure(1.0, 1.0, 1.0))
    assert "—" == told(number, None)
