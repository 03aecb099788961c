"""Files of copyable things: who may have which, and whom to ask. Bytes are the host's affair.

Pure: must not import anything that acts.

Spec: §20.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.engine.core import Core
from node.engine.loan_book import book_of
from node.engine.loan_steps import thing_of
from protocol.bodies import Kind, ListingBody, ThingFile, ThingKind
from protocol.exchange import LoanState, State
from protocol.files import Errand
from protocol.keys import MemberId, ObjectId

_AGREED: Final = (State.AGREED, State.HANDED_OVER)


@dataclass(frozen=True, slots=True)
class Borrowed:
    """A file of a loan of which I am the borrower.

    Args:
        title: of the thing.
        path: the members from me to the holder.
        may_fetch: the loan stands at this moment.
    """

    loan: ObjectId
    title: str
    licence: str
    file: ThingFile
    path: tuple[MemberId, ...]
    may_fetch: bool

    @property
    def ask(self) -> MemberId:
        """My neighbour on the path: whom to ask for it."""
        return self.path[1]


def agreed(core: Core, loan: ObjectId) -> LoanState | None:
    """A loan that stands at this moment; only then anything is given for it."""
    state = book_of(core).state_of(loan)
    return state if state is not None and state.at(core.now_ms) in _AGREED else None


def asker_of(core: Core, state: LoanState) -> MemberId | None:
    """My neighbour on the borrower's side, while we are friends."""
    place = state.path.index(core.me)
    asker = state.path[place - 1] if place > 0 else None
    return asker if asker is not None and core.is_live_friend(asker) else None


def next_of(core: Core, state: LoanState) -> MemberId:
    """My neighbour on the holder's side."""
    return state.path[state.path.index(core.me) + 1]


def errand_of(core: Core, loan: ObjectId, path: tuple[MemberId, ...], name: bytes) -> Errand:
    assert core.house is not None, "a loan is of a house"
    return Errand(core.house, loan, path[-1], path[0], name)


def given_in(core: Core, state: LoanState, name: bytes) -> ThingFile | None:
    """The file that I, its holder, give for a loan; None when the loan is not about it."""
    for file in _files_of(core, state):
        if file.name == name:
            return file
    return None


def borrowed(core: Core) -> list[Borrowed]:
    """The files I may fetch now or once could, in the order of their loans."""
    found = []
    for state in book_of(core).states():
        if state.borrower != core.me or not state.contracts:
            continue
        asked, may_fetch = thing_of(core, state), state.at(core.now_ms) in _AGREED
        files = _files_of(core, state)
        if files:
            title, licence = asked.title, asked.licence
            found.append(Borrowed(state.loan, title, licence, files[0], state.path, may_fetch))
    return found


def _files_of(core: Core, state: LoanState) -> list[ThingFile]:
    """What a loan is about: the file listed now, then the one listed when it was asked for."""
    asked = thing_of(core, state)
    listing = core.current(state.holder, state.terms.thing)
    found = []
    if listing is not None and core.can_see(listing):
        body = listing.body
        if isinstance(body, ListingBody) and body.thing_kind is ThingKind.COPY and body.file:
            found.append(body.file)
    if asked.file is not None and asked.kind is ThingKind.COPY and asked.file not in found:
        found.append(asked.file)
    return found


def own(core: Core) -> dict[bytes, ThingFile]:
    """The files to be kept here, by name: of own things, and of loans that stand."""
    kept: dict[bytes, ThingFile] = {}
    for record in core.mine(Kind.LISTING):
        body = record.body
        if isinstance(body, ListingBody) and body.file and not core.is_withdrawn(record):
            kept[body.file.name] = body.file
    for state in book_of(core).states():
        if state.holder == core.me and state.at(core.now_ms).is_open:
            for file in _files_of(core, state):
                kept[file.name] = file
    return kept
