"""The page: which address shows what, and which form does what.

``setup(app, node)`` adds it to the application of the local port, which has checked
the ``Host`` header before anything here runs (``node.api.guard``).
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from node.api import guard
from node.api.protocols import NodeLike
from node.config import join_address
from node.web import (
    agenda,
    begin,
    coming_back,
    exchanges,
    flatmates,
    for_the_flat,
    house,
    leaving,
    live,
    nearby,
    neighbourhood,
    new_keys,
    notices,
    people,
    safekeeping,
    sharing,
    static_files,
)
from node.web.password import Password
from node.web.session import Sessions
from node.web.visit import SESSIONS, Act, Handler, Show, open_form, reading, visit_of, writing

_READINGS: Final[dict[str, Show]] = {
    "/things": sharing.show_mine,
    "/things/as": sharing.show_as,
    "/things/{thing}": sharing.show_one_of_mine,
    "/browse": sharing.browse,
    "/thing/{thing}": sharing.show_thing,
    "/photo/{thing}/{photo}": sharing.show_photo,
    "/inbox": exchanges.show_inbox,
    "/agenda": agenda.show,
    "/notices": notices.show_box,
    "/settings": notices.show_settings,
    "/loans/{loan}": exchanges.show_loan,
    "/loans/{loan}/file": exchanges.store_file,
    "/loans/{loan}/photo/{photo}": exchanges.show_loan_photo,
    "/friends": people.show_friends,
    "/friends/invitation/{name}": people.show_invitation,
    "/friends/nearby": nearby.show,
    "/friends/picture": neighbourhood.show,
    "/friends/{member}": people.show_friend,
    "/people/{member}": people.show_person,
    "/trust": people.show_trust,
    "/house": house.show_house,
    "/house/change": house.show_change,
    "/safekeeping": safekeeping.show,
    "/safekeeping/kit": safekeeping.show_kit,
    "/goodbye": leaving.show,
    "/restore": coming_back.show,
    "/succession": new_keys.show,
    "/flat": flatmates.show,
    "/for-the-flat/{flatmate}/{loan}": for_the_flat.show,
}
_WRITINGS: Final[dict[str, tuple[Act, Show]]] = {
    "/setup": (begin.set_up, begin.show_beginning),
    "/found": (begin.found, begin.show_beginning),
    "/join": (begin.join, begin.show_beginning),
    "/things": (sharing.add, sharing.show_mine),
    "/things/import": (sharing.share_list, sharing.show_mine),
    "/things/{thing}": (sharing.change, sharing.show_one_of_mine),
    "/things/{thing}/photos": (sharing.change_photos, sharing.show_one_of_mine),
    "/things/{thing}/file": (sharing.change_file, sharing.show_one_of_mine),
    "/things/{thing}/keep-free": (sharing.keep_free, sharing.show_one_of_mine),
    "/things/{thing}/withdraw": (sharing.withdraw, sharing.show_one_of_mine),
    "/things/{thing}/lend-to": (sharing.lend_to, sharing.show_one_of_mine),
    "/wanted": (sharing.look_for, sharing.browse),
    "/thing/{thing}/ask": (sharing.ask, sharing.show_thing),
    "/notices/read": (notices.have_read, notices.show_box),
    "/settings": (notices.change, notices.show_settings),
    "/settings/test": (notices.try_channel, notices.show_settings),
    "/agenda/link": (agenda.make_link, agenda.show),
    "/agenda/link/end": (agenda.end_link, agenda.show),
    "/loans/{loan}/answer": (exchanges.answer, exchanges.show_loan),
    "/loans/{loan}/pass-on": (exchanges.pass_on, exchanges.show_loan),
    "/loans/{loan}/hand-over": (exchanges.hand_over, exchanges.show_loan),
    "/loans/{loan}/return": (exchanges.give_back, exchanges.show_loan),
    "/loans/{loan}/photos": (exchanges.remove_loan_photo, exchanges.show_loan),
    "/loans/{loan}/fetch": (exchanges.fetch_file, exchanges.show_loan),
    "/loans/{loan}/end": (exchanges.move_end, exchanges.show_loan),
    "/loans/{loan}/report": (exchanges.report, exchanges.show_loan),
    "/loans/{loan}/repaired": (exchanges.repaired, exchanges.show_loan),
    "/loans/{loan}/cancel": (exchanges.cancel, exchanges.show_loan),
    "/loans/{loan}/reply": (exchanges.reply, exchanges.show_loan),
    "/mediations/{loan}": (exchanges.mediate, exchanges.show_inbox),
    "/loans/{loan}/take-back": (exchanges.take_back, exchanges.show_loan),
    "/loans/{loan}/rate": (exchanges.rate, exchanges.show_loan),
    "/friends/nearby": (nearby.look, nearby.show),
    "/friends/nearby/answer": (nearby.answer, nearby.show),
    "/friends/nearby/stop": (nearby.stop, nearby.show),
    "/friends/invite": (people.invite, people.show_friends),
    "/friends/join": (people.join, people.show_friends),
    "/friends/{member}/admit": (people.admit_friend, people.show_friend),
    "/friends/{member}/show": (people.show_friendship, people.show_friend),
    "/house/propose": (house.propose, house.show_change),
    "/house/approve": (house.approve, house.show_house),
    "/house/accept": (house.accept_contact, house.show_house),
    "/friends/{member}/validation": (people.validate, people.show_friend),
    "/friends/pass-on": (people.pass_on_from, people.show_friends),
    "/friends/{member}/rule": (people.set_friend_rule, people.show_friend),
    "/friends/{member}/checked": (house.check_contacts, people.show_friend),
    "/friends/{member}/capacity": (people.set_capacity, people.show_friend),
    "/house/away": (house.go_away, house.show_house),
    "/house/back": (house.come_back, house.show_house),
    "/friends/{member}/end": (people.end_friendship, people.show_friend),
    "/safekeeping/guardians": (safekeeping.name_guardians, safekeeping.show),
    "/safekeeping/freeze": (safekeeping.freeze, safekeeping.show),
    "/safekeeping/thaw": (safekeeping.thaw, safekeeping.show),
    "/safekeeping/approve": (safekeeping.approve, safekeeping.show),
    "/safekeeping/veto": (safekeeping.veto, safekeeping.show),
    "/safekeeping/written": (safekeeping.written, safekeeping.show),
    "/safekeeping/go-on": (safekeeping.go_on, safekeeping.show),
    "/safekeeping/backup": (safekeeping.download, safekeeping.show),
    "/safekeeping/export": (leaving.download, safekeeping.show),
    "/goodbye": (leaving.leave, leaving.show),
    "/succession/ask": (new_keys.ask, new_keys.show),
    "/succession/add": (new_keys.add, new_keys.show),
    "/succession/drop": (new_keys.drop, new_keys.show),
    "/succession/take": (new_keys.take, new_keys.show),
    "/succession/give-up": (new_keys.give_up, new_keys.show),
    "/settings/password": (flatmates.set_password, notices.show_settings),
    "/flat/add": (flatmates.add, flatmates.show),
    "/flat/again": (flatmates.make_link, flatmates.show),
    "/flat/switch": (flatmates.switch, flatmates.show),
    "/flat/offer": (flatmates.offer, flatmates.show),
    "/flat/accept": (flatmates.accept, flatmates.show),
    "/things/{thing}/flat": (for_the_flat.mark, sharing.show_one_of_mine),
    "/for-the-flat/{flatmate}/{loan}/answer": (for_the_flat.answer, for_the_flat.show),
    "/for-the-flat/{flatmate}/{loan}/hand-over": (for_the_flat.hand_over, for_the_flat.show),
    "/for-the-flat/{flatmate}/{loan}/return": (for_the_flat.take_back, for_the_flat.show),
}


def setup(app: web.Application, node: NodeLike, password: Password | None = None) -> None:
    """Add the page's routes to the application."""
    app[SESSIONS] = Sessions(node.token, password)
    people.prepare(app)
    live.prepare(app)
    app.router.add_get("/", _home(node))
    for path, show in _READINGS.items():
        app.router.add_get(path, reading(node, show))
    for path, (act, show) in _WRITINGS.items():
        app.router.add_post(path, writing(node, act, show))
    app.router.add_post("/sign-in", open_form(node, begin.sign_in))
    app.router.add_post("/sign-out", open_form(node, begin.sign_out))
    app.router.add_post("/language", open_form(node, begin.choose_language))
    app.router.add_post("/api/v1/page", _give_link(node))
    app.router.add_get("/claim/{code}", flatmates.show_claim(node))
    app.router.add_post("/claim/{code}", open_form(node, flatmates.claim))
    app.router.add_get("/claim/{code}/restore", coming_back.show_in_a_room(node))
    app.router.add_post("/claim/{code}/restore", coming_back.in_a_room(node))
    app.router.add_get("/claim/{code}/succession", new_keys.show_in_a_room(node))
    app.router.add_post("/claim/{code}/succession", open_form(node, new_keys.begin_in_a_room))
    app.router.add_post("/restore", coming_back.at_home(node))
    app.router.add_get("/static/{name}", static_files.serve)
    app.router.add_get("/calendar/{secret}.ics", agenda.feed(node))
    app.router.add_get("/live", live.stream(node))
    # Whatever is not the API's: a page that says so, in the reader's language.
    app.router.add_get("/{path:(?!api/|metrics$|healthz$).*}", _nothing_here(node))


def entry_path(app: web.Application) -> str:
    """A path with a key that opens the page once: for ``openhouse run`` to print."""
    return f"/?key={app[SESSIONS].new_entry_key()}"


def _give_link(node: NodeLike) -> Handler:
    """``openhouse page``: whoever may read the token gets a link that signs a browser in."""

    async def handle(request: web.Request) -> web.StreamResponse:
        guard.require_token(request, node.token)
        # The address it came by, as ``openhouse run`` prints it: a browser that was signed
        # in under another name would have to do it again.
        assert request.transport is not None, "it is being answered"
        host, port = request.transport.get_extra_info("sockname")[:2]
        base = f"http://{join_address(host, port)}"
        return web.json_response({"page": f"{base}{entry_path(request.app)}"})

    return handle


def _home(node: NodeLike) -> Handler:
    show_home = reading(node, people.show_home)

    async def handle(request: web.Request) -> web.StreamResponse:
        if "key" in request.query:
            return await begin.enter(request, visit_of(request, node))
        return await show_home(request)

    return handle


def _nothing_here(node: NodeLike) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        visit = visit_of(request, node)
        problem = visit.gettext("There is no such page.")
        return visit.page("refused.html", problem=problem, status=404)

    return handle
