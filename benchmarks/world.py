"""How fast the world simulator is, and what one member of it takes, with everything checked.

A town of real engines on calm virtual wires: everybody is switched on, friends link, and
everybody lists three things within an hour, at moments of their own. At rest what is on
every page is compared with a plain breadth-first search over the friendships: nothing may be
missing and nothing extra, or the run fails.

- ``events_per_s``: events that engines handled by second of processor time, one core.
- ``ratio``: the same divided by the *floor*, measured in the same run: a typical message
  read and written so many times a second. No engine that answers can do less.
- ``kb_per_member``: what the process grew by from before the town to when it is idle, divided
  by its members: linked with nothing listed, and at rest with everything delivered.

    python3 -m benchmarks.world [--members 300] [--real-signatures]

``--members 10000`` takes some minutes and 1.5 GB.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.machine import describe
from protocol.charter import Charter
from protocol.keys import RecordId
from protocol.messages import Announce, decode_message, encode_message
from simulations.collector import quiet_collector
from simulations.graphs import small_world
from simulations.listed_town import ListedTown
from simulations.memory import memory_peak_bytes
from simulations.signing import ModelKeys, RealKeys
from simulations.town import seed_for

SEED: Final = 1
DEGREE: Final = 6
REWIRING: Final = 0.1
CIRCLES: Final = 2
THINGS_EACH: Final = 3
LISTING_MS: Final = 3600 * 1000
FLOOR_S: Final = 0.5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--members", type=int, default=300, help="at least 10 (default: 300)")
    parser.add_argument(
        "--real-signatures", action="store_true", help="Ed25519 instead of modelled signatures"
    )
    options = parser.parse_args()
    if options.members < 10:
        parser.error(f"--members must be at least 10, not {options.members}.")
    with quiet_collector():
        result = measure(options.members, is_real=options.real_signatures)
    print(json.dumps({"seed": SEED, **result, "on": describe()}, indent=2))
    return 0 if result["missing"] == result["extra"] == 0 and result["at_rest"] else 1


def measure(members: int, *, is_real: bool) -> dict[str, object]:
    """One town, from nothing to rest."""
    edges = small_world(members, DEGREE, REWIRING, random.Random(SEED))
    floor_per_s = floor()
    empty_kb = resident_kb()
    keys = RealKeys() if is_real else ModelKeys(seed_for("benchmark", SEED))
    charter = Charter(max_circles=CIRCLES)
    town = ListedTown(
        members, edges, CIRCLES, SEED, charter, keys=keys, shows_progress=sys.stderr.isatty()
    )
    begun_s = time.process_time()
    town.link()
    linking_s, linked_events, linked_kb = _since(begun_s), town.world.events, resident_kb()
    begun_s = time.process_time()
    town.list_over(list(range(members)), THINGS_EACH, LISTING_MS)
    listing_s, events, rest_kb = _since(begun_s), town.world.events, resident_kb()
    expected, seen = town.expected(), town.seen()
    events_per_s = events / (linking_s + listing_s)
    return {
        "members": members,
        "friendships": len(edges),
        "signatures": "real" if is_real else "modelled",
        "deliveries": len(expected),
        "missing": sum(view not in seen for view in expected),
        "extra": sum(view not in expected for view in seen),
        "at_rest": town.at_rest,
        "events": events,
        "events_per_s": round(events_per_s),
        "linking_events_per_s": round(linked_events / linking_s),
        "listing_events_per_s": round((events - linked_events) / listing_s),
        "floor_messages_per_s": round(floor_per_s),
        "ratio": round(events_per_s / floor_per_s, 3),
        "kb_per_member": {
            "linked": round((linked_kb - empty_kb) / members, 1),
            "everything_delivered": round((rest_kb - empty_kb) / members, 1),
        },
    }


def _since(begun_s: float) -> float:
    return time.process_time() - begun_s


def floor() -> float:
    """Messages read and written in a second: an announcement of one record."""
    message = encode_message(Announce(12, False, ((RecordId(bytes(32)), 300),)))

    def carry() -> None:
        for _ in range(1000):
            encode_message(decode_message(message))

    return max(_per_s(carry, 1000) for _ in range(3))


def _per_s(act: Callable[[], None], count: int) -> float:
    begun_s, done = time.process_time(), 0
    while (taken_s := time.process_time() - begun_s) < FLOOR_S:
        act()
        done += count
    return done / taken_s


def resident_kb() -> float:
    """Resident memory of this process, in 1,000 bytes: now, or the peak where no /proc tells."""
    gc.collect()
    told = Path("/proc/self/statm")
    if not told.exists():
        return memory_peak_bytes() / 1000
    return int(told.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1000


if __name__ == "__main__":
    sys.exit(main())
