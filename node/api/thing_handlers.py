"""What the API does with things: adding, changing, keeping dates free.

Spec: §5.7, §10.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from node import dates
from node.api.files import file_name_in, shelf_of
from node.api.handlers import Call
from node.engine import commands, ids
from node.engine.events import Json
from node.engine.views.things import CATEGORIES_BY_WORD, KINDS_BY_WORD
from node.engine.week import read_week
from protocol.bodies import ALWAYS, Availability, ListingBody, Photo, ThingFile
from protocol.errors import Refused
from protocol.photos import NAME_SIZE_BYTES


class _Given:
    """What a request says of when a thing is lent; what it does not say stays as it was."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._body = body

    def minutes(self, name: str) -> int | None:
        text = self._body.get(name)
        return None if text is None else dates.read_length_minutes(text)

    def names_availability(self) -> bool:
        return any(name in self._body for name in ("weekly", "shortest", "longest"))

    def availability(self, known: Availability) -> Availability:
        weekly = self._body.get("weekly")
        shortest, longest = self.minutes("shortest"), self.minutes("longest")
        return Availability(
            known.weekly if weekly is None else read_week(tuple(weekly)),
            known.shortest_minutes if shortest is None else shortest,
            known.longest_minutes if longest is None else longest,
        )


async def add_thing(call: Call) -> Json:
    body = call.body
    given = _Given(body)
    return await call.command(
        commands.AddThing(
            body["title"],
            KINDS_BY_WORD[body.get("kind", "object")],
            body.get("circles", 1),
            body.get("text", ""),
            tuple(body.get("only_through", ())),
            availability=given.availability(ALWAYS),
            buffer_minutes=given.minutes("buffer") or 0,
            photos=_photos(call) or (),
            category=CATEGORIES_BY_WORD[body.get("category", "other")],
            conditions=body.get("conditions", ""),
            licence=body.get("licence", ""),
            file=_file(call),
        )
    )


async def set_thing(call: Call) -> Json:
    body = call.body
    through = body.get("only_through")
    given = _Given(body)
    availability = None
    if given.names_availability():
        known = ids.resolve_thing(call.core, call.path["thing"]).body
        assert isinstance(known, ListingBody), "a thing is a listing"
        availability = given.availability(known.availability)
    return await call.command(
        commands.SetThing(
            call.path["thing"],
            body.get("title"),
            KINDS_BY_WORD[body["kind"]] if "kind" in body else None,
            body.get("circles"),
            body.get("text"),
            None if through is None else tuple(through),
            availability=availability,
            buffer_minutes=given.minutes("buffer"),
            photos=_photos(call),
            category=CATEGORIES_BY_WORD[body["category"]] if "category" in body else None,
            conditions=body.get("conditions"),
            licence=body.get("licence"),
            file=_file(call),
            takes_file_away=body.get("file") == "",
        )
    )


def _photos(call: Call) -> tuple[Photo, ...] | None:
    """The photos that a request names, when it names any. Raises Refused."""
    names: list[str] | None = call.body.get("photos")
    if names is None:
        return None
    if call.node.photos is None:
        raise Refused("not-set-up")
    return call.node.photos.own(photo_name_in(name) for name in names)


def _file(call: Call) -> ThingFile | None:
    """The file that a request names, when it names one. Raises Refused."""
    name = call.body.get("file")
    return shelf_of(call.node).own(file_name_in(name)) if name else None


def photo_name_in(text: str) -> bytes:
    """A picture's name, as hex. Raises Refused."""
    name = text.strip().lower()
    if len(name) != 2 * NAME_SIZE_BYTES or not all(c in "0123456789abcdef" for c in name):
        raise Refused("no-such-photo")
    return bytes.fromhex(name)


async def block_dates(call: Call) -> Json:
    start, end = dates.read_span(call.body["from"], call.body["to"])
    return await call.command(commands.BlockDates(call.path["thing"], start, end))


async def unblock_dates(call: Call) -> Json:
    start, end = dates.read_span(call.query["from"], call.query["to"])
    return await call.command(commands.BlockDates(call.path["thing"], start, end, is_blocked=False))


async def withdraw_thing(call: Call) -> Json:
    return await call.command(commands.WithdrawThing(call.path["thing"]))


async def look_for(call: Call) -> Json:
    body = call.body
    lease_ms = dates.read_duration_ms(body.get("for", "30d"))
    command = commands.LookFor(
        body["title"], body.get("circles", 1), body.get("text", ""), lease_ms
    )
    return await call.command(command)


async def lend_to(call: Call) -> Json:
    start, end = dates.read_optional_span(call.body.get("from"), call.body.get("to"))
    command = commands.LendTo(call.body["name"], call.path["thing"], start, end)
    return await call.command(command)
