"""``openhouse simulate trust --replay``: real ratings in time order, predicted one by one.

A file holds ``rater rated score unix_time`` a line, plain or ``.xz``, in any order: it is
read in the order of time. The first fifth is only learned from. Then each rating of
somebody by a person whom they had not rated before (no answer to a rating) is predicted from
what was known a moment earlier, without what this rater had said of the same person, and
learned from afterwards. Each rater's latest rating stands for Confiance: positive 1,
otherwise 0. A rater's friends are those whom they rate positively, circle 2 theirs.

The score of a model is the area under the curve: how often, of a pair of which one
turned out bad and one good, it had expected worse of the bad one.

Beside the model of ``node.trust.reliability`` stand itself without the rater's own
experience (``others_alone``) and three peers: the lower Wilson bound
(Wilson 1927), the mean of a plain Beta, and the flow of trust over at most two hops.
"""

from __future__ import annotations

import lzma
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tqdm import tqdm

from node.trust.reliability import Place, Word, credibility, expectation, reliability
from protocol.errors import OpenHouseError

LEARNED_SHARE: Final = 0.2
_DAY_S: Final = 86_400.0
_Z: Final = 1.96
_SCORE_MAX: Final = 1e9


class ReplayError(OpenHouseError):
    """The file cannot be replayed."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One rating of the file: ``rater`` about ``rated``; ``at_s`` in Unix seconds."""

    rater: int
    rated: int
    is_good: bool
    at_s: float


@dataclass
class Known:
    """Latest ratings by who was rated and by who rated: whether good, and when."""

    about: dict[int, dict[int, tuple[bool, float]]] = field(default_factory=dict)
    given: dict[int, dict[int, tuple[bool, float]]] = field(default_factory=dict)

    def learn(self, rating: Scored) -> None:
        said = (rating.is_good, rating.at_s)
        self.about.setdefault(rating.rated, {})[rating.rater] = said
        self.given.setdefault(rating.rater, {})[rating.rated] = said

    def friends(self, member: int) -> list[int]:
        return [other for other, (good, _) in self.given.get(member, {}).items() if good]

    def counts_about(self, member: int) -> tuple[int, int]:
        return _counts(self.about.get(member, {}))

    def counts_given(self, member: int, without: int) -> tuple[int, int]:
        given = self.given.get(member, {})
        return _counts({other: said for other, said in given.items() if other != without})


def _counts(said: dict[int, tuple[bool, float]]) -> tuple[int, int]:
    good = sum(is_good for is_good, _ in said.values())
    return good, len(said) - good


Model = Callable[[Known, Scored], float]
"""How well it is expected to go, higher for better; any scale."""


def others_about(known: Known, rating: Scored) -> dict[int, tuple[bool, float]]:
    """What all but this rater said of the person."""
    said = known.about.get(rating.rated, {})
    return {rater: word for rater, word in said.items() if rater != rating.rater}


def by_reliability(known: Known, rating: Scored) -> float:
    """The model of ``node.trust``."""
    expected = expectation(*known.counts_given(rating.rater, without=rating.rated))
    return reliability(_words(known, rating), expected)


def by_others_alone(known: Known, rating: Scored) -> float:
    """The same without what the rater's own exchanges have taught them."""
    return reliability(_words(known, rating))


def _words(known: Known, rating: Scored) -> list[Word]:
    """What others said of the person, each from their place and at their age."""
    friends = dict.fromkeys(known.friends(rating.rater))
    circle_2 = dict.fromkeys(other for friend in friends for other in known.friends(friend))
    words = []
    for rater, (is_good, at_s) in others_about(known, rating).items():
        near = Place.CIRCLE_2 if rater in circle_2 else Place.BEYOND
        place = Place.FRIEND if rater in friends else near
        age_days = (rating.at_s - at_s) / _DAY_S
        believed = credibility(*known.counts_about(rater))
        words.append(Word(rater, is_good, place, age_days, believed))
    return words


def by_wilson(known: Known, rating: Scored) -> float:
    """Lower bound of the share of good ratings, at 95 %; 0 without any."""
    good, bad = _counts(others_about(known, rating))
    count = good + bad
    if not count:
        return 0.0
    share, z2 = good / count, _Z * _Z
    spread = _Z * math.sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    return (share + z2 / (2 * count) - spread) / (1 + z2 / count)


def by_beta(known: Known, rating: Scored) -> float:
    """Mean of a Beta distribution with one good and one bad word before all others."""
    good, bad = _counts(others_about(known, rating))
    return (good + 1) / (good + bad + 2)


def by_flow(known: Known, rating: Scored) -> float:
    """Largest flow of trust to the person over one friend in between, each worth one.

    Paths over different friends share no edge, so the flow is their number.
    """
    said = others_about(known, rating)
    return float(sum(said.get(friend, (False, 0.0))[0] for friend in known.friends(rating.rater)))


MODELS: Final[dict[str, Model]] = {
    "reliability": by_reliability,
    "others_alone": by_others_alone,
    "wilson": by_wilson,
    "beta": by_beta,
    "flow": by_flow,
}


def replay(path: Path, *, shows_progress: bool = True) -> dict[str, object]:
    """Predict a file's ratings; the area under the curve of each model.

    Raises:
        ReplayError: the file cannot be read, or holds nothing to predict.
    """
    ratings = read_ratings(path)
    begin = int(len(ratings) * LEARNED_SHARE)
    known = Known()
    expected: dict[str, list[float]] = {name: [] for name in MODELS}
    is_bad: list[bool] = []
    for number, rating in enumerate(tqdm(ratings, "ratings", disable=not shows_progress or None)):
        is_answer = rating.rated in known.about.get(rating.rater, {})
        if number >= begin and not is_answer:
            for name, model in MODELS.items():
                expected[name].append(model(known, rating))
            is_bad.append(not rating.is_good)
        known.learn(rating)
    if not any(is_bad) or all(is_bad):
        raise ReplayError(f"{path} holds nothing to predict: good and bad ratings are needed.")
    return {
        "ratings": len(ratings),
        "learned": begin,
        "predicted": len(is_bad),
        "bad": sum(is_bad),
        "auc": {name: round(area(scores, is_bad), 4) for name, scores in expected.items()},
    }


def area(scores: Sequence[float], is_bad: Sequence[bool]) -> float:
    """Area under the curve for telling the bad by low scores; ties count a half.

    Source: Mann and Whitney (1947), by ranks.
    """
    order = sorted(range(len(scores)), key=lambda index: scores[index])
    bad_below, rank = 0.0, 0
    while rank < len(order):
        end = rank
        while end < len(order) and scores[order[end]] == scores[order[rank]]:
            end += 1
        tied = order[rank:end]
        # The mean of the ranks counted from the best: how many are not below.
        mean_rank = len(order) - (rank + end - 1) / 2
        bad_below += mean_rank * sum(is_bad[index] for index in tied)
        rank = end
    bad = sum(is_bad)
    return (bad_below - bad * (bad + 1) / 2) / (bad * (len(order) - bad))


def read_ratings(path: Path) -> list[Scored]:
    """All ratings of a file, in the order of time.

    Raises:
        ReplayError: it cannot be read, or a line is not a rating.
    """
    return sorted(_ratings(path), key=lambda rating: rating.at_s)


def _ratings(path: Path) -> Iterator[Scored]:
    try:
        with lzma.open(path, "rt") if path.suffix == ".xz" else path.open() as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip() and not line.startswith("#"):
                    yield _rating(path, number, line)
    except OSError as error:
        raise ReplayError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (lzma.LZMAError, EOFError) as error:
        raise ReplayError(f"{path} is not an xz file, or is damaged.") from error
    except UnicodeDecodeError as error:
        raise ReplayError(f"{path} is not a text of numbers.") from error


def _rating(path: Path, number: int, line: str) -> Scored:
    words = line.replace(",", " ").split()
    try:
        rater, rated, score, at_s = words
        rating = Scored(int(rater), int(rated), float(score) > 0, float(at_s))
        is_number = abs(float(score)) < _SCORE_MAX and math.isfinite(rating.at_s)
    except ValueError:
        is_number = False
    if not is_number:
        raise ReplayError(
            f"{path}, line {number}: a rating is “rater rated score unix_time”: {line[:80]!r}."
        )
    return rating
