"""Streaming: what is new in our arrival log, to one friend at a time.

Offers of paths and revocations go as they are, our own fresh small records whole,
everything else by id.

Spec: §8.3, §8.4, §7.7.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from node.engine import intake, offers
from node.engine.core import Core
from node.engine.log import LogKey
from node.engine.registers import Stored
from node.engine.state import Link
from protocol.bodies import LOAN_KINDS
from protocol.keys import RecordId
from protocol.messages import Announce, Paths, Records, Revoked
from protocol.session import UNCONFIRMED_MAX_BYTES

PUSH_SIZE_MAX_BYTES = 2048
ANNOUNCED_AT_ONCE = 215
"""Just below a size that frames are padded to (spec §6.6)."""
PUSH_LAG_MAX = 32
"""Own records are pushed only to friends who are nearly up to date. Spec: §8.4."""
_ITEM_SIZE_BYTES = 40
_PATH_SIZE_BYTES = 400
"""About what an announced id, and a path of four members with six certificates, take."""


@dataclass(slots=True)
class Batch:
    """What one pump gathered before it is sent."""

    pushes: list[bytes] = field(default_factory=list)
    items: list[tuple[RecordId, int]] = field(default_factory=list)
    secrets: list[tuple[bytes, int]] = field(default_factory=list)
    paths: list[Paths] = field(default_factory=list)
    size_bytes: int = 0

    def is_empty(self) -> bool:
        return not (self.pushes or self.items or self.secrets or self.paths)

    def is_full(self) -> bool:
        return len(self.items) >= ANNOUNCED_AT_ONCE or len(self.secrets) >= ANNOUNCED_AT_ONCE

    def clear(self) -> None:
        """All of it was sent."""
        self.pushes.clear()
        self.items.clear()
        self.secrets.clear()
        self.paths.clear()
        self.size_bytes = 0


Recent = dict[int, list[tuple[int, LogKey]]]
"""What is new since a position near the top: most friends have been told as much as each other."""


def pump_all(core: Core) -> None:
    """Stream what is new: to everybody when the log grew, else to whom it was rewound."""
    links = core.links
    if core.log.top != core.pumped_top:
        core.pumped_top = core.log.top
        waiting = list(links.values())
    else:
        waiting = [links[link_id] for link_id in core.to_pump if link_id in links]
    core.to_pump = {}
    core.offered.clear()
    recent: Recent = {}
    batch = Batch()
    for link in waiting:
        if link.session.is_greeted and link.session.position < core.log.top:
            pump(core, link, recent, batch)


def pump(core: Core, link: Link, recent: Recent, batch: Batch) -> None:
    """Stream our log to one friend from its position to the end or the window. Spec: §8.3.

    Args:
        batch: empty, and empty again afterwards: most friends are told nothing.
    """
    session = link.session
    assert link.friend is not None, "only friends' links sync"
    friend = core.friends[link.friend]
    if (friend.ended and not link.is_for_loans) or session.is_paused:
        return
    # Who is streamed the log a second time holds most of it.
    is_repeated = friend.restart and session.peer_held_upto > 0
    is_near = core.log.top - session.position <= PUSH_LAG_MAX
    pushes = is_near and not is_repeated
    position = session.position
    for number, key in _since(core, position, recent) if is_near else core.log.since(position):
        if number > session.window_end:
            # Numbers in between were given to entries that moved on: nothing to wait for.
            session.position = number - 1
            session.is_paused = True
            _flush(core, link, batch, more=True)
            return
        gather(core, link, batch, key, pushes)
        session.position = number
        if session.unconfirmed_bytes + batch.size_bytes > UNCONFIRMED_MAX_BYTES:
            session.is_paused = True
            _flush(core, link, batch, more=True)
            return
        if not is_near and batch.is_full():
            _flush(core, link, batch, more=False)
    session.position = core.log.top
    if friend.restart and session.say_end():
        # It has arrived when the friend says so, not before.
        _flush(core, link, batch, more=True)
    elif not batch.is_empty():
        # Former friends confirm each time: the link ends when both know how the loans ended.
        _flush(core, link, batch, more=link.is_for_loans)


def _since(core: Core, position: int, recent: Recent) -> list[tuple[int, LogKey]]:
    entries = recent.get(position)
    if entries is None:
        entries = recent[position] = list(core.log.since(position))
    return entries


def gather(core: Core, link: Link, batch: Batch, key: LogKey, pushes: bool) -> None:
    if link.is_for_loans and not isinstance(key[0], bytes):
        return
    match key:
        case (bytes(), _):
            stored = core.registers.stored(key)
            if stored is not None:
                _gather_record(core, link, batch, stored, pushes)
        case ("paths", origin):
            message = offers.offer_message(core, link, origin)
            if message is not None:
                batch.paths.append(message)
                batch.size_bytes += _PATH_SIZE_BYTES * len(message.paths)
        case ("revocation", revocation_key):
            revocation = core.revocations.get(revocation_key)
            if revocation is not None and revocation.received_from != link.friend:
                batch.secrets.append((revocation.secret, revocation.hops - 1))
                batch.size_bytes += _ITEM_SIZE_BYTES


def _gather_record(core: Core, link: Link, batch: Batch, stored: Stored, pushes: bool) -> None:
    assert link.friend is not None, "only friends' links sync"
    session, record = link.session, stored.record
    if record.record_id in session.known_to_peer or offers.is_told(core, link, record):
        return
    if not intake.may_give(core, record, link.friend):
        return
    session.note_known(record.record_id)
    if pushes and _goes_whole(core, link, stored) and _may_push(core, link):
        batch.pushes.append(record.envelope)
        batch.size_bytes += len(record.envelope)
    else:
        batch.items.append((record.record_id, len(record.envelope)))
        batch.size_bytes += _ITEM_SIZE_BYTES


def _may_push(core: Core, link: Link) -> bool:
    """Whether the friend will bear one more record that it did not ask for. Spec: §8.4."""
    if core.config.records_per_second_max is None:
        return True
    return link.session.take_unasked(core.now_ms)


def _goes_whole(core: Core, link: Link, stored: Stored) -> bool:
    """Whether to give it without being asked: few would have it already. Spec: §8.4, §8.7."""
    record = stored.record
    if len(record.envelope) > PUSH_SIZE_MAX_BYTES:
        return False
    if record.author == core.me:
        return True
    if stored.received_ms != core.now_ms:
        return False
    return record.kind in LOAN_KINDS or record.origin in link.session.eager


def _flush(core: Core, link: Link, batch: Batch, *, more: bool) -> None:
    """Send a batch: what proves comes before what needs the proof. Spec: §8.4."""
    link.session.unconfirmed_bytes += batch.size_bytes + _ITEM_SIZE_BYTES
    if batch.secrets:
        core.send_alike(link, Revoked(tuple(batch.secrets)))
    for message in batch.paths:
        core.send_alike(link, message)
    if batch.pushes:
        core.send_alike(link, Records(tuple(batch.pushes)))
    core.send_alike(link, Announce(link.session.position, more, tuple(batch.items)))
    batch.clear()
