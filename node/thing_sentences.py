"""Sentences of refusals about things, their calendar and their photos, by code.

They are English and the key of their translations; ``node.messages`` says them.
"""

from __future__ import annotations

from typing import Final

from node.i18n import N_

SENTENCES: Final[dict[str, str]] = {
    # --- when it is lent ---------------------------------------------------------------------
    "loan-too-short": N_("It is lent for {lasts} at least: choose other dates."),
    "loan-longer-than-lent": N_("It is lent for {lasts} at most: choose other dates."),
    "closed-then": N_("Those dates do not fit. It can be had on: {week}."),
    "not-a-weekday": N_(
        "“{text}” does not begin with a day of the week: write one of {days}, and hours if you "
        "like, as in “sat 10:00-12:00”."
    ),
    "not-hours": N_("“{text}” names no hours: write them as in “sat 10:00-12:00”."),
    "week-too-full": N_("{maximum} openings a week are possible, and no more."),
    "longest-below-shortest": N_("The longest loan is shorter than the shortest one."),
    "buffer-too-long": N_("Between two loans {days} days are possible at most."),
    "too-many-blocked": N_(
        "{maximum} spans of a thing can be kept free: let some of them be asked for again first."
    ),
    "not-blocked": N_("{start} to {end} is not kept free: name the dates as they are listed."),
    # --- conditions, licence -----------------------------------------------------------------
    "conditions-too-long": N_(
        "The conditions have {size} bytes, and {maximum} are possible: write the rest into the "
        "text."
    ),
    "licence-too-long": N_(
        "The licence has {size} bytes, and {maximum} are possible: its name is enough."
    ),
    "licence-of-no-copy": N_(
        "Only what is copied has a licence: leave it empty, or choose that it is to copy."
    ),
    # --- photos ------------------------------------------------------------------------------
    "not-a-photo": N_(
        "“{file}” is not a picture that can be read: a photo is a JPEG, PNG or WebP file."
    ),
    "photo-too-large": N_("The picture is too large: {limit} MB at most."),
    "too-many-photos": N_("A thing has {maximum} photos at most."),
    "photos-full": N_(
        "All your photos together may have {limit} MB: take some away before you add another."
    ),
    "broken-form": N_("The form did not arrive whole: send it again."),
    "no-such-photo": N_("There is no such photo of this thing."),
    "photo-unreachable": N_(
        "The photo is not here yet: the homes on the way to its owner do not answer now."
    ),
}
