"""The report of a sweep: one page that needs nothing else, for whoever looks rather than reads.

First what must not have happened, then the figures in which the cells differ most, then every
figure as a table, and how to make it all again and cite it. Beside it, for a paper, lie the
figures as files (``figures/``) and all means with their intervals as one table (``means.csv``);
the page carries both as well.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import quote

from simulations.intervals import Measure
from simulations.provenance import citation
from simulations.sweeps.figure import alone, figure_svg, written
from simulations.sweeps.plan import Value
from simulations.sweeps.results import PLAN, Done, Header, open_results
from simulations.sweeps.summary import Summary, summaries
from simulations.sweeps.tasks import VIOLATIONS
from simulations.sweeps.words import key_words, unit_of, words_of

REPORT: Final = "report.html"
FIGURES: Final = "figures"
MEANS: Final = "means.csv"
SHOWN_MAX: Final = 12
"""Figures drawn; all others stand in the tables."""
FACETS_MAX: Final = 12
SEEDS_ENOUGH: Final = 10
ALONG_MAX: Final = 60
"""Letters that have room under a figure, on a phone too; the words stand above."""
_INSTRUMENTS: Final = {
    "population": "the rules as arrays (population)",
    "society": "people on real engines (society)",
    "world": "real engines on a bad network (world)",
}
_STYLE: Final = Path(__file__).with_name("report.css")


def write_report(folder: Path) -> Path:
    """Write ``report.html`` into a sweep's folder, and its figures beside it; gives its path.

    Raises:
        SweepError: there is no sweep.
    """
    header, done = open_results(folder)
    found = summaries(done)
    means = _means(header, done, found)
    drawn: dict[str, str] = {}
    page = "\n".join(_page(folder, header, done, found, means, drawn))
    if drawn:
        (folder / FIGURES).mkdir(exist_ok=True)
    for name, figure in drawn.items():
        (folder / FIGURES / name).write_text(figure, encoding="utf-8")
    (folder / MEANS).write_text(means, encoding="utf-8", newline="")
    path = folder / REPORT
    path.write_text(page + "\n", encoding="utf-8")
    return path


def _page(
    folder: Path,
    header: Header,
    done: Sequence[Done],
    found: Sequence[Summary],
    means: str,
    drawn: dict[str, str],
) -> Iterator[str]:
    """The page's lines; ``drawn`` takes the figures by the names of their files."""
    seeds = sorted({run.seed: None for run in done})
    cells = sorted({run.cell: None for run in done})
    yield "<!doctype html>"
    yield f'<html lang="en"><head><meta charset="utf-8"><title>{escape(header.name)}</title>'
    yield '<meta name="viewport" content="width=device-width">'
    yield f"<style>{_STYLE.read_text(encoding='utf-8')}</style></head><body>"
    yield f"<h1>{escape(header.name)}</h1>"
    yield f"<p>{escape(header.description)}</p>"
    about = [_INSTRUMENTS.get(header.instrument, header.instrument)]
    about += [header.size] if header.size else []
    about += [_of(len(cells), "cell"), f"{_of(len(seeds), 'seed')} each{_from_to(seeds)}"]
    about += [f"version {header.commit or 'unknown'}"]
    yield f'<p class="about">{escape(" · ".join(about))}</p>'
    if not done:
        yield "<p>No run is done yet.</p></body></html>"
        return
    yield _verdict(done)
    yield from _varied(header)
    yield from _figures(header, done, found, drawn)
    yield "<h2>For a paper</h2>"
    link = _download(means, "text/csv", MEANS, "All means and intervals (CSV)")
    yield (
        f"<p>{link}. Beside the page, in the sweep’s folder: the figures ({FIGURES}/*.svg), the "
        f"same means ({MEANS}), and each figure of each run (results.parquet).</p>"
    )
    runs = f"sweep {header.name}, digest {header.digest[:16]}, seeds{_from_to(seeds, ' ')}"
    yield f"<pre>{escape(citation(header.commit, runs))}</pre>"
    yield "<h2>To make it again</h2>"
    yield "<p>With these files in one folder, and the same version of the program:</p>"
    plan = folder / PLAN
    text = plan.read_text(encoding="utf-8") if plan.is_file() else ""
    yield f"<pre>openhouse simulate sweep {PLAN} --out DIR\nopenhouse simulate report DIR</pre>"
    yield f"<h3>{PLAN}</h3><pre>{escape(text)}</pre>"
    for source in header.files:
        of_ours = ", which comes with the program" if source.is_bundled else ""
        yield f"<h3>{escape(source.name)}{of_ours}</h3><pre>{escape(source.text)}</pre>"
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


def _varied(header: Header) -> Iterator[str]:
    """What differs from cell to cell, in words."""
    if not header.varied:
        return
    yield "<h2>What is varied</h2><ul>"
    for key, values in header.varied:
        told = ", ".join(_name(value) for value in values)
        words = "" if key_words(key) == key else f" <small>{escape(key)}</small>"
        yield f"<li>{escape(key_words(key))}{words}: {escape(told)}</li>"
    yield "</ul>"


def _figures(
    header: Header, done: Sequence[Done], found: Sequence[Summary], drawn: dict[str, str]
) -> Iterator[str]:
    cells = {run.cell: dict(run.values) for run in done}
    seeds = len({run.seed: None for run in done})
    differing = [summary for summary in found if summary.clarity > 0]
    if header.varied and differing:
        yield "<h2>What differs most</h2>"
        yield (
            "<p>Points are means over the seeds; bars hold the true mean in 95 of 100 such "
            "sweeps (Student). First come the figures in which the difference is clearest "
            "beside its bars. "
            "All cells have the same seeds, so bars may overlap where each seed differs: "
            "<code>openhouse simulate compare</code> takes differences seed by seed.</p>"
        )
        if seeds < SEEDS_ENOUGH:
            bars = (
                "there are no bars: nothing tells how far the true mean is"
                if seeds == 1
                else "the bars are long, and right only for figures spread evenly about their mean"
            )
            yield (
                f'<p class="bad">With {_of(seeds, "seed")} {bars}. Take {SEEDS_ENOUGH} or more '
                "before anybody else should believe it.</p>"
            )
        for summary in differing[:SHOWN_MAX]:
            yield f"<h3>{_titled(summary)}</h3>"
            yield from _facets(header, summary, cells, drawn)
    by_name = sorted(found, key=lambda summary: summary.figure)
    others = [summary for summary in by_name if summary.clarity > 0 or len(cells) == 1]
    alike = [summary for summary in by_name if summary not in others]
    if others:
        yield "<h2>All figures</h2>"
    for summary in others:
        yield f"<details><summary>{_titled(summary)}</summary>"
        yield f'<div class="wide">{_table(header, summary, cells)}</div></details>'
    if alike:
        yield "<h2>The same in all cells</h2>"
        rows = "".join(_alike(summary) for summary in alike)
        yield f"<details><summary>{_of(len(alike), 'figure')}</summary>"
        yield '<div class="wide"><table><thead><tr><th>figure</th><th>mean</th><th>95 %</th>'
        yield f"</tr></thead><tbody>{rows}</tbody></table></div></details>"


def _alike(summary: Summary) -> str:
    return f"<tr><td>{_titled(summary)}</td>{_mean(next(iter(summary.cells.values())))}</tr>"


def _facets(
    header: Header,
    summary: Summary,
    cells: Mapping[int, Mapping[str, Value]],
    drawn: dict[str, str],
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
            is_there = any(cell.value is not None for cell in row)
            lines[f"{_short(second[0])} = {_name(line)}{'' if is_there else ' (no value)'}"] = row
        told = ", ".join(f"{key} = {_name(value)}" for key, value in fixed)
        if told:
            yield f"<p>{escape(told)}</p>"
        names = [_name(value) for value in first[1]]
        title = f"{words_of(summary.figure)}, by {first[0]}{f' ({told})' if told else ''}"
        along = key_words(first[0])
        along = along if len(along) <= ALONG_MAX else first[0].rpartition(".")[2]
        figure = figure_svg(title, along, names, lines, unit_of(summary.figure))
        yield f"<div>{figure}</div>"
        name = f"{re.sub('[^a-z0-9]+', '-', f'{summary.figure} {told}'.lower()).strip('-')}.svg"
        drawn[name] = alone(figure, title)
        link = _download(drawn[name], "image/svg+xml", name, "This figure (SVG)")
        yield f'<p class="about">{link}</p>'
    if len(combinations) > FACETS_MAX:
        yield f"<p>{len(combinations) - FACETS_MAX} more combinations stand in the table.</p>"


def _table(header: Header, summary: Summary, cells: Mapping[int, Mapping[str, Value]]) -> str:
    keys = [key for key, _ in header.varied]
    heads = "".join(f"<th>{escape(key)}</th>" for key in [*keys, "mean", "95 %"])
    rows = []
    for number in sorted(summary.cells):
        cell = summary.cells[number]
        chosen = "".join(f"<td>{escape(_name(cells[number][key]))}</td>" for key in keys)
        rows.append(f"<tr>{chosen}{_mean(cell)}</tr>")
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _mean(cell: Measure) -> str:
    if cell.value is None:
        return "<td>—</td><td></td>"
    between = ""  # of a single seed nothing is known
    if cell.low is not None and cell.high is not None:
        between = f"<small>{written(cell.low)} to {written(cell.high)}</small>"
    return f'<td class="number">{written(cell.value)}</td><td>{between}</td>'


def _means(header: Header, done: Sequence[Done], found: Sequence[Summary]) -> str:
    """Every figure of every cell: its mean over the seeds and what holds 95 %."""
    cells = {run.cell: (run.values, 0) for run in done}
    for run in done:
        cells[run.cell] = (run.values, cells[run.cell][1] + 1)
    out = io.StringIO()
    table = csv.writer(out)
    keys = [key for key, _ in header.varied]
    table.writerow(["figure", "words", "unit", *keys, "mean", "low_95", "high_95", "seeds"])
    for summary in sorted(found, key=lambda summary: summary.figure):
        figure = summary.figure
        for number, cell in sorted(summary.cells.items()):
            values, seeds = cells[number]
            chosen = [_name(value) for _, value in values]
            ends = ["" if n is None else repr(n) for n in (cell.value, cell.low, cell.high)]
            table.writerow([figure, words_of(figure), unit_of(figure), *chosen, *ends, seeds])
    return out.getvalue()


def _download(text: str, kind: str, name: str, words: str) -> str:
    """A link that holds what it gives."""
    return f'<a download="{name}" href="data:{kind};charset=utf-8,{quote(text)}">{words}</a>'


def _short(key: str) -> str:
    """A key beside its value; as people say it, where that is short."""
    words = key_words(key)
    return words if "…" not in words and len(words) <= 60 else key.rpartition(".")[2]


def _from_to(seeds: Sequence[int], before: str = ", ") -> str:
    return f"{before}{seeds[0]} to {seeds[-1]}" if seeds else ""


def _titled(summary: Summary) -> str:
    words = words_of(summary.figure)
    if words == summary.figure:
        return escape(words)
    return f"{escape(words[0].upper() + words[1:])} <small>{escape(summary.figure)}</small>"


def _name(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _of(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
