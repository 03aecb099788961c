"""Why a thing can be seen: the path it came by, and the certificates that prove it.

``verify_why`` checks an explanation from its envelopes alone, without anything
else the node knows: whoever is given the JSON of ``openhouse why`` can do the same.
It cannot know what only a revocation tells: that a friendship was ended before its
lease; a node drops revoked halves, so its own explanations have none.

Spec: §7.2 to §7.5.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

from node.engine import edges, ids
from node.engine.calendar import instant_text
from node.engine.core import Core
from node.engine.events import Json
from protocol.bodies import HalfBody, ListingBody
from protocol.circles import may_show
from protocol.errors import RemoteProtocolError
from protocol.keys import MemberId
from protocol.records import Record


def why(core: Core, text: str) -> dict[str, Json]:
    """The path from the holder to me, both halves of every edge, and whether they prove it.

    Raises Refused as ``ids.resolve_thing``.
    """
    listing = ids.resolve_thing(core, text)
    body = listing.body
    assert isinstance(body, ListingBody)
    path = core.path_from(listing.author, body.through)
    assert path is not None, "a visible listing has a path"
    halves = [half for one, two in itertools.pairwise(path) for half in _edge(core, one, two)]
    problem = verify_why(
        path,
        listing.envelope,
        [half.envelope for half in halves],
        open_record=core.config.open_record,
        now_ms=core.now_ms,
    )
    return {
        "thing": listing.object.hex(),
        "title": body.title,
        "holder": listing.author.hex(),
        "holder_name": core.name_of(listing.author),
        "circles": body.circles,
        "distance": len(path) - 1,
        "path": [member.hex() for member in path],
        "path_names": [core.name_of(member) for member in path],
        "certificates": [_certificate_json(core, half) for half in halves],
        "listing": listing.envelope.hex(),
        "verified": problem is None,
        "problem": problem,
    }


def _edge(core: Core, one: MemberId, two: MemberId) -> list[Record]:
    halves = (edges.live_half(core, one, two), edges.live_half(core, two, one))
    return [half for half in halves if half is not None]


def _certificate_json(core: Core, half: Record) -> dict[str, Json]:
    assert isinstance(half.body, HalfBody)
    return {
        "author": half.author.hex(),
        "author_name": core.name_of(half.author),
        "friend": half.body.friend.hex(),
        "friend_name": core.name_of(half.body.friend),
        "id": half.record_id.hex(),
        "not_after": instant_text(half.not_after_ms),
        "envelope": half.envelope.hex(),
    }


def verify_why(
    path: Sequence[MemberId],
    listing_envelope: bytes,
    half_envelopes: Sequence[bytes],
    *,
    open_record: Callable[[bytes], Record],
    now_ms: int,
) -> str | None:
    """Why the envelopes do not prove that the last member of ``path`` may see the listing.

    Args:
        path: holder first, reader last.
        open_record: checks and opens an envelope (raises RemoteProtocolError).

    Returns:
        A clause that names the first thing wrong, or None when all of it holds.

    Spec: §7.2, §7.3.
    """
    try:
        listing = open_record(listing_envelope)
        halves = [open_record(envelope) for envelope in half_envelopes]
    except RemoteProtocolError as error:
        return f"an envelope does not open: {error.summary.lower()}"
    return (
        _listing_problem(path, listing, now_ms)
        or _halves_problem(listing, halves, now_ms)
        or _edges_problem(path, {(half.author, _friend(half)): half for half in halves})
    )


def _listing_problem(path: Sequence[MemberId], listing: Record, now_ms: int) -> str | None:
    body = listing.body
    if not isinstance(body, ListingBody):
        return "the first envelope is not a listing"
    if not path or path[0] != listing.author:
        return "the path does not begin with the holder"
    if len(dict.fromkeys(path)) != len(path):
        return "the path runs through a member twice"
    if listing.is_expired(now_ms):
        return "the listing has expired"
    if len(path) > 1 and not may_show(body.circles, len(path) - 1):
        return "the path is longer than the circles the holder chose"
    if len(path) > 1 and body.through and path[1] not in body.through:
        return "the holder chose other friends to pass it on"
    return None


def _halves_problem(listing: Record, halves: Sequence[Record], now_ms: int) -> str | None:
    for half in halves:
        if not isinstance(half.body, HalfBody):
            return "an envelope is not one half of a friendship"
        if half.house != listing.house:
            return "a certificate belongs to another house"
        if half.is_expired(now_ms):
            return "a certificate has expired"
    return None


def _edges_problem(
    path: Sequence[MemberId], halves: Mapping[tuple[MemberId, MemberId], Record]
) -> str | None:
    """Both halves of every edge; beyond circle 1 both must say that they join two members."""
    for one, two in itertools.pairwise(path):
        for author, friend in ((one, two), (two, one)):
            half = halves.get((author, friend))
            if half is None:
                return "one half of a friendship on the path is missing"
            assert isinstance(half.body, HalfBody)
            if len(path) > 2 and not (half.body.shows and half.body.friend_is_member):
                return "a friendship on the path does not carry things beyond circle 1"
    return None


def _friend(half: Record) -> MemberId:
    assert isinstance(half.body, HalfBody)
    return half.body.friend
