"""What the owner reads of a friend whose home is left alone. Spec: §14.2."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest

from node.cli.output import Screen
from node.cli.render import RENDERINGS
from node.engine.pauses import BROKE_US
from node.i18n import LANGUAGES, translator
from node.wording.pause_sentences import pause_sentence

FRIEND: dict[str, Any] = {
    "member": "ab" * 32, "name": "Ben", "link": "down", "link_since": None, "through_name": None,
    "since": "2026-01-01T00:00:00Z",
    "standing": "member", "live": True, "shows": True,
    "paused": {"until": "2026-11-24T10:00:00Z", "reason": "bad-signature"},
}  # fmt: skip
STATUS: dict[str, Any] = {
    "member": "ab" * 32, "name": "Ana", "house": "cd" * 32, "house_name": "House",
    "standing": "member", "friends": 1, "links_up": 0, "sharing": 1, "confiance": 0,
    "respect": None, "circles_open": 1, "away": None, "paused": ["Ben"],
}  # fmt: skip


def rendered(command: str, answer: Any, language: str = "en") -> str:
    stream = StringIO()
    RENDERINGS[command](Screen(language, stream), answer)
    return stream.getvalue()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pause_is_said_with_its_end_and_what_to_do(language: str) -> None:
    said = pause_sentence(FRIEND, translator(language).gettext)

    assert "Ben" in said
    assert "2026-11-24" in said
    assert "openhouse doctor" in said
    assert "{" not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_made_this_program_fail_is_not_blamed_for_it(language: str) -> None:
    friend = {**FRIEND, "paused": {**FRIEND["paused"], "reason": BROKE_US}}
    said = pause_sentence(friend, translator(language).gettext)

    assert "Ben" in said
    assert "2026-11-24" in said
    assert "doctor" not in said
    assert "{" not in said


def test_nothing_is_said_of_the_others() -> None:
    assert "" == pause_sentence({**FRIEND, "paused": None}, str)
    assert "on hold" not in rendered("friends", [{**FRIEND, "paused": None}])


def test_the_list_of_friends_says_how_to_let_them_in() -> None:
    said = rendered("friends", [FRIEND])

    assert "on hold" in said
    assert "openhouse friends admit abab" in said


def test_status_names_them_and_admitting_is_answered() -> None:
    assert "Ben: on hold" in rendered("status", STATUS)
    assert "let in again" in rendered("friends admit", {"member": "ab" * 32, "name": "Ben"})
