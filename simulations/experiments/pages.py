"""What stands of an experiment on its page: data, table and drawing; and whether it still holds.

Beside each page ``NAME.md`` lie ``NAME.json``, with every figure and its interval, and
``NAME.svg``. The table in the page stands between two comments, and is written anew by the
command; the words around it are people's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from simulations.experiments import ExperimentError
from simulations.experiments.drawing import drawing
from simulations.experiments.running import Outcome, SizeName
from simulations.experiments.shape import Experiment, Figure, Results
from simulations.intervals import Measure

_BEGIN: Final = "<!-- made by openhouse simulate experiments {name}: do not edit by hand -->"
_END: Final = "<!-- end of what is made -->"
_DIGITS: Final = 6
_APART: Final = 2e-6
"""What rounding to so many digits may move, as a share."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One figure of a new run beside what the page says of it."""

    cell: str
    figure: str
    found: float | None
    said: Measure

    @property
    def holds(self) -> bool:
        """Whether it lies within the interval of the page."""
        if self.found is None or self.said.low is None:
            return False
        spare = _APART * max(1.0, abs(self.found))
        if self.found < self.said.low - spare:
            return False
        return self.said.high is None or self.found <= self.said.high + spare


# --- writing -----------------------------------------------------------------------------


def write(experiment: Experiment, outcome: Outcome, folder: Path) -> list[Path]:
    """Write data and drawing, and the table into the page; gives the files."""
    folder.mkdir(parents=True, exist_ok=True)
    data, svg, page = (folder / f"{experiment.name}.{end}" for end in ("json", "svg", "md"))
    data.write_text(_json(outcome), encoding="utf-8")
    svg.write_text(drawing(experiment, outcome.results), encoding="utf-8")
    text = page.read_text(encoding="utf-8") if page.exists() else _new_page(experiment)
    page.write_text(_with_block(text, experiment, outcome), encoding="utf-8")
    return [data, svg, page]


def block(experiment: Experiment, outcome: Outcome) -> str:
    """What the command writes into a page."""
    size = "" if outcome.size == "regular" else f" --{outcome.size}"
    lines = [
        _BEGIN.format(name=experiment.name),
        table(experiment, outcome.results),
        "",
        f"Means of {outcome.seeds} seeds; in brackets what holds the mean of all seeds in 95 of "
        f"100 such samples (Student). Made by `openhouse simulate experiments {experiment.name}"
        f"{size}`, commit {outcome.commit or 'unknown'}, {outcome.core_seconds} s of one core; all "
        f"figures are in [{experiment.name}.json]({experiment.name}.json).",
        "",
        f"![{experiment.panels[0].title}]({experiment.name}.svg)",
        _END,
    ]
    return "\n".join(lines)


def table(experiment: Experiment, results: Results) -> str:
    """All figures in Markdown, a row for each cell."""
    figures = [f for f in experiment.figures if any(f.name in row for row in results.values())]
    head = [experiment.cell_title, *(figure.title for figure in figures)]
    rows = [
        [cell, *(told(figure, found.get(figure.name)) for figure in figures)]
        for cell, found in results.items()
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def told(figure: Figure, measure: Measure | None) -> str:
    """A figure and its interval, for people."""
    if measure is None or measure.value is None:
        return "—"
    ends = [end for end in (measure.low, measure.high) if end is not None]
    mean, *around = [
        _number_told(figure, number, measure.value) for number in (measure.value, *ends)
    ]
    if len(around) < 2 or around[0] == around[1] == mean:
        return mean
    return f"{mean} ({around[0]} to {around[1]})"


def _number_told(figure: Figure, number: float, mean: float) -> str:
    """With as many digits as the mean is worth, in a figure and at the ends of its interval."""
    if figure.unit == "share":
        number, mean = 100 * number, 100 * mean
    decimals = next((n for n, size in enumerate((100, 10, 1)) if abs(mean) >= size), 3)
    if figure.unit == "share":
        decimals = min(1, decimals)
    text = f"{number:,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text} %" if figure.unit == "share" else text


def _new_page(experiment: Experiment) -> str:
    return (
        f"# {experiment.title}\n\n**Question.** {experiment.question}\n\n{_block_ends(experiment)}"
    )


def _block_ends(experiment: Experiment) -> str:
    return f"{_BEGIN.format(name=experiment.name)}\n{_END}\n"


def _with_block(text: str, experiment: Experiment, outcome: Outcome) -> str:
    begin = _BEGIN.format(name=experiment.name)
    if begin not in text or _END not in text:
        text = f"{text}\n{_block_ends(experiment)}"
    before, rest = text.split(begin, 1)
    _, after = rest.split(_END, 1)
    return before + block(experiment, outcome) + after


# --- data --------------------------------------------------------------------------------


def _json(outcome: Outcome) -> str:
    """One line for each cell: small, and a change of a figure is a change of its line."""
    head = asdict(outcome)
    del head["results"]
    cells = ",\n".join(
        f"  {json.dumps(cell, ensure_ascii=False)}: "
        + json.dumps({name: _rounded(measure) for name, measure in found.items()})
        for cell, found in outcome.results.items()
    )
    return json.dumps(head)[:-1] + f', "cells": {{\n{cells}\n}}}}\n'


def _rounded(measure: Measure) -> list[float | None]:
    ends = (measure.value, measure.low, measure.high)
    return [None if end is None else float(f"{end:.{_DIGITS}g}") for end in ends]


def read(name: str, folder: Path) -> Outcome:
    """What a page's data say.

    Raises:
        ExperimentError: there are none, or they cannot be read.
    """
    path = folder / f"{name}.json"
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        cells: Mapping[str, Mapping[str, list[float | None]]] = data.pop("cells")
        results = {
            cell: {figure: Measure(*ends) for figure, ends in found.items()}
            for cell, found in cells.items()
        }
        return Outcome(**data, results=results)
    except OSError as error:
        raise ExperimentError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ExperimentError(
            f"{path} holds no figures: write them with  openhouse simulate experiments {name} "
            f"--out {folder}"
        ) from error


def check_size(name: str, size: SizeName, folder: Path) -> None:
    """Refuse to compare sizes that cannot be compared.

    Raises:
        ExperimentError: the page has no figures, or those of another size.
    """
    said = read(name, folder).size
    if said != size:
        hint = "without --quick" if said == "regular" else "with --quick"
        raise ExperimentError(f"The figures of {name} in {folder} are {said} ones: check {hint}.")


def check(outcome: Outcome, folder: Path) -> list[Checked]:
    """Each figure of a page beside that of a new run; what the new run has besides is ignored."""
    found = outcome.results
    return [
        Checked(cell, figure, _value(found.get(cell, {}).get(figure)), measure)
        for cell, figures in read(outcome.experiment, folder).results.items()
        for figure, measure in figures.items()
    ]


def to_json(outcome: Outcome, checked: list[Checked] | None) -> dict[str, object]:
    """For ``--json``: all figures, and of those that were checked which lie outside."""
    answer: dict[str, object] = asdict(outcome)
    if checked is not None:
        answer["checked"] = len(checked)
        answer["outside"] = [[one.cell, one.figure] for one in checked if not one.holds]
    return answer


def _value(measure: Measure | None) -> float | None:
    return None if measure is None else measure.value
