"""Somebody who defects, and begins anew under another name when nobody lends any more."""

from __future__ import annotations

from simulations.behaviours.behaviour import Person
from simulations.behaviours.defector import Defector

PATIENCE_WEEKS = 4
NAMES_MAX = 4


class Whitewasher(Defector):
    """A defector whom nobody knows for long: those they did not harm may co-opt the new one."""

    name = "whitewasher"

    def __init__(self) -> None:
        self.last_got = 0
        self.had = 0

    def lives_a_week(self, me: Person) -> None:
        if me.got != self.had:
            self.had, self.last_got = me.got, me.week
        if self.had == 0 or me.week - self.last_got < PATIENCE_WEEKS:
            return
        if len(me.family) < NAMES_MAX and me.move_in(Whitewasher(), me.home.friends()):
            me.is_gone = True
