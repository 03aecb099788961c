"""Make `protocol/vectors/uniqueness.json`: run this file as a script.

Argon2id is taken from its library; nothing of the `protocol` package is used. How each text
is spelled is written by hand from the spec (§9.5).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

TARGET = Path(__file__).parents[2] / "protocol" / "vectors" / "uniqueness.json"

ABOUT = (
    "input: house, contact and text; decoded: its one spelling and the commitment, empty for an "
    "empty text. Argon2id as in RFC 9106, version 19, 19456 KiB, 2 passes, 1 lane, 32 bytes."
)
NOTES = {
    "Spelling": "one person, several spellings",
    "Nothing": "no contact, whatever the house",
    "House": "the salt",
}

LILAS, OAKS = (hashlib.sha256(name.encode()).digest() for name in ("lilas", "oaks"))

CASES: list[tuple[str, str, bytes, str, str, str]] = [
    ("Spelling", "an address", LILAS, "e-mail", "ana@example.org", "ana@example.org"),
    ("Spelling", "capitals and blanks", LILAS, "e-mail", "  Ana@Example.ORG\t", "ana@example.org"),
    ("Spelling", "another address", LILAS, "e-mail", "ana+2@example.org", "ana+2@example.org"),
    ("Nothing", "blanks alone", LILAS, "e-mail", "   ", ""),
    ("Spelling", "a number", LILAS, "phone", "+33612345678", "+33612345678"),
    ("Spelling", "with what is put between", LILAS, "phone", "+33 6.12-34(56)78", "+33612345678"),
    ("Spelling", "with zeros for the plus", LILAS, "phone", "0033612345678", "+33612345678"),
    ("Nothing", "no number", LILAS, "phone", "-", ""),
    ("House", "the same address in another house", OAKS, "e-mail", "ana@example.org",
     "ana@example.org"),
    ("House", "a number as an address is something else", OAKS, "e-mail", "+33612345678",
     "+33612345678"),
    ("House", "and as a number", OAKS, "phone", "+33612345678", "+33612345678"),
]  # fmt: skip


def commit(house: bytes, contact: str, spelled: str) -> bytes:
    if not spelled:
        return b""
    function = Argon2id(salt=house, length=32, iterations=2, lanes=1, memory_cost=19 * 1024)
    return function.derive(contact.encode() + b"\0" + spelled.encode())


def build() -> str:
    """The file's text."""
    cases: list[dict[str, Any]] = []
    for flag, comment, house, contact, text, spelled in CASES:
        cases.append(
            {
                "id": f"{flag.lower()}-{len(cases) + 1}",
                "comment": comment,
                "flags": [flag],
                "input": {"house": house.hex(), "contact": contact, "text": text},
                "result": "valid",
                "error": None,
                "decoded": {
                    "spelled": spelled,
                    "commitment": commit(house, contact, spelled).hex(),
                },
            }
        )
    document = {
        "schema": "openhouse vectors 1",
        "spec_section": "9.5",
        "source": "tests/vectors/make_uniqueness.py, with the package cryptography",
        "about": ABOUT,
        "notes": NOTES,
    }
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    return json.dumps(document, indent=1)[:-2] + ',\n "cases": [\n' + lines + "\n ]\n}\n"


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
