"""From paper back to a node, with real processes: a backup, words alone, guardians."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.system.conftest import House, Street

pytestmark = [pytest.mark.system, pytest.mark.slow]

CHARTER = 'succession_delay_ms = "3s"\n'


def founders(street: Street, directory: Path) -> tuple[House, House]:
    charter = directory / "charter.toml"
    charter.write_text(CHARTER)
    bruno, farid = street.open("Bruno"), street.open("Farid")
    bruno.openhouse("house", "found", "Rue des Lilas", "--charter", str(charter))
    farid.openhouse("join", bruno.openhouse("invite")["link"])
    street.wait("Bruno is a member", "member", lambda: bruno.get("/status")["standing"])
    return bruno, farid


def titles(house: House) -> list[str]:
    return sorted(thing["title"] for thing in house.get("/things") or [])


def lose(house: House) -> None:
    """The computer is gone, with all that was on it."""
    house.kill()
    shutil.rmtree(house.home)


def words_file(house: House, directory: Path) -> str:
    path = directory / f"{house.name}.words"
    path.write_text(house.openhouse("words")["words"])
    house.openhouse("words", "--written")
    assert house.refusal("words").code == "words-forgotten"
    return str(path)


def test_a_backup_and_the_friends_give_everything_back(street: Street, tmp_path: Path) -> None:
    bruno, farid = founders(street, tmp_path)
    ladder = bruno.openhouse("things", "add", "ladder")["thing"]
    words = words_file(bruno, tmp_path)
    file = str(tmp_path / "bruno.backup")
    made = bruno.openhouse("backup", file)
    assert made["size_bytes"] == Path(file).stat().st_size
    assert bruno.refusal("backup", file).code == "file-exists"
    bruno.openhouse("things", "set", ladder, "--title", "long ladder")
    bruno.openhouse("things", "add", "drill")
    street.wait("Farid sees both", ["drill", "long ladder"], lambda: sorted(farid.seen()))
    before = bruno.openhouse("keys")
    lose(bruno)

    wrong = tmp_path / "wrong.words"
    wrong.write_text("abandon " * 23 + "art")
    assert bruno.refusal("restore", file, "--words", str(wrong)).code == "backup-other-words"
    assert not (bruno.home / "openhouse.db").exists()
    restored = bruno.openhouse("restore", file, "--words", words)
    assert (restored["member"], restored["is_recalling"]) == (bruno.member, True)
    assert bruno.refusal("restore", file, "--words", words).code == "home-not-empty"

    bruno.start()
    assert bruno.refusal("things", "add", "saw").code == "recalling"
    street.wait("what was newer is back", ["drill", "long ladder"], lambda: titles(bruno))
    bruno.openhouse("keys", "go-on")
    bruno.openhouse("things", "add", "saw")
    street.wait(
        "Farid sees all three", ["drill", "long ladder", "saw"], lambda: sorted(farid.seen())
    )
    after = bruno.openhouse("keys")
    assert before["device"] != after["device"]
    assert [before["device"]] == after["revoked"]


def test_words_alone_and_a_friend_s_invitation_are_enough(street: Street, tmp_path: Path) -> None:
    bruno, farid = founders(street, tmp_path)
    farid.openhouse("things", "add", "guitar")
    words = words_file(farid, tmp_path)
    street.wait("Bruno sees the guitar", ["guitar"], lambda: list(bruno.seen()))
    lose(farid)

    assert farid.refusal("restore", "--words", words).code == "name-missing"
    restored = farid.openhouse("restore", "--words", words, "--name", "Farid")
    assert restored["member"] == farid.member
    farid.start()
    farid.openhouse("join", bruno.openhouse("invite")["link"])
    street.wait("the guitar is Farid's again", ["guitar"], lambda: titles(farid))
    farid.openhouse("keys", "go-on")
    farid.openhouse("things", "add", "drum")

    street.wait("Bruno sees both", ["drum", "guitar"], lambda: sorted(bruno.seen()))
    assert farid.get("/status")["standing"] == "member"


def test_two_guardians_bring_back_who_lost_the_words_too(street: Street, tmp_path: Path) -> None:
    """All friendships with her, though one friend alone has invited her again."""
    bruno, farid = founders(street, tmp_path)
    ana = street.open("Ana")
    for sponsor in (bruno, farid):
        ana.openhouse("join", sponsor.openhouse("invite")["link"])
    street.wait("Ana is a member", "member", lambda: ana.get("/status")["standing"])
    ana.openhouse("things", "add", "piano")
    named = ana.openhouse("keys", "guardians", bruno.member, farid.member)
    assert sorted(g["name"] for g in named["guardians"]) == ["Bruno", "Farid"]
    street.wait(
        "both see the piano", [["piano"]] * 2, lambda: [list(bruno.seen()), list(farid.seen())]
    )
    lose(ana)

    asked = ana.openhouse("succession", "ask", ana.member, "--name", "Ana")
    approvals = [
        guardian.openhouse("keys", "approve", asked["request"])["approval"]
        for guardian in (bruno, farid)
    ]
    assert ana.refusal("succession", "take", approvals[0]).code == "approvals-count"
    taken = ana.openhouse("succession", "take", *approvals)
    assert taken["member"] == ana.member
    ana.start()
    # The first to see her new keys begins the time in which she could object.
    assert ana.refusal("join", bruno.openhouse("invite")["link"]).code == "keys-unproved"
    street.wait("Bruno is told of the claim", ["Ana"],
                lambda: [claim["name"] for claim in bruno.openhouse("keys")["claims"]])  # fmt: skip
    street.wait("the time to object is over", True, lambda: _joins(ana, bruno))
    street.wait("the piano is Ana's again", ["piano"], lambda: titles(ana))
    ana.openhouse("keys", "go-on")
    ana.openhouse("things", "set", ana.get("/things")[0]["thing"], "--title", "grand piano")

    street.wait("Bruno sees it", ["grand piano"], lambda: list(bruno.seen()))
    street.wait("Farid's home finds hers again", ("up", True), lambda: _link(farid, ana))


def _link(house: House, friend: House) -> tuple[str, bool]:
    row = next(row for row in house.openhouse("friends") if row["member"] == friend.member)
    return row["link"], row["live"]


def _joins(guest: House, host: House) -> bool:
    from tests.system.conftest import Refusal

    try:
        guest.openhouse("join", host.openhouse("invite")["link"])
    except Refusal:
        return False
    return True


def test_the_doctor_says_what_is_wrong(street: Street, tmp_path: Path) -> None:
    bruno, _ = founders(street, tmp_path)

    findings = {check["name"]: check["ok"] for check in bruno.openhouse("doctor")["checks"]}
    assert (findings["database"], findings["running"], findings["words"]) == (True, True, False)
    words_file(bruno, tmp_path)
    assert bruno.openhouse("doctor")["ok"] is True

    bruno.stop()
    with (bruno.home / "openhouse.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)
    broken = bruno.openhouse("doctor")
    assert broken["ok"] is False
    assert "restore" in next(c["message"] for c in broken["checks"] if c["name"] == "database")
