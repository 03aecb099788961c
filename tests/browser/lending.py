"""Walks of the page: what is lent, from the asking to the word on how it went."""

from __future__ import annotations

import io

from PIL import Image

from node.web.frame import DONE
from node.web.render import Words
from tests.browser.visitors import Visitor, in_days, plain

LETTER = "Hello {holder}, may I borrow “{title}”? I will look after it well. {me}"


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "PNG")
    return out.getvalue()


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


def ask_through(zoe: Visitor, between: dict[str, Visitor], ana: Visitor, title: str) -> str:
    """Circle 2 is closed to Zoé still: only the word of whoever stands between opens it.

    The first time that is not given, and Zoé takes her request back.

    Returns: who stands between.
    """
    zoe.wait_for("/browse", title)
    zoe.press(f"text={title}")
    name = next(each for each in between if zoe.say("through {name}", name=each) in zoe.text)
    assert zoe.page.locator("ol.path li").all_inner_texts() == ["Ana", name, zoe.say("you")]
    friend = between[name]
    says = friend.say("{borrower} asks {holder}, through you.", borrower="Zoé", holder="Ana")
    for step in ("not now", "passed on"):
        written = plain(zoe.page.input_value("textarea[name=message]"))
        assert written == zoe.say(LETTER, holder="Ana", title=title, me="Zoé")
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
        friend.wait_for("/inbox", says)
        friend.press(f"text={title}")
        friend.sees("Do you pass it on?")
        if step == "not now":
            friend.press("form[action$='/pass-on'] button[value=no]")
            friend.sees(DONE["set-aside"])
            zoe.open("form[action$='/cancel']")
            zoe.press("form[action$='/cancel'] button")
            zoe.sees(DONE["cancelled"])
            zoe.go("/browse")
            zoe.press(f"text={title}")
    place = zoe.path
    friend.press("form[action$='/pass-on'] button[value=yes]")
    friend.sees(DONE["passed-on"])
    ana.wait_for("/inbox", ana.say("{other} asks you.", other="Zoé"))
    ana.press(f"text={title}")
    ana.sees("Do not lend “{title}” this time", title=title)
    ana.press("button[value=no]")
    ana.sees(DONE["answered"])
    zoe.wait_for(place, zoe.say("The answer was no."))
    return name


def ask_unasked(zoe: Visitor, friend: str, ana: Visitor, title: str) -> str:
    """A friend answers for Zoé: her request goes on by itself. Returns its place."""
    says = "%(name)s answers for you: you can ask %(name)s's friends for their things."
    zoe.wait_for("/trust", zoe.say(says, name=friend))
    zoe.go("/browse")
    zoe.press(f"text={title}")
    zoe.fill(**{"from": in_days(40), "to": in_days(42)})
    zoe.press("form[action$='/ask'] > button")
    zoe.sees(DONE["asked"])
    ana.wait_for("/inbox", ana.say("{other} asks you.", other="Zoé"))
    ana.sees("Recommended by {names}.", names=friend)
    ana.press(f"text={title}")
    ana.press("button[value=yes]")
    ana.sees(DONE["answered"])
    return ana.path


def wait_in_line(luc: Visitor, ana: Visitor, zoe: Visitor, title: str, taken: str) -> str:
    """Luc asks for days that Zoé has, and waits in case it comes free. Returns his loan's place."""
    luc.wait_for("/browse", title)
    luc.press(f"text={title}")
    luc.wait_for(luc.path, luc.say("Not on these dates:"))
    luc.sees("your friend")
    luc.fill(**{"from": in_days(42), "to": in_days(40), "message": "For my sister's wedding?"})
    luc.page.check("input[name=queue]")
    luc.press("form[action$='/ask'] > button")
    luc.hears("end-before-start", start=in_days(42), end=in_days(40))
    assert luc.page.input_value("textarea[name=message]") == "For my sister's wedding?"
    luc.fill(**{"from": in_days(40), "to": in_days(42)})
    luc.press("form[action$='/ask'] > button")
    luc.sees("You asked {other}. There is no answer yet.", other="Ana")

    ana.wait_for("/inbox", ana.say("{other} asks you.", other="Luc"))
    ana.press(f"text={title}")
    assert not ana.page.is_visible("button[value=yes]"), "it is taken"
    place = ana.path
    zoe.go(taken)
    zoe.sees("{other} said yes. Say here when you have it.", other="Ana")
    zoe.open("form[action$='/cancel']")
    zoe.press("form[action$='/cancel'] button")
    zoe.sees(DONE["cancelled"])
    ana.wait_for(place, ana.say("Your answer"))
    assert "For my sister's wedding?" in ana.text
    return place


def agree(ana: Visitor, luc: Visitor, title: str) -> None:
    """Ana proposes other days, and Luc takes them."""
    ana.sees("Propose other dates for “{title}”", title=title)
    ana.open("button[value=counter]")
    ana.fill(**{"from": in_days(43), "to": in_days(45)})
    ana.press("button[value=counter]")
    luc.wait_for("/inbox", luc.say("{other} proposes other dates.", other="Ana"))
    luc.press(f"text={title}")
    luc.sees("Take “{title}” on these dates", title=title)
    luc.press("button[value=yes]")
    says = "You said yes to {other}. Say here when you have handed it over."
    ana.wait_for("/inbox", ana.say(says, other="Luc"))


def lend(ana: Visitor, luc: Visitor, place: str) -> None:
    """Handed over, photographed, kept longer, damaged, brought back."""
    ana.go(place)
    ana.open("input[name=photo]")
    photo = "form[action$='/hand-over'] input[name=photo]"
    ana.choose(photo, "before.png", "image/png", picture())
    ana.press("form[action$='/hand-over'] button")
    ana.sees("{other} has it. Say here when it is back.", other="Luc")
    ana.sees("Kept at your home alone.")
    ana.press("form[action$='/photos'] button")
    ana.sees(DONE["photos"])
    assert not ana.page.is_visible("button[name=gone]")
    luc.wait_for(place, luc.say("You have it. Say here when you have brought it back."))

    luc.sees("Keep it longer, or less long")
    luc.open("form[action$='/end']")
    luc.fill(to=in_days(50))
    luc.press("form[action$='/end'] button")
    luc.sees("You asked {other} to keep it until another day.", other="Ana")
    ana.wait_for(place, ana.say("{other} asks to keep it until another day.", other="Luc"))
    ana.press("button[value=yes]")
    luc.wait_for(place, luc.say("Keep it longer, or less long"))
    days = {"from": in_days(43), "to": in_days(50)}
    assert plain(Words(luc.language).dates(days)) in luc.text
    luc.sees("Lost or damaged?")
    luc.open("button[value=damaged]")
    luc.press("button[value=damaged]")
    luc.sees("You said that it was damaged.")
    ana.wait_for(place, ana.say("{other} says that it was damaged.", other="Luc"))
    luc.press("form[action$='/return'] button")


def say_how_it_went(ana: Visitor, luc: Visitor, title: str, place: str) -> None:
    """Neither sees the other's answer first. A bad one is replied to, and made good."""
    rate(luc, 9)
    luc.sees("You say")
    hers = luc.say("%(name)s says", name="Ana")
    assert hers not in luc.text
    ana.wait_for("/inbox", ana.say("It is back. How did it go with {other}?", other="Luc"))
    ana.press(f"text={title}")
    rate(ana, 8, "damaged")
    luc.wait_for(place, hers)
    luc.sees("it was damaged")
    luc.open("form[action$='/reply']")
    luc.page.fill("form[action$='/reply'] textarea", "There are new strings on it.")
    luc.press("form[action$='/reply'] button")
    luc.sees("You reply")
    ana.wait_for(place, "There are new strings on it.")
    ana.press("form[action$='/repaired'] button")
    ana.sees(DONE["repaired"])
    luc.wait_for(place, luc.say("{other} says that it was made good. Thank you.", other="Ana"))
    luc.go("/trust")
    luc.sees("Whom you can ask for things. It opens step by step, with exchanges that go well. "
             "Nobody is ranked.")  # fmt: skip


def rate(visitor: Visitor, respect: int, fault: str = "") -> None:
    """As agreed, unless something is to be said against it."""
    visitor.page.check(f"input[name=confiance][value='{0 if fault else 1}']")
    visitor.page.select_option("select[name=fault]", fault)
    visitor.page.click(f"label:has(input[name=respect][value='{respect}'])")
    visitor.press("form[action$='/rate'] button")


def look_for_and_lend_on_paper(ana: Visitor, luc: Visitor, title: str) -> None:
    """What a search does not find is looked for."""
    luc.go("/browse")
    luc.fill(query=f"A case for: {title}")
    luc.press("form.search > button")
    luc.sees("Nothing fits. Try another word, other dates, or a wider circle.")
    assert luc.page.input_value("input[name=wanted]") == f"A case for: {title}"
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


def lend_what_is_there_already(ana: Visitor, luc: Visitor, title: str) -> None:
    """Ana has it already; Luc wants it back sooner; it is lost, and turns up. At night only."""
    ana.wait_for("/browse", title)
    ana.press(f"text={title}")
    ana.open("input[name=happened]")
    ana.page.check("input[name=happened]")
    ana.fill(**{"from": in_days(-2), "to": in_days(9)})
    ana.press("form[action$='/ask'] > button")
    ana.press(f"text={title} >> nth=0")
    place = ana.path
    luc.wait_for(place, luc.say("Your answer"))
    luc.press("button[value=yes]")
    ana.wait_for(place, ana.say("I have it"))
    ana.press("form[action$='/hand-over'] button")
    luc.wait_for(place, luc.say("You need it back by another day?"))
    luc.open("form[action$='/end']")
    luc.fill(to=in_days(5))
    luc.press("form[action$='/end'] button")
    luc.sees("You asked {other} to bring it back by another day.", other="Ana")
    ana.wait_for(place, ana.say("{other} asks to have it back by another day.", other="Luc"))
    ana.press("button[value=no]")
    ana.open("button[value=lost]")
    ana.press("button[value=lost]")
    luc.wait_for(place, luc.say("Did it turn up?"))
    luc.press("form[action$='/return'] button")
    luc.sees(DONE["returned"])
    rate(luc, 7)
    ana.wait_for(place, ana.say("You brought it back. How did it go with {other}?", other="Luc"))
    rate(ana, 10)
    ana.sees(DONE["both-rated"])
