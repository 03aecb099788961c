"""Make `protocol/vectors/records.json`: run this file as a script.

Written from the text of Spec §5 with `hashlib`, Ed25519 of the `cryptography` package
and the spelling of `make_encoding.py`; nothing of the `protocol` package is used, so
that the vectors and the implementation can disagree. All keys are fixed.
"""

from __future__ import annotations

import hashlib
import json
import runpy
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / "protocol" / "vectors" / "records.json"
SPELL: Callable[[object], bytes] = runpy.run_path(str(HERE / "make_encoding.py"))["spell"]

NOTES = {
    "Open": "check an envelope; `decoded` has the header, the body and the id",
    "Register": "two records of one register: which one stands, and whether they prove "
    "that their author equivocated",
    "Envelope": "the outer array of three byte strings",
    "Header": "the twelve fields",
    "Body": "the fields of one kind",
    "Extension": "the extension slot",
    "Limit": "at a limit, or one above it",
    "Key": "the author's key",
    "Signature": "the signature does not fit",
    "Mandate": "the third byte string: device keys and successors of root keys (Spec §18)",
}

Fields = list[object]
Case = dict[str, object]


def digest(domain: str, *parts: bytes) -> bytes:
    return hashlib.sha256(b"openhouse/1 " + domain.encode() + b"\0" + b"".join(parts)).digest()


def named(name: str, size: int = 32) -> bytes:
    """Bytes that belong to a name and mean nothing."""
    return hashlib.sha256(name.encode()).digest()[:size]


def plain(value: object) -> object:
    """A value as the vectors write it: byte strings as {bytes: hex}."""
    match value:
        case bytes():
            return {"bytes": value.hex()}
        case list() | tuple():
            return [plain(item) for item in value]
        case dict():
            return {"map": [[key, plain(item)] for key, item in value.items()]}
    return value


def spell(value: object) -> bytes:
    return SPELL(plain(value))


PEOPLE = ("ana", "bob", "cleo", "dan", "eve", "finn", "device")
SEEDS = {name: named(f"seed of {name}") for name in PEOPLE}
KEYS = {name: Ed25519PrivateKey.from_private_bytes(seed) for name, seed in SEEDS.items()}
ANA, BOB, CLEO, DAN, *_ = (key.public_key().public_bytes_raw() for key in KEYS.values())
HOUSE = named("house")
LOAN, THING = named("loan", 16), named("thing", 16)
CREATED, NOT_AFTER = 1_763_856_000_000, 1_766_448_000_000
MINUTE = 29_400_000

CHARTER, STATEMENT, SEAT, HALF, LISTING, WITHDRAWAL, KEY_RECORD = 1, 2, 3, 4, 5, 6, 7
VALIDATION, AMENDMENT = 8, 9
REQUEST, PASS, COUNTER, AGREEMENT, DECLINE, CANCEL, HANDOVER, RETURN = range(16, 24)
COMMITMENT, REPORT, RATING, REPAIR, ENTRY = 24, 25, 32, 33, 34
REPLY, RETRACTION, MEDIATION, SETTLEMENT = 36, 37, 26, 27

SIGNATURE = named("a") + named("b")
TERMS = [HOUSE, LOAN, THING, ANA, BOB, 1, MINUTE, MINUTE + 1440]
WAY = [BOB, CLEO, ANA]

SEAT_BODY: list[object] = [BOB, b"", bytes(32)]

BODIES: dict[int, Fields] = {
    CHARTER: ["Rue des Lilas", [ANA, BOB], [["max_circles", 3], ["seats", 2]]],
    STATEMENT: ["Ana", ["fr", "es"], named("link key"), b"", named("phone")],
    SEAT: SEAT_BODY,
    HALF: [BOB, named("revocation hash"), True, False],
    LISTING: [
        "Échelle",
        "3 m",
        1,
        2,
        [BOB],
        [[MINUTE, MINUTE + 60]],
        [[[0, 1440], [7200, 10_080]], 60, 2880],
        [[named("photo"), 524_288, named("thumbnail"), 32_768]],
        3,
        "Ne pas monter pieds nus",
        "",
        [],
    ],
    WITHDRAWAL: [THING, 0, 7, 2, [BOB]],
    KEY_RECORD: [named("next"), sorted([BOB, CLEO, DAN]), 2, False, [named("old device")]],
    VALIDATION: [BOB, True],
    AMENDMENT: [HOUSE, [["capacity_max", 5], ["max_circles", 2]]],
    REQUEST: [LOAN, WAY, 1, THING, MINUTE, MINUTE + 1440, SIGNATURE, named("link"), b"sealed"],
    PASS: [LOAN, WAY, 1, True],
    COUNTER: [LOAN, WAY, 1, MINUTE, MINUTE + 720, b""],
    AGREEMENT: [LOAN, WAY, 1, SIGNATURE, b""],
    DECLINE: [LOAN, WAY, 1, b"sorry"],
    CANCEL: [LOAN, WAY, b""],
    HANDOVER: [LOAN, WAY],
    RETURN: [LOAN, WAY],
    COMMITMENT: [LOAN, WAY, named("commitment")],
    REPORT: [LOAN, WAY, 3, b"the string broke"],
    REPAIR: [TERMS, SIGNATURE, SIGNATURE],
    RATING: [TERMS, SIGNATURE, SIGNATURE, 1, 8, named("salt", 16), 0],
    REPLY: [TERMS, SIGNATURE, SIGNATURE, "Le train avait une heure de retard."],
    RETRACTION: [TERMS, SIGNATURE, SIGNATURE],
    MEDIATION: [CLEO, TERMS, SIGNATURE, SIGNATURE, named("sealed to the mediator", 80)],
    SETTLEMENT: [LOAN, BOB, True],
    ENTRY: [LOAN, BOB, ANA, 20_000, named("due"), SIGNATURE, SIGNATURE, 2, named("link"), 1],
}
ALWAYS: Fields = [[], 0, 0]
EMPTY_LISTING: Fields = ["", "", 4, 0, [], [], ALWAYS, [], 0, "", "", []]
BUSIEST_WEEK = [[720 * n, 720 * n + 719] for n in range(14)]
SMALLEST_PHOTO = [named("photo"), 1, named("thumbnail"), 1]
NAMES = {
    CHARTER: "charter", STATEMENT: "statement", SEAT: "seat", HALF: "half", LISTING: "listing",
    WITHDRAWAL: "withdrawal", KEY_RECORD: "keys record", VALIDATION: "validation",
    AMENDMENT: "amendment",
    REQUEST: "request", PASS: "pass", COUNTER: "counter", AGREEMENT: "agreement",
    DECLINE: "decline", CANCEL: "cancel", HANDOVER: "handover", RETURN: "return",
    COMMITMENT: "commitment", REPORT: "report", RATING: "rating", REPAIR: "repair",
    ENTRY: "entry", REPLY: "reply", RETRACTION: "retraction",
    MEDIATION: "mediation", SETTLEMENT: "settlement",
}  # fmt: skip


def header(kind: int, body: object, /, **changed: object) -> Fields:
    """The twelve fields, some of them changed by name."""
    fields: dict[str, object] = {
        "version": 1, "kind": kind, "house": HOUSE, "author": ANA, "device": ANA,
        "object": THING, "epoch": 0, "sequence": 1, "created": CREATED,
        "not_after": NOT_AFTER, "body": body, "extensions": {},
    }  # fmt: skip
    assert changed.keys() <= fields.keys()
    return list((fields | changed).values())


def sign(unsigned: bytes, signer: str = "ana") -> bytes:
    return KEYS[signer].sign(digest("signature record", digest("record", unsigned)))


def envelope(unsigned: bytes, signature: bytes | None = None, mandate: bytes = b"") -> bytes:
    return spell([unsigned, sign(unsigned) if signature is None else signature, mandate])


def sealed(kind: int, body: object, /, **changed: object) -> bytes:
    """An envelope around a header, signed by Ana whatever it says."""
    return envelope(spell(header(kind, body, **changed)))


def with_field(kind: int, index: int, value: object) -> Fields:
    body = list(BODIES[kind])
    body[index] = value
    return body


def opened(comment: str, flags: list[str], kind: int, body: object, **changed: object) -> Case:
    fields = header(kind, body, **changed)
    unsigned = spell(fields)
    return {
        "comment": comment,
        "flags": ["Open", *flags],
        "input": envelope(unsigned).hex(),
        "result": "valid",
        "error": None,
        "decoded": {
            "header": plain(fields),
            "record_id": digest("record", unsigned).hex(),
            "signed": digest("signature record", digest("record", unsigned)).hex(),
        },
    }


def refused(comment: str, flag: str, error: str, data: bytes) -> Case:
    return {
        "comment": comment, "flags": ["Open", flag], "input": data.hex(),
        "result": "invalid", "error": error, "decoded": None,
    }  # fmt: skip


# --- valid -----------------------------------------------------------------------------


def valid_cases() -> list[Case]:
    cases = [opened(f"a {NAMES[kind]}", ["Body"], kind, body) for kind, body in BODIES.items()]
    most_busy = [[n, n + 1] for n in range(0, 200, 2)]
    cases += [
        opened("an empty listing", ["Body"], LISTING, EMPTY_LISTING),
        opened("longest title", ["Limit"], LISTING, with_field(LISTING, 0, "é" * 80)),
        opened("longest text", ["Limit"], LISTING, with_field(LISTING, 1, "x" * 4096)),
        opened("longest conditions", ["Limit"], LISTING, with_field(LISTING, 9, "é" * 256)),
        opened("longest licence", ["Limit"], LISTING, with_field(LISTING, 10, "é" * 40)),
        opened("a file", ["Body"], LISTING, with_field(LISTING, 11, ["ep1.ogg", named("file"), 1])),
        opened(
            "the largest file",
            ["Limit"],
            LISTING,
            with_field(LISTING, 11, ["é" * 80, named("file"), 536_870_912]),
        ),
        opened("a category of a later version", ["Body"], LISTING, with_field(LISTING, 8, 255)),
        opened(
            "the busiest week", ["Limit"], LISTING, with_field(LISTING, 6, [BUSIEST_WEEK, 0, 0])
        ),
        opened("most photos", ["Limit"], LISTING, with_field(LISTING, 7, [SMALLEST_PHOTO] * 4)),
        opened("most busy intervals", ["Limit"], LISTING, with_field(LISTING, 5, most_busy)),
        opened("longest path", ["Limit"], HANDOVER, [LOAN, [ANA, BOB, CLEO, DAN, named("e")]]),
        opened("one founder", ["Body"], CHARTER, ["x", [ANA], []]),
        opened("greatest version", ["Limit"], SEAT, SEAT_BODY, epoch=2**53 - 1, sequence=2**53 - 1),
        opened("shortest lease", ["Limit"], SEAT, SEAT_BODY, not_after=CREATED + 1),
        opened(
            "an odd extension is ignored", ["Extension"], SEAT, SEAT_BODY, extensions={1: "new"}
        ),
    ]
    return cases


def register_cases() -> list[Case]:
    """Pairs of one register. The smaller id is found by hashing, as a reader would."""
    seven = spell(header(LISTING, BODIES[LISTING], sequence=7))
    other = spell(header(LISTING, with_field(LISTING, 0, "Ladder"), sequence=7))
    eight = spell(header(LISTING, BODIES[LISTING], sequence=8))
    early = spell(header(LISTING, BODIES[LISTING], sequence=9, created=1, not_after=2))
    epoch = spell(header(LISTING, BODIES[LISTING], epoch=1, sequence=1))
    smaller, greater = sorted((seven, other), key=lambda unsigned: digest("record", unsigned))
    pairs = [
        ("the greater sequence stands", seven, eight, "other", False),
        ("whatever the times say", early, eight, "one", False),
        ("the greater epoch stands before any sequence", epoch, early, "one", False),
        ("of two bodies at one version the smaller id stands", smaller, greater, "one", True),
        ("in whichever order they come", greater, smaller, "other", True),
        ("the same record twice is no equivocation", seven, seven, "one", False),
    ]
    return [
        {
            "comment": comment,
            "flags": ["Register"],
            "input": [envelope(one).hex(), envelope(two).hex()],
            "result": "valid",
            "error": None,
            "decoded": {"stands": stands, "equivocation": equivocation},
        }
        for comment, one, two, stands, equivocation in pairs
    ]


# --- invalid ---------------------------------------------------------------------------

MALFORMED, CANONICAL, LARGE = "malformed", "not-canonical", "too-large"


def envelope_cases() -> list[Case]:
    good = sealed(SEAT, SEAT_BODY)
    unsigned = spell(header(SEAT, SEAT_BODY))
    signature = sign(unsigned)
    flag = "Envelope"
    longer = (
        b"\x93\xc5" + len(unsigned).to_bytes(2, "big") + unsigned + spell(signature) + b"\xc4\0"
    )
    many = [bytes([n]) * 32 for n in range(30)]
    return [
        refused("nothing", flag, MALFORMED, b""),
        refused("cut short", flag, MALFORMED, good[:-1]),
        refused("a byte too many", flag, MALFORMED, good + b"\0"),
        refused("one element", flag, MALFORMED, spell([unsigned])),
        refused("two elements", flag, MALFORMED, spell([unsigned, signature])),
        refused("four elements", flag, MALFORMED, spell([unsigned, signature, b"", 0])),
        refused("mandate is a number", flag, MALFORMED, spell([unsigned, signature, 0])),
        refused("not an array", flag, MALFORMED, spell(unsigned)),
        refused("unsigned is a text", flag, MALFORMED, spell(["record", signature, b""])),
        refused("signature of 63 bytes", flag, MALFORMED, spell([unsigned, signature[:63], b""])),
        refused("signature of 65 bytes", flag, MALFORMED,
                spell([unsigned, signature + b"\0", b""])),
        refused("a length spelled longer than needed", flag, CANONICAL, longer),
        refused("16,385 bytes", "Limit", LARGE, _padded(LISTING, 16_385)),
        refused("a half of 1,025 bytes", "Limit", LARGE, _padded(HALF, 1025)),
        refused("a seat of 1,025 bytes", "Limit", LARGE, _padded(SEAT, 1025)),
        refused("a statement of 2,049 bytes", "Limit", LARGE, _padded(STATEMENT, 2049)),
        refused("a keys record of 4,097 bytes", "Limit", LARGE, _padded(KEY_RECORD, 4097)),
        refused("an amendment of 4,097 bytes", "Limit", LARGE, _padded(AMENDMENT, 4097)),
        refused("a rating of 2,049 bytes", "Limit", LARGE, _padded(RATING, 2049)),
        refused("`through` of 33 members", "Limit", MALFORMED,
                sealed(LISTING, with_field(LISTING, 4, [*many, ANA, BOB, CLEO]))),
    ]  # fmt: skip


def _padded(kind: int, size: int) -> bytes:
    """An envelope of this size, filled up in an odd extension."""
    start = size - len(sealed(kind, BODIES[kind]))
    for fill in range(start, 0, -1):
        data = sealed(kind, BODIES[kind], extensions={1: bytes(fill)})
        if len(data) == size:
            return data
    raise AssertionError("no filling gives this size")


def header_cases() -> list[Case]:
    body = BODIES[SEAT]
    changes: list[tuple[str, str, dict[str, object]]] = [
        ("version 0", MALFORMED, {"version": 0}),
        ("version 2", MALFORMED, {"version": 2}),
        ("version is a text", MALFORMED, {"version": "1"}),
        ("kind 0", MALFORMED, {"kind": 0}),
        ("kind 15 is not given", MALFORMED, {"kind": 15}),
        ("kind 256", MALFORMED, {"kind": 256}),
        ("house of 31 bytes", MALFORMED, {"house": bytes(31)}),
        ("author of 33 bytes", MALFORMED, {"author": ANA + b"\0", "device": ANA + b"\0"}),
        ("device differs from author without a mandate", MALFORMED, {"device": BOB}),
        ("object of 15 bytes", MALFORMED, {"object": bytes(15)}),
        ("epoch is true", MALFORMED, {"epoch": True}),
        ("sequence is bytes", MALFORMED, {"sequence": b"\1"}),
        ("the lease ends as it begins", MALFORMED, {"not_after": CREATED}),
        ("the lease ends before it begins", MALFORMED, {"not_after": CREATED - 1}),
        ("body is bytes", MALFORMED, {"body": b""}),
        ("body is empty", MALFORMED, {"body": []}),
        ("extensions are an array", MALFORMED, {"extensions": []}),
        ("an even extension is not known", "unknown-critical", {"extensions": {2: 0}}),
        ("extension 0 is not known", "unknown-critical", {"extensions": {0: 0}}),
        ("extensions out of order", CANONICAL, {"extensions": {3: 0, 1: 0}}),
    ]
    cases = [
        refused(
            c, "Extension" if "xtension" in c else "Header", error, sealed(SEAT, body, **change)
        )
        for c, error, change in changes
    ]
    eleven = spell(header(SEAT, body)[:-1])
    thirteen = spell([*header(SEAT, body), 0])
    cases.append(refused("eleven fields", "Header", MALFORMED, envelope(eleven)))
    cases.append(refused("thirteen fields", "Header", MALFORMED, envelope(thirteen)))
    cases.append(refused("not an array", "Header", MALFORMED, envelope(spell("record"))))
    cut = spell(header(SEAT, body))[:-1]
    cases.append(refused("unsigned is cut short", "Header", MALFORMED, envelope(cut)))
    return cases


BODY_CHANGES: list[tuple[str, int, int, object, str]] = [
    ("a name of 81 bytes", CHARTER, 0, "x" * 81, MALFORMED),
    ("three founders", CHARTER, 1, [ANA, BOB, CLEO], MALFORMED),
    ("a founder twice", CHARTER, 1, [ANA, ANA], MALFORMED),
    ("parameters not sorted", CHARTER, 2, [["seats", 2], ["max_circles", 3]], MALFORMED),
    ("a parameter twice", CHARTER, 2, [["seats", 2], ["seats", 2]], MALFORMED),
    ("a parameter of three", CHARTER, 2, [["seats", 2, 2]], MALFORMED),
    ("an amendment of half a version", AMENDMENT, 0, bytes(16), MALFORMED),
    ("an amendment of nothing", AMENDMENT, 1, [], MALFORMED),
    ("changes not sorted", AMENDMENT, 1, [["seats", 2], ["max_circles", 3]], MALFORMED),
    ("a number changed twice", AMENDMENT, 1, [["seats", 2], ["seats", 3]], MALFORMED),
    ("a number that becomes a text", AMENDMENT, 1, [["seats", "two"]], MALFORMED),
    ("nine languages", STATEMENT, 1, ["fr"] * 9, MALFORMED),
    ("a language of 17 bytes", STATEMENT, 1, ["x" * 17], MALFORMED),
    ("a link key of 31 bytes", STATEMENT, 2, bytes(31), MALFORMED),
    ("a commitment of 31 bytes", STATEMENT, 3, bytes(31), MALFORMED),
    ("a commitment of 1 byte", STATEMENT, 4, bytes(1), MALFORMED),
    ("a candidate of 31 bytes", SEAT, 0, bytes(31), MALFORMED),
    ("a checked address of 31 bytes", SEAT, 1, bytes(31), MALFORMED),
    ("a checked number that is true", SEAT, 2, True, MALFORMED),
    ("a friend that is a text", HALF, 0, "bob", MALFORMED),
    ("a hash of 33 bytes", HALF, 1, bytes(33), MALFORMED),
    ("`shows` is 1", HALF, 2, 1, MALFORMED),
    ("`friend is member` is 0", HALF, 3, 0, MALFORMED),
    ("a title of 161 bytes", LISTING, 0, "é" * 80 + "x", MALFORMED),
    ("a text of 4,097 bytes", LISTING, 1, "x" * 4097, LARGE),
    ("thing kind 0", LISTING, 2, 0, MALFORMED),
    ("thing kind 6", LISTING, 2, 6, MALFORMED),
    ("five circles", LISTING, 3, 5, MALFORMED),
    ("`through` names one twice", LISTING, 4, [BOB, BOB], MALFORMED),
    ("an empty interval", LISTING, 5, [[MINUTE, MINUTE]], MALFORMED),
    ("an interval that ends first", LISTING, 5, [[MINUTE, MINUTE - 1]], MALFORMED),
    ("a week of more than seven days", LISTING, 6, [[[0, 10_081]], 0, 0], MALFORMED),
    ("a week that goes backwards", LISTING, 6, [[[60, 120], [0, 30]], 0, 0], MALFORMED),
    ("intervals of the week that touch", LISTING, 6, [[[0, 30], [30, 60]], 0, 0], MALFORMED),
    (
        "15 intervals of the week",
        LISTING,
        6,
        [[[n, n + 1] for n in range(0, 30, 2)], 0, 0],
        MALFORMED,
    ),
    ("no longest loan", LISTING, 6, [[], 0], MALFORMED),
    ("five photos", LISTING, 7, [SMALLEST_PHOTO] * 5, MALFORMED),
    ("a photo of no bytes", LISTING, 7, [[named("photo"), 0, named("thumbnail"), 1]], MALFORMED),
    (
        "a photo above its limit",
        LISTING,
        7,
        [[named("photo"), 524_289, named("thumbnail"), 1]],
        MALFORMED,
    ),
    (
        "a thumbnail above its limit",
        LISTING,
        7,
        [[named("photo"), 1, named("thumbnail"), 32_769]],
        MALFORMED,
    ),
    ("category 256", LISTING, 8, 256, MALFORMED),
    ("a category that is a word", LISTING, 8, "tools", MALFORMED),
    ("conditions of 513 bytes", LISTING, 9, "é" * 256 + "x", MALFORMED),
    ("a licence of 81 bytes", LISTING, 10, "x" * 81, MALFORMED),
    ("a file of no bytes", LISTING, 11, ["ep1.ogg", named("file"), 0], MALFORMED),
    ("a file above its limit", LISTING, 11, ["ep1.ogg", named("file"), 536_870_913], MALFORMED),
    ("a file without a size", LISTING, 11, ["ep1.ogg", named("file")], MALFORMED),
    ("a file's name of 31 bytes", LISTING, 11, ["ep1.ogg", bytes(31), 1], MALFORMED),
    ("a file's title of 161 bytes", LISTING, 11, ["x" * 161, named("file"), 1], MALFORMED),
    ("101 intervals", LISTING, 5, [[n, n + 1] for n in range(101)], MALFORMED),
    ("a validation of 31 bytes", VALIDATION, 0, bytes(31), MALFORMED),
    ("a validation that holds one", VALIDATION, 1, 1, MALFORMED),
    ("a target of 32 bytes", WITHDRAWAL, 0, bytes(32), MALFORMED),
    ("a withdrawal over five circles", WITHDRAWAL, 3, 5, MALFORMED),
    ("a withdrawal through one twice", WITHDRAWAL, 4, [BOB, BOB], MALFORMED),
    ("a promise of 31 bytes", KEY_RECORD, 0, bytes(31), MALFORMED),
    ("guardians not sorted", KEY_RECORD, 1, sorted([BOB, CLEO], reverse=True), MALFORMED),
    ("a guardian twice", KEY_RECORD, 1, [BOB, BOB], MALFORMED),
    ("17 guardians", KEY_RECORD, 1, [bytes([n]) * 32 for n in range(17)], MALFORMED),
    ("one approval is enough", KEY_RECORD, 2, 1, MALFORMED),
    ("five approvals", KEY_RECORD, 2, 5, MALFORMED),
    ("`frozen` is 1", KEY_RECORD, 3, 1, MALFORMED),
    ("revoked keys not sorted", KEY_RECORD, 4, [bytes([2]) * 32, bytes([1]) * 32], MALFORMED),
    ("65 revoked keys", KEY_RECORD, 4, [bytes([n]) * 32 for n in range(65)], MALFORMED),
    ("a path of one", REQUEST, 1, [BOB], MALFORMED),
    ("a path of six", REQUEST, 1, [bytes([n]) * 32 for n in range(6)], MALFORMED),
    ("a path through one twice", REQUEST, 1, [BOB, CLEO, BOB], MALFORMED),
    ("an empty time", REQUEST, 5, MINUTE, MALFORMED),
    ("a terms signature of 63 bytes", REQUEST, 6, bytes(63), MALFORMED),
    ("a sealed text of 4,161 bytes", REQUEST, 8, bytes(4161), MALFORMED),
    ("`recommends` is 1", PASS, 3, 1, MALFORMED),
    ("a round that is a text", PASS, 2, "1", MALFORMED),
    ("a counter that ends first", COUNTER, 4, MINUTE - 1, MALFORMED),
    ("a holder's signature that is empty", AGREEMENT, 3, b"", MALFORMED),
    ("a loan of 15 bytes", DECLINE, 0, bytes(15), MALFORMED),
    ("a sealed text that is a text", CANCEL, 2, "sorry", MALFORMED),
    ("a commitment to a rating of 31 bytes", COMMITMENT, 2, bytes(31), MALFORMED),
    ("event 0", REPORT, 2, 0, MALFORMED),
    ("event 4", REPORT, 2, 4, MALFORMED),
    ("a repair of terms of nine", REPAIR, 0, [*TERMS, 1], MALFORMED),
    ("a repair of terms that nobody signed", REPAIR, 2, b"", MALFORMED),
    ("an entry of a loan of 15 bytes", ENTRY, 0, bytes(15), MALFORMED),
    ("an entry with particulars of 31 bytes", ENTRY, 4, bytes(31), MALFORMED),
    ("an entry that nobody signed", ENTRY, 5, b"", MALFORMED),
    ("an entry whose number is a text", ENTRY, 7, "1", MALFORMED),
    ("an entry after half a link", ENTRY, 8, bytes(16), MALFORMED),
    ("an entry without its first number", ENTRY, 9, False, MALFORMED),
    ("terms of seven", RATING, 0, TERMS[:7], MALFORMED),
    ("terms that end first", RATING, 0, [*TERMS[:7], MINUTE], MALFORMED),
    ("confiance 2", RATING, 3, 2, MALFORMED),
    ("respect 11", RATING, 4, 11, MALFORMED),
    ("a salt of 15 bytes", RATING, 5, bytes(15), MALFORMED),
    ("a fault in what went as agreed", RATING, 6, 2, MALFORMED),
    ("no fault in what did not", RATING, 3, 0, MALFORMED),
    ("a fault that nobody knows", RATING, 6, 7, MALFORMED),
    ("a mediator of 31 bytes", MEDIATION, 0, bytes(31), MALFORMED),
    ("a mediation of terms that nobody signed", MEDIATION, 2, b"", MALFORMED),
    ("a mediation with 4,161 sealed bytes", MEDIATION, 4, bytes(4161), MALFORMED),
    ("`settled` is 1", SETTLEMENT, 2, 1, MALFORMED),
    ("a settlement of a loan of 15 bytes", SETTLEMENT, 0, bytes(15), MALFORMED),
    ("a reply without a word", REPLY, 3, "", MALFORMED),
    ("a reply of 401 bytes", REPLY, 3, "a" * 401, MALFORMED),
    ("a reply to terms that nobody signed", REPLY, 1, b"", MALFORMED),
    ("a retraction of terms of seven", RETRACTION, 0, TERMS[:7], MALFORMED),
]


def body_cases() -> list[Case]:
    cases = [
        refused(comment, "Body", error, sealed(kind, with_field(kind, index, value)))
        for comment, kind, index, value, error in BODY_CHANGES
    ]
    for kind, name in NAMES.items():
        data = sealed(kind, [*BODIES[kind], 0])
        cases.append(refused(f"a {name} with a field too many", "Body", MALFORMED, data))
    return cases


def key_cases() -> list[Case]:
    unsigned = spell(header(SEAT, SEAT_BODY))
    good = sign(unsigned)
    identity = (1).to_bytes(32, "little")
    past_p = (2**255 - 19 + 1).to_bytes(32, "little")
    # What the identity point accepts for every message in a careless library.
    constant = identity + bytes(32)

    def by(key: bytes) -> bytes:
        return envelope(spell(header(SEAT, SEAT_BODY, author=key, device=key)), constant)

    flipped = bytes([good[0] ^ 1]) + good[1:]
    bare = KEYS["ana"].sign(digest("record", unsigned))
    wrong = KEYS["ana"].sign(digest("contract", digest("record", unsigned)))
    changed = spell(header(SEAT, SEAT_BODY, sequence=2))
    return [
        refused("the identity point", "Key", "bad-key", by(identity)),
        refused("a key of order two", "Key", "bad-key", by((2**255 - 20).to_bytes(32, "little"))),
        refused("a key spelled above p", "Key", "bad-key", by(past_p)),
        refused("32 bytes that are no point", "Key", "bad-key", by(bytes([2]) + bytes(31))),
        refused("one bit changed", "Signature", "bad-signature", envelope(unsigned, flipped)),
        refused("all zeros", "Signature", "bad-signature", envelope(unsigned, bytes(64))),
        refused("by somebody else", "Signature", "bad-signature",
                envelope(unsigned, sign(unsigned, "bob"))),
        refused("of another record", "Signature", "bad-signature", envelope(changed, good)),
        refused("over the id alone", "Signature", "bad-signature", envelope(unsigned, bare)),
        refused("for another purpose", "Signature", "bad-signature", envelope(unsigned, wrong)),
    ]  # fmt: skip


# --- mandates (Spec §18.1, §18.3) --------------------------------------------------------

DAY = 24 * 3600 * 1000
FROM, UNTIL = CREATED - DAY, CREATED + 300 * DAY


def packed(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(8, "big") for number in numbers)


def successor(number: int, name: str, start: int, *guardians: str) -> Fields:
    """The array of a successor of Ana's root, approved by these."""
    key = KEYS[name].public_key().public_bytes_raw()
    message = digest("signature succession", ANA, key, packed(number, start))
    approvals = [
        [KEYS[guardian].public_key().public_bytes_raw(), KEYS[guardian].sign(message)]
        for guardian in guardians
    ]
    return [key, start, sorted(approvals)]


def vouched(one: Fields) -> bytes:
    """What of a successor the mandate's signature covers."""
    key, start, _ = one
    assert isinstance(key, bytes)
    assert isinstance(start, int)
    return key + packed(start)


def mandate(
    device: bytes,
    successors: list[Fields] | None = None,
    start: int = FROM,
    end: int = UNTIL,
    *,
    root: str = "ana",
    signature: bytes | None = None,
    shown: list[Fields] | None = None,
) -> bytes:
    """Ana's mandate for a device, signed by one of the roots; ``shown`` is another chain."""
    chain = successors or []
    times = packed(len(chain), start, end)
    message = digest("signature mandate", ANA, device, times, *map(vouched, chain))
    signed = KEYS[root].sign(message) if signature is None else signature
    return spell([chain if shown is None else shown, start, end, signed])


def by_device(right: bytes, device: str = "device", **changed: object) -> tuple[bytes, Fields]:
    """A seat that Ana's device signed, under this mandate."""
    key = KEYS[device].public_key().public_bytes_raw()
    fields = header(SEAT, SEAT_BODY, device=key, **changed)
    unsigned = spell(fields)
    return envelope(unsigned, sign(unsigned, device), right), fields


def mandated(comment: str, right: bytes, device: str = "device") -> Case:
    data, fields = by_device(right, device)
    unsigned = spell(fields)
    return {
        "comment": comment, "flags": ["Open", "Mandate"], "input": data.hex(),
        "result": "valid", "error": None,
        "decoded": {
            "header": plain(fields),
            "record_id": digest("record", unsigned).hex(),
            "signed": digest("signature record", digest("record", unsigned)).hex(),
            "mandate": {"bytes": right.hex()},
        },
    }  # fmt: skip


def mandate_cases() -> list[Case]:
    device = KEYS["device"].public_key().public_bytes_raw()
    second = successor(1, "eve", FROM)
    earlier = successor(1, "eve", FROM - DAY)
    third = successor(2, "finn", FROM + 1)
    approved = successor(1, "eve", FROM, "bob", "cleo")
    eve = KEYS["eve"].public_key().public_bytes_raw()
    bad, wrong, flag = "bad-signature", MALFORMED, "Mandate"

    def no(comment: str, error: str, right: bytes, who: str = "device") -> Case:
        return refused(comment, flag, error, by_device(right, who)[0])

    approvals = approved[2]
    assert isinstance(approvals, list)
    forged: Fields = [eve, FROM, [approvals[0], [approvals[1][0], bytes(64)]]]
    unsorted: Fields = [eve, FROM, approvals[::-1]]
    identity = (1).to_bytes(32, "little")
    return [
        mandated("a device with a mandate", mandate(device)),
        mandated("a mandate of a year", mandate(device, start=CREATED, end=CREATED + 365 * DAY)),
        mandated("under a second root", mandate(device, [second], root="eve")),
        mandated("under a third root", mandate(device, [second, third], FROM + 1, root="finn")),
        mandated("with guardians' approvals", mandate(device, [approved], root="eve")),
        mandated("a second root itself", mandate(eve, [second], root="eve"), "eve"),
        refused("the author's own key with a mandate", flag, wrong,
                envelope(spell(header(SEAT, SEAT_BODY)), None, mandate(device))),
        no("a mandate for another device", bad, mandate(BOB)),
        no("signed by somebody else", bad, mandate(device, root="bob")),
        no("signed by the device itself", bad, mandate(device, root="device")),
        no("not signed", wrong, mandate(device, signature=b"")),
        no("not signed by a root for itself", wrong, mandate(eve, [second], signature=b""), "eve"),
        no("a successor's time changed on the way", bad,
           mandate(device, [second], root="eve", shown=[earlier])),
        no("a root's own successor's time changed on the way", bad,
           mandate(eve, [second], root="eve", shown=[earlier]), "eve"),
        no("a signature of 63 bytes", wrong, mandate(device, signature=bytes(63))),
        no("it ends before it begins", wrong, mandate(device, start=UNTIL, end=FROM)),
        no("a day more than a year", wrong, mandate(device, end=FROM + 366 * DAY)),
        no("a record from before", wrong, mandate(device, start=CREATED + 1)),
        no("a record from after", wrong, mandate(device, end=CREATED)),
        no("the former root signs it", bad, mandate(device, [second])),
        no("the third root, signed by the second", bad,
           mandate(device, [second, third], FROM + 1, root="eve")),
        no("the device is a former root", wrong,
           mandate(eve, [second, third], FROM + 1, root="finn"), "eve"),
        no("a root twice", wrong, mandate(device, [second, second], root="eve")),
        no("the author as successor", wrong, mandate(device, [[ANA, FROM, []]])),
        no("successors whose times decrease", wrong,
           mandate(device, [successor(1, "eve", FROM + 1), successor(2, "finn", FROM)],
                   FROM + 1, root="finn")),
        no("a mandate from before its root", wrong,
           mandate(device, [successor(1, "eve", FROM + 1)], root="eve")),
        no("a successor of small order", "bad-key", mandate(device, [[identity, FROM, []]])),
        no("a forged approval", bad, mandate(device, [forged], root="eve")),
        no("an approval for another number", bad,
           mandate(device, [successor(2, "eve", FROM, "bob", "cleo")], root="eve")),
        no("approvals not sorted", wrong, mandate(device, [unsorted], root="eve")),
        no("five approvals", wrong,
           mandate(device, [successor(1, "eve", FROM, "bob", "cleo", "dan", "finn", "device")],
                   root="eve")),
        no("nine successors", wrong,
           mandate(device, [[named(str(n)), FROM, []] for n in range(9)])),
        no("three elements", wrong, spell([[], FROM, UNTIL])),
        no("no array", wrong, spell(device)),
    ]  # fmt: skip


def build() -> str:
    """Give the text of the file."""
    cases = [*valid_cases(), *register_cases(), *envelope_cases(), *header_cases()]
    cases += [*body_cases(), *key_cases(), *mandate_cases()]
    counts = {"valid": 0, "invalid": 0}
    lines = []
    for case in cases:
        result = str(case["result"])
        counts[result] += 1
        lines.append("  " + json.dumps({"id": f"{result}-{counts[result]}", **case}))
    document = {
        "schema": "openhouse vectors 1",
        "spec_section": "5, 18.1",
        "source": "tests/vectors/make_records.py, written from the text of the spec",
        "about": (
            "The first flag names the operation. `decoded.header` is the array of twelve; byte "
            "strings are {bytes: hex}, maps {map: [[key, value]]}. `seeds` are the authors' keys."
        ),
        "seeds": {name: seed.hex() for name, seed in SEEDS.items()},
        "notes": NOTES,
    }
    # One case a line: a changed case is one changed line in a review.
    head = json.dumps(document, indent=1)[:-2]
    return head + ',\n "cases": [\n' + ",\n".join(lines) + "\n ]\n}\n"


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
