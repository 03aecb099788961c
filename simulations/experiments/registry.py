"""All experiments that one command makes again, in the order in which they are told."""

from __future__ import annotations

from typing import Final

from simulations.experiments import (
    ExperimentError,
    behaviours,
    blindness,
    charter_defaults,
    circles_opening,
    cost_per_home,
    hidden_negatives,
    lying_relays,
    one_bad_experience,
    shock,
    sybils,
    two_ways,
    what_breaks_first,
)
from simulations.experiments.shape import Experiment

EXPERIMENTS: Final[tuple[Experiment, ...]] = (
    circles_opening.EXPERIMENT,
    what_breaks_first.EXPERIMENT,
    blindness.EXPERIMENT,
    one_bad_experience.EXPERIMENT,
    sybils.EXPERIMENT,
    lying_relays.EXPERIMENT,
    cost_per_home.EXPERIMENT,
    charter_defaults.EXPERIMENT,
    behaviours.EXPERIMENT,
    hidden_negatives.EXPERIMENT,
    shock.EXPERIMENT,
    two_ways.EXPERIMENT,
)


def chosen(names: list[str]) -> list[Experiment]:
    """Those of these names, in the order of the registry; all if none is named.

    Raises:
        ExperimentError: there is no such experiment.
    """
    known = [experiment.name for experiment in EXPERIMENTS]
    for name in names:
        if name not in known:
            raise ExperimentError(f"There is no experiment {name!r}; there are {', '.join(known)}.")
    return [experiment for experiment in EXPERIMENTS if not names or experiment.name in names]
