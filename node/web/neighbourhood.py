"""My neighbourhood as a picture: me in the middle, friends around, theirs beyond.

The picture is drawn here as inline SVG, without a script, the same for the same people.
People stand on ovals around the middle, each beside whom they are known through. An oval
is as wide as a phone allows and grows downwards, so that nobody stands on somebody else.
While every name finds a free place it is written; else people are numbered as in the list
beneath, which says the same in words.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from node.engine.views.neighbourhood import Neighbour, neighbours
from node.web.forms import Form
from node.web.visit import Visit
from protocol.errors import Refused
from protocol.keys import MemberId

WIDTH: Final = 340.0
DOT: Final = 9.0
DRAWN_MAX: Final = 90
"""People in the picture; the list has all."""

_MARGIN: Final = 12.0
_APART: Final = 2 * DOT + 6
_OVALS: Final = ((105.0,), (66.0, 140.0), (52.0, 102.0, 152.0), (42.0, 82.0, 120.0, 156.0))
_STRETCHES: Final = (1.0, 1.2, 1.45, 1.75, 2.1, 2.5)
_STRETCH_MAX: Final = 40.0
_STEPS: Final = 240
_CLEAR: Final = 34.0
_NAMED_MAX: Final = 30
_LETTER: Final = 7.7
_LINE: Final = 16.0
_NAME_LETTERS_MAX: Final = 12


@dataclass(frozen=True, slots=True)
class Dot:
    """One person in the picture.

    Args:
        number: in the list, from 1.
        name: as it is written; empty when all are numbered.
        label_x, label_y: the middle of the name's foot.
    """

    person: Neighbour
    number: int
    x: float
    y: float
    name: str = ""
    label_x: float = 0.0
    label_y: float = 0.0


@dataclass(frozen=True, slots=True)
class Picture:
    """What the template draws; the middle is at 0, 0.

    Args:
        lines: paths in SVG's words, and whether it is a friendship of mine.
        left_out: how many people are in the list only.
    """

    dots: tuple[Dot, ...]
    lines: tuple[tuple[str, bool], ...]
    top: float
    height: float
    left_out: int

    @property
    def view_box(self) -> str:
        return f"{-WIDTH / 2:g} {self.top:g} {WIDTH:g} {self.height:g}"


async def show(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    people = neighbours(visit.core)
    picture = draw(people)
    names = {person.member: person.name for person in people}
    return visit.page(
        "picture.html",
        error=error,
        picture=picture,
        dot=DOT,
        people=_in_words(people, names),
        is_numbered=any(not dot.name for dot in picture.dots),
    )


def _in_words(people: Sequence[Neighbour], names: Mapping[MemberId, str]) -> list[dict[str, Any]]:
    return [
        {
            "number": number,
            "name": person.name,
            "distance": person.distance,
            "href": f"/{'friends' if person.distance == 1 else 'people'}/{person.member.hex()}",
            "is_connected": person.is_connected,
            "through": [names[member] for member in person.through],
        }
        for number, person in enumerate(people, start=1)
    ]


def draw(people: Sequence[Neighbour]) -> Picture:
    """Lay a neighbourhood out.

    Args:
        people: the nearest first; whoever somebody is known through stands before them.
    """
    drawn = people[:DRAWN_MAX]
    ovals = _OVALS[max((person.distance for person in drawn), default=1) - 1]
    places = _places(drawn)
    spread = [(drawn[n].distance, place) for n, place in enumerate(places)]
    left_out = len(people) - len(drawn)
    for stretch in _STRETCHES if len(drawn) <= _NAMED_MAX else ():
        named = _write_names(_stand(drawn, spread, ovals, stretch))
        if named is not None:
            return _finish(named, left_out)
    stretch = 1.0
    while True:
        dots = _stand(drawn, spread, ovals, stretch)
        if stretch > _STRETCH_MAX or _are_apart(dots):
            return _finish(dots, left_out)
        stretch *= 1.15


def _places(people: Sequence[Neighbour]) -> list[float]:
    """Where each stands on their oval, from 0 to 1: within the part of whom they hang on."""
    behind: dict[MemberId | None, list[int]] = {}
    for number, person in enumerate(people):
        behind.setdefault(person.through[0] if person.through else None, []).append(number)
    weights = [1] * len(people)
    for number in range(len(people) - 1, -1, -1):
        children = behind.get(people[number].member, [])
        weights[number] = max(1, sum(weights[child] for child in children))
    places = [0.0] * len(people)

    def spread(numbers: list[int], start: float, end: float) -> None:
        whole = sum(weights[number] for number in numbers)
        for number in numbers:
            part = (end - start) * weights[number] / whole
            whole -= weights[number]
            places[number] = start + part / 2
            spread(behind.get(people[number].member, []), start, start + part)
            start += part

    spread(behind.get(None, []), 0.0, 1.0)
    return places


def _stand(
    people: Sequence[Neighbour],
    places: Sequence[tuple[int, float]],
    ovals: Sequence[float],
    stretch: float,
) -> list[Dot]:
    roads = [_Oval(width, width * stretch) for width in ovals]
    return [
        Dot(person, number, *roads[distance - 1].at(place))
        for number, (person, (distance, place)) in enumerate(
            zip(people, places, strict=True), start=1
        )
    ]


class _Oval:
    """An oval that is walked at an even pace, from the top to the right."""

    def __init__(self, width: float, height: float) -> None:
        angles = [2 * math.pi * step / _STEPS for step in range(_STEPS + 1)]
        self._points = [(width * math.sin(a), -height * math.cos(a)) for a in angles]
        self._walked = [0.0]
        for one, other in zip(self._points, self._points[1:], strict=False):
            self._walked.append(self._walked[-1] + math.dist(one, other))

    def at(self, place: float) -> tuple[float, float]:
        wanted = place % 1.0 * self._walked[-1]
        after = max(1, bisect_left(self._walked, wanted))
        start, end = self._walked[after - 1], self._walked[after]
        part = (wanted - start) / (end - start)
        (x1, y1), (x2, y2) = self._points[after - 1], self._points[after]
        return round(x1 + (x2 - x1) * part, 1), round(y1 + (y2 - y1) * part, 1)


def _are_apart(dots: Sequence[Dot]) -> bool:
    by_height = sorted([(dot.y, dot.x) for dot in dots] + [(0.0, 0.0)])
    for number, (y, x) in enumerate(by_height):
        for other_y, other_x in by_height[number + 1 :]:
            if other_y - y >= _APART:
                break
            if math.hypot(other_x - x, other_y - y) < _APART:
                return False
    return True


# --- names ---------------------------------------------------------------------------------

_Box = tuple[float, float, float, float]


def _write_names(dots: Sequence[Dot]) -> list[Dot] | None:
    """The same with a place for every name that touches nothing; None when there is none."""
    if not _are_apart(dots):
        return None
    taken: list[_Box] = [_around(0, 0, DOT + 3)]
    taken += [_around(dot.x, dot.y, DOT) for dot in dots]
    named: list[Dot] = []
    for dot in dots:
        name = _shortened(dot.person.name)
        half = len(name) * _LETTER / 2
        for x, y in _candidates(dot, half):
            box = (x - half, y - _LINE + 3, x + half, y + 3)
            is_inside = abs(x) + half <= WIDTH / 2
            if is_inside and not any(_touch(box, other) for other in taken):
                taken.append(box)
                named.append(Dot(dot.person, dot.number, dot.x, dot.y, name, round(x, 1), y))
                break
        else:
            return None
    return named


def _candidates(dot: Dot, half: float) -> list[tuple[float, float]]:
    """Under, over, beside: where a name may stand, the best first."""
    beside = half + DOT + 3
    room = WIDTH / 2 - half - 1
    within = max(-room, min(room, dot.x))
    return [
        (dot.x, dot.y + DOT + _LINE - 2),
        (dot.x, dot.y - DOT - 5),
        (within, dot.y + DOT + _LINE - 2),
        (within, dot.y - DOT - 5),
        (dot.x + beside, dot.y + 4),
        (dot.x - beside, dot.y + 4),
    ]


def _shortened(name: str) -> str:
    if len(name) <= _NAME_LETTERS_MAX:
        return name
    first = name.split()[0]
    return first if len(first) <= _NAME_LETTERS_MAX else name[: _NAME_LETTERS_MAX - 1] + "…"


def _around(x: float, y: float, half: float) -> _Box:
    return (x - half, y - half, x + half, y + half)


def _touch(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _finish(dots: Sequence[Dot], left_out: int) -> Picture:
    at = {dot.person.member: dot for dot in dots}
    lines: list[tuple[str, bool]] = []
    for dot in dots:
        if dot.person.distance == 1:
            lines.append((_line(dots, 0.0, 0.0, dot.x, dot.y), True))
        lines += [
            (_line(dots, at[member].x, at[member].y, dot.x, dot.y), False)
            for member in dot.person.through
            if member in at
        ]
    heights = [0.0, *(dot.y for dot in dots), *(dot.label_y for dot in dots if dot.name)]
    top = math.floor(min(heights) - _MARGIN - _LINE)
    height = math.ceil(max(heights) + _MARGIN) - top
    return Picture(tuple(dots), tuple(lines), top, height, left_out)


def _line(dots: Sequence[Dot], x1: float, y1: float, x2: float, y2: float) -> str:
    """From one to the other; around the middle, where it would seem to end at me."""
    length = math.hypot(x2 - x1, y2 - y1) or 1.0
    beside = abs(x1 * y2 - x2 * y1) / length
    if (x1, y1) == (0.0, 0.0) or beside > _CLEAR or x1 * x2 + y1 * y2 > 0:
        return f"M{x1:g} {y1:g}L{x2:g} {y2:g}"
    bend = 2 * (_CLEAR + beside) / length
    ways = [
        ((x1 + x2) / 2 + side * (y2 - y1), (y1 + y2) / 2 - side * (x2 - x1))
        for side in (bend, -bend)
    ]

    def room(way: tuple[float, float]) -> float:
        """How far the middle of the bend stays from everybody."""
        x, y = (x1 + x2) / 4 + way[0] / 2, (y1 + y2) / 4 + way[1] / 2
        return min(math.hypot(dot.x - x, dot.y - y) for dot in dots)

    x, y = max(ways, key=room)
    return f"M{x1:g} {y1:g}Q{x:.1f} {y:.1f} {x2:g} {y2:g}"
