"""Relays that lie: hosts whose engine is honest and whose wire is not.

A liar withholds what it should pass on (all revocations, some records, announcements and
paths), says old things again, and gives listings to friends whom they are not for. It can
sign nothing in another's name. What honest members are still owed then, and what they
must never show, is for the oracles (``Oracles.watch_honest_rest``).

One generator draws it all, so a seed gives the same lies each time.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from protocol.bodies import Kind
from protocol.messages import (
    Announce,
    Message,
    Paths,
    Records,
    Revoked,
    decode_message,
    encode_message,
)
from protocol.records import Record

REMEMBERED_MAX: Final = 40
_WITHHELD: Final = {Revoked: 1.0, Records: 0.2, Announce: 0.1, Paths: 0.2}
"""How much of each sort of message a liar keeps to itself."""
_REPLAYED: Final = (Records, Announce, Paths)
REPLAY_CHANCE: Final = 0.1
TOO_FAR_CHANCE: Final = 0.02


@dataclass(slots=True)
class Liars:
    """Who lies in a world, and how.

    Args:
        numbers: the members who do.
        chance: the world's own generator.
    """

    numbers: dict[int, None]
    chance: random.Random
    _said: dict[int, deque[bytes]] = field(default_factory=dict)
    lies: int = 0

    def spoil(self, number: int, message: bytes, held: Iterable[Record]) -> list[bytes]:
        """What really leaves a liar's host instead of a message.

        Args:
            held: records that the liar could give away.
        """
        decoded = decode_message(message)
        leaving = [] if self._withholds(decoded) else [message]
        said = self._said.setdefault(number, deque(maxlen=REMEMBERED_MAX))
        if said and self.chance.random() < REPLAY_CHANCE:
            leaving.append(self.chance.choice(said))
            self.lies += 1
        if isinstance(decoded, _REPLAYED):
            said.append(message)
        if self.chance.random() < TOO_FAR_CHANCE:
            listings = [r for r in held if r.kind is Kind.LISTING]
            if listings:
                given = self.chance.choice(listings)
                leaving.append(encode_message(Records((given.envelope,))))
                self.lies += 1
        return leaving

    def _withholds(self, message: Message) -> bool:
        share = _WITHHELD.get(type(message), 0.0)
        if share == 0.0 or self.chance.random() >= share:
            return False
        self.lies += 1
        return True
