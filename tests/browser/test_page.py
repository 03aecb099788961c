"""The page in a real browser, without JavaScript, in front of real node processes.

Walks find their words in the catalogues; they stand in ``arriving``, ``lending``, ``trusting`` and
``keeping``, and here is in which order they are walked. The long one goes in three rounds over the
same homes, in which everybody reads in another language and on another screen: the first in every
run, all three with ``HYPOTHESIS_PROFILE=nightly`` (decision 35). Debian's chromium is driven by
playwright; without one of them these tests are skipped and say so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from node import identity
from node.backup import make_backup
from node.store import Store
from node.web.frame import DONE
from node.words import words_of
from tests.browser import arriving, keeping, lending, trusting
from tests.browser.visitors import DESK, PHONE, Home, Visitor, in_days, started_homes
from tests.multicast import multicast_problem, own_address

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
LUC, ZOE = 1, 3
"""Numbers of the homes of two people who meet in one room."""


@pytest.fixture
def homes(tmp_path: Path, finds_others: bool) -> Iterator[list[Home]]:
    """Four nodes that have no member yet."""
    with started_homes(tmp_path, 4, (LUC, ZOE) if finds_others else ()) as started:
        yield started


@pytest.fixture
def finds_others() -> bool:
    """Whether homes on this computer's network find each other: else addresses are typed."""
    address = own_address()
    return bool(address) and multicast_problem(address) is None


@pytest.fixture
def a_home(tmp_path: Path) -> Iterator[Home]:
    """One node that has no member yet."""
    with started_homes(tmp_path, 1) as started:
        yield started[0]


# --- the walks ----------------------------------------------------------------------------


@pytest.mark.timeout(900)
def test_a_house_begins_things_are_lent_and_its_people_leave(
    browser: Browser, homes: list[Home], finds_others: bool, tmp_path: Path
) -> None:
    """Four homes; in each round everybody reads another language on another screen."""
    first = dict(zip(("ana", "luc", "zoe"), ROUNDS[0][1:], strict=True))
    ana, luc, zoe = (
        Visitor(browser, home, *first[name])
        for home, name in zip((homes[0], homes[LUC], homes[ZOE]), first, strict=True)
    )
    mia = Visitor(browser, homes[2], "fr", DESK)
    people = {"Ana": ana, "Luc": luc, "Mia": mia, "Zoé": zoe}
    for name, visitor in people.items():
        arriving.set_up(visitor, name)
    arriving.found(ana)
    begin_the_house(ana, luc, mia)
    arriving.befriend_in_one_room(zoe, luc, is_found=finds_others)
    arriving.see_first_things(zoe, "Cordless drill")
    arriving.answer_for_a_guest(luc, "Zoé")
    arriving.befriend(zoe, mia)
    arriving.show_to_one(luc, "Cordless drill", "Ana")
    for number, (title, *seen) in enumerate(WALKED):
        for visitor, how in zip((ana, luc, zoe), seen, strict=True):
            visitor.change(*how)
        mia.change(*seen[1])
        lend_something(ana, luc, zoe, {"Luc": luc, "Mia": mia}, title)
        loan = trusting.copy_a_file(ana, mia, "Songbook")
        trusting.quarrel(ana, mia, luc, loan, settled=number == 0)
        if number:
            lending.lend_what_is_there_already(ana, luc, "Cordless drill")
        keep_what_one_has(ana, browser, title, number, tmp_path)
        keeping.sign(luc)
        trusting.name_guardians(ana, ("Luc", "Mia"))
    member = ana.home.api("GET", "/status")["member"]
    trusting.come_back_by_their_word((luc, mia), member, tmp_path / "again")
    keeping.freeze_and_thaw(luc)
    mia.home.process.terminate()
    asleep = ana.begin("home asleep since {time}", "time")
    ana.wait_for("/friends", asleep)
    for visitor, friend, name in ((luc, "Mia", "Luc"), (zoe, "Mia", "Zoé"), (ana, "Mia", "Ana")):
        keeping.have_written_the_words(visitor)
        keeping.end_friendship_and_leave(visitor, friend, name)
    assert [] == [each for who in people.values() for each in who.complaints]


def begin_the_house(ana: Visitor, luc: Visitor, mia: Visitor) -> None:
    """Luc and Mia come in by links, and are friends; each shares something."""
    arriving.join(luc, ana, slips=True)
    luc.sees("You are a member of %(house)s.", house="Canal")
    ana.wait_for("/friends", "Luc")
    arriving.join(mia, ana)
    arriving.befriend(mia, luc)
    mia.wait_for("/", mia.say("You are a member of %(house)s.", house="Canal"))
    arriving.let_two_share_a_number(ana)
    arriving.share_with_friends(luc, "Cordless drill")
    arriving.share_what_is_copied(mia, "Songbook", "Ana")
    trusting.keep_a_friendship_quiet(mia, "Luc")


def lend_something(
    ana: Visitor, luc: Visitor, zoe: Visitor, between: dict[str, Visitor], title: str
) -> None:
    """Through somebody, on a standing word, after waiting in line, on paper; then no more."""
    lending.share(ana, title)
    name = lending.ask_through(zoe, between, ana, title)
    trusting.answer_for(between[name], "Zoé")
    taken = lending.ask_unasked(zoe, name, ana, title)
    place = lending.wait_in_line(luc, ana, zoe, title, taken)
    trusting.be_asked_each_time(between[name], "Zoé")
    lending.agree(ana, luc, title)
    keeping.keep_calendar(ana, title)
    lending.lend(ana, luc, place)
    lending.say_how_it_went(ana, luc, title, place)
    lending.look_for_and_lend_on_paper(ana, luc, title)
    lending.narrow_and_withdraw(ana, luc, zoe, title)


def keep_what_one_has(ana: Visitor, browser: Browser, title: str, number: int, place: Path) -> None:
    keeping.keep_things(ana, title)
    keeping.keep_house(ana, 4 + number)
    keeping.be_told_elsewhere(ana)
    keeping.open_elsewhere(ana, browser, "Ana")
    keeping.keep_safe(ana, place / title, title)


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
    keeping.ask_guardians_and_find_the_words(visitor, "Noé")
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
    ana = Visitor(browser, a_home, "es", DESK)
    arriving.set_up(ana, "Ana")
    arriving.found(ana)
    mates: list[Visitor] = []
    for name, language, size in MATES[: len(WALKED)]:
        mate = Visitor(browser, a_home, language, size)
        move_in(ana, mate, name)
        if not mates:
            share_with_the_flat(ana, "Ladder")
        mate.go("/things")
        mate.sees("The flat’s")
        mate.sees("held by %(name)s", name="Ana")
        if mates:
            lend_for_the_flat(mates[0], mate, "Ladder")
        mates.append(mate)
    for what in ("switched-off", "switched-on"):
        ana.go("/flat")
        ana.press("form[action='/flat/switch'] button")
        ana.sees(DONE[what])
    mates[0].wait_for("/", mates[0].say("Hello %(name)s", name=MATES[0][0]))
    assert [] == [each for who in (ana, *mates) for each in who.complaints]


def move_in(ana: Visitor, mate: Visitor, name: str) -> None:
    """By the newer of two links; who had a home elsewhere goes another way to the same room."""
    password = "correct horse"
    ana.go("/flat")
    ana.page.fill("form[action='/flat/add'] input[name=name]", name)
    ana.press("form[action='/flat/add'] button")
    ana.sees(DONE["flatmate-added"])
    older = link_of(ana.home, name)
    ana.press("form[action='/flat/again'] button")
    ana.sees(DONE["flatmate-link"])
    mate.go(older)
    mate.hears("claim-over")
    link = link_of(ana.home, name)
    mate.go(link)
    mate.sees("Welcome to your Open House")
    mate.press("a[href$='/restore']")
    mate.sees("Come back to your home")
    mate.fill(words=words_of(os.urandom(32), mate.language), password=password, again=password)
    mate.press("main form button")
    mate.sees("Choose your backup file, or write your name: the words alone do not know it.")
    mate.go(link)
    mate.fill(name=name, password=password, again=password)
    mate.press("main form button")
    mate.sees("Hello %(name)s", name=name)
    mate.press("form[action='/flat/accept'] button")
    mate.sees(DONE["befriended"])
    mate.press("a[href='/who']")
    mate.press(f"button:has-text('{name}')")
    assert "Canal" in mate.text


def link_of(home: Home, name: str) -> str:
    """The path by which a flatmate comes in."""
    links = [mate["link"] for mate in home.api("GET", "/flatmates") if mate["name"] == name]
    return str(links[0]).removeprefix(home.url)


def share_with_the_flat(ana: Visitor, title: str) -> None:
    ana.go("/things")
    ana.fill(title=title)
    ana.press("form[action='/things'] button")
    ana.press(f".whole:has-text('{title}')")
    ana.press("button[name=whose][value=flat]")
    ana.sees(DONE["flat"])


def lend_for_the_flat(asker: Visitor, mate: Visitor, title: str) -> None:
    """Ana is out: a flatmate says yes for her. At night only: it takes three who live there."""
    asker.wait_for("/browse", title)
    asker.press(f"text={title}")
    asker.fill(**{"from": in_days(2), "to": in_days(3)})
    asker.press("form[action$='/ask'] > button")
    mate.wait_for("/inbox", mate.say("For the flat"))
    mate.press(f"text={title} >> nth=0")
    mate.press("button[value=yes]")
    mate.sees(DONE["answered"])
    said = asker.say("{other} said yes. Say here when you have it.", other="Ana")
    asker.wait_for("/inbox", said)
    asker.press(f"text={title} >> nth=0")
    asker.open("form[action$='/cancel']")
    asker.press("form[action$='/cancel'] button")
    asker.sees(DONE["cancelled"])


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
    arriving.found(visitor)
