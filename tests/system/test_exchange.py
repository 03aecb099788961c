"""The whole exchange through six real processes and the command line: every exit, every remedy.

Bruno lends to all his friends; David asks him through Chloé. What only time brings (a
request that nobody answers, a proposal that nobody answers) is in the unit tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.system.town import Town, days_ahead, found_town, verbs, wait_state

if TYPE_CHECKING:
    from tests.system.conftest import House, Street

pytestmark = [
    pytest.mark.usefixtures("unmeasured"),
    pytest.mark.system,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]


def test_every_way_a_loan_can_go(street: Street, tmp_path: Path) -> None:
    charter = tmp_path / "charter.toml"
    charter.write_text("circle_2_exchanges = 1\n")
    town = found_town(street, "--charter", str(charter))
    for title in ("vélo", "perceuse", "tente", "roman", "échelle"):
        town.bruno.openhouse("things", "add", title, "--circles", "2")
    longer_and_sooner(town)
    one_waits_in_the_queue(town)
    no_and_never_mind(town)
    lost_and_found(town)
    damaged_and_made_good(town)
    given_for_good(town)
    written_down_afterwards(town)
    through_a_go_between_who_loses_power(town)
    on_paper_and_looked_for(town)
    both_sides_of_every_loan_agree(town)
    everybody_near_reads_the_same_ledger(town)


def thing_of(house: House, title: str) -> str:
    return str(house.listing(title)["thing"])


def ask(town: Town, borrower: House, title: str, *more: str) -> str:
    street = town.street
    street.wait(f"{borrower.name} sees {title}", True, lambda: title in borrower.seen())
    loan = str(borrower.openhouse("ask", thing_of(borrower, title), *more)["loan"])
    street.wait("the request arrives", True, lambda: town.bruno.state_of(loan) is not None)
    return loan


def agree(town: Town, borrower: House, title: str, *more: str) -> str:
    loan = ask(town, borrower, title, *more)
    town.bruno.openhouse("answer", loan, "yes")
    wait_state(town.street, borrower, loan, "agreed")
    return loan


def both_rate(town: Town, borrower: House, loan: str, *fault: str, confiance: str = "1") -> None:
    borrower.openhouse("rate", loan, "--confiance", "1", "--respect", "8")
    town.bruno.openhouse("rate", loan, "--confiance", confiance, "--respect", "5", *fault)
    for house in (borrower, town.bruno):
        wait_state(town.street, house, loan, "rated")


def seen(house: House, loan: str, key: str) -> Any:
    row = house.loan(loan)
    return None if row is None else row[key]


def longer_and_sooner(town: Town) -> None:
    """Other dates before the agreement, after it by one and by the other, a no among them."""
    street, ana, bruno = town.street, town.ana, town.bruno
    loan = ask(town, ana, "vélo", *days_ahead(2, 3))
    bruno.openhouse("answer", loan, "counter", *days_ahead(4, 5), "--message", "Plutôt jeudi ?")
    wait_state(street, ana, loan, "countered")
    ana.openhouse("answer", loan, "yes")
    wait_state(street, ana, loan, "agreed")
    ana.openhouse("handover", loan)
    wait_state(street, bruno, loan, "handed_over")

    last = days_ahead(4, 9)
    ana.openhouse("extend", loan, *last[2:], "--message", "Il fait si beau")
    street.wait("Bruno is asked for longer", "answer", lambda: verbs(bruno, loan)[0])
    bruno.openhouse("answer", loan, "yes")
    street.wait("the new day stands", last[3], seen, ana, loan, "to")
    bruno.openhouse("recall", loan, *days_ahead(4, 6)[2:])
    street.wait("Ana is asked for it back", "answer", lambda: verbs(ana, loan)[0])
    ana.openhouse("answer", loan, "no", "--message", "Pas possible")
    street.wait("Bruno hears her no", "Pas possible", seen, bruno, loan, "message")
    assert seen(bruno, loan, "to") == last[3]
    ana.openhouse("return", loan)
    wait_state(street, bruno, loan, "returned")
    both_rate(town, ana, loan)


def one_waits_in_the_queue(town: Town) -> None:
    ana, bruno, chloe = town.ana, town.bruno, town.chloe
    first = agree(town, ana, "tente", *days_ahead(10, 12))
    town.street.wait(
        "Chloé sees that it is taken", True, lambda: bool(chloe.listing("tente")["busy"])
    )
    dates = days_ahead(11, 12)
    assert chloe.refusal("ask", thing_of(chloe, "tente"), *dates).code == "dates-taken"
    waiting = ask(town, chloe, "tente", *dates, "--queue")
    assert bruno.refusal("answer", waiting, "yes").code == "dates-taken"
    ana.openhouse("cancel", first)
    town.street.wait("it comes free", ["answer"], verbs, bruno, waiting)
    bruno.openhouse("answer", waiting, "yes")
    wait_state(town.street, chloe, waiting, "agreed")
    bruno.openhouse("cancel", waiting, "--message", "Elle est trouée")
    wait_state(town.street, chloe, waiting, "cancelled")


def no_and_never_mind(town: Town) -> None:
    declined = ask(town, town.farid, "perceuse", *days_ahead(1, 1))
    town.bruno.openhouse("answer", declined, "no")
    wait_state(town.street, town.farid, declined, "declined")
    withdrawn = ask(town, town.gaelle, "perceuse", *days_ahead(1, 1))
    town.gaelle.openhouse("cancel", withdrawn)
    wait_state(town.street, town.bruno, withdrawn, "withdrawn")


def lost_and_found(town: Town) -> None:
    street, bruno, chloe = town.street, town.bruno, town.chloe
    loan = agree(town, chloe, "perceuse", *days_ahead(0, 2))
    chloe.openhouse("handover", loan)
    wait_state(street, bruno, loan, "handed_over")
    chloe.openhouse("report", loan, "lost", "--message", "Dans le train, je crois")
    wait_state(street, bruno, loan, "lost")
    assert chloe.refusal("return", loan).code == "not-in-this-state"
    bruno.openhouse("return", loan)
    wait_state(street, chloe, loan, "returned")
    both_rate(town, chloe, loan)


def damaged_and_made_good(town: Town) -> None:
    street, bruno, farid = town.street, town.bruno, town.farid
    loan = agree(town, farid, "perceuse", *days_ahead(3, 4))
    farid.openhouse("handover", loan)
    farid.openhouse("return", loan)
    wait_state(street, bruno, loan, "returned")
    bruno.openhouse("report", loan, "damaged")
    street.wait("Farid hears of it", ["Bruno"], seen, farid, loan, "damaged_by_names")
    both_rate(town, farid, loan, "--fault", "damaged", confiance="0")
    farid.openhouse("reply", loan, "--message", "Je la fais réparer.")
    street.wait("Bruno reads the reply", "Je la fais réparer.", seen, bruno, loan, "reply_of_other")
    assert ["damaged"] == [each["fault"] for each in farid.get("/trust")["failures"]]
    street.wait("it costs Farid", 0, lambda: farid.get("/trust")["confiance"])
    bruno.openhouse("repaired", loan)
    street.wait("Farid reads that it is good", True, seen, farid, loan, "repaired_by_other")


def given_for_good(town: Town) -> None:
    loan = agree(town, town.gaelle, "roman", *days_ahead(0, 1))
    town.gaelle.openhouse("handover", loan)
    wait_state(town.street, town.bruno, loan, "handed_over")
    town.bruno.openhouse("report", loan, "gift", "--message", "Garde-le")
    wait_state(town.street, town.gaelle, loan, "kept")
    town.street.wait("it is no longer lent", False, lambda: "roman" in town.gaelle.seen())
    both_rate(town, town.gaelle, loan)


def written_down_afterwards(town: Town) -> None:
    """Nobody had asked here; and it is late, which is said kindly."""
    street, ana, bruno = town.street, town.ana, town.bruno
    dates = days_ahead(-5, -3)
    assert ana.refusal("ask", thing_of(ana, "échelle"), *dates).code == "dates-past"
    loan = ask(town, ana, "échelle", *dates, "--happened")
    bruno.openhouse("answer", loan, "yes")
    wait_state(street, ana, loan, "agreed")
    ana.openhouse("handover", loan)
    wait_state(street, bruno, loan, "handed_over")
    assert seen(bruno, loan, "late_days") in (2, 3)
    bruno.openhouse("return", loan)
    wait_state(street, ana, loan, "returned")
    # Neither said that it was handed over: who says that it is back says that too.
    forgotten = agree(town, ana, "échelle", *days_ahead(0, 0))
    ana.openhouse("return", forgotten)
    wait_state(street, bruno, forgotten, "returned")


def through_a_go_between_who_loses_power(town: Town) -> None:
    street, bruno, chloe, david = town.street, town.bruno, town.chloe, town.david
    chloe.openhouse("things", "add", "scie", "--circles", "1")
    street.wait("David sees the saw", True, lambda: "scie" in david.seen())
    loan = str(david.openhouse("ask", thing_of(david, "scie"), *days_ahead(0, 0))["loan"])
    street.wait("Chloé is asked", ["answer"], verbs, chloe, loan)
    chloe.openhouse("answer", loan, "yes")
    wait_state(street, david, loan, "agreed")
    david.openhouse("return", loan)
    wait_state(street, chloe, loan, "returned")
    for house in (david, chloe):
        house.openhouse("rate", loan, "--confiance", "1", "--respect", "8")
    street.wait("circle 2 is open", 2, lambda: david.get("/trust")["circles_open"])

    dates = days_ahead(20, 21)
    loan = str(david.openhouse("ask", thing_of(david, "tente"), *dates)["loan"])
    street.wait("Chloé may pass it on", ["recommend"], verbs, chloe, loan)
    chloe.openhouse("recommend", loan, "yes")
    chloe.kill()
    chloe.start()
    street.wait("Bruno is asked", ["answer"], verbs, bruno, loan)
    assert seen(bruno, loan, "recommended_by_names") == ["Chloé"]
    bruno.openhouse("answer", loan, "yes")
    wait_state(street, david, loan, "agreed")
    later = days_ahead(20, 25)
    david.openhouse("extend", loan, *later[2:])
    street.wait("Bruno is asked for longer", "answer", lambda: verbs(bruno, loan)[0])
    bruno.openhouse("answer", loan, "yes")
    street.wait("David has the longer days", later[3], seen, david, loan, "to")
    street.wait("and so has Chloé", later[3], seen, chloe, loan, "to")


def on_paper_and_looked_for(town: Town) -> None:
    street, bruno, chloe, david = town.street, town.bruno, town.chloe, town.david
    ladder = next(t["thing"] for t in bruno.get("/things") if t["title"] == "échelle")
    paper = str(bruno.openhouse("lend-to", "ma tante", ladder, *days_ahead(1, 3))["loan"])
    street.wait("it is taken", True, lambda: bool(chloe.listing("échelle")["busy"]))
    assert bruno.loan(paper)["other_name"] == "ma tante"
    bruno.openhouse("return", paper)
    street.wait("it is free", False, lambda: bool(chloe.listing("échelle")["busy"]))

    david.openhouse("looking-for", "raquettes", "--circles", "2")
    street.wait("Bruno sees it", True, lambda: "raquettes" in bruno.seen())
    wanted = bruno.listing("raquettes")
    assert (wanted["kind"], wanted["can_ask"]) == ("wanted", False)
    refusal = bruno.refusal("ask", wanted["thing"], *days_ahead(1, 1))
    assert refusal.code == "wanted-not-lent"


def everybody_near_reads_the_same_ledger(town: Town) -> None:
    """What is known of the loans of one who had bad luck, and of one far away."""
    for borrower in (town.farid, town.david):

        def account(viewer: House, member: str = borrower.member) -> dict[str, Any]:
            known: dict[str, Any] = viewer.openhouse("trust", member)["account"]
            return known

        own = account(borrower)
        assert sum(own[key] for key in ("good", "bad", "repaired", "under_way")) >= 1
        assert (own["missing"], own["without_answer"], own["is_forked"]) == (0, 0, False)
        town.street.wait("the lender reads the same", own, account, town.bruno)


def both_sides_of_every_loan_agree(town: Town) -> None:
    """Borrower, holder and everybody between them."""
    said: dict[str, list[object]] = {}
    for house in town.street.houses:
        for row in house.get("/loans"):
            if not row["paper"]:
                keys = ("state", "from", "to", "damaged_by", "path", "proposal")
                said.setdefault(row["loan"], []).append([row[key] for key in keys])
        assert house.rejects() == {}, town.street.stderr()
    assert len(said) == 12
    assert all(len(views) >= 2 for views in said.values())
    assert all(view == views[0] for views in said.values() for view in views)
