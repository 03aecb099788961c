"""Machines: what stands in each member's home in a world, and what may happen to it.

A ``Host`` is a member's disk, the engine while it runs, and the wires that stand; a ``WorldPlan``
says how a world treats its members. The items are what a world's queue holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from node.engine.engine import Engine
from node.engine.events import Json, LinkId, Persist, RequestId
from node.engine.genesis import Row
from node.engine.state import Config
from protocol.errors import Refused
from protocol.keys import MemberId
from protocol.records import Record
from simulations.clock import EventQueue
from simulations.disk import Disk, Shelf
from simulations.network import CALM, Arrival, Conditions, Wire, WireDown, WireUp


@dataclass(frozen=True, slots=True)
class Chances:
    """What may befall a member's machine.

    Args:
        crash: chance, at each event a member handles, that it crashes doing so: before
            the commit, after it, or amid the effects, each as likely.
        down_max_ms: how long it stays down at most.
        restore: chance, at each crash, that the machine is lost and made anew of its
            last backup.
    """

    crash: float = 0.0
    down_max_ms: int = 0
    restore: float = 0.0


@dataclass(frozen=True, slots=True)
class Dial:
    member: int
    peer: int


@dataclass(frozen=True, slots=True)
class Wake:
    member: int
    life: int


@dataclass(frozen=True, slots=True)
class Restart:
    member: int
    life: int


@dataclass(frozen=True, slots=True)
class InvitationFailed:
    member: int
    life: int
    tag: bytes


@dataclass(frozen=True, slots=True)
class Act:
    """The scenario has something to do."""

    act: Callable[[], None]


Item: TypeAlias = Arrival | WireUp | WireDown | Dial | Wake | Restart | InvitationFailed | Act


class Watch(Protocol):
    """Who looks on: the oracles."""

    step: int
    at_ms: int

    def watch_commit(self, host: Host, changes: Sequence[Persist]) -> None: ...
    def watch_answer(self, host: Host, changes: Sequence[Persist]) -> None: ...
    def watch_restart(self, host: Host) -> None: ...
    def watch_restored(self, host: Host) -> None: ...
    def watch_send(self, host: Host, friend: MemberId, message: bytes) -> None: ...
    def watch_shown(self, host: Host, shown: Callable[[], Sequence[Record]]) -> None: ...


@dataclass(slots=True, eq=False)
class Host:
    """One member's machine: disk, engine while it runs, and the wires that stand."""

    number: int
    config: Config
    disk: Disk
    queue: EventQueue[Item]
    skew_ms: int
    first_rows: tuple[Row, ...] = ()
    """The store of the first day, where no disk is kept."""
    member: MemberId = field(init=False)
    engine: Engine | None = None
    life: int = 0
    wires: dict[LinkId, Wire] = field(default_factory=dict)
    wire_to: dict[int, Wire] = field(default_factory=dict)
    dials: dict[int, None] = field(default_factory=dict)
    answers_keys: dict[bytes, MemberId] = field(default_factory=dict)
    wakes_ms: int | None = None
    due_ms: int | None = None
    """What its engine said when it was last asked, by its own clock."""
    woke_ms: int = -1
    woke_count: int = 0
    answers: dict[RequestId, Json | Refused] = field(default_factory=dict)
    is_lost: bool = False
    """Its machine will not come back; one made of the last backup will."""

    def __post_init__(self) -> None:
        self.member = MemberId(self.config.signer.public)

    @property
    def shelf(self) -> Shelf:
        return self.disk.shelf

    @property
    def now_ms(self) -> int:
        """Time by this member's clock."""
        now_ms = self.queue.now_ms
        return now_ms + self.skew_ms if self.skew_ms else now_ms

    @property
    def is_running(self) -> bool:
        return self.engine is not None

    @property
    def address(self) -> str:
        return f"member-{self.number}:7470"


@dataclass(frozen=True, slots=True)
class WorldPlan:
    """How a world treats its members.

    Args:
        skew_max_ms: clocks are wrong by at most this, each by its own amount.
        keeps_disks: rows are kept for restarts; off, nobody can come back.
        tells_addresses: nodes tell friends where they are, as real ones do.
        traces: digest everything that happens.
        liars: the share of members whose wires lie.
    """

    conditions: Conditions = CALM
    chances: Chances = Chances()
    skew_max_ms: int = 0
    keeps_disks: bool = True
    tells_addresses: bool = True
    traces: bool = True
    liars: float = 0.0
