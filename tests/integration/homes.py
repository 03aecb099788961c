"""Real nodes in one process: their store on disk, their links over loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from pathlib import Path
from typing import cast

from node.config import Settings
from node.engine.commands import FoundHouse, Invite, Join
from node.engine.common_friends import common_friends
from node.host import Host
from node.node import Node, running
from node.store import Store
from protocol.charter import Charter
from protocol.keys import MemberId


async def eventually(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - what is waited for is another's state
            await asyncio.sleep(0.02)


def run(scenario: Awaitable[None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(60):
            await scenario

    asyncio.run(limited())


@asynccontextmanager
async def home(directory: Path, name: str) -> AsyncIterator[Node]:
    settings = Settings(directory / name, peer_host="127.0.0.1", peer_port=0, lan=False)
    store = Store(settings.home)
    try:
        async with running(settings, store, "token") as node:
            await node.set_up(name, "", "", "en")
            yield node
    finally:
        store.close()


def in_days(days: int) -> int:
    """A day from now on, in calendar minutes."""
    return (date.today().toordinal() - date(1970, 1, 1).toordinal() + days) * 24 * 60


def me(node: Node) -> MemberId:
    assert node.engine is not None
    return node.engine.core.me


def host(node: Node) -> Host:
    assert node._host is not None
    return node._host


async def befriend(guest: Node, inviter: Node) -> None:
    answer = await inviter.command(Invite(3_600_000, inviter.addresses()))
    await guest.command(Join(str(cast("dict[str, object]", answer)["link"])))


@asynccontextmanager
async def three(tmp_path: Path) -> AsyncIterator[tuple[Node, Node, Node]]:
    """Alice, Bob and Rosa, members and friends of each other."""
    async with AsyncExitStack() as stack:
        rosa = await stack.enter_async_context(home(tmp_path, "Rosa"))
        alice = await stack.enter_async_context(home(tmp_path, "Alice"))
        bob = await stack.enter_async_context(home(tmp_path, "Bob"))
        await rosa.command(FoundHouse("House", Charter()))
        await befriend(alice, rosa)
        await eventually(lambda: host(rosa).core.standing() == "member")
        await befriend(bob, rosa)
        await befriend(bob, alice)
        a, b, r = me(alice), me(bob), me(rosa)
        await eventually(lambda: r in common_friends(host(alice).core, b))
        await eventually(lambda: r in common_friends(host(bob).core, a))
        yield alice, bob, rosa


async def cut(one: Node, other: Node) -> None:
    """End their link."""
    link = host(one).link_to(me(other))
    assert link is not None
    link.close("the test cuts")
    await eventually(lambda: host(one).link_to(me(other)) is not link)


def sees(node: Node, title: str) -> bool:
    assert node.engine is not None
    core = node.engine.core
    return any(getattr(r.body, "title", "") == title for r in core.visible_listings())
