"""The first day: what everybody is like, what they need and what they own, drawn by hash."""

from __future__ import annotations

import math

import numpy as np

from simulations.population.asking import People
from simulations.population.compiled import Flags, Hashes, Reals, kernel
from simulations.population.draws import Purpose, draw, stream, uniform
from simulations.population.loans import Manners
from simulations.scenario_population import NEED_MEDIAN_PER_WEEK, NEED_SIGMA, TEMPERS, Customs


def settle_in(members: int, customs: Customs, seed: int, ranks: Hashes) -> tuple[People, Manners]:
    """Draw what everybody is like, what they need and what they own."""
    tempers = [TEMPERS[name] for name, _ in customs.tempers]
    borders = np.cumsum([share for _, share in customs.tempers])
    borders[-1] = 1.0
    of, wants = np.zeros(members, np.uint8), np.zeros(members, np.float64)
    owned = np.zeros(members, np.uint8)
    streams = [stream(seed, p) for p in (Purpose.TEMPER, Purpose.NEED, Purpose.THINGS)]
    median = NEED_MEDIAN_PER_WEEK * customs.needs
    _draw_people(
        streams[0], streams[1], streams[2], borders,
        np.array([median * temper.needs for temper in tempers]), NEED_SIGMA,
        np.array([temper.shares for temper in tempers], np.uint8),
        customs.things_min, customs.things_max, of, wants, owned,
    )  # fmt: skip
    people = People(ranks, wants, owned, owned.copy(), np.full(members, -1, np.int32))
    manners = Manners(
        of,
        np.array([temper.losses for temper in tempers]),
        np.array([temper.mends for temper in tempers]),
        np.array([temper.slanders for temper in tempers]),
    )
    return people, manners


@kernel
def _draw_people(
    tempers: np.uint64,
    needs: np.uint64,
    things: np.uint64,
    borders: Reals,
    medians: Reals,
    sigma: float,
    shares: Flags,
    things_min: int,
    things_max: int,
    of: Flags,
    wants: Reals,
    owned: Flags,
) -> None:
    """A need is log-normal: two even draws make a normal one (Box and Muller 1958)."""
    for member in range(len(of)):
        share = uniform(draw(tempers, member))
        temper = 0
        while share >= borders[temper]:
            temper += 1
        of[member] = temper
        own = draw(needs, member)
        radius = math.sqrt(-2.0 * math.log(1.0 - uniform(draw(own, 0))))
        normal = radius * math.cos(2.0 * math.pi * uniform(draw(own, 1)))
        # At most one thing a week: the chance that a Poisson number is not 0.
        wants[member] = 1.0 - math.exp(-medians[temper] * math.exp(sigma * normal))
        if shares[temper]:
            span = things_max - things_min + 1
            owned[member] = things_min + int(draw(things, member) % np.uint64(span))
