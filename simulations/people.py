"""What the people of a scenario do with their nodes: one command at a time, drawn by chance.

They list things and change them, befriend and fall out, ask for what they see, and tend to
the loans on their page: whatever its buttons offer, somebody presses.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from node.engine.asking import Asker
from node.engine.calendar import MINUTES_PER_DAY
from node.engine.commands import (
    AddThing,
    AnswerLoan,
    Ask,
    CancelLoan,
    Command,
    EndFriendship,
    GiveBack,
    HandOver,
    Invite,
    Join,
    LendTo,
    LookFor,
    MoveEnd,
    Rate,
    Recommend,
    Repaired,
    ReplyTo,
    Report,
    SetProfile,
    SetThing,
    TakeBack,
    WithdrawThing,
)
from node.engine.core import Core
from node.engine.loan_views import loans_view
from protocol.bodies import Event, Fault, ListingBody
from protocol.keys import MemberId
from protocol.records import Record
from simulations.machine import Host
from simulations.scenario import Action
from simulations.world import DAY_MS, World

INVITATION_TTL_MS: Final = 3600 * 1000
_THROUGH_FRIENDS_CHANCE: Final = 0.25
_CANCEL_CHANCE: Final = 0.15
_AFTERWARDS_CHANCE: Final = 0.1
_OTHER_WAYS_CHANCE: Final = 0.5
_QUEUE_CHANCE: Final = 0.3
_LOOK_FOR_CHANCE: Final = 0.1
_ON_PAPER_CHANCE: Final = 0.1
_FARTHER_CHANCE: Final = 0.5
_ON_WORD_CHANCE: Final = 0.3
_HANDFUL: Final = 12
_ANSWERS: Final = {"yes": 0.75, "no": 0.1, "counter": 0.15}
_DAYS_AHEAD_MAX: Final = 4


class People:
    """The members of one world.

    Args:
        chance: draws who does what.
        counted: told of everything that is done.
    """

    def __init__(
        self, world: World, chance: random.Random, max_circles: int, counted: Callable[[str], None]
    ) -> None:
        self._world = world
        self._chance = chance
        self._max_circles = max_circles
        self._counted = counted

    def do(self, host: Host, action: Action) -> None:
        """Let a member do something; nothing happens when there is nothing to do it with."""
        if not host.is_running:
            return
        if action == "befriend":
            self._befriend(host)
            return
        command = self._command(host, action)
        if command is not None:
            self._counted(type(command).__name__ if action == "tend" else action)
            self._world.command(host.number, command)

    def _command(self, host: Host, action: Action) -> Command | None:
        match action:
            case "add":
                circles = self._chance.randint(0, self._max_circles)
                if self._chance.random() < _LOOK_FOR_CHANCE:
                    return LookFor(f"Wanted {self._chance.randrange(100)}", circles)
                title = f"Thing {self._chance.randrange(10_000)}"
                return AddThing(title, circles=circles, only_through=self._some_friends(host))
            case "rename":
                return SetProfile(f"Name {self._chance.randrange(1000)}", ("en",))
            case "end":
                friends = self._friends(host)
                return EndFriendship(self._chance.choice(friends).hex()) if friends else None
            case "befriend":
                raise AssertionError("befriending takes two")
            case "ask":
                return self._ask(host)
            case "tend":
                return self._tend(host)
            case "narrow" | "widen" | "edit" | "withdraw":
                listings = host.shelf.live_listings(host.member, host.now_ms)
                if not listings:
                    return None
                return self._change(host, action, self._chance.choice(listings))

    # --- things ------------------------------------------------------------------------

    def _change(self, host: Host, action: Action, listing: Record) -> Command | None:
        body, thing = listing.body, listing.object.hex()
        assert isinstance(body, ListingBody), "chosen by kind"
        if action == "withdraw":
            return WithdrawThing(thing)
        if action == "edit":
            return SetThing(thing, title=f"Thing {self._chance.randrange(10_000)}")
        if self._chance.random() < _ON_PAPER_CHANCE:
            return LendTo("an aunt", thing, *self._dates(host))
        if action == "narrow":
            if self._chance.random() < 0.3:
                return SetThing(thing, only_through=self._some_friends(host, always=True))
            if body.circles == 0:
                return None
            return SetThing(thing, circles=self._chance.randrange(body.circles))
        if body.through:
            return SetThing(thing, only_through=())
        if body.circles >= self._max_circles:
            return None
        return SetThing(thing, circles=self._chance.randint(body.circles + 1, self._max_circles))

    # --- loans -------------------------------------------------------------------------

    def _ask(self, host: Host) -> Command | None:
        assert host.engine is not None, "only running members do anything"
        visible = host.engine.core.visible_listings()
        if not visible:
            return None
        on_word = self._chance.random() < _ON_WORD_CHANCE
        if self._chance.random() < _FARTHER_CHANCE:
            visible = self._farther(host.engine.core, visible, on_word) or visible
        thing, dates = self._chance.choice(visible).object.hex(), self._dates(host)
        if self._chance.random() < _AFTERWARDS_CHANCE:
            begun = (host.now_ms // DAY_MS - 1) * MINUTES_PER_DAY
            return Ask(thing, begun, begun + MINUTES_PER_DAY, has_happened=True)
        queue, other_ways = (self._chance.random() < c for c in (_QUEUE_CHANCE, _OTHER_WAYS_CHANCE))
        return Ask(thing, *dates, queue=queue, on_word=on_word, other_ways=other_ways)

    def _farther(self, core: Core, visible: list[Record], on_word: bool) -> list[Record]:
        """What is offered beyond circle 1, of a handful, and may be asked for."""
        some = self._chance.sample(visible, min(_HANDFUL, len(visible)))
        asker = Asker(core)
        return [
            record
            for record in some
            if not core.is_live_friend(record.author)
            and asker.why_cannot(record, on_word=on_word) is None
        ]

    def _dates(self, host: Host) -> tuple[int, int]:
        """Whole days soon: few to choose from, so that people want the same ones."""
        first = host.now_ms // DAY_MS + self._chance.randint(0, _DAYS_AHEAD_MAX)
        days = self._chance.randint(1, 2)
        return first * MINUTES_PER_DAY, (first + days) * MINUTES_PER_DAY

    def _tend(self, host: Host) -> Command | None:
        """Do one of the things that a member's own page offers for a loan."""
        assert host.engine is not None, "only running members do anything"
        offered = [
            (str(row["loan"]), str(verb))
            for row in loans_view(host.engine.core)
            if isinstance(row, dict) and isinstance(row["can"], list)
            for verb in row["can"]
        ]
        if not offered:
            return None
        loan, verb = self._chance.choice(offered)
        match verb:
            case "answer":
                word = self._chance.choices(list(_ANSWERS), list(_ANSWERS.values()))[0]
                dates = self._dates(host) if word == "counter" else (None, None)
                return AnswerLoan(loan, word, *dates)
            case "recommend":
                return Recommend(loan, yes=self._chance.random() < 0.9)
            case "handover":
                return HandOver(loan)
            case "return":
                return GiveBack(loan)
            case "rate":
                fault = self._chance.choice((Fault.LATE, Fault.NONE, Fault.NONE))
                went_well = int(fault is Fault.NONE)
                return Rate(loan, went_well, self._chance.randint(0, 10), fault)
            case "extend" | "recall":
                return MoveEnd(loan, self._dates(host)[1])
            case "gift" | "lost" | "damaged":
                return Report(loan, Event[verb.upper()])
            case "repaired":
                return Repaired(loan)
            case "reply":
                return ReplyTo(loan, "It was the train.")
            case "take-back":
                return TakeBack(loan) if self._chance.random() < _CANCEL_CHANCE else None
            case "cancel":
                return CancelLoan(loan) if self._chance.random() < _CANCEL_CHANCE else None
            case _:
                raise AssertionError(f"the page offers {verb!r}, which nobody knows")

    # --- friends -----------------------------------------------------------------------

    def _friends(self, host: Host) -> list[MemberId]:
        shelf = host.shelf
        live = (m for m in shelf.ended if shelf.is_live_friend(host.member, m, host.now_ms))
        return sorted(live)

    def _some_friends(self, host: Host, *, always: bool = False) -> tuple[str, ...]:
        friends = self._friends(host)
        if not friends or not (always or self._chance.random() < _THROUGH_FRIENDS_CHANCE):
            return ()
        count = self._chance.randint(1, min(2, len(friends)))
        return tuple(friend.hex() for friend in self._chance.sample(friends, count))

    def _befriend(self, host: Host) -> None:
        friends = self._friends(host)
        others = [h for h in self._world.hosts if h is not host and h.member not in friends]
        if not others:
            return
        guest = self._chance.choice(others)
        self._counted("befriend")
        request = self._world.command(host.number, Invite(INVITATION_TTL_MS, (host.address,)))
        answer = host.answers.get(request)
        if isinstance(answer, dict):
            self._world.command(guest.number, Join(str(answer["link"])))
