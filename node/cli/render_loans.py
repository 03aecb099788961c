"""How loans are shown, and what is known of each. Keys are those of the API (spec §10.4)."""

from __future__ import annotations

from node.cli.client import Answer
from node.cli.loan_words import next_step, role_word
from node.cli.output import Screen, short_id, short_ids, span
from node.cli.render_things import say_terms
from node.wording.account_words import account_sentences
from node.wording.between_words import engagement_sentences
from node.wording.ended_words import ended_sentence
from node.wording.fault_words import failure_sentences, fault_word
from node.wording.messages import state_word


def asked(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    screen.line(
        _("Asked. The loan is {loan}; follow it with: openhouse loans").format(
            loan=short_id(answer["loan"])
        )
    )


def loans(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    if not answer:
        screen.line(_("No loans. See what there is to ask for: openhouse browse"))
        return
    shown = short_ids([loan["loan"] for loan in answer])
    screen.table(
        (_("Id"), _("Thing"), _("You are"), _("With"), _("Dates"), _("State"), _("Next")),
        [
            (
                shown[loan["loan"]],
                loan["title"],
                role_word(screen, loan["role"]),
                loan.get("other_name") or short_id(loan["other"]),
                span(loan["from"], loan["to"]),
                _state(screen, loan),
                next_step(loan, shown[loan["loan"]]),
            )
            for loan in answer
        ],
    )
    for loan in answer:
        for note in _notes(screen, loan, shown[loan["loan"]]):
            screen.line(f"{shown[loan['loan']]}  {note}")
        if loan["state"] in ("asked", "countered", "agreed", "handed_over"):
            say_terms(screen, shown[loan["loan"]], loan)
        for reason in loan.get("reasons", []):
            screen.line()
            screen.line(f"{shown[loan['loan']]}  {reason['message']}")


def _notes(screen: Screen, loan: Answer, shown: str) -> list[str]:
    """What is known beyond the table: who asks and what they wrote, and how it went."""
    _ = screen.gettext
    notes = []
    if loan["state"] in ("asked", "countered"):
        notes += [
            _("{name}: “{text}”").format(name=message["by_name"], text=message["text"])
            for message in loan["messages"]
        ]
    if loan["state"] == "asked" and loan["role"] != "borrower":
        name = loan["borrower_name"]
        if loan["recommended_by_names"]:
            names = ", ".join(loan["recommended_by_names"])
            notes.append(_("Recommended by {names}.").format(names=names))
        notes += account_sentences(loan["account"], name, screen.gettext, screen.ngettext)
        notes += failure_sentences(loan["failures"], name, screen.gettext)
    if loan.get("engages") and "recommend" in loan["can"] and not loan["set_aside"]:
        dates = span(loan["from"], loan["to"])
        notes.append(" ".join(engagement_sentences(loan, dates, screen.gettext, screen.ngettext)))
    if loan.get("rated"):
        notes.append(f"{_('You say')}: {_rating(screen, loan['rated'])}")
    if loan.get("rated_by_other"):
        says = _("{name} says").format(name=loan["other_name"])
        notes.append(f"{says}: {_rating(screen, loan['rated_by_other'])}")
    if loan.get("repair_asked"):
        notes.append(
            _(
                "What would put it right with {other}? Tell them, and say when it was made good: "
                "openhouse repaired {loan}"
            ).format(loan=shown, other=loan["other_name"])
        )
    ended = ended_sentence(loan, screen.gettext)
    return [*notes, ended] if ended else notes


def _rating(screen: Screen, rating: Answer) -> str:
    _ = screen.gettext
    went = _("as agreed") if rating["confiance"] else _("not as agreed")
    if rating["fault"]:
        went += f" ({fault_word(rating['fault'], _)})"
    return f"{went}, {rating['respect']}/10"


def _state(screen: Screen, loan: Answer) -> str:
    _ = screen.gettext
    words = [state_word(loan["state"], screen.language)]
    if loan.get("late_days"):
        words.append(
            screen.ngettext("{count} day late", "{count} days late", loan["late_days"]).format(
                count=loan["late_days"]
            )
        )
    if loan.get("damaged_by"):
        words.append(_("damaged"))
    proposal = loan.get("proposal")
    if proposal is not None:
        words.append(_("until {day} asked for").format(day=proposal["to"].replace("T", " ")))
    if loan.get("waits_for_word"):
        words.append(_("waits to be passed on by {names}").format(names=_between(loan)))
    if loan.get("asked_again"):
        words.append(_("asked again by another way"))
    if loan.get("paper"):
        words.append(_("on paper"))
    return ", ".join(words)


def _between(loan: Answer) -> str:
    return ", ".join(loan["path_names"][1:-1])


def loan_changed(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    screen.line(
        _("Loan {loan}: {state}.").format(
            loan=short_id(answer["loan"]), state=state_word(answer["state"], screen.language)
        )
    )


def rated(screen: Screen, answer: Answer) -> None:
    """``rate``: what was said, and when the other side is seen."""
    _ = screen.gettext
    if answer["state"] == "rated":
        screen.line(_("Thank you. Both of you have said how it went: openhouse loans"))
    else:
        screen.line(_("Thank you. It is shown when both of you have said how it went."))


def recommended(screen: Screen, answer: Answer) -> None:
    """``recommend``: what became of a request between two others."""
    _ = screen.gettext
    screen.line(_("Passed on.") if answer["passes"] else _("Left aside. Nobody is told."))
