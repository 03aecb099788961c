"""The page in a real browser, without JavaScript, in front of real node processes.

Walks find their words in the catalogues. The long one is walked in three rounds over the same
homes, in which everybody reads in another language and on another screen: the first in every run,
all three with ``HYPOTHESIS_PROFILE=nightly`` (decision 35). Debian's chromium is driven by
playwright; without one of them these tests are skipped and say so.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from PIL import Image

from node import identity
from node.backup import make_backup
from node.store import Store
from node.web.frame import DONE
from node.web.render import Words
from node.words import words_of
from tests.browser.visitors import DESK, PHONE, Home, Visitor, plain, started_homes

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.system, pytest.mark.timeout(300)]

ROUNDS: Final = (
    # What is lent; how Ana, Luc (and Mia), and Zoé read the page.
    ("Guitar", ("fr", PHONE), ("en", DESK), ("es", PHONE)),
    ("Trumpet", ("es", DESK), ("fr", PHONE), ("en", DESK)),
    ("Accordion", ("en", PHONE), ("es", DESK), ("fr", PHONE)),
)
MATES: Final = (("Léo", "fr", PHONE), ("Max", "en", DESK), ("Sol", "es", PHONE))
WALKED: Final = ROUNDS if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else ROUNDS[:1]


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


def in_days(days: int) -> str:
    return (date.today() + timedelta(days=days)).isoformat()


# --- how a home and a house begin ---------------------------------------------------------


def set_up(visitor: Visitor, name: str) -> None:
    """The first time something is wrong."""
    visitor.sign_in()
    visitor.sees("Welcome to your Open House")
    visitor.fill(name=name, email="no address")
    visitor.page.locator("form[action='/setup']").evaluate("form => form.noValidate = true")
    visitor.press("form[action='/setup'] button")
    visitor.sees("“{email}” is not an e-mail address.", email="no address")
    assert visitor.page.input_value("input[name=name]") == name
    visitor.fill(email=f"{name[:2].lower()}@example.org")
    visitor.press("form[action='/setup'] button")
    visitor.sees("Hello %(name)s", name=name)


def found(visitor: Visitor) -> None:
    visitor.page.fill("form[action='/found'] input[name=name]", "Canal")
    visitor.press("form[action='/found'] button")
    visitor.sees(DONE["founded"])


def invite(visitor: Visitor) -> str:
    visitor.go("/friends")
    visitor.press("form[action='/friends/invite'] button")
    assert visitor.page.locator("svg.qr path").count() >= 1
    return visitor.page.input_value("#link")


def join(guest: Visitor, inviter: Visitor, name: str) -> None:
    """The link comes in a letter; the first time a part of it is missing."""
    link = invite(inviter)
    if name == "Ana":
        guest.fill(link=link[:-9])
        guest.press("form[action='/join'] button")
        guest.sees(
            "This is not a whole invitation link: copy it again, from “openhouse:” or “https:” to "
            "its end."
        )
    guest.fill(link=f"Come and join us!\n\n{link}")
    guest.press("form[action='/join'] button")
    guest.sees("%(name)s invites you to %(house)s", name=name, house="Canal")
    guest.sees("What cannot be undone: what others have seen, they have seen.")
    guest.press("form[action='/join'] button")
    guest.sees(DONE["joined"])


def befriend(guest: Visitor, inviter: Visitor) -> None:
    """Who is in the house already has another friend, and with it a second seat."""
    link = invite(inviter)
    guest.go("/friends")
    if not guest.page.is_visible("textarea[name=link]"):
        guest.open("form[action='/friends/join']")
    guest.fill(link=link)
    guest.press("form[action='/friends/join'] button")
    guest.press("form[action='/friends/join'] button")
    guest.sees(DONE["joined"])


# --- what people do with each other -------------------------------------------------------


def share(ana: Visitor, title: str) -> None:
    """A price is refused, and what was written is kept."""
    ana.go("/things")
    ana.fill(title=f"{title}, 15 €")
    ana.open("textarea[name=text]")
    ana.fill(text="Six strings.")
    ana.page.check("form[action='/things'] input[name=circles][value='2']")
    ana.press("form[action='/things'] button")
    ana.sees(
        "“{fragment}” is a price. Nothing costs money here: say it without an amount.",
        fragment="15 €",
    )
    assert ana.page.input_value("textarea[name=text]") == "Six strings."
    assert ana.page.is_checked("form[action='/things'] input[name=circles][value='2']")
    ana.fill(title=title)
    ana.press("form[action='/things'] button")
    ana.sees(DONE["added"])
    ana.sees("My friends and their friends")


def ask_through(zoe: Visitor, between: dict[str, Visitor], ana: Visitor, title: str) -> None:
    """Circle 2 is closed to Zoé still: only the word of whoever stands between opens it."""
    zoe.wait_for("/browse", title)
    zoe.press(f"text={title}")
    name = next(each for each in between if zoe.say("through {name}", name=each) in zoe.text)
    friend = between[name]
    letter = "Hello {holder}, may I borrow “{title}”? I will look after it well. {me}"
    for step in ("take it back", "leave it"):
        written = plain(zoe.page.input_value("textarea[name=message]"))
        assert written == zoe.say(letter, holder="Ana", title=title, me="Zoé")
        if zoe.page.is_visible("select[name=via]"):
            zoe.page.select_option("select[name=via]", label=name)
        zoe.fill(**{"from": in_days(40), "to": in_days(41)})
        zoe.sees("Ask, on their word")
        zoe.press("form[action$='/ask'] > button")
        zoe.sees(
            "You asked {other}, through {through}. It waits to be passed on.",
            other="Ana",
            through=name,
        )
        zoe.press(f"text={title} >> nth=0")
        if step == "take it back":
            zoe.open("form[action$='/cancel']")
            zoe.press("form[action$='/cancel'] button")
            zoe.sees(DONE["cancelled"])
            zoe.go("/browse")
            zoe.press(f"text={title}")
    place = zoe.path
    says = friend.say("{borrower} asks {holder}, through you.", borrower="Zoé", holder="Ana")
    friend.wait_for("/inbox", says)
    friend.press(f"text={title}")
    friend.sees("Do you pass it on?")
    friend.press("form[action$='/pass-on'] button[value=yes]")
    friend.sees(DONE["passed-on"])
    ana.wait_for("/inbox", ana.say("{other} asks you.", other="Zoé"))
    ana.press(f"text={title}")
    ana.sees("Do not lend “{title}” this time", title=title)
    ana.press("button[value=no]")
    ana.sees(DONE["answered"])
    zoe.wait_for(place, zoe.say("The answer was no."))


def lend(ana: Visitor, luc: Visitor, title: str) -> None:
    """Asked for, moved, handed over, kept longer, damaged, brought back, rated by both."""
    luc.wait_for("/browse", title)
    luc.press(f"text={title}")
    luc.sees("your friend")
    luc.fill(**{"from": in_days(7), "to": in_days(5), "message": "For my sister's wedding?"})
    luc.press("form[action$='/ask'] > button")
    end, start = in_days(5), in_days(7)
    luc.sees("The end ({end}) must be after the start ({start}).", end=end, start=start)
    assert luc.page.input_value("textarea[name=message]") == "For my sister's wedding?"
    luc.fill(**{"from": in_days(5), "to": in_days(7)})
    luc.press("form[action$='/ask'] > button")
    luc.sees("You asked {other}. There is no answer yet.", other="Ana")

    ana.wait_for("/inbox", ana.say("{other} asks you.", other="Luc"))
    ana.press(f"text={title}")
    assert "For my sister's wedding?" in ana.text
    ana.sees("Propose other dates for “{title}”", title=title)
    ana.open("button[value=counter]")
    ana.fill(**{"from": in_days(6), "to": in_days(8)})
    ana.press("button[value=counter]")
    luc.wait_for("/inbox", luc.say("{other} proposes other dates.", other="Ana"))
    luc.press(f"text={title}")
    luc.sees("Take “{title}” on these dates", title=title)
    luc.press("button[value=yes]")
    says = "You said yes to {other}. Say here when you have handed it over."
    ana.wait_for("/inbox", ana.say(says, other="Luc"))
    ana.press(f"text={title}")
    ana.press("form[action$='/hand-over'] button")
    ana.sees("{other} has it. Say here when it is back.", other="Luc")
    says = "You have it. Say here when you have brought it back."
    luc.wait_for("/inbox", luc.say(says))
    luc.press(f"text={title}")

    place = luc.path
    luc.sees("Keep it longer, or less long")
    luc.open("form[action$='/end']")
    luc.fill(to=in_days(12))
    luc.press("form[action$='/end'] button")
    luc.sees("You asked {other} to keep it until another day.", other="Ana")
    ana.wait_for(place, ana.say("{other} asks to keep it until another day.", other="Luc"))
    ana.press("button[value=yes]")
    luc.wait_for(place, plain(Words(luc.language).day(in_days(12))))
    luc.sees("Lost or damaged?")
    luc.open("button[value=damaged]")
    luc.press("button[value=damaged]")
    luc.sees("You said that it was damaged.")
    ana.wait_for(place, ana.say("{other} says that it was damaged.", other="Luc"))
    luc.press("form[action$='/return'] button")

    # Both say how it went; neither sees the other's answer first.
    rate(luc, 9)
    luc.sees("You say")
    hers = luc.say("%(name)s says", name="Ana")
    assert hers not in luc.text
    ana.wait_for("/inbox", ana.say("It is back. How did it go with {other}?", other="Luc"))
    ana.press(f"text={title}")
    rate(ana, 8)
    luc.wait_for(place, hers)
    luc.go("/trust")
    luc.sees("Whom you can ask for things. It opens step by step, with exchanges that go well. "
             "Nobody is ranked.")  # fmt: skip


def rate(visitor: Visitor, respect: int) -> None:
    visitor.page.check("input[name=confiance][value='1']")
    visitor.page.click(f"label:has(input[name=respect][value='{respect}'])")
    visitor.press("form[action$='/rate'] button")


def look_for_and_lend_on_paper(ana: Visitor, luc: Visitor, title: str) -> None:
    luc.go("/browse")
    luc.sees("Not there? Say what you are looking for")
    luc.open("form[action='/wanted']")
    luc.fill(wanted=f"A case for: {title}")
    luc.press("form[action='/wanted'] button")
    luc.sees("Looked for")
    ana.wait_for("/browse", f"A case for: {title}")
    ana.go("/things")
    ana.press(f".whole:has-text('{title}')")
    ana.sees("Lend it to somebody without a home here")
    ana.open("form[action$='/lend-to']")
    paper = "form[action$='/lend-to']"
    for name, text in (("name", "Alma"), ("from", in_days(20)), ("to", in_days(22))):
        ana.page.fill(f"{paper} input[name={name}]", text)
    ana.press(f"{paper} button")
    says = "{other} has it: you wrote it down. Say here when it is back."
    ana.sees(says, other="Alma")
    ana.press(f".whole:has-text('{title}') >> nth=0")
    ana.press("form[action$='/return'] button")
    ana.sees("{other} had it: it is back.", other="Alma")


def narrow_and_withdraw(ana: Visitor, luc: Visitor, zoe: Visitor, title: str) -> None:
    """Narrowed, it disappears from Zoé's page; withdrawn, from Luc's."""
    nothing = (
        "There is nothing to see yet. What your friends share appears here by itself; with more "
        "friends there will be more."
    )
    ana.go("/things")
    ana.press(f".whole:has-text('{title}')")
    ana.page.check("input[name=circles][value='1']")
    ana.press("main form:not([action$='/withdraw']) > button")
    ana.sees(DONE["changed"])
    zoe.wait_for("/browse", zoe.say(nothing))
    luc.go("/browse")
    assert title in luc.text
    ana.press(f".whole:has-text('{title}')")
    ana.sees("Withdraw it")
    ana.open("form[action$='/withdraw']")
    ana.press("form[action$='/withdraw'] button")
    ana.sees(DONE["withdrawn"])
    luc.wait_for("/browse", luc.say(nothing))


# --- what one does alone ------------------------------------------------------------------


def keep_things(visitor: Visitor, title: str) -> None:
    """A list as drafts, days kept free, a photo, and how a friend sees it all."""
    visitor.go("/things")
    visitor.sees("A whole list at once")
    visitor.open("form[action='/things/import']")
    data = f"title\nCase of a {title}\n".encode()
    file = {"name": "list.csv", "mimeType": "text/csv", "buffer": data}
    visitor.page.set_input_files("input[name=list]", file)  # type: ignore[arg-type]
    visitor.page.select_option("select[name=circles]", "0")
    visitor.press("form[action='/things/import'] button")
    visitor.sees(DONE["imported"])
    visitor.press(f".whole:has-text('Case of a {title}')")
    visitor.sees("Keep days for yourself")
    visitor.open("form[action$='/keep-free']")
    for name, day in (("from", in_days(3)), ("to", in_days(4))):
        visitor.page.fill(f"form[action$='/keep-free'] input[name={name}]", day)
    visitor.press("form[action$='/keep-free'] > button")
    visitor.sees(DONE["calendar"])
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(picture, "PNG")
    file = {"name": "p.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    visitor.page.set_input_files("input[name=photo]", file)  # type: ignore[arg-type]
    visitor.press("form[action$='/photos'] > button")
    visitor.sees(DONE["photos"])
    visitor.press("form[action='/things/as'] button")
    visitor.sees("Not seen by %(name)s", name="Luc")


def keep_house(visitor: Visitor, capacity: int) -> None:
    """A rule to change, an absence, notices, the calendar, where one is in the neighbourhood."""
    visitor.go(f"/house/change?rule=capacity_max&value={capacity}")
    visitor.press("form[action='/house/propose'] button")
    visitor.sees(DONE["signed"])
    visitor.page.fill("input[name=until]", in_days(9))
    visitor.press("form[action='/house/away'] button")
    visitor.sees(DONE["away"])
    visitor.press("form[action='/house/back'] button")
    visitor.sees(DONE["back"])
    visitor.go("/notices")
    visitor.press("form[action='/notices/read'] button")
    visitor.sees("Be told elsewhere too")
    visitor.press("a[href='/settings'] >> nth=0")
    visitor.press("form[action='/settings'] > div button")
    visitor.sees(DONE["changed"])
    visitor.go("/agenda")
    visitor.press("form[action='/agenda/link'] button")
    visitor.sees(DONE["calendar-link"])
    visitor.go("/friends/picture")
    visitor.sees("My neighbourhood")


def sign(luc: Visitor) -> None:
    """Somebody else's change of a rule."""
    luc.wait_for("/house", luc.say("Sign this change"))
    luc.press("form[action='/house/approve'] button >> nth=0")
    luc.sees(DONE["signed"])


def keep_safe(visitor: Visitor) -> None:
    """A backup as a file, and the page to print."""
    visitor.go("/safekeeping")
    with visitor.page.expect_download() as caught:
        visitor.page.click("form[action='/safekeeping/backup'] button")
    with open(caught.value.path(), "rb") as backup:
        assert backup.read(4) == b"OHB1"
    visitor.press("a[href='/safekeeping/kit']")
    visitor.sees("When the computer is broken, lost or stolen")


def have_written_the_words(visitor: Visitor) -> None:
    visitor.go("/safekeeping")
    assert visitor.page.locator("ol.words li").count() == 24
    visitor.page.check("input[name=sure]")
    visitor.press("form[action='/safekeeping/written'] button")
    visitor.sees(DONE["words-written"])


def end_friendship_and_leave(visitor: Visitor, friend: str, name: str) -> None:
    visitor.go("/friends")
    visitor.press(f"main .whole:has-text('{friend}')")
    visitor.page.click("details.danger > summary")
    visitor.press("details.danger button")
    visitor.sees(DONE["ended"])
    visitor.go("/goodbye")
    visitor.sees("You can leave at any time, without a reason.")
    visitor.page.fill("form[action='/goodbye'] input[name=name]", name)
    visitor.press("form[action='/goodbye'] button")
    visitor.sees(DONE["goodbye"])


# --- the walks ----------------------------------------------------------------------------


@pytest.mark.timeout(900)
def test_a_house_begins_things_are_lent_and_its_people_leave(
    browser: Browser, homes: list[Home]
) -> None:
    """Four homes; in each round everybody reads another language on another screen."""
    first = dict(zip(("ana", "luc", "zoe"), ROUNDS[0][1:], strict=True))
    ana, luc, zoe = (
        Visitor(browser, home, *first[name])
        for home, name in zip((homes[0], homes[1], homes[3]), first, strict=True)
    )
    mia = Visitor(browser, homes[2], "fr", DESK)
    for visitor, name in ((ana, "Ana"), (luc, "Luc"), (mia, "Mia"), (zoe, "Zoé")):
        set_up(visitor, name)
    found(ana)
    join(luc, ana, "Ana")
    luc.sees("You are a member of %(house)s.", house="Canal")
    ana.wait_for("/friends", "Luc")
    join(mia, ana, "Ana")
    befriend(mia, luc)
    mia.wait_for("/", mia.say("You are a member of %(house)s.", house="Canal"))
    join(zoe, luc, "Luc")
    befriend(zoe, mia)
    for number, (title, *seen) in enumerate(WALKED):
        for visitor, how in zip((ana, luc, zoe), seen, strict=True):
            visitor.change(*how)
        mia.change(*seen[1])
        share(ana, title)
        ask_through(zoe, {"Luc": luc, "Mia": mia}, ana, title)
        lend(ana, luc, title)
        look_for_and_lend_on_paper(ana, luc, title)
        narrow_and_withdraw(ana, luc, zoe, title)
        keep_things(ana, title)
        keep_house(ana, 4 + number)
        sign(luc)
        keep_safe(ana)
    for visitor, friend, name in ((luc, "Mia", "Luc"), (zoe, "Mia", "Zoé"), (ana, "Mia", "Ana")):
        have_written_the_words(visitor)
        end_friendship_and_leave(visitor, friend, name)
    assert [] == [each for who in (ana, luc, mia, zoe) for each in who.complaints]


@pytest.mark.parametrize(
    ("language", "size"),
    [("en", PHONE), ("fr", DESK), ("es", PHONE)],
    ids=["en-phone", "fr-desk", "es-phone"],
)
def test_a_home_opens_to_its_key_alone_and_its_person_comes_back_with_words_and_backup(
    browser: Browser, a_home: Home, tmp_path: Path, language: str, size: tuple[int, int]
) -> None:
    """No session, no page; the language of the footer stays; a slip changes nothing."""
    other = {"en": "fr", "fr": "es", "es": "en"}[language]
    words, file = a_life_before(tmp_path / "before", language)
    visitor = Visitor(browser, a_home, other, size)
    for path in ("/restore", "/friends/invitation/x"):
        visitor.go(path)
        visitor.sees("Is this your home?")
    visitor.press(f"button[value={language}]")
    visitor.language = language
    assert visitor.path == "/friends/invitation/x"
    visitor.sees("Is this your home?")
    visitor.fill(key="0" * 64)
    visitor.press("main button")
    visitor.sees("This key does not fit, or its link was used before.")
    visitor.sign_in()
    assert visitor.page.get_attribute("html", "lang") == language

    visitor.press("a[href='/restore']")
    visitor.sees("Come back to your home")
    visitor.fill(words=words.rpartition(" ")[0])
    visitor.page.set_input_files("input[name=backup]", file)
    visitor.press("main form button")
    visitor.sees(
        "It takes {needed} words, with spaces between them; what was read has {count}.",
        needed=24, count=23,
    )  # fmt: skip
    visitor.fill(words=words)
    visitor.page.set_input_files("input[name=backup]", file)
    visitor.press("main form button")
    visitor.sees("Welcome back, %(name)s", name="Noé")
    visitor.press("form[action='/sign-out'] button")
    visitor.sees("Is this your home?")
    assert [] == visitor.complaints


def a_life_before(home: Path, language: str) -> tuple[str, Path]:
    """The words of somebody who had a home, and a backup of it."""
    identity.set_up(home, "Noé", "", "", language)
    store = Store(home)
    try:
        found = identity.load(store)
        assert found is not None
        file = home / "copy.backup"
        file.write_bytes(make_backup(home, found.backup_key))
    finally:
        store.close()
    return found.words, file


def test_flatmates_come_in_new_or_with_the_words_of_a_home_they_had(
    browser: Browser, a_home: Home
) -> None:
    """Ana makes room for one in each round, who come in in a language of their own."""
    password = "correct horse"
    ana = Visitor(browser, a_home, "es", DESK)
    set_up(ana, "Ana")
    found(ana)
    for name, language, size in MATES[: len(WALKED)]:
        ana.go("/flat")
        ana.page.fill("form[action='/flat/add'] input[name=name]", name)
        ana.press("form[action='/flat/add'] button")
        ana.sees(DONE["flatmate-added"])
        made = a_home.api("GET", "/flatmates")
        link = next(mate["link"] for mate in made if mate["name"] == name)
        mate = Visitor(browser, a_home, language, size)
        mate.go(link.removeprefix(a_home.url))
        mate.sees("Welcome to your Open House")
        # Who had a home elsewhere goes another way, and comes to the same room.
        mate.press("a[href$='/restore']")
        mate.sees("Come back to your home")
        mate.fill(words=words_of(os.urandom(32), language), password=password, again=password)
        mate.press("main form button")
        mate.sees("Choose your backup file, or write your name: the words alone do not know it.")
        mate.go(link.removeprefix(a_home.url))
        mate.fill(name=name, password=password, again=password)
        mate.press("main form button")
        mate.sees("Hello %(name)s", name=name)
        mate.press("form[action='/flat/accept'] button")
        mate.sees(DONE["befriended"])
        mate.press("a[href='/who']")
        mate.press(f"button:has-text('{name}')")
        assert "Canal" in mate.text
        assert [] == ana.complaints + mate.complaints


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
    visitor.sees("Hello %(name)s", name="Ana")
    found(visitor)
