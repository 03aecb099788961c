"""When what is ours is to be signed anew: halves, statement, things, validations.

Hosts ask after every event. Looking at all friends and things each time would cost more
than most events do, so it is found out only when something of ours changed
(``Core.is_renewal_known``): a record of our own, a friend, a private note, the charter, or
the clock, when it went back. For halves and statement a thing of our own changes nothing.

Must not import anything that acts.

Spec: §7.1, §9.4.
"""

from __future__ import annotations

from node.engine import leases, things, validations
from node.engine.core import Core


def next_wakeup_ms(core: Core) -> int | None:
    """When the next renewal is due."""
    if not core.is_renewal_known:
        if not core.is_half_renewal_known:
            core.half_renewal_ms = leases.next_renewal_ms(core)
            core.is_half_renewal_known = True
        times = [
            core.half_renewal_ms,
            things.next_wakeup_ms(core),
            validations.next_wakeup_ms(core),
        ]
        core.next_renewal_ms = min((t for t in times if t is not None), default=None)
        core.is_renewal_known = True
    return core.next_renewal_ms
