"""Taking everything along, and leaving: an export, and a goodbye that is meant.

A goodbye takes back what was asked, declines what waits, withdraws every thing and ends
every friendship. What is still out is settled first: nobody leaves with somebody's drill.
"""

from __future__ import annotations

import asyncio
import datetime
from typing import Any, Final

from aiohttp import web

from node import export
from node.engine import commands, desk, views
from node.web.exchanges import in_words
from node.web.forms import Form
from node.web.render import render
from node.web.visit import Visit
from protocol.errors import Refused

_OUT: Final = ("handed_over",)


async def download(visit: Visit, form: Form) -> web.StreamResponse:
    """Everything readable, as a file in the browser."""
    core = visit.core
    data = export.collect(core, visit.language)
    photos = await export.photos_of(core, visit.node.photos, data["things"])
    photos |= await asyncio.to_thread(
        export.loan_photos_of, visit.node.loan_photos, [loan["loan"] for loan in data["loans"]]
    )
    archive = await export.make_archive(
        data, photos, lambda values: render(visit.language, "export.html", values)
    )
    day = datetime.date.today().isoformat()
    headers = {
        "Content-Disposition": f'attachment; filename="openhouse-{day}.zip"',
        "Cache-Control": "no-store",
    }
    return web.Response(body=archive, content_type="application/zip", headers=headers)


async def show(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    loans: list[Any] = views.loans(visit.core, only_open=True)
    return visit.page(
        "goodbye.html",
        form=form,
        error=error,
        out=[in_words(visit, loan) for loan in loans if _is_out(loan)],
        things=len(views.things(visit.core)),
        friends=len(visit.core.live_friends()),
        name=str(views.status(visit.core)["name"]),
    )


def _is_out(loan: dict[str, Any]) -> bool:
    return loan["state"] in _OUT and loan["role"] != "between"


async def leave(visit: Visit, form: Form) -> str:
    """Leave, when the name is written and nothing is out. Raises Refused."""
    name = str(views.status(visit.core)["name"])
    if form.text("name").casefold() != name.strip().casefold():
        raise Refused("goodbye-not-confirmed", name=name)
    loans: list[Any] = views.loans(visit.core, only_open=True)
    if any(_is_out(loan) for loan in loans):
        raise Refused("goodbye-still-out")
    for loan in loans:
        if "cancel" in loan["can"]:
            await visit.command(commands.CancelLoan(loan["loan"]))
        elif "answer" in loan["can"]:
            await visit.command(commands.AnswerLoan(loan["loan"], "no"))
    things: list[Any] = views.things(visit.core)
    for thing in things:
        await visit.command(commands.WithdrawThing(thing["thing"]))
    for note in desk.NOTES:
        await visit.command(commands.KeepNote(note, b""))
    friends: list[Any] = views.friends(visit.core)
    for friend in friends:
        await visit.command(commands.EndFriendship(friend["member"]))
    return "/?done=goodbye"
