"""A street in memory and the page of one of its homes, for tests of the page.

Real engines, no process and no link: what one does reaches the others at once. The page is
served by aiohttp on a loop of its own, in a thread, so that a browser can be driven beside it.
"""

from __future__ import annotations

import asyncio
import http.cookiejar
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from node import identity
from node.api.app import make_app
from node.api.protocols import FilesLike, LinkState, LoanPhotosLike, PhotosLike
from node.engine.commands import (
    AddThing,
    AnswerLoan,
    Ask,
    Command,
    GiveBack,
    HandOver,
    LookFor,
    Rate,
    SetProfile,
)
from node.engine.engine import Engine
from node.engine.events import Json, Space
from node.loan_photos import LoanPhotos
from node.topics import Subscription, Topics
from node.web.pages import entry_path
from protocol.bodies import Availability, ThingKind
from protocol.charter import Charter
from protocol.encoding import Value
from protocol.keys import MemberId
from simulations.signing import InterningOpener, RealKeys
from simulations.street import DAY, DAY_MS, Street
from simulations.town import TownPlan, build_town
from tests.small_desk import NothingAsked, SmallDesk

TOKEN = "5e" * 32
NAMES = (
    "Ana", "Luc", "Maximiliane-Henriette von und zu Hohenstauffenberg-Wolkenkuckucksheim",
    "Sofía", "Hugo", "Léa", "Karim",
)  # fmt: skip
EDGES = [(0, 1), (0, 2), (0, 6), (1, 3), (2, 3), (2, 4), (3, 5)]
"""Ana is 0. Friends: 1, 2, 6; beyond them 3 and 4; 5 is three steps away."""


@dataclass
class StreetNode:
    """The home of one member of a street, as the page sees it."""

    street: Street
    number: int = 0
    counters: Counter[str] = field(default_factory=Counter)
    token: str = TOKEN
    web_hosts: tuple[str, ...] = ()
    language: str = "en"
    photos: PhotosLike | None = None
    files: FilesLike | None = None
    home: Path = Path()
    words: str = " ".join(f"word{number}" for number in range(24))
    pairing: SmallDesk = field(default_factory=SmallDesk)
    topics: Topics = field(default_factory=Topics)
    succession: NothingAsked = field(default_factory=NothingAsked)
    link_states: dict[MemberId, LinkState] = field(default_factory=dict)

    @property
    def engine(self) -> Engine:
        return self.street.engines[self.number]

    @property
    def loan_photos(self) -> LoanPhotosLike:
        return LoanPhotos(self.home)

    def links(self) -> dict[MemberId, LinkState]:
        return self.link_states

    def lan_state(self) -> Json:
        return {"is_on": False, "nearby": 0, "problem": ""}

    def addresses(self) -> tuple[str, ...]:
        return ("192.0.2.1:7470",)

    async def command(self, command: Command) -> Json:
        answer = self.street.run(self.number, command)
        self.topics.publish("home")
        return answer  # type: ignore[return-value]

    def subscribe(self) -> Subscription:
        return self.topics.subscribe()

    async def forget_words(self) -> None:
        self.words = ""

    async def make_backup(self) -> bytes:
        return b"OHB1 a sealed copy"

    async def set_up(self, name: str, email: str, phone: str, language: str) -> Json:
        raise AssertionError("it is set up")

    async def restore(
        self, words: str, file: Path | None, name: str, language: str, root: int
    ) -> Json:
        raise AssertionError("it is set up")

    async def take_approvals(self) -> Json:
        raise AssertionError("it is set up")


class EmptyNode(StreetNode):
    """A home whose person has not come yet."""

    @property
    def engine(self) -> None:  # type: ignore[override]
        return None


class NewcomerNode(StreetNode):
    """A home that has its person, and belongs to no house.

    Args:
        is_back: brought back with words alone: friends know the rest.
    """

    def __init__(self, street: Street, *, is_back: bool) -> None:
        super().__init__(street, language="fr")
        made = identity.from_entropy(bytes(range(32)), "Noé", "fr")
        marks: list[tuple[Space, bytes, Value]]
        marks = [(Space.META, b"log_epoch", bytes(8)), (Space.META, b"recalling", street.now_ms)]
        config = made.config(InterningOpener(RealKeys().verify))
        self._engine = Engine(config, marks if is_back else [], street.now_ms, bytes(8))

    @property
    def engine(self) -> Engine:
        return self._engine


def day_ms_of_today() -> int:
    return time.time_ns() // 1_000_000 // DAY_MS * DAY_MS + DAY_MS // 2


def make_street(
    edges: list[tuple[int, int]] = EDGES, names: tuple[str, ...] = NAMES, now_ms: int | None = None
) -> Street:
    """Members with names and friendships, who share nothing yet."""
    now_ms = day_ms_of_today() if now_ms is None else now_ms
    keys = RealKeys()
    plan = TownPlan(
        len(names), edges, now_ms, charter=Charter(), records_per_second_max=None
    )  # fmt: skip
    residents = build_town(plan, keys, InterningOpener(keys.verify))
    street = Street(residents, edges, now_ms=now_ms)
    street.start()
    for number, name in enumerate(names):
        street.run(number, SetProfile(name, ("en",)))
    return street


def ask_for(street: Street, number: int, thing: str, first: int, days: int, text: str = "") -> str:
    """Ask for whole days, counted from today."""
    start = (street.now_ms // DAY_MS + first) * DAY
    return str(street.run(number, Ask(thing, start, start + days * DAY, text))["loan"])


def live_here(street: Street) -> dict[str, str]:
    """Let a few weeks' worth of things happen; the ids of loans by what they are."""

    def share(number: int, title: str, **fields: object) -> str:
        return str(street.run(number, AddThing(title, **fields))["thing"])  # type: ignore[arg-type]

    drill = share(0, "Cordless drill", circles=2, text="Two batteries.")
    tent = share(0, "Tent for four", circles=3)
    share(0, "Washing machine", kind=ThingKind.SPOT, availability=Availability())
    guitar = share(1, "Guitar", circles=2)
    sewing = share(2, "Sewing machine that has a very long title indeed, and some more", circles=2)
    share(3, "Projector", circles=3)
    share(4, "Our flat in August", circles=3, kind=ThingKind.STAY)
    share(5, "Kayak", circles=3)
    share(6, "Podcast", circles=1, kind=ThingKind.COPY)
    street.run(6, LookFor("A cargo bike", 2))
    loans: dict[str, str] = {}
    # Over and rated, both ways.
    for holder, borrower, thing in ((1, 0, guitar), (2, 0, sewing), (0, 1, tent)):
        loan = ask_for(street, borrower, thing, 0, 1, "For a day")
        street.run(holder, AnswerLoan(loan, "yes"))
        street.run(holder, HandOver(loan))
        street.run(borrower, GiveBack(loan))
        street.run(holder, Rate(loan, 1, 9))
        street.run(borrower, Rate(loan, 1, 8))
        loans["rated"] = loan
    loans["out"] = ask_for(street, 1, drill, 0, 3, "Three shelves")
    street.run(0, AnswerLoan(loans["out"], "yes"))
    street.run(0, HandOver(loans["out"]))
    loans["borrowed"] = ask_for(street, 0, guitar, 5, 4, "A wedding")
    street.run(1, AnswerLoan(loans["borrowed"], "yes"))
    loans["asked"] = ask_for(street, 6, tent, 12, 3, "To the lake?")
    loans["countered"] = ask_for(street, 0, sewing, 2, 2, "A curtain")
    start = (street.now_ms // DAY_MS + 20) * DAY
    street.run(2, AnswerLoan(loans["countered"], "counter", start, start + 2 * DAY, "Then?"))
    return loans


@dataclass
class Served:
    """A page that is served.

    Args:
        url: without a slash at the end.
    """

    url: str
    node: StreetNode
    entry: str
    loop: asyncio.AbstractEventLoop
    app: web.Application

    def entry_again(self) -> str:
        """Another link that signs a browser in."""
        return self.url + entry_path(self.app)

    def tell(self, topic: str) -> None:
        """Something of a topic changed."""
        self.loop.call_soon_threadsafe(self.node.topics.publish, topic)


@contextmanager
def served(node: StreetNode) -> Iterator[Served]:
    """Serve one home's page on loopback, from a thread, until the block ends."""
    loop = asyncio.new_event_loop()
    app = make_app(node)
    server = TestServer(app, loop=loop)
    started = threading.Event()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(server.start_server())
        started.set()
        loop.run_forever()
        loop.run_until_complete(server.close())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert started.wait(30)
        url = str(server.make_url("")).rstrip("/")
        yield Served(url, node, url + entry_path(app), loop, app)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)


class Reader:
    """Somebody signed in at a served page, who follows links and sends forms."""

    def __init__(self, home: Served) -> None:
        self._home = home
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )
        self.get(home.entry.removeprefix(home.url))

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        return self._open(urllib.request.Request(self._home.url + path, headers=headers))

    def post(self, path: str, page: str, **fields: str | list[str]) -> tuple[int, str]:
        """Send a form of a page; what comes after the redirect."""
        return self._open(self._form(path, page, fields))

    def send_file(
        self, path: str, page: str, field_name: str, file: str, data: bytes
    ) -> tuple[int, str]:
        """Send a form of a page with one file, as browsers do; an empty one is none chosen."""
        csrf = self._csrf(page)
        head = f'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{csrf}\r\n--b\r\n'
        head += f'Content-Disposition: form-data; name="{field_name}"; filename="{file}"\r\n'
        body = f"{head}Content-Type: image/jpeg\r\n\r\n".encode() + data + b"\r\n--b--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        return self._open(urllib.request.Request(self._home.url + path, body, headers))

    def download(self, path: str, page: str) -> bytes:
        """What a form of a page answers, as bytes."""
        with self._opener.open(self._form(path, page, {}), timeout=30) as answer:
            data: bytes = answer.read()
            return data

    def _form(
        self, path: str, page: str, fields: Mapping[str, str | list[str]]
    ) -> urllib.request.Request:
        data = urllib.parse.urlencode({"csrf": self._csrf(page), **fields}, doseq=True).encode()
        return urllib.request.Request(self._home.url + path, data=data)

    def _csrf(self, page: str) -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.get(page)[1])
        assert found is not None, f"{page} has no form"
        return found[1]

    def _open(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with self._opener.open(request, timeout=30) as answer:
                return answer.status, answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
