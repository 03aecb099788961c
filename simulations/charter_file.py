"""A charter file: the numbers of a house, as TOML, for simulations and for a house alike.

What is wrong with it is one sentence that names the file.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from protocol.charter import Charter, CharterError
from protocol.errors import OpenHouseError


class CharterFileError(OpenHouseError):
    """A file that holds no charter; its text is one sentence for people."""


def read_charter(path: Path) -> tuple[str, dict[str, object]]:
    """The file's text, and the numbers in it, which are possible.

    Raises:
        CharterFileError: it cannot be read, or is no charter.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
        if isinstance(data.get("charter"), dict):
            raise CharterFileError(
                f"{path} is no charter: write its numbers without [charter] above them, which a "
                "scenario has."
            )
        Charter.from_toml(data)
    except OSError as error:
        raise CharterFileError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (CharterError, ValueError) as error:
        raise CharterFileError(f"{path} is no charter: {_said(error)}") from error
    return text, data


def _said(error: Exception) -> str:
    """A sentence, whatever a library calls it."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not a text."
    return str(error) if str(error).endswith(".") else f"{error}."
