"""Hidden negatives: a borrower who keeps a thing, and the loan to itself.

In a small neighbourhood of real engines somebody borrows from a friend, or a friend's friend,
who then is away for thirty days. The borrower does not bring the thing back and, by a *trick*,
tries to let nobody know that there was a loan:

- ``drop``: its node, and those of its accomplices, give the loan's entries to nobody;
- ``roll-back``: they do, and the borrower's node goes back to the day before the loan;
- ``fork``: the borrower's entry goes to the lender, who is to see a ledger without a gap; then
  its node goes back, and it borrows from somebody else under the same number, and this time
  brings it back.

Then it asks the next one. Whether that one could know is plain breadth-first search: an entry
goes from home to home over those that are honest, each within the circles of the borrower less
one. A case *holds* when who could know does know, and who could not by any way, were it over
honest homes at any distance, knows nothing (else the experiment would prove nothing).

Spec: §11.8, §12.8.
"""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Literal, cast, get_args

from node.engine.asking import judge
from node.engine.commands import AnswerLoan, GiveBack, HandOver, Rate, Recommend
from node.engine.events import Effect, Event, Space
from node.trust.ledger import Account
from protocol.bodies import EntryBody, Fault
from protocol.charter import Charter
from protocol.errors import RemoteProtocolError
from protocol.keys import ObjectId, RecordId
from protocol.messages import Announce, Listed, Message, Records, decode_message, encode_message
from protocol.records import Record, open_record
from simulations.signing import InterningOpener, RealKeys
from simulations.street import BORN_MS, DAY_MS, Street
from simulations.town import TownPlan, build_town

Trick = Literal["none", "drop", "roll-back", "fork"]
TRICKS: Final[tuple[Trick, ...]] = get_args(Trick)

_CIRCLES: Final = 3
_BORROWER: Final = 0
_LATE_DAYS: Final = 24
"""Days from the loan to the next request: the loan of a week is due, and two more weeks over."""
_AWAY_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case.

    Args:
        distance: hops from the borrower to who lent the thing.
        accomplices: how many others help to hide it.
        could_know: whether an honest way leads from the witness to who is asked next.
        might_know: whether one leads there over homes that need not pass it on.
        account: what the one who is asked next is told.
        account_after: the same when the victim is back and has said how it went.
    """

    seed: int
    trick: Trick
    members: int
    distance: int
    accomplices: int
    could_know: bool
    might_know: bool
    account: Account
    account_after: Account

    @property
    def is_known(self) -> bool:
        known = self.account
        return known.without_answer > 0 or known.missing > 0 or known.is_forked

    @property
    def holds(self) -> bool:
        if self.trick == "none":
            return not self.is_known
        return self.is_known if self.could_know else self.might_know or not self.is_known


@dataclass
class LyingStreet(Street):
    """A street in which some wires keep entries of one loan to themselves.

    Args:
        liars: members whose wire does.
        hidden: the loans, by id.
        shown: over which links, from one to the other, they give them all the same.
    """

    liars: dict[int, None] = field(default_factory=dict)
    hidden: dict[ObjectId, None] = field(default_factory=dict)
    shown: dict[tuple[int, int], None] = field(default_factory=dict)

    def feed(self, number: int, event: Event, *, settle: bool = True) -> list[Effect]:
        effects = super().feed(number, event, settle=False)
        if number in self.liars and self.hidden:
            own = [item for item in self.queue if item[0] == number]
            others = [item for item in self.queue if item[0] != number]
            self.queue = deque(others)
            for _, link, message in own:
                to, _ = self.ends.get((number, link), (number, link))
                if (number, to) in self.shown:
                    self.queue.append((number, link, message))
                    continue
                left = self._without(number, decode_message(message))
                if left is not None:
                    self.queue.append((number, link, encode_message(left)))
        if settle:
            self.settle()
        return effects

    def _without(self, number: int, message: Message) -> Message | None:
        match message:
            case Records(envelopes):
                kept = tuple(e for e in envelopes if not self._is_hidden(self._open(e)))
                return Records(kept) if kept else None
            case Announce(_, _, items):
                told = tuple(item for item in items if not self._hides(number, item[0]))
                return replace(message, items=told)
            case Listed():
                left = tuple(i for i in message.ids if not self._hides(number, RecordId(i)))
                return replace(message, ids=left)
            case _:
                return message

    def _hides(self, number: int, record_id: RecordId) -> bool:
        return self._is_hidden(self.engines[number].core.registers.with_id(record_id))

    def _open(self, envelope: bytes) -> Record | None:
        try:
            return open_record(envelope, lambda key, message, signature: True)
        except RemoteProtocolError:
            return None

    def _is_hidden(self, record: Record | None) -> bool:
        return (
            record is not None
            and isinstance(record.body, EntryBody)
            and record.body.loan in self.hidden
        )


def run_case(seed: int, trick: Trick) -> Outcome | None:
    """One neighbourhood, loan and trick; None when the draw has nobody to ask next."""
    chance = random.Random(seed)
    members = chance.randint(7, 10)
    edges = _neighbourhood(members, chance)
    near = _hops(members, edges, [_BORROWER])
    victim = chance.choice([m for m in range(1, members) if near[m] <= 2])
    without_victim = [e for e in edges if victim not in e]
    reached = _hops(members, without_victim, [_BORROWER])
    friends = [m for m in range(1, members) if reached[m] == 1]
    askable = [m for m in range(1, members) if m != victim and reached[m] <= 2]
    if not friends or not askable:
        return None
    asked = chance.choice(askable)
    others = [m for m in range(1, members) if m not in (victim, asked)]
    accomplices = [m for m in others if chance.random() < 0.3]
    keys = RealKeys()
    charter = Charter(
        max_circles=_CIRCLES,
        circle_2_exchanges=1,
        circle_3_exchanges=1,
        circle_3_sides=1,
        newcomer_ms=0,  # everybody has been there for long
        capacity_max=0,
    )
    plan = TownPlan(members, edges, BORN_MS, charter=charter, records_per_second_max=None)
    made = LyingStreet(build_town(plan, keys, InterningOpener(keys.verify)), edges)
    made.start()
    for member in range(members):
        made.share(member)
    _borrow(made, friends[0], brings_back=True)

    before = dict(made.stores[_BORROWER])
    if trick != "none":
        made.liars = dict.fromkeys([_BORROWER, *accomplices])
    loan = _borrow(made, victim, brings_back=trick == "none", trick=trick)
    for one, other in edges:
        if victim in (one, other):
            made.cut(one, other)
            made.cut(other, one)
    made.edges = without_victim
    if trick in ("roll-back", "fork"):
        # Its log begins anew, else its friends would think that they hold all of it.
        made.stores[_BORROWER] = before | {(Space.META, b"log_epoch"): b"rolledbk"}
        made.restart(_BORROWER)
    if trick == "fork":
        _borrow(made, friends[0], brings_back=True)
    made.pass_time(_LATE_DAYS * DAY_MS)
    account = judge(made.core(asked), made.id(_BORROWER)).account

    made.pass_time((_AWAY_DAYS - _LATE_DAYS) * DAY_MS)
    made.edges = edges
    made.reconnect()
    if trick != "none":
        made.run(victim, GiveBack(loan))
        made.run(victim, Rate(loan, 0, 1, Fault.NOT_RETURNED))
        made.pass_time(15 * DAY_MS)
    after = judge(made.core(asked), made.id(_BORROWER)).account
    honest = [m for m in range(members) if m == victim or m not in made.liars]
    # Who is on the way to the lender has seen the borrower's own entry.
    witnesses = [victim, *(to for _, to in made.shown if to in honest)]
    return Outcome(
        seed=seed,
        trick=trick,
        members=members,
        distance=near[victim],
        accomplices=len(accomplices) if trick != "none" else 0,
        could_know=asked in _spread(witnesses, edges, [m for m in honest if near[m] < _CIRCLES]),
        might_know=asked in _spread(witnesses, edges, honest),
        account=account,
        account_after=after,
    )


def _borrow(made: LyingStreet, holder: int, *, brings_back: bool, trick: Trick = "none") -> str:
    """Ask, get, and perhaps bring back; the go-betweens pass it on."""
    thing = made.share(holder)
    loan = made.ask(_BORROWER, thing, days=7)
    if trick != "none":
        made.hidden[ObjectId(bytes.fromhex(loan))] = None
    if trick == "fork":
        numbers = {made.id(n).hex(): n for n in range(len(made.engines))}
        path = [numbers[member] for member in cast(list[str], made.rows(_BORROWER)[loan]["path"])]
        made.shown = dict.fromkeys(itertools.pairwise(path))
    for member in range(len(made.engines)):
        row = made.rows(member).get(loan, {})
        if "recommend" in cast(list[str], row.get("can", [])):
            made.run(member, Recommend(loan, True))
    made.run(holder, AnswerLoan(loan, "yes"))
    made.run(holder, HandOver(loan))
    if brings_back:
        made.run(_BORROWER, GiveBack(loan))
        made.run(holder, Rate(loan, 1, 8))
        made.run(_BORROWER, Rate(loan, 1, 8))
    return loan


# --- the neighbourhood ---------------------------------------------------------------------


def _neighbourhood(members: int, chance: random.Random) -> list[tuple[int, int]]:
    """A connected graph with a few circles in it."""
    edges = {(chance.randrange(new), new): None for new in range(1, members)}
    for _ in range(chance.randint(0, members)):
        one, other = sorted(chance.sample(range(members), 2))
        edges[one, other] = None
    return list(edges)


def _hops(members: int, edges: Iterable[tuple[int, int]], sources: list[int]) -> list[int]:
    """Hops from the sources to every member; ``members`` for who cannot be reached."""
    pairs = list(edges)
    hops = [members] * members
    for source in sources:
        hops[source] = 0
    waiting = deque(sources)
    while waiting:
        one = waiting.popleft()
        for pair in pairs:
            if one in pair:
                other = pair[0] if pair[1] == one else pair[1]
                if hops[other] == members:
                    hops[other] = hops[one] + 1
                    waiting.append(other)
    return hops


def _spread(
    witnesses: list[int], edges: list[tuple[int, int]], passing: list[int]
) -> dict[int, None]:
    """Whom an entry reaches over homes that pass it on."""
    known = dict.fromkeys(witnesses)
    waiting = deque(witnesses)
    while waiting:
        one = waiting.popleft()
        if one not in passing:
            continue
        for pair in edges:
            if one in pair:
                other = pair[0] if pair[1] == one else pair[1]
                if other not in known:
                    known[other] = None
                    waiting.append(other)
    return known
