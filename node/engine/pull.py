"""Asking friends for what they announced, and moving the cursor when it is here.

``settle`` follows every message: it asks for what is queued, moves the cursor past
what is no longer outstanding, and lets a waiting sender go on.

Spec: §8.3, §8.4.
"""

from __future__ import annotations

from node.engine import comparisons, reconcile
from node.engine.allowance import left_for, ready_ms
from node.engine.core import Core
from node.engine.events import LinkId, Space
from node.engine.state import Link
from protocol.messages import Have, Want

WANTED_AT_ONCE = 235
"""Just below a size that frames are padded to (spec §6.6)."""


def settle_waiting(core: Core) -> None:
    """Settle the links that waited for what another one brought, or could not give."""
    if not (core.owing or core.puller.queues):
        return
    waiting = [
        link
        for link_id, link in core.links.items()
        if link_id in core.puller.queues or (link_id in core.owing and link.session.pending)
    ]
    for link in waiting:
        if link.friend is not None:
            settle(core, link)


def settle(core: Core, link: Link) -> None:
    """Pull what is queued, move the cursor, let a waiting sender go on."""
    session = link.session
    if link.id in core.puller.queues:
        pull(core, link)
    if session.pending:
        _drop_resolved(core, link)
    if core.owing and not session.pending:
        core.owing.pop(link.id, None)
    if core.reconciling.under_way:
        reconcile.ask_on(core, link)
    if session.advance():
        write_cursor(core, link)
    if session.peer_waits and session.take_peer_waits():
        core.send(link, Have(core.log.epoch, session.peer_epoch, session.peer_upto))


def _drop_resolved(core: Core, link: Link) -> None:
    """What another link brought, or nobody can give, is no longer pending here."""
    pending = link.session.pending
    oldest = next(iter(pending))
    while not core.puller.is_wanted(oldest):
        del pending[oldest]
        if not pending:
            return
        oldest = next(iter(pending))


def write_cursor(core: Core, link: Link) -> None:
    session = link.session
    assert link.friend is not None, "only friends' links sync"
    cursor = core.cursors[link.friend] = (session.peer_epoch, session.peer_upto)
    core.persist(Space.CURSOR, link.friend, cursor)


def pull(core: Core, link: Link) -> None:
    """Ask for queued records, within window and allowance. Spec: §8.4."""
    if link.friend is None or link.id not in core.puller.queues:
        return
    allowance = left_for(core, link.friend, WANTED_AT_ONCE)
    if not allowance:
        core.starved[link.id] = None
        return
    core.starved.pop(link.id, None)
    ids = core.puller.next_wants(link.id, core.now_ms, allowance)
    if ids:
        core.send(link, Want(tuple(ids)))


def pull_marked(core: Core) -> None:
    """Ask on the links on which something was found to be wanted. Spec: §7.4, §8.4."""
    marked, core.to_pull = core.to_pull, {}
    for link_id in marked:
        if link_id in core.links:
            pull(core, core.links[link_id])


def pull_overdue(core: Core) -> None:
    """Pass over friends that announced and did not answer. Spec: §8.4."""
    for link_id, record_id in core.puller.overdue(core.now_ms):
        core.puller.pass_over(link_id, record_id)
        if LinkId(link_id) in core.links:
            late = core.links[LinkId(link_id)]
            late.session.is_frozen = True
            comparisons.surprised(core, late)
    for link in list(core.links.values()):
        if link.friend is not None:
            settle(core, link)


def next_wakeup_ms(core: Core) -> int | None:
    """When a want is overdue, or a friend's allowance lets us pull again."""
    overdue_ms = core.puller.next_deadline_ms()
    if not core.starved:
        return overdue_ms
    times = [
        overdue_ms,
        *(
            ready_ms(core, link.friend)
            for link in (core.links.get(link_id) for link_id in core.starved)
            if link is not None and link.friend is not None and link.id in core.puller.queues
        ),
    ]
    return min((time_ms for time_ms in times if time_ms is not None), default=None)
