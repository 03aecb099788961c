"""The flatmates of a computer, as they lie on its disk.

The first home is the data directory itself; every further one is a whole home of its own in
``flatmates/<slug>/``, with its database, token and configuration. Beside these stands
``flatmate.json``: the name it was made for, whether it is switched off, and, until its person
has come, the hash of a code that lets them in once.

Only directories whose name is a slug are looked at, and nobody's text becomes a path: who asks
for a flatmate by slug is answered from the list.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import secrets
import time
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from node.errors import StoreUnwritable
from node.private_files import write_private
from protocol.errors import Refused
from protocol.limits import NAME_SIZE_MAX_BYTES

DIRECTORY: Final = "flatmates"
ROOM_FILE: Final = "flatmate.json"
ROOMS_MAX: Final = 12
CLAIM_MAX_S: Final = 7 * 24 * 3600
SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")

_CODE_SIZE_BYTES: Final = 16
_FILE_SIZE_MAX_BYTES: Final = 4096
_log = logging.getLogger("openhouse.flat")


@dataclass(frozen=True, slots=True)
class Room:
    """One flatmate's place.

    Args:
        name: what it was made for; its person may be called otherwise.
        claim: hash of the code that lets its person in; empty when nobody is awaited.
        claim_until_s: when the code ends, as Unix time.
        is_off: switched off by whoever set the computer up.
    """

    slug: str
    home: Path
    name: str
    claim: str = ""
    claim_until_s: int = 0
    is_off: bool = False

    @property
    def is_awaited(self) -> bool:
        """Whether a code is open."""
        return bool(self.claim) and time.time() < self.claim_until_s

    def lets_in(self, code: str) -> bool:
        """Whether a code is the one; in constant time."""
        return self.is_awaited and hmac.compare_digest(_hash(code), self.claim)


def rooms(home: Path) -> list[Room]:
    """The rooms of a data directory, by slug; none where there are none."""
    try:
        names = sorted(entry.name for entry in (home / DIRECTORY).iterdir() if entry.is_dir())
    except OSError:
        return []
    return [_read(home / DIRECTORY / name) for name in names if SLUG.fullmatch(name)]


def make(home: Path, name: str) -> tuple[Room, str]:
    """A new room, and the code for its person.

    Raises:
        Refused: the name cannot be, or there are too many.
        StoreUnwritable: the disk does not take it.
    """
    name = " ".join(name.split())
    if not name:
        raise Refused("name-missing")
    if not name.isprintable():
        raise Refused("name-not-printable")
    size = len(name.encode(errors="surrogatepass"))
    if size > NAME_SIZE_MAX_BYTES:
        raise Refused("name-too-long", size=size, maximum=NAME_SIZE_MAX_BYTES)
    taken = [room.slug for room in rooms(home)]
    if len(taken) >= ROOMS_MAX:
        raise Refused("too-many-flatmates", maximum=ROOMS_MAX)
    slug = slug_of(name, taken)
    place = home / DIRECTORY / slug
    try:
        place.mkdir(mode=0o700, parents=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreUnwritable(f"{place} cannot be made: {reason}") from error
    return await_person(Room(slug, place, name))


def await_person(room: Room) -> tuple[Room, str]:
    """A new code for a room; an older one opens nothing any more."""
    code = secrets.token_urlsafe(_CODE_SIZE_BYTES)
    until_s = int(time.time()) + CLAIM_MAX_S
    return _keep(replace(room, claim=_hash(code), claim_until_s=until_s)), code


def person_came(room: Room) -> Room:
    """The code is used up."""
    return _keep(replace(room, claim="", claim_until_s=0))


def switch(room: Room, *, is_off: bool) -> Room:
    return _keep(replace(room, is_off=is_off))


def slug_of(name: str, taken: Iterable[str]) -> str:
    """A name in letters that every file system and address takes, unlike those taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:24].strip("-") or "flatmate"
    known = list(taken)
    slug, number = base, 2
    while slug in known:
        slug, number = f"{base}-{number}", number + 1
    return slug


def _read(place: Path) -> Room:
    """A room; one whose file says nothing is on, and lets nobody in."""
    bare = Room(place.name, place, place.name)
    try:
        with (place / ROOM_FILE).open(encoding="utf-8") as file:
            found: Any = json.loads(file.read(_FILE_SIZE_MAX_BYTES))
        return replace(
            bare,
            name=_text(found["name"]),
            claim=_text(found["claim"]),
            claim_until_s=int(found["claim_until_s"]),
            is_off=found["is_off"] is True,
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        _log.warning("%s says nothing of its flatmate: %s", place / ROOM_FILE, error)
        return bare


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    return value


def _keep(room: Room) -> Room:
    said = {
        "name": room.name, "claim": room.claim, "claim_until_s": room.claim_until_s,
        "is_off": room.is_off,
    }  # fmt: skip
    write_private(room.home / ROOM_FILE, json.dumps(said, ensure_ascii=False) + "\n")
    return room


def _hash(code: str) -> str:
    return hashlib.sha256(b"openhouse/1 flatmate\0" + code.encode("utf-8", "replace")).hexdigest()
