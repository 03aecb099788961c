"""Sentences about keys, words and backups; a part of ``node.wording.messages``.

Spec: §18.
"""

from __future__ import annotations

from typing import Final

from node.i18n import N_

SENTENCES: Final = {
    "recalling": N_(
        "This home was restored and is asking your friends for what it has forgotten: with one of "
        "them connected, that takes a minute. To go on without them: openhouse keys go-on"
    ),
    "promises-forgotten": N_(
        "This home was restored, and may have forgotten what it promised: the homes of {names} "
        "are to be asked first, and are away. To promise all the same: openhouse keys go-on"
    ),
    "nothing-recalled": N_("This node is not waiting for anything."),
    "keys-frozen": N_("Your keys are frozen: thaw them first, with openhouse keys thaw"),
    "no-keys-record": N_("This node has no keys to speak of: it is a simulated one."),
    "guardian-of-oneself": N_("Nobody is their own guardian: name others."),
    "too-many-guardians": N_("At most {maximum} guardians can be named."),
    "too-few-guardians": N_("Name {needed} guardians at least, or none."),
    "approvals-out-of-range": N_("It takes the approval of 2 to {maximum} guardians."),
    "unknown-key": N_("“{key}” is not a key: keys are 64 characters long. See openhouse keys"),
    "own-key": N_("This is the key that this very node works with: revoke it from another one."),
    "not-a-guardian": N_("{name} has not named you as a guardian, as far as this node knows."),
    "renewed-yourself": N_(
        "You have new keys yourself since {name} named you, and cannot answer by your old ones: "
        "another guardian has to."
    ),
    "guardian-renewed": N_(
        "{name} has had new keys after a loss or a theft, and could not answer for you: choose "
        "somebody else."
    ),
    "succession-out-of-date": N_("{name} has had new keys since: ask for a new text."),
    "succession-text-malformed": N_(
        "This text is not whole: copy it again, from its first word to its last letter."
    ),
    "words-count": N_(
        "It takes {needed} words, with spaces between them; what was read has {count}."
    ),
    "word-unknown": N_("“{word}” is in none of the lists of words: look at your paper again."),
    "words-checksum": N_(
        "These are words of the list, but not in this order, or one is another: compare them with "
        "your paper."
    ),
    "words-not-confirmed": N_("Tick that the words are on paper: without them nothing comes back."),
    "words-forgotten": N_("You have written the words down: this computer knows them no more."),
    "not-a-backup": N_("This file is not a backup of Open House."),
    "backup-damaged": N_("This backup is damaged or not whole: take another one."),
    "words-know-no-name": N_(
        "Choose your backup file, or write your name: the words alone do not know it."
    ),
    "backup-newer": N_("This backup was made by a newer Open House: update this one first."),
    "backup-without-member": N_("This backup was made of a home where nobody lived."),
    "backup-too-large": N_("This file is larger than any backup: at most {limit} GB are taken."),
    "backup-no-room": N_("There is not enough room on this computer’s disk to unpack that backup."),
    "member-lives-here": N_("{name} has a home on this computer already: nothing was changed."),
    "backup-other-words": N_("These words do not open this backup: it was made for others."),
    "home-not-empty": N_(
        "Somebody lives in {home} already: choose another directory with --home, or move it away."
    ),
    "root-out-of-range": N_("Root keys are counted from 0 to {maximum}."),
    "member-id-whole": N_("“{member}” is not a whole member id: it has 64 characters."),
    "member-id-slip": N_("Nobody has this id: compare it again, letter by letter."),
    "approval-twice": N_(
        "This guardian’s answer is here already: the others have to answer for themselves."
    ),
    "approval-is-request": N_(
        "This is the text for your guardians. What belongs here is the answer that they send back."
    ),
    "keys-unproved": N_(
        "The home that invited you does not believe in your new keys yet: from the day it first "
        "saw them, your old ones can object for some days. Then ask for another invitation."
    ),
    "no-succession": N_(
        "No guardians were asked from here: begin with openhouse succession ask MEMBER"
    ),
    "approvals-count": N_(
        "{count} approvals were given: {needed} to {maximum} different ones are needed."
    ),
    "approval-of-another": N_("One of the approvals answers another request than yours."),
    "approval-forged": N_("The approval of {guardian} was not signed by them."),
    "approvals-apart": N_(
        "The answer of {guardian} knows of other earlier keys of yours than those before it: one "
        "of your guardians’ homes has missed something. Ask them to look in some days, and answer "
        "anew; or take the others out."
    ),
    "file-exists": N_("{file} is there already: choose another name."),
    "file-unwritable": N_("{file} cannot be written: {reason}."),
    "file-not-absolute": N_(
        "“{file}” does not begin at the root of the disk: write the whole path."
    ),
}
