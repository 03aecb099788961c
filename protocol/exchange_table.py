"""The table of the loan: who may say what in which state, and what comes of it.

Data, and what can be read off it: the state machine of ``protocol.exchange`` runs
over this table, and the specification's diagram is drawn from it.

Spec: §11.2.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeAlias

from protocol.bodies import Event, Kind
from protocol.keys import MemberId

Path: TypeAlias = tuple[MemberId, ...]
"""Borrower .. holder, both included."""

# Bargaining without end, each round a record kept by everybody on the path.
ROUNDS_MAX: Final = 8


class State(Enum):
    """Where a loan stands. The values are the words of commands and pages."""

    ASKED = "asked"
    COUNTERED = "countered"
    AGREED = "agreed"
    HANDED_OVER = "handed_over"
    RETURNED = "returned"
    LOST = "lost"
    KEPT = "kept"
    RATED = "rated"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_open(self) -> bool:
        """Whether somebody can still do something (rating apart)."""
        return self in (State.ASKED, State.COUNTERED, State.AGREED, State.HANDED_OVER)

    @property
    def is_over(self) -> bool:
        """Whether the thing is home or stays away for good: the time to rate."""
        return self in (State.RETURNED, State.LOST, State.KEPT)


class Role(Enum):
    """A member's part in a loan, by its place on the path."""

    BORROWER = "borrower"
    BETWEEN = "between"
    HOLDER = "holder"


class Reason(Enum):
    """Why a step is ignored."""

    OTHER_LOAN = "other-loan"
    NOT_THEIR_PART = "not-their-part"
    NOT_NOW = "not-now"
    WRONG_ROUND = "wrong-round"
    OTHER_THING = "other-thing"
    BAD_SIGNATURE = "bad-signature"
    TOO_LATE = "too-late"
    SAID_BEFORE = "said-before"
    ENDS_EARLY = "ends-early"


_B, _G, _H = Role.BORROWER, Role.BETWEEN, Role.HOLDER

Said: TypeAlias = tuple[Kind | Event, Role]
"""What is said and by whom; a report is named by its event."""

TRANSITIONS: Final[dict[State | None, dict[Said, State]]] = {
    None: {(Kind.REQUEST, _B): State.ASKED},
    State.ASKED: {
        (Kind.PASS, _G): State.ASKED,
        (Kind.AGREEMENT, _H): State.AGREED,
        (Kind.COUNTER, _H): State.COUNTERED,
        (Kind.DECLINE, _H): State.DECLINED,
        (Kind.CANCEL, _B): State.WITHDRAWN,
        (Kind.CANCEL, _H): State.CANCELLED,
    },
    State.COUNTERED: {
        (Kind.REQUEST, _B): State.ASKED,
        (Kind.CANCEL, _B): State.WITHDRAWN,
        (Kind.CANCEL, _H): State.CANCELLED,
    },
    State.AGREED: {
        (Kind.REQUEST, _B): State.AGREED,
        (Kind.PASS, _G): State.AGREED,
        (Kind.AGREEMENT, _H): State.AGREED,
        (Kind.COUNTER, _H): State.AGREED,
        (Kind.DECLINE, _H): State.AGREED,
        (Kind.DECLINE, _B): State.AGREED,
        (Kind.HANDOVER, _B): State.HANDED_OVER,
        (Kind.HANDOVER, _H): State.HANDED_OVER,
        (Kind.CANCEL, _B): State.CANCELLED,
        (Kind.CANCEL, _H): State.CANCELLED,
    },
    State.HANDED_OVER: {
        (Kind.HANDOVER, _B): State.HANDED_OVER,
        (Kind.HANDOVER, _H): State.HANDED_OVER,
        (Event.GIFT, _H): State.KEPT,
        (Event.LOST, _B): State.LOST,
        (Event.LOST, _H): State.LOST,
        (Event.DAMAGED, _B): State.HANDED_OVER,
        (Event.DAMAGED, _H): State.HANDED_OVER,
        (Kind.RETURN, _B): State.RETURNED,
        (Kind.RETURN, _H): State.RETURNED,
    },
    State.RETURNED: {
        (Kind.RETURN, _B): State.RETURNED,
        (Kind.RETURN, _H): State.RETURNED,
        (Kind.COMMITMENT, _B): State.RATED,
        (Kind.COMMITMENT, _H): State.RATED,
    },
    State.LOST: {
        (Event.LOST, _B): State.LOST,
        (Event.LOST, _H): State.LOST,
        (Event.DAMAGED, _B): State.LOST,
        (Event.DAMAGED, _H): State.LOST,
        (Kind.RETURN, _H): State.RETURNED,
        (Kind.COMMITMENT, _B): State.RATED,
        (Kind.COMMITMENT, _H): State.RATED,
    },
    State.KEPT: {
        (Kind.COMMITMENT, _B): State.RATED,
        (Kind.COMMITMENT, _H): State.RATED,
    },
    State.RATED: {},
    State.DECLINED: {},
    State.WITHDRAWN: {},
    State.CANCELLED: {},
    State.EXPIRED: {},
}
"""The state after a step, by the state before, the kind of step and its author's role.

What is absent is ignored. Some arrows have a condition of their own: a commitment
leads to ``rated`` when it is the second of the two, what is asked and answered about an
agreed loan moves its dates only, and from ``asked`` and ``countered`` time leads to
``expired``.
"""

# States in which a question waits for an answer, and time runs.
WAITING: Final = (State.ASKED, State.COUNTERED)


def role_on(path: Path, member: MemberId) -> Role | None:
    """A member's part, or None when it has none."""
    if member not in path:
        return None
    if member == path[0]:
        return Role.BORROWER
    return Role.HOLDER if member == path[-1] else Role.BETWEEN


def may_ever(what: Kind | Event, role: Role) -> bool:
    """Whether the table has this step for this role in any state."""
    return any((what, role) in arrows for arrows in TRANSITIONS.values())


def diagram() -> str:
    """The table as a state diagram in Mermaid's notation; spec §11.2 contains it."""
    lines = ["stateDiagram-v2"]
    for before, arrows in TRANSITIONS.items():
        source = "[*]" if before is None else before.value
        labels: dict[State, dict[str, list[str]]] = {}
        for (what, role), after in arrows.items():
            labels.setdefault(after, {}).setdefault(what.name.lower(), []).append(role.value)
        for after, names in labels.items():
            label = ", ".join(f"{name} by {' or '.join(roles)}" for name, roles in names.items())
            condition = " (the second)" if after is State.RATED else ""
            lines.append(f"    {source} --> {after.value}: {label}{condition}")
        if before in WAITING:
            lines.append(f"    {source} --> {State.EXPIRED.value}: nobody answered in time")
    lines += [f"    {s.value} --> [*]" for s in State if not s.is_open and not s.is_over]
    return "\n".join(lines)
