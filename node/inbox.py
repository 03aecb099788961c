"""What arrived on one link and waits for its records to be opened.

Messages reach the engine in the order in which they arrived, although the records
of several are opened at once on worker threads. A message without records, or with
one or two, goes straight through when nothing is before it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

from node.opening import CachedOpener
from protocol.messages import envelopes_in

# Fewer than this are opened on the spot: waking a thread costs as much as one.
_AHEAD_MIN: Final = 3
# Records of one task: enough that the hand-over costs nothing beside the work,
# few enough that two threads share the records of one message.
_CHUNK_SIZE: Final = 32


@dataclass(slots=True)
class _Waiting:
    message: bytes
    chunks_left: int


class Inbox:
    """The incoming messages of one link. Used in the loop's thread only.

    Args:
        opener: opens records ahead, on the threads of ``pool``.
        deliver: takes each message when its turn has come.
    """

    __slots__ = ("_deliver", "_loop", "_opener", "_pool", "_queue")

    def __init__(
        self,
        opener: CachedOpener,
        pool: Executor,
        loop: asyncio.AbstractEventLoop,
        deliver: Callable[[bytes], None],
    ) -> None:
        self._opener = opener
        self._pool = pool
        self._loop = loop
        self._deliver = deliver
        self._queue: deque[_Waiting] = deque()

    def receive(self, message: bytes) -> None:
        """Take a message; it is delivered now or when it is its turn."""
        envelopes = envelopes_in(message)
        if len(envelopes) < _AHEAD_MIN:
            envelopes = []
        if not envelopes and not self._queue:
            self._deliver(message)
            return
        starts = range(0, len(envelopes), _CHUNK_SIZE)
        waiting = _Waiting(message, len(starts))
        self._queue.append(waiting)
        for start in starts:
            self._pool.submit(self._open_chunk, waiting, envelopes[start : start + _CHUNK_SIZE])

    def _open_chunk(self, waiting: _Waiting, envelopes: list[bytes]) -> None:
        """Runs on a worker thread."""
        try:
            self._opener.prepare(envelopes)
        finally:
            # What failed here fails again, and louder, when the engine opens it.
            self._loop.call_soon_threadsafe(self._on_chunk_opened, waiting)

    def _on_chunk_opened(self, waiting: _Waiting) -> None:
        waiting.chunks_left -= 1
        while self._queue and self._queue[0].chunks_left == 0:
            self._deliver(self._queue.popleft().message)
