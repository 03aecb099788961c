"""Evidence: the ratings a node holds, checked and sorted, from which it judges.

Every judgement of Open House is made from the viewer's place over the ratings that
reached it, and two nodes with the same ratings judge alike. So the evidence is a
value: its content depends only on the set of rating records, neither on their
order nor on who brought them. A rating counts when its author is a party to terms
that both parties signed; there is one for each loan and rater.

Pure: must not import anything that acts.

Spec: §12.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from protocol.bodies import EvidenceBody, RatedBody, RatingBody, RepairBody, RetractionBody
from protocol.exchange import contract_is_signed
from protocol.keys import MemberId, ObjectId
from protocol.mandates import Verify
from protocol.records import Record, supersedes


@dataclass(frozen=True, slots=True, order=True)
class Rating:
    """What one party of a loan said of the other.

    The order of fields is the order of ratings: by the end of the loan, which both
    parties signed, and not by a time that the rater alone states.

    Args:
        from_minute, to_minute: the loan's dates as calendar minutes.
        confiance: 0 or 1.
        respect: 0..10.
        is_repaired: whether the rater has said since that a 0 was made good.
    """

    to_minute: int
    from_minute: int
    loan: ObjectId
    rater: MemberId
    subject: MemberId
    holder: MemberId
    confiance: int
    respect: int
    is_repaired: bool = False


class Evidence:
    """Ratings by the person they are about, and by who gave them, in the order of ratings."""

    __slots__ = ("_about", "_by", "_lent_until", "_taken_back")

    def __init__(
        self,
        ratings: Iterable[Rating] = (),
        taken_back: Iterable[tuple[ObjectId, MemberId]] = (),
    ) -> None:
        self._taken_back = dict.fromkeys(taken_back)
        about: dict[MemberId, list[Rating]] = {}
        by: dict[MemberId, list[Rating]] = {}
        self._lent_until: dict[MemberId, int] = {}
        # Sorted, so that equal sets of ratings give equal evidence in every respect.
        for rating in sorted(ratings):
            about.setdefault(rating.subject, []).append(rating)
            by.setdefault(rating.rater, []).append(rating)
            self._lent_until[rating.holder] = rating.to_minute
        self._about = {subject: tuple(given) for subject, given in about.items()}
        self._by = {rater: tuple(given) for rater, given in by.items()}

    def about(self, subject: MemberId) -> tuple[Rating, ...]:
        """What others said of ``subject``, the loan that ended last at the end."""
        return self._about.get(subject, ())

    def is_taken_back(self, loan: ObjectId, rater: MemberId) -> bool:
        """Whether a party said how a loan went, and took it back."""
        return (loan, rater) in self._taken_back

    def by(self, rater: MemberId) -> tuple[Rating, ...]:
        """What ``rater`` said of others, the loan that ended last at the end."""
        return self._by.get(rater, ())

    def latest_about(self, subject: MemberId) -> dict[MemberId, Rating]:
        """By each distinct counterparty, its latest rating of ``subject``."""
        return {rating.rater: rating for rating in self.about(subject)}

    def lent_until_minute(self, holder: MemberId) -> int | None:
        """End of the last rated loan in which ``holder`` lent something."""
        return self._lent_until.get(holder)


def gather(records: Iterable[Record], verify: Verify) -> Evidence:
    """Make evidence of rating records; what does not count is left out.

    Args:
        records: opened ratings, repairs and retractions, their own signatures checked;
            other kinds are ignored.
        verify: checks the contract signatures inside (a node that has checked each
            on arrival passes one that remembers).
    """
    registers: dict[tuple[ObjectId, MemberId], Record] = {}
    repaired: dict[tuple[ObjectId, MemberId], None] = {}
    taken_back: dict[tuple[ObjectId, MemberId], None] = {}
    for record in records:
        body = record.body
        if not isinstance(body, RatedBody) or not counts(record, body, verify):
            continue
        key = (body.terms.loan, record.author)
        if isinstance(body, RepairBody):
            repaired[key] = None
        elif isinstance(body, RetractionBody):
            taken_back[key] = None
        elif isinstance(body, RatingBody) and supersedes(record, registers.get(key)):
            registers[key] = record
    return Evidence(
        (
            _rating(record, key in repaired)
            for key, record in registers.items()
            if key not in taken_back
        ),
        taken_back,
    )


def counts(record: Record, body: EvidenceBody, verify: Verify) -> bool:
    """Whether evidence may count: by a party, under a contract of both, of this house."""
    parties = body.terms if isinstance(body, RatedBody) else body
    return record.author in (parties.holder, parties.borrower) and contract_is_signed(
        body, record.house, verify
    )


def _rating(record: Record, has_repair: bool) -> Rating:
    body = record.body
    assert isinstance(body, RatingBody)
    return Rating(
        to_minute=body.terms.to_minute,
        from_minute=body.terms.from_minute,
        loan=body.terms.loan,
        rater=record.author,
        subject=body.subject(record.author),
        holder=body.terms.holder,
        confiance=body.confiance,
        respect=body.respect,
        is_repaired=has_repair and body.confiance == 0,
    )
