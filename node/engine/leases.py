"""What time does: leases that end, halves and statements that are renewed.

``longest_ms`` is what a lease of others is held to (§5.2).

``end_leases`` comes before anything else that an event does: a timer may be late
(a laptop slept), and whoever reads the graph relies on the halves being there.

Spec: §7.1 (leases), §9.4 (renewal).
"""

from __future__ import annotations

import heapq
from typing import Final

from node.engine import amendments, away, house, showing
from node.engine.core import Core
from node.engine.edges import ask_again, live_half, refresh_edge
from node.engine.events import Disconnect, Space
from protocol import limits
from protocol.bodies import STATEMENT_OBJECT, HalfBody, Kind, ListingBody, ThingKind
from protocol.keys import MemberId
from protocol.records import Record

MEDIATION_LEASE_MS: Final = 180 * 24 * 3600 * 1000
_LONGEST_MS: Final = {
    Kind.MEDIATION: MEDIATION_LEASE_MS,
    Kind.SETTLEMENT: MEDIATION_LEASE_MS,
    Kind.CHARTER: house.CHARTER_LEASE_MS,
    Kind.STATEMENT: house.STATEMENT_LEASE_MS,
    Kind.SEAT: house.SEAT_LEASE_MS,
    Kind.AMENDMENT: amendments.AMENDMENT_LEASE_MS,
    Kind.KEYS: 3650 * 24 * 3600 * 1000,
    Kind.LISTING: limits.LISTING_LEASE_MS,
    Kind.WITHDRAWAL: limits.LISTING_LEASE_MS,
    Kind.VALIDATION: limits.LISTING_LEASE_MS,
}
_FOLLOWS_MS: Final = 24 * 3600 * 1000


def longest_ms(core: Core, kind: Kind) -> int | None:
    """The longest lease a record of this kind may have; None where a loan says it. Spec: §5.2.

    A guest signs its first half before it knows the charter, hence the usual lease too.
    """
    if kind is Kind.HALF:
        leases_ms = [charter.friendship_lease_ms for charter in core.charters]
        return max(limits.FRIENDSHIP_LEASE_MS, *leases_ms)
    return _LONGEST_MS.get(kind)


def on_wakeup(core: Core) -> None:
    """Renew what is ours and due; forget secrets that nothing needs any more."""
    _forget_revocations(core)
    away.end_if_over(core)
    for member in sorted(core.friends):
        showing.reveal_former(core, member)
        due_ms = _renewal_due_ms(core, member)
        if due_ms is not None and due_ms <= core.now_ms:
            house.renew_half(core, member)
    if core.house is None:
        return  # nobody let us in: what was said to be let in is not said again
    statement = core.current(core.me, STATEMENT_OBJECT)
    if statement is None:
        house.introduce(core)  # its lease ended while this node was off
    elif _is_half_over(core, statement):
        core.publish(statement.body, STATEMENT_OBJECT, house.STATEMENT_LEASE_MS)


def next_renewal_ms(core: Core) -> int | None:
    """When the next half, or the statement, is to be signed anew."""
    times = [_renewal_due_ms(core, member) for member in sorted(core.friends)]
    statement = core.current(core.me, STATEMENT_OBJECT)
    if statement is not None and core.house is not None:
        times.append(_statement_due_ms(core, statement))
    return min((time_ms for time_ms in times if time_ms is not None), default=None)


def _is_half_over(core: Core, record: Record) -> bool:
    return _statement_due_ms(core, record) <= core.now_ms


def _statement_due_ms(core: Core, record: Record) -> int:
    if is_of_the_future(core, record):
        return core.now_ms
    return _half_time_ms(record.created_ms, record.not_after_ms)


def is_of_the_future(core: Core, record: Record) -> bool:
    """Signed by a clock that was ahead and was put back: others refuse it. Spec: §10.5."""
    return record.created_ms > core.now_ms + limits.CREATED_AHEAD_MAX_MS


def _half_time_ms(created_ms: int, not_after_ms: int) -> int:
    return created_ms + (not_after_ms - created_ms) // 2


def end_leases(core: Core) -> None:
    """Let go of what has ended, and of the edges that stood on it.

    Own things stay, unseen, until they are renewed: expired is not withdrawn. So does a
    friend's half towards us: by the hash in it we still understand that they ended it.
    """
    while core.expiries and core.expiries[0][0] <= core.now_ms:
        _, key = heapq.heappop(core.expiries)
        stored = core.registers.stored(key)
        if stored is None or not stored.record.is_expired(core.now_ms):
            continue
        record = stored.record
        if not _is_kept(core, record):
            core.drop(record)
        elif record.kind is Kind.LISTING:
            continue
        if isinstance(record.body, HalfBody):
            refresh_edge(core, record.author, record.body.friend)
        core.deliver("browse")


def clock_went_back(core: Core) -> None:
    """Time had been ahead: what it ended too early is asked for again. Spec: §10.5.

    Links begin anew: whatever waits on them, or is measured there, has dates to come.
    """
    core.allowances.clear()
    for member in sorted(core.friends):
        if not core.friends[member].ended:
            refresh_edge(core, core.me, member)
            ask_again(core, member)
        link_id = core.link_of(member)
        if link_id is not None:
            core.effects.append(Disconnect(link_id, "clock"))


def _is_kept(core: Core, record: Record) -> bool:
    """Whether a record stays held although its lease has ended."""
    if isinstance(record.body, HalfBody):
        friend = core.friends.get(record.author)
        return record.body.friend == core.me and friend is not None and not friend.ended
    body = record.body
    is_thing = isinstance(body, ListingBody) and body.thing_kind is not ThingKind.WANTED
    return is_thing and record.author == core.me


def _is_friend_ahead(core: Core, member: MemberId, half: Record) -> bool:
    """Whether a friend has renewed its half, and ours is to follow. Spec: §7.1.

    An edge lasts as long as the older half: one who goes away for weeks can renew only its
    own, and nobody behind it hears of later renewals of the others.
    """
    theirs = live_half(core, member, core.me)
    return theirs is not None and half.created_ms + _FOLLOWS_MS <= min(
        theirs.created_ms, core.now_ms
    )


def _forget_revocations(core: Core) -> None:
    # A half dated ahead outlives the secret's time by a little: it must not come alive again.
    ended = [
        key
        for key, revocation in core.revocations.items()
        if revocation.expires_ms <= core.now_ms and not core.registers.halves_with_hash(key)
    ]
    for key in ended:
        del core.revocations[key]
        core.log.forget(("revocation", key))
        core.persist(Space.REVOCATION, key, None)


def _renewal_due_ms(core: Core, member: MemberId) -> int | None:
    """When our half towards a friend is to be signed anew. Spec: §9.4.

    One whose lease ended while this node was off is due at once: expired is not ended.
    """
    if core.friends[member].ended or core.house is None:
        return None
    half = live_half(core, core.me, member)
    if half is None or showing.may_reveal(core, member):
        return core.now_ms
    if is_of_the_future(core, half) or _is_friend_ahead(core, member, half):
        return core.now_ms
    return half.created_ms + away.renewal_ms(core, core.charter.friendship_renewal_ms)
