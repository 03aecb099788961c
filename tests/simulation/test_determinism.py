"""One seed, one history: on every run, under every hash seed, with every kind of signature."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulations.runner import run_scenario
from simulations.scenario import Scenario, parse_scenario
from simulations.signing import RealKeys

SHORT = {
    "duration": "4h",
    "population": {"members": 8, "degree": 4},
    "faults": {
        "drop": 0.02,
        "delay": 0.1,
        "delay_max": "10s",
        "duplicate": 0.02,
        "partitions_per_day": 12,
        "partition_max": "20m",
        "crash": 0.01,
        "down_max": "20m",
        "clock_skew_max": "20s",
    },
    "actions": {"add": 8, "narrow": 4, "edit": 4, "withdraw": 3, "end": 1, "befriend": 3},
}

PROGRAM = """
import json, sys
from pathlib import Path
from simulations.runner import run_scenario
from simulations.scenario import parse_scenario
scenario = parse_scenario(json.loads(sys.argv[1]), name="short", folder=Path())
result = run_scenario(scenario, 5)
print(result.digest, result.visible_digest, result.events, len({"a", "b"}))
"""


def short() -> Scenario:
    return parse_scenario(SHORT, name="short", folder=Path())


def run_in_process(repository: Path, hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(SHORT)],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return finished.stdout


@pytest.mark.slow
def test_two_processes_with_different_hash_seeds_give_the_same_digest(repository: Path) -> None:
    first = run_in_process(repository, "1")

    assert first == run_in_process(repository, "4242")
    assert 64 == len(first.split()[0])


@pytest.mark.slow
def test_the_same_seed_gives_the_same_run_twice_and_another_seed_another() -> None:
    first, second, other = (run_scenario(short(), seed) for seed in (1, 1, 2))

    assert first == second
    assert first.digest != other.digest


@pytest.mark.slow
def test_modelled_and_real_signatures_give_the_same_history() -> None:
    """Ids do not cover signatures and sizes are the same, so nothing else may differ."""
    modelled = run_scenario(short(), 3)
    real = run_scenario(short(), 3, keys=RealKeys())

    assert modelled.visible_digest == real.visible_digest
    assert (modelled.events, modelled.messages) == (real.events, real.messages)
    assert modelled.done == real.done
    # The trace holds the messages themselves, and with them the signatures.
    assert modelled.digest != real.digest


@pytest.mark.slow
def test_a_whole_number_of_runs_leaves_no_state_behind() -> None:
    """A run after others gives what it gives alone."""
    alone = run_scenario(short(), 7)
    run_scenario(short(), 8)

    assert alone == run_scenario(short(), 7)
