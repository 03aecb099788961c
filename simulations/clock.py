"""The virtual clock: what happens next, in an order that depends on nothing else.

Events within the next few seconds lie in a ring of one-millisecond buckets, the
rest in a heap, and move into the ring when their second comes. Almost everything
in a simulated network happens soon (latencies, not leases), so most events cost
two list operations and never a comparison.

The order is fixed: by time, and among events of one millisecond by order of
insertion. It never depends on hashes, addresses or the wall clock.

Pure; no randomness of its own.
"""

from __future__ import annotations

import heapq
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

RING_MS: Final = 4096
"""How far the ring looks ahead; a power of two. Longer than any usual latency,
short enough that skipping over a quiet ring costs less than handling one event."""
_MASK: Final = RING_MS - 1


class EventQueue(Generic[Item]):
    """Events in order of time, then of insertion.

    Args:
        start_ms: what ``now_ms`` is at first.
    """

    def __init__(self, start_ms: int = 0) -> None:
        self.now_ms = start_ms
        """The time of the event given last, or where ``advance`` went since."""
        self._ring: list[list[Item]] = [[] for _ in range(RING_MS)]
        self._in_ring = 0
        self._taken = 0  # of the bucket of now_ms
        self._far: list[tuple[int, int, Item]] = []
        self._inserted = 0

    def __len__(self) -> int:
        return self._in_ring + len(self._far)

    def push(self, at_ms: int, item: Item) -> None:
        """Add an event; one in the past happens now, after what is already due."""
        now_ms = self.now_ms
        if at_ms < now_ms:
            at_ms = now_ms
        if at_ms - now_ms < RING_MS:
            self._ring[at_ms & _MASK].append(item)
            self._in_ring += 1
        else:
            self._inserted += 1
            heapq.heappush(self._far, (at_ms, self._inserted, item))

    def next_ms(self) -> int | None:
        """When the next event is, or None when there is none."""
        if self._in_ring == 0:
            return self._far[0][0] if self._far else None
        at_ms = self.now_ms
        if len(self._ring[at_ms & _MASK]) > self._taken:
            return at_ms
        at_ms += 1
        while not self._ring[at_ms & _MASK]:
            at_ms += 1
        return at_ms

    def pop(self, until_ms: int | None = None) -> Item | None:
        """Take the next event and move ``now_ms`` to its time.

        Args:
            until_ms: give None, and leave the time alone, when nothing is due by then.
        """
        bucket = self._ring[self.now_ms & _MASK]
        if self._taken >= len(bucket):
            at_ms = self.next_ms()
            if at_ms is None or (until_ms is not None and at_ms > until_ms):
                return None
            self._move(at_ms)
            bucket = self._ring[at_ms & _MASK]
        elif until_ms is not None and self.now_ms > until_ms:
            return None
        item = bucket[self._taken]
        self._taken += 1
        self._in_ring -= 1
        return item

    def advance(self, to_ms: int) -> None:
        """Let time pass up to ``to_ms``; events due before it must have been taken."""
        next_ms = self.next_ms()
        assert next_ms is None or next_ms >= to_ms, "an event was passed over"
        if to_ms > self.now_ms:
            self._move(to_ms)

    def _move(self, to_ms: int) -> None:
        """Move to a later time; nothing is due in between."""
        self._ring[self.now_ms & _MASK].clear()
        self._taken = 0
        self.now_ms = to_ms
        # What comes within sight enters the ring at once, before anything newer can
        # be pushed to the same millisecond: so the order of insertion stands.
        horizon_ms = to_ms + RING_MS
        far = self._far
        while far and far[0][0] < horizon_ms:
            at_ms, _, item = heapq.heappop(far)
            self._ring[at_ms & _MASK].append(item)
            self._in_ring += 1
