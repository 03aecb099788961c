"""What a flatmate's home remembers of the flat: offers, things of the flat, who did what.

Kept as one note (``node.engine.desk``) in the home of whom it belongs to, in JSON: it never
leaves this computer except in that home's own backup, and nothing of it is in the protocol.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Final

from node.engine import desk
from node.engine.core import Core

NAME: Final = "flat"
THINGS_MAX: Final = 200
_ACTS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Act:
    """A flatmate did something about a loan of a thing of the flat.

    Args:
        loan: its id.
        by: the flatmate's name at that time.
        did: a key of ``node.flat.common.ACTS``.
    """

    loan: str
    by: str
    did: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Note:
    """See above.

    Args:
        offers: slugs of flatmates whom this one would like to have as a friend.
        things: ids of own things that are of the flat.
        acts: the latest last.
    """

    offers: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    acts: tuple[Act, ...] = ()

    def with_offer(self, slug: str, *, stands: bool) -> Note:
        others = tuple(each for each in self.offers if each != slug)
        return replace(self, offers=(*others, slug) if stands else others)

    def with_thing(self, thing: str, *, is_common: bool) -> Note:
        others = tuple(each for each in self.things if each != thing)
        return replace(self, things=(*others, thing) if is_common else others)

    def with_act(self, act: Act) -> Note:
        return replace(self, acts=(*self.acts, act)[-_ACTS_MAX:])


def read_note(core: Core) -> Note:
    data = desk.note(core, NAME)
    if not data:
        return Note()
    found: dict[str, Any] = json.loads(data)
    acts = tuple(Act(*row) for row in found["acts"])
    return Note(tuple(found["offers"]), tuple(found["things"]), acts)


def write_note(note: Note) -> bytes:
    acts = [[act.loan, act.by, act.did, act.at_ms] for act in note.acts]
    said = {"offers": note.offers, "things": note.things, "acts": acts}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
