"""From the store back to a running engine: the database alone is enough.

Order matters only between spaces: friends before records (an edge of our own
needs its friend), records before offers. The rows of one space come in any order.

Spec: §10.2.
"""

from __future__ import annotations

from collections.abc import Iterable

from node.engine import contacts, house, loan_links, loans, offers, pace, pauses
from node.engine.core import Core
from node.engine.edges import refresh_edge
from node.engine.events import Space
from node.engine.log import LogKey
from node.engine.registers import Stored
from node.engine.state import Friend, Recalling, Revocation
from protocol.bodies import EVIDENCE_KINDS, LOAN_KINDS, HalfBody, Kind
from protocol.encoding import (
    Value,
    expect_array,
    expect_bool,
    expect_bytes,
    expect_text,
    expect_uint,
)
from protocol.keys import HouseId, MemberId, RecordId
from protocol.mandates import Successor
from protocol.messages import OfferedPath
from protocol.records import Record

Rows = dict[Space, list[tuple[bytes, Value]]]


def restore(core: Core, stored: Iterable[tuple[Space, bytes, Value]], now_ms: int) -> bool:
    """Fill an empty core from what was persisted.

    Returns:
        False when there was nothing: a new node.
    """
    core.begin(now_ms)
    rows: Rows = {}
    for space, key, value in stored:
        rows.setdefault(space, []).append((key, value))
    meta = dict(rows.get(Space.META, []))
    if b"log_epoch" not in meta:
        assert not rows.get(Space.RECORD), "a store with records has a log epoch"
        return False
    core.is_restoring = True
    _restore_meta(core, meta)
    for key, value in sorted(rows.get(Space.FRIEND, []), key=lambda row: row[0]):
        _restore_friend(core, MemberId(key), expect_array(value, "friend", length=6))
    _restore_small(core, rows)
    _restore_records(core, rows, expect_uint(meta.get(b"log_top", 0), "log top"))
    _restore_offers(core, rows)
    pauses.restore(core)
    loan_links.restore(core)
    pace.restore(core)
    core.is_restoring = False
    return True


def _restore_meta(core: Core, meta: dict[bytes, Value]) -> None:
    core.log.epoch = expect_bytes(meta[b"log_epoch"], "log epoch", length=8)
    core.restore_sequence(expect_uint(meta.get(b"sequence", 0), "sequence"))
    core.clock_noted_ms = expect_uint(meta.get(b"clock", 0), "clock")
    core.epoch = expect_uint(meta.get(b"epoch", 0), "epoch")
    if b"mandate" in meta:
        f = expect_array(meta[b"mandate"], "mandate", length=2)
        core.mandate, core.mandate_from_ms = (
            expect_bytes(f[0], "mandate"),
            expect_uint(f[1], "from"),
        )
    if b"recalling" in meta:
        core.recalling = Recalling(expect_uint(meta[b"recalling"], "recalling since"))
    if b"house" in meta:
        core.house = HouseId(expect_bytes(meta[b"house"], "house", length=32))


def _restore_friend(core: Core, member: MemberId, f: tuple[Value, ...]) -> None:
    core.friends[member] = Friend(
        member,
        link_key=expect_bytes(f[0], "link key", length=32),
        addresses=tuple(expect_text(a, "address", 255) for a in expect_array(f[1], "addresses")),
        since_ms=expect_uint(f[2], "since"),
        half_start=expect_uint(f[3], "half start"),
        ended=expect_bool(f[4], "ended"),
        restart=expect_bool(f[5], "restart"),
    )


def _restore_small(core: Core, rows: Rows) -> None:
    for key, value in rows.get(Space.INVITATION, []):
        f = expect_array(value, "invitation", length=3)
        core.invitations[key] = (
            expect_bytes(f[0], "secret", length=32),
            expect_uint(f[1], "expires"),
            expect_bytes(f[2], "used by"),
        )
    for key, value in rows.get(Space.CURSOR, []):
        f = expect_array(value, "cursor", length=2)
        epoch = expect_bytes(f[0], "epoch", length=8)
        core.cursors[MemberId(key)] = (epoch, expect_uint(f[1], "upto"))
    for key, value in sorted(rows.get(Space.REVOCATION, []), key=lambda row: row[0]):
        f = expect_array(value, "revocation", length=4)
        giver = MemberId(expect_bytes(f[3], "giver"))
        core.revocations[key] = Revocation(
            expect_bytes(f[0], "secret", length=32),
            expect_uint(f[1], "hops"),
            expect_uint(f[2], "expires"),
            giver or None,
        )
    for key, value in rows.get(Space.ROOT, []):
        chain = (expect_array(item, "root", length=2) for item in expect_array(value, "roots"))
        core.roots[MemberId(key)] = tuple(
            Successor(expect_bytes(s[0], "key", length=32), expect_uint(s[1], "from"))
            for s in chain
        )
    for key, value in rows.get(Space.CLAIM, []):
        core.claims[(MemberId(key[:32]), key[32:])] = expect_uint(value, "first seen")
    for key, value in rows.get(Space.LOCAL, []):
        core.restore_local(key.decode(), value)


def _restore_records(core: Core, rows: Rows, log_top: int) -> None:
    entries: list[tuple[int, LogKey]] = []
    opened: list[tuple[int, bytes, Stored]] = []
    for key, value in rows.get(Space.RECORD, []):
        f = expect_array(value, "record row", length=4)
        record = core.config.open_record(expect_bytes(f[3], "envelope"))
        giver = MemberId(expect_bytes(f[2], "giver"))
        number = expect_uint(f[0], "number")
        opened.append((number, key, Stored(record, expect_uint(f[1], "received"), giver or None)))
    opened.sort(key=lambda item: (item[2].received_ms, item[0], item[1]))
    for number, _, stored in opened:
        record = stored.record
        core.registers.put(stored)
        core.note_expiry(record)
        if number:
            entries.append((number, record.key))
    entries.extend(_numbers_of_offers(rows))
    core.log.restore(entries, log_top)
    for _, _, stored in opened:
        _react(core, stored.record)
    house.refresh_members(core)
    for _, _, stored in opened:
        if stored.record.kind in LOAN_KINDS or stored.record.kind in EVIDENCE_KINDS:
            loans.on_record(core, stored.record, stored.received_from or core.me)


def _numbers_of_offers(rows: Rows) -> list[tuple[int, LogKey]]:
    """Where the paths to each origin stand in the log: at the latest offer to anybody."""
    numbers: dict[MemberId, int] = {}
    for key, value in rows.get(Space.OFFERED, []):
        origin = MemberId(key[32:])
        number = expect_uint(expect_array(value, "offer", length=2)[0], "number")
        numbers[origin] = max(number, numbers.get(origin, 0))
    return [(number, ("paths", origin)) for origin, number in numbers.items() if number]


def _react(core: Core, record: Record) -> None:
    if record.kind is Kind.CHARTER:
        core.house = record.house
        house.apply_charter(core, record)
    elif isinstance(record.body, HalfBody):
        refresh_edge(core, record.author, record.body.friend)
    elif record.origin is not None:
        offers.widen_reach(core, record)
        if record.kind is Kind.STATEMENT:
            contacts.note(core, record)


def _restore_offers(core: Core, rows: Rows) -> None:
    for key, value in rows.get(Space.OFFERED, []):
        given = expect_array(expect_array(value, "offer", length=2)[1], "paths")
        paths = tuple(_members(item) for item in given)
        offers.restore_given(core, MemberId(key[:32]), MemberId(key[32:]), paths)
    for key, value in rows.get(Space.OFFER, []):
        received = core.offers.received.setdefault(MemberId(key[:32]), {})
        received[MemberId(key[32:])] = tuple(
            _offered(item) for item in expect_array(value, "offered paths")
        )
    # Numbers of revocations are not persisted: they are given anew.
    for revocation_key, revocation in core.revocations.items():
        if revocation.hops > 0:
            core.bump_entry(("revocation", revocation_key))
    offers.resume(core)


def _members(value: Value) -> tuple[MemberId, ...]:
    return tuple(
        MemberId(expect_bytes(item, "member", length=32)) for item in expect_array(value, "path")
    )


def _offered(value: Value) -> OfferedPath:
    f = expect_array(value, "offered path", length=2)
    ids = tuple(RecordId(expect_bytes(item, "id", length=32)) for item in expect_array(f[1], "ids"))
    return OfferedPath(_members(f[0]), ids)
