"""What the host needs of others: links, services beside the engine, store, network.

The host knows links only by what it needs of them (``Connection``), and the network
only by four calls (``Network``); both can be scripted in tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from node.engine.core import Core
from node.engine.events import DialInvitation, Effect, Event, LinkId, Persist
from protocol.keys import MemberId


@dataclass(frozen=True, slots=True)
class FriendPeer:
    """The other end of a link is a friend, proven by the handshake."""

    member: MemberId


@dataclass(frozen=True, slots=True)
class InvitationPeer:
    """The other end knows an invitation's secret.

    Args:
        is_inviter: the other end made the invitation (we dialled it).
    """

    tag: bytes
    link_key: bytes
    is_inviter: bool


Peer: TypeAlias = FriendPeer | InvitationPeer


class Connection(Protocol):
    """A link, as the host sees it."""

    @property
    def id(self) -> LinkId: ...
    @property
    def peer(self) -> Peer: ...
    @property
    def is_dialled(self) -> bool:
        """Whether this node dialled."""

    @property
    def is_relayed(self) -> bool:
        """Whether it runs through a common friend's node."""

    def send(self, message: bytes) -> None:
        """Queue one message."""

    def close(self, reason: str) -> None:
        """Say goodbye after what was sent before; calling it twice is harmless."""

    def on_delivered(self, size_bytes: int) -> None:
        """The engine has taken in a message: there is room for more."""


class SideService(Protocol):
    """What friends do for each other between two links, without the engine. Spec: §17."""

    def takes(self, link: Connection, message: bytes) -> bool:
        """Whether a message was for the service; it is then done with."""

    def on_link_ended(self, link: Connection) -> None: ...


class EngineLike(Protocol):
    """The engine, or a scripted double."""

    @property
    def core(self) -> Core: ...
    def handle(self, event: Event, now_ms: int) -> list[Effect]: ...
    def next_wakeup_ms(self) -> int | None: ...


class Committer(Protocol):
    """The store, as the host sees it."""

    def commit(self, persists: list[Persist]) -> None: ...


class Network(Protocol):
    """What surrounds the host."""

    def addresses(self) -> tuple[str, ...]:
        """Where this node can be reached today."""

    def dial_invitation(self, invitation: DialInvitation) -> None:
        """Dial an inviter; ends in a link or in ``Host.fail_dial``."""

    def on_friends_changed(self) -> None:
        """Look at ``friends_to_dial()`` again."""

    def on_link_changed(self, member: MemberId) -> None:
        """A friend's link came or went."""
