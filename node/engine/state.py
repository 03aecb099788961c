"""What the engine's state consists of: friends, links, offers, and what a node is given.

``core.Core`` holds them and has the verbs that change them; here is only what they are.

Must not import anything that acts.

Spec: §7, §8, §9.4, §10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from node.engine.events import LinkId
from protocol import limits
from protocol.circles import Path
from protocol.keys import HouseId, MemberId, RecordId
from protocol.mandates import Successor
from protocol.messages import Message, OfferedPath, decode_message, encode_message
from protocol.records import Record, RecordSigner
from protocol.session import LinkSession

Channels = tuple[tuple[Path, int], ...]
"""``through`` lists in use for one origin, each with how many circles it goes; sorted."""
Edge = tuple[MemberId, MemberId]
"""An unordered pair, smaller id first."""


def edge(one: MemberId, other: MemberId) -> Edge:
    return (one, other) if one < other else (other, one)


@dataclass(frozen=True, slots=True)
class Config:
    """Who this node is and what it is given to work with.

    Args:
        signer: the member's present root key (real, or modelled in simulations).
        seed: 32 bytes the member's other secrets are derived from: those of root 0.
        member: the member's id, when the present root is not the first (§18.3).
        device: signs records, by mandate of the root; None: the root signs itself (simulations).
        successors: the chain that leads from the first root to the present one.
        next_root_hash: promises the root after it; empty: nothing is promised (simulations).
        link_public, link_private: the X25519 key friends pin.
        open_record: checks and opens an envelope (raises RemoteProtocolError); hosts
            may give one with a cache, so that a record is verified once.
        verify: checks one signature (contracts inside ratings).
        read_message, write_message: the bytes of messages; simulations remember what they
            wrote, so that it need not be read.
        records_per_second_max: what one friend may send, None for no limit (benchmarks).
        commit: commitments to the member's e-mail address and phone number in a house (§9.5);
            None: to nothing.
        introduces_itself: publishes a member statement (off only in simulations).
        compare_every_ms: how often each link is compared whole (§8.6; other values only in
            simulations in which nothing is lost).
    """

    signer: RecordSigner
    seed: bytes
    link_public: bytes
    link_private: bytes
    name: str
    languages: tuple[str, ...]
    open_record: Callable[[bytes], Record]
    verify: Callable[[bytes, bytes, bytes], bool]
    read_message: Callable[[bytes], Message] = decode_message
    write_message: Callable[[Message], bytes] = encode_message
    commit: Callable[[HouseId], tuple[bytes, bytes]] | None = None
    records_per_second_max: int | None = limits.RECORDS_PER_SECOND_MAX
    introduces_itself: bool = True
    compare_every_ms: int = 24 * 3600 * 1000
    member: MemberId | None = None
    device: RecordSigner | None = None
    successors: tuple[Successor, ...] = ()
    next_root_hash: bytes = b""


@dataclass(slots=True)
class Friend:
    """A friend as this node holds it. Spec: §9.4.

    Args:
        ended: either side ended it; kept for a lease so that the other can be told.
        half_start: sequence of our first half of this friendship; its revocation
            secret is derived from it and stays the same over renewals.
        restart: something became eligible for them that they have not confirmed yet:
            stream from the beginning of the log next time.
    """

    member: MemberId
    link_key: bytes
    addresses: tuple[str, ...]
    since_ms: int
    half_start: int
    ended: bool = False
    restart: bool = False


@dataclass(slots=True)
class Revocation:
    """A secret that killed a half, on its way through the town. Spec: §7.7."""

    secret: bytes
    hops: int
    expires_ms: int
    received_from: MemberId | None


@dataclass(slots=True)
class Recalling:
    """A restored node asks its friends for its own newest records. Spec: §18.5.

    Args:
        answered: friends who gave all that they hold of ours.
        first_answer_ms: when the first of them had; None before.
        devices: keys of ours that signed what came back; all but the present one are former.
    """

    started_ms: int
    answered: dict[MemberId, None] = field(default_factory=dict)
    first_answer_ms: int | None = None
    devices: dict[bytes, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Served:
    """How long a loan goes on over a friendship that ended. Spec: §11.9.

    Args:
        is_agreed: whether ``until_ms`` is counted from the dates agreed on.
    """

    until_ms: int
    is_agreed: bool


@dataclass(slots=True)
class Link:
    """A secure channel that stands.

    Args:
        up_ms: since when it stands.
        is_for_loans: with a former friend, for loans alone (§11.9).
        offered: the paths last offered on this link, by origin.
        told: for each certificate, in how many paths offered on this link it was named.
        recalled_at_ms: when the friend last asked for its own records (§18.5).
    """

    id: LinkId
    friend: MemberId | None
    session: LinkSession
    remote_link_key: bytes = b""
    tag: bytes = b""
    is_guest: bool = False
    local_addresses: tuple[str, ...] = ()
    recalled_at_ms: int | None = None
    up_ms: int = 0
    is_for_loans: bool = False
    offered: dict[MemberId, tuple[Path, ...]] = field(default_factory=dict)
    told: dict[RecordId, int] = field(default_factory=dict)


@dataclass(slots=True)
class Offers:
    """Paths this node offers, or was offered, per friend and origin. Spec: §7.4."""

    given: dict[MemberId, dict[MemberId, tuple[Path, ...]]] = field(default_factory=dict)
    given_edges: dict[MemberId, dict[Edge, int]] = field(default_factory=dict)
    received: dict[MemberId, dict[MemberId, tuple[OfferedPath, ...]]] = field(default_factory=dict)


@dataclass(slots=True)
class Allowance:
    """Records one friend may still send at ``at_ms``; kept over links. Spec: §14.1."""

    at_ms: int
    burst: float = float(limits.RECORDS_BURST_MAX)
    today: float = float(limits.RECORDS_PER_DAY_MAX)

    @property
    def left(self) -> int:
        """What may be asked for now; negative when too much came unasked."""
        return int(min(self.burst, self.today))
