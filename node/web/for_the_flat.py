"""Requests for things of the flat, whoever of the flat holds them.

Spec: §11.6 for what the holder may do; ``node.flat.common`` for what of it a flatmate may.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from node.engine import commands
from node.flat.common import ACTS
from node.flat.note import Act, read_note
from node.i18n import N_
from node.web.answer_form import read_answer
from node.web.asking_words import answer_words
from node.web.flatmates import place_of
from node.web.forms import Form
from node.web.visit import Visit
from protocol.errors import Refused

_STATES: Final = {
    "asked": N_("{borrower} asks for it."),
    "countered": N_("Other dates were proposed to {borrower}."),
    "agreed": N_("Agreed with {borrower}: it is still here."),
    "handed_over": N_("{borrower} has it."),
    "returned": N_("It is back from {borrower}."),
}


async def show(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    loan = place_of(visit).common_loan(visit.part("flatmate"), visit.part("loan"))
    return visit.page("flat_loan.html", form=form, error=error, loan=in_words(visit, loan))


def rows(visit: Visit) -> list[dict[str, Any]]:
    """For the inbox: what waits first."""
    found = [] if visit.place is None else visit.place.common_loans()
    return [in_words(visit, loan) for loan in sorted(found, key=lambda loan: not loan["waits"])]


def in_words(visit: Visit, loan: dict[str, Any]) -> dict[str, Any]:
    sentence = visit.gettext(_STATES.get(loan["state"], N_("Under way with {borrower}.")))
    yes, no, counter = (
        visit.gettext(words).format(title=loan["title"], other=loan["borrower_name"])
        for words in answer_words(loan)
    )
    return {
        **loan,
        "yes_words": yes,
        "no_words": no,
        "counter_words": counter,
        "sentence": sentence.format(borrower=loan["borrower_name"]),
        "act_words": act_words(visit, loan["acts"]),
        "href": f"/for-the-flat/{quote(loan['slug'], safe='')}/{loan['loan']}",
    }


def act_words(visit: Visit, acts: list[Act]) -> list[str]:
    """Who of the flat did what."""
    return [visit.gettext(ACTS[act.did]).format(name=act.by) for act in acts if act.did in ACTS]


def acts_of_flatmates(visit: Visit, loan: str) -> list[str]:
    """What flatmates did about one of my own loans."""
    return act_words(visit, [act for act in read_note(visit.core).acts if act.loan == loan])


async def mark(visit: Visit, form: Form) -> str:
    """A thing of mine is of the flat, or mine alone again."""
    is_common = form.choice("whose", {"flat": True, "mine": False})
    await place_of(visit).mark(visit.part("thing"), is_common=is_common)
    return f"/things/{quote(visit.part('thing'))}?done={'flat' if is_common else 'mine'}"


async def answer(visit: Visit, form: Form) -> str:
    command = read_answer(form, visit.part("loan"))
    return await _do(visit, command.answer, command, "answered")


async def hand_over(visit: Visit, form: Form) -> str:
    return await _do(visit, "handed-over", commands.HandOver(visit.part("loan")), "handed-over")


async def take_back(visit: Visit, form: Form) -> str:
    return await _do(visit, "returned", commands.GiveBack(visit.part("loan")), "returned")


async def _do(visit: Visit, did: str, command: commands.Command, done: str) -> str:
    await place_of(visit).act(visit.part("flatmate"), visit.part("loan"), did, command)
    return f"/inbox?done={done}"
