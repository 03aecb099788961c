"""The three handshake messages over a WebSocket, for both ends.

Nothing here says why it refuses: an end that refuses closes in silence, whatever the
reason, so that a stranger learns nothing (spec §6.10). The reason is raised, for the
caller to count.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

import aiohttp

from node.errors import LinkLost
from node.surroundings import FriendPeer, InvitationPeer, Peer
from node.transport.links import WebSocket
from protocol.channel import Channel
from protocol.errors import BadKey, Malformed, ProtocolError, UnknownPeer
from protocol.handshake import (
    FirstMessage,
    HandshakeKind,
    Initiator,
    Responder,
    invitation_tag,
    read_first,
)
from protocol.keys import MemberId

_EPHEMERAL_SIZE_BYTES: Final = 32


class CallerLeft(LinkLost):
    """The caller went before saying anything: they found a better address."""


async def call_friend(
    web_socket: WebSocket, *, house: bytes, static: bytes, friend: MemberId, link_key: bytes
) -> tuple[Channel, Peer]:
    """Dialled a friend: the channel, once they have proven to hold the pinned key.

    Args:
        static: our private link key.

    Raises:
        RemoteProtocolError: whoever answered is not that friend.
        LinkLost: nobody answered; what a stranger's node does as well.
    """
    handshake = Initiator.friend(
        house=house, static=static, ephemeral=_ephemeral(), remote_static=link_key
    )
    await web_socket.send_bytes(handshake.send_first())
    handshake.receive_second(await _next(web_socket))
    third, established = handshake.send_third()
    await web_socket.send_bytes(third)
    return established.channel, FriendPeer(friend)


async def call_inviter(
    web_socket: WebSocket, *, house: bytes, static: bytes, secret: bytes, link_key: bytes
) -> tuple[Channel, Peer]:
    """Dialled an inviter, with the secret of the invitation; raises as ``call_friend``.

    Args:
        link_key: the key the invitation names.
    """
    handshake = Initiator.invitation(
        house=house, static=static, ephemeral=_ephemeral(), secret=secret
    )
    await web_socket.send_bytes(handshake.send_first())
    handshake.receive_second(await _next(web_socket))
    # Spec 6.5: compared before message 3 shows our own key.
    if handshake.remote_static != link_key:
        raise BadKey("the key shown is not the one of the invitation", "6.5")
    third, established = handshake.send_third()
    await web_socket.send_bytes(third)
    tag = invitation_tag(secret)
    return established.channel, InvitationPeer(tag, established.remote_static, is_inviter=True)


async def answer(
    web_socket: WebSocket,
    *,
    house: bytes,
    static: bytes,
    friends: Callable[[], dict[bytes, MemberId]],
    secret_of: Callable[[bytes], bytes | None],
    first: FirstMessage | None = None,
) -> tuple[Channel, Peer]:
    """Were called: the channel, once the caller has proven to be somebody we answer.

    Args:
        first: what the caller said first, if that was heard already.
        static: our private link key.
        friends: link keys to answer, asked for when the caller's is known.
        secret_of: the secret of an open invitation, by its tag.

    Raises:
        CallerLeft: they went before they began; nothing was refused.
        RemoteProtocolError, LinkLost: close without a word.
    """
    first = first or await hear(web_socket)
    responder = _responder(first, house, static, secret_of)
    responder.receive_first(first)
    await web_socket.send_bytes(responder.send_second())
    _, established = responder.receive_third(await _next(web_socket))
    key = established.remote_static
    if first.kind is HandshakeKind.INVITATION:
        assert first.invitation_tag is not None, "read_first gives every invitation its tag"
        return established.channel, InvitationPeer(first.invitation_tag, key, is_inviter=False)
    friend = friends().get(key)
    if friend is None:
        raise UnknownPeer("the caller's link key is not a friend's", "6.5")
    return established.channel, FriendPeer(friend)


def is_made_for(first: FirstMessage, house: bytes, static: bytes) -> bool:
    """Whether a friend's first message opens with this link key, in this house."""
    try:
        Responder.friend(house=house, static=static, ephemeral=_ephemeral()).receive_first(first)
    except ProtocolError:
        return False
    return True


async def hear(web_socket: WebSocket) -> FirstMessage:
    """What a caller says first; raises as ``answer``."""
    try:
        message = await _next(web_socket)
    except LinkLost as error:
        raise CallerLeft("The caller left before saying anything") from error
    return read_first(message)


def _responder(
    first: FirstMessage, house: bytes, static: bytes, secret_of: Callable[[bytes], bytes | None]
) -> Responder:
    if first.kind is HandshakeKind.PAIRING:
        raise UnknownPeer("nobody here asked for a pairing", "17.8")
    if first.invitation_tag is None:
        return Responder.friend(house=house, static=static, ephemeral=_ephemeral())
    secret = secret_of(first.invitation_tag)
    if secret is None:
        raise UnknownPeer("the invitation is unknown or over", "6.4")
    return Responder.invitation(house=house, static=static, ephemeral=_ephemeral(), secret=secret)


async def _next(web_socket: WebSocket) -> bytes:
    """The next handshake message."""
    frame = await web_socket.receive()
    if frame.type is aiohttp.WSMsgType.BINARY:
        data: bytes = frame.data
        return data
    if frame.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.ERROR):
        raise Malformed("not a binary WebSocket message", "6.3")
    raise LinkLost("The other end hung up during the handshake")


def _ephemeral() -> bytes:
    return os.urandom(_EPHEMERAL_SIZE_BYTES)
