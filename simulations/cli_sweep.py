"""``simulate sweep``, ``report`` and ``compare``: many runs, and what came of them.

Options and exit codes as in ``simulations.cli``. What the verbs need besides the program
(joblib, pyarrow, numba) is imported only when they are carried out.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tqdm import tqdm

from simulations.arguments import HOW_TO_INSTALL, count
from simulations.cli_trust import print_rows
from simulations.sweeps import SweepError

if TYPE_CHECKING:
    from simulations.sweeps.compare import Difference

_NEEDED: Final = ("joblib", "numba", "numpy", "pyarrow")
_TOLD_MAX: Final = 40
_LINES: Final = 10
"""In which a sweep says how far it is, where there is no bar."""


def configure(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
) -> tuple[argparse.ArgumentParser, ...]:
    """Add the verbs; gives their parsers."""
    sweep = subparsers.add_parser(
        "sweep",
        help="run a scenario with some of its values varied, on many seeds",
        description="Every combination of the varied values, on every seed; goes on where it was.",
    )
    sweep.add_argument("plan", type=Path, metavar="SWEEP.toml", help="see docs/sweeps.md")
    sweep.add_argument("--out", type=Path, required=True, metavar="DIR", help="results go here")
    sweep.add_argument("--jobs", type=count, metavar="N", help="runs at a time (as many as cores)")
    sweep.add_argument("--dask", metavar="ADDRESS", help="give the runs to this Dask scheduler")
    report = subparsers.add_parser(
        "report",
        help="write a page with the figures of a sweep",
        description="Write DIR/report.html, which needs nothing else to be read or sent; beside it "
        "the figures (SVG) and all means with their intervals (CSV).",
    )
    report.add_argument("folder", type=Path, metavar="DIR", help="a sweep's --out")
    compare = subparsers.add_parser(
        "compare",
        help="say in which figures two sweeps differ",
        description="Compare two sweeps cell by cell and seed by seed.",
    )
    compare.add_argument("first", type=Path, metavar="A", help="a sweep's --out")
    compare.add_argument("second", type=Path, metavar="B", help="another one's")
    return sweep, report, compare


def sweep(args: argparse.Namespace, as_json: bool) -> bool:
    """Carry out ``sweep``; gives whether no oracle found anything.

    Raises:
        OpenHouseError: nothing was run, or not all.
    """
    with _Needs():
        from simulations.sweeps.plan import read_plan
        from simulations.sweeps.run import run_sweep
        from simulations.sweeps.tasks import VIOLATIONS
    plan = read_plan(args.plan)
    hidden = not sys.stderr.isatty()
    size = f"{len(plan.cells)} cells, {len(plan.seeds)} seeds each"
    of_each = f" ({plan.size})" if plan.size else ""
    print(f"{plan.name}: {size}, on {plan.instrument}{of_each}.", file=sys.stderr)
    with tqdm(desc=plan.name, leave=False, disable=hidden, file=sys.stderr, unit="run") as bar:
        began_s, there = time.monotonic(), -1

        def told(done: int, of: int) -> None:
            nonlocal there
            bar.total = of
            bar.update(done - bar.n)
            there = done if there < 0 else there
            if hidden and there < done < of and done % max(1, of // _LINES) == 0:
                # No bar where nobody sees it: a line now and then.
                left_s = (time.monotonic() - began_s) / (done - there) * (of - done)
                print(f"{done} of {of} runs, {_minutes(left_s)} to go.", file=sys.stderr)

        done = run_sweep(plan, args.out, jobs=args.jobs, dask=args.dask, told=told)
    failing = [run for run in done if run.figures.get(VIOLATIONS)]
    for run in failing[:_TOLD_MAX]:
        where = ", ".join(f"{key} = {value}" for key, value in run.values)
        print(
            f"An oracle found something: seed {run.seed} of {where or plan.name}.", file=sys.stderr
        )
    if as_json:
        answer = {
            "sweep": plan.name,
            "cells": len(plan.cells),
            "seeds": len(plan.seeds),
            "runs": len(done),
            "failing": len(failing),
            "digest": plan.digest,
            "table": str(args.out / "results.parquet"),
        }
        print(json.dumps(answer, indent=2))
    else:
        print(f"{len(done)} runs are in {args.out}.")
        print(f"A page with the figures:  openhouse simulate report {args.out}")
    return not failing


def report(args: argparse.Namespace, as_json: bool) -> bool:
    """Carry out ``report``. Raises OpenHouseError."""
    with _Needs():
        from simulations.sweeps.report import FIGURES, MEANS, write_report
    path = write_report(args.folder)
    if as_json:
        print(json.dumps({"report": str(path), "means": str(path.with_name(MEANS))}))
    else:
        print(f"{path} is written: open it in a browser.")
        print(f"For a paper: {path.with_name(FIGURES)}/*.svg, {path.with_name(MEANS)}.")
    return True


def compare(args: argparse.Namespace, as_json: bool) -> bool:
    """Carry out ``compare``. Raises OpenHouseError."""
    with _Needs():
        from simulations.sweeps.compare import compare as differences
    found = differences(args.first, args.second)
    if as_json:
        print(json.dumps([asdict(one) | {"cell": dict(one.cell)} for one in found], indent=2))
        return True
    clear = [one for one in found if one.is_clear]
    if not clear:
        print(f"In none of {len(found)} figures is there a difference that the seeds bear out.")
        return True
    print(f"{len(clear)} of {len(found)} figures differ (A, B, B - A and what holds 95 %):")
    head = ["figure", "cell", "A", "B", "B - A", "from", "to", "seeds"]
    print_rows(head, [_row(one) for one in clear[:_TOLD_MAX]])
    if len(clear) > _TOLD_MAX:
        print(f"And {len(clear) - _TOLD_MAX} more: --json gives all.")
    return True


def _row(one: Difference) -> list[str]:
    numbers = (one.first, one.second, one.difference, one.low, one.high)
    cell = ", ".join(f"{key}={value}" for key, value in one.cell)
    return [
        one.figure,
        cell or "-",
        *("-" if n is None else f"{n:.4g}" for n in numbers),
        str(one.seeds),
    ]


def _minutes(seconds: float) -> str:
    return "less than a minute" if seconds < 60 else f"about {seconds / 60:.0f} min"


class _Needs:
    """Says what is missing of what sweeps need besides the program."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ModuleNotFoundError) and error.name in _NEEDED:
            raise SweepError(
                "Sweeps need joblib, numba, numpy and pyarrow, which are not all here: "
                f"{HOW_TO_INSTALL}"
            ) from error
