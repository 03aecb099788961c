"""Spec §10.2, §8.3: the store alone is enough, and nothing is said twice without need."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.engine import intake
from node.engine.commands import AddThing, FoundHouse, SetThing, WithdrawThing
from node.engine.core import Core
from node.engine.events import Persist, Send, Space
from protocol.bodies import Kind
from protocol.charter import Charter
from protocol.messages import (
    Addresses,
    Announce,
    Have,
    Message,
    Missing,
    Records,
    Want,
    decode_message,
)
from simulations.pump import HOUR_MS, Pump

DAY_MS = 24 * HOUR_MS


def settle(*friendships: str, names: str = "ABCDEF") -> Pump:
    pump = Pump()
    pump.settle(names, *friendships)
    return pump


def state(core: Core) -> dict[str, object]:
    """What a node knows, in one comparable piece; only what it may derive anew is left out."""
    held = core.registers.all()
    members = sorted({s.record.author for s in held} | set(core.friends))
    return {
        "identity": (core.me, core.house, core.charter, core.founders, core.next_sequence),
        "friends": sorted((m, repr(friend)) for m, friend in core.friends.items()),
        "live": core.live_friends(),
        "records": sorted((s.record.key, s.record.record_id, s.received_from or b"") for s in held),
        "numbers": sorted((s.record.key, core.log.number_of(s.record.key) or 0) for s in held),
        "members": sorted(core.members),
        "lineage": sorted(core.lineage),
        "distances": [(m, core.distance(m)) for m in members],
        "given": _rows(core.offers.given),
        "given edges": {f: dict(edges) for f, edges in core.offers.given_edges.items() if edges},
        "received": _rows(core.offers.received),
        "revocations": {key: (r.secret, r.hops) for key, r in core.revocations.items()},
        "cursors": dict(core.cursors),
        "invitations": dict(core.invitations),
        "sees": [record.record_id for record in core.visible_listings()],
        "origins": sorted({s.record.origin or b"" for s in held}),
    }


def _rows(offers: object) -> dict[object, object]:
    assert isinstance(offers, dict)
    return {friend: dict(origins) for friend, origins in offers.items() if origins}


def assert_restart_changes_nothing(pump: Pump, name: str) -> None:
    before = state(pump.core(name))
    disk = dict(pump.homes[name].disk)
    pump.start(name)
    after = state(pump.core(name))

    for piece, value in before.items():
        assert value == after[piece], f"{name} forgot something of its {piece}"
    assert disk == pump.homes[name].disk, "starting writes nothing"


Act = Callable[[Pump], object]


def add(name: str, title: str, circles: int) -> Act:
    return lambda pump: pump.command(name, AddThing(title, circles=circles))


def narrow(name: str, circles: int) -> Act:
    def act(pump: Pump) -> object:
        thing = pump.core(name).mine(Kind.LISTING)[0].object.hex()
        return pump.command(name, SetThing(thing, circles=circles))

    return act


STORY: list[tuple[str, Act]] = [
    ("A lists a ladder", add("A", "ladder", 3)),
    ("D lists a tent", add("D", "tent", 2)),
    ("B was off", lambda pump: pump.stop("B")),
    ("A lists a drill", add("A", "drill", 3)),
    ("B is back", lambda pump: pump.start("B")),
    ("all are linked", lambda pump: pump.link_all()),
    ("B and E become friends", lambda pump: pump.join("B", "E")),
    ("A narrows the ladder", narrow("A", 1)),
    ("A and B part", lambda pump: pump.end("A", "B")),
    ("a week goes by", lambda pump: pump.advance(8 * DAY_MS)),
    ("A invites", lambda pump: pump.invite("A")),
    ("A and B are friends again", lambda pump: pump.join("A", "B")),
    ("all are linked again", lambda pump: pump.link_all()),
]


class TestState:
    """Equal after a restart, whenever it happens."""

    @pytest.mark.parametrize("name", "ABCE")
    def test_after_every_chapter_of_a_story(self, name: str) -> None:
        """Joining, listing, parting, time."""
        pump = settle("AB", "BC", "CD", "DE", "AE")
        for _, act in STORY:
            act(pump)
            if name in pump.running():
                assert_restart_changes_nothing(pump, name)
                pump.link_all()

        assert [] == [reject for reject in pump.rejects if reject[1] != "out-of-reach"]

    @settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.tuples(st.sampled_from("ABCDE"), st.integers(0, 60)), max_size=6))
    def test_in_the_middle_of_anything(self, crashes: list[tuple[str, int]]) -> None:
        """Crash any node after any number of messages: all is well in the end."""
        pump = settle("AB", "BC", "CD", "DE")
        waiting = list(crashes)
        for _, act in STORY[:2]:
            act(pump)
        for name, after in waiting:
            pump.start_command("A", AddThing(f"thing {after}", circles=3))
            goal = pump.carried + after
            pump.run(lambda goal=goal: pump.carried >= goal)  # type: ignore[misc]
            assert_restart_changes_nothing(pump, name)
            pump.link_all()
        pump.link_all()
        pump.advance(60_000)

        listed = 1 + len(crashes)
        for name in "BCD":
            mine = [t for t in pump.sees(name) if t != "tent"]
            assert listed == len(mine), f"{name} misses something"

    def test_a_crash_after_the_commit_and_before_the_sending_loses_nothing(self) -> None:
        """What was persisted is said on the next link."""
        pump = settle("AB", "BC")
        pump.lose_sends = True
        pump.command("A", AddThing("ladder", circles=2))
        pump.lose_sends = False
        pump.start("A")
        pump.link_all()

        assert ["ladder"] == pump.sees("B") == pump.sees("C")

    def test_what_became_eligible_on_a_link_that_broke_is_said_on_the_next(self) -> None:
        """X becomes a member; the stream of all that it may have now is lost on the way."""
        pump = settle("FG", "AF", "AH", names="FGAH")
        pump.add("X")
        pump.command("H", AddThing("harp", circles=2))
        pump.join("A", "X")
        assert [] == pump.sees("X")
        a, x = pump.member("A"), pump.member("X")
        pump.start_join("F", "X")
        pump.run(lambda: pump.core("A").graph.has_transit(a, x))
        pump.cut("A", "X")
        pump.run()
        pump.link("A", "X")
        pump.run()

        assert ["harp"] == pump.sees("X")

    def test_an_offer_lost_with_its_link_is_made_again(self) -> None:
        """Also when the one who made it was restarted meanwhile."""
        for restarts in (False, True):
            pump = settle("AB", "BC")
            pump.start_command("A", AddThing("ladder", circles=2))
            pump.run(lambda pump=pump: bool(pump.core("B").offers.given.get(pump.member("C"))))  # type: ignore[misc]
            pump.cut("B", "C")
            if restarts:
                pump.start("B")
            pump.run()
            pump.link_all()

            assert ["ladder"] == pump.sees("C")

    def test_who_befriends_a_home_after_it_was_restarted_sees_what_came_before(self) -> None:
        """Before, the path was offered to nobody, and nothing on the disk spoke of it.

        Found by ``simulate hunt``, seed 906.
        """
        pump = settle("AB", names="ABC")
        pump.command("A", AddThing("ladder", circles=2))
        pump.start("B")
        pump.link_all()
        pump.join("B", "C")

        assert ["ladder"] == pump.sees("C")


class TestCursor:
    """Only what is new crosses the link. Spec §8.3."""

    def test_two_friends_who_know_everything_say_so_and_no_more(self) -> None:
        """Nothing is streamed again after a break, nor after restarts of either side."""
        pump = settle("AB", "BC", "CD")
        for name in "ABCD":
            pump.command(name, AddThing(name, circles=3))
        for prepare in ([], ["B"], ["C"], ["B", "C"]):
            pump.cut("B", "C")
            for name in prepare:
                pump.start(name)
            said = listen(pump)
            pump.link_all()

            assert {Have, Addresses} == {type(message) for message in said}

    def test_what_is_new_crosses_once(self) -> None:
        """One record listed meanwhile: announced or pushed, and no other."""
        pump = settle("AB", "BC")
        for number in range(20):
            pump.command("A", AddThing(f"thing {number}", circles=2))
        pump.cut("B", "C")
        pump.command("A", AddThing("ladder", circles=2))
        said = listen(pump)
        pump.link("B", "C")
        pump.run()

        assert 1 == sum(len(m.envelopes) for m in said if isinstance(m, Records))
        assert ["ladder"] == [title for title in pump.sees("C") if title == "ladder"]

    def test_numbers_are_not_given_twice_over_a_restart(self) -> None:
        """Also those that a restart itself gives."""
        pump = settle("AB", "BC", "CD")
        pump.command("A", AddThing("ladder", circles=3))
        pump.end("C", "D")
        for _ in range(4):
            top = pump.core("B").log.top
            pump.start("B")
            pump.link_all()
            assert pump.core("B").log.top >= top
            persisted = [
                e.value
                for e in pump.homes["B"].effects
                if isinstance(e, Persist) and e.key == b"log_top"
            ]
            assert pump.core("B").log.top == persisted[-1]

    def test_a_log_of_another_epoch_is_read_from_its_beginning(self) -> None:
        """A restored database begins a new one; what is held already does not cross again."""
        pump = settle("AB", "BC")
        pump.command("A", AddThing("ladder", circles=2))
        pump.stop("B")
        pump.homes["B"].disk[Space.META, b"log_epoch"] = b"restored"
        pump.start("B")
        pump.command("A", AddThing("drill", circles=2))
        said = listen(pump)
        pump.link_all()

        assert ["drill", "ladder"] == pump.sees("C")
        cursor = pump.core("C").cursors[pump.member("B")]
        assert (b"restored", pump.core("B").log.top) == cursor
        titles = [
            getattr(pump.core("C").config.open_record(envelope).body, "title", "")
            for message in said
            if isinstance(message, Records)
            for envelope in message.envelopes
        ]
        assert "ladder" not in titles

    def test_the_cursor_is_never_ahead_of_the_records_on_disk(self) -> None:
        """Looked at after every single message: a crash there would lose them."""
        pump = settle("AB", "BC", "CD")
        looks = 0

        def look(_: bytes) -> None:
            nonlocal looks
            for giver, taker in ("AB", "BC", "CD", "CB"):
                assert [] == lost_by_a_crash(pump, giver, taker)
                looks += 1

        pump.listeners.append(look)
        pump.cut("B", "C")
        for number in range(40):
            pump.command("A", AddThing(f"thing {number}", circles=3))
        pump.link_all()

        assert 40 == len(pump.sees("D"))
        assert looks > 300

    def test_a_window_at_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A friend who was long away gets the log in pieces and confirms each. Spec §8.3."""
        monkeypatch.setattr("protocol.session.STREAM_WINDOW", 8)
        pump = settle("AB", "BC")
        pump.cut("B", "C")
        for number in range(50):
            pump.command("A", AddThing(f"thing {number}", circles=2))
        said = listen(pump)
        pump.link("B", "C")
        pump.run()

        assert 50 == len(pump.sees("C"))
        assert 5 <= sum(1 for message in said if isinstance(message, Announce) and message.more)

    def test_two_windows_that_wait_for_each_other_s_records(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """D asks B for what C announced as well; what B brings lets C go on."""
        monkeypatch.setattr("protocol.session.STREAM_WINDOW", 8)
        pump = settle("AB", "AC", "BD", "CD")
        pump.stop("D")
        for number in range(60):
            pump.command("A", AddThing(f"thing {number}", circles=2))
        pump.start("D")
        pump.link("D", "B")
        pump.link("D", "C")
        pump.run()

        assert 60 == len(pump.sees("D"))
        for giver in "BC":
            upto = pump.core("D").cursors[pump.member(giver)][1]
            assert pump.core(giver).log.top == upto


def lost_by_a_crash(pump: Pump, giver: str, taker: str) -> list[bytes]:
    """What the giver may give, stands before the taker's cursor, and is not on its disk."""
    core, disk = pump.core(giver), pump.homes[taker].disk
    row = disk.get((Space.CURSOR, core.me), (core.log.epoch, 0))
    assert isinstance(row, tuple)
    _, upto = row
    assert isinstance(upto, int)
    lost: list[bytes] = []
    for number, key in core.log.since(0):
        if number <= upto and isinstance(key[0], bytes):
            stored = core.registers.stored(key)
            record = None if stored is None else core.current(*stored.record.key)
            place = (Space.RECORD, key[0] + key[1])
            if record and intake.may_give(core, record, pump.member(taker)) and place not in disk:
                lost.append(record.record_id)
    return lost


def listen(pump: Pump) -> list[Message]:
    """Everything that is said from now on."""
    said: list[Message] = []
    pump.listeners.append(lambda data: said.append(decode_message(data)))
    return said


class TestMissing:
    """Who cannot give it any more says so; then another is asked. Spec §8.4."""

    def test_the_next_source_is_asked_at_once(self) -> None:
        """Without waiting for a timer or a word from the next."""
        pump = settle("AB", "AC", "BD", "CD")
        pump.stop("D")
        pump.command("A", AddThing("ladder", circles=2))
        record = next(r for r in pump.core("B").visible_listings())
        pump.start("D")
        far = pump.impersonate("B", "D")
        pump.say(far, Have(bytes(8), bytes(8), 0), Announce(5, False, ((record.record_id, 300),)))
        assert [Want((record.record_id,))] == [m for m in pump.heard(far) if isinstance(m, Want)]
        pump.link("C", "D")
        pump.run()
        assert [] == pump.sees("D")
        pump.say(far, Missing((record.record_id,)))

        assert ["ladder"] == pump.sees("D")

    def test_a_source_that_falls_silent_is_passed_over_after_thirty_seconds(self) -> None:
        """And its cursor stays, so that it may announce again on the next link."""
        pump = settle("AB", "AC", "BD", "CD")
        pump.stop("D")
        pump.command("A", AddThing("ladder", circles=2))
        record = next(r for r in pump.core("B").visible_listings())
        pump.start("D")
        far = pump.impersonate("B", "D")
        pump.say(far, Have(b"epoch B.", bytes(8), 0), Announce(5, False, ((record.record_id, 9),)))
        pump.link("C", "D")
        pump.run()
        pump.advance(29_999)
        assert [] == pump.sees("D")
        pump.advance(1)

        assert ["ladder"] == pump.sees("D")
        assert (b"epoch B.", 0) == pump.core("D").cursors[pump.member("B")]

    def test_the_only_source_that_falls_silent_is_heard_again_on_the_next_link(self) -> None:
        """Its announcement was not forgotten."""
        pump = settle("AB", "BC")
        pump.cut("B", "C")
        pump.command("A", AddThing("ladder", circles=2))
        pump.link("B", "C")
        pump.run(lambda: pump.core("C").puller.next_deadline_ms() is not None)
        pump.lose_queue()
        pump.advance(40_000)
        assert [] == pump.sees("C")
        pump.cut("B", "C")
        pump.link("B", "C")
        pump.run()

        assert ["ladder"] == pump.sees("C")

    def test_who_has_no_path_for_it_does_not_keep_it_from_coming_by_another(self) -> None:
        """A liar gives a record without an offer; the next who announced it is asked."""
        pump = settle("AB", "AC", "BD", "CD")
        pump.stop("D")
        pump.command("A", AddThing("ladder", circles=2))
        record = next(r for r in pump.core("B").visible_listings())
        pump.start("D")
        far = pump.impersonate("B", "D")
        pump.say(far, Have(bytes(8), bytes(8), 0), Announce(5, False, ((record.record_id, 300),)))
        pump.link("C", "D")
        pump.run(lambda: pump.core("D").puller.next_deadline_ms() is not None)
        pump.say(far, Records((record.envelope,)))

        assert ["ladder"] == pump.sees("D")

    def test_every_send_of_a_batch_leaves_after_its_persists(self) -> None:
        """The order of effects, for all that ever happened here. Spec §10.1."""
        pump = settle("AB", "BC")
        pump.command("A", AddThing("ladder", circles=2))
        pump.join("A", "C")
        pump.end("A", "B")
        kinds = [type(effect) for home in pump.homes.values() for effect in home.effects]

        assert {Persist, Send} <= set(kinds)  # and ``Pump.handle`` checked each batch


def test_founding_and_withdrawing_survive_a_restart() -> None:
    """The shortest life of a house."""
    pump = Pump()
    pump.add("A")
    pump.add("B")
    pump.command("A", FoundHouse("Rue", Charter()))
    answer = pump.command("A", AddThing("ladder", circles=1))
    assert isinstance(answer, dict)
    assert_restart_changes_nothing(pump, "A")
    pump.join("A", "B")
    assert_restart_changes_nothing(pump, "B")
    pump.link_all()
    assert ["ladder"] == pump.sees("B")
    pump.command("A", WithdrawThing(str(answer["thing"])))
    assert_restart_changes_nothing(pump, "A")
    assert [] == pump.sees("B")
