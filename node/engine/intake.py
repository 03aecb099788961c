"""Records coming in: who may bring what, what is kept, and what follows from it.

``accept`` judges a record from a friend (the record itself was opened, that is
decoded and verified, before). ``keep`` stores a record, foreign or our own, and
carries out what it means: an edge, a seat, a withdrawal, a step of a loan.
``may_give`` is the other side: whether a record may be handed to a friend.

Spec: §5.4, §7.3, §8.4, §9.
"""

from __future__ import annotations

from node.engine import (
    amendments,
    comparisons,
    contacts,
    house,
    leases,
    loan_path,
    loan_traffic,
    loans,
    mediations,
    offers,
    pace,
    roots,
    sharing,
)
from node.engine.core import Core
from node.engine.edges import given_to_any, refresh_edge
from node.engine.registers import Stored
from node.engine.state import Link, edge
from protocol import limits
from protocol.bodies import (
    EVIDENCE_KINDS,
    LOAN_KINDS,
    AmendmentBody,
    BetweenTwoBody,
    CharterBody,
    HalfBody,
    KeysBody,
    Kind,
    ListingBody,
    MediationBody,
    SeatBody,
    SettlementBody,
    ValidationBody,
    WithdrawalBody,
    half_object,
    keys_object,
    register_object,
    seat_object,
    validation_object,
    withdrawal_object,
)
from protocol.circles import may_offer, may_show
from protocol.errors import (
    Expired,
    FromTheFuture,
    InvalidState,
    NotYours,
    OutOfReach,
    QuotaExceeded,
    RemoteProtocolError,
    Replayed,
)
from protocol.house import amendment_object
from protocol.keys import MemberId, ObjectId, RecordId
from protocol.records import Record, is_equivocation, supersedes

_TOPIC_OF_KIND = {
    Kind.LISTING: "browse",
    Kind.WITHDRAWAL: "browse",
    Kind.STATEMENT: "friends",
    Kind.KEYS: "friends",
    Kind.HALF: "friends",
    Kind.SEAT: "house",
    Kind.CHARTER: "house",
    Kind.AMENDMENT: "house",
    Kind.VALIDATION: "friends",
    Kind.RATING: "trust",
    Kind.REPAIR: "trust",
    Kind.ENTRY: "trust",
}


def receive_envelope(core: Core, link: Link, envelope: bytes) -> RecordId | None:
    """Take one envelope from a link; what is wrong with it is counted, never raised.

    Returns:
        The record's id when nobody need be asked for it any more (kept or not).
    """
    try:
        record = core.config.open_record(envelope)
    except RemoteProtocolError as error:
        core.reject(link, error)
        return None
    try:
        accept(core, link, record)
    except OutOfReach as error:
        core.reject(link, error)
        comparisons.refused(core, link, record.record_id)
        # Somebody else who announced it may have a path: ask them.
        core.puller.pass_over(link.id, record.record_id)
        link.session.pending.pop(record.record_id, None)
        return None
    except RemoteProtocolError as error:
        core.reject(link, error)
        comparisons.refused(core, link, record.record_id)
    return record.record_id


def accept(core: Core, link: Link, record: Record) -> None:
    """Keep a record from a friend, or say why not.

    Raises:
        RemoteProtocolError: refused; the verdict says what becomes of the link.

    Spec: §8.4.
    """
    sender = link.friend
    assert sender is not None, "records come from friends"
    if core.registers.has_id(record.record_id):
        origin = record.origin
        if origin is not None and origin != sender:
            link.session.came_twice[origin] = None
        return
    check_header(core, record, sender)
    stored = core.registers.stored(record.key)
    if stored is not None and not supersedes(record, stored.record):
        if is_equivocation(record, stored.record):
            # Two bodies at one version are proof against their author; one is kept.
            raise Replayed("the author signed two records at one version", section="5.4")
        raise Replayed("a newer version is held", section="5.4")
    if not _may_bring(core, link, record):
        raise OutOfReach("the sender has no path that lets this come here", section="7.3")
    if stored is None:
        _check_room(core, sender)
    if record.kind in LOAN_KINDS or record.kind in EVIDENCE_KINDS:
        loans.check(core, record, sender)
    elif isinstance(record.body, BetweenTwoBody):
        mediations.check(core, record, sender)
    core.keep(record, sender)
    origin = record.origin
    if origin is not None and origin != core.me and not _is_proved(core, record):
        offers.pull_remembered(core, origin)


def _check_room(core: Core, sender: MemberId) -> None:
    """One friend, with any number of made-up members behind it, fills its share only. Spec: §14."""
    registers, most = core.registers, limits.RECORDS_HELD_MAX
    if registers.count_from(sender) >= most * limits.FAR_QUOTA_PER_FRIEND_MAX_PERCENT // 100:
        raise QuotaExceeded("this friend has filled its share of the store", section="14")
    if registers.count_foreign() >= most:
        raise QuotaExceeded("the store holds as many records as it may", section="14")


def check_header(core: Core, record: Record, sender: MemberId | None = None) -> None:
    """What holds for every record, however it came. Spec: §5.2, §5.4, §18.3.

    Args:
        sender: the friend who brought it, asked again if it cannot be judged yet.

    Raises:
        PolicyError: of another house, our own, of another time, to be kept for too long, in
            the wrong register, or signed by a key that does not speak for its author.
        DecodeError: a charter whose rules we do not understand (§13).
    """
    if record.house != core.house:
        raise OutOfReach("the record belongs to another house", section="5.2")
    # Spec 9.6: "also one of its own that it does not hold"
    if record.author == core.me and record.kind is not Kind.AMENDMENT:
        raise NotYours(
            "a record of our own came back that we do not hold", section="5.4", verdict="ignore"
        )
    if record.created_ms > core.now_ms + limits.CREATED_AHEAD_MAX_MS:
        raise FromTheFuture("the record is dated in the future", section="5.2")
    if record.is_expired(core.now_ms):
        raise Expired("the record's lease has ended", section="5.2")
    longest_ms = leases.longest_ms(core, record.kind)
    if longest_ms is not None and record.not_after_ms - record.created_ms > longest_ms:
        raise InvalidState("the record is to be kept for longer than any may", section="5.2")
    if isinstance(record.body, CharterBody):
        house.check_charter(core, record, record.body)
    if isinstance(record.body, HalfBody) and record.body.friend == record.author:
        raise NotYours("nobody is their own friend", section="7.1")
    expected = _object_by_kind(record)
    if expected is not None and record.object != expected:
        raise NotYours("the record stands in the wrong register", section="5.4")
    stored = core.registers.stored(record.key)
    if stored is not None and stored.record.kind is not record.kind:
        # Else a listing in a half's register would leave an edge without its half.
        raise NotYours("the register holds another kind", section="5.4", verdict="ignore")
    roots.check_signer(core, record, sender)


def _object_by_kind(record: Record) -> ObjectId | None:
    match record.body:
        case ListingBody():
            return None  # the most frequent ones first: a thing is where its holder likes
        case HalfBody(friend=friend):
            return half_object(friend)
        case SeatBody(candidate=candidate):
            return seat_object(candidate)
        case WithdrawalBody(target=target):
            return withdrawal_object(target)
        case ValidationBody(member=member):
            return validation_object(member)
        case MediationBody(terms=terms):
            return register_object(record.kind, terms.loan)
        case SettlementBody(loan=loan, rater=rater):
            return register_object(record.kind, loan, rater)
        case KeysBody():
            return keys_object(len(record.successors))
        case AmendmentBody():
            return amendment_object(record.house, record.body)
        case _:
            return register_object(record.kind) if record.kind is Kind.STATEMENT else None


def _may_bring(core: Core, link: Link, record: Record) -> bool:
    sender = link.friend
    assert sender is not None, "records come from friends"
    body = record.body
    if core.is_former_friend(sender):
        return loan_traffic.may_take(core, record, sender)
    if isinstance(body, HalfBody):
        if body.friend == core.me:
            return record.author in core.friends
        if record.author == sender:
            # Renewed and pushed: it may stand in a path that we remember, not use.
            return True
        was_asked = core.puller.was_asked(link.id, record.record_id)
        return was_asked or core.registers.stored(record.key) is not None
    if record.kind is Kind.CHARTER:
        return house.is_charter_of(record, core.house)
    if not core.is_live_friend(sender):
        return False
    if isinstance(body, AmendmentBody):
        amendments.check_room(core, record.author, body, sender)
    if record.origin is None:
        return True
    if isinstance(body, ListingBody):
        _check_listing(core, record)
    if record.kind in EVIDENCE_KINDS and loan_path.follows_path(core, record, sender, core.me):
        return True
    return _is_proved(core, record) or offers.is_plausible(core, sender, record)


def _check_listing(core: Core, record: Record) -> None:
    if core.is_withdrawn(record):
        raise Replayed("this version of the thing was withdrawn", section="7.6")
    if core.registers.stored(record.key) is not None:
        return
    # Spec 14: a friend's flood of listings is bounded by origin.
    if core.registers.has_listings(record.author, limits.LISTINGS_PER_ORIGIN_MAX):
        raise QuotaExceeded("this member lists more things than allowed", section="14")


def _is_proved(core: Core, record: Record) -> bool:
    origin = record.origin
    if origin is None or origin == core.me:
        return True
    circles, through = offers.reach_of(core, record)
    path = core.path_from(origin, through)
    return path is not None and may_show(circles, len(path) - 1)


# --- keeping ---------------------------------------------------------------------------


def keep(core: Core, record: Record, received_from: MemberId | None) -> None:
    """Store a record in its register and carry out what it means."""
    stored = Stored(record, core.now_ms, received_from)
    is_change = core.registers.stored(record.key) is not None
    core.registers.put(stored)
    if record.author == core.me:
        core.is_renewal_known = False
        if record.kind is not Kind.LISTING:
            core.is_half_renewal_known = False
    if record.origin is not None:
        _log_circle_record(core, record, is_change=is_change)
    elif _travels_otherwise(core, record):
        core.log.bump(record.key)
    core.write_record(stored)
    core.note_expiry(record)
    _react(core, record, received_from)
    topic = _TOPIC_OF_KIND.get(record.kind, "loans")
    core.deliver(topic)


def _log_circle_record(core: Core, record: Record, *, is_change: bool) -> None:
    origin = record.origin
    assert origin is not None, "circle records have an origin"
    if offers.widen_reach(core, record) and origin != core.me:
        core.moved[origin] = None
        core.bump_entry(("paths", origin))
    if record.author == core.me or offers.offerable(core, record) or _nears_subject(record, core):
        pace.log(core, record, is_change=is_change)
    else:
        core.unoffered[record.key] = None


def _nears_subject(record: Record, core: Core) -> bool:
    return record.kind in EVIDENCE_KINDS and (
        core.path_from(record.origin or core.me) is not None or loan_path.has_path(core, record)
    )


def _travels_otherwise(core: Core, record: Record) -> bool:
    body = record.body
    if isinstance(body, HalfBody):
        return record.author == core.me or given_to_any(core, record.author, body.friend)
    return record.kind is not Kind.AMENDMENT  # logged when its author is proved


def _react(core: Core, record: Record, received_from: MemberId | None) -> None:
    body = record.body
    if isinstance(body, HalfBody):
        refresh_edge(core, record.author, body.friend)
    elif record.kind is Kind.STATEMENT:
        contacts.note(core, record)
        roots.follow_new_root(core, record)
    elif record.kind is Kind.SEAT:
        house.refresh_members(core)
    elif record.kind is Kind.CHARTER:
        house.apply_charter(core, record)
    elif record.kind is Kind.AMENDMENT:
        amendments.refresh(core)
    elif record.kind is Kind.KEYS:
        roots.on_keys_record(core, record)
    elif isinstance(body, ListingBody):
        sharing.note(core, record)
    elif isinstance(body, WithdrawalBody):
        sharing.note(core, record)
        target = core.registers.stored((record.author, body.target))
        # Things alone: a half, or a word about stolen keys, is not taken back in this way.
        thing = target.record if target is not None and target.record.kind is Kind.LISTING else None
        if thing is not None and core.is_withdrawn(thing):
            core.drop(thing)
    elif record.kind in LOAN_KINDS or record.kind in EVIDENCE_KINDS:
        loans.on_record(core, record, received_from or core.me)
    elif isinstance(body, SettlementBody) and not core.is_restoring:
        sharing.note_settled(core, record)
        loans.on_settlement(core, body)


# --- giving ----------------------------------------------------------------------------


def may_give(core: Core, record: Record, friend: MemberId) -> bool:
    """Whether a record may be handed to this friend now. Spec: §7.3."""
    if core.now_ms >= record.not_after_ms:
        return False
    known = core.friends.get(friend)
    if known is not None and known.ended:
        return loan_traffic.may_give(core, record, friend)
    body = record.body
    if isinstance(body, HalfBody):
        if record.author == core.me and body.friend == friend:
            return True
        pair = edge(record.author, body.friend)
        return pair in core.offers.given_edges.get(friend, {})
    if known is None or not core.graph.is_direct(friend):
        return False
    if record.origin is not None:
        return friend != record.author and _may_give_by_circles(core, record, friend)
    if record.kind is Kind.AMENDMENT:
        return record.key in core.counted
    if friend == record.author:
        return False
    if isinstance(body, SeatBody):
        is_ours = body.candidate in (friend, core.me) or body.candidate in core.lineage
        return is_ours or record.key in core.counted
    if record.kind is Kind.CHARTER:
        return True
    if isinstance(body, BetweenTwoBody):
        return mediations.may_give(core, record, friend)
    return loan_path.may_pass(core, record, friend)


def _may_give_by_circles(core: Core, record: Record, friend: MemberId) -> bool:
    origin = record.origin
    circles, through = offers.reach_of(core, record)
    if isinstance(record.body, ListingBody) and core.is_withdrawn(record):
        return False
    if origin == core.me:
        return circles >= 1 and (not through or friend in through)
    is_evidence = record.kind in EVIDENCE_KINDS
    if is_evidence and loan_path.follows_path(core, record, core.me, friend):
        return True
    if friend == origin:
        return is_evidence
    if origin is None or not core.graph.has_transit(core.me, friend):
        return False
    if is_evidence and friend in (core.path_from(origin) or ()):
        return True
    path = core.graph.transit_path_from(origin, through)
    return path is not None and friend not in path and may_offer(circles, len(path) - 1)
