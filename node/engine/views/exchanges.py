"""Loans this node takes part in, and how a member stands seen from here.

Spec: §11, §12.
"""

from __future__ import annotations

from node.engine import ids, meetings, sharing, validations
from node.engine import loans as loan_steps
from node.engine import mediations as mediation_steps
from node.engine.after_rating import failures_of
from node.engine.asking import is_side_missing, reliability
from node.engine.core import Core
from node.engine.events import Json
from node.engine.loan_views import account_json, because_json
from node.engine.radius import missing_first_loans
from node.trust.standing import is_reliable


def loans(core: Core, *, only_open: bool = False) -> list[Json]:
    """Loans as holder, borrower or go-between, the newest first.

    ``reasons`` say why a request cannot be answered yet, as codes and values.
    """
    return loan_steps.loans_view(core, only_open=only_open)


def mediations(core: Core) -> list[Json]:
    """What I am asked to mediate, the latest first."""
    return mediation_steps.view(core)


def trust(core: Core, member_text: str | None = None) -> dict[str, Json]:
    """Confiance, Respect and open circles of a member (of mine, without a text).

    Computed from the ratings this node holds, from its place: ``because`` says whose
    words opened what is open. Raises Refused as ``ids.resolve_member``.
    """
    member = core.me if member_text is None else ids.resolve_member(core, member_text)
    judgement = loan_steps.judge(core, member)
    likelihood = reliability(core, member)
    return {
        "member": member.hex(),
        "name": core.name_of(member),
        "standing": "member" if core.is_member(member) else "candidate",
        "distance": core.distance(member),
        "confiance": judgement.confiance,
        "respect": judgement.respect,
        "respect_raters": judgement.respect_raters,
        "circles_open": judgement.circles_open,
        "exchanges": judgement.exchanges,
        "missing": judgement.missing,
        "because": because_json(core, judgement),
        "needs_side": is_side_missing(core, judgement),
        "validated_by": [
            {"member": each.hex(), "name": core.name_of(each)}
            for each in validations.validated_by_friends(core, member)
        ],
        "circles_by_sharing": sharing.circles(core, member),
        "first_loans_missing": missing_first_loans(core, member),
        "account": account_json(judgement.account),
        "failures": failures_of(core, member),
        "checked": meetings.checks_of(core, member),
        "reliability": round(likelihood, 3),
        "is_reliable": is_reliable(core.charter, likelihood),
    }
