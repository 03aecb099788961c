"""What somebody is told of another's loans; for command line and page.

Spec: §12.8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from node.i18n import N_

_TWO_LEDGERS = N_(
    "{name} keeps two different lists of their loans, one for each side: do not lend to them "
    "before somebody has explained it to you."
)
_LOANS = N_("{name}'s loans: {parts}.")
_NOTHING = N_("Nothing is known of any loan of {name}'s yet.")


def account_sentences(
    account: Mapping[str, Any],
    name: str,
    gettext: Callable[[str], str],
    ngettext: Callable[[str, str, int], str],
) -> list[str]:
    """How the loans of a member went, and of how many that is not known.

    Args:
        account: as the API gives it.
    """
    sentences = [_TWO_LEDGERS] if account["is_forked"] else []
    parts = _parts(account, ngettext)
    if parts or not sentences:
        sentences.append(_LOANS if parts else _NOTHING)
    return [gettext(text).format(name=name, parts=", ".join(parts)) for text in sentences]


def _parts(account: Mapping[str, Any], ngettext: Callable[[str, str, int], str]) -> list[str]:
    good, bad, repaired = account["good"], account["bad"], account["repaired"]
    under_way, silent, missing = (
        account["under_way"], account["without_answer"], account["missing"],
    )  # fmt: skip
    said = (
        (good, ngettext("{count} as agreed", "{count} as agreed", good)),
        (bad, ngettext("{count} not as agreed", "{count} not as agreed", bad)),
        (repaired, ngettext("{count} put right since", "{count} put right since", repaired)),
        (under_way, ngettext("{count} not over yet", "{count} not over yet", under_way)),
        (silent, ngettext("{count} without answer", "{count} without answer", silent)),
        (missing, ngettext("{count} not shown", "{count} not shown", missing)),
    )
    return [text.format(count=count) for count, text in said if count]
