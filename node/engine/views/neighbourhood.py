"""Who is around me, as far as what I can see tells: friends, and those behind them.

Nothing is asked of anybody for it. A friendship between two others is named only when a
thing that is shown here came along it, as the thing's own page says ("through Ana").

Spec: §5.7 (a node shows only what its own certificates prove).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.engine.core import Core
from node.engine.views.folding import folded
from protocol.bodies import ListingBody
from protocol.keys import MemberId

BEYOND_MAX: Final = 200
"""People behind friends; the nearest first, then by name."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One person around me.

    Args:
        distance: steps from me; 1 for a friend.
        through: who stands one step nearer to me on the ways things took; empty for friends.
        is_connected: of a friend: whether their node is connected now.
    """

    member: MemberId
    name: str
    distance: int
    through: tuple[MemberId, ...]
    is_connected: bool


def neighbours(core: Core) -> list[Neighbour]:
    """Everybody around me, the nearest first, then by name."""
    found = {
        friend: Neighbour(
            friend, core.name_of(friend), 1, (), core.link_of(friend) is not None
        )
        for friend in core.live_friends()
    }  # fmt: skip
    ways: dict[MemberId, dict[MemberId, None]] = {}
    steps: dict[MemberId, int] = {}
    for record in core.visible_listings():
        assert isinstance(record.body, ListingBody)
        path = core.path_from(record.author, record.body.through)
        assert path is not None, "a visible listing has a path"
        for place, member in enumerate(path[:-2]):
            distance = len(path) - 1 - place
            # Those behind a friend, and by whom: somebody may be met at several distances.
            if distance < steps.get(member, distance + 1):
                steps[member], ways[member] = distance, {}
            if distance == steps[member] and member not in found:
                ways[member][path[place + 1]] = None
    beyond = [
        Neighbour(
            member, core.name_of(member), steps[member], tuple(sorted(ways[member])), False
        )
        for member in steps
        if member not in found
    ]  # fmt: skip
    rows = sorted(beyond, key=_nearest_first)[:BEYOND_MAX]
    known = {row.member for row in rows} | set(found)
    # Whoever is beyond the last one that is told hangs on nobody.
    rows = [row for row in rows if all(member in known for member in row.through)]
    return [*sorted(found.values(), key=_nearest_first), *rows]


def _nearest_first(person: Neighbour) -> tuple[int, str, MemberId]:
    return (person.distance, folded(person.name), person.member)
