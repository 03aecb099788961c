"""A friend's node that sends nonsense is left alone, its person is not.

Ana is the victim; Mallory is a friend of hers, whose end of the link is played by hand.

Spec: §14.2.
"""

from __future__ import annotations

import pytest

from node.engine import views
from node.engine.commands import AddThing, AdmitFriend
from node.engine.events import (
    CommandReceived,
    Disconnect,
    FriendsChanged,
    LinkId,
    LinkUp,
    RequestId,
)
from protocol import limits
from protocol.bodies import ListingBody, ThingKind
from protocol.encoding import encode
from protocol.errors import Refused
from protocol.keys import ObjectId
from protocol.messages import Have, Records
from protocol.records import split_envelope
from simulations.pump import HOUR_MS, Pump

DAY_MS = 24 * HOUR_MS
THING = ObjectId(b"thing of malice!")


@pytest.fixture
def pump() -> Pump:
    pump = Pump()
    pump.settle("FGAM", "FG", "AM")
    return pump


def listing(title: str = "x") -> ListingBody:
    return ListingBody(title, "", ThingKind.OBJECT, 1, (), ())


def played(pump: Pump) -> LinkId:
    """Mallory's program is replaced by ours, and calls."""
    link = pump.impersonate("M", "A")
    pump.say(link, Have(bytes(8), bytes(8), 0))
    pump.heard(link)
    return link


def forge(pump: Pump, link: LinkId) -> None:
    unsigned, *_ = split_envelope(pump.sign("M", listing(), THING).envelope)
    pump.say(link, Records((encode([unsigned, bytes(64), b""]),)))


def answers(pump: Pump) -> bool:
    """Whether Ana would take a call of Mallory's home, and call it."""
    engine, member = pump.engine("A"), pump.member("M")
    dials = member in [target.member for target in engine.friends_to_dial()]
    assert dials is (member in engine.link_keys().values())
    return dials


def reason(pump: Pump) -> object:
    """What the owner is told of it, or None."""
    [row] = [row for row in views.friends(pump.core("A")) if isinstance(row, dict)]
    paused = row["paused"]
    status = views.status(pump.core("A"))["paused"]
    assert status == ([] if paused is None else [row["name"]])
    return paused["reason"] if isinstance(paused, dict) else None


def test_a_forged_signature_pauses_the_friend_for_a_day(pump: Pump) -> None:
    link = played(pump)
    assert answers(pump)

    forge(pump, link)
    assert not pump.is_open(link)
    assert not answers(pump)
    assert "bad-signature" == reason(pump)

    pump.advance(limits.LINK_PAUSE_MS - 1)
    assert not answers(pump)
    pump.advance(1)
    assert answers(pump)
    assert reason(pump) is None


def test_a_pause_outlives_a_restart(pump: Pump) -> None:
    forge(pump, played(pump))

    pump.stop("A")
    pump.start("A")

    assert not answers(pump)
    assert "bad-signature" == reason(pump)
    pump.advance(limits.LINK_PAUSE_MS)
    assert answers(pump)


def test_whoever_calls_all_the_same_is_hung_up_on(pump: Pump) -> None:
    forge(pump, played(pump))

    effects = pump.handle("A", LinkUp(LinkId(77), pump.member("M")))

    assert [Disconnect(LinkId(77), "paused")] == effects


def test_the_owner_lets_them_in_again(pump: Pump) -> None:
    forge(pump, played(pump))
    member = pump.member("M").hex()

    assert pump.command("A", AdmitFriend(member)) == {"member": member, "name": member[:8]}

    assert answers(pump)
    assert reason(pump) is None
    link = played(pump)
    pump.say(link, Records((pump.sign("M", listing("guitar"), THING).envelope,)))
    assert ["guitar"] == pump.sees("A")


def test_there_is_nothing_to_end_where_nothing_is_paused(pump: Pump) -> None:
    refused = pump.command("A", AdmitFriend(pump.member("M").hex()))
    assert isinstance(refused, Refused)
    assert refused.code == "not-paused"

    stranger = pump.command("A", AdmitFriend(pump.member("F").hex()))
    assert isinstance(stranger, Refused)
    assert stranger.code in ("not-a-friend", "unknown-member")


def test_nonsense_again_and_again_is_a_pause(pump: Pump) -> None:
    """Each time by itself it might be a newer program: that link ends, and may come again."""
    for _ in range(limits.LINK_OFFENCES_MAX - 1):
        pump.say(played(pump), b"\xc1")
        assert answers(pump)

    pump.say(played(pump), b"\xc1")

    assert not answers(pump)
    assert "malformed" == reason(pump)


def test_nonsense_now_and_then_is_none(pump: Pump) -> None:
    for _ in range(3 * limits.LINK_OFFENCES_MAX):
        pump.say(played(pump), b"\xc1")
        pump.advance(limits.LINK_OFFENCES_WINDOW_MS // (limits.LINK_OFFENCES_MAX - 1))

        assert answers(pump)


def test_a_friendship_that_ends_is_not_paused_any_more(pump: Pump) -> None:
    """They must be told, whenever they call. Spec §7.7."""
    forge(pump, played(pump))

    pump.end("A", "M")

    assert pump.member("M") in pump.engine("A").link_keys().values()
    assert pump.core("A").paused == {}


def test_a_clock_that_was_ahead_does_not_prolong_a_pause(pump: Pump) -> None:
    forge(pump, played(pump))
    core = pump.core("A")
    until_ms, code = core.paused[pump.member("M")]
    core.paused[pump.member("M")] = (until_ms + 1000 * DAY_MS, code)

    wakeup_ms = pump.engine("A").next_wakeup_ms()

    assert wakeup_ms is not None
    assert wakeup_ms <= pump.now_ms + limits.LINK_PAUSE_MS


def test_what_a_paused_friend_gave_stays_as_if_they_were_off(pump: Pump) -> None:
    pump.link("A", "M")
    pump.run()
    pump.command("M", AddThing("book"))
    pump.run()
    assert ["book"] == pump.sees("A")

    forge(pump, played(pump))

    assert ["book"] == pump.sees("A")


def test_hosts_look_again_at_whom_they_call(pump: Pump) -> None:
    forge(pump, played(pump))

    member = pump.member("M").hex()
    command = CommandReceived(RequestId(1), AdmitFriend(member), pump.entropy(), 0)

    assert FriendsChanged() in pump.handle("A", command)
