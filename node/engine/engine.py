"""The deterministic heart: one entry, ``handle(event, now_ms) -> effects``.

The same engine runs in a node and in the simulator. It never raises on anything
a peer can cause: what is wrong is rejected, counted and, where the verdict says
so, ends the link. Persists come first in the list of effects; a host commits
them before it does anything else of the list.

Must not import anything that acts.

Spec: §10.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from node.engine import (
    comparisons,
    intake,
    leases,
    loan_links,
    loans,
    membership,
    offers,
    pace,
    pauses,
    pull,
    pump,
    recall,
    reconcile,
    renewals,
    restore,
    roots,
    sync,
    things,
    validations,
)
from node.engine.commands import Join
from node.engine.core import Core
from node.engine.dispatch import run_command
from node.engine.events import (
    Answer,
    CommandReceived,
    DialFailed,
    Disconnect,
    Effect,
    Event,
    GuestLinkUp,
    HostLinkUp,
    LinkDown,
    LinkId,
    LinkUp,
    MessageReceived,
    Space,
    Woke,
)
from node.engine.mailbox import Mailbox
from node.engine.membership import PendingJoin
from node.engine.state import Config, Link
from protocol import limits
from protocol.encoding import Value
from protocol.errors import InvalidState, OutOfReach, Refused, RemoteProtocolError
from protocol.keys import MemberId
from protocol.messages import JoinRefused, JoinRequest, Message, Welcome
from protocol.reaching import decode_reaching, is_reaching
from protocol.session import LinkSession


@dataclass(frozen=True, slots=True)
class DialTarget:
    """A friend to keep a link with."""

    member: MemberId
    link_key: bytes
    addresses: tuple[str, ...]


class Engine:
    """One member's node, without its world.

    Args:
        config: who it is.
        stored: everything persisted so far, in any order.
        now_ms: Unix milliseconds.
        log_epoch: 8 fresh random bytes; used only when ``stored`` is empty.
    """

    __slots__ = ("_is_new", "_joins", "_mailbox", "core")

    def __init__(
        self,
        config: Config,
        stored: Iterable[tuple[Space, bytes, Value]],
        now_ms: int,
        log_epoch: bytes,
    ) -> None:
        self.core = Core(config, log_epoch)
        self.core.on_keep = intake.keep
        self.core.signer_of = roots.signer_of
        self._joins: dict[bytes, PendingJoin] = {}
        self._mailbox: Mailbox | None = None
        self._is_new = not restore.restore(self.core, stored, now_ms)

    def use_mailboxes(self) -> None:
        """Leave items for friends who are off, with common friends. Spec: §17.4."""
        self._mailbox = Mailbox()

    # --- the entry ---------------------------------------------------------------------

    def handle(self, event: Event, now_ms: int) -> list[Effect]:
        """React to one event.

        Returns:
            Effects, all ``Persist`` first. The host commits those in one
            transaction before it carries out any other.
        """
        core = self.core
        went_back = now_ms + limits.CREATED_AHEAD_MAX_MS < core.now_ms
        core.begin(now_ms)
        if self._is_new:
            self._is_new = False
            core.persist(Space.META, b"log_epoch", core.log.epoch)
        if went_back:
            leases.clock_went_back(core)
        if core.expiries and core.expiries[0][0] <= now_ms:
            leases.end_leases(core)
        if isinstance(event, MessageReceived):
            link = core.links.get(event.link)
            if link is not None:
                self._on_data(link, event.message)
        else:
            self._dispatch(event)
        # Most events leave most of these nothing to do: they are not called to find that out.
        if core.offences:
            pauses.settle(core)
        if core.loan_links or core.links_for_loans:
            loan_links.settle(core)
        if core.moved or core.all_moved or core.unoffered:
            offers.refresh_moved(core)
        if core.to_pull:
            pull.pull_marked(core)
        if core.to_pump or core.log.top != core.pumped_top:
            pump.pump_all(core)
        if self._mailbox is not None:
            self._mailbox.look(core)
        if core.log.top != core.log.stored_top:
            # Also after a restart, which gives numbers by itself: none is given twice.
            core.log.stored_top = core.log.top
            core.persist(Space.META, b"log_top", core.log.top)
        return core.finish()

    def next_wakeup_ms(self) -> int | None:
        """When to send ``Woke``; None when nothing waits for time."""
        core = self.core
        plan = core.reconciling
        times = [plan.next_due_ms if plan.is_due_known else comparisons.next_wakeup_ms(core)]
        # What waits seldom is not called to find that out.
        if core.puller.deadlines_ms or core.starved:
            times.append(pull.next_wakeup_ms(core))
        if core.recalling is not None:
            # Nothing is signed, however overdue: it would be woken for nothing.
            times.append(recall.next_wakeup_ms(core))
        else:
            is_known = core.is_renewal_known
            times.append(core.next_renewal_ms if is_known else renewals.next_wakeup_ms(core))
            if core.expiries:
                times.append(core.expiries[0][0])
            if core.has_loans:
                times.append(loans.next_wakeup_ms(core))
        if core.claims:
            times.append(roots.next_wakeup_ms(core))
        if core.paused:
            times.append(pauses.next_wakeup_ms(core))
        if core.loan_links or core.links_for_loans:
            times.append(loan_links.next_wakeup_ms(core))
        if core.held:
            times.append(pace.next_wakeup_ms(core))
        if self._mailbox is not None:
            times.append(self._mailbox.next_wakeup_ms())
        earliest_ms: int | None = None
        for time_ms in times:
            if time_ms is not None and (earliest_ms is None or time_ms < earliest_ms):
                earliest_ms = time_ms
        return earliest_ms

    # --- what hosts ask ----------------------------------------------------------------

    def link_keys(self) -> dict[bytes, MemberId]:
        """X25519 keys to answer: friends, and former ones who must still be told."""
        friends = sorted(self.core.friends.items())
        paused = self.core.paused
        return {f.link_key: member for member, f in friends if f.ended or member not in paused}

    def friends_to_dial(self) -> list[DialTarget]:
        """Friends to keep a link with, and former ones while a loan is served; sorted by member."""
        core = self.core
        return [
            DialTarget(member, friend.link_key, friend.addresses)
            for member, friend in sorted(core.friends.items())
            if (loan_links.serves(core, member) if friend.ended else member not in core.paused)
        ]

    def invitation_secret(self, tag: bytes, now_ms: int) -> bytes | None:
        """The secret of an invitation of ours (also of a used one: its guest is told)."""
        known = self.core.invitations.get(tag)
        if known is None or known[1] + membership.INVITATION_MEMORY_MS <= now_ms:
            return None
        return known[0]

    # --- dispatch ----------------------------------------------------------------------

    def _dispatch(self, event: Event) -> None:
        """Whatever comes by other ways than a message."""
        core = self.core
        match event:
            case CommandReceived():
                self._on_command(event)
            case LinkUp(link_id, member, addresses):
                friend = core.friends.get(member)
                if member in core.paused and not core.is_former_friend(member):
                    core.effects.append(Disconnect(link_id, "paused"))
                elif friend is not None:
                    session = membership.new_session(core, member)
                    link = Link(link_id, member, session, local_addresses=addresses)
                    sync.link_up(core, link, friend)
                    if self._mailbox is not None:
                        self._mailbox.links_changed(core)
            case GuestLinkUp(link_id, tag, key, addresses):
                self._on_invitation_link(link_id, tag, key, addresses, is_guest=True)
            case HostLinkUp(link_id, tag, key, addresses):
                self._on_invitation_link(link_id, tag, key, addresses, is_guest=False)
            case LinkDown(link_id):
                self._on_link_down(link_id)
            case DialFailed(tag, reason):
                self._fail_join(tag, Refused("inviter-unreachable", reason=reason))
            case Woke():
                self._on_wakeup()

    def _on_wakeup(self) -> None:
        core = self.core
        recall.finish_if_done(core)
        if core.recalling is None:
            leases.on_wakeup(core)
            loans.on_wakeup(core)
            things.on_wakeup(core)
            validations.on_wakeup(core)
        roots.ask_after_delay(core)
        pauses.on_wakeup(core)
        pace.on_wakeup(core)
        pull.pull_overdue(core)
        reconcile.on_wakeup(core)

    # --- links -------------------------------------------------------------------------

    def _on_invitation_link(
        self, link_id: LinkId, tag: bytes, key: bytes, addresses: tuple[str, ...], *, is_guest: bool
    ) -> None:
        core = self.core
        link = Link(link_id, None, LinkSession(), key, tag, is_guest, local_addresses=addresses)
        core.links[link.id] = link
        if is_guest and tag in self._joins:
            try:
                membership.greet_inviter(core, self._joins[tag], link)
            except RemoteProtocolError as error:
                core.reject(link, error)
                self._fail_join(tag, Refused("join-malformed"))

    def _on_link_down(self, link_id: LinkId) -> None:
        link = self.core.links.get(link_id)
        if link is not None and link.is_guest and link.friend is None:
            self._fail_join(link.tag, Refused("inviter-hung-up"))
        if self._mailbox is not None:
            self._mailbox.link_down(self.core, link_id)
        sync.link_down(self.core, link_id)

    def _fail_join(self, tag: bytes, refusal: Refused) -> None:
        core = self.core
        join = self._joins.pop(tag, None)
        if join is None:
            return
        membership.forget_join(core, join)
        inviter = core.friends.get(join.invitation.inviter)
        link_id = core.link_of(join.invitation.inviter)
        if link_id is not None and inviter is not None and inviter.ended:
            membership.say_ended(core, core.links[link_id])
        core.effects.append(Answer(join.request, refusal))

    def _on_data(self, link: Link, data: bytes) -> None:
        try:
            if link.is_for_loans and is_reaching(data):
                raise OutOfReach("former friends do not help each other", section="11.9")
            if self._mailbox is not None and link.friend is not None:
                self._mailbox.heard(link)
                if is_reaching(data):
                    self._mailbox.on_message(self.core, link, decode_reaching(data))
                    return
            message = self.core.config.read_message(data)
            if link.friend is not None:
                sync.on_message(self.core, link, message)
            elif link.is_guest:
                self._on_welcome(link, message)
            else:
                self._on_guest(link, message)
        except RemoteProtocolError as error:
            if link.friend is None:
                error.verdict = "close"  # a greeting succeeds as a whole or not at all
            self.core.reject(link, error)

    def _on_guest(self, link: Link, message: Message) -> None:
        core = self.core
        if not isinstance(message, JoinRequest) or link.tag not in core.invitations:
            raise InvalidState("a guest shows itself first", section="9.3", verdict="close")
        try:
            guest = membership.welcome_guest(core, link, message)
        except Refused as refusal:
            membership.refuse_guest(core, link, refusal.code)
            return
        self._become_friends_link(link, guest)

    def _on_welcome(self, link: Link, message: Message) -> None:
        join = self._joins.get(link.tag)
        if join is None:
            raise InvalidState("no join waits on this link", section="9.3", verdict="close")
        if isinstance(message, JoinRefused):
            code = message.code if message.code in membership.JOIN_REFUSALS else "join-malformed"
            self._fail_join(link.tag, Refused(code))
        elif isinstance(message, Welcome):
            membership.take_welcome(self.core, join, link, message)
            del self._joins[link.tag]
            self._become_friends_link(link, join.invitation.inviter)
        else:
            raise InvalidState("a welcome was expected", section="9.3", verdict="close")

    def _become_friends_link(self, link: Link, member: MemberId) -> None:
        core = self.core
        link.session = membership.new_session(core, member)
        sync.link_up(core, link, core.friends[member])

    # --- commands ----------------------------------------------------------------------

    def _on_command(self, event: CommandReceived) -> None:
        core = self.core
        core.take_entropy(event.entropy)
        try:
            if isinstance(event.command, Join):
                membership.start_join(core, self._joins, event.request, event.command)
                return
            result = run_command(core, event.command, event.local_day)
        except Refused as refusal:
            core.effects.append(Answer(event.request, refusal))
            return
        core.effects.append(Answer(event.request, result))
