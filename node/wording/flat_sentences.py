"""What is said when something about flatmates or a password is not possible."""

from __future__ import annotations

from typing import Final

from node.i18n import N_

SENTENCES: Final = {
    "unknown-flatmate": N_("Nobody of that name has a home on this computer."),
    "too-many-flatmates": N_(
        "{maximum} further homes are on this computer, and more are not possible."
    ),
    "flatmate-is-here": N_("{name} has come already, and opens their home with their password."),
    "not-the-first-flatmate": N_("Only {name}, who set this computer up, can do that."),
    "no-offer": N_("{name} has not offered you friendship, or has taken it back."),
    "flatmate-away": N_("The home of {name} is not open now."),
    "flatmate-closed": N_(
        "The home of {name} cannot be opened now; the log of this computer says why."
    ),
    "not-for-the-flat": N_("That is not for a flatmate to do: ask whose thing it is."),
    "too-many-common-things": N_("At most {maximum} things can be of the flat."),
    "password-length": N_("A password has at least {minimum} letters, and at most {maximum}."),
    "passwords-differ": N_("The two passwords are not the same: write it twice."),
    "claim-over": N_(
        "This link opens nothing: it was used, is older than seven days, or there is a newer one. "
        "Ask who gave it to you for another."
    ),
    "entry-key-over": N_("This key does not fit, or its link was used before."),
    "no-flat": N_("This home knows of no flatmates."),
    "no-home": N_("No home on this computer is open now."),
}
