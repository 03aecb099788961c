"""What stands around every page: who is at home, where one can go, what was just done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from node.engine import views
from node.i18n import N_
from node.notices.bell import box_of
from node.web.render import today

if TYPE_CHECKING:
    from node.web.visit import Visit

_PLACES: Final = (
    ("/", "home", N_("Home")),
    ("/browse", "search", N_("Browse")),
    ("/things", "box", N_("My things")),
    ("/inbox", "letter", N_("Requests")),
    ("/friends", "friends", N_("Friends")),
    ("/trust", "circles", N_("Circles")),
)
_PARTS: Final = {"/agenda": "/inbox", "/loans/": "/inbox", "/thing/": "/browse"}
"""Pages that stand under another place than their address says."""
DONE: Final = {
    "welcome": N_("Welcome! Your home is set up."),
    "restored": N_(
        "Welcome back! Now your home asks your friends’ homes for what it has forgotten. Until "
        "they have answered it promises nothing: it agrees to no loan, passes nothing on and rates "
        "nobody."
    ),
    "founded": N_("Your house is founded. Invite the first friend: a house begins with two."),
    "joined": N_("Welcome to the house!"),
    "added": N_("Your thing is listed."),
    "imported": N_("Your list is shared."),
    "calendar": N_("The calendar is changed."),
    "photos": N_("The photos are changed."),
    "file": N_("The file is changed."),
    "fetching": N_("Tried. Look again in a moment."),
    "changed": N_("Saved."),
    "signed": N_("Signed: it goes to everybody in the house."),
    "withdrawn": N_("Withdrawn: nobody else sees it any more."),
    "asked": N_("Your request is on its way."),
    "answered": N_("Your answer is on its way."),
    "passed-on": N_("Passed on."),
    "set-aside": N_("Left aside. Nobody is told."),
    "handed-over": N_("Noted: handed over."),
    "returned": N_("Noted: returned."),
    "reported": N_("Noted, and the other person is told."),
    "taken-back": N_("Taken back: it counts as never said."),
    "repaired": N_("Noted: it was made good."),
    "written-down": N_("Written down."),
    "wanted": N_("Your circles will see what you look for."),
    "cancelled": N_("Cancelled."),
    "test-sent": N_("The test is sent. Look whether it arrives."),
    "calendar-link": N_("Here is the address. An older one opens nothing any more."),
    "calendar-ended": N_("The address is closed."),
    "both-rated": N_("Thank you. Below is what both of you said."),
    "rated": N_("Thank you. It is shown when both of you have said how it went."),
    "away": N_(
        "Noted. Leave your home on for a few minutes more: friends' homes have to hear of it."
    ),
    "back": N_("Welcome back!"),
    "admitted": N_("The friend's home is let in again."),
    "ended": N_("The friendship is ended."),
    "words-written": N_("Good. This computer has forgotten the words; keep the paper safe."),
    "guardians-asked": N_(
        "Here are your new words and the text for your guardians. First write down the words."
    ),
    "answer-kept": N_("The answer fits, and is kept."),
    "given-up": N_("Forgotten. You can begin anew, or bring your home back."),
    "frozen": N_("Frozen: your friends’ homes hear of it as soon as they are connected."),
    "thawed": N_("Thawed: what your devices sign counts again."),
    "goodbye": N_(
        "Done: your things are withdrawn and your friendships here ended. Leave your home on for a "
        "few minutes more: friends’ homes have to hear of it. Then it can be switched off for good."
    ),
    "flatmate-added": N_("There is room for them. Now show them the link below."),
    "flatmate-link": N_("Here is a new link; an older one opens nothing any more."),
    "switched-off": N_("Switched off. Nothing of it is lost."),
    "switched-on": N_("Switched on."),
    "offered": N_("Noted. They see it on their page."),
    "befriended": N_("You are friends now."),
    "password": N_("The new password is set. Other browsers are signed out."),
    "flat": N_("Now all flatmates look after it."),
    "mine": N_("Now it is yours alone again."),
    "going-on": N_("Your home goes on with what it has."),
}
"""What a page says after something was done, by the word in ``?done=``."""


def frame(visit: Visit) -> dict[str, Any]:
    """The values of the base template."""
    path = visit.request.path
    shows_places = visit.session is not None and visit.is_set_up and visit.core.house is not None
    done = DONE.get(visit.request.query.get("done", ""), "")
    return {
        "csrf": "" if visit.session is None else visit.session.csrf,
        "here": visit.request.rel_url.path_qs if visit.request.method == "GET" else path,
        "live_at": _published(visit),
        "live": _live_path(visit) if shows_places else "",
        "places": _places(visit, path) if shows_places else [],
        "done": visit.gettext(done) if done else "",
        "unread": box_of(visit.core).unread if shows_places else 0,
        "signed_in": visit.session is not None,
        "has_password": visit.sessions.password.is_set,
        "is_shared": visit.place is not None and visit.place.is_shared,
        "today": today(),
    }


def _published(visit: Visit) -> int:
    with visit.node.subscribe() as changes:
        return changes.published


def _live_path(visit: Visit) -> str:
    """Where this page is looked at again; empty for what a form answered."""
    if visit.request.method != "GET":
        return ""
    return str(visit.request.rel_url.without_query_params("done"))


def _places(visit: Visit, path: str) -> list[dict[str, Any]]:
    waiting = waiting_for_me(visit)
    return [
        {
            "href": href,
            "icon": icon,
            "label": visit.gettext(label),
            "is_here": _is_here(path, href),
            "count": waiting if href == "/inbox" else 0,
        }
        for href, icon, label in _PLACES
    ]


def _is_here(path: str, href: str) -> bool:
    """Whether a page belongs to a place: one loan to requests, one thing to browsing."""
    nearer = next((_PARTS[part] for part in _PARTS if path.startswith(part)), path)
    return nearer == href or (href != "/" and nearer.startswith(href + "/"))


def waiting_for_me(visit: Visit) -> int:
    """How many loans wait for something that only I can do, or anybody of the flat."""
    loans: list[Any] = views.loans(visit.core, only_open=True)
    of_the_flat = [] if visit.place is None else visit.place.common_loans()
    return sum(bool(loan["waits_for_me"]) for loan in loans) + sum(
        bool(loan["waits"]) for loan in of_the_flat
    )
