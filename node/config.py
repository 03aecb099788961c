"""The node's options: one file, the environment, the command line.

``config.toml`` in the data directory, variables ``OPENHOUSE_*``, and flags; a flag
counts more than the environment, the environment more than the file. One table of
options drives all three. What is unknown or of the wrong kind is refused with a
sentence that names it and says what is possible; nothing is guessed.

Spec: §10 is untouched by any of it: options say where and how fast, never what is right.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from node.errors import ConfigError
from node.toml_files import read_toml
from protocol.limits import RECORDS_PER_SECOND_MAX

CONFIG_FILE: Final = "config.toml"
PREFIX: Final = "OPENHOUSE_"
ADVERTISE_MAX: Final = 4

_LOG_LEVELS: Final = ("debug", "info", "warning", "error")
_HOST_NAME: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Settings:
    """The options in force.

    Args:
        peer_host: address friends reach this node at; "::" is every interface, IPv4 too.
        peer_port, web_port: 0 picks a free one.
        web_host: address of page and API.
        web_names: host names besides the loopback ones that the page is reached by.
        lan: look for friends nearby, and let them find this node.
        map_port: ask the router to let friends in.
        advertise: further addresses to tell friends ("host:port"), best first.
        records_per_second: what one friend may send; None for no limit.
    """

    home: Path
    peer_host: str = "::"
    peer_port: int = 7470
    web_host: str = "127.0.0.1"
    web_port: int = 7471
    web_names: tuple[str, ...] = ()
    lan: bool = True
    map_port: bool = False
    advertise: tuple[str, ...] = ()
    records_per_second: int | None = RECORDS_PER_SECOND_MAX
    log_level: str = "info"


def default_home() -> Path:
    """Where a node lives unless it is told otherwise (XDG on Linux)."""
    import platformdirs

    return Path(platformdirs.user_data_dir("openhouse", appauthor=False))


def load(
    home: Path | None, flags: Mapping[str, object], environment: Mapping[str, str]
) -> Settings:
    """The options of a node.

    Args:
        home: the data directory when ``--home`` was given.
        flags: options given on the command line by name; None means not given.
        environment: usually ``os.environ``.

    Raises:
        ConfigError: names the option and what is possible.
    """
    home = home or Path(environment.get(f"{PREFIX}HOME") or default_home()).expanduser()
    chosen: dict[str, Any] = _from_file(home / CONFIG_FILE)
    chosen |= _from_environment(environment)
    for name, value in flags.items():
        if value is not None:
            chosen[name] = _checked(name, value, f"--{name.replace('_', '-')}")
    return replace(Settings(home), **chosen)


OF_ONE_HOME: Final = ("lan", "records_per_second")
"""Options that each flatmate has; the others are the computer's."""


def of_flatmate(home: Path, computer: Settings) -> Settings:
    """The options of a flatmate's home: the computer's, but for what is each home's own.

    Raises:
        ConfigError: names the option and what is possible.
    """
    chosen = _from_file(home / CONFIG_FILE)
    for name in chosen:
        if name not in OF_ONE_HOME:
            known = ", ".join(OF_ONE_HOME)
            path = computer.home / CONFIG_FILE
            raise ConfigError(
                f"“{name}” in {home / CONFIG_FILE} is for all homes of this computer: it stands in "
                f"{path}; a flatmate's own options are: {known}"
            )
    return replace(computer, home=home, **chosen)


def _from_file(path: Path) -> dict[str, Any]:
    try:
        given = read_toml(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not a TOML file: {error}") from error
    for name in given:
        if name not in _READERS:
            known = ", ".join(_READERS)
            raise ConfigError(f"“{name}” in {path} is no option; options are: {known}")
    return {name: _checked(name, value, f"“{name}” in {path}") for name, value in given.items()}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    # Only names that exist: others with this prefix may belong to other programs.
    given = {name: environment.get(PREFIX + name.upper(), "") for name in _READERS}
    return {
        name: _checked(name, _from_text(name, text), PREFIX + name.upper())
        for name, text in given.items()
        if text
    }


def _from_text(name: str, text: str) -> object:
    """A variable's text as the value a TOML file would hold."""
    kind = _KINDS[name]
    if kind is bool:
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
    if kind is int:
        return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text
    if kind is tuple:
        return [item.strip() for item in text.split(",") if item.strip()]
    return text


def _checked(name: str, value: object, where: str) -> object:
    read, allowed = _READERS[name]
    try:
        return read(value)
    except ValueError:
        raise ConfigError(f"{where} is {_shown(value)}; it must be {allowed}") from None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


# --- readers: give the value, or raise ValueError ------------------------------------------


def _read_port(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 65535:
        raise ValueError
    return value


def _read_bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _read_address(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value if value == "localhost" else str(ip_address(value))


def _read_names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > 16:
        raise ValueError
    for name in value:
        if not isinstance(name, str) or not _HOST_NAME.fullmatch(name):
            raise ValueError
    return tuple(value)


def _read_advertise(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > ADVERTISE_MAX:
        raise ValueError
    for address in value:
        if not isinstance(address, str) or split_address(address) is None:
            raise ValueError
    return tuple(value)


def _read_rate(value: object) -> int | None:
    if value == "none":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 7:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1_000_000:
        raise ValueError
    return value


def _read_log_level(value: object) -> str:
    if value not in _LOG_LEVELS:
        raise ValueError
    return str(value)


_READERS: Final[dict[str, tuple[Callable[[object], object], str]]] = {
    "peer_host": (_read_address, 'an IP address of this computer, or "::" for all'),
    "peer_port": (_read_port, "a whole number from 0 to 65535"),
    "web_host": (_read_address, 'an IP address of this computer, or "localhost"'),
    "web_port": (_read_port, "a whole number from 0 to 65535"),
    "web_names": (_read_names, "a list of at most 16 host names"),
    "lan": (_read_bool, "true or false"),
    "map_port": (_read_bool, "true or false"),
    "advertise": (_read_advertise, f'a list of at most {ADVERTISE_MAX} addresses "host:port"'),
    "records_per_second": (_read_rate, 'a whole number from 1 to 1000000, or "none"'),
    "log_level": (_read_log_level, "one of " + ", ".join(_LOG_LEVELS)),
}

_KINDS: Final[dict[str, type]] = {
    "peer_port": int, "web_port": int, "lan": bool, "map_port": bool, "web_names": tuple,
    "advertise": tuple, "peer_host": str, "web_host": str, "records_per_second": str,
    "log_level": str,
}  # fmt: skip

assert list(_READERS) == [field.name for field in fields(Settings) if field.name != "home"]


def split_address(address: str) -> tuple[str, int] | None:
    """``("host", port)`` of "host:port" or "[ipv6]:port"; None when it is not one."""
    host, colon, port_text = address.rpartition(":")
    if not colon or not port_text.isascii() or not port_text.isdigit() or len(port_text) > 5:
        return None
    port = int(port_text)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if not _is_ip(host):
            return None
    elif not _HOST_NAME.fullmatch(host):
        return None
    return (host, port) if 0 < port <= 65535 else None


def join_address(host: str, port: int) -> str:
    """The reverse of ``split_address``."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_ip(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def ensure_private_umask() -> None:
    """From now on, files of this process are readable by its owner only."""
    os.umask(0o077)
