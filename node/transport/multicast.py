"""The multicast sockets of this computer, opened once for all homes in this process.

Each set of them hears everything that is announced on the network, and wakes for it: one for
each flatmate would do the same work several times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf


class Multicast:
    """Lends out one ``AsyncZeroconf``. Belongs to the loop's thread.

    Args:
        interfaces: addresses to use; all when None.
    """

    def __init__(self, interfaces: list[str] | None = None) -> None:
        self.interfaces = interfaces
        self._current: AsyncZeroconf | None = None
        self._users: dict[AsyncZeroconf, int] = {}

    def take(self) -> AsyncZeroconf:
        """The sockets, to be given back. Raises OSError, and what zeroconf raises."""
        if self._current is None:
            self._current = self._open()
            self._users[self._current] = 0
        self._users[self._current] += 1
        return self._current

    async def give_back(self, zeroconf: AsyncZeroconf, info: AsyncServiceInfo | None) -> None:
        """Withdraw what one user announced; the last one closes the sockets.

        Whoever takes next gets new ones: one gives back at the end, or because these do not
        work, or do not any more.
        """
        if self._current is zeroconf:
            self._current = None
        self._users[zeroconf] -= 1
        if not self._users[zeroconf]:
            del self._users[zeroconf]
            await zeroconf.async_close()  # says goodbye for what is still announced
        elif info is not None:
            await (await zeroconf.async_unregister_service(info))

    def _open(self) -> AsyncZeroconf:
        from zeroconf import InterfaceChoice, IPVersion
        from zeroconf.asyncio import AsyncZeroconf

        if self.interfaces is not None:
            return AsyncZeroconf(interfaces=self.interfaces)
        try:
            return AsyncZeroconf(InterfaceChoice.All, ip_version=IPVersion.All)
        except OSError:
            # A system without IPv6.
            return AsyncZeroconf(InterfaceChoice.All, ip_version=IPVersion.V4Only)
