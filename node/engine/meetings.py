"""Meeting somebody, and what a sponsor has checked then. Rule R7.

Two people in one room compared six digits, and each home proved whose it is: the node notes
that they met. For a day after that a sponsor can say that the e-mail address or the phone
number is the guest's own. What is typed is compared with the commitment in the guest's
statement; the seat is signed anew with that commitment, so that it says nothing of a number
given later.

Pure: must not import anything that acts.

Spec: §9.2, §9.5, §17.8.
"""

from __future__ import annotations

from typing import Final

from node.engine import ids
from node.engine.commands import CheckContacts, NoteMeeting
from node.engine.core import Core
from node.engine.events import Json
from protocol.bodies import STATEMENT_OBJECT, Kind, SeatBody, StatementBody, seat_object
from protocol.errors import Refused
from protocol.keys import MemberId
from protocol.records import Record

MEETING_COUNTS_MS: Final = 24 * 3600 * 1000
"""Who met yesterday looked at the telephone then, not today."""


def note_meeting(core: Core, command: NoteMeeting) -> Json:
    """Two homes whose people compared their codes proved to each other whose they are."""
    member = ids.resolve_member(core, command.member)
    if not core.is_live_friend(member):
        raise Refused("not-a-friend", member=command.member)
    core.put_local(_note(member), core.now_ms)
    core.deliver("friends")
    return {"member": member.hex(), "name": core.name_of(member)}


def has_just_met(core: Core, member: MemberId) -> bool:
    met_ms = core.get_local(_note(member))
    return isinstance(met_ms, int) and 0 <= core.now_ms - met_ms < MEETING_COUNTS_MS


def check(core: Core, command: CheckContacts) -> Json:
    """``house checked MEMBER --phone P --email E``. Raises Refused; nothing changes then."""
    member = ids.resolve_member(core, command.member)
    name = core.name_of(member)
    seat = core.seat_given(member)
    if seat is None or not isinstance(seat.body, SeatBody) or member == core.me:
        raise Refused("no-seat-of-mine", name=name)
    if not has_just_met(core, member):
        raise Refused("not-met", name=name)
    if not command.email and not command.phone:
        raise Refused("nothing-checked")
    stated = _stated(core, member)
    for given, commitment in ((command.email, stated[0]), (command.phone, stated[1])):
        if given and given != commitment:
            raise Refused("contact-differs", name=name)
    body = SeatBody(
        member, command.email or seat.body.email_checked, command.phone or seat.body.phone_checked
    )
    if body != seat.body:
        core.publish(body, seat_object(member), seat.not_after_ms - seat.created_ms)
        core.deliver("house")
    return {"member": member.hex(), "name": name, "checked": checks_of(core, member)}


def checks_of(core: Core, member: MemberId) -> list[Json]:
    """Which members checked which contact of somebody, as far as seats held here say."""
    email, phone = _stated(core, member)
    return [
        {"by": seat.author.hex(), "by_name": core.name_of(seat.author), "email": e, "phone": p}
        for seat in _seats_of(core, member)
        if isinstance(seat.body, SeatBody)
        for e in (bool(email) and seat.body.email_checked == email,)
        for p in (bool(phone) and seat.body.phone_checked == phone,)
        if e or p
    ]


def is_checked(core: Core, member: MemberId, commitment: bytes) -> bool:
    """Whether a member answers for it that this address or number is this member's own."""
    return any(
        commitment in (seat.body.email_checked, seat.body.phone_checked)
        for seat in _seats_of(core, member)
        if isinstance(seat.body, SeatBody)
    )


def sponsors_of(core: Core, member: MemberId) -> list[MemberId]:
    """Who answers for somebody, by the seats held here, sorted."""
    return [seat.author for seat in _seats_of(core, member)]


def _seats_of(core: Core, member: MemberId) -> list[Record]:
    seats = [
        seat
        for seat in core.of_kind(Kind.SEAT)
        if isinstance(seat.body, SeatBody)
        and seat.body.candidate == member
        and seat.author != member
        and (seat.author == core.me or core.is_member(seat.author))
    ]
    return sorted(seats, key=lambda seat: seat.author)


def _stated(core: Core, member: MemberId) -> tuple[bytes, bytes]:
    statement = core.current(member, STATEMENT_OBJECT)
    if statement is None or not isinstance(statement.body, StatementBody):
        return b"", b""
    return statement.body.email_commitment, statement.body.phone_commitment


def _note(member: MemberId) -> str:
    return f"met/{member.hex()}"
