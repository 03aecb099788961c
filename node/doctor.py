"""``openhouse doctor``: is all well with this node, and what to do where it is not.

Looks from outside: at the data directory and, when the node runs, at what it says.
Changes nothing. Each check is one sentence; ``ok`` is None where nothing can be said.
"""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from node import config
from node.errors import NodeError
from node.i18n import N_, translator
from node.store import DATABASE_FILE

FREE_MIN_BYTES: Final = 200 * 1024 * 1024


class Asks(Protocol):
    """What the doctor needs of the client of the local API."""

    def is_running(self) -> bool: ...

    def get(self, path: str, query: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401
        """What the node answers, as JSON."""


def examine(home: Path, client: Asks, language: str) -> dict[str, Any]:
    """Every check, and whether all of them that could be made are well."""
    say = translator(language).gettext
    is_running = client.is_running()
    checks = [
        _directory(home),
        _database(home),
        _room(home),
        _running(is_running),
        *([] if is_running else [_port(home)]),
        *(_inside(client) if is_running else []),
    ]
    shown = [
        {"name": name, "ok": ok, "message": say(message).format(**values)}
        for name, ok, message, values in checks
    ]
    return {"ok": all(check["ok"] is not False for check in shown), "checks": shown}


_Check = tuple[str, bool | None, str, dict[str, object]]


def _directory(home: Path) -> _Check:
    if not home.exists():
        sentence = N_("There is no data directory {home} yet: start the node once.")
        return ("directory", None, sentence, {"home": home})
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        sentence = N_("The data directory {home} cannot be written: look at its owner.")
        return ("directory", False, sentence, {"home": home})
    if home.stat().st_mode & 0o077:
        sentence = N_("Others on this computer can read {home}: chmod 700 {home}")
        return ("directory", False, sentence, {"home": home})
    return ("directory", True, N_("The data directory {home} is yours alone."), {"home": home})


def _database(home: Path) -> _Check:
    path = home / DATABASE_FILE
    if not path.exists():
        return ("database", None, N_("There is no database yet."), {})
    try:
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            database.close()
    except sqlite3.Error as error:
        found = str(error)
    if found != "ok":
        sentence = N_(
            "The database is damaged ({reason}): move {home} away and restore a backup "
            "(openhouse restore FILE); your friends give back what is newer."
        )
        return ("database", False, sentence, {"reason": found.splitlines()[0], "home": home})
    return ("database", True, N_("The database is sound."), {})


def _room(home: Path) -> _Check:
    place = next((p for p in (home, *home.parents) if p.exists()), Path("/"))
    free = shutil.disk_usage(place).free
    values: dict[str, object] = {"free": free // (1024 * 1024)}
    if free < FREE_MIN_BYTES:
        return ("disk", False, N_("Only {free} MB are free on the disk: make room."), values)
    return ("disk", True, N_("{free} MB are free on the disk."), values)


def _running(is_running: bool) -> _Check:
    if is_running:
        return ("running", True, N_("The node is running."), {})
    return ("running", None, N_("The node is not running. Start it: openhouse run"), {})


def _port(home: Path) -> _Check:
    try:
        settings = config.load(home, {}, os.environ)
    except NodeError as error:
        return ("settings", False, "{reason}", {"reason": error})
    values: dict[str, object] = {"port": settings.peer_port}
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", settings.peer_port))
        except OSError:
            return ("port", False, N_("Another program uses port {port}."), values)
    return ("port", True, N_("Port {port} is free for the node."), values)


def _inside(client: Asks) -> list[_Check]:
    """What the running node says of itself; nothing while it has no member."""
    try:
        status = client.get("/status")
        keys = client.get("/keys")
    except Exception:  # whatever is wrong with it, the node cannot tell
        return [("member", None, N_("The node has no member yet: open its page."), {})]
    checks: list[_Check] = [_links(status)]
    if keys["is_recalling"]:
        sentence = N_("This node was restored and waits for a friend to be connected.")
        checks.append(("recall", False, sentence, {}))
    if keys["is_frozen"]:
        sentence = N_("Your keys are frozen: openhouse keys thaw")
        checks.append(("keys", False, sentence, {}))
    for claim in keys["claims"]:
        sentence = N_(
            "Somebody claims to be {name} with new keys. If {name} did not ask for it, warn them "
            "before {counts_from}."
        )
        checks.append(("claim", False, sentence, dict(claim)))
    checks.append(_words(client))
    return checks


def _links(status: Mapping[str, Any]) -> _Check:
    values: dict[str, object] = {"up": status["links_up"], "friends": status["friends"]}
    if status["friends"] and not status["links_up"]:
        sentence = N_("None of your {friends} friends is connected: is this computer online?")
        return ("links", False, sentence, values)
    return ("links", True, N_("{up} of {friends} friends are connected."), values)


def _words(client: Asks) -> _Check:
    try:
        client.get("/words")
    except Exception:  # forgotten here: they were written down
        return ("words", True, N_("Your words are on paper, you said."), {})
    sentence = N_(
        "Your words are not written down yet: without them nothing can be restored. Do it now: "
        "openhouse words"
    )
    return ("words", False, sentence, {})
