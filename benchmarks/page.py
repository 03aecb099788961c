"""How fast the page answers at a home with many friends who share much.

One real node, a process of its own with its database: 50 friends and the 500 things they
share, written as a node would have left them. Each page is asked for again and again over one
connection on loopback, signed in as a browser is. Printed for each page: median and 95th
percentile in milliseconds, the node's own processor time (which other programs on the machine do
not change), and its size; beside them the same for ``/healthz``, which does
nothing (the floor of a request), and the bytes of a first visit to Home and Browse (page,
style, script, icon, drawings, manifest; photos are none). That nothing moves while a page is drawn
is asked of every page in ``tests/browser/test_accessible.py``.

    python3 -m benchmarks.page [--things 500] [--friends 50] [--requests 100]
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from benchmarks.ingest import SEED, build_town, node, processor_s, write_homes
from benchmarks.machine import describe
from node.cli.client import Client

PAGES: Final = (
    "/", "/browse", "/browse?query=thing+77", "/things", "/inbox", "/agenda", "/notices",
    "/friends", "/friends/picture", "/trust", "/house", "/settings",
)  # fmt: skip
FILES: Final = (
    "/static/style.css", "/static/live.js", "/static/icon.svg", "/static/sorts.svg",
    "/static/manifest.webmanifest",
)  # fmt: skip
FLOOR: Final = "/healthz"


class Browser:
    """One connection with the cookie of a session."""

    def __init__(self, entry: str) -> None:
        address = urlsplit(entry)
        self._connection = http.client.HTTPConnection("127.0.0.1", address.port or 0, timeout=60)
        self._cookie = ""
        self._connection.request("GET", f"{address.path}?{address.query}")
        answer = self._connection.getresponse()
        answer.read()
        self._cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]

    def get(self, path: str) -> bytes:
        self._connection.request("GET", path, headers={"Cookie": self._cookie})
        answer = self._connection.getresponse()
        data = answer.read()
        assert 200 == answer.status, f"{path}: {answer.status}"
        return data


def measure(
    browser: Browser, path: str, requests: int, process: subprocess.Popen[bytes]
) -> dict[str, float]:
    """One page, again and again."""
    size_bytes = len(browser.get(path))
    before_s = processor_s(process)
    took_ms = []
    for _ in range(requests):
        began_s = time.perf_counter()
        browser.get(path)
        took_ms.append((time.perf_counter() - began_s) * 1000)
    return {
        "median_ms": round(statistics.median(took_ms), 1),
        "p95_ms": round(statistics.quantiles(took_ms, n=20)[-1], 1),
        "processor_ms": round((processor_s(process) - before_s) * 1000 / requests, 1),
        "size_bytes": size_bytes,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--things", type=int, default=500)
    parser.add_argument("--friends", type=int, default=50)
    parser.add_argument("--requests", type=int, default=100)
    given = parser.parse_args()
    town = build_town(given.friends, given.things)
    with tempfile.TemporaryDirectory() as directory:
        home, _ = write_homes(town, Path(directory), "127.0.0.1:9")
        with node(home, 0) as process:
            client = Client(home)
            seen = client.get("/browse")
            assert given.things == len(seen)
            assert given.friends < len(client.get("/friends"))
            browser = Browser(client.post("/page")["page"])
            first = f"/thing/{seen[0]['thing']}@{seen[0]['holder']}"
            pages = {
                path: measure(browser, path, given.requests, process) for path in (FLOOR, *PAGES)
            }
            pages["/thing/…"] = measure(browser, first, given.requests, process)
            files_bytes = sum(len(browser.get(path)) for path in FILES)
    result = {
        "things": given.things,
        "friends": given.friends,
        "requests": given.requests,
        "pages": pages,
        "worst_p95_ms": max(row["p95_ms"] for row in pages.values()),
        "first_visit_bytes": {
            path: int(pages[path]["size_bytes"]) + files_bytes for path in ("/", "/browse")
        },
        "seed": SEED,
        "machine": describe(),
    }
    print(json.dumps(result, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
