"""The homes of one computer, running together.

The first one is the data directory; the others are its flatmates (``node.flat.rooms``). Each
is a node of its own, with its own store, keys, token, sessions and page; they share the
process, the door to friends (``node.transport.door``) and the port of the page, where
``node.flat.front`` gives each request to the home it is for.

What happens to one does not stop the others: a home that cannot be opened, or fails, is said
to be closed, with the reason, and the rest goes on. When the last one has failed, so has the
flat.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

from node import config
from node.breakage import HostFailed
from node.errors import NodeError, StoreError
from node.flat import rooms
from node.flat.place import Place
from node.flat.rooms import Room
from node.node import Node, running
from node.private_files import NODE_FILE, token_of, write_private
from node.store import Store
from node.transport.door import Door
from protocol.errors import Refused

if TYPE_CHECKING:
    from node.config import Settings

FIRST: Final = "-"
"""Stands for the first home where the others have a slug; no slug looks like it."""
_EVERYWHERE: Final = ("0.0.0.0", "::")
_ECHOED: Final = ("loans", "browse", "friends", "house", "flat")

_log = logging.getLogger("openhouse.flat")


@dataclass(eq=False)
class Resident:
    """One home of the flat.

    Args:
        room: as it lies on the disk; None for the first.
        problem: why it is closed; empty while it is open, or switched off.
    """

    slug: str
    home: Path
    room: Room | None = None
    node: Node | None = None
    app: web.Application | None = None
    server: web.Server | None = None
    problem: str = ""
    code: str = ""
    """What lets its person in, while this process knows it: on the disk is only a hash."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while something of the flat is written that another may write too."""
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def is_lived_in(self) -> bool:
        return self.node is not None and self.node.engine is not None

    @property
    def has_person(self) -> bool:
        """Whether somebody lives here, or waits here for guardians to give them new keys."""
        return self.node is not None and (
            self.is_lived_in or self.node.succession.asked is not None
        )

    @property
    def is_off(self) -> bool:
        return self.room is not None and self.room.is_off

    @property
    def name(self) -> str:
        """What its person is called, as far as is known."""
        if self.node is not None and self.node.engine is not None:
            core = self.node.engine.core
            return core.name_of(core.me)
        return "" if self.room is None else self.room.name


class Flat:
    """All homes; see above. Belongs to the loop's thread.

    Args:
        settings: of the first home; they are the computer's.
        make_app: gives the page and API of a node.
    """

    def __init__(
        self,
        settings: Settings,
        door: Door,
        make_app: Callable[[Node, Place], web.Application],
    ) -> None:
        self.settings = settings
        self.residents: dict[str, Resident] = {}
        self.failed: asyncio.Future[NodeError] = asyncio.get_running_loop().create_future()
        """Done when no home can do anything more, with the first one's reason."""
        self._door = door
        self._make_app = make_app
        self._first_store: Store | None = None
        self._first_error: NodeError | None = None
        self._web_address: tuple[str, int] | None = None
        self._tasks: dict[asyncio.Task[None], None] = {}

    @property
    def peer_port(self) -> int:
        return self._door.endpoint.port

    @property
    def cookie_name(self) -> str:
        """Of the cookie that says which flatmate a browser is for: one name a data directory."""
        place = str(self.settings.home.absolute())
        digest = hashlib.sha256(b"openhouse/1 flat\0" + place.encode("utf-8", "surrogateescape"))
        return "openhouse_flatmate_" + digest.hexdigest()[:8]

    @property
    def page(self) -> str:
        """Where the page is, for others on the network if the settings name a name for it."""
        host, port = self._web_address or (self.settings.web_host, self.settings.web_port)
        name = next(iter(self.settings.web_names), "127.0.0.1" if host in _EVERYWHERE else host)
        return f"http://{config.join_address(name, port)}"

    def shown(self) -> list[Resident]:
        """All but those that are switched off; the first home first."""
        return [each for each in self.residents.values() if not each.is_off]

    def open_ones(self) -> list[Resident]:
        return [each for each in self.residents.values() if each.server is not None]

    # --- from the beginning to the end ------------------------------------------------------

    async def start(self, store: Store | StoreError) -> None:
        """Open every home.

        Args:
            store: of the first one, open, closed by whoever opened it; or why it is not.

        Raises:
            NodeError: the first cannot be opened, and there is no other.
        """
        first = self.residents[FIRST] = Resident(FIRST, self.settings.home)
        found = rooms.rooms(self.settings.home)
        for room in found:
            self.residents[room.slug] = Resident(room.slug, room.home, room)
        try:
            if isinstance(store, StoreError):
                raise store
            self._first_store = store
            await self._open(first, store)
        except NodeError as error:
            if not found:
                raise
            self._first_error = error
            self._close_for(first, error)
        for room in found:
            await self._try_to_open(self.residents[room.slug])
        if self._first_error is not None and not self.open_ones():
            raise self._first_error

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for resident in reversed(list(self.residents.values())):
            await resident.stack.aclose()

    def announce(self, web_host: str, web_port: int) -> None:
        """The page is served: from now on commands find every home."""
        self._web_address = (web_host, web_port)
        for resident in self.open_ones():
            self._write_facts(resident)

    async def _try_to_open(self, resident: Resident) -> None:
        if resident.is_off:
            return
        try:
            store = await asyncio.to_thread(Store, resident.home)
            resident.stack.callback(store.close)
            await self._open(resident, store)
        except NodeError as error:
            await resident.stack.aclose()
            self._close_for(resident, error)

    async def _open(self, resident: Resident, store: Store) -> None:
        settings = self.settings
        if resident.room is not None:
            settings = config.of_flatmate(resident.home, settings)
        stack = resident.stack
        token = token_of(resident.home)
        node = await stack.enter_async_context(running(settings, store, token, self._door))
        place = Place(self, resident)
        node.further_facts = place.facts
        app = self._make_app(node, place)
        runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        stack.callback((resident.home / NODE_FILE).unlink, missing_ok=True)
        resident.node, resident.app, resident.server = node, app, runner.server
        resident.problem = ""
        node.failed.add_done_callback(lambda failed: self._on_failed(resident, failed))
        self._write_facts(resident)
        stack.callback(self._begin(self._echo(resident, node)).cancel)

    def _write_facts(self, resident: Resident) -> None:
        """``node.json``: where commands for this home go."""
        node = resident.node
        if self._web_address is None or node is None:
            return
        host, port = self._web_address
        facts = {
            "pid": os.getpid(),
            "web_host": host,
            "api": f"http://{config.join_address(host, port)}/api/v1",
            "member": None if node.engine is None else node.engine.core.me.hex(),
            "peer_port": node.peer_port,
            "web_port": port,
        }
        write_private(resident.home / NODE_FILE, json.dumps(facts) + "\n")

    # --- what goes wrong ----------------------------------------------------------------------

    def _close_for(self, resident: Resident, error: NodeError) -> None:
        resident.node = resident.app = resident.server = None
        resident.stack = AsyncExitStack()
        resident.problem = str(error)
        name = f" of {resident.name}" if resident.name else ""
        _log.error("the home%s in %s is closed: %s", name, resident.home, error)

    def _on_failed(self, resident: Resident, failed: asyncio.Future[NodeError]) -> None:
        if failed.cancelled() or self.failed.done():
            return
        error = failed.result()
        if isinstance(error, HostFailed) and error.may_open_again:
            self._begin(self._open_again(resident, error))
            return
        self._give_up(resident, error)

    def _give_up(self, resident: Resident, error: NodeError) -> None:
        if not any(each.is_lived_in for each in self.open_ones() if each is not resident):
            self.failed.set_result(error)
            return
        stack = resident.stack
        self._close_for(resident, error)
        self._begin(_leave(stack))

    async def _open_again(self, resident: Resident, error: NodeError) -> None:
        """A message broke it, whose sender is shut out: start from what is on disk."""
        async with resident.lock:
            stack = resident.stack
            self._close_for(resident, error)
            await _leave(stack)
            if resident.room is not None:
                await self._try_to_open(resident)
            else:
                await self._open_first_again(resident)
            if resident.server is not None:
                _log.warning("the home in %s is open again", resident.home)

    async def _open_first_again(self, resident: Resident) -> None:
        assert self._first_store is not None, "it was open"
        try:
            await self._open(resident, self._first_store)
        except NodeError as error:
            await resident.stack.aclose()
            self._give_up(resident, error)

    # --- what flatmates do ----------------------------------------------------------------------

    async def add(self, name: str) -> Resident:
        """A room for somebody, open at once, with a code that lets them in. Raises Refused."""
        room, code = await asyncio.to_thread(rooms.make, self.settings.home, name)
        resident = self.residents[room.slug] = Resident(room.slug, room.home, room, code=code)
        await self._try_to_open(resident)
        return resident

    async def await_again(self, slug: str) -> Resident:
        """Another code for somebody who has not come yet; never for one who has. Raises Refused."""
        resident = self._flatmate(slug)
        assert resident.room is not None, "flatmates have rooms"
        # A home that is off or closed may have its person: no link may open it to another.
        if resident.node is None:
            raise Refused("flatmate-away", name=resident.name)
        if resident.has_person:
            raise Refused("flatmate-is-here", name=resident.name)
        resident.room, resident.code = await asyncio.to_thread(rooms.await_person, resident.room)
        return resident

    async def switch(self, slug: str, *, is_off: bool) -> Resident:
        """Switch a flatmate's home off, or on again; nothing of it is lost. Raises Refused."""
        resident = self._flatmate(slug)
        assert resident.room is not None, "flatmates have rooms"
        async with resident.lock:
            if resident.is_off != is_off:
                resident.room = await asyncio.to_thread(rooms.switch, resident.room, is_off=is_off)
                stack, resident.stack = resident.stack, AsyncExitStack()
                resident.node = resident.app = resident.server = None
                resident.problem = ""
                await stack.aclose()
            if not is_off and resident.server is None:
                await self._try_to_open(resident)
        return resident

    def _flatmate(self, slug: str) -> Resident:
        resident = self.residents.get(slug)
        if resident is None or resident.room is None:
            raise Refused("unknown-flatmate", flatmate=slug[:40])
        return resident

    # --- telling each other's pages ---------------------------------------------------------------

    async def _echo(self, resident: Resident, node: Node) -> None:
        """What changes in one home may change what its flatmates' pages show of the flat."""
        with node.subscribe() as changes:
            while True:
                topics = await changes.next()
                if not any(topic in _ECHOED for topic in topics):
                    continue
                if resident.is_lived_in and len(self.residents) > 1:
                    for other in self.open_ones():
                        if other is not resident and other.node is not None:
                            other.node.tell("flatmates")

    def _begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
        return task


async def _leave(stack: AsyncExitStack) -> None:
    try:
        await stack.aclose()
    except NodeError as error:
        _log.warning("a home ended badly: %s", error)
