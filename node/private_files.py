"""Small files that only their owner can read: the token, what a node says of itself, a password.

Each is written whole or not at all.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from node.errors import StoreUnwritable

NODE_FILE: Final = "node.json"
TOKEN_FILE: Final = "token"

_TOKEN: Final = re.compile(r"[0-9a-f]{64}")
_log = logging.getLogger("openhouse")


def token_of(home: Path) -> str:
    """The secret of the local API, kept so that browsers stay signed in. Raises StoreUnwritable."""
    path = home / TOKEN_FILE
    try:
        token = path.read_text(encoding="ascii").strip()
        if _TOKEN.fullmatch(token):
            path.chmod(0o600)
            return token
    except (OSError, ValueError):
        _log.debug("a new token is made")
    token = secrets.token_hex(32)
    write_private(path, token + "\n")
    return token


def write_private(path: Path, text: str) -> None:
    """Write a file that only the owner can read. Raises StoreUnwritable."""
    part = path.with_name(path.name + ".part")
    try:
        with suppress(FileNotFoundError):
            part.unlink()
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        part.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreUnwritable(f"{path} cannot be written: {reason}") from error
