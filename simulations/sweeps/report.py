"""The report of a sweep: one page that needs nothing else, for whoever looks rather than reads.

First what must not have happened, then the figures in which the cells differ most, then every
figure as a table, and how to make it all again.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

from simulations.intervals import Measure
from simulations.sweeps.figure import figure_svg, written
from simulations.sweeps.plan import Value
from simulations.sweeps.results import PLAN, Done, Header, open_results
from simulations.sweeps.summary import Summary, summaries
from simulations.sweeps.tasks import VIOLATIONS
from simulations.sweeps.words import words_of

REPORT: Final = "report.html"
SHOWN_MAX: Final = 12
"""Figures drawn; all others stand in the tables."""
FACETS_MAX: Final = 12
_STYLE: Final = Path(__file__).with_name("report.css")


def write_report(folder: Path) -> Path:
    """Write ``report.html`` into a sweep's folder; gives its path.

    Raises:
        SweepError: there is no sweep.
    """
    header, done = open_results(folder)
    page = "\n".join(_page(folder, header, done))
    path = folder / REPORT
    path.write_text(page + "\n", encoding="utf-8")
    return path


def _page(folder: Path, header: Header, done: Sequence[Done]) -> Iterator[str]:
    seeds = sorted({run.seed: None for run in done})
    cells = sorted({run.cell: None for run in done})
    yield "<!doctype html>"
    yield f'<html lang="en"><head><meta charset="utf-8"><title>{escape(header.name)}</title>'
    yield '<meta name="viewport" content="width=device-width">'
    yield f"<style>{_STYLE.read_text(encoding='utf-8')}</style></head><body>"
    yield f"<h1>{escape(header.name)}</h1>"
    yield f"<p>{escape(header.description)}</p>"
    about = f"{header.instrument} · {_of(len(cells), 'cell')} · {_of(len(seeds), 'seed')}"
    yield f'<p class="about">{about} · version {escape(header.commit or "unknown")}</p>'
    if not done:
        yield "<p>No run is done yet.</p></body></html>"
        return
    yield _verdict(done)
    yield from _figures(header, done)
    yield "<h2>To make it again</h2>"
    yield "<p>With this file, and the same version of the program:</p>"
    plan = folder / PLAN
    text = plan.read_text(encoding="utf-8") if plan.is_file() else ""
    yield f"<pre>openhouse simulate sweep {PLAN} --out DIR\nopenhouse simulate report DIR</pre>"
    yield f"<pre>{escape(text)}</pre>"
    versions = ", ".join(f"{name} {number}" for name, number in header.versions.items() if number)
    yield f'<p class="about">{escape(versions)}</p></body></html>'


def _verdict(done: Sequence[Done]) -> str:
    judged = [run for run in done if VIOLATIONS in run.figures]
    failing = [run for run in judged if run.figures[VIOLATIONS]]
    if failing:
        first = failing[0]
        where = ", ".join(f"{key} = {_name(value)}" for key, value in first.values)
        return (
            f'<p class="bad">An oracle found something in {len(failing)} of {len(judged)} runs, '
            f"first in seed {first.seed} {escape('of ' + where if where else '')}: figures of such "
            "runs mean little.</p>"
        )
    if judged:
        return f'<p class="good">No oracle found anything in {_of(len(judged), "run")}.</p>'
    return ""


def _figures(header: Header, done: Sequence[Done]) -> Iterator[str]:
    cells = {run.cell: dict(run.values) for run in done}
    found = summaries(done)
    differing = [summary for summary in found if summary.clarity > 0]
    if header.varied and differing:
        yield "<h2>What differs most</h2>"
        yield (
            "<p>Points are means over the seeds; bars hold the mean in 95 % of resamples of the "
            "seeds. First come the figures in which the difference is clearest beside its bars.</p>"
        )
        for summary in differing[:SHOWN_MAX]:
            yield f"<h3>{_titled(summary)}</h3>"
            yield from _facets(header, summary, cells)
    yield "<h2>All figures</h2>"
    for summary in sorted(found, key=lambda summary: summary.figure):
        yield f"<details><summary>{_titled(summary)}</summary>"
        yield f'<div class="wide">{_table(header, summary, cells)}</div></details>'


def _facets(
    header: Header, summary: Summary, cells: Mapping[int, Mapping[str, Value]]
) -> Iterator[str]:
    """A drawing for each combination of the third key and those after it."""
    nobody: list[tuple[str, tuple[Value, ...]]] = [("", ("",))]
    first, second, *others = [*header.varied, *nobody]  # there may be no second key
    others = [pair for pair in others if pair[0]]
    combinations = list(itertools.product(*(values for _, values in others)))
    place = {json.dumps(list(values.items())): number for number, values in cells.items()}
    nothing = Measure(None, None, None)
    for chosen in combinations[:FACETS_MAX]:
        fixed = list(zip((key for key, _ in others), chosen, strict=True))
        lines = {}
        for line in second[1]:
            row = []
            for along in first[1]:
                own = [(first[0], along), *([(second[0], line)] if second[0] else []), *fixed]
                number = place.get(json.dumps(own))
                row.append(nothing if number is None else summary.cells.get(number, nothing))
            lines[f"{second[0]} = {_name(line)}"] = row
        told = ", ".join(f"{key} = {_name(value)}" for key, value in fixed)
        if told:
            yield f"<p>{escape(told)}</p>"
        names = [_name(value) for value in first[1]]
        title = f"{words_of(summary.figure)}, by {first[0]}"
        yield f'<div class="wide">{figure_svg(title, first[0], names, lines)}</div>'
    if len(combinations) > FACETS_MAX:
        yield f"<p>{len(combinations) - FACETS_MAX} more combinations stand in the table.</p>"


def _table(header: Header, summary: Summary, cells: Mapping[int, Mapping[str, Value]]) -> str:
    keys = [key for key, _ in header.varied]
    heads = "".join(f"<th>{escape(key)}</th>" for key in [*keys, "mean", "95 %"])
    rows = []
    for number in sorted(summary.cells):
        cell = summary.cells[number]
        chosen = "".join(f"<td>{escape(_name(cells[number][key]))}</td>" for key in keys)
        if cell.value is None or cell.low is None or cell.high is None:
            rows.append(f"<tr>{chosen}<td>—</td><td></td></tr>")
        else:
            between = f"<small>{written(cell.low)} to {written(cell.high)}</small>"
            mean = f'<td class="number">{written(cell.value)}</td>'
            rows.append(f"<tr>{chosen}{mean}<td>{between}</td></tr>")
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _titled(summary: Summary) -> str:
    words = words_of(summary.figure)
    if words == summary.figure:
        return escape(words)
    return f"{escape(words[0].upper() + words[1:])} <small>{escape(summary.figure)}</small>"


def _name(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _of(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
