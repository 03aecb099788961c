"""Whom this member answers for, and whether it can answer for one more.

Each node counts its own seats alone: it sees when it gave them, what became of its guests
as far as ratings reach it, and how many members there are around it. That others keep to
the rule is theirs.

Spec: §9.7.
"""

from __future__ import annotations

from typing import Final

from node.engine.asking import counts_as_member, judge, reliability
from node.engine.core import Core
from node.trust.sponsors import GuestSeat, Sponsoring, sponsoring
from node.trust.standing import is_reliable
from protocol.bodies import Kind, SeatBody
from protocol.errors import Refused
from protocol.keys import MemberId
from protocol.records import Record

_DAY_MS: Final = 24 * 3600 * 1000
_YEAR_MS: Final = 365 * _DAY_MS


def guests(core: Core) -> list[Record]:
    """Our seats for newcomers, the oldest first; founders owe each other nothing."""
    seats = [
        seat
        for seat in core.mine(Kind.SEAT)
        if isinstance(seat.body, SeatBody) and seat.body.candidate not in core.founders
    ]
    return sorted(seats, key=lambda seat: (seat.created_ms, seat.object))


def guest_of(seat: Record) -> MemberId:
    assert isinstance(seat.body, SeatBody), "guests have seats"
    return seat.body.candidate


def is_on_trial(core: Core, seat: Record) -> bool:
    """Whether what this guest does still says something to who answers for them."""
    return core.now_ms < seat.created_ms + core.charter.guest_trial_ms


def fell_ms(core: Core, guest: MemberId) -> int | None:
    """When a guest of ours fell below the charter's reliability; None when it was made good."""
    note = core.get_local(_note(guest))
    return note if isinstance(note, int) and not isinstance(note, bool) else None


def _note(guest: MemberId) -> str:
    return f"guest fell {guest.hex()}"


def look(core: Core, guest: MemberId) -> None:
    """Note that a guest's reliability fell, or that it is back in time. Spec: §9.7."""
    seat = core.seat_given(guest)
    if seat is None or guest in core.founders:
        return
    since_ms = fell_ms(core, guest)
    is_good = is_reliable(core.charter, reliability(core, guest))
    if since_ms is None and not is_good and is_on_trial(core, seat):
        core.put_local(_note(guest), core.now_ms)
        core.deliver("house")
    elif since_ms is not None and is_good and core.now_ms < since_ms + core.charter.seat_lost_ms:
        core.put_local(_note(guest), None)
        core.deliver("house")


def does_well(core: Core, guest: MemberId) -> bool:
    """A member who is reliable, and with whom somebody had a good exchange."""
    if not counts_as_member(core, guest):
        return False
    return is_reliable(core.charter, reliability(core, guest)) and judge(core, guest).confiance > 0


def state_of(core: Core) -> Sponsoring:
    """What is left of our seats."""
    seats = [
        GuestSeat(seat.created_ms, does_well(core, guest), fell_ms(core, guest))
        for seat in guests(core)
        for guest in (guest_of(seat),)
    ]
    return sponsoring(core.charter, seats, core.now_ms)


def why_no_seat(core: Core) -> Refused | None:
    """Why this member cannot answer for one more newcomer now; None when it can."""
    charter, now_ms = core.charter, core.now_ms
    if core.standing() == "alone":
        return None  # the first guest is the second founder
    state = state_of(core)
    if state.paused_until_ms is not None:
        return Refused("sponsor-paused", days=_days(state.paused_until_ms - now_ms))
    if state.seats_left == 0:
        return Refused("sponsor-no-seats", seats=charter.sponsor_seats)
    since_ms = now_ms - _YEAR_MS
    if sum(1 for seat in core.mine(Kind.SEAT) if seat.created_ms > since_ms) >= (
        charter.cooptations_per_year_max
    ):
        return Refused("sponsor-pace", maximum=charter.cooptations_per_year_max)
    if members_seen(core) < charter.sponsor_house_min:
        return None
    mature_ms = member_since_ms(core) + charter.sponsor_after_ms
    if now_ms < mature_ms:
        return Refused("sponsor-too-new", days=_days(mature_ms - now_ms))
    missing = charter.sponsor_exchanges - judge(core, core.me).confiance
    if missing > 0:
        return Refused("sponsor-few-exchanges", missing=missing)
    return None


def _days(duration_ms: int) -> int:
    return -(-duration_ms // _DAY_MS)


def member_since_ms(core: Core) -> int:
    """Since when seats held here prove that we are a member."""
    if core.me in core.founders:
        return min((charter.created_ms for charter in core.of_kind(Kind.CHARTER)), default=0)
    about = sorted(
        seat.created_ms
        for seat in core.of_kind(Kind.SEAT)
        if isinstance(seat.body, SeatBody) and seat.body.candidate == core.me
    )
    return about[core.charter.seats - 1] if len(about) >= core.charter.seats else core.now_ms


def members_seen(core: Core) -> int:
    """How many members this node knows of, itself among them."""
    known = {core.me: None, **core.members}
    for record in core.of_kind(Kind.STATEMENT):
        if counts_as_member(core, record.author):
            known[record.author] = None
    return len(known)


def candidates(core: Core) -> list[tuple[MemberId, list[MemberId]]]:
    """Friends who are no members yet, each with who answers for them."""
    sponsors: dict[MemberId, list[MemberId]] = {}
    for seat in core.of_kind(Kind.SEAT):
        sponsors.setdefault(guest_of(seat), []).append(seat.author)
    return [
        (friend, sponsors.get(friend, []))
        for friend in core.live_friends()
        if not core.is_member(friend)
    ]


def is_near(core: Core, sponsors: list[MemberId]) -> bool | None:
    """Whether another sponsor is our friend or shares one with us; None when there is none."""
    others = [core.distance(sponsor) for sponsor in sponsors if sponsor != core.me]
    known = [distance for distance in others if distance is not None]
    return any(distance <= 2 for distance in known) if others else None
