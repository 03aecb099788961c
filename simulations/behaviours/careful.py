"""Somebody who borrows little, loses nothing, and lends where nothing ever went wrong."""

from __future__ import annotations

from protocol.keys import MemberId
from simulations.behaviours.behaviour import Behaviour, Person, poisson


class Careful(Behaviour):
    """A careful borrower, and a careful lender."""

    name = "careful"
    losses = 0.0

    def wants(self, me: Person) -> int:
        return poisson(me.chance, 0.7 * me.need_per_week * me.season)

    def trusts(self, me: Person, other: MemberId) -> bool:
        known = me.home.account(other)
        return known.bad == known.without_answer == 0 or known.good > 4 * known.bad
