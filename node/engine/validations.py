"""Validations: a friend for whom the owner answers until they take it back.

Requests of a validated friend go on from here by themselves, with a recommendation, as far
as units are free (``capacity``); so what is behind me is open to them. Friends of the owner
see for whom the owner answers.

A validation is a record of its own, because the friend must know what is open to them. It
is renewed like a listing, and taken back when the friendship ends or is shown no more.

Pure: must not import anything that acts.

Spec: §5.6, §11.3, rule R9.
"""

from __future__ import annotations

from node.engine import house, ids
from node.engine.commands import Validate
from node.engine.core import Core
from node.engine.events import Json
from protocol.bodies import Kind, ValidationBody, validation_object
from protocol.errors import Refused
from protocol.keys import MemberId
from protocol.records import Record


def validate(core: Core, command: Validate) -> Json:
    """``validate MEMBER`` and ``validate MEMBER --end``. Raises Refused; nothing changes then."""
    member = ids.resolve_member(core, command.member)
    if not core.is_live_friend(member):
        raise Refused("not-a-friend", member=command.member)
    name = core.name_of(member)
    if command.holds:
        if not house.shows(core, member):
            # It would tell all friends of a friendship that is known to two.
            raise Refused("validation-discreet", name=name)
        if not core.is_member(member):
            raise Refused("validation-candidate", name=name)
    if holds(core, core.me, member) != command.holds:
        _publish(core, member, holds=command.holds)
        core.deliver("friends")
    return {"member": member.hex(), "name": name, "validates": command.holds}


def holds(core: Core, author: MemberId, member: MemberId) -> bool:
    """Whether one member answers for another, as far as is known here."""
    record = core.current(author, validation_object(member))
    return (
        record is not None
        and isinstance(record.body, ValidationBody)
        and record.body.member == member
        and record.body.holds
    )


def validators(core: Core) -> list[MemberId]:
    """Friends who answer for me, sorted."""
    return [friend for friend in core.live_friends() if holds(core, friend, core.me)]


def validated_by(core: Core, author: MemberId) -> list[MemberId]:
    """For whom but me a member answers, as far as is known here."""
    bodies = (record.body for record in core.registers.of_origin(author))
    members = [b.member for b in bodies if isinstance(b, ValidationBody) and b.holds]
    return [member for member in members if member != core.me and holds(core, author, member)]


def validated_by_friends(core: Core, member: MemberId) -> list[MemberId]:
    """Who of me and my friends answers for somebody, sorted."""
    return [each for each in sorted([core.me, *core.live_friends()]) if holds(core, each, member)]


# --- time ------------------------------------------------------------------------------


def on_wakeup(core: Core) -> None:
    """Renew what holds; take back what no longer can."""
    for record in _own_that_hold(core):
        body = record.body
        assert isinstance(body, ValidationBody), "of this kind"
        if not _may_hold(core, body.member):
            _publish(core, body.member, holds=False)
        elif _renewal_ms(record) <= core.now_ms:
            _publish(core, body.member, holds=True)


def next_wakeup_ms(core: Core) -> int | None:
    """When the next one is to be renewed or taken back."""
    times = []
    for record in _own_that_hold(core):
        body = record.body
        assert isinstance(body, ValidationBody), "of this kind"
        times.append(_renewal_ms(record) if _may_hold(core, body.member) else core.now_ms)
    return min(times, default=None)


def _own_that_hold(core: Core) -> list[Record]:
    records = core.registers.own_of_kind(Kind.VALIDATION)
    return [r for r in records if isinstance(r.body, ValidationBody) and r.body.holds]


def _may_hold(core: Core, member: MemberId) -> bool:
    friend = core.friends.get(member)
    return friend is not None and not friend.ended and house.shows(core, member)


def _renewal_ms(record: Record) -> int:
    return record.created_ms + (record.not_after_ms - record.created_ms) // 2


def _publish(core: Core, member: MemberId, *, holds: bool) -> None:
    body = ValidationBody(member, holds)
    core.publish(body, validation_object(member), core.charter.listing_lease_ms)
