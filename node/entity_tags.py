"""Entity tags: what a reader has already is not sent again (RFC 9110, 8.8.3 and 13.1.2)."""

from __future__ import annotations

import hashlib


def etag_of(data: bytes) -> str:
    """A strong validator of these bytes (RFC 9110, 8.8.3)."""
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def is_known(if_none_match: str | None, etag: str) -> bool:
    """Whether a reader has these bytes already (RFC 9110, 13.1.2)."""
    if if_none_match is None:
        return False
    given = [text.strip().removeprefix("W/") for text in if_none_match.split(",")]
    return etag in given or "*" in given
