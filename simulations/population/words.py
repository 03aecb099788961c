"""Words: what people have said of each other, as rows by the person they are about.

The evidence of spec 12.1 for everybody at once. In a row, words are in the order of their
raters, and of one rater in the order of the loans' ends, so that the last one of each is the
latest. New words are merged once a week, and rows written anew: who said what first, on which
thread, leaves no trace.

Spec: §12.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from simulations.population.compiled import Flags, Numbers, Offsets, in_ranges, kernel, part
from simulations.population.order import by_member

_WEEK_MINUTES: Final = 7 * 24 * 60

BEFORE: Final = -1
"""The week of what was said before the first."""
FIRST_END: Final = 2 * BEFORE
"""The earliest end of a loan there is; see ``ends_at``."""

BAD: Final = 0
GOOD: Final = 1
REPAIRED: Final = 2
"""A word of 0, and its rater has said since that it was made good."""


class Words(NamedTuple):
    """All words, for kernels.

    Args:
        offsets: where the row of each person begins.
        raters, ends, values: who said it, when the loan ended (see ``ends_at``), and what.
    """

    offsets: Offsets
    raters: Numbers
    ends: Numbers
    values: Flags

    @property
    def size_bytes(self) -> int:
        return sum(array.nbytes for array in self)


@dataclass(frozen=True, slots=True)
class NewWords:
    """Words of one week, in any order."""

    subjects: Numbers
    raters: Numbers
    ends: Numbers
    values: Flags


def no_words(members: int) -> Words:
    """Nobody has said anything yet."""
    empty = np.empty(0, np.int32)
    return Words(np.zeros(members + 1, np.int64), empty, empty.copy(), np.empty(0, np.uint8))


def ends_at(week: int, is_second: bool) -> int:
    """When a loan of a week ends, as a number that orders ends.

    Args:
        is_second: of two loans between the same two people in one week, the one borrowed by
            the higher number ends a minute later.
    """
    return 2 * week + int(is_second)


@part
def age_minutes(end: int, week: int) -> int:
    """How long ago a loan ended, at the beginning of a week. Spec: §12.2."""
    return max(0, (week - (end >> 1) - 1) * _WEEK_MINUTES - (end & 1))


def merged(words: Words, new: NewWords, threads: int | None = None) -> Words:
    """All words with those of a week, which are later than all others."""
    members = len(words.offsets) - 1
    # One number says who, and which of two loans: of one person no two are alike.
    within = (new.raters.astype(np.uint64) << np.uint64(1)) | (new.ends & 1).astype(np.uint64)
    order, fresh_ends = by_member(members, new.subjects, within)
    total = len(words.raters) + len(order)
    after = Words(
        np.empty_like(words.offsets),
        np.empty(total, np.int32),
        np.empty(total, np.int32),
        np.empty(total, np.uint8),
    )
    after.offsets[members] = total
    fresh = Words(after.offsets, new.raters[order], new.ends[order], new.values[order])

    def one(begin: int, end: int, _: None) -> None:
        _merge(words, after, fresh, fresh_ends, begin, end)

    in_ranges(one, members, lambda: None, threads=threads)
    return after


@kernel
def _merge(
    before: Words, after: Words, new: Words, new_ends: Numbers, begin: int, end: int
) -> None:
    """Of members ``begin`` to ``end``. Where the new words of each end is in ``new_ends``."""
    for member in range(begin, end):
        old, old_end = before.offsets[member], before.offsets[member + 1]
        fresh, fresh_end = new_ends[member - 1] if member else 0, new_ends[member]
        count = old + fresh
        after.offsets[member] = count
        while fresh < fresh_end:
            # An old word of the same rater stands before a new one.
            while old < old_end and before.raters[old] <= new.raters[fresh]:
                after.raters[count] = before.raters[old]
                after.ends[count] = before.ends[old]
                after.values[count] = before.values[old]
                old += 1
                count += 1
            after.raters[count] = new.raters[fresh]
            after.ends[count] = new.ends[fresh]
            after.values[count] = new.values[fresh]
            fresh += 1
            count += 1
        while old < old_end:
            after.raters[count] = before.raters[old]
            after.ends[count] = before.ends[old]
            after.values[count] = before.values[old]
            old += 1
            count += 1


@kernel
def repair(words: Words, subjects: Numbers, raters: Numbers, ends: Numbers) -> int:
    """Mark words as made good; gives how many there were."""
    found = 0
    for i in range(len(subjects)):
        for at in range(words.offsets[subjects[i]], words.offsets[subjects[i] + 1]):
            if words.raters[at] == raters[i] and words.ends[at] == ends[i]:
                words.values[at] = REPAIRED
                found += 1
    return found
