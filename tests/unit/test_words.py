"""Spec §18.4: the words that stand for a member's keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.words import entropy_of, words_of
from protocol.errors import Refused

ENTROPY = bytes(range(32))


@given(st.binary(min_size=32, max_size=32), st.sampled_from(["en", "fr", "es"]))
def test_the_words_give_the_entropy_back(entropy: bytes, language: str) -> None:
    assert entropy == entropy_of(words_of(entropy, language))


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_four_letters_without_accents_are_enough(language: str) -> None:
    import unicodedata

    plain = unicodedata.normalize("NFKD", words_of(ENTROPY, language))
    letters = "".join(c for c in plain if not unicodedata.combining(c)).upper()
    short = " ".join(word[:4] for word in letters.split())

    assert ENTROPY == entropy_of(short)
    assert ENTROPY == entropy_of("\n".join(short.split()) + ",\n")


def code(text: str) -> str:
    with pytest.raises(Refused) as caught:
        entropy_of(text)
    return caught.value.code


def test_what_is_wrong_with_the_words_is_said() -> None:
    words = words_of(ENTROPY, "en").split()

    assert "words-count" == code(" ".join(words[:23]))
    assert "word-unknown" == code(" ".join([*words[:23], "qqqq"]))
    assert "word-unknown" == code(" ".join([*words[:23], words[23][:3]]))
    assert "words-checksum" == code(" ".join([*words[:22], words[23], words[22]]))
    assert "words-count" == code("")
