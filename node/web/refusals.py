"""Refusals as the page says them.

``node.wording.messages`` has a sentence for every code. Some of them tell what to type, or
repeat an id that was typed; on a page there are links to press instead.
"""

from __future__ import annotations

from typing import Final

from node.i18n import N_, translator
from node.wording import messages
from protocol.errors import Refused

ON_THE_PAGE: Final = {
    "unknown-thing": N_("This thing cannot be seen: it was withdrawn, or is out of your circles."),
    "unknown-loan": N_("You take part in no such loan."),
    "unknown-member": N_("You know nobody of that name here."),
    "not-a-friend": N_("This person is not among your friends any more."),
    "no-house": N_("You belong to no house yet: found one, or join one with an invitation."),
    "nothing-shared": N_("Who shares nothing cannot ask: share something first."),
    "asked-already": N_("You have asked for it on these dates already: look at your requests."),
    "too-many-requests": N_(
        "{maximum} of your requests wait for an answer, and more are not possible in this house: "
        "wait, or take one back."
    ),
    "mediator-needed": N_(
        "What was unkind or unsafe goes first to somebody you choose, who can mediate: {names}."
    ),
    "fault-missing": N_("Say what did not go as agreed."),
    "not-set-up": N_("Nobody lives here yet: say who you are first."),
    "home-not-empty": N_(
        "New keys were asked of guardians from this computer: nobody else can begin here meanwhile."
    ),
    "recalling": N_(
        "This home was restored and is asking your friends for what it has forgotten: with one of "
        "them connected, that takes a minute. How to go on without them stands in “Safekeeping”."
    ),
    "promises-forgotten": N_(
        "This home was restored, and may have forgotten what it promised: the homes of {names} "
        "are to be asked first, and are away. How to promise all the same stands in “Safekeeping”."
    ),
    "no-succession": N_("Nothing was asked of guardians here, or it is over already."),
    "approval-of-another": N_(
        "This answer is for another text than the one here: send your guardian this one, and paste "
        "what comes back."
    ),
    "keys-frozen": N_(
        "Your keys are frozen: nothing can be done in your name until you thaw them, in "
        "“Safekeeping”."
    ),
    "too-much-data": N_("That is longer than anything that belongs here: nothing was changed."),
    "missing-field": N_("Something is not filled in yet."),
}


def say(refusal: Refused, language: str) -> str:
    """What was wrong, as one sentence for somebody in front of the page."""
    template = ON_THE_PAGE.get(refusal.code)
    if template is None:
        return messages.sentence(refusal, language)
    return translator(language).gettext(template).format(**refusal.values)
