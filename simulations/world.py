"""The world: real engines on virtual wires, disks and clocks, all under one seed.

For every member the world plays the host: it turns what happens into events, calls
``Engine.handle``, commits what is to be persisted in one batch, and only then carries
the other effects out. Between those steps it may crash the member, who comes back
later from its disk alone. Friends' nodes keep dialling each other, as pinned links do.

One ``random.Random`` draws every fault in the order in which things happen; the queue
orders everything else. So one seed gives one history, which ``trace`` digests.

What a world does is told to a ``Watch`` (see ``simulations.oracles``); without one it
runs faster.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from typing import Final

from node.engine.commands import Command
from node.engine.engine import Engine
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
from node.engine.loan_book import forget_book
from protocol.errors import Refused
from protocol.records import Record
from simulations.backups import Backups
from simulations.clock import EventQueue
from simulations.disk import Disk
from simulations.liars import Liars
from simulations.machine import (
    Act,
    Dial,
    Host,
    InvitationFailed,
    Item,
    Restart,
    Wake,
    Watch,
    WorldPlan,
)
from simulations.network import Arrival, Network, Wire, WireDown, WireUp
from simulations.signing import InterningOpener, KeyRing, ModelKeys
from simulations.town import Resident

DAY_MS: Final = 24 * 3600 * 1000
REDIAL_MAX_MS: Final = 5_000
"""A node dials a friend again within this time of losing it."""
UNREACHABLE_AFTER_MS: Final = 10_000
_WHAT_IS_SHOWN: Final = (Space.RECORD, Space.FRIEND, Space.REVOCATION, Space.ROOT)
"""Rows on which it depends what a member's page shows; time is the engine's own matter."""
WOKE_IN_VAIN_MAX: Final = 1_000
"""So many wake-ups in one millisecond mean that an engine wants to be woken for nothing."""


class World:
    """Members, their hosts, and the network between them.

    Args:
        residents: who lives here.
        born_ms: the time at which everybody is switched on.
        seed: of the one generator.
        keys: where restored machines get device keys.
    """

    def __init__(
        self,
        residents: Sequence[Resident],
        opener: InterningOpener,
        *,
        born_ms: int,
        seed: int,
        plan: WorldPlan = WorldPlan(),  # noqa: B008 - frozen
        watch: Watch | None = None,
        keys: KeyRing | None = None,
    ) -> None:
        self.queue: EventQueue[Item] = EventQueue(born_ms)
        self.chance = random.Random(seed)
        self.network: Network[Item] = Network(self.queue, self.chance, plan.conditions)
        self.plan = plan
        self.chances = plan.chances
        self.watch = watch
        self.events = 0
        self.rejected: dict[str, int] = {}
        self.born_ms = born_ms
        self._opener = opener
        self._requests = 0
        self._trace = hashlib.sha256()
        self.hosts = [self._house(resident) for resident in residents]
        self.number_of = {host.member: host.number for host in self.hosts}
        count = round(plan.liars * len(self.hosts))
        chosen = sorted(self.chance.sample(range(len(self.hosts)), count)) if count else []
        self.liars = Liars(dict.fromkeys(chosen), self.chance)
        keys = keys or ModelKeys(self.chance.randbytes(32))
        self.backups = Backups(keys, opener, self.chance)
        if plan.chances.restore:
            for host in self.hosts:
                self.backups.equip(host)

    def _house(self, resident: Resident) -> Host:
        skew_max_ms = self.plan.skew_max_ms
        skew_ms = self.chance.randint(-skew_max_ms, skew_max_ms) if skew_max_ms else 0
        keeps = self.plan.keeps_disks
        disk = Disk(resident.member, self._opener, resident.rows if keeps else ())
        rows = () if keeps else resident.rows
        return Host(resident.number, resident.config, disk, self.queue, skew_ms, rows)

    # --- running -----------------------------------------------------------------------

    def step(self, until_ms: int | None = None) -> bool:
        """Let the next thing happen; false when nothing is due by ``until_ms``."""
        item = self.queue.pop(until_ms)
        if item is None:
            return False
        if self.watch is not None:
            self.watch.step = self.events
            self.watch.at_ms = self.queue.now_ms - self.born_ms
        if isinstance(item, Arrival):
            self._on_arrival(item)
        else:
            self._on_item(item)
        return True

    def run_until(self, until_ms: int) -> None:
        """Let everything happen that is due by ``until_ms``, and let that time come."""
        while self.step(until_ms):
            pass
        self.queue.advance(until_ms)

    def run_to_rest(self, quiet_ms: int, until_ms: int, steps_max: int | None = None) -> bool:
        """Run until nothing more is due within ``quiet_ms``.

        Returns:
            False when the world is still busy at ``until_ms``, or after ``steps_max``.
        """
        steps = 0
        while steps_max is None or steps < steps_max:
            next_ms = self.queue.next_ms()
            if next_ms is None or next_ms > self.queue.now_ms + quiet_ms:
                return True
            if next_ms > until_ms:
                return False
            self.step()
            steps += 1
        return False

    def _on_item(self, item: Item) -> None:
        match item:
            case Wake(number, life):
                self._on_wake(self.hosts[number], life)
            case WireUp(wire, side):
                self._on_wire_up(wire, side)
            case WireDown(wire, side):
                self._on_wire_down(self.hosts[wire.ends[side]], wire)
            case Dial(number, peer):
                self._on_dial(self.hosts[number], self.hosts[peer])
            case Restart(number, life):
                if self.hosts[number].life == life:
                    self.start(number)
            case InvitationFailed(number, life, tag):
                if self.hosts[number].life == life:
                    self.perform(self.hosts[number], DialFailed(tag, "nobody answers"))
            case Act(act):
                act()
            case Arrival():
                self._on_arrival(item)

    # --- members -----------------------------------------------------------------------

    def start_all(self) -> None:
        """Switch everybody on."""
        for host in self.hosts:
            self.start(host.number)

    def start(self, number: int) -> None:
        """Switch a member on, from its disk alone."""
        host = self.hosts[number]
        if host.is_running:
            return
        assert self.plan.keeps_disks or host.life == 0, "without disks nobody comes back"
        host.life += 1
        if host.is_lost:
            self._replace_machine(host)
        epoch = self.chance.randbytes(8)
        rows = host.disk.rows() if self.plan.keeps_disks else iter(host.first_rows)
        host.engine = Engine(host.config, rows, host.now_ms, epoch)
        host.first_rows = ()
        host.wakes_ms = None
        self._trace_line(f"start {number}", b"")
        if host.life > 1 and self.watch is not None:
            self.watch.watch_restart(host)
        self._read_friends(host)
        if self.queue.now_ms > self.born_ms:
            for other in self.hosts:
                if number in other.dials and other.is_running:
                    self._dial_soon(other, number)
        self._plan_wake(host)

    def _replace_machine(self, host: Host) -> None:
        self.backups.restore(host)
        host.is_lost = False
        if self.watch is not None:
            self.watch.watch_restored(host)

    def crash(self, number: int) -> None:
        """Power off: memory and wires are gone, the disk stays."""
        host = self.hosts[number]
        if host.engine is not None:
            # It holds what holds it: worlds run without the collector that would find that.
            forget_book(host.engine.core)
        host.engine = None
        host.life += 1
        host.wires.clear()
        host.wire_to.clear()
        for wire in self.network.wires_of(number):
            self.network.cut(wire)
        self._trace_line(f"crash {number}", b"")

    def restart_later(self, number: int) -> None:
        host = self.hosts[number]
        down_ms = self.chance.randint(1, max(1, self.chances.down_max_ms))
        self.queue.push(self.queue.now_ms + down_ms, Restart(number, host.life))

    def command(self, number: int, command: Command) -> RequestId:
        """The owner asks for something; look for the answer in ``hosts[number].answers``."""
        self._requests += 1
        request = RequestId(self._requests)
        host = self.hosts[number]
        entropy = self.chance.randbytes(32)
        self.perform(host, CommandReceived(request, command, entropy, host.now_ms // DAY_MS))
        return request

    def redial_all(self) -> None:
        """A partition ended: everybody tries everybody again."""
        for host in self.hosts:
            if host.is_running:
                for peer in host.dials:
                    self._dial_soon(host, peer)

    # --- one event ---------------------------------------------------------------------

    def perform(self, host: Host, event: Event) -> None:
        """Have an engine handle an event, and carry its effects out as a host must."""
        engine = host.engine
        if engine is None:
            return
        self.events += 1
        if self.plan.traces:
            self._trace_event(host, event)
        effects = engine.handle(event, host.now_ms)
        if self.chances.crash and self.chance.random() < self.chances.crash:
            self._crash_amid(host, effects)
            return
        self._finish(host, effects)
        if host.engine is engine:
            self._plan_wake(host)

    def _finish(self, host: Host, effects: list[Effect]) -> None:
        keeps = self.plan.keeps_disks
        changes = self._commit(host, effects) if keeps else []
        # Most effects are messages, and rows that no disk takes.
        for effect in effects[len(changes) :] if changes else effects:
            if isinstance(effect, Send):
                self._send(host, effect.link, effect.message)
            elif keeps or not isinstance(effect, Persist):
                self._carry_out(host, effect, changes)
        if self.watch is None or host.engine is None:
            return
        if any(change.space in _WHAT_IS_SHOWN for change in changes):
            self.watch.watch_shown(host, host.engine.core.visible_listings)

    def _commit(self, host: Host, effects: list[Effect]) -> list[Persist]:
        changes: list[Persist] = []
        for effect in effects:
            if not isinstance(effect, Persist):
                break
            changes.append(effect)
        if changes:
            host.disk.commit(changes)
            if self.watch is not None:
                self.watch.watch_commit(host, changes)
        return changes

    def _crash_amid(self, host: Host, effects: list[Effect]) -> None:
        phase = self.chance.randrange(3)
        if phase > 0:
            changes = self._commit(host, effects)
            rest = effects[len(changes) :]
            done = self.chance.randint(0, len(rest)) if phase == 2 else 0
            for effect in rest[:done]:
                self._carry_out(host, effect, changes)
        self.crash(host.number)
        if self.chances.restore and self.backups.has(host.number):
            host.is_lost = self.chance.random() < self.chances.restore
        self.restart_later(host.number)

    def _carry_out(self, host: Host, effect: Effect, changes: Sequence[Persist]) -> None:
        match effect:
            case Send(link, message):
                self._send(host, link, message)
            case Deliver():
                pass
            case FriendsChanged():
                self._read_friends(host)
            case Answer(request, result):
                host.answers[request] = result
                if self.watch is not None and not isinstance(result, Refused):
                    self.watch.watch_answer(host, changes)
            case Disconnect(link):
                wire = host.wires.get(link)
                if wire is not None:
                    self.network.close(wire, wire.side_of(host.number))
            case Reject(_, code):
                self.rejected[code] = self.rejected.get(code, 0) + 1
            case DialInvitation(tag, secret, _, _, addresses):
                self._dial_invitation(host, tag, secret, addresses)
            case Persist():
                raise AssertionError("an engine gives its persists first")

    def _send(self, host: Host, link: LinkId, message: bytes) -> None:
        wire = host.wires.get(link)
        if wire is None:
            return
        side = 0 if wire.ends[0] == host.number else 1
        if host.number in self.liars.numbers:
            assert host.engine is not None, "only running members send"
            friend = host.engine.core.friends.get(self.hosts[wire.ends[1 - side]].member)
            if friend is not None and friend.ended:
                # A farewell is for the former friend alone; withheld, it would be dialled for ever.
                self.network.send(wire, side, message)
                return
            held = _held(host.engine)
            for spoiled in self.liars.spoil(host.number, message, held):
                self.network.send(wire, side, spoiled)
            return
        if self.watch is not None:
            self.watch.watch_send(host, self.hosts[wire.ends[1 - side]].member, message)
        self.network.send(wire, side, message)

    # --- time --------------------------------------------------------------------------

    def _plan_wake(self, host: Host) -> None:
        assert host.engine is not None, "only running members are woken"
        due_ms = host.engine.next_wakeup_ms()
        if due_ms != host.due_ms or host.wakes_ms is None:
            host.due_ms = due_ms
            self._queue_wake(host)

    def _queue_wake(self, host: Host) -> None:
        if host.due_ms is None:
            return
        at_ms = max(host.due_ms - host.skew_ms, self.queue.now_ms)
        if host.wakes_ms is None or at_ms < host.wakes_ms:
            host.wakes_ms = at_ms
            self.queue.push(at_ms, Wake(host.number, host.life))

    def _on_wake(self, host: Host, life: int) -> None:
        if host.life != life or host.engine is None or host.wakes_ms is None:
            return
        if host.wakes_ms > self.queue.now_ms:
            return  # an earlier wake-up took its place
        host.wakes_ms = None
        if host.due_ms is None or host.due_ms > host.now_ms:
            self._queue_wake(host)  # it wanted to be woken then, and does not any more
            return
        host.woke_count = host.woke_count + 1 if host.woke_ms == self.queue.now_ms else 0
        host.woke_ms = self.queue.now_ms
        assert host.woke_count < WOKE_IN_VAIN_MAX, f"member {host.number} never sleeps"
        self.perform(host, Woke())

    # --- wires -------------------------------------------------------------------------

    def _on_arrival(self, arrival: Arrival) -> None:
        if not self.network.arrived(arrival):
            return
        wire = arrival.wire
        host = self.hosts[wire.ends[arrival.side]]
        link = LinkId(wire.number)
        if link in host.wires:
            self.perform(host, MessageReceived(link, arrival.message))

    def _on_wire_up(self, wire: Wire, side: int) -> None:
        host, peer = self.hosts[wire.ends[side]], self.hosts[wire.ends[1 - side]]
        stale = None if wire.is_cut else host.wire_to.get(peer.number)
        if stale is not None:
            # Hosts give an engine at most one link per friend: the old one goes first.
            self._on_wire_down(host, stale)
        if wire.is_cut or not host.is_running:
            return
        link = LinkId(wire.number)
        host.wires[link] = wire
        host.wire_to[peer.number] = wire
        addresses = (host.address,) if self.plan.tells_addresses else ()
        if not wire.tag:
            self.perform(host, LinkUp(link, peer.member, addresses))
        elif side == 0:
            self.perform(host, GuestLinkUp(link, wire.tag, peer.config.link_public, addresses))
        else:
            self.perform(host, HostLinkUp(link, wire.tag, peer.config.link_public, addresses))

    def _on_wire_down(self, host: Host, wire: Wire) -> None:
        link = LinkId(wire.number)
        if host.wires.pop(link, None) is None:
            return
        peer = wire.ends[1 - wire.side_of(host.number)]
        if host.wire_to.get(peer) is wire:
            del host.wire_to[peer]
        if not wire.is_cut:
            self.network.cut(wire)
        self.perform(host, LinkDown(link))
        if peer in host.dials:
            self._dial_soon(host, peer)

    def _read_friends(self, host: Host) -> None:
        """Whom to dial, and whom to answer, may have changed."""
        assert host.engine is not None, "only running members have friends to dial"
        before = host.dials
        targets = host.engine.friends_to_dial()
        host.dials = {self.number_of[target.member]: None for target in targets}
        host.answers_keys = host.engine.link_keys()
        for peer in host.dials:
            if peer not in before or peer not in host.wire_to:
                self._dial_soon(host, peer)

    def _dial_soon(self, host: Host, peer: int) -> None:
        at_ms = self.queue.now_ms + self.chance.randint(0, REDIAL_MAX_MS)
        self.queue.push(at_ms, Dial(host.number, peer))

    def _on_dial(self, host: Host, peer: Host) -> None:
        if not host.is_running or not peer.is_running or peer.number not in host.dials:
            return
        if peer.number in host.wire_to or host.config.link_public not in peer.answers_keys:
            return
        if not self.network.are_connected(host.number, peer.number):
            self.network.connect(host.number, peer.number)

    def _dial_invitation(
        self, host: Host, tag: bytes, secret: bytes, addresses: tuple[str, ...]
    ) -> None:
        """Find the inviter by address; who is off, or does not know the secret, is not found."""
        for inviter in self.hosts:
            if inviter.address in addresses and inviter.engine is not None:
                known = inviter.engine.invitation_secret(tag, inviter.now_ms)
                if known == secret and self.network.connect(host.number, inviter.number, tag):
                    return
        failed_ms = self.queue.now_ms + UNREACHABLE_AFTER_MS
        self.queue.push(failed_ms, InvitationFailed(host.number, host.life, tag))

    # --- the trace ---------------------------------------------------------------------

    def _trace_event(self, host: Host, event: Event) -> None:
        data = event.message if isinstance(event, MessageReceived) else b""
        self._trace_line(f"{host.number} {type(event).__name__}", data)

    def _trace_line(self, line: str, data: bytes) -> None:
        self._trace.update(f"{self.queue.now_ms} {line} {len(data)}\n".encode())
        self._trace.update(data)

    def trace(self) -> bytes:
        """Digest of everything that happened so far, message by message."""
        return self._trace.digest()

    def visible_state(self) -> bytes:
        """Digest of what every member sees now, and how far it is.

        Signatures do not enter: it is the same with real and with modelled ones.
        """
        state = hashlib.sha256()
        for host in self.hosts:
            state.update(host.member)
            if host.engine is None:
                continue
            core = host.engine.core
            for record in core.visible_listings():
                state.update(record.record_id)
                state.update(str(core.distance(record.author)).encode())
        return state.digest()


def _held(engine: Engine) -> Iterator[Record]:
    """What a member could give away; looked for by whoever wants to know."""
    for stored in engine.core.registers.all():
        yield stored.record
