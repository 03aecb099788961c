"""One try at one file, from one neighbour: pieces asked for, opened, checked and kept.

A piece that does not open, has another length or is not what the list says is thrown away,
counted, and asked for again; after a few of them the try ends. Ends and reasons are a
``Pause``; when to try again is for ``node.transport.file_fetching``.

Spec: §20.2, §20.3.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, Final, TypeAlias

from node.file_store import Coming, FileStore
from node.host import Host
from node.surroundings import Connection
from protocol.errors import DecryptFailed
from protocol.files import PieceOpener, digest_in, is_list, part_digest
from protocol.reaching import FilePiece, NoPiece, NotNow, WantPiece

_PIECES_AT_A_TIME: Final = 4
_WRONG_MAX: Final = 3
# How often a page that shows the file is told that there is more of it.
_TOLD_EVERY_S: Final = 5.0
_TOPIC: Final = "files"

OnThread: TypeAlias = Callable[..., Awaitable[Any]]
Ask: TypeAlias = Callable[[Connection, WantPiece], Awaitable[FilePiece | NoPiece | None]]


class Stage(Enum):
    """Where a file that I may have stands."""

    WAITING = "waiting"
    COMING = "coming"
    ASLEEP = "asleep"
    LATER = "later"
    REFUSED = "refused"
    DAMAGED = "damaged"
    NO_ROOM = "no-room"
    HERE = "here"
    MOVED = "moved"


class Pause(Exception):
    """It cannot go on now."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.value)
        self.stage = stage


_STAGES: Final = {
    NotNow.NEVER: Stage.REFUSED, NotNow.ASLEEP: Stage.ASLEEP, NotNow.LATER: Stage.LATER,
}  # fmt: skip


class OneTry:
    """One try at one file, from one neighbour."""

    def __init__(
        self,
        host: Host,
        store: FileStore,
        on_thread: OnThread,
        ask: Ask,
        coming: Coming,
        link: Connection,
        opener: PieceOpener,
    ) -> None:
        self._host = host
        self._store = store
        self._on_thread = on_thread
        self._ask = ask
        self._coming = coming
        self._link = link
        self._opener = opener

    async def the_list(self) -> bytes:
        """The digests of all parts, checked and kept."""
        file, shape = self._coming.file, self._coming.shape
        for _ in range(_WRONG_MAX):
            pieces = [await self._piece(number) for number in range(shape.list_pieces)]
            listed = b"".join(pieces)
            if is_list(listed, file.name, file.size_bytes):
                await self._on_thread(self._store.put_list, self._coming, listed)
                return listed
            self._host.count("bad-file")
        raise Pause(Stage.DAMAGED)

    async def parts(self, listed: bytes, missing: list[int]) -> None:
        """Fetch and keep what is missing, a few pieces at a time; takes each from the list."""
        left = deque(missing)
        loop = asyncio.get_running_loop()
        told_s = loop.time()

        async def some() -> None:
            nonlocal told_s
            while left:
                number = left.popleft()
                await self._part(number, listed)
                missing.remove(number)
                if loop.time() - told_s >= _TOLD_EVERY_S:
                    told_s = loop.time()
                    self._host.tell_page(_TOPIC)

        at_a_time = [asyncio.create_task(some()) for _ in range(_PIECES_AT_A_TIME)]
        try:
            await asyncio.gather(*at_a_time)
        finally:
            for task in at_a_time:
                task.cancel()
            await asyncio.gather(*at_a_time, return_exceptions=True)

    async def _part(self, number: int, listed: bytes) -> None:
        part = number - self._coming.shape.list_pieces
        for _ in range(_WRONG_MAX):
            data = await self._piece(number)
            if part_digest(part, data) == digest_in(listed, part):
                await self._on_thread(self._store.put_part, self._coming, number, data)
                return
            self._host.count("bad-file")
        raise Pause(Stage.DAMAGED)

    async def _piece(self, number: int) -> bytes:
        """A piece that opens and has its size; one that does not is asked for again."""
        coming = self._coming
        want = WantPiece(coming.loan, coming.file.name, number)
        _, size_bytes = coming.shape.place_of(number)
        for _ in range(_WRONG_MAX):
            answer = await self._ask(self._link, want)
            if answer is None:
                raise Pause(Stage.ASLEEP)
            if isinstance(answer, NoPiece):
                raise Pause(_STAGES[answer.reason])
            try:
                is_last = number == coming.shape.pieces - 1
                data = self._opener.open(number, answer.sealed, is_last=is_last)
            except DecryptFailed:
                data = b""
            if len(data) == size_bytes:
                return data
            self._host.count("bad-file")
        raise Pause(Stage.DAMAGED)
