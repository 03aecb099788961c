"""The house on the page: its people, its rules, and being away from it."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from node import dates
from node.charter_words import GROUP_TITLES, charter_sentence
from node.conflict_sentences import conflict_sentence
from node.engine import commands, views
from node.time_sentences import away_sentence
from node.web.forms import Form
from node.web.render import Words
from node.web.visit import Visit
from protocol.errors import Refused


async def show_house(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """The house: its people, its rules in words, and being away from it."""
    house: Any = views.house_show(visit.core, lambda rule: charter_sentence(rule, visit.language))
    away: Any = views.status(visit.core)["away"]
    say_day = Words(visit.language).day
    sentence = away_sentence(away, visit.gettext, say_day) if away else ""
    rows: Any = house["conflicts"]
    conflicts = [{**row, "sentence": conflict_sentence(row, visit.gettext)} for row in rows]
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
        away=sentence,
        conflicts=conflicts,
    )


async def accept_contact(visit: Visit, form: Form) -> str:
    """Two members share an address or a number, rightly."""
    await visit.command(commands.AcceptContact(form.text("member")))
    return "/house?done=changed"


async def go_away(visit: Visit, form: Form) -> str:
    await visit.command(commands.GoAway(dates.read_day(form.text("until"))))
    return "/house?done=away"


async def come_back(visit: Visit, form: Form) -> str:
    await visit.command(commands.GoAway(None))
    return "/house?done=back"
