"""Layouts of listings and withdrawals.

Spec: §5.7.
"""

from __future__ import annotations

from protocol import limits
from protocol.bodies import (
    MINUTES_PER_WEEK,
    Availability,
    Body,
    ListingBody,
    Photo,
    ThingFile,
    ThingKind,
    WithdrawalBody,
)
from protocol.encoding import (
    Value,
    expect_array,
    expect_bytes,
    expect_text,
    expect_uint,
)
from protocol.errors import Malformed
from protocol.layouts.fields import (
    expect_circles,
    expect_interval,
    expect_members,
    expect_number,
    expect_object,
)


def read_listing(f: tuple[Value, ...]) -> Body:
    number = expect_uint(f[2], "thing kind", 255)
    if number not in ThingKind.__members__.values():
        raise Malformed(f"thing kind {number} is unknown", section="5.7")
    pairs = [
        expect_array(pair, "busy interval", length=2)
        for pair in expect_array(f[5], "busy", maximum=limits.BUSY_INTERVALS_MAX)
    ]
    return ListingBody(
        expect_text(f[0], "title", limits.TITLE_SIZE_MAX_BYTES),
        expect_text(f[1], "text", limits.TEXT_SIZE_MAX_BYTES),
        ThingKind(number),
        expect_circles(f[3]),
        expect_members(f[4], "through", limits.THROUGH_MAX),
        tuple(expect_interval(p[0], p[1]) for p in pairs),
        _availability(f[6]),
        tuple(
            _photo(item)
            for item in expect_array(f[7], "photos", maximum=limits.PHOTOS_PER_LISTING_MAX)
        ),
        expect_uint(f[8], "category", 255),
        expect_text(f[9], "conditions", limits.CONDITIONS_SIZE_MAX_BYTES),
        expect_text(f[10], "licence", limits.LICENCE_SIZE_MAX_BYTES),
        _file(f[11]),
    )


def _availability(value: Value) -> Availability:
    rows, shortest, longest = expect_array(value, "availability", length=3)
    weekly: list[tuple[int, int]] = []
    for row in expect_array(rows, "weekly", maximum=limits.WEEKLY_INTERVALS_MAX):
        start, end = expect_interval(*expect_array(row, "interval of the week", length=2))
        if end > MINUTES_PER_WEEK or (weekly and start <= weekly[-1][1]):
            raise Malformed("intervals of the week must be sorted and apart", section="5.7")
        weekly.append((start, end))
    return Availability(
        tuple(weekly),
        expect_number(shortest, "shortest loan"),
        expect_number(longest, "longest loan"),
    )


def _file(value: Value) -> ThingFile | None:
    fields = expect_array(value, "file", maximum=3)
    if not fields:
        return None
    title, name, size = expect_array(value, "file", length=3)
    file = ThingFile(
        expect_text(title, "file's title", limits.FILE_TITLE_SIZE_MAX_BYTES),
        expect_bytes(name, "file's name", length=32),
        expect_uint(size, "file's size", limits.FILE_SIZE_MAX_BYTES),
    )
    if file.size_bytes == 0:
        raise Malformed("a file has no bytes", section="5.7")
    return file


def _photo(value: Value) -> Photo:
    full, full_size, thumbnail, thumbnail_size = expect_array(value, "photo", length=4)
    photo = Photo(
        expect_bytes(full, "photo", length=32),
        expect_uint(full_size, "photo's size", limits.PHOTO_SIZE_MAX_BYTES),
        expect_bytes(thumbnail, "thumbnail", length=32),
        expect_uint(thumbnail_size, "thumbnail's size", limits.THUMBNAIL_SIZE_MAX_BYTES),
    )
    if photo.full_size_bytes == 0 or photo.thumbnail_size_bytes == 0:
        raise Malformed("a photo has no bytes", section="5.7")
    return photo


def write_listing(b: ListingBody) -> list[Value]:
    busy: list[Value] = [[start, end] for start, end in b.busy]
    photos: list[Value] = [
        [p.full, p.full_size_bytes, p.thumbnail, p.thumbnail_size_bytes] for p in b.photos
    ]
    file: list[Value] = [] if b.file is None else [b.file.title, b.file.name, b.file.size_bytes]
    given = b.availability
    weekly: list[Value] = [[start, end] for start, end in given.weekly]
    availability: list[Value] = [weekly, given.shortest_minutes, given.longest_minutes]
    return [
        b.title, b.text, int(b.thing_kind), b.circles, list(b.through), busy, availability, photos,
        int(b.category_code), b.conditions, b.licence, file,
    ]  # fmt: skip


def read_withdrawal(f: tuple[Value, ...]) -> Body:
    return WithdrawalBody(
        expect_object(f[0], "target"),
        expect_number(f[1], "target epoch"),
        expect_number(f[2], "target sequence"),
        expect_circles(f[3]),
        expect_members(f[4], "through", limits.THROUGH_MAX),
    )


def write_withdrawal(b: WithdrawalBody) -> list[Value]:
    return [b.target, b.target_epoch, b.target_sequence, b.circles, list(b.through)]
