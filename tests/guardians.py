"""Guardians who answer whatever they are asked, for tests of who lost everything. Spec: §18.7."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from protocol.keys import Signer
from protocol.mandates import Successor, approval_message
from protocol.successions import Approval, decode_request, encode_approval

LOST: Final = Signer(b"\x40" * 32).public
"""The id of who lost everything."""
GUARDIANS: Final = [Signer(bytes([60 + number]) * 32) for number in range(5)]


def answers_to(
    text: str,
    guardians: Sequence[Signer] = GUARDIANS[:2],
    *,
    earlier: tuple[Successor, ...] = (),
    needed: int = 2,
) -> list[str]:
    """What each of them sends back.

    Args:
        earlier: the successors that they have accepted.
        needed: how many of them it takes, as they know.
    """
    request = decode_request(text)
    message = approval_message(request.member, len(earlier) + 1, request.after(earlier)[-1])
    answers = (
        Approval(request, earlier, needed, each.public, each.sign(message)) for each in guardians
    )
    return [encode_approval(each) for each in answers]
