"""Friends of two friends: who can help reach whom, and how they know that they may.

A node helps two of its friends only when both friendships with them are shown, and only
who proves to be the other's friend: otherwise its answer would tell one friend about
another. The proof are the two halves, which nobody but the two and those they show them
to can have.

Pure; reads the core and changes nothing. Spec: §17.1.
"""

from __future__ import annotations

from node.engine.core import Core
from node.engine.edges import halves_of
from protocol.bodies import HalfBody, half_object
from protocol.errors import RemoteProtocolError
from protocol.keys import MemberId
from protocol.reaching import Proof
from protocol.records import Record, supersedes


def proof_of(core: Core, friend: MemberId) -> Proof | None:
    """Both halves of a friendship of ours; None when it is not one to be shown."""
    if not _is_shown(core, friend):
        return None
    halves = halves_of(core, core.me, friend)
    assert halves is not None, "a live friendship has both halves"
    return halves[0].envelope, halves[1].envelope


def common_friends(core: Core, member: MemberId) -> list[MemberId]:
    """Friends of ours, linked now, that are known to be friends of ``member``; sorted."""
    return [friend for friend in sorted(core.link_ids) if is_common_friend(core, friend, member)]


def is_common_friend(core: Core, friend: MemberId, member: MemberId) -> bool:
    """Whether a friend of ours is known to be a friend of ``member``, and may be asked."""
    return friend != member and _is_their_friend(core, friend, member) and _is_shown(core, friend)


def may_help(core: Core, asking: MemberId, other: MemberId, proof: Proof) -> bool:
    """Whether to help ``asking``, a friend, reach ``other``. Spec: §17.1."""
    if asking == other or not (_is_shown(core, asking) and _is_shown(core, other)):
        return False
    first, second = proof
    return _is_half(core, first, asking, other) and _is_half(core, second, other, asking)


def _is_shown(core: Core, friend: MemberId) -> bool:
    """Whether a friendship of ours is live and both sides let others know of it."""
    halves = halves_of(core, core.me, friend) if core.is_live_friend(friend) else None
    return halves is not None and all(
        isinstance(half.body, HalfBody) and half.body.shows for half in halves
    )


def _is_their_friend(core: Core, friend: MemberId, member: MemberId) -> bool:
    if core.graph.has_transit(friend, member):
        return True
    offered = core.offers.received.get(friend, {}).get(member, ())
    return any(path.members == (member, friend) for path in offered)


def _is_half(core: Core, envelope: bytes, author: MemberId, friend: MemberId) -> bool:
    """Whether this is a live half that its author shows, as far as is known here."""
    try:
        record = core.config.open_record(envelope)
    except RemoteProtocolError:
        return False
    if record.author != author or record.house != core.house:
        return False
    if record.object != half_object(friend):
        return False
    stored = core.registers.stored(record.key)
    if stored is not None and supersedes(stored.record, record):
        record = stored.record
    return _is_live(core, record, friend)


def _is_live(core: Core, record: Record, friend: MemberId) -> bool:
    body = record.body
    return (
        isinstance(body, HalfBody)
        and body.friend == friend
        and body.shows
        and body.revocation_hash not in core.revocations
        and not record.is_expired(core.now_ms)
    )
