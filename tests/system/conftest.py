"""Homes made of real node processes, for system tests.

A ``House`` is one member's home: a data directory, a node process, and the commands
its owner types. Everything goes through the command line or the API, as a person
would do it; nothing looks into a node. Waiting is always for something named, until a
deadline; when it does not come, the failure shows what every node wrote on stderr.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from node.cli.client import Client, NotRunning

COMMAND = (sys.executable, "-m", "node.cli.main")
# Generous: the two cores of a small machine may be busy with other tests.
DEADLINE_S = 60.0
_POLL_S = 0.1


class Refusal(Exception):
    """A command ended with 1: the code it gave."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass
class House:
    """One member's home.

    Args:
        name: the member's name, and that of the data directory.
        directory: where data directory and stderr are kept.
        language: the owner's.
    """

    name: str
    directory: Path
    language: str = "en"
    member: str = ""
    ready: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        return self.directory / self.name

    @property
    def stderr_file(self) -> Path:
        return self.directory / f"{self.name}.stderr"

    # --- the process ---------------------------------------------------------------------

    def set_up(self) -> None:
        answer = self.openhouse("setup", "--name", self.name, "--language", self.language)
        self.member = answer["member"]

    def start(self) -> None:
        """Start the node and wait until it serves; ports are kept over a restart."""
        ports = [str(self.ready.get(name, 0)) for name in ("peer_port", "web_port")]
        flags = ("run", "--peer-port", ports[0], "--web-port", ports[1], "--no-lan")
        with self.stderr_file.open("ab") as stderr:
            self.process = subprocess.Popen(
                [*COMMAND, "--home", str(self.home), *flags],
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=self._environment(),
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{self.name} did not start: {self.stderr_file.read_text()}"
        self.ready = json.loads(line)

    def kill(self) -> None:
        """As a power cut would: no chance to write anything."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._forget()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=DEADLINE_S)
        self._forget()
        return code

    def _forget(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None

    def _environment(self) -> dict[str, str]:
        dropped = ("LANG", "LC_", "OPENHOUSE_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        return {**kept, "OPENHOUSE_PEER_HOST": "127.0.0.1"}

    # --- commands ------------------------------------------------------------------------

    def openhouse(self, *arguments: str) -> Any:
        """Type a command with ``--json``; raises Refusal when it is refused."""
        done = subprocess.run(
            [*COMMAND, "--home", str(self.home), "--json", *arguments],
            capture_output=True,
            env=self._environment(),
            timeout=2 * DEADLINE_S,
            check=False,
        )
        if done.returncode == 1:
            error = json.loads(done.stdout)["error"]
            raise Refusal(error["code"], error["message"])
        assert done.returncode == 0, f"{self.name}: {arguments}: {done.stderr.decode()}"
        return json.loads(done.stdout)

    def refusal(self, *arguments: str) -> Refusal:
        """Type a command that must be refused; gives why."""
        with pytest.raises(Refusal) as caught:
            self.openhouse(*arguments)
        return caught.value

    def get(self, path: str) -> Any:
        """What a view of the API shows now; None while the node is down."""
        try:
            return Client(self.home).get(path)
        except NotRunning:
            return None

    def rejects(self) -> dict[str, int]:
        """How often this node refused something of others since it started, by code."""
        token = (self.home / "token").read_text().strip()
        connection = http.client.HTTPConnection("127.0.0.1", self.ready["web_port"], timeout=20)
        try:
            connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {token}"})
            text = connection.getresponse().read().decode()
        finally:
            connection.close()
        found = re.findall(r'^openhouse_rejects_total\{code="(.+)"\} (\d+)$', text, re.MULTILINE)
        return {code: int(number) for code, number in found}

    def loan(self, loan: str) -> Any:
        """A loan as it stands here; None while it is unknown here."""
        return next((row for row in self.get("/loans") if row["loan"] == loan), None)

    def seen(self) -> dict[str, tuple[str, ...]]:
        """Titles seen in browse, each with the members it came by, holder first."""
        return {thing["title"]: tuple(thing["path"]) for thing in self.get("/browse") or ()}

    def listing(self, title: str) -> Any:
        """The one thing of this title that is seen."""
        (thing,) = [thing for thing in self.get("/browse") if thing["title"] == title]
        return thing

    def state_of(self, loan: str) -> str | None:
        """Where a loan stands, as seen from here; None while it is unknown here."""
        row = self.loan(loan)
        return None if row is None else str(row["state"])


class Street:
    """All homes of a test; ends them and shows what they wrote when something fails."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.houses: list[House] = []

    def open(self, name: str, language: str = "en") -> House:
        """A new member with a running node."""
        house = House(name, self._directory, language)
        self.houses.append(house)
        house.set_up()
        house.start()
        return house

    def wait(
        self, what: str, expected: object, look: Callable[..., object], *arguments: object
    ) -> None:
        """Call ``look(*arguments)`` again and again until it gives what is expected."""
        ends_at = time.monotonic() + DEADLINE_S
        while (found := look(*arguments)) != expected:
            if time.monotonic() > ends_at:
                raise AssertionError(
                    f"{what}: after {DEADLINE_S:g} s still {found!r}, expected {expected!r}"
                    f"\n{self.stderr()}"
                )
            time.sleep(_POLL_S)

    def stderr(self) -> str:
        """What every node wrote, its last lines."""
        parts = []
        for house in self.houses:
            lines = house.stderr_file.read_text(errors="replace").splitlines()[-30:]
            parts.append("\n".join([f"--- {house.name} ---", *lines]))
        return "\n".join(parts)

    def close(self) -> None:
        for house in self.houses:
            if house.process is not None:
                house.kill()


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    """A street of homes, all of them ended afterwards."""
    opened = Street(tmp_path)
    try:
        yield opened
    finally:
        opened.close()
