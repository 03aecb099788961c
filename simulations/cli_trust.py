"""``simulate trust``, ``attack``, ``hidden`` and ``shock``: verbs that try the trust model.

Options and exit codes as in ``simulations.cli``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Final, TypeVar

from tqdm import tqdm

from protocol import limits
from simulations.arguments import MANY_MAX, count, make_room, number, numbers, seed_number
from simulations.attack import Attack, Damage, refuse_before, run_attack
from simulations.hidden import TRICKS, Outcome, run_case
from simulations.intervals import Measure
from simulations.replay import replay
from simulations.shapes import PLACES, SHAPES
from simulations.shock import (
    BEFORE_WEEKS,
    MEMBERS_MIN,
    VARIANTS,
    relative_weeks,
    run_course,
    table,
)
from simulations.shock_plot import plot_weeks
from simulations.workers import at_a_time, pool_of

_Result = TypeVar("_Result")
_EDGES: Final = (1, 5, 20)
_COLUMNS: Final = (
    ("sybils", "sybils"), ("attack_edges", "edges"), ("capacity", "C"), ("engaged", "engaged"),
    ("engaged_share", "engaged/C"), ("lenders", "lenders"), ("exposure_max", "most of one"),
    ("lenders_beyond_bound", "beyond bound"), ("asked", "asked"),
)  # fmt: skip


def configure(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
) -> tuple[argparse.ArgumentParser, ...]:
    """Add the verbs; gives their parsers."""
    trust = subparsers.add_parser(
        "trust",
        help="predict real ratings one by one, beside the usual models",
        description="Replay ratings in time order: how well is a bad one foreseen?",
    )
    trust.add_argument(
        "--replay", type=Path, required=True, metavar="RATINGS",
        help='"rater rated score unix_time" per line, plain or .xz',
    )  # fmt: skip
    attack = subparsers.add_parser(
        "attack",
        help="let invented people behind a few friendships borrow all they can",
        description="Sybils on a real graph: what they hold, against what was placed on them.",
    )
    attack.add_argument(
        "--graph",
        type=Path,
        required=True,
        metavar="EDGES",
        help="plain, CSV, METIS or GraphML (docs/graphs.md)",
    )  # fmt: skip
    attack.add_argument(
        "--sybils", type=numbers, default=(10, 100, 1000), metavar="K,…", help="10,100,1000"
    )
    attack.add_argument(
        "--edges", type=numbers, metavar="G,…",
        help="attack edges: 1,5,20; with --at sponsors the friends that the two have",
    )  # fmt: skip
    attack.add_argument(
        "--shape", choices=SHAPES, default="parallel", metavar="SHAPE",
        help=f"what they are to each other: {', '.join(SHAPES)} (parallel)",
    )  # fmt: skip
    attack.add_argument(
        "--at", choices=PLACES, default="random", metavar="PLACE",
        help=f"where the attack edges lead: {', '.join(PLACES)} (random)",
    )  # fmt: skip
    attack.add_argument(
        "--circles",
        type=number(2, limits.CIRCLES_HARD_MAX),
        default=2,
        metavar="R",
        help="2 to 4 (2)",
    )
    attack.add_argument("--seed", type=seed_number, default=1, metavar="N", help="default 1")
    attack.add_argument(
        "--uncounted", action="store_true", help="nobody counts units: what it protects from"
    )
    hidden = subparsers.add_parser(
        "hidden",
        help="let borrowers hide a loan while its lender is away",
        description="Loans kept and hidden: does the next lender hear of them?",
    )
    hidden.add_argument("--seeds", type=count, default=40, metavar="N", help="how many (40)")
    hidden.add_argument("--first", type=count, default=1, metavar="N", help="first seed (1)")
    shock = subparsers.add_parser(
        "shock",
        help="let one in twenty keep what they borrowed, and see what becomes of the others",
        description="A town of people on real engines before and after a shock, in variants.",
    )
    shock.add_argument("--seeds", type=count, default=20, metavar="N", help="towns (20)")
    shock.add_argument(
        "--members",
        type=number(MEMBERS_MIN, MANY_MAX),
        default=120,
        metavar="N",
        help="people (120)",
    )
    shock.add_argument("--plot", type=Path, metavar="FILE.svg", help="also draw the weeks here")
    return trust, attack, hidden, shock


def trust(args: argparse.Namespace, as_json: bool) -> bool:
    """Carry out ``trust``."""
    answer = replay(args.replay, shows_progress=sys.stderr.isatty())
    if as_json:
        print(json.dumps(answer, indent=2))
        return True
    curves = answer.pop("auc")
    assert isinstance(curves, dict), "made there"
    for name, value in answer.items():
        print(f"{name.replace('_', ' '):22} {value}")
    for name, area in curves.items():
        print(f"area under the curve, {name:<12} {area:.4f}")
    return True


def attack(args: argparse.Namespace, as_json: bool) -> bool:
    """Carry out ``attack``; gives whether both bounds held in every cell."""
    attack_edges = args.edges or ((0,) if args.at == "sponsors" else _EDGES)
    cells = [
        Attack(sybils, edges, args.circles, args.seed, not args.uncounted, args.shape, args.at)
        for sybils in args.sybils
        for edges in attack_edges
    ]
    refuse_before(args.graph, cells, at_a_time(len(cells)))
    damages = _run(args.graph, cells)
    holds = all(damage.holds for damage in damages)
    if as_json:
        rows = [asdict(damage) for damage in damages]
        print(json.dumps({"holds": holds, "cells": rows}, indent=2))
    else:
        _print_table(damages)
    if not holds:
        print("More is open than was placed on them.", file=sys.stderr)
    return holds


def hidden(args: argparse.Namespace, as_json: bool) -> bool:
    """Carry out ``hidden``; gives whether every case held."""
    cases = [
        (seed, trick) for seed in range(args.first, args.first + args.seeds) for trick in TRICKS
    ]
    outcomes = [o for o in all_of(run_case, cases, "cases") if o is not None]
    rows = [_summary(trick, [o for o in outcomes if o.trick == trick]) for trick in TRICKS]
    failing = [outcome for outcome in outcomes if not outcome.holds]
    if as_json:
        failing_rows = [{"seed": outcome.seed, "trick": outcome.trick} for outcome in failing]
        print(json.dumps({"holds": not failing, "tricks": rows, "failing": failing_rows}, indent=2))
    else:
        print_rows(list(rows[0]), [list(map(str, row.values())) for row in rows])
    for outcome in failing:
        print(f"seed {outcome.seed}, {outcome.trick}: {outcome.account}", file=sys.stderr)
    return not failing


def shock(args: argparse.Namespace, as_json: bool) -> bool:
    """Carry out ``shock``."""
    make_room(args.plot)
    jobs = [
        (variant, args.members, seed) for seed in range(1, args.seeds + 1) for variant in VARIANTS
    ]
    courses = all_of(run_course, jobs, "towns")
    rows = table(courses)
    lines = {
        variant.name: relative_weeks([c for c in courses if c.variant == variant.name])
        for variant in VARIANTS
    }
    if args.plot is not None:
        args.plot.write_text(plot_weeks(lines, BEFORE_WEEKS), encoding="utf-8")
    if as_json:
        courses_json = [asdict(course) for course in courses]
        told = [{name: plain(value) for name, value in row.items()} for row in rows]
        print(json.dumps({"variants": told, "weeks": lines, "courses": courses_json}, indent=2))
    else:
        print_rows(list(rows[0]), [[written(value) for value in row.values()] for row in rows])
    return True


def plain(value: object) -> object:
    return asdict(value) if isinstance(value, Measure) else value


def written(value: object) -> str:
    """A figure and its interval; a dash for what did not happen in the time."""
    if not isinstance(value, Measure):
        return str(value)
    figures = ["-" if n is None else f"{n:.3g}" for n in (value.value, value.low, value.high)]
    if figures[0] == figures[1] == figures[2]:
        return figures[0]  # one seed, or all alike: an interval would say nothing
    return f"{figures[0]} ({figures[1]} to {figures[2]})"


def all_of(
    work: Callable[..., _Result], jobs: Sequence[tuple[object, ...]], what: str
) -> list[_Result]:
    """The results in order, made on all cores."""
    is_quiet = not sys.stderr.isatty()
    with (
        pool_of(len(jobs)) as pool,
        tqdm(desc=what, total=len(jobs), leave=False, disable=is_quiet, file=sys.stderr) as bar,
    ):
        futures = [pool.submit(work, *job) for job in jobs]
        for future in as_completed(futures):
            if future.exception() is not None:
                pool.shutdown(cancel_futures=True)  # the others would end like it
                future.result()
            bar.update()
        return [future.result() for future in futures]


def _summary(trick: str, outcomes: list[Outcome]) -> dict[str, str | int]:
    told = [outcome for outcome in outcomes if outcome.is_known]
    return {
        "trick": trick,
        "cases": len(outcomes),
        "could_know": sum(outcome.could_know for outcome in outcomes),
        "might_know": sum(outcome.might_know for outcome in outcomes),
        "knew": len(told),
        "without_answer": sum(outcome.account.without_answer > 0 for outcome in told),
        "missing": sum(outcome.account.missing > 0 for outcome in told),
        "two_ledgers": sum(outcome.account.is_forked for outcome in told),
        "rated_0_afterwards": sum(outcome.account_after.bad > 0 for outcome in outcomes),
    }


def _run(graph: Path, cells: list[Attack]) -> list[Damage]:
    """All cells, on all cores; the largest first, results in order."""
    if len(cells) == 1:
        return [run_attack(graph, cells[0], shows_progress=sys.stderr.isatty())]
    hidden = not sys.stderr.isatty()
    order = sorted(range(len(cells)), key=lambda i: -cells[i].sybils)
    with (
        pool_of(len(cells)) as pool,
        tqdm(desc="cells", total=len(cells), leave=False, disable=hidden, file=sys.stderr) as bar,
    ):
        futures = {i: pool.submit(run_attack, graph, cells[i], shows_progress=False) for i in order}
        for _ in as_completed(futures.values()):
            bar.update()
        return [futures[i].result() for i in range(len(cells))]


def _print_table(damages: Iterable[Damage]) -> None:
    titles = [title for _, title in _COLUMNS]
    print_rows(titles, [[str(getattr(d, name)) for name, _ in _COLUMNS] for d in damages])


def print_rows(titles: list[str], rows: list[list[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    for row in (titles, *rows):
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
