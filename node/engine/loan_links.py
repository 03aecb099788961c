"""Loan links: what is left of a friendship that ended while a loan went over it.

The guitar is physically out, so its loan keeps its own channel: the two ends of the friendship
still have a link, over which the records of such loans pass and nothing else (``loan_traffic``).
Which loans these are is settled when the friendship ends, by what this node holds then, and so
is how long each is served: nothing that is said later, by whomever, prolongs it. It ends sooner
when both ends know how the loan ended.

Pure: must not import anything that acts.

Spec: §11.9.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from node.engine.core import Core
from node.engine.events import Disconnect, FriendsChanged
from node.engine.loan_book import book_of
from node.engine.loan_path import are_adjacent, is_away
from node.engine.state import Link, Served
from protocol import limits
from protocol.bodies import EVIDENCE_KINDS, HalfBody, Kind, half_object, register_object
from protocol.encoding import Value
from protocol.exchange import LoanState, Path, State
from protocol.exchange_table import WAITING
from protocol.keys import MemberId, ObjectId
from protocol.records import Record

_NOTE: Final = "loans after "
_MS_PER_MINUTE: Final = 60_000
QUIET_MS: Final = 60_000
"""For so long a link has stood when what was under way over it has come. Spec: §11.9."""


# --- which loans ---------------------------------------------------------------------------


def begin(core: Core, member: MemberId) -> None:
    """A friendship ends: note which loans go on over it, and until when."""
    found: dict[ObjectId, Served] = {}
    for loan in book_of(core).states():
        if are_adjacent(loan.path, core.me, member):
            served = _served(core, loan)
            is_over = _is_rated(core, loan) and _is_held_by(core, member, loan)
            if served.until_ms > core.now_ms and not is_over:
                found[loan.loan] = served
    if found:
        core.loan_links[member] = found
        _write(core, member)


def forget(core: Core, member: MemberId) -> None:
    """They are friends again, and need none."""
    if core.loan_links.pop(member, None) is not None:
        _write(core, member)
    link_id = core.link_of(member)
    if link_id is not None and core.links[link_id].is_for_loans:
        core.effects.append(Disconnect(link_id, "friends-again"))


def drop(core: Core, member: MemberId) -> None:
    """The other end serves no loan of those any more, or never knew of them."""
    if core.loan_links.pop(member, None) is not None:
        _write(core, member)
        core.effects.append(FriendsChanged())
        core.deliver("loans")


def serves(core: Core, member: MemberId) -> bool:
    """Whether a link with a former friend is made and taken, for loans."""
    return member in core.loan_links and member not in core.paused


def carries(core: Core, member: MemberId, loan: ObjectId) -> bool:
    """Whether this loan goes on over the friendship that ended."""
    return loan in core.loan_links.get(member, ())


def knows(core: Core, member: MemberId, other: MemberId) -> bool:
    """Whether somebody is on the path of a loan that goes on over this ended friendship."""
    book = book_of(core)
    paths = (book.path_of(loan) for loan in core.loan_links.get(member, ()))
    return any(path is not None and other in path for path in paths)


def _served(core: Core, loan: LoanState) -> Served:
    """Until when a loan goes on as it is known now."""
    if loan.contracts:
        due_ms = loan.dates[1] * _MS_PER_MINUTE
        return Served(due_ms + limits.LOAN_LINK_PAST_DUE_MAX_MS, is_agreed=True)
    # Who is asked may have agreed without anybody here having heard of it.
    told_ms = max(charter.friendship_lease_ms for charter in core.charters)
    return Served(min(core.now_ms, loan.answer_by_ms) + told_ms, is_agreed=False)


def _is_rated(core: Core, loan: LoanState) -> bool:
    """Whether both sides' last words are here."""
    rating = register_object(Kind.RATING, loan.loan)
    # A rating comes by the circles as well, and its commitment along the path alone.
    return loan.state is State.RATED and all(
        core.current(party, rating) is not None for party in (loan.borrower, loan.holder)
    )


def _is_too_late(core: Core, loan: LoanState) -> bool:
    """Whether nobody can rate a loan any more."""
    charter = core.charter
    return (
        loan.over_ms is not None
        and core.now_ms >= loan.over_ms + charter.rating_window_ms + charter.mediation_ms
    )


def _is_held_by(core: Core, member: MemberId, loan: LoanState) -> bool:
    """Whether the other end has confirmed that it has all it was to get of a loan from here."""
    link_id = core.link_of(member)
    if link_id is None:
        return False
    upto = core.links[link_id].session.peer_held_upto
    return all(
        (core.log.number_of(record.key) or 0) <= upto
        for record in _records_of(core, loan)
        if is_away(loan.path, record.author, core.me, member)
    )


# --- while it lasts ------------------------------------------------------------------------


def settle(core: Core) -> None:
    """Let go of loans whose time is over; at the end of each event."""
    for member in list(core.loan_links):
        _look_at(core, member)
    for link in core.links_for_loans.values():
        if link.friend not in core.loan_links and _is_quiet(core, link, 2):
            # Not sooner: the other end may need a moment longer to know that all is said.
            core.effects.append(Disconnect(link.id, "friendship-ended"))


def _look_at(core: Core, member: MemberId) -> None:
    before = core.loan_links[member]
    now: dict[ObjectId, Served] = {}
    for loan_id, served in before.items():
        loan = book_of(core).state_of(loan_id)
        if loan is None or core.now_ms >= served.until_ms or _is_done(core, member, loan):
            continue
        is_same = served.is_agreed or not loan.contracts
        now[loan_id] = served if is_same else _served(core, loan)
    if now == before:
        return
    core.loan_links[member] = now
    if not now:
        del core.loan_links[member]
        core.effects.append(FriendsChanged())
    _write(core, member)
    core.deliver("loans")


def _is_done(core: Core, member: MemberId, loan: LoanState) -> bool:
    """Whether both ends have all that there is to say of a loan, as far as can be known."""
    is_closed = loan.state in (State.DECLINED, State.WITHDRAWN, State.CANCELLED)
    if not (is_closed or _is_rated(core, loan) or _is_too_late(core, loan)):
        return False
    link_id = core.link_of(member)
    link = None if link_id is None else core.links[link_id]
    if link is None or not _is_quiet(core, link, 1) or link.session.pending:
        return False
    return _is_held_by(core, member, loan)


def _records_of(core: Core, loan: LoanState) -> list[Record]:
    found = book_of(core).steps_of(loan.loan)
    for kind in EVIDENCE_KINDS:
        name = register_object(kind, loan.loan)
        said = (core.current(party, name) for party in (loan.borrower, loan.holder))
        found += [record for record in said if record is not None]
    return found


def _is_quiet(core: Core, link: Link, times: int) -> bool:
    return link.is_for_loans and core.now_ms >= link.up_ms + times * QUIET_MS


def next_wakeup_ms(core: Core) -> int | None:
    """When a loan's time is over, or a link has stood for long enough to know that all is said."""
    times = [s.until_ms for loans in core.loan_links.values() for s in loans.values()]
    for link in core.links_for_loans.values():
        times += [link.up_ms + n * QUIET_MS for n in (1, 2)]
    return min((time_ms for time_ms in times if time_ms > core.now_ms), default=None)


# --- what waits at such a friendship -------------------------------------------------------


def unanswered(core: Core, member: MemberId) -> list[LoanState]:
    """Loans over an ended friendship to which nobody has agreed, as far as is known here."""
    states = [book_of(core).state_of(loan) for loan in core.loan_links.get(member, ())]
    return [loan for loan in states if loan is not None and loan.at(core.now_ms) in WAITING]


def former_neighbour(core: Core, path: Path) -> MemberId | None:
    """A neighbour of mine on a path with whom the friendship has ended, or None."""
    place = path.index(core.me)
    for neighbour in (*path[max(0, place - 1) : place], *path[place + 1 : place + 2]):
        if core.is_former_friend(neighbour):
            return neighbour
    return None


def ended_between(core: Core, path: Path) -> tuple[MemberId, MemberId] | None:
    """Two neighbours on a path of whom this node knows that their friendship has ended, or None."""
    for one, other in pairwise(path):
        if core.me in (one, other):
            if core.is_former_friend(other if one == core.me else one):
                return one, other
        elif any(_is_revoked(core, *pair) for pair in ((one, other), (other, one))):
            return one, other
    return None


def _is_revoked(core: Core, author: MemberId, friend: MemberId) -> bool:
    half = core.current(author, half_object(friend))
    return (
        half is not None
        and isinstance(half.body, HalfBody)
        and half.body.revocation_hash in core.revocations
    )


# --- over a restart ------------------------------------------------------------------------


def _write(core: Core, member: MemberId) -> None:
    rows: list[Value] = [
        [loan, served.until_ms, served.is_agreed]
        for loan, served in core.loan_links.get(member, {}).items()
    ]
    core.put_local(_NOTE + member.hex(), rows or None)


def restore(core: Core) -> None:
    """Read back what was noted before a restart."""
    for member in sorted(core.friends):
        note = core.get_local(_NOTE + member.hex())
        if isinstance(note, tuple):
            core.loan_links[member] = dict(map(_read, note))


def _read(row: Value) -> tuple[ObjectId, Served]:
    assert isinstance(row, tuple), "written here"
    loan, until_ms, is_agreed = row
    assert isinstance(loan, bytes), "written here"
    assert isinstance(until_ms, int), "written here"
    return ObjectId(loan), Served(until_ms, bool(is_agreed))
