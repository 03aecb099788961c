"""Where notices go besides the page: e-mail through the owner's server, and ntfy.

Nothing is switched on until the owner does it, and nothing but these two ever leaves
(``node.notices.sending``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from ipaddress import ip_address
from typing import Any, Final

from node.i18n import N_
from protocol.errors import Refused

CHANNELS: Final = ("mail", "ntfy")
SECURITIES: Final = ("tls", "starttls", "none")
PROBLEMS: Final = {
    "certificate": N_(
        "the server’s certificate is not trusted here, or is for another name; nothing was sent"
    ),
    "no-tls": N_("there is no TLS on this port: try STARTTLS, or another port; nothing was sent"),
    "no-starttls": N_("the server does not offer STARTTLS on this port; nothing was sent"),
    "login": N_("the server does not take this user name and password"),
    "timeout": N_("no answer in time"),
    "hung-up": N_("the server hung up"),
    "nobody": N_("nobody answers at this address and port"),
    "no-such-server": N_("there is no server of this name"),
}
"""Why something did not go out, in words; other reasons are numbers of the server's."""
_TEXT_MAX: Final = 250
_ADDRESS: Final = re.compile(r"[^@\s<>,;:\"()\[\]\\\x00-\x1f]{1,64}@[A-Za-z0-9.-]{1,190}")
_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}|[0-9A-Fa-f:]{2,45}")
_NTFY: Final = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(/[A-Za-z0-9._/-]{0,100})?")
_TOPIC: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Mail:
    """The owner's mail server. Without ``host`` it is off."""

    host: str = ""
    port: int = 465
    security: str = "tls"
    user: str = ""
    password: str = ""
    sender: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True)
class Ntfy:
    """A topic on an ntfy server. Without ``topic`` it is off."""

    server: str = "https://ntfy.sh"
    topic: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class Channels:
    """What the owner switched on.

    Args:
        wanted: by event, the channels it goes to.
    """

    mail: Mail = Mail()
    ntfy: Ntfy = Ntfy()
    wanted: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def is_on(self, channel: str) -> bool:
        return bool(self.mail.host if channel == "mail" else self.ntfy.topic)

    def wanted_now(self) -> dict[str, list[str]]:
        """By event, the channels that are on and wanted."""
        return {
            event: [c for c in CHANNELS if c in channels and self.is_on(c)]
            for event, channels in self.wanted.items()
        }


def check(channels: Channels) -> Channels:
    """The same, when it can work. Raises Refused."""
    mail, ntfy = channels.mail, channels.ntfy
    if mail.host:
        if not _HOST.fullmatch(mail.host) or not 0 < mail.port < 65536:
            raise Refused("mail-server-not-possible", server=f"{mail.host}:{mail.port}")
        for address in (mail.sender, mail.to):
            if not _ADDRESS.fullmatch(address):
                raise Refused("bad-email", email=address)
        if mail.password and mail.security == "none" and not _is_here(mail.host):
            raise Refused("password-in-the-clear")
    if ntfy.topic and not (_TOPIC.fullmatch(ntfy.topic) and _NTFY.fullmatch(ntfy.server)):
        raise Refused("ntfy-not-possible")
    if any(len(text) > _TEXT_MAX for text in (*asdict(mail).values(), *asdict(ntfy).values())
           if isinstance(text, str)):  # fmt: skip
        raise Refused("too-much-data", limit=1)
    return channels


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def write_channels(channels: Channels) -> bytes:
    return json.dumps(asdict(channels), ensure_ascii=False).encode()


def read_channels(data: bytes) -> Channels:
    if not data:
        return Channels()
    found: dict[str, Any] = json.loads(data)
    return Channels(Mail(**found["mail"]), Ntfy(**found["ntfy"]), found["wanted"])
