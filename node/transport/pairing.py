"""Pairing on the host's side: one window, one call, two people who compare six digits.

What is said inside the channel stands in ``protocol.pairing``; here are its time and
its connection. A person opens the window; then another home is called, or calls; both
people answer; an ordinary invitation goes over, and the window closes whatever came of it.

Spec: §17.8.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, Protocol

import aiohttp

from node.config import split_address
from node.engine.commands import Command, Invite, Join, NoteMeeting
from node.engine.events import Json
from node.errors import DialFailed, LinkLost, TransportError
from node.host import Host
from node.transport.links import HEARTBEAT_S, WEB_SOCKET_SIZE_MAX_BYTES, WebSocket, abort
from protocol.channel import Channel, Closed
from protocol.errors import Malformed, Refused, RemoteProtocolError, UnknownPeer
from protocol.handshake import FirstMessage
from protocol.invitations import ADDRESSES_MAX, decode_link, encode_link
from protocol.keys import MemberId
from protocol.pairing import Home, Pairing, PairingInitiator, answer_first, meeting_message

_log = logging.getLogger("openhouse.pairing")

WINDOW_MS: Final = 300_000
PAIRING_MAX_S: Final = 120.0
_CALL_MAX_S: Final = 10.0
_PATH: Final = "/ws"


class Around(Protocol):
    """What a pairing needs of the network around it."""

    def addresses(self) -> tuple[str, ...]: ...
    def announce_pairing(self, is_open: bool) -> None: ...
    def homes_pairing(self) -> dict[str, list[str]]: ...
    def should_call(self, name: str) -> bool: ...


class PairingDesk:
    """Befriending a home nearby. ``state()`` is what the page and the command line show.

    States: closed, waiting (for another home), comparing (there is a code), confirmed
    (the other person has not answered yet), joining, done, failed.
    """

    def __init__(self, host: Host, around: Around) -> None:
        self._host = host
        self._around = around
        self._state = "closed"
        self._reason = ""
        self._name = ""
        self._code = ""
        self._until_ms = 0
        self._pairing: Pairing | None = None
        self._flush = asyncio.Event()
        self._calls: dict[asyncio.Task[None], None] = {}
        self._timer: asyncio.TimerHandle | None = None

    # --- what its person does --------------------------------------------------------------

    def state(self) -> dict[str, Json]:
        is_live = self._state not in ("closed", "done", "failed")
        left_ms = self._until_ms - time.time_ns() // 1_000_000 if is_live else 0
        code = f"{self._code[:3]} {self._code[3:]}" if self._code and is_live else None
        return {
            "state": self._state,
            "code": code,
            "name": self._name or None,
            "reason": self._reason or None,
            "seconds_left": max(0, left_ms // 1000),
        }

    def open(self, address: str = "") -> None:
        """Look for another home for five minutes; call at an address when one is given.

        Raises:
            Refused: it is not an address.
        """
        if address and split_address(address) is None:
            raise Refused("pairing-not-an-address", address=address)
        self.close()
        self._state, self._reason, self._name, self._code = "waiting", "", "", ""
        self._until_ms = time.time_ns() // 1_000_000 + WINDOW_MS
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(WINDOW_MS / 1000, self._time_is_up)
        if address:
            self._call([address])
        else:
            self._around.announce_pairing(True)

    def answer(self, *, is_same: bool) -> None:
        """The person has compared the codes.

        Raises:
            Refused: there is no code to compare now.
        """
        pairing = self._pairing
        if self._state != "comparing" or pairing is None:
            raise Refused("pairing-no-code")
        if is_same:
            core = self._host.core
            pairing.confirm(Home(core.house or b"", core.me))
            self._set("confirmed")
        else:
            pairing.end("differs")
            # Said at once; the other home hears of it in a moment.
            self._finish("failed", _reason(pairing.over))
        self._flush.set()

    def close(self) -> None:
        """Stop looking; a pairing under way is ended."""
        if self._state in ("waiting", "comparing", "confirmed", "joining"):
            self._finish("closed", "")
        for task in list(self._calls):
            task.cancel()
        self._pairing = None

    async def stop(self) -> None:
        tasks = list(self._calls)
        self.close()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- how a pairing comes about -----------------------------------------------------------

    def on_home_pairing(self, name: str, addresses: list[str]) -> None:
        """Another home announces that its window is open."""
        if self._is_free() and self._around.should_call(name):
            self._call(addresses)

    async def take(self, web_socket: WebSocket, first: FirstMessage, host: str | None) -> None:
        """Somebody calls with handshake kind 3; returns when it is over.

        Args:
            host: the address they call from.

        Raises:
            UnknownPeer: nobody asked for it; hang up as on a stranger.
            RemoteProtocolError, TransportError, ConnectionError: it has failed.
        """
        if not self._is_free():
            raise UnknownPeer("no pairing was asked for", "17.8")
        second, channel, handshake_hash = answer_first(first, os.urandom(32))
        await web_socket.send_bytes(second)
        pairing = self._begin(handshake_hash, is_initiator=False)
        announced = self._around.homes_pairing().values()
        near = [a for addresses in announced for a in addresses if _host_of(a) == host]
        await self._serve(web_socket, channel, pairing, near)

    @property
    def is_waiting(self) -> bool:
        """Whether the window is open and nobody is in it."""
        return self._is_free()

    @property
    def is_calling(self) -> bool:
        return bool(self._calls)

    def _is_free(self) -> bool:
        return self._state == "waiting" and self._pairing is None

    def _call(self, addresses: list[str]) -> None:
        task = asyncio.create_task(self._dial(addresses), name="pairing")
        self._calls[task] = None
        task.add_done_callback(lambda task: self._calls.pop(task, None))

    async def _dial(self, addresses: list[str]) -> None:
        """Call again and again: the other person may open their window a moment later."""
        while self._is_free():
            for address in addresses:
                try:
                    await self._dial_one(address)
                except (DialFailed, LinkLost, RemoteProtocolError, ConnectionError) as error:
                    _log.debug("pairing with %s: %s", address, error)
                if not self._is_free():
                    return
            # Two who call each other at the same moment must not do so again.
            await asyncio.sleep(random.uniform(1.0, 3.0))

    async def _dial_one(self, address: str) -> None:
        async with aiohttp.ClientSession() as session:
            try:
                async with asyncio.timeout(_CALL_MAX_S):
                    web_socket = await session.ws_connect(
                        f"ws://{address}{_PATH}",
                        max_msg_size=WEB_SOCKET_SIZE_MAX_BYTES,
                        compress=0,
                        heartbeat=HEARTBEAT_S,
                    )
                    initiator = PairingInitiator(os.urandom(32))
                    await web_socket.send_bytes(initiator.send_first())
                    channel, handshake_hash = initiator.receive_second(await _next(web_socket))
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                reason = str(error) or type(error).__name__
                raise DialFailed(f"Nobody answers: {reason}") from error
            if not self._is_free():
                await web_socket.close()
                return
            pairing = self._begin(handshake_hash, is_initiator=True)
            await self._serve(web_socket, channel, pairing, [address])

    def _begin(self, handshake_hash: bytes, *, is_initiator: bool) -> Pairing:
        core = self._host.core
        name = core.name_of(core.me)
        self._pairing = Pairing(is_initiator, handshake_hash, os.urandom(32), name)
        self._flush.set()
        return self._pairing

    # --- the dialogue --------------------------------------------------------------------------

    async def _serve(
        self, web_socket: WebSocket, channel: Channel, pairing: Pairing, near: list[str]
    ) -> None:
        """Carry the dialogue until it is over, or two minutes have passed."""
        writer = asyncio.create_task(
            self._write(web_socket, channel, pairing, near), name="pairing writer"
        )
        try:
            # Whoever calls and says nothing must not take up the window.
            async with asyncio.timeout(_CALL_MAX_S) as limit:
                while not pairing.over:
                    message = await _message(web_socket, channel)
                    pairing.receive(message)
                    if pairing.code and self._state == "waiting":
                        limit.reschedule(asyncio.get_running_loop().time() + PAIRING_MAX_S)
                        self._show(pairing)
                    self._flush.set()
                await writer
            if pairing.over == "joined" and pairing.role == "inviter":
                await self._note_joined(pairing)
        except TimeoutError:
            self._give_up(pairing, "pairing-too-slow")
        except (RemoteProtocolError, TransportError, ConnectionError):
            if not pairing.over:  # else we have said so, and they hung up
                self._give_up(pairing, "pairing-broke")
                raise
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            abort(web_socket)
            if pairing is self._pairing:
                self._pairing = None
                if pairing.over:
                    is_done = pairing.over in ("joined", "met")
                    self._finish("done" if is_done else "failed", _reason(pairing.over))

    async def _write(
        self, web_socket: WebSocket, channel: Channel, pairing: Pairing, near: list[str]
    ) -> None:
        """Do what follows from what both have said, and say it, until the last word is out."""
        while True:
            await self._flush.wait()
            self._flush.clear()
            await self._proceed(pairing, near)
            while pairing.outgoing:
                for frame in channel.seal_message(pairing.outgoing.pop(0)):
                    await web_socket.send_bytes(frame)
            if pairing.over:
                # Said by us: the other end hangs up when it has heard it.
                await asyncio.sleep(0.2)
                await web_socket.close()
                return

    def _show(self, pairing: Pairing) -> None:
        self._code, self._name = pairing.code, pairing.their_name
        self._around.announce_pairing(False)
        self._set("comparing")

    async def _proceed(self, pairing: Pairing, near: list[str]) -> None:
        """Both have confirmed: one invites, the other joins."""
        role = pairing.role
        if role is None or pairing.over or self._state not in ("confirmed", "joining"):
            return
        assert pairing.theirs is not None, "roles follow from both homes"
        if role not in ("inviter", "guest"):
            pairing.end(role)
        elif any(pairing.theirs.member == friend for friend in self._host.core.live_friends()):
            await self._meet(pairing)
        elif pairing.their_proof:
            pairing.end("not-friends")  # they take us for a friend whom we are no more
        elif role == "inviter" and self._state == "confirmed":
            self._set("joining")
            answer = await self._do(pairing, Invite(WINDOW_MS, self._around.addresses()))
            if isinstance(answer, dict):
                pairing.invite(str(answer["link"]))
        elif role == "guest" and pairing.link:
            self._set("joining")
            if await self._do(pairing, Join(_with_addresses(pairing.link, near))) is not None:
                pairing.joined()
                await self._note_joined(pairing)

    async def _meet(self, pairing: Pairing) -> None:
        """Two friends have compared their codes: each home shows whose it is. Spec: §17.8."""
        core, theirs = self._host.core, pairing.theirs
        assert core.house is not None, "friends live in a house"
        assert theirs is not None, "both have confirmed"
        other = MemberId(theirs.member)
        if not pairing.has_proved:
            mine = meeting_message(pairing.handshake_hash, core.house, core.me, other)
            pairing.prove(core.config.signer.sign(mine))
        if pairing.their_proof:
            said = meeting_message(pairing.handshake_hash, core.house, other, core.me)
            if not core.verify_by(other, said, pairing.their_proof):
                pairing.end("not-proved")
            elif await self._do(pairing, NoteMeeting(other.hex())) is not None:
                pairing.met()

    async def _note_joined(self, pairing: Pairing) -> None:
        """Who becomes a friend in one room was met; the invitation proved whose home it is."""
        assert pairing.theirs is not None, "both have confirmed"
        with contextlib.suppress(Refused):
            await self._host.command(NoteMeeting(pairing.theirs.member.hex()))

    async def _do(self, pairing: Pairing, command: Command) -> Json | None:
        try:
            return await self._host.command(command)
        except Refused as refused:
            pairing.end(refused.code[:64])
            return None

    # --- how it ends -----------------------------------------------------------------------------

    def _give_up(self, pairing: Pairing, reason: str) -> None:
        """It ended without a word: before there was a code, the window stays open."""
        if pairing is self._pairing and pairing.code and not pairing.over:
            pairing.over = reason

    def _time_is_up(self) -> None:
        if self._state == "waiting":
            self.close()
            self._finish("failed", "pairing-nobody-came")

    def _finish(self, state: str, reason: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._around.announce_pairing(False)
        self._reason = reason
        self._set(state)

    def _set(self, state: str) -> None:
        self._state = state
        self._host.tell_page("pairing")


_OWN_REASONS: Final = (
    "no-house", "other-house", "own-home", "not-friends", "not-proved", "differs",
)  # fmt: skip


def _reason(over: str) -> str:
    """The code of a sentence for why it ended; "" when all went well."""
    if over in ("joined", "met"):
        return ""
    return f"pairing-{over}" if over in _OWN_REASONS else over


def _with_addresses(link: str, near: Iterable[str]) -> str:
    """The invitation, to be accepted first where the pairing took place."""
    try:
        invitation = decode_link(link)
    except RemoteProtocolError:
        return link  # the engine says what is wrong with it
    addresses = list(dict.fromkeys([*near, *invitation.addresses]))[:ADDRESSES_MAX]
    return encode_link(replace(invitation, addresses=tuple(addresses)))


def _host_of(address: str) -> str | None:
    split = split_address(address)
    return None if split is None else split[0]


async def _message(web_socket: WebSocket, channel: Channel) -> bytes:
    """The next whole message."""
    while True:
        message = channel.receive(await _next(web_socket))
        if isinstance(message, Closed):
            raise LinkLost("The other home hung up")
        if message is not None:
            return message


async def _next(web_socket: WebSocket) -> bytes:
    frame = await web_socket.receive()
    if frame.type is aiohttp.WSMsgType.BINARY:
        data: bytes = frame.data
        return data
    if frame.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.ERROR):
        raise Malformed("not a binary WebSocket message", "6.3")
    raise LinkLost("The other home hung up")
