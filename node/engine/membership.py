"""Coming in and letting go: invitations, joining, seats, ended friendships.

An invitation is a friendship and, for a newcomer, a seat; one act on each side.
The guest dials with the invitation's secret and shows its statement, its half
and its seats; the host answers with the charter, its own half and statement, a
seat where one is due, and the seats that prove its own membership. Both then
hold a live friendship and the link goes on as a friends' link.

Spec: §9.3, §9.4.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

from node.engine import amendments, house, ids, intake, loan_links, loans, pauses, roots, sponsors
from node.engine.commands import Invite, Join
from node.engine.core import Core
from node.engine.edges import (
    end_friendship,
    own_secrets,
    put_former_starts,
    refresh_edge,
    write_friend,
)
from node.engine.events import (
    Answer,
    DialInvitation,
    Disconnect,
    FriendsChanged,
    Json,
    RequestId,
    Send,
    Space,
)
from node.engine.state import Friend, Link
from protocol import limits
from protocol.bodies import (
    AmendmentBody,
    HalfBody,
    KeysBody,
    Kind,
    StatementBody,
    half_object,
)
from protocol.errors import (
    BadKey,
    Malformed,
    NotYours,
    OutOfReach,
    Refused,
    RemoteProtocolError,
)
from protocol.invitations import Invitation, decode_link, encode_link, invitation_tag
from protocol.keys import HouseId, MemberId
from protocol.messages import (
    ADDRESSES_MAX,
    ITEMS_MAX,
    JoinRefused,
    JoinRequest,
    Missing,
    Revoked,
    Welcome,
    encode_message,
)
from protocol.records import Record
from protocol.session import LinkSession

JOIN_REFUSALS = (
    "invitation-expired",
    "invitation-used",
    "already-friends",
    "inviter-not-a-member",
    "no-seats-left",
    "too-many-friends",
    "join-malformed",
    "other-house",
    "keys-unproved",
)
"""Codes a host may answer a guest with; anything else is shown as join-malformed. Spec: §9.3."""


_RULES = {Kind.CHARTER: 0, Kind.SEAT: 1, Kind.AMENDMENT: 2}
INVITATION_MEMORY_MS = 7 * 24 * 3600 * 1000
"""How long after its end an invitation is still answered, to say that it ended."""


@dataclass(slots=True)
class PendingJoin:
    """A ``join`` of ours that waits for its welcome.

    Args:
        before: the inviter's row as it was, to be put back if nothing comes of it.
        half: the version of the inviter's half towards us that was held then: of a friendship
            that we have forgotten; None without one.
        shows: whether others may know of the friendship (§7.8).
    """

    request: RequestId
    invitation: Invitation
    before: Friend | None = None
    half: tuple[int, int] | None = None
    shows: bool = True


# --- inviting --------------------------------------------------------------------------


def invite(core: Core, command: Invite) -> Json:
    """``invite``: a link for one guest."""
    if core.house is None:
        raise Refused("no-house")
    if core.standing() == "candidate":
        raise Refused("inviter-not-a-member")
    if not 0 < command.ttl_ms <= 30 * 24 * 3600 * 1000:
        raise Refused("ttl-out-of-range")
    if len(core.live_friends()) >= limits.FRIENDS_MAX:
        raise Refused("too-many-friends")
    secret = core.draw("invitation", 32)
    expires_ms = core.now_ms + command.ttl_ms
    invitation = Invitation(
        core.house, core.me, core.config.link_public, secret, expires_ms, command.addresses[:8],
        core.name_of(core.me), house.house_name(core) or "",
    )  # fmt: skip
    write_invitation(core, secret, expires_ms, b"")
    return {
        "link": encode_link(invitation),
        "expires_ms": expires_ms,
        "email": command.email,
    }


def write_invitation(core: Core, secret: bytes, expires_ms: int, used_by: bytes) -> None:
    tag = invitation_tag(secret)
    core.invitations[tag] = (secret, expires_ms, used_by)
    core.persist(Space.INVITATION, tag, [secret, expires_ms, used_by])


# --- joining, the guest's side ---------------------------------------------------------


def read_invitation(core: Core, link: str) -> Invitation:
    """What a link says, to be read before joining. Raises Refused when it cannot be accepted."""
    try:
        invitation = decode_link(link)
    except RemoteProtocolError as error:
        raise Refused("link-malformed", reason=error.detail) from error
    if invitation.inviter == core.me:
        raise Refused("own-invitation")
    if core.house is not None and invitation.house != core.house:
        raise Refused("other-house")
    if core.is_live_friend(invitation.inviter):
        raise Refused("already-friends", name=core.name_of(invitation.inviter))
    if invitation.expires_ms <= core.now_ms:
        raise Refused("invitation-expired")
    if len(core.live_friends()) >= limits.FRIENDS_MAX:
        raise Refused("too-many-friends")
    return invitation


def start_join(core: Core, joins: dict[bytes, PendingJoin], request: RequestId, c: Join) -> None:
    """``join LINK``: dial the inviter; the answer follows the welcome."""
    invitation = read_invitation(core, c.link)
    if invitation.tag in joins:
        raise Refused("join-under-way")
    known = core.friends.get(invitation.inviter)
    before = None if known is None else replace(known)
    half = _half_version(core, invitation.inviter)
    joins[invitation.tag] = PendingJoin(request, invitation, before, half, c.shows)
    core.effects.append(
        DialInvitation(
            invitation.tag,
            invitation.secret,
            invitation.house,
            invitation.link_key,
            invitation.addresses,
        )
    )


def greet_inviter(core: Core, join: PendingJoin, link: Link) -> None:
    """The handshake with the inviter succeeded: show who we are.

    Raises:
        BadKey: somebody else answered who knows the secret.
    """
    invitation = join.invitation
    if link.remote_link_key != invitation.link_key:
        raise BadKey("the inviter's link key is not the invitation's", section="9.3")
    if core.house is None:
        core.house = HouseId(invitation.house)
        core.persist(Space.META, b"house", core.house)
    house.introduce(core)
    inviter = invitation.inviter
    remember_friend(core, inviter, invitation.link_key, invitation.addresses)
    if not join.shows:
        house.put_shows(core, inviter, False)
    house.renew_half(core, inviter)
    own = [*core.mine(Kind.KEYS), *core.mine(Kind.STATEMENT), *_half_towards(core, inviter)]
    envelopes = _in_one_message(own + house.lineage_seats(core))
    core.send(link, JoinRequest(envelopes, link.local_addresses[:ADDRESSES_MAX]))


def _in_one_message(records: list[Record]) -> tuple[bytes, ...]:
    """Envelopes, each once, as many as a message holds: seats left out come by the stream."""
    unique = dict.fromkeys(record.envelope for record in records)
    return tuple(itertools.islice(unique, ITEMS_MAX))


def forget_join(core: Core, join: PendingJoin) -> None:
    """The inviter refused, or hung up: nothing of the attempt remains.

    An inviter that hung up may have welcomed us all the same, and hold our half. So it
    is revoked, and the row kept as that of a former friend, who is told if they come.
    """
    inviter = join.invitation.inviter
    is_answered = _half_version(core, inviter) != join.half
    if core.is_live_friend(inviter) and join.before is None and is_answered:
        return
    if join.before is not None and not join.before.ended:
        core.friends[inviter] = join.before
        write_friend(core, inviter)
    elif inviter in core.friends:
        end_friendship(core, inviter)
        for half in _half_towards(core, inviter):
            core.drop(half)
    refresh_edge(core, core.me, inviter)
    is_alone = all(friend.ended for friend in core.friends.values())
    if is_alone and house.charter_record(core) is None:
        core.house = None
        core.persist(Space.META, b"house", None)


def _half_version(core: Core, inviter: MemberId) -> tuple[int, int] | None:
    half = core.current(inviter, half_object(core.me))
    return None if half is None else half.version


def _half_towards(core: Core, member: MemberId) -> list[Record]:
    half = core.current(core.me, half_object(member))
    return [] if half is None else [half]


def take_welcome(core: Core, join: PendingJoin, link: Link, message: Welcome) -> None:
    """The inviter welcomed us: keep what it sent; the friendship stands.

    Raises:
        RemoteProtocolError: the welcome does not hold what it must.
    """
    inviter = join.invitation.inviter
    records = [core.config.open_record(envelope) for envelope in message.envelopes]
    halves = [(r.author, r.body.friend) for r in records if isinstance(r.body, HalfBody)]
    if (inviter, core.me) not in halves:
        raise Malformed("the welcome has no half of the inviter", section="9.3")
    friend = core.friends[inviter]
    if message.addresses:
        friend.addresses = message.addresses
        write_friend(core, inviter)
    _keep_greeting(core, records, inviter)
    if core.me in core.founders and core.me != core.founders[0]:
        house.give_seat(core, core.founders[0])
    house.refresh_attestations(core)
    core.effects.append(FriendsChanged())
    core.effects.append(
        Answer(
            join.request,
            {
                "friend": inviter.hex(),
                "friend_name": core.name_of(inviter),
                "standing": core.standing(),
            },
        )
    )


def _keep_greeting(core: Core, records: list[Record], peer: MemberId) -> None:
    """Keep the records of a greeting that may come from this peer."""
    # The rules first, and what proves them: they say how long the others may be kept.
    for record in sorted(records, key=lambda record: _RULES.get(record.kind, len(_RULES))):
        try:
            intake.check_header(core, record)
            if isinstance(record.body, AmendmentBody):
                amendments.check_room(core, record.author, record.body, peer)
        except RemoteProtocolError:
            continue  # as if it had not been shown
        body = record.body
        stored = core.registers.stored(record.key)
        is_news = stored is None or stored.record.version < record.version
        is_peers = record.author == peer and isinstance(body, HalfBody | StatementBody | KeysBody)
        if isinstance(body, HalfBody) and body.friend != core.me:
            is_peers = False
        is_charter = house.is_charter_of(record, core.house)
        if is_news and (is_peers or is_charter or record.kind in (Kind.SEAT, Kind.AMENDMENT)):
            core.keep(record, peer)


# --- joining, the host's side ----------------------------------------------------------


def welcome_guest(core: Core, link: Link, message: JoinRequest) -> MemberId:
    """A guest shows itself: check the invitation, befriend, co-opt, answer.

    Returns:
        The new friend; the caller makes the link a friends' link.

    Raises:
        RemoteProtocolError: what came is not a guest's greeting.
        Refused: a reason from ``JOIN_REFUSALS``; the caller tells the guest.

    Spec: §9.3.
    """
    secret, expires_ms, used_by = core.invitations[link.tag]
    records = [core.config.open_record(envelope) for envelope in message.envelopes]
    guest = _read_guest(core, link, records)
    known = core.friends.get(guest)
    if used_by not in (b"", guest) or (used_by and known is not None and known.ended):
        # A guest may come again whose welcome was lost, not one whose friendship ended.
        raise Refused("invitation-used")
    if expires_ms <= core.now_ms and not used_by:
        raise Refused("invitation-expired")
    if core.standing() == "candidate":
        raise Refused("inviter-not-a-member")
    if len(core.live_friends()) >= limits.FRIENDS_MAX:
        raise Refused("too-many-friends")
    is_founding = core.founders == (core.me,)
    for seat in (record for record in records if record.kind is Kind.SEAT):
        _keep_greeting(core, [seat], guest)
    is_newcomer = not core.is_member(guest)
    # Who comes back without a disk may hold our seat already: that costs no other one.
    needs_seat = is_newcomer and core.seat_given(guest) is None
    if needs_seat and not is_founding and sponsors.why_no_seat(core) is not None:
        raise Refused("no-seats-left")
    write_invitation(core, secret, expires_ms, guest)
    remember_friend(core, guest, link.remote_link_key, message.addresses)
    if is_founding:
        house.welcome_second_founder(core, guest)
    if is_newcomer:
        house.give_seat(core, guest)
    house.renew_half(core, guest)
    _keep_greeting(core, [r for r in records if r.kind is not Kind.SEAT], guest)
    house.refresh_attestations(core)
    _answer_guest(core, link, guest)
    core.effects.append(FriendsChanged())
    return guest


def _read_guest(core: Core, link: Link, records: list[Record]) -> MemberId:
    guests = dict.fromkeys(r.author for r in records if isinstance(r.body, HalfBody))
    if len(guests) != 1:
        raise Malformed("a guest shows one half", section="9.3")
    guest = next(iter(guests))
    half = next(r for r in records if isinstance(r.body, HalfBody))
    assert isinstance(half.body, HalfBody), "chosen by type"
    if guest == core.me or half.body.friend != core.me:
        raise NotYours("the guest's half is not towards this member", section="9.3")
    if half.house != core.house:
        raise Refused("other-house")
    statements = [(r.author, r.body) for r in records if isinstance(r.body, StatementBody)]
    if not statements:
        # Without one, whoever holds a copy of somebody's half could come in their name.
        raise Malformed("a guest shows its statement", section="9.3")
    for author, body in statements:
        if author != guest or body.link_key != link.remote_link_key:
            # Spec 9.3: the link key of the handshake is bound to the member who signs.
            raise BadKey("the statement's link key is not the handshake's", section="9.3")
    _keep_greeting(core, [r for r in records if isinstance(r.body, KeysBody)], guest)
    for record in records:
        if isinstance(record.body, HalfBody | StatementBody):
            # Who holds a stolen device or a former root must not take over a friend's row.
            try:
                roots.check_signer(core, record, None)
            except OutOfReach as error:
                raise Refused("keys-unproved") from error
    return guest


def _answer_guest(core: Core, link: Link, guest: MemberId) -> None:
    # Common friends give our statement back to a guest who lost its disk (spec 18.5).
    house.introduce(core)
    charter = house.charter_record(core)
    seats = house.lineage_seats(core)
    own_seat = [
        record for record in core.mine(Kind.SEAT) if getattr(record.body, "candidate", b"") == guest
    ]
    records = [
        *([charter] if charter is not None else []),
        *core.mine(Kind.KEYS),
        *core.mine(Kind.STATEMENT),
        *_half_towards(core, guest),
        *own_seat,
        *amendments.proofs(core),
        *seats,
    ]
    core.send(link, Welcome(_in_one_message(records), link.local_addresses[:ADDRESSES_MAX]))


def refuse_guest(core: Core, link: Link, code: str) -> None:
    """Tell a guest why not, and close."""
    core.effects.append(Send(link.id, encode_message(JoinRefused(code))))
    core.effects.append(Disconnect(link.id, code))


# --- friends ---------------------------------------------------------------------------


def remember_friend(
    core: Core, member: MemberId, link_key: bytes, addresses: tuple[str, ...]
) -> None:
    """Keep (or take up again) a friend's row; the halves make it live."""
    known = core.friends.get(member)
    if known is not None and not known.ended:
        known.link_key = link_key
        known.addresses = addresses or known.addresses
    else:
        house.put_shows(core, member, None)
        put_former_starts(core, member, ())
        loan_links.forget(core, member)
        pauses.end(core, member)
        core.friends[member] = Friend(
            member, link_key, addresses, core.now_ms, half_start=core.next_sequence, restart=True
        )
    write_friend(core, member)


def end(core: Core, member_text: str) -> Json:
    """``friends end MEMBER``: effective at once on every node it can reach."""
    member = ids.resolve_member(core, member_text)
    friend = core.friends.get(member)
    if friend is None or friend.ended:
        raise Refused("not-a-friend", member=member_text)
    link_id = core.link_of(member)
    end_friendship(core, member)
    loans.let_go(core, member)
    if link_id is not None:
        say_ended(core, core.links[link_id])
    return {"member": member.hex(), "name": core.name_of(member)}


def say_ended(core: Core, link: Link, *, is_final: bool = False) -> None:
    """Show the secret to the former friend, so that they know, and close. Spec: §7.7.

    Args:
        is_final: no loan is served here, so there is no use in calling again (§11.9).
    """
    tell_end(core, link)
    if is_final:
        core.send(link, Missing(()))
    core.effects.append(Disconnect(link.id, "friendship-ended"))


def tell_end(core: Core, link: Link) -> None:
    """Show the former friend the secret. Spec: §7.7."""
    assert link.friend is not None, "only friends are told"
    friend = core.friends[link.friend]
    hops = max(c.max_circles for c in core.charters) + limits.REVOCATION_EXTRA_HOPS
    secrets = own_secrets(core, friend.member)
    core.send(link, Revoked(tuple((secret, hops) for secret in secrets)))


def new_session(core: Core, friend: MemberId) -> LinkSession:
    """The session of a link with a friend, from the persisted cursor."""
    epoch, upto = core.cursors.get(friend, (bytes(8), 0))
    return LinkSession(peer_epoch=epoch, peer_upto=upto, announced_upto=upto)
