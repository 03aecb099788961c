"""Make `protocol/vectors/exchange.json`: run this file as a script.

Steps are spelled and signed here from the text of the spec (§4.1, §5, §11), with
MessagePack, SHA-256 and Ed25519 taken from their libraries; nothing of the `protocol`
package is used. What each set of steps says is written by hand.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped, unused-ignore]
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TARGET = Path(__file__).parents[2] / "protocol" / "vectors" / "exchange.json"

REQUEST, PASS, COUNTER, AGREEMENT, DECLINE, CANCEL, HANDOVER, RETURN, COMMITMENT, REPORT = range(
    16, 26
)
GIFT, LOST, DAMAGED = 1, 2, 3

NOTES = {
    "Path": "who asks, passes on, answers",
    "Rounds": "request, counter-proposal, request",
    "Crossing": "steps that were said before their authors knew of each other",
    "Lending": "hand-over and return",
    "Moving": "other dates for an agreed loan",
    "Outcome": "what became of the thing",
    "Rating": "commitments",
    "Time": "the window for answers",
    "Role": "a step by somebody whose part it is not",
    "State": "a step that the table does not allow where it stands",
    "Signature": "terms that are not signed by their party",
    "Register": "a second version of what was said",
    "Other": "a step of something else",
}

HOUSE, LOAN, THING = b"H" * 32, b"L" * 16, b"T" * 16
WINDOW_MS = 1000
DATES, OTHER_DATES = (1000, 2440), (2440, 3880)


def digest(domain: str, *parts: bytes) -> bytes:
    return hashlib.sha256(b"openhouse/1 " + domain.encode() + b"\0" + b"".join(parts)).digest()


def key_of(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def member(name: str) -> bytes:
    return key_of(name).public_key().public_bytes_raw()


def number(value: int) -> bytes:
    return value.to_bytes(8, "big")


BORROWER, BETWEEN, HOLDER, STRANGER = "borrower", "between", "holder", "stranger"
PATH = [member(BORROWER), member(BETWEEN), member(HOLDER)]


def envelope(
    author: str,
    kind: int,
    body: list[Any],
    register: bytes,
    *,
    at: int,
    sequence: int,
    ends: int = 10**9,
    epoch: int = 0,
) -> bytes:
    """Spell and sign a record (§5.1 to §5.3)."""
    header = [
        1, kind, HOUSE, member(author), member(author), register, epoch, sequence, at, ends, body,
        {},
    ]  # fmt: skip
    unsigned = msgpack.packb(header)
    signature = key_of(author).sign(digest("signature record", digest("record", unsigned)))
    packed: bytes = msgpack.packb([unsigned, signature, b""])
    return packed


def step(
    author: str,
    kind: int,
    *fields: Any,
    at: int = 10,
    sequence: int = 1,
    ends: int = 10**9,
    loan: bytes = LOAN,
    path: list[bytes] | None = None,
) -> bytes:
    """A step in the register of its kind, loan and round (§5.4)."""
    round_ = fields[0] if REQUEST <= kind <= DECLINE or kind == REPORT else 0
    register = digest("step", bytes([kind]), loan, number(round_))[:16]
    body = [loan, path or PATH, *fields]
    return envelope(author, kind, body, register, at=at, sequence=sequence, ends=ends)


def signed_terms(signer: str, round_: int, dates: tuple[int, int]) -> bytes:
    """A party's signature over the terms (§5.8)."""
    return key_of(signer).sign(contract(HOUSE, LOAN, THING, PATH[2], PATH[0], (round_, *dates)))


def contract(
    house: bytes,
    loan: bytes,
    thing: bytes,
    holder: bytes,
    borrower: bytes,
    numbers: tuple[int, ...],
) -> bytes:
    """What both parties sign (§5.8); the numbers are round, from and to."""
    due = -(-numbers[2] // 1440)
    particulars = digest("contract", thing, *map(number, numbers))
    return digest("signature contract", house, loan, holder, borrower, number(due), particulars)


def request(
    round_: int = 0,
    dates: tuple[int, int] = DATES,
    *,
    signer: str = BORROWER,
    thing: bytes = THING,
    at: int = 10,
    sequence: int = 1,
) -> bytes:
    signature = signed_terms(signer, round_, dates)
    fields = (round_, thing, *dates, signature, bytes(32), b"")
    return step(BORROWER, REQUEST, *fields, at=at, sequence=sequence)


def agreement(
    round_: int = 0, dates: tuple[int, int] = DATES, *, signer: str = HOLDER, at: int = 20
) -> bytes:
    return step(HOLDER, AGREEMENT, round_, signed_terms(signer, round_, dates), b"", at=at)


def counter(round_: int = 0, *, at: int = 20) -> bytes:
    return step(HOLDER, COUNTER, round_, *OTHER_DATES, b"", at=at)


ASK = request()
PASSED = step(BETWEEN, PASS, 0, True)
AGREED = agreement()
COUNTERED = counter()
DECLINED = step(HOLDER, DECLINE, 0, b"", at=20)
WITHDRAWN = step(BORROWER, CANCEL, b"", at=30)
HANDED_OVER = step(HOLDER, HANDOVER, at=40)
RETURNED = step(BORROWER, RETURN, at=50)
CONFIRMED = step(HOLDER, RETURN, at=70)
COMMITTED = step(BORROWER, COMMITMENT, b"b" * 32, at=80)
BOTH_COMMITTED = step(HOLDER, COMMITMENT, b"h" * 32, at=90)
LENT = [ASK, AGREED, HANDED_OVER]
LONGER = request(1, OTHER_DATES, at=45, sequence=2)
SOONER = step(HOLDER, COUNTER, 0, *OTHER_DATES, b"", at=45, sequence=2)
LOSS = step(HOLDER, REPORT, LOST, b"", at=60)
GIVEN = step(HOLDER, REPORT, GIFT, b"", at=60)
BROKEN = step(BORROWER, REPORT, DAMAGED, b"", at=60)
ASKED_LONGER: dict[str, Any] = {
    "by": "borrower", "dates": list(OTHER_DATES), "answer_by_ms": 45 + WINDOW_MS,
}  # fmt: skip
ASKED_SOONER = ASKED_LONGER | {"by": "holder"}


NOT_AGREED = (None, "asked", "countered", "declined", "withdrawn", "expired")


def says(state: str | None, round_: int = 0, **more: Any) -> dict[str, Any]:
    """What a set of steps says; what is usual need not be given."""
    usual: dict[str, Any] = {
        "state": state,
        "round": round_,
        "agreed_rounds": [] if state in NOT_AGREED else [round_],
        "dates": list(DATES),
        "answer_by_ms": 10 + WINDOW_MS,
        "passed": [],
        "proposal": None,
        "damaged_by": [],
        "over_ms": None,
        "commitments": [],
        "ended_by": None,
    }
    return usual | more


EXTRA_ROUND: dict[str, Any] = {"dates": list(OTHER_DATES), "answer_by_ms": 30 + WINDOW_MS}
COUNTER_OFFER: dict[str, Any] = {"dates": list(OTHER_DATES), "answer_by_ms": 20 + WINDOW_MS}
PASSES = [[BETWEEN, True]]
SECOND = request(1, OTHER_DATES, at=30)

# comment, flags, steps, now_ms, what they say
VALID: list[tuple[str, list[str], list[bytes], int, dict[str, Any]]] = [
    ("a request", ["Path"], [ASK], 100, says("asked")),
    ("a request passed on", ["Path"], [ASK, PASSED], 100, says("asked", passed=PASSES)),
    ("an agreement", ["Path"], [ASK, PASSED, AGREED], 100, says("agreed", passed=PASSES)),
    ("a refusal", ["Path"], [ASK, DECLINED], 100, says("declined", ended_by=HOLDER)),
    ("a withdrawal", ["Path"], [ASK, WITHDRAWN], 100, says("withdrawn", ended_by=BORROWER)),
    ("other dates proposed", ["Rounds"], [ASK, COUNTERED], 100, says("countered", **COUNTER_OFFER)),
    (
        "a proposal accepted: a new round with its dates",
        ["Rounds"],
        [ASK, COUNTERED, SECOND],
        100,
        says("asked", 1, **EXTRA_ROUND),
    ),
    (
        "an agreement in the second round",
        ["Rounds"],
        [ASK, COUNTERED, SECOND, agreement(1, OTHER_DATES, at=40)],
        100,
        says("agreed", 1, **EXTRA_ROUND),
    ),
    (
        "the same in another order",
        ["Rounds", "Crossing"],
        [agreement(1, OTHER_DATES, at=40), COUNTERED, SECOND, ASK],
        100,
        says("agreed", 1, **EXTRA_ROUND),
    ),
    (
        "a cancellation after the agreement",
        ["Crossing"],
        [ASK, AGREED, WITHDRAWN],
        100,
        says("cancelled", ended_by=BORROWER),
    ),
    (
        "an agreement that crosses a withdrawal ends cancelled",
        ["Crossing"],
        [WITHDRAWN, ASK, AGREED],
        100,
        says("cancelled", ended_by=BORROWER),
    ),
    ("handed over", ["Lending"], LENT, 5000, says("handed_over")),
    ("returned", ["Lending"], [*LENT, RETURNED], 5000, says("returned", over_ms=50)),
    (
        "the later word about the return counts",
        ["Lending"],
        [CONFIRMED, *LENT, RETURNED],
        5000,
        says("returned", over_ms=70),
    ),
    (
        "the borrower asks for longer",
        ["Moving"],
        [*LENT, LONGER],
        100,
        says("handed_over", 1, agreed_rounds=[0], proposal=ASKED_LONGER),
    ),
    (
        "and the holder says yes, in whatever order",
        ["Moving"],
        [agreement(1, OTHER_DATES, at=48), *LENT, LONGER],
        100,
        says("handed_over", 1, agreed_rounds=[0, 1], dates=list(OTHER_DATES)),
    ),
    (
        "or no",
        ["Moving"],
        [*LENT, LONGER, step(HOLDER, DECLINE, 1, b"", at=48)],
        100,
        says("handed_over", 1, agreed_rounds=[0]),
    ),
    (
        "or nothing in time",
        ["Moving", "Time"],
        [*LENT, LONGER],
        1045,
        says("handed_over", 1, agreed_rounds=[0]),
    ),
    (
        "the holder asks for it back sooner",
        ["Moving"],
        [*LENT, SOONER],
        100,
        says("handed_over", proposal=ASKED_SOONER),
    ),
    (
        "the borrower would rather not",
        ["Moving"],
        [*LENT, SOONER, step(BORROWER, DECLINE, 0, b"", at=48)],
        100,
        says("handed_over"),
    ),
    (
        "a longer loan agreed on while the thing came back",
        ["Moving", "Crossing"],
        [*LENT, RETURNED, LONGER, agreement(1, OTHER_DATES, at=55)],
        100,
        says("returned", 1, agreed_rounds=[0, 1], dates=list(OTHER_DATES), over_ms=50),
    ),
    ("damaged", ["Outcome"], [*LENT, BROKEN], 100, says("handed_over", damaged_by=[BORROWER])),
    ("lost", ["Outcome"], [*LENT, LOSS], 100, says("lost", over_ms=60)),
    (
        "lost and found",
        ["Outcome"],
        [*LENT, LOSS, CONFIRMED],
        100,
        says("returned", over_ms=70),
    ),
    (
        "lost, found and damaged",
        ["Outcome"],
        [*LENT, LOSS, CONFIRMED, step(HOLDER, REPORT, DAMAGED, b"", at=80)],
        100,
        says("returned", over_ms=70, damaged_by=[HOLDER]),
    ),
    ("given for good", ["Outcome"], [*LENT, GIVEN], 100, says("kept", over_ms=60)),
    (
        "lost and rated by both",
        ["Outcome", "Rating"],
        [*LENT, LOSS, COMMITTED, BOTH_COMMITTED],
        100,
        says("rated", over_ms=60, commitments=[[BORROWER, "62" * 32], [HOLDER, "68" * 32]]),
    ),
    (
        "one has rated",
        ["Rating"],
        [*LENT, RETURNED, COMMITTED],
        5000,
        says("returned", over_ms=50, commitments=[[BORROWER, "62" * 32]]),
    ),
    (
        "both have rated",
        ["Rating"],
        [*LENT, RETURNED, BOTH_COMMITTED, COMMITTED],
        5000,
        says(
            "rated",
            over_ms=50,
            commitments=[[BORROWER, "62" * 32], [HOLDER, "68" * 32]],
        ),
    ),
    ("the last millisecond to answer", ["Time"], [ASK], 1009, says("asked")),
    ("nobody answered", ["Time"], [ASK], 1010, says("expired")),
    (
        "nobody answered the proposal",
        ["Time"],
        [ASK, COUNTERED],
        1020,
        says("expired", **COUNTER_OFFER),
    ),
]

NEVER = says(None)
AGREED_STATE = says("agreed")
OUT = says("handed_over")

# comment, flags, steps, which of them does not count, reason, what the others say
INVALID: list[tuple[str, list[str], list[bytes], int, str, dict[str, Any]]] = [
    ("an agreement without a request", ["State"], [AGREED], 0, "not-now", NEVER),
    ("a second round without a first", ["Rounds"], [SECOND], 0, "wrong-round", NEVER),
    (
        "terms signed by somebody else",
        ["Signature"],
        [request(signer=STRANGER)],
        0,
        "bad-signature",
        NEVER,
    ),
    (
        "another path",
        ["Other"],
        [step(BORROWER, CANCEL, b"", path=PATH[::2])],
        0,
        "other-loan",
        NEVER,
    ),
    (
        "a stranger cancels",
        ["Role"],
        [ASK, step(STRANGER, CANCEL, b"")],
        1,
        "not-their-part",
        says("asked"),
    ),
    (
        "a go-between cancels",
        ["Role"],
        [ASK, step(BETWEEN, CANCEL, b"")],
        1,
        "not-their-part",
        says("asked"),
    ),
    (
        "the borrower agrees with itself",
        ["Role"],
        [ASK, step(BORROWER, AGREEMENT, 0, signed_terms(BORROWER, 0, DATES), b"")],
        1,
        "not-their-part",
        says("asked"),
    ),
    (
        "the holder passes on to itself",
        ["Role"],
        [ASK, step(HOLDER, PASS, 0, True)],
        1,
        "not-their-part",
        says("asked"),
    ),
    (
        "a go-between rates",
        ["Role"],
        [*LENT, RETURNED, step(BETWEEN, COMMITMENT, bytes(32))],
        4,
        "not-their-part",
        says("returned", over_ms=50),
    ),
    (
        "an agreement to other dates",
        ["Signature"],
        [ASK, agreement(0, OTHER_DATES)],
        1,
        "bad-signature",
        says("asked"),
    ),
    (
        "an agreement signed by a stranger",
        ["Signature"],
        [ASK, agreement(signer=STRANGER)],
        1,
        "bad-signature",
        says("asked"),
    ),
    (
        "an answer to a round not asked",
        ["Rounds"],
        [ASK, counter(1)],
        1,
        "wrong-round",
        says("asked"),
    ),
    ("a round nobody proposed", ["Rounds"], [ASK, SECOND], 1, "not-now", says("asked")),
    (
        "a round left out",
        ["Rounds"],
        [ASK, COUNTERED, request(2, OTHER_DATES)],
        2,
        "wrong-round",
        says("countered", **COUNTER_OFFER),
    ),
    (
        "a second round about another thing",
        ["Other"],
        [ASK, COUNTERED, request(1, OTHER_DATES, thing=b"X" * 16)],
        2,
        "other-thing",
        says("countered", **COUNTER_OFFER),
    ),
    (
        "a hand-over before the agreement",
        ["State"],
        [ASK, HANDED_OVER],
        1,
        "not-now",
        says("asked"),
    ),
    (
        "a return before the hand-over",
        ["State"],
        [ASK, AGREED, RETURNED],
        2,
        "not-now",
        AGREED_STATE,
    ),
    ("a rating before the return", ["State"], [*LENT, COMMITTED], 3, "not-now", OUT),
    ("a cancellation after the hand-over", ["Crossing"], [*LENT, WITHDRAWN], 3, "not-now", OUT),
    (
        "a refusal after the agreement",
        ["State"],
        [ASK, AGREED, DECLINED],
        2,
        "not-now",
        AGREED_STATE,
    ),
    (
        "a withdrawal after the refusal",
        ["Crossing"],
        [WITHDRAWN, ASK, DECLINED],
        0,
        "not-now",
        says("declined", ended_by=HOLDER),
    ),
    (
        "the borrower says that what the holder lost is back",
        ["Outcome", "Crossing"],
        [*LENT, LOSS, RETURNED],
        4,
        "not-now",
        says("lost", over_ms=60),
    ),
    (
        "the borrower takes it as a gift",
        ["Outcome", "Role"],
        [*LENT, step(BORROWER, REPORT, GIFT, b"", at=60)],
        3,
        "not-their-part",
        OUT,
    ),
    ("a loss before the hand-over", ["Outcome"], [ASK, AGREED, LOSS], 2, "not-now", AGREED_STATE),
    (
        "what was given is lost",
        ["Outcome"],
        [*LENT, LOSS, GIVEN],
        3,
        "not-now",
        says("kept", over_ms=60),
    ),
    (
        "a go-between says that it was damaged",
        ["Outcome", "Role"],
        [*LENT, step(BETWEEN, REPORT, DAMAGED, b"", at=60)],
        3,
        "not-their-part",
        OUT,
    ),
    (
        "damage said a second time",
        ["Outcome", "Register"],
        [*LENT, BROKEN, step(BORROWER, REPORT, DAMAGED, b"x", at=61, sequence=9)],
        4,
        "said-before",
        says("handed_over", damaged_by=[BORROWER]),
    ),
    (
        "the borrower answers its own proposal",
        ["Moving"],
        [*LENT, LONGER, step(BORROWER, DECLINE, 1, b"", at=48)],
        4,
        "not-now",
        says("handed_over", 1, agreed_rounds=[0], proposal=ASKED_LONGER),
    ),
    (
        "a yes to other dates that comes too late",
        ["Moving", "Time"],
        [*LENT, LONGER, agreement(1, OTHER_DATES, at=1045)],
        4,
        "too-late",
        says("handed_over", 1, agreed_rounds=[0]),
    ),
    (
        "a yes to the old dates after the new ones were asked for",
        ["Moving", "Signature"],
        [*LENT, LONGER, agreement(1, DATES, at=48)],
        4,
        "bad-signature",
        says("handed_over", 1, agreed_rounds=[0], proposal=ASKED_LONGER),
    ),
    (
        "an answer that comes too late",
        ["Time"],
        [ASK, agreement(at=1010)],
        1,
        "too-late",
        says("expired"),
    ),
    (
        "a recommendation that comes too late",
        ["Time"],
        [ASK, step(BETWEEN, PASS, 0, True, at=1010)],
        1,
        "too-late",
        says("expired"),
    ),
    (
        "a second version of the request",
        ["Register"],
        [request(dates=OTHER_DATES, sequence=2), ASK],
        0,
        "said-before",
        says("asked"),
    ),
    (
        "a hand-over that would be forgotten before the loan",
        ["Time"],
        [ASK, AGREED, step(HOLDER, HANDOVER, at=40, ends=10**9 - 1)],
        2,
        "ends-early",
        AGREED_STATE,
    ),
    (
        "a step of another loan",
        ["Other"],
        [ASK, step(HOLDER, CANCEL, b"", loan=b"M" * 16)],
        1,
        "other-loan",
        says("asked"),
    ),
]


def build() -> str:
    """Give the text of the file."""
    cases: list[dict[str, Any]] = []
    for place, (comment, flags, steps, now_ms, decoded) in enumerate(VALID, 1):
        case: dict[str, Any] = {"id": f"valid-{place}", "comment": comment, "flags": flags}
        case |= {"input": [s.hex() for s in steps], "now_ms": now_ms}
        cases.append(case | {"result": "valid", "error": None, "ignored": None, "decoded": decoded})
    for place, (comment, flags, steps, ignored, reason, decoded) in enumerate(INVALID, 1):
        case = {"id": f"invalid-{place}", "comment": comment, "flags": flags}
        case |= {"input": [s.hex() for s in steps], "now_ms": 1500 if "Time" in flags else 100}
        cases.append(
            case | {"result": "invalid", "error": reason, "ignored": ignored, "decoded": decoded}
        )
    for case in cases:
        if case["decoded"]["state"] is None:
            case["decoded"] = None
    document = {
        "schema": "openhouse vectors 1",
        "spec_section": "11.2",
        "source": "tests/vectors/make_exchange.py, written from the text of the spec",
        "about": (
            "`input` is a set of envelopes. What the steps of `loan` on `path` among them say at "
            "`now_ms`, with a request window of `window_ms`, is `decoded`, null when there is no "
            "loan yet. In an invalid case the step number `ignored` does not count, for the reason "
            "`error`; in a valid case all count. The order of `input` does not matter. Members are "
            "named by their part: `members` has their keys, each the Ed25519 key whose seed is the "
            "SHA-256 of its name."
        ),
        "loan": LOAN.hex(),
        "thing": THING.hex(),
        "house": HOUSE.hex(),
        "path": [BORROWER, BETWEEN, HOLDER],
        "members": {n: member(n).hex() for n in (BORROWER, BETWEEN, HOLDER, STRANGER)},
        "window_ms": WINDOW_MS,
        "notes": NOTES,
    }
    # One case a line: a changed case is one changed line in a review.
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    return json.dumps(document, indent=1)[:-2] + ',\n "cases": [\n' + lines + "\n ]\n}\n"


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
