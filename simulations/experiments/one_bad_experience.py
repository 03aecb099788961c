"""What does one bad experience do, to whom, for how long, and what repairs it?"""

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
    whole,
)  # fmt: skip
from simulations.experiments.towns import YEAR_WEEKS, grown
from simulations.population.compiled import Numbers
from simulations.population.weeks import Weeks
from simulations.population.words import BAD, GOOD, REPAIRED, NewWords, ends_at, merged
from simulations.scenario_population import Customs

_SUBJECTS_MAX: Final = 60
_NEIGHBOURS_MAX: Final = 40
_AFTER: Final = (1, 13, 26, 52)
_LABELS: Final = ("a week", "3 months", "half a year", "a year")

_CASES: Final = (
    ("nothing happens", ()),
    ("a friend says 0", ((1, BAD),)),
    ("a friend of a friend says 0", ((2, BAD),)),
    ("the same, and says later that it was made good", ((2, REPAIRED),)),
    ("the same, not made good, and one good loan since", ((2, BAD), (1, GOOD))),
    ("two friends of friends say 0", ((2, BAD), (2, BAD))),
)


def _cells(members: int) -> tuple[Cell, ...]:
    return tuple(
        Cell(name, {"members": members, "words": " ".join(f"{h}{w}" for h, w in said)})
        for name, said in _CASES
    )


def run(values: Values, seed: int) -> Found:
    """A year of a town; then something is said of some of its people, and nothing else happens."""
    customs = Customs(tempers=(("sharer", 1.0),), on_word=True)
    life = grown(whole(values, "members"), Charter(), customs, seed)
    for _ in range(YEAR_WEEKS):
        life.live()
    subjects = _subjects(life)
    lenders, borrowers = _pairs(life, subjects)
    bystanders = _bystanders(life, subjects)
    before = life.judged(*bystanders)
    said = [(int(word[0]), int(word[1])) for word in str(values["words"]).split()]
    for number, (hops, value) in enumerate(said):
        _say(life, subjects, number, hops, value)
    found: Found = {}
    begin = life.week
    for weeks in _AFTER:
        life.week = begin + weeks
        circles, reliable = life.judged(lenders, borrowers)
        found[f"lends_{weeks}"] = float(((circles >= 2) & (reliable == 1)).mean())
        if weeks == 1:
            found["reliable_1"] = float((reliable == 1).mean())
    life.week = begin
    after = life.judged(*bystanders)
    changed = (after[0] != before[0]) | (after[1] != before[1])
    found["others"] = float(changed.mean())
    return found


def _subjects(life: Weeks) -> list[int]:
    """People to whom circle 2 is open, far enough apart in the order of numbers."""
    open_ = np.flatnonzero(life.opened >= 2)
    step = max(1, len(open_) // _SUBJECTS_MAX)
    return [int(member) for member in open_[::step]][:_SUBJECTS_MAX]


def _at(life: Weeks, member: int, hops: int) -> list[int]:
    """Who is so many friendships away, one or two."""
    friends = life.graph.friends(member)
    if hops == 1:
        return friends
    near = {member, *friends}
    return list(
        {far: None for one in friends for far in life.graph.friends(one) if far not in near}
    )


def _pairs(life: Weeks, subjects: list[int]) -> tuple[Numbers, Numbers]:
    """Each subject with the friends of its friends, who might lend to it."""
    lenders, borrowers = [], []
    for subject in subjects:
        for lender in _at(life, subject, 2)[:_NEIGHBOURS_MAX]:
            lenders.append(lender)
            borrowers.append(subject)
    return np.array(lenders, np.int32), np.array(borrowers, np.int32)


def _bystanders(life: Weeks, subjects: list[int]) -> tuple[Numbers, Numbers]:
    """Around each subject: its friends, and friends of their friends, of whom nothing is said."""
    spoken_of = dict.fromkeys(subjects)
    ones, others = [], []
    for subject in subjects:
        for friend in life.graph.friends(subject):
            for other in _at(life, friend, 2)[:_NEIGHBOURS_MAX]:
                if other not in spoken_of and friend != other:
                    ones.append(friend)
                    others.append(other)
    return np.array(ones, np.int32), np.array(others, np.int32)


def _say(life: Weeks, subjects: list[int], number: int, hops: int, value: int) -> None:
    """Somebody at this distance of each subject says something of it, of a loan just ended."""
    spoken_of, raters = [], []
    for subject in subjects:
        earlier = dict.fromkeys(_raters(life, subject))
        fresh = [one for one in _at(life, subject, hops) if one not in earlier]
        if len(fresh) > number:
            spoken_of.append(subject)
            raters.append(fresh[number])
    count = len(raters)
    end = ends_at(life.week - 1, False)
    life.words = merged(
        life.words,
        NewWords(
            np.array(spoken_of, np.int32), np.array(raters, np.int32),
            np.full(count, end, np.int32), np.full(count, value, np.uint8),
        ),
    )  # fmt: skip


def _raters(life: Weeks, subject: int) -> list[int]:
    begin, end = life.words.offsets[subject], life.words.offsets[subject + 1]
    return [int(rater) for rater in life.words.raters[begin:end]]


EXPERIMENT: Final = Experiment(
    name="one-bad-experience",
    title="What does one bad experience do to the whole?",
    question=(
        "Somebody to whom circle 2 is open fails once. Who still lends to them, for how long do "
        "the others remember, what repairs it, and does anybody else suffer?"
    ),
    cell_title="what is said of them",
    figures=(
        *(
            Figure(f"lends_{week}", f"may lend to them {label} after", "share")
            for week, label in zip(_AFTER, _LABELS, strict=True)
        ),
        Figure("reliable_1", "of them, who hold them reliable (60 %) a week after", "share"),
        Figure("others", "judgements around them, of other people, that change", "share"),
    ),
    regular=Size(_cells(1000), 8),
    quick=Size(_cells(150)[:4], 2),
    run=run,
    panels=(
        Panel(
            "Friends of friends who may lend to them by themselves",
            "time since then, in which nothing else happens",
            _LABELS,
            {name: [(name, f"lends_{week}") for week in _AFTER] for name, _ in _CASES},
        ),
    ),
)
