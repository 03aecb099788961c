"""Nights: homes that are switched off when their people sleep, every day at about the same time.

Each such home has a moment of its own, drawn around eleven in the evening; it is off for as long
as a night is, and comes back from its disk. Others who want something of it have to wait.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Final

from simulations.machine import Act, Restart
from simulations.world import DAY_MS, World

_HOUR_MS: Final = 3600 * 1000
EVENING_MS: Final = 23 * _HOUR_MS
APART_MS: Final = 3 * _HOUR_MS
"""How much earlier or later than that somebody goes to bed, at most."""


class Nights:
    """The homes of a world that are off at night.

    Args:
        share: of the homes.
        night_ms: how long they are off; 0 where nobody's is.
        is_over: whether the time of troubles has ended, and homes stay on.
        counted: told of every home that is switched off.
    """

    def __init__(
        self,
        world: World,
        chance: random.Random,
        share: float,
        night_ms: int,
        is_over: Callable[[], bool],
        counted: Callable[[str], None],
    ) -> None:
        self._world, self._night_ms = world, night_ms
        self._is_over, self._counted = is_over, counted
        count = round(share * len(world.hosts))
        for host in chance.sample(world.hosts, count) if count and night_ms else []:
            bedtime_ms = EVENING_MS + round(chance.triangular(-APART_MS, APART_MS))
            since_ms = world.queue.now_ms % DAY_MS
            self._later((bedtime_ms - since_ms) % DAY_MS, host.number)

    def _later(self, after_ms: int, number: int) -> None:
        act = Act(partial(self._switch_off, number))
        self._world.queue.push(self._world.queue.now_ms + after_ms, act)

    def _switch_off(self, number: int) -> None:
        if self._is_over():
            return
        world = self._world
        if world.hosts[number].is_running:
            world.crash(number)
            self._counted("night")
            morning_ms = world.queue.now_ms + self._night_ms
            world.queue.push(morning_ms, Restart(number, world.hosts[number].life))
        self._later(DAY_MS, number)
