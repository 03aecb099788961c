"""Make `protocol/vectors/trust.json`: run this file as a script.

Ratings are spelled and signed from the text of the spec (§5.8, §5.9), with the
helpers of `make_exchange.py`; what they come to is written by hand.
"""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

SPELL = runpy.run_path(str(Path(__file__).with_name("make_exchange.py")))
TARGET = Path(__file__).parents[2] / "protocol" / "vectors" / "trust.json"

RATING, REPAIR, ENTRY, REPLY, RETRACTION = 32, 33, 34, 36, 37
HOUSE = SPELL["HOUSE"]
DAY = 24 * 60

NOTES = {
    "Evidence": "which ratings count",
    "Confiance": "distinct counterparties, each by its latest rating, age and place",
    "Respect": "a mean of what was given, less the habit of who gave it, in batches",
    "Circles": "what opens a circle",
    "Sharing": "rule R5",
    "Repair": "what went wrong was made good",
    "Reply": "what who was rated answers",
    "Retraction": "what was said and taken back",
    "Reliability": "how likely it is that it goes as agreed",
    "Account": "what a ledger says",
    "Radius": "a newcomer's first loans, and how many are open beyond friends at once",
    "Capacity": "units that a friend is given, and loans that take one",
}


def rating(
    rater: str,
    confiance: int = 1,
    respect: int = 8,
    *,
    subject: str = "alice",
    day: int = 1,
    author: str | None = None,
    holder_signs: str | None = None,
    house: bytes = HOUSE,
    sequence: int = 1,
    kind: int = RATING,
) -> str:
    """The envelope of a rating or repair by the holder of a loan that ended on ``day``."""
    member, digest = SPELL["member"], SPELL["digest"]
    loan = digest("step", f"{rater} {subject} {day}".encode())[:16]
    fields = (house, loan, bytes(16), member(rater), member(subject))
    numbers = (0, (day - 1) * DAY, day * DAY)
    message = SPELL["contract"](*fields, numbers)
    by_borrower = SPELL["key_of"](subject).sign(message)
    by_holder = SPELL["key_of"](holder_signs or rater).sign(message)
    body: list[Any] = [[*fields, *numbers], by_borrower, by_holder]
    if kind == RATING:
        body += [confiance, respect, bytes(16), 0 if confiance else 2]
    elif kind == REPLY:
        body += ["It rained."]
    register = digest("step", bytes([kind]), loan)[:16]
    envelope: bytes = SPELL["envelope"](
        author or rater, kind, body, register, at=10, sequence=sequence
    )
    return envelope.hex()


def judged(
    confiance: int,
    respect: float | None,
    circles: int,
    exchanges: int,
    missing: int | None,
    sides: int | None = None,
    raters: int = 3,
) -> dict[str, Any]:
    return {
        "confiance": confiance,
        "sides": confiance if sides is None else sides,
        "respect": respect,
        "respect_raters": 0 if respect is None else raters,
        "circles_open": circles,
        "exchanges": exchanges,
        "missing": missing,
    }


NOW_MS = 6 * DAY * 60_000
NOBODY = judged(0, None, 1, 0, 2)
ONE = judged(1, None, 1, 1, 1)
FIVE = [rating(name) for name in ("bob", "carol", "dave", "erin", "frank")]


def loan_of(holder: str, subject: str, day: int) -> bytes:
    loan: bytes = SPELL["digest"]("step", f"{holder} {subject} {day}".encode())[:16]
    return loan


def link(numbered: int, holder: str, day: int, previous: bytes = b"", who: str = "alice") -> bytes:
    """What stands for an entry and all before it (§11.8)."""
    parts = (SPELL["member"](who), SPELL["number"](numbered), loan_of(holder, who, day), previous)
    made: bytes = SPELL["digest"]("ledger", *parts)
    return made


def entry(
    holder: str,
    numbered: int,
    day: int,
    previous: bytes = b"",
    *,
    first: int = 1,
    author: str = "alice",
    subject: str = "alice",
    holder_signs: str | None = None,
    due: int | None = None,
    sequence: int = 1,
    epoch: int = 0,
    house: bytes = HOUSE,
    borrower_signs: str | None = None,
    particulars_of: int | None = None,
    kind_of_register: int = ENTRY,
) -> str:
    """The envelope of an entry of a loan by ``holder`` that ends on ``day`` (§5.9)."""
    member, number, digest = SPELL["member"], SPELL["number"], SPELL["digest"]
    loan = loan_of(holder, subject, day)
    particulars = digest("contract", bytes(16), *map(number, (0, (day - 1) * DAY, day * DAY)))
    parties = (house, loan, member(holder), member(subject))
    message = digest("signature contract", *parties, number(day), particulars)
    by_borrower = SPELL["key_of"](borrower_signs or subject).sign(message)
    by_holder = SPELL["key_of"](holder_signs or holder).sign(message)
    if particulars_of is not None:
        particulars = digest("contract", bytes([particulars_of]))
    body: list[Any] = [
        loan, member(holder), member(subject), day if due is None else due, particulars,
        by_borrower, by_holder, numbered, previous, first,
    ]  # fmt: skip
    register = digest("step", bytes([kind_of_register]), loan)[:16]
    envelope: bytes = SPELL["envelope"](
        author, ENTRY, body, register, at=10, sequence=sequence, epoch=epoch
    )
    return envelope.hex()


def witness(holder: str, day: int, **changed: Any) -> str:
    """The entry as the holder says it."""
    fields: dict[str, Any] = {"first": 0, "author": holder}
    return entry(holder, 0, day, **fields | changed)


def account(**changed: Any) -> dict[str, Any]:
    """An account in which nothing is known but what is given."""
    known: dict[str, Any] = dict.fromkeys(
        ("good", "bad", "repaired", "under_way", "without_answer", "missing"), 0
    )
    return known | {"is_forked": False} | changed


# comment, flags, envelopes, judgement of alice, a member
JUDGED: list[tuple[str, list[str], list[str], dict[str, Any]]] = [
    ("nothing known", ["Confiance"], [], NOBODY),
    ("one good exchange", ["Confiance"], [rating("bob")], ONE),
    (
        "three good exchanges with one person count one",
        ["Confiance"],
        [rating("bob", day=day) for day in (1, 2, 3)],
        judged(1, None, 1, 3, 1),
    ),
    ("two people open circle 2", ["Circles"], FIVE[:2], judged(2, None, 2, 2, 3)),
    ("five people open circle 3", ["Circles"], FIVE, judged(5, 8.0, 3, 5, 0)),
    (
        "a disappointed person takes one away",
        ["Confiance"],
        [*FIVE[:2], rating("dave", 0, 2)],
        judged(1, 6.5, 1, 3, 1, sides=2),
    ),
    (
        "a person disappointed once and content since is content",
        ["Confiance"],
        [rating("bob", 0, 2, day=1), rating("bob", 1, 9, day=5)],
        judged(1, None, 1, 2, 1),
    ),
    (
        "the end of the loan decides which is the latest, not the order of arrival",
        ["Confiance"],
        [rating("bob", 1, 9, day=5), rating("bob", 0, 2, day=1)],
        judged(1, None, 1, 2, 1),
    ),
    (
        "never below 0",
        ["Confiance"],
        [rating("bob", 0, 0), rating("carol", 0, 1)],
        judged(0, None, 1, 2, 2),
    ),
    (
        "what was made good takes nothing away",
        ["Confiance", "Repair"],
        [*FIVE[:2], rating("dave", 0, 2), rating("dave", kind=REPAIR)],
        judged(2, 6.5, 2, 3, 3),
    ),
    (
        "of whom it was not made good it takes one away still",
        ["Confiance", "Repair"],
        [
            *FIVE[:2],
            rating("dave", 0, 2),
            rating("erin", 0, 6, day=2),
            rating("erin", kind=REPAIR, day=2),
        ],
        judged(1, 6.5, 1, 4, 1, sides=2),
    ),
    (
        "what was taken back was never said",
        ["Retraction"],
        [rating("bob"), rating("carol", 0, 2), rating("carol", kind=RETRACTION)],
        ONE,
    ),
    (
        "it is taken back by its author alone",
        ["Retraction"],
        [rating("bob"), rating("carol", 1, 8), rating("bob", day=2, kind=RETRACTION)],
        judged(2, None, 2, 2, 3),
    ),
    (
        "a reply changes nothing",
        ["Reply"],
        [rating("bob"), rating("bob", author="alice", kind=REPLY)],
        ONE,
    ),
    ("a repair alone is no exchange", ["Repair"], [rating("bob", kind=REPAIR)], NOBODY),
    (
        "a repair of what was good adds nothing",
        ["Repair"],
        [rating("bob"), rating("bob", kind=REPAIR)],
        ONE,
    ),
    (
        "what is said of others does not count",
        ["Evidence"],
        [rating("bob", subject="carol")],
        NOBODY,
    ),
]

# comment, flags, envelopes, which does not count, why, judgement of alice by the others
IGNORED: list[tuple[str, list[str], list[str], int, str, dict[str, Any]]] = [
    ("by somebody else", ["Evidence"], [rating("bob", author="mallory")], 0, "not-yours", NOBODY),
    (
        "a contract the holder did not sign",
        ["Evidence"],
        [rating("bob", holder_signs="mallory")],
        0,
        "bad-signature",
        NOBODY,
    ),
    (
        "a loan to oneself",
        ["Evidence"],
        [rating("alice", subject="alice")],
        0,
        "bad-signature",
        NOBODY,
    ),
    (
        "a contract of another house",
        ["Evidence"],
        [rating("bob", house=b"X" * 32)],
        0,
        "out-of-reach",
        NOBODY,
    ),
    (
        "a repair by somebody else",
        ["Evidence", "Repair"],
        [rating("bob", 0, 2), rating("bob", author="mallory", kind=REPAIR)],
        1,
        "not-yours",
        judged(0, None, 1, 1, 2),
    ),
    (
        "a retraction by who was rated",
        ["Evidence", "Retraction"],
        [rating("bob", 0, 2), rating("bob", author="mallory", kind=RETRACTION)],
        1,
        "not-yours",
        judged(0, None, 1, 1, 2),
    ),
    (
        "a retraction on a contract that the holder did not sign",
        ["Evidence", "Retraction"],
        [rating("bob", 0, 2), rating("bob", holder_signs="mallory", kind=RETRACTION)],
        1,
        "bad-signature",
        judged(0, None, 1, 1, 2),
    ),
    (
        "a retraction in another house",
        ["Evidence", "Retraction"],
        [rating("bob", 0, 2), rating("bob", house=b"O" * 32, kind=RETRACTION)],
        1,
        "out-of-reach",
        judged(0, None, 1, 1, 2),
    ),
    (
        "a reply by somebody else",
        ["Evidence", "Reply"],
        [rating("bob"), rating("bob", author="mallory", kind=REPLY)],
        1,
        "not-yours",
        ONE,
    ),
    (
        "a reply on a contract that the holder did not sign",
        ["Evidence", "Reply"],
        [rating("bob"), rating("bob", author="alice", holder_signs="mallory", kind=REPLY)],
        1,
        "bad-signature",
        ONE,
    ),
    (
        "a repair on a contract that the holder did not sign",
        ["Evidence", "Repair"],
        [rating("bob", 0, 2), rating("bob", holder_signs="mallory", kind=REPAIR)],
        1,
        "bad-signature",
        judged(0, None, 1, 1, 2),
    ),
    (
        "an older version in the same register",
        ["Evidence"],
        [rating("bob", 0, 0), rating("bob", sequence=2)],
        0,
        "replayed",
        ONE,
    ),
]

# comment, charter, words (rater, whether it is good, its sides, age in days, whether it was made
# good), circle asked for, whether it is open, confiance, sides, missing for that circle
Said = tuple[str, bool, list[str], int, bool]
OPENING: list[tuple[str, dict[str, int], list[Said], int, bool, int, int, int]] = []


def said(
    rater: str, *sides: str, good: bool = True, days: int = 0, repaired: bool = False
) -> Said:  # fmt: skip
    return rater, good, list(sides) or [rater], days, repaired


def far(rater: str, *, good: bool = True) -> Said:
    return rater, good, [], 0, False


def opening(
    comment: str, words: list[Said], circle: int, confiance: int, sides: int, missing: int,
    **charter: int,
) -> None:  # fmt: skip
    OPENING.append((comment, charter, words, circle, missing == 0, confiance, sides, missing))


KNOWN = [said(name) for name in "abcde"]
VIA = [said(name, "z") for name in "abcde"]
UNKNOWN = [far(name) for name in "fghij"]
opening("friends of the viewer open circle 2", KNOWN[:2], 2, 2, 2, 0)
opening("one is not enough", KNOWN[:1], 2, 1, 1, 1)
opening("friends' friends count the same", [said("a", "y"), said("b", "z")], 2, 2, 2, 0)
opening("far people count one in all", UNKNOWN, 2, 1, 0, 1)
opening("two whom one knows through the member itself", [said(n, "x") for n in "ab"], 2, 2, 0, 0)
opening("five whom one knows so", [said(n, "x") for n in "abcde"], 3, 5, 0, 2)
opening("known through the member and another", [said(n, "x", "z") for n in "ab"], 2, 2, 1, 0)
opening("one near and one far", [*KNOWN[:1], *UNKNOWN[:1]], 2, 2, 1, 0)
opening("one near and many far", [*KNOWN[:1], *UNKNOWN], 3, 2, 1, 3)
opening("far people, where none count", [*KNOWN[:1], *UNKNOWN], 2, 1, 1, 1, far_exchanges_max=0)
opening("far people, where four count", UNKNOWN, 2, 4, 0, 0, far_exchanges_max=4)
opening("four near and one far", [*KNOWN[:4], *UNKNOWN[:1]], 3, 5, 4, 0)
opening("three near and many far", [*KNOWN[:3], *UNKNOWN], 3, 4, 3, 1)
opening("five people behind one friend", VIA, 3, 5, 1, 1)
opening("five people behind one friend: circle 2", VIA, 2, 5, 1, 0)
opening("one of the five behind another as well", [*VIA[:4], said("e", "y", "z")], 3, 5, 2, 0)
opening("four behind one friend, and the friend", [*VIA[:4], said("z")], 3, 5, 1, 1)
opening("four behind one friend, and the viewer", [*VIA[:4], said("me")], 3, 5, 2, 0)
opening("a far person is on no side", [*VIA[:4], far("f")], 3, 5, 1, 1)
opening("one side, where that is enough", VIA, 3, 5, 1, 0, circle_3_sides=1)
opening("a disappointed person is on no side", [*VIA, said("m", good=False)], 3, 4, 1, 1)
opening("two a year ago", [said(n, days=365) for n in "ab"], 2, 2, 2, 0)
opening("two more than a year ago", [said(n, days=366) for n in "ab"], 2, 1, 2, 1)
opening("four after two years", [said(n, days=730) for n in "abcd"], 2, 2, 4, 0)
opening("four after four years", [said(n, days=1460) for n in "abcd"], 2, 1, 4, 1)
opening("long forgotten", [said(n, days=7300) for n in "abcd"], 2, 0, 0, 2)
opening("forgotten sooner", [said(n, days=60) for n in "ab"], 2, 1, 2, 1,
        confiance_half_life_ms=30 * 86_400_000)  # fmt: skip
opening("a loan that ends later than now", [said(n, days=-9) for n in "ab"], 2, 2, 2, 0)
opening("a fresh disappointment", [*KNOWN[:2], said("c", good=False, days=179)], 2, 1, 2, 1)
opening("one half forgotten", [*KNOWN[:2], said("c", good=False, days=180)], 2, 2, 2, 0)
opening("one made good", [*KNOWN[:2], said("c", good=False, repaired=True)], 2, 2, 2, 0)
opening("one by somebody far", [*KNOWN[:2], far("f", good=False)], 2, 1, 2, 1)
opening("one that costs two", [*KNOWN[:3], said("f", good=False)], 2, 1, 3, 1,
        failed_exchange_cost=2)  # fmt: skip
opening("never below 0", [said("a", good=False), said("b", good=False)], 2, 0, 0, 2)
opening("the latest word of one person", [said("a", good=False), said("a", days=9)], 2, 0, 0, 2)

# What one person gave another after a loan that ended on a day: rater, subject, mark, day.
Mark = tuple[str, str, int, int]
# comment, charter, places of raters that are no friends, marks, Respect of x, raters
RESPECTS: list[tuple[str, dict[str, int], dict[str, str], list[Mark], float | None, int]] = []


def marks(*given: int, day: int = 1) -> list[Mark]:
    """By a, b, c ... to x, one a day."""
    return [("abcdefg"[n], "x", mark, day + n) for n, mark in enumerate(given)]


def respected(
    comment: str, given: list[Mark], respect: float | None, raters: int = 3,
    places: dict[str, str] | None = None, **charter: int,
) -> None:  # fmt: skip
    RESPECTS.append((comment, charter, places or {}, given, respect, raters if respect else 0))


ALL_2, ALL_FAR = dict.fromkeys("abc", "circle 2"), dict.fromkeys("abc", "beyond")
A_GIVES_TEN = [("a", "y", 10, 0), ("a", "z", 10, 0)]
respected("three friends", marks(8, 8, 8), 8.0)  # (2800 + 4 * 2400) / 16 = 775
respected("at best", marks(10, 10, 10), 9.5)  # 14800 / 16 = 925
respected("nothing special", marks(5, 5, 5), 5.5)  # 8800 / 16 = 550
respected("at worst", marks(0, 0, 0), 2.0)  # 2800 / 16 = 175
respected("three of circle 2", marks(8, 8, 8), 7.5, places=ALL_2)  # 7600 / 10 = 760
respected("three from far", marks(10, 10, 10), 8.5, places=ALL_FAR)  # 5800 / 7 = 828
respected("three from far, at worst", marks(0, 0, 0), 4.0, places=ALL_FAR)  # 2800 / 7 = 400
respected("one of each place", marks(10, 5, 0), 7.0, places={"b": "circle 2", "c": "beyond"})
respected("one who gives everybody ten", marks(10, 10, 10) + A_GIVES_TEN, 9.0)  # habit 850
respected("one who is stern", [*marks(5, 8, 8), ("a", "y", 4, 0), ("a", "z", 4, 0)], 7.5)
respected("one who gives others nothing", [*marks(9, 7, 7), *[("a", n, 0, 0) for n in "uvyz"]], 8.0)
respected("two more change nothing", marks(8, 8, 8, 0, 0), 8.0)
respected("three more do", marks(8, 8, 8, 0, 0, 0), 4.5, 6)  # 12400 / 28 = 442
respected("one person twice", [("a", "x", 8, 0), *marks(6, 8, 8)], 7.5)  # 12000 / 16 = 750
respected("and once more, later", [*marks(8, 8, 8), ("a", "x", 0, 9)], 8.0)
respected("a habit shown later", marks(10, 10, 10) + [("a", n, 10, 9) for n in "yz"], 9.5)
respected("one, where one is enough", marks(10), 8.5, 1, respect_raters_min=1)  # 6800 / 8 = 850
respected("three, where it takes two", marks(8, 8, 0), 7.5, 2, respect_raters_min=2)
respected("without a usual mark", marks(10, 10, 10), 10.0, respect_prior=0)
respected("where five is usual", marks(8, 8, 8), 7.5, respect_usual=5)  # (2000 + 9600) / 16 = 725
respected("nobody", [], None)
respected("one person", marks(8), None)
respected("two people", marks(8, 8), None)
respected("one person five times", [("a", "x", 8, day) for day in range(5)], None)
respected("two people, often", marks(8, 8) + marks(8, 8, day=5) + marks(8, 8, day=9), None)
respected("said of others", [("a", "y", 8, 1), ("b", "y", 8, 1), ("c", "z", 8, 1)], None)
respected("five, where it takes six", marks(8, 8, 8, 8, 8), None, respect_raters_min=6)
respected("two, and one of another", [*marks(8, 8), ("c", "y", 8, 3)], None)
respected("two of whom one spoke of others", marks(8, 8) + A_GIVES_TEN, None)
respected("two far people", marks(9, 9), None, places=ALL_FAR)
respected("two at worst", marks(0, 0), None)
respected("three, where it takes four", marks(8, 8, 8), None, respect_raters_min=4)
respected("two where one stands for many", marks(8, 8), None, respect_prior=100)
respected("two without a usual mark", marks(8, 8), None, respect_prior=0)
respected("two, three days each", [("ab"[n % 2], "x", 8, n) for n in range(6)], None)

# comment, charter, confiance, is member, distance, error (None: may ask), circles open, missing
ASKING: list[tuple[str, dict[str, int], int, bool, int, str | None, int, int | None]] = [
    ("circle 1 of a member", {}, 0, True, 1, None, 1, 2),
    ("circle 2 when it is open", {}, 2, True, 2, None, 2, 3),
    ("circle 3 when it is open", {}, 5, True, 3, None, 3, 0),
    ("circle 1 of a candidate", {}, 9, False, 1, "second-seat-missing", 0, None),
    ("circle 2 of a candidate", {}, 9, False, 2, "second-seat-missing", 0, None),
    ("circle 2 of a newcomer", {}, 0, True, 2, "circle-closed", 1, 2),
    ("circle 2, one exchange short", {}, 1, True, 2, "circle-closed", 1, 1),
    ("circle 3, three exchanges short", {}, 2, True, 3, "circle-closed", 2, 3),
    ("circle 3, one exchange short", {}, 4, True, 3, "circle-closed", 2, 1),
    ("beyond the last circle", {"max_circles": 2}, 99, True, 3, "circle-shut", 2, 0),
    ("a circle never opened", {"circle_2_exchanges": 0}, 99, True, 2, "circle-shut", 1, None),
    (
        "behind a circle never opened",
        {"circle_2_exchanges": 0},
        99,
        True,
        3,
        "circle-shut",
        1,
        None,
    ),
    ("circle 4 of the default charter", {"max_circles": 4}, 99, True, 4, "circle-shut", 3, None),
]

# comment, charter, open listing, friends who answer, day of the last listing, end of the last
# loan made (day), day of the last mediation that was settled, joined (day), how far one may ask;
# today is day 1000, and 3 is as far as it goes
Days = int | None
SHARING: list[tuple[str, dict[str, int], bool, int, Days, Days, Days, Days, int]] = [
    ("an open listing", {}, True, 0, None, None, None, None, 3),
    ("a loan that ended 364 days ago", {}, False, 0, None, 636, None, 0, 3),
    ("a newcomer of 182 days", {}, False, 0, None, None, None, 818, 3),
    ("a listing withdrawn 364 days ago", {}, False, 0, 636, None, None, 0, 3),
    ("settled as mediator 364 days ago", {}, False, 0, None, None, 636, 0, 3),
    ("friends who answer, shared until 364 days ago", {}, False, 2, 271, None, None, 0, 3),
    ("friends who answer, came 547 days ago", {}, False, 2, None, None, None, 453, 3),
    ("a loan, where there is no grace", {"sharing_grace_ms": 0}, False, 0, None, 636, None, 0, 3),
    ("settled, no grace", {"sharing_grace_ms": 0}, False, 0, None, None, 636, 0, 3),
    ("friends who answer, no grace", {"sharing_grace_ms": 0}, False, 2, None, None, None, 636, 3),
    ("nothing", {}, False, 0, None, None, None, None, 1),
    ("a loan that ended 365 days ago", {}, False, 0, None, 635, None, 0, 2),
    ("a newcomer of 183 days", {}, False, 0, None, None, None, 817, 2),
    ("a listing withdrawn 365 days ago", {}, False, 0, 635, None, None, 0, 2),
    ("one that is over for 90 days", {}, False, 0, 545, None, None, 0, 2),
    ("one that is over for 91 days", {}, False, 0, 544, None, None, 0, 1),
    ("settled as mediator 365 days ago", {}, False, 0, None, None, 635, 0, 2),
    ("came long ago and shares nothing", {}, False, 0, None, None, None, 0, 1),
    ("one friend who answers", {}, False, 1, 271, None, None, 0, 1),
    ("friends who answer, shared until 365 days ago", {}, False, 2, 270, None, None, 0, 2),
    ("friends who answered for a year and a quarter", {}, False, 2, 179, None, None, 0, 1),
    ("friends who answer for a stranger", {}, False, 2, None, None, None, None, 1),
    ("two where nobody can", {"sharing_waivers": 0}, False, 2, 271, None, None, 0, 1),
    ("where circles close at once", {"sharing_closing_ms": 0}, False, 0, 635, None, None, 0, 1),
    ("new, no grace", {"sharing_grace_ms": 0}, False, 0, None, None, None, 999, 0),
    ("a listing withdrawn, no grace", {"sharing_grace_ms": 0}, False, 0, 999, None, None, 0, 0),
    ("a year of friends, no grace", {"sharing_grace_ms": 0}, False, 2, None, None, None, 635, 0),
]


# comment, charter, own good exchanges with the friend, chosen, engaged, capacity, one is free
UNITS: list[tuple[str, dict[str, int], int, int | None, int, int, bool]] = [
    ("one for a new friend", {}, 0, None, 0, 1, True),
    ("a second after a good exchange", {}, 1, None, 1, 2, True),
    ("no third after two", {}, 2, None, 2, 2, False),
    ("a third after three", {}, 3, None, 2, 3, True),
    ("never more than the charter says", {"capacity_max": 2}, 9, None, 2, 2, False),
    ("the only one is engaged", {}, 0, None, 1, 1, False),
    ("what the owner has chosen", {}, 0, 5, 4, 5, True),
    ("the owner has chosen none", {}, 9, 0, 0, 0, False),
    ("all three are engaged", {}, 4, None, 3, 3, False),
    ("as many as the owner has chosen", {}, 0, 2, 2, 2, False),
    ("more than the owner has chosen since", {}, 9, 1, 2, 1, False),
    ("a charter that gives less at first", {"capacity_new": 4}, 0, None, 3, 3, False),
]

# comment, charter, loans borrowed that went well, days since they came, members known, missing
FIRST_LOANS: list[tuple[str, dict[str, int], int, int | None, int, int]] = [
    ("a newcomer", {}, 0, 1, 10, 3),
    ("one who borrowed once", {}, 1, 1, 10, 2),
    ("one who borrowed twice", {}, 2, 1, 500, 1),
    ("one who borrowed three times", {}, 3, 1, 10, 0),
    ("one who borrowed often", {}, 9, 1, 10, 0),
    ("on the last day", {}, 0, 182, 10, 3),
    ("no newcomer any more", {}, 0, 183, 10, 0),
    ("who came when nobody knows", {}, 0, None, 10, 0),
    ("in a young house", {}, 0, 1, 9, 0),
    ("where no house is young", {"young_house_members": 0}, 0, 1, 2, 3),
    ("where one is enough", {"first_loans_from_friends": 1}, 0, 1, 10, 1),
    ("where none is needed", {"first_loans_from_friends": 0}, 0, 1, 10, 0),
    ("where nobody is new", {"newcomer_ms": 0}, 0, 0, 10, 0),
    ("where it takes ten", {"first_loans_from_friends": 10}, 3, 1, 10, 7),
]
# comment, charter, other loans (from day, to day, handed over), from, to and present day, room
ROOMS: list[tuple[str, dict[str, int], list[tuple[int, int, bool]], int, int, int, bool]] = [
    ("nothing else", {}, [], 10, 12, 5, True),
    ("one on other dates", {}, [(20, 22, False)], 10, 12, 5, True),
    ("one that ends when it begins", {}, [(8, 10, False)], 10, 12, 5, True),
    ("one on the same dates", {}, [(10, 12, False)], 10, 12, 5, False),
    ("one that meets it by a day", {}, [(11, 15, False)], 10, 12, 5, False),
    ("one that is out, and back before", {}, [(1, 6, True)], 10, 12, 5, True),
    ("one that is out, and late", {}, [(1, 5, True)], 10, 12, 5, False),
    ("one that was agreed and never fetched", {}, [(1, 5, False)], 10, 12, 9, True),
    ("one, where two may be", {"open_loans_beyond_max": 2}, [(10, 12, False)], 10, 12, 5, True),
    ("two, where two may be", {"open_loans_beyond_max": 2},
     [(10, 12, False), (11, 13, True)], 10, 12, 5, False),
    ("any number", {"open_loans_beyond_max": 0}, [(10, 12, True)] * 3, 10, 12, 5, True),
    ("two, of which one meets it", {}, [(1, 2, False), (9, 11, False)], 10, 12, 5, False),
    ("all of it within a long one", {}, [(1, 30, True)], 10, 12, 5, False),
    ("a short one within it", {}, [(11, 12, False)], 10, 30, 5, False),
]  # fmt: skip

DAY_MS = DAY * 60_000
BOB_1 = link(1, "bob", 10)
DAVE_2 = link(2, "dave", 11, BOB_1)
FIRST, SECOND = entry("bob", 1, 10), entry("dave", 2, 11, BOB_1)
# The first moment at which a loan due on day 10 is without answer: the day is over, and 14 more.
SILENT_MS = (11 + 14) * DAY_MS

# comment, envelopes, now, account of alice
ACCOUNTS: list[tuple[str, list[str], int, dict[str, Any]]] = [
    ("nothing known", [], 0, account()),
    ("a loan under way", [FIRST], 0, account(under_way=1)),
    ("one that is late", [FIRST], SILENT_MS - 1, account(under_way=1)),
    ("one without answer", [FIRST], SILENT_MS, account(without_answer=1)),
    ("by its witness alone", [witness("bob", 10)], SILENT_MS, account(without_answer=1)),
    ("both say one loan", [FIRST, witness("bob", 10)], SILENT_MS, account(without_answer=1)),
    ("one that was rated", [FIRST, rating("bob", day=10)], SILENT_MS, account(good=1)),
    (
        "one that went wrong",
        [FIRST, SECOND, rating("bob", 0, 2, day=10)],
        SILENT_MS,
        account(bad=1, under_way=1),
    ),
    (
        "one of which the holder took the word back",
        [FIRST, rating("bob", 0, 2, day=10), rating("bob", day=10, kind=RETRACTION)],
        SILENT_MS,
        account(),
    ),
    (
        "one that went wrong and was made good",
        [FIRST, rating("bob", 0, 2, day=10), rating("bob", day=10, kind=REPAIR)],
        SILENT_MS,
        account(repaired=1),
    ),
    (
        "the borrower's own rating is no answer",
        [FIRST, rating("bob", day=10, author="alice")],
        SILENT_MS,
        account(without_answer=1),
    ),
    (
        "somebody else's ledger",
        [entry("bob", 1, 10, subject="carol", author="carol")],
        0,
        account(),
    ),
    ("two that follow each other", [FIRST, SECOND], 0, account(under_way=2)),
    ("the first is not shown", [SECOND], 0, account(under_way=1, missing=1)),
    (
        "the first has ended, as the second says",
        [entry("dave", 2, 11, BOB_1, first=2)],
        0,
        account(under_way=1),
    ),
    (
        "one in between is not shown",
        [FIRST, entry("erin", 3, 12, DAVE_2)],
        0,
        account(under_way=2, missing=1),
    ),
    (
        "one not shown, and its holder says it",
        [FIRST, witness("dave", 11), entry("erin", 3, 12, DAVE_2)],
        0,
        account(under_way=3, missing=1),
    ),
    (
        "two of one number",
        [FIRST, entry("dave", 1, 11)],
        0,
        account(under_way=2, is_forked=True),
    ),
    (
        "one that follows another first",
        [FIRST, entry("dave", 2, 11, link(1, "erin", 12))],
        0,
        account(under_way=2, is_forked=True),
    ),
    (
        "a restored node that had lost its first",
        [FIRST, entry("dave", 1, 11, epoch=5)],
        0,
        account(under_way=2),
    ),
    (
        "two ledgers in one later epoch",
        [FIRST, entry("dave", 2, 11, BOB_1, epoch=5), entry("erin", 2, 12, BOB_1, epoch=5)],
        0,
        account(under_way=3, is_forked=True),
    ),
]

# comment, envelope, why it does not count
NO_ENTRIES: list[tuple[str, str, str]] = [
    ("by somebody else", entry("bob", 1, 10, author="mallory"), "not-yours"),
    ("not signed by the holder", entry("bob", 1, 10, holder_signs="mallory"), "bad-signature"),
    ("another day than the one signed", entry("bob", 1, 10, due=11), "bad-signature"),
    ("of a loan to oneself", entry("alice", 1, 10), "bad-signature"),
    ("of another house", entry("bob", 1, 10, house=b"X" * 32), "bad-signature"),
    ("number 0 by the borrower", entry("bob", 0, 10, first=0), "invalid-state"),
    ("number 2 that follows nothing", entry("bob", 2, 10), "invalid-state"),
    ("number 1 that follows something", entry("bob", 1, 10, bytes(32)), "invalid-state"),
    ("a first after its number", entry("bob", 1, 10, first=2), "invalid-state"),
    ("without a first", entry("bob", 1, 10, first=0), "invalid-state"),
    ("not signed by the borrower", entry("bob", 1, 10, borrower_signs="bob"), "bad-signature"),
    ("of something else than signed", entry("bob", 1, 10, particulars_of=1), "bad-signature"),
    ("a witness of another day", witness("bob", 10, due=9), "bad-signature"),
    ("a witness nobody signed with", witness("bob", 10, borrower_signs="bob"), "bad-signature"),
    ("in a rating's register", entry("bob", 1, 10, kind_of_register=RATING), "not-yours"),
    ("a witness who follows something", witness("bob", 10, previous=bytes(32)), "invalid-state"),
    ("number 1 by the holder", witness("bob", 10, first=1), "invalid-state"),
]

FRIEND, NEAR, FAR = "friend", "circle 2", "beyond"


def word(
    rater: str, good: bool, place: str = FRIEND, days: int = 0, *, by: tuple[int, int] = (0, 0),
    made_good: bool = False,
) -> list[Any]:  # fmt: skip
    """``by``: how many others speak well of the rater, and how many do not."""
    return [rater, good, place, days, *by, made_good]


# comment, words, R as a fraction of whole numbers
RELIABILITIES: list[tuple[str, list[list[Any]], tuple[int, int]]] = [
    ("nothing known", [], (45, 50)),
    ("a good word of a friend", [word("a", True)], (61, 66)),
    ("one of circle 2", [word("a", True, NEAR)], (53, 58)),
    ("one from beyond", [word("a", True, FAR)], (49, 54)),
    ("a second and third of the same", [word("a", True)] * 3, (73, 78)),
    ("a fourth counts nothing", [word("a", True)] * 4, (73, 78)),
    ("many from beyond count three", [word(f"r{n}", True, FAR) for n in range(9)], (75, 80)),
    ("a good word halves in two years", [word("a", True, days=730)], (53, 58)),
    ("a bad word of circle 2", [word("a", False, NEAR)], (45, 74)),
    ("two from beyond", [word("a", False, FAR), word("b", False, FAR)], (45, 74)),
    ("a bad word halves in half a year", [word("a", False, days=180)], (45, 74)),
    ("a friend's that was made good", [word("a", False, made_good=True)], (45, 66)),
    ("of circle 2, where a friend says well", [word("a", False, NEAR), word("b", True)], (61, 90)),
    ("an old one of a friend", [word("a", False, days=360)], (45, 62)),
    ("of one whom nobody believes", [word("a", False, by=(0, 9))], (45, 50)),
]
# The same for those who may not borrow beyond circle 1.
UNRELIABLE: list[tuple[str, list[list[Any]], tuple[int, int]]] = [
    ("a bad word of a friend", [word("a", False)], (45, 98)),
    ("two of circle 2", [word("a", False, NEAR), word("b", False, NEAR)], (45, 98)),
    ("three from beyond", [word(f"r{n}", False, FAR) for n in range(3)], (45, 86)),
    ("two friends", [word("a", False), word("b", False)], (45, 146)),
    ("a second in 89 days is one", [word("a", False), word("a", False, days=89)], (45, 98)),
    ("a second in 90 days is two", [word("a", False), word("a", False, days=90)], (45, 134)),
    ("bad and good of one friend", [word("a", False), word("a", True)], (61, 114)),
    (
        "good of circle 2 against bad of a friend",
        [word("a", False), word("b", True, NEAR), word("c", True, NEAR)],
        (61, 114),
    ),
    ("three good of one against bad of one", [word("a", False)] + [word("b", True)] * 3, (73, 126)),
    (
        "good from far against bad from near",
        [word("a", False)] + [word(f"r{n}", True, FAR) for n in range(9)],
        (75, 128),
    ),
    ("of a rater of good name", [word("a", False, by=(1, 0))], (45, 100)),
    ("of one of better name", [word("a", False, by=(5, 0))], (45, 104)),
    ("three made good", [word(name, False, made_good=True) for name in "abc"], (45, 98)),
    ("ten from beyond", [word(f"r{n}", False, FAR) for n in range(10)], (45, 170)),
    (
        "of circle 2, of good name, twice",
        [word(n, False, NEAR, by=(5, 0)) for n in "ab"],
        (45, 104),
    ),
    ("a friend's of a month", [word("a", False, days=36)], (450, 932)),
    ("an old and a new one", [word("a", False, days=360), word("b", False)], (45, 110)),
]

LATE, WINDOW_MS, BURNT_MS = 10**12, 14 * DAY * 60_000, 90 * DAY * 60_000
# comment, state, over, the holder's word (confiance, made good), now, whether it takes a unit
ENGAGED: list[tuple[str, str, int | None, list[Any] | None, int, bool]] = [
    ("asked", "asked", None, None, 0, True),
    ("agreed", "agreed", None, None, LATE, True),
    ("out", "handed_over", None, None, LATE, True),
    ("other dates proposed", "countered", None, None, 0, True),
    ("declined", "declined", None, None, 0, False),
    ("withdrawn", "withdrawn", None, None, 0, False),
    ("cancelled", "cancelled", None, None, 0, False),
    ("expired", "expired", None, None, 0, False),
    ("back, and nothing said yet", "returned", 100, None, 99 + WINDOW_MS, True),
    ("back, and nothing said in time", "returned", 100, None, 100 + WINDOW_MS, False),
    ("back and well", "rated", 100, [1, False], 101, False),
    ("back, not well", "rated", 100, [0, False], 99 + BURNT_MS, True),
    ("back, not well, long ago", "rated", 100, [0, False], 100 + BURNT_MS, False),
    ("not well, and made good", "returned", 100, [0, True], 101, False),
    ("lost", "lost", 100, None, 101, True),
    ("lost, and not well", "lost", 100, [0, False], 101, True),
    ("given for good, and nothing said yet", "kept", 100, None, 101, True),
    ("given for good, and well", "kept", 100, [1, False], 101, False),
]


def build() -> str:
    """Give the text of the file."""
    cases: list[dict[str, Any]] = []

    def add(kind: str, comment: str, flags: list[str], **rest: Any) -> None:
        error = rest.pop("error", None)
        result = "valid" if error is None else "invalid"
        place = 1 + sum(1 for case in cases if case["id"].startswith(f"{kind}-{result}"))
        case = {"id": f"{kind}-{result}-{place}", "comment": comment, "flags": flags}
        cases.append(case | {"result": result, "error": error} | rest)

    for comment, flags, input_, decoded in JUDGED:
        add("judge", comment, flags, input=input_, ignored=None, decoded=decoded)
    for comment, flags, input_, ignored, error, decoded in IGNORED:
        add("judge", comment, flags, error=error, input=input_, ignored=ignored, decoded=decoded)
    for comment, charter, confiance, is_member, distance, error_, circles, missing in ASKING:
        input_ask = {
            "charter": charter,
            "confiance": confiance,
            "sides": confiance,
            "is_member": is_member,
            "distance": distance,
        }
        decoded = {"circles_open": circles, "missing": missing}
        add("ask", comment, ["Circles"], error=error_, input=input_ask, decoded=decoded)
    for comment, charter, has_listing, waivers, listed, lent, settled, joined, circles in SHARING:
        input_share = {
            "charter": charter,
            "has_open_listing": has_listing,
            "answered_for_by": waivers,
            "listed_ms": None if listed is None else listed * DAY_MS,
            "lent_until_minute": None if lent is None else lent * DAY,
            "mediated_ms": None if settled is None else settled * DAY_MS,
            "joined_ms": None if joined is None else joined * DAY_MS,
            "now_ms": 1000 * DAY_MS,
        }
        error_ = None if circles == 3 else "nothing-shared"
        add("share", comment, ["Sharing"], error=error_, input=input_share, decoded=circles)
    for comment, charter, told, circle, is_open, confiance, sides, missing in OPENING:
        input_open = {"charter": charter, "words": told, "circle": circle}
        decoded = {"confiance": confiance, "sides": sides, "missing": missing}
        error_ = None if is_open else "circle-closed"
        add("open", comment, ["Confiance"], error=error_, input=input_open, decoded=decoded)
    for comment, charter, places, given, respect, raters in RESPECTS:
        input_marks = {"charter": charter, "places": places, "marks": given}
        add(
            "respect", comment, ["Respect"], error=None if respect else "few-raters",
            input=input_marks, decoded={"respect": respect, "raters": raters},
        )  # fmt: skip
    for comment, words, fraction in RELIABILITIES:
        add("rely", comment, ["Reliability"], input=words, decoded=list(fraction))
    for comment, words, fraction in UNRELIABLE:
        add(
            "rely", comment, ["Reliability"], error="unreliable", input=words,
            decoded=list(fraction),
        )  # fmt: skip
    for comment, charter, well, days, members, missing in FIRST_LOANS:
        input_first = {"charter": charter, "went_well": well, "days": days, "members": members}
        error_ = "first-loans-near" if missing else None
        add("first", comment, ["Radius"], error=error_, input=input_first, decoded=missing)
    for comment, charter, others, from_day, to_day, today, has_room in ROOMS:
        input_room = {
            "charter": charter, "others": others, "from": from_day, "to": to_day, "today": today,
        }  # fmt: skip
        error_ = None if has_room else "one-loan-beyond"
        add("room", comment, ["Radius"], error=error_, input=input_room, decoded=has_room)
    for comment, input_, now_ms, decoded in ACCOUNTS:
        add(
            "account", comment, ["Account"], now_ms=now_ms, input=input_, ignored=None,
            decoded=decoded,
        )  # fmt: skip
    for comment, bad, code in NO_ENTRIES:
        add(
            "account", comment, ["Account"], error=code, now_ms=0, input=[bad], ignored=0,
            decoded=account(),
        )  # fmt: skip
    for comment, charter, good, chosen, engaged, capacity, is_free in UNITS:
        input_unit = {"charter": charter, "good": good, "chosen": chosen, "engaged": engaged}
        error_ = None if is_free else "capacity-engaged"
        add("unit", comment, ["Capacity"], error=error_, input=input_unit, decoded=capacity)
    for comment, state, over_ms, word, now_ms, takes in ENGAGED:
        input_loan = {"state": state, "over_ms": over_ms, "word": word, "now_ms": now_ms}
        error_ = "capacity-engaged" if takes else None
        add("loan", comment, ["Capacity"], error=error_, input=input_loan, decoded=takes)
    document = {
        "schema": "openhouse vectors 1",
        "spec_section": "12",
        "source": "tests/vectors/make_trust.py, written from the text of the spec",
        "about": (
            "judge: `decoded` is the judgement of the member `subject`, by the default charter, "
            "from the set of envelopes `input` in the house `house` at `now_ms`, all raters being "
            "friends of the viewer; in an invalid case the envelope number `ignored` does not "
            "count. open: Confiance and sides from the words `input` (rater, whether it is good, "
            "its sides, `x` being the member judged, age in days, whether it was made good), and "
            "how many good counterparties are missing for a circle. respect: Respect of `x` from "
            "the `marks` (rater, whom it is about, mark, day on which the loan ended), raters "
            "being friends of the viewer where `places` says nothing else, by how many raters, and "
            "none while they are few. ask: whether a member may ask "
            "at a distance, by the default charter with the changes given, and how many further "
            "good counterparties its next circle takes. rely: R of the words `input` (rater, if "
            "it is good, place, age in days, how many others speak well and ill of the rater, "
            "whether it was made good), as a fraction, right to nine places. account: what is "
            "known of the loans of `subject` at `now_ms`, by the default charter, from the "
            "envelopes `input`; that of number `ignored` does not count. share: how far a "
            "member may ask by sharing. first: how many first loans from friends somebody lacks "
            "who came `days` ago. "
            "room: whether one loan more may be open from day `from` to `to`. unit: the "
            "capacity given a friend, and whether a unit is free. loan: "
            "whether a loan that was answered for takes one."
        ),
        "house": HOUSE.hex(),
        "now_ms": NOW_MS,
        "subject": SPELL["member"]("alice").hex(),
        "notes": NOTES,
    }
    # One case a line: a changed case is one changed line in a review.
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    return json.dumps(document, indent=1)[:-2] + ',\n "cases": [\n' + lines + "\n ]\n}\n"


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
