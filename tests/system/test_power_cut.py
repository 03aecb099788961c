"""The power goes while a node works: nothing that was acknowledged is lost.

A real node does what its owner asks while every write to its data directory is recorded
(``power_cut/record_writes.c``). From the record are built the disks that a power cut could
have left: at any moment, with what was not synced there, not there, or there in part. From
each of them the node must start again with everything it had acknowledged, and never give
a sequence number twice.

``POWER_CUT_STATES=N`` tries N of them instead of 240.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from node import identity
from node.cli.client import Client
from node.engine import views
from node.engine.engine import Engine
from node.engine.events import Space
from node.errors import NodeError
from node.opening import CachedOpener
from node.store import Store
from tests.system.power_cut.replay import WAYS, Call, Disk, read_log, write_out

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(900)]

STATES = int(os.environ.get("POWER_CUT_STATES", "240"))
COMPILER = shutil.which("cc") or shutil.which("gcc")
SOURCE = Path(__file__).parent / "power_cut" / "record_writes.c"
COMMAND = (sys.executable, "-m", "node.cli.main")
RUN = ("run", "--peer-port", "0", "--web-port", "0", "--no-lan")
DROPPED = ("OPENHOUSE_", "COVERAGE", "COV_")


@dataclass(frozen=True)
class Moment:
    """What the owner had been told when the log was ``end`` bytes long."""

    end: int
    titles: tuple[str, ...]
    name: str


@dataclass(frozen=True)
class Recording:
    directory: Path
    calls: list[Call]
    moments: list[Moment]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    if COMPILER is None or sys.platform != "linux":
        pytest.skip("recording writes needs a C compiler and Linux")
    folder = tmp_path_factory.mktemp("power-cut")
    library, log, home = folder / "record_writes.so", folder / "log", folder / "home"
    compiled = subprocess.run(
        [COMPILER, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"],
        capture_output=True,
        check=False,
    )
    if compiled.returncode != 0:
        pytest.skip(f"the recorder cannot be compiled: {compiled.stderr.decode()[-300:]}")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(DROPPED)},
        "LD_PRELOAD": str(library),
        "POWER_CUT_DIRECTORY": str(home),
        "POWER_CUT_LOG": str(log),
        "OPENHOUSE_PEER_HOST": "127.0.0.1",
    }  # fmt: skip
    moments = list(live(home, log, environment))
    return Recording(home, read_log(log), moments)


def live(home: Path, log: Path, environment: dict[str, str]) -> Iterator[Moment]:
    """A node's days: things come, change and go; it is killed once and ends once."""
    subprocess.run(
        [*COMMAND, "--home", str(home), "setup", "--name", "Ana"], env=environment, check=True,
        capture_output=True,
    )  # fmt: skip
    known: dict[str, str] = {}
    name = "Ana"

    def moment() -> Moment:
        return Moment(log.stat().st_size, tuple(sorted(known.values())), name)

    yield moment()
    for day in range(3):
        process = subprocess.Popen(
            [*COMMAND, "--home", str(home), *RUN],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["event"] == "ready"
        client = Client(home)
        if day == 0:
            client.post("/house", {"name": "Rue des Lilas"})
            yield moment()
        for number in range(12):
            title = f"thing {day}.{number}"
            known[client.post("/things", {"title": title, "text": "x" * 700})["thing"]] = title
            yield moment()
            if number % 3 == 0:
                thing = next(iter(known))
                client.patch(f"/things/{thing}", {"title": f"changed {day}.{number}"})
                known[thing] = f"changed {day}.{number}"
                yield moment()
            if number % 5 == 0:
                thing = list(known)[-1]
                client.delete(f"/things/{thing}")
                del known[thing]
                yield moment()
        client.post("/invitations", {})
        yield moment()
        process.kill() if day == 1 else process.terminate()
        process.wait(timeout=60)
        process.stdout.close()
        yield moment()


def test_the_record_is_one_of_a_node_that_syncs_what_it_acknowledges(recording: Recording) -> None:
    """Else the rest would prove nothing."""
    operations = [call.operation for call in recording.calls]

    assert operations.count("W") > 200
    assert operations.count("S") >= len(recording.moments) - 6
    assert len(recording.moments) > 60


def test_after_a_power_cut_nothing_acknowledged_is_lost(
    recording: Recording, tmp_path: Path
) -> None:
    """Every state opens, holds what the owner was told, and gives no number twice."""
    try_states(recording, recording.calls, tmp_path, STATES)


def test_a_node_that_did_not_sync_would_be_found_out(recording: Recording, tmp_path: Path) -> None:
    """The same calls without their syncs: something acknowledged is gone at once."""
    lazy = [call for call in recording.calls if call.operation != "S"]

    with pytest.raises((AssertionError, NodeError)):
        try_states(recording, lazy, tmp_path, 40)


def try_states(recording: Recording, calls: list[Call], tmp_path: Path, states: int) -> None:
    chance = random.Random(f"power cut {states}")
    cuts = sorted(chance.choices(range(1, len(calls) + 1), k=states))
    disk, done = Disk(str(recording.directory)), 0
    sequence = 0
    for number, cut in enumerate(cuts):
        for call in calls[done:cut]:
            disk.take(call)
        done = cut
        end = calls[cut - 1].end
        way = WAYS[number % len(WAYS)]
        target = tmp_path / str(number)
        write_out(disk.after_power_cut(way, chance), recording.directory, target)
        sequence = check(target, recording.moments, end, sequence, f"cut {cut}, {way}")
        shutil.rmtree(target)


def check(home: Path, moments: list[Moment], end: int, sequence: int, where: str) -> int:
    """Start from a disk; gives the greatest sequence number that anybody may have seen."""
    told = [moment for moment in moments if moment.end <= end]
    store = Store(home)
    try:
        found = identity.load(store)
        if not told:
            return sequence
        assert found is not None, f"{where}: the member is gone"
        rows = list(store.load())
        opener = CachedOpener()
        engine = Engine(found.config(opener.open), rows, time.time_ns() // 1_000_000, bytes(8))
    finally:
        store.close()
    shown = views.things(engine.core)
    assert isinstance(shown, list)
    titles = tuple(sorted(title_of(thing) for thing in shown))
    # What was under way may have happened or not; nothing else.
    following = moments[len(told)].titles if len(told) < len(moments) else told[-1].titles
    assert titles in (told[-1].titles, following), where
    meta = {key: value for space, key, value in rows if space is Space.META}
    recovered = meta.get(b"sequence", 0)
    assert isinstance(recovered, int)
    own = [r.sequence for r in (s.record for s in engine.core.registers.all())
           if r.author == engine.core.me]  # fmt: skip
    assert recovered >= max(own, default=0), where
    # Cuts go forward in time: what an earlier disk held was signed before this one.
    assert recovered >= sequence, f"{where}: a sequence number would come twice"
    return sequence_told(moments, end, recovered, sequence)


def sequence_told(moments: list[Moment], end: int, recovered: int, before: int) -> int:
    """What was recovered was acknowledged when the log had not grown since the last answer."""
    is_at_rest = any(moment.end == end for moment in moments)
    return max(before, recovered) if is_at_rest else before


def title_of(thing: object) -> str:
    assert isinstance(thing, Mapping)
    return str(thing["title"])
