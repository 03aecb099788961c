"""Files of copyable things: what they are called, the pieces they travel in, the seal.

A file is cut into parts, and named by the list of their digests: so whoever knows the name
checks the list when it is whole, and every part as it arrives. List and parts travel as
*pieces*, sealed to the borrower, so that the homes between carry what they cannot read.

Pure: the ephemeral key is an argument (``ephemeral_key`` gives a good one). Spec: §20.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from protocol import limits
from protocol.errors import BadKey, DecryptFailed
from protocol.keys import (
    Domain,
    HouseId,
    MemberId,
    ObjectId,
    agree_on_key,
    digest,
    link_public_key,
)

NAME_SIZE_BYTES: Final = 32
PART_SIZE_BYTES: Final = limits.FILE_PART_MAX_BYTES
SEALED_MAX_BYTES: Final = 32 + PART_SIZE_BYTES + 16
_DIGEST_SIZE_BYTES: Final = 32
_LAST, _MORE = b"\x01", b"\x00"


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file of a size is cut. Spec: §20.1.

    Args:
        size_bytes: 1 to ``FILE_SIZE_MAX_BYTES``.
    """

    size_bytes: int

    @property
    def parts(self) -> int:
        return -(-self.size_bytes // PART_SIZE_BYTES)

    @property
    def list_size_bytes(self) -> int:
        return self.parts * _DIGEST_SIZE_BYTES

    @property
    def list_pieces(self) -> int:
        """Pieces 0 up to this one are the list, those from it on the parts."""
        return -(-self.list_size_bytes // PART_SIZE_BYTES)

    @property
    def pieces(self) -> int:
        return self.list_pieces + self.parts

    def place_of(self, piece: int) -> tuple[int, int]:
        """Where a piece begins, in the list or in the file, and its size in bytes."""
        is_list = piece < self.list_pieces
        begin = (piece if is_list else piece - self.list_pieces) * PART_SIZE_BYTES
        whole = self.list_size_bytes if is_list else self.size_bytes
        return begin, min(PART_SIZE_BYTES, whole - begin)


PIECES_MAX: Final = Shape(limits.FILE_SIZE_MAX_BYTES).pieces


def part_digest(number: int, data: bytes) -> bytes:
    """What the list says of a part. Spec: §20.1."""
    return digest(Domain.FILE_PART, number.to_bytes(8, "big"), data)


def file_name(size_bytes: int, digests: bytes) -> bytes:
    """32 bytes that stand for a file, by its size and the list of its parts. Spec: §20.1."""
    return digest(Domain.FILE, size_bytes.to_bytes(8, "big"), digests)


def is_list(digests: bytes, name: bytes, size_bytes: int) -> bool:
    """Whether a whole list is that of the file. Spec: §20.1."""
    is_whole = len(digests) == Shape(size_bytes).list_size_bytes
    return is_whole and file_name(size_bytes, digests) == name


def digest_in(digests: bytes, number: int) -> bytes:
    """A part's digest in a list that was checked."""
    return digests[number * _DIGEST_SIZE_BYTES : (number + 1) * _DIGEST_SIZE_BYTES]


# --- the seal ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Errand:
    """Whose file goes to whom, for which loan. Spec: §20.2."""

    house: HouseId
    loan: ObjectId
    holder: MemberId
    borrower: MemberId
    file: bytes

    def context(self, *, is_last: bool) -> bytes:
        ids = self.house + self.loan + self.holder + self.borrower + self.file
        return ids + (_LAST if is_last else _MORE)


def ephemeral_key(secret: bytes, errand: Errand) -> bytes:
    """A key for one loan and file alone, the same after a restart: a piece is always sealed alike.

    Args:
        secret: 32 bytes that only the holder's node knows.
    """
    return digest(Domain.FILE_EPHEMERAL, secret, errand.loan, errand.borrower, errand.file)


def seal_piece(
    errand: Errand, number: int, data: bytes, *, is_last: bool, ephemeral: bytes, reader: bytes
) -> bytes:
    """Seal one piece to the borrower.

    Args:
        ephemeral: 32 secret bytes, of this errand alone.
        reader: 32 bytes, the borrower's link key.

    Raises:
        BadKey: the borrower's key is of small order.
    """
    public = link_public_key(ephemeral)
    key = agree_on_key(Domain.FILE_KEY, ephemeral, reader, public, reader)
    if key is None:
        raise BadKey("the link key is not 32 bytes long, or of small order", "20.2")
    context = errand.context(is_last=is_last)
    return public + ChaCha20Poly1305(key).encrypt(_nonce(number), data, context)


class PieceOpener:
    """Opens the pieces of one errand. The key is agreed on once, not for every piece.

    Args:
        private: 32 bytes, the borrower's private link key.
    """

    def __init__(self, errand: Errand, private: bytes) -> None:
        self._errand = errand
        self._private = private
        self._public = b""
        self._cipher: ChaCha20Poly1305 | None = None

    def open(self, number: int, sealed: bytes, *, is_last: bool) -> bytes:
        """Raises DecryptFailed: of another errand, number or place, or changed."""
        public = sealed[:32]
        if len(sealed) < 48:
            raise DecryptFailed("the sealed piece is too short", "20.2", "ignore")
        if public != self._public or self._cipher is None:
            reader = link_public_key(self._private)
            key = agree_on_key(Domain.FILE_KEY, self._private, public, public, reader)
            if key is None:
                raise DecryptFailed("the piece's key is of small order", "20.2", "ignore")
            self._public, self._cipher = public, ChaCha20Poly1305(key)
        context = self._errand.context(is_last=is_last)
        try:
            return self._cipher.decrypt(_nonce(number), sealed[32:], context)
        except InvalidTag:
            raise DecryptFailed("the sealed piece does not open", "20.2", "ignore") from None


def _nonce(number: int) -> bytes:
    return bytes(4) + number.to_bytes(8, "little")
