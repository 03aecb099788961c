"""Who may talk to the local port at all.

A page in the owner's own browser can send requests to any local port. Three things
stand against it: the ``Host`` header must name this computer (against a hostile
name that resolves to 127.0.0.1, "DNS rebinding"), the API wants the token from the
data directory, and bodies must be declared as JSON, which a foreign page cannot do
without being asked for leave first (CORS, which is never granted).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import Final

from aiohttp import web

from node.api.errors import ApiError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LOOPBACK_NAMES: Final = ("localhost", "localhost.localdomain", "ip6-localhost")
_HOST: Final = re.compile(
    r"(?:\[(?P<bracketed>[0-9a-fA-F:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{1,5})?"
)
_SCHEME: Final = "bearer "


def host_is_ours(host_header: str | None, configured: Sequence[str]) -> bool:
    """Whether a ``Host`` header names this computer by a name that only it has.

    Args:
        configured: further names or addresses, with or without a port.
    """
    name = _host_name(host_header or "")
    if not name:
        return False
    if name in _LOOPBACK_NAMES or name in [_host_name(host) for host in configured]:
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _host_name(host: str) -> str:
    """A host header without its port, in lower case; empty when it is not one."""
    match = _HOST.fullmatch(host)
    if match is None:
        return ""
    return (match["bracketed"] or match["name"]).lower().rstrip(".")


def token_is_right(authorization: str | None, token: str) -> bool:
    """Whether an ``Authorization`` header carries the token; in constant time."""
    given = authorization or ""
    if given[: len(_SCHEME)].lower() != _SCHEME:
        return False
    # Headers may hold any bytes; those that are no UTF-8 arrive as lone surrogates.
    shown = given[len(_SCHEME) :].strip().encode("utf-8", "surrogatepass")
    return hmac.compare_digest(shown, token.encode())


def require_token(request: web.Request, token: str) -> None:
    """Refuse a request without the right token."""
    if not token_is_right(request.headers.get("Authorization"), token):
        raise ApiError(401, "wrong-token")


def require_host(request: web.Request, configured: Sequence[str]) -> None:
    """Refuse a request meant for another host."""
    if not host_is_ours(request.headers.get("Host"), configured):
        raise ApiError(403, "wrong-host")
