"""Things: one's own, and those that may be seen from here.

A listing is shown when ``core.can_see`` says so and never otherwise; ``can_ask``
is decided by the same function that refuses the request itself.

Spec: §5.7, §7.3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from node.engine import ids, validations
from node.engine.asking import Asker, way_through
from node.engine.calendar import instant_text, span_text
from node.engine.core import Core
from node.engine.events import Json
from node.engine.own_calendar import own_calendar
from node.engine.views.folding import folded
from node.engine.week import write_week
from protocol.availability import misfit
from protocol.bodies import Category, Kind, ListingBody, ThingKind
from protocol.circles import Path
from protocol.errors import Refused
from protocol.records import Record

KIND_WORDS: Final = {
    ThingKind.OBJECT: "object",
    ThingKind.STAY: "stay",
    ThingKind.SPOT: "spot",
    ThingKind.COPY: "copy",
    ThingKind.WANTED: "wanted",
}
KINDS_BY_WORD: Final = {
    word: kind for kind, word in KIND_WORDS.items() if kind is not ThingKind.WANTED
}
"""Of things that can be lent."""

CATEGORY_WORDS: Final = {
    Category.HOME: "home",
    Category.KITCHEN: "kitchen",
    Category.TOOLS: "tools",
    Category.GARDEN: "garden",
    Category.MUSIC: "music",
    Category.BOOKS: "books",
    Category.FILMS_AND_GAMES: "films-games",
    Category.ELECTRONICS: "electronics",
    Category.SPORT: "sport",
    Category.VEHICLES: "vehicles",
    Category.CHILDREN: "children",
    Category.CLOTHES: "clothes",
    Category.SPACE: "space",
    Category.OTHER: "other",
}
CATEGORIES_BY_WORD: Final = {word: category for category, word in CATEGORY_WORDS.items()}
"""In the order in which they are offered."""

Say = Callable[[Refused], str]
"""The sentence of a refusal, in the reader's language."""


def things(core: Core) -> list[Json]:
    """My own live listings, by title."""
    mine = [record for record in core.mine(Kind.LISTING) if core.can_see(record)]
    return [_own_json(core, record) for record in sorted(mine, key=_by_title)]


def browse(
    core: Core,
    say: Say,
    *,
    query: str = "",
    from_minute: int | None = None,
    to_minute: int | None = None,
    circles: int | None = None,
    category: Category | None = None,
    skipped: int = 0,
    at_most: int | None = None,
) -> list[Json]:
    """Others' things that I may see, nearest first.

    Args:
        query: words that must all occur in title, text, kind or holder's name;
            case and accents do not count.
        from_minute, to_minute: only things that are free then (both, or neither).
        circles: only things at most so far away.
        category: only things of this sort.
        skipped, at_most: leave the first ones out, and give no more than so many.
    """
    words = folded(query).split()
    rows = []
    for record in core.visible_listings():
        distance = len(_path(core, record)) - 1
        if circles is not None and distance > circles:
            continue
        if category is not None and _body(record).category is not category:
            continue
        if not _is_free(record, from_minute, to_minute) or not _matches(core, record, words):
            continue
        rows.append((distance, *_by_title(record), record))
    rows.sort(key=lambda row: row[:-1])
    asker = Asker(core)
    end = None if at_most is None else skipped + at_most
    return [listing_json(core, row[-1], say, asker) for row in rows[skipped:end]]


def categories(core: Core) -> list[str]:
    """Words of the categories of others' things that I may see, in the order offered."""
    seen = {_body(record).category: True for record in core.visible_listings()}
    return [word for word, category in CATEGORIES_BY_WORD.items() if category in seen]


def thing(core: Core, text: str, say: Say) -> dict[str, Json]:
    """One thing in full, own or seen. Raises Refused as ``ids.resolve_thing``."""
    record = ids.resolve_thing(core, text)
    if record.author == core.me:
        return _own_json(core, record)
    return {
        **listing_json(core, record, say, Asker(core)),
        "ways": _ways(core, record),
    }


def _ways(core: Core, record: Record) -> list[Json]:
    """Friends through whom a thing two steps away can be asked for, by name."""
    if len(_path(core, record)) != 3:
        return []
    friends = [m for m in core.live_friends() if way_through(core, record, m) is not None]
    return [
        {
            "member": friend.hex(),
            "name": core.name_of(friend),
            "validates": validations.holds(core, friend, core.me),
        }
        for friend in sorted(friends, key=lambda friend: (core.name_of(friend), friend))
    ]


def listing_json(core: Core, record: Record, say: Say, asker: Asker) -> dict[str, Json]:
    """Another member's listing as it is shown; ``path`` runs from the holder to me."""
    path = asker.way_to(record) or _path(core, record)
    refusal = asker.why_cannot(record, path)
    is_shut = refusal is not None and refusal.code == "circle-closed"
    return {
        **_common_json(record),
        "holder": record.author.hex(),
        "holder_name": core.name_of(record.author),
        "distance": len(path) - 1,
        "path": [member.hex() for member in path],
        "path_names": [core.name_of(member) for member in path],
        "can_ask": refusal is None,
        "why_not": None if refusal is None else {"code": refusal.code, "message": say(refusal)},
        "can_ask_on_word": is_shut and asker.why_cannot(record, path, on_word=True) is None,
    }


def _own_json(core: Core, record: Record) -> dict[str, Json]:
    body = _body(record)
    calendar = own_calendar(core, record.object)
    return {
        **_common_json(record),
        "circles": body.circles,
        "only_through": [member.hex() for member in body.through],
        "only_through_names": [core.name_of(member) for member in body.through],
        "listed_until": instant_text(record.not_after_ms),
        "buffer_minutes": calendar.buffer_minutes,
        "blocked": [_span_json(span) for span in calendar.blocked],
    }


def _common_json(record: Record) -> dict[str, Json]:
    body = _body(record)
    availability = body.availability
    return {
        "thing": record.object.hex(),
        "title": body.title,
        "kind": KIND_WORDS[body.thing_kind],
        "text": body.text,
        "category": CATEGORY_WORDS[body.category],
        "conditions": body.conditions,
        "licence": body.licence,
        "file": None
        if body.file is None or body.thing_kind is not ThingKind.COPY
        else {"title": body.file.title, "size_bytes": body.file.size_bytes},
        "busy": [_span_json(span) for span in body.busy],
        "availability": {
            "weekly": list(write_week(availability.weekly)),
            "shortest_minutes": availability.shortest_minutes,
            "longest_minutes": availability.longest_minutes,
        },
        "photos": [
            {"photo": photo.full.hex(), "thumbnail": photo.thumbnail.hex()} for photo in body.photos
        ],
    }


def _span_json(span: tuple[int, int]) -> Json:
    start, end = span_text(*span)
    return {"from": start, "to": end}


def _body(record: Record) -> ListingBody:
    assert isinstance(record.body, ListingBody)
    return record.body


def _path(core: Core, record: Record) -> Path:
    path = core.path_from(record.author, _body(record).through)
    assert path is not None, "a visible listing has a path"
    return path


def _by_title(record: Record) -> tuple[str, bytes, bytes]:
    return (folded(_body(record).title), *record.key)


def _is_free(record: Record, from_minute: int | None, to_minute: int | None) -> bool:
    if from_minute is None or to_minute is None:
        return True
    body = _body(record)
    if misfit(body.availability, body.thing_kind, from_minute, to_minute) is not None:
        return False
    return not any(start < to_minute and from_minute < end for start, end in body.busy)


def _matches(core: Core, record: Record, words: list[str]) -> bool:
    if not words:
        return True
    body = _body(record)
    text = folded(
        f"{body.title} {body.text} {KIND_WORDS[body.thing_kind]} {core.name_of(record.author)}"
    )
    return all(word in text for word in words)
