"""A few engines in memory, joined by a pump that carries messages at once and in order.

For tests of rules between nodes: no faults, no clock, no choices of its own. Time is
the field ``now_ms``, entropy a counter's hash, so a test does the same thing every
time. Faults, delays and crashes amid a step are for ``simulations.world``.

A link has two ends, each with its own ``LinkId``. The far end may be played *by hand*
(``by_hand``, ``say``, ``heard``), which is how attacks are written.

    pump = Pump()
    for name in ("ana", "bob"):
        pump.add(name)
    pump.command("ana", FoundHouse("Rue des Lilas", Charter()))
    pump.join("ana", "bob")
    pump.command("ana", AddThing("ladder", circles=1))
    assert pump.sees("bob") == ["ladder"]

Spec: §10.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from node.engine.commands import Command, EndFriendship, Invite, Join
from node.engine.core import Core
from node.engine.engine import Engine
from node.engine.events import (
    Answer,
    CommandReceived,
    DialFailed,
    DialInvitation,
    Disconnect,
    Effect,
    Event,
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
from node.engine.state import Config
from protocol.bodies import Body, ListingBody, half_object
from protocol.charter import Charter
from protocol.encoding import Value
from protocol.errors import Refused
from protocol.keys import (
    HouseId,
    MemberId,
    ObjectId,
    RecordId,
    Signer,
    link_private_key,
    link_public_key,
    verify,
)
from protocol.messages import Message, decode_message, encode_message
from protocol.records import Record, sign_record
from simulations.signing import InterningOpener, RealKeys
from simulations.town import TownPlan, build_town

START_MS: Final = 1_800_000_000_000
HOUR_MS: Final = 3600 * 1000
_CARRIED_MAX: Final = 200_000
"""Messages in one run: more means that engines answer each other for ever."""


@dataclass
class Home:
    """One member's node: its disk, and the engine while it runs."""

    name: str
    config: Config
    disk: dict[tuple[Space, bytes], Value] = field(default_factory=dict)
    engine: Engine | None = None
    effects: list[Effect] = field(default_factory=list)
    """Everything the engine ever asked for, in order."""
    addresses: tuple[str, ...] = ()
    """Where it says it can be reached; its name if empty."""

    def told_addresses(self) -> tuple[str, ...]:
        return self.addresses or (f"{self.name}:1",)


class Pump:
    """Engines by name, and the links between them."""

    def __init__(self) -> None:
        self.now_ms = START_MS
        self.local_day = 20_000
        self.homes: dict[str, Home] = {}
        self.rejects: list[tuple[str, str]] = []
        """``(who refused, code)``, in order."""
        self.disconnects: list[tuple[str, str]] = []
        """``(who closed a link, reason)``, in order."""
        self.carried = 0
        self.listeners: list[Callable[[bytes], None]] = []
        """Told every message that arrives anywhere."""
        self.lose_sends = False
        """Nodes crash after their commits: whatever they send now is lost."""
        self._opener = InterningOpener(verify)
        self._numbers = itertools.count(1)
        self._owner: dict[LinkId, str] = {}
        self._far_end: dict[LinkId, LinkId] = {}
        self._queue: deque[tuple[LinkId, bytes | None]] = deque()
        self._dials: deque[tuple[str, DialInvitation]] = deque()
        self._heard: dict[LinkId, list[bytes]] = {}
        self._answers: dict[RequestId, Json | Refused] = {}

    def entropy(self) -> bytes:
        """32 bytes that never come twice, the same in every run."""
        return hashlib.sha256(b"pump %d" % next(self._numbers)).digest()

    # --- homes -------------------------------------------------------------------------

    def add(self, name: str, *, records_per_second_max: int | None = 50) -> Core:
        """A new member with an empty disk, running. ``records_per_second_max``: as in Config."""
        seed = hashlib.sha256(name.encode()).digest()
        private = link_private_key(seed)
        config = Config(
            signer=Signer(seed), seed=seed, link_public=link_public_key(private),
            link_private=private, name=name, languages=("fr",), open_record=self._opener,
            verify=verify, records_per_second_max=records_per_second_max,
        )  # fmt: skip
        self.homes[name] = Home(name, config)
        return self.start(name)

    def settle(
        self,
        names: str,
        *friendships: str,
        charter: Charter = Charter(),  # noqa: B008 - frozen
        records_per_second_max: int | None = 50,
    ) -> None:
        """Members of one letter each with these friendships ("AB"), as if they had long been so.

        All are running and linked. The first two found the house and gave everybody's seats.
        """
        edges = [(names.index(pair[0]), names.index(pair[1])) for pair in friendships]
        plan = TownPlan(
            len(names), edges, self.now_ms, charter, records_per_second_max=records_per_second_max
        )
        for name, resident in zip(names, build_town(plan, RealKeys(), self._opener), strict=True):
            disk = {(space, key): value for space, key, value in resident.rows}
            self.homes[name] = Home(name, replace(resident.config, name=name), disk)
            self.start(name)
        self.link_all()

    def start(self, name: str) -> Core:
        """Start a node from its disk alone; a running one crashes first."""
        self.stop(name)
        home = self.homes[name]
        rows = [(space, key, value) for (space, key), value in home.disk.items()]
        home.engine = Engine(home.config, rows, self.now_ms, self.entropy()[:8])
        return home.engine.core

    def stop(self, name: str) -> None:
        """Crash: what was not persisted is gone, links break."""
        self.homes[name].engine = None
        self.cut(name)

    def engine(self, name: str) -> Engine:
        engine = self.homes[name].engine
        assert engine is not None, f"{name} does not run"
        return engine

    def core(self, name: str) -> Core:
        return self.engine(name).core

    def member(self, name: str) -> MemberId:
        return MemberId(self.homes[name].config.signer.public)

    def running(self) -> list[str]:
        return sorted(name for name, home in self.homes.items() if home.engine is not None)

    def sees(self, name: str) -> list[str]:
        """Titles of others' things that this member is shown, sorted."""
        bodies = [record.body for record in self.core(name).visible_listings()]
        return sorted(body.title for body in bodies if isinstance(body, ListingBody))

    # --- what happens ------------------------------------------------------------------

    def handle(self, name: str, event: Event) -> list[Effect]:
        """Give one event to an engine and carry its effects out; messages stay queued."""
        home = self.homes[name]
        effects = self.engine(name).handle(event, self.now_ms)
        home.effects.extend(effects)
        kinds = [isinstance(effect, Persist) for effect in effects]
        assert kinds == sorted(kinds, reverse=True), "what persists comes first"
        for effect in effects:
            self._carry_out(home, effect)
        return effects

    def _carry_out(self, home: Home, effect: Effect) -> None:
        match effect:
            case Persist(space, key, None):
                home.disk.pop((space, key), None)
            case Persist(space, key, value) if value is not None:
                home.disk[space, key] = value
            case Send(link, message) if not self.lose_sends:
                self._queue.append((link, message))
            case Disconnect(link, reason):
                self.disconnects.append((home.name, reason))
                self._queue.append((link, None))
            case Answer(request, result):
                self._answers[request] = result
            case DialInvitation():
                self._dials.append((home.name, effect))
            case Reject(_, code, _):
                self.rejects.append((home.name, code))
            case _:
                pass  # pages and diallers are no part of this world

    def run(self, until: Callable[[], bool] = lambda: False) -> int:
        """Carry messages until all is quiet, or ``until`` holds; give how many there were."""
        before = self.carried
        while (self._queue or self._dials) and not until():
            if self._dials:
                self._dial(*self._dials.popleft())
                continue
            link, message = self._queue.popleft()
            if message is None:
                self._close(link)
            elif link in self._far_end:
                self.carried += 1
                assert self.carried - before < _CARRIED_MAX, "the engines never come to rest"
                self._arrive(self._far_end[link], message)
        return self.carried - before

    def lose_queue(self) -> None:
        """Everything under way is lost; links stand."""
        self._queue.clear()

    def _arrive(self, link: LinkId, message: bytes) -> None:
        for listener in self.listeners:
            listener(message)
        if link in self._heard:
            self._heard[link].append(message)
        else:
            self.handle(self._owner[link], MessageReceived(link, message))

    def command(self, name: str, command: Command) -> Json | Refused:
        """What the owner is answered once all is quiet; None while the answer is out."""
        request = self.start_command(name, command)
        self.run()
        return self._answers.get(request)

    def start_command(self, name: str, command: Command) -> RequestId:
        """Give a command; what follows from it waits for ``run``."""
        request = RequestId(next(self._numbers))
        self.handle(name, CommandReceived(request, command, self.entropy(), self.local_day))
        return request

    def last_answer(self) -> Json | Refused:
        """What an owner was answered last."""
        return next(reversed(self._answers.values()))

    def advance(self, duration_ms: int) -> None:
        """Let time pass; every engine is woken when it asked to be."""
        end_ms = self.now_ms + duration_ms
        for _ in range(_CARRIED_MAX):
            due_ms, name = min(self._wakeups(), default=(end_ms + 1, ""))
            if due_ms > end_ms:
                self.now_ms = end_ms
                return
            self.now_ms = max(self.now_ms, due_ms)
            self.handle(name, Woke())
            self.run()
        raise AssertionError("an engine asks to be woken for ever")

    def _wakeups(self) -> list[tuple[int, str]]:
        times = [(h.engine.next_wakeup_ms(), h.name) for h in self.homes.values() if h.engine]
        return [(time_ms, name) for time_ms, name in times if time_ms is not None]

    # --- links -------------------------------------------------------------------------

    def _wire(self, one: str, other: str) -> tuple[LinkId, LinkId]:
        near, far = LinkId(next(self._numbers)), LinkId(next(self._numbers))
        self._owner[near], self._owner[far] = one, other
        self._far_end[near], self._far_end[far] = far, near
        return near, far

    def link(self, one: str, other: str) -> None:
        """A friends' link comes up on both sides; messages wait for ``run``."""
        near, far = self._wire(one, other)
        self.handle(other, LinkUp(far, self.member(one), self.homes[other].told_addresses()))
        self.handle(one, LinkUp(near, self.member(other), self.homes[one].told_addresses()))

    def link_all(self) -> None:
        """Link every two running friends that are not linked, and run to quiet."""
        for one, other in itertools.combinations(self.homes, 2):
            ends = [self.homes[name].engine for name in (one, other)]
            if any(end is None for end in ends) or self.are_linked(one, other):
                continue
            knows = [
                self.member(b) in self.core(a).friends for a, b in ((one, other), (other, one))
            ]
            if all(knows):
                self.link(one, other)
                self.run()

    def are_linked(self, one: str, other: str) -> bool:
        return any(
            self._owner[near] == one and self._owner[far] == other
            for near, far in self._far_end.items()
        )

    def cut(self, one: str, other: str | None = None) -> None:
        """Break a member's links, or the one with ``other``; what is under way is lost."""
        for near, far in list(self._far_end.items()):
            if self._owner[near] == one and other in (None, self._owner[far]):
                self._close(near)

    def _close(self, link: LinkId) -> None:
        far = self._far_end.pop(link, None)
        if far is None:
            return
        del self._far_end[far]
        for end in (link, far):
            home = self.homes.get(self._owner[end])
            if end not in self._heard and home is not None and home.engine is not None:
                self.handle(home.name, LinkDown(end))

    def _dial(self, guest: str, dial: DialInvitation) -> None:
        running = [home for home in self.homes.values() if home.engine is not None]
        for home in running:
            if self.engine(home.name).invitation_secret(dial.tag, self.now_ms) == dial.secret:
                near, far = self._wire(guest, home.name)
                come, key = self.homes[guest], home.config.link_public
                told = home.told_addresses()
                self.handle(home.name, HostLinkUp(far, dial.tag, come.config.link_public, told))
                self.handle(guest, GuestLinkUp(near, dial.tag, key, come.told_addresses()))
                return
        self.handle(guest, DialFailed(dial.tag, "nobody answers"))

    def invite(self, host: str, ttl_ms: int = HOUR_MS) -> str:
        """An invitation link of this member."""
        answer = self.command(host, Invite(ttl_ms, self.homes[host].told_addresses()))
        assert isinstance(answer, dict), f"{host} cannot invite: {answer}"
        return str(answer["link"])

    def join(self, host: str, guest: str) -> Json | Refused:
        """Invite and join: a friendship, and a seat for a newcomer."""
        return self.command(guest, Join(self.invite(host)))

    def start_join(self, host: str, guest: str) -> None:
        """The same; what follows from it waits for ``run``."""
        self.start_command(guest, Join(self.invite(host)))

    def end(self, name: str, friend: str) -> Json | Refused:
        """End a friendship."""
        return self.command(name, EndFriendship(self.member(friend).hex()))

    # --- by hand -----------------------------------------------------------------------

    def by_hand(self, name: str, open_with: Callable[[LinkId], Event]) -> LinkId:
        """Open a link to an engine whose far end the test plays.

        Args:
            open_with: the event that tells the engine of it.

        Returns:
            The far end, for ``say`` and ``heard``.
        """
        near, far = self._wire(name, "")
        self._heard[far] = []
        self.handle(name, open_with(near))
        self.run()
        return far

    def impersonate(self, friend: str, name: str) -> LinkId:
        """Stop ``friend``'s engine and play its end of a link with ``name``: a friend gone bad."""
        self.stop(friend)
        return self.by_hand(name, lambda link: LinkUp(link, self.member(friend)))

    def answer_by_hand(self, guest: str, join: Join, link_key: bytes) -> LinkId:
        """Let a member join, and play the host that it reaches, whoever that is."""
        self.start_command(guest, join)
        _, dial = self._dials.popleft()
        told = self.homes[guest].told_addresses()
        return self.by_hand(guest, lambda link: GuestLinkUp(link, dial.tag, link_key, told))

    def say(self, link: LinkId, *messages: Message | bytes) -> None:
        """Say something at a far end played by hand, and run to quiet."""
        for message in messages:
            data = message if isinstance(message, bytes) else encode_message(message)
            self._queue.append((link, data))
        self.run()

    def heard(self, link: LinkId) -> list[Message]:
        """What the engine has said since the last time, at an end played by hand."""
        messages = [decode_message(data) for data in self._heard[link]]
        self._heard[link].clear()
        return messages

    def half(self, author: str, friend: str) -> Record | None:
        """One side of a friendship, as its author has it on disk, running or not."""
        row = self.homes[author].disk.get(
            (Space.RECORD, self.member(author) + half_object(self.member(friend)))
        )
        return self._opener.peek(row[3]) if isinstance(row, tuple) else None  # type: ignore[arg-type]

    def open(self, envelope: Value) -> Record:
        """The record in an envelope, from a disk or a message."""
        assert isinstance(envelope, bytes), "an envelope is bytes"
        return self._opener.peek(envelope)

    def peek(self, record_id: RecordId) -> Record | None:
        """A record that anybody who runs holds."""
        found = (self.core(name).registers.with_id(record_id) for name in self.running())
        return next((record for record in found if record is not None), None)

    def is_open(self, link: LinkId) -> bool:
        return link in self._far_end

    def sign(
        self,
        name: str,
        body: Body,
        object_id: ObjectId,
        *,
        sequence: int | None = None,
        epoch: int = 0,
        created_ms: int | None = None,
        lease_ms: int = 24 * HOUR_MS,
        house: HouseId | None = None,
    ) -> Record:
        """A record by this member that its node knows nothing of; sequences only go up."""
        created_ms = self.now_ms if created_ms is None else created_ms
        known = next(h.engine.core.house for h in self.homes.values() if h.engine)
        house = house or known
        assert house is not None, "somebody who runs is in a house"
        return sign_record(
            self.homes[name].config.signer,
            body,
            house=house,
            object_id=object_id,
            sequence=1_000_000 + next(self._numbers) if sequence is None else sequence,
            created_ms=created_ms,
            not_after_ms=created_ms + lease_ms,
            epoch=epoch,
        )
