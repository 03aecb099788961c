"""Taking everything along, and leaving: an export, and a goodbye that is meant."""

from __future__ import annotations

import asyncio
import datetime

from aiohttp import web

from node import export, goodbye
from node.engine import views
from node.web.exchanges import in_words
from node.web.forms import Form
from node.web.render import render
from node.web.visit import Visit
from protocol.errors import Refused


async def download(visit: Visit, form: Form) -> web.StreamResponse:
    """Everything readable, as a file in the browser."""
    core = visit.core
    data = export.collect(core, visit.language)
    photos = await export.photos_of(core, visit.node.photos, data["things"])
    photos |= await asyncio.to_thread(
        export.loan_photos_of, visit.node.loan_photos, [loan["loan"] for loan in data["loans"]]
    )
    said = {loan["loan"]: in_words(visit, loan) for loan in data["loans"]}
    archive = await export.make_archive(
        data, photos, lambda values: render(visit.language, "export.html", {**values, "said": said})
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
    return visit.page(
        "goodbye.html",
        form=form,
        error=error,
        out=[in_words(visit, loan) for loan in goodbye.still_out(visit.core)],
        things=len(views.things(visit.core)),
        friends=len(visit.core.live_friends()),
        name=str(views.status(visit.core)["name"]),
    )


async def leave(visit: Visit, form: Form) -> str:
    """Leave, when the name is written and nothing is out. Raises Refused."""
    await goodbye.leave(visit.core, visit.command, form.text("name"))
    return "/?done=goodbye"
