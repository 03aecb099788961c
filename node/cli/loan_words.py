"""Words for a loan: one's part in it, where it stands, and what to do next."""

from __future__ import annotations

from typing import Final

from node.cli.client import Answer
from node.cli.output import Screen
from node.i18n import N_

_ROLES: Final = {
    "holder": N_("the holder"),
    "borrower": N_("the borrower"),
    "between": N_("between them"),
}
_STATES: Final = {
    "asked": N_("asked"),
    "countered": N_("other dates proposed"),
    "agreed": N_("agreed"),
    "handed_over": N_("handed over"),
    "returned": N_("returned"),
    "rated": N_("rated"),
    "declined": N_("declined"),
    "withdrawn": N_("withdrawn"),
    "cancelled": N_("cancelled"),
    "expired": N_("expired"),
}
_COMMANDS: Final = {
    ("holder", "asked"): "openhouse answer {loan} yes",
    ("borrower", "countered"): "openhouse answer {loan} yes",
    ("between", "asked"): "openhouse recommend {loan} yes",
    ("holder", "agreed"): "openhouse handover {loan}",
    ("borrower", "agreed"): "openhouse handover {loan}",
    ("holder", "handed_over"): "openhouse return {loan}",
    ("borrower", "handed_over"): "openhouse return {loan}",
    ("holder", "returned"): "openhouse rate {loan} --confiance 1 --respect 8",
    ("borrower", "returned"): "openhouse rate {loan} --confiance 1 --respect 8",
}


def role_word(screen: Screen, role: str) -> str:
    return screen.gettext(_ROLES.get(role, role))


def state_word(screen: Screen, state: str) -> str:
    return screen.gettext(_STATES.get(state, state))


def next_step(loan: Answer, shown_id: str) -> str:
    """The command that takes this loan further from here, or nothing."""
    return _COMMANDS.get((loan["role"], loan["state"]), "").format(loan=shown_id)
