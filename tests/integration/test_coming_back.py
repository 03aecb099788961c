"""A home is brought back on its page: by whom, of what, and what it never overwrites."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import pytest
from aiohttp import FormData

from node import unpacking
from node.engine import views
from node.engine.commands import AddThing, FoundHouse, Invite
from node.node import Node
from node.web import coming_back, uploads
from protocol.charter import Charter
from tests.integration.homes import befriend, eventually, home, host, me, run, sees
from tests.integration.test_flatmates import HIDDEN, PASSWORD, Phone, flat_in, set_up_ana

OTHERS_WORDS: Final = "abandon " * 23 + "art"
SIGN_IN: Final = "Is this your home?"


async def send(
    phone: Phone, path: str, backup: bytes = b"", csrf: str | None = None, /, **fields: str
) -> tuple[int, str, str]:
    """Send the form of a page that brings a home back; an empty file is none chosen."""
    form = FormData()
    if csrf is None:
        found = HIDDEN.search((await phone.get(path))[1])
        csrf = "" if found is None else found[1]
    for name, value in {"csrf": csrf, "stolen": "0", **fields}.items():
        form.add_field(name, value)
    form.add_field("backup", backup, filename="copy.backup" if backup else "")
    return await phone.ask("POST", path, data=form)


def titles(node: Node) -> list[str]:
    assert node.engine is not None
    return sorted(str(row["title"]) for row in views.things(node.engine.core) if row)  # type: ignore[index,call-overload]


def left_over(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir() if path.name.startswith(".restoring")]


def test_a_backup_makes_an_empty_home_its_owners_again_and_friends_know_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with home(tmp_path, "Rosa") as rosa:
            async with home(tmp_path, "Ana") as before:
                await rosa.command(FoundHouse("Canal street", Charter()))
                await befriend(before, rosa)
                await before.command(AddThing("Ladder"))
                words, member, data = before.words, me(before), await before.make_backup()
                await before.command(AddThing("Drill"))
                await eventually(lambda: sees(rosa, "Drill"))
            place = tmp_path / "flat"
            (place / ".restoring-by-a-power-cut").mkdir(parents=True)
            async with flat_in(place) as building:
                assert [] == left_over(place)
                node, phone = building.node(), await building.phone()

                # Nobody without the home's key, and no other site, brings anybody here.
                assert SIGN_IN in (await phone.get("/restore"))[1]
                status, text, _ = await send(phone, "/restore", data, words=words)
                assert (401, True) == (status, SIGN_IN in text)
                assert "/" == await phone.post("/sign-in", "/", key=node.token)
                assert 'href="/restore"' in (await phone.get("/"))[1]
                for csrf, headers in (("0" * 64, {}), (None, {"Origin": "http://evil.example"})):
                    phone.session.headers.update(headers)
                    status, _, _ = await send(phone, "/restore", data, csrf, words=words)
                    assert 403 == status
                phone.session.headers.clear()

                wrong = [
                    (OTHERS_WORDS, data, "do not open this backup"),
                    (words.rpartition(" ")[0], data, "It takes 24 words"),
                    (words.replace(words.split()[3], "<b>xylo</b>"), data, "is in none of the"),
                    (words, data[:-1], "damaged or not whole"),
                    (words, b"OHB2" + data[4:], "by a newer Open House"),
                    (words, b"%PDF-1.7 my holidays", "not a backup"),
                    (words, b"", "Choose your backup file, or write your name"),
                ]
                for given, file, sentence in wrong:
                    status, text, _ = await send(phone, "/restore", file, words=given)
                    assert (409, True) == (status, sentence in text), sentence
                    assert given.split()[0] in text, "what was written need not be written again"
                    assert "<b>xylo" not in text
                with monkeypatch.context() as small:
                    small.setattr(uploads, "BACKUP_SIZE_MAX_BYTES", 1000)
                    assert 413 == (await send(phone, "/restore", data, words=words))[0]
                    small.setattr(coming_back, "BACKUP_SIZE_MAX_BYTES", 0)
                    small.setattr(coming_back, "_BESIDES_THE_FILE_BYTES", 0)
                    assert 413 == (await send(phone, "/restore", data, words=words))[0]
                with monkeypatch.context() as full:
                    full.setattr(unpacking, "DISK_SPARE_BYTES", 2**60)
                    assert (
                        "not enough room" in (await send(phone, "/restore", data, words=words))[1]
                    )
                assert node.engine is None
                assert [] == left_over(place)

                # Of two who come at once, one is in time.
                answers = await asyncio.gather(
                    *(send(phone, "/restore", data, words=words) for _ in range(2))
                )
                assert [303, 409] == sorted(status for status, _, _ in answers)
                assert [] == left_over(place)
                page = (await phone.get("/?done=restored"))[1]
                assert "Hello Ana" in page
                assert "promises nothing" in page
                assert (member, ["Ladder"]) == (me(node), titles(node))
                await eventually(lambda: ["Drill", "Ladder"] == titles(node))
                fields = {"title": "Saw", "kind": "object", "circles": "1"}
                assert "stands in “Safekeeping”" in await phone.post("/things", "/things", **fields)

                # Somebody lives here: nobody is replaced, whatever they bring.
                assert (303, "/") == (await phone.ask("GET", "/restore"))[::2]
                for given in (words, OTHERS_WORDS):
                    found = HIDDEN.search((await phone.get("/safekeeping"))[1])
                    assert found is not None
                    status, text, _ = await send(
                        phone, "/restore", data, found[1], words=given, name="Eve"
                    )
                    assert (409, "Welcome back" in text) == (status, False)
                assert (member, ["Drill", "Ladder"]) == (me(node), titles(node))

    run(scenario())


def test_words_alone_bring_a_flatmate_back_into_a_room_whose_code_they_have(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with home(tmp_path, "Rosa") as rosa, flat_in(tmp_path / "flat") as building:
            async with home(tmp_path, "Léo") as before:
                await rosa.command(FoundHouse("Canal street", Charter()))
                await befriend(before, rosa)
                await before.command(AddThing("Drum"))
                words, member = before.words, me(before)
                await eventually(lambda: sees(rosa, "Drum"))
            ana = await set_up_ana(building)
            await ana.post("/flat/add", "/flat", name="Léo B")
            code, node = building.flat.residents["leo-b"].code, building.node("leo-b")
            path, leo = f"/claim/{code}/restore", await building.phone()
            secret = {"password": PASSWORD, "again": PASSWORD}

            # Not by a code that is none, nor as somebody who lives here, nor with a slip.
            for other in ("0" * len(code), "x"):
                wrong = f"/claim/{other}/restore"
                assert 403 == (await send(leo, wrong, words=words, name="Léo", **secret))[0]
            assert f"/claim/{code}/restore" in (await leo.get(f"/claim/{code}"))[1]
            hers = building.node().words
            assert (
                "has a home on this computer"
                in (await send(leo, path, words=hers, name="Ana", **secret))[1]
            )
            assert (
                "at least 8"
                in (await send(leo, path, words=words, name="Léo", password="a", again="a"))[1]
            )
            assert node.engine is None

            assert (303, "/") == (await send(leo, path, words=words, name="Léo", **secret))[::2]
            assert member == me(node)
            assert 403 == (await send(leo, path, words=OTHERS_WORDS, name="Eve", **secret))[0]
            page = (await leo.get("/"))[1]
            assert "Welcome back, Léo" in page
            assert "/found" not in page
            invited = await rosa.command(Invite(3_600_000, rosa.addresses()))
            assert isinstance(invited, dict)
            link = str(invited["link"])
            assert "answers for you" not in await leo.post("/join", "/", link=link)
            assert "/?done=joined" == await leo.post("/join", "/", link=link, sure="yes")
            await eventually(lambda: ["Drum"] == titles(node))
            assert host(node).core.recalling is not None

    run(scenario())
