"""Asking a behaviour for a decision: what it answers must be possible, and must come.

A slip in somebody's own class would else end a town with a traceback, or pass for a no. The
sentence names the class, the decision, what came and what may come, and the line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from protocol.errors import OpenHouseError
from protocol.records import Record
from simulations.behaviours.behaviour import Person
from simulations.behaviours.own import MixError, file_of, told, where

_Answer = TypeVar("_Answer")

WANTS_MAX: Final = 1000
"""Things in a week; more is a slip."""


def decided(me: Person, decision: Callable[..., _Answer], *about: object) -> _Answer:
    """What somebody decides, which is one of the answers that there are.

    Raises:
        MixError: a behaviour of one's own fails, or answers what cannot be.
    """
    what = decision.__name__
    try:
        answer = decision(me, *about)
    except OpenHouseError:
        raise
    except Exception as error:
        file = file_of(type(me.behaviour))
        place = where(error, file)
        if place is None:
            raise  # ours to mend, and to be seen whole
        raise MixError(f"{_whose(me, what)} failed ({place}): {told(error)}.") from error
    allowed, fits = _ANSWERS.get(what, _ANYTHING)
    if not fits(answer):
        raise MixError(f"{_whose(me, what)} gives {answer!r:.60}; allowed: {allowed}.")
    return answer


def _whose(me: Person, what: str) -> str:
    kind = type(me.behaviour)
    return f"In week {me.week}, {what!r} of {kind.__module__}:{kind.__name__}"


def _is_whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_rating(value: object) -> bool:
    return value is None or (
        isinstance(value, tuple)
        and len(value) == 2
        and _is_whole(value[0], 0, 1)
        and _is_whole(value[1], 0, 10)
    )


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _are_records(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, Record) for one in value)


_YES_OR_NO: Final = ("True or False", _is_bool)
_ANYTHING: Final[tuple[str, Callable[[object], bool]]] = ("anything", lambda _: True)
_ANSWERS: Final[Mapping[str, tuple[str, Callable[[object], bool]]]] = {
    "wants": (f"a whole number from 0 to {WANTS_MAX}", lambda v: _is_whole(v, 0, WANTS_MAX)),
    "picks": ("a list of the things seen", _are_records),
    "reaches": ("2, 1 or 0 circles", lambda v: _is_whole(v, 0, 2)),
    "lends": ('"yes", "no" or "wait"', lambda v: v in ("yes", "no", "wait")),
    "passes_on": _YES_OR_NO,
    "sponsors": _YES_OR_NO,
    "hands_over": _YES_OR_NO,
    "brings_back": _YES_OR_NO,
    "makes_good": _YES_OR_NO,
    "rates": ("(Confiance 0 or 1, Respect from 0 to 10), or None", _is_rating),
}
