"""Readers of what comes from the network around, from files and from the owner."""

from __future__ import annotations

import asyncio
import datetime
import io
import json
import lzma
import tempfile
import zlib
from collections.abc import Callable
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

from zeroconf import ServiceInfo

from node import backup, config, dates, words
from node.api import guard
from node.api.errors import ApiError
from node.api.fields import check_body, check_path, check_query, read_json
from node.api.handlers import Call
from node.api.protocols import FilesLike, LinkState, LoanPhotosLike, PhotosLike
from node.api.routes import ROUTES, Route
from node.cli import actions
from node.cli.client import NODE_FILE, Client, NotRunning
from node.config import join_address, split_address
from node.engine.commands import Command
from node.engine.engine import Engine
from node.engine.events import Answer, CommandReceived, DialInvitation, Json, RequestId
from node.engine.prices import find_price
from node.errors import ConfigError
from node.file_names import NAME_SIZE_MAX_BYTES, safe_name
from node.flat import rooms
from node.i18n import LANGUAGES, preferred_language
from node.loan_photos import LoanPhotos
from node.things_file import read_things
from node.topics import Subscription, Topics
from node.transport import announcements, portmap
from node.transport.lan import SERVICE_TYPE
from node.web.password import PASSWORD_FILE, Password
from node.wording.messages import sentence
from protocol.charter import Charter, CharterError
from protocol.errors import Refused
from protocol.keys import MemberId, backup_private_key, link_public_key, verify
from simulations.edge_files import read_friends
from simulations.graphs import GraphError
from simulations.scenario import BUNDLED, ScenarioError, read_scenario
from simulations.signing import InterningOpener, RealKeys
from simulations.town import TownPlan, build_town
from tests.fuzz.corpus import vectors
from tests.fuzz.target import Target
from tests.fuzz.wire_targets import link_seeds, text_of
from tests.small_desk import NothingAsked, SmallDesk

NOW_MS: Final = 1_790_000_000_000
TODAY: Final = NOW_MS // 86_400_000


class NotTaken(Exception):
    """A reader that answers with nothing instead of an error."""


@cache
def folder() -> Path:
    """Where files to be read are written; it goes when the program ends."""
    kept = tempfile.TemporaryDirectory(prefix="fuzz-")
    _FOLDERS.append(kept)
    return Path(kept.name)


_FOLDERS: Final[list[tempfile.TemporaryDirectory[str]]] = []


def file_with(data: bytes, name: str) -> Path:
    path = folder() / name
    path.write_bytes(data)
    return path


# --- the local network -------------------------------------------------------------------


def read_announcement(data: bytes) -> None:
    """A TXT record, as the library for multicast DNS takes it apart."""
    name = f"0123456789abcdef.{SERVICE_TYPE}"
    announcement = announcements.read(ServiceInfo(SERVICE_TYPE, name, properties=data).properties)
    if announcement is None:
        raise NotTaken
    assert len(announcement.tags) <= announcements.TAGS_MAX
    keys = {MemberId(bytes([n]) * 32): bytes([n]) * 32 for n in range(10)}
    announcements.recognise(announcement, keys)


def announced() -> list[bytes]:
    made = []
    for friends in (0, 1, 30):
        keys = [bytes([n]) * 32 for n in range(friends)]
        told = announcements.announce(keys, b"n" * 16, bytes(64))
        made.append(ServiceInfo(SERVICE_TYPE, f"a.{SERVICE_TYPE}", properties=told.properties()))
    return [info.text for info in made]


_NONCE: Final = b"n" * 12
_HOST: Final = IPv4Address("198.51.100.7")


def read_pcp(data: bytes) -> None:
    _granted(portmap.read_pcp(data, 7470, _NONCE))


def read_pmp_address(data: bytes) -> None:
    if portmap.read_pmp_address(data) is None:
        raise NotTaken


def read_pmp_mapping(data: bytes) -> None:
    _granted(portmap.read_pmp_mapping(data, 7470, _HOST))


def _granted(mapping: portmap.Mapping | None) -> None:
    if mapping is None:
        raise NotTaken
    address = mapping.address()
    assert address is None or split_address(address) is not None, "friends can dial it"
    assert 0 <= mapping.lifetime_s <= portmap.LIFETIME_S


def pcp_seeds() -> list[bytes]:
    host = bytes(10) + b"\xff\xff" + _HOST.packed
    granted = portmap._PCP_ANSWER.pack(2, 0x81, 0, 7200, 1, _NONCE, 6, 7470, 7470, host)
    return [granted, granted[:24], b"\0\x81" + granted[2:], b"\2\x81\0\2" + granted[4:]]


def pmp_mappings() -> list[bytes]:
    return [
        portmap._PMP_MAPPED.pack(0, 0x82, result, 1, 7470, 7470, 7200) for result in (0, 2)
    ]  # fmt: skip


def read_routes(data: bytes) -> None:
    if portmap.parse_routes(text_of(data).splitlines()) is None:
        raise NotTaken


ROUTES_TEXT: Final = b"eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n" * 2


# --- files -------------------------------------------------------------------------------

_ENTROPY: Final = bytes(range(32))


def read_backup(data: bytes) -> None:
    list(backup.open_backup(io.BytesIO(data), backup_private_key(_ENTROPY)))


def backups() -> list[bytes]:
    key = link_public_key(backup_private_key(_ENTROPY))
    packed = [zlib.compress(content) for content in (b"", b"database" * 20)]
    return [backup.MAGIC + b"".join(backup._seal(data, key, b"e" * 32)) for data in packed]


def read_words(data: bytes) -> None:
    entropy = words.entropy_of(text_of(data))
    assert len(entropy) == words.ENTROPY_SIZE_BYTES
    for language in LANGUAGES:
        assert words.entropy_of(words.words_of(entropy, language)) == entropy


def words_seeds() -> list[bytes]:
    return [words.words_of(_ENTROPY, language).encode() for language in LANGUAGES]


def read_charter(data: bytes) -> None:
    """From a founder's file through the command and the API to the numbers."""
    table = actions.read_charter(str(file_with(data, "charter.toml")))
    sent = json.dumps({"name": "House", "charter": table}, default=str).encode()
    route = next(route for route in ROUTES if route.name == "house found")
    given = check_body(route.body, read_json(sent))
    charter = Charter.from_toml(given["charter"])
    assert Charter.from_parameters(charter.to_parameters()) == charter


def charters() -> list[bytes]:
    numbers = "".join(f"{name} = {value}\n" for name, value in Charter().to_parameters())
    texts = ['max_circles = 3\nlisting_lease_ms = "30d"\n', numbers, "seats = 2 # two\n"]
    return [text.encode() for text in texts]


def read_config(data: bytes) -> None:
    path = file_with(data, config.CONFIG_FILE)
    config.load(path.parent, {}, {})


def configs() -> list[bytes]:
    text = (
        'peer_host = "::"\npeer_port = 7470\nweb_host = "localhost"\nweb_names = ["a.example"]\n'
        'lan = false\nadvertise = ["a.example:7470", "[2001:db8::1]:1"]\n'
        'records_per_second = "none"\nlog_level = "debug"\n'
    )
    return [text.encode(), *(line.encode() for line in text.splitlines())]


def read_environment(data: bytes) -> None:
    """Variables, each of which stands in a line of its own."""
    lines = [line.partition("=") for line in text_of(data).replace("\0", "").splitlines()]
    config.load(folder() / "nowhere", {}, {name: value for name, _, value in lines})


def environments() -> list[bytes]:
    texts = [
        "OPENHOUSE_LAN=1\nOPENHOUSE_PEER_PORT=1\nOPENHOUSE_LOG_LEVEL=debug",
        "OPENHOUSE_ADVERTISE=a:1,b:2\nOPENHOUSE_RECORDS_PER_SECOND=none",
        "OPENHOUSE_PEER_HOST=::1\nOPENHOUSE_WEB_NAMES=a,b\nOPENHOUSE_MAP_PORT=true",
    ]
    return [text.encode() for text in texts]


def read_edge_list(data: bytes) -> None:
    friends = read_friends(file_with(data, "graph.edges"))
    assert all(0 <= one < other < friends.members for one, other in friends.edges)


def read_packed_edges(data: bytes) -> None:
    read_friends(file_with(data, "graph.edges.xz"))


EDGES_TEXT: Final = b"# friends\n1 2\n2 3\n\n10 3 # far\n"


def read_scenario_file(data: bytes) -> None:
    read_scenario(file_with(data, "scenario.toml"))


def scenarios() -> list[bytes]:
    return [path.read_bytes() for path in sorted(BUNDLED.glob("*.toml"))]


def read_node_file(data: bytes) -> None:
    try:
        Client(file_with(data, NODE_FILE).parent)._address()
    except NotRunning as error:
        raise NotTaken from error


NODE_FILE_TEXT: Final = b'{"pid": 1, "web_host": "127.0.0.1", "web_port": 7471}\n'


def read_flatmate(data: bytes) -> None:
    """Whatever stands in the file, the room is there and nobody comes in by chance."""
    place = folder() / rooms.DIRECTORY / "leo"
    place.mkdir(parents=True, exist_ok=True)
    (place / rooms.ROOM_FILE).write_bytes(data)
    (room,) = rooms.rooms(folder())
    assert not room.lets_in("")
    if room.name == room.slug:
        raise NotTaken


def read_password(data: bytes) -> None:
    if not Password(file_with(data, PASSWORD_FILE).parent).is_set:
        raise NotTaken


FLATMATE_TEXT: Final = (
    b'{"name": "L\\u00e9o", "claim": "' + b"ab" * 32 + b'", "claim_until_s": 1, "is_off": false}'
)
PASSWORD_TEXT: Final = b'{"salt": "' + b"ab" * 16 + b'", "hash": "' + b"cd" * 32 + b'"}'


# --- the local API -----------------------------------------------------------------------


class SmallNode:
    """A node without sockets: commands go to the engine, effects nowhere."""

    counters: Final[dict[str, int]] = {}
    token = "token"
    home = Path()
    web_hosts: tuple[str, ...] = ()
    language = "en"

    def __init__(self) -> None:
        self.engine: Engine | None = _new_engine()
        self.words = ""
        self.pairing = SmallDesk()
        self.succession = NothingAsked()
        self.photos: PhotosLike | None = None
        self.files: FilesLike | None = None

    @property
    def loan_photos(self) -> LoanPhotosLike:
        return LoanPhotos(Path())

    def links(self) -> dict[MemberId, LinkState]:
        return {}

    def lan_state(self) -> Json:
        return {"is_on": False, "nearby": 0, "problem": ""}

    def subscribe(self) -> Subscription:
        return Topics().subscribe()

    def addresses(self) -> tuple[str, ...]:
        return ("192.0.2.1:7470",)

    async def command(self, command: Command) -> Json:
        assert self.engine is not None
        event = CommandReceived(RequestId(1), command, bytes(32), TODAY)
        effects = self.engine.handle(event, NOW_MS)
        for effect in effects:
            if isinstance(effect, Answer):
                if isinstance(effect.result, Refused):
                    raise effect.result
                return effect.result
        assert any(isinstance(effect, DialInvitation) for effect in effects), "join alone waits"
        return None

    async def set_up(self, name: str, email: str, phone: str, language: str) -> Json:
        raise AssertionError("it is set up")

    async def restore(
        self, words: str, file: Path | None, name: str, language: str, root: int
    ) -> Json:
        raise AssertionError("it is set up")

    async def take_approvals(self) -> Json:
        raise AssertionError("it is set up")

    async def forget_words(self) -> None:
        self.words = ""

    async def make_backup(self) -> bytes:
        return b"a backup"


@cache
def _resident() -> tuple[Any, Any]:
    plan = TownPlan(members=3, edges=[(0, 1), (1, 2)], born_ms=NOW_MS)
    me = build_town(plan, RealKeys(), InterningOpener(verify))[0]
    return me.config, me.rows


def _new_engine() -> Engine:
    known, rows = _resident()
    return Engine(known, rows, NOW_MS, bytes(8))


_READS: Final = [route for route in ROUTES if route.method == "GET" or route.query]
_WRITES: Final = [route for route in ROUTES if route not in _READS]


def _chosen(routes: list[Route], data: bytes) -> Route:
    if not data or data[0] >= len(routes):
        raise NotTaken
    return routes[data[0]]


def _carry_out(route: Route, path: str, query: dict[str, Any], body: dict[str, Any]) -> None:
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    call = Call(SmallNode(), check_path(dict.fromkeys(names, path)), query, body, "en")
    try:
        json.dumps(asyncio.run(_called(route, call)), ensure_ascii=False).encode()
    except Refused as refusal:
        for language in LANGUAGES:
            sentence(refusal, language).encode()
        raise


async def _called(route: Route, call: Call) -> Json:
    return await route.handle(call)


def read_request_body(data: bytes) -> None:
    """The number of a route, its body, and, after a zero byte, what stands in the path."""
    route = _chosen(_WRITES, data)
    text, _, path = data[1:].partition(b"\0")
    body = check_body(route.body, read_json(text))
    if "file" in body:
        # The owner may write where they can; the fuzzer shall not.
        body["file"] = body["file"].replace("/", f"{folder()}/", 1).replace("..", "")
    _carry_out(route, text_of(path), {}, body)


_VALUES: Final[dict[str, object]] = {
    "string": "2026-12-01", "integer": 2, "boolean": True, "strings": ["00" * 32],
    "table": {"seats": 2},
}  # fmt: skip


def request_bodies() -> list[bytes]:
    made = []
    mine = _new_engine().core.me.hex()
    for number, route in enumerate(_WRITES):
        full = {field.name: (field.choices or [_VALUES[field.type]])[0] for field in route.body}
        least = {field.name: full[field.name] for field in route.body if field.required}
        for body in (full, least):
            given = {"link": link_seeds()[0].decode()} if "link" in body else body
            made.append(bytes([number]) + json.dumps(given).encode() + b"\0" + mine.encode())
    return made


def read_query(data: bytes) -> None:
    """The number of a route and its query."""
    route = _chosen(_READS, data)
    pairs = parse_qsl(text_of(data[1:]), keep_blank_values=True, max_num_fields=None)
    _carry_out(route, "00" * 16, check_query(route.query, pairs), {})


def queries() -> list[bytes]:
    numbers = [n for n, route in enumerate(_READS) if route.query]
    texts = [b"", b"query=axe&circles=2", b"from=2026-12-01&to=2026-12-02T14:00", b"open=true"]
    return [bytes([number]) + text for number in numbers for text in texts]


def read_dates(data: bytes) -> None:
    start, _, end = text_of(data).partition("|")
    from_minute, to_minute = dates.read_span(start, end)
    assert 0 <= from_minute < to_minute
    for text in (start, end):
        # Another opinion on which days there are.
        datetime.datetime.fromisoformat(text.strip())
    written = dates.minute_text(from_minute), dates.minute_text(to_minute)
    assert dates.read_span(*written) == (from_minute, to_minute)


def read_things_file(data: bytes) -> None:
    rows = read_things(data)
    if not any(row.problem is None for row in rows):
        raise NotTaken
    assert all(row.title for row in rows if row.problem is None)


THINGS_FILES: Final = (
    b"titre;auteur;isbn\nPedigree;Simenon;9782253142973\n",
    'title,text,circles\n"Tent","for\nfour",2\n'.encode("utf-16"),
)


def read_duration(data: bytes) -> None:
    assert dates.read_duration_ms(text_of(data)) > 0


def read_text_for_prices(data: bytes) -> None:
    fragment = find_price(data.decode(errors="replace"))
    if fragment is None:
        raise NotTaken
    assert fragment


PRICES: Final = ("15 €", "quinze euros la nuit", "CHF 12.50", "5 pounds", "€5/day", "lot of 3")


def read_host(data: bytes) -> None:
    """As a header comes: any byte, with what is no UTF-8 as lone surrogates."""
    text = text_of(data)
    is_token = guard.token_is_right(text, "token")
    if not guard.host_is_ours(text, ("house.example:7471",)) and not is_token:
        raise NotTaken


def read_accept_language(data: bytes) -> None:
    assert preferred_language(text_of(data)) in LANGUAGES


def read_address(data: bytes) -> None:
    found = split_address(text_of(data))
    if found is None:
        raise NotTaken
    assert split_address(join_address(*found)) == found


def read_file_title(data: bytes) -> None:
    title = text_of(data)
    name = safe_name(title)
    assert 0 < len(name.encode()) <= NAME_SIZE_MAX_BYTES
    assert Path(name).name == name, "one part of a path"
    assert name.isprintable()
    assert safe_name(name) == name


def always(*data: bytes) -> Callable[[], list[bytes]]:
    return lambda: list(data)


NONE: Final = (NotTaken,)
API: Final = (ApiError, Refused, NotTaken)
UNMAPPED: Final = (portmap.Unmapped, NotTaken)

TARGETS: Final = (
    Target("announcement", read_announcement, NONE, lambda: [*announced(), *vectors()[::9]]),
    Target("pcp", read_pcp, UNMAPPED, pcp_seeds, is_closed=True),
    Target("nat-pmp-address", read_pmp_address, UNMAPPED,
           always(b"\0\x80\0\0\0\0\0\1" + _HOST.packed, b"\0\x80\0\2"), is_closed=True),
    Target("nat-pmp-mapping", read_pmp_mapping, UNMAPPED, pmp_mappings, is_closed=True),
    Target("routes", read_routes, NONE, always(ROUTES_TEXT), size_max_bytes=1 << 14),
    Target("backup", read_backup, (Refused,), backups, is_closed=True, is_sealed=True),
    Target("words", read_words, (Refused,), words_seeds, size_max_bytes=4096),
    Target("charter", read_charter, (Refused, CharterError), charters,
           is_slow=True),
    Target("config", read_config, (ConfigError,), configs, is_slow=True),
    Target("environment", read_environment, (ConfigError,), environments,
           size_max_bytes=1 << 14),
    Target("edges", read_edge_list, (GraphError,), always(EDGES_TEXT, b"1 2"),
           is_slow=True),
    Target("packed-edges", read_packed_edges, (GraphError,), always(lzma.compress(EDGES_TEXT)),
           is_slow=True),
    Target("scenario", read_scenario_file, (ScenarioError,), scenarios, is_slow=True),
    Target("node-file", read_node_file, NONE, always(NODE_FILE_TEXT), is_slow=True),
    Target("flatmate", read_flatmate, NONE, always(FLATMATE_TEXT), is_slow=True),
    Target("password", read_password, NONE, always(PASSWORD_TEXT), is_slow=True),
    Target("request-body", read_request_body, API, request_bodies, is_slow=True),
    Target("query", read_query, API, queries, is_slow=True),
    Target("dates", read_dates, (Refused,),
           always(b"2026-12-01|2026-12-02", b"2026-12-01T14:00|2026-12-01 15:30:00")),
    Target("things-file", read_things_file, (Refused, NotTaken), always(*THINGS_FILES)),
    Target("duration", read_duration, (Refused,), always(b"48h", b"2d", b" 90M ")),
    Target("prices", read_text_for_prices, NONE, lambda: [text.encode() for text in PRICES],
           size_max_bytes=1 << 16),
    Target("host", read_host, NONE,
           always(b"localhost:7471", b"[::1]:7471", b"house.example", b"Bearer token")),
    Target("accept-language", read_accept_language, (), always(b"fr-CA,fr;q=0.8,en;q=0.5", b"*")),
    Target("file-title", read_file_title, NONE,
           always(b"../../a.ogg", "é\u202egpj.exe".encode(), b"CON.txt", b".bashrc", b"-rf")),
    Target("address", read_address, NONE,
           always(b"192.0.2.1:7470", b"[fe80::1%eth0]:1", b"house.example:65535")),
)  # fmt: skip
"""Every reader of what is near: the local network, files, the owner's commands."""
