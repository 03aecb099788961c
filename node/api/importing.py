"""Sharing a whole list of things, line by line; what cannot be shared is said, the rest is.

A line that is shared already, by title and text, is passed over: after mending a list, the
same file can be given again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from node.api import guard
from node.api.errors import ApiError
from node.api.fields import check_query
from node.api.protocols import NODE, NodeLike
from node.engine import commands
from node.engine.events import Json
from node.i18n import preferred_language
from node.things_file import FILE_SIZE_MAX_BYTES, ThingRow, read_things
from node.wording import messages
from protocol.bodies import Kind, ListingBody
from protocol.errors import Refused

Run = Callable[[commands.Command], Awaitable[Json]]


@dataclass
class Imported:
    """What became of a list; ``problems`` are ``(line, why)``."""

    added: int = 0
    known: int = 0
    problems: list[tuple[int, Refused]] = field(default_factory=list)


async def share_list(node: NodeLike, data: bytes, circles: int) -> Imported:
    """Share every thing of a file that can be. Raises Refused when it is no list at all."""
    if node.engine is None:
        raise ApiError(409, "not-set-up")
    done = Imported()
    core = node.engine.core
    listed = [r.body for r in core.mine(Kind.LISTING) if isinstance(r.body, ListingBody)]
    known = {(body.title, body.text) for body in listed}
    for row in read_things(data):
        if row.problem is not None:
            done.problems.append((row.line, row.problem))
        elif (row.title, row.text) in known:
            done.known += 1
        else:
            try:
                await node.command(_command(row, circles))
            except Refused as refusal:
                done.problems.append((row.line, refusal))
                continue
            known.add((row.title, row.text))
            done.added += 1
    return done


def _command(row: ThingRow, circles: int) -> commands.AddThing:
    return commands.AddThing(
        row.title,
        row.kind,
        circles if row.circles is None else row.circles,
        row.text,
        category=row.category,
        conditions=row.conditions,
        licence=row.licence,
    )


async def take_list(request: web.Request) -> web.StreamResponse:
    """``POST /things/import``: the file as it is, and how far what does not say is shown."""
    from node.api.routes import CIRCLES

    node = request.app[NODE]
    guard.require_token(request, node.token)
    query = check_query((CIRCLES,), list(request.query.items()))
    data = await request.content.read(FILE_SIZE_MAX_BYTES + 1)
    while len(data) <= FILE_SIZE_MAX_BYTES and (more := await request.content.read(65536)):
        data += more
    done = await share_list(node, data, query.get("circles", 1))
    wanted = request.headers.get("Accept-Language")
    language = preferred_language(wanted) if wanted else node.language
    problems = [
        {"line": line, "code": why.code, "message": messages.sentence(why, language)}
        for line, why in done.problems
    ]
    answer = {"added": done.added, "known": done.known, "problems": problems}
    response = web.json_response(answer)
    response.headers["Content-Language"] = language
    return response
