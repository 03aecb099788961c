"""Who lost everything, words too, is given new keys by guardians, on the page of an empty home."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Final

from node.flat.flat import FIRST
from tests.guardians import GUARDIANS, LOST, answers_to
from tests.integration.homes import host, me, run
from tests.integration.test_flatmates import PASSWORD, Building, Phone, flat_in, set_up_ana

PAGE: Final = "/succession"
WORD: Final = re.compile(r"<li>(\w+)</li>")
SECRET: Final = {"password": PASSWORD, "again": PASSWORD}


def text_on(page: str) -> str:
    """The text for the guardians that a page shows."""
    found = re.search(r"openhouse-succession:[\w-]+", page)
    assert found is not None
    return found[0]


async def said(phone: Phone, path: str, page: str = PAGE, /, **fields: str) -> str:
    """Where a form leads, or what it says instead."""
    return html.unescape(await phone.post(path, page, **fields))


def test_at_home_answers_come_one_by_one_over_a_restart_and_then_it_is_hers_again(
    tmp_path: Path,
) -> None:
    asked = {"member": f" {LOST.hex().upper()[:40]}\n{LOST.hex()[40:]}", "name": "Ana"}

    async def ask() -> tuple[str, list[str]]:
        async with flat_in(tmp_path) as building:
            phone = await signed_in(building)
            # Nobody without the home's key, and no other site, asks or sees anything.
            stranger = await building.phone()
            assert 401 == (await stranger.get(PAGE))[0]
            assert 401 == (await stranger.ask("POST", f"{PAGE}/ask", data=asked))[0]
            assert 403 == (await phone.ask("POST", f"{PAGE}/ask", data=asked))[0]
            evil = {"Origin": "http://evil.example"}
            assert 403 == (await phone.ask("POST", f"{PAGE}/ask", data=asked, headers=evil))[0]
            assert f'href="{PAGE}"' in (await phone.get("/restore"))[1]

            wrong = [
                ({"name": " "}, 'role="alert"'),
                ({"name": "A" * 999}, 'role="alert"'),
                ({"member": "00" * 32}, "Nobody has this id"),
                ({"member": "<b>ab</b>"}, "is not a whole member id"),
            ]
            for fields, sentence in wrong:
                assert sentence in await said(phone, f"{PAGE}/ask", **{**asked, **fields})
            assert "<b>ab</b>" not in phone.seen
            assert building.node().succession.asked is None

            assert f"{PAGE}?done=guardians-asked" == await said(phone, f"{PAGE}/ask", **asked)
            text = (await phone.get(PAGE))[1]
            one, _two = answers_to(text_on(text))
            # Whatever else one could begin here leads to what is under way.
            for path, place in (("/", PAGE), ("/restore", "/")):
                assert (303, place) == (await phone.ask("GET", path))[::2]
            for path in (f"{PAGE}/ask", "/restore"):
                assert "New keys were asked" in await said(phone, path, **asked, words="a")
            assert PAGE == await said(phone, "/setup", name="Eve", email="", phone="")
            assert f"{PAGE}?done=answer-kept" == await said(phone, f"{PAGE}/add", answer=one)
            return text, WORD.findall(text)

    async def signed_in(building: Building) -> Phone:
        phone = await building.phone()
        assert "/" == await phone.post("/sign-in", "/", key=building.key_of())
        return phone

    async def scenario() -> None:
        before, words = await ask()
        one, two = answers_to(text_on(before))
        assert 24 == len(words)
        async with flat_in(tmp_path) as building:
            phone, node = await signed_in(building), building.node()
            text = (await phone.get(PAGE))[1]
            assert words == WORD.findall(text)
            assert GUARDIANS[0].public.hex()[:8] in text
            assert "/succession/take" not in text, "one is not enough"
            assert "2 to 4" in await said(phone, f"{PAGE}/take")
            wrong = [
                (one, "is here already"),
                (two[:-1], "not whole"),
                ("x" * 70_000, "longer than anything"),
                ("<script>x", "not whole"),
                (text_on(before), "the answer that they"),
            ]
            for given, sentence in wrong:
                assert sentence in await said(phone, f"{PAGE}/add", answer=given), sentence
            assert "<script>x" not in phone.seen
            assert f"{PAGE}?done=answer-kept" == await said(phone, f"{PAGE}/add", answer=two)
            assert "Go on as Ana" in (await phone.get(PAGE))[1]
            assert "/" == await said(phone, f"{PAGE}/take")

            assert LOST == me(node)
            assert host(node).core.recalling is not None
            assert words == node.words.split()
            text = html.unescape((await phone.get("/"))[1])
            assert "Welcome back, Ana" in text
            assert "object for 14 days" in text
            for form in ("ask", "add", "take", "give-up"):
                await said(phone, f"{PAGE}/{form}", "/safekeeping", **asked, answer=one)
            assert LOST == me(node), "somebody lives here: nobody is replaced"
            assert (303, "/") == (await phone.ask("GET", PAGE))[::2]

    run(scenario())


def test_a_flatmate_asks_with_a_password_and_the_link_opens_nothing_any_more(
    tmp_path: Path,
) -> None:
    asked = {"member": LOST.hex(), "name": "Léo", **SECRET}

    async def scenario() -> None:
        async with flat_in(tmp_path / "flat") as building:
            ana = await set_up_ana(building)
            await ana.post("/flat/add", "/flat", name="Léo B")
            code, node = building.flat.residents["leo-b"].code, building.node("leo-b")
            path, leo = f"/claim/{code}{PAGE}", await building.phone()
            assert path in (await leo.get(f"/claim/{code}/restore"))[1]
            assert 403 == (await leo.ask("POST", f"/claim/x{PAGE}", data=asked))[0]
            evil = {"Origin": "http://evil.example"}
            assert 403 == (await leo.ask("POST", path, data=asked, headers=evil))[0]
            assert "at least 8" in await said(
                leo, path, path, **{**asked, "password": "a", "again": "a"}
            )
            assert node.succession.asked is None
            assert f"{PAGE}?done=guardians-asked" == await said(leo, path, path, **asked)

            # Who has the link, or set the computer up, sees nothing of it and begins nothing here.
            other = await building.phone()
            for closed in (path, f"/claim/{code}", f"/claim/{code}/restore"):
                assert 403 == (await other.get(closed))[0]
            assert 403 == (await other.ask("POST", path, data=asked))[0]
            assert "/flat/again" not in (await ana.get("/flat"))[1]
            assert "Léo B" in await said(ana, "/flat/again", "/flat", flatmate="leo-b")

            # From another browser: by name and password.
            assert 'value="leo-b"' in (await other.get("/who"))[1]
            assert "/" == await other.post("/who", "/who", flatmate="leo-b")
            assert 401 == (await other.get(PAGE))[0]
            assert "/" == await other.post("/sign-in", "/", key=PASSWORD)
            for answer in answers_to(text_on((await other.get(PAGE))[1])):
                await said(other, f"{PAGE}/add", answer=answer)
            taken = GUARDIANS[0].public.hex()
            assert f"{PAGE}?done=changed" == await said(other, f"{PAGE}/drop", guardian=taken)
            assert "2 to 4" in await said(other, f"{PAGE}/take")
            assert "/?done=given-up" == await said(other, f"{PAGE}/give-up")
            assert node.succession.asked is None

            # The room is empty again: another link can be made, by who set the computer up.
            assert "/flat?done=flatmate-link" == await said(
                ana, "/flat/again", "/flat", flatmate="leo-b"
            )
            code = building.flat.residents["leo-b"].code
            again = await building.phone()
            assert 200 == (await again.get(f"/claim/{code}"))[0]
            hers = me(building.node(FIRST)).hex()
            path = f"/claim/{code}{PAGE}"
            await said(again, path, path, **{**asked, "member": hers})
            for answer in answers_to(text_on((await again.get(PAGE))[1])):
                await said(again, f"{PAGE}/add", answer=answer)
            assert "has a home on this computer" in await said(again, f"{PAGE}/take")
            assert node.engine is None

    run(scenario())
