"""Weeks: the life of a population, one exchange round after the other.

In a week, what was lent in the week before comes back or is lost, and both sides say how it
went; what was lost may be made good three weeks later. Then people want things, ask for what
the circles open to them show, and requests go from member to member until a holder agrees or
somebody cannot. The same order of steps is played with real engines in
``tests/simulation/test_population.py``.

Spec: §11, §12.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from protocol.charter import Charter
from simulations.population import answering, asking, crowds, loans
from simulations.population.answering import Fate, Fates, Units
from simulations.population.asking import HOPS_MAX, Looking, Requests, Selves
from simulations.population.compiled import (
    APART,
    Flags,
    Hashes,
    Numbers,
    Offsets,
    Reals,
    Truths,
    in_ranges,
    side_by_side,
)
from simulations.population.csr import Csr, Graph
from simulations.population.draws import Purpose, draws_of, happens, stream
from simulations.population.leaving import moved, without
from simulations.population.loans import Burnt, Outcome, Streams
from simulations.population.rules import (
    SIDES_MAX,
    judge,
    rules_of,
    weights_in,
)
from simulations.population.settling import settle_in
from simulations.population.words import Words, ends_at, merged, no_words, repair
from simulations.scenario_population import Customs
from simulations.shapes import Crowd

REPAIR_WEEKS: Final = 3


@dataclass(frozen=True, slots=True)
class Week:
    """What happened in one week, in numbers of people and requests.

    Args:
        wanted: people who wanted something.
        shared_nothing, found_nothing: of them, those who could not ask.
        asked_1 .. asked_3, agreed_1 .. agreed_3: requests by circle, 3 and beyond together.
        no_unit, thing_gone, circle_shut, unreliable, unwilling: why others came to nothing.
        back, lost, bad_words: loans that ended, things lost, words of 0.
        open_2, open_3: share of members to whom circle 2, and 3, are open.
        engaged: units engaged at the end.
        moved_away: people who left at the beginning.
        crowd_near, crowd_far: things lent to attackers by friends of theirs, and from beyond.
    """

    week: int
    wanted: int
    shared_nothing: int
    found_nothing: int
    asked_1: int
    asked_2: int
    asked_3: int
    agreed_1: int
    agreed_2: int
    agreed_3: int
    no_unit: int
    thing_gone: int
    circle_shut: int
    unreliable: int
    unwilling: int
    back: int
    lost: int
    bad_words: int
    open_2: float
    open_3: float
    engaged: int
    moved_away: int
    crowd_near: int
    crowd_far: int


class Weeks:
    """A population and what it remembers.

    Args:
        graph: who is a friend of whom.
        customs: what people are like.
        ranks: the order of members' ids; drawn by hash if None.
        crowd: attackers among them; see ``crowds``.
    """

    def __init__(
        self,
        graph: Csr,
        charter: Charter,
        customs: Customs,
        seed: int,
        *,
        ranks: Hashes | None = None,
        threads: int | None = None,
        crowd: Crowd | None = None,
    ) -> None:
        self.graph, self.charter, self.customs, self.seed = graph, charter, customs, seed
        self.rules = rules_of(charter)
        self.threads = threads
        self.week = 0
        self.rows = Graph(graph.offsets, graph.neighbours)
        members = graph.members
        if ranks is None:
            ranks = draws_of(stream(seed, Purpose.RANK), np.arange(members, dtype=np.int32))
        self.people, self.manners = settle_in(members, customs, seed, ranks)
        edges = len(graph.neighbours)
        self.units = Units(np.zeros(edges, np.uint8), np.zeros(edges, np.uint8))
        self.words: Words = no_words(members)
        self.attackers = crowds.attackers_of(members, crowd)
        if crowd is not None:
            self.manners = crowds.armed(self.people, self.manners, crowd)
            self.words = merged(self.words, crowds.praise(crowd))
            self.units.good[crowds.places_within(self.rows, crowd)] = crowds.PRAISED
        self.everybody: Numbers = np.arange(members, dtype=np.int32)
        self.opened: Flags = np.ones(members, np.uint8)
        self.out: Requests = asking.requests_for(0)
        self.burnt: list[Burnt] = []
        self.gone: Truths = np.zeros(members, np.bool_)
        self.last: Requests = self.out
        self.fates: Fates = Fates(np.empty(0, np.uint8), np.empty(0, np.uint8))
        self._idle: list[Looking] = []
        self._busy: list[Looking] = []

    def live(self, told: Callable[[int], None] = lambda members: None) -> Week:
        """Let a week pass.

        Args:
            told: called with numbers of members who have looked for what they want.
        """
        back, outcome = self._bring_back()
        self._make_good()
        moved_away = self._move_away()
        counts, requests = self._ask(told)
        fates = self._answer(requests)
        answering.let_go(self.units, requests, fates)
        self.out = loans.taken(requests, np.flatnonzero(fates.what == Fate.AGREED))
        self.last, self.fates = requests, fates
        week = self._counted(counts, requests, fates, back, outcome, moved_away)
        self.week += 1
        return week

    # --- what was lent -----------------------------------------------------------------

    def _bring_back(self) -> tuple[Requests, Outcome]:
        back = self.out
        purposes = (
            Purpose.FAILS, Purpose.HOLDER_WORD, Purpose.BORROWER_WORD, Purpose.MAKES_GOOD,
        )  # fmt: skip
        streams = Streams(*(stream(self.seed, purpose, self.week) for purpose in purposes))
        outcome = loans.end(back, self.manners, streams)
        if len(back.borrowers) == 0:
            return back, outcome
        side_by_side(
            lambda: loans.settle(
                self.rows, self.people, self.units, back, outcome.lost, outcome.holder_words,
                outcome.borrower_words, self.week - 1,
            ),
            lambda: self._take_in(back, outcome),
            threads=self.threads,
        )  # fmt: skip
        bad = np.flatnonzero(outcome.holder_words == 0)
        if len(bad):
            made_good = outcome.made_good[bad]
            self.burnt.append(Burnt(self.week, loans.taken(back, bad), made_good))
        return back, outcome

    def _take_in(self, back: Requests, outcome: Outcome) -> None:
        said = loans.words_of(back, outcome, _ends(back, self.week - 1))
        self.words = merged(self.words, said, self.threads)

    def _make_good(self) -> None:
        """What was lost is replaced, and its holder says so; burnt units come back in time."""
        kept = []
        for burnt in self.burnt:
            if self.week == burnt.week + REPAIR_WEEKS and self.customs.repairs:
                stayed = ~(
                    self.gone[burnt.loans.borrowers] | self.gone[loans.holders_of(burnt.loans)]
                )
                burnt.made_good &= stayed
                repaired = loans.taken(burnt.loans, np.flatnonzero(burnt.made_good))
                ends = _ends(repaired, burnt.week - 1)
                repair(self.words, repaired.borrowers, loans.holders_of(repaired), ends)
                loans.replace(self.people, repaired)
                if self.rules.burnt_weeks >= REPAIR_WEEKS:
                    loans.give_back(self.units, repaired)
                rest = np.flatnonzero(~burnt.made_good)
                burnt = Burnt(burnt.week, loans.taken(burnt.loans, rest), burnt.made_good[rest])
            if self.week == burnt.week + self.rules.burnt_weeks:
                loans.give_back(self.units, burnt.loans)
            if self.week < burnt.week + max(self.rules.burnt_weeks, REPAIR_WEEKS):
                kept.append(burnt)
        self.burnt = kept

    # --- who is there, and wants something ----------------------------------------------

    def leaving(self) -> Truths:
        """Who moves away at the beginning of this week; all that was lent has come back."""
        chance = np.array([self.customs.year.leaving_chance])
        leaves = happens(stream(self.seed, Purpose.MOVES_AWAY, self.week), self.everybody, chance)
        return leaves & ~self.gone & ~self.attackers

    def wants(self) -> Reals:
        """Everybody's chance to want something this week, at this time of the year."""
        factor = self.customs.year.factor(self.week)
        if factor == 1.0:
            return self.people.wants
        # A Poisson number with another mean: the chance of none to the power of the factor.
        seasoned: Reals = 1.0 - (1.0 - self.people.wants) ** factor
        return seasoned

    def _move_away(self) -> int:
        if self.customs.year.moves_away == 0:
            return 0
        leaves = self.leaving()
        if not leaves.any():
            return 0
        self.gone |= leaves
        for column in (self.people.wants, self.people.owned, self.people.free):
            column[leaves] = 0
        self.graph, kept, places = without(self.graph, leaves)
        self.rows = Graph(self.graph.offsets, self.graph.neighbours)
        self.units = Units(self.units.engaged[kept], self.units.good[kept])
        for burnt in self.burnt:
            burnt.loans = moved(burnt.loans, places)
        return int(leaves.sum())

    # --- what is asked for -------------------------------------------------------------

    def _ask(self, told: Callable[[int], None]) -> tuple[Offsets, Requests]:
        members = self.graph.members
        choice = stream(self.seed, Purpose.CHOICE, self.week)
        selves = self._see_themselves()
        self.opened = selves.opened

        def one(begin: int, end: int, looking: Looking) -> tuple[Offsets, Requests]:
            counts, room = np.zeros(APART, np.int64), asking.requests_for(end - begin)
            count = asking.ask(
                self.rows, self.rules, self.people, self.customs.things_circles,
                self.customs.on_word, self.week, choice, begin, end, looking,
                selves, counts, room,
            )  # fmt: skip
            return counts, loans.taken(room, np.arange(count))

        parts = in_ranges(one, members, self._look, threads=self.threads, told=told)
        self._idle, self._busy = self._idle + self._busy, []
        counts = np.sum([part[0] for part in parts], axis=0)
        requests = Requests(
            np.concatenate([part.borrowers for _, part in parts]),
            np.concatenate([part.hops for _, part in parts]),
            np.concatenate([part.nodes for _, part in parts]),
            np.concatenate([part.edges for _, part in parts]),
        )
        return counts, requests

    def _answer(self, requests: Requests) -> Fates:
        count = len(requests.borrowers)
        fates = Fates(np.zeros(count, np.uint8), np.zeros(count, np.uint8))
        willing = stream(self.seed, Purpose.WILLING, self.week)
        priority = stream(self.seed, Purpose.PRIORITY, self.week)
        turns = draws_of(priority, requests.borrowers)
        for stage in range(min(HOPS_MAX, self.rules.max_circles)):
            order, bounds = answering.in_order(requests, fates, stage, turns, self.graph.members)
            nodes, borrowers = requests.nodes[order, stage], requests.borrowers[order]
            seen = self.judged(nodes, borrowers, requests.hops[order])
            self._answer_at(stage, requests, fates, order, bounds, willing, *seen)
        return fates

    def _answer_at(
        self,
        stage: int,
        requests: Requests,
        fates: Fates,
        order: Offsets,
        bounds: Offsets,
        willing: np.uint64,
        circles: Flags,
        reliable: Flags,
    ) -> None:
        def one(begin: int, end: int, _: None) -> None:
            answering.answer(
                self.rules, self.people, self.units, requests, fates, order, bounds, stage,
                self.week, self.customs.willing, willing, begin, end, circles, reliable,
            )  # fmt: skip

        in_ranges(one, len(bounds) - 1, lambda: None, threads=self.threads)

    def _see_themselves(self) -> Selves:
        members = self.graph.members
        selves = Selves(*(np.empty(members, np.uint8) for _ in range(3)))
        weights = weights_in(self.rules, self.week)
        wants = stream(self.seed, Purpose.WANTS, self.week)
        people = self.people._replace(wants=self.wants())

        def one(begin: int, end: int, sides: Numbers) -> None:
            asking.see_themselves(
                self.rows, self.words, self.rules, weights, people, self.week, wants,
                begin, end, sides, selves,
            )  # fmt: skip

        in_ranges(one, members, _room_for_sides, threads=self.threads)
        return selves

    def judged(
        self, viewers: Numbers, subjects: Numbers, hops: Numbers | None = None
    ) -> tuple[Flags, Flags]:
        """The circles open to subjects, and whether they are reliable, as viewers see it.

        Args:
            hops: how far each would borrow from; then no more is judged than that takes.
        """
        if hops is None:
            hops = np.zeros(len(viewers), np.int32)
        circles, reliable = np.empty(len(viewers), np.uint8), np.empty(len(viewers), np.uint8)
        weights = weights_in(self.rules, self.week)

        def one(begin: int, end: int, sides: Numbers) -> None:
            judge(
                self.rows, self.words, self.rules, weights, viewers, subjects, hops, self.week,
                begin, end, sides, circles, reliable,
            )  # fmt: skip

        in_ranges(one, len(viewers), _room_for_sides, threads=self.threads)
        return circles, reliable

    def _look(self) -> Looking:
        looking = self._idle.pop() if self._idle else asking.looking_for(self.graph.members)
        self._busy.append(looking)
        return looking

    # --- what happened -----------------------------------------------------------------

    def _counted(
        self,
        counts: Offsets,
        requests: Requests,
        fates: Fates,
        back: Requests,
        outcome: Outcome,
        moved_away: int,
    ) -> Week:
        circles = np.minimum(requests.hops, 3)
        asked = np.bincount(circles, minlength=4)
        agreed = np.bincount(circles[fates.what == Fate.AGREED], minlength=4)
        by_fate = np.bincount(fates.what, minlength=len(Fate))
        opened = np.bincount(self.opened[~self.gone] if self.gone.any() else self.opened)
        here = max(1, int(opened.sum()))
        lent_to_crowd = (fates.what == Fate.AGREED) & self.attackers[requests.borrowers]
        bad_words = (outcome.holder_words == 0).sum() + (outcome.borrower_words == 0).sum()
        return Week(
            week=self.week,
            wanted=int(counts[0]),
            shared_nothing=int(counts[1]),
            found_nothing=int(counts[2]),
            asked_1=int(asked[1]),
            asked_2=int(asked[2]),
            asked_3=int(asked[3]),
            agreed_1=int(agreed[1]),
            agreed_2=int(agreed[2]),
            agreed_3=int(agreed[3]),
            no_unit=int(by_fate[Fate.NO_UNIT]),
            thing_gone=int(by_fate[Fate.THING_GONE]),
            circle_shut=int(by_fate[Fate.CIRCLE_SHUT]),
            unreliable=int(by_fate[Fate.UNRELIABLE]),
            unwilling=int(by_fate[Fate.UNWILLING]),
            back=len(back.borrowers),
            lost=int(outcome.lost.sum()),
            bad_words=int(bad_words),
            open_2=float(opened[2:].sum() / here),
            open_3=float(opened[3:].sum() / here),
            engaged=answering.all_engaged(self.units),
            moved_away=moved_away,
            crowd_near=int((lent_to_crowd & (requests.hops == 1)).sum()),
            crowd_far=int((lent_to_crowd & (requests.hops > 1)).sum()),
        )


# --- people ------------------------------------------------------------------------------


def _ends(back: Requests, week: int) -> Numbers:
    """When loans of a week end; see ``words.ends_at``."""
    first, second = ends_at(week, False), ends_at(week, True)
    return np.where(back.borrowers > loans.holders_of(back), second, first).astype(np.int32)


def _room_for_sides() -> Numbers:
    return np.empty(SIDES_MAX + APART, np.int32)
