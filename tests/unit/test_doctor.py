"""``openhouse doctor``: each thing that can be wrong is found, and said so that a neighbour
knows what to do. It changes nothing, and never fails itself.
"""

from __future__ import annotations

import shutil
import socket
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from node import doctor
from node.cli.client import NotRunning
from node.engine.events import Persist, Space
from node.errors import StoreError
from node.lock import LOCK_FILE, holder_of
from node.store import DATABASE_FILE, MIGRATIONS, Store
from protocol.errors import OpenHouseError, Refused

UNKNOWN_TO_NEIGHBOURS = (
    "Traceback",
    "Error",
    "errno",
    " None",
    "{",
    "}",
    "sqlite3",
    "\\x",
    "?mode",
)


class Finding(NamedTuple):
    ok: bool | None
    message: str


class Node:
    """What a node answers; ``down`` when none does."""

    def __init__(self, down: bool = False, **answers: object) -> None:
        self.down = down
        self.answers: dict[str, object] = {
            "status": {"links_up": 2, "friends": 3},
            "keys": {
                "is_recalling": False,
                "promises_wait_for": [],
                "is_frozen": False,
                "claims": [],
            },
            "words": Refused("words-forgotten"),
            **answers,
        }

    def is_running(self) -> bool:
        return not self.down

    def get(self, path: str, query: Mapping[str, object] | None = None) -> Any:
        answer = self.answers[path.removeprefix("/")]
        if isinstance(answer, OpenHouseError):
            raise answer
        return answer


def examine(home: Path, node: Node, language: str = "en") -> dict[str, Finding]:
    """Every finding by its name, each a sentence for people."""
    found = doctor.examine(home, node, language)
    findings = {check["name"]: Finding(check["ok"], check["message"]) for check in found["checks"]}

    assert len(found["checks"]) == len(findings) or "claim" in findings
    assert found["ok"] is all(finding.ok is not False for finding in findings.values())
    for check in found["checks"]:
        message = check["message"]
        assert message
        assert message.replace("\u00a0", " ").isprintable()
        assert not any(word in message for word in UNKNOWN_TO_NEIGHBOURS), message
    return findings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data directory with a database, no node running; its ports are whatever is free."""
    home = tmp_path / "home"
    store = Store(home)
    store.put_note("identity", b"not asked for here")
    store.commit([Persist(space, bytes([n]) * 8, bytes(500)) for space in Space for n in range(8)])
    store.close()
    (home / "config.toml").write_text('peer_host = "127.0.0.1"\npeer_port = 0\nweb_port = 0\n')
    return home


DOWN = Node(down=True)


# --- nothing is wrong --------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_a_node_in_good_order_is_said_to_be(home: Path, language: str) -> None:
    findings = examine(home, Node(), language)

    assert all(finding.ok is True for finding in findings.values()), findings
    expected = ["directory", "database", "disk", "running", "links", "words"]
    assert expected == list(findings)
    assert str(home) in findings["directory"].message


def test_sentences_are_in_the_language_asked_for(home: Path) -> None:
    said = [
        [finding.message for finding in examine(home, DOWN, language).values()]
        for language in ("en", "fr", "es")
    ]

    for sentences in zip(*said, strict=True):
        assert len(sentences) == len(set(sentences)), sentences


def test_a_node_that_is_not_running_is_no_fault(home: Path) -> None:
    findings = examine(home, DOWN)

    assert findings["running"] == (None, "This home is not running. Start it: openhouse run")
    assert findings["port"].ok is findings["web-port"].ok is True


def test_a_computer_without_a_node_has_nothing_wrong(tmp_path: Path) -> None:
    findings = examine(tmp_path / "nowhere" / "home", DOWN)

    assert findings["directory"].ok is findings["database"].ok is None
    assert "start the node once" in findings["directory"].message
    assert findings["disk"].ok is not None


@pytest.mark.parametrize("name", ["50% off", "what?mode=rw", "#1", "été", "a&b=c", "file:x", "%20"])
def test_a_directory_may_have_any_name(home: Path, name: str) -> None:
    other = home.rename(home.parent / name)

    assert doctor._database(other)[:2] == ("database", True)


def test_a_relative_directory_is_looked_at_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home.parent)

    assert examine(Path("home"), DOWN)["database"].ok is True


# --- the directory -----------------------------------------------------------------------


def test_others_may_not_read_the_directory(home: Path) -> None:
    for mode in (0o755, 0o710, 0o704):
        home.chmod(mode)
        finding = examine(home, DOWN)["directory"]

        assert finding.ok is False
        assert f"chmod 700 {home}" in finding.message


def test_a_directory_of_somebody_else_is_said_to_be(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    findings = examine(home, DOWN)

    assert "look at its owner" in findings["directory"].message
    assert findings["database"].ok is False
    assert "look at its owner" in findings["database"].message


def test_a_directory_that_may_not_be_looked_at_is_out_of_reach(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refuse)
    findings = examine(home, DOWN)

    assert findings["directory"].ok is False
    assert "is out of reach: Permission denied" in findings["directory"].message
    assert findings["database"].ok is False


def test_a_file_where_the_directory_should_be_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("hello")
    findings = examine(tmp_path / "home", DOWN)
    beneath = examine(tmp_path / "home" / "inner", DOWN)

    assert "is a file, not a directory" in findings["directory"].message
    assert "out of reach: Not a directory" in beneath["directory"].message
    assert findings["database"].ok is beneath["database"].ok is None


# --- the database ------------------------------------------------------------------------


def sql(*statements: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        database = sqlite3.connect(path)
        for statement in statements:
            database.execute(statement)
        database.commit()
        database.close()

    return change


def cut_to(share: float) -> Callable[[Path], None]:
    def cut(path: Path) -> None:
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return cut


def overwrite(place: int, data: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(place)
            file.write(data)

    return write


def another_program_s(path: Path) -> None:
    path.unlink()
    sql("CREATE TABLE moz_cookies (name TEXT)")(path)


def become_a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


RESTORE = "openhouse restore FILE"

DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty": (cut_to(0), RESTORE),
    "cut within its first line": (cut_to(0.001), RESTORE),
    "cut in the middle": (cut_to(0.5), RESTORE),
    "cut near its end": (cut_to(0.99), RESTORE),
    "noise": (overwrite(0, b"noise" * 5000), RESTORE),
    "another beginning": (overwrite(0, bytes(100)), RESTORE),
    "a page of noise": (overwrite(4096, b"\xff" * 4096), RESTORE),
    "another program's": (another_program_s, "not a database of Open House"),
    "a changed row": (
        sql("UPDATE space_record SET value = x'c3' WHERE key = x'0303030303030303'"),
        "a checksum is wrong",
    ),
    "a text for a row": (sql("UPDATE space_meta SET value = 'text'"), "a checksum is wrong"),
    "a number for a key": (
        sql("INSERT INTO space_meta (key, value, checksum) VALUES (7, x'c3', 0)"),
        "a checksum is wrong",
    ),
    "a lost table": (sql("DROP TABLE space_friend"), "a table is missing"),
    "made by a newer program": (sql("PRAGMA user_version = 99"), "update this one"),
    "a directory": (become_a_directory, "cannot be read"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_wrong_with_the_database_is_said_with_what_to_do(home: Path, name: str) -> None:
    damage, expected = DAMAGES[name]
    path = home / DATABASE_FILE
    damage(path)
    before = path.read_bytes() if path.is_file() else None
    finding = examine(home, DOWN)["database"]

    assert finding.ok is False
    assert expected in finding.message
    assert before == (path.read_bytes() if path.is_file() else None), "nothing was changed"


def test_a_newer_program_s_database_is_not_called_damaged(home: Path) -> None:
    sql(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")(home / DATABASE_FILE)
    said = examine(home, DOWN)["database"].message

    assert "damaged" not in said
    assert "restore" not in said


def test_an_older_program_s_database_is_sound(home: Path) -> None:
    changes = (f"PRAGMA user_version = {len(MIGRATIONS) - 1}", "DROP TABLE space_claim")
    sql(*changes)(home / DATABASE_FILE)

    assert examine(home, DOWN)["database"].ok is True


def test_another_program_at_the_database_is_named_as_the_reason(home: Path) -> None:
    other = sqlite3.connect(home / DATABASE_FILE, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    finding = examine(home, DOWN)["database"]
    other.close()

    assert finding.ok is False
    assert "Another program is using the database" in finding.message


@pytest.mark.slow
def test_the_doctor_finds_whatever_a_node_would_stop_at(home: Path, tmp_path: Path) -> None:
    """Cut at any length, or changed at any place."""
    data = (home / DATABASE_FILE).read_bytes()
    found = dict.fromkeys((True, False), 0)
    variants = [data[:length] for length in range(1, len(data), 1999)]
    variants += [
        data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]
        for place in range(0, len(data), 499)
    ]
    other = tmp_path / "other"
    for variant in variants:
        shutil.rmtree(other, ignore_errors=True)
        other.mkdir(mode=0o700)
        (other / DATABASE_FILE).write_bytes(variant)
        _, is_sound, _, _ = doctor._database(other)
        assert is_sound is not None
        found[is_sound] += 1
        if is_sound:
            assert can_live_in(other), "the doctor says that it is sound, and no node starts"

    assert min(found.values()) > 10


def can_live_in(home: Path) -> bool:
    try:
        store = Store(home)
        try:
            store.get_note("identity")
            return len(list(store.load())) == len(Space) * 8
        finally:
            store.close()
    except StoreError:
        return False


def test_what_a_crash_left_is_sound(home: Path, tmp_path: Path) -> None:
    """The log of the last transactions is not in the database yet."""
    store = Store(home)
    store.commit([Persist(Space.LOCAL, b"late", b"written")])
    other = tmp_path / "after"
    shutil.copytree(home, other)
    store.close()
    assert (other / LOCK_FILE).exists()

    assert examine(other, DOWN)["database"].ok is True


def test_a_database_in_use_by_its_node_is_sound(home: Path) -> None:
    store = Store(home)
    store.commit([Persist(Space.LOCAL, b"late", b"written")])
    findings = examine(home, Node())
    store.close()

    assert findings["database"].ok is True


# --- the disk ----------------------------------------------------------------------------


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(("free_mb", "ok"), [(0, False), (199, False), (200, True), (9999, True)])
def test_a_full_disk_is_said_to_be(
    home: Path, free_mb: int, ok: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_bytes = free_mb * 1_000_000
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(2**40, 2**39, free_bytes))
    finding = examine(home, DOWN)["disk"]

    assert ok is finding.ok
    assert f"{free_mb} MB" in finding.message
    assert ("make room" in finding.message) is not ok


def test_a_disk_that_does_not_say_is_no_fault(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(place: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(shutil, "disk_usage", fail)

    assert examine(home, DOWN)["disk"].ok is None


def test_a_disk_that_fails_while_the_database_is_read_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **named: object) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise error

    monkeypatch.setattr(sqlite3, "connect", fail)
    finding = examine(home, DOWN)["database"]

    assert finding.ok is False
    assert "look at its owner and at the disk" in finding.message


# --- the program -------------------------------------------------------------------------


def test_a_node_that_does_not_answer_is_named_by_its_process(home: Path) -> None:
    store = Store(home)
    finding = examine(home, DOWN)["running"]
    holder = holder_of(home)
    store.close()

    assert finding.ok is False
    assert f"(process {holder})" in finding.message
    assert "end it and start it again" in finding.message
    assert holder_of(home) is None


def test_a_lock_left_by_a_crash_holds_nobody_up(home: Path) -> None:
    (home / LOCK_FILE).write_text("4711\n")

    assert examine(home, DOWN)["running"].ok is None


@pytest.mark.parametrize("is_down", [True, False])
def test_a_wrong_option_is_named_also_while_the_node_runs(home: Path, is_down: bool) -> None:
    """It would be found out at the next start, which may be at night after an update."""
    for text, expected in (
        ("peer_port = 70000", "it must be a whole number from 0 to 65535"),
        ("colour = 1", "“colour” in"),
        ("peer_port", "is not a TOML file"),
        ("a = " + "[" * 5000, "is not a TOML file"),
    ):
        (home / "config.toml").write_text(text)
        finding = examine(home, Node(down=is_down))["settings"]

        assert finding.ok is False
        assert expected in finding.message


def test_a_port_that_another_program_has_is_named(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as b:
        ports = [server.getsockname()[1] for server in (one, b)]
        options = f'peer_host = "127.0.0.1"\npeer_port = {ports[0]}\nweb_port = {ports[1]}\n'
        (home / "config.toml").write_text(options)
        findings = examine(home, DOWN)

    assert findings["port"].ok is False
    assert f"uses port {ports[0]}" in findings["port"].message
    assert findings["web-port"].ok is False
    assert f"uses port {ports[1]}" in findings["web-port"].message


def test_an_address_that_is_not_ours_is_named(home: Path) -> None:
    (home / "config.toml").write_text('peer_host = "192.0.2.1"\npeer_port = 7470\n')
    finding = examine(home, DOWN)["port"]

    assert finding.ok is False
    expected = "The node cannot listen at 192.0.2.1, port 7470: Cannot assign requested address"
    assert expected == finding.message


# --- what the running node says ------------------------------------------------------------


def keys(**changes: object) -> dict[str, object]:
    return {
        "is_recalling": False,
        "promises_wait_for": [],
        "is_frozen": False,
        "claims": [],
        **changes,
    }


def test_a_node_without_a_member_is_no_fault(home: Path) -> None:
    finding = examine(home, Node(status=Refused("not-set-up")))["member"]

    assert finding == (None, "The node has no member yet: open its page.")


@pytest.mark.parametrize("code", ["wrong-token", "token-unreadable"])
def test_a_wrong_token_is_not_taken_for_a_node_without_a_member(home: Path, code: str) -> None:
    findings = examine(home, Node(status=Refused(code)))

    assert findings["token"].ok is False
    assert "start the node again" in findings["token"].message
    assert "member" not in findings


@pytest.mark.parametrize("error", [NotRunning(), Refused("no-such-route"), Refused("node-failed")])
def test_a_node_that_answers_nonsense_is_to_be_started_again(
    home: Path, error: OpenHouseError
) -> None:
    finding = examine(home, Node(keys=error))["node"]

    assert finding.ok is False
    assert "start it again" in finding.message


def test_a_computer_that_is_offline_is_asked_about(home: Path) -> None:
    alone = examine(home, Node(status={"links_up": 0, "friends": 3}))["links"]
    newcomer = examine(home, Node(status={"links_up": 0, "friends": 0}))["links"]

    assert alone.ok is False
    assert "is this computer online" in alone.message
    assert newcomer.ok is True


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"is_recalling": True}, "recall", "takes a minute"),
        ({"is_frozen": True}, "keys", "openhouse keys thaw"),
        (
            {"claims": [{"name": "Ana", "counts_from": "2026-12-07T12:00:00Z", "member": "00"}]},
            "claim",
            "If Ana did not ask for it, warn them before 2026-12-07",
        ),
    ],
)
def test_what_the_node_waits_for_is_said(
    home: Path, changes: dict[str, object], name: str, expected: str
) -> None:
    finding = examine(home, Node(keys=keys(**changes)))[name]

    assert finding.ok is False
    assert expected in finding.message


def test_every_claim_is_said(home: Path) -> None:
    claims = [{"name": name, "counts_from": "2026-12-07"} for name in ("Ana", "Bob")]
    found = doctor.examine(home, Node(keys=keys(claims=claims)), "en")["checks"]
    said = [check["message"] for check in found if check["name"] == "claim"]

    assert ["Ana" in said[0], "Bob" in said[1]] == [True, True]


def test_words_that_are_not_on_paper_are_asked_for(home: Path) -> None:
    finding = examine(home, Node(words={"words": "abandon ability"}))["words"]

    assert finding.ok is False
    assert "Do it now: openhouse words" in finding.message
    assert "abandon" not in finding.message


def test_words_that_cannot_be_asked_about_are_not_said_to_be_safe(home: Path) -> None:
    findings = examine(home, Node(words=NotRunning()))

    assert "words" not in findings
    assert findings["node"].ok is False
