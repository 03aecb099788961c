"""Keeping sealed items for friends of friends until they come.

Items are kept in a database of their own, ``mailbox.db``: large, sealed, and no loss when
they are lost, so neither the engine's memory nor its database nor a backup carries them.
What one friend may leave is bounded in number and bytes, and nothing stays longer than
``MAILBOX_ITEM_TTL_MS``. They are handed over one at a time, each after the receipt for the
one before, so that memory holds one a friend.

Spec: §17.4.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from node.engine.common_friends import may_help
from node.host import Host
from node.surroundings import Connection
from protocol import limits
from protocol.keys import MemberId
from protocol.mailbox import item_id
from protocol.reaching import HandItem, ItemReceipt, LeaveItem, encode_reaching

_log = logging.getLogger("openhouse.mailbox")
_Result = TypeVar("_Result")

DATABASE_FILE: Final = "mailbox.db"
RECEIPT_MAX_S: Final = 60.0
# Items of one friend on their way to the disk: each may be a megabyte of memory.
_WRITING_MAX: Final = 4

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS item (
    number INTEGER PRIMARY KEY,
    item BLOB NOT NULL,
    recipient BLOB NOT NULL,
    sender BLOB NOT NULL,
    sealed BLOB NOT NULL,
    left_ms INTEGER NOT NULL,
    UNIQUE (item, recipient, sender)
)
"""


@dataclass(frozen=True, slots=True)
class KeeperLimits:
    """What one friend may leave, and for how long; see ``protocol.limits``."""

    items: int = limits.MAILBOX_ITEMS_PER_FRIEND_MAX
    size_bytes: int = limits.MAILBOX_PER_FRIEND_MAX_BYTES
    ttl_ms: int = limits.MAILBOX_ITEM_TTL_MS


@dataclass(frozen=True, slots=True)
class Kept:
    """An item as it is handed over."""

    number: int
    sender: MemberId
    sealed: bytes


class Keeper:
    """The items on disk. Every method blocks; used by one thread at a time.

    Args:
        home: the data directory; the file is made when there is something to keep.
        now_ms: Unix milliseconds.
    """

    def __init__(
        self, home: Path, now_ms: Callable[[], int], bounds: KeeperLimits | None = None
    ) -> None:
        self._path = home / DATABASE_FILE
        self._now_ms = now_ms
        self._bounds = bounds or KeeperLimits()
        self._database: sqlite3.Connection | None = None

    def leave(self, sender: MemberId, recipient: MemberId, sealed: bytes) -> bool:
        """Keep an item; false when there is no room. One that is kept already is kept once."""
        database = self._open()
        self._expire(database)
        known = database.execute(
            "SELECT 1 FROM item WHERE item = ? AND recipient = ? AND sender = ?",
            (item_id(sealed), recipient, sender),
        ).fetchone()
        if known is not None:
            return True
        count, size_bytes = database.execute(
            "SELECT count(*), coalesce(sum(length(sealed)), 0) FROM item WHERE sender = ?",
            (sender,),
        ).fetchone()
        if count >= self._bounds.items or size_bytes + len(sealed) > self._bounds.size_bytes:
            return False
        database.execute(
            "INSERT INTO item (item, recipient, sender, sealed, left_ms) VALUES (?, ?, ?, ?, ?)",
            (item_id(sealed), recipient, sender, sealed, self._now_ms()),
        )
        return True

    def oldest(self, recipient: MemberId) -> Kept | None:
        """The next item for a friend."""
        if self._database is None and not self._path.exists():
            return None
        database = self._open()
        self._expire(database)
        row = database.execute(
            "SELECT number, sender, sealed FROM item WHERE recipient = ? ORDER BY number LIMIT 1",
            (recipient,),
        ).fetchone()
        return None if row is None else Kept(row[0], MemberId(row[1]), row[2])

    def remove(self, kept: Kept) -> None:
        """It was taken."""
        self._open().execute("DELETE FROM item WHERE number = ?", (kept.number,))

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _expire(self, database: sqlite3.Connection) -> None:
        """Let go of what is too old, and of what a clock set wrong has dated ahead."""
        now_ms = self._now_ms()
        database.execute(
            "DELETE FROM item WHERE left_ms <= ? OR left_ms > ?",
            (now_ms - self._bounds.ttl_ms, now_ms + self._bounds.ttl_ms),
        )

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            try:
                self._database = self._connect()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                # Nothing in it is worth more than the node: who left it leaves it again.
                _log.warning("%s is damaged and begun anew: %s", self._path, error)
                self._path.unlink()
                self._database = self._connect()
        return self._database

    def _connect(self) -> sqlite3.Connection:
        # Made before SQLite does, so that it is never readable by others.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA secure_delete = ON")
            database.execute("PRAGMA synchronous = FULL")
            database.execute(_SCHEMA)
        except BaseException:
            database.close()
            raise
        return database


class Mailboxes:
    """The common friend's part: takes items, keeps them, hands them over.

    Args:
        keeper: from now on used by this object's thread alone.
    """

    def __init__(self, host: Host, keeper: Keeper) -> None:
        self._host = host
        self._keeper = keeper
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mailbox")
        self._handing: dict[MemberId, asyncio.Task[None]] = {}
        self._writing: dict[asyncio.Task[None], MemberId] = {}
        self._waiting: dict[tuple[Connection, bytes], asyncio.Future[bool]] = {}
        self._is_stopped = False

    async def stop(self) -> None:
        self._is_stopped = True
        tasks = [*self._handing.values(), *self._writing]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._on_thread(self._keeper.close)
        self._thread.shutdown()

    # --- what arrives --------------------------------------------------------------------

    def on_leave(self, link: Connection, sender: MemberId, message: LeaveItem) -> None:
        """A friend leaves an item; the answer is a receipt. Spec: §17.4."""
        busy = sum(1 for member in self._writing.values() if member == sender)
        core = self._host.core
        if busy >= _WRITING_MAX or not may_help(core, sender, message.member, message.proof):
            _answer(link, message.sealed, is_taken=False)
            return
        task = asyncio.create_task(self._keep(link, sender, message), name="keep an item")
        self._writing[task] = sender
        task.add_done_callback(lambda task: self._writing.pop(task, None))

    def on_receipt(self, link: Connection, message: ItemReceipt) -> bool:
        """Whether a receipt is for an item handed over on this link."""
        waiting = self._waiting.get((link, message.item))
        if waiting is None:
            return False
        if not waiting.done():
            waiting.set_result(message.is_taken)
        return True

    def on_link(self, member: MemberId) -> None:
        """A friend is linked: hand over what waits for them."""
        if self._is_stopped or member in self._handing:
            return
        if self._host.link_to(member) is not None:
            task = asyncio.create_task(self._hand_over(member), name="hand items over")
            self._handing[member] = task

    def on_link_ended(self, link: Connection) -> None:
        for (waiting_link, _), waiting in list(self._waiting.items()):
            if waiting_link is link and not waiting.done():
                waiting.set_result(False)

    # --- keeping and handing over ----------------------------------------------------------

    async def _keep(self, link: Connection, sender: MemberId, message: LeaveItem) -> None:
        try:
            is_taken = await self._on_thread(
                self._keeper.leave, sender, message.member, message.sealed
            )
        except (sqlite3.Error, OSError) as error:
            _log.warning("an item could not be kept: %s", error)
            is_taken = False
        _answer(link, message.sealed, is_taken=is_taken)
        if is_taken:
            self.on_link(message.member)

    async def _hand_over(self, member: MemberId) -> None:
        try:
            while self._host.core.is_live_friend(member):
                kept = await self._on_thread(self._keeper.oldest, member)
                link = self._host.link_to(member)
                if kept is None or link is None or not await self._hand(link, kept):
                    return
                await self._on_thread(self._keeper.remove, kept)
        except (sqlite3.Error, OSError) as error:
            _log.warning("items could not be handed over: %s", error)
        finally:
            # At once: what is kept from now on needs another round.
            self._handing.pop(member, None)

    async def _hand(self, link: Connection, kept: Kept) -> bool:
        """Whether the friend took it."""
        key = (link, item_id(kept.sealed))
        receipt: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[key] = receipt
        link.send(encode_reaching(HandItem(kept.sender, kept.sealed)))
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(RECEIPT_MAX_S):
                    return await receipt
            return False
        finally:
            del self._waiting[key]

    async def _on_thread(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def _answer(link: Connection, sealed: bytes, *, is_taken: bool) -> None:
    link.send(encode_reaching(ItemReceipt(item_id(sealed), is_taken)))
