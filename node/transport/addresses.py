"""Where this node can be reached, as told to friends and put into invitations.

Best first: what the owner configured, then what the router lets in, then the addresses
of this computer towards the world, or on its networks where there is no world, then the
loopback one, which only helps nodes on the same machine and costs others nothing.
All of them are hints: the secure channel says who answers.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import ip_address

from node.config import Settings, join_address
from protocol.invitations import ADDRESSES_MAX

# Nothing is sent there (documentation addresses, RFC 5737 and 3849): connecting a
# datagram socket only asks the system which of its own addresses it would use.
_PROBES = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def reachable_addresses(
    settings: Settings, peer_port: int, mapped: str | None = None
) -> tuple[str, ...]:
    """Addresses ("host:port") at which the peer port can be reached.

    Args:
        mapped: where the router lets friends in.
    """
    found = [*settings.advertise, *([] if mapped is None else [mapped])]
    found += [join_address(host, peer_port) for host in _own_hosts(settings.peer_host)]
    return tuple(dict.fromkeys(found[: ADDRESSES_MAX - 1] + found[-1:]))


def own_addresses() -> list[str]:
    """All addresses of this computer's interfaces that others on its networks can use."""
    from zeroconf import get_all_addresses, get_all_addresses_v6  # type: ignore[attr-defined]

    found = [str(address) for address in get_all_addresses()]
    found += [str(address) for (address, *_), _ in get_all_addresses_v6()]
    others = [address for address in found if not ip_address(address).is_loopback]
    return list(dict.fromkeys(others or found))


def _own_hosts(peer_host: str) -> list[str]:
    if peer_host not in ("::", "0.0.0.0"):
        return ["127.0.0.1" if peer_host == "localhost" else peer_host]
    families = _PROBES if peer_host == "::" else _PROBES[:1]
    hosts = [host for family, probe in families if (host := _source_address(family, probe))]
    if not hosts:
        # No way to the world: a switch between two computers is a network all the same.
        others = [address for address in own_addresses() if _is_told(address)]
        hosts = [address for address in others if peer_host == "::" or ":" not in address]
    return [*hosts, "127.0.0.1"]


def _source_address(family: socket.AddressFamily, probe: str) -> str | None:
    """The address this computer uses towards the world, if it has one."""
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.connect((probe, 9))
        host = str(asking.getsockname()[0])
        if _is_told(host):
            return host
    return None


def _is_told(host: str) -> bool:
    """Whether an address means the same to somebody else."""
    address = ip_address(host.partition("%")[0])
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)
