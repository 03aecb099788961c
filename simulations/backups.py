"""Backups of members' machines, and machines that are lost and made anew of one.

A restored node has the rows of its last backup, a new device key, and the marks that
``node.restoring`` writes; its engine then asks the friends for what is newer.

Spec: §18.5.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from node.engine.events import Space
from node.engine.genesis import Row
from protocol.mandates import root_commitment
from simulations.disk import Disk
from simulations.signing import InterningOpener, KeyRing
from simulations.town import seed_for

if TYPE_CHECKING:
    from simulations.machine import Host


class Backups:
    """The last backup of every member of one world.

    Args:
        keys: where new device keys come from.
        chance: the world's own generator.
    """

    def __init__(self, keys: KeyRing, opener: InterningOpener, chance: random.Random) -> None:
        self._keys = keys
        self._opener = opener
        self._chance = chance
        self._rows: dict[int, list[Row]] = {}
        self.restored = 0

    def take(self, host: Host) -> None:
        """Back a member up, as of now."""
        self._rows[host.number] = list(host.disk.rows())

    def has(self, number: int) -> bool:
        return number in self._rows

    def restore(self, host: Host) -> None:
        """A new machine takes the place of one that is off."""
        assert not host.is_running, "the old machine is lost"
        now_ms = host.now_ms
        rows = {(space, key): value for space, key, value in self._rows[host.number]}
        rows[Space.META, b"log_epoch"] = self._chance.randbytes(8)
        rows[Space.META, b"epoch"] = now_ms // 1000
        rows[Space.META, b"recalling"] = now_ms
        rows.pop((Space.META, b"mandate"), None)
        host.disk = Disk(
            host.member, self._opener, ((*place, value) for place, value in rows.items())
        )
        self.restored += 1
        self.equip(host)

    def equip(self, host: Host) -> None:
        """A machine signs with a device key of its own, so that it can be let go of when lost."""
        name = host.member.hex()
        device = self._keys.signer(seed_for("device", name, self.restored))
        next_root = root_commitment(seed_for("next root", name))
        host.config = replace(host.config, device=device, next_root_hash=next_root)
