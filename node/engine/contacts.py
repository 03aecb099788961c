"""One person, one account: who gives the same e-mail address or phone number as another.

Statements carry commitments that can be compared and not read. Two members with the same one
are a conflict that whoever sees both is shown. The one who was here first stays as they are;
requests of the other are not passed on or agreed to, until one of the two says otherwise, a
sponsor who met the other has checked that it is theirs, or the owner of this node says so:
couples share a number, and a number changes hands.

Who was first is what this node saw first, written down: dates are their authors' words.

Pure: must not import anything that acts.

Spec: §9.5, rule R7.
"""

from __future__ import annotations

from typing import Final

from node.engine import ids, meetings
from node.engine.commands import AcceptContact
from node.engine.core import Core
from node.engine.events import Json
from protocol.bodies import STATEMENT_OBJECT, StatementBody
from protocol.errors import Refused
from protocol.keys import MemberId
from protocol.records import Record
from protocol.uniqueness import Contact

_OWN: Final = "commitments"
_FIRST: Final = "contact first"
CONFLICTS_MAX: Final = 500
"""Of more nobody was first: a family of made-up members must not fill the disk with them."""


def own(core: Core) -> tuple[bytes, bytes]:
    """Commitments to our own address and number; made once a house, for they take long."""
    if core.config.commit is None or core.house is None:
        return b"", b""
    note = core.get_local(_OWN)
    if isinstance(note, tuple) and len(note) == 3 and note[0] == core.house:
        email, phone = note[1], note[2]
        assert isinstance(email, bytes), "written here"
        assert isinstance(phone, bytes), "written here"
        return email, phone
    email, phone = core.config.commit(core.house)
    core.put_local(_OWN, [core.house, email, phone])
    return email, phone


def note(core: Core, statement: Record) -> None:
    """Take note of who gives what; where two give the same, of who did so first."""
    member = statement.author
    for commitment in core.contacts.pop(member, ()):
        holders = core.contact_holders[commitment]
        del holders[member]
        if not holders:
            del core.contact_holders[commitment]
    core.contacts[member] = tuple(commitment for _, commitment in _contacts(core, member))
    for commitment in core.contacts[member]:
        holders = core.contact_holders.setdefault(commitment, {})
        if holders and not core.is_restoring:
            _note_first(core, commitment, next(iter(holders)))
        holders[member] = None


def _note_first(core: Core, commitment: bytes, first: MemberId) -> None:
    noted = _noted(core)
    if commitment in noted:
        return
    kept = {c: m for c, m in noted.items() if len(core.contact_holders.get(c, {})) > 1}
    if len(kept) < CONFLICTS_MAX:
        core.put_local(_FIRST, [[c, m] for c, m in [*kept.items(), (commitment, first)]])


def _noted(core: Core) -> dict[bytes, MemberId]:
    """Who was first, for what several give."""
    value = core.get_local(_FIRST)
    pairs = value if isinstance(value, tuple) else ()
    return {bytes(p[0]): MemberId(bytes(p[1])) for p in pairs if isinstance(p, tuple)}  # type: ignore[arg-type]


def who_was_first(core: Core, member: MemberId) -> MemberId | None:
    """Whom a member gives the address or number of; None when nobody's, or it is accepted."""
    if core.get_local(_accepted(member)) is not None:
        return None
    for contact, others in _conflicts(core, member):
        commitment = _contact_of(core, member, contact)
        if meetings.is_checked(core, member, commitment):
            continue
        first = _noted(core).get(commitment)
        if first != member:
            return first if first in others else others[0]
    return None


def accept(core: Core, command: AcceptContact) -> Json:
    """``house accept MEMBER``. Raises Refused; nothing is changed then."""
    member = ids.resolve_member(core, command.member)
    name = core.name_of(member)
    if who_was_first(core, member) is None:
        raise Refused("no-conflict", name=name)
    core.put_local(_accepted(member), True)
    core.deliver("house")
    return {"member": member.hex(), "name": name}


def view(core: Core) -> list[Json]:
    """Members who give what another gave before them, by name; whatever was accepted left out."""
    members = {m: None for holders in core.contact_holders.values() for m in holders}
    rows: list[tuple[str, MemberId, MemberId, str]] = []
    for member in members:
        first = who_was_first(core, member)
        if first is not None:
            what = next(contact.value for contact, _ in _conflicts(core, member))
            rows.append((core.name_of(member), member, first, what))
    return [
        {
            "member": member.hex(),
            "name": name,
            "other": other.hex(),
            "other_name": core.name_of(other),
            "what": what,
            "sponsors": _sponsors(core, member),
            "sponsors_of_other": _sponsors(core, other),
            "is_mine": core.me in meetings.sponsors_of(core, member),
            "other_is_mine": core.me in meetings.sponsors_of(core, other),
        }
        for name, member, other, what in sorted(rows)
    ]


def _sponsors(core: Core, member: MemberId) -> list[Json]:
    """Names of those who answer for somebody, but for me: whom to speak with."""
    return [core.name_of(each) for each in meetings.sponsors_of(core, member) if each != core.me]


def _conflicts(core: Core, member: MemberId) -> list[tuple[Contact, list[MemberId]]]:
    """Others whose statements give the same as this member's, for each of the two."""
    found = []
    for contact, commitment in _contacts(core, member):
        others = [
            other
            for other in sorted(core.contact_holders.get(commitment, {}))
            if other != member and _contact_of(core, other, contact) == commitment
        ]
        if others:
            found.append((contact, others))
    return found


def _contacts(core: Core, member: MemberId) -> list[tuple[Contact, bytes]]:
    pairs = [(contact, _contact_of(core, member, contact)) for contact in Contact]
    return [(contact, commitment) for contact, commitment in pairs if commitment]


def _contact_of(core: Core, member: MemberId, contact: Contact) -> bytes:
    statement = core.current(member, STATEMENT_OBJECT)
    if statement is None or not isinstance(statement.body, StatementBody):
        return b""
    body = statement.body
    return body.email_commitment if contact is Contact.EMAIL else body.phone_commitment


def _accepted(member: MemberId) -> str:
    return f"contact accepted {member.hex()}"
