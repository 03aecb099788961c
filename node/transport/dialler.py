"""Calling friends, and calling again: one small task for each.

A friend without a link is called at the addresses seen nearby, then at those they
told us, those the whole world can reach first; then at those that common friends know;
then through a common friend's node (spec §17). What fails is tried again later and later,
up to five minutes, with chance in it so that a house that comes back from a power cut does
not call in step. News (they were seen nearby, our network changed, they moved) start at
once and anew.

A link through a common friend is better than none, and no reason to stop: direct ways
are tried on, and replace it.

Both friends may call. The one with the larger id gives the other a moment first, so
that it is rare that both do; when they do, the host keeps one link.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

import aiohttp

from node.config import split_address
from node.engine.engine import DialTarget
from node.engine.events import DialInvitation
from node.errors import DialFailed, TransportError
from node.host import Host
from node.surroundings import Peer
from node.transport import handshakes
from node.transport.circuits import Circuit
from node.transport.connecting import by_reach, opened
from node.transport.endpoint import PATH
from node.transport.links import (
    HEARTBEAT_S,
    WEB_SOCKET_SIZE_MAX_BYTES,
    DialledWebSocket,
    Link,
    WebSocket,
    abort,
)
from protocol.channel import Channel
from protocol.errors import RemoteProtocolError
from protocol.keys import MemberId
from protocol.limits import HANDSHAKE_MAX_MS

_log = logging.getLogger("openhouse.dialler")

BACKOFF_MIN_S: Final = 1.0
BACKOFF_MAX_S: Final = 300.0
POLITE_DELAY_S: Final = 1.5
CONNECT_MAX_S: Final = 5.0
_HANDSHAKE_MAX_S: Final = HANDSHAKE_MAX_MS / 1000
_NEWS_DELAY_S: Final = 0.2
# A link that lasted so long was a good one: the next attempt is a first one again.
_GOOD_LINK_S: Final = 30.0
_HELP_NEWS_S: Final = 10.0
# A friend who is back calls common friends too: asking them again and again helps little.
HELP_BACKOFF_MIN_S: Final = 5.0
HELP_BACKOFF_MAX_S: Final = 1800.0


Greet: TypeAlias = Callable[[WebSocket], Awaitable[tuple[Channel, Peer]]]
"""The handshake over a connection."""


class Calling(Protocol):
    """The engine, for whoever calls friends."""

    def friends_to_dial(self) -> list[DialTarget]: ...


class Helping(Protocol):
    """Common friends, for whoever calls friends; see ``node.transport.reach``."""

    def can_help(self, member: MemberId) -> bool: ...
    def can_be_helped_by(self, member: MemberId, helper: MemberId) -> bool: ...
    async def whereabouts(self, member: MemberId) -> list[str]: ...
    async def connect(self, member: MemberId) -> Circuit: ...


@dataclass(slots=True)
class _Friend:
    target: DialTarget
    task: asyncio.Task[None] | None = None
    failures: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    link_changed: asyncio.Event = field(default_factory=asyncio.Event)
    help_came_s: float = 0.0
    help_failures: int = 0
    help_not_before_s: float = 0.0


class Dialler:
    """Keeps a link with every friend.

    Args:
        nearby: addresses at which a friend was seen on the local network.
        own: this node's addresses: where a friend cannot be.
        helping: common friends.
    """

    def __init__(
        self,
        host: Host,
        calling: Calling,
        nearby: Callable[[MemberId], list[str]],
        own: Callable[[MemberId], tuple[str, ...]],
        helping: Helping | None = None,
    ) -> None:
        self._host = host
        self._calling = calling
        self._nearby = nearby
        self._own = own
        self._helping = helping
        self._relayed: dict[asyncio.Task[None], None] = {}
        self._friends: dict[MemberId, _Friend] = {}
        self._is_resting = False
        self._guests: dict[asyncio.Task[None], None] = {}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True, use_dns_cache=False),
            ws_response_class=DialledWebSocket,
        )

    # --- what others call ------------------------------------------------------------------

    def refresh(self) -> None:
        """The set of friends, or what is known of them, changed."""
        targets = {target.member: target for target in self._calling.friends_to_dial()}
        for member in [member for member in self._friends if member not in targets]:
            self._stop(self._friends.pop(member))
        for member, target in targets.items():
            known = self._friends.get(member)
            if known is None:
                friend = self._friends[member] = _Friend(target)
                friend.task = asyncio.create_task(self._keep(friend), name="dial a friend")
            elif known.target != target:
                known.target = target
                self._tell(known)

    def on_link_changed(self, member: MemberId) -> None:
        """A friend's link came or went."""
        friend = self._friends.get(member)
        if friend is not None:
            friend.link_changed.set()
            if not self._addresses(friend.target):
                friend.news.set()
        if self._helping is not None and self._host.is_linked_directly(member):
            self._tell_help_came(self._helping, member)

    def on_nearby(self, member: MemberId) -> None:
        """A friend was seen on the local network."""
        friend = self._friends.get(member)
        if friend is not None:
            self._tell(friend)

    def on_network_changed(self) -> None:
        """Our own addresses changed: what failed before may work now."""
        for friend in self._friends.values():
            self._tell(friend)

    def dial_invitation(self, invitation: DialInvitation) -> None:
        """Call an inviter; ends in a link or in ``Host.fail_dial``."""
        task = asyncio.create_task(self._call_inviter(invitation), name="dial an inviter")
        self._guests[task] = None
        task.add_done_callback(lambda task: self._guests.pop(task, None))

    def rest(self) -> None:
        """Make no more calls; links that stand go on."""
        self._is_resting = True

    async def stop(self) -> None:
        """End the calls under way; links dialled must have ended, or are cut."""
        tasks = [friend.task for friend in self._friends.values() if friend.task is not None]
        tasks += [*self._guests, *self._relayed]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._session.close()

    def _tell(self, friend: _Friend) -> None:
        friend.failures = friend.help_failures = 0
        friend.help_not_before_s = 0.0
        friend.news.set()

    def _tell_help_came(self, helping: Helping, helper: MemberId) -> None:
        """A link came up: others may be reached with that friend's help."""
        now_s = time.monotonic()
        for member, friend in self._friends.items():
            # A friend whose link comes and goes must not have us call everybody each time.
            is_due = now_s - friend.help_came_s > _HELP_NEWS_S or not friend.help_came_s
            is_missed = is_due and not self._host.is_linked(member)
            if is_missed and helping.can_be_helped_by(member, helper):
                friend.help_came_s = now_s
                friend.help_not_before_s = 0.0
                friend.news.set()

    def _can_be_helped(self, member: MemberId) -> bool:
        return self._helping is not None and self._helping.can_help(member)

    def _stop(self, friend: _Friend) -> None:
        if friend.task is not None:
            friend.task.cancel()

    # --- friends ----------------------------------------------------------------------------

    async def _keep(self, friend: _Friend) -> None:
        """Have a link with one friend, for ever."""
        member = friend.target.member
        politeness_s = POLITE_DELAY_S if self._host.core.me > member else 0.0
        delay_s = politeness_s
        while True:
            await self._pause(friend, delay_s)
            if not self._host.is_linked_directly(member):
                await self._call(friend, self._addresses(friend.target))
            if not self._host.is_linked(member):
                await self._call_with_help(friend)
            if self._host.is_linked_directly(member):
                await self._while_linked(friend)
            delay_s = politeness_s + self._backoff_s(friend)

    async def _pause(self, friend: _Friend, delay_s: float) -> None:
        """Wait; shorter when there is news, for ever when nothing is known to try."""
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await friend.news.wait()
        member = friend.target.member
        while not (
            self._addresses(friend.target)
            or self._host.is_linked(member)
            or self._can_be_helped(member)
        ):
            friend.news.clear()
            await friend.news.wait()
        if friend.news.is_set():
            friend.news.clear()
            # However fast news comes (others can make some), calls stay few.
            await asyncio.sleep(_NEWS_DELAY_S)

    async def _while_linked(self, friend: _Friend) -> None:
        began_s = time.monotonic()
        while self._host.is_linked_directly(friend.target.member):
            friend.link_changed.clear()
            await friend.link_changed.wait()
        if time.monotonic() - began_s > _GOOD_LINK_S:
            friend.failures = 0

    def _backoff_s(self, friend: _Friend) -> float:
        delay_s = min(BACKOFF_MAX_S, BACKOFF_MIN_S * 2.0 ** min(friend.failures, 16))
        friend.failures += 1
        return delay_s * random.uniform(0.5, 1.0)

    def _addresses(self, target: DialTarget) -> list[str]:
        """Where to look: nearby first; never at ourselves. Spec: §17.1."""
        own = self._own(target.member)
        known = dict.fromkeys([*self._nearby(target.member), *by_reach(target.addresses)])
        return [address for address in known if address not in own]

    async def _call_with_help(self, friend: _Friend) -> None:
        """Ask common friends where they are, call there, then go through a common friend."""
        target = friend.target
        if self._helping is None or self._is_resting or not self._can_be_helped(target.member):
            return
        now_s = time.monotonic()
        if now_s < friend.help_not_before_s:
            return
        delay_s = min(HELP_BACKOFF_MAX_S, HELP_BACKOFF_MIN_S * 2.0 ** min(friend.help_failures, 16))
        friend.help_not_before_s = now_s + delay_s * random.uniform(0.5, 1.0)
        friend.help_failures += 1
        told = by_reach(await self._helping.whereabouts(target.member))
        known, own = self._addresses(target), self._own(target.member)
        fresh = [address for address in told if address not in known and address not in own]
        await self._call(friend, fresh)
        if self._host.is_linked(target.member):
            return
        try:
            circuit = await self._helping.connect(target.member)
            async with asyncio.timeout(_HANDSHAKE_MAX_S):
                channel, peer = await self._greet_over(circuit, target)
        except (DialFailed, RemoteProtocolError) as error:
            _log.debug("through a friend: %s", error)
            return
        except TimeoutError:
            _log.debug("through a friend: the handshake took too long")
            return
        link = Link(self._host, circuit, channel, peer, is_dialled=True, over=circuit.link)
        task = asyncio.create_task(self._serve_relayed(friend, link), name="relayed link")
        self._relayed[task] = None
        task.add_done_callback(lambda task: self._relayed.pop(task, None))
        # The host has it now; it is looked at again when the next direct way is tried.
        await asyncio.sleep(0)

    async def _greet_over(self, circuit: Circuit, target: DialTarget) -> tuple[Channel, Peer]:
        try:
            return await self._greet(circuit, target)
        except BaseException as error:
            circuit.abort()
            if isinstance(error, TransportError | OSError):
                raise DialFailed(f"The handshake failed: {error}") from error
            raise

    async def _serve_relayed(self, friend: _Friend, link: Link) -> None:
        began_s = time.monotonic()
        await link.run()
        if time.monotonic() - began_s > _GOOD_LINK_S:
            self._tell(friend)

    async def _call(self, friend: _Friend, addresses: list[str]) -> None:
        """Call at every address until one answers, and serve that link to its end."""
        target = friend.target
        link = await self._first_link(
            addresses,
            lambda web_socket: self._greet(web_socket, target),
            lambda: not (self._is_resting or self._host.is_linked_directly(target.member)),
        )
        if isinstance(link, Link):
            began_s = time.monotonic()
            await link.run()
            if time.monotonic() - began_s > _GOOD_LINK_S:
                friend.failures = friend.help_failures = 0

    async def _greet(self, web_socket: WebSocket, target: DialTarget) -> tuple[Channel, Peer]:
        core = self._host.core
        if core.house is None:
            raise DialFailed("This node belongs to no house")
        return await handshakes.call_friend(
            web_socket,
            house=core.house,
            static=core.config.link_private,
            friend=target.member,
            link_key=target.link_key,
        )

    # --- inviters ---------------------------------------------------------------------------

    async def _call_inviter(self, invitation: DialInvitation) -> None:
        link = await self._first_link(
            invitation.addresses,
            lambda web_socket: self._greet_inviter(web_socket, invitation),
            lambda: not self._is_resting,
        )
        if isinstance(link, Link):
            await link.run()
        else:
            _log.info("invitation: %s", link)
            self._host.fail_dial(invitation.tag, link)

    async def _greet_inviter(
        self, web_socket: WebSocket, invitation: DialInvitation
    ) -> tuple[Channel, Peer]:
        return await handshakes.call_inviter(
            web_socket,
            house=invitation.house,
            static=self._host.core.config.link_private,
            secret=invitation.secret,
            link_key=invitation.link_key,
        )

    # --- connections ------------------------------------------------------------------------

    async def _first_link(
        self, addresses: Sequence[str], greet: Greet, is_wanted: Callable[[], bool]
    ) -> Link | str:
        """A link with the first who answers at one of the addresses and passes the handshake.

        Returns:
            The link, or why there is none.
        """
        reason = "there is no address to call"
        refused: dict[str, str] = {}

        async def connect(address: str) -> aiohttp.ClientWebSocketResponse:
            try:
                return await self._open(address)
            except DialFailed as error:
                _log.debug("%s: %s", address, error)
                refused[address] = str(error)
                raise

        async with opened(addresses, connect, _give_up) as connections:
            async for address, web_socket in connections:
                if not is_wanted():
                    await _give_up(web_socket)
                    return "it is not wanted any more"
                try:
                    return await self._greeted(web_socket, greet)
                except (DialFailed, RemoteProtocolError) as error:
                    _log.debug("%s: %s", address, error)
                    refused[address] = str(error)
        return next(reversed(refused.values()), reason)

    async def _open(self, address: str) -> aiohttp.ClientWebSocketResponse:
        """A connection; raises DialFailed when nobody is there."""
        if split_address(address) is None:
            raise DialFailed("Not an address")
        try:
            async with asyncio.timeout(CONNECT_MAX_S):
                return await self._session.ws_connect(
                    f"ws://{address}{PATH}",
                    max_msg_size=WEB_SOCKET_SIZE_MAX_BYTES,
                    compress=0,
                    heartbeat=HEARTBEAT_S,
                )
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise DialFailed(f"Nobody answers: {str(error) or type(error).__name__}") from error

    async def _greeted(self, web_socket: aiohttp.ClientWebSocketResponse, greet: Greet) -> Link:
        """The link, once whoever answered has passed the handshake.

        Raises:
            DialFailed: it is not one who speaks with us.
            RemoteProtocolError: somebody else than we look for.
        """
        try:
            async with asyncio.timeout(_HANDSHAKE_MAX_S):
                channel, peer = await greet(web_socket)
        except BaseException as error:
            await _give_up(web_socket)
            if isinstance(error, TransportError | OSError | TimeoutError | aiohttp.ClientError):
                raise DialFailed(f"The handshake failed: {str(error) or 'no answer'}") from error
            raise
        return Link(self._host, web_socket, channel, peer, is_dialled=True)


async def _give_up(web_socket: aiohttp.ClientWebSocketResponse) -> None:
    abort(web_socket)
    try:
        with suppress(TimeoutError, aiohttp.ClientError, ConnectionError):
            async with asyncio.timeout(1.0):
                await web_socket.close()
    finally:
        if isinstance(web_socket, DialledWebSocket):
            web_socket.let_go()
