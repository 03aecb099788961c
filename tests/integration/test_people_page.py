"""Who sees my things, who somebody is, why a request stands where it does: as the page says it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from node.api.protocols import LinkState
from node.engine import views
from node.engine.commands import AddThing, Ask, SetThing, ShowFriendship
from protocol.errors import Refused
from protocol.invitations import decode_link
from simulations.street import DAY, DAY_MS, Street
from tests.page_street import Reader, Served, StreetNode, live_here, make_street, served

PEOPLE = ("Ana", "Luc", "Marie", "Karim", "Sofía", "Hugo")
"""Ana's friends are Luc, Marie and Karim; Sofía is Luc's and Marie's, Hugo is Sofía's."""
FRIENDSHIPS = [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (4, 5)]


@pytest.fixture(scope="module")
def home() -> Iterator[Served]:
    street = make_street(FRIENDSHIPS, PEOPLE)
    for number in range(1, 6):
        street.run(number, AddThing(f"Thing of {PEOPLE[number]}", circles=3))
    with served(StreetNode(street)) as page:
        yield page


@pytest.fixture(scope="module")
def ana(home: Served) -> Reader:
    return Reader(home)


def street_of(home: Served) -> Street:
    return home.node.street


def text_of(ana: Reader, path: str) -> str:
    status, text = ana.get(path)
    assert 200 == status
    return " ".join(unescape(text).split())


def test_each_circle_says_how_many_people_it_is_today(home: Served, ana: Reader) -> None:
    """By the certificates of this home: three friends, Sofía behind them, Hugo behind her."""
    assert [3, 4, 5] == views.people_within(street_of(home).core(0))
    text = text_of(ana, "/things")
    for words in ("3 people today", "4 people today", "5 people today"):
        assert words in text


def test_my_things_are_seen_as_any_friend_sees_them(home: Served, ana: Reader) -> None:
    """Exactly what that friend's own home shows; and whether it goes on from there."""
    street = street_of(home)

    def share(title: str, **fields: Any) -> str:
        return str(street.run(0, AddThing(title, **fields))["thing"])

    share("Drill", circles=2)
    share("Tent", circles=1)
    share("Secret plan", circles=0)
    only = share("Rope", circles=3, only_through=(street.id(3).hex(),))
    for number in (1, 2, 3):
        shown = views.seen_by(street.core(0), street.id(number).hex())
        there = views.browse(street.core(number), lambda refusal: refusal.code)
        at_theirs = sorted(
            str(row["title"])
            for row in there
            if isinstance(row, dict) and row["holder"] == street.id(0).hex()
        )
        rows: Any = shown["seen"]
        assert at_theirs == sorted(row["title"] for row in rows), PEOPLE[number]

    text = text_of(ana, f"/things/as?friend={street.id(1).hex()}")
    seen, _, hidden = text.partition("Not seen by Luc")
    assert [True, True, False] == [
        f"<strong>{t}</strong>" in seen for t in ("Drill", "Tent", "Rope")
    ]
    assert "Luc’s friends may see it too" in seen
    assert "it ends with Luc" in seen
    assert "only through Karim" in hidden
    assert "Nobody yet: a draft" in hidden
    # Kept between the two, nothing goes on.
    street.run(0, ShowFriendship(street.id(1).hex(), False))
    assert "friends may see it too" not in text_of(ana, f"/things/as?friend={street.id(1).hex()}")
    street.run(0, ShowFriendship(street.id(1).hex(), True))
    street.run(0, SetThing(only, circles=0))


def test_only_a_friend_s_eyes_can_be_borrowed(home: Served, ana: Reader) -> None:
    for who in (street_of(home).id(4).hex(), "", "zz"):
        status, text = ana.get(f"/things/as?friend={who}")
        assert status in (400, 404, 409), who
        assert "<h1>" in text
    with pytest.raises(Refused):
        views.seen_by(street_of(home).core(0), street_of(home).id(4).hex())


def test_the_first_screen_shows_what_friends_share(home: Served, ana: Reader) -> None:
    text = text_of(ana, "/")
    assert "Around you" in text
    assert "Thing of Luc" in text
    # Nobody shares anything yet: it is said what will come, and what one can do.
    empty = make_street([(0, 1)], ("Ana", "Luc"))
    with served(StreetNode(empty)) as page:
        assert "What your friends share comes here by itself" in text_of(Reader(page), "/")


def test_the_letter_is_begun_and_may_be_changed(home: Served, ana: Reader) -> None:
    street = street_of(home)
    (thing,) = [
        row
        for row in views.browse(street.core(0), lambda refusal: refusal.code)
        if isinstance(row, dict) and row["holder_name"] == "Luc"
    ]
    place = f"/thing/{thing['thing']}@{thing['holder']}"
    assert "Hello Luc, may I borrow “Thing of Luc”? I will look after it well. Ana" in text_of(
        ana, place
    )
    # What was written is kept when something was wrong.
    status, text = ana.post(f"{place}/ask", place, message="Just me.", **{"from": "", "to": ""})
    assert 400 <= status < 500
    assert ">Just me.</textarea>" in text


def test_a_home_that_sleeps_is_said_to_and_a_person_is_known_by_what_happened(
    home: Served, ana: Reader
) -> None:
    street = street_of(home)
    street.core(0).link_ids.pop(street.id(3), None)
    home.node.link_states[street.id(3)] = LinkState(street.now_ms - 40 * DAY_MS)
    text = text_of(ana, "/friends")
    assert "home asleep since " in text
    assert "What I know" in text_of(ana, f"/friends/{street.id(2).hex()}")
    text = text_of(ana, f"/people/{street.id(4).hex()}")
    # The thing of Sofía's came by one of two ways, and that one is named.
    assert ("friend of Luc" in text) != ("friend of Marie" in text)
    assert "Nothing is known of any loan of Sofía's yet." in text


def test_requests_stand_by_respect_then_common_ground_each_with_its_reason() -> None:
    """Nothing is counted aloud: who it went well with is named."""
    street = make_street()
    live_here(street)
    tent = next(
        row["thing"] for row in views.things(street.core(0))
        if isinstance(row, dict) and row["title"] == "Tent for four"
    )  # fmt: skip
    first = (street.now_ms // DAY_MS + 30) * DAY
    street.run(1, Ask(str(tent), first, first + DAY, "Again?"))
    with served(StreetNode(street)) as page:
        reader = Reader(page)
        text = text_of(reader, "/inbox").partition("Under way")[0]
        luc, karim = text.index("Luc asks you"), text.index("Karim asks you")
        assert luc < karim, "the newest first is Luc, and it went well with Luc"
        assert "It went well with Ana, who lent something to Luc." in text
        assert "Nobody within two steps of you has said yet that it went well with Karim." in text
        assert "You decide, in any order." in text
        loan = next(
            str(row["loan"]) for row in views.loans(street.core(0))
            if isinstance(row, dict) and row["message"] == "Again?"
        )  # fmt: skip
        text = text_of(reader, f"/loans/{loan}")
        for words in (
            "Yes, lend “Tent for four”",
            "Do not lend “Tent for four” this time",
            "Propose other dates for “Tent for four”",
        ):
            assert words in text


def test_an_invitation_says_who_invites_and_what_it_means_before_anything_is_sent(
    home: Served, ana: Reader
) -> None:
    """Pasted with the letter around it; one more press joins."""
    text = unescape(ana.post("/friends/invite", "/friends")[1])
    found = re.search(r'href="(mailto:[^"]*)"', text)
    assert found is not None
    letter = parse_qs(urlsplit(found[1]).query)
    assert ["An invitation to town"] == letter["subject"]
    link = letter["body"][0].rpartition("\n")[2]
    assert "Ana" == decode_link(link).inviter_name

    street = street_of(home)
    with served(StreetNode(street, number=5)) as other:
        hugo = Reader(other)
        before = len(street.core(5).friends)
        fields = {"link": letter["body"][0]}
        text = " ".join(unescape(hugo.post("/friends/join", "/friends", **fields)[1]).split())
        assert "Ana invites you to town" in text
        assert "What cannot be undone: what others have seen, they have seen." in text
        assert before == len(street.core(5).friends)
        status, text = hugo.post("/friends/join", "/friends", link=letter["body"][0][:-4])
        assert 400 <= status < 500
        assert "not a whole invitation link" in unescape(text)


def test_names_stand_in_the_order_people_expect() -> None:
    """Accents do not send anybody to the end of a list."""
    street = make_street([(0, 1), (0, 2), (0, 3)], ("Ana", "Zoé", "Ève", "luc"))
    rows: Any = views.friends(street.core(0))
    assert ["Ève", "luc", "Zoé"] == [row["name"] for row in rows]
