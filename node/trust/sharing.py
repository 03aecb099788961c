"""Sharing (rule R5): who shares nothing any more cannot ask.

Never a ratio and never a balance: one open listing is enough, or a loan made within
the charter's window, and a newcomer has the charter's grace. In real gift data
giving and receiving correlate negatively; ratio rules drove private file-sharing
communities into the ground.

Spec: §12.5.
"""

from __future__ import annotations

from protocol.bodies import ListingBody, ThingKind
from protocol.charter import Charter

_MS_PER_MINUTE = 60 * 1000


def is_open_listing(body: ListingBody) -> bool:
    """Whether a live listing counts as sharing: somebody else can see it, and it can be lent."""
    return body.circles >= 1 and body.thing_kind is not ThingKind.WANTED


def is_sharing(
    charter: Charter,
    *,
    has_open_listing: bool,
    lent_until_minute: int | None,
    joined_ms: int | None,
    now_ms: int,
) -> bool:
    """Whether a member may ask, as far as sharing goes.

    Args:
        has_open_listing: a live listing of theirs that others can see.
        lent_until_minute: calendar minute at which their last rated loan to
            somebody ended, None when the evidence has none.
        joined_ms: when they came to the house, as far as the judging node knows;
            None counts as long ago.
    """
    if has_open_listing:
        return True
    if joined_ms is not None and now_ms < joined_ms + charter.sharing_grace_ms:
        return True
    # Calendar minutes have no time zone: off by hours, in a window of months.
    return (
        lent_until_minute is not None
        and now_ms < lent_until_minute * _MS_PER_MINUTE + charter.sharing_window_ms
    )
