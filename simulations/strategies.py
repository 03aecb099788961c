"""Hypothesis strategies for what the protocol is made of: values, records, messages.

Every test may import them; nothing else may import this module, since Hypothesis comes
with the extra ``dev`` only. A new message or record kind gets its strategy here.

Sizes are kept well below the limits, so that whatever is drawn can be encoded; tests of
limits build their own.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from protocol import limits
from protocol.bodies import (
    AgreementBody,
    AmendmentBody,
    Body,
    CancelBody,
    CharterBody,
    CommitmentBody,
    CounterBody,
    DeclineBody,
    EntryBody,
    Event,
    Fault,
    HalfBody,
    HandoverBody,
    KeysBody,
    ListingBody,
    MediationBody,
    PassBody,
    RatingBody,
    RepairBody,
    ReplyBody,
    ReportBody,
    RequestBody,
    RetractionBody,
    ReturnBody,
    SeatBody,
    SettlementBody,
    StatementBody,
    Terms,
    ThingKind,
    ValidationBody,
    WithdrawalBody,
)
from protocol.charter import Charter
from protocol.encoding import Value
from protocol.keys import HouseId, MemberId, ObjectId, RecordId, Signature, Signer
from protocol.mandates import MANDATE_LEASE_MS, Mandate, encode_mandate, mandate_message
from protocol.messages import (
    Addresses,
    Announce,
    Compare,
    Compared,
    Have,
    JoinRefused,
    JoinRequest,
    Lazy,
    Listed,
    Message,
    Missing,
    OfferedPath,
    Part,
    Paths,
    RangeAsked,
    Recall,
    Recalled,
    Records,
    Revoked,
    Want,
    Welcome,
)
from protocol.records import Record, sign_record

# --- values ------------------------------------------------------------------------------

uints: SearchStrategy[int] = st.integers(0, limits.UINT_MAX)
texts: SearchStrategy[str] = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
binaries: SearchStrategy[bytes] = st.binary(max_size=80)
scalars: SearchStrategy[Value] = st.one_of(uints, binaries, texts, st.booleans())


def values(depth_max: int = 4) -> SearchStrategy[Value]:
    """Anything that can be encoded without an extension slot; arrays are tuples."""
    arrays: SearchStrategy[Value] = scalars
    for _ in range(depth_max):
        arrays = st.one_of(scalars, st.lists(arrays, max_size=5).map(tuple))
    return arrays


extension_slots: SearchStrategy[Value] = st.dictionaries(uints, scalars, max_size=4).map(
    lambda slot: dict(sorted(slot.items()))
)
values_with_slot: SearchStrategy[Value] = st.builds(
    lambda before, slot: (*before, slot), st.lists(scalars, max_size=6), extension_slots
)
"""An array whose last element is an extension slot, as a record has it."""


# --- ids ---------------------------------------------------------------------------------


def _exactly(size: int) -> SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


members: SearchStrategy[MemberId] = _exactly(32).map(MemberId)
houses: SearchStrategy[HouseId] = _exactly(32).map(HouseId)
objects: SearchStrategy[ObjectId] = _exactly(16).map(ObjectId)
record_ids: SearchStrategy[RecordId] = _exactly(32).map(RecordId)
signatures: SearchStrategy[Signature] = _exactly(64).map(Signature)
envelopes: SearchStrategy[bytes] = st.binary(max_size=400)
signers: SearchStrategy[Signer] = _exactly(32).map(Signer)


def member_lists(low: int, high: int) -> SearchStrategy[tuple[MemberId, ...]]:
    """Members, none twice."""
    return st.lists(members, min_size=low, max_size=high, unique=True).map(tuple)


# --- bodies ------------------------------------------------------------------------------

circles: SearchStrategy[int] = st.integers(0, limits.CIRCLES_HARD_MAX)
minutes: SearchStrategy[int] = st.integers(0, 2**40)
intervals: SearchStrategy[tuple[int, int]] = st.builds(
    lambda start, length: (start, start + length), minutes, st.integers(1, 100_000)
)
_loan_paths = member_lists(2, limits.CIRCLES_HARD_MAX + 1)
_rounds = st.integers(0, 50)
_sealed = st.binary(max_size=200)
_names = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20)
_commitments = st.one_of(st.just(b""), _exactly(32))

charters: SearchStrategy[CharterBody] = st.builds(
    CharterBody,
    name=_names,
    founders=member_lists(1, 2),
    parameters=st.just(Charter().to_parameters()),
)
amendments: SearchStrategy[AmendmentBody] = st.builds(
    AmendmentBody,
    _exactly(32),
    st.dictionaries(_names, uints, min_size=1, max_size=4).map(
        lambda changes: tuple(sorted(changes.items()))
    ),
)
statements: SearchStrategy[StatementBody] = st.builds(
    StatementBody,
    name=_names,
    languages=st.lists(st.sampled_from(["fr", "en", "es"]), max_size=3).map(tuple),
    link_key=_exactly(32),
    email_commitment=_commitments,
    phone_commitment=_commitments,
)
seats: SearchStrategy[SeatBody] = st.builds(SeatBody, members)
validations: SearchStrategy[ValidationBody] = st.builds(ValidationBody, members, st.booleans())
keys_records: SearchStrategy[KeysBody] = st.builds(
    KeysBody,
    _exactly(32),
    st.lists(members, max_size=3, unique=True).map(sorted).map(tuple),
    st.integers(2, 4),
    st.booleans(),
    st.lists(_exactly(32), max_size=3, unique=True).map(sorted).map(tuple),
)
halves: SearchStrategy[HalfBody] = st.builds(
    HalfBody, members, _exactly(32), st.booleans(), st.booleans()
)
listings: SearchStrategy[ListingBody] = st.builds(
    ListingBody,
    title=texts,
    text=texts,
    thing_kind=st.sampled_from(ThingKind),
    circles=circles,
    through=member_lists(0, 4),
    busy=st.lists(intervals, max_size=4).map(tuple),
)
withdrawals: SearchStrategy[WithdrawalBody] = st.builds(
    WithdrawalBody, objects, uints, uints, circles, member_lists(0, 4)
)


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    """What both sides of a loan sign."""
    start, end = draw(intervals)
    return Terms(
        draw(houses),
        draw(objects),
        draw(objects),
        draw(members),
        draw(members),
        draw(_rounds),
        start,
        end,
    )


@st.composite
def requests(draw: st.DrawFn) -> RequestBody:
    start, end = draw(intervals)
    return RequestBody(
        draw(objects),
        draw(_loan_paths),
        draw(_rounds),
        draw(objects),
        start,
        end,
        draw(signatures),
        draw(_exactly(32)),
        draw(_sealed),
    )


@st.composite
def counters(draw: st.DrawFn) -> CounterBody:
    start, end = draw(intervals)
    return CounterBody(draw(objects), draw(_loan_paths), draw(_rounds), start, end, draw(_sealed))


loan_steps: SearchStrategy[Body] = st.one_of(
    requests(),
    counters(),
    st.builds(PassBody, objects, _loan_paths, _rounds, st.booleans()),
    st.builds(AgreementBody, objects, _loan_paths, _rounds, signatures, _sealed),
    st.builds(DeclineBody, objects, _loan_paths, _rounds, _sealed),
    st.builds(CancelBody, objects, _loan_paths, _sealed),
    st.builds(HandoverBody, objects, _loan_paths),
    st.builds(ReturnBody, objects, _loan_paths),
    st.builds(CommitmentBody, objects, _loan_paths, _exactly(32)),
    st.builds(ReportBody, objects, _loan_paths, st.sampled_from(Event), _sealed),
)
ratings: SearchStrategy[RatingBody] = st.builds(
    RatingBody,
    terms=terms(),
    borrower_signature=signatures,
    holder_signature=signatures,
    confiance=st.integers(0, 1),
    respect=st.integers(0, 10),
    salt=_exactly(16),
).flatmap(
    lambda said: st.sampled_from(
        [Fault.NONE] if said.confiance else [fault for fault in Fault if fault is not Fault.NONE]
    ).map(lambda fault: replace(said, fault=fault))
)
repairs: SearchStrategy[RepairBody] = st.builds(RepairBody, terms(), signatures, signatures)
_replies = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
mediations: SearchStrategy[MediationBody] = st.builds(
    MediationBody, members, terms(), signatures, signatures, _sealed
)
settlements: SearchStrategy[SettlementBody] = st.builds(
    SettlementBody, objects, members, st.booleans()
)
retractions: SearchStrategy[RetractionBody] = st.builds(
    RetractionBody, terms(), signatures, signatures
)
replies: SearchStrategy[ReplyBody] = st.builds(ReplyBody, terms(), signatures, signatures, _replies)
entries: SearchStrategy[EntryBody] = st.builds(
    EntryBody,
    loan=objects,
    holder=members,
    borrower=members,
    due_day=uints,
    particulars=_exactly(32),
    borrower_signature=signatures,
    holder_signature=signatures,
    number=uints,
    previous=st.one_of(st.just(b""), _exactly(32)),
    first=uints,
)
bodies: SearchStrategy[Body] = st.one_of(
    charters,
    amendments,
    statements,
    seats,
    halves,
    keys_records,
    validations,
    listings,
    withdrawals,
    loan_steps,
    ratings,
    repairs,
    mediations,
    settlements,
    retractions,
    replies,
    entries,
)


# --- records -----------------------------------------------------------------------------

_DEVICES = [Signer(bytes([number]) * 32) for number in (201, 202)]


def mandate_for(root: Signer, device: bytes, created_ms: int) -> bytes:
    """A mandate by a member's first root for a device, from this time on."""
    times = (created_ms, created_ms + MANDATE_LEASE_MS)
    signature = root.sign(mandate_message(root.public, device, (), *times))
    return encode_mandate(Mandate((), *times, signature))


@st.composite
def records(
    draw: st.DrawFn,
    body: SearchStrategy[Body] = bodies,
    signer: SearchStrategy[Signer] = signers,
) -> Record:
    """A signed record of any kind, good in itself, by its author or a device of theirs."""
    created_ms = draw(st.integers(0, 2**45))
    root = draw(signer)
    device = draw(st.sampled_from([root, *_DEVICES]))
    return sign_record(
        device,
        draw(body),
        author=root.public,
        mandate=b"" if device is root else mandate_for(root, device.public, created_ms),
        house=draw(houses),
        object_id=draw(objects),
        sequence=draw(uints),
        created_ms=created_ms,
        not_after_ms=created_ms + draw(st.integers(1, 2**40)),
        epoch=draw(st.integers(0, 1000)),
    )


# --- messages ----------------------------------------------------------------------------

_ids = st.lists(record_ids, max_size=6).map(tuple)
_hops = st.integers(0, limits.CIRCLES_HARD_MAX + limits.REVOCATION_EXTRA_HOPS)
_addresses = st.lists(st.text("abc.:0123456789", max_size=30), max_size=4).map(tuple)
_epochs = _exactly(8)


@st.composite
def paths(draw: st.DrawFn) -> Paths:
    """An offer of up to four paths from one origin."""
    origin = draw(members)
    offered = []
    for _ in range(draw(st.integers(0, limits.PATHS_PER_OFFER_MAX))):
        rest = draw(member_lists(0, limits.CIRCLES_HARD_MAX - 1))
        certificates = draw(
            st.lists(record_ids, min_size=2 * len(rest), max_size=2 * len(rest)).map(tuple)
        )
        offered.append(OfferedPath((origin, *rest), certificates))
    return Paths(origin, tuple(offered))


@st.composite
def _bounds(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A range of a comparison: two ends in order, or one without end."""
    lower, upper = draw(st.tuples(_exactly(32), _exactly(32)))
    return (lower, upper) if lower < upper else (lower, b"")


_parts = st.lists(st.builds(Part, _exactly(32), uints, _exactly(32)), max_size=4).map(tuple)


@st.composite
def _ranges(draw: st.DrawFn) -> RangeAsked:
    lower, upper = draw(_bounds())
    return RangeAsked(lower, upper, draw(uints), draw(_exactly(32)))


@st.composite
def _comparisons(draw: st.DrawFn) -> Message:
    salt, (lower, upper) = draw(_exactly(16)), draw(_bounds())
    match draw(st.integers(0, 2)):
        case 0:
            return Compare(salt, tuple(draw(st.lists(_ranges(), max_size=4))))
        case 1:
            return Compared(salt, lower, upper, draw(_parts))
        case _:
            return Listed(salt, lower, upper, draw(st.booleans()), draw(_ids))


messages: SearchStrategy[Message] = st.one_of(
    _comparisons(),
    st.builds(Lazy, _ids),
    st.builds(Have, _epochs, _epochs, uints),
    st.builds(
        Announce,
        uints,
        st.booleans(),
        st.lists(
            st.tuples(record_ids, st.integers(0, limits.RECORD_SIZE_MAX_BYTES)), max_size=6
        ).map(tuple),
    ),
    st.builds(Want, _ids),
    st.builds(Records, st.lists(envelopes, max_size=4).map(tuple)),
    st.builds(Missing, _ids),
    paths(),
    st.builds(Revoked, st.lists(st.tuples(_exactly(32), _hops), max_size=4).map(tuple)),
    st.builds(Addresses, _addresses),
    st.builds(JoinRequest, st.lists(envelopes, max_size=4).map(tuple), _addresses),
    st.builds(Welcome, st.lists(envelopes, max_size=4).map(tuple), _addresses),
    st.builds(JoinRefused, st.text("abcdefghij-", max_size=30)),
    st.just(Recall()),
    st.builds(Recalled, st.lists(envelopes, max_size=4).map(tuple), st.booleans()),
)
