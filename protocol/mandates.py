"""Mandates: how a record signed by a device is tied to its member.

A member's name is its first root key. Root keys sign little and can stay off the
computers that are used every day: they certify *device keys*, which sign records.
The certificate, called a mandate, travels inside each envelope, so a record can be
checked by itself, in any order, by who knows nothing else of the member.

A root key can have successors. Each is promised in advance by the hash of its key
(the next one is on paper, not on the computer whose root may be stolen), or, when
all is lost, approved by guardians whom the member named; both stand in the keys
record of the root before. The chain of successors stands in the mandate; whether it
counts is for the engine, which holds the keys records (``node.engine.roots``).

Pure.

Spec: §18.1 to §18.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from protocol import limits
from protocol.encoding import Value, decode, encode, expect_array, expect_bytes, expect_uint
from protocol.errors import BadKey, BadSignature, Malformed
from protocol.keys import Domain, MemberId, Signature, digest, public_key_problem

Verify = Callable[[bytes, bytes, bytes], bool]
"""``verify(key, message, signature)``: true when the signature is good."""

_DAY_MS: Final = 24 * 3600 * 1000
MANDATE_LEASE_MS: Final = 365 * _DAY_MS
"""How long a device may sign at most. Spec: §18.1."""
SUCCESSORS_MAX: Final = 8
GUARDIANS_MAX: Final = 16
APPROVALS_MAX: Final = 4
"""Approvals that stand in one mandate. More guardians may be named than have to sign."""


@dataclass(frozen=True, slots=True)
class Successor:
    """A root key that took the place of the one before. Spec: §18.3.

    Args:
        key: 32 bytes, the new root key.
        from_ms: from when on it speaks for the member; Unix milliseconds.
        approvals: ``(guardian, signature)``, none when the key was promised in advance.
    """

    key: bytes
    from_ms: int
    approvals: tuple[tuple[MemberId, Signature], ...] = ()


@dataclass(frozen=True, slots=True)
class Mandate:
    """A device key's right to sign for a member, for a time. Spec: §18.1.

    Args:
        successors: root keys after the first, oldest first; the last one signs.
        signature: 64 bytes by the root key over ``mandate_message``, also when the
            signing key is that root key itself.
    """

    successors: tuple[Successor, ...]
    not_before_ms: int
    not_after_ms: int
    signature: bytes

    def root_of(self, member: MemberId) -> bytes:
        """The root key that this mandate rests on."""
        return self.successors[-1].key if self.successors else member


NO_MANDATE: Final = b""
"""What stands in the envelope of a record that the first root key signed itself."""


def root_commitment(key: bytes) -> bytes:
    """The hash that promises a future root key. Spec: §18.3."""
    return digest(Domain.ROOT_COMMITMENT, key)


def mandate_message(
    member: MemberId,
    device: bytes,
    successors: Sequence[Successor],
    not_before_ms: int,
    not_after_ms: int,
) -> bytes:
    """What a root key signs to certify a device key. Spec: §18.1.

    The chain that leads to the root is signed as well: nobody else vouches for the time
    from which a successor that was promised speaks.
    """
    numbers = (len(successors), not_before_ms, not_after_ms)
    packed = b"".join(number.to_bytes(8, "big") for number in numbers)
    chain = b"".join(s.key + s.from_ms.to_bytes(8, "big") for s in successors)
    return digest(Domain.SIGNATURE_MANDATE, member, device, packed, chain)


def approval_message(member: MemberId, index: int, successor: Successor) -> bytes:
    """What a guardian signs to approve the ``index``-th successor (from 1). Spec: §18.3."""
    packed = index.to_bytes(8, "big") + successor.from_ms.to_bytes(8, "big")
    return digest(Domain.SIGNATURE_SUCCESSION, member, successor.key, packed)


def encode_mandate(mandate: Mandate) -> bytes:
    """The bytes that stand in an envelope. Spec: §18.1."""
    times = (mandate.not_before_ms, mandate.not_after_ms)
    return encode([chain_value(mandate.successors), *times, mandate.signature])


def chain_value(successors: Sequence[Successor]) -> list[Value]:
    """The array of a chain of successors. Spec: §18.1."""
    return [
        [s.key, s.from_ms, [[guardian, signature] for guardian, signature in s.approvals]]
        for s in successors
    ]


def decode_mandate(data: bytes) -> Mandate:
    """Read the bytes of a mandate.

    Raises:
        DecodeError: not canonical, of the wrong shape, or with impossible times.

    Spec: §18.1.
    """
    value = decode(data, size_max_bytes=limits.MANDATE_SIZE_MAX_BYTES)
    fields = expect_array(value, "mandate", length=4)
    not_before_ms = expect_uint(fields[1], "not_before", limits.UINT_MAX)
    not_after_ms = expect_uint(fields[2], "not_after", limits.UINT_MAX)
    if not 0 < not_after_ms - not_before_ms <= MANDATE_LEASE_MS:
        raise Malformed("a mandate lasts between nothing and a year", section="18.1")
    signature = expect_bytes(fields[3], "mandate's signature", length=64)
    return Mandate(read_chain(fields[0]), not_before_ms, not_after_ms, signature)


def read_chain(value: Value) -> tuple[Successor, ...]:
    """Read the array of a chain of successors. Raises DecodeError. Spec: §18.1."""
    items = expect_array(value, "successors", maximum=SUCCESSORS_MAX)
    return tuple(_successor(item) for item in items)


def _successor(value: Value) -> Successor:
    fields = expect_array(value, "successor", length=3)
    items = expect_array(fields[2], "approvals", maximum=APPROVALS_MAX)
    approvals = tuple(_approval(item) for item in items)
    guardians = [guardian for guardian, _ in approvals]
    if guardians != sorted(dict.fromkeys(guardians)):
        raise Malformed("approvals must be sorted by guardian, each once", section="18.3")
    return Successor(
        expect_bytes(fields[0], "root key", length=32),
        expect_uint(fields[1], "from", limits.UINT_MAX),
        approvals,
    )


def _approval(value: Value) -> tuple[MemberId, Signature]:
    fields = expect_array(value, "approval", length=2)
    guardian = MemberId(expect_bytes(fields[0], "guardian", length=32))
    return guardian, Signature(expect_bytes(fields[1], "approval's signature", length=64))


def check_mandate(
    data: bytes, member: MemberId, device: bytes, created_ms: int, verify: Verify
) -> Mandate | None:
    """Check what an envelope says of its signer; None when the member signed itself.

    Raises:
        DecodeError: the mandate cannot be read, or does not cover the record's time.
        AuthError: a key is refused, or a signature is wrong.

    Spec: §18.1.
    """
    if not data:
        if device != member:
            raise Malformed("the device key is not certified", section="18.1")
        return None
    if device == member:
        raise Malformed("the first root key needs no mandate", section="18.1")
    mandate = decode_mandate(data)
    if not mandate.not_before_ms <= created_ms < mandate.not_after_ms:
        raise Malformed("the record was signed outside of its mandate's time", section="18.1")
    _check_keys(mandate, member, device)
    message = mandate_message(
        member, device, mandate.successors, mandate.not_before_ms, mandate.not_after_ms
    )
    if not verify(mandate.root_of(member), message, mandate.signature):
        raise BadSignature("the mandate's signature does not match its root", section="18.1")
    if not are_approved(mandate.successors, member, verify):
        raise BadSignature("a guardian's approval does not fit", section="18.3")
    return mandate


def are_approved(successors: Sequence[Successor], member: MemberId, verify: Verify) -> bool:
    """Whether every approval that a chain shows was signed by its guardian. Spec: §18.3."""
    return all(
        verify(guardian, approval_message(member, index, successor), signature)
        for index, successor in enumerate(successors, start=1)
        for guardian, signature in successor.approvals
    )


def _check_keys(mandate: Mandate, member: MemberId, device: bytes) -> None:
    roots = [member, *(successor.key for successor in mandate.successors)]
    if len(dict.fromkeys(roots)) != len(roots):
        raise Malformed("a root key comes twice", section="18.3")
    if device != roots[-1] and device in roots:
        raise Malformed("a former root key signs no more", section="18.1")
    times = [successor.from_ms for successor in mandate.successors]
    if times != sorted(times) or (times and mandate.not_before_ms < times[-1]):
        raise Malformed("a successor signs from its own time on", section="18.3")
    for key in (device, *roots[1:]):
        problem = public_key_problem(key)
        if problem is not None:
            raise BadKey(f"a key of the mandate is refused: {problem}", section="4.2")
