"""Photos of how a thing was, taken at hand-over and return (node/loan_photos.py and the page)."""

from __future__ import annotations

import io
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from node.engine import views
from node.engine.commands import AddThing, AnswerLoan, LendTo
from node.loan_photos import PER_LOAN_MAX, LoanPhotos
from protocol.errors import Refused
from tests.page_street import Reader, StreetNode, ask_for, make_street, served

LOAN = "ab" * 16


def picture(colour: str = "teal") -> bytes:
    """A JPEG that says where it was taken."""
    exif = Image.Exif()
    exif[0x010E] = "Secret garden"
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "JPEG", exif=exif)
    return out.getvalue()


def test_photos_stand_by_step_and_number_made_anew_and_for_the_owner_alone(tmp_path: Path) -> None:
    shelf = LoanPhotos(tmp_path)
    assert [] == shelf.names(LOAN)
    for step in ("returned", "handed-over", "handed-over"):
        shelf.add(LOAN, step, picture(), "a.jpg")
    names = ["handed-over-1.jpg", "handed-over-2.jpg", "returned-1.jpg"]

    assert names == shelf.names(LOAN)
    assert b"Secret" not in shelf.read(LOAN, names[0])
    folder = tmp_path / "loan-photos"
    assert 0o700 == folder.stat().st_mode & 0o777
    assert 0o600 == (folder / LOAN / names[0]).stat().st_mode & 0o777
    shelf.remove(LOAN, names[1])
    shelf.remove(LOAN, names[1])
    # Its number is not given to another one while a later one stands.
    assert "handed-over-2.jpg" == shelf.add(LOAN, "handed-over", picture(), "b.jpg")


def test_what_is_no_name_of_a_photo_reads_and_removes_nothing(tmp_path: Path) -> None:
    shelf = LoanPhotos(tmp_path)
    shelf.add(LOAN, "returned", picture(), "a.jpg")
    (tmp_path / "token").write_text("secret")
    for name in (
        "../../token",
        "..",
        "",
        "returned-1.jpg.half",
        "returned-0.jpg",
        "x/returned-1.jpg",
    ):
        with pytest.raises(Refused, match="no such photo"):
            shelf.read(LOAN, name)
        shelf.remove(LOAN, name)
    for loan in ("..", "", LOAN.upper(), LOAN + "/.."):
        with pytest.raises(Refused, match="unknown loan"):
            shelf.names(loan)
    assert ["returned-1.jpg"] == shelf.names(LOAN)
    assert (tmp_path / "token").exists()
    for _ in range(PER_LOAN_MAX - 1):
        shelf.add(LOAN, "returned", picture(), "a.jpg")
    with pytest.raises(Refused, match="too many loan photos"):
        shelf.add(LOAN, "returned", picture(), "a.jpg")


def test_a_photo_goes_along_with_the_step_and_what_is_none_stops_it(tmp_path: Path) -> None:
    """Refused: nothing is handed over. Taken: shown, in the export, never at the other home."""
    street = make_street([(0, 1)], ("Ana", "Luc"))
    drill = str(street.run(0, AddThing("Drill"))["thing"])
    street.run(1, AddThing("Book"))
    loan = ask_for(street, 1, drill, 0, 3)
    street.run(0, AnswerLoan(loan, "yes"))
    place = f"/loans/{loan}"
    with served(StreetNode(street, home=tmp_path)) as home:
        ana = Reader(home)
        status, text = ana.send_file(
            f"{place}/hand-over", place, "photo", "list.txt", b"no picture"
        )
        assert 400 <= status < 500
        assert "agreed" == state_of(street, loan)
        status, text = ana.send_file(f"{place}/hand-over", place, "photo", "it.jpg", picture())
        assert (200, "handed_over") == (status, state_of(street, loan))
        assert f'src="{place}/photo/handed-over-1.jpg"' in text
        assert "Kept at your home alone." in text
        assert 200 == ana.get(f"{place}/photo/handed-over-1.jpg")[0]
        assert 400 <= ana.get(f"{place}/photo/..%2F..%2Ftoken")[0] < 500
        stranger = urllib.request.Request(f"{home.url}{place}/photo/handed-over-1.jpg")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(stranger)
        archive = zipfile.ZipFile(io.BytesIO(ana.download("/safekeeping/export", "/safekeeping")))
        assert f"photos/{loan}/handed-over-1.jpg" in archive.namelist()
        text = ana.post(f"{place}/photos", place, gone="handed-over-1.jpg")[1]
        assert "handed-over-1.jpg" not in text
        # Without one it is one tap.
        ana.send_file(f"{place}/return", place, "photo", "", b"")
        assert "returned" == state_of(street, loan)
    # And nothing of it is in any record.
    assert not any("photo" in str(row) for row in views.loans(street.core(1)))


def test_what_was_lent_on_paper_comes_back_on_the_page_with_a_photo(tmp_path: Path) -> None:
    street = make_street([(0, 1)], ("Ana", "Luc"))
    drill = str(street.run(0, AddThing("Drill"))["thing"])
    loan = str(street.run(0, LendTo("Alma", drill))["loan"])
    place = f"/loans/{loan}"
    with served(StreetNode(street, home=tmp_path)) as home:
        text = Reader(home).send_file(f"{place}/return", place, "photo", "a.jpg", picture())[1]
    assert "returned" == state_of(street, loan)
    assert f'src="{place}/photo/returned-1.jpg"' in text


def state_of(street: object, loan: str) -> str:
    rows = views.loans(street.core(0))  # type: ignore[attr-defined]
    return next(str(r["state"]) for r in rows if isinstance(r, dict) and r["loan"] == loan)
