"""How a friend's home is connected, in words; for command line and page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from node.i18n import N_

_UP: Final = N_("connected")
_THROUGH: Final = N_("connected through {name}")
_DOWN: Final = N_("not connected now")
_TODAY: Final = N_("home asleep since {time}")
_YESTERDAY: Final = N_("home asleep since yesterday, {time}")
_EARLIER: Final = N_("home asleep since {day}")
_PAUSED: Final = N_("on hold")


def link_words(
    friend: Mapping[str, Any],
    say: Callable[[str], str],
    day: Callable[[str], str],
    now: datetime,
) -> str:
    """Whether a friend's home is there, by which way, or since when it is not.

    Args:
        friend: as the API gives it.
        day: how a date is written.
        now: by the clock on this wall, with its zone.
    """
    if friend["paused"]:
        return say(_PAUSED)
    if friend["link"] == "up":
        name = friend["through_name"]
        return say(_UP) if name is None else say(_THROUGH).format(name=name)
    if friend["link_since"] is None:
        return say(_DOWN)
    since = datetime.fromisoformat(friend["link_since"]).astimezone(now.tzinfo)
    days = (now.date() - since.date()).days
    sentence = _EARLIER if days > 1 or days < 0 else _YESTERDAY if days == 1 else _TODAY
    return say(sentence).format(day=day(since.date().isoformat()), time=f"{since:%H:%M}")
