"""Weeks of a town of Python objects: the same steps, in the same order, as ``Weeks`` of the model.

``Weekly`` needs somebody to call everybody up: here a plain loop, in ``_mesa_town`` Mesa's set of
agents. Crowds of invented people, seasons and people who move away are the model's alone.

Spec: §11, §12.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from operator import attrgetter

import numpy as np

from benchmarks._town_chance import Chance
from benchmarks._town_people import Nature, Person, Request
from protocol.charter import Charter
from simulations.population.answering import Fate
from simulations.population.csr import Csr
from simulations.population.draws import Purpose, draws_of, stream
from simulations.population.rules import rules_of
from simulations.population.settling import settle_in
from simulations.population.weeks import REPAIR_WEEKS, Week
from simulations.population.words import BAD, GOOD
from simulations.scenario_population import TEMPERS, Customs


class Weekly:
    """A town and what is under way in it.

    Args:
        chance: draws everything after the first day; who is there is drawn by the seed, as in
            the model.
    """

    def __init__(
        self, graph: Csr, charter: Charter, customs: Customs, seed: int, chance: Chance
    ) -> None:
        self.rules, self.customs, self.chance = rules_of(charter), customs, chance
        self.week = 0
        self.people: list[Person] = self._settled(graph, seed)
        self.requests: list[Request] = []
        self.out: list[Request] = []
        self.to_make_good: dict[int, list[Request]] = {}
        self.burnt: dict[int, list[Request]] = {}
        self.engaged = 0
        self.tally: Counter[str] = Counter()

    def person(self, nature: Nature) -> Person:
        """Somebody new; here nobody's agent."""
        return Person(self, nature)

    def everybody_lives(self) -> None:
        """Let everybody have their turn."""
        for person in self.people:
            person.live()

    def live(self) -> Week:
        """Let a week pass."""
        self.tally = Counter(back=len(self.out))
        self._bring_back()
        self._make_good()
        self.requests = []
        self.everybody_lives()
        self._answer()
        self.out = [request for request in self.requests if request.fate == Fate.AGREED]
        row = self._counted()
        self.week += 1
        return row

    def _settled(self, graph: Csr, seed: int) -> list[Person]:
        numbers = np.arange(graph.members, dtype=np.int32)
        ranks = draws_of(stream(seed, Purpose.RANK), numbers)
        nature, manners = settle_in(graph.members, self.customs, seed, ranks)
        tempers = [TEMPERS[name] for name, _ in self.customs.tempers]
        columns = (numbers, ranks, manners.of, nature.wants, nature.owned)
        people = [
            self.person(Nature(number, rank, tempers[temper], wants, things))
            for number, rank, temper, wants, things in zip(
                *(column.tolist() for column in columns), strict=True
            )
        ]
        for person in people:
            person.friends.update(people[friend] for friend in graph.friends(person.number))
        return people

    # --- what was lent -------------------------------------------------------------------

    def _bring_back(self) -> None:
        for loan in sorted(self.out, key=attrgetter("ends")):
            borrower, holder, happens = loan.borrower, loan.holder, self.chance.happens
            is_lost = happens(Purpose.FAILS, borrower, borrower.temper.losses)
            is_bad = is_lost or happens(Purpose.HOLDER_WORD, borrower, holder.temper.slanders)
            # Whoever lost something has no reason to complain.
            is_blamed = not is_lost and happens(
                Purpose.BORROWER_WORD, borrower, borrower.temper.slanders
            )
            holder.lent_week = self.week - 1
            if is_lost:
                holder.owned -= 1
                self.tally["lost"] += 1
            else:
                holder.free += 1
            borrower.hear(holder, loan.ends, BAD if is_bad else GOOD, borrowed=True)
            holder.hear(borrower, loan.ends, BAD if is_blamed else GOOD, borrowed=False)
            self.tally["bad_words"] += is_bad + is_blamed
            if loan.hops == 1:
                if not is_bad:
                    holder.good[borrower] = holder.good.get(borrower, 0) + 1
                if not is_blamed:
                    borrower.good[holder] = borrower.good.get(holder, 0) + 1
            elif not is_bad:
                loan.release()
            if is_bad:
                mends = is_lost and happens(Purpose.MAKES_GOOD, borrower, borrower.temper.mends)
                if mends and self.customs.repairs:
                    self.to_make_good.setdefault(self.week + REPAIR_WEEKS, []).append(loan)
                self.burnt.setdefault(self.week + self.rules.burnt_weeks, []).append(loan)

    def _make_good(self) -> None:
        """What was lost is replaced, and its holder says so; burnt units come back in time."""
        for loan in self.to_make_good.pop(self.week, ()):
            loan.borrower.forgiven_by(loan.holder, loan.ends)
            loan.holder.owned += 1
            loan.holder.free += 1
            loan.release()
        for loan in self.burnt.pop(self.week, ()):
            loan.release()

    # --- what is asked for ---------------------------------------------------------------

    def _answer(self) -> None:
        """Requests go from member to member; each looks at those that are with them in turn."""
        waiting = self.requests
        for stage in range(self.rules.max_circles):
            asked: defaultdict[Person, list[Request]] = defaultdict(list)
            for request in waiting:
                asked[request.path[stage]].append(request)
            for person, requests in asked.items():
                for request in self.chance.in_turn(requests):
                    person.answer(request, stage)
            waiting = [request for request in waiting if request.fate == Fate.WITH_SOMEBODY]
        for request in self.requests:
            if request.fate != Fate.AGREED:
                request.release()

    # --- what happened -------------------------------------------------------------------

    def _counted(self) -> Week:
        fates = Counter(request.fate for request in self.requests)
        asked = Counter(min(request.hops, 3) for request in self.requests)
        agreed = Counter(min(loan.hops, 3) for loan in self.out)
        circles = Counter(person.circles for person in self.people)
        members, tally = len(self.people), self.tally
        return Week(
            week=self.week,
            wanted=tally["wanted"],
            shared_nothing=tally["shared_nothing"],
            found_nothing=tally["found_nothing"],
            asked_1=asked[1],
            asked_2=asked[2],
            asked_3=asked[3],
            agreed_1=agreed[1],
            agreed_2=agreed[2],
            agreed_3=agreed[3],
            no_unit=fates[Fate.NO_UNIT],
            thing_gone=fates[Fate.THING_GONE],
            circle_shut=fates[Fate.CIRCLE_SHUT],
            unreliable=fates[Fate.UNRELIABLE],
            unwilling=fates[Fate.UNWILLING],
            back=tally["back"],
            lost=tally["lost"],
            bad_words=tally["bad_words"],
            open_2=sum(circles[far] for far in (2, 3, 4)) / members,
            open_3=sum(circles[far] for far in (3, 4)) / members,
            engaged=self.engaged,
            moved_away=0,
            crowd_near=0,
            crowd_far=0,
        )
