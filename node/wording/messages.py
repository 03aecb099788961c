"""Every sentence that says no, in the reader's language.

``Refused`` and protocol errors carry codes and values; this module turns them into
one sentence that says what was wrong and, where something can be done, what. A test
scans the sources for codes and fails when one has no sentence here.

The English text is the key of the catalogues (``node/locales``). Placeholders are
named after the error's values; a value that is missing shows as "?" rather than
hiding the message.

Spec: §10.4, §14.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from node.errors import NodeError
from node.i18n import DEFAULT_LANGUAGE, N_, known_language, translator
from node.wording.charter_words import CHARTER_NOT_POSSIBLE, possible_words
from node.wording.flat_sentences import SENTENCES as _FLAT_SENTENCES
from node.wording.key_sentences import SENTENCES as _KEY_SENTENCES
from node.wording.loan_sentences import SENTENCES as _LOAN_SENTENCES
from node.wording.thing_sentences import SENTENCES as _THING_SENTENCES
from node.wording.when_words import length_words, week_words
from protocol.errors import OpenHouseError, ProtocolError, Refused


def ngettext(singular: str, plural: str) -> tuple[str, str]:
    """Mark a sentence with a count; named so that extraction finds both forms."""
    return (singular, plural)


def sentence(error: OpenHouseError, language: str) -> str:
    """What went wrong and what to do, as one sentence in ``language``."""
    if isinstance(error, Refused):
        return say(error.code, error.values, language)
    if isinstance(error, ProtocolError):
        return say(error.code, {"reason": error.detail}, language)
    if isinstance(error, NodeError) and known_language(language) != DEFAULT_LANGUAGE:
        # What the system said is English; the sentence around it need not be.
        return say(error.code, {"reason": error.detail}, language)
    return str(error)


def say(code: str, values: Mapping[str, object], language: str) -> str:
    """The sentence of a code; a code without one is shown as it is."""
    catalogue = translator(language)
    if code in _COUNTED:
        name, (singular, plural) = _COUNTED[code]
        count = values.get(name)
        template = catalogue.ngettext(singular, plural, count if isinstance(count, int) else 2)
    else:
        template = catalogue.gettext(_SENTENCES.get(code, _WITHOUT_SENTENCE))
    shown = _Values(code=code, **values)
    if isinstance(possible := values.get("possible"), tuple):
        template, shown["possible"] = possible_words(possible, catalogue)
    if "state" in values:
        shown["state"] = state_word(str(values["state"]), language)
    if isinstance(minutes := values.get("lasts"), int):
        shown["lasts"] = length_words(minutes, catalogue)
    if isinstance(week := values.get("week"), list | tuple):
        shown["week"] = week_words(week, catalogue)
    return template.format_map(shown)


def state_word(state: str, language: str) -> str:
    """Where a loan stands ("handed_over"), in words."""
    return translator(language).gettext(_STATES.get(state, state))


def codes() -> list[str]:
    """Every code that has a sentence."""
    return [*_SENTENCES, *_COUNTED]


class _Values(dict[str, object]):
    """Values of a sentence; lists are joined, what is missing is a question mark."""

    def __init__(self, /, **values: object) -> None:
        super().__init__(
            (name, ", ".join(map(str, value)) if isinstance(value, list | tuple) else value)
            for name, value in values.items()
        )

    def __missing__(self, name: str) -> str:
        return "?"


_STATES: Final = {
    "asked": N_("asked"),
    "countered": N_("other dates proposed"),
    "agreed": N_("agreed"),
    "handed_over": N_("handed over"),
    "returned": N_("returned"),
    "rated": N_("rated"),
    "declined": N_("declined"),
    "withdrawn": N_("withdrawn"),
    "cancelled": N_("cancelled"),
    "expired": N_("expired"),
    "lost": N_("lost"),
    "kept": N_("given for good"),
}

_WITHOUT_SENTENCE: Final = N_("That is not possible ({code}).")

_COUNTED: Final[dict[str, tuple[str, tuple[str, str]]]] = {
    "sponsor-paused": (
        "days",
        ngettext(
            "Two of your guests stopped being reliable: you can co-opt again in {days} day.",
            "Two of your guests stopped being reliable: you can co-opt again in {days} days.",
        ),
    ),
    "sponsor-too-new": (
        "days",
        ngettext(
            "You have not been a member for long: you can co-opt newcomers in {days} day.",
            "You have not been a member for long: you can co-opt newcomers in {days} days.",
        ),
    ),
    "sponsor-few-exchanges": (
        "missing",
        ngettext(
            "A good exchange with {missing} more person, and you can co-opt newcomers.",
            "Good exchanges with {missing} more people, and you can co-opt newcomers.",
        ),
    ),
    "ambiguous-id": (
        "count",
        ngettext(
            "“{id}” is the beginning of {count} id: write more of it.",
            "“{id}” is the beginning of {count} ids: write more of it.",
        ),
    ),
    "circle-closed": (
        "missing",
        ngettext(
            "Circle {circle} is not open to you yet: a good exchange with {missing} more person "
            "opens it. Until then you can ask as far as circle {circles_open}.",
            "Circle {circle} is not open to you yet: good exchanges with {missing} more people "
            "open it. Until then you can ask as far as circle {circles_open}.",
        ),
    ),
    "borrower-circle-closed": (
        "missing",
        ngettext(
            "Your home knows too little of {name} yet to open circle {circle}: it takes a good "
            "exchange with {missing} more person near you. The request waits here until then.",
            "Your home knows too little of {name} yet to open circle {circle}: it takes good "
            "exchanges with {missing} more people near you. The request waits here until then.",
        ),
    ),
    "first-loans-near": (
        "missing",
        ngettext(
            "You are new here: {missing} more loan from a friend that goes well, and you can ask "
            "beyond your friends.",
            "You are new here: {missing} more loans from friends that go well, and you can ask "
            "beyond your friends.",
        ),
    ),
    "borrower-first-loans-near": (
        "missing",
        ngettext(
            "{name} is new here, and first borrows from friends: {missing} more loan that goes "
            "well. The request waits here until then.",
            "{name} is new here, and first borrows from friends: {missing} more loans that go "
            "well. The request waits here until then.",
        ),
    ),
    "dates-too-far": (
        "days",
        ngettext(
            "{start} is too far ahead: things can be asked for at most {days} day ahead.",
            "{start} is too far ahead: things can be asked for at most {days} days ahead.",
        ),
    ),
    "loan-too-long": (
        "days",
        ngettext(
            "A loan lasts at most {days} day in this house: choose nearer dates.",
            "A loan lasts at most {days} days in this house: choose nearer dates.",
        ),
    ),
}
"""Sentences that depend on a number: code to (the value's name, both forms)."""

_SENTENCES: Final[dict[str, str]] = {
    **_FLAT_SENTENCES,
    **_KEY_SENTENCES,
    # --- ids and dates -------------------------------------------------------------------
    "not-an-id": N_(
        "“{id}” is not an id: ids are made of the digits 0 to 9 and the letters a to f."
    ),
    "id-too-short": N_("“{id}” is too short: write at least the first {length} characters."),
    "unknown-thing": N_(
        "There is no thing “{thing}” that you can see: it may have been withdrawn, or be out "
        "of your circles. See what there is: openhouse browse"
    ),
    "unknown-loan": N_("You take part in no loan “{loan}”. See yours: openhouse loans"),
    "unknown-member": N_("You know no member “{member}”. See your friends: openhouse friends"),
    "bad-date": N_("“{date}” is not a date: write 2026-12-01, or 2026-12-01T14:00 with a time."),
    "no-such-date": N_("There is no such day or time as {date}."),
    "date-has-zone": N_(
        "“{date}” names a time zone: write the time as the clock on the wall shows it where "
        "the thing is, such as 2026-12-01T14:00."
    ),
    "end-before-start": N_("The end ({end}) must be after the start ({start})."),
    "dates-incomplete": N_("Give both dates: the first day and the last day."),
    "bad-duration": N_("“{duration}” is not a duration: write 48h, 2d or 90m."),
    # --- the house -----------------------------------------------------------------------
    "already-in-a-house": N_("You already belong to a house: a member has one house."),
    "name-missing": N_("A name is needed: it cannot be empty."),
    "no-house": N_(
        "You belong to no house yet: found one (openhouse house found NAME), or join one with "
        "an invitation (openhouse join LINK)."
    ),
    "charter-not-possible": CHARTER_NOT_POSSIBLE,
    # --- inviting and joining ------------------------------------------------------------
    "inviter-not-a-member": N_(
        "Only members can invite: a newcomer becomes one when two members have co-opted them."
    ),
    "away-in-the-past": N_("{date} is over: give the day you will be back."),
    "away-too-long": N_("You can be away for at most {maximum} days at a time."),
    "ttl-out-of-range": N_("An invitation can work for at most 30 days."),
    "too-many-friends": N_("This node has as many friends as it can have."),
    "link-malformed": N_(
        "This is not a whole invitation link: copy it again, from “openhouse:” or “https:” "
        "to its end."
    ),
    "own-invitation": N_("This is your own invitation: give it to somebody else."),
    "other-house": N_("This invitation is for another house than yours: a member has one house."),
    "already-friends": N_("You are already friends."),
    "invitation-expired": N_("This invitation is too old: ask for a new one."),
    "invitation-used": N_("This invitation has been used: ask for a new one, for you alone."),
    "join-under-way": N_("This invitation is being answered just now: wait for it to end."),
    "join-malformed": N_(
        "The inviter's home did not understand yours: update both programs and try again."
    ),
    "join-timeout": N_(
        "The inviter's home did not answer within {seconds} seconds: ask whether it is on, "
        "and try again; the invitation still works."
    ),
    "no-seats-left": N_(
        "The inviter can answer for no more newcomers for now: ask another member."
    ),
    "sponsor-no-seats": N_(
        "You have given all of your {seats} seats. One comes back when a guest of yours has done "
        "well for long enough."
    ),
    "sponsor-pace": N_("You have co-opted {maximum} people within a year: more are not possible."),
    "nothing-to-change": N_("These are the rules already: nothing would change."),
    "rules-outdated": N_(
        "The members have agreed on a rule that this program does not know: update it first."
    ),
    "unknown-proposal": N_(
        "Nobody proposes a change “{proposal}” of the rules as they are now. See those that can "
        "be signed: openhouse house proposals"
    ),
    "amendment-not-a-member": N_(
        "Only members sign changes of the rules: a second member has to co-opt you first."
    ),
    "amendment-new-root": N_(
        "Your root key has changed, and homes far from yours cannot check the new one: in this "
        "version you cannot sign changes of the rules."
    ),
    "amendment-signed": N_("You have signed this change already: others have to sign it now."),
    "too-many-proposals": N_(
        "You have signed {maximum} changes that too few others want: more are not possible until "
        "one of them is agreed on."
    ),
    "not-signed": N_("Nothing was signed."),
    "not-paused": N_("{name}'s home is not on hold: there is nothing to end."),
    "pairing-not-an-address": N_("“{address}” is not an address such as 192.168.1.20:7470."),
    "pairing-no-code": N_("There is no code to compare now: look for the other home again."),
    "pairing-needs-answer": N_("Nobody said whether the codes are the same: nothing was done."),
    "pairing-closed": N_("You are not looking for another home any more."),
    "pairing-differs": N_(
        "The codes were not the same: somebody may stand between the two homes. Nothing was done; "
        "try again, and if it happens again use an invitation."
    ),
    "pairing-no-house": N_(
        "Neither of you belongs to a house yet: found one first, then befriend each other."
    ),
    "pairing-other-house": N_("You belong to different houses: friends belong to the same one."),
    "pairing-own-home": N_("That is your own home."),
    "pairing-not-friends": N_(
        "The other home is no longer a friend's: become friends again first."
    ),
    "pairing-not-proved": N_("The other home could not prove whose it is."),
    "pairing-nobody-came": N_(
        "No other home was found in five minutes. Are both in the same network, and was it asked "
        "for on both? Otherwise use an invitation."
    ),
    "pairing-too-slow": N_("It took longer than two minutes: try again."),
    "pairing-broke": N_("The other home hung up: try again."),
    "not-a-friend": N_("“{member}” is not a friend of yours. See your friends: openhouse friends"),
    "list-missing": N_("Choose a file first."),
    "list-without-titles": N_(
        "No column is called “title”: the first line of the file names its columns."
    ),
    "list-too-long": N_("A list has at most {maximum} lines: share it in parts."),
    "list-too-large": N_("The file is too large for a list: at most {limit} KiB."),
    "list-unreadable": N_("Line {line} cannot be read: it may have a quotation mark too many."),
    "list-circles": N_("“{value}” is no number of circles: 0 to {maximum}."),
    "book-without-title": N_(
        "It has a number and no title: write the title beside it. No web site is asked."
    ),
    "isbn-wrong": N_("“{value}” is no ISBN or EAN: compare it with the book."),
    "lines-not-shared": N_("Shared: {added}. Not shared: {lines}"),
    "borrower-not-unique": N_(
        "{name} gives the same e-mail address or phone number as {other}, who was here before: "
        "the request waits until one of them corrects it, or you say at “The house” that both may."
    ),
    "no-seat-of-mine": N_("Only who answers for {name} in this house can say so."),
    "not-met": N_(
        "Meet {name} first: both of you type openhouse befriend and compare the six digits; then "
        "say it within a day."
    ),
    "nothing-checked": N_("Say what you checked: the phone number, the e-mail address, or both."),
    "contact-differs": N_("{name}'s home gives something else than that. Nothing was changed."),
    "no-conflict": N_("{name} gives nobody else's e-mail address or phone number."),
    "demo-failed": N_("A home of the street did not do its part: {reason}."),
    "no-way-through": N_("This thing cannot be asked for through {name}: choose another friend."),
    "validation-discreet": N_(
        "Your friendship with {name} is known to the two of you: to answer for {name} before "
        "your friends, show it first."
    ),
    "validation-candidate": N_(
        "{name} is not a member yet: their requests go no farther than friends for now."
    ),
    "inviter-unreachable": N_(
        "The inviter's home cannot be reached: ask whether it is on, and try again; the "
        "invitation still works."
    ),
    "inviter-hung-up": N_(
        "The connection to the inviter's home broke: try again; the invitation still works."
    ),
    # --- things --------------------------------------------------------------------------
    "title-missing": N_("A title is needed: say what it is."),
    "title-too-long": N_("The title is too long: {size} bytes, at most {maximum} are possible."),
    "text-too-long": N_("The text is too long: {size} bytes, at most {maximum} are possible."),
    "states-a-price": N_(
        "“{fragment}” is a price. Nothing costs money here: say it without an amount."
    ),
    "circles-out-of-range": N_(
        "A thing can be shown as far as circle {maximum} in this house, not {circles}."
    ),
    "too-many-things": N_("You share {maximum} things, and more are not possible: withdraw one."),
    "too-many-through": N_("At most {maximum} friends can be named to pass a thing on."),
    "not-your-thing": N_("“{thing}” is not yours: only its holder can change it."),
    **_LOAN_SENTENCES,
    **_THING_SENTENCES,
    # --- this node -----------------------------------------------------------------------
    "not-set-up": N_("Nobody lives here yet: begin with openhouse setup --name YOUR-NAME"),
    "already-set-up": N_("This home is set up already."),
    "not-running": N_("This home is not running: start it with openhouse run"),
    "token-unreadable": N_("The node's token cannot be read: {path}"),
    "file-unreadable": N_("{file} cannot be read: {reason}."),
    "not-toml": N_("{file} is not a TOML file: {reason}."),
    "node-failed": N_("The node could not do it: {reason}"),
    "name-not-printable": N_("A name cannot hold characters that nobody can see."),
    "name-too-long": N_("The name is too long: {size} bytes, at most {maximum} are possible."),
    "unknown-language": N_("“{language}” is not a language of this program: {languages}."),
    "mail-server-not-possible": N_("{server} is not the name and port of a mail server."),
    "password-in-the-clear": N_(
        "A password without TLS can be read on the way: choose TLS or STARTTLS."
    ),
    "ntfy-not-possible": N_(
        "A topic has letters, digits, “-” and “_”, and the server is an address that begins with "
        "https://."
    ),
    "secret-for-another-server": N_(
        "This is another server: write the password or token for it too."
    ),
    "goodbye-not-confirmed": N_("Write your name, {name}, if you want to leave."),
    "goodbye-still-out": N_(
        "Something is still out: bring it back, or say what became of it, before you leave."
    ),
    "too-many-keys": N_(
        "Too many keys were wrong: wait {seconds} seconds, or open the link of “openhouse page”."
    ),
    "channel-off": N_("This way of being told is not switched on: save the settings first."),
    "test-failed": N_("The test did not go out: {reason}. Look at the settings once more."),
    "bad-email": N_("“{email}” is not an e-mail address."),
    "bad-phone": N_(
        "“{phone}” is not a phone number: write it with the country's prefix, such as "
        "+33 6 12 34 56 78."
    ),
    "node-broken": N_("The node met an error and ended; its log says which: {reason}."),
    "store-busy": N_("Another node, or another program, uses this data directory: {reason}."),
    "store-corrupt": N_("The data directory cannot be read back: {reason}."),
    "store-full": N_("There is no room left on the disk, and nothing was changed: {reason}."),
    "store-newer": N_("The data directory was made by a newer program: {reason}."),
    "store-unwritable": N_("The data directory cannot be written: {reason}."),
    "config-wrong": N_("An option is not possible: {reason}."),
    "dial-failed": N_("The other node cannot be reached: {reason}."),
    "link-lost": N_("The connection broke: {reason}."),
    "port-taken": N_("Another program listens on that port: {reason}."),
    # --- requests over HTTP --------------------------------------------------------------
    "wrong-token": N_(
        "The token is missing or wrong: send the content of the file “token” in the data "
        "directory as “Authorization: Bearer TOKEN”."
    ),
    "wrong-host": N_(
        "This node is not served under that name: open it as localhost, or add the name to "
        "its configuration."
    ),
    "foreign-form": N_("This form came from another page: open this page anew and try again."),
    "signed-out": N_("Sign in first: open the address that “openhouse run” shows."),
    "no-such-route": N_("There is nothing at {path}: /api/v1/openapi.json lists all there is."),
    "wrong-method": N_("{method} is not possible here; possible is: {allowed}."),
    "not-json": N_("The body must be JSON, sent with “Content-Type: application/json”."),
    "bad-json": N_("The body is not JSON that can be read."),
    "not-an-object": N_("The body must be one JSON object."),
    "too-much-data": N_("The body is larger than {limit} KiB."),
    "unexpected-field": N_("“{field}” is unknown here; known are: {allowed}."),
    "no-fields-here": N_("“{field}” is unknown here: nothing is expected."),
    "repeated-field": N_("“{field}” is given more than once."),
    "missing-field": N_("“{field}” is missing."),
    "wrong-type": N_("“{field}” must be {expected}."),
    "not-unicode": N_("“{field}” holds characters that are not Unicode text."),
    "not-a-choice": N_("“{field}” must be one of: {choices}."),
    "out-of-range": N_("“{field}” must be from {low} to {high}."),
    # --- what a peer sent ----------------------------------------------------------------
    "local-misuse": N_("This program asked for something the protocol forbids: {reason}."),
    "malformed": N_("What arrived cannot be read: {reason}."),
    "not-canonical": N_("What arrived is not in its one permitted form: {reason}."),
    "too-large": N_("What arrived is too large: {reason}."),
    "unknown-critical": N_("What arrived was made by a newer program: update this one."),
    "bad-signature": N_("What arrived is not signed by whom it says."),
    "bad-key": N_("What arrived has a key that may not be used: {reason}."),
    "decrypt-failed": N_("What arrived could not be opened with your key."),
    "unknown-peer": N_("What arrived is from somebody unknown."),
    "replayed": N_("What arrived has been seen before."),
    "quota-exceeded": N_("Too much arrived at once: {reason}."),
    "out-of-reach": N_("What arrived is beyond the circles it may travel."),
    "not-yours": N_("Only somebody else may do this: {reason}."),
    "expired": N_("What arrived is too old."),
    "from-the-future": N_(
        "What arrived is dated in the future: a clock is wrong, here or there. Check yours."
    ),
    "invalid-state": N_("That is not possible at this point: {reason}."),
}
