"""Keeping friends up to date: greeting, streaming the log, pulling what is missing.

``pump`` streams what is new in our arrival log to one friend: offers of paths and
revocations as they are, our own fresh small records whole, everything else by id.
The reactions to the other side's messages are the ``on_...`` functions.

Spec: §8.3, §8.4, §7.7.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from node.engine import intake, membership, offers, recall
from node.engine.core import Core, Friend, Link
from node.engine.edges import restart_stream, take_revocation, write_friend
from node.engine.events import FriendsChanged, LinkId, Space
from node.engine.log import LogKey
from protocol import limits
from protocol.errors import QuotaExceeded
from protocol.keys import RecordId, revocation_hash
from protocol.messages import (
    ADDRESSES_MAX,
    ITEMS_MAX,
    Addresses,
    Announce,
    Have,
    Message,
    Missing,
    Paths,
    Recall,
    Recalled,
    Records,
    Revoked,
    Want,
)
from protocol.records import Record
from protocol.session import ASKED_AGAIN_MAX, PENDING_MAX

PUSH_SIZE_MAX_BYTES = 2048
PUSH_LAG_MAX = 32
"""Own records are pushed only to friends who are nearly up to date. Spec: §8.4."""
RECORDS_MESSAGE_SIZE_MAX_BYTES = 48 * 1024
REVOCATIONS_PER_DAY_MAX = 200
DAY_MS = 24 * 3600 * 1000


# --- links -----------------------------------------------------------------------------


def link_up(core: Core, link: Link, friend: Friend) -> None:
    """A secure channel with a friend stands: greet. Spec: §8.3."""
    link.friend = friend.member
    if friend.member in core.allowances:
        # Hanging up and coming again gives nobody a fresh allowance.
        link.tokens, link.tokens_at_ms = core.allowances[friend.member]
    core.links[link.id] = link
    core.link_ids[friend.member] = link.id
    if friend.ended:
        membership.say_ended(core, link)
        return
    greet(core, link)
    core.deliver("friends")


def greet(core: Core, link: Link) -> None:
    session = link.session
    core.send(link, Have(core.log.epoch, session.peer_epoch, session.peer_upto))
    if link.local_addresses:
        core.send(link, Addresses(link.local_addresses[:ADDRESSES_MAX]))
    recall.begin(core, link)


def link_down(core: Core, link_id: LinkId) -> None:
    """The channel is gone; ask others for what it still owed."""
    link = core.links.pop(link_id, None)
    core.starved.pop(link_id, None)
    if link is None:
        return
    if link.friend is not None:
        core.allowances[link.friend] = (link.tokens, link.tokens_at_ms)
    if link.friend is not None and core.link_ids.get(link.friend) == link_id:
        del core.link_ids[link.friend]
        core.deliver("friends")
    core.puller.link_down(link_id)
    _settle_waiting(core)


# --- reactions -------------------------------------------------------------------------


def on_message(core: Core, link: Link, message: Message) -> None:
    """React to one message of a friend.

    Raises:
        RemoteProtocolError: refused; the engine counts it.
    """
    match message:
        case Have():
            _on_have(core, link, message)
        case Announce(upto, more, items):
            for record_id, size in items:
                _on_announced(core, link, record_id, size)
            link.session.announced(upto, more)
        case Want(ids):
            _on_want(core, link, ids)
        case Records(envelopes):
            _on_records(core, link, envelopes)
        case Missing(ids):
            for record_id in ids:
                core.puller.pass_over(link.id, record_id)
                link.session.pending.pop(record_id, None)
        case Paths():
            offers.take_offer(core, link, message)
        case Revoked(secrets):
            _on_revoked(core, link, secrets)
        case Addresses(addresses):
            _on_addresses(core, link, addresses)
        case Recall():
            recall.on_recall(core, link)
        case Recalled():
            recall.on_recalled(core, link, message)
        case _:
            raise QuotaExceeded("a friend has nothing to join", section="9.3")
    settle(core, link)
    if isinstance(message, Records | Missing):
        _settle_waiting(core)


def _on_have(core: Core, link: Link, message: Have) -> None:
    session = link.session
    friend = _friend(core, link)
    core.to_pump[link.id] = None
    first = not session.is_greeted
    if session.is_asked_again(message.peer_epoch, core.log.epoch, message.upto):
        _go_back(core, link, friend)
    fell_back = session.greet(message.own_epoch, core.log.epoch, message.peer_epoch, message.upto)
    if first and friend.restart:
        session.rewind()
    elif friend.restart and session.is_confirmed():
        friend.restart = False
        write_friend(core, friend.member)
    if first and (message.peer_epoch != core.log.epoch or message.upto == 0):
        offers.forget_given(core, friend.member)
    if fell_back:
        _write_cursor(core, link)
    if first:
        offers.pull_after_greeting(core, link)


def _go_back(core: Core, link: Link, friend: Friend) -> None:
    """The friend could not take what we gave before (its half came later): all again."""
    link.session.asked_again_count += 1
    if link.session.asked_again_count > ASKED_AGAIN_MAX:
        raise QuotaExceeded("the log was asked for again too often", section="8.3",
                            verdict="close")  # fmt: skip
    link.session.known_to_peer.clear()
    offers.forget_given(core, friend.member)
    restart_stream(core, friend.member)
    core.send(link, Announce(0, False, ()))


def _on_announced(core: Core, link: Link, record_id: RecordId, size_bytes: int) -> None:
    session = link.session
    session.note_known(record_id)
    if core.registers.has_id(record_id):
        return
    if len(session.pending) >= PENDING_MAX:
        raise QuotaExceeded("more announced than is ever served", section="8.4", verdict="close")
    core.puller.announce(link.id, record_id, size_bytes)
    session.pending[record_id] = None


def _on_want(core: Core, link: Link, ids: tuple[RecordId, ...]) -> None:
    friend = _friend(core, link)
    batch: list[bytes] = []
    size = 0
    missing: list[RecordId] = []
    for record_id in dict.fromkeys(ids):
        record = core.registers.with_id(record_id)
        if record is None or not intake.may_give(core, record, friend.member):
            missing.append(record_id)
            link.session.known_to_peer.pop(record_id, None)
            continue
        link.session.note_known(record_id)
        batch.append(record.envelope)
        size += len(record.envelope)
        if size > RECORDS_MESSAGE_SIZE_MAX_BYTES - limits.RECORD_SIZE_MAX_BYTES:
            core.send(link, Records(tuple(batch)))
            batch, size = [], 0
    if batch:
        core.send(link, Records(tuple(batch)))
    if missing:
        core.send(link, Missing(tuple(missing)))


def _on_records(core: Core, link: Link, envelopes: tuple[bytes, ...]) -> None:
    _spend(core, link, len(envelopes))
    session = link.session
    for envelope in envelopes:
        record_id = intake.receive_envelope(core, link, envelope)
        if record_id is None:
            continue
        session.note_known(record_id)
        core.puller.resolve(record_id)
        session.pending.pop(record_id, None)


def _spend(core: Core, link: Link, count: int) -> None:
    """Charge records against the friend's allowance. Spec: §14."""
    if core.config.records_per_second_max is None:
        return
    _refill(core, link)
    link.tokens -= count
    if link.tokens < -limits.RECORDS_BURST_MAX:
        raise QuotaExceeded("more records a second than a friend may send", section="14",
                            verdict="close")  # fmt: skip


def _refill(core: Core, link: Link) -> None:
    rate = core.config.records_per_second_max or 0
    elapsed_ms = max(0, core.now_ms - link.tokens_at_ms)
    link.tokens = min(limits.RECORDS_BURST_MAX, link.tokens + elapsed_ms * rate / 1000)
    link.tokens_at_ms = core.now_ms


def _on_revoked(core: Core, link: Link, secrets: tuple[tuple[bytes, int], ...]) -> None:
    friend = _friend(core, link)
    hops_max = core.charter.max_circles + limits.REVOCATION_EXTRA_HOPS
    since_ms = core.now_ms - DAY_MS + core.charter.friendship_lease_ms
    fresh = sum(
        1
        for r in core.revocations.values()
        if r.received_from == friend.member and r.expires_ms > since_ms
    )
    refused = 0
    for secret, hops in secrets:
        concerns_us = bool(core.registers.halves_with_hash(revocation_hash(secret)))
        if fresh >= REVOCATIONS_PER_DAY_MAX and not concerns_us:
            refused += 1
        elif take_revocation(core, secret, min(hops, hops_max), friend.member):
            fresh += 1
    if refused:
        raise QuotaExceeded("more revocations a day than a friend may pass on", section="14")


def _on_addresses(core: Core, link: Link, addresses: tuple[str, ...]) -> None:
    friend = _friend(core, link)
    if addresses and addresses != friend.addresses:
        friend.addresses = addresses
        write_friend(core, friend.member)
        core.effects.append(FriendsChanged())


def _friend(core: Core, link: Link) -> Friend:
    assert link.friend is not None, "only friends' links sync"
    return core.friends[link.friend]


# --- after each message ----------------------------------------------------------------


def _settle_waiting(core: Core) -> None:
    """Settle the links that waited for what another one brought, or could not give."""
    for link in list(core.links.values()):
        if link.friend is not None and (link.session.pending or core.puller.has_queued(link.id)):
            settle(core, link)


def settle(core: Core, link: Link) -> None:
    """Pull what is queued, move the cursor, let a waiting sender go on."""
    pull(core, link)
    session = link.session
    _drop_resolved(core, link)
    if session.advance():
        _write_cursor(core, link)
    if session.take_peer_waits():
        core.send(link, Have(core.log.epoch, session.peer_epoch, session.peer_upto))


def _drop_resolved(core: Core, link: Link) -> None:
    """What another link brought, or nobody can give, is no longer pending here."""
    pending = link.session.pending
    if not pending:
        return
    oldest = next(iter(pending))
    while not core.puller.is_wanted(oldest):
        del pending[oldest]
        if not pending:
            return
        oldest = next(iter(pending))


def _write_cursor(core: Core, link: Link) -> None:
    session = link.session
    assert link.friend is not None, "only friends' links sync"
    core.cursors[link.friend] = (session.peer_epoch, session.peer_upto)
    core.persist(Space.CURSOR, link.friend, [session.peer_epoch, session.peer_upto])


def pull(core: Core, link: Link) -> None:
    """Ask for queued records, within window and allowance. Spec: §8.4."""
    allowance = ITEMS_MAX
    if core.config.records_per_second_max is not None:
        _refill(core, link)
        allowance = min(ITEMS_MAX, int(link.tokens))
    if allowance <= 0:
        if core.puller.has_queued(link.id):
            core.starved[link.id] = None
        return
    core.starved.pop(link.id, None)
    ids = core.puller.next_wants(link.id, core.now_ms, allowance)
    if ids:
        core.send(link, Want(tuple(ids)))


def pull_marked(core: Core) -> None:
    """Ask on the links on which something was found to be wanted. Spec: §7.4, §8.4."""
    marked, core.to_pull = core.to_pull, {}
    for link_id in marked:
        if link_id in core.links:
            pull(core, core.links[link_id])


def pull_overdue(core: Core) -> None:
    """Pass over friends that announced and did not answer. Spec: §8.4."""
    for link_id, record_id in core.puller.overdue(core.now_ms):
        core.puller.pass_over(link_id, record_id)
        if LinkId(link_id) in core.links:
            core.links[LinkId(link_id)].session.is_frozen = True
    for link in list(core.links.values()):
        if link.friend is not None:
            settle(core, link)


def next_wakeup_ms(core: Core) -> int | None:
    """When a want is overdue, or a friend's allowance lets us pull again."""
    times = [core.puller.next_deadline_ms()]
    rate = core.config.records_per_second_max
    if rate is not None:
        times += [
            link.tokens_at_ms + int((1 - link.tokens) * 1000 / rate) + 1
            for link in (core.links.get(link_id) for link_id in core.starved)
            if link is not None and link.tokens < 1 and core.puller.has_queued(link.id)
        ]
    return min((time_ms for time_ms in times if time_ms is not None), default=None)


# --- streaming -------------------------------------------------------------------------


@dataclass(slots=True)
class _Batch:
    """What one pump gathered before it is sent."""

    pushes: list[bytes] = field(default_factory=list)
    items: list[tuple[RecordId, int]] = field(default_factory=list)
    secrets: list[tuple[bytes, int]] = field(default_factory=list)
    paths: list[Paths] = field(default_factory=list)

    def is_empty(self) -> bool:
        return not (self.pushes or self.items or self.secrets or self.paths)

    def is_full(self) -> bool:
        return len(self.items) >= ITEMS_MAX or len(self.secrets) >= ITEMS_MAX


def pump_all(core: Core) -> None:
    """Stream what is new: to everybody when the log grew, else to whom it was rewound."""
    links = core.links
    if core.log.top != core.pumped_top:
        core.pumped_top = core.log.top
        waiting = list(links.values())
    else:
        waiting = [links[link_id] for link_id in core.to_pump if link_id in links]
    core.to_pump = {}
    for link in waiting:
        if link.session.is_greeted and link.session.position < core.log.top:
            pump(core, link)


def pump(core: Core, link: Link) -> None:
    """Stream our log to one friend from its position to the end or the window. Spec: §8.3."""
    session = link.session
    friend = _friend(core, link)
    if friend.ended or session.is_paused:
        return
    pushes = core.log.top - session.position <= PUSH_LAG_MAX
    batch = _Batch()
    for number, key in core.log.since(session.position):
        if number > session.window_end:
            # Numbers in between were given to entries that moved on: nothing to wait for.
            session.position = number - 1
            session.is_paused = True
            _flush(core, link, batch, more=True)
            return
        _gather(core, link, batch, key, pushes)
        session.position = number
        if batch.is_full():
            _flush(core, link, batch, more=False)
            batch = _Batch()
    session.position = core.log.top
    if friend.restart and session.say_end():
        # It has arrived when the friend says so, not before.
        _flush(core, link, batch, more=True)
    elif not batch.is_empty():
        _flush(core, link, batch, more=False)


def _gather(core: Core, link: Link, batch: _Batch, key: LogKey, pushes: bool) -> None:
    match key:
        case ("record", author, object_id):
            stored = core.registers.stored((author, object_id))
            if stored is not None:
                _gather_record(core, link, batch, stored.record, pushes)
        case ("paths", origin):
            message = offers.offer_message(core, link, origin)
            if message is not None:
                batch.paths.append(message)
                for record_id in itertools.chain(*(p.certificates for p in message.paths)):
                    link.session.note_known(record_id)
        case ("revocation", revocation_key):
            revocation = core.revocations.get(revocation_key)
            if revocation is not None and revocation.received_from != link.friend:
                batch.secrets.append((revocation.secret, revocation.hops - 1))


def _gather_record(core: Core, link: Link, batch: _Batch, record: Record, pushes: bool) -> None:
    assert link.friend is not None, "only friends' links sync"
    session = link.session
    if record.record_id in session.known_to_peer:
        return
    if not intake.may_give(core, record, link.friend):
        return
    session.note_known(record.record_id)
    is_own = record.author == core.me and len(record.envelope) <= PUSH_SIZE_MAX_BYTES
    if is_own and pushes:
        batch.pushes.append(record.envelope)
    else:
        batch.items.append((record.record_id, len(record.envelope)))


def _flush(core: Core, link: Link, batch: _Batch, *, more: bool) -> None:
    """Send a batch: what proves comes before what needs the proof. Spec: §8.4."""
    if batch.secrets:
        core.send(link, Revoked(tuple(batch.secrets)))
    for message in batch.paths:
        core.send(link, message)
    if batch.pushes:
        core.send(link, Records(tuple(batch.pushes)))
    core.send(link, Announce(link.session.position, more, tuple(batch.items)))
