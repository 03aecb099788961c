"""What friends who are off should have: left with a common friend, and taken from one.

When a friend has not been linked for a while and our log holds something for them, the
same that ``pump`` would stream is sealed for them and left with a friend of both who is
linked. When a friend hands us such an item, what is in it goes through the very checks
that it would on a link from its author; no cursor moves, so that nothing can be lost by
it, and what stands in the way of replays is written in the spec.

How the friend in between keeps items is not the engine's: ``node.transport.mailbox``.

Spec: §17.4.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from node.engine import allowance, intake, offers, sync
from node.engine.common_friends import common_friends, proof_of
from node.engine.core import Core
from node.engine.events import Disconnect, Effect, LinkId, Send
from node.engine.state import Link
from protocol import limits
from protocol.bodies import HalfBody
from protocol.encoding import Value, expect_array, expect_bytes, expect_uint
from protocol.errors import (
    Expired,
    FromTheFuture,
    InvalidState,
    Malformed,
    RemoteProtocolError,
    UnknownPeer,
)
from protocol.keys import MemberId
from protocol.mailbox import (
    MESSAGES_MAX,
    Content,
    Correspondence,
    decode_content,
    encode_content,
    ephemeral_key,
    item_id,
    open_item,
    seal_item,
)
from protocol.messages import (
    ITEMS_MAX,
    Addresses,
    Message,
    OfferedPath,
    Paths,
    Records,
    Revoked,
    decode_message,
    encode_message,
)
from protocol.reaching import HandItem, ItemReceipt, LeaveItem, Reaching, encode_reaching
from protocol.session import NO_EPOCH, LinkSession

UNLINKED_MS: Final = 15_000
"""How long a friend is given to come back before something is left for them."""
BETWEEN_MS: Final = 30_000
"""Between two items for one friend: what changes meanwhile goes into one."""
RECEIPT_MAX_MS: Final = 60_000
REFUSED_MS: Final = 10 * 60_000
SETTLE_MS: Final = 1000
CONTENT_MAX_BYTES: Final = 900_000
RECORDS_MAX: Final = 400
"""Records in one item: below what a friend may send at once (spec §14)."""
_BATCH_SIZE_BYTES: Final = 48 * 1024
_ITEM_COST_RECORDS: Final = 20
"""What opening an item counts for against whoever hands it: garbage costs us as much."""
_ITEM_LINK: Final = LinkId(-1)
"""Stands for the link on which an item's messages would have come; hosts count from 1."""


@dataclass(slots=True)
class _UnderWay:
    """An item that a helper has not answered yet."""

    member: MemberId
    helper: MemberId
    upto: int
    deadline_ms: int


class Mailbox:
    """The engine's part in mailboxes: at the two ends."""

    def __init__(self) -> None:
        self._heard: dict[LinkId, int] = {}
        self._positions: dict[MemberId, int] = {}
        self._unlinked_since_ms: dict[MemberId, int] = {}
        self._left_at_ms: dict[MemberId, int] = {}
        self._under_way: dict[bytes, _UnderWay] = {}
        self._refused_until_ms: dict[tuple[MemberId, MemberId], int] = {}
        self._seen_top = -1
        self._next_ms: int | None = None

    # --- what the engine calls -----------------------------------------------------------

    def heard(self, link: Link) -> None:
        """A friend said something: what was streamed before has arrived, or nearly."""
        if link.session.is_greeted:
            self._heard[link.id] = link.session.position

    def link_down(self, core: Core, link_id: LinkId) -> None:
        """Before the link is forgotten: from where on to leave things. Spec: §17.4."""
        link = core.links.get(link_id)
        position = self._heard.pop(link_id, None)
        if link is not None and link.friend is not None and position is not None:
            # What was streamed after they were last heard of may be lost: it is left again.
            self._write_position(core, link.friend, position)
        for item in [i for i, u in self._under_way.items() if core.link_of(u.helper) == link_id]:
            del self._under_way[item]
        self.links_changed(core)

    def links_changed(self, core: Core) -> None:
        self._look_at(core.now_ms + SETTLE_MS)

    def look(self, core: Core) -> None:
        """After each event: leave what is due."""
        if core.log.top != self._seen_top:
            self._seen_top = core.log.top
            self._look_at(core.now_ms + SETTLE_MS)
        if self._next_ms is None or self._next_ms > core.now_ms:
            return
        self._next_ms = None
        if core.house is None or core.recalling is not None:
            return
        for item in [i for i, u in self._under_way.items() if u.deadline_ms <= core.now_ms]:
            self._refuse(core, self._under_way.pop(item))
        for member in sorted(core.friends):
            self._look_after(core, member)

    def next_wakeup_ms(self) -> int | None:
        return self._next_ms

    def on_message(self, core: Core, link: Link, message: Reaching) -> None:
        """React to a receipt or an item.

        Raises:
            RemoteProtocolError: refused; the engine counts it.
        """
        match message:
            case ItemReceipt(item, is_taken):
                self._on_receipt(core, link, item, is_taken)
            case HandItem():
                _on_item(core, link, message)
            case _:
                raise InvalidState("this is not for an end", section="17.1", verdict="ignore")

    # --- leaving -------------------------------------------------------------------------

    def _look_at(self, time_ms: int) -> None:
        self._next_ms = time_ms if self._next_ms is None else min(self._next_ms, time_ms)

    def _look_after(self, core: Core, member: MemberId) -> None:
        """Leave something for one friend, or note when it will be due."""
        if core.link_of(member) is not None or core.friends[member].ended:
            self._unlinked_since_ms.pop(member, None)
            return
        since_ms = self._unlinked_since_ms.setdefault(member, core.now_ms)
        if self._position(core, member) >= core.log.top:
            return
        under_way = [u.deadline_ms for u in self._under_way.values() if u.member == member]
        left_ms = self._left_at_ms.get(member)
        due_ms = max(
            since_ms + UNLINKED_MS, 0 if left_ms is None else left_ms + BETWEEN_MS, *under_way
        )
        if due_ms > core.now_ms:
            self._look_at(due_ms)
        else:
            self._leave(core, member)

    def _leave(self, core: Core, member: MemberId) -> None:
        helper = self._helper(core, member)
        proof = proof_of(core, member)
        if helper is None or proof is None:
            return
        messages, upto = _gather(core, member, self._position(core, member))
        if not messages:
            self._positions[member] = upto
            return
        sealed = _seal(core, member, Content(core.log.epoch, upto, core.now_ms, messages))
        deadline_ms = core.now_ms + RECEIPT_MAX_MS
        self._under_way[item_id(sealed)] = _UnderWay(member, helper, upto, deadline_ms)
        self._look_at(deadline_ms)
        link_id = core.link_of(helper)
        assert link_id is not None, "helpers are linked"
        core.effects.append(Send(link_id, encode_reaching(LeaveItem(member, proof, sealed))))

    def _helper(self, core: Core, member: MemberId) -> MemberId | None:
        for helper in common_friends(core, member):
            until_ms = self._refused_until_ms.get((helper, member), 0)
            if until_ms <= core.now_ms:
                return helper
            self._look_at(until_ms)
        return None

    def _on_receipt(self, core: Core, link: Link, item: bytes, is_taken: bool) -> None:
        under_way = self._under_way.get(item)
        if under_way is None or under_way.helper != link.friend:
            return  # too late, or never asked for
        del self._under_way[item]
        if not is_taken:
            self._refuse(core, under_way)
            return
        self._left_at_ms[under_way.member] = core.now_ms
        if core.link_of(under_way.member) is None:
            self._write_position(core, under_way.member, under_way.upto)
        self._look_at(core.now_ms + SETTLE_MS)

    def _refuse(self, core: Core, under_way: _UnderWay) -> None:
        """Another common friend may take it; this one is asked again later."""
        pair = (under_way.helper, under_way.member)
        self._refused_until_ms[pair] = core.now_ms + REFUSED_MS
        self._look_at(core.now_ms + SETTLE_MS)

    # --- how far a friend has our log, by links or items ---------------------------------

    def _position(self, core: Core, member: MemberId) -> int:
        known = self._positions.get(member)
        if known is None:
            note = core.get_local(_position_note(member))
            epoch, known = (b"", 0) if note is None else _read_position(note)
            # A restored database numbers anew: what it remembers means nothing.
            self._positions[member] = known = known if epoch == core.log.epoch else 0
        return known

    def _write_position(self, core: Core, member: MemberId, position: int) -> None:
        self._positions[member] = position
        row: Value = (core.log.epoch, position)
        if core.get_local(_position_note(member)) != row:
            core.put_local(_position_note(member), row)


def _position_note(member: MemberId) -> str:
    return f"mailbox left {member.hex()}"


def _read_position(note: Value) -> tuple[bytes, int]:
    fields = expect_array(note, "note", length=2)
    return expect_bytes(fields[0], "log epoch"), expect_uint(fields[1], "position")


def _took_note(member: MemberId) -> str:
    return f"mailbox took {member.hex()}"


# --- what goes into an item ------------------------------------------------------------


@dataclass(slots=True)
class _Gathered:
    """Messages in the making: what proves comes before what needs the proof."""

    secrets: list[tuple[bytes, int]] = field(default_factory=list)
    paths: list[Message] = field(default_factory=list)
    envelopes: list[bytes] = field(default_factory=list)
    size_bytes: int = 0
    records: int = 0

    def is_full(self) -> bool:
        return (
            self.size_bytes >= CONTENT_MAX_BYTES
            or self.records >= RECORDS_MAX
            or len(self.paths) >= MESSAGES_MAX // 4
            or len(self.secrets) >= ITEMS_MAX
        )


def _gather(core: Core, member: MemberId, position: int) -> tuple[tuple[bytes, ...], int]:
    """The messages for a friend from ``position`` on, and the number they reach."""
    gathered = _Gathered()
    upto = core.log.top
    for number, key in core.log.since(position):
        if gathered.is_full():
            upto = number - 1
            break
        match key:
            case (bytes() as author, object_id):
                stored = core.registers.stored((author, object_id))
                is_news = stored is not None and stored.received_from != member
                if stored is not None and is_news and intake.may_give(core, stored.record, member):
                    _add_envelopes(gathered, [stored.record.envelope])
            case ("paths", origin):
                _gather_paths(core, gathered, member, origin)
            case ("revocation", revocation_key):
                revocation = core.revocations.get(revocation_key)
                is_news = revocation is not None and revocation.received_from != member
                if revocation is not None and is_news and revocation.hops > 0:
                    gathered.secrets.append((revocation.secret, revocation.hops - 1))
    messages = list(_messages(gathered))
    if messages:
        messages += _own_addresses(core)
    return tuple(encode_message(message) for message in messages), upto


def _gather_paths(core: Core, gathered: _Gathered, member: MemberId, origin: MemberId) -> None:
    desired = offers.desired_paths(core, origin, member)
    given = core.offers.given.get(member, {}).get(origin, ())
    if not desired and not given:
        return
    certified = tuple(OfferedPath(path, offers.certificate_ids(core, path)) for path in desired)
    message = Paths(origin, certified)
    gathered.paths.append(message)
    certificates = dict.fromkeys(itertools.chain(*(p.certificates for p in message.paths)))
    records = [core.registers.with_id(certificate) for certificate in certificates]
    envelopes = [record.envelope for record in records if record is not None]
    gathered.paths.extend(_records(envelopes))
    gathered.size_bytes += 300 + sum(len(envelope) for envelope in envelopes)
    gathered.records += len(envelopes)


def _add_envelopes(gathered: _Gathered, envelopes: list[bytes]) -> None:
    gathered.envelopes += envelopes
    gathered.size_bytes += sum(len(envelope) for envelope in envelopes)
    gathered.records += len(envelopes)


def _messages(gathered: _Gathered) -> Iterator[Message]:
    if gathered.secrets:
        yield Revoked(tuple(gathered.secrets))
    yield from gathered.paths
    yield from _records(gathered.envelopes)


def _records(envelopes: list[bytes]) -> Iterator[Records]:
    batch: list[bytes] = []
    size_bytes = 0
    for envelope in envelopes:
        batch.append(envelope)
        size_bytes += len(envelope)
        if size_bytes > _BATCH_SIZE_BYTES or len(batch) == ITEMS_MAX:
            yield Records(tuple(batch))
            batch, size_bytes = [], 0
    if batch:
        yield Records(tuple(batch))


def _own_addresses(core: Core) -> list[Message]:
    """Where we are today, as the newest link was told."""
    told = [link.local_addresses for link in core.links.values() if link.local_addresses]
    return [Addresses(told[-1])] if told else []


def _seal(core: Core, member: MemberId, content: Content) -> bytes:
    assert core.house is not None, "friends are of a house"
    letter = Correspondence(core.house, core.me, member)
    data = encode_content(content)
    return seal_item(
        letter,
        data,
        static=core.config.link_private,
        ephemeral=ephemeral_key(core.config.seed, letter, data),
        remote=core.friends[member].link_key,
    )


# --- taking ----------------------------------------------------------------------------


def _on_item(core: Core, link: Link, message: HandItem) -> None:
    """Open an item, and act on it as on a link from its author. Spec: §17.4."""
    assert link.friend is not None, "friends hand items over"
    allowance.spend(core, link.friend, _ITEM_COST_RECORDS)
    item = item_id(message.sealed)
    if core.link_of(message.member) is None and not allowance.left_for(core, message.member, 1):
        _answer(core, link, item, is_taken=False)
        return
    # Whatever is wrong with it, it would be wrong tomorrow: it need not be kept.
    _answer(core, link, item, is_taken=True)
    content = _open(core, message)
    is_new = _note_taken(core, message.member, content)
    epoch, upto = core.cursors.get(message.member, (NO_EPOCH, 0))
    if content.epoch == epoch and content.upto <= upto:
        return
    is_new &= epoch in (NO_EPOCH, content.epoch) and core.link_of(message.member) is None
    _act(core, message.member, content, is_new=is_new)


def _answer(core: Core, link: Link, item: bytes, *, is_taken: bool) -> None:
    core.effects.append(Send(link.id, encode_reaching(ItemReceipt(item, is_taken))))


def _open(core: Core, message: HandItem) -> Content:
    friend = core.friends.get(message.member)
    if core.house is None or friend is None or not core.is_live_friend(message.member):
        raise UnknownPeer("an item from somebody who is not a friend", "17.4", verdict="ignore")
    try:
        letter = Correspondence(core.house, message.member, core.me)
        content = decode_content(
            open_item(
                letter,
                message.sealed,
                static=core.config.link_private,
                remote=friend.link_key,
            )
        )
    except RemoteProtocolError as error:
        # The friend who hands it over cannot know what is inside.
        error.verdict = "ignore"
        raise
    if content.created_ms > core.now_ms + limits.CREATED_AHEAD_MAX_MS:
        raise FromTheFuture("the item is dated in the future", "17.4")
    if content.created_ms + limits.MAILBOX_ITEM_TTL_MS < core.now_ms:
        raise Expired("the item is older than any is kept", "17.4")
    return content


def _note_taken(core: Core, member: MemberId, content: Content) -> bool:
    """Remember the newest item of a friend; whether this is it."""
    note = core.get_local(_took_note(member))
    if note is not None:
        f = expect_array(note, "note", length=2)
        if f[0] == content.epoch and content.upto <= expect_uint(f[1], "upto"):
            return False
    row: Value = (content.epoch, content.upto)
    core.put_local(_took_note(member), row)
    return True


def _act(core: Core, member: MemberId, content: Content, *, is_new: bool) -> None:
    link = Link(_ITEM_LINK, member, LinkSession())
    try:
        for data in content.messages:
            message = decode_message(data)
            if not isinstance(message, Records | Paths | Revoked | Addresses):
                raise Malformed("an item carries no such message", "17.4")
            if isinstance(message, Records):
                wanted = [e for e in message.envelopes if not _is_unwanted(core, link, e)]
                message = Records(tuple(wanted))
            if is_new or isinstance(message, Records | Revoked):
                _act_on(core, link, message)
            if not core.is_live_friend(member):
                break  # it brought the end of the friendship
    except RemoteProtocolError as error:
        error.verdict = "ignore"
        raise
    finally:
        core.puller.link_down(_ITEM_LINK)
        core.starved.pop(_ITEM_LINK, None)
        core.to_pull.pop(_ITEM_LINK, None)
        core.effects[:] = [effect for effect in core.effects if not _is_to_nobody(effect)]


def _act_on(core: Core, link: Link, message: Message) -> None:
    try:
        sync.on_message(core, link, message)
    except RemoteProtocolError as error:
        # One path or record that cannot be used says nothing against the others.
        error.verdict = "ignore"
        core.reject(link, error)


def _is_unwanted(core: Core, link: Link, envelope: bytes) -> bool:
    """Whether this is a certificate of a path that we have no need of: that is no offence."""
    try:
        record = core.config.open_record(envelope)
    except RemoteProtocolError:
        return False  # refused, and counted, where all are
    return (
        isinstance(record.body, HalfBody)
        and record.author not in (core.me, link.friend)
        and record.body.friend != core.me
        and core.registers.stored(record.key) is None
        and not core.puller.was_asked(link.id, record.record_id)
    )


def _is_to_nobody(effect: Effect) -> bool:
    return isinstance(effect, Send | Disconnect) and effect.link == _ITEM_LINK
