"""What several homes of one computer share of the network: one port, one mapping, one ear.

A home alone has a door of its own. Flatmates (``node.flat``) share one: friends call all of
them at one port, the router is asked once to let them in, and what is said on the local
network is heard once.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from node.config import Settings, join_address
from node.transport.endpoint import Endpoint, listen
from node.transport.multicast import Multicast
from node.transport.portmap import PortMap
from protocol.keys import MemberId


class Door:
    """See above. Belongs to the loop's thread.

    Args:
        settings: of the computer: addresses, ports, whether to ask the router.
        listener: bound to the peer port.
    """

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self.endpoint = Endpoint(listener)
        self.multicast = Multicast()
        self._settings = settings
        self._port_map: PortMap | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def mapped(self) -> str | None:
        """Where the router lets friends in."""
        return None if self._port_map is None else self._port_map.address

    def enter(self, on_mapped: Callable[[], None]) -> None:
        """A home begins to live behind this door; it is told when the router's mapping changes."""
        self._listeners.append(on_mapped)
        if self._settings.map_port and self._port_map is None:
            self._port_map = PortMap(self.endpoint.port, self._tell)

    def leave(self, on_mapped: Callable[[], None]) -> None:
        """A home does not live here any more; twice is harmless."""
        if on_mapped in self._listeners:
            self._listeners.remove(on_mapped)

    def on_network_changed(self) -> None:
        """Another network, another router."""
        if self._port_map is not None:
            self._port_map.on_network_changed()

    def inside(self, member: MemberId) -> list[str]:
        """Where a member is called who lives behind this very door; nowhere else is looked."""
        if not self.endpoint.lives_here(member):
            return []
        host = self._settings.peer_host
        here = {"::": "127.0.0.1", "0.0.0.0": "127.0.0.1", "localhost": "127.0.0.1"}
        return [join_address(here.get(host, host), self.endpoint.port)]

    async def stop(self) -> None:
        """Give the mapping back and listen no more; every home has left."""
        if self._port_map is not None:
            await self._port_map.stop()
        await self.endpoint.stop()

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()


async def open_door(settings: Settings) -> Door:
    """A door that listens; callers are hung up on until a home lives behind it.

    Raises:
        PortTaken: nothing was started.
    """
    door = Door(settings, listen(settings.peer_host, settings.peer_port, "friends"))
    await door.endpoint.start()
    return door
