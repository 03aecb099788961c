"""Spec §17.1: who helps whom, and that nobody learns of a friendship by asking."""

from __future__ import annotations

import pytest

from node.engine.commands import AddThing
from node.engine.common_friends import common_friends, may_help, proof_of
from node.engine.core import Core
from protocol.bodies import HalfBody, half_object
from protocol.keys import HouseId, revocation_hash
from protocol.messages import Records
from protocol.reaching import Proof
from simulations.pump import HOUR_MS, Pump

DAY_MS = 24 * HOUR_MS


def town(*friendships: str, names: str = "ABR") -> Pump:
    pump = Pump()
    pump.settle(names, *(friendships or ("AB", "AR", "BR")))
    for name in names:
        pump.command(name, AddThing("Key", circles=2))
    pump.advance(60_000)
    return pump


def half(pump: Pump, author: str, friend: str, *, shows: bool = True, **signed: object) -> bytes:
    """A half signed anew by its author, whose node knows nothing of it."""
    body = HalfBody(pump.member(friend), revocation_hash(bytes(32)), shows, friend_is_member=True)
    record = pump.sign(author, body, half_object(pump.member(friend)), **signed)  # type: ignore[arg-type]
    return record.envelope


def proof(pump: Pump) -> Proof:
    found = proof_of(pump.core("A"), pump.member("B"))
    assert found is not None
    return found


def helps(pump: Pump, shown: Proof, asking: str = "A", other: str = "B") -> bool:
    return may_help(pump.core("R"), pump.member(asking), pump.member(other), shown)


def rosa(pump: Pump) -> Core:
    return pump.core("R")


def test_two_friends_of_hers_who_prove_to_be_friends_are_helped() -> None:
    pump = town()

    assert helps(pump, proof(pump))
    first, second = proof(pump)
    assert helps(pump, (second, first), asking="B", other="A")
    assert [pump.member("R")] == common_friends(pump.core("A"), pump.member("B"))
    assert [pump.member("R")] == common_friends(pump.core("B"), pump.member("A"))


def test_a_renewed_proof_that_she_has_not_seen_counts_as_well() -> None:
    pump = town()

    assert helps(pump, (half(pump, "A", "B"), half(pump, "B", "A")))


@pytest.mark.parametrize("hidden", ["A", "B"])
def test_a_friendship_that_one_of_them_hides_is_not_proved_to_her(hidden: str) -> None:
    pump = town()
    shown = tuple(
        half(pump, author, friend, shows=author != hidden) for author, friend in ("AB", "BA")
    )

    assert not helps(pump, (shown[0], shown[1]))


@pytest.mark.parametrize("name", ["A", "B"])
def test_nobody_is_helped_over_a_friendship_with_her_that_is_hidden(name: str) -> None:
    """Else her answer to Alice would tell that Bob is her friend."""
    pump = town()
    shown = proof(pump)
    link = pump.impersonate(name, "R")
    pump.say(link, Records((half(pump, name, "R", shows=False),)))

    assert rosa(pump).is_live_friend(pump.member(name))
    assert not helps(pump, shown)


def test_what_she_knows_to_be_newer_counts_more_than_what_she_is_shown() -> None:
    pump = town()
    shown = proof(pump)
    link = pump.impersonate("A", "R")
    pump.say(link, Records((half(pump, "A", "B", shows=False),)))
    held = rosa(pump).registers.stored((pump.member("A"), half_object(pump.member("B"))))

    assert held is not None
    assert not helps(pump, shown)


def test_a_friendship_that_ended_is_no_proof_as_soon_as_she_hears_of_it() -> None:
    pump = town()
    shown = proof(pump)
    pump.end("B", "A")

    assert not helps(pump, shown)
    assert proof_of(pump.core("A"), pump.member("B")) is None


def test_an_old_proof_and_one_of_another_house_are_worth_nothing() -> None:
    pump = town()
    mine = half(pump, "A", "B")
    ended = half(pump, "B", "A", created_ms=pump.now_ms - 2 * DAY_MS)
    elsewhere = half(pump, "B", "A", house=HouseId(bytes(32)))

    assert not helps(pump, (mine, ended))
    assert not helps(pump, (mine, elsewhere))
    assert not helps(pump, (mine, b""))
    assert not helps(pump, (mine, mine))


def test_somebody_else_s_half_or_one_in_the_wrong_register_is_no_proof() -> None:
    pump = town()
    _, theirs = proof(pump)
    body = HalfBody(pump.member("R"), revocation_hash(bytes(32)), True, friend_is_member=True)
    misplaced = pump.sign("A", body, half_object(pump.member("B"))).envelope

    assert not helps(pump, (half(pump, "R", "B"), theirs))
    assert not helps(pump, (misplaced, theirs))


def test_strangers_and_oneself_are_not_helped() -> None:
    pump = town("AB", "AR", "BR", "AC", names="ABCR")
    shown = proof_of(pump.core("A"), pump.member("C"))
    assert shown is not None

    assert not helps(pump, shown, other="C")
    assert not helps(pump, (shown[1], shown[0]), asking="C", other="A")
    assert not helps(pump, (shown[0], shown[0]), asking="A", other="A")


def test_only_a_friend_who_is_linked_and_known_to_be_theirs_is_asked() -> None:
    """The question itself tells that the two are friends."""
    pump = town("AB", "AR", "AC", "BR", names="ABCR")
    core, bob, r = pump.core("A"), pump.member("B"), pump.member("R")
    assert [r] == common_friends(core, bob)
    pump.cut("A", "R")
    assert [] == common_friends(core, bob)
    pump.link_all()
    assert [r] == common_friends(core, bob)
    pump.end("B", "R")

    assert [] == common_friends(core, bob)
