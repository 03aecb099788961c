"""``openhouse run``: starts a node, says when it serves, ends it in good order.

Once both ports serve, stdout says so: to a program as exactly one line of JSON,
``{"event": "ready", "member", "peer_port", "web_port"}``; on a terminal in words, with a
link that opens the page. Everything else goes to stderr. What stands in the way (a second
node on one directory, a taken port, a directory that cannot be written, a damaged database
or configuration) ends the program with one sentence and exit code 1.

While it runs, ``node.json`` in the data directory tells commands where it is; they
may use it with the content of ``token``. Flatmates (``node.flat``) run in the same process,
each with both files in a directory of their own. SIGTERM and SIGINT end it: links are closed
with an authenticated goodbye, the last transaction is on disk, the lock is gone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node import config
from node.errors import NodeError, StoreBusy, StoreError
from node.flat.rooms import rooms
from node.i18n import language_of_environment, translator
from node.quiet_log import QuietLog
from node.store import Store

if TYPE_CHECKING:
    from aiohttp import web

    from node.config import Settings
    from node.flat.flat import Flat
    from node.flat.place import Place
    from node.node import Node

EXIT_DONE: Final = 0
EXIT_REFUSED: Final = 1

_WEB_STOP_S: Final = 2.0
_LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"

_log = logging.getLogger("openhouse")


def main(arguments: argparse.Namespace) -> int:
    """Run a node until it is told to end; gives the exit code.

    Args:
        arguments: ``home, peer_port, web_port, no_lan, map_port, json`` of the command line.
    """
    flags = {
        "peer_port": arguments.peer_port,
        "web_port": arguments.web_port,
        "lan": False if arguments.no_lan else None,
        "map_port": True if arguments.map_port else None,
    }
    home = None if arguments.home is None else Path(arguments.home).expanduser()
    try:
        return run(config.load(home, flags, os.environ))
    except NodeError as error:
        print(f"openhouse: {error}", file=sys.stderr)
        if getattr(arguments, "json", False):
            print(json.dumps({"error": {"code": error.code, "message": str(error)}}))
        return EXIT_REFUSED


def run(settings: Settings) -> int:
    """Run a node with these settings; raises NodeError when it cannot."""
    if not __debug__:
        # Broken invariants are assertions: without them a node would go on wrongly.
        print("openhouse: python -O and PYTHONOPTIMIZE are not supported", file=sys.stderr)
        return EXIT_REFUSED
    logging.basicConfig(
        level=settings.log_level.upper(), format=_LOG_FORMAT, stream=sys.stderr, force=True
    )
    for handler in logging.getLogger().handlers:
        handler.addFilter(QuietLog(time.monotonic))
    # Other libraries speak of single requests; strangers can make many.
    for name in ("aiohttp", "asyncio"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    # A computer without IPv6 is no fault, and zeroconf tells of it with a traceback.
    logging.getLogger("zeroconf").setLevel(max(logging.ERROR, logging.getLogger().level))
    config.ensure_private_umask()
    try:
        store: Store | StoreError = Store(settings.home)
    except StoreBusy:
        raise
    except StoreError as error:
        if not rooms(settings.home):
            raise
        store = error  # its flatmates' homes may be well
    try:
        return asyncio.run(_serve(settings, store))
    finally:
        if isinstance(store, Store):
            store.close()


async def _serve(settings: Settings, store: Store | StoreError) -> int:
    from node.flat.flat import Flat
    from node.flat.front import Front
    from node.transport.door import open_door
    from node.transport.endpoint import listen

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        # Before anything lives: a taken port is found out at once.
        web_socket = stack.enter_context(listen(settings.web_host, settings.web_port, "the page"))
        door = await open_door(settings)
        stack.push_async_callback(door.stop)
        flat = Flat(settings, door, _make_app)
        stack.push_async_callback(flat.stop)
        await flat.start(store)
        front = Front(flat)
        stack.push_async_callback(front.stop)
        await front.start(web_socket, _WEB_STOP_S)
        _announce(flat, web_socket)
        await _wait_for_end(flat, stopping)
    if flat.failed.done():
        raise flat.failed.result()
    return EXIT_DONE


def _make_app(node: Node, place: Place) -> web.Application:
    from node.api.app import make_app
    from node.web.password import Password

    return make_app(node, place, Password(node.settings.home))


async def _wait_for_end(flat: Flat, stopping: asyncio.Event) -> None:
    told = asyncio.ensure_future(stopping.wait())
    await asyncio.wait((told, flat.failed), return_when=asyncio.FIRST_COMPLETED)
    told.cancel()


def _announce(flat: Flat, web_socket: socket.socket) -> None:
    """Tell commands and whoever started us where this node is."""
    web_host, web_port = web_socket.getsockname()[:2]
    flat.announce(web_host, web_port)
    first = next(iter(flat.residents.values()))
    engine = None if first.node is None else first.node.engine
    ready = {
        "event": "ready",
        "member": None if engine is None else engine.core.me.hex(),
        "peer_port": flat.peer_port,
        "web_port": web_port,
    }
    if sys.stdout.isatty() and first.node is not None and first.app is not None:
        base = f"http://{config.join_address(web_host, web_port)}"
        _say_ready(first.node, first.app, base)
    else:
        print(json.dumps(ready), flush=True)


def _say_ready(node: Node, app: web.Application, base: str) -> None:
    """What somebody who sits here wants to know: that it runs, where to look, how to end it."""
    # The key is for a screen only: a log file would keep it.
    from node.web.pages import entry_path

    engine = node.engine
    _ = translator(language_of_environment() if engine is None else node.language).gettext
    running = _("Your home is running, and does not know you yet.")
    if engine is not None:
        running = _("{name}'s home is running.").format(name=engine.core.config.name)
    print(running, _("Its page opens once with this link:"))
    print(f"\n  {base}{entry_path(app)}\n")
    print(_("For another link: openhouse page. To switch the home off: Ctrl-C."), flush=True)
