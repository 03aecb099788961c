"""How the house, its people and oneself are shown.

An empty answer says what to do next. Keys are those of the API (spec §10.4); a key
that an older node does not send is left out rather than failing.
"""

from __future__ import annotations

from datetime import datetime
from io import StringIO
from typing import Final

from node.cli.client import Answer
from node.cli.output import Screen, moment, short_id, short_ids
from node.cli.render_keys import show_words
from node.i18n import N_
from node.wording import messages
from node.wording.account_words import account_sentences
from node.wording.charter_words import GROUP_TITLES
from node.wording.conflict_sentences import conflict_sentence, met_sentences, what_to_do
from node.wording.fault_words import failure_sentences, fault_word, mediation_sentence
from node.wording.judgement_words import because_sentences
from node.wording.link_words import link_words
from node.wording.pause_sentences import admitted_sentence, pause_sentence
from node.wording.sponsor_words import candidate_sentence, guest_sentence, seats_sentence
from node.wording.time_sentences import away_sentence, clock_sentence

_STANDINGS: Final = {
    "alone": N_("alone"),
    "candidate": N_("candidate"),
    "member": N_("member"),
}


def _standing(screen: Screen, word: str) -> str:
    return screen.gettext(_STANDINGS.get(word, word))


def status(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    name = answer["name"]
    screen.line(f"{name} ({short_id(answer['member'])})")
    house = _("none yet")
    if answer["house"]:
        house = f"{answer.get('house_name') or short_id(answer['house'])}, " + _standing(
            screen, answer["standing"]
        )
    friends = screen.ngettext("{count} friend", "{count} friends", answer["friends"])
    connected = screen.ngettext("{count} connected", "{count} connected", answer["links_up"])
    shared = screen.ngettext("{count} thing shared", "{count} things shared", answer["sharing"])
    called_at = ", ".join(answer.get("addresses", []))
    screen.pairs(
        [
            *([(_("Address"), called_at)] if called_at else []),
            (_("House"), house),
            (
                _("Friends"),
                friends.format(count=answer["friends"])
                + ", "
                + connected.format(count=answer["links_up"]),
            ),
            (_("Things"), shared.format(count=answer["sharing"])),
            (_("Respect"), _respect(screen, answer)),
            (_("Circles"), _circles_open(screen, answer["circles_open"])),
        ]
    )
    if answer.get("away"):
        screen.line()
        screen.line(away_sentence(answer["away"], _, str))
    hint = _status_hint(screen, answer)
    if hint:
        screen.line()
        screen.line(hint)


def _status_hint(screen: Screen, answer: Answer) -> str:
    """The one thing to do next, if there is one."""
    _ = screen.gettext
    if answer.get("clock"):
        wrong = clock_sentence(answer["clock"], _)
        if wrong:
            return wrong
    if answer.get("paused"):
        return _("{names}: on hold, because of what their homes sent. openhouse friends").format(
            names=", ".join(answer["paused"])
        )
    if not answer["house"]:
        return _(
            "You belong to no house yet. Found one: openhouse house found NAME — or join one "
            "with an invitation: openhouse join LINK"
        )
    if answer["friends"] == 0:
        return _("No friends yet. Invite one: openhouse invite")
    if answer["standing"] == "candidate":
        return _(
            "A second member must co-opt you before you can ask for things: ask another "
            "member for an invitation, and answer it with openhouse join LINK"
        )
    if answer["sharing"] == 0:
        return _("You share nothing yet. Share something: openhouse things add TITLE")
    return ""


def _respect(screen: Screen, answer: Answer) -> str:
    if answer["respect"] is None:
        return screen.gettext("too few people have said how it was")
    raters = answer["respect_raters"]
    text = screen.ngettext(
        "about {respect} of 10, by {count} person",
        "about {respect} of 10, by {count} people",
        raters,
    )
    return text.format(respect=f"{answer['respect']:g}", count=raters)


def _circles_open(screen: Screen, circles: int) -> str:
    _ = screen.gettext
    if circles == 0:
        return _("none: you cannot ask for things yet")
    if circles == 1:
        return _("you can ask your friends")
    return _("you can ask as far as circle {circle}").format(circle=circles)


def goodbye(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    screen.line(
        _(
            "Done: your things are withdrawn and your friendships here ended. Leave your home on "
            "for a few minutes more: friends’ homes have to hear of it. Then it can be switched "
            "off for good."
        )
    )


def house_found(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    screen.line(_("The house “{name}” is founded.").format(name=answer["name"]))
    screen.line(
        _("Invite the person you found it with; they will be its second founder: openhouse invite")
    )


def house_show(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    if not answer["house"]:
        screen.line(
            _(
                "You belong to no house yet. Found one: openhouse house found NAME — or join "
                "one with an invitation: openhouse join LINK"
            )
        )
        screen.line()
        screen.line(_("A new house begins with these rules:"))
    else:
        founders = ", ".join(founder["name"] for founder in answer["founders"])
        screen.line(f"{answer['name']} ({short_id(answer['house'])})")
        screen.line(_("Founded by {names}.").format(names=founders))
    for conflict in answer["conflicts"]:
        screen.line(conflict_sentence(conflict, _))
        screen.line(what_to_do(conflict, _))
        screen.line(_("If it is right so: openhouse house accept MEMBER"))
    if answer["standing"] == "member" and "sponsoring" in answer:
        _show_sponsoring(screen, answer["sponsoring"])
    for group, title in GROUP_TITLES.items():
        screen.line()
        screen.line(_(title))
        for rule in answer["charter"]:
            if rule["group"] == group:
                screen.line(f"· {rule['sentence']}")
    screen.line()
    screen.line(_("And one that no house can change: no money, ever."))
    if answer.get("is_outdated"):
        screen.line()
        screen.line(
            _("The members have agreed on a rule that this program does not know: update it.")
        )
    elif answer["house"]:
        screen.line()
        screen.line(_("Changes that others propose: openhouse house proposals"))


def _show_sponsoring(screen: Screen, state: Answer) -> None:
    _ = screen.gettext
    screen.line()
    screen.line(_("Guests I answer for"))
    for guest in state["guests"]:
        screen.line("· " + guest_sentence(guest, _, str))
    for candidate in state["candidates"]:
        screen.line("· " + candidate_sentence(candidate, _, screen.ngettext))
    screen.line(seats_sentence(state, _, screen.ngettext))


def invite(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    if answer.get("why_no_seat"):
        screen.line(_("Only somebody who is a member already can use it:"))
        screen.line(answer["why_no_seat"]["message"])
        screen.line()
    screen.line(answer["link"])
    screen.line()
    import segno

    # Half blocks: the code of a long link is small enough for an ordinary window.
    code = StringIO()
    segno.make(answer["link"], error="l").terminal(out=code, compact=True, border=2)
    screen.raw(code.getvalue())
    screen.line(
        _("Give it to one person; it works once, until {expires}.").format(
            expires=moment(answer["expires"])
        )
    )
    screen.line(_("They answer with: openhouse join LINK"))


def joined(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    friend = answer.get("friend_name") or short_id(answer["friend"])
    screen.line(_("You and {name} are friends now.").format(name=friend))
    if answer["standing"] == "candidate":
        screen.line(
            _(
                "A second member must co-opt you before you can ask for things: ask another "
                "member for an invitation, and answer it with openhouse join LINK"
            )
        )
    else:
        screen.line(_("You are a member of the house. See what there is: openhouse browse"))


def befriended(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    screen.line(_("You and {name} are friends now.").format(name=answer["name"] or "?"))


def friends(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    if not answer:
        screen.line(_("No friends yet. Invite one: openhouse invite"))
        return
    shown = short_ids([friend["member"] for friend in answer])
    screen.table(
        (_("Id"), _("Name"), _("Node"), _("Standing"), _("Friends since")),
        [
            (
                shown[friend["member"]],
                friend["name"],
                _link_word(screen, friend),
                _standing(screen, friend.get("standing", "member"))
                + ("" if friend.get("shows", True) else ", " + _("discreet")),
                moment(friend["since"])[:10],
            )
            for friend in answer
        ],
    )

    for friend in answer:
        why = pause_sentence(friend, _)
        if why:
            screen.line()
            screen.line(why)
            screen.line(
                _("Let it in again: openhouse friends admit {member}").format(
                    member=shown[friend["member"]]
                )
            )


def _link_word(screen: Screen, friend: Answer) -> str:
    now = datetime.now().astimezone()
    return link_words(friend, screen.gettext, lambda day: day, now)


def friends_admit(screen: Screen, answer: Answer) -> None:
    screen.line(admitted_sentence(answer["name"], screen.gettext))


def mediations(screen: Screen, answer: Answer) -> None:
    """``mediate``."""
    _ = screen.gettext
    if isinstance(answer, dict):
        screen.line(_("Noted: only who asked you is told."))
        return
    if not answer:
        screen.line(_("Nobody asks you to mediate."))
    for row in answer:
        screen.line(f"{short_id(row['loan'])}: {mediation_sentence(row, _)}")
        fault, _rest, text = row["text"].partition("\n")
        screen.line(f"  {fault_word(fault, _)}. {text}")


def house_checked(screen: Screen, answer: Answer) -> None:
    """``house checked``."""
    for sentence in met_sentences(answer["checked"], answer["name"], screen.gettext):
        screen.line(sentence)


def house_accept(screen: Screen, answer: Answer) -> None:
    """``house accept``."""
    sentence = screen.gettext("Noted: requests of {name} go on.")
    screen.line(sentence.format(name=answer["name"]))


def page(screen: Screen, answer: Answer) -> None:
    """``page``."""
    screen.line(answer["page"])


def validate(screen: Screen, answer: Answer) -> None:
    """``validate``."""
    sentence = (
        N_("You answer for {name}: what {name} asks of your friends goes on by itself.")
        if answer["validates"]
        else N_("You no longer answer for {name}: you are asked before a request goes on.")
    )
    screen.line(screen.gettext(sentence).format(name=answer["name"]))


def friends_capacity(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    screen.line(
        _("You answer for up to {capacity} open loans of theirs at once; {engaged} now.").format(
            capacity=answer["capacity"], engaged=answer["engaged"]
        )
    )


_RULES: Final = {
    "always": N_("What {name} asks of your friends passes on by itself, with your word."),
    "never": N_("What {name} asks of your friends stays with you, and nobody is told."),
    "ask": N_("Each time {name} asks one of your friends, you are asked first."),
}


def friends_rule(screen: Screen, answer: Answer) -> None:
    screen.line(screen.gettext(_RULES[answer["rule"]]).format(name=answer["name"]))


def pass_on(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    if answer["pass_on_from"] is None:
        screen.line(_("You are asked before a request passes on."))
        return
    sentence = _("Requests of people with Confiance {number} or more pass on by themselves.")
    screen.line(sentence.format(number=answer["pass_on_from"]))


def friends_show(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    name = answer.get("name") or short_id(answer["member"])
    if answer["shows"]:
        screen.line(
            _("Others may know that you and {name} are friends: things travel on.").format(
                name=name
            )
        )
        return
    screen.line(
        _(
            "Your friendship with {name} is discreet now: you see each other's things, and nothing "
            "goes farther by it. It takes effect when {name}'s home is connected."
        ).format(name=name)
    )


def away(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    if answer["away"] is None:
        screen.line(_("Welcome back!"))
        return
    screen.line(away_sentence(answer["away"], _, str))
    screen.line(_("Leave it on for a few minutes more: your friends' homes have to hear of it."))


def friends_end(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    name = answer.get("name") or short_id(answer["member"])
    screen.line(_("You and {name} are no longer friends.").format(name=name))
    screen.line(
        _(
            "Your things are gone from connected honest homes within minutes; for certain when "
            "the time is over for which the friendship was last renewed."
        )
    )


def trust(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    name = answer.get("name", "")
    screen.line(f"{name} ({short_id(answer['member'])})")
    circles = str(answer["circles_open"])
    screen.pairs(
        [
            (_("Respect"), _respect(screen, answer)),
            (_("Open circles"), circles),
        ]
    )
    is_me = answer["distance"] == 0
    for sentence in because_sentences(answer, name, screen.gettext, is_me=is_me):
        screen.line(sentence)
    for sentence in account_sentences(answer["account"], name, screen.gettext, screen.ngettext):
        screen.line(sentence)
    for sentence in met_sentences(answer["checked"], name, screen.gettext):
        screen.line(sentence)
    for sentence in failure_sentences(answer["failures"], name, screen.gettext):
        screen.line(sentence)
    if answer["validated_by"]:
        names = ", ".join(each["name"] for each in answer["validated_by"])
        screen.line(_("Answered for by: {names}").format(names=names))
    if not answer["is_reliable"]:
        screen.line(
            _("Too much of it did not go as agreed: {name} can ask friends only for now.").format(
                name=name
            )
        )
    if is_me and answer["circles_by_sharing"] < answer["circles_open"]:
        closed = {"circles": answer["circles_by_sharing"]}
        code = "sharing-closed" if closed["circles"] else "nothing-shared"
        screen.line(messages.say(code, closed, screen.language))
    newcomer = answer["first_loans_missing"]
    if newcomer:
        text = screen.ngettext(
            "{name} is new: after one more loan from a friend that goes well, they can ask beyond "
            "their friends.",
            "{name} is new: after {count} more loans from friends that go well, they can ask "
            "beyond their friends.",
            newcomer,
        )
        screen.line(text.format(name=name, count=newcomer))
    missing = answer["missing"]
    if missing:
        text = screen.ngettext(
            "A good exchange with {count} more person opens the next circle.",
            "Good exchanges with {count} more people open the next circle.",
            missing,
        )
        screen.line(text.format(count=missing))


def set_up(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    screen.line(_("Your home is ready. Switch it on, if it is not: openhouse run"))
    if answer.get("words"):
        screen.line()
        show_words(screen, answer["words"])
