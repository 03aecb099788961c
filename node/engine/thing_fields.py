"""What people write of a thing, before it may stand in a listing.

No title without a letter, nothing that hides its neighbour on a screen, no price (rule R4).

Must not import anything that acts.

Spec: §5.7, rule R4.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from node.engine import ids
from node.engine.core import Core
from node.engine.prices import find_price
from protocol import limits
from protocol.availability import MINUTES_PER_DAY
from protocol.bodies import Availability, ThingFile, ThingKind
from protocol.errors import Refused
from protocol.keys import MemberId

# Controls and what turns the direction of a line: a title must not hide its neighbour's.
_UNWANTED_CATEGORIES: Final = ("Cc", "Cs", "Co", "Cn")
_MS_PER_MINUTE: Final = 60 * 1000
_DIRECTION_CONTROLS: Final = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def checked_title(text: str) -> str:
    """A title on one line. Raises Refused."""
    title = " ".join(_clean(text).split())
    if not any(character.isprintable() and not character.isspace() for character in title):
        raise Refused("title-missing")
    size_bytes = len(title.encode())
    if size_bytes > limits.TITLE_SIZE_MAX_BYTES:
        raise Refused("title-too-long", size=size_bytes, maximum=limits.TITLE_SIZE_MAX_BYTES)
    return _without_price(title)


def checked_text(text: str) -> str:
    """A text of any number of lines. Raises Refused."""
    text = _clean(text.replace("\r\n", "\n")).strip()
    size_bytes = len(text.encode())
    if size_bytes > limits.TEXT_SIZE_MAX_BYTES:
        raise Refused("text-too-long", size=size_bytes, maximum=limits.TEXT_SIZE_MAX_BYTES)
    return _without_price(text)


def checked_conditions(text: str) -> str:
    """What a borrower agrees to, short enough to be read before asking. Raises Refused."""
    text = _clean(text.replace("\r\n", "\n")).strip()
    size_bytes, maximum = len(text.encode()), limits.CONDITIONS_SIZE_MAX_BYTES
    if size_bytes > maximum:
        raise Refused("conditions-too-long", size=size_bytes, maximum=maximum)
    return _without_price(text)


def checked_licence(text: str, kind: ThingKind, file: ThingFile | None) -> str:
    """What may be done with a copy, on one line; a file needs one. Raises Refused."""
    licence = " ".join(_clean(text).split())
    if kind is not ThingKind.COPY and (licence or file is not None):
        raise Refused("licence-of-no-copy")
    if file is not None:
        _without_price(file.title)
        if not licence:
            raise Refused("licence-missing")
    size_bytes, maximum = len(licence.encode()), limits.LICENCE_SIZE_MAX_BYTES
    if size_bytes > maximum:
        raise Refused("licence-too-long", size=size_bytes, maximum=maximum)
    return _without_price(licence)


def _clean(text: str) -> str:
    return "".join(
        " " if _is_unwanted(character) else character
        for character in text
        if character not in _DIRECTION_CONTROLS
    )


def _is_unwanted(character: str) -> bool:
    return character not in "\n\t" and unicodedata.category(character) in _UNWANTED_CATEGORIES


def _without_price(text: str) -> str:
    fragment = find_price(text)
    if fragment is not None:
        raise Refused("states-a-price", fragment=fragment)
    return text


def checked_circles(core: Core, circles: int) -> int:
    """A reach that the charter allows. Raises Refused."""
    if not 0 <= circles <= core.charter.max_circles:
        raise Refused("circles-out-of-range", circles=circles, maximum=core.charter.max_circles)
    return circles


def resolved_through(
    core: Core, texts: tuple[str, ...], kept: tuple[MemberId, ...] = ()
) -> tuple[MemberId, ...]:
    """The friends who may pass a thing on, sorted, each once.

    Args:
        kept: members who stood there before; they stay although the friendship rests.
    """
    members = dict.fromkeys(ids.resolve_member(core, text) for text in texts)
    for member in members:
        if member not in kept and not core.is_live_friend(member):
            raise Refused("not-a-friend", member=member.hex())
    if len(members) > limits.THROUGH_MAX:
        raise Refused("too-many-through", maximum=limits.THROUGH_MAX)
    return tuple(sorted(members))


def checked_availability(core: Core, availability: Availability) -> Availability:
    """How long a loan may last, as the charter allows. Raises Refused."""
    shortest, longest = availability.shortest_minutes, availability.longest_minutes
    charter_minutes = core.charter.loan_length_max_ms // _MS_PER_MINUTE
    if shortest > charter_minutes:
        raise Refused("loan-too-long", days=charter_minutes // MINUTES_PER_DAY)
    if 0 < longest < shortest:
        raise Refused("longest-below-shortest")
    return availability
