"""What befell each record, kept so that it can be read as a story or drawn.

Notes are taken where disks are written, so they say what members held and from whom
they had it, not what engines thought. Bounded per record: the newest are kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from node.engine.events import Persist, Space
from protocol.bodies import ListingBody
from protocol.keys import MemberId, ObjectId
from simulations.disk import Register, Version, envelope_in
from simulations.signing import InterningOpener

NOTES_MAX: Final = 200

Deed: TypeAlias = Literal["signs", "keeps", "lets go"]


@dataclass(frozen=True, slots=True)
class Note:
    """One member's disk, and one record.

    Args:
        version: of the record; None when it is let go of.
        giver: whom a member who keeps it has it from.
    """

    step: int
    at_ms: int
    member: MemberId
    deed: Deed
    version: Version | None = None
    giver: MemberId | None = None


class History:
    """Notes on every record that was ever written.

    Args:
        opener: reads envelopes without counting them.
        name: what members are called.

    ``titles`` has what each thing was first called by who lists it.
    """

    def __init__(self, opener: InterningOpener, name: Callable[[MemberId], str]) -> None:
        self._opener = opener
        self._name = name
        self._notes: dict[Register, deque[Note]] = {}
        self._held: dict[tuple[MemberId, Register], Version] = {}
        self.titles: dict[Register, str] = {}

    def take(self, step: int, at_ms: int, member: MemberId, changes: Iterable[Persist]) -> None:
        """Note what a commit means for the records in it."""
        for change in changes:
            if change.space is not Space.RECORD:
                continue
            register = (MemberId(change.key[:32]), ObjectId(change.key[32:]))
            note = self._note(step, at_ms, member, register, change)
            if note is not None:
                self._notes.setdefault(register, deque(maxlen=NOTES_MAX)).append(note)

    def _note(
        self, step: int, at_ms: int, member: MemberId, register: Register, change: Persist
    ) -> Note | None:
        place = (member, register)
        envelope = envelope_in(change)
        if envelope is None:
            was_held = self._held.pop(place, None) is not None
            return Note(step, at_ms, member, "lets go") if was_held else None
        record = self._opener.peek(envelope)
        if self._held.get(place) == record.version:
            return None  # only moved within the log
        self._held[place] = record.version
        if record.author == member:
            if isinstance(record.body, ListingBody):
                self.titles.setdefault(register, record.body.title)
            return Note(step, at_ms, member, "signs", record.version)
        giver = change.value[2] if isinstance(change.value, list | tuple) else b""
        assert isinstance(giver, bytes), "a record row names its giver"
        return Note(step, at_ms, member, "keeps", record.version, MemberId(giver))

    @property
    def registers(self) -> Iterable[Register]:
        """All that there are notes on, in the order of their first."""
        return self._notes.keys()

    def notes(self, register: Register) -> list[Note]:
        """What befell one record, oldest first."""
        return list(self._notes.get(register, ()))

    def lines(self, register: Register) -> list[str]:
        """The same as sentences."""
        return [
            f"step {note.step}, {note.at_ms / 1000:.3f} s: {self._name(note.member)} "
            f"{did(note, self._name)}"
            for note in self.notes(register)
        ]


def did(note: Note, name: Callable[[MemberId], str]) -> str:
    """What somebody did with a record, without their own name."""
    if note.version is None:
        return "lets go of it"
    epoch, sequence = note.version
    if note.giver is None:
        return f"signs version {epoch}.{sequence}"
    return f"keeps version {epoch}.{sequence}, from {name(note.giver)}"
