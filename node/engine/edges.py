"""Friend edges: from halves held here to live and transit edges, and their end.

An edge is live while both halves are held, unexpired and unrevoked; it is a
transit edge when both ends show it and attest each other as members. Every
change goes into the graph and marks the members whose circle may have changed.

Spec: §7.1, §7.2, §7.7, §9.4.
"""

from __future__ import annotations

from node.engine import comparisons, loan_links, pauses
from node.engine.core import Core
from node.engine.events import Disconnect, FriendsChanged, Space
from node.engine.state import Revocation, edge
from protocol import limits
from protocol.bodies import HalfBody, Kind, half_object
from protocol.encoding import Value
from protocol.keys import MemberId, revocation_hash, revocation_secret
from protocol.messages import Have
from protocol.records import Record
from protocol.session import NO_EPOCH


def live_half(core: Core, author: MemberId, friend: MemberId) -> Record | None:
    """The author's half towards ``friend``, while it is live. Spec: §7.1."""
    half = half_not_ended(core, author, friend)
    if half is None or author == core.me:
        return half
    keys = core.keys_body(author)
    return None if keys is not None and half.device in keys.revoked else half


def half_not_ended(core: Core, author: MemberId, friend: MemberId) -> Record | None:
    """The author's half, neither expired nor revoked, whatever became of the device."""
    record = core.current(author, half_object(friend))
    if record is None or not isinstance(record.body, HalfBody):
        return None
    return None if record.body.revocation_hash in core.revocations else record


def is_not_ended(core: Core, member: MemberId) -> bool:
    """Whether the member is a friend still, though a half may be a former device's. Spec: §18.5.

    Where both homes were restored, one's keys record may have come to the other before its
    new half: what they held of each other counts as before.
    """
    known = core.friends.get(member)
    halves = ((member, core.me), (core.me, member))
    return (
        known is not None
        and not known.ended
        and all(half_not_ended(core, *pair) is not None for pair in halves)
    )


def halves_of(core: Core, one: MemberId, other: MemberId) -> tuple[Record, Record] | None:
    """Both live halves of an edge, or None."""
    first, second = live_half(core, one, other), live_half(core, other, one)
    return None if first is None or second is None else (first, second)


def is_transit(halves: tuple[Record, Record] | None) -> bool:
    """Whether both ends attest each other and show the edge. Spec: §7.2."""
    return halves is not None and all(
        isinstance(half.body, HalfBody) and half.body.friend_is_member and half.body.shows
        for half in halves
    )


def refresh_edge(core: Core, one: MemberId, other: MemberId) -> None:
    """Bring the graph in line with the halves held for this edge."""
    halves = halves_of(core, one, other)
    if core.me in (one, other):
        core.forget_renewals()
        friend = other if one == core.me else one
        _refresh_own_edge(core, friend, halves)
        known = core.friends.get(friend)
        if known is None or known.ended:
            halves = None
    if is_transit(halves):
        was_transit = core.graph.has_transit(one, other)
        for member in core.graph.add_transit(one, other):
            core.moved[member] = None
        if not was_transit:
            # A way through a list may open where the plain distance stays as it was.
            core.moved.update(core.listed_origins)
        if core.me in (one, other) and not was_transit:
            restart_stream(core, other if one == core.me else one)
            core.all_moved = True
    elif core.graph.remove_transit(one, other):
        core.all_moved = True


def refresh_signed_by(core: Core, author: MemberId, devices: tuple[bytes, ...]) -> None:
    """A member revoked devices: halves that they signed count no more. Spec: §7.1, §18.2."""
    for half in core.registers.of_kind(Kind.HALF) if devices else ():
        if half.author == author and half.device in devices and isinstance(half.body, HalfBody):
            refresh_edge(core, author, half.body.friend)


def _refresh_own_edge(core: Core, friend: MemberId, halves: tuple[Record, Record] | None) -> None:
    known = core.friends.get(friend)
    live = halves is not None and known is not None and not known.ended
    if live and not core.graph.is_direct(friend):
        core.graph.add_direct(friend)
        core.moved[friend] = None
        restart_stream(core, friend)
        ask_again(core, friend)
        core.deliver("friends")
    elif not live and core.graph.is_direct(friend):
        core.graph.remove_direct(friend)
        core.all_moved = True
        core.deliver("friends")


def restart_stream(core: Core, friend: MemberId) -> None:
    """Stream our log to a friend from its beginning: more became eligible for them."""
    if core.is_restoring:
        return
    link_id = core.link_of(friend)
    if link_id is not None and core.links[link_id].session.is_greeted:
        core.links[link_id].session.rewind()
        core.to_pump[link_id] = None
    # Kept until the friend confirms it: a link may break with half of the stream under way.
    known = core.friends.get(friend)
    if known is not None and not known.restart:
        known.restart = True
        write_friend(core, friend)


def ask_again(core: Core, friend: MemberId) -> None:
    """What a friend sent before the friendship was live here was refused: ask for all of it."""
    if core.is_restoring:
        return
    epoch, upto = core.cursors.get(friend, (NO_EPOCH, 0))
    if upto > 0:
        core.cursors[friend] = (epoch, 0)
        core.persist(Space.CURSOR, friend, [epoch, 0])
    link_id = core.link_of(friend)
    if link_id is not None:
        # Also with a cursor at 0: records may have come in the very message that made us friends.
        link = core.links[link_id]
        link.session.ask_again()
        core.send(link, Have(core.log.epoch, NO_EPOCH, 0))


def write_friend(core: Core, member: MemberId) -> None:
    """Persist a friend's row."""
    core.forget_renewals()
    friend = core.friends[member]
    core.persist(
        Space.FRIEND,
        member,
        [
            friend.link_key, list(friend.addresses), friend.since_ms,
            friend.half_start, friend.ended, friend.restart,
        ],
    )  # fmt: skip


# --- ending ----------------------------------------------------------------------------


def end_friendship(core: Core, member: MemberId) -> None:
    """End a friendship from our side: reveal the secret of our half. Spec: §7.7."""
    hops = max(c.max_circles for c in core.charters) + limits.REVOCATION_EXTRA_HOPS
    mark_ended(core, member)
    for secret in own_secrets(core, member):
        take_revocation(core, secret, hops, None)


def own_secrets(core: Core, member: MemberId) -> tuple[bytes, ...]:
    """The secrets to show an ended friend that comes back. Spec: §7.7, §7.8."""
    starts = (core.friends[member].half_start, *former_starts(core, member))
    return tuple(revocation_secret(core.config.seed, member, start) for start in starts)


def former_starts(core: Core, member: MemberId) -> tuple[int, ...]:
    """Starts of former halves of this friendship whose secrets are not shown yet. Spec: §7.8."""
    note = core.get_local(_former_note(member))
    return tuple(s for s in note if isinstance(s, int)) if isinstance(note, tuple) else ()


def put_former_starts(core: Core, member: MemberId, starts: tuple[int, ...]) -> None:
    if starts != former_starts(core, member):
        note: list[Value] = list(starts)
        core.put_local(_former_note(member), note or None)


def _former_note(member: MemberId) -> str:
    return f"former halves {member.hex()}"


def mark_ended(core: Core, member: MemberId) -> None:
    friend = core.friends[member]
    if friend.ended:
        return
    friend.ended = True
    write_friend(core, member)
    loan_links.begin(core, member)
    if member not in core.loan_links:
        pauses.end(core, member)
    for origin in core.offers.given.pop(member, {}):
        core.persist(Space.OFFERED, member + origin, None)
    core.offers.given_edges.pop(member, None)
    for origin in core.offers.received.pop(member, {}):
        core.persist(Space.OFFER, member + origin, None)
    core.persist(Space.CURSOR, member, None)
    core.cursors.pop(member, None)
    comparisons.forget(core, member)
    half = core.registers.stored((member, half_object(core.me)))
    if half is not None and half.record.is_expired(core.now_ms):
        core.drop(half.record)  # it was only kept to understand this
    refresh_edge(core, core.me, member)
    core.effects.append(FriendsChanged())
    core.deliver("friends")


def take_revocation(core: Core, secret: bytes, hops: int, giver: MemberId | None) -> bool:
    """Learn a revocation secret; false when it brings nothing new. Spec: §7.7."""
    key = revocation_hash(secret)
    known = core.revocations.get(key)
    if known is not None and known.hops >= hops:
        return False
    expires_ms = core.now_ms + max(c.friendship_lease_ms for c in core.charters)
    core.revocations[key] = Revocation(secret, hops, expires_ms, giver)
    core.persist(Space.REVOCATION, key, [secret, hops, expires_ms, giver or b""])
    if hops > 0:
        core.bump_entry(("revocation", key))
    for half in core.registers.halves_with_hash(key):
        assert isinstance(half.body, HalfBody)
        # By our own half: we ended it, after the backup that this node was restored from.
        member = half.author if half.body.friend == core.me else half.body.friend
        if core.me in (half.author, half.body.friend) and member in core.friends:
            _learn_end(core, member, giver)
        refresh_edge(core, half.author, half.body.friend)
    return True


def _learn_end(core: Core, member: MemberId, giver: MemberId | None) -> None:
    """A friendship of ours has ended; who said so may be a third. Spec: §7.7, §18.5.

    A link that stands is closed. Where we were restored, its other end may be a friend by a later
    friendship, which has not come back yet: what it greeted us with was for that one.
    """
    if core.friends[member].ended:
        return
    mark_ended(core, member)
    link_id = core.link_of(member)
    if link_id is not None and giver != member:  # else it is closed where this was said
        core.effects.append(Disconnect(link_id, "friendship-ended"))


def given_to_any(core: Core, one: MemberId, other: MemberId) -> bool:
    """Whether this edge is part of a path now offered to somebody."""
    pair = edge(one, other)
    return any(pair in edges for edges in core.offers.given_edges.values())
