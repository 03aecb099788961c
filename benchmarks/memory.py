"""What a town of real engines takes of the memory, beside what is foreseen before it is run.

One case each, for the largest resident size is that of the whole process:

    python3 -m benchmarks.memory reach 300 4 1        # members, friends each, circles
    python3 -m benchmarks.memory attack 40 6 20 3     # members, friends each, Sybils, attack edges
    python3 -m benchmarks.memory society 60 8         # members, weeks

``simulations/memory_of_towns.py`` has the figures of these.
"""

from __future__ import annotations

import argparse
import json
import random

from benchmarks.machine import describe
from simulations.attack import Attack, attack_on
from simulations.collector import quiet_collector
from simulations.graphs import small_world
from simulations.lives import live, usual_charter
from simulations.memory import Need, memory_peak_bytes
from simulations.memory_of_towns import (
    Town,
    attack_bytes,
    attack_need,
    reach_need,
    society_need,
)
from simulations.mixes import HARD_MIX
from simulations.reach import reach
from simulations.shock import FRIENDS

SEED = 1
NUMBERS = {"reach": 3, "attack": 4, "society": 2}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("what", choices=NUMBERS)
    parser.add_argument("numbers", type=int, nargs="+")
    options = parser.parse_args()
    if len(options.numbers) != NUMBERS[options.what]:
        parser.error(f"{options.what} takes {NUMBERS[options.what]} numbers.")
    need = {"reach": _reach, "attack": _attack, "society": _society}[options.what](options.numbers)
    result = {
        "case": [options.what, *options.numbers],
        "peak_mib": round(memory_peak_bytes() / (1 << 20), 1),
        "foreseen_mib": round(need.needed_bytes / 2**20, 1),
    }
    print(json.dumps({**result, "on": describe()}, indent=2))
    return 0


def _reach(numbers: list[int]) -> Need:
    members, degree, circles = numbers
    edges = small_world(members, degree, 0.2, random.Random(SEED))
    with quiet_collector():
        reach(members, edges, list(range(members)), circles, SEED)
    return reach_need(Town(members, edges), members, circles)


def _attack(numbers: list[int]) -> Need:
    members, degree, sybils, attack_edges = numbers
    edges = small_world(members, degree, 0.2, random.Random(SEED))
    attack = Attack(sybils, attack_edges)
    attack_on(members, edges, attack)
    return attack_need([attack_bytes(Town(members, edges), attack.crowd, attack.circles)], 1)


def _society(numbers: list[int]) -> Need:
    members, weeks = numbers
    live(members, weeks, SEED, HARD_MIX, usual_charter())
    return society_need(members, FRIENDS, weeks, 1)


if __name__ == "__main__":
    raise SystemExit(main())
