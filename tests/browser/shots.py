"""Pictures of every page of the demo street, to look at: ``make shots ARGS=DIRECTORY``.

Each at 390 and 1200 pixels, in light and, on the phone, in dark, in one language a run
(``--language``); with ``--only WORD ...`` those whose names begin so. A newcomer's first pages are
taken as they come. Nothing is asserted: what is ugly is seen.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright
from tqdm import tqdm

from node.demo.homes import Home
from node.demo.street import Street

WIDTHS: Final = {"phone": 390, "desk": 1200}
PATHS: Final = {
    "home": "/", "browse": "/browse", "things": "/things", "inbox": "/inbox",
    "friends": "/friends", "nearby": "/friends/nearby",
    "picture": "/friends/picture", "agenda": "/agenda", "notices": "/notices",
    "kit": "/safekeeping/kit",
    "goodbye": "/goodbye", "flat": "/flat",
    "settings": "/settings", "circles": "/trust", "house": "/house",
    "change": "/house/change",
    "safekeeping": "/safekeeping", "nothing": "/no-such-page",
}  # fmt: skip
CHROMIUM: Final = "/usr/bin/chromium"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path, help="where the pictures go")
    parser.add_argument("--language", default="fr", choices=("en", "fr", "es"))
    parser.add_argument("--only", nargs="*", default=[""], help="how names of pages begin")
    given = parser.parse_args()
    given.directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        street = Street(Path(place), given.language, 0)
        path = CHROMIUM if os.path.exists(CHROMIUM) else None
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            street.start(str)
            street.tell_story(str)
            _take_all(browser, street, given.directory, tuple(given.only))
            if any("first".startswith(word[:5]) for word in given.only):
                _take_beginning(browser, street, Path(place), given.directory, given.language)
        finally:
            browser.close()
            street.stop()


def _take_all(
    browser: Browser, street: Street, directory: Path, only: tuple[str, ...]
) -> None:  # fmt: skip
    ana, lea = street.homes["Ana"], street.homes["Léa"]
    paths = dict(PATHS)
    for thing in ana.client.get("/browse"):
        paths[f"thing-{thing['holder_name']}-{thing['kind']}"] = (
            f"/thing/{thing['thing']}@{thing['holder']}"
        )
    for friend in ana.client.get("/friends")[:1]:
        paths["friend"] = f"/friends/{friend['member']}"
        paths["as"] = f"/things/as?friend={friend['member']}"
    paths["person"] = f"/people/{street.homes['Sofía'].member}"
    for thing in ana.client.get("/things")[:1]:
        paths["my-thing"] = f"/things/{thing['thing']}"
    for loan in ana.client.get("/loans"):
        paths[f"loan-{loan['role']}-{loan['state']}"] = f"/loans/{loan['loan']}"
    paths = {name: path for name, path in paths.items() if name.startswith(only)}
    for name, width in WIDTHS.items():
        for scheme in ("light", "dark") if name == "phone" else ("light",):
            context = browser.new_context(
                viewport={"width": width, "height": 844},
                color_scheme="dark" if scheme == "dark" else "light",
            )
            page = context.new_page()
            page.goto(ana.post("/page")["page"])
            for title, path in tqdm(paths.items(), desc=f"{name} {scheme}", leave=False):
                _take(page, ana.page.partition("/?")[0] + path, directory, title, name, scheme)
            if "home-of-lea".startswith(only):
                page.goto(lea.post("/page")["page"])
                _take(page, lea.page.partition("/?")[0], directory, "home-of-lea", name, scheme)
            context.close()


def _take_beginning(
    browser: Browser, street: Street, place: Path, directory: Path, language: str
) -> None:
    """What somebody sees from the first page to their first things."""
    home = Home("Noé", place / "newcomer")
    home.start()
    try:
        home.wait_until_ready()
        link = street.homes["Ana"].post("/invitations")["link"]
        context = browser.new_context(locale=language)
        page = context.new_page()
        origin = home.page.partition("/?")[0]
        page.goto(origin)
        _take_here(page, directory, "first-key")
        page.goto(home.page)
        _take_here(page, directory, "first-welcome")
        page.fill("form[action='/setup'] input[name=name]", "Noé")
        page.click("form[action='/setup'] button")
        _take_here(page, directory, "first-house")
        page.fill("form[action='/join'] textarea", link)
        page.click("form[action='/join'] button")
        _take_here(page, directory, "first-invited")
        page.click("form[action='/join'] button")
        page.wait_for_selector(".places", timeout=60_000)
        _take_here(page, directory, "first-joined")
        page.wait_for_selector(".rows.two .row", timeout=60_000)
        _take_here(page, directory, "first-home")
        page.goto(origin + "/things")
        _take_here(page, directory, "first-things")
        page.goto(origin + "/inbox")
        _take_here(page, directory, "first-inbox")
        context.close()
    finally:
        home.stop()


def _take_here(page: Page, directory: Path, title: str) -> None:
    for name, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 844})
        page.screenshot(path=directory / f"{title}-{name}-light.png", full_page=True)


def _take(page: Page, address: str, directory: Path, title: str, name: str, scheme: str) -> None:
    page.goto(address)
    page.screenshot(path=directory / f"{title}-{name}-{scheme}.png", full_page=True)
    if scheme == "light" and page.locator("main details").count():
        page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        page.screenshot(path=directory / f"{title}-{name}-open.png", full_page=True)


if __name__ == "__main__":
    main()
