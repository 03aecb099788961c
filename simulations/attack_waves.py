"""The waves of an attack: what the crowd does, what the honest do, and what is counted.

See ``simulations.attack``. Spec: §12.7; design 8.5.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Final

from tqdm import tqdm

from node.engine.calendar import MINUTES_PER_DAY
from node.engine.commands import (
    AnswerLoan,
    Ask,
    Command,
    GiveBack,
    HandOver,
    Rate,
    Recommend,
)
from node.engine.core import Core
from node.engine.events import Json
from node.engine.loan_book import book_of
from protocol.bodies import Kind
from protocol.charter import Charter
from protocol.errors import Refused
from protocol.exchange import LoanState, Role, State, role_on
from protocol.keys import MemberId
from simulations.bounds_oracles import units_given, units_placed
from simulations.graphs import Edge, adjacency, hops_from
from simulations.hushed import hushed
from simulations.listed_town import ListedTown
from simulations.memory_of_towns import ASKS_PER_WAVE_MAX, WAVES_MAX
from simulations.shapes import Crowd, CrowdPlan, Place, Shape

_DAY_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Attack:
    """One cell of the table.

    Args:
        sybils: invented people.
        attack_edges: friendships between one of them and an honest member; 0 with sponsors.
        counts_units: whether honest nodes count units (False: ``capacity_max`` 0).
        shape, at: see ``shapes.CrowdPlan``.
    """

    sybils: int
    attack_edges: int
    circles: int = 2
    seed: int = 1
    counts_units: bool = True
    shape: Shape = "parallel"
    at: Place = "random"

    @property
    def crowd(self) -> CrowdPlan:
        return CrowdPlan(self.sybils, self.attack_edges, self.shape, self.at)


@dataclass(frozen=True, slots=True)
class Damage:
    """What came of it."""

    sybils: int
    shape: Shape
    at: Place
    attack_edges: int
    circles: int
    seed: int
    counts_units: bool
    honest: int
    capacity: int
    """C: what honest members give over the attack edges."""
    engaged: int
    """Open loans from beyond circle 1 that Sybils hold."""
    engaged_share: float
    """engaged / C."""
    lenders: int
    exposure_max: int
    """Open loans beyond circle 1 of the lender who has most."""
    lenders_beyond_bound: int
    """Lenders with more of them than the capacities they give their own friends."""
    asked: int
    waves: int
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether both bounds of spec §12.7 hold."""
        return self.engaged <= self.capacity and self.lenders_beyond_bound == 0


class Waves:
    """One town, its attackers, and the waves of their asking.

    Args:
        members: of the graph; some of them may have turned.
    """

    def __init__(
        self,
        members: int,
        edges: list[Edge],
        attack: Attack,
        crowd: Crowd,
        *,
        shows_progress: bool,
    ) -> None:
        self.attack = attack
        self.crowd = crowd
        self.edges = edges
        self.attackers = {number: place for place, number in enumerate(crowd.attackers)}
        """In the order of their minutes."""
        self.members = members + attack.sybils
        self.honest = [number for number in range(members) if number not in self.attackers]
        charter = Charter(
            max_circles=attack.circles,
            circle_2_exchanges=1,
            circle_3_exchanges=1,
            # Judgement is fooled altogether: what is tried here is what is left then.
            circle_3_sides=1,
            far_exchanges_max=100,
            newcomer_ms=0,
            open_loans_beyond_max=0,
            open_requests_max=100,
            capacity_max=Charter().capacity_max if attack.counts_units else 0,
        )
        self.town = ListedTown(
            self.members,
            [*edges, *crowd.new_edges],
            attack.circles,
            attack.seed,
            charter,
            seats=True,
            sponsors=dict.fromkeys(crowd.sybils, crowd.turned) if crowd.turned else None,
            shows_progress=shows_progress,
        )
        self.asked = 0
        self.hidden = not shows_progress

    def run(self) -> Damage:
        hosts = self.town.world.hosts
        with hushed({hosts[number].member: None for number in self.attackers}):
            return self._run()

    def _run(self) -> Damage:
        started = time.perf_counter()
        town = self.town
        town.link()
        town.spread([*self._near_the_crowd(), *self.attackers])
        self._rate_each_other()
        held, waves = -1, 0
        bar = tqdm(total=WAVES_MAX, desc="waves", leave=False, disable=self.hidden, file=sys.stderr)
        with bar:
            while waves < WAVES_MAX and (now := len(self._held())) > held:
                held, waves = now, waves + 1
                self._ask_for_everything(waves)
                self._answer_everything()
                bar.update()
        return self._damage(waves, time.perf_counter() - started)

    def _near_the_crowd(self) -> list[int]:
        """The honest whose things can get as far as a Sybil."""
        neighbours = adjacency(self.members, self.edges)
        near: dict[int, None] = {}
        for victim, _ in self.crowd.attack_edges:
            near |= dict.fromkeys(hops_from(neighbours, victim, self.attack.circles - 1))
        return sorted(number for number in near if number not in self.attackers)

    # --- what the crowd does ---------------------------------------------------------------

    def _rate_each_other(self) -> None:
        """Every attacker borrows from a neighbour in the family, and all went wonderfully."""
        pairs = []
        for number in self.attackers:
            core = self._core(number)
            things = [
                record
                for record in core.visible_listings()
                if self._number(record.author) in self.attackers
                and core.is_live_friend(record.author)
            ]
            if things:
                lender = self._number(things[0].author)
                asked = self._command(number, Ask(things[0].object.hex(), *self._dates(number, 0)))
                if isinstance(asked, dict):
                    pairs.append((number, lender, str(asked["loan"])))
        self._settle("family")
        for _, lender, loan in pairs:
            self._command(lender, AnswerLoan(loan, "yes"))
            self._command(lender, HandOver(loan))
        self._settle("family")
        for borrower, _, loan in pairs:
            self._command(borrower, GiveBack(loan))
        self._settle("family")
        for borrower, lender, loan in pairs:
            self._command(borrower, Rate(loan, 1, 10))
            self._command(lender, Rate(loan, 1, 10))
        self._settle("family")

    def _ask_for_everything(self, wave: int) -> None:
        for number in self.attackers:
            core = self._core(number)
            listings = core.visible_listings()
            things = [r for r in listings if self._number(r.author) not in self.attackers]
            for thing in things[:ASKS_PER_WAVE_MAX]:
                command = Ask(thing.object.hex(), *self._dates(number, wave))
                self.asked += isinstance(self._command(number, command), dict)
        self._settle("asking")

    def _dates(self, number: int, wave: int) -> tuple[int, int]:
        """Minutes of their own, so that nothing is refused for being taken."""
        today = self.town.world.queue.now_ms // _DAY_MS + 2
        each = len(self.attackers) + 1
        start = today * MINUTES_PER_DAY + wave * each + self.attackers[number]
        return start, start + 1

    # --- what the honest do ----------------------------------------------------------------

    def _answer_everything(self) -> None:
        """Go-betweens pass on and recommend, holders agree and hand over, as far as they can."""
        for _ in range(self.attack.circles + 1):
            for number in range(self.members):
                self._answer_at(number)
            self._settle("answers")

    def _answer_at(self, number: int) -> None:
        core = self._core(number)
        for loan in book_of(core).states():
            role, state = role_on(loan.path, core.me), loan.at(core.now_ms)
            if role is Role.BETWEEN and state is State.ASKED and core.me not in dict(loan.passed):
                self._command(number, Recommend(loan.loan.hex(), yes=True))
            elif role is Role.HOLDER and state is State.ASKED:
                answer = self._command(number, AnswerLoan(loan.loan.hex(), "yes"))
                if isinstance(answer, dict):
                    self._command(number, HandOver(loan.loan.hex()))

    # --- what is counted -------------------------------------------------------------------

    def _held(self) -> list[LoanState]:
        """Open loans of attackers from the honest beyond circle 1, by the holders' books."""
        return [
            loan
            for number in self.honest
            for loan in book_of(self._core(number)).states()
            if loan.state in (State.AGREED, State.HANDED_OVER)
            and len(loan.path) > 2
            and self._number(loan.holder) == number
            and self._number(loan.borrower) in self.attackers
        ]

    def _damage(self, waves: int, seconds: float) -> Damage:
        held = self._held()
        bound = sum(
            units_given(self._core(victim), self.town.world.hosts[attacker].member)
            for victim, attacker in self.crowd.attack_edges
        )
        exposure: dict[int, int] = {}
        for loan in held:
            lender = self._number(loan.holder)
            exposure[lender] = exposure.get(lender, 0) + 1
        beyond = sum(
            1 for lender, open_ in exposure.items() if open_ > units_placed(self._core(lender))
        )
        return Damage(
            sybils=self.attack.sybils,
            shape=self.attack.shape,
            at=self.attack.at,
            attack_edges=len(self.crowd.attack_edges),
            circles=self.attack.circles,
            seed=self.attack.seed,
            counts_units=self.attack.counts_units,
            honest=len(self.honest),
            capacity=bound,
            engaged=len(held),
            engaged_share=round(len(held) / bound, 4),
            lenders=len(exposure),
            exposure_max=max(exposure.values(), default=0),
            lenders_beyond_bound=beyond,
            asked=self.asked,
            waves=waves,
            seconds=round(seconds, 1),
        )

    # --- the world -------------------------------------------------------------------------

    def _core(self, number: int) -> Core:
        engine = self.town.world.hosts[number].engine
        assert engine is not None, "nobody crashes here"
        engine.core.now_ms = max(engine.core.now_ms, self.town.world.queue.now_ms)
        return engine.core

    def _number(self, member: MemberId) -> int:
        return self.town.world.number_of[member]

    def _command(self, number: int, command: Command) -> Json | Refused:
        request = self.town.world.command(number, command)
        return self.town.world.hosts[number].answers.pop(request)

    def _settle(self, what: str) -> None:
        opened = self.town.opener.opened_by_kind
        self.town.settle(what, None, lambda: opened[Kind.REQUEST] + opened[Kind.AGREEMENT])
