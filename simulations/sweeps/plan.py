"""Plans: a TOML file that says which scenario, which of its values to vary, and which seeds.

    instrument = "society"                    # or "population", "world"
    base = "town"                             # a bundled scenario's name or a file
    charter = "ours.toml"                     # the house's own rules, if not the scenario's
    seeds = 5

    [scenario]                                # what differs from the base
    duration = "210d"

    [vary]                                    # every combination is a cell
    "charter.circle_2_exchanges" = [1, 2, 3]
    "people.behaviours.defector" = [0.0, 0.05, 0.1]

All cells are checked as scenarios before anything runs. The same plan has the same digest,
wherever its files lie; seeds are not part of it, so that some can be added later. What it names
(the base, charters, behaviours of one's own) is kept as it was, to be shown and to be run again.
"""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, cast, get_args

from simulations.behaviours import behaviour_named
from simulations.behaviours.own import file_of, look_in
from simulations.charter_file import read_charter
from simulations.scenario import (
    BUNDLED,
    WEEK_MS,
    Scenario,
    ScenarioError,
    find_scenario,
    parse_scenario,
)
from simulations.sweeps.tasks import Instrument, check, check_file, scenario_of
from simulations.tables import Table, read_toml

VALUES_MAX: Final = 50
VARIED_MAX: Final = 6
TASKS_MAX: Final = 100_000
SEEDS_MAX: Final = 10_000

_WHOLES: Final = ("tempers", "behaviours")

Value: TypeAlias = bool | int | float | str
Tables: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination of the varied values.

    Args:
        values: what is varied, in the order of the file.
        data: the scenario's tables with these values in place.
    """

    number: int
    values: tuple[tuple[str, Value], ...]
    data: Tables


@dataclass(frozen=True, slots=True)
class Source:
    """A file that a plan names, as it was when it was read.

    Args:
        name: as the plan names it.
        is_bundled: it comes with the program.
    """

    name: str
    text: str
    is_bundled: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole sweep, checked.

    Args:
        varied: each key with its values, in the order of the file.
        folder: where relative files of the scenario are looked for.
        text: the file as it was written.
        files: what it names, with the code of behaviours of one's own.
    """

    name: str
    description: str
    instrument: Instrument
    seeds: tuple[int, ...]
    varied: tuple[tuple[str, tuple[Value, ...]], ...]
    cells: tuple[Cell, ...]
    folder: Path
    text: str
    files: tuple[Source, ...] = ()

    @property
    def digest(self) -> str:
        """The same for the same cells, and behaviours, on the same instrument."""
        whole: list[object] = [self.instrument, [[cell.values, cell.data] for cell in self.cells]]
        if code := [source.text for source in self.files if source.name.endswith(".py")]:
            whole.append(code)
        text = json.dumps(whole, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def size(self) -> str:
        """How many people for how long, as far as all cells have it in common."""
        scenarios = [self.scenario(cell) for cell in self.cells]
        members = {scenario.population.members: None for scenario in scenarios}
        times = {scenario.duration_ms: None for scenario in scenarios}
        told = [f"{number:,} members" for number in members] if len(members) == 1 else []
        if len(times) == 1:
            told += [_time(ms) for ms in times]
        return ", ".join(told)

    def scenario(self, cell: Cell) -> Scenario:
        """The scenario of a cell; it was checked when the plan was read."""
        return scenario_of(cell.data, self.name, str(self.folder))


def read_plan(path: Path) -> Plan:
    """Read a sweep's file and all that it names.

    Raises:
        ScenarioError, CharterFileError, MixError: something cannot be read or run.
    """
    text, data = read_toml(path)
    look_in(path.parent)
    top = Table(data, "")
    instrument = cast(Instrument, top.choice("instrument", "population", get_args(Instrument)))
    first = top.whole("first_seed", 1, 0, 2**53)
    seeds = tuple(range(first, first + top.whole("seeds", 20, 1, SEEDS_MAX)))
    description = top.text("description", "")
    base, folder, sources = _base(top.text("base", ""), path.parent, instrument)
    if charter := top.text("charter", ""):
        base["charter"] = _charter(path.parent, charter, sources)
    base = _over(base, top.take("scenario", {}, dict, "a table of a scenario's keys"))
    varied = _varied(top.take("vary", {}, dict, "a table of keys, each with its values"))
    top.finish()
    number = math.prod(len(values) for _, values in varied)
    if number * len(seeds) > TASKS_MAX:
        allowed = f"at most {TASKS_MAX:,} runs in all (these: {number * len(seeds):,})"
        raise ScenarioError("vary", allowed)
    keys = [key for key, _ in varied]
    for key in keys if instrument == "world" else []:
        if key.startswith("people."):
            allowed = "nothing here: the people of a world act at random, by actions"
            raise ScenarioError(f"vary.{key}", allowed)
    cells: list[Cell] = []
    files: dict[object, Scenario] = {}
    for values in itertools.product(*(values for _, values in varied)):
        chosen = tuple(zip(keys, values, strict=True))
        tables = copy.deepcopy(base)
        for key, value in chosen:
            if key == "charter":
                tables[key] = _charter(path.parent, str(value), sources)
            else:
                _put(tables, key, value)
        scenario = parse_scenario(tables, name=path.stem, folder=folder)
        check(scenario, instrument)
        files[scenario.population.edges, scenario.population.pieces] = scenario
        for name, _ in scenario.customs.behaviours:
            _keep_code(name, sources)
        cells.append(Cell(len(cells), chosen, tables))
    for scenario in files.values():
        check_file(scenario, instrument)
    return Plan(
        path.stem,
        description,
        instrument,
        seeds,
        varied,
        tuple(cells),
        folder.resolve(),
        text.decode(),
        tuple(sources.values()),
    )


def _base(
    name: str, folder: Path, instrument: Instrument
) -> tuple[Tables, Path, dict[str, Source]]:
    """The tables of the scenario that a sweep starts from, where its files are, and its text."""
    if not name:
        return {}, folder, {}
    beside = folder / name
    bundled = BUNDLED if instrument == "world" else BUNDLED / instrument
    file = beside if beside.is_file() else find_scenario(name, bundled)
    text, tables = read_toml(file)
    return tables, file.parent, {name: Source(name, text.decode(), file != beside)}


def _charter(folder: Path, name: str, sources: dict[str, Source]) -> Tables:
    """The numbers of a house's file."""
    text, numbers = read_charter(folder / name)
    sources[name] = Source(name, text)
    return numbers


def _keep_code(name: str, sources: dict[str, Source]) -> None:
    """Keep a file of behaviours of one's own, if this one is."""
    file = file_of(behaviour_named(name))
    if file is not None and file.name not in sources:
        sources[file.name] = Source(file.name, file.read_text(encoding="utf-8"))


def _time(ms: int) -> str:
    return f"{ms // WEEK_MS} weeks" if ms >= WEEK_MS else f"{ms / 3_600_000:g} hours"


def _over(base: Tables, changes: Mapping[str, object]) -> Tables:
    """The base's tables with these keys in place of its own.

    Shares of a whole are replaced together: with some of another whole they would not add up.
    """
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and key not in _WHOLES:
            merged[key] = _over(cast(Tables, old), cast(Tables, value))
        else:
            merged[key] = value
    return merged


def _varied(table: Mapping[str, object]) -> tuple[tuple[str, tuple[Value, ...]], ...]:
    if len(table) > VARIED_MAX:
        raise ScenarioError("vary", f"at most {VARIED_MAX} keys")
    varied = []
    for key, values in table.items():
        allowed = f"a list of 1 to {VALUES_MAX} different numbers, texts, true or false"
        if not isinstance(values, list) or not 1 <= len(values) <= VALUES_MAX:
            hint = ""
            if isinstance(values, dict):
                hint = f'; quote a key that has dots: "{key}.{next(iter(values), "…")}" = […]'
            raise ScenarioError(f"vary.{key}", allowed + hint)
        if any(not isinstance(value, bool | int | float | str) for value in values):
            raise ScenarioError(f"vary.{key}", allowed)
        if len({json.dumps(value) for value in values}) < len(values):
            raise ScenarioError(f"vary.{key}", allowed)
        varied.append((key, tuple(cast("list[Value]", values))))
    return tuple(varied)


def _put(tables: Tables, key: str, value: Value) -> None:
    """Write a value where a dotted key points to."""
    *names, last = key.split(".")
    inner = tables
    for name in names:
        step = inner.setdefault(name, {})
        if not isinstance(step, dict):
            raise ScenarioError(f"vary.{key}", f"a key of the scenario ({name!r} is no table)")
        inner = cast(Tables, step)
    inner[last] = value
