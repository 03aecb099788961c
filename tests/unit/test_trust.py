"""Confiance, Respect, circles and sharing: pure functions over evidence (spec §12)."""

from __future__ import annotations

import json
import math
import runpy
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.trust.capacity import capacity_of, is_engaged
from node.trust.circles import circles_open, missing_for, missing_for_next
from node.trust.confiance import WHOLE, capital_of, thousandths
from node.trust.evidence import Evidence, Rating, counts, gather
from node.trust.judgement import Judgement, judge
from node.trust.ledger import account_of, gather_ledgers, why_no_entry
from node.trust.radius import OpenLoan, first_loans_missing, has_room
from node.trust.reliability import Place, Word, credibility, reliability
from node.trust.respect import Respect, respect_of
from node.trust.sharing import (
    circles_by_sharing,
    is_open_listing,
    is_sharing,
    shared_until_ms,
)
from node.trust.standing import is_reliable
from node.trust.viewpoint import Viewpoint
from protocol.bodies import (
    EntryBody,
    ListingBody,
    RatingBody,
    SeatBody,
    Terms,
    ThingKind,
    seat_object,
)
from protocol.charter import Charter
from protocol.exchange import LoanState, State
from protocol.keys import HouseId, MemberId, ObjectId, verify
from protocol.records import Record, open_record, sign_record
from simulations.signing import ModelKeys

KEYS = ModelKeys(b"trust")
SIGNERS = [KEYS.signer(bytes([n]) * 32) for n in range(6)]
MEMBERS = [MemberId(signer.public) for signer in SIGNERS]
ALICE, BOB, CAROL, DAVE = MEMBERS[:4]
HOUSE = HouseId(b"H" * 32)
A_LOAN = LoanState(
    loan=ObjectId(b"L" * 16),
    path=(ALICE, CAROL, BOB),
    state=State.ASKED,
    terms=Terms(HOUSE, ObjectId(b"L" * 16), ObjectId(bytes(16)), BOB, ALICE, 0, 1, 2),
    dates=(1, 2),
    contracts=(),
    round=0,
    proposal=None,
    borrower_link_key=bytes(32),
    asked_ms=0,
    ends_ms=2**50,
    answer_by_ms=2**50,
    passed=((CAROL, True),),
    over_ms=None,
    damaged_by=(),
    commitments=(),
    ended_by=None,
    ignored=(),
)
DAY = 24 * 60
DAY_MS = DAY * 60 * 1000
NOW_MS = 1000 * DAY_MS
# Whose friends all members are, on the day on which the loans begin to end.
AMONG_FRIENDS = Viewpoint(ALICE, 100 * DAY_MS, lambda _: 1, lambda member: (member,))


def rating(
    rater: MemberId, confiance: int, respect: int = 8, *, day: int = 0, subject: MemberId = ALICE
) -> Rating:
    """What ``rater`` said of a loan that ended on that day; the rater lent."""
    loan = ObjectId(rater[:8] + day.to_bytes(8, "big"))
    minute = (100 + day) * DAY
    return Rating(minute, minute - DAY, loan, rater, subject, rater, confiance, respect)


def record(
    author: int, holder: int, borrower: int, *, loan: int = 0, confiance: int = 1, sequence: int = 0
) -> Record:
    """A signed rating on a contract of two members."""
    terms = Terms(
        HOUSE,
        ObjectId(loan.to_bytes(16, "big")),
        ObjectId(bytes(16)),
        MEMBERS[holder],
        MEMBERS[borrower],
        0,
        100,
        200 + loan,
    )
    body = RatingBody(
        terms,
        SIGNERS[borrower].sign(terms.digest()),
        SIGNERS[holder].sign(terms.digest()),
        confiance,
        8,
        bytes(16),
    )
    return signed(author, body, sequence)


def signed(author: int, body: RatingBody | SeatBody, sequence: int = 0) -> Record:
    return sign_record(
        SIGNERS[author],
        body,
        house=HOUSE,
        object_id=seat_object(ALICE),
        sequence=sequence,
        created_ms=1,
        not_after_ms=2,
    )


ratings = st.builds(
    rating,
    st.sampled_from(MEMBERS[1:]),
    st.integers(0, 1),
    st.integers(0, 10),
    day=st.integers(0, 5),
    subject=st.sampled_from(MEMBERS),
)


# --- evidence --------------------------------------------------------------------------


@given(st.lists(ratings), st.data())
def test_the_order_of_ratings_changes_no_judgement(
    given_: list[Rating], data: st.DataObject
) -> None:
    """I8: the same evidence gives the same judgement on every node."""
    shuffled = data.draw(st.permutations(given_))

    for member in MEMBERS:
        one = judge(Evidence(given_), member, Charter(), AMONG_FRIENDS, is_member=True)
        assert one == judge(Evidence(shuffled), member, Charter(), AMONG_FRIENDS, is_member=True)


def test_ratings_count_once_for_each_loan_and_rater() -> None:
    first = record(1, 1, 0, loan=7)
    newer = record(1, 1, 0, loan=7, confiance=0, sequence=1)

    for order in ([first, newer], [newer, first], [newer, first, newer]):
        about = gather(order, KEYS.verify).about(ALICE)
        assert [found.confiance for found in about] == [0]


def test_both_parties_rate_each_other_on_one_contract() -> None:
    evidence = gather([record(0, 1, 0), record(1, 1, 0)], KEYS.verify)

    assert [found.rater for found in evidence.about(ALICE)] == [BOB]
    assert [found.rater for found in evidence.about(BOB)] == [ALICE]


def test_ratings_without_a_contract_of_both_do_not_count() -> None:
    good = record(1, 1, 0)
    body = good.body
    assert isinstance(body, RatingBody)
    by_stranger = record(2, 1, 0)
    unsigned = signed(1, replace(body, holder_signature=body.borrower_signature))
    other_house = signed(1, replace(body, terms=replace(body.terms, house=HouseId(bytes(32)))))

    assert counts(good, body, KEYS.verify)
    records = [by_stranger, unsigned, other_house, signed(1, SeatBody(ALICE))]
    assert gather(records, KEYS.verify).about(ALICE) == ()


def test_evidence_knows_until_when_somebody_lent() -> None:
    evidence = Evidence([rating(BOB, 1, day=3), rating(BOB, 1, day=1)])

    assert evidence.lent_until_minute(BOB) == 103 * DAY
    assert evidence.lent_until_minute(ALICE) is None


# --- Confiance -------------------------------------------------------------------------


def confiance_of(evidence: Evidence, member: MemberId, charter: Charter) -> int:
    return capital_of(evidence, member, charter, AMONG_FRIENDS).confiance


@pytest.mark.parametrize(
    ("given_", "confiance"),
    [
        ([], 0),
        ([rating(BOB, 1)], 1),
        ([rating(BOB, 1), rating(CAROL, 1)], 2),
        ([rating(BOB, 1, day=day) for day in range(100)], 1),
        ([rating(BOB, 1), rating(CAROL, 0)], 0),
        ([rating(BOB, 0)], 0),
        ([rating(BOB, 1, day=1), rating(BOB, 0, day=2)], 0),
        ([rating(BOB, 0, day=1), rating(BOB, 1, day=2)], 1),
        ([rating(BOB, 1), rating(CAROL, 1), rating(DAVE, 0)], 1),
        ([rating(BOB, 1, subject=CAROL)], 0),
    ],
)
def test_confiance_counts_good_counterparties_less_disappointed_ones(
    given_: list[Rating], confiance: int
) -> None:
    assert confiance == confiance_of(Evidence(given_), ALICE, Charter())


def test_the_charter_says_what_a_failed_exchange_costs() -> None:
    evidence = Evidence([rating(BOB, 1), rating(CAROL, 1), rating(DAVE, 0)])

    assert confiance_of(evidence, ALICE, Charter(failed_exchange_cost=0)) == 2
    assert confiance_of(evidence, ALICE, Charter(failed_exchange_cost=2)) == 0


@given(st.lists(ratings), ratings)
def test_one_more_counterparty_moves_confiance_by_one_at_most(
    given_: list[Rating], more: Rating
) -> None:
    """One bad experience does not sour the whole (R15)."""
    others = [one for one in given_ if one.rater != more.rater or one.subject != more.subject]
    before = confiance_of(Evidence(others), more.subject, Charter())
    after = confiance_of(Evidence([*others, more]), more.subject, Charter())

    assert abs(after - before) <= 1
    assert more.confiance == 0 or after >= before


sides_of = st.dictionaries(
    st.sampled_from(MEMBERS), st.lists(st.sampled_from(MEMBERS), unique=True), max_size=6
)


@given(st.lists(ratings), sides_of)
def test_whatever_far_people_say_they_count_one_in_all(
    given_: list[Rating], sides: dict[MemberId, list[MemberId]]
) -> None:
    """Invented people are far: they open nothing that one exchange would not."""
    place = replace(AMONG_FRIENDS, sides_of=lambda rater: sides.get(rater, []))
    for member in MEMBERS:
        near = [one for one in given_ if sides.get(one.rater)]
        all_said = capital_of(Evidence(given_), member, Charter(), place)
        by_near = capital_of(Evidence(near), member, Charter(), place)
        assert all_said.confiance <= by_near.confiance + 1
        assert all_said.sides == by_near.sides
        assert member not in all_said.sides


@given(st.integers(-9, 10**7), st.integers(0, 10**6), st.integers(1, 3650))
def test_what_was_said_only_ever_weighs_less(age: int, more: int, days: int) -> None:
    life_ms = days * DAY_MS

    assert 0 <= thousandths(age + more, life_ms) <= thousandths(age, life_ms) <= WHOLE
    assert thousandths(days * DAY, life_ms) == WHOLE // 2


# --- Respect ---------------------------------------------------------------------------


def respect(given_: list[Rating], charter: Charter = Charter()) -> Respect | None:  # noqa: B008
    return respect_of(Evidence(given_), ALICE, charter, AMONG_FRIENDS)


@given(st.lists(ratings), st.lists(ratings, max_size=2))
def test_two_people_more_never_move_respect(given_: list[Rating], more: list[Rating]) -> None:
    """Nobody can tell what one of them gave: it moves when a whole batch has spoken."""
    new = [MemberId(bytes([n]) * 32) for n in (200, 201)]
    later = [replace(one, rater=r, to_minute=10**9) for one, r in zip(more, new, strict=False)]
    raters = {one.rater: None for one in given_ if one.subject == ALICE}
    if len(raters) % 3 + len(later) < 3:
        assert respect(given_) == respect([*given_, *later])


@given(st.lists(ratings))
def test_respect_has_whole_batches_of_raters_and_is_a_half_from_0_to_10(
    given_: list[Rating],
) -> None:
    found = respect(given_)
    raters = {one.rater: None for one in given_ if one.subject == ALICE}
    if found is None:
        assert len(raters) < 3
        return
    assert found.raters == len(raters) // 3 * 3
    assert 0 <= found.value <= 10
    assert found.value * 2 == int(found.value * 2)


@given(st.lists(st.integers(0, 10), min_size=3, max_size=3), st.integers(0, 2))
def test_a_better_mark_never_lowers_respect(given_: list[int], place: int) -> None:
    raters = MEMBERS[1:4]
    said = [rating(who, 1, mark) for who, mark in zip(raters, given_, strict=True)]
    better = [replace(one, respect=10) if n == place else one for n, one in enumerate(said)]
    before, after = respect(said), respect(better)

    assert before is not None
    assert after is not None
    assert after.value >= before.value


# --- circles ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("confiance", "is_member", "circles", "missing"),
    [
        (0, False, 0, None),
        (9, False, 0, None),
        (0, True, 1, 2),
        (1, True, 1, 1),
        (2, True, 2, 3),
        (4, True, 2, 1),
        (5, True, 3, 0),
        (99, True, 3, 0),
    ],
)
def test_circles_open_by_the_default_thresholds(
    confiance: int, is_member: bool, circles: int, missing: int | None
) -> None:
    """Rule R8."""
    charter = Charter()

    assert circles == circles_open(charter, confiance, confiance, is_member=is_member)
    assert missing == missing_for_next(charter, confiance, confiance, is_member=is_member)


def test_one_friend_s_side_alone_opens_no_third_circle() -> None:
    charter = Charter()

    assert [circles_open(charter, 99, sides, is_member=True) for sides in (0, 1, 2)] == [2, 2, 3]
    assert [missing_for(charter, 4, sides, 3) for sides in (0, 1, 2)] == [2, 1, 1]
    assert circles_open(Charter(circle_3_sides=4), 99, 3, is_member=True) == 2


def test_a_circle_that_never_opens_keeps_those_behind_it_shut() -> None:
    charter = Charter(circle_2_exchanges=0)

    assert circles_open(charter, 99, 99, is_member=True) == 1
    assert missing_for_next(charter, 99, 99, is_member=True) is None
    assert missing_for(charter, 99, 99, 3) is None


def test_circles_open_in_order_even_when_a_later_threshold_is_lower() -> None:
    charter = Charter(circle_2_exchanges=5, circle_3_exchanges=2)

    assert [circles_open(charter, n, n, is_member=True) for n in (2, 4, 5)] == [1, 1, 3]
    assert missing_for(charter, 2, 2, 3) == 3


def test_no_circle_opens_beyond_the_charters_last() -> None:
    charter = Charter(max_circles=2)

    assert circles_open(charter, 99, 99, is_member=True) == 2
    assert missing_for(charter, 99, 99, 3) is None
    assert missing_for(charter, 0, 0, 1) == 0
    four = Charter(max_circles=4, circle_4_exchanges=9)
    assert [circles_open(four, n, n, is_member=True) for n in (8, 9)] == [3, 4]


@given(st.integers(0, 50), st.integers(0, 5), st.integers(1, 4))
def test_what_is_missing_opens_the_circle(confiance: int, sides: int, circle: int) -> None:
    charter = Charter(max_circles=4, circle_4_exchanges=9)
    missing = missing_for(charter, confiance, sides, circle)

    def opened(more: int) -> int:
        return circles_open(charter, confiance + more, sides + more, is_member=True)

    assert missing is not None
    assert opened(missing) >= circle
    assert missing == 0 or opened(missing - 1) < circle


# --- sharing ---------------------------------------------------------------------------


@given(st.integers(0, 10**4), st.integers(0, 10**4), st.integers(1, 4))
def test_circles_close_one_a_quarter_never_circle_1_and_one_share_opens_all(
    days: int, later: int, farthest: int
) -> None:
    """Rule R5; never a ratio or a balance."""
    charter = Charter(max_circles=farthest)

    def circles(day: int, *, shares: bool = False) -> int:
        now_ms = NOW_MS + day * DAY_MS
        return circles_by_sharing(charter, shares=shares, until_ms=NOW_MS, now_ms=now_ms)

    assert max(1, farthest - 1) >= circles(days) >= circles(days + later) >= 1
    assert circles(days + 91) >= circles(days) - 1
    assert circles(days, shares=True) == farthest


def test_a_thing_shown_to_nobody_is_not_shared() -> None:
    shown = ListingBody("guitare", "", ThingKind.OBJECT, 1, (), ())

    assert is_open_listing(shown)
    assert not is_open_listing(replace(shown, circles=0))


# --- judgement -------------------------------------------------------------------------


def test_a_judgement_says_all_at_once() -> None:
    evidence = Evidence([rating(BOB, 1, 8), rating(BOB, 1, 9, day=1), rating(CAROL, 1, 9)])

    found = judge(evidence, ALICE, Charter(), AMONG_FRIENDS, is_member=True)

    assert found == Judgement(
        confiance=2, sides=2, respect=None, respect_raters=0, circles_open=2, exchanges=3,
        missing=3,
        because=(rating(CAROL, 1, 9), rating(BOB, 1, 9, day=1)),
    )  # fmt: skip
    nobody = judge(Evidence(), ALICE, Charter(), AMONG_FRIENDS, is_member=False)
    assert nobody == Judgement(0, 0, None, 0, 0, 0, None)


# --- vectors ---------------------------------------------------------------------------

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "protocol" / "vectors" / "trust.json"
VECTORS = json.loads(FILE.read_text("utf-8"))


def cases(kind: str) -> list[dict[str, Any]]:
    return [case for case in VECTORS["cases"] if case["id"].startswith(f"{kind}-")]


def test_the_vectors_are_what_their_generator_makes() -> None:
    """A vector never changes silently."""
    build = runpy.run_path(str(ROOT / "tests" / "vectors" / "make_trust.py"))["build"]

    assert build() == FILE.read_text("utf-8")


def test_at_least_as_many_vectors_are_invalid_as_valid() -> None:
    results = [case["result"] for case in VECTORS["cases"]]

    assert results.count("invalid") >= results.count("valid") > 0
    assert len(results) == sum(
        len(cases(kind))
        for kind in (
            "judge",
            "open",
            "respect",
            "ask",
            "share",
            "rely",
            "first",
            "room",
            "account",
            "unit",
            "loan",
        )
    )


@pytest.mark.parametrize("case", cases("judge"), ids=lambda case: case["id"])
def test_judgements_agree_with_the_vectors(case: dict[str, Any]) -> None:
    records = [open_record(bytes.fromhex(envelope), verify) for envelope in case["input"]]
    in_house = [one for one in records if one.house.hex() == VECTORS["house"]]
    subject = MemberId(bytes.fromhex(VECTORS["subject"]))
    evidence = gather(in_house, verify)

    place = replace(AMONG_FRIENDS, now_ms=VECTORS["now_ms"])
    found = judge(evidence, subject, Charter(), place, is_member=True)
    decoded = asdict(found)
    del decoded["account"], decoded["because"]
    assert case["decoded"] == decoded
    if case["ignored"] is not None:
        others = [one for n, one in enumerate(in_house) if n != case["ignored"]]
        assert found == judge(gather(others, verify), subject, Charter(), place, is_member=True)


@pytest.mark.parametrize("case", cases("open"), ids=lambda case: case["id"])
def test_confiance_agrees_with_the_vectors(case: dict[str, Any]) -> None:
    charter = Charter(**case["input"]["charter"])
    said, places = [], {}
    subject = MemberId(b"x".ljust(32))
    for name, good, sides, days, is_repaired in case["input"]["words"]:
        rater = MemberId(name.encode().ljust(32))
        places[rater] = [MemberId(side.encode().ljust(32)) for side in sides]
        one = rating(rater, int(good), day=8000 - days, subject=subject)
        said.append(replace(one, is_repaired=is_repaired))
    place = Viewpoint(BOB, 8100 * DAY_MS, lambda _: None, lambda who: places[who])

    found = capital_of(Evidence(said), subject, charter, place)

    circle, sides_known = case["input"]["circle"], len(found.sides)
    missing = missing_for(charter, found.confiance, sides_known, circle)
    decoded = {"confiance": found.confiance, "sides": sides_known, "missing": missing}
    assert case["decoded"] == decoded
    assert (case["error"] is None) == (
        circles_open(charter, found.confiance, sides_known, is_member=True) >= circle
    )


@pytest.mark.parametrize("case", cases("respect"), ids=lambda case: case["id"])
def test_respect_agrees_with_the_vectors(case: dict[str, Any]) -> None:
    def named(name: str) -> MemberId:
        return MemberId(name.encode().ljust(32))

    hops = {"circle 2": 2, "beyond": None}
    places = {named(who): hops[place] for who, place in case["input"]["places"].items()}
    given_ = [
        rating(named(rater), 1, mark, day=day, subject=named(subject))
        for rater, subject, mark, day in case["input"]["marks"]
    ]
    place = replace(AMONG_FRIENDS, hops_to=lambda member: places.get(member, 1))

    found = respect_of(Evidence(given_), named("x"), Charter(**case["input"]["charter"]), place)

    shown = (None, 0) if found is None else (found.value, found.raters)
    assert (case["decoded"]["respect"], case["decoded"]["raters"]) == shown
    assert (case["error"] is None) == (found is not None)


@pytest.mark.parametrize("case", cases("ask"), ids=lambda case: case["id"])
def test_open_circles_agree_with_the_vectors(case: dict[str, Any]) -> None:
    given = case["input"]
    charter = Charter(**given["charter"])
    is_member: bool = given["is_member"]
    known = (charter, given["confiance"], given["sides"])
    circles = circles_open(*known, is_member=is_member)
    missing = missing_for_next(*known, is_member=is_member)
    assert case["decoded"] == {"circles_open": circles, "missing": missing}

    error = None
    if circles < given["distance"]:
        for_this = missing_for(*known, given["distance"])
        error = "circle-shut" if for_this is None else "circle-closed"
        error = error if is_member else "second-seat-missing"
    assert case["error"] == error


PLACES = {"friend": Place.FRIEND, "circle 2": Place.CIRCLE_2, "beyond": Place.BEYOND}


@pytest.mark.parametrize("case", cases("rely"), ids=lambda case: case["id"])
def test_reliabilities_agree_with_the_vectors(case: dict[str, Any]) -> None:
    found = reliability(
        [
            Word(rater, good, PLACES[place], days, credibility(well, ill), is_repaired=made_good)
            for rater, good, place, days, well, ill, made_good in case["input"]
        ]
    )

    above, below = case["decoded"]
    assert math.isclose(found, above / below, abs_tol=1e-9)
    assert is_reliable(Charter(), found) == (case["error"] is None)


@pytest.mark.parametrize("case", cases("account"), ids=lambda case: case["id"])
def test_accounts_agree_with_the_vectors(case: dict[str, Any]) -> None:
    records = [open_record(bytes.fromhex(envelope), verify) for envelope in case["input"]]
    subject = MemberId(bytes.fromhex(VECTORS["subject"]))
    reasons = [
        why_no_entry(one, one.body, verify) for one in records if isinstance(one.body, EntryBody)
    ]

    found = account_of(
        gather_ledgers(records, verify), gather(records, verify), subject, Charter(), case["now_ms"]
    )

    assert case["decoded"] == asdict(found)
    assert [reason.code for reason in reasons if reason] == (
        [] if case["error"] is None else [case["error"]]
    )


@pytest.mark.parametrize("case", cases("first"), ids=lambda case: case["id"])
def test_first_loans_agree_with_the_vectors(case: dict[str, Any]) -> None:
    given = case["input"]
    days = given["days"]
    missing = first_loans_missing(
        Charter(**given["charter"]),
        went_well=given["went_well"],
        joined_ms=None if days is None else NOW_MS - days * DAY_MS,
        members=given["members"],
        now_ms=NOW_MS,
    )

    assert case["decoded"] == missing
    assert (case["error"] is None) == (missing == 0)


@pytest.mark.parametrize("case", cases("room"), ids=lambda case: case["id"])
def test_room_agrees_with_the_vectors(case: dict[str, Any]) -> None:
    given = case["input"]
    others = [OpenLoan(start * DAY, end * DAY, is_out) for start, end, is_out in given["others"]]
    dates = given["from"] * DAY, given["to"] * DAY
    found = has_room(Charter(**given["charter"]), others, *dates, given["today"] * DAY_MS)

    assert case["decoded"] == found
    assert (case["error"] is None) == found


@pytest.mark.parametrize("case", cases("unit"), ids=lambda case: case["id"])
def test_capacities_agree_with_the_vectors(case: dict[str, Any]) -> None:
    given = case["input"]
    units = capacity_of(Charter(**given["charter"]), given["good"], given["chosen"])

    assert case["decoded"] == units
    assert (case["error"] is None) == (given["engaged"] < units)


@pytest.mark.parametrize("case", cases("loan"), ids=lambda case: case["id"])
def test_loans_that_take_a_unit_agree_with_the_vectors(case: dict[str, Any]) -> None:
    given = case["input"]
    loan = replace(A_LOAN, state=State(given["state"]), over_ms=given["over_ms"])
    word = None
    if given["word"] is not None:
        confiance, is_repaired = given["word"]
        word = Rating(2, 1, A_LOAN.loan, BOB, ALICE, BOB, confiance, 5, is_repaired)

    assert case["decoded"] == is_engaged(loan, word, Charter(), given["now_ms"])


@pytest.mark.parametrize("case", cases("share"), ids=lambda case: case["id"])
def test_sharing_agrees_with_the_vectors(case: dict[str, Any]) -> None:
    given = case["input"]
    charter, now_ms = Charter(**given["charter"]), given["now_ms"]
    until_ms = shared_until_ms(
        charter,
        listed_ms=given["listed_ms"],
        lent_until_minute=given["lent_until_minute"],
        mediated_ms=given["mediated_ms"],
        joined_ms=given["joined_ms"],
        answered_for_by=given["answered_for_by"],
    )
    shares = is_sharing(
        has_open_listing=given["has_open_listing"], until_ms=until_ms, now_ms=now_ms
    )
    circles = circles_by_sharing(charter, shares=shares, until_ms=until_ms, now_ms=now_ms)

    assert case["decoded"] == circles
    assert (case["error"] is None) == shares
