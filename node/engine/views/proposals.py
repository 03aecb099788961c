"""Changes of the house's rules, as they are shown before they are signed.

Spec: §9.6.
"""

from __future__ import annotations

from collections.abc import Callable

from node.engine.core import Core
from node.engine.events import Json
from node.engine.proposals import Proposal
from node.engine.proposals import proposals as known_proposals
from protocol.charter import Charter, Explanation

Say = Callable[[Explanation], str]
"""The sentence of one rule, in the reader's language."""


def proposals(core: Core, say_rule: Say) -> list[Json]:
    """The change that made the rules in force, and those that can be signed."""
    return [proposal_json(core, proposal, say_rule) for proposal in known_proposals(core)]


def proposal_json(core: Core, proposal: Proposal, say_rule: Say) -> dict[str, Json]:
    """One change: each number before and after, and who has signed."""
    signers = proposal.signers
    founding = [founder for founder in core.founders if founder in signers]
    return {
        "proposal": proposal.id.hex(),
        "state": "in_force" if proposal.is_agreed else "open",
        "changes": [
            {
                "name": name,
                "from": dict(proposal.before.to_parameters())[name],
                "to": value,
                "now": _sentence(proposal.before, name, say_rule),
                "then": _sentence(proposal.after, name, say_rule),
            }
            for name, value in proposal.body.changes
        ],
        "signed_by": [
            {"member": who.hex(), "name": core.name_of(who), "founder": who in core.founders}
            for who in signers
        ],
        "signed": len(signers),
        "needed": proposal.before.amendment_approvals,
        "founders_signed": len(founding),
        "founders_needed": min(proposal.before.amendment_founders, len(core.founders)),
        "mine": core.me in signers,
    }


def _sentence(charter: Charter, name: str, say_rule: Say) -> str:
    return next(say_rule(rule) for rule in charter.explain() if rule.name == name)
