"""The virtual clock: what happens next, in an order that depends on nothing else.

Events of one millisecond lie in one bucket, and a heap holds the milliseconds that
have one. In a large world many events share a millisecond and cost a list operation
each; in a small one whose hours are mostly quiet the heap finds the next at once.

The order is fixed: by time, and among events of one millisecond by order of
insertion. It never depends on hashes, addresses or the wall clock.

Pure; no randomness of its own.
"""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

Item = TypeVar("Item")


class EventQueue(Generic[Item]):
    """Events in order of time, then of insertion.

    Args:
        start_ms: what ``now_ms`` is at first.
    """

    __slots__ = ("_buckets", "_due", "_times", "now_ms")

    def __init__(self, start_ms: int = 0) -> None:
        self.now_ms = start_ms
        """The time of the event given last, or where ``advance`` went since."""
        self._due: list[Item] = []  # what is left of the bucket being served, the next at the end
        self._buckets: dict[int, list[Item]] = {}
        self._times: list[int] = []  # the heap: each millisecond that has a bucket, once

    def __len__(self) -> int:
        return len(self._due) + sum(map(len, self._buckets.values()))

    def push(self, at_ms: int, item: Item) -> None:
        """Add an event; one in the past happens now, after what is already due."""
        if at_ms < self.now_ms:
            at_ms = self.now_ms
        bucket = self._buckets.get(at_ms)
        if bucket is None:
            # Also for the millisecond being served: the new bucket comes after what is left of it.
            self._buckets[at_ms] = [item]
            heapq.heappush(self._times, at_ms)
        else:
            bucket.append(item)

    def next_ms(self) -> int | None:
        """When the next event is, or None when there is none."""
        if self._due:
            return self.now_ms
        return self._times[0] if self._times else None

    def pop(self, until_ms: int | None = None) -> Item | None:
        """Take the next event and move ``now_ms`` to its time.

        Args:
            until_ms: give None, and leave the time alone, when nothing is due by then.
        """
        if not self._due:
            times = self._times
            if not times or (until_ms is not None and times[0] > until_ms):
                return None
            self.now_ms = heapq.heappop(times)
            self._due = self._buckets.pop(self.now_ms)
            self._due.reverse()
        elif until_ms is not None and self.now_ms > until_ms:
            return None
        return self._due.pop()

    def advance(self, to_ms: int) -> None:
        """Let time pass up to ``to_ms``; events due before it must have been taken."""
        next_ms = self.next_ms()
        assert next_ms is None or next_ms >= to_ms, "an event was passed over"
        self.now_ms = max(self.now_ms, to_ms)
