"""``simulate population``: a scenario as arrays, for as many members as the memory holds.

Options and exit codes as in ``simulations.cli``. numba and what else it needs is imported only
when the verb is carried out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tqdm import tqdm

from protocol.errors import OpenHouseError
from simulations.arguments import HOW_TO_INSTALL, count, seed_number
from simulations.scenario import BUNDLED_POPULATIONS, find_scenario, read_scenario
from simulations.sweeps.tasks import check
from simulations.year import NOT_REPLACED

_NEEDED: Final = ("numba", "numpy", "pyarrow")


class PopulationRefused(OpenHouseError):
    """A population that cannot be run here; its text is one sentence for people."""


def configure(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    """Add the verb; gives its parser."""
    population = subparsers.add_parser(
        "population",
        help="run a scenario as arrays, for up to ten million members",
        description="A house's rules on a large population: reach, loans, circles, by weeks.",
    )
    population.add_argument("scenario", metavar="SCENARIO", help="a bundled name (town) or a file")
    population.add_argument(
        "--seed", type=seed_number, metavar="N", help="the scenario's if not given"
    )
    population.add_argument("--out", type=Path, metavar="DIR", help="write tables as Parquet here")
    population.add_argument(
        "--graph-out", type=Path, metavar="DIR", help="keep the friendships, to be read as edges"
    )
    population.add_argument("--threads", type=count, metavar="N", help="as many as cores")
    return population


def population(args: argparse.Namespace, as_json: bool) -> None:
    """Carry out ``population``.

    Raises:
        ScenarioError, GraphError, PopulationRefused: nothing was run.
    """
    scenario = read_scenario(find_scenario(args.scenario, BUNDLED_POPULATIONS))
    check(scenario, "population")
    with needing_sim():
        from simulations.population.run import Run
    run = Run(scenario, scenario.seed if args.seed is None else args.seed, args.threads)
    for folder in (args.out, args.graph_out):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)  # before the work, not after it
    print(f"{scenario.name}, seed {run.seed}: {run.need()}.", file=sys.stderr)
    hidden = not sys.stderr.isatty()
    with tqdm(desc=scenario.name, total=100, leave=False, disable=hidden, file=sys.stderr) as bar:
        run.told = lambda share: (bar.update(round(100 * share) - bar.n), None)[1]
        result = run.run(args.out, args.graph_out)
    answer = asdict(result)
    if as_json:
        print(json.dumps(answer, indent=2))
        return
    last = answer.pop("last_week")
    for circle, spread in enumerate(answer.pop("reach"), start=1):
        answer[f"within_{circle}_circles"] = (
            f"median {spread['median']:.0f}, a tenth at most {spread['tenth']:.0f}, "
            f"mean {spread['mean']:.1f}"
        )
    for name, value in (*answer.items(), *(("last " + key, last[key]) for key in last)):
        print(f"{name.replace('_', ' '):22} {value}")
    if scenario.customs.year.moves_away:
        print(NOT_REPLACED)


@contextmanager
def needing_sim() -> Iterator[None]:
    """Says what is missing of what large populations need besides the program."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
        raise PopulationRefused(
            "The population model needs numba, numpy and pyarrow, which are not here: "
            f"{HOW_TO_INSTALL}"
        ) from error
