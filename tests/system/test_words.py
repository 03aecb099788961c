"""Three homes of real processes: a friend's word opens a circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.town import become_member, days_ahead, join, part, wait_state

if TYPE_CHECKING:
    from tests.system.conftest import House, Street

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]


@pytest.fixture
def three(street: Street) -> tuple[House, House, House]:
    """Ana and Ben are friends, Ben and Cleo; all are members and share something."""
    ana, ben, cleo = street.open("Ana"), street.open("Ben", "fr"), street.open("Cleo", "es")
    ana.openhouse("house", "found", "Les Lilas")
    join(street, ben, ana)
    join(street, cleo, ben)
    join(street, cleo, ana)
    become_member(street, cleo)
    part(street, ana, cleo)
    for house in (ben, cleo):
        house.openhouse("things", "add", "Book")
    ana.openhouse("things", "add", "Guitar", "--circles", "2")
    street.wait("Cleo sees the guitar", True, lambda: "Guitar" in cleo.seen())
    return ana, ben, cleo


def test_a_word_opens_the_circle_once_and_a_validation_each_time(
    three: tuple[House, House, House], street: Street
) -> None:
    ana, ben, cleo = three
    guitar = cleo.listing("Guitar")
    assert (guitar["can_ask"], guitar["can_ask_on_word"]) == (False, True)
    thing, first = guitar["thing"], days_ahead(1, 3)
    assert "circle-closed" == cleo.refusal("ask", thing, *first).code

    loan = cleo.openhouse("ask", thing, *first, "--on-word", "--via", ben.member)["loan"]
    wait_state(street, ben, loan, "asked")
    assert ana.state_of(loan) is None
    ben.openhouse("recommend", loan, "yes")
    wait_state(street, ana, loan, "asked")
    ana.openhouse("answer", loan, "yes")
    wait_state(street, cleo, loan, "agreed")

    ben.openhouse("friends", "capacity", cleo.member, "3")
    assert ben.openhouse("pass-on", "2") == {"pass_on_from": 2}
    assert ben.openhouse("friends", "rule", cleo.member, "never")["rule"] == "never"
    ana.openhouse("friends", "capacity", ben.member, "3")
    assert ben.openhouse("validate", cleo.member)["validates"] is True
    street.wait("the circle is open", True, lambda: cleo.listing("Guitar")["can_ask"])
    validated_by = ana.openhouse("trust", cleo.member)["validated_by"]
    assert ["Ben"] == [each["name"] for each in validated_by]
    loan = cleo.openhouse("ask", thing, *days_ahead(10, 12))["loan"]
    wait_state(street, ana, loan, "asked")

    ben.openhouse("validate", cleo.member, "--end")
    street.wait("it is shut again", False, lambda: cleo.listing("Guitar")["can_ask"])
    assert {} == ana.rejects() == ben.rejects() == cleo.rejects()
