"""A town that is there already: keys, friendships and stores for many members at once.

Founding a house of thousands by one invitation after the other would take longer
than what one wants to see in it. A town writes for every member the store that its
node would have on disk, signed as usual by both ends of every friendship, and
engines restore from it as from any store.

With ``seats``, two founders answer for everybody (or for somebody two of ``sponsors``), so that
membership can be proved and friendships made later count fully. Without (runs of pure reach),
only the halves say who is a member.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from node.engine.genesis import (
    FIRST_SEQUENCE,
    Friendship,
    Row,
    found_for,
    genesis_items,
    sign_genesis_half,
)
from node.engine.house import SEAT_LEASE_MS
from node.engine.state import Config
from protocol import limits
from protocol.bodies import SeatBody, seat_object
from protocol.charter import Charter
from protocol.keys import MemberId, ObjectId, link_private_key, link_public_key
from protocol.messages import Message
from protocol.records import Record, RecordSigner, sign_record
from simulations.graphs import Edge, adjacency
from simulations.signing import InterningOpener, InterningPost, KeyRing


def seed_for(*names: object) -> bytes:
    """32 bytes that belong to these names and to nothing else."""
    return hashlib.sha256(" ".join(map(str, ("openhouse simulation", *names))).encode()).digest()


def open_doors(charter: Charter) -> Charter:
    """The same without limits to co-optation: where friendships are what matters."""
    return replace(
        charter,
        cooptations_per_year_max=100,
        sponsor_house_min=0,
        sponsor_after_ms=0,
        sponsor_exchanges=0,
        sponsor_seats=1000,
    )


@dataclass(frozen=True, slots=True)
class Resident:
    """One member of a town: who it is, and what is on its disk on the first day."""

    number: int
    member: MemberId
    config: Config
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class TownPlan:
    """What kind of town to write.

    Args:
        members: how many; those without friends included.
        edges: pairs of member numbers.
        born_ms: Unix milliseconds of the first day.
        name: seeds keys and ids, so that other names give other towns.
        introduces_itself, records_per_second_max: as in ``Config``.
        seats: whether membership can be proved; needs two members at least.
        sponsors: who answers for some of the members in the founders' place; friends of theirs.
    """

    members: int
    edges: list[Edge]
    born_ms: int
    charter: Charter = Charter()  # noqa: RUF009 - frozen
    name: str = "town"
    seats: bool = True
    sponsors: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    introduces_itself: bool = True
    records_per_second_max: int | None = limits.RECORDS_PER_SECOND_MAX


@dataclass(slots=True)
class _Mason:
    """Keys and counters while a town is written."""

    plan: TownPlan
    opener: InterningOpener
    seeds: list[bytes]
    signers: list[RecordSigner]
    sequences: list[int]
    link_publics: list[bytes]
    post: InterningPost = field(default_factory=InterningPost)
    read_message: Callable[[bytes], Message] = field(init=False)
    write_message: Callable[[Message], bytes] = field(init=False)

    def __post_init__(self) -> None:
        # Bound once for everybody: thousands of homes of a town call these in turn.
        self.read_message, self.write_message = self.post.read, self.post.write

    def member(self, number: int) -> MemberId:
        return MemberId(self.signers[number].public)

    def next_sequence(self, number: int) -> int:
        self.sequences[number] += 1
        return self.sequences[number]


def build_town(
    plan: TownPlan,
    keys: KeyRing,
    opener: InterningOpener,
    watched: Callable[[Iterator[int]], Iterator[int]] = lambda steps: steps,
) -> list[Resident]:
    """Write every member's store.

    Args:
        keys: real or modelled signatures.
        opener: what all engines open envelopes with; it learns what is signed here.
        watched: wraps the loop over the members, to show its progress.
    """
    seeds = [seed_for(plan.name, "member", number) for number in range(plan.members)]
    privates = [link_private_key(seed) for seed in seeds]
    mason = _Mason(
        plan,
        opener,
        seeds,
        [keys.signer(seed) for seed in seeds],
        [FIRST_SEQUENCE] * plan.members,
        [link_public_key(private) for private in privates],
    )
    charter = _charter(mason)
    seats = _seats(mason, charter) if plan.seats else {}
    neighbours = adjacency(plan.members, plan.edges)
    halves: dict[Edge, tuple[bytes, int]] = {}
    for one, other in plan.edges:
        halves[one, other] = _half(mason, charter, one, other)
        halves[other, one] = _half(mason, charter, other, one)
    residents = []
    for number in watched(iter(range(plan.members))):
        config = _config(mason, keys, number, privates[number])
        known = _seats_known(seats, number, neighbours[number])
        rows = _rows(mason, charter, halves, known, number, neighbours[number])
        residents.append(Resident(number, mason.member(number), config, tuple(rows)))
    return residents


def newcomer(plan: TownPlan, keys: KeyRing, opener: InterningOpener, number: int) -> Resident:
    """Somebody with an empty store, who may come to the town later."""
    seed = seed_for(plan.name, "member", number)
    private = link_private_key(seed)
    signer = keys.signer(seed)
    mason = _Mason(plan, opener, [seed], [signer], [0], [link_public_key(private)])
    config = replace(_config(mason, keys, 0, private), name=f"Member {number}")
    return Resident(number, MemberId(signer.public), config, ())


def _config(mason: _Mason, keys: KeyRing, number: int, private: bytes) -> Config:
    return Config(
        signer=mason.signers[number],
        seed=mason.seeds[number],
        link_public=mason.link_publics[number],
        link_private=private,
        name=f"Member {number}",
        languages=("en",),
        open_record=mason.opener,
        verify=keys.verify,
        read_message=mason.read_message,
        write_message=mason.write_message,
        records_per_second_max=mason.plan.records_per_second_max,
        introduces_itself=mason.plan.introduces_itself,
    )


def _charter(mason: _Mason) -> Record:
    plan = mason.plan
    founders = (mason.member(0), mason.member(1)) if plan.seats else (mason.member(0),)
    return found_for(
        mason.signers[0],
        plan.name,
        plan.charter,
        object_id=ObjectId(seed_for(plan.name, "charter")[:16]),
        founders=founders,
        now_ms=plan.born_ms,
    )


def _half(mason: _Mason, charter: Record, author: int, friend: int) -> tuple[bytes, int]:
    plan = mason.plan
    sequence = mason.next_sequence(author)
    record = sign_genesis_half(
        mason.signers[author],
        mason.seeds[author],
        mason.member(friend),
        house=charter.house,
        sequence=sequence,
        now_ms=plan.born_ms,
        lease_ms=plan.charter.friendship_lease_ms,
    )
    mason.opener.learn(record)
    return record.envelope, sequence


def _rows(
    mason: _Mason,
    charter: Record,
    halves: dict[Edge, tuple[bytes, int]],
    seats: list[Record],
    number: int,
    friends: dict[int, None],
) -> list[Row]:
    friendships = [
        Friendship(
            mason.member(friend),
            mason.link_publics[friend],
            halves[number, friend][0],
            halves[friend, number][0],
        )
        for friend in friends
    ]
    return genesis_items(
        mason.member(number),
        charter,
        friendships,
        {mason.member(friend): halves[number, friend][1] for friend in friends},
        log_epoch=seed_for(mason.plan.name, "log", number)[:8],
        now_ms=mason.plan.born_ms,
        seats=seats,
    )


# --- seats -------------------------------------------------------------------------------


def _seats(mason: _Mason, charter: Record) -> dict[int, list[Record]]:
    """The seats of every member, signed by the founders, who answer for each other, or others."""
    seats: dict[int, list[Record]] = {}
    for candidate in range(mason.plan.members):
        for sponsor in mason.plan.sponsors.get(candidate, (0, 1)):
            if sponsor != candidate:
                seats.setdefault(candidate, []).append(_seat(mason, charter, sponsor, candidate))
    return seats


def _seat(mason: _Mason, charter: Record, sponsor: int, candidate: int) -> Record:
    born_ms = mason.plan.born_ms
    member = mason.member(candidate)
    record = sign_record(
        mason.signers[sponsor],
        SeatBody(member),
        house=charter.house,
        object_id=seat_object(member),
        sequence=mason.next_sequence(sponsor),
        created_ms=born_ms,
        not_after_ms=born_ms + SEAT_LEASE_MS,
    )
    mason.opener.learn(record)
    return record


def _seats_known(
    seats: dict[int, list[Record]], number: int, friends: dict[int, None]
) -> list[Record]:
    """What a member holds: the seats of founders, friends and itself, and those it gave."""
    about = seats if number < 2 else dict.fromkeys((0, 1, number, *friends))
    return [seat for candidate in about for seat in seats.get(candidate, ())]
