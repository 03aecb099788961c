"""Leaving a house for good: one way out, for the page and for the command line.

What was asked is taken back, what waits is declined, every thing is withdrawn and every
friendship ends. What is still out is settled first: nobody leaves with somebody's drill.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from node.engine import commands, desk, views
from node.engine.core import Core
from node.engine.events import Json
from protocol.errors import Refused

_OUT: Final = ("handed_over",)


def still_out(core: Core) -> list[dict[str, Any]]:
    """The loans that keep somebody from leaving."""
    loans: list[Any] = views.loans(core, only_open=True)
    return [loan for loan in loans if loan["state"] in _OUT and loan["role"] != "between"]


async def leave(
    core: Core, command: Callable[[commands.Command], Awaitable[Json]], name: str
) -> dict[str, Json]:
    """Leave, when one's own name says that it is meant and nothing is out.

    Args:
        command: does one thing and waits until it is on disk.

    Returns:
        How many things were withdrawn and friendships ended.

    Raises:
        Refused: nothing was done.
    """
    own = str(views.status(core)["name"])
    if name.strip().casefold() != own.strip().casefold():
        raise Refused("goodbye-not-confirmed", name=own)
    if still_out(core):
        raise Refused("goodbye-still-out")
    loans: list[Any] = views.loans(core, only_open=True)
    for loan in loans:
        if "cancel" in loan["can"]:
            await command(commands.CancelLoan(loan["loan"]))
        elif "answer" in loan["can"]:
            await command(commands.AnswerLoan(loan["loan"], "no"))
    things: list[Any] = views.things(core)
    for thing in things:
        await command(commands.WithdrawThing(thing["thing"]))
    for note in desk.NOTES:
        await command(commands.KeepNote(note, b""))
    friends: list[Any] = views.friends(core)
    for friend in friends:
        await command(commands.EndFriendship(friend["member"]))
    return {"things": len(things), "friends": len(friends)}
