"""Requests and loans on the page: what waits for me, what is under way, what is done."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from node import dates
from node.api.files import content, shelf_of
from node.api.raw import PICTURE_HEADERS
from node.engine import commands, ids, paper, views
from node.engine.ratings import FAULTS_BY_WORD
from node.i18n import translator
from node.loan_photos import step_of
from node.web import for_the_flat
from node.web.answer_form import read_answer
from node.web.asking_words import answer_words
from node.web.forms import Form
from node.web.loan_words import is_under_way, notices, sentence
from node.web.people import respect_sentences
from node.web.render import Words
from node.web.visit import Visit
from node.wording import messages
from node.wording.account_words import account_sentences
from node.wording.between_words import engagement_sentences
from node.wording.ended_words import ended_sentence
from node.wording.fault_words import (
    FAULTS,
    failure_sentences,
    fault_word,
    mediation_sentence,
    waiting_sentence,
)
from node.wording.file_words import file_sentence
from node.wording.judgement_words import because_sentences
from protocol.bodies import Event, Fault
from protocol.errors import Refused

_DONE_SHOWN_MAX: Final = 20
# Amounts do not count (rule R12): some common ground is enough.
_IN_COMMON_MAX: Final = 3


async def show_inbox(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """Every loan I have a part in, what waits for me first."""
    loans = [in_words(visit, loan) for loan in _loans(visit)]
    waiting = [loan for loan in loans if loan["waits_for_me"]]
    # Rule R11: Respect raises the chance of a yes, and decides nothing. The newest first of equals.
    usual = visit.core.charter.respect_usual
    # Then common ground: whom I know among those for whom it went well.
    friends = {member.hex(): None for member in visit.core.live_friends()}
    waiting.sort(key=lambda loan: (-_respect_of_asker(loan, usual), -_in_common(loan, friends)))
    under_way = [loan for loan in loans if not loan["waits_for_me"] and is_under_way(loan)]
    done = [loan for loan in loans if not loan["waits_for_me"] and not is_under_way(loan)]
    return visit.page(
        "inbox.html",
        error=error,
        waiting=waiting,
        under_way=under_way,
        done_loans=done[:_DONE_SHOWN_MAX],
        for_the_flat=for_the_flat.rows(visit),
        mediations=[
            _mediation_in_words(visit, row)
            for row in views.mediations(visit.core)
            if isinstance(row, dict)
        ],
    )


async def show_loan(
    visit: Visit, form: Form | None = None, error: Refused | None = None
) -> web.StreamResponse:
    """One loan, with the forms for what I can do about it."""
    place = _loan_id(visit)
    for loan in _loans(visit):
        if loan["loan"] == place:
            said, file = in_words(visit, loan), _coming_file(visit, place)
            said["flat_words"] = for_the_flat.acts_of_flatmates(visit, place)
            photos = [
                {"name": name, "step": step_of(name)}
                for name in visit.node.loan_photos.names(place)
            ]
            return visit.page(
                "loan.html", form=form, error=error, loan=said, file=file, kept_photos=photos
            )
    raise Refused("unknown-loan", loan=visit.part("loan"))


def _respect_of_asker(loan: Mapping[str, Any], usual: int) -> float:
    """What orders requests: the asker's Respect, the usual one where there is none."""
    respect: float | None = loan["respect"]
    return usual if respect is None or loan["role"] == "borrower" else respect


def _in_common(loan: Mapping[str, Any], friends: Mapping[str, None]) -> int:
    """How much common ground with who asks there is, as far as it orders requests."""
    if loan["role"] == "borrower":
        return 0
    known = {row["member"]: None for row in loan["because"] if row["member"] in friends}
    known |= {member: None for member in loan["recommended_by"] if member in friends}
    return min(len(known), _IN_COMMON_MAX)


def _place_words(visit: Visit, loan: Mapping[str, Any]) -> list[str]:
    """Why a request stands where it does: what is known of who asks."""
    if loan["role"] == "borrower" or loan["state"] != "asked":
        return []
    said = []
    if loan["recommended_by_names"]:
        names = Words(visit.language).names(loan["recommended_by_names"])
        said.append(visit.gettext("Recommended by {names}.").format(names=names))
    name = loan["borrower_name"]
    return [
        *said,
        *respect_sentences(loan, name, visit),
        *because_sentences(loan, name, visit.gettext, is_me=False),
    ]


def _coming_file(visit: Visit, loan: str) -> dict[str, Any] | None:
    """The file that I may fetch for a loan, with how far it is."""
    if visit.node.files is None:
        return None
    for row in visit.node.files.fetching.files():
        if row["loan"] == loan:
            return {**row, "sentence": file_sentence(row, translator(visit.language))}
    return None


async def store_file(visit: Visit, *_: object) -> web.StreamResponse:
    """A file that has come, for the browser to store."""
    return await content(visit.request, visit.node, visit.part("loan"))


async def fetch_file(visit: Visit, form: Form) -> str:
    """Try now rather than later."""
    loan = ids.resolve_loan(visit.core, visit.part("loan"))
    shelf_of(visit.node).fetching.fetch_again(loan)
    return _place(visit, "fetching")


def _mediation_in_words(visit: Visit, row: Mapping[str, Any]) -> dict[str, Any]:
    fault, _, text = row["text"].partition("\n")
    return {
        **row,
        "sentence": mediation_sentence(row, visit.gettext),
        "fault": fault_word(fault, visit.gettext),
        "text": text,
    }


def _loans(visit: Visit) -> list[dict[str, Any]]:
    return [loan for loan in views.loans(visit.core) if isinstance(loan, dict)]


def in_words(visit: Visit, loan: Mapping[str, Any]) -> dict[str, Any]:
    """A loan with its sentence and, when it cannot go on yet, the reason."""
    words = Words(visit.language)
    names = {
        "through": words.names(loan["path_names"][1:-1]),
        "day": words.day(loan["other_way_on"][:10]) if loan["other_way_on"] else "",
        "other": loan["other_name"],
        "borrower": loan["borrower_name"],
        "holder": loan["holder_name"],
    }
    yes, no, counter = answer_words(loan)
    named = {**names, "title": loan["title"]}
    return {
        **loan,
        "sentence": visit.gettext(sentence(loan)).format(**names),
        "place_words": _place_words(visit, loan),
        "yes_words": visit.gettext(yes).format(**named),
        "no_words": visit.gettext(no).format(**named),
        "counter_words": visit.gettext(counter).format(**named),
        "because_words": because_sentences(loan, loan["borrower_name"], visit.gettext, is_me=False),
        "failure_words": failure_sentences(loan["failures"], loan["borrower_name"], visit.gettext),
        "mediation_words": ""
        if loan["mediation"] is None
        else waiting_sentence(loan["mediation"], visit.gettext),
        "ended_words": ended_sentence(loan, visit.gettext),
        "faults": [(word, visit.gettext(text)) for word, text in FAULTS.items()],
        "account_words": account_sentences(
            loan["account"], loan["borrower_name"], visit.gettext, visit.ngettext
        ),
        "engagement": []
        if loan["engages"] is None
        else engagement_sentences(loan, words.dates(dict(loan)), visit.gettext, visit.ngettext),
        "notices": [visit.gettext(text).format(**names) for text in notices(loan)],
        "why_not_yet": [
            messages.say(reason["code"], reason["values"], visit.language)
            for reason in loan["reasons"]
        ],
    }


async def answer(visit: Visit, form: Form) -> str:
    """Yes, no or other dates: by the holder, or by the borrower to a proposal."""
    await visit.command(read_answer(form, visit.part("loan")))
    return _place(visit, "answered")


async def move_end(visit: Visit, form: Form) -> str:
    """Another last day: asked for by the borrower, or by whose thing it is."""
    if not form.text("to"):
        raise Refused("dates-incomplete")
    end = dates.read_end(form.text("to"))
    await visit.command(commands.MoveEnd(visit.part("loan"), end, form.text("message")))
    return _place(visit, "answered")


async def report(visit: Visit, form: Form) -> str:
    event = form.choice("what", {event.name.lower(): event for event in Event})
    await visit.command(commands.Report(visit.part("loan"), event, form.text("message")))
    return _place(visit, "reported")


async def repaired(visit: Visit, form: Form) -> str:
    await visit.command(commands.Repaired(visit.part("loan")))
    return _place(visit, "repaired")


async def pass_on(visit: Visit, form: Form) -> str:
    passes = form.choice("answer", {"yes": True, "no": False})
    await visit.command(commands.Recommend(visit.part("loan"), passes))
    return "/inbox?done=passed-on" if passes else "/inbox?done=set-aside"


async def hand_over(visit: Visit, form: Form) -> str:
    return await _step(visit, form, commands.HandOver(visit.part("loan")), "handed-over")


async def give_back(visit: Visit, form: Form) -> str:
    return await _step(visit, form, commands.GiveBack(visit.part("loan")), "returned")


def _loan_id(visit: Visit) -> str:
    """The whole id of the loan that the address means, on paper or not. Raises Refused."""
    on_paper = paper.find(visit.core, visit.part("loan"))
    if on_paper is not None:
        return on_paper.loan.hex()
    return ids.resolve_loan(visit.core, visit.part("loan")).hex()


async def _step(
    visit: Visit, form: Form, command: commands.HandOver | commands.GiveBack, step: str
) -> str:
    """A thing changed hands; with photos of how it was, which stay at this home."""
    loan = _loan_id(visit)
    shelf = visit.node.loan_photos
    before = shelf.names(loan)
    try:
        # What is no picture is refused before anything is said to anybody.
        for file in form.files("photo"):
            await asyncio.to_thread(shelf.add, loan, step, file.data, file.name)
        await visit.command(command)
    except Refused:
        for name in shelf.names(loan):
            if name not in before:
                await asyncio.to_thread(shelf.remove, loan, name)
        raise
    return _place(visit, step)


async def show_loan_photo(visit: Visit, *_: object) -> web.StreamResponse:
    """A photo of how the thing was."""
    loan = _loan_id(visit)
    data = await asyncio.to_thread(visit.node.loan_photos.read, loan, visit.part("photo"))
    return web.Response(body=data, content_type="image/jpeg", headers=PICTURE_HEADERS)


async def remove_loan_photo(visit: Visit, form: Form) -> str:
    loan = _loan_id(visit)
    await asyncio.to_thread(visit.node.loan_photos.remove, loan, form.text("gone"))
    return _place(visit, "photos")


async def cancel(visit: Visit, form: Form) -> str:
    await visit.command(commands.CancelLoan(visit.part("loan"), form.text("message")))
    return "/inbox?done=cancelled"


async def rate(visit: Visit, form: Form) -> str:
    confiance = form.number("confiance", 0, 1)
    respect = form.number("respect", 0, 10)
    fault = Fault.NONE
    if confiance == 0 and form.text("fault"):
        fault = form.choice("fault", FAULTS_BY_WORD)
    mediator, text = form.text("mediator") or None, form.text("message")
    answer = await visit.command(
        commands.Rate(
            visit.part("loan"), confiance, respect, fault, mediator=mediator, message=text
        )
    )
    assert isinstance(answer, Mapping), "the loan and its state"
    return _place(visit, "both-rated" if answer["state"] == "rated" else "rated")


async def reply(visit: Visit, form: Form) -> str:
    await visit.command(commands.ReplyTo(visit.part("loan"), form.text("message")))
    return _place(visit, "answered")


async def mediate(visit: Visit, form: Form) -> str:
    """Say to who asked me how it stands; nobody else is told."""
    settled = form.choice("answer", {"settled": True, "stands": False})
    await visit.command(commands.Mediate(visit.part("loan"), settled))
    return "/inbox?done=answered"


async def take_back(visit: Visit, form: Form) -> str:
    """What I said of how it went counts as never said."""
    await visit.command(commands.TakeBack(visit.part("loan")))
    return _place(visit, "taken-back")


def _place(visit: Visit, done: str) -> str:
    return f"/loans/{quote(visit.part('loan'))}?done={done}"
