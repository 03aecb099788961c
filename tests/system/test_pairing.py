"""Two homes befriend by six digits: real nodes, real sockets, and somebody in between.

Spec: §17.8.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
from typing import Any

import aiohttp
import aiohttp.web
import pytest

from node.cli.client import Client, RefusedByNode
from protocol.channel import Channel
from protocol.encoding import Value, encode
from protocol.errors import RemoteProtocolError
from protocol.handshake import read_first
from protocol.pairing import PairingInitiator, answer_first, commitment
from tests.system.conftest import COMMAND, House, Street

pytestmark = [pytest.mark.system]


def address_of(home: House) -> str:
    return f"127.0.0.1:{home.ready['peer_port']}"


def look(home: House, address: str = "") -> Any:
    return Client(home.home).post("/pairing", {"address": address})


def pairing(home: House) -> Any:
    return home.get("/pairing")


def say(home: House, *, same: bool) -> Any:
    return Client(home.home).post("/pairing/answer", {"same": same})


def state(home: House) -> str:
    return str(pairing(home)["state"])


def compare(street: Street, ana: House, ben: House) -> tuple[str, str]:
    """Both look, Ben calls; the codes that they see."""
    look(ana)
    look(ben, address_of(ana))
    for home in (ana, ben):
        street.wait(f"{home.name} sees a code", "comparing", lambda home=home: state(home))
    return pairing(ana)["code"], pairing(ben)["code"]


def test_two_people_in_one_room_become_friends(street: Street) -> None:
    ana, ben = street.open("Ana"), street.open("Ben")
    ana.openhouse("house", "found", "Les Lilas")
    ana.openhouse("things", "add", "Guitare")

    codes = compare(street, ana, ben)
    assert codes[0] == codes[1]
    assert ("Ben", "Ana") == (pairing(ana)["name"], pairing(ben)["name"])

    say(ben, same=True)
    assert "confirmed" == state(ben)
    assert [] == ben.openhouse("friends"), "nothing happens before both have said so"
    say(ana, same=True)

    for home in (ana, ben):
        street.wait(f"{home.name} is done", "done", lambda home=home: state(home))
        assert 1 == len(home.openhouse("friends"))
    street.wait("Ben sees the guitar", ["Guitare"], lambda: list(ben.seen()))

    # Once more: they are friends already, and have met. What is said of a number is compared.
    compare(street, ana, ben)
    for home in (ana, ben):
        say(home, same=True)
    for home in (ana, ben):
        street.wait(f"{home.name} has met the other", "done", lambda home=home: state(home))
    wrong = ana.refusal("house", "checked", ben.member, "--phone", "+33 6 00 00 00 00")
    assert "contact-differs" == wrong.code


def test_whoever_sees_another_code_ends_it_for_both(street: Street) -> None:
    ana, ben = street.open("Ana"), street.open("Ben")
    ana.openhouse("house", "found", "Les Lilas")
    compare(street, ana, ben)
    say(ben, same=True)
    assert "failed" == say(ana, same=False)["state"], "who says so sees it at once"

    for home in (ana, ben):
        street.wait(f"{home.name} hears of it", "failed", lambda home=home: state(home))
        assert "pairing-differs" == pairing(home)["reason"]
        assert [] == home.openhouse("friends")
    with pytest.raises(RefusedByNode, match="no code"):
        say(ana, same=True)


def test_without_a_house_on_either_side_it_is_said(street: Street) -> None:
    ana, ben = street.open("Ana"), street.open("Ben")
    compare(street, ana, ben)
    for home in (ana, ben):
        say(home, same=True)

    for home in (ana, ben):
        street.wait(f"{home.name} hears of it", "failed", lambda home=home: state(home))
        assert "pairing-no-house" == pairing(home)["reason"]


def befriend(home: House, address: str, answer: str) -> subprocess.CompletedProcess[str]:
    """Type the command, and then an answer to its question."""
    command = [*COMMAND, "--home", str(home.home), "--language", "en", "befriend"]
    return subprocess.run(
        [*command, "--address", address],
        input=answer, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1)])
def test_the_command_shows_the_code_and_asks(street: Street, answer: str, code: int) -> None:
    ana, ben = street.open("Ana"), street.open("Ben")
    ana.openhouse("house", "found", "Les Lilas")
    look(ana)
    shown: list[str] = []

    def agree() -> None:
        street.wait("Ana sees a code", "comparing", lambda: state(ana))
        shown.append(pairing(ana)["code"])
        say(ana, same=True)

    helper = threading.Thread(target=agree)
    helper.start()
    done = befriend(ben, address_of(ana), answer)
    helper.join()

    assert code == done.returncode, done.stderr
    assert shown[0] in done.stderr
    assert "Ana" in done.stderr
    if code == 0:
        assert "You and Ana are friends now." in done.stdout
        street.wait("they are friends", 1, lambda: len(ana.openhouse("friends")))
    else:
        street.wait("Ana hears of it", "failed", lambda: state(ana))
        assert [] == ana.openhouse("friends")


def test_the_command_without_an_answer_ends_it(street: Street) -> None:
    """Nobody is at the keyboard: no window stays open behind their back."""
    ana, ben = street.open("Ana"), street.open("Ben")
    ana.openhouse("house", "found", "Les Lilas")
    look(ana)

    done = befriend(ben, address_of(ana), "")

    assert 1 == done.returncode
    assert "Nobody said" in done.stderr
    assert "closed" == state(ben)
    street.wait("Ana hears of it", "failed", lambda: state(ana))


def test_what_is_not_an_address_is_said(street: Street) -> None:
    ana = street.open("Ana")

    assert "pairing-not-an-address" == ana.refusal("befriend", "--address", "nowhere").code
    assert "closed" == state(ana)


class Between:
    """Mallory in the middle: one channel with each, everything passed on."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def call(self, address: str) -> tuple[aiohttp.ClientWebSocketResponse, Channel]:
        web_socket = await self._session.ws_connect(f"ws://{address}/ws")
        initiator = PairingInitiator(os.urandom(32))
        await web_socket.send_bytes(initiator.send_first())
        frame = await web_socket.receive()
        if frame.type is not aiohttp.WSMsgType.BINARY:
            raise ConnectionError("hung up")
        channel, _ = initiator.receive_second(frame.data)
        return web_socket, channel


def mallory(act: Any) -> None:
    async def scenario() -> None:
        async with asyncio.timeout(60), aiohttp.ClientSession() as session:
            await act(Between(session), session)

    asyncio.run(scenario())


def test_somebody_in_between_is_seen_by_the_codes(street: Street) -> None:
    """Ana calls Mallory, who calls Ben and passes on what each says."""
    ana, ben = street.open("Ana"), street.open("Ben")
    ana.openhouse("house", "found", "Les Lilas")

    async def between(own: Between, session: aiohttp.ClientSession) -> None:
        del session

        async def take(request: aiohttp.web.Request) -> aiohttp.web.WebSocketResponse:
            near = aiohttp.web.WebSocketResponse()
            await near.prepare(request)
            first = await near.receive()
            second, near_channel, _ = answer_first(read_first(first.data), os.urandom(32))
            await near.send_bytes(second)
            far, far_channel = await own.call(address_of(ben))
            await asyncio.gather(
                pass_on(near, near_channel, far, far_channel),
                pass_on(far, far_channel, near, near_channel),
            )
            return near

        app = aiohttp.web.Application()
        app.router.add_get("/ws", take)
        runner = aiohttp.web.AppRunner(app, shutdown_timeout=1.0)
        await runner.setup()
        site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        await asyncio.to_thread(look, ben)
        await asyncio.to_thread(look, ana, f"127.0.0.1:{port}")
        for home in (ana, ben):
            await asyncio.to_thread(street.wait, "a code", "comparing", state, home)
        codes = [(await asyncio.to_thread(pairing, home))["code"] for home in (ana, ben)]
        names = [(await asyncio.to_thread(pairing, home))["name"] for home in (ana, ben)]
        await runner.cleanup()

        assert ["Ben", "Ana"] == names, "Mallory passes everything on"
        assert codes[0] != codes[1]

    mallory(between)


async def pass_on(one: Any, one_channel: Channel, other: Any, other_channel: Channel) -> None:
    async for frame in one:
        if frame.type is not aiohttp.WSMsgType.BINARY:
            break
        message = one_channel.receive(frame.data)
        if isinstance(message, bytes):
            for sealed in other_channel.seal_message(message):
                await other.send_bytes(sealed)
    await other.close()


def test_nobody_is_answered_who_was_not_asked_for(street: Street) -> None:
    """Without a window the node is as silent as to any stranger; with one it takes one call."""
    ana = street.open("Ana")
    ana.openhouse("house", "found", "Les Lilas")

    async def knock(own: Between, session: aiohttp.ClientSession) -> None:
        del session
        with pytest.raises((ConnectionError, aiohttp.ClientError)):
            await own.call(address_of(ana))
        await asyncio.to_thread(look, ana)
        first, _ = await own.call(address_of(ana))
        with pytest.raises((ConnectionError, aiohttp.ClientError)):
            await own.call(address_of(ana))
        # Nonsense ends the call, not the window.
        await first.send_bytes(b"\1" + bytes(80))
        while (await first.receive()).type is aiohttp.WSMsgType.BINARY:
            pass
        again, _ = await own.call(address_of(ana))
        await again.close()

    mallory(knock)

    assert "waiting" == state(ana)
    Client(ana.home).delete("/pairing")
    assert "closed" == state(ana)


@pytest.mark.slow
def test_whoever_calls_and_says_nothing_does_not_take_up_the_window(street: Street) -> None:
    ana, ben = street.open("Ana"), street.open("Ben")
    ana.openhouse("house", "found", "Les Lilas")

    async def stall(own: Between, session: aiohttp.ClientSession) -> None:
        del session
        await asyncio.to_thread(look, ana)
        silent, _ = await own.call(address_of(ana))
        while (await silent.receive()).type is aiohttp.WSMsgType.BINARY:
            pass

    mallory(stall)
    look(ben, address_of(ana))

    street.wait("Ben gets through", "comparing", lambda: state(ben))
    assert pairing(ana)["code"] == pairing(ben)["code"]


def test_a_forged_opening_is_refused(street: Street) -> None:
    """A caller that opens another nonce than the one it committed to."""
    ana = street.open("Ana")
    ana.openhouse("house", "found", "Les Lilas")

    async def forge(own: Between, session: aiohttp.ClientSession) -> None:
        del session
        await asyncio.to_thread(look, ana)
        web_socket, channel = await own.call(address_of(ana))
        forged: list[list[Value]] = [[1, commitment(bytes(32))], [3, bytes([1]) * 32, "Ben"]]
        for message in forged:
            for sealed in channel.seal_message(encode(message)):
                await web_socket.send_bytes(sealed)
        while True:
            frame = await web_socket.receive()
            if frame.type is not aiohttp.WSMsgType.BINARY:
                break
            try:
                channel.receive(frame.data)
            except RemoteProtocolError:
                break

    mallory(forge)

    assert "waiting" == state(ana)
    assert ana.rejects().get("bad-signature")
