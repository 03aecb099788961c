"""Who sees my things: how many people a circle is today, and what one friend sees of mine.

Counted from the certificates held here, so never more than there are: who is beyond a friend
whose paths have not come is not counted.

Spec: §7.3, §7.5.
"""

from __future__ import annotations

from node.engine import ids
from node.engine.core import Core
from node.engine.events import Json
from node.engine.house import shows
from node.engine.views.things import things
from protocol.errors import Refused


def people_within(core: Core) -> list[int]:
    """How many people a circle holds today, from my friends alone to the widest; cumulated."""
    friends = core.live_friends()
    farther = range(2, core.charter.max_circles + 1)
    return [len(friends), *(core.graph.count_within(circles, friends) for circles in farther)]


def seen_by(core: Core, friend_text: str) -> dict[str, Json]:
    """My things as one friend sees them, and those hidden from that friend.

    Args:
        friend_text: a friend's id, or its beginning.

    Returns:
        ``seen`` and ``hidden``: rows of ``things``; those seen say in ``goes_on`` whether the
        friend's own friends may see them as well; those hidden say in ``why`` that they are a
        ``draft``, or are for ``others``.

    Raises:
        Refused: this is no friend.
    """
    friend = ids.resolve_member(core, friend_text)
    if friend not in core.live_friends():
        raise Refused("not-a-friend", member=friend_text)
    seen: list[Json] = []
    hidden: list[Json] = []
    for row in things(core):
        assert isinstance(row, dict), "one object for each thing"
        circles, only = row["circles"], row["only_through"]
        assert isinstance(circles, int)
        assert isinstance(only, list)
        if circles == 0:
            hidden.append({**row, "why": "draft"})
        elif only and friend.hex() not in only:
            hidden.append({**row, "why": "others"})
        else:
            seen.append({**row, "goes_on": circles > 1 and shows(core, friend)})
    return {"member": friend.hex(), "name": core.name_of(friend), "seen": seen, "hidden": hidden}
