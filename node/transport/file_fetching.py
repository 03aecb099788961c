"""Fetching the files of my loans, by itself, until they are whole.

A loan that stands and has a file is fetched as soon as the neighbour on its path is linked.
What has come stays over lost links and restarts, and all of it is read and checked once more
before the owner is told that it is here. What cannot go on now is tried again, ever more
rarely, and at once when the neighbour's link or the loan changes. How one try goes is in
``node.transport.file_pieces``.

Spec: §20.3.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from node.engine import files as rules
from node.engine.events import Json
from node.engine.files import Borrowed
from node.file_store import Coming, FileStore
from node.host import Host
from node.transport.file_pieces import Ask, OneTry, OnThread, Pause, Stage
from protocol.errors import Refused
from protocol.files import PieceOpener
from protocol.keys import MemberId, ObjectId

_log = logging.getLogger("openhouse.files")

RETRY_MIN_S: Final = 15.0
RETRY_MAX_S: Final = 900.0
_FILES_AT_A_TIME: Final = 2
_TOPIC: Final = "loans"


@dataclass(slots=True)
class _Progress:
    """One file.

    Args:
        missing: pieces that are not here; None while nobody has looked.
        retry_s: how long until the next try, if nothing else happens.
    """

    stage: Stage = Stage.WAITING
    listed: bytes = b""
    missing: list[int] | None = None
    retry_s: float = field(default_factory=lambda: RETRY_MIN_S)
    retry: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class Fetching:
    """The files that come to one home. Its methods belong to the loop's thread.

    Args:
        on_thread: runs what blocks on the store's one thread.
        ask: asks a neighbour for a piece; None: no answer.
    """

    def __init__(self, host: Host, store: FileStore, on_thread: OnThread, ask: Ask) -> None:
        self._host = host
        self._store = store
        self._on_thread = on_thread
        self._ask = ask
        self._files: dict[str, _Progress] = {}
        self._listener: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._listener = asyncio.create_task(self._listen(), name="look for files")

    async def stop(self) -> None:
        tasks = [progress.task for progress in self._files.values() if progress.task is not None]
        if self._listener is not None:
            tasks.append(self._listener)
        for progress in self._files.values():
            self._rest(progress)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        with self._host.subscribe() as changes:
            await self._on_thread(self._store.keep_coming, list(self._wanted()))
            self.look()
            while True:
                if _TOPIC in await changes.next() and self.look():
                    await self._on_thread(self._store.keep_coming, list(self._wanted()))

    # --- what is to come -----------------------------------------------------------------------

    def _wanted(self) -> dict[str, Borrowed]:
        found = rules.borrowed(self._host.core)
        return {_coming(each).key: each for each in found if each.may_fetch}

    def look(self, member: MemberId | None = None) -> bool:
        """Begin, go on with or give up what may be fetched now.

        Args:
            member: whose link changed; None: any loan may have.

        Returns:
            Whether something was given up.
        """
        wanted = self._wanted()
        gone = [key for key in self._files if key not in wanted]
        for key in gone:
            progress = self._files.pop(key)
            self._rest(progress)
            if progress.task is not None:
                progress.task.cancel()
        for key, borrowed in wanted.items():
            progress = self._files.setdefault(key, _Progress())
            if member == borrowed.ask:
                progress.retry_s = RETRY_MIN_S
                self._rest(progress)
        self._begin(wanted)
        return bool(gone)

    def _begin(self, wanted: dict[str, Borrowed]) -> None:
        running = sum(1 for progress in self._files.values() if progress.task is not None)
        for key, borrowed in wanted.items():
            progress = self._files[key]
            is_resting = progress.task is not None or progress.retry is not None
            is_linked = self._host.is_linked(borrowed.ask)
            if is_resting or not is_linked or progress.stage is Stage.HERE:
                continue
            if running >= _FILES_AT_A_TIME:
                break
            running += 1
            progress.task = asyncio.create_task(self._fetch(borrowed, progress), name="fetch")

    @staticmethod
    def _rest(progress: _Progress) -> None:
        if progress.retry is not None:
            progress.retry.cancel()
            progress.retry = None

    async def _fetch(self, borrowed: Borrowed, progress: _Progress) -> None:
        """One try; it ends with the file here, or with a time for the next one."""
        before = None if progress.missing is None else len(progress.missing)
        try:
            await self._fetch_whole(borrowed, progress)
        except Pause as pause:
            progress.stage = pause.stage
        except Refused:
            progress.stage = Stage.NO_ROOM
        except OSError as error:
            _log.warning("a file could not be kept: %s", error)
            progress.stage, progress.missing = Stage.NO_ROOM, None
        progress.task = None
        if progress.stage is not Stage.HERE:
            if before is not None and progress.missing is not None:
                has_grown = len(progress.missing) < before
                progress.retry_s = RETRY_MIN_S if has_grown else progress.retry_s
            loop = asyncio.get_running_loop()
            progress.retry = loop.call_later(progress.retry_s, self._try_again, progress)
            progress.retry_s = min(2 * progress.retry_s, RETRY_MAX_S)
        self._host.tell_page(_TOPIC)
        self._begin(self._known_wanted())

    def _known_wanted(self) -> dict[str, Borrowed]:
        return {key: each for key, each in self._wanted().items() if key in self._files}

    def _try_again(self, progress: _Progress) -> None:
        progress.retry = None
        self._begin(self._known_wanted())

    async def _fetch_whole(self, borrowed: Borrowed, progress: _Progress) -> None:
        coming = _coming(borrowed)
        if await self._on_thread(self._store.come, coming):
            progress.stage = Stage.HERE
            return
        link = self._host.link_to(borrowed.ask)
        if link is None:
            raise Pause(Stage.ASLEEP)
        if progress.missing is None:
            # After a restart: all that stands here is read, and only what fits is kept.
            found = await self._on_thread(self._store.missing, coming)
            progress.listed, progress.missing = found
            await self._on_thread(self._store.check_room, coming)
        progress.stage = Stage.COMING
        core = self._host.core
        errand = rules.errand_of(core, borrowed.loan, borrowed.path, borrowed.file.name)
        opener = PieceOpener(errand, core.config.link_private)
        fetch = OneTry(self._host, self._store, self._on_thread, self._ask, coming, link, opener)
        if not progress.listed:
            progress.listed = await fetch.the_list()
            progress.missing = (await self._on_thread(self._store.missing, coming))[1]
        await fetch.parts(progress.listed, progress.missing)
        found = await self._on_thread(self._store.missing, coming)
        progress.listed, progress.missing = found
        if progress.missing:
            raise Pause(Stage.DAMAGED)  # the disk changed it after it was checked
        await self._on_thread(self._store.finish, coming)
        progress.stage = Stage.HERE

    # --- what the owner asks -------------------------------------------------------------------

    def fetch_again(self, loan: ObjectId) -> None:
        """Try now; a file that was moved away comes once more."""
        for key, borrowed in self._wanted().items():
            if borrowed.loan != loan:
                continue
            path = self.path_of(borrowed)
            progress = self._files.setdefault(key, _Progress())
            if path is not None and not path.is_file():
                self._store.forget_come(loan)
                progress.stage, progress.missing = Stage.WAITING, None
            progress.retry_s = RETRY_MIN_S
            self._rest(progress)
        self.look()

    def path_of(self, borrowed: Borrowed) -> Path | None:
        """Where the finished file was put; None while it has not come."""
        name = self._store.come(_coming(borrowed))
        return self._store.received / name if name else None

    def files(self) -> list[dict[str, Json]]:
        """The files of my loans, and how far each is; of loans that are over, those that came."""
        rows = []
        for borrowed in rules.borrowed(self._host.core):
            path = self.path_of(borrowed)
            if path is not None or borrowed.may_fetch:
                rows.append(self._json(borrowed, path))
        return rows

    def _json(self, borrowed: Borrowed, path: Path | None) -> dict[str, Json]:
        core, file = self._host.core, borrowed.file
        progress = self._files.get(_coming(borrowed).key, _Progress())
        stage, got_bytes = progress.stage, 0
        if path is not None:
            is_there = path.is_file()
            stage, got_bytes = (Stage.HERE if is_there else Stage.MOVED), file.size_bytes
        elif progress.missing is not None:
            shape = _coming(borrowed).shape
            gone = [piece for piece in progress.missing if piece >= shape.list_pieces]
            if progress.listed:
                got_bytes = file.size_bytes - sum(shape.place_of(piece)[1] for piece in gone)
        if stage in (Stage.WAITING, Stage.COMING) and not self._host.is_linked(borrowed.ask):
            stage = Stage.ASLEEP
        return {
            "loan": borrowed.loan.hex(),
            "title": borrowed.title,
            "licence": borrowed.licence,
            "file": file.title,
            "size_bytes": file.size_bytes,
            "got_bytes": got_bytes,
            "state": stage.value,
            "holder_name": core.name_of(borrowed.path[-1]),
            "asleep_name": self._asleep_name(borrowed),
            "path": None if path is None else str(path),
        }

    def _asleep_name(self, borrowed: Borrowed) -> str:
        """Whose home is asleep, if one is; empty where it may be one of several."""
        path = borrowed.path
        if len(path) == 2 or not self._host.is_linked(borrowed.ask):
            return self._host.core.name_of(path[1])
        return self._host.core.name_of(path[2]) if len(path) == 3 else ""


def _coming(borrowed: Borrowed) -> Coming:
    return Coming(borrowed.loan, borrowed.file)
