"""Alarms: for each of many things the moment at which it wants a look, the earliest first.

What waits is found without looking at all that does not: a home may have taken part in
very many loans, and who wants to can make them more.

Pure: must not import anything that acts.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

_OUTDATED_MIN = 64


class Alarms:
    """One moment for each key, or none."""

    __slots__ = (
        "_at_ms",
        "_heap",
    )

    def __init__(self) -> None:
        self._at_ms: dict[bytes, int] = {}
        # Alarms that were set anew stay below until they come up, or are too many.
        self._heap: list[tuple[int, bytes]] = []

    def set(self, key: bytes, at_ms: int | None) -> None:
        """Set, move or (None) take away the alarm of a key."""
        if self._at_ms.get(key) == at_ms:
            return
        if at_ms is None:
            del self._at_ms[key]
        else:
            self._at_ms[key] = at_ms
            heapq.heappush(self._heap, (at_ms, key))
        if len(self._heap) > _OUTDATED_MIN + 2 * len(self._at_ms):
            self._heap = [(at_ms, key) for key, at_ms in self._at_ms.items()]
            heapq.heapify(self._heap)

    def earliest_ms(self) -> int | None:
        """The first alarm of all."""
        heap = self._heap
        while heap and self._at_ms.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def take_due(self, now_ms: int) -> Iterator[bytes]:
        """Take away the alarms whose time has come, the earliest first, of equal ones by key."""
        while (at_ms := self.earliest_ms()) is not None and at_ms <= now_ms:
            _, key = heapq.heappop(self._heap)
            del self._at_ms[key]
            yield key
