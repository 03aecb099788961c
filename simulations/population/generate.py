"""Graphs of friends made from a few numbers: small worlds, hubs, blocks, chance alone.

Towns are in ``towns``. Every friendship is drawn by the lower numbered of its two ends, by
hashes that belong to that end: so threads share the members between them, and a graph is the
same however many there are.

Source: Watts and Strogatz (1998); Barabási and Albert (1999); Holland, Laskey and Leinhardt
(1983); Holme and Kim (2002); skipping over what is not drawn, Batagelj and Brandes (2005).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from simulations.population.compiled import Numbers, in_ranges, kernel, part
from simulations.population.csr import Csr, csr_of
from simulations.population.draws import Purpose, draw, mixed, skipped, stream, uniform

Draw = Callable[[int, int, Numbers, Numbers], int]
"""Writes the pairs of members begin..end into two arrays; gives how many there are, even where
they have no room: then it is called again with enough."""

_ROOM_SPARE: Final = 1.2


def collect(members: int, pairs_each: float, draws: list[Draw], threads: int | None) -> Csr:
    """The graph of all pairs that some of these draw.

    Args:
        pairs_each: about how many pairs one member draws.
    """
    room_each = pairs_each * _ROOM_SPARE + 1

    def one(begin: int, end: int, _: None) -> tuple[Numbers, Numbers]:
        parts = [_drawn(pairs, begin, end, int((end - begin) * room_each)) for pairs in draws]
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])

    parts = in_ranges(one, members, lambda: None, threads=threads)
    ones = np.concatenate([part[0] for part in parts])
    others = np.concatenate([part[1] for part in parts])
    parts.clear()
    return csr_of(members, ones, others)


def _drawn(pairs: Draw, begin: int, end: int, room: int) -> tuple[Numbers, Numbers]:
    one, other = np.empty(room, np.int32), np.empty(room, np.int32)
    count = pairs(begin, end, one, other)
    if count > room:
        one, other = np.empty(count, np.int32), np.empty(count, np.int32)
        count = pairs(begin, end, one, other)
    return one[:count], other[:count]


def small_world(
    members: int, degree: int, rewiring: float, seed: int, threads: int | None = None
) -> Csr:
    """A ring of which a share of the friendships lead elsewhere; with 0 the ring alone."""
    start = stream(seed, Purpose.REWIRED)

    def pairs(begin: int, end: int, one: Numbers, other: Numbers) -> int:
        return _small_world(members, degree // 2, rewiring, start, begin, end, one, other)

    return collect(members, degree / 2, [pairs], threads)


def random_graph(members: int, degree: float, seed: int, threads: int | None = None) -> Csr:
    """Each pair are friends with equal chance, ``degree`` friends on average."""
    return blocks(members, members, degree, 0.0, seed, threads)


def blocks(
    members: int,
    block: int,
    inside: float,
    outside: float,
    seed: int,
    threads: int | None = None,
) -> Csr:
    """Blocks of one size, with friends inside and outside drawn by two chances.

    Args:
        block: members of one block; the last may have fewer.
        inside, outside: mean number of friends in the own and in all other blocks.
    """
    log_in = log_of_refusal(inside, block - 1)
    log_out = log_of_refusal(outside, members - block)
    start = stream(seed, Purpose.BLOCK_FRIEND)

    def pairs(begin: int, end: int, one: Numbers, other: Numbers) -> int:
        return draw_blocks(members, block, log_in, log_out, start, begin, end, one, other)

    return collect(members, (inside + outside) / 2, [pairs], threads)


def preferential(members: int, links: int, seed: int, triads: float = 0.0) -> Csr:
    """Everybody who comes befriends ``links`` members, those with many friends more often.

    One end of a friendship chosen with equal chance is somebody chosen by the number of
    friends. Members come in turn, so this alone uses one core.

    Args:
        triads: the share of friendships, but for everybody's first, that are made with a friend
            of the friend before instead (as in Holme and Kim 2002; here one whom that friend
            met when they came).
    """
    ends = np.empty(2 * links * members, np.int32)
    through = stream(seed, Purpose.INTRODUCED)
    _attach(members, links, triads, stream(seed, Purpose.ATTACHED), through, ends)
    return csr_of(members, ends[0::2].copy(), ends[1::2].copy())


def log_of_refusal(mean: float, others: int) -> float:
    """log(1 - chance) for a mean number of friends among others; 0 for nobody."""
    chance = min(mean / max(1, others), 1.0 - 1e-12)
    return math.log1p(-chance)


@kernel
def _small_world(
    members: int,
    half: int,
    rewiring: float,
    start: np.uint64,
    begin: int,
    end: int,
    one: Numbers,
    other: Numbers,
) -> int:
    limit = np.uint64(min(rewiring, 0.9999999999999999) * 18446744073709551616.0)
    count = 0
    for member in range(begin, end):
        own = draw(start, member)
        for step in range(1, half + 1):
            friend = (member + step) % members
            bits = draw(own, step)
            if bits < limit:
                friend = int(mixed(bits) % np.uint64(members))
            if count < len(one):
                one[count] = member
                other[count] = friend
            count += 1
    return count


@part
def befriend(
    member: int,
    first: int,
    last: int,
    own: np.uint64,
    number: int,
    log_refused: float,
    one: Numbers,
    other: Numbers,
    count: int,
) -> tuple[int, int]:
    """Skips from friend to friend among those who stand at ``first`` up to ``last``.

    Args:
        own: the member's stream, of which ``number`` draws are taken already.
        log_refused: as ``log_of_refusal`` gives it: 0 for nobody.
        one, other: take the member, and where each friend stands; ``count`` are there already.

    Returns:
        How many there are then, even where they have no room, and draws taken.
    """
    place = first
    while place < last and log_refused < 0.0:
        skip = skipped(draw(own, number), log_refused)
        number += 1
        if skip >= last - place:
            break
        place += skip
        if count < len(one):
            one[count] = member
            other[count] = place
        count += 1
        place += 1
    return count, number


@kernel
def draw_blocks(
    members: int,
    block: int,
    log_in: float,
    log_out: float,
    start: np.uint64,
    begin: int,
    end: int,
    one: Numbers,
    other: Numbers,
) -> int:
    """First friends after a member in its block, then beyond it."""
    count = 0
    for member in range(begin, end):
        own = draw(start, member)
        border = min((member // block + 1) * block, members)
        count, number = befriend(member, member + 1, border, own, 0, log_in, one, other, count)
        count, _ = befriend(member, border, members, own, number, log_out, one, other, count)
    return count


@kernel
def _attach(
    members: int, links: int, triads: float, start: np.uint64, through: np.uint64, ends: Numbers
) -> None:
    """``ends`` takes a member and its friend in turn; one's self stands for nobody."""
    for member in range(members):
        for link in range(links):
            i = member * links + link
            ends[2 * i] = member
            # The first members befriend each other; a double is dropped later.
            if member <= links:
                ends[2 * i + 1] = link if link < member else member
                continue
            if link > 0 and triads > 0.0:
                own = draw(through, i)
                if uniform(own) < triads:
                    before = int(ends[2 * i - 1])
                    met = before * links + int(mixed(own) % np.uint64(links))
                    ends[2 * i + 1] = ends[2 * met + 1]
                    continue
            bits = draw(start, i)
            ends[2 * i + 1] = ends[int(bits % np.uint64(2 * member * links))]
