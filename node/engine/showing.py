"""Discreet friendships: known to the two of them, and to nobody else.

A friendship that is not shown carries what its two ends give each other, and nothing
farther. Others may hold the half from before, which says the contrary and lives on for
weeks. So the new half begins anew, with another secret, and the former's secret is
revealed like that of a friendship that has ended: to those who hold no such half it
says nothing, to those who do that this edge is gone.

The friend is the only one for whom the friendship goes on: they must hold the new half
before they hear the secret of the former. So it waits until they have confirmed it.

Spec: §7.8.
"""

from __future__ import annotations

from typing import Final

from node.engine import house, ids
from node.engine.commands import ShowFriendship
from node.engine.core import Core
from node.engine.edges import (
    former_starts,
    put_former_starts,
    restart_stream,
    take_revocation,
    write_friend,
)
from node.engine.events import Json
from protocol import limits
from protocol.errors import Refused
from protocol.keys import MemberId, revocation_secret

FORMER_MAX: Final = 16
"""Former halves whose secrets wait for one friend who is off: an owner's changes of mind."""


def show(core: Core, command: ShowFriendship) -> Json:
    """``friends show MEMBER yes|no``. Raises Refused; nothing is changed then."""
    member = ids.resolve_member(core, command.member)
    friend = core.friends.get(member)
    if friend is None or friend.ended:
        raise Refused("not-a-friend", member=command.member)
    if house.shows(core, member) != command.shows:
        house.put_shows(core, member, command.shows)
        if not command.shows:
            starts = (*former_starts(core, member), friend.half_start)
            put_former_starts(core, member, starts[-FORMER_MAX:])
            friend.half_start = core.next_sequence
            write_friend(core, member)
        house.renew_half(core, member)
        restart_stream(core, member)  # until it is confirmed, the former half counts for them
        core.deliver("friends")
    return {"member": member.hex(), "name": core.name_of(member), "shows": command.shows}


def may_reveal(core: Core, member: MemberId) -> bool:
    """Whether a former half's secret waits, and the friend has the half that took its place."""
    friend = core.friends[member]
    return not friend.ended and not friend.restart and bool(former_starts(core, member))


def reveal_former(core: Core, member: MemberId) -> None:
    """Take former halves back from everybody, as soon as the friend holds the new one."""
    if not may_reveal(core, member):
        return
    hops = max(c.max_circles for c in core.charters) + limits.REVOCATION_EXTRA_HOPS
    for start in former_starts(core, member):
        secret = revocation_secret(core.config.seed, member, start)
        take_revocation(core, secret, hops, None)
    put_former_starts(core, member, ())
