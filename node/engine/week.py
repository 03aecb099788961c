"""The hours of a week as text: ``sat``, ``sun 10:00-12:00``; and back.

Words are those that scripts write; the page and the terminal say them in the reader's
language (``node.wording.when_words``).

Pure. Spec: §5.7.
"""

from __future__ import annotations

import re
from typing import Final

from protocol.availability import MINUTES_PER_DAY
from protocol.errors import Refused
from protocol.limits import WEEKLY_INTERVALS_MAX

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Weekly = tuple[tuple[int, int], ...]
_HOURS: Final = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})", re.ASCII)


def read_week(texts: tuple[str, ...]) -> Weekly:
    """The intervals that these texts stand for, sorted and joined where they touch.

    Args:
        texts: a day of ``WEEKDAYS`` each, with hours or without (all of it). None at all,
            or all days without hours: always.

    Raises:
        Refused: a text that is none, or more intervals than a listing holds.
    """
    joined: list[tuple[int, int]] = []
    for start, end in sorted(_read_one(text) for text in texts):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    if joined == [(0, 7 * MINUTES_PER_DAY)]:
        return ()
    if len(joined) > WEEKLY_INTERVALS_MAX:
        raise Refused("week-too-full", maximum=WEEKLY_INTERVALS_MAX)
    return tuple(joined)


def write_week(weekly: Weekly) -> list[str]:
    """The same as texts, one a day: an interval of several days becomes several."""
    texts = []
    for start, end in weekly:
        for day in range(start // MINUTES_PER_DAY, -(-end // MINUTES_PER_DAY)):
            begins = max(start - day * MINUTES_PER_DAY, 0)
            ends = min(end - day * MINUTES_PER_DAY, MINUTES_PER_DAY)
            is_whole = (begins, ends) == (0, MINUTES_PER_DAY)
            hours = "" if is_whole else f" {_hour(begins)}-{_hour(ends)}"
            texts.append(WEEKDAYS[day] + hours)
    return texts


def _hour(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _read_one(text: str) -> tuple[int, int]:
    word, _, hours = text.strip().lower().partition(" ")
    if word not in WEEKDAYS:
        raise Refused("not-a-weekday", text=text[:40], days=", ".join(WEEKDAYS))
    begin, end = 0, MINUTES_PER_DAY
    if hours.strip():
        found = _HOURS.fullmatch(hours.replace(" ", ""))
        if found is None:
            raise Refused("not-hours", text=text[:40])
        numbers = [int(part) for part in found.groups()]
        begin, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
        if max(numbers[1], numbers[3]) > 59 or not begin < end <= MINUTES_PER_DAY:
            raise Refused("not-hours", text=text[:40])
    day_begins = WEEKDAYS.index(word) * MINUTES_PER_DAY
    return day_begins + begin, day_begins + end
