"""``simulate society``: a town of people who behave as they do, under oracles.

Options and exit codes as in ``simulations.cli``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from protocol.charter import Charter
from simulations.arguments import count, make_room, seed_number, share
from simulations.behaviours import Mix, MixError, read_mix
from simulations.charter_file import read_charter
from simulations.cli_trust import all_of, plain, print_rows, written
from simulations.lives import Town, kept_by_week, live, table, usual_charter
from simulations.lives_plot import plot_kept
from simulations.memory_of_towns import society_need
from simulations.mixes import HARD_MIX, people_of
from simulations.shock import FRIENDS, MEMBERS_MIN
from simulations.year import FACTOR_MAX, NOT_REPLACED, WEEKS, Year

_TOLD_MAX: Final = 5
_LEGEND: Final = (
    "For one person; kept: neither brought back nor made good; lost: of theirs, the same way; "
    "mistrusted, made_to_wait: shares of wants that a doubt or a rule stopped; lasted_weeks: from "
    "the first thing kept to the last one lent to them."
)


def configure(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    """Add the verb; gives its parser."""
    society = subparsers.add_parser(
        "society",
        help="let people live in a town, one in five of whom takes advantage",
        description="People on real engines, month after month, under oracles at every step.",
    )
    society.add_argument("--members", type=count, default=120, metavar="N", help="people (120)")
    society.add_argument("--weeks", type=count, default=30, metavar="N", help="how long (30)")
    society.add_argument("--seeds", type=count, default=1, metavar="N", help="towns (1)")
    society.add_argument("--first", type=seed_number, default=1, metavar="N", help="first seed (1)")
    society.add_argument(
        "--mix", metavar="NAME=SHARE,…",
        help="who lives there: names of simulations/behaviours, or file:Class of your own",
    )  # fmt: skip
    society.add_argument("--charter", type=Path, metavar="FILE", help="the house's rules, as TOML")
    society.add_argument(
        "--uncounted", action="store_true", help="nobody counts units: the bounds do not hold"
    )
    society.add_argument(
        "--seasons", type=_factors, default=(), metavar="F,…",
        help="factors of everybody's wants over equal parts of a year, such as 0.6,1,1.6,0.8",
    )  # fmt: skip
    society.add_argument(
        "--moves-away", type=share, default=0.0, metavar="SHARE", help="who leave within a year (0)"
    )
    society.add_argument("--plot", type=Path, metavar="FILE.svg", help="also draw what was kept")
    return society


def society(args: argparse.Namespace, as_json: bool) -> bool:
    """Carry out ``society``; gives whether no oracle found anything.

    Raises:
        MixError: there is no such town.
    """
    mix, charter = _mix(args), _charter(args)
    make_room(args.plot)
    seeds = range(args.first, args.first + args.seeds)
    need = society_need(args.members, FRIENDS, args.weeks, min(args.seeds, os.cpu_count() or 1))
    if not need.fits:
        raise MixError(f"This {need}: give fewer --members or --weeks.")
    year = Year(args.seasons, moves_away=args.moves_away)
    jobs = [(args.members, args.weeks, seed, mix, charter, None, year) for seed in seeds]
    towns = all_of(live, jobs, "towns")
    rows = table(towns)
    if args.plot is not None:
        args.plot.write_text(plot_kept(kept_by_week(towns)), encoding="utf-8")
    violations = [(town.seed, text) for town in towns for text in town.violations]
    if as_json:
        told = [{name: plain(value) for name, value in row.items()} for row in rows]
        result = {
            "holds": not violations,
            "steps_checked": sum(town.steps_checked for town in towns),
            "most_of_bounds": _most(towns),
            "behaviours": told,
            "towns": [asdict(town) for town in towns],
        }
        print(json.dumps(result, indent=2))
    else:
        print_rows(list(rows[0]), [[written(value) for value in row.values()] for row in rows])
        print(_LEGEND)
        if args.moves_away:
            print(NOT_REPLACED)
    for seed, text in violations[:_TOLD_MAX]:
        print(f"seed {seed}: {text}.", file=sys.stderr)
    if len(violations) > _TOLD_MAX:
        print(f"And {len(violations) - _TOLD_MAX} more.", file=sys.stderr)
    return not violations


def _mix(args: argparse.Namespace) -> Mix:
    if args.members < MEMBERS_MIN:
        raise MixError(f"A town has {MEMBERS_MIN} members at least.")
    mix = HARD_MIX if args.mix is None else read_mix(args.mix)
    people_of(mix, args.members, random.Random(0))  # before anything runs
    return mix


def _charter(args: argparse.Namespace) -> Charter:
    """The usual rules of a society, with the numbers of the file instead of theirs."""
    charter = usual_charter()
    if args.charter is not None:
        numbers = Charter.numbers_from_toml(read_charter(args.charter)[1])
        # What the file does not name is as without it: else two runs differ in more.
        charter = replace(charter, **numbers)
    return replace(charter, capacity_max=0) if args.uncounted else charter


def _factors(text: str) -> tuple[float, ...]:
    words = text.split(",")
    try:
        factors = tuple(float(word) for word in words)
    except ValueError:
        factors = (-1.0,)
    if len(factors) > WEEKS or not all(0 <= factor <= FACTOR_MAX for factor in factors):
        allowed = f"at most {WEEKS} numbers from 0 to {FACTOR_MAX:g}, such as 0.6,1,1.6,0.8"
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of {allowed}")
    return factors


def _most(towns: list[Town]) -> dict[str, float]:
    bounds = sorted({bound: None for town in towns for bound in town.most})
    return {bound: max(town.most.get(bound, 0.0) for town in towns) for bound in bounds}
