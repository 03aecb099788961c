"""The street of the demo: seven real processes, and a past that they have in common."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from node.cli.client import Client
from node.demo import cast

pytestmark = [pytest.mark.usefixtures("unmeasured"), pytest.mark.system, pytest.mark.timeout(240)]

# Beside French, which the others speak: seven processes for each.
LANGUAGES: Final = ("es", "en") if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else ("es",)


def start(directory: Path, language: str = "fr") -> tuple[subprocess.Popen[bytes], Any]:
    """The demo as one types it, and what it says once it is ready."""
    words = ("--json", "--language", language, "--home", str(directory), "demo")
    process = subprocess.Popen(
        [sys.executable, "-m", "node.cli.main", *words],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.endswith(b"}\n"):
        # Not the one line of a street that is ready: what it says instead goes on until its end.
        with process.stdout:
            said = (line + process.stdout.read()).decode()
        raise AssertionError(f"the demo ended with {process.wait()}: {said}")
    return process, json.loads(line)


def stop(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    code = process.wait(60)
    assert process.stdout is not None
    process.stdout.close()
    return code


def test_a_street_is_built_and_found_again_and_leaves_nothing_running(tmp_path: Path) -> None:
    process, ready = start(tmp_path)
    try:
        assert list(cast.NAMES) == [home["name"] for home in ready["homes"]]
        ana = Client(tmp_path / "Ana")
        waiting = {row["role"]: row["state"] for row in ana.get("/loans") if row["waits_for_me"]}
        assert {"holder": "asked", "between": "asked", "borrower": "countered"} == waiting
        things = {t["title"]: t for t in ana.get("/browse")}
        assert 12 == len(things)
        assert things["Projecteur et écran"]["can_ask"] is True
        kayak = things["Kayak à deux places"]
        assert (kayak["distance"], kayak["can_ask_on_word"]) == (3, True)
        assert 2 == ana.get("/trust")["circles_open"]
        for home in ready["homes"]:
            address = urlsplit(home["page"])
            connection = http.client.HTTPConnection("localhost", address.port or 0, timeout=30)
            connection.request("GET", f"{address.path}?{address.query}")
            response = connection.getresponse()
            assert (303, "/") == (response.status, response.getheader("Location"))
            connection.close()
        node = json.loads((tmp_path / "Ana" / "node.json").read_text())
    finally:
        assert 0 == stop(process)
    with pytest.raises(ProcessLookupError):
        os.kill(node["pid"], 0)

    process, again = start(tmp_path)
    try:
        members = [home["member"] for home in again["homes"]]
        assert members == [home["member"] for home in ready["homes"]]
        assert 8 == len(Client(tmp_path / "Ana").get("/loans"))
    finally:
        assert 0 == stop(process)


@pytest.mark.parametrize("language", LANGUAGES)
def test_its_people_speak_the_reader_s_language(tmp_path: Path, language: str) -> None:
    process, _ = start(tmp_path, language)
    try:
        titles = [t["title"] for t in Client(tmp_path / "Ana").get("/browse")]
        said = [t.title[language] for t in cast.THINGS if t.holder != "Ana"]
        assert sorted([*said, cast.WANTED[1][language]]) == sorted(titles)
    finally:
        assert 0 == stop(process)
