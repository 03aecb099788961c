"""Make `protocol/vectors/amendments.json`: run this file as a script.

Ids are made with `hashlib` and the spelling of `make_encoding.py`; which version is in force
is written by hand from the spec (§9.6). Nothing of the `protocol` package is used.
"""

from __future__ import annotations

import hashlib
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / "protocol" / "vectors" / "amendments.json"
SPELL: Callable[[object], bytes] = runpy.run_path(str(HERE / "make_encoding.py"))["spell"]

ABOUT = (
    "House: the id of a house. Change: what a change is called, and the register of a signature "
    "under it. Follow: `first` are the numbers of the first charter that are not the default's; "
    "seats are [sponsor, candidate, whether a successor of a root key signed it]; signatures are "
    "[member, previous, changes]; decoded: the ids of the versions after the first, the numbers of "
    "the last that the first or one of these named, and how many members have signed it. A result "
    "that is invalid: the first version is in force."
)
NOTES = {
    "House": "the id of a house",
    "Change": "the id of a change, and the register of a signature",
    "Follow": "which version is in force",
    "Quorum": "how many have signed, and who",
    "Possible": "changes that cannot be made",
    "Member": "who counts as a member",
    "Line": "versions one after the other, and two changes of one version",
}

Changes = list[list[Any]]
Case = dict[str, Any]


def digest(domain: str, *parts: bytes) -> bytes:
    return hashlib.sha256(b"openhouse/1 " + domain.encode() + b"\0" + b"".join(parts)).digest()


def named(name: str, size: int = 32) -> bytes:
    return hashlib.sha256(name.encode()).digest()[:size]


ANA, BOB, CLEO, DAN, EVE, FINN, GUS, HAL = (
    named(n) for n in ("ana", "bob", "cleo", "dan", "eve", "finn", "gus", "hal")
)
OBJECT = named("object", 16)
SEATS = [
    [ANA, BOB, False], [BOB, ANA, False], [ANA, CLEO, False], [BOB, CLEO, False],
    [BOB, DAN, False], [CLEO, DAN, False], [CLEO, EVE, False], [DAN, EVE, False],
    [DAN, FINN, False], [EVE, FINN, False], [EVE, GUS, False],
]  # fmt: skip
"""Ana and Bob are founders; everybody but Gus, who has one seat, is a member; Hal is nobody."""


def house_id(founder: bytes, object_id: bytes, name: str, parameters: Changes) -> bytes:
    return digest("house", founder, object_id, digest("charter", SPELL([name, parameters])))


HOUSE = house_id(ANA, OBJECT, "Rue des Lilas", [["seats", 2]])


def change_id(previous: bytes, changes: Changes) -> bytes:
    return digest("amendment", HOUSE, previous, SPELL(changes))


FIVE: Changes = [["capacity_max", 5]]
SEVEN: Changes = [["capacity_max", 7]]
TWO: Changes = [["friendship_lease_ms", 1_728_000_000], ["open_requests_max", 9]]
NINE: Changes = [["open_requests_max", 9]]
MORE: Changes = [["amendment_approvals", 4]]


def by(previous: bytes, changes: Changes, *members: bytes) -> list[list[Any]]:
    return [[member, previous, changes] for member in members]


def hexed(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return [hexed(item) for item in value] if isinstance(value, list | tuple) else value


def follow(
    comment: str,
    flag: str,
    signatures: list[list[Any]],
    line: list[Changes],
    signed: int = 0,
    *,
    first: dict[str, int] | None = None,
    seats: list[list[Any]] | None = None,
    founders: tuple[bytes, ...] = (ANA, BOB),
) -> Case:
    """A case of which the changes in force are known."""
    ids, numbers, previous = [], dict(first or {}), HOUSE
    for changes in line:
        previous = change_id(previous, changes)
        ids.append(previous.hex())
        numbers |= {str(name): int(value) for name, value in changes}
    return {
        "comment": comment,
        "flags": ["Follow", flag],
        "input": {
            "house": HOUSE.hex(), "founders": hexed(founders), "first": first or {},
            "seats": hexed(SEATS if seats is None else seats), "signatures": hexed(signatures),
        },
        "result": "valid" if line else "invalid",
        "error": None if line else "invalid-state",
        "decoded": {"versions": ids, "numbers": numbers, "signed": signed} if line else None,
    }  # fmt: skip


def smaller(one: Changes, other: Changes) -> Changes:
    return min(one, other, key=lambda changes: change_id(HOUSE, changes))


def follow_cases() -> list[Case]:
    five, seven = change_id(HOUSE, FIVE), change_id(HOUSE, SEVEN)
    quorum, possible, member, line = "Quorum", "Possible", "Member", "Line"
    no_founder, four = {"amendment_founders": 0}, {"amendment_approvals": 4}
    both = {"amendment_founders": 2}
    renewal: Changes = [["friendship_lease_ms", 604_800_000]]
    successor = [[CLEO, DAN, True] if seat[:2] == [CLEO, DAN] else seat for seat in SEATS]
    return [
        follow("three members, a founder among them", quorum,
               by(HOUSE, FIVE, CLEO, DAN, ANA), [FIVE], 3),
        follow("the other founder", quorum, by(HOUSE, FIVE, BOB, FINN, EVE), [FIVE], 3),
        follow("more than it takes", quorum, by(HOUSE, FIVE, EVE, DAN, ANA, BOB), [FIVE], 4),
        follow("two are too few", quorum, by(HOUSE, FIVE, CLEO, ANA), []),
        follow("a founder twice", quorum, by(HOUSE, FIVE, CLEO, ANA, ANA), []),
        follow("founders alone", quorum, by(HOUSE, FIVE, ANA, BOB), []),
        follow("no founder", quorum, by(HOUSE, FIVE, CLEO, DAN, EVE, FINN), []),
        follow("no founder where none is asked for", quorum,
               by(HOUSE, FIVE, CLEO, DAN, EVE), [FIVE], 3, first=no_founder),
        follow("three where four are asked for", quorum,
               by(HOUSE, FIVE, CLEO, DAN, ANA), [], first=four),
        follow("one founder where both are asked for", quorum,
               by(HOUSE, FIVE, CLEO, DAN, ANA), [], first=both),
        follow("both where both are asked for", quorum,
               by(HOUSE, FIVE, CLEO, BOB, ANA), [FIVE], 3, first=both),
        follow("three under three different texts", quorum,
               [*by(HOUSE, FIVE, CLEO), *by(HOUSE, SEVEN, DAN), *by(HOUSE, NINE, ANA)], []),
        follow("two numbers at once", possible, by(HOUSE, TWO, CLEO, DAN, ANA), [TWO], 3),
        follow("out of range", possible, by(HOUSE, [["capacity_max", 21]], CLEO, DAN, ANA), []),
        follow("at the end of the range", possible,
               by(HOUSE, [["capacity_max", 20]], CLEO, DAN, ANA), [[["capacity_max", 20]]], 3),
        follow("seats are fixed", possible, by(HOUSE, [["seats", 3]], CLEO, DAN, ANA), []),
        follow("as it was", possible, by(HOUSE, [["capacity_max", 3]], CLEO, DAN, ANA), []),
        follow("one of two as it was", possible,
               by(HOUSE, [["capacity_max", 3], ["open_requests_max", 9]], CLEO, DAN, ANA), []),
        follow("a lease not longer than the renewal", possible,
               by(HOUSE, renewal, CLEO, DAN, ANA), []),
        follow("a rule of a newer program", possible,
               by(HOUSE, [["new_rule", 1]], CLEO, DAN, ANA), []),
        follow("a rule of a newer program takes the place of one that is known", line,
               [*by(HOUSE, FIVE, CLEO, DAN, ANA), *by(HOUSE, [["new_rule", 1]], *(
                   CLEO, DAN, ANA, EVE))], []),
        follow("a candidate", member, by(HOUSE, FIVE, CLEO, GUS, ANA), []),
        follow("somebody without a seat", member, by(HOUSE, FIVE, CLEO, HAL, ANA), []),
        follow("seats from candidates", member, by(HOUSE, FIVE, CLEO, HAL, ANA), [],
               seats=[*SEATS, [GUS, HAL, False], [EVE, HAL, False]]),
        follow("two who are nobody and answer for each other", member,
               by(HOUSE, FIVE, HAL, GUS, ANA), [],
               seats=[*SEATS, [GUS, HAL, False], [HAL, GUS, False]]),
        follow("a seat that a successor of a root key signed", member,
               by(HOUSE, FIVE, CLEO, DAN, ANA), [], seats=successor),
        follow("a seat of one's own", member, by(HOUSE, FIVE, CLEO, GUS, ANA), [],
               seats=[*SEATS, [GUS, GUS, False]]),
        follow("members through members", member, by(HOUSE, FIVE, FINN, EVE, BOB), [FIVE], 3,
               seats=SEATS[::-1]),
        follow("a founder whom the other has not seated", member,
               by(HOUSE, FIVE, CLEO, DAN, BOB), [], seats=SEATS[1:]),
        follow("where it takes three seats", member, by(HOUSE, FIVE, CLEO, DAN, BOB), [],
               first={"seats": 3}),
        follow("one after the other", line,
               [*by(HOUSE, FIVE, CLEO, DAN, ANA), *by(five, NINE, CLEO, EVE, BOB)],
               [FIVE, NINE], 3),
        follow("whatever the order", line,
               [*by(five, NINE, CLEO, EVE, BOB), *by(HOUSE, FIVE, CLEO, DAN, ANA)],
               [FIVE, NINE], 3),
        follow("and back", line,
               [*by(HOUSE, FIVE, CLEO, DAN, ANA), *by(five, [["capacity_max", 3]], *(
                   CLEO, EVE, BOB))], [FIVE, [["capacity_max", 3]]], 3),
        follow("a change of a version that never was", line, by(seven, NINE, CLEO, DAN, ANA), []),
        follow("each by the numbers of the version it changes", line,
               [*by(HOUSE, MORE, CLEO, DAN, ANA),
                *by(change_id(HOUSE, MORE), FIVE, CLEO, DAN, ANA)], [MORE], 3),
        follow("four where three have made it four", line,
               [*by(HOUSE, MORE, CLEO, DAN, ANA),
                *by(change_id(HOUSE, MORE), FIVE, CLEO, DAN, ANA, EVE)], [MORE, FIVE], 4),
        follow("of two the one that more have signed", line,
               [*by(HOUSE, FIVE, CLEO, DAN, ANA), *by(HOUSE, SEVEN, CLEO, DAN, EVE, BOB)],
               [SEVEN], 4),
        follow("of two that as many have signed the smaller id", line,
               [*by(HOUSE, FIVE, CLEO, DAN, ANA), *by(HOUSE, SEVEN, CLEO, DAN, ANA)],
               [smaller(FIVE, SEVEN)], 3),
        follow("signatures of no members give no lead", line,
               [*by(HOUSE, FIVE, CLEO, DAN, ANA, EVE), *by(HOUSE, SEVEN, CLEO, DAN, ANA, GUS, HAL)],
               [FIVE], 4),
        follow("what was built on the other goes with it", line,
               [*by(HOUSE, FIVE, CLEO, DAN, ANA), *by(five, NINE, CLEO, DAN, ANA, BOB, EVE),
                *by(HOUSE, SEVEN, CLEO, DAN, EVE, BOB)], [SEVEN], 4),
        follow("one founder is all there is, and alone", quorum,
               by(HOUSE, FIVE, ANA), [], founders=(ANA,)),
    ]  # fmt: skip


def house_case(comment: str, founder: bytes, object_id: bytes, name: str, rules: Changes) -> Case:
    return {
        "comment": comment,
        "flags": ["House"],
        "input": {
            "founder": founder.hex(), "object": object_id.hex(), "name": name,
            "parameters": rules,
        },
        "result": "valid",
        "error": None,
        "decoded": {"house": house_id(founder, object_id, name, rules).hex()},
    }  # fmt: skip


def change_case(comment: str, previous: bytes, changes: Changes) -> Case:
    identity = change_id(previous, changes)
    return {
        "comment": comment,
        "flags": ["Change"],
        "input": {"house": HOUSE.hex(), "previous": previous.hex(), "changes": changes},
        "result": "valid",
        "error": None,
        "decoded": {
            "id": identity.hex(),
            "object": digest("step", bytes([9]), identity)[:16].hex(),
        },
    }


def build() -> str:
    """The file's text."""
    cases = [
        house_case("a house", ANA, OBJECT, "Rue des Lilas", [["seats", 2]]),
        house_case("by another founder", BOB, OBJECT, "Rue des Lilas", [["seats", 2]]),
        house_case("of another name", ANA, OBJECT, "Rue des Roses", [["seats", 2]]),
        house_case("with other rules", ANA, OBJECT, "Rue des Lilas", [["seats", 3]]),
        house_case("with all that is usual", ANA, OBJECT, "", []),
        change_case("of the first charter", HOUSE, FIVE),
        change_case("of a later version", change_id(HOUSE, FIVE), FIVE),
        change_case("of two numbers", HOUSE, TWO),
        *follow_cases(),
    ]
    for number, case in enumerate(cases, start=1):
        case["id"] = f"{case['flags'][0].lower()}-{number}"
    document = {
        "schema": "openhouse vectors 1",
        "spec_section": "9.6",
        "source": "tests/vectors/make_amendments.py",
        "about": ABOUT,
        "notes": NOTES,
    }
    lines = ",\n".join("  " + json.dumps({"id": case.pop("id"), **case}) for case in cases)
    return json.dumps(document, indent=1)[:-2] + ',\n "cases": [\n' + lines + "\n ]\n}\n"


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
