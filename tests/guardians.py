"""Guardians who answer whatever they are asked, for tests of who lost everything. Spec: §18.7."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from protocol.keys import Signer
from protocol.mandates import Successor, approval_message
from protocol.successions import decode_request, encode_approval

LOST: Final = Signer(b"\x40" * 32).public
"""The id of who lost everything."""
GUARDIANS: Final = [Signer(bytes([60 + number]) * 32) for number in range(5)]


def answers_to(text: str, guardians: Sequence[Signer] = GUARDIANS[:2]) -> list[str]:
    """What each of them sends back."""
    request = decode_request(text)
    bare = Successor(request.key, request.from_ms)
    message = approval_message(request.member, request.index, bare)
    return [encode_approval(request, each.public, each.sign(message)) for each in guardians]
