"""Who has signed a change of the rules, in words: for the terminal and the page.

Spec: §9.6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Say = Callable[[str], str]
SayCounted = Callable[[str, str, int], str]


def signed_sentence(row: Mapping[str, Any], _: Say, ngettext: SayCounted) -> str:
    """ "Signed by Ana and 2 others: 1 signature is missing, a founder's." """
    names = ", ".join(signer["name"] for signer in row["signed_by"])
    said = _("Signed by {names}.").format(names=names) if names else _("Nobody has signed it yet.")
    missing = max(0, row["needed"] - row["signed"])
    founders = max(0, row["founders_needed"] - row["founders_signed"])
    if row["state"] != "open":
        return said
    if missing:
        said += " " + ngettext(
            "{count} more signature is needed.", "{count} more signatures are needed.", missing
        ).format(count=missing)
    if founders:
        said += " " + ngettext(
            "A founder has to sign it too.", "Both founders have to sign it.", founders
        )
    return said
