"""The one loop that owns the engine: events in, effects out, in the right order.

Everything that happens (a message, a link, a command, the time) becomes an event in
one queue. The loop handles what waits in slices of a few milliseconds, so that
sockets and page stay alive. Persists go to the store in one transaction per batch,
on a thread of their own; while it runs, further events are handled, and the next
transaction takes all of them. The other effects of an event are carried out only
after the transaction with its persists has returned: nothing is sent or answered
that could be forgotten (spec §10.1).

When the store fails, nothing more is acknowledged: every waiting command gets the
error, and so does whoever waits for ``failed``. What was not committed never
happened, because the engine's memory ends with the process.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Final, TypeVar

from node.breakage import HostFailed, rows_against
from node.engine.clock_watch import ClockWatch
from node.engine.commands import Command
from node.engine.core import Core
from node.engine.events import (
    Answer,
    CommandReceived,
    Deliver,
    DialFailed,
    DialInvitation,
    Disconnect,
    Effect,
    Event,
    FriendsChanged,
    GuestLinkUp,
    HostLinkUp,
    Json,
    LinkDown,
    LinkId,
    LinkUp,
    MessageReceived,
    Persist,
    Reject,
    RequestId,
    Send,
    Space,
    Woke,
)
from node.errors import NodeError, StoreError
from node.inbox import Inbox, Opening
from node.node_time import NodeTime
from node.opening import CachedOpener
from node.surroundings import (
    Committer,
    Connection,
    EngineLike,
    InvitationPeer,
    Network,
    SideService,
)
from node.topics import Subscription, Topics
from node.verifier import Verifiers
from protocol.errors import OpenHouseError, Refused
from protocol.keys import MemberId
from protocol.messages import ADDRESSES_MAX, Addresses, encode_message
from protocol.reaching import is_reaching

_log = logging.getLogger("openhouse.host")
_Result = TypeVar("_Result")

# How long the loop may handle events before sockets get their turn.
_SLICE_S: Final = 0.010
# Rows handled but not yet committed: beyond it, handling waits for the disk.
_UNCOMMITTED_ROWS_MAX: Final = 8192
# An engine that asks to be woken in the past is woken soon, but never in a spin.
_WAKEUP_MIN_S: Final = 0.05
# After a sleep of the computer or a change of the clock, not later than this.
_WAKEUP_MAX_S: Final = 3600.0
# A store that takes longer than this for the last transaction is left to itself.
_STOP_MAX_S: Final = 5.0
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class _NewLink:
    """In the queue of events: a link to be given to the engine."""

    link: Connection


class Host:
    """Runs one engine. All methods belong to the loop's thread.

    Args:
        engine: the only one that may call it from now on is this host.
        store: ``commit`` is called on a thread of its own.
        opener: the one the engine's ``open_record`` asks.
        counters: how often each code was refused since the start.
        topics: told what the page may want to show anew.
        clock: keeps the engine's time; None believes the computer's clock.
    """

    def __init__(
        self,
        engine: EngineLike,
        store: Committer,
        opener: CachedOpener,
        network: Network,
        counters: Counter[str],
        topics: Topics,
        clock: ClockWatch | None = None,
    ) -> None:
        self.engine = engine
        self.counters = counters
        self.failed: asyncio.Future[NodeError] = asyncio.get_running_loop().create_future()
        """Done when this host can do nothing more, with the reason."""
        self.side: SideService | None = None
        """Sees messages of types 20 to 36 before the engine does."""
        self._loop = asyncio.get_running_loop()
        self._store = store
        self._network = network
        self._topics = topics
        self._time = NodeTime(clock)
        self._events: deque[Event | _NewLink] = deque()
        self._at_hand: Event | _NewLink | None = None
        self._has_events = asyncio.Event()
        self._links: dict[LinkId, Connection] = {}
        self._inboxes: dict[LinkId, Inbox] = {}
        self._link_numbers = count(1)
        self._link_ended = asyncio.Event()
        self._requests: dict[RequestId, asyncio.Future[Json]] = {}
        self._request_numbers = count(1)
        self._persists: list[Persist] = []
        self._effects: list[Effect] = []
        self._has_effects = asyncio.Event()
        self._is_committing = False
        self._room = asyncio.Event()
        self._idle = asyncio.Event()
        self._wakeup: asyncio.TimerHandle | None = None
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._opening = Opening(
            opener, ThreadPoolExecutor(1, thread_name_prefix="open"), Verifiers()
        )
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def core(self) -> Core:
        """The engine's state, for reading, in the loop's thread."""
        return self.engine.core

    def start(self) -> None:
        """Begin; the first event tells the engine what time it is."""
        self._tasks = [
            asyncio.create_task(self._guard(self._handle_events()), name="handle events"),
            asyncio.create_task(self._guard(self._commit_batches()), name="commit batches"),
        ]
        self._post(Woke())

    async def stop(self) -> None:
        """Commit what was handled, carry it out, and end."""
        if not self.failed.done():
            idle = asyncio.ensure_future(self._idle.wait())
            await asyncio.wait(
                (idle, self.failed), timeout=_STOP_MAX_S, return_when=asyncio.FIRST_COMPLETED
            )
            idle.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._wakeup is not None:
            self._wakeup.cancel()
        self._drop_requests(HostFailed("The node is stopping"))
        self._opening.pool.shutdown(wait=False, cancel_futures=True)
        await self._opening.verifiers.stop()
        await self._loop.run_in_executor(None, self._writer.shutdown)

    # --- what others call ----------------------------------------------------------------

    async def command(self, command: Command) -> Json:
        """Let the engine carry out a command; returns when its result is on disk.

        Raises:
            Refused: nothing was changed.
            StoreError: it could not be written; nothing was changed.
        """
        if self.failed.done():
            raise self.failed.result()
        request = RequestId(next(self._request_numbers))
        answer: asyncio.Future[Json] = self._loop.create_future()
        self._requests[request] = answer
        today = date.fromtimestamp(self.now_ms() / 1000).toordinal() - _EPOCH_ORDINAL
        self._post(CommandReceived(request, command, os.urandom(32), today))
        try:
            return await answer
        finally:
            self._requests.pop(request, None)

    async def on_store_thread(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        """Use the store beside the loop, in turn with its commits. Raises StoreError."""
        return await self._loop.run_in_executor(self._writer, work, *arguments)

    def new_link_id(self) -> LinkId:
        return LinkId(next(self._link_numbers))

    def add_link(self, link: Connection) -> None:
        """A handshake has succeeded. Every link added must be removed when it ends."""
        self._links[link.id] = link
        self._inboxes[link.id] = Inbox(
            self._opening, lambda message: self._post(MessageReceived(link.id, message))
        )
        self._post(_NewLink(link))

    def receive(self, link: Connection, message: bytes) -> None:
        """A message arrived. ``link.on_delivered`` follows when it has been taken in."""
        inbox = self._inboxes.get(link.id)
        if inbox is None:
            return
        if is_reaching(message) and self.side is not None and self.side.takes(link, message):
            link.on_delivered(len(message))
        else:
            inbox.receive(message)

    def remove_link(self, link: Connection) -> None:
        """A link has ended, whoever ended it."""
        if self._links.pop(link.id, None) is not None:
            del self._inboxes[link.id]
            if self.side is not None:
                self.side.on_link_ended(link)
            self._link_ended.set()
            self._post(LinkDown(link.id))

    def connections(self) -> list[Connection]:
        """All links that stand."""
        return list(self._links.values())

    def close_links(self, reason: str) -> None:
        """Say goodbye on every link."""
        for link in list(self._links.values()):
            link.close(reason)

    async def wait_for_links_to_end(self, timeout_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._links:
                    self._link_ended.clear()
                    await self._link_ended.wait()

    def tell_addresses(self, addresses: tuple[str, ...]) -> None:
        """This node can be reached elsewhere from now on: tell the friends who are linked."""
        message = encode_message(Addresses(addresses[:ADDRESSES_MAX]))
        for member in self.core.link_ids:
            link = self.link_to(member)
            if link is not None:
                link.send(message)

    def fail_dial(self, tag: bytes, reason: str) -> None:
        """An inviter could not be reached."""
        self._post(DialFailed(tag, reason))

    def count(self, code: str) -> None:
        """Count something refused outside the engine."""
        self.counters[code] += 1

    def tell_page(self, topic: str) -> None:
        """Something outside the engine changed that the page shows."""
        self._topics.publish(topic)

    def subscribe(self) -> Subscription:
        """Hear which parts of what the page shows changed."""
        return self._topics.subscribe()

    def is_linked(self, member: MemberId) -> bool:
        """Whether a link with this friend stands."""
        return self.link_to(member) is not None

    def is_linked_directly(self, member: MemberId) -> bool:
        """Whether a link stands that needs nobody else's node."""
        link = self.link_to(member)
        return link is not None and not link.is_relayed

    def link_to(self, member: MemberId) -> Connection | None:
        """The link with this friend that the engine knows."""
        link_id = self.core.link_of(member)
        return None if link_id is None else self._links.get(link_id)

    # --- time ----------------------------------------------------------------------------

    def now_ms(self) -> int:
        """The time that all of the node goes by (spec §10.5)."""
        return self._time.now_ms()

    def hear_time(self, member: MemberId, time_ms: int) -> None:
        """A friend's node told its time."""
        if self._time.hear(member, time_ms):
            self._topics.publish("clock")
            self._post(Woke())

    # --- events --------------------------------------------------------------------------

    def _post(self, event: Event | _NewLink) -> None:
        self._events.append(event)
        self._idle.clear()
        self._has_events.set()

    async def _handle_events(self) -> None:
        while True:
            await self._has_events.wait()
            deadline_s = time.monotonic() + _SLICE_S
            while self._events and time.monotonic() < deadline_s:
                self._at_hand = item = self._events.popleft()
                if isinstance(item, _NewLink):
                    self._take_link(item.link)
                else:
                    self._handle_event(item)
                self._at_hand = None
            if not self._events:
                self._has_events.clear()
            self._schedule_wakeup()
            if self._effects or self._persists:
                self._has_effects.set()
            elif not self._events and not self._is_committing:
                self._idle.set()
            # Sockets and page have their turn between slices.
            await asyncio.sleep(0)
            while len(self._persists) > _UNCOMMITTED_ROWS_MAX:
                self._room.clear()
                await self._room.wait()

    def _handle_event(self, event: Event) -> None:
        if isinstance(event, MessageReceived):
            link = self._links.get(event.link)
            if link is not None:
                link.on_delivered(len(event.message))
        elif isinstance(event, LinkDown):
            self._tell_link_changed(event)
            return
        self._handle(event)

    def _handle(self, event: Event) -> None:
        now_ms = self.now_ms()
        has_persists = False
        for effect in self.engine.handle(event, now_ms):
            if isinstance(effect, Persist):
                self._persists.append(effect)
                has_persists = True
            else:
                self._effects.append(effect)
        self._effects.extend(self._time.tell(self.core, now_ms))
        if has_persists and self._time.note(now_ms):
            self._persists.append(Persist(Space.META, b"clock", now_ms))

    def _schedule_wakeup(self) -> None:
        """One timer, at the engine's next time."""
        if self._wakeup is not None:
            self._wakeup.cancel()
            self._wakeup = None
        wakeup_ms = self.engine.next_wakeup_ms()
        if wakeup_ms is not None:
            delay_s = (wakeup_ms - self.now_ms()) / 1000
            delay_s = min(max(delay_s, _WAKEUP_MIN_S), _WAKEUP_MAX_S)
            self._wakeup = self._loop.call_later(delay_s, self._post, Woke())

    # --- links ---------------------------------------------------------------------------

    def _take_link(self, link: Connection) -> None:
        """Give a new link to the engine, which never sees two for one friend."""
        if link.id not in self._links:
            return
        peer = link.peer
        addresses = self._network.addresses()
        if isinstance(peer, InvitationPeer):
            up = GuestLinkUp if peer.is_inviter else HostLinkUp
            self._handle(up(link.id, peer.tag, peer.link_key, addresses))
            return
        old_id = self.core.link_of(peer.member)
        old = None if old_id is None else self._links.get(old_id)
        if old is not None and not self._replaces(link, old, peer.member):
            link.close("another link stands")
            return
        if old_id is not None:
            self._handle(LinkDown(old_id))
        if old is not None:
            old.close("another link stands")
        self._handle(LinkUp(link.id, peer.member, addresses))
        if link.id not in self.core.links:
            # They stopped being friends while the handshake ran.
            link.close("not a friend")
        self._network.on_link_changed(peer.member)

    def _replaces(self, new: Connection, old: Connection, member: MemberId) -> bool:
        """Both ends dialled: the link dialled by the smaller id stays, on both sides.

        From one dialler, the newer link counts: it would not have dialled while it
        had the older one. A direct link always counts more than a relayed one (§17.3).
        """
        if new.is_relayed != old.is_relayed:
            return old.is_relayed
        if new.is_dialled == old.is_dialled:
            return True
        me = self.core.me
        return (me if new.is_dialled else member) == min(me, member)

    def _tell_link_changed(self, event: LinkDown) -> None:
        known = self.core.links.get(event.link)
        self._handle(event)
        friend = None if known is None else known.friend
        self._time.forget(event.link, friend)
        if friend is not None:
            self._network.on_link_changed(friend)

    # --- effects -------------------------------------------------------------------------

    async def _commit_batches(self) -> None:
        while True:
            await self._has_effects.wait()
            self._has_effects.clear()
            persists, self._persists = self._persists, []
            effects, self._effects = self._effects, []
            self._room.set()
            if persists:
                self._is_committing = True
                await self._loop.run_in_executor(self._writer, self._store.commit, persists)
                self._is_committing = False
            for effect in effects:
                self._carry_out(effect)
            if not self._events and not self._effects and not self._persists:
                self._idle.set()

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Send(link_id, message):
                link = self._links.get(link_id)
                if link is not None:
                    link.send(message)
            case Answer(request, result):
                self._answer(request, result)
            case Deliver(topic):
                self._topics.publish(topic)
            case DialInvitation():
                self._network.dial_invitation(effect)
            case FriendsChanged():
                self._network.on_friends_changed()
            case Disconnect(link_id, reason):
                link = self._links.get(link_id)
                if link is not None:
                    link.close(reason)
            case Reject(_, code, detail):
                self.count(code)
                _log.info("refused: %s", detail)
            case Persist():
                raise AssertionError("persists are committed, not carried out")

    def _answer(self, request: RequestId, result: Json | Refused) -> None:
        answer = self._requests.pop(request, None)
        if answer is None or answer.done():
            return
        if isinstance(result, Refused):
            answer.set_exception(result)
        else:
            answer.set_result(result)

    # --- the end -------------------------------------------------------------------------

    async def _guard(self, work: Awaitable[None]) -> None:
        """Expected failures stop the host; so does, with a traceback, any other."""
        try:
            await work
        except StoreError as error:
            self._fail(error)
        except Exception:
            _log.exception("the engine's loop failed")
            self._fail(await self._after_breakage())

    async def _after_breakage(self) -> NodeError:
        """Shut out whoever sent what broke the engine. Spec: §14.2."""
        event = self._at_hand
        if not isinstance(event, MessageReceived):
            return HostFailed("The program failed in a way nobody expected; see the log")
        link = self._links.get(event.link)
        try:
            rows = rows_against(self.core, link, event.link, self.now_ms())
            if rows:
                await self.on_store_thread(self._store.commit, rows)
        except StoreError as error:
            return error
        detail = "What another home sent made the program fail; see the log"
        return HostFailed(detail, may_open_again=True)

    def _fail(self, error: NodeError) -> None:
        if not self.failed.done():
            self.failed.set_result(error)
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        self._drop_requests(error)

    def _drop_requests(self, error: OpenHouseError) -> None:
        for answer in self._requests.values():
            if not answer.done():
                answer.set_exception(error)
        self._requests.clear()
