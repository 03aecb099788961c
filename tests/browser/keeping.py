"""Walks of the page: what one does alone, and how one leaves."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from node.web.frame import DONE
from tests.browser.lending import picture
from tests.browser.visitors import PHONE, Visitor, in_days, plain
from tests.guardians import LOST, answers_to

if TYPE_CHECKING:
    from playwright.sync_api import Browser


FROZEN = (
    "Your keys are frozen: nothing counts that your devices sign, and your friends’ homes do not "
    "show your things. Nothing can be done in your name until you thaw them."
)


def keep_things(visitor: Visitor, title: str) -> None:
    """A list as drafts, days kept free, a photo, and how a friend sees it all."""
    visitor.go("/things")
    visitor.sees("A whole list at once")
    visitor.open("form[action='/things/import']")
    data = f"title\nCase of a {title}\n".encode()
    visitor.choose("input[name=list]", "list.csv", "text/csv", data)
    visitor.page.select_option("select[name=circles]", "0")
    visitor.press("form[action='/things/import'] button")
    visitor.sees(DONE["imported"])
    visitor.press(f".whole:has-text('Case of a {title}')")
    visitor.sees("Keep days for yourself")
    visitor.open("form[action$='/keep-free']")
    for name, day in (("from", in_days(3)), ("to", in_days(4))):
        visitor.page.fill(f"form[action$='/keep-free'] input[name={name}]", day)
    visitor.press("form[action$='/keep-free'] > button")
    visitor.sees(DONE["calendar"])
    visitor.choose("input[name=photo]", "p.png", "image/png", picture())
    visitor.press("form[action$='/photos'] > button")
    visitor.sees(DONE["photos"])
    visitor.press("form[action='/things/as'] button")
    visitor.sees("Not seen by %(name)s", name="Luc")


def keep_calendar(visitor: Visitor, title: str) -> None:
    """What is agreed stands in the agenda, and in a calendar elsewhere until its link is closed."""
    visitor.go("/agenda")
    assert title in visitor.text
    visitor.press("form[action='/agenda/link'] button")
    visitor.sees(DONE["calendar-link"])
    link = visitor.page.input_value("input.code")
    ask = visitor.context.request.get
    calendar = ask(link)
    assert calendar.text().startswith("BEGIN:VCALENDAR")
    assert title in calendar.text()
    assert ask(link, headers={"If-None-Match": calendar.headers["etag"]}).status == 304
    visitor.press("form[action='/agenda/link/end'] button")
    visitor.sees(DONE["calendar-ended"])
    assert ask(link).status == 404


def keep_house(visitor: Visitor, capacity: int) -> None:
    """A rule to change, an absence, notices, where one is in the neighbourhood."""
    visitor.go("/house/change")
    visitor.page.select_option("select[name=rule]", "capacity_max")
    visitor.fill(value=str(capacity))
    visitor.press("form[action='/house/change'] button")
    visitor.press("form[action='/house/propose'] button")
    visitor.sees(DONE["signed"])
    visitor.page.fill("input[name=until]", in_days(9))
    visitor.press("form[action='/house/away'] button")
    visitor.sees(DONE["away"])
    visitor.press("form[action='/house/back'] button")
    visitor.sees(DONE["back"])
    visitor.go("/notices")
    assert visitor.page.locator("li.unread").count() > 0
    visitor.press("form[action='/notices/read'] button")
    assert visitor.page.locator("li.unread").count() == 0
    visitor.sees("Be told elsewhere too")
    visitor.go("/friends/picture")
    visitor.sees("My neighbourhood")


def sign(luc: Visitor) -> None:
    """Somebody else's change of a rule."""
    luc.wait_for("/house", luc.say("Sign this change"))
    luc.press("form[action='/house/approve'] button >> nth=0")
    luc.sees(DONE["signed"])


def be_told_elsewhere(visitor: Visitor) -> None:
    """A test comes to a telephone; no mail does, where there is no server; nothing is forgotten."""
    with telephone() as (server, heard):
        visitor.go("/settings")
        visitor.fill(host="127.0.0.1", port="1", to="me@example.org", topic="our-street")
        visitor.fill(server=server)
        visitor.page.select_option("select[name=security]", "none")
        visitor.page.check("input[name=wants_asked][value=ntfy]")
        visitor.press("form[action='/settings'] > div button")
        visitor.sees(DONE["changed"])
        visitor.press("button[name=channel][value=ntfy]")
        visitor.sees(DONE["test-sent"])
        assert [said["topic"] for said in heard] == ["our-street"]
        visitor.press("button[name=channel][value=mail]")
        failed = "The test did not go out: {reason}. Look at the settings once more."
        assert visitor.begin(failed, "reason") in visitor.text
        assert visitor.page.input_value("input[name=topic]") == "our-street"
        assert visitor.page.is_checked("input[name=wants_asked][value=ntfy]")
        visitor.fill(host="", topic="")
        visitor.press("form[action='/settings'] > div button")
        visitor.sees(DONE["changed"])
    assert not visitor.page.is_visible("button[name=channel]")


@contextmanager
def telephone() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """A server of notices; its address, and what it was told."""
    heard: list[dict[str, object]] = []

    class Listening(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listening) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", heard
        finally:
            server.shutdown()
            thread.join()


def open_elsewhere(visitor: Visitor, browser: Browser, name: str) -> None:
    """On another machine, with a password."""
    password = "a horse, quite correct"
    visitor.go("/settings")
    for field, text in (("password", password), ("again", password)):
        visitor.page.fill(f"form[action='/settings/password'] input[name={field}]", text)
    visitor.press("form[action='/settings/password'] button")
    visitor.sees(DONE["password"])
    elsewhere = Visitor(browser, visitor.home)
    elsewhere.change(visitor.language, PHONE)
    elsewhere.go("/inbox")
    elsewhere.fill(key=password)
    elsewhere.press("main button")
    elsewhere.go("/")
    elsewhere.sees("Hello %(name)s", name=name)
    assert [] == elsewhere.complaints
    elsewhere.context.close()


def keep_safe(visitor: Visitor, place: Path, title: str) -> None:
    """A backup as a file, and everything to read elsewhere."""
    visitor.go("/safekeeping")
    backup = visitor.download("form[action='/safekeeping/backup'] button")
    assert backup[:4] == b"OHB1"
    data = visitor.download("form[action='/safekeeping/export'] button")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(place)
    found = json.loads((place / "openhouse.json").read_text())
    assert title in [loan["title"] for loan in found["loans"]]
    visitor.page.goto((place / "openhouse.html").as_uri())
    visitor.look()
    read = plain(visitor.page.inner_text("body"))
    for words in (title, visitor.say("Requests and loans"), visitor.say("The answer was no.")):
        assert words in read
    assert visitor.page.locator("img").evaluate_all("all => all.every(each => each.naturalWidth)")


def freeze_and_thaw(visitor: Visitor) -> None:
    """Nothing is done in one's name meanwhile; where one is reminded of it, it is taken back."""
    visitor.go("/safekeeping")
    visitor.open("form[action='/safekeeping/freeze']")
    visitor.press("form[action='/safekeeping/freeze'] button")
    visitor.sees(DONE["frozen"])
    visitor.go("/")
    visitor.sees(FROZEN)
    visitor.press("p.problem a")
    visitor.sees(FROZEN)
    visitor.press("form[action='/safekeeping/thaw'] button")
    visitor.sees(DONE["thawed"])


def ask_guardians_and_find_the_words(visitor: Visitor, name: str) -> None:
    """Neither computer nor words: slips are told, answers are kept; then the paper is found."""
    visitor.press("a[href='/succession']")
    visitor.sees("Neither computer nor words")
    for member in ("ab", LOST.hex()):
        visitor.fill(member=member, name=name)
        visitor.press("main form button")
        if len(member) < 64:
            visitor.hears("member-id-whole", member=member)
    visitor.sees(DONE["guardians-asked"])
    assert visitor.page.locator("ol.words li:visible").count() == 24
    assert visitor.page.locator("svg.qr path").count() >= 1
    text = visitor.page.input_value("#request")
    for answer in (text, *answers_to(text)):
        visitor.fill(answer=answer)
        visitor.press("form[action='/succession/add'] button")
        if answer == text:
            visitor.hears("approval-is-request")
    visitor.sees(DONE["answer-kept"])
    visitor.sees("Go on as %(name)s", name=name)
    visitor.open("form[action='/succession/give-up']")
    visitor.press("form[action='/succession/give-up'] button")
    visitor.sees(DONE["given-up"])
    visitor.press("a[href='/restore']")


def have_written_the_words(visitor: Visitor) -> None:
    visitor.go("/safekeeping")
    assert visitor.page.locator("ol.words li").count() == 24
    visitor.page.check("input[name=sure]")
    visitor.press("form[action='/safekeeping/written'] button")
    visitor.sees(DONE["words-written"])


def end_friendship_and_leave(visitor: Visitor, friend: str, name: str) -> None:
    visitor.go("/friends")
    visitor.press(f"main .whole:has-text('{friend}')")
    visitor.page.click("details.danger > summary")
    visitor.press("details.danger button")
    visitor.sees(DONE["ended"])
    visitor.go("/goodbye")
    visitor.sees("You can leave at any time, without a reason.")
    visitor.page.fill("form[action='/goodbye'] input[name=name]", name)
    visitor.press("form[action='/goodbye'] button")
    visitor.sees(DONE["goodbye"])
