"""Coming back: somebody who had a home makes this one theirs again, of paper and a backup.

It does what ``openhouse restore`` does, in a home that runs and has nobody yet. The file is
written to the disk as it arrives, unpacked and looked at beside the database, and only then put
in its place: whatever is wrong, nothing was changed. Who may come in is asked before a byte of
it is taken: the session of a home's own browser, or the code of a flatmate's room.

Spec: §18.4 to §18.6.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from aiohttp import web

from node.api.errors import ApiError
from node.api.protocols import NodeLike
from node.backup import BACKUP_SIZE_MAX_BYTES
from node.unpacking import staging
from node.web import flatmates
from node.web import password as passwords
from node.web.forms import Form
from node.web.session import FORM_FIELD, form_is_ours, origin_is_ours
from node.web.uploads import read_form_with_files
from node.web.visit import Handler, Visit, go_to, or_failure, read_form, visit_of
from protocol.errors import Refused
from protocol.mandates import SUCCESSORS_MAX

_WITH_FILES: Final = "multipart/form-data"
_BESIDES_THE_FILE_BYTES: Final = 1024 * 1024


async def show(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """What it takes, and what happens then; a home that has somebody asks nothing."""
    if visit.is_set_up or visit.node.succession.asked is not None:
        return go_to("/")
    return _page(visit, form, error)


def _page(visit: Visit, form: Form | None, error: Refused | None) -> web.StreamResponse:
    code = visit.request.match_info.get("code")
    return visit.page(
        "restore.html",
        form=form,
        error=error,
        action="/restore" if code is None else f"/claim/{code}/restore",
        back="/" if code is None else f"/claim/{code}",
        has_neither="/succession" if code is None else f"/claim/{code}/succession",
        sets_password=code is not None,
        stolen_max=SUCCESSORS_MAX,
        letters_min=passwords.LETTERS_MIN,
        letters_max=passwords.LETTERS_MAX,
    )


def at_home(node: NodeLike) -> Handler:
    """The handler of the form, for the browser that the home's own key has signed in."""

    async def handle(request: web.Request) -> web.StreamResponse:
        visit = visit_of(request, node)
        if visit.session is None:
            return visit.page("sign_in.html", error=ApiError(401, "signed-out"))
        if not origin_is_ours(request):
            return visit.page("refused.html", error=ApiError(403, "foreign-form"))
        if visit.is_set_up and request.content_type == _WITH_FILES:
            # Before a file is taken for nothing.
            return visit.page("refused.html", error=Refused("already-set-up"))
        return await or_failure(visit, _take_form(visit))

    return handle


def show_in_a_room(node: NodeLike) -> Handler:
    """The same page, behind a flatmate's link."""

    async def handle(request: web.Request) -> web.StreamResponse:
        visit = visit_of(request, node)
        return _page(visit, None, None) if may_come(visit) else flatmates.link_is_over(visit)

    return handle


def in_a_room(node: NodeLike) -> Handler:
    """The handler of the form, for whoever has the code of a room that nobody lives in."""

    async def handle(request: web.Request) -> web.StreamResponse:
        visit = visit_of(request, node)
        if not may_come(visit):
            return flatmates.link_is_over(visit)
        if not origin_is_ours(request):
            return visit.page("refused.html", error=ApiError(403, "foreign-form"))
        return await or_failure(visit, _take_form(visit))

    return handle


def may_come(visit: Visit) -> bool:
    """Whether a code opens this room to who had a home before."""
    return flatmates.is_open(visit) and not visit.is_set_up


async def _take_form(visit: Visit) -> web.StreamResponse:
    form: Form | None = None
    try:
        with staging(visit.node.home) as folder:
            file = folder / "backup"
            form = await _read(visit, file)
            if "code" in visit.request.match_info:
                return await _come_in(visit, form, file)
            assert visit.session is not None, "the handler has looked"
            if not form_is_ours(visit.request, visit.session, form.text(FORM_FIELD)):
                return visit.page("refused.html", error=ApiError(403, "foreign-form"))
            await _bring_back(visit, form, file)
            return go_to(next_place(visit))
    except Refused as refusal:
        if visit.is_set_up:
            return visit.page("refused.html", error=refusal)
        return _page(visit, form, refusal)


async def _read(visit: Visit, file: Path) -> Form:
    """The fields; the backup, if one was chosen, is then in the file. Raises Refused."""
    request = visit.request
    if (request.content_length or 0) > BACKUP_SIZE_MAX_BYTES + _BESIDES_THE_FILE_BYTES:
        raise ApiError(413, "backup-too-large", limit=BACKUP_SIZE_MAX_BYTES // 1024**3)
    if request.content_type == _WITH_FILES:
        return await read_form_with_files(request, visit.node, file)
    return await read_form(request, visit.node)


async def _come_in(visit: Visit, form: Form, file: Path) -> web.StreamResponse:
    """Into a room of the flat: with a password, as every flatmate has one. Raises Refused."""
    place = flatmates.place_of(visit)
    async with place.entering:
        if not may_come(visit):
            return flatmates.link_is_over(visit)
        password = flatmates.password_in(form)
        await _bring_back(visit, form, file)
        await visit.sessions.password.set(password)
        await place.person_came()
    response = go_to(next_place(visit))
    visit.sessions.start(response)
    return response


async def _bring_back(visit: Visit, form: Form, file: Path) -> None:
    """Raises Refused, StoreError: nothing was changed."""
    name, stolen = form.text("name"), 0
    if form.given("stolen"):
        stolen = form.number("stolen", 0, SUCCESSORS_MAX)
    has_file = await asyncio.to_thread(file.exists)
    if not has_file and not name:
        raise Refused("words-know-no-name")
    backup = file if has_file else None
    await visit.node.restore(form.text("words"), backup, name, visit.language, stolen)


def next_place(visit: Visit) -> str:
    """A backup knows the house; with words alone a friend's invitation comes next."""
    return "/" if visit.core.house is None else "/?done=restored"
