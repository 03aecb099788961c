"""Homes that run as processes, and people in front of their pages, without JavaScript.

What a page says is looked up in the catalogues by its English: one walk is walked in every
language. ``OPENHOUSE_SCREENSHOTS=DIR`` keeps a picture of every page visited.
"""

from __future__ import annotations

import html
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from node.i18n import translator
from node.web import refusals
from protocol.errors import Refused

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DEADLINE_S: Final = 60.0
SCREENSHOTS: Final = os.environ.get("OPENHOUSE_SCREENSHOTS")
PHONE: Final = (390, 844)
DESK: Final = (1280, 900)
_RUN: Final = ("run", "--peer-port", "0", "--web-port", "0")
_TAG: Final = re.compile(r"<[^>]*>")
_LOCALES: Final = {"en": "en-US", "fr": "fr-FR", "es": "es-ES"}


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
        """The API, for what nobody does in front of a browser in a test."""
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            return json.load(answer)


@contextmanager
def started_homes(place: Path, count: int, near: Container[int] = ()) -> Iterator[list[Home]]:
    """Nodes that have no member yet.

    Args:
        near: those that look around them on the network of this computer, by number.
    """
    started: list[Home] = []
    try:
        started.extend(
            _start_home(place / f"home{number}", is_near=number in near) for number in range(count)
        )
        yield started
    finally:
        for home in started:
            home.process.send_signal(signal.SIGTERM)
        for home in started:
            assert home.process.wait(timeout=DEADLINE_S) == 0
            assert home.process.stdout is not None
            home.process.stdout.close()


def _start_home(directory: Path, *, is_near: bool) -> Home:
    directory.mkdir()
    dropped = ("LANG", "LC_", "OPENHOUSE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    # What is found on a network is called there, and not on the loopback.
    flags = () if is_near else ("--no-lan",)
    with (directory / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "node.cli.main", "--home", str(directory), *_RUN, *flags],
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=kept if is_near else {**kept, "OPENHOUSE_PEER_HOST": "127.0.0.1"},
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, (directory / "stderr").read_text()
    return Home(directory, process, f"http://127.0.0.1:{json.loads(line)['web_port']}")


class Visitor:
    """Somebody in front of the page of one home; no JavaScript runs.

    Args:
        language: of the browser; the page guesses it.
        size: of the window; nothing may stick out of it.
    """

    def __init__(
        self,
        browser: Browser,
        home: Home,
        language: str = "en",
        size: tuple[int, int] = PHONE,
    ) -> None:
        self.home = home
        self.language = language
        self.context = browser.new_context(
            java_script_enabled=False,
            locale=_LOCALES[language],
            viewport={"width": size[0], "height": size[1]},
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

    def change(self, language: str, size: tuple[int, int]) -> None:
        """From now on the page is read in another language, on another screen."""
        self.language = language
        cookie = {"name": "openhouse_language", "value": language, "url": self.home.url}
        self.context.add_cookies([cookie])  # type: ignore[list-item]
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    # --- what is done -------------------------------------------------------------------------

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

    def press_and_wait(self, selector: str, what: str) -> None:
        """Press, and stay until this is there: the page looks again by itself."""
        self.page.click(selector)
        self.page.locator(what).first.wait_for()
        self.look()

    def download(self, selector: str) -> bytes:
        """What a button or a link gives to keep."""
        with self.page.expect_download() as caught:
            self.page.click(selector)
        with open(caught.value.path(), "rb") as file:
            return file.read()

    def open(self, what: str) -> None:
        """Unfold what has this within."""
        self.page.click(f"details:has({what}) > summary")

    def choose(self, selector: str, name: str, kind: str, data: bytes) -> None:
        """Choose a file, as if there were one on this computer."""
        file = {"name": name, "mimeType": kind, "buffer": data}
        self.page.set_input_files(selector, file)  # type: ignore[arg-type]

    def fill(self, **fields: str) -> None:
        """Write into fields of the page, by their names; the first of each."""
        for name, text in fields.items():
            self.page.locator(f"main [name='{name}']:visible").first.fill(text)

    # --- what is seen -------------------------------------------------------------------------

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.home.url).partition("?")[0]

    @property
    def text(self) -> str:
        return plain(self.page.inner_text("main"))

    def say(self, message: str, **values: object) -> str:
        """A sentence of the page in the visitor's language, found by its English."""
        said = translator(self.language).gettext(message)
        assert self.language == "en" or said != message, f"no sentence of the page: {message}"
        return plain(said % values if "%(" in said else said.format(**values))

    def begin(self, message: str, unknown: str, **values: object) -> str:
        """A sentence up to the value that the test does not know."""
        return self.say(message, **{**values, unknown: "\0"}).partition("\0")[0].strip()

    def sees(self, message: str, **values: object) -> None:
        said = self.say(message, **values)
        assert said in self.text, f"{said!r} is not on {self.path}, but: {self.text}"

    def hears(self, code: str, **values: object) -> None:
        """Why something was refused, or did not come about."""
        said = plain(refusals.say(Refused(code, **values), self.language))
        assert said in self.text, f"{said!r} is not on {self.path}, but: {self.text}"

    def wait_for(self, path: str, words: str) -> None:
        """Look at a page again until it says something; drawn when it does: drawing costs most."""
        deadline_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline_s:
            if words in self._ask(path):
                break
            self.page.wait_for_timeout(100)
        self.go(path)
        assert words in self.text, f"{path} never said {words!r}, but: {self.text}"

    def _ask(self, path: str) -> str:
        """What a page says, asked for by hand."""
        headers = {"Accept-Language": self.language}
        answer = self.context.request.get(self.home.url + path, headers=headers)
        said: str = plain(html.unescape(_TAG.sub("", answer.text())))
        return said

    def look(self) -> None:
        """Nothing sticks out; keep a picture if asked."""
        wide, window = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= window, f"{self.page.url} is {wide} wide on {window} in {self.language}"
        if SCREENSHOTS:
            name = f"{self.home.directory.name}-{self._shots:03}-{self.language}-{window}.png"
            self.page.screenshot(path=Path(SCREENSHOTS) / name, full_page=True)
        self._shots += 1


def in_days(days: int) -> str:
    return (date.today() + timedelta(days=days)).isoformat()


def plain(text: str) -> str:
    """With one kind of blank: French has several, and lines break anywhere."""
    return " ".join(text.split())
