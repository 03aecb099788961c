"""Sponsors: how many newcomers one member can answer for, by the charter's numbers.

A member has some seats for life. One comes back for each guest with whom it went well for
the time of trial; a guest who fell below the charter's reliability within that time takes
one away for a while, and two such falls pause sponsoring. Never anything more: what a guest
does says nothing of how reliable the sponsor is.

Pure: must not import anything that acts.

Spec: §9.7.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from protocol.charter import Charter


@dataclass(frozen=True, slots=True)
class GuestSeat:
    """A seat that somebody gave.

    Args:
        given_ms: when.
        does_well: the guest is reliable, and somebody had a good exchange with them.
        fell_ms: when the guest fell below the charter's reliability within the trial, and it
            was not made good in time; None: never.
    """

    given_ms: int
    does_well: bool = False
    fell_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Sponsoring:
    """What a sponsor can still do.

    Args:
        seats_left: seats that can be given now.
        returned: seats that came back.
        paused_until_ms: no seat can be given before; None: it is not paused.
    """

    seats_left: int
    returned: int
    paused_until_ms: int | None = None


def sponsoring(charter: Charter, seats: Sequence[GuestSeat], now_ms: int) -> Sponsoring:
    """What is left of a member's seats. Spec: §9.7."""
    returned = _returned(charter, seats, now_ms)
    falls = sorted(seat.fell_ms for seat in seats if seat.fell_ms is not None)
    taken = sum(1 for fell_ms in falls if now_ms < fell_ms + charter.seat_lost_ms)
    left = charter.sponsor_seats + returned - len(seats) - taken
    return Sponsoring(max(0, left), returned, _pause(charter, falls, now_ms))


def _returned(charter: Charter, seats: Sequence[GuestSeat], now_ms: int) -> int:
    """Seats come back one by one, at least ``seat_return_ms`` apart."""
    count, last_ms = 0, None
    for seat in sorted(seats, key=lambda seat: seat.given_ms):
        if seat.fell_ms is not None or not seat.does_well:
            continue
        back_ms = seat.given_ms + charter.guest_trial_ms
        if last_ms is not None:
            back_ms = max(back_ms, last_ms + charter.seat_return_ms)
        if back_ms > now_ms:
            break
        count, last_ms = count + 1, back_ms
    return count


def _pause(charter: Charter, falls: Sequence[int], now_ms: int) -> int | None:
    """Two falls less than a pause apart: none is given until that long after the second."""
    pauses = [
        second + charter.sponsor_pause_ms
        for first, second in itertools.pairwise(falls)
        if second - first < charter.sponsor_pause_ms
    ]
    until_ms = max(pauses, default=0)
    return until_ms if now_ms < until_ms else None
