"""Friendships made after the backup: a restored node takes them up again.

Its friends hold both halves of them, which stand in paths that they use, and the other
end's statement, which names its link key. Where all three come back, and neither half
was revoked, the friendship goes on: the other home calls, and is answered again.

The number that a half's revocation secret is derived from stood in the lost store alone.
It is found by trying: the half holds the secret's hash.

Who was given a new root by guardians has lost the seed too: link key and secrets are others.
All friendships are taken up then, with new secrets, and friends' nodes learn the new link key
from the statement under the chain that they accepted.

Spec: §18.5, §18.7.
"""

from __future__ import annotations

from typing import Final

from node.engine import intake, roots
from node.engine.core import Core
from node.engine.edges import half_not_ended, halves_of, live_half, refresh_edge, write_friend
from node.engine.events import FriendsChanged
from node.engine.membership import remember_friend
from node.engine.registers import Stored
from protocol.bodies import STATEMENT_OBJECT, HalfBody, StatementBody
from protocol.keys import MemberId, revocation_hash, revocation_secret
from protocol.records import Record

_TRIES_MAX: Final = 100_000
"""Numbers tried on each side of a half's own: a tenth of a second in all."""


def ends_of(core: Core, member: MemberId, stored: list[Stored]) -> list[Record]:
    """What to give a restored friend beside its own records: other ends' halves, statements."""
    halves = [
        record
        for record in (each.record for each in stored)
        if isinstance(record.body, HalfBody)
        and record.body.friend == member
        and record.author != core.me
        # What the member's present device has not signed anew is just what it forgot.
        and half_not_ended(core, member, record.author) is not None
        and live_half(core, record.author, member) is not None
    ]
    statements = [core.current(half.author, STATEMENT_OBJECT) for half in halves]
    return [*halves, *(record for record in statements if record is not None)]


def take_back(core: Core, record: Record, giver: MemberId) -> None:
    """Keep what the other end of a friendship that we do not remember said.

    Raises:
        RemoteProtocolError: the record does not hold.
    """
    body = record.body
    is_end = isinstance(body, StatementBody) or (
        isinstance(body, HalfBody) and body.friend == core.me
    )
    if not is_end or _knows(core, record.author) or not live_half(core, core.me, record.author):
        return
    intake.check_header(core, record)
    held = core.registers.stored(record.key)
    if held is None or held.record.version < record.version:
        core.keep(record, giver)


def take_up(core: Core) -> None:
    """Everything was given back: befriend again whom we had befriended."""
    for half in [stored.record for stored in core.registers.all()]:
        if half.author != core.me or not isinstance(half.body, HalfBody):
            continue
        member = half.body.friend
        start = _start_of(core, half, half.body)
        if start is None and (not roots.is_by_guardians(core) or _knows(core, member)):
            continue
        if halves_of(core, core.me, member) is None:
            continue
        if not _knows(core, member):
            statement = core.current(member, STATEMENT_OBJECT)
            if statement is None or not isinstance(statement.body, StatementBody):
                continue
            remember_friend(core, member, statement.body.link_key, ())
            core.effects.append(FriendsChanged())
        if start is not None and core.friends[member].half_start != start:
            core.friends[member].half_start = start
            write_friend(core, member)
        refresh_edge(core, core.me, member)


def _knows(core: Core, member: MemberId) -> bool:
    known = core.friends.get(member)
    return known is not None and not known.ended


def _start_of(core: Core, half: Record, body: HalfBody) -> int | None:
    """The number that the secret of this half was derived from, if it is found."""
    known = core.friends.get(body.friend)
    near = [] if known is None else [known.half_start]
    before = range(half.sequence, max(0, half.sequence - _TRIES_MAX), -1)
    after = range(half.sequence + 1, half.sequence + _TRIES_MAX)
    for numbers in (near, before, after):
        for number in numbers:
            secret = revocation_secret(core.config.seed, body.friend, number)
            if revocation_hash(secret) == body.revocation_hash:
                return number
    return None
