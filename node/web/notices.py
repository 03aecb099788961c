"""Notices on the page: the box, and the settings that say where they go besides."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from node.api import guard
from node.config import join_address
from node.engine import commands, desk
from node.notices import bell, box
from node.notices.channels import (
    CHANNELS,
    PROBLEMS,
    SECURITIES,
    Channels,
    Mail,
    Ntfy,
    check,
    read_channels,
    write_channels,
)
from node.notices.facts import EVENTS, SENTENCES
from node.web.forms import Form
from node.web.people import qr_code
from node.web.render import moment_here
from node.web.visit import Visit
from protocol.errors import Refused

_EVERYWHERE: Final = ("0.0.0.0", "::")
_KEPT: Final = "\u2022" * 8
"""Stands in the field of a secret that is kept and never shown again."""


async def show_box(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    found = bell.box_of(visit.core)
    rows = [
        {
            "sentence": visit.gettext(SENTENCES[notice.says]).format(**notice.values),
            "href": notice.href,
            "at": moment_here(notice.at_ms),
            "is_read": notice.is_read,
        }
        for notice in found.notices
    ]
    return visit.page("notices.html", error=error, notices=rows, unread=found.unread)


async def have_read(visit: Visit, form: Form) -> str:
    kept = box.all_read(bell.box_of(visit.core))
    await visit.command(commands.KeepNote("notices", box.write_box(kept)))
    return "/notices"


async def show_settings(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    channels = read_channels(desk.note(visit.core, "channels"))
    # Other forms of the page fill in none of these fields: shown empty, they would be saved so.
    given = form if form is not None and form.text("security") else _written(channels)
    return visit.page(
        "settings.html",
        form=given,
        error=error,
        events=EVENTS,
        securities=SECURITIES,
        states=[_state(visit, channels, channel) for channel in CHANNELS],
        here=_this_home(visit),
        kept=_KEPT,
    )


def _this_home(visit: Visit) -> dict[str, Any]:
    """Where this home is found: by friends' homes, and by browsers."""
    lan: Any = visit.node.lan_state()
    page = f"{visit.request.scheme}://{visit.request.host}/"
    is_for_here = guard.host_is_ours(visit.request.host, ())
    # By name and by number, as far as the owner said where the page is to be reached.
    elsewhere = [
        f"http://{join_address(host, visit.request.url.port or 80)}/"
        for host in visit.node.web_hosts
        if not guard.host_is_ours(join_address(host, 80), ()) and host not in _EVERYWHERE
    ]
    for_others = elsewhere[0] if is_for_here and elsewhere else "" if is_for_here else page
    # A proxy in front may speak TLS for it.
    is_secret = "https" in (visit.request.scheme, visit.request.headers.get("X-Forwarded-Proto"))
    numbers = [address.rpartition(":")[0] for address in visit.node.addresses()]
    return {
        "addresses": visit.node.addresses(),
        "lan": lan,
        "pages": list(dict.fromkeys([page, *elsewhere])),
        "installs": is_secret or is_for_here,
        # Another device cannot open an address that means "this computer".
        "code": qr_code(for_others) if for_others else "",
        "address": next((a for a in numbers if not guard.host_is_ours(a, ())), ""),
    }


def _written(channels: Channels) -> Form:
    mail, ntfy = channels.mail, channels.ntfy
    return Form.of(
        host=mail.host, port=mail.port, security=mail.security, user=mail.user,
        password=_KEPT if mail.password else "", sender=mail.sender, to=mail.to,
        server=ntfy.server, topic=ntfy.topic, token=_KEPT if ntfy.token else "",
        **{f"wants_{event}": list(wanted) for event, wanted in channels.wanted.items()},
    )  # fmt: skip


def _state(visit: Visit, channels: Channels, channel: str) -> dict[str, Any]:
    """How a channel is doing, for its line in the settings."""
    parcel = bell.box_of(visit.core).parcels.get(channel)
    is_failing = parcel is not None and parcel.failures > 0
    return {
        "channel": channel,
        "is_on": channels.is_on(channel),
        "problem": _why(visit, parcel.problem) if parcel is not None and is_failing else "",
        "is_given_up": parcel is not None and parcel.next_ms is None,
    }


def _why(visit: Visit, problem: str) -> str:
    """A reason that is known in words; a number of the server's as it is."""
    return visit.gettext(PROBLEMS[problem]) if problem in PROBLEMS else problem


async def change(visit: Visit, form: Form) -> str:
    """Keep the settings as filled in; a secret that was not touched stays."""
    await _keep(visit, _read(visit, form))
    return "/settings?done=changed"


def _read(visit: Visit, form: Form) -> Channels:
    old = read_channels(desk.note(visit.core, "channels"))
    password, token = form.text("password"), form.text("token")
    mail = Mail(
        host=form.text("host"),
        port=form.number("port", 1, 65535) if form.text("host") else Mail().port,
        security=form.choice("security", dict(zip(SECURITIES, SECURITIES, strict=True))),
        user=form.text("user"),
        password=old.mail.password if password == _KEPT else password,
        sender=form.text("sender") or form.text("to"),
        to=form.text("to"),
    )
    ntfy = Ntfy(
        server=form.text("server") or Ntfy().server,
        topic=form.text("topic"),
        token=old.ntfy.token if token == _KEPT else token,
    )
    # A secret goes to the server it was given for, not to another one by itself.
    if password == _KEPT and (mail.host, mail.port) != (old.mail.host, old.mail.port):
        raise Refused("secret-for-another-server")
    if token == _KEPT and ntfy.server != old.ntfy.server:
        raise Refused("secret-for-another-server")
    wanted = {
        event: [channel for channel in CHANNELS if form.has(f"wants_{event}", channel)]
        for event in EVENTS
    }
    return check(Channels(mail, ntfy, wanted))


async def try_channel(visit: Visit, form: Form) -> str:
    """Send a test now, and say what came of it."""
    channel = form.choice("channel", dict(zip(CHANNELS, CHANNELS, strict=True)))
    channels = read_channels(desk.note(visit.core, "channels"))
    if not channels.is_on(channel):
        raise Refused("channel-off")
    try:
        await bell.send(channels, channel, ["test"], visit.language)
    except bell.SendingFailed as failure:
        raise Refused("test-failed", reason=_why(visit, str(failure))) from failure
    return "/settings?done=test-sent"


async def _keep(visit: Visit, channels: Channels) -> None:
    await visit.command(commands.KeepNote("channels", write_channels(channels)))
