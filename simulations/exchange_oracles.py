"""Loans and ratings as they were really made; nothing is lent twice, or beyond what was given.

- **I7** always: who agrees has not agreed to another loan of the same thing for dates that
  overlap. Judged at the moment of the agreement, by the steps on the holder's own disk.
- **I9** always: who passes on or agrees answers for no more open loans that come from one
  friend's side than the charter gives any friend at most; and who agrees to a first contract
  knows of no more loans of the borrower beyond circle 1 on the same dates than the charter lets.

What was agreed and said is kept for the judgement at rest (``simulations.exchanges_at_rest``).

Spec: §11.2, §12.1, §12.7; design 13.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from protocol.bodies import AgreementBody, LoanBody, PassBody, RatingBody
from protocol.charter import Charter
from protocol.exchange import LoanState, Path, State, derive
from protocol.keys import MemberId, ObjectId, RecordId
from protocol.mandates import Verify
from protocol.records import Record
from simulations.truth import Watched

Report = Callable[[str, str], None]
BLOCKING = (State.AGREED, State.HANDED_OVER)


@dataclass(slots=True)
class ExchangeOracles:
    """Watches what is agreed and rated in one world.

    Args:
        agreed: holder and borrower of every loan that was ever agreed.
        given: Confiance and Respect that a rater said first, by loan and rater.
        first_said: the record in which they did.
        counterparties: with whom a member has ever agreed on something.
    """

    verify: Verify
    charter: Charter
    report: Report
    agreed: dict[ObjectId, tuple[MemberId, MemberId]] = field(default_factory=dict)
    given: dict[tuple[ObjectId, MemberId], tuple[int, int]] = field(default_factory=dict)
    first_said: dict[tuple[ObjectId, MemberId], Record] = field(default_factory=dict)
    counterparties: dict[MemberId, dict[MemberId, None]] = field(default_factory=dict)
    _signed: dict[RecordId, None] = field(default_factory=dict)

    def watch_signed(self, host: Watched, record: Record) -> None:
        """A record of the host's own was committed.

        One that comes back to a restored home was judged when it was signed: now the home may lack
        what it knew then.
        """
        if record.record_id in self._signed:
            return
        self._signed[record.record_id] = None
        body = record.body
        if isinstance(body, RatingBody):
            key = (body.terms.loan, record.author)
            self.given.setdefault(key, (body.confiance, body.respect))
            self.first_said.setdefault(key, record)
        elif isinstance(body, AgreementBody):
            self._watch_agreement(host, body)
            self._watch_units(host, body)
        elif isinstance(body, PassBody):
            self._watch_units(host, body)

    def _watch_agreement(self, host: Watched, body: AgreementBody) -> None:
        borrower, holder = body.path[0], body.path[-1]
        self.agreed[body.loan] = (holder, borrower)
        self.counterparties.setdefault(holder, {})[borrower] = None
        self.counterparties.setdefault(borrower, {})[holder] = None
        loans = self._loans(host)
        new = loans.get(body.loan)
        if new is None or new.state not in BLOCKING:
            return
        for loan in loans.values():
            if loan.loan == new.loan or loan.terms.thing != new.terms.thing:
                continue
            is_apart = loan.dates[1] <= new.dates[0] or new.dates[1] <= loan.dates[0]
            if loan.holder == holder and loan.state in BLOCKING and not is_apart:
                self.report("I7", f"member {host.number} lends one thing twice at the same time")

        if len(new.path) > 2 and len(new.contracts) == 1:
            self._watch_room(host, new, loans)

    def _watch_room(self, host: Watched, new: LoanState, loans: dict[ObjectId, LoanState]) -> None:
        meeting = [
            loan
            for loan in loans.values()
            if loan.loan != new.loan
            and loan.borrower == new.borrower
            and len(loan.path) > 2
            and loan.state in BLOCKING
            and loan.dates[0] < new.dates[1]
            and new.dates[0] < loan.dates[1]
        ]
        if 0 < self.charter.open_loans_beyond_max <= len(meeting):
            self.report(
                "I9",
                f"member {host.number} agrees to one loan more beyond circle 1 of a borrower who "
                f"has {len(meeting)} on these dates",
            )

    def _watch_units(self, host: Watched, body: AgreementBody | PassBody) -> None:
        """The open loans that this member answers for towards one friend, on its own disk."""
        given_max = self.charter.capacity_max
        if given_max == 0 or len(body.path) <= 2:
            return
        friend = _before(body.path, host.member)
        open_now = [
            loan
            for loan in self._loans(host).values()
            if len(loan.path) > 2
            and _before(loan.path, host.member) == friend
            and (
                host.member in dict(loan.passed) or (loan.contracts and loan.holder == host.member)
            )
            and loan.at(host.now_ms).is_open
        ]
        if len(open_now) > given_max:
            self.report(
                "I9",
                f"member {host.number} answers for {len(open_now)} open loans from one friend's "
                f"side, and gives {given_max} at most",
            )

    def _loans(self, host: Watched) -> dict[ObjectId, LoanState]:
        """What the steps on a disk say, read without the engine."""
        paths: dict[ObjectId, Path] = {}
        steps: dict[ObjectId, list[Record]] = {}
        for record in host.shelf.records.values():
            if isinstance(record.body, LoanBody) and not record.is_expired(host.now_ms):
                paths.setdefault(record.body.loan, record.body.path)
                steps.setdefault(record.body.loan, []).append(record)
        window_ms = self.charter.request_window_ms
        derived = (
            derive(loan, path, steps[loan], self.verify, request_window_ms=window_ms)
            for loan, path in paths.items()
        )
        return {loan.loan: loan for loan in derived if loan is not None}


def _has_answered(loan: LoanState, member: MemberId) -> bool:
    return bool(loan.contracts) if loan.holder == member else member in dict(loan.passed)


def _before(path: Path, member: MemberId) -> MemberId | None:
    """The neighbour on the borrower's side; None for the borrower."""
    place = path.index(member)
    return path[place - 1] if place else None
