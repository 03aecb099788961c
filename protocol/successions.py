"""Words between a member who lost everything and the guardians: texts to send by any way.

The member makes a new root key and a *request*; each guardian answers with an
*approval*. Both are texts that begin with a name and go through any messenger. They hold
nothing secret: who approves must have heard the member's voice, not only read the text.

Who lost everything knows neither which successors their root had before nor how many guardians
it takes. Each guardian does, and says so.

Pure. Spec: §18.7.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from protocol import limits
from protocol.encoding import Value, decode, encode, expect_array, expect_bytes, expect_uint
from protocol.errors import DecodeError, Malformed, Refused
from protocol.keys import MemberId, Signature, public_key_problem
from protocol.mandates import APPROVALS_MAX, SUCCESSORS_MAX, Successor, chain_value, read_chain

_REQUEST: Final = "openhouse-succession:"
_APPROVAL: Final = "openhouse-approval:"
_VERSION: Final = 2
_SIZE_MAX_BYTES: Final = 4096
"""Seven successors before, approved by four guardians each, are 3,400 bytes."""


@dataclass(frozen=True, slots=True)
class SuccessionRequest:
    """A member asks its guardians to approve a new root key.

    Args:
        from_ms: from when on it shall speak; Unix milliseconds.
    """

    member: MemberId
    key: bytes
    from_ms: int

    def after(self, earlier: tuple[Successor, ...]) -> tuple[Successor, ...]:
        """The chain that this key would end, not approved yet."""
        return (*earlier, Successor(self.key, self.from_ms))


@dataclass(frozen=True, slots=True)
class Approval:
    """What a guardian says to a request.

    Args:
        earlier: the successors that the guardian has accepted so far; what was approved
            of these shows by whom.
        approvals_min: how many guardians it takes, as the member said when there were keys.
        signature: over ``approval_message`` for the successor after ``earlier``.
    """

    request: SuccessionRequest
    earlier: tuple[Successor, ...]
    approvals_min: int
    guardian: MemberId
    signature: Signature


def encode_request(request: SuccessionRequest) -> str:
    """The text to send to the guardians."""
    return _text(_REQUEST, [request.member, request.key, request.from_ms])


def decode_request(text: str) -> SuccessionRequest:
    """Read a request.

    Raises:
        Refused: the text is not a whole request.
    """
    fields = _fields(text, _REQUEST, 4)
    try:
        return _request(fields)
    except DecodeError as error:
        raise Refused("succession-text-malformed", reason=error.detail) from error


def encode_approval(approval: Approval) -> str:
    """The text that a guardian sends back."""
    request = approval.request
    fields: list[Value] = [
        request.member, request.key, request.from_ms, chain_value(approval.earlier),
        approval.approvals_min, approval.guardian, approval.signature,
    ]  # fmt: skip
    return _text(_APPROVAL, fields)


def decode_approval(text: str) -> Approval:
    """Read an approval; its signatures are checked by who uses it.

    Raises:
        Refused: the text is not a whole approval.
    """
    fields = _fields(text, _APPROVAL, 8)
    try:
        earlier = read_chain(fields[4])
        if len(earlier) >= SUCCESSORS_MAX:
            raise Malformed("no root key can follow that many", section="18.7")
        approvals_min = expect_uint(fields[5], "how many it takes", APPROVALS_MAX)
        guardian = MemberId(expect_bytes(fields[6], "guardian", length=32))
        signature = Signature(expect_bytes(fields[7], "signature", length=64))
        return Approval(_request(fields), earlier, approvals_min, guardian, signature)
    except DecodeError as error:
        raise Refused("succession-text-malformed", reason=error.detail) from error


def _text(name: str, fields: list[Value]) -> str:
    return name + _letters(encode([_VERSION, *fields]))


def _letters(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _fields(text: str, prefix: str, count: int) -> tuple[Value, ...]:
    text = "".join(text.split())
    if not text.startswith(prefix):
        raise Refused("succession-text-malformed", reason=f"it does not begin with {prefix}")
    body = text.removeprefix(prefix)
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        if _letters(data) != body:
            raise Malformed("it is not spelled as it was made", section="18.7")
        fields = expect_array(decode(data, size_max_bytes=_SIZE_MAX_BYTES), "text")
        if not fields or expect_uint(fields[0], "version") != _VERSION:
            raise Malformed("it was made by an older or newer program", section="18.7")
        return expect_array(fields, "text", length=count)
    except (binascii.Error, ValueError) as error:
        raise Refused("succession-text-malformed", reason="a part of it is missing") from error
    except DecodeError as error:
        raise Refused("succession-text-malformed", reason=error.detail) from error


def _request(fields: tuple[Value, ...]) -> SuccessionRequest:
    """The fields that both texts begin with. Raises DecodeError."""
    request = SuccessionRequest(
        MemberId(expect_bytes(fields[1], "member", length=32)),
        expect_bytes(fields[2], "root key", length=32),
        expect_uint(fields[3], "from", limits.UINT_MAX),
    )
    if public_key_problem(request.key) is not None:
        raise Malformed("its key cannot be used", section="18.7")
    return request
