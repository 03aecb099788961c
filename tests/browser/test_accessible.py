"""Every page, looked at by axe-core: light and dark, on a phone and on a desk.

One browser and one page in memory for all of it. axe-core stands in ``vendor/`` with its
licence (MPL 2.0), so that the same rules are asked everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from node.engine import views
from node.engine.commands import AddThing
from node.succession import Asked
from protocol.errors import Refused
from protocol.successions import SuccessionRequest, decode_approval, encode_request
from simulations.street import Street
from tests.guardians import GUARDIANS, LOST, answers_to
from tests.page_flat import served_flat
from tests.page_street import (
    NAMES,
    TOKEN,
    EmptyNode,
    NewcomerNode,
    Served,
    StreetNode,
    live_here,
    make_street,
    served,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
# What depends on the colours is asked again in the dark; what on the width, on the desk.
IN_THE_DARK = ["color-contrast"]
ON_THE_DESK = ["target-size"]
_ASK = """
rules => axe.run(document, {
  runOnly: rules.length ? {type: 'rule', values: rules} : {type: 'tag', values: [
    'wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']},
  resultTypes: ['violations'],
}).then(found => found.violations.map(
  v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target + ' ' + n.failureSummary).join(' | ')
))
"""
# A finger needs 44 pixels; what stands within a sentence is left to the sentence (WCAG 2.5.8).
_SMALL = """
() => [...document.querySelectorAll('a, button, summary, select, input:not([type=hidden])')]
  .filter(e => e.checkVisibility() && !e.matches('.skip') && !e.closest('svg'))
  .map(e => {
    if (getComputedStyle(e).display === 'inline' && e.closest('p, li, dd')) return null;
    const label = e.matches('input[type=checkbox], input[type=radio]') && e.closest('label');
    const row = e.matches('.whole') && e.closest('li');
    const box = (label || row || e).getBoundingClientRect();
    return box.height && (box.height < 43.5 || box.width < 24)
      ? e.tagName + '.' + e.className + ' ' + e.textContent.trim().slice(0, 30)
        + ' ' + Math.round(box.width) + 'x' + Math.round(box.height)
      : null;
  })
  .filter(Boolean)
"""
# What has the focus, and whether a person sees it: an outline, within the window, uncovered.
_FOCUSED = """
() => {
  const e = document.activeElement, box = e.getBoundingClientRect();
  const whole = e.matches('.whole') ? getComputedStyle(e, '::after') : getComputedStyle(e);
  const x = box.left + Math.min(box.width / 2, 20), y = box.top + box.height / 2;
  const over = document.elementFromPoint(x, y);
  return {
    what: (e.name || '') + ' ' + e.textContent.trim().slice(0, 60),
    is_seen: e === document.body || (whole.outlineStyle !== 'none' && box.bottom <= innerHeight
      && box.top >= 0 && (e.contains(over) || over?.contains(e))),
  };
}
"""
# How much of a page moved by itself while it was drawn.
_WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver(list => list.getEntries().forEach(each => {
  if (!each.hadRecentInput) window.shifted += each.value;
})).observe({type: 'layout-shift', buffered: true});
"""
_SHIFTED = """
() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(
  () => setTimeout(() => done(window.shifted), 0))))
"""
# The same page as it stands in the language of the cookie, put in its place.
_SPEAK = """
async () => {
  const answer = await fetch(location.href);
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  document.body.replaceWith(fresh.body);
  document.querySelectorAll('details').forEach(each => each.open = true);
  return fresh.documentElement.lang;
}
"""
FIRST_PAGES = {
    "/": "Bienvenue dans ton Open House",
    "/restore": "Revenir dans ton foyer",
    "/succession": "Ni ordinateur ni mots",
    "/succession?": "De nouvelles clés pour Noé",  # when guardians were asked
}
_WIDTH = "() => document.documentElement.scrollWidth - innerWidth"


@pytest.fixture(scope="module")
def home() -> Iterator[Served]:
    """Ana's page, in the middle of everything."""
    street = make_street()
    live_here(street)
    with served(StreetNode(street)) as page:
        yield page


def paths(street: Street) -> list[str]:
    """Every kind of page that Ana can open."""
    core = street.core(0)
    seen: list[Any] = views.browse(core, _say)
    mine: list[Any] = views.things(core)
    loans: list[Any] = views.loans(core)
    by_state = {loan["state"]: loan["loan"] for loan in loans}
    far = next(thing for thing in seen if not thing["can_ask"])
    near = next(thing for thing in seen if thing["can_ask"])
    return [
        "/", "/browse", "/browse?query=nothing", "/things", "/inbox",
        "/agenda", "/notices", "/settings", "/friends",
        "/friends/nearby", "/friends/picture", "/trust", "/house", "/safekeeping",
        "/house/change?rule=capacity_max&value=5",
        "/safekeeping/kit", "/goodbye", "/no-such-page",
        f"/friends/{street.id(2).hex()}", f"/things/{mine[0]['thing']}",
        f"/people/{street.id(3).hex()}", f"/things/as?friend={street.id(1).hex()}",
        *(f"/thing/{thing['thing']}@{thing['holder']}" for thing in (near, far)),
        *(f"/loans/{loan}" for loan in by_state.values()),
    ]  # fmt: skip


def _say(refusal: Refused) -> str:
    return refusal.code


def ask_guardians() -> Asked:
    """What somebody who lost everything has asked, and been answered."""
    request = SuccessionRequest(LOST, GUARDIANS[2].public, 1)
    answers = answers_to(encode_request(request))
    return Asked(bytes(range(32)), request, "Noé", "fr", tuple(map(decode_approval, answers)))


def look(page: Page, path: str) -> list[str]:
    """What axe, a finger and a narrow screen have to say of one page."""
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found: list[str] = page.evaluate(_ASK, [])
    found += [f"too small for a finger: {each}" for each in page.evaluate(_SMALL)]
    if (beyond := page.evaluate(_WIDTH)) > 0:
        found.append(f"sticks out by {beyond}")
    page.emulate_media(color_scheme="dark")
    found += page.evaluate(_ASK, IN_THE_DARK)
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light")
    # The frame of the desk has colours of its own, the same on every page.
    found += page.evaluate(_ASK, [*ON_THE_DESK, "color-contrast"] if path == "/" else ON_THE_DESK)
    if (beyond := page.evaluate(_WIDTH)) > 0:
        found.append(f"sticks out by {beyond} on the desk")
    return [f"{path}: {each}" for each in found]


def speak(page: Page, path: str) -> list[str]:
    """French and Spanish words are longer: none sticks out on a phone."""
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    found = []
    for language in ("fr", "es", "en"):
        origin = page.url.removesuffix(path)
        cookie = {"name": "openhouse_language", "value": language, "url": origin}
        page.context.add_cookies([cookie])  # type: ignore[list-item]
        if language != "en":
            assert language == page.evaluate(_SPEAK)
            if (beyond := page.evaluate(_WIDTH)) > 0:
                found.append(f"{path} sticks out by {beyond} in {language}")
    return found


def test_axe_finds_nothing_on_any_page(browser: Browser, home: Served) -> None:
    """In light and dark, with everything unfolded; nothing too small, too wide or moving."""
    context = browser.new_context(bypass_csp=True, reduced_motion="reduce")
    context.add_init_script(path=AXE)
    context.add_init_script(_WATCH_SHIFTS)
    page = context.new_page()
    strangers: list[str] = []
    page.on("request", lambda request: strangers.append(request.url))
    page.goto(home.url + "/things")
    found = look(page, "signing in")
    page.goto(home.entry)
    for path in paths(home.node.street):
        page.goto(home.url + path)
        if shifted := page.evaluate(_SHIFTED):
            found.append(f"{path} moves by {shifted} while it is drawn")
        found += look(page, path)
        found += speak(page, path)
    context.close()
    assert [] == found
    assert [] == [url for url in strangers if not url.startswith(home.url + "/")]
    assert max(map(len, NAMES)) > 60, "long names are part of it"


def test_a_flat_asks_who_is_there_and_axe_finds_nothing_on_its_pages(
    browser: Browser, home: Served, tmp_path: Path
) -> None:
    """On a phone: who are you, sign in, somebody else's turn; without a script."""
    with served_flat(home.node.street, tmp_path) as flat:
        plain = browser.new_context(java_script_enabled=False, viewport=PHONE)  # type: ignore[arg-type]
        page = plain.new_page()
        page.goto(flat.url)
        page.get_by_role("button", name="Luc").click()
        page.get_by_label("Key", exact=True).fill("b1" * 32)
        page.get_by_role("button", name="Sign in").click()
        assert page.get_by_role("heading", name="Hello Luc").is_visible()
        page.get_by_role("link", name="Somebody else’s turn").click()
        page.get_by_role("button", name="Ana").click()
        page.get_by_role("link", name="Not your home? Say who you are").click()
        page.get_by_role("button", name="Luc").click()
        assert page.get_by_role("heading", name="Hello Luc").is_visible()
        plain.close()

        context = browser.new_context(bypass_csp=True, reduced_motion="reduce")
        context.add_init_script(path=AXE)
        page = context.new_page()
        page.goto(flat.entry)
        found: list[str] = []
        for path in flat.paths:
            page.goto(flat.url + path)
            assert page.locator("[name=key]").count() == 0, "no page of it is the one to sign in at"
            found += look(page, path)
            found += speak(page, path)
        context.close()
    assert [] == found


def test_axe_finds_nothing_on_the_first_pages_and_those_of_invitations(
    browser: Browser, home: Served
) -> None:
    """Setting up, coming back, choosing a house, and an invitation on both sides; in French."""
    context = browser.new_context(bypass_csp=True, reduced_motion="reduce", locale="fr-FR")
    context.add_init_script(path=AXE)
    page = context.new_page()
    found: list[str] = []
    with served(EmptyNode(home.node.street)) as empty:
        page.goto(empty.entry)
        for path, heading in FIRST_PAGES.items():
            if path == "/succession?":
                empty.node.succession.asked = ask_guardians()
            page.goto(empty.url + path)
            assert heading == page.locator("h1").inner_text()
            found += look(page, path)
    page.goto(home.entry_again())
    page.goto(home.url + "/friends")
    page.click("form[action='/friends/invite'] button")
    found += look(page, "an invitation that is given")
    link = page.input_value("#link")
    for is_back in (False, True):
        with served(NewcomerNode(home.node.street, is_back=is_back)) as new:
            page.goto(new.entry)
            assert is_back == (page.locator("h1").inner_text() == "Te revoilà, Noé")
            found += look(page, "choosing a house")
            page.fill("form[action='/join'] textarea", link)
            page.click("form[action='/join'] button")
            page.wait_for_selector("input[name=sure]", state="attached")
    found += look(page, "an invitation that is read")
    context.close()
    assert [] == found


def test_the_page_shows_what_is_new_by_itself_unless_somebody_is_writing(
    browser: Browser, home: Served
) -> None:
    """One connection, no request while nothing changes, the policy kept; writing is let be."""
    street = home.node.street
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.set_default_timeout(20_000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(home.url)))
    page.goto(home.url + "/things")
    page.fill("input[name=key]", TOKEN)
    # Each page has a connection of its own: that of the first must not be taken for the second's.
    with page.expect_response("**/live"):
        page.click("main button")
    with page.expect_response("**/live"):
        page.goto(home.url + "/browse")
    asked.clear()
    complaints.clear()
    street.run(1, AddThing("A brand new wheelbarrow", circles=2))
    home.tell("browse")
    page.wait_for_selector("text=A brand new wheelbarrow")
    seen = [path for path in asked if not path.startswith("/static/")]
    assert ["/browse"] == seen

    page.fill("input[name=query]", "wheel")
    home.tell("browse")
    page.wait_for_selector("#news:not([hidden])")
    assert "wheel" == page.input_value("input[name=query]")
    assert seen == [path for path in asked if not path.startswith("/static/")]
    assert [] == complaints
    devtools = context.new_cdp_session(page)
    assert [] == devtools.send("Page.getAppManifest")["errors"]
    found = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert ["in-incognito"] == [each["errorId"] for each in found], "else it can be installed"
    context.close()


def test_a_thing_is_borrowed_and_another_lent_by_keyboard_alone(
    browser: Browser, home: Served
) -> None:
    """Ask; say yes, hand over, take back, rate. Every stop shows where one is, uncovered."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-US")
    page = context.new_page()
    page.goto(home.url + "/things")
    page.fill("input[name=key]", TOKEN)
    page.keyboard.press("Enter")
    page.wait_for_selector(".places")
    page.goto(home.url + "/browse")

    def go_to(what: str) -> None:
        """Press Tab until this has the focus."""
        for _ in range(120):
            page.keyboard.press("Tab")
            found = page.evaluate(_FOCUSED)
            assert found["is_seen"], f"the focus cannot be seen: {found}"
            if what in found["what"]:
                return
        raise AssertionError(f"{what} is never reached")

    def press_enter() -> None:
        with page.expect_navigation():
            page.keyboard.press("Enter")

    go_to("Guitar")
    press_enter()
    go_to("Ask Luc")
    page.keyboard.press("Enter")
    go_to("from")
    page.keyboard.type(f"{date.today() + timedelta(days=40):%m%d%Y}")
    go_to("to")
    page.keyboard.type(f"{date.today() + timedelta(days=41):%m%d%Y}")
    go_to("message")
    page.keyboard.type("For a song")
    go_to("Ask")
    press_enter()
    assert "Your request is on its way." in page.inner_text("main")

    # The other side: Karim asks for the tent.
    go_to("Tent for four")
    press_enter()
    go_to("message")
    page.keyboard.type("Gladly.")
    go_to("Yes, lend “Tent for four”")
    press_enter()
    go_to("I have handed it over")
    press_enter()
    go_to("It is back")
    press_enter()
    go_to("confiance")
    page.keyboard.press("Space")
    go_to("respect")
    page.keyboard.press("ArrowLeft")
    go_to("Say it")
    press_enter()
    assert "as agreed, 10/10" in page.inner_text("main")
    context.close()
