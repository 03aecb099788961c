"""Spec §7: the engine agrees with the language-neutral vectors of circles."""

from __future__ import annotations

import json
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node.engine import intake, offers
from node.engine.core import Core
from node.engine.edges import take_revocation
from node.engine.state import Friend
from protocol.bodies import (
    HalfBody,
    KeysBody,
    Kind,
    ListingBody,
    ThingKind,
    half_object,
    keys_object,
)
from protocol.charter import Charter
from protocol.circles import path_problem
from protocol.errors import Malformed
from protocol.keys import HouseId, MemberId, ObjectId, RecordId, revocation_hash
from protocol.messages import OfferedPath, Paths, decode_message, encode_message
from protocol.records import Record
from simulations.pump import Pump
from simulations.town import seed_for

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "protocol" / "vectors" / "circles.json"
DOCUMENT = json.loads(VECTORS.read_text("utf-8"))
CASES: list[dict[str, Any]] = DOCUMENT["cases"]
NOW_MS: int = DOCUMENT["now"]
HOUSE = HouseId(bytes(32))
FORMER_DEVICE = b"a device that was let go of long"


def of_operation(name: str) -> list[dict[str, Any]]:
    return [case for case in CASES if case["flags"][0] == name]


def ids(cases: list[dict[str, Any]]) -> list[str]:
    return [case["id"] for case in cases]


def test_the_file_is_what_its_generator_makes() -> None:
    """A vector never changes silently."""
    build = runpy.run_path(str(ROOT / "tests" / "vectors" / "make_circles.py"))["build"]

    assert build() == VECTORS.read_text("utf-8")


def test_at_least_as_many_cases_are_invalid_as_valid() -> None:
    """What must not be shown or used is half of the rule."""
    results = [case["result"] for case in CASES]

    assert results.count("invalid") >= results.count("valid") > 0
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert {flag for case in CASES for flag in case["flags"]} == set(DOCUMENT["notes"])


def member(letter: str) -> MemberId:
    return MemberId(seed_for("vector", letter))


class Viewer:
    """One member's engine, holding the halves of a case."""

    def __init__(self, case: dict[str, Any]) -> None:
        given = case["input"]
        pump = Pump()
        self.core: Core = pump.add(given["me"])
        self.me = given["me"]
        core = self.core
        core.begin(NOW_MS)
        core.house = HOUSE
        core.charter = Charter(max_circles=given["max_circles"])
        core.graph.set_bound(given["max_circles"])
        for number, half in enumerate(given["halves"]):
            self._keep_half(number, *half)
        body = ListingBody(
            "ladder", "", ThingKind.OBJECT, given["circles"],
            tuple(self.id_of(letter) for letter in given["through"]), (),
        )  # fmt: skip
        self.listing = self._record(body, self.id_of(given["holder"]), ObjectId(bytes(16)), 99)
        core.keep(self.listing, None)

    def id_of(self, letter: str) -> MemberId:
        return self.core.me if letter == self.me else member(letter)

    def _record(
        self,
        body: HalfBody | KeysBody | ListingBody,
        author: MemberId,
        object_id: ObjectId,
        number: int,
    ) -> Record:
        record_id = RecordId(number.to_bytes(32, "big"))
        return Record(
            body.kind, HOUSE, author, author, object_id, 0, 1, 0, NOW_MS + 1, body, record_id, b""
        )

    def _keep_half(
        self, number: int, author: str, friend: str, shows: bool, attests: bool, not_after: int,
        revoked: bool, device_revoked: bool,
    ) -> None:  # fmt: skip
        core = self.core
        for one, other in ((author, friend), (friend, author)):
            if one == self.me and member(other) not in core.friends:
                core.friends[member(other)] = Friend(member(other), bytes(32), (), 0, 0)
        secret = number.to_bytes(32, "big")
        towards = self.id_of(friend)
        body = HalfBody(towards, revocation_hash(secret), shows, attests)
        half = self._record(body, self.id_of(author), half_object(towards), number)
        if device_revoked:
            half = replace(half, device=FORMER_DEVICE)
        core.keep(replace(half, not_after_ms=not_after), None)
        if device_revoked:
            keys = KeysBody(bytes(32), revoked=(FORMER_DEVICE,))
            core.keep(self._record(keys, self.id_of(author), keys_object(0), 98), None)
        if revoked:
            take_revocation(core, secret, 0, None)


REACH = of_operation("Reach")


@pytest.mark.parametrize("case", REACH, ids=ids(REACH))
def test_reach(case: dict[str, Any]) -> None:
    """What this member shows, how far it is, and whom it gives it to. Spec §7.2, §7.3."""
    viewer = Viewer(case)
    core, listing = viewer.core, viewer.listing
    body = listing.body
    assert isinstance(body, ListingBody)
    expected = case["decoded"]

    path = core.path_from(listing.author, () if listing.author == core.me else body.through)
    assert expected["distance"] == (None if path is None else len(path) - 1)
    assert (case["result"] == "valid") is core.can_see(listing)
    if listing.author != core.me:
        reach, _ = offers.reach_of(core, listing)
        assert min(case["input"]["circles"], case["input"]["max_circles"]) == reach
    letters = sorted({half[0] for half in case["input"]["halves"]} - {viewer.me})
    given = [x for x in letters if intake.may_give(core, listing, viewer.id_of(x))]
    assert set(expected["given_to"]) <= set(given)
    assert set(given) <= {*expected["given_to"], *expected["given_to_or_not"]}
    assert Kind.LISTING is listing.kind


OFFERS = of_operation("Offer")


@pytest.mark.parametrize("case", OFFERS, ids=ids(OFFERS))
def test_offer(case: dict[str, Any]) -> None:
    """A path is refused for its shape, or because it leads nowhere useful. Spec §7.4."""
    given = case["input"]
    path = tuple(member(letter) for letter in given["path"])
    names = tuple(RecordId(number.to_bytes(32, "big")) for number in range(given["certificates"]))
    message = Paths(member(given["origin"]), (OfferedPath(path, names),))
    try:
        decode_message(encode_message(message))
        problem = path_problem(
            path, sender=member(given["sender"]), me=member(given["me"]),
            bound=given["max_circles"],
        )  # fmt: skip
        found = None if problem is None else "out-of-reach"
    except Malformed as error:
        found = error.code

    assert case["error"] == found
