"""``simulate experiments``: makes the figures of docs/experiments again, and checks them.

Options and exit codes as in ``simulations.cli``. numba and what else the runs need is imported
only when the verb is carried out.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tqdm import tqdm

from simulations.arguments import HOW_TO_INSTALL
from simulations.cli_trust import print_rows
from simulations.experiments import ExperimentError

if TYPE_CHECKING:
    from simulations.experiments.pages import Checked
    from simulations.experiments.running import Outcome, SizeName
    from simulations.experiments.shape import Experiment

DOCS: Final = Path(__file__).parent.parent / "docs" / "experiments"
_NEEDED: Final = ("joblib", "numba", "numpy", "pyarrow")


def configure(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    """Add the verb; gives its parser."""
    experiments = subparsers.add_parser(
        "experiments",
        help="make the figures of docs/experiments again, and check them",
        description="Answer questions about the rules: figures with intervals, on many seeds.",
    )
    experiments.add_argument("names", metavar="NAME", nargs="*", help="which of them (all)")
    experiments.add_argument(
        "--quick", action="store_true", help="some seconds each, to see that they run"
    )
    experiments.add_argument(
        "--out", type=Path, metavar="DIR", help="write data, table and drawing of each here"
    )
    experiments.add_argument(
        "--check", action="store_true", help="does each figure lie within the interval of the docs?"
    )
    experiments.add_argument(
        "--against",
        type=Path,
        default=DOCS,
        metavar="DIR",
        help="where those are (docs/experiments)",
    )
    return experiments


def experiments(args: argparse.Namespace, as_json: bool) -> bool:
    """Carry out ``experiments``; gives whether all figures hold that were to be checked.

    Raises:
        ExperimentError: nothing was run.
    """
    try:
        from simulations.experiments import pages
        from simulations.experiments.registry import chosen
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
        raise ExperimentError(
            "Experiments need numba, numpy, joblib and pyarrow, which are not all here: "
            f"{HOW_TO_INSTALL}"
        ) from error
    size: SizeName = "quick" if args.quick else "regular"
    wanted = chosen(args.names)
    if args.check:  # before the work, not after it
        for experiment in wanted:
            pages.check_size(experiment.name, size, args.against)
    answer: dict[str, object] = {}
    holds = True
    for experiment in wanted:
        outcome = _run(experiment, size)
        if args.out is not None:
            pages.write(experiment, outcome, args.out)
        checked = pages.check(outcome, args.against) if args.check else []
        holds = holds and all(one.holds for one in checked)
        answer[experiment.name] = pages.to_json(outcome, checked if args.check else None)
        if not as_json:
            _print(experiment, outcome, checked)
    if as_json:
        print(json.dumps({"holds": holds, "experiments": answer}, indent=2, ensure_ascii=False))
    if not holds:
        print("Some figures do not lie within the intervals of the docs.", file=sys.stderr)
    return holds


def _run(experiment: Experiment, size: SizeName) -> Outcome:
    from simulations.experiments import running

    total = len(running.size_of(experiment, size).cells) * running.size_of(experiment, size).seeds
    hidden = not sys.stderr.isatty()
    with tqdm(experiment.name, total=total, leave=False, disable=hidden, file=sys.stderr) as bar:
        return running.run(experiment, size, lambda cell: bar.update())


def _print(experiment: Experiment, outcome: Outcome, checked: list[Checked]) -> None:
    from simulations.experiments import pages

    print(f"{experiment.name}: {experiment.question} ({outcome.core_seconds} s)")
    if not checked:
        print(f"\n{pages.table(experiment, outcome.results)}\n")
        return
    titles = {figure.name: figure for figure in experiment.figures}
    rows = []
    for one in checked:
        figure = titles.get(one.figure)
        found = "nothing" if one.found is None else f"{one.found:.4g}"
        said = f"{one.said.value:.4g}" if figure is None else pages.told(figure, one.said)
        rows.append(["within" if one.holds else "OUTSIDE", one.cell, one.figure, found, said])
    print_rows(["", "cell", "figure", "now", "in the docs"], rows)
