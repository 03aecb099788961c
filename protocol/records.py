"""Records: the signed objects that every node stores, checks and passes on.

A record is one canonical MessagePack array signed by its author and carried in
an *envelope* ``[unsigned bytes, signature, mandate]``; the mandate ties the device
that signed to its member (``protocol.mandates``). Receivers keep and relay the exact
envelope bytes; the id is a hash of the unsigned bytes, so a second signature
over the same bytes is the same record. ``(author, object)`` is a register whose
current value is the record with the highest ``(epoch, sequence)``, never the
latest time.

This module knows headers, ids, signatures and the register rule. What a body
means is in ``protocol.bodies``, how it is written in ``protocol.layouts``. It must
not import anything that acts.

Spec: §5.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from protocol import limits
from protocol.bodies import CIRCLE_KINDS, Body, EvidenceBody, Kind
from protocol.encoding import (
    Value,
    check_extensions,
    decode,
    encode,
    expect_array,
    expect_bytes,
    expect_uint,
)
from protocol.errors import BadKey, BadSignature, Malformed, TooLarge
from protocol.keys import (
    Domain,
    HouseId,
    MemberId,
    ObjectId,
    RecordId,
    Signature,
    digest,
    public_key_problem,
)
from protocol.layouts import body_size_max_bytes, decode_body, encode_body
from protocol.mandates import NO_MANDATE, Successor, Verify, check_mandate, decode_mandate


class RecordSigner(Protocol):
    """What signing needs: a device's or a root key, real or modelled in simulations."""

    @property
    def public(self) -> bytes: ...

    def sign(self, message: bytes) -> Signature: ...


RECORD_VERSION = 1
HEADER_FIELDS = 12


@dataclass(frozen=True, slots=True)
class Record:
    """One opened record: checked encoding, typed body, good signature.

    Args:
        house: 32 bytes; all zeros only in a house's first charter.
        author: 32 bytes, the member's root key.
        device: 32 bytes, the key that signed: ``author`` itself, or one with a mandate.
        object: 16 bytes, names the register ``(author, object)``.
        created_ms, not_after_ms: Unix milliseconds.
        record_id: 32 bytes, SHA-256 of the unsigned bytes under its domain.
        envelope: the exact bytes to store and relay.
        successors: the author's later root keys, as the mandate tells them. Spec: §18.3.
    """

    kind: Kind
    house: HouseId
    author: MemberId
    device: bytes
    object: ObjectId
    epoch: int
    sequence: int
    created_ms: int
    not_after_ms: int
    body: Body
    record_id: RecordId
    envelope: bytes
    successors: tuple[Successor, ...] = ()
    key: tuple[MemberId, ObjectId] = field(init=False, repr=False, compare=False)
    """The register this record belongs to. Spec: §5.4."""
    ends: tuple[int, tuple[MemberId, ObjectId]] = field(init=False, repr=False, compare=False)
    """When its lease ends, and where it stands: in order of time."""
    origin: MemberId | None = field(init=False, repr=False, compare=False)
    """Whose circles it travels in, or None when it does not travel by circles. Spec: §7.3.

    A rating, and what is said of one, travels in the circles of the rated person.
    """

    def __post_init__(self) -> None:
        # What every store files records by is made once: they all share it.
        object.__setattr__(self, "key", (self.author, self.object))
        object.__setattr__(self, "ends", (self.not_after_ms, self.key))
        object.__setattr__(self, "origin", self._origin())

    def _origin(self) -> MemberId | None:
        if self.kind not in CIRCLE_KINDS:
            return None
        body = self.body
        return body.subject(self.author) if isinstance(body, EvidenceBody) else self.author

    @property
    def version(self) -> tuple[int, int]:
        """``(epoch, sequence)``: the register order. Spec: §5.4."""
        return (self.epoch, self.sequence)

    def is_expired(self, now_ms: int) -> bool:
        return now_ms >= self.not_after_ms


def record_id(unsigned: bytes) -> RecordId:
    """The id of a record: hash of its bytes without the signature. Spec: §5.3."""
    return RecordId(digest(Domain.RECORD, unsigned))


def signed_message(identity: RecordId) -> bytes:
    """The bytes that are signed for a record. Spec: §5.3."""
    return digest(Domain.SIGNATURE_RECORD, identity)


def sign_record(
    signer: RecordSigner,
    body: Body,
    *,
    house: HouseId,
    object_id: ObjectId,
    sequence: int,
    created_ms: int,
    not_after_ms: int,
    epoch: int = 0,
    author: MemberId | None = None,
    mandate: bytes = NO_MANDATE,
) -> Record:
    """Make and sign a record. The caller must persist it before it is sent.

    Args:
        signer: the device's key.
        author: the member, when another than the signing key; then with a ``mandate``.
    """
    device = signer.public
    author = MemberId(device) if author is None else author
    unsigned = encode(
        [
            RECORD_VERSION,
            int(body.kind),
            house,
            author,
            device,
            object_id,
            epoch,
            sequence,
            created_ms,
            not_after_ms,
            encode_body(body),
            {},
        ]
    )
    identity = record_id(unsigned)
    envelope = encode([unsigned, signer.sign(signed_message(identity)), mandate])
    return Record(
        body.kind, house, author, device, object_id, epoch, sequence,
        created_ms, not_after_ms, body, identity, envelope,
        decode_mandate(mandate).successors if mandate else (),
    )  # fmt: skip


def split_envelope(envelope: bytes) -> tuple[bytes, Signature, bytes]:
    """``(unsigned bytes, signature, mandate)`` of an envelope.

    Raises:
        DecodeError: not a canonical array of three byte strings of the right size.

    Spec: §5.1.
    """
    outer = decode(envelope, size_max_bytes=limits.RECORD_SIZE_MAX_BYTES)
    fields = expect_array(outer, "envelope", length=3)
    unsigned = expect_bytes(fields[0], "unsigned record", maximum=limits.RECORD_SIZE_MAX_BYTES)
    signature = expect_bytes(fields[1], "signature", length=64)
    mandate = expect_bytes(fields[2], "mandate", maximum=limits.MANDATE_SIZE_MAX_BYTES)
    return unsigned, Signature(signature), mandate


def open_record(envelope: bytes, verify: Verify, verify_mandate: Verify | None = None) -> Record:
    """Check an envelope completely and give the record.

    Checks, in this order: size and canonical encoding, header fields, body of
    its kind, keys, mandate, signature. Whether the record is wanted, fresh and within
    reach is for the engine, and whether its author's successors count.

    Args:
        verify: checks the record's own signature.
        verify_mandate: checks the signatures of its mandate, which many records share;
            ``verify`` if None.

    Raises:
        DecodeError: malformed, not canonical, too large or unknown critical extension.
        AuthError: key refused or signature wrong.

    Spec: §5.1, §5.3.
    """
    unsigned, signature, mandate_bytes = split_envelope(envelope)
    record = _decode_unsigned(unsigned, envelope)
    problem = public_key_problem(record.author)
    if problem is not None:
        raise BadKey(f"the author's key is refused: {problem}", section="4.2")
    mandate = check_mandate(
        mandate_bytes, record.author, record.device, record.created_ms, verify_mandate or verify
    )
    if mandate is not None and mandate.successors:
        record = replace(record, successors=mandate.successors)
    if not verify(record.device, signed_message(record.record_id), signature):
        raise BadSignature("the record's signature does not match its author", section="5.3")
    return record


def _decode_unsigned(unsigned: bytes, envelope: bytes) -> Record:
    value = decode(unsigned, size_max_bytes=limits.RECORD_SIZE_MAX_BYTES, allow_map=True)
    header = expect_array(value, "record", length=HEADER_FIELDS)
    if expect_uint(header[0], "version", limits.UINT_MAX) != RECORD_VERSION:
        raise Malformed("the record's version is not 1", section="5.2")
    kind = _kind(header[1])
    if len(envelope) > body_size_max_bytes(kind):
        raise TooLarge(f"a {kind.name.lower()} record of {len(envelope)} bytes", section="14.1")
    author = MemberId(expect_bytes(header[3], "author", length=32))
    device = expect_bytes(header[4], "device", length=32)
    check_extensions(header[11])
    created_ms = expect_uint(header[8], "created", limits.UINT_MAX)
    not_after_ms = expect_uint(header[9], "not_after", limits.UINT_MAX)
    if not_after_ms <= created_ms:
        raise Malformed("not_after must be later than created", section="5.2")
    return Record(
        kind=kind,
        house=HouseId(expect_bytes(header[2], "house", length=32)),
        author=author,
        device=device,
        object=ObjectId(expect_bytes(header[5], "object", length=16)),
        epoch=expect_uint(header[6], "epoch", limits.UINT_MAX),
        sequence=expect_uint(header[7], "sequence", limits.UINT_MAX),
        created_ms=created_ms,
        not_after_ms=not_after_ms,
        body=decode_body(kind, header[10]),
        record_id=record_id(unsigned),
        envelope=envelope,
    )


def _kind(value: Value) -> Kind:
    number = expect_uint(value, "kind", 255)
    try:
        return Kind(number)
    except ValueError:
        raise Malformed(f"record kind {number} is unknown", section="5.5") from None


def supersedes(candidate: Record, current: Record | None) -> bool:
    """Whether ``candidate`` takes the place of ``current`` in their register.

    At one ``(epoch, sequence)`` the smaller id wins, so that every node settles
    on the same body of an equivocator. Spec: §5.4.
    """
    if current is None:
        return True
    if candidate.version != current.version:
        return candidate.version > current.version
    return candidate.record_id < current.record_id


def is_equivocation(one: Record, other: Record) -> bool:
    """Two different bodies at one ``(epoch, sequence)`` of a register. Spec: §5.4."""
    return (
        one.key == other.key and one.version == other.version and one.record_id != other.record_id
    )
