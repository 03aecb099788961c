"""The loan book: the loans this node takes part in, derived from the steps it holds.

Records are the only truth; the book is an index that can be thrown away. It is
opened from the core's records at first use, so that a restarted node has the same
book as one that never stopped, and follows along as steps arrive. States and
evidence are kept until something changes what they are derived from. What is asked of
many loans at once is answered by an index, so that loans which are over cost nothing.

Pure: must not import anything that acts.

Spec: §11.2, §12.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from node.engine.alarms import Alarms
from node.engine.core import Core
from node.engine.evidence_book import EvidenceBook
from node.engine.loan_index import LoanIndex
from node.trust.evidence import Evidence
from node.trust.ledger import Ledgers
from protocol.bodies import LOAN_KINDS, LoanBody, RatedBody
from protocol.exchange import LoanState, Path, derive
from protocol.exchange_table import WAITING
from protocol.keys import MemberId, ObjectId
from protocol.records import Record

_ALWAYS = 2**63


@dataclass(slots=True)
class _Entry:
    """One loan: the path its first step named, its steps, and what they say."""

    path: Path
    number: int
    """Of its first step, in order of arrival."""
    steps: dict[tuple[MemberId, ObjectId], Record] = field(default_factory=dict)
    state: LoanState | None = None
    derived_for_ms: int | None = None
    """The request window the state was derived with; None when it must be derived anew."""
    fresh_until_ms: int = _ALWAYS


class LoanBook:
    """Steps by loan, with what they say.

    Args:
        alarms: when each loan wants a look without a step; set by who looks.
        wakeup_ms: the earliest of them, when it was last asked for.
        is_looked_through: whether each loan was looked at once since the book was opened.
    """

    __slots__ = (
        "_changed",
        "_core",
        "_entries",
        "_evidence",
        "_index",
        "_loans_end",
        "_numbers",
        "_refreshed_ms",
        "_turns",
        "_untimed",
        "_window_ms",
        "alarms",
        "is_looked_through",
        "wakeup_ms",
    )

    def __init__(self, core: Core) -> None:
        self._core = core
        self._entries: dict[ObjectId, _Entry] = {}
        self._numbers = 0
        self._index = LoanIndex(core.me)
        self._changed: dict[ObjectId, None] = {}
        """Loans that the index has not seen since something changed."""
        self._untimed: dict[ObjectId, None] = {}
        """Loans whose alarm has not been set since something changed."""
        self._window_ms = core.charter.request_window_ms
        self._refreshed_ms = core.now_ms
        self._turns = Alarms()
        """When what a loan's steps say becomes something else by itself."""
        self._loans_end = Alarms()
        self._evidence: EvidenceBook | None = None
        self.alarms = Alarms()
        self.wakeup_ms: int | None = None
        self.is_looked_through = False
        core.has_loans = False
        for kind in LOAN_KINDS:
            for record in core.of_kind(kind):
                self.note(record)

    def note(self, record: Record) -> None:
        """Take in a stored step or evidence."""
        body = record.body
        if isinstance(body, LoanBody):
            entry = self._entries.get(body.loan)
            if entry is None:
                self._numbers += 1
                entry = self._entries[body.loan] = _Entry(body.path, self._numbers)
                self._core.has_loans = True
            entry.steps[record.key] = record
            entry.derived_for_ms = None
            self._changed[body.loan] = None
            return
        if self._evidence is not None:
            self._evidence.note(record)
        if isinstance(body, RatedBody) and body.terms.loan in self._entries:
            self._changed[body.terms.loan] = None

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

    def end_ms(self, loan: ObjectId) -> int | None:
        """When the last of its steps ends; None when it is known no more."""
        entry = self._entries.get(loan)
        if entry is None:
            return None
        return max((step.not_after_ms for step in entry.steps.values()), default=None)

    def forget_ended(self) -> list[ObjectId]:
        """Drop the loans of which no step is live any more; give their ids."""
        self._refresh()
        ended = list(self._loans_end.take_due(self._core.now_ms))
        for loan in map(ObjectId, ended):
            del self._entries[loan]
            self._index.drop(loan)
            self._turns.set(loan, None)
            self.alarms.set(loan, None)
            self._untimed.pop(loan, None)
        if ended and not self._entries:
            self._core.has_loans, self.wakeup_ms = False, None
        return [ObjectId(loan) for loan in ended]

    # --- some of the loans ---------------------------------------------------------------

    def asked(self) -> list[LoanState]:
        """Those about which somebody waits for a word: for the thing, or for other dates."""
        self._refresh()
        return self._states_of(self._index.asked())

    def promised(self, thing: ObjectId) -> list[LoanState]:
        """Loans that take the dates of a thing of my own."""
        self._refresh()
        return self._states_of(self._index.promised(thing))

    def answered_for(self, friend: MemberId) -> list[LoanState]:
        """Loans for which this node answers towards a friend, or did. Spec: §12.7."""
        self._refresh()
        return self._states_of(self._index.answered_for(friend))

    def open_requests_of(self, borrower: MemberId) -> list[LoanState]:
        """Requests of a member that wait for an answer, as far as this node knows."""
        now_ms = self._core.now_ms
        return [s for s in self.asked() if s.borrower == borrower and s.at(now_ms) in WAITING]

    def waiting_next_to(self, friend: MemberId) -> int:
        """Loans without an answer yet that come by this neighbour on their path."""
        self._refresh()
        now_ms, me = self._core.now_ms, self._core.me
        count = 0
        for loan in self._index.waiting():
            entry = self._entries[loan]
            path = entry.path
            if friend not in path or me not in path or abs(path.index(friend) - path.index(me)) > 1:
                continue
            if entry.state is None or entry.state.at(now_ms) in WAITING:
                count += 1
        return count

    def _set_turn(self, loan: ObjectId, entry: _Entry) -> None:
        """Note when this loan is to be filed anew without a step, and when it is forgotten."""
        now_ms, state = self._core.now_ms, entry.state
        ends = [step.not_after_ms for step in entry.steps.values()]
        self._loans_end.set(loan, max(ends, default=now_ms))
        if state is not None:
            ends.append(state.answer_by_ms)
            if state.proposal is not None:
                ends.append(state.proposal.answer_by_ms)
        self._turns.set(loan, min((end_ms for end_ms in ends if end_ms > now_ms), default=None))

    def take_untimed(self) -> list[ObjectId]:
        """Loans that changed since this was last asked: their alarms are to be set."""
        if not self._entries:
            return []
        self._refresh()
        untimed, self._untimed = list(self._untimed), {}
        return untimed

    def _states_of(self, loans: Iterable[ObjectId]) -> list[LoanState]:
        """In order of their first step's arrival."""
        in_order = sorted(loans, key=lambda loan: self._entries[loan].number)
        states = [self._entries[loan].state for loan in in_order]
        return [state for state in states if state is not None]

    def _refresh(self) -> None:
        """Derive anew and file what changed, by a step, the charter or the time."""
        window_ms, now_ms = self._core.charter.request_window_ms, self._core.now_ms
        if window_ms != self._window_ms or now_ms < self._refreshed_ms:
            # A clock that was ahead and is set right makes questions open again.
            self._changed = dict.fromkeys(self._entries)
        self._window_ms, self._refreshed_ms = window_ms, now_ms
        for key in self._turns.take_due(now_ms):
            self._changed[ObjectId(key)] = None
        while self._changed:
            loan = next(iter(self._changed))
            del self._changed[loan]
            self._index.put(loan, self.state_of(loan), now_ms)
            self._set_turn(loan, self._entries[loan])
            self._untimed[loan] = None

    # --- evidence ----------------------------------------------------------------------

    def evidence(self) -> Evidence:
        """The ratings and repairs held, as evidence. Spec: §12.1."""
        return self._words().evidence()

    def ledgers(self) -> Ledgers:
        """The entries held, as ledgers. Spec: §12.8."""
        return self._words().ledgers()

    def _words(self) -> EvidenceBook:
        """Opened when first asked for: most of a start knows nothing to judge by yet."""
        if self._evidence is None:
            self._evidence = EvidenceBook(self._core)
        return self._evidence


def book_of(core: Core) -> LoanBook:
    """The book of this node, opened at first use."""
    book = core.loan_book
    if not isinstance(book, LoanBook):
        book = core.loan_book = LoanBook(core)
    return book


def forget_book(core: Core) -> None:
    """The numbers changed by which loans are judged and looked at: open it anew."""
    core.loan_book = None
    core.has_loans = True  # perhaps: whoever opens it finds out
