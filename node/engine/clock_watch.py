"""Whether the computer's clock can be believed, and what time it is if not.

Leases end by the clock. A clock that jumps a day ahead would end them early, and have
records signed that others refuse; one that falls back would bring to life what has
ended. So the engine is never given the computer's clock as it is, but the time of this
watch, which never jumps: where the clock does, against a counter that only counts, the
watch goes on from the last time that it believed.

It believes the clock again when that is back, or when most of the friends who are
connected have the same time. While a node starts nobody knows how long it was off: a
time ahead is believed then, one behind what the node has seen already is not. Friends
never set the time, they only confirm the clock: one who lies moves nothing.

Pure: the clock, the counter and what friends say are arguments. Spec: §10.5.
"""

from __future__ import annotations

from typing import Final

from node.engine.calendar import instant_text
from node.engine.events import Json
from protocol import limits
from protocol.keys import MemberId

TOLERANCE_MS: Final = limits.CREATED_AHEAD_MAX_MS
EARLIEST_MS: Final = 1_704_067_200_000
"""2024-01-01: before the program was written. A computer without a battery starts in 1970."""
SETTLING_MS: Final = 10 * 60 * 1000
"""Computers that keep no time learn it from the network some time after they start."""
NOTE_EVERY_MS: Final = 10 * 60 * 1000
"""How old the time on disk may be; it is written only along with something else."""


class ClockWatch:
    """Keeps the engine's time.

    Args:
        noted_ms: the last time that was noted on disk; 0 when none was.
    """

    def __init__(self, noted_ms: int = 0) -> None:
        self.noted_ms = noted_ms
        self._time_ms = max(noted_ms, EARLIEST_MS)
        self._wall_ms = self._time_ms
        self._steady_ms = 0
        self._began_ms: int | None = None
        self._is_settled = False
        self._is_believed = True
        self._leads_ms: dict[MemberId, int] = {}

    def read(self, wall_ms: int, steady_ms: int) -> int:
        """The time to go by.

        Args:
            wall_ms: what the computer's clock says, Unix milliseconds.
            steady_ms: milliseconds of a counter that nobody sets, also while asleep.
        """
        if self._began_ms is None:
            self._began_ms = self._steady_ms = steady_ms
        expected_ms = self._time_ms + max(0, steady_ms - self._steady_ms)
        self._steady_ms, self._wall_ms = steady_ms, wall_ms
        self._is_believed = self._believes(expected_ms)
        self._time_ms = wall_ms if self._is_believed else expected_ms
        if self._is_believed and not self._is_settled:
            is_old = steady_ms - self._began_ms >= SETTLING_MS
            self._is_settled = is_old or self._most_friends_have(wall_ms)
        return self._time_ms

    def hear(self, friend: MemberId, time_ms: int, steady_ms: int) -> None:
        """A friend's node told its time just now."""
        self._leads_ms[friend] = time_ms - steady_ms

    def forget(self, friend: MemberId) -> None:
        """A friend's link is down."""
        self._leads_ms.pop(friend, None)

    def is_to_be_noted(self) -> bool:
        """Whether the time on disk is old; the caller notes ``read`` with ``noted_ms``."""
        return self._time_ms >= self.noted_ms + NOTE_EVERY_MS

    @property
    def is_sure(self) -> bool:
        """Whether friends may be told our time."""
        return self._is_believed and not self._differs_from_friends()

    def state(self) -> dict[str, Json]:
        """``clock`` of the status: whether it is right, else why not and what it should say."""
        if not self._is_believed:
            return self._wrong("jumped", self._time_ms)
        if self._differs_from_friends():
            theirs = sorted(lead_ms + self._steady_ms for lead_ms in self._leads_ms.values())
            return self._wrong("friends-differ", theirs[len(theirs) // 2])
        return {"is_right": True, "reason": None, "says": None, "should_say": None}

    def _wrong(self, reason: str, should_say_ms: int) -> dict[str, Json]:
        return {
            "is_right": False,
            "reason": reason,
            "says": instant_text(self._wall_ms),
            "should_say": instant_text(should_say_ms),
        }

    def _believes(self, expected_ms: int) -> bool:
        if _are_near(self._wall_ms, expected_ms) or self._most_friends_have(self._wall_ms):
            return True
        is_free = not self._is_settled and not self._most_friends_have(expected_ms)
        return is_free and self._wall_ms > expected_ms

    def _most_friends_have(self, time_ms: int) -> bool:
        return 2 * self._friends_near(time_ms) > len(self._leads_ms)

    def _differs_from_friends(self) -> bool:
        apart = len(self._leads_ms) - self._friends_near(self._time_ms)
        return 2 * apart > len(self._leads_ms)

    def _friends_near(self, time_ms: int) -> int:
        times = (lead_ms + self._steady_ms for lead_ms in self._leads_ms.values())
        return sum(1 for theirs_ms in times if _are_near(theirs_ms, time_ms))


def _are_near(one_ms: int, other_ms: int) -> bool:
    return abs(one_ms - other_ms) <= TOLERANCE_MS
