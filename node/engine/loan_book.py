"""The loan book: the loans this node takes part in, derived from the steps it holds.

Records are the only truth; the book is an index that can be thrown away. It is
opened from the core's records at first use, so that a restarted node has the same
book as one that never stopped, and follows along as steps arrive. States and
evidence are kept until something changes what they are derived from.

Pure: must not import anything that acts.

Spec: §11.2, §12.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from node.engine.core import Core
from node.trust.evidence import Evidence, gather
from node.trust.ledger import Ledgers, gather_ledgers
from protocol.bodies import EVIDENCE_KINDS, LOAN_KINDS, LoanBody
from protocol.exchange import LoanState, Path, State, derive
from protocol.keys import MemberId, ObjectId
from protocol.records import Record

_ATTRIBUTE = "loan_book"
_ALWAYS = 2**63


@dataclass(slots=True)
class _Entry:
    """One loan: the path its first step named, its steps, and what they say."""

    path: Path
    steps: dict[tuple[MemberId, ObjectId], Record] = field(default_factory=dict)
    state: LoanState | None = None
    derived_for_ms: int | None = None
    """The request window the state was derived with; None when it must be derived anew."""
    fresh_until_ms: int = _ALWAYS


class LoanBook:
    """Steps by loan, with what they say."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._entries: dict[ObjectId, _Entry] = {}
        self._evidence: tuple[Evidence, Ledgers] | None = None
        self._evidence_until_ms = 0
        self.wakeup_is_known = False
        self.wakeup_ms: int | None = None
        for kind in LOAN_KINDS:
            for record in core.of_kind(kind):
                self.note(record)

    def note(self, record: Record) -> None:
        """Take in a stored step or evidence."""
        self.wakeup_is_known = False
        body = record.body
        if not isinstance(body, LoanBody):
            self._evidence = None
            return
        entry = self._entries.setdefault(body.loan, _Entry(body.path))
        entry.steps[record.key] = record
        entry.derived_for_ms = None

    # --- loans -------------------------------------------------------------------------

    def path_of(self, loan: ObjectId) -> Path | None:
        """The path the first step of this loan named; no other can join it."""
        entry = self._entries.get(loan)
        return None if entry is None else entry.path

    def steps_of(self, loan: ObjectId) -> list[Record]:
        """Steps held, in order of arrival."""
        entry = self._entries.get(loan)
        return [] if entry is None else list(entry.steps.values())

    def has_step(self, loan: ObjectId, author: MemberId, object_id: ObjectId) -> bool:
        entry = self._entries.get(loan)
        return entry is not None and (author, object_id) in entry.steps

    def state_of(self, loan: ObjectId) -> LoanState | None:
        """What the steps say; None while the first request is missing."""
        entry = self._entries.get(loan)
        if entry is None:
            return None
        window_ms = self._core.charter.request_window_ms
        if entry.derived_for_ms != window_ms or self._core.now_ms >= entry.fresh_until_ms:
            self._derive(loan, entry, window_ms)
        return entry.state

    def states(self) -> list[LoanState]:
        """All loans, in order of their first step's arrival."""
        found = [self.state_of(loan) for loan in self._entries]
        return [state for state in found if state is not None]

    def lent_by_me(self, thing: ObjectId) -> list[LoanState]:
        """Loans of a thing of my own."""
        me = self._core.me
        return [s for s in self.states() if s.holder == me and s.terms.thing == thing]

    def _derive(self, loan: ObjectId, entry: _Entry, window_ms: int) -> None:
        now_ms = self._core.now_ms
        entry.steps = {k: step for k, step in entry.steps.items() if not step.is_expired(now_ms)}
        entry.state = derive(
            loan,
            entry.path,
            entry.steps.values(),
            self._core.verify_by,
            request_window_ms=window_ms,
        )
        entry.derived_for_ms = window_ms
        ends = [step.not_after_ms for step in entry.steps.values()]
        entry.fresh_until_ms = min(ends, default=_ALWAYS)

    def forget_ended(self) -> list[ObjectId]:
        """Drop the loans of which no step is live any more; give their ids."""
        now_ms = self._core.now_ms
        ended = [
            loan
            for loan, entry in self._entries.items()
            if all(step.is_expired(now_ms) for step in entry.steps.values())
        ]
        for loan in ended:
            del self._entries[loan]
        self.wakeup_is_known = False
        return ended

    def loans_end_ms(self) -> list[int]:
        """For each loan, when the last of its steps ends."""
        return [
            max(step.not_after_ms for step in entry.steps.values())
            for entry in self._entries.values()
            if entry.steps
        ]

    def open_requests_of(self, borrower: MemberId) -> list[LoanState]:
        """Requests of a member that wait for an answer, as far as this node knows."""
        now_ms = self._core.now_ms
        waiting = (State.ASKED, State.COUNTERED)
        return [s for s in self.states() if s.borrower == borrower and s.at(now_ms) in waiting]

    def waiting_next_to(self, friend: MemberId) -> int:
        """Loans without an answer yet that come by this neighbour on their path."""
        now_ms, me = self._core.now_ms, self._core.me
        count = 0
        for loan, entry in self._entries.items():
            path = entry.path
            if friend not in path or me not in path or abs(path.index(friend) - path.index(me)) > 1:
                continue
            state = self.state_of(loan)
            if state is None or state.at(now_ms) in (State.ASKED, State.COUNTERED):
                count += 1
        return count

    # --- evidence ----------------------------------------------------------------------

    def evidence(self) -> Evidence:
        """The ratings and repairs held, as evidence. Spec: §12.1."""
        return self._gathered()[0]

    def ledgers(self) -> Ledgers:
        """The entries held, as ledgers. Spec: §12.8."""
        return self._gathered()[1]

    def _gathered(self) -> tuple[Evidence, Ledgers]:
        core = self._core
        if self._evidence is None or core.now_ms >= self._evidence_until_ms:
            records = [record for kind in EVIDENCE_KINDS for record in core.of_kind(kind)]
            self._evidence = (
                gather(records, _verified_on_arrival),
                gather_ledgers(records, _verified_on_arrival),
            )
            self._evidence_until_ms = min((r.not_after_ms for r in records), default=_ALWAYS)
        return self._evidence


def book_of(core: Core) -> LoanBook:
    """The book of this node, opened at first use."""
    book = vars(core).get(_ATTRIBUTE)
    if not isinstance(book, LoanBook):
        book = LoanBook(core)
        vars(core)[_ATTRIBUTE] = book
    return book


def _verified_on_arrival(key: bytes, message: bytes, signature: bytes) -> bool:
    """No second look at contracts: ``loans.check`` lets no evidence in without a good one."""
    return True
