"""A register that is rewritten in a loop goes on from here once in ten seconds.

Spec: §14.3.
"""

from __future__ import annotations

import pytest

from node.engine.commands import AddThing, SetThing
from node.engine.events import LinkId, Persist, Space
from protocol import limits
from protocol.bodies import ListingBody, ThingKind, WithdrawalBody, withdrawal_object
from protocol.keys import ObjectId
from protocol.messages import Have, Records
from simulations.pump import Pump

THING = ObjectId(b"thing of malice!")
STEP_MS = 1000


def scene() -> tuple[Pump, LinkId]:
    """Mallory, whose end is played, is Ana's friend; Bob and Carl are behind Ana."""
    pump = Pump()
    pump.settle("FGAMBC", "FG", "AM", "AB", "BC")
    for name in "FG":
        pump.stop(name)
    far = pump.impersonate("M", "A")
    pump.say(far, Have(bytes(8), bytes(8), 0))
    pump.heard(far)
    return pump, far


def say(pump: Pump, far: LinkId, title: str) -> None:
    body = ListingBody(title, "", ThingKind.OBJECT, 3, (), ())
    pump.say(far, Records((pump.sign("M", body, THING).envelope,)))


def titles_that_came(pump: Pump, name: str) -> list[str]:
    """Of all versions of Mallory's thing that were ever kept there."""
    told: list[str] = []
    for effect in pump.homes[name].effects:
        match effect:
            case Persist(Space.RECORD, key, (_, _, _, envelope)) if key.endswith(THING):
                body = pump.open(envelope).body
                assert isinstance(body, ListingBody)
                told.append(body.title)
    return list(dict.fromkeys(told))


def test_a_thing_rewritten_in_a_loop_goes_on_once_in_ten_seconds() -> None:
    pump, far = scene()
    for number in range(60):
        say(pump, far, f"x {number}")
        assert [f"x {number}"] == pump.sees("A")
        pump.advance(STEP_MS)

    assert 60 == len(titles_that_came(pump, "A"))
    # The first, its first change, and six that stood when ten seconds were over.
    assert 8 >= len(titles_that_came(pump, "B")) >= 6
    pump.advance(limits.CHANGE_PER_OBJECT_MIN_MS)
    assert ["x 59"] == pump.sees("B") == pump.sees("C")
    assert not pump.core("A").held


def test_one_change_now_and_then_does_not_wait() -> None:
    pump, far = scene()
    for number in range(5):
        say(pump, far, f"x {number}")
        assert [f"x {number}"] == pump.sees("C")
        pump.advance(limits.CHANGE_PER_OBJECT_MIN_MS)


def test_own_changes_and_the_first_withdrawal_do_not_wait() -> None:
    pump, far = scene()
    say(pump, far, "x")
    for number in range(3):
        say(pump, far, f"x {number}")
    assert ["x 0"] == pump.sees("C")
    body = WithdrawalBody(THING, 0, 2**50, 3, ())
    pump.say(far, Records((pump.sign("M", body, withdrawal_object(THING)).envelope,)))

    assert [] == pump.sees("A") == pump.sees("B") == pump.sees("C")
    pump.advance(2 * limits.CHANGE_PER_OBJECT_MIN_MS)
    assert [] == pump.sees("B") == pump.sees("C")


def test_what_was_held_goes_on_after_a_crash() -> None:
    pump, far = scene()
    for title in ("x", "y", "z"):
        say(pump, far, title)
    assert ["y"] == pump.sees("B")

    pump.start("A")
    pump.link_all()
    pump.advance(limits.CHANGE_PER_OBJECT_MIN_MS)

    assert ["z"] == pump.sees("B") == pump.sees("C")
    assert not pump.core("A").held


@pytest.mark.parametrize("jump_ms", [-300_000, 86_400_000])
def test_a_clock_that_jumps_holds_nothing_back_for_long(jump_ms: int) -> None:
    pump, far = scene()
    for title in ("x", "y"):
        say(pump, far, title)
    pump.now_ms += jump_ms
    for title in ("z", "last"):
        say(pump, far, title)
    pump.advance(2 * limits.CHANGE_PER_OBJECT_MIN_MS)

    assert ["last"] == pump.sees("A") == pump.sees("B")


def test_what_is_remembered_of_changes_is_forgotten_with_the_next() -> None:
    pump, far = scene()
    for number in range(40):
        thing = ObjectId(number.to_bytes(16, "big"))
        for title in "xy":
            body = ListingBody(title, "", ThingKind.OBJECT, 3, (), ())
            pump.say(far, Records((pump.sign("M", body, thing).envelope,)))
        pump.advance(STEP_MS)

    core = pump.core("A")
    assert limits.CHANGE_PER_OBJECT_MIN_MS // STEP_MS + 1 >= len(core.passed_on_ms)


def test_the_owner_s_own_corrections_reach_friends_at_once() -> None:
    pump, _ = scene()
    answer = pump.command("B", AddThing("bike", circles=2))
    assert isinstance(answer, dict)
    for number in range(4):
        pump.command("B", SetThing(str(answer["thing"]), title=f"bike {number}"))

    assert ["bike 3"] == pump.sees("C") == pump.sees("A")
