"""The loan as a function of its set of steps (spec §11)."""

from __future__ import annotations

import json
import runpy
from dataclasses import replace
from itertools import permutations
from pathlib import Path as FilePath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.bodies import (
    LOAN_KINDS,
    AgreementBody,
    CancelBody,
    CommitmentBody,
    CounterBody,
    DeclineBody,
    Event,
    HandoverBody,
    Kind,
    LoanBody,
    PassBody,
    RatingBody,
    RepairBody,
    ReportBody,
    RequestBody,
    ReturnBody,
    SeatBody,
    Terms,
    register_object,
    step_object,
)
from protocol.exchange import (
    ROUNDS_MAX,
    TRANSITIONS,
    Ignored,
    LoanState,
    Path,
    Proposal,
    Reason,
    Role,
    State,
    contract_is_signed,
    derive,
    diagram,
    expected_object,
    may_ever,
    role_on,
    step_number,
)
from protocol.keys import HouseId, MemberId, ObjectId, Signature, verify
from protocol.records import Record, open_record, sign_record
from simulations.signing import ModelKeys

SPEC = FilePath(__file__).resolve().parents[2] / "protocol"

KEYS = ModelKeys(b"test")
SIGNERS = {n: KEYS.signer(bytes([n]) * 32) for n in range(4)}
BORROWER, BETWEEN, HOLDER, STRANGER = 0, 1, 2, 3
ROLES = {BORROWER: Role.BORROWER, BETWEEN: Role.BETWEEN, HOLDER: Role.HOLDER}
PATH: Path = tuple(MemberId(SIGNERS[n].public) for n in (BORROWER, BETWEEN, HOLDER))
LOAN = ObjectId(b"L" * 16)
THING = ObjectId(b"T" * 16)
HOUSE = HouseId(b"H" * 32)
WINDOW_MS = 1000
LINK_KEY = bytes(32)


def terms(number: int = 0, dates: tuple[int, int] = (100, 200)) -> Terms:
    return Terms(HOUSE, LOAN, THING, PATH[2], PATH[0], number, *dates)


def step(author: int, body: LoanBody, at_ms: int = 10, sequence: int = 0) -> Record:
    return sign_record(
        SIGNERS[author],
        body,
        house=HOUSE,
        object_id=step_object(body.kind, body.loan, step_number(body)),
        sequence=sequence,
        created_ms=at_ms,
        not_after_ms=10**9,
    )


def request(number: int = 0, dates: tuple[int, int] = (100, 200)) -> RequestBody:
    signature = SIGNERS[BORROWER].sign(terms(number, dates).digest())
    return RequestBody(LOAN, PATH, number, THING, *dates, signature, LINK_KEY, b"")


def agreement(number: int = 0, dates: tuple[int, int] = (100, 200)) -> AgreementBody:
    signature = SIGNERS[HOLDER].sign(terms(number, dates).digest())
    return AgreementBody(LOAN, PATH, number, signature, b"")


WHAT: tuple[Kind | Event, ...] = (*(kind for kind in LOAN_KINDS if kind is not Kind.REPORT), *Event)


def body_of(what: Kind | Event, number: int = 0) -> LoanBody:
    """A well-made step of a kind for the given round, or a report of an event."""
    if isinstance(what, Event):
        return ReportBody(LOAN, PATH, what, b"")
    match what:
        case Kind.REQUEST:
            return request(number)
        case Kind.PASS:
            return PassBody(LOAN, PATH, number, True)
        case Kind.COUNTER:
            return CounterBody(LOAN, PATH, number, 300, 400, b"")
        case Kind.AGREEMENT:
            return agreement(number)
        case Kind.DECLINE:
            return DeclineBody(LOAN, PATH, number, b"")
        case Kind.CANCEL:
            return CancelBody(LOAN, PATH, b"")
        case Kind.HANDOVER:
            return HandoverBody(LOAN, PATH)
        case Kind.RETURN:
            return ReturnBody(LOAN, PATH)
        case _:
            return CommitmentBody(LOAN, PATH, bytes(32))


def loan_of(*steps: Record) -> LoanState:
    loan = derive(LOAN, PATH, steps, KEYS.verify, request_window_ms=WINDOW_MS)
    assert loan is not None
    return loan


def reasons(loan: LoanState) -> list[Reason]:
    return [ignored.reason for ignored in loan.ignored]


ASKED = step(BORROWER, request())
COUNTERED = step(HOLDER, body_of(Kind.COUNTER))
AGREED = step(HOLDER, agreement())
DECLINED = step(HOLDER, body_of(Kind.DECLINE))
CANCELLED = step(BORROWER, body_of(Kind.CANCEL))
HANDED_OVER = step(HOLDER, body_of(Kind.HANDOVER))
RETURNED = step(BORROWER, body_of(Kind.RETURN), at_ms=50)
LOST = step(HOLDER, body_of(Event.LOST), at_ms=50)
GIVEN = step(HOLDER, body_of(Event.GIFT), at_ms=50)
RATED = (
    step(BORROWER, CommitmentBody(LOAN, PATH, b"b" * 32)),
    step(HOLDER, CommitmentBody(LOAN, PATH, b"h" * 32)),
)

HISTORIES: dict[State | None, tuple[Record, ...]] = {
    None: (),
    State.ASKED: (ASKED,),
    State.COUNTERED: (ASKED, COUNTERED),
    State.AGREED: (ASKED, AGREED),
    State.HANDED_OVER: (ASKED, AGREED, HANDED_OVER),
    State.RETURNED: (ASKED, AGREED, HANDED_OVER, RETURNED),
    State.LOST: (ASKED, AGREED, HANDED_OVER, LOST),
    State.KEPT: (ASKED, AGREED, HANDED_OVER, GIVEN),
    State.RATED: (ASKED, AGREED, HANDED_OVER, RETURNED, *RATED),
    State.DECLINED: (ASKED, DECLINED),
    State.WITHDRAWN: (ASKED, CANCELLED),
    State.CANCELLED: (ASKED, AGREED, CANCELLED),
    State.EXPIRED: (ASKED,),
}

# What comes out when a step meets one that the canonical order puts after it: they
# crossed on the way. Every other step that the table does not allow changes nothing.
CROSSINGS: dict[tuple[State, Kind | Event, int], State] = {
    # One holder who answers twice: the agreement stands, then the counter-proposal.
    (State.COUNTERED, Kind.AGREEMENT, HOLDER): State.AGREED,
    (State.DECLINED, Kind.AGREEMENT, HOLDER): State.AGREED,
    (State.DECLINED, Kind.COUNTER, HOLDER): State.COUNTERED,
    # An answer that crosses a withdrawal.
    (State.WITHDRAWN, Kind.AGREEMENT, HOLDER): State.CANCELLED,
    (State.WITHDRAWN, Kind.DECLINE, HOLDER): State.DECLINED,
    # One says that it is back, the other that it is lost: the holder has it, or has not.
    (State.RETURNED, Event.LOST, BORROWER): State.LOST,
    (State.RETURNED, Event.LOST, HOLDER): State.LOST,
    # A gift need not come back, and cannot be lost.
    (State.RETURNED, Event.GIFT, HOLDER): State.KEPT,
    (State.LOST, Event.GIFT, HOLDER): State.KEPT,
    # What is physically out is out.
    (State.CANCELLED, Kind.HANDOVER, BORROWER): State.HANDED_OVER,
    (State.CANCELLED, Kind.HANDOVER, HOLDER): State.HANDED_OVER,
}


# --- the table -------------------------------------------------------------------------


@pytest.mark.parametrize("author", [BORROWER, BETWEEN, HOLDER])
@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("before", [None, *State])
def test_every_cell_of_the_table_gives_its_state_or_nothing(
    before: State | None, what: Kind | Event, author: int
) -> None:
    """Every state, step and role: the arrow, the crossing, or no change with a reason."""
    history = HISTORIES[before]
    number = 1 if what is Kind.REQUEST and history else 0
    late_ms = 5000 if before is State.EXPIRED else 60
    new = step(author, body_of(what, number), at_ms=late_ms, sequence=1)
    loan = derive(LOAN, PATH, [*history, new], KEYS.verify, request_window_ms=WINDOW_MS)
    after = None if loan is None else loan.at(late_ms)

    expected = TRANSITIONS[before].get((what, ROLES[author]), before)
    if before is not None:
        expected = CROSSINGS.get((before, what, author), expected)
    if what is Kind.COMMITMENT and before is not None and before.is_over:
        expected = before  # it takes both
    assert after is expected
    if loan is not None and not may_ever(what, ROLES[author]):
        assert Ignored(new, Reason.NOT_THEIR_PART) in loan.ignored


def test_every_history_is_in_the_state_it_is_named_after() -> None:
    for state, history in HISTORIES.items():
        if state is not None:
            now_ms = 5000 if state is State.EXPIRED else 60
            assert state is loan_of(*history).at(now_ms)


def test_every_state_has_its_row_in_the_table() -> None:
    assert [None, *State] == list(TRANSITIONS)


def test_the_diagram_of_the_spec_is_drawn_from_the_table() -> None:
    texts = [path.read_text() for path in sorted(SPEC.glob("spec*")) if path.is_file()]

    assert any(diagram() in text for text in texts)


# --- order does not matter -------------------------------------------------------------


@st.composite
def any_steps(draw: st.DrawFn) -> list[Record]:
    """Steps of every kind by everybody, some of them nonsense."""
    made = []
    for sequence in range(draw(st.integers(0, 8))):
        body = body_of(draw(st.sampled_from(WHAT)), draw(st.integers(0, 2)))
        if draw(st.booleans()) and isinstance(body, RequestBody):
            body = request(body.round, (300, 400))
        if draw(st.integers(0, 9)) == 0:
            body = replace(body, path=PATH[::-1])
        author = draw(st.integers(0, 3))
        made.append(step(author, body, draw(st.integers(0, 1500)), sequence))
    return made


@st.composite
def sensible_steps(draw: st.DrawFn) -> list[Record]:
    """Steps of an exchange that goes far, by those whose part they are, a few missing."""
    steps = [
        ASKED,
        step(BETWEEN, PassBody(LOAN, PATH, 0, True)),
        COUNTERED,
        step(BORROWER, request(1, (300, 400))),
        step(HOLDER, agreement(1, (300, 400))),
        HANDED_OVER,
        step(BORROWER, request(2, (300, 500)), at_ms=30),
        step(BETWEEN, PassBody(LOAN, PATH, 2, True), at_ms=30),
        step(HOLDER, agreement(2, (300, 500)), at_ms=40),
        step(HOLDER, CounterBody(LOAN, PATH, 2, 300, 450, b""), at_ms=45),
        step(BORROWER, body_of(Kind.DECLINE, 2), at_ms=46),
        step(BORROWER, body_of(Kind.HANDOVER)),
        step(BORROWER, body_of(Event.DAMAGED), at_ms=49),
        LOST,
        GIVEN,
        RETURNED,
        step(HOLDER, body_of(Kind.RETURN), at_ms=70),
        *RATED,
        CANCELLED,
        step(HOLDER, body_of(Kind.CANCEL)),
        DECLINED,
    ]
    return [one for one in steps if draw(st.integers(0, 9)) > 0]


@settings(max_examples=300)
@given(st.one_of(any_steps(), sensible_steps()), st.data())
def test_any_order_and_any_repetition_of_steps_give_the_same_loan(
    steps: list[Record], data: st.DataObject
) -> None:
    expected = derive(LOAN, PATH, steps, KEYS.verify, request_window_ms=WINDOW_MS)
    repeated = steps + [one for one in steps if data.draw(st.booleans())]
    shuffled = data.draw(st.permutations(repeated))

    assert expected == derive(LOAN, PATH, shuffled, KEYS.verify, request_window_ms=WINDOW_MS)


@given(any_steps())
def test_every_step_counts_or_is_ignored_with_a_reason(steps: list[Record]) -> None:
    loan = derive(LOAN, PATH, steps, KEYS.verify, request_window_ms=WINDOW_MS)
    if loan is not None:
        ignored = [one.record for one in loan.ignored]
        assert len(ignored) < len({one.record_id for one in steps})
        assert all(one in steps for one in ignored)


@given(any_steps())
def test_a_step_by_a_stranger_never_changes_a_loan(steps: list[Record]) -> None:
    own = [one for one in steps if one.author in PATH]
    with_strangers = derive(LOAN, PATH, steps, KEYS.verify, request_window_ms=WINDOW_MS)
    without = derive(LOAN, PATH, own, KEYS.verify, request_window_ms=WINDOW_MS)

    def bare(loan: LoanState | None) -> LoanState | None:
        return None if loan is None else replace(loan, ignored=())

    assert bare(without) == bare(with_strangers)


def test_an_agreement_and_a_cancellation_that_cross_end_cancelled_in_every_order() -> None:
    for order in permutations([ASKED, AGREED, CANCELLED]):
        assert loan_of(*order).state is State.CANCELLED


# --- rounds ----------------------------------------------------------------------------


def test_an_accepted_counter_is_a_new_round_with_its_dates() -> None:
    second = step(BORROWER, request(1, (300, 400)))
    loan = loan_of(ASKED, COUNTERED, second)
    assert (loan.state, loan.terms.round, loan.dates) == (State.ASKED, 1, (300, 400))

    signed = loan_of(ASKED, COUNTERED, second, step(HOLDER, agreement(1, (300, 400))))
    assert signed.state is State.AGREED
    [contract] = signed.contracts
    assert contract.holder_signature == agreement(1, (300, 400)).holder_signature
    assert contract.terms == signed.terms


def test_a_counter_puts_its_dates_on_the_table() -> None:
    loan = loan_of(ASKED, COUNTERED)

    assert loan.dates == (300, 400)
    assert (loan.terms.from_minute, loan.terms.to_minute) == (100, 200)


def test_an_answer_to_another_round_is_ignored() -> None:
    early = step(HOLDER, agreement(1))

    assert reasons(loan_of(ASKED, early)) == [Reason.WRONG_ROUND]


def test_a_round_that_follows_no_counter_is_ignored() -> None:
    assert reasons(loan_of(ASKED, step(BORROWER, request(1)))) == [Reason.NOT_NOW]
    assert reasons(loan_of(ASKED, COUNTERED, step(BORROWER, request(2)))) == [Reason.WRONG_ROUND]
    alone = derive(
        LOAN, PATH, [step(BORROWER, request(1))], KEYS.verify, request_window_ms=WINDOW_MS
    )
    assert alone is None


# --- other dates for an agreed loan ----------------------------------------------------

LONGER = step(BORROWER, request(1, (100, 300)), at_ms=30, sequence=1)
SOONER = step(HOLDER, CounterBody(LOAN, PATH, 0, 100, 150, b""), at_ms=30, sequence=1)


def test_until_the_holder_has_signed_other_dates_the_old_ones_stand() -> None:
    asked = loan_of(*HISTORIES[State.HANDED_OVER], LONGER)
    assert (asked.state, asked.dates, asked.round) == (State.HANDED_OVER, (100, 200), 1)
    assert asked.proposal == Proposal(terms(1, (100, 300)), (100, 300), 30 + WINDOW_MS)
    assert asked.terms == terms()

    yes = loan_of(*HISTORIES[State.HANDED_OVER], LONGER, step(HOLDER, agreement(1, (100, 300))))
    assert (yes.state, yes.dates, yes.proposal) == (State.HANDED_OVER, (100, 300), None)
    assert [contract.terms.round for contract in yes.contracts] == [0, 1]

    no = loan_of(*HISTORIES[State.HANDED_OVER], LONGER, step(HOLDER, body_of(Kind.DECLINE, 1)))
    assert (no.state, no.dates, no.proposal) == (State.HANDED_OVER, (100, 200), None)
    assert no.ended_by is None


def test_the_holder_asks_for_it_back_and_the_borrower_says_yes_or_no() -> None:
    asked = loan_of(*HISTORIES[State.HANDED_OVER], SOONER)
    assert asked.proposal == Proposal(None, (100, 150), 30 + WINDOW_MS)
    assert asked.dates == (100, 200)

    accepted = step(BORROWER, request(1, (100, 150)), at_ms=40, sequence=1)
    signed = step(HOLDER, agreement(1, (100, 150)), at_ms=50, sequence=2)
    assert loan_of(*HISTORIES[State.HANDED_OVER], SOONER, accepted, signed).dates == (100, 150)

    refused = step(BORROWER, body_of(Kind.DECLINE, 0), at_ms=40)
    loan = loan_of(*HISTORIES[State.HANDED_OVER], SOONER, refused)
    assert (loan.proposal, loan.ignored) == (None, ())


def test_nobody_answers_their_own_proposal_or_one_that_is_not_there() -> None:
    handed_over = HISTORIES[State.HANDED_OVER]
    own = step(BORROWER, body_of(Kind.DECLINE, 1), at_ms=40)
    assert reasons(loan_of(*handed_over, LONGER, own)) == [Reason.NOT_NOW]
    for author in (BORROWER, HOLDER):
        nothing_asked = step(author, body_of(Kind.DECLINE), at_ms=40)
        assert reasons(loan_of(*handed_over, nothing_asked)) == [Reason.NOT_NOW]


def test_other_dates_wait_as_long_as_a_request_does() -> None:
    late = step(HOLDER, agreement(1, (100, 300)), at_ms=30 + WINDOW_MS)
    loan = loan_of(*HISTORIES[State.HANDED_OVER], LONGER, late)

    assert reasons(loan) == [Reason.TOO_LATE]
    assert loan.proposal_at(29 + WINDOW_MS) is not None
    assert loan.proposal_at(30 + WINDOW_MS) is None
    assert loan_of(ASKED).proposal_at(0) is None


def test_an_agreement_to_other_dates_that_crosses_the_return_leaves_it_returned() -> None:
    signed = step(HOLDER, agreement(1, (100, 300)), at_ms=60)
    for order in permutations([ASKED, AGREED, HANDED_OVER, RETURNED, LONGER, signed]):
        assert loan_of(*order).state is State.RETURNED


# --- what became of the thing ----------------------------------------------------------


def test_only_the_holder_says_that_what_was_lost_is_back() -> None:
    lost = HISTORIES[State.LOST]
    by_borrower = step(BORROWER, body_of(Kind.RETURN), at_ms=70)
    by_holder = step(HOLDER, body_of(Kind.RETURN), at_ms=70)

    assert reasons(loan_of(*lost, by_borrower)) == [Reason.NOT_NOW]
    found = loan_of(*lost, by_holder)
    assert (found.state, found.over_ms) == (State.RETURNED, 70)


def test_damage_is_said_of_a_loan_and_ends_nothing() -> None:
    damaged = step(BORROWER, body_of(Event.DAMAGED))
    out = loan_of(*HISTORIES[State.HANDED_OVER], damaged)
    assert (out.state, out.damaged_by, out.over_ms) == (State.HANDED_OVER, (PATH[0],), None)

    back = loan_of(*HISTORIES[State.RETURNED], damaged, step(HOLDER, body_of(Event.DAMAGED)))
    assert (back.state, back.damaged_by) == (State.RETURNED, (PATH[0], PATH[2]))


def test_what_is_lost_or_given_is_rated_like_what_is_back() -> None:
    for state in (State.LOST, State.KEPT):
        history = HISTORIES[state]
        assert loan_of(*history).over_ms == 50
        assert loan_of(*history, RATED[0]).state is state
        assert loan_of(*history, *RATED).state is State.RATED


def test_a_gift_is_the_holder_s_to_give() -> None:
    gift = step(BORROWER, body_of(Event.GIFT))

    assert reasons(loan_of(*HISTORIES[State.HANDED_OVER], gift)) == [Reason.NOT_THEIR_PART]


def test_rounds_end_at_their_limit() -> None:
    steps = []
    for number in range(ROUNDS_MAX + 1):
        steps += [step(BORROWER, request(number)), step(HOLDER, body_of(Kind.COUNTER, number))]
    loan = loan_of(*steps)

    assert loan.terms.round == ROUNDS_MAX - 1
    assert sorted(reasons(loan), key=lambda reason: reason.value) == [
        Reason.NOT_NOW,
        Reason.WRONG_ROUND,
    ]


def test_a_round_about_another_thing_is_ignored() -> None:
    other = replace(request(1), thing=ObjectId(b"X" * 16))

    assert reasons(loan_of(ASKED, COUNTERED, step(BORROWER, other))) == [Reason.OTHER_THING]


# --- signatures, paths, repetition -----------------------------------------------------


def test_terms_that_their_party_did_not_sign_do_not_count() -> None:
    forged = replace(request(), from_minute=99)
    assert derive(LOAN, PATH, [step(0, forged)], KEYS.verify, request_window_ms=1) is None

    for_other_dates = step(HOLDER, agreement(0, (100, 201)))
    assert reasons(loan_of(ASKED, for_other_dates)) == [Reason.BAD_SIGNATURE]


def test_steps_of_another_loan_path_or_kind_do_not_count() -> None:
    other_loan = step(HOLDER, replace(agreement(), loan=ObjectId(b"M" * 16)))
    other_path = step(HOLDER, replace(agreement(), path=(PATH[0], PATH[2])))
    seat = sign_record(
        SIGNERS[HOLDER],
        SeatBody(PATH[0]),
        house=HOUSE,
        object_id=LOAN,
        sequence=0,
        created_ms=1,
        not_after_ms=2,
    )

    assert reasons(loan_of(ASKED, other_loan, other_path, seat)) == [Reason.OTHER_LOAN] * 3


def test_a_second_version_of_a_step_does_not_count() -> None:
    again = step(BORROWER, request(0, (100, 300)), sequence=1)
    loan = loan_of(again, ASKED)

    assert loan.dates == (100, 200)
    assert reasons(loan) == [Reason.SAID_BEFORE]


# --- go-betweens, time, ratings --------------------------------------------------------


def test_who_passed_the_request_on_is_told_with_the_recommendation() -> None:
    assert loan_of(ASKED).passed == ()
    passed = step(BETWEEN, PassBody(LOAN, PATH, 0, False))
    assert loan_of(ASKED, passed).passed == ((PATH[1], False),)


def test_a_question_expires_and_a_later_answer_does_not_count() -> None:
    loan = loan_of(ASKED)
    assert loan.answer_by_ms == 10 + WINDOW_MS
    assert loan.at(1009) is State.ASKED
    assert loan.at(1010) is State.EXPIRED
    assert loan_of(ASKED, COUNTERED).at(1010) is State.EXPIRED
    assert loan_of(ASKED, AGREED).at(10**9) is State.AGREED

    for author, kind in ((HOLDER, Kind.AGREEMENT), (BORROWER, Kind.CANCEL)):
        late = step(author, body_of(kind), at_ms=1010)
        assert reasons(loan_of(ASKED, late)) == [Reason.TOO_LATE]


def test_a_step_that_ends_before_the_request_does_not_count() -> None:
    """A borrower cannot have its hand-over forgotten, and then cancel."""
    fleeting = replace(HANDED_OVER, not_after_ms=10**9 - 1)

    assert reasons(loan_of(ASKED, AGREED, fleeting)) == [Reason.ENDS_EARLY]
    assert loan_of(ASKED).ends_ms == 10**9


def test_the_rating_window_runs_from_the_later_word_about_the_return() -> None:
    early, late = RETURNED, step(HOLDER, body_of(Kind.RETURN), at_ms=500)

    assert loan_of(*HISTORIES[State.RETURNED]).over_ms == 50
    assert loan_of(ASKED, AGREED, HANDED_OVER, early, late).over_ms == 500
    assert loan_of(ASKED, AGREED, HANDED_OVER, late, early).over_ms == 500


def test_both_have_to_commit_before_a_loan_is_rated() -> None:
    returned = HISTORIES[State.RETURNED]
    one = loan_of(*returned, RATED[1])
    assert (one.state, one.commitment_of(PATH[2])) == (State.RETURNED, b"h" * 32)
    assert one.commitment_of(PATH[0]) is None

    both = loan_of(*returned, *RATED)
    assert both.state is State.RATED
    assert both.commitments == ((PATH[0], b"b" * 32), (PATH[2], b"h" * 32))


def test_who_ended_it_is_told() -> None:
    assert loan_of(ASKED).ended_by is None
    assert loan_of(ASKED, DECLINED).ended_by == PATH[2]
    assert loan_of(ASKED, CANCELLED).ended_by == PATH[0]
    assert (loan_of(ASKED).borrower, loan_of(ASKED).holder) == (PATH[0], PATH[2])


def test_a_contract_needs_two_parties_and_both_signatures() -> None:
    by_borrower = SIGNERS[BORROWER].sign(terms().digest())
    by_holder = SIGNERS[HOLDER].sign(terms().digest())
    good = RatingBody(terms(), by_borrower, by_holder, 1, 8, bytes(16))
    alone = replace(terms(), holder=PATH[0])
    own = Signature(SIGNERS[BORROWER].sign(alone.digest()))

    assert contract_is_signed(good, HOUSE, KEYS.verify)
    assert not contract_is_signed(replace(good, holder_signature=by_borrower), HOUSE, KEYS.verify)
    assert not contract_is_signed(replace(good, borrower_signature=by_holder), HOUSE, KEYS.verify)
    assert not contract_is_signed(
        RatingBody(alone, own, own, 1, 8, bytes(16)), HOUSE, KEYS.verify
    ), "nobody lends to themselves"


def test_roles_follow_from_the_place_on_the_path() -> None:
    stranger = MemberId(SIGNERS[STRANGER].public)

    assert [role_on(PATH, member) for member in (*PATH, stranger)] == [
        Role.BORROWER,
        Role.BETWEEN,
        Role.HOLDER,
        None,
    ]


def test_each_step_and_rating_has_its_one_register() -> None:
    rating = RatingBody(terms(), Signature(b""), Signature(b""), 1, 8, bytes(16))

    assert expected_object(request(3)) == step_object(Kind.REQUEST, LOAN, 3)
    assert expected_object(body_of(Kind.HANDOVER)) == step_object(Kind.HANDOVER, LOAN, 0)
    assert expected_object(rating) == register_object(Kind.RATING, LOAN)
    repair = RepairBody(terms(), Signature(b""), Signature(b""))
    assert expected_object(repair) == register_object(Kind.REPAIR, LOAN)
    damaged = step_object(Kind.REPORT, LOAN, Event.DAMAGED.value)
    assert expected_object(body_of(Event.DAMAGED)) == damaged
    assert expected_object(SeatBody(PATH[0])) is None


# --- vectors ---------------------------------------------------------------------------

ROOT = SPEC.parent
VECTORS = json.loads((SPEC / "vectors" / "exchange.json").read_text("utf-8"))


def test_the_vectors_are_what_their_generator_makes() -> None:
    """A vector never changes silently."""
    build = runpy.run_path(str(ROOT / "tests" / "vectors" / "make_exchange.py"))["build"]

    assert build() == (SPEC / "vectors" / "exchange.json").read_text("utf-8")


def test_at_least_as_many_vectors_are_invalid_as_valid() -> None:
    results = [case["result"] for case in VECTORS["cases"]]

    assert results.count("invalid") >= results.count("valid") > 0


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["id"])
def test_the_table_agrees_with_the_vectors(case: dict[str, Any]) -> None:
    keys = {name: MemberId(bytes.fromhex(key)) for name, key in VECTORS["members"].items()}
    names = {key: name for name, key in keys.items()}
    steps = [open_record(bytes.fromhex(envelope), verify) for envelope in case["input"]]
    path = tuple(keys[name] for name in VECTORS["path"])
    loan_id = ObjectId(bytes.fromhex(VECTORS["loan"]))
    loan = derive(loan_id, path, steps, verify, request_window_ms=VECTORS["window_ms"])

    assert case["decoded"] == said_by(loan, case["now_ms"], names)
    assert all(one.object == expected_object(one.body) for one in steps)
    if loan is not None:
        expected = []
        if case["result"] == "invalid":
            expected = [Ignored(steps[case["ignored"]], Reason(case["error"]))]
        assert expected == list(loan.ignored)


def _proposal_as_written(proposal: Proposal | None) -> dict[str, object] | None:
    if proposal is None:
        return None
    return {
        "by": "holder" if proposal.terms is None else "borrower",
        "dates": list(proposal.dates),
        "answer_by_ms": proposal.answer_by_ms,
    }


def said_by(
    loan: LoanState | None, now_ms: int, names: dict[MemberId, str]
) -> dict[str, object] | None:
    """A loan as the vectors write it."""
    if loan is None:
        return None
    return {
        "state": loan.at(now_ms).value,
        "round": loan.round,
        "agreed_rounds": [contract.terms.round for contract in loan.contracts],
        "dates": list(loan.dates),
        "answer_by_ms": loan.answer_by_ms,
        "passed": [[names[member], recommends] for member, recommends in loan.passed],
        "proposal": _proposal_as_written(loan.proposal_at(now_ms)),
        "damaged_by": [names[member] for member in loan.damaged_by],
        "over_ms": loan.over_ms,
        "commitments": [[names[member], value.hex()] for member, value in loan.commitments],
        "ended_by": None if loan.ended_by is None else names[loan.ended_by],
    }
