"""One person, one account (spec §9.5, rule R7)."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.engine import contacts
from node.engine.commands import AcceptContact, AnswerLoan, Recommend, SetProfile
from node.engine.views.house import house_show
from node.identity import Identity, from_entropy
from protocol.errors import Refused
from protocol.keys import HouseId
from protocol.limits import CHANGE_PER_OBJECT_MIN_MS
from protocol.uniqueness import Contact, commitment, normal
from simulations.street import Street, street

VECTORS: Final = Path(__file__).parents[2] / "protocol" / "vectors" / "uniqueness.json"
CASES: Final[list[dict[str, Any]]] = json.loads(VECTORS.read_text("utf-8"))["cases"]
HOUSE: Final = HouseId(bytes(32))

Row = dict[str, str]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_vectors_hold(case: dict[str, Any]) -> None:
    house = HouseId(bytes.fromhex(case["input"]["house"]))
    contact, text = Contact(case["input"]["contact"]), case["input"]["text"]

    assert case["decoded"] == {
        "spelled": normal(contact, text),
        "commitment": commitment(house, contact, text).hex(),
    }


def test_the_vectors_are_what_their_script_makes() -> None:
    script = Path(__file__).parents[1] / "vectors" / "make_uniqueness.py"
    assert VECTORS.read_text("utf-8") == runpy.run_path(str(script))["build"]()


@given(st.sampled_from(Contact), st.text(max_size=40))
def test_a_spelling_is_spelled_as_itself(contact: Contact, text: str) -> None:
    assert normal(contact, normal(contact, text)) == normal(contact, text)


def test_a_member_commits_to_what_they_gave_at_setup() -> None:
    me = replace(from_entropy(bytes(16), "Ana", "fr"), email="Ana@example.org", phone="")

    assert (commitment(HOUSE, Contact.EMAIL, "ana@example.org"), b"") == me.commit(HOUSE)


def giving(email: str = "", phone: str = "") -> Callable[[HouseId], tuple[bytes, bytes]]:
    """Commitments as of a member, by a function that is quick."""

    def commit(house: HouseId) -> tuple[bytes, bytes]:
        return email.encode().ljust(32) if email else b"", phone.encode().ljust(
            32
        ) if phone else b""

    return commit


def say_contacts(town: Street, who: int, email: str = "", phone: str = "") -> None:
    core = town.core(who)
    core.config = replace(core.config, commit=giving(email, phone))
    if core.get_local("commitments") is not None:
        core.begin(town.now_ms)
        core.put_local("commitments", None)
    town.run(who, SetProfile(f"Member {who}", ("en",)))
    town.pass_time(CHANGE_PER_OBJECT_MIN_MS)  # a second change waits at go-betweens (§14.3)


def conflicts(town: Street, who: int) -> list[tuple[str, str, str]]:
    rows = cast(list[Row], house_show(town.core(who), lambda rule: rule.message)["conflicts"])
    return [(row["name"], row["other_name"], row["what"]) for row in rows]


@pytest.fixture
def three() -> Street:
    """0 - 1 - 2, all sharing; circle 2 is open to nobody by exchanges."""
    town = street(3, circle_2_exchanges=1)
    for number in range(3):
        town.share(number)
    return town


def test_whoever_sees_two_with_one_number_is_shown_both(three: Street) -> None:
    say_contacts(three, 0, phone="+331")
    say_contacts(three, 1, email="ben@example.org")
    say_contacts(three, 2, phone="+331")

    assert [("Member 2", "Member 0", "phone")] == conflicts(three, 0) == conflicts(three, 1)
    say_contacts(three, 2, phone="+332")
    assert [] == conflicts(three, 0) == conflicts(three, 1)


def test_the_second_asks_in_vain_until_they_correct_it(three: Street) -> None:
    three.lend(1, 2, three.share(1))
    say_contacts(three, 0, email="ana@example.org")
    say_contacts(three, 2, email="ana@example.org")
    loan = three.ask(2, three.share(0))

    with pytest.raises(Refused) as refusal:
        three.run(1, Recommend(loan, True))
    assert "borrower-not-unique" == refusal.value.code
    assert ("Member 2", "Member 0") == (refusal.value.values["name"], refusal.value.values["other"])

    say_contacts(three, 2, email="cleo@example.org")
    three.run(1, Recommend(loan, True))
    three.run(0, AnswerLoan(loan, "yes"))
    assert ["agreed"] * 3 == three.states(loan)


def test_the_first_is_not_hindered_by_who_comes_with_their_number(three: Street) -> None:
    """Also after a restart, and after a renewal of the first one's statement."""
    say_contacts(three, 1, phone="+331")
    say_contacts(three, 2, phone="+331")
    three.run(1, SetProfile("Ben", ("fr",)))
    for number in range(3):
        three.restart(number)

    assert [("Member 2", "Ben", "phone")] == conflicts(three, 0)
    loan = three.ask(1, three.share(0))
    three.run(0, AnswerLoan(loan, "yes"))
    assert "agreed" == three.states(loan)[0]


def test_an_owner_who_knows_both_lets_it_be(three: Street) -> None:
    """Couples share a number."""
    say_contacts(three, 1, phone="+331")
    say_contacts(three, 2, phone="+331")
    three.run(0, AcceptContact(three.id(2).hex()))

    assert [] == conflicts(three, 0)
    with pytest.raises(Refused) as refusal:
        three.run(0, AcceptContact(three.id(2).hex()))
    assert "no-conflict" == refusal.value.code
    three.restart(0)
    assert [] == conflicts(three, 0)


def test_a_family_that_gives_all_numbers_fills_no_disk(
    three: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement in a loop leaves nothing behind; notes are bounded."""
    monkeypatch.setattr(contacts, "CONFLICTS_MAX", 3)
    core = three.core(0)
    for number in range(20):
        say_contacts(three, 1, email=f"m{number}@example.org")
        say_contacts(three, 2, email=f"m{number}@example.org")
    note = core.get_local("contact first")

    assert isinstance(note, tuple)
    assert 3 >= len(note)
    assert 1 == len(core.contact_holders)
    assert [("Member 2", "Member 1", "e-mail")] == conflicts(three, 0)


def test_commitments_are_made_once_a_house(three: Street) -> None:
    made = []

    def commit(house: HouseId) -> tuple[bytes, bytes]:
        made.append(house)
        return b"e" * 32, b""

    core = three.core(0)
    core.config = replace(core.config, commit=commit)
    for language in ("fr", "es", "en"):
        three.run(0, SetProfile("Ana", (language,)))

    assert [core.house] == made


def test_identities_commit_to_nothing_that_was_not_given() -> None:
    me: Identity = from_entropy(bytes(16), "Ana", "fr")

    assert (b"", b"") == me.commit(HOUSE)
