"""The table of layouts: the only place where kinds, layouts and sizes meet.

Spec section 5.5 lists the same table.

Spec: §5.5 to §5.9, §14.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from protocol import limits
from protocol.bodies import (
    Body,
    Kind,
)
from protocol.encoding import (
    Value,
    expect_array,
)
from protocol.layouts.evidence import (
    read_entry,
    read_mediation,
    read_rating,
    read_repair,
    read_reply,
    read_retraction,
    read_settlement,
    write_contract,
    write_entry,
    write_mediation,
    write_rating,
    write_reply,
    write_settlement,
)
from protocol.layouts.house import (
    read_amendment,
    read_charter,
    read_half,
    read_keys,
    read_seat,
    read_statement,
    read_validation,
    write_amendment,
    write_charter,
    write_half,
    write_keys,
    write_seat,
    write_statement,
    write_validation,
)
from protocol.layouts.loans import (
    read_agreement,
    read_cancel,
    read_commitment,
    read_counter,
    read_decline,
    read_handover,
    read_pass,
    read_report,
    read_request,
    read_return,
    write_agreement,
    write_cancel,
    write_commitment,
    write_counter,
    write_decline,
    write_pass,
    write_place,
    write_report,
    write_request,
)
from protocol.layouts.things import (
    read_listing,
    read_withdrawal,
    write_listing,
    write_withdrawal,
)


@dataclass(frozen=True, slots=True)
class _Layout:
    fields: int
    read: Callable[[tuple[Value, ...]], Body]
    write: Callable[..., list[Value]]
    size_max_bytes: int = limits.RECORD_SIZE_MAX_BYTES


_LAYOUTS: dict[Kind, _Layout] = {
    Kind.CHARTER: _Layout(3, read_charter, write_charter),
    Kind.AMENDMENT: _Layout(2, read_amendment, write_amendment, limits.KEYS_SIZE_MAX_BYTES),
    Kind.STATEMENT: _Layout(5, read_statement, write_statement, limits.RATING_SIZE_MAX_BYTES),
    Kind.SEAT: _Layout(3, read_seat, write_seat, limits.CERTIFICATE_SIZE_MAX_BYTES),
    Kind.HALF: _Layout(4, read_half, write_half, limits.CERTIFICATE_SIZE_MAX_BYTES),
    Kind.LISTING: _Layout(12, read_listing, write_listing),
    Kind.WITHDRAWAL: _Layout(5, read_withdrawal, write_withdrawal),
    Kind.KEYS: _Layout(5, read_keys, write_keys, limits.KEYS_SIZE_MAX_BYTES),
    Kind.VALIDATION: _Layout(
        2, read_validation, write_validation, limits.CERTIFICATE_SIZE_MAX_BYTES
    ),
    Kind.REQUEST: _Layout(9, read_request, write_request),
    Kind.PASS: _Layout(4, read_pass, write_pass),
    Kind.COUNTER: _Layout(6, read_counter, write_counter),
    Kind.AGREEMENT: _Layout(5, read_agreement, write_agreement),
    Kind.DECLINE: _Layout(4, read_decline, write_decline),
    Kind.CANCEL: _Layout(3, read_cancel, write_cancel),
    Kind.HANDOVER: _Layout(2, read_handover, write_place),
    Kind.RETURN: _Layout(2, read_return, write_place),
    Kind.COMMITMENT: _Layout(3, read_commitment, write_commitment),
    Kind.REPORT: _Layout(4, read_report, write_report),
    Kind.MEDIATION: _Layout(5, read_mediation, write_mediation),
    Kind.SETTLEMENT: _Layout(
        3, read_settlement, write_settlement, limits.CERTIFICATE_SIZE_MAX_BYTES
    ),
    Kind.RATING: _Layout(7, read_rating, write_rating, limits.RATING_SIZE_MAX_BYTES),
    Kind.REPAIR: _Layout(3, read_repair, write_contract, limits.RATING_SIZE_MAX_BYTES),
    Kind.ENTRY: _Layout(10, read_entry, write_entry, limits.RATING_SIZE_MAX_BYTES),
    Kind.REPLY: _Layout(4, read_reply, write_reply, limits.RATING_SIZE_MAX_BYTES),
    Kind.RETRACTION: _Layout(3, read_retraction, write_contract, limits.RATING_SIZE_MAX_BYTES),
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
