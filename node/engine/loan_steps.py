"""Publishing steps: what this node says about a loan, and what follows at once.

A step is signed, kept and let travel by the core; here are its lease, its sealed
text, the contract signature, and the holder's calendar, which is written anew
whenever an own thing's agreed dates change. Texts are sealed to the other party;
our own are kept as private notes, since we could not open them again.

Pure: must not import anything that acts.

Spec: §11.1, §11.4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from node.engine.booking import busy_intervals, my_listing
from node.engine.core import Core
from node.engine.loan_book import book_of
from protocol import limits
from protocol.bodies import (
    STATEMENT_OBJECT,
    AgreementBody,
    Body,
    Kind,
    ListingBody,
    LoanBody,
    PassBody,
    RequestBody,
    StatementBody,
    Terms,
    ThingFile,
    ThingKind,
    step_object,
)
from protocol.encoding import Value
from protocol.errors import BadKey, DecryptFailed, Refused
from protocol.exchange import ROUNDS_MAX, LoanState, Path, State, step_number
from protocol.keys import MemberId, ObjectId, Signature, seal, unseal
from protocol.records import Record

# --- saying something ------------------------------------------------------------------


def say(core: Core, body: LoanBody, text: str = "") -> Record:
    """Publish one of our steps; its text stays readable here.

    All steps of a loan end together: were one forgotten before the others, the loan
    would be again what it was before it. Spec: §11.1.
    """
    if text:
        core.put_local(_text_note(body), text)
    loan = book_of(core).state_of(body.loan)
    lease_ms = core.charter.steps_lease_ms if loan is None else loan.ends_ms - core.now_ms
    return core.publish(body, step_object(body.kind, body.loan, step_number(body)), lease_ms)


def request(core: Core, terms: Terms, path: Path, sealed: bytes) -> RequestBody:
    """The body of a request, with the terms signed by us as borrower. Spec: §5.8."""
    return RequestBody(
        loan=terms.loan,
        path=path,
        round=terms.round,
        thing=terms.thing,
        from_minute=terms.from_minute,
        to_minute=terms.to_minute,
        borrower_signature=core.config.signer.sign(terms.digest()),
        borrower_link_key=core.config.link_public,
        sealed=sealed,
    )


def agree(core: Core, loan: LoanState, sealed: bytes = b"", text: str = "") -> None:
    """As holder, sign the terms on the table; the calendar follows. Spec: §11.4."""
    proposal = loan.proposal_at(core.now_ms)
    terms = loan.terms if proposal is None else proposal.terms
    assert terms is not None, "the holder does not agree with itself"
    signature: Signature = core.config.signer.sign(terms.digest())
    body = AgreementBody(loan.loan, loan.path, terms.round, signature, sealed)
    say(core, body, text)


def pass_on(core: Core, loan: LoanState, *, recommends: bool) -> None:
    """As go-between, let the request of this round travel on to the holder."""
    body = PassBody(loan.loan, loan.path, loan.round, recommends)
    own = say(core, body)
    # What waited here behind our word may go now; our word comes after it.
    place = loan.path.index(core.me)
    for step in book_of(core).steps_of(loan.loan):
        if step.author in loan.path[:place]:
            core.bump(step)
    core.bump(own)


def has_passed_round(core: Core, loan: LoanState) -> bool:
    """Whether we passed the request on as it stands now, not only as it stood before."""
    name = step_object(Kind.PASS, loan.loan, loan.round)
    return book_of(core).has_step(loan.loan, core.me, name)


def is_asked(core: Core, loan: LoanState) -> bool:
    """Whether the borrower waits for the holder: for the thing, or for other dates."""
    if loan.state in (State.AGREED, State.HANDED_OVER):
        proposal = loan.proposal_at(core.now_ms)
        return proposal is not None and proposal.terms is not None
    return loan.at(core.now_ms) is State.ASKED


def dates_asked(core: Core, loan: LoanState) -> tuple[int, int]:
    """The dates on the table: other ones than agreed, when such are proposed."""
    proposal = loan.proposal_at(core.now_ms)
    return loan.dates if proposal is None else proposal.dates


# --- sealed texts ----------------------------------------------------------------------


def seal_text(core: Core, loan: ObjectId, reader: MemberId, text: str) -> bytes:
    """A text that only the other party can read; empty stays empty. Spec: §4.5, §11.4."""
    if not text:
        return b""
    link_key = _link_key_of(core, loan, reader)
    if link_key is None:
        raise Refused("no-key-of-holder")
    ephemeral = core.draw("seal", 32)
    context = seal_context(core, loan, core.me, reader)
    try:
        return seal(link_key, text.encode(), ephemeral_private=ephemeral, context=context)
    except BadKey:
        raise Refused("no-key-of-holder") from None


def seal_context(core: Core, loan: ObjectId, author: MemberId, reader: MemberId) -> bytes:
    """What ties a seal to its step: nobody can take it into a record of their own."""
    assert core.house is not None, "loans belong to a house"
    return core.house + loan + author + reader


def _link_key_of(core: Core, loan_id: ObjectId, reader: MemberId) -> bytes | None:
    """The key to seal to: the request's for the borrower, else as the holder states it."""
    loan = book_of(core).state_of(loan_id)
    if loan is not None and reader == loan.borrower:
        return loan.borrower_link_key
    return link_key_of(core, reader)


def link_key_of(core: Core, member: MemberId) -> bytes | None:
    """The key to seal to: from the member's statement, or as we pinned it for a friend."""
    statement = core.current(member, STATEMENT_OBJECT)
    if statement is not None and isinstance(statement.body, StatementBody):
        return statement.body.link_key
    friend = core.friends.get(member)
    return None if friend is None else friend.link_key


def open_text(core: Core, loan: ObjectId, author: MemberId, sealed: bytes) -> str:
    """A text about a loan that was sealed to me, else empty."""
    try:
        context = seal_context(core, loan, author, core.me)
        return unseal(core.config.link_private, sealed, context=context).decode()
    except (DecryptFailed, UnicodeDecodeError):
        # Sealed to somebody else, or nonsense sealed to us: nothing to read.
        return ""


def text_of(core: Core, step: Record) -> str:
    """The text of a step as far as this node may read it, else empty."""
    body = step.body
    if step.author == core.me:
        note = core.get_local(_text_note(body)) if isinstance(body, LoanBody) else None
        return note if isinstance(note, str) else ""
    sealed = getattr(body, "sealed", b"")
    if not sealed or not isinstance(body, LoanBody):
        return ""
    return open_text(core, body.loan, step.author, sealed)


def _text_note(body: LoanBody) -> str:
    return f"loan-text/{body.loan.hex()}/{int(body.kind)}/{step_number(body)}"


# --- notes about a loan ----------------------------------------------------------------


def note_thing(core: Core, loan: LoanState) -> None:
    """Remember what was asked for: its listing may be gone before the loan is over."""
    name = f"loan-thing/{loan.loan.hex()}"
    listing = core.current(loan.holder, loan.terms.thing)
    if core.get_local(name) is None and listing is not None and core.can_see(listing):
        body = listing.body
        if isinstance(body, ListingBody):
            file = body.file
            value: Value = [
                body.title,
                int(body.thing_kind),
                body.conditions,
                body.licence,
                [] if file is None else [file.title, file.name, file.size_bytes],
            ]
            core.put_local(name, value)


@dataclass(frozen=True, slots=True)
class AskedThing:
    """What was asked for, as its listing was when the request came. Spec: §5.7.

    Args:
        title: empty when its listing was never seen here.
    """

    title: str = ""
    kind: ThingKind = ThingKind.OBJECT
    conditions: str = ""
    licence: str = ""
    file: ThingFile | None = None


def thing_of(core: Core, loan: LoanState) -> AskedThing:
    note = core.get_local(f"loan-thing/{loan.loan.hex()}")
    if isinstance(note, tuple | list) and isinstance(note[1], int):
        # Notes of earlier versions have the title and the kind alone.
        conditions, licence = (str(text) for text in note[2:4] or ("", ""))
        file = _noted_file(note[4]) if len(note) > 4 else None
        return AskedThing(str(note[0]), ThingKind(note[1]), conditions, licence, file)
    return AskedThing()


def _noted_file(note: Value) -> ThingFile | None:
    if not isinstance(note, tuple | list) or len(note) != 3:
        return None
    title, name, size_bytes = note
    if isinstance(title, str) and isinstance(name, bytes) and isinstance(size_bytes, int):
        return ThingFile(title, name, size_bytes)
    return None


def set_aside(core: Core, loan: ObjectId, *, aside: bool) -> None:
    """Remember that we said "not now" as go-between; nobody is told."""
    name = f"loan-aside/{loan.hex()}"
    if aside or core.get_local(name) is not None:
        core.put_local(name, True if aside else None)


def is_set_aside(core: Core, loan: ObjectId) -> bool:
    return core.get_local(f"loan-aside/{loan.hex()}") is not None


def forget_notes(core: Core, loan: ObjectId) -> None:
    """Remove the notes of a loan that is over for good."""
    names = [f"loan-{what}/{loan.hex()}" for what in (
        "thing", "aside", "rating", "entry", "ways", "again",
    )]  # fmt: skip
    kinds = (
        Kind.REQUEST, Kind.COUNTER, Kind.AGREEMENT, Kind.DECLINE, Kind.CANCEL, Kind.REPORT,
    )  # fmt: skip
    for kind in kinds:
        names += [f"loan-text/{loan.hex()}/{int(kind)}/{r}" for r in range(ROUNDS_MAX)]
    for name in names:
        if core.get_local(name) is not None:
            core.put_local(name, None)


# --- the holder's calendar -------------------------------------------------------------


def write_calendar(core: Core, thing: ObjectId) -> None:
    """Publish an own listing anew when its agreed dates changed. Spec: §11.4."""
    found = my_listing(core, thing)
    if found is None or found[1].thing_kind is ThingKind.COPY:
        return
    busy = busy_intervals(core, thing)[: limits.BUSY_INTERVALS_MAX]
    if busy != found[1].busy:
        body: Body = replace(found[1], busy=busy)
        core.publish(body, thing, core.charter.listing_lease_ms)
