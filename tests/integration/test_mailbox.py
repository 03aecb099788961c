"""Spec §17.4: a common friend keeps sealed items until they are taken.

First what is kept on disk, each limit as the attack it bounds; then the handing over with
scripted links; then three real nodes, of which two are never on at the same time.
"""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from node.config import Settings
from node.engine import mailbox as engine_mailbox
from node.engine.commands import AddThing, FoundHouse, Invite, Join, WithdrawThing
from node.engine.common_friends import common_friends
from node.engine.events import LinkId
from node.host import Host
from node.node import Node, running
from node.store import Store
from node.surroundings import Connection, FriendPeer, Peer
from node.transport import mailbox
from node.transport.mailbox import DATABASE_FILE, Keeper, KeeperLimits, Mailboxes
from protocol import limits
from protocol.charter import Charter
from protocol.keys import MemberId
from protocol.mailbox import item_id
from protocol.reaching import HandItem, ItemReceipt, LeaveItem, Reaching, decode_reaching

ALICE, BOB, CAROL = (MemberId(name * 32) for name in (b"a", b"b", b"c"))
NO_PROOF = (b"", b"")
DAY_MS = 24 * 3600 * 1000


async def eventually(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - what is waited for is another's state
            await asyncio.sleep(0.02)


def run(scenario: Awaitable[None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(60):
            await scenario

    asyncio.run(limited())


# --- on disk ---------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now_ms = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now_ms


def sealed_items(keeper: Keeper, recipient: MemberId = BOB) -> list[bytes]:
    """Everything kept for somebody; it is gone afterwards."""
    found = []
    while (kept := keeper.oldest(recipient)) is not None:
        found.append(kept.sealed)
        keeper.remove(kept)
    return found


def test_items_are_kept_over_a_restart_and_given_oldest_first(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, Clock())
    assert keeper.oldest(BOB) is None
    assert not (tmp_path / DATABASE_FILE).exists()
    for number in range(3):
        assert keeper.leave(ALICE, BOB, b"item %d" % number)
    assert keeper.leave(ALICE, CAROL, b"for Carol")
    keeper.close()
    keeper = Keeper(tmp_path, Clock())

    assert [b"item 0", b"item 1", b"item 2"] == sealed_items(keeper)
    assert [b"for Carol"] == sealed_items(keeper, CAROL)
    assert 0o600 == stat.S_IMODE((tmp_path / DATABASE_FILE).stat().st_mode)
    keeper.close()


def test_an_item_left_twice_is_kept_once_and_nobody_can_pretend_to_have_left_it(
    tmp_path: Path,
) -> None:
    keeper = Keeper(tmp_path, Clock())
    assert keeper.leave(CAROL, BOB, b"item")
    for _ in range(2):
        assert keeper.leave(ALICE, BOB, b"item")
    first = keeper.oldest(BOB)
    assert first is not None
    keeper.remove(first)
    second = keeper.oldest(BOB)

    assert second is not None
    assert [CAROL, ALICE] == [first.sender, second.sender]
    keeper.close()


def test_nobody_can_fill_the_disk_with_large_items(tmp_path: Path) -> None:
    """Spec §14: ``MAILBOX_PER_FRIEND_MAX_BYTES``, whoever they are for."""
    keeper = Keeper(tmp_path, Clock(), KeeperLimits(size_bytes=1000))
    assert keeper.leave(ALICE, BOB, bytes(600))
    assert not keeper.leave(ALICE, CAROL, b"x" * 401)
    assert keeper.leave(ALICE, CAROL, b"x" * 400)

    assert not keeper.leave(ALICE, BOB, b"y")
    assert keeper.leave(CAROL, BOB, b"y")
    sealed_items(keeper)
    assert keeper.leave(ALICE, BOB, b"y")
    keeper.close()


def test_nobody_can_fill_the_disk_with_many_items(tmp_path: Path) -> None:
    """Spec §14: ``MAILBOX_ITEMS_PER_FRIEND_MAX``."""
    keeper = Keeper(tmp_path, Clock(), KeeperLimits(items=10))
    taken = [keeper.leave(ALICE, BOB, b"%d" % number) for number in range(12)]

    assert [True] * 10 + [False] * 2 == taken
    assert (256, 32 * 1024 * 1024) == (KeeperLimits().items, KeeperLimits().size_bytes)
    keeper.close()


def test_items_that_nobody_collects_are_let_go(tmp_path: Path) -> None:
    clock = Clock()
    keeper = Keeper(tmp_path, clock, KeeperLimits(items=1))
    keeper.leave(ALICE, BOB, b"old")
    clock.now_ms += limits.MAILBOX_ITEM_TTL_MS - 1
    assert not keeper.leave(ALICE, BOB, b"new")
    clock.now_ms += 1
    assert keeper.leave(ALICE, BOB, b"new")

    assert [b"new"] == sealed_items(keeper)
    # A clock that was years ahead for an hour leaves nothing that stays for years.
    clock.now_ms += 1000 * DAY_MS
    keeper.leave(ALICE, BOB, b"ahead")
    clock.now_ms -= 1000 * DAY_MS
    assert [] == sealed_items(keeper)
    keeper.close()


def test_a_damaged_database_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE).write_bytes(b"not a database" * 1000)
    keeper = Keeper(tmp_path, Clock())

    assert keeper.leave(ALICE, BOB, b"item")
    assert [b"item"] == sealed_items(keeper)
    keeper.close()


# --- handing over, with scripted links -------------------------------------------------------


class Line:
    """A link that remembers what was sent on it."""

    def __init__(self, member: MemberId) -> None:
        self.id = LinkId(member[0])
        self.peer: Peer = FriendPeer(member)
        self.is_dialled = True
        self.is_relayed = False
        self.sent: list[Reaching] = []

    def send(self, message: bytes) -> None:
        self.sent.append(decode_reaching(message))

    def close(self, reason: str) -> None: ...
    def on_delivered(self, size_bytes: int) -> None: ...


class Home:
    """The common friend's node, as far as its mailboxes know it."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lines = {ALICE: Line(ALICE), BOB: Line(BOB)}
        self.helps = True
        monkeypatch.setattr(mailbox, "may_help", lambda *arguments: self.helps)
        self.core = SimpleNamespace(is_live_friend=lambda member: True)
        self.keeper = Keeper(directory, Clock(), KeeperLimits(items=5))
        self.mailboxes = Mailboxes(cast(Host, self), self.keeper)

    def link_to(self, member: MemberId) -> Line | None:
        return self.lines.get(member)

    def leave(self, sealed: bytes, recipient: MemberId = BOB) -> None:
        link = cast(Connection, self.lines[ALICE])
        self.mailboxes.on_leave(link, ALICE, LeaveItem(recipient, NO_PROOF, sealed))

    def receipt(self, sealed: bytes, *, is_taken: bool) -> bool:
        message = ItemReceipt(item_id(sealed), is_taken)
        return self.mailboxes.on_receipt(cast(Connection, self.lines[BOB]), message)


def test_items_are_handed_over_one_by_one_each_after_the_receipt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        home = Home(tmp_path, monkeypatch)
        bob = home.lines.pop(BOB)
        items = [b"one", b"two"]
        for sealed in items:
            home.leave(sealed)
        await eventually(lambda: len(home.lines[ALICE].sent) == 2)
        receipts = [ItemReceipt(item_id(sealed), True) for sealed in items]
        assert receipts == home.lines[ALICE].sent
        assert [] == bob.sent

        home.lines[BOB] = bob
        home.mailboxes.on_link(BOB)
        home.mailboxes.on_link(BOB)
        await eventually(lambda: len(bob.sent) == 1)
        assert [HandItem(ALICE, b"one")] == bob.sent
        assert not home.receipt(b"two", is_taken=True)
        assert home.receipt(b"one", is_taken=True)
        await eventually(lambda: len(bob.sent) == 2)
        # Not now: it stays for another time.
        assert home.receipt(b"two", is_taken=False)
        await eventually(lambda: not home.mailboxes._handing)
        assert not home.receipt(b"two", is_taken=True)

        home.mailboxes.on_link(BOB)
        await eventually(lambda: len(bob.sent) == 3)
        assert HandItem(ALICE, b"two") == bob.sent[-1]
        home.mailboxes.on_link_ended(cast(Connection, bob))
        await eventually(lambda: not home.mailboxes._handing)
        await home.mailboxes.stop()
        assert [b"two"] == sealed_items(home.keeper)
        home.keeper.close()

    run(scenario())


def test_who_may_not_leave_anything_hears_the_same_as_who_has_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        home = Home(tmp_path, monkeypatch)
        del home.lines[BOB]
        home.helps = False
        home.leave(b"item")
        assert [ItemReceipt(item_id(b"item"), False)] == home.lines[ALICE].sent
        assert not (tmp_path / DATABASE_FILE).exists()
        home.helps = True
        home.lines[ALICE].sent.clear()
        # More at once than may wait for the disk.
        for number in range(6):
            home.leave(b"%d" % number)
        await eventually(lambda: len(home.lines[ALICE].sent) == 6)
        taken = [m.is_taken for m in home.lines[ALICE].sent if isinstance(m, ItemReceipt)]
        assert [False, False, True, True, True, True] == sorted(taken)

        def full(*arguments: object) -> bool:
            raise sqlite3.OperationalError("disk full")

        monkeypatch.setattr(home.keeper, "leave", full)
        home.lines[ALICE].sent.clear()
        home.leave(b"another")
        await eventually(lambda: len(home.lines[ALICE].sent) == 1)
        assert [ItemReceipt(item_id(b"another"), False)] == home.lines[ALICE].sent
        await home.mailboxes.stop()

    run(scenario())


# --- three real nodes ------------------------------------------------------------------------


@asynccontextmanager
async def home(directory: Path, name: str) -> AsyncIterator[Node]:
    settings = Settings(directory / name, peer_host="127.0.0.1", peer_port=0, lan=False)
    store = Store(settings.home)
    try:
        async with running(settings, store, "token") as node:
            if node.engine is None:
                await node.set_up(name, "", "", "en")
            yield node
    finally:
        store.close()


def me(node: Node) -> MemberId:
    assert node.engine is not None
    return node.engine.core.me


def titles(node: Node) -> list[str]:
    assert node.engine is not None
    return sorted(getattr(r.body, "title", "") for r in node.engine.core.visible_listings())


async def befriend(guest: Node, inviter: Node) -> None:
    answer = await inviter.command(Invite(3_600_000, inviter.addresses()))
    await guest.command(Join(str(cast("dict[str, object]", answer)["link"])))


def test_two_friends_who_are_never_on_together_hear_of_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_mailbox, "UNLINKED_MS", 100)
    monkeypatch.setattr(engine_mailbox, "SETTLE_MS", 50)

    async def scenario() -> None:
        async with home(tmp_path, "Rosa") as rosa:
            assert rosa.engine is not None
            keeper = Keeper(tmp_path / "Rosa", mailbox.now_ms)
            await rosa.command(FoundHouse("House", Charter()))
            async with home(tmp_path, "Alice") as alice:
                await befriend(alice, rosa)
                core = rosa.engine.core
                await eventually(lambda: core.standing() == "member")
                async with home(tmp_path, "Bob") as bob:
                    b = me(bob)
                    await befriend(bob, rosa)
                    await befriend(bob, alice)
                    tent = await alice.command(AddThing("Tent", circles=1))
                    await eventually(lambda: titles(bob) == ["Tent"])
                assert alice.engine is not None
                mine = alice.engine.core
                await eventually(lambda: me(rosa) in common_friends(mine, b))
                await alice.command(WithdrawThing(str(cast("dict[str, object]", tent)["thing"])))
                await alice.command(AddThing("Boat", circles=1))
                await eventually(lambda: keeper.oldest(b) is not None)
                await eventually(lambda: mine.get_local(f"mailbox left {b.hex()}") is not None)
            async with home(tmp_path, "Bob") as bob:
                await eventually(lambda: titles(bob) == ["Boat"])
                await eventually(lambda: keeper.oldest(b) is None)
                assert {} == dict(bob.counters)
            keeper.close()

    run(scenario())
