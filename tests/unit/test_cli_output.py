"""What people read in the terminal: node/cli/output.py and the renderings."""

from __future__ import annotations

import datetime
import re
from io import StringIO
from typing import Any

import pytest

from node.cli.actions import ACTIONS
from node.cli.client import part
from node.cli.output import Screen, short_ids, span, width_of
from node.cli.parser import build_parser
from node.cli.render import RENDERINGS
from node.i18n import LANGUAGES, translator
from node.wording.account_words import account_sentences


def rendered(command: str, answer: Any, language: str = "en") -> str:
    stream = StringIO()
    RENDERINGS[command](Screen(language, stream), answer)
    return stream.getvalue()


def test_every_command_that_asks_the_node_has_a_rendering() -> None:
    assert [] == [command for command in ACTIONS if command not in RENDERINGS]


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("écran", 5), ("e\u0301cran", 5), ("日本", 4), ("a\u200bb", 2)]
)
def test_the_width_of_a_text_is_that_of_a_terminal(text: str, width: int) -> None:
    assert width == width_of(text)


def test_columns_are_aligned_whatever_is_in_them() -> None:
    stream = StringIO()
    Screen("en", stream).table(("Id", "Title", "Kind"), [("1", "日本", "x"), ("22", "é", "y")])

    assert stream.getvalue() == "Id  Title  Kind\n1   日本   x\n22  é      y\n"


def test_what_another_member_wrote_cannot_drive_the_terminal() -> None:
    """Escape sequences, line breaks and direction overrides of a hostile title."""
    title = "\x1b[2Jguitar\r\n\u202etxet\x07\x9b1m"
    stream = StringIO()
    screen = Screen("en", stream)
    screen.table(("Title",), [(title,)])
    screen.line(title)

    assert stream.getvalue() == "Title\n[2Jguitar txet1m\n[2Jguitar txet1m\n"


def test_ids_are_shown_as_short_as_they_can_be_told_apart() -> None:
    one, other, third = "ab" * 16, "ab" * 8 + "cd" * 8, "ef" * 16

    assert {one: one[:17], other: other[:17], third: third[:17]} == short_ids([one, other, third])
    assert {one: one[:8], third: third[:8]} == short_ids([one, third, one])


def test_a_single_day_is_written_once() -> None:
    assert span("2026-12-01", "2026-12-01") == "2026-12-01"
    assert span("2026-12-01T14:00", "2026-12-01T15:30") == "2026-12-01 14:00 – 2026-12-01 15:30"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12345678", "12345678"),
        ("12345678@abcdef01", "12345678@abcdef01"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("", "-"),
        ("..", "-"),
        (" . ", "-"),
        ("\udcff", "%3F"),
    ],
)
def test_an_id_stays_one_part_of_a_path(text: str, expected: str) -> None:
    assert expected == part(text)


STATUS = {
    "member": "ab" * 32,
    "name": "Ana",
    "house": "cd" * 32,
    "house_name": "Rue des Lilas",
    "standing": "member",
    "friends": 2,
    "links_up": 1,
    "sharing": 3,
    "confiance": 2,
    "respect": 8.5,
    "respect_raters": 3,
    "circles_open": 2,
}


def test_status_is_a_few_aligned_lines() -> None:
    assert rendered("status", STATUS).splitlines() == [
        "Ana (abababab)",
        "House    Rue des Lilas, member",
        "Friends  2 friends, 1 connected",
        "Things   3 things shared",
        "Respect  about 8.5 of 10, by 3 people",
        "Circles  you can ask as far as circle 2",
    ]


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"house": None, "standing": "alone"}, "openhouse house found"),
        ({"friends": 0}, "openhouse invite"),
        ({"standing": "candidate"}, "openhouse join"),
        ({"sharing": 0}, "openhouse things add"),
    ],
)
def test_status_names_the_one_thing_to_do_next(changes: dict[str, Any], hint: str) -> None:
    assert hint in rendered("status", STATUS | changes).splitlines()[-1]


def test_browse_shows_through_whom_and_why_one_cannot_ask() -> None:
    thing = {
        "thing": "ab" * 16,
        "title": "Guitare",
        "kind": "object",
        "category": "music",
        "holder": "aa" * 32,
        "holder_name": "Ana",
        "distance": 3,
        "path": [],
        "path_names": ["Ana", "Bruno", "Chloé", "David"],
        "can_ask": False,
        "why_not": {"code": "circle-closed", "message": "Circle 3 is not open to you yet."},
        "can_ask_on_word": False,
    }
    lines = rendered("browse", [thing, {**thing, "thing": "cd" * 16}]).splitlines()

    assert lines[1].split("  ")[0] == "abababab"
    # From me to the holder: whom one would speak to first stands first.
    assert "Chloé, Bruno" in lines[1]
    assert lines[-1] == "Circle 3 is not open to you yet."
    assert len(lines) == 5
    assert "Music" in lines[1]

    lines = rendered("browse", [{**thing, "conditions": "No\nsmoke."}]).splitlines()
    assert "abababab: on these conditions: No smoke." == lines[2]

    lines = rendered("browse", [{**thing, "can_ask_on_word": True}]).splitlines()
    assert lines[1].endswith("on a friend's word")
    assert "--on-word" in lines[-1]


ACCOUNT = {
    "good": 0,
    "bad": 0,
    "repaired": 0,
    "under_way": 0,
    "without_answer": 0,
    "missing": 0,
    "is_forked": False,
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_account_says_in_words_what_is_known_and_what_is_not(language: str) -> None:
    def said(**known: int) -> list[str]:
        words = translator(language)
        account = ACCOUNT | known
        return account_sentences(account, "Chloé", words.gettext, words.ngettext)

    [nothing] = said()
    [forked] = said(is_forked=True)
    [full] = said(good=7, bad=2, repaired=3, under_way=4, without_answer=5, missing=6)

    assert all("Chloé" in sentence for sentence in (nothing, forked, full))
    assert nothing != forked != full
    assert [int(number) for number in re.findall("[0-9]", full)] == [7, 2, 3, 4, 5, 6]
    assert len(said(good=1, is_forked=True)) == 2


def test_loans_show_the_command_that_takes_them_further() -> None:
    loan = {
        "loan": "ab" * 16,
        "title": "Guitare",
        "role": "holder",
        "state": "asked",
        "from": "2026-12-01",
        "to": "2026-12-03",
        "other": "cd" * 32,
        "other_name": "Chloé",
        "borrower_name": "Chloé",
        "account": ACCOUNT | {"good": 2, "without_answer": 1},
        "messages": [{"by_name": "Chloé", "text": "For a wedding"}],
        "recommended_by_names": ["Bruno"],
        "failures": [],
        "can": ["answer"],
        "reasons": [],
    }

    assert "Chloé's loans: 2 as agreed, 1 without answer." in rendered("loans", [loan])
    assert "Chloé: “For a wedding”\n" in rendered("loans", [loan])
    assert "Recommended by Bruno." in rendered("loans", [loan])
    assert "openhouse answer abababab yes" in rendered("loans", [loan])
    waiting = {**loan, "reasons": [{"code": "c", "message": "Circle 2 is not open to Chloé yet."}]}
    shown = rendered("loans", [waiting])
    assert "openhouse answer" not in shown
    assert shown.endswith("abababab  Circle 2 is not open to Chloé yet.\n")

    said = {"confiance": 0, "respect": 3, "fault": "late"}
    done = {**loan, "state": "rated", "can": [], "rated": said}
    both = rendered("loans", [{**done, "rated_by_other": {**said, "confiance": 1, "fault": ""}}])
    assert "You say: not as agreed (it came back late), 3/10" in both
    assert "Chloé says: as agreed, 3/10" in both


def test_commands_name_the_data_directory_that_was_given() -> None:
    """What is copied from the screen is done to the home it was said of."""
    stream = StringIO()
    Screen("en", stream, home="/tmp/a b").line("Do it now: openhouse words")

    assert "Do it now: openhouse --home '/tmp/a b' words\n" == stream.getvalue()


@pytest.mark.parametrize(
    ("given", "days"), [("today", 0), ("Tomorrow", 1), ("+0", 0), ("+30", 30), ("+999", 999)]
)
def test_dates_can_be_told_from_today(given: str, days: int) -> None:
    day = datetime.date.today() + datetime.timedelta(days=days)
    asked = build_parser([], "en").parse_args(["ask", "x", "--from", given, "--to", given])

    assert (day.isoformat(), day.isoformat()) == (asked.start, asked.end)


@pytest.mark.parametrize("given", ["2026-12-01", "+1000", "+1.5", "yesterday", "-3", "+", "+٣"])
def test_all_other_dates_are_left_to_the_node(given: str) -> None:
    asked = build_parser([], "en").parse_args(["away", f"--until={given}"])

    assert given == asked.until


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", ["friends", "things", "browse", "loans"])
def test_an_empty_answer_says_what_to_do_next(command: str, language: str) -> None:
    assert "openhouse" in rendered(command, [], language)
