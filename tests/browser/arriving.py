"""Walks of the page: how a home and a house begin, and how people come in."""

from __future__ import annotations

from node.web.frame import DONE
from tests.browser.visitors import Visitor

PHONES = {"Luc": "+33 6 12 34 56 78", "Mia": "0033612345678"}
"""One number, which two people share."""


def set_up(visitor: Visitor, name: str) -> None:
    """The first time something is wrong."""
    visitor.sign_in()
    visitor.sees("Welcome to your Open House")
    visitor.fill(name=name, email="no address")
    visitor.page.locator("form[action='/setup']").evaluate("form => form.noValidate = true")
    visitor.press("form[action='/setup'] button")
    visitor.sees("“{email}” is not an e-mail address.", email="no address")
    assert visitor.page.input_value("input[name=name]") == name
    visitor.fill(email=address_of(name), phone=PHONES.get(name, ""))
    visitor.press("form[action='/setup'] button")
    visitor.sees("Hello %(name)s", name=name)


def address_of(name: str) -> str:
    return f"{name[:2].lower()}@example.org"


def found(visitor: Visitor) -> None:
    visitor.page.fill("form[action='/found'] input[name=name]", "Canal")
    visitor.press("form[action='/found'] button")
    visitor.sees(DONE["founded"])


def invite(visitor: Visitor) -> str:
    visitor.go("/friends")
    visitor.press("form[action='/friends/invite'] button")
    assert visitor.page.locator("svg.qr path").count() >= 1
    return visitor.page.input_value("#link")


def join(guest: Visitor, inviter: Visitor, *, slips: bool = False) -> None:
    """The link comes in a letter; who slips copies a part of it first."""
    link = invite(inviter)
    if slips:
        guest.fill(link=link[:-9])
        guest.press("form[action='/join'] button")
        guest.sees(
            "This is not a whole invitation link: copy it again, from “openhouse:” or “https:” to "
            "its end."
        )
    guest.fill(link=f"Come and join us!\n\n{link}")
    guest.press("form[action='/join'] button")
    guest.sees("%(name)s invites you to %(house)s", name="Ana", house="Canal")
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


def befriend_in_one_room(guest: Visitor, member: Visitor, *, is_found: bool) -> None:
    """Six digits on two pages: the first time they are said to differ.

    Args:
        is_found: the homes find each other on the network; else one types the other's address.
    """
    look, digits, other = "form[action='/friends/nearby'] button", ".six-digits", "p.notice"
    member.go("/friends")
    member.press("a[href='/friends/nearby']")
    address = str(member.page.text_content("main code"))
    member.press(look)
    member.sees("Looking for the other home …")
    guest.press("a[href='/friends/nearby']")
    guest.open("input[name=address]")
    guest.fill(address=address)
    guest.press_and_wait(look, "button[name=same]")
    guest.press_and_wait("button[value=no]", other)
    guest.hears("pairing-differs")
    member.wait_for("/friends/nearby", member.say("The homes do not find each other?"))
    member.hears("pairing-differs")

    member.press(look)
    if not is_found:
        guest.open("input[name=address]")
        guest.fill(address=address)
    guest.press_and_wait(look, "button[name=same]")
    guest.sees("Is this code on both pages?")
    member.page.locator("button[name=same]").first.wait_for()
    code = guest.page.inner_text(digits)
    assert len(code.replace(" ", "")) == 6
    assert code == member.page.inner_text(digits)
    guest.page.click("button[value=yes]")
    member.press_and_wait("button[value=yes]", f"{other} a[href='/friends']")
    member.sees("You and %(name)s are friends now.", name="Zoé")
    guest.page.locator(f"{other} a[href='/friends']").wait_for()
    guest.sees("You and %(name)s are friends now.", name="Luc")


def see_first_things(newcomer: Visitor, title: str) -> None:
    """The house is not empty; what cannot be asked for yet says why, and what opens it."""
    newcomer.wait_for("/", title)
    newcomer.sees("Around you")
    newcomer.press(f"text={title}")
    newcomer.sees("Not open to you yet")
    newcomer.hears("second-seat-missing", seats=2)
    newcomer.sees("Open an invitation")


def answer_for_a_guest(sponsor: Visitor, name: str) -> None:
    """What answering for a newcomer means; the two have met, and their address was looked at."""
    sponsor.wait_for("/house", sponsor.say("Candidates among my friends"))
    assert sponsor.begin("You answer for {name} until {until}.", "until", name=name) in sponsor.text
    sponsor.go("/friends")
    sponsor.press(f"main .whole:has-text('{name}')")
    sponsor.open("form[action$='/checked']")
    sponsor.fill(email=address_of(name))
    sponsor.press("form[action$='/checked'] button")
    sponsor.sees(DONE["changed"])
    sponsor.sees("{by} met {name} and checked the e-mail address.", by="Luc", name=name)


def let_two_share_a_number(visitor: Visitor) -> None:
    """Luc and Mia have one telephone: that is all right."""
    says = "{name} gives the same phone number as {other}, who was here before."
    visitor.wait_for("/house", visitor.say(says, name="Mia", other="Luc"))
    visitor.press("form[action='/house/accept'] button")
    visitor.sees(DONE["changed"])


def share_what_is_copied(visitor: Visitor, title: str, friend: str) -> None:
    """A file goes with it, under a licence; one friend alone sees it."""
    form = "form[action='/things']"
    visitor.go("/things")
    visitor.fill(title=title)
    visitor.page.select_option(f"{form} select[name=kind]", "copy")
    visitor.fill(licence="CC BY")
    visitor.open("select[name=category]")
    visitor.page.select_option(f"{form} select[name=category]", "music")
    visitor.choose(f"{form} input[name=file]", "songs.txt", "text/plain", b"La la la.")
    only_through(visitor, friend)
    visitor.press(f"{form} button")
    visitor.sees("only through %(names)s", names=friend)


def share_with_friends(visitor: Visitor, title: str) -> None:
    """What stands there before anything is chosen."""
    visitor.go("/things")
    visitor.fill(title=title)
    visitor.press("form[action='/things'] button")
    visitor.sees(DONE["added"])


def show_to_one(visitor: Visitor, title: str, friend: str) -> None:
    """What all friends saw is seen by one of them alone."""
    visitor.go("/things")
    visitor.press(f".whole:has-text('{title}')")
    only_through(visitor, friend)
    visitor.press("main form:not([action$='/withdraw']) > button")
    visitor.sees("only through %(names)s", names=friend)


def only_through(visitor: Visitor, friend: str) -> None:
    visitor.open("input[name=only_through]")
    visitor.page.check(f"label:has-text('{friend}') input[name=only_through]")
