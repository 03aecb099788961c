"""Finding friends on the local network (multicast DNS), and being found by them.

What is announced, and why it gives nothing away, is in ``announcements``. Here is the
rest: an instance name drawn anew at every start, the announcement made anew when the
set of friends changes, and everything again when the network interfaces change.

Multicast is often blocked, and says so by silence. So nothing here can fail the node:
an error is a line in the log, and friends are looked for at their other addresses.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from node.config import join_address
from node.transport import announcements
from node.transport.announcements import pair_key
from protocol.keys import MemberId

if TYPE_CHECKING:
    from zeroconf import ServiceStateChange, Zeroconf
    from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

_log = logging.getLogger("openhouse.lan")

SERVICE_TYPE: Final = "_openhouse._tcp.local."
_LOOKUP_MAX_MS: Final = 3000
# Interfaces come and go in bursts: wait until it is quiet.
_SETTLE_S: Final = 2.0
_GOODBYE_MAX_S: Final = 2.0
_SEEN_MAX: Final = 1024


class Lan:
    """Announces this node and watches for friends.

    Args:
        port: the peer port.
        link_private: our private link key.
        on_nearby: called when a friend was seen at a new address.
        interfaces: addresses to use; all when None.
    """

    def __init__(
        self,
        port: int,
        link_private: bytes,
        on_nearby: Callable[[MemberId], None],
        interfaces: list[str] | None = None,
    ) -> None:
        self._port = port
        self._link_private = link_private
        self._on_nearby = on_nearby
        self._interfaces = interfaces
        self._name = f"{os.urandom(8).hex()}.{SERVICE_TYPE}"
        self._keys: dict[MemberId, bytes] = {}
        self._link_keys: dict[MemberId, bytes] = {}
        self._seen: dict[str, tuple[MemberId, list[str]]] = {}
        self._zeroconf: AsyncZeroconf | None = None
        self._browser: AsyncServiceBrowser | None = None
        self._info: AsyncServiceInfo | None = None
        self._wanted = asyncio.Event()
        self._lookups: dict[asyncio.Task[None], None] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._wanted.set()
        self._task = asyncio.create_task(self._keep_announced(), name="lan")

    async def stop(self) -> None:
        """Say goodbye on the network and let go."""
        tasks = [task for task in (self._task, *self._lookups) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_MAX_S):
                await self._close()

    def set_friends(self, link_keys: Mapping[MemberId, bytes]) -> None:
        """Whom to announce to and to watch for: their link keys."""
        if dict(link_keys) == self._link_keys:
            return
        self._link_keys = dict(link_keys)
        keys = {member: pair_key(self._link_private, key) for member, key in link_keys.items()}
        self._keys = {member: key for member, key in keys.items() if key is not None}
        self._wanted.set()

    def addresses_of(self, member: MemberId) -> list[str]:
        """Where a friend was seen last."""
        found = [addresses for friend, addresses in self._seen.values() if friend == member]
        return [address for addresses in found for address in addresses]

    def on_interfaces_changed(self) -> None:
        """The computer joined or left a network: begin anew."""
        self._seen.clear()
        self._wanted.set()
        if self._task is not None:
            self._task.cancel()
            self._task = asyncio.create_task(self._restart(), name="lan")

    # --- announcing ----------------------------------------------------------------------

    async def _restart(self) -> None:
        await asyncio.sleep(_SETTLE_S)
        await self._close()
        await self._keep_announced()

    async def _keep_announced(self) -> None:
        """Announce whenever there is something new to announce."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._announce()
            # zeroconf has many errors of its own, all of them only ours to log.
            except Exception as error:
                _log.warning("friends on the local network cannot be looked for: %s", error)

    async def _announce(self) -> None:
        from zeroconf.asyncio import AsyncServiceInfo

        if self._zeroconf is None:
            await self._open()
        assert self._zeroconf is not None, "open gives one or raises"
        if self._info is not None:
            # Another nonce under the same name would let others follow us.
            await self._zeroconf.async_unregister_service(self._info)
            self._info = None
            self._name = f"{os.urandom(8).hex()}.{SERVICE_TYPE}"
        padding = os.urandom(announcements.TAGS_STEP * announcements.TAG_SIZE_BYTES)
        nonce = os.urandom(announcements.NONCE_SIZE_BYTES)
        info = AsyncServiceInfo(
            SERVICE_TYPE,
            self._name,
            port=self._port,
            properties=announcements.announce(self._keys.values(), nonce, padding).properties(),
            server=self._name,
            addresses=_packed(self._interfaces or _interface_addresses()),
        )
        await self._zeroconf.async_register_service(info)
        self._info = info
        # Those seen before friends changed may be friends now.
        await self._watch()

    async def _open(self) -> None:
        from zeroconf import InterfaceChoice
        from zeroconf.asyncio import AsyncZeroconf

        interfaces = InterfaceChoice.All if self._interfaces is None else self._interfaces
        self._zeroconf = AsyncZeroconf(interfaces=interfaces)

    async def _close(self) -> None:
        zeroconf, self._zeroconf = self._zeroconf, None
        browser, self._browser = self._browser, None
        self._info = None
        if browser is not None:
            await browser.async_cancel()
        if zeroconf is not None:
            await zeroconf.async_close()

    # --- watching ------------------------------------------------------------------------

    async def _watch(self) -> None:
        from zeroconf.asyncio import AsyncServiceBrowser

        assert self._zeroconf is not None, "watching follows announcing"
        if self._browser is not None:
            await self._browser.async_cancel()
        self._browser = AsyncServiceBrowser(
            self._zeroconf.zeroconf, SERVICE_TYPE, handlers=[self._on_change]
        )

    def _on_change(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        from zeroconf import ServiceStateChange

        if name == self._name:
            return
        if state_change is ServiceStateChange.Removed:
            self._seen.pop(name, None)
            return
        if len(self._lookups) < _SEEN_MAX:
            task = asyncio.get_running_loop().create_task(self._look_up(zeroconf, name))
            self._lookups[task] = None
            task.add_done_callback(lambda task: self._lookups.pop(task, None))

    async def _look_up(self, zeroconf: Zeroconf, name: str) -> None:
        """Whether what was announced under a name is a friend, and where they are."""
        from zeroconf import BadTypeInNameException
        from zeroconf.asyncio import AsyncServiceInfo

        try:
            info = AsyncServiceInfo(SERVICE_TYPE, name)
        except BadTypeInNameException:
            return
        if not await info.async_request(zeroconf, _LOOKUP_MAX_MS) or not info.port:
            return
        announcement = announcements.read(info.properties)
        if announcement is None:
            return
        member = announcements.recognise(announcement, self._keys)
        addresses = [
            join_address(address, info.port)
            for address in info.parsed_scoped_addresses()
            if "%" not in address
        ]
        if member is None or not addresses or self._seen.get(name) == (member, addresses):
            return
        if len(self._seen) < _SEEN_MAX:
            self._seen[name] = (member, addresses)
            _log.debug("a friend is nearby")
            self._on_nearby(member)


def _interface_addresses() -> list[str]:
    """All addresses of this computer's interfaces that others on them can use."""
    from zeroconf import get_all_addresses  # type: ignore[attr-defined]

    found = [str(address) for address in get_all_addresses()]
    return [address for address in found if not address.startswith("127.")] or found


def _packed(addresses: list[str]) -> list[bytes]:
    return [
        socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
        for address in addresses
    ]
