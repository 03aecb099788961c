"""Photos of how a thing was when it changed hands: a help to one's own memory.

    loan-photos/LOAN/handed-over-1.jpg, returned-1.jpg, ...

Taken by either side, at hand-over or return, if they like. They stay at this home: nobody is
sent them and no record names them, so they prove nothing to anybody; two people who look at
one together may settle in a minute what would else be a word against a word. Made anew
without place, time or camera, as photos of things are. No backup carries them.

Every method blocks.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from node.errors import StoreUnwritable
from node.photo_making import make_photo
from protocol.errors import Refused

DIRECTORY: Final = "loan-photos"
PER_LOAN_MAX: Final = 8
STEPS: Final = ("handed-over", "returned")
_NAME: Final = re.compile(rf"(?:{'|'.join(STEPS)})-[1-9][0-9]?\.jpg")
_LOAN: Final = re.compile(r"[0-9a-f]{32}")


class LoanPhotos:
    """Those of one home.

    Args:
        home: the data directory.
    """

    def __init__(self, home: Path) -> None:
        self._directory = home / DIRECTORY

    def names(self, loan: str) -> list[str]:
        """Those of a loan, in the order in which they were taken."""
        try:
            found = [path.name for path in self._folder(loan).iterdir()]
        except FileNotFoundError:
            return []
        kept = [name for name in found if _NAME.fullmatch(name)]
        return sorted(kept, key=lambda name: (STEPS.index(step_of(name)), _number(name)))

    def add(self, loan: str, step: str, data: bytes, file: str) -> str:
        """Keep a photo, made anew; its name.

        Args:
            loan: hex, of a loan this home takes part in.
            step: one of ``STEPS``.
            file: what the owner calls it, for the refusal.

        Raises:
            Refused: no picture, or there are too many.
            StoreUnwritable: there is no room for it.
        """
        assert step in STEPS, "steps are the program's own"
        there = self.names(loan)
        if len(there) >= PER_LOAN_MAX:
            raise Refused("too-many-loan-photos", maximum=PER_LOAN_MAX)
        numbers = [_number(name) for name in there if name.startswith(step)]
        name = f"{step}-{max(numbers, default=0) + 1}.jpg"
        picture = make_photo(data, file).full
        folder = self._folder(loan)
        half = folder / f"{name}.half"
        try:
            for each in (self._directory, folder):
                each.mkdir(mode=0o700, exist_ok=True)
            with open(half, "wb", opener=_private) as out:
                out.write(picture)
                out.flush()
                os.fsync(out.fileno())
            half.replace(folder / name)
        except OSError as error:
            half.unlink(missing_ok=True)
            reason = error.strerror or type(error).__name__
            raise StoreUnwritable(f"A photo cannot be kept in {folder}: {reason}") from error
        return name

    def read(self, loan: str, name: str) -> bytes:
        """One of them. Raises Refused."""
        if _NAME.fullmatch(name):
            with suppress(FileNotFoundError):
                return (self._folder(loan) / name).read_bytes()
        raise Refused("no-such-photo")

    def remove(self, loan: str, name: str) -> None:
        """Let go of one; that it is gone already is no matter."""
        if _NAME.fullmatch(name):
            (self._folder(loan) / name).unlink(missing_ok=True)

    def _folder(self, loan: str) -> Path:
        if not _LOAN.fullmatch(loan):
            raise Refused("unknown-loan", loan=loan[:80])
        return self._directory / loan


def step_of(name: str) -> str:
    """At which step a photo was taken."""
    return name.removesuffix(".jpg").rpartition("-")[0]


def _number(name: str) -> int:
    return int(name.removesuffix(".jpg").rpartition("-")[2])


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
