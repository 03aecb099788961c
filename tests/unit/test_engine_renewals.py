"""Spec §7.4, §8.3: who was away hears of every certificate that was renewed meanwhile."""

from __future__ import annotations

from node.engine.commands import AddThing
from protocol.keys import RecordId
from protocol.messages import Announce, Have, Message, Paths
from simulations.pump import Pump

DAY_MS = 24 * 3600 * 1000


def announced(messages: list[Message]) -> list[RecordId]:
    return [i for m in messages if isinstance(m, Announce) for i, _ in m.items]


def half_id(pump: Pump, author: str, friend: str) -> RecordId:
    half = pump.half(author, friend)
    assert half is not None
    return half.record_id


def away_for_eight_days() -> tuple[Pump, list[Message]]:
    """F is a friend of B, knows X by X-A-B, and was away when Y befriended A.

    Everybody renewed what they had signed. F's node is played by hand.
    """
    pump = Pump()
    pump.settle("ABFXY", "AX", "AB", "BF")
    pump.command("X", AddThing("ladder", circles=3))
    own = pump.core("F").log.epoch
    link = pump.impersonate("F", "B")
    pump.say(link, Have(own, bytes(8), 0))
    heard = pump.heard(link)
    assert any(isinstance(m, Paths) and m.origin == pump.member("X") for m in heard)
    upto = max(m.upto for m in heard if isinstance(m, Announce))
    epoch = next(m.own_epoch for m in heard if isinstance(m, Have))
    pump.cut("B", "F")
    pump.join("A", "Y")
    pump.command("Y", AddThing("tent", circles=3))
    pump.advance(8 * DAY_MS)
    link = pump.impersonate("F", "B")
    pump.say(link, Have(own, epoch, upto))
    return pump, pump.heard(link)


def test_a_renewed_certificate_is_told_although_the_path_to_somebody_else_names_it() -> None:
    """The path to X was offered before with the old ids: F relies on those until they end."""
    pump, heard = away_for_eight_days()
    offers = {m.origin: m for m in heard if isinstance(m, Paths)}

    assert pump.member("X") not in offers
    [path] = offers[pump.member("Y")].paths
    assert half_id(pump, "A", "B") in path.certificates
    assert half_id(pump, "A", "B") in announced(heard)


def test_a_certificate_that_every_offer_names_is_not_told_twice() -> None:
    """Who needs such a path asks for it."""
    pump, heard = away_for_eight_days()

    told = announced(heard)
    assert half_id(pump, "Y", "A") not in told
    assert half_id(pump, "A", "Y") not in told
