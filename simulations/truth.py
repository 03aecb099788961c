"""The truth about a world: who is whose friend, and who should see what.

Read from the disks of those whom it concerns by plain searches, without any engine. An
edge stands while neither end has ended it and both have signed it; what anybody else
believes does not matter.

Spec: §7.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Protocol

from protocol.bodies import HalfBody, ListingBody
from protocol.keys import MemberId
from protocol.records import Record
from simulations.disk import Register, Shelf, reach_of
from simulations.graphs import hops_from, hops_through


class Watched(Protocol):
    """What oracles need to know of one member's host."""

    @property
    def number(self) -> int: ...
    @property
    def member(self) -> MemberId: ...
    @property
    def shelf(self) -> Shelf: ...
    @property
    def now_ms(self) -> int:
        """By the member's own clock."""
        ...


Expected = dict[Register, tuple[Record, int]]
"""Listings that one member should see, each with its distance."""


def true_graph(
    hosts: Sequence[Watched],
    now_ms: int,
    without: Container[int] = (),
    trusting: Container[int] = (),
) -> tuple[dict[int, dict[int, None]], dict[int, dict[int, None]]]:
    """Live friendships and transit edges as their two owners' disks have them.

    An edge stands while neither end has ended it and both have signed it. What
    anybody else believes does not matter.

    Args:
        without: members who are left out.
        trusting: of an edge with one of these at one end, the other end's word is enough.
    """
    number_of = {host.member: host.number for host in hosts}
    given: dict[tuple[int, int], HalfBody] = {}
    for host in hosts:
        for friend, ended in host.shelf.ended.items():
            half = host.shelf.live_half(host.member, friend, now_ms)
            is_left_out = host.number in without or number_of[friend] in without
            if is_left_out or half is None or not isinstance(half.body, HalfBody):
                continue
            if not ended or host.number in trusting:
                given[host.number, number_of[friend]] = half.body
    for (one, other), body in list(given.items()):
        if other in trusting:
            given.setdefault((other, one), body)
    live: dict[int, dict[int, None]] = {host.number: {} for host in hosts}
    transit: dict[int, dict[int, None]] = {host.number: {} for host in hosts}
    for (one, other), there in given.items():
        back = given.get((other, one))
        if back is None:
            continue
        live[one][other] = None
        if all(body.shows and body.friend_is_member for body in (there, back)):
            transit[one][other] = None
    return live, transit


def true_listings(
    hosts: Sequence[Watched],
    max_circles: int,
    now_ms: int,
    without: Container[int] = (),
    trusting: Container[int] = (),
) -> dict[int, Expected]:
    """What everybody should see: the holders' own listings, spread by plain searches."""
    live, transit = true_graph(hosts, now_ms, without, trusting)
    number_of = {host.member: host.number for host in hosts}
    expected: dict[int, Expected] = {host.number: {} for host in hosts}
    for holder in hosts:
        for record in holder.shelf.live_listings(holder.member, now_ms):
            body = record.body
            assert isinstance(body, ListingBody), "chosen by kind"
            reach = reach_of(body, max_circles)
            through = [number_of[member] for member in body.through]
            for number, distance in spread(live, transit, holder.number, reach, through).items():
                expected[number][record.key] = (record, distance)
    return expected


def spread(
    live: dict[int, dict[int, None]],
    transit: dict[int, dict[int, None]],
    origin: int,
    reach: int,
    through: list[int],
) -> dict[int, int]:
    """Who is within reach of ``origin``, and how far, itself left out."""
    if reach < 1:
        return {}
    first = [friend for friend in live[origin] if not through or friend in through]
    hops = dict.fromkeys(first, 1)
    if through:
        farther = hops_through(transit, origin, through, reach)
    else:
        farther = hops_from(transit, origin, reach)
    for number, distance in farther.items():
        if number != origin and number not in hops:
            hops[number] = distance
    return hops
