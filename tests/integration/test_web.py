"""The page over real HTTP: who gets in, what a form must carry, what is never served."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer
from PIL import Image

from node.api.app import make_app
from node.api.protocols import FilesLike, LinkState, LoanPhotosLike, PhotosLike
from node.engine.clock_watch import ClockWatch
from node.engine.commands import Ask, Command
from node.engine.engine import Engine
from node.engine.events import Answer, CommandReceived, Json, RequestId
from node.errors import StoreUnwritable
from node.loan_photos import LoanPhotos
from node.topics import Subscription, Topics
from node.web.pages import entry_path
from node.web.refusals import ON_THE_PAGE
from node.wording import messages
from protocol.errors import Refused
from protocol.keys import MemberId, verify
from simulations.signing import InterningOpener, RealKeys
from simulations.street import DAY, TODAY, street
from simulations.town import TownPlan, build_town
from tests.small_desk import NothingAsked, SmallDesk

NOW_MS = 1_790_000_000_000
TOKEN = "5e" * 32
HIDDEN_FIELD = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


@dataclass
class SmallNode:
    """A node without sockets: commands go straight to the engine, effects nowhere."""

    engine: Engine | None
    counters: Counter[str] = field(default_factory=Counter)
    token: str = TOKEN
    web_hosts: tuple[str, ...] = ()
    web_port: int = 7471
    language: str = "en"
    photos: PhotosLike | None = None
    files: FilesLike | None = None
    home: Path = Path()
    is_broken: bool = False
    commands: int = 0
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
        self.commands += 1
        if self.is_broken:
            raise StoreUnwritable("no space left on device")
        event = CommandReceived(RequestId(1), command, os.urandom(32), NOW_MS // 86_400_000)
        for effect in self.engine.handle(event, NOW_MS):
            if isinstance(effect, Answer):
                if isinstance(effect.result, Refused):
                    raise effect.result
                return effect.result
        raise AssertionError("never answered")

    @property
    def words(self) -> str:
        return " ".join(f"word{number}" for number in range(24)) if self.knows_words else ""

    async def forget_words(self) -> None:
        self.knows_words = False

    async def make_backup(self) -> bytes:
        return b"OHB1 a sealed copy"

    async def set_up(self, name: str, email: str, phone: str, language: str) -> Json:
        if not name:
            raise Refused("name-missing")
        self.engine, self.language = new_engine(), language
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
class Browser:
    """A client with a cookie jar, that follows no redirect by itself."""

    node: SmallNode
    app: web.Application
    session: ClientSession
    url: str
    csrf: str = ""

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        status, text, _ = await self.ask("GET", path, headers=headers)
        found = HIDDEN_FIELD.search(text)
        self.csrf = found[1] if found else self.csrf
        return status, text

    async def post(self, path: str, **fields: str) -> tuple[int, str]:
        """Send a form as the page's own; gives the status and the place to go to."""
        status, text, headers = await self.ask("POST", path, data={"csrf": self.csrf, **fields})
        return status, headers.get("Location", text)

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, str, dict[str, str]]:
        url = self.url + path
        async with self.session.request(method, url, allow_redirects=False, **more) as answer:
            return answer.status, await answer.text(), dict(answer.headers)

    async def sign_in(self) -> None:
        assert (303, "/") == await self.post("/sign-in", key=TOKEN)
        await self.get("/things" if self.node.engine else "/")


@asynccontextmanager
async def serving(node: SmallNode) -> AsyncIterator[Browser]:
    app = make_app(node)
    server = TestServer(app)
    await server.start_server()
    try:
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
            yield Browser(node, app, session, str(server.make_url("")).rstrip("/"))
    finally:
        await server.close()


def with_browser(
    check: Callable[[Browser], Awaitable[None]], node: SmallNode | None = None
) -> None:
    async def run() -> None:
        async with serving(node or SmallNode(new_engine())) as browser:
            await check(browser)

    asyncio.run(run())


READABLE = [
    "/", "/things", "/browse", "/inbox", "/friends", "/trust", "/house", "/house/change",
    "/things/" + "ab" * 16,
    "/thing/" + "ab" * 16, "/loans/" + "ab" * 16, "/friends/invitation/abc",
    "/safekeeping",
]  # fmt: skip
WRITABLE = [
    "/setup", "/found", "/join", "/things", "/things/" + "ab" * 16, "/things/abcd/withdraw",
    "/thing/abcd/ask", "/loans/abcd/answer", "/loans/abcd/pass-on", "/loans/abcd/hand-over",
    "/loans/abcd/return", "/loans/abcd/cancel", "/loans/abcd/rate", "/friends/invite",
    "/friends/join", "/friends/abcd/end", "/house/propose", "/house/approve",
    "/safekeeping/written", "/safekeeping/go-on",
    "/safekeeping/backup",
]  # fmt: skip


# --- who gets in -------------------------------------------------------------------------


def test_without_a_session_nothing_of_the_owner_is_shown_or_done() -> None:
    async def check(browser: Browser) -> None:
        for path in READABLE:
            status, text = await browser.get(path)
            assert (401, True) == (status, "Is this your home?" in text), path
            assert "Member 0" not in text
        for path in WRITABLE:
            status, _ = await browser.post(path, title="x", kind="object", circles="1")
            assert status == 401, path
        assert browser.node.commands == 0

    with_browser(check)


def test_the_printed_link_opens_the_page_once() -> None:
    async def check(browser: Browser) -> None:
        path = entry_path(browser.app)
        status, _, headers = await browser.ask("GET", path)
        assert (303, "/") == (status, headers["Location"])
        assert (await browser.get("/"))[0] == 200
        browser.session.cookie_jar.clear()
        status, text = await browser.get(path)
        assert (403, True) == (status, "was used before" in text)
        assert (await browser.get("/"))[0] == 401

    with_browser(check)


def test_a_session_is_a_strict_cookie_that_scripts_cannot_read() -> None:
    async def check(browser: Browser) -> None:
        _, _, headers = await browser.ask("POST", "/sign-in", data={"key": TOKEN})
        cookie = headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert TOKEN not in cookie

    with_browser(check)


@pytest.mark.parametrize("change", ["x", "9", "0.", "é", "\udc80"])
def test_a_session_that_was_changed_or_ended_is_none(change: str) -> None:
    async def check(browser: Browser) -> None:
        await browser.sign_in()
        name, morsel = next((c.key, c) for c in browser.session.cookie_jar)
        browser.session.cookie_jar.clear()
        for value in (change + morsel.value, morsel.value + change, change, ""):
            raw = f"{name}={value}".encode("utf-8", "surrogatepass").decode("latin-1")
            status, _ = await browser.get("/things", Cookie=raw)
            assert status == 401

    with_browser(check)


def test_a_session_of_an_older_token_is_none() -> None:
    """Who replaces the token signs everybody out."""

    async def check(browser: Browser) -> None:
        _, _, headers = await browser.ask("POST", "/sign-in", data={"key": TOKEN})
        async with serving(SmallNode(new_engine(), token="77" * 32)) as other:
            cookie = headers["Set-Cookie"].split(";")[0]
            name = next(iter(cookie.split("=")))
            assert (await other.get("/things", Cookie=cookie))[0] == 401
            value = cookie.partition("=")[2]
            renamed = f"{other.app[_sessions_key(other)].cookie_name}={value}"
            assert name not in renamed
            assert (await other.get("/things", Cookie=renamed))[0] == 401

    with_browser(check)


def _sessions_key(browser: Browser) -> web.AppKey[Any]:
    from node.web.visit import SESSIONS

    return SESSIONS


# --- forms -------------------------------------------------------------------------------


def test_a_form_without_the_sessions_own_value_does_nothing() -> None:
    async def check(browser: Browser) -> None:
        await browser.sign_in()
        for csrf in ("", "0" * 64, browser.csrf[:-1], "é"):
            browser.csrf, kept = csrf, browser.csrf
            for path in WRITABLE:
                status, text = await browser.post(path, title="x", kind="object", circles="1")
                assert (403, True) == (status, "came from another page" in text), path
            browser.csrf = kept
        assert browser.node.commands == 0

    with_browser(check)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[bad"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_from_a_foreign_site_does_nothing(headers: dict[str, str]) -> None:
    """Also with the right value: a browser that names the sender is believed."""

    async def check(browser: Browser) -> None:
        await browser.sign_in()
        fields = {"csrf": browser.csrf, "title": "x", "kind": "object", "circles": "1"}
        for path in ("/things", "/language", "/sign-out", "/sign-in"):
            status, _, _ = await browser.ask("POST", path, data=fields, headers=headers)
            assert status == 403, path
        assert browser.node.commands == 0

    with_browser(check)


def test_a_form_of_the_page_itself_is_done_and_followed_by_a_redirect() -> None:
    async def check(browser: Browser) -> None:
        await browser.sign_in()
        place = await browser.post("/things", title="Guitar", kind="object", circles="1")
        assert (303, "/things?done=added") == place
        status, text = await browser.get("/things?done=added")
        assert (200, True, True) == (status, "Guitar" in text, "Your thing is listed." in text)

    with_browser(check)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": ""}, "A title is needed"),
        ({"circles": ""}, "Something is not filled in yet."),
        ({"circles": "9"}, "“circles” must be from 0 to 4."),
        ({"circles": "1_0"}, "“circles” must be from 0 to 4."),
        ({"circles": "٣"}, "“circles” must be from 0 to 4."),
        ({"circles": "1" * 5000}, "“circles” must be from 0 to 4."),
        ({"kind": "car"}, "“kind” must be one of"),
        ({"title": "Guitar, 15 €"}, "“15 €” is a price."),
        ({"title": "<script>", "text": "5 €"}, "“5 €” is a price."),
        ({"only_through": "zz"}, "is not an id"),
    ],
)
def test_what_is_refused_stands_on_the_page_with_what_was_written(
    fields: dict[str, str], words: str
) -> None:
    async def check(browser: Browser) -> None:
        await browser.sign_in()
        given = {"title": "Piano", "kind": "object", "circles": "1", "text": "Black.", **fields}
        status, text = await browser.post("/things", **given)
        assert status in (404, 409)
        assert words in text
        assert "<script>" not in text
        if "text" not in fields:
            assert ">Black.</textarea>" in text

    with_browser(check)


def test_a_form_that_is_too_large_or_something_else_is_refused() -> None:
    async def check(browser: Browser) -> None:
        await browser.sign_in()
        data = {"csrf": browser.csrf, "title": "x" * 100_000}
        assert (await browser.ask("POST", "/things", data=data))[0] == 413
        many = "&".join(["a=b"] * 5000)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await browser.ask("POST", "/things", data=many, headers=form))[0] == 413
        strange = {"Content-Type": "application/x-www-form-urlencoded; charset=none-such"}
        raw = b"title=%ff%fe&csrf=\xff"
        assert (await browser.ask("POST", "/things", data=raw, headers=strange))[0] == 403
        assert (await browser.ask("POST", "/things", json={"title": "x"}))[0] == 403
        assert browser.node.commands == 0

    with_browser(check)


def test_when_the_disk_is_full_the_page_says_so() -> None:
    async def check(browser: Browser) -> None:
        await browser.sign_in()
        status, text = await browser.post("/things", title="Guitar", kind="object", circles="1")
        assert (500, True) == (status, "no space left on device" in text)

    with_browser(check, SmallNode(new_engine(), is_broken=True))


# --- what is served ----------------------------------------------------------------------


def test_every_page_forbids_scripts_frames_and_foreign_content() -> None:
    async def check(browser: Browser) -> None:
        await browser.sign_in()
        for path in [*READABLE, "/nothing", "/things/zz"]:
            _, text, headers = await browser.ask("GET", path)
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert "manifest-src 'self'" in policy
            assert not text or '<link rel="manifest" href="/static/manifest.webmanifest">' in text
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cache-Control"] == "no-store"
            # One script, of the page itself.
            scripts = re.findall(r'<script src="([^"]*)" defer></script>', text)
            assert ["/static/live.js"][: text.count("<script")] == scripts
            assert " style=" not in text

    with_browser(check)


def test_pages_that_are_not_there_say_so_and_the_api_keeps_its_own_answers() -> None:
    async def check(browser: Browser) -> None:
        await browser.sign_in()
        status, text = await browser.get("/nothing/here")
        assert (404, True) == (status, "There is no such page." in text)
        for path in ("/api/v1/nothing", "/api/v1/nothing/at/all"):
            status, _, headers = await browser.ask("GET", path)
            assert status in (401, 404)
            assert headers["Content-Type"].startswith("application/json")
        assert (await browser.ask("GET", "/healthz"))[0] == 200

    with_browser(check)


def test_only_files_of_the_page_are_served() -> None:
    async def check(browser: Browser) -> None:
        for name in ("style.css", "icon.svg"):
            status, _, headers = await browser.ask("GET", f"/static/{name}")
            assert (200, True) == (status, "max-age" in headers["Cache-Control"])
            known = {"If-None-Match": headers["Etag"]}
            status, body, headers = await browser.ask("GET", f"/static/{name}", headers=known)
            assert (304, "", known["If-None-Match"]) == (status, body, headers["Etag"])
        for name in (
            "..%2Fpages.py",
            "%2e%2e%2fpages.py",
            "nothing",
            "..%2f..%2f..%2fpyproject.toml",
        ):
            assert (await browser.ask("GET", f"/static/{name}"))[0] == 404

    with_browser(check)


def test_the_page_can_be_installed_with_icons_of_its_own_of_the_sizes_it_names() -> None:
    """Every picture of the manifest is there, one of them cut to any shape; colours for both."""

    async def check(browser: Browser) -> None:
        _, text, headers = await browser.ask("GET", "/static/manifest.webmanifest")
        assert "application/manifest+json" == headers["Content-Type"]
        manifest = json.loads(text)
        assert ("/", "standalone") == (manifest["start_url"], manifest["display"])
        assert {"any", "maskable"} == {icon["purpose"] for icon in manifest["icons"]}
        for icon in manifest["icons"]:
            async with browser.session.get(browser.url + icon["src"]) as answer:
                assert (200, icon["type"]) == (answer.status, answer.content_type)
                data = await answer.read()
            if icon["type"] == "image/png":
                width, height = Image.open(io.BytesIO(data)).size
                assert icon["sizes"] == f"{width}x{height}"
        _, text, _ = await browser.ask("GET", "/")
        assert 2 == text.count('<meta name="theme-color"')

    with_browser(check)


@pytest.mark.parametrize(
    ("host", "proxy", "installs"),
    [("127.0.0.1", "", True), ("ana.home:7471", "", False), ("ana.home", "https", True)],
)
def test_a_page_says_that_it_installs_only_where_a_browser_agrees(
    host: str, proxy: str, installs: bool
) -> None:
    """On this computer, or over https."""

    async def check(browser: Browser) -> None:
        await browser.sign_in()
        headers = {"Host": host, **({"X-Forwarded-Proto": proxy} if proxy else {})}
        cookies = {c.key: c.value for c in browser.session.cookie_jar}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        text = (await browser.get("/settings", **headers))[1]
        assert installs == ("choose “Install”" in text)
        assert installs != ("once the page is served over https" in text)
        # By name, and with a code for a phone, from wherever one looks.
        assert "http://ana.home:" in text
        assert "<svg" in text.partition("Opens this page on a phone")[0].rpartition("<figure>")[2]

    with_browser(check, SmallNode(new_engine(), web_hosts=("ana.home",)))


def test_another_host_name_gets_no_page() -> None:
    """Against a hostile name that resolves to this computer."""

    async def check(browser: Browser) -> None:
        await browser.sign_in()
        status, text, _ = await browser.ask("GET", "/", headers={"Host": "evil.example"})
        assert (403, False) == (status, "Member 0" in text)

    with_browser(check)


@pytest.mark.parametrize(
    ("back", "place"),
    [
        ("/browse?query=a", "/browse?query=a"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("http://evil.example/", "/"),
        ("/\nSet-Cookie: x=y", "/"),
        ("/\u2028", "/"),
        ("", "/"),
    ],
)
def test_after_choosing_a_language_one_stays_on_the_page(back: str, place: str) -> None:
    async def check(browser: Browser) -> None:
        assert (303, place) == await browser.post("/language", language="fr", back=back)
        assert "Es-tu ici chez toi" in (await browser.get("/"))[1]
        assert (303, "/") == await browser.post("/language", language="tlh")

    with_browser(check)


def test_the_first_page_of_a_new_node_sets_it_up() -> None:
    async def check(browser: Browser) -> None:
        await browser.sign_in()
        status, text = await browser.post("/setup", name="", email="a@example.org")
        assert (409, True, True) == (status, "A name is needed" in text, "a@example.org" in text)
        for path in READABLE[1:7]:
            status, text = await browser.get(path)
            assert (409, True) == (status, "Nobody lives here yet" in text)
        assert (303, "/?done=welcome") == await browser.post("/setup", name="Ana", language="es")
        assert "Te damos la bienvenida" in (await browser.get("/?done=welcome"))[1]
        assert (await browser.post("/setup", name="Eve"))[0] == 409

    with_browser(check, SmallNode(None))


def test_what_the_page_says_in_its_own_words_are_refusals_that_exist() -> None:
    assert [] == [code for code in ON_THE_PAGE if code not in messages.codes()]


def test_what_members_wrote_is_shown_as_text() -> None:
    """Nothing that somebody wrote becomes part of the page."""

    async def check(browser: Browser) -> None:
        await browser.sign_in()
        title = "<b>Guitar</b> & \"'><img src=x>"
        await browser.post("/things", title=title, kind="object", circles="1", text="</textarea>")
        _, text = await browser.get("/things")
        assert "<b>Guitar" not in text
        assert "<img" not in text
        assert "&lt;b&gt;Guitar&lt;/b&gt; &amp; " in text

    with_browser(check)


def test_an_invitation_is_shown_with_its_code_and_only_to_this_page() -> None:
    async def check(browser: Browser) -> None:
        await browser.sign_in()
        status, place = await browser.post("/friends/invite")
        assert (303, True) == (status, place.startswith("/friends/invitation/"))
        _, text = await browser.get(place)
        assert "openhouse:" in text
        assert "<svg" in text
        assert browser.node.engine is not None
        core = browser.node.engine.core
        tag, (secret, expires_ms, _) = next(iter(core.invitations.items()))
        guest = next(iter(core.friends))
        core.invitations[tag] = (secret, expires_ms, guest)
        _, text = await browser.get(place)
        assert f"{core.name_of(guest)} came in by it." in text
        assert "openhouse:" not in text
        status, _, headers = await browser.ask("GET", "/friends/invitation/other")
        assert (303, "/friends") == (status, headers["Location"])
        for _ in range(10):
            await browser.post("/friends/invite")
        assert (await browser.ask("GET", place))[0] == 303

    with_browser(check)


# --- safekeeping -------------------------------------------------------------------------


def test_the_words_are_shown_until_they_are_on_paper() -> None:
    async def check(browser: Browser) -> None:
        await browser.sign_in()
        _, text = await browser.get("/safekeeping")
        assert "<li>word23</li>" in text
        status, text = await browser.post("/safekeeping/written")
        assert "Tick that the words are on paper" in text
        assert browser.node.knows_words
        status, place = await browser.post("/safekeeping/written", sure="yes")
        assert (status, place) == (303, "/safekeeping?done=words-written")
        _, text = await browser.get(place)
        assert "word23" not in text
        assert "keep the paper safe" in text

    with_browser(check)


def test_a_backup_is_downloaded_as_a_file_and_kept_in_no_cache() -> None:
    async def check(browser: Browser) -> None:
        await browser.sign_in()
        status, text, headers = await browser.ask(
            "POST", "/safekeeping/backup", data={"csrf": browser.csrf}
        )
        assert (status, text) == (200, "OHB1 a sealed copy")
        assert headers["Content-Disposition"].startswith('attachment; filename="openhouse-20')
        assert headers["Cache-Control"] == "no-store"

    with_browser(check)


def test_going_on_when_nothing_is_waited_for_is_refused_on_the_page() -> None:
    async def check(browser: Browser) -> None:
        await browser.sign_in()
        _, text = await browser.post("/safekeeping/go-on")
        assert "not waiting for anything" in text

    with_browser(check)


def test_a_home_goes_away_and_comes_back() -> None:
    """Spec §7.9."""

    async def check(browser: Browser) -> None:
        await browser.sign_in()
        _, text = await browser.get("/house")
        assert 'name="until"' in text
        until = "2026-10-20"
        assert (303, "/house?done=away") == await browser.post("/house/away", until=until)
        _, text = await browser.get("/house")
        assert "You are away until October 20, 2026." in text
        assert 'name="until"' not in text
        assert (303, "/house?done=back") == await browser.post("/house/back")
        assert "You are away" not in (await browser.get("/house"))[1]

    with_browser(check)


def test_what_it_means_to_answer_for_somebody_stands_beside_the_invitation() -> None:
    """Spec §9.7."""

    async def check(browser: Browser) -> None:
        await browser.sign_in()
        _, text = await browser.get("/friends")
        assert "A newcomer whom you invite becomes your guest" in text
        assert "You answer for your guest for 365 days" in text
        assert "You can answer for 6 more newcomers." in text
        _, text = await browser.get("/house")
        assert "Guests I answer for" in text
        assert "who joins by an invitation of yours, and is new, will be your guest" in text

    with_browser(check)


def test_a_change_of_the_rules_is_looked_at_then_signed_then_shown_to_others() -> None:
    """Spec §9.6: what would change stands there before anything is signed."""

    async def check(browser: Browser) -> None:
        await browser.sign_in()
        _, text = await browser.get("/house")
        assert "Nobody proposes to change them." in text
        _, text = await browser.get("/house/change?rule=request_window_ms&value=7d")
        assert "A request that nobody answers ends after 14 days." in text
        assert "<strong>A request that nobody answers ends after 7 days.</strong>" in text
        assert browser.node.commands == 0
        change = {"rule": "request_window_ms", "value": "7d"}
        assert (303, "/house?done=signed") == await browser.post("/house/propose", **change)
        _, text = await browser.get("/house")
        assert "Signed by Member 0. 2 more signatures are needed." in text
        assert "You have signed it." in text
        status, text = await browser.post("/house/propose", **change)
        assert (409, True) == (status, "You have signed this change already" in text)

    with_browser(check)


@pytest.mark.parametrize(
    ("rule", "value", "words"),
    [
        ("capacity_max", "99", "a whole number from 0 to 20"),
        ("request_window_ms", "7", "a duration from 1s to 90d"),
        ("seats", "3", "stays as it is, 2"),
        ("fee", "3", "the nearest is"),
        ("capacity_max", "3", "These are the rules already"),
    ],
)
def test_a_change_that_is_not_possible_is_refused_on_the_page(
    rule: str, value: str, words: str
) -> None:
    async def check(browser: Browser) -> None:
        await browser.sign_in()
        status, text = await browser.get(f"/house/change?rule={rule}&value={value}")
        assert (409, True) == (status, words in text)

    with_browser(check)


@pytest.mark.parametrize(
    ("until", "words"),
    [("2020-01-01", "is over"), ("", "is not a date"), ("tomorrow", "is not a date")],
)
def test_a_date_of_return_that_is_none_is_refused_on_the_page(until: str, words: str) -> None:
    async def check(browser: Browser) -> None:
        await browser.sign_in()
        status, text = await browser.post("/house/away", until=until)
        assert status == 409
        assert words in text

    with_browser(check)


def test_a_friendship_is_kept_between_the_two_and_shown_again() -> None:
    """Spec §7.8."""

    async def check(browser: Browser) -> None:
        await browser.sign_in()
        assert browser.node.engine is not None
        friend = browser.node.engine.core.live_friends()[0].hex()
        for shows, words in (("no", "Others may know"), ("yes", "Keep it between us")):
            place = await browser.post(f"/friends/{friend}/show", shows=shows)
            assert (303, "/friends?done=changed") == place
            _, text = await browser.get(f"/friends/{friend}")
            assert f">{words}</button>" in text
            assert ("· discreet" in text) is (shows == "no")

    with_browser(check)


def test_befriending_a_home_nearby_step_by_step() -> None:
    """Spec §17.8."""

    async def check(browser: Browser) -> None:
        await browser.sign_in()
        desk = browser.node.pairing
        _, text = await browser.get("/friends")
        assert 'href="/friends/nearby"' in text
        _, text = await browser.get("/friends/nearby")
        assert "192.0.2.1:7470" in text
        status, text = await browser.post("/friends/nearby", address="nowhere")
        assert 400 <= status < 500
        assert "is not an address" in text
        assert (303, "/friends/nearby") == await browser.post("/friends/nearby", address="")
        assert ["open"] == desk.calls
        _, text = await browser.get("/friends/nearby")
        assert "For 4 more minutes." in text

        desk.step, desk.name = "comparing", "<b>Ben</b>"
        _, text = await browser.get("/friends/nearby")
        assert "123 456" in text
        assert "&lt;b&gt;Ben&lt;/b&gt;" in text
        assert (303, "/friends/nearby") == await browser.post("/friends/nearby/answer", same="yes")
        _, text = await browser.get("/friends/nearby")
        assert "Waiting for the other person" in text

        desk.step, desk.reason = "failed", "pairing-differs"
        _, text = await browser.get("/friends/nearby")
        assert "The codes were not the same" in text
        desk.step, desk.reason = "done", None
        _, text = await browser.get("/friends/nearby")
        assert "are friends now" in text
        desk.step = "waiting"
        assert (303, "/friends/nearby") == await browser.post("/friends/nearby/stop")
        assert "closed" == desk.step

    with_browser(check)


def test_a_clock_that_is_wrong_is_said_at_home() -> None:
    """Spec §10.5."""

    async def check(browser: Browser) -> None:
        await browser.sign_in()
        assert browser.node.engine is not None
        clock = browser.node.engine.core.clock = ClockWatch(NOW_MS)
        clock.read(NOW_MS, 0)
        assert "clock" not in (await browser.get("/"))[1]
        clock.read(0, 1000)
        _, text = await browser.get("/")
        assert "This computer&#39;s clock says 1970-01-01" in text

    with_browser(check)


def test_rules_for_what_passes_through_here_are_set_and_shown() -> None:
    """Spec §11.3."""

    async def check(browser: Browser) -> None:
        await browser.sign_in()
        assert browser.node.engine is not None
        friend = browser.node.engine.core.live_friends()[0].hex()
        await browser.post(f"/friends/{friend}/rule", rule="never")
        await browser.post("/friends/pass-on", confiance="3")
        _, text = await browser.get(f"/friends/{friend}")
        assert '<option value="never" selected>' in text
        _, text = await browser.get("/friends")
        assert '<option value="3" selected>' in text
        await browser.post("/friends/pass-on", confiance="")
        assert '<option value="3" selected>' not in (await browser.get("/friends"))[1]

    with_browser(check)


def test_who_is_in_between_reads_first_what_a_word_engages() -> None:
    """And who asks sees through whom it goes, and may let it go another way. Spec §11.3, §11.6."""
    made = street(3, circle_2_exchanges=1)
    for number in (1, 2):
        made.share(number)
    made.lend(1, 2, made.share(1))
    thing = made.share(0)
    span = (TODAY + 90) * DAY, (TODAY + 92) * DAY
    loan = str(made.run(2, Ask(thing, *span, other_ways=True))["loan"])

    async def check_between(browser: Browser) -> None:
        await browser.sign_in()
        _, text = await browser.get(f"/loans/{loan}")
        assert "You see that Member 2 asks Member 0 for “guitare”" in text
        assert "it is one of the 2 loans you can answer for on Member 2" in text

    async def check_borrower(browser: Browser) -> None:
        await browser.sign_in()
        _, text = await browser.get(f"/loans/{loan}")
        assert "You asked Member 0, through Member 1. It waits to be passed on." in text
        assert "If nobody passes it on, your home asks by another way after" in text
        _, text = await browser.get(f"/thing/{thing}")
        assert "If nobody passes it on for 4 days, take it back and ask by another way" in text

    with_browser(check_between, SmallNode(made.engines[1]))
    with_browser(check_borrower, SmallNode(made.engines[2]))
