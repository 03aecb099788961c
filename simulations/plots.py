"""Plots of what simulations found, as small SVG files that need no other library.

``python -m simulations.plots RUN.json... > stale.svg`` draws the results that
``openhouse simulate reach --liars SHARE --json`` gave, each as a line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

WIDTH: Final = 640
HEIGHT: Final = 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 40, 50
COLOURS: Final = ("#555555", "#0072b2", "#d55e00", "#009e73", "#cc79a7")
"""Okabe and Ito's, which people who see fewer colours can tell apart."""
X_MAX: Final = 1.2
_Y_TICKS: Final = 5
_STEPS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)

Run = Mapping[str, Any]


def plot_staleness(runs: Sequence[Run]) -> str:
    """Stale views over time; one line a run, one colour a share of liars."""
    shares = sorted({_share(run) for run in runs})
    top = _y_top(runs)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        svg_text(_LEFT, 20, "Views still shown, of those that should be gone", "start"),
        *_axes(top),
    ]
    colour_of = {share: COLOURS[n % len(COLOURS)] for n, share in enumerate(shares)}
    lines += [_line(run, top, colour_of[_share(run)]) for run in runs]
    for row, share in enumerate(shares):
        y = _TOP + 16 + 18 * row
        colour = colour_of[share]
        lines.append(f'<rect x="{_LEFT + 20}" y="{y - 9}" width="12" height="10" fill="{colour}"/>')
        lines.append(svg_text(_LEFT + 38, y, f"{_percent(share)} of members lie", "start"))
    return "\n".join([*lines, "</svg>", ""])


def _share(run: Run) -> float:
    """Of members who really lied, to the whole percent above 1 %."""
    return round(float(run["liars"]) / float(run["members"]), 2)


def _late(run: Run) -> list[tuple[float, float]]:
    """Share of the lease, and share of the views; without the very moment of the change."""
    return [
        (float(s["share_of_lease"]), float(s["stale_views"]) / max(1, s["of_views"]))
        for s in run["stale"]
        if s["after_ms"] > 0
    ]


def _y_top(runs: Sequence[Run]) -> float:
    highest = max(y for run in runs for _, y in _late(run))
    return next((_Y_TICKS * s for s in _STEPS if _Y_TICKS * s >= highest), 1.0)


def _x(share: float) -> float:
    return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * share / X_MAX, 1)


def _y(share: float, top: float) -> float:
    return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * share / top, 1)


def _axes(top: float) -> list[str]:
    floor = _y(0, top)
    lines = [svg_text(_x(X_MAX / 2), HEIGHT - 10, "time since the change, in leases", "middle")]
    for eighth in range(10):
        x = _x(eighth / 8)
        lines.append(f'<path d="M{x} {floor}v5" stroke="black"/>')
        if eighth % 2 == 0:
            lines.append(svg_text(x, floor + 20, f"{eighth / 8:g}", "middle"))
    for tick in range(_Y_TICKS + 1):
        share = top * tick / _Y_TICKS
        y = _y(share, top)
        lines.append(f'<path d="M{_LEFT} {y}H{WIDTH - _RIGHT}" stroke="#dddddd"/>')
        lines.append(svg_text(_LEFT - 6, y + 4, _percent(share), "end"))
    x = _x(1)
    lines.append(f'<path d="M{x} {_TOP}V{floor}" stroke="black" stroke-dasharray="4 3"/>')
    lines.append(svg_text(x - 4, _TOP + 16, "the lease ends", "end"))
    return lines


def _line(run: Run, top: float, colour: str) -> str:
    points = " ".join(f"{_x(x)},{_y(y, top)}" for x, y in _late(run))
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def svg_text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>'


def main(paths: Sequence[str]) -> None:
    """Print the plot of the results in some files."""
    runs = [json.loads(Path(path).read_text(encoding="utf-8")) for path in paths]
    sys.stdout.write(plot_staleness(runs))


if __name__ == "__main__":
    main(sys.argv[1:])
