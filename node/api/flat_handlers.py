"""What the API does with flatmates: who lives here too, and, for the first of them, adding one."""

from __future__ import annotations

from typing import Final

from node.api.errors import ApiError
from node.api.handlers import Call
from node.engine.events import Json
from node.flat.place import Mate, Place


async def flatmates(call: Call) -> Json:
    place = _place(call)
    return [_json(place, mate) for mate in place.mates()]


async def add(call: Call) -> Json:
    slug, _code = await _place(call).add(call.body["name"])
    return _one(call, slug)


async def make_link(call: Call) -> Json:
    slug, _code = await _place(call).await_again(call.path["flatmate"])
    return _one(call, slug)


async def switch(call: Call) -> Json:
    slug = call.path["flatmate"]
    await _place(call).switch(slug, is_off=not call.body["on"])
    return _one(call, slug)


def _one(call: Call, slug: str) -> Json:
    place = _place(call)
    return next(_json(place, mate) for mate in place.mates() if mate.slug == slug)


def _json(place: Place, mate: Mate) -> dict[str, Json]:
    return {
        "flatmate": mate.slug,
        "name": mate.name,
        "state": _state(mate),
        "problem": mate.problem or None,
        "is_friend": mate.is_friend,
        "offers_friendship": mate.offers,
        "link": place.link_of(mate.code) if mate.code else None,
    }


STATES: Final = ("closed", "off", "here", "awaited", "empty")


def _state(mate: Mate) -> str:
    holds = (bool(mate.problem), mate.is_off, mate.is_here, mate.is_awaited, True)
    return next(state for state, is_so in zip(STATES, holds, strict=True) if is_so)


def _place(call: Call) -> Place:
    if call.place is None:
        raise ApiError(404, "no-flat")
    return call.place
