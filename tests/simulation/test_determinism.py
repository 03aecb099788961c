"""One seed, one history: on every run, under every hash seed, with every kind of signature."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from node.engine.events import Event, MessageReceived
from protocol.bodies import HalfBody
from protocol.keys import MemberId
from protocol.messages import decode_message
from simulations.disk import Shelf
from simulations.machine import Host
from simulations.runner import run_scenario
from simulations.scenario import Scenario, parse_scenario
from simulations.signing import RealKeys
from simulations.world import World

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


class DoubtfulWorld(World):
    """After every event, works out anew what is kept so as not to work it out anew."""

    def perform(self, host: Host, event: Event) -> None:
        if isinstance(event, MessageReceived):
            assert decode_message(event.message) == host.config.read_message(event.message)
        super().perform(host, event)
        if host.engine is None:
            return
        core, now_ms = host.engine.core, host.now_ms
        kept_ms = host.engine.next_wakeup_ms()
        core.forget_renewals()
        core.reconciling.is_due_known = False
        found_ms = host.engine.next_wakeup_ms()
        # What is due already may have been due for longer.
        assert max(found_ms or 0, now_ms) == max(kept_ms or 0, now_ms)
        assert proved(host.shelf, host.member, now_ms) == edges_in(host)


def edges_in(host: Host) -> set[tuple[MemberId, MemberId]]:
    neighbours = host.shelf.proof(host.member, host.now_ms).neighbours
    return {(one, other) for one, others in neighbours.items() for other in others}


def proved(shelf: Shelf, me: MemberId, now_ms: int) -> set[tuple[MemberId, MemberId]]:
    """Edges with two live halves that show it and attest two members; not those we ended."""

    def carries(author: MemberId, friend: MemberId) -> bool:
        half = shelf.live_half(author, friend, now_ms)
        if half is None or not isinstance(half.body, HalfBody):
            return False
        is_ended = author == me and shelf.ended.get(friend) is not False
        return half.body.shows and half.body.friend_is_member and not is_ended

    return {(a, b) for a, b in shelf.halves if carries(a, b) and carries(b, a)}


@pytest.mark.slow
def test_what_is_kept_between_events_is_what_would_be_found_anew() -> None:
    result = run_scenario(short(), 4, world_type=DoubtfulWorld)

    assert result == run_scenario(short(), 4)
    assert 0 == result.violations
