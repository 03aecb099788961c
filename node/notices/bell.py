"""The bell: looks at what changed, puts notices into the box, and sends what is due.

It sleeps until something changes or a minute comes that ``facts`` named; while nothing is
lent and nothing waits, it does not wake at all.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from node.engine import contacts, desk, views
from node.engine.commands import KeepNote
from node.errors import NodeError
from node.notices import box as boxes
from node.notices.box import Box, read_box, write_box
from node.notices.channels import Channels, read_channels
from node.notices.facts import Fact, facts, next_minute
from protocol.errors import Refused

if TYPE_CHECKING:
    from node.api.protocols import EngineLike, FilesLike
    from node.engine.commands import Command
    from node.engine.core import Core
    from node.engine.events import Json
    from node.topics import Subscription

# Changes come in flocks: they are looked at together.
_SETTLE_S: Final = 1.0
# The clock may be set while we sleep.
_SLEEP_MAX_S: Final = 3600.0

_log = logging.getLogger("openhouse.notices")

Send = Callable[[Channels, str, Sequence[str], str], Awaitable[None]]
"""Over which channel, of what kinds, in which language. Raises SendingFailed."""


class SendingFailed(Exception):
    """A notice did not go out; the text says why."""


class BellNode(Protocol):
    """What the bell needs of its node."""

    @property
    def engine(self) -> EngineLike | None: ...
    @property
    def files(self) -> FilesLike | None: ...
    @property
    def language(self) -> str: ...
    async def command(self, command: Command) -> Json: ...
    def subscribe(self) -> Subscription: ...


def local_minute() -> int:
    """The calendar minute at home."""
    here = datetime.now().astimezone().replace(tzinfo=UTC)
    return int(here.timestamp()) // 60


async def send(
    channels: Channels, channel: str, events: Sequence[str], language: str
) -> None:  # fmt: skip
    """Send over one channel. Raises SendingFailed."""
    # Mail and its libraries are for those who switched it on.
    from node.notices import sending

    await sending.send(channels, channel, events, language)


def box_of(core: Core) -> Box:
    """The notices as they are kept."""
    return read_box(desk.note(core, "notices"))


class Bell:
    """Rings for one node.

    Args:
        send, now_ms, minute: the world; scripted in tests.
        further: what else is a fact, beyond this home (its flatmates').
    """

    def __init__(
        self,
        node: BellNode,
        send: Send = send,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        minute: Callable[[], int] = local_minute,
        further: Callable[[], list[Fact]] = list,
    ) -> None:
        self._node = node
        self._send = send
        self._now_ms = now_ms
        self._minute = minute
        self._further = further

    async def run(self) -> None:
        """Ring whenever there is reason to, until cancelled."""
        with self._node.subscribe() as changes:
            while True:
                try:
                    wait_s = await self.ring()
                except (NodeError, Refused):
                    # The node is ending, or cannot write: it says so itself.
                    _log.exception("notices could not be kept")
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await changes.next()
                await asyncio.sleep(_SETTLE_S)

    async def ring(self) -> float | None:
        """Look once; how many seconds to sleep unless something changes."""
        engine = self._node.engine
        if engine is None:
            return None
        core = engine.core
        loans: list[Any] = views.loans(core)
        friends: list[Any] = views.friends(core)
        channels = read_channels(desk.note(core, "channels"))
        conflicts: list[Any] = contacts.view(core)
        files = () if self._node.files is None else self._node.files.fetching.files()
        found = facts(loans, friends, core.me.hex(), self._minute(), conflicts, files)
        found += self._further()
        box = boxes.take_in(box_of(core), found, channels.wanted_now(), self._now_ms())
        await self._keep(box)
        for channel in boxes.due(box, self._now_ms()):
            await self._keep(await self._sent(channels, channel))
        return self._seconds_to_sleep(loans, box_of(core))

    async def _sent(self, channels: Channels, channel: str) -> Box:
        assert self._node.engine is not None
        core = self._node.engine.core
        if not channels.is_on(channel):
            return boxes.sent(box_of(core), channel)
        events = box_of(core).parcels[channel].events
        try:
            await self._send(channels, channel, events, self._node.language)
        except SendingFailed as failure:
            _log.info("a notice by %s did not go out: %s", channel, failure)
            return boxes.failed(box_of(core), channel, str(failure), self._now_ms())
        # The owner may have read them meanwhile: what is kept now is what counts.
        return boxes.sent(box_of(core), channel)

    async def _keep(self, box: Box) -> None:
        assert self._node.engine is not None
        data = write_box(box)
        if data != desk.note(self._node.engine.core, "notices"):
            await self._node.command(KeepNote("notices", data))

    def _seconds_to_sleep(self, loans: list[Any], box: Box) -> float | None:
        waits: list[float] = []
        if (minute := next_minute(loans, self._minute())) is not None:
            waits.append((minute - self._minute()) * 60.0)
        if (try_ms := boxes.next_try_ms(box)) is not None:
            waits.append(max(0.0, (try_ms - self._now_ms()) / 1000))
        return min(*waits, _SLEEP_MAX_S) if waits else None
