"""Two homes that nobody can call from outside, and a public friend: real NAT, real nodes.

Needs root, iproute2 and nftables (``.ci/run`` and ``make test`` install them on Debian when
they may); skipped with its reason where something is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.netns import Home, Net, Router, missing, wait

pytestmark = [pytest.mark.system, pytest.mark.slow]


@pytest.fixture
def net() -> Iterator[Net]:
    reason = missing()
    if reason:
        pytest.skip(f"network namespaces: {reason}")
    made = Net()
    try:
        yield made
    finally:
        made.close()


class Neighbourhood:
    """Ana and Ben behind their routers, and Rosa whom everybody can call."""

    def __init__(
        self, directory: Path, rosa: str, ana: Router, ben: Router, reached_at: str
    ) -> None:
        self.ana = Home("Ana", ana.computer, directory, advertise=reached_at)
        self.ben = Home("Ben", ben.computer, directory)
        self.rosa = Home("Rosa", rosa, directory)
        self.routers = (ana, ben)
        self.homes = [self.ana, self.ben, self.rosa]

    def wait(self, what: str, expected: object, look: object, *arguments: object) -> None:
        assert callable(look)
        wait(self.homes, what, expected, look, *arguments)

    def befriend(self) -> None:
        """All three become friends, while calls to Ana are let in."""
        ana, ben, rosa = self.homes
        self.routers[0].open_hole()
        for home in self.homes:
            home.move_in()
        rosa.openhouse("house", "found", "Les Lilas")
        ana.openhouse("join", rosa.openhouse("invite")["link"])
        self.wait("Rosa is a member", "member", lambda: rosa.openhouse("status")["standing"])
        ben.openhouse("join", rosa.openhouse("invite")["link"])
        ben.openhouse("join", ana.openhouse("invite")["link"])
        self.wait("Ben is a member", "member", lambda: ben.openhouse("status")["standing"])
        for home in self.homes:
            # What they share tells friends of their friends' friends.
            home.openhouse("things", "add", f"{home.name}'s key", "--circles", "2")
        self.wait("all is known", ["Ana's key", "Rosa's key"], ben.sees)
        self.wait("all is known", ["Ben's key", "Rosa's key"], ana.sees)
        self.routers[0].close_hole()

    def close(self) -> None:
        for home in self.homes:
            home.kill()


def translated(net: Net, directory: Path) -> Neighbourhood:
    """IPv4: both homes have the addresses that most homes have."""
    rosa = net.place("rosa")
    net.plug_in(rosa, "203.0.113.1/24")
    # A node looks for its address towards the world, so there must be a way there.
    net.run(rosa, "ip", "route", "add", "default", "dev", "outside")
    ana = net.home("ana", "203.0.113.2/24", "192.168.1.1/24", "192.168.1.2/24")
    ben = net.home("ben", "203.0.113.3/24", "192.168.1.1/24", "192.168.1.3/24")
    return Neighbourhood(directory, rosa, ana, ben, "203.0.113.2:7470")


def six(net: Net, directory: Path) -> Neighbourhood:
    """IPv6 alone: nothing is translated, and the routers let nobody in."""
    rosa = net.place("rosa")
    net.plug_in(rosa, "2001:db8:f::1/64")
    net.run(rosa, "ip", "-6", "route", "add", "default", "dev", "outside")
    ana = net.home("ana", "2001:db8:f::2/64", "2001:db8:a::1/64", "2001:db8:a::2/64")
    ben = net.home("ben", "2001:db8:f::3/64", "2001:db8:b::1/64", "2001:db8:b::2/64")
    for place in (rosa, ben.place):
        net.run(place, "ip", "route", "add", "2001:db8:a::/64", "via", "2001:db8:f::2")
    for place in (rosa, ana.place):
        net.run(place, "ip", "route", "add", "2001:db8:b::/64", "via", "2001:db8:f::3")
    return Neighbourhood(directory, rosa, ana, ben, "")


def test_two_homes_behind_nat_meet_through_their_friend_and_her_mailbox(
    net: Net, tmp_path: Path
) -> None:
    town = translated(net, tmp_path)
    ana, ben, rosa = town.homes
    try:
        town.befriend()
        ben.kill()
        ben.start()
        # Nobody gets in: only through Rosa can they be linked.
        town.wait("Ben is linked with both", ["Ana", "Rosa"], ben.linked)
        assert not ben.can_call("203.0.113.2")
        assert not ana.can_call("203.0.113.3")
        assert ben.can_call("203.0.113.1")
        # Rosa may see a thing for Ana's friends, not pass it on: it comes by Ana's own link.
        tent = ana.openhouse("things", "add", "Tent", "--circles", "1")["thing"]
        town.wait("Ben sees it", True, lambda: "Tent" in ben.sees())
        assert 0 == rosa.items_kept(ben)

        ben.kill()
        ana.openhouse("things", "withdraw", tent)
        ana.openhouse("things", "add", "Boat", "--circles", "1")
        town.wait("it waits at Rosa's", 1, rosa.items_kept, ben)
        ana.kill()
        ben.start()
        town.wait("Ben hears of it", ["Ana's key", "Boat", "Rosa's key"], ben.sees)
        town.wait("nothing waits any more", 0, rosa.items_kept, ben)
        assert ["Rosa"] == ben.linked()
    finally:
        town.close()


def test_two_homes_behind_ipv6_routers_meet_through_their_friend(net: Net, tmp_path: Path) -> None:
    town = six(net, tmp_path)
    ana, ben, _ = town.homes
    try:
        town.befriend()
        ben.kill()
        ben.start()
        town.wait("Ben is linked with both", ["Ana", "Rosa"], ben.linked)
        assert not ben.can_call("2001:db8:a::2")
        ana.openhouse("things", "add", "Tent", "--circles", "1")
        town.wait("Ben sees it", True, lambda: "Tent" in ben.sees())
    finally:
        town.close()
