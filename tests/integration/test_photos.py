"""Photos travel home by home, exactly as far as their listing (spec §19).

First three real nodes in a row; then one home with scripted links, each limit as the
attack it bounds; then the cache on disk.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from PIL import Image

from node.engine import photos as rules
from node.engine.commands import AddThing, EndFriendship, SetThing, WithdrawThing
from node.engine.core import Core
from node.engine.photos import NamedPhoto
from node.host import Host
from node.node import Node
from node.surroundings import Connection
from node.transport import photos as transport
from node.transport.photo_cache import DATABASE_FILE, PhotoCache
from node.transport.photos import Photos
from protocol import limits
from protocol.bodies import Kind, ListingBody, Photo, ThingKind
from protocol.errors import Refused
from protocol.keys import MemberId, ObjectId
from protocol.photos import is_photo, photo_name
from protocol.reaching import (
    NoPhoto,
    PhotoPart,
    Reaching,
    WantPhoto,
    decode_reaching,
    encode_reaching,
)
from protocol.records import Record
from tests.integration.homes import cut, eventually, host, me, run, sees, three

ALICE, BOB, CAROL = (MemberId(name * 32) for name in (b"a", b"b", b"c"))
THING = ObjectId(b"t" * 16)


def picture() -> bytes:
    """A JPEG file of some parts, unlike any other."""
    target = io.BytesIO()
    Image.effect_noise((900, 600), 90).convert("RGB").save(target, "JPEG", quality=90)
    return target.getvalue()


# --- three real nodes in a row ---------------------------------------------------------------


@asynccontextmanager
async def row(tmp_path: Path) -> AsyncIterator[tuple[Node, Node, Node]]:
    """Alice, Rosa and Bob: Alice and Bob see each other through Rosa."""
    async with three(tmp_path) as (alice, bob, rosa):
        await alice.command(EndFriendship(me(bob).hex()))
        await eventually(lambda: not host(bob).core.is_live_friend(me(alice)))
        await eventually(lambda: host(bob).core.distance(me(alice)) == 2)
        yield alice, rosa, bob


async def share(node: Node, circles: int, photos: int = 1) -> tuple[ObjectId, tuple[Photo, ...]]:
    assert node.photos is not None
    added = tuple([await node.photos.add(picture(), "a.jpg") for _ in range(photos)])
    answer = await node.command(AddThing("Tent", circles=circles, photos=added))
    return ObjectId(bytes.fromhex(str(cast("dict[str, object]", answer)["thing"]))), added


async def look(node: Node, origin: Node, thing: ObjectId, name: bytes) -> bytes | str:
    assert node.photos is not None
    try:
        return await node.photos.get(me(origin), thing, name)
    except Refused as refusal:
        return refusal.code


def kept_at(node: Node) -> list[bytes]:
    """Names of other people's pictures on a node's disk."""
    assert node.photos is not None
    cache = PhotoCache(node.settings.home)
    try:
        return [name for name in ALL_NAMES if cache.get(name) is not None]
    finally:
        cache.close()


ALL_NAMES: list[bytes] = []


def test_a_photo_is_seen_as_far_as_its_thing_and_goes_with_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with row(tmp_path) as (alice, rosa, bob):
            thing, (photo,) = await share(alice, circles=2)
            ALL_NAMES[:] = [photo.full, photo.thumbnail]
            await eventually(lambda: sees(bob, "Tent"))
            for name in (photo.thumbnail, photo.full):
                data = await look(bob, alice, thing, name)
                assert isinstance(data, bytes)
                assert is_photo(data, name, photo.size_of(name) or 0)
            # On the way it is kept for those who come after.
            assert ALL_NAMES == kept_at(rosa) == kept_at(bob)

            await alice.command(WithdrawThing(thing.hex()))
            await eventually(lambda: not sees(bob, "Tent"))
            assert "no-such-photo" == await look(bob, alice, thing, photo.full)
            await eventually(lambda: kept_at(bob) == [])
            for node in (alice, rosa, bob):
                assert {} == dict(node.counters)

    run(scenario())


def test_a_home_out_of_reach_is_given_no_photo_whatever_it_asks(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with row(tmp_path) as (alice, rosa, bob):
            thing, (photo,) = await share(alice, circles=1)
            await eventually(lambda: sees(rosa, "Tent"))
            assert isinstance(await look(rosa, alice, thing, photo.full), bytes)
            link = host(bob).link_to(me(rosa))
            assert link is not None
            assert bob.photos is not None

            part = await bob.photos._part(link, WantPhoto(me(alice), thing, photo.full, 0))

            assert part is None
            assert "no-such-photo" == await look(bob, alice, thing, photo.full)

    run(scenario())


def test_who_was_narrowed_out_is_given_no_photo_any_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with row(tmp_path) as (alice, _, bob):
            thing, (photo,) = await share(alice, circles=2)
            await eventually(lambda: sees(bob, "Tent"))
            await alice.command(SetThing(thing.hex(), circles=1))
            await eventually(lambda: not sees(bob, "Tent"))

            assert "no-such-photo" == await look(bob, alice, thing, photo.full)

    run(scenario())


def test_a_holder_whose_disk_was_lost_gets_its_photos_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with row(tmp_path) as (alice, _, bob):
            thing, (photo,) = await share(alice, circles=2)
            await eventually(lambda: sees(bob, "Tent"))
            seen = await look(bob, alice, thing, photo.full)
            assert alice.photos is not None
            alice.photos._recent.clear()
            await host(alice).on_store_thread(alice._store.keep_photos, {})

            assert seen == await look(alice, alice, thing, photo.full)
            assert seen == alice._store.get_photo(photo.full)

    run(scenario())


def test_all_photos_of_a_home_together_have_so_many_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with row(tmp_path) as (alice, _, _):
            _, (photo,) = await share(alice, circles=2)
            size_bytes = photo.full_size_bytes + photo.thumbnail_size_bytes
            monkeypatch.setattr(limits, "PHOTOS_PER_ORIGIN_MAX_BYTES", size_bytes + 10_000)

            with pytest.raises(Refused) as refused:
                await share(alice, circles=2)
            assert "photos-full" == refused.value.code

    run(scenario())


def test_a_photo_that_no_thing_was_given_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with row(tmp_path) as (alice, _, _):
            assert alice.photos is not None
            photo = await alice.photos.add(picture(), "a.jpg")
            await alice.photos._let_go()
            assert alice._store.get_photo(photo.full) is not None, "it may still be given"
            assert (photo,) == alice.photos.own([photo.full])

            monkeypatch.setattr(transport, "_LOOSE_S", -1.0)
            other = await alice.photos.add(picture(), "b.jpg")
            await alice.photos._let_go()

            assert alice._store.get_photo(other.full) is None
            with pytest.raises(Refused):
                alice.photos.own([other.full])

    run(scenario())


def test_a_photo_that_nobody_linked_has_is_not_there_yet(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with row(tmp_path) as (alice, rosa, bob):
            thing, (photo,) = await share(alice, circles=2)
            await eventually(lambda: sees(bob, "Tent"))
            host(alice).close_links("off")
            await eventually(lambda: not host(rosa).is_linked(me(alice)))

            found = await look(bob, alice, thing, photo.full)
            if found != "photo-unreachable":  # they were quick to meet again
                assert isinstance(found, bytes)
            await eventually(lambda: host(rosa).is_linked(me(alice)))
            assert isinstance(await look(bob, alice, thing, photo.full), bytes)
            await cut(rosa, bob)

    run(scenario())


# --- one home, with scripted links -----------------------------------------------------------


@dataclass(eq=False)
class Line:
    """A link that remembers what was sent on it, and may answer."""

    answer: Callable[[WantPhoto], Reaching | None] | None = None
    sent: list[Reaching] = field(default_factory=list)
    home: Home | None = None

    def send(self, message: bytes) -> None:
        said = decode_reaching(message)
        self.sent.append(said)
        if isinstance(said, WantPhoto) and self.answer is not None:
            answer = self.answer(said)
            if isinstance(answer, PhotoPart | NoPhoto):
                assert self.home is not None
                link = cast(Connection, self)
                asyncio.get_running_loop().call_soon(self.home.photos.on_answer, link, answer)


class Home:
    """Carol's home: Alice's thing came by Bob."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
        self.data = data
        self.name = photo_name(data)
        self.lines: dict[MemberId, Line] = {}
        self.counts: list[str] = []
        self.given_to: list[MemberId] = [BOB]
        self.core = cast(Core, self)
        self.me = CAROL
        listing = ListingBody("Tent", "", ThingKind.OBJECT, 2, (), ())
        record = cast(Record, _FakeRecord(ALICE, THING, listing))
        self.photo = NamedPhoto(record, self.name, len(data))
        monkeypatch.setattr(rules, "find", self._find)
        monkeypatch.setattr(rules, "may_have", lambda _, __, friend: friend in self.given_to)
        monkeypatch.setattr(rules, "whom_to_ask", lambda *_: [BOB])
        monkeypatch.setattr(rules, "named", lambda _: {self.name: False})
        monkeypatch.setattr(transport, "PART_MAX_S", 0.2)
        cache = PhotoCache(tmp_path)
        self.photos = Photos(cast(Host, self), cast(transport.PhotoStore, None), cache)

    def _find(self, _: Core, origin: MemberId, thing: ObjectId, name: bytes) -> NamedPhoto | None:
        return self.photo if (origin, thing, name) == (ALICE, THING, self.name) else None

    def can_see(self, _: Record) -> bool:
        return True

    def link_to(self, member: MemberId) -> Connection | None:
        return cast("Connection | None", self.lines.get(member))

    def count(self, code: str) -> None:
        self.counts.append(code)

    def line(self, member: MemberId, answer: Callable[[WantPhoto], Reaching | None]) -> Line:
        self.lines[member] = Line(answer, home=self)
        return self.lines[member]

    def parts(self, want: WantPhoto) -> Reaching:
        end = want.begin + limits.PHOTO_PART_MAX_BYTES
        return PhotoPart(want.photo, want.begin, self.data[want.begin : end])

    async def look(self) -> bytes | str:
        try:
            return await self.photos.get(ALICE, THING, self.name)
        except Refused as refusal:
            return refusal.code


@dataclass(frozen=True)
class _FakeRecord:
    author: MemberId
    object: ObjectId
    body: ListingBody
    kind: Kind = Kind.LISTING


BIG = b"\xff\xd8\xff" + bytes(range(256)) * 500


def test_a_photo_of_several_parts_is_put_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        home = Home(tmp_path, monkeypatch, BIG)
        line = home.line(BOB, home.parts)

        assert await home.look() == BIG

        begins = [said.begin for said in line.sent if isinstance(said, WantPhoto)]
        part = limits.PHOTO_PART_MAX_BYTES
        assert begins == [0, part, 2 * part]
        await home.photos.stop()

    run(scenario())


def test_what_broke_off_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        home = Home(tmp_path, monkeypatch, BIG)
        line = home.line(BOB, lambda want: home.parts(want) if want.begin == 0 else None)
        assert "photo-unreachable" == await home.look()
        line.answer = home.parts

        assert await home.look() == BIG

        begins = [said.begin for said in line.sent if isinstance(said, WantPhoto)]
        part = limits.PHOTO_PART_MAX_BYTES
        assert begins == [0, part, part, 2 * part]
        await home.photos.stop()

    run(scenario())


@pytest.mark.parametrize(
    "lie",
    [
        lambda home, want: PhotoPart(want.photo, want.begin, b"\xff\xd8\xff" + bytes(48_000)),
        lambda home, want: PhotoPart(want.photo, want.begin, b""),
        lambda home, want: PhotoPart(want.photo, want.begin + 1, b"x"),
        lambda home, want: PhotoPart(bytes(32), want.begin, b"x"),
        lambda home, want: NoPhoto(want.photo),
        lambda home, want: None,
    ],
    ids=["other bytes", "no bytes", "another place", "another photo", "none", "silence"],
)
def test_a_friend_that_lies_about_a_photo_gives_none(
    lie: Callable[[Home, WantPhoto], Reaching | None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        home = Home(tmp_path, monkeypatch, BIG)
        line = home.line(BOB, lambda want: lie(home, want))

        assert "photo-unreachable" == await home.look()

        assert len(line.sent) <= 4, "a lie costs no more than the photo would"
        assert home.photos._recent == {}
        line.answer = home.parts
        assert await home.look() in (BIG, "photo-unreachable")
        assert await home.look() == BIG, "and leaves nothing behind"
        await home.photos.stop()

    run(scenario())


def test_bytes_that_are_no_picture_are_not_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listing itself names a page of HTML: it would be shown under our own address."""

    async def scenario() -> None:
        home = Home(tmp_path, monkeypatch, b"<script>alert(1)</script>")
        home.line(BOB, home.parts)

        assert "photo-unreachable" == await home.look()
        assert ["bad-photo"] == home.counts
        await home.photos.stop()

    run(scenario())


def ask(home: Home, line: Line, member: MemberId, begin: int = 0) -> None:
    want = WantPhoto(ALICE, THING, home.name, begin)
    home.photos.on_want(cast(Connection, line), member, want)


def test_a_friend_may_ask_for_so_many_parts_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        home = Home(tmp_path, monkeypatch, BIG)
        home.given_to = [CAROL]
        home.line(BOB, home.parts)
        line = Line()

        for _ in range(limits.PHOTO_WANTS_PER_FRIEND_MAX + 3):
            ask(home, line, CAROL)

        assert [NoPhoto(home.name)] * 3 == line.sent
        await eventually(lambda: len(line.sent) == limits.PHOTO_WANTS_PER_FRIEND_MAX + 3)
        ask(home, line, CAROL)
        await eventually(lambda: isinstance(line.sent[-1], PhotoPart))
        await home.photos.stop()

    run(scenario())


def test_a_friend_s_day_of_photos_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        home = Home(tmp_path, monkeypatch, BIG)
        home.given_to = [CAROL]
        home.line(BOB, home.parts)
        monkeypatch.setattr(limits, "PHOTOS_PER_DAY_MAX_BYTES", 2 * limits.PHOTO_PART_MAX_BYTES)
        line = Line()
        for number in range(3):
            ask(home, line, CAROL)
            await eventually(lambda: len(line.sent) == number + 1)  # noqa: B023

        assert [PhotoPart, PhotoPart, NoPhoto] == [type(said) for said in line.sent]
        await home.photos.stop()

    run(scenario())


def test_who_may_not_have_the_listing_is_given_nothing_and_nothing_is_fetched_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        home = Home(tmp_path, monkeypatch, BIG)
        bob = home.line(BOB, home.parts)
        line = Line()

        ask(home, line, CAROL)
        home.photos.on_want(cast(Connection, line), BOB, WantPhoto(ALICE, THING, bytes(32), 0))

        assert [NoPhoto(home.name), NoPhoto(bytes(32))] == line.sent
        assert bob.sent == []
        await home.photos.stop()

    run(scenario())


def test_a_friend_who_asks_is_not_asked_for_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        home = Home(tmp_path, monkeypatch, BIG)
        bob = home.line(BOB, home.parts)

        ask(home, bob, BOB)
        await eventually(lambda: bool(bob.sent))

        assert [NoPhoto(home.name)] == bob.sent
        await home.photos.stop()

    run(scenario())


def test_a_part_nobody_asked_for_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        home = Home(tmp_path, monkeypatch, BIG)
        home.photos.on_answer(cast(Connection, Line()), PhotoPart(home.name, 0, BIG[:100]))

        assert home.photos._broken_off == {}
        await home.photos.stop()

    run(scenario())


def test_the_largest_part_fits_into_one_frame() -> None:
    part = PhotoPart(bytes(32), limits.PHOTO_SIZE_MAX_BYTES, bytes(limits.PHOTO_PART_MAX_BYTES))

    assert len(encode_reaching(part)) < limits.FRAME_SIZE_MAX_BYTES


# --- the cache on disk -----------------------------------------------------------------------


def test_the_cache_lets_the_oldest_go_when_it_is_full(tmp_path: Path) -> None:
    cache = PhotoCache(tmp_path, size_max_bytes=3000)
    for name in (b"1", b"2", b"3", b"4"):
        cache.put(name, name * 1000)

    assert cache.get(b"1") is None
    assert [b"2" * 1000, b"3" * 1000, b"4" * 1000] == [cache.get(n) for n in (b"2", b"3", b"4")]
    assert cache.keep({b"3": True})
    assert cache.get(b"2") is None
    assert not cache.keep({})
    cache.close()


def test_a_damaged_cache_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE).write_bytes(b"no database" * 1000)
    cache = PhotoCache(tmp_path)

    cache.put(b"1", b"x")

    assert cache.get(b"1") == b"x"
    cache.close()


def test_without_photos_there_is_no_file(tmp_path: Path) -> None:
    cache = PhotoCache(tmp_path)

    assert cache.get(b"1") is None
    assert not cache.keep({})
    assert not (tmp_path / DATABASE_FILE).exists()
    cache.close()
