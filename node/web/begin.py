"""Getting in: the key, the language, the first set-up, and founding or joining a house."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

from aiohttp import web

from node.api import handlers
from node.engine import commands, membership, roots, views
from node.i18n import LANGUAGES, known_language
from node.succession import objection_days
from node.web.forms import Form
from node.web.render import moment_here
from node.web.visit import LANGUAGE_COOKIE, Visit, go_to
from protocol.charter import Charter
from protocol.errors import Refused
from protocol.invitations import SCHEME

_FIRST_THINGS_S: Final = 3.0
_LANGUAGE_MAX_AGE_S = 365 * 24 * 3600


async def sign_in(visit: Visit, form: Form) -> web.StreamResponse:
    """Open a session with the key that was pasted."""
    return await _signed_in(visit, form.text("key"))


async def enter(request: web.Request, visit: Visit) -> web.StreamResponse:
    """Open a session with the key of the link that ``openhouse run`` printed."""
    if visit.session is not None:
        return go_to("/")
    return await _signed_in(visit, request.query["key"])


async def _signed_in(visit: Visit, key: str) -> web.StreamResponse:
    try:
        fits = await visit.sessions.take_key(key)
    except Refused as refusal:
        return visit.page("sign_in.html", error=refusal)
    if not fits:
        problem = visit.gettext("This key does not fit, or its link was used before.")
        return visit.page("sign_in.html", problem=problem, status=403)
    response = go_to("/")
    visit.sessions.start(response)
    return response


async def sign_out(visit: Visit, form: Form) -> web.StreamResponse:
    response = go_to("/")
    visit.sessions.end(response)
    return response


async def choose_language(visit: Visit, form: Form) -> web.StreamResponse:
    return in_language(form)


def in_language(form: Form) -> web.StreamResponse:
    """Remember a language in this browser; the place to go back to is one of ours."""
    language = known_language(form.text("language")) or LANGUAGES[0]
    back = form.text("back")
    # "//host" and "/\host" would leave this page.
    is_ours = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    response = go_to(back if is_ours else "/")
    response.set_cookie(
        LANGUAGE_COOKIE, language, max_age=_LANGUAGE_MAX_AGE_S, path="/", httponly=True,
        samesite="Strict",
    )  # fmt: skip
    return response


async def show_beginning(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """The first pages: who lives here, then which house."""
    if not visit.is_set_up:
        if visit.node.succession.asked is not None:
            return go_to("/succession")
        return visit.page(
            "welcome.html", form=form or Form.of(language=visit.language), error=error
        )
    name = views.status(visit.core)["name"]
    mates = [] if visit.place is None else visit.place.mates()
    inviting = [mate for mate in mates if mate.offers and mate.has_house]
    return visit.page(
        "choose_house.html",
        form=form,
        error=error,
        name=name,
        mates=inviting,
        is_back=visit.core.recalling is not None,
        has_new_keys=roots.is_by_guardians(visit.core),
        days=objection_days(),
    )


async def set_up(visit: Visit, form: Form) -> str:
    """Make the member of this home."""
    if visit.is_set_up:
        raise Refused("already-set-up")
    language = known_language(form.text("language")) or visit.language
    await visit.node.set_up(form.text("name"), form.text("email"), form.text("phone"), language)
    return "/?done=welcome"


async def found(visit: Visit, form: Form) -> str:
    await visit.command(commands.FoundHouse(form.text("name"), Charter()))
    return "/?done=founded"


async def join(visit: Visit, form: Form) -> str | web.StreamResponse:
    """Read the invitation; join when that was read."""
    if not form.text("sure"):
        return show_invitation(visit, form, "/join")
    await accept_invitation(visit, form)
    await _wait_for_things(visit)
    return "/?done=joined"


async def _wait_for_things(visit: Visit) -> None:
    """What the inviter shares is on its way: the first page after joining shows it.

    A page that is looked at without a script does not look again by itself.
    """
    with visit.node.subscribe() as changes, suppress(TimeoutError):
        async with asyncio.timeout(_FIRST_THINGS_S):
            while not visit.core.visible_listings():
                await changes.next()


def show_invitation(visit: Visit, form: Form, action: str) -> web.StreamResponse:
    """Who invites, and what it means, before anything is sent. Raises Refused.

    Args:
        action: the form's place, where it is accepted.
    """
    link = link_in(form.text("link"))
    invitation = membership.read_invitation(visit.core, link)
    return visit.page(
        "invited.html",
        invitation=invitation,
        inviter=invitation.inviter.hex(),
        expires=moment_here(invitation.expires_ms),
        link=link,
        action=action,
        is_new=visit.core.house is None,
        is_back=visit.core.recalling is not None,
    )


async def accept_invitation(visit: Visit, form: Form) -> None:
    link, discreet = link_in(form.text("link")), form.has("discreet", "yes")
    values: dict[str, Any] = {"link": link, "discreet": discreet}
    await handlers.join(handlers.Call(visit.node, {}, {}, values, visit.language))


def link_in(text: str) -> str:
    """The link of what was pasted, which may be the whole letter that it ended."""
    return text[max(0, text.rfind(SCHEME)) :]
