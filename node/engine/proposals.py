"""Changes of the rules as the owner sees them, and signs them.

A proposal is nothing by itself: whoever proposes is the first to sign. Signing cannot be
taken back, so what would change is shown before.

Spec: §9.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from node.engine import amendments
from node.engine.core import Core
from node.engine.events import Json
from node.engine.ids import resolve_proposal
from protocol import limits
from protocol.bodies import AmendmentBody
from protocol.charter import Charter, CharterError
from protocol.errors import Refused
from protocol.house import Parameters, amended, amendment_id, amendment_object
from protocol.keys import MemberId


def charter_refusal(error: CharterError) -> Refused:
    """What is wrong with the numbers somebody wrote, as a refusal."""
    return Refused("charter-not-possible", key=error.key, possible=error.possible)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of the rules in force, as it is shown before it is signed.

    Args:
        signers: members who signed it, sorted.
        is_agreed: it is what is in force now.
    """

    id: bytes
    body: AmendmentBody
    before: Charter
    after: Charter
    signers: tuple[MemberId, ...]
    is_agreed: bool = False


def proposals(core: Core) -> list[Proposal]:
    """The change that made the rules in force, and those that others have signed since.

    Those most members have signed come first.
    """
    if core.rules is None or core.house is None:
        return []
    versions = core.rules.versions
    found = []
    if len(versions) > 1:
        last, before = versions[-1], versions[-2]
        body = AmendmentBody(before.id, last.changes)
        found.append(
            Proposal(last.id, body, before.charter, last.charter, last.signers, is_agreed=True)
        )
    rows = [(body, amendment_id(core.house, body), who) for body, who in core.rules.open.items()]
    for body, proposal_id, signers in sorted(rows, key=lambda row: (-len(row[2]), row[1])):
        try:
            after = amended(core.charter, body.changes)
        except CharterError:
            continue  # of a newer program
        found.append(Proposal(proposal_id, body, core.charter, after, signers))
    return found


def draft(core: Core, numbers: Mapping[str, int]) -> Proposal:
    """What a change would be: those of the numbers that are others than now.

    Raises:
        Refused: there is no house, nothing would change, or the numbers are not possible.
    """
    if core.rules is None or core.house is None:
        raise Refused("no-house")
    if core.rules.is_outdated:
        raise Refused("rules-outdated")
    now = dict(core.charter.to_parameters())
    changes: Parameters = tuple(
        (name, value) for name, value in sorted(numbers.items()) if now.get(name) != value
    )
    if not changes:
        raise Refused("nothing-to-change")
    try:
        after = amended(core.charter, changes)
    except CharterError as error:
        raise charter_refusal(error) from error
    body = AmendmentBody(core.rules.in_force.id, changes)
    signers = core.rules.open.get(body, ())
    return Proposal(amendment_id(core.house, body), body, core.charter, after, signers)


def propose(core: Core, numbers: Mapping[str, int]) -> Json:
    """``house propose FILE``: sign a change of the rules, as the first.

    Raises:
        Refused: not possible, or not ours to sign.
    """
    return _sign(core, draft(core, numbers))


def approve(core: Core, text: str) -> Json:
    """``house approve PROPOSAL``."""
    known = {proposal.id: proposal for proposal in proposals(core)}
    return _sign(core, known[resolve_proposal(list(known), text)])


def _sign(core: Core, proposal: Proposal) -> Json:
    assert core.house is not None, "there is something to sign"
    if core.standing() != "member":
        raise Refused("amendment-not-a-member")
    if core.config.successors:
        raise Refused("amendment-new-root")
    if core.me in proposal.signers:
        raise Refused("amendment-signed")
    if amendments.signs_too_many(core, core.me, proposal.body):
        raise Refused("too-many-proposals", maximum=limits.AMENDMENTS_PER_MEMBER_MAX)
    object_id = amendment_object(core.house, proposal.body)
    core.publish(proposal.body, object_id, amendments.AMENDMENT_LEASE_MS)
    assert core.rules is not None, "there is a house"
    is_agreed = any(version.id == proposal.id for version in core.rules.versions)
    return {"proposal": proposal.id.hex(), "state": "in_force" if is_agreed else "open"}
