"""Spec §10.5, §17.6: real nodes whose computers' clocks jump; the counter and friends know."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from node.config import Settings
from node.engine import views
from node.engine.clock_watch import ClockWatch
from node.engine.commands import AddThing, FoundHouse, Invite, Join
from node.engine.events import Json, Space
from node.node import Node, running
from node.node_time import steady_ms
from node.store import Store
from protocol.bodies import Kind
from protocol.charter import Charter
from protocol.keys import MemberId

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def run(scenario: Awaitable[None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(60):
            await scenario

    asyncio.run(limited())


async def eventually(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - what is waited for is another's state
            await asyncio.sleep(0.01)


@asynccontextmanager
async def home(directory: Path, name: str = "") -> AsyncIterator[Node]:
    settings = Settings(directory, peer_host="127.0.0.1", peer_port=0, lan=False)
    store = Store(directory)
    try:
        async with running(settings, store, "token") as node:
            if name:
                await node.set_up(name, "", "", "en")
            yield node
    finally:
        store.close()


async def befriend(host: Node, guest: Node) -> None:
    answer = await host.command(Invite(HOUR_MS, host.addresses()))
    await guest.command(Join(str(cast("dict[str, object]", answer)["link"])))


def watch(node: Node) -> ClockWatch:
    assert node.engine is not None
    assert node.engine.core.clock is not None
    return node.engine.core.clock


def set_clock(node: Node, ahead_ms: int) -> None:
    """The computer's clock is wrong by so much from now on."""
    clock = watch(node)
    true_read = ClockWatch.read

    def read(wall_ms: int, counter_ms: int) -> int:
        return true_read(clock, wall_ms + ahead_ms, counter_ms)

    clock.read = read  # type: ignore[method-assign, assignment]


def clock_of(node: Node) -> dict[str, Json]:
    assert node.engine is not None
    return cast("dict[str, Json]", views.status(node.engine.core)["clock"])


def sees(node: Node) -> int:
    assert node.engine is not None
    return len(node.engine.core.visible_listings())


def friend_of(node: Node) -> MemberId:
    assert node.engine is not None
    return node.engine.core.live_friends()[0]


def test_friends_tell_each_other_the_time_from_the_first_link_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with home(tmp_path / "ana", "Ana") as ana, home(tmp_path / "ben", "Ben") as ben:
            await ana.command(FoundHouse("House", Charter()))
            await befriend(ana, ben)
            for node in (ana, ben):
                await eventually(lambda node=node: bool(watch(node)._leads_ms))  # type: ignore[misc]
                assert clock_of(node)["is_right"]

    run(scenario())


def test_a_day_ahead_and_back_on_a_real_node(tmp_path: Path) -> None:
    """Nothing is lost, and the node says so; what it signs meanwhile is dated right."""

    async def scenario() -> None:
        async with home(tmp_path / "ana", "Ana") as ana, home(tmp_path / "ben", "Ben") as ben:
            await ana.command(FoundHouse("House", Charter()))
            await befriend(ana, ben)
            await ana.command(AddThing("ladder"))
            await eventually(lambda: sees(ben) == 1)
            await eventually(lambda: bool(watch(ben)._leads_ms))

            for ahead_ms in (61 * DAY_MS, -DAY_MS):
                set_clock(ben, ahead_ms)
                await ben.command(AddThing(f"drum {ahead_ms}"))
                assert "jumped" == clock_of(ben)["reason"]
                assert 1 == sees(ben)
                set_clock(ben, 0)
                await ben.command(AddThing(f"flute {ahead_ms}"))
                assert clock_of(ben)["is_right"]
            await eventually(lambda: sees(ana) == 4)
            assert "from-the-future" not in ana.counters

    run(scenario())


def test_a_start_in_1970_and_the_time_from_the_network(tmp_path: Path) -> None:
    """The node goes on from the time that it noted, and says that the clock is wrong."""

    async def first_life() -> None:
        async with home(tmp_path, "Ana") as ana:
            await ana.command(FoundHouse("House", Charter()))
            await ana.command(AddThing("ladder"))

    run(first_life())
    noted_ms = noted(tmp_path)
    assert abs(noted_ms - time.time() * 1000) < HOUR_MS

    async def second_life() -> None:
        async with home(tmp_path) as ana:
            assert noted_ms == watch(ana).noted_ms
            watch(ana).__init__(noted_ms)  # type: ignore[misc]
            set_clock(ana, -int(time.time() * 1000))
            answer = await ana.command(AddThing("drum"))
            assert isinstance(answer, dict)
            assert "jumped" == clock_of(ana)["reason"]
            assert str(clock_of(ana)["says"]).startswith("1970-01-01")
            assert ana.engine is not None
            for listing in ana.engine.core.mine(Kind.LISTING):
                assert noted_ms - HOUR_MS < listing.created_ms < noted_ms + HOUR_MS
            set_clock(ana, 0)
            await ana.command(AddThing("flute"))
            assert clock_of(ana)["is_right"]

    run(second_life())


def test_a_friend_who_lies_about_the_time_moves_nothing(tmp_path: Path) -> None:
    """It is said, for the owner to judge; and who asks too much is cut off like any other."""

    async def scenario() -> None:
        async with home(tmp_path / "ana", "Ana") as ana, home(tmp_path / "ben", "Ben") as ben:
            await ana.command(FoundHouse("House", Charter()))
            await befriend(ana, ben)
            await eventually(lambda: bool(watch(ana)._leads_ms))
            await ana.command(AddThing("ladder"))
            watch(ana).hear(friend_of(ana), 0, steady_ms())
            await ana.command(AddThing("drum"))

            assert "friends-differ" == clock_of(ana)["reason"]
            await eventually(lambda: sees(ben) == 2)

    run(scenario())


def test_the_counter_counts_in_milliseconds_and_only_forward() -> None:
    one = steady_ms()
    time.sleep(0.02)
    other = steady_ms()

    assert 15 <= other - one < 10_000


def noted(home_directory: Path) -> int:
    store = Store(home_directory)
    try:
        rows = {key: value for space, key, value in store.load() if space is Space.META}
    finally:
        store.close()
    value: Any = rows[b"clock"]
    assert isinstance(value, int)
    return value
