"""Homes of the street: one data directory and one real process each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from node import identity
from node.cli.client import Answer, Client, RefusedByNode
from node.errors import DemoFailed

_COMMAND: Final = (sys.executable, "-m", "node.cli.main")
_POLL_S: Final = 0.05
_DEADLINE_S: Final = 180.0
"""Seven homes on a busy Pi take their time; what hangs is said after that."""
_NEWS_S: Final = 20.0
_STOP_S: Final = 10.0


@dataclass
class Home:
    """One person's home.

    Args:
        directory: its data directory; its log is beside it.
        web_port: port of its page; 0 picks one.
    """

    name: str
    directory: Path
    web_port: int = 0
    member: str = ""
    page: str = ""
    process: subprocess.Popen[bytes] | None = None
    _log: Path = field(init=False)

    def __post_init__(self) -> None:
        self._log = self.directory.with_suffix(".log")

    @property
    def client(self) -> Client:
        return Client(self.directory)

    def set_up(self, language: str) -> None:
        """Give the home its person; one that has one already is left as it is."""
        if not (self.directory / "openhouse.db").exists():
            identity.set_up(self.directory, self.name, "", "", language)

    def start(self) -> None:
        """Start the process; ``wait_until_ready`` says when it serves."""
        flags = ("run", "--peer-port", "0", "--web-port", str(self.web_port), "--no-lan")
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*_COMMAND, "--home", str(self.directory), *flags],
                stdout=subprocess.PIPE, stderr=log, env=_environment(),
                # Ctrl-C is for the one who started the street, who ends the homes in turn.
                start_new_session=True,
            )  # fmt: skip

    def wait_until_ready(self) -> None:
        """Raises DemoFailed with the home's last words."""
        assert self.process is not None, "started before"
        output: IO[bytes] | None = self.process.stdout
        assert output is not None, "it is read"
        line = output.readline()
        if not line:
            words = self._log.read_text("utf-8", "replace").strip().splitlines()[-1:]
            raise DemoFailed(f"{self.name} did not start: {''.join(words)}".rstrip("."))
        self.member = json.loads(line)["member"]
        self.page = self.post("/page")["page"]

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    # --- what its person does ------------------------------------------------------------

    def post(self, path: str, **body: object) -> Answer:
        """Do something, as soon as the home lets its person: news of others may be on its way.

        What is refused has changed nothing (spec §10.4), so it can be asked for again.
        """
        until_s = time.monotonic() + _NEWS_S
        while True:
            try:
                return self.client.post(path, body)
            except RefusedByNode:
                if time.monotonic() > until_s:
                    raise
                time.sleep(_POLL_S)

    def wait(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait until something holds. Raises DemoFailed."""
        until_s = time.monotonic() + _DEADLINE_S
        while not holds():
            if time.monotonic() > until_s:
                raise DemoFailed(f"{self.name} waited too long {what}")
            time.sleep(_POLL_S)

    def thing(self, title: str) -> str:
        """The id of somebody's thing, as soon as it is seen here."""
        found: list[str] = []

        def is_seen() -> bool:
            found[:] = [t["thing"] for t in self.client.get("/browse") if t["title"] == title]
            return bool(found)

        self.wait(f"to see “{title}”", is_seen)
        return found[0]

    def await_loan(self, loan: str, state: str) -> None:
        def stands() -> bool:
            loans = self.client.get("/loans")
            return any(row["loan"] == loan and row["state"] == state for row in loans)

        self.wait(f"a loan to be {state}", stands)

    def is_linked(self, friend: Home) -> bool:
        friends = self.client.get("/friends")
        return any(f["member"] == friend.member and f["link"] == "up" for f in friends)


def _environment() -> dict[str, str]:
    """Homes of the street are reachable from this machine only, whatever the reader's are."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("OPENHOUSE_")}
    return {**kept, "OPENHOUSE_PEER_HOST": "127.0.0.1"}
