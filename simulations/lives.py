"""Lives: what each behaviour gains and costs in a town, over the months of one run, and of many.

Whoever is behind several names is one person here: what they all got and kept is theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from protocol.charter import Charter
from simulations.behaviours import Mix, Person
from simulations.collector import quiet_collector
from simulations.graphs import Edge
from simulations.intervals import measure
from simulations.memory_of_towns import WARM_UP_WEEKS
from simulations.shock import small_world
from simulations.street import DAY_MS
from simulations.tally import BY_RULE, MISTRUST
from simulations.watched_town import WatchedTown
from simulations.year import Year

WARM_UP_FACTOR: Final = 8.0
"""People want so much more in the first weeks, so that they know each other."""
KEPT_SHOWN_MIN: Final = 0.05
"""Below, what somebody keeps is an accident that nobody has made good yet."""


@dataclass(frozen=True, slots=True)
class Life:
    """One person of the first day, under all their names.

    Args:
        names: how many they had in the end.
        kept_in_week: for each week, what they had kept until its end.
        lasted_weeks: from the first thing they kept to the last one they were lent; None
            when they kept nothing.
        mistrusted, made_to_wait: wants that came to nothing because somebody or a node did not
            trust them; because of a rule that is the same for everybody.
    """

    behaviour: str
    is_honest: bool
    names: int
    borrowed: int
    lent: int
    kept: int
    lost: int
    victims: int
    wants: int
    mistrusted: int
    made_to_wait: int
    lasted_weeks: int | None
    kept_in_week: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Town:
    """What one town went through.

    Args:
        violations: what an oracle found.
        most: per bound, the greatest share of it that was ever used.
    """

    seed: int
    weeks: int
    lives: tuple[Life, ...]
    steps_checked: int
    violations: tuple[str, ...]
    most: dict[str, float]


def usual_charter() -> Charter:
    """Two circles; friendships that need no renewal in so short a time."""
    return Charter(
        max_circles=2, friendship_lease_ms=365 * DAY_MS, friendship_renewal_ms=180 * DAY_MS
    )


def live(
    members: int,
    weeks: int,
    seed: int,
    mix: Mix,
    charter: Charter,
    edges: list[Edge] | None = None,
    year: Year = Year(),  # noqa: B008 - frozen
) -> Town:
    """Live through it. Equal arguments give equal towns.

    Args:
        edges: who is a friend of whom; a small world if None.
    """
    if edges is None:
        edges = small_world(members, seed)
    with quiet_collector():
        town = WatchedTown(members, edges, charter, seed, mix, year=year)
        first = list(town.people)
        kept: list[list[int]] = []
        for week in range(weeks):
            town.live_a_week(WARM_UP_FACTOR if week < WARM_UP_WEEKS else 1.0)
            kept.append([sum(town.tally.of(n).kept for n in _names(p, members)) for p in first])
    lives = tuple(
        _life(town, person, members, [row[person.number] for row in kept]) for person in first
    )
    return Town(
        seed, weeks, lives, town.bounds.checked, tuple(town.violations), dict(town.bounds.most)
    )


def _names(person: Person, members: int) -> list[Person]:
    """Everybody who they are: themselves, and those of the family who came later.

    Names that a group has made up belong to its first member.
    """
    later = [one for one in person.family if one.number >= members]
    is_first = person.number == min(one.number for one in person.family)
    return [person, *later] if is_first else [person]


def _life(town: WatchedTown, person: Person, members: int, kept: list[int]) -> Life:
    names = _names(person, members)
    counts = [town.tally.of(name) for name in names]
    first = [count.first_kept_week for count in counts if count.first_kept_week is not None]
    last = [count.last_borrowed_week for count in counts if count.last_borrowed_week is not None]
    return Life(
        behaviour=person.behaviour.name,
        is_honest=person.behaviour.is_honest,
        names=len(names),
        borrowed=sum(count.borrowed for count in counts),
        lent=sum(count.lent for count in counts),
        kept=kept[-1],
        lost=sum(count.lost for count in counts),
        victims=len({victim: None for count in counts for victim in count.victims}),
        wants=sum(count.wants for count in counts),
        mistrusted=sum(count.refused_for(MISTRUST) for count in counts),
        made_to_wait=sum(count.refused_for(BY_RULE) for count in counts),
        lasted_weeks=max(0, max(last) - min(first)) if first and last else None,
        kept_in_week=tuple(kept),
    )


# --- the table -------------------------------------------------------------------------


def table(towns: Sequence[Town]) -> list[dict[str, object]]:
    """One row a behaviour, in the order of the first town's people and then by name."""
    names = sorted({life.behaviour: None for town in towns for life in town.lives})
    rows: list[dict[str, object]] = []
    for name in names:
        row: dict[str, object] = {"behaviour": name}
        for what, ask in _MEASURES.items():
            row[what] = measure(towns, _over(name, ask))
        rows.append(row)
    return rows


def measures_of(town: Town) -> dict[str, float | None]:
    """The same of one town, as ``behaviour.measure``."""
    names = sorted({life.behaviour: None for life in town.lives})
    return {
        f"{name}.{what}": _over(name, ask)([town])
        for name in names
        for what, ask in _MEASURES.items()
    }


def kept_by_week(towns: Sequence[Town]) -> dict[str, list[float]]:
    """For each behaviour that keeps things, what one person had kept by each week."""
    lines: dict[str, list[float]] = {}
    for name in sorted({life.behaviour: None for town in towns for life in town.lives}):
        lives = [life for town in towns for life in town.lives if life.behaviour == name]
        line = [
            sum(weeks) / len(lives) for weeks in zip(*(x.kept_in_week for x in lives), strict=True)
        ]
        if line[-1] >= KEPT_SHOWN_MIN:
            lines[name] = line
    return lines


def _over(
    name: str, ask: Callable[[list[Life]], float | None]
) -> Callable[[Sequence[Town]], float | None]:
    def over(towns: Sequence[Town]) -> float | None:
        lives = [life for town in towns for life in town.lives if life.behaviour == name]
        return ask(lives) if lives else None

    return over


def _each(what: str) -> Callable[[list[Life]], float | None]:
    return lambda lives: sum(getattr(life, what) for life in lives) / len(lives)


def _of_wants(what: str) -> Callable[[list[Life]], float | None]:
    def ask(lives: list[Life]) -> float | None:
        wants = sum(life.wants for life in lives)
        return sum(getattr(life, what) for life in lives) / wants if wants else None

    return ask


def _lasted(lives: list[Life]) -> float | None:
    weeks = [life.lasted_weeks for life in lives if life.lasted_weeks is not None]
    return median(weeks) if weeks else None


_MEASURES: Final[dict[str, Callable[[list[Life]], float | None]]] = {
    "names": _each("names"),
    "wants": _each("wants"),
    "borrowed": _each("borrowed"),
    "lent": _each("lent"),
    "kept": _each("kept"),
    "victims": _each("victims"),
    "lost": _each("lost"),
    "mistrusted": _of_wants("mistrusted"),
    "made_to_wait": _of_wants("made_to_wait"),
    "lasted_weeks": _lasted,
}
