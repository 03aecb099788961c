"""Pictures of every page of the demo street, to look at: ``make shots ARGS=DIRECTORY``.

Each at 390 and 1200 pixels, in light and, on the phone, in dark, in one language a run
(``--language``); with ``--only WORD ...`` those whose names begin so. The pages of a flatmate
("flat"), of a newcomer ("first") and of who comes back ("back") are taken as they come. Nothing is
asserted: what is ugly is seen.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tqdm import tqdm

from node.demo.homes import Home
from node.demo.street import Street
from tests.guardians import LOST

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
# A press waits for the page that answers it, and joining may take the node a minute.
PATIENCE_MS: Final = 180_000


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
            _take_all(browser, street, given.directory, given.language, tuple(given.only))
            if _is_wanted("flat", given.only):
                _take_flat(browser, street, given.directory, given.language)
            if _is_wanted("first", given.only) or _is_wanted("back", given.only):
                _take_beginning(browser, street, Path(place), given.directory, given.language)
        finally:
            browser.close()
            street.stop()


def _is_wanted(pages: str, only: list[str]) -> bool:
    return any(pages.startswith(word.partition("-")[0]) for word in only)


def _take_all(
    browser: Browser, street: Street, directory: Path, language: str, only: tuple[str, ...]
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
                locale=language,
            )
            page = _page(context)
            page.goto(ana.post("/page")["page"])
            for title, path in tqdm(paths.items(), desc=f"{name} {scheme}", leave=False):
                _take(page, ana.page.partition("/?")[0] + path, directory, title, name, scheme)
            if "home-of-lea".startswith(only):
                page.goto(lea.post("/page")["page"])
                _take(page, lea.page.partition("/?")[0], directory, "home-of-lea", name, scheme)
            context.close()


def _take_flat(browser: Browser, street: Street, directory: Path, language: str) -> None:
    """Léo comes to live at Ana's, and helps with what is of the flat."""
    ana = street.homes["Ana"]
    origin = ana.page.partition("/?")[0]
    link = ana.post("/flatmates", name="Léo")["link"]
    asked = [each for each in ana.client.get("/loans") if "answer" in each["can"]]
    loan = next(each for each in asked if each["role"] == "holder")
    holder, leo = (_page(browser.new_context(locale=language)) for _ in range(2))
    holder.goto(ana.post("/page")["page"])
    holder.goto(origin + "/flat")
    _take_here(holder, directory, "flat-awaited")
    holder.goto(f"{origin}/things/{loan['thing']}")
    _take_here(holder, directory, "flat-thing")
    holder.click("button[value=flat]")
    leo.goto(link)
    _take_here(leo, directory, "flat-claim")
    leo.click("a[href$='/restore']")
    _take_here(leo, directory, "flat-restore")
    leo.goto(link)
    for field in ("password", "again"):
        leo.fill(f"input[name={field}]", "correct horse")
    leo.click("form[action^='/claim/'] button")
    _take_here(leo, directory, "flat-house")
    leo.click("form[action='/flat/accept'] button")
    leo.wait_for_selector(".places")
    for name, path in (
        ("flat-who", "/who"), ("flat-inbox", "/inbox"), ("flat-things", "/things"),
        ("flat-mates", "/flat"), ("flat-loan", f"/for-the-flat/-/{loan['loan']}"),
    ):  # fmt: skip
        leo.goto(origin + path)
        _take_here(leo, directory, name)
    for page in (holder, leo):
        page.context.close()


def _take_beginning(
    browser: Browser, street: Street, place: Path, directory: Path, language: str
) -> None:
    """What somebody sees from the first page to their first things, and on another computer."""
    home = Home("Noé", place / "newcomer")
    home.start()
    try:
        home.wait_until_ready()
        link = street.homes["Ana"].post("/invitations")["link"]
        context = browser.new_context(locale=language)
        page = _page(context)
        origin = home.page.partition("/?")[0]
        page.goto(origin)
        _take_here(page, directory, "first-key")
        page.goto(home.page)
        _take_here(page, directory, "first-welcome")
        page.goto(origin + "/restore")
        _take_here(page, directory, "first-restore")
        page.fill("textarea[name=words]", "abandon abandon")
        page.fill("input[name=name]", "Noé")
        page.click("form[action='/restore'] button")
        _take_here(page, directory, "first-restore-wrong")
        page.goto(origin + "/succession")
        _take_here(page, directory, "first-lost-everything")
        page.fill("textarea[name=member]", LOST.hex())
        page.fill("input[name=name]", "Noé")
        page.click("form[action='/succession/ask'] button")
        _take_here(page, directory, "first-new-keys")
        page.click("details.danger > summary")
        page.click("form[action='/succession/give-up'] button")
        page.fill("form[action='/setup'] input[name=name]", "Noé")
        page.click("form[action='/setup'] button")
        _take_here(page, directory, "first-house")
        page.fill("form[action='/join'] textarea", link)
        page.click("form[action='/join'] button")
        _take_here(page, directory, "first-invited")
        page.click("form[action='/join'] button")
        page.wait_for_selector(".places")
        _take_here(page, directory, "first-joined")
        page.wait_for_selector(".rows.two .row")
        _take_here(page, directory, "first-home")
        page.goto(origin + "/things")
        _take_here(page, directory, "first-things")
        page.goto(origin + "/inbox")
        _take_here(page, directory, "first-inbox")
        _become_member(home, street)
        words = home.client.get("/words")["words"]
        context.close()
    finally:
        home.stop()
    _take_return(browser, street, Home("Noé", place / "again"), directory, language, words)


def _become_member(home: Home, street: Street) -> None:
    """Luc answers for the newcomer too: a member comes back however many Ana has answered for."""
    ana, luc = street.homes["Ana"], street.homes["Luc"]
    home.post("/join", link=luc.post("/invitations")["link"])

    def is_known() -> bool:
        friends = ana.client.get("/friends")
        return any(row["name"] == "Noé" and row["standing"] == "member" for row in friends)

    ana.wait("to hear that Noé is a member", is_known)


def _take_return(
    browser: Browser, street: Street, home: Home, directory: Path, language: str, words: str
) -> None:
    """The computer is lost; the words are on paper."""
    home.start()
    try:
        home.wait_until_ready()
        origin = home.page.partition("/?")[0]
        context = browser.new_context(locale=language)
        page = _page(context)
        page.goto(home.page)
        page.goto(origin + "/restore")
        page.fill("textarea[name=words]", words)
        page.fill("input[name=name]", "Noé")
        page.click("form[action='/restore'] button")
        _take_here(page, directory, "back-house")
        page.fill("form[action='/join'] textarea", street.homes["Ana"].post("/invitations")["link"])
        page.click("form[action='/join'] button")
        _take_here(page, directory, "back-invited")
        page.click("form[action='/join'] button")
        page.wait_for_selector(".places")
        page.goto(origin + "/?done=restored")
        _take_here(page, directory, "back-home")
        page.goto(origin + "/safekeeping")
        _take_here(page, directory, "back-safekeeping")
        context.close()
    finally:
        home.stop()


def _page(context: BrowserContext) -> Page:
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    return page


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
