"""A name for a file that came from somebody else, that can do nothing but be read.

What they call it is a claim of a stranger: it may hold a path, controls, a device's name or
something that looks like another ending. What is left of it here is letters, and one ending.

Spec: §20.3.
"""

from __future__ import annotations

import unicodedata
from typing import Final

NAME_SIZE_MAX_BYTES: Final = 120
"""Room for a number and a long folder in what file systems take (255 bytes)."""
_READ_MAX: Final = 500
_ENDING_MAX: Final = 12
_PLAIN: Final = "file"
# Meanings for some file system or shell.
_UNWANTED: Final = "/\\:*?\"<>|$`'~%&;!#{}"
# Names of devices on Windows, whatever their ending.
_DEVICES: Final = (
    "con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10)),
)  # fmt: skip


def safe_name(title: str) -> str:
    """What a file of this title may be called here: one part of a path, never hidden.

    Args:
        title: anything.

    Returns:
        1 to ``NAME_SIZE_MAX_BYTES`` bytes of UTF-8.
    """
    composed = unicodedata.normalize("NFC", title[:_READ_MAX])
    kept = "".join(c if _is_wanted(c) else " " for c in composed)
    # Dots and blanks at the ends hide files, or are dropped by some systems.
    name = " ".join(kept.split()).strip(".- ")
    stem, dot, ending = name.rpartition(".")
    if not dot or not ending.isalnum() or len(ending) > _ENDING_MAX or not ending.isascii():
        stem, ending = name.rstrip(".- "), ""
    stem = stem.strip(".- ") or _PLAIN
    if stem.partition(".")[0].strip().lower() in _DEVICES:
        stem = f"{_PLAIN} {stem}"
    room = NAME_SIZE_MAX_BYTES - (len(ending) + 1 if ending else 0)
    while len(stem.encode()) > room:
        stem = stem[:-1].rstrip(".- ")
    return f"{stem}.{ending}" if ending else stem


def numbered(name: str, number: int) -> str:
    """The name for one more file of the same name: ``song (2).ogg``."""
    stem, dot, ending = name.rpartition(".")
    return f"{stem} ({number}).{ending}" if dot else f"{name} ({number})"


def _is_wanted(character: str) -> bool:
    # Controls, what turns the direction of a line, what cannot be seen.
    category = unicodedata.category(character)
    return category[0] not in "CZ" and character not in _UNWANTED
