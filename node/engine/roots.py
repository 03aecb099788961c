"""Whose key counts: mandates of our own, and the chains of successors of others.

Records prove by themselves which device signed them and under which chain of root
keys (``protocol.mandates``). Here is decided whether a chain is the member's: each
successor was promised, or approved by guardians whom the member named and not vetoed.

Spec: §18.1 to §18.3.
"""

from __future__ import annotations

from node.engine.core import Core
from node.engine.edges import ask_again, refresh_signed_by, write_friend
from node.engine.events import FriendsChanged, Space
from protocol.bodies import (
    EVIDENCE_KINDS,
    LOAN_KINDS,
    KeysBody,
    Kind,
    StatementBody,
    keys_object,
)
from protocol.encoding import Value
from protocol.errors import NotYours, OutOfReach
from protocol.keys import MemberId
from protocol.mandates import (
    MANDATE_LEASE_MS,
    NO_MANDATE,
    Mandate,
    Successor,
    encode_mandate,
    mandate_message,
    root_commitment,
)
from protocol.records import Record, RecordSigner

DAY_MS = 24 * 3600 * 1000
KEYS_LEASE_MS = 3650 * DAY_MS
MANDATE_RENEWAL_MS = 90 * DAY_MS
"""A mandate that ends sooner than this is made anew."""
CLAIMS_MAX = 1000
"""Successors that wait for their delay, of all members: a forger needs two guardians each."""
LASTING_KINDS = (Kind.CHARTER, Kind.SEAT, *EVIDENCE_KINDS, *LOAN_KINDS)
"""What a former root said keeps its worth; the rest is said anew by the present one."""


# --- our own -----------------------------------------------------------------------------


def signer_of(core: Core, kind: Kind) -> tuple[RecordSigner, bytes]:
    """The key that signs a record of ours, and its mandate."""
    config = core.config
    if config.device is None:
        return config.signer, NO_MANDATE
    if kind is Kind.KEYS:
        return config.signer, _root_mandate(core)
    if not _is_good_now(core):
        core.mandate = _make_mandate(core, config.device)
        core.persist(Space.META, b"mandate", [core.mandate, core.now_ms])
        core.mandate_from_ms = core.now_ms
    return config.device, core.mandate


def _is_good_now(core: Core) -> bool:
    age_ms = core.now_ms - core.mandate_from_ms
    # A clock that was put back by more than a day makes the mandate one of the future.
    return bool(core.mandate) and -DAY_MS < age_ms < MANDATE_LEASE_MS - MANDATE_RENEWAL_MS


def _make_mandate(core: Core, device: RecordSigner) -> bytes:
    successors = core.config.successors
    not_before_ms = max([core.now_ms - DAY_MS, 0, *(s.from_ms for s in successors[-1:])])
    times = (not_before_ms, not_before_ms + MANDATE_LEASE_MS)
    return _signed(core, device.public, *times)


def _root_mandate(core: Core) -> bytes:
    """A root that is not the first shows the chain that leads to it."""
    successors = core.config.successors
    if not successors:
        return NO_MANDATE
    start_ms = successors[-1].from_ms
    end_ms = max(core.now_ms, start_ms) + DAY_MS
    return _signed(core, core.config.signer.public, max(start_ms, end_ms - 2 * DAY_MS), end_ms)


def _signed(core: Core, key: bytes, not_before_ms: int, not_after_ms: int) -> bytes:
    """A mandate for this key, by our present root."""
    chain, times = core.config.successors, (not_before_ms, not_after_ms)
    message = mandate_message(core.me, key, chain, *times)
    return encode_mandate(Mandate(chain, *times, core.config.signer.sign(message)))


def is_by_guardians(core: Core) -> bool:
    """Whether guardians gave us a root: what came from the words before it is gone. Spec: §18.7."""
    return any(successor.approvals for successor in core.config.successors)


def introduce_keys(core: Core) -> None:
    """Publish our keys record, once. Spec: §18.2."""
    if core.config.next_root_hash and own_keys(core) is None:
        publish_keys(core, KeysBody(core.config.next_root_hash))


def own_keys(core: Core) -> KeysBody | None:
    """The keys record of our present root."""
    record = core.current(core.me, keys_object(len(core.config.successors)))
    return record.body if record is not None and isinstance(record.body, KeysBody) else None


def publish_keys(core: Core, body: KeysBody) -> Record:
    return core.publish(body, keys_object(len(core.config.successors)), KEYS_LEASE_MS)


# --- others' -----------------------------------------------------------------------------


def is_renewed(core: Core, member: MemberId) -> bool:
    """Whether a member's first root key, the one it is known by, has a successor. Spec: §18.3."""
    return bool(core.roots.get(member))


def shown_chain(core: Core, member: MemberId) -> tuple[Successor, ...]:
    """The successors accepted so far, with their approvals, as the member's keys record shows them.

    Empty where none was accepted, or what the present root says of its keys is not held.
    """
    record = core.current(member, keys_object(len(core.roots.get(member, ()))))
    return () if record is None else record.successors


def check_signer(core: Core, record: Record, sender: MemberId | None) -> None:
    """Whether the key that signed a record speaks for its author today.

    Accepts the successors that the record shows, when they can be accepted.

    Raises:
        NotYours: it does not; the record is dropped and the link stays.
        OutOfReach: it cannot be told yet; who sent it is asked again when it can.

    Spec: §18.2, §18.3.
    """
    author, chain = record.author, record.successors
    if record.kind is Kind.AMENDMENT:
        # Spec 9.6: "Whether a signature counts MUST follow from its envelope alone"
        if chain:
            raise _not_theirs("a successor of a root key signs no change of the rules")
        return
    accepted = core.roots.get(author, ())
    if chain or accepted:
        _check_chain(core, record, accepted, sender)
    if record.kind is Kind.KEYS:
        _check_keys_record(core, record)
    else:
        _check_device(core, record)


def _check_chain(
    core: Core, record: Record, accepted: tuple[Successor, ...], sender: MemberId | None
) -> None:
    author, chain = record.author, record.successors
    known = min(len(chain), len(accepted))
    if [s.key for s in chain[:known]] != [s.key for s in accepted[:known]]:
        raise _not_theirs("another successor of this member's root is known")
    for index in range(known, len(chain)):
        if not _accept(core, author, chain, index):
            _remember_refused(core, author, sender)
            raise OutOfReach("a new root key of this member is not proved yet", section="18.3")
    if len(chain) < len(accepted):
        is_lasting = record.kind in LASTING_KINDS or record.kind is Kind.KEYS
        if not is_lasting or record.created_ms >= accepted[len(chain)].from_ms:
            raise _not_theirs("a former root key of this member signed it")


def _not_theirs(why: str) -> NotYours:
    return NotYours(why, section="18.3", verdict="ignore")


def _check_keys_record(core: Core, record: Record) -> None:
    body = record.body
    assert isinstance(body, KeysBody), "chosen by kind"
    root = record.successors[-1].key if record.successors else record.author
    if record.device != root:
        raise _not_theirs("a root key signs its keys record itself")
    held = core.current(record.author, record.object)
    if held is None or not isinstance(held.body, KeysBody):
        return
    if held.body.next_hash != body.next_hash:
        raise _not_theirs("the next root key was promised otherwise")


def _check_device(core: Core, record: Record) -> None:
    keys = core.current(record.author, keys_object(len(core.roots.get(record.author, ()))))
    if keys is None or not isinstance(keys.body, KeysBody):
        return
    if keys.body.is_frozen:
        raise _not_theirs("the member has frozen its keys")
    is_old = record.kind in LASTING_KINDS and record.created_ms < keys.created_ms
    if record.device in keys.body.revoked and not is_old:
        raise _not_theirs("the member has revoked this device")


def _accept(core: Core, member: MemberId, chain: tuple[Successor, ...], index: int) -> bool:
    """Whether the ``index``-th successor (from 0) may be accepted now; then it is."""
    before = core.current(member, keys_object(index))
    if before is None or not isinstance(before.body, KeysBody):
        return False
    successor = chain[index]
    if root_commitment(successor.key) != before.body.next_hash:
        if successor.key in before.body.revoked or not _is_approved(before.body, successor):
            return False
        if not _has_waited(core, member, successor):
            return False
    core.roots[member] = chain[: index + 1]
    core.persist(Space.ROOT, member, roots_row(core.roots[member]))
    core.deliver("friends")
    return True


def _is_approved(keys: KeysBody, successor: Successor) -> bool:
    named = [guardian for guardian, _ in successor.approvals if guardian in keys.guardians]
    return len(named) >= keys.approvals_min


def _has_waited(core: Core, member: MemberId, successor: Successor) -> bool:
    """Whether the time to veto is over; it begins when this node first sees the successor."""
    claim = (member, successor.key)
    first_ms = core.claims.get(claim)
    if first_ms is None:
        if len(core.claims) >= CLAIMS_MAX:
            return False
        core.claims[claim] = core.now_ms
        core.persist(Space.CLAIM, member + successor.key, core.now_ms)
        core.deliver("friends")
        return False
    return core.now_ms - first_ms >= core.charter.succession_delay_ms


def _remember_refused(core: Core, author: MemberId, sender: MemberId | None) -> None:
    if sender is not None and (author in core.unproved or len(core.unproved) < CLAIMS_MAX):
        core.unproved.setdefault(author, {})[sender] = None


def on_keys_record(core: Core, record: Record) -> None:
    """A keys record was kept: what could not be told before perhaps can be now."""
    for sender in core.unproved.pop(record.author, {}):
        if core.is_live_friend(sender):
            ask_again(core, sender)
    if record.author != core.me:
        keys = core.keys_body(record.author)
        refresh_signed_by(core, record.author, () if keys is None else keys.revoked)
        core.deliver("browse")


def follow_new_root(core: Core, statement: Record) -> None:
    """A friend's statement was kept: take its link key where guardians gave the friend a new root.

    Once for each such root: a device that is stolen later can name no other key. Spec: §18.7.
    """
    member, body = statement.author, statement.body
    friend = core.friends.get(member)
    if friend is None or friend.ended or core.is_restoring:
        return
    numbers = [n for n, each in enumerate(statement.successors, start=1) if each.approvals]
    note = f"link key under {member.hex()}"
    if not numbers or core.get_local(note) == numbers[-1]:
        return
    core.put_local(note, numbers[-1])
    assert isinstance(body, StatementBody), "chosen by kind"
    if friend.link_key != body.link_key:
        friend.link_key = body.link_key
        write_friend(core, member)
        core.effects.append(FriendsChanged())


def ask_after_delay(core: Core) -> None:
    """Successors whose time to veto is over: ask again who showed them. Spec: §18.3."""
    for (member, key), first_ms in list(core.claims.items()):
        accepted = [successor.key for successor in core.roots.get(member, ())]
        if core.now_ms - first_ms < core.charter.succession_delay_ms:
            continue
        if key in accepted or first_ms + 4 * core.charter.succession_delay_ms < core.now_ms:
            del core.claims[(member, key)]
            core.persist(Space.CLAIM, member + key, None)
        for sender in core.unproved.pop(member, {}):
            if core.is_live_friend(sender):
                ask_again(core, sender)


def next_wakeup_ms(core: Core) -> int | None:
    if not core.claims:
        return None
    delay_ms = core.charter.succession_delay_ms
    return min(
        (
            first_ms + delay_ms
            for (member, _), first_ms in core.claims.items()
            if member in core.unproved and first_ms + delay_ms > core.now_ms
        ),
        default=None,
    )


def roots_row(chain: tuple[Successor, ...]) -> Value:
    """How an accepted chain is persisted; approvals need not be shown again."""
    return [[successor.key, successor.from_ms] for successor in chain]
