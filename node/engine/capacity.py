"""Units of capacity on this node: given to friends, engaged by loans that pass.

Every unit is counted by its giver alone, from the steps and ratings on its own disk: no
message says how many are left, and nobody can spend what another gave.

A loan between two friends takes none: whom to lend to oneself is nobody's rule.

Pure: must not import anything that acts.

Spec: §12.7.
"""

from __future__ import annotations

from typing import Final

from node.engine import ids
from node.engine.commands import SetCapacity
from node.engine.core import Core
from node.engine.events import Json
from node.engine.loan_book import book_of
from node.trust.capacity import capacity_of, is_engaged
from node.trust.evidence import Rating
from protocol.errors import Refused
from protocol.exchange import LoanState
from protocol.keys import MemberId, ObjectId

CAPACITY_MAX: Final = 20
"""What an owner can set by hand, as the charter's numbers."""


def set_capacity(core: Core, command: SetCapacity) -> Json:
    """``friends capacity MEMBER N|auto``."""
    member = ids.resolve_member(core, command.member)
    if not core.is_live_friend(member):
        raise Refused("not-a-friend", member=command.member)
    if command.units is not None and not 0 <= command.units <= CAPACITY_MAX:
        raise Refused("capacity-out-of-range", maximum=CAPACITY_MAX)
    core.put_local(_note(member), command.units)
    return {"member": member.hex(), **summary(core, member)}


def summary(core: Core, friend: MemberId) -> dict[str, Json]:
    """Units given to a friend and engaged, for the owner."""
    chosen = _chosen(core, friend)
    return {
        "capacity": capacity(core, friend),
        "capacity_is_chosen": chosen is not None,
        "engaged": engaged(core, friend),
    }


def capacity(core: Core, friend: MemberId) -> int:
    """Units that this node gives a friend."""
    own = (r for r in book_of(core).evidence().about(friend) if r.rater == core.me)
    good = sum(1 for rating in own if rating.confiance == 1)
    return capacity_of(core.charter, good, _chosen(core, friend))


def engaged(core: Core, friend: MemberId, *, without: ObjectId | None = None) -> int:
    """Units of a friend that open loans take, one not counted."""
    return sum(
        1
        for loan in book_of(core).answered_for(friend)
        if loan.loan != without and _is_engaged(core, loan)
    )


def towards_borrower(core: Core, loan: LoanState) -> MemberId:
    """My neighbour on the path, on the borrower's side."""
    return loan.path[loan.path.index(core.me) - 1]


def why_no_unit(core: Core, loan: LoanState) -> Refused | None:
    """Why I cannot answer for this loan now: all units of that friend are engaged."""
    if not core.charter.capacity_max or len(loan.path) <= 2:
        return None
    friend = towards_borrower(core, loan)
    units = capacity(core, friend)
    if engaged(core, friend, without=loan.loan) < units:
        return None
    return Refused("capacity-engaged", name=core.name_of(friend), units=units)


def _is_engaged(core: Core, loan: LoanState) -> bool:
    return is_engaged(loan, _word_of_holder(core, loan), core.charter, core.now_ms)


def _word_of_holder(core: Core, loan: LoanState) -> Rating | None:
    for rating in book_of(core).evidence().about(loan.borrower):
        if rating.loan == loan.loan and rating.rater == loan.holder:
            return rating
    return None


def _chosen(core: Core, friend: MemberId) -> int | None:
    note = core.get_local(_note(friend))
    return note if isinstance(note, int) else None


def _note(friend: MemberId) -> str:
    return f"capacity/{friend.hex()}"
