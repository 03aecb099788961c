"""Spec §8.3, §8.4: cursors of one link, and pulling across links."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from protocol import limits, session
from protocol.keys import RecordId
from protocol.messages import ITEMS_MAX
from protocol.session import (
    NO_EPOCH,
    PULL_COUNT_MAX,
    PULL_TIMEOUT_MS,
    STREAM_WINDOW,
    LinkSession,
    Puller,
)

OURS, THEIRS, NEW = b"our log.", b"theirs..", b"new log."
IDS = [RecordId(bytes([number]) * 32) for number in range(12)]
A, B, C = 1, 2, 3


class TestGreeting:
    """Where to stream from. Spec §8.3."""

    def test_the_stream_goes_on_where_the_friend_stopped(self) -> None:
        """The friend holds our log up to 40."""
        link = LinkSession(peer_epoch=THEIRS, peer_upto=7)

        assert not link.greet(THEIRS, OURS, OURS, 40)
        assert 40 == link.position
        assert 40 + STREAM_WINDOW == link.window_end
        assert 7 == link.peer_upto
        assert link.is_greeted

    def test_a_friend_of_another_log_gets_everything(self) -> None:
        """It speaks of a log that we have no more."""
        link = LinkSession()
        link.greet(THEIRS, OURS, NEW, 40)

        assert 0 == link.position
        assert STREAM_WINDOW == link.window_end

    def test_a_friend_with_a_new_log_is_read_from_its_beginning(self) -> None:
        """Its database is new or restored."""
        link = LinkSession(peer_epoch=THEIRS, peer_upto=7, announced_upto=7)

        assert link.greet(NEW, OURS, OURS, 0)
        assert (NEW, 0, 0) == (link.peer_epoch, link.peer_upto, link.announced_upto)

    def test_a_later_have_opens_the_window_and_keeps_the_place(self) -> None:
        """The friend has caught up: the sender may go on."""
        link = LinkSession(peer_epoch=THEIRS)
        link.greet(THEIRS, OURS, OURS, 0)
        link.position, link.is_paused = 2048, True
        link.greet(THEIRS, OURS, OURS, 2048)

        assert 2048 == link.position
        assert 2048 + STREAM_WINDOW == link.window_end
        assert not link.is_paused


class TestRewinding:
    """More became eligible: the log is streamed again, and counted when it arrived."""

    def test_a_rewound_stream_is_confirmed_by_a_have_after_its_end(self) -> None:
        """Not by one that was under way before."""
        link = LinkSession()
        link.greet(THEIRS, OURS, OURS, 40)
        link.rewind()

        assert (0, STREAM_WINDOW) == (link.position, link.window_end)
        assert not link.is_confirmed()

        link.position = 40
        assert link.say_end()
        assert not link.say_end()
        assert not link.is_confirmed()

        link.greet(THEIRS, OURS, OURS, 40)

        assert link.is_confirmed()

    def test_a_have_that_stays_behind_confirms_nothing(self) -> None:
        """The friend got no answer to a want in time. Spec §8.3; ``simulate hunt``, seed 82."""
        link = LinkSession()
        link.greet(THEIRS, OURS, OURS, 40)
        link.rewind()
        link.position = 50
        link.say_end()

        link.greet(THEIRS, OURS, OURS, 40)
        assert not link.is_confirmed()

        link.greet(THEIRS, OURS, OURS, 50)
        assert link.is_confirmed()

    def test_rewound_twice_it_waits_for_both(self) -> None:
        """The first answer may belong to the first stream."""
        link = LinkSession()
        link.greet(THEIRS, OURS, OURS, 0)
        for _ in range(2):
            link.rewind()
            link.say_end()
        link.greet(THEIRS, OURS, OURS, 0)

        assert not link.is_confirmed()

        link.greet(THEIRS, OURS, OURS, 0)

        assert link.is_confirmed()

    def test_a_have_that_takes_back_what_was_held_asks_for_all_again(self) -> None:
        """The friend could not take what came before the friendship was live."""
        link = LinkSession()

        assert not link.is_asked_again(OURS, OURS, 0)

        link.greet(THEIRS, OURS, OURS, 40)

        assert link.is_asked_again(OURS, OURS, 0)
        assert link.is_asked_again(NEW, OURS, 50)
        assert not link.is_asked_again(OURS, OURS, 40)

    def test_announcements_from_before_asking_again_do_not_count(self) -> None:
        """The friend says 0 first when it has gone back."""
        link = LinkSession(peer_epoch=THEIRS, peer_upto=30, announced_upto=30)
        link.ask_again()
        link.announced(41, more=False)

        assert not link.advance()

        link.announced(0, more=False)
        link.announced(12, more=False)

        assert link.advance()
        assert 12 == link.peer_upto


class TestCursor:
    """How far we hold the friend's log. Spec §8.3."""

    def test_the_cursor_waits_for_what_was_announced_before_it(self) -> None:
        """Else a crash would lose it."""
        link = LinkSession()
        link.pending[IDS[0]] = None
        link.announced(9, more=False)

        assert not link.advance()

        link.pending.clear()

        assert link.advance()
        assert 9 == link.peer_upto
        assert not link.advance()

    def test_the_cursor_never_goes_back_by_an_announcement(self) -> None:
        """A rewound stream passes low numbers again."""
        link = LinkSession(peer_upto=9, announced_upto=9)
        link.announced(3, more=False)

        assert not link.advance()
        assert 9 == link.peer_upto

    def test_a_frozen_cursor_stays(self) -> None:
        """A want was not answered: it is announced again on the next link."""
        link = LinkSession(is_frozen=True)
        link.announced(9, more=False)

        assert not link.advance()

    def test_a_waiting_sender_hears_of_us_once_when_nothing_is_outstanding(self) -> None:
        """Flow control is in the receiver's hand. Spec §8.4."""
        link = LinkSession()
        link.pending[IDS[0]] = None
        link.announced(9, more=True)

        assert not link.take_peer_waits()

        link.pending.clear()

        assert link.take_peer_waits()
        assert not link.take_peer_waits()

    def test_what_the_friend_is_known_to_have_is_bounded(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The oldest are forgotten. Spec §14."""
        monkeypatch.setattr(session, "KNOWN_TO_PEER_MAX", 3)
        link = LinkSession()
        for record_id in [*IDS[:3], IDS[0], *IDS[3:5]]:
            link.note_known(record_id)

        assert IDS[2:5] == list(link.known_to_peer)

    def test_no_epoch_is_eight_zeros(self) -> None:
        """What is said of a log that nothing is held of."""
        assert bytes(8) == NO_EPOCH == LinkSession().peer_epoch


class TestPulling:
    """One id, one friend at a time. Spec §8.4."""

    def test_an_id_is_asked_from_the_first_who_announced_it(self) -> None:
        """The other is remembered."""
        puller = Puller()
        puller.announce(A, IDS[0], 100)
        puller.announce(B, IDS[0], 100)

        assert [] == puller.next_wants(B, 0, 10)
        assert [IDS[0]] == puller.next_wants(A, 0, 10)
        assert puller.was_asked(A, IDS[0])
        assert not puller.was_asked(B, IDS[0])

    def test_who_cannot_give_it_is_passed_over(self) -> None:
        """Then the next, then nobody."""
        puller = Puller()
        for link in (A, B):
            puller.announce(link, IDS[0], 100)
        puller.next_wants(A, 0, 10)

        assert puller.pass_over(A, IDS[0])
        assert B in puller.queues
        assert [IDS[0]] == puller.next_wants(B, 0, 10)
        assert not puller.pass_over(B, IDS[0])
        assert not puller.is_wanted(IDS[0])

    def test_a_refusal_from_somebody_not_asked_changes_nothing(self) -> None:
        """A friend cannot take another's place in the queue away."""
        puller = Puller()
        puller.announce(A, IDS[0], 100)
        puller.next_wants(A, 0, 10)

        assert puller.pass_over(B, IDS[0])
        assert not puller.pass_over(B, IDS[1])
        assert puller.was_asked(A, IDS[0])

    def test_an_unanswered_want_is_overdue_after_thirty_seconds(self) -> None:
        """The caller passes over who was asked."""
        puller = Puller()
        puller.announce(A, IDS[0], 100)
        puller.announce(B, IDS[1], 100)
        assert puller.next_deadline_ms() is None
        puller.next_wants(A, 1000, 10)
        puller.next_wants(B, 2000, 10)

        assert 1000 + PULL_TIMEOUT_MS == puller.next_deadline_ms()
        assert [] == puller.overdue(999 + PULL_TIMEOUT_MS)
        assert [(A, IDS[0])] == puller.overdue(1000 + PULL_TIMEOUT_MS)
        assert [(A, IDS[0]), (B, IDS[1])] == puller.overdue(2000 + PULL_TIMEOUT_MS)

    def test_a_link_that_breaks_gives_its_ids_to_others(self) -> None:
        """Asked, queued and remembered alike."""
        puller = Puller()
        for link, record_id in [(A, 0), (A, 1), (A, 2), (B, 0), (B, 1), (B, 3), (A, 3)]:
            puller.announce(link, IDS[record_id], 100)
        puller.next_wants(A, 0, 1)

        assert [B] == puller.link_down(A)
        assert [IDS[3], IDS[0], IDS[1]] == puller.next_wants(B, 0, 10)
        assert not puller.is_wanted(IDS[2])
        assert [] == puller.link_down(B)
        assert not puller.is_wanted(IDS[0])

    def test_wants_keep_to_the_window_of_the_link(self) -> None:
        """At most 512 ids and 1 MiB outstanding, 256 in a message, and the allowance."""
        puller = Puller()
        many = [RecordId(number.to_bytes(32, "big")) for number in range(700)]
        for record_id in many:
            puller.announce(A, record_id, 100)

        assert many[:3] == puller.next_wants(A, 0, 3)
        assert many[3 : 3 + ITEMS_MAX] == puller.next_wants(A, 0, 1000)
        assert PULL_COUNT_MAX - 3 - ITEMS_MAX == len(puller.next_wants(A, 0, 1000))
        assert [] == puller.next_wants(A, 0, 1000)

        puller.resolve(many[0])

        assert [many[PULL_COUNT_MAX]] == puller.next_wants(A, 0, 1000)

    def test_large_records_fill_the_window_by_size(self) -> None:
        """1 MiB is 64 records of the largest size."""
        puller = Puller()
        many = [RecordId(number.to_bytes(32, "big")) for number in range(100)]
        for record_id in many:
            puller.announce(A, record_id, limits.RECORD_SIZE_MAX_BYTES)

        assert 64 == len(puller.next_wants(A, 0, 1000))

    def test_what_came_from_elsewhere_is_not_asked_for(self) -> None:
        """Resolved while it stood in the queue."""
        puller = Puller()
        puller.announce(A, IDS[0], 100)
        puller.resolve(IDS[0])

        assert [] == puller.next_wants(A, 0, 10)
        assert A not in puller.queues

    def test_what_came_and_is_announced_anew_is_asked_of_who_announced_it_now(self) -> None:
        """It still stands in the queue of who announced it before."""
        puller = Puller()
        puller.announce(A, IDS[0], 100)
        puller.resolve(IDS[0])
        puller.announce(B, IDS[0], 100)

        assert [] == puller.next_wants(A, 0, 10)
        assert [IDS[0]] == puller.next_wants(B, 0, 10)


class PullerMachine(RuleBasedStateMachine):
    """Links that announce, answer, refuse, fall silent and break, in any order.

    The model is a plain book: who said they could give what, and has not failed since.
    """

    def __init__(self) -> None:
        super().__init__()
        self.puller = Puller()
        self.now_ms = 0
        self.sources: dict[RecordId, list[int]] = {}
        self.asked: dict[RecordId, int] = {}
        self.late: dict[tuple[int, RecordId], None] = {}

    @rule(link=st.integers(1, 4), record_id=st.sampled_from(IDS))
    def announce(self, link: int, record_id: RecordId) -> None:
        self.puller.announce(link, record_id, 100)
        known = self.sources.setdefault(record_id, [])
        if link not in known:
            known.append(link)

    @rule(link=st.integers(1, 4), count=st.integers(1, 4))
    def ask(self, link: int, count: int) -> None:
        for record_id in self.puller.next_wants(link, self.now_ms, count):
            assert record_id not in self.asked, "an id is asked from one link at a time"
            assert link in self.sources[record_id], "only who announced it is asked"
            self.asked[record_id] = link

    @rule(record_id=st.sampled_from(IDS))
    def arrive(self, record_id: RecordId) -> None:
        self.puller.resolve(record_id)
        self.sources.pop(record_id, None)
        self.asked.pop(record_id, None)

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def refuse(self, data: st.DataObject) -> None:
        record_id = data.draw(st.sampled_from(sorted(self.asked)))
        self._fail(record_id, self.puller.pass_over(self.asked[record_id], record_id))

    @rule(wait_ms=st.integers(1, PULL_TIMEOUT_MS))
    def wait(self, wait_ms: int) -> None:
        self.now_ms += wait_ms
        for link, record_id in self.puller.overdue(self.now_ms):
            assert link == self.asked[record_id]
            self.late[link, record_id] = None
            self._fail(record_id, self.puller.pass_over(link, record_id))

    @rule(link=st.integers(1, 4))
    def break_link(self, link: int) -> None:
        waiting = self.puller.link_down(link)
        assert link not in waiting
        self.late = {key: None for key in self.late if key[0] != link}
        for record_id in list(self.sources):
            if link in self.sources[record_id]:
                self.sources[record_id].remove(link)
            if self.asked.get(record_id) == link:
                del self.asked[record_id]
            if not self.sources[record_id]:
                del self.sources[record_id]

    def _fail(self, record_id: RecordId, goes_on: bool) -> None:
        self.sources[record_id].remove(self.asked.pop(record_id))
        if not self.sources[record_id]:
            del self.sources[record_id]
        assert goes_on is (record_id in self.sources)

    @invariant()
    def every_id_is_asked_queued_or_given_up(self) -> None:
        puller = self.puller
        for record_id in IDS:
            assert puller.is_wanted(record_id) is (record_id in self.sources)
            askers = [link for link in range(1, 5) if puller.was_asked(link, record_id)]
            asked = self.asked.get(record_id)
            late = [link for link in range(1, 5) if (link, record_id) in self.late]
            assert sorted({*late, *([] if asked is None else [asked])}) == askers
            if record_id in self.sources and asked is None:
                queued = [link for link in self._queues() if record_id in self._queues()[link]]
                assert any(link in self.sources[record_id] for link in queued), "forgotten"

    @invariant()
    def nothing_is_kept_of_what_is_not_wanted(self) -> None:
        assert (self.puller.next_deadline_ms() is None) is (not self.asked)
        assert self.sources.keys() == self.puller._wanted.keys()
        assert self.asked.keys() == self.puller.deadlines_ms.keys()

    def _queues(self) -> dict[int, list[RecordId]]:
        return {link: list(queue) for link, queue in self.puller.queues.items()}


TestPullerMachine = PullerMachine.TestCase
TestPullerMachine.settings = settings(stateful_step_count=30)
