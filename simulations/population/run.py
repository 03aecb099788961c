"""Running a scenario as a population: what it needs, the weeks, and what comes out.

Before anything is made, the memory it takes is estimated and compared with what is free.
What comes out are two tables, a row for each week and a row for each member, as Parquet, with
all that is needed to make them again in their metadata.
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from simulations.cli_population import PopulationRefused
from simulations.memory import Need, free_memory_bytes, memory_peak_bytes
from simulations.population.compiled import Numbers, cores
from simulations.population.crowds import with_crowd
from simulations.population.csr import Csr
from simulations.population.reach import reach, spread_of
from simulations.population.sketches import REGISTERS, STANDARD_ERROR, estimated_reach
from simulations.population.sources import friends_expected, friendships, made_bytes
from simulations.population.weeks import Week, Weeks
from simulations.provenance import commit, versions
from simulations.scenario import WEEK_MS, Scenario
from simulations.shapes import family_size

BASE_BYTES: Final = 350_000_000
"""Python, numba and pyarrow, before there is anybody."""
SPARE: Final = 1.15
_FILE_BYTES: Final = 14
"""For each byte of a file of friendships while it is read and sorted."""
_PACKED: Final = 10
"""How many times as long the text of a packed file may be."""
_FRIEND_RUN_BYTES: Final = 6
"""For each friend of each member in a week: rows and two counters."""
_FRIEND_LEAVING_BYTES: Final = 19
"""While rows are written anew without those who moved away."""
_MEMBER_BYTES: Final = 64
_THREAD_BYTES: Final = 24
_WORD_BYTES: Final = 18
"""A word, while words are merged."""
_WORDS_PER_WEEK: Final = 0.12
"""Words that somebody gets a week, with the usual needs."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to. The keys are stable."""

    scenario: str
    seed: int
    members: int
    friendships: int
    weeks: int
    reach: list[dict[str, float]]
    """For each number of circles, how many people are within them."""
    reach_error: float
    """Standard error of one member's reach, relative to it; 0 where it is exact."""
    last_week: dict[str, float]
    agreed: int
    lost: int
    crowd_far: int
    """Things lent to attackers from beyond their friends."""
    digest: str
    seconds: float
    memory_mb: int


@dataclass(slots=True)
class Run:
    """One scenario and seed on its way.

    Args:
        told: called with the share of the work that is done.
    """

    scenario: Scenario
    seed: int
    threads: int | None = None
    told: Callable[[float], None] = lambda share: None

    @property
    def weeks(self) -> int:
        return self.scenario.duration_ms // WEEK_MS

    def need(self) -> Need:
        """The memory that this takes at its fullest, by sums that docs/population.md explains."""
        population = self.scenario.population
        members, friends = population.members, friends_expected(population)
        read = 0.0
        if population.edges is not None:
            # About ten letters for each friendship in a file, each in two rows.
            size = _size_of(population.edges)
            members, friends = size // 40, 8.0
            read = 0.0 if population.edges.is_dir() else _FILE_BYTES * size
        if (sybils := self.scenario.customs.sybils) is not None:
            members += sybils.sybils
            friends += 2 * family_size(sybils) / members
        words = members * self.weeks * _WORDS_PER_WEEK * self.scenario.customs.needs
        each = _FRIEND_RUN_BYTES
        if self.scenario.customs.year.moves_away:
            each += _FRIEND_LEAVING_BYTES
        a_run = members * (
            _MEMBER_BYTES + friends * each + (self.threads or cores()) * _THREAD_BYTES
        )
        made = max(read, made_bytes(members, friends))
        if population.reach == "estimated":
            made = max(made, members * (friends * _FRIEND_RUN_BYTES + 2 * REGISTERS))
        needed = BASE_BYTES + SPARE * max(made, a_run + words * _WORD_BYTES)
        return Need(int(needed), free_memory_bytes())

    def run(self, out: Path | None = None, graph_out: Path | None = None) -> Result:
        """Run it, if it fits.

        Raises:
            PopulationRefused: it does not.
            GraphError, ScenarioError: there is no such graph.
        """
        need = self.need()
        if not need.fits:
            raise PopulationRefused(
                f"This {need}: take fewer members or weeks, or a machine with more memory."
            )
        started = time.perf_counter()
        population = self.scenario.population
        graph = friendships(population, population.members, self.seed, self.threads)
        crowd = None
        if self.scenario.customs.sybils is not None:
            graph, crowd = with_crowd(graph, self.scenario.customs.sybils, self.seed)
        if graph_out is not None:
            graph.save(graph_out)
        self.told(0.05)
        sizes = self._reach(graph)
        self.told(0.1)
        life = Weeks(
            graph,
            self.scenario.charter,
            self.scenario.customs,
            self.seed,
            threads=self.threads,
            crowd=crowd,
        )
        rows = []
        for week in range(self.weeks):
            rows.append(life.live())
            self.told(0.1 + 0.9 * (week + 1) / self.weeks)
        result = self._result(graph, sizes, rows, life, time.perf_counter() - started)
        if out is not None:
            self._write(out, sizes, rows, life, result)
        return result

    def _reach(self, graph: Csr) -> Numbers:
        circles = self.scenario.charter.max_circles
        if self.scenario.population.reach == "estimated":
            return estimated_reach(graph, circles, self.seed, threads=self.threads)
        return reach(graph, circles, threads=self.threads)

    def _result(
        self, graph: Csr, sizes: Numbers, rows: list[Week], life: Weeks, seconds: float
    ) -> Result:
        within = np.cumsum(sizes, axis=1, dtype=np.int32)
        spreads = [asdict(spread_of(within[:, circle])) for circle in range(within.shape[1])]
        is_estimated = self.scenario.population.reach == "estimated"
        return Result(
            scenario=self.scenario.name,
            seed=self.seed,
            members=graph.members,
            friendships=graph.friendships,
            weeks=self.weeks,
            reach=spreads,
            reach_error=round(STANDARD_ERROR, 3) if is_estimated else 0.0,
            last_week=asdict(rows[-1]) if rows else {},
            agreed=sum(row.agreed_1 + row.agreed_2 + row.agreed_3 for row in rows),
            lost=sum(row.lost for row in rows),
            crowd_far=sum(row.crowd_far for row in rows),
            digest=_digest(graph, sizes, rows, life),
            seconds=round(seconds, 2),
            memory_mb=memory_peak_bytes() // 1_000_000,
        )

    # --- what comes out ----------------------------------------------------------------

    def _write(
        self, out: Path, sizes: Numbers, rows: list[Week], life: Weeks, result: Result
    ) -> None:
        out.mkdir(parents=True, exist_ok=True)
        origin = {b"openhouse": json.dumps(self.provenance()).encode()}
        stem = f"{self.scenario.name}-{self.seed}"
        weeks = {field.name: [getattr(row, field.name) for row in rows] for field in fields(Week)}
        members = {
            "member": np.arange(len(sizes), dtype=np.int32),
            **{f"circle_{n + 1}": sizes[:, n] for n in range(sizes.shape[1])},
            "circles_open": life.opened,
            "things": life.people.owned,
            "words": np.diff(life.words.offsets).astype(np.int32),
        }
        for name, columns in (("weeks", weeks), ("members", members)):
            table = pa.table(columns).replace_schema_metadata(origin)
            parquet.write_table(table, out / f"{stem}-{name}.parquet", compression="zstd")
        text = json.dumps({"result": asdict(result), "provenance": self.provenance()}, indent=2)
        (out / f"{stem}.json").write_text(text + "\n", encoding="utf-8")

    def provenance(self) -> dict[str, object]:
        """What one has to know to make the same tables again."""
        return {
            "model": "population",
            "commit": commit(),
            "scenario": self.scenario.name,
            "scenario_sha256": self.scenario.sha256,
            "seed": self.seed,
            "charter": dict(self.scenario.charter.to_parameters()),
            "versions": versions(),
            "machine": platform.machine(),
        }


def _digest(graph: Csr, sizes: Numbers, rows: list[Week], life: Weeks) -> str:
    """The same for the same scenario and seed, on any number of threads."""
    digest = hashlib.sha256()
    for array in (graph.offsets, graph.neighbours, sizes, *life.words, *life.units, life.opened):
        digest.update(np.ascontiguousarray(array).data)
    digest.update(json.dumps([asdict(row) for row in rows]).encode())
    return digest.hexdigest()


def _size_of(path: Path) -> int:
    try:
        if path.is_dir():
            return sum(file.stat().st_size for file in path.iterdir())
        return path.stat().st_size * (_PACKED if path.suffix == ".xz" else 1)
    except OSError:
        return 0
