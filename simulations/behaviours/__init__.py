"""Behaviours: ways to be, one a file (families of Sybils share one), found by name.

``behaviour_named("sharer")`` gives one of those in this folder; ``"my_file:Generous"`` one
that a researcher wrote (see docs/behaviours.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simulations.behaviours.behaviour import (
    NEED_90_PERCENT_PER_MONTH,
    NEED_MEDIAN_PER_MONTH,
    Answer,
    Behaviour,
    Loan,
    Person,
    bad_word,
    draw_need_per_week,
    good_word,
    poisson,
)
from simulations.behaviours.careful import Careful
from simulations.behaviours.clumsy import Clumsy
from simulations.behaviours.defector import Defector
from simulations.behaviours.free_rider import FreeRider
from simulations.behaviours.home import Home
from simulations.behaviours.own import MixError, own_behaviour
from simulations.behaviours.retaliator import Retaliator
from simulations.behaviours.ring import Ring
from simulations.behaviours.sharer import Sharer
from simulations.behaviours.slanderer import Slanderer
from simulations.behaviours.sleeper import Sleeper
from simulations.behaviours.sybils import SybilCycle, SybilParallel, SybilPath, Sybils
from simulations.behaviours.whitewasher import Whitewasher

__all__ = [
    "BEHAVIOURS", "NEED_90_PERCENT_PER_MONTH", "NEED_MEDIAN_PER_MONTH", "Answer", "Behaviour",
    "Careful", "Clumsy", "Defector", "FreeRider", "Home", "Loan", "Mix", "MixError", "Person",
    "Retaliator", "Ring", "Sharer", "Slanderer", "Sleeper", "SybilCycle", "SybilParallel",
    "SybilPath", "Sybils", "Whitewasher", "bad_word", "behaviour_named", "draw_need_per_week",
    "good_word", "poisson", "read_mix",
]  # fmt: skip

BEHAVIOURS: Final[Mapping[str, type[Behaviour]]] = {
    behaviour.name: behaviour
    for behaviour in (
        Sharer, Careful, Clumsy, FreeRider, Slanderer, Retaliator,
        Defector, Sleeper, Whitewasher, Ring, Sybils, SybilParallel, SybilPath, SybilCycle,
    )
}  # fmt: skip

REST: Final = "rest"
_SUM_SLACK: Final = 1e-9

Mix = Mapping[type[Behaviour], float]


def behaviour_named(name: str) -> type[Behaviour]:
    """One of ours, or ``file:Class``.

    Raises:
        MixError: there is none.
    """
    if ":" not in name:
        if name not in BEHAVIOURS:
            known = ", ".join(BEHAVIOURS)
            raise MixError(
                f"Nobody behaves like {name!r}: known are {known}, and file:Class of your own."
            )
        return BEHAVIOURS[name]
    return own_behaviour(name)


def read_mix(text: str) -> dict[type[Behaviour], float]:
    """Shares of a town, such as ``sharer=0.9,defector=0.1``; one may be ``rest``.

    Raises:
        MixError: they are not shares, or not of a whole.
    """
    mix: dict[type[Behaviour], float] = {}
    rest: type[Behaviour] | None = None
    for part in text.split(","):
        name, is_given, number = part.strip().partition("=")
        is_rest = number == REST and rest is None
        try:
            share = 0.0 if is_rest else float(number)
        except ValueError:
            share = -1.0
        if not is_given or not 0 <= share <= 1:
            allowed = "write name=0.25, from 0 to 1, and name=rest once"
            raise MixError(f"{part.strip()!r} is not a share: {allowed}.")
        behaviour = behaviour_named(name)
        if behaviour in mix:
            raise MixError(f"{name!r} stands there twice: give each behaviour one share.")
        mix[behaviour] = share
        rest = behaviour if is_rest else rest
    total = sum(mix.values())
    if rest is not None and total <= 1 + _SUM_SLACK:
        mix[rest] = max(0.0, 1 - total)
    elif abs(total - 1) > _SUM_SLACK:
        raise MixError(
            f"The shares add up to {total:g}: they must add up to 1 (one may be  name=rest)."
        )
    return mix
