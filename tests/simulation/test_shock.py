"""People on real engines, and what a shock does to them."""

from __future__ import annotations

import math
import random
from xml.etree import ElementTree

import pytest

from node.engine.loan_book import book_of
from protocol.bodies import Kind
from protocol.charter import Charter
from protocol.exchange import State
from simulations import shock
from simulations.behaviours import (
    NEED_90_PERCENT_PER_MONTH,
    NEED_MEDIAN_PER_MONTH,
    Behaviour,
    Defector,
    Person,
    draw_need_per_week,
    poisson,
)
from simulations.collector import quiet_collector
from simulations.customs import Customs
from simulations.intervals import Measure
from simulations.shock import (
    AFTER_WEEKS,
    BEFORE_WEEKS,
    VARIANTS,
    Course,
    relative_weeks,
    run_course,
    small_world,
    table,
)
from simulations.shock_plot import plot_weeks
from simulations.society import Society, become


def town(members: int = 12, customs: Customs = Customs(), **rules: int) -> Society:  # noqa: B008
    charter = Charter(max_circles=2, **rules)
    return Society(members, small_world(members, 1), charter, customs, 1)


def busy(made: Society, weeks: int) -> None:
    with quiet_collector():
        for _ in range(weeks):
            made.live_a_week(20.0)


class TestNeeds:
    def test_needs_have_the_median_and_the_spread_that_were_measured(self) -> None:
        chance = random.Random(1)
        drawn = sorted(draw_need_per_week(chance) * 52 / 12 for _ in range(20_000))

        assert math.isclose(drawn[10_000], NEED_MEDIAN_PER_MONTH, rel_tol=0.05)
        assert math.isclose(drawn[18_000], NEED_90_PERCENT_PER_MONTH, rel_tol=0.05)

    def test_how_often_something_happens_has_its_mean(self) -> None:
        chance = random.Random(1)
        assert math.isclose(
            sum(poisson(chance, 0.7) for _ in range(20_000)) / 20_000, 0.7, rel_tol=0.05
        )


class Unlucky(Behaviour):
    """Loses everything, and makes it all good."""

    losses = 1.0
    mends = 1.0


class TestSociety:
    """What people do goes through the engines."""

    def test_weeks_bring_loans_that_are_rated_and_nothing_is_refused_by_a_peer(self) -> None:
        made = town()
        busy(made, 3)

        states = [loan.state for n in range(12) for loan in book_of(made.core(n)).states()]
        assert states.count(State.RATED) > 10
        assert made.rejects == []
        assert any(person.good for person in made.people)

    def test_equal_seeds_live_equal_lives(self) -> None:
        one, other = town(), town()
        busy(one, 2)
        busy(other, 2)

        assert [out.loan for out in one.out] == [out.loan for out in other.out]

    def test_whoever_loses_things_is_seen_to_and_lent_nothing_any_more(self) -> None:
        made = town(customs=Customs(repairs=False))
        become(made.people[0], Defector())
        made.people[0].need_per_week = 1.0
        busy(made, 4)
        borrowed = [out.borrower for out in made.out]

        assert sum(len(person.bad) for person in made.people) >= 2
        assert 0 not in borrowed
        assert all(thing for person in made.people for thing in person.things)

    def test_what_was_lost_is_made_good_where_the_house_asks_for_it(self) -> None:
        made = town()
        become(made.people[0], Unlucky())
        made.people[0].need_per_week = 1.0
        busy(made, 5)

        assert [item for item in made.to_repair if item[0] < made.week] == []
        repaired = [made.core(n).of_kind(Kind.REPAIR) for n in range(12)]
        assert any(repaired)

    def test_bad_luck_and_hearsay_lower_trust_and_good_exchanges_raise_it(self) -> None:
        made = town()
        person = made.people[3]
        alone = made.trust(person)
        person.good += [0, 0, 0]
        content = made.trust(person)
        person.bad["a loan"] = 0
        assert made.trust(person) < alone < content

    def test_who_trusts_less_lends_less_far(self) -> None:
        made = town()
        person = next(p for p in made.people if p.things)
        for trusting, level in ((0.0, 2), (0.95, 1), (2.0, 0)):
            person.threshold = trusting
            made._think()
            assert person.level == level
            assert levels(made, person) == [level] * len(person.things)


def levels(made: Society, person: Person) -> list[int]:
    core = made.core(person.number)
    bodies = [core.current(core.me, bytes.fromhex(thing)) for thing in person.things]  # type: ignore[arg-type]
    return [getattr(record.body, "circles", -1) for record in bodies if record is not None]


class TestMeasures:
    """Figures over courses that are written by hand."""

    def course(self, weeks: list[int], variant: str = "as built", **counts: int) -> Course:
        given = {"lost": 0, "harmed": 0, "harmed_left": 0, "unharmed": 0, "unharmed_reduced": 0}
        return Course(variant=variant, seed=1, weeks=tuple(weeks), **(given | counts))

    def test_a_fall_and_its_recovery(self) -> None:
        weeks = [10] * BEFORE_WEEKS + [4] * 8 + [10] * (AFTER_WEEKS - 8)
        [row] = table([self.course(weeks)] * 3)

        assert row["lowest_level"] == Measure(0.4, 0.4, 0.4)
        assert row["level_at_end"] == Measure(1.0, 1.0, 1.0)
        assert row["first_four_weeks"] == Measure(0.4, 0.4, 0.4)
        assert row["days_to_90_percent"] == Measure(56.0, 56.0, 56.0)
        assert relative_weeks([self.course(weeks)])[BEFORE_WEEKS] == 0.4

    def test_what_never_recovers_and_whom_nobody_harmed_have_no_figure(self) -> None:
        weeks = [10] * BEFORE_WEEKS + [4] * AFTER_WEEKS
        [row] = table([self.course(weeks)])

        assert row["days_to_90_percent"] == Measure(None, None, None)
        assert row["victims_who_share_less"] == Measure(None, None, None)

    def test_shares_are_of_all_courses_together(self) -> None:
        weeks = [10] * (BEFORE_WEEKS + AFTER_WEEKS)
        courses = [
            self.course(weeks, harmed=1, harmed_left=1, unharmed=10, unharmed_reduced=0),
            self.course(weeks, harmed=3, harmed_left=1, unharmed=10, unharmed_reduced=5),
        ]
        [row] = table(courses)

        contagion, left = row["contagion"], row["victims_who_share_less"]
        assert isinstance(contagion, Measure)
        assert isinstance(left, Measure)
        assert (contagion.value, left.value) == (0.25, 0.5)
        assert (contagion.low, contagion.high) == (0.0, 0.5)

    def test_the_plot_is_a_picture_with_a_line_for_each_variant(self) -> None:
        lines = {variant.name: [1.0] * 6 + [0.5] * 20 for variant in VARIANTS}
        picture = ElementTree.fromstring(plot_weeks(lines, 6))

        found = [element for element in picture.iter() if element.tag.endswith("polyline")]
        assert len(found) == len(VARIANTS)


@pytest.mark.slow
def test_a_shock_harms_some_and_a_town_without_one_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, weeks in (("WARM_UP_WEEKS", 1), ("BEFORE_WEEKS", 1), ("AFTER_WEEKS", 4)):
        monkeypatch.setattr(shock, name, weeks)
    calm, shaken = (run_course(VARIANTS[place], 20, 3) for place in (0, 2))

    assert (calm.lost, calm.harmed) == (0, 0)
    assert shaken.lost >= 2
    assert shaken.harmed >= 2
    assert len(calm.weeks) == len(shaken.weeks) == 5
