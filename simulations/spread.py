"""How a thing spreads by circles: a small town of real engines, drawn step by step.

Somebody lists a thing for friends and their friends. It goes from home to home; then a friendship
ends, then the holder narrows it. Each step is drawn as it was when the town was at rest, with
what the homes themselves show: nothing in the picture is computed apart from them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Final, TypeAlias

from simulations.graphs import Edge, adjacency, small_world
from simulations.hunt import name_of
from simulations.village import Village

MEMBERS_MIN: Final = 8
MEMBERS_MAX: Final = 60
_SIDE: Final = 300
_HEAD: Final = 46
_FOOT: Final = 44
_MARGIN: Final = 24
_ROUNDS: Final = 400
_CIRCLES: Final = ("#d55e00", "#0072b2", "#56b4e9", "#a6d8f0")
"""The holder, their friends, and so on outwards."""
_NOBODY: Final = "#dddddd"
_TITLE: Final = "ladder"

Place: TypeAlias = tuple[float, float]
_Force: TypeAlias = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Step:
    """The town at rest after something happened.

    Args:
        what: it, in words.
        sees: how far from the holder each home is that shows the thing.
        edges: friendships that live.
        ended: those that ended in this step.
    """

    what: str
    sees: dict[int, int]
    edges: tuple[Edge, ...]
    ended: tuple[Edge, ...] = ()


@dataclass(frozen=True, slots=True)
class Spread:
    """A small town and its steps."""

    members: int
    holder: int
    steps: tuple[Step, ...]
    places: tuple[Place, ...]
    violations: int


def spread(members: int, circles: int, seed: int) -> Spread:
    """Let a thing spread in a town.

    Args:
        members: from ``MEMBERS_MIN`` to ``MEMBERS_MAX``.
        circles: how far it may go: 2 or more, so that there is something to narrow.
    """
    chance = random.Random(f"spread {seed}")
    edges = small_world(members, 4, 0.25, chance)
    village = Village(edges, members=members, seed=seed)
    village.settle()
    friends = adjacency(members, edges)
    holder = max(friends, key=lambda one: len(friends[one]))
    name = name_of(holder)
    steps = []

    def rest(what: str, alive: list[Edge], ended: tuple[Edge, ...] = ()) -> None:
        village.settle()
        far = _distances(members, alive, holder)
        shown = {one: far[one] for one in range(members) if village.sees(one) == [_TITLE]}
        sees = {holder: 0, **shown}
        steps.append(Step(what, sees, tuple(alive), ended))

    thing = village.add(holder, _TITLE, circles=circles)
    assert thing is not None, "nothing fails in a village"
    rest(f"{name} lists a {_TITLE}, {circles} circles far", edges)
    gone = _bridge(members, edges, holder, circles)
    village.end(*gone)
    alive = [edge for edge in edges if edge != gone]
    rest(f"{name_of(gone[0])} and {name_of(gone[1])} are no longer friends", alive, (gone,))
    village.change(holder, thing, circles=1)
    rest(f"{name} narrows it to friends", alive)
    places = _laid_out(members, edges, chance)
    return Spread(members, holder, tuple(steps), places, len(village.judge()))


def _bridge(members: int, edges: list[Edge], holder: int, circles: int) -> Edge:
    """The friendship, not the holder's own, without which fewest people see the thing."""

    def seen(without: Edge) -> int:
        left = [edge for edge in edges if edge != without]
        return sum(0 <= far <= circles for far in _distances(members, left, holder).values())

    return min((edge for edge in edges if holder not in edge), key=seen)


def _distances(members: int, edges: list[Edge], holder: int) -> dict[int, int]:
    """Friendships between the holder and each member; -1 where no way leads."""
    friends = adjacency(members, edges)
    far = dict.fromkeys(range(members), -1)
    far[holder] = 0
    ring = [holder]
    while ring:
        ring = [other for one in ring for other in friends[one] if _reached(far, one, other)]
    return far


def _reached(far: dict[int, int], one: int, other: int) -> bool:
    if far[other] >= 0:
        return False
    far[other] = far[one] + 1
    return True


def _laid_out(members: int, edges: list[Edge], chance: random.Random) -> tuple[Place, ...]:
    """Places from 0 to 1: friends draw near, everybody keeps apart.

    Source: Fruchterman and Reingold, Graph drawing by force-directed placement (1991).
    """
    turn = 2 * math.pi / members
    spots = [
        [math.cos(turn * n) + chance.random() / 10, math.sin(turn * n) + chance.random() / 10]
        for n in range(members)
    ]
    near = 1.6 / math.sqrt(members)
    for round_ in range(_ROUNDS):
        pushes = [[0.0, 0.0] for _ in spots]
        for one in range(members):
            for other in range(one):
                _push(spots, pushes, one, other, lambda far: -near * near / far)
        for one, other in edges:
            _push(spots, pushes, one, other, lambda far: far * far / near)
        warmth = 0.1 * (1 - round_ / _ROUNDS)
        for spot, push in zip(spots, pushes, strict=True):
            size = math.hypot(*push) or 1.0
            for axis in (0, 1):
                spot[axis] += push[axis] / size * min(size, warmth)
    return tuple(zip(*(_scaled([spot[axis] for spot in spots]) for axis in (0, 1)), strict=True))


def _push(
    spots: list[list[float]],
    pushes: list[list[float]],
    one: int,
    other: int,
    force: _Force,
) -> None:
    apart = [spots[other][axis] - spots[one][axis] for axis in (0, 1)]
    far = max(1e-6, math.hypot(*apart))
    for axis in (0, 1):
        push = apart[axis] / far * force(far)
        pushes[one][axis] += push
        pushes[other][axis] -= push


def _scaled(values: list[float]) -> list[float]:
    low, high = min(values), max(values)
    return [(value - low) / ((high - low) or 1.0) for value in values]


# --- the picture -----------------------------------------------------------------------


def spread_svg(town: Spread) -> str:
    """The steps beside each other."""
    width, height = _SIDE * len(town.steps), _SIDE + _HEAD + _FOOT
    told = "; then ".join(step.what for step in town.steps)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="12" role="img" aria-label="{escape(told)}">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for number, step in enumerate(town.steps):
        parts.append(f'<g transform="translate({_SIDE * number} 0)">')
        parts += _panel(town, number, step)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _panel(town: Spread, number: int, step: Step) -> list[str]:
    seen = len(step.sees) - 1
    parts = [
        _text(_SIDE / 2, 20, f"{number + 1}. {step.what}", weight="bold"),
        _text(_SIDE / 2, 38, f"{seen} {'home sees' if seen == 1 else 'homes see'} it"),
    ]
    for one, other in step.edges:
        carries = one in step.sees and other in step.sees
        (x, y), (to_x, to_y) = _spot(town, one), _spot(town, other)
        line = 'stroke="#8a8a8a" stroke-width="1.5"' if carries else 'stroke="#e0e0e0"'
        parts.append(f'<path d="M{x} {y}L{to_x} {to_y}" {line}/>')
    for one, other in step.ended:
        (x, y), (to_x, to_y) = _spot(town, one), _spot(town, other)
        parts.append(
            f'<path d="M{x} {y}L{to_x} {to_y}" stroke="#d55e00" stroke-width="1.5" '
            'stroke-dasharray="2 4"/>'
        )
    for member in range(town.members):
        x, y = _spot(town, member)
        far = step.sees.get(member)
        colour = _NOBODY if far is None else _CIRCLES[min(far, len(_CIRCLES) - 1)]
        size = 9 if member == town.holder else 6
        parts.append(f'<circle cx="{x}" cy="{y}" r="{size}" fill="{colour}"/>')
    named = [town.holder, *(one for edge in step.ended for one in edge)]
    for member in named:
        x, y = _spot(town, member)
        parts.append(_text(x, y - 12, name_of(member), halo=True))
    return [*parts, *(_key() if number == 0 else [])]


def _key() -> list[str]:
    parts, x = [], 14
    for colour, words in zip(
        (*_CIRCLES[:3], _NOBODY), ("who lists it", "friends", "theirs", "sees nothing"), strict=True
    ):
        parts.append(f'<circle cx="{x}" cy="{_SIDE + _HEAD + 18}" r="5" fill="{colour}"/>')
        parts.append(_text(x + 9, _SIDE + _HEAD + 22, words, anchor="start"))
        x += 22 + 6 * len(words)
    return parts


def _spot(town: Spread, member: int) -> Place:
    x, y = town.places[member]
    room = _SIDE - 2 * _MARGIN
    return round(_MARGIN + room * x, 1), round(_HEAD + _MARGIN + room * y, 1)


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "middle",
    weight: str = "normal",
    halo: bool = False,
) -> str:
    edge = ' stroke="white" stroke-width="3" paint-order="stroke"' if halo else ""
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-weight="{weight}"{edge}>'
        f"{escape(text)}</text>"
    )
