"""What people are told of a loan when a friendship on its path has ended; command line and page.

Spec: §11.6, §11.9.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from node.i18n import N_

_ASKED: Final = ("asked", "countered")
_UNDER_WAY: Final = ("agreed", "handed_over", "returned", "lost", "kept")
_MINE_ASKED: Final = N_(
    "Your friendship with {name} has ended, and nobody has agreed yet: what was asked goes no "
    "further that way."
)
_OTHERS_ASKED: Final = N_(
    "The friendship between {one} and {two}, through which it was asked, has ended: an answer may "
    "not come."
)
_MINE_GOES_ON: Final = N_(
    "Your friendship with {name} has ended. The loan of “{title}” goes on until it is returned and "
    "rated: your two homes still pass on what is said of it, and nothing else."
)
_OTHERS_GO_ON: Final = N_(
    "The friendship between {one} and {two} has ended. The loan of “{title}” goes on until it is "
    "returned and rated: their homes still pass on what is said of it."
)
_MINE_OVER: Final = N_(
    "Your friendship with {name} has ended, and what is said here of “{title}” gets through no "
    "more: settle what is left in person."
)


def ended_sentence(loan: Mapping[str, Any], say: Callable[[str], str]) -> str:
    """Whether a loan goes on over a friendship that has ended; empty where none has."""
    way = loan.get("ended_between")
    state = loan["state"]
    if not way or state not in (*_ASKED, *_UNDER_WAY):
        return ""
    if state in _ASKED:
        sentence = _MINE_ASKED if way["is_mine"] else _OTHERS_ASKED
    elif way["is_mine"]:
        sentence = _MINE_GOES_ON if way["goes_on"] else _MINE_OVER
    else:
        sentence = _OTHERS_GO_ON
    names = {"name": way["two_name"], "one": way["one_name"], "two": way["two_name"]}
    return say(sentence).format(title=loan["title"], **names)
