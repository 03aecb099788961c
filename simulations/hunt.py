"""Hunting: many seeds of one scenario on all cores, and what is left of a seed that fails.

A failing seed is *shrunk*: faults, actions, lies, members and time are taken away as long as
the same oracle still finds something. What remains is printed as a transcript: who did
what, and the history of the record that it is about, with names instead of numbers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from simulations.graphs import GraphError
from simulations.runner import RunResult, run_scenario
from simulations.scenario import Actions, Faults, Scenario
from simulations.world import World

SHRINK_MAX_S: Final = 60.0
SEEDS_TRIED: Final = 3
"""A smaller scenario draws otherwise: so many seeds may show the same violation in it."""
_BUSIER_MAX: Final = 6
_NAMES: Final = (
    "Ana", "Bruno", "Chloé", "David", "Elena", "Farid", "Gaëlle", "Hugo", "Inés", "Jules", "Karim",
    "Luc", "Maya", "Noé", "Olga", "Paul", "Rosa", "Samir", "Teo", "Vera", "Yann", "Zoé",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest scenario found that still fails, and its run."""

    scenario: Scenario
    result: RunResult
    tried: int


def name_of(number: int) -> str:
    """What a member is called in a transcript."""
    again, first = divmod(number, len(_NAMES))
    return _NAMES[first] if again == 0 else f"{_NAMES[first]} {again + 1}"


def oracle_of(result: RunResult) -> str:
    """Which oracle spoke first; empty when none did."""
    return result.first_violations[0].oracle if result.first_violations else ""


def shrink(
    scenario: Scenario,
    result: RunResult,
    *,
    world_type: type[World] = World,
    budget_s: float = SHRINK_MAX_S,
    clock: Callable[[], float] = time.monotonic,
) -> Shrunk:
    """Take away from a failing scenario what it does not need to fail.

    Args:
        result: of the scenario, with a violation.
        budget_s: after so much time the smallest found is good enough.
    """
    oracle, until_s, tried = oracle_of(result), clock() + budget_s, 0
    found = Shrunk(scenario, result, 0)
    smallest: Shrunk | None = found
    while smallest is not None:
        found, smallest = smallest, None
        for candidate in _smaller(found.scenario):
            seeds = range(found.result.seed, found.result.seed + SEEDS_TRIED)
            for seed in seeds if clock() < until_s else ():
                tried += 1
                run = _run(candidate, seed, world_type)
                if run is not None and oracle_of(run) == oracle:
                    smallest = Shrunk(candidate, run, tried)
                    break
            if smallest is not None:
                break
    return replace(found, tried=tried)


def _run(scenario: Scenario, seed: int, world_type: type[World]) -> RunResult | None:
    try:
        return run_scenario(scenario, seed, world_type=world_type)
    except GraphError:
        return None  # so few people cannot have so many friends


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    """Scenarios with one thing less, the greatest steps first."""
    population = scenario.population
    members = population.members if population.members_max == population.members else 0
    for fewer in (6, 12, population.members):
        if fewer > population.degree and fewer < (members or population.members_max):
            yield _with_members(scenario, fewer)
    for share in (4, 2):
        if scenario.duration_ms >= share * 600_000:
            yield replace(scenario, duration_ms=scenario.duration_ms // share)
    for fault in ("liars", "crash", "partitions_per_day", "drop", "duplicate", "delay",
                  "clock_skew_max_ms"):  # fmt: skip
        if getattr(scenario.faults, fault):
            zero = type(getattr(Faults(), fault))(0)
            yield replace(scenario, faults=replace(scenario.faults, **{fault: zero}))
    for action, rate in scenario.actions.per_day:
        if rate:
            per_day = tuple((a, 0.0 if a == action else r) for a, r in scenario.actions.per_day)
            yield replace(scenario, actions=Actions(scenario.actions.listings_at_start, per_day))


def _with_members(scenario: Scenario, members: int) -> Scenario:
    """Fewer people who do as much together: what is rare in a town is rarer among six."""
    population, actions = scenario.population, scenario.actions
    busier = min(_BUSIER_MAX, population.members_max / members)
    per_day = tuple((action, rate * busier) for action, rate in actions.per_day)
    return replace(
        scenario,
        population=replace(population, members=members, members_max=members),
        actions=replace(actions, per_day=per_day),
    )


def transcript(shrunk: Shrunk, lines_max: int = 40) -> list[str]:
    """What happened, for people: the scenario that is left, the violation, its record's story."""
    scenario, result = shrunk.scenario, shrunk.result
    faults = [
        name for name in ("liars", "crash", "partitions_per_day", "drop", "duplicate", "delay")
        if getattr(scenario.faults, name)
    ]  # fmt: skip
    acts = [action for action, rate in scenario.actions.per_day if rate]
    lines = [
        f"Left after {shrunk.tried} smaller tries: {result.members} members, "
        f"{_day(scenario.duration_ms)}, seed {result.seed}; "
        f"faults: {', '.join(faults) or 'none'}; people: {', '.join(acts) or 'do nothing'}.",
    ]
    pairs = list(zip(result.first_violations, result.stories, strict=True))
    for violation, story in pairs[:2]:
        lines.append(
            f"{violation.oracle} at {_day(violation.at_ms)}: {_named(violation.sentence)}."
        )
        lines += [f"    {_told(line)}" for line in story[-lines_max:]]
    return lines


def _day(at_ms: int) -> str:
    minutes, seconds = divmod(at_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return (f"day {days + 1} " if days else "") + f"{hours:02}:{minutes:02}:{seconds:02}"


def _told(line: str) -> str:
    """A line of ``history``: "step 12, 34.567 s: member 3 keeps ..." with a time of day."""
    head, _, rest = line.partition(": ")
    seconds = float(head.partition(", ")[2].removesuffix(" s"))
    return f"{_day(round(seconds * 1000))}  {_named(rest)}"


def _named(text: str) -> str:
    words = text.split("member ")
    named = [words[0]]
    for word in words[1:]:
        digits = next((i for i, c in enumerate(word) if not c.isdigit()), len(word))
        named.append(name_of(int(word[:digits])) + word[digits:] if digits else f"member {word}")
    return "".join(named)
