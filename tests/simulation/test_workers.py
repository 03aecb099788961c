"""Whoever ends a run ends its workers too, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulations.workers import follow_parent

PROGRAM = """
import sys, time
from simulations.workers import pool_of

if __name__ == "__main__":
    with pool_of(2) as pool:
        list(pool.map(time.sleep, [600, 600]))
"""


@pytest.mark.skipif(not Path("/proc").exists(), reason="children are found in /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_workers_of_a_run_that_was_ended_end_as_well(how: signal.Signals, tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    running = subprocess.Popen([sys.executable, str(file)], cwd=Path.cwd(),
                               env={**os.environ, "PYTHONPATH": str(Path.cwd())})  # fmt: skip
    children: list[int] = []
    until = time.monotonic() + 60
    while len(children) < 2:
        assert time.monotonic() < until
        children = children_of(running.pid)
        time.sleep(0.05)
    time.sleep(0.5)  # they are at work
    running.send_signal(how)
    running.wait()
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_who_works_in_the_process_itself_follows_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep that is left running when its shell ends goes on."""
    began: list[object] = []
    monkeypatch.setattr("threading.Thread.start", began.append)
    follow_parent(os.getpid())

    assert [] == began


def children_of(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if int(after_name[1]) == parent:
            found.append(int(stat.parent.name))
    return found
