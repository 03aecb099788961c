"""A pairing without sockets, and nothing asked of guardians, for tests of what shows them."""

from __future__ import annotations

from dataclasses import dataclass, field

from node.engine.events import Json
from node.succession import Asked
from protocol.errors import Refused


@dataclass
class SmallDesk:
    """See ``node.api.protocols.PairingLike``."""

    step: str = "closed"
    name: str | None = None
    reason: str | None = None
    calls: list[str] = field(default_factory=list)

    def state(self) -> dict[str, Json]:
        code = "123 456" if self.step in ("comparing", "confirmed") else None
        left_s = 200 if self.step == "waiting" else 0
        return {
            "state": self.step, "code": code, "name": self.name, "reason": self.reason,
            "seconds_left": left_s,
        }  # fmt: skip

    def open(self, address: str = "") -> None:
        if address == "nowhere":
            raise Refused("pairing-not-an-address", address=address)
        self.calls.append(f"open {address}".strip())
        self.step = "waiting"

    def answer(self, *, is_same: bool) -> None:
        if self.step != "comparing":
            raise Refused("pairing-no-code")
        self.step = "confirmed" if is_same else "failed"

    def close(self) -> None:
        self.step = "closed"


@dataclass
class NothingAsked:
    """A home that asks nothing of guardians, or has asked already: nothing changes it."""

    asked: Asked | None = None

    async def ask(self, member: str, name: str, language: str) -> None:
        raise Refused("already-set-up")

    async def add(self, text: str) -> None:
        raise Refused("no-succession")

    async def drop(self, guardian: str) -> None:
        raise Refused("no-succession")

    async def give_up(self) -> None:
        raise Refused("no-succession")
