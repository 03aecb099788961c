"""``flatmates``: who has a home on this computer too, and adding one, from the command line.

Links and switches are for who set the computer up, whose home is the data directory itself.
Every other command reaches a flatmate's home by ``--home DIR/flatmates/NAME``.
"""

from __future__ import annotations

import argparse
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Final

from node.cli.client import Answer, Client, part
from node.cli.output import Screen
from node.i18n import N_

Say = Callable[[str], str]

_STATES: Final = {
    "here": N_("lives here"),
    "awaited": N_("has not come yet"),
    "empty": N_("has not come, and has no link that works"),
    "off": N_("switched off"),
    "closed": N_("closed"),
}


def add_flatmate_commands(
    add: Callable[..., ArgumentParser],
    shared: ArgumentParser,
    parser_class: type[ArgumentParser],
    _: Say,
) -> None:
    """``flatmates`` with its verbs; arguments as in ``node.cli.parser_keys``."""
    flatmates = add("flatmates", _("who has a home on this computer too; add somebody"))
    verbs = flatmates.add_subparsers(dest="verb", metavar=_("VERB"), parser_class=parser_class)

    def verb(name: str, text: str) -> ArgumentParser:
        return verbs.add_parser(name, help=text, parents=[shared])

    adding = verb("add", _("make room for somebody, and a link for them to come in"))
    adding.add_argument("name", metavar=_("NAME"))
    for name, text in (
        ("link", _("make a new link for somebody who has not come yet")),
        ("off", _("switch a flatmate's home off; nothing of it is lost")),
        ("on", _("switch it on again")),
    ):
        verb(name, text).add_argument("flatmate", metavar=_("FLATMATE"))


def _show(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.get("/flatmates")


def _add(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post("/flatmates", {"name": arguments.name})


def _link(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post(f"/flatmates/{part(arguments.flatmate)}/link")


def _switch(arguments: argparse.Namespace, client: Client) -> Answer:
    is_on = arguments.verb == "on"
    return client.post(f"/flatmates/{part(arguments.flatmate)}/switch", {"on": is_on})


ACTIONS: Final = {
    "flatmates": _show,
    "flatmates add": _add,
    "flatmates link": _link,
    "flatmates on": _switch,
    "flatmates off": _switch,
}


def show_all(screen: Screen, answer: Answer) -> None:
    """``flatmates``."""
    if not answer:
        screen.line(
            screen.gettext("Nobody else has a home on this computer: openhouse flatmates add NAME")
        )
        return
    for mate in answer:
        show(screen, mate)


def show(screen: Screen, answer: Answer) -> None:
    """One flatmate."""
    state = screen.gettext(_STATES.get(answer["state"], answer["state"]))
    screen.line(f"{answer['name']} ({answer['flatmate']}): {state}")
    if answer.get("problem"):
        screen.line(answer["problem"])


def show_with_link(screen: Screen, answer: Answer) -> None:
    """``flatmates add``, ``flatmates link``."""
    show(screen, answer)
    if answer.get("link"):
        screen.line(screen.gettext("This link lets them in, once, within seven days:"))
        screen.line(answer["link"])


RENDERINGS: Final = {
    "flatmates": show_all,
    "flatmates add": show_with_link,
    "flatmates link": show_with_link,
    "flatmates on": show,
    "flatmates off": show,
}
