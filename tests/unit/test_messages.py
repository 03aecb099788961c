"""Every refusal has a sentence: node/wording/messages.py."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from node.breakage import HostFailed
from node.engine.proposals import charter_refusal
from node.errors import NodeError, StoreFull
from node.i18n import LANGUAGES
from node.wording import messages
from node.wording.charter_words import charter_sentence
from protocol.charter import Charter, CharterError
from protocol.errors import ERRORS_BY_CODE, Refused

REPOSITORY = Path(__file__).resolve().parents[2]
# What people see; simulations answer to programmers.
SOURCES = sorted(
    path for root in ("node", "protocol") for path in (REPOSITORY / root).rglob("*.py")
)
# Functions that take a code and values, wherever the code stands among the arguments.
REFUSERS = ("Refused", "ApiError", "say")
# Values that ``sentence`` and the renderers add themselves.
ADDED_VALUES = ("code", "reason")


@dataclass(frozen=True)
class Refusal:
    """One place in the sources that refuses."""

    where: str
    code: str
    values: tuple[str, ...]


def refusals(path: Path) -> Iterator[Refusal]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
        if name not in REFUSERS:
            continue
        codes = [a.value for a in node.args if isinstance(a, ast.Constant)]
        for code in (c for c in codes if isinstance(c, str)):
            values = tuple(keyword.arg or "**" for keyword in node.keywords)
            where = f"{path.relative_to(REPOSITORY)}:{node.lineno}"
            yield Refusal(where, code, values if name != "say" else ("**",))


ALL_REFUSALS = [refusal for path in SOURCES for refusal in refusals(path)]


def templates(code: str) -> list[str]:
    """The English sentence of a code, in both numbers where it has them."""
    if code in messages._COUNTED:
        return list(messages._COUNTED[code][1])
    return [messages._SENTENCES[code]]


def placeholders(template: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]


def test_the_scan_finds_refusals() -> None:
    found = {refusal.code for refusal in ALL_REFUSALS}

    assert {"unknown-thing", "circle-closed", "wrong-token", "not-running"} <= found


def test_every_code_in_the_sources_has_a_sentence() -> None:
    known = messages.codes()

    assert [] == [f"{r.where}: {r.code}" for r in ALL_REFUSALS if r.code not in known]


def test_every_value_that_a_sentence_names_is_given_by_every_refusal() -> None:
    missing = [
        f"{refusal.where}: {refusal.code} lacks {name}"
        for refusal in ALL_REFUSALS
        if "**" not in refusal.values and refusal.code in messages.codes()
        for template in templates(refusal.code)
        for name in placeholders(template)
        if name not in refusal.values
    ]

    assert missing == []


def test_every_protocol_error_has_a_sentence() -> None:
    assert [] == [code for code in ERRORS_BY_CODE if code not in messages.codes()]
    for code in ERRORS_BY_CODE:
        for template in templates(code):
            assert set(placeholders(template)) <= set(ADDED_VALUES)


def leaves(error: type[NodeError]) -> Iterator[type[NodeError]]:
    for subclass in error.__subclasses__():
        yield from leaves(subclass)
    if error.code:
        yield error


def test_every_failure_of_the_node_has_a_sentence() -> None:
    # Modules that define failures of their own must be known here.
    assert HostFailed in leaves(NodeError)

    assert [] == [leaf for leaf in leaves(NodeError) if leaf.code not in messages.codes()]
    failure = StoreFull("The disk that holds /home is full")
    assert messages.sentence(failure, "en") == "The disk that holds /home is full."
    assert "/home" in messages.sentence(failure, "fr")


@pytest.mark.parametrize("code", messages.codes())
def test_a_sentence_ends_as_one_and_has_no_empty_place(code: str) -> None:
    for template in templates(code):
        assert template[0].isupper() or template[0] in "“{"
        assert template.rstrip("”")[-1] in ".:" or "openhouse " in template or "}" in template[-2:]
        assert all(name for name in placeholders(template))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", messages.codes())
def test_every_translation_keeps_the_places_of_the_english(code: str, language: str) -> None:
    """A place a translator renamed would show as a question mark."""
    values = {name: f"<{name}>" for t in templates(code) for name in placeholders(t)}
    for count in (1, 2):
        if code in messages._COUNTED:
            values[messages._COUNTED[code][0]] = count  # type: ignore[assignment]
        said = messages.say(code, values, language)
        for name, value in values.items():
            assert str(value) in said, f"{language}: {name} is lost in {said!r}"
        assert "{" not in said


def test_a_refusal_is_said_with_its_values() -> None:
    refusal = Refused("circles-out-of-range", circles=7, maximum=3)

    assert messages.sentence(refusal, "en") == (
        "A thing can be shown as far as circle 3 in this house, not 7."
    )


def test_numbers_choose_their_form() -> None:
    one = messages.say("circle-closed", {"circle": 2, "missing": 1, "circles_open": 1}, "en")
    two = messages.say("circle-closed", {"circle": 2, "missing": 2, "circles_open": 1}, "en")

    assert "1 more person opens it" in one
    assert "2 more people open it" in two


def test_a_missing_value_does_not_hide_the_message() -> None:
    assert "“?”" in messages.sentence(Refused("unknown-loan"), "en")


def test_a_code_without_a_sentence_is_shown_as_it_is() -> None:
    assert messages.say("made-up", {}, "en") == "That is not possible (made-up)."


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_of_the_charter_is_said_in_words(language: str) -> None:
    for rule in Charter().explain():
        said = charter_sentence(rule, language)
        assert "{" not in said
        if rule.value:
            assert str(rule.value) in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_wrong_in_a_charter_is_one_sentence_with_the_key_and_what_is_possible(
    language: str,
) -> None:
    wrong: list[tuple[dict[str, object], tuple[str, ...]]] = [
        ({"seets": 2}, ("“seets”", "“seats”")),
        ({"seats": 9}, ("“seats”", "2", "8")),
        ({"listing_lease_ms": "a week"}, ("“listing_lease_ms”", "1s", "60d", "48h")),
        ({"friendship_renewal_ms": "40d"}, ("“friendship_lease_ms”", "30d")),
    ]
    for table, words in wrong:
        with pytest.raises(CharterError) as caught:
            Charter.from_toml(table)
        said = messages.sentence(charter_refusal(caught.value), language)

        assert [] == [word for word in words if word.strip("“”") not in said]
        assert "{" not in said


def test_durations_of_the_charter_have_their_unit() -> None:
    rules = {rule.name: charter_sentence(rule, "en") for rule in Charter().explain()}

    assert rules["friendship_lease_ms"] == (
        "A friendship is believed for 30 days after it was last renewed."
    )
