"""Paper loans: what was lent to somebody without a node, written down at home.

"Lent to my aunt": it takes the thing's dates and stands among the loans, so that the
owner remembers. Nobody else's node knows of it but by the calendar, and it builds no
trust: nobody signed anything.

Pure: must not import anything that acts.

Spec: §11.7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from node.engine.core import Core
from node.engine.ids import PREFIX_MIN_LENGTH
from protocol.encoding import Value, expect_array, expect_bytes, expect_text, expect_uint
from protocol.errors import Refused
from protocol.keys import ObjectId
from protocol.limits import NAME_SIZE_MAX_BYTES, TITLE_SIZE_MAX_BYTES, UINT_MAX

_NOTE: Final = "paper-loans"
LOANS_MAX: Final = 200
"""Kept; the oldest that are back make room."""


@dataclass(frozen=True, slots=True)
class PaperLoan:
    """One loan on paper. Dates are calendar minutes, half open."""

    loan: ObjectId
    thing: ObjectId
    title: str
    name: str
    from_minute: int
    to_minute: int
    lent_ms: int
    is_back: bool = False


def paper_loans(core: Core) -> list[PaperLoan]:
    """All that are kept, in the order they were written down."""
    note = core.get_local(_NOTE)
    return [] if note is None else [_read(row) for row in expect_array(note, "paper loans")]


def out_of(core: Core, thing: ObjectId) -> list[PaperLoan]:
    """Those of a thing that is not back yet."""
    return [loan for loan in paper_loans(core) if loan.thing == thing and not loan.is_back]


def write_down(core: Core, loan: PaperLoan) -> None:
    """Keep one more. Raises Refused when all that are kept are still out."""
    kept = paper_loans(core)
    if len(kept) >= LOANS_MAX:
        oldest = next((place for place, old in enumerate(kept) if old.is_back), None)
        if oldest is None:
            raise Refused("too-many-paper-loans", maximum=LOANS_MAX)
        del kept[oldest]
    _keep(core, [*kept, loan])


def find(core: Core, text: str) -> PaperLoan | None:
    """The one that is meant by an id or the 8 or more characters it begins with."""
    prefix = text.strip().lower()
    if len(prefix) < PREFIX_MIN_LENGTH:
        return None
    found = [loan for loan in paper_loans(core) if loan.loan.hex().startswith(prefix)]
    return found[0] if len(found) == 1 else None


def take_back(core: Core, loan: PaperLoan) -> None:
    """It is home again."""
    kept = [replace(old, is_back=old.is_back or old == loan) for old in paper_loans(core)]
    _keep(core, kept)


def _keep(core: Core, loans: list[PaperLoan]) -> None:
    rows: Value = [_write(loan) for loan in loans]
    core.put_local(_NOTE, rows)


def _write(loan: PaperLoan) -> Value:
    return [
        loan.loan, loan.thing, loan.title, loan.name,
        loan.from_minute, loan.to_minute, loan.lent_ms, int(loan.is_back),
    ]  # fmt: skip


def _read(value: Value) -> PaperLoan:
    row = expect_array(value, "paper loan", length=8)
    return PaperLoan(
        ObjectId(expect_bytes(row[0], "loan", length=16)),
        ObjectId(expect_bytes(row[1], "thing", length=16)),
        expect_text(row[2], "title", TITLE_SIZE_MAX_BYTES),
        expect_text(row[3], "name", NAME_SIZE_MAX_BYTES),
        expect_uint(row[4], "from", UINT_MAX),
        expect_uint(row[5], "to", UINT_MAX),
        expect_uint(row[6], "lent", UINT_MAX),
        expect_uint(row[7], "back", 1) == 1,
    )
