"""The loop that owns the engine: nothing leaves before it is on disk, nothing is lost.

First with a scripted engine and store, so that every order can be forced; then with
real nodes, one of them killed.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from node.breakage import HostFailed
from node.engine.commands import Rate
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
    LinkDown,
    LinkId,
    LinkUp,
    MessageReceived,
    Persist,
    Reject,
    Send,
    Space,
    Woke,
)
from node.errors import StoreFull
from node.host import Host
from node.opening import CachedOpener
from node.surroundings import FriendPeer, InvitationPeer, Peer
from node.topics import Topics
from protocol import keys
from protocol.bodies import SeatBody, seat_object
from protocol.errors import Refused
from protocol.keys import HouseId, MemberId, Signer
from protocol.messages import Have, Records, encode_message
from protocol.records import sign_record

ME, SMALL, LARGE = (MemberId(bytes([n]) * 32) for n in (5, 1, 9))
COMMAND = Rate("loan", 1, 10)


class Engine:
    """Gives the effects it was told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.links: dict[LinkId, Any] = {}
        self.link_ids: dict[MemberId, LinkId] = {}
        core = SimpleNamespace(me=ME, links=self.links, link_of=self.link_ids.get)
        self.core = cast(Core, core)
        self.events: list[Event] = []
        self.wakeup_ms: int | None = None
        self.react: Callable[[Event], list[Effect]] = self.answer

    def handle(self, event: Event, now_ms: int) -> list[Effect]:
        self.events.append(event)
        if isinstance(event, LinkUp):
            self.links[event.link] = SimpleNamespace(friend=event.friend)
            self.link_ids[event.friend] = event.link
        elif isinstance(event, LinkDown):
            link = self.links.pop(event.link, None)
            if link is not None and self.link_ids.get(link.friend) == event.link:
                del self.link_ids[link.friend]
        return self.react(event)

    def answer(self, event: Event) -> list[Effect]:
        if isinstance(event, CommandReceived):
            done = len(self.events)
            return [Persist(Space.LOCAL, b"%d" % done, done), Answer(event.request, done)]
        return []

    def next_wakeup_ms(self) -> int | None:
        return self.wakeup_ms


class Disk:
    """A store that writes when it is let."""

    def __init__(self) -> None:
        self.batches: list[list[Persist]] = []
        self.may_write = threading.Event()
        self.may_write.set()
        self.is_writing = threading.Event()
        self.error: Exception | None = None

    def commit(self, persists: list[Persist]) -> None:
        self.is_writing.set()
        assert self.may_write.wait(10)
        if self.error is not None:
            raise self.error
        self.batches.append(list(persists))


class Surroundings:
    """The network, remembering what it was told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def addresses(self) -> tuple[str, ...]:
        return ("house.example:7470",)

    def dial_invitation(self, invitation: DialInvitation) -> None:
        self.told.append(invitation)

    def on_friends_changed(self) -> None:
        self.told.append("friends")

    def on_link_changed(self, member: MemberId) -> None:
        self.told.append(member)


class Line:
    """A link that remembers."""

    def __init__(self, host: Host, peer: Peer, *, is_dialled: bool = False) -> None:
        self.id = host.new_link_id()
        self.peer = peer
        self.is_dialled = is_dialled
        self.is_relayed = False
        self.sent: list[bytes] = []
        self.closed: list[str] = []
        self.delivered_bytes = 0

    def send(self, message: bytes) -> None:
        self.sent.append(message)

    def close(self, reason: str) -> None:
        self.closed.append(reason)

    def on_delivered(self, size_bytes: int) -> None:
        self.delivered_bytes += size_bytes


class World:
    """A host with everything around it scripted."""

    def __init__(self, opener: CachedOpener | None = None) -> None:
        self.engine, self.disk, self.network = Engine(), Disk(), Surroundings()
        self.counters: Counter[str] = Counter()
        self.topics = Topics()
        self.host = Host(
            self.engine,
            self.disk,
            opener or CachedOpener(),
            self.network,
            self.counters,
            self.topics,
        )
        self.host.start()

    async def settled(self) -> None:
        """Until everything posted so far has been handled and carried out."""
        async with asyncio.timeout(10):
            await self.host._idle.wait()

    async def link(self, peer: Peer, *, is_dialled: bool = False) -> Line:
        line = Line(self.host, peer, is_dialled=is_dialled)
        self.host.add_link(line)
        await self.settled()
        return line


async def eventually(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - what is waited for is another's state
            await asyncio.sleep(0.01)


Scenario = Callable[[World], Awaitable[None]]


def run(scenario: Scenario, opener: CachedOpener | None = None) -> None:
    async def lived() -> None:
        async with asyncio.timeout(30):
            world = World(opener)
            await world.settled()
            await scenario(world)
            await world.host.stop()

    asyncio.run(lived())


# --- persist before send -------------------------------------------------------------------


def test_nothing_is_sent_or_answered_before_its_transaction_has_returned() -> None:
    """Spec §10.1."""

    async def scenario(world: World) -> None:
        line = await world.link(FriendPeer(SMALL))

        def react(event: Event) -> list[Effect]:
            assert isinstance(event, CommandReceived)
            return [
                Persist(Space.LOCAL, b"a", 1),
                Send(line.id, b"told"),
                Answer(event.request, "done"),
            ]

        world.engine.react = react
        world.disk.may_write.clear()
        command = asyncio.create_task(world.host.command(COMMAND))
        await asyncio.to_thread(world.disk.is_writing.wait)
        await asyncio.sleep(0.05)
        assert ([], False) == (line.sent, command.done())

        world.disk.may_write.set()
        assert "done" == await command
        assert [b"told"] == line.sent
        assert [[Persist(Space.LOCAL, b"a", 1)]] == world.disk.batches

    run(scenario)


def test_while_the_disk_writes_the_next_batch_gathers() -> None:
    async def scenario(world: World) -> None:
        world.disk.may_write.clear()
        commands = [asyncio.create_task(world.host.command(COMMAND))]
        await asyncio.to_thread(world.disk.is_writing.wait)
        commands += [asyncio.create_task(world.host.command(COMMAND)) for _ in range(50)]
        await asyncio.sleep(0.05)
        handled = sum(isinstance(event, CommandReceived) for event in world.engine.events)
        assert 51 == handled, "the engine does not wait for the disk"
        assert not any(command.done() for command in commands)

        world.disk.may_write.set()
        await asyncio.gather(*commands)
        assert [1, 50] == [len(batch) for batch in world.disk.batches]

    run(scenario)


def test_when_the_disk_is_full_nothing_is_acknowledged_and_the_host_has_failed() -> None:
    async def scenario(world: World) -> None:
        line = await world.link(FriendPeer(SMALL))
        world.engine.react = lambda event: [
            Persist(Space.LOCAL, b"a", 1),
            Send(line.id, b"told"),
            *world.engine.answer(event),
        ]
        world.disk.error = StoreFull("The disk that holds /home is full")
        commands = [world.host.command(COMMAND) for _ in range(3)]
        results = await asyncio.gather(*commands, return_exceptions=True)

        assert [world.disk.error] * 3 == results
        assert world.disk.error is world.host.failed.result()
        assert [] == line.sent
        with pytest.raises(StoreFull):
            await world.host.command(COMMAND)

    run(scenario)


def test_an_error_nobody_expected_stops_the_host_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario(world: World) -> None:
        def react(event: Event) -> list[Effect]:
            raise ZeroDivisionError("a bug")

        world.engine.react = react
        with pytest.raises(HostFailed):
            await world.host.command(COMMAND)
        assert isinstance(world.host.failed.result(), HostFailed)

    run(scenario)
    assert "ZeroDivisionError: a bug" in caplog.text


BREAKING = encode_message(Have(bytes(8), bytes(8), 0))


def break_at_messages(world: World) -> None:
    def react(event: Event) -> list[Effect]:
        if isinstance(event, MessageReceived):
            raise ZeroDivisionError("a bug")
        return world.engine.answer(event)

    world.engine.react = react


def test_who_sent_what_broke_the_engine_is_shut_out_before_it_opens_again() -> None:
    async def scenario(world: World) -> None:
        line = await world.link(FriendPeer(SMALL))
        break_at_messages(world)
        world.host.receive(line, BREAKING)
        failed = await world.host.failed

        assert isinstance(failed, HostFailed)
        assert failed.may_open_again
        [[row]] = world.disk.batches
        assert (Space.LOCAL, f"paused {SMALL.hex()}".encode()) == (row.space, row.key)

    run(scenario)


def test_the_invitation_of_a_guest_who_broke_the_engine_lets_nobody_in_any_more() -> None:
    async def scenario(world: World) -> None:
        tag = b"t" * 16
        line = await world.link(InvitationPeer(tag, bytes(32), is_inviter=False))
        break_at_messages(world)
        world.host.receive(line, BREAKING)

        assert isinstance(await world.host.failed, HostFailed)
        assert [[Persist(Space.INVITATION, tag, None)]] == world.disk.batches

    run(scenario)


def test_what_cannot_be_written_ends_the_home_also_when_a_message_broke_it() -> None:
    async def scenario(world: World) -> None:
        line = await world.link(FriendPeer(SMALL))
        break_at_messages(world)
        world.disk.error = StoreFull("The disk that holds /home is full")
        world.host.receive(line, BREAKING)

        assert world.disk.error is await world.host.failed

    run(scenario)


def test_stopping_commits_and_carries_out_what_was_handled() -> None:
    async def scenario(world: World) -> None:
        commands = [asyncio.create_task(world.host.command(COMMAND)) for _ in range(5)]
        await asyncio.sleep(0)
        await world.host.stop()

        assert 5 == len(await asyncio.gather(*commands))
        assert 5 == sum(len(batch) for batch in world.disk.batches)

    run(scenario)


def test_a_command_that_nobody_answers_is_told_that_the_node_ends() -> None:
    async def scenario(world: World) -> None:
        world.engine.react = lambda event: []
        command = asyncio.create_task(world.host.command(COMMAND))
        await asyncio.sleep(0.05)
        await world.host.stop()
        with pytest.raises(HostFailed, match="is stopping"):
            await command

    run(scenario)


# --- effects and events ----------------------------------------------------------------------


def test_each_effect_reaches_whom_it_is_for() -> None:
    async def scenario(world: World) -> None:
        line = await world.link(FriendPeer(SMALL))
        invitation = DialInvitation(b"tag", b"secret", b"house", b"key", ("a:1",))
        world.engine.react = lambda event: [
            Deliver("loans"),
            Deliver("browse"),
            Deliver("loans"),
            invitation,
            FriendsChanged(),
            Reject(line.id, "replayed", "Replayed: seen before (spec §5.4)."),
            Send(LinkId(999), b"to a link that is gone"),
            Send(line.id, b"1"),
            Send(line.id, b"2"),
            Disconnect(line.id, "enough"),
            Disconnect(LinkId(999), "gone"),
        ]
        with world.topics.subscribe() as changes:
            world.host.fail_dial(b"tag", "nobody there")
            assert ["loans", "browse"] == await changes.next()
        await world.settled()

        assert [b"1", b"2"] == line.sent
        assert ["enough"] == line.closed
        assert [SMALL, invitation, "friends"] == world.network.told
        assert {"replayed": 1} == world.counters
        assert DialFailed(b"tag", "nobody there") == world.engine.events[-1]

    run(scenario)


def test_a_refused_command_raises_and_an_abandoned_one_is_forgotten() -> None:
    async def scenario(world: World) -> None:
        def refuse(event: Event) -> list[Effect]:
            assert isinstance(event, CommandReceived)
            return [Answer(event.request, Refused("no-house"))]

        world.engine.react = lambda event: []
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(world.host.command(COMMAND), 0.01)
        world.engine.react = refuse
        with pytest.raises(Refused, match="no house"):
            await world.host.command(COMMAND)

        assert {} == world.host._requests

    run(scenario)


def test_each_command_brings_fresh_entropy_and_the_day_on_the_owners_calendar() -> None:
    async def scenario(world: World) -> None:
        for _ in range(2):
            await world.host.command(COMMAND)
        first, second = (e for e in world.engine.events if isinstance(e, CommandReceived))

        assert 32 == len(first.entropy)
        assert first.entropy != second.entropy
        local = time.localtime()
        assert first.local_day == (time.mktime(local) - time.timezone) // 86_400
        assert first.request != second.request

    run(scenario)


def test_the_engine_is_woken_when_it_asked_and_not_in_a_spin() -> None:
    async def scenario(world: World) -> None:
        world.engine.wakeup_ms = 1
        woken_before = len(world.engine.events)
        await world.host.command(COMMAND)
        await asyncio.sleep(0.3)

        woken = [event for event in world.engine.events[woken_before:] if event == Woke()]
        assert 2 <= len(woken) <= 6
        world.engine.wakeup_ms = None

    run(scenario)


# --- links ------------------------------------------------------------------------------------


def test_links_are_given_to_the_engine_as_what_they_are() -> None:
    async def scenario(world: World) -> None:
        friend = await world.link(FriendPeer(SMALL))
        guest = await world.link(InvitationPeer(b"tag", b"key", is_inviter=False))
        inviter = await world.link(InvitationPeer(b"tag", b"key", is_inviter=True))
        for line in (friend, guest, inviter):
            world.host.remove_link(line)
            world.host.remove_link(line)
        await world.settled()

        own = ("house.example:7470",)
        assert [
            Woke(),
            LinkUp(friend.id, SMALL, own),
            HostLinkUp(guest.id, b"tag", b"key", own),
            GuestLinkUp(inviter.id, b"tag", b"key", own),
            LinkDown(friend.id),
            LinkDown(guest.id),
            LinkDown(inviter.id),
        ] == world.engine.events
        assert [SMALL, SMALL] == world.network.told

    run(scenario)


@pytest.mark.parametrize("friend", [SMALL, LARGE])
@pytest.mark.parametrize("ours_is_first", [False, True])
def test_of_two_links_the_one_dialled_by_the_smaller_id_stays(
    friend: MemberId, ours_is_first: bool
) -> None:
    async def scenario(world: World) -> None:
        first = await world.link(FriendPeer(friend), is_dialled=ours_is_first)
        second = await world.link(FriendPeer(friend), is_dialled=not ours_is_first)
        by_smaller = min((first, second), key=lambda line: ME if line.is_dialled else friend)
        other = second if by_smaller is first else first

        assert ([], ["another link stands"]) == (by_smaller.closed, other.closed)
        assert by_smaller.id == world.host.core.link_of(friend)
        changes = [e for e in world.engine.events if isinstance(e, LinkUp | LinkDown)]
        expected: list[Event] = [LinkUp(first.id, friend, ("house.example:7470",))]
        if by_smaller is second:
            expected += [LinkDown(first.id), LinkUp(second.id, friend, ("house.example:7470",))]
        assert expected == changes

    run(scenario)


def test_of_two_links_by_one_dialler_the_newer_stays() -> None:
    async def scenario(world: World) -> None:
        stale = await world.link(FriendPeer(LARGE))
        fresh = await world.link(FriendPeer(LARGE))

        assert (["another link stands"], []) == (stale.closed, fresh.closed)
        assert fresh.id == world.host.core.link_of(LARGE)
        world.host.remove_link(stale)
        await world.settled()
        assert world.host.is_linked(LARGE)

    run(scenario)


def test_a_link_that_ended_before_its_turn_is_never_shown_to_the_engine() -> None:
    async def scenario(world: World) -> None:
        line = Line(world.host, FriendPeer(SMALL))
        world.host.add_link(line)
        world.host.remove_link(line)
        world.host.receive(line, b"late")
        await world.settled()

        assert [Woke(), LinkDown(line.id)] == world.engine.events

    run(scenario)


# --- messages -----------------------------------------------------------------------------


def envelopes(count: int) -> tuple[bytes, ...]:
    return tuple(
        sign_record(
            Signer(bytes(32)),
            SeatBody(MemberId(bytes(32))),
            house=HouseId(bytes(32)),
            object_id=seat_object(MemberId(bytes(32))),
            sequence=number,
            created_ms=1,
            not_after_ms=2,
        ).envelope
        for number in range(count)
    )


def test_messages_keep_their_order_while_records_are_opened_on_threads() -> None:
    threads: list[str] = []

    def slow(key: bytes, message: bytes, signature: bytes) -> bool:
        threads.append(threading.current_thread().name)
        time.sleep(0.001)
        return keys.verify(key, message, signature)

    opener = CachedOpener(slow)
    signed = envelopes(200)
    records = [encode_message(Records(signed[n : n + 50])) for n in range(0, 200, 50)]
    small = [encode_message(Have(bytes(8), bytes(8), number)) for number in range(4)]
    messages = [message for pair in zip(records, small, strict=True) for message in pair]

    async def scenario(world: World) -> None:
        line = await world.link(FriendPeer(SMALL))
        for message in [small[0], b"garbage", *messages]:
            world.host.receive(line, message)
        before = len(world.engine.events)
        await eventually(lambda: len(world.engine.events) == before + 10)

        received = [e.message for e in world.engine.events if isinstance(e, MessageReceived)]
        assert [small[0], b"garbage", *messages] == received
        assert sum(map(len, received)) == line.delivered_bytes
        assert 200 == len(threads)
        for envelope in signed:
            opener.open(envelope)
        assert 200 == len(threads), "the engine finds them open"
        assert "MainThread" not in threads

    run(scenario, opener)


def test_a_forged_record_does_not_hold_up_the_messages_behind_it() -> None:
    forged = tuple(envelope[:-1] + b"\0" for envelope in envelopes(5))
    message = encode_message(Records(forged))

    async def scenario(world: World) -> None:
        line = await world.link(FriendPeer(SMALL))
        world.host.receive(line, message)
        world.host.receive(line, b"behind")
        await eventually(lambda: world.engine.events[-1] == MessageReceived(line.id, b"behind"))

        assert MessageReceived(line.id, message) == world.engine.events[-2]

    run(scenario)


@pytest.mark.slow
@pytest.mark.parametrize("dies", [False, True])
def test_messages_keep_their_order_while_another_process_verifies(dies: bool) -> None:
    calls: list[str] = []

    def here(key: bytes, message: bytes, signature: bytes) -> bool:
        calls.append(threading.current_thread().name)
        return keys.verify(key, message, signature)

    opener = CachedOpener(here)
    signed = envelopes(100)
    records = [encode_message(Records(signed[n : n + 50])) for n in range(0, 100, 50)]
    messages = [records[0], b"between", records[1], records[0], b"behind"]

    async def scenario(world: World) -> None:
        verifiers = world.host._opening.verifiers
        verifiers._processes_max = 1
        verifiers.wake()
        await eventually(lambda: verifiers.is_ready)
        line = await world.link(FriendPeer(SMALL))
        process = verifiers._processes[0]._process
        if dies:
            process.send_signal(signal.SIGSTOP)
        for message in messages:
            world.host.receive(line, message)
        if dies:
            process.kill()
        await eventually(lambda: world.engine.events[-1] == MessageReceived(line.id, b"behind"))

        received = [e.message for e in world.engine.events if isinstance(e, MessageReceived)]
        assert messages == received
        for envelope in signed:
            opener.open(envelope)
        if not dies:
            assert [] == calls
        assert "MainThread" not in calls

    run(scenario, opener)


# --- real nodes -----------------------------------------------------------------------------


class Process:
    """``openhouse run`` in a process of its own."""

    def __init__(self, home: Path, *flags: str, **environment: str) -> None:
        self.home = home
        command = [sys.executable, "-m", "node.cli.main", "--home", str(home), "run", "--no-lan"]
        self.process = subprocess.Popen(
            [*command, "--peer-port", "0", "--web-port", "0", *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )

    def ready(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            pytest.fail(f"the node ended: {self.end()}")
        return cast("dict[str, Any]", json.loads(line))

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> tuple[int, str, str]:
        """Exit code, the rest of stdout, stderr."""
        out, errors = self.process.communicate(timeout=20)
        return self.process.returncode, out, errors

    def say(self, *arguments: str) -> Any:
        command = [sys.executable, "-m", "node.cli.main", "--home", str(self.home), "--json"]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60)
        assert 0 == done.returncode, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    """Starts nodes; none outlives its test."""
    started: list[Process] = []

    def begin(home: Path, *flags: str, **environment: str) -> Process:
        started.append(Process(home, *flags, **environment))
        return started[-1]

    yield begin
    for one in started:
        one.process.kill()
        one.process.communicate()


def until(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline_s, "it did not come"
        time.sleep(0.05)


@pytest.mark.system
def test_two_nodes_befriend_sync_and_survive_a_kill(
    tmp_path: Path, start: Callable[..., Process]
) -> None:
    ana, ben = start(tmp_path / "ana"), start(tmp_path / "ben")
    assert ana.ready()["member"] is None, "a node without a member serves its page"
    assert set(ben.ready()) == {"event", "member", "peer_port", "web_port"}
    ana.say("setup", "--name", "Ana")
    member = ben.say("setup", "--name", "Ben")["member"]
    ana.say("house", "found", "House")
    joined = ben.say("join", ana.say("invite")["link"])
    assert "member" == joined["standing"]
    thing = ana.say("things", "add", "Guitar")["thing"]
    until(lambda: [thing] == [one["thing"] for one in ben.say("browse")])

    ben.signal(signal.SIGKILL)
    ben.end()
    until(lambda: ana.say("friends")[0]["link"] == "down")
    second = ana.say("things", "add", "Ladder")["thing"]
    ben = start(tmp_path / "ben")
    assert member == ben.ready()["member"]
    until(lambda: {thing, second} == {one["thing"] for one in ben.say("browse")})

    for one in (ana, ben):
        one.signal(signal.SIGTERM)
    for one in (ana, ben):
        assert (0, "") == one.end()[:2]
        assert ["openhouse.db", "token"] == sorted(p.name for p in one.home.iterdir())


@pytest.mark.system
def test_what_stands_in_the_way_is_one_sentence_and_exit_code_1(
    tmp_path: Path, start: Callable[..., Process]
) -> None:
    node = start(tmp_path / "home")
    ready = node.ready()
    (tmp_path / "file").touch()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("lan = 'perhaps'")
    (tmp_path / "corrupt").mkdir()
    (tmp_path / "corrupt" / "openhouse.db").write_bytes(os.urandom(5000))
    peer_port, web_port = str(ready["peer_port"]), str(ready["web_port"])
    stopped = {
        "Another node \\(process": start(tmp_path / "home"),
        f"Port {peer_port} of :: cannot be used for friends": start(
            tmp_path / "b", "--peer-port", peer_port
        ),
        f"Port {web_port} of 127.0.0.1 cannot be used for the page": start(
            tmp_path / "c", "--web-port", web_port
        ),
        "cannot be used as a data directory": start(tmp_path / "file"),
        "it must be true or false": start(tmp_path / "config"),
        "OPENHOUSE_LOG_LEVEL is 'loud'": start(tmp_path / "d", OPENHOUSE_LOG_LEVEL="loud"),
        "is damaged: file is not a database": start(tmp_path / "corrupt"),
    }
    for sentence, process in stopped.items():
        code, out, errors = process.end()
        assert (1, "") == (code, out)
        assert re.search(sentence, errors), errors
        assert 1 == len(errors.splitlines()), errors
    assert node.process.poll() is None, "the first node goes on"


def fill(path: Path) -> None:
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


@pytest.mark.system
def test_a_full_disk_ends_the_node_with_its_reason_and_keeps_what_was_there(
    tmp_path: Path, start: Callable[..., Process]
) -> None:
    """On a file system of one megabyte, where the system lets us make one."""
    home = tmp_path / "small"
    home.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(home)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        node = start(home)
        node.ready()
        node.say("setup", "--name", "Ana")
        node.say("house", "found", "House")
        node.say("things", "add", "Guitar")
        fill(home / "filling")
        refused = ""
        for number in range(200):
            command = [sys.executable, "-m", "node.cli.main", "--home", str(home)]
            done = subprocess.run(
                [*command, "things", "add", f"Thing {number}", "--text", "x" * 4000],
                capture_output=True,
                text=True,
            )
            if done.returncode:
                refused = done.stderr
                break
        assert "is full" in refused
        code, _, errors = node.end()
        assert 1 == code
        assert f"openhouse: The disk that holds {home} is full." in errors

        (home / "filling").unlink()
        node = start(home)
        node.ready()
        titles = [one["title"] for one in node.say("things")]
        assert {"Guitar", *(f"Thing {n}" for n in range(number))} == set(titles)
        node.signal(signal.SIGTERM)
        node.end()
    finally:
        subprocess.run(["umount", str(home)], check=False)
