"""What friends do for each other so that all of them are reached: both sides of it.

As a common friend, this node says where others were last, relays (``relay``) and keeps
items for those who are off (``mailbox``). As one
of the two, it asks its common friends, opens circuits through them and takes the calls
that come that way (``circuits``). The engine is only read: whose friends are whose, and
by which halves they prove it (``node.engine.common_friends``).

Spec: §17.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import Final

from node.engine.common_friends import common_friends, is_common_friend, may_help, proof_of
from node.errors import DialFailed, TransportError
from node.host import Host
from node.surroundings import Connection, FriendPeer
from node.transport import handshakes
from node.transport.circuits import Circuit, Circuits
from node.transport.endpoint import Answering
from node.transport.files import Files
from node.transport.links import Link
from node.transport.mailbox import Keeper, Mailboxes
from node.transport.photos import Photos
from node.transport.relay import Relay, RelayLimits
from protocol import limits
from protocol.errors import QuotaExceeded, RemoteProtocolError
from protocol.keys import MemberId
from protocol.reaching import (
    CircuitClosed,
    CircuitCredit,
    CircuitData,
    FilePiece,
    HandItem,
    IncomingCircuit,
    ItemReceipt,
    LeaveItem,
    NoPhoto,
    NoPiece,
    OpenCircuit,
    PhotoPart,
    Reaching,
    TellTime,
    WantPhoto,
    WantPiece,
    Whereabouts,
    WhereIs,
    decode_reaching,
    encode_reaching,
)

_log = logging.getLogger("openhouse.reach")

ASK_MAX_S: Final = 5.0
_ASKED_MAX: Final = 3
_HANDSHAKE_MAX_S: Final = limits.HANDSHAKE_MAX_MS / 1000


class Reach:
    """Types 20 to 36 but 29, for one host; a ``node.host.SideService``.

    Args:
        answering: the engine.
        keeper: keeps items for friends.
        photos: gives and takes pictures; stopped with this object.
        files: the same with files of copyable things.
    """

    def __init__(
        self,
        host: Host,
        answering: Answering,
        keeper: Keeper,
        photos: Photos,
        files: Files,
        relay_limits: RelayLimits | None = None,
    ) -> None:
        self._host = host
        self._answering = answering
        self.relay = Relay(host.link_to, self._may_relay, relay_limits)
        self.circuits = Circuits(self._on_call, self._may_take)
        self.mailboxes = Mailboxes(host, keeper)
        self.photos = photos
        self.files = files
        self._asks = Asks()
        self._waiting: dict[tuple[Connection, MemberId], asyncio.Future[tuple[str, ...]]] = {}
        self._calls: dict[asyncio.Task[None], None] = {}

    async def stop(self) -> None:
        """End the calls taken; links over circuits must have ended, or are cut."""
        self.relay.close()
        self.circuits.close()
        for task in self._calls:
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        await self.mailboxes.stop()
        await self.photos.stop()
        await self.files.stop()

    # --- what the host calls -------------------------------------------------------------

    def takes(self, link: Connection, message: bytes) -> bool:
        """Whether a message was for this service; what is wrong with it is counted."""
        member = self._friend_at(link)
        if member is None:
            return False
        if self._host.core.is_former_friend(member):
            return True  # a link that is for loans alone: nothing of this is answered (§11.9)
        try:
            return self._on_message(link, member, decode_reaching(message))
        except RemoteProtocolError as error:
            self._host.count(error.code)
            _log.info("refused: %s", error)
            if error.verdict != "ignore":
                link.close(error.code)
            return True

    def _friend_at(self, link: Connection) -> MemberId | None:
        known = self._host.core.links.get(link.id)
        if known is not None:
            # A link that an invitation made has become a friend's.
            return known.friend
        return link.peer.member if isinstance(link.peer, FriendPeer) else None

    def on_link_ended(self, link: Connection) -> None:
        self.relay.on_link_ended(link)
        self.circuits.on_link_ended(link)
        self.mailboxes.on_link_ended(link)
        self.photos.on_link_ended(link)
        self.files.on_link_ended(link)
        for (asked, _), answer in list(self._waiting.items()):
            if asked is link and not answer.done():
                answer.set_result(())

    def _on_message(self, link: Connection, member: MemberId, message: Reaching) -> bool:
        match message:
            case OpenCircuit():
                self._asks.spend(member)
                self.relay.on_open(link, member, message)
            case IncomingCircuit():
                # One of a pair may know of the friendship's life or end before the other:
                # what is asked too early or too late is a "no", not an offence.
                self.circuits.on_incoming(link, message)
            case CircuitData() | CircuitCredit() | CircuitClosed():
                if self.relay.knows(message.circuit):
                    self.relay.on_message(link, message)
                else:
                    self.circuits.on_message(link, message)
            case WantPhoto():
                self.photos.on_want(link, member, message)
            case PhotoPart() | NoPhoto():
                self.photos.on_answer(link, message)
            case WantPiece():
                self.files.on_want(link, member, message)
            case FilePiece() | NoPiece():
                self.files.on_answer(link, message)
            case WhereIs():
                self._asks.spend(member)
                self._on_where_is(link, member, message)
            case Whereabouts(friend, addresses):
                answer = self._waiting.get((link, friend))
                if answer is not None and not answer.done():
                    answer.set_result(addresses)
            case TellTime(time_ms):
                self._asks.spend(member)
                self._host.hear_time(member, time_ms)
            case LeaveItem():
                self._asks.spend(member)
                self.mailboxes.on_leave(link, member, message)
            case ItemReceipt():
                return self.mailboxes.on_receipt(link, message)
            case HandItem():
                return False  # what is in it is the engine's
        return True

    # --- for others ------------------------------------------------------------------------

    def _on_where_is(self, link: Connection, member: MemberId, message: WhereIs) -> None:
        core = self._host.core
        addresses: tuple[str, ...] = ()
        if may_help(core, member, message.member, message.proof):
            addresses = core.friends[message.member].addresses
        link.send(encode_reaching(Whereabouts(message.member, addresses)))

    def _may_relay(self, member: MemberId, message: OpenCircuit) -> bool:
        return may_help(self._host.core, member, message.member, message.proof)

    # --- for ourselves ---------------------------------------------------------------------

    def can_help(self, member: MemberId) -> bool:
        """Whether a common friend is linked who could help to reach this friend."""
        core = self._host.core
        return core.is_live_friend(member) and bool(common_friends(core, member))

    def can_be_helped_by(self, member: MemberId, helper: MemberId) -> bool:
        """The same of one friend: quick, for whoever asks about many."""
        core = self._host.core
        return core.is_live_friend(member) and is_common_friend(core, helper, member)

    async def whereabouts(self, member: MemberId) -> list[str]:
        """Where common friends last knew a friend of ours."""
        core = self._host.core
        found: dict[str, None] = {}
        for helper in common_friends(core, member)[:_ASKED_MAX]:
            link, proof = self._host.link_to(helper), proof_of(core, member)
            if link is None or proof is None or (link, member) in self._waiting:
                continue
            answer = asyncio.get_running_loop().create_future()
            self._waiting[link, member] = answer
            link.send(encode_reaching(WhereIs(member, proof)))
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(ASK_MAX_S):
                        found.update(dict.fromkeys(await answer))
            finally:
                del self._waiting[link, member]
        return list(found)

    async def connect(self, member: MemberId) -> Circuit:
        """A circuit to a friend, through the first common friend who makes one.

        Raises:
            DialFailed: none of them could.
        """
        core = self._host.core
        reason = DialFailed("No common friend is linked")
        for helper in common_friends(core, member):
            link, proof = self._host.link_to(helper), proof_of(core, member)
            if link is None or link.is_relayed or proof is None:
                continue
            try:
                return await self.circuits.open(link, member, proof)
            except DialFailed as error:
                reason = error
        raise reason

    # --- calls taken -----------------------------------------------------------------------

    def _may_take(self, member: MemberId) -> bool:
        core = self._host.core
        return core.is_live_friend(member) and not self._host.is_linked_directly(member)

    def _on_call(self, circuit: Circuit) -> None:
        task = asyncio.create_task(self._serve(circuit), name="relayed call")
        self._calls[task] = None
        task.add_done_callback(lambda task: self._calls.pop(task, None))

    async def _serve(self, circuit: Circuit) -> None:
        core = self._host.core
        assert core.house is not None, "a live friend is of a house"
        try:
            async with asyncio.timeout(_HANDSHAKE_MAX_S):
                channel, peer = await handshakes.answer(
                    circuit,
                    house=core.house,
                    static=core.config.link_private,
                    friends=self._answering.link_keys,
                    secret_of=lambda tag: None,
                )
        except (RemoteProtocolError, TransportError, ConnectionError, TimeoutError) as error:
            if not isinstance(error, handshakes.CallerLeft):
                self._host.count(getattr(error, "code", "link-lost"))
                _log.info("hung up on a relayed caller: %s", error)
            circuit.abort()
            return
        except asyncio.CancelledError:
            circuit.abort()
            raise
        link = Link(
            self._host, circuit, channel, peer, is_dialled=False, over=circuit.link
        )  # fmt: skip
        await link.run()


class Asks:
    """How often a friend may still ask. Spec: §17.2."""

    def __init__(self, per_minute: int = limits.REACH_ASKS_PER_MINUTE_MAX) -> None:
        self._per_minute = per_minute
        self._asked: dict[MemberId, tuple[float, float]] = {}

    def spend(self, member: MemberId) -> None:
        """Count one; raises QuotaExceeded when it is too many: the question is not answered."""
        now_s = time.monotonic()
        tokens, at_s = self._asked.get(member, (float(self._per_minute), now_s))
        tokens = min(self._per_minute, tokens + (now_s - at_s) * self._per_minute / 60)
        if tokens < 1:
            raise QuotaExceeded("a friend asks for others too often", "17.2", "ignore")
        self._asked[member] = (tokens - 1, now_s)
