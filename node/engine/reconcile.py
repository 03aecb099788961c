"""Once a day, and after a surprise: is everything here that a friend could give?

The cursor of the log says what was streamed, not what arrived and stayed: a bug, a
record refused too early, or a database put back could lose something for good. So a
node compares, on each link, what it believes its friend could give it with what the
friend would give it now (``protocol.reconcile``), and asks for what it lacks.

Three sorts of items, each of 32 bytes: records by id, offers of paths by a digest of
origin and paths, revocations by their hash. What the asker lacks it wants like anything
announced; offers and revocations are said again as such.

Spec: §8.6.
"""

from __future__ import annotations

import hashlib
import itertools

from node.engine import house, intake, loan_path, loan_traffic, mediations, offers
from node.engine.comparisons import note_of
from node.engine.core import Core
from node.engine.state import Edge, Link, edge
from protocol import limits
from protocol.bodies import (
    EVIDENCE_KINDS,
    BetweenTwoBody,
    HalfBody,
    Kind,
    ListingBody,
    SeatBody,
    half_object,
)
from protocol.circles import Path
from protocol.errors import InvalidState, QuotaExceeded
from protocol.keys import Domain, MemberId, RecordId, digest
from protocol.messages import Compare, Compared, Listed, OfferedPath, Revoked
from protocol.reconcile import (
    SALT_SIZE_BYTES,
    Answering,
    Asking,
    Comparison,
    ItemSet,
    answers,
)
from protocol.records import Record
from protocol.session import PENDING_MAX

ANSWER_MIN_MS = 10 * 60_000
"""A friend that begins comparisons faster is not answered: each one sorts all we hold."""
MESSAGES_MAX = 512
"""Questions answered in one comparison."""
PENDING_BEFORE_NEXT_MAX = 512


Edges = dict[Edge, None]
Members = dict[MemberId, None]


# --- asking ------------------------------------------------------------------------------


def on_wakeup(core: Core) -> None:
    """Begin the comparisons that are due."""
    for friend, asking in list(core.reconciling.asking.items()):
        if asking.due_ms is not None and asking.due_ms <= core.now_ms:
            link_id = core.link_of(friend)
            if link_id is not None:
                _begin(core, core.links[link_id], asking)


def _begin(core: Core, link: Link, asking: Asking) -> None:
    friend = link.friend
    assert friend is not None, "only friends compare"
    began_ms, due_ms = note_of(core, friend)
    if due_ms >= began_ms + core.config.compare_every_ms:
        asking.refused.clear()  # the daily one asks again also for what was refused
    asking.due_ms = core.now_ms + core.config.compare_every_ms
    core.reconciling.is_due_known = False
    core.put_local(f"compared {friend.hex()}", [core.now_ms, asking.due_ms])
    is_closing = core.friends[friend].ended and not link.is_for_loans
    if is_closing or not link.session.is_greeted:
        return
    items = ItemSet(expected_items(core, friend), _salt(core, friend))
    core.reconciling.under_way[friend] = Comparison(items)
    ask_on(core, link)


def _salt(core: Core, friend: MemberId) -> bytes:
    """Not to be foreseen by others, and another one each time."""
    seed = core.config.seed + core.log.epoch + friend + core.now_ms.to_bytes(8, "big")
    return hashlib.sha256(b"openhouse/1 comparison\0" + seed).digest()[:SALT_SIZE_BYTES]


def ask_on(core: Core, link: Link) -> None:
    """Ask about the next ranges, when what the last ones brought is not too much."""
    assert link.friend is not None, "only friends compare"
    comparison = core.reconciling.under_way.get(link.friend)
    if comparison is None or comparison.is_waiting:
        return
    if len(link.session.pending) > PENDING_BEFORE_NEXT_MAX:
        return
    message = comparison.next_message()
    if message is None:
        del core.reconciling.under_way[link.friend]
    else:
        core.send(link, message)


def on_answer(core: Core, link: Link, message: Compared | Listed) -> None:
    """A part of the answer: want what we lack.

    Raises:
        InvalidState: not an answer to what was asked; the comparison ends.
    """
    assert link.friend is not None, "only friends compare"
    comparison = core.reconciling.under_way.get(link.friend)
    if comparison is None:
        raise InvalidState("an answer that was not asked for", section="8.6")
    try:
        if isinstance(message, Compared):
            comparison.take_parts(message)
        else:
            _want(core, link, comparison.take_ids(message))
    except InvalidState:
        del core.reconciling.under_way[link.friend]
        raise
    ask_on(core, link)


def _want(core: Core, link: Link, ids: list[bytes]) -> None:
    assert link.friend is not None, "only friends compare"
    refused = core.reconciling.asking[link.friend].refused
    for item in ids:
        record_id = RecordId(item)
        if core.registers.has_id(record_id) or item in core.revocations:
            continue
        if record_id in refused or len(link.session.pending) >= PENDING_MAX:
            continue
        core.want(link, record_id, limits.CERTIFICATE_SIZE_MAX_BYTES)


# --- answering ---------------------------------------------------------------------------


def on_compare(core: Core, link: Link, message: Compare) -> None:
    """A friend compares: answer from a snapshot.

    Raises:
        QuotaExceeded: it begins too often, or never ends.
    """
    friend = link.friend
    assert friend is not None, "only friends compare"
    if not message.ranges:
        raise InvalidState("a comparison of nothing", section="8.6")
    began_ms, salt, questions = core.reconciling.begun.get(friend, (None, b"", 0))
    if salt != message.salt:
        if began_ms is not None and 0 <= core.now_ms - began_ms < ANSWER_MIN_MS:
            raise QuotaExceeded("comparisons begin too often", section="8.6")
        began_ms, questions = core.now_ms, 0
    if questions >= MESSAGES_MAX:
        raise QuotaExceeded("a comparison that never ends", section="8.6", verdict="close")
    core.reconciling.begun[friend] = (began_ms or core.now_ms, message.salt, questions + 1)
    answering = _snapshot(core, friend, message.salt)
    for answer in answers(answering.items, message):
        core.send(link, answer)


def _snapshot(core: Core, friend: MemberId, salt: bytes) -> Answering:
    answering = core.reconciling.answering
    if answering is None or answering.friend != friend or answering.items.salt != salt:
        origins = _offer_items(core, friend)
        records = [
            stored.record.record_id
            for stored in core.registers.all()
            if intake.may_give(core, stored.record, friend)
        ]
        secrets = [
            key for key in _fresh_revocations(core, friend) if core.revocations[key].hops > 0
        ]
        answering = Answering(friend, ItemSet([*records, *secrets, *origins], salt), origins)
        core.reconciling.answering = answering
    return answering


def say_again(core: Core, link: Link, item: RecordId) -> None:
    """A friend wants an item that is no record: an offer or a revocation. Spec: §8.6."""
    revocation = core.revocations.get(item)
    if revocation is not None and revocation.hops > 0:
        core.send(link, Revoked(((revocation.secret, revocation.hops - 1),)))
        return
    answering = core.reconciling.answering
    if answering is None or answering.friend != link.friend:
        return
    origin = answering.origins.get(item)
    if origin is not None:
        link.offered.pop(origin, None)
        core.offers.given.setdefault(link.friend, {}).setdefault(origin, ())
        message = offers.offer_message(core, link, origin)
        if message is not None:
            core.send(link, message)


# --- what there is to compare ------------------------------------------------------------


def offer_item(origin: MemberId, paths: tuple[Path, ...]) -> bytes:
    """The item of an offer: its certificates are items of their own. Spec: §8.6."""
    told = b"".join(len(path).to_bytes(1, "big") + b"".join(path) for path in paths)
    return digest(Domain.FINGERPRINT, origin, told)


def _offer_items(core: Core, friend: MemberId) -> dict[bytes, MemberId]:
    items: dict[bytes, MemberId] = {}
    for origin in core.chosen:
        paths = offers.desired_paths(core, origin, friend)
        if paths:
            items[offer_item(origin, paths)] = origin
    return items


def _fresh_revocations(core: Core, friend: MemberId) -> list[bytes]:
    """Those in the first half of their time here; none with a former friend.

    Every node counts the time from when it learned one. Were they compared to their end,
    nodes would remind each other for ever of what each had forgotten in time.
    """
    if core.is_former_friend(friend):
        return []
    until_ms = core.now_ms + max(c.friendship_lease_ms for c in core.charters) // 2
    return [key for key, known in core.revocations.items() if known.expires_ms > until_ms]


def expected_items(core: Core, friend: MemberId) -> list[bytes]:
    """What we hold and believe this friend could give us now.

    Where the belief is wrong the fingerprints differ, and more is said than need be.
    """
    received = core.offers.received.get(friend, {})
    edges: Edges = {}
    seated = house.lineage_of(core, friend) | dict.fromkeys((core.me, friend))
    items: list[bytes] = _fresh_revocations(core, friend)
    for origin, offered in received.items():
        items.append(offer_item(origin, tuple(path.members for path in offered)))
        for path in offered:
            edges.update((edge(*pair), None) for pair in itertools.pairwise(path.members))
            if not offers.needs(core, path):
                items += _halves_not_held(core, path)
    for stored in core.registers.all():
        record = stored.record
        if record.is_expired(core.now_ms):
            continue
        if record.author == core.me and record.kind is not Kind.AMENDMENT:
            continue
        if _may_get(core, record, friend, edges, seated):
            items.append(record.record_id)
    return items


def _halves_not_held(core: Core, path: OfferedPath) -> list[bytes]:
    """Certificates of a path that we could ask for and have no use for now."""
    pairs = [
        (author, friend)
        for one, other in itertools.pairwise(path.members)
        for author, friend in ((one, other), (other, one))
    ]
    named = zip(pairs, path.certificates, strict=True)
    return [
        record_id
        for (author, friend), record_id in named
        if core.registers.stored((author, half_object(friend))) is None
    ]


def _comes_nearer(core: Core, origin: MemberId, friend: MemberId) -> bool:
    """Whether the friend's way to somebody leads through here: it offers none, and was offered one.

    What is said of them comes back along it (§7.3).
    """
    is_offered = origin in core.offers.given.get(friend, {})
    return is_offered and origin not in core.offers.received.get(friend, {})


def _may_get(core: Core, record: Record, friend: MemberId, edges: Edges, seated: Members) -> bool:
    """The friend's ``intake.may_give``, as seen from here."""
    body = record.body
    if core.is_former_friend(friend):
        return loan_traffic.may_take(core, record, friend)
    if isinstance(body, HalfBody):
        is_towards_us = record.author == friend and body.friend == core.me
        return is_towards_us or edge(record.author, body.friend) in edges
    if not core.is_live_friend(friend):
        return False
    if isinstance(body, SeatBody):
        return body.candidate in seated or record.key in core.counted
    if record.kind is Kind.AMENDMENT:
        return record.key in core.counted
    if record.kind is Kind.CHARTER:
        return True
    if isinstance(body, BetweenTwoBody):
        return mediations.may_get(core, record, friend)
    origin = record.origin
    if origin is None:
        return loan_path.follows_path(core, record, friend, core.me)
    if isinstance(body, ListingBody) and core.is_withdrawn(record):
        return False
    if record.kind in EVIDENCE_KINDS and (
        loan_path.follows_path(core, record, friend, core.me) or _comes_nearer(core, origin, friend)
    ):
        return True
    if origin == core.me:
        return record.kind in EVIDENCE_KINDS
    circles, through = offers.reach_of(core, record)
    if origin == friend:
        return circles >= 1 and (not through or core.me in through)
    return core.graph.has_transit(core.me, friend) and offers.is_plausible(core, friend, record)
