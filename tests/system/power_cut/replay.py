"""From a log of writes to the disks that a power cut could have left behind.

What was written before a file's last sync is on its disk. What came after may be there, or
not, or in part: whole calls or single sectors, in any order; a seed chooses.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SECTOR_SIZE_BYTES: Final = 512
_HEAD: Final = struct.Struct("<cqQH")
WAYS: Final = ("nothing", "everything", "some calls", "some sectors")
"""What survives of the writes that were not synced."""


@dataclass(frozen=True, slots=True)
class Call:
    """One recorded call, and how long the log was after it."""

    operation: str
    path: str
    offset: int
    data: bytes
    end: int


def read_log(log: Path) -> list[Call]:
    """All calls, in order; a record that was cut short is left out."""
    content = log.read_bytes()
    calls: list[Call] = []
    place = 0
    while place + _HEAD.size <= len(content):
        operation, offset, size, length = _HEAD.unpack_from(content, place)
        start = place + _HEAD.size
        # Only writes and renames carry data; the size of others is 0.
        end = start + length + size
        if end > len(content):
            break
        path = content[start : start + length].decode()
        calls.append(Call(operation.decode(), path, offset, content[start + length : end], end))
        place = end
    return calls


@dataclass
class Disk:
    """Files by path: what is safe, and the calls since each file's last sync.

    A name that was made, changed or removed is safe once its directory was synced.
    """

    directory: str
    safe: dict[str, bytearray] = field(default_factory=dict)
    pending: dict[str, list[Call]] = field(default_factory=dict)

    def take(self, call: Call) -> None:
        match call.operation:
            case "S" if call.path == self.directory:
                self._settle_names()
            case "S":
                for waiting in self.pending.pop(call.path, []):
                    _apply(self.safe, waiting)
                self.safe.setdefault(call.path, bytearray())
            case "R":
                # Renames keep their order with what was written to the file before.
                target = call.data.decode()
                if call.path in self.safe:
                    self.safe[target] = self.safe.pop(call.path)
                moved = self.pending.pop(call.path, [])
                self.pending[target] = [
                    Call(c.operation, target, c.offset, c.data, c.end) for c in moved
                ]
            case _:
                self.pending.setdefault(call.path, []).append(call)

    def _settle_names(self) -> None:
        for path, waiting in list(self.pending.items()):
            removed = [number for number, call in enumerate(waiting) if call.operation == "U"]
            if removed:
                self.safe.pop(path, None)
                waiting = waiting[removed[-1] + 1 :]
            if any(call.operation == "C" for call in waiting):
                self.safe.setdefault(path, bytearray())
            self.pending[path] = [call for call in waiting if call.operation != "C"]

    def after_power_cut(self, way: str, chance: random.Random) -> dict[str, bytes]:
        """The files as they may be found: ``way`` is one of ``WAYS``."""
        files = {path: bytearray(content) for path, content in self.safe.items()}
        for waiting in self.pending.values():
            for call in waiting:
                parts = list(_survivors(call, way, chance))
                if call.operation == "U" and not parts:
                    break  # the name still means the old file: what follows was in a new one
                for part in parts:
                    _apply(files, part)
        return {path: bytes(content) for path, content in files.items()}


def _survivors(call: Call, way: str, chance: random.Random) -> Iterator[Call]:
    if way == "everything" or (way == "some calls" and chance.random() < 0.5):
        yield call
    elif way == "some sectors" and call.operation == "W":
        for start in range(0, len(call.data), SECTOR_SIZE_BYTES):
            if chance.random() < 0.5:
                piece = call.data[start : start + SECTOR_SIZE_BYTES]
                yield Call("W", call.path, call.offset + start, piece, call.end)
    elif way == "some sectors" and chance.random() < 0.5:
        yield call


def _apply(files: dict[str, bytearray], call: Call) -> None:
    match call.operation:
        case "C":
            files.setdefault(call.path, bytearray())
        case "U":
            files.pop(call.path, None)
        case "T":
            content = files.setdefault(call.path, bytearray())
            del content[call.offset :]
            content.extend(bytes(call.offset - len(content)))
        case "W":
            content = files.setdefault(call.path, bytearray())
            content.extend(bytes(max(0, call.offset - len(content))))
            content[call.offset : call.offset + len(call.data)] = call.data


def write_out(files: dict[str, bytes], directory: Path, target: Path) -> None:
    """Lay files of ``directory`` out below ``target``, readable by their owner only."""
    target.mkdir(mode=0o700, parents=True)
    for path, content in files.items():
        name = Path(path).relative_to(directory)
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(content)
        (target / name).chmod(0o600)
