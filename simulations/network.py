"""Virtual wires between members: what a stream over the Internet does, faults and all.

A *wire* stands for one life of a secure channel. Within its life it is a stream:
messages arrive in order, each once, each after a latency, some held up. Nothing is
lost singly: where a message is dropped the wire is cut, an arbitrary tail of what was
under way in each direction never arrives, and each end learns of it at a time of its
own. What was lost is sent again, perhaps in another order, on the next wire. Where a
message is duplicated the wire is cut too, but everything arrives: neither end knows,
and what had arrived without being confirmed comes again on the next wire. So loss,
reordering, duplicates and partitions happen here as they happen to a secure channel
over TCP, and never as they could not.

The network knows nothing of members but their numbers. It puts ``WireUp``,
``WireDown`` and ``Arrival`` into the queue; the world carries them to the hosts.
All chance is drawn from one generator, in the order in which things happen.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

HANDSHAKE_MESSAGES: Final = 3
"""One-way messages of a handshake: the dialler may speak after so many latencies."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the network does to messages; shares are chances per message.

    Args:
        latency_min_ms, latency_max_ms: between which each wire's one-way latency lies.
        drop: the wire is cut instead of carrying this message.
        delay, delay_max_ms: it is held up, and what follows it on the wire behind it.
        duplicate: the wire breaks although everything arrives, so that what was not
            confirmed is given again.
        notice_max_ms: how long an end may take to learn that its wire was cut.
    """

    latency_min_ms: int = 2
    latency_max_ms: int = 80
    drop: float = 0.0
    delay: float = 0.0
    delay_max_ms: int = 0
    duplicate: float = 0.0
    notice_max_ms: int = 60_000


CALM: Final = Conditions()


class Wire:
    """One life of a channel; side 0 dialled, side 1 answered."""

    __slots__ = (
        "arrived", "arrives_ms", "ends", "is_cut", "latency_ms", "number", "sent", "tag",
    )  # fmt: skip

    def __init__(self, number: int, ends: tuple[int, int], tag: bytes, latency_ms: int) -> None:
        self.number = number
        self.ends = ends
        self.tag = tag
        """Of the invitation it was dialled with; empty between friends."""
        self.latency_ms = latency_ms
        self.is_cut = False
        self.arrives_ms = [0, 0]  # when the last message to each side arrives
        self.sent = [0, 0]  # messages to each side that arrive or have arrived: a cut takes away
        self.arrived = [0, 0]

    def side_of(self, member: int) -> int:
        return self.ends.index(member)


@dataclass(slots=True, eq=False)
class Arrival:
    """The ``number``-th message to side ``side`` of a wire gets there, unless it was lost."""

    wire: Wire
    side: int
    message: bytes
    number: int


@dataclass(frozen=True, slots=True, eq=False)
class WireUp:
    """The handshake is over on this side."""

    wire: Wire
    side: int


@dataclass(frozen=True, slots=True, eq=False)
class WireDown:
    """This side learns that its wire is gone."""

    wire: Wire
    side: int


WireEvent = WireUp | WireDown | Arrival
Item_contra = TypeVar("Item_contra", contravariant=True)


class Queue(Protocol[Item_contra]):
    """What the network needs of an ``EventQueue``."""

    now_ms: int

    def push(self, at_ms: int, item: Item_contra) -> None: ...


@dataclass(slots=True)
class Traffic:
    """What the network carried so far."""

    wires: int = 0
    messages: int = 0
    message_bytes: int = 0
    lost: int = 0
    cuts: int = 0


@dataclass(slots=True)
class Network(Generic[Item_contra]):
    """All wires of a world.

    Args:
        queue: where arrivals go.
        chance: the world's one generator.
        conditions: may be replaced at any time (healing a world: ``CALM``).
    """

    queue: Queue[WireEvent]
    chance: random.Random
    conditions: Conditions = CALM
    traffic: Traffic = field(default_factory=Traffic)
    _group_of: dict[int, int] = field(default_factory=dict)
    _open: dict[int, dict[int, Wire]] = field(default_factory=dict)
    _between: dict[tuple[int, int], int] = field(default_factory=dict)

    # --- wires -------------------------------------------------------------------------

    def can_reach(self, one: int, other: int) -> bool:
        """Whether no partition lies between two members."""
        return self._group_of.get(one, 0) == self._group_of.get(other, 0)

    def connect(self, dialler: int, responder: int, tag: bytes = b"") -> Wire | None:
        """Dial; None when a partition lies between the two. Both sides are told by ``WireUp``."""
        if not self.can_reach(dialler, responder):
            return None
        low, high = self.conditions.latency_min_ms, self.conditions.latency_max_ms
        latency_ms = low if low == high else self.chance.randint(low, high)
        self.traffic.wires += 1
        wire = Wire(self.traffic.wires, (dialler, responder), tag, latency_ms)
        self._open.setdefault(dialler, {})[wire.number] = wire
        self._open.setdefault(responder, {})[wire.number] = wire
        pair = _pair(wire.ends)
        self._between[pair] = self._between.get(pair, 0) + 1
        up_ms = self.queue.now_ms + HANDSHAKE_MESSAGES * latency_ms
        # The responder's side stands once the third message is there: the dialler's
        # first message can follow it at once, never overtake it.
        wire.arrives_ms = [up_ms, up_ms + latency_ms]
        self.queue.push(up_ms, WireUp(wire, 0))
        self.queue.push(up_ms + latency_ms, WireUp(wire, 1))
        return wire

    def wires_of(self, member: int) -> list[Wire]:
        """Wires that stand at this member, oldest first."""
        return list(self._open.get(member, {}).values())

    def are_connected(self, one: int, other: int) -> bool:
        """Whether a wire stands between two members, or is being dialled."""
        return _pair((one, other)) in self._between

    # --- messages ----------------------------------------------------------------------

    def send(self, wire: Wire, from_side: int, message: bytes) -> None:
        """Send one message; into a cut wire it vanishes, as the sender cannot know yet."""
        if wire.is_cut:
            self.traffic.lost += 1
            return
        conditions = self.conditions
        self.traffic.messages += 1
        self.traffic.message_bytes += len(message)
        if conditions.drop and self.chance.random() < conditions.drop:
            self.traffic.lost += 1
            self.cut(wire)
            return
        to_side = 1 - from_side
        arrives_ms = self.queue.now_ms + wire.latency_ms
        if conditions.delay and self.chance.random() < conditions.delay:
            arrives_ms += self.chance.randint(0, conditions.delay_max_ms)
        if arrives_ms < wire.arrives_ms[to_side]:
            arrives_ms = wire.arrives_ms[to_side]  # behind what is before it
        wire.arrives_ms[to_side] = arrives_ms
        number = wire.sent[to_side] + 1
        wire.sent[to_side] = number
        self.queue.push(arrives_ms, Arrival(wire, to_side, message, number))
        if conditions.duplicate and self.chance.random() < conditions.duplicate:
            self.cut(wire, loses=False)

    def arrived(self, arrival: Arrival) -> bool:
        """Take note that an arrival left the queue; false when it was lost on the way."""
        wire, side = arrival.wire, arrival.side
        if arrival.number > wire.sent[side]:
            return False
        wire.arrived[side] += 1
        assert wire.arrived[side] == arrival.number, "a wire keeps its order"
        return True

    # --- ends --------------------------------------------------------------------------

    def cut(self, wire: Wire, *, loses: bool = True) -> None:
        """The wire breaks, both ends learn of it later.

        Args:
            loses: a tail of what is under way in each direction is lost.
        """
        if wire.is_cut:
            return
        self.traffic.cuts += 1
        self._take_away(wire)
        for side in (0, 1):
            flying = wire.sent[side] - wire.arrived[side]
            kept = self.chance.randint(0, flying) if loses else flying
            last_ms = self._lose(wire, side, kept)
            notice_ms = self.chance.randint(1, max(1, self.conditions.notice_max_ms))
            self.queue.push(max(last_ms, self.queue.now_ms) + notice_ms, WireDown(wire, side))

    def close(self, wire: Wire, by_side: int) -> None:
        """One side closes: what it sent still arrives, what is on its way to it does not."""
        if wire.is_cut:
            return
        self._take_away(wire)
        self._lose(wire, by_side, 0)
        far_side = 1 - by_side
        last_ms = wire.arrives_ms[far_side] if wire.sent[far_side] > wire.arrived[far_side] else 0
        told_ms = max(last_ms, self.queue.now_ms + wire.latency_ms)
        self.queue.push(self.queue.now_ms, WireDown(wire, by_side))
        self.queue.push(told_ms, WireDown(wire, far_side))

    def _take_away(self, wire: Wire) -> None:
        wire.is_cut = True
        for member in wire.ends:
            del self._open[member][wire.number]
        pair = _pair(wire.ends)
        self._between[pair] -= 1
        if not self._between[pair]:
            del self._between[pair]

    def _lose(self, wire: Wire, side: int, kept: int) -> int:
        """Lose all but the first ``kept`` messages to a side; when the last of those arrives."""
        arrive = wire.arrived[side] + kept
        self.traffic.lost += wire.sent[side] - arrive
        wire.sent[side] = arrive
        return wire.arrives_ms[side] if kept else 0

    # --- partitions --------------------------------------------------------------------

    def partition(self, group_of: dict[int, int]) -> None:
        """Members of different groups cannot reach each other (absent ones are in group 0)."""
        self._group_of = group_of
        for member in sorted(self._open):
            for wire in self.wires_of(member):
                if not self.can_reach(*wire.ends):
                    self.cut(wire)

    def heal(self) -> None:
        """End every partition."""
        self._group_of = {}


def _pair(ends: tuple[int, int]) -> tuple[int, int]:
    return ends if ends[0] < ends[1] else (ends[1], ends[0])
