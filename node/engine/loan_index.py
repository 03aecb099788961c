"""Where a loan is to be looked for, by what its steps say.

Every step and every rating that arrives asks some of these questions, and anybody can make
a home take part in many loans that come to nothing. So no answer costs a look at them all.

Pure: must not import anything that acts.

Spec: §11.2, §12.7.
"""

from __future__ import annotations

from collections.abc import Iterable

from protocol.exchange import LoanState, Role, State, role_on
from protocol.exchange_table import WAITING
from protocol.keys import MemberId, ObjectId

BLOCKING = (State.AGREED, State.HANDED_OVER)
"""States in which the dates of a loan are nobody else's."""

_Shelf = tuple[str, bytes]
_WAITING: _Shelf = ("waiting", b"")
_ASKED: _Shelf = ("asked", b"")


class LoanIndex:
    """Loans by the questions that are asked about them."""

    __slots__ = (
        "_me",
        "_shelves",
        "_shelves_of",
    )

    def __init__(self, me: MemberId) -> None:
        self._me = me
        self._shelves: dict[_Shelf, dict[ObjectId, None]] = {}
        self._shelves_of: dict[ObjectId, list[_Shelf]] = {}

    def put(self, loan: ObjectId, state: LoanState | None, now_ms: int) -> None:
        """File a loan anew as it is now; ``state`` is None while its first request is missing."""
        self.drop(loan)
        shelves = self._shelves_for(state, now_ms)
        if shelves:
            self._shelves_of[loan] = shelves
        for shelf in shelves:
            self._shelves.setdefault(shelf, {})[loan] = None

    def drop(self, loan: ObjectId) -> None:
        for shelf in self._shelves_of.pop(loan, ()):
            filed = self._shelves[shelf]
            del filed[loan]
            if not filed:
                del self._shelves[shelf]

    def _shelves_for(self, state: LoanState | None, now_ms: int) -> list[_Shelf]:
        if state is None:
            return [_WAITING]
        shelves = []
        if state.at(now_ms) in WAITING:
            shelves += [_WAITING, _ASKED]
        elif state.proposal_at(now_ms) is not None:
            shelves.append(_ASKED)
        if state.holder == self._me and state.state in BLOCKING:
            shelves.append(("promised", state.terms.thing))
        friend = answered_for(self._me, state)
        if friend is not None:
            shelves.append(("answered", friend))
        return shelves

    # --- questions -----------------------------------------------------------------------

    def waiting(self) -> Iterable[ObjectId]:
        """Without an answer yet, or without a first request."""
        return self._shelves.get(_WAITING, ())

    def asked(self) -> Iterable[ObjectId]:
        """Somebody waits for a word about them: for the thing, or for other dates."""
        return self._shelves.get(_ASKED, ())

    def promised(self, thing: ObjectId) -> Iterable[ObjectId]:
        """Those that take the dates of a thing of mine."""
        return self._shelves.get(("promised", thing), ())

    def answered_for(self, friend: MemberId) -> Iterable[ObjectId]:
        """Those for which I answer towards a friend, or did."""
        return self._shelves.get(("answered", friend), ())


def answered_for(me: MemberId, loan: LoanState) -> MemberId | None:
    """The friend of whose capacity a loan takes a unit of mine: the next one to the borrower.

    None when it takes none: not passed on or agreed to (yet), or between two friends.
    Spec: §12.7.
    """
    if len(loan.path) <= 2:
        return None
    is_holder = role_on(loan.path, me) is Role.HOLDER
    has_answered = bool(loan.contracts) if is_holder else me in dict(loan.passed)
    return loan.path[loan.path.index(me) - 1] if has_answered else None
