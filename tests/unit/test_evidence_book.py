"""What is kept of how loans went is what would be found by reading all of it anew (spec §12.1)."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from node.engine.core import Core
from node.engine.evidence_book import EvidenceBook
from node.engine.registers import Stored
from node.engine.state import Config
from node.trust.evidence import gather
from node.trust.ledger import gather_ledgers
from protocol.bodies import (
    EVIDENCE_KINDS,
    EntryBody,
    EvidenceBody,
    Fault,
    RatingBody,
    RepairBody,
    RetractionBody,
    Terms,
)
from protocol.exchange import expected_object
from protocol.keys import HouseId, MemberId, ObjectId, Signature
from protocol.records import Record, sign_record
from simulations.signing import ModelKeys
from simulations.street import BORN_MS, DAY, street

KEYS = ModelKeys(b"evidence book")
SIGNERS = [KEYS.signer(bytes([n]) * 32) for n in range(3)]
MEMBERS = [MemberId(signer.public) for signer in SIGNERS]
HOUSE = HouseId(b"H" * 32)
UNSIGNED = Signature(bytes(64))


def body_of(what: str, author: int, other: int, loan: int, value: int) -> EvidenceBody:
    """Something said of one of four loans; its dates differ with what is said."""
    holder, borrower = (author, other) if loan % 2 else (other, author)
    id_ = ObjectId(bytes([loan]) * 16)
    if what == "entry":
        is_own = borrower == author
        number = value + 1 if is_own else 0
        previous = bytes(32) if number > 1 else b""
        return EntryBody(
            id_, MEMBERS[holder], MEMBERS[borrower], value, bytes(32), UNSIGNED, UNSIGNED,
            number, previous, int(is_own),
        )  # fmt: skip
    begin = (value + loan) * DAY
    terms = Terms(
        HOUSE, id_, ObjectId(bytes(16)), MEMBERS[holder], MEMBERS[borrower], 0, begin, begin + DAY
    )
    if what == "rating":
        fault = Fault.NONE if value % 2 else Fault.LATE
        return RatingBody(terms, UNSIGNED, UNSIGNED, value % 2, value, bytes(16), fault)
    kind = RepairBody if what == "repair" else RetractionBody
    return kind(terms, UNSIGNED, UNSIGNED)


said = st.tuples(
    st.sampled_from(["rating", "rating", "repair", "retraction", "entry"]),
    st.integers(0, 2),
    st.integers(1, 2),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(1, 40),
)
steps = st.lists(st.one_of(said, st.integers(0, 10), st.none()), max_size=30)


@cache
def config() -> Config:
    """Somebody's; nothing is signed by it."""
    return street(2).core(0).config


def record_of(number: int, step: tuple[str, int, int, int, int, int], now_ms: int) -> Record:
    what, author, further, loan, value, lease = step
    body = body_of(what, author, (author + further) % 3, loan, value)
    name = expected_object(body)
    assert name is not None, "evidence has a register"
    return sign_record(
        SIGNERS[author], body, house=HOUSE, object_id=name, sequence=number, created_ms=now_ms,
        not_after_ms=now_ms + lease,
    )  # fmt: skip


def check(core: Core, book: EvidenceBook) -> None:
    """Against all records held, read anew."""
    records = [record for kind in EVIDENCE_KINDS for record in core.of_kind(kind)]
    evidence = gather(records, lambda *_: True)
    ledgers = gather_ledgers(records, lambda *_: True)
    for member in MEMBERS:
        assert evidence.about(member) == book.evidence().about(member)
        assert evidence.by(member) == book.evidence().by(member)
        assert evidence.lent_until_minute(member) == book.evidence().lent_until_minute(member)
        assert ledgers.of(member) == book.ledgers().of(member)
        for loan in range(4):
            word = (ObjectId(bytes([loan]) * 16), member)
            assert evidence.is_taken_back(*word) == book.evidence().is_taken_back(*word)


@given(steps)
@settings(max_examples=60, deadline=None)
def test_whatever_comes_changes_and_ends_the_book_says_what_reading_anew_says(
    steps: list[tuple[str, int, int, int, int, int] | int | None],
) -> None:
    """None looks at the book in between; a number lets so many milliseconds pass."""
    core = Core(config(), b"logepoch")
    core.now_ms = BORN_MS
    book = EvidenceBook(core)
    for number, step in enumerate(steps, start=1):
        if step is None:
            check(core, book)
        elif isinstance(step, int):
            core.now_ms += step
        else:
            record = record_of(number, step, core.now_ms)
            core.registers.put(Stored(record, core.now_ms, None))
            book.note(record)
    check(core, book)
    before = book.evidence()
    assert before is book.evidence(), "nothing came: nothing is made anew"
    check(core, EvidenceBook(core))
