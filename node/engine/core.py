"""The engine's state and the few verbs that every feature is built from.

``Core`` holds what one node knows and collects the effects of the event being
handled. Features (membership, things, loans, sync) are modules of functions that
take a ``Core``; they change state only through it, so that memory, the database
and the effects can never disagree. See ``engine.py`` for the dispatch.

Must not import anything that acts. Iterates dicts and sorted lists only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from node.engine.events import Deliver, Effect, Json, LinkId, Persist, Reject, RequestId, Send, Space
from node.engine.log import ArrivalLog, LogKey
from protocol import limits
from protocol.bodies import (
    STATEMENT_OBJECT,
    Body,
    HalfBody,
    Kind,
    ListingBody,
    StatementBody,
)
from protocol.charter import Charter
from protocol.circles import FriendGraph
from protocol.encoding import Value
from protocol.errors import Refused
from protocol.keys import HouseId, MemberId, ObjectId, RecordId, Signature
from protocol.records import Record, RecordSigner, sign_record

Key = tuple[MemberId, ObjectId]


@dataclass(frozen=True, slots=True)
class Config:
    """Who this node is and what it is given to work with.

    Args:
        signer: signs records with the member's root key (real, or modelled in simulations).
        seed: 32 bytes the member's other secrets are derived from.
        link_public: the X25519 key friends pin.
        open_record: checks and opens an envelope (raises RemoteProtocolError); hosts
            may give one with a cache, so that a record is verified once.
        verify: checks one signature (contracts inside ratings).
        records_per_second_max: what one friend may send, None for no limit (benchmarks).
    """

    signer: RecordSigner
    seed: bytes
    link_public: bytes
    link_private: bytes
    name: str
    languages: tuple[str, ...]
    open_record: Callable[[bytes], Record]
    verify: Callable[[bytes, bytes, bytes], bool]
    email_commitment: bytes = b""
    phone_commitment: bytes = b""
    records_per_second_max: int | None = limits.RECORDS_PER_SECOND_MAX
    introduces_itself: bool = True


@dataclass(slots=True)
class Friend:
    """A friend edge as this node holds it."""

    member: MemberId
    link_key: bytes
    addresses: tuple[str, ...]
    since_ms: int
    ended: bool = False
    """True once either side ended it; kept for a lease so that the other side can be told."""


@dataclass(slots=True)
class Stored:
    """A record in its register, with its place in the arrival log."""

    record: Record
    received_ms: int
    received_from: MemberId | None
