"""The box of notices: what was told, what is unread, what waits to be sent.

Pure values and functions, kept as one note (``node.engine.desk``) in JSON. All of it is
bounded: the oldest notice goes first, and each channel has one message under way, which
takes in what comes meanwhile.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from node.notices.facts import EVENTS, SENTENCES, Fact

NOTICES_MAX: Final = 60
_SEEN_MAX: Final = 2500
_SIZE_MAX_BYTES: Final = 60 * 1024
_KEY_LETTERS: Final = 12
BACKOFF_MS: Final = tuple(
    minutes * 60_000 for minutes in (1, 5, 30, 2 * 60, 6 * 60, 12 * 60, 24 * 60)
)
"""How long to wait after the first, second ... failure; after the last, it is given up."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice as it is shown."""

    says: str
    values: dict[str, str]
    href: str
    at_ms: int
    is_read: bool = False


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one channel has to send.

    Args:
        events: keys of ``EVENTS``, each once.
        failures: how often it failed in a row.
        problem: what the last failure said.
        next_ms: when to try; 0 for at once. None when it was given up.
    """

    events: tuple[str, ...]
    failures: int = 0
    problem: str = ""
    next_ms: int | None = 0


@dataclass(frozen=True, slots=True)
class Box:
    """All of it; ``seen`` holds keys of facts, shortened, the latest last."""

    notices: tuple[Notice, ...] = ()
    seen: tuple[str, ...] = ()
    parcels: Mapping[str, Parcel] = field(default_factory=dict)
    is_new: bool = True

    @property
    def unread(self) -> int:
        return sum(not notice.is_read for notice in self.notices)


def take_in(
    box: Box, found: Sequence[Fact], wanted: Mapping[str, Sequence[str]], now_ms: int
) -> Box:
    """The box with what is new.

    A box that was never used takes what holds already as known: whoever begins with it, or
    comes back from a backup of before, is not told everything at once.

    Args:
        found: all facts that hold.
        wanted: by event, the channels that send it.
    """
    keys = {short(fact.key): fact for fact in found}
    known = {*box.seen}
    fresh = [] if box.is_new else [fact for key, fact in keys.items() if key not in known]
    if not fresh and not box.is_new:
        return box
    others = [key for key in box.seen if key not in keys]
    room = max(0, _SEEN_MAX - len(keys))
    notices = tuple(Notice(fact.says, fact.values, fact.href, now_ms) for fact in fresh)
    parcels = dict(box.parcels)
    for fact in fresh:
        for channel in wanted.get(fact.event, ()):
            parcels[channel] = _packed(parcels.get(channel), fact.event)
    return Box(
        (*reversed(notices), *box.notices)[:NOTICES_MAX],
        (*others[len(others) - min(room, len(others)) :], *list(keys)[:_SEEN_MAX]),
        parcels,
        is_new=False,
    )


def _packed(parcel: Parcel | None, event: str) -> Parcel:
    if parcel is None or parcel.next_ms is None:
        return Parcel((event,))
    if event in parcel.events:
        return parcel
    return replace(parcel, events=(*parcel.events, event))


def sent(box: Box, channel: str) -> Box:
    """It is out."""
    return replace(box, parcels={name: p for name, p in box.parcels.items() if name != channel})


def failed(box: Box, channel: str, problem: str, now_ms: int) -> Box:
    """It is tried again later, or no more."""
    parcel = box.parcels[channel]
    waits = BACKOFF_MS[parcel.failures : parcel.failures + 1]
    after = replace(
        parcel,
        failures=parcel.failures + 1,
        problem=problem[:200],
        next_ms=now_ms + waits[0] if waits else None,
    )
    return replace(box, parcels={**box.parcels, channel: after})


def all_read(box: Box) -> Box:
    return replace(box, notices=tuple(replace(notice, is_read=True) for notice in box.notices))


def due(box: Box, now_ms: int) -> list[str]:
    """Channels whose message is to be tried now."""
    return [
        name for name, p in box.parcels.items() if p.next_ms is not None and p.next_ms <= now_ms
    ]


def next_try_ms(box: Box) -> int | None:
    return min((p.next_ms for p in box.parcels.values() if p.next_ms is not None), default=None)


def short(key: str) -> str:
    """A key as it is remembered: 48 bits, for a few thousand of them."""
    return hashlib.sha256(key.encode()).hexdigest()[:_KEY_LETTERS]


# --- as a note -----------------------------------------------------------------------------


def write_box(box: Box) -> bytes:
    """As JSON; the oldest notices are left out until it fits."""
    while True:
        rows = [[n.says, n.values, n.href, n.at_ms, int(n.is_read)] for n in box.notices]
        parcels = {
            name: [list(p.events), p.failures, p.problem, p.next_ms]
            for name, p in box.parcels.items()
        }
        text = json.dumps(
            {"notices": rows, "seen": "".join(box.seen), "parcels": parcels},
            ensure_ascii=False, separators=(",", ":"),
        )  # fmt: skip
        data = text.encode("utf-8", "replace")
        if len(data) <= _SIZE_MAX_BYTES or not box.notices:
            return data
        box = replace(box, notices=box.notices[:-1])


def read_box(data: bytes) -> Box:
    """What ``write_box`` wrote; a new box for nothing."""
    if not data:
        return Box()
    found: dict[str, Any] = json.loads(data)
    width = _KEY_LETTERS
    seen: str = found["seen"]
    return Box(
        tuple(
            Notice(says, values, href, at_ms, bool(is_read))
            for says, values, href, at_ms, is_read in found["notices"]
            if says in SENTENCES
        ),
        tuple(seen[place : place + width] for place in range(0, len(seen), width)),
        {
            name: Parcel(tuple(e for e in events if e in EVENTS), failures, problem, next_ms)
            for name, (events, failures, problem, next_ms) in found["parcels"].items()
        },
        is_new=False,
    )
