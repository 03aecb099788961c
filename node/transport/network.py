"""The network around one host: calls taken, calls made, friends nearby.

Puts endpoint, dialler and LAN together and is what the host sees of them
(``node.host.Network``). The endpoint is there from the start; the rest begins when
the node has a member.
"""

from __future__ import annotations

from typing import Final

from node.config import Settings
from node.engine.engine import Engine
from node.engine.events import DialInvitation, Json
from node.host import Host
from node.transport.addresses import own_addresses, reachable_addresses
from node.transport.dialler import Dialler
from node.transport.door import Door
from node.transport.files import Files
from node.transport.interfaces import InterfaceWatch
from node.transport.lan import Lan
from node.transport.links import Link
from node.transport.mailbox import Keeper
from node.transport.pairing import PairingDesk
from node.transport.photo_cache import PhotoCache
from node.transport.photos import Photos, PhotoStore
from node.transport.reach import Reach
from protocol.keys import MemberId

_GOODBYE_MAX_S: Final = 3.0


class Network:
    """All links of one node and what makes them.

    Args:
        door: open, for as long as this lives; other homes may live behind it too.
    """

    def __init__(self, settings: Settings, door: Door) -> None:
        self._settings = settings
        self._door = door
        self._engine: Engine | None = None
        self._host: Host | None = None
        self._dialler: Dialler | None = None
        self._reach: Reach | None = None
        self._lan: Lan | None = None
        self.pairing: PairingDesk | None = None
        """Befriending a home nearby; None until the node has a member."""
        self.photos: Photos | None = None
        self.files: Files | None = None
        self._watch: InterfaceWatch | None = None
        self._addresses: tuple[str, ...] | None = None

    def start(self, host: Host, engine: Engine, store: PhotoStore) -> None:
        """The node has a member: take calls, make calls, look around."""
        self._engine, self._host = engine, host
        keeper = Keeper(self._settings.home, lambda: host.core.now_ms)
        self.photos = Photos(host, store, PhotoCache(self._settings.home))
        self.photos.start()
        self.files = Files(host, self._settings.home)
        self.files.start()
        self._reach = host.side = Reach(host, engine, keeper, self.photos, self.files)
        self._dialler = Dialler(host, engine, self._nearby, self._own, self._reach)
        self._watch = InterfaceWatch(self._on_interfaces_changed)
        self.pairing = PairingDesk(host, self)
        if self._settings.lan:
            self._lan = Lan(
                self._door.endpoint.port,
                engine.core.config.link_private,
                self._dialler.on_nearby,
                on_pairing=self.pairing.on_home_pairing,
                multicast=self._door.multicast,
            )
            self._lan.start()
        self._door.enter(self._on_addresses_changed)
        self._door.endpoint.attach(host, engine, self.pairing)
        self.on_friends_changed()

    async def stop(self, host: Host | None) -> None:
        """Call nobody, say goodbye on every link, take no more calls."""
        if self._watch is not None:
            self._watch.close()
        if self.pairing is not None:
            await self.pairing.stop()
        if self._lan is not None:
            await self._lan.stop()
        self._door.leave(self._on_addresses_changed)
        if self._dialler is not None:
            self._dialler.rest()
        if host is not None:
            self._door.endpoint.detach(host)
            host.close_links("this node is stopping")
            await host.wait_for_links_to_end(_GOODBYE_MAX_S)
        if self._dialler is not None:
            await self._dialler.stop()
        if self._reach is not None:
            await self._reach.stop()

    # --- what the host sees ----------------------------------------------------------------

    def addresses(self) -> tuple[str, ...]:
        """Where this node can be reached today ("host:port"), best first."""
        if self._addresses is None or self._watch is None:
            port = self._door.endpoint.port
            self._addresses = reachable_addresses(self._settings, port, self._door.mapped)
        return self._addresses

    def dial_invitation(self, invitation: DialInvitation) -> None:
        assert self._dialler is not None, "only a host that was started dials"
        self._dialler.dial_invitation(invitation)

    def on_friends_changed(self) -> None:
        assert self._engine is not None, "a host was started"
        assert self._dialler is not None, "a host was started"
        self._dialler.refresh()
        if self._lan is not None:
            friends = self._engine.friends_to_dial()
            self._lan.set_friends({friend.member: friend.link_key for friend in friends})

    def on_link_changed(self, member: MemberId) -> None:
        if self._dialler is not None:
            self._dialler.on_link_changed(member)
        if self._reach is not None:
            self._reach.mailboxes.on_link(member)
            self._reach.files.on_link(member)

    def ways(self) -> dict[MemberId, MemberId]:
        """Friends whose link runs through another friend's node, with that friend."""
        if self._host is None:
            return {}
        links = self._host.core.links
        found = {}
        for link in self._host.connections():
            if isinstance(link, Link) and link.over is not None:
                ends = [links[each].friend for each in (link.id, link.over.id) if each in links]
                if len(ends) == 2 and ends[0] is not None and ends[1] is not None:
                    found[ends[0]] = ends[1]
        return found

    def lan_state(self) -> Json:
        """What is known of the local network: on, friends heard, why not (or "")."""
        if self._lan is None:
            return {"is_on": False, "nearby": 0, "problem": ""}
        return {"is_on": True, "nearby": self._lan.nearby, "problem": self._lan.problem}

    # --- what a pairing sees -----------------------------------------------------------------

    def announce_pairing(self, is_open: bool) -> None:
        if self._lan is not None:
            self._lan.set_pairing(is_open)

    def homes_pairing(self) -> dict[str, list[str]]:
        return {} if self._lan is None else dict(self._lan.pairing)

    def should_call(self, name: str) -> bool:
        """Of two homes that see each other, one calls."""
        return self._lan is not None and self._lan.name < name

    # --- what happens around ----------------------------------------------------------------

    def _nearby(self, member: MemberId) -> list[str]:
        inside = self._door.inside(member)
        return inside if inside or self._lan is None else self._lan.addresses_of(member)

    def _own(self, member: MemberId) -> tuple[str, ...]:
        """Addresses where a friend cannot be: ours, unless we live behind one door."""
        return () if self._door.inside(member) else self.addresses()

    def _on_addresses_changed(self) -> None:
        """Friends hear of it at once, not only on the next link."""
        self._addresses = None
        if self._host is not None:
            self._host.tell_addresses(self.addresses())

    def _on_interfaces_changed(self) -> None:
        self._door.on_network_changed()
        self._on_addresses_changed()
        if self._host is not None:
            own = own_addresses()
            for link in self._host.connections():
                if isinstance(link, Link):
                    link.cut_if_stranded(own)
        if self._lan is not None:
            self._lan.on_interfaces_changed()
        if self._dialler is not None:
            self._dialler.on_network_changed()
