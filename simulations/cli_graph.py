"""``simulate graph``: graphs of friends described, made, written, and fitted to real ones.

Options and exit codes as in ``simulations.cli``. What it needs besides the program (numba,
numpy) is imported only when a verb is carried out.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast, get_args

from tqdm import tqdm

from simulations.arguments import count, number, seed_number
from simulations.cli_population import PopulationRefused, needing_sim
from simulations.cli_trust import print_rows
from simulations.edge_files import Friends, kind_of, write_friends
from simulations.fitted import FITTED
from simulations.memory import Need, free_memory_bytes
from simulations.scenario import GraphKind, Population, ScenarioError, parse_scenario
from simulations.scenario_population import MEMBERS_MAX

if TYPE_CHECKING:
    from simulations.population.fit import Fit

KINDS: Final = tuple(kind for kind in get_args(GraphKind) if kind != "edges")
_LISTED_BYTES: Final = 220
"""For each friendship while it is written: a pair of Python's numbers, and its line."""
_NAMES: Final = {
    "members": "members", "friendships": "friendships", "friends": "friends, mean",
    "friends_median": "median", "friends_ninetieth": "nine in ten at most",
    "friends_most": "most", "clustering": "clustering", "distance": "distance",
    "within_2": "within 2 circles, mean", "pieces": "pieces", "largest": "share of the largest",
}  # fmt: skip


def configure(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
) -> tuple[argparse.ArgumentParser, ...]:
    """Add the verb; gives the parsers that take ``--json``."""
    graph = subparsers.add_parser(
        "graph",
        help="describe, make, write and fit graphs of friends",
        description="Who is a friend of whom: files described and made (docs/graphs.md).",
    )
    verbs = graph.add_subparsers(dest="what", metavar="WHAT", required=True)
    describe = verbs.add_parser("describe", help="how many friends, how clustered, how far apart")
    describe.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="files of friendships"
    )
    make = verbs.add_parser("make", help="make a graph and write it to a file")
    make.add_argument("kind", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    make.add_argument(
        "--members", type=number(3, MEMBERS_MAX), required=True, metavar="N", help="how many people"
    )
    make.add_argument("--like", metavar="NAME", help=f"fitted to one of {', '.join(FITTED)}")
    make.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE",
        help="a key of the scenario's table population, such as town.far=1",
    )  # fmt: skip
    make.add_argument("--seed", type=seed_number, default=1, metavar="N", help="default 1")
    make.add_argument(
        "--largest", action="store_true", help="keep the largest connected piece alone"
    )
    make.add_argument(
        "--out", type=Path, required=True, metavar="FILE",
        help=".edges, .csv, .metis or .graphml, each also .xz; without an ending a folder",
    )  # fmt: skip
    fit = verbs.add_parser("fit", help="find the parameters that come nearest to a real graph")
    fit.add_argument("file", type=Path, metavar="FILE", help="a file of friendships")
    fit.add_argument("--kind", action="append", choices=_FITTING, metavar="KIND",
                     help=f"one of {', '.join(_FITTING)}; all if not given")  # fmt: skip
    fit.add_argument(
        "--fix", action="append", default=[], metavar="KEY=VALUE",
        help="a parameter that is known, such as town.household=1",
    )  # fmt: skip
    fit.add_argument(
        "--towns", type=count, default=1, metavar="N", help="the file holds N towns, apart (1)"
    )
    fit.add_argument("--fits", type=count, default=5, metavar="N", help="seeds to fit on (5)")
    fit.add_argument("--shown", type=count, default=20, metavar="N", help="seeds to show (20)")
    return graph, describe, make, fit


def graph(args: argparse.Namespace, as_json: bool) -> bool:
    """Carry out ``graph``.

    Raises:
        GraphError, ScenarioError, PopulationRefused: nothing was made.
    """
    with needing_sim():
        {"describe": _describe, "make": _make, "fit": _fit}[args.what](args, as_json)
    return True


# --- describe ----------------------------------------------------------------------------


def _describe(args: argparse.Namespace, as_json: bool) -> None:
    from simulations.population.fit import figures_of
    from simulations.population.readers import read_graph

    columns = {path.name: figures_of(read_graph(path)) for path in args.files}
    if as_json:
        print(json.dumps(columns, indent=2))
        return
    rows = [
        [_NAMES[key], *(_written(key, column[key]) for column in columns.values())]
        for key in _NAMES
    ]
    print_rows(["", *columns], rows)


# --- make --------------------------------------------------------------------------------


def _make(args: argparse.Namespace, as_json: bool) -> None:
    from simulations.population.shape import largest_piece
    from simulations.population.sources import friends_expected, friendships, made_bytes

    population = _population(args)
    is_folder = not args.out.suffix
    if not is_folder:
        kind_of(args.out)  # refuses what cannot be written before anything is made
    friends = friends_expected(population)
    needed = made_bytes(args.members, friends)
    if not is_folder:
        needed += args.members * friends / 2 * _LISTED_BYTES
    need = Need(int(needed), free_memory_bytes())
    if not need.fits:
        raise PopulationRefused(f"This {need}: take fewer members, or a folder to write to.")
    made = friendships(population, args.members, args.seed)
    if args.largest:
        made = largest_piece(made)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    if is_folder:
        made.save(args.out)
    else:
        write_friends(args.out, Friends(made.members, made.edges()))
    answer = {"members": made.members, "friendships": made.friendships, "file": str(args.out)}
    if as_json:
        print(json.dumps(answer, indent=2))
    else:
        said = f"{made.members:,} members and {made.friendships:,} friendships"
        print(f"{said} are in {args.out}.")


def _population(args: argparse.Namespace) -> Population:
    """What is asked for, read as strictly as a scenario. Raises ScenarioError."""
    tables: dict[str, object] = {"graph": args.kind, "members": args.members}
    if args.like is not None:
        tables["like"] = args.like
    for key, value in _settings(args.set):
        *names, last = key.split(".")
        inner = tables
        for name in names:
            step = inner.setdefault(name, {})
            if not isinstance(step, dict):
                raise ScenarioError(f"population.{key}", f"a key of a table ({name} is none)")
            inner = cast("dict[str, object]", step)
        inner[last] = value
    return parse_scenario({"population": tables}, name="graph", folder=Path()).population


def _settings(words: Iterable[str]) -> list[tuple[str, object]]:
    """Keys and their values, as TOML reads these. Raises ScenarioError."""
    settings = []
    for word in words:
        key, _, text = word.partition("=")
        try:
            settings.append((key.strip(), tomllib.loads(f"value = {text}")["value"]))
        except tomllib.TOMLDecodeError as error:
            raise ScenarioError(word, "KEY=VALUE, such as town.far=1") from error
    return settings


# --- fit ---------------------------------------------------------------------------------

_FITTING: Final[tuple[GraphKind, ...]] = ("town", "small-world", "preferential", "blocks")


def _fit(args: argparse.Namespace, as_json: bool) -> None:
    from simulations.population.fit import figures_of, fit
    from simulations.population.readers import read_graph

    fixed = _fixed(args.fix)
    real = figures_of(read_graph(args.file))
    found = []
    for kind in args.kind or _FITTING:
        name = f"{kind}."
        own = {key: value for key, value in fixed.items() if key.startswith(name) or "." not in key}
        quiet = not sys.stderr.isatty()
        with tqdm(desc=kind, leave=False, disable=quiet, file=sys.stderr, unit="graph") as bar:
            found.append(
                fit(
                    real, kind, fixed=own, towns=args.towns, fits=args.fits, shown=args.shown,
                    told=bar.update,
                )
            )  # fmt: skip
    if as_json:
        print(json.dumps({"real": real, "fits": [_json(one) for one in found]}, indent=2))
        return
    _print_fits(args.file.name, real, found)


def _fixed(words: Iterable[str]) -> dict[str, float]:
    fixed = {}
    for key, value in _settings(words):
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ScenarioError(key, "a number")
        fixed[key] = float(value)
    return fixed


def _json(fit: Fit) -> dict[str, object]:
    return {
        "kind": fit.kind,
        "population": fit.tables(),
        "spread": {key: list(ends) for key, ends in fit.spread.items()},
        "apart": fit.apart,
        "graphs": fit.tries,
        "figures": [dict(figures) for figures in fit.shown],
    }


def _print_fits(name: str, real: Mapping[str, float], fits: Sequence[Fit]) -> None:
    rows = []
    for key in _NAMES:
        row = [_NAMES[key], _written(key, real[key])]
        for fit in fits:
            values = sorted(figures[key] for figures in fit.shown)
            mean = sum(values) / len(values)
            off = "" if real[key] == 0 else f"{100 * (mean / real[key] - 1):+.0f} %"
            row += [_written(key, mean), off]
        rows.append(row)
    head = [text for fit in fits for text in (fit.kind, "off")]
    print_rows(["", name, *head], rows)
    print(f"Generated: means of {len(fits[0].shown)} graphs of other seeds than those fitted on.")
    for fit in fits:
        print(f"\n# {fit.kind}, apart {fit.apart:.3g} after {fit.tries} graphs")
        print("[population]")
        _print_table(fit.tables(), fit.spread)


def _print_table(tables: Mapping[str, object], spread: Mapping[str, tuple[float, float]]) -> None:
    """TOML to copy, with how far the fits lie apart."""
    inner = {key: value for key, value in tables.items() if isinstance(value, dict)}
    for key, value in tables.items():
        if key not in inner:
            print(f"{key} = {json.dumps(value)}{_range(spread.get(key))}")
    for name, table in inner.items():
        print(f"\n[population.{name}]")
        for key, value in table.items():
            print(f"{key} = {json.dumps(value)}{_range(spread.get(f'{name}.{key}'))}")


def _range(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"  # {ends[0]:g} to {ends[1]:g}"


def _written(key: str, value: float) -> str:
    if key in ("members", "friendships", "friends_most", "pieces", "within_2"):
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"
