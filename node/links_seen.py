"""Since when each friend's home is connected, or is not: so that a quiet home can be told of.

The engine knows which links stand and forgets them when the node ends. Here the moment of
each change is kept, as a note of the page's (``node.engine.desk``): a home that fell asleep
yesterday is still known to sleep since then after this node was started anew. What happened
while this node itself was off is not guessed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from node.engine import desk
from node.engine.commands import KeepNote
from node.engine.core import Core
from node.errors import NodeError
from protocol.errors import Refused
from protocol.keys import MemberId

if TYPE_CHECKING:
    from node.api.protocols import EngineLike
    from node.engine.commands import Command
    from node.engine.events import Json
    from node.topics import Subscription

_NOTE: Final = "links"
# Links come and go in flocks: they are noted together.
_SETTLE_S: Final = 1.0
# A thousand friends fit into one note.
_KEY_LETTERS: Final = 16

_log = logging.getLogger("openhouse.links")


@dataclass(frozen=True, slots=True)
class Seen:
    """How a friend's home was seen last.

    Args:
        since_ms: when it became so; None when this node was off then.
    """

    is_up: bool
    since_ms: int | None


class SeeingNode(Protocol):
    """What is needed of the node."""

    @property
    def engine(self) -> EngineLike | None: ...
    async def command(self, command: Command) -> Json: ...
    def subscribe(self) -> Subscription: ...


class LinksSeen:
    """Keeps the moments of one node.

    Args:
        now_ms: the world; scripted in tests.
    """

    def __init__(
        self, node: SeeingNode, now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    ) -> None:
        self._node = node
        self._now_ms = now_ms
        self._seen: dict[str, Seen] | None = None

    def look(self) -> Mapping[MemberId, Seen]:
        """Every friend's home as it is now."""
        if self._node.engine is None:
            return {}
        core = self._node.engine.core
        before = read_seen(desk.note(core, _NOTE)) if self._seen is None else self._seen
        found = {member: self._one(core, before, member) for member in core.live_friends()}
        self._seen = {_key(member): seen for member, seen in found.items()}
        return found

    def _one(self, core: Core, before: Mapping[str, Seen], member: MemberId) -> Seen:
        is_up = core.link_of(member) is not None
        known = before.get(_key(member), Seen(False, None))
        return known if known.is_up == is_up else Seen(is_up, self._now_ms())

    async def note(self) -> None:
        """Look, and keep what changed. Raises Refused, NodeError."""
        self.look()
        if self._node.engine is not None and self._seen is not None:
            data = write_seen(self._seen)
            if data != desk.note(self._node.engine.core, _NOTE):
                await self._node.command(KeepNote(_NOTE, data))

    async def run(self) -> None:
        """Note every change, until cancelled."""
        with self._node.subscribe() as changes:
            while True:
                try:
                    await self.note()
                except (NodeError, Refused):
                    # The node is ending, or cannot write: it says so itself.
                    _log.exception("the moments of links could not be kept")
                    return
                await changes.next()
                await asyncio.sleep(_SETTLE_S)


def _key(member: MemberId) -> str:
    return member.hex()[:_KEY_LETTERS]


def write_seen(seen: Mapping[str, Seen]) -> bytes:
    """As JSON: who sleeps since when, and who was there (whose moment is of no use later)."""
    rows = {
        key: 0 if each.is_up else each.since_ms
        for key, each in sorted(seen.items())
        if each.is_up or each.since_ms is not None
    }
    return json.dumps(rows, separators=(",", ":")).encode() if rows else b""


def read_seen(data: bytes) -> dict[str, Seen]:
    """What ``write_seen`` wrote; homes that were there then are not there yet."""
    rows: dict[str, Any] = json.loads(data) if data else {}
    return {key: Seen(False, since_ms or None) for key, since_ms in rows.items()}
