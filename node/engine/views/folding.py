"""Text as people look for it and put it in order: without case and accents.

Must not import anything that acts.
"""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """Text to compare ("Écran" is found by "ecran", and "Ève" stands before "Zoé")."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
