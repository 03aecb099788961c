"""One node: store, engine, host, network and page, put together.

A node without a member runs its page alone; ``set_up`` gives it one and brings the
rest to life. The page and the API see the node as ``node.api.protocols.NodeLike``:

- ``engine``: None until set up; ``engine.core`` may be read in the loop's thread;
- ``await command(command)``: the engine's answer as JSON-able data, once it is on
  disk; raises ``Refused`` (nothing was changed) or ``StoreError``;
- ``subscribe()``: a context manager whose ``await next()`` gives topics that changed;
- ``await set_up(name, email, phone, language)``: ``{"member": hex}``;
- ``await restore(words, file, name, language, root)``: the same for who had a home before;
- ``succession`` and ``await take_approvals()``: the same for who lost the words too;
- ``counters``, ``addresses()``, ``token``, ``web_hosts``, ``language``.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from node import backup, identity, restoring, unpacking
from node.api.protocols import LinkState
from node.config import Settings
from node.engine.clock_watch import ClockWatch
from node.engine.commands import Command
from node.engine.engine import Engine
from node.engine.events import Json
from node.errors import NodeError, StoreCorrupt
from node.host import Host
from node.identity import Identity
from node.links_seen import LinksSeen
from node.loan_photos import LoanPhotos
from node.notices.bell import Bell
from node.notices.facts import Fact
from node.opening import CachedOpener
from node.store import Store
from node.succession import SuccessionDesk
from node.topics import Subscription, Topics
from node.transport.door import Door, open_door
from node.transport.files import Files
from node.transport.network import Network
from node.transport.pairing import PairingDesk
from node.transport.photos import Photos
from protocol.errors import ProtocolError, Refused
from protocol.keys import MemberId

_LOG_EPOCH_SIZE_BYTES: Final = 8
_log = logging.getLogger("openhouse.node")


@asynccontextmanager
async def running(
    settings: Settings, store: Store, token: str, door: Door | None = None
) -> AsyncIterator[Node]:
    """A node that listens and, if it has a member, lives, until the block ends.

    Args:
        store: open; closed by whoever opened it, afterwards.
        token: who knows it may do everything the owner may.
        door: shared with flatmates; without it the node has one of its own.

    Raises:
        PortTaken: nothing was started.
        StoreCorrupt: what the store gives back is not what an engine wrote.
    """
    is_own = door is None
    door = door or await open_door(settings)
    try:
        node = Node(settings, store, door, token)
        try:
            node.start()
            yield node
        finally:
            await node.stop()
    finally:
        if is_own:
            await door.stop()


class Node:
    """A running node; see ``running``. All of it belongs to the loop's thread.

    Args:
        door: open; stopped by whoever opened it, afterwards.
    """

    def __init__(self, settings: Settings, store: Store, door: Door, token: str) -> None:
        self.settings = settings
        self.token = token
        self.engine: Engine | None = None
        self.failed: asyncio.Future[NodeError] = asyncio.get_running_loop().create_future()
        """Done when the node can do nothing more, with the reason."""
        self.further_facts: Callable[[], list[Fact]] = list
        """What deserves a notice beyond this home; its flatmates' (``node.flat.place``)."""
        self._store = store
        self._counters: Counter[str] = Counter()
        self._endpoint = door.endpoint
        self._network = Network(settings, door)
        self._topics = Topics()
        self._identity: Identity | None = None
        self._host: Host | None = None
        self.loan_photos = LoanPhotos(settings.home)
        self._bell: asyncio.Task[None] | None = None
        self._links_seen = LinksSeen(self)
        self._noting: asyncio.Task[None] | None = None
        self._is_setting_up = False
        self.succession = SuccessionDesk(store, self._setting_up)
        """New keys asked of guardians, while the node has no member."""

    def start(self) -> None:
        """With a member, begin to live."""
        unpacking.clear_staging(self.home)
        found = identity.load(self._store)
        if found is not None:
            self._live(found)
        else:
            self.succession.load()

    async def stop(self) -> None:
        """Say goodbye on every link; when it returns, everything is on disk."""
        for task in (self._bell, self._noting):
            if task is not None:
                task.cancel()
                await asyncio.wait((task,))
        await self._network.stop(self._host)
        if self._host is not None:
            await self._host.stop()

    # --- what page and API see -------------------------------------------------------------

    @property
    def home(self) -> Path:
        """The data directory."""
        return self._store.home

    @property
    def peer_port(self) -> int:
        """Where friends call; the one picked when the settings leave it open."""
        return self._endpoint.port

    @property
    def counters(self) -> Mapping[str, int]:
        """How often each code was given since the start."""
        return self._counters + self._endpoint.counters

    @property
    def web_hosts(self) -> tuple[str, ...]:
        """Host names besides the loopback ones that the page is reached by."""
        return (*self.settings.web_names, self.settings.web_host)

    @property
    def language(self) -> str:
        """The owner's language; English until the node is set up."""
        return "en" if self._identity is None else self._identity.language

    def addresses(self) -> tuple[str, ...]:
        """Where this node can be reached today ("host:port"), best first."""
        return self._network.addresses()

    @property
    def pairing(self) -> PairingDesk | None:
        """Befriending a home nearby; None until the node has a member."""
        return self._network.pairing

    @property
    def photos(self) -> Photos | None:
        """Photos of things; None until the node has a member."""
        return self._network.photos

    @property
    def files(self) -> Files | None:
        """Files of copyable things; None until the node has a member."""
        return self._network.files

    def lan_state(self) -> Json:
        """Whether friends are looked for on the local network, and how many are heard."""
        return self._network.lan_state()

    def links(self) -> dict[MemberId, LinkState]:
        """How each friend's home is connected, and since when."""
        ways = self._network.ways()
        return {
            member: LinkState(seen.since_ms, ways.get(member))
            for member, seen in self._links_seen.look().items()
        }

    def subscribe(self) -> Subscription:
        """Hear which parts of the page changed."""
        return self._topics.subscribe()

    def tell(self, topic: str) -> None:
        """Something changed outside this home that its page shows."""
        self._topics.publish(topic)

    async def command(self, command: Command) -> Json:
        """Let the engine carry out a command; it is on disk when this returns.

        Raises:
            Refused: nothing was changed.
            StoreError: it could not be written; the node is about to end.
        """
        if self._host is None:
            raise Refused("not-set-up")
        return await self._host.command(command)

    async def set_up(self, name: str, email: str, phone: str, language: str) -> Json:
        """Give the node its member, and begin to live.

        Raises:
            Refused: a value is not possible, or there is a member already.
        """
        with self._setting_up():
            made = await asyncio.to_thread(
                identity.create, self._store, name, email, phone, language
            )
        self._live(made)
        return {"member": made.member.hex(), "words": made.words}

    async def restore(
        self, words: str, file: Path | None, name: str, language: str, root: int
    ) -> Json:
        """Bring back whoever these words are of, and begin to live. Spec: §18.5.

        Args:
            file: a backup; without one, name and language are needed.
            root: as of ``restoring.restore_backup``.

        Raises:
            Refused, StoreError: nothing was changed.
        """
        lives_here = self._endpoint.lives_here
        with self._setting_up():
            if file is None:
                await asyncio.to_thread(
                    restoring.words_into, self._store, words, name, language, root, lives_here
                )
            else:
                await asyncio.to_thread(
                    restoring.backup_into, self._store, file, words, root, lives_here
                )
            made = await asyncio.to_thread(identity.load, self._store)
        assert made is not None, "it was just restored"
        self._live(made)
        return {"member": made.member.hex(), "name": made.name}

    async def take_approvals(self) -> Json:
        """Become the member that guardians gave new keys, and begin to live. Spec: §18.7.

        Raises:
            Refused, StoreError: nothing was changed.
        """
        made = await self.succession.take(self._endpoint.lives_here)
        self._live(made)
        return {"member": made.member.hex(), "name": made.name}

    @contextmanager
    def _setting_up(self) -> Iterator[None]:
        """Of two who come at once, the second is refused."""
        if self._host is not None or self._is_setting_up:
            raise Refused("already-set-up")
        self._is_setting_up = True
        try:
            yield
        finally:
            self._is_setting_up = False

    @property
    def words(self) -> str:
        """The words to write down; empty once the owner said that they were."""
        return "" if self._identity is None else self._identity.words

    async def forget_words(self) -> None:
        """The owner has the words on paper: this computer forgets them."""
        if self._identity is not None and self._identity.entropy:
            self._identity = await asyncio.to_thread(
                identity.forget_words, self._store, self._identity
            )

    async def make_backup(self) -> bytes:
        """A sealed copy of everything, as it is now (spec §18.6).

        Raises:
            Refused: there is no member yet.
            StoreUnwritable: there is no room for a copy.
        """
        if self._identity is None:
            raise Refused("not-set-up")
        return await asyncio.to_thread(
            backup.make_backup, self._store.home, self._identity.backup_key
        )

    # --- life --------------------------------------------------------------------------------

    def _live(self, member: Identity) -> None:
        opener = CachedOpener()
        config = member.config(opener.open, self.settings.records_per_second)
        try:
            with opener.trusting():
                engine = Engine(
                    config,
                    self._store.load(),
                    time.time_ns() // 1_000_000,
                    os.urandom(_LOG_EPOCH_SIZE_BYTES),
                )
        except ProtocolError as error:
            raise StoreCorrupt(f"The database in {self._store.home} is damaged: {error}") from error
        engine.use_mailboxes()
        clock = ClockWatch(engine.core.clock_noted_ms)
        engine.core.clock = clock
        self._identity = member
        self.engine = engine
        host = Host(engine, self._store, opener, self._network, self._counters, self._topics, clock)
        self._host = host
        host.failed.add_done_callback(self._on_host_failed)
        host.start()
        self._network.start(host, engine, self._store)
        self._bell = asyncio.ensure_future(Bell(self, further=lambda: self.further_facts()).run())
        self._bell.add_done_callback(_say_why_it_ended)
        self._noting = asyncio.ensure_future(self._links_seen.run())
        self._noting.add_done_callback(_say_why_it_ended)

    def _on_host_failed(self, failed: asyncio.Future[NodeError]) -> None:
        if not failed.cancelled() and not self.failed.done():
            self.failed.set_result(failed.result())


def _say_why_it_ended(task: asyncio.Task[None]) -> None:
    """A node without its bell goes on; that it has none is not kept quiet."""
    if not task.cancelled() and task.exception() is not None:
        _log.error("notices, or the moments of links, have stopped", exc_info=task.exception())
