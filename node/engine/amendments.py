"""Changes of the house's rules: signing them, and following what members have signed.

A signature under a change is a record that goes to everybody in the house, with the seats
that prove its author to be a member, so that whoever joins later can check how the rules
came to be. The rules in force follow from the set of signatures held (``protocol.house``):
nothing else is kept, and nothing is taken back.

Spec: §9.6.
"""

from __future__ import annotations

import itertools
from typing import Final

from node.engine import offers
from node.engine.core import Core
from node.engine.edges import ask_again
from node.engine.loan_book import forget_book
from node.engine.registers import Key
from protocol import limits
from protocol.bodies import AmendmentBody, Kind, SeatBody, seat_object
from protocol.charter import Charter
from protocol.errors import QuotaExceeded
from protocol.house import Rules, amendment_object, follow, has_quorum, members_of
from protocol.keys import MemberId
from protocol.records import Record

AMENDMENT_LEASE_MS: Final = 3650 * 24 * 3600 * 1000


# --- what follows from the signatures held -----------------------------------------------


def refresh(core: Core) -> None:
    """Seats or signatures changed: follow the rules anew, and pass on what counts now."""
    if core.house is None or core.first_charter is None:
        return
    held = core.of_kind(Kind.AMENDMENT)
    core.voters = {}
    if held:
        sponsors = _provable_sponsors(core)
        core.voters = members_of(core.founders, core.first_charter.seats, sponsors)
    signed = [record for record in held if record.author in core.voters]
    bodies = [(r.author, r.body) for r in signed if isinstance(r.body, AmendmentBody)]
    core.rules = follow(core.house, core.founders, core.first_charter, bodies)
    _use(core, core.rules)
    _pass_on(core, signed)


def _provable_sponsors(core: Core) -> dict[MemberId, list[MemberId]]:
    """Who gave seats to whom, by those seats that everybody can check by themselves."""
    sponsors: dict[MemberId, list[MemberId]] = {}
    for seat in core.of_kind(Kind.SEAT):
        if isinstance(seat.body, SeatBody) and not seat.successors:
            sponsors.setdefault(seat.body.candidate, []).append(seat.author)
    return sponsors


def _use(core: Core, rules: Rules) -> None:
    """Take the charter in force into use."""
    charters = tuple(version.charter for version in rules.versions)
    if charters == core.charters:
        return
    before, core.charters, core.charter = core.charter, charters, charters[-1]
    core.forget_renewals()
    core.all_moved = True
    forget_book(core)
    core.deliver("house")
    if core.charter.max_circles != before.max_circles:
        _measure_again(core, is_wider=core.charter.max_circles > before.max_circles)


def _measure_again(core: Core, *, is_wider: bool) -> None:
    """Things go farther than before, or not as far."""
    core.graph.set_bound(core.charter.max_circles)
    core.reach.clear()
    core.chosen.clear()
    for stored in core.registers.all():
        origin = stored.record.origin
        if origin is None:
            continue
        offers.widen_reach(core, stored.record)
        is_offered = origin == core.me or offers.offerable(core, stored.record)
        if is_wider and is_offered and not core.is_restoring:
            core.bump(stored.record)
    if is_wider and not core.is_restoring:
        for friend in core.live_friends():
            ask_again(core, friend)  # what was refused as too far may come now


def _pass_on(core: Core, signed: list[Record]) -> None:
    """Signatures of members, and the seats that prove them, go to every friend."""
    counted: dict[Key, None] = {}
    proved: dict[MemberId, None] = {}
    for record in signed:
        _prove(core, record.author, proved, counted)
        counted[record.key] = None
    before, core.counted = core.counted, counted
    if core.is_restoring:
        return
    for key in counted:
        stored = core.registers.stored(key)
        if key not in before and stored is not None:
            core.bump(stored.record)


def _prove(
    core: Core, member: MemberId, proved: dict[MemberId, None], counted: dict[Key, None]
) -> None:
    """Note the seats that lead from a member back to the founders."""
    waiting = [member]
    while waiting:
        candidate = waiting.pop()
        if candidate in proved:
            continue
        proved[candidate] = None
        for sponsor in core.voters[candidate]:
            counted[(sponsor, seat_object(candidate))] = None
            waiting.append(sponsor)


def proofs(core: Core) -> list[Record]:
    """What proves the rules in force to somebody who knows the house's id alone: seats first."""
    if core.rules is None or core.house is None:
        return []
    counted: dict[Key, None] = {}
    proved: dict[MemberId, None] = {}
    signatures: dict[Key, None] = {}
    for before, version in itertools.pairwise(core.rules.versions):
        body = AmendmentBody(before.id, version.changes)
        for signer in version.signers:
            _prove(core, signer, proved, counted)
            signatures[(signer, amendment_object(core.house, body))] = None
    stored = [core.registers.stored(key) for key in (*counted, *signatures)]
    return [item.record for item in stored if item is not None]


# --- what is taken from others -----------------------------------------------------------


def check_room(core: Core, author: MemberId, body: AmendmentBody, sender: MemberId) -> None:
    """Whether another signature may be kept: each that counts travels through the house.

    Raises:
        QuotaExceeded: too many, of this member or from this friend.

    Spec: §9.6.
    """
    if author not in core.voters:
        unproved = sum(
            1
            for record in core.of_kind(Kind.AMENDMENT)
            if record.author not in core.voters and _came_from(core, record, sender)
        )
        if unproved >= limits.AMENDMENTS_UNPROVED_MAX:
            raise QuotaExceeded("too many signatures by nobody known to be a member", section="9.6")
    if signs_too_many(core, author, body):
        raise QuotaExceeded("this member signs too many changes of the rules", section="9.6")


def _came_from(core: Core, record: Record, sender: MemberId) -> bool:
    stored = core.registers.stored(record.key)
    return stored is not None and stored.received_from == sender


def signs_too_many(core: Core, author: MemberId, body: AmendmentBody) -> bool:
    """Whether a member signed as many changes of one charter as are kept.

    One with which a change is agreed on is always kept: others may have no room for all, and
    must not come to other rules for it.
    """
    versions = () if core.rules is None else core.rules.versions
    known: dict[bytes, Charter] = {version.id: version.charter for version in versions}
    held = [(r.author, r.body) for r in core.of_kind(Kind.AMENDMENT)]
    signed = [(who, what) for who, what in held if isinstance(what, AmendmentBody)]
    place = _place(body, known)
    others = sum(
        1 for who, what in signed if who == author and what != body and _place(what, known) == place
    )
    if others < limits.AMENDMENTS_PER_MEMBER_MAX:
        return False
    signers = [who for who, what in signed if what == body and who in core.voters]
    charter = known.get(body.previous)
    return charter is None or not has_quorum(charter, core.founders, [*signers, author])


def _place(body: AmendmentBody, known: dict[bytes, Charter]) -> bytes:
    """What it changes; all that change nothing known here are counted together."""
    return body.previous if body.previous in known else b""
