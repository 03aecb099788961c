"""Hearing of it when this computer joins or leaves a network.

Linux tells through a netlink socket, so that nothing has to wake up to look. On other
systems nothing is heard: addresses are then looked up when they are needed, and a
restart finds a new network.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

# From <linux/rtnetlink.h>: addresses of IPv4 and IPv6 that come and go.
_RTMGRP_IPV4_IFADDR: Final = 0x10
_RTMGRP_IPV6_IFADDR: Final = 0x100
_SETTLE_S: Final = 2.0
_MESSAGE_MAX_BYTES: Final = 65_536


class InterfaceWatch:
    """Calls back once the addresses of this computer have changed and are quiet again."""

    def __init__(self, on_changed: Callable[[], None]) -> None:
        self._on_changed = on_changed
        self._timer: asyncio.TimerHandle | None = None
        self._socket = _open()
        if self._socket is not None:
            asyncio.get_running_loop().add_reader(self._socket, self._read)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _read(self) -> None:
        assert self._socket is not None, "the reader is removed first"
        # What it says does not matter, nor whether some of it was lost.
        with suppress(OSError):
            while self._socket.recv(_MESSAGE_MAX_BYTES):
                pass
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_SETTLE_S, self._on_changed)


def _open() -> socket.socket | None:
    family = getattr(socket, "AF_NETLINK", None)
    if family is None:
        return None
    try:
        watching = socket.socket(family, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    except OSError:
        return None
    try:
        watching.bind((0, _RTMGRP_IPV4_IFADDR | _RTMGRP_IPV6_IFADDR))
        watching.setblocking(False)
    except OSError:
        watching.close()
        return None
    return watching
