"""Make `protocol/vectors/availability.json`: run this file as a script.

Dates are taken from the calendar of the standard library and compared with the text of
the spec (§5.7); what each case says is written by hand. Nothing of the `protocol` package
is used.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[2] / "protocol" / "vectors" / "availability.json"

ABOUT = (
    "input: availability as in 5.7, thing_kind, from and to in calendar minutes (5.8). "
    "decoded.misfit: null when the dates fit, else the first reason in the order too short, "
    "too long, closed. local: the same dates for human readers."
)
NOTES = {
    "Length": "shortest and longest",
    "Day": "fetched and brought back on days of the weekly pattern",
    "Spot": "used within one opening",
}
OBJECT, STAY, SPOT, COPY = 1, 2, 3, 4
HOUR, DAY, WEEK = 60, 1440, 10_080

Interval = tuple[int, int]
Asked = tuple[str, str]


def minute(text: str) -> int:
    return int((datetime.fromisoformat(text) - datetime(1970, 1, 1)) / timedelta(minutes=1))


def opening(day: int, start_hour: int, end_hour: int) -> Interval:
    """Days from 0, Monday."""
    return day * DAY + start_hour * HOUR, day * DAY + end_hour * HOUR


SATURDAYS = [opening(5, 10, 12)]
EVENINGS = [opening(1, 18, 22), opening(3, 18, 22)]
NIGHT = [(0, 2 * HOUR), (6 * DAY + 22 * HOUR, WEEK)]
ALWAYS = [(0, WEEK)]

# 2026-11-23 is a Monday; 1970-01-01 was a Thursday.
CASES: list[tuple[str, str, list[Interval], Interval, int, Asked, str | None]] = [
    ("Length", "nothing said", [], (0, 0), OBJECT, ("2026-11-23T10:07", "2026-11-23T10:08"), None),
    ("Length", "a minute less than the shortest", [], (2 * DAY, 0), OBJECT,
     ("2026-11-23", "2026-11-24T23:59"), "too short"),
    ("Length", "the shortest", [], (2 * DAY, 0), OBJECT, ("2026-11-23", "2026-11-25"), None),
    ("Length", "the longest", [], (0, 3 * DAY), STAY, ("2026-11-23", "2026-11-26"), None),
    ("Length", "a minute more than the longest", [], (0, 3 * DAY), STAY,
     ("2026-11-23", "2026-11-26T00:01"), "too long"),
    ("Length", "too short and closed: the length comes first", SATURDAYS, (2 * DAY, 0), OBJECT,
     ("2026-11-23", "2026-11-24"), "too short"),
    ("Day", "a Saturday", SATURDAYS, (0, 0), OBJECT, ("2026-11-28", "2026-11-29"), None),
    ("Day", "from a Saturday to the next", SATURDAYS, (0, 0), OBJECT,
     ("2026-11-28", "2026-12-06"), None),
    ("Day", "brought back on a Sunday", SATURDAYS, (0, 0), OBJECT,
     ("2026-11-28", "2026-11-30"), "closed"),
    ("Day", "fetched on a Friday", SATURDAYS, (0, 0), OBJECT,
     ("2026-11-27", "2026-11-29"), "closed"),
    ("Day", "the last minute counts, not the end", SATURDAYS, (0, 0), OBJECT,
     ("2026-11-28T15:00", "2026-11-29T00:00"), None),
    ("Day", "one minute into the Sunday", SATURDAYS, (0, 0), OBJECT,
     ("2026-11-28T15:00", "2026-11-29T00:01"), "closed"),
    ("Day", "the hours are those of meeting, not of the loan", SATURDAYS, (0, 0), STAY,
     ("2026-11-28T18:00", "2026-11-28T20:00"), None),
    ("Day", "over the turn of the year", [opening(3, 8, 9), opening(4, 8, 9)], (0, 0), OBJECT,
     ("2026-12-31", "2027-01-02"), None),
    ("Day", "the first minutes of the calendar were a Thursday's", [opening(3, 0, 1)], (0, 0),
     OBJECT, ("1970-01-01", "1970-01-01T01:00"), None),
    ("Day", "an interval over midnight opens both days", [(DAY - HOUR, DAY + HOUR)], (0, 0),
     OBJECT, ("2026-11-23", "2026-11-25"), None),
    ("Day", "an interval that ends at midnight opens one day", [(DAY - HOUR, DAY)], (0, 0),
     OBJECT, ("2026-11-23", "2026-11-25"), "closed"),
    ("Day", "a copy is fetched like a thing", SATURDAYS, (0, 0), COPY,
     ("2026-11-27", "2026-11-28"), "closed"),
    ("Spot", "a whole opening", EVENINGS, (0, 0), SPOT,
     ("2026-11-24T18:00", "2026-11-24T22:00"), None),
    ("Spot", "a minute before", EVENINGS, (0, 0), SPOT,
     ("2026-11-24T17:59", "2026-11-24T19:00"), "closed"),
    ("Spot", "a minute after", EVENINGS, (0, 0), SPOT,
     ("2026-11-24T21:00", "2026-11-24T22:01"), "closed"),
    ("Spot", "beginning at the end", EVENINGS, (0, 0), SPOT,
     ("2026-11-24T22:00", "2026-11-24T22:30"), "closed"),
    ("Spot", "from one opening to the next", EVENINGS, (0, 0), SPOT,
     ("2026-11-24T18:00", "2026-11-26T22:00"), "closed"),
    ("Spot", "over the end of the week", NIGHT, (0, 0), SPOT,
     ("2026-11-29T23:00", "2026-11-30T01:30"), None),
    ("Spot", "over the end of the week, for too long", NIGHT, (0, 0), SPOT,
     ("2026-11-29T23:00", "2026-11-30T02:01"), "closed"),
    ("Spot", "the week ends open and begins closed", [opening(6, 22, 24)], (0, 0), SPOT,
     ("2026-11-29T23:00", "2026-11-30T00:30"), "closed"),
    ("Spot", "always open, for three weeks", ALWAYS, (0, 0), SPOT,
     ("2026-11-24T18:00", "2026-12-15T22:00"), None),
]  # fmt: skip


def build() -> str:
    """The file's text."""
    cases: list[dict[str, Any]] = []
    for flag, comment, weekly, lengths, kind, asked, why_not in CASES:
        cases.append(
            {
                "id": f"{flag.lower()}-{len(cases) + 1}",
                "comment": comment,
                "flags": [flag],
                "input": {
                    "availability": [weekly, *lengths],
                    "thing_kind": kind,
                    "from": minute(asked[0]),
                    "to": minute(asked[1]),
                    "local": " to ".join(asked),
                },
                "result": "valid",
                "error": None,
                "decoded": {"misfit": why_not},
            }
        )
    document = {
        "schema": "openhouse vectors 1",
        "spec_section": "5.7",
        "source": "tests/vectors/make_availability.py, dates by the standard library's calendar",
        "about": ABOUT,
        "notes": NOTES,
    }
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    return json.dumps(document, indent=1)[:-2] + ',\n "cases": [\n' + lines + "\n ]\n}\n"


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
