"""Files from home to home: giving pieces of one's own, passing on those of others.

The engine says for which loan what may be given, and to whom (``node.engine.files``). Each
piece is asked for by itself and judged anew, so a loan that ends ends the giving; a home
between keeps nothing, and passes no more than its line bears. The other side, fetching, is
in ``node.transport.file_fetching``.

Spec: §20.3.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from node.engine import files as rules
from node.file_store import FileStore, Upload
from node.host import Host
from node.surroundings import Connection
from node.transport.file_fetching import Fetching
from protocol import limits
from protocol.bodies import ThingFile
from protocol.errors import BadKey, Refused
from protocol.exchange import LoanState
from protocol.files import Shape, ephemeral_key, seal_piece
from protocol.keys import MemberId, ObjectId
from protocol.reaching import FilePiece, NoPiece, NotNow, WantPiece, encode_reaching

_log = logging.getLogger("openhouse.files")
_Result = TypeVar("_Result")

PIECE_MAX_S: Final = 30.0
_SWEEP_S: Final = 3600.0
_DAY_S: Final = 24 * 3600.0
# An added file that no listing names by then is let go of.
_LOOSE_S: Final = 900.0

Answer: TypeAlias = FilePiece | NoPiece
_Asked: TypeAlias = tuple[Connection, ObjectId, bytes, int]


@dataclass(slots=True)
class _Given:
    """What one friend asks for: now, and in all today."""

    wants: int = 0
    free_at_s: float = 0.0
    day_began_s: float = field(default_factory=time.monotonic)
    today_bytes: int = 0

    def may_ask(self) -> bool:
        if time.monotonic() - self.day_began_s >= _DAY_S:
            self.day_began_s, self.today_bytes = time.monotonic(), 0
        today_bytes = self.today_bytes + self.wants * limits.FILE_PART_MAX_BYTES
        return (
            self.wants < limits.FILE_WANTS_PER_FRIEND_MAX
            and today_bytes < limits.FILES_PER_DAY_MAX_BYTES
        )

    def wait_s(self, size_bytes: int) -> float:
        """Take room on the line for a piece that is passed on; how long it waits for it."""
        now_s = time.monotonic()
        begin_s = max(now_s, self.free_at_s)
        self.free_at_s = begin_s + size_bytes / limits.FILES_PER_SECOND_MAX_BYTES
        return begin_s - now_s


class Files:
    """All files of one home. Its methods belong to the loop's thread."""

    def __init__(self, host: Host, home: Path) -> None:
        self._host = host
        self._store = FileStore(home)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="files")
        self._given: dict[MemberId, _Given] = {}
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._waiting: dict[_Asked, asyncio.Future[Answer | None]] = {}
        self._loose: dict[bytes, tuple[ThingFile, float]] = {}  # and until when they are kept
        self._uploads: dict[Upload, None] = {}
        self._sweeper: asyncio.TimerHandle | None = None
        self.fetching = Fetching(host, self._store, self._on_thread, self.ask)

    def start(self) -> None:
        """Sort out what stands here from before, and go on with what is to come."""
        self._sweep()
        self.fetching.start()

    async def stop(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
        await self.fetching.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._thread.shutdown()

    # --- what page and API ask ---------------------------------------------------------------

    async def begin(self) -> Upload:
        """A file of the owner's begins to arrive; ``write``, then ``finish`` or ``abandon``.

        Raises:
            Refused: no room for one more.
        """
        size_bytes = await self._on_disk(self._store.own_size_bytes)
        if size_bytes >= limits.FILES_PER_ORIGIN_MAX_BYTES:
            raise Refused("files-full", limit=limits.FILES_PER_ORIGIN_MAX_BYTES // 1_000_000)
        upload = await self._on_disk(self._store.begin)
        self._uploads[upload] = None
        return upload

    async def write(self, upload: Upload, data: bytes) -> None:
        """Raises Refused: too large, or the disk is full."""
        await self._on_disk(upload.write, data)

    async def finish(self, upload: Upload, title: str) -> ThingFile:
        """Keep it, for a listing that will name it. Raises Refused."""
        file = await self._on_disk(upload.finish, title)
        self._uploads.pop(upload, None)
        self._loose[file.name] = (file, time.monotonic() + _LOOSE_S)
        self._plan_sweep()
        return file

    async def abandon(self, upload: Upload) -> None:
        """What arrived of it is dropped; harmless after ``finish``."""
        self._uploads.pop(upload, None)
        with suppress(OSError):
            await self._on_thread(upload.abandon)

    def own(self, name: bytes) -> ThingFile:
        """A file that was added, or that an own thing has. Raises Refused."""
        loose = self._loose.get(name)
        file = rules.own(self._host.core).get(name) if loose is None else loose[0]
        if file is None:
            raise Refused("no-such-file")
        return file

    def come_path(self, loan: ObjectId) -> Path | None:
        """Where the file of a loan is; None when it has not come, or was moved."""
        for borrowed in rules.borrowed(self._host.core):
            path = self.fetching.path_of(borrowed) if borrowed.loan == loan else None
            if path is not None and path.is_file():
                return path
        return None

    def has_own(self, file: ThingFile) -> bool:
        """Whether the bytes of an own thing's file are here: no backup carries them."""
        return self._store.has_own(file.name, file.size_bytes)

    # --- what friends ask --------------------------------------------------------------------

    def on_want(self, link: Connection, friend: MemberId, want: WantPiece) -> None:
        """A neighbour on a loan's path asks for a piece. Spec: §20.3."""
        core = self._host.core
        state = rules.agreed(core, want.loan)
        if state is None or rules.asker_of(core, state) != friend:
            _refuse(link, want, NotNow.NEVER)
            return
        given = self._given.setdefault(friend, _Given())
        if not given.may_ask():
            _refuse(link, want, NotNow.LATER)
            return
        act = self._give if state.holder == core.me else self._pass_on
        given.wants += 1
        task = asyncio.create_task(act(link, friend, want, state), name="give a piece")
        self._tasks[task] = None
        task.add_done_callback(lambda task: self._done(task, given))

    def _done(self, task: asyncio.Task[None], given: _Given) -> None:
        self._tasks.pop(task, None)
        given.wants -= 1

    async def _give(
        self, link: Connection, friend: MemberId, want: WantPiece, state: LoanState
    ) -> None:
        core = self._host.core
        file = rules.given_in(core, state, want.file)
        if file is None or want.number >= Shape(file.size_bytes).pieces:
            _refuse(link, want, NotNow.NEVER)
            return
        try:
            data = await self._on_thread(self._store.piece, file, want.number)
        except OSError as error:
            _log.warning("a file could not be read: %s", error)
            data = b""
        errand = rules.errand_of(core, state.loan, state.path, want.file)
        if not data:
            _refuse(link, want, NotNow.NEVER)
            return
        try:
            sealed = seal_piece(
                errand,
                want.number,
                data,
                is_last=want.number == Shape(file.size_bytes).pieces - 1,
                ephemeral=ephemeral_key(core.config.seed, errand),
                reader=state.borrower_link_key,
            )
        except BadKey:
            _refuse(link, want, NotNow.NEVER)
            return
        self._send(link, friend, FilePiece(want.loan, want.file, want.number, sealed))

    async def _pass_on(
        self, link: Connection, friend: MemberId, want: WantPiece, state: LoanState
    ) -> None:
        following = self._host.link_to(rules.next_of(self._host.core, state))
        answer = None if following is None else await self.ask(following, want)
        if answer is None:
            _refuse(link, want, NotNow.ASLEEP)
        elif isinstance(answer, NoPiece):
            _refuse(link, want, answer.reason)
        else:
            await asyncio.sleep(self._given[friend].wait_s(len(answer.sealed)))
            self._send(link, friend, answer)

    def _send(self, link: Connection, friend: MemberId, piece: FilePiece) -> None:
        # It may have taken a while: is it still to be given?
        state = rules.agreed(self._host.core, piece.loan)
        if state is None or rules.asker_of(self._host.core, state) != friend:
            _refuse(link, WantPiece(piece.loan, piece.file, piece.number), NotNow.NEVER)
            return
        self._given[friend].today_bytes += len(piece.sealed)
        link.send(encode_reaching(piece))

    # --- asking ------------------------------------------------------------------------------

    async def ask(self, link: Connection, want: WantPiece) -> Answer | None:
        """A piece from a neighbour; None when they do not answer, or are asked already."""
        key = (link, want.loan, want.file, want.number)
        if key in self._waiting:
            return None
        waiting: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._waiting[key] = waiting
        link.send(encode_reaching(want))
        try:
            async with asyncio.timeout(PIECE_MAX_S):
                return await waiting
        except TimeoutError:
            return None
        finally:
            del self._waiting[key]

    def on_answer(self, link: Connection, message: Answer) -> None:
        """A piece that was asked for, or none; anything else is ignored."""
        waiting = self._waiting.get((link, message.loan, message.file, message.number))
        if waiting is not None and not waiting.done():
            waiting.set_result(message)

    def on_link(self, member: MemberId) -> None:
        """A friend's link came or went."""
        self.fetching.look(member)

    def on_link_ended(self, link: Connection) -> None:
        for (waiting_link, *_), waiting in list(self._waiting.items()):
            if waiting_link is link and not waiting.done():
                waiting.set_result(None)

    # --- what is to go -----------------------------------------------------------------------

    def _plan_sweep(self) -> None:
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        self._sweeper = None
        task = asyncio.create_task(self.let_go(), name="sort out files")
        self._tasks[task] = None
        task.add_done_callback(lambda task: self._tasks.pop(task, None))

    async def let_go(self) -> None:
        """Delete every own file that no listing and no loan names any more."""
        now_s = time.monotonic()
        named = rules.own(self._host.core)
        self._loose = {
            name: loose
            for name, loose in self._loose.items()
            if loose[1] > now_s and name not in named
        }
        kept = [*named, *self._loose]
        if kept or self._uploads:
            self._plan_sweep()
        try:
            if not self._uploads:
                await self._on_thread(self._store.keep_own, kept)
        except OSError as error:
            _log.warning("files could not be sorted out: %s", error)

    # --- helpers -----------------------------------------------------------------------------

    async def _on_disk(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        """On the thread, for the owner. Raises Refused."""
        try:
            return await self._on_thread(work, *arguments)
        except OSError as error:
            _log.warning("a file could not be written: %s", error)
            raise Refused("file-no-room") from error

    async def _on_thread(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)


def _refuse(link: Connection, want: WantPiece, reason: NotNow) -> None:
    link.send(encode_reaching(NoPiece(want.loan, want.file, want.number, reason)))
