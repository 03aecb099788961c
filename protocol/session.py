"""Sync over one link and across links: cursors, announcements, pulls. Sans I/O.

A node pushes what it has itself just signed, and *announces* everything else by
id; the receiver pulls an id once, from the first friend that announced it, and
remembers the others in case that one does not answer. So hardly a record crosses
twice, and flow control is in the receiver's hand.

``LinkSession`` keeps both directions of one link: how far our log has been
streamed to the friend, and how far we hold theirs. ``Puller`` is shared by all
links of a node and decides whom to ask for what. Neither knows what a record
means.

Spec: §8.3, §8.4.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from protocol import limits
from protocol.keys import MemberId, RecordId
from protocol.messages import ITEMS_MAX

PULL_TIMEOUT_MS: Final = 30_000
"""A friend that announced and does not answer a want within this is passed over. Spec: §8.4."""
LATE_MAX: Final = 1024
"""Ids asked for and passed over whose answer is still understood when it comes."""
STREAM_WINDOW: Final = 8192
"""Log entries streamed before the sender waits for a ``Have``. Spec: §8.3."""
UNCONFIRMED_MAX_BYTES: Final = limits.LINK_IN_FLIGHT_MAX_BYTES // 2
"""Bytes streamed before the sender waits for a ``Have``: a friend that does not read is not
sent to, and the log keeps for it what it misses. Spec: §8.3."""
PULL_COUNT_MAX: Final = 512
PENDING_MAX: Final = 4 * STREAM_WINDOW
"""Ids one link may owe us. An honest friend announces a window's worth, and names the
certificates of its paths; a hostile one would announce for ever and serve nothing."""
ASKED_AGAIN_MAX: Final = 16
"""Times a friend may ask for our log from its beginning on one link. Once after each of its
halves is honest; without end it would have us say everything for a few bytes."""
KNOWN_TO_PEER_MAX: Final = 65_536
"""Ids remembered as held by the friend; the oldest are forgotten, at the cost of a
superfluous announcement."""
UNASKED_BURST_MAX: Final = limits.RECORDS_BURST_MAX // 2
UNASKED_PER_SECOND_MAX: Final = limits.RECORDS_PER_SECOND_MAX / 2
"""What is given without being asked for stays at half of what the friend may refuse. Spec: §8.4."""
EAGER_ORIGINS_MAX: Final = 1024
"""Origins for which one link is eager; the one that was used longest ago is forgotten."""
NO_EPOCH: Final = bytes(8)


@dataclass(slots=True)
class LinkSession:
    """Cursor state of one link.

    Args:
        peer_epoch, peer_upto: how much of the friend's log we hold, as persisted.
        position: our log has been streamed to the friend up to here.
        window_end: do not stream beyond this before the next ``Have``.
        unconfirmed_bytes: streamed since the last one.
        is_paused: the window is full, and the friend was told that more waits.
        is_end_said: a rewound stream has reached its end, and the friend was asked to
            confirm it.
        end: the number that stream reached.
        confirmations_due: ``Have`` messages to come before it is known to have arrived.
        is_rewinding: we asked for the friend's log from its beginning (``ask_again``).
        peer_held_upto: what the friend last said it holds of our log.
        asked_again_count: how often it asked for all of it again on this link.
        is_frozen: a want was not answered in time; the cursor stays where it is, so that
            what was announced is announced again on the next link.
        eager: origins whose fresh small records the friend gets whole (§8.7), the one
            used last at the end.
        unasked_left: records that may be given unasked now, as of ``unasked_at_ms``.
        came_twice: origins of records in the present message that were here already.
    """

    peer_epoch: bytes = NO_EPOCH
    peer_upto: int = 0
    position: int = 0
    window_end: int = 0
    unconfirmed_bytes: int = 0
    is_greeted: bool = False
    is_paused: bool = False
    is_end_said: bool = False
    end: int = 0
    confirmations_due: int = 0
    is_frozen: bool = False
    is_rewinding: bool = False
    peer_held_upto: int = 0
    asked_again_count: int = 0
    announced_upto: int = 0
    peer_waits: bool = False
    pending: dict[RecordId, None] = field(default_factory=dict)
    known_to_peer: dict[RecordId, None] = field(default_factory=dict)
    eager: dict[MemberId, None] = field(default_factory=dict)
    came_twice: dict[MemberId, None] = field(default_factory=dict)
    unasked_left: float = float(UNASKED_BURST_MAX)
    unasked_at_ms: int = 0

    def greet(self, peer_own_epoch: bytes, our_epoch: bytes, held: bytes, upto: int) -> bool:
        """React to a ``Have``: where to stream from.

        Args:
            peer_own_epoch: the friend's log epoch.
            held, upto: what the friend says it holds of our log.

        Returns:
            Whether our own cursor into the friend's log fell back to zero.

        Spec: §8.3.
        """
        held_upto = upto if held == our_epoch else 0
        if not self.is_greeted:
            self.position = held_upto
        self.peer_held_upto = held_upto
        self.window_end = self.position + STREAM_WINDOW
        self.confirmations_due = max(0, self.confirmations_due - 1)
        self.is_greeted = True
        self.is_paused = False
        self.unconfirmed_bytes = 0
        if peer_own_epoch == self.peer_epoch:
            return False
        self.peer_epoch, self.peer_upto, self.announced_upto = peer_own_epoch, 0, 0
        return True

    def rewind(self) -> None:
        """Stream our log from its beginning: more became eligible for the friend."""
        self.position = 0
        self.window_end = STREAM_WINDOW
        self.is_end_said = False

    def say_end(self) -> bool:
        """A rewound stream is at its end: whether the friend must be asked to confirm."""
        if self.is_end_said:
            return False
        self.is_end_said = True
        self.end = self.position
        self.confirmations_due += 1
        return True

    def is_confirmed(self) -> bool:
        """Whether all of a rewound stream has arrived, and was served. Spec: §8.3."""
        has_answered = self.is_end_said and not self.confirmations_due
        return has_answered and self.peer_held_upto >= self.end

    def note_known(self, record_id: RecordId) -> None:
        """The friend has this record, or is about to."""
        self.known_to_peer[record_id] = None
        if len(self.known_to_peer) > KNOWN_TO_PEER_MAX:
            del self.known_to_peer[next(iter(self.known_to_peer))]

    def take_unasked(self, now_ms: int) -> bool:
        """Whether one more record may be given without being asked for, and count it."""
        gained = max(0, now_ms - self.unasked_at_ms) * UNASKED_PER_SECOND_MAX / 1000
        self.unasked_left = min(UNASKED_BURST_MAX, self.unasked_left + gained)
        self.unasked_at_ms = now_ms
        if self.unasked_left < 1:
            return False
        self.unasked_left -= 1
        return True

    def make_eager(self, origin: MemberId) -> None:
        """The friend got a record of this origin from us: the next one goes at once."""
        self.eager.pop(origin, None)
        self.eager[origin] = None
        if len(self.eager) > EAGER_ORIGINS_MAX:
            del self.eager[next(iter(self.eager))]

    def make_lazy(self, origin: MemberId) -> None:
        """What we gave was there already: announce only."""
        self.eager.pop(origin, None)

    def ask_again(self) -> None:
        """We could not take what came before: hold nothing of the friend's log any more.

        Announcements under way still count from the old place; the friend says 0 first
        when it has gone back.
        """
        self.peer_upto = self.announced_upto = 0
        self.is_rewinding = True

    def is_asked_again(self, held: bytes, our_epoch: bytes, upto: int) -> bool:
        """Whether a ``Have`` takes back what the friend held on this very link. Spec: §8.3."""
        return self.is_greeted and (held != our_epoch or upto < self.peer_held_upto)

    def announced(self, upto: int, more: bool) -> None:
        """An ``Announce`` arrived (its items were given to ``Puller`` already)."""
        self.peer_waits = more
        if self.is_rewinding and upto > 0:
            return
        self.is_rewinding = False
        self.announced_upto = max(self.announced_upto, upto)

    def advance(self) -> bool:
        """Move the cursor when nothing announced before it is outstanding.

        Returns:
            Whether it moved; the caller persists it with the records. Spec: §8.3.
        """
        if self.is_frozen or self.pending or self.announced_upto <= self.peer_upto:
            return False
        self.peer_upto = self.announced_upto
        return True

    def take_peer_waits(self) -> bool:
        """Whether the friend waits for a ``Have``, and now may have it."""
        waits = self.peer_waits and not self.pending
        if waits:
            self.peer_waits = False
        return waits


@dataclass(slots=True)
class _Wanted:
    size_bytes: int
    sources: list[int]
    asked: int | None = None
    deadline_ms: int = 0


class Puller:
    """Which announced records to ask from which link. Spec: §8.4.

    Links are numbers. Every id is asked from one link at a time; each link has at
    most ``PULL_COUNT_MAX`` ids and ``LINK_IN_FLIGHT_MAX_BYTES`` outstanding.
    """

    __slots__ = (
        "_late",
        "_outstanding",
        "_wanted",
        "deadlines_ms",
        "queues",
    )

    def __init__(self) -> None:
        self._wanted: dict[RecordId, _Wanted] = {}
        self.queues: dict[int, deque[RecordId]] = {}
        """What is to be asked of links; only of those of which something is."""
        self._outstanding: dict[int, dict[RecordId, int]] = {}
        self.deadlines_ms: dict[RecordId, int] = {}
        """Until when what was asked for must be here, the oldest first."""
        self._late: dict[tuple[int, RecordId], None] = {}

    def announce(self, link: int, record_id: RecordId, size_bytes: int) -> None:
        """``link`` could give a record that we lack."""
        wanted = self._wanted.get(record_id)
        if wanted is None:
            self._wanted[record_id] = _Wanted(size_bytes, [link])
            self._queue(link, record_id)
        elif link != wanted.asked and link not in wanted.sources:
            wanted.sources.append(link)

    def _queue(self, link: int, record_id: RecordId) -> None:
        queue = self.queues.get(link)
        if queue is None:
            queue = self.queues[link] = deque()
        queue.append(record_id)

    def is_wanted(self, record_id: RecordId) -> bool:
        return record_id in self._wanted

    def was_asked(self, link: int, record_id: RecordId) -> bool:
        """Whether we asked this link for this record: it may answer late, and it counts."""
        return record_id in self._outstanding.get(link, ()) or (link, record_id) in self._late

    def next_wants(self, link: int, now_ms: int, count_max: int) -> list[RecordId]:
        """Ids to ask from ``link`` now, within its window and at most ``count_max``."""
        queue = self.queues.get(link)
        if not queue:
            return []
        outstanding = self._outstanding.get(link, {})
        in_flight = sum(outstanding.values())
        room = min(PULL_COUNT_MAX - len(outstanding), ITEMS_MAX, count_max)
        ids: list[RecordId] = []
        while queue and len(ids) < room and in_flight < limits.LINK_IN_FLIGHT_MAX_BYTES:
            record_id = queue.popleft()
            wanted = self._wanted.get(record_id)
            # Not a source: it was one for a copy that came, and is wanted anew of others.
            if wanted is None or wanted.asked is not None or link not in wanted.sources:
                continue
            wanted.asked = link
            wanted.sources = [source for source in wanted.sources if source != link]
            wanted.deadline_ms = now_ms + PULL_TIMEOUT_MS
            outstanding[record_id] = wanted.size_bytes
            self.deadlines_ms[record_id] = wanted.deadline_ms
            in_flight += wanted.size_bytes
            ids.append(record_id)
        if ids:
            self._outstanding[link] = outstanding
        if not queue:
            del self.queues[link]
        return ids

    def resolve(self, record_id: RecordId) -> None:
        """The record is here (or will never be wanted): forget it everywhere."""
        wanted = self._wanted.pop(record_id, None)
        if wanted is not None and wanted.asked is not None:
            self._no_more_outstanding(wanted.asked, record_id)

    def pass_over(self, link: int, record_id: RecordId) -> bool:
        """``link`` cannot give it: ask the next source; false when there is none."""
        wanted = self._wanted.get(record_id)
        if wanted is None or wanted.asked != link:
            return wanted is not None
        self._no_more_outstanding(link, record_id)
        wanted.asked = None
        if not wanted.sources:
            del self._wanted[record_id]
            return False
        self._queue(wanted.sources[0], record_id)
        return True

    def _no_more_outstanding(self, link: int, record_id: RecordId) -> None:
        outstanding = self._outstanding[link]
        del outstanding[record_id]
        if not outstanding:
            del self._outstanding[link]  # most links are quiet most of the time
        del self.deadlines_ms[record_id]

    def link_down(self, link: int) -> list[int]:
        """Forget a link; give the links that now have something to be asked for."""
        for record_id in list(self._outstanding.get(link, ())):
            self.pass_over(link, record_id)
        for record_id in self.queues.pop(link, ()):
            wanted = self._wanted.get(record_id)
            if wanted is None or wanted.asked is not None:
                continue
            wanted.sources = [source for source in wanted.sources if source != link]
            if wanted.sources:
                self._queue(wanted.sources[0], record_id)
            else:
                del self._wanted[record_id]
        self._outstanding.pop(link, None)
        self._late = {key: None for key in self._late if key[0] != link}
        for wanted in self._wanted.values():
            if link in wanted.sources:
                wanted.sources = [source for source in wanted.sources if source != link]
        return [other for other, queue in self.queues.items() if queue]

    def overdue(self, now_ms: int) -> list[tuple[int, RecordId]]:
        """``(link, id)`` asked too long ago; the caller passes them over.

        A slow link may answer all the same: the last ``LATE_MAX`` are remembered.
        """
        late: list[tuple[int, RecordId]] = []
        for record_id, deadline_ms in self.deadlines_ms.items():
            if deadline_ms > now_ms:
                break
            asked = self._wanted[record_id].asked
            assert asked is not None, "an id in the order of asking was asked from a link"
            late.append((asked, record_id))
        self._late.update(dict.fromkeys(late))
        while len(self._late) > LATE_MAX:
            del self._late[next(iter(self._late))]
        return late

    def next_deadline_ms(self) -> int | None:
        return next(iter(self.deadlines_ms.values())) if self.deadlines_ms else None
