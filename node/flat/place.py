"""The flat as one flatmate's page may use it: who lives here too, and what is for all of them.

An application is given its own place and nothing else. Whatever is asked of another home goes
through here, by a few calls; none of them reads another's loans, friends, photos or words,
save what that flatmate marked as of the flat.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from node.engine import commands
from node.engine.core import Core
from node.flat import common, rooms
from node.flat.note import read_note
from node.notices.facts import Fact
from protocol.errors import Refused

if TYPE_CHECKING:
    from node.flat.flat import Flat, Resident
    from node.node import Node

PLACE: Final[web.AppKey[Place]] = web.AppKey("place")
_INVITATION_MS: Final = 10 * 60_000
_JOIN_MAX_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Mate:
    """Somebody who lives here too.

    Args:
        is_here: has come, and their home is open.
        is_awaited: has a code and has not come yet.
        problem: why their home is closed; told to the first alone.
        code: what lets them in, told to the first alone; empty when that is not known any more.
        is_friend: of whoever asks.
        offers: would like whoever asks as a friend.
        is_offered: whoever asks would like them.
    """

    slug: str
    name: str
    is_here: bool
    is_awaited: bool
    is_off: bool
    problem: str
    is_friend: bool
    offers: bool
    is_offered: bool
    has_house: bool
    code: str


class Place:
    """See above."""

    def __init__(self, flat: Flat, resident: Resident) -> None:
        self._flat = flat
        self._resident = resident
        self.entering = asyncio.Lock()
        """Held while somebody comes in: of two with one link, the first."""

    @property
    def slug(self) -> str:
        return self._resident.slug

    @property
    def is_first(self) -> bool:
        """Whether this is who set the computer up: they alone add flatmates."""
        return self._resident.room is None

    @property
    def is_shared(self) -> bool:
        """Whether anybody else lives here."""
        return len(self._flat.shown()) > 1

    @property
    def first_name(self) -> str:
        """Who set the computer up."""
        return next(iter(self._flat.residents.values())).name

    def link_of(self, code: str) -> str:
        """What somebody opens to come in."""
        return f"{self._flat.page}/claim/{code}"

    def mates(self) -> list[Mate]:
        """The others, in the order of the list."""
        others = [each for each in self._flat.residents.values() if each is not self._resident]
        return [self._seen(each) for each in others if not each.is_off or self.is_first]

    def _seen(self, other: Resident) -> Mate:
        mine, theirs = _core(self._resident), _core(other)
        return Mate(
            slug=other.slug,
            name=other.name,
            is_here=other.has_person,
            is_awaited=not other.has_person and other.room is not None and other.room.is_awaited,
            is_off=other.is_off,
            problem=other.problem if self.is_first else "",
            is_friend=mine is not None and theirs is not None and mine.is_live_friend(theirs.me),
            offers=theirs is not None and self.slug in read_note(theirs).offers,
            is_offered=mine is not None and other.slug in read_note(mine).offers,
            has_house=theirs is not None and theirs.house is not None,
            code=other.code if self.is_first else "",
        )

    # --- the first's ------------------------------------------------------------------------

    async def add(self, name: str) -> tuple[str, str]:
        """A room for somebody; slug and code. Raises Refused."""
        self._require_first()
        self._own()
        resident = await self._flat.add(name)
        await self._offer(resident.slug, stands=True)
        return resident.slug, resident.code

    async def await_again(self, slug: str) -> tuple[str, str]:
        """Another code for who has not come yet; slug and code. Raises Refused."""
        self._require_first()
        resident = await self._flat.await_again(slug)
        return resident.slug, resident.code

    async def switch(self, slug: str, *, is_off: bool) -> str:
        """Switch a flatmate's home off or on; their name. Raises Refused."""
        self._require_first()
        return (await self._flat.switch(slug, is_off=is_off)).name

    def _require_first(self) -> None:
        if not self.is_first:
            raise Refused("not-the-first-flatmate", name=self.first_name)

    # --- coming in ----------------------------------------------------------------------------

    def lets_in(self, code: str) -> bool:
        """Whether a code opens this very room."""
        room = self._resident.room
        return room is not None and room.lets_in(code)

    @property
    def awaited_name(self) -> str:
        return self._resident.name

    async def person_came(self) -> None:
        """The code has been used."""
        room = self._resident.room
        if room is not None:
            self._resident.room = await asyncio.to_thread(rooms.person_came, room)
            self._resident.code = ""

    # --- friendship -----------------------------------------------------------------------------

    async def offer(self, slug: str, *, stands: bool) -> None:
        """Say that one would like a flatmate as a friend, or no longer. Raises Refused."""
        self._other(slug)
        await self._offer(slug, stands=stands)

    async def _offer(self, slug: str, *, stands: bool) -> None:
        node, core = self._own()
        async with self._resident.lock:
            await common.keep(node, read_note(core).with_offer(slug, stands=stands))

    async def accept(self, slug: str) -> None:
        """Become a friend of somebody who offered it: an invitation, accepted on the spot."""
        other = self._other(slug)
        theirs, their_core = _lived_in(other)
        if self.slug not in read_note(their_core).offers:
            raise Refused("no-offer", name=other.name)
        made: Any = await theirs.command(commands.Invite(_INVITATION_MS, theirs.addresses()))
        node = self._resident.node
        assert node is not None, "its page is open"
        try:
            async with asyncio.timeout(_JOIN_MAX_S):
                await node.command(commands.Join(str(made["link"])))
        except TimeoutError:
            raise Refused("join-timeout", seconds=int(_JOIN_MAX_S)) from None
        async with other.lock:
            note = read_note(their_core).with_offer(self.slug, stands=False)
            await common.keep(theirs, note)

    # --- things of the flat ----------------------------------------------------------------------

    async def mark(self, thing: str, *, is_common: bool) -> None:
        node, core = self._own()
        async with self._resident.lock:
            await common.mark(node, core, thing, is_common=is_common)

    def common_things(self) -> list[dict[str, Any]]:
        """Those of the others, with whose each is."""
        return [
            {**thing, "slug": other.slug, "holder_name": other.name}
            for other, core in self._others()
            for thing in common.things_of(core)
        ]

    def common_loans(self) -> list[dict[str, Any]]:
        """Open loans of the others' things of the flat."""
        own = _core(self._resident)
        if own is None:
            return []
        return [
            {**loan, "slug": other.slug}
            for other, core in self._others()
            for loan in common.loans_of(core, own.me)
        ]

    def common_loan(self, slug: str, loan: str) -> dict[str, Any]:
        """One of them. Raises Refused."""
        other = self._other(slug)
        _node, core = _lived_in(other)
        _, own = self._own()
        return {**common.loan_of(core, own.me, loan), "slug": slug}

    async def act(self, slug: str, loan: str, did: str, command: commands.Command) -> None:
        """Do something for the flat in another's home; noted there. Raises Refused."""
        other = self._other(slug)
        node, core = _lived_in(other)
        _, own = self._own()
        async with other.lock:
            await common.act(node, core, (own.me, self._resident.name), loan, did, command)

    def facts(self) -> list[Fact]:
        """What this flatmate deserves to be told of the flat."""
        core = _core(self._resident)
        if core is None:
            return []
        return [*common.facts_for_flatmates(self.common_loans()), *common.facts_for_holder(core)]

    # --- helpers ------------------------------------------------------------------------------

    def _own(self) -> tuple[Node, Core]:
        return _lived_in(self._resident)

    def _others(self) -> list[tuple[Resident, Core]]:
        if not self._resident.is_lived_in:
            return []
        found = [
            (each, _core(each)) for each in self._flat.open_ones() if each is not self._resident
        ]
        return [(each, core) for each, core in found if core is not None]

    def _other(self, slug: str) -> Resident:
        other = self._flat.residents.get(slug)
        if other is None or other is self._resident:
            raise Refused("unknown-flatmate", flatmate=slug[:40])
        return other


def _core(resident: Resident) -> Core | None:
    node = resident.node
    return None if node is None or node.engine is None else node.engine.core


def _lived_in(resident: Resident) -> tuple[Node, Core]:
    """A home with its member. Raises Refused."""
    core = _core(resident)
    if resident.node is None or core is None:
        raise Refused("flatmate-away", name=resident.name)
    return resident.node, core
