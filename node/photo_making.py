"""Pictures for a listing, made anew from a file of the owner.

What a camera writes beside the picture (where it was taken, when, with what) goes no
farther than this computer: only the dots of the picture are taken over. It is turned the
right way up, made smaller, and written as JPEG, once in full and once for lists.

Files of other people are never decoded here. Pillow is loaded when the first photo is
added, and not before.

Spec: §19.1.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from protocol import limits
from protocol.bodies import Photo
from protocol.errors import Refused
from protocol.photos import photo_name

if TYPE_CHECKING:
    from PIL import Image

FILE_SIZE_MAX_BYTES: Final = 24 * 1024 * 1024
"""What a phone's camera makes, and some more."""
_PIXELS_MAX: Final = 120_000_000
_FORMATS: Final = ("JPEG", "PNG", "WEBP")
_FULL_SIDE_MAX: Final = 1600
_THUMBNAIL_SIDE_MAX: Final = 320
_QUALITIES: Final = (82, 70, 55, 40)


@dataclass(frozen=True, slots=True)
class MadePhoto:
    """Both pictures as JPEG."""

    full: bytes
    thumbnail: bytes

    def named(self) -> Photo:
        """As a listing names it."""
        return Photo(
            photo_name(self.full), len(self.full), photo_name(self.thumbnail), len(self.thumbnail)
        )


def make_photo(data: bytes, file: str) -> MadePhoto:
    """Both pictures of a photo. Takes up to a second; call it on a thread.

    Args:
        data: a JPEG, PNG or WebP file.
        file: what it is called, for the refusal.

    Raises:
        Refused: too large, or no picture.
    """
    if len(data) > FILE_SIZE_MAX_BYTES:
        raise Refused("photo-too-large", limit=FILE_SIZE_MAX_BYTES // 1_000_000)
    from PIL import Image, ImageOps, UnidentifiedImageError

    with warnings.catch_warnings():
        # Pillow warns of what is refused below.
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
                if opened.width * opened.height > _PIXELS_MAX:
                    raise Refused("photo-too-large", limit=FILE_SIZE_MAX_BYTES // 1_000_000)
                # Decodes at a fraction of the size where the format allows.
                opened.draft("RGB", (_FULL_SIDE_MAX, _FULL_SIDE_MAX))
                picture = _flat(ImageOps.exif_transpose(opened))
        # A cut or forged file can fail anywhere in a decoder.
        except (
            UnidentifiedImageError, OSError, ValueError, SyntaxError, ArithmeticError, LookupError,
            TypeError, EOFError, Image.DecompressionBombError,
        ) as error:  # fmt: skip
            raise Refused("not-a-photo", file=file) from error
    return MadePhoto(
        _smaller(picture, _FULL_SIDE_MAX, limits.PHOTO_SIZE_MAX_BYTES),
        _smaller(picture, _THUMBNAIL_SIDE_MAX, limits.THUMBNAIL_SIZE_MAX_BYTES),
    )


def _flat(picture: Image.Image) -> Image.Image:
    """In plain colours, what is transparent on white."""
    from PIL import Image

    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        flat = Image.new("RGB", layer.size, "white")
        flat.paste(layer, mask=layer.getchannel("A"))
        return flat
    return picture.convert("RGB")


def _smaller(picture: Image.Image, side_max: int, size_max_bytes: int) -> bytes:
    """As JPEG, no longer on a side and no larger than allowed."""
    while True:
        copy = picture.copy()
        copy.thumbnail((side_max, side_max))
        # Pillow writes along what it read beside the picture: nothing of it is left.
        copy.info.clear()
        for quality in _QUALITIES:
            target = io.BytesIO()
            copy.save(target, "JPEG", quality=quality, optimize=True)
            if target.tell() <= size_max_bytes:
                return target.getvalue()
        side_max = side_max * 3 // 4
