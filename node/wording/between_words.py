"""What a go-between sees and what their word engages, said before they act.

For command line and page. Spec: §11.6, §12.7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from node.i18n import N_

_SEES: Final = N_("You see that {borrower} asks {holder} for “{title}”, {dates}; nothing else.")
_SEES_NO_TITLE: Final = N_(
    "You see that {borrower} asks {holder} for something your home has not seen, {dates}; "
    "nothing else."
)
_TELLS: Final = N_("If you pass it on, {holder} sees that you recommend {borrower}.")


def engagement_sentences(
    loan: Mapping[str, Any],
    dates: str,
    gettext: Callable[[str], str],
    ngettext: Callable[[str, str, int], str],
) -> list[str]:
    """Who, what and when; and what passing it on engages.

    Args:
        loan: as the API gives it, with ``engages``.
        dates: its dates, as the reader says them.
    """
    names = {key: loan[f"{key}_name"] for key in ("borrower", "holder")}
    sees = _SEES if loan["title"] else _SEES_NO_TITLE
    said = [
        gettext(sees).format(**names, title=loan["title"], dates=dates),
        gettext(_TELLS).format(**names),
    ]
    engages = loan["engages"]
    if engages["units"] is not None:
        text = ngettext(
            "Until it is back and went well, it is the one loan you answer for on {friend}'s side.",
            "Until it is back and went well, it is one of the {units} loans you can answer for on "
            "{friend}'s side; {engaged} count now.",
            engages["units"],
        )
        said.append(
            text.format(friend=engages["name"], units=engages["units"], engaged=engages["engaged"])
        )
    return said
