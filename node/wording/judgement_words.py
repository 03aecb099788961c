"""How a member came to be judged as they are; for command line and page.

Names, never numbers: whose word counts is an explanation, how many there are is no merit.

Spec: §12.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from node.i18n import N_

_LENT = N_("It went well with {names}, who lent something to {name}.")
_BORROWED = N_("It went well with {names}, who borrowed something from {name}.")
_FORGOTTEN_OR_NONE = N_(
    "Nobody within two steps of you has said yet that it went well with {name}."
)
_NONE_OF_MINE = N_("Nobody within two steps of you has said yet that it went well with you.")
_LENT_TO_ME = N_("It went well with {names}, who lent something to you.")
_BORROWED_FROM_ME = N_("It went well with {names}, who borrowed something from you.")
_ONE_SIDE = N_(
    "All this is known through one friend of yours: circle 3 opens when it is through another "
    "one as well."
)

_OTHERS: dict[bool | None, str] = {True: _LENT, False: _BORROWED, None: _FORGOTTEN_OR_NONE}
_MINE: dict[bool | None, str] = {
    True: _LENT_TO_ME, False: _BORROWED_FROM_ME, None: _NONE_OF_MINE,
}  # fmt: skip


def because_sentences(
    judged: Mapping[str, Any], name: str, gettext: Callable[[str], str], *, is_me: bool
) -> list[str]:
    """With whom it went well.

    Args:
        judged: with ``because`` as the API gives it, and ``needs_side`` if the next circle's
            only lack is that.
    """
    texts = _MINE if is_me else _OTHERS
    sentences = []
    for lent in (True, False):
        names = [each["name"] for each in judged["because"] if each["lent"] is lent]
        if names:
            sentences.append(gettext(texts[lent]).format(names=", ".join(names), name=name))
    if not sentences:
        sentences.append(gettext(texts[None]).format(name=name))
    if judged.get("needs_side"):
        sentences.append(gettext(_ONE_SIDE))
    return sentences
