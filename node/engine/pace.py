"""How often changes of one register go on from here: once in ten seconds.

A friend's friend who rewrites a thing in a loop would else spend the allowance that our
friends give *us*. What comes sooner is kept at once, and shown; it is logged, and so given
on, when the time is over, in its newest version. Our own records are not held back: who
hears us first paces them. A first version and a withdrawal's first are no changes.

Nothing is noted for a restart: a record that may go on and has no number in the log is one
that was held (``restore``).

Spec: §14.3.
"""

from __future__ import annotations

from itertools import takewhile

from node.engine import offers
from node.engine.core import Core
from node.engine.registers import Key
from protocol import limits
from protocol.records import Record


def log(core: Core, record: Record, *, is_change: bool) -> None:
    """Log a record that may go on; later, if the same register did just now."""
    key = record.key
    if not is_change or record.author == core.me:
        core.log.bump(key)
        return
    _forget_old(core)
    last_ms = core.passed_on_ms.get(key)
    if last_ms is None:
        core.passed_on_ms[key] = core.now_ms
        core.log.bump(key)
    else:
        core.held[key] = last_ms + limits.CHANGE_PER_OBJECT_MIN_MS
        core.log.forget(key)


def on_wakeup(core: Core) -> None:
    """Let go on what was held for long enough."""
    for key in [key for key in core.held if _due_ms(core, key) <= core.now_ms]:
        del core.held[key]
        stored = core.registers.stored(key)
        if stored is not None:
            # Taken out first: the oldest stand first, so that looking for them is cheap.
            core.passed_on_ms.pop(key, None)
            core.passed_on_ms[key] = core.now_ms
            core.bump(stored.record)


def next_wakeup_ms(core: Core) -> int | None:
    """When the next held record goes on."""
    return min([_due_ms(core, key) for key in core.held], default=None)


def restore(core: Core) -> None:
    """After a restart: what has no number and may go on was held, and does so now."""
    for stored in core.registers.all():
        record = stored.record
        is_foreign = record.author != core.me and record.origin is not None
        number = core.log.number_of(record.key)
        if is_foreign and number is None and offers.offerable(core, record):
            core.held[record.key] = core.now_ms


def _due_ms(core: Core, key: Key) -> int:
    # A clock that was ahead must not make ten seconds last for years.
    return min(core.held[key], core.now_ms + limits.CHANGE_PER_OBJECT_MIN_MS)


def _forget_old(core: Core) -> None:
    def is_old(item: tuple[Key, int]) -> bool:
        return not 0 <= core.now_ms - item[1] < limits.CHANGE_PER_OBJECT_MIN_MS

    for key, _ in list(takewhile(is_old, core.passed_on_ms.items())):
        del core.passed_on_ms[key]
