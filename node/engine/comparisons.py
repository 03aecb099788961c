"""When to compare with a friend: once a day, and soon after a surprise.

Surprises are a want that nobody answered, a record that was refused, a link that broke
with something under way, a log that began anew. What is compared and how stands in
``reconcile``; here is only the plan, kept over restarts in a private note per friend.

Spec: §8.6.
"""

from __future__ import annotations

from node.engine.core import Core
from node.engine.state import Link
from protocol.encoding import expect_array, expect_uint
from protocol.keys import MemberId, RecordId
from protocol.reconcile import Asking

SURPRISED_MIN_MS = 3600 * 1000
"""A surprise is looked into at most so often on one link. Spec: §8.6."""
AFTER_GREETING_MS = 60_000
"""A link first brings what is new: comparing before would only find that it is new."""
REFUSED_MAX = 4096
"""Ids remembered as refused on one link, not wanted again until the next day."""


def greeted(core: Core, link: Link) -> None:
    """A link with a friend begins: plan its next comparison."""
    assert link.friend is not None, "friends are greeted"
    _, due_ms = note_of(core, link.friend)
    due_ms = max(due_ms, core.now_ms + AFTER_GREETING_MS)
    core.reconciling.asking[link.friend] = Asking(due_ms)
    core.reconciling.under_way.pop(link.friend, None)
    core.reconciling.is_due_known = False


def gone(core: Core, link: Link) -> None:
    """The link is gone; what it still owed may have been lost on the way."""
    assert link.friend is not None, "friends are greeted"
    asking = core.reconciling.asking.pop(link.friend, None)
    comparison = core.reconciling.under_way.pop(link.friend, None)
    core.reconciling.is_due_known = False
    answering = core.reconciling.answering
    if answering is not None and answering.friend == link.friend:
        core.reconciling.answering = None
    if asking is not None and (comparison is not None or link.session.pending):
        _plan_soon(core, link.friend)


def surprised(core: Core, link: Link) -> None:
    """Something is not as it should be between us and this friend: compare soon."""
    assert link.friend is not None, "only friends surprise"
    asking = core.reconciling.asking.get(link.friend)
    due_ms = _plan_soon(core, link.friend)
    if asking is not None and asking.due_ms is not None:
        asking.due_ms = min(asking.due_ms, max(due_ms, core.now_ms + AFTER_GREETING_MS))
        core.reconciling.is_due_known = False


def refused(core: Core, link: Link, record_id: RecordId) -> None:
    """A friend gave a record that we refused: a surprise, the first time."""
    asking = None if link.friend is None else core.reconciling.asking.get(link.friend)
    if asking is None or record_id in asking.refused:
        return
    asking.refused[record_id] = None
    if len(asking.refused) > REFUSED_MAX:
        del asking.refused[next(iter(asking.refused))]
    surprised(core, link)


def note_of(core: Core, friend: MemberId) -> tuple[int, int]:
    """When a comparison with this friend last began and is next due, kept over restarts."""
    note = core.get_local(f"compared {friend.hex()}")
    if note is None:
        since_ms = core.friends[friend].since_ms
        return since_ms, since_ms + core.config.compare_every_ms
    began_ms, due_ms = (expect_uint(item, "time") for item in expect_array(note, "note", length=2))
    # A clock that was wrong and was put back must not put comparisons off for as long.
    return min(began_ms, core.now_ms), min(due_ms, core.now_ms + core.config.compare_every_ms)


def forget(core: Core, friend: MemberId) -> None:
    """The friendship has ended."""
    if core.get_local(f"compared {friend.hex()}") is not None:
        core.put_local(f"compared {friend.hex()}", None)
    core.reconciling.begun.pop(friend, None)


def _plan_soon(core: Core, friend: MemberId) -> int:
    began_ms, due_ms = note_of(core, friend)
    soon_ms = max(core.now_ms, began_ms + SURPRISED_MIN_MS)
    if soon_ms < due_ms:
        core.put_local(f"compared {friend.hex()}", [began_ms, soon_ms])
        return soon_ms
    return due_ms


def next_wakeup_ms(core: Core) -> int | None:
    """When the next comparison is due."""
    plan = core.reconciling
    if not plan.is_due_known:
        times = [a.due_ms for a in plan.asking.values() if a.due_ms is not None]
        plan.next_due_ms = min(times, default=None)
        plan.is_due_known = True
    return plan.next_due_ms
