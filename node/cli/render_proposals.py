"""How changes of the house's rules are shown. Spec: §9.6."""

from __future__ import annotations

from node.cli.client import Answer
from node.cli.output import Screen, short_id
from node.wording.proposal_words import signed_sentence


def proposals(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    if not answer:
        screen.line(
            _(
                "Nobody has proposed to change the rules. Write those that should change into a "
                "file, and propose them: openhouse house propose FILE"
            )
        )
        return
    for row in answer:
        is_open = row["state"] == "open"
        title = _("proposed") if is_open else _("in force since it was signed")
        screen.line(f"{short_id(row['proposal'])}  {title}")
        show_change(screen, row)
        screen.line()
    if any(row["state"] == "open" and not row["mine"] for row in answer):
        screen.line(_("Sign one: openhouse house approve PROPOSAL"))


def show_change(screen: Screen, row: Answer) -> None:
    """What each number was and becomes, and who has signed."""
    _ = screen.gettext
    for change in row["changes"]:
        screen.line("- " + change["now"])
        screen.line("+ " + change["then"])
    screen.line(signed_sentence(row, screen.gettext, screen.ngettext))


def signed(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    show_change(screen, answer)
    if answer["state"] == "in_force":
        screen.line(_("Enough have signed: these are the rules now."))
    else:
        screen.line(
            _("You have signed it. It goes to everybody in the house; others sign it with:")
        )
        screen.line(f"openhouse house approve {short_id(answer['proposal'])}")
