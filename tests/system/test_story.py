"""The story of the seed, with real processes: a guitar travels exactly as far as it may.

Ana's flat, her washing machine, her guitar and the rest are listed in circles 1, 2 and
3. Bruno is her friend, Chloé is Bruno's, David is Chloé's: A - B - C - D. Farid founded
the house with Bruno; Gaëlle is a friend of both: they are the second sponsors.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from protocol.invitations import decode_link, encode_link
from tests.system.town import Town, days_ahead, found_town, part, verbs, wait_state

if TYPE_CHECKING:
    from tests.system.conftest import House, Street

pytestmark = [
    pytest.mark.usefixtures("unmeasured"),
    pytest.mark.system,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]

# The seed's seven things: how they are lent, and how many circles may see them.
THINGS = {
    "appartement": ("stay", 1),
    "machine à laver": ("spot", 1),
    'écran 22"': ("spot", 1),
    "livres": ("object", 2),
    "DVD": ("object", 2),
    "guitare": ("object", 3),
    "wifi": ("spot", 3),
}


def list_things(town: Town) -> None:
    for title, (kind, circles) in THINGS.items():
        flags = ("--kind", kind, "--circles", str(circles))
        town.ana.openhouse("things", "add", title, *flags)


def expected_at(distance: int, path: str) -> dict[str, str]:
    return {title: path for title, (_, circles) in THINGS.items() if circles >= distance}


def borrow_well(
    town: Town,
    borrower: House,
    holder: House,
    loan: str,
    between: tuple[House, ...] = (),
    *,
    with_power_cut: bool = False,
) -> None:
    """An asked loan goes as agreed, and both say so; power cuts change nothing."""
    street = town.street
    for house in between:
        what = f"{house.name} is asked to pass the request on"
        street.wait(what, ["recommend"], verbs, house, loan)
        house.openhouse("recommend", loan[:10], "yes")
    street.wait(f"the request reaches {holder.name}", ["answer"], verbs, holder, loan)
    assert holder.openhouse("answer", loan, "yes")["state"] == "agreed"
    wait_state(street, borrower, loan, "agreed")
    if with_power_cut:
        borrower.kill()
    holder.openhouse("handover", loan)
    if with_power_cut:
        borrower.start()
    wait_state(street, borrower, loan, "handed_over")
    borrower.openhouse("return", loan)
    wait_state(street, holder, loan, "returned")
    borrower.openhouse("rate", loan, "--confiance", "1", "--respect", "9")
    # Blind: the holder does not see it before having rated as well.
    assert holder.loan(loan)["rated_by_other"] is None
    holder.openhouse("rate", loan, "--confiance", "1", "--respect", "8")
    for house in (borrower, holder):
        wait_state(street, house, loan, "rated")


def trust_of(viewer: House, member: House) -> tuple[int, float | None, int]:
    seen = viewer.get(f"/trust/{member.member}")
    return seen["confiance"], seen["respect"], seen["circles_open"]


def counts_of(viewer: House, member: House) -> tuple[int, int]:
    confiance, _, circles_open = trust_of(viewer, member)
    return confiance, circles_open


def sees(house: House, title: str) -> bool:
    return title in house.seen()


def test_the_story_of_the_seed(street: Street) -> None:
    """A house of six real nodes lives the seed's story from founding to falling out."""
    town = found_town(street)
    list_things(town)
    everybody_sees_what_is_within_reach(town)
    chloe_cannot_ask_yet(town)
    two_good_loans_with_friends_open_circle_2(town)
    the_guitar_is_asked_for_lent_returned_and_rated(town)
    nobody_was_refused_anything(town)
    three_members_change_a_rule_of_the_house(town)
    narrowing_and_falling_out_reach_everybody(town)
    everything_is_on_disk(town)


def everybody_sees_what_is_within_reach(town: Town) -> None:
    for house, distance, path in (
        (town.bruno, 1, "A B"),
        (town.chloe, 2, "A B C"),
        (town.david, 3, "A B C D"),
        (town.farid, 2, "A B F"),
        (town.gaelle, 2, "A B G"),
    ):
        what = f"{house.name} sees Ana's things in circle {distance}"
        town.street.wait(what, expected_at(distance, path), town.seen_by, house)
        why = house.openhouse("why", house.listing("wifi")["thing"])
        assert why["verified"], why["problem"]
        assert len(why["certificates"]) == 2 * distance
    assert town.seen_by(town.ana) == {}


def three_members_change_a_rule_of_the_house(town: Town) -> None:
    """Spec §9.6: it is shown, signed by three and a founder, and holds where nobody signed."""
    rules = town.chloe.home / "rules.toml"
    rules.write_text('request_window_ms = "10d"\nseats = 2\n')
    change = town.chloe.openhouse("house", "propose", str(rules))
    assert "ends after 10 days" in change["changes"][0]["then"]
    for house, state in ((town.ana, "open"), (town.bruno, "in_force")):
        town.street.wait(f"{house.name} hears of it", [change["proposal"]], proposals_of, house)
        signed = house.openhouse("house", "approve", change["proposal"][:8])
        assert signed["state"] == state
    for house in town.street.houses:
        town.street.wait(f"{house.name} goes by it", 10 * 86_400_000, window_of, house)


def proposals_of(house: House) -> list[str]:
    return [row["proposal"] for row in house.get("/house/proposals")]


def window_of(house: House) -> int:
    rules = {rule["name"]: rule["value"] for rule in house.get("/house")["charter"]}
    return int(rules["request_window_ms"])


def chloe_cannot_ask_yet(town: Town) -> None:
    """Distance 2, first circle only: she is told what is missing."""
    guitar = town.chloe.listing("guitare")
    assert (guitar["distance"], guitar["can_ask"]) == (2, False)
    assert guitar["why_not"]["code"] == "circle-closed"
    refusal = town.chloe.refusal("ask", guitar["thing"], *days_ahead(20, 24))
    assert refusal.code == "circle-closed"
    assert "2 more people" in refusal.message
    assert town.ana.get("/loans") == []


def two_good_loans_with_friends_open_circle_2(town: Town) -> None:
    street, bruno, chloe, david = town.street, town.bruno, town.chloe, town.david
    bruno.openhouse("things", "add", "perceuse", "--circles", "1")
    chloe.openhouse("things", "add", "vélo", "--circles", "1")
    street.wait("Chloé sees Bruno's drill", True, sees, chloe, "perceuse")
    street.wait("David sees Chloé's bicycle", True, sees, david, "vélo")

    drill = chloe.listing("perceuse")["thing"]
    loan = chloe.openhouse("ask", drill, *days_ahead(3, 4), "--message", "Pour une étagère")["loan"]
    borrow_well(town, chloe, bruno, loan)
    assert trust_of(chloe, chloe) == (1, None, 1)

    bicycle = david.listing("vélo")["thing"]
    loan = david.openhouse("ask", bicycle, *days_ahead(3, 4))["loan"]
    borrow_well(town, david, chloe, loan, with_power_cut=True)
    street.wait("circle 2 is open to Chloé", (2, 2), counts_of, chloe, chloe)


def the_guitar_is_asked_for_lent_returned_and_rated(town: Town) -> None:
    street, ana, bruno, chloe = town.street, town.ana, town.bruno, town.chloe
    guitar = chloe.listing("guitare")
    assert (guitar["can_ask"], guitar["why_not"]) == (True, None)
    dates = days_ahead(20, 24)
    loan = chloe.openhouse("ask", guitar["thing"], *dates, "--message", "Pour une fête")["loan"]
    # David is on the other side: nothing of it is his.
    borrow_well(town, chloe, ana, loan, between=(bruno,))
    assert town.david.state_of(loan) is None

    for viewer in street.houses:
        for member, expected in ((chloe, (3, 2)), (ana, (1, 1))):
            what = f"{viewer.name} knows of {member.name}'s exchanges"
            street.wait(what, expected, counts_of, viewer, member)
    # Three people have said how it was with Chloé: near or far, to a half.
    for viewer in street.houses:
        assert trust_of(viewer, chloe)[1] in (7.5, 8.0)
        assert trust_of(viewer, ana)[1] is None


def nobody_was_refused_anything(town: Town) -> None:
    """Honest nodes never send each other what must be refused."""
    for house in town.street.houses:
        assert house.rejects() == {}, f"{house.name}\n{town.street.stderr()}"


def narrowing_and_falling_out_reach_everybody(town: Town) -> None:
    """Ana narrows the guitar, Bruno ends with Chloé, and David misses all of it."""
    street, ana, chloe, david = town.street, town.ana, town.chloe, town.david
    david.kill()
    guitar = next(thing for thing in ana.get("/things") if thing["title"] == "guitare")
    assert ana.openhouse("things", "set", guitar["thing"], "--circles", "1")["circles"] == 1
    near = dict.fromkeys(THINGS, "A B")
    far = dict.fromkeys(("livres", "DVD", "wifi"), "A B C")
    street.wait("Bruno keeps the guitar", near, town.seen_by, town.bruno)
    street.wait("Chloé loses the guitar", far, town.seen_by, chloe)
    david.start()
    street.wait("David loses it too", {"wifi": "A B C D"}, town.seen_by, david)

    david.kill()
    part(street, town.bruno, chloe)
    street.wait("Chloé loses all of Ana's things", {}, town.seen_by, chloe)
    david.start()
    street.wait("David loses all of Ana's things", {}, town.seen_by, david)
    assert town.seen_by(town.bruno) == near
    assert chloe.seen() == {}
    assert set(david.seen()) == {"vélo"}


def everything_is_on_disk(town: Town) -> None:
    """All nodes end and start again: from the disk alone they are where they were."""
    before = [what_it_knows(house) for house in town.street.houses]
    for house in town.street.houses:
        assert house.stop() == 0
    for house in town.street.houses:
        house.start()
    for house, known in zip(town.street.houses, before, strict=True):
        assert known == what_it_knows(house)
        links = len(known[1])
        town.street.wait(f"{house.name} is linked again", links, links_up, house)


def what_it_knows(house: House) -> tuple[object, list[str], object, object]:
    friends = [friend["member"] for friend in house.get("/friends")]
    loans = [(loan["loan"], loan["state"]) for loan in house.get("/loans")]
    return house.seen(), friends, loans, (house.get("/trust"), house.get("/house"))


def links_up(house: House) -> int:
    return int(house.get("/status")["links_up"])


def test_a_stranger_without_an_invitation_learns_nothing(street: Street) -> None:
    """Whoever finds the port hears nothing; a forged or used invitation opens nothing."""
    bruno, farid, stranger = street.open("Bruno"), street.open("Farid"), street.open("Eve")
    bruno.openhouse("house", "found", "Rue des Lilas")
    bruno.openhouse("things", "add", "perceuse", "--circles", "3")
    link = bruno.openhouse("invite")["link"]
    assert farid.openhouse("join", link)["friend"] == bruno.member

    invitation = decode_link(link)
    forged = type(invitation)(
        invitation.house,
        invitation.inviter,
        invitation.link_key,
        bytes(32),
        invitation.expires_ms,
        invitation.addresses,
    )
    for attempt in (link, encode_link(forged)):
        assert "invit" in stranger.refusal("join", attempt).code
    secrets = [bytes.fromhex(bruno.member), b"Bruno", b"perceuse", b"Rue des Lilas"]
    for greeting in (b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", bytes(range(256)) * 40):
        heard = talk_to(bruno.ready["peer_port"], greeting)
        assert not [secret for secret in secrets if secret in heard]

    assert (stranger.seen(), stranger.get("/friends")) == ({}, [])
    assert sum(bruno.rejects().values()) >= 2
    assert [friend["member"] for friend in bruno.get("/friends")] == [farid.member]
    street.wait("Farid sees the drill", True, sees, farid, "perceuse")


def talk_to(port: int, greeting: bytes) -> bytes:
    """All that a port says to who sends this and then only listens."""
    heard = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        try:
            connection.sendall(greeting)
            connection.shutdown(socket.SHUT_WR)
            while part_heard := connection.recv(65_536):
                heard += part_heard
        except OSError:
            pass  # closed on us, or silent until the timeout: both tell nothing
    return heard
