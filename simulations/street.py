"""A street: engines of a few members and the links between them, for tests of the exchange.

Messages wait in one queue until somebody settles, so that a test can lose what is under
way, bring it twice, or let one link overtake another.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import cast

from node.engine import loans
from node.engine.commands import (
    AddThing,
    AnswerLoan,
    Ask,
    Command,
    GiveBack,
    HandOver,
    Invite,
    Join,
    Rate,
    SetProfile,
)
from node.engine.core import Core
from node.engine.engine import Engine
from node.engine.events import (
    Answer,
    CommandReceived,
    DialInvitation,
    Disconnect,
    Effect,
    Event,
    GuestLinkUp,
    HostLinkUp,
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
from protocol.bodies import Body, Fault, Kind, ListingBody, ThingKind
from protocol.charter import Charter
from protocol.encoding import Value
from protocol.errors import Refused
from protocol.exchange import expected_object
from protocol.keys import MemberId, ObjectId
from protocol.records import Record, sign_record
from simulations.signing import InterningOpener, RealKeys
from simulations.town import Resident, TownPlan, build_town

DAY_MS = 24 * 3600 * 1000
DAY = 24 * 60
TODAY = 20_000
"""The calendar day on which every test begins, and the instant at which it does."""
BORN_MS = TODAY * DAY_MS

_FAREWELLS = ("friendship-ended", "friends-again")
_CLOSE = b""
"""In the queue, after what was said before: the link is closed."""

Row = dict[str, object]


@dataclass
class Street:
    """Engines and the links between them.

    Args:
        edges: friendships.
    """

    residents: list[Resident]
    edges: list[tuple[int, int]]
    now_ms: int = BORN_MS
    engines: list[Engine] = field(default_factory=list)
    stores: list[dict[tuple[Space, bytes], Value]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    ends: dict[tuple[int, LinkId], tuple[int, LinkId]] = field(default_factory=dict)
    queue: deque[tuple[int, LinkId, bytes]] = field(default_factory=deque)
    counter: int = 0

    def start(self) -> None:
        for resident in self.residents:
            store = {(space, key): value for space, key, value in resident.rows}
            self.stores.append(store)
            self.engines.append(self.boot(resident.number))
        for one, other in self.edges:
            self.connect(one, other)
        for resident in self.residents:
            self.run(resident.number, SetProfile(resident.config.name, ("en",)))

    def boot(self, number: int) -> Engine:
        rows = [(space, key, value) for (space, key), value in self.stores[number].items()]
        return Engine(self.residents[number].config, rows, self.now_ms, b"logepoch")

    def restart(self, number: int) -> None:
        """As after a power cut: only what was persisted is left."""
        for end, (other, link) in list(self.ends.items()):
            if end[0] == number:
                del self.ends[end]
                del self.ends[other, link]
                self.feed(other, LinkDown(link))
        self.engines[number] = self.boot(number)
        for one, other in self.edges:
            if number in (one, other):
                self.connect(one, other)

    def connect(self, one: int, other: int) -> None:
        """A link, where at least one home calls the other and is answered."""
        if not (self._calls(one, other) or self._calls(other, one)):
            return
        self.counter += 1
        link = LinkId(self.counter)
        self.ends[one, link] = (other, link)
        self.ends[other, link] = (one, link)
        self.feed(one, LinkUp(link, self.id(other)), settle=False)
        self.feed(other, LinkUp(link, self.id(one)))

    def _calls(self, one: int, other: int) -> bool:
        targets = [target.member for target in self.engines[one].friends_to_dial()]
        key = self.residents[one].config.link_public
        return self.id(other) in targets and key in self.engines[other].link_keys()

    def cut(self, one: int, other: int) -> None:
        for (member, link), (peer, _) in list(self.ends.items()):
            if (member, peer) == (one, other):
                self._cut_link(one, link)

    def _cut_link(self, one: int, link: LinkId) -> None:
        other, _ = self.ends.pop((one, link))
        del self.ends[other, link]
        self.feed(one, LinkDown(link))
        self.feed(other, LinkDown(link))

    def add_home(self, resident: Resident) -> None:
        """A home of somebody who knows nobody yet."""
        assert resident.number == len(self.engines), "numbers go on"
        self.residents.append(resident)
        self.stores.append({(space, key): value for space, key, value in resident.rows})
        self.engines.append(self.boot(resident.number))

    def join(self, guest: int, inviter: int) -> bool:
        """The guest opens an invitation of the inviter; whether they are friends then."""
        link_text = str(self.run(inviter, Invite(3_600_000, ("here:1",)))["link"])
        self.counter += 1
        entropy, day = self.counter.to_bytes(32, "big"), self.now_ms // DAY_MS
        event = CommandReceived(RequestId(self.counter), Join(link_text), entropy, day)
        effects = self.feed(guest, event, settle=False)
        dial = next((effect for effect in effects if isinstance(effect, DialInvitation)), None)
        if dial is None:
            return False
        self.counter += 1
        link = LinkId(self.counter)
        self.ends[guest, link] = (inviter, link)
        self.ends[inviter, link] = (guest, link)
        keys = [self.residents[number].config.link_public for number in (guest, inviter)]
        self.feed(inviter, HostLinkUp(link, dial.tag, keys[0]), settle=False)
        self.feed(guest, GuestLinkUp(link, dial.tag, keys[1]))
        if self.core(guest).is_live_friend(self.id(inviter)):
            self.edges.append((inviter, guest))
            return True
        self.cut(guest, inviter)
        return False

    def reconnect(self) -> None:
        for one, other in self.edges:
            self.cut(one, other)
            self.connect(one, other)

    # --- events ------------------------------------------------------------------------

    def feed(self, number: int, event: Event, *, settle: bool = True) -> list[Effect]:
        effects = self.engines[number].handle(event, self.now_ms)
        for effect in effects:
            if isinstance(effect, Persist):
                if effect.value is None:
                    self.stores[number].pop((effect.space, effect.key), None)
                else:
                    self.stores[number][effect.space, effect.key] = effect.value
            elif isinstance(effect, Send):
                self.queue.append((number, effect.link, effect.message))
            elif isinstance(effect, Reject):
                self.rejects.append(effect)
            elif isinstance(effect, Disconnect) and effect.reason in _FAREWELLS:
                self.queue.append((number, effect.link, _CLOSE))
        if settle:
            self.settle()
        return effects

    def settle(self) -> None:
        while self.queue:
            self.carry(*self.queue.popleft())

    def carry(self, number: int, link: LinkId, message: bytes, *, times: int = 1) -> None:
        """Bring a message to the other end; nothing when it was lost with its link."""
        if (number, link) not in self.ends:
            return
        peer, peer_link = self.ends[number, link]
        if message == _CLOSE:
            self._cut_link(number, link)
            return
        for _ in range(times):
            self.feed(peer, MessageReceived(peer_link, message), settle=False)

    def pass_time(self, duration_ms: int) -> None:
        """Let time pass, waking every engine whenever it asks for it."""
        until_ms = self.now_ms + duration_ms
        while True:
            due = [
                (time_ms, number)
                for number, engine in enumerate(self.engines)
                if (time_ms := engine.next_wakeup_ms()) is not None and time_ms <= until_ms
            ]
            if not due:
                break
            self.now_ms = max(self.now_ms + 1, min(due)[0])
            for _, number in sorted(due):
                self.feed(number, Woke())
        self.now_ms = until_ms
        for number in range(len(self.engines)):
            self.feed(number, Woke())

    # --- commands ----------------------------------------------------------------------

    def run(self, number: int, command: Command, *, settle: bool = True) -> Row:
        """The result of a command. Raises Refused, after checking that nothing changed."""
        self.counter += 1
        entropy = self.counter.to_bytes(32, "big")
        day = self.now_ms // DAY_MS
        event = CommandReceived(RequestId(self.counter), command, entropy, day)
        effects = self.feed(number, event, settle=settle)
        answer = next(effect for effect in effects if isinstance(effect, Answer))
        if isinstance(answer.result, Refused):
            assert [e for e in effects if isinstance(e, Persist)] == []
            raise answer.result
        return cast(Row, answer.result)

    def core(self, number: int) -> Core:
        core = self.engines[number].core
        core.now_ms = self.now_ms
        return core

    def id(self, number: int) -> MemberId:
        return self.residents[number].member

    def name(self, number: int) -> str:
        return f"Member {number}"

    # --- what members do ---------------------------------------------------------------

    def share(self, number: int, circles: int = 3, kind: ThingKind = ThingKind.OBJECT) -> str:
        row = self.run(number, AddThing("guitare", kind=kind, circles=circles))
        return str(row["thing"])

    def ask(self, number: int, thing: str, first: int = 1, days: int = 2, text: str = "") -> str:
        """Ask for whole days, counted from today."""
        start = (TODAY + first) * DAY
        row = self.run(number, Ask(thing, start, start + days * DAY, text))
        return str(row["loan"])

    def rows(self, number: int, *, only_open: bool = False) -> dict[str, Row]:
        view = loans.loans_view(self.core(number), only_open=only_open)
        return {str(row["loan"]): row for row in cast(list[Row], view)}

    def states(self, loan: str) -> list[object]:
        """The state of one loan at every member, None where it is not known."""
        return [self.rows(n).get(loan, {}).get("state") for n in range(len(self.engines))]

    def lend(self, holder: int, borrower: int, thing: str, *, confiance: int = 1) -> str:
        """A whole exchange; both rate."""
        loan = self.ask(borrower, thing)
        self.run(holder, AnswerLoan(loan, "yes"))
        self.run(holder, HandOver(loan))
        self.run(borrower, GiveBack(loan))
        fault = Fault.NONE if confiance else Fault.LATE
        self.run(holder, Rate(loan, confiance, 8, fault))
        self.run(borrower, Rate(loan, 1, 9))
        return loan

    def listing(self, number: int, thing: str) -> ListingBody:
        holder = next(
            n for n, c in enumerate(self.engines) if c.core.current(self.id(n), oid(thing))
        )
        record = self.core(number).current(self.id(holder), oid(thing))
        assert record is not None
        assert isinstance(record.body, ListingBody)
        return record.body

    def step(self, number: int, kind: Kind) -> Record:
        """The last step of a kind that a member holds."""
        return self.core(number).of_kind(kind)[-1]

    def forge(self, author: int, body: Body, object_id: ObjectId | None = None) -> Record:
        """A record signed by a member whose program does not follow the rules."""
        self.counter += 1
        core = self.core(author)
        assert core.house is not None
        return sign_record(
            core.config.signer,
            body,
            house=core.house,
            object_id=object_id or expected_object(body) or ObjectId(bytes(16)),
            sequence=1_000_000 + self.counter,
            created_ms=self.now_ms,
            not_after_ms=self.now_ms + core.charter.steps_lease_ms,
        )


def oid(text: str) -> ObjectId:
    return ObjectId(bytes.fromhex(text))


def street(members: int, *, edges: list[tuple[int, int]] | None = None, **rules: int) -> Street:
    """Members 0, 1, 2 ... each a friend of the next, all sharing nothing yet."""
    pairs = edges if edges is not None else [(n, n + 1) for n in range(members - 1)]
    keys = RealKeys()
    charter = Charter(**rules)
    plan = TownPlan(members, pairs, BORN_MS, charter=charter, records_per_second_max=None)
    residents = build_town(plan, keys, InterningOpener(keys.verify))
    made = Street(residents, pairs)
    made.start()
    return made
