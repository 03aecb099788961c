"""A link whose other end says nothing any more, not even goodbye.

Spec: §14.1 (``LINK_HEARTBEAT_MS``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from node.config import Settings
from node.engine.commands import FoundHouse, Invite, Join
from node.node import Node, running
from node.store import Store
from node.transport import endpoint, links
from protocol import limits
from protocol.charter import Charter


@asynccontextmanager
async def home(directory: Path, name: str) -> AsyncIterator[Node]:
    settings = Settings(directory, peer_host="127.0.0.1", peer_port=0, lan=False)
    store = Store(directory)
    try:
        async with running(settings, store, "token") as node:
            await node.set_up(name, "", "", "en")
            yield node
    finally:
        store.close()


async def eventually(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - what is waited for is another's state
            await asyncio.sleep(0.02)


def links_of(node: Node) -> int:
    assert node.engine is not None
    return len(node.engine.core.links)


@pytest.mark.slow
def test_a_link_whose_other_end_has_died_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its machine lost power: nothing arrives, nothing is closed, nothing is answered."""
    assert limits.LINK_HEARTBEAT_MS / 1000 == links.HEARTBEAT_S
    monkeypatch.setattr(endpoint, "HEARTBEAT_S", 0.4)

    async def scenario() -> None:
        async with home(tmp_path / "ana", "Ana") as node, home(tmp_path / "ben", "Ben") as friend:
            await node.command(FoundHouse("House", Charter()))
            answer = await node.command(Invite(60_000, node.addresses()))
            await friend.command(Join(str(cast("dict[str, object]", answer)["link"])))
            await eventually(lambda: links_of(node) == links_of(friend) == 1)
            # Alive and idle for several beats: the link stays.
            await asyncio.sleep(1.2)
            assert 1 == links_of(node)

            for link in cast(Any, friend)._host._links.values():
                link._web_socket._response.connection.transport.pause_reading()
            await eventually(lambda: links_of(node) == 0)

    asyncio.run(scenario())
