"""Sentences of refusals about things, their calendar and their photos, by code.

They are English and the key of their translations; ``node.wording.messages`` says them.
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
        "You can keep {maximum} spans of a thing for yourself: let some be asked for again first."
    ),
    "not-blocked": N_(
        "You do not keep {start} to {end} for yourself: name the dates as they are listed."
    ),
    # --- conditions, licence -----------------------------------------------------------------
    "conditions-too-long": N_(
        "The conditions have {size} bytes, and {maximum} are possible: write the rest into the "
        "text."
    ),
    "licence-too-long": N_(
        "The licence has {size} bytes, and {maximum} are possible: its name is enough."
    ),
    "licence-of-no-copy": N_(
        "Only what is copied has a licence and a file: leave them out, or choose that it is to "
        "copy."
    ),
    "licence-missing": N_(
        "A file needs a licence: say what may be done with a copy, as in “CC BY” or “own work”."
    ),
    # --- files -------------------------------------------------------------------------------
    "file-missing": N_("Choose a file first."),
    "file-empty": N_("The file is empty: choose another one."),
    "file-too-large": N_("The file is too large: {limit} MB at most."),
    "files-full": N_(
        "All files of your things together may have {limit} MB: take one away before you add "
        "another."
    ),
    "file-no-room": N_("There is not enough room on this computer’s disk for that file."),
    "no-such-file": N_("There is no such file here: add it again."),
    "loan-without-file": N_("There is no file to fetch for this loan."),
    "file-not-here": N_("The file is not here yet: it is still on its way."),
    "file-exists": N_("{file} is there already: say with --to where to store it."),
    "file-moved": N_(
        "The file was here, and somebody moved or deleted it: “openhouse get” fetches it again "
        "while the loan lasts."
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
    "too-many-loan-photos": N_("A loan has {maximum} photos of yours at most."),
    "no-such-photo": N_("There is no such photo of this thing."),
    "photo-unreachable": N_(
        "The photo is not here yet: the homes on the way to its owner do not answer now."
    ),
}
