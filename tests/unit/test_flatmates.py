"""Flatmates without a node: names on the disk, codes, passwords, and what is noted of the flat."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node import config
from node.config import Settings
from node.errors import ConfigError
from node.flat import rooms
from node.flat.note import Act, Note
from node.flat.rooms import SLUG
from node.web.password import PASSWORD_FILE, Password
from protocol.errors import Refused

NAMES = st.text(min_size=1, max_size=40)


@settings(max_examples=60)
@given(NAMES, st.lists(NAMES, max_size=5))
def test_a_name_of_any_script_becomes_a_slug_that_is_no_path_and_not_taken(
    name: str, others: list[str]
) -> None:
    taken: list[str] = []
    for each in (*others, name):
        slug = rooms.slug_of(each, taken)

        assert SLUG.fullmatch(slug)
        assert slug not in taken
        taken.append(slug)


@settings(max_examples=20)
@given(st.text(max_size=30))
def test_no_other_code_opens_a_room_and_its_own_opens_once(guess: str) -> None:
    with TemporaryDirectory() as place:
        room, code = rooms.make(Path(place), "Léo")

        assert room.lets_in(code)
        assert not room.lets_in(guess)
        assert [room] == rooms.rooms(Path(place))
        other, newer = rooms.await_person(room)
        assert not other.lets_in(code)
        assert not rooms.person_came(other).lets_in(newer)


def test_a_code_ends_after_its_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room, code = rooms.make(tmp_path, "Léo")
    monkeypatch.setattr("time.time", lambda: room.claim_until_s)

    assert not room.lets_in(code)
    assert not room.is_awaited


@pytest.mark.parametrize(
    "said",
    [
        "",
        "{",
        "[]",
        '{"name": 1}',
        "\udcff",
        '{"name": "x", "claim": "", "claim_until_s": Infinity, "is_off": false}',
        '{"name":' * 900,
    ],
)
def test_a_room_whose_file_says_nothing_lets_nobody_in_and_is_not_lost(
    tmp_path: Path, said: str
) -> None:
    room, code = rooms.make(tmp_path, "Léo")
    (room.home / rooms.ROOM_FILE).write_bytes(said.encode("utf-8", "surrogateescape"))
    (found,) = rooms.rooms(tmp_path)

    assert ("leo", False) == (found.name, found.is_off)
    assert not found.lets_in(code)


def test_what_is_no_room_is_passed_over(tmp_path: Path) -> None:
    for name in ("..x", "Léo", "a b", ".hidden", "-", "a" * 40):
        (tmp_path / rooms.DIRECTORY / name).mkdir(parents=True)
    (tmp_path / rooms.DIRECTORY / "a-file").touch()

    assert [] == rooms.rooms(tmp_path)
    assert [] == rooms.rooms(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["", "  ", "\x1b[2J", "x" * 300])
def test_a_name_that_cannot_be_makes_no_room(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused):
        rooms.make(tmp_path, name)

    assert [] == rooms.rooms(tmp_path)


def test_rooms_are_counted(tmp_path: Path) -> None:
    for _ in range(rooms.ROOMS_MAX):
        rooms.make(tmp_path, "Léo")

    with pytest.raises(Refused, match="too many flatmates"):
        rooms.make(tmp_path, "Léo")


def test_a_flatmate_has_the_computers_options_but_for_its_own(tmp_path: Path) -> None:
    computer = Settings(tmp_path, web_port=1, peer_port=2)
    home = tmp_path / "flatmates" / "leo"
    home.mkdir(parents=True)
    (home / "config.toml").write_text("lan = false\n")
    settings = config.of_flatmate(home, computer)
    assert (home, 1, 2, False) == (
        settings.home, settings.web_port, settings.peer_port, settings.lan
    )  # fmt: skip

    (home / "config.toml").write_text("web_port = 80\n")
    with pytest.raises(ConfigError, match="for all homes of this computer"):
        config.of_flatmate(home, computer)


def test_a_password_is_kept_as_a_hash_and_survives_a_restart(tmp_path: Path) -> None:
    async def check() -> None:
        password = Password(tmp_path)
        assert not password.is_set
        assert not await password.fits("")
        await password.set("Café crème")
        before = password.mark

        again = Password(tmp_path)
        assert await again.fits("Cafe\u0301 cre\u0300me"), "phones write accents in two ways"
        assert not await again.fits("café crème")
        assert before == again.mark
        path = tmp_path / PASSWORD_FILE
        assert "Café" not in path.read_text()
        assert 0o600 == path.stat().st_mode & 0o777
        await again.set("Café crème")
        assert before != again.mark
        for wrong in ("", "short", "x" * 201):
            with pytest.raises(Refused, match="password length"):
                await again.set(wrong)
        assert await again.fits("Café crème")
        for said in ("", "{}", '{"salt": "00", "hash": "00"}', '{"salt": 1, "hash": 2}'):
            path.write_text(said)
            assert not Password(tmp_path).is_set

    asyncio.run(check())


def test_the_note_of_the_flat_keeps_the_latest_acts() -> None:
    note = Note().with_offer("leo", stands=True).with_offer("leo", stands=True)
    note = note.with_thing("aa", is_common=True).with_thing("bb", is_common=True)
    assert (("leo",), ("aa", "bb")) == (note.offers, note.things)
    assert Note() == note.with_offer("leo", stands=False).with_thing(
        "aa", is_common=False
    ).with_thing("bb", is_common=False)

    for number in range(300):
        note = note.with_act(Act("cc", "Léo", "yes", number))
    assert 200 == len(note.acts)
    assert 299 == note.acts[-1].at_ms
