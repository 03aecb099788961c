"""A society: people with tempers, each with a real engine, week after week.

Every week people want things, ask for what they see, pass on and lend as far as they trust,
bring back or lose, rate, and make good. What they are told comes from their own node: what it
lets them see and ask for, the borrower's account, the ratings it holds. What they think of it
is a model of people, and the only one here:

    trust = (4.5 + g + s G) / (5 + g + s G + 3 (b + s B))

with g and b the good and bad exchanges of their own in half a year, G and B the ratings of
others that their node got in eight weeks, and s the weight of hearsay. Each has a threshold:
below it they lend to friends only, and far below it to nobody, until it is better again
(thresholds as in Granovetter 1978).

Spec: §11, §12.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from node.engine.asking import judge
from node.engine.commands import (
    AddThing,
    AnswerLoan,
    Ask,
    Command,
    GiveBack,
    HandOver,
    Rate,
    Recommend,
    Repaired,
    Report,
    SetThing,
)
from node.engine.core import Core
from node.engine.events import Woke
from node.engine.loan_book import book_of
from node.trust.ledger import Account
from protocol.bodies import Event, Fault, Kind, RatingBody, register_object
from protocol.charter import Charter
from protocol.errors import Refused
from protocol.exchange import LoanState, Role, State, role_on
from protocol.keys import MemberId
from protocol.records import Record
from simulations.graphs import Edge
from simulations.signing import InterningOpener, RealKeys
from simulations.street import BORN_MS, DAY, DAY_MS, Row, Street
from simulations.tempers import TEMPERS, Temper, draw_need_per_week, draw_temper, poisson
from simulations.town import TownPlan, build_town

WEEK_MS: Final = 7 * DAY_MS
HEARSAY: Final = 0.25
OWN_WEEKS: Final = 26
HEARD_WEEKS: Final = 8
THRESHOLDS: Final = (0.5, 0.85)
ONE_LEVEL: Final = 0.15
"""How far below the threshold people lend to nobody any more."""
LENDS_FROM: Final = 0.6
"""Reliability by the account (design 8.2) below which nobody but a friend is lent anything."""


@dataclass(frozen=True, slots=True)
class Customs:
    """What the house asks of people beside its charter.

    Args:
        repairs: whoever lost something is asked to make it good, and some do.
        is_blind: ratings are shown when both have rated; else at once, and people who
            fear the answer say nothing.
        fear: chance that somebody says nothing bad where it is seen at once.
    """

    repairs: bool = True
    is_blind: bool = True
    fear: float = 0.5


@dataclass(slots=True)
class Person:
    """Somebody, and what their node does not know of them."""

    number: int
    temper: Temper
    need_per_week: float
    threshold: float
    things: list[str] = field(default_factory=list)
    level: int = 2
    """How far their things go: 2 circles, friends only, nobody."""
    good: list[int] = field(default_factory=list)
    bad: dict[str, int] = field(default_factory=dict)
    """Weeks of their own good exchanges, and of the bad ones by loan."""


@dataclass(slots=True)
class Out:
    """A loan that has been handed over."""

    loan: str
    thing: str
    holder: int
    borrower: int
    due_week: int


class Society(Street):
    """People on a graph, and the weeks of their life."""

    def __init__(
        self, members: int, edges: list[Edge], charter: Charter, customs: Customs, seed: int
    ) -> None:
        self.chance = random.Random(f"society {seed}")
        self.customs = customs
        self.week = 0
        self.out: list[Out] = []
        self.to_repair: list[tuple[int, Out]] = []
        keys = RealKeys()
        plan = TownPlan(members, edges, BORN_MS, charter=charter, records_per_second_max=None)
        # Nothing is lost on these links: the daily comparison would find nothing.
        residents = [
            replace(r, config=replace(r.config, compare_every_ms=10 * 365 * DAY_MS))
            for r in build_town(plan, keys, InterningOpener(keys.verify))
        ]
        super().__init__(residents, edges)
        self.start()
        self.numbers = {resident.member: resident.number for resident in residents}
        self.people = [
            Person(
                number,
                draw_temper(self.chance),
                draw_need_per_week(self.chance),
                self.chance.uniform(*THRESHOLDS),
            )
            for number in range(members)
        ]
        for person in self.people:
            if person.temper.shares:
                for _ in range(self.chance.randint(1, 3)):
                    self._list_thing(person)

    # --- a week ------------------------------------------------------------------------

    def live_a_week(self, need_factor: float = 1.0) -> None:
        """What people do in seven days; ``out`` holds what was handed over in them."""
        self._bring_back()
        self._make_good()
        self._think()
        for person in self._in_any_order():
            for _ in range(poisson(self.chance, person.need_per_week * need_factor)):
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
            due_ms = engine.next_wakeup_ms()
            if due_ms is not None and due_ms <= self.now_ms:
                self.feed(number, Woke())

    def want(self, person: Person) -> bool:
        """Ask for something one can see, for the week to come; whether a request went out."""
        core = self.core(person.number)
        seen = [r for r in core.visible_listings() if r.author != core.me and _is_open(r)]
        self.chance.shuffle(seen)
        today = self.now_ms // DAY_MS
        for listing in seen[:5]:
            start = (today + 1) * DAY
            if self.try_(person.number, Ask(listing.object.hex(), start, start + 6 * DAY)):
                return True
        return False

    def _bring_back(self) -> None:
        due = [out for out in self.out if out.due_week <= self.week]
        self.out = [out for out in self.out if out.due_week > self.week]
        for out in due:
            borrower, holder = self.people[out.borrower], self.people[out.holder]
            if self.chance.random() < borrower.temper.fails:
                self._lose(out, holder, borrower)
                continue
            self.try_(out.borrower, GiveBack(out.loan))
            is_slander = self.chance.random() < holder.temper.slanders
            self._rate(out, holder, good=not is_slander)
            self._rate(out, borrower, good=self.chance.random() >= borrower.temper.slanders)
            for person in (holder, borrower):
                person.good.append(self.week)

    def _lose(self, out: Out, holder: Person, borrower: Person) -> None:
        self.try_(out.holder, Report(out.loan, Event.LOST))
        holder.bad[out.loan] = self.week
        holder.things = [thing for thing in holder.things if thing != out.thing]
        customs = self.customs
        says_so = customs.is_blind or self.chance.random() >= customs.fear
        if says_so:
            self._rate(out, holder, good=False)
            is_angry = borrower.temper.retaliates and not customs.is_blind
            self._rate(out, borrower, good=not is_angry)
        if customs.repairs and self.chance.random() < borrower.temper.makes_good:
            self.to_repair.append((self.week + 3, out))

    def _make_good(self) -> None:
        """What was lost is replaced; its holder says so, and lists the new one."""
        due = [out for week, out in self.to_repair if week <= self.week]
        self.to_repair = [item for item in self.to_repair if item[0] > self.week]
        for out in due:
            holder = self.people[out.holder]
            self.try_(out.holder, Repaired(out.loan))
            holder.bad.pop(out.loan, None)
            self._list_thing(holder)

    def _rate(self, out: Out, rater: Person, *, good: bool) -> None:
        respect = self.chance.randint(6, 10) if good else self.chance.randint(0, 4)
        self.try_(
            rater.number, Rate(out.loan, int(good), respect, Fault.NONE if good else Fault.LATE)
        )

    # --- trust -------------------------------------------------------------------------

    def trust(self, person: Person) -> float:
        """What somebody expects of lending, by what they lived and heard."""
        own_good = sum(1 for week in person.good if week > self.week - OWN_WEEKS)
        own_bad = sum(1 for week in person.bad.values() if week > self.week - OWN_WEEKS)
        good, bad = own_good + 0.0, own_bad + 0.0
        for is_good in self._heard(person):
            good += HEARSAY * is_good
            bad += HEARSAY * (not is_good)
        return (4.5 + good) / (5 + good + 3 * bad)

    def _heard(self, person: Person) -> Iterator[bool]:
        """The ratings of others that their node got lately; what was made good counts as good."""
        core = self.core(person.number)
        since_ms = self.now_ms - HEARD_WEEKS * WEEK_MS
        for record in core.of_kind(Kind.RATING):
            body = record.body
            if record.created_ms < since_ms or not isinstance(body, RatingBody):
                continue
            if core.me in (record.author, body.subject(record.author)):
                continue
            repair = core.current(record.author, register_object(Kind.REPAIR, body.terms.loan))
            yield body.confiance == 1 or repair is not None

    def _think(self) -> None:
        """Lend farther or less far, by what one expects."""
        for person in self.people:
            trust = self.trust(person)
            level = 2 if trust >= person.threshold else 1
            if trust < person.threshold - ONE_LEVEL:
                level = 0
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
                for loan in book_of(core).states():
                    self._answer_one(person, core, loan)

    def _answer_one(self, person: Person, core: Core, loan: LoanState) -> None:
        if loan.at(core.now_ms) is not State.ASKED:
            return
        role = role_on(loan.path, core.me)
        if role is Role.BETWEEN and core.me not in dict(loan.passed):
            if self._trusts(person, core, loan.borrower):
                self.try_(person.number, Recommend(loan.loan.hex(), yes=True))
        elif role is Role.HOLDER:
            word = "yes" if self._trusts(person, core, loan.borrower) else "no"
            self.try_(person.number, AnswerLoan(loan.loan.hex(), word))

    def _trusts(self, person: Person, core: Core, borrower: MemberId) -> bool:
        """Whether one would lend to somebody, by the account that one's node shows."""
        known: Account = judge(core, borrower).account
        bad = known.bad + known.without_answer
        reliability = (4.5 + known.good) / (5 + known.good + 3 * bad)
        return reliability >= LENDS_FROM

    def _hand_over(self) -> None:
        """Who agreed to lend something hands it over."""
        for person in self.people:
            core = self.core(person.number)
            for loan in book_of(core).states():
                is_mine = loan.state is State.AGREED and loan.holder == core.me
                name, thing = loan.loan.hex(), loan.terms.thing.hex()
                if is_mine and self.try_(person.number, HandOver(name)):
                    borrower = self.numbers[loan.borrower]
                    self.out.append(Out(name, thing, person.number, borrower, self.week + 1))

    # --- the engines -------------------------------------------------------------------

    def _list_thing(self, person: Person) -> None:
        row = self.run(person.number, AddThing("a thing", circles=person.level))
        person.things.append(str(row["thing"]))

    def try_(self, number: int, command: Command) -> Row | None:
        """The result, or None where the node refuses."""
        try:
            return self.run(number, command)
        except Refused:
            return None

    def _in_any_order(self) -> list[Person]:
        people = list(self.people)
        self.chance.shuffle(people)
        return people


def become(person: Person, name: str) -> None:
    """Somebody changes."""
    person.temper = TEMPERS[name]


def _is_open(listing: Record) -> bool:
    return listing.kind is Kind.LISTING
