"""The loan that the owner means, the refusal when its state forbids it, the answer.

Pure: must not import anything that acts.

Spec: §10.4, §11.2.
"""

from __future__ import annotations

from node.engine import ids
from node.engine.core import Core
from node.engine.events import Json
from node.engine.loan_book import book_of
from protocol.errors import Refused
from protocol.exchange import LoanState, Role, State, role_on
from protocol.keys import ObjectId


def loan_of(core: Core, text: str) -> LoanState:
    loan = book_of(core).state_of(ids.resolve_loan(core, text))
    if loan is None:
        # A later round came before the first: the loan has not arrived yet.
        raise Refused("unknown-loan", loan=text)
    return loan


def party_of(core: Core, text: str) -> LoanState:
    loan = loan_of(core, text)
    if role_on(loan.path, core.me) is Role.BETWEEN:
        raise Refused("only-for-parties", loan=loan.loan.hex())
    return loan


def not_now(loan: LoanState, state: State) -> Refused:
    """The refusal for a step that this state does not allow."""
    if state.is_over or state.is_open:
        return Refused("not-in-this-state", loan=loan.loan.hex(), state=state.value)
    return Refused("loan-closed", loan=loan.loan.hex(), state=state.value)


def result(core: Core, loan_id: ObjectId) -> Json:
    loan = book_of(core).state_of(loan_id)
    assert loan is not None, "the loan was just spoken about"
    return {"loan": loan_id.hex(), "state": loan.at(core.now_ms).value}
