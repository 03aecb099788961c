"""The plot of a shock: exchanges in each week, to the level before, one line a variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from simulations.plots import COLOURS, HEIGHT, WIDTH, svg_text

_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 40, 50
_Y_TICK: Final = 0.25


def plot_weeks(lines: Mapping[str, Sequence[float]], weeks_before: int) -> str:
    """An SVG of its own.

    Args:
        lines: by variant, the level in each week (1: as before the shock).
        weeks_before: the weeks at the beginning of each line that are before it.
    """
    count = max(len(line) for line in lines.values())
    top = max(1.25, max(max(line) for line in lines.values()))
    top = _Y_TICK * (int(top / _Y_TICK) + 1)

    def x_of(week: int) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * week / (count - 1), 1)

    def y_of(level: float) -> float:
        return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * level / top, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        svg_text(_LEFT, 20, "Exchanges in a week, to the level before the shock", "start"),
        svg_text(x_of(count // 2), HEIGHT - 10, "weeks since the shock", "middle"),
    ]
    for tick in range(int(top / _Y_TICK) + 1):
        y = y_of(tick * _Y_TICK)
        parts.append(f'<path d="M{_LEFT} {y}H{WIDTH - _RIGHT}" stroke="#dddddd"/>')
        parts.append(svg_text(_LEFT - 6, y + 4, f"{100 * tick * _Y_TICK:g} %", "end"))
    parts += [
        svg_text(x_of(week), y_of(0) + 20, f"{week - weeks_before}", "middle")
        for week in range(weeks_before % 4, count, 4)
    ]
    parts.append(
        f'<path d="M{x_of(weeks_before)} {_TOP}V{y_of(0)}" stroke="black" stroke-dasharray="4 3"/>'
    )
    for row, (name, line) in enumerate(lines.items()):
        colour = COLOURS[row % len(COLOURS)]
        # More variants than colours: the second round is dashed.
        dash = ' stroke-dasharray="6 3"' if row >= len(COLOURS) else ""
        points = " ".join(f"{x_of(week)},{y_of(level)}" for week, level in enumerate(line))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"{dash}/>'
        )
        y = y_of(0) - 12 - 16 * (len(lines) - 1 - row)
        x = WIDTH - 190
        parts.append(f'<path d="M{x} {y - 4}h20" stroke="{colour}" stroke-width="2"{dash}/>')
        parts.append(svg_text(x + 28, y, name, "start"))
    return "\n".join([*parts, "</svg>", ""])
