"""The agenda: what comes when, and a link that calendar programs read.

The link carries a secret of its own and opens nothing but the calendar; taken back, it
opens nothing.
"""

from __future__ import annotations

import hmac
import secrets
from itertools import groupby
from typing import Any, Final

from aiohttp import web

from node import calendar_file, entity_tags
from node.agenda import Entry, entries
from node.api.protocols import NodeLike
from node.engine import commands, desk, views
from node.i18n import translator
from node.web.forms import Form
from node.web.visit import Handler, Visit
from protocol.errors import Refused

_NOTE: Final = "calendar"


async def show(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    coming = upcoming(visit)
    late = [entry for entry in coming if entry["is_late"]]
    days = groupby((entry for entry in coming if not entry["is_late"]), key=lambda e: e["day"])
    secret = desk.note(visit.core, _NOTE).decode()
    return visit.page(
        "agenda.html",
        error=error,
        late=late,
        days=[(day, list(rows)) for day, rows in days],
        link=f"{visit.request.scheme}://{visit.request.host}/calendar/{secret}.ics"
        if secret
        else "",
    )


def upcoming(visit: Visit) -> list[dict[str, Any]]:
    """What is to happen, in the reader's words; the late first."""
    loans: list[Any] = views.loans(visit.core, only_open=True)
    return [_in_words(visit, entry) for entry in entries(loans)]


def _in_words(visit: Visit, entry: Entry) -> dict[str, Any]:
    loan = entry.loan
    return {
        "loan": loan["loan"],
        "title": loan["title"],
        "at": entry.at,
        "day": entry.at[:10],
        "time": entry.at.partition("T")[2],
        "is_late": entry.is_late,
        "sentence": visit.gettext(entry.sentence).format(other=loan["other_name"]),
    }


async def make_link(visit: Visit, form: Form) -> str:
    """A new secret; an older link opens nothing any more."""
    await visit.command(commands.KeepNote(_NOTE, secrets.token_urlsafe(24).encode()))
    return "/agenda?done=calendar-link"


async def end_link(visit: Visit, form: Form) -> str:
    await visit.command(commands.KeepNote(_NOTE, b""))
    return "/agenda?done=calendar-ended"


def feed(node: NodeLike) -> Handler:
    """The calendar file, for whoever knows its secret; no session, nothing else."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if node.engine is None:
            raise web.HTTPNotFound
        secret = desk.note(node.engine.core, _NOTE)
        given = request.match_info["secret"].encode("utf-8", "surrogatepass")
        if not secret or not hmac.compare_digest(given, secret):
            raise web.HTTPNotFound
        loans: list[Any] = views.loans(node.engine.core)
        data = calendar_file.write_calendar(loans, translator(node.language).gettext)
        etag = entity_tags.etag_of(data)
        headers = {
            "ETag": etag,
            "Cache-Control": "private, no-cache",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        if entity_tags.is_known(request.headers.get("If-None-Match"), etag):
            return web.Response(status=304, headers=headers)
        headers["Content-Disposition"] = 'inline; filename="openhouse.ics"'
        return web.Response(
            body=data, content_type=calendar_file.TYPE, charset="utf-8", headers=headers
        )

    return handle
