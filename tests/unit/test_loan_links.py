"""An agreed loan outlives the friendships on its path; a former friend gets nothing else.

Spec: §11.9.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from node.engine import intake, reconcile
from node.engine.commands import (
    AnswerLoan,
    CancelLoan,
    EndFriendship,
    GiveBack,
    HandOver,
    MoveEnd,
    Rate,
    Recommend,
    Report,
    SetProfile,
)
from node.engine.events import Effect, LinkDown, LinkId, LinkUp, MessageReceived, Send, Space
from node.engine.loan_traffic import loan_of
from node.wording.ended_words import ended_sentence
from protocol import limits
from protocol.bodies import (
    CommitmentBody,
    Event,
    Fault,
    HalfBody,
    Kind,
    ListingBody,
    RequestBody,
    ThingKind,
    half_object,
)
from protocol.encoding import encode
from protocol.errors import Refused
from protocol.keys import MemberId, RecordId
from protocol.messages import (
    Compare,
    Have,
    Lazy,
    Listed,
    Message,
    Missing,
    OfferedPath,
    Paths,
    RangeAsked,
    Recall,
    Recalled,
    Records,
    Revoked,
    Want,
    decode_message,
    encode_message,
)
from protocol.reaching import TellTime, WhereIs, encode_reaching
from protocol.records import Record, split_envelope
from simulations.street import DAY, DAY_MS, TODAY, Street, oid, street

MINUTE_MS = 60_000


def end(made: Street, one: int, other: int) -> None:
    """One ends it; the homes call each other again, where they still do."""
    made.run(one, EndFriendship(made.id(other).hex()))
    made.reconnect()


def are_linked(made: Street, one: int, other: int) -> bool:
    return any(here == one and there == other for (here, _), (there, _) in made.ends.items())


def agreed(made: Street) -> str:
    """A loan of the first member's to the last one's, over all between."""
    thing = made.share(0)
    last = len(made.engines) - 1
    loan = made.ask(last, thing)
    for between in range(last - 1, 0, -1):
        made.run(between, Recommend(loan, yes=True))
    made.run(0, AnswerLoan(loan, "yes"))
    return loan


def lines(members: int) -> Street:
    """A street in which the last may ask the first."""
    made = street(members, circle_2_exchanges=1)
    shared = [made.share(number) for number in range(1, members)]
    if members > 2:
        made.lend(1, 2, shared[0])
    return made


def finish(made: Street, loan: str) -> None:
    last = len(made.engines) - 1
    made.run(0, HandOver(loan))
    made.run(last, GiveBack(loan))
    made.run(0, Rate(loan, 1, 8, Fault.NONE))
    made.run(last, Rate(loan, 1, 9, Fault.NONE))


# --- the loan goes on ------------------------------------------------------------------------

ENDS = [
    (2, 0, 1), (2, 1, 0),
    (3, 0, 1), (3, 1, 0), (3, 1, 2), (3, 2, 1),
]  # fmt: skip


@pytest.mark.parametrize(("members", "one", "other"), ENDS)
def test_what_was_agreed_is_handed_over_returned_and_rated(
    members: int, one: int, other: int
) -> None:
    """Whoever on the path ends a friendship, and whichever: both parties say the same."""
    made = lines(members)
    loan = agreed(made)
    end(made, one, other)
    finish(made, loan)

    assert made.states(loan) == ["rated"] * members
    for number in (0, members - 1):
        row = made.rows(number)[loan]
        assert row["rated"] is not None
        assert row["rated_by_other"] is not None


def test_the_link_stands_until_the_last_word_has_come_also_where_its_rating_came_otherwise() -> (
    None
):
    """The rating travels by the circles too, what it stands on by the path alone.

    Found by ``simulate hunt``, seed 410.
    """
    made = street(3, edges=[(0, 1), (0, 2), (1, 2)])
    loan = made.ask(1, made.share(0))
    made.run(0, AnswerLoan(loan, "yes"))
    end(made, 0, 1)
    made.run(0, HandOver(loan))
    made.run(1, GiveBack(loan))
    made.run(1, Rate(loan, 1, 9, Fault.NONE))
    made.cut(0, 1)
    made.run(0, Rate(loan, 1, 8, Fault.NONE))
    assert made.rows(1)[loan]["rated_by_other"] is not None
    made.connect(0, 1)

    assert made.states(loan)[:2] == ["rated", "rated"]


def test_the_link_ends_when_both_know_how_the_loan_ended() -> None:
    """A minute after all was said, and for good."""
    made = lines(2)
    loan = agreed(made)
    end(made, 0, 1)
    finish(made, loan)
    assert are_linked(made, 0, 1)
    made.pass_time(3 * MINUTE_MS)

    assert not are_linked(made, 0, 1)
    for number in (0, 1):
        assert made.core(number).loan_links == {}
        assert made.engines[number].friends_to_dial() == []


def test_who_knows_how_it_ended_tells_the_one_who_ended_the_friendship_before_hearing_of_it() -> (
    None
):
    """Whoever has both ratings is not the only one who must have them.

    Found by ``simulate hunt``, seed 920.
    """
    made = lines(2)
    loan = agreed(made)
    made.run(0, HandOver(loan))
    made.run(0, Report(loan, Event.LOST))
    made.run(1, Rate(loan, 1, 9, Fault.NONE))
    made.pass_time(made.core(1).charter.rating_window_ms + MINUTE_MS)
    made.cut(0, 1)
    made.run(0, GiveBack(loan))
    made.run(0, Rate(loan, 1, 8, Fault.NONE))
    made.run(1, EndFriendship(made.id(0).hex()))
    assert made.states(loan) == ["rated", "lost"]
    made.reconnect()  # it is told, and the link closed
    made.reconnect()

    assert made.states(loan) == ["rated", "rated"]
    made.pass_time(3 * MINUTE_MS)
    assert not are_linked(made, 0, 1)


def test_both_ends_of_the_path_may_break() -> None:
    """Two friendships of one path end, and both homes between restart."""
    made = lines(3)
    loan = agreed(made)
    end(made, 0, 1)
    end(made, 2, 1)
    for number in range(3):
        made.restart(number)
    finish(made, loan)

    assert made.states(loan) == ["rated"] * 3


def test_who_was_off_when_it_ended_hears_of_it_and_the_loan_goes_on() -> None:
    """The farewell comes first, then the steps."""
    made = lines(2)
    loan = agreed(made)
    made.cut(0, 1)
    made.run(0, EndFriendship(made.id(1).hex()))
    made.run(0, HandOver(loan))
    assert not made.core(1).is_former_friend(made.id(0))
    made.reconnect()  # it is told, and the link closed
    made.reconnect()

    assert made.core(1).is_former_friend(made.id(0))
    assert made.states(loan) == ["handed_over"] * 2


def test_an_agreement_under_way_arrives() -> None:
    """It was signed before anybody ended anything."""
    made = lines(3)
    thing = made.share(0)
    loan = made.ask(2, thing)
    made.run(1, Recommend(loan, yes=True))
    made.cut(1, 2)
    made.run(0, AnswerLoan(loan, "yes"))
    made.run(1, EndFriendship(made.id(2).hex()))
    made.reconnect()
    made.reconnect()
    finish(made, loan)

    assert made.states(loan) == ["rated"] * 3


def test_a_cancellation_under_way_arrives() -> None:
    made = lines(2)
    loan = agreed(made)
    made.cut(0, 1)
    made.run(0, CancelLoan(loan))
    made.run(0, EndFriendship(made.id(1).hex()))
    made.reconnect()
    made.reconnect()
    assert made.states(loan) == ["cancelled"] * 2
    made.pass_time(3 * MINUTE_MS)

    assert not are_linked(made, 0, 1)


@pytest.mark.parametrize(("ender", "state"), [(0, "declined"), (1, "withdrawn")])
def test_who_ends_a_friendship_takes_back_what_was_asked_over_it(ender: int, state: str) -> None:
    """Asked and not agreed to: it ends with the friendship, and the other is told."""
    made = lines(2)
    loan = made.ask(1, made.share(0))
    end(made, ender, 1 - ender)

    assert made.states(loan) == [state] * 2


def test_nobody_next_to_the_end_passes_on_or_agrees() -> None:
    """What waits at a friendship that ended stays there; it may still be declined."""
    made = lines(3)
    thing = made.share(0)
    waits_between = made.ask(2, thing)
    end(made, 0, 1)
    with pytest.raises(Refused, match="way ended"):
        made.run(1, Recommend(waits_between, yes=True))

    made = lines(3)
    waits_at_holder = made.ask(2, made.share(0))
    made.run(1, Recommend(waits_at_holder, yes=True))
    end(made, 1, 0)
    with pytest.raises(Refused, match="way ended"):
        made.run(0, AnswerLoan(waits_at_holder, "yes"))
    made.run(0, AnswerLoan(waits_at_holder, "no"))
    assert made.states(waits_at_holder) == ["declined"] * 3


def test_friends_again_are_friends_in_everything() -> None:
    made = lines(2)
    loan = agreed(made)
    end(made, 0, 1)
    made.edges.clear()
    assert made.join(1, 0)
    finish(made, loan)

    assert made.states(loan) == ["rated"] * 2
    assert made.core(0).loan_links == {}
    assert len(made.core(1).visible_listings()) == 1


# --- and nothing else does -------------------------------------------------------------------


@dataclass
class Former:
    """A former friend whose program does not follow the rules, at a link with member 0."""

    made: Street
    member: MemberId
    link: LinkId
    heard: list[Message] = field(default_factory=list)

    def call(self) -> Former:
        self._hear(self.made.feed(0, LinkUp(self.link, self.member), settle=False))
        self.say(Have(b"logepoch", bytes(8), 0))
        return self

    def say(self, *messages: Message | bytes) -> list[Message]:
        """What is answered at once."""
        before = len(self.heard)
        for message in messages:
            data = message if isinstance(message, bytes) else encode_message(message)
            self._hear(self.made.feed(0, MessageReceived(self.link, data), settle=False))
        return self.heard[before:]

    def give(self, record: Record) -> str:
        """Bring a record; why it is refused."""
        before = len(self.made.rejects)
        self.say(Records((record.envelope,)))
        [refused] = self.made.rejects[before:]
        return refused.code

    def was_given(self) -> list[Record]:
        messages = [m for m in self.heard if isinstance(m, Records | Recalled)]
        open_record = self.made.core(0).config.open_record
        return [open_record(e) for m in messages for e in m.envelopes]

    def _hear(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send) and effect.link == self.link:
                self.heard.append(decode_message(effect.message))


def former(made: Street, number: int = 1) -> Former:
    """Its program is replaced, and calls."""
    made.cut(0, number)
    made.edges = [pair for pair in made.edges if set(pair) != {0, number}]
    made.counter += 1
    return Former(made, made.id(number), LinkId(9_000_000 + made.counter)).call()


def test_without_an_open_loan_a_former_friend_gets_a_farewell_and_no_link() -> None:
    """Also one of whom something was borrowed once, and brought back and rated, as both know."""
    made = lines(2)
    loan = agreed(made)
    finish(made, loan)
    made.reconnect()
    end(made, 0, 1)
    assert not are_linked(made, 0, 1)
    mallory = former(made)

    assert [type(message) for message in mallory.heard] == [Revoked, Missing]
    assert mallory.say(Want((made.step(0, Kind.REQUEST).record_id,))) == []


def test_a_former_friend_is_given_nothing_but_records_of_the_loan() -> None:
    """Neither streamed, nor for the asking, nor found by comparing, nor recalled."""
    made = lines(3)
    made.lend(0, 1, made.share(0))
    made.reconnect()
    loan = agreed(made)
    end(made, 0, 1)
    mallory = former(made)
    core = made.core(0)
    everything = [stored.record for stored in core.registers.all()]
    mallory.say(Recall(), *(Want((record.record_id,)) for record in everything))
    mallory.say(Compare(bytes(16), (RangeAsked(bytes(32), b"", 0, bytes(32)),)))
    given = [record for record in mallory.was_given() if record.kind is not Kind.KEYS]
    listed = [i for m in mallory.heard if isinstance(m, Listed) for i in m.ids]

    assert given
    assert {loan_of(record) for record in given} == {oid(loan)}
    assert {loan_of(record) for record in everything} > {oid(loan), None}
    assert len(listed) == 1
    assert loan_of(core.registers.with_id(RecordId(listed[0])) or given[0]) == oid(loan)
    missing = [i for m in mallory.heard if isinstance(m, Missing) for i in m.ids]
    assert {r.record_id for r in everything if r.kind in (Kind.LISTING, Kind.HALF)} <= set(missing)
    assert not [m for m in mallory.heard if isinstance(m, Paths | Lazy)]


def test_what_is_new_is_not_given_to_a_former_friend() -> None:
    """A thing, a name, renewed certificates."""
    made = lines(3)
    agreed(made)
    end(made, 0, 1)
    mallory = former(made)
    mallory.heard.clear()
    made.share(0)
    made.run(0, SetProfile("Another name", ("en",)))
    made.pass_time(8 * DAY_MS)

    assert {type(message) for message in mallory.heard} <= {Compare}


def test_a_former_friend_is_answered_no_question() -> None:
    """Where others are, which friendships ended; and what is said of paths changes nothing."""
    made = lines(3)
    agreed(made)
    end(made, 0, 1)
    mallory = former(made)
    core = made.core(0)
    secrets = tuple(RecordId(key) for key in core.revocations)
    halves = [core.current(made.id(a), half_object(made.id(b))) for a, b in ((1, 2), (2, 1))]
    proof = [half.envelope for half in halves if half is not None]

    assert secrets
    assert mallory.say(Want(secrets)) == [Missing(secrets)]
    assert len(proof) == 2
    before = len(made.rejects)
    assert [] == mallory.say(
        encode_reaching(WhereIs(made.id(2), (proof[0], proof[1]))),
        encode_reaching(TellTime(made.now_ms)),
        Lazy((made.id(0),)),
        Paths(made.id(2), (OfferedPath((made.id(2), made.id(1)), (RecordId(bytes(32)),) * 2),)),
        Revoked(((bytes(32), 3),)),
    )
    assert [reject.code for reject in made.rejects[before:]] == ["out-of-reach"] * 4
    assert core.offers.received.get(made.id(1)) is None
    assert len(core.revocations) == len(secrets)


def test_a_former_friend_brings_nothing_but_records_of_the_loan() -> None:
    """No thing, no certificate of others, no other request, no step of another loan."""
    made = lines(3)
    made.lend(0, 1, made.share(0))
    other = made.step(0, Kind.COMMITMENT).body
    agreed(made)
    request = made.step(0, Kind.REQUEST).body
    assert isinstance(request, RequestBody)
    assert isinstance(other, CommitmentBody)
    end(made, 0, 1)
    core = made.core(0)
    mallory = former(made)
    [half] = [r for r in core.of_kind(Kind.HALF) if r.author == made.id(1)][:1]
    held = len(core.registers.all())
    listing = ListingBody("ladder", "", ThingKind.OBJECT, 1, (), ())
    new = replace(request, loan=oid("ab" * 16))
    assert isinstance(half.body, HalfBody)

    for record in (
        made.forge(1, listing),
        made.forge(1, half.body, half_object(half.body.friend)),
        made.forge(2, new),
        made.forge(1, replace(other, commitment=bytes(32))),
    ):
        assert mallory.give(record) in ("out-of-reach", "invalid-state", "replayed")
    assert len(core.registers.all()) == held


def test_what_a_former_friend_forgot_is_given_back_over_the_link() -> None:
    """A restored home recalls its own steps of loans that go on. Spec §18.5."""
    made = lines(2)
    loan = agreed(made)
    end(made, 0, 1)
    mallory = former(made)
    answer = mallory.say(Recall())

    assert [record.kind for record in mallory.was_given() if record.author == made.id(1)] == [
        Kind.REQUEST
    ]
    assert [type(message) for message in answer] == [Recalled]
    assert made.rows(0)[loan]["state"] == "agreed"


# --- nor for ever ----------------------------------------------------------------------------


def test_a_loan_that_is_never_returned_keeps_the_link_until_90_days_past_due() -> None:
    """Other dates, agreed to or not, move nothing."""
    made = lines(2)
    loan = agreed(made)
    made.run(0, HandOver(loan))
    end(made, 0, 1)
    made.run(1, MoveEnd(loan, (TODAY + 60) * DAY))
    made.run(0, AnswerLoan(loan, "yes"))
    assert {str(made.rows(n)[loan]["to_minute"]) for n in (0, 1)} == {str((TODAY + 60) * DAY)}
    due_ms = (TODAY + 3) * DAY_MS
    made.pass_time(due_ms + limits.LOAN_LINK_PAST_DUE_MAX_MS - made.now_ms - 1)
    assert are_linked(made, 0, 1)
    made.pass_time(MINUTE_MS)

    assert not are_linked(made, 0, 1)
    made.reconnect()
    assert not are_linked(made, 0, 1)
    assert made.engines[0].friends_to_dial() == []


def test_nobody_agrees_to_a_request_that_was_made_after_the_end() -> None:
    """Over the link of one loan no other one begins."""
    made = lines(2)
    agreed(made)
    other = made.share(1)
    end(made, 0, 1)
    with pytest.raises(Refused):
        made.ask(0, other)
    with pytest.raises(Refused):
        made.ask(1, str(made.core(0).mine(Kind.LISTING)[0].object.hex()))


def test_an_answer_that_never_comes_is_waited_for_as_long_as_a_farewell() -> None:
    """Who between two knows of a request alone: somebody may have agreed, far away."""
    made = lines(3)
    loan = made.ask(2, made.share(0))
    made.run(1, Recommend(loan, yes=True))
    end(made, 1, 0)
    assert made.id(1) in made.core(0).loan_links
    made.pass_time(made.core(0).charter.friendship_lease_ms + MINUTE_MS)

    assert made.core(0).loan_links == {}
    assert made.core(1).loan_links == {}


def test_a_former_friend_that_forges_is_left_alone_for_a_day() -> None:
    """A pause wins; the farewell is said all the same."""
    made = lines(2)
    loan = agreed(made)
    end(made, 0, 1)
    mallory = former(made)
    step = made.step(0, Kind.AGREEMENT)
    unsigned, *_ = split_envelope(step.envelope)
    mallory.say(Records((encode([unsigned, bytes(64), b""]),)))
    assert made.id(1) in made.core(0).paused
    made.feed(0, LinkDown(mallory.link))

    assert made.engines[0].friends_to_dial() == []
    again = former(made)
    assert [type(message) for message in again.heard] == [Revoked]
    made.feed(0, LinkDown(again.link))
    made.pass_time(limits.LINK_PAUSE_MS)
    assert len(made.engines[0].friends_to_dial()) == 1
    assert made.rows(0)[loan]["state"] == "agreed"


# --- both ends compare the same ----------------------------------------------------------------


@pytest.mark.parametrize("ends", [(), ((0, 1), (1, 2))])
def test_both_ends_agree_on_what_the_one_should_have_given_the_other(
    ends: tuple[tuple[int, int], ...],
) -> None:
    """Former friends, and friends; else every day's comparison would speak of everything."""
    made = lines(3)
    made.lend(0, 1, made.share(0))
    loan = agreed(made)
    for pair in ends:
        end(made, *pair)
    made.run(0, HandOver(loan))
    made.run(2, GiveBack(loan))
    made.run(0, Rate(loan, 0, 3, Fault.LATE))

    for asker, answerer in ((0, 1), (1, 0), (1, 2), (2, 1)):
        core, other = made.core(asker), made.core(answerer)
        given = [
            stored.record
            for stored in other.registers.all()
            if intake.may_give(other, stored.record, core.me)
        ]
        held = (
            core.registers.with_id(RecordId(i)) for i in reconcile.expected_items(core, other.me)
        )
        expected = [record for record in held if record is not None]
        assert about_loans(given)
        assert about_loans(given) == about_loans(expected)
        assert ends == () or len(given) == len(expected)


def about_loans(records: list[Record]) -> list[RecordId]:
    """The rest is paced (spec §14.3): the one may have a newer version than the other."""
    return sorted(r.record_id for r in records if loan_of(r) is not None)


def test_a_step_that_was_lost_is_found_by_comparing() -> None:
    """As between friends: the day's comparison brings what the cursor passed over."""
    made = lines(2)
    loan = agreed(made)
    end(made, 0, 1)
    made.run(0, HandOver(loan))
    lost = made.step(1, Kind.HANDOVER)
    del made.stores[1][Space.RECORD, lost.author + lost.object]
    made.restart(1)
    assert made.states(loan) == ["handed_over", "agreed"]
    made.pass_time(2 * DAY_MS)

    assert made.states(loan) == ["handed_over"] * 2


# --- in words ----------------------------------------------------------------------------------


def words(made: Street, number: int, loan: str) -> str:
    return ended_sentence(made.rows(number)[loan], lambda text: text)


def test_people_are_told_whether_the_loan_goes_on() -> None:
    """Whose friendship it was and what becomes of the loan; nothing while all of them stand."""
    made = lines(3)
    loan = agreed(made)
    assert words(made, 0, loan) == ""
    end(made, 0, 1)
    assert words(made, 0, loan).startswith("Your friendship with Member 1 has ended. The loan of")
    assert words(made, 1, loan).startswith("Your friendship with Member 0 has ended. The loan of")
    assert words(made, 2, loan).startswith("The friendship between Member 1 and Member 0 has ended")
    made.run(2, HandOver(loan))
    made.pass_time(3 * DAY_MS + limits.LOAN_LINK_PAST_DUE_MAX_MS)

    assert "gets through no more" in words(made, 0, loan)
    made = lines(3)
    waits = made.ask(2, made.share(0))
    end(made, 0, 1)
    assert "nobody has agreed yet" in words(made, 1, waits)
    assert "an answer may not come" in words(made, 2, waits)
