"""What further flatmates cost a computer: memory, and waking at rest.

One real process. After it has started with one home, and after each flatmate who comes in by
their link, its resident and private memory are read; at the end, how often it woke in some
seconds in which nobody did anything. Homes know nobody yet: what a home knows costs the same in
any process.

    python3 -m benchmarks.flatmates [--flatmates 3] [--rest-s 20]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Final

from benchmarks.ingest import node, processor_s
from benchmarks.machine import describe
from node import identity
from node.cli.client import Client

PASSWORD: Final = "correct horse"
# What a new home does first is over by then.
_SETTLE_S: Final = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flatmates", type=int, default=3)
    parser.add_argument("--rest-s", type=float, default=20.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="openhouse-") as place:
        home = Path(place)
        identity.set_up(home, "Ana", "", "", "en")
        with node(home, 0) as process:
            client, pid = Client(home), process.pid
            time.sleep(_SETTLE_S)
            rows = [memory(pid)]
            for number in range(given.flatmates):
                link = client.post("/flatmates", {"name": f"Flatmate {number + 2}"})["link"]
                come_in(link)
                time.sleep(_SETTLE_S)
                rows.append(memory(pid))
            before_s, switches = processor_s(process), woken(pid)
            time.sleep(given.rest_s)
            rest = {
                "seconds": given.rest_s,
                "processor_s": round(processor_s(process) - before_s, 3),
                "woken": woken(pid) - switches,
            }
    print(json.dumps({"homes": rows, "at_rest": rest, "machine": describe()}, indent=2))


def come_in(link: str) -> None:
    """As a flatmate's browser does."""
    fields = {"name": "Flatmate", "language": "fr", "password": PASSWORD, "again": PASSWORD}
    data = urllib.parse.urlencode(fields).encode()
    cookies = urllib.request.HTTPCookieProcessor()
    with urllib.request.build_opener(cookies).open(link, data=data, timeout=60) as answer:
        assert answer.status == 200, "it leads to their first page"


def memory(pid: int) -> dict[str, float]:
    """In megabytes: all of it, and what no other process shares."""
    kept = {"resident_mb": ("status", "VmRSS:"), "private_mb": ("smaps_rollup", "Private_Dirty:")}
    return {name: round(read(pid, file, row) / 1024, 1) for name, (file, row) in kept.items()}


def woken(pid: int) -> int:
    """How often the loop's thread has waited and gone on."""
    return read(pid, "status", "voluntary_ctxt_switches:")


def read(pid: int, file: str, row: str) -> int:
    for line in Path(f"/proc/{pid}/{file}").read_text("ascii").splitlines():
        if line.startswith(row):
            return int(line.split()[1])
    raise LookupError(row)


if __name__ == "__main__":
    main()
