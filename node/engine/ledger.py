"""The ledger: what was handed over is written down, by the borrower with a number.

Both parties of a loan say the same entry, by themselves, once the thing has been handed
over: the borrower as the next one in its ledger, the holder as a witness. Both travel in the
borrower's circles. Where the dates move, both say it anew.

Pure: must not import anything that acts.

Spec: §11.8.
"""

from __future__ import annotations

from dataclasses import replace

from node.engine.core import Core
from node.trust.ledger import why_no_entry
from protocol.bodies import EntryBody, Kind, register_object
from protocol.errors import InvalidState, Replayed
from protocol.exchange import LoanState, State
from protocol.records import Record

_HANDED_OVER = (State.HANDED_OVER, State.KEPT, State.LOST, State.RETURNED, State.RATED)
_HEAD = "ledger-head"


def write(core: Core, loan: LoanState) -> None:
    """Write a loan of mine into the ledger if it is out and not written as it stands."""
    if core.recalling is not None or loan.state not in _HANDED_OVER or not loan.contracts:
        return
    other = loan.holder if core.me == loan.borrower else loan.borrower
    if len(loan.path) == 2 and not core.graph.has_transit(core.me, other):
        # Between the ends of a discreet friendship: nothing of it goes any farther.
        return
    entry = _entry(loan)
    object_id = register_object(Kind.ENTRY, loan.loan)
    held = core.current(core.me, object_id)
    if held is not None:
        assert isinstance(held.body, EntryBody), "the register is an entry's"
        entry = replace(
            entry, number=held.body.number, previous=held.body.previous, first=held.body.first
        )
        if entry == held.body:
            return
    elif core.get_local(_note(loan)) is not None:
        return  # it has counted for as long as the charter says
    elif core.me == loan.borrower:
        entry = _numbered(core, entry)
    core.put_local(_note(loan), entry.number)
    if core.me == loan.borrower and held is None:
        core.put_local(_HEAD, [entry.number, entry.link()])
    core.publish(entry, object_id, core.charter.rating_lease_ms)


def _entry(loan: LoanState) -> EntryBody:
    contract = loan.contracts[-1]
    return EntryBody(
        loan=loan.loan,
        holder=loan.holder,
        borrower=loan.borrower,
        due_day=contract.terms.due_day,
        particulars=contract.terms.particulars(),
        borrower_signature=contract.borrower_signature,
        holder_signature=contract.holder_signature,
        number=0,
        previous=b"",
        first=0,
    )


def _numbered(core: Core, entry: EntryBody) -> EntryBody:
    """The entry with the next number of my ledger, linked to the one before."""
    number, link = _head(core)
    shown = [body.number for body in _own_entries(core)]
    return replace(entry, number=number + 1, previous=link, first=min(shown, default=number + 1))


def _head(core: Core) -> tuple[int, bytes]:
    """Number and link of my newest entry; also friends may have brought back newer ones."""
    number, link = 0, b""
    note = core.get_local(_HEAD)
    if isinstance(note, tuple | list) and len(note) == 2:
        assert isinstance(note[0], int), "as written"
        assert isinstance(note[1], bytes), "as written"
        number, link = note[0], note[1]
    for body in _own_entries(core):
        if body.number > number:
            number, link = body.number, body.link()
    return number, link


def _own_entries(core: Core) -> list[EntryBody]:
    """The live entries of my ledger that I said."""
    bodies = [record.body for record in core.mine(Kind.ENTRY) if not record.is_expired(core.now_ms)]
    return [body for body in bodies if isinstance(body, EntryBody) and body.borrower == core.me]


def check_entry(core: Core, record: Record, body: EntryBody) -> None:
    """Refuse an entry that nobody could have signed so, or that says something else than before.

    Raises:
        RemoteProtocolError: what is wrong with it.

    Spec: §11.8.
    """
    problem = why_no_entry(record, body, core.verify_by)
    if problem is not None:
        raise problem
    held = core.current(record.author, record.object)
    if held is not None and not _may_follow(record, body, held):
        raise Replayed("this was said before, and stays", section="11.8")
    longest_ms = max(charter.rating_lease_ms for charter in core.charters)
    if record.not_after_ms - record.created_ms > longest_ms:
        raise InvalidState("it counts for longer than the charter allows", section="11.8")


def _may_follow(record: Record, body: EntryBody, held: Record) -> bool:
    """Whether a version says of the loan and of its place what the one held says."""
    before = held.body
    assert isinstance(before, EntryBody), "the register is an entry's"
    if (body.holder, body.borrower) != (before.holder, before.borrower):
        return False
    if record.epoch != held.epoch:
        return True  # a restored node may have lost its place in the ledger
    return (body.number, body.previous, body.first) == (
        before.number, before.previous, before.first,
    )  # fmt: skip


def _note(loan: LoanState) -> str:
    return f"loan-entry/{loan.loan.hex()}"
