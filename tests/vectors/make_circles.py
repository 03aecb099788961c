"""Make `protocol/vectors/circles.json`: run this file as a script.

Written from the text of Spec §7 with plain searches over sets; nothing of the `protocol`
package is used, so that the vectors and the implementation can disagree.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

TARGET = Path(__file__).parents[2] / "protocol" / "vectors" / "circles.json"

NOW = 1_763_856_000_000
LATER = NOW + 1

NOTES = {
    "Reach": "one member's view: whether a listing may be shown, and to whom it may be given",
    "Offer": "a path that a friend offers: whether it may be used",
    "Plain": "every edge is live and attested",
    "Attested": "an edge that one end does not attest as joining members",
    "Discreet": "an edge that one end does not show",
    "Expired": "a half whose lease has ended",
    "Revoked": "a half whose secret is known",
    "Device": "a half signed by a device that its author's keys record revokes",
    "Missing": "a half that is not held",
    "Through": "only some friends of the holder may pass the listing on",
    "Limit": "the charter's max_circles counts before the listing's own",
}


@dataclass(frozen=True)
class Half:
    """What one member says of a friendship."""

    author: str
    friend: str
    shows: bool = True
    friend_is_member: bool = True
    not_after: int = LATER
    revoked: bool = False
    device_revoked: bool = False

    def is_live(self, me: str) -> bool:
        is_former = self.device_revoked and self.author != me
        return self.not_after > NOW and not self.revoked and not is_former

    def is_transit(self, me: str) -> bool:
        return self.is_live(me) and self.shows and self.friend_is_member


def friendships(*pairs: str) -> list[Half]:
    both = [(pair[0], pair[1]) for pair in pairs]
    return [half for a, b in both for half in (Half(a, b), Half(b, a))]


@dataclass
class Scene:
    """Halves that everybody holds, and one listing."""

    comment: str
    flag: str
    halves: list[Half]
    circles: int
    holder: str = "A"
    through: str = ""
    max_circles: int = 3
    live: set[frozenset[str]] = field(default_factory=set)
    transit: set[frozenset[str]] = field(default_factory=set)

    def look(self, me: str) -> None:
        """As `me` sees the edges: its own halves count whatever device signed them. Spec §7.1."""
        self.live, self.transit = set(), set()
        said = {(half.author, half.friend): half for half in self.halves}
        for (a, b), half in said.items():
            back = said.get((b, a))
            if back is not None and half.is_live(me) and back.is_live(me):
                self.live.add(frozenset((a, b)))
                if half.is_transit(me) and back.is_transit(me):
                    self.transit.add(frozenset((a, b)))

    @property
    def reach(self) -> int:
        return min(self.circles, self.max_circles)

    def members(self) -> list[str]:
        return sorted({half.author for half in self.halves} | {half.friend for half in self.halves})

    def friends(self, me: str) -> list[str]:
        return [m for m in self.members() if frozenset((m, me)) in self.live]

    def shortest(self, me: str) -> list[str]:
        """All shortest paths from the holder to `me` over transit edges, by trying all."""
        others = [m for m in self.members() if m not in (self.holder, me)]
        for between in range(self.max_circles):
            found = [
                self.holder + "".join(middle) + me
                for middle in itertools.permutations(others, between)
                if self._is_path(self.holder + "".join(middle) + me)
            ]
            if found:
                return found
        return []

    def _is_path(self, path: str) -> bool:
        return (not self.through or path[1] in self.through) and all(
            frozenset(pair) in self.transit for pair in itertools.pairwise(path)
        )

    def distance(self, me: str) -> int | None:
        """As far as `me` can prove, for showing. Spec §7.2, §7.5."""
        if me == self.holder:
            return 0
        if me in self.friends(self.holder) and (not self.through or me in self.through):
            return 1
        paths = self.shortest(me)
        return len(paths[0]) - 1 if paths else None

    def offers(self, me: str) -> tuple[list[str], list[str]]:
        """Whom the listing is given to, and whom it may be given to or not. Spec §7.3."""
        if me == self.holder:
            allowed = [f for f in self.friends(me) if not self.through or f in self.through]
            return (allowed if self.reach >= 1 else []), []
        paths = self.shortest(me)
        if not paths or len(paths[0]) - 1 + 1 > self.reach:
            return [], []
        friends = [f for f in self.friends(me) if frozenset((f, me)) in self.transit]
        sure = [f for f in friends if all(f not in path for path in paths)]
        # On one of several shortest paths: a node that uses another one gives it.
        either = [f for f in friends if f not in sure and any(f not in path for path in paths)]
        return sure, either


LINE = friendships("AB", "BC", "CD", "DE")
DIAMOND = friendships("AB", "AC", "BD", "CD", "DE")


def changed(halves: Iterable[Half], author: str, friend: str, **change: object) -> list[Half]:
    """The same halves, one of them otherwise."""
    return [
        Half(**{**vars(half), **change}) if (half.author, half.friend) == (author, friend) else half
        for half in halves
    ]


def without(halves: Iterable[Half], author: str, friend: str) -> list[Half]:
    return [half for half in halves if (half.author, half.friend) != (author, friend)]


SCENES = [
    *(Scene(f"a line, {n} circles", "Plain", LINE, n) for n in range(5)),
    Scene("a diamond", "Plain", DIAMOND, 2),
    Scene("a diamond, farther", "Plain", DIAMOND, 3),
    Scene("a short way and a long one", "Plain",
          friendships("AB", "BE", "AC", "CD", "DE", "EF"), 3),
    Scene("a star seen from a point", "Plain", friendships("AB", "BC", "BD", "BE"), 2),
    Scene("two parts", "Plain", friendships("AB", "CD"), 3),
    Scene("max_circles 2 and a listing of 4", "Limit", LINE, 4, max_circles=2),
    Scene("max_circles 4", "Limit", LINE, 4, max_circles=4),
    Scene("A does not attest B", "Attested",
          changed(LINE, "A", "B", friend_is_member=False), 3),
    Scene("B does not attest A", "Attested",
          changed(LINE, "B", "A", friend_is_member=False), 3),
    Scene("C does not attest D", "Attested",
          changed(LINE, "C", "D", friend_is_member=False), 3),
    Scene("B does not attest A, who has a longer way to B", "Attested",
          changed(friendships("AB", "AC", "CB", "BD"), "B", "A", friend_is_member=False), 3),
    Scene("A does not show its friendship with B", "Discreet",
          changed(LINE, "A", "B", shows=False), 3),
    Scene("C does not show its friendship with B", "Discreet",
          changed(LINE, "C", "B", shows=False), 3),
    Scene("B's half towards C has just expired", "Expired",
          changed(LINE, "B", "C", not_after=NOW), 3),
    Scene("A's half towards B expired long ago", "Expired",
          changed(LINE, "A", "B", not_after=1), 3),
    Scene("one way of a diamond has expired", "Expired",
          changed(DIAMOND, "B", "D", not_after=NOW), 3),
    Scene("C ended its friendship with B", "Revoked", changed(LINE, "C", "B", revoked=True), 3),
    Scene("B ended its friendship with A", "Revoked", changed(LINE, "B", "A", revoked=True), 3),
    Scene("both ways of a diamond were ended", "Revoked",
          changed(changed(DIAMOND, "A", "B", revoked=True), "C", "D", revoked=True), 3),
    Scene("B's half towards C is of a former device", "Device",
          changed(LINE, "B", "C", device_revoked=True), 3),
    Scene("A's half towards B is of a former device", "Device",
          changed(LINE, "A", "B", device_revoked=True), 3),
    Scene("one way of a diamond is of a former device", "Device",
          changed(DIAMOND, "B", "D", device_revoked=True), 3),
    Scene("C never signed", "Missing", without(LINE, "C", "B"), 3),
    Scene("B's half towards A is not held", "Missing", without(LINE, "B", "A"), 3),
    Scene("through B", "Through", friendships("AB", "AC", "BD", "CE", "DF"), 3, through="B"),
    Scene("through B, to C the long way", "Through", friendships("AB", "AC", "BC"), 2,
          through="B"),
    Scene("through B, too far for C", "Through", friendships("AB", "AC", "BC"), 1, through="B"),
    Scene("not through the holder again", "Through", friendships("AB", "AC", "CD"), 3,
          through="B"),
    Scene("through B or C", "Through", DIAMOND, 3, through="BC"),
    Scene("through B, who is not attested", "Through",
          changed(DIAMOND, "A", "B", friend_is_member=False), 3, through="B"),
    Scene("through somebody who is no friend", "Through", LINE, 3, through="D"),
]  # fmt: skip

Case = dict[str, object]


def reach_case(scene: Scene, me: str) -> Case:
    scene.look(me)
    distance = scene.distance(me)
    sure, either = scene.offers(me)
    is_shown = distance is not None and distance <= scene.reach
    return {
        "comment": f"{scene.comment}: {me}",
        "flags": ["Reach", scene.flag],
        "input": {
            "me": me,
            "halves": [list(vars(half).values()) for half in scene.halves],
            "holder": scene.holder,
            "circles": scene.circles,
            "through": list(scene.through),
            "max_circles": scene.max_circles,
        },
        "result": "valid" if is_shown else "invalid",
        "error": None if is_shown else "out-of-reach",
        "decoded": {"distance": distance, "given_to": sure, "given_to_or_not": either},
    }


def offer_cases() -> list[Case]:
    """D offers E a path from A; E checks it before it asks for anything."""
    offers: list[tuple[str, str, int, int, str | None]] = [
        ("the sender's own", "D", 0, 3, None),
        ("from a friend of the sender", "AD", 2, 3, None),
        ("the longest", "ABD", 4, 3, None),
        ("longer than the circles", "ABCD", 6, 3, "out-of-reach"),
        ("the longest of a house with four circles", "ABCD", 6, 4, None),
        ("longer than the circles of a house with two", "ABD", 4, 2, "out-of-reach"),
        ("five members", "ABCFD", 8, 4, "malformed"),
        ("nobody", "", 0, 3, "malformed"),
        ("not to the sender", "AB", 2, 3, "out-of-reach"),
        ("the sender first", "DA", 2, 3, "malformed"),
        ("through the receiver", "AED", 4, 3, "out-of-reach"),
        ("from the receiver", "ED", 2, 3, "out-of-reach"),
        ("through one twice", "ABAD", 6, 4, "out-of-reach"),
        ("the origin next to itself", "AAD", 4, 3, "out-of-reach"),
        ("the sender twice", "ADD", 4, 3, "out-of-reach"),
        ("no certificates", "AD", 0, 3, "malformed"),
        ("one certificate an edge", "ABD", 2, 3, "malformed"),
        ("a certificate too many", "AD", 3, 3, "malformed"),
        ("certificates for no edge", "D", 1, 3, "malformed"),
    ]
    return [
        {
            "comment": comment,
            "flags": ["Offer"],
            "input": {
                "me": "E", "sender": "D", "path": list(path), "certificates": certificates,
                "origin": "E" if path[:1] == "E" else "D" if path == "D" or certificates == 1
                else "A", "max_circles": max_circles,
            },
            "result": "valid" if error is None else "invalid",
            "error": error,
            "decoded": None,
        }
        for comment, path, certificates, max_circles, error in offers
    ]  # fmt: skip


def build() -> str:
    """Give the text of the file."""
    # The holder always sees its own thing: only whom it gives it to is of interest.
    cases = [
        reach_case(scene, me)
        for scene in SCENES
        for me in scene.members()
        if me != scene.holder or scene.flag in ("Through", "Attested", "Device")
    ]
    cases += offer_cases()
    counts = {"valid": 0, "invalid": 0}
    lines = []
    for case in cases:
        result = str(case["result"])
        counts[result] += 1
        lines.append("  " + json.dumps({"id": f"{result}-{counts[result]}", **case}))
    document = {
        "schema": "openhouse vectors 1",
        "spec_section": "7",
        "source": "tests/vectors/make_circles.py, written from the text of the spec",
        "about": (
            "Members are letters. In Reach, `halves` are [author, friend, shows, friend is "
            "member, not after, revoked, of a revoked device], all held by `me` at the time `now`; "
            "valid means that the listing may be shown. `distance` is measured through the list "
            "where there is one. It is given to those of `given_to`; for `given_to_or_not` it "
            "depends on which of several shortest paths is used. In Offer, `certificates` is how "
            "many ids come with the path."
        ),
        "now": NOW,
        "notes": NOTES,
    }
    # One case a line: a changed case is one changed line in a review.
    head = json.dumps(document, indent=1)[:-2]
    return head + ',\n "cases": [\n' + ",\n".join(lines) + "\n ]\n}\n"


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
