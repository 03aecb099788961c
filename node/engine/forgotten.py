"""Who may still hold what a restored node has forgotten, and what is not promised meanwhile.

A friend who is away while the others give back what they hold may be the only one to know of a
loan that was agreed on, a request that was passed on or a rating that was given. To promise anew
before they were asked could be to promise twice, so it waits: until all have answered, for
``PROMISES_WAIT_MAX_MS`` at most, or until the owner says that it is enough.

Pure: must not import anything that acts.

Spec: §18.5.
"""

from __future__ import annotations

from typing import Final

from node.engine.core import Core
from node.engine.edges import is_not_ended
from protocol.encoding import Value
from protocol.errors import Refused
from protocol.keys import MemberId

PROMISES_WAIT_MAX_MS: Final = 14 * 24 * 3600 * 1000
_STILL_TO_ASK: Final = "recall later"
_SINCE: Final = "recalled at"


def still_to_ask(core: Core) -> list[MemberId]:
    """Friends who were away when the others gave back what they hold of ours."""
    note = core.get_local(_STILL_TO_ASK)
    members = note if isinstance(note, tuple | list) else ()
    return [MemberId(member) for member in members if isinstance(member, bytes)]


def ask_later(core: Core, members: list[MemberId]) -> None:
    """These are to be asked when a link with them stands; former friends while a loan goes on."""
    note: list[Value] = [member for member in members if _may_answer(core, member)]
    core.put_local(_STILL_TO_ASK, note or None)
    if not note:
        core.put_local(_SINCE, None)


def _may_answer(core: Core, member: MemberId) -> bool:
    return is_not_ended(core, member) or member in core.loan_links


def wait(core: Core) -> None:
    """From now on nothing is promised before those still to ask have answered."""
    if still_to_ask(core):
        core.put_local(_SINCE, core.now_ms)


def promise_all_the_same(core: Core) -> None:
    """The owner does not want to wait any longer."""
    core.put_local(_SINCE, None)


def waited_for(core: Core) -> list[MemberId]:
    """Those before whose answer nothing is promised; none when nothing waits (any more)."""
    since_ms = core.get_local(_SINCE)
    if not isinstance(since_ms, int) or core.now_ms - since_ms >= PROMISES_WAIT_MAX_MS:
        return []
    return [member for member in still_to_ask(core) if _may_answer(core, member)]


def why_not_promise(core: Core) -> Refused | None:
    """Why no loan is agreed to, no request passed on and nothing rated now."""
    members = waited_for(core)
    if not members:
        return None
    names = ", ".join(core.name_of(member) for member in members)
    return Refused("promises-forgotten", names=names)
