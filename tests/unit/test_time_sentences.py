"""What people are told about the clock, being away and discreet friendships."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from node import doctor
from node.cli.output import Screen
from node.cli.render import RENDERINGS
from node.i18n import LANGUAGES, translator
from node.wording.time_sentences import away_sentence, clock_sentence

RIGHT = {"is_right": True, "reason": None, "says": None, "should_say": None}
JUMPED = {
    "is_right": False,
    "reason": "jumped",
    "says": "1970-01-02T12:00:00Z",
    "should_say": "2026-11-23T10:00:00Z",
}
DIFFERS = {**JUMPED, "reason": "friends-differ"}
AWAY = {"until": "2026-12-14", "covered_until": "2026-12-23T10:00:00Z", "is_covered": True}
FAR = {**AWAY, "until": "2027-02-01", "is_covered": False}
STATUS = {
    "member": "ab" * 32, "name": "Ana", "house": "cd" * 32, "house_name": "House",
    "standing": "member", "friends": 1, "links_up": 1, "sharing": 1, "confiance": 0,
    "respect": None, "circles_open": 1, "away": None, "clock": RIGHT,
}  # fmt: skip


def rendered(command: str, answer: Any, language: str = "en") -> str:
    stream = StringIO()
    RENDERINGS[command](Screen(language, stream), answer)
    return stream.getvalue()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("clock", [JUMPED, DIFFERS], ids=lambda clock: str(clock["reason"]))
def test_a_wrong_clock_is_said_with_both_times(clock: dict[str, Any], language: str) -> None:
    said = clock_sentence(clock, translator(language).gettext)

    assert "1970-01-0" in said
    assert "2026-11-2" in said
    assert "{" not in said


def test_a_right_clock_is_not_spoken_of() -> None:
    assert "" == clock_sentence(RIGHT, str)
    assert "clock" not in rendered("status", STATUS)


def test_status_says_what_matters_first() -> None:
    assert "which cannot be right" in rendered("status", {**STATUS, "clock": JUMPED})
    assert "most of your friends" in rendered("status", {**STATUS, "clock": DIFFERS})
    assert "You are away until 2026-12-14" in rendered("status", {**STATUS, "away": AWAY})


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_date_beyond_the_lease_is_said_in_words(language: str) -> None:
    near = away_sentence(AWAY, translator(language).gettext, str)
    far = away_sentence(FAR, translator(language).gettext, str)

    assert "2026-12-14" in near
    assert "2026-12-23" not in near
    assert "2027-02-01" in far
    assert "2026-12-23" in far


def test_away_and_back_are_answered() -> None:
    assert "a few minutes more" in rendered("away", {"away": AWAY})
    assert "Welcome back!\n" == rendered("back", {"away": None})


def test_a_discreet_friendship_is_answered_and_listed() -> None:
    answer = {"member": "ab" * 32, "name": "Ben", "shows": False}
    friend = {
        "member": "ab" * 32, "name": "Ben", "link": "up", "link_since": None,
        "through_name": None, "paused": None, "since": "2026-01-01T00:00:00Z",
        "standing": "member", "live": True, "shows": False,
    }  # fmt: skip

    assert "with Ben is discreet" in rendered("friends show", answer)
    assert "you and Ben are friends" in rendered("friends show", {**answer, "shows": True})
    assert "member, discreet" in rendered("friends", [friend])
    assert "discreet" not in rendered("friends", [{**friend, "shows": True}])


@pytest.mark.parametrize(
    ("clock", "ok", "words"),
    [(RIGHT, True, "Nothing is known"), (JUMPED, False, "cannot be right"), (None, None, "")],
)
def test_the_doctor_looks_at_the_clock(
    clock: dict[str, Any] | None, ok: bool | None, words: str, tmp_path: Path
) -> None:
    """One that an older node says nothing of is not spoken of."""

    class Node:
        def is_running(self) -> bool:
            return True

        def get(self, path: str, query: object = None) -> Any:
            if path == "/status":
                return {**STATUS, "clock": clock} if clock else {"friends": 1, "links_up": 1}
            return {
                "is_recalling": False,
                "promises_wait_for": [],
                "is_frozen": False,
                "claims": [],
            }

    checks = doctor.examine(tmp_path, Node(), "en")["checks"]
    found = [check for check in checks if check["name"] == "clock"]

    assert ([] if ok is None else [ok]) == [check["ok"] for check in found]
    assert all(words in check["message"] for check in found)
