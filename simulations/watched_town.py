"""A society under oracles: at every step of every engine, and what came of it all.

Spec: §12.6, §12.7; design 8.5, 13 (I7, I9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from node.engine.events import Effect, Persist, Space
from protocol.bodies import RatingBody
from protocol.charter import Charter
from protocol.keys import MemberId, ObjectId
from protocol.records import Record
from simulations.behaviours import Mix
from simulations.bounds_oracles import BoundsOracle
from simulations.customs import Customs
from simulations.disk import Shelf
from simulations.exchange_oracles import ExchangeOracles
from simulations.graphs import Edge
from simulations.mixes import HARD_MIX
from simulations.society import Society
from simulations.year import Year


@dataclass(slots=True)
class _Host:
    """One member's disk, as oracles read it."""

    number: int
    member: MemberId
    shelf: Shelf
    town: Society

    @property
    def now_ms(self) -> int:
        return self.town.now_ms


class WatchedTown(Society):
    """A town whose oracles speak up.

    Args:
        violations: what must not happen, and did.
    """

    def __init__(
        self,
        members: int,
        edges: list[Edge],
        charter: Charter,
        seed: int,
        mix: Mix = HARD_MIX,
        customs: Customs = Customs(),  # noqa: B008 - frozen
        year: Year = Year(),  # noqa: B008 - frozen
    ) -> None:
        self.violations: list[str] = []
        self._hosts: dict[int, _Host] = {}
        self._exchanges: ExchangeOracles | None = None
        self._bounds: BoundsOracle | None = None
        self._charter = charter
        super().__init__(members, edges, charter, customs, seed, mix, year)

    @property
    def bounds(self) -> BoundsOracle:
        if self._bounds is None:
            self._bounds = BoundsOracle(self, self._keys.verify, self.report)
        return self._bounds

    @property
    def exchanges(self) -> ExchangeOracles:
        if self._exchanges is None:
            self._exchanges = ExchangeOracles(self._keys.verify, self._charter, self.report)
        return self._exchanges

    def report(self, oracle: str, sentence: str) -> None:
        self.violations.append(f"{oracle}, week {self.week}: {sentence}")

    def family_of(self, number: int) -> Sequence[int]:
        if number >= len(self.people):
            return [number]
        return [person.number for person in self.people[number].family]

    def watch(self, number: int, effects: Sequence[Effect]) -> None:
        changes = [effect for effect in effects if isinstance(effect, Persist)]
        if not changes:
            return
        host = self._hosts.get(number)
        if host is None:
            shelf = Shelf(self.id(number), self._opener)
            host = self._hosts[number] = _Host(number, self.id(number), shelf, self)
        committed: list[Record] = []
        for change in changes:
            if change.space is Space.RECORD:
                host.shelf.take(change)
                key = (MemberId(change.key[:32]), ObjectId(change.key[32:]))
                record = host.shelf.records.get(key)
                if record is not None:
                    committed.append(record)
        for record in committed:
            self.bounds.watch(number, record)
            if record.author == host.member:
                self._watch_own(host, record)

    def _watch_own(self, host: _Host, record: Record) -> None:
        self.exchanges.watch_signed(host, record)
        body = record.body
        if isinstance(body, RatingBody):
            parties = (body.terms.holder, body.terms.borrower)
            if self.exchanges.agreed.get(body.terms.loan) != parties:
                self.report("I7", f"member {host.number} rates a loan that nobody agreed on")
