"""Loans: what is out comes back after a week or is lost, and both sides say how it went.

Units return with what went well.

Spec: §11.5, §12.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulations.population.answering import Units
from simulations.population.asking import People, Requests
from simulations.population.compiled import Flags, Numbers, Offsets, Reals, Truths, kernel, part
from simulations.population.csr import Graph, position
from simulations.population.draws import happens
from simulations.population.words import BAD, GOOD, NewWords


class Manners(NamedTuple):
    """For each temper the chances of ``simulations.tempers``, and for each member its temper."""

    of: Flags
    fails: Reals
    makes_good: Reals
    slanders: Reals


class Streams(NamedTuple):
    """Where the draws of one week's returns begin."""

    fails: np.uint64
    holder_word: np.uint64
    borrower_word: np.uint64
    makes_good: np.uint64


class Outcome(NamedTuple):
    """What became of each loan that was out.

    Args:
        lost: whether the thing is gone.
        holder_words, borrower_words: what the one said of the other.
        made_good: whether it will be replaced.
    """

    lost: Truths
    holder_words: Flags
    borrower_words: Flags
    made_good: Truths


@dataclass(slots=True)
class Burnt:
    """Loans of one week that were rated 0 by their holders: their units come back later."""

    week: int
    loans: Requests
    made_good: Truths


def taken(loans: Requests, chosen: Offsets) -> Requests:
    """Some of them."""
    return Requests(
        loans.borrowers[chosen], loans.hops[chosen], loans.nodes[chosen], loans.edges[chosen]
    )


def end(loans: Requests, manners: Manners, streams: Streams) -> Outcome:
    """Draw how each loan goes: it belongs to its borrower, who has one at a time."""
    borrowers = loans.borrowers
    of, by = manners.of[borrowers], manners.of[holders_of(loans)]
    is_lost = happens(streams.fails, borrowers, manners.fails[of])
    slanders = happens(streams.holder_word, borrowers, manners.slanders[by])
    # Whoever lost something has no reason to complain.
    complains = happens(streams.borrower_word, borrowers, manners.slanders[of]) & ~is_lost
    repairs = happens(streams.makes_good, borrowers, manners.makes_good[of])
    return Outcome(
        is_lost,
        np.where(is_lost | slanders, BAD, GOOD).astype(np.uint8),
        np.where(complains, BAD, GOOD).astype(np.uint8),
        is_lost & repairs,
    )


@kernel
def settle(
    graph: Graph,
    people: People,
    units: Units,
    loans: Requests,
    is_lost: Truths,
    holder_words: Flags,
    borrower_words: Flags,
    week: int,
) -> None:
    """Things go home, units of what went well are free, friends earn capacity. Spec: §12.7."""
    for loan in range(len(loans.borrowers)):
        borrower, hops = int(loans.borrowers[loan]), int(loans.hops[loan])
        holder = int(loans.nodes[loan, hops - 1])
        people.lent[holder] = week
        if is_lost[loan]:
            people.owned[holder] -= 1
        else:
            people.free[holder] += 1
        if hops == 1:
            if holder_words[loan] == GOOD:
                _earn(units.good, int(loans.edges[loan, 0]))
            if borrower_words[loan] == GOOD:
                place = position(graph.offsets, graph.neighbours, borrower, holder)
                _earn(units.good, place)
        elif holder_words[loan] == GOOD:
            for stage in range(hops):
                if loans.edges[loan, stage] >= 0:
                    units.engaged[loans.edges[loan, stage]] -= 1


@part
def _earn(good: Flags, place: int) -> None:
    """One more good loan with a friend, counted as far as 3."""
    good[place] = min(3, good[place] + 1)


def places_of(graph: Graph, members: Numbers, friends: Numbers) -> Offsets:
    """Where each of some friends stands in the row of a member."""
    places = np.empty(len(friends), np.int64)
    _find_places(graph, members, friends, places)
    return places


@kernel
def _find_places(graph: Graph, members: Numbers, friends: Numbers, places: Offsets) -> None:
    for i in range(len(places)):
        member, friend = int(members[i]), int(friends[i])
        places[i] = position(graph.offsets, graph.neighbours, member, friend)


def give_back(units: Units, loans: Requests) -> None:
    """Every unit that loans beyond circle 1 engaged."""
    edges = loans.edges[loans.hops > 1]
    np.subtract.at(units.engaged, edges[edges >= 0], 1)


def replace(people: People, loans: Requests) -> None:
    """What was lost stands at its holder's again."""
    holders = holders_of(loans)
    np.add.at(people.owned, holders, 1)
    np.add.at(people.free, holders, 1)


def words_of(loans: Requests, outcome: Outcome, ends: Numbers) -> NewWords:
    """What both sides of each loan say."""
    holders = holders_of(loans)
    return NewWords(
        np.concatenate([loans.borrowers, holders]),
        np.concatenate([holders, loans.borrowers]),
        np.concatenate([ends, ends]),
        np.concatenate([outcome.holder_words, outcome.borrower_words]),
    )


def holders_of(loans: Requests) -> Numbers:
    """The last member of each path."""
    holders: Numbers = loans.nodes[np.arange(len(loans.hops)), loans.hops - 1]
    return holders
