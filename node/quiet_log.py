"""A log that others cannot fill.

Much of what a node logs is about what somebody else did, and a friend or a stranger may
do it thousands of times a second. So each kind of line is written a few times a minute;
what is left out is counted, and the next line of its kind says how many. The counters at
``/metrics`` miss nothing.

Kinds are the statements of the program that log (their format texts), so there are only
so many. Lines for debugging are never left out: whoever asks for them wants them all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

LINES_PER_MINUTE_MAX: Final = 30
OUR_LOGGER: Final = "openhouse"
_MINUTE_S: Final = 60.0


@dataclass(slots=True)
class _Kind:
    """One kind of line, in the minute that began at ``since_s``."""

    since_s: float
    written: int = 0
    left_out: int = 0


class QuietLog(logging.Filter):
    """A filter for a handler.

    Args:
        now_s: seconds that never go back.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        super().__init__()
        self._now_s = now_s
        self._kinds: dict[tuple[str, str], _Kind] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written. Called by several threads, it may count wrong by one."""
        if record.levelno <= logging.DEBUG:
            return True
        now_s = self._now_s()
        is_ours = record.name.partition(".")[0] == OUR_LOGGER
        # Of other libraries we do not know that their texts are few.
        name = (record.name, str(record.msg) if is_ours else "")
        kind = self._kinds.setdefault(name, _Kind(now_s))
        if now_s - kind.since_s >= _MINUTE_S:
            kind.since_s, kind.written = now_s, 0
        if kind.written >= LINES_PER_MINUTE_MAX:
            kind.left_out += 1
            return False
        kind.written += 1
        if kind.left_out:
            record.msg = f"{record.getMessage()} ({kind.left_out} more like it are not shown)"
            record.args = ()
            kind.left_out = 0
        return True
