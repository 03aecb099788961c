"""The arrival log: in which order this node came to hold what it may pass on.

Every entry stands once, at its latest number; what becomes eligible for somebody
new is moved to the end (bumped). A friend's cursor into this log is all that is
needed to know what is new for them. Spec: §8.3.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Literal

from protocol.keys import MemberId, ObjectId

LogKey = (
    tuple[MemberId, ObjectId]
    | tuple[Literal["paths"], MemberId]
    | tuple[Literal["revocation"], bytes]
)
"""What an entry is about: a register, the paths to an origin, or a revocation."""

_COMPACT_MIN = 256


class ArrivalLog:
    """Numbers from 1 upwards; ``top`` is the last given, ``stored_top`` the last persisted."""

    __slots__ = (
        "_keys",
        "_number_of",
        "_numbers",
        "epoch",
        "stored_top",
        "top",
    )

    def __init__(self, epoch: bytes) -> None:
        self.epoch = epoch
        self.top = 0
        self.stored_top = 0
        self._number_of: dict[LogKey, int] = {}
        self._numbers: list[int] = []
        self._keys: list[LogKey] = []

    def bump(self, key: LogKey) -> int:
        """Give ``key`` a new number at the end."""
        self.top += 1
        self._number_of[key] = self.top
        self._numbers.append(self.top)
        self._keys.append(key)
        if len(self._numbers) > _COMPACT_MIN + 2 * len(self._number_of):
            self._compact()
        return self.top

    def forget(self, key: LogKey) -> None:
        self._number_of.pop(key, None)

    def restore(self, entries: list[tuple[int, LogKey]], top: int) -> None:
        """Fill an empty log from the store, entries in any order."""
        for number, key in sorted(entries, key=lambda entry: entry[0]):
            self._number_of[key] = number
            self._numbers.append(number)
            self._keys.append(key)
        self.top = max([top, *self._numbers[-1:]])
        self.stored_top = top

    def since(self, position: int) -> Iterator[tuple[int, LogKey]]:
        """Entries with a number above ``position``, in order. Do not bump while iterating."""
        for index in range(bisect_right(self._numbers, position), len(self._numbers)):
            number, key = self._numbers[index], self._keys[index]
            if self._number_of.get(key) == number:
                yield number, key

    def number_of(self, key: LogKey) -> int | None:
        return self._number_of.get(key)

    def __len__(self) -> int:
        return len(self._number_of)

    def _compact(self) -> None:
        live = [
            (number, key)
            for number, key in zip(self._numbers, self._keys, strict=True)
            if self._number_of.get(key) == number
        ]
        self._numbers = [number for number, _ in live]
        self._keys = [key for _, key in live]
