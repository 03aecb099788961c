"""Photos: who may have which, and whom to ask for it. Their bytes are the host's affair.

Pure: must not import anything that acts.

Spec: §19.2.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.engine.core import Core
from node.engine.intake import may_give
from node.engine.offers import offerable
from protocol.bodies import Kind, ListingBody, Photo
from protocol.keys import MemberId, ObjectId
from protocol.records import Record


@dataclass(frozen=True, slots=True)
class NamedPhoto:
    """A picture that a live listing names.

    Args:
        name: of the full picture or of the thumbnail.
    """

    listing: Record
    name: bytes
    size_bytes: int


def find(core: Core, origin: MemberId, thing: ObjectId, name: bytes) -> NamedPhoto | None:
    """A picture of a thing whose listing is held, live and not withdrawn."""
    record = core.current(origin, thing)
    if record is None or not isinstance(record.body, ListingBody) or core.is_withdrawn(record):
        return None
    sizes = [photo.size_of(name) for photo in record.body.photos]
    size_bytes = next((size for size in sizes if size is not None), None)
    return None if size_bytes is None else NamedPhoto(record, name, size_bytes)


def may_have(core: Core, photo: NamedPhoto, friend: MemberId) -> bool:
    """Whether a friend may be given a picture: with the listing, or it is their own thing."""
    if friend == photo.listing.author:
        return core.is_live_friend(friend)
    return may_give(core, photo.listing, friend)


def whom_to_ask(core: Core, photo: NamedPhoto) -> list[MemberId]:
    """The friends who may have a picture that is not here; the likeliest first."""
    listing = photo.listing
    if listing.author == core.me:
        return core.live_friends()  # lost with a disk: whoever looked at it has it
    assert isinstance(listing.body, ListingBody), "a photo is of a thing"
    path = core.path_from(listing.author, listing.body.through)
    return [] if path is None else [path[-2]]


def named(core: Core) -> dict[bytes, bool]:
    """All pictures that may be kept here, and whether they are of own things."""
    names: dict[bytes, bool] = {}
    for record in core.of_kind(Kind.LISTING):
        body = record.body
        assert isinstance(body, ListingBody), "chosen by kind"
        is_own = record.author == core.me
        if body.photos and (core.can_see(record) or (not is_own and _may_pass(core, record))):
            for photo in body.photos:
                for name in (photo.full, photo.thumbnail):
                    names[name] = is_own or names.get(name, False)
    return names


def _may_pass(core: Core, record: Record) -> bool:
    return not core.is_withdrawn(record) and offerable(core, record)


def own_photos(core: Core) -> dict[bytes, Photo]:
    """The photos of own things, by the names of the full ones."""
    return {
        photo.full: photo
        for record in core.mine(Kind.LISTING)
        if isinstance(record.body, ListingBody) and not core.is_withdrawn(record)
        for photo in record.body.photos
    }


def own_size_bytes(core: Core) -> int:
    """Bytes of all pictures of own things, those named twice counted once. Spec: §19.1."""
    photos = own_photos(core).values()
    return sum(photo.full_size_bytes + photo.thumbnail_size_bytes for photo in photos)
