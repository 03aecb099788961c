"""The twin: the same weeks as ``weeks.Weeks``, played by real engines.

Everybody has an engine, keys and a store. The twin draws by the same hashes what people want
and how it goes, and leaves everything else to the engines: what can be seen, who may ask, over
whom a request goes, whether it may be passed on or agreed to, what counts. Where an engine
refuses, its code is the fate of the request. So where the two differ, the model is wrong.

Spec: §11, §12.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from node.engine import asking, capacity
from node.engine.commands import (
    AddThing,
    AnswerLoan,
    Ask,
    CancelLoan,
    Command,
    GiveBack,
    HandOver,
    Rate,
    Recommend,
    Repaired,
    Report,
    WithdrawThing,
)
from node.engine.core import Core
from node.engine.events import Woke
from node.engine.loan_book import book_of
from protocol.bodies import Event, Fault, ListingBody
from protocol.charter import Charter
from protocol.errors import Refused
from protocol.records import Record
from simulations.population.answering import Fate
from simulations.population.compiled import Hashes
from simulations.population.csr import Csr
from simulations.population.draws import Purpose, draw, stream, uniform
from simulations.population.weeks import REPAIR_WEEKS, Weeks
from simulations.population.words import BAD, GOOD, REPAIRED
from simulations.signing import InterningOpener, RealKeys
from simulations.street import BORN_MS, DAY, DAY_MS, Street
from simulations.town import TownPlan, build_town
from simulations.year import say_goodbye

_FATES: Final = {
    "capacity-engaged": Fate.NO_UNIT,
    "borrower-circle-closed": Fate.CIRCLE_SHUT,
    "borrower-side-missing": Fate.CIRCLE_SHUT,
    "borrower-circle-shut": Fate.CIRCLE_SHUT,
    "borrower-unreliable": Fate.UNRELIABLE,
    "borrower-shares-nothing": Fate.SHARES_NOTHING,
    "dates-taken": Fate.THING_GONE,
}
_RESPECT: Final = 7
_COMPARED_EVERY_MS: Final = 10 * 365 * DAY_MS


@dataclass(slots=True)
class Loan:
    """A request and what becomes of it; members by number."""

    name: str
    borrower: int
    path: tuple[int, ...]
    """After the borrower, the holder last."""
    week: int
    priority: int
    fate: Fate = Fate.WITH_SOMEBODY

    @property
    def holder(self) -> int:
        return self.path[-1]


class Twin(Street):
    """Engines that live the weeks of a model.

    First ``ranks`` gives the order of ids for a model, then ``settle_in`` takes it.
    """

    model: Weeks

    def __init__(self, graph: Csr, charter: Charter) -> None:
        keys, edges = RealKeys(), graph.edges()
        plan = TownPlan(graph.members, edges, BORN_MS, charter=charter, records_per_second_max=None)
        residents = [
            # Nothing is lost on these links: the daily comparison would find nothing.
            replace(r, config=replace(r.config, compare_every_ms=_COMPARED_EVERY_MS))
            for r in build_town(plan, keys, InterningOpener(keys.verify))
        ]
        super().__init__(residents, edges)
        self.start()
        self.numbers = {resident.member: resident.number for resident in residents}
        self.week = 0
        self.out: list[Loan] = []
        self.broken: list[tuple[int, Loan]] = []
        self.last: list[Loan] = []
        self.opened: list[int] = []
        self.things: dict[int, list[str]] = {}
        self.gone: dict[int, None] = {}

    def ranks(self) -> Hashes:
        """The order of the members' ids, for the model."""
        order = sorted(range(len(self.residents)), key=self.id)
        ranks = np.empty(len(order), np.uint64)
        ranks[order] = np.arange(len(order))
        return ranks

    def settle_in(self, model: Weeks) -> None:
        """List everybody's thing; paths are looked for when all friendships are known.

        Args:
            model: at its first week, and not moved on here. Everybody is willing and owns one
                thing at most: it does not say which of several is asked for.
        """
        assert model.customs.willing == 1.0, "only willing people are played"
        assert model.people.owned.max() <= 1, "the model does not say which of several things"
        self.model = model
        for number in range(len(self.residents)):
            # Attackers list things that are never at home: here none, in the time of grace.
            if model.people.free[number]:
                self._list_thing(number)
        for number in range(len(self.residents)):
            self.restart(number)

    def praise(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Let a crowd pretend, in a week before the first, that friends lent to each other."""
        loans = []
        for pair in pairs:
            for holder, borrower in (pair, pair[::-1]):
                row = self.run(holder, AddThing("a decoy", circles=1))
                ends = self._first() + 6 * DAY + int(borrower > holder)
                asked = self.run(borrower, Ask(str(row["thing"]), self._first(), ends))
                loan = Loan(str(asked["loan"]), borrower, (holder,), -1, 0)
                self.run(holder, AnswerLoan(loan.name, "yes"))
                self.run(holder, HandOver(loan.name))
                loans.append((loan, str(row["thing"])))
        self.pass_week()
        self.week = 0
        for loan, thing in loans:
            self.run(loan.borrower, GiveBack(loan.name))
            self._rate(loan.holder, loan, good=True)
            self._rate(loan.borrower, loan, good=True)
            self.run(loan.holder, WithdrawThing(thing))

    # --- a week ------------------------------------------------------------------------

    def live(self) -> None:
        """What people do at the beginning of a week."""
        self._bring_back()
        self._make_good()
        self._move_away()
        self.opened = [
            asking.judge(self.core(n), self.id(n)).circles_open for n in range(len(self.engines))
        ]
        self.last = [loan for n in range(len(self.engines)) if (loan := self._want(n))]
        for stage in range(4):
            waiting = [
                loan
                for loan in self.last
                if loan.fate is Fate.WITH_SOMEBODY and len(loan.path) > stage
            ]
            for loan in sorted(waiting, key=lambda loan: (loan.path[stage], loan.priority)):
                self._answer(loan, stage)
        for loan in self.last:
            if loan.fate is Fate.AGREED:
                self.run(loan.holder, HandOver(loan.name))
                self.out.append(loan)
            else:
                self._why_not(loan.borrower, CancelLoan(loan.name))

    def pass_week(self) -> None:
        """Seven days until the next one."""
        for _ in range(7):
            self._pass_day()
        self.week += 1

    def _pass_day(self) -> None:
        self.now_ms += DAY_MS
        for number, engine in enumerate(self.engines):
            if number in self.gone:
                continue
            due_ms = engine.next_wakeup_ms()
            if due_ms is not None and due_ms <= self.now_ms:
                self.feed(number, Woke())

    def _bring_back(self) -> None:
        back, self.out = self.out, []
        for loan in back:
            manners, model = self.model.manners, self.model
            of, by = manners.of[loan.borrower], manners.of[loan.holder]
            is_lost = self._happens(Purpose.FAILS, loan.borrower, manners.fails[of])
            slanders = self._happens(Purpose.HOLDER_WORD, loan.borrower, manners.slanders[by])
            complains = self._happens(Purpose.BORROWER_WORD, loan.borrower, manners.slanders[of])
            repairs = self._happens(Purpose.MAKES_GOOD, loan.borrower, manners.makes_good[of])
            if is_lost:
                self.run(loan.holder, Report(loan.name, Event.LOST))
                if repairs and model.customs.repairs:
                    self.broken.append((self.week + REPAIR_WEEKS, loan))
            else:
                self.run(loan.borrower, GiveBack(loan.name))
            good = not (is_lost or slanders)
            self._rate(loan.holder, loan, good=good)
            good = is_lost or not complains
            self._rate(loan.borrower, loan, good=good)

    def _rate(self, rater: int, loan: Loan, *, good: bool) -> None:
        fault = Fault.NONE if good else Fault.OTHER
        self.run(rater, Rate(loan.name, int(good), _RESPECT, fault=fault))

    def _make_good(self) -> None:
        due = [loan for week, loan in self.broken if week == self.week]
        self.broken = [item for item in self.broken if item[0] > self.week]
        for loan in due:
            if loan.holder in self.gone or loan.borrower in self.gone:
                continue
            self.run(loan.holder, Repaired(loan.name))
            self._list_thing(loan.holder)

    def _move_away(self) -> None:
        for number in np.flatnonzero(self.model.leaving()).tolist():
            say_goodbye(
                self.core(number), self.things.get(number, ()), partial(self._why_not, number)
            )
            self.gone[number] = None

    def _want(self, number: int) -> Loan | None:
        if number in self.gone:
            return None
        if not self._happens(Purpose.WANTS, number, self.model.wants()[number]):
            return None
        core, first = self.core(number), self._first()
        own = np.uint64(draw(self._stream(Purpose.CHOICE), number))
        offers = [
            (int(draw(own, self.numbers[listing.author])), listing)
            for listing in core.visible_listings()
            if _is_free(listing, first) and self._may_ask(core, listing)
        ]
        if not offers:
            return None
        on_word = self.model.customs.on_word
        _, listing = min(offers, key=lambda offer: offer[0])
        holder = self.numbers[listing.author]
        last = first + 6 * DAY + int(number > holder)
        row = self.run(number, Ask(listing.object.hex(), first, last, on_word=on_word))
        name = str(row["loan"])
        [state] = [loan for loan in book_of(core).states() if loan.loan.hex() == name]
        path = tuple(self.numbers[member] for member in state.path[1:])
        priority = int(draw(self._stream(Purpose.PRIORITY), number))
        return Loan(name, number, path, self.week, priority)

    def _first(self) -> int:
        """The minute from which things are asked for now: tomorrow's first."""
        return (self.now_ms // DAY_MS + 1) * DAY

    def _may_ask(self, core: Core, listing: Record) -> bool:
        on_word = self.model.customs.on_word
        return asking.why_cannot_ask(core, listing, on_word=on_word) is None

    def _answer(self, loan: Loan, stage: int) -> None:
        node, is_holder = loan.path[stage], stage == len(loan.path) - 1
        command: Command = Recommend(loan.name, yes=True)
        if is_holder:
            command = AnswerLoan(loan.name, "yes")
        refused = self._why_not(node, command)
        if refused is not None:
            loan.fate = _FATES[refused.code]
        elif is_holder:
            loan.fate = Fate.AGREED

    # --- what is to be compared --------------------------------------------------------

    def words(self, number: int) -> list[tuple[int, int]]:
        """What others said of somebody, as their own node holds it: who, and what."""
        said = book_of(self.core(number)).evidence().about(self.id(number))
        values = [
            REPAIRED if word.is_repaired else (GOOD, BAD)[word.confiance == 0] for word in said
        ]
        return sorted(zip((self.numbers[word.rater] for word in said), values, strict=True))

    def units(self, giver: int, friend: int) -> tuple[int, int]:
        """The capacity that one gives a friend, and how much of it is engaged."""
        core, member = self.core(giver), self.id(friend)
        return capacity.capacity(core, member), capacity.engaged(core, member)

    def holders_seen(self, number: int) -> int:
        """People whose things somebody sees."""
        return len(dict.fromkeys(r.author for r in self.core(number).visible_listings()))

    # --- the engines -------------------------------------------------------------------

    def _why_not(self, number: int, command: Command) -> Refused | None:
        """Carry out a command; gives why the node refuses, if it does."""
        try:
            self.run(number, command)
        except Refused as refused:
            return refused
        return None

    def _list_thing(self, number: int) -> None:
        row = self.run(number, AddThing("a thing", circles=self.model.customs.things_circles))
        self.things.setdefault(number, []).append(str(row["thing"]))

    def _stream(self, purpose: Purpose) -> np.uint64:
        return stream(self.model.seed, purpose, self.week)

    def _happens(self, purpose: Purpose, number: int, chance: float) -> bool:
        return bool(uniform(np.uint64(draw(self._stream(purpose), number))) < chance)


def _is_free(listing: Record, first: int) -> bool:
    body = listing.body
    assert isinstance(body, ListingBody), "only listings are visible"
    return all(until <= first for _, until in body.busy)
