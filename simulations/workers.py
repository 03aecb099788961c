"""Workers that end when the process that started them does, however it ended.

Whoever ends a run with a signal means all of it; a worker that hears of nothing would finish a
world that nobody waits for, and the next one of its queue.
"""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Final

_LOOK_EVERY_S: Final = 1.0
_NAME: Final = "follow the parent"


def at_a_time(jobs: int) -> int:
    """How many of so many jobs run at once: one on each core."""
    return max(1, min(jobs, os.cpu_count() or 1))


def pool_of(jobs: int) -> ProcessPoolExecutor:
    """A pool of processes for so many jobs; they end with this one."""
    return ProcessPoolExecutor(at_a_time(jobs), initializer=follow_parent, initargs=(os.getpid(),))


def follow_parent(parent: int) -> None:
    """For a worker at its beginning, once or more often: end when the parent has ended.

    Nothing where the process with this number is not the parent: the work is done by the very
    process that gives it out, or by one on another machine.
    """
    is_followed = any(thread.name == _NAME for thread in threading.enumerate())
    if os.getppid() == parent and not is_followed:
        threading.Thread(target=_follow, args=(parent,), name=_NAME, daemon=True).start()


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    os._exit(1)  # nobody waits for what it would say
