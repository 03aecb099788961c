"""What must hold when a world is at rest: everybody sees what they should, and no more.

- **I1**: without liars exactly; among liars whoever is reached over honest homes alone sees
  all the same (``judge_sight``).
- **I3** among liars: when the leases are over nothing that ended is shown, whatever they do
  (``judge_leases_over``).

Loans and ratings are judged in ``simulations.exchanges_at_rest``.

Spec: §7; design 13.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final

from node.engine.core import Core
from protocol.bodies import (
    ListingBody,
    WithdrawalBody,
    withdrawal_object,
)
from protocol.records import Record
from simulations.disk import Register, Shelf, reach_of
from simulations.oracles import Oracles, version_text
from simulations.truth import Watched, spread, true_graph, true_listings

GRACE_MS: Final = 180_000
"""Among liars: so long something may be on its way, from asking one friend to the next."""


def judge_sight(
    oracles: Oracles,
    hosts: Sequence[Watched],
    cores: Sequence[Core],
    true_ms: int,
    liars: Container[int] = (),
) -> None:
    """I1: compare what everybody sees with what they should.

    Args:
        liars: members whose wires lie. What they can keep from arriving or from being
            forgotten is not looked at; nor is what they see themselves.
    """
    truth = true_listings(hosts, oracles.max_circles, true_ms, without=liars)
    is_honest_world = not any(host.number in liars for host in hosts)
    shelves = {host.number: host.shelf for host in hosts if host.number not in liars}
    honest = true_graph(hosts, true_ms, without=liars)
    for host, core in zip(hosts, cores, strict=True):
        if host.number in liars:
            continue
        expected = truth[host.number]
        seen = {record.key: record for record in core.visible_listings()}
        for register, (record, distance) in expected.items():
            if not is_honest_world and record.created_ms > true_ms - GRACE_MS:
                continue
            shown = seen.get(register)
            if shown is None or shown.record_id != record.record_id:
                found = "does not see it" if shown is None else f"sees {version_text(shown)}"
                oracles.report(
                    "I1",
                    f"member {host.number} stands at distance {distance} of "
                    f"{oracles.what(record)}, {version_text(record)}, and {found}",
                    register,
                )
        if not is_honest_world:
            _judge_withdrawn(oracles, shelves, honest, host.number, seen, true_ms)
            continue
        for register, record in seen.items():
            if register not in expected:
                oracles.report(
                    "I1",
                    f"member {host.number} still sees {oracles.what(record)}, "
                    f"{version_text(record)}, which is not for it",
                    register,
                )


def _judge_withdrawn(
    oracles: Oracles,
    shelves: dict[int, Shelf],
    honest: tuple[dict[int, dict[int, None]], dict[int, dict[int, None]]],
    number: int,
    seen: dict[Register, Record],
    true_ms: int,
) -> None:
    """I1 among liars: what was withdrawn is gone where honest homes alone lead to its holder.

    Args:
        honest: live friendships and transit edges without liars.
    """
    for (author, object_id), record in seen.items():
        holder = oracles.numbers.get(author)
        if holder is None or holder not in shelves:
            continue
        shelf = shelves[holder]
        withdrawal = shelf.records.get((author, withdrawal_object(object_id)))
        if withdrawal is None or not shelf.is_withdrawn(record):
            continue
        body = withdrawal.body
        assert isinstance(body, WithdrawalBody), "found in its register"
        reach = min(body.circles, oracles.max_circles)
        through = [oracles.numbers[member] for member in body.through]
        is_old = withdrawal.created_ms <= true_ms - GRACE_MS
        if is_old and number in spread(*honest, holder, reach, through):
            oracles.report(
                "I1",
                f"member {number} still sees {oracles.what(record)}, {version_text(record)}, "
                "which was withdrawn, and honest homes lead to its holder",
                record.key,
            )


def judge_leases_over(
    oracles: Oracles,
    hosts: Sequence[Watched],
    cores: Sequence[Core],
    true_ms: int,
    liars: Container[int],
) -> None:
    """I3: an edge that ended longer than a lease ago carries nothing any more.

    Edges with a liar at one end stand as long as the honest end believes in them. A
    withdrawal that a liar keeps to itself is bounded by the lease of the thing, not here.
    """
    live, transit = true_graph(hosts, true_ms, trusting=liars)
    for host, core in zip(hosts, cores, strict=True):
        if host.number in liars:
            continue
        for record in core.visible_listings():
            holder = oracles.numbers.get(record.author)
            body = record.body
            if holder is None or holder in liars or not isinstance(body, ListingBody):
                continue
            reach = reach_of(body, oracles.max_circles)
            through = [oracles.numbers[member] for member in body.through]
            if host.number not in spread(live, transit, holder, reach, through):
                oracles.report(
                    "I3",
                    f"member {host.number} still sees {oracles.what(record)}, "
                    f"{version_text(record)}, a lease after it could last",
                    record.key,
                )
