"""Make `protocol/vectors/sync.json`: run this file as a script.

Written from the text of Spec §8 with `hashlib`, plain searches over sets and the spelling
of `make_encoding.py`; nothing of the `protocol` package is used, so that the vectors and
the implementation can disagree.
"""

from __future__ import annotations

import hashlib
import json
import runpy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / "protocol" / "vectors" / "sync.json"
SPELL: Callable[[object], bytes] = runpy.run_path(str(HERE / "make_encoding.py"))["spell"]

NOTES = {
    "Message": "the bytes of one message; `decoded` is its array, byte strings as {bytes: hex}",
    "Stream": "a link, message by message: A streams its log, B asks for what it lacks",
    "Compare": "a comparison, message by message: the asker lacks `lacking` in the end",
    "Fingerprint": "number and fingerprint of a range of items",
    "Shape": "another type, length or kind of value than the message has",
    "Limit": "at a limit, or one above it",
    "Spelling": "a value spelled in another way than the canonical one",
    "Cursor": "where B's cursor into A's log stands after each message",
    "Paused": "A waits for a have before it goes on",
    "Liar": "the last answer must end the comparison",
}
SALT = bytes(range(16))
LOWEST = bytes(32)
TOP = b"\xff" * 33

Case = dict[str, object]
Step = dict[str, object]


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def item(number: int) -> bytes:
    return sha(str(number))


def numbered(*spans: tuple[int, int]) -> list[bytes]:
    return sorted(item(n) for start, end in spans for n in range(start, end))


def plain(value: object) -> object:
    """A value as the vectors write it: byte strings as {bytes: hex}."""
    match value:
        case bytes():
            return {"bytes": value.hex()}
        case list():
            return [plain(part) for part in value]
    return value


def spelled(value: object) -> bytes:
    return SPELL(plain(value))


# --- messages ------------------------------------------------------------------------------

A, B, C = item(1), item(2), item(3)
RANGE = [LOWEST, b"", 3, item(9)]

VALID_MESSAGES: list[tuple[str, str, list[object]]] = [
    ("have of a new node", "Shape", [1, b"epoch__A", bytes(8), 0]),
    ("have", "Shape", [1, b"epoch__B", b"epoch__A", 7]),
    ("have at the largest number", "Limit", [1, b"epoch__B", b"epoch__A", 2**53 - 1]),
    ("announce of nothing", "Shape", [2, 0, False, []]),
    ("announce", "Shape", [2, 9, True, [[A, 300], [B, 16384]]]),
    ("announce of 256", "Limit", [2, 256, False, [[item(n), 300] for n in range(256)]]),
    ("want", "Shape", [3, [A, B]]),
    ("records", "Shape", [4, [b"envelope", b"another"]]),
    ("missing", "Shape", [5, [A]]),
    ("paths taken back", "Shape", [6, A, []]),
    ("paths", "Shape", [6, A, [[[A, B], [C, item(4)]], [[A], []]]]),
    ("revoked", "Shape", [7, [[A, 0], [B, 6]]]),
    ("addresses", "Shape", [8, ["192.0.2.1:4711", "[2001:db8::1]:4711"]]),
    ("compare of everything", "Shape", [12, SALT, [RANGE]]),
    ("compare of two ranges", "Shape", [12, SALT, [[LOWEST, B, 0, LOWEST], [B, b"", 1, A]]]),
    ("compared: agreed", "Shape", [13, SALT, LOWEST, b"", []]),
    ("compared in parts", "Shape", [13, SALT, LOWEST, b"", [[LOWEST, 2, A], [B, 0, LOWEST]]]),
    ("listed", "Shape", [14, SALT, LOWEST, b"", False, [A, B]]),
    ("listed, and more follows", "Shape", [14, SALT, A, b"\xff" * 32, True, [B]]),
    ("lazy", "Shape", [15, [A]]),
]

INVALID_MESSAGES: list[tuple[str, str, list[object], str]] = [
    ("nothing", "Shape", [], "malformed"),
    ("type 0", "Shape", [0], "malformed"),
    ("a type that nobody has", "Shape", [127, []], "malformed"),
    ("a type that is a text", "Shape", ["have"], "malformed"),
    ("have with a field too few", "Shape", [1, b"epoch__A", bytes(8)], "malformed"),
    ("have with a field too many", "Shape", [1, b"epoch__A", bytes(8), 0, 0], "malformed"),
    ("have with an epoch of 7 bytes", "Shape", [1, b"epoch_A", bytes(8), 0], "malformed"),
    ("have with a number as text", "Shape", [1, b"epoch__A", bytes(8), "0"], "malformed"),
    ("announce with more as a number", "Shape", [2, 9, 1, []], "malformed"),
    ("announce without sizes", "Shape", [2, 9, False, [A]], "malformed"),
    ("announce of a record above the limit", "Limit", [2, 9, False, [[A, 16385]]], "malformed"),
    ("announce of 257", "Limit", [2, 257, False, [[item(n), 1] for n in range(257)]], "malformed"),
    ("want of a short id", "Shape", [3, [A[:31]]], "malformed"),
    ("want of 257", "Limit", [3, [item(n) for n in range(257)]], "malformed"),
    ("records of an envelope above the limit", "Limit", [4, [bytes(16385)]], "malformed"),
    ("paths that begin elsewhere", "Shape", [6, A, [[[B, A], [C, A]]]], "malformed"),
    ("a path with one certificate an edge", "Shape", [6, A, [[[A, B], [C]]]], "malformed"),
    ("a path of nobody", "Shape", [6, A, [[[], []]]], "malformed"),
    ("five paths", "Limit", [6, A, [[[A], []]] * 5], "malformed"),
    ("revoked with 7 hops", "Limit", [7, [[A, 7]]], "malformed"),
    ("compare with a salt of 15 bytes", "Shape", [12, SALT[:15], [RANGE]], "malformed"),
    ("compare of a range of three", "Shape", [12, SALT, [RANGE[:3]]], "malformed"),
    ("compare of a range that ends as it begins", "Shape", [12, SALT, [[A, A, 1, A]]], "malformed"),
    ("compare of an end of 31 bytes", "Shape", [12, SALT, [[LOWEST, A[:31], 1, A]]], "malformed"),
    ("compare with a short fingerprint", "Shape", [12, SALT, [[LOWEST, b"", 1, b""]]], "malformed"),
    ("compared with a part of two", "Shape", [13, SALT, LOWEST, b"", [[LOWEST, 2]]], "malformed"),
    ("listed of a short id", "Shape", [14, SALT, LOWEST, b"", False, [b"short"]], "malformed"),
    ("listed without more", "Shape", [14, SALT, LOWEST, b"", [A]], "malformed"),
    ("lazy of a short origin", "Shape", [15, [b"short"]], "malformed"),
]


def message_cases() -> list[Case]:
    cases: list[Case] = []
    for comment, flag, value in VALID_MESSAGES:
        case: Case = {"comment": comment, "flags": ["Message", flag], "input": spelled(value).hex()}
        cases.append({**case, "result": "valid", "error": None, "decoded": plain(value)})
    for comment, flag, value, error in INVALID_MESSAGES:
        case = {"comment": comment, "flags": ["Message", flag], "input": spelled(value).hex()}
        cases.append({**case, "result": "invalid", "error": error})
    odd = [
        ("a number in more bytes than it takes", bytes.fromhex("9203cd0000"), "not-canonical"),
        ("an array with a longer head", b"\xdc\x00\x02\x03\x90", "not-canonical"),
        ("a byte more", spelled([3, [A]]) + b"\0", "malformed"),
        ("a byte less", spelled([3, [A]])[:-1], "malformed"),
    ]
    for comment, data, error in odd:
        case = {"comment": comment, "flags": ["Message", "Spelling"], "input": data.hex()}
        cases.append({**case, "result": "invalid", "error": error})
    return cases


# --- comparing -----------------------------------------------------------------------------


def inside(items: list[bytes], lower: bytes, upper: bytes) -> list[bytes]:
    return [i for i in items if lower <= i < (upper or TOP)]


def fingerprint(items: list[bytes], salt: bytes) -> bytes:
    prefix = b"openhouse/1 fingerprint\0" + salt
    numbers = (int.from_bytes(hashlib.sha256(prefix + i).digest(), "big") for i in items)
    return (sum(numbers) % 2**256).to_bytes(32, "big")


def answer(gives: list[bytes], asked: list[object]) -> list[object]:
    """What the answerer says of one range, when no list of more than 32 is due. Spec 8.6."""
    lower, upper, count, told = asked
    assert isinstance(lower, bytes)
    assert isinstance(upper, bytes)
    assert isinstance(count, int)
    here = inside(gives, lower, upper)
    if (len(here), fingerprint(here, SALT)) == (count, told):
        return [13, SALT, lower, upper, []]
    if len(here) <= 32 or 2 * count < len(here):
        return [14, SALT, lower, upper, False, here]
    cuts = [len(here) * k // 16 for k in range(16)]
    begins = [lower, *(here[cut] for cut in cuts[1:])]
    parts: list[object] = []
    for begin, end in zip(begins, [*begins[1:], upper], strict=True):
        part = inside(gives, begin, end)
        parts.append([begin, len(part), fingerprint(part, SALT)])
    return [13, SALT, lower, upper, parts]


def dialogue(holds: list[bytes], gives: list[bytes]) -> tuple[list[Step], list[str]]:
    """A whole comparison; the asker asks one range a message, the last found first."""
    steps: list[Step] = []
    lacking: list[bytes] = []
    waiting: list[tuple[bytes, bytes]] = [(LOWEST, b"")]
    while waiting:
        asked: list[object] = []
        for lower, upper in reversed(waiting):
            own = inside(holds, lower, upper)
            asked.append([lower, upper, len(own), fingerprint(own, SALT)])
        waiting = []
        steps.append({"from": "asker", "message": spelled([12, SALT, asked]).hex()})
        for one in asked:
            assert isinstance(one, list)
            said = answer(gives, one)
            steps.append({"from": "answerer", "message": spelled(said).hex()})
            if said[0] == 14:
                assert isinstance(said[5], list)
                lacking += [i for i in said[5] if i not in holds]
                continue
            parts = said[4]
            assert isinstance(parts, list)
            ends = [part[0] for part in parts[1:]] + [one[1]]
            for (begin, count, told), end in zip(parts, ends, strict=False):
                own = inside(holds, begin, end)
                if count and (len(own), fingerprint(own, SALT)) != (count, told):
                    waiting.append((begin, end))
    return steps, sorted(i.hex() for i in lacking)


COMPARISONS: list[tuple[str, list[list[int]], list[list[int]]]] = [
    ("both hold nothing", [], []),
    ("both hold the same", [[0, 50]], [[0, 50]]),
    ("one of a few is lacking", [[0, 9]], [[0, 10]]),
    ("the asker holds nothing", [], [[0, 60]]),
    ("the asker holds more", [[0, 40]], [[0, 33]]),
    ("33 items are parted", [[0, 32]], [[0, 33]]),
    ("one of 700 is lacking", [[0, 350], [351, 700]], [[0, 700]]),
    ("both hold what the other has not", [[0, 400], [900, 950]], [[10, 420]]),
]


def comparison_cases() -> list[Case]:
    cases: list[Case] = []
    for comment, held, given in COMPARISONS:
        holds = numbered(*((a, b) for a, b in held))
        gives = numbered(*((a, b) for a, b in given))
        steps, lacking = dialogue(holds, gives)
        case: Case = {"comment": comment, "flags": ["Compare"], "salt": SALT.hex(), "holds": held}
        case |= {"gives": given, "steps": steps, "lacking": lacking}
        cases.append({**case, "result": "valid", "error": None})
    return cases + liar_cases()


def liar_cases() -> list[Case]:
    holds = numbered((0, 40))
    begin = [12, SALT, [[LOWEST, b"", 40, fingerprint(holds, SALT)]]]
    far = b"\xff" * 32
    lies: list[tuple[str, list[object]]] = [
        ("another salt", [13, bytes(16), LOWEST, b"", []]),
        ("a range that was not asked about", [13, SALT, A, b"", []]),
        ("one part is no parting", [13, SALT, LOWEST, b"", [[LOWEST, 41, A]]]),
        ("parts that begin elsewhere", [13, SALT, LOWEST, b"", [[A, 1, A], [far, 1, A]]]),
        ("parts out of order", [13, SALT, LOWEST, b"", [[LOWEST, 1, A], [far, 1, A], [B, 1, A]]]),
        ("two parts that begin alike", [13, SALT, LOWEST, b"", [[LOWEST, 1, A], [LOWEST, 1, B]]]),
        ("a list with another salt", [14, bytes(16), LOWEST, b"", False, [A]]),
        ("a list of another range", [14, SALT, LOWEST, far, False, [A]]),
        ("an empty list that goes on", [14, SALT, LOWEST, b"", True, []]),
    ]
    cases: list[Case] = []
    for comment, said in lies:
        steps = [
            {"from": "asker", "message": spelled(begin).hex()},
            {"from": "answerer", "message": spelled(said).hex()},
        ]
        case: Case = {"comment": comment, "flags": ["Compare", "Liar"], "salt": SALT.hex()}
        case |= {"holds": [[0, 40]], "steps": steps}
        cases.append({**case, "result": "invalid", "error": "invalid-state"})
    return cases


def fingerprint_cases() -> list[Case]:
    cases: list[Case] = []
    ranges = [
        ("of nothing", SALT, [], LOWEST, b""),
        ("of one", SALT, [[0, 1]], LOWEST, b""),
        ("of twenty", SALT, [[0, 20]], LOWEST, b""),
        ("of twenty with another salt", bytes(16), [[0, 20]], LOWEST, b""),
        ("the lower end counts", SALT, [[0, 20]], item(7), b""),
        ("the upper end does not", SALT, [[0, 20]], LOWEST, item(7)),
    ]
    for comment, salt, held, lower, upper in ranges:
        here = inside(numbered(*((a, b) for a, b in held)), lower, upper)
        case: Case = {"comment": comment, "flags": ["Fingerprint"], "salt": salt.hex()}
        case |= {"items": held, "lower": lower.hex(), "upper": upper.hex(), "count": len(here)}
        told = fingerprint(here, salt).hex()
        cases.append({**case, "fingerprint": told, "result": "valid", "error": None})
    return cases


# --- streaming -----------------------------------------------------------------------------

EPOCH_A, EPOCH_B, OLD = b"epoch__A", b"epoch__B", b"epochold"
SIZE = 300


def envelope(number: int) -> bytes:
    """An opaque record of 300 bytes; its id here is the item of its number."""
    return (f"record {number} ".encode() * 40)[:SIZE]


@dataclass
class Link:
    """One link on which A streams to B. Log entry n is the record of number n."""

    comment: str
    log: list[int]
    holds: list[int]
    cursor: tuple[bytes, int]
    flags: list[str] = field(default_factory=lambda: ["Stream", "Cursor"])
    steps: list[Step] = field(default_factory=list)

    def say(self, who: str, *message: object) -> None:
        epoch, upto = self.cursor
        data = spelled(list(message)).hex()
        self.steps.append({"from": who, "message": data, "cursor": [epoch.hex(), upto]})

    def greet(self) -> None:
        self.say("B", 1, EPOCH_B, *self.cursor)

    def hear_a(self) -> None:
        if self.cursor[0] != EPOCH_A:
            self.cursor = (EPOCH_A, 0)
        self.say("A", 1, EPOCH_A, EPOCH_B, 0)

    def announce(self, numbers: list[int], upto: int, more: bool = False) -> None:
        self.say("A", 2, upto, more, [[item(n), SIZE] for n in numbers])

    def move(self, upto: int) -> None:
        self.cursor = (EPOCH_A, upto)

    def case(self) -> Case:
        first: Case = {"comment": self.comment, "flags": self.flags, "epoch_a": EPOCH_A.hex()}
        first |= {"epoch_b": EPOCH_B.hex(), "log": self.log, "holds": self.holds}
        return {**first, "steps": self.steps, "result": "valid", "error": None}


def stream_cases() -> list[Case]:
    """The cursor given with a step is B's after the step, and after a message of A before
    B's answer, if there is one."""
    new = Link("a new friend", [1, 2, 3], [], (bytes(8), 0))
    new.greet()
    new.hear_a()
    new.announce([1, 2, 3], 3)
    new.say("B", 3, [item(n) for n in (1, 2, 3)])
    new.move(3)
    new.say("A", 4, [envelope(n) for n in (1, 2, 3)])

    some = Link("what is above the cursor, and not held", [1, 2, 3, 4], [3], (EPOCH_A, 2))
    some.greet()
    some.hear_a()
    some.announce([3, 4], 4)
    some.say("B", 3, [item(4)])
    some.move(4)
    some.say("A", 4, [envelope(4)])

    moved = Link("numbers whose entries moved on", [5, 9], [], (EPOCH_A, 4))
    moved.greet()
    moved.hear_a()
    moved.announce([5, 9], 9)
    moved.say("B", 3, [item(5), item(9)])
    moved.move(9)
    moved.say("A", 4, [envelope(5), envelope(9)])

    anew = Link("A's log began anew: from the beginning", [1, 2], [1], (OLD, 77))
    anew.greet()
    anew.hear_a()
    anew.announce([1, 2], 2)
    anew.say("B", 3, [item(2)])
    anew.move(2)
    anew.say("A", 4, [envelope(2)])

    known = Link("all is held: the cursor moves at once", [1, 2], [1, 2], (EPOCH_A, 0))
    known.greet()
    known.hear_a()
    known.move(2)
    known.announce([1, 2], 2)

    return [link.case() for link in (new, some, moved, anew, known)]


def build() -> str:
    """Give the text of the file."""
    cases = message_cases() + fingerprint_cases() + comparison_cases() + stream_cases()
    counts = {"valid": 0, "invalid": 0}
    lines = []
    for case in cases:
        result = str(case["result"])
        counts[result] += 1
        lines.append("  " + json.dumps({"id": f"{result}-{counts[result]}", **case}))
    used = {flag for case in cases for flag in case["flags"]}  # type: ignore[attr-defined]
    document = {
        "schema": "openhouse vectors 1",
        "spec_section": "8",
        "source": "tests/vectors/make_sync.py, written from the text of the spec",
        "about": (
            "Items and record ids are SHA-256 of a number in decimal digits: [[0, 3]] stands for "
            "those of 0, 1 and 2. In Compare, `steps` are all messages in order; an asker may "
            "ask in another. In Stream, "
            "`log` are the numbers of A's log, entry n being the record of id n, 300 bytes that "
            "are `record n ` again and again, all of which B may have; `holds` is what "
            "B has of them; `cursor` is B's into A's log once the step has been taken in."
        ),
        "notes": {flag: text for flag, text in NOTES.items() if flag in used},
    }
    # One case a line: a changed case is one changed line in a review.
    head = json.dumps(document, indent=1)[:-2]
    return head + ',\n "cases": [\n' + ",\n".join(lines) + "\n ]\n}\n"


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
