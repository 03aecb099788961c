"""``openhouse simulate``: the simulator's verbs on the command line.

Exit codes: 0 done, 1 refused or something that must not happen happened (reasons on
stderr), 2 wrong usage. With ``--json`` the result, or ``{"error": …}``, is on stdout.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import as_completed
from pathlib import Path
from typing import Final

from tqdm import tqdm

from protocol.errors import OpenHouseError
from simulations import (
    cli_experiments,
    cli_graph,
    cli_pictures,
    cli_population,
    cli_society,
    cli_sweep,
    cli_trust,
)
from simulations.arguments import count, duration_ms, number, seed_number, share
from simulations.attack import AttackError
from simulations.behaviours import MixError
from simulations.charter_file import CharterFileError
from simulations.collector import quiet_collector
from simulations.experiments import ExperimentError
from simulations.graphs import GraphError
from simulations.hunt import shrink, transcript
from simulations.journey import JourneyError
from simulations.reach import ReachError, ReachPlan, run_reach
from simulations.replay import ReplayError
from simulations.runner import RunResult, run_scenario
from simulations.scenario import ScenarioError, find_scenario, read_scenario
from simulations.scenario_population import WORLD_IGNORES, is_usual
from simulations.staleness import LEASE_MS, run_staleness
from simulations.sweeps import SweepError
from simulations.workers import pool_of

EXIT_DONE: Final = 0
EXIT_REFUSED: Final = 1
_SEEDS_MAX: Final = 1_000_000
_STORY_LINES_MAX: Final = 20
_STORIES_MAX: Final = 3
_TOLD_SEEDS_MAX: Final = 5
_CODES: Final[dict[type[OpenHouseError], str]] = {
    ScenarioError: "scenario-impossible",
    GraphError: "graph-unreadable",
    ReachError: "reach-impossible",
    ReplayError: "ratings-unreadable",
    AttackError: "attack-impossible",
    MixError: "society-impossible",
    CharterFileError: "charter-impossible",
    SweepError: "sweep-impossible",
    JourneyError: "record-unknown",
    ExperimentError: "experiment-impossible",
}


def configure(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs."""
    run = subparsers.add_parser(
        "run",
        help="run a scenario of faults and actions and judge it",
        description="Run a scenario: real engines, a bad network, and oracles that judge.",
    )
    run.add_argument("scenario", metavar="SCENARIO", help="a bundled name (faulty, calm) or a file")
    run.add_argument("--seed", type=seed_number, metavar="N", help="the first seed")
    run.add_argument(
        "--seeds", type=number(1, _SEEDS_MAX), default=1, metavar="N", help="run N seeds in turn"
    )
    run.add_argument("--out", type=Path, metavar="DIR", help="also write each result as JSON here")
    reach = subparsers.add_parser(
        "reach",
        help="check on a real graph that listings get exactly as far as they may",
        description="List things on a graph of friends and compare with a plain search.",
    )
    reach.add_argument(
        "--graph",
        type=Path,
        required=True,
        metavar="EDGES",
        help="plain, CSV, METIS or GraphML (docs/graphs.md)",
    )  # fmt: skip
    reach.add_argument("--circles", type=count, required=True, metavar="R", help="how far: 1 to 4")
    reach.add_argument("--holders", type=count, metavar="N", help="how many list something (all)")
    reach.add_argument("--seed", type=seed_number, default=1, metavar="N", help="default 1")
    reach.add_argument(
        "--end", type=share, default=0.0, metavar="SHARE",
        help="then end this share of all friendships, and compare again",
    )  # fmt: skip
    reach.add_argument(
        "--narrow", type=share, default=0.0, metavar="SHARE",
        help="and let this share of all things go one circle less far",
    )  # fmt: skip
    reach.add_argument(
        "--warm-up", type=duration_ms, default=0, metavar="TIME",
        help="list things for this long (1h) before those whose copies are counted",
    )  # fmt: skip
    reach.add_argument(
        "--liars", type=share, metavar="SHARE",
        help="a share of members who are silent about what ends; count what stays visible",
    )  # fmt: skip
    reach.add_argument(
        "--lease", type=duration_ms, default=LEASE_MS, metavar="TIME",
        help="how long friendships and things are believed, with --liars (48h)",
    )  # fmt: skip
    hunt = subparsers.add_parser(
        "hunt",
        help="run many seeds on all cores, and shrink what fails",
        description="Look for a seed in which an invariant breaks, and tell its story.",
    )
    hunt.add_argument(
        "scenario", metavar="SCENARIO", nargs="?", default="hunt", help="a bundled name or a file"
    )
    hunt.add_argument(
        "--seeds", type=number(1, _SEEDS_MAX), default=100, metavar="N", help="how many (100)"
    )
    hunt.add_argument(
        "--first", type=seed_number, default=1, metavar="N", help="the first seed (1)"
    )
    for verb in (
        run,
        reach,
        hunt,
        *cli_trust.configure(subparsers),
        cli_society.configure(subparsers),
        cli_population.configure(subparsers),
        *cli_sweep.configure(subparsers),
        *cli_pictures.configure(subparsers),
        cli_experiments.configure(subparsers),
        *cli_graph.configure(subparsers),
    ):
        # Without a default: it would hide what stood before the verb.
        verb.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="answer in JSON"
        )


def main(args: argparse.Namespace) -> int:
    """Carry out a verb of ``simulate``; gives the exit code."""
    as_json = bool(getattr(args, "json", False))
    try:
        return _VERBS[args.verb](args, as_json)
    except tuple(_CODES) as error:
        return _refuse(_CODES[type(error)], str(error), as_json)
    except cli_population.PopulationRefused as error:
        return _refuse("population-impossible", str(error), as_json)
    except BrokenPipeError:
        raise  # the reader has seen enough: the command line knows what to do
    except OSError as error:
        sentence = f"{error.filename or 'A file'} cannot be written: {error.strerror or error}."
        return _refuse("file-unwritable", sentence, as_json)


def _refuse(code: str, message: str, as_json: bool) -> int:
    print(message, file=sys.stderr)
    if as_json:
        print(json.dumps({"error": {"code": code, "message": message}}, ensure_ascii=False))
    return EXIT_REFUSED


# --- reach -------------------------------------------------------------------------------


def _reach(args: argparse.Namespace, as_json: bool) -> int:
    shows = sys.stderr.isatty()
    plan = ReachPlan(args.end, args.narrow, args.warm_up)
    if args.liars is not None:
        return _stale(args, plan, as_json)
    result = run_reach(
        args.graph, args.circles, args.holders, args.seed, plan, shows_progress=shows
    )
    answer = result.to_json()
    if as_json:
        print(json.dumps(answer, indent=2))
    else:
        _print_reach(answer)
    if not result.is_good:
        missing, extra = result.missing, result.extra
        if result.after is not None:
            missing, extra = missing + result.after.missing, extra + result.after.extra
        print(
            f"{missing} listings are missing and {extra} are where they must not be.",
            file=sys.stderr,
        )
    return EXIT_DONE if result.is_good else EXIT_REFUSED


def _stale(args: argparse.Namespace, plan: ReachPlan, as_json: bool) -> int:
    result = run_staleness(
        args.graph, args.circles, args.holders, args.seed, plan, args.liars, args.lease,
        shows_progress=sys.stderr.isatty(),
    )  # fmt: skip
    answer = result.to_json()
    if as_json:
        print(json.dumps(answer, indent=2))
    else:
        del answer["stale"]
        _print_pairs(answer.items())
        for sample in result.stale:
            print(
                f"{sample.share_of_lease:8.4f} of a lease after: {sample.stale_views} of "
                f"{sample.of_views} views are stale, {sample.lost_views} are lost"
            )
    if not result.is_good:
        print("Something is shown that must not be: see the last lines.", file=sys.stderr)
    return EXIT_DONE if result.is_good else EXIT_REFUSED


def _print_reach(answer: dict[str, object]) -> None:
    after = answer.pop("after", None)
    _print_pairs(answer.items())
    if isinstance(after, dict):
        _print_pairs((f"after: {name}", value) for name, value in after.items())


def _print_pairs(pairs: Iterable[tuple[str, object]]) -> None:
    for name, value in pairs:
        print(f"{name.replace('_', ' '):22} {value}")


# --- run ---------------------------------------------------------------------------------


def _run(args: argparse.Namespace, as_json: bool) -> int:
    path = find_scenario(args.scenario)
    scenario = read_scenario(path)
    if not is_usual(scenario.customs):
        print(WORLD_IGNORES, file=sys.stderr)
    first = scenario.seed if args.seed is None else args.seed
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)  # before the work, not after it
    if args.seeds == 1:
        results = [_run_shown(path, first)]
    else:
        results = _run_many(path, range(first, first + args.seeds))
    if args.out is not None:
        for result in results:
            file = args.out / f"{result.scenario}-{result.seed}.json"
            file.write_text(json.dumps(result.to_json(), indent=2) + "\n", encoding="utf-8")
    failing = [result for result in results if result.violations]
    for result in failing[:_TOLD_SEEDS_MAX]:
        _tell(result)
    _answer(results, as_json)
    return EXIT_REFUSED if failing else EXIT_DONE


def _hunt(args: argparse.Namespace, as_json: bool) -> int:
    path = find_scenario(args.scenario)
    began_s = time.monotonic()
    results = _run_many(path, range(args.first, args.first + args.seeds))
    failing = [result for result in results if result.violations]
    if failing:
        print(f"Seed {failing[0].seed} fails; looking for less that still does …", file=sys.stderr)
        for line in transcript(shrink(read_scenario(path), failing[0])):
            print(line, file=sys.stderr)
    answer = {
        "scenario": results[0].scenario,
        "seeds": len(results),
        "first_seed": args.first,
        "members": [min(r.members for r in results), max(r.members for r in results)],
        "events": sum(result.events for result in results),
        "violations": sum(result.violations for result in results),
        "failing_seeds": [result.seed for result in failing],
        "seconds": round(time.monotonic() - began_s, 1),
    }
    if as_json:
        print(json.dumps(answer, indent=2))
    else:
        _print_pairs(answer.items())
    return EXIT_REFUSED if failing else EXIT_DONE


def _run_shown(path: Path, seed: int) -> RunResult:
    """One seed, with a bar of the simulated time."""
    scenario = read_scenario(path)
    hidden = not sys.stderr.isatty()
    with (
        tqdm(desc=scenario.name, total=100, leave=False, disable=hidden, file=sys.stderr) as bar,
        quiet_collector(),
    ):

        def told(share: float) -> None:
            bar.update(round(100 * share) - bar.n)

        return run_scenario(scenario, seed, told=told)


def _run_many(path: Path, seeds: range) -> list[RunResult]:
    """Many seeds on all cores; results in order of the seeds."""
    hidden = not sys.stderr.isatty()
    with (
        pool_of(len(seeds)) as pool,
        tqdm(desc="seeds", total=len(seeds), leave=False, disable=hidden, file=sys.stderr) as bar,
    ):
        futures = [pool.submit(run_one, path, seed) for seed in seeds]
        failed = 0
        for future in as_completed(futures):
            failed += future.result().violations > 0
            bar.update()
            bar.set_postfix(failed=failed)
        return [future.result() for future in futures]


def run_one(path: Path, seed: int) -> RunResult:
    """One seed of a scenario file, in a process of its own."""
    with quiet_collector():
        return run_scenario(read_scenario(path), seed)


def _tell(result: RunResult) -> None:
    """What went wrong, as a story, with the seed that brings it back."""
    print(
        f"Seed {result.seed} of {result.scenario}: {result.violations} violations. The first:",
        file=sys.stderr,
    )
    pairs = zip(result.first_violations, result.stories, strict=True)
    for violation, story in list(pairs)[:_STORIES_MAX]:
        print(f"  {violation}", file=sys.stderr)
        for line in story[-_STORY_LINES_MAX:]:
            print(f"      {line}", file=sys.stderr)


def _answer(results: list[RunResult], as_json: bool) -> None:
    if len(results) == 1:
        answer = results[0].to_json()
        if as_json:
            print(json.dumps(answer, indent=2, ensure_ascii=False))
        else:
            _print_pairs((k, v) for k, v in answer.items() if k != "first_violations")
        return
    failing = [result.seed for result in results if result.violations]
    summary: dict[str, object] = {
        "scenario": results[0].scenario,
        "seeds": len(results),
        "first_seed": results[0].seed,
        "members": results[0].members,
        "events": sum(result.events for result in results),
        "violations": sum(result.violations for result in results),
        "failing_seeds": failing,
    }
    if as_json:
        summary["runs"] = [
            {
                "seed": r.seed,
                "members": r.members,
                "events": r.events,
                "violations": r.violations,
                "digest": r.digest,
            }
            for r in results
        ]
        print(json.dumps(summary, indent=2))
    else:
        _print_pairs(summary.items())


def _population(args: argparse.Namespace, as_json: bool) -> int:
    cli_population.population(args, as_json)
    return EXIT_DONE


def _judged(
    verb: Callable[[argparse.Namespace, bool], bool],
) -> Callable[[argparse.Namespace, bool], int]:
    """A verb that says whether all was as it must be."""
    return lambda args, as_json: EXIT_DONE if verb(args, as_json) else EXIT_REFUSED


_VERBS: Final = {
    "reach": _reach, "hunt": _hunt, "run": _run, "population": _population,
    "trust": _judged(cli_trust.trust), "attack": _judged(cli_trust.attack),
    "hidden": _judged(cli_trust.hidden), "shock": _judged(cli_trust.shock),
    "society": _judged(cli_society.society), "sweep": _judged(cli_sweep.sweep),
    "report": _judged(cli_sweep.report), "compare": _judged(cli_sweep.compare),
    "graph": _judged(cli_graph.graph),
    "replay": _judged(cli_pictures.replay), "spread": _judged(cli_pictures.spread),
    "experiments": _judged(cli_experiments.experiments),
}  # fmt: skip
