"""The engine, with whatever a friend, a guest or an inviter may say to it.

An input is what the other end says on one link: messages one after the other; between
them, parts of one byte are time that passes and parts of two what the owner does. Every
signature is taken for good, as if all others were in it together: so what is behind the
signatures is reached. The engine must answer each message within bounds, and what it
persisted must be a store that it can start from.

Spec: §10.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Final

from node.engine.commands import (
    AddThing,
    AnswerLoan,
    Ask,
    CancelLoan,
    Command,
    EndFriendship,
    FoundHouse,
    FreezeKeys,
    GiveBack,
    HandOver,
    Invite,
    Join,
    NameGuardians,
    Rate,
    Recommend,
    SetProfile,
    SetThing,
    WithdrawThing,
)
from node.engine.engine import Engine
from node.engine.events import (
    Answer,
    CommandReceived,
    Disconnect,
    Effect,
    Event,
    GuestLinkUp,
    HostLinkUp,
    LinkId,
    LinkUp,
    MessageReceived,
    Persist,
    RequestId,
    Send,
    Space,
    Woke,
)
from node.engine.state import Config
from protocol.bodies import Kind, RequestBody
from protocol.charter import Charter
from protocol.encoding import Value
from protocol.errors import Refused, RemoteProtocolError
from protocol.invitations import decode_link
from protocol.keys import MemberId, Signer, link_private_key, link_public_key
from protocol.records import Record, open_record
from simulations.signing import InterningOpener, RealKeys
from simulations.town import Resident, TownPlan, build_town
from tests.fuzz.shapes import join_parts, retold, split_parts
from tests.fuzz.target import Target
from tests.fuzz.wire_targets import message_seeds, reaching_seeds

NOW_MS: Final = 1_790_000_000_000
TODAY: Final = NOW_MS // 86_400_000
MINUTE_MS: Final = 60_000
ANA, BOB, MALLORY, CAROL = 0, 1, 2, 3
BOBS_LINK, HER_LINK = LinkId(1), LinkId(2)
EFFECTS_MAX: Final = 2000
SENT_MAX_BYTES: Final = 4 * 1024 * 1024
PARTS_MAX: Final = 64
ADDRESSES: Final = ("192.0.2.1:7470",)


def believe(key: bytes, message: bytes, signature: bytes) -> bool:
    return True


@lru_cache(maxsize=4096)
def _open(envelope: bytes) -> Record | RemoteProtocolError:
    try:
        return open_record(envelope, believe)
    except RemoteProtocolError as error:
        return error.with_traceback(None)


def open_believing(envelope: bytes) -> Record:
    found = _open(envelope)
    if isinstance(found, RemoteProtocolError):
        raise type(found)(*found.args)
    return found


@cache
def residents() -> tuple[Resident, ...]:
    """Ana and her friends Bob and Mallory, and three people behind them."""
    edges = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (2, 4), (3, 5)]
    plan = TownPlan(6, edges, NOW_MS - 86_400_000)
    opener = InterningOpener(believe)
    return tuple(build_town(plan, RealKeys(), opener))


def config_of(number: int) -> Config:
    known = residents()[number].config
    return replace(known, open_record=open_believing, verify=believe)


@dataclass
class Home:
    """One engine, its disk and its clock."""

    config: Config
    disk: dict[tuple[Space, bytes], Value] = field(default_factory=dict)
    now_ms: int = NOW_MS
    commands: int = 0
    unheard: list[bytes] = field(default_factory=list)
    """What it said to Mallory since somebody asked."""

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        rows = [(space, key, value) for (space, key), value in self.disk.items()]
        self.engine = Engine(self.config, rows, self.now_ms, b"log!epch")
        self.engine.use_mailboxes()

    def handle(self, event: Event) -> list[Effect]:
        effects = self.engine.handle(event, self.now_ms)
        assert len(effects) <= EFFECTS_MAX, "one event makes too much of it"
        sent = sum(len(effect.message) for effect in effects if isinstance(effect, Send))
        assert sent <= SENT_MAX_BYTES, "one event says too much"
        for effect in effects:
            if isinstance(effect, Send) and effect.link == HER_LINK:
                self.unheard.append(effect.message)
            if isinstance(effect, Persist):
                if effect.value is None:
                    self.disk.pop((effect.space, effect.key), None)
                else:
                    self.disk[effect.space, effect.key] = effect.value
        return effects

    def command(self, command: Command) -> object:
        """What the owner is answered at once."""
        self.commands += 1
        entropy = self.config.signer.public[:31] + bytes([self.commands])
        request = RequestId(self.commands)
        for effect in self.handle(CommandReceived(request, command, entropy, TODAY)):
            if isinstance(effect, Answer):
                return effect.result
        return None

    def wait(self, duration_ms: int) -> None:
        """Time goes by; the engine is woken when it asked to be, but not for ever."""
        end_ms = self.now_ms + duration_ms
        for _ in range(32):
            due_ms = self.engine.next_wakeup_ms()
            if due_ms is None or due_ms > end_ms:
                break
            self.now_ms = max(self.now_ms, due_ms)
            self.handle(Woke())
        self.now_ms = end_ms


def home_of(number: int) -> Home:
    rows = {(space, key): value for space, key, value in residents()[number].rows}
    return Home(config_of(number), rows)


def member(number: int) -> MemberId:
    return residents()[number].member


def listen(home: Home, data: bytes, *, until_closed: bool) -> None:
    """Let Mallory say what the input holds."""
    for part in split_parts(data)[:PARTS_MAX]:
        if len(part) == 1:
            home.wait(MINUTE_MS << (part[0] % 16))
            continue
        if len(part) == 2:
            act(home, part[0], part[1])
            continue
        effects = home.handle(MessageReceived(HER_LINK, part))
        if until_closed and any(isinstance(effect, Disconnect) for effect in effects):
            break
    home.wait(86_400_000)
    home.start()
    home.handle(Woke())


DEEDS: Final[tuple[Callable[[str], Command], ...]] = (
    lambda loan: AnswerLoan(loan, "yes"),
    HandOver,
    GiveBack,
    lambda loan: Rate(loan, 1, 9),
    CancelLoan,
    lambda loan: AnswerLoan(loan, "no"),
    lambda loan: AnswerLoan(loan, "counter", TODAY * 1440 + 9000, TODAY * 1440 + 9900),
    lambda loan: Recommend(loan, True),
    lambda loan: Recommend(loan, False),
)
"""What an owner does with a loan."""
OTHER_DEEDS: Final[tuple[Callable[[Home], Command], ...]] = (
    lambda home: EndFriendship(member(MALLORY).hex()),
    lambda home: EndFriendship(member(BOB).hex()),
    lambda home: AddThing(f"thing {home.commands}", circles=2),
    lambda home: SetThing(home.engine.core.mine(Kind.LISTING)[0].object.hex(), circles=1),
    lambda home: WithdrawThing(home.engine.core.mine(Kind.LISTING)[0].object.hex()),
    lambda home: NameGuardians((member(BOB).hex(), member(MALLORY).hex(), member(3).hex())),
    lambda home: FreezeKeys(home.commands % 2 == 0),
    lambda home: SetProfile("Anna", ("fr",)),
)


def act(home: Home, deed: int, which: int) -> None:
    """The owner does something; a refusal is fine."""
    core = home.engine.core
    if deed % 2:
        chosen = OTHER_DEEDS[which % len(OTHER_DEEDS)]
        if core.mine(Kind.LISTING):
            home.command(chosen(home))
        return
    known = loans(home)
    if known:
        home.command(DEEDS[which % len(DEEDS)](known[deed // 2 % len(known)]))


def loans(home: Home) -> list[str]:
    """Every loan that the home has heard of."""
    asked = [record.body for record in home.engine.core.of_kind(Kind.REQUEST)]
    return [body.loan.hex() for body in asked if isinstance(body, RequestBody)]


# --- a friend ----------------------------------------------------------------------------


def ana_with_friends() -> Home:
    home = home_of(ANA)
    home.handle(Woke())
    home.command(AddThing("axe", circles=3, text="sharp"))
    home.handle(LinkUp(BOBS_LINK, member(BOB), ADDRESSES))
    home.handle(LinkUp(HER_LINK, member(MALLORY), ADDRESSES))
    return home


def hear_friend(data: bytes) -> None:
    listen(ana_with_friends(), data, until_closed=False)


def friend_seeds() -> list[bytes]:
    """What an honest Mallory says: a thing, a loan to its end; and one of every message."""
    start = TODAY * 1440 + 4320
    lent = converse(
        ana_with_friends(),
        her_with_ana(),
        [
            AddThing("saw", circles=3),
            Ask("axe", start, start + 2880, "please"),
            bytes([0, 0]),
            bytes([0, 1]),
            b"\x0c",
            bytes([0, 2]),
            bytes([0, 3]),
            lambda loan: Rate(loan, 1, 10),
        ],
    )
    everything = [*message_seeds(), *reaching_seeds()]
    greeting = lent[:2]
    return [
        join_parts(*lent),
        join_parts(*greeting, *everything),
        *(join_parts(*greeting, one) for one in everything),
        *(join_parts(*lent, one) for one in everything[::4]),
    ]


def her_with_ana() -> Home:
    home = home_of(MALLORY)
    home.handle(Woke())
    return home


Step = Command | bytes | Callable[[str], Command]


def converse(ana: Home, hers: Home, steps: Iterable[Step]) -> list[bytes]:
    """Both engines talk until they are quiet after each step; the parts of an input.

    Args:
        steps: what Mallory does, also with the one loan, and, as bytes, what ``listen``
            does between messages.
    """
    hers.handle(LinkUp(HER_LINK, member(ANA), ADDRESSES))
    parts = exchange(ana, hers)
    for step in steps:
        if isinstance(step, bytes):
            parts.append(step)
            if len(step) == 1:
                ana.wait(MINUTE_MS << step[0])
                hers.wait(MINUTE_MS << step[0])
            else:
                act(ana, *step)
        else:
            assert not isinstance(hers.command(_meant(hers, step)), Refused)
        parts += exchange(ana, hers)
    return parts


def _meant(home: Home, step: Command | Callable[[str], Command]) -> Command:
    if isinstance(step, Ask):
        return replace(step, thing=home.engine.core.visible_listings()[0].object.hex())
    return step(loans(home)[0]) if callable(step) else step


def exchange(one: Home, other: Home) -> list[bytes]:
    """Carry what is unheard until all is quiet; what ``other`` said."""
    said: list[bytes] = []
    while one.unheard or other.unheard:
        for speaker, hearer in ((one, other), (other, one)):
            messages, speaker.unheard = speaker.unheard, []
            said += messages if speaker is other else []
            for message in messages:
                hearer.handle(MessageReceived(HER_LINK, message))
    return said


# --- a guest, an inviter -------------------------------------------------------------------


def carol_who_invites() -> tuple[Home, str]:
    home = home_of(CAROL)
    home.handle(Woke())
    answer = home.command(Invite(86_400_000, ADDRESSES))
    assert isinstance(answer, dict)
    return home, str(answer["link"])


def stranger(number: int) -> Home:
    seed = bytes([number]) * 32
    private = link_private_key(seed)
    known = replace(
        config_of(ANA), signer=Signer(seed), seed=seed, link_public=link_public_key(private),
        link_private=private, name="Zoe",
    )  # fmt: skip
    home = Home(known)
    home.handle(Woke())
    return home


def hear_guest(data: bytes) -> None:
    home, link = carol_who_invites()
    key = stranger(9).config.link_public
    home.handle(HostLinkUp(HER_LINK, decode_link(link).tag, key, ADDRESSES))
    listen(home, data, until_closed=True)


def hear_inviter(data: bytes) -> None:
    home, link = zoe_who_joins()
    key = decode_link(link).link_key
    home.handle(GuestLinkUp(HER_LINK, decode_link(link).tag, key, ADDRESSES))
    listen(home, data, until_closed=True)


def zoe_who_joins() -> tuple[Home, str]:
    _, link = carol_who_invites()
    home = stranger(9)
    home.command(Join(link))
    return home, link


def guest_seeds() -> list[bytes]:
    return [join_parts(*_greeting()[0]), *(join_parts(one) for one in message_seeds())]


def inviter_seeds() -> list[bytes]:
    return [join_parts(*_greeting()[1]), *(join_parts(one) for one in message_seeds())]


@cache
def _greeting() -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """What guest and inviter say to each other, and then as friends."""
    host, link = carol_who_invites()
    guest, _ = zoe_who_joins()
    invitation = decode_link(link)
    guest.handle(GuestLinkUp(HER_LINK, invitation.tag, invitation.link_key, ADDRESSES))
    host.handle(HostLinkUp(HER_LINK, invitation.tag, guest.config.link_public, ADDRESSES))
    said: tuple[list[bytes], list[bytes]] = ([], [])
    while host.unheard or guest.unheard:
        for number, (speaker, hearer) in enumerate(((guest, host), (host, guest))):
            messages, speaker.unheard = speaker.unheard, []
            said[number].extend(messages)
            for message in messages:
                hearer.handle(MessageReceived(HER_LINK, message))
    return tuple(said[0]), tuple(said[1])


def hear_founder(data: bytes) -> None:
    """The second founder joins: more is believed of them than of other guests."""
    home = stranger(8)
    home.command(FoundHouse("House", Charter()))
    answer = home.command(Invite(86_400_000, ADDRESSES))
    assert isinstance(answer, dict)
    tag = decode_link(str(answer["link"])).tag
    home.handle(HostLinkUp(HER_LINK, tag, stranger(9).config.link_public, ADDRESSES))
    listen(home, data, until_closed=True)


def engine_target(
    name: str, read: Callable[[bytes], None], seeds: Callable[[], list[bytes]]
) -> Target:
    return Target(name, read, (), seeds, is_slow=True, size_max_bytes=1 << 17, mutate=retold)


TARGETS: Final = (
    engine_target("engine-friend", hear_friend, friend_seeds),
    engine_target("engine-guest", hear_guest, guest_seeds),
    engine_target("engine-founder", hear_founder, guest_seeds),
    engine_target("engine-inviter", hear_inviter, inviter_seeds),
)
"""What a link says to the engine."""
