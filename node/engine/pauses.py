"""Pauses: a friend's node that sends nonsense is left alone until its person is asked.

What an honest and healthy node never sends is either a lie or a broken disk, and the
person at the other end is a friend: no friendship ends by it. The edge is paused for
``LINK_PAUSE_MS``, the owner is told why in words, and may admit the friend earlier.

Spec: §14.2.
"""

from __future__ import annotations

from typing import Final

from node.engine import ids
from node.engine.calendar import instant_text
from node.engine.commands import AdmitFriend
from node.engine.core import Core
from node.engine.events import FriendsChanged, Json, Persist, Space
from protocol import limits
from protocol.errors import Refused
from protocol.keys import MemberId

_NOTE: Final = "paused "
BROKE_US: Final = "node-broken"
"""The reason where what a friend sent made this program fail: it is not the friend's to mend."""


def settle(core: Core) -> None:
    """Judge what was refused during this event; at the end of each."""
    for member, verdict, code in core.offences:
        friend = core.friends.get(member)
        if friend is None or member in core.paused:
            continue
        if friend.ended and member not in core.loan_links:
            continue
        if verdict == "block" or _is_once_too_often(core, member):
            _pause(core, member, code)
    core.offences.clear()


def _is_once_too_often(core: Core, member: MemberId) -> bool:
    """Whether so many links with this friend ended for what came by them."""
    since_ms = core.now_ms - limits.LINK_OFFENCES_WINDOW_MS
    times = [time for time in core.offence_times_ms.get(member, ()) if time > since_ms]
    times.append(core.now_ms)
    core.offence_times_ms[member] = times
    return len(times) >= limits.LINK_OFFENCES_MAX


def _pause(core: Core, member: MemberId, code: str) -> None:
    core.offence_times_ms.pop(member, None)
    core.paused[member] = (core.now_ms + limits.LINK_PAUSE_MS, code)
    core.put_local(_NOTE + member.hex(), [*core.paused[member]])
    _tell(core)  # the link itself was ended with what was refused (``Core.reject``)


def row_against(member: MemberId, now_ms: int) -> Persist:
    """The row by which the next engine has paused a friend whose message broke this one."""
    row = (now_ms + limits.LINK_PAUSE_MS, BROKE_US)
    return Persist(Space.LOCAL, (_NOTE + member.hex()).encode(), row)


def view(core: Core, member: MemberId) -> Json:
    """Until when, and the code of what was refused (§14.2); None for others."""
    if member not in core.paused:
        return None
    _, code = core.paused[member]
    return {"until": instant_text(_until_ms(core, member)), "reason": code}


def admit(core: Core, command: AdmitFriend) -> Json:
    """``friends admit MEMBER``. Raises Refused; nothing is changed then."""
    member = ids.resolve_member(core, command.member)
    friend = core.friends.get(member)
    if friend is None or friend.ended:
        raise Refused("not-a-friend", member=command.member)
    if member not in core.paused:
        raise Refused("not-paused", name=core.name_of(member))
    end(core, member)
    return {"member": member.hex(), "name": core.name_of(member)}


def end(core: Core, member: MemberId) -> None:
    """As before; also when the friendship itself ends, which must be told."""
    if core.paused.pop(member, None) is not None:
        core.put_local(_NOTE + member.hex(), None)
        _tell(core)


def on_wakeup(core: Core) -> None:
    """Let those in whose time is over."""
    for member in sorted(core.paused):
        if _until_ms(core, member) <= core.now_ms:
            end(core, member)


def next_wakeup_ms(core: Core) -> int | None:
    """When the next pause is over."""
    return min([_until_ms(core, member) for member in core.paused], default=None)


def restore(core: Core) -> None:
    """Read back what was noted before a restart."""
    for member in sorted(core.friends):
        note = core.get_local(_NOTE + member.hex())
        if isinstance(note, tuple) and len(note) == 2:
            until_ms, code = note
            assert isinstance(until_ms, int), "written here"
            assert isinstance(code, str), "written here"
            core.paused[member] = (until_ms, code)


def _until_ms(core: Core, member: MemberId) -> int:
    # A clock that was ahead must not make a day last for years.
    return min(core.paused[member][0], core.now_ms + limits.LINK_PAUSE_MS)


def _tell(core: Core) -> None:
    core.effects.append(FriendsChanged())
    core.deliver("friends")
