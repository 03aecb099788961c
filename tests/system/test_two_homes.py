"""Two neighbours and what can go wrong between them: invitations and dates."""

from __future__ import annotations

import datetime
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.system.conftest import House, Street

pytestmark = [pytest.mark.system, pytest.mark.slow]


def founders(street: Street) -> tuple[House, House]:
    """Bruno and Farid, who founded a house together."""
    bruno, farid = street.open("Bruno"), street.open("Farid")
    bruno.openhouse("house", "found", "Rue des Lilas")
    link = bruno.openhouse("invite")["link"]
    joined = farid.openhouse("join", link)
    assert (joined["friend"], joined["standing"]) == (bruno.member, "member")
    street.wait("Bruno is a member", "member", lambda: bruno.get("/status")["standing"])
    return bruno, farid


def days(first: int, last: int) -> tuple[str, str, str, str]:
    """``--from`` and ``--to`` some days from today."""
    today = datetime.datetime.now().astimezone().date()
    start, end = (today + datetime.timedelta(days=number) for number in (first, last))
    return ("--from", start.isoformat(), "--to", end.isoformat())


# --- invitations -------------------------------------------------------------------------


def test_an_invitation_works_once_and_for_a_while(street: Street) -> None:
    bruno, farid = founders(street)
    ana = street.open("Ana", "fr")
    used = bruno.openhouse("invite")["link"]
    short = bruno.openhouse("invite", "--ttl", "1s")["link"]
    ana.openhouse("join", used)
    david = street.open("David")
    time.sleep(1.1)

    assert david.refusal("join", used).code == "invitation-used"
    assert david.refusal("join", short).code == "invitation-expired"
    assert david.refusal("join", used[:-3]).code == "link-malformed"
    assert ana.refusal("join", bruno.openhouse("invite")["link"]).code == "already-friends"
    assert ana.refusal("invite").code == "inviter-not-a-member"
    assert (david.get("/friends"), david.get("/status")["house"]) == ([], None)
    assert [f["name"] for f in bruno.get("/friends")] == ["Ana", "Farid"]
    assert [f["name"] for f in farid.get("/friends")] == ["Bruno"]


def test_an_inviter_who_is_off_is_named_as_the_reason_and_the_link_works_later(
    street: Street,
) -> None:
    bruno, _ = founders(street)
    link = bruno.openhouse("invite")["link"]
    ana = street.open("Ana")
    assert bruno.stop() == 0

    assert ana.refusal("join", link).code == "inviter-unreachable"
    bruno.start()
    assert ana.openhouse("join", link)["standing"] == "candidate"


def test_a_friendship_can_be_ended_and_taken_up_again(street: Street) -> None:
    bruno, farid = founders(street)
    bruno.openhouse("things", "add", "perceuse")
    street.wait("Farid sees the drill", ["perceuse"], lambda: list(farid.seen()))
    assert farid.openhouse("friends", "end", bruno.member)["member"] == bruno.member
    assert farid.seen() == {}
    street.wait("Bruno knows that it is over", [], lambda: bruno.get("/friends"))

    assert farid.refusal("friends", "end", bruno.member).code == "not-a-friend"
    farid.openhouse("join", bruno.openhouse("invite")["link"])
    street.wait("Farid sees the drill again", ["perceuse"], lambda: list(farid.seen()))


# --- dates and states --------------------------------------------------------------------


def test_dates_that_cannot_be_are_refused_and_a_loan_that_is_over_stays_so(
    street: Street,
) -> None:
    bruno, farid = founders(street)
    farid.openhouse("things", "add", "échelle")
    drill = bruno.openhouse("things", "add", "perceuse")["thing"]
    street.wait("Farid sees the drill", ["perceuse"], lambda: list(farid.seen()))

    assert farid.refusal("ask", drill, *days(-2, 1)).code == "dates-past"
    assert farid.refusal("ask", drill, *days(5, 3)).code == "end-before-start"
    assert farid.refusal("ask", drill, *days(3, 300)).code == "loan-too-long"
    assert farid.refusal("ask", drill, *days(4000, 4001)).code == "dates-too-far"
    assert bruno.refusal("ask", drill, *days(3, 5)).code == "own-thing"
    priced = ("--message", "Je te donne 15 €")
    assert farid.refusal("ask", drill, *days(3, 5), *priced).code == "states-a-price"
    assert farid.get("/loans") == []

    loan = farid.openhouse("ask", drill, *days(3, 5))["loan"]
    assert farid.refusal("ask", drill, *days(5, 6)).code == "asked-already"
    assert farid.refusal("answer", loan, "yes").code == "not-your-turn"
    assert farid.refusal("handover", loan).code == "not-in-this-state"
    assert farid.refusal("rate", loan, "--confiance", "1", "--respect", "9").code == "not-returned"
    street.wait("the request reaches Bruno", "asked", bruno.state_of, loan)
    assert bruno.refusal("recommend", loan, "yes").code == "only-for-between"
    assert bruno.openhouse("answer", loan, "yes")["state"] == "agreed"
    street.wait("Farid knows", "agreed", farid.state_of, loan)
    street.wait("the calendar shows it", 1, lambda: len(farid.listing("perceuse")["busy"]))
    assert farid.refusal("ask", drill, *days(5, 6)).code == "dates-taken"
    assert farid.openhouse("browse", *days(4, 4)) == []

    assert farid.openhouse("cancel", loan)["state"] == "cancelled"
    street.wait("Bruno knows", "cancelled", bruno.state_of, loan)
    for command in (("handover",), ("return",), ("cancel",)):
        assert bruno.refusal(*command, loan).code == "loan-closed"
    assert bruno.refusal("answer", loan, "no").code == "loan-closed"
    street.wait("the dates are free again", 0, lambda: len(farid.listing("perceuse")["busy"]))


def test_other_dates_are_proposed_and_agreed_to(street: Street) -> None:
    bruno, farid = founders(street)
    farid.openhouse("things", "add", "échelle")
    drill = bruno.openhouse("things", "add", "perceuse")["thing"]
    street.wait("Farid sees the drill", ["perceuse"], lambda: list(farid.seen()))
    loan = farid.openhouse("ask", drill, *days(3, 5), "--message", "Pour une étagère")["loan"]
    street.wait("the request reaches Bruno", "asked", bruno.state_of, loan)
    assert bruno.loan(loan)["message"] == "Pour une étagère"

    bruno.openhouse("answer", loan, "counter", *days(6, 8))
    street.wait("Farid sees the proposal", "countered", farid.state_of, loan)
    farid.openhouse("answer", loan, "yes")
    for house in (bruno, farid):
        street.wait(f"{house.name} sees it agreed", "agreed", house.state_of, loan)
        assert (house.loan(loan)["from"], house.loan(loan)["to"]) == days(6, 8)[1::2]
