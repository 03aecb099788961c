"""Words between a member who lost everything and the guardians: texts to send by any way.

The member makes a new root key and a *request*; each guardian answers with an
*approval*. Both are texts that begin with a name and go through any messenger. They hold
nothing secret: who approves must have heard the member's voice, not only read the text.

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
from protocol.mandates import SUCCESSORS_MAX

_REQUEST: Final = "openhouse-succession:"
_APPROVAL: Final = "openhouse-approval:"
_SIZE_MAX_BYTES: Final = 512


@dataclass(frozen=True, slots=True)
class SuccessionRequest:
    """A member asks its guardians to approve a new root key.

    Args:
        index: which successor it would be, from 1.
        from_ms: from when on it shall speak; Unix milliseconds.
    """

    member: MemberId
    index: int
    key: bytes
    from_ms: int


def encode_request(request: SuccessionRequest) -> str:
    """The text to send to the guardians."""
    fields: list[Value] = [1, request.member, request.index, request.key, request.from_ms]
    return _REQUEST + _text(encode(fields))


def decode_request(text: str) -> SuccessionRequest:
    """Read a request.

    Raises:
        Refused: the text is not a whole request.
    """
    return _request(_fields(text, _REQUEST, 5))


def encode_approval(request: SuccessionRequest, guardian: MemberId, signature: Signature) -> str:
    """The text that a guardian sends back."""
    fields: list[Value] = [
        1, request.member, request.index, request.key, request.from_ms, guardian, signature,
    ]  # fmt: skip
    return _APPROVAL + _text(encode(fields))


def decode_approval(text: str) -> tuple[SuccessionRequest, MemberId, Signature]:
    """Read an approval; its signature is checked by who uses it.

    Raises:
        Refused: the text is not a whole approval.
    """
    fields = _fields(text, _APPROVAL, 7)
    try:
        guardian = MemberId(expect_bytes(fields[5], "guardian", length=32))
        signature = Signature(expect_bytes(fields[6], "signature", length=64))
    except DecodeError as error:
        raise Refused("succession-text-malformed", reason=error.detail) from error
    return _request(fields), guardian, signature


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _fields(text: str, prefix: str, count: int) -> tuple[Value, ...]:
    text = "".join(text.split())
    if not text.startswith(prefix):
        raise Refused("succession-text-malformed", reason=f"it does not begin with {prefix}")
    body = text.removeprefix(prefix)
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        if _text(data) != body:
            raise Malformed("it is not spelled as it was made", section="18.7")
        fields = expect_array(decode(data, size_max_bytes=_SIZE_MAX_BYTES), "text", length=count)
        if expect_uint(fields[0], "version") != 1:
            raise Malformed("it was made by a newer program", section="18.7")
    except (binascii.Error, ValueError) as error:
        raise Refused("succession-text-malformed", reason="a part of it is missing") from error
    except DecodeError as error:
        raise Refused("succession-text-malformed", reason=error.detail) from error
    return fields


def _request(fields: tuple[Value, ...]) -> SuccessionRequest:
    try:
        request = SuccessionRequest(
            MemberId(expect_bytes(fields[1], "member", length=32)),
            expect_uint(fields[2], "number", SUCCESSORS_MAX),
            expect_bytes(fields[3], "root key", length=32),
            expect_uint(fields[4], "from", limits.UINT_MAX),
        )
    except DecodeError as error:
        raise Refused("succession-text-malformed", reason=error.detail) from error
    if request.index == 0 or public_key_problem(request.key) is not None:
        raise Refused("succession-text-malformed", reason="its key cannot be used")
    return request
