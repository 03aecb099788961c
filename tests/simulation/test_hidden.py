"""A borrower who hides a loan, and the next lender (§11.8, §12.8)."""

from __future__ import annotations

import pytest

from node.engine import ledger
from simulations.hidden import TRICKS, Outcome, Trick, run_case

SEEDS = (1, 2, 9)


def outcomes(trick: Trick) -> list[Outcome]:
    return [outcome for seed in SEEDS if (outcome := run_case(seed, trick)) is not None]


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("trick", TRICKS)
def test_who_is_asked_next_hears_of_a_hidden_loan_when_an_honest_way_leads_there(
    trick: Trick,
) -> None:
    cases = outcomes(trick)

    assert [] == [case for case in cases if not case.holds]
    if trick != "none":
        assert any(case.could_know for case in cases), "else nothing was tried"
        assert all(case.account_after.bad == 1 for case in cases if case.could_know)
    if trick == "fork":
        assert all(case.account.is_forked for case in cases if case.could_know)


@pytest.mark.slow
def test_without_entries_nobody_would_hear_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the test above can fail."""
    monkeypatch.setattr(ledger, "write", lambda core, loan: None)

    case = run_case(2, "drop")

    assert case is not None
    assert case.could_know
    assert not case.is_known
