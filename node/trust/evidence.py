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

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from protocol.bodies import EvidenceBody, RatedBody, RatingBody, RepairBody, RetractionBody
from protocol.exchange import contract_is_signed
from protocol.keys import MemberId, ObjectId
from protocol.mandates import Verify
from protocol.records import Record, supersedes

if TYPE_CHECKING:
    from _typeshed import SupportsRichComparison


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


Word = tuple[ObjectId, MemberId]
"""The loan, and the party that speaks of it."""
_Said = TypeVar("_Said", bound="SupportsRichComparison")


def with_changes(
    lists: Mapping[MemberId, tuple[_Said, ...]],
    gone: Iterable[_Said],
    come: Iterable[_Said],
    member_of: Callable[[_Said], MemberId],
) -> dict[MemberId, tuple[_Said, ...]]:
    """Lists by member, each in order, without some things and with some others."""
    changed = dict(lists)
    touched: dict[MemberId, list[_Said]] = {}

    def list_of(said: _Said) -> list[_Said]:
        member = member_of(said)
        if member not in touched:
            touched[member] = list(lists.get(member, ()))
        return touched[member]

    for said in gone:
        list_of(said).remove(said)
    for said in come:
        list_of(said).append(said)
    for member, given in touched.items():
        # Sorted, so that equal sets give equal lists whatever came first.
        changed[member] = tuple(sorted(given))
        if not given:
            del changed[member]
    return changed


class Evidence:
    """Ratings by the person they are about, and by who gave them, in the order of ratings."""

    __slots__ = ("_about", "_by", "_lent_until", "_of_word", "_taken_back")

    def __init__(
        self,
        ratings: Iterable[Rating] = (),
        taken_back: Iterable[tuple[ObjectId, MemberId]] = (),
    ) -> None:
        self._taken_back = dict.fromkeys(taken_back)
        come = list(ratings)
        self._of_word = {(rating.loan, rating.rater): rating for rating in come}
        self._about = with_changes({}, (), come, lambda rating: rating.subject)
        self._by = with_changes({}, (), come, lambda rating: rating.rater)
        self._lent_until: dict[MemberId, int] = {}
        self._find_lent_until(come)

    def with_words(self, words: Iterable[Word], said: Evidence) -> Evidence:
        """What it is when some words are now as ``said``, which holds no others.

        Costs what the words and those whom they concern cost, and a copy of the indexes.
        """
        changed = Evidence()
        changed._of_word, changed._taken_back = dict(self._of_word), dict(self._taken_back)
        gone = []
        for word in words:
            changed._taken_back.pop(word, None)
            former = changed._of_word.pop(word, None)
            if former is not None:
                gone.append(former)
        come = list(said._of_word.values())
        changed._of_word.update(said._of_word)
        changed._taken_back.update(said._taken_back)
        changed._about = with_changes(self._about, gone, come, lambda rating: rating.subject)
        changed._by = with_changes(self._by, gone, come, lambda rating: rating.rater)
        changed._lent_until = dict(self._lent_until)
        changed._find_lent_until([*gone, *come])
        return changed

    def _find_lent_until(self, touched: Iterable[Rating]) -> None:
        """Anew for the holders of some ratings."""
        for holder in {rating.holder: None for rating in touched}:
            known = (*self.about(holder), *self.by(holder))
            ends = [rating.to_minute for rating in known if rating.holder == holder]
            if ends:
                self._lent_until[holder] = max(ends)
            else:
                self._lent_until.pop(holder, None)

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
