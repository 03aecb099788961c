"""``openhouse doctor``: is all well with this node, and what to do where it is not.

Looks from outside: at the data directory and, when the node runs, at what it says.
Changes nothing. Each check is one sentence; ``ok`` is None where nothing can be said.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from node import config, store
from node.errors import (
    NodeError,
    PortTaken,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreNewer,
    StoreUnwritable,
)
from node.flat.rooms import DIRECTORY, rooms
from node.i18n import N_, translator
from node.lock import holder_of
from node.store import DATABASE_FILE
from node.wording.time_sentences import clock_sentence
from protocol.errors import OpenHouseError, Refused

FREE_MIN_BYTES: Final = 200_000_000


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
        _running(home, is_running),
        *_settings(home, is_running),
        *(_inside(client, say) if is_running else []),
        *(_flatmates(home, client) if is_running else []),
    ]
    shown = [
        {"name": name, "ok": ok, "message": say(message).format(**values)}
        for name, ok, message, values in checks
    ]
    return {"ok": all(check["ok"] is not False for check in shown), "checks": shown}


_Check = tuple[str, bool | None, str, dict[str, object]]


# --- what lies on the disk ---------------------------------------------------------------


def _directory(home: Path) -> _Check:
    try:
        mode = home.stat().st_mode
    except FileNotFoundError:
        sentence = N_("There is no data directory {home} yet: start the node once.")
        return ("directory", None, sentence, {"home": home})
    except OSError as error:
        values: dict[str, object] = {"home": home, "reason": error.strerror or error}
        return (
            "directory",
            False,
            N_("The data directory {home} is out of reach: {reason}"),
            values,
        )
    if not stat.S_ISDIR(mode):
        sentence = N_("{home} is a file, not a directory: move it away or choose another place.")
        return ("directory", False, sentence, {"home": home})
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        sentence = N_("The data directory {home} cannot be written: look at its owner.")
        return ("directory", False, sentence, {"home": home})
    if mode & 0o077:
        sentence = N_("Others on this computer can read {home}: chmod 700 {home}")
        return ("directory", False, sentence, {"home": home})
    return ("directory", True, N_("The data directory {home} is yours alone."), {"home": home})


def _database(home: Path) -> _Check:
    path = home / DATABASE_FILE
    try:
        if not os.access(path, os.R_OK | os.W_OK) and path.exists():
            raise StoreUnwritable(f"{path} is closed to us")
        if not store.check(home):
            return ("database", None, N_("There is no database yet."), {})
    except StoreNewer:
        sentence = N_("The database was made by a newer Open House: update this one.")
        return ("database", False, sentence, {})
    except StoreBusy:
        sentence = N_("Another program is using the database {path}: end it and look again.")
        return ("database", False, sentence, {"path": path})
    except (StoreUnwritable, StoreFull, OSError):
        sentence = N_("The database {path} cannot be read: look at its owner and at the disk.")
        return ("database", False, sentence, {"path": path})
    except StoreError as error:
        sentence = N_(
            "The database is damaged ({reason}): move {home} away and restore a backup "
            "(openhouse restore FILE); your friends give back what is newer."
        )
        return ("database", False, sentence, {"reason": _reason(error), "home": home})
    return ("database", True, N_("The database is sound."), {})


def _reason(error: StoreError) -> str:
    """What is wrong with a database, without the path, which the sentence names."""
    return str(error.__cause__ or error.detail.rpartition(": ")[2]).splitlines()[0]


def _room(home: Path) -> _Check:
    values: dict[str, object] = {}
    try:
        place = next(p for p in (home, *home.absolute().parents) if p.exists())
        free = shutil.disk_usage(place).free
    except OSError:
        return ("disk", None, N_("How much room the disk has cannot be told."), values)
    values["free"] = free // 1_000_000
    if free < FREE_MIN_BYTES:
        return ("disk", False, N_("Only {free} MB are free on the disk: make room."), values)
    return ("disk", True, N_("{free} MB are free on the disk."), values)


# --- the program -------------------------------------------------------------------------


def _running(home: Path, is_running: bool) -> _Check:
    if is_running:
        return ("running", True, N_("This home is running."), {})
    holder = holder_of(home)
    if holder is not None:
        sentence = N_(
            "A node (process {process}) holds this directory and does not answer: end it and "
            "start it again."
        )
        return ("running", False, sentence, {"process": holder})
    return ("running", None, N_("This home is not running. Start it: openhouse run"), {})


def _settings(home: Path, is_running: bool) -> list[_Check]:
    """The options; and, while nobody listens, whether the node could."""
    try:
        settings = config.load(home, {}, os.environ)
    except NodeError as error:
        return [("settings", False, "{reason}", {"reason": error})]
    if is_running:
        return []
    return [
        _port("port", settings.peer_host, settings.peer_port),
        _port("web-port", settings.web_host, settings.web_port),
    ]


def _port(name: str, host: str, port: int) -> _Check:
    # Loaded when needed: most commands have no use for the network.
    from node.transport.endpoint import listen

    values: dict[str, object] = {"port": port, "host": host}
    try:
        listen(host, port, "").close()
    except PortTaken as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno == errno.EADDRINUSE:
            return (
                name,
                False,
                N_(
                    "Another program, or another home here, uses port {port}: if this one is not "
                    "to have another by --peer-port and --web-port, end it."
                ),
                values,
            )
        values["reason"] = getattr(cause, "strerror", None) or error
        sentence = N_("The node cannot listen at {host}, port {port}: {reason}")
        return (name, False, sentence, values)
    return (name, True, N_("Port {port} is free for the node."), values)


# --- what the running node says ------------------------------------------------------------


def _inside(client: Asks, say: Callable[[str], str]) -> list[_Check]:
    """What the running node says of itself; nothing while it has no member."""
    try:
        status = client.get("/status")
        keys = client.get("/keys")
    except OpenHouseError as error:
        return [_silent(error)]
    checks: list[_Check] = [_links(status), *_lan(status), *_clock(status, say)]
    if keys["is_recalling"]:
        sentence = N_(
            "This home was restored and asks your friends for what it has forgotten: with one of "
            "them connected, that takes a minute."
        )
        checks.append(("recall", False, sentence, {}))
    if keys["promises_wait_for"]:
        sentence = N_(
            "This home was restored and promises nothing before the homes of {names} have been "
            "asked what they know. To go on without them: openhouse keys go-on"
        )
        names = ", ".join(friend["name"] for friend in keys["promises_wait_for"])
        checks.append(("recall", False, sentence, {"names": names}))
    if keys["is_frozen"]:
        sentence = N_("Your keys are frozen: openhouse keys thaw")
        checks.append(("keys", False, sentence, {}))
    for claim in keys["claims"]:
        sentence = N_(
            "Somebody claims to be {name} with new keys. If {name} did not ask for it, warn them "
            "before {counts_from}."
        )
        checks.append(("claim", False, sentence, dict(claim)))
    return [*checks, *_words(client)]


def _flatmates(home: Path, client: Asks) -> list[_Check]:
    """The homes of flatmates that the running node could not open; who set it up is told."""
    if not rooms(home):
        return []
    try:
        mates = client.get("/flatmates")
    except OpenHouseError:
        return []  # said already
    sentence = N_("The home of {name} is closed. Have it examined: doctor --home {home}")
    return [
        (
            "flatmate",
            False,
            sentence,
            {"name": mate["name"], "home": home / DIRECTORY / mate["flatmate"]},
        )
        for mate in mates
        if mate["state"] == "closed"
    ]


def _silent(error: OpenHouseError) -> _Check:
    """Why the node answers and says nothing of itself."""
    code = error.code if isinstance(error, Refused) else ""
    if code == "not-set-up":
        return ("member", None, N_("The node has no member yet: open its page."), {})
    if code in ("wrong-token", "token-unreadable"):
        sentence = N_("The file “token” is not the running node's: start the node again.")
        return ("token", False, sentence, {})
    sentence = N_("The node answers, but not as it should: start it again and read its log.")
    return ("node", False, sentence, {})


def _links(status: Mapping[str, Any]) -> _Check:
    values: dict[str, object] = {"up": status["links_up"], "friends": status["friends"]}
    if status.get("paused"):
        sentence = N_(
            "The homes of these friends sent nonsense and are on hold: {names}. See why: "
            "openhouse friends"
        )
        return ("links", False, sentence, {"names": ", ".join(status["paused"])})
    if status["friends"] and not status["links_up"]:
        sentence = N_(
            "None of your {friends} friends is connected: is this computer online, and no other "
            "home of yours running?"
        )
        return ("links", False, sentence, values)
    return ("links", True, N_("{up} of {friends} friends are connected."), values)


def _lan(status: Mapping[str, Any]) -> list[_Check]:
    """What can be known: whoever hears nothing may be alone, or on a network that is deaf."""
    lan = status.get("lan")
    if lan is None or not lan["is_on"] or not status["friends"]:
        return []
    if lan["problem"]:
        sentence = N_(
            "Friends cannot be looked for on this network ({reason}); they are called at their "
            "last known addresses."
        )
        return [("lan", False, sentence, {"reason": lan["problem"]})]
    if not lan["nearby"]:
        sentence = N_(
            "No friend's home was heard on this network. If one is here, the network lets no "
            "announcement (multicast) through; friends are called at their last known addresses."
        )
        return [("lan", True, sentence, {})]
    return [
        (
            "lan",
            True,
            N_("Friends' homes heard on this network: {count}."),
            {"count": lan["nearby"]},
        )
    ]


def _clock(status: Mapping[str, Any], say: Callable[[str], str]) -> list[_Check]:
    clock = status.get("clock")
    if clock is None:
        return []
    wrong = clock_sentence(clock, say)
    if wrong:
        return [("clock", False, "{sentence}", {"sentence": wrong})]
    return [("clock", True, N_("Nothing is known to be wrong with the clock."), {})]


def _words(client: Asks) -> list[_Check]:
    try:
        client.get("/words")
    except OpenHouseError as error:
        if isinstance(error, Refused) and error.code == "words-forgotten":
            return [("words", True, N_("Your words are on paper, you said."), {})]
        return [_silent(error)]
    sentence = N_(
        "Your words are not written down yet: without them nothing can be restored. Do it now: "
        "openhouse words"
    )
    return [("words", False, sentence, {})]
