"""Results of a sweep: a line of JSON for each run as it is done, and one tidy table at the end.

``results.jsonl`` begins with what the lines belong to; each further line is on the disk before
the next run is counted as done, so that a sweep that was killed goes on where it was. A torn
last line is a run that was not done. ``results.parquet`` has a row for each run and figure, in
the order of cells and seeds, and says in its metadata how to make it again: it is the same byte
by byte, whoever did the runs and in whatever order.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final, cast

import pyarrow as pa
import pyarrow.parquet as parquet

from simulations.provenance import commit, versions
from simulations.sweeps import SweepError
from simulations.sweeps.plan import Plan, Source, Value
from simulations.sweeps.tasks import Figures

LINES: Final = "results.jsonl"
TABLE: Final = "results.parquet"
PLAN: Final = "sweep.toml"
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Done:
    """One run that is done.

    Args:
        values: what its cell varies.
    """

    cell: int
    values: tuple[tuple[str, Value], ...]
    seed: int
    figures: Figures


@dataclass(frozen=True, slots=True)
class Header:
    """What all lines of a folder belong to.

    Args:
        size: people and time of a run, where all have them in common.
        files: what the plan names, as it was.
    """

    name: str
    description: str
    instrument: str
    digest: str
    varied: tuple[tuple[str, tuple[Value, ...]], ...]
    commit: str
    versions: Mapping[str, str]
    size: str = ""
    files: tuple[Source, ...] = ()

    @classmethod
    def of(cls, plan: Plan) -> Header:
        """The header of results that this program would write."""
        return cls(
            plan.name, plan.description, plan.instrument, plan.digest, plan.varied, commit(),
            versions(), plan.size, plan.files,
        )  # fmt: skip

    def to_json(self) -> dict[str, object]:
        return {
            "format": _FORMAT,
            "name": self.name,
            "description": self.description,
            "instrument": self.instrument,
            "digest": self.digest,
            "varied": [[key, list(values)] for key, values in self.varied],
            "commit": self.commit,
            "versions": dict(self.versions),
            "size": self.size,
            "files": [asdict(source) for source in self.files],
        }


class Folder:
    """The folder of one sweep, open for more results."""

    def __init__(self, path: Path, plan: Plan) -> None:
        """Make it, or go on with what is there.

        Raises:
            SweepError: what is there belongs to another sweep or another program.
            OSError: it cannot be written.
        """
        self.path = path
        self.header = Header.of(plan)
        self.done: dict[tuple[int, int], Done] = {}
        path.mkdir(parents=True, exist_ok=True)
        lines = path / LINES
        size = 0
        if lines.exists():
            found, done, size = _read(lines)
            self._check(found)
            self.done = {(run.cell, run.seed): run for run in done}
        else:
            (path / PLAN).write_text(plan.text, encoding="utf-8")
            _write_files(path, plan.files)
        self._file: IO[bytes] = lines.open("ab")
        self._file.truncate(size)  # without a line that was torn
        if size == 0:
            self._append(self.header.to_json())

    def close(self) -> None:
        self._file.close()

    def add(self, run: Done) -> None:
        """Keep one result; when this returns it is on the disk."""
        self._append(
            {
                "cell": run.cell,
                "values": [list(pair) for pair in run.values],
                "seed": run.seed,
                "figures": run.figures,
            }
        )
        self.done[run.cell, run.seed] = run

    def write_table(self) -> Path:
        """All results so far as one tidy table; gives its path."""
        path = self.path / TABLE
        table = _table(self.header, self.done.values())
        parquet.write_table(table, path, compression="zstd")
        return path

    def _check(self, found: Header) -> None:
        if found.digest != self.header.digest:
            raise SweepError(
                f"{self.path} holds another sweep ({found.name}), or this one before it or a file "
                "that it names was changed: give --out another folder."
            )
        # Code that is not committed has no name that would tell it from other code.
        if found.commit != self.header.commit:
            raise SweepError(
                f"{self.path} was begun by another version of this program ({found.commit}; this "
                f"is {self.header.commit}), and results of two do not mix: give --out another "
                "folder."
            )

    def _append(self, value: Mapping[str, object]) -> None:
        self._file.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def _write_files(folder: Path, files: Iterable[Source]) -> None:
    """Lay what a plan names beside it, so that the folder can be run again as it is."""
    for source in files:
        name = Path(source.name)
        if source.is_bundled or name.is_absolute() or ".." in name.parts:
            continue  # the report shows it
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(source.text, encoding="utf-8")


def open_results(path: Path) -> tuple[Header, list[Done]]:
    """What a sweep's folder holds so far, by cells and seeds.

    Raises:
        SweepError: there is none, or it cannot be read.
    """
    lines = path / LINES
    if not lines.is_file():
        raise SweepError(f"{path} holds no sweep: there is no {LINES} in it.")
    try:
        header, done, _ = _read(lines)
    except OSError as error:
        raise SweepError(f"{lines} cannot be read: {error.strerror or error}.") from error
    return header, sorted(done, key=lambda run: (run.cell, run.seed))


def _read(path: Path) -> tuple[Header, list[Done], int]:
    """The header, the runs, and how many bytes of the file are whole lines."""
    raw = path.read_bytes()
    size = raw.rfind(b"\n") + 1
    try:
        first, *others = raw[:size].splitlines()
        header = _header(json.loads(first))
        return header, [_done(json.loads(line)) for line in others], size
    except (ValueError, KeyError, TypeError) as error:
        raise SweepError(f"{path} is no file of results, or is damaged.") from error


def _header(value: Mapping[str, object]) -> Header:
    if value["format"] != _FORMAT:
        raise ValueError
    varied = cast("list[tuple[str, list[Value]]]", value["varied"])
    files = value.get("files", [])
    return Header(
        name=str(value["name"]),
        description=str(value["description"]),
        instrument=str(value["instrument"]),
        digest=str(value["digest"]),
        varied=tuple((key, tuple(values)) for key, values in varied),
        commit=str(value["commit"]),
        versions=cast("Mapping[str, str]", value["versions"]),
        size=str(value.get("size", "")),
        files=tuple(Source(**source) for source in cast("list[dict[str, Any]]", files)),
    )


def _done(value: Mapping[str, object]) -> Done:
    values = cast("list[tuple[str, Value]]", value["values"])
    return Done(
        cell=cast(int, value["cell"]),
        values=tuple((key, chosen) for key, chosen in values),
        seed=cast(int, value["seed"]),
        figures=cast(Figures, value["figures"]),
    )


def _table(header: Header, done: Iterable[Done]) -> pa.Table:
    """A row for each run and figure: the cell, what it varies, the seed, the figure."""
    runs = sorted(done, key=lambda run: (run.cell, run.seed))
    rows = [(run, what, run.figures[what]) for run in runs for what in sorted(run.figures)]
    columns: dict[str, object] = {"cell": pa.array([run.cell for run, _, _ in rows], pa.int32())}
    for place, (key, values) in enumerate(header.varied):
        chosen = [run.values[place][1] for run, _, _ in rows]
        # One column has one kind: numbers where all are numbers, else texts.
        kinds = {type(value) for value in values}
        if kinds == {int, float}:
            columns[key] = pa.array([float(value) for value in chosen])
        elif len(kinds) == 1:
            columns[key] = pa.array(chosen)
        else:
            columns[key] = pa.array([json.dumps(value) for value in chosen])
    columns["seed"] = pa.array([run.seed for run, _, _ in rows], pa.int64())
    columns["figure"] = pa.array([what for _, what, _ in rows], pa.string())
    columns["value"] = pa.array(
        [None if value is None else float(value) for _, _, value in rows], pa.float64()
    )
    origin = json.dumps(header.to_json(), ensure_ascii=False).encode()
    return pa.table(columns).replace_schema_metadata({b"openhouse": origin})
