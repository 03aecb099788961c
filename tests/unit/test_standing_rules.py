"""Standing rules: what passes on by itself, within capacity, and what never does.

Spec: §11.3, §11.6.
"""

from __future__ import annotations

from typing import cast

import pytest

from node.engine.commands import (
    AnswerLoan,
    Ask,
    Command,
    GiveBack,
    HandOver,
    PassOnFrom,
    Rate,
    Recommend,
    SetCapacity,
    SetFriendRule,
    Validate,
)
from node.wording.between_words import engagement_sentences
from protocol.errors import Refused
from simulations.street import DAY, TODAY, Row, Street, street

SPAN = ((TODAY + 1) * DAY, (TODAY + 3) * DAY)


@pytest.fixture
def three() -> Street:
    """0 holds things that 2 may see through 1; circle 2 is open to 2 by one exchange with 1."""
    town = street(3, circle_2_exchanges=1)
    for number in (1, 2):
        town.share(number)
    town.lend(1, 2, town.share(1))
    return town


@pytest.fixture
def shut() -> Street:
    """The same before any exchange: a word is needed."""
    town = street(3)
    for number in (1, 2):
        town.share(number)
    return town


def ask(town: Street, who: int = 2, *, on_word: bool = False) -> str:
    return str(town.run(who, Ask(town.share(0), *SPAN, on_word=on_word))["loan"])


def refusal(town: Street, number: int, command: Command) -> str:
    with pytest.raises(Refused) as refused:
        town.run(number, command)
    return refused.value.code


def has_arrived(town: Street, loan: str) -> bool:
    return loan in town.rows(0)


class TestRuleForAFriend:
    def test_always_passes_on_with_a_word_and_takes_a_unit(self, three: Street) -> None:
        three.run(1, SetFriendRule(three.id(2).hex(), "always"))
        loan = ask(three)

        assert three.rows(0)[loan]["recommended_by_names"] == [three.name(1)]
        assert has_arrived(three, ask(three))
        assert not has_arrived(three, ask(three)), "no more than capacity: two after an exchange"

    def test_always_opens_a_circle_that_a_word_opens(self, shut: Street) -> None:
        """The owner said so for this very friend, as by a validation."""
        shut.run(1, SetFriendRule(shut.id(2).hex(), "always"))

        assert has_arrived(shut, ask(shut, on_word=True))

    def test_never_is_silence_even_where_the_house_passes_on_unasked(self) -> None:
        town = street(3, circle_2_exchanges=1, pass_on_unasked_circles=3)
        for number in (1, 2):
            town.share(number)
        town.lend(1, 2, town.share(1))
        town.run(1, SetFriendRule(town.id(2).hex(), "never"))
        loan = ask(town)

        row = town.rows(1)[loan]
        assert (has_arrived(town, loan), row["set_aside"], row["waits_for_me"]) == (
            False, True, False,
        )  # fmt: skip
        town.run(1, Recommend(loan, True))
        assert has_arrived(town, loan), "another answer is possible later"

    def test_a_rule_holds_for_what_waits_already(self, three: Street) -> None:
        loan = ask(three)
        assert not has_arrived(three, loan)
        three.run(1, SetFriendRule(three.id(2).hex(), "always"))

        assert has_arrived(three, loan)

    def test_ask_ends_a_rule_and_a_restart_does_not(self, three: Street) -> None:
        three.run(1, SetFriendRule(three.id(2).hex(), "always"))
        three.restart(1)
        assert has_arrived(three, ask(three))
        three.run(1, SetFriendRule(three.id(2).hex(), "ask"))

        assert not has_arrived(three, ask(three))

    def test_never_and_answering_for_somebody_do_not_go_together(self, three: Street) -> None:
        two = three.id(2).hex()
        three.run(1, Validate(two))
        assert refusal(three, 1, SetFriendRule(two, "never")) == "rule-against-validation"
        three.run(1, Validate(two, holds=False))
        three.run(1, SetFriendRule(two, "never"))
        three.run(1, Validate(two))

        assert has_arrived(three, ask(three))

    def test_words_that_are_no_rule_and_strangers_are_refused(self, three: Street) -> None:
        assert refusal(three, 1, SetFriendRule(three.id(2).hex(), "often")) == "not-a-rule"
        assert refusal(three, 2, SetFriendRule(three.id(0).hex(), "always")) == "not-a-friend"


class TestConfiance:
    def test_enough_of_it_passes_on_and_less_does_not(self, three: Street) -> None:
        three.run(1, PassOnFrom(2))
        loan = ask(three)
        assert not has_arrived(three, loan)
        three.run(1, PassOnFrom(1))

        assert three.rows(0)[loan]["recommended_by_names"] == [three.name(1)]

    def test_it_grows_with_evidence_and_lets_through_what_waited(self, three: Street) -> None:
        three.run(1, PassOnFrom(2))
        loan = ask(three)
        other = ask(three)
        three.run(1, Recommend(other, True))
        three.run(0, AnswerLoan(other, "yes"))
        three.run(0, HandOver(other))
        three.run(2, GiveBack(other))
        three.run(0, Rate(other, 1, 8))
        three.run(2, Rate(other, 1, 8))

        assert has_arrived(three, loan)

    def test_it_opens_no_circle_that_is_shut(self, shut: Street) -> None:
        """Confiance that the go-between sees is no word; one that is needed comes by hand."""
        shut.lend(1, 2, shut.share(1))
        shut.run(1, PassOnFrom(1))
        loan = ask(shut, on_word=True)
        assert not has_arrived(shut, loan)
        shut.run(1, Recommend(loan, True))

        assert has_arrived(shut, loan)

    def test_it_never_goes_beyond_capacity(self, three: Street) -> None:
        three.run(1, SetCapacity(three.id(2).hex(), 0))
        three.run(1, PassOnFrom(1))

        assert not has_arrived(three, ask(three))

    def test_out_of_range_is_refused(self, three: Street) -> None:
        assert refusal(three, 1, PassOnFrom(0)) == "rule-out-of-range"


class TestSaidBefore:
    def sentences(self, row: Row) -> list[str]:
        return engagement_sentences(
            row, "July 1", lambda text: text, lambda one, many, n: one if n == 1 else many
        )

    def test_who_what_when_and_the_unit_are_said_before_the_word_is_given(
        self, three: Street
    ) -> None:
        loan = ask(three)
        row = three.rows(1)[loan]
        engages = cast(dict[str, object], row["engages"])

        assert (engages["name"], engages["units"], engages["engaged"]) == (three.name(2), 2, 0)
        assert self.sentences(row) == [
            "You see that Member 2 asks Member 0 for “guitare”, July 1; nothing else.",
            "If you pass it on, Member 0 sees that you recommend Member 2.",
            "Until it is back and went well, it is one of the 2 loans you can answer for on "
            "Member 2's side; 0 count now.",
        ]

    def test_the_unit_is_towards_the_next_one_not_the_borrower(self) -> None:
        town = street(4, circle_2_exchanges=1, circle_3_exchanges=1, circle_3_sides=1)
        for number in (1, 2, 3):
            town.share(number)
        town.lend(2, 3, town.share(2))
        loan = ask(town, 3)
        town.run(2, Recommend(loan, True))
        row = town.rows(1)[loan]

        assert cast(dict[str, object], row["engages"])["name"] == town.name(2)
        assert "the one loan you answer for on Member 2's side" in self.sentences(row)[2]

    def test_nothing_is_said_of_units_that_nobody_counts_nor_after_the_word(self) -> None:
        town = street(3, circle_2_exchanges=1, capacity_max=0)
        for number in (1, 2):
            town.share(number)
        town.lend(1, 2, town.share(1))
        loan = ask(town)
        assert len(self.sentences(town.rows(1)[loan])) == 2
        town.run(1, Recommend(loan, True))

        assert town.rows(1)[loan]["engages"] is None
