"""How fast a node takes in records that a friend passes on, beside what it must cost.

Two real nodes, each a process of its own, and a real link between them. A holds
10,000 signed listings of its friends (50 holders, 200 things each, about 300 bytes a
record); B is A's friend and lacks them all. B connects, learns the paths, pulls the
records, verifies each signature, and commits them to SQLite. The clock runs from the
first of them in B's database to the last.

The floor, measured in the same run: verifying the same signatures with the same
library, on one core, with the keys loaded and nothing else done. ``ratio`` is the
speed of the ingest divided by the speed of the floor: 1.0 means that everything but
the verification costs nothing, or runs beside it on another core.

The two are alternated, because machines do not run at one speed for long.

    python3 -m benchmarks.ingest [--records 10000] [--holders 50] [--runs 3]
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from benchmarks.machine import describe
from node.engine.events import Persist, Space
from node.engine.genesis import Friendship, Row, found_for, genesis_items, sign_genesis_half
from node.identity import from_entropy, keep
from node.store import DATABASE_FILE, Store
from protocol import keys
from protocol.bodies import ListingBody, ThingKind
from protocol.charter import Charter
from protocol.keys import ObjectId, Signer
from protocol.records import Record, sign_record, signed_message, split_envelope

DAY_MS = 24 * 3600 * 1000
POLL_S = 0.02
RUN_MAX_S = 300.0
SEED = 7


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in the town, made from a number."""

    seed: bytes
    signer: Signer
    link_key: bytes

    @classmethod
    def numbered(cls, number: int) -> Member:
        seed = hashlib.sha256(f"ingest {SEED} {number}".encode()).digest()
        private = keys.link_private_key(seed)
        return cls(seed, Signer(seed), keys.link_public_key(private))


@dataclass(frozen=True, slots=True)
class Town:
    """A (member 0), B (member 1), and the holders; who is A's friend; the records."""

    charter: Record
    members: list[Member]
    listings: list[Record]
    now_ms: int


def build_town(holders: int, records: int) -> Town:
    """Sign everything; takes a few seconds and is not measured."""
    now_ms = time.time_ns() // 1_000_000 - 1000
    members = [Member.numbered(number) for number in range(holders + 2)]
    founder = members[0].signer
    charter = found_for(
        founder,
        "Benchmark",
        Charter(),
        object_id=ObjectId(bytes(16)),
        founders=(founder.public,),
        now_ms=now_ms,
    )
    listings = [
        _listing(members[2 + number % holders], charter, number, now_ms)
        for number in range(records)
    ]
    return Town(charter, members, listings, now_ms)


def _listing(holder: Member, charter: Record, number: int, now_ms: int) -> Record:
    body = ListingBody(
        title=f"Thing {number}",
        text="As good as new. Fetch it in the evening.",
        thing_kind=ThingKind.OBJECT,
        circles=2,
        through=(),
        busy=(),
    )
    return sign_record(
        holder.signer,
        body,
        house=charter.house,
        object_id=ObjectId(hashlib.sha256(b"thing %d" % number).digest()[:16]),
        sequence=1000 + number,
        created_ms=now_ms,
        not_after_ms=now_ms + 60 * DAY_MS,
    )


# --- the two data directories ------------------------------------------------------------


def write_homes(town: Town, directory: Path, a_address: str) -> tuple[Path, Path]:
    """Data directories as nodes would have left them."""
    a, b, *holders = town.members
    a_rows = _member_rows(town, a, [b, *holders])
    a_rows = [row for row in a_rows if row[1] != b"log_top"]
    a_rows.append((Space.META, b"log_top", len(town.listings)))
    for number, listing in enumerate(town.listings, start=1):
        row = (number, town.now_ms, listing.author, listing.envelope)
        a_rows.append((Space.RECORD, listing.author + listing.object, row))
    b_rows = _member_rows(town, b, [a], a_address)
    return _write(directory / "a", a, "Ana", a_rows), _write(directory / "b", b, "Ben", b_rows)


def _member_rows(town: Town, me: Member, friends: list[Member], address: str = "") -> list[Row]:
    friendships = [
        Friendship(
            friend.signer.public,
            friend.link_key,
            _half(town, me, friend),
            _half(town, friend, me),
            (address,) if address else (),
        )
        for friend in friends
    ]
    sequences = {friend.signer.public: _half_sequence(town, friend) for friend in friends}
    return genesis_items(
        me.signer.public,
        town.charter,
        friendships,
        sequences,
        log_epoch=me.seed[:8],
        now_ms=town.now_ms,
    )


def _half_sequence(town: Town, friend: Member) -> int:
    return 2 + town.members.index(friend)


def _half(town: Town, author: Member, friend: Member) -> bytes:
    return sign_genesis_half(
        author.signer,
        author.seed,
        friend.signer.public,
        house=town.charter.house,
        sequence=_half_sequence(town, friend),
        now_ms=town.now_ms,
        lease_ms=30 * DAY_MS,
    ).envelope


def _write(home: Path, member: Member, name: str, rows: list[Row]) -> Path:
    store = Store(home)
    made = from_entropy(member.seed, name, "en")
    known = member.signer.public, member.seed
    keep(store, replace(made, member=known[0], seed=known[1], root_seed=known[1]))
    store.commit([Persist(*row) for row in rows])
    store.close()
    return home


# --- the nodes ---------------------------------------------------------------------------


@contextlib.contextmanager
def node(home: Path, peer_port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A running node."""
    command = [sys.executable, "-m", "node.cli.main", "--home", str(home), "run", "--no-lan"]
    limits = {"OPENHOUSE_RECORDS_PER_SECOND": "none", "OPENHOUSE_LOG_LEVEL": "warning"}
    process = subprocess.Popen(
        [*command, "--peer-port", str(peer_port), "--web-port", "0"],
        stdout=subprocess.PIPE,
        env={**os.environ, **limits},
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready, f"the node in {home} did not start"
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def ingest(town: Town, directory: Path) -> dict[str, float]:
    """One transfer from A to B; records a second, and both nodes' processor time."""
    port = _free_port()
    a_home, b_home = write_homes(town, directory, f"127.0.0.1:{port}")
    with node(a_home, port) as a, _listings_in(b_home, town) as count:
        a_before_s = processor_s(a)
        with node(b_home, 0) as b:
            first = _wait_for(1, count, b)
            began_s = time.perf_counter()
            b_before_s = processor_s(b)
            last = _wait_for(len(town.listings), count, b)
            took_s = time.perf_counter() - began_s
            b_s = processor_s(b) - b_before_s
            a_s = processor_s(a) - a_before_s
    return {"per_second": (last - first) / took_s, "aprocessor_s": a_s, "bprocessor_s": b_s}


def _wait_for(wanted: int, count: Callable[[], int], node: subprocess.Popen[bytes]) -> int:
    deadline_s = time.monotonic() + RUN_MAX_S
    while (held := count()) < wanted:
        assert node.poll() is None, "the node has ended; its reason is above"
        assert time.monotonic() < deadline_s, f"only {held} of {wanted} arrived"
        time.sleep(POLL_S)
    return held


@contextlib.contextmanager
def _listings_in(home: Path, town: Town) -> Iterator[Callable[[], int]]:
    """How many records are committed in a database beyond those it began with."""
    database = sqlite3.connect(f"file:{home / DATABASE_FILE}?mode=ro", uri=True)

    def count() -> int:
        return int(database.execute("SELECT count(*) FROM space_record").fetchone()[0])

    # Besides the listings, B is given both halves of each of A's edges to the holders.
    before = count() + 2 * (len(town.members) - 2)
    try:
        yield lambda: max(0, count() - before)
    finally:
        database.close()


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def processor_s(process: subprocess.Popen[bytes]) -> float:
    """Processor time so far, without verifying processes; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- the floor -----------------------------------------------------------------------------


def verify_all(town: Town) -> float:
    """Signatures a second: the same ones, one core, nothing but the verification."""
    loaded = {
        member.signer.public: Ed25519PublicKey.from_public_bytes(member.signer.public)
        for member in town.members
    }
    work = [
        (
            loaded[record.author],
            split_envelope(record.envelope)[1],
            signed_message(record.record_id),
        )
        for record in town.listings
    ]
    began_s = time.perf_counter()
    for key, signature, message in work:
        key.verify(signature, message)
    return len(work) / (time.perf_counter() - began_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--holders", type=int, default=50)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    town = build_town(arguments.holders, arguments.records)
    floors, runs = [verify_all(town)], []
    for _ in range(arguments.runs):
        with tempfile.TemporaryDirectory() as directory:
            runs.append(ingest(town, Path(directory)))
        floors.append(verify_all(town))
    # Each run beside the mean of the floors before and after it.
    ratios = [
        run["per_second"] / ((before + after) / 2)
        for run, before, after in zip(runs, floors, floors[1:], strict=False)
    ]
    sizes = [len(record.envelope) for record in town.listings]
    result = {
        "benchmark": "ingest",
        "records": arguments.records,
        "record_bytes": round(statistics.mean(sizes)),
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "records_per_second": round(statistics.median(run["per_second"] for run in runs)),
        "verifications_per_second": round(statistics.median(floors)),
        "verifications_per_second_all": [round(floor) for floor in floors],
        "aprocessor_s": round(statistics.median(run["aprocessor_s"] for run in runs), 2),
        "bprocessor_s": round(statistics.median(run["bprocessor_s"] for run in runs), 2),
        "seed": SEED,
        **describe(),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
