"""TOML files that people write: the options, a charter.

The standard library reads any of them, but takes minutes for a megabyte of dots, and
fails in its own way for thousands of brackets. No file of ours is that large or deep.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

TOML_SIZE_MAX_BYTES: Final = 32 * 1024
DEPTH_MAX: Final = 8
"""Tables and arrays inside each other; ours have two."""


def read_toml(path: Path) -> dict[str, Any]:
    """The table in a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not TOML (or not UTF-8), or larger or deeper than people write.
    """
    with path.open("rb") as file:
        data = file.read(TOML_SIZE_MAX_BYTES + 1)
    if len(data) > TOML_SIZE_MAX_BYTES:
        raise ValueError(f"it is larger than {TOML_SIZE_MAX_BYTES // 1024} KiB")
    try:
        table = tomllib.loads(data.decode())
    except RecursionError:
        raise ValueError("its tables and arrays are too deep inside each other") from None
    if _is_deep(table):
        raise ValueError("its tables and arrays are too deep inside each other")
    return table


def _is_deep(table: dict[str, Any]) -> bool:
    level: list[object] = [table]
    for _ in range(DEPTH_MAX):
        inner: list[object] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        level = [value for value in inner if isinstance(value, dict | list)]
    return bool(level)
