"""The rules of the house, for kernels: what ``node.trust`` says, written again.

With ``reliability`` the one place where that is so. Each function says the section it follows;
``tests/simulation/test_population.py`` plays the same weeks with real engines and compares
member by member. All is judged from a viewer's place, by words and friendships that the
viewer's node would hold.

Spec: §12.2, §12.4, §12.5, §12.6, §12.7, §12.9.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from protocol.charter import Charter
from simulations.population.compiled import Flags, Numbers, kernel, part
from simulations.population.csr import Graph, position
from simulations.population.reliability import reliability
from simulations.population.words import BAD, FIRST_END, GOOD, Words, age_minutes
from simulations.scenario import WEEK_MS

_MINUTE_MS: Final = 60_000
_WHOLE: Final = 1000
_LIVES_MAX: Final = 10
SIDES_MAX: Final = 8


class Rules(NamedTuple):
    """The numbers of a charter that the model needs; durations in weeks or minutes."""

    max_circles: int
    exchanges_2: int
    exchanges_3: int
    exchanges_4: int
    sides: int
    far_max: int
    good_life: int
    failed_cost: int
    failed_life: int
    recommended: int
    reliability_min: int
    first_loans: int
    newcomer_weeks: int
    capacity_new: int
    capacity_max: int
    burnt_weeks: int
    grace_weeks: int
    window_weeks: int


def rules_of(charter: Charter) -> Rules:
    """A charter's numbers for kernels."""
    return Rules(
        max_circles=charter.max_circles,
        exchanges_2=charter.circle_2_exchanges,
        exchanges_3=charter.circle_3_exchanges,
        exchanges_4=charter.circle_4_exchanges,
        sides=charter.circle_3_sides,
        far_max=charter.far_exchanges_max,
        good_life=charter.confiance_half_life_ms // _MINUTE_MS,
        failed_cost=charter.failed_exchange_cost,
        failed_life=charter.failed_half_life_ms // _MINUTE_MS,
        recommended=charter.recommended_circles,
        reliability_min=charter.reliability_min_percent,
        first_loans=charter.first_loans_from_friends,
        newcomer_weeks=-(-charter.newcomer_ms // WEEK_MS),
        capacity_new=charter.capacity_new,
        capacity_max=charter.capacity_max,
        burnt_weeks=-(-charter.burnt_ms // WEEK_MS),
        grace_weeks=-(-charter.sharing_grace_ms // WEEK_MS),
        window_weeks=-(-charter.sharing_window_ms // WEEK_MS),
    )


# --- circles -----------------------------------------------------------------------------


@part
def thousandths(age: int, life: int) -> int:
    """What a word of this age weighs, in whole thousandths. Spec: §12.2."""
    lives = age // life
    if lives >= _LIVES_MAX:
        return 0
    return (_WHOLE * (2 * life - age % life)) // ((2 * life) << lives)


class Weights(NamedTuple):
    """What words weigh in one week, in whole thousandths, by when their loans ended.

    Args:
        good, failed: of words of 1 and of 0, for each end from ``FIRST_END`` on.
    """

    good: Numbers
    failed: Numbers


def weights_in(rules: Rules, week: int) -> Weights:
    """Found out once for all words of a week, and not by three divisions for each."""
    weights = Weights(*(np.empty(2 * week - FIRST_END, np.int32) for _ in range(2)))
    _weigh(rules, week, weights)
    return weights


@kernel
def _weigh(rules: Rules, week: int, weights: Weights) -> None:
    for place in range(len(weights.good)):
        age = age_minutes(place + FIRST_END, week)
        weights.good[place] = thousandths(age, rules.good_life)
        weights.failed[place] = thousandths(age, rules.failed_life)


@part
def _add_side(side: int, sides: Numbers, count: int) -> int:
    for k in range(count):
        if sides[k] == side:
            return count
    if count < SIDES_MAX:
        sides[count] = side
        count += 1
    return count


@part
def _is_self_or_friend(graph: Graph, viewer: int, rater: int) -> bool:
    return rater == viewer or position(graph.offsets, graph.neighbours, viewer, rater) >= 0


@part
def _common_sides(
    graph: Graph, viewer: int, subject: int, rater: int, sides: Numbers, count: int, most: int
) -> tuple[bool, int]:
    """Whether a rater is near by a common friend, and the sides known with these. Spec: §12.2.

    Args:
        most: looked for no further when so many sides are known.
    """
    offsets, neighbours = graph
    is_near = False
    i, j = offsets[viewer], offsets[rater]
    while i < offsets[viewer + 1] and j < offsets[rater + 1]:
        if neighbours[i] == neighbours[j]:
            if neighbours[i] != subject:
                is_near = True
                count = _add_side(int(neighbours[i]), sides, count)
                if count >= most:
                    break
            i += 1
            j += 1
        elif neighbours[i] < neighbours[j]:
            i += 1
        else:
            j += 1
    return is_near, count


@part
def _circles_at(rules: Rules, total: int, known: int, most: int) -> int:
    """The circles that a sum of words, in thousandths, and sides open, up to ``most``."""
    confiance = max(0, (2 * total + _WHOLE) // (2 * _WHOLE))
    circle = 1
    while circle < most:
        needed = rules.exchanges_2
        if circle == 2:
            needed = rules.exchanges_3
        elif circle == 3:
            needed = rules.exchanges_4
        if needed == 0 or confiance < needed or (circle >= 2 and known < rules.sides):
            break
        circle += 1
    return circle


@part
def circles_open(
    graph: Graph,
    words: Words,
    rules: Rules,
    weights: Weights,
    viewer: int,
    subject: int,
    most: int,
    sides: Numbers,
) -> int:
    """How far a member may ask, as one place sees it. Spec: §12.2, §12.4.

    Rows of friends are laid side by side as late as can be: whoever is no friend counts as far,
    until more circles would be open with them near; and no circle closes when one is.

    Args:
        most: circles enough; whether more are open is not looked at.
        sides: room for ``SIDES_MAX`` members.
    """
    near, far, failed, known = 0, 0, 0, 0
    offsets, raters, ends, values = words
    begin, end = offsets[subject], offsets[subject + 1]
    for at in range(begin, end):
        if at + 1 < end and raters[at + 1] == raters[at]:
            continue  # only the latest word of each
        place, rater = ends[at] - FIRST_END, int(raters[at])
        if values[at] == GOOD:
            weight = weights.good[place]
            if weight > 0 and _is_self_or_friend(graph, viewer, rater):
                near += weight
                known = _add_side(rater, sides, known)
            else:
                far += weight
        elif values[at] == BAD:
            failed += weights.failed[place]
    lost, far_most = rules.failed_cost * failed, _WHOLE * rules.far_max
    most = _circles_at(rules, near + far - lost, SIDES_MAX, most)
    circles = _circles_at(rules, near + min(far, far_most) - lost, known, most)
    sides_most = rules.sides if most > 2 else 0
    for at in range(begin, end):
        if circles == most:
            break
        if values[at] != GOOD or (at + 1 < end and raters[at + 1] == raters[at]):
            continue
        weight = weights.good[ends[at] - FIRST_END]
        rater = int(raters[at])
        if weight == 0 or _is_self_or_friend(graph, viewer, rater):
            continue
        is_near, known = _common_sides(graph, viewer, subject, rater, sides, known, sides_most)
        if is_near:
            near += weight
            far -= weight
            circles = _circles_at(rules, near + min(far, far_most) - lost, known, most)
    return circles


# --- newcomers ---------------------------------------------------------------------------


@part
def first_loans_missing(words: Words, rules: Rules, subject: int, week: int) -> int:
    """Loans from friends that somebody lacks before borrowing from others. Spec: §12.9.

    Everybody came with the first week, to a house that is not young.
    """
    if week >= rules.newcomer_weeks:
        return 0
    missing = rules.first_loans
    for at in range(words.offsets[subject], words.offsets[subject + 1]):
        # Whose loan it was stands in its end: see ``words.ends_at``.
        has_borrowed = (words.ends[at] & 1 == 1) == (subject > words.raters[at])
        if has_borrowed and words.values[at] != BAD:
            missing -= 1
    return max(0, missing)


# --- judging -----------------------------------------------------------------------------


@part
def borrows_beyond(
    graph: Graph, words: Words, rules: Rules, viewer: int, subject: int, week: int
) -> bool:
    """Whether somebody may borrow beyond circle 1, as one place sees it. Spec: §12.6, §12.9."""
    said = words.offsets[subject + 1] - words.offsets[subject]
    if week < rules.newcomer_weeks and said < rules.first_loans:
        return False
    if first_loans_missing(words, rules, subject, week) > 0:
        return False
    seen = reliability(graph, words, rules.max_circles, viewer, subject, week)
    return seen * 100.0 >= rules.reliability_min


@kernel
def judge(
    graph: Graph,
    words: Words,
    rules: Rules,
    weights: Weights,
    viewers: Numbers,
    subjects: Numbers,
    hops: Numbers,
    week: int,
    begin: int,
    end: int,
    sides: Numbers,
    circles: Flags,
    reliable: Flags,
) -> None:
    """What each viewer sees of each subject: the circles open, and whether only to friends.

    Args:
        hops: for each pair how far the subject would borrow from, over the viewer: no more is
            judged than that takes, and nothing between friends. 0: everything.
        begin, end: which of the pairs.
        sides: room for ``SIDES_MAX`` members.
        circles, reliable: take the result. Who is not reliable, or has come and not borrowed
            from friends enough, borrows in circle 1.
    """
    for i in range(begin, end):
        viewer, subject, far = int(viewers[i]), int(subjects[i]), int(hops[i])
        circles[i], reliable[i] = 1, 1
        if far == 1:
            continue
        said = words.offsets[subject + 1] - words.offsets[subject]
        most = min(rules.max_circles, far - rules.recommended) if far else rules.max_circles
        if most > 1 and said >= rules.exchanges_2:  # nobody counts more than one
            circles[i] = circles_open(graph, words, rules, weights, viewer, subject, most, sides)
        if far and circles[i] + rules.recommended < far:
            continue
        reliable[i] = borrows_beyond(graph, words, rules, viewer, subject, week)


# --- sharing and capacity ----------------------------------------------------------------


@part
def is_sharing(rules: Rules, owned: int, lent_week: int, week: int) -> bool:
    """Whether a member may ask at all. Spec: §12.5.

    Args:
        owned: things listed, those that are lent included.
        lent_week: week of the last loan to somebody that was rated, or below 0.
    """
    if owned > 0 or week < rules.grace_weeks:
        return True
    return lent_week >= 0 and week < lent_week + 1 + rules.window_weeks


@part
def has_unit(rules: Rules, good: int, engaged: int) -> bool:
    """Whether one more loan can be answered for. Spec: §12.7.

    Args:
        good: loans with that friend which the giver rated 1.
    """
    if rules.capacity_max == 0:
        return True
    earned = (good >= 1) + (good >= 3)
    return engaged < min(rules.capacity_max, rules.capacity_new + earned)
