"""``simulate trust`` and ``simulate attack``: the verbs that try the trust model.

Options and exit codes as in ``simulations.cli``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tqdm import tqdm

from protocol import limits
from simulations.attack import Attack, Damage, run_attack
from simulations.replay import replay

_MANY_MAX: Final = 100_000
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
        "--graph", type=Path, required=True, metavar="EDGES", help='"a b" per line, plain or .xz'
    )
    attack.add_argument(
        "--sybils", type=_numbers, default=(10, 100, 1000), metavar="K,…", help="10,100,1000"
    )
    attack.add_argument(
        "--edges", type=_numbers, default=(1, 5, 20), metavar="G,…", help="attack edges: 1,5,20"
    )
    attack.add_argument("--circles", type=_circles, default=2, metavar="R", help="2 to 4 (2)")
    attack.add_argument("--seed", type=int, default=1, metavar="N", help="default 1")
    attack.add_argument(
        "--uncounted", action="store_true", help="nobody counts units: what it protects from"
    )
    return trust, attack


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
    cells = [
        Attack(sybils, edges, args.circles, args.seed, counts_units=not args.uncounted)
        for sybils in args.sybils
        for edges in args.edges
    ]
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


def _run(graph: Path, cells: list[Attack]) -> list[Damage]:
    """All cells, on all cores; the largest first, results in order."""
    if len(cells) == 1:
        return [run_attack(graph, cells[0], shows_progress=sys.stderr.isatty())]
    hidden = not sys.stderr.isatty()
    order = sorted(range(len(cells)), key=lambda i: -cells[i].sybils)
    with (
        ProcessPoolExecutor(max_workers=min(len(cells), os.cpu_count() or 1)) as pool,
        tqdm(desc="cells", total=len(cells), leave=False, disable=hidden, file=sys.stderr) as bar,
    ):
        futures = {i: pool.submit(run_attack, graph, cells[i], shows_progress=False) for i in order}
        for _ in as_completed(futures.values()):
            bar.update()
        return [futures[i].result() for i in range(len(cells))]


def _print_table(damages: Iterable[Damage]) -> None:
    titles = [title for _, title in _COLUMNS]
    rows = [[str(getattr(damage, name)) for name, _ in _COLUMNS] for damage in damages]
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    for row in (titles, *rows):
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))


def _numbers(text: str) -> tuple[int, ...]:
    words = text.split(",")
    if not all(word.isdecimal() and 1 <= int(word) <= _MANY_MAX for word in words):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers such as 10,100")
    return tuple(int(word) for word in words)


def _circles(text: str) -> int:
    if text not in [str(n) for n in range(2, limits.CIRCLES_HARD_MAX + 1)]:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of circles from 2 to 4")
    return int(text)
