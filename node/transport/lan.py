"""Finding friends on the local network (multicast DNS), and being found by them.

What is announced, and why it gives nothing away, is in ``announcements``. Here is the
rest: an instance name drawn anew at every start, the announcement made anew when the
set of friends changes, and everything again when the network interfaces change.

Multicast is often blocked, and says so by silence. So nothing here can fail the node:
an error is a line in the log and a word in the status, it is tried again, and friends are
looked for at their other addresses.

Spec: §17.7.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from node.config import join_address
from node.transport import announcements
from node.transport.addresses import own_addresses
from node.transport.announcements import pair_key
from node.transport.multicast import Multicast
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
_LOOKUPS_MAX: Final = 256
_SEEN_PER_FRIEND_MAX: Final = 8
"""Announcements of one friend remembered: whoever replays an old one under other names must
not fill the memory."""
_PAIRING_MAX: Final = 64
_RETRY_FIRST_S: Final = 5.0
_RETRY_MAX_S: Final = 300.0


class Lan:
    """Announces this node and watches for friends.

    Args:
        port: the peer port.
        link_private: our private link key.
        on_nearby: called when a friend was seen at a new address.
        on_pairing: called when a home announces that it looks for another; by whom, and where.
        interfaces: addresses to use; all when None.
        multicast: sockets shared with other homes of this computer; own ones when None.
    """

    def __init__(
        self,
        port: int,
        link_private: bytes,
        on_nearby: Callable[[MemberId], None],
        interfaces: list[str] | None = None,
        on_pairing: Callable[[str, list[str]], None] = lambda name, addresses: None,
        multicast: Multicast | None = None,
    ) -> None:
        self._port = port
        self._link_private = link_private
        self._on_nearby = on_nearby
        self._interfaces = interfaces
        self._on_pairing = on_pairing
        self._multicast = multicast or Multicast(interfaces)
        self._is_pairing = False
        self.pairing: dict[str, list[str]] = {}
        """Homes whose window is open, and where they are. Spec: §17.8."""
        self.name = f"{os.urandom(8).hex()}.{SERVICE_TYPE}"
        self._keys: dict[MemberId, bytes] = {}
        self._link_keys: dict[MemberId, bytes] = {}
        self._seen: dict[MemberId, dict[str, list[str]]] = {}
        self.problem = ""
        """Why nothing can be announced here, in the system's words; empty when it can."""
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

    def set_pairing(self, is_open: bool) -> None:
        """Announce that this home looks for another one, or no longer. Spec: §17.8."""
        if is_open != self._is_pairing:
            self._is_pairing = is_open
            self.pairing.clear()  # found again under the new announcement, and called
            self._wanted.set()

    def addresses_of(self, member: MemberId) -> list[str]:
        """Where a friend was seen last."""
        newest_first = reversed(self._seen.get(member, {}).values())
        return list(dict.fromkeys(itertools.chain.from_iterable(newest_first)))

    @property
    def nearby(self) -> int:
        """How many friends are announced on this network now."""
        return len(self._seen)

    def on_interfaces_changed(self) -> None:
        """The computer joined or left a network: begin anew."""
        self._seen.clear()
        self.pairing.clear()
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
        retry_s = _RETRY_FIRST_S
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._announce()
            # zeroconf has many errors of its own, all of them only ours to log.
            except Exception as error:
                if not self.problem:
                    _log.warning("friends on the local network cannot be looked for: %s", error)
                self.problem = str(error) or type(error).__name__
                await self._close()
                asyncio.get_running_loop().call_later(retry_s, self._wanted.set)
                retry_s = min(2 * retry_s, _RETRY_MAX_S)
            else:
                self.problem, retry_s = "", _RETRY_FIRST_S

    async def _announce(self) -> None:
        from zeroconf.asyncio import AsyncServiceInfo

        if self._zeroconf is None:
            self._zeroconf = self._multicast.take()
        if self._info is not None:
            # Another nonce under the same name would let others follow us.
            await self._zeroconf.async_unregister_service(self._info)
            self._info = None
            self.name = f"{os.urandom(8).hex()}.{SERVICE_TYPE}"
        padding = os.urandom(announcements.TAGS_STEP * announcements.TAG_SIZE_BYTES)
        nonce = os.urandom(announcements.NONCE_SIZE_BYTES)
        said = announcements.announce(self._keys.values(), nonce, padding)
        info = AsyncServiceInfo(
            SERVICE_TYPE,
            self.name,
            port=self._port,
            properties=said.properties(is_pairing=self._is_pairing),
            server=self.name,
            addresses=_packed(self._interfaces or own_addresses()),
        )
        await self._zeroconf.async_register_service(info)
        self._info = info
        # Those seen before friends changed may be friends now.
        await self._watch()

    async def _close(self) -> None:
        zeroconf, self._zeroconf = self._zeroconf, None
        browser, self._browser = self._browser, None
        info, self._info = self._info, None
        if browser is not None:
            await browser.async_cancel()
        if zeroconf is not None:
            await self._multicast.give_back(zeroconf, info)

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

        if name == self.name:
            return
        if state_change is ServiceStateChange.Removed:
            self._forget(name)
            return
        if len(self._lookups) < _LOOKUPS_MAX:
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
            if "%" in address or not address.startswith("fe80:")  # leads nowhere without its scope
        ]
        self._note_pairing(name, addresses if announcements.is_pairing(info.properties) else [])
        if member is None or not addresses or self._seen.get(member, {}).get(name) == addresses:
            return
        known = self._seen.setdefault(member, {})
        known.pop(name, None)
        while len(known) >= _SEEN_PER_FRIEND_MAX:
            del known[next(iter(known))]
        known[name] = addresses
        _log.debug("a friend is nearby")
        self._on_nearby(member)

    def _note_pairing(self, name: str, addresses: list[str]) -> None:
        if not addresses:
            self.pairing.pop(name, None)
        elif self.pairing.get(name) != addresses and len(self.pairing) < _PAIRING_MAX:
            self.pairing[name] = addresses
            self._on_pairing(name, addresses)

    def _forget(self, name: str) -> None:
        self.pairing.pop(name, None)
        for member, known in list(self._seen.items()):
            known.pop(name, None)
            if not known:
                del self._seen[member]


def _packed(addresses: list[str]) -> list[bytes]:
    return [ip_address(address).packed for address in addresses]
