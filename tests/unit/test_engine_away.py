"""Spec §7.9: a home that is off for a known time does not cut the paths through it."""

from __future__ import annotations

import pytest

from node.engine.commands import AddThing, GoAway
from node.engine.events import Json
from node.engine.views import status
from protocol.charter import Charter
from protocol.errors import Refused
from simulations.pump import HOUR_MS, Pump

DAY_MS = 24 * HOUR_MS
LINE = ("AB", "BC", "CD")


def settle(charter: Charter = Charter()) -> Pump:  # noqa: B008 - frozen
    """A line of four; A shares a ladder with all of them, and a week has nearly gone by."""
    pump = Pump()
    pump.settle("ABCD", *LINE, charter=charter)
    assert isinstance(pump.command("A", AddThing("ladder", circles=3)), dict)
    pump.advance(7 * DAY_MS - HOUR_MS)
    return pump


def seers(pump: Pump) -> list[str]:
    return [name for name in pump.running() if "ladder" in pump.sees(name)]


def go_away(pump: Pump, name: str, days: int) -> Json | Refused:
    answer = pump.command(name, GoAway(pump.local_day + days))
    pump.advance(1)  # the friends' nodes have heard, and renew their halves
    return answer


def come_back(pump: Pump, name: str) -> None:
    pump.start(name)
    pump.link_all()
    pump.advance(1)


class TestOff:
    """The lease is what friends believe a home for that is off."""

    @pytest.mark.parametrize(("goes", "expected"), [(True, ["C", "D"]), (False, [])])
    def test_three_weeks_off_with_a_lease_of_three_and_a_half(
        self, goes: bool, expected: list[str]
    ) -> None:
        """B lies between the holder and the others: without a word, they lose the ladder."""
        lease_ms = 24 * DAY_MS + 12 * HOUR_MS
        pump = settle(Charter(friendship_lease_ms=lease_ms))
        if goes:
            assert isinstance(go_away(pump, "B", 21), dict)
        pump.stop("B")
        pump.advance(21 * DAY_MS)

        assert expected == seers(pump)

    @pytest.mark.parametrize(("goes", "expected"), [(True, ["B", "C", "D"]), (False, [])])
    def test_the_holder_off_for_four_weeks(self, goes: bool, expected: list[str]) -> None:
        """By the default charter; both the things and the paths to them last."""
        pump = settle()
        if goes:
            assert isinstance(go_away(pump, "A", 28), dict)
        pump.stop("A")
        pump.advance(28 * DAY_MS)

        assert expected == seers(pump)

    def test_switched_off_days_after_the_word_was_given(self) -> None:
        """While it still runs everything is signed anew each day."""
        pump = settle()
        assert isinstance(go_away(pump, "A", 33), dict)
        pump.advance(5 * DAY_MS)
        pump.stop("A")
        pump.advance(28 * DAY_MS)

        assert ["B", "C", "D"] == seers(pump)

    def test_all_is_as_before_when_it_is_back(self) -> None:
        """A renewal restores at once what the lease had ended; the note goes with its day."""
        pump = settle()
        assert isinstance(go_away(pump, "A", 40), dict)
        pump.stop("A")
        pump.advance(41 * DAY_MS)
        assert [] == seers(pump)
        come_back(pump, "A")

        assert ["B", "C", "D"] == seers(pump)
        assert status(pump.core("A"))["away"] is None


class TestSaid:
    """What the owner is told."""

    def test_a_date_that_the_lease_covers(self) -> None:
        """Until when, and that it is enough."""
        pump = settle()
        answer = go_away(pump, "A", 20)

        assert isinstance(answer, dict)
        away = answer["away"]
        assert isinstance(away, dict)
        assert away["is_covered"] is True
        assert status(pump.core("A"))["away"] == away

    def test_a_date_beyond_the_lease(self) -> None:
        """It is kept, with the day to which it is enough."""
        pump = settle()
        answer = go_away(pump, "A", 60)

        assert isinstance(answer, dict)
        away = answer["away"]
        assert isinstance(away, dict)
        assert away["is_covered"] is False

    def test_back_ends_it_and_a_restart_does_not(self) -> None:
        """A private note: nobody else is told that the home is empty."""
        pump = settle()
        go_away(pump, "A", 20)
        carried: list[bytes] = []
        pump.start("A")
        assert status(pump.core("A"))["away"] is not None
        pump.listeners.append(carried.append)
        assert {"away": None} == pump.command("A", GoAway(None))

        assert status(pump.core("A"))["away"] is None
        assert [] == carried

    @pytest.mark.parametrize(("days", "code"), [(-1, "away-in-the-past"), (400, "away-too-long")])
    def test_dates_that_make_no_sense_are_refused(self, days: int, code: str) -> None:
        """Nothing is changed."""
        pump = settle()
        before = dict(pump.homes["A"].disk)
        answer = go_away(pump, "A", days)

        assert isinstance(answer, Refused)
        assert code == answer.code
        assert before == pump.homes["A"].disk

    def test_without_a_house_there_is_nobody_to_tell(self) -> None:
        """Nothing to renew."""
        pump = Pump()
        pump.add("ana")
        answer = pump.command("ana", GoAway(pump.local_day + 3))

        assert isinstance(answer, Refused)
        assert "no-house" == answer.code

    def test_what_was_signed_within_the_hour_is_left_as_it_is(self) -> None:
        """It would gain nothing."""
        pump = settle()
        go_away(pump, "A", 20)
        before = pump.core("A").next_sequence
        go_away(pump, "A", 21)

        assert before == pump.core("A").next_sequence
