"""Opening records ahead, so that the loop never verifies.

A record is decoded and its signature checked before it enters the engine: most of the
work of taking in records. The host has it done elsewhere for the records of an
arriving message; the engine then asks ``open`` for the same bytes and finds the
result, good or bad, waiting. Elsewhere is a worker thread (``prepare``), or, when
there is much of it, another process that verifies what was decoded here (``begin``,
then ``finish`` with its verdicts).

The memory is bounded by the bytes of the envelopes it holds. What is not in it is
opened on the spot: forgetting costs time, never correctness.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Final

from node.verifier import Claim
from protocol.errors import RemoteProtocolError
from protocol.keys import verify
from protocol.mandates import Verify
from protocol.records import Record, open_record

# Twice what one link may have undelivered, for a handful of busy links.
CACHE_SIZE_MAX_BYTES: Final = 8 * 1024 * 1024
# An entry costs about this much more than its envelope.
_ENTRY_OVERHEAD_BYTES: Final = 1024
# Mandates whose signatures were checked already: a node's circles, some 300 bytes each.
_MANDATES_MAX: Final = 4096


@dataclass(slots=True)
class Unverified:
    """Records that were decoded, and what must be verified of each, in the same order."""

    records: list[Record] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)

    def collect(self, key: bytes, message: bytes, signature: bytes) -> bool:
        """Stands in for the verification, which comes last of all checks (spec §5.3)."""
        self.claims.append((key, message, signature))
        return True


class CachedOpener:
    """Opens envelopes and remembers the results, least recently used first to go.

    ``open`` and ``prepare`` may be called from any thread.

    Args:
        verify: checks one signature.
        size_max_bytes: of all remembered envelopes together.
    """

    def __init__(self, verify: Verify = verify, size_max_bytes: int = CACHE_SIZE_MAX_BYTES) -> None:
        self._verify = verify
        # One device signs thousands of records under one mandate.
        self._verify_mandate = lru_cache(maxsize=_MANDATES_MAX)(verify)
        self._size_max_bytes = size_max_bytes
        self._size_bytes = 0
        self._is_trusting = False
        # A plain dict is slow at losing its oldest entry again and again.
        self._results: OrderedDict[bytes, Record | RemoteProtocolError] = OrderedDict()
        self._lock = Lock()

    def open(self, envelope: bytes) -> Record:
        """The record in an envelope; see ``protocol.records.open_record`` for errors."""
        if self._is_trusting:
            return open_record(envelope, _trust)
        result = self._recall(envelope)
        if result is None:
            result = self._open(envelope)
            self._remember(envelope, result)
        if isinstance(result, RemoteProtocolError):
            # A new one each time: a raised exception collects its tracebacks.
            raise type(result)(*result.args)
        return result

    def prepare(self, envelopes: Iterable[bytes]) -> None:
        """Open envelopes that will be asked for soon; errors wait with them."""
        for envelope in envelopes:
            if envelope not in self._results:
                self._remember(envelope, self._open(envelope))

    def begin(self, envelopes: Iterable[bytes]) -> Unverified:
        """Decode what is not known yet; what cannot be decoded is remembered as bad."""
        unverified = Unverified()
        for envelope in envelopes:
            if envelope not in self._results:
                try:
                    record = open_record(envelope, unverified.collect, self._verify_mandate)
                except RemoteProtocolError as error:
                    self._remember(envelope, error.with_traceback(None))
                else:
                    unverified.records.append(record)
        return unverified

    def finish(self, unverified: Unverified, verdicts: bytes) -> None:
        """Remember the records of ``begin``: one byte each, 1 for a good signature."""
        for record, verdict in zip(unverified.records, verdicts, strict=True):
            # A bad one is opened again, for its error.
            good = verdict == 1
            self._remember(record.envelope, record if good else self._open(record.envelope))

    @contextmanager
    def trusting(self) -> Iterator[None]:
        """While records come from our own store, which keeps only verified ones.

        Their checksums were compared when they were read.
        """
        self._is_trusting = True
        try:
            yield
        finally:
            self._is_trusting = False

    def _open(self, envelope: bytes) -> Record | RemoteProtocolError:
        try:
            return open_record(envelope, self._verify, self._verify_mandate)
        except RemoteProtocolError as error:
            return error.with_traceback(None)

    def _recall(self, envelope: bytes) -> Record | RemoteProtocolError | None:
        with self._lock:
            result = self._results.get(envelope)
            if result is not None:
                self._results.move_to_end(envelope)
            return result

    def _remember(self, envelope: bytes, result: Record | RemoteProtocolError) -> None:
        with self._lock:
            if envelope not in self._results:
                self._size_bytes += len(envelope) + _ENTRY_OVERHEAD_BYTES
            self._results[envelope] = result
            while self._size_bytes > self._size_max_bytes:
                oldest, _ = self._results.popitem(last=False)
                self._size_bytes -= len(oldest) + _ENTRY_OVERHEAD_BYTES


def _trust(key: bytes, message: bytes, signature: bytes) -> bool:
    return True
