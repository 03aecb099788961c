"""Layouts of bodies: the array each kind is written as, and how strictly it is read.

Each body decodes from a canonical array (fixed length, typed and bounded fields)
and encodes back to it. The table at the end is the only place where kinds, layouts
and sizes meet; spec section 5.5 lists the same table.

Spec: §5.5 to §5.9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from protocol import limits
from protocol.bodies import (
    MINUTES_PER_WEEK,
    AgreementBody,
    AmendmentBody,
    Availability,
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
    Kind,
    ListingBody,
    MediationBody,
    PassBody,
    Photo,
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
    ThingFile,
    ThingKind,
    ValidationBody,
    WithdrawalBody,
)
from protocol.encoding import (
    Value,
    expect_array,
    expect_bool,
    expect_bytes,
    expect_text,
    expect_uint,
)
from protocol.errors import Malformed
from protocol.keys import HouseId, MemberId, ObjectId, Signature
from protocol.mandates import APPROVALS_MAX, GUARDIANS_MAX


def _member(value: Value, name: str = "member") -> MemberId:
    return MemberId(expect_bytes(value, name, length=32))


def _object(value: Value, name: str) -> ObjectId:
    return ObjectId(expect_bytes(value, name, length=16))


def _members(value: Value, name: str, maximum: int) -> tuple[MemberId, ...]:
    items = expect_array(value, name, maximum=maximum)
    members = tuple(_member(item, name) for item in items)
    if len(dict.fromkeys(members)) != len(members):
        raise Malformed(f"{name} names a member twice", section="5.5")
    return members


def _path(value: Value) -> tuple[MemberId, ...]:
    path = _members(value, "path", limits.CIRCLES_HARD_MAX + 1)
    if len(path) < 2:
        raise Malformed("a loan's path has at least two members", section="5.8")
    return path


def _number(value: Value, name: str) -> int:
    return expect_uint(value, name, limits.UINT_MAX)


def _circles(value: Value) -> int:
    return expect_uint(value, "circles", limits.CIRCLES_HARD_MAX)


def _interval(from_value: Value, to_value: Value) -> tuple[int, int]:
    start, end = _number(from_value, "from"), _number(to_value, "to")
    if end <= start:
        raise Malformed("the end must be after the start", section="5.8")
    return start, end


def _sealed(value: Value) -> bytes:
    return expect_bytes(value, "sealed text", maximum=limits.TEXT_SIZE_MAX_BYTES + 64)


def _signature(value: Value, name: str) -> Signature:
    return Signature(expect_bytes(value, name, length=64))


def _commitment(value: Value, name: str) -> bytes:
    data = expect_bytes(value, name, maximum=32)
    if len(data) not in (0, 32):
        raise Malformed(f"{name} must be empty or 32 bytes", section="5.6")
    return data


def _parameters(value: Value, name: str) -> tuple[tuple[str, int], ...]:
    pairs = [
        expect_array(pair, "parameter", length=2) for pair in expect_array(value, name, maximum=64)
    ]
    parameters = tuple(
        (expect_text(p[0], "parameter name", 64), _number(p[1], "parameter value")) for p in pairs
    )
    names = [name for name, _ in parameters]
    if names != sorted(dict.fromkeys(names)):
        raise Malformed("parameters must be sorted by name, each once", section="5.6")
    return parameters


def _read_charter(f: tuple[Value, ...]) -> Body:
    return CharterBody(
        expect_text(f[0], "house name", limits.NAME_SIZE_MAX_BYTES),
        _members(f[1], "founders", 2),
        _parameters(f[2], "parameters"),
    )


def _write_charter(b: CharterBody) -> list[Value]:
    return [b.name, list(b.founders), [[name, value] for name, value in b.parameters]]


def _read_amendment(f: tuple[Value, ...]) -> Body:
    changes = _parameters(f[1], "changes")
    if not changes:
        raise Malformed("an amendment changes something", section="5.6")
    return AmendmentBody(expect_bytes(f[0], "previous version", length=32), changes)


def _write_amendment(b: AmendmentBody) -> list[Value]:
    return [b.previous, [[name, value] for name, value in b.changes]]


def _read_statement(f: tuple[Value, ...]) -> Body:
    languages = tuple(
        expect_text(item, "language", 16) for item in expect_array(f[1], "languages", maximum=8)
    )
    return StatementBody(
        expect_text(f[0], "name", limits.NAME_SIZE_MAX_BYTES),
        languages,
        expect_bytes(f[2], "link key", length=32),
        _commitment(f[3], "e-mail commitment"),
        _commitment(f[4], "phone commitment"),
    )


def _write_statement(b: StatementBody) -> list[Value]:
    return [b.name, list(b.languages), b.link_key, b.email_commitment, b.phone_commitment]


def _read_keys(f: tuple[Value, ...]) -> Body:
    guardians = _members(f[1], "guardians", GUARDIANS_MAX)
    revoked = tuple(
        expect_bytes(item, "revoked key", length=32)
        for item in expect_array(f[4], "revoked", maximum=limits.REVOKED_KEYS_MAX)
    )
    for name, keys in (("guardians", guardians), ("revoked", revoked)):
        if list(keys) != sorted(dict.fromkeys(keys)):
            raise Malformed(f"{name} must be sorted, each once", section="18.2")
    approvals_min = expect_uint(f[2], "approvals", APPROVALS_MAX)
    if approvals_min < 2:
        raise Malformed("a successor takes the approval of two guardians at least", section="18.2")
    next_hash = expect_bytes(f[0], "next root's hash", length=32)
    return KeysBody(next_hash, guardians, approvals_min, expect_bool(f[3], "frozen"), revoked)


def _write_keys(b: KeysBody) -> list[Value]:
    return [b.next_hash, list(b.guardians), b.approvals_min, b.is_frozen, list(b.revoked)]


def _read_seat(f: tuple[Value, ...]) -> Body:
    return SeatBody(
        _member(f[0], "candidate"),
        _commitment(f[1], "checked e-mail"),
        _commitment(f[2], "checked phone"),
    )


def _write_seat(b: SeatBody) -> list[Value]:
    return [b.candidate, b.email_checked, b.phone_checked]


def _read_validation(f: tuple[Value, ...]) -> Body:
    return ValidationBody(_member(f[0], "member"), expect_bool(f[1], "holds"))


def _write_validation(b: ValidationBody) -> list[Value]:
    return [b.member, b.holds]


def _read_half(f: tuple[Value, ...]) -> Body:
    return HalfBody(
        _member(f[0], "friend"),
        expect_bytes(f[1], "revocation hash", length=32),
        expect_bool(f[2], "shows"),
        expect_bool(f[3], "friend is member"),
    )


def _write_half(b: HalfBody) -> list[Value]:
    return [b.friend, b.revocation_hash, b.shows, b.friend_is_member]


def _read_listing(f: tuple[Value, ...]) -> Body:
    number = expect_uint(f[2], "thing kind", 255)
    if number not in ThingKind.__members__.values():
        raise Malformed(f"thing kind {number} is unknown", section="5.7")
    pairs = [
        expect_array(pair, "busy interval", length=2)
        for pair in expect_array(f[5], "busy", maximum=limits.BUSY_INTERVALS_MAX)
    ]
    return ListingBody(
        expect_text(f[0], "title", limits.TITLE_SIZE_MAX_BYTES),
        expect_text(f[1], "text", limits.TEXT_SIZE_MAX_BYTES),
        ThingKind(number),
        _circles(f[3]),
        _members(f[4], "through", limits.THROUGH_MAX),
        tuple(_interval(p[0], p[1]) for p in pairs),
        _availability(f[6]),
        tuple(
            _photo(item)
            for item in expect_array(f[7], "photos", maximum=limits.PHOTOS_PER_LISTING_MAX)
        ),
        expect_uint(f[8], "category", 255),
        expect_text(f[9], "conditions", limits.CONDITIONS_SIZE_MAX_BYTES),
        expect_text(f[10], "licence", limits.LICENCE_SIZE_MAX_BYTES),
        _file(f[11]),
    )


def _availability(value: Value) -> Availability:
    rows, shortest, longest = expect_array(value, "availability", length=3)
    weekly: list[tuple[int, int]] = []
    for row in expect_array(rows, "weekly", maximum=limits.WEEKLY_INTERVALS_MAX):
        start, end = _interval(*expect_array(row, "interval of the week", length=2))
        if end > MINUTES_PER_WEEK or (weekly and start <= weekly[-1][1]):
            raise Malformed("intervals of the week must be sorted and apart", section="5.7")
        weekly.append((start, end))
    return Availability(
        tuple(weekly), _number(shortest, "shortest loan"), _number(longest, "longest loan")
    )


def _file(value: Value) -> ThingFile | None:
    fields = expect_array(value, "file", maximum=3)
    if not fields:
        return None
    title, name, size = expect_array(value, "file", length=3)
    file = ThingFile(
        expect_text(title, "file's title", limits.FILE_TITLE_SIZE_MAX_BYTES),
        expect_bytes(name, "file's name", length=32),
        expect_uint(size, "file's size", limits.FILE_SIZE_MAX_BYTES),
    )
    if file.size_bytes == 0:
        raise Malformed("a file has no bytes", section="5.7")
    return file


def _photo(value: Value) -> Photo:
    full, full_size, thumbnail, thumbnail_size = expect_array(value, "photo", length=4)
    photo = Photo(
        expect_bytes(full, "photo", length=32),
        expect_uint(full_size, "photo's size", limits.PHOTO_SIZE_MAX_BYTES),
        expect_bytes(thumbnail, "thumbnail", length=32),
        expect_uint(thumbnail_size, "thumbnail's size", limits.THUMBNAIL_SIZE_MAX_BYTES),
    )
    if photo.full_size_bytes == 0 or photo.thumbnail_size_bytes == 0:
        raise Malformed("a photo has no bytes", section="5.7")
    return photo


def _write_listing(b: ListingBody) -> list[Value]:
    busy: list[Value] = [[start, end] for start, end in b.busy]
    photos: list[Value] = [
        [p.full, p.full_size_bytes, p.thumbnail, p.thumbnail_size_bytes] for p in b.photos
    ]
    file: list[Value] = [] if b.file is None else [b.file.title, b.file.name, b.file.size_bytes]
    given = b.availability
    weekly: list[Value] = [[start, end] for start, end in given.weekly]
    availability: list[Value] = [weekly, given.shortest_minutes, given.longest_minutes]
    return [
        b.title, b.text, int(b.thing_kind), b.circles, list(b.through), busy, availability, photos,
        int(b.category_code), b.conditions, b.licence, file,
    ]  # fmt: skip


def _read_withdrawal(f: tuple[Value, ...]) -> Body:
    return WithdrawalBody(
        _object(f[0], "target"),
        _number(f[1], "target epoch"),
        _number(f[2], "target sequence"),
        _circles(f[3]),
        _members(f[4], "through", limits.THROUGH_MAX),
    )


def _write_withdrawal(b: WithdrawalBody) -> list[Value]:
    return [b.target, b.target_epoch, b.target_sequence, b.circles, list(b.through)]


def _read_request(f: tuple[Value, ...]) -> Body:
    start, end = _interval(f[4], f[5])
    return RequestBody(
        _object(f[0], "loan"),
        _path(f[1]),
        _number(f[2], "round"),
        _object(f[3], "thing"),
        start,
        end,
        _signature(f[6], "borrower's signature"),
        expect_bytes(f[7], "borrower's link key", length=32),
        _sealed(f[8]),
    )


def _write_request(b: RequestBody) -> list[Value]:
    return [
        b.loan, list(b.path), b.round, b.thing, b.from_minute, b.to_minute,
        b.borrower_signature, b.borrower_link_key, b.sealed,
    ]  # fmt: skip


def _read_pass(f: tuple[Value, ...]) -> Body:
    recommends = expect_bool(f[3], "recommends")
    return PassBody(_object(f[0], "loan"), _path(f[1]), _number(f[2], "round"), recommends)


def _write_pass(b: PassBody) -> list[Value]:
    return [b.loan, list(b.path), b.round, b.recommends]


def _read_counter(f: tuple[Value, ...]) -> Body:
    start, end = _interval(f[3], f[4])
    loan, path, number = _object(f[0], "loan"), _path(f[1]), _number(f[2], "round")
    return CounterBody(loan, path, number, start, end, _sealed(f[5]))


def _write_counter(b: CounterBody) -> list[Value]:
    return [b.loan, list(b.path), b.round, b.from_minute, b.to_minute, b.sealed]


def _read_agreement(f: tuple[Value, ...]) -> Body:
    signature = _signature(f[3], "holder's signature")
    loan, path, number = _object(f[0], "loan"), _path(f[1]), _number(f[2], "round")
    return AgreementBody(loan, path, number, signature, _sealed(f[4]))


def _write_agreement(b: AgreementBody) -> list[Value]:
    return [b.loan, list(b.path), b.round, b.holder_signature, b.sealed]


def _read_decline(f: tuple[Value, ...]) -> Body:
    return DeclineBody(_object(f[0], "loan"), _path(f[1]), _number(f[2], "round"), _sealed(f[3]))


def _write_decline(b: DeclineBody) -> list[Value]:
    return [b.loan, list(b.path), b.round, b.sealed]


def _read_cancel(f: tuple[Value, ...]) -> Body:
    return CancelBody(_object(f[0], "loan"), _path(f[1]), _sealed(f[2]))


def _write_cancel(b: CancelBody) -> list[Value]:
    return [b.loan, list(b.path), b.sealed]


def _read_handover(f: tuple[Value, ...]) -> Body:
    return HandoverBody(_object(f[0], "loan"), _path(f[1]))


def _read_return(f: tuple[Value, ...]) -> Body:
    return ReturnBody(_object(f[0], "loan"), _path(f[1]))


def _write_place(b: HandoverBody | ReturnBody) -> list[Value]:
    return [b.loan, list(b.path)]


def _read_commitment(f: tuple[Value, ...]) -> Body:
    commitment = expect_bytes(f[2], "commitment", length=32)
    return CommitmentBody(_object(f[0], "loan"), _path(f[1]), commitment)


def _write_commitment(b: CommitmentBody) -> list[Value]:
    return [b.loan, list(b.path), b.commitment]


def _read_report(f: tuple[Value, ...]) -> Body:
    number = expect_uint(f[2], "event", Event.DAMAGED.value)
    if number < Event.GIFT.value:
        raise Malformed("an event is 1, 2 or 3", section="5.8")
    return ReportBody(_object(f[0], "loan"), _path(f[1]), Event(number), _sealed(f[3]))


def _write_report(b: ReportBody) -> list[Value]:
    return [b.loan, list(b.path), b.event.value, b.sealed]


def _read_terms(value: Value) -> Terms:
    t = expect_array(value, "terms", length=8)
    start, end = _interval(t[6], t[7])
    return Terms(
        HouseId(expect_bytes(t[0], "house", length=32)),
        _object(t[1], "loan"),
        _object(t[2], "thing"),
        _member(t[3], "holder"),
        _member(t[4], "borrower"),
        _number(t[5], "round"),
        start,
        end,
    )


def _write_terms(t: Terms) -> list[Value]:
    return [
        t.house, t.loan, t.thing, t.holder, t.borrower, t.round, t.from_minute, t.to_minute,
    ]  # fmt: skip


def _read_rating(f: tuple[Value, ...]) -> Body:
    confiance = expect_uint(f[3], "confiance", 1)
    return RatingBody(
        _read_terms(f[0]),
        _signature(f[1], "borrower's signature"),
        _signature(f[2], "holder's signature"),
        confiance,
        expect_uint(f[4], "respect", 10),
        expect_bytes(f[5], "salt", length=16),
        _fault(f[6], confiance),
    )


def _fault(value: Value, confiance: int) -> Fault:
    fault = Fault(expect_uint(value, "fault", max(Fault)))
    if (fault is Fault.NONE) != (confiance == 1):
        raise Malformed("a fault is named exactly where it did not go as agreed", "5.9")
    return fault


def _write_rating(b: RatingBody) -> list[Value]:
    signatures: list[Value] = [b.borrower_signature, b.holder_signature]
    return [_write_terms(b.terms), *signatures, b.confiance, b.respect, b.salt, int(b.fault)]


def _read_repair(f: tuple[Value, ...]) -> Body:
    return RepairBody(
        _read_terms(f[0]),
        _signature(f[1], "borrower's signature"),
        _signature(f[2], "holder's signature"),
    )


def _read_mediation(f: tuple[Value, ...]) -> Body:
    return MediationBody(
        _member(f[0], "mediator"),
        _read_terms(f[1]),
        _signature(f[2], "borrower's signature"),
        _signature(f[3], "holder's signature"),
        _sealed(f[4]),
    )


def _write_mediation(b: MediationBody) -> list[Value]:
    signatures: list[Value] = [b.borrower_signature, b.holder_signature]
    return [b.mediator, _write_terms(b.terms), *signatures, b.sealed]


def _read_settlement(f: tuple[Value, ...]) -> Body:
    return SettlementBody(
        _object(f[0], "loan"), _member(f[1], "rater"), expect_bool(f[2], "settled")
    )


def _write_settlement(b: SettlementBody) -> list[Value]:
    return [b.loan, b.rater, b.settled]


def _write_contract(b: RepairBody | RetractionBody) -> list[Value]:
    return [_write_terms(b.terms), b.borrower_signature, b.holder_signature]


def _read_retraction(f: tuple[Value, ...]) -> Body:
    return RetractionBody(
        _read_terms(f[0]),
        _signature(f[1], "borrower's signature"),
        _signature(f[2], "holder's signature"),
    )


def _read_reply(f: tuple[Value, ...]) -> Body:
    text = expect_text(f[3], "reply", limits.REPLY_SIZE_MAX_BYTES)
    if not text:
        raise Malformed("a reply without a word", "5.9")
    return ReplyBody(
        _read_terms(f[0]),
        _signature(f[1], "borrower's signature"),
        _signature(f[2], "holder's signature"),
        text,
    )


def _write_reply(b: ReplyBody) -> list[Value]:
    return [_write_terms(b.terms), b.borrower_signature, b.holder_signature, b.text]


def _read_entry(f: tuple[Value, ...]) -> Body:
    return EntryBody(
        _object(f[0], "loan"),
        _member(f[1], "holder"),
        _member(f[2], "borrower"),
        _number(f[3], "due day"),
        expect_bytes(f[4], "particulars", length=32),
        _signature(f[5], "borrower's signature"),
        _signature(f[6], "holder's signature"),
        _number(f[7], "number"),
        _commitment(f[8], "previous"),
        _number(f[9], "first"),
    )


def _write_entry(b: EntryBody) -> list[Value]:
    parties: list[Value] = [b.loan, b.holder, b.borrower, b.due_day, b.particulars]
    return [
        *parties, b.borrower_signature, b.holder_signature, b.number, b.previous, b.first,
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Layout:
    fields: int
    read: Callable[[tuple[Value, ...]], Body]
    write: Callable[..., list[Value]]
    size_max_bytes: int = limits.RECORD_SIZE_MAX_BYTES


_LAYOUTS: dict[Kind, _Layout] = {
    Kind.CHARTER: _Layout(3, _read_charter, _write_charter),
    Kind.AMENDMENT: _Layout(2, _read_amendment, _write_amendment, limits.KEYS_SIZE_MAX_BYTES),
    Kind.STATEMENT: _Layout(5, _read_statement, _write_statement, limits.RATING_SIZE_MAX_BYTES),
    Kind.SEAT: _Layout(3, _read_seat, _write_seat, limits.CERTIFICATE_SIZE_MAX_BYTES),
    Kind.HALF: _Layout(4, _read_half, _write_half, limits.CERTIFICATE_SIZE_MAX_BYTES),
    Kind.LISTING: _Layout(12, _read_listing, _write_listing),
    Kind.WITHDRAWAL: _Layout(5, _read_withdrawal, _write_withdrawal),
    Kind.KEYS: _Layout(5, _read_keys, _write_keys, limits.KEYS_SIZE_MAX_BYTES),
    Kind.VALIDATION: _Layout(
        2, _read_validation, _write_validation, limits.CERTIFICATE_SIZE_MAX_BYTES
    ),
    Kind.REQUEST: _Layout(9, _read_request, _write_request),
    Kind.PASS: _Layout(4, _read_pass, _write_pass),
    Kind.COUNTER: _Layout(6, _read_counter, _write_counter),
    Kind.AGREEMENT: _Layout(5, _read_agreement, _write_agreement),
    Kind.DECLINE: _Layout(4, _read_decline, _write_decline),
    Kind.CANCEL: _Layout(3, _read_cancel, _write_cancel),
    Kind.HANDOVER: _Layout(2, _read_handover, _write_place),
    Kind.RETURN: _Layout(2, _read_return, _write_place),
    Kind.COMMITMENT: _Layout(3, _read_commitment, _write_commitment),
    Kind.REPORT: _Layout(4, _read_report, _write_report),
    Kind.MEDIATION: _Layout(5, _read_mediation, _write_mediation),
    Kind.SETTLEMENT: _Layout(
        3, _read_settlement, _write_settlement, limits.CERTIFICATE_SIZE_MAX_BYTES
    ),
    Kind.RATING: _Layout(7, _read_rating, _write_rating, limits.RATING_SIZE_MAX_BYTES),
    Kind.REPAIR: _Layout(3, _read_repair, _write_contract, limits.RATING_SIZE_MAX_BYTES),
    Kind.ENTRY: _Layout(10, _read_entry, _write_entry, limits.RATING_SIZE_MAX_BYTES),
    Kind.REPLY: _Layout(4, _read_reply, _write_reply, limits.RATING_SIZE_MAX_BYTES),
    Kind.RETRACTION: _Layout(3, _read_retraction, _write_contract, limits.RATING_SIZE_MAX_BYTES),
}


def body_size_max_bytes(kind: Kind) -> int:
    """Largest envelope of this kind. Spec: §14."""
    return _LAYOUTS[kind].size_max_bytes


def encode_body(body: Body) -> list[Value]:
    """The array that goes into a record's body slot."""
    return _LAYOUTS[body.kind].write(body)


def decode_body(kind: Kind, value: Value) -> Body:
    """Read a body of ``kind``.

    Raises:
        DecodeError: wrong length, type or range of a field, named in the message.
    """
    layout = _LAYOUTS[kind]
    fields = expect_array(value, f"{kind.name.lower()} body", length=layout.fields)
    return layout.read(fields)
