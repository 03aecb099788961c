"""What must hold of loans and ratings when a world is at rest.

- **I7**: both parties of a loan have it in the same state, also where friendships on its path
  ended after it was agreed on; nothing is lent twice for the same days; every rating stands on a
  loan that was agreed, counts once, and is what was said first.
- **I8**: a judgement is what the ratings on the disk give, at the place where its viewer
  stands: the same for all who hold the same ratings, with the raters as near and the words as old.
- **I9**: nobody's Confiance is greater than the number of different people who lent to them or
  borrowed from them, and of those farther than circle 2 no more than the charter says count.

What a home and all who could have told it have lost is lost (spec §18.5), a liar may keep what it
knows, and a go-between may be silent: what these explain is not reported.

Spec: §11, §12, §18.5; design 13.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import combinations, pairwise
from typing import Final

from node.engine.asking import counts_as_member, judge
from node.engine.core import Core
from node.engine.loan_book import book_of
from node.engine.loan_steps import is_set_aside
from node.trust.evidence import Evidence, Rating, gather
from protocol import limits
from protocol.bodies import (
    EVIDENCE_KINDS,
    HalfBody,
    Kind,
    step_object,
)
from protocol.exchange import LoanState, State
from protocol.keys import MemberId, ObjectId
from protocol.records import Record
from simulations.at_rest import GRACE_MS
from simulations.disk import Shelf
from simulations.exchange_oracles import BLOCKING
from simulations.oracles import Oracles
from simulations.truth import Watched, true_graph

Judged = dict[tuple[object, ...], tuple[object, ...]]
"""What was said of somebody, by all that it may depend on."""
_MINUTE_MS: Final = 60_000
_CALLED_OFF: Final = frozenset((State.DECLINED, State.WITHDRAWN, State.CANCELLED))


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
        _judge_calendar(oracles, host, core, liars)
        evidence = book_of(core).evidence()
        ratings = (r for r in host.shelf.records.values() if r.kind in EVIDENCE_KINDS)
        live = [record for record in ratings if not record.is_expired(host.now_ms)]
        on_disk = gather(live, core.config.verify)
        for member in oracles.numbers:
            _judge_ratings(oracles, host, evidence.about(member), cores, liars)
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
            borrowers = book_of(core_of[loan.borrower])
            # What the holder said and lost may be left with the borrower alone.
            known = (*steps, *borrowers.steps_of(loan.loan))
            if any(_is_lost_twice(oracles, step, path) for step in known):
                continue
            other = borrowers.state_of(loan.loan)
            if other is not None and any(
                _is_silent(core_of[member], loan.loan, other.round) for member in loan.path[1:-1]
            ):
                continue
            if broken and other is not None and {loan.state, other.state} <= _CALLED_OFF:
                continue  # whose word was the last is not told over a loan link that has ended
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


def _is_lost_twice(
    oracles: Oracles, step: Record, path: list[int], liars: Container[int] = ()
) -> bool:
    """Whether its author and all neighbours on the path lost their disks since. Spec: §18.5.

    A neighbour who lies may keep it to itself.
    """
    place = path.index(oracles.numbers[step.author])
    author, created_ms = path[place], step.created_ms
    neighbours = [*path[max(0, place - 1) : place], *path[place + 1 : place + 2]]
    return oracles.restored_ms.get(author, 0) > created_ms and all(
        number in liars or oracles.restored_ms.get(number, 0) > created_ms for number in neighbours
    )


def _is_silent(core: Core, loan: ObjectId, number: int) -> bool:
    """Whether a go-between's owner has set a round aside: silence is an answer. Spec: §11.3."""
    said = book_of(core).has_step(loan, core.me, step_object(Kind.PASS, loan, number))
    return not said and is_set_aside(core, loan)


def _judge_calendar(oracles: Oracles, host: Watched, core: Core, liars: Container[int]) -> None:
    """I7: no two loans of one thing are agreed on for the same days."""
    book = book_of(core)
    own = [loan for loan in book.states() if loan.holder == host.member and loan.state in BLOCKING]
    for one, other in combinations(own, 2):
        is_apart = one.dates[1] <= other.dates[0] or other.dates[1] <= one.dates[0]
        if one.terms.thing != other.terms.thing or is_apart:
            continue
        if any(_may_be_forgotten(oracles, core, loan, liars) for loan in (one, other)):
            continue
        oracles.report("I7", f"member {host.number} has lent one thing twice at the same time")


def _may_be_forgotten(oracles: Oracles, core: Core, loan: LoanState, liars: Container[int]) -> bool:
    """Whether a home lost what it said of a loan, and nobody next to it could give it back."""
    path = [oracles.numbers[member] for member in loan.path]
    own = [step for step in book_of(core).steps_of(loan.loan) if step.author == core.me]
    return any(_is_lost_twice(oracles, step, path, liars) for step in own)


def _said(loan: LoanState) -> tuple[object, ...]:
    # Other dates for what is over are nobody's business: those in between need not pass them on.
    proposal = loan.proposal if loan.state in BLOCKING else None
    return loan.state, loan.contracts, loan.dates, proposal, loan.damaged_by


def _judge_ratings(
    oracles: Oracles,
    host: Watched,
    ratings: Sequence[Rating],
    cores: Sequence[Core],
    liars: Container[int],
) -> None:
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
            first = exchanges.first_said.get(key)
            rater = cores[oracles.numbers[rating.rater]]
            loan = book_of(rater).state_of(rating.loan)
            if first is not None and loan is not None:
                path = [oracles.numbers[member] for member in loan.path]
                if _is_lost_twice(oracles, first, path, liars):
                    continue
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
