"""A home: what a person's node shows them, and what it does when it is told to.

Nothing here knows more than the page would say, and nothing is done but by commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from node.engine.asking import judge, reliability
from node.engine.calendar import MINUTES_PER_DAY
from node.engine.commands import AddThing, AnswerLoan, Ask, Command, GiveBack, HandOver, Rate
from node.engine.core import Core
from node.engine.loan_book import book_of
from node.trust.ledger import Account
from protocol.bodies import ListingBody, ThingKind
from protocol.exchange import State
from protocol.keys import MemberId
from protocol.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulations.behaviours.behaviour import Behaviour, Person


class Town(Protocol):
    """Where homes stand."""

    def core(self, number: int) -> Core: ...
    def try_(self, number: int, command: Command) -> Mapping[str, object] | None: ...
    def move_in(
        self, mover: Person, behaviour: Behaviour, asked: Sequence[Person]
    ) -> Person | None: ...
    def friends_of(self, number: int) -> list[Person]: ...


class Home:
    """One member's node, as its owner uses it."""

    def __init__(self, town: Town, number: int) -> None:
        self._town = town
        self._number = number

    @property
    def core(self) -> Core:
        """The engine's memory, for what is not below."""
        return self._town.core(self._number)

    @property
    def me(self) -> MemberId:
        return self.core.me

    # --- what it shows -----------------------------------------------------------------

    def seen(self) -> list[Record]:
        """The things of others."""
        return [
            record
            for record in self.core.visible_listings()
            if isinstance(record.body, ListingBody)
            and record.body.thing_kind is not ThingKind.WANTED
        ]

    def account(self, member: MemberId) -> Account:
        """What became of the loans of a member, in numbers. Spec: §12.8."""
        return judge(self.core, member).account

    def circles_open(self) -> int:
        """How far they may ask. Spec: §12.4."""
        return judge(self.core, self.me).circles_open

    def reliability(self, member: MemberId) -> float:
        """How likely it is that it goes as agreed with a member. Spec: §12.6."""
        return reliability(self.core, member)

    def who_rated_me_bad(self) -> list[MemberId]:
        """Those whose 0 stands and is shown."""
        said = book_of(self.core).evidence().latest_about(self.me)
        return [m for m, one in said.items() if one.confiance == 0 and not one.is_repaired]

    def who_refused_me(self) -> list[MemberId]:
        """Holders who said no to a request of theirs that the node still keeps."""
        return [
            loan.holder
            for loan in book_of(self.core).states()
            if loan.state is State.DECLINED and loan.borrower == self.me
        ]

    def friends(self) -> list[Person]:
        return self._town.friends_of(self._number)

    # --- what it is told ---------------------------------------------------------------

    def do(self, command: Command) -> Mapping[str, object] | None:
        """Tell the node something; None where it refuses."""
        return self._town.try_(self._number, command)

    def share(self, circles: int) -> str | None:
        """List a thing; its id."""
        row = self.do(AddThing("a thing", circles=circles))
        return None if row is None else str(row["thing"])

    def ask(self, thing: Record, days: int = 6) -> str | None:
        """Ask for a thing from tomorrow on; the loan's id, None where the node refuses."""
        start = (self.core.now_ms // (24 * 3600 * 1000) + 1) * MINUTES_PER_DAY
        row = self.do(Ask(thing.object.hex(), start, start + days * MINUTES_PER_DAY))
        return None if row is None else str(row["loan"])

    def pretend(self, friend: Person) -> None:
        """An exchange with an accomplice that never was, of which both speak well."""
        mine = [record for record in self.seen() if record.author == friend.home.me]
        loan = self.ask(mine[0], days=1) if mine else None
        if loan is None:
            return
        friend.home.do(AnswerLoan(loan, "yes"))
        friend.home.do(HandOver(loan))
        self.do(GiveBack(loan))
        friend.home.do(Rate(loan, 1, 10))
        self.do(Rate(loan, 1, 10))

    def move_in(
        self, mover: Person, behaviour: Behaviour, asked: Sequence[Person]
    ) -> Person | None:
        """A new home under a new name, if enough of those who are asked co-opt it."""
        return self._town.move_in(mover, behaviour, asked)
