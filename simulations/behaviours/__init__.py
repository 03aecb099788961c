"""Behaviours: ways to be, one a file (families of Sybils share one), found by name.

``behaviour_named("sharer")`` gives one of those in this folder; ``"my_module:Generous"`` one
that a researcher wrote (see docs/behaviours.md).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Final

from protocol.errors import OpenHouseError
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

_SUM_SLACK: Final = 1e-9

Mix = Mapping[type[Behaviour], float]


class MixError(OpenHouseError):
    """No town can be made of it; its text is one sentence for people."""


def behaviour_named(name: str) -> type[Behaviour]:
    """One of ours, or ``module:Class``.

    Raises:
        MixError: there is none.
    """
    if ":" not in name:
        if name not in BEHAVIOURS:
            known = ", ".join(BEHAVIOURS)
            raise MixError(
                f"Nobody behaves like {name!r}: known are {known}, and module:Class of your own."
            )
        return BEHAVIOURS[name]
    module_name, class_name = name.split(":", 1)
    try:
        found = getattr(importlib.import_module(module_name), class_name, None)
    except (ImportError, ValueError) as error:
        raise MixError(f"{name!r} cannot be imported: {error}.") from error
    if not (isinstance(found, type) and issubclass(found, Behaviour)):
        raise MixError(f"{name!r} is not a class made from simulations.behaviours.Behaviour.")
    return found


def read_mix(text: str) -> dict[type[Behaviour], float]:
    """Shares of a town, such as ``sharer=0.9,defector=0.1``.

    Raises:
        MixError: they are not shares, or not of a whole.
    """
    mix: dict[type[Behaviour], float] = {}
    for part in text.split(","):
        name, is_given, number = part.strip().partition("=")
        try:
            share = float(number)
        except ValueError:
            share = -1.0
        if not is_given or not 0 <= share <= 1:
            raise MixError(f"{part.strip()!r} is not a share: write name=0.25, from 0 to 1.")
        behaviour = behaviour_named(name)
        if behaviour in mix:
            raise MixError(f"{name!r} stands there twice: give each behaviour one share.")
        mix[behaviour] = share
    total = sum(mix.values())
    if abs(total - 1) > _SUM_SLACK:
        raise MixError(f"The shares add up to {total:g}: they must add up to 1.")
    return mix
