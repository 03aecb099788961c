"""Lost everything, words too: new keys that guardians approve, asked for and taken on the page.

It does what ``openhouse succession ask`` and ``take`` do, in a home that runs and has nobody yet.
What was asked stands on the disk, so the page can be closed and come back to for days.

In a flatmate's room a password is chosen before anything is asked: from then on the link that
led there opens nothing, since whoever has it could read the new words, or take the answers.

Spec: §18.3, §18.7.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from node.api.protocols import NodeLike
from node.succession import Asked, objection_days
from node.web import coming_back, flatmates
from node.web import password as passwords
from node.web.forms import Form
from node.web.people import qr_code
from node.web.visit import Handler, Visit, go_to, or_failure, visit_of
from protocol.errors import Refused
from protocol.limits import NAME_SIZE_MAX_BYTES

PLACE: Final = "/succession"
_ID_SHOWN_LETTERS: Final = 8


async def show(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """What happens, and what it takes; afterwards how far it is. A home with somebody: neither."""
    if visit.is_set_up:
        return go_to("/")
    asked = visit.node.succession.asked
    return _question(visit, form, error) if asked is None else _waiting(visit, asked, form, error)


def _question(visit: Visit, form: Form | None, error: Refused | None) -> web.StreamResponse:
    code = visit.request.match_info.get("code")
    return visit.page(
        "lost_everything.html",
        form=form,
        error=error,
        action=f"{PLACE}/ask" if code is None else f"/claim/{code}{PLACE}",
        back="/restore" if code is None else f"/claim/{code}/restore",
        sets_password=code is not None,
        is_asked=visit.node.succession.asked is not None,
        days=objection_days(),
        name_max=NAME_SIZE_MAX_BYTES,
        letters_min=passwords.LETTERS_MIN,
        letters_max=passwords.LETTERS_MAX,
    )


def _waiting(
    visit: Visit, asked: Asked, form: Form | None, error: Refused | None
) -> web.StreamResponse:
    guardians = [each.guardian.hex() for each in asked.approvals]
    return visit.page(
        "new_keys.html",
        form=form,
        error=error,
        name=asked.name,
        words=asked.words.split(),
        is_new=visit.request.query.get("done") == "guardians-asked",
        text=asked.text,
        code=qr_code(asked.text),
        answers=[{"guardian": each, "shown": each[:_ID_SHOWN_LETTERS]} for each in guardians],
        needed=asked.needed,
        is_enough=len(guardians) >= asked.needed,
    )


# --- at home -------------------------------------------------------------------------------


async def ask(visit: Visit, form: Form) -> str:
    """New words, and a text for the guardians."""
    await _ask(visit, form)
    return f"{PLACE}?done=guardians-asked"


async def _ask(visit: Visit, form: Form) -> None:
    await visit.node.succession.ask(form.text("member"), form.text("name"), visit.language)


async def add(visit: Visit, form: Form) -> str:
    """What a guardian sent back."""
    await visit.node.succession.add(form.text("answer"))
    return f"{PLACE}?done=answer-kept"


async def drop(visit: Visit, form: Form) -> str:
    """An answer that was pasted by mistake."""
    await visit.node.succession.drop(form.text("guardian"))
    return f"{PLACE}?done=changed"


async def give_up(visit: Visit, form: Form) -> str:
    """Nothing was asked, as far as this home is concerned."""
    await visit.node.succession.give_up()
    return "/?done=given-up"


async def take(visit: Visit, form: Form) -> str:
    """Go on as who was given new keys."""
    await visit.node.take_approvals()
    return coming_back.next_place(visit)


# --- in a room of the flat -----------------------------------------------------------------


def show_in_a_room(node: NodeLike) -> Handler:
    """The question, behind a flatmate's link."""

    async def handle(request: web.Request) -> web.StreamResponse:
        visit = visit_of(request, node)
        if not coming_back.may_come(visit):
            return flatmates.link_is_over(visit)
        return _question(visit, None, None)

    return handle


async def begin_in_a_room(visit: Visit, form: Form) -> web.StreamResponse:
    """Ask, with a password; from then on the room is its person's."""
    return await or_failure(visit, _begin_in_a_room(visit, form))


async def _begin_in_a_room(visit: Visit, form: Form) -> web.StreamResponse:
    place = visit.place
    if place is None or not coming_back.may_come(visit):
        return flatmates.link_is_over(visit)
    async with place.entering:
        if not coming_back.may_come(visit):
            return flatmates.link_is_over(visit)
        try:
            password = flatmates.password_in(form)
            # By command line it may have been asked here already.
            if visit.node.succession.asked is None:
                await _ask(visit, form)
            await visit.sessions.password.set(password)
        except Refused as refusal:
            return _question(visit, form, refusal)
        await place.person_came()
    response = go_to(f"{PLACE}?done=guardians-asked")
    visit.sessions.start(response)
    return response
