"""Reliability: did it go as agreed, seen from one's place? Spec: §12.6."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from node.trust.reliability import (
    EXPECTED_MIN,
    Place,
    Word,
    credibility,
    expectation,
    halved,
    reliability,
)

FRIEND, NEAR, FAR = Place.FRIEND, Place.CIRCLE_2, Place.BEYOND

words = st.lists(
    st.builds(
        Word,
        rater=st.integers(0, 5),
        is_good=st.booleans(),
        place=st.sampled_from(Place),
        age_days=st.floats(0, 3000),
        credibility=st.floats(0, 1),
    ),
    max_size=12,
)


def good(count: int, place: Place) -> list[Word]:
    return [Word(number, True, place) for number in range(count)]


def test_somebody_unknown_is_expected_to_do_as_most_do() -> None:
    assert pytest.approx(0.9) == reliability([])


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([Word(1, True, FRIEND)], (4.5 + 2) / 7),
        ([Word(1, False, FRIEND)], 4.5 / 11),
        ([Word(1, True, NEAR), Word(2, False, FAR)], (4.5 + 1) / (5 + 1 + 1.5)),
        ([Word(1, True, FRIEND, 730)], (4.5 + 1) / 6),
        ([Word(1, False, FRIEND, 180)], 4.5 / 8),
        ([Word(1, True, FRIEND, 0, 0.5)], (4.5 + 1) / 6),
    ],
)
def test_words_are_weighted_by_place_age_and_credibility(said: list[Word], expected: float) -> None:
    assert pytest.approx(expected) == reliability(said)


def test_many_who_are_far_say_no_more_than_six_of_them() -> None:
    """Else a family of invented members could praise one of theirs."""
    assert reliability(good(6, FAR)) == reliability(good(1000, FAR)) == pytest.approx(7.5 / 8)
    assert reliability(good(1000, NEAR)) > 0.99


def test_one_friend_cannot_praise_without_end() -> None:
    often = [Word("Ana", True, FRIEND, float(day)) for day in range(50)]

    assert reliability(often) < reliability(good(2, FRIEND))


def test_one_person_s_bad_words_count_once_in_ninety_days() -> None:
    once = [Word("Ana", False, FRIEND)]
    quarrel = [Word("Ana", False, FRIEND, float(day)) for day in range(90)]
    again = [*once, Word("Ana", False, FRIEND, 90.0)]

    assert reliability(quarrel) == reliability(once)
    assert reliability(again) < reliability(once)


def test_who_was_often_disappointed_expects_less_but_not_the_worst() -> None:
    assert pytest.approx(0.9) == expectation(0, 0)
    assert expectation(9, 1) > expectation(5, 5) > EXPECTED_MIN - 1e-9
    assert EXPECTED_MIN == expectation(0, 1000)
    assert reliability([], expectation(3, 3)) < reliability([])


def test_whoever_others_complain_about_is_believed_less() -> None:
    assert credibility(100, 0) > credibility(0, 0) > credibility(5, 3)
    assert 0.0 == credibility(0, 10)
    liar, honest = (Word(1, False, FRIEND, 0, c) for c in (credibility(0, 10), credibility(9, 0)))
    assert reliability([honest]) < reliability([liar])


@pytest.mark.parametrize(("age", "share"), [(0, 1), (1, 0.75), (2, 0.5), (3, 0.375), (4, 0.25)])
def test_half_is_left_after_each_half_life(age: float, share: float) -> None:
    assert share == halved(age, 2)
    assert 0.0 == halved(1e9, 2)


@given(words)
def test_it_is_a_share_whatever_was_said(said: list[Word]) -> None:
    assert 0.0 < reliability(said) <= 1.0


@example(
    [Word(0, False, FRIEND, 0.0, 0.0), Word(0, False, FRIEND, 0.0, 1.0)], [1, 0, *range(2, 12)]
)
@example([Word(0, True, FAR), Word(0, True, FRIEND)], [1, 0, *range(2, 12)])
@given(words, st.permutations(range(12)))
def test_the_order_of_words_does_not_matter(said: list[Word], order: list[int]) -> None:
    shuffled = [said[index] for index in order if index < len(said)]

    assert reliability(said) == pytest.approx(reliability(shuffled), rel=1e-12)


@given(words, st.sampled_from(Place))
def test_a_bad_word_more_by_somebody_new_never_helps(said: list[Word], place: Place) -> None:
    assert reliability([*said, Word("new", False, place)]) < reliability(said)


@given(words, st.sampled_from(Place))
def test_a_good_word_more_by_somebody_new_never_harms(said: list[Word], place: Place) -> None:
    assert reliability([*said, Word("new", True, place)]) >= reliability(said) - 1e-12


def test_outside_evidence_alone_raises_a_newcomer_only_so_far() -> None:
    """From .900 to .9375 at most. Design 8.5."""
    for count in itertools.chain(range(20), (10_000,)):
        assert reliability(good(count, FAR)) <= 0.9375 + 1e-12
