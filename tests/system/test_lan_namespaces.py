"""Friends' homes on one network find each other: real multicast, real nodes.

Two homes are friends, and then both have other ports or addresses than the other knows.
Only what they announce on the network can bring them together.

Needs root, iproute2 and nftables; skipped with its reason where something is missing.

Spec: §17.7.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.netns import Home, Net, missing, wait

pytestmark = [pytest.mark.system, pytest.mark.slow]

SECONDS_MAX = 10.0
HOUSE_NAME = "Les Lilas"

_DEAF = """
table inet deaf {
    chain deaf {
        type filter hook output priority 0;
        ip daddr 224.0.0.0/4 drop
        ip6 daddr ff00::/8 udp dport 5353 drop
    }
}
"""


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


class Flat:
    """Ana and Ben, friends already, on the switch of one flat."""

    def __init__(self, net: Net, directory: Path, ana: str, ben: str) -> None:
        self.net = net
        self.ana = Home("Ana", ana, directory, lan=True)
        self.ben = Home("Ben", ben, directory, lan=True)
        self.homes = [self.ana, self.ben]

    @classmethod
    @contextmanager
    def settled(cls, net: Net, directory: Path, ana: str, ben: str) -> Iterator[Flat]:
        """They have befriended each other by an invitation, and are off."""
        flat = cls(net, directory, ana, ben)
        try:
            for home, port in zip(flat.homes, (7471, 7472), strict=True):
                home.port = port
                home.move_in()
            flat.ana.openhouse("house", "found", HOUSE_NAME)
            flat.ben.openhouse("join", flat.ana.openhouse("invite")["link"])
            for home in flat.homes:
                home.kill()
            yield flat
        finally:
            for home in flat.homes:
                home.kill()

    def start_elsewhere(self) -> float:
        """On other ports than the friend knows; how many seconds they need to be linked."""
        for home in self.homes:
            home.kill()
            home.port += 10
        for home in self.homes:
            home.start()
        return self.seconds_to_meet()

    def seconds_to_meet(self) -> float:
        began_s = time.monotonic()
        wait(self.homes, "they meet", ["Ana"], self.ben.linked)
        wait(self.homes, "they meet", ["Ben"], self.ana.linked)
        return time.monotonic() - began_s

    def seconds_to_part(self) -> None:
        wait(self.homes, "the link is noticed to be gone", [], self.ben.linked)


def on_the_switch(net: Net, name: str, *addresses: str) -> str:
    place = net.place(name)
    net.plug_in(place, *addresses)
    return place


def two_places(net: Net) -> tuple[str, str]:
    places = [on_the_switch(net, f"lan{n}", f"192.168.7.{n}/24") for n in (1, 2)]
    for place in places:
        net.run(place, "ip", "route", "add", "default", "dev", "outside")
    return places[0], places[1]


def test_friends_on_one_network_find_each_other_in_seconds(net: Net, tmp_path: Path) -> None:
    with Flat.settled(net, tmp_path, *two_places(net)) as flat:
        took_s = flat.start_elsewhere()

        print(f"two homes on one network met after {took_s:.1f} s")
        assert took_s < SECONDS_MAX
        assert flat.ana.openhouse("status")["lan"] == {"is_on": True, "nearby": 1, "problem": ""}


def test_where_multicast_is_blocked_friends_are_called_where_they_were(
    net: Net, tmp_path: Path
) -> None:
    with Flat.settled(net, tmp_path, *two_places(net)) as flat:
        for home in flat.homes:
            net.run(home.place, "nft", "-f", "-", text=_DEAF)
        for home in flat.homes:
            home.start()

        assert flat.seconds_to_meet() < SECONDS_MAX
        for home in flat.homes:
            assert 0 == home.openhouse("status")["lan"]["nearby"]
        said = {check["name"]: check["message"] for check in flat.ana.openhouse("doctor")["checks"]}
        assert "No friend's home was heard" in said["lan"]


def test_a_home_whose_address_changes_is_found_again(net: Net, tmp_path: Path) -> None:
    with Flat.settled(net, tmp_path, *two_places(net)) as flat:
        flat.start_elsewhere()
        net.run(flat.ana.place, "ip", "addr", "del", "192.168.7.1/24", "dev", "outside")
        net.address(flat.ana.place, "outside", "192.168.7.77/24")
        net.run(flat.ana.place, "ip", "route", "replace", "default", "dev", "outside")
        flat.ben.kill()
        flat.ben.start()

        took_s = flat.seconds_to_meet()

        print(f"after a change of address they met again after {took_s:.1f} s")
        assert took_s < SECONDS_MAX


def test_friends_find_each_other_without_ipv4(net: Net, tmp_path: Path) -> None:
    places = [on_the_switch(net, f"six{n}", f"fd00:7::{n}/64") for n in (1, 2)]
    for place in places:
        net.run(place, "ip", "-6", "route", "add", "default", "dev", "outside")
    with Flat.settled(net, tmp_path, *places) as flat:
        assert flat.start_elsewhere() < SECONDS_MAX


def test_friends_find_each_other_by_link_local_addresses_alone(net: Net, tmp_path: Path) -> None:
    """A switch between two computers, and nobody who gives addresses."""
    places = [on_the_switch(net, f"loc{n}", f"fd00:8::{n}/64") for n in (1, 2)]
    with Flat.settled(net, tmp_path, *places) as flat:
        for n, place in enumerate(places, start=1):
            net.run(place, "ip", "addr", "del", f"fd00:8::{n}/64", "dev", "outside")

        assert flat.start_elsewhere() < SECONDS_MAX


def test_two_homes_on_one_computer_find_each_other(net: Net, tmp_path: Path) -> None:
    place, _ = two_places(net)
    with Flat.settled(net, tmp_path, place, place) as flat:
        assert flat.start_elsewhere() < SECONDS_MAX


def test_a_home_that_crashed_stops_nothing_and_is_found_again(net: Net, tmp_path: Path) -> None:
    """It said no goodbye: what it announced stands for minutes, and leads nowhere."""
    with Flat.settled(net, tmp_path, *two_places(net)) as flat:
        flat.start_elsewhere()
        flat.ana.kill()
        flat.seconds_to_part()
        flat.ana.port += 100
        flat.ana.start()

        assert flat.seconds_to_meet() < SECONDS_MAX


def test_nothing_that_is_announced_tells_who_lives_there(net: Net, tmp_path: Path) -> None:
    places = two_places(net)
    eve = on_the_switch(net, "eve", "192.168.7.9/24")
    heard = tmp_path / "heard"
    with Flat.settled(net, tmp_path, *places) as flat, listening(eve, heard):
        flat.start_elsewhere()
        for home in flat.homes:
            home.kill()
        first = packets(heard)
        flat.start_elsewhere()
        second = packets(heard)[len(first) :]
        house = flat.ana.openhouse("status")["house"]

        assert len(first) > 3 < len(second)
        names = (*(home.name for home in flat.homes), HOUSE_NAME, *places)
        ids = [bytes.fromhex(text) for text in (house, *(home.member for home in flat.homes))]
        for packet in (*first, *second):
            for name in names:
                assert name.encode().lower() not in packet.lower()
            for known in ids:
                assert known[:8] not in packet
                assert known.hex()[:8].encode() not in packet
        # Nobody can tell tomorrow that it is the same home: names and nonces are drawn anew.
        assert not set(instances(first)) & set(instances(second))


def test_two_people_in_one_room_befriend_by_six_digits(net: Net, tmp_path: Path) -> None:
    """Both type the command, both see the same code, both say yes: nothing else is needed."""
    ana, ben = (
        Home(name, place, tmp_path, lan=True)
        for name, place in zip(("Ana", "Ben"), two_places(net), strict=True)
    )
    try:
        for home in (ana, ben):
            home.move_in()
        ana.openhouse("house", "found", HOUSE_NAME)
        ana.openhouse("things", "add", "Guitare")

        said = [home.typed("befriend", "y\n") for home in (ana, ben)]
        answers = [process.communicate(timeout=60) for process in said]

        assert [0, 0] == [process.returncode for process in said], answers
        codes = [re.findall(r"[0-9]{3} [0-9]{3}", stderr) for _, stderr in answers]
        assert 1 == len(codes[0])
        assert codes[0] == codes[1]
        assert "Ben" in answers[0][0]
        wait([ana, ben], "Ben sees the guitar", ["Guitare"], ben.sees)
    finally:
        for home in (ana, ben):
            home.kill()


@contextmanager
def listening(place: str, path: Path) -> Iterator[None]:
    script = str(Path(__file__).with_name("mdns_capture.py"))
    command = ["ip", "netns", "exec", place, sys.executable, script, "outside", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert b"ready\n" == process.stdout.readline()
        try:
            yield
        finally:
            process.terminate()


def packets(path: Path) -> list[bytes]:
    data, found = path.read_bytes(), []
    while data:
        size = int.from_bytes(data[:4], "big")
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    return found


def instances(heard: list[bytes]) -> list[bytes]:
    """Instance names: sixteen hexadecimal digits each, after their length."""
    found = []
    for packet in heard:
        start = packet.find(b"\x10")
        while start >= 0:
            label = packet[start + 1 : start + 17]
            if len(label) == 16 and all(byte in b"0123456789abcdef" for byte in label):
                found.append(label)
            start = packet.find(b"\x10", start + 1)
    return found
