"""Files go from home to home along a loan's path, and to nobody else (spec §20.3).

First three real nodes in a row, cut and switched off in the middle; then one home with
scripted links, each limit as the attack it bounds.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest

from node.engine import files as rules
from node.engine.commands import (
    AddThing,
    AnswerLoan,
    Ask,
    CancelLoan,
    EndFriendship,
    Recommend,
    SetThing,
    WithdrawThing,
)
from node.engine.core import Core
from node.file_store import Coming, FileStore, Upload
from node.host import Host
from node.node import Node
from node.surroundings import Connection
from node.topics import Topics
from node.transport import file_fetching, files
from node.transport.file_pieces import Stage
from node.transport.files import Files
from protocol import limits
from protocol.bodies import ThingFile, ThingKind
from protocol.errors import Refused
from protocol.exchange import LoanState
from protocol.files import Errand, Shape, ephemeral_key, seal_piece
from protocol.keys import HouseId, MemberId, ObjectId, link_public_key
from protocol.reaching import (
    FilePiece,
    NoPiece,
    NotNow,
    Reaching,
    WantPiece,
    decode_reaching,
    encode_reaching,
)
from tests.integration.homes import cut, eventually, host, in_days, me, run, sees, three

ALICE, BOB, CAROL, EVE = (MemberId(name * 32) for name in (b"a", b"b", b"c", b"e"))
HOUSE, LOAN = HouseId(b"h" * 32), ObjectId(b"l" * 16)
PART = limits.FILE_PART_MAX_BYTES


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_fetching, "RETRY_MIN_S", 0.1)


# --- three real nodes in a row ---------------------------------------------------------------


@asynccontextmanager
async def row(tmp_path: Path) -> AsyncIterator[tuple[Node, Node, Node]]:
    """Alice, Rosa and Bob: Alice and Bob see each other through Rosa."""
    async with three(tmp_path) as (alice, bob, rosa):
        await alice.command(EndFriendship(me(bob).hex()))
        await eventually(lambda: host(bob).core.distance(me(alice)) == 2)
        yield alice, rosa, bob


def shelf(node: Node) -> Files:
    assert node.files is not None
    return node.files


async def upload(node: Node, data: bytes, title: str) -> ThingFile:
    started = await shelf(node).begin()
    for begin in range(0, len(data), 100_000):
        await shelf(node).write(started, data[begin : begin + 100_000])
    return await shelf(node).finish(started, title)


async def agree(alice: Node, rosa: Node, bob: Node, file: ThingFile) -> str:
    """Alice's podcast is asked for by Bob, on Rosa's word, and she says yes."""
    await alice.command(
        AddThing("Podcast", ThingKind.COPY, circles=2, licence="own work", file=file)
    )
    await bob.command(AddThing("Wifi", ThingKind.SPOT))
    await eventually(lambda: sees(bob, "Podcast") and sees(rosa, "Wifi"))
    (thing,) = [
        r.object.hex()
        for r in host(bob).core.visible_listings()
        if getattr(r.body, "title", "") == "Podcast"
    ]
    asked = await bob.command(Ask(thing, in_days(1), in_days(2), on_word=True))
    loan = str(cast("dict[str, object]", asked)["loan"])
    await eventually(lambda: "recommend" in can(rosa, loan))
    await rosa.command(Recommend(loan, yes=True))
    await eventually(lambda: "answer" in can(alice, loan))
    await alice.command(AnswerLoan(loan, "yes"))
    return loan


def can(node: Node, loan: str) -> list[str]:
    from node.engine import views

    rows = [cast("dict[str, Any]", each) for each in views.loans(host(node).core)]
    return next((each["can"] for each in rows if each["loan"] == loan), [])


def coming(node: Node) -> dict[str, Any]:
    """The one file that a node fetches."""
    return next(iter(shelf(node).fetching.files()), {"state": "none", "got_bytes": 0})


def test_a_file_comes_through_a_home_between_that_cannot_read_it_cut_and_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = os.urandom(12 * PART + 100)
    passed: list[bytes] = []
    await_cut = asyncio.Event()

    async def scenario() -> None:
        async with row(tmp_path) as (alice, rosa, bob):
            file = await upload(alice, data, "../../ép1\u202e.ogg")
            assert file.title == "ép1.ogg"
            give = shelf(alice)._store.piece

            def slowly(file: ThingFile, number: int) -> bytes:
                if number == 6 and not await_cut.is_set():
                    return b""  # as if it could not be read just now
                return give(file, number)

            monkeypatch.setattr(shelf(alice)._store, "piece", slowly)
            send = shelf(rosa)._send

            def tap(link: Connection, to: MemberId, piece: FilePiece) -> None:
                passed.append(piece.sealed)
                send(link, to, piece)

            monkeypatch.setattr(shelf(rosa), "_send", tap)
            loan = await agree(alice, rosa, bob, file)
            await eventually(lambda: coming(bob)["state"] == "refused")
            assert 0 < coming(bob)["got_bytes"] < len(data)
            assert shelf(bob).come_path(ObjectId(bytes.fromhex(loan))) is None

            await cut(rosa, bob)
            await_cut.set()
            await eventually(lambda: coming(bob)["state"] == "here")

            path = shelf(bob).come_path(ObjectId(bytes.fromhex(loan)))
            assert path == bob.settings.home / "received" / "ép1.ogg"
            assert path.read_bytes() == data
            assert not any(data[i * PART : i * PART + 64] in b"".join(passed) for i in range(12))
            assert len(passed) < 2 * Shape(len(data)).pieces, (
                "what had come was not asked for again"
            )
            for node in (alice, rosa, bob):
                assert {} == dict(node.counters)

    run(scenario())


def test_who_cancels_is_given_no_more_and_what_came_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = os.urandom(8 * PART)

    async def scenario() -> None:
        async with row(tmp_path) as (alice, rosa, bob):
            file = await upload(alice, data, "a.ogg")
            give = shelf(alice)._store.piece
            monkeypatch.setattr(
                shelf(alice)._store, "piece", lambda file, n: b"" if n > 4 else give(file, n)
            )
            loan = ObjectId(bytes.fromhex(await agree(alice, rosa, bob, file)))
            await eventually(lambda: coming(bob)["state"] == "refused")
            monkeypatch.undo()
            link = host(bob).link_to(me(rosa))
            assert link is not None

            await bob.command(CancelLoan(loan.hex()))
            await eventually(lambda: rules.agreed(host(alice).core, loan) is None)

            asked = await shelf(bob).ask(link, WantPiece(loan, file.name, 1))
            assert asked == NoPiece(loan, file.name, 1, NotNow.NEVER)
            await eventually(lambda: shelf(bob).fetching.files() == [])
            await shelf(alice).let_go()
            await alice.command(SetThing(own_thing(alice), takes_file_away=True))
            await shelf(alice).let_go()
            assert [] == list((alice.settings.home / "files" / "own").iterdir())
            assert not (rosa.settings.home / "files").exists(), "homes between keep nothing"

    run(scenario())


def own_thing(node: Node) -> str:
    from node.engine import views

    return str(cast("dict[str, object]", views.things(host(node).core)[0])["thing"])


def test_a_file_of_a_thing_that_is_withdrawn_is_given_to_those_who_have_an_agreement(
    tmp_path: Path,
) -> None:
    data = os.urandom(PART + 1)

    async def scenario() -> None:
        async with row(tmp_path) as (alice, rosa, bob):
            file = await upload(alice, data, "a.ogg")
            host(bob).close_links("off")
            loan = await agree(alice, rosa, bob, file)
            await alice.command(WithdrawThing(own_thing(alice)))
            await shelf(alice).let_go()
            await eventually(lambda: coming(bob)["state"] == "here")
            path = shelf(bob).come_path(ObjectId(bytes.fromhex(loan)))

            assert path is not None
            assert path.read_bytes() == data
            path.unlink()
            assert "moved" == coming(bob)["state"]
            shelf(bob).fetching.fetch_again(ObjectId(bytes.fromhex(loan)))
            await eventually(lambda: coming(bob)["state"] == "here")
            assert path.read_bytes() == data

    run(scenario())


def test_all_files_of_a_home_together_have_so_many_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with one(tmp_path, monkeypatch) as home:
            monkeypatch.setattr(limits, "FILES_PER_ORIGIN_MAX_BYTES", 10)
            file = await upload(cast(Node, home), b"0123456789", "a.txt")
            assert home.files.has_own(file)

            with pytest.raises(Refused) as refusal:
                await home.files.begin()
            assert "files-full" == refusal.value.code

    run(scenario())


def test_a_file_that_is_too_large_or_empty_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with one(tmp_path, monkeypatch) as home:
            monkeypatch.setattr(limits, "FILE_SIZE_MAX_BYTES", 10)
            for data, code in ((b"0" * 11, "file-too-large"), (b"", "file-empty")):
                started = await home.files.begin()
                with pytest.raises(Refused) as refusal:
                    await write_all(home.files, started, data)
                assert code == refusal.value.code
                await home.files.abandon(started)
            assert [] == list((tmp_path / "files" / "own").iterdir())

    run(scenario())


async def write_all(shelf: Files, started: Upload, data: bytes) -> None:
    await shelf.write(started, data)
    await shelf.finish(started, "a.txt")


def test_a_file_that_no_thing_was_given_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with one(tmp_path, monkeypatch) as home:
            file = await upload(cast(Node, home), b"x", "a.txt")
            await home.files.let_go()
            assert home.files.own(file.name) == file, "it may still be given"

            monkeypatch.setattr(files, "_LOOSE_S", -1.0)
            await upload(cast(Node, home), b"y", "b.txt")
            await home.files.let_go()
            assert home.files.has_own(file)
            assert 2 == len(list((tmp_path / "files" / "own").iterdir())), "file and list"

    run(scenario())


# --- one home, with scripted links -----------------------------------------------------------


@dataclass(eq=False)
class Line:
    """A link that remembers what was sent on it, and may answer."""

    answer: Callable[[WantPiece], Reaching | None] | None = None
    sent: list[Reaching] = field(default_factory=list)
    home: Home | None = None

    def send(self, message: bytes) -> None:
        said = decode_reaching(message)
        self.sent.append(said)
        if isinstance(said, WantPiece) and self.answer is not None:
            answer = self.answer(said)
            if isinstance(answer, FilePiece | NoPiece):
                assert self.home is not None
                link = cast(Connection, self)
                asyncio.get_running_loop().call_soon(self.home.files.on_answer, link, answer)

    def wanted(self) -> list[int]:
        return [said.number for said in self.sent if isinstance(said, WantPiece)]


@dataclass(frozen=True)
class _FakeLoan:
    """What the host reads of a loan."""

    path: tuple[MemberId, ...]
    loan: ObjectId = LOAN
    borrower_link_key: bytes = link_public_key(b"c" * 32)

    @property
    def holder(self) -> MemberId:
        return self.path[-1]


@dataclass(frozen=True)
class _FakeConfig:
    link_private: bytes = b"c" * 32
    seed: bytes = b"s" * 32


class Home:
    """Carol's home: she borrows from Alice through Bob, or is one of the others."""

    def __init__(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, me: MemberId
    ) -> None:
        self.data = data
        self.pieces = pieces_of(data)
        listed = b"".join(self.pieces[: Shape(len(data)).list_pieces])
        self.file = ThingFile("a.ogg", files_name(len(data), listed), len(data))
        self.lines: dict[MemberId, Line] = {}
        self.counts: list[str] = []
        self.me = me
        self.core = cast(Core, self)
        self.house = HOUSE
        self.config = _FakeConfig()
        self.state: _FakeLoan | None = _FakeLoan((CAROL, BOB, ALICE))
        self.home = tmp_path
        self._topics = Topics()
        self.subscribe = self._topics.subscribe
        monkeypatch.setattr(rules, "agreed", lambda _, loan: self.state if loan == LOAN else None)
        monkeypatch.setattr(rules, "asker_of", lambda *_: BOB if self.me == ALICE else CAROL)
        monkeypatch.setattr(rules, "given_in", self._given_in)
        monkeypatch.setattr(rules, "own", lambda _: {})
        monkeypatch.setattr(rules, "borrowed", lambda _: self.borrowed())
        monkeypatch.setattr(files, "PIECE_MAX_S", 0.3)
        self.files = Files(cast(Host, self), tmp_path)
        self.errand = Errand(HOUSE, LOAN, ALICE, CAROL, self.file.name)

    def borrowed(self) -> list[rules.Borrowed]:
        is_mine = self.me == CAROL and self.state is not None
        path = (CAROL, BOB, ALICE)
        return [rules.Borrowed(LOAN, "Podcast", "CC0", self.file, path, True)] if is_mine else []

    def _given_in(self, _: Core, __: LoanState, name: bytes) -> ThingFile | None:
        return self.file if name == self.file.name else None

    def link_to(self, member: MemberId) -> Connection | None:
        return cast("Connection | None", self.lines.get(member))

    def is_linked(self, member: MemberId) -> bool:
        return member in self.lines

    def count(self, code: str) -> None:
        self.counts.append(code)

    def tell_page(self, topic: str) -> None: ...

    def name_of(self, member: MemberId) -> str:
        return {ALICE: "Alice", BOB: "Bob"}.get(member, "?")

    def line(self, member: MemberId, answer: Callable[[WantPiece], Reaching | None]) -> Line:
        self.lines[member] = Line(answer, home=self)
        return self.lines[member]

    def right(self, want: WantPiece) -> Reaching:
        return self.sealed(want, self.pieces[want.number])

    def sealed(self, want: WantPiece, piece: bytes) -> FilePiece:
        sealed = seal_piece(
            self.errand,
            want.number,
            piece,
            is_last=want.number == len(self.pieces) - 1,
            ephemeral=ephemeral_key(b"s" * 32, self.errand),
            reader=link_public_key(b"c" * 32),
        )
        return FilePiece(want.loan, want.file, want.number, sealed)

    @property
    def coming(self) -> Coming:
        return Coming(LOAN, self.file)

    def stage(self) -> str:
        return str(self.files.fetching.files()[0]["state"])

    def is_done(self) -> bool:
        """Whether the program itself has seen that it is here."""
        progress = self.files.fetching._files.get(self.coming.key)
        return progress is not None and progress.stage is Stage.HERE

    async def is_here(self) -> None:
        await eventually(lambda: self.stage() == "here")
        (path,) = (self.home / "received").iterdir()
        assert path.read_bytes() == self.data


@asynccontextmanager
async def one(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    data: bytes = b"",
    me: MemberId = CAROL,
) -> AsyncIterator[Home]:
    home = Home(tmp_path, monkeypatch, data or BIG, me)
    try:
        yield home
    finally:
        await home.files.stop()


def pieces_of(data: bytes) -> list[bytes]:
    from protocol.files import part_digest

    shape = Shape(len(data))
    parts = [data[begin : begin + PART] for begin in range(0, len(data), PART)]
    listed = b"".join(part_digest(number, part) for number, part in enumerate(parts))
    return [listed[i : i + PART] for i in range(0, len(listed), PART)] + parts[: shape.parts]


def files_name(size_bytes: int, listed: bytes) -> bytes:
    from protocol.files import file_name

    return file_name(size_bytes, listed)


BIG = bytes(range(256)) * 1000
"""Six parts, one list piece."""


def test_after_a_restart_only_what_is_missing_or_was_damaged_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with one(tmp_path, monkeypatch) as home:
            line = home.line(BOB, lambda want: home.right(want) if want.number < 5 else None)
            home.files.start()
            await eventually(lambda: home.stage() == "asleep")
            assert 4 * PART == home.files.fetching.files()[0]["got_bytes"]

        place = tmp_path / "files" / "coming" / home.coming.key
        damaged = bytearray(place.read_bytes())
        damaged[PART + 7] ^= 1  # a bit of the second part, while it was switched off
        place.write_bytes(damaged)

        async with one(tmp_path, monkeypatch) as home:
            line = home.line(BOB, home.right)
            home.files.start()
            await home.is_here()
            assert [2, 5, 6] == sorted(line.wanted())
            assert [] == list((tmp_path / "files" / "coming").iterdir())

        async with one(tmp_path, monkeypatch) as home:
            line = home.line(BOB, home.right)
            home.files.start()
            await home.is_here()
            await eventually(home.is_done)
            assert [] == line.sent, "what has come is not fetched again"

    run(scenario())


@pytest.mark.parametrize(
    "lie",
    [
        lambda home, want: FilePiece(want.loan, want.file, want.number, b"x" * 100),
        lambda home, want: FilePiece(want.loan, want.file, want.number, b""),
        lambda home, want: home.sealed(want, bytes(len(home.pieces[want.number]))),
        lambda home, want: home.sealed(want, home.pieces[want.number][:-1]),
        lambda home, want: replace(home.right(replace(want, number=1)), number=want.number),
    ],
    ids=["nonsense", "nothing", "other bytes, well sealed", "cut short", "another piece"],
)
@pytest.mark.parametrize("is_in_list", [True, False], ids=["list", "part"])
def test_a_wrong_piece_is_thrown_away_counted_and_asked_for_again(
    lie: Callable[[Home, WantPiece], Reaching],
    is_in_list: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        async with one(tmp_path, monkeypatch) as home:
            told: list[int] = []
            number = 0 if is_in_list else 3

            def answer(want: WantPiece) -> Reaching:
                told.append(want.number)
                is_lie = want.number == number and told.count(number) < 3
                return lie(home, want) if is_lie else home.right(want)

            home.line(BOB, answer)
            home.files.start()
            await home.is_here()

            assert ["bad-file"] * 2 == home.counts
            assert 3 == told.count(number)

    run(scenario())


def test_a_holder_who_always_lies_costs_little_and_gives_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_fetching, "RETRY_MIN_S", 60.0)

    async def scenario() -> None:
        async with one(tmp_path, monkeypatch) as home:
            line = home.line(BOB, lambda want: home.sealed(want, bytes(len(home.pieces[0]))))
            home.files.start()
            await eventually(lambda: home.stage() == "damaged")

            assert len(line.sent) <= 9
            assert not (tmp_path / "received").exists()
            line.answer = home.right
            home.files.fetching.fetch_again(LOAN)
            await home.is_here()

    run(scenario())


def test_an_announced_size_that_the_disk_does_not_have_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with one(tmp_path, monkeypatch) as home:
            home.file = ThingFile("a.ogg", home.file.name, limits.FILE_SIZE_MAX_BYTES)
            monkeypatch.setattr("node.file_store.shutil.disk_usage", _little_room)
            line = home.line(BOB, home.right)
            home.files.start()

            await eventually(lambda: home.stage() == "no-room")
            assert [] == line.sent

    run(scenario())


@dataclass(frozen=True)
class _Usage:
    free: int = 10 * 1024 * 1024


def _little_room(_: object) -> _Usage:
    return _Usage()


def test_a_hostile_title_stays_in_the_owner_s_folder_and_writes_over_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with one(tmp_path, monkeypatch, data=b"mine") as home:
            home.file = replace(home.file, title="../../../etc/passwd\x00.html")
            (tmp_path / "received").mkdir()
            (tmp_path / "received" / "etc passwd.html").write_text("hers")
            home.line(BOB, home.right)
            home.files.start()
            await eventually(lambda: home.stage() == "here")

            found = {path.name: path.read_text() for path in (tmp_path / "received").iterdir()}
            assert {"etc passwd.html": "hers", "etc passwd (2).html": "mine"} == found

    run(scenario())


def test_a_loan_that_ends_ends_the_fetching_and_its_leftovers_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with one(tmp_path, monkeypatch) as home:
            line = home.line(BOB, lambda want: home.right(want) if want.number < 3 else None)
            home.files.start()
            await eventually(lambda: 3 in line.wanted())
            home.state = None
            home._topics.publish("loans")
            await eventually(lambda: not home.files.fetching._files)
            place = tmp_path / "files" / "coming"
            await eventually(lambda: not list(place.iterdir()))
            (place / home.coming.key).write_text("left by a power cut")

        async with one(tmp_path, monkeypatch) as home:
            home.state = None
            home.files.start()
            await eventually(lambda: not list((tmp_path / "files" / "coming").iterdir()))

    run(scenario())


# --- giving, and passing on ----------------------------------------------------------------


def ask(home: Home, line: Line, member: MemberId, number: int = 0, **other: Any) -> None:
    want = replace(WantPiece(LOAN, home.file.name, number), **other)
    home.files.on_want(cast(Connection, line), member, want)


async def held(home: Home) -> None:
    """The home is Alice's, and has her file."""
    assert home.me == ALICE
    file = await upload(cast(Node, home), home.data, "a.ogg")
    assert file == home.file


def reasons(line: Line) -> list[NotNow]:
    return [said.reason for said in line.sent if isinstance(said, NoPiece)]


def test_who_has_no_agreement_or_asks_for_something_else_is_given_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with one(tmp_path, monkeypatch, me=ALICE) as home:
            await held(home)
            read: list[int] = []
            piece = home.files._store.piece

            def watched(file: ThingFile, number: int) -> bytes:
                read.append(number)
                return piece(file, number)

            monkeypatch.setattr(home.files._store, "piece", watched)
            line = Line()
            ask(home, line, EVE)  # not the neighbour on the path
            ask(home, line, BOB, loan=ObjectId(bytes(16)))  # another loan
            ask(home, line, BOB, file=bytes(32))  # another file
            ask(home, line, BOB, number=len(home.pieces))  # a piece that it does not have
            await eventually(lambda: len(line.sent) == 4)
            home.state = None
            ask(home, line, BOB)
            assert [NotNow.NEVER] * 5 == reasons(line)
            assert [] == read, "the disk was not even asked"

    run(scenario())


def test_an_agreement_that_ends_while_the_disk_is_read_ends_the_giving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with one(tmp_path, monkeypatch, me=ALICE) as home:
            await held(home)
            line = Line()
            ask(home, line, BOB)
            home.state = None
            await eventually(lambda: len(line.sent) == 1)
            assert [NotNow.NEVER] == reasons(line)

    run(scenario())


def test_a_holder_whose_file_is_gone_or_whose_borrower_has_no_key_says_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with one(tmp_path, monkeypatch, me=ALICE) as home:
            line = Line()
            ask(home, line, BOB)
            await eventually(lambda: len(line.sent) == 1)
            await held(home)
            assert home.state is not None
            home.state = replace(home.state, borrower_link_key=bytes(32))
            ask(home, line, BOB)
            await eventually(lambda: len(line.sent) == 2)
            assert [NotNow.NEVER] * 2 == reasons(line)

    run(scenario())


@pytest.mark.parametrize("holder", [ALICE, BOB], ids=["holder", "between"])
def test_a_friend_may_ask_for_so_many_pieces_at_a_time(
    holder: MemberId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with one(tmp_path, monkeypatch, me=holder) as home:
            home.line(ALICE, home.right)
            if holder == ALICE:
                await held(home)
            line, asker = Line(), BOB if holder == ALICE else CAROL
            most = limits.FILE_WANTS_PER_FRIEND_MAX

            for number in range(most + 3):
                ask(home, line, asker, number=number % 7)
            assert [NotNow.LATER] * 3 == reasons(line)
            await eventually(lambda: len(line.sent) == most + 3)
            ask(home, line, asker)
            await eventually(lambda: isinstance(line.sent[-1], FilePiece))

    run(scenario())


def test_a_friend_s_day_of_files_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with one(tmp_path, monkeypatch, me=ALICE) as home:
            await held(home)
            monkeypatch.setattr(limits, "FILES_PER_DAY_MAX_BYTES", 2 * PART)
            line = Line()
            for number in range(1, 4):
                ask(home, line, BOB, number=number)
                await eventually(lambda: len(line.sent) == number)  # noqa: B023

            assert [FilePiece, FilePiece, NoPiece] == [type(said) for said in line.sent]
            assert [NotNow.LATER] == reasons(line)

    run(scenario())


def test_a_home_between_passes_no_more_than_its_line_bears(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = files._Given()
    monkeypatch.setattr(limits, "FILES_PER_SECOND_MAX_BYTES", 1000)

    waits = [given.wait_s(500) for _ in range(5)]

    assert waits[0] == 0
    assert all(0.4 < after - before < 0.6 for before, after in pairwise(waits))


def test_a_home_between_passes_what_it_is_answered_and_says_who_sleeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with one(tmp_path, monkeypatch, me=BOB) as home:
            line = Line()
            ask(home, line, CAROL)
            await eventually(lambda: len(line.sent) == 1)
            assert [NotNow.ASLEEP] == reasons(line)

            alice = home.line(ALICE, home.right)
            ask(home, line, CAROL, number=2)
            await eventually(lambda: len(line.sent) == 2)
            assert home.right(WantPiece(LOAN, home.file.name, 2)) == line.sent[-1]

            alice.answer = lambda want: NoPiece(want.loan, want.file, want.number, NotNow.LATER)
            ask(home, line, CAROL)
            await eventually(lambda: len(line.sent) == 3)
            assert [NotNow.ASLEEP, NotNow.LATER] == reasons(line)

            alice.answer = None
            ask(home, line, CAROL)
            ask(home, line, CAROL, number=1)
            home.files.on_link_ended(cast(Connection, alice))
            await eventually(lambda: len(line.sent) == 5)
            assert [NotNow.ASLEEP] * 2 == reasons(line)[-2:]
            assert not (tmp_path / "files").exists(), "it keeps nothing"

    run(scenario())


def test_a_piece_nobody_asked_for_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with one(tmp_path, monkeypatch) as home:
            piece = home.right(WantPiece(LOAN, home.file.name, 1))
            assert isinstance(piece, FilePiece)
            home.files.on_answer(cast(Connection, Line()), piece)
            assert not (tmp_path / "files").exists()

    run(scenario())


def test_wants_and_pieces_are_what_they_were(tmp_path: Path) -> None:
    """A piece of the longest list a file can have is found without reading the rest."""
    store = FileStore(tmp_path)
    started = store.begin()
    for number in range(1537):
        started.write(number.to_bytes(4, "big") + bytes(PART - 4))
    file = started.finish("long.bin")
    shape = Shape(file.size_bytes)

    assert 2 == shape.list_pieces
    assert 32 == len(store.piece(file, 1))
    assert (1536).to_bytes(4, "big") == store.piece(file, shape.pieces - 1)[:4]
    assert encode_reaching(WantPiece(LOAN, file.name, shape.pieces - 1))
