"""What may be open at most, judged at every step that opens something.

- **B1**: a lender's things that are out beyond circle 1 are never more than the capacities it
  gives its own friends.
- **B2**: what any set of members holds of others', from beyond circle 1, is never more than the
  capacities that the others give over the friendships that join the two: for each member alone,
  and for each family.
- **B3**: nobody answers for somebody whom words from beyond circle 2 alone make reliable by more
  than they may: at most ``FAR_GOOD_MAX`` good words count, whoever they are.

Who lent to whom is read from the disks of the holders, who said what from the disks of those
who said it; the capacities are those that the nodes give.

Spec: §12.6, §12.7; design 8.5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from node.engine import capacity
from node.engine.asking import reliability
from node.engine.core import Core
from node.engine.loan_index import BLOCKING
from node.trust.reliability import (
    EXPECTED,
    FAR_GOOD_MAX,
    GOOD_PER_RATER,
    PRIOR_STRENGTH,
    Place,
)
from protocol.bodies import AgreementBody, LoanBody, PassBody, RatingBody
from protocol.exchange import Path, derive
from protocol.exchange_table import WAITING
from protocol.keys import MemberId, ObjectId
from protocol.mandates import Verify
from protocol.records import Record

Report = Callable[[str, str], None]


class Town(Protocol):
    """What the oracle asks of the town."""

    @property
    def numbers(self) -> Mapping[MemberId, int]: ...
    def core(self, number: int) -> Core: ...
    def family_of(self, number: int) -> Sequence[int]: ...


@dataclass(slots=True)
class _Open:
    """A loan that was agreed, and the steps on its holder's disk."""

    path: Path
    steps: list[Record] = field(default_factory=list)


@dataclass(slots=True)
class BoundsOracle:
    """Watches what is opened in one town.

    Args:
        verify: checks the signatures under contracts.
        most: per bound, the greatest share of it that was ever used.
    """

    town: Town
    verify: Verify
    report: Report
    checked: int = 0
    most: dict[str, float] = field(default_factory=dict)
    _steps: dict[ObjectId, _Open] = field(default_factory=dict)
    _out: dict[ObjectId, None] = field(default_factory=dict)
    _good_words: dict[MemberId, dict[MemberId, int]] = field(default_factory=dict)

    def watch(self, number: int, record: Record) -> None:
        """A record was committed on a member's disk."""
        body, me = record.body, self.town.core(number).me
        if isinstance(body, RatingBody):
            if record.author == me and body.confiance == 1:
                said = self._good_words.setdefault(body.subject(me), {})
                said[me] = said.get(me, 0) + 1
            return
        if not isinstance(body, LoanBody):
            return
        if body.path[-1] == me:
            self._steps.setdefault(body.loan, _Open(body.path)).steps.append(record)
        if record.author != me or len(body.path) <= 2:
            return
        if isinstance(body, AgreementBody):
            self._out[body.loan] = None
            self._check_lender(number)
            self._check_borrowers(self.town.numbers[body.path[0]])
        if isinstance(body, AgreementBody | PassBody):
            self._check_words(number, body.path[0])

    # --- the bounds ----------------------------------------------------------------------

    def _check_lender(self, number: int) -> None:
        core = self.town.core(number)
        out = sum(path[-1] == core.me for path in self._open_paths())
        self._judge("B1", out, units_placed(core), f"member {number} has lent")

    def _check_borrowers(self, borrower: int) -> None:
        family = self.town.family_of(borrower)
        for members in [[borrower], family] if len(family) > 1 else [[borrower]]:
            ids = {self.town.core(number).me: number for number in members}
            held = sum(path[0] in ids and path[-1] not in ids for path in self._open_paths())
            bound = 0
            for one in ids:
                for friend in self.town.core(ids[one]).friends:
                    if friend not in ids:
                        bound += units_given(self.town.core(self.town.numbers[friend]), one)
            self._judge("B2", held, bound, f"members {members} hold")

    def _check_words(self, number: int, borrower: MemberId) -> None:
        core = self.town.core(number)
        near = self._hops_from(number)
        good = FAR_GOOD_MAX
        for rater, times in self._good_words.get(borrower, {}).items():
            hops = near.get(rater, 3)
            if rater not in (core.me, borrower) and hops <= 2:
                place = Place.FRIEND if hops <= 1 else Place.CIRCLE_2
                good += place.value * sum(GOOD_PER_RATER[:times])
        most = (PRIOR_STRENGTH * EXPECTED + good) / (PRIOR_STRENGTH + good)
        self._judge("B3", reliability(core, borrower), most + 1e-12, f"member {number} counts")

    def _judge(self, bound: str, value: float, most: float, who: str) -> None:
        self.checked += 1
        self.most[bound] = max(self.most.get(bound, 0.0), value / most if most else float(value))
        if value > most:
            self.report(bound, f"{who} {value:g}, and may {most:g} at most")

    # --- the truth -----------------------------------------------------------------------

    def _open_paths(self) -> list[Path]:
        """Of the loans beyond circle 1 that are promised or out, by their holders' disks."""
        open_now = []
        for loan in list(self._out):
            known = self._steps[loan]
            holder = self.town.core(self.town.numbers[known.path[-1]])
            state = derive(
                loan,
                known.path,
                known.steps,
                self.verify,
                request_window_ms=holder.charter.request_window_ms,
            )
            if state is not None and state.state in BLOCKING:
                open_now.append(known.path)
            elif state is None or state.state not in WAITING:
                del self._out[loan]  # what is over does not begin again
        return open_now

    def _hops_from(self, number: int) -> dict[MemberId, int]:
        """The members within two hops, by what each says of its own friendships."""
        core = self.town.core(number)
        hops = dict.fromkeys(core.friends, 1)
        for friend in core.friends:
            for other in self.town.core(self.town.numbers[friend]).friends:
                hops.setdefault(other, 2)
        return hops


def units_given(core: Core, friend: MemberId) -> int:
    """Units that a member gives a friend, or would if units were counted."""
    return max(core.charter.capacity_new, capacity.capacity(core, friend))


def units_placed(core: Core) -> int:
    """Units that a member gives all its friends."""
    return sum(units_given(core, friend) for friend in core.friends)
