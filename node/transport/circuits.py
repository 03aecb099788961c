"""Circuits through a common friend's node, as their two ends see them.

A circuit carries what a WebSocket would: the messages of a handshake and of a channel,
whole and in order. So a link runs over it as over any other connection, and the friend
in between sees sizes and times alone. How much may be under way in each direction is
bounded by credit: the reader gives it, as it reads.

Spec: §17.3.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from typing import Final

import aiohttp

from node.errors import DialFailed
from node.surroundings import Connection
from protocol import limits
from protocol.errors import QuotaExceeded
from protocol.keys import MemberId
from protocol.reaching import (
    CIRCUIT_ID_SIZE_BYTES,
    CircuitClosed,
    CircuitCredit,
    CircuitData,
    IncomingCircuit,
    OpenCircuit,
    Proof,
    encode_reaching,
)

OPEN_MAX_S: Final = 10.0
_WINDOW_BYTES: Final = limits.RELAY_WINDOW_MAX_BYTES
# Credit is given in lumps: every one is a message on two links.
_LUMP_BYTES: Final = _WINDOW_BYTES // 4


class Circuit:
    """One end of a circuit; a ``node.transport.links.Pipe``.

    Args:
        link: with the friend in between.
        on_ended: called once, when this end is done with it.
    """

    def __init__(
        self, number: bytes, link: Connection, on_ended: Callable[[Circuit], None]
    ) -> None:
        self.number = number
        self.link = link
        self._on_ended = on_ended
        self._incoming: deque[bytes] = deque()
        self._has_incoming = asyncio.Event()
        self._credit_bytes = 0
        self._has_credit = asyncio.Event()
        self._granted_bytes = 0
        self._read_bytes = 0
        self._is_ended = False

    # --- what a link does with it --------------------------------------------------------

    async def receive(self) -> aiohttp.WSMessage:
        """The next message, or the end."""
        while not self._incoming:
            if self._is_ended:
                return aiohttp.WSMessage(aiohttp.WSMsgType.CLOSED, None, None)
            self._has_incoming.clear()
            await self._has_incoming.wait()
        data = self._incoming.popleft()
        self._read_bytes += len(data)
        if self._read_bytes >= _LUMP_BYTES and not self._is_ended:
            self._grant(self._read_bytes)
        return aiohttp.WSMessage(aiohttp.WSMsgType.BINARY, data, None)

    async def send_bytes(self, data: bytes) -> None:
        """Send one message when the other end has room for it."""
        while self._credit_bytes < len(data) and not self._is_ended:
            self._has_credit.clear()
            await self._has_credit.wait()
        if self._is_ended:
            raise ConnectionResetError("the circuit has ended")
        self._credit_bytes -= len(data)
        self.link.send(encode_reaching(CircuitData(self.number, data)))

    async def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        """End it here and, through the friend, there."""
        if not self._is_ended:
            self.link.send(encode_reaching(CircuitClosed(self.number)))
            self.end()

    # --- what arrives --------------------------------------------------------------------

    def grant_first(self) -> None:
        """Let the other end begin: said once, by both."""
        self._grant(_WINDOW_BYTES)

    def on_data(self, data: bytes) -> None:
        """Raises QuotaExceeded: the other end sent more than it was given room for."""
        self._granted_bytes -= len(data)
        if self._granted_bytes < 0:
            raise QuotaExceeded("more on a circuit than there was credit for", "17.3")
        self._incoming.append(data)
        self._has_incoming.set()

    def on_credit(self, size_bytes: int) -> None:
        self._credit_bytes = min(self._credit_bytes + size_bytes, _WINDOW_BYTES)
        self._has_credit.set()

    def end(self) -> None:
        """The circuit has ended: whoever waits for it hears so."""
        if not self._is_ended:
            self._is_ended = True
            self._has_incoming.set()
            self._has_credit.set()
            self._on_ended(self)

    async def wait_until_open(self) -> bool:
        """Whether the other end took it; that is its first credit."""
        while not self._credit_bytes and not self._is_ended:
            self._has_credit.clear()
            await self._has_credit.wait()
        return not self._is_ended

    def _grant(self, size_bytes: int) -> None:
        self._read_bytes = 0
        self._granted_bytes += size_bytes
        self.link.send(encode_reaching(CircuitCredit(self.number, size_bytes)))


class Circuits:
    """All circuits that end at this node.

    Args:
        on_call: serves a circuit that a friend of ours opened to us.
        may_take: whether to take a call from this member.
    """

    def __init__(
        self,
        on_call: Callable[[Circuit], None],
        may_take: Callable[[MemberId], bool],
    ) -> None:
        self._on_call = on_call
        self._may_take = may_take
        self._circuits: dict[bytes, Circuit] = {}

    def __len__(self) -> int:
        return len(self._circuits)

    async def open(self, link: Connection, member: MemberId, proof: Proof) -> Circuit:
        """A circuit to ``member`` through the friend at the other end of ``link``.

        Raises:
            DialFailed: no; the friend does not say why.
        """
        circuit = self._add(os.urandom(CIRCUIT_ID_SIZE_BYTES), link)
        link.send(encode_reaching(OpenCircuit(circuit.number, member, proof)))
        try:
            async with asyncio.timeout(OPEN_MAX_S):
                is_open = await circuit.wait_until_open()
        except BaseException as error:
            circuit.abort()
            if isinstance(error, TimeoutError):
                raise DialFailed("The common friend did not answer") from error
            raise
        if not is_open:
            raise DialFailed("The common friend cannot connect us")
        circuit.grant_first()
        return circuit

    def on_incoming(self, link: Connection, message: IncomingCircuit) -> None:
        """A common friend asks whether a friend may be connected."""
        through_link = sum(1 for circuit in self._circuits.values() if circuit.link is link)
        is_crowded = through_link >= 2 * limits.RELAY_CIRCUITS_PER_FRIEND_MAX
        if message.circuit in self._circuits:
            return
        if is_crowded or not self._may_take(message.member):
            link.send(encode_reaching(CircuitClosed(message.circuit)))
            return
        circuit = self._add(message.circuit, link)
        circuit.grant_first()
        self._on_call(circuit)

    def on_message(
        self, link: Connection, message: CircuitData | CircuitCredit | CircuitClosed
    ) -> None:
        """What arrives on a circuit; of unknown ones, nothing is said: they cross with an end."""
        circuit = self._circuits.get(message.circuit)
        if circuit is None or circuit.link is not link:
            return
        match message:
            case CircuitData(_, data):
                try:
                    circuit.on_data(data)
                except QuotaExceeded:
                    circuit.abort()
                    raise
            case CircuitCredit(_, size_bytes):
                circuit.on_credit(size_bytes)
            case CircuitClosed():
                circuit.end()

    def on_link_ended(self, link: Connection) -> None:
        for circuit in [c for c in self._circuits.values() if c.link is link]:
            circuit.end()

    def close(self) -> None:
        for circuit in list(self._circuits.values()):
            circuit.abort()

    def _add(self, number: bytes, link: Connection) -> Circuit:
        circuit = Circuit(number, link, lambda ended: self._forget(ended))
        self._circuits[number] = circuit
        return circuit

    def _forget(self, circuit: Circuit) -> None:
        self._circuits.pop(circuit.number, None)
