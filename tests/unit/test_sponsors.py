"""Spec §9.7: seats are given one by one, come back, and are lost for a while."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.engine import sponsors, views
from node.engine.commands import AddThing, AnswerLoan, Ask, GiveBack, HandOver, Rate, Repaired
from node.trust.sponsors import GuestSeat, Sponsoring, sponsoring
from protocol.bodies import Fault
from protocol.charter import Charter
from protocol.errors import Refused
from simulations.pump import HOUR_MS, Pump

DAY_MS = 24 * HOUR_MS
YEAR_MS = 365 * DAY_MS
CHARTER = Charter()
NOW_MS = 10 * YEAR_MS


# --- one member's seats ------------------------------------------------------------------

guest_seats = st.builds(
    GuestSeat,
    given_ms=st.integers(0, NOW_MS),
    does_well=st.booleans(),
    fell_ms=st.none() | st.integers(0, NOW_MS),
)


@given(st.lists(guest_seats, max_size=12), st.integers(0, 3 * YEAR_MS))
def test_nobody_ever_answers_for_more_than_the_charter_says_and_what_came_back(
    seats: list[GuestSeat], later_ms: int
) -> None:
    state = sponsoring(CHARTER, seats, NOW_MS + later_ms)
    well = [s for s in seats if s.does_well and s.fell_ms is None]

    assert 0 <= state.seats_left <= CHARTER.sponsor_seats
    assert state.returned <= len(well)
    assert len(seats) - state.returned + state.seats_left <= max(
        len(seats) - state.returned, CHARTER.sponsor_seats
    )


@given(st.lists(guest_seats, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_seats_does_not_matter(seats: list[GuestSeat], random: object) -> None:
    shuffled = list(seats)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert sponsoring(CHARTER, seats, NOW_MS) == sponsoring(CHARTER, shuffled, NOW_MS)


def given_at(*days: int, does_well: bool = True, fell: int | None = None) -> list[GuestSeat]:
    fell_ms = None if fell is None else fell * DAY_MS
    return [GuestSeat(day * DAY_MS, does_well, fell_ms) for day in days]


@pytest.mark.parametrize(
    ("seats", "day", "expected"),
    [
        ([], 0, Sponsoring(6, 0)),
        (given_at(0, 0, 0, 0, 0, 0), 364, Sponsoring(0, 0)),
        (given_at(0, 0, 0, 0, 0, 0), 365, Sponsoring(1, 1)),
        (given_at(0, 0, 0, 0, 0, 0), 365 + 29, Sponsoring(1, 1)),
        (given_at(0, 0, 0, 0, 0, 0), 365 + 30, Sponsoring(2, 2)),
        (given_at(0, 100, 200), 365, Sponsoring(4, 1)),
        (given_at(0, 0, does_well=False), 400, Sponsoring(4, 0)),
        (given_at(0, fell=100), 100, Sponsoring(4, 0)),
        (given_at(0, fell=100), 279, Sponsoring(4, 0)),
        (given_at(0, fell=100), 280, Sponsoring(5, 0)),
        (given_at(0, fell=100) + given_at(0, fell=200), 201, Sponsoring(2, 0, 565 * DAY_MS)),
        (given_at(0, fell=100) + given_at(0, fell=200), 564, Sponsoring(4, 0, 565 * DAY_MS)),
        (given_at(0, fell=100) + given_at(0, fell=200), 565, Sponsoring(4, 0)),
        (given_at(0, fell=100) + given_at(300, fell=465), 466, Sponsoring(3, 0)),
    ],
)
def test_seats_by_the_day(seats: list[GuestSeat], day: int, expected: Sponsoring) -> None:
    assert expected == sponsoring(CHARTER, seats, day * DAY_MS)


# --- in a house --------------------------------------------------------------------------


def code(answer: object) -> str:
    assert isinstance(answer, Refused), answer
    return answer.code


def why_not(pump: Pump, name: str) -> str | None:
    reason = sponsors.why_no_seat(pump.core(name))
    return None if reason is None else reason.code


def house_of(size: int, charter: Charter) -> Pump:
    """A ring of friends, members since just now."""
    names = "ABCDEFGHIJKL"[:size]
    pump = Pump()
    pairs = [f"{one}{other}" for one, other in zip(names, names[1:] + names[0], strict=True)]
    pump.settle(names, *pairs, charter=charter)
    return pump


def test_in_a_small_house_whoever_is_a_member_co_opts() -> None:
    pump = house_of(5, CHARTER)

    assert why_not(pump, "C") is None


def test_in_a_larger_house_one_has_been_a_member_and_lent_before() -> None:
    charter = replace(CHARTER, sponsor_house_min=4, sponsor_exchanges=1)
    pump = house_of(5, charter)
    pump.add("Z")

    assert "sponsor-too-new" == why_not(pump, "C")
    assert "no-seats-left" == code(pump.join("C", "Z"))
    pump.advance(91 * DAY_MS)
    assert "sponsor-few-exchanges" == why_not(pump, "C")
    lend(pump, "C", "D", confiance=1)
    assert why_not(pump, "C") is None
    assert not isinstance(pump.join("C", "Z"), Refused)


def test_who_is_a_member_already_can_still_be_invited() -> None:
    """An invitation is a friendship first; the seat is for newcomers."""
    pump = house_of(5, replace(CHARTER, sponsor_house_min=0))

    assert "sponsor-too-new" == why_not(pump, "A")
    assert not isinstance(pump.join("A", "C"), Refused)


def lend(pump: Pump, holder: str, borrower: str, confiance: int) -> str:
    """A loan between two friends, from the request to both ratings."""
    for name in (holder, borrower):
        pump.command(name, AddThing(f"ladder of {name}", circles=1))
    listing = next(
        r for r in pump.core(borrower).visible_listings() if r.author == pump.member(holder)
    )
    pump.local_day = day = pump.now_ms // DAY_MS
    thing = f"{listing.object.hex()}@{pump.member(holder).hex()}"
    answer = pump.command(borrower, Ask(thing, day * 1440, (day + 1) * 1440))
    assert isinstance(answer, dict), answer
    loan = str(answer["loan"])
    for name, command in (
        (holder, AnswerLoan(loan, "yes")),
        (holder, HandOver(loan)),
        (holder, GiveBack(loan)),
        (holder, Rate(loan, confiance, 5, Fault.NONE if confiance else Fault.LATE)),
        (borrower, Rate(loan, 1, 5)),
    ):
        done = pump.command(name, command)
        assert not isinstance(done, Refused), (name, command, done)
    return loan


def test_a_guest_who_fails_costs_a_seat_until_it_is_made_good() -> None:
    """The sponsor is asked to help; how reliable the sponsor is does not change."""
    pump = Pump()
    pump.settle("ABC", "AB", "AC", "BC")
    pump.add("Z")
    for host in "BC":
        assert not isinstance(pump.join(host, "Z"), Refused)
    core = pump.core("C")
    before = views.sponsoring(core, str)
    assert (5, "answering") == (before["seats_left"], state_of_guest(pump, "C"))
    loan = lend(pump, "B", "Z", confiance=0)

    assert "fell" == state_of_guest(pump, "C")
    assert 4 == sponsors.state_of(core).seats_left
    assert views.trust(core)["is_reliable"]
    pump.start("C")
    pump.link_all()
    assert "fell" == state_of_guest(pump, "C")
    pump.command("B", Repaired(loan))
    assert "answering" == state_of_guest(pump, "C")
    assert 5 == sponsors.state_of(pump.core("C")).seats_left


def state_of_guest(pump: Pump, name: str) -> str:
    guests = views.sponsoring(pump.core(name), str)["guests"]
    assert isinstance(guests, list)
    (guest,) = guests
    assert isinstance(guest, dict)
    assert "Z" == guest["name"]
    return str(guest["state"])


def test_candidates_are_shown_with_who_answers_for_them() -> None:
    """Whether the two sponsors know each other is said, not enforced."""
    pump = Pump()
    pump.settle("ABCDE", "AB", "BC", "CD", "DE")
    for name in "YZ":
        pump.add(name)
    pump.join("A", "Z")
    rows = views.sponsoring(pump.core("A"), str)["candidates"]
    assert [("Z", 1, 2, ["A"], None)] == shown(rows)
    for name in "ABCD":
        pump.command(name, AddThing(f"ladder of {name}", circles=3))
    core = pump.core("E")

    assert sponsors.is_near(core, [pump.member("D")])
    assert sponsors.is_near(core, [pump.member("C")])
    assert not sponsors.is_near(core, [pump.member("A")])


def shown(rows: object) -> list[tuple[object, ...]]:
    assert isinstance(rows, list)
    keys = ("name", "seats", "needed", "sponsors", "near")
    return [tuple(row[key] for key in keys) for row in rows]
