"""The gate before the peer port: how many strangers may stand in it at once.

From the first byte of a connection until its handshake has succeeded it is *half
open*: nothing is known of who is there. Half-open connections are few in all, fewer
from one network, and short. So whoever opens connections and says nothing, or says
one byte a minute, or nonsense, takes up little and leaves soon, and friends get in.

Works on connections, before HTTP is spoken: the library above waits for a request
as long as it takes.

Spec: §14.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from protocol import limits

_HANDSHAKE_MAX_S: Final = limits.HANDSHAKE_MAX_MS / 1000


class Gate:
    """Counts what is half open.

    Args:
        count: told a code for each connection turned away.
    """

    def __init__(
        self, count: Callable[[str], None], handshake_max_s: float = _HANDSHAKE_MAX_S
    ) -> None:
        self._count = count
        self._handshake_max_s = handshake_max_s
        self._by_network: dict[str, int] = {}
        self._waiting: dict[asyncio.BaseTransport, tuple[str, asyncio.TimerHandle]] = {}

    def admit(self, transport: asyncio.Transport) -> bool:
        """Let a new connection in, or turn it away: then it is closed already."""
        network = network_of(transport.get_extra_info("peername"))
        is_crowded = network != "" and self._by_network.get(network, 0) >= (
            limits.HANDSHAKES_HALF_OPEN_PER_NETWORK_MAX
        )
        if is_crowded or len(self._waiting) >= limits.HANDSHAKES_HALF_OPEN_MAX:
            self._count("half-open-limit")
            transport.abort()
            return False
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._handshake_max_s, self._expire, transport)
        self._waiting[transport] = (network, timer)
        self._by_network[network] = self._by_network.get(network, 0) + 1
        return True

    def leave(self, transport: asyncio.BaseTransport | None) -> None:
        """The handshake has succeeded, or the connection is gone; twice is harmless."""
        known = None if transport is None else self._waiting.pop(transport, None)
        if known is None:
            return
        network, timer = known
        timer.cancel()
        self._by_network[network] -= 1
        if not self._by_network[network]:
            del self._by_network[network]

    def _expire(self, transport: asyncio.Transport) -> None:
        self._count("handshake-timeout")
        self.leave(transport)
        transport.abort()

    def __len__(self) -> int:
        return len(self._waiting)


def network_of(peer: object) -> str:
    """The network a connection comes from: IPv4 /24, IPv6 /48.

    Empty for this computer itself: a proxy before this node, or several nodes on one
    machine, are not one crowd.
    """
    if not isinstance(peer, tuple) or not peer or not isinstance(peer[0], str):
        return ""
    address: IPv4Address | IPv6Address | None
    try:
        address = ip_address(peer[0].partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return ""
    kept = 3 if isinstance(address, IPv4Address) else 6
    return address.packed[:kept].hex()
