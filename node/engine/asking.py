"""May this member ask for that thing? The rules, as one node can judge them.

The borrower's own node asks before it sends; the go-betweens and the holder ask
again with their own evidence, because the borrower may lie. They may also know less:
ratings and listings travel at their own pace. So their answer is never final: a
request that does not hold yet waits on their node until it does, or until it expires.

Pure: must not import anything that acts.

Spec: §11.3, rules R5, R6, R8, R9.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from node.engine import contacts, loan_links, sharing, validations
from node.engine.core import Core
from node.engine.loan_book import book_of
from node.engine.radius import missing_first_loans
from node.trust import judgement as trust
from node.trust.circles import missing_for
from node.trust.judgement import Judgement
from node.trust.ledger import account_of
from node.trust.standing import is_reliable, reliability_of
from node.trust.viewpoint import Viewpoint
from protocol.bodies import ListingBody, ThingKind
from protocol.circles import Path
from protocol.errors import Refused
from protocol.exchange import LoanState
from protocol.keys import MemberId
from protocol.records import Record

# --- judging members -------------------------------------------------------------------


def judge(core: Core, member: MemberId) -> Judgement:
    """A member as seen from this node."""
    book, charter = book_of(core), core.charter
    evidence = book.evidence()
    account = account_of(book.ledgers(), evidence, member, charter, core.now_ms)
    is_member = counts_as_member(core, member)
    return trust.judge(
        evidence, member, charter, viewpoint(core), is_member=is_member, account=account
    )


def viewpoint(core: Core) -> Viewpoint:
    """From where this node judges, and when."""
    return Viewpoint(core.me, core.now_ms, core.distance, core.graph.sides_of)


def reliability(core: Core, member: MemberId) -> float:
    """How likely it is that it goes as agreed with a member, seen from here. Spec: §12.6."""
    evidence = book_of(core).evidence()
    return reliability_of(evidence, member, viewpoint(core))


def is_side_missing(core: Core, judgement: Judgement) -> bool:
    """Whether the next circle lacks nothing but a good exchange on another side. Spec: §12.4."""
    following = judgement.circles_open + 1
    if not judgement.missing or following < 2:
        return False
    return missing_for(core.charter, judgement.confiance, following, following) == 0


def counts_as_member(core: Core, member: MemberId) -> bool:
    """Whether seats or certificates held here prove that it is a member.

    The seats of people beyond one's friends do not travel here. But only edges that
    both ends attest as joining two members carry farther than circle 1 (spec §7.2).
    """
    distance = core.distance(member)
    return core.is_member(member) or (distance is not None and distance >= 2)


# --- asking ----------------------------------------------------------------------------


def why_cannot_ask(
    core: Core, listing: Record, path: Path | None = None, *, on_word: bool = False
) -> Refused | None:
    """Why I cannot ask for a thing at all, whatever the dates; None when I can.

    Args:
        path: holder to me, when another is meant than ``way_to`` finds.
        on_word: those in between are to recommend me, where the circle is not open.
    """
    return Asker(core).why_cannot(listing, path, on_word=on_word)


def way_through(core: Core, listing: Record, friend: MemberId) -> Path | None:
    """A path of two hops through this friend, or None."""
    body = listing.body
    assert isinstance(body, ListingBody), "only things are asked for"
    if body.circles < 2 or (body.through and friend not in body.through):
        return None
    path = core.path_from(listing.author, (friend,))
    return path if path is not None and len(path) == 3 else None


class Asker:
    """What holds for all that I may ask for, found out once; for one look at many things."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def why_cannot(
        self, listing: Record, path: Path | None = None, *, on_word: bool = False
    ) -> Refused | None:
        """As ``why_cannot_ask``."""
        core, body = self._core, listing.body
        assert isinstance(body, ListingBody), "only things are asked for"
        if listing.author == core.me:
            return Refused("own-thing", title=body.title)
        if body.thing_kind is ThingKind.WANTED:
            return Refused("wanted-not-lent", name=core.name_of(listing.author))
        if self._why_nothing is not None:
            return self._why_nothing
        path = path or self.way_to(listing)
        if path is None:
            return Refused("unknown-thing", thing=listing.object.hex())
        return self._why_not_so_far(path, on_word)

    def way_to(self, listing: Record) -> Path | None:
        """By which path to ask for a thing, holder to me: a friend who validates me first."""
        core, body = self._core, listing.body
        assert isinstance(body, ListingBody), "only things are asked for"
        path = core.path_from(listing.author, body.through)
        if path is None or len(path) != 3 or path[1] in self._validators:
            return path
        by_word = (way_through(core, listing, friend) for friend in self._validators)
        return next((way for way in by_word if way is not None), path)

    @cached_property
    def _validators(self) -> dict[MemberId, None]:
        return dict.fromkeys(validations.validators(self._core))

    def _why_not_so_far(self, path: Path, on_word: bool) -> Refused | None:
        core, circle = self._core, len(path) - 1
        if circle > self._circles_by_sharing:
            return Refused("sharing-closed", circles=self._circles_by_sharing)
        gap = _gap(core, self._judgement, circle)
        is_recommended = on_word or (circle == 2 and path[1] in self._validators)
        if gap is None or (is_recommended and _is_on_word(core, gap, circle)):
            return None if circle == 1 else self._why_friends_only
        if gap.missing is None:
            return Refused("circle-shut", circle=circle)
        return Refused(
            "circle-closed", circle=circle, circles_open=gap.circles_open, missing=gap.missing
        )

    @cached_property
    def _why_nothing(self) -> Refused | None:
        core = self._core
        if not counts_as_member(core, core.me):
            return Refused("second-seat-missing", seats=core.charter.seats)
        return None if self._circles_by_sharing else Refused("nothing-shared")

    @cached_property
    def _circles_by_sharing(self) -> int:
        return sharing.circles(self._core, self._core.me)

    @cached_property
    def _judgement(self) -> Judgement:
        return judge(self._core, self._core.me)

    @cached_property
    def _why_friends_only(self) -> Refused | None:
        core = self._core
        if not is_reliable(core.charter, reliability(core, core.me)):
            return Refused("unreliable")
        missing = missing_first_loans(core, core.me)
        return Refused("first-loans-near", missing=missing) if missing else None


@dataclass(frozen=True, slots=True)
class _Gap:
    """A circle that is shut for a member, and what opens it."""

    circles_open: int
    missing: int | None


def _gap(core: Core, judgement: Judgement, distance: int) -> _Gap | None:
    if judgement.circles_open >= distance:
        return None
    missing = missing_for(core.charter, judgement.confiance, judgement.sides, distance)
    return _Gap(judgement.circles_open, missing)


def _is_on_word(core: Core, gap: _Gap, circle: int) -> bool:
    """Whether a word of all in between opens a circle that is shut. Spec: §11.3, rule R9."""
    return 1 <= gap.circles_open and circle <= gap.circles_open + core.charter.recommended_circles


def needs_word(core: Core, loan: LoanState) -> bool:
    """Whether this request may go on with a recommendation only, by my own evidence."""
    gap = _gap(core, judge(core, loan.borrower), len(loan.path) - 1)
    return gap is not None and _is_on_word(core, gap, len(loan.path) - 1)


def _is_recommended_so_far(core: Core, loan: LoanState) -> bool:
    said = dict(loan.passed)
    before_me = loan.path[1 : loan.path.index(core.me)]
    return all(said.get(member, False) for member in before_me)


def why_not_answerable(core: Core, loan: LoanState) -> Refused | None:
    """Why this request is not to be answered or passed on yet, by my own evidence.

    The borrower's friend vouches that the borrower shares; it alone sees all that
    the borrower shows to friends. Where the circle is not open, a word of all before me
    is enough, and a go-between's own (``needs_word``).

    Spec: §11.3.
    """
    former = loan_links.former_neighbour(core, loan.path)
    if former is not None and not loan.contracts:
        return Refused("way-ended", name=core.name_of(former))
    circle = len(loan.path) - 1
    if loan.path[1] == core.me and circle > sharing.circles(core, loan.borrower):
        return Refused("borrower-shares-nothing", name=core.name_of(loan.borrower))
    name = core.name_of(loan.borrower)
    other = contacts.who_was_first(core, loan.borrower)
    if other is not None:
        return Refused("borrower-not-unique", name=name, other=core.name_of(other))
    gap = _gap(core, judge(core, loan.borrower), circle)
    if gap is None or (_is_on_word(core, gap, circle) and _is_recommended_so_far(core, loan)):
        return None if circle == 1 else _why_friends_only(core, loan.borrower)
    if gap.circles_open == 0:
        return Refused("borrower-second-seat-missing", name=name, seats=core.charter.seats)
    if gap.missing is None:
        return Refused("borrower-circle-shut", name=name, circle=circle)
    return Refused("borrower-circle-closed", name=name, circle=circle, missing=gap.missing)


def _why_friends_only(core: Core, borrower: MemberId) -> Refused | None:
    """Why somebody is not to borrow beyond friends yet, whatever circles are open."""
    name = core.name_of(borrower)
    if not is_reliable(core.charter, reliability(core, borrower)):
        return Refused("borrower-unreliable", name=name)
    missing = missing_first_loans(core, borrower)
    return Refused("borrower-first-loans-near", name=name, missing=missing) if missing else None
