"""The 24 words that stand for a member's keys, in English, French or Spanish.

The lists are those of BIP-39, whose words differ in their first four letters. So a
reader who forgets an accent, or writes four letters of a word, is understood.

Spec: §18.4.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

from protocol.errors import Refused

ENTROPY_SIZE_BYTES: Final = 32
WORDS: Final = 24
_LISTS: Final = {"en": "english", "fr": "french", "es": "spanish"}
_LETTERS: Final = 4
_SHOWN_LETTERS_MAX: Final = 40


def words_of(entropy: bytes, language: str) -> str:
    """The words to write down.

    Args:
        entropy: 32 bytes.
        language: of the words; English when there is no list in it.
    """
    # Loaded when needed: a node at rest has no use for word lists.
    from mnemonic import Mnemonic

    return Mnemonic(_LISTS.get(language, "english")).to_mnemonic(entropy)


def entropy_of(text: str) -> bytes:
    """The 32 bytes that words stand for, in whichever of the languages they are.

    Raises:
        Refused: a word is missing, unknown, or not the one that was written down.
    """
    from mnemonic import Mnemonic

    given = [_plain(word) for word in text.split()]
    if len(given) != WORDS:
        raise Refused("words-count", count=len(given), needed=WORDS)
    unknown: list[str] = []
    for name in _LISTS.values():
        by_letters = _by_letters(name)
        found = [_find(by_letters, word) for word in given]
        missing = [word for word, match in zip(given, found, strict=True) if match is None]
        if missing:
            # Of the language that they are in, most words are known.
            unknown = missing if not unknown or len(missing) < len(unknown) else unknown
            continue
        try:
            return bytes(Mnemonic(name).to_entropy([word for word in found if word is not None]))
        except ValueError:
            # All words are of this list; the last one holds a checksum of the others.
            raise Refused("words-checksum") from None
    raise Refused("word-unknown", word=unknown[0][:_SHOWN_LETTERS_MAX])


def _plain(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.strip(".,;:").lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _find(by_letters: dict[str, tuple[str, str]], word: str) -> str | None:
    known = by_letters.get(word[:_LETTERS])
    if known is None:
        return None
    plain, listed = known
    return listed if plain.startswith(word) and (len(word) >= _LETTERS or plain == word) else None


@lru_cache(maxsize=4)
def _by_letters(name: str) -> dict[str, tuple[str, str]]:
    from mnemonic import Mnemonic

    return {_plain(word)[:_LETTERS]: (_plain(word), word) for word in Mnemonic(name).wordlist}
