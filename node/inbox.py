"""What arrived on one link and waits for its records to be opened.

Messages reach the engine in the order in which they arrived, although the records of
several are opened at once elsewhere (see ``node.opening``). A message without records,
or with one or two, goes straight through when nothing is before it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Final

from node.opening import CachedOpener, Unverified
from node.verifier import MANY, Verifiers
from protocol.messages import envelopes_in

# Fewer than this are opened on the spot: waking a thread costs as much as one.
_AHEAD_MIN: Final = 3


@dataclass(slots=True)
class Opening:
    """Where records are opened.

    Args:
        opener: the one the engine asks.
        pool: threads, for a few records.
        verifiers: processes, for many.
    """

    opener: CachedOpener
    pool: Executor
    verifiers: Verifiers


@dataclass(slots=True)
class _Waiting:
    message: bytes
    is_open: bool


class Inbox:
    """The incoming messages of one link. Used in the loop's thread only.

    Args:
        deliver: takes each message when its turn has come.
    """

    __slots__ = ("_deliver", "_loop", "_opening", "_queue")

    def __init__(self, opening: Opening, deliver: Callable[[bytes], None]) -> None:
        self._opening = opening
        self._loop = asyncio.get_running_loop()
        self._deliver = deliver
        self._queue: deque[_Waiting] = deque()

    def receive(self, message: bytes) -> None:
        """Take a message; it is delivered now or when it is its turn."""
        envelopes = envelopes_in(message)
        is_small = len(envelopes) < _AHEAD_MIN
        if is_small and not self._queue:
            self._deliver(message)
            return
        waiting = _Waiting(message, is_open=is_small)
        self._queue.append(waiting)
        if is_small:
            return
        verifiers = self._opening.verifiers
        if verifiers.is_ready:
            unverified = self._opening.opener.begin(envelopes)
            if not unverified.claims:
                self._on_open(waiting)
                return
            on_done = partial(self._on_verified, waiting, envelopes, unverified)
            verifiers.submit(unverified.claims, on_done)
        else:
            if len(envelopes) >= MANY:
                verifiers.wake()
            self._open_on_thread(waiting, envelopes)

    def _on_verified(
        self,
        waiting: _Waiting,
        envelopes: list[bytes],
        unverified: Unverified,
        verdicts: bytes | None,
    ) -> None:
        if verdicts is None:
            self._open_on_thread(waiting, envelopes)
        else:
            self._opening.opener.finish(unverified, verdicts)
            self._on_open(waiting)

    def _open_on_thread(self, waiting: _Waiting, envelopes: list[bytes]) -> None:
        def work() -> None:
            try:
                self._opening.opener.prepare(envelopes)
            finally:
                # What failed here fails again, and louder, when the engine opens it.
                self._loop.call_soon_threadsafe(self._on_open, waiting)

        self._opening.pool.submit(work)

    def _on_open(self, waiting: _Waiting) -> None:
        waiting.is_open = True
        while self._queue and self._queue[0].is_open:
            self._deliver(self._queue.popleft().message)
