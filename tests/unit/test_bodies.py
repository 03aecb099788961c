"""Spec §5.4 to §5.9: what bodies mean beyond their fields."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from hypothesis import given

from protocol.bodies import (
    LOAN_KINDS,
    STATEMENT_OBJECT,
    Fault,
    Kind,
    RatingBody,
    Terms,
    half_object,
    register_object,
    seat_object,
    step_object,
    withdrawal_object,
)
from protocol.keys import HouseId, MemberId, ObjectId, Signature
from simulations.strategies import terms

HOLDER, BORROWER = MemberId(b"h" * 32), MemberId(b"b" * 32)
LOAN, THING = ObjectId(b"l" * 16), ObjectId(b"t" * 16)
TERMS = Terms(HouseId(b"H" * 32), LOAN, THING, HOLDER, BORROWER, 1, 600, 660)
NONE = Signature(bytes(64))
RATING = RatingBody(TERMS, NONE, NONE, 1, 8, b"s" * 16)


def digest(domain: str, data: bytes) -> bytes:
    return hashlib.sha256(b"openhouse/1 " + domain.encode() + b"\0" + data).digest()


class TestTerms:
    """What both sides of a loan sign. Spec §5.8."""

    def test_the_digest_is_over_ids_and_numbers_of_eight_bytes(self) -> None:
        """The bytes of the spec, spelled by hand."""
        due, *numbers = (number.to_bytes(8, "big") for number in (1, 1, 600, 660))
        particulars = digest("contract", THING + b"".join(numbers))
        expected = b"H" * 32 + LOAN + HOLDER + BORROWER + due + particulars

        assert digest("signature contract", expected) == TERMS.digest()

    @given(terms(), terms())
    def test_other_terms_have_another_digest(self, one: Terms, other: Terms) -> None:
        """Nothing of the terms is left out."""
        assert (one == other) is (one.digest() == other.digest())

    def test_every_field_counts(self) -> None:
        """One field changed is another contract."""
        changed = [
            replace(TERMS, house=HouseId(bytes(32))),
            replace(TERMS, loan=THING),
            replace(TERMS, thing=LOAN),
            replace(TERMS, holder=BORROWER),
            replace(TERMS, borrower=HOLDER),
            replace(TERMS, round=2),
            replace(TERMS, from_minute=601),
            replace(TERMS, to_minute=661),
        ]

        assert len({terms.digest() for terms in (TERMS, *changed)}) == 9


class TestRating:
    """Blind first, then shown. Spec §5.9."""

    def test_each_party_rates_the_other(self) -> None:
        """The author is one party, the rated person the other."""
        assert BORROWER == RATING.subject(HOLDER)
        assert HOLDER == RATING.subject(BORROWER)

    def test_the_commitment_hides_numbers_behind_terms_author_and_salt(self) -> None:
        """The bytes of the spec, spelled by hand."""
        expected = digest("commitment", TERMS.digest() + HOLDER + b"\x01\x08\x00" + b"s" * 16)

        assert expected == RATING.commitment(HOLDER)

    def test_another_number_author_or_salt_is_another_commitment(self) -> None:
        """So the rater is bound by it."""
        commitments = {
            RATING.commitment(HOLDER),
            RATING.commitment(BORROWER),
            replace(RATING, confiance=0, fault=Fault.LATE).commitment(HOLDER),
            replace(RATING, confiance=0, fault=Fault.RUDE).commitment(HOLDER),
            replace(RATING, respect=7).commitment(HOLDER),
            replace(RATING, salt=bytes(16)).commitment(HOLDER),
        }

        assert len(commitments) == 6


class TestRegisters:
    """Registers named by what they are about. Spec §5.4."""

    def test_an_object_is_the_beginning_of_a_digest_over_kind_and_subject(self) -> None:
        """The bytes of the spec, spelled by hand."""
        rounds = (3).to_bytes(8, "big")

        assert digest("step", b"\x04" + HOLDER)[:16] == half_object(HOLDER)
        assert digest("step", b"\x03" + HOLDER)[:16] == seat_object(HOLDER)
        assert digest("step", b"\x06" + THING)[:16] == withdrawal_object(THING)
        assert digest("step", b"\x02")[:16] == STATEMENT_OBJECT
        assert digest("step", b"\x10" + LOAN + rounds)[:16] == step_object(Kind.REQUEST, LOAN, 3)
        assert digest("step", b"\x20" + LOAN)[:16] == register_object(Kind.RATING, LOAN)

    def test_different_subjects_have_different_registers(self) -> None:
        """No half can take a seat's place, no round another's."""
        objects = [
            half_object(HOLDER),
            half_object(BORROWER),
            seat_object(HOLDER),
            withdrawal_object(THING),
            *(step_object(kind, LOAN, round_) for kind in LOAN_KINDS for round_ in (0, 1)),
        ]

        assert len(set(objects)) == len(objects)
