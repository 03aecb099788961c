"""Tempers: what people are like, in numbers, for simulations of people.

A temper says how somebody behaves where the node leaves the choice to them: whether they
share, how often something goes wrong with what they borrow, whether they make it good, and
what they say of it. Nothing here is believed by anybody: the others see what the engine shows
them.

Rates of need are drawn for each person from a log-normal distribution with a median of 0.1
and a 90th percentile of 0.65 exchanges a month, the temper multiplies them.

Source: rates as in design 8.4 and retaliation as in 8.8; all other numbers are invented.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

NEED_MEDIAN_PER_MONTH: Final = 0.1
NEED_90_PERCENT_PER_MONTH: Final = 0.65
_SIGMA: Final = math.log(NEED_90_PERCENT_PER_MONTH / NEED_MEDIAN_PER_MONTH) / 1.2816


@dataclass(frozen=True, slots=True)
class Temper:
    """One way to behave.

    Args:
        shares: lists things of their own.
        needs: factor of the drawn rate of need.
        fails: chance that what they borrow is lost.
        makes_good: chance that they make good what they lost, where the house asks for it.
        slanders: chance that they call bad what went well.
        retaliates: answers a bad rating that they have seen with a bad one.
    """

    name: str
    shares: bool = True
    needs: float = 1.0
    fails: float = 0.0
    makes_good: float = 0.9
    slanders: float = 0.0
    retaliates: bool = False


TEMPERS: Final[Mapping[str, Temper]] = {
    temper.name: temper
    for temper in (
        Temper("sharer", fails=0.01),
        Temper("careful", needs=0.7),
        Temper("clumsy", fails=0.035),
        Temper("free-rider", shares=False, fails=0.02, makes_good=0.5),
        Temper("defector", fails=1.0, makes_good=0.7, retaliates=True),
        Temper("slanderer", fails=0.01, slanders=0.5),
        Temper("retaliator", fails=0.02, retaliates=True),
    )
}
USUAL_MIX: Final[Mapping[str, float]] = {
    "sharer": 0.45, "careful": 0.2, "clumsy": 0.12, "free-rider": 0.15, "slanderer": 0.01,
    "retaliator": 0.07,
}  # fmt: skip
"""Shares of a town; invented, and said so wherever figures that depend on them are shown."""


def draw_temper(chance: random.Random, mix: Mapping[str, float] = USUAL_MIX) -> Temper:
    """One person's, with the mix's shares."""
    names = list(mix)
    [name] = chance.choices(names, [mix[name] for name in names])
    return TEMPERS[name]


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
