"""Circles: the live friendships a node can prove, and how far things travel over them.

``FriendGraph`` holds the edges for which this node has both live halves and knows
the hop distance from itself to every member within a bound. It grows by single
edges (relaxed at once) and is measured anew when an edge goes. The reach rules
are the two functions at the end: everything a node shows or passes on goes
through them.

Two kinds of edges count differently (spec §7.2): any live edge with a friend of
one's own carries circle 1; only *transit* edges, attested by both ends as joining
two members, carry anything farther.

Pure; iterates dicts and sorted lists only.

Spec: §7.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from protocol.keys import MemberId

Path = tuple[MemberId, ...]
"""Members from an origin to this node, both included; ``len(path) - 1`` hops."""


class FriendGraph:
    """Distances from ``me`` over live edges, within ``bound`` hops.

    Args:
        me: the member whose place distances are measured from.
        bound: the largest distance of interest (the charter's max_circles).
    """

    __slots__ = (
        "_bound",
        "_direct",
        "_distances",
        "_doubtful",
        "_neighbours",
        "_paths",
        "me",
    )

    def __init__(self, me: MemberId, bound: int) -> None:
        self.me = me
        self._bound = bound
        self._neighbours: dict[MemberId, dict[MemberId, None]] = {}
        self._direct: dict[MemberId, None] = {}
        self._distances: dict[MemberId, int] = {me: 0}
        self._paths: dict[MemberId, Path] = {}
        self._doubtful: dict[MemberId, None] = {}
        """Origins whose path is to be looked at again: an edge went since it was."""

    def set_bound(self, bound: int) -> None:
        """Change the bound (a charter arrived or was amended)."""
        self._bound = bound
        self._measure()

    # --- edges -------------------------------------------------------------------------

    def add_direct(self, friend: MemberId) -> None:
        """A live friendship of our own, transit or not."""
        self._direct[friend] = None

    def remove_direct(self, friend: MemberId) -> None:
        self._direct.pop(friend, None)

    def is_direct(self, friend: MemberId) -> bool:
        return friend in self._direct

    def has_transit(self, one: MemberId, other: MemberId) -> bool:
        """Whether the edge is live and attested by both ends."""
        return other in self._neighbours.get(one, ())

    def add_transit(self, one: MemberId, other: MemberId) -> list[MemberId]:
        """Add an attested edge; give the members that came nearer."""
        if self.has_transit(one, other):
            return []
        self._neighbours.setdefault(one, {})[other] = None
        self._neighbours.setdefault(other, {})[one] = None
        nearer: dict[MemberId, None] = {}
        for start, end in ((one, other), (other, one)):
            known = self._distances.get(start)
            if known is not None and self._improves(end, known + 1):
                self._relax(end, known + 1, nearer)
        return list(nearer)

    def remove_transit(self, one: MemberId, other: MemberId) -> bool:
        """Remove an edge and measure anew; false when it was not there."""
        if not self.has_transit(one, other):
            return False
        for start, end in ((one, other), (other, one)):
            del self._neighbours[start][end]
            if not self._neighbours[start]:
                del self._neighbours[start]
        self._measure()
        self._doubtful = dict.fromkeys(self._paths)
        return True

    def _improves(self, member: MemberId, distance: int) -> bool:
        if distance > self._bound:
            return False
        known = self._distances.get(member)
        return known is None or distance < known

    def _relax(self, start: MemberId, distance: int, nearer: dict[MemberId, None]) -> None:
        self._distances[start] = distance
        nearer[start] = None
        frontier = [start]
        while frontier and distance < self._bound:
            distance += 1
            reached = []
            for member in frontier:
                for neighbour in self._neighbours.get(member, ()):
                    if self._improves(neighbour, distance):
                        self._distances[neighbour] = distance
                        nearer[neighbour] = None
                        reached.append(neighbour)
            frontier = reached

    def _measure(self) -> None:
        self._distances = {self.me: 0}
        self._relax(self.me, 0, {})
        self._paths = {m: path for m, path in self._paths.items() if m in self._distances}

    # --- distances and paths -----------------------------------------------------------

    def distance(self, member: MemberId) -> int | None:
        """Hops to ``member``, or None when no path within the bound is proved. Spec: §7.2."""
        if member in self._direct:
            return 1
        return self._distances.get(member)

    def count_within(self, circles: int, friends: Iterable[MemberId]) -> int:
        """How many people are proved to be at most so many hops away, these friends included."""
        found = {m: None for m, hops in self._distances.items() if 1 <= hops <= circles}
        return len(found | dict.fromkeys(friends))

    def path_from(self, origin: MemberId, through: Path = ()) -> Path | None:
        """A shortest proved path ``origin .. me``, or None: what may be shown.

        With ``through``, the first hop after ``origin`` must be one of those members
        (spec §7.5).
        """
        if origin in self._direct and (not through or self.me in through):
            return (origin, self.me)
        return self.transit_path_from(origin, through)

    def transit_path_from(self, origin: MemberId, through: Path = ()) -> Path | None:
        """The same over transit edges alone: what may be passed on.

        A friend's edge that both ends do not attest and show is left out; others must
        neither rely on it nor learn of it. The path once chosen is kept while it stays
        shortest, so that friends are not told of changes that change nothing.
        """
        path = None if through or self._doubtful else self._paths.get(origin)
        if path is not None and len(path) - 1 == self._distances.get(origin):
            return path
        if origin == self.me:
            return (self.me,)
        if self.me in through and self.has_transit(origin, self.me):
            return (origin, self.me)
        if through:
            return self._path_through(origin, through)
        distance = self._distances.get(origin)
        if distance is None:
            self._paths.pop(origin, None)
            return None
        path = self._paths.get(origin)
        if path is None or len(path) - 1 != distance or not self._stands(path):
            path = self._descend(origin, self._distances)
            self._paths[origin] = path
        return path

    def _stands(self, path: Path) -> bool:
        """Whether the path kept for its origin still leads here."""
        if path[0] not in self._doubtful:
            return True
        del self._doubtful[path[0]]
        return all(self.has_transit(one, two) for one, two in itertools.pairwise(path))

    def _descend(self, origin: MemberId, distances: dict[MemberId, int]) -> Path:
        path = [origin]
        while path[-1] != self.me:
            wanted = distances[path[-1]] - 1
            steps = [m for m in self._neighbours[path[-1]] if distances.get(m) == wanted]
            path.append(min(steps))
        return tuple(path)

    def _path_through(self, origin: MemberId, through: Path) -> Path | None:
        distances = self._distances_avoiding(origin)
        first_hops = [m for m in through if m in distances and self.has_transit(origin, m)]
        if not first_hops:
            return None
        first = min(first_hops, key=lambda member: (distances[member], member))
        return (origin, *self._descend(first, distances))

    def transit_path_avoiding(self, origin: MemberId, through: Path, avoiding: Path) -> Path | None:
        """A shortest path ``origin .. me`` that runs through none of some members, or None.

        With ``through``, the first hop after ``origin`` must be one of those members.
        """
        distances = self._distances_avoiding(origin, avoiding)
        first_hops = [
            member
            for member in self._neighbours.get(origin, ())
            if member in distances and (not through or member in through)
        ]
        if not first_hops:
            return None
        first = min(first_hops, key=lambda member: (distances[member], member))
        return (origin, *self._descend(first, distances))

    def _distances_avoiding(self, origin: MemberId, avoiding: Path = ()) -> dict[MemberId, int]:
        distances = {self.me: 0}
        frontier = [self.me]
        for distance in range(1, self._bound):
            reached = []
            for member in frontier:
                for neighbour in self._neighbours.get(member, ()):
                    if neighbour in avoiding or neighbour == origin:
                        continue
                    if neighbour not in distances:
                        distances[neighbour] = distance
                        reached.append(neighbour)
            frontier = reached
        return distances

    def beyond_friends(self) -> list[MemberId]:
        """Everybody who is proved to stand two or more friendships away."""
        return [member for member, hops in self._distances.items() if hops >= 2]

    def sides_of(self, member: MemberId) -> tuple[MemberId, ...]:
        """Friends of ours through whom a member at most two steps away is proved; sorted.

        Of a friend, or of us, itself alone. Spec: §12.2.
        """
        if member == self.me or self.distance(member) == 1:
            return (member,)
        between = self._neighbours.get(member, {})
        return tuple(sorted(friend for friend in between if self.has_transit(friend, self.me)))

    def edge_count(self) -> int:
        """Attested edges held, for status and limits."""
        return sum(len(ends) for ends in self._neighbours.values()) // 2


def may_show(circles: int, distance: int | None) -> bool:
    """Whether a record of this reach may be shown at this distance. Spec: §7.3."""
    return distance is not None and distance <= circles


def may_offer(circles: int, distance: int | None) -> bool:
    """Whether a node at this distance may pass the record on to a friend. Spec: §7.3."""
    return distance is not None and distance + 1 <= circles


def path_problem(path: Path, *, sender: MemberId, me: MemberId, bound: int) -> str | None:
    """Why an offered path cannot be used, or None. Spec: §7.4.

    ``path`` runs from its origin to the sender; the receiver adds the edge
    between the two.
    """
    if not path or path[-1] != sender:
        return "the path does not end with the sender"
    if me in path:
        return "the path runs through the receiver"
    if len(dict.fromkeys(path)) != len(path):
        return "the path runs through a member twice"
    if len(path) > bound:
        return "the path is longer than the circles"
    return None
