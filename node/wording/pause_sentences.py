"""What people are told of a friend whose home is left alone; for command line and page.

Spec: §14.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from node.i18n import N_


def pause_sentence(friend: Mapping[str, Any], say: Callable[[str], str]) -> str:
    """Why nothing goes to a friend and comes from them, and until when; empty when all is well."""
    paused = friend.get("paused")
    if not paused:
        return ""
    sentence = N_(
        "{name}'s home sent what no healthy home sends: its storage may be damaged, or its "
        "program changed. Until {until} nothing goes there or comes from there. You are friends "
        "as before: ask {name} to look at their home (openhouse doctor)."
    )
    if paused["reason"] == "node-broken":  # ``pauses.BROKE_US``; commands load no engine for it
        sentence = N_(
            "What {name}'s home sent made this program fail; the fault is most likely here. Until "
            "{until} nothing goes there or comes from there. You are friends as before, and {name} "
            "need do nothing: a newer version may help (the log has the details)."
        )
    until = datetime.fromisoformat(paused["until"]).astimezone().strftime("%Y-%m-%d %H:%M")
    return say(sentence).format(name=friend["name"], until=until)


def admitted_sentence(name: str, say: Callable[[str], str]) -> str:
    """The owner let the friend in again."""
    sentence = N_("{name}'s home is let in again. Should it send nonsense once more, you are told.")
    return say(sentence).format(name=name)
