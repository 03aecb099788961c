"""What the simulator's options take: numbers, shares, durations, and files that are written later.

Each reader says in a clause what was given and what may stand there; argparse puts the option's
name before it.
"""

from __future__ import annotations

import argparse
import errno
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from simulations.tables import UNITS_MS

HOW_TO_INSTALL: Final = (
    "install them with  make lab  in the folder of Open House (or  pip install -e '.[sim]'  there)."
)
MANY_MAX: Final = 100_000
SEED_MAX: Final = 2**63 - 1


def number(low: int, high: int) -> Callable[[str], int]:
    """A whole number between two others, these included."""

    def read(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return read


count: Final = number(1, MANY_MAX)
seed_number: Final = number(0, SEED_MAX)


def numbers(text: str) -> tuple[int, ...]:
    """Whole numbers with commas between them."""
    words = text.split(",")
    if not all(word.isdecimal() and 1 <= int(word) <= MANY_MAX for word in words):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of whole numbers from 1 to {MANY_MAX}, such as 10,100"
        )
    return tuple(int(word) for word in words)


def share(text: str) -> float:
    try:
        given = float(text)
    except ValueError:
        given = -1.0
    if not 0 <= given <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share from 0 to 1")
    return given


def duration_ms(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,6})(s|m|h|d)", text)
    if match is None or int(match[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 90s, 30m, 1h or 2d")
    return int(match[1]) * UNITS_MS[match[2]]


def make_room(file: Path | None) -> None:
    """Make sure that a file can be written after the work: it would be a pity then.

    Raises:
        OSError: it cannot, and its text says why.
    """
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
