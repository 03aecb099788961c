"""Whether multicast works on this computer, for tests that find homes on a network."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import Final

GROUP: Final = "224.0.0.251"


def own_address() -> str:
    """This computer's address towards the world; empty where there is no way to it."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asking:
        try:
            asking.connect(("192.0.2.99", 9))
        except OSError:
            return ""
        return str(asking.getsockname()[0])


def multicast_problem(address: str) -> str | None:
    """Why multicast does not work over the interface of an address, if it does not."""
    with (
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as hearing,
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as saying,
    ):
        try:
            interface = socket.inet_aton(address)
            hearing.bind(("", 0))
            membership = socket.inet_aton(GROUP) + interface
            hearing.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
            hearing.settimeout(1.0)
            saying.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
            saying.sendto(b"?", (GROUP, hearing.getsockname()[1]))
            hearing.recv(1)
        except OSError as error:
            return str(error)
    return None
