"""A store as if its member had long been in the house: for simulations and benchmarks.

Founding a town of thousands by one invitation after the other would take longer
than what one wants to see in it. ``genesis_items`` writes the rows that a node
with these friends would have on disk; ``Engine`` restores from them as from any
store. Everything in them is signed as usual: nothing is taken on trust later.

Spec: §10.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from node.engine.events import Space
from node.engine.house import CHARTER_LEASE_MS
from protocol.bodies import CharterBody, HalfBody, half_object
from protocol.charter import Charter
from protocol.encoding import Value
from protocol.house import house_id
from protocol.keys import HouseId, MemberId, ObjectId, revocation_hash, revocation_secret
from protocol.records import Record, RecordSigner, sign_record

FIRST_SEQUENCE = 1
Row = tuple[Space, bytes, Value]


@dataclass(frozen=True, slots=True)
class Friendship:
    """One friend of the member whose store is written.

    Args:
        link_key: the friend's X25519 key.
        own_half, friend_half: envelopes signed by each side.
        addresses: where the friend's node listens ("host:port"), may be empty.
    """

    friend: MemberId
    link_key: bytes
    own_half: bytes
    friend_half: bytes
    addresses: tuple[str, ...] = ()


def found_for(
    signer: RecordSigner,
    name: str,
    charter: Charter,
    *,
    object_id: ObjectId,
    founders: tuple[MemberId, ...],
    now_ms: int,
) -> Record:
    """A charter record whose author founds the house of a genesis town.

    Members are attested by the halves, which is all that nodes at a distance look
    at (spec §7.2). A town whose members shall invite and co-opt later needs two
    founders and everybody's seats in ``genesis_items`` as well.
    """
    founder = MemberId(signer.public)
    body = CharterBody(name, founders, charter.to_parameters())
    return sign_record(
        signer,
        body,
        house=house_id(founder, object_id, body.name, body.parameters),
        object_id=object_id,
        sequence=FIRST_SEQUENCE,
        created_ms=now_ms,
        not_after_ms=now_ms + CHARTER_LEASE_MS,
    )


def sign_genesis_half(
    signer: RecordSigner,
    seed: bytes,
    friend: MemberId,
    *,
    house: HouseId,
    sequence: int,
    now_ms: int,
    lease_ms: int,
) -> Record:
    """One side's half of a friendship, attesting the friend as a member."""
    secret = revocation_secret(seed, friend, sequence)
    return sign_record(
        signer,
        HalfBody(friend, revocation_hash(secret), True, True),
        house=house,
        object_id=half_object(friend),
        sequence=sequence,
        created_ms=now_ms,
        not_after_ms=now_ms + lease_ms,
    )


def genesis_items(
    me: MemberId,
    charter: Record,
    friendships: list[Friendship],
    half_sequences: dict[MemberId, int],
    *,
    log_epoch: bytes,
    now_ms: int,
    seats: Iterable[Record] = (),
) -> list[Row]:
    """The rows of one member's store.

    Args:
        charter: from ``found_for``; the same for the whole town.
        half_sequences: the sequence each own half was signed with, by friend.
        log_epoch: 8 bytes of this member's own.
        seats: those this member knows: its own, its sponsors' up to the founders,
            and its friends'.
    """
    last = max(half_sequences.values(), default=FIRST_SEQUENCE)
    rows: list[Row] = [
        (Space.META, b"log_epoch", log_epoch),
        (Space.META, b"house", charter.house),
        (Space.META, b"sequence", last),
        (Space.META, b"log_top", 0),
        (Space.RECORD, charter.author + charter.object, _row(charter.envelope, now_ms)),
    ]
    rows.extend((Space.RECORD, s.author + s.object, _row(s.envelope, now_ms)) for s in seats)
    for f in friendships:
        sequence = half_sequences[f.friend]
        row: Value = (f.link_key, f.addresses, now_ms, sequence, False, False)
        rows.append((Space.FRIEND, f.friend, row))
        rows.append((Space.RECORD, me + half_object(f.friend), _row(f.own_half, now_ms)))
        rows.append((Space.RECORD, f.friend + half_object(me), _row(f.friend_half, now_ms)))
    return rows


def _row(envelope: bytes, now_ms: int) -> Value:
    return (0, now_ms, b"", envelope)
