"""Drawings of an experiment: its panels below each other, in one SVG file that stands alone."""

from __future__ import annotations

from html import escape
from typing import Final

from simulations.experiments.shape import Experiment, Panel, Results
from simulations.intervals import Measure
from simulations.plots import COLOURS as PLOT_COLOURS
from simulations.plots import svg_text
from simulations.sweeps.figure import WIDTH, figure_svg, height_of, scale_of, written

_TITLE_ROW: Final = 34
_ROW: Final = 24
_NAMES: Final = 264
_RIGHT: Final = 24
_BLUE: Final = PLOT_COLOURS[1]
_NOTHING: Final = Measure(None, None, None)


def drawing(experiment: Experiment, results: Results) -> str:
    """All panels; one that has nothing to show is left out."""
    parts, top = [], 0
    shares = {figure.name: None for figure in experiment.figures if figure.unit == "share"}
    for panel in experiment.panels:
        lines = {
            name: [
                _shown(results.get(cell, {}).get(figure), figure in shares)
                for cell, figure in points
            ]
            for name, points in panel.lines.items()
        }
        lines = {
            name: line for name, line in lines.items() if any(m.value is not None for m in line)
        }
        if not lines:
            continue
        svg, height = _panel(panel, lines)
        place = f'<svg y="{top + _TITLE_ROW}" width="{WIDTH}" height="{height}" '
        figure = next(iter(panel.lines.values()))[0][1]
        words = f"{panel.title} (%)" if figure in shares else panel.title
        title = f'<text x="12" y="{top + 22}" font-weight="bold">{escape(words)}</text>'
        parts += [title, svg.replace("<svg ", place, 1)]
        top += _TITLE_ROW + height
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + 8}" '
        'font-family="sans-serif" font-size="12" color="#222222">'
    )
    style = "<style>.grid{stroke:#dddddd;fill:none}</style>"
    paper = f'<rect width="{WIDTH}" height="{top + 8}" fill="white"/>'
    return "\n".join([head, style, paper, *parts, "</svg>", ""])


def _shown(measure: Measure | None, is_share: bool) -> Measure:
    """Shares in hundredths."""
    if measure is None or not is_share:
        return measure or _NOTHING
    ends = (measure.value, measure.low, measure.high)
    return Measure(*(None if end is None else 100 * end for end in ends))


def _panel(panel: Panel, lines: dict[str, list[Measure]]) -> tuple[str, int]:
    """Lines over places in order; dots beside names where there is no order."""
    if panel.along:
        return figure_svg(panel.title, panel.along, panel.places, lines), height_of(lines)
    (line,) = lines.values()
    there = [
        (name, cell)
        for name, cell in zip(panel.places, line, strict=True)
        if cell.value is not None
    ]
    return _dots(panel.title, there), _ROW * (len(there) + 1) + 8


def _dots(title: str, rows: list[tuple[str, Measure]]) -> str:
    """A row for each name, with its figure as a dot on its interval; a dashed line at the first."""
    low, high, step = scale_of([cell for _, cell in rows])
    bottom = _ROW * len(rows)

    def x(value: float) -> float:
        return round(_NAMES + (WIDTH - _NAMES - _RIGHT) * (value - low) / (high - low), 1)

    parts = [
        f'<svg role="img" viewBox="0 0 {WIDTH} {bottom + _ROW + 8}" aria-label="{escape(title)}">'
    ]
    for tick in range(round((high - low) / step) + 1):
        at = x(low + tick * step)
        parts.append(f'<path class="grid" d="M{at} 0V{bottom}"/>')
        parts.append(svg_text(at, bottom + 18, written(low + tick * step), "middle"))
    first = rows[0][1].value
    if first is not None:
        parts.append(f'<path d="M{x(first)} 0V{bottom}" stroke="#555555" stroke-dasharray="4 3"/>')
    for row, (name, cell) in enumerate(rows):
        y = _ROW * row + _ROW // 2
        parts.append(svg_text(_NAMES - 10, y + 4, escape(name), "end"))
        if cell.value is None or cell.low is None or cell.high is None:
            continue
        bar = f"M{x(cell.low)} {y}H{x(cell.high)}M{x(cell.low)} {y - 4}v8M{x(cell.high)} {y - 4}v8"
        parts.append(f'<path d="{bar}" stroke="{_BLUE}" stroke-width="1.75" fill="none"/>')
        parts.append(f'<circle cx="{x(cell.value)}" cy="{y}" r="3.5" fill="{_BLUE}"/>')
    return "\n".join([*parts, "</svg>"])
