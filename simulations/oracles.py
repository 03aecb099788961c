"""Oracles: what must hold in every world, judged without the engine's help.

- **I1** at rest: a member sees a listing if and only if it is live and the member is
  within its reach, by a plain search over the true graph (``visible_at_rest``).
- **I2** always: nobody shows or sends a listing beyond what the certificates on its own
  disk allow, nor one that it knows to be withdrawn.
- **I3** among liars: when the leases are over nothing that ended is shown, whatever they do.
- **I4** always: in no register does a version lower than one committed before come back,
  across restarts too; and nobody signs two records at one version.
- **I6** after every restart: what was acknowledged to an owner is on that owner's disk,
  or a later version of it.

Oracles read disks (``simulations.disk``), messages and what engines show. They draw
nothing and change nothing, so a world runs the same with and without them.

Spec: §5.4, §7; design 13.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from node.engine.events import Persist, Space
from protocol.bodies import HalfBody, Kind, ListingBody
from protocol.charter import Charter
from protocol.keys import MemberId, RecordId
from protocol.messages import envelopes_in
from protocol.records import Record
from simulations.disk import Proof, Register, Version, envelope_in, reach_of, says_ended
from simulations.exchange_oracles import ExchangeOracles
from simulations.graphs import hops_from, hops_through
from simulations.history import History
from simulations.signing import InterningOpener
from simulations.truth import Watched


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that must not happen, and did."""

    oracle: str
    sentence: str
    step: int
    at_ms: int
    register: Register | None = None

    def __str__(self) -> str:
        return f"{self.oracle} at step {self.step}, {self.at_ms / 1000:.3f} s: {self.sentence}"


@dataclass(slots=True)
class _Proved:
    """What one disk proves, for as long as nothing changes.

    Args:
        hops: from the disk's owner over transit edges.
        may_show: what was found right to show, as long as no withdrawal comes either.
    """

    version: int
    proof: Proof
    hops: dict[MemberId, int]
    withdrawals_version: int = 0
    listings_version: int = 0
    may_show: dict[RecordId, None] = field(default_factory=dict)


@dataclass(slots=True)
class Oracles:
    """Watches one world; ``violations`` grows.

    Args:
        opener: reads envelopes without counting them.
        charter: of the house.
        first_max: how many violations are kept; one bug makes many.
    """

    opener: InterningOpener
    charter: Charter
    first_max: int = 100
    violations: list[Violation] = field(default_factory=list)
    count: int = 0
    step: int = 0
    at_ms: int = 0
    numbers: dict[MemberId, int] = field(default_factory=dict)
    """What members are called in sentences."""
    restored_ms: dict[int, int] = field(default_factory=dict)
    """When a member's machine was last made anew of a backup, by its own clock."""
    history: History = field(init=False)
    exchanges: ExchangeOracles = field(init=False)
    _highest: dict[int, dict[Register, Version]] = field(default_factory=dict)
    _signed: dict[tuple[Register, Version], RecordId] = field(default_factory=dict)
    _promised: dict[int, dict[Register, Record]] = field(default_factory=dict)
    _ended: dict[int, dict[MemberId, None]] = field(default_factory=dict)
    _proved: dict[int, _Proved] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.history = History(self.opener, self.name)
        self.exchanges = ExchangeOracles(self.opener.verify, self.charter, self.report)

    @property
    def max_circles(self) -> int:
        """The house's limit of reach."""
        return self.charter.max_circles

    def story(self, violation: Violation) -> list[str]:
        """The history of the record that a violation is about."""
        return [] if violation.register is None else self.history.lines(violation.register)

    def report(self, oracle: str, sentence: str, register: Register | None = None) -> None:
        """Note a violation."""
        self.count += 1
        if len(self.violations) < self.first_max:
            self.violations.append(Violation(oracle, sentence, self.step, self.at_ms, register))

    def name(self, member: MemberId) -> str:
        number = self.numbers.get(member)
        return f"stranger {member.hex()[:8]}" if number is None else f"member {number}"

    # --- I4: no lower version ever returns ---------------------------------------------

    def watch_commit(self, host: Watched, changes: Sequence[Persist]) -> None:
        """A batch was committed: check the versions in it."""
        self.history.take(self.step, self.at_ms, host.member, changes)
        highest = self._highest.setdefault(host.number, {})
        for change in changes:
            envelope = envelope_in(change)
            if envelope is None:
                if change.space is Space.FRIEND and not says_ended(change):
                    # They are friends again: the end that was promised had its time.
                    self._ended.get(host.number, {}).pop(MemberId(change.key), None)
                continue
            record = self.opener.peek(envelope)
            before = highest.get(record.key)
            if before is not None and record.version < before:
                self.report(
                    "I4",
                    f"member {host.number} went back from version {_version(before)} to "
                    f"{_version(record.version)} of {self.what(record)}",
                    record.key,
                )
            highest[record.key] = max(record.version, before or record.version)
            self._check_unequivocal(record)
            if record.author == host.member:
                self.exchanges.watch_signed(host, record)

    def _check_unequivocal(self, record: Record) -> None:
        first = self._signed.setdefault((record.key, record.version), record.record_id)
        if first != record.record_id:
            self.report(
                "I4",
                f"{self.name(record.author)} signed two records at version "
                f"{_version(record.version)} of {self.what(record)}",
                record.key,
            )

    # --- I6: nothing acknowledged is lost ----------------------------------------------

    def watch_answer(self, host: Watched, changes: Iterable[Persist]) -> None:
        """An owner was told "done": what was written for it must stay."""
        promised = self._promised.setdefault(host.number, {})
        for change in changes:
            envelope = envelope_in(change)
            if envelope is not None:
                record = self.opener.peek(envelope)
                if record.author == host.member:
                    promised[record.key] = record
            elif change.space is Space.FRIEND and says_ended(change):
                self._ended.setdefault(host.number, {})[MemberId(change.key)] = None

    def watch_restart(self, host: Watched) -> None:
        """A member came back from its disk alone: everything promised is there."""
        for register, record in self._promised.get(host.number, {}).items():
            held = host.shelf.records.get(register)
            if held is not None and held.version >= record.version:
                continue
            if held is None and _may_be_gone(host, record):
                continue
            found = "nothing" if held is None else f"version {_version(held.version)}"
            self.report(
                "I6",
                f"member {host.number} was told that version {_version(record.version)} of "
                f"{self.what(record)} stands, and came back with {found}",
                register,
            )
        for friend in self._ended.get(host.number, {}):
            if host.shelf.ended.get(friend) is not True:
                self.report(
                    "I6",
                    f"member {host.number} was told that its friendship with "
                    f"{self.name(friend)} is over, and came back without knowing",
                )

    def watch_restored(self, host: Watched) -> None:
        """A member's machine was lost and a backup taken out: what came after it may be gone.

        What was signed is not forgotten: no version may be used twice (I4).
        """
        self.restored_ms[host.number] = host.now_ms
        self._highest.pop(host.number, None)
        self._promised.pop(host.number, None)
        self._ended.pop(host.number, None)
        self._proved.pop(host.number, None)

    # --- I2: never beyond one's own certificates ---------------------------------------

    def watch_send(self, host: Watched, friend: MemberId, message: bytes) -> None:
        """A message leaves for a friend: check the listings in it."""
        for envelope in envelopes_in(message):
            record = self.opener.peek(envelope)
            if record.kind is Kind.LISTING:
                problem = self._give_problem(host, record, friend)
                if problem is not None:
                    self.report(
                        "I2",
                        f"member {host.number} sent {self.what(record)} to "
                        f"{self.name(friend)}, though {problem}",
                        record.key,
                    )

    def watch_shown(self, host: Watched, shown: Callable[[], Iterable[Record]]) -> None:
        """What a member's page shows may have changed: check that it may show that.

        Args:
            shown: asked only if the disk holds or proves other things than before.
        """
        before, shelf = self._proved.get(host.number), host.shelf
        proved = self._what_is_proved(host)
        versions = (shelf.withdrawals_version, shelf.listings_version)
        if proved is before and versions == (proved.withdrawals_version, proved.listings_version):
            return
        if proved.withdrawals_version != shelf.withdrawals_version:
            proved.may_show = {}
        proved.withdrawals_version, proved.listings_version = versions
        for record in shown():
            if record.record_id in proved.may_show and not record.is_expired(host.now_ms):
                continue
            problem = self._show_problem(host, record)
            if problem is None:
                proved.may_show[record.record_id] = None
            else:
                self.report(
                    "I2",
                    f"member {host.number} shows {self.what(record)}, though {problem}",
                    record.key,
                )

    def _give_problem(self, host: Watched, record: Record, friend: MemberId) -> str | None:
        body = record.body
        assert isinstance(body, ListingBody), "only listings are judged"
        me, now_ms, shelf = host.member, host.now_ms, host.shelf
        if shelf.is_withdrawn(record):
            return "it knows that this version was withdrawn"
        if not shelf.is_live_friend(me, friend, now_ms):
            return "their friendship is not live"
        reach = reach_of(body, self.max_circles)
        if record.author == me:
            if reach < 1 or (body.through and friend not in body.through):
                return "its own listing is not for this friend"
            return None
        if not shelf.is_transit(me, friend, me, now_ms):
            return "their friendship carries nothing onwards"
        distance = self._distance(host, record)
        if distance is None:
            return "it can prove no path to the holder"
        if distance + 1 > reach:
            return f"it stands at distance {distance} of {reach} circles itself"
        return None

    def _show_problem(self, host: Watched, record: Record) -> str | None:
        body = record.body
        assert isinstance(body, ListingBody), "only listings are shown"
        if record.is_expired(host.now_ms):
            return "its lease has ended"
        if host.shelf.is_withdrawn(record):
            return "it knows that this version was withdrawn"
        distance = self._distance(host, record)
        if distance is None:
            return "it can prove no path to the holder"
        reach = reach_of(body, self.max_circles)
        return None if distance <= reach else f"distance {distance} is beyond {reach} circles"

    def _distance(self, host: Watched, record: Record) -> int | None:
        """How far a listing came to a member, by the certificates on its disk."""
        body = record.body
        assert isinstance(body, ListingBody), "only listings are measured"
        me, origin = host.member, record.author
        is_friend = host.shelf.is_live_friend(me, origin, host.now_ms)
        if is_friend and (not body.through or me in body.through):
            return 1
        proved = self._what_is_proved(host)
        if body.through:
            neighbours = proved.proof.neighbours
            return hops_through(neighbours, origin, body.through, self.max_circles).get(me)
        return proved.hops.get(origin)

    def _what_is_proved(self, host: Watched) -> _Proved:
        shelf, now_ms = host.shelf, host.now_ms
        known = self._proved.get(host.number)
        is_known = known is not None and known.version == shelf.certificates_version
        if known is None or not is_known or now_ms >= known.proof.until_ms:
            proof = shelf.proof(host.member, now_ms)
            # Edges lead both ways: one search from here measures everybody's distance.
            hops = hops_from(proof.neighbours, host.member, self.max_circles)
            known = _Proved(shelf.certificates_version, proof, hops)
            self._proved[host.number] = known
        return known

    # --- words -------------------------------------------------------------------------

    def what(self, record: Record) -> str:
        if isinstance(record.body, ListingBody):
            return f"“{record.body.title}” of {self.name(record.author)}"
        if isinstance(record.body, HalfBody):
            return f"the half of {self.name(record.author)} towards {self.name(record.body.friend)}"
        return f"a {record.kind.name.lower()} of {self.name(record.author)}"


def _may_be_gone(host: Watched, record: Record) -> bool:
    """A record may leave its author's disk when it expired, or a withdrawal covers it."""
    return record.is_expired(host.now_ms) or (
        isinstance(record.body, ListingBody) and host.shelf.is_withdrawn(record)
    )


def _version(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


def version_text(record: Record) -> str:
    """A record's version as sentences name it."""
    return f"version {_version(record.version)}"
