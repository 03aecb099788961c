"""A society: people who behave as they do, each with a real engine, week after week.

Every week people want things, ask for what they see, pass on and lend as far as they trust,
bring back or lose, rate, and make good. What they do is their behaviour's
(``simulations.behaviours``); what comes of it is their nodes'. How far they lend is up to what
they expect of it (``simulations.expectation``); how much they want, and whether they stay, also to
the ``Year``.

Spec: §11, §12.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from node.engine.commands import (
    AnswerLoan,
    Command,
    GiveBack,
    HandOver,
    Rate,
    Recommend,
    Repaired,
    Report,
    SetProfile,
    SetThing,
)
from node.engine.core import Core
from node.engine.events import Effect, Woke
from node.engine.events import Event as EngineEvent
from node.engine.loan_book import book_of
from protocol.bodies import Event, Fault
from protocol.charter import Charter
from protocol.errors import Refused
from protocol.exchange import LoanState, Role, State, role_on
from protocol.keys import ObjectId
from simulations.behaviours import Behaviour, Home, Loan, Mix, Person, draw_need_per_week
from simulations.behaviours.decisions import decided
from simulations.customs import Customs, Out
from simulations.expectation import THRESHOLDS, expected
from simulations.graphs import Edge
from simulations.mixes import USUAL_MIX, families_of, people_of, with_families
from simulations.signing import InterningOpener, ModelKeys
from simulations.street import BORN_MS, DAY_MS, Row, Street
from simulations.tally import Tally
from simulations.town import Resident, TownPlan, build_town, newcomer, seed_for
from simulations.year import Year, say_goodbye

_NEVER_MS: Final = 10 * 365 * DAY_MS


class Society(Street):
    """People on a graph, and the weeks of their life.

    Args:
        mix: shares of behaviours.
        year: how wants vary, and how many move away.
    """

    last_refusal: str | None = None
    """Why a node last refused something."""

    def __init__(
        self,
        members: int,
        edges: list[Edge],
        charter: Charter,
        customs: Customs,
        seed: int,
        mix: Mix = USUAL_MIX,
        year: Year = Year(),  # noqa: B008 - frozen
    ) -> None:
        self.chance = random.Random(f"society {seed}")
        self.customs = customs
        self.year = year
        self.week = 0
        self.season = 1.0
        self.out: list[Out] = []
        self.to_repair: list[tuple[int, Out]] = []
        self.tally = Tally()
        self.off: dict[int, None] = {}
        """Homes that are off for good."""
        behaviours = people_of(mix, members, self.chance)
        groups = families_of(behaviours)
        edges = with_families(edges, groups)
        self._keys = ModelKeys(seed_for("society", seed))
        self._opener = InterningOpener(self._keys.verify)
        self._plan = TownPlan(members, edges, BORN_MS, charter=charter, records_per_second_max=None)
        residents = [_calm(r) for r in build_town(self._plan, self._keys, self._opener)]
        super().__init__(residents, edges)
        self.start()
        self.numbers = {resident.member: resident.number for resident in residents}
        self.people: list[Person] = []
        for number in range(members):
            self.people.append(self._person(number, behaviours[number]()))
        for group in groups:
            together = [self.people[number] for number in group]
            for person in together:
                person.family = together
        for person in self.people:
            decided(person, person.behaviour.begins)

    def _person(self, number: int, behaviour: Behaviour) -> Person:
        person = Person(
            number,
            behaviour,
            Home(self, number),
            random.Random(self.chance.random()),
            draw_need_per_week(self.chance),
            self.chance.uniform(*THRESHOLDS),
        )
        person.family = [person]
        person.week = self.week
        return person

    # --- a week ------------------------------------------------------------------------

    def live_a_week(self, need_factor: float = 1.0) -> None:
        """What people do in seven days; ``out`` holds what was handed over in them."""
        self.season = need_factor * self.year.factor(self.week)
        self._bring_back()
        self._make_good()
        self._move_away()
        self._think()
        for person in self._in_any_order():
            person.week, person.season = self.week, self.season
            decided(person, person.behaviour.lives_a_week)
        for person in self._in_any_order():
            for _ in range(decided(person, person.behaviour.wants)):
                self.want(person)
        self._answer()
        self._hand_over()
        for _ in range(7):
            self.pass_day()
        self.week += 1

    def pass_day(self) -> None:
        """Let a day pass; who has something to do at that time does it."""
        self.now_ms += DAY_MS
        for number, engine in enumerate(self.engines):
            if number in self.off:
                continue
            due_ms = engine.next_wakeup_ms()
            if due_ms is not None and due_ms <= self.now_ms:
                self.feed(number, Woke())

    def want(self, person: Person) -> bool:
        """Ask for something one can see, for the week to come; whether a request went out."""
        why: str | None = "nothing-seen"
        for listing in decided(person, person.behaviour.picks, person.home.seen()):
            loan = person.home.ask(listing)
            if loan is not None:
                self.tally.asked(person, loan)
                return True
            why = self.last_refusal
        self.tally.refused_by_own_node(person, why)
        return False

    def _bring_back(self) -> None:
        due = [out for out in self.out if out.due_week <= self.week]
        self.out = [out for out in self.out if out.due_week > self.week]
        for out in due:
            borrower, holder = self.people[out.borrower], self.people[out.holder]
            if not decided(borrower, borrower.behaviour.brings_back, out.loan):
                self._lose(out, holder, borrower)
                continue
            self.try_(out.borrower, GiveBack(out.loan.id))
            self._rate_both(out, went_well=True)
            for person in (holder, borrower):
                person.good.append(self.week)

    def _lose(self, out: Out, holder: Person, borrower: Person) -> None:
        self.try_(out.holder, Report(out.loan.id, Event.LOST))
        holder.bad[out.loan.id] = self.week
        holder.harmed_by[out.borrower] = None
        holder.things = [thing for thing in holder.things if thing != out.loan.thing]
        self.tally.lost(holder, borrower, self.week)
        customs = self.customs
        if customs.is_blind or self.chance.random() >= customs.fear:
            self._rate_both(out, went_well=False)
        if customs.repairs and decided(borrower, borrower.behaviour.makes_good, out.loan):
            self.to_repair.append((self.week + 3, out))

    def _make_good(self) -> None:
        """What was lost is replaced; its holder says so, and lists the new one."""
        due = [out for week, out in self.to_repair if week <= self.week]
        due = [out for out in due if out.holder not in self.off and out.borrower not in self.off]
        self.to_repair = [item for item in self.to_repair if item[0] > self.week]
        for out in due:
            holder = self.people[out.holder]
            self.try_(out.holder, Repaired(out.loan.id))
            holder.bad.pop(out.loan.id, None)
            self.tally.made_good(holder, self.people[out.borrower])
            holder.share()

    def _rate_both(self, out: Out, *, went_well: bool) -> None:
        """The holder speaks first; the borrower has lived what borrowers do, and it went well."""
        heard: int | None = None
        for number, was_well in ((out.holder, went_well), (out.borrower, True)):
            rater = self.people[number]
            said = decided(rater, rater.behaviour.rates, replace(out.loan, heard=heard), was_well)
            if said is None:
                continue
            confiance, respect = said
            fault = Fault.NONE if confiance else Fault.NOT_RETURNED
            self.try_(number, Rate(out.loan.id, confiance, respect, fault))
            # What is blind is shown when both have spoken.
            heard = None if self.customs.is_blind else confiance

    # --- trust -------------------------------------------------------------------------

    def trust(self, person: Person) -> float:
        """What somebody expects of lending, by what they lived and heard."""
        return expected(person, self.core(person.number), self.week)

    def _think(self) -> None:
        """Lend farther or less far, by what one expects."""
        for person in self.people:
            if person.number in self.off:
                continue
            person.trust = self.trust(person)
            level = decided(person, person.behaviour.reaches)
            if level != person.level:
                person.level = level
                for thing in person.things:
                    self.try_(person.number, SetThing(thing, circles=level))

    # --- between and lending -----------------------------------------------------------

    def _answer(self) -> None:
        """Go-betweens pass on, and holders say yes, to whom they trust with it."""
        for _ in range(3):
            for person in self._in_any_order():
                core = self.core(person.number)
                for loan in book_of(core).asked():
                    self._answer_one(person, core, loan)

    def _answer_one(self, person: Person, core: Core, loan: LoanState) -> None:
        if loan.at(core.now_ms) is not State.ASKED:
            return
        role, seen, what = role_on(loan.path, core.me), _loan(loan), loan.loan.hex()
        borrower = self.people[self.numbers[loan.borrower]]
        command: Command
        if role is Role.BETWEEN and core.me not in dict(loan.passed):
            if not decided(person, person.behaviour.passes_on, seen):
                self.tally.turned_down(borrower, what, "not-passed-on")
                return
            command = Recommend(what, yes=True)
        elif role is Role.HOLDER:
            word = decided(person, person.behaviour.lends, seen)
            if word == "wait":
                return
            if word == "no":
                why = "declined" if person.behaviour.is_honest else "decoy"
                self.tally.turned_down(borrower, what, why)
            command = AnswerLoan(what, word)
        else:
            return
        if self.try_(person.number, command) is None:
            self.tally.turned_down(borrower, what, self.last_refusal)

    def _hand_over(self) -> None:
        """Who agreed to lend something hands it over."""
        for person in self.people:
            core = self.core(person.number)
            for thing in list(person.things):
                for loan in book_of(core).promised(_object(thing)):
                    if loan.state is State.AGREED:
                        self._hand_over_one(person, loan)

    def _hand_over_one(self, person: Person, state: LoanState) -> None:
        loan = _loan(state)
        borrower = self.people[self.numbers[state.borrower]]
        if not decided(person, person.behaviour.hands_over, loan):
            self.tally.turned_down(borrower, loan.id, "decoy")
        elif self.try_(person.number, HandOver(loan.id)) is not None:
            borrower.got += 1
            self.tally.lent(person, borrower, loan.id, self.week)
            self.out.append(Out(loan, person.number, borrower.number, self.week + 1))

    # --- coming and going --------------------------------------------------------------

    def _move_away(self) -> None:
        """Some leave for good, at a time of the week when nothing is out."""
        chance = self.year.leaving_chance
        if chance == 0:
            return
        for person in self._in_any_order():
            if self.chance.random() < chance:
                number = person.number
                say_goodbye(self.core(number), person.things, partial(self.try_, number))
                person.things, person.is_gone = [], True
                self.off[number] = None

    def move_in(
        self, mover: Person, behaviour: Behaviour, asked: Sequence[Person]
    ) -> Person | None:
        """Somebody begins under a new name, when as many as the house asks for co-opt it."""
        asked = [one for one in asked if one.number not in self.off]
        willing = [
            one for one in asked if one is mover or decided(one, one.behaviour.sponsors, mover)
        ]
        seats = self._plan.charter.seats
        if len(willing) < seats:
            return None
        number = len(self.engines)
        resident = _calm(newcomer(self._plan, self._keys, self._opener, number))
        self.add_home(resident)
        self.numbers[resident.member] = number
        person = self._person(number, behaviour)
        self.people.append(person)
        mover.family.append(person)
        person.family = mover.family
        joined = [one for one in willing if self._lets_in(one, number)]
        if joined:
            self.run(number, SetProfile(resident.config.name, ("en",)))
            decided(person, behaviour.begins)
        person.is_gone = not joined
        return person if joined else None

    def _lets_in(self, sponsor: Person, number: int) -> bool:
        try:
            return self.join(number, sponsor.number)
        except Refused:
            return False

    def friends_of(self, number: int) -> list[Person]:
        friends = self.core(number).live_friends()
        return [self.people[self.numbers[friend]] for friend in friends]

    # --- the engines -------------------------------------------------------------------

    def try_(self, number: int, command: Command) -> Row | None:
        """The result, or None where the node refuses."""
        try:
            return self.run(number, command)
        except Refused as refusal:
            self.last_refusal = refusal.code
            return None

    def feed(self, number: int, event: EngineEvent, *, settle: bool = True) -> list[Effect]:
        effects = super().feed(number, event, settle=False)
        self.watch(number, effects)
        if settle:
            self.settle()
        return effects

    def watch(self, number: int, effects: Sequence[Effect]) -> None:
        """Told of all that an engine asks for; for oracles."""

    def _in_any_order(self) -> list[Person]:
        people = [person for person in self.people if not person.is_gone]
        self.chance.shuffle(people)
        return people


def become(person: Person, behaviour: Behaviour) -> None:
    """Somebody changes."""
    person.behaviour = behaviour


def _loan(state: LoanState) -> Loan:
    return Loan(
        state.loan.hex(), state.terms.thing.hex(), state.holder, state.borrower, len(state.path) - 1
    )


def _calm(resident: Resident) -> Resident:
    # Nothing is lost on these links: the daily comparison would find nothing.
    return replace(resident, config=replace(resident.config, compare_every_ms=_NEVER_MS))


def _object(text: str) -> ObjectId:
    return ObjectId(bytes.fromhex(text))
