"""Commitments to an e-mail address and a phone number: compared by all, listed by none.

Who does not know an address cannot read it out of a commitment; whoever guesses it can check
the guess, at the price of a memory-hard function for each. Phone numbers are few: the price
is all that protects them. Spec §9.5 says so.

Source: Argon2id, RFC 9106, with the parameters that OWASP gives for 19 MiB.

Spec: §9.5, rule R7.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from protocol.keys import HouseId

MEMORY_KIB: Final = 19 * 1024
PASSES: Final = 2
LANES: Final = 1
COMMITMENT_SIZE_BYTES: Final = 32


class Contact(Enum):
    """What a commitment is about; its value stands before the text that is committed to."""

    EMAIL = "e-mail"
    PHONE = "phone"


def normal(contact: Contact, text: str) -> str:
    """One spelling for what reaches one person; empty stays empty. Spec: §9.5.

    An address loses the blanks around it and its capitals; a number all but its digits and
    the plus before them, and ``00`` at its beginning is a plus.
    """
    if contact is Contact.EMAIL:
        return text.strip().lower()
    digits = "".join(character for character in text if character in "+0123456789")
    return "+" + digits[2:] if digits.startswith("00") else digits


def commitment(house: HouseId, contact: Contact, text: str) -> bytes:
    """32 bytes, or none for an empty text. Spec: §9.5.

    Args:
        text: in any spelling; ``normal`` is applied.
    """
    spelled = normal(contact, text)
    if not spelled:
        return b""
    function = Argon2id(
        salt=house,
        length=COMMITMENT_SIZE_BYTES,
        iterations=PASSES,
        lanes=LANES,
        memory_cost=MEMORY_KIB,
    )
    return function.derive(f"{contact.value}\0{spelled}".encode())
