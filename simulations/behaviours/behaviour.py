"""A behaviour: what a person does with what their node shows them.

    class Generous(Behaviour):
        name = "generous"

        def lends(self, me: Person, loan: Loan) -> Answer:
            return "yes"

One object is made for each person, so a behaviour may remember things in itself. Every method
has what most people do for an answer; a behaviour says where it differs. None of them sees more
than a node shows its owner, and what they decide goes through the node, which may refuse it.

Rates of need are drawn for each person from a log-normal distribution with a median of 0.1 and
a 90th percentile of 0.65 exchanges a month (design 8.4). All other numbers are invented.

See docs/behaviours.md.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal, TypeAlias

from protocol.keys import MemberId
from protocol.records import Record
from simulations.behaviours.home import Home

NEED_MEDIAN_PER_MONTH: Final = 0.1
NEED_90_PERCENT_PER_MONTH: Final = 0.65
_SIGMA: Final = math.log(NEED_90_PERCENT_PER_MONTH / NEED_MEDIAN_PER_MONTH) / 1.2816
LENDS_FROM: Final = 0.6
"""Reliability by the account below which nobody is lent anything."""
ONE_LEVEL: Final = 0.15
"""How far below the threshold people lend to nobody any more."""

Answer: TypeAlias = Literal["yes", "no", "wait"]


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan, as somebody on its way sees it.

    Args:
        id, thing: as the node's commands take them.
        hops: 1 between friends.
        heard: the Confiance that the other party has given me for it, where that is seen at once.
    """

    id: str
    thing: str
    holder: MemberId
    borrower: MemberId
    hops: int
    heard: int | None = None


@dataclass(slots=True)
class Person:
    """Somebody, and what their node does not know of them.

    Args:
        number: of the member in the town.
        threshold: the trust below which they lend to friends only.
        season: factor of everybody's needs at this time.
        trust: what they expect of lending, by what they lived and heard; 0..1.
        things: what they list.
        level: how far their things go: 2 circles, friends only, nobody.
        good, bad: weeks of their own good exchanges, and of the bad ones by loan.
        harmed_by: members, by number, who have not brought back something of theirs.
        got: how many things they were ever lent.
        family: who belongs together with them, themselves among them.
        is_gone: they live under another name now, or have moved away.
    """

    number: int
    behaviour: Behaviour
    home: Home
    chance: random.Random
    need_per_week: float
    threshold: float
    season: float = 1.0
    week: int = 0
    trust: float = 0.9
    things: list[str] = field(default_factory=list)
    level: int = 2
    good: list[int] = field(default_factory=list)
    bad: dict[str, int] = field(default_factory=dict)
    harmed_by: dict[int, None] = field(default_factory=dict)
    got: int = 0
    family: list[Person] = field(default_factory=list)
    is_gone: bool = False

    def share(self) -> None:
        """List one more thing, as far as their things go."""
        thing = self.home.share(self.level)
        if thing is not None:
            self.things.append(thing)

    def move_in(self, behaviour: Behaviour, asked: Sequence[Person]) -> Person | None:
        """Begin under a new name as well, if enough of those who are asked co-opt it."""
        return self.home.move_in(self, behaviour, asked)


class Behaviour:
    """What most people do: share, bring back, say how it was, and lend to the reliable.

    Args:
        name: what it is called in a mix.
        is_honest: whether they mean to keep their word; for the measures, nothing else.
        together: how many of them belong together and are friends from the first day.
        losses: chance that something they borrow is lost.
        mends: chance that they make good what was lost, where the house asks for it.
        answers_bad_with_bad: where ratings are seen at once.
    """

    name: ClassVar[str] = ""
    is_honest: ClassVar[bool] = True
    together: ClassVar[int] = 1
    losses: float = 0.01
    mends: float = 0.9
    answers_bad_with_bad: bool = False

    # --- what they share and want ------------------------------------------------------

    def begins(self, me: Person) -> None:
        """The first day: list a few things."""
        for _ in range(me.chance.randint(1, 3)):
            me.share()

    def lives_a_week(self, me: Person) -> None:
        """Anything besides, at the beginning of each week."""

    def wants(self, me: Person) -> int:
        """How many things they want to borrow this week."""
        return poisson(me.chance, me.need_per_week * me.season)

    def picks(self, me: Person, seen: list[Record]) -> list[Record]:
        """For which of the things that they see they ask, until one request goes out."""
        me.chance.shuffle(seen)
        return seen[:5]

    def reaches(self, me: Person) -> int:
        """How far their things go now: 2 circles, friends only, nobody."""
        if me.trust >= me.threshold:
            return 2
        return 1 if me.trust >= me.threshold - ONE_LEVEL else 0

    # --- what they answer --------------------------------------------------------------

    def trusts(self, me: Person, other: MemberId) -> bool:
        """Whether they would lend to somebody, by the account that their node shows."""
        known = me.home.account(other)
        bad = known.bad + known.without_answer
        return (4.5 + known.good) / (5 + known.good + 3 * bad) >= LENDS_FROM

    def lends(self, me: Person, loan: Loan) -> Answer:
        """What they answer, as the holder, to a request."""
        return "yes" if self.trusts(me, loan.borrower) else "no"

    def passes_on(self, me: Person, loan: Loan) -> bool:
        """Whether they pass a friend's request on; to say nothing is to say no."""
        return self.trusts(me, loan.borrower)

    def sponsors(self, me: Person, newcomer: Person) -> bool:
        """Whether they co-opt somebody who asks them, and may have had another name before."""
        names_before = [person.number for person in newcomer.family]
        was_harmed = any(number in me.harmed_by for number in names_before)
        return not was_harmed and me.chance.random() < 0.2

    # --- what they do with a loan ------------------------------------------------------

    def hands_over(self, me: Person, loan: Loan) -> bool:
        """Whether they keep, as the holder, to what they agreed to."""
        return True

    def brings_back(self, me: Person, loan: Loan) -> bool:
        """Whether what they borrowed comes home."""
        return me.chance.random() >= self.losses

    def makes_good(self, me: Person, loan: Loan) -> bool:
        """Whether they replace, when asked, what did not come home."""
        return me.chance.random() < self.mends

    def rates(self, me: Person, loan: Loan, went_well: bool) -> tuple[int, int] | None:
        """Confiance and Respect for the other one, or nothing at all."""
        if self.answers_bad_with_bad and loan.heard == 0:
            went_well = False
        return good_word(me) if went_well else bad_word(me)


def good_word(me: Person) -> tuple[int, int]:
    return 1, me.chance.randint(6, 10)


def bad_word(me: Person) -> tuple[int, int]:
    return 0, me.chance.randint(0, 4)


def draw_need_per_week(chance: random.Random) -> float:
    """How many exchanges one person wants in a week."""
    per_month = chance.lognormvariate(math.log(NEED_MEDIAN_PER_MONTH), _SIGMA)
    return per_month * 12 / 52


def poisson(chance: random.Random, mean: float) -> int:
    """How often something with this mean happens (Knuth's method; the mean is small)."""
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count
