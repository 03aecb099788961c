"""A friend's word opens a circle: for one loan, or until it is taken back.

Spec: §5.6, §11.3, rule R9.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from node.engine import validations
from node.engine.commands import (
    AnswerLoan,
    Ask,
    EndFriendship,
    Recommend,
    ShowFriendship,
    Validate,
)
from node.engine.views.exchanges import trust
from node.engine.views.house import friends
from node.engine.views.things import thing as look_at
from protocol.bodies import PassBody, RequestBody, step_object, validation_object
from protocol.errors import Refused
from protocol.exchange import terms_of
from protocol.keys import Signature
from simulations.street import DAY, DAY_MS, TODAY, Street, oid, street

SPAN = ((TODAY + 1) * DAY, (TODAY + 3) * DAY)


def say(refusal: Refused) -> str:
    return refusal.code


def ask(town: Street, who: int, thing: str, *, on_word: bool = True, via: str | None = None) -> str:
    row = town.run(who, Ask(thing, *SPAN, on_word=on_word, via=via))
    return str(row["loan"])


def refused(town: Street, who: int, thing: str, **how: object) -> str:
    with pytest.raises(Refused) as refusal:
        ask(town, who, thing, **how)  # type: ignore[arg-type]
    return refusal.value.code


def seen(town: Street, who: int, thing: str) -> dict[str, object]:
    return cast(dict[str, object], look_at(town.core(who), thing, say))


@pytest.fixture
def three() -> Street:
    """0 holds a guitar that 2 may see through 1; nobody has exchanged anything yet."""
    town = street(3)
    for number in (1, 2):
        town.share(number)
    return town


class TestOneLoan:
    def test_a_shut_circle_is_asked_into_on_word_only(self, three: Street) -> None:
        thing = three.share(0)

        assert "circle-closed" == refused(three, 2, thing, on_word=False)
        row = seen(three, 2, thing)
        assert (row["can_ask"], row["can_ask_on_word"]) == (False, True)
        assert [three.name(1)] == [way["name"] for way in cast(list[dict[str, str]], row["ways"])]

    def test_the_common_friend_s_word_opens_it_for_this_loan(self, three: Street) -> None:
        thing = three.share(0)
        loan = ask(three, 2, thing)
        assert three.states(loan) == [None, "asked", "asked"]
        assert three.rows(1)[loan]["needs_word"] is True

        three.run(1, Recommend(loan, True))
        assert [three.name(1)] == three.rows(0)[loan]["recommended_by_names"]
        three.run(0, AnswerLoan(loan, "yes"))

        assert three.states(loan) == ["agreed"] * 3
        assert "circle-closed" == refused(three, 2, three.share(0), on_word=False)

    def test_silence_leaves_it_where_it_is(self, three: Street) -> None:
        loan = ask(three, 2, three.share(0))
        three.run(1, Recommend(loan, False))

        assert three.states(loan) == [None, "asked", "asked"]

    def test_a_pass_without_a_recommendation_opens_nothing(self, three: Street) -> None:
        """The program of the go-between does not follow the rules; the holder's does."""
        thing = three.share(0)
        loan = ask(three, 2, thing)
        body = PassBody(oid(loan), tuple(three.id(n) for n in (2, 1, 0)), 0, False)
        step = three.forge(1, body, step_object(body.kind, oid(loan), 0))
        core = three.core(1)
        core.begin(three.now_ms)
        core.keep(step, None)
        three.reconnect()

        assert three.rows(0)[loan]["state"] == "asked"
        with pytest.raises(Refused) as refusal:
            three.run(0, AnswerLoan(loan, "yes"))
        assert "borrower-circle-closed" == refusal.value.code

    def test_a_lying_borrower_gets_no_farther_than_words_reach(self) -> None:
        """Circle 3 with one circle open: a word opens one circle more, not two."""
        town = street(4)
        for number in range(1, 4):
            town.share(number)
        thing = town.share(0)
        assert "circle-closed" == refused(town, 3, thing)

        start, end = SPAN
        path = tuple(town.id(n) for n in (3, 2, 1, 0))
        unsigned = Signature(bytes(64))
        lie = RequestBody(oid("aa" * 16), path, 0, oid(thing), start, end, unsigned, b"k" * 32, b"")
        terms = terms_of(town.forge(3, lie), lie)
        lie = replace(lie, borrower_signature=town.core(3).config.signer.sign(terms.digest()))
        town.core(3).begin(town.now_ms)
        town.core(3).keep(town.forge(3, lie), None)
        town.reconnect()
        with pytest.raises(Refused) as refusal:
            town.run(2, Recommend("aa" * 16, True))

        assert "borrower-circle-closed" == refusal.value.code

    def test_circle_3_takes_the_word_of_both_in_between(self) -> None:
        town = street(5, circle_2_exchanges=1, edges=[(0, 1), (1, 2), (2, 3), (3, 4)])
        for number in range(1, 5):
            town.share(number)
        town.lend(4, 3, town.share(4))
        thing = town.share(0)
        loan = ask(town, 3, thing)
        town.run(2, Recommend(loan, True))
        assert town.states(loan)[:4] == [None, "asked", "asked", "asked"]
        town.run(1, Recommend(loan, True))
        town.run(0, AnswerLoan(loan, "yes"))

        assert town.states(loan)[:4] == ["agreed"] * 4
        assert [town.name(2), town.name(1)] == town.rows(0)[loan]["recommended_by_names"]

    def test_a_house_may_want_no_such_words(self) -> None:
        town = street(3, recommended_circles=0)
        for number in (1, 2):
            town.share(number)

        assert "circle-closed" == refused(town, 2, town.share(0))

    def test_nothing_is_passed_on_unasked_that_needs_a_word(self) -> None:
        town = street(3, pass_on_unasked_circles=3)
        for number in (1, 2):
            town.share(number)
        loan = ask(town, 2, town.share(0))

        assert town.states(loan) == [None, "asked", "asked"]

    def test_the_borrower_names_the_friend_who_is_to_give_their_word(self) -> None:
        town = street(4, edges=[(0, 1), (0, 2), (1, 3), (2, 3)])
        for number in range(1, 4):
            town.share(number)
        thing = town.share(0)
        for friend in (1, 2):
            loan = ask(town, 3, thing, via=town.id(friend).hex())
            assert [town.name(3), town.name(friend), town.name(0)] == town.rows(3)[loan][
                "path_names"
            ]
            thing = town.share(0)

        assert 2 == len(cast(list[object], seen(town, 3, thing)["ways"]))
        assert "no-way-through" == refused(town, 3, thing, via=town.id(0).hex())


class TestStanding:
    def test_who_is_validated_asks_the_validator_s_friends_at_once(self, three: Street) -> None:
        thing = three.share(0)
        three.run(1, Validate(three.id(2).hex()))
        assert seen(three, 2, thing)["can_ask"] is True

        loan = ask(three, 2, thing, on_word=False)

        assert three.states(loan) == ["asked"] * 3
        assert [three.name(1)] == three.rows(0)[loan]["recommended_by_names"]
        three.run(0, AnswerLoan(loan, "yes"))
        assert three.states(loan) == ["agreed"] * 3

    def test_the_validator_s_friends_see_it_and_nobody_else(self) -> None:
        town = street(4)
        town.run(1, Validate(town.id(2).hex()))

        def validated_by(who: int) -> list[str]:
            row = trust(town.core(who), town.id(2).hex())
            return [each["name"] for each in cast(list[dict[str, str]], row["validated_by"])]

        assert [town.name(1)] == validated_by(0) == validated_by(2) == validated_by(1)
        assert [] == validated_by(3)
        held = [
            town.core(n).current(town.id(1), validation_object(town.id(2))) is not None
            for n in range(4)
        ]
        assert held == [True, True, True, False]
        rows = [cast(dict[str, object], row) for row in friends(town.core(0))]
        assert [town.name(2)] == rows[0]["answers_for"]

    def test_it_is_taken_back(self, three: Street) -> None:
        thing = three.share(0)
        three.run(1, Validate(three.id(2).hex()))
        three.run(1, Validate(three.id(2).hex(), holds=False))

        assert "circle-closed" == refused(three, 2, thing, on_word=False)
        loan = ask(three, 2, thing)
        assert three.states(loan) == [None, "asked", "asked"]

    def test_it_takes_a_unit_each_time_and_waits_when_none_is_free(self, three: Street) -> None:
        """What a validated friend can do at worst is bounded as before. Spec §12.7."""
        three.run(1, Validate(three.id(2).hex()))
        first, second = (ask(three, 2, three.share(0), on_word=False) for _ in range(2))

        assert three.rows(0)[first]["state"] == "asked"
        assert second not in three.rows(0)
        reasons = cast(list[dict[str, str]], three.rows(1)[second]["reasons"])
        assert ["capacity-engaged"] == [reason["code"] for reason in reasons]
        three.run(0, AnswerLoan(first, "no"))
        three.pass_time(1000)
        assert three.rows(0)[second]["state"] == "asked"

    def test_it_opens_the_validator_s_friends_and_not_theirs(self) -> None:
        town = street(4)
        for number in range(1, 4):
            town.share(number)
        thing = town.share(0)
        town.run(2, Validate(town.id(3).hex()))

        assert seen(town, 3, thing)["can_ask"] is False
        assert "circle-closed" == refused(town, 3, thing, on_word=False)

    def test_of_several_ways_the_one_with_a_word_is_taken(self) -> None:
        town = street(4, edges=[(0, 1), (0, 2), (1, 3), (2, 3)])
        for number in range(1, 4):
            town.share(number)
        for friend in (1, 2):
            town.run(friend, Validate(town.id(3).hex()))
            thing = town.share(0)
            loan = ask(town, 3, thing, on_word=False)
            assert [town.name(friend)] == town.rows(0)[loan]["recommended_by_names"]
            town.run(friend, Validate(town.id(3).hex(), holds=False))

    def test_it_ends_with_the_friendship(self, three: Street) -> None:
        three.run(1, Validate(three.id(2).hex()))
        three.run(1, EndFriendship(three.id(2).hex()))
        three.pass_time(1000)

        assert not validations.holds(three.core(0), three.id(1), three.id(2))
        assert not validations.holds(three.core(1), three.id(1), three.id(2))

    def test_it_is_renewed_and_outlives_its_lease(self, three: Street) -> None:
        three.run(1, Validate(three.id(2).hex()))
        three.pass_time(90 * DAY_MS)

        assert validations.holds(three.core(0), three.id(1), three.id(2))
        assert validations.holds(three.core(2), three.id(1), three.id(2))

    def test_discreet_friends_and_strangers_are_not_validated(self, three: Street) -> None:
        """It would tell one's friends of a friendship that is known to two."""
        codes = []
        three.run(1, ShowFriendship(three.id(2).hex(), False))
        for friend in (2, 1):
            with pytest.raises(Refused) as refusal:
                three.run(1, Validate(three.id(friend).hex()))
            codes.append(refusal.value.code)

        assert ["validation-discreet", "not-a-friend"] == codes

    def test_a_friendship_that_is_hidden_later_takes_it_back(self, three: Street) -> None:
        three.run(1, Validate(three.id(2).hex()))
        three.run(1, ShowFriendship(three.id(2).hex(), False))
        three.pass_time(1000)

        assert not validations.holds(three.core(0), three.id(1), three.id(2))

    def test_saying_it_twice_says_it_once(self, three: Street) -> None:
        three.run(1, Validate(three.id(2).hex()))
        before = three.core(1).next_sequence
        three.run(1, Validate(three.id(2).hex()))

        assert before == three.core(1).next_sequence
