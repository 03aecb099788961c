"""``openhouse run``: starts a node, says when it serves, ends it in good order.

On stdout goes exactly one line of JSON, once both ports serve:
``{"event": "ready", "member", "peer_port", "web_port"}``. Everything else goes to
stderr. What stands in the way (a second node on one directory, a taken port, a
directory that cannot be written, a damaged database or configuration) ends the
program with one sentence and exit code 1.

While it runs, ``node.json`` in the data directory tells commands where it is; they
may use it with the content of ``token``. SIGTERM and SIGINT end it: links are closed
with an authenticated goodbye, the last transaction is on disk, the lock is gone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import re
import secrets
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node import config
from node.errors import NodeError, StoreUnwritable
from node.quiet_log import QuietLog
from node.store import Store

if TYPE_CHECKING:
    from aiohttp import web

    from node.config import Settings
    from node.node import Node

NODE_FILE: Final = "node.json"
TOKEN_FILE: Final = "token"
EXIT_DONE: Final = 0
EXIT_REFUSED: Final = 1

_TOKEN: Final = re.compile(r"[0-9a-f]{64}")
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
    for name in ("aiohttp", "asyncio", "zeroconf"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    config.ensure_private_umask()
    store = Store(settings.home)
    try:
        return asyncio.run(_serve(settings, store))
    finally:
        store.close()


async def _serve(settings: Settings, store: Store) -> int:
    from node.node import running
    from node.transport.endpoint import listen

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    # Before anything lives: a taken port is found out at once.
    with listen(settings.web_host, settings.web_port, "the page") as web_socket:
        async with running(settings, store, _token(settings.home)) as node:
            runner = await _serve_page(node, web_socket)
            try:
                _announce(node, runner.app, web_socket)
                await _wait_for_end(node, stopping)
            finally:
                (settings.home / NODE_FILE).unlink(missing_ok=True)
                await runner.cleanup()
    if node.failed.done():
        raise node.failed.result()
    return EXIT_DONE


async def _serve_page(node: Node, web_socket: socket.socket) -> web.AppRunner:
    from aiohttp import web

    from node.api.app import make_app

    runner = web.AppRunner(
        make_app(node), access_log=None, handle_signals=False, shutdown_timeout=_WEB_STOP_S
    )
    await runner.setup()
    await web.SockSite(runner, web_socket).start()
    return runner


async def _wait_for_end(node: Node, stopping: asyncio.Event) -> None:
    told = asyncio.ensure_future(stopping.wait())
    await asyncio.wait((told, node.failed), return_when=asyncio.FIRST_COMPLETED)
    told.cancel()


def _announce(node: Node, app: web.Application, web_socket: socket.socket) -> None:
    """Tell commands and whoever started us where this node is."""
    member = None if node.engine is None else node.engine.core.me.hex()
    web_host, web_port = web_socket.getsockname()[:2]
    ready = {"event": "ready", "member": member, "peer_port": node.peer_port, "web_port": web_port}
    base = f"http://{config.join_address(web_host, web_port)}"
    facts = {"pid": os.getpid(), "web_host": web_host, "api": f"{base}/api/v1", **ready}
    del facts["event"]
    _write_private(node.settings.home / NODE_FILE, json.dumps(facts) + "\n")
    print(json.dumps(ready), flush=True)
    if sys.stderr.isatty():
        # The key opens the page once, in the browser of whoever sits here. It is for a
        # screen: a log file would keep it.
        from node.web.pages import entry_path

        print(f"{base}{entry_path(app)}", file=sys.stderr, flush=True)


def _token(home: Path) -> str:
    """The secret of the local API, kept so that browsers stay signed in."""
    path = home / TOKEN_FILE
    try:
        token = path.read_text(encoding="ascii").strip()
        if _TOKEN.fullmatch(token):
            path.chmod(0o600)
            return token
    except (OSError, ValueError):
        _log.debug("a new token is made")
    token = secrets.token_hex(32)
    _write_private(path, token + "\n")
    return token


def _write_private(path: Path, text: str) -> None:
    """Write a file that only the owner can read, whole or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        with suppress(FileNotFoundError):
            part.unlink()
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        part.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreUnwritable(f"{path} cannot be written: {reason}") from error
