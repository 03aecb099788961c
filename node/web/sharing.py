"""Things on the page: mine, those I can see, and asking for one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from node import dates
from node.api import importing
from node.api.errors import ApiError
from node.api.files import file_name_in, shelf_of
from node.api.raw import picture
from node.engine import commands, ids, views
from node.engine.views.things import CATEGORIES_BY_WORD, KINDS_BY_WORD
from node.flat.common import things_of
from node.web import when_form
from node.web.asking_words import first_message
from node.web.forms import Form
from node.web.months import chosen_form, months_of
from node.web.render import KINDS
from node.web.visit import Visit, go_to
from node.wording.when_words import WEEKDAYS
from protocol import limits
from protocol.bodies import Category, ListingBody, Photo, ThingFile
from protocol.errors import Refused

_PROBLEMS_SHOWN_MAX: Final = 8
_SHOWN_AT_ONCE: Final = 60
_SKIPPED_MAX: Final = 999_999
_MS_PER_DAY: Final = 24 * 3600 * 1000
_NARROWED_BY: Final = ("query", "category", "from", "to", "circles")


async def show_mine(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """My things, and a form for another one."""
    title = visit.request.query.get("title", "")
    mine = views.things(visit.core)
    of_the_flat = things_of(visit.core) if _is_shared(visit) else []
    return visit.page(
        "things.html",
        form=form or Form.of(kind="object", category="other", circles=1, title=title),
        error=error,
        things=[thing for thing in mine if thing not in of_the_flat],
        common_things=of_the_flat,
        their_common_things=[] if visit.place is None else visit.place.common_things(),
        **_choices(visit),
    )


async def add(visit: Visit, form: Form) -> str:
    photos = await _added_photos(visit, form)
    await visit.command(
        commands.AddThing(
            photos=photos,
            title=form.text("title"),
            kind=form.choice("kind", KINDS_BY_WORD),
            circles=form.number("circles", 0, limits.CIRCLES_HARD_MAX),
            text=form.text("text"),
            only_through=form.all("only_through"),
            availability=when_form.read_availability(form),
            buffer_minutes=when_form.read_length(form, "buffer"),
            category=_category(form) or Category.OTHER,
            conditions=form.text("conditions"),
            licence=form.text("licence"),
            file=_kept_file(visit, form),
        )
    )
    return "/things?done=added"


async def show_one_of_mine(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """One of my things, to change or withdraw it."""
    thing: dict[str, Any] = views.thing(visit.core, visit.part("thing"), visit.say)
    if "holder" in thing:
        raise Refused("not-your-thing", thing=thing["title"])
    given = form if form is not None and form.text("title") else None
    written = Form.of(
        title=thing["title"],
        kind=thing["kind"],
        circles=thing["circles"],
        text=thing["text"],
        category=thing["category"],
        conditions=thing["conditions"],
        licence=thing["licence"],
        only_through=thing["only_through"],
        **when_form.written(thing),
    )
    months = months_of(thing, visit.request.query, date.today(), f"/things/{visit.part('thing')}")
    return visit.page(
        "my_thing.html",
        form=given or written,
        error=error,
        thing=thing,
        months=months,
        chosen=chosen_form(thing, months),
        file_is_here=_file_is_here(visit),
        is_common=_is_shared(visit) and thing in things_of(visit.core),
        **_choices(visit),
    )


def _is_shared(visit: Visit) -> bool:
    return visit.place is not None and visit.place.is_shared


def _file_is_here(visit: Visit) -> bool:
    """False when a listed file has no bytes here: after a restore they are to be added again."""
    body = ids.resolve_thing(visit.core, visit.part("thing")).body
    assert isinstance(body, ListingBody), "a thing is a listing"
    return body.file is None or shelf_of(visit.node).has_own(body.file)


async def show_as(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """My things as a friend sees them, and those hidden from that friend."""
    seen = views.seen_by(visit.core, visit.request.query.get("friend", ""))
    return visit.page(
        "seen_as.html",
        error=error,
        seen=seen,
        me_name=views.status(visit.core)["name"],
        friends=views.friends(visit.core),
    )


async def change(visit: Visit, form: Form) -> str:
    await visit.command(
        commands.SetThing(
            thing=visit.part("thing"),
            title=form.text("title"),
            kind=form.choice("kind", KINDS_BY_WORD) if form.text("kind") else None,
            circles=form.number("circles", 0, limits.CIRCLES_HARD_MAX),
            text=form.text("text"),
            only_through=form.all("only_through"),
            availability=when_form.read_availability(form),
            buffer_minutes=when_form.read_length(form, "buffer"),
            category=_category(form),
            conditions=form.text("conditions"),
            licence=form.text("licence"),
        )
    )
    return "/things?done=changed"


async def share_list(visit: Visit, form: Form) -> str:
    """Share the things of a file; says which lines could not be."""
    files = form.files("list")
    if not files:
        raise Refused("list-missing")
    circles = form.number("circles", 0, limits.CIRCLES_HARD_MAX)
    done = await importing.share_list(visit.node, files[0].data, circles)
    if done.problems:
        shown = [
            visit.gettext("Line {line}: {reason}").format(line=line, reason=visit.say(why))
            for line, why in done.problems[:_PROBLEMS_SHOWN_MAX]
        ]
        if len(done.problems) > _PROBLEMS_SHOWN_MAX:
            shown.append("…")
        raise Refused("lines-not-shared", added=done.added, lines=" ".join(shown))
    return "/things?done=imported"


async def _added_photos(visit: Visit, form: Form) -> tuple[Photo, ...]:
    files, shelf = form.files("photo"), visit.node.photos
    if not files:
        return ()
    if shelf is None:
        raise ApiError(409, "not-set-up")
    return tuple([await shelf.add(file.data, file.name) for file in files])


def _kept_file(visit: Visit, form: Form) -> ThingFile | None:
    """The file that came with a form, now or when it was refused the first time."""
    name = form.text("kept_file")
    return shelf_of(visit.node).own(file_name_in(name)) if name else None


async def change_file(visit: Visit, form: Form) -> str:
    """Give a copyable thing of mine a file, another one, or none."""
    thing = visit.part("thing")
    file = _kept_file(visit, form)
    is_gone = bool(form.text("gone"))
    if file is None and not is_gone:
        raise Refused("file-missing")
    licence = form.text("licence") or None
    command = commands.SetThing(thing, licence=licence, file=file, takes_file_away=is_gone)
    await visit.command(command)
    return f"/things/{thing}?done=file"


async def change_photos(visit: Visit, form: Form) -> str:
    """Add photos to a thing of mine, or take one away."""
    thing = visit.part("thing")
    record = ids.resolve_thing(visit.core, thing)
    assert isinstance(record.body, ListingBody), "a thing is a listing"
    gone = form.text("gone")
    kept = tuple(photo for photo in record.body.photos if photo.full.hex() != gone)
    photos = (*kept, *await _added_photos(visit, form))
    if len(photos) > limits.PHOTOS_PER_LISTING_MAX:
        raise Refused("too-many-photos", maximum=limits.PHOTOS_PER_LISTING_MAX)
    await visit.command(commands.SetThing(thing, photos=photos))
    return f"/things/{thing}?done=photos"


async def show_photo(visit: Visit, *_: object) -> web.StreamResponse:
    """One picture of a thing that I may see."""
    return await picture(visit.node, visit.part("thing"), visit.part("photo"))


async def keep_free(visit: Visit, form: Form) -> str:
    """Nobody can ask for these dates, or they can again."""
    if not form.text("from") or not form.text("to"):
        raise Refused("dates-incomplete")
    start, end = dates.read_span(form.text("from"), form.text("to"))
    is_blocked = not form.text("again")
    await visit.command(commands.BlockDates(visit.part("thing"), start, end, is_blocked))
    return f"/things/{visit.part('thing')}?done=calendar"


async def withdraw(visit: Visit, form: Form) -> str:
    await visit.command(commands.WithdrawThing(visit.part("thing")))
    return "/things?done=withdrawn"


async def browse(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """Things of others, nearest first, narrowed by what was searched for."""
    looked_for = "" if form is None else form.text("wanted")
    query = visit.request.query
    form = Form({name: [query.get(name, "")] for name in _NARROWED_BY})
    start: int | None = None
    end: int | None = None
    circles: int | None = None
    category: Category | None = None
    try:
        start, end = dates.read_optional_span(form.given("from"), form.given("to"))
        if form.given("circles"):
            circles = form.number("circles", 1, limits.CIRCLES_HARD_MAX)
        category = _category(form)
    except Refused as refusal:
        error = refusal
    skipped = Form({"skip": [query.get("skip", "0")]}).number("skip", 0, _SKIPPED_MAX)
    things = views.browse(
        visit.core,
        visit.say,
        query=form.text("query"),
        from_minute=start,
        to_minute=end,
        circles=circles,
        category=category,
        skipped=skipped,
        at_most=_SHOWN_AT_ONCE + 1,
    )
    rows = [thing for thing in things[:_SHOWN_AT_ONCE] if isinstance(thing, dict)]
    return visit.page(
        "browse.html",
        form=form,
        error=error,
        things=[thing for thing in rows if thing["kind"] != "wanted"],
        wanted=[thing for thing in rows if thing["kind"] == "wanted"],
        is_narrowed=any(form.text(name) for name in _NARROWED_BY),
        before=_turned(query, skipped - _SHOWN_AT_ONCE) if skipped else "",
        after=_turned(query, skipped + _SHOWN_AT_ONCE) if len(things) > _SHOWN_AT_ONCE else "",
        seen_categories=views.categories(visit.core),
        max_circles=visit.core.charter.max_circles,
        looked_for=looked_for or form.text("query"),
        title_max=limits.TITLE_SIZE_MAX_BYTES,
    )


def _turned(query: Mapping[str, str], skipped: int) -> str:
    """The address of other things of the same search."""
    kept = {name: query[name] for name in _NARROWED_BY if query.get(name)}
    place = {"skip": str(skipped)} if skipped > 0 else {}
    return f"/browse?{urlencode({**kept, **place})}"


async def show_thing(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """One thing in full, with the form to ask for it."""
    thing: dict[str, Any] = views.thing(visit.core, visit.part("thing"), visit.say)
    if "holder" not in thing:
        return go_to(f"/things/{thing['thing']}")
    if thing["kind"] == "wanted":
        return visit.page("wanted.html", error=error, thing=thing)
    months = months_of(thing, visit.request.query, date.today(), f"/thing/{visit.part('thing')}")
    charter = visit.core.charter
    return visit.page(
        "thing.html",
        form=form or _letter(visit, thing, chosen_form(thing, months)),
        error=error,
        thing=thing,
        months=months,
        other_ways_max=charter.other_ways_max,
        other_way_days=max(1, charter.other_way_ms // _MS_PER_DAY),
    )


def _letter(visit: Visit, thing: dict[str, Any], dates_chosen: Form) -> Form:
    """The form to ask with, with a first message that its reader may change."""
    names = {
        "holder": thing["holder_name"],
        "title": thing["title"],
        "me": visit.core.name_of(visit.core.me),
    }
    message = visit.gettext(first_message(thing["kind"])).format(**names)
    return dates_chosen.filled_in(message=message)


async def ask(visit: Visit, form: Form) -> str:
    if not form.text("from") or not form.text("to"):
        raise Refused("dates-incomplete")
    start, end = dates.read_span(form.text("from"), form.text("to"))
    # The id alone may be shared by two holders; what was looked at is asked for.
    ids.resolve_thing(visit.core, visit.part("thing"))
    await visit.command(
        commands.Ask(
            visit.part("thing"),
            start,
            end,
            form.text("message"),
            queue=bool(form.text("queue")),
            has_happened=bool(form.text("happened")),
            on_word=bool(form.text("on_word")),
            via=form.text("via") or None,
            other_ways=bool(form.text("other_ways")),
        )
    )
    return "/inbox?done=asked"


async def lend_to(visit: Visit, form: Form) -> str:
    """Write down what somebody without a node has."""
    if not form.text("from") or not form.text("to"):
        raise Refused("dates-incomplete")
    start, end = dates.read_span(form.text("from"), form.text("to"))
    await visit.command(commands.LendTo(form.text("name"), visit.part("thing"), start, end))
    return "/inbox?done=written-down"


async def look_for(visit: Visit, form: Form) -> str:
    """Tell one's circles what one would like to borrow."""
    circles = form.number("circles", 0, limits.CIRCLES_HARD_MAX)
    await visit.command(commands.LookFor(form.text("wanted"), circles))
    return "/things?done=wanted"


def _category(form: Form) -> Category | None:
    return form.choice("category", CATEGORIES_BY_WORD) if form.text("category") else None


def _choices(visit: Visit) -> dict[str, Any]:
    return {
        "kinds": list(KINDS),
        "max_circles": visit.core.charter.max_circles,
        "friends": views.friends(visit.core),
        "people": views.people_within(visit.core),
        "weekdays": WEEKDAYS,
        "photos_max": limits.PHOTOS_PER_LISTING_MAX,
        "title_max": limits.TITLE_SIZE_MAX_BYTES,
        "text_max": limits.TEXT_SIZE_MAX_BYTES,
        "conditions_max": limits.CONDITIONS_SIZE_MAX_BYTES,
        "file_max_mb": limits.FILE_SIZE_MAX_BYTES // 1_000_000,
        "licence_max": limits.LICENCE_SIZE_MAX_BYTES,
    }
