"""The viewpoint: from where, and when, a judgement is made.

Trust is computed from the viewer's place, never as one number for all: no global score
withstands a crowd of invented people. What a place comes to is how near each rater is, and
on which *side*: through which of the viewer's friends one comes to them.

Pure: must not import anything that acts.

Source: design 8; Cheng and Friedman (2005): only scores relative to a place can be safe from
invented identities.

Spec: §12.2, §12.6.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from node.trust.reliability import Place
from protocol.keys import MemberId

_MINUTE_MS = 60_000
_NEAR_HOPS = 2


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """Who looks, when, and how far others are from there.

    Args:
        hops_to: friendships between the viewer and somebody, 0 to itself; None where no way
            is known.
        sides_of: friends of the viewer through whom somebody at most two steps away is known;
            of a friend, or the viewer, itself alone; none of who is farther.
    """

    viewer: MemberId
    now_ms: int
    hops_to: Callable[[MemberId], int | None]
    sides_of: Callable[[MemberId], Iterable[MemberId]]

    @property
    def now_minute(self) -> int:
        """Now as a calendar minute; dates of loans have no time zone."""
        return self.now_ms // _MINUTE_MS

    def place_of(self, member: MemberId) -> Place:
        """How much somebody's words weigh here; the viewer's own as a friend's."""
        hops = self.hops_to(member)
        if hops is None or hops > _NEAR_HOPS:
            return Place.BEYOND
        return Place.CIRCLE_2 if hops == _NEAR_HOPS else Place.FRIEND
