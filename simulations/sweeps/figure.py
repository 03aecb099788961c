"""Figures of a sweep: what is varied along the bottom, a line for each value of a second key.

Plain SVG to stand in a page: texts take the page's colour, so that it can be read in the dark.
``alone`` makes a file of it, for a paper.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Final, TypeAlias

from simulations.intervals import Measure
from simulations.plots import COLOURS as PLOT_COLOURS

COLOURS: Final = ("currentColor", *PLOT_COLOURS[1:])
WIDTH: Final = 640
HEIGHT: Final = 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 16, 48
_UNIT: Final = 16
"""For a word turned upwards."""
_LEGEND_ROW: Final = 20
_TICKS: Final = 5
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_DASHES: Final = ("", "6 3", "2 3")
"""After the last colour they begin again, with another line."""

_Scale: TypeAlias = Callable[[float], float]


def figure_svg(
    title: str,
    along: str,
    names: Sequence[str],
    lines: Mapping[str, Sequence[Measure]],
    unit: str = "",
) -> str:
    """A figure with intervals.

    Args:
        title: for those who hear the page.
        along: what is varied along the bottom, whose values are ``names``.
        lines: for each value of the second key, a mean for each of the names.
        unit: in what it is counted, upwards.
    """
    legend = height_of(lines) - HEIGHT
    left = _LEFT + (_UNIT if unit else 0)
    low, high, step = scale_of([cell for line in lines.values() for cell in line])

    def x(place: float) -> float:
        room = WIDTH - left - _RIGHT
        return round(left + room * (place + 0.5) / len(names), 1)

    def y(value: float) -> float:
        room = HEIGHT - _TOP - _BOTTOM
        return round(HEIGHT - _BOTTOM - room * (value - low) / (high - low), 1)

    parts = [
        f'<svg role="img" viewBox="0 0 {WIDTH} {HEIGHT + legend}" aria-label="{escape(title)}">',
    ]
    for tick in range(round((high - low) / step) + 1):
        value = low + tick * step
        parts.append(f'<path class="grid" d="M{left} {y(value)}H{WIDTH - _RIGHT}"/>')
        parts.append(_text(left - 8, y(value) + 4, written(value), "end"))
    for place, name in enumerate(names):
        parts.append(_text(x(place), HEIGHT - _BOTTOM + 20, name, "middle"))
    parts.append(_text((left + WIDTH - _RIGHT) / 2, HEIGHT - 6, along, "middle"))
    if unit:
        middle = (_TOP + HEIGHT - _BOTTOM) / 2
        turned = f'transform="rotate(-90 14 {middle})"'
        parts.append(
            f'<text x="14" y="{middle}" text-anchor="middle" {turned}>{escape(unit)}</text>'
        )
    for number, (name, line) in enumerate(lines.items()):
        # Beside each other, so that intervals can be told apart.
        aside = (number - (len(lines) - 1) / 2) * min(0.08, 0.6 / len(lines))
        parts += _line(number, [(x(p + aside), cell) for p, cell in enumerate(line)], y)
        if legend:
            at = HEIGHT + _LEGEND_ROW * number + 12
            parts.append(f'<path {_stroke(number)} d="M{left} {at - 4}h24"/>')
            parts.append(_text(left + 32, at, name, "start"))
    return "\n".join([*parts, "</svg>"])


def alone(figure: str, title: str) -> str:
    """The same as a file of its own, in the light, for a paper."""
    height = figure.split('viewBox="0 0 ', 1)[1].split('"', 1)[0].split()[1]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" color="#111" '
        'font-family="sans-serif" font-size="12" '
    )
    first, rest = figure.replace("<svg ", head, 1).split("\n", 1)
    style = "<style>text{fill:currentColor}.grid{stroke:#d8d3c8;fill:none}</style>"
    ground = f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
    return "\n".join([first, f"<title>{escape(title)}</title>", style, ground, rest]) + "\n"


def height_of(lines: Mapping[str, Sequence[Measure]]) -> int:
    """Of the figure with these lines; a single one needs no legend."""
    return HEIGHT if len(lines) < 2 else HEIGHT + _LEGEND_ROW * len(lines)


def written(value: float) -> str:
    """A number as short as it can be told."""
    if value == 0 or 0.001 <= abs(value) < 10_000:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:.2e}" if abs(value) < 0.001 else f"{value:,.0f}"


def _line(
    number: int,
    points: Sequence[tuple[float, Measure]],
    y: _Scale,
) -> list[str]:
    there = [(at, cell) for at, cell in points if cell.value is not None]
    corners = " ".join(f"{at},{y(cell.value)}" for at, cell in there if cell.value is not None)
    parts = [f'<polyline {_stroke(number)} points="{corners}"/>']
    for at, cell in there:
        if cell.value is None:
            continue
        if cell.low is not None and cell.high is not None:
            low, high = y(cell.low), y(cell.high)
            bar = f"M{at} {low}V{high}M{at - 4} {low}h8M{at - 4} {high}h8"
            parts.append(f'<path {_stroke(number, dashes=False)} d="{bar}"/>')
        colour = COLOURS[number % len(COLOURS)]
        parts.append(f'<circle cx="{at}" cy="{y(cell.value)}" r="3.5" fill="{colour}"/>')
    return parts


def _stroke(number: int, *, dashes: bool = True) -> str:
    colour = COLOURS[number % len(COLOURS)]
    dash = _DASHES[number // len(COLOURS) % len(_DASHES)] if dashes else ""
    line = f'fill="none" stroke="{colour}" stroke-width="1.75"'
    return f'{line} stroke-dasharray="{dash}"' if dash else line


def scale_of(cells: Sequence[Measure]) -> tuple[float, float, float]:
    """The ends of the scale and the step between its lines, all of them round."""
    ends = [end for cell in cells for end in (cell.value, cell.low, cell.high) if end is not None]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    # A scale that begins at nothing shows proportions; near the top it would hide differences.
    if 0 < low < 0.6 * high:
        low = 0.0
    if high == low:
        low, high = low - abs(low) / 2 - 0.5, high + abs(high) / 2 + 0.5
    size = 10.0 ** math.floor(math.log10((high - low) / _TICKS))
    step = next(size * s for s in _STEPS if size * s * _TICKS >= high - low)
    return math.floor(low / step) * step, math.ceil(high / step) * step, step


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
