"""Ids as people type them: node/engine/ids.py."""

from __future__ import annotations

import pytest

from node.engine import ids
from node.engine.commands import AddThing, WithdrawThing
from node.engine.engine import Engine
from node.engine.events import Answer, CommandReceived, RequestId
from protocol.bodies import ListingBody, ThingKind
from protocol.errors import Refused
from protocol.keys import ObjectId, verify
from protocol.records import sign_record
from simulations.signing import InterningOpener, RealKeys
from simulations.town import Resident, TownPlan, build_town

NOW_MS = 1_790_000_000_000


def two_friends() -> tuple[Engine, Resident]:
    """My engine, and the friend in whose name records are signed."""
    opener = InterningOpener(verify)
    plan = TownPlan(members=2, edges=[(0, 1)], born_ms=NOW_MS)
    me, friend = build_town(plan, RealKeys(), opener)
    return Engine(me.config, me.rows, NOW_MS, bytes(8)), friend


def add_thing(engine: Engine, title: str) -> str:
    command = CommandReceived(RequestId(1), AddThing(title), bytes([len(title)]) * 32, 0)
    for effect in engine.handle(command, NOW_MS):
        if isinstance(effect, Answer) and isinstance(effect.result, dict):
            return str(effect.result["thing"])
    raise AssertionError("the thing was refused")


def give(engine: Engine, friend: Resident, thing: str, title: str) -> None:
    """A listing of the friend arrives."""
    assert engine.core.house is not None
    record = sign_record(
        friend.config.signer,
        ListingBody(title, "", ThingKind.OBJECT, 1, (), ()),
        house=engine.core.house,
        object_id=ObjectId(bytes.fromhex(thing)),
        sequence=1000,
        created_ms=NOW_MS,
        not_after_ms=NOW_MS + 1000,
    )
    engine.core.begin(NOW_MS)
    engine.core.keep(record, friend.member)


def refusal(engine: Engine, text: str) -> str:
    with pytest.raises(Refused) as caught:
        ids.resolve_thing(engine.core, text)
    return caught.value.code


def test_a_thing_is_found_by_its_whole_id_and_by_its_beginning() -> None:
    engine, _ = two_friends()
    thing = add_thing(engine, "Guitar")
    add_thing(engine, "Washing machine")

    for text in (thing, thing[:8], thing[:20].upper(), f" {thing} "):
        assert thing == ids.resolve_thing(engine.core, text).object.hex()


def test_a_thing_of_a_friend_is_found_like_my_own() -> None:
    engine, friend = two_friends()
    thing = "ab" * 16
    give(engine, friend, thing, "Ladder")

    assert friend.member == ids.resolve_thing(engine.core, thing[:8]).author


def test_a_beginning_shared_by_two_things_is_refused() -> None:
    engine, friend = two_friends()
    give(engine, friend, "ab" * 15 + "00", "Ladder")
    give(engine, friend, "ab" * 15 + "01", "Drill")

    assert refusal(engine, "abababab") == "ambiguous-id"
    assert ids.resolve_thing(engine.core, "ab" * 15 + "01").object.hex().endswith("01")


def test_a_thing_under_the_same_id_as_mine_is_told_apart_by_its_holder() -> None:
    """A member who copies an id must not make the thing unreachable."""
    engine, friend = two_friends()
    thing = add_thing(engine, "Guitar")
    give(engine, friend, thing, "Ladder")

    assert refusal(engine, thing) == "ambiguous-id"
    mine = ids.resolve_thing(engine.core, f"{thing}@{engine.core.me.hex()[:8]}")
    theirs = ids.resolve_thing(engine.core, f"{thing[:8]}@{friend.member.hex()}")
    assert (mine.author, theirs.author) == (engine.core.me, friend.member)


def test_a_withdrawn_thing_is_unknown() -> None:
    engine, _ = two_friends()
    thing = add_thing(engine, "Guitar")
    engine.handle(CommandReceived(RequestId(2), WithdrawThing(thing), bytes(32), 0), NOW_MS)

    assert refusal(engine, thing) == "unknown-thing"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not-an-id"),
        ("   ", "not-an-id"),
        ("guitar", "not-an-id"),
        ("0x12345678", "not-an-id"),
        ("1234567", "id-too-short"),
        ("12345678@12", "id-too-short"),
        ("12345678@Ana", "not-an-id"),
        ("12345678", "unknown-thing"),
        ("0" * 33, "unknown-thing"),
        ("é" * 10_000, "not-an-id"),
    ],
)
def test_what_is_no_id_of_a_thing_is_refused_with_its_reason(text: str, code: str) -> None:
    engine, _ = two_friends()

    assert code == refusal(engine, text)


def test_a_refusal_never_repeats_a_whole_page_of_text() -> None:
    engine, _ = two_friends()
    with pytest.raises(Refused) as caught:
        ids.resolve_thing(engine.core, "x" * 100_000)

    assert len(str(caught.value.values["id"])) <= 80


def test_members_are_found_among_me_and_my_friends() -> None:
    engine, friend = two_friends()

    assert engine.core.me == ids.resolve_member(engine.core, engine.core.me.hex()[:8])
    assert friend.member == ids.resolve_member(engine.core, friend.member.hex())
    with pytest.raises(Refused, match="unknown member"):
        ids.resolve_member(engine.core, "0" * 64)


def test_a_loan_that_is_not_mine_is_unknown() -> None:
    engine, _ = two_friends()

    with pytest.raises(Refused, match="unknown loan"):
        ids.resolve_loan(engine.core, "0" * 32)
