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
from simulations.population.compiled import Flags, Numbers, Offsets, Reals, kernel, part
from simulations.population.csr import position
from simulations.population.draws import draw, uniform
from simulations.population.rules import Graph
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

    lost: Flags
    holder_words: Flags
    borrower_words: Flags
    made_good: Flags


@dataclass(slots=True)
class Burnt:
    """Loans of one week that were rated 0 by their holders: their units come back later."""

    week: int
    loans: Requests
    made_good: Flags


def taken(loans: Requests, chosen: Offsets) -> Requests:
    """Some of them."""
    return Requests(
        loans.borrowers[chosen], loans.hops[chosen], loans.nodes[chosen], loans.edges[chosen]
    )


@kernel
def end(loans: Requests, manners: Manners, streams: Streams, outcome: Outcome) -> None:
    """Draw how each loan goes: it belongs to its borrower, who has one at a time."""
    for i in range(len(loans.borrowers)):
        borrower = int(loans.borrowers[i])
        holder = loans.nodes[i, loans.hops[i] - 1]
        of, by = manners.of[borrower], manners.of[holder]
        is_lost = uniform(draw(streams.fails, borrower)) < manners.fails[of]
        outcome.lost[i] = is_lost
        slanders = uniform(draw(streams.holder_word, borrower)) < manners.slanders[by]
        outcome.holder_words[i] = BAD if is_lost or slanders else GOOD
        # Whoever lost something has no reason to complain.
        slanders = uniform(draw(streams.borrower_word, borrower)) < manners.slanders[of]
        outcome.borrower_words[i] = BAD if slanders and not is_lost else GOOD
        repairs = uniform(draw(streams.makes_good, borrower)) < manners.makes_good[of]
        outcome.made_good[i] = is_lost and repairs


@kernel
def settle(
    graph: Graph, people: People, units: Units, loans: Requests, outcome: Outcome, week: int
) -> None:
    """Things go home, units of what went well are free, friends earn capacity. Spec: §12.7."""
    for i in range(len(loans.borrowers)):
        borrower, hops = int(loans.borrowers[i]), loans.hops[i]
        holder = int(loans.nodes[i, hops - 1])
        people.lent[holder] = week
        if outcome.lost[i]:
            people.owned[holder] -= 1
        else:
            people.free[holder] += 1
        if hops > 1:
            if outcome.holder_words[i] == GOOD:
                give_units_back(units, loans, i)
            continue
        edge = loans.edges[i, 0]
        if outcome.holder_words[i] == GOOD:
            units.good[edge] = min(3, units.good[edge] + 1)
        if outcome.borrower_words[i] == GOOD:
            edge = position(graph.offsets, graph.neighbours, borrower, holder)
            units.good[edge] = min(3, units.good[edge] + 1)


@part
def give_units_back(units: Units, loans: Requests, loan: int) -> None:
    """Every unit that one loan engaged."""
    for stage in range(loans.hops[loan]):
        units.engaged[loans.edges[loan, stage]] -= 1


@kernel
def give_all_back(units: Units, loans: Requests) -> None:
    """Every unit that some loans engaged."""
    for loan in range(len(loans.borrowers)):
        if loans.hops[loan] > 1:
            give_units_back(units, loans, loan)


@kernel
def replace(people: People, loans: Requests) -> None:
    """What was lost stands at its holder's again."""
    for i in range(len(loans.borrowers)):
        holder = loans.nodes[i, loans.hops[i] - 1]
        people.owned[holder] += 1
        people.free[holder] += 1


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
