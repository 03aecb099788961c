"""A year: how much is wanted in each week, and what is left of people who move away."""

from __future__ import annotations

import argparse
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations import cli_society
from simulations.behaviours import Behaviour, Sharer
from simulations.lives import usual_charter
from simulations.population.csr import csr_of_edges
from simulations.population.leaving import without
from simulations.watched_town import WatchedTown
from simulations.year import FACTOR_MAX, WEEKS, Year

factors = st.lists(st.floats(0, FACTOR_MAX), min_size=1, max_size=WEEKS)


@given(factors, st.integers(0, WEEKS - 1), st.integers(0, 500))
def test_a_year_has_all_its_seasons_in_order_and_begins_again(
    seasons: list[float], first: int, week: int
) -> None:
    year = Year(tuple(seasons), first)
    whole = [Year(tuple(seasons)).factor(week) for week in range(WEEKS)]

    assert year.factor(week) == year.factor(week + WEEKS) == whole[(first + week) % WEEKS]
    assert [factor for factor, _ in groupby(whole)] == [factor for factor, _ in groupby(seasons)]


@given(st.floats(0, 1))
def test_in_a_year_as_many_move_away_as_is_said(share: float) -> None:
    stay = (1.0 - Year(moves_away=share).leaving_chance) ** WEEKS

    assert stay == pytest.approx(1.0 - share, abs=1e-9)


def test_a_year_of_which_nothing_is_said_is_as_the_next() -> None:
    assert Year().factor(31) == 1.0
    assert Year().leaving_chance == 0.0


@pytest.mark.slow
def test_who_moves_away_ends_every_friendship_and_takes_everything_along() -> None:
    ring = [(one, (one + step) % 8) for one in range(8) for step in (1, 2)]
    mix: dict[type[Behaviour], float] = {Sharer: 1.0}
    town = WatchedTown(8, ring, usual_charter(), 3, mix, year=Year((3.0,), moves_away=0.95))
    while len(town.off) < 3:
        town.live_a_week(4.0)
    gone = [person for person in town.people if person.is_gone]
    there = [person for person in town.people if not person.is_gone]
    lost = {town.id(person.number) for person in gone}

    assert [person.number for person in gone] == sorted(town.off)
    assert town.violations == []
    assert town.season == 12.0
    for person in gone:
        assert list(town.core(person.number).live_friends()) == []
        assert not [end for end in town.ends if end[0] == person.number]
        assert person.things == []
    for person in there:
        assert not [thing for thing in person.home.seen() if thing.author in lost]
        assert not [friend for friend in person.home.friends() if friend.is_gone]
    assert sum(count.lent for count in town.tally.counts().values()) > 0


@given(st.integers(2, 12), st.data())
def test_rows_without_some_are_those_of_the_graph_of_the_others(
    members: int, data: st.DataObject
) -> None:
    numbers = st.integers(0, members - 1)
    edges = data.draw(st.lists(st.tuples(numbers, numbers), max_size=30))
    graph = csr_of_edges(members, edges)
    gone = data.draw(st.lists(st.booleans(), min_size=members, max_size=members))
    left, kept, places = without(graph, np.array(gone, np.bool_))

    stay = [(a, b) for a, b in graph.edges() if not (gone[a] or gone[b])]
    assert left.edges() == stay
    assert left.members == members
    assert kept.sum() == 2 * len(stay)
    for place, new in enumerate(places.tolist()):
        assert (new >= 0) == kept[place]
        assert new < 0 or left.neighbours[new] == graph.neighbours[place]


@pytest.mark.parametrize("text", ["x", "-1", "11", "nan", ",".join(["1"] * 53)])
def test_factors_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="at most 52 numbers from 0"):
        cli_society._factors(text)
