"""Talks to the running node: its address and token are in the data directory.

Only the standard library is used, because a command that takes half a second to
start is not used twice. Spec: §10.4.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias
from urllib.parse import quote, urlencode

from protocol.errors import OpenHouseError, Refused

Answer: TypeAlias = Any
"""JSON of the node; its keys are those of the route's table in ``node.api.routes``."""

Body: TypeAlias = "Mapping[str, object] | bytes | BinaryIO | None"

NODE_FILE: Final = "node.json"
TOKEN_FILE: Final = "token"
HOME_VARIABLE: Final = "OPENHOUSE_HOME"
_LOOPBACK: Final = "127.0.0.1"
_EVERYWHERE: Final = ("0.0.0.0", "::")
# Longer than the node lets a ``join`` wait.
_TIMEOUT_S: Final = 75.0
_CHUNK_SIZE_BYTES: Final = 1024 * 1024
_ANSWER_MAX_BYTES: Final = 64 * 1024 * 1024
# What a file that is not ours can lead to.
_UNREADABLE: Final = (
    OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError,
)  # fmt: skip


class NotRunning(OpenHouseError):
    """No node answers for this data directory."""


class RefusedByNode(Refused):
    """The node said no, in a sentence of its own."""

    message: str

    def __init__(self, code: str, message: str) -> None:
        super().__init__("refused-by-node")
        self.code = code
        self.message = message


def home_directory(given: str | None) -> Path:
    """The data directory: flag over environment over the usual place."""
    chosen = given or os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    from node.config import default_home

    return default_home()


class Client:
    """Requests to the node of one data directory.

    Args:
        language: the language asked for; None leaves it to the node (its owner's).
    """

    def __init__(self, home: Path, language: str | None = None) -> None:
        self._home = home
        self._language = language
        self.answer_language: str | None = None
        """The language the node answered in, once it has answered."""

    def get(self, path: str, query: Mapping[str, object] | None = None) -> Answer:
        return self._request("GET", _with_query(path, query), None)

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Answer:
        return self._request("POST", path, body or {})

    def send_file(self, path: str, data: bytes | BinaryIO) -> Answer:
        """Post bytes as they are; a large file as it is read, not as a whole."""
        return self._request("POST", path, data)

    def fetch_file(self, path: str, target: BinaryIO) -> None:
        """Write what the node answers to a file, as it comes.

        Raises:
            RefusedByNode: it has no such file.
        """
        headers = {"Authorization": f"Bearer {self._token()}"}
        if self._language is not None:
            headers["Accept-Language"] = self._language
        host, port = self._address()
        connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
        try:
            named = {**headers, "Host": f"localhost:{port}"}
            connection.request("GET", f"/api/v1{path}", headers=named)
            response = connection.getresponse()
            if response.status != 200:
                raise _refusal(json.loads(response.read(_ANSWER_MAX_BYTES)))
            while chunk := response.read(_CHUNK_SIZE_BYTES):
                target.write(chunk)
        except (http.client.HTTPException, ConnectionError, TimeoutError, ValueError) as error:
            raise NotRunning from error
        finally:
            connection.close()

    def patch(self, path: str, body: Mapping[str, object]) -> Answer:
        return self._request("PATCH", path, body)

    def delete(self, path: str, query: Mapping[str, object] | None = None) -> Answer:
        return self._request("DELETE", _with_query(path, query), None)

    def is_running(self) -> bool:
        """Whether a node answers, set up or not."""
        try:
            self._exchange("GET", "/healthz", None, {})
        except NotRunning:
            return False
        return True

    def _request(self, method: str, path: str, body: Body) -> Answer:
        headers = {"Authorization": f"Bearer {self._token()}", "Accept": "application/json"}
        if self._language is not None:
            headers["Accept-Language"] = self._language
        data = None if isinstance(body, Mapping) else body
        if isinstance(body, Mapping):
            given = {name: value for name, value in body.items() if value is not None}
            # default=str: dates of a TOML file; the node says what it thinks of them.
            data = json.dumps(given, default=str).encode()
            headers["Content-Type"] = "application/json"
        status, answer = self._exchange(method, f"/api/v1{path}", data, headers)
        if status == 200:
            return answer
        raise _refusal(answer)

    def _exchange(
        self, method: str, path: str, data: bytes | BinaryIO | None, headers: dict[str, str]
    ) -> tuple[int, Answer]:
        """One request; the status and the JSON of the answer."""
        host, port = self._address()
        connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
        try:
            # By this name the node is always served, whatever address it listens on.
            named = {**headers, "Host": f"localhost:{port}"}
            connection.request(method, path, body=data, headers=named)
            response = connection.getresponse()
            content = response.read(_ANSWER_MAX_BYTES)
            self.answer_language = response.getheader("Content-Language") or self.answer_language
            return response.status, json.loads(content)
        # Refused, reset, timed out, or something else answers on that port.
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            raise NotRunning from error
        finally:
            connection.close()

    def _address(self) -> tuple[str, int]:
        """Where the page and the API are served, as the running node wrote it down."""
        try:
            node = json.loads((self._home / NODE_FILE).read_text(encoding="utf-8"))
            host, port = node.get("web_host", _LOOPBACK), node["web_port"]
        except _UNREADABLE as error:
            raise NotRunning from error
        if not isinstance(host, str) or not isinstance(port, int) or not 0 < port < 65536:
            raise NotRunning
        return _LOOPBACK if host in _EVERYWHERE else host, port

    def _token(self) -> str:
        try:
            return (self._home / TOKEN_FILE).read_text(encoding="ascii").strip()
        except FileNotFoundError as error:
            raise NotRunning from error
        except (OSError, ValueError) as error:
            path = str(self._home / TOKEN_FILE)
            raise Refused("token-unreadable", path=path) from error


def _refusal(answer: Answer) -> RefusedByNode | NotRunning:
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return NotRunning()
    return RefusedByNode(str(error.get("code")), str(error.get("message")))


def part(text: str) -> str:
    """An id as one part of a path, whatever was typed."""
    # An empty part, "." and ".." would name another path; "-" is no id either.
    return "-" if text.strip() in ("", ".", "..") else quote(text, safe="@", errors="replace")


def _with_query(path: str, query: Mapping[str, object] | None) -> str:
    given = {name: _text(v) for name, v in (query or {}).items() if v is not None}
    return f"{path}?{urlencode(given)}" if given else path


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
