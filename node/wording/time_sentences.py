"""What people are told about the clock, and about being away; for command line and page.

Spec: §7.9, §10.5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from node.i18n import N_

Say = Callable[[str], str]
_Facts = Mapping[str, Any]


def clock_sentence(clock: _Facts, say: Say) -> str:
    """What is wrong with the computer's clock; empty when nothing is."""
    if clock["is_right"]:
        return ""
    if clock["reason"] == "friends-differ":
        sentence = N_(
            "This computer's clock says {says}, but on most of your friends' homes it is "
            "{should_say}. One of them is wrong: look at yours."
        )
    else:
        sentence = N_(
            "This computer's clock says {says}, which cannot be right: it must be about "
            "{should_say}. Set the clock. Until then your home keeps its own time, and nothing "
            "is lost."
        )
    values = {"says": _moment(clock["says"]), "should_say": _moment(clock["should_say"])}
    return say(sentence).format(**values)


def away_sentence(away: _Facts, say: Say, day: Callable[[str], str]) -> str:
    """Until when one is away, and whether friends' homes believe this one for as long.

    Args:
        day: how a date is written.
    """
    values = {"until": day(away["until"]), "covered": day(_moment(away["covered_until"])[:10])}
    if away["is_covered"]:
        sentence = N_(
            "You are away until {until}. If your home is switched off, your things and the paths "
            "through you stay as they are until then."
        )
    else:
        sentence = N_(
            "You are away until {until}. If your home is switched off, your things and the paths "
            "through you stay as they are until {covered}, not longer: let it run for a few "
            "minutes before that day, and the time begins anew."
        )
    return say(sentence).format(**values)


def _moment(instant: str) -> str:
    """An instant in UTC as the clock on this wall shows it."""
    return datetime.fromisoformat(instant).astimezone().strftime("%Y-%m-%d %H:%M")
