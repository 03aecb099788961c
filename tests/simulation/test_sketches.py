"""Estimated reach beside the exact one, on the same towns."""

from __future__ import annotations

import numpy as np
import pytest

from simulations.population.csr import Csr, csr_of_edges
from simulations.population.reach import reach
from simulations.population.sketches import STANDARD_ERROR, estimated_reach
from simulations.population.towns import town
from simulations.scenario_population import TownPlan


@pytest.fixture(scope="module")
def busy() -> Csr:
    """Three thousand people with thirty friends each: three circles hold a good part of them."""
    return town(3_000, TownPlan(neighbours=12, club_friends=9, far=3), 1)


@pytest.mark.slow
def test_estimates_are_as_near_as_is_said(busy: Csr) -> None:
    exact = reach(busy, 3).cumsum(axis=1)
    estimated = estimated_reach(busy, 3, seed=1).cumsum(axis=1)

    off = (estimated - exact) / np.maximum(exact, 1)
    assert np.abs(off.mean(axis=0)).max() < STANDARD_ERROR
    assert np.sqrt((off**2).mean(axis=0)).max() < 1.5 * STANDARD_ERROR
    assert np.abs(off).max() < 7 * STANDARD_ERROR


def test_they_are_the_same_on_any_number_of_threads_and_others_with_another_seed(busy: Csr) -> None:
    one, two = (estimated_reach(busy, 2, seed=1, threads=threads) for threads in (1, 2))

    assert (one == two).all()
    assert (one != estimated_reach(busy, 2, seed=2)).any()


def test_a_handful_of_people_is_counted_as_they_are() -> None:
    chain = csr_of_edges(6, [(0, 1), (1, 2), (2, 3), (3, 4)])

    assert estimated_reach(chain, 3, seed=3).cumsum(axis=1)[:, 2].tolist() == [3, 4, 4, 4, 3, 0]
