"""Who shares nothing any more: circles close slowly, and one share opens all (spec §12.5, R5)."""

from __future__ import annotations

import pytest

from node.engine import sharing, views
from node.engine.commands import (
    AnswerLoan,
    Ask,
    GiveBack,
    HandOver,
    Rate,
    Recommend,
    Validate,
    WithdrawThing,
)
from protocol.errors import Refused
from simulations.street import DAY, DAY_MS, TODAY, Street, street

QUARTER_MS = 91 * DAY_MS


def home(members: int = 3, **rules: int) -> Street:
    """Friends 0-1-2 in a row, whose friendships need no renewal, and no grace but the shortest."""
    rules = {"friendship_lease_ms": 365 * DAY_MS, "sharing_grace_ms": DAY_MS} | rules
    return street(members, edges=None, circle_2_exchanges=1, **rules)


def circles(made: Street, member: int, viewer: int | None = None) -> int:
    core = made.core(member if viewer is None else viewer)
    return sharing.circles(core, made.id(member))


def asked(thing: str, made: Street) -> Ask:
    start = made.now_ms // 60_000 // DAY * DAY + DAY
    return Ask(thing, start, start + DAY, "")


def test_circles_close_one_a_quarter_and_one_share_opens_all_of_them_again() -> None:
    made = home()
    assert circles(made, 2) == 3
    made.pass_time(2 * DAY_MS)
    assert [circles(made, 2), circles(made, 2, viewer=1)] == [2, 2]
    made.pass_time(QUARTER_MS)
    assert [circles(made, 2), circles(made, 2, viewer=1)] == [1, 1]
    made.pass_time(QUARTER_MS)
    assert circles(made, 2) == 1, "friends can always be asked"

    made.share(2, circles=1)
    assert [circles(made, 2), circles(made, 2, viewer=1)] == [3, 3]


def test_a_friend_can_be_asked_and_beyond_it_is_said_kindly_what_opens_it() -> None:
    made = home(sharing_closing_ms=0)
    made.lend(1, 2, made.share(1))
    near, far = made.share(1), made.share(0)
    made.pass_time(2 * DAY_MS)

    assert made.run(2, asked(near, made))["loan"]
    with pytest.raises(Refused) as caught:
        made.run(2, asked(far, made))
    assert (caught.value.code, caught.value.values) == ("sharing-closed", {"circles": 1})
    assert views.trust(made.core(2))["circles_by_sharing"] == 1


def test_what_was_listed_counts_for_a_year_after_it_was_withdrawn() -> None:
    made = home()
    thing = made.share(2)
    made.pass_time(10 * DAY_MS)
    made.run(2, WithdrawThing(thing))
    made.pass_time(300 * DAY_MS)
    assert [circles(made, 2), circles(made, 2, viewer=1)] == [3, 3]
    made.pass_time(70 * DAY_MS)

    assert [circles(made, 2), circles(made, 2, viewer=1)] == [2, 2]


def test_a_recommendation_that_ended_well_is_a_share() -> None:
    made = home(sharing_closing_ms=0)
    made.lend(1, 2, made.share(1, circles=1))
    loan = made.ask(2, made.share(0))
    made.run(1, Recommend(loan, True))
    made.run(0, AnswerLoan(loan, "yes"))
    made.run(0, HandOver(loan))
    made.run(0, GiveBack(loan))
    made.run(0, Rate(loan, 1, 9))
    made.run(2, Rate(loan, 1, 9))
    by_word = made.core(1).charter.sharing_window_ms + (TODAY + 3) * DAY_MS

    assert sharing.until_ms(made.core(1), made.id(1)) == by_word


def test_two_friends_who_answer_for_somebody_waive_it_while_they_do() -> None:
    edges = [(0, 1), (1, 2), (0, 2), (2, 3)]
    made = street(4, edges=edges, sharing_grace_ms=DAY_MS, sharing_closing_ms=0)
    made.pass_time(2 * DAY_MS)
    made.run(0, Validate(made.id(2).hex()))
    assert circles(made, 2) == 1
    made.run(1, Validate(made.id(2).hex()))
    assert [circles(made, 2), circles(made, 2, viewer=0), circles(made, 2, viewer=1)] == [3] * 3
    made.run(1, Validate(made.id(2).hex(), holds=False))

    assert circles(made, 2) == 1


def test_friends_carry_somebody_for_a_year_and_not_for_another_by_saying_so_again() -> None:
    """Design 8.10: "two friends can waive a year"."""
    edges = [(0, 1), (1, 2), (0, 2), (2, 3)]
    rules = {"friendship_lease_ms": 365 * DAY_MS, "sharing_window_ms": 40 * DAY_MS}
    made = street(4, edges=edges, sharing_grace_ms=DAY_MS, sharing_closing_ms=0, **rules)
    for friend in (0, 1):
        made.run(friend, Validate(made.id(2).hex()))
    made.pass_time(40 * DAY_MS)
    assert [circles(made, 2), circles(made, 2, viewer=0)] == [3, 3]
    made.pass_time(2 * DAY_MS)
    assert [circles(made, 2), circles(made, 2, viewer=0)] == [1, 1]
    for friend in (0, 1):
        made.run(friend, Validate(made.id(2).hex(), holds=False))
        made.run(friend, Validate(made.id(2).hex()))
    assert [circles(made, 2), circles(made, 2, viewer=0)] == [1, 1]

    made.share(2)
    assert [circles(made, 2), circles(made, 2, viewer=0)] == [3, 3]


def test_in_a_house_without_grace_only_who_shares_can_ask() -> None:
    made = home(sharing_grace_ms=0)
    assert circles(made, 2) == 0
    thing = made.share(2)
    assert circles(made, 2) == 3
    made.run(2, WithdrawThing(thing))

    assert circles(made, 2) == 0
