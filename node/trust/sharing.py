"""Sharing (rule R5): who shares nothing any more is asked to share something, circle by circle.

Never a ratio and never a balance. One open listing is enough; so is one within the charter's
window, a loan or a gift made, or a recommendation or mediation that ended well. A newcomer has
the charter's grace, and friends who answer for somebody carry them one window further. In real
gift data giving and receiving correlate negatively; ratio rules drove private file-sharing
communities into the ground.

When all of that is over, the farthest circle closes, and one more in each quarter; circle 1
stays, and one share opens all of it again at once:

    circles = max(1, max_circles - 1 - floor((now - until) / sharing_closing_ms))

Pure. Source: design 8.10.

Spec: §12.5.
"""

from __future__ import annotations

from protocol.bodies import ListingBody, ThingKind
from protocol.charter import Charter

_MS_PER_MINUTE = 60 * 1000


def is_open_listing(body: ListingBody) -> bool:
    """Whether a live listing counts as sharing: somebody else can see it, and it can be lent."""
    return body.circles >= 1 and body.thing_kind is not ThingKind.WANTED


def shared_until_ms(
    charter: Charter,
    *,
    listed_ms: int | None,
    lent_until_minute: int | None,
    mediated_ms: int | None,
    joined_ms: int | None,
    answered_for_by: int,
) -> int | None:
    """Until when what is past counts as sharing; None when nothing is known.

    Args:
        listed_ms: when an open listing of theirs was last known to be live.
        lent_until_minute: calendar minute at which a loan ended last that they made, or that
            they recommended and that went well.
        mediated_ms: when they last said, as mediator, that something is settled.
        joined_ms: when they came to the house.
        answered_for_by: how many friends answer for them, standing (``validate``).
    """
    times = []
    if charter.sharing_grace_ms:
        if joined_ms is not None:
            times.append(joined_ms + charter.sharing_grace_ms)
        if listed_ms is not None:
            times.append(listed_ms + charter.sharing_window_ms)
    if lent_until_minute is not None:
        # Calendar minutes have no time zone: off by hours, in a window of months.
        times.append(lent_until_minute * _MS_PER_MINUTE + charter.sharing_window_ms)
    if mediated_ms is not None:
        times.append(mediated_ms + charter.sharing_window_ms)
    until_ms = max(times, default=None)
    if 0 < charter.sharing_waivers <= answered_for_by:
        since_ms = joined_ms if until_ms is None else until_ms
        return None if since_ms is None else since_ms + charter.sharing_window_ms
    return until_ms


def is_sharing(*, has_open_listing: bool, until_ms: int | None, now_ms: int) -> bool:
    """Whether a member shares, as far as the judging node sees.

    Args:
        has_open_listing: a live listing of theirs that others can see.
        until_ms: see ``shared_until_ms``.
    """
    return has_open_listing or (until_ms is not None and now_ms < until_ms)


def circles_by_sharing(charter: Charter, *, shares: bool, until_ms: int | None, now_ms: int) -> int:
    """How far one may ask as far as sharing goes: all circles, or those that did not close yet.

    0 in a house without grace, where only who shares can ask.
    """
    if shares:
        return charter.max_circles
    if not charter.sharing_grace_ms:
        return 0
    if until_ms is None or not charter.sharing_closing_ms:
        return 1
    quarters = (now_ms - until_ms) // charter.sharing_closing_ms
    return max(1, charter.max_circles - 1 - quarters)
