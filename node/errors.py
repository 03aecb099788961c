"""What can go wrong outside the engine: disk, network, configuration.

    OpenHouseError
      NodeError                   abstract; .code, .detail
        StoreError                abstract; the data directory or its database
          StoreBusy               another node, or another program, uses it
          StoreCorrupt            what is there cannot be read back
          StoreFull               no room left: nothing was changed
          StoreNewer              made by a newer program
          StoreUnwritable         the system does not let us write
        ConfigError               an option is unknown or of the wrong kind
        TransportError            abstract; a connection
          DialFailed              nobody answered, or not as a friend would
          LinkLost                a link ended without saying so
          PortTaken               another program listens there
        DemoFailed                a home of the demo's street did not do its part

Each has a `code` in kebab-case for scripts, and `str()` gives one clear sentence
for people. They end the action they belong to; those of the store end the node,
because nothing may be acknowledged that is not on disk (spec §10.1).
"""

from __future__ import annotations

from typing import ClassVar

from protocol.errors import OpenHouseError


class NodeError(OpenHouseError):
    """Something outside the engine failed; abstract, raise one of its leaves.

    Args:
        detail: the whole sentence, without its final stop.
    """

    code: ClassVar[str] = ""

    detail: str

    def __init__(self, detail: str) -> None:
        if not self.code:
            raise TypeError(f"{type(self).__name__} is abstract: raise one of its leaves")
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.detail}."


class StoreError(NodeError):
    """The data directory or its database; abstract."""


class StoreBusy(StoreError):
    """Another node uses this data directory, or another program its database."""

    code = "store-busy"


class StoreCorrupt(StoreError):
    """What is on disk cannot be read back."""

    code = "store-corrupt"


class StoreFull(StoreError):
    """There is no room left; nothing was changed."""

    code = "store-full"


class StoreNewer(StoreError):
    """The database was made by a newer program than this one."""

    code = "store-newer"


class StoreUnwritable(StoreError):
    """The system does not let us write there."""

    code = "store-unwritable"


class ConfigError(NodeError):
    """An option is unknown, or not of the kind it must be."""

    code = "config-wrong"


class TransportError(NodeError):
    """A connection; abstract."""


class DialFailed(TransportError):
    """Nobody answered at an address, or not as the one we looked for would."""

    code = "dial-failed"


class LinkLost(TransportError):
    """A link ended without an authenticated close."""

    code = "link-lost"


class PortTaken(TransportError):
    """Another program listens on a port that this node needs."""

    code = "port-taken"


class DemoFailed(NodeError):
    """A home of the demo's street did not start, or not do its part in time."""

    code = "demo-failed"
