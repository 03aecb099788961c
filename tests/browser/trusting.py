"""Walks of the page: answering for somebody, quarrelling, and who settles it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from node import succession
from node.web.frame import DONE
from tests.browser.lending import rate
from tests.browser.visitors import Visitor, in_days


def go_to_friend(visitor: Visitor, name: str) -> None:
    if visitor.path != "/friends":  # where most of what is done there leads back to
        visitor.go("/friends")
    visitor.press(f"main .whole:has-text('{name}')")


def answer_for(visitor: Visitor, name: str) -> None:
    go_to_friend(visitor, name)
    visitor.open("form[action$='/validation']")
    visitor.press("form[action$='/validation'] button")
    visitor.sees(DONE["changed"])
    visitor.sees("you answer for them")


def be_asked_each_time(visitor: Visitor, name: str) -> None:
    """No standing word any more; other ways to pass on unasked, tried and left."""
    go_to_friend(visitor, name)
    visitor.open("form[action$='/validation']")
    visitor.press("form[action$='/validation'] button")
    visitor.sees(DONE["changed"])
    assert visitor.say("you answer for them") not in visitor.text
    for form, field, value in (("rule", "rule", "always"), ("capacity", "units", "3")):
        go_to_friend(visitor, name)
        visitor.open(f"form[action$='/{form}']")
        visitor.page.select_option(f"select[name={field}]", value)
        visitor.press(f"form[action$='/{form}'] button")
        visitor.sees(DONE["changed"])
    go_to_friend(visitor, name)
    assert visitor.page.input_value("select[name=rule]") == "always"
    visitor.open("form[action$='/rule']")
    visitor.page.select_option("select[name=rule]", "ask")
    visitor.press("form[action$='/rule'] button")
    visitor.open("form[action='/friends/pass-on']")
    visitor.page.select_option("select[name=confiance]", "4")
    visitor.press("form[action='/friends/pass-on'] button")
    assert visitor.page.input_value("select[name=confiance]") == "4"
    visitor.open("form[action='/friends/pass-on']")
    visitor.page.select_option("select[name=confiance]", "")
    visitor.press("form[action='/friends/pass-on'] button")


def keep_a_friendship_quiet(visitor: Visitor, name: str) -> None:
    """Only the two know of it; then others may again."""
    for word in ("no", "yes"):
        go_to_friend(visitor, name)
        visitor.open("form[action$='/show']")
        visitor.press(f"button[name=shows][value={word}]")
        is_quiet = visitor.say("discreet") in visitor.text
        assert is_quiet == (word == "no")


def copy_a_file(ana: Visitor, mia: Visitor, title: str) -> str:
    """Found by its sort, its dates and how near it is; its file comes by itself. The loan."""
    ana.go("/browse")
    ana.open("select[name=circles]")
    ana.fill(query=title, **{"from": in_days(2), "to": in_days(3)})
    ana.page.select_option("form.search select[name=category]", "music")
    ana.page.select_option("form.search select[name=circles]", "1")
    ana.press("form.search > button")
    assert ana.page.locator("main .whole").count() == 1
    ana.press(f"text={title}")
    ana.fill(**{"from": in_days(2), "to": in_days(3)})
    ana.press("form[action$='/ask'] > button")
    mia.wait_for("/inbox", mia.say("{other} asks you.", other="Ana"))
    mia.press(f"text={title}")
    mia.sees("Yes, give a copy of “{title}”", title=title)
    mia.press("button[value=yes]")
    place = mia.path
    ana.wait_for(place, ana.say("Store it"))
    assert ana.download("a[download]") == b"La la la."
    ana.press("form[action$='/return'] button")
    ana.sees(DONE["returned"])
    return place


def quarrel(ana: Visitor, mia: Visitor, luc: Visitor, place: str, *, settled: bool) -> None:
    """What was unkind goes to who answers for Mia first, and is told as he finds it."""
    rate(ana, 2, "rude")
    ana.hears("mediator-needed", names="Luc")
    ana.open("select[name=mediator]")
    ana.page.select_option("select[name=mediator]", label="Luc")
    ana.page.fill("form[action$='/rate'] textarea", "She shouted at me.")
    ana.press("form[action$='/rate'] button")
    ana.sees("It waits for {name}, who mediates: until then nobody is told.", name="Luc")
    mia.wait_for(place, mia.say("It is done. How did it go with {other}?", other="Ana"))
    rate(mia, 9)
    asked = "{by} asks you to mediate with {about}, before anything is told."
    luc.wait_for("/inbox", luc.say(asked, by="Ana", about="Mia"))
    luc.sees("there were unkind words or manners")
    assert "She shouted at me." in luc.text
    luc.press(f"button[value={'settled' if settled else 'stands'}]")
    luc.sees(DONE["answered"])
    ending = "{name}, who mediated, lets it stand."
    if settled:
        ending = "{name}, who mediated, says that it is settled: it is shown as made good."
    ana.wait_for(place, ana.say(ending, name="Luc"))
    if not settled:
        mia.wait_for(place, mia.say("there were unkind words or manners"))
    ana.wait_for(place, ana.say("Take back what you said"))
    ana.open("form[action$='/take-back']")
    ana.press("form[action$='/take-back'] button")
    ana.sees(DONE["taken-back"])
    mia.wait_for(place, mia.say("%(name)s took it back.", name="Ana"))


def name_guardians(ana: Visitor, names: tuple[str, str]) -> None:
    """One alone is too few; those who are named stand on the page to print."""
    for chosen in (names[:1], names):
        if chosen == names[:1]:
            ana.go("/safekeeping")
            ana.open("input[name=guardians]")
        for name in names:
            box = ana.page.locator(f"label:has-text('{name}') input[name=guardians]")
            box.set_checked(name in chosen)
        ana.press("form[action='/safekeeping/guardians'] button")
        if chosen != names:
            ana.hears("too-few-guardians", needed=2)
    ana.sees(DONE["changed"])
    ana.press("a[href='/safekeeping/kit']")
    ana.sees("When the computer is broken, lost or stolen")
    ana.sees("{some} and {last}", some=names[0], last=names[1])


def come_back_by_their_word(guardians: tuple[Visitor, Visitor], member: str, home: Path) -> None:
    """Ana has lost words and computer: the two of them give her new keys together."""
    asked: Any = succession.ask_guardians(home, member, "Ana", "en")
    answers = []
    for guardian in guardians:
        guardian.wait_for("/safekeeping", guardian.say("A friend of yours has lost everything?"))
        guardian.open("textarea[name=request]")
        guardian.fill(request=asked["request"])
        guardian.press("form[action='/safekeeping/approve'] button")
        guardian.sees(
            "Send this answer to %(name)s. It takes those of %(count)s guardians.",
            name="Ana", count=2,
        )  # fmt: skip
        answers.append(guardian.page.input_value("textarea[readonly]"))
    found: Any = succession.take_approvals(home, answers)
    assert found["member"] == member
