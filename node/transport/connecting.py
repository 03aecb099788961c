"""Which address to try, in which order, and how long to wait before the next one.

Most addresses of a friend lead nowhere from where we are, and some of them are silent for
as long as one waits. So the next is tried before the one before has failed ("happy
eyeballs", RFC 8305), and the first that answers is taken. Only connections are opened side
by side: handshakes come one after the other, because a friend with whom two succeeded would
see two links.

Spec: §17.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Final, TypeVar

from node.config import split_address
from node.errors import DialFailed

_Connection = TypeVar("_Connection")

NEXT_AFTER_S: Final = 0.5


def by_reach(addresses: Iterable[str]) -> list[str]:
    """Addresses that the whole world can reach first, in the order told. Spec: §17.

    Those of a private network mostly lead nowhere, and each of them takes its time to.
    """
    return sorted(addresses, key=_is_private)


def _is_private(address: str) -> bool:
    split = split_address(address)
    try:
        return split is not None and not ip_address(split[0].partition("%")[0]).is_global
    except ValueError:
        return False  # a host name


@asynccontextmanager
async def opened(
    addresses: Sequence[str],
    connect: Callable[[str], Awaitable[_Connection]],
    give_up: Callable[[_Connection], Awaitable[None]],
    next_after_s: float = NEXT_AFTER_S,
) -> AsyncIterator[AsyncIterator[tuple[str, _Connection]]]:
    """Connections as they come about, each to be used or given up by whoever takes it.

    Args:
        addresses: the best first.
        connect: raises DialFailed.
        give_up: for connections that came about and were not taken when the block ends.
    """
    under_way: dict[asyncio.Task[_Connection], str] = {}
    coming = _as_they_come(addresses, connect, under_way, next_after_s)
    try:
        yield coming
    finally:
        await coming.aclose()
        for task in under_way:
            task.cancel()
        for result in await asyncio.gather(*under_way, return_exceptions=True):
            if not isinstance(result, BaseException):
                await give_up(result)


async def _as_they_come(
    addresses: Sequence[str],
    connect: Callable[[str], Awaitable[_Connection]],
    under_way: dict[asyncio.Task[_Connection], str],
    next_after_s: float,
) -> AsyncGenerator[tuple[str, _Connection], None]:
    waiting = list(reversed(addresses))
    while waiting or under_way:
        if waiting:
            address = waiting.pop()
            under_way[asyncio.ensure_future(connect(address))] = address
        timeout_s = next_after_s if waiting else None
        await asyncio.wait(under_way, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        # In the order of the addresses: of two that came about, the better one.
        for task in [task for task in under_way if task.done()]:
            address = under_way.pop(task)
            if isinstance(task.exception(), DialFailed):
                continue
            yield address, task.result()
