"""Paths: which of them this node offers to whom, and what it makes of those offered.

For every origin it passes things on from, a node offers each friend the shortest
paths it can prove, with the ids of their certificates. A friend that needs the
path pulls the certificates it lacks; one that does not remembers the offer for
the day its own path dies.

Spec: §7.4, §7.5.
"""

from __future__ import annotations

import itertools
from functools import lru_cache

from node.engine.core import Core
from node.engine.edges import halves_of
from node.engine.events import Space
from node.engine.state import Channels, Link, edge
from protocol import limits
from protocol.bodies import HalfBody, Kind, ListingBody, WithdrawalBody
from protocol.circles import Path, may_offer, path_problem
from protocol.encoding import Value
from protocol.errors import OutOfReach, QuotaExceeded
from protocol.keys import MemberId, RecordId
from protocol.messages import OfferedPath, Paths
from protocol.records import Record
from protocol.session import PENDING_MAX

ORIGINS_PER_FRIEND_MAX = 20_000
"""Origins that one friend may offer paths for: kept on disk, so a friend must not be able
to name made-up members for ever."""
_WITH_REACH = (ListingBody, WithdrawalBody)
CHANNELS_PER_ORIGIN_SPARE_MAX = 64
"""``through`` lists of one origin noted before those no longer in use are sorted out."""


def reach_of(core: Core, record: Record) -> tuple[int, Path]:
    """How many circles a circle record travels, and through whom. Spec: §7.3."""
    body, most = record.body, core.charter.max_circles
    if isinstance(body, _WITH_REACH):
        return body.circles if body.circles < most else most, body.through
    if record.kind is Kind.VALIDATION:
        return 1, ()
    return most, ()


def offerable(core: Core, record: Record) -> bool:
    """Whether this node may pass a circle record on to anybody at all."""
    origin = record.origin
    assert origin is not None, "only circle records are asked about"
    circles, through = reach_of(core, record)
    path = core.graph.transit_path_from(origin, () if origin == core.me else through)
    return path is not None and may_offer(circles, len(path) - 1)


def widen_reach(core: Core, record: Record) -> bool:
    """Note how far records of this origin travel; true when farther than before."""
    origin = record.origin
    assert origin is not None, "only circle records have a reach"
    circles, through = reach_of(core, record)
    farthest = dict(core.reach.get(origin, ()))
    if farthest.get(through, 0) >= circles:
        return False
    if through:
        core.listed_origins[origin] = None
    farthest[through] = circles
    channels = _channels(farthest)
    if len(channels) > CHANNELS_PER_ORIGIN_SPARE_MAX:
        channels = _channels_in_use(core, origin)
    core.reach[origin] = channels
    return True


@lru_cache(maxsize=16)
def _one_channel(circles: int) -> Channels:
    """Most members list everything without a list of friends: one object for all of them."""
    return (((), circles),)


def _channels(farthest: dict[Path, int]) -> Channels:
    if list(farthest) == [()]:
        return _one_channel(farthest[()])
    return tuple(sorted(farthest.items()))


def _channels_in_use(core: Core, origin: MemberId) -> Channels:
    channels: dict[Path, int] = {}
    for record in core.registers.of_origin(origin):
        circles, through = reach_of(core, record)
        channels[through] = max(circles, channels.get(through, 0))
    return _channels(channels)


def refresh_moved(core: Core) -> None:
    """After edges changed: offer new paths, and what they newly let us pass on. Spec: §7.4."""
    while core.moved or core.all_moved:
        _refresh(core)
    core.unoffered = {}


def _refresh(core: Core) -> None:
    origins = [m for m in core.moved if core.registers.has_origin(m) or m in core.chosen]
    if core.all_moved:
        origins = list(dict.fromkeys(core.registers.origins() + origins))
    core.moved = {}
    core.all_moved = False
    for origin in origins:
        if origin != core.me:
            _refresh_origin(core, origin)


def _refresh_origin(core: Core, origin: MemberId) -> None:
    chosen = _channel_paths(core, origin)
    before = core.chosen.get(origin, ())
    if chosen == before:
        if chosen and core.log.number_of(("paths", origin)) is None:
            # Offered to nobody when this node was last started: the log did not remember it. A
            # friendship may be why we look, and the new friend is given what the log names.
            core.bump_entry(("paths", origin))
        for record in core.registers.of_origin(origin) if core.unoffered else ():
            # The way was gone for a moment within this very event, in which the record came.
            if record.key in core.unoffered and offerable(core, record):
                core.bump(record)
        return
    core.chosen[origin] = chosen
    if not core.registers.has_origin(origin):
        del core.chosen[origin]
    core.bump_entry(("paths", origin))
    pull_remembered(core, origin)
    if [path for path, _ in chosen] == [path for path, _ in before]:
        return  # offered farther than before: what is held goes as far as it went
    for record in core.registers.of_origin(origin):
        if offerable(core, record):
            core.bump(record)
    core.deliver("browse")


def resume(core: Core) -> None:
    """After a restart: take up the offers as they were; only what differs moves."""
    core.moved = {}
    core.all_moved = False
    for origin in core.registers.origins():
        core.chosen[origin] = _channel_paths(core, origin)
        stands = all(
            core.offers.given.get(friend, {}).get(origin, ()) == desired_paths(core, origin, friend)
            for friend in core.live_friends()
        )
        if not stands:
            del core.chosen[origin]
            core.moved[origin] = None


def _channel_paths(core: Core, origin: MemberId) -> tuple[tuple[Path, int], ...]:
    found = []
    for through, circles in core.reach.get(origin, ()):
        path = core.graph.transit_path_from(origin, through)
        if path is not None:
            found.append((path, circles))
    return tuple(found)


# --- offering --------------------------------------------------------------------------


def desired_paths(core: Core, origin: MemberId, friend: MemberId) -> tuple[Path, ...]:
    """The paths to offer ``friend`` for ``origin`` now, the plain one first."""
    if origin in (core.me, friend) or not core.graph.has_transit(core.me, friend):
        return ()
    if not core.is_live_friend(friend):
        return ()
    wanted: dict[Path, None] = {}
    for path, circles in core.chosen.get(origin, ()):
        if may_offer(circles, len(path) - 1) and friend not in path:
            wanted[path] = None
    return tuple(wanted)[: limits.PATHS_PER_OFFER_MAX]


def offer_message(core: Core, link: Link, origin: MemberId) -> Paths | None:
    """The offer to send on this link for ``origin``, or None when there is nothing to say.

    Called for log entries beyond the friend's cursor. So what was said on an earlier
    link is said again: it may have been lost with that link. The row keeps the entry's
    number, for the same reason after a restart.
    """
    friend = link.friend
    assert friend is not None, "offers go to friends"
    desired = desired_paths(core, origin, friend)
    given = core.offers.given.setdefault(friend, {})
    said = link.offered.get(origin, None if origin in given else ())
    if said == desired:
        return None
    link.offered[origin] = desired
    _count_edges(core, friend, given.get(origin, ()), -1)
    _count_edges(core, friend, desired, +1)
    number = core.log.number_of(("paths", origin)) or 0
    row: Value = (number, desired)
    if desired:
        given[origin] = desired
    else:
        given.pop(origin, None)
        _forget_if_done(core, origin)
    core.persist(Space.OFFERED, friend + origin, row if desired else None)
    message = _paths_message(core, origin, desired)
    if not said:
        for record_id in itertools.chain(*(p.certificates for p in message.paths)):
            link.told[record_id] = link.told.get(record_id, 0) + 1
    return message


def _paths_message(core: Core, origin: MemberId, paths: tuple[Path, ...]) -> Paths:
    """Paths with their certificates: most friends are offered the same."""
    message = core.offered.get((origin, paths))
    if message is None:
        offered = [OfferedPath(path, certificate_ids(core, path)) for path in paths]
        message = core.offered[origin, paths] = Paths(origin, tuple(offered))
    return message


def is_told(core: Core, link: Link, record: Record) -> bool:
    """Whether every path offered to a friend over this edge was told with this certificate.

    Then the friend asks for it when it needs it. An offer that was told before this link
    names the certificate that stood then: of the one that took its place the friend must hear.
    """
    body = record.body
    assert link.friend is not None, "offers go to friends"
    if not isinstance(body, HalfBody):
        return False
    told = link.told.get(record.record_id, 0)
    given = core.offers.given_edges.get(link.friend, {}).get(edge(record.author, body.friend), 0)
    return 0 < given <= told


def _forget_if_done(core: Core, origin: MemberId) -> None:
    """Nothing is offered to anybody: the log need not say so for ever."""
    is_offered = any(origin in origins for origins in core.offers.given.values())
    if origin not in core.chosen and not is_offered:
        core.log.forget(("paths", origin))


def certificate_ids(core: Core, path: Path) -> tuple[RecordId, ...]:
    """Both halves of every edge of a path, in order."""
    ids: list[RecordId] = []
    for one, other in itertools.pairwise(path):
        halves = halves_of(core, one, other)
        assert halves is not None, "an offered path is proved by halves held here"
        ids.extend(half.record_id for half in halves)
    return tuple(ids)


def _count_edges(core: Core, friend: MemberId, paths: tuple[Path, ...], change: int) -> None:
    counts = core.offers.given_edges.setdefault(friend, {})
    for path in paths:
        for one, other in itertools.pairwise(path):
            pair = edge(one, other)
            counts[pair] = counts.get(pair, 0) + change
            if counts[pair] <= 0:
                del counts[pair]


def forget_given(core: Core, friend: MemberId) -> None:
    """The friend starts from nothing: everything must be offered again."""
    for origin in core.offers.given.pop(friend, {}):
        core.persist(Space.OFFERED, friend + origin, None)
    core.offers.given_edges.pop(friend, None)
    link_id = core.link_of(friend)
    if link_id is not None:
        core.links[link_id].offered.clear()
        core.links[link_id].told.clear()


def restore_given(core: Core, friend: MemberId, origin: MemberId, paths: tuple[Path, ...]) -> None:
    core.offers.given.setdefault(friend, {})[origin] = paths
    _count_edges(core, friend, paths, +1)


# --- being offered ---------------------------------------------------------------------


def take_offer(core: Core, link: Link, message: Paths) -> None:
    """Remember what a friend offers for an origin, and pull what we need of it.

    Raises:
        OutOfReach: a path that cannot be used; the whole offer is ignored.

    Spec: §7.4.
    """
    friend, origin = link.friend, message.origin
    assert friend is not None, "offers come from friends"
    for offered in message.paths:
        problem = path_problem(
            offered.members, sender=friend, me=core.me, bound=core.charter.max_circles
        )
        if problem is not None:
            raise OutOfReach(problem, section="7.4")
    received = core.offers.received.setdefault(friend, {})
    if message.paths and origin not in received and len(received) >= ORIGINS_PER_FRIEND_MAX:
        raise QuotaExceeded("paths from more origins than a friend may offer", section="14")
    if message.paths:
        received[origin] = message.paths
    else:
        received.pop(origin, None)
    row: Value = tuple([(p.members, p.certificates) for p in message.paths])
    core.persist(Space.OFFER, friend + origin, row if message.paths else None)
    for offered in message.paths:
        if needs(core, offered) or _is_in_use(core, offered):
            pull_certificates(core, link, offered)


def _is_in_use(core: Core, offered: OfferedPath) -> bool:
    """Whether we rely on this very path: its certificates may have been renewed meanwhile."""
    origin = offered.members[0]
    path = (*offered.members, core.me)
    lists = _lists_in_use(core, origin)
    return any(path == core.graph.transit_path_from(origin, through) for through in lists)


def _lists_in_use(core: Core, origin: MemberId) -> list[Path]:
    """The ``through`` lists of an origin's things that are held, with the empty one."""
    return [(), *[through for through, _ in core.reach.get(origin, ()) if through]]


def needs(core: Core, offered: OfferedPath) -> bool:
    """Whether a path would bring us nearer than what we can prove, for any list in use.

    Measured over transit edges: by a discreet friendship with the origin we see its things,
    and can pass on none of them.
    """
    origin = offered.members[0]
    first_hop = offered.members[1] if len(offered.members) > 1 else core.me
    for through in _lists_in_use(core, origin):
        if through and first_hop not in through:
            continue
        path = core.graph.transit_path_from(origin, through)
        if path is None or len(offered.members) < len(path) - 1:
            return True
    return False


def pull_certificates(core: Core, link: Link, offered: OfferedPath) -> None:
    """Ask for the certificates of a path that we do not hold."""
    for record_id in offered.certificates:
        if len(link.session.pending) >= PENDING_MAX:
            return  # asked for again when a record needs the path
        if not core.registers.has_id(record_id):
            core.want(link, record_id, limits.CERTIFICATE_SIZE_MAX_BYTES)
            # Often another link than the one being served: nothing else would ask there.
            core.to_pull[link.id] = None


def pull_remembered(core: Core, origin: MemberId) -> None:
    """Ask for those remembered offers that now bring us nearer: ours died or grew. Spec: §7.4."""
    for friend, origins in core.offers.received.items():
        link_id = core.link_of(friend)
        if link_id is None:
            continue
        for offered in origins.get(origin, ()):
            if needs(core, offered):
                pull_certificates(core, core.links[link_id], offered)


def pull_all(core: Core, origin: MemberId) -> None:
    """Ask for what proves every way that friends offer to an origin, not the nearest alone.

    For the owner who may ask by another way (spec §11.3); certificates are few and small.
    """
    for friend, origins in core.offers.received.items():
        link_id = core.link_of(friend)
        if link_id is not None:
            for offered in origins.get(origin, ()):
                pull_certificates(core, core.links[link_id], offered)


def pull_after_greeting(core: Core, link: Link) -> None:
    """A friend is back: what it offered before may be nearer than what we have now."""
    assert link.friend is not None, "greetings come from friends"
    for paths in core.offers.received.get(link.friend, {}).values():
        for offered in paths:
            if needs(core, offered):
                pull_certificates(core, link, offered)


def is_plausible(core: Core, sender: MemberId, record: Record) -> bool:
    """Whether the sender may have this circle record for us, by what it offered. Spec: §7.4."""
    origin = record.origin
    assert origin is not None, "only circle records are asked about"
    if origin in (sender, core.me):
        return True
    circles, through = reach_of(core, record)
    for offered in core.offers.received.get(sender, {}).get(origin, ()):
        hops_ok = len(offered.members) <= circles
        second = offered.members[1] if len(offered.members) > 1 else core.me
        if hops_ok and (not through or second in through):
            return True
    return False
