"""What keeps a member safe when the computer is not: words, backups, guardians. Spec: §18."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from node.engine import views
from node.engine.commands import (
    ApproveSuccessor,
    EndRecall,
    FreezeKeys,
    NameGuardians,
    RevokeKey,
)
from node.engine.events import Json
from node.web.forms import Form
from node.web.people import qr_code
from node.web.render import moment_here
from node.web.visit import Visit
from protocol.errors import Refused
from protocol.mandates import APPROVALS_MAX

_APPROVALS_MIN: Final = 2


async def show(
    visit: Visit,
    form: Form | None = None,
    error: Refused | None = None,
    approval: Mapping[str, Json] | None = None,
) -> web.StreamResponse:
    """The words while they are not on paper, then how to keep a copy.

    Args:
        approval: what I just answered a friend who lost everything, as the engine gives it.
    """
    keys: Any = views.keys(visit.core)
    chosen = form.all("guardians") if form is not None else ()
    return visit.page(
        "safekeeping.html",
        form=form,
        error=error,
        words=visit.node.words.split(),
        keys=keys,
        friends=views.friends(visit.core),
        named=chosen or [each["member"] for each in keys["guardians"] if not each["is_renewed"]],
        chosen_approvals=_approvals_in(form) or keys["approvals_needed"],
        approvals_max=APPROVALS_MAX,
        has_house=visit.core.house is not None,
        approval=approval,
        claims=[
            {"key": claim["key"], "from": moment_here(claim["counts_from_ms"])}
            for claim in keys["claims"]
            if claim["member"] == keys["member"]
        ],
    )


async def show_kit(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """What to print and keep: the words while they are here, and what to do with them."""
    words = visit.node.words
    keys: Any = views.keys(visit.core)
    return visit.page(
        "kit.html",
        error=error,
        me=views.status(visit.core),
        words=words.split(),
        code=qr_code(words) if words else "",
        guardians=sorted(
            (each["name"] for each in keys["guardians"] if not each["is_renewed"]), key=str.casefold
        ),
        needed=keys["approvals_needed"],
        is_by_guardians=keys["is_by_guardians"],
    )


async def name_guardians(visit: Visit, form: Form) -> str:
    """Who may give me new keys together, and how many it takes; nobody ticked: nobody."""
    needed = form.number("approvals", _APPROVALS_MIN, APPROVALS_MAX)
    await visit.command(NameGuardians(form.all("guardians"), needed))
    return "/safekeeping?done=changed"


def _approvals_in(form: Form | None) -> int | None:
    """What was chosen before something else was wrong."""
    text = "" if form is None else form.text("approvals")
    return int(text) if text in map(str, range(_APPROVALS_MIN, APPROVALS_MAX + 1)) else None


async def freeze(visit: Visit, form: Form) -> str:
    """Nothing counts that my devices sign, until I thaw. Spec: §18.2."""
    await visit.command(FreezeKeys(frozen=True))
    return "/safekeeping?done=frozen"


async def thaw(visit: Visit, form: Form) -> str:
    await visit.command(FreezeKeys(frozen=False))
    return "/safekeeping?done=thawed"


async def approve(visit: Visit, form: Form) -> web.StreamResponse:
    """As a guardian: the answer for a friend who lost everything, to be sent to them."""
    answer = await visit.command(ApproveSuccessor(form.text("request")))
    assert isinstance(answer, Mapping), "whose keys, and the text"
    return await show(visit, approval=answer)


async def veto(visit: Visit, form: Form) -> str:
    """Somebody says that they are me, and are not."""
    await visit.command(RevokeKey(form.text("key")))
    return "/safekeeping?done=changed"


async def written(visit: Visit, form: Form) -> str:
    """The owner says that the words are on paper."""
    if not form.text("sure"):
        raise Refused("words-not-confirmed")
    await visit.node.forget_words()
    return "/safekeeping?done=words-written"


async def go_on(visit: Visit, form: Form) -> str:
    await visit.command(EndRecall())
    return "/safekeeping?done=going-on"


async def download(visit: Visit, form: Form) -> web.StreamResponse:
    """A backup, as a file in the browser."""
    data = await visit.node.make_backup()
    day = datetime.datetime.now().astimezone().date().isoformat()
    headers = {
        "Content-Disposition": f'attachment; filename="openhouse-{day}.backup"',
        "Cache-Control": "no-store",
    }
    return web.Response(body=data, content_type="application/octet-stream", headers=headers)
