"""Spec §9.6: the rules change when members sign the change, and everybody follows alike."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.engine import loan_book, proposals
from node.engine.amendments import AMENDMENT_LEASE_MS
from node.engine.commands import AddThing, AnswerLoan, ApproveChange, Ask, HandOver, ProposeChange
from node.engine.events import LinkId
from protocol import limits
from protocol.bodies import AmendmentBody, CharterBody, Kind, SeatBody, half_object, seat_object
from protocol.charter import Charter
from protocol.errors import Refused
from protocol.house import amendment_id, amendment_object
from protocol.keys import ObjectId
from protocol.messages import Records
from protocol.records import Record
from simulations.pump import HOUR_MS, Pump

DAY_MS = 24 * HOUR_MS
LINE = ("AB", "BC", "CD", "DE", "EF")
"""Two founders at one end, and somebody whom no circle of theirs reaches at the other."""


def town(names: str = "ABCDEF", *friendships: str, charter: Charter = Charter()) -> Pump:  # noqa: B008
    pump = Pump()
    pump.settle(names, *(friendships or LINE), charter=charter)
    return pump


def propose(pump: Pump, name: str, **numbers: int) -> str:
    answer = pump.command(name, ProposeChange(tuple(sorted(numbers.items()))))
    assert isinstance(answer, dict), answer
    return str(answer["proposal"])


def approve(pump: Pump, name: str, proposal: str) -> str:
    answer = pump.command(name, ApproveChange(proposal))
    return answer.code if isinstance(answer, Refused) else str(dict(answer)["state"])  # type: ignore[arg-type]


def change(pump: Pump, signers: str, **numbers: int) -> str:
    """Have these members change the rules."""
    proposal = propose(pump, signers[0], **numbers)
    for name in signers[1:]:
        approve(pump, name, proposal)
    return proposal


def charters(pump: Pump) -> list[Charter]:
    """Those in force on the nodes that run, each once."""
    found: list[Charter] = []
    for name in pump.running():
        if pump.core(name).charter not in found:
            found.append(pump.core(name).charter)
    return found


def body_of(pump: Pump, name: str, **numbers: int) -> AmendmentBody:
    rules = pump.core(name).rules
    assert rules is not None
    return AmendmentBody(rules.in_force.id, tuple(sorted(numbers.items())))


def signature(
    pump: Pump,
    name: str,
    body: AmendmentBody,
    sequence: int | None = None,
    created_ms: int | None = None,
) -> Record:
    """A signature under a change that its author's node knows nothing of."""
    house = next(pump.core(n).house for n in pump.running())
    assert house is not None
    return pump.sign(
        name,
        body,
        amendment_object(house, body),
        sequence=sequence,
        created_ms=created_ms,
        lease_ms=AMENDMENT_LEASE_MS,
    )


def give(pump: Pump, link: LinkId, *records: Record) -> None:
    pump.say(link, Records(tuple(record.envelope for record in records)))


class TestChanging:
    def test_three_members_with_a_founder_change_the_rules_of_everybody(self) -> None:
        """Also of those whom no circle joins to who signed: the house has one charter."""
        pump = town()
        proposal = propose(pump, "C", seats=2, capacity_max=5, open_requests_max=7)
        assert [Charter()] == charters(pump)
        assert "open" == approve(pump, "D", proposal)
        assert [Charter()] == charters(pump)
        assert "in_force" == approve(pump, "B", proposal[:8])

        assert [Charter(capacity_max=5, open_requests_max=7)] == charters(pump)
        rules = pump.core("F").rules
        assert rules is not None
        assert (2, 3) == (rules.in_force.number, len(rules.in_force.signers))

    def test_any_number_of_members_without_a_founder_change_nothing(self) -> None:
        """Two who act together can co-opt people who are not there: they would be a crowd."""
        pump = town()
        change(pump, "CDEF", capacity_max=5)

        assert [Charter()] == charters(pump)

    def test_founders_alone_change_nothing(self) -> None:
        pump = town()
        change(pump, "AB", capacity_max=5)

        assert [Charter()] == charters(pump)

    def test_a_version_is_changed_by_the_numbers_it_has_itself(self) -> None:
        pump = town()
        change(pump, "ABC", amendment_approvals=4, amendment_founders=0)
        proposal = propose(pump, "D", capacity_max=5)
        states = [approve(pump, name, proposal) for name in "EFC"]

        assert ["open", "open", "in_force"] == states
        expected = Charter(amendment_approvals=4, amendment_founders=0, capacity_max=5)
        assert [expected] == charters(pump)

    def test_who_joins_later_has_the_rules_with_the_welcome(self) -> None:
        """Even where the inviter's half lives longer than the first charter allowed."""
        pump = town()
        change(pump, "BCD", friendship_lease_ms=90 * DAY_MS, friendship_renewal_ms=20 * DAY_MS)
        pump.advance(21 * DAY_MS)
        pump.add("G")
        answer = pump.join("F", "G")

        assert not isinstance(answer, Refused), answer
        assert pump.core("F").charter == pump.core("G").charter != Charter()
        assert pump.core("G").is_live_friend(pump.member("F"))

    def test_what_nobody_can_change_is_refused_with_the_reason(self) -> None:
        pump = town()
        for numbers, code in (
            ({"seats": 3}, "charter-not-possible"),
            ({"capacity_max": 99}, "charter-not-possible"),
            ({"friendship_lease_ms": DAY_MS}, "charter-not-possible"),
            ({"capacity_max": 3}, "nothing-to-change"),
        ):
            answer = pump.command("C", ProposeChange(tuple(numbers.items())))
            assert isinstance(answer, Refused)
            assert code == answer.code

        assert "unknown-proposal" == approve(pump, "C", "0" * 64)
        proposal = propose(pump, "C", capacity_max=5)
        assert "amendment-signed" == approve(pump, "C", proposal)

    def test_candidates_sign_nothing(self) -> None:
        pump = town()
        proposal = propose(pump, "C", capacity_max=5)
        pump.add("G")
        pump.join("F", "G")

        assert "amendment-not-a-member" == approve(pump, "G", proposal)

    def test_the_change_is_shown_before_it_is_signed_and_to_whoever_looks_later(self) -> None:
        pump = town()
        proposal = propose(pump, "C", capacity_max=5)
        seen = {p.id.hex(): p for p in proposals.proposals(pump.core("F"))}

        assert (3, 5) == (seen[proposal].before.capacity_max, seen[proposal].after.capacity_max)
        assert not seen[proposal].is_agreed
        for name in "BD":
            approve(pump, name, proposal)
        assert [(proposal, True)] == [
            (p.id.hex(), p.is_agreed) for p in proposals.proposals(pump.core("F"))
        ]
        assert "in_force" == approve(pump, "E", proposal), "who stands for it too can say so"


class TestConverging:
    def test_of_two_changes_of_one_version_most_signatures_win_everywhere(self) -> None:
        pump = town("ABCDEFGH", "AB", "AC", "AD", "BE", "BF", "BG", "DH")
        pump.cut("A", "B")
        small = change(pump, "ACD", capacity_max=5)
        large = change(pump, "BEFG", capacity_max=7)
        assert 2 == len(charters(pump))
        pump.link_all()

        assert [Charter(capacity_max=7)] == charters(pump)
        assert small != large

    def test_of_two_with_as_many_signatures_the_smaller_id_wins(self) -> None:
        pump = town("ABCDEF", "AB", "AC", "AD", "BE", "BF")
        pump.cut("A", "B")
        ids = {change(pump, "ACD", capacity_max=5): 5, change(pump, "BEF", capacity_max=7): 7}
        pump.link_all()

        assert [Charter(capacity_max=ids[min(ids)])] == charters(pump)

    def test_what_was_built_on_the_losing_version_goes_with_it(self) -> None:
        pump = town("ABCDEFG", "AB", "AC", "AD", "BE", "BF", "BG")
        pump.cut("A", "B")
        change(pump, "ACD", capacity_max=5)
        change(pump, "ACD", open_requests_max=9)
        change(pump, "BEFG", capacity_max=7)
        pump.link_all()

        assert [Charter(capacity_max=7)] == charters(pump)

    def test_rules_survive_restarts(self) -> None:
        pump = town()
        change(pump, "BCD", max_circles=2, capacity_max=5)
        expected = charters(pump)
        for name in "ABCDEF":
            before = pump.core(name).counted
            pump.start(name)
            assert before == pump.core(name).counted
        pump.link_all()

        assert expected == charters(pump) == [Charter(max_circles=2, capacity_max=5)]

    @settings(max_examples=12, deadline=None)
    @given(st.data())
    def test_whatever_is_signed_in_whatever_parts_of_the_house_all_end_alike(
        self, data: st.DataObject
    ) -> None:
        pump = town("ABCDE", "AB", "BC", "CD", "DE", "EA")
        for _ in range(data.draw(st.integers(3, 14), "steps")):
            name = data.draw(st.sampled_from("ABCDE"), "who")
            match data.draw(st.sampled_from(("cut", "link", "propose", "approve", "restart"))):
                case "cut":
                    pump.cut(name)
                case "link":
                    pump.link_all()
                case "propose":
                    number = data.draw(st.integers(4, 6), "number")
                    pump.command(name, ProposeChange((("capacity_max", number),)))
                case "approve":
                    for proposal in proposals.proposals(pump.core(name)):
                        approve(pump, name, proposal.id.hex())
                case "restart":
                    pump.start(name)
        pump.link_all()

        assert 1 == len(charters(pump))
        first = pump.core("A").rules
        assert all(pump.core(name).rules == first for name in "ABCDE")


class TestReach:
    def test_things_come_and_go_with_the_number_of_circles(self) -> None:
        pump = town()
        pump.command("A", AddThing("ladder", circles=3))
        assert ["ladder"] == pump.sees("D")
        change(pump, "BCD", max_circles=2)
        assert ([], ["ladder"]) == (pump.sees("D"), pump.sees("C"))
        change(pump, "BCD", max_circles=4)
        assert ["ladder"] == pump.sees("D")
        pump.command("A", AddThing("guitar", circles=4))

        assert (["guitar"], ["guitar", "ladder"]) == (pump.sees("E"), pump.sees("D"))

    def test_a_shorter_lease_does_not_end_what_was_promised_for_longer(self) -> None:
        """Spec §5.4: a version that ends sooner would let its predecessor come back."""
        pump = town()
        until_ms = half_until(pump, "C", "D")
        change(pump, "BCD", friendship_lease_ms=2 * DAY_MS, friendship_renewal_ms=DAY_MS)
        pump.advance(DAY_MS + HOUR_MS)

        assert until_ms == half_until(pump, "C", "D")
        assert pump.core("D").is_live_friend(pump.member("C"))
        pump.advance(29 * DAY_MS)
        assert until_ms < half_until(pump, "C", "D") <= pump.now_ms + 2 * DAY_MS

    def test_a_loan_begun_under_other_rules_goes_on(self) -> None:
        pump = town("ABCD", "AB", "BC", "CD", charter=Charter(loan_lease_ms=20 * DAY_MS))
        pump.command("A", AddThing("ladder", circles=1))
        pump.command("B", AddThing("guitar", circles=1))
        (thing,) = (r.object.hex() for r in pump.core("B").visible_listings())
        pump.command("B", Ask(thing, 20_010 * 1440, 20_012 * 1440))
        loan = pump.core("A").of_kind(Kind.REQUEST)[0].body.loan  # type: ignore[union-attr]
        pump.cut("A", "B")
        change(pump, "BCD", loan_lease_ms=DAY_MS, rating_window_ms=DAY_MS)
        assert 2 == len(charters(pump))
        pump.command("A", AnswerLoan(loan.hex(), "yes"))
        pump.link_all()
        pump.command("B", HandOver(loan.hex()))

        assert 1 == len(charters(pump))
        assert {"handed_over"} == {state_of(pump, name, loan) for name in "AB"}


def state_of(pump: Pump, name: str, loan: ObjectId) -> str:
    state = loan_book.book_of(pump.core(name)).state_of(loan)
    assert state is not None
    return state.state.value


def half_until(pump: Pump, author: str, friend: str) -> int:
    record = pump.core(author).current(pump.member(author), half_object(pump.member(friend)))
    assert record is not None
    return record.not_after_ms


class TestAttacks:
    """What a friend's node gone bad can say; D plays it, C hears it."""

    def test_a_forged_signature_ends_the_link(self) -> None:
        pump = town()
        body = body_of(pump, "C", capacity_max=5)
        record = signature(pump, "A", body)
        link = pump.impersonate("D", "C")
        forged = bytearray(record.envelope)
        forged[-10] ^= 1
        pump.say(link, Records((bytes(forged),)))

        assert ("C", "bad-signature") in pump.rejects
        assert [] == pump.core("C").of_kind(Kind.AMENDMENT)

    def test_a_signature_under_another_text_does_not_count_for_this_one(self) -> None:
        pump = town()
        proposal = propose(pump, "C", capacity_max=5)
        approve(pump, "B", proposal)
        house = pump.core("C").house
        assert house is not None
        mine, other = body_of(pump, "C", capacity_max=5), body_of(pump, "C", capacity_max=6)
        link = pump.impersonate("D", "C")
        elsewhere = pump.sign("D", other, amendment_object(house, mine), lease_ms=DAY_MS)
        give(pump, link, elsewhere, signature(pump, "D", other))

        assert ("C", "not-yours") in pump.rejects
        assert Charter() == pump.core("C").charter
        assert 1 == len(pump.core("C").rules.open[other])  # type: ignore[union-attr]

    def test_nobody_who_is_no_member_is_counted_or_passed_on(self) -> None:
        pump = town()
        for name in "XY":
            pump.add(name)
        proposal = propose(pump, "C", capacity_max=5)
        approve(pump, "B", proposal)
        body = body_of(pump, "C", capacity_max=5)
        link = pump.impersonate("D", "C")
        seats = [
            pump.sign(one, _seat(pump, other), seat_object(pump.member(other)))
            for one, other in ("XY", "YX")
        ]
        give(pump, link, *seats, *(signature(pump, name, body) for name in "XY"))

        assert 2 + 2 == len(pump.core("C").of_kind(Kind.AMENDMENT))
        assert Charter() == pump.core("C").charter
        assert 2 == len(pump.core("B").of_kind(Kind.AMENDMENT))
        assert pump.is_open(link)

    def test_signatures_count_when_the_seats_come_later(self) -> None:
        """In whatever order: what is not proved yet is kept, and passed on when it is."""
        pump = town("ABCDG", "AB", "BC", "CD", "DG")
        body = body_of(pump, "C", capacity_max=5)
        seats = [r for r in pump.core("G").of_kind(Kind.SEAT) if r.body == _seat(pump, "G")]
        link = pump.impersonate("D", "C")
        give(pump, link, signature(pump, "G", body))
        assert [] == pump.core("B").of_kind(Kind.AMENDMENT)
        give(pump, link, *seats)

        assert 2 == len(seats)
        assert 1 == len(pump.core("A").of_kind(Kind.AMENDMENT))

    def test_the_founder_cannot_sign_another_first_charter(self) -> None:
        pump = town()
        held = pump.core("B").of_kind(Kind.CHARTER)[0]
        assert isinstance(held.body, CharterBody)
        link = pump.impersonate("A", "B")
        others = [
            replace(held.body, parameters=Charter(capacity_max=9).to_parameters()),
            replace(held.body, name="Rue des Roses"),
            replace(held.body, founders=(pump.member("A"), pump.member("C"))),
            replace(held.body, founders=(pump.member("A"),)),
        ]
        for body in others:
            give(pump, link, pump.sign("A", body, held.object, lease_ms=DAY_MS))

        assert 4 == len([r for r in pump.rejects if r[0] == "B"])
        assert held == pump.core("B").of_kind(Kind.CHARTER)[0]
        assert [Charter()] == charters(pump)

    def test_old_versions_cannot_be_replayed(self) -> None:
        pump = town()
        charter = pump.core("B").of_kind(Kind.CHARTER)[0]
        change(pump, "BCD", capacity_max=5)
        change(pump, "BCD", capacity_max=7)
        old = pump.core("C").of_kind(Kind.AMENDMENT)[:3]
        link = pump.impersonate("D", "C")
        give(pump, link, charter, *old)

        assert Charter(capacity_max=7) == pump.core("C").charter

    def test_signing_twice_at_one_version_changes_nothing(self) -> None:
        """There is one text for a register: the smaller id stands, and both say the same."""
        pump = town()
        proposal = propose(pump, "C", capacity_max=5)
        approve(pump, "B", proposal)
        body = body_of(pump, "C", capacity_max=5)
        one, two = (
            signature(pump, "D", body, sequence=10**9, created_ms=pump.now_ms - n) for n in (1, 2)
        )
        link = pump.impersonate("D", "C")
        give(pump, link, one, two)
        pump.start("D")
        give(pump, pump.impersonate("D", "E"), two, one)
        pump.start("D")
        pump.link_all()

        assert [Charter(capacity_max=5)] == charters(pump)

    def test_a_flood_by_a_member_is_bounded_and_hinders_no_agreement(self) -> None:
        pump = town()
        proposal = propose(pump, "C", capacity_max=5)
        approve(pump, "B", proposal)
        junk = [body_of(pump, "C", loan_lease_ms=DAY_MS + n) for n in range(30)]
        link = pump.impersonate("D", "C")
        give(pump, link, *(signature(pump, "D", body) for body in junk))

        mine = [r for r in pump.core("B").of_kind(Kind.AMENDMENT) if r.author == pump.member("D")]
        assert limits.AMENDMENTS_PER_MEMBER_MAX == len(mine)
        give(pump, link, signature(pump, "D", body_of(pump, "C", capacity_max=5)))
        assert Charter(capacity_max=5) == pump.core("B").charter

    def test_a_flood_by_nobody_is_bounded_by_who_brings_it(self) -> None:
        pump = town()
        body = body_of(pump, "C", capacity_max=5)
        strangers = [f"stranger {n}" for n in range(limits.AMENDMENTS_UNPROVED_MAX + 9)]
        for name in strangers:
            pump.add(name)
        link = pump.impersonate("D", "C")
        give(pump, link, *(signature(pump, name, body) for name in strangers))

        assert limits.AMENDMENTS_UNPROVED_MAX == len(pump.core("C").of_kind(Kind.AMENDMENT))
        assert [] == pump.core("B").of_kind(Kind.AMENDMENT)

    def test_a_rule_of_a_newer_program_is_passed_on_and_not_followed(self) -> None:
        pump = town()
        body = body_of(pump, "C", new_rule=1)
        link = pump.impersonate("D", "C")
        give(pump, link, *(signature(pump, name, body) for name in "ABD"))
        pump.start("D")
        pump.link_all()
        rules = pump.core("E").rules

        assert rules is not None
        assert rules.is_outdated
        assert [Charter()] == charters(pump)
        answer = pump.command("C", ProposeChange((("capacity_max", 5),)))
        assert isinstance(answer, Refused)
        assert "rules-outdated" == answer.code


def _seat(pump: Pump, candidate: str) -> SeatBody:
    return SeatBody(pump.member(candidate))


@pytest.mark.parametrize("signers", ["ABC", "CBA"])
def test_a_change_has_one_id_whoever_begins(signers: str) -> None:
    pump = town()
    first, *others = (propose(pump, name, capacity_max=5) for name in signers[:2])
    house = pump.core("A").house
    assert house is not None

    assert [first] == others
    assert first == amendment_id(house, body_of(pump, "A", capacity_max=5)).hex()
