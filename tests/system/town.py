"""Six homes of real processes along A - B - C - D, and what several stories do with them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from tests.system.conftest import House, Street


@dataclass
class Town:
    """The six homes, friends along A - B - C - D, with F and G beside B."""

    street: Street
    ana: House
    bruno: House
    chloe: House
    david: House
    farid: House
    gaelle: House

    def name_of(self, member: str) -> str:
        return next(house.name for house in self.street.houses if house.member == member)

    def seen_by(self, house: House) -> dict[str, str]:
        """Ana's things seen by a house: title to the names of the path."""
        return {
            title: " ".join(self.name_of(member)[0] for member in path)
            for title, path in house.seen().items()
            if path[0] == self.ana.member
        }


def join(street: Street, guest: House, inviter: House) -> None:
    """One invitation, one tap on each side; then both know each other as friends."""
    link = inviter.openhouse("invite")["link"]
    assert guest.openhouse("join", link)["friend"] == inviter.member
    for one, other in ((guest, inviter), (inviter, guest)):
        street.wait(f"{one.name} is linked to {other.name}", ["up"], link_states, one, other)


def link_states(house: House, friend: House) -> list[str]:
    return [f["link"] for f in house.get("/friends") if f["member"] == friend.member]


def part(street: Street, one: House, other: House) -> None:
    """One side ends it; both know."""
    one.openhouse("friends", "end", other.member[:12])
    for house, former in ((one, other), (other, one)):
        what = f"{house.name} and {former.name} are no longer friends"
        street.wait(what, [], link_states, house, former)


def become_member(street: Street, house: House) -> None:
    street.wait(f"{house.name} is a member", "member", standing_of, house)


def standing_of(house: House) -> str:
    return str(house.get("/status")["standing"])


def found_town(street: Street, *founding: str) -> Town:
    """Two founders, then everybody else through two of the members.

    Args:
        founding: further words of ``house found``.
    """
    ana, bruno, chloe = street.open("Ana", "fr"), street.open("Bruno"), street.open("Chloé")
    david, farid, gaelle = street.open("David"), street.open("Farid"), street.open("Gaëlle")
    bruno.openhouse("house", "found", "Rue des Lilas", *founding)
    join(street, farid, bruno)
    for founder in (bruno, farid):
        become_member(street, founder)
    for guest, first, second in (
        (ana, bruno, farid),
        (gaelle, bruno, farid),
        (chloe, bruno, gaelle),
        (david, chloe, gaelle),
    ):
        join(street, guest, first)
        assert standing_of(guest) == "candidate"
        join(street, guest, second)
        become_member(street, guest)
    # What only helped to come in must not shorten the path A - B - C - D.
    part(street, ana, farid)
    part(street, chloe, gaelle)
    part(street, david, gaelle)
    return Town(street, ana, bruno, chloe, david, farid, gaelle)


def days_ahead(first: int, last: int) -> tuple[str, str, str, str]:
    """``--from`` and ``--to`` some days from now."""
    today = datetime.datetime.now().astimezone().date()
    start, end = (today + datetime.timedelta(days=days) for days in (first, last))
    return ("--from", start.isoformat(), "--to", end.isoformat())


def verbs(house: House, loan: str) -> list[str]:
    """What the owner can do now about a loan, once nothing stands in the way."""
    rows = [row for row in house.get("/loans") if row["loan"] == loan and not row["reasons"]]
    return list(rows[0]["can"]) if rows else []


def wait_state(street: Street, house: House, loan: str, state: str) -> None:
    street.wait(f"{house.name} sees the loan {state}", state, house.state_of, loan)
