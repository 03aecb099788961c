"""Commands about keys: those for the running node, and those that make one. Spec: §18."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from node.cli.client import Answer, Client, home_directory
from node.i18n import translator
from protocol.errors import OpenHouseError, Refused

Action = Callable[[argparse.Namespace, Client], Answer]
LocalAction = Callable[[argparse.Namespace, str], Answer]
_WORDS_FILE_SIZE_MAX_BYTES: Final = 4096


# --- for the running node ----------------------------------------------------------------


def _words(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.delete("/words") if arguments.written else client.get("/words")


def _keys(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.get("/keys")


def _guardians(arguments: argparse.Namespace, client: Client) -> Answer:
    body = {"members": arguments.members, "approvals": arguments.approvals}
    return client.post("/keys/guardians", body)


def _freeze(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post("/keys/freeze", {"frozen": arguments.verb == "freeze"})


def _revoke(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post("/keys/revoke", {"key": arguments.key})


def _approve(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post("/keys/approve", {"request": arguments.request})


def _go_on(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post("/keys/go-on")


def _backup(arguments: argparse.Namespace, client: Client) -> Answer:
    # The node writes it: a path is meant as seen from here.
    return client.post("/backup", {"file": str(Path(arguments.file).expanduser().absolute())})


ACTIONS: Final[dict[str, Action]] = {
    "words": _words,
    "keys": _keys,
    "keys guardians": _guardians,
    "keys freeze": _freeze,
    "keys thaw": _freeze,
    "keys revoke": _revoke,
    "keys approve": _approve,
    "keys go-on": _go_on,
    "backup": _backup,
}


# --- without one -------------------------------------------------------------------------


def _restore(arguments: argparse.Namespace, language: str) -> Answer:
    from node import backup, restoring

    home = home_directory(arguments.home)
    name = arguments.name
    if arguments.file is None and not name:
        # A backup knows it; words alone do not.
        name = _asked(language, "Your name, as your friends know you") if sys.stdin.isatty() else ""
        if not name:
            raise Refused("name-missing")
    file = None if arguments.file is None else Path(arguments.file).expanduser()
    # Before somebody writes 24 words for nothing.
    restoring.refuse_if_lived_in(home)
    if file is not None:
        backup.refuse_other_files(file)
    words = _read_words(arguments, language)
    if file is None:
        return restoring.restore_words(
            home, words, name, arguments.language or language, root=arguments.root
        )
    return restoring.restore_backup(home, file, words, root=arguments.root)


def _asked(language: str, what: str) -> str:
    print(translator(language).gettext(what), file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _read_words(arguments: argparse.Namespace, language: str) -> str:
    if arguments.words_file is not None:
        path = Path(arguments.words_file).expanduser()
        try:
            with path.open(encoding="utf-8") as file:
                return file.read(_WORDS_FILE_SIZE_MAX_BYTES)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise Refused("file-unreadable", file=str(path), reason=reason) from error
    if sys.stdin.isatty():
        print(translator(language).gettext("Your 24 words:"), file=sys.stderr, flush=True)
        return sys.stdin.readline()
    return sys.stdin.read(_WORDS_FILE_SIZE_MAX_BYTES)


def _succession_ask(arguments: argparse.Namespace, language: str) -> Answer:
    from node import succession

    return succession.ask_guardians(
        home_directory(arguments.home),
        arguments.member,
        arguments.name,
        arguments.language or language,
    )


def _succession_take(arguments: argparse.Namespace, language: str) -> Answer:
    from node import succession

    return succession.take_approvals(home_directory(arguments.home), arguments.approvals)


def _doctor(arguments: argparse.Namespace, language: str) -> Answer:
    from node import doctor

    home = home_directory(arguments.home)
    client = Client(home, arguments.language)
    with suppress(OpenHouseError):
        client.get("/status")  # it answers in the language of who lives here
    language = arguments.language or client.answer_language or language
    return {**doctor.examine(home, client, language), "language": language}


LOCAL_ACTIONS: Final[dict[str, LocalAction]] = {
    "restore": _restore,
    "succession ask": _succession_ask,
    "succession take": _succession_take,
    "doctor": _doctor,
}
"""Commands that need no running node, by name."""
