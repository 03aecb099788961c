"""What the owner sees of loans: one row each, with what can be done now.

Reads, never changes. The other party's words are opened here, for the eyes of the
two parties only; go-betweens see who, what and when.

Pure: must not import anything that acts.

Spec: §11.6.
"""

from __future__ import annotations

from node.engine import ratings
from node.engine.asking import judge, why_not_answerable
from node.engine.calendar import instant_text, span_text
from node.engine.core import Core
from node.engine.events import Json
from node.engine.loan_book import book_of
from node.engine.loan_steps import is_set_aside, text_of, thing_of
from protocol.bodies import ThingKind
from protocol.errors import Refused
from protocol.exchange import LoanState, Role, State, role_on

_KIND_WORDS = {
    ThingKind.OBJECT: "object",
    ThingKind.STAY: "stay",
    ThingKind.SPOT: "spot",
    ThingKind.COPY: "copy",
}


def loans_view(core: Core, only_open: bool = False) -> list[Json]:
    """Loans as holder, borrower or go-between, the newest first.

    Args:
        only_open: leave out those in which nothing is to be done by anybody.
    """
    loans = sorted(
        book_of(core).states(), key=lambda loan: (loan.asked_ms, loan.loan), reverse=True
    )
    return [_row(core, loan) for loan in loans if not only_open or _is_open(core, loan)]


def _is_open(core: Core, loan: LoanState) -> bool:
    return loan.at(core.now_ms).is_open or ratings.why_cannot_rate(core, loan) is None


def _row(core: Core, loan: LoanState) -> dict[str, Json]:
    role = role_on(loan.path, core.me)
    assert role is not None, "only loans whose path leads through here are kept"
    state = loan.at(core.now_ms)
    title, kind = thing_of(core, loan)
    other = loan.holder if role is Role.BORROWER else loan.borrower
    start, end = span_text(*loan.dates)
    reasons = _reasons(core, loan, role, state)
    verbs = _verbs(core, loan, role, state, kind)
    messages = _messages(core, loan)
    said_by_other: list[Json] = [m["text"] for m in messages if m["by"] != core.me.hex()]
    asker = judge(core, loan.borrower)
    return {
        "loan": loan.loan.hex(),
        "thing": loan.terms.thing.hex(),
        "title": title,
        "kind": _KIND_WORDS[kind],
        "role": role.value,
        "state": state.value,
        "from": start,
        "to": end,
        "from_minute": loan.dates[0],
        "to_minute": loan.dates[1],
        "holder": loan.holder.hex(),
        "holder_name": core.name_of(loan.holder),
        "borrower": loan.borrower.hex(),
        "borrower_name": core.name_of(loan.borrower),
        "other": other.hex(),
        "other_name": core.name_of(other),
        "path": [member.hex() for member in loan.path],
        "path_names": [core.name_of(member) for member in loan.path],
        "recommended_by": [m.hex() for m, recommends in loan.passed if recommends],
        "recommended_by_names": [core.name_of(m) for m, recommends in loan.passed if recommends],
        "message": said_by_other[-1] if said_by_other else "",
        "messages": list(messages),
        "asked": instant_text(loan.asked_ms),
        "answer_by": instant_text(loan.answer_by_ms),
        "can": list(verbs),
        "waits_for_me": _waits_for_me(core, loan, verbs, reasons),
        "set_aside": is_set_aside(core, loan.loan),
        "reasons": [{"code": r.code, "values": _values(r)} for r in reasons],
        "respect": asker.respect,
        "confiance": asker.confiance,
        "rated": _rating_json(ratings.rated_by_me(core, loan)),
        "rated_by_other": _rating_json(ratings.rating_by(core, loan, other)),
    }


def _verbs(
    core: Core, loan: LoanState, role: Role, state: State, kind: ThingKind
) -> tuple[str, ...]:
    """The commands that would not be refused now for the loan's state."""
    is_holder = role is Role.HOLDER
    if role is Role.BETWEEN:
        is_waiting = state is State.ASKED and core.me not in dict(loan.passed)
        return ("recommend",) if is_waiting else ()
    match state:
        case State.ASKED:
            return ("answer",) if is_holder else ("cancel",)
        case State.COUNTERED:
            return ("cancel",) if is_holder else ("answer", "cancel")
        case State.AGREED if kind in (ThingKind.SPOT, ThingKind.COPY):
            return ("return", "cancel")
        case State.AGREED:
            return ("handover", "cancel")
        case State.HANDED_OVER:
            return ("return",)
        case State.RETURNED if ratings.why_cannot_rate(core, loan) is None:
            return ("rate",)
        case _:
            return ()


def _reasons(core: Core, loan: LoanState, role: Role, state: State) -> list[Refused]:
    """Why a request cannot be answered or passed on yet, for the inbox."""
    if role is Role.BORROWER or state is not State.ASKED:
        return []
    refusal = why_not_answerable(core, loan)
    return [] if refusal is None else [refusal]


def _waits_for_me(
    core: Core, loan: LoanState, verbs: tuple[str, ...], reasons: list[Refused]
) -> bool:
    """Whether the owner is the one to do something (the inbox)."""
    if reasons or is_set_aside(core, loan.loan):
        return False
    return any(verb in ("answer", "recommend", "rate") for verb in verbs)


def _messages(core: Core, loan: LoanState) -> list[dict[str, Json]]:
    """What the parties wrote, oldest first, as far as this node may read it."""
    texts = []
    for step in book_of(core).steps_of(loan.loan):
        text = text_of(core, step)
        if text:
            texts.append((step.created_ms, step.author, step, text))
    texts.sort(key=lambda item: (item[0], item[1], item[2].kind))
    return [
        {
            "by": author.hex(),
            "by_name": core.name_of(author),
            "step": step.kind.name.lower(),
            "text": text,
        }
        for _, author, step, text in texts
    ]


def _values(refusal: Refused) -> dict[str, Json]:
    return {
        name: value if isinstance(value, int | float | str | bool) else str(value)
        for name, value in refusal.values.items()
    }


def _rating_json(rating: tuple[int, int] | None) -> Json:
    return None if rating is None else {"confiance": rating[0], "respect": rating[1]}
