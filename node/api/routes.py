"""The routes of the API: what each takes and gives.

One table (``ROUTES``) drives the server, the checks of requests and the OpenAPI
file. A route gives what the command of the same name gives (spec §10.4); what it
does is in ``node.api.handlers``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from node.api import files, flat_handlers, handlers, house_handlers, thing_handlers
from node.api.fields import Field
from node.api.handlers import Call
from node.engine.capacity import CAPACITY_MAX
from node.engine.events import Json
from node.engine.ratings import FAULTS_BY_WORD
from node.engine.standing_rules import CONFIANCE_MAX, WORDS
from node.engine.views.things import CATEGORIES_BY_WORD, KINDS_BY_WORD
from node.i18n import LANGUAGES
from protocol.limits import CIRCLES_HARD_MAX

KeyType: TypeAlias = Literal[
    "string", "string?", "integer", "integer?", "number", "number?", "boolean", "strings", "object",
    "object?", "objects", "boolean?",
]  # fmt: skip
"""Types of answers' keys; "?" may be null."""


@dataclass(frozen=True, slots=True)
class Route:
    """One route.

    Args:
        answer: the keys of the answer (of each item, if it is a list) and their types.
    """

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    name: str
    summary: str
    handle: Callable[[Call], Awaitable[Json]]
    answer: dict[str, KeyType]
    gives_list: bool = False
    query: tuple[Field, ...] = ()
    body: tuple[Field, ...] = ()


# --- the table ---------------------------------------------------------------------------

_FROM = Field("from", "string", "First day or minute, ISO 8601: 2026-12-01 or 2026-12-01T14:00.")
_TO = Field("to", "string", "End; a day alone is included: 2026-12-03 or 2026-12-03T18:00.")
_FROM_REQUIRED, _TO_REQUIRED = (replace(field, required=True) for field in (_FROM, _TO))
_MESSAGE = Field("message", "string", "A text only the other party can read.")
_KIND = Field("kind", "string", "How it is lent.", choices=tuple(KINDS_BY_WORD))
CIRCLES = Field(
    "circles", "integer", "How many circles of friends may see it; 0 shows it to nobody.",
    low=0, high=CIRCLES_HARD_MAX,
)  # fmt: skip
_TEXT = Field("text", "string", "Anything a borrower should know.")
_ONLY_THROUGH = Field(
    "only_through", "strings", "Ids of the only friends who may see it and pass it on."
)

_WEEKLY = Field(
    "weekly",
    "strings",
    "When it can be fetched, brought back or used: sat, sun 10:00-12:00; an empty list: always.",
)
_SHORTEST = Field("shortest", "string", "How long a loan lasts at least: 1d, 2h; 0: no bound.")
_LONGEST = Field("longest", "string", "How long a loan lasts at most: 14d, 2h; 0: no bound.")
_BUFFER = Field("buffer", "string", "Time kept free between two loans: 1d, 30m; 0: none.")
_PHOTOS = Field("photos", "strings", "Names of photos that were sent before, in their order.")
_CATEGORY = Field(
    "category", "string", "What sort of thing it is.", choices=tuple(CATEGORIES_BY_WORD)
)
_CONDITIONS = Field("conditions", "string", "What a borrower agrees to by asking.")
_LICENCE = Field("licence", "string", "What may be done with a copy: CC BY, own work.")
_FILE = Field(
    "file", "string", "Name of a file that was sent before, of what is to copy; empty: none."
)
_MORE = (_CATEGORY, _CONDITIONS, _LICENCE, _FILE)
_WHEN = (_WEEKLY, _SHORTEST, _LONGEST, _BUFFER)

_LOAN_ANSWER: Final[dict[str, KeyType]] = {"loan": "string", "state": "string"}
_PAIRING: Final[dict[str, KeyType]] = {
    "state": "string", "code": "string?", "name": "string?", "reason": "string?",
    "seconds_left": "integer", "message": "string?",
}  # fmt: skip
_OWN_THING: Final[dict[str, KeyType]] = {
    "thing": "string", "title": "string", "kind": "string", "circles": "integer",
}  # fmt: skip
_SORT: Final[dict[str, KeyType]] = {
    "category": "string", "conditions": "string", "licence": "string", "file": "object?",
}  # fmt: skip
_COMING_FILE: Final[dict[str, KeyType]] = {
    "loan": "string", "title": "string", "licence": "string", "file": "string",
    "size_bytes": "integer", "got_bytes": "integer", "state": "string", "holder_name": "string",
    "asleep_name": "string", "path": "string?", "message": "string",
}  # fmt: skip
_SEEN_THING: Final[dict[str, KeyType]] = {
    "thing": "string", "title": "string", "kind": "string", "text": "string",
    "busy": "objects", "availability": "object", "photos": "objects", "holder": "string",
    "holder_name": "string", "distance": "integer",
    "path": "strings", "path_names": "strings", "can_ask": "boolean", "why_not": "object?",
    "can_ask_on_word": "boolean", **_SORT,
}  # fmt: skip
_TRUST: Final[dict[str, KeyType]] = {
    "member": "string", "name": "string", "confiance": "integer", "respect": "number?",
    "respect_raters": "integer", "circles_open": "integer", "exchanges": "integer",
    "missing": "integer?",
    "because": "objects", "needs_side": "boolean", "circles_by_sharing": "integer",
    "first_loans_missing": "integer", "account": "object", "reliability": "number",
    "validated_by": "objects", "is_reliable": "boolean",
    "failures": "objects", "checked": "objects",
}  # fmt: skip

_PROPOSAL: Final[dict[str, KeyType]] = {
    "proposal": "string", "state": "string", "changes": "objects", "signed_by": "objects",
    "signed": "integer", "needed": "integer", "founders_signed": "integer",
    "founders_needed": "integer", "mine": "boolean",
}  # fmt: skip

_KEYS: Final[dict[str, KeyType]] = {
    "member": "string", "device": "string", "root": "string", "roots_before": "integer",
    "is_frozen": "boolean", "is_recalling": "boolean", "promises_wait_for": "objects",
    "guardians": "objects",
    "approvals_needed": "integer", "revoked": "strings", "claims": "objects",
}  # fmt: skip

_FLATMATE: Final[dict[str, KeyType]] = {
    "flatmate": "string", "name": "string", "state": "string", "problem": "string?",
    "is_friend": "boolean", "offers_friendship": "boolean", "link": "string?",
}  # fmt: skip

ROUTES: Final = (
    Route(
        "POST", "/setup", "setup", "Give this node its member.", handlers.set_up,
        {"member": "string", "words": "string"},
        body=(
            Field("name", "string", "The name others see.", required=True),
            Field("email", "string", "Never sent out; only a commitment to it is."),
            Field("phone", "string", "The same, with the country's prefix: +33 6 ..."),
            Field("language", "string", "The language of messages.", choices=LANGUAGES),
        ),
    ),
    Route(
        "GET", "/status", "status", "Who this node is, and whether it is connected.",
        handlers.status,
        {
            "member": "string", "name": "string", "house": "string?", "house_name": "string?",
            "standing": "string", "friends": "integer", "links_up": "integer",
            "sharing": "integer", "confiance": "integer", "respect": "number?",
            "respect_raters": "integer",
            "circles_open": "integer", "paused": "strings", "away": "object?", "clock": "object",
            "lan": "object", "addresses": "strings",
        },
    ),
    Route(
        "POST", "/away", "away", "Be away until a day: paths and things are renewed ahead.",
        handlers.go_away, {"away": "object?"},
        body=(Field("until", "string", "The last day away: 2026-12-14.", required=True),),
    ),
    Route(
        "DELETE", "/away", "back", "Be back.", handlers.come_back, {"away": "object?"},
    ),
    Route(
        "POST", "/goodbye", "goodbye", "Leave the house: end and withdraw everything.",
        handlers.say_goodbye, {"things": "integer", "friends": "integer"},
        body=(Field("name", "string", "Your own name: it is meant.", required=True),),
    ),
    Route(
        "POST", "/house", "house found", "Found a house.", house_handlers.found_house,
        {"house": "string", "name": "string"},
        body=(
            Field("name", "string", "The house's name.", required=True),
            Field("charter", "table", "Numbers that differ from the default charter's."),
        ),
    ),
    Route(
        "GET", "/house", "house show", "The house and its charter, in words.", house_handlers.house,
        {
            "house": "string?", "name": "string?", "founders": "objects",
            "standing": "string", "charter": "objects", "version": "integer",
            "is_outdated": "boolean", "sponsoring": "object",
        },
    ),
    Route(
        "GET", "/house/proposals", "house proposals",
        "Changes of the rules that can be signed, and the one that made those in force.",
        house_handlers.list_proposals, _PROPOSAL, gives_list=True,
    ),
    Route(
        "POST", "/house/proposals", "house propose",
        "Sign a change of the rules as the first; signing cannot be taken back.",
        house_handlers.propose, _PROPOSAL,
        body=(
            Field("charter", "table", "Numbers that become others.", required=True),
            Field("preview", "boolean", "Only show what would change."),
        ),
    ),
    Route(
        "POST", "/house/proposals/{proposal}/approve", "house approve",
        "Sign a change of the rules; signing cannot be taken back.",
        house_handlers.approve, _PROPOSAL,
    ),
    Route(
        "GET", "/flatmates", "flatmates", "Who has a home on this computer too.",
        flat_handlers.flatmates, _FLATMATE, gives_list=True,
    ),
    Route(
        "POST", "/flatmates", "flatmates add",
        "Make room for somebody, and a link for them to come in; for who set the computer up.",
        flat_handlers.add, _FLATMATE,
        body=(Field("name", "string", "Whom it is for.", required=True),),
    ),
    Route(
        "POST", "/flatmates/{flatmate}/link", "flatmates link",
        "A new link for somebody who has not come yet.", flat_handlers.make_link, _FLATMATE,
    ),
    Route(
        "POST", "/flatmates/{flatmate}/switch", "flatmates switch",
        "Switch a flatmate's home off, or on again.", flat_handlers.switch, _FLATMATE,
        body=(Field("on", "boolean", "Whether it runs.", required=True),),
    ),
    Route(
        "POST", "/house/accept", "house accept",
        "Two members share an e-mail address or a number, rightly.", handlers.accept_contact,
        {"member": "string", "name": "string"},
        body=(Field("member", "string", "The one who came second.", required=True),),
    ),
    Route(
        "POST", "/house/checked", "house checked",
        "As a sponsor who has just met somebody: this address, this number are theirs.",
        handlers.check_contacts, {"member": "string", "name": "string", "checked": "objects"},
        body=(
            Field("member", "string", "For whom I answer.", required=True),
            Field("email", "string", "The address I saw; it is compared, and not kept."),
            Field("phone", "string", "The number I called; the same."),
        ),
    ),
    Route(
        "POST", "/invitations", "invite", "Make an invitation that works once.", handlers.invite,
        {"link": "string", "expires": "string", "seat": "boolean", "why_no_seat": "object?"},
        body=(
            Field("email", "string", "Whom it is for."),
            Field("ttl", "string", "How long it works: 48h, 2d, 90m."),
        ),
    ),
    Route(
        "POST", "/join", "join", "Accept an invitation; waits for the inviter's node.",
        handlers.join,
        {"friend": "string", "standing": "string"},
        body=(
            Field("link", "string", "The invitation.", required=True),
            Field("discreet", "boolean", "true tells nobody else of the friendship."),
        ),
    ),
    Route(
        "GET", "/pairing", "befriend", "Where befriending a home nearby stands.",
        handlers.pairing, _PAIRING,
    ),
    Route(
        "POST", "/pairing", "befriend", "Look for another home nearby, for five minutes.",
        handlers.open_pairing, _PAIRING,
        body=(Field("address", "string", "Where to call; without one the network is asked."),),
    ),
    Route(
        "POST", "/pairing/answer", "befriend answer", "Whether both homes show the same code.",
        handlers.answer_pairing, _PAIRING,
        body=(Field("same", "boolean", "false ends it.", required=True),),
    ),
    Route(
        "DELETE", "/pairing", "befriend", "Look no longer.", handlers.close_pairing, _PAIRING,
    ),
    Route(
        "GET", "/friends", "friends", "Friends, and whether their node is connected.",
        handlers.friends,
        {
            "member": "string", "name": "string", "link": "string", "link_since": "string?",
            "through_name": "string?", "since": "string",
            "standing": "string", "live": "boolean", "shows": "boolean", "paused": "object?",
            "capacity": "integer", "engaged": "integer", "rule": "string",
            "validates": "boolean", "validates_me": "boolean",
        },
        gives_list=True,
    ),
    Route(
        "POST", "/friends/{member}/admit", "friends admit",
        "Let in again a friend whose home sent nonsense.", handlers.admit_friend,
        {"member": "string", "name": "string"},
    ),
    Route(
        "PATCH", "/friends/{member}", "friends show", "Let others know of a friendship, or not.",
        handlers.show_friendship, {"member": "string", "shows": "boolean"},
        body=(Field("shows", "boolean", "false makes it discreet.", required=True),),
    ),
    Route(
        "POST", "/friends/{member}/validation", "validate",
        "Answer for a friend until I take it back, or take it back.", handlers.validate,
        {"member": "string", "name": "string", "validates": "boolean"},
        body=(Field("holds", "boolean", "false takes it back."),),
    ),
    Route(
        "POST", "/friends/{member}/rule", "friends rule",
        "Always or never pass a friend's requests on, or ask me each time.",
        handlers.set_friend_rule, {"member": "string", "name": "string", "rule": "string"},
        body=(Field("rule", "string", "What happens.", required=True, choices=WORDS),),
    ),
    Route(
        "POST", "/passing-on", "pass-on",
        "Let requests of people I see enough Confiance of pass on by themselves.",
        handlers.pass_on_from, {"pass_on_from": "integer?"},
        body=(
            Field(
                "confiance", "integer", "Without it: none for that reason.",
                low=1, high=CONFIANCE_MAX,
            ),
        ),
    ),
    Route(
        "POST", "/friends/{member}/capacity", "friends capacity",
        "Say how many open loans of a friend's I answer for at once.", handlers.set_capacity,
        {"member": "string", "capacity": "integer", "engaged": "integer"},
        body=(
            Field(
                "units", "integer", "Without it: by the exchanges I had with them.",
                low=0, high=CAPACITY_MAX,
            ),
        ),
    ),
    Route(
        "DELETE", "/friends/{member}", "friends end", "End a friendship.", handlers.end_friendship,
        {"member": "string"},
    ),
    Route(
        "GET", "/things", "things", "My things.", handlers.things,
        {
            **_OWN_THING, "text": "string", "busy": "objects", "only_through": "strings",
            "only_through_names": "strings", "listed_until": "string", "availability": "object",
            "photos": "objects", "buffer_minutes": "integer", "blocked": "objects",
            **_SORT,
        },
        gives_list=True,
    ),
    Route(
        "POST", "/things", "things add", "Share a thing.", thing_handlers.add_thing, _OWN_THING,
        body=(
            Field("title", "string", "What it is.", required=True),
            _KIND, CIRCLES, _TEXT, _ONLY_THROUGH, *_WHEN, _PHOTOS, *_MORE,
        ),
    ),
    Route(
        "GET", "/things/{thing}", "thing", "One thing in full, mine or seen.", handlers.thing,
        {
            "thing": "string", "title": "string", "kind": "string", "text": "string",
            "busy": "objects", "availability": "object", "photos": "objects", **_SORT,
        },
    ),
    Route(
        "PATCH", "/things/{thing}", "things set", "Change a thing of mine.",
        thing_handlers.set_thing, _OWN_THING,
        body=(
            Field("title", "string", "What it is."), _KIND, CIRCLES, _TEXT, _ONLY_THROUGH, *_WHEN,
            _PHOTOS, *_MORE,
        ),
    ),
    Route(
        "POST", "/things/{thing}/blocked", "things block", "Keep dates of a thing free of loans.",
        thing_handlers.block_dates, {"thing": "string"}, body=(_FROM_REQUIRED, _TO_REQUIRED),
    ),
    Route(
        "DELETE", "/things/{thing}/blocked", "things unblock",
        "Let dates that were kept free be asked for again.", thing_handlers.unblock_dates,
        {"thing": "string"}, query=(_FROM_REQUIRED, _TO_REQUIRED),
    ),
    Route(
        "DELETE", "/things/{thing}", "things withdraw", "Stop sharing a thing.",
        thing_handlers.withdraw_thing, {"thing": "string"},
    ),
    Route(
        "GET", "/files", "files", "Files of my loans, and how far each has come.", files.files,
        _COMING_FILE, gives_list=True,
    ),
    Route(
        "POST", "/files/{loan}", "get", "Fetch the file of a loan now.", files.get_file,
        _COMING_FILE,
    ),
    Route(
        "GET", "/browse", "browse", "Others' things that I may see, nearest first.",
        handlers.browse,
        _SEEN_THING,
        gives_list=True,
        query=(
            Field("query", "string", "Words that must all occur."),
            _FROM, _TO,
            Field("circles", "integer", "Only so far.", low=1, high=CIRCLES_HARD_MAX),
            Field(
                "category", "string", "Only this sort.", choices=tuple(CATEGORIES_BY_WORD)
            ),
        ),
    ),
    Route(
        "GET", "/things/{thing}/why", "why", "Why I can see a thing, with the proof.", handlers.why,
        {
            "thing": "string", "title": "string", "holder": "string", "holder_name": "string",
            "circles": "integer", "distance": "integer", "path": "strings",
            "path_names": "strings", "certificates": "objects", "listing": "string",
            "verified": "boolean", "problem": "string?",
        },
    ),
    Route(
        "POST", "/things/{thing}/ask", "ask", "Ask for a thing.", handlers.ask,
        {"loan": "string"},
        body=(
            _FROM_REQUIRED, _TO_REQUIRED,
            _MESSAGE,
            Field("queue", "boolean", "true asks although it is taken, in case it comes free."),
            Field("happened", "boolean", "true writes down a loan that has begun already."),
            Field("on_word", "boolean", "true asks those in between to recommend me."),
            Field("via", "string", "The friend who is to pass it on, of several."),
            Field(
                "other_ways", "boolean",
                "true lets it go another way by itself when nobody passes it on.",
            ),
        ),
    ),
    Route(
        "POST", "/things/{thing}/lend-to", "lend-to",
        "Write down what somebody without a node has.", thing_handlers.lend_to, _LOAN_ANSWER,
        body=(
            Field("name", "string", "Who has it.", required=True),
            _FROM, _TO,
        ),
    ),
    Route(
        "POST", "/wanted", "looking-for", "Tell my circles what I would like to borrow.",
        thing_handlers.look_for, _OWN_THING,
        body=(
            Field("title", "string", "What it is.", required=True),
            CIRCLES, _TEXT,
            Field("for", "string", "How long: 30d, 48h. It ends by itself."),
        ),
    ),
    Route(
        "GET", "/loans", "loans", "Loans I take part in or pass on.", handlers.loans,
        {
            "loan": "string", "thing": "string", "title": "string", "role": "string",
            "state": "string", "from": "string", "to": "string", "other": "string",
            "conditions": "string", "licence": "string",
            "path": "strings", "late_days": "integer", "proposal": "object?", "paper": "boolean",
            "can": "strings", "engages": "object?", "waits_for_word": "boolean",
            "ended_between": "object?",
            "asked_again": "string?", "asked_before": "string?", "other_way_on": "string?",
            "agreements": "integer", "agreed_by": "string",
            "changed": "string", "changed_by": "string",
        },
        gives_list=True,
        query=(Field("open", "boolean", "Only those that are not over."),),
    ),
    Route(
        "POST", "/loans/{loan}/answer", "answer", "Answer a request or a counter-proposal.",
        handlers.answer, _LOAN_ANSWER,
        body=(
            Field(
                "answer", "string", "Your answer.", required=True,
                choices=("yes", "no", "counter"),
            ),
            _FROM, _TO, _MESSAGE,
        ),
    ),
    Route(
        "POST", "/loans/{loan}/end", "extend or recall",
        "Ask for another last day of an agreed loan.", handlers.move_end, _LOAN_ANSWER,
        body=(_TO_REQUIRED, _MESSAGE),
    ),
    Route(
        "POST", "/loans/{loan}/report", "report", "Say what became of the thing.",
        handlers.report, _LOAN_ANSWER,
        body=(
            Field(
                "what", "string", "What became of it; only the holder gives it away.",
                required=True, choices=tuple(handlers.EVENTS_BY_WORD),
            ),
            _MESSAGE,
        ),
    ),
    Route(
        "POST", "/loans/{loan}/repaired", "repaired",
        "Say that what I rated as not as agreed was made good.", handlers.repaired, _LOAN_ANSWER,
    ),
    Route(
        "POST", "/loans/{loan}/recommend", "recommend", "Pass a request on, or not now.",
        handlers.recommend, _LOAN_ANSWER,
        body=(Field("yes", "boolean", "true passes it on.", required=True),),
    ),
    Route(
        "POST", "/loans/{loan}/handover", "handover", "Say that the thing changed hands.",
        handlers.hand_over, _LOAN_ANSWER,
    ),
    Route(
        "POST", "/loans/{loan}/return", "return", "Say that the thing is back.",
        handlers.give_back, _LOAN_ANSWER,
    ),
    Route(
        "POST", "/loans/{loan}/cancel", "cancel", "Take a request or an agreement back.",
        handlers.cancel, _LOAN_ANSWER,
        body=(_MESSAGE,),
    ),
    Route(
        "POST", "/loans/{loan}/rate", "rate", "Rate the other party.", handlers.rate, _LOAN_ANSWER,
        body=(
            Field("confiance", "integer", "1 went as agreed, 0 did not.", True, low=0, high=1),
            Field("respect", "integer", "0 to 10; 5 is nothing special.", True, low=0, high=10),
            Field(
                "fault", "string", "With confiance 0: what it was; else other.",
                choices=tuple(FAULTS_BY_WORD),
            ),
            Field("mediator", "string", "Who is told first of what was rude or unsafe."),
            Field("message", "string", "What happened: the mediator alone can read it."),
        ),
    ),
    Route(
        "POST", "/loans/{loan}/reply", "reply",
        "Reply once to what was said of me, for all to see.", handlers.reply, _LOAN_ANSWER,
        body=(Field("message", "string", "A sentence.", required=True),),
    ),
    Route(
        "GET", "/mediations", "mediate", "What I am asked to mediate.", handlers.mediations,
        {
            "loan": "string", "by": "string", "by_name": "string", "about": "string",
            "about_name": "string", "text": "string", "settled": "boolean?",
        },
        gives_list=True,
    ),
    Route(
        "POST", "/mediations/{loan}", "mediate loan",
        "Say to who asked me that it is settled, or let the rating stand.", handlers.mediate,
        {"loan": "string", "settled": "boolean"},
        body=(Field("settled", "boolean", "true: it is settled.", required=True),),
    ),
    Route(
        "POST", "/loans/{loan}/take-back", "take-back",
        "Take back what I said of how it went: it counts as never said.",
        handlers.take_back, _LOAN_ANSWER,
    ),
    Route("GET", "/trust", "trust", "How I stand.", handlers.trust, _TRUST),
    Route(
        "GET", "/trust/{member}", "trust member", "How a member stands, seen from here.",
        handlers.trust, _TRUST,
    ),
    Route("GET", "/keys", "keys", "My keys and guardians.", handlers.show_keys, _KEYS),
    Route(
        "POST", "/keys/guardians", "keys guardians",
        "Name those who may approve new keys when all is lost.", handlers.name_guardians, _KEYS,
        body=(
            Field("members", "strings", "Their ids; none takes them all back.", required=True),
            Field("approvals", "integer", "How many it takes.", low=2, high=4),
        ),
    ),
    Route(
        "POST", "/keys/freeze", "keys freeze",
        "Let nothing count that my devices sign, or let it count again.", handlers.freeze_keys,
        _KEYS,
        body=(Field("frozen", "boolean", "false thaws.", required=True),),
    ),
    Route(
        "POST", "/keys/revoke", "keys revoke", "Take a device's right to sign, or veto a claim.",
        handlers.revoke_key, _KEYS,
        body=(Field("key", "string", "The device's key, or the claimed root's.", required=True),),
    ),
    Route(
        "POST", "/keys/approve", "keys approve", "As a guardian, approve somebody's new keys.",
        handlers.approve, {"member": "string", "name": "string", "approval": "string"},
        body=(Field("request", "string", "The text they sent you.", required=True),),
    ),
    Route(
        "POST", "/keys/go-on", "keys go-on", "Do not wait for more friends after a restore.",
        handlers.go_on, _KEYS,
    ),
    Route(
        "GET", "/words", "words", "The words to write down, until you have.", handlers.words,
        {"words": "string"},
    ),
    Route(
        "DELETE", "/words", "words written", "They are on paper: forget them here.",
        handlers.forget_words, {"words": "string?"},
    ),
    Route(
        "POST", "/backup", "backup", "Write a sealed copy of everything to a file.",
        handlers.make_backup, {"file": "string", "size_bytes": "integer"},
        body=(Field("file", "string", "A path on the node's computer.", required=True),),
    ),
)  # fmt: skip
"""Every route under ``/api/v1``, in the order of the commands."""
