"""The local API over real HTTP, with a real engine behind it: node/api."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from node.api import guard, openapi
from node.api.app import make_app
from node.api.protocols import FilesLike, LinkState, LoanPhotosLike, PhotosLike
from node.api.routes import ROUTES
from node.engine.commands import Command
from node.engine.engine import Engine
from node.engine.events import Answer, CommandReceived, Json, RequestId
from node.loan_photos import LoanPhotos
from node.topics import Subscription, Topics
from protocol.errors import Refused
from protocol.keys import MemberId, verify
from simulations.signing import InterningOpener, RealKeys
from simulations.town import TownPlan, build_town
from tests.small_desk import NothingAsked, SmallDesk

NOW_MS = 1_790_000_000_000
TODAY = NOW_MS // 86_400_000
TOKEN = "0123456789abcdef-token"


@dataclass
class SmallNode:
    """A node without sockets: commands go straight to the engine, effects nowhere."""

    engine: Engine | None
    counters: Counter[str] = field(default_factory=Counter)
    token: str = TOKEN
    web_hosts: tuple[str, ...] = ("house.example:7471",)
    web_port: int = 7471
    language: str = "en"
    photos: PhotosLike | None = None
    files: FilesLike | None = None
    home: Path = Path()
    knows_words: bool = True
    pairing: SmallDesk = field(default_factory=SmallDesk)
    succession: NothingAsked = field(default_factory=NothingAsked)

    @property
    def loan_photos(self) -> LoanPhotosLike:
        return LoanPhotos(self.home)

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
        event = CommandReceived(RequestId(1), command, os.urandom(32), TODAY)
        for effect in self.engine.handle(event, NOW_MS):
            if isinstance(effect, Answer):
                if isinstance(effect.result, Refused):
                    raise effect.result
                return effect.result
        await asyncio.Event().wait()
        raise AssertionError("never answered")

    @property
    def words(self) -> str:
        return " ".join(f"word{number}" for number in range(24)) if self.knows_words else ""

    async def forget_words(self) -> None:
        self.knows_words = False

    async def make_backup(self) -> bytes:
        return b"OHB1 a sealed copy"

    async def set_up(self, name: str, email: str, phone: str, language: str) -> Json:
        self.engine = new_engine()
        self.language = language
        return {"member": self.engine.core.me.hex()}

    async def restore(
        self, words: str, file: Path | None, name: str, language: str, root: int
    ) -> Json:
        raise AssertionError("nobody comes back here")

    async def take_approvals(self) -> Json:
        raise AssertionError("nobody comes back here")


def new_engine() -> Engine:
    plan = TownPlan(members=2, edges=[(0, 1)], born_ms=NOW_MS)
    me = build_town(plan, RealKeys(), InterningOpener(verify))[0]
    return Engine(me.config, me.rows, NOW_MS, bytes(8))


@dataclass
class Api:
    """A client of the API of one small node."""

    node: SmallNode
    session: ClientSession
    url: str

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: dict[str, str] | None = None,
        data: bytes | None = None,
    ) -> tuple[int, Any]:
        sent = {"Authorization": f"Bearer {self.node.token}", **(headers or {})}
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        async with self.session.request(
            method, self.url + path, data=data, headers=sent
        ) as response:
            return response.status, await response.json()

    async def code(
        self, method: str, path: str, body: object = None, **more: Any
    ) -> tuple[int, str]:
        status, answer = await self.call(method, path, body, **more)
        assert set(answer["error"]) == {"code", "message"}
        message = answer["error"]["message"]
        assert "?" not in message.replace("“?”", ""), message
        assert "\n" not in message
        return status, answer["error"]["code"]


@asynccontextmanager
async def serving(node: SmallNode) -> AsyncIterator[Api]:
    server = TestServer(make_app(node))
    await server.start_server()
    try:
        async with ClientSession() as session:
            yield Api(node, session, str(server.make_url("")).rstrip("/"))
    finally:
        await server.close()


def with_api(check: Callable[[Api], Awaitable[None]], node: SmallNode | None = None) -> None:
    """Run a check against a served node."""

    async def run() -> None:
        async with serving(node or SmallNode(new_engine())) as api:
            await check(api)

    asyncio.run(run())


# --- what it gives -----------------------------------------------------------------------


def test_status_is_given_to_who_has_the_token() -> None:
    async def check(api: Api) -> None:
        status, answer = await api.call("GET", "/api/v1/status")
        assert (status, answer["standing"], answer["friends"]) == (200, "member", 1)

    with_api(check)


def test_a_thing_is_added_changed_seen_and_withdrawn() -> None:
    async def check(api: Api) -> None:
        status, added = await api.call("POST", "/api/v1/things", {"title": "Guitare"})
        assert (status, added["kind"], added["circles"]) == (200, "object", 1)
        path = f"/api/v1/things/{added['thing'][:8]}"
        assert (await api.call("PATCH", path, {"circles": 2}))[1]["circles"] == 2
        assert (await api.call("GET", path))[1]["title"] == "Guitare"
        _, things = await api.call("GET", "/api/v1/things")
        assert [thing["circles"] for thing in things] == [2]
        assert (await api.call("DELETE", path))[0] == 200
        assert (await api.call("GET", "/api/v1/things"))[1] == []

    with_api(check)


def test_a_change_of_the_rules_is_previewed_signed_and_listed() -> None:
    """Spec §9.6."""

    async def check(api: Api) -> None:
        charter = {"charter": {"request_window_ms": "7d", "seats": 2}}
        path = "/api/v1/house/proposals"
        _, preview = await api.call("POST", path, {**charter, "preview": True})
        assert ([], 0) == ((await api.call("GET", path))[1], preview["signed"])
        _, signed = await api.call("POST", path, charter)
        assert [signed] == (await api.call("GET", path))[1]
        assert signed["proposal"] == preview["proposal"]
        assert (1, 3, 1, 1, True, "open") == tuple(
            signed[key]
            for key in (
                "signed", "needed", "founders_signed", "founders_needed", "mine", "state",
            )
        )  # fmt: skip
        (change,) = signed["changes"]
        assert ("request_window_ms", 7 * 86_400_000) == (change["name"], change["to"])
        assert "14 days" in change["now"]
        assert "7 days" in change["then"]
        signing = f"{path}/{signed['proposal'][:8]}/approve"
        assert (409, "amendment-signed") == await api.code("POST", signing, {})

    with_api(check)


def test_who_leaves_by_command_writes_their_own_name() -> None:
    """The same way out as the page's; that what is out keeps one here is tested there."""

    async def check(api: Api) -> None:
        await api.call("POST", "/api/v1/things", {"title": "Guitar"})
        assert 409 == (await api.call("POST", "/api/v1/goodbye", {"name": "Somebody"}))[0]
        _, status = await api.call("GET", "/api/v1/status")
        assert ["192.0.2.1:7470"] == status["addresses"]
        answer = await api.call("POST", "/api/v1/goodbye", {"name": status["name"].upper()})
        assert (200, {"things": 1, "friends": 1}) == answer
        assert (200, []) == await api.call("GET", "/api/v1/friends")

    with_api(check)


def test_an_invitation_says_when_it_ends() -> None:
    async def check(api: Api) -> None:
        status, answer = await api.call("POST", "/api/v1/invitations", {"ttl": "1h"})
        assert (answer["seat"], answer["why_no_seat"]) == (True, None)
        assert status == 200
        assert answer["expires"] == "2026-09-21T15:13:20Z"
        assert answer["link"]

    with_api(check)


def test_the_house_is_shown_in_the_language_asked_for() -> None:
    async def check(api: Api) -> None:
        _, english = await api.call("GET", "/api/v1/house")
        assert english["charter"][0]["name"] == "max_circles"
        assert "circle 3" in english["charter"][0]["sentence"]

    with_api(check)


def shape_problems(schema: dict[str, Any], value: object) -> list[str]:
    """Where a value does not fit the part of JSON Schema that the API uses."""
    types: dict[str, type | tuple[type, ...]] = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "object": dict,
        "array": list,
        "null": type(None),
    }
    names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(isinstance(value, types[name]) for name in names):
        return [f"{value!r} is not {names}"]
    problems = []
    if isinstance(value, list) and "items" in schema:
        problems += [p for item in value for p in shape_problems(schema["items"], item)]
    if isinstance(value, dict):
        problems += [f"{key} is missing" for key in schema.get("required", []) if key not in value]
        for key, part in schema.get("properties", {}).items():
            if key in value:
                problems += shape_problems(part, value[key])
    return problems


def test_answers_have_the_shape_that_the_openapi_file_promises() -> None:
    async def check(api: Api) -> None:
        _, file = await api.call("GET", "/api/v1/openapi.json")
        assert file == openapi.document()
        _, thing = await api.call("POST", "/api/v1/things", {"title": "Guitare"})
        for path in ("status", "house", "friends", "things", "browse", "loans", "trust"):
            status, answer = await api.call("GET", f"/api/v1/{path}")
            operation = file["paths"][f"/api/v1/{path}"]["get"]
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            assert (status, shape_problems(schema, answer)) == (200, [])
        _, answer = await api.call("GET", f"/api/v1/things/{thing['thing']}/why")
        operation = file["paths"]["/api/v1/things/{thing}/why"]["get"]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert shape_problems(schema, answer) == []

    with_api(check)


def test_the_openapi_file_lists_every_route_once() -> None:
    paths = openapi.document()["paths"]
    listed = [(method.upper(), path) for path, verbs in paths.items() for method in verbs]

    assert sorted(listed) == sorted((r.method, f"/api/v1{r.path}") for r in ROUTES)
    operations = [verbs[method]["operationId"] for verbs in paths.values() for method in verbs]
    assert len(set(operations)) == len(operations)
    assert json.loads(json.dumps(openapi.document())) == openapi.document()


def test_the_openapi_file_refers_only_to_what_it_has() -> None:
    file = openapi.document()

    def references(part: object) -> list[str]:
        if isinstance(part, dict):
            own = [part["$ref"]] if "$ref" in part else []
            return own + [r for value in part.values() for r in references(value)]
        return [r for value in part for r in references(value)] if isinstance(part, list) else []

    for reference in references(file):
        place: Any = file
        for name in reference.removeprefix("#/").split("/"):
            place = place[name]


# --- who may ask -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN, "Bearer \xe9"],
)
def test_without_the_right_token_nothing_is_given(authorization: str) -> None:
    async def check(api: Api) -> None:
        headers = {"Authorization": authorization}
        for method, path in (("GET", "status"), ("POST", "things"), ("GET", "browse")):
            code = await api.code(method, f"/api/v1/{path}", headers=headers)
            assert code == (401, "wrong-token")
        assert await api.code("GET", "/metrics", headers=headers) == (401, "wrong-token")

    with_api(check)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7471", "", "localhost.evil.example"]
)
def test_a_foreign_host_name_is_refused_even_with_the_token(host: str) -> None:
    """DNS rebinding: a hostile page's name that resolves to this computer."""

    async def check(api: Api) -> None:
        for path in ("/api/v1/status", "/", "/healthz", "/metrics"):
            code = await api.code("GET", path, headers={"Host": host})
            assert code == (403, "wrong-host")

    with_api(check)


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("localhost", True),
        ("LocalHost:7471", True),
        ("127.0.0.1:7471", True),
        ("127.8.8.8", True),
        ("[::1]:7471", True),
        ("house.example", True),
        ("house.example:80", True),
        ("house.example.", True),
        (None, False),
        ("192.0.2.1", False),
        ("0.0.0.0", False),
        ("evil.example", False),
        ("localhost@evil.example", False),
        ("evil.example/localhost", False),
        ("localhost#.evil.example", False),
        ("[::1", False),
        ("127.0.0.1.evil.example", False),
        ("localhost:port", False),
    ],
)
def test_host_names_of_this_computer_are_told_from_others(host: str | None, is_ours: bool) -> None:
    assert is_ours == guard.host_is_ours(host, ["house.example:7471"])


def test_health_and_the_openapi_file_need_no_token_and_name_nobody() -> None:
    async def check(api: Api) -> None:
        headers = {"Authorization": ""}
        assert await api.call("GET", "/healthz", headers=headers) == (200, {"status": "ok"})
        assert (await api.call("GET", "/api/v1/openapi.json", headers=headers))[0] == 200

    with_api(check)


def test_metrics_count_rejects_by_code() -> None:
    async def check(api: Api) -> None:
        api.node.counters.update({"malformed": 3, "out-of-reach": 1})
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with api.session.get(f"{api.url}/metrics", headers=headers) as response:
            text = await response.text()
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert 'openhouse_rejects_total{code="malformed"} 3\n' in text
        assert "openhouse_friends 1\n" in text
        assert "openhouse_links_up 0\n" in text

    with_api(check)


# --- what is refused ---------------------------------------------------------------------

THING = "/api/v1/things"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", THING, {"titel": "Guitare"}, 400, "unexpected-field"),
        ("POST", THING, {}, 400, "missing-field"),
        ("POST", THING, {"title": None}, 400, "missing-field"),
        ("POST", THING, {"title": 7}, 400, "wrong-type"),
        ("POST", THING, {"title": ["a"]}, 400, "wrong-type"),
        ("POST", THING, {"title": "a", "circles": "2"}, 400, "wrong-type"),
        ("POST", THING, {"title": "a", "circles": True}, 400, "wrong-type"),
        ("POST", THING, {"title": "a", "circles": 2.5}, 400, "wrong-type"),
        ("POST", THING, {"title": "a", "circles": -1}, 400, "out-of-range"),
        ("POST", THING, {"title": "a", "circles": 10**30}, 400, "out-of-range"),
        ("POST", THING, {"title": "a", "kind": "money"}, 400, "not-a-choice"),
        ("POST", THING, {"title": "a", "only_through": "b"}, 400, "wrong-type"),
        ("POST", THING, {"title": "a", "only_through": [1]}, 400, "wrong-type"),
        ("POST", THING, {"title": "\ud800"}, 400, "not-unicode"),
        ("POST", THING, {"title": "a", "only_through": ["\udfff"]}, 400, "not-unicode"),
        ("POST", THING, [], 400, "not-an-object"),
        ("POST", THING, "title", 400, "not-an-object"),
        ("GET", "/api/v1/browse?queri=a", None, 400, "unexpected-field"),
        ("GET", "/api/v1/browse?query=a&query=b", None, 400, "repeated-field"),
        ("GET", "/api/v1/browse?circles=two", None, 400, "wrong-type"),
        ("GET", "/api/v1/browse?circles=0", None, 400, "out-of-range"),
        ("GET", "/api/v1/loans?open=yes", None, 400, "wrong-type"),
        ("GET", "/api/v1/status?a=b", None, 400, "no-fields-here"),
        ("GET", "/api/v1/nothing", None, 404, "no-such-route"),
        ("PUT", THING, {"title": "a"}, 405, "wrong-method"),
    ],
)
def test_a_request_that_is_not_understood_is_refused_with_its_reason(
    method: str, path: str, body: object, status: int, code: str
) -> None:
    async def check(api: Api) -> None:
        assert await api.code(method, path, body) == (status, code)
        assert (await api.call("GET", THING))[1] == []

    with_api(check)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"{", 400, "bad-json"),
        (b"\xff\xfe", 400, "bad-json"),
        (b'{"title": "a", "title": "b"}', 400, "bad-json"),
        (b'{"title": NaN}', 400, "bad-json"),
        (b"[" * 60_000, 400, "bad-json"),
        (b'{"circles": ' + b"9" * 60_000 + b"}", 400, "bad-json"),
        (b'{"title": "' + b"a" * 70_000 + b'"}', 413, "too-much-data"),
        (b"null", 400, "not-an-object"),
    ],
)
def test_a_body_that_is_not_one_small_json_object_is_refused(
    data: bytes, status: int, code: str
) -> None:
    async def check(api: Api) -> None:
        assert await api.code("POST", THING, data=data) == (status, code)

    with_api(check)


def test_a_body_that_is_not_declared_as_json_is_refused() -> None:
    """A foreign page can post text without asking; it cannot post JSON."""

    async def check(api: Api) -> None:
        for declared in ("text/plain", "application/x-www-form-urlencoded"):
            code = await api.code(
                "POST", THING, data=b'{"title": "a"}', headers={"Content-Type": declared}
            )
            assert code == (415, "not-json")

    with_api(check)


GOOD_DATES = {"from": "2026-12-01", "to": "2026-12-03"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", f"{THING}/nonsense/why", None, 409, "not-an-id"),
        ("GET", f"{THING}/1234/why", None, 409, "id-too-short"),
        ("GET", f"{THING}/12345678/why", None, 404, "unknown-thing"),
        ("DELETE", f"{THING}/12345678", None, 404, "unknown-thing"),
        ("PATCH", f"{THING}/12345678", {"title": "a"}, 404, "unknown-thing"),
        ("POST", f"{THING}/12345678/ask", GOOD_DATES, 404, "unknown-thing"),
        ("POST", f"{THING}/12345678/ask", {**GOOD_DATES, "to": "2026-11-01"}, 409,
         "end-before-start"),
        ("POST", f"{THING}/12345678/ask", {**GOOD_DATES, "to": "soon"}, 409, "bad-date"),
        ("POST", f"{THING}/12345678/ask", {"from": "2026-12-01"}, 400, "missing-field"),
        ("GET", "/api/v1/browse?from=2026-12-01", None, 409, "dates-incomplete"),
        ("DELETE", "/api/v1/friends/12345678", None, 404, "unknown-member"),
        ("GET", "/api/v1/trust/12345678", None, 404, "unknown-member"),
        ("POST", "/api/v1/loans/12345678/handover", None, 404, "unknown-loan"),
        ("POST", "/api/v1/loans/12345678/answer", {"answer": "maybe"}, 400, "not-a-choice"),
        ("POST", "/api/v1/loans/12345678/answer", {"answer": "yes"}, 404, "unknown-loan"),
        ("POST", "/api/v1/loans/12345678/rate", {"confiance": 2, "respect": 5}, 400,
         "out-of-range"),
        ("POST", "/api/v1/loans/12345678/rate", {"confiance": 1, "respect": 11}, 400,
         "out-of-range"),
        ("POST", "/api/v1/join", {"link": "https://example.org"}, 409, "link-malformed"),
        ("POST", "/api/v1/invitations", {"ttl": "soon"}, 409, "bad-duration"),
        ("POST", "/api/v1/invitations", {"ttl": "9999d"}, 409, "ttl-out-of-range"),
        ("POST", "/api/v1/house", {"name": "Second"}, 409, "already-in-a-house"),
        ("POST", "/api/v1/house", {"name": "H", "charter": {"max_circles": 9}}, 409,
         "charter-not-possible"),
        ("POST", "/api/v1/house", {"name": "H", "charter": {"fee": 9}}, 409,
         "charter-not-possible"),
        ("POST", "/api/v1/house/proposals", {"charter": {"fee": 9}}, 409, "charter-not-possible"),
        ("POST", "/api/v1/house/proposals", {"charter": {"seats": 3}}, 409,
         "charter-not-possible"),
        ("POST", "/api/v1/house/proposals", {"charter": {"seats": 2}}, 409, "nothing-to-change"),
        ("POST", "/api/v1/house/proposals", {}, 400, "missing-field"),
        ("POST", "/api/v1/house/proposals/0badcafe/approve", {}, 404, "unknown-proposal"),
        ("POST", "/api/v1/setup", {"name": "Again"}, 409, "already-set-up"),
        ("POST", THING, {"title": "Guitare, 15 € par jour"}, 409, "states-a-price"),
        ("POST", THING, {"title": ""}, 409, "title-missing"),
        ("POST", THING, {"title": "a" * 5000}, 409, "title-too-long"),
        ("POST", THING, {"title": "a", "circles": 4}, 409, "circles-out-of-range"),
        ("POST", THING, {"title": "a", "only_through": ["12345678"]}, 404, "unknown-member"),
    ],
)  # fmt: skip
def test_what_is_not_possible_is_refused_with_its_reason_and_changes_nothing(
    method: str, path: str, body: object, status: int, code: str
) -> None:
    async def check(api: Api) -> None:
        before = await api.call("GET", "/api/v1/status")
        assert await api.code(method, path, body) == (status, code)
        assert await api.call("GET", "/api/v1/status") == before

    with_api(check)


def test_messages_are_in_the_language_asked_for_else_in_the_owners() -> None:
    async def check(api: Api) -> None:
        path = "/api/v1/trust/12345678"
        headers = {"Accept-Language": "en;q=0.5, fr"}
        url = api.url + path
        token = {"Authorization": f"Bearer {TOKEN}"}
        async with api.session.get(url, headers={**token, **headers}) as response:
            assert response.headers["Content-Language"] == "fr"
        api.node.language = "es"
        async with api.session.get(url, headers=token) as response:
            assert response.headers["Content-Language"] == "es"

    with_api(check)


def test_a_node_without_a_member_says_how_to_begin_and_can_be_set_up() -> None:
    async def check(api: Api) -> None:
        assert await api.code("GET", "/api/v1/status") == (409, "not-set-up")
        assert await api.code("POST", THING, {"title": "a"}) == (409, "not-set-up")
        body = {"name": "Ana", "language": "fr"}
        status, answer = await api.call("POST", "/api/v1/setup", body)
        assert (status, len(answer["member"])) == (200, 64)
        assert (await api.call("GET", "/api/v1/status"))[0] == 200

    with_api(check, SmallNode(None))


def test_waiting_for_an_inviter_ends_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.api.handlers.JOIN_TIMEOUT_S", 0.05)

    class Silent(SmallNode):
        async def command(self, command: Command) -> Json:
            await asyncio.Event().wait()
            raise AssertionError("never answered")

    async def check(api: Api) -> None:
        answer = await api.code("POST", "/api/v1/join", {"link": "openhouse:x"})
        assert answer == (504, "join-timeout")

    with_api(check, Silent(new_engine()))


def test_the_application_is_one_that_aiohttp_can_serve() -> None:
    assert isinstance(make_app(SmallNode(None)), web.Application)


# --- keys and backups --------------------------------------------------------------------


def test_the_words_are_given_until_they_are_forgotten() -> None:
    async def check(api: Api) -> None:
        _, answer = await api.call("GET", "/api/v1/words")
        assert len(answer["words"].split()) == 24
        assert (await api.call("DELETE", "/api/v1/words"))[1] == {"words": None}
        assert await api.code("GET", "/api/v1/words") == (409, "words-forgotten")

    with_api(check)


def test_a_backup_is_written_once_where_the_owner_says(tmp_path: Path) -> None:
    async def check(api: Api) -> None:
        file = tmp_path / "copy.backup"
        body = {"file": str(file)}
        assert (await api.call("POST", "/api/v1/backup", body))[1]["size_bytes"] == 18
        assert file.read_bytes() == b"OHB1 a sealed copy"
        assert file.stat().st_mode & 0o077 == 0
        assert await api.code("POST", "/api/v1/backup", body) == (409, "file-exists")
        body = {"file": str(tmp_path / "none" / "copy")}
        assert await api.code("POST", "/api/v1/backup", body) == (409, "file-unwritable")
        assert await api.code("POST", "/api/v1/backup", {"file": "copy"}) == (
            409,
            "file-not-absolute",
        )

    with_api(check)


def test_keys_are_shown_and_what_cannot_be_done_with_them_is_refused() -> None:
    async def check(api: Api) -> None:
        _, keys = await api.call("GET", "/api/v1/keys")
        assert (keys["guardians"], keys["is_frozen"], keys["claims"]) == ([], False, [])
        for path, body, code in (
            ("guardians", {"members": []}, "no-keys-record"),
            ("freeze", {"frozen": True}, "no-keys-record"),
            ("revoke", {"key": "ab"}, "no-keys-record"),
            ("approve", {"request": "hello"}, "succession-text-malformed"),
            ("go-on", {}, "nothing-recalled"),
        ):
            assert await api.code("POST", f"/api/v1/keys/{path}", body) == (409, code)

    with_api(check)
