"""How fast do circles open at real rates of exchange, with and without friends who answer?"""

from __future__ import annotations

from typing import Final

import numpy as np

from protocol.charter import Charter
from simulations.experiments.shape import (
    Cell,
    Experiment,
    Figure,
    Found,
    Panel,
    Size,
    Values,
    number,
    whole,
)  # fmt: skip
from simulations.experiments.towns import grown
from simulations.population.compiled import Truths
from simulations.population.weeks import Weeks
from simulations.population.words import GOOD
from simulations.scenario_population import Customs

_LOOKED_AT: Final = (13, 26, 39, 52, 104)
_LABELS: Final = ("3 months", "6 months", "9 months", "a year", "two years")
_ASKED_MAX: Final = 400
_VALIDATING: Final = 0.2

_NEEDS: Final = ((1.0, "wants as measured"), (4.0, "four times as many"))
_RULES: Final[tuple[tuple[str, Values], ...]] = (
    ("exchanges alone", {"rule": "none"}),
    ("a friend answers after one good loan", {"rule": "good-loan"}),
    ("one friend in five answers", {"rule": "some"}),
    ("exchanges alone, nobody is a newcomer", {"rule": "none", "settled": True}),
    ("one friend in five answers, nobody is a newcomer", {"rule": "some", "settled": True}),
)


def _cells(members: int) -> tuple[Cell, ...]:
    return tuple(
        Cell(f"{told}; {rule_told}", {"members": members, "needs": needs, **rule})
        for needs, told in _NEEDS
        for rule_told, rule in _RULES
    )


def run(values: Values, seed: int) -> Found:
    """Two years of a town; at each time, how much of circle 2 a member may ask by itself."""
    customs = Customs(needs=number(values, "needs"))
    charter = Charter(newcomer_ms=0) if values.get("settled") else Charter()
    life = grown(whole(values, "members"), charter, customs, seed)
    found: Found = {}
    for week in range(1, _LOOKED_AT[-1] + 1):
        life.live()
        if week in _LOOKED_AT:
            found[f"open_{week}"] = _open_to_one(life, str(values["rule"]), seed)
    circles, _ = life.judged(life.everybody, life.everybody)
    found["circle_3"] = float((circles >= 3).mean())
    return found


def _open_to_one(life: Weeks, rule: str, seed: int) -> float:
    """Of the friends of friends of a member, the share whom it may ask; the mean over many.

    All of them once circle 2 is open to it (spec 12.4); else those over a friend who answers for
    it (11.3); nobody beyond friends while the first loans from friends are missing (12.9).
    """
    circles, may_borrow = life.judged(life.everybody, life.everybody)
    answers = _who_answers(life, rule, seed)
    members = range(min(life.graph.members, _ASKED_MAX))
    shares = [
        _share_over(life, answers, member) if circles[member] < 2 else 1.0
        for member in members
        if may_borrow[member] and _friends_of_friends(life, life.graph.friends(member), member)
    ]
    return sum(shares) / len(members)


def _share_over(life: Weeks, answers: Truths, member: int) -> float:
    friends = life.graph.friends(member)
    begin = life.graph.offsets[member]
    willing = [friend for place, friend in enumerate(friends) if answers[begin + place]]
    everybody = _friends_of_friends(life, friends, member)
    return len(_friends_of_friends(life, willing, member)) / len(everybody)


def _friends_of_friends(life: Weeks, over: list[int], member: int) -> dict[int, None]:
    near = {member, *life.graph.friends(member)}
    return {far: None for friend in over for far in life.graph.friends(friend) if far not in near}


def _who_answers(life: Weeks, rule: str, seed: int) -> Truths:
    """For each friend in a member's row, whether that friend validates the member."""
    places = len(life.graph.neighbours)
    if rule == "none":
        return np.zeros(places, np.bool_)
    if rule == "some":
        drawn: Truths = np.random.default_rng((seed, 1)).random(places) < _VALIDATING
        return drawn
    # Who said that it went well, of whom: the pairs as numbers, to be looked up at once.
    words, members = life.words, np.int64(life.graph.members)
    everybody = np.arange(life.graph.members, dtype=np.int64)
    about = np.repeat(everybody, np.diff(words.offsets))
    is_good = words.values == GOOD
    said = about[is_good] * members + words.raters[is_good]
    rows = np.repeat(everybody, np.diff(life.graph.offsets))
    return np.isin(rows * members + life.graph.neighbours, said)


EXPERIMENT: Final = Experiment(
    name="circles-opening",
    title="How fast do circles open?",
    question=(
        "People seldom borrow. How long does it take until somebody may ask friends of friends, by "
        "exchanges alone, and when friends answer for them (validations)?"
    ),
    cell_title="wants; who opens",
    figures=(
        *(
            Figure(f"open_{week}", f"after {label}", "share")
            for week, label in zip(_LOOKED_AT, _LABELS, strict=True)
        ),
        Figure("circle_3", "circle 3 open to, after two years", "share"),
    ),
    regular=Size(_cells(800), 8),
    quick=Size(_cells(120)[:3], 2),
    run=run,
    panels=tuple(
        Panel(
            f"Of friends of friends, may be asked: {told}",
            "time since the house began",
            _LABELS,
            {
                rule_told: [(f"{told}; {rule_told}", f"open_{week}") for week in _LOOKED_AT]
                for rule_told, _ in _RULES
            },
        )
        for _, told in _NEEDS
    ),
)
