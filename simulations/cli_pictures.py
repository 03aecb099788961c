"""``simulate replay`` and ``spread``: runs that one looks at.

Options and exit codes as in ``simulations.cli``.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from simulations.arguments import make_room, number, seed_number
from simulations.history import did
from simulations.journey import journey_of
from simulations.scenario import find_scenario, read_scenario
from simulations.space_time import space_time_svg, told
from simulations.spread import MEMBERS_MAX, MEMBERS_MIN, spread_svg
from simulations.spread import spread as spread_of


def configure(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
) -> tuple[argparse.ArgumentParser, ...]:
    """Add the verbs; gives their parsers."""
    replay = subparsers.add_parser(
        "replay",
        help="run a seed again and follow one record from home to home",
        description="Who had a record, from whom and until when: in words, and as a diagram.",
    )
    replay.add_argument("scenario", metavar="SCENARIO", help="a bundled name or a file")
    replay.add_argument("--seed", type=seed_number, metavar="N", help="the scenario's if not given")
    replay.add_argument(
        "--record", type=_hex, metavar="ID",
        help="how its object id begins (the thing that went farthest if not given)",
    )  # fmt: skip
    replay.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw the diagram here")
    spread = subparsers.add_parser(
        "spread",
        help="draw how a thing spreads in a small town, and goes away again",
        description="A thing is listed, a friendship ends, the thing is narrowed: three pictures.",
    )
    spread.add_argument("--plot", type=Path, required=True, metavar="FILE.svg", help="draw here")
    spread.add_argument(
        "--members",
        type=number(MEMBERS_MIN, MEMBERS_MAX),
        default=30,
        metavar="N",
        help="people (30)",
    )
    spread.add_argument(
        "--circles", type=int, choices=(2, 3), default=2, metavar="R", help="2 (default) or 3"
    )
    spread.add_argument("--seed", type=seed_number, default=1, metavar="N", help="default 1")
    return replay, spread


def replay(args: argparse.Namespace, as_json: bool) -> bool:
    """Carry out ``replay``; gives whether no oracle found anything.

    Raises:
        JourneyError, ScenarioError, GraphError: nothing is drawn.
    """
    scenario = read_scenario(find_scenario(args.scenario))
    make_room(args.plot)
    seed = scenario.seed if args.seed is None else args.seed
    journey, result = journey_of(scenario, seed, args.record or "")
    if args.plot is not None:
        args.plot.write_text(space_time_svg(journey), encoding="utf-8")
    names = journey.names
    holder, record = journey.register
    if as_json:
        answer = {
            "scenario": result.scenario,
            "seed": seed,
            "record": record.hex(),
            "author": holder.hex(),
            "title": journey.what,
            "homes": len(journey.homes),
            "violations": result.violations,
            "notes": [
                {
                    "at_ms": note.at_ms,
                    "member": names[note.member],
                    "deed": note.deed,
                    "version": note.version,
                    "giver": None if note.giver is None else names[note.giver],
                }
                for note in journey.notes
            ],
        }
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        print(f"{journey.what} ({record.hex()[:16]}), in {len(journey.homes)} homes:")
        for note in journey.notes:
            print(f"{told(note.at_ms):>22}  {names[note.member]} {did(note, names.__getitem__)}")
    return result.violations == 0


def spread(args: argparse.Namespace, as_json: bool) -> bool:
    """Carry out ``spread``; gives whether no oracle found anything."""
    make_room(args.plot)
    town = spread_of(args.members, args.circles, args.seed)
    args.plot.write_text(spread_svg(town), encoding="utf-8")
    if as_json:
        steps = [{"what": step.what, "homes": len(step.sees) - 1} for step in town.steps]
        print(json.dumps({"steps": steps, "violations": town.violations}, indent=2))
    else:
        for number, step in enumerate(town.steps, start=1):
            print(f"{number}. {step.what}: {len(step.sees) - 1} homes see it.")
    return town.violations == 0


def _hex(text: str) -> str:
    if re.fullmatch(r"[0-9a-f]{4,64}", text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not the beginning of an id: 4 hex digits up")
    return text
