"""Connecting two friends who cannot reach each other: the friend in between.

A relay passes on the messages of a circuit between two links, as they are: the channel
inside is sealed between the two ends. It helps only friends who prove to be friends of
each other, both linked now, and says "no" to everything else without a reason.

What it costs is bounded. Memory: an end may send only what the other has given credit
for, which the relay counts as well. The line: credit is passed on no faster than the
rate of the friend who will use it. Circuits, calls and bytes of a day: per friend.

Spec: §17.3.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from node.surroundings import Connection
from protocol import limits
from protocol.errors import QuotaExceeded
from protocol.keys import MemberId
from protocol.reaching import (
    CircuitClosed,
    CircuitCredit,
    CircuitData,
    IncomingCircuit,
    OpenCircuit,
    encode_reaching,
)

_WINDOW_BYTES: Final = limits.RELAY_WINDOW_MAX_BYTES
_DAY_S: Final = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class RelayLimits:
    """What one friend may use; see ``protocol.limits``."""

    circuits: int = limits.RELAY_CIRCUITS_PER_FRIEND_MAX
    bytes_per_second: float = limits.RELAY_PER_SECOND_MAX_BYTES
    bytes_per_day: int = limits.RELAY_PER_DAY_MAX_BYTES


@dataclass(slots=True)
class _Side:
    """One end of a circuit, at the relay.

    Args:
        allowance_bytes: what it may still send, by the credit passed on to it.
        waiting_bytes: credit for it that waits for its rate.
    """

    link: Connection
    member: MemberId
    allowance_bytes: int = 0
    waiting_bytes: int = 0
    timer: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class _Relayed:
    number: bytes
    caller: _Side
    callee: _Side

    def sides(self, link: Connection) -> tuple[_Side, _Side] | None:
        """The side at this link and the other one."""
        if link is self.caller.link:
            return self.caller, self.callee
        return (self.callee, self.caller) if link is self.callee.link else None


@dataclass(slots=True)
class _Usage:
    """What a friend has sent: when its rate lets it send more, and how much today."""

    free_at_s: float = 0.0
    day_began_s: float = field(default_factory=time.monotonic)
    today_bytes: int = 0


class Relay:
    """The circuits that run through this node.

    Args:
        link_to: the link with a friend, if one stands.
        may_help: whether the friend who asks may be connected with the one named.
    """

    def __init__(
        self,
        link_to: Callable[[MemberId], Connection | None],
        may_help: Callable[[MemberId, OpenCircuit], bool],
        bounds: RelayLimits | None = None,
    ) -> None:
        self._link_to = link_to
        self._may_help = may_help
        self._bounds = bounds or RelayLimits()
        self._circuits: dict[bytes, _Relayed] = {}
        self._usage: dict[MemberId, _Usage] = {}

    def __len__(self) -> int:
        return len(self._circuits)

    def knows(self, circuit: bytes) -> bool:
        return circuit in self._circuits

    def on_open(self, link: Connection, member: MemberId, message: OpenCircuit) -> None:
        """``member`` asks for a circuit; a "no" says nothing more. Spec: §17.3."""
        there = self._link_to(message.member)
        if (
            there is None
            or there is link
            # No relay of a relay: who is reached so pays twice and bounds nothing.
            or there.is_relayed
            or link.is_relayed
            or message.circuit in self._circuits
            or self._count(member) >= self._bounds.circuits
            or self._today(member).today_bytes >= self._bounds.bytes_per_day
            or not self._may_help(member, message)
        ):
            link.send(encode_reaching(CircuitClosed(message.circuit)))
            return
        circuit = _Relayed(message.circuit, _Side(link, member), _Side(there, message.member))
        self._circuits[message.circuit] = circuit
        there.send(encode_reaching(IncomingCircuit(message.circuit, member)))

    def on_message(
        self, link: Connection, message: CircuitData | CircuitCredit | CircuitClosed
    ) -> None:
        """Pass on what came from one end.

        Raises:
            QuotaExceeded: more than it may; the circuit has ended.
        """
        circuit = self._circuits[message.circuit]
        sides = circuit.sides(link)
        if sides is None:
            # Another friend's circuit: guessing its number gives nothing.
            return
        here, there = sides
        match message:
            case CircuitData(_, data):
                self._on_data(circuit, here, there, data)
            case CircuitCredit(_, size_bytes):
                self._on_credit(circuit, there, size_bytes)
            case CircuitClosed():
                self._end(circuit)
                there.link.send(encode_reaching(message))

    def on_link_ended(self, link: Connection) -> None:
        for circuit in [c for c in self._circuits.values() if c.sides(link) is not None]:
            self._break(circuit)

    def close(self) -> None:
        for circuit in list(self._circuits.values()):
            self._break(circuit)

    # --- passing on ----------------------------------------------------------------------

    def _on_data(self, circuit: _Relayed, here: _Side, there: _Side, data: bytes) -> None:
        usage = self._today(here.member)
        here.allowance_bytes -= len(data)
        usage.today_bytes += len(data)
        if here.allowance_bytes < 0 or usage.today_bytes > self._bounds.bytes_per_day:
            self._break(circuit)
            raise QuotaExceeded("more on a circuit than may be relayed", "17.3", "ignore")
        now_s = asyncio.get_running_loop().time()
        usage.free_at_s = max(now_s, usage.free_at_s) + len(data) / self._bounds.bytes_per_second
        there.link.send(encode_reaching(CircuitData(circuit.number, data)))

    def _on_credit(self, circuit: _Relayed, there: _Side, size_bytes: int) -> None:
        there.waiting_bytes += size_bytes
        if there.allowance_bytes + there.waiting_bytes > _WINDOW_BYTES:
            self._break(circuit)
            raise QuotaExceeded("more credit than a circuit's window", "17.3", "ignore")
        if there.timer is not None:
            return
        loop = asyncio.get_running_loop()
        wait_s = self._today(there.member).free_at_s - loop.time()
        if wait_s <= 0:
            self._pass_credit(circuit, there)
        else:
            there.timer = loop.call_later(wait_s, self._pass_credit, circuit, there)

    def _pass_credit(self, circuit: _Relayed, side: _Side) -> None:
        side.timer = None
        size_bytes, side.waiting_bytes = side.waiting_bytes, 0
        side.allowance_bytes += size_bytes
        side.link.send(encode_reaching(CircuitCredit(circuit.number, size_bytes)))

    # --- ending ----------------------------------------------------------------------------

    def _break(self, circuit: _Relayed) -> None:
        """End a circuit and tell both ends (one may be gone: that is no harm)."""
        self._end(circuit)
        for side in (circuit.caller, circuit.callee):
            side.link.send(encode_reaching(CircuitClosed(circuit.number)))

    def _end(self, circuit: _Relayed) -> None:
        self._circuits.pop(circuit.number, None)
        for side in (circuit.caller, circuit.callee):
            if side.timer is not None:
                side.timer.cancel()

    # --- accounts ----------------------------------------------------------------------------

    def _count(self, member: MemberId) -> int:
        return sum(1 for circuit in self._circuits.values() if circuit.caller.member == member)

    def _today(self, member: MemberId) -> _Usage:
        usage = self._usage.setdefault(member, _Usage())
        if time.monotonic() - usage.day_began_s > _DAY_S:
            usage.day_began_s, usage.today_bytes = time.monotonic(), 0
        return usage
