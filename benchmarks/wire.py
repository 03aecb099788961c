"""What a link costs in bytes: per record delivered, and per day with nothing to say.

Two real nodes, each a process of its own, and between them a relay of bytes that
counts what passes in each direction: everything that TCP carries, handshake, frames,
padding and heartbeats included; the headers of TCP and IP are not. A holds listings of
its friends of about 300 bytes, B lacks them all. Measured one after the other:

- ``bulk``: B connects and takes in everything; bytes per record, paths and certificates
  of the holders included.
- ``live``: A adds things of its own one by one, each given at once; bytes per record.
- ``idle``: nothing happens; bytes per day by the heartbeats of the time measured, and the
  comparison that each side asks for once a day (spec 8.6), which B is made to do soon.

``ratio`` is what passed divided by the size of the records themselves.

    python3 -m benchmarks.wire [--records 2000] [--holders 50] [--live 40] [--idle-s 100]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.ingest import SEED, Town, build_town, node, write_homes
from benchmarks.machine import describe
from node.cli.client import Client
from node.engine.comparisons import AFTER_GREETING_MS
from node.engine.events import Persist, Space
from node.store import DATABASE_FILE, Store
from protocol.encoding import decode, expect_array, expect_bytes

DAY_S = 24 * 3600
QUIET_S = 2.0
WAIT_MAX_S = 120.0
POLL_S = 0.02


# --- a relay that counts -------------------------------------------------------------------


@dataclass
class Counted:
    """Bytes that passed, by direction; B is the one who dialled."""

    from_b: int = 0
    from_a: int = 0
    chunks: list[tuple[float, int]] = field(default_factory=list)
    """When and how many, in order, both directions."""

    @property
    def total(self) -> int:
        return self.from_a + self.from_b


@contextlib.contextmanager
def counting_relay(target_port: int) -> Iterator[tuple[int, Counted]]:
    """A port that leads to another one on this machine; what passes is counted."""
    counted = Counted()
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(source: socket.socket, sink: socket.socket, *, is_from_b: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                counted.chunks.append((time.monotonic(), len(data)))
                if is_from_b:
                    counted.from_b += len(data)
                else:
                    counted.from_a += len(data)
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", target_port))
                for source, sink, is_from_b in ((near, far, True), (far, near, False)):
                    thread = threading.Thread(
                        target=carry, args=(source, sink), kwargs={"is_from_b": is_from_b}
                    )
                    thread.daemon = True
                    thread.start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield int(listener.getsockname()[1]), counted
    finally:
        listener.close()


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


# --- what is measured ----------------------------------------------------------------------


def measure(town: Town, directory: Path, live: int, idle_s: float) -> dict[str, float | int]:
    """One run: bulk, live, idle."""
    port = _free_port()
    with counting_relay(port) as (relay_port, counted):
        a_home, b_home = write_homes(town, directory, f"127.0.0.1:{relay_port}")
        _compare_soon(b_home, town)
        with node(a_home, port), _rows_in(b_home) as rows, node(b_home, 0):
            linked_s = time.monotonic()
            bulk = _bulk(town, rows, counted)
            pushed = _live(Client(a_home), live, rows, counted, b_home)
            idle = _idle(counted, linked_s, idle_s)
    return {**bulk, **pushed, **idle}


def _compare_soon(home: Path, town: Town) -> None:
    """Let the day's comparison of this node be due: it begins a minute after the greeting."""
    note = b"compared " + town.members[0].signer.public.hex().encode()
    with contextlib.closing(Store(home)) as store:
        store.commit([Persist(Space.LOCAL, note, (town.now_ms - DAY_S * 1000, town.now_ms))])


def _bulk(town: Town, rows: Callable[[], int], counted: Counted) -> dict[str, float | int]:
    before = rows()
    _wait(lambda: rows() >= before + len(town.listings) + 2 * (len(town.members) - 2))
    _wait_for_quiet(counted)
    record_bytes = sum(len(record.envelope) for record in town.listings)
    return {
        "bulk_records": len(town.listings),
        "bulk_record_bytes": round(record_bytes / len(town.listings)),
        "bulk_wire_bytes_per_record": round(counted.total / len(town.listings), 1),
        "bulk_wire_bytes_per_record_from_giver": round(counted.from_a / len(town.listings), 1),
        "bulk_ratio": round(counted.total / record_bytes, 3),
    }


def _live(
    client: Client, count: int, rows: Callable[[], int], counted: Counted, home: Path
) -> dict[str, float | int]:
    held, before = rows(), counted.total
    for number in range(count):
        body = {"title": f"New {number}", "text": "As good as new. Fetch it in the evening."}
        client.post("/things", body)
        expected = held + number + 1
        deadline_s = time.monotonic() + WAIT_MAX_S
        while rows() < expected:
            assert time.monotonic() < deadline_s, "a record given at once did not arrive"
            time.sleep(POLL_S)
    _wait_for_quiet(counted)
    wire_bytes = counted.total - before
    size_bytes = statistics.mean(_newest_sizes(home, count))
    return {
        "live_records": count,
        "live_record_bytes": round(size_bytes),
        "live_wire_bytes_per_record": round(wire_bytes / count, 1),
        "live_ratio": round(wire_bytes / count / size_bytes, 3),
    }


def _idle(counted: Counted, linked_s: float, idle_s: float) -> dict[str, float | int]:
    """Heartbeats are small and regular; what is more than that at a minute is the comparison."""
    began_s = time.monotonic()
    time.sleep(idle_s)
    compared_s = linked_s + AFTER_GREETING_MS / 1000
    passed = [(at_s, size) for at_s, size in counted.chunks if at_s >= began_s]
    comparing = sum(size for at_s, size in passed if compared_s - 3 <= at_s <= compared_s + 3
                    and size > HEARTBEAT_SIZE_MAX_BYTES)  # fmt: skip
    beating = sum(size for _, size in passed) - comparing
    a_day = round(beating * DAY_S / idle_s)
    return {
        "idle_seconds": idle_s,
        "idle_heartbeat_bytes_per_day": a_day,
        "comparison_bytes": comparing,
        "idle_bytes_per_day": a_day + 2 * comparing,
    }


HEARTBEAT_SIZE_MAX_BYTES = 16
"""A ping or pong of a WebSocket without content is 2 or 6 bytes; frames of the channel are more."""


# --- waiting and looking -------------------------------------------------------------------


def _wait(is_done: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WAIT_MAX_S
    while not is_done():
        assert time.monotonic() < deadline_s, "what was waited for did not happen"
        time.sleep(POLL_S)


def _wait_for_quiet(counted: Counted) -> None:
    """Until nothing has passed for a moment; heartbeats do not count."""
    _wait(
        lambda: (
            not [
                size
                for at_s, size in counted.chunks[-20:]
                if at_s > time.monotonic() - QUIET_S and size > HEARTBEAT_SIZE_MAX_BYTES
            ]
        )
    )


@contextlib.contextmanager
def _rows_in(home: Path) -> Iterator[Callable[[], int]]:
    """How many records are committed in a database."""
    database = sqlite3.connect(f"file:{home / DATABASE_FILE}?mode=ro", uri=True)
    try:
        yield lambda: int(database.execute("SELECT count(*) FROM space_record").fetchone()[0])
    finally:
        database.close()


def _newest_sizes(home: Path, count: int) -> list[int]:
    """Sizes of the envelopes that were committed last."""
    with contextlib.closing(sqlite3.connect(f"file:{home / DATABASE_FILE}?mode=ro", uri=True)) as d:
        values = d.execute("SELECT value FROM space_record ORDER BY rowid DESC LIMIT ?", (count,))
        return [_envelope_size(value) for (value,) in values]


def _envelope_size(value: bytes) -> int:
    row = decode(value, size_max_bytes=1 << 20, elements_max=64, depth_max=4)
    return len(expect_bytes(expect_array(row, "row", length=4)[3], "envelope"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=2_000)
    parser.add_argument("--holders", type=int, default=50)
    parser.add_argument("--live", type=int, default=40)
    parser.add_argument("--idle-s", type=float, default=100.0, help="four heartbeats by default")
    arguments = parser.parse_args()
    town = build_town(arguments.holders, arguments.records)
    with tempfile.TemporaryDirectory() as directory:
        found = measure(town, Path(directory), arguments.live, arguments.idle_s)
    result = {"benchmark": "wire", **found, "seed": SEED, **describe()}
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
