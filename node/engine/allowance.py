"""How many records a friend may send: in a moment, and in a day.

Two buckets for each friend, kept over links: hanging up and coming again gives nobody a
fresh allowance. What is asked for stays within both, so an honest friend never exceeds
them; one who sends unasked and far more than is borne is closed.

Spec: §8.4, §14.1.
"""

from __future__ import annotations

from typing import Final

from node.engine.core import Core
from node.engine.state import Allowance
from protocol import limits
from protocol.errors import QuotaExceeded
from protocol.keys import MemberId

DAY_MS: Final = 24 * 3600 * 1000
_AT_LEAST: Final = 50
"""Records to ask for at once when the day's allowance was used up: few wake-ups."""


def left_for(core: Core, member: MemberId, most: int) -> int:
    """How many records to ask this friend for now: none to ``most``."""
    if core.config.records_per_second_max is None:
        return most
    return max(0, min(most, _refilled(core, member).left))


def spend(core: Core, member: MemberId, count: int) -> None:
    """Charge records against a friend's allowance.

    Raises:
        QuotaExceeded: far more than is ever asked for; the link is closed.
    """
    if core.config.records_per_second_max is None:
        return
    allowance = _refilled(core, member)
    allowance.burst -= count
    allowance.today -= count
    if allowance.burst < -limits.RECORDS_BURST_MAX:
        raise QuotaExceeded("more records a second than a friend may send", section="14",
                            verdict="close")  # fmt: skip
    if allowance.today < -limits.RECORDS_BURST_MAX:
        raise QuotaExceeded("more records a day than a friend may send", section="14",
                            verdict="close")  # fmt: skip


def ready_ms(core: Core, member: MemberId) -> int | None:
    """When one more may be asked for; None when it may be now, or nothing is bounded."""
    rate = core.config.records_per_second_max
    allowance = core.allowances.get(member)
    if rate is None or allowance is None or allowance.left >= 1:
        return None
    waits_ms = (
        int((1 - allowance.burst) * 1000 / rate),
        int((_AT_LEAST - allowance.today) * DAY_MS / limits.RECORDS_PER_DAY_MAX),
    )
    is_day_over = allowance.today < 1
    return allowance.at_ms + waits_ms[is_day_over] + 1


def _refilled(core: Core, member: MemberId) -> Allowance:
    allowance = core.allowances.get(member)
    if allowance is None:
        allowance = core.allowances[member] = Allowance(core.now_ms)
    elapsed_ms = core.now_ms - allowance.at_ms
    allowance.at_ms = core.now_ms
    if elapsed_ms > 0:
        rate = core.config.records_per_second_max or 0
        burst = allowance.burst + elapsed_ms * rate / 1000
        today = allowance.today + elapsed_ms * limits.RECORDS_PER_DAY_MAX / DAY_MS
        allowance.burst = min(burst, limits.RECORDS_BURST_MAX)
        allowance.today = min(today, limits.RECORDS_PER_DAY_MAX)
    return allowance
