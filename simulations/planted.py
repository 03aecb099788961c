"""Bugs planted on purpose, one at a time: does a hunt find each of them, and how soon?

    python -m simulations.planted [--seeds N] [NAME ...]

Each bug changes one function of the engine, as a careless edit would. For each, seeds of the
scenario ``hunt`` are run until an oracle speaks. A bug that no seed shows is a hole in the
oracles: the exit code is then 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final
from unittest.mock import patch

from tqdm import tqdm

from node.engine import capacity, edges, intake, sync
from node.engine.core import Core
from node.engine.events import Effect, Persist
from protocol.bodies import HalfBody, ListingBody, WithdrawalBody, half_object
from protocol.circles import FriendGraph
from protocol.records import Record
from protocol.session import LinkSession
from simulations.collector import quiet_collector
from simulations.machine import Host
from simulations.runner import run_scenario
from simulations.scenario import find_scenario, read_scenario
from simulations.world import World

Plant = Callable[[ExitStack], None]


@dataclass(frozen=True, slots=True)
class Bug:
    """One careless edit.

    Args:
        sentence: what somebody might have thought.
        plant: replaces what it replaces until the stack is closed.
    """

    name: str
    sentence: str
    plant: Plant


def _replace(target: object, name: str, make: Callable[[Any], Any]) -> Plant:
    def plant(stack: ExitStack) -> None:
        stack.enter_context(patch.object(target, name, make(getattr(target, name))))

    return plant


# --- the bugs ----------------------------------------------------------------------------


def _reach_too_far(_: object) -> object:
    return lambda circles, distance: distance is not None and distance <= circles


def _no_withdrawals(original: Callable[..., bool]) -> object:
    def may_give(core: Core, record: Record, friend: Any) -> bool:  # noqa: ANN401
        if isinstance(record.body, WithdrawalBody) and record.author != core.me:
            return False
        return original(core, record, friend)

    return may_give


def _no_revocations_passed_on(original: Callable[..., bool]) -> object:
    def take(core: Core, secret: bytes, hops: int, giver: Any) -> bool:  # noqa: ANN401
        return original(core, secret, 0, giver)

    return take


def _expired_counts(_: object) -> object:
    def live_half(core: Core, author: Any, friend: Any) -> Record | None:  # noqa: ANN401
        stored = core.registers.stored((author, half_object(friend)))
        record = None if stored is None else stored.record
        if record is None or not isinstance(record.body, HalfBody):
            return None
        return None if record.body.revocation_hash in core.revocations else record

    return live_half


def _older_versions(_: object) -> object:
    return lambda candidate, current: current is None or candidate.record_id != current.record_id


def _cursor_too_early(_: object) -> object:
    def advance(session: Any) -> bool:  # noqa: ANN401
        if session.announced_upto <= session.peer_upto:
            return False
        session.peer_upto = session.announced_upto
        return True

    return advance


def _dead_edges_stay(_: object) -> object:
    return lambda graph, one, other: False


def _sends_before_it_writes(_: object) -> object:
    def finish(world: World, host: Host, effects: list[Effect]) -> None:
        changes = [effect for effect in effects if isinstance(effect, Persist)]
        for effect in effects[len(changes) :]:
            world._carry_out(host, effect, changes)
        if world.chance.random() < 0.02:
            world.crash(host.number)  # the power goes before the commit
            world.restart_later(host.number)
            return
        World._commit(world, host, effects)

    return finish


def _edits_do_not_travel(original: Callable[..., None]) -> object:
    def log(core: Core, record: Record) -> None:
        if isinstance(record.body, ListingBody) and record.author != core.me:
            core.log.forget(record.key)
            return
        original(core, record)

    return log


def _withdrawn_is_shown(_: object) -> object:
    return lambda core, record: False


def _one_more_will_not_hurt(original: Callable[..., int]) -> object:
    def engaged(*arguments: Any, **named: Any) -> int:  # noqa: ANN401
        return original(*arguments, **named) - 1

    return engaged


BUGS: Final = (
    Bug("reach", "a node may pass a thing on when it stands within reach itself",
        _replace(intake, "may_offer", _reach_too_far)),
    Bug("withdrawals", "withdrawals need not be passed on: the holder tells everybody",
        _replace(intake, "may_give", _no_withdrawals)),
    Bug("revocations", "only those who are told directly need to know of an ended friendship",
        _replace(sync, "take_revocation", _no_revocations_passed_on)),
    Bug("leases", "a half that has expired still shows that they were friends",
        _replace(edges, "live_half", _expired_counts)),
    Bug("versions", "the record that came last stands",
        _replace(intake, "supersedes", _older_versions)),
    Bug("cursor", "what was announced has as good as arrived",
        _replace(LinkSession, "advance", _cursor_too_early)),
    Bug("dead edges", "an edge that ended is forgotten some time",
        _replace(FriendGraph, "remove_transit", _dead_edges_stay)),
    Bug("persist", "answers first: the disk is slow",
        _replace(World, "_finish", _sends_before_it_writes)),
    Bug("edits", "whoever wants a newer version will ask",
        _replace(intake, "_log_circle_record", _edits_do_not_travel)),
    Bug("withdrawn", "a withdrawn thing is gone when its record is",
        _replace(Core, "is_withdrawn", _withdrawn_is_shown)),
    Bug("units", "one more loan of a friend's will not hurt",
        _replace(capacity, "engaged", _one_more_will_not_hurt)),
)  # fmt: skip


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """The engine with one bug, while the block lasts."""
    with ExitStack() as stack:
        bug.plant(stack)
        yield


def first_seed_that_shows(bug: Bug, seeds: range) -> tuple[int, str] | None:
    """The first seed in which an oracle speaks, and which; None when none does."""
    scenario = read_scenario(find_scenario("hunt"))
    with planted(bug), quiet_collector():
        for seed in seeds:
            result = run_scenario(scenario, seed)
            if result.violations:
                return seed, result.first_violations[0].oracle
    return None


def main(arguments: list[str] | None = None) -> int:
    """Plant every bug in turn and say how soon it was found."""
    parser = argparse.ArgumentParser(prog="python -m simulations.planted")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which bugs (all)")
    parser.add_argument("--seeds", type=int, default=200, metavar="N", help="at most (200)")
    given = parser.parse_args(arguments)
    bugs = [bug for bug in BUGS if not given.names or bug.name in given.names]
    missed = 0
    for bug in tqdm(bugs, desc="bugs", file=sys.stderr, disable=not sys.stderr.isatty()):
        found = first_seed_that_shows(bug, range(1, given.seeds + 1))
        missed += found is None
        said = "not found" if found is None else f"seed {found[0]}, by {found[1]}"
        print(f"{bug.name:12} {said:24} ({bug.sentence})", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
