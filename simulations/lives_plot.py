"""The plot of what was kept: things by week, one line a behaviour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from simulations.plots import COLOURS, HEIGHT, WIDTH, svg_text

_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 130, 40, 50
_TICKS: Final = 5


def plot_kept(lines: Mapping[str, Sequence[float]]) -> str:
    """An SVG of its own.

    Args:
        lines: by behaviour, the things that one person had kept by the end of each week.
    """
    weeks = max((len(line) for line in lines.values()), default=2)
    top = _TICKS * _step(max((max(line) for line in lines.values()), default=1.0) / _TICKS)

    def x_of(week: int) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * week / max(1, weeks), 1)

    def y_of(things: float) -> float:
        return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * things / top, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        svg_text(_LEFT, 20, "Things kept by one person, under all their names", "start"),
        svg_text(x_of(weeks // 2), HEIGHT - 10, "weeks", "middle"),
    ]
    for tick in range(_TICKS + 1):
        y = y_of(top * tick / _TICKS)
        parts.append(f'<path d="M{_LEFT} {y}H{WIDTH - _RIGHT}" stroke="#dddddd"/>')
        parts.append(svg_text(_LEFT - 6, y + 4, f"{top * tick / _TICKS:g}", "end"))
    parts += [
        svg_text(x_of(week), y_of(0) + 20, f"{week}", "middle") for week in range(0, weeks + 1, 4)
    ]
    lowest = float(HEIGHT)
    ordered = sorted(lines.items(), key=lambda item: item[1][-1])
    for row, (name, line) in enumerate(ordered):
        colour = COLOURS[row % len(COLOURS)]
        # More behaviours than colours: the second round is dashed.
        dash = ' stroke-dasharray="6 3"' if row >= len(COLOURS) else ""
        points = " ".join(f"{x_of(week + 1)},{y_of(kept)}" for week, kept in enumerate(line))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"{dash}/>'
        )
        # Names stand at the end of their lines, and not on each other.
        lowest = min(lowest - 14, y_of(line[-1]) + 4)
        parts.append(f'<text x="{x_of(weeks) + 6}" y="{lowest}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _step(wanted: float) -> float:
    return next((s for s in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0) if s >= wanted), 10.0)
