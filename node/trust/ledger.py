"""The ledger: of all that somebody borrowed, what went as agreed, what did not, what nobody tells.

Ratings alone say how the loans went that somebody speaks of. Who does not bring things back
would like the others not to know that there was a loan, while its victim is away. So each
loan that was handed over is an *entry* in the borrower's ledger. The holder says the same
entry as a witness, and whoever holds one of the two knows of the loan. The borrower numbers
the entries, each with a link to the one before: a number that is missing is a loan that is
not shown, and two entries of one number, or a link that does not fit, are proof of two
ledgers.

Pure: must not import anything that acts.

Source: design 7.5, 8.9; the chain and its forks as in the tamper-evident logs of Crosby and
Wallach (2009) and the accountability of Haeberlen et al., PeerReview (2007).

Spec: §12.8.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from node.trust.evidence import Evidence, Word, with_changes
from protocol.bodies import EntryBody
from protocol.charter import Charter
from protocol.errors import BadSignature, InvalidState, NotYours, RemoteProtocolError
from protocol.exchange import contract_is_signed, expected_object
from protocol.keys import MemberId, ObjectId
from protocol.mandates import Verify
from protocol.records import Record

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One loan in somebody's ledger, as its borrower or its holder says.

    Args:
        epoch: of the borrower's device; entries of one ledger are compared within one.
        number: 0 when the holder says it.
        due_day: counted from 1970-01-01.
    """

    epoch: int
    number: int
    loan: ObjectId
    holder: MemberId
    borrower: MemberId
    due_day: int
    first: int
    previous: bytes
    link: bytes


@dataclass(frozen=True, slots=True)
class Account:
    """What a ledger and the ratings say of one member's loans, in numbers of loans.

    Args:
        good, bad: rated 1, and 0, by the other party.
        repaired: rated 0 and made good since.
        under_way: borrowed, and not due for so long that an answer would be due.
        without_answer: borrowed, due long ago, and the holder has not said how it went.
        missing: numbers of the ledger that are not held here.
        is_forked: two ledgers are proved.
    """

    good: int = 0
    bad: int = 0
    repaired: int = 0
    under_way: int = 0
    without_answer: int = 0
    missing: int = 0
    is_forked: bool = False


class Ledgers:
    """Entries by the borrower, each list in the order of entries."""

    __slots__ = ("_of", "_of_word")

    def __init__(self, entries: Iterable[tuple[Word, Entry]] = ()) -> None:
        """Entries, each with the party that says it of its loan."""
        self._of_word = dict(entries)
        self._of = with_changes({}, (), self._of_word.values(), _borrower_of)

    def with_words(self, words: Iterable[Word], told: Ledgers) -> Ledgers:
        """What they are when some words are now as ``told``, which holds no others."""
        changed = Ledgers()
        changed._of_word = dict(self._of_word)
        former = [changed._of_word.pop(word, None) for word in words]
        gone = [entry for entry in former if entry is not None]
        changed._of_word.update(told._of_word)
        changed._of = with_changes(self._of, gone, told._of_word.values(), _borrower_of)
        return changed

    def of(self, borrower: MemberId) -> tuple[Entry, ...]:
        """All entries of a member's ledger, its own and its witnesses'."""
        return self._of.get(borrower, ())


def gather_ledgers(records: Iterable[Record], verify: Verify) -> Ledgers:
    """Make ledgers of entry records; what does not count is left out.

    Args:
        records: opened records, one a register, their own signatures checked; other
            kinds are ignored.
        verify: checks the contract signatures inside.
    """
    return Ledgers(
        ((record.body.loan, record.author), _entry(record, record.body))
        for record in records
        if isinstance(record.body, EntryBody) and why_no_entry(record, record.body, verify) is None
    )


def why_no_entry(record: Record, body: EntryBody, verify: Verify) -> RemoteProtocolError | None:
    """Why an entry does not count by itself; None when it does. Spec: §11.8."""
    if record.object != expected_object(body):
        return NotYours("it stands in the wrong register", section="11.8")
    if record.author not in (body.holder, body.borrower):
        return NotYours("only the parties of a loan write it down", section="11.8")
    if not _is_numbered_well(record, body):
        return InvalidState("the ledger cannot have such a number", section="11.8")
    if not contract_is_signed(body, record.house, verify):
        return BadSignature("the contract is not signed by both parties", section="11.8")
    return None


def _is_numbered_well(record: Record, body: EntryBody) -> bool:
    if record.author == body.borrower:
        has_previous = len(body.previous) > 0
        return 1 <= body.first <= body.number and has_previous == (body.number > 1)
    return (body.number, body.previous, body.first) == (0, b"", 0)


def account_of(
    ledgers: Ledgers, evidence: Evidence, member: MemberId, charter: Charter, now_ms: int
) -> Account:
    """What is known of a member's loans. The same records give the same account on every node.

    Spec: §12.8.
    """
    rated = evidence.about(member)
    answered = {(rating.loan, rating.rater): None for rating in rated}
    entries = ledgers.of(member)
    due_days: dict[ObjectId, int] = {}
    for entry in entries:
        key = (entry.loan, entry.holder)
        if key not in answered and not evidence.is_taken_back(*key):
            due_days[entry.loan] = max(entry.due_day, due_days.get(entry.loan, 0))
    silent = [
        now_ms >= (due_day + 1) * _DAY_MS + charter.unanswered_ms for due_day in due_days.values()
    ]
    numbered = [entry for entry in entries if entry.number > 0]
    return Account(
        good=sum(rating.confiance == 1 for rating in rated),
        bad=sum(rating.confiance == 0 and not rating.is_repaired for rating in rated),
        repaired=sum(rating.is_repaired for rating in rated),
        under_way=silent.count(False),
        without_answer=silent.count(True),
        missing=_missing(numbered),
        is_forked=any(_contradict(one, next_) for one, next_ in itertools.pairwise(numbered)),
    )


def _missing(numbered: list[Entry]) -> int:
    """Numbers that the newest entry says are still shown, and that are not here."""
    if not numbered:
        return 0
    newest = numbered[-1]
    held = {entry.number: None for entry in numbered if newest.first <= entry.number}
    return max(0, newest.number - newest.first + 1 - len(held))


def _contradict(one: Entry, following: Entry) -> bool:
    """Whether two neighbours in one ledger cannot both be of it."""
    if one.epoch != following.epoch:
        return False  # a restored node may have lost its newest entries
    if one.number == following.number:
        return True
    return one.number + 1 == following.number and one.link != following.previous


def _borrower_of(entry: Entry) -> MemberId:
    return entry.borrower


def _entry(record: Record, body: EntryBody) -> Entry:
    return Entry(
        epoch=record.epoch,
        number=body.number,
        loan=body.loan,
        holder=body.holder,
        borrower=body.borrower,
        due_day=body.due_day,
        first=body.first,
        previous=body.previous,
        link=body.link(),
    )
