"""The page in a real browser, without JavaScript, in front of real node processes.

Debian's chromium is driven by playwright; without one of them these tests are skipped
and say so. ``OPENHOUSE_SCREENSHOTS=DIR`` keeps a picture of every page visited, for a
phone and for a desktop.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.system, pytest.mark.timeout(300)]

DEADLINE_S = 60.0
PHONE, DESKTOP = (390, 844), (1280, 900)
SCREENSHOTS = os.environ.get("OPENHOUSE_SCREENSHOTS")
RUN = ("run", "--peer-port", "0", "--web-port", "0", "--no-lan")


@dataclass
class Home:
    """One node process, and where it serves."""

    directory: Path
    process: subprocess.Popen[bytes]
    url: str

    @property
    def token(self) -> str:
        return (self.directory / "token").read_text().strip()

    def api(self, method: str, path: str, body: object = None) -> Any:
        """The API, for members who are not in front of a browser in a test."""
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            return json.load(answer)


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[list[Home]]:
    """Four nodes that have no member yet."""
    with started_homes(tmp_path, 4) as started:
        yield started


@pytest.fixture
def a_home(tmp_path: Path) -> Iterator[Home]:
    """One node that has no member yet."""
    with started_homes(tmp_path, 1) as started:
        yield started[0]


@contextmanager
def started_homes(place: Path, count: int) -> Iterator[list[Home]]:
    started: list[Home] = []
    try:
        started.extend(start_home(place / f"home{number}") for number in range(count))
        yield started
    finally:
        for home in started:
            home.process.send_signal(signal.SIGTERM)
        for home in started:
            assert home.process.wait(timeout=DEADLINE_S) == 0
            assert home.process.stdout is not None
            home.process.stdout.close()


def start_home(directory: Path) -> Home:
    directory.mkdir()
    dropped = ("LANG", "LC_", "OPENHOUSE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    with (directory / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "node.cli.main", "--home", str(directory), *RUN],
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**kept, "OPENHOUSE_PEER_HOST": "127.0.0.1"},
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, (directory / "stderr").read_text()
    return Home(directory, process, f"http://127.0.0.1:{json.loads(line)['web_port']}")


class Visitor:
    """Somebody in front of the page of one home; no JavaScript runs."""

    def __init__(self, browser: Browser, home: Home, locale: str = "en") -> None:
        self.home = home
        self.context = browser.new_context(
            java_script_enabled=False,
            locale=locale,
            viewport={"width": PHONE[0], "height": PHONE[1]},
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(DEADLINE_S * 1000)
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self._note(message.text))
        self._shots = 0

    def _note(self, text: str) -> None:
        # What was refused on purpose is told by its status; a policy that is broken is not.
        if "Content Security Policy" in text or "Refused to" in text:
            self.complaints.append(text)

    def sign_in(self) -> None:
        self.go("/")
        self.page.fill("input[name=key]", self.home.token)
        self.press("main button")

    def go(self, path: str) -> None:
        self.page.goto(self.home.url + path)
        self.look()

    def press(self, selector: str) -> None:
        """Press a button or a link, and look at what comes."""
        with self.page.expect_navigation():
            self.page.click(selector)
        self.look()

    def look(self) -> None:
        """Nothing may stick out on a phone or on a desktop; keep a picture if asked."""
        for width, height in (DESKTOP, PHONE):
            self.page.set_viewport_size({"width": width, "height": height})
            size = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert size[0] <= size[1], f"{self.page.url} is {size[0]} wide on {width}"
            if SCREENSHOTS:
                name = f"{self.home.directory.name}-{self._shots:02}-{width}.png"
                self.page.screenshot(path=Path(SCREENSHOTS) / name, full_page=True)
        self._shots += 1

    @property
    def text(self) -> str:
        return self.page.inner_text("main")

    def wait_for(self, path: str, words: str) -> None:
        """Look at a page again until it says something."""
        deadline_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline_s:
            self.page.goto(self.home.url + path)
            if words in self.text:
                self.look()
                return
            self.page.wait_for_timeout(200)
        raise AssertionError(f"{path} never said {words!r}, but: {self.text}")


def date_in_words(day: str) -> str:
    """The day of a month, as an English page says it."""
    return f"{date.fromisoformat(day):%B} {date.fromisoformat(day).day}"


def in_days(days: int) -> str:
    return (date.today() + timedelta(days=days)).isoformat()


def make_invitation(visitor: Visitor) -> str:
    visitor.go("/friends")
    visitor.press("form[action='/friends/invite'] button")
    assert visitor.page.locator("svg.qr path").count() >= 1
    return visitor.page.input_value("#link")


def member_by_api(home: Home, name: str, *sponsors: Home, language: str = "en") -> None:
    """Set a home up and let it join through each sponsor, without a browser."""
    home.api("POST", "/setup", {"name": name, "language": language})
    for sponsor in sponsors:
        link = sponsor.api("POST", "/invitations", {})["link"]
        home.api("POST", "/join", {"link": link})


def test_a_house_begins_and_a_guitar_is_lent_returned_and_rated(
    browser: Browser, homes: list[Home]
) -> None:
    """The whole story of two people in front of their pages, and of one farther away.

    Ana's page is French, Luc's English, Zoé's Spanish; every page at both widths.
    """
    ana, luc = Visitor(browser, homes[0], "fr-FR"), Visitor(browser, homes[1])

    # Ana sets her home up, in French, and founds a house.
    ana.sign_in()
    assert "Bienvenue dans ton Open House" in ana.text
    ana.page.fill("input[name=name]", "Ana")
    ana.page.fill("input[name=email]", "no address")
    ana.page.locator("form[action='/setup']").evaluate("form => form.noValidate = true")
    ana.press("form[action='/setup'] button")
    assert "n’est pas une adresse e-mail" in ana.text
    assert ana.page.input_value("input[name=name]") == "Ana"
    ana.page.fill("input[name=email]", "ana@example.org")
    ana.press("form[action='/setup'] button")
    assert "Bonjour Ana" in ana.text
    ana.page.fill("form[action='/found'] input[name=name]", "Canal")
    ana.press("form[action='/found'] button")
    assert "Une maison commence avec deux foyers" in ana.text

    # A price is refused in her language, and what she wrote is kept.
    ana.go("/things")
    ana.page.fill("input[name=title]", "Guitare, 15 € la nuit")
    ana.page.click("summary:has-text('En dire plus')")
    ana.page.fill("textarea[name=text]", "Six cordes.")
    ana.page.check("form[action='/things'] input[name=circles][value='2']")
    ana.press("form[action='/things'] button")
    assert "« 15 € » est un prix".replace(" ", "\N{NO-BREAK SPACE}", 1) in ana.text.replace(
        "\N{NO-BREAK SPACE}»", " »"
    )
    assert ana.page.input_value("textarea[name=text]") == "Six cordes."
    assert ana.page.is_checked("form[action='/things'] input[name=circles][value='2']")
    ana.page.fill("input[name=title]", "Guitare")
    ana.press("form[action='/things'] button")
    assert "Mes amis et leurs amis" in ana.text

    # Luc comes with her invitation, and is her friend.
    link = make_invitation(ana)
    luc.sign_in()
    luc.page.fill("input[name=name]", "Luc")
    luc.press("form[action='/setup'] button")
    luc.page.fill("textarea[name=link]", link[:-9])
    luc.press("form[action='/join'] button")
    assert "not a whole invitation link" in luc.text
    luc.page.fill("textarea[name=link]", f"Come and join us!\n\n{link}")
    luc.press("form[action='/join'] button")
    assert "Ana invites you to Canal" in luc.text
    assert "Ana answers for you in part" in luc.text
    luc.press("form[action='/join'] button")
    assert "You are a member of Canal." in luc.text
    ana.wait_for("/friends", "Luc")

    # Zoé, who is co-opted by Luc and Mia, sees the guitar through one of them.
    mia, zoe = homes[2], homes[3]
    member_by_api(mia, "Mia", homes[0], homes[1])
    member_by_api(zoe, "Zoé", homes[1], mia, language="es")
    far = Visitor(browser, zoe, "es-ES")
    far.sign_in()
    far.wait_for("/", "Guitare")
    assert "A tu alrededor" in far.text
    far.wait_for("/browse", "Guitare")
    assert "Ana, a través de Luc" in far.text or "Ana, a través de Mia" in far.text
    far.press("text=Guitare")
    # Circle 2 is closed to her still: only the word of whoever stands between opens it.
    assert "Pedir, con recomendación" in far.text
    assert "¿me prestas «Guitare»?" in far.page.input_value("textarea[name=message]")
    far.page.fill("input[name=from]", in_days(40))
    far.page.fill("input[name=to]", in_days(41))
    far.press("form[action$='/ask'] button")
    assert "La petición espera una palabra." in far.text
    far.press("text=Guitare")
    far.page.click("summary:has-text('Retirar la petición')")
    far.press("form[action$='/cancel'] button")
    assert "La petición se retiró." in far.text

    # Luc asks for it, with dates; the first time they are the wrong way round.
    luc.wait_for("/browse", "Guitare")
    luc.press("text=Guitare")
    assert "Ana, your friend" in luc.text
    luc.page.fill("input[name=from]", in_days(7))
    luc.page.fill("input[name=to]", in_days(5))
    luc.page.fill("textarea[name=message]", "For my sister's wedding?")
    luc.press("form[action$='/ask'] button")
    assert "must be after the start" in luc.text
    assert luc.page.input_value("textarea[name=message]") == "For my sister's wedding?"
    luc.page.fill("input[name=from]", in_days(5))
    luc.page.fill("input[name=to]", in_days(7))
    luc.press("form[action$='/ask'] button")
    assert "You asked Ana" in luc.text

    # Ana proposes other dates; Luc agrees; it is handed over and comes back.
    ana.wait_for("/inbox", "Luc te le demande")
    ana.press("text=Guitare")
    assert "For my sister's wedding?" in ana.text
    ana.page.click("summary:has-text('Proposer d’autres dates')")
    ana.page.fill("input[name=from]", in_days(6))
    ana.page.fill("input[name=to]", in_days(8))
    ana.press("button[value=counter]")
    luc.wait_for("/inbox", "Ana proposes other dates")
    luc.press("text=Guitare")
    luc.press("button[value=yes]")
    ana.wait_for("/inbox", "Tu as dit oui à Luc")
    ana.press("text=Guitare")
    ana.press("form[action$='/hand-over'] button")
    assert "Luc l’a" in ana.text
    luc.wait_for("/inbox", "You have it")
    luc.press("text=Guitare")

    # Luc would like to keep it longer, and Ana lets him; a string breaks, and he says so.
    place = luc.page.url.removeprefix(luc.home.url).partition("?")[0]
    luc.page.click("summary:has-text('Keep it longer')")
    luc.page.fill("input[name=to]", in_days(12))
    luc.press("form[action$='/end'] button")
    assert "You asked Ana to keep it until another day." in luc.text
    ana.wait_for(place, "Luc demande à le garder")
    ana.press("button[value=yes]")
    luc.wait_for(place, date_in_words(in_days(12)))
    luc.page.click("summary:has-text('Lost or damaged?')")
    luc.press("button[value=damaged]")
    assert "You said that it was damaged." in luc.text
    ana.wait_for(place, "Luc dit que c’est abîmé")
    luc.press("form[action$='/return'] button")

    # Both say how it went; neither sees the other's answer first.
    luc.page.check("input[name=confiance][value='1']")
    luc.page.click("label:has(input[name=respect][value='9'])")
    luc.press("form[action$='/rate'] button")
    assert "You say" in luc.text
    assert "Ana says" not in luc.text
    ana.wait_for("/inbox", "Comment ça s’est passé avec Luc")
    ana.press("text=Guitare")
    ana.page.check("input[name=confiance][value='1']")
    ana.page.click("label:has(input[name=respect][value='8'])")
    ana.press("form[action$='/rate'] button")
    luc.wait_for(place, "Ana says")
    luc.wait_for("/trust", "opens after one more good exchange")

    # Luc looks for a ladder; Ana writes down what her aunt has.
    luc.go("/browse")
    luc.page.click("summary:has-text('Not there?')")
    luc.page.fill("input[name=wanted]", "A ladder")
    luc.press("form[action='/wanted'] button")
    assert "Looked for" in luc.text
    ana.wait_for("/browse", "A ladder")
    ana.go("/things")
    ana.press("text=Guitare")
    ana.page.click("summary:has-text('Le prêter à quelqu’un')")
    ana.page.fill("input[name=name]", "ma tante")
    ana.page.fill("form[action$='/lend-to'] input[name=from]", in_days(20))
    ana.page.fill("form[action$='/lend-to'] input[name=to]", in_days(22))
    ana.press("form[action$='/lend-to'] button")
    assert "ma tante l’a" in ana.text

    # Narrowed, it disappears from Zoé's page; withdrawn, from Luc's.
    ana.go("/things")
    ana.press("text=Guitare")
    ana.page.check("input[name=circles][value='1']")
    ana.press("main form:not([action$='/withdraw']) > button")
    far.wait_for("/browse", "Todavía no hay nada que ver")
    ana.press("text=Guitare")
    ana.page.click("summary:has-text('La retirer')")
    ana.press("form[action$='/withdraw'] button")
    luc.wait_for("/browse", "There is nothing to see yet")

    # The friendship ends, after a confirmation.
    luc.go("/friends")
    luc.press("main .whole:has-text('Ana')")
    ending = luc.page.locator("details.danger")
    ending.locator("summary").click()
    with luc.page.expect_navigation():
        ending.locator("button").click()
    assert "The friendship is ended." in luc.text
    assert [] == ana.complaints + luc.complaints + far.complaints


def test_the_page_is_closed_to_who_has_no_key(browser: Browser, a_home: Home) -> None:
    """No session, no page; a wrong key opens nothing; a sign-out closes again."""
    stranger = Visitor(browser, a_home)
    for path in ("/", "/things", "/inbox", "/friends/invitation/x"):
        stranger.go(path)
        assert "Is this your home?" in stranger.text
    stranger.page.fill("input[name=key]", "0" * 64)
    stranger.press("main button")
    assert "This key does not fit" in stranger.text
    stranger.sign_in()
    assert "Welcome to your Open House" in stranger.text
    stranger.press("form[action='/sign-out'] button")
    assert "Is this your home?" in stranger.text


def test_the_language_is_changed_in_the_footer_and_stays(browser: Browser, a_home: Home) -> None:
    """Guessed from the browser first, then as chosen; the page stays the same."""
    visitor = Visitor(browser, a_home, "es-ES")
    visitor.go("/things?x=1")
    assert "¿Es este tu hogar?" in visitor.text
    visitor.press("button[value=fr]")
    assert "Es-tu ici chez toi" in visitor.text
    assert visitor.page.url.endswith("/things?x=1")
    visitor.go("/")
    assert visitor.page.get_attribute("html", "lang") == "fr"


def test_the_page_can_be_used_by_keyboard_alone(browser: Browser, a_home: Home) -> None:
    """Tab reaches everything in order, Enter sends; the first stop skips to the content."""
    visitor = Visitor(browser, a_home)
    visitor.sign_in()
    keyboard = visitor.page.keyboard
    keyboard.press("Tab")
    assert visitor.page.locator(":focus").inner_text() == "Skip to the content"
    for _ in range(2):
        keyboard.press("Tab")
    keyboard.type("Ana")
    with visitor.page.expect_navigation():
        keyboard.press("Enter")
    assert "Hello Ana" in visitor.text
