"""Keeping friends up to date: greeting, and reacting to what the other side says.

Streaming our log stands in ``pump``, asking for what is missing in ``pull``, comparing
once a day in ``reconcile``.

Spec: §8.3, §8.4, §7.7.
"""

from __future__ import annotations

import itertools

from node.engine import (
    allowance,
    comparisons,
    intake,
    loan_links,
    loan_traffic,
    membership,
    offers,
    pull,
    recall,
    reconcile,
)
from node.engine.core import Core
from node.engine.edges import restart_stream, take_revocation, write_friend
from node.engine.events import Disconnect, FriendsChanged, LinkId
from node.engine.state import Friend, Link
from protocol import limits
from protocol.errors import OutOfReach, QuotaExceeded
from protocol.keys import RecordId, revocation_hash
from protocol.messages import (
    ADDRESSES_MAX,
    ITEMS_MAX,
    Addresses,
    Announce,
    Compare,
    Compared,
    Have,
    Lazy,
    Listed,
    Message,
    Missing,
    Paths,
    Recall,
    Recalled,
    Records,
    Revoked,
    Want,
)
from protocol.session import ASKED_AGAIN_MAX, NO_EPOCH, PENDING_MAX

RECORDS_MESSAGE_SIZE_MAX_BYTES = 32_700
"""Just below a size that frames are padded to (spec §6.6): a little more costs twice as much."""
_ENVELOPE_OVERHEAD_BYTES = 3
REVOCATIONS_PER_DAY_MAX = 200
DAY_MS = 24 * 3600 * 1000


# --- links -----------------------------------------------------------------------------


def link_up(core: Core, link: Link, friend: Friend) -> None:
    """A secure channel with a friend stands: greet. Spec: §8.3."""
    link.friend, link.up_ms = friend.member, core.now_ms
    core.links[link.id] = link
    core.link_ids[friend.member] = link.id
    if friend.ended and not loan_links.serves(core, friend.member):
        membership.say_ended(core, link, is_final=friend.member not in core.loan_links)
        return
    if friend.ended:
        # The other end may not have heard of it; then it calls again, for the loans alone.
        link.is_for_loans = True
        core.links_for_loans[link.id] = link
        membership.tell_end(core, link)
    greet(core, link)
    core.deliver("friends")


def greet(core: Core, link: Link) -> None:
    session = link.session
    core.send(link, Have(core.log.epoch, session.peer_epoch, session.peer_upto))
    if link.local_addresses:
        core.send(link, Addresses(link.local_addresses[:ADDRESSES_MAX]))
    recall.begin(core, link)
    comparisons.greeted(core, link)
    if core.recalling is not None:
        comparisons.surprised(core, link)


def link_down(core: Core, link_id: LinkId) -> None:
    """The channel is gone; ask others for what it still owed."""
    link = core.links.pop(link_id, None)
    core.links_for_loans.pop(link_id, None)
    core.starved.pop(link_id, None)
    core.owing.pop(link_id, None)
    if link is None:
        return
    if link.friend is not None:
        comparisons.gone(core, link)
    if link.friend is not None and core.link_ids.get(link.friend) == link_id:
        del core.link_ids[link.friend]
        core.deliver("friends")
    core.puller.link_down(link_id)
    pull.settle_waiting(core)


# --- reactions -------------------------------------------------------------------------


def on_message(core: Core, link: Link, message: Message) -> None:
    """React to one message of a friend.

    Raises:
        RemoteProtocolError: refused; the engine counts it.
    """
    assert link.friend is not None, "only friends' links sync"
    friend = core.friends[link.friend]
    if friend.ended and not link.is_for_loans:
        return  # it was told, and is about to be closed
    if link.is_for_loans and not loan_traffic.is_understood(message):
        raise OutOfReach("the friendship has ended: this link is for loans alone", section="11.9")
    match message:
        # The most frequent ones first.
        case Announce():
            for record_id, size in message.items:
                _on_announced(core, link, record_id, size)
            link.session.announced(message.upto, message.more)
        case Records():
            _on_records(core, link, message.envelopes)
        case Paths():
            offers.take_offer(core, link, message)
        case Want():
            _on_want(core, link, message.ids)
        case Have():
            _on_have(core, link, message)
        case Missing(()) if link.is_for_loans:
            loan_links.drop(core, friend.member)
        case Missing(ids):
            for record_id in ids:
                core.puller.pass_over(link.id, record_id)
                link.session.pending.pop(record_id, None)
        case Revoked(secrets):
            _on_revoked(core, link, secrets)
        case Addresses(addresses):
            _on_addresses(core, link, addresses)
        case Compare():
            reconcile.on_compare(core, link, message)
        case Compared() | Listed():
            reconcile.on_answer(core, link, message)
        case Lazy(origins):
            for origin in origins:
                link.session.make_lazy(origin)
        case Recall():
            recall.on_recall(core, link)
        case Recalled():
            recall.on_recalled(core, link, message)
        case _:
            raise QuotaExceeded("a friend has nothing to join", section="9.3")
    if friend.ended and not link.is_for_loans:
        core.effects.append(Disconnect(link.id, "friendship-ended"))
    pull.settle(core, link)
    if isinstance(message, (Records, Missing)):
        pull.settle_waiting(core)


def _on_have(core: Core, link: Link, message: Have) -> None:
    session = link.session
    friend = _friend(core, link)
    core.to_pump[link.id] = None
    first = not session.is_greeted
    if session.is_asked_again(message.peer_epoch, core.log.epoch, message.upto):
        _go_back(core, link, friend)
    has_begun_anew = session.peer_epoch not in (NO_EPOCH, message.own_epoch)
    fell_back = session.greet(message.own_epoch, core.log.epoch, message.peer_epoch, message.upto)
    if first and friend.restart:
        session.rewind()
    elif friend.restart and session.is_confirmed():
        friend.restart = False
        write_friend(core, friend.member)
    if first and (has_begun_anew or message.peer_epoch != core.log.epoch or message.upto == 0):
        offers.forget_given(core, friend.member)
    if first and has_begun_anew:
        # Its backup may be older than the second time that we streamed what it counts as held.
        restart_stream(core, friend.member)
    if fell_back:
        pull.write_cursor(core, link)
    if has_begun_anew:
        comparisons.surprised(core, link)
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
    core.want(link, record_id, size_bytes)


def _on_want(core: Core, link: Link, ids: tuple[RecordId, ...]) -> None:
    friend = _friend(core, link)
    batch: list[bytes] = []
    size = 0
    missing: list[RecordId] = []
    for record_id in dict.fromkeys(ids):
        record = core.registers.with_id(record_id)
        if record is None or not intake.may_give(core, record, friend.member):
            if record is None and not link.is_for_loans:
                reconcile.say_again(core, link, record_id)
            missing.append(record_id)
            link.session.known_to_peer.pop(record_id, None)
            continue
        link.session.note_known(record_id)
        origin = record.origin
        if origin is not None:
            link.session.make_eager(origin)
        size_bytes = len(record.envelope) + _ENVELOPE_OVERHEAD_BYTES
        if batch and size + size_bytes > RECORDS_MESSAGE_SIZE_MAX_BYTES:
            core.send(link, Records(tuple(batch)))
            batch, size = [], 0
        batch.append(record.envelope)
        size += size_bytes
    if batch:
        core.send(link, Records(tuple(batch)))
    if missing:
        core.send(link, Missing(tuple(missing)))


def _on_records(core: Core, link: Link, envelopes: tuple[bytes, ...]) -> None:
    assert link.friend is not None, "only friends' links sync"
    allowance.spend(core, link.friend, len(envelopes))
    session = link.session
    for envelope in envelopes:
        record_id = intake.receive_envelope(core, link, envelope)
        if record_id is None:
            continue
        session.note_known(record_id)
        core.puller.resolve(record_id)
        session.pending.pop(record_id, None)
    if session.came_twice:
        origins = itertools.islice(session.came_twice, ITEMS_MAX)
        if not link.is_for_loans:
            core.send(link, Lazy(tuple(origins)))
        session.came_twice.clear()


def _on_revoked(core: Core, link: Link, secrets: tuple[tuple[bytes, int], ...]) -> None:
    friend = _friend(core, link)
    if link.is_for_loans:
        return  # who is a friend of whom is no business of a former friend's any more
    hops_max = max(c.max_circles for c in core.charters) + limits.REVOCATION_EXTRA_HOPS
    since_ms = core.now_ms - DAY_MS + max(c.friendship_lease_ms for c in core.charters)
    fresh = sum(
        1
        for r in core.revocations.values()
        if r.received_from == friend.member and r.expires_ms > since_ms
    )
    refused = 0
    for secret, hops in secrets:
        key = revocation_hash(secret)
        # What is known costs nothing more; what kills a half held here is what they are for.
        is_free = key in core.revocations or bool(core.registers.halves_with_hash(key))
        if fresh >= REVOCATIONS_PER_DAY_MAX and not is_free:
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
