"""A flat in memory: two homes of a street and a third that waits, behind one page's port.

As ``tests.page_street``, with the front of ``node.flat`` before the homes' pages.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from aiohttp import web

from node.api.app import make_app
from node.config import Settings
from node.engine import views
from node.flat import common, rooms
from node.flat.flat import FIRST, Flat, Resident
from node.flat.front import Front
from node.flat.place import Place
from node.node import Node
from node.transport.door import Door
from node.transport.endpoint import listen
from node.web.pages import entry_path
from simulations.street import Street
from tests.page_street import EmptyNode, StreetNode


@dataclass
class ServedFlat:
    """Ana and Luc live here; Léo has a link.

    Args:
        entry: signs a browser in as Luc.
        paths: the pages that a flat adds, as Luc sees them.
    """

    url: str
    entry: str
    paths: list[str]


@contextmanager
def served_flat(street: Street, directory: Path) -> Iterator[ServedFlat]:
    """Serve the flat of members 0 and 1 of a street from a thread, until the block ends."""
    loop = asyncio.new_event_loop()
    started: threading.Event = threading.Event()
    found: list[ServedFlat] = []
    ending = asyncio.Event()

    async def live() -> None:
        flat = Flat(Settings(directory), cast("Door", None), make_app)
        leo, code = rooms.make(directory, "Léo")
        luc, _ = rooms.make(directory, "Luc")
        nodes: dict[str, StreetNode] = {
            FIRST: StreetNode(street, 0, token="a0" * 32),
            luc.slug: StreetNode(street, 1, token="b1" * 32),
            leo.slug: EmptyNode(street, 2, token="c2" * 32),
        }
        for slug, node in nodes.items():
            room = {luc.slug: luc, leo.slug: leo}.get(slug)
            resident = Resident(slug, directory, room, cast("Node", node))
            flat.residents[slug] = resident
            resident.code = code if slug == leo.slug else ""
            resident.app = make_app(node, Place(flat, resident))
            runner = web.AppRunner(resident.app, access_log=None)
            await runner.setup()
            resident.stack.push_async_callback(runner.cleanup)
            resident.server = runner.server
        ana = nodes[FIRST]
        things: list[Any] = views.things(ana.engine.core)
        drill = next(thing for thing in things if thing["title"] == "Tent for four")
        await common.mark(ana, ana.engine.core, drill["thing"], is_common=True)
        luc_me = nodes[luc.slug].engine.core.me
        loan = common.loans_of(ana.engine.core, luc_me)[0]["loan"]
        front = Front(flat)
        with listen("127.0.0.1", 0, "the page") as socket:
            await front.start(socket, 1.0)
            url = f"http://127.0.0.1:{socket.getsockname()[1]}"
            app = flat.residents[luc.slug].app
            assert app is not None
            paths = [
                "/who", f"/claim/{code}", f"/claim/{code}/restore", "/flat", "/things", "/inbox",
                f"/for-the-flat/-/{loan}",
            ]  # fmt: skip
            found.append(ServedFlat(url, url + entry_path(app), paths))
            started.set()
            await ending.wait()
            await front.stop()
            await flat.stop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(live())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert started.wait(30)
        yield found[0]
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(30)
