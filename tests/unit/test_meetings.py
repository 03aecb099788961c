"""Two who met, and what a sponsor checked then; sponsors are told of a conflict.

Spec: §9.5, §17.8, rule R7.
"""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from node.engine import contacts
from node.engine.commands import CheckContacts, Command, EndFriendship, NoteMeeting
from node.engine.events import Json
from node.engine.meetings import checks_of, sponsors_of
from node.notices.facts import facts
from node.transport.pairing import PairingDesk
from node.wording.conflict_sentences import met_sentences, what_to_do
from protocol.bodies import Kind, SeatBody, StatementBody, seat_object
from protocol.encoding import encode
from protocol.errors import Refused
from protocol.pairing import Home, Pairing, meeting_message
from simulations.street import DAY_MS, Row, Street, street

PHONE, MAIL = b"p" * 32, b"m" * 32


def refusal(town: Street, number: int, command: Command) -> str:
    with pytest.raises(Refused) as refused:
        town.run(number, command)
    return refused.value.code


def state_contacts(town: Street, who: int, email: bytes = b"", phone: bytes = b"") -> None:
    """A member's home commits to what it gives."""
    core = town.core(who)
    core.begin(town.now_ms)
    own = next(record for record in core.mine(Kind.STATEMENT))
    said = own.body
    assert isinstance(said, StatementBody)
    body = StatementBody(said.name, said.languages, said.link_key, email, phone)
    core.publish(body, own.object, DAY_MS * 60)
    town.reconnect()
    town.pass_time(20_000)


def meet(town: Street, one: int, other: int) -> None:
    """What two homes note when their people compared six digits."""
    town.run(one, NoteMeeting(town.id(other).hex()))
    town.run(other, NoteMeeting(town.id(one).hex()))


@pytest.fixture
def three() -> Street:
    """0, 1 and 2 are friends; 0 and 1 founded the house, and both answer for 2."""
    town = street(3, edges=[(0, 1), (0, 2), (1, 2)])
    for number in range(3):
        town.share(number)
    sponsor = sponsors_of(town.core(2), town.id(2))
    assert sponsor == sorted([town.id(0), town.id(1)])
    return town


class TestCheck:
    def test_a_sponsor_who_met_the_guest_says_so_and_friends_read_it(self, three: Street) -> None:
        state_contacts(three, 2, MAIL, PHONE)
        meet(three, 0, 2)
        three.run(0, CheckContacts(three.id(2).hex(), phone=PHONE))

        for viewer in range(3):
            checks = cast(list[Row], checks_of(three.core(viewer), three.id(2)))
            assert met_sentences(checks, "Zoé", lambda text: text) == [
                "Member 0 met Zoé and checked the phone number."
            ]
        three.run(0, CheckContacts(three.id(2).hex(), email=MAIL))
        checks = cast(list[Row], checks_of(three.core(1), three.id(2)))
        assert [(each["email"], each["phone"]) for each in checks] == [(True, True)]

    def test_what_was_typed_must_be_what_the_guest_committed_to(self, three: Street) -> None:
        state_contacts(three, 2, MAIL, PHONE)
        meet(three, 0, 2)

        for wrong in (CheckContacts(three.id(2).hex(), phone=MAIL),
                      CheckContacts(three.id(2).hex(), email=PHONE)):  # fmt: skip
            assert refusal(three, 0, wrong) == "contact-differs"
        assert refusal(three, 0, CheckContacts(three.id(2).hex())) == "nothing-checked"

    def test_it_takes_a_meeting_of_the_last_day(self, three: Street) -> None:
        state_contacts(three, 2, phone=PHONE)
        check = CheckContacts(three.id(2).hex(), phone=PHONE)
        assert refusal(three, 0, check) == "not-met"
        meet(three, 0, 2)
        three.pass_time(DAY_MS + 1)

        assert refusal(three, 0, check) == "not-met"

    def test_only_who_answers_for_somebody_can(self, three: Street) -> None:
        state_contacts(three, 0, phone=PHONE)
        meet(three, 0, 2)

        assert refusal(three, 2, CheckContacts(three.id(0).hex(), phone=PHONE)) == "no-seat-of-mine"
        three.run(0, EndFriendship(three.id(2).hex()))
        assert refusal(three, 0, NoteMeeting(three.id(2).hex())) == "not-a-friend"

    def test_another_number_later_was_never_checked(self, three: Street) -> None:
        state_contacts(three, 2, phone=PHONE)
        meet(three, 0, 2)
        three.run(0, CheckContacts(three.id(2).hex(), phone=PHONE))
        state_contacts(three, 2, phone=MAIL)

        assert checks_of(three.core(1), three.id(2)) == []

    def test_a_seat_that_the_guest_gives_itself_checks_nothing(self, three: Street) -> None:
        """Nor one by somebody who is no member: the program that signs it follows no rules."""
        state_contacts(three, 2, phone=PHONE)
        core = three.core(2)
        core.begin(three.now_ms)
        own = SeatBody(three.id(2), b"", PHONE)
        core.publish(own, seat_object(three.id(2)), DAY_MS * 300)
        three.reconnect()

        assert checks_of(three.core(1), three.id(2)) == []


class TestConflict:
    def conflict(self, town: Street, viewer: int) -> Row:
        (row,) = cast(list[Row], contacts.view(town.core(viewer)))
        return row

    def test_both_sponsors_are_told_with_what_to_do_and_with_whom(self, three: Street) -> None:
        state_contacts(three, 1, phone=PHONE)
        state_contacts(three, 2, phone=PHONE)
        row = self.conflict(three, 0)

        assert (row["name"], row["other_name"], row["is_mine"]) == ("Member 2", "Member 1", True)
        assert what_to_do(row, lambda text: text) == (
            "You answer for Member 2 in this house: meet them, compare the six digits (befriend), "
            "and say what you checked. Speak with Member 1 too, who answer for them."
        )
        for viewer in (0, 1):
            rows = cast(list[Row], contacts.view(three.core(viewer)))
            told = facts([], [], three.id(viewer).hex(), 0, rows)
            assert "conflict" in [fact.says for fact in told]
            assert {"other": "Member 2"} in [fact.values for fact in told]
        rows = cast(list[Row], contacts.view(three.core(2)))
        assert [] == [
            fact
            for fact in facts([], [], three.id(2).hex(), 0, rows)
            if fact.values == {"other": "Member 2"}
        ]

    def test_a_check_by_a_sponsor_settles_it_where_the_seat_is_seen(self, three: Street) -> None:
        state_contacts(three, 1, phone=PHONE)
        state_contacts(three, 2, phone=PHONE)
        assert contacts.who_was_first(three.core(1), three.id(2)) == three.id(1)
        meet(three, 0, 2)
        three.run(0, CheckContacts(three.id(2).hex(), phone=PHONE))

        for viewer in range(3):
            assert contacts.who_was_first(three.core(viewer), three.id(2)) is None


class TestProof:
    """Two friends whose codes are the same: each home shows whose it is. Spec §17.8."""

    def met(self, town: Street, *, prover: int, said_to: int = 0) -> tuple[Pairing, list[Command]]:
        """What 0's home makes of a proof, by ``prover`` for ``said_to``, that it is 2's."""
        commands: list[Command] = []

        class Host:
            core = town.core(0)

            async def command(self, command: Command) -> Json:
                commands.append(command)
                return {}

        pairing = Pairing(True, b"h" * 32, bytes(32), "Member 0", code="123456")
        house = town.core(0).house
        assert house is not None
        pairing.confirm(Home(house, town.id(0)))
        pairing.theirs = Home(house, town.id(2))
        message = meeting_message(b"h" * 32, house, town.id(2), town.id(said_to))
        proof = town.core(prover).config.signer.sign(message)
        pairing.receive(encode([8, proof]))
        asyncio.run(PairingDesk(Host(), None)._meet(pairing))  # type: ignore[arg-type]
        assert pairing.has_proved
        return pairing, commands

    def test_the_friend_s_own_key_proves_it(self, three: Street) -> None:
        pairing, commands = self.met(three, prover=2)

        assert (pairing.over, commands) == ("met", [NoteMeeting(three.id(2).hex())])

    def test_whoever_only_says_that_they_are_a_friend_has_met_nobody(self, three: Street) -> None:
        pairing, commands = self.met(three, prover=1)
        assert (pairing.over, commands) == ("not-proved", [])

        # A proof that was meant for somebody else, handed on.
        pairing, commands = self.met(three, prover=2, said_to=1)
        assert (pairing.over, commands) == ("not-proved", [])
