"""A house: its name, its members, and the rules it has given itself.

The id of a house is a hash of its founder and of its first charter, so that nobody, its
founder least of all, can show another first charter for it. Who is a member follows from
seats. The rules change when members sign the change: whoever holds the same seats and
the same signatures has the same rules, in whatever order they came. Nothing is ever
taken back, so what is in force once can be proved to somebody who comes years later.

Pure; no clock: signatures that count do so whenever they were given.

Spec: §9.1, §9.2, §9.6.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NewType

from protocol.bodies import AmendmentBody, Kind, register_object
from protocol.charter import Charter, CharterError, is_parameter
from protocol.encoding import Value, encode
from protocol.keys import Domain, HouseId, MemberId, ObjectId, digest

VersionId = NewType("VersionId", bytes)
"""32 bytes: the house's id for its first charter, else the id of the change that made it."""

Parameters = tuple[tuple[str, int], ...]

FIXED: Final = ("seats",)
"""Were they changed, members would stop being members. Spec: §9.6."""


def house_id(founder: MemberId, object_id: ObjectId, name: str, parameters: Parameters) -> HouseId:
    """The name of the house that a first charter founds. Spec: §9.1."""
    rules: list[Value] = [name, [[key, value] for key, value in parameters]]
    first = digest(Domain.CHARTER, encode(rules))
    return HouseId(digest(Domain.HOUSE, founder, object_id, first))


def members_of(
    founders: Sequence[MemberId], seats: int, sponsors: Mapping[MemberId, Sequence[MemberId]]
) -> dict[MemberId, tuple[MemberId, ...]]:
    """Members, each with the sponsors whose seats prove it. Spec: §9.2.

    Args:
        seats: how many of them it takes.
        sponsors: who gave a seat to whom, by candidate.
    """
    members: dict[MemberId, tuple[MemberId, ...]] = {}
    for founder in founders:
        others = [s for s in sponsors.get(founder, ()) if s in founders and s != founder]
        if len(founders) == 1 or others:
            members[founder] = tuple(others[:1])
    waiting = [member for member in sponsors if member not in members]
    while True:
        admitted: dict[MemberId, tuple[MemberId, ...]] = {}
        for member in waiting:
            proving = tuple(s for s in sponsors[member] if s in members and s != member)
            if len(proving) >= seats:
                admitted[member] = proving[:seats]
        if not admitted:
            return members
        members.update(admitted)
        waiting = [member for member in waiting if member not in members]


# --- changes of the rules ----------------------------------------------------------------


def amendment_id(house: HouseId, body: AmendmentBody) -> VersionId:
    """What a change is called, whoever signs it. Spec: §9.6."""
    changes: list[Value] = [[name, value] for name, value in body.changes]
    return VersionId(digest(Domain.AMENDMENT, house, body.previous, encode(changes)))


def amendment_object(house: HouseId, body: AmendmentBody) -> ObjectId:
    """The register of a signature: one for each change a member signs. Spec: §5.4."""
    return register_object(Kind.AMENDMENT, amendment_id(house, body))


def amended(charter: Charter, changes: Parameters) -> Charter:
    """The charter with these changes.

    Raises:
        CharterError: they are not possible: unknown, fixed, out of range, contradicting each
            other, or what the charter says already.
    """
    values = dict(charter.to_parameters())
    for name, value in changes:
        if not is_parameter(name):
            raise CharterError(name, "what a newer program knows", ("unknown", name))
        if name in FIXED:
            raise CharterError(name, str(values[name]), ("fixed", values[name]))
        if values[name] == value:
            raise CharterError(name, "another number than it is", ("same", value))
        values[name] = value
    return Charter(**values)


@dataclass(frozen=True, slots=True)
class Version:
    """One charter of a house.

    Args:
        number: 1 for the first.
        changes: what it changed of the one before; none for the first.
        signers: the members who signed that, sorted.
    """

    id: VersionId
    number: int
    charter: Charter
    changes: Parameters = ()
    signers: tuple[MemberId, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """The charters of a house one after the other.

    Args:
        versions: at least one; the last is in force.
        open: changes of the one in force that too few have signed, with who did.
        is_outdated: the members have agreed on a rule that this program does not know.
    """

    versions: tuple[Version, ...]
    open: Mapping[AmendmentBody, tuple[MemberId, ...]]
    is_outdated: bool = False

    @property
    def in_force(self) -> Version:
        return self.versions[-1]


def has_quorum(charter: Charter, founders: Sequence[MemberId], signers: Iterable[MemberId]) -> bool:
    """Whether these members can change this charter. Spec: §9.6."""
    signing = dict.fromkeys(signers)
    founding = sum(1 for founder in founders if founder in signing)
    needed = min(charter.amendment_founders, len(founders))
    return len(signing) >= charter.amendment_approvals and founding >= needed


def follow(
    house: HouseId,
    founders: Sequence[MemberId],
    first: Charter,
    signatures: Iterable[tuple[MemberId, AmendmentBody]],
) -> Rules:
    """The rules that follow from a set of signatures by members. Spec: §9.6.

    Args:
        signatures: in any order; repeated ones count once.
    """
    signers: dict[AmendmentBody, dict[MemberId, None]] = {}
    following: dict[bytes, dict[AmendmentBody, None]] = {}
    for member, body in signatures:
        signers.setdefault(body, {})[member] = None
        following.setdefault(body.previous, {})[body] = None
    versions = [Version(VersionId(house), 1, first)]
    while True:
        last = versions[-1]
        candidates = following.get(last.id, {})
        # Spec 9.6: "Of several the one that most members have signed, then the one whose id
        # is the smallest, takes its place."
        agreed = sorted(
            (-len(signers[body]), amendment_id(house, body), body)
            for body in candidates
            if has_quorum(last.charter, founders, signers[body])
            and _is_possible(last.charter, body.changes)
        )
        if not agreed:
            break
        _, version_id, body = agreed[0]
        if not all(is_parameter(name) for name, _ in body.changes):
            return Rules(tuple(versions), {}, is_outdated=True)
        versions.append(
            Version(
                version_id,
                last.number + 1,
                amended(last.charter, body.changes),
                body.changes,
                tuple(sorted(signers[body])),
            )
        )
    waiting = {
        body: tuple(sorted(signers[body]))
        for body in candidates
        if _is_possible(last.charter, body.changes)
    }
    return Rules(tuple(versions), waiting)


def _is_possible(charter: Charter, changes: Parameters) -> bool:
    """Whether changes can be made; of those a newer program understands, as far as seen here."""
    try:
        amended(charter, tuple(c for c in changes if is_parameter(c[0])))
    except CharterError:
        return False
    return bool(changes)
