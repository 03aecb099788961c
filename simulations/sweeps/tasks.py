"""Tasks: one scenario and seed on one of the three instruments, and the figures it gives.

A task is plain data, and so is what comes of it: both travel to other processes and machines.
Equal tasks give equal figures. What a population cannot live, or people cannot, is refused in
the words of the scenario's keys.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, Literal, TypeAlias

from simulations.behaviours import behaviour_named
from simulations.collector import quiet_collector
from simulations.lives import live, measures_of
from simulations.mixes import people_of
from simulations.runner import population_edges, run_scenario
from simulations.scenario import (
    WEEK_MS,
    Faults,
    Scenario,
    ScenarioError,
    parse_scenario,
)
from simulations.scenario_population import Customs

Instrument: TypeAlias = Literal["population", "society", "world"]
Figures: TypeAlias = dict[str, float | None]

VIOLATIONS: Final = "violations"
"""The figure that must be 0 wherever there are oracles."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is given."""

    instrument: Instrument
    cell: int
    seed: int
    data: Mapping[str, object]
    name: str
    folder: str


def scenario_of(data: Mapping[str, object], name: str, folder: str) -> Scenario:
    """The scenario of a task. Raises ScenarioError."""
    return parse_scenario(data, name=name, folder=Path(folder))


def check(scenario: Scenario, instrument: Instrument) -> None:
    """Refuse what the instrument would not look at.

    Raises:
        ScenarioError, MixError: it cannot run there.
    """
    customs = scenario.customs
    if instrument != "world" and scenario.duration_ms < WEEK_MS:
        raise ScenarioError("duration", 'at least "7d": people live week by week')
    if instrument == "population" and customs.behaviours:
        allowed = 'nothing here: a population knows people.tempers; take instrument = "society"'
        raise ScenarioError("people.behaviours", allowed)
    if instrument != "society":
        return
    usual = Customs(
        customs.tempers,
        things_circles=customs.things_circles,
        behaviours=customs.behaviours,
        year=customs.year,
    )
    for field in fields(Customs):
        if getattr(customs, field.name) != getattr(usual, field.name):
            allowed = "nothing here: what people on real engines do is up to their behaviours"
            raise ScenarioError(f"people.{field.name}", allowed)
    if scenario.faults != Faults():
        raise ScenarioError("faults", 'nothing here: take instrument = "world" for faults')
    people_of(_mix(scenario), scenario.population.members, random.Random(0))


def check_file(scenario: Scenario, instrument: Instrument) -> None:
    """Refuse a file of friendships that cannot be taken, if there is one.

    Raises:
        GraphError, ScenarioError: it is no graph of friends, or not what is asked for.
    """
    population = scenario.population
    if population.edges is None:
        return
    if instrument == "population":
        from simulations.population.sources import friendships

        friendships(population, population.members, 1)
    else:
        population_edges(population, random.Random(0))


def run_task(task: Task) -> Figures:
    """Run it.

    Raises:
        ScenarioError, MixError, GraphError, PopulationRefused: it cannot be run.
    """
    scenario = scenario_of(task.data, task.name, task.folder)
    match task.instrument:
        case "population":
            return _population(scenario, task.seed)
        case "society":
            return _society(scenario, task.seed)
        case "world":
            return _world(scenario, task.seed)


def _population(scenario: Scenario, seed: int) -> Figures:
    # Where numba is needed, and nowhere else.
    from simulations.population.run import Run

    result = Run(scenario, seed, threads=1).run()
    figures: Figures = {
        "members": result.members,
        "friendships": result.friendships,
        "agreed": result.agreed,
        "lost": result.lost,
        "crowd_far": result.crowd_far,
    }
    for circle, spread in enumerate(result.reach, start=1):
        figures |= {f"within_{circle}_circles.{what}": value for what, value in spread.items()}
    return figures | {f"last_week.{what}": value for what, value in result.last_week.items()}


def _society(scenario: Scenario, seed: int) -> Figures:
    chance = random.Random(f"friendships {seed}")
    members, edges = population_edges(scenario.population, chance, seed)
    weeks = scenario.duration_ms // WEEK_MS
    year = scenario.customs.year
    town = live(members, weeks, seed, _mix(scenario), scenario.charter, edges, year)
    return {
        VIOLATIONS: len(town.violations),
        "steps_checked": town.steps_checked,
        **measures_of(town),
    }


def _world(scenario: Scenario, seed: int) -> Figures:
    with quiet_collector():
        result = run_scenario(scenario, seed)
    figures: Figures = {
        "members": result.members,
        "events": result.events,
        "messages": result.messages,
        VIOLATIONS: result.violations,
    }
    for table, counts in (("done", result.done), ("rejected", result.rejected)):
        figures |= {f"{table}.{what}": count for what, count in sorted(counts.items())}
    return figures


def _mix(scenario: Scenario) -> dict[type, float]:
    """Shares by behaviour; tempers have the names of behaviours."""
    shares = scenario.customs.behaviours or scenario.customs.tempers
    return {behaviour_named(name): share for name, share in shares}
