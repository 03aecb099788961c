"""Guests this member answers for, candidates, and what is left of the seats.

Spec: §9.7.
"""

from __future__ import annotations

from collections.abc import Callable

from node.engine import sponsors
from node.engine.calendar import instant_text
from node.engine.core import Core
from node.engine.events import Json
from protocol.errors import Refused
from protocol.keys import MemberId


def sponsoring(core: Core, say: Callable[[Refused], str]) -> dict[str, Json]:
    """What answering for others comes to now."""
    state = sponsors.state_of(core)
    why_not = sponsors.why_no_seat(core) if core.standing() == "member" else None
    return {
        "seats_left": state.seats_left,
        "seats": core.charter.sponsor_seats,
        "why_not": None if why_not is None else {"code": why_not.code, "message": say(why_not)},
        "guests": [
            _guest(core, sponsors.guest_of(seat), seat.created_ms)
            for seat in (sponsors.guests(core))
        ],
        "candidates": [
            {
                "member": friend.hex(),
                "name": core.name_of(friend),
                "seats": len(given),
                "needed": core.charter.seats,
                "sponsors": [core.name_of(sponsor) for sponsor in given],
                "near": sponsors.is_near(core, given),
            }
            for friend, given in sponsors.candidates(core)
        ],
    }


def _guest(core: Core, guest: MemberId, given_ms: int) -> Json:
    fell_ms = sponsors.fell_ms(core, guest)
    until_ms = given_ms + core.charter.guest_trial_ms
    if fell_ms is not None and core.now_ms < fell_ms + core.charter.seat_lost_ms:
        state = "fell"
    elif core.now_ms < until_ms:
        state = "answering"
    else:
        state = "well" if fell_ms is None and sponsors.does_well(core, guest) else "over"
    return {
        "member": guest.hex(),
        "name": core.name_of(guest),
        "standing": "member" if core.is_member(guest) else "candidate",
        "since": instant_text(given_ms),
        "until": instant_text(until_ms),
        "state": state,
    }
