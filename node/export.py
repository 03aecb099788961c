"""Everything that the owner can read, as one archive: JSON for programs, HTML for people.

Not a backup (``node.backup``): nothing secret is in it, and no home can be made of it. It is
what one takes along, or reads in twenty years.
"""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from node.dates import instant_text
from node.engine import views
from node.engine.events import Json
from node.wording import messages
from node.wording.charter_words import charter_sentence
from protocol.errors import Refused
from protocol.keys import ObjectId

if TYPE_CHECKING:
    from node.api.protocols import LoanPhotosLike, PhotosLike
    from node.engine.core import Core

_PHOTO_FOLDER: Final = "photos"


def collect(core: Core, language: str) -> dict[str, Any]:
    """All of it as JSON-able data, with the keys of the API."""

    def say(refusal: Refused) -> str:
        return messages.sentence(refusal, language)

    friends: list[Any] = views.friends(core)
    return {
        "made": instant_text(core.now_ms),
        "me": views.status(core),
        "house": views.house_show(core, lambda rule: charter_sentence(rule, language)),
        "friends": friends,
        "trust": [views.trust(core), *(views.trust(core, f["member"]) for f in friends)],
        "things": views.things(core),
        "loans": views.loans(core),
        "seen": views.browse(core, say),
    }


async def photos_of(core: Core, shelf: PhotosLike | None, things: Json) -> dict[str, bytes]:
    """The pictures of my things, by their place in the archive."""
    found: dict[str, bytes] = {}
    assert isinstance(things, list)
    for thing in things:
        assert isinstance(thing, dict)
        for photo in thing["photos"]:
            name = str(photo["photo"])
            if shelf is None:
                continue
            try:
                which = ObjectId(bytes.fromhex(str(thing["thing"])))
                data = await shelf.get(core.me, which, bytes.fromhex(name))
            except Refused:
                continue
            found[f"{_PHOTO_FOLDER}/{name}.jpg"] = data
    return found


def loan_photos_of(shelf: LoanPhotosLike, loans: list[str]) -> dict[str, bytes]:
    """The pictures taken when things changed hands, by their place in the archive."""
    return {
        f"{_PHOTO_FOLDER}/{loan}/{name}": shelf.read(loan, name)
        for loan in loans
        for name in shelf.names(loan)
    }


async def make_archive(
    data: dict[str, Any], photos: dict[str, bytes], write_html: Callable[[dict[str, Any]], str]
) -> bytes:
    """The archive's bytes.

    Args:
        write_html: the page of the same data, readable alone.
    """
    html = write_html({**data, "photos_kept": sorted(photos)})
    return await asyncio.to_thread(_zipped, data, photos, html)


def _zipped(data: dict[str, Any], photos: dict[str, bytes], html: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("openhouse.html", html)
        archive.writestr("openhouse.json", json.dumps(data, ensure_ascii=False, indent=1))
        for name, picture in photos.items():
            archive.writestr(zipfile.ZipInfo(name), picture)
    return out.getvalue()
