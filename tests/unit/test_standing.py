"""Who may borrow beyond friends, by how it went with others (§12.6, §11.3)."""

from __future__ import annotations

from typing import cast

import pytest

from node.engine import views
from node.engine.commands import (
    AnswerLoan,
    Ask,
    Command,
    Recommend,
    Repaired,
)
from node.engine.views import trust
from protocol.charter import Charter
from protocol.errors import Refused
from simulations.street import DAY, DAY_MS, TODAY, Street, street


def refusal(made: Street, number: int, command: Command) -> str:
    with pytest.raises(Refused) as caught:
        made.run(number, command)
    return caught.value.code


def badly(made: Street, lender: int, borrower: int) -> str:
    """A loan between friends that does not go as agreed."""
    return made.lend(lender, borrower, made.share(lender), confiance=0)


def crowd(**rules: int) -> Street:
    """Holder 0, go-between 1, borrower 2 to whom circle 2 is open, and 3 and 4, friends of 2."""
    edges = [(0, 1), (1, 2), (2, 3), (2, 4), (1, 3)]
    made = street(5, edges=edges, circle_2_exchanges=1, failed_exchange_cost=0, **rules)
    for lender in (1, 3, 4):
        made.lend(lender, 2, made.share(lender))
    return made


def seen_by(made: Street, viewer: int, member: int = 2) -> float:
    return cast(float, trust(made.core(viewer), made.id(member).hex())["reliability"])


def ask(made: Street, borrower: int, thing: str) -> Ask:
    start = (TODAY + 1) * DAY
    return Ask(thing, start, start + DAY, "")


class TestBeyondFriends:
    def test_whoever_disappointed_lately_asks_friends_only_until_it_was_made_good(self) -> None:
        made = crowd()
        far, near = made.share(0), made.share(1)
        assert made.run(2, ask(made, 2, far))["loan"]
        loans = [badly(made, lender, 2) for lender in (3, 4)]

        assert seen_by(made, 2) < 0.6
        assert refusal(made, 2, ask(made, 2, made.share(0))) == "unreliable"
        assert made.run(2, ask(made, 2, near))["loan"], "a friend decides alone"
        rows = {row["thing"]: row for row in browsed(made, 2)}
        assert rows[far]["can_ask"] is False
        assert rows[near]["can_ask"] is True
        for lender, loan in zip((3, 4), loans, strict=True):
            made.run(lender, Repaired(loan))
        assert seen_by(made, 2) > 0.6
        assert made.run(2, ask(made, 2, made.share(0)))["loan"]

    def test_time_heals(self) -> None:
        made = crowd(friendship_lease_ms=365 * DAY_MS)
        badly(made, 3, 2)
        badly(made, 4, 2)
        before = seen_by(made, 1)
        made.pass_time(200 * DAY_MS)

        assert before < 0.6 < seen_by(made, 1)

    def test_the_borrower_s_program_may_lie_and_the_others_look_themselves(self) -> None:
        """The request was under way when the bad words came."""
        made = crowd()
        loan = str(made.run(2, ask(made, 2, made.share(0)))["loan"])
        bad = [badly(made, lender, 2) for lender in (3, 4)]

        assert refusal(made, 1, Recommend(loan, True)) == "borrower-unreliable"
        [reason] = cast(list[dict[str, object]], made.rows(1)[loan]["reasons"])
        assert reason["code"] == "borrower-unreliable"
        for lender, one in zip((3, 4), bad, strict=True):
            made.run(lender, Repaired(one))
        made.run(1, Recommend(loan, True))
        made.run(0, AnswerLoan(loan, "yes"))
        assert made.states(loan)[0] == "agreed"

    def test_a_charter_can_let_everybody(self) -> None:
        made = crowd(reliability_min_percent=0)
        badly(made, 3, 2)
        badly(made, 4, 2)

        assert made.run(2, ask(made, 2, made.share(0)))["loan"]
        assert Charter().reliability_min_percent == 60


class TestPlace:
    """Whose words weigh how much depends on who looks."""

    def test_a_friend_s_word_weighs_more_than_that_of_somebody_far_away(self) -> None:
        made = street(4, edges=[(0, 1), (1, 2), (2, 3)], circle_2_exchanges=1)
        badly(made, 3, 2)

        # 3 is a friend's friend of 1 and three steps from 0; its own word 3 leaves out.
        assert seen_by(made, 2) < seen_by(made, 1) < seen_by(made, 0)
        assert seen_by(made, 3) == 0.9

    def test_of_a_rater_whom_others_call_bad_the_word_weighs_less(self) -> None:
        made = crowd()
        believed = crowd()
        for lender in (1, 2):
            badly(made, lender, 3)
        for town in (made, believed):
            badly(town, 3, 2)

        assert seen_by(believed, 1) < seen_by(made, 1)


def browsed(made: Street, number: int) -> list[dict[str, object]]:
    rows = views.browse(made.core(number), lambda refusal: refusal.code)
    return cast(list[dict[str, object]], rows)


class TestConfianceFromOnesPlace:
    """Spec §12.2, §12.4: borrower 3; 0 and 1 know it through 2 alone, 5 through 2 and 4."""

    def village(self, **rules: int) -> Street:
        edges = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (2, 5)]
        made = street(6, edges=edges, circle_2_exchanges=1, circle_3_exchanges=2, **rules)
        for lender in (2, 4):
            made.lend(lender, 3, made.share(lender))
        return made

    def seen(self, made: Street, viewer: int) -> dict[str, object]:
        return cast(dict[str, object], trust(made.core(viewer), made.id(3).hex()))

    def test_the_borrower_sees_two_sides_and_a_home_behind_one_friend_sees_one(self) -> None:
        made = self.village()
        own, near, far = (self.seen(made, viewer) for viewer in (3, 5, 1))

        assert [own["confiance"], near["confiance"]] == [2, 2]
        assert [own["circles_open"], near["circles_open"]] == [3, 3]
        # 4 is three steps from 1, and counts; it is on no side.
        assert [far["confiance"], far["circles_open"]] == [2, 2]
        assert [far["missing"], far["needs_side"]] == [1, True]
        names = [each["name"] for each in cast(list[dict[str, str]], far["because"])]
        assert names == [made.name(2)]

    def test_where_the_lender_sees_less_the_request_waits_and_says_why(self) -> None:
        made = self.village(recommended_circles=0)
        loan = made.ask(3, made.share(0))
        made.run(2, Recommend(loan, True))

        assert made.states(loan)[3] == "asked"
        assert refusal(made, 1, Recommend(loan, True)) == "borrower-circle-closed"
        [reason] = cast(list[dict[str, object]], made.rows(1)[loan]["reasons"])
        assert reason["code"] == "borrower-circle-closed"

    def test_what_is_long_ago_closes_a_circle_again(self) -> None:
        made = self.village(friendship_lease_ms=365 * DAY_MS, confiance_half_life_ms=100 * DAY_MS)
        before = self.seen(made, 5)["confiance"]
        made.pass_time(60 * DAY_MS)

        assert [before, self.seen(made, 5)["confiance"]] == [2, 1]
