"""``openhouse befriend``: two people in one room compare six digits. Spec: §17.8."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from node.cli.client import Answer, Client
from node.i18n import translator
from protocol.errors import Refused

Say = Callable[[str], str]

_LOOK_S: Final = 0.4
_OVER: Final = ("done", "failed", "closed")


def befriend(arguments: argparse.Namespace, client: Client, language: str) -> Answer:
    """Open the window, show the code, ask whether it is the same, and wait for the end.

    Raises:
        Refused: it came to nothing; the code says why.
    """
    _ = translator(language).gettext
    say = _quiet if arguments.json else _say
    client.post("/pairing", {"address": arguments.address})
    say(_("Looking for the other home: type “openhouse befriend” there too, within five minutes."))
    try:
        return _follow(client, _, say)
    except BaseException:
        # Also when the person presses Ctrl-C: no window stays open behind their back.
        client.delete("/pairing")
        raise


def _follow(client: Client, _: Say, say: Callable[[str], None]) -> Answer:
    is_answered = False
    while True:
        state: Any = client.get("/pairing")
        if state["state"] in _OVER:
            break
        if state["state"] == "comparing" and not is_answered:
            is_same = _compare(state, _)
            client.post("/pairing/answer", {"same": is_same})
            is_answered = True
            if is_same:
                say(_("Waiting for the other person to say the same …"))
        time.sleep(_LOOK_S)
    state = client.get("/pairing")
    if state["state"] != "done":
        raise Refused(state["reason"] or "pairing-closed")
    return dict(state)


def _compare(state: dict[str, Any], _: Say) -> bool:
    """Ask whether the other home shows the same code; one line of standard input."""
    _say(
        _("A home that says it is {name}'s answers. The code here:   {code}").format(
            name=state["name"] or "?", code=state["code"]
        )
    )
    print(_("Does the other home show the same code? (y/n) "), end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer:
        raise Refused("pairing-needs-answer")
    return answer.strip().casefold() in _("y yes").split()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _quiet(text: str) -> None:
    del text
