"""A message broke the engine: whose it was is shut out, and the home opens again.

A fault of this program is no excuse to stop a home that nobody looks after, nor to fail again
and again at the same message. What the event changed in memory is thrown away with the engine;
the next one starts from the store, in which nothing of it was written.

Spec: §10.1, §14.2.
"""

from __future__ import annotations

from node.engine import pauses
from node.engine.core import Core
from node.engine.events import LinkId, Persist, Space
from node.errors import NodeError
from node.surroundings import Connection, InvitationPeer


class HostFailed(NodeError):
    """The loop met an error nobody expected; the log says which.

    Args:
        may_open_again: whoever caused it is shut out, and the store is as it should be.
    """

    code = "node-broken"

    def __init__(self, detail: str, *, may_open_again: bool = False) -> None:
        super().__init__(detail)
        self.may_open_again = may_open_again


def rows_against(
    core: Core, link: Connection | None, link_id: LinkId, now_ms: int
) -> list[Persist]:
    """What to write so that a link's other end does not come again at once.

    Args:
        core: of the broken engine: only who is at the end of the link is believed.
        link: as the host knows it; None when it has ended meanwhile.
    """
    known = core.links.get(link_id)
    friend = None if known is None else known.friend
    peer = None if link is None else link.peer
    if friend is None and peer is not None and not isinstance(peer, InvitationPeer):
        friend = peer.member
    if friend is not None:
        return [pauses.row_against(friend, now_ms)]
    if isinstance(peer, InvitationPeer) and not peer.is_inviter:
        # A guest is nobody yet: the invitation lets nobody in any more.
        return [Persist(Space.INVITATION, peer.tag, None)]
    return []
