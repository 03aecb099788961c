"""Spec §9.1, §9.2, §9.6: the rules that follow from seats and signatures."""

from __future__ import annotations

import itertools
import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.bodies import AmendmentBody
from protocol.charter import Charter, CharterError
from protocol.house import (
    Parameters,
    VersionId,
    amended,
    amendment_id,
    amendment_object,
    follow,
    has_quorum,
    house_id,
    members_of,
)
from protocol.keys import HouseId, MemberId, ObjectId

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "protocol" / "vectors" / "amendments.json"
DOCUMENT = json.loads(VECTORS.read_text("utf-8"))
CASES: list[dict[str, Any]] = DOCUMENT["cases"]
HOUSE = HouseId(bytes(32))
MEMBERS = [MemberId(bytes([n]) * 32) for n in range(6)]
FOUNDERS = MEMBERS[:2]


# --- vectors -----------------------------------------------------------------------------


def test_the_file_is_what_its_generator_makes() -> None:
    """A vector never changes silently."""
    build = runpy.run_path(str(ROOT / "tests" / "vectors" / "make_amendments.py"))["build"]

    assert build() == VECTORS.read_text("utf-8")


def test_half_of_what_is_followed_is_not_agreed_on() -> None:
    results = [case["result"] for case in CASES if case["flags"][0] == "Follow"]

    assert results.count("invalid") >= results.count("valid") > 0
    assert {flag for case in CASES for flag in case["flags"]} == set(DOCUMENT["notes"])


def changes_of(rows: list[list[Any]]) -> Parameters:
    return tuple((name, value) for name, value in rows)


def house(given: dict[str, Any]) -> dict[str, Any]:
    founder, object_id = (bytes.fromhex(given[name]) for name in ("founder", "object"))
    rules = (given["name"], changes_of(given["parameters"]))
    return {"house": house_id(MemberId(founder), ObjectId(object_id), *rules).hex()}


def change(given: dict[str, Any]) -> dict[str, Any]:
    home = HouseId(bytes.fromhex(given["house"]))
    body = AmendmentBody(bytes.fromhex(given["previous"]), changes_of(given["changes"]))
    return {"id": amendment_id(home, body).hex(), "object": amendment_object(home, body).hex()}


def followed(given: dict[str, Any]) -> dict[str, Any] | None:
    first = Charter(**given["first"])
    founders = [MemberId(bytes.fromhex(founder)) for founder in given["founders"]]
    sponsors: dict[MemberId, list[MemberId]] = {}
    for sponsor, candidate, by_successor in given["seats"]:
        if not by_successor:
            key = MemberId(bytes.fromhex(candidate))
            sponsors.setdefault(key, []).append(MemberId(bytes.fromhex(sponsor)))
    members = members_of(founders, first.seats, sponsors)
    signed = [
        (MemberId(bytes.fromhex(member)), AmendmentBody(bytes.fromhex(previous), changes_of(rows)))
        for member, previous, rows in given["signatures"]
    ]
    home = HouseId(bytes.fromhex(given["house"]))
    rules = follow(home, founders, first, [item for item in signed if item[0] in members])
    if len(rules.versions) == 1:
        return None
    named = [*given["first"], *(name for v in rules.versions for name, _ in v.changes)]
    values = dict(rules.in_force.charter.to_parameters())
    return {
        "versions": [version.id.hex() for version in rules.versions[1:]],
        "numbers": {name: values[name] for name in named},
        "signed": len(rules.in_force.signers),
    }


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    act = {"House": house, "Change": change, "Follow": followed}[case["flags"][0]]
    found = act(case["input"])

    assert case["decoded"] == found
    assert case["result"] == ("invalid" if found is None else "valid")


# --- properties --------------------------------------------------------------------------

NUMBERS = {"capacity_max": (2, 3, 5), "amendment_approvals": (2, 4), "amendment_founders": (0, 2)}


@st.composite
def signature_sets(draw: st.DrawFn) -> list[tuple[MemberId, AmendmentBody]]:
    """Signatures under changes of versions that are, or might be, in the line."""
    ids = [VersionId(HOUSE)]
    signatures = []
    for _ in range(draw(st.integers(1, 6))):
        name = draw(st.sampled_from(sorted(NUMBERS)))
        value = draw(st.sampled_from(NUMBERS[name]))
        body = AmendmentBody(draw(st.sampled_from(ids)), ((name, value),))
        ids.append(amendment_id(HOUSE, body))
        signers = draw(st.lists(st.sampled_from(MEMBERS), min_size=1, unique=True))
        signatures += [(member, body) for member in signers]
    return signatures


@given(signature_sets(), st.randoms(use_true_random=False))
def test_the_order_and_repetition_of_signatures_do_not_matter(
    signatures: list[tuple[MemberId, AmendmentBody]], random: Any
) -> None:
    """So nodes that hold the same go by the same rules."""
    shuffled = signatures * 2
    random.shuffle(shuffled)

    assert follow(HOUSE, FOUNDERS, Charter(), signatures) == follow(
        HOUSE, FOUNDERS, Charter(), shuffled
    )


@given(signature_sets())
def test_every_version_was_agreed_on_by_the_numbers_of_the_one_before(
    signatures: list[tuple[MemberId, AmendmentBody]],
) -> None:
    versions = follow(HOUSE, FOUNDERS, Charter(), signatures).versions
    for before, after in itertools.pairwise(versions):
        assert has_quorum(before.charter, FOUNDERS, after.signers)
        assert after.charter == amended(before.charter, after.changes)
        body = AmendmentBody(before.id, after.changes)
        assert set(after.signers) == {who for who, what in signatures if what == body}


@given(signature_sets(), st.sampled_from(MEMBERS))
def test_more_signatures_never_undo_that_a_version_was_changed(
    signatures: list[tuple[MemberId, AmendmentBody]], member: MemberId
) -> None:
    """What takes its place has more of them: nothing is taken back to the version before."""
    before = follow(HOUSE, FOUNDERS, Charter(), signatures)
    more = [*signatures, *((member, body) for _, body in signatures)]
    after = follow(HOUSE, FOUNDERS, Charter(), more)

    assert (len(before.versions) > 1) <= (len(after.versions) > 1)


@given(st.permutations(range(6)))
def test_members_do_not_depend_on_the_order_of_seats(order: list[int]) -> None:
    seats = [(0, 1), (1, 0), (0, 2), (1, 2), (2, 3), (0, 3), (3, 4), (2, 4), (4, 5)]
    rank = {number: place for place, number in enumerate(order)}
    sponsors: dict[MemberId, list[MemberId]] = {}
    for sponsor, candidate in sorted(seats, key=lambda seat: (rank[seat[0]], rank[seat[1]])):
        sponsors.setdefault(MEMBERS[candidate], []).append(MEMBERS[sponsor])
    members = members_of(FOUNDERS, 2, sponsors)

    assert sorted(members) == MEMBERS[:5]
    assert all(len(members[member]) == 2 for member in MEMBERS[2:5])


def test_a_lone_founder_is_a_member() -> None:
    assert {MEMBERS[0]: ()} == members_of(MEMBERS[:1], 2, {})


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [("seats", 3, "fixed"), ("fee", 1, "unknown"), ("capacity_max", 3, "same"),
     ("capacity_max", 99, "number")],
)  # fmt: skip
def test_what_cannot_be_changed_is_said(name: str, value: int, kind: str) -> None:
    with pytest.raises(CharterError) as caught:
        amended(Charter(), ((name, value),))

    assert kind == caught.value.possible[0]
