"""Away: a home that is off for a known time does not cut the paths through it.

Halves are renewed weekly and listings monthly, so at any moment the lease may be nearly
a week, or a month, shorter than it could be. Before its owner leaves, the node signs
everything anew, and again every day for as long as it still runs; friends' nodes renew
their halves towards it as they hear of that (§7.1). Whenever it is switched off, its
paths are believed for nearly a whole lease. No lease is longer
than the charter's: a secret that ends a friendship is remembered for just as long.

Spec: §7.9.
"""

from __future__ import annotations

from typing import Final

from node.engine import house
from node.engine.calendar import day_text, instant_text
from node.engine.commands import GoAway
from node.engine.core import Core
from node.engine.edges import live_half
from node.engine.events import Json
from protocol.bodies import Kind
from protocol.errors import Refused

DAY_MS: Final = 24 * 3600 * 1000
UNTIL_DAYS_MAX: Final = 366
_FRESH_MS: Final = 3600 * 1000
"""Signed so recently, it would gain nothing."""
_NOTE: Final = "away"


def go(core: Core, command: GoAway, local_day: int) -> Json:
    """``away --until DATE``, ``back``. Raises Refused; nothing is changed then."""
    if core.house is None:
        raise Refused("no-house")
    if command.until_day is None:
        _put(core, None)
        return {"away": None}
    if command.until_day < local_day:
        raise Refused("away-in-the-past", date=day_text(command.until_day))
    if command.until_day > local_day + UNTIL_DAYS_MAX:
        raise Refused("away-too-long", maximum=UNTIL_DAYS_MAX)
    until_ms = core.now_ms + (command.until_day + 1 - local_day) * DAY_MS
    _put(core, (command.until_day, until_ms))
    _renew_all(core)
    return {"away": state(core)}


def state(core: Core) -> Json:
    """Until when this home is away and until when its friends believe it, or None."""
    note = _note(core)
    if note is None:
        return None
    until_day, until_ms = note
    held_ms = covered_until_ms(core)
    return {
        "until": day_text(until_day),
        "covered_until": instant_text(held_ms),
        "is_covered": held_ms + DAY_MS >= until_ms,
    }


def covered_until_ms(core: Core) -> int:
    """When the first of our halves or listings ends if this node is switched off now."""
    friends = core.live_friends()
    halves = [live_half(core, core.me, friend) for friend in friends]
    # Those who are connected renew theirs as soon as they have ours (§7.1).
    halves += [live_half(core, friend, core.me) for friend in friends if not core.link_of(friend)]
    held = [half for half in halves if half is not None]
    held += [record for record in core.mine(Kind.LISTING) if core.can_see(record)]
    whole_ms = core.now_ms + core.charter.friendship_lease_ms
    return min((record.not_after_ms for record in held), default=whole_ms)


def renewal_ms(core: Core, usual_ms: int) -> int:
    """How long after it was signed a record of ours is signed anew."""
    return min(usual_ms, DAY_MS) if _note(core) is not None else usual_ms


def end_if_over(core: Core) -> None:
    """The day has come: as before."""
    note = _note(core)
    if note is not None and note[1] <= core.now_ms:
        _put(core, None)


def _renew_all(core: Core) -> None:
    """Sign our halves and listings anew, so that they last as long as they can."""
    for friend in core.live_friends():
        half = live_half(core, core.me, friend)
        if half is not None and half.created_ms + _FRESH_MS <= core.now_ms:
            house.renew_half(core, friend)
    for record in core.mine(Kind.LISTING):
        if core.can_see(record) and record.created_ms + _FRESH_MS <= core.now_ms:
            core.publish(record.body, record.object, core.charter.listing_lease_ms)


def _note(core: Core) -> tuple[int, int] | None:
    note = core.get_local(_NOTE)
    if not isinstance(note, tuple) or len(note) != 2:
        return None
    until_day, until_ms = note
    assert isinstance(until_day, int), "written here"
    assert isinstance(until_ms, int), "written here"
    return until_day, until_ms


def _put(core: Core, note: tuple[int, int] | None) -> None:
    if _note(core) != note:
        core.put_local(_NOTE, None if note is None else [*note])
        core.deliver("house")
