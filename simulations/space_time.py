"""A space-time diagram of one record's journey: homes as rows, time from left to right.

A bar is as long as a home holds the record, in the colour of its version; an arrow leads from who
gave it to who took it. Time is drawn as it matters: a moment and a night between two notes
are not a thousand and one wide, so gaps grow with the logarithm of what they last.

Source: the diagrams of Lamport, Time, clocks and the ordering of events (1978).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from protocol.keys import MemberId
from simulations.disk import Version
from simulations.history import Note
from simulations.journey import Journey
from simulations.plots import COLOURS

_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 48, 58, 44
_WIDTH_MIN: Final = 720
_ROW: Final = 22
_BAR: Final = 7
_GAP_MIN: Final = 5.0
_GAP_FACTOR: Final = 4.0
_LABEL_APART: Final = 110
_LEAN: Final = 5
_VERSIONS: Final = (COLOURS[1], COLOURS[2], COLOURS[3], COLOURS[4])


def space_time_svg(journey: Journey) -> str:
    """The diagram; as wide as what happened needs."""
    x_of, width = _time(journey)
    row_of = {home: number for number, home in enumerate(journey.homes)}
    height = _TOP + _ROW * len(row_of) + _BOTTOM
    colour_of = _colours(journey.notes)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
        f'width="{width:.0f}" font-family="sans-serif" font-size="12" role="img" '
        f'aria-label="{escape(f"Who had {journey.what}, and from whom")}">',
        '<defs><marker id="tip" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="6" '
        'markerHeight="6" orient="auto"><path d="M0 0L6 3L0 6z" fill="#555555"/></marker></defs>',
        f'<rect width="{width:.0f}" height="{height}" fill="white"/>',
        _text(_LEFT, 20, f"{journey.what}: who had it, and from whom", "start", size=14),
        *_legend(colour_of),
        *_hours(x_of, height),
    ]
    for home, row in row_of.items():
        y = _y(row)
        parts.append(f'<path d="M{_LEFT} {y}H{width - _RIGHT:.1f}" stroke="#e4e4e4"/>')
        parts.append(_text(_LEFT - 8, y + 4, journey.names[home], "end"))
    for home, row in row_of.items():
        parts += _bars(home, _y(row), journey, x_of, colour_of)
    for note in journey.notes:
        if note.giver in row_of:
            x = x_of[note.at_ms]
            above = _y(row_of[note.giver]), _y(row_of[note.member])
            lean = x - _LEAN if note.giver != note.member else x
            parts.append(
                f'<path d="M{lean:.1f} {above[0]}L{x:.1f} {above[1]}" stroke="#555555" '
                'marker-end="url(#tip)"/>'
            )
    return "\n".join([*parts, "</svg>", ""])


def _time(journey: Journey) -> tuple[dict[int, float], float]:
    """Where each moment stands, and how wide all is."""
    moments = sorted({*(note.at_ms for note in journey.notes), journey.until_ms})
    gaps = [
        _GAP_MIN + _GAP_FACTOR * math.log1p((after - moment) / 1000)
        for moment, after in itertools.pairwise(moments)
    ]
    start = float(_LEFT + 2 * _LEAN)
    wider = max(1.0, (_WIDTH_MIN - start - _RIGHT) / max(1.0, sum(gaps)))
    places = itertools.accumulate((wider * gap for gap in gaps), initial=start)
    x_of = {moment: round(x, 1) for moment, x in zip(moments, places, strict=True)}
    return x_of, x_of[moments[-1]] + _RIGHT


def _bars(
    home: MemberId,
    y: float,
    journey: Journey,
    x_of: Mapping[int, float],
    colour_of: Mapping[Version, str],
) -> list[str]:
    own = [note for note in journey.notes if note.member == home]
    bars = []
    for note, after in zip(own, [*own[1:], None], strict=True):
        if note.version is None:
            continue
        start = x_of[note.at_ms]
        end = x_of[journey.until_ms if after is None else after.at_ms]
        bars.append(
            f'<rect x="{start}" y="{y - _BAR / 2}" width="{max(2.0, end - start):.1f}" '
            f'height="{_BAR}" rx="2" fill="{colour_of[note.version]}"/>'
        )
        if note.deed == "signs":
            bars.append(f'<circle cx="{start}" cy="{y}" r="5" fill="{colour_of[note.version]}"/>')
    return bars


def _colours(notes: Sequence[Note]) -> dict[Version, str]:
    versions = sorted({note.version for note in notes if note.version is not None})
    return {v: _VERSIONS[number % len(_VERSIONS)] for number, v in enumerate(versions)}


def _legend(colour_of: Mapping[Version, str]) -> list[str]:
    parts, x = [], float(_LEFT)
    for number, (version, colour) in enumerate(colour_of.items()):
        if number == len(_VERSIONS):
            parts.append(_text(x, 42, "and so on", "start"))
            break
        label = f"version {version[0]}.{version[1]}"
        parts.append(f'<rect x="{x}" y="34" width="12" height="{_BAR}" rx="2" fill="{colour}"/>')
        parts.append(_text(x + 18, 42, label, "start"))
        x += 34 + 6.5 * len(label)
    return parts


def _hours(x_of: Mapping[int, float], height: int) -> list[str]:
    """The time of day at moments that leave room for it."""
    parts, last = [], -math.inf
    for moment, x in x_of.items():
        if x - last < _LABEL_APART:
            continue
        last = x
        parts.append(f'<path d="M{x} {_TOP - 8}V{height - _BOTTOM + 6}" stroke="#cccccc"/>')
        parts.append(_text(x, height - _BOTTOM + 22, told(moment), "middle"))
    return parts


def told(at_ms: int) -> str:
    """A moment since the beginning, for people."""
    minutes, seconds = divmod(at_ms / 1000, 60)
    hours, minutes = divmod(int(minutes), 60)
    days, hours = divmod(hours, 24)
    return (f"day {days + 1} " if days else "") + f"{hours:02}:{minutes:02}:{seconds:06.3f}"


def _y(row: int) -> float:
    return _TOP + _ROW * (row + 0.5)


def _text(x: float, y: float, text: str, anchor: str, size: int = 12) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'
