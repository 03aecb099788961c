"""The time that all of the node goes by, told to friends and heard from them.

Without a clock to watch (tests) the computer's own is believed.

Spec: §10.5.
"""

from __future__ import annotations

import time

from node.engine.clock_watch import ClockWatch
from node.engine.core import Core
from node.engine.events import LinkId, Send
from protocol.keys import MemberId
from protocol.reaching import TellTime, encode_reaching


class NodeTime:
    """Reads the computer's clocks, and keeps whom this node has told its time.

    Args:
        clock: keeps the engine's time; None believes the computer's clock.
    """

    def __init__(self, clock: ClockWatch | None) -> None:
        self._clock = clock
        self._told: dict[LinkId, None] = {}

    def now_ms(self) -> int:
        wall_ms = time.time_ns() // 1_000_000
        return wall_ms if self._clock is None else self._clock.read(wall_ms, steady_ms())

    def hear(self, member: MemberId, time_ms: int) -> bool:
        """A friend's node told its time; whether ours is in doubt now or no longer."""
        if self._clock is None:
            return False
        was_sure = self._clock.is_sure
        self._clock.hear(member, time_ms, steady_ms())
        self.now_ms()
        if self._clock.is_sure == was_sure:
            return False
        self._told.clear()
        return True

    def tell(self, core: Core, now_ms: int) -> list[Send]:
        """Tell friends our time, once a link; nobody is told one that is in doubt.

        After the engines have greeted each other: before that the other does not know
        yet, on a link that an invitation made, that we are friends.
        """
        if self._clock is None or not self._clock.is_sure or len(self._told) == len(core.link_ids):
            return []
        message = encode_reaching(TellTime(now_ms))
        new = [link_id for link_id in core.link_ids.values() if self._is_to_be_told(core, link_id)]
        self._told.update(dict.fromkeys(new))
        return [Send(link_id, message) for link_id in new]

    def _is_to_be_told(self, core: Core, link_id: LinkId) -> bool:
        link = core.links[link_id]
        return link_id not in self._told and not link.is_for_loans and link.session.is_greeted

    def note(self, now_ms: int) -> bool:
        """Whether the time is to be written down with what is written anyway."""
        if self._clock is None or not self._clock.is_to_be_noted():
            return False
        self._clock.noted_ms = now_ms
        return True

    def forget(self, link_id: LinkId, friend: MemberId | None) -> None:
        """A link has ended."""
        self._told.pop(link_id, None)
        if self._clock is not None and friend is not None:
            self._clock.forget(friend)


def steady_ms() -> int:
    """A counter that nobody sets and that counts while the computer sleeps, where there is one."""
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        if hasattr(time, name):
            return time.clock_gettime_ns(getattr(time, name)) // 1_000_000
    return time.monotonic_ns() // 1_000_000
