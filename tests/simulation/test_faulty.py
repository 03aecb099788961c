"""The bundled scenarios: a handful of seeds here, hundreds by ``simulate run --seeds``."""

from __future__ import annotations

import pytest

from simulations.reach import quiet_collector
from simulations.runner import RunResult, run_scenario
from simulations.scenario import find_scenario, read_scenario


def run(name: str, seed: int) -> RunResult:
    with quiet_collector():
        return run_scenario(read_scenario(find_scenario(name)), seed)


def assert_well(result: RunResult) -> None:
    told = [
        line
        for violation, story in zip(result.first_violations, result.stories, strict=True)
        for line in (str(violation), *story[-12:])
    ]
    assert 0 == result.violations, f"seed {result.seed}:\n" + "\n".join(told)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 9))
def test_whatever_fails_safety_holds_and_peace_brings_everything_to_everybody(seed: int) -> None:
    result = run("faulty", seed)

    assert_well(result)
    assert 24 == result.members
    # The seed was worth running: machines crashed, wires broke, the town was parted.
    assert result.done["lives"] > 2 * result.members
    assert result.done["cuts"] > 100
    assert result.done["lost"] > 100
    assert result.done["partition"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 4))
def test_on_good_lines_people_change_their_minds_and_everybody_sees_it(seed: int) -> None:
    result = run("calm", seed)

    assert_well(result)
    assert 0 == result.done["lost"]
    assert min(result.done[action] for action in ("add", "narrow", "widen", "withdraw")) > 0


REGRESSIONS: list[tuple[str, int]] = []
"""Scenario and seed of runs that failed once; see the history for what each one found."""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seed"), REGRESSIONS)
def test_a_seed_that_failed_once_does_not_fail_again(name: str, seed: int) -> None:
    assert_well(run(name, seed))
