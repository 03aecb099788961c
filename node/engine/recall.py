"""A restored node asks its friends for what it said itself, before it says more.

A backup is older than its node was. What was changed since stands with the friends:
they give it back, newest versions, and the node goes on from there with a new device
key and an epoch that is greater than any before, so no number is used twice.

Nobody waits for ever for a friend who is away: the node goes on, asks each of those who have not
answered when their link comes up, and promises nothing before (``forgotten``).

Spec: §18.5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from node.engine import forgotten, house, loan_traffic, loans, resuming, roots
from node.engine.core import Core
from node.engine.edges import is_not_ended
from node.engine.events import Space
from node.engine.registers import Stored
from node.engine.state import Link
from protocol import limits
from protocol.bodies import Kind, half_object
from protocol.errors import InvalidState, QuotaExceeded, RemoteProtocolError
from protocol.keys import MemberId
from protocol.messages import ITEMS_MAX, Recall, Recalled, Revoked
from protocol.records import Record

RECALL_MESSAGE_SIZE_MAX_BYTES = 48 * 1024
RECALLS_MIN_MS = 60_000
"""A friend is answered once within this time: an answer reads all that is held."""
WAIT_AFTER_FIRST_MS = 60_000
WAIT_MAX_MS = 24 * 3600 * 1000
_SAID_ANEW = (
    Kind.STATEMENT, Kind.LISTING, Kind.WITHDRAWAL, Kind.VALIDATION,
)  # fmt: skip


# --- the restored node -------------------------------------------------------------------


def begin(core: Core, link: Link) -> None:
    """A link with a friend stands: ask, if they have not told us yet."""
    if core.recalling is not None or link.friend in forgotten.still_to_ask(core):
        core.send(link, Recall())


def on_recalled(core: Core, link: Link, message: Recalled) -> None:
    """Records of our own come back.

    Raises:
        InvalidState: we asked for nothing.
    """
    state, friend = core.recalling, link.friend
    if friend is None or (state is None and friend not in forgotten.still_to_ask(core)):
        raise InvalidState("nothing was recalled", section="18.5")
    devices: dict[bytes, None] = {} if state is None else state.devices
    for envelope in message.envelopes:
        try:
            record = core.config.open_record(envelope)
            if record.author == core.me:
                _take_back(core, devices, record)
            else:
                resuming.take_back(core, record, friend)
        except RemoteProtocolError as error:
            core.reject(link, error)
    if state is None:
        resuming.take_up(core)
        _let_former_devices_go(core, devices)
        if not message.more:
            left = [member for member in forgotten.still_to_ask(core) if member != friend]
            forgotten.ask_later(core, left)
            loans.catch_up(core)  # what waited for this answer
        return
    if message.more:
        return
    state.answered[friend] = None
    if state.first_answer_ms is None:
        state.first_answer_ms = core.now_ms
    finish_if_done(core)


def _take_back(core: Core, devices: dict[bytes, None], record: Record) -> None:
    if record.house != core.house:
        raise InvalidState("the record is not one of ours", section="18.5")
    chain = core.config.successors[: len(record.successors)]
    if [s.key for s in record.successors] != [s.key for s in chain]:
        raise InvalidState("the record names roots that are not ours", section="18.5")
    devices[record.device] = None
    if record.epoch >= core.epoch and record.device != _own_device(core):
        core.epoch = record.epoch + 1
        core.persist(Space.META, b"epoch", core.epoch)
    if record.is_expired(core.now_ms) or (
        record.kind is Kind.LISTING and core.is_withdrawn(record)
    ):
        return
    held = core.registers.stored(record.key)
    if held is None or held.record.version < record.version:
        core.keep(record, None)


def _own_device(core: Core) -> bytes:
    device = core.config.device or core.config.signer
    return device.public


def finish_if_done(core: Core) -> None:
    """Go on when everybody who can has answered. Spec: §18.5."""
    state = core.recalling
    if state is None or core.house is None:
        return
    linked = [m for m in core.link_ids if is_not_ended(core, m)]
    has_all = bool(linked) and all(member in state.answered for member in linked)
    first_ms = state.first_answer_ms
    has_waited = first_ms is not None and core.now_ms - first_ms >= WAIT_AFTER_FIRST_MS
    waited_ms = core.now_ms - state.started_ms
    is_alone = not core.friends and waited_ms >= WAIT_AFTER_FIRST_MS
    if (has_all and has_waited) or is_alone or waited_ms >= WAIT_MAX_MS:
        finish(core)


def finish(core: Core) -> None:
    """Everything of ours is said anew by this device; the former ones say no more."""
    state = core.recalling
    if state is None or core.house is None:
        return
    core.recalling = None
    core.persist(Space.META, b"recalling", None)
    resuming.take_up(core)
    friends = [*sorted(core.friends), *core.loan_links]  # ``ask_later`` leaves out former ones
    forgotten.ask_later(core, [member for member in friends if member not in state.answered])
    forgotten.wait(core)
    roots.introduce_keys(core)
    held = {stored.record.device: None for stored in _all_of(core, core.me)}
    _let_former_devices_go(core, {**held, **state.devices})
    loans.catch_up(core)  # what was not to be said before everything was back
    core.deliver("house")


def _let_former_devices_go(core: Core, devices: dict[bytes, None]) -> None:
    """Of the devices that signed for us none but this one does so any more."""
    still = (core.me, _own_device(core), *(s.key for s in core.config.successors))
    say_anew(core, lambda record: record.epoch < core.epoch)
    revoke_devices(core, [device for device in devices if device not in still])


def say_anew(core: Core, is_old: Callable[[Record], bool]) -> None:
    """Sign again what counts only while the device or root that signed it does. Spec: §18.2."""
    for kind in _SAID_ANEW:
        for record in filter(is_old, core.mine(kind)):
            core.publish(record.body, record.object, record.not_after_ms - core.now_ms)
    # Also where the friend's own half does not count now: it may be on its way.
    for member in [member for member, known in core.friends.items() if not known.ended]:
        held = core.current(core.me, half_object(member))
        if held is None or is_old(held):
            house.renew_half(core, member)


def revoke_devices(core: Core, devices: list[bytes]) -> None:
    """Publish that these sign no more, beside those that were revoked before. Spec: §18.2."""
    keys = roots.own_keys(core)
    if keys is None or all(device in keys.revoked for device in devices):
        return
    # Of too many the newest: what older ones signed has long been said anew.
    revoked = sorted(dict.fromkeys([*keys.revoked, *devices][-limits.REVOKED_KEYS_MAX :]))
    roots.publish_keys(core, replace(keys, revoked=tuple(revoked)))


def next_wakeup_ms(core: Core) -> int | None:
    state = core.recalling
    if state is None or core.house is None:
        return None
    begins = [ms for ms in (state.started_ms, state.first_answer_ms) if ms is not None]
    times = [ms + WAIT_AFTER_FIRST_MS for ms in begins]
    soon = [time_ms for time_ms in times if time_ms > core.now_ms]
    return min([*soon, max(core.now_ms + 1, state.started_ms + WAIT_MAX_MS)])


# --- its friends -------------------------------------------------------------------------


def on_recall(core: Core, link: Link) -> None:
    """Give a friend all that we hold of their own; a former one what loans go on with.

    Raises:
        QuotaExceeded: asked again too soon.
    """
    friend = link.friend
    if friend is None or not (is_not_ended(core, friend) or link.is_for_loans):
        raise InvalidState("only a friend can recall", section="18.5")
    last_ms = link.recalled_at_ms
    if last_ms is not None and core.now_ms - last_ms < RECALLS_MIN_MS:
        raise QuotaExceeded("records were recalled again too soon", section="18.5")
    link.recalled_at_ms = core.now_ms
    records = [stored.record for stored in _all_of(core, friend)]
    if link.is_for_loans:
        records = [record for record in records if loan_traffic.is_of_loans(core, record, friend)]
    else:
        _give_back_ends(core, link, friend)
        records += resuming.ends_of(core, friend, core.registers.all())
    batch: list[bytes] = []
    size = 0
    for record in records:
        envelope = record.envelope
        if batch and (
            len(batch) >= ITEMS_MAX or size + len(envelope) > RECALL_MESSAGE_SIZE_MAX_BYTES
        ):
            core.send(link, Recalled(tuple(batch), more=True))
            batch, size = [], 0
        batch.append(envelope)
        size += len(envelope)
    core.send(link, Recalled(tuple(batch), more=False))


def _give_back_ends(core: Core, link: Link, friend: MemberId) -> None:
    """The ends of friendships that the friend told us of: the backup may not know them."""
    known = core.revocations.values()
    secrets = [(r.secret, r.hops) for r in known if r.received_from == friend]
    for begin in range(0, len(secrets), ITEMS_MAX):
        core.send(link, Revoked(tuple(secrets[begin : begin + ITEMS_MAX])))


def _all_of(core: Core, author: MemberId) -> list[Stored]:
    return [stored for stored in core.registers.all() if stored.record.author == author]
