"""A town under oracles: what may be open at most, at every step; and `simulate society`."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from node.cli.main import main
from node.engine import asking
from node.engine.commands import Rate
from node.engine.core import Core
from protocol.charter import Charter
from protocol.keys import MemberId
from simulations import bounds_oracles, cli_society
from simulations.behaviours import Behaviour, Person, Sharer, Sybils
from simulations.intervals import measure
from simulations.lives import Life, Town, kept_by_week, table, usual_charter
from simulations.lives_plot import plot_kept
from simulations.street import DAY_MS
from simulations.watched_town import WatchedTown


class Library(Sharer):
    """Lists a dozen things, and lends them to everybody."""

    name = "library"

    def begins(self, me: Person) -> None:
        for _ in range(12):
            me.share()

    def wants(self, me: Person) -> int:
        return 0

    def trusts(self, me: Person, other: MemberId) -> bool:
        return True


class Greedy(Sybils):
    """Two at a time, each of whom asks for eight things."""

    name = "greedy"

    def wants(self, me: Person) -> int:
        return 8

    def lives_a_week(self, me: Person) -> None:
        if me.week == 0:
            me.home.pretend(next(other for other in me.family if other is not me))


def row_of_four(**rules: int) -> WatchedTown:
    """A library, another one, and behind it a family of two."""
    charter = Charter(
        max_circles=2,
        circle_2_exchanges=1,
        open_requests_max=20,
        open_loans_beyond_max=0,  # what is tried here is what units alone hold
        friendship_lease_ms=365 * DAY_MS,
        **rules,
    )
    mix: dict[type[Behaviour], float] = {Library: 0.5, Greedy: 0.5}
    for seed in range(1, 20):
        made = WatchedTown(4, [(0, 1), (1, 2), (2, 3)], charter, seed, mix)
        if isinstance(made.people[1].behaviour, Library):
            return made
    raise AssertionError("one of twenty towns begins with two libraries")


class TestBounds:
    """Spec §12.6 and §12.7, at every step."""

    def test_they_hold_where_units_are_counted_and_are_used_up(self) -> None:
        made = row_of_four()
        made.live_a_week()
        made.live_a_week()

        assert made.violations == []
        assert made.bounds.checked >= 4
        assert made.bounds.most["B1"] == 1.0
        assert made.bounds.most["B2"] == 1.0

    def test_where_nobody_counts_a_lender_and_a_family_go_beyond_them(self) -> None:
        """The reservations are what holds them: without, the oracles speak."""
        made = row_of_four(capacity_max=0)
        made.live_a_week()
        made.live_a_week()
        spoken = [violation[:2] for violation in made.violations]

        assert "B1" in spoken
        assert "B2" in spoken

    def test_words_from_afar_that_count_too_much_are_noticed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def gullible(core: Core, member: MemberId) -> float:
            return min(1.0, asking.reliability(core, member) + 0.06)

        monkeypatch.setattr(bounds_oracles, "reliability", gullible)
        made = row_of_four()
        made.live_a_week()
        made.live_a_week()

        assert [violation[:2] for violation in made.violations[:1]] == ["B3"]

    def test_a_rating_of_a_loan_that_nobody_agreed_on_is_noticed(self) -> None:
        made = row_of_four()
        made.live_a_week()
        made.exchanges.agreed.clear()
        out = made.out[0]
        made.try_(out.holder, Rate(out.loan.id, 1, 8))
        made.live_a_week()

        assert any(violation.startswith("I7") for violation in made.violations)


class TestLives:
    """Figures over towns that are written by hand."""

    def town(self, seed: int, kept: int) -> Town:
        thief = Life("defector", False, 2, 4, 0, kept, 0, 2, 10, 5, 1, 3, (0, kept))
        honest = Life("sharer", True, 1, 2, 3, 0, 1, 0, 4, 1, 1, None, (0, 0))
        return Town(seed, 2, (thief, honest, honest), 1, (), {"B1": 0.5})

    def test_each_behaviour_has_a_row_by_person_and_by_want(self) -> None:
        towns = [self.town(1, 2), self.town(2, 4)]
        thief, honest = table(towns)

        assert thief["behaviour"] == "defector"
        assert thief["kept"] == measure(
            towns, lambda some: sum(t.lives[0].kept for t in some) / len(some)
        )
        assert getattr(thief["mistrusted"], "value", None) == 0.5
        assert getattr(thief["lasted_weeks"], "value", None) == 3
        assert getattr(honest["lasted_weeks"], "value", 0) is None
        assert getattr(honest["made_to_wait"], "value", None) == 0.25

    def test_the_plot_has_a_line_for_each_who_kept_something(self) -> None:
        lines = kept_by_week([self.town(1, 2), self.town(2, 4)])
        assert lines == {"defector": [0.0, 3.0]}
        picture = ElementTree.fromstring(plot_kept(lines))
        found = [element for element in picture.iter() if element.tag.endswith("polyline")]
        assert len(found) == 1


class TestCommand:
    """``openhouse simulate society``."""

    def test_a_small_town_lives_and_equal_seeds_live_alike(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        plot = tmp_path / "kept.svg"
        words = ["simulate", "society", "--members", "8", "--weeks", "2", "--json"]
        mix = ["--mix", "sharer=0.75,defector=0.25"]
        told = []
        for _ in range(2):
            assert main([*words, *mix, "--plot", str(plot)]) == 0
            told.append(json.loads(capsys.readouterr().out))

        assert told[0] == told[1]
        assert told[0]["holds"] is True
        assert [row["behaviour"] for row in told[0]["behaviours"]] == ["defector", "sharer"]
        ElementTree.parse(plot)

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["--mix", "sharer=0.4"], "The shares add up to 0.4: they must add up to 1 ("),
            (["--members", "3"], "A town has 4 members at least."),
            (["--charter", "nowhere.toml"], "nowhere.toml cannot be read: No such file"),
            (["--members", "5", "--mix", "ring=1"], "5 members cannot be divided like that"),
        ],
    )
    def test_what_cannot_be_is_said_in_a_sentence_before_anything_runs(
        self, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["simulate", "society", "--json", *words]) == 1
        error = json.loads(capsys.readouterr().out)["error"]

        assert error["code"] in ("society-impossible", "charter-impossible")
        assert sentence in error["message"]

    def test_a_charter_file_changes_what_it_names_and_nothing_else(self, tmp_path: Path) -> None:
        """Two runs that differ in one number are what one wants to compare."""
        file = tmp_path / "charter.toml"
        file.write_text("circle_2_exchanges = 1")
        arguments = argparse.Namespace(charter=file, uncounted=False)

        assert replace(usual_charter(), circle_2_exchanges=1) == cli_society._charter(arguments)

    def test_a_charter_with_a_number_out_of_range_is_refused_by_name(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "charter.toml"
        file.write_text("max_circles = 9")
        assert main(["simulate", "society", "--charter", str(file)]) == 1
        assert "max_circles" in capsys.readouterr().err
