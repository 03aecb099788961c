"""``simulate replay`` and ``spread``: what is drawn is what happened."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from node.cli.main import main
from simulations.journey import JourneyError, journey_of
from simulations.scenario import Scenario, read_scenario
from simulations.spread import spread, spread_svg

TROUBLED = """
seed = 3
duration = "2h"
[population]
members = 8
degree = 4
[charter]
max_circles = 2
[faults]
crash = 0.003
[actions]
listings_at_start = 1
edit = 6.0
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "troubled.toml"
    path.write_text(TROUBLED)
    return path


@pytest.fixture
def scenario(file: Path) -> Scenario:
    return read_scenario(file)


def test_everybody_has_a_record_from_somebody_who_had_it_before(scenario: Scenario) -> None:
    journey, result = journey_of(scenario, 3)

    assert result.violations == 0
    assert journey.notes[0].deed == "signs"
    held = dict.fromkeys([journey.notes[0].member])
    for note in journey.notes:
        if note.giver is not None:
            assert note.giver in held
        held[note.member] = None
    assert len(held) > 3


def test_a_record_is_found_by_how_its_id_begins(scenario: Scenario) -> None:
    journey, _ = journey_of(scenario, 3)
    record = journey.register[1].hex()

    again, _ = journey_of(scenario, 3, record[:16])

    assert again == journey
    with pytest.raises(JourneyError, match="No record's object id begins with"):
        journey_of(scenario, 3, "0" * 32)


def test_a_replay_is_told_and_drawn(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plot = tmp_path / "journey.svg"

    assert main(["simulate", "replay", str(file), "--plot", str(plot)]) == 0
    told = capsys.readouterr().out
    assert main(["simulate", "replay", str(file), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)

    arrows = [note for note in answer["notes"] if note["giver"] is not None]
    root = ET.parse(plot).getroot()
    drawn = [path for path in root.iter() if path.get("marker-end") is not None]
    assert len(drawn) == len(arrows) > 3
    assert "signs version" in told
    assert f"in {answer['homes']} homes" in told


def test_a_thing_spreads_and_goes_away_as_circles_say() -> None:
    town = spread(16, 2, seed=1)
    listed, parted, narrowed = town.steps

    assert town.violations == 0
    assert max(listed.sees.values()) == 2
    assert len(parted.sees) < len(listed.sees)
    assert set(narrowed.sees.values()) == {0, 1}
    root = ET.fromstring(spread_svg(town))
    assert sum(circle.get("fill") == "#d55e00" for circle in root.iter()) >= 3


def test_a_town_that_cannot_be_drawn_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["simulate", "spread", "--plot", str(tmp_path / "a.svg"), "--members", "1000"])
    assert "a whole number from 8 to 60" in capsys.readouterr().err
