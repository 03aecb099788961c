"""Words for a loan: one's part in it, and what to do next."""

from __future__ import annotations

from typing import Final

from node.cli.client import Answer
from node.cli.output import Screen
from node.i18n import N_

_ROLES: Final = {
    "holder": N_("lending"),
    "borrower": N_("borrowing"),
    "between": N_("in between"),
}
# What takes a loan further, by the verb that the node says is possible now.
_COMMANDS: Final = {
    "answer": "openhouse answer {loan} yes",
    "recommend": "openhouse recommend {loan} yes",
    "handover": "openhouse handover {loan}",
    "return": "openhouse return {loan}",
    "rate": "openhouse rate {loan} --confiance 1 --respect 8",
}


def role_word(screen: Screen, role: str) -> str:
    return screen.gettext(_ROLES.get(role, role))


def next_step(loan: Answer, shown_id: str) -> str:
    """The command that takes this loan further from here, or nothing."""
    if loan.get("reasons"):
        return ""
    for verb in loan.get("can", []):
        if verb in _COMMANDS:
            return _COMMANDS[verb].format(loan=shown_id)
    return ""
