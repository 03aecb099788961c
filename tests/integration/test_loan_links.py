"""Two real homes whose friendship has ended still speak of the loan that was agreed on.

Spec: §11.9.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

from node.engine.commands import AddThing, AnswerLoan, Ask, EndFriendship, HandOver
from node.engine.loan_book import book_of
from node.node import Node
from tests.integration.homes import eventually, host, in_days, me, run, sees, three


def states(node: Node) -> list[str]:
    return [loan.state.value for loan in book_of(host(node).core).states()]


def test_what_is_lent_is_handed_over_after_the_friendship_has_ended(tmp_path: Path) -> None:
    """They hang up, call each other again, and are told of nothing else."""

    async def scenario() -> None:
        async with three(tmp_path) as (alice, bob, _):
            added = cast("dict[str, str]", await alice.command(AddThing("Tent", circles=1)))
            await bob.command(AddThing("Drill"))
            await eventually(lambda: sees(bob, "Tent"))
            dates = (in_days(1), in_days(2))
            loan = cast("dict[str, str]", await bob.command(Ask(added["thing"], *dates)))["loan"]
            await eventually(lambda: states(alice) == ["asked"])
            await alice.command(AnswerLoan(loan, "yes"))
            await eventually(lambda: states(bob) == ["agreed"])

            await alice.command(EndFriendship(me(bob).hex()))
            await eventually(lambda: host(bob).core.is_former_friend(me(alice)))
            await alice.command(AddThing("Canoe", circles=1))
            await alice.command(HandOver(loan))
            await eventually(lambda: states(bob) == ["handed_over"])

            assert not sees(bob, "Tent")
            assert not sees(bob, "Canoe")

    run(scenario())
