"""What this node holds of how loans went, kept ready: it changes by the word that came, not anew.

Every rating that arrives is asked after at once, for the judgements that may change by it. So
what is held is read through once; afterwards each word (what one party said of one loan) is
looked at when a record about it came or ended, and the rest stays as it was. The result is
that of reading all of it anew.

Pure: must not import anything that acts.

Spec: §12.1, §12.8.
"""

from __future__ import annotations

from node.engine.alarms import Alarms
from node.engine.core import Core
from node.trust.evidence import Evidence, gather
from node.trust.ledger import Ledgers, gather_ledgers
from protocol.bodies import EVIDENCE_KINDS, EntryBody, EvidenceBody, register_object
from protocol.keys import MemberId, ObjectId
from protocol.records import Record

_Word = tuple[ObjectId, MemberId]
"""The loan, and the party that speaks of it."""


class EvidenceBook:
    """Evidence and ledgers of what stands in the registers, followed as it changes."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._evidence, self._ledgers = Evidence(), Ledgers()
        self._changed: dict[_Word, None] = {}
        self._ends = Alarms()
        """For each word the first moment at which a record of it ends."""
        for kind in EVIDENCE_KINDS:
            for record in core.of_kind(kind):
                self.note(record)

    def note(self, record: Record) -> None:
        """A record about a loan came, or a newer one took its place."""
        body = record.body
        assert isinstance(body, EvidenceBody), "of how a loan went"
        loan = body.loan if isinstance(body, EntryBody) else body.terms.loan
        self._changed[loan, record.author] = None

    def evidence(self) -> Evidence:
        """The ratings and repairs held, as evidence. Spec: §12.1."""
        self._refresh()
        return self._evidence

    def ledgers(self) -> Ledgers:
        """The entries held, as ledgers. Spec: §12.8."""
        self._refresh()
        return self._ledgers

    def _refresh(self) -> None:
        for key in self._ends.take_due(self._core.now_ms):
            self._changed[ObjectId(key[:16]), MemberId(key[16:])] = None
        if not self._changed:
            return
        words, self._changed = list(self._changed), {}
        records = [record for word in words for record in self._records_of(word)]
        said = gather(records, _verified_on_arrival)
        told = gather_ledgers(records, _verified_on_arrival)
        self._evidence = self._evidence.with_words(words, said)
        self._ledgers = self._ledgers.with_words(words, told)

    def _records_of(self, word: _Word) -> list[Record]:
        """What one party says of one loan now; when it is to be looked at again is noted."""
        loan, author = word
        held = (self._core.current(author, register_object(k, loan)) for k in EVIDENCE_KINDS)
        records = [record for record in held if record is not None]
        ends = [record.not_after_ms for record in records]
        self._ends.set(loan + author, min(ends, default=None))
        return records


def _verified_on_arrival(key: bytes, message: bytes, signature: bytes) -> bool:
    """No second look at contracts: ``loans.check`` lets no evidence in without a good one."""
    return True
