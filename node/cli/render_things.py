"""How things are shown.

An empty answer says what to do next. Keys are those of the API (spec §10.4).
"""

from __future__ import annotations

from typing import Final

from node.cli.client import Answer
from node.cli.output import Screen, moment, short_id, short_ids, span
from node.i18n import N_
from node.wording.file_words import size_words
from node.wording.thing_words import CATEGORIES
from node.wording.when_words import when_sentences

_KINDS: Final = {
    "object": N_("object"),
    "stay": N_("stay"),
    "spot": N_("on the spot"),
    "copy": N_("to copy"),
    "wanted": N_("looked for"),
}


def _kind(screen: Screen, word: str) -> str:
    return screen.gettext(_KINDS.get(word, word))


def things(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    if not answer:
        screen.line(_("You share nothing yet. Share something: openhouse things add TITLE"))
        return
    shown = short_ids([thing["thing"] for thing in answer])
    screen.table(
        (_("Id"), _("Title"), _("How"), _("Category"), _("Circles"), _("Busy")),
        [
            (
                shown[thing["thing"]],
                thing["title"],
                _kind(screen, thing["kind"]),
                _category(screen, thing),
                str(thing["circles"]),
                _busy(thing.get("busy", [])),
            )
            for thing in answer
        ],
    )
    for thing in answer:
        said = when_sentences(thing, screen.catalogue)
        if said:
            screen.line(f"{shown[thing['thing']]}: {' '.join(said)}")
        say_terms(screen, shown[thing["thing"]], thing)


def _category(screen: Screen, thing: Answer) -> str:
    word = thing["category"]
    return "" if word == "other" else screen.gettext(CATEGORIES[word])


def say_terms(screen: Screen, shown: str, thing: Answer) -> None:
    """What a borrower agrees to, and what may be done with a copy."""
    _ = screen.gettext
    if thing.get("conditions"):
        conditions = " ".join(thing["conditions"].split())
        screen.line(_("{id}: on these conditions: {text}").format(id=shown, text=conditions))
    if thing.get("licence"):
        screen.line(_("{id}: licence: {licence}").format(id=shown, licence=thing["licence"]))
    if thing.get("file"):
        size = size_words(thing["file"]["size_bytes"], screen.catalogue)
        screen.line(
            _("{id}: file: {title}, {size}").format(
                id=shown, title=thing["file"]["title"], size=size
            )
        )


def imported(screen: Screen, answer: Answer) -> None:
    """``things import``."""
    _ = screen.gettext
    added, known = answer["added"], answer["known"]
    screen.line(
        screen.ngettext("{count} thing shared.", "{count} things shared.", added).format(
            count=added
        )
    )
    if known:
        sentence = screen.ngettext(
            "{count} was shared already.", "{count} were shared already.", known
        )
        screen.line(sentence.format(count=known))
    for problem in answer["problems"]:
        screen.line(
            _("Line {line}: {reason}").format(line=problem["line"], reason=problem["message"])
        )


def dates_blocked(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    screen.line(_("“{title}”: nobody can ask for these dates.").format(title=answer["title"]))


def dates_unblocked(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    screen.line(_("“{title}” can be asked for on these dates.").format(title=answer["title"]))


def _busy(spans: list[dict[str, str]]) -> str:
    return ", ".join(span(taken["from"], taken["to"]) for taken in spans)


def thing_saved(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    reach = screen.ngettext(
        "“{title}” ({thing}) can be seen by your friends.",
        "“{title}” ({thing}) can be seen as far as circle {count}.",
        answer["circles"],
    )
    if answer["circles"] == 0:
        reach = _("“{title}” ({thing}) can be seen by nobody else for now.")
    screen.line(
        reach.format(
            title=answer["title"], thing=short_id(answer["thing"]), count=answer["circles"]
        )
    )


def thing_withdrawn(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    title = answer.get("title") or short_id(answer["thing"])
    screen.line(_("“{title}” is withdrawn: nobody else can see it.").format(title=title))


def browse(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    if not answer:
        screen.line(
            _(
                "There is nothing to see here. With more friends there will be: openhouse "
                "invite — or ask for less: openhouse browse"
            )
        )
        return
    shown = short_ids([thing["thing"] for thing in answer])
    screen.table(
        (
            _("Id"),
            _("Title"),
            _("How"),
            _("Category"),
            _("Holder"),
            _("Circle"),
            _("Through"),
            _("Ask?"),
        ),
        [
            (
                shown[thing["thing"]],
                thing["title"],
                _kind(screen, thing["kind"]),
                _category(screen, thing),
                thing["holder_name"],
                str(thing["distance"]),
                ", ".join(reversed(thing.get("path_names", [])[1:-1])),
                _may_ask(screen, thing),
            )
            for thing in answer
        ],
    )
    for thing in answer:
        say_terms(screen, shown[thing["thing"]], thing)
    lent = [thing for thing in answer if thing["kind"] != "wanted"]
    reasons = dict.fromkeys(thing["why_not"]["message"] for thing in lent if thing["why_not"])
    if reasons:
        screen.line()
    for reason in reasons:
        screen.line(reason)
    if any(thing["can_ask_on_word"] for thing in lent):
        screen.line(_("Or those in between recommend you: openhouse ask THING … --on-word"))


def _may_ask(screen: Screen, thing: Answer) -> str:
    if thing["kind"] == "wanted":
        return ""
    if thing["can_ask_on_word"]:
        return screen.gettext(N_("on a friend's word"))
    return screen.gettext(N_("yes")) if thing["can_ask"] else screen.gettext(N_("not yet"))


def why(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    names = answer["path_names"]
    if len(names) == 1:
        screen.line(_("“{title}” is your own.").format(title=answer["title"]))
        return
    screen.line(
        _(
            "{holder} shows “{title}” as far as circle {circles}; you are in circle {distance}:"
        ).format(
            holder=answer["holder_name"],
            title=answer["title"],
            circles=answer["circles"],
            distance=answer["distance"],
        )
    )
    screen.line("  " + " → ".join(names[:-1]) + " → " + _("you"))
    screen.line()
    screen.table(
        (_("Says"), _("is a friend of"), _("until"), _("Certificate")),
        [
            (
                certificate["author_name"],
                certificate["friend_name"],
                moment(certificate["not_after"])[:10],
                short_id(certificate["id"]),
            )
            for certificate in answer["certificates"]
        ],
    )
    screen.line()
    if answer["verified"]:
        screen.line(_("All signatures were checked: this proves the path."))
    else:
        screen.line(_("This does not prove the path: {problem}.").format(problem=answer["problem"]))


def files(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    if not answer:
        screen.line(_("No loan of yours has a file."))
        return
    shown = short_ids([row["loan"] for row in answer])
    screen.table(
        (_("Loan"), _("Thing"), _("File"), _("Licence"), _("State")),
        [
            (
                shown[row["loan"]],
                row["title"],
                row["file"],
                row["licence"],
                row["path"] if row["state"] == "here" else row["message"],
            )
            for row in answer
        ],
    )


def file_stored(screen: Screen, answer: Answer) -> None:
    """``get``."""
    _ = screen.gettext
    if "stored" in answer:
        screen.line(_("Stored as {file}.").format(file=answer["stored"]))
        if answer["licence"]:
            screen.line(_("Licence: {licence}").format(licence=answer["licence"]))
    else:
        screen.line(_("“{title}”: {state}").format(title=answer["file"], state=answer["message"]))
