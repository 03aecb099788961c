"""The house: its charter, its members, and who proved to be one.

The first charter is authenticated by the house's own name, which is a hash of the
founder's key and of what the charter says; what the members changed since is in
``amendments``. Members are those whom seats lead back to the founders: a fixpoint
over the seats held here.

Spec: §9.1, §9.2.
"""

from __future__ import annotations

from node.engine import amendments, contacts, roots
from node.engine.core import Core
from node.engine.edges import live_half, restart_stream
from node.engine.events import Json
from protocol.bodies import (
    STATEMENT_OBJECT,
    CharterBody,
    HalfBody,
    Kind,
    SeatBody,
    StatementBody,
    half_object,
    seat_object,
)
from protocol.charter import Charter
from protocol.encoding import Value
from protocol.errors import NotYours, Refused
from protocol.house import house_id, members_of
from protocol.keys import HouseId, MemberId, ObjectId, revocation_hash, revocation_secret
from protocol.records import Record

YEAR_MS = 365 * 24 * 3600 * 1000
CHARTER_LEASE_MS = 10 * YEAR_MS
SEAT_LEASE_MS = 10 * YEAR_MS
STATEMENT_LEASE_MS = YEAR_MS


def is_charter_of(record: Record, house: HouseId | None) -> bool:
    """Whether this is the named house's own first charter. Spec: §9.1."""
    body = record.body
    if not isinstance(body, CharterBody) or body.founders[:1] != (record.author,):
        return False
    return house_id(record.author, record.object, body.name, body.parameters) == house


def check_charter(core: Core, record: Record, body: CharterBody) -> None:
    """Whether a charter may stand beside the one held here.

    Raises:
        NotYours: it names other founders.
        DecodeError: its rules are not understood (§13).
    """
    Charter.from_parameters(body.parameters)
    held = core.registers.stored(record.key)
    known = None if held is None else held.record.body
    # Spec 9.1: "A node that holds one with two founders MUST refuse one with others"
    has_two = isinstance(known, CharterBody) and len(known.founders) == 2
    if has_two and getattr(known, "founders", ()) != body.founders:
        raise NotYours("the house has two founders already", section="9.1", verdict="ignore")


def apply_charter(core: Core, record: Record) -> None:
    """Take a house's first charter, and what follows from it, into use."""
    body = record.body
    assert isinstance(body, CharterBody), "only charters are applied"
    core.founders = body.founders
    core.first_charter = Charter.from_parameters(body.parameters)
    refresh_members(core)


def charter_record(core: Core) -> Record | None:
    charters = core.of_kind(Kind.CHARTER)
    return charters[0] if charters else None


def house_name(core: Core) -> str | None:
    """The name in the house's charter, or None while there is no house."""
    record = charter_record(core)
    return record.body.name if record and isinstance(record.body, CharterBody) else None


# --- founding --------------------------------------------------------------------------


def found(core: Core, name: str, charter: Charter) -> Json:
    """``house found``: this member's node becomes the first home of a new house."""
    if core.house is not None:
        raise Refused("already-in-a-house")
    if not name.strip():
        raise Refused("name-missing")
    object_id = ObjectId(core.draw("charter", 16))
    body = CharterBody(name.strip(), (core.me,), charter.to_parameters())
    core.house = house_id(core.me, object_id, body.name, body.parameters)
    core.founders = (core.me,)
    core.publish(body, object_id, CHARTER_LEASE_MS)
    introduce(core)
    return {"house": core.house.hex(), "name": body.name}


def welcome_second_founder(core: Core, guest: MemberId) -> None:
    """The first guest of a new house founds it too. Spec: §9.2."""
    charter = charter_record(core)
    assert charter is not None, "a founder has the charter"
    assert isinstance(charter.body, CharterBody), "chosen by kind"
    body = CharterBody(charter.body.name, (core.me, guest), charter.body.parameters)
    core.publish(body, charter.object, CHARTER_LEASE_MS)


def introduce(core: Core) -> None:
    """Publish our own statement, once, and again when it changed. Spec: §5.6."""
    if not core.config.introduces_itself:
        return
    if core.recalling is None:
        roots.introduce_keys(core)
    profile = core.get_local("profile")
    name, languages = core.config.name, core.config.languages
    if isinstance(profile, tuple | list):
        name, languages = str(profile[0]), tuple(str(item) for item in profile[1:])
    body = StatementBody(name, languages, core.config.link_public, *contacts.own(core))
    current = core.current(core.me, STATEMENT_OBJECT)
    if current is None or current.body != body or current.house != core.house:
        core.publish(body, STATEMENT_OBJECT, STATEMENT_LEASE_MS)


def set_profile(core: Core, name: str, languages: tuple[str, ...]) -> Json:
    """Change the name or languages others see."""
    if not name.strip():
        raise Refused("name-missing")
    note: list[Value] = [name.strip(), *languages]
    core.put_local("profile", note)
    if core.house is not None:
        introduce(core)
    return {"name": name.strip()}


# --- seats and members -----------------------------------------------------------------


def give_seat(core: Core, candidate: MemberId) -> Record | None:
    """Answer for a candidate; None when a seat of ours stands already. Spec: §9.2."""
    if core.seat_given(candidate) is not None:
        return None
    return core.publish(SeatBody(candidate), seat_object(candidate), SEAT_LEASE_MS)


def sponsors_by_candidate(core: Core) -> dict[MemberId, list[MemberId]]:
    """Who answered for whom, by the seats held here."""
    sponsors: dict[MemberId, list[MemberId]] = {}
    for seat in core.of_kind(Kind.SEAT):
        if isinstance(seat.body, SeatBody) and seat.author != seat.body.candidate:
            sponsors.setdefault(seat.body.candidate, []).append(seat.author)
    return sponsors


def refresh_members(core: Core) -> None:
    """Members are those whose seats lead back to the founders. Spec: §9.2."""
    sponsors = sponsors_by_candidate(core)
    members = dict.fromkeys(members_of(core.founders, core.charter.seats, sponsors))
    changed = members != core.members
    core.members = members
    _refresh_lineage(core, sponsors)
    amendments.refresh(core)
    if changed and not core.is_restoring:
        refresh_attestations(core)
        core.deliver("house")


def _refresh_lineage(core: Core, sponsors: dict[MemberId, list[MemberId]]) -> None:
    """Everybody whose seats prove that we are a member: shown to our friends."""
    lineage = _lineage(core.me, sponsors)
    if lineage != core.lineage:
        core.lineage = lineage
        for friend in core.live_friends():
            restart_stream(core, friend)


def lineage_of(core: Core, member: MemberId) -> dict[MemberId, None]:
    """Everybody whose seats prove that somebody is a member, as far as held here."""
    return _lineage(member, sponsors_by_candidate(core))


def _lineage(member: MemberId, sponsors: dict[MemberId, list[MemberId]]) -> dict[MemberId, None]:
    lineage: dict[MemberId, None] = {}
    frontier = [member]
    while frontier:
        following = []
        for member in frontier:
            for sponsor in sponsors.get(member, ()):
                if sponsor not in lineage:
                    lineage[sponsor] = None
                    following.append(sponsor)
        frontier = following
    return lineage


def lineage_seats(core: Core) -> list[Record]:
    """The seats that prove our own membership, ours first."""
    about = {core.me: None, **core.lineage}
    return [
        seat
        for seat in core.of_kind(Kind.SEAT)
        if isinstance(seat.body, SeatBody) and seat.body.candidate in about
    ]


# --- halves ----------------------------------------------------------------------------


def sign_half(core: Core, friend: MemberId, half_start: int) -> HalfBody:
    """The body of our half towards a friend, attesting what we have seen. Spec: §5.6."""
    secret = revocation_secret(core.config.seed, friend, half_start)
    return HalfBody(friend, revocation_hash(secret), shows(core, friend), core.is_member(friend))


def shows(core: Core, friend: MemberId) -> bool:
    """Whether we let others know of this friendship. Spec: §7.8."""
    note = core.get_local(_shows_note(friend))
    if isinstance(note, bool):
        return note
    half = live_half(core, core.me, friend)  # a restored node has the half, not the note
    return half is None or not isinstance(half.body, HalfBody) or half.body.shows


def put_shows(core: Core, friend: MemberId, shown: bool | None) -> None:
    """Keep the owner's wish; None forgets it (a new friendship is shown)."""
    if core.get_local(_shows_note(friend)) is not shown:
        core.put_local(_shows_note(friend), shown)


def _shows_note(friend: MemberId) -> str:
    return f"shows {friend.hex()}"


def renew_half(core: Core, friend: MemberId) -> None:
    known = core.friends[friend]
    body = sign_half(core, friend, known.half_start)
    core.publish(body, half_object(friend), core.charter.friendship_lease_ms)


def refresh_attestations(core: Core) -> None:
    """Sign anew the halves towards friends that became members."""
    for member in sorted(core.friends):
        half = live_half(core, core.me, member)
        if half is None or core.friends[member].ended or not isinstance(half.body, HalfBody):
            continue
        if half.body.friend_is_member != core.is_member(member):
            renew_half(core, member)
