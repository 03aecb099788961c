"""The house on the page: its people, its rules, and being away from it."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from node import dates
from node.api import handlers
from node.api.house_handlers import read_numbers
from node.engine import commands, proposals, views
from node.web.forms import Form
from node.web.render import Words
from node.web.visit import Visit
from node.wording.charter_words import GROUP_TITLES, charter_sentence
from node.wording.conflict_sentences import conflict_sentence, what_to_do
from node.wording.proposal_words import signed_sentence
from node.wording.sponsor_words import candidate_sentence, guest_sentence, seats_sentence
from node.wording.time_sentences import away_sentence
from protocol.charter import Explanation
from protocol.errors import Refused
from protocol.house import FIXED


async def show_house(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """The house: its people, its rules in words, and being away from it."""
    house: Any = views.house_show(visit.core, lambda rule: charter_sentence(rule, visit.language))
    away: Any = views.status(visit.core)["away"]
    say_day = Words(visit.language).day
    sentence = away_sentence(away, visit.gettext, say_day) if away else ""
    rows: Any = house["conflicts"]
    conflicts = [
        {
            **row,
            "sentence": conflict_sentence(row, visit.gettext),
            "what_to_do": what_to_do(row, visit.gettext),
        }
        for row in rows
    ]
    rules = [
        {
            "title": visit.gettext(title),
            "rules": [rule for rule in house["charter"] if rule["group"] == group],
        }
        for group, title in GROUP_TITLES.items()
    ]
    return visit.page(
        "house.html",
        form=form,
        error=error,
        house=house,
        rules=rules,
        proposals=_proposals(visit),
        sponsoring=sponsoring_words(visit),
        away=sentence,
        conflicts=conflicts,
    )


def sponsoring_words(visit: Visit) -> dict[str, Any]:
    """Guests, candidates and seats, each with its sentence."""
    state: Any = views.sponsoring(visit.core, visit.say)
    say_day = Words(visit.language).day
    return {
        "seats": seats_sentence(state, visit.gettext, visit.ngettext),
        "guests": [
            {**guest, "sentence": guest_sentence(guest, visit.gettext, say_day)}
            for guest in state["guests"]
        ],
        "candidates": [
            candidate_sentence(candidate, visit.gettext, visit.ngettext)
            for candidate in state["candidates"]
        ],
    }


# --- changing the rules ------------------------------------------------------------------


def _sayer(visit: Visit) -> views.SayRule:
    def say(rule: Explanation) -> str:
        return charter_sentence(rule, visit.language)

    return say


def _proposals(visit: Visit) -> list[dict[str, Any]]:
    rows: Any = views.proposals(visit.core, _sayer(visit))
    return [_with_sentence(visit, row) for row in rows]


def _with_sentence(visit: Visit, row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "sentence": signed_sentence(row, visit.gettext, visit.ngettext)}


async def show_change(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """Choose a rule and what it becomes; then look at the change, and sign it."""
    given = form or Form.of(**{name: visit.request.query.get(name, "") for name in _FIELDS})
    change = None
    if given.text("value") and error is None:
        try:
            draft = proposals.draft(visit.core, _numbers(given))
            row: Any = views.proposal_json(visit.core, draft, _sayer(visit))
            change = _with_sentence(visit, row)
        except Refused as refusal:
            error = refusal
    choices = [
        {"name": rule.name, "sentence": charter_sentence(rule, visit.language)}
        for rule in visit.core.charter.explain()
        if rule.name not in FIXED
    ]
    return visit.page(
        "house_change.html",
        form=given,
        error=error,
        choices=choices,
        change=change,
    )


_FIELDS = ("rule", "value")


def _numbers(form: Form) -> dict[str, int]:
    """What was chosen, read as in a charter file: a number, or a duration."""
    text = form.text("value")
    is_number = text.isascii() and text.isdecimal() and len(text) <= 15
    return read_numbers({form.text("rule"): int(text) if is_number else text})


async def propose(visit: Visit, form: Form) -> str:
    """Sign a change of the rules as the first."""
    numbers = tuple(sorted(_numbers(form).items()))
    await visit.command(commands.ProposeChange(numbers))
    return "/house?done=signed"


async def approve(visit: Visit, form: Form) -> str:
    """Sign a change that somebody proposed."""
    await visit.command(commands.ApproveChange(form.text("proposal")))
    return "/house?done=signed"


# --- people, and being away --------------------------------------------------------------


async def accept_contact(visit: Visit, form: Form) -> str:
    """Two members share an address or a number, rightly."""
    await visit.command(commands.AcceptContact(form.text("member")))
    return "/house?done=changed"


async def check_contacts(visit: Visit, form: Form) -> str:
    """As a sponsor who has just met somebody: this address, this number are theirs."""
    values: dict[str, Any] = {
        "member": visit.part("member"), "email": form.text("email"), "phone": form.text("phone"),
    }  # fmt: skip
    await handlers.check_contacts(handlers.Call(visit.node, {}, {}, values, visit.language))
    return "/friends?done=changed"


async def go_away(visit: Visit, form: Form) -> str:
    await visit.command(commands.GoAway(dates.read_day(form.text("until"))))
    return "/house?done=away"


async def come_back(visit: Visit, form: Form) -> str:
    await visit.command(commands.GoAway(None))
    return "/house?done=back"
