"""``openhouse house propose`` and ``house approve``: what changes is shown, then signed.

Spec: §9.6.
"""

from __future__ import annotations

import argparse
import sys

from node.cli.actions import read_charter
from node.cli.client import Answer, Client, part
from node.cli.output import Screen
from node.cli.render_proposals import show_change
from protocol.errors import Refused


def propose(arguments: argparse.Namespace, client: Client, language: str) -> Answer:
    """Show what would change, ask, and sign.

    Raises:
        Refused: nobody said yes.
    """
    table = read_charter(arguments.file)
    change = client.post("/house/proposals", {"charter": table, "preview": True})
    _ask(arguments, change, client.answer_language or language)
    return client.post("/house/proposals", {"charter": table})


def approve(arguments: argparse.Namespace, client: Client, language: str) -> Answer:
    """The same for what somebody else proposed."""
    prefix = arguments.proposal.strip().lower()
    known = [row for row in client.get("/house/proposals") if row["proposal"].startswith(prefix)]
    if len(known) == 1 and not known[0]["mine"]:
        _ask(arguments, known[0], client.answer_language or language)
    return client.post(f"/house/proposals/{part(arguments.proposal)}/approve")


def _ask(arguments: argparse.Namespace, change: Answer, language: str) -> None:
    """Ask who sits at a terminal; a script has read what it signs."""
    if arguments.yes or arguments.json or not sys.stdin.isatty():
        return
    screen = Screen(language, sys.stderr)
    _ = screen.gettext
    show_change(screen, change)
    screen.line(
        _(
            "Signing cannot be taken back. The whole house sees that you signed, and who "
            "answered for you."
        )
    )
    print(_("Sign it? (y/n) "), end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().casefold() not in _("y yes").split():
        raise Refused("not-signed")


SIGNINGS = {"house propose": propose, "house approve": approve}
"""Commands that sign for the house, by name."""
