"""Scenarios: one TOML file says who lives in a world, by which rules, and what befalls it.

Reading is strict and comes before anything runs: an unknown key, a wrong type or a
share outside its range is refused in one sentence that names the key and what may
stand there. Durations are texts ("30d", "48h", "90m", "20s", "500ms"); shares are
chances from 0 to 1; rates of actions are per member and simulated day.

The tables and keys are the fields of the classes below, with the same names.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast, get_args

from protocol.charter import Charter, CharterError
from simulations.fitted import FITTED
from simulations.scenario_population import (
    MEMBERS_MAX,
    Blocks,
    Customs,
    TownPlan,
    read_blocks,
    read_customs,
    read_town,
)
from simulations.tables import UNITS_MS, Table, read_toml
from simulations.tables import ScenarioError as ScenarioError

GraphKind: TypeAlias = Literal[
    "small-world", "ring", "random", "town", "preferential", "blocks", "edges"
]
Pieces: TypeAlias = Literal["one", "largest", "all"]
Reach: TypeAlias = Literal["exact", "estimated"]
Action: TypeAlias = Literal[
    "add", "narrow", "widen", "edit", "withdraw", "rename", "end", "befriend", "ask", "tend"
]

ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
BUNDLED: Final = Path(__file__).parent / "scenarios"
BUNDLED_POPULATIONS: Final = BUNDLED / "population"
WEEK_MS: Final = 7 * UNITS_MS["d"]
WORLD_MEMBERS_MAX: Final = 100_000

_YEAR_MS: Final = 365 * 86_400_000


@dataclass(frozen=True, slots=True)
class Population:
    """Who is a friend of whom on the first day.

    Args:
        graph: "ring", "small-world" (a ring of which a share ``rewiring`` leads
            elsewhere), "random" (every pair alike), "town", "preferential" (who has friends
            gets more), "blocks", or "edges" (a file).
        degree: friends of each member; an average for "random".
        triads: with "preferential", the share of friendships made with a friend of a friend.
        edges: the file, relative to the scenario's.
        members_max: each seed draws a number from ``members`` to this; the world alone.
        pieces: what to do with a file that is not in one piece: refuse it ("one"), take its
            "largest", or "all".
        reach: whether everybody's circles are searched, or estimated by sketches. The population
            model alone.
        town, blocks: for those graphs; ``degree`` says nothing there.
    """

    graph: GraphKind = "small-world"
    members: int = 24
    members_max: int = 24
    degree: int = 4
    rewiring: float = 0.2
    triads: float = 0.0
    edges: Path | None = None
    pieces: Pieces = "one"
    reach: Reach = "exact"
    town: TownPlan = TownPlan()  # noqa: RUF009 - frozen
    blocks: Blocks = Blocks()  # noqa: RUF009 - frozen


def refused_pieces(
    population: Population, members: int, largest: int, pieces: int
) -> ScenarioError:
    """Why a file in several pieces is not taken as it is."""
    allowed = (
        f'"largest" (which has {largest:,} of {members:,} members) or "all", for '
        f"{population.edges} falls into {pieces:,} pieces"
    )
    return ScenarioError("population.pieces", allowed)


@dataclass(frozen=True, slots=True)
class Faults:
    """What befalls wires and machines; see ``network.Conditions`` and ``machine.Chances``.

    Args:
        nights: the share of homes that are off every night; see ``nights.Nights``.
        night_ms: how long.
    """

    drop: float = 0.0
    delay: float = 0.0
    delay_max_ms: int = 10_000
    duplicate: float = 0.0
    notice_max_ms: int = 60_000
    partitions_per_day: float = 0.0
    partition_max_ms: int = 3_600_000
    crash: float = 0.0
    down_max_ms: int = 3_600_000
    clock_skew_max_ms: int = 0
    liars: float = 0.0
    backups_per_day: float = 0.0
    restore: float = 0.0
    nights: float = 0.0
    night_ms: int = 8 * UNITS_MS["h"]


@dataclass(frozen=True, slots=True)
class Actions:
    """What people do: how many things they list at first, and rates per member and day."""

    listings_at_start: int
    per_day: tuple[tuple[Action, float], ...]

    @property
    def total_per_day(self) -> float:
        return sum(rate for _, rate in self.per_day)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole scenario, checked."""

    name: str
    description: str
    seed: int
    duration_ms: int
    population: Population
    charter: Charter
    latency_min_ms: int
    latency_max_ms: int
    faults: Faults
    actions: Actions
    customs: Customs = Customs()  # noqa: RUF009 - frozen
    sha256: str = ""
    """Of the file."""


def find_scenario(name: str, bundled_in: Path = BUNDLED) -> Path:
    """The file of a bundled scenario's name, or of a path.

    Args:
        bundled_in: the folder of those that come with the program.

    Raises:
        ScenarioError: there is no such file.
    """
    bundled = bundled_in / f"{name}.toml"
    if re.fullmatch(r"[a-z0-9-]+", name) and bundled.is_file():
        return bundled
    path = Path(name)
    if path.is_file():
        return path
    names = ", ".join(sorted(file.stem for file in bundled_in.glob("*.toml")))
    others = {"run, hunt, replay": BUNDLED, "population": BUNDLED / "population"}
    others["society (in a sweep)"] = BUNDLED / "society"
    of = [verb for verb, folder in others.items() if (folder / f"{name}.toml").is_file()]
    hint = f"; {name} is for simulate {of[0]}" if of and re.fullmatch(r"[a-z0-9-]+", name) else ""
    raise ScenarioError(name, f"a path to a scenario file, or one of {names}{hint}")


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file.

    Raises:
        ScenarioError: it cannot be read or run.
    """
    text, data = read_toml(path)
    scenario = parse_scenario(data, name=path.stem, folder=path.parent)
    return replace(scenario, sha256=hashlib.sha256(text).hexdigest())


def parse_scenario(data: Mapping[str, object], *, name: str, folder: Path) -> Scenario:
    """Check parsed TOML.

    Args:
        folder: where a relative ``population.edges`` is looked for.

    Raises:
        ScenarioError: an unknown key, a wrong type or an impossible value.
    """
    if "vary" in data:
        raise ScenarioError("vary", "nothing here: a file that varies is for simulate sweep")
    top = Table(data, "")
    network = top.table("network")
    latency_min_ms = network.duration("latency_min", 2, UNITS_MS["m"])
    latency_max_ms = network.duration("latency_max", max(80, latency_min_ms), UNITS_MS["m"])
    if latency_max_ms < latency_min_ms:
        raise ScenarioError("network.latency_max", "at least network.latency_min")
    network.finish()
    charter = _charter(top)
    scenario = Scenario(
        name=name,
        description=top.text("description", ""),
        seed=top.whole("seed", 1, 0, 2**63 - 1),
        duration_ms=top.duration("duration", UNITS_MS["d"], _YEAR_MS),
        population=_population(top.table("population"), folder),
        charter=charter,
        latency_min_ms=latency_min_ms,
        latency_max_ms=latency_max_ms,
        faults=_faults(top.table("faults")),
        actions=_actions(top.table("actions")),
        customs=read_customs(top.table("people"), charter.max_circles),
    )
    top.finish()
    sybils, members = scenario.customs.sybils, scenario.population.members
    if sybils and scenario.population.edges is None and sybils.attack_edges > members:
        allowed = f"at most population.members ({members})"
        raise ScenarioError("people.sybils.attack_edges", allowed)
    return scenario


def _charter(top: Table) -> Charter:
    table = top.take("charter", {}, dict, "a table of charter parameters")
    try:
        return Charter.from_toml(table)
    except CharterError as error:
        raise ScenarioError(f"charter.{error.key}", error.allowed) from error


def _population(table: Table, folder: Path) -> Population:
    default = Population()
    table = _like(table)
    graph = cast(GraphKind, table.choice("graph", default.graph, get_args(GraphKind)))
    file = table.text("edges", "")
    if graph == "edges" and not file:
        raise ScenarioError("population.edges", "a text, the file that holds the edges")
    if graph != "edges" and file:
        raise ScenarioError("population.edges", 'nothing, unless population.graph is "edges"')
    members = table.whole("members", default.members, 3, MEMBERS_MAX)
    members_max = table.whole("members_max", members, members, MEMBERS_MAX)
    degree = table.whole("degree", default.degree, 2, 1000)
    rewiring = table.share("rewiring", default.rewiring)
    triads = table.share("triads", default.triads)
    pieces = cast(Pieces, table.choice("pieces", default.pieces, get_args(Pieces)))
    reach = cast(Reach, table.choice("reach", default.reach, get_args(Reach)))
    town, blocks = read_town(table.table("town")), read_blocks(table.table("blocks"), members)
    if degree >= members:
        raise ScenarioError("population.degree", f"less than population.members ({members})")
    if graph in ("ring", "small-world", "edges") and degree % 2:
        raise ScenarioError("population.degree", "an even number, half of it on either side")
    table.finish()
    path = folder / file if file else None
    if path is not None and not path.exists():
        raise ScenarioError("population.edges", f"a file that is there ({path} is not)")
    return Population(
        graph, members, members_max, degree, rewiring, triads, path, pieces, reach, town, blocks
    )


def _like(table: Table) -> Table:
    """The table with what was fitted to a real network where it says nothing itself."""
    like = table.text("like", "")
    if not like:
        return table
    graph = table.text("graph", Population().graph)
    if like not in FITTED:
        raise ScenarioError("population.like", " or ".join(f'"{name}"' for name in FITTED))
    if graph not in FITTED[like]:
        allowed = " or ".join(f'"{name}"' for name in FITTED[like])
        raise ScenarioError("population.like", f"nothing, unless population.graph is {allowed}")
    return table.over(FITTED[like][graph])


def _faults(table: Table) -> Faults:
    default, day_ms = Faults(), UNITS_MS["d"]
    faults = Faults(
        drop=table.share("drop", default.drop),
        delay=table.share("delay", default.delay),
        delay_max_ms=table.duration("delay_max", default.delay_max_ms, day_ms),
        duplicate=table.share("duplicate", default.duplicate),
        notice_max_ms=table.duration("notice_max", default.notice_max_ms, 60_000),
        partitions_per_day=table.rate("partitions_per_day", default.partitions_per_day),
        partition_max_ms=table.duration("partition_max", default.partition_max_ms, _YEAR_MS),
        crash=table.share("crash", default.crash),
        down_max_ms=table.duration("down_max", default.down_max_ms, _YEAR_MS),
        # Beyond ten minutes honest records are refused as dated in the future.
        clock_skew_max_ms=table.duration("clock_skew_max", 0, 240_000),
        liars=table.share("liars", default.liars),
        backups_per_day=table.rate("backups_per_day", default.backups_per_day),
        restore=table.share("restore", default.restore),
        nights=table.share("nights", default.nights),
        night_ms=table.duration("night", default.night_ms, day_ms - 1),
    )
    table.finish()
    return faults


def _actions(table: Table) -> Actions:
    at_start = table.whole("listings_at_start", 1, 0, 100)
    rates = tuple((action, table.rate(action, 0.0)) for action in ACTIONS)
    table.finish()
    return Actions(at_start, rates)
