"""The journey of one record through a scenario: who had it, from whom, and until when.

``simulate replay`` runs a scenario again and picks the record whose object id is asked for, or
the thing that went to most members.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.errors import OpenHouseError
from protocol.keys import MemberId
from simulations.disk import Register
from simulations.history import History, Note
from simulations.hunt import name_of
from simulations.runner import RunResult, run_watched
from simulations.scenario import Scenario


class JourneyError(OpenHouseError):
    """No such record travelled; its text is one sentence for people."""


@dataclass(frozen=True, slots=True)
class Journey:
    """What befell one record.

    Args:
        what: the record in words: a thing's title, or its kind.
        notes: oldest first; the newest 200.
        names: of all who are in it.
        until_ms: when the run ended, since it began.
    """

    what: str
    register: Register
    notes: tuple[Note, ...]
    names: dict[MemberId, str]
    until_ms: int

    @property
    def homes(self) -> list[MemberId]:
        """Those who had it, in the order in which it came to them."""
        return list(dict.fromkeys(note.member for note in self.notes))


def journey_of(scenario: Scenario, seed: int, wanted: str = "") -> tuple[Journey, RunResult]:
    """Run a scenario and follow one record.

    Args:
        wanted: the beginning of a record's object id in hex; empty for the thing that went to
            most members.

    Raises:
        JourneyError: there is no such record, or several.
        GraphError, ScenarioError: it cannot be run.
    """
    result, oracles = run_watched(scenario, seed)
    history, titles = oracles.history, oracles.history.titles
    register = _named(history, wanted) if wanted else _farthest(history, titles)
    notes = tuple(history.notes(register))
    people = [person for note in notes for person in (note.member, note.giver) if person]
    names = {person: name_of(oracles.numbers[person]) for person in people}
    what = titles.get(register, "a record that is no thing")
    return Journey(what, register, notes, names, oracles.at_ms), result


def _named(history: History, wanted: str) -> Register:
    found = [register for register in history.registers if register[1].hex().startswith(wanted)]
    if not found:
        raise JourneyError(f"No record's object id begins with {wanted} in this run.")
    if len(found) > 1:
        raise JourneyError(
            f"{len(found)} records' object ids begin with {wanted}: give more of it."
        )
    return found[0]


def _farthest(history: History, titles: dict[Register, str]) -> Register:
    if not titles:
        raise JourneyError("Nobody lists anything in this run: name a record with --record.")
    return max(titles, key=lambda register: len({note.member for note in history.notes(register)}))
