"""People on the page: home, friends, invitations and my circles."""

from __future__ import annotations

import io
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

import segno
from aiohttp import web
from markupsafe import Markup

from node.api import handlers
from node.engine import commands, contacts, forgotten, ids, views
from node.engine.capacity import CAPACITY_MAX
from node.engine.standing_rules import CONFIANCE_MAX, WORDS
from node.engine.views.neighbourhood import neighbours
from node.i18n import N_, translator
from node.web.agenda import upcoming
from node.web.begin import accept_invitation, show_beginning
from node.web.begin import show_invitation as show_invited
from node.web.forms import Form
from node.web.frame import waiting_for_me
from node.web.house import sponsoring_words
from node.web.render import Words
from node.web.visit import Visit, go_to
from node.wording.account_words import account_sentences
from node.wording.charter_words import charter_sentence
from node.wording.conflict_sentences import met_sentences
from node.wording.fault_words import failure_sentences
from node.wording.judgement_words import because_sentences
from node.wording.link_words import link_words
from node.wording.pause_sentences import pause_sentence
from node.wording.time_sentences import clock_sentence
from protocol.errors import Refused
from protocol.invitations import decode_link, invitation_tag
from protocol.keys import MemberId

_SOON_MAX: Final = 3
_NEAR_MAX: Final = 4
_NEAR_LOOKED_AT: Final = 12
# Invitations that can still be looked at again; the oldest is forgotten first.
_INVITATIONS_SHOWN_MAX: Final = 8
_INVITATIONS: Final[web.AppKey[dict[str, dict[str, Any]]]] = web.AppKey("invitations")


def prepare(app: web.Application) -> None:
    """Make room for what is shown once."""
    app[_INVITATIONS] = {}


# --- home --------------------------------------------------------------------------------


async def show_home(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """Where I stand and what to do next; the first pages while there is no house."""
    if not visit.is_set_up or visit.core.house is None:
        return await show_beginning(visit, form, error)
    me = views.status(visit.core)
    clock = me["clock"]
    assert isinstance(clock, Mapping), "an object of the status"
    return visit.page(
        "home.html",
        error=error,
        me=me,
        is_frozen=visit.core.is_frozen(visit.core.me),
        clock=clock_sentence(clock, visit.gettext),
        steps=_next_steps(visit, me),
        soon=upcoming(visit)[:_SOON_MAX],
        near=_near(visit),
        near_first=visit.request.query.get("done") == "joined" or me["standing"] == "candidate",
    )


def _near(visit: Visit) -> list[dict[str, Any]]:
    """The nearest things of others: a house is never empty while a friend shares something."""
    rows = views.browse(visit.core, visit.say, at_most=_NEAR_LOOKED_AT)
    near = [row for row in rows if isinstance(row, dict) and row["kind"] != "wanted"]
    return near[:_NEAR_MAX]


def _next_steps(visit: Visit, me: Mapping[str, object]) -> list[dict[str, str]]:
    """What helps most now, the first thing first; places to go with one sentence each."""
    steps: list[tuple[str, str, str]] = []
    waiting = waiting_for_me(visit)
    if waiting:
        sentence = translator(visit.language).ngettext(
            "{count} request waits for you.", "{count} requests wait for you.", waiting
        )
        steps.append(("/inbox", sentence.format(count=waiting), N_("Look")))
    if contacts.view(visit.core):
        sentence = N_("Two people here give the same e-mail address or phone number.")
        steps.append(("/house", visit.gettext(sentence), N_("Look at it")))
    if visit.core.recalling is not None:
        sentence = N_(
            "This home was restored and asks your friends for what it has forgotten: with one of "
            "them connected, that takes a minute."
        )
        steps.append(("/safekeeping", visit.gettext(sentence), N_("Look at it")))
    elif forgotten.waited_for(visit.core):
        sentence = N_(
            "This home was restored and promises nothing new before all your friends’ homes have "
            "been asked what they know."
        )
        steps.append(("/safekeeping", visit.gettext(sentence), N_("Look at it")))
    if me["standing"] == "member" and not me["friends"]:
        sentence = N_("You have no friends here now. An invitation, given or opened, begins anew.")
        steps.append(("/friends", visit.gettext(sentence), N_("See friends")))
    if me["standing"] == "alone":
        sentence = N_("A house begins with two homes: invite somebody you trust.")
        steps.append(("/friends", visit.gettext(sentence), N_("Invite")))
    elif me["standing"] == "candidate":
        sentence = N_(
            "You are welcome here, but not yet a member: another member has to co-opt you too. "
            "Ask one whom you know for an invitation, and open it here."
        )
        steps.append(("/friends", visit.gettext(sentence), N_("Open an invitation")))
    if visit.node.words and me["friends"]:
        sentence = N_(
            "Your keys are on this computer alone. Write down the words that bring them back."
        )
        steps.append(("/safekeeping", visit.gettext(sentence), N_("Write them down")))
    if not me["sharing"]:
        sentence = N_("You share nothing yet. A book, a drill, a sofa: begin with something small.")
        steps.append(("/things", visit.gettext(sentence), N_("Share something")))
    if me["friends"] and not me["links_up"]:
        sentence = N_(
            "None of your friends' homes is connected now. What you do is kept, and sent when "
            "they are back."
        )
        steps.append(("/friends", visit.gettext(sentence), N_("See friends")))
    if me["friends"] and me["sharing"] and not waiting:
        sentence = N_("See what your friends, and their friends, share.")
        steps.append(("/browse", visit.gettext(sentence), N_("Browse")))
    return [
        {"href": href, "sentence": sentence, "label": visit.gettext(label)}
        for href, sentence, label in steps
    ]


# --- friends -----------------------------------------------------------------------------


async def show_friends(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    status = views.status(visit.core)
    friends = _friends(visit)
    return visit.page(
        "friends.html",
        form=form,
        error=error,
        friends=friends,
        standing=status["standing"],
        trial=_trial(visit),
        sponsoring=sponsoring_words(visit) if status["standing"] == "member" else None,
        pass_on_from=status["pass_on_from"],
        met=_met(visit, friends),
    )


async def show_friend(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """One friend, and all that is between the two."""
    member = ids.resolve_member(visit.core, visit.part("member")).hex()
    friends = [friend for friend in _friends(visit) if friend["member"] == member]
    if not friends:
        raise Refused("not-a-friend", member=visit.part("member"))
    return visit.page(
        "friend.html",
        form=form,
        error=error,
        friend=friends[0],
        **_known(visit, member),
        paused=pause_sentence(friends[0], visit.gettext),
        met=_met(visit, friends),
    )


async def show_person(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """Somebody behind my friends: how I know them, and what I know."""
    member = ids.resolve_member(visit.core, visit.part("member"))
    if member == visit.core.me:
        return go_to("/trust")
    if member in visit.core.live_friends():
        return go_to(f"/friends/{member.hex()}")
    people = neighbours(visit.core)
    names = {person.member: person.name for person in people}
    through = [names[m] for person in people if person.member == member for m in person.through]
    return visit.page("person.html", error=error, through=through, **_known(visit, member.hex()))


def _known(visit: Visit, member: str) -> dict[str, Any]:
    """What this home knows of somebody, in sentences."""
    known: dict[str, Any] = dict(views.trust(visit.core, member))
    name = str(known["name"])
    return {
        "known": known,
        "known_words": [
            *because_sentences(known, name, visit.gettext, is_me=False),
            *respect_sentences(known, name, visit),
            *account_sentences(known["account"], name, visit.gettext, visit.ngettext),
            *failure_sentences(known["failures"], name, visit.gettext),
        ],
    }


def respect_sentences(known: Mapping[str, Any], name: str, visit: Visit) -> list[str]:
    """The Respect somebody was given, where enough people said so."""
    if known["respect"] is None:
        return []
    sentence = visit.ngettext(
        "{count} person said how it was with {name}: about {respect} of 10.",
        "{count} people said how it was with {name}: about {respect} of 10.",
        known["respect_raters"],
    )
    respect = Words(visit.language).rounded(known["respect"])
    return [sentence.format(count=known["respect_raters"], name=name, respect=respect)]


def _friends(visit: Visit) -> list[dict[str, Any]]:
    """Friends, each with how their home is connected in words."""
    day, now = Words(visit.language).day, datetime.now().astimezone()
    return [
        {**row, "link_words": link_words(row, visit.gettext, day, now)}
        for row in handlers.friend_rows(visit.node, visit.core)
    ]


def _met(visit: Visit, friends: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """What is to be said of whom I met as a sponsor, by member."""
    return {
        f["member"]: list(met_sentences(f["checked"], f["name"], visit.gettext)) for f in friends
    }


def _trial(visit: Visit) -> str:
    """The rule that says how long one answers for a guest."""
    rules = {rule.name: rule for rule in visit.core.charter.explain()}
    return charter_sentence(rules["guest_trial_ms"], visit.language)


async def invite(visit: Visit, form: Form) -> str:
    """Make an invitation, kept for a moment under an address only this page knows."""
    email = form.text("email")
    values = {"email": email} if email else {}
    invitation = await handlers.invite(handlers.Call(visit.node, {}, {}, values, visit.language))
    assert isinstance(invitation, dict)
    shown = visit.request.app[_INVITATIONS]
    while len(shown) >= _INVITATIONS_SHOWN_MAX:
        del shown[next(iter(shown))]
    name = secrets.token_urlsafe(12)
    shown[name] = dict(invitation)
    return f"/friends/invitation/{name}"


async def show_invitation(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    invitation = visit.request.app[_INVITATIONS].get(visit.part("name"))
    if invitation is None:
        return go_to("/friends")
    return visit.page(
        "invitation.html",
        error=error,
        link=invitation["link"],
        expires=invitation["expires"],
        why_no_seat=invitation["why_no_seat"],
        code=qr_code(invitation["link"]),
        letter=_letter(visit, invitation["link"]),
        guest=_who_used(visit, invitation["link"]),
    )


def _who_used(visit: Visit, link: str) -> str:
    """The name of who came in by an invitation; empty while it is open."""
    tag = invitation_tag(decode_link(link).secret)
    used_by = visit.core.invitations.get(tag, (b"", 0, b""))[2]
    return visit.core.name_of(MemberId(used_by)) if used_by else ""


def _letter(visit: Visit, link: str) -> str:
    """An address that opens a letter with the invitation in the owner's mail program."""
    house = str(views.status(visit.core)["house_name"] or "")
    text = visit.gettext(
        "I invite you to {house}, where friends lend each other their things. Install Open House, "
        "set up your home, choose “I have an invitation”, and paste this letter there."
    ).format(house=house)
    subject = visit.gettext("An invitation to {house}").format(house=house)
    fields = {"subject": subject, "body": f"{text}\n\n{link}"}
    return f"mailto:?{urlencode(fields, quote_via=quote)}"


def qr_code(text: str) -> Markup:
    """A QR code as inline SVG, black on white in light and dark."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=4, svgclass="qr",
        lineclass=None, light="#fff", dark="#000",
    )  # fmt: skip
    # segno escapes nothing of the text into the picture: it holds only coordinates.
    return Markup(out.getvalue().decode("ascii"))


async def end_friendship(visit: Visit, form: Form) -> str:
    await visit.command(commands.EndFriendship(visit.part("member")))
    return "/friends?done=ended"


async def admit_friend(visit: Visit, form: Form) -> str:
    """End the pause of a friend whose home sent nonsense."""
    await visit.command(commands.AdmitFriend(visit.part("member")))
    return "/friends?done=admitted"


async def show_friendship(visit: Visit, form: Form) -> str:
    """Let others know of a friendship, or not."""
    shows = form.text("shows") == "yes"
    await visit.command(commands.ShowFriendship(visit.part("member"), shows))
    return "/friends?done=changed"


async def validate(visit: Visit, form: Form) -> str:
    """Answer for a friend until it is taken back."""
    holds = form.text("validates") == "yes"
    await visit.command(commands.Validate(visit.part("member"), holds))
    return "/friends?done=changed"


async def set_capacity(visit: Visit, form: Form) -> str:
    """How many open loans of a friend's I answer for."""
    units = form.number("units", 0, CAPACITY_MAX) if form.text("units") else None
    await visit.command(commands.SetCapacity(visit.part("member"), units))
    return "/friends?done=changed"


async def set_friend_rule(visit: Visit, form: Form) -> str:
    """Always or never pass a friend's requests on, or ask each time."""
    rule = form.choice("rule", {word: word for word in WORDS})
    await visit.command(commands.SetFriendRule(visit.part("member"), rule))
    return "/friends?done=changed"


async def pass_on_from(visit: Visit, form: Form) -> str:
    """From which Confiance on requests pass on by themselves."""
    given = form.text("confiance")
    least = form.number("confiance", 1, CONFIANCE_MAX) if given else None
    await visit.command(commands.PassOnFrom(least))
    return "/friends?done=changed"


async def join(visit: Visit, form: Form) -> str | web.StreamResponse:
    """Read an invitation from another member of the house; accept it when that was read."""
    if not form.text("sure"):
        return show_invited(visit, form, "/friends/join")
    await accept_invitation(visit, form)
    return "/friends?done=joined"


# --- circles -----------------------------------------------------------------------------


async def show_trust(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """My circles, in words."""
    known: dict[str, Any] = dict(views.trust(visit.core))
    name = str(known["name"])
    return visit.page(
        "trust.html",
        error=error,
        trust=known,
        why_not_far=_why_not_far(visit, known),
        because=because_sentences(known, name, visit.gettext, is_me=True),
        failure_words=failure_sentences(known["failures"], name, visit.gettext),
        account_words=account_sentences(known["account"], name, visit.gettext, visit.ngettext),
        max_circles=visit.core.charter.max_circles,
        seats=visit.core.charter.seats,
    )


def _why_not_far(visit: Visit, known: dict[str, Any]) -> str | None:
    """Why I can ask my friends only for now, whatever circles are open."""
    if not known["is_reliable"]:
        return visit.say(Refused("unreliable"))
    if known["circles_by_sharing"] < min(known["circles_open"], visit.core.charter.max_circles):
        code = "sharing-closed" if known["circles_by_sharing"] else "nothing-shared"
        return visit.say(Refused(code, circles=known["circles_by_sharing"]))
    missing = known["first_loans_missing"]
    return visit.say(Refused("first-loans-near", missing=missing)) if missing else None
