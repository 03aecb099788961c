"""An answer to a request, as a form gives it: from the holder, or a flatmate for the flat."""

from __future__ import annotations

from node import dates
from node.engine.commands import AnswerLoan
from node.web.forms import Form
from protocol.errors import Refused


def read_answer(form: Form, loan: str) -> AnswerLoan:
    """Yes, no or other dates. Raises Refused."""
    word = form.choice("answer", {"yes": "yes", "no": "no", "counter": "counter"})
    start: int | None = None
    end: int | None = None
    if word == "counter":
        if not form.text("from") or not form.text("to"):
            raise Refused("dates-incomplete")
        start, end = dates.read_span(form.text("from"), form.text("to"))
    return AnswerLoan(loan, word, start, end, form.text("message"))
