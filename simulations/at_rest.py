"""What must hold when a world is at rest: everybody sees what they should, and no more.

- **I1**: without liars exactly; among liars whoever is reached over honest homes alone sees
  all the same (``judge_sight``).
- **I3** among liars: when the leases are over nothing that ended is shown, whatever they do
  (``judge_leases_over``).
- **I7**: both parties of a loan have it in the same state, also where friendships on its path
  ended after it was agreed on; every rating stands on a loan that
  was agreed, and counts once (``judge_exchanges``).
- **I8**: a judgement is what the ratings on the disk give, at the place where its viewer
  stands: the same for all who hold the same ratings, with the raters as near and the words as old.
- **I9**: nobody's Confiance is greater than the number of different people who lent to them or
  borrowed from them, and of those farther than circle 2 no more than the charter says count.

Spec: §7, §11, §12; design 13.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import pairwise
from typing import Final

from node.engine.asking import counts_as_member, judge
from node.engine.core import Core
from node.engine.loan_book import book_of
from node.trust.evidence import Evidence, Rating, gather
from protocol import limits
from protocol.bodies import (
    EVIDENCE_KINDS,
    HalfBody,
    Kind,
    ListingBody,
    WithdrawalBody,
    withdrawal_object,
)
from protocol.exchange import LoanState
from protocol.keys import MemberId, ObjectId
from protocol.records import Record
from simulations.disk import Register, Shelf, reach_of
from simulations.oracles import Oracles, version_text
from simulations.truth import Watched, spread, true_graph, true_listings

Judged = dict[tuple[object, ...], tuple[object, ...]]
"""What was said of somebody, by all that it may depend on."""
_MINUTE_MS: Final = 60_000
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


# --- exchanges ---------------------------------------------------------------------------


def judge_exchanges(
    oracles: Oracles,
    hosts: Sequence[Watched],
    cores: Sequence[Core],
    true_ms: int,
    liars: Container[int] = (),
) -> None:
    """I7, I8 and I9 over all loans and ratings."""
    _judge_agreement(oracles, hosts, cores, true_ms, liars)
    judged: Judged = {}
    for host, core in zip(hosts, cores, strict=True):
        evidence = book_of(core).evidence()
        ratings = (r for r in host.shelf.records.values() if r.kind in EVIDENCE_KINDS)
        live = [record for record in ratings if not record.is_expired(host.now_ms)]
        on_disk = gather(live, core.config.verify)
        for member in oracles.numbers:
            _judge_ratings(oracles, host, evidence.about(member))
            if evidence.about(member) != on_disk.about(member):
                oracles.report(
                    "I8",
                    f"member {host.number} judges {oracles.name(member)} by other ratings "
                    f"than those on its disk",
                )
            _judge_judgement(oracles, host, core, member, evidence, judged)


def _judge_agreement(
    oracles: Oracles,
    hosts: Sequence[Watched],
    cores: Sequence[Core],
    true_ms: int,
    liars: Container[int],
) -> None:
    """I7: both parties say the same of a loan, where the path stands, or it was agreed on before.

    A friendship that was ended goes on for the loans that were agreed on (spec §11.9).
    """
    core_of = {host.member: core for host, core in zip(hosts, cores, strict=True)}
    _, transit = true_graph(hosts, true_ms, without=liars)
    numbers = oracles.numbers
    shelves = {host.number: host.shelf for host in hosts}
    for host, core in zip(hosts, cores, strict=True):
        for loan in book_of(core).states():
            path = [numbers[member] for member in loan.path]
            broken = [pair for pair in pairwise(path) if pair[1] not in transit[pair[0]]]
            stands = not broken or (
                _goes_on(loan, true_ms)
                and not any(number in liars for number in path)
                and all(_was_ended(shelves, hosts, pair) for pair in broken)
                and not any(_forgot(oracles, loan, number) for pair in broken for number in pair)
            )
            steps = book_of(core).steps_of(loan.loan)
            is_young = any(step.created_ms > host.now_ms - GRACE_MS for step in steps)
            if loan.holder != host.member or not stands or is_young:
                continue
            if any(_is_lost_twice(oracles, step, path) for step in steps):
                continue
            other = book_of(core_of[loan.borrower]).state_of(loan.loan)
            if other is None or _said(other) != _said(loan):
                state = "nothing" if other is None else other.state.value
                oracles.report(
                    "I7",
                    f"a loan of member {host.number} to {oracles.name(loan.borrower)} is "
                    f"{loan.state.value} to the one and {state} to the other",
                )


def _goes_on(loan: LoanState, true_ms: int) -> bool:
    """Whether a loan has its own channel whatever becomes of friendships. Spec: §11.9."""
    due_ms = loan.dates[1] * _MINUTE_MS
    return bool(loan.contracts) and true_ms < due_ms + limits.LOAN_LINK_PAST_DUE_MAX_MS


def _was_ended(shelves: dict[int, Shelf], hosts: Sequence[Watched], pair: tuple[int, int]) -> bool:
    """Whether both ends know that a friendship was ended; one that expired is another thing."""
    member_of = {host.number: host.member for host in hosts}
    one, other = pair
    return bool(shelves[one].ended.get(member_of[other])) and bool(
        shelves[other].ended.get(member_of[one])
    )


def _forgot(oracles: Oracles, loan: LoanState, number: int) -> bool:
    """Whether a home next to the end had lost its disk since the loan began. Spec: §11.9."""
    return oracles.restored_ms.get(number, 0) > loan.asked_ms


def _is_lost_twice(oracles: Oracles, step: Record, path: list[int]) -> bool:
    """Whether its author and all neighbours on the path lost their disks since. Spec: §18.5."""
    place = path.index(oracles.numbers[step.author])
    losers = [path[place], *path[max(0, place - 1) : place], *path[place + 1 : place + 2]]
    return all(oracles.restored_ms.get(number, 0) > step.created_ms for number in losers)


def _said(loan: LoanState) -> tuple[object, ...]:
    return loan.state, loan.contracts, loan.dates, loan.proposal, loan.damaged_by


def _judge_ratings(oracles: Oracles, host: Watched, ratings: Sequence[Rating]) -> None:
    """I7: every rating that counts was given, under a contract that was made, once."""
    counted: dict[tuple[ObjectId, MemberId], None] = {}
    exchanges = oracles.exchanges
    for rating in ratings:
        key = (rating.loan, rating.rater)
        about = f"a rating of {oracles.name(rating.subject)} by {oracles.name(rating.rater)}"
        if key in counted:
            oracles.report("I7", f"member {host.number} counts {about} twice")
        counted[key] = None
        parties = exchanges.agreed.get(rating.loan)
        if parties is None or {rating.rater, rating.subject} != set(parties):
            oracles.report("I7", f"member {host.number} counts {about} without a contract")
        elif exchanges.given.get(key) != (rating.confiance, rating.respect):
            oracles.report("I7", f"member {host.number} counts {about} which is not what was said")


def _judge_judgement(
    oracles: Oracles,
    host: Watched,
    core: Core,
    member: MemberId,
    evidence: Evidence,
    judged: Judged,
) -> None:
    """I8 and I9 for one viewer and one member."""
    judgement = judge(core, member)
    said = (judgement.confiance, judgement.sides, judgement.circles_open, judgement.respect)
    ratings = evidence.about(member)
    raters = dict.fromkeys(rating.rater for rating in ratings)
    hops = {rater: core.distance(rater) for rater in raters}
    seen = (
        ratings,
        # Respect leaves out what a rater gives everybody.
        tuple(evidence.by(rater) for rater in raters),
        tuple(hops[rater] for rater in raters),
        tuple(core.graph.sides_of(rater) for rater in raters),
        tuple(max(0, host.now_ms // _MINUTE_MS - rating.to_minute) for rating in ratings),
        core.me == member,
        counts_as_member(core, member),
    )
    if ratings and judged.setdefault(seen, said) != said:
        oracles.report(
            "I8",
            f"member {host.number} judges {oracles.name(member)} {said} where another "
            f"in the same place with the same ratings says {judged[seen]}",
        )
    if judgement.account.is_forked:
        # Relays lie here, and disks are lost; whoever borrows follows the rules.
        oracles.report(
            "I8", f"member {host.number} holds proof of two ledgers of {oracles.name(member)}"
        )
    counterparties = len(oracles.exchanges.counterparties.get(member, {}))
    if judgement.confiance > counterparties:
        oracles.report(
            "I9",
            f"member {host.number} gives {oracles.name(member)} Confiance "
            f"{judgement.confiance} for exchanges with {counterparties} people",
        )
    before = _friends_before(core, list(raters))
    near_count = sum(1 for friends in before.values() if friends)
    charter = core.charter
    if judgement.confiance > near_count + charter.far_exchanges_max:
        oracles.report(
            "I9",
            f"member {host.number} gives {oracles.name(member)} Confiance "
            f"{judgement.confiance} by the word of {near_count} people who are near",
        )
    sides = {friend: None for friends in before.values() for friend in friends if friend != member}
    if judgement.circles_open > 2 and len(sides) < charter.circle_3_sides:
        oracles.report(
            "I9",
            f"member {host.number} opens circle 3 to {oracles.name(member)} by the word of "
            "people who are all behind one friend",
        )


def _friends_before(core: Core, raters: Sequence[MemberId]) -> dict[MemberId, list[MemberId]]:
    """For each rater the friends of a member who lead to it, by the halves on its disk."""
    friends = core.live_friends()
    halves = {
        (record.author, record.body.friend): None
        for record in core.of_kind(Kind.HALF)
        if isinstance(record.body, HalfBody) and not record.is_expired(core.now_ms)
    }

    def lead(rater: MemberId) -> list[MemberId]:
        if rater == core.me or rater in friends:
            return [rater]
        return [f for f in friends if (f, rater) in halves and (rater, f) in halves]

    return {rater: lead(rater) for rater in raters}
