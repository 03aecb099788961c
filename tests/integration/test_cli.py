"""The command ``openhouse`` as scripts and people meet it: real processes, real exit codes."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from node.cli import main as cli
from node.cli.output import naming_home
from node.store import DATABASE_FILE
from node.wording import messages

pytestmark = pytest.mark.system

COMMAND = (sys.executable, "-m", "node.cli.main")
RUN_FLAGS = ("run", "--peer-port", "0", "--web-port", "0", "--no-lan")


def environment(**changes: str) -> dict[str, str]:
    """The tests' environment without anything that would choose a language or a home."""
    dropped = ("LANG", "LANGUAGE", "LC_", "OPENHOUSE_", "XDG_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, "OPENHOUSE_PEER_HOST": "127.0.0.1", **changes}


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def openhouse(home: Path, *arguments: str, **variables: str) -> Result:
    done = subprocess.run(
        [*COMMAND, "--home", str(home), *arguments],
        capture_output=True,
        env=environment(**variables),
        timeout=60,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


@dataclass
class RunningNode:
    """A node process that has said it is ready."""

    home: Path
    process: subprocess.Popen[bytes]
    ready: dict[str, Any]

    def __call__(self, *arguments: str, **variables: str) -> Result:
        return openhouse(self.home, *arguments, **variables)

    def json(self, *arguments: str) -> Any:
        result = self("--json", *arguments)
        assert (result.code, result.err) == (0, ""), result.err
        return result.json

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process.stdout is not None
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        self.process.stdout.close()
        return code


def start(home: Path, *flags: str) -> RunningNode:
    """Start a node; fails with what it wrote on stderr when it does not come up."""
    errors = home.parent / f"{home.name}.stderr"
    with errors.open("ab") as stderr:
        process = subprocess.Popen(
            [*COMMAND, "--home", str(home), *RUN_FLAGS, *flags],
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment(),
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait(timeout=20)
        process.stdout.close()
        raise AssertionError(f"the node ended with {process.returncode}: {errors.read_text()}")
    return RunningNode(home, process, json.loads(line))


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    """A node of its own house, whose owner speaks French."""
    home = tmp_path_factory.mktemp("cli") / "ana"
    assert openhouse(home, "setup", "--name", "Ana", "--language", "fr").code == 0
    running = start(home)
    assert running("house", "found", "Rue des Lilas").code == 0
    yield running
    running.stop(signal.SIGKILL)


def refused(result: Result, code: str) -> str:
    """The message of a refusal with ``--json``: the same sentence on both streams."""
    assert result.code == 1, result
    error = result.json["error"]
    assert error["code"] == code
    assert error["message"] in result.err
    assert "Traceback" not in result.err
    assert len(result.err.strip().splitlines()) == 1
    return str(error["message"])


# --- without a node ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [("status",), ("browse",), ("things", "add", "Guitar"), ("join", "openhouse:x"), ("friends",)],
)
def test_a_command_without_a_running_node_ends_with_3(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    result = openhouse(tmp_path, "--json", *command)

    assert result.code == 3
    assert result.json["error"]["code"] == "not-running"
    assert f"openhouse --home {tmp_path} run" in result.err


def test_a_node_that_was_killed_is_not_running(tmp_path: Path) -> None:
    """Its files are still there, and say nothing true."""
    home = tmp_path / "killed"
    openhouse(home, "setup", "--name", "Ana")
    running = start(home)
    running.stop(signal.SIGKILL)

    assert openhouse(home, "status").code == 3


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("nonsense",),
        ("rate", "12345678"),
        ("rate", "12345678", "--confiance", "2", "--respect", "5"),
        ("rate", "12345678", "--confiance", "1", "--respect", "11"),
        ("rate", "12345678", "--confiance", "1", "--respect", "-1"),
        ("answer", "12345678", "perhaps"),
        ("answer", "12345678", "counter"),
        ("answer", "12345678", "yes", "--from", "2026-12-01", "--to", "2026-12-02"),
        ("ask", "12345678", "--from", "2026-12-01"),
        ("things", "set", "12345678"),
        ("things", "add"),
        ("things", "add", "Guitar", "--kind", "gift"),
        ("things", "add", "Guitar", "--circles", "9"),
        ("run", "--web-port", "70000"),
        ("status", "--stat"),
        ("--language", "de", "status"),
        ("keys", "nonsense"),
    ],
)
def test_wrong_usage_ends_with_2_and_one_line_of_reason(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    result = openhouse(tmp_path, *command)

    assert (result.code, result.out) == (2, "")
    assert "usage: openhouse" in result.err
    assert "Traceback" not in result.err


def test_the_command_alone_shows_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """The first thing a newcomer types, and it was once a traceback."""
    assert 2 == cli.main([])
    assert "found a house, or show yours" in capsys.readouterr().err


def test_who_says_that_it_did_not_go_as_agreed_is_asked_what_it_was(node: RunningNode) -> None:
    result = openhouse(node.home, "rate", "12345678", "--confiance", "0", "--respect", "3")

    assert (1, True) == (result.code, "--fault" in result.err)


def test_help_and_version_are_given_without_a_node(tmp_path: Path) -> None:
    assert "browse" in openhouse(tmp_path, "--help").out
    assert openhouse(tmp_path, "--version").out.startswith("openhouse ")
    assert openhouse(tmp_path, "ask", "--help").code == 0


def test_client_commands_start_without_the_node_s_libraries() -> None:
    """A command that takes half a second to start is not used twice."""
    script = (
        "import sys, node.cli.main, node.cli.render;"
        "heavy = ('aiohttp', 'asyncio', 'cryptography', 'msgpack', 'jinja2', 'numpy', 'zeroconf',"
        " 'segno');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert done.stdout.decode().strip() == "[]"


def test_the_language_is_the_one_asked_for_else_that_of_the_environment(tmp_path: Path) -> None:
    french = naming_home(messages.say("not-running", {}, "fr"), str(tmp_path))
    spanish = naming_home(messages.say("not-running", {}, "es"), str(tmp_path))

    assert french in openhouse(tmp_path, "status", LANG="fr_FR.UTF-8").err
    assert spanish in openhouse(tmp_path, "status", LANGUAGE="es:fr", LANG="fr_FR.UTF-8").err
    assert spanish in openhouse(tmp_path, "status", "--language", "es", LANG="fr_FR.UTF-8").err


def test_the_simulator_is_reached_through_the_same_command(tmp_path: Path) -> None:
    graph = tmp_path / "street.edges"
    graph.write_text("0 1\n1 2\n2 3\n")
    reach = ("simulate", "reach", "--circles", "2", "--graph")

    answer = openhouse(tmp_path, "--json", *reach, str(graph)).json
    assert (answer["members"], answer["missing"], answer["extra"]) == (4, 0, 0)
    assert openhouse(tmp_path, "--json", *reach, str(tmp_path / "none")).code == 1
    assert openhouse(tmp_path, "simulate").code == 2


# --- setting up, starting and ending -----------------------------------------------------


def test_setup_makes_a_member_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = openhouse(home, "--json", "setup", "--name", "Ana", "--email", "ana@example.org")

    assert first.code == 0
    assert len(first.json["member"]) == 64
    refused(openhouse(home, "--json", "setup", "--name", "Bruno"), "already-set-up")


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (("--name", " "), "name-missing"),
        (("--name", "Ana", "--email", "ana"), "bad-email"),
        (("--name", "Ana", "--phone", "0612"), "bad-phone"),
    ],
)
def test_setup_refuses_what_is_not_possible(
    tmp_path: Path, flags: tuple[str, ...], code: str
) -> None:
    refused(openhouse(tmp_path / "home", "--json", "setup", *flags), code)


def test_a_node_without_a_member_runs_and_is_set_up_through_the_same_command(
    tmp_path: Path,
) -> None:
    running = start(tmp_path / "home")
    try:
        refused(running("--json", "status"), "not-set-up")
        member = running.json("setup", "--name", "Ana")["member"]
        assert running.json("status")["member"] == member
        refused(running("--json", "setup", "--name", "Bruno"), "already-set-up")
    finally:
        assert running.stop() == 0


def test_a_node_ends_cleanly_and_starts_again_as_the_same_member(tmp_path: Path) -> None:
    home = tmp_path / "home"
    member = openhouse(home, "--json", "setup", "--name", "Ana").json["member"]
    for _ in range(2):
        running = start(home)
        assert running.ready["event"] == "ready"
        assert running.ready["member"] == member
        assert running.ready["web_port"] > 0
        assert running.ready["peer_port"] > 0
        assert running.stop() == 0


def test_a_second_node_on_one_data_directory_is_refused(node: RunningNode) -> None:
    message = refused(node("--json", *RUN_FLAGS), "store-busy")

    assert message
    assert node.json("status")["name"] == "Ana"


def test_a_taken_port_is_refused(node: RunningNode, tmp_path: Path) -> None:
    home = tmp_path / "home"
    openhouse(home, "setup", "--name", "Bruno")
    port = str(node.ready["web_port"])
    flags = ("run", "--peer-port", "0", "--web-port", port, "--no-lan")

    assert port in refused(openhouse(home, "--json", *flags), "port-taken")


def test_an_unwritable_home_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")

    refused(openhouse(tmp_path / "file", "--json", "setup", "--name", "Ana"), "store-unwritable")


def test_a_wrong_option_is_refused_with_its_name(tmp_path: Path) -> None:
    home = tmp_path / "home"
    openhouse(home, "setup", "--name", "Ana")

    message = refused(openhouse(home, "--json", "run", OPENHOUSE_WEB_PORT="many"), "config-wrong")
    assert "OPENHOUSE_WEB_PORT" in message
    (home / "config.toml").write_text("peer_port = ")
    refused(openhouse(home, "--json", *RUN_FLAGS), "config-wrong")
    (home / "config.toml").write_text("peer_prot = 7470")
    assert "peer_prot" in refused(openhouse(home, "--json", *RUN_FLAGS), "config-wrong")


@pytest.mark.parametrize("damage", [b"", b"not a database", bytes(8192)])
def test_a_damaged_database_is_refused_and_left_as_it_is(tmp_path: Path, damage: bytes) -> None:
    home = tmp_path / "home"
    openhouse(home, "setup", "--name", "Ana")
    database = home / DATABASE_FILE
    content = database.read_bytes()
    damaged = damage + content[len(damage) :] if damage else content[: len(content) // 2]
    database.write_bytes(damaged)

    refused(openhouse(home, "--json", *RUN_FLAGS), "store-corrupt")
    assert damaged == database.read_bytes()


# --- with a node -------------------------------------------------------------------------


def test_status_has_the_keys_that_scripts_rely_on(node: RunningNode) -> None:
    status = node.json("status")

    assert (status["name"], status["house_name"], status["standing"]) == (
        "Ana",
        "Rue des Lilas",
        "alone",
    )
    keys = "member name house standing friends links_up sharing confiance respect circles_open"
    assert set(keys.split()) <= set(status)


def test_options_may_stand_before_or_after_the_command(node: RunningNode) -> None:
    assert node("--json", "status").json == node("status", "--json").json


def test_answers_are_in_the_owners_language(node: RunningNode) -> None:
    own = messages.say("no-such-date", {"date": "2026-02-30"}, "fr")
    spanish = messages.say("no-such-date", {"date": "2026-02-30"}, "es")
    ask = ("ask", "12345678", "--from", "2026-02-30", "--to", "2026-03-01")

    assert own in node(*ask).err
    assert spanish in node("--language", "es", *ask).err


def test_empty_answers_say_what_to_do_next(node: RunningNode) -> None:
    for command, hint in (
        (("friends",), "invite"),
        (("loans",), "browse"),
        (("browse",), "invite"),
        (("status",), "invite"),
    ):
        result = node("--language", "en", *command)
        assert result.code == 0
        assert f"openhouse --home {node.home} {hint}" in result.out, command


def test_a_thing_is_added_listed_changed_and_withdrawn(node: RunningNode) -> None:
    added = node.json("things", "add", 'Écran 22"', "--kind", "spot", "--circles", "2")
    assert (added["title"], added["kind"], added["circles"]) == ('Écran 22"', "spot", 2)
    assert 'Écran 22"' in node("things").out
    changed = node.json("things", "set", added["thing"][:8], "--circles", "1", "--text", "HDMI")
    assert changed["circles"] == 1
    assert [thing["text"] for thing in node.json("things")] == ["HDMI"]
    why = node.json("why", added["thing"])
    assert (why["verified"], why["certificates"]) == (True, [])
    assert node.json("things", "withdraw", added["thing"])["thing"] == added["thing"]
    assert node.json("things") == []


def test_an_invitation_is_shown_with_its_code_and_its_end(node: RunningNode) -> None:
    shown = node("invite", "--ttl", "1h")
    link = shown.out.splitlines()[0]

    assert shown.code == 0
    assert "█" in shown.out
    answer = node.json("invite", "--email", "bruno@example.org")
    assert answer["link"] != link
    assert answer["expires"].endswith("Z")
    assert "█" not in node("--json", "invite").out


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("why", "12345678"), "unknown-thing"),
        (("why", "1234567"), "id-too-short"),
        (("why", "guitar"), "not-an-id"),
        (("why", ""), "not-an-id"),
        (("why", ".."), "not-an-id"),
        (("why", "../status"), "not-an-id"),
        (("why", "é\u202e"), "not-an-id"),
        (("things", "set", "12345678", "--title", "Guitar"), "unknown-thing"),
        (("things", "withdraw", "12345678"), "unknown-thing"),
        (("things", "add", "Guitare 15 € la journée"), "states-a-price"),
        (("things", "add", "Guitar", "--circles", "4"), "circles-out-of-range"),
        (("things", "add", "Guitar", "--only-through", "12345678"), "unknown-member"),
        (("things", "add", " "), "title-missing"),
        (("ask", "12345678", "--from", "2099-01-01", "--to", "2099-01-02"), "unknown-thing"),
        (("ask", "12345678", "--from", "2099-01-02", "--to", "2099-01-01"), "end-before-start"),
        (("ask", "12345678", "--from", "soon", "--to", "2099-01-01"), "bad-date"),
        (("browse", "--from", "2099-01-01"), "dates-incomplete"),
        (("friends", "end", "12345678"), "unknown-member"),
        (("trust", "12345678"), "unknown-member"),
        (("answer", "12345678", "yes"), "unknown-loan"),
        (("recommend", "12345678", "no"), "unknown-loan"),
        (("handover", "12345678"), "unknown-loan"),
        (("return", "12345678"), "unknown-loan"),
        (("cancel", "12345678"), "unknown-loan"),
        (("rate", "12345678", "--confiance", "1", "--respect", "8"), "unknown-loan"),
        (("join", "https://example.org"), "link-malformed"),
        (("join", ""), "link-malformed"),
        (("invite", "--ttl", "soon"), "bad-duration"),
        (("invite", "--ttl", "400d"), "ttl-out-of-range"),
        (("house", "found", "Second"), "already-in-a-house"),
    ],
)
def test_what_is_not_possible_is_refused_and_changes_nothing(
    node: RunningNode, command: tuple[str, ...], code: str
) -> None:
    before = (node.json("status"), node.json("things"))

    refused(node("--json", *command), code)
    assert (node.json("status"), node.json("things")) == before


def test_ones_own_invitation_is_refused(node: RunningNode) -> None:
    refused(node("--json", "join", node.json("invite")["link"]), "own-invitation")


def test_a_charter_is_read_from_a_file(tmp_path: Path) -> None:
    home, charter = tmp_path / "home", tmp_path / "charter.toml"
    openhouse(home, "setup", "--name", "Ana")
    running = start(home)
    try:
        found = ("--json", "house", "found", "Atelier", "--charter")
        refused(running(*found, str(charter)), "file-unreadable")
        charter.write_text("max_circles = ")
        refused(running(*found, str(charter)), "not-toml")
        charter.write_text('friendship_lease_ms = "3 weeks"')
        assert "friendship_lease_ms" in refused(
            running(*found, str(charter)), "charter-not-possible"
        )
        charter.write_text("max_circle = 2")
        assert "the nearest is “max_circles”" in refused(
            running(*found, str(charter)), "charter-not-possible"
        )
        charter.write_text('max_circles = 2\nfriendship_lease_ms = "21d"')
        assert running(*found, str(charter)).code == 0
        rules = {rule["name"]: rule["value"] for rule in running.json("house", "show")["charter"]}
        assert (rules["max_circles"], rules["friendship_lease_ms"]) == (2, 21 * 86_400_000)
        said = running("house", "show").out
        assert said.index("Circles\n") < said.index("as far as circle 2") < said.index("Trust\n")
    finally:
        running.stop()


# --- the local port ----------------------------------------------------------------------


def request(node: RunningNode, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", node.ready["web_port"], timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_the_token_is_readable_by_its_owner_only(node: RunningNode) -> None:
    assert (node.home / "token").stat().st_mode & 0o777 == 0o600


def test_a_hostile_host_header_or_a_wrong_token_gets_nothing(node: RunningNode) -> None:
    token = (node.home / "token").read_text().strip()
    good = {"Authorization": f"Bearer {token}"}

    assert request(node, "/api/v1/status", good)[0] == 200
    for headers, status in (
        ({**good, "Host": "evil.example"}, 403),
        ({"Authorization": "Bearer wrong"}, 401),
        ({}, 401),
    ):
        got, body = request(node, "/api/v1/status", headers)
        assert got == status
        assert node.ready["member"].encode() not in body
