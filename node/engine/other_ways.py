"""Several ways: a request that nobody passes on goes another way, by itself.

Saying "not now" is silence, so a borrower would wait for as long as a request lives. Where
the owner allowed it when asking, the borrower's node takes the request back after a while
and asks again over a way that runs through none of those asked before. Nobody is told who
stayed silent, and nobody is asked twice.

The new request is a loan of its own. Both are signed in one batch, the withdrawal first; and
only the holder's node agrees, to one of two loans of a thing on the same dates. So whatever
crosses or is lost on the way, nothing is lent twice.

Pure: must not import anything that acts.

Spec: §11.3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from node.engine import offers
from node.engine.asking import Asker
from node.engine.calendar import MINUTES_PER_DAY
from node.engine.core import Core
from node.engine.loan_book import book_of
from node.engine.loan_steps import link_key_of, request, say, seal_context, text_of
from protocol.bodies import CancelBody, ListingBody, PassBody, RequestBody
from protocol.circles import Path
from protocol.encoding import Value
from protocol.errors import BadKey
from protocol.exchange import LoanState, State
from protocol.keys import MemberId, ObjectId, seal
from protocol.records import Record

_MS_PER_DAY = MINUTES_PER_DAY * 60 * 1000
LOOKS_MAX = 4
"""How often a way is looked for while none is known: each time is a note on disk."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the owner allowed for one request.

    Args:
        seed: 32 bytes from which the next loan's id and seal are drawn.
        left: how many further ways may be tried.
        on_word: those in between are to recommend me, where the circle is not open.
        tried: go-betweens of the ways before this one.
        looks: how often no other way was known.
    """

    seed: bytes
    left: int
    on_word: bool
    tried: Path = ()
    before: bytes = b""
    looks: int = 0


def allow(core: Core, loan: ObjectId, path: Path, *, on_word: bool) -> None:
    """Note that this request may go other ways by itself; called in the command that asks."""
    ways_max = core.charter.other_ways_max
    if ways_max and len(path) > 2:
        _write(core, loan, Plan(core.draw("other ways", 32), ways_max, on_word))
        offers.pull_all(core, path[-1])


def plan_of(core: Core, loan: ObjectId) -> Plan | None:
    """What the owner allowed, or None."""
    note = core.get_local(_note(loan))
    if not isinstance(note, tuple) or len(note) != 6:
        return None
    seed, left, on_word, tried, before, looks = note
    assert isinstance(seed, bytes), "written here"
    assert isinstance(left, int), "written here"
    assert isinstance(tried, tuple), "written here"
    assert isinstance(before, bytes), "written here"
    assert isinstance(looks, int), "written here"
    members = tuple(MemberId(member) for member in tried if isinstance(member, bytes))
    return Plan(seed, left, on_word is True, members, before, looks)


def went_on_as(core: Core, loan: ObjectId) -> ObjectId | None:
    """The loan by which a request went another way."""
    note = core.get_local(_next_note(loan))
    return ObjectId(note) if isinstance(note, bytes) else None


def waits_for_word(loan: LoanState) -> bool:
    """Whether a request of mine has not reached its holder, as far as I was told."""
    return loan.state is State.ASKED and len(loan.passed) < len(loan.path) - 2


def due_ms(core: Core, loan: LoanState) -> int | None:
    """When this request goes another way if nobody passes it on until then; None: never."""
    if loan.borrower != core.me or not waits_for_word(loan) or core.is_frozen(core.me):
        return None
    plan = plan_of(core, loan.loan)
    if plan is None or plan.left < 1 or plan.looks >= LOOKS_MAX or loan.round:
        return None
    wait_ms = core.charter.other_way_ms
    due = _last_word_ms(core, loan) + wait_ms + plan.looks * max(1, wait_ms // LOOKS_MAX)
    # One that expired while this home was off goes nowhere, however long ago it was due.
    return due if max(due, core.now_ms) < loan.answer_by_ms else None


def go_if_due(core: Core, loan: LoanState) -> None:
    """Take a request back and ask by another way, when it is time and there is one."""
    due = due_ms(core, loan)
    if due is None or core.now_ms < due:
        return
    plan = plan_of(core, loan.loan)
    assert plan is not None, "what is due was allowed"
    tried = (*plan.tried, *loan.path[1:-1])
    path = _way_avoiding(core, loan, tried, on_word=plan.on_word)
    again = ObjectId(_drawn(plan.seed, plan.left, "loan")[:16])
    text = text_of(core, _first_request(core, loan))
    sealed = _sealed_again(core, loan, plan, again, text)
    if path is None or sealed is None:
        _write(core, loan.loan, replace(plan, looks=plan.looks + 1))
        offers.pull_all(core, loan.holder)
        return
    # The withdrawal first, so that nobody holds two of them for longer than must be.
    say(core, CancelBody(loan.loan, loan.path, b""))
    _write(core, loan.loan, None)
    core.put_local(_next_note(loan.loan), again)
    plan = replace(plan, left=plan.left - 1, tried=tried, before=loan.loan, looks=0)
    _write(core, again, plan)
    say(core, request(core, replace(loan.terms, loan=again), path, sealed), text)
    core.deliver("loans")


def _last_word_ms(core: Core, loan: LoanState) -> int:
    """When the request was made, or last passed on."""
    passed = dict(loan.passed)
    words = [
        step.created_ms
        for step in book_of(core).steps_of(loan.loan)
        if isinstance(step.body, PassBody) and step.author in passed
    ]
    return max([loan.asked_ms, *words])


def _way_avoiding(core: Core, loan: LoanState, tried: Path, *, on_word: bool) -> Path | None:
    """Borrower .. holder, by which this could be asked for now; a validator's way first."""
    listing = core.current(loan.holder, loan.terms.thing)
    if listing is None or not core.can_see(listing):
        return None
    if loan.dates[0] < core.now_ms // _MS_PER_DAY * MINUTES_PER_DAY:
        return None
    asker = Asker(core)
    for path in _ways(core, listing, tried, asker):
        if asker.why_cannot(listing, path, on_word=on_word) is None:
            return tuple(reversed(path))
    return None


def _ways(core: Core, listing: Record, tried: Path, asker: Asker) -> Iterator[Path]:
    """Paths holder .. me that run through none of those tried."""
    body = listing.body
    assert isinstance(body, ListingBody), "only things are asked for"
    preferred = asker.way_to(listing)
    if preferred is not None and not any(member in tried for member in preferred):
        yield preferred
    path = core.graph.transit_path_avoiding(listing.author, body.through, tried)
    if path is not None and len(path) <= body.circles + 1:
        yield path


def _sealed_again(
    core: Core, loan: LoanState, plan: Plan, again: ObjectId, text: str
) -> bytes | None:
    """The owner's words once more, for another loan; None when they cannot be sealed now."""
    key = link_key_of(core, loan.holder)
    if not text or key is None:
        return None if text else b""
    ephemeral = _drawn(plan.seed, plan.left, "seal")
    context = seal_context(core, again, core.me, loan.holder)
    try:
        return seal(key, text.encode(), ephemeral_private=ephemeral, context=context)
    except BadKey:
        return None


def _first_request(core: Core, loan: LoanState) -> Record:
    return next(
        step
        for step in book_of(core).steps_of(loan.loan)
        if isinstance(step.body, RequestBody) and step.body.round == 0
    )


def _drawn(seed: bytes, left: int, label: str) -> bytes:
    """Random bytes that the command which asked brought for later; each is used once."""
    message = b"openhouse/1 other way\0" + seed + bytes([left]) + label.encode()
    return hashlib.sha256(message).digest()


def _write(core: Core, loan: ObjectId, plan: Plan | None) -> None:
    value: Value | None = None
    if plan is not None:
        value = [
            plan.seed, plan.left, plan.on_word, list(plan.tried), plan.before, plan.looks,
        ]  # fmt: skip
    core.put_local(_note(loan), value)


def _note(loan: ObjectId) -> str:
    return f"loan-ways/{loan.hex()}"


def _next_note(loan: ObjectId) -> str:
    return f"loan-again/{loan.hex()}"
