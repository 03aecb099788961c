"""Two homes of real processes: photos, hours of the week, days kept free."""

from __future__ import annotations

import http.client
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.system.town import days_ahead, join, wait_state

if TYPE_CHECKING:
    from tests.system.conftest import House, Street

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]


@pytest.fixture
def two(street: Street) -> tuple[House, House]:
    ana, ben = street.open("Ana"), street.open("Ben", "fr")
    ana.openhouse("house", "found", "Les Lilas")
    join(street, ben, ana)
    ben.openhouse("things", "add", "Tente")
    return ana, ben


def fetch(house: House, path: str) -> tuple[int, str, bytes]:
    """A path of the API as it is: status, type and bytes."""
    token = (house.home / "token").read_text().strip()
    connection = http.client.HTTPConnection("127.0.0.1", house.ready["web_port"], timeout=30)
    try:
        connection.request("GET", f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type", ""), response.read()
    finally:
        connection.close()


def a_file(directory: Path, name: str) -> str:
    path = directory / name
    Image.effect_noise((1200, 900), 60).convert("RGB").save(path, "JPEG")
    return str(path)


def test_photos_and_a_file_go_with_their_thing_and_come_back_with_a_restart(
    two: tuple[House, House], street: Street, tmp_path: Path
) -> None:
    ana, ben = two
    photos = [a_file(tmp_path, name) for name in ("front.jpg", "back.jpg")]
    flags = [word for photo in photos for word in ("--photo", photo)]
    thing = ana.openhouse("things", "add", "Guitar", *flags)["thing"]
    street.wait("Ben sees the guitar", True, lambda: "Guitar" in ben.seen())
    seen = ben.listing("Guitar")["photos"]
    assert 2 == len(seen)

    for photo in seen:
        for name in (photo["thumbnail"], photo["photo"]):
            status, kind, data = fetch(ben, f"/things/{thing}/photos/{name}")
            assert (200, "image/jpeg") == (status, kind)
            assert data.startswith(b"\xff\xd8\xff")
            assert (status, kind, data) == fetch(ana, f"/things/{thing}/photos/{name}")

    for house in two:
        house.kill()
        house.start()
    street.wait("Ben sees it again", True, lambda: "Guitar" in ben.seen())
    path = f"/things/{thing}/photos/{seen[0]['photo']}"
    assert 200 == fetch(ben, path)[0] == fetch(ana, path)[0]

    ana.openhouse("things", "set", thing, "--no-photos")
    street.wait("the photos are gone", [], lambda: ben.listing("Guitar")["photos"])
    assert 404 == fetch(ben, path)[0] == fetch(ana, path)[0]
    copy_a_podcast(ana, ben, street, tmp_path)
    assert {} == ana.rejects() == ben.rejects()


def copy_a_podcast(ana: House, ben: House, street: Street, tmp_path: Path) -> None:
    """Both homes are killed while the file is coming."""
    podcast = tmp_path / "On bread.ogg"
    podcast.write_bytes(os.urandom(24_000_000))
    flags: tuple[str, ...] = ("--kind", "copy", "--file", str(podcast))
    assert "licence-missing" == ana.refusal("things", "add", "Podcast", *flags).code
    flags += ("--licence", "CC BY", "--conditions", "Tell me what you think.")
    thing = ana.openhouse("things", "add", "Podcast", *flags)["thing"]
    street.wait("Ben sees the podcast", True, lambda: "Podcast" in ben.seen())
    assert {"title": "On bread.ogg", "size_bytes": 24_000_000} == ben.listing("Podcast")["file"]

    loan = ben.openhouse("ask", thing, *days_ahead(0, 7))["loan"]
    assert "loan-without-file" == ben.refusal("get", loan).code
    wait_state(street, ana, loan, "asked")
    ana.openhouse("answer", loan, "yes")
    street.wait("it comes", True, lambda: any(row["got_bytes"] for row in ben.get("/files")))
    for house in (ben, ana):
        house.kill()
        house.start()
    street.wait("it is here", "here", lambda: ben.get("/files")[0]["state"])

    stored = tmp_path / "mine.ogg"
    ben.openhouse("get", loan, "--to", str(stored))
    assert podcast.read_bytes() == stored.read_bytes()
    assert "file-exists" == ben.refusal("get", loan, "--to", str(stored)).code
    (row,) = ben.openhouse("files")
    assert row["path"] == str(ben.home / "received" / "On bread.ogg")
    assert ("CC BY", "Il est là\u00a0: 24 Mo.") == (row["licence"], row["message"])
    assert (200, "application/octet-stream") == fetch(ben, f"/files/{loan}/content")[:2]


def test_a_list_is_shared_line_by_line_and_again_without_harm(
    two: tuple[House, House], street: Street, tmp_path: Path
) -> None:
    ana, ben = two
    shelf = tmp_path / "shelf.csv"
    shelf.write_text(
        "titre;auteur;isbn;texte\n"
        "Pedigree;Simenon;9782253142973;\n"
        ";;9782070368228;\n"
        "Maigret;Simenon;;À vendre 5 €\n"
        "Le chien jaune;Simenon;;\n",
        "utf-8",
    )
    answer = ana.openhouse("things", "import", str(shelf), "--circles", "2")

    assert (2, 0) == (answer["added"], answer["known"])
    problems = [(p["line"], p["code"]) for p in answer["problems"]]
    assert [(3, "book-without-title"), (4, "states-a-price")] == problems
    street.wait("Ben sees the books", True, lambda: {"Pedigree", "Le chien jaune"} <= {*ben.seen()})
    again = ana.openhouse("things", "import", str(shelf), "--circles", "2")
    assert (0, 2, problems) == (
        again["added"], again["known"], [(p["line"], p["code"]) for p in again["problems"]],
    )  # fmt: skip
    assert 2 == len(ana.get("/things"))
    shelf.write_bytes(b"\xff\xd8\xff not a list")
    assert "list-without-titles" == ana.refusal("things", "import", str(shelf)).code


def test_what_is_no_photo_is_refused_and_the_thing_is_not_listed(
    two: tuple[House, House], tmp_path: Path
) -> None:
    ana, _ = two
    text = tmp_path / "guitar.txt"
    text.write_text("a guitar")

    assert "not-a-photo" == ana.refusal("things", "add", "Guitar", "--photo", str(text)).code
    missing = ana.refusal("things", "add", "Guitar", "--photo", str(tmp_path / "none.jpg"))
    assert "file-unreadable" == missing.code
    assert [] == ana.get("/things")
    five = ["--photo", a_file(tmp_path, "one.jpg")] * 4
    ana.openhouse("things", "add", "Ladder", *five)
    (ladder,) = ana.get("/things")
    assert 1 == len(ladder["photos"]), "one file is one photo, however often it is named"


def test_the_hours_and_the_days_of_a_thing_are_said_and_kept(
    two: tuple[House, House], street: Street
) -> None:
    ana, ben = two
    flags = ("--longest", "7d", "--shortest", "1d", "--buffer", "1d")
    thing = ana.openhouse("things", "add", "Drill", *flags)["thing"]
    wash = ("--kind", "spot", "--when", "mon 18:00-21:00,thu 18:00-21:00")
    ana.openhouse("things", "add", "Washing machine", *wash)
    street.wait("Ben sees both", 2, lambda: len(ben.seen()))
    week = ben.listing("Washing machine")["availability"]["weekly"]
    assert ["mon 18:00-21:00", "thu 18:00-21:00"] == week

    too_long = ben.refusal("ask", thing, *days_ahead(1, 8))
    assert "loan-longer-than-lent" == too_long.code
    assert "7 jours" in too_long.message
    spot = ben.listing("Washing machine")["thing"]
    closed = ben.refusal("ask", spot, "--from", "2030-01-07T08:00", "--to", "2030-01-07T09:00")
    assert closed.code in ("closed-then", "dates-too-far")

    ana.openhouse("things", "block", thing, *days_ahead(3, 5))
    street.wait("the days are taken", 1, lambda: len(ben.listing("Drill")["busy"]))
    assert "dates-taken" == ben.refusal("ask", thing, *days_ahead(4, 6)).code
    assert [] == [t for t in ben.get(_free(4, 6)) if t["title"] == "Drill"]
    ana.openhouse("things", "unblock", thing, *days_ahead(3, 5))
    street.wait("they are free again", [], lambda: ben.listing("Drill")["busy"])
    ben.openhouse("ask", thing, *days_ahead(4, 6))
    assert "not-hours" == ana.refusal("things", "set", thing, "--when", "sat 10-12").code
    ana.openhouse("things", "set", thing, "--when", "always", "--longest", "0")
    (drill,) = [t for t in ana.get("/things") if t["title"] == "Drill"]
    assert {"weekly": [], "shortest_minutes": 1440, "longest_minutes": 0} == drill["availability"]


def _free(first: int, last: int) -> str:
    flags = days_ahead(first, last)
    return f"/browse?from={flags[1]}&to={flags[3]}"
