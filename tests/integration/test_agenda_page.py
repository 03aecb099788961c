"""The agenda's calendar link over real HTTP: who reads it, and until when."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message

import pytest

from node.engine import desk
from node.engine.commands import CancelLoan, KeepNote
from simulations.street import Street
from tests.page_street import Served, StreetNode, live_here, make_street, served

SECRET = "s" * 32


@pytest.fixture(scope="module")
def street() -> Street:
    return make_street()


@pytest.fixture(scope="module")
def loans(street: Street) -> dict[str, str]:
    return live_here(street)


@pytest.fixture
def page(street: Street) -> Iterator[Served]:
    street.run(0, KeepNote("calendar", SECRET.encode()))
    with served(StreetNode(street)) as home:
        yield home


def get(url: str, **headers: str) -> tuple[int, bytes, Message]:
    request = urllib.request.Request(
        url, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def test_the_link_alone_opens_the_calendar_and_only_it(
    page: Served, loans: dict[str, str], street: Street
) -> None:
    """No session is needed; the same bytes are sent once; a cancelled loan stays, as such."""
    url = f"{page.url}/calendar/{SECRET}.ics"
    status, data, headers = get(url)
    assert 200 == status
    assert "text/calendar; charset=utf-8" == headers["Content-Type"]
    assert f"UID:{loans['borrowed']}@openhouse.invalid\r\n".encode() in data
    assert f"UID:{loans['asked']}".encode() not in data
    etag = str(headers["ETag"])
    assert (304, b"") == get(url, If_None_Match=etag)[:2]

    street.run(0, CancelLoan(loans["borrowed"]))
    status, after, _ = get(url, If_None_Match=etag)
    assert 200 == status
    event = after[after.index(f"UID:{loans['borrowed']}".encode()) :]
    assert b"STATUS:CANCELLED" in event[: event.index(b"END:VEVENT")]


def test_a_wrong_or_closed_link_opens_nothing(page: Served, street: Street) -> None:
    assert 404 == get(f"{page.url}/calendar/{'t' * 32}.ics")[0]
    assert 404 == get(f"{page.url}/calendar/%ff%00.ics")[0]
    assert 403 == get(f"{page.url}/calendar/{SECRET}.ics", Host="evil.example")[0]
    street.run(0, KeepNote("calendar", b""))
    assert b"" == desk.note(street.core(0), "calendar")
    assert 404 == get(f"{page.url}/calendar/{SECRET}.ics")[0]
    assert 404 == get(f"{page.url}/calendar/.ics")[0]
