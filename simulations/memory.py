"""What a run needs of this machine's memory, told before anything is made."""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_WORLD_BASE_BYTES: Final = 60_000_000
_HOME_BYTES: Final = 18_000
_HOME_FRIEND_BYTES: Final = 4_600
"""A home of a world, and each friend of each, linked and with nothing listed; measured with 4, 12
and 24 friends each."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a run needs, and what is free; None where the system does not say."""

    needed_bytes: int
    free_bytes: int | None

    @property
    def fits(self) -> bool:
        return self.free_bytes is None or self.needed_bytes <= self.free_bytes

    def __str__(self) -> str:
        needs = f"needs about {self.needed_bytes / 1e9:.1f} GB"
        free = "" if self.free_bytes is None else f", {self.free_bytes / 1e9:.1f} GB are free"
        return needs + free


def world_need(members: int, friendships: int) -> Need:
    """What homes of a world take before anything is listed; with every listing it is more."""
    homes = _HOME_BYTES * members + 2 * _HOME_FRIEND_BYTES * friendships
    return Need(_WORLD_BASE_BYTES + homes, free_memory_bytes())


def free_memory_bytes() -> int | None:
    """Memory that may be taken without anybody else losing theirs, where the system says so."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        [line] = [line for line in lines if line.startswith("MemAvailable:")]
        return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def memory_peak_bytes() -> int:
    """The largest resident size of this process so far.

    Where Linux tells: of this program alone. What ``getrusage`` says is inherited by programs that
    a larger process starts.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        [line] = [line for line in lines if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
