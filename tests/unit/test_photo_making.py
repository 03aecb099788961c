"""Pictures for listings: small, upright, and without a word of where they were taken (§19.1)."""

from __future__ import annotations

import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from node import photo_making
from node.photo_making import make_photo
from protocol import limits
from protocol.errors import Refused
from protocol.photos import is_photo, part_of, photo_name

_ORIENTATION, _GPS, _MAKER = 0x0112, 0x8825, 0x010F


def file_of(picture: Image.Image, kind: str, **more: object) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **more)
    return target.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=("JPEG",))


def with_metadata() -> bytes:
    """A camera's file: lying on its side, with place and maker."""
    picture = Image.new("RGB", (400, 300), "white")
    picture.paste("red", (0, 0, 400, 20))  # the top edge as the camera held it
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    exif[_MAKER] = "Secret Camera"
    exif.get_ifd(_GPS)[2] = (48.0, 51.0, 30.0)
    return file_of(picture, "JPEG", exif=exif, comment=b"a secret comment", icc_profile=b"secret")


def test_nothing_but_the_picture_goes_out() -> None:
    before = with_metadata()
    assert b"Secret Camera" in before

    made = make_photo(before, "a.jpg")

    for data in (made.full, made.thumbnail):
        for word in (b"Exif", b"Secret", b"secret", b"GPS", b"http"):
            assert word not in data
        picture = opened(data)
        assert {} == dict(picture.getexif())
        assert {"jfif", "jfif_version", "jfif_unit", "jfif_density"} >= set(picture.info)


def test_a_picture_taken_on_its_side_stands_upright() -> None:
    made = make_photo(with_metadata(), "a.jpg")
    picture = opened(made.full)

    assert (300, 400) == picture.size
    red, green, _ = picture.convert("RGB").getpixel((295, 200))  # type: ignore[misc]
    assert red > 200
    assert green < 100


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"),
     ("PNG", "I;16"), ("PNG", "LA"), ("WEBP", "RGB"), ("WEBP", "RGBA")],
)  # fmt: skip
def test_every_sort_of_picture_becomes_a_jpeg(kind: str, mode: str) -> None:
    made = make_photo(file_of(Image.new(mode, (640, 480)), kind), "a")

    assert (640, 480) == opened(made.full).size
    assert (320, 240) == opened(made.thumbnail).size
    assert "RGB" == opened(made.full).mode


def test_what_is_transparent_is_white() -> None:
    made = make_photo(file_of(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), "PNG"), "a.png")

    assert (255, 255, 255) == opened(made.full).getpixel((25, 25))


def test_a_large_picture_of_noise_fits_the_limits() -> None:
    noise = Image.effect_noise((3000, 2400), 120).convert("RGB")

    made = make_photo(file_of(noise, "JPEG", quality=95), "a.jpg")

    assert len(made.full) <= limits.PHOTO_SIZE_MAX_BYTES
    assert len(made.thumbnail) <= limits.THUMBNAIL_SIZE_MAX_BYTES
    assert max(opened(made.full).size) <= 1600


def test_a_photo_is_named_by_its_bytes() -> None:
    made = make_photo(file_of(Image.new("RGB", (10, 10)), "PNG"), "a.png")
    photo = made.named()

    assert is_photo(made.full, photo.full, photo.full_size_bytes)
    assert is_photo(made.thumbnail, photo.thumbnail, photo.thumbnail_size_bytes)
    assert not is_photo(made.full + b"\0", photo.full, photo.full_size_bytes)
    assert not is_photo(made.full, photo.full, photo.full_size_bytes + 1)
    html = b"<html>"
    assert not is_photo(html, photo_name(html), len(html))
    assert b"bc" == part_of(b"abc", 1)
    assert b"" == part_of(b"abc", 3)


def test_a_thin_line_is_a_picture_too() -> None:
    made = make_photo(file_of(Image.new("RGB", (5000, 1)), "PNG"), "line.png")

    assert (1600, 1) == opened(made.full).size


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff",
        b"GIF89a" + bytes(100),
        file_of(Image.new("RGB", (10, 10)), "GIF"),
        file_of(Image.new("RGB", (10, 10)), "BMP"),
        file_of(Image.new("RGB", (400, 300), "blue"), "PNG")[:-60],
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
    ids=["nothing", "a beginning", "no GIF", "GIF", "BMP", "cut", "SVG"],
)
def test_what_is_no_picture_is_refused_with_its_name(data: bytes) -> None:
    with pytest.raises(Refused) as refused:
        make_photo(data, "holiday.gif")

    assert "not-a-photo" == refused.value.code
    assert "holiday.gif" == refused.value.values["file"]


def test_a_bomb_of_pixels_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(photo_making, "_PIXELS_MAX", 10_000)
    bomb = file_of(Image.new("L", (101, 100)), "PNG")

    with pytest.raises(Refused) as refused:
        make_photo(bomb, "bomb.png")
    assert "photo-too-large" == refused.value.code


def test_a_bomb_that_pillow_itself_refuses_is_refused_too() -> None:
    header = file_of(Image.new("1", (8, 8)), "PNG")
    # The size stands at byte 16; the checksum of the header is not looked at before.
    bomb = header[:16] + (60_000).to_bytes(4, "big") * 2 + header[24:]

    with pytest.raises(Refused):
        make_photo(bomb, "bomb.png")


def test_a_file_larger_than_any_photo_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_making, "FILE_SIZE_MAX_BYTES", 10)

    with pytest.raises(Refused) as refused:
        make_photo(bytes(11), "a.jpg")
    assert "photo-too-large" == refused.value.code


_SEED = file_of(Image.new("RGB", (20, 20), "green"), "JPEG")


@given(st.data())
def test_a_forged_file_is_a_picture_or_a_refusal(data: st.DataObject) -> None:
    forged = bytearray(_SEED)
    for _ in range(data.draw(st.integers(1, 6))):
        forged[data.draw(st.integers(0, len(forged) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(forged[: data.draw(st.integers(0, len(forged)))])
    # Anything but a refusal ends the test.
    with suppress(Refused):
        assert make_photo(cut, "a.jpg").full.startswith(b"\xff\xd8\xff")
