"""What I share: adding, changing and withdrawing listings, and keeping them alive.

A listing is a register of its holder. Making it wider is a new version; making it
narrower is a withdrawal of the old version first, sent as far as any version ever
went, then the new version: who is no longer within reach learns that it is gone,
and nothing more. The store hides whatever a withdrawal covers (``Core.is_withdrawn``).

Nothing here can state a price (rule R4).

Must not import anything that acts.

Spec: §5.7, §7.6, §11.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from node.engine import away, ids, loan_steps, own_calendar
from node.engine.booking import busy_intervals
from node.engine.calendar import minute_text
from node.engine.commands import AddThing, BlockDates, LookFor, SetThing, WithdrawThing
from node.engine.core import Core
from node.engine.events import Json
from node.engine.leases import is_of_the_future
from node.engine.thing_fields import (
    checked_availability,
    checked_circles,
    checked_conditions,
    checked_licence,
    checked_text,
    checked_title,
    resolved_through,
)
from protocol import limits
from protocol.bodies import Kind, ListingBody, ThingKind, WithdrawalBody, withdrawal_object
from protocol.errors import Refused
from protocol.keys import MemberId, ObjectId
from protocol.records import Record

_KIND_WORDS: Final = {
    ThingKind.OBJECT: "object",
    ThingKind.STAY: "stay",
    ThingKind.SPOT: "spot",
    ThingKind.COPY: "copy",
    ThingKind.WANTED: "wanted",
}
_MS_PER_DAY: Final = 24 * 3600 * 1000


def add(core: Core, command: AddThing) -> Json:
    """List a thing. Raises Refused; nothing is changed then."""
    if core.house is None:
        raise Refused("no-house")
    body = ListingBody(
        title=checked_title(command.title),
        text=checked_text(command.text),
        thing_kind=command.kind,
        circles=checked_circles(core, command.circles),
        through=resolved_through(core, command.only_through),
        busy=(),
        availability=checked_availability(core, command.availability),
        photos=command.photos,
        category_code=command.category,
        conditions=checked_conditions(command.conditions),
        licence=checked_licence(command.licence, command.kind, command.file),
        file=command.file,
    )
    _check_room(core)
    thing = ObjectId(core.draw("thing", 16))
    if command.buffer_minutes:
        own_calendar.set_buffer(core, thing, command.buffer_minutes)
    return _json(core.publish(body, thing, core.charter.listing_lease_ms))


def look_for(core: Core, command: LookFor) -> Json:
    """Tell one's circles what one would like to borrow; it ends by itself, or by ``withdraw``."""
    if core.house is None:
        raise Refused("no-house")
    body = ListingBody(
        title=checked_title(command.title),
        text=checked_text(command.text),
        thing_kind=ThingKind.WANTED,
        circles=checked_circles(core, command.circles),
        through=(),
        busy=(),
    )
    longest_ms = core.charter.listing_lease_ms
    if not 0 < command.lease_ms <= longest_ms:
        raise Refused("wanted-too-long", days=longest_ms // _MS_PER_DAY)
    _check_room(core)
    return _json(core.publish(body, ObjectId(core.draw("thing", 16)), command.lease_ms))


def _check_room(core: Core) -> None:
    if len(_my_listings(core)) >= limits.LISTINGS_PER_ORIGIN_MAX:
        raise Refused("too-many-things", maximum=limits.LISTINGS_PER_ORIGIN_MAX)


def change(core: Core, command: SetThing) -> Json:
    """Change what is given of a thing; an open loan of it goes on as it was agreed."""
    old = _my_thing(core, command.thing)
    body = _body(old)
    is_wanted = body.thing_kind is ThingKind.WANTED
    if command.kind is not None and is_wanted != (command.kind is ThingKind.WANTED):
        raise Refused("wanted-not-a-thing")
    kind = body.thing_kind if command.kind is None else command.kind
    licence = body.licence if command.licence is None else command.licence
    if kind is not ThingKind.COPY and command.licence is None:
        licence = ""  # it was a copyable thing's
    file = None if command.takes_file_away else command.file or body.file
    if kind is not ThingKind.COPY and command.file is None:
        file = None  # the same
    changed = ListingBody(
        title=body.title if command.title is None else checked_title(command.title),
        text=body.text if command.text is None else checked_text(command.text),
        thing_kind=kind,
        circles=body.circles if command.circles is None else checked_circles(core, command.circles),
        through=body.through
        if command.only_through is None
        else resolved_through(core, command.only_through, kept=body.through),
        busy=body.busy,
        availability=body.availability
        if command.availability is None
        else checked_availability(core, command.availability),
        photos=body.photos if command.photos is None else command.photos,
        category_code=body.category_code if command.category is None else command.category,
        conditions=body.conditions
        if command.conditions is None
        else checked_conditions(command.conditions),
        licence=checked_licence(licence, kind, file),
        file=file,
    )
    if command.buffer_minutes is not None:
        own_calendar.set_buffer(core, old.object, command.buffer_minutes)
        changed = replace(changed, busy=busy_intervals(core, old.object))
    if changed == body:
        return _json(old)
    if is_narrower(changed, body):
        _publish_withdrawal(core, old)
    # What one looks for is not renewed: it ends when it was meant to.
    lease_ms = old.not_after_ms - core.now_ms if is_wanted else core.charter.listing_lease_ms
    return _json(core.publish(changed, old.object, lease_ms))


def withdraw(core: Core, command: WithdrawThing) -> Json:
    """Take a thing back from everybody; nothing else can bring this listing back."""
    old = _my_thing(core, command.thing)
    _publish_withdrawal(core, old)
    own_calendar.forget(core, old.object)
    return _json(old)


def block_dates(core: Core, command: BlockDates) -> Json:
    """Keep dates of a thing free of loans, or let them be asked for again. Spec: §11.4."""
    record = _my_thing(core, command.thing)
    if command.to_minute <= command.from_minute:
        start, end = minute_text(command.from_minute), minute_text(command.to_minute)
        raise Refused("end-before-start", start=start, end=end)
    change = own_calendar.block if command.is_blocked else own_calendar.unblock
    change(core, record.object, command.from_minute, command.to_minute)
    loan_steps.write_calendar(core, record.object)
    return _json(_my_thing(core, command.thing))


def take_off(core: Core, thing: ObjectId) -> None:
    """Withdraw a listing of one's own that is live."""
    record = core.current(core.me, thing)
    if record is not None and record.kind is Kind.LISTING:
        _publish_withdrawal(core, record)


def list_things(core: Core) -> list[Json]:
    """My live listings, in the order they were listed or last changed."""
    return [_json(record) for record in _my_listings(core)]


def is_narrower(new: ListingBody, old: ListingBody) -> bool:
    """Whether somebody may hold the old version who is not given the new one."""
    if old.circles == 0:
        return False
    if new.circles < old.circles:
        return True
    if not new.through:
        return False
    return not old.through or any(member not in new.through for member in old.through)


# --- leases ----------------------------------------------------------------------------


def on_wakeup(core: Core) -> None:
    """Renew own listings when half of their lease is over. Spec: §7.1.

    Also those whose lease ended while this node was off, if they are still held:
    expired is not withdrawn.
    """
    for record in _held_listings(core):
        if _renewal_due_ms(core, record) <= core.now_ms:
            core.publish(record.body, record.object, core.charter.listing_lease_ms)


def next_wakeup_ms(core: Core) -> int | None:
    """When the next own listing is to be renewed."""
    return min((_renewal_due_ms(core, record) for record in _held_listings(core)), default=None)


def _renewal_due_ms(core: Core, record: Record) -> int:
    if is_of_the_future(core, record):
        return core.now_ms
    half_ms = (record.not_after_ms - record.created_ms) // 2
    return record.created_ms + away.renewal_ms(core, half_ms)


# --- records ---------------------------------------------------------------------------


def _held_listings(core: Core) -> list[Record]:
    """Own things, also expired ones; withdrawn ones are not held any more."""
    return [
        record
        for record in core.registers.own_of_kind(Kind.LISTING)
        if not core.is_withdrawn(record) and _body(record).thing_kind is not ThingKind.WANTED
    ]


def _my_listings(core: Core) -> list[Record]:
    return [record for record in core.mine(Kind.LISTING) if core.can_see(record)]


def _my_thing(core: Core, text: str) -> Record:
    record = ids.resolve_thing(core, text)
    if record.author != core.me:
        raise Refused("not-your-thing", thing=text)
    return record


def _body(record: Record) -> ListingBody:
    assert isinstance(record.body, ListingBody), "chosen by kind"
    return record.body


def _publish_withdrawal(core: Core, old: Record) -> None:
    """Tell everybody who may hold a version up to ``old`` that it is gone. Spec: §7.6.

    An earlier withdrawal went as far as the versions before it; its register is
    replaced here, so its reach is kept. It is forgotten with its own lease, and by
    then the leases of all versions that it covered have ended as well.
    """
    body = _body(old)
    circles, through = body.circles, body.through
    object_id = withdrawal_object(old.object)
    earlier = core.current(core.me, object_id)
    if earlier is not None and isinstance(earlier.body, WithdrawalBody):
        through = _wider_through(circles, through, earlier.body.circles, earlier.body.through)
        circles = max(circles, earlier.body.circles)
    withdrawal = WithdrawalBody(old.object, old.epoch, old.sequence, circles, through)
    core.publish(withdrawal, object_id, core.charter.listing_lease_ms)


def _wider_through(
    circles: int,
    through: tuple[MemberId, ...],
    earlier_circles: int,
    earlier_through: tuple[MemberId, ...],
) -> tuple[MemberId, ...]:
    """Friends to go through so that both reaches are covered; empty means all of them."""
    if circles == 0:
        return earlier_through
    if earlier_circles == 0:
        return through
    together = tuple(sorted(dict.fromkeys((*through, *earlier_through))))
    if not through or not earlier_through or len(together) > limits.THROUGH_MAX:
        return ()
    return together


def _json(record: Record) -> dict[str, Json]:
    body = _body(record)
    return {
        "thing": record.object.hex(),
        "title": body.title,
        "kind": _KIND_WORDS[body.thing_kind],
        "circles": body.circles,
        "text": body.text,
        "only_through": [member.hex() for member in body.through],
    }
