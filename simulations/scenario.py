"""Scenarios: one TOML file says who lives in a world, by which rules, and what befalls it.

Reading is strict and comes before anything runs: an unknown key, a wrong type or a
share outside its range is refused in one sentence that names the key and what may
stand there. Durations are texts ("30d", "48h", "90m", "20s", "500ms"); shares are
chances from 0 to 1; rates of actions are per member and simulated day.

The tables and keys are the fields of the classes below, with the same names.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast, get_args

from protocol.charter import Charter, CharterError
from protocol.errors import OpenHouseError

GraphKind: TypeAlias = Literal["small-world", "ring", "random", "edges"]
Action: TypeAlias = Literal[
    "add", "narrow", "widen", "edit", "withdraw", "rename", "end", "befriend", "ask", "tend"
]

ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
BUNDLED: Final = Path(__file__).parent / "scenarios"
MEMBERS_MAX: Final = 100_000
FILE_SIZE_MAX_BYTES: Final = 32 * 1024

_DURATION: Final = re.compile(r"(0|[1-9][0-9]{0,8})(ms|s|m|h|d)")
_UNITS_MS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_YEAR_MS: Final = 365 * 86_400_000


class ScenarioError(OpenHouseError):
    """A scenario that cannot be run; its text is one sentence for people.

    Args:
        key: the key as it is written, with its table ("faults.drop").
        allowed: what may stand there, as a clause.
    """

    key: str
    allowed: str

    def __init__(self, key: str, allowed: str) -> None:
        super().__init__(key, allowed)
        self.key = key
        self.allowed = allowed

    def __str__(self) -> str:
        return f"The scenario's {self.key!r} is not possible; allowed: {self.allowed}."


@dataclass(frozen=True, slots=True)
class Population:
    """Who is a friend of whom on the first day.

    Args:
        graph: "ring", "small-world" (a ring of which a share ``rewiring`` leads
            elsewhere), "random" (every pair alike), or "edges" (a file).
        degree: friends of each member; an average for "random".
        edges: the file, relative to the scenario's.
        members_max: each seed draws a number from ``members`` to this.
    """

    graph: GraphKind = "small-world"
    members: int = 24
    members_max: int = 24
    degree: int = 4
    rewiring: float = 0.2
    edges: Path | None = None


@dataclass(frozen=True, slots=True)
class Faults:
    """What befalls wires and machines; see ``network.Conditions`` and ``world.Chances``."""

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


def find_scenario(name: str) -> Path:
    """The file of a bundled scenario's name, or of a path.

    Raises:
        ScenarioError: there is no such file.
    """
    bundled = BUNDLED / f"{name}.toml"
    if re.fullmatch(r"[a-z0-9-]+", name) and bundled.is_file():
        return bundled
    path = Path(name)
    if path.is_file():
        return path
    names = ", ".join(sorted(file.stem for file in BUNDLED.glob("*.toml")))
    raise ScenarioError(name, f"a path to a scenario file, or one of {names}")


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file.

    Raises:
        ScenarioError: it cannot be read or run.
    """
    try:
        with path.open("rb") as file:
            text = file.read(FILE_SIZE_MAX_BYTES + 1)
        if len(text) > FILE_SIZE_MAX_BYTES:
            allowed = f"a file of at most {FILE_SIZE_MAX_BYTES // 1024} KiB"
            raise ScenarioError(str(path), allowed)
        data = tomllib.loads(text.decode())
    except OSError as error:
        allowed = f"a readable file ({error.strerror or error})"
        raise ScenarioError(str(path), allowed) from error
    # Arrays can be too deep for the library.
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ScenarioError(str(path), f"a TOML file ({error})") from error
    return parse_scenario(data, name=path.stem, folder=path.parent)


def parse_scenario(data: Mapping[str, object], *, name: str, folder: Path) -> Scenario:
    """Check parsed TOML.

    Args:
        folder: where a relative ``population.edges`` is looked for.

    Raises:
        ScenarioError: an unknown key, a wrong type or an impossible value.
    """
    top = _Table(data, "")
    network = top.table("network")
    latency_min_ms = network.duration("latency_min", 2, _UNITS_MS["m"])
    latency_max_ms = network.duration("latency_max", max(80, latency_min_ms), _UNITS_MS["m"])
    if latency_max_ms < latency_min_ms:
        raise ScenarioError("network.latency_max", "at least network.latency_min")
    network.finish()
    charter = _charter(top)
    scenario = Scenario(
        name=name,
        description=top.text("description", ""),
        seed=top.whole("seed", 1, 0, 2**63 - 1),
        duration_ms=top.duration("duration", _UNITS_MS["d"], _YEAR_MS),
        population=_population(top.table("population"), folder),
        charter=charter,
        latency_min_ms=latency_min_ms,
        latency_max_ms=latency_max_ms,
        faults=_faults(top.table("faults")),
        actions=_actions(top.table("actions")),
    )
    top.finish()
    return scenario


def _charter(top: _Table) -> Charter:
    table = top.take("charter", {}, dict, "a table of charter parameters")
    try:
        return Charter.from_toml(table)
    except CharterError as error:
        raise ScenarioError(f"charter.{error.key}", error.allowed) from error


def _population(table: _Table, folder: Path) -> Population:
    default = Population()
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
    if degree >= members:
        raise ScenarioError("population.degree", f"less than population.members ({members})")
    if graph != "random" and degree % 2:
        raise ScenarioError("population.degree", "an even number, half of it on either side")
    table.finish()
    path = folder / file if file else None
    return Population(graph, members, members_max, degree, rewiring, path)


def _faults(table: _Table) -> Faults:
    default, day_ms = Faults(), _UNITS_MS["d"]
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
    )
    table.finish()
    return faults


def _actions(table: _Table) -> Actions:
    at_start = table.whole("listings_at_start", 1, 0, 100)
    rates = tuple((action, table.rate(action, 0.0)) for action in ACTIONS)
    table.finish()
    return Actions(at_start, rates)


class _Table:
    """One table of the file, of which every key must be asked for."""

    def __init__(self, data: Mapping[str, object], name: str) -> None:
        self._data = data
        self._name = name
        self._known: dict[str, None] = {}

    def _path(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key

    def take(self, key: str, default: object, kind: type, allowed: str) -> dict[str, object]:
        """A sub-table as it is."""
        self._known[key] = None
        value = self._data.get(key, default)
        if not isinstance(value, kind):
            raise ScenarioError(self._path(key), allowed)
        return cast("dict[str, object]", value)

    def table(self, key: str) -> _Table:
        return _Table(self.take(key, {}, dict, "a table"), key)

    def finish(self) -> None:
        """Refuse what nobody asked for."""
        for key in self._data:
            if key not in self._known:
                known = ", ".join(sorted(self._known))
                raise ScenarioError(self._path(key), f"one of {known}")

    def text(self, key: str, default: str) -> str:
        self._known[key] = None
        value = self._data.get(key, default)
        if not isinstance(value, str):
            raise ScenarioError(self._path(key), "a text")
        return value

    def choice(self, key: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(key, default)
        if value not in allowed:
            raise ScenarioError(self._path(key), " or ".join(f'"{word}"' for word in allowed))
        return value

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        self._known[key] = None
        value = self._data.get(key, default)
        # A bool is an int in Python; in a scenario it is a mistake.
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ScenarioError(self._path(key), f"a whole number from {low} to {high}")
        return value

    def share(self, key: str, default: float) -> float:
        return self._number(key, default, 1.0, "a share from 0 to 1")

    def rate(self, key: str, default: float) -> float:
        return self._number(key, default, 1e6, "a number a day, 0 or more")

    def _number(self, key: str, default: float, high: float, allowed: str) -> float:
        self._known[key] = None
        value = self._data.get(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= high:
            raise ScenarioError(self._path(key), allowed)
        return float(value)

    def duration(self, key: str, default_ms: int, high_ms: int) -> int:
        self._known[key] = None
        value = self._data.get(key)
        if value is None:
            return default_ms
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        duration_ms = int(match[1]) * _UNITS_MS[match[2]] if match else -1
        if not 0 <= duration_ms <= high_ms:
            allowed = f'a duration such as "20s", "90m" or "2d", at most {high_ms // 1000} seconds'
            raise ScenarioError(self._path(key), allowed)
        return duration_ms
