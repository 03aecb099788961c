"""What befell each record, kept so that a violation can be read as a story.

Notes are taken where disks are written, so they say what members held and from whom
they had it, not what engines thought. Bounded per record: the newest are kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from node.engine.events import Persist, Space
from protocol.keys import MemberId, ObjectId
from simulations.disk import Register, Version, envelope_in
from simulations.signing import InterningOpener

NOTES_MAX: Final = 200


class History:
    """Notes on every record that was ever written.

    Args:
        opener: reads envelopes without counting them.
        name: what members are called.
    """

    def __init__(self, opener: InterningOpener, name: Callable[[MemberId], str]) -> None:
        self._opener = opener
        self._name = name
        self._notes: dict[Register, deque[str]] = {}
        self._held: dict[tuple[MemberId, Register], Version] = {}

    def take(self, step: int, at_ms: int, member: MemberId, changes: Iterable[Persist]) -> None:
        """Note what a commit means for the records in it."""
        for change in changes:
            if change.space is not Space.RECORD:
                continue
            register = (MemberId(change.key[:32]), ObjectId(change.key[32:]))
            line = self._line(member, register, change)
            if line is not None:
                notes = self._notes.setdefault(register, deque(maxlen=NOTES_MAX))
                notes.append(f"step {step}, {at_ms / 1000:.3f} s: {self._name(member)} {line}")

    def _line(self, member: MemberId, register: Register, change: Persist) -> str | None:
        place = (member, register)
        envelope = envelope_in(change)
        if envelope is None:
            return "lets go of it" if self._held.pop(place, None) is not None else None
        record = self._opener.peek(envelope)
        if self._held.get(place) == record.version:
            return None  # only moved within the log
        self._held[place] = record.version
        giver = change.value[2] if isinstance(change.value, list | tuple) else b""
        version = f"version {record.epoch}.{record.sequence}"
        if record.author == member:
            return f"signs {version}"
        assert isinstance(giver, bytes), "a record row names its giver"
        return f"keeps {version}, from {self._name(MemberId(giver))}"

    def lines(self, register: Register) -> list[str]:
        """The story of one record, oldest first."""
        return list(self._notes.get(register, ()))
