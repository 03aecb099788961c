"""The command ``openhouse``: reads the command line, does it, says how it went.

Exit codes: 0 done, 1 refused (the reason on stderr, with ``--json`` also
``{"error": {"code", "message"}}`` on stdout), 2 wrong usage, 3 the node is not
running. Spec: §10.4.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from node.cli.actions import ACTIONS
from node.cli.actions_keys import LOCAL_ACTIONS
from node.cli.client import Answer, Client, NotRunning, RefusedByNode, home_directory
from node.cli.parser import (
    EXIT_DONE,
    EXIT_NOT_RUNNING,
    EXIT_REFUSED,
    EXIT_USAGE,
    Parser,
    build_parser,
)
from node.i18n import known_language, language_of_environment, translator
from node.wording import messages
from protocol.errors import OpenHouseError

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry of the console script; gives the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not __debug__:
        # Broken invariants are assertions: without them a node would go on wrongly.
        print("openhouse: python -O and PYTHONOPTIMIZE are not supported", file=sys.stderr)
        return EXIT_USAGE
    # Names of people and things in every script, also where the locale says ASCII.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        return _run(given)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader has seen enough ("openhouse browse | head"): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_DONE


def _run(given: list[str]) -> int:
    language = _wanted_language(given) or language_of_environment()
    parser = build_parser(given, language)
    arguments = parser.parse_args(given)
    if arguments.version:
        return _show_version()
    if arguments.command is None:
        parser.print_help(sys.stderr)
        return EXIT_USAGE
    name = " ".join(filter(None, (arguments.command, getattr(arguments, "verb", None))))
    _check_usage(name, arguments, parser, language)
    if arguments.command == "simulate":
        from simulations import cli

        return cli.main(arguments)
    try:
        if name == "run":
            return _start(arguments)
        if name == "demo":
            return _show_street(arguments, language)
        return _do(name, arguments, language)
    except NotRunning:
        return _fail("not-running", messages.say("not-running", {}, language), arguments)
    except RefusedByNode as refusal:
        return _fail(refusal.code, refusal.message, arguments)
    except OpenHouseError as error:
        code = getattr(error, "code", "failed")
        return _fail(code, messages.sentence(error, language), arguments)


def _check_usage(name: str, arguments: argparse.Namespace, parser: Parser, language: str) -> None:
    """What argparse cannot say: arguments that need each other."""
    _ = translator(language).gettext
    if name == "things set":
        fields = (
            "title", "kind", "circles", "text", "only_through", "when", "shortest", "longest",
            "buffer", "photo", "category", "conditions", "licence", "file",
        )  # fmt: skip
        is_empty = all(getattr(arguments, field) is None for field in fields)
        if is_empty and not arguments.no_photos and not arguments.no_file:
            parser.error(_("say what to change: --title, --kind, --circles, --text …"))
    if name == "answer" and (arguments.answer == "counter") != (arguments.start is not None):
        parser.error(_("“counter”, and only “counter”, needs other dates: --from and --to"))


def _do(name: str, arguments: argparse.Namespace, language: str) -> int:
    """A command for the running node (``setup`` also for one that is not running)."""
    from node.cli.output import Screen

    home = home_directory(arguments.home)
    client = Client(home, arguments.language)
    if name == "setup":
        answer = _set_up(arguments, client, home, language)
    elif name in LOCAL_ACTIONS:
        answer = LOCAL_ACTIONS[name](arguments, language)
    elif name == "befriend":
        from node.cli.befriend import befriend

        answer = befriend(arguments, client, language)
    elif name in ("house propose", "house approve"):
        from node.cli.amend import SIGNINGS

        answer = SIGNINGS[name](arguments, client, language)
    else:
        answer = ACTIONS[name](arguments, client)
    if arguments.json:
        Screen(language).json(answer)
        return EXIT_DONE
    from node.cli.render import RENDERINGS

    spoken = client.answer_language or language
    if name in LOCAL_ACTIONS:
        spoken = answer.get("language", language)
    RENDERINGS[name](Screen(spoken, home=arguments.home), answer)
    return EXIT_DONE


def _set_up(arguments: argparse.Namespace, client: Client, home: Path, language: str) -> Answer:
    """Through the running node if there is one, else straight into the data directory."""
    body = {
        "name": arguments.name,
        "email": arguments.email,
        "phone": arguments.phone,
        "language": arguments.language or language,
    }
    if client.is_running():
        return client.post("/setup", body)
    from node import identity

    return identity.set_up(home, **body)


def _start(arguments: argparse.Namespace) -> int:
    from node import config, run

    flags = {
        "peer_port": arguments.peer_port,
        "web_port": arguments.web_port,
        "lan": False if arguments.no_lan else None,
        "map_port": True if arguments.map_port else None,
    }
    home = None if arguments.home is None else Path(arguments.home).expanduser()
    return run.run(config.load(home, flags, os.environ))


def _show_street(arguments: argparse.Namespace, language: str) -> int:
    from node.demo import street

    return street.run(
        None if arguments.home is None else Path(arguments.home).expanduser(),
        language,
        web_port=arguments.web_port or 0,
        opens_browser=not (arguments.no_browser or arguments.json),
        json_=arguments.json,
    )


def _show_version() -> int:
    from importlib.metadata import version

    print(f"openhouse {version('openhouse')}")
    return EXIT_DONE


def _fail(code: str, message: str, arguments: argparse.Namespace) -> int:
    from node.cli.output import naming_home

    message = naming_home(message, arguments.home)
    print(f"openhouse: {message}", file=sys.stderr)
    if arguments.json:
        error = {"error": {"code": code, "message": message}}
        print(json.dumps(error, ensure_ascii=False, indent=2))
    return EXIT_NOT_RUNNING if code == "not-running" else EXIT_REFUSED


def _wanted_language(given: Sequence[str]) -> str | None:
    """``--language`` before argparse has read it: its own help is in that language."""
    for option, value in zip(given, [*given, ""][1:], strict=True):
        if option == "--language":
            return known_language(value)
        if option.startswith("--language="):
            return known_language(option.partition("=")[2])
    return None


if __name__ == "__main__":
    sys.exit(main())
