"""Files on disk: those of own things, those that are coming, and those that have come.

    files/own/NAME, NAME.list          a file of mine, and the digests of its parts
    files/coming/LOAN-NAME, ….list     what has come of a file so far
    files/come/LOAN                    what the finished one is called in ``received``
    received/…                         finished files: the owner's, never written over

Not in the database: a podcast is larger than all the rest, and no backup should carry it.
What stands here is checked before it is believed, so a power cut costs a part at most.

Every method blocks; used by one thread at a time.

Spec: §20.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from node.file_names import numbered, safe_name
from protocol import limits
from protocol.bodies import ThingFile
from protocol.errors import Refused
from protocol.files import PART_SIZE_BYTES, Shape, digest_in, file_name, is_list, part_digest
from protocol.keys import ObjectId

RECEIVED_DIRECTORY: Final = "received"
_DISK_SPARE_BYTES: Final = 64 * 1024 * 1024
"""What is left to the database whatever comes."""
_NAMES_MAX: Final = 1000
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Coming:
    """A file that is to come, for one loan."""

    loan: ObjectId
    file: ThingFile

    @property
    def key(self) -> str:
        return f"{self.loan.hex()}-{self.file.name.hex()}"

    @property
    def shape(self) -> Shape:
        return Shape(self.file.size_bytes)


class FileStore:
    """The files of one home.

    Args:
        home: the data directory; folders are made when there is something to keep.
    """

    def __init__(self, home: Path) -> None:
        self._own = home / "files" / "own"
        self._coming = home / "files" / "coming"
        self._come = home / "files" / "come"
        self.received = home / RECEIVED_DIRECTORY

    # --- files of own things -----------------------------------------------------------------

    def begin(self) -> Upload:
        """A file of the owner's begins to arrive. Raises Refused, OSError."""
        _make(self._own)
        return Upload(self._own)

    def own_size_bytes(self) -> int:
        """Bytes of all own files."""
        return sum(size for _, size in self._own_files())

    def has_own(self, name: bytes, size_bytes: int) -> bool:
        path = self._own / name.hex()
        return path.is_file() and path.stat().st_size == size_bytes

    def piece(self, file: ThingFile, number: int) -> bytes:
        """A piece of an own file; empty when it is not here. Raises OSError."""
        shape = Shape(file.size_bytes)
        begin, size_bytes = shape.place_of(number)
        path = self._own / file.name.hex()
        if number < shape.list_pieces:
            path = path.with_suffix(".list")
        try:
            with path.open("rb") as source:
                source.seek(begin)
                data = source.read(size_bytes)
        except FileNotFoundError:
            return b""
        return data if len(data) == size_bytes else b""

    def keep_own(self, names: Container[bytes]) -> None:
        """Delete all own files but these, and what was left half done."""
        for path, _ in self._own_files():
            is_whole = len(path.stem) == 64
            if not is_whole or bytes.fromhex(path.stem) not in names:
                _drop(path, path.with_suffix(".list"))
        if self._own.is_dir():
            for path in sorted(self._own.iterdir()):
                if path.suffix == ".new":
                    _drop(path)

    def _own_files(self) -> list[tuple[Path, int]]:
        if not self._own.is_dir():
            return []
        paths = [path for path in sorted(self._own.iterdir()) if not path.suffix]
        return [(path, path.stat().st_size) for path in paths]

    # --- files that are coming ---------------------------------------------------------------

    def missing(self, coming: Coming) -> tuple[bytes, list[int]]:
        """The list as far as it is here and right, and the pieces that are not.

        All that is here is read and checked: this is how what a cut left behind is found.
        Raises OSError.
        """
        shape, path = coming.shape, self._coming / coming.key
        listed = _read(path.with_suffix(".list"))
        if not is_list(listed, coming.file.name, coming.file.size_bytes):
            return b"", list(range(shape.list_pieces))
        wrong = []
        try:
            source: BinaryIO | None = path.open("rb")
        except FileNotFoundError:
            source = None
        for part in range(shape.parts):
            _, size_bytes = shape.place_of(shape.list_pieces + part)
            data = b"" if source is None else source.read(size_bytes)
            if not data or part_digest(part, data) != digest_in(listed, part):
                wrong.append(shape.list_pieces + part)
        if source is not None:
            source.close()
        return listed, wrong

    def check_room(self, coming: Coming) -> None:
        """Raises Refused: the disk has no room for this file."""
        _make(self._coming)
        path = self._coming / coming.key
        here = path.stat().st_blocks * 512 if path.exists() else 0
        free = shutil.disk_usage(self._coming).free
        if free + here < coming.file.size_bytes + _DISK_SPARE_BYTES:
            raise Refused("file-no-room")

    def put_list(self, coming: Coming, listed: bytes) -> None:
        _make(self._coming)
        (self._coming / coming.key).with_suffix(".list").write_bytes(listed)

    def put_part(self, coming: Coming, piece: int, data: bytes) -> None:
        """Write a checked part to its place. Raises OSError."""
        _make(self._coming)
        begin, _ = coming.shape.place_of(piece)
        number = os.open(self._coming / coming.key, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with open(number, "r+b") as target:
            target.seek(begin)
            target.write(data)

    def finish(self, coming: Coming) -> str:
        """Hand a whole and checked file over to the owner; what it is called there.

        Raises OSError.
        """
        _make(self.received)
        _make(self._come)
        source = self._coming / coming.key
        with source.open("r+b") as data:
            data.truncate(coming.file.size_bytes)
            os.fsync(data.fileno())
        title = safe_name(coming.file.title)
        for number in range(1, _NAMES_MAX):
            name = title if number == 1 else numbered(title, number)
            target = self.received / name
            try:
                # A link, unlike a rename, never takes the place of what is there.
                _link(source, target)
            except FileExistsError:
                continue
            (self._come / coming.loan.hex()).write_text(f"{coming.file.name.hex()} {name}")
            _drop(source, source.with_suffix(".list"))
            return name
        raise OSError(errno.EEXIST, "too many files of one name", title)

    def come(self, coming: Coming) -> str:
        """What a file that has come was called; empty when it has not."""
        text = _read(self._come / coming.loan.hex()).decode("utf-8", "replace")
        name, _, title = text.partition(" ")
        return title if name == coming.file.name.hex() else ""

    def forget_come(self, loan: ObjectId) -> None:
        """Fetch it once more, if its loan still stands."""
        _drop(self._come / loan.hex())

    def keep_coming(self, keys: Container[str]) -> None:
        """Delete what is coming but these: their loans are over."""
        if self._coming.is_dir():
            for path in sorted(self._coming.iterdir()):
                if path.stem not in keys:
                    _drop(path)


class Upload:
    """A file of the owner's on its way into the store, part by part. Blocks.

    Args:
        folder: where it will stand.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f"{os.urandom(8).hex()}.new"
        number = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._file = open(number, "wb")  # noqa: SIM115 - closed by finish or abandon
        self._part = bytearray()
        self._digests = bytearray()
        self.size_bytes = 0

    def write(self, data: bytes) -> None:
        """Raises Refused (too large), OSError (the disk)."""
        self.size_bytes += len(data)
        if self.size_bytes > limits.FILE_SIZE_MAX_BYTES:
            raise Refused("file-too-large", limit=limits.FILE_SIZE_MAX_BYTES // 1_000_000)
        self._file.write(data)
        self._part += data
        while len(self._part) >= PART_SIZE_BYTES:
            self._take_part(PART_SIZE_BYTES)

    def finish(self, title: str) -> ThingFile:
        """Keep it under its name. Raises Refused, OSError."""
        if self.size_bytes == 0:
            raise Refused("file-empty")
        if self._part:
            self._take_part(len(self._part))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        digests = bytes(self._digests)
        name = file_name(self.size_bytes, digests)
        target = self._folder / name.hex()
        target.with_suffix(".list").write_bytes(digests)
        self._path.replace(target)
        return ThingFile(safe_name(title), name, self.size_bytes)

    def abandon(self) -> None:
        """It will not be whole; harmless after ``finish``."""
        self._file.close()
        _drop(self._path)

    def _take_part(self, size_bytes: int) -> None:
        number = len(self._digests) // 32
        self._digests += part_digest(number, bytes(self._part[:size_bytes]))
        del self._part[:size_bytes]


def _make(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _drop(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _link(source: Path, target: Path) -> None:
    """Give a file one more name that nobody has. Raises FileExistsError, OSError."""
    try:
        os.link(source, target)
        return
    except FileExistsError:
        raise
    except OSError:
        pass  # a file system without links (FAT on a stick): copied, and as careful
    number = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(number, "wb") as copy, source.open("rb") as original:
            shutil.copyfileobj(original, copy, _MIB)
            os.fsync(copy.fileno())
    except BaseException:
        with suppress(OSError):
            target.unlink()
        raise
