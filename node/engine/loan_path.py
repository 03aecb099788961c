"""Along a loan's path: which records go from neighbour to neighbour on it.

Steps, and what is said of a loan afterwards, go away from their author, to both parties and
those between. Towards the holder steps wait at each go-between until it has passed the
request on; "not now" is silence.

Pure: must not import anything that acts.

Spec: §11.1, §11.3, §11.9.
"""

from __future__ import annotations

from node.engine.core import Core
from node.engine.loan_book import book_of
from protocol.bodies import EntryBody, EvidenceBody, Kind, LoanBody, step_object
from protocol.exchange import Path, step_number
from protocol.keys import MemberId
from protocol.records import Record


def are_adjacent(path: Path, one: MemberId, other: MemberId) -> bool:
    """Whether two members are neighbours on a loan's path."""
    if one not in path or other not in path:
        return False
    return abs(path.index(one) - path.index(other)) == 1


def is_away(path: Path, author: MemberId, giver: MemberId, receiver: MemberId) -> bool:
    """Whether going from the one to the other along a path leads away from an author."""
    if author not in path or not are_adjacent(path, giver, receiver):
        return False
    begin, there, here = (path.index(member) for member in (author, giver, receiver))
    return abs(here - begin) == abs(there - begin) + 1


def may_pass(core: Core, record: Record, friend: MemberId) -> bool:
    """Whether a step may be given to ``friend`` now.

    Steps go along the path, away from their author. Towards the holder they wait at
    each go-between until it has passed the request on; "not now" is silence.

    Spec: §11.3.
    """
    body = record.body
    assert isinstance(body, LoanBody), "only loan steps travel along a path"
    if record.author not in body.path or not are_adjacent(body.path, core.me, friend):
        return False
    author, me, there = (body.path.index(m) for m in (record.author, core.me, friend))
    if author == me:
        return True
    if there < me:
        return author > me
    return author < me and _passed_on(core, body)


def follows_path(core: Core, record: Record, giver: MemberId, receiver: MemberId) -> bool:
    """Whether a step or evidence goes from one to the other, along its loan's path.

    Away from its author, as steps do: so what is said of a loan comes to both parties also
    where the circles do not lead from the one to the other any more. Spec: §11.9.
    """
    return is_away(_path_of(core, record), record.author, giver, receiver)


def has_path(core: Core, record: Record) -> bool:
    """Whether this node is on the path of the loan that evidence is about."""
    return record.author in _path_of(core, record)


def _path_of(core: Core, record: Record) -> Path:
    body = record.body
    if isinstance(body, LoanBody):
        return body.path
    assert isinstance(body, EvidenceBody), "only these are about a loan on a path"
    loan = body.loan if isinstance(body, EntryBody) else body.terms.loan
    return book_of(core).path_of(loan) or ()


def _passed_on(core: Core, body: LoanBody) -> bool:
    book = book_of(core)
    if body.kind in (Kind.REQUEST, Kind.PASS):
        return book.has_step(
            body.loan, core.me, step_object(Kind.PASS, body.loan, step_number(body))
        )
    loan = book.state_of(body.loan)
    return loan is not None and core.me in dict(loan.passed)
