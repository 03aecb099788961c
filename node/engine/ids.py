"""From what a person typed to the thing, loan or member that is meant.

Outside the node ids are lowercase hex: a thing 32 characters, a loan 32, a member
64. The whole id or a unique prefix of eight or more characters is accepted. A
listing's id is unique for its holder only, since nobody can stop another member
from using the same sixteen bytes; ``THING@MEMBER`` names the holder as well.

Every function refuses with one of ``not-an-id``, ``id-too-short``,
``ambiguous-id``, ``unknown-thing``, ``unknown-loan``, ``unknown-member``,
``unknown-proposal``.

Spec: §5.4, §10.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from node.engine.core import Core
from protocol.bodies import HalfBody, Kind, RequestBody
from protocol.errors import Refused
from protocol.keys import MemberId, ObjectId
from protocol.records import Record

PREFIX_MIN_LENGTH: Final = 8
# Longer than any id: what is longer is not repeated in a message.
_SHOWN_MAX_LENGTH: Final = 80
_HEX_DIGITS: Final = "0123456789abcdef"

T = TypeVar("T")


def resolve_thing(core: Core, text: str) -> Record:
    """The live listing that is meant: one I may see, or my own.

    Args:
        text: ``THING`` or ``THING@MEMBER``.
    """
    thing, _, holder = text.partition("@")
    prefix = _checked(thing)
    holder_prefix = _checked(holder) if holder else ""
    found = [
        record
        for record in [*core.mine(Kind.LISTING), *core.visible_listings()]
        if record.object.hex().startswith(prefix)
        and record.author.hex().startswith(holder_prefix)
        and core.can_see(record)
    ]
    if not found:
        raise Refused("unknown-thing", thing=_shown(text))
    return _only(found, text)


def resolve_loan(core: Core, text: str) -> ObjectId:
    """The loan that is meant, among those this node takes or took part in."""
    prefix = _checked(text)
    loans = (
        record.body.loan
        for record in core.of_kind(Kind.REQUEST)
        if isinstance(record.body, RequestBody)
    )
    found = _starting_with(loans, prefix)
    if not found:
        raise Refused("unknown-loan", loan=_shown(text))
    return _only(found, text)


def resolve_member(core: Core, text: str) -> MemberId:
    """The member that is meant: me, a friend, or anybody this node has heard of."""
    found = _starting_with(_known_members(core), _checked(text))
    if not found:
        raise Refused("unknown-member", member=_shown(text))
    return _only(found, text)


def resolve_proposal(known: Sequence[bytes], text: str) -> bytes:
    """The change of the rules that is meant, of those that can be signed."""
    prefix = _checked(text)
    found = [identity for identity in known if identity.hex().startswith(prefix)]
    if not found:
        raise Refused("unknown-proposal", proposal=_shown(text))
    return _only(found, text)


def _known_members(core: Core) -> Iterable[MemberId]:
    yield core.me
    yield from core.friends
    for record in core.of_kind(Kind.STATEMENT):
        yield record.author
    for record in core.visible_listings():
        yield record.author
    for record in core.of_kind(Kind.HALF):
        yield record.author
        if isinstance(record.body, HalfBody):
            yield record.body.friend


Id = TypeVar("Id", MemberId, ObjectId)


def _starting_with(ids: Iterable[Id], prefix: str) -> list[Id]:
    return [identity for identity in dict.fromkeys(ids) if identity.hex().startswith(prefix)]


def _checked(text: str) -> str:
    """The text as a prefix to compare, or why it cannot be one."""
    prefix = text.strip().lower()
    if not prefix or any(digit not in _HEX_DIGITS for digit in prefix):
        raise Refused("not-an-id", id=_shown(text))
    if len(prefix) < PREFIX_MIN_LENGTH:
        raise Refused("id-too-short", id=_shown(text), length=PREFIX_MIN_LENGTH)
    return prefix


def _only(found: list[T], text: str) -> T:
    if len(found) > 1:
        raise Refused("ambiguous-id", id=_shown(text), count=len(found))
    return found[0]


def _shown(text: str) -> str:
    """What was typed, short enough for a sentence."""
    text = text.strip()
    return text if len(text) <= _SHOWN_MAX_LENGTH else text[: _SHOWN_MAX_LENGTH - 1] + "…"
