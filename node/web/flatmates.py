"""Who lives at this computer too: adding a flatmate, coming in, being friends, a password.

Pages of one home. What they may know and do of the others is ``node.flat.place``.
"""

from __future__ import annotations

from aiohttp import web

from node.api import guard
from node.api.errors import ApiError
from node.api.protocols import NodeLike
from node.flat.place import Place
from node.i18n import known_language
from node.web import password as passwords
from node.web.forms import Form
from node.web.people import qr_code
from node.web.visit import Handler, Visit, go_to, visit_of
from protocol.errors import Refused


async def show(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """Who lives here, with what can be done about each."""
    place = place_of(visit)
    base = f"{visit.request.scheme}://{visit.request.host}"
    is_for_here = guard.host_is_ours(visit.request.host, ())
    mates = place.mates()
    links = {mate.slug: f"{base}/claim/{mate.code}" for mate in mates if mate.code}
    return visit.page(
        "flat.html",
        form=form,
        error=error,
        mates=mates,
        links=links,
        # Another device cannot open an address that means "this computer".
        codes={} if is_for_here else {slug: qr_code(link) for slug, link in links.items()},
        is_for_here=is_for_here,
        is_first=place.is_first,
        first_name=place.first_name,
        name_max=passwords.LETTERS_MAX,
    )


def place_of(visit: Visit) -> Place:
    """The flat this home is part of. Raises Refused for one that knows of none."""
    if visit.place is None:
        raise ApiError(404, "no-flat")
    return visit.place


# --- the first's --------------------------------------------------------------------------


async def add(visit: Visit, form: Form) -> str:
    await place_of(visit).add(form.text("name"))
    return "/flat?done=flatmate-added"


async def make_link(visit: Visit, form: Form) -> str:
    await place_of(visit).await_again(form.text("flatmate"))
    return "/flat?done=flatmate-link"


async def switch(visit: Visit, form: Form) -> str:
    is_off = form.choice("what", {"off": True, "on": False})
    await place_of(visit).switch(form.text("flatmate"), is_off=is_off)
    return "/flat?done=switched-off" if is_off else "/flat?done=switched-on"


# --- friendship -----------------------------------------------------------------------------


async def offer(visit: Visit, form: Form) -> str:
    stands = form.choice("what", {"yes": True, "no": False})
    await place_of(visit).offer(form.text("flatmate"), stands=stands)
    return "/flat?done=offered" if stands else "/flat?done=changed"


async def accept(visit: Visit, form: Form) -> str:
    await place_of(visit).accept(form.text("flatmate"))
    return "/?done=befriended"


# --- coming in --------------------------------------------------------------------------------


def show_claim(node: NodeLike) -> Handler:
    """The page behind a flatmate's link; looking at it uses nothing up."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return _claim_page(visit_of(request, node))

    return handle


async def claim(visit: Visit, form: Form) -> web.StreamResponse:
    """Name, language and password: the room has its person, who is signed in."""
    place = visit.place
    if place is None:
        return _claim_page(visit)
    async with place.entering:
        if not is_open(visit):
            return _claim_page(visit)
        try:
            await _move_in(visit, form)
        except Refused as refusal:
            return _claim_page(visit, form, refusal)
        await place.person_came()
    response = go_to("/?done=welcome")
    visit.sessions.start(response)
    return response


async def _move_in(visit: Visit, form: Form) -> None:
    """Raises Refused."""
    password = password_in(form)
    # Who was cut off in between comes again by the same link.
    if not visit.is_set_up:
        language = known_language(form.text("language")) or visit.language
        await visit.node.set_up(form.text("name"), form.text("email"), form.text("phone"), language)
    await visit.sessions.password.set(password)


def password_in(form: Form) -> str:
    """The password that was chosen, written twice. Raises Refused."""
    password = form.text("password")
    passwords.check(password)
    if password != form.text("again"):
        raise Refused("passwords-differ")
    return password


def is_open(visit: Visit) -> bool:
    """Whether a code opens this room, and nobody has come in before."""
    is_someones = visit.is_set_up or visit.node.succession.asked is not None
    has_come = is_someones and visit.sessions.password.is_set
    return visit.place is not None and visit.place.lets_in(visit.part("code")) and not has_come


def _claim_page(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.Response:
    place = visit.place
    if place is None or not is_open(visit):
        return link_is_over(visit)
    if visit.node.succession.asked is not None:
        return go_to(f"/claim/{visit.part('code')}/succession")
    return visit.page(
        "claim.html",
        form=form or Form.of(name=place.awaited_name, language=visit.language),
        error=error,
        first_name=place.first_name,
        code=visit.part("code"),
        letters_min=passwords.LETTERS_MIN,
        letters_max=passwords.LETTERS_MAX,
    )


def link_is_over(visit: Visit) -> web.Response:
    return visit.page("refused.html", error=ApiError(403, "claim-over"))


# --- a password -------------------------------------------------------------------------------


async def set_password(visit: Visit, form: Form) -> web.StreamResponse:
    """Another password; every other browser is signed out by it."""
    await visit.sessions.password.set(password_in(form))
    response = go_to("/settings?done=password")
    visit.sessions.start(response)
    return response
