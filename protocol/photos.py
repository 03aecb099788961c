"""What a picture is called, and whether bytes may be one.

Pure. Spec: §19.1.
"""

from __future__ import annotations

from typing import Final

from protocol import limits
from protocol.keys import Domain, digest

NAME_SIZE_BYTES: Final = 32
_JPEG: Final = b"\xff\xd8\xff"


def photo_name(data: bytes) -> bytes:
    """32 bytes that stand for these and no others. Spec: §19.1."""
    return digest(Domain.PHOTO, data)


def is_photo(data: bytes, name: bytes, size_bytes: int) -> bool:
    """Whether bytes are the picture that a listing names. Spec: §19.1."""
    return len(data) == size_bytes and data.startswith(_JPEG) and photo_name(data) == name


def part_of(data: bytes, begin: int) -> bytes:
    """The part of a picture that begins there; empty when it ends before. Spec: §19.2."""
    return data[begin : begin + limits.PHOTO_PART_MAX_BYTES]
