"""Befriending a home nearby: the same six digits on two pages. Spec: §17.8."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from node.api.handlers import pairing_json
from node.api.protocols import PairingLike
from node.web.forms import Form
from node.web.visit import Visit
from protocol.errors import Refused

_PAGE: Final = "/friends/nearby"
_REFRESH_S: Final = {"waiting": 2, "confirmed": 2, "joining": 2, "comparing": 10}
"""By state: a page that waits looks again by itself, also without JavaScript. Where a button is to
be pressed it does so seldom, only to say that the other person has answered already."""


def _pairing(visit: Visit) -> PairingLike:
    assert visit.node.pairing is not None, "the page of a home that is set up"
    return visit.node.pairing


async def show(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    state = pairing_json(_pairing(visit), visit.language)
    response = visit.page(
        "nearby.html", form=form, error=error, pairing=state, addresses=visit.node.addresses()
    )
    refresh_s = _REFRESH_S.get(str(state["state"]))
    if refresh_s is not None:
        response.headers["Refresh"] = f"{refresh_s}; url={_PAGE}"
    return response


async def look(visit: Visit, form: Form) -> str:
    """Open the window for five minutes."""
    _pairing(visit).open(form.text("address"))
    return _PAGE


async def answer(visit: Visit, form: Form) -> str:
    """The person has compared the codes."""
    _pairing(visit).answer(is_same=form.text("same") == "yes")
    return _PAGE


async def stop(visit: Visit, form: Form) -> str:
    _pairing(visit).close()
    return _PAGE
