"""Spec §14.2: the registry of error codes, and what becomes of a link."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

from protocol import errors
from protocol.errors import (
    ERRORS_BY_CODE,
    AuthError,
    BadSignature,
    DecodeError,
    LocalProtocolError,
    Malformed,
    OpenHouseError,
    PolicyError,
    ProtocolError,
    QuotaExceeded,
    Refused,
    RemoteProtocolError,
    TooLarge,
)

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "protocol" / "spec.md"


def all_below(root: type[ProtocolError]) -> list[type[ProtocolError]]:
    """Give a class and everything derived from it, in the order of the source."""
    found = [root]
    for derived in root.__subclasses__():
        found += [cls for cls in all_below(derived) if cls.__module__ == errors.__name__]
    return found


REMOTE_LEAVES = [cls for cls in ERRORS_BY_CODE.values() if issubclass(cls, RemoteProtocolError)]


class TestTree:
    """The tree, its leaves and its registry are one thing said three times."""

    def test_every_leaf_is_registered_under_its_own_code(self) -> None:
        """A code on the wire leads back to exactly one class."""
        leaves = [cls for cls in all_below(ProtocolError) if cls.code]

        assert {cls.code: cls for cls in leaves} == dict(ERRORS_BY_CODE)
        assert len(leaves) == len(ERRORS_BY_CODE)

    def test_codes_are_kebab_case_and_summaries_are_sentences_begun(self) -> None:
        """Codes are for programs, summaries for people."""
        for code, cls in ERRORS_BY_CODE.items():
            assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
            assert cls.summary[0].isupper()
            assert cls.summary[-1] != "."

    def test_the_registry_cannot_be_changed(self) -> None:
        """There is no mutable state in a module."""
        with pytest.raises(TypeError):
            ERRORS_BY_CODE["new"] = Malformed  # type: ignore[index]

    def test_the_tree_in_the_docstring_is_the_tree(self) -> None:
        """Whoever reads the first page of the module knows all of it."""
        assert errors.__doc__ is not None
        printed = re.findall(r"^( +)([A-Z]\w+)(?:  |$)", errors.__doc__, re.MULTILINE)

        real = [(2 * len(cls.__mro__) - 4, cls.__name__) for cls in all_below(ProtocolError)]
        depths = {name: len(indent) for indent, name in printed}
        assert [name for _, name in real] == [
            name for _, name in printed if name not in ("OpenHouseError", "Refused")
        ]
        for depth, name in real:
            assert depths[name] - depths["ProtocolError"] == depth - real[0][0]

    @pytest.mark.parametrize(
        "abstract", [ProtocolError, RemoteProtocolError, DecodeError, AuthError, PolicyError]
    )
    def test_a_group_cannot_be_raised(self, abstract: type[ProtocolError]) -> None:
        """Each error on the wire has a code; a group has none."""
        with pytest.raises(TypeError, match="abstract"):
            abstract("something", section="3.1")


class TestProtocolError:
    """Fields, sentence and verdict."""

    def test_an_error_holds_fields_and_makes_one_sentence(self) -> None:
        """What, why and where to read on."""
        error = TooLarge("a text has 5000 bytes, at most 4096", section="3.3")

        assert (error.code, error.section) == ("too-large", "3.3")
        assert error.detail == "a text has 5000 bytes, at most 4096"
        assert str(error) == "Too large: a text has 5000 bytes, at most 4096 (spec §3.3)."

    def test_a_mistake_of_our_own_has_no_verdict(self) -> None:
        """No link is to blame for it."""
        error = LocalProtocolError("nothing to send", section="6.1")

        assert not isinstance(error, RemoteProtocolError)
        assert not hasattr(error, "verdict")
        assert error.code == "local-misuse"

    def test_the_verdict_is_the_class_s_unless_the_raiser_knows_more(self) -> None:
        """An origin over its quota is dropped, a flooding friend is paused."""
        assert QuotaExceeded("201 listings", section="14.1").verdict == "ignore"
        assert QuotaExceeded("600 a second", section="14.1", verdict="block").verdict == "block"
        assert Malformed("no array", section="3.1").verdict == "close"
        assert BadSignature("does not fit", section="4.3").verdict == "block"

    @pytest.mark.parametrize("cls", REMOTE_LEAVES)
    def test_an_error_crosses_process_borders_whole(self, cls: type[RemoteProtocolError]) -> None:
        """Simulations run in several processes and report what they met."""
        error = cls("something", section="3.1", verdict="block")

        copy = pickle.loads(pickle.dumps(error))
        assert type(copy) is cls
        assert (copy.detail, copy.section, copy.verdict) == ("something", "3.1", "block")
        assert str(copy) == str(error)


class TestRefused:
    """A user's mistake: a code and values, worded elsewhere."""

    def test_a_refusal_holds_what_the_message_needs(self) -> None:
        """The English sentence is for logs; pages choose their own words."""
        error = Refused("no-such-thing", thing="3fa9c1d2", code="also a value")

        assert isinstance(error, OpenHouseError)
        assert not isinstance(error, ProtocolError)
        assert error.code == "no-such-thing"
        assert error.values == {"thing": "3fa9c1d2", "code": "also a value"}
        assert str(error) == "Refused: no such thing (thing 3fa9c1d2, code also a value)."

    def test_a_refusal_needs_no_values(self) -> None:
        """Some mistakes name nothing."""
        assert str(Refused("not-sharing")) == "Refused: not sharing."

    def test_a_refusal_crosses_process_borders_whole(self) -> None:
        """As every other error."""
        copy = pickle.loads(pickle.dumps(Refused("price-stated", word="5 euros")))

        assert (copy.code, copy.values) == ("price-stated", {"word": "5 euros"})

    @pytest.mark.parametrize("code", ["", "No", "two words", "under_score", "-a", "a-", "a--b"])
    def test_a_code_is_kebab_case(self, code: str) -> None:
        """Catalogues of three languages are keyed by it."""
        with pytest.raises(AssertionError, match="kebab-case"):
            Refused(code)


def test_the_registry_in_the_spec_is_this_one() -> None:
    """Every code with its default verdict, in the same order. Spec §14.2."""
    text = SPEC.read_text("utf-8") if SPEC.exists() else ""
    section = re.search(r"^### 14\.2\b.*?(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    if section is None:
        pytest.skip("section 14.2 of protocol/spec.md is not written yet")
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \|", section[0], re.MULTILINE)

    assert [(cls.code, cls.default_verdict) for cls in REMOTE_LEAVES] == rows
