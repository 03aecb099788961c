"""Spec §10.5: a clock that jumps neither loses nor resurrects anything, and is said to be wrong."""

from __future__ import annotations

import pytest

from node.engine.clock_watch import EARLIEST_MS, SETTLING_MS, TOLERANCE_MS, ClockWatch
from node.engine.commands import AddThing, WithdrawThing
from node.engine.events import Effect, Event, Json, Woke
from node.engine.views import status
from protocol.bodies import STATEMENT_OBJECT, half_object
from protocol.keys import MemberId
from simulations.pump import HOUR_MS, START_MS, Pump

DAY_MS = 24 * HOUR_MS
MINUTE_MS = 60 * 1000
BOOT_MS = 77_000
"""What the counter happens to say at first."""
ANA, BOB, CLEO = (MemberId(bytes([number]) * 32) for number in (1, 2, 3))


class Computer:
    """A wall clock that can be set, a counter that cannot, and the watch over both."""

    def __init__(self, noted_ms: int = START_MS, wall_ms: int = START_MS) -> None:
        self.wall_ms = wall_ms
        self.steady_ms = BOOT_MS
        self.watch = ClockWatch(noted_ms)

    def read(self) -> int:
        return self.watch.read(self.wall_ms, self.steady_ms)

    def wait(self, duration_ms: int) -> int:
        self.wall_ms += duration_ms
        self.steady_ms += duration_ms
        return self.read()

    def hear(self, friend: MemberId, time_ms: int) -> None:
        self.watch.hear(friend, time_ms, self.steady_ms)

    def reason(self) -> Json:
        state = self.watch.state()
        assert state["is_right"] is (state["reason"] is None)
        return state["reason"]


def settled() -> Computer:
    """A computer that has run for a while, its clock being right."""
    computer = Computer()
    computer.read()
    computer.wait(SETTLING_MS)
    computer.read()
    return computer


class TestJumps:
    """While it runs, the counter knows better."""

    @pytest.mark.parametrize("jump_ms", [DAY_MS, -DAY_MS, 400 * DAY_MS, -START_MS])
    def test_a_jump_is_not_believed_and_is_said(self, jump_ms: int) -> None:
        """Time goes on as if nothing had been; when the clock is back, all is well."""
        computer = settled()
        before_ms = computer.read()
        computer.wall_ms += jump_ms
        assert before_ms == computer.read()
        assert "jumped" == computer.reason()
        assert not computer.watch.is_sure
        assert before_ms + HOUR_MS == computer.wait(HOUR_MS)
        computer.wall_ms -= jump_ms

        assert before_ms + 2 * HOUR_MS == computer.wait(HOUR_MS)
        assert computer.reason() is None
        assert computer.watch.is_sure

    @pytest.mark.parametrize("step_ms", [TOLERANCE_MS, -TOLERANCE_MS, 1, -1])
    def test_a_small_correction_is_taken(self, step_ms: int) -> None:
        """Clocks are set by the network now and then."""
        computer = settled()
        computer.wall_ms += step_ms

        assert computer.wall_ms == computer.read()
        assert computer.reason() is None

    def test_a_sleep_is_no_jump(self) -> None:
        """The counter counts while the computer sleeps."""
        computer = settled()

        assert computer.wall_ms + 9 * HOUR_MS == computer.wait(9 * HOUR_MS)
        assert computer.reason() is None

    def test_what_the_clock_says_and_should_say(self) -> None:
        """Both are shown."""
        computer = settled()
        computer.wall_ms += DAY_MS
        computer.read()

        assert {
            "is_right": False,
            "reason": "jumped",
            "says": "2027-01-16T08:10:00Z",
            "should_say": "2027-01-15T08:10:00Z",
        } == computer.watch.state()

    def test_a_counter_that_falls_back_does_no_harm(self) -> None:
        """A broken one, or a virtual machine moved to another computer."""
        computer = settled()
        before_ms = computer.read()
        computer.steady_ms -= HOUR_MS

        assert before_ms == computer.read()


class TestStart:
    """Nobody knows how long the computer was off."""

    def test_a_time_ahead_is_believed(self) -> None:
        """It was off for three weeks."""
        computer = Computer(START_MS, START_MS + 21 * DAY_MS)

        assert computer.wall_ms == computer.read()
        assert computer.reason() is None

    @pytest.mark.parametrize("wall_ms", [0, START_MS - DAY_MS])
    def test_a_time_behind_what_was_noted_is_not(self, wall_ms: int) -> None:
        """No battery: 1970; or somebody turned it back while the node was off."""
        computer = Computer(START_MS, wall_ms)

        assert START_MS == computer.read()
        assert START_MS + HOUR_MS == computer.wait(HOUR_MS)
        assert "jumped" == computer.reason()

    def test_the_time_comes_from_the_network_later(self) -> None:
        """As soon as it does, it is believed, however late."""
        computer = Computer(START_MS, 0)
        computer.read()
        computer.wait(HOUR_MS)
        computer.wall_ms = START_MS + 3 * DAY_MS

        assert computer.wall_ms == computer.read()
        assert computer.reason() is None

    def test_a_computer_that_remembers_when_it_was_switched_off(self) -> None:
        """It starts with that time, and takes the right one within ten minutes: no alarm."""
        computer = Computer()
        computer.read()
        computer.wait(MINUTE_MS)
        computer.wall_ms += 8 * DAY_MS

        assert computer.wall_ms == computer.read()
        assert computer.reason() is None

    def test_before_anything_was_noted_the_program_s_own_age_counts(self) -> None:
        """A new node on a computer without a battery."""
        computer = Computer(0, 5000)

        assert EARLIEST_MS == computer.read()
        assert "jumped" == computer.reason()

    def test_the_time_is_noted_now_and_then(self) -> None:
        """Along with something else; the caller writes it."""
        computer = Computer(START_MS, START_MS)
        computer.read()
        assert not computer.watch.is_to_be_noted()
        noted_ms = computer.wait(10 * MINUTE_MS)
        assert computer.watch.is_to_be_noted()
        computer.watch.noted_ms = noted_ms

        assert not computer.watch.is_to_be_noted()


class TestFriends:
    """They confirm a clock; they never set it. Spec §17.6."""

    def test_most_friends_confirm_a_clock_that_was_in_doubt(self) -> None:
        """The clock was wrong before, and was put right."""
        computer = settled()
        computer.wall_ms += DAY_MS
        computer.read()
        computer.hear(ANA, computer.wall_ms + MINUTE_MS)
        computer.hear(BOB, computer.wall_ms - MINUTE_MS)
        computer.hear(CLEO, computer.wall_ms - DAY_MS)

        assert computer.wall_ms == computer.read()
        assert computer.reason() is None

    def test_friends_who_say_the_same_as_the_watch_end_the_trust_of_the_first_minutes(self) -> None:
        """A jump ahead just after the start is in doubt then."""
        computer = Computer()
        before_ms = computer.read()
        computer.hear(ANA, before_ms)
        computer.wall_ms += DAY_MS

        assert before_ms == computer.read()
        assert "jumped" == computer.reason()

    @pytest.mark.parametrize("apart_ms", [DAY_MS, -DAY_MS, TOLERANCE_MS + 1])
    def test_most_friends_have_another_time(self, apart_ms: int) -> None:
        """It is said; the time is not touched, for they may all be wrong, or lie."""
        computer = settled()
        before_ms = computer.read()
        computer.hear(ANA, before_ms + apart_ms)
        computer.hear(BOB, before_ms + apart_ms)
        computer.hear(CLEO, before_ms)

        assert before_ms == computer.read()
        assert "friends-differ" == computer.reason()
        assert not computer.watch.is_sure
        computer.watch.forget(BOB)
        assert computer.reason() is None, "one of two is not most of them"

    def test_a_liar_among_others_changes_nothing(self) -> None:
        """Nor does one who is the only one: it is said, and that is all."""
        computer = settled()
        before_ms = computer.read()
        computer.hear(ANA, 0)
        assert before_ms + HOUR_MS == computer.wait(HOUR_MS)
        assert "friends-differ" == computer.reason()
        computer.hear(BOB, before_ms + HOUR_MS)
        computer.hear(CLEO, before_ms + HOUR_MS)

        assert computer.reason() is None

    def test_who_has_told_the_time_once_is_known_to_have_it_later(self) -> None:
        """By the counter."""
        computer = settled()
        computer.hear(ANA, computer.read())
        computer.wait(30 * DAY_MS)

        assert computer.reason() is None


# --- stories -----------------------------------------------------------------------------


class Town(Pump):
    """Members whose time goes through a watch, as in a node; ``ahead_ms`` are their clocks."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead_ms: dict[str, int] = {}
        self.watches: dict[str, ClockWatch] = {}

    def watch(self, name: str) -> ClockWatch:
        """The present watch; a restart makes another, from what was noted."""
        if name not in self.watches:
            self.watches[name] = self.core(name).clock = ClockWatch(self.now_ms)
        return self.watches[name]

    def handle(self, name: str, event: Event) -> list[Effect]:
        true_ms = self.now_ms
        wall_ms = true_ms + self.ahead_ms.get(name, 0)
        self.now_ms = self.watch(name).read(wall_ms, true_ms - START_MS)
        try:
            return super().handle(name, event)
        finally:
            self.now_ms = true_ms

    def set_clock(self, name: str, ahead_ms: int) -> None:
        self.ahead_ms[name] = ahead_ms
        self.handle(name, Woke())
        self.run()


def open_town() -> Town:
    """A line of four. A shares a ladder, D a drum; C has taken its tent back."""
    town = Town()
    town.settle("ABCD", "AB", "BC", "CD")
    for name, title in (("A", "ladder"), ("D", "drum"), ("C", "tent")):
        answer = town.command(name, AddThing(title, circles=3))
        assert isinstance(answer, dict)
        thing = str(answer["thing"])
    town.advance(HOUR_MS)
    assert isinstance(town.command("C", WithdrawThing(thing)), dict)
    for name in "ABCD":
        town.handle(name, Woke())
    return town


def seen(town: Town) -> dict[str, list[str]]:
    return {name: town.sees(name) for name in town.running()}


ALL = {"A": ["drum"], "B": ["drum", "ladder"], "C": ["drum", "ladder"], "D": ["ladder"]}


class TestStories:
    """B lies in the middle, and its clock is wrong."""

    @pytest.mark.parametrize("ahead_ms", [DAY_MS, -DAY_MS, 70 * DAY_MS, -70 * DAY_MS])
    def test_a_clock_goes_wrong_and_right_again(self, ahead_ms: int) -> None:
        """Nothing is lost, nothing comes back, nothing is refused, for weeks on end."""
        town = open_town()
        for wrong_ms in (ahead_ms, 0, ahead_ms, 0):
            town.set_clock("B", wrong_ms)
            is_right = wrong_ms == 0
            assert is_right is clock_of(town, "B")["is_right"]
            assert seen(town) == ALL
            town.advance(20 * DAY_MS)
            assert seen(town) == ALL

        assert [] == town.rejects

    @pytest.mark.parametrize("ahead_ms", [DAY_MS, -DAY_MS])
    def test_leases_end_when_they_do_whatever_the_clock_says(self, ahead_ms: int) -> None:
        """A's node is off for good: its ladder goes on the day it should, not a day off."""
        town = open_town()
        town.stop("A")
        half = town.core("B").current(town.member("A"), half_object(town.member("B")))
        assert half is not None
        town.advance(10 * DAY_MS)
        town.set_clock("B", ahead_ms)
        town.advance(half.not_after_ms - town.now_ms - 1)
        assert "ladder" in town.sees("B")
        town.advance(1)
        assert "ladder" not in town.sees("B")
        town.set_clock("B", 0)
        town.advance(DAY_MS)

        assert "ladder" not in town.sees("B")

    def test_nothing_is_signed_with_a_time_to_come(self) -> None:
        """Others would refuse it."""
        town = open_town()
        town.set_clock("B", 3 * DAY_MS)
        town.advance(8 * DAY_MS)
        half = town.core("A").current(town.member("B"), half_object(town.member("A")))

        assert half is not None
        assert START_MS < half.created_ms <= town.now_ms

    @pytest.mark.parametrize("off_days", [0, 3])
    def test_a_start_in_1970(self, off_days: int) -> None:
        """No battery: the node goes on from when it was last sure, until the time is known."""
        town = open_town()
        town.watches["B"].noted_ms = noted_ms = town.now_ms
        town.stop("B")
        town.advance(off_days * DAY_MS)
        restart(town, "B", noted_ms, ahead_ms=-town.now_ms)
        assert "jumped" == clock_of(town, "B")["reason"]
        assert seen(town) == ALL
        town.set_clock("B", 0)
        town.link_all()
        town.advance(DAY_MS)

        assert clock_of(town, "B")["is_right"]
        assert seen(town) == ALL

    def test_what_ended_stays_ended_over_a_start_in_1970(self) -> None:
        """The withdrawn tent, and the things of a friend whose lease ended long ago."""
        town = open_town()
        town.stop("A")
        town.advance(40 * DAY_MS)
        town.stop("B")
        restart(town, "B", town.now_ms, ahead_ms=-town.now_ms)
        town.advance(DAY_MS)

        assert ["drum"] == town.sees("B")

    def test_a_start_two_months_ahead_heals_when_the_clock_is_put_back(self) -> None:
        """Believed, for it may have been off. What it let go of comes back with its friends."""
        town = open_town()
        noted_ms = town.now_ms
        town.stop("B")
        restart(town, "B", noted_ms, ahead_ms=61 * DAY_MS)
        town.advance(1)
        assert [] == town.sees("B")
        watch = town.watch("B")
        for friend in "AC":
            watch.hear(town.member(friend), town.now_ms, town.now_ms - START_MS)
        assert "friends-differ" == clock_of(town, "B")["reason"]
        town.set_clock("B", 0)
        town.link_all()
        town.advance(DAY_MS)

        assert clock_of(town, "B")["is_right"]
        assert seen(town) == ALL
        statement = town.core("B").current(town.member("B"), STATEMENT_OBJECT)
        assert statement is not None
        assert statement.created_ms <= town.now_ms


def clock_of(town: Town, name: str) -> dict[str, Json]:
    clock = status(town.core(name))["clock"]
    assert isinstance(clock, dict)
    return dict(clock)


def restart(town: Town, name: str, noted_ms: int, *, ahead_ms: int) -> None:
    """Start a node on a computer whose clock is wrong by ``ahead_ms``."""
    town.ahead_ms[name] = ahead_ms
    true_ms, town.now_ms = town.now_ms, town.now_ms + ahead_ms
    town.start(name)
    town.now_ms = true_ms
    town.watches[name] = town.core(name).clock = ClockWatch(noted_ms)
    town.handle(name, Woke())
    town.run()
