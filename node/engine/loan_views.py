"""What the owner sees of loans: one row each, with what can be done now.

Reads, never changes. The other party's words are opened here, for the eyes of the
two parties only; go-betweens see who, what and when.

Pure: must not import anything that acts.

Spec: §11.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from node.engine import (
    after_rating,
    capacity,
    loan_links,
    mediations,
    other_ways,
    paper,
    ratings,
    standing_rules,
)
from node.engine.asking import judge, needs_word, why_not_answerable
from node.engine.booking import why_taken
from node.engine.calendar import MINUTES_PER_DAY, instant_text, span_text
from node.engine.core import Core
from node.engine.events import Json
from node.engine.loan_book import book_of
from node.engine.loan_dates import why_not_propose
from node.engine.loan_history import agreed_by, changed_by, changed_ms
from node.engine.loan_outcomes import may_return_unsaid, why_cannot_report
from node.engine.loan_steps import (
    dates_asked,
    has_passed_round,
    is_asked,
    is_set_aside,
    text_of,
    thing_of,
)
from node.engine.radius import why_wait
from node.trust.judgement import Judgement
from node.trust.ledger import Account
from protocol.bodies import Event, RatingBody, ThingKind
from protocol.errors import Refused
from protocol.exchange import LoanState, Role, State, role_on
from protocol.keys import MemberId

_MS_PER_MINUTE: Final = 60 * 1000
_MS_PER_DAY: Final = MINUTES_PER_DAY * _MS_PER_MINUTE

_KIND_WORDS = {
    ThingKind.OBJECT: "object",
    ThingKind.STAY: "stay",
    ThingKind.SPOT: "spot",
    ThingKind.COPY: "copy",
    ThingKind.WANTED: "wanted",
}


def loans_view(core: Core, only_open: bool = False) -> list[Json]:
    """Loans as holder, borrower or go-between, the newest first.

    Args:
        only_open: leave out those in which nothing is to be done by anybody.
    """
    rows = [
        (loan.asked_ms, loan.loan, _row(core, loan))
        for loan in book_of(core).states()
        if not only_open or _is_open(core, loan)
    ]
    rows += [
        (loan.lent_ms, loan.loan, _paper_row(core, loan))
        for loan in paper.paper_loans(core)
        if not only_open or not loan.is_back
    ]
    rows.sort(key=lambda row: row[:2], reverse=True)
    return [row for _, _, row in rows]


def _is_open(core: Core, loan: LoanState) -> bool:
    return (
        loan.at(core.now_ms).is_open
        or ratings.why_cannot_rate(core, loan) is None
        or after_rating.is_repair_asked(core, loan)
    )


def _row(core: Core, loan: LoanState) -> dict[str, Json]:
    role = role_on(loan.path, core.me)
    assert role is not None, "only loans whose path leads through here are kept"
    state = loan.at(core.now_ms)
    asked = thing_of(core, loan)
    other = loan.holder if role is Role.BORROWER else loan.borrower
    start, end = span_text(*loan.dates)
    reasons = _reasons(core, loan, role, state)
    verbs = tuple(_verbs(core, loan, role, state))
    messages = _messages(core, loan)
    said_by_other: list[Json] = [m["text"] for m in messages if m["by"] != core.me.hex()]
    asker = judge(core, loan.borrower)
    return {
        "loan": loan.loan.hex(),
        "thing": loan.terms.thing.hex(),
        "title": asked.title,
        "kind": _KIND_WORDS[asked.kind],
        "conditions": asked.conditions,
        "licence": asked.licence,
        "role": role.value,
        "state": state.value,
        "from": start,
        "to": end,
        "from_minute": loan.dates[0],
        "to_minute": loan.dates[1],
        "late_days": _late_days(core, loan.dates[1]) if state is State.HANDED_OVER else 0,
        "proposal": _proposal_json(core, loan),
        "damaged_by": [member.hex() for member in loan.damaged_by],
        "damaged_by_names": [core.name_of(member) for member in loan.damaged_by],
        "paper": False,
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
        "agreements": len(loan.contracts),
        "agreed_by": (agreed_by(core, loan) or MemberId(b"")).hex(),
        "changed": instant_text(changed_ms(core, loan)),
        "changed_by": (changed_by(core, loan, state) or MemberId(b"")).hex(),
        "answer_by": instant_text(loan.answer_by_ms),
        "can": list(verbs),
        "waits_for_me": _waits_for_me(core, loan, verbs, reasons),
        "set_aside": _is_left_aside(core, loan),
        "engages": _engages_json(core, loan, role),
        "reasons": [{"code": r.code, "values": _values(r)} for r in reasons],
        "waits_for_word": role is Role.BORROWER and other_ways.waits_for_word(loan),
        "ended_between": _ended_between_json(core, loan),
        **_other_way_json(core, loan),
        "needs_word": role is not Role.BORROWER and needs_word(core, loan),
        "respect": asker.respect,
        "respect_raters": asker.respect_raters,
        "confiance": asker.confiance,
        "because": because_json(core, asker),
        "account": account_json(asker.account),
        "rated": _rating_json(ratings.rated_by_me(core, loan)),
        "rated_by_other": _rating_json(ratings.rating_by(core, loan, other)),
        "mediators": _mediators(core, loan, verbs),
        "mediation": mediations.view_of(core, loan.loan),
        "taken_back": after_rating.is_taken_back(core, loan.loan, core.me),
        "taken_back_by_other": after_rating.is_taken_back(core, loan.loan, other),
        "reply": after_rating.reply_of(core, loan.loan, core.me),
        "reply_of_other": after_rating.reply_of(core, loan.loan, other),
        "failures": _failures(core, loan, role),
        "repair_asked": after_rating.is_repair_asked(core, loan),
        "repaired": ratings.is_repaired(core, loan, core.me),
        "repaired_by_other": ratings.is_repaired(core, loan, other),
    }


def _ended_between_json(core: Core, loan: LoanState) -> Json:
    """Between whom on its path a friendship has ended, I being the first where it was mine."""
    pair = loan_links.ended_between(core, loan.path)
    if pair is None:
        return None
    one, two = (pair[1], pair[0]) if pair[1] == core.me else pair
    is_mine = one == core.me
    return {
        "one": one.hex(),
        "one_name": core.name_of(one),
        "two": two.hex(),
        "two_name": core.name_of(two),
        "is_mine": is_mine,
        "goes_on": not is_mine or loan_links.carries(core, two, loan.loan),
    }


def _is_left_aside(core: Core, loan: LoanState) -> bool:
    """Whether the owner said "not now", to this or to all of this friend's."""
    if is_set_aside(core, loan.loan):
        return True
    is_open = core.me in loan.path[1:-1] and core.me not in dict(loan.passed)
    return is_open and standing_rules.is_never(core, loan)


def _engages_json(core: Core, loan: LoanState, role: Role) -> Json:
    """What my word would engage: units given to my neighbour on the borrower's side.

    None where there is nothing to say; ``units`` is None where nobody counts them.
    """
    if role is not Role.BETWEEN or core.me in dict(loan.passed):
        return None
    friend = capacity.towards_borrower(core, loan)
    counts = bool(core.charter.capacity_max)
    return {
        "friend": friend.hex(),
        "name": core.name_of(friend),
        "units": capacity.capacity(core, friend) if counts else None,
        "engaged": capacity.engaged(core, friend) if counts else None,
    }


def _mediators(core: Core, loan: LoanState, verbs: tuple[str, ...]) -> list[Json]:
    """Whom I could choose if it was unkind or unsafe, while I can rate."""
    if "rate" not in verbs or not core.charter.mediation_ms:
        return []
    return [
        {"member": member.hex(), "name": core.name_of(member)}
        for member in mediations.mediators(core, loan)
    ]


def _failures(core: Core, loan: LoanState, role: Role) -> list[Json]:
    """What is said of who asks, for those who are asked. Spec: §11.5."""
    if role is Role.BORROWER or not is_asked(core, loan):
        return []
    return after_rating.failures_of(core, loan.borrower)


def _other_way_json(core: Core, loan: LoanState) -> dict[str, Json]:
    """How a request of mine went on by another way, or will."""
    plan, again = other_ways.plan_of(core, loan.loan), other_ways.went_on_as(core, loan.loan)
    due_ms = other_ways.due_ms(core, loan)
    return {
        "asked_again": None if again is None else again.hex(),
        "asked_before": plan.before.hex() if plan is not None and plan.before else None,
        "other_way_on": None if due_ms is None else instant_text(due_ms),
    }


def _paper_row(core: Core, loan: paper.PaperLoan) -> dict[str, Json]:
    """A loan on paper, with the keys that every loan has."""
    start, end = span_text(loan.from_minute, loan.to_minute)
    me, my_name = core.me.hex(), core.name_of(core.me)
    verbs: list[Json] = [] if loan.is_back else ["return"]
    return {
        "loan": loan.loan.hex(),
        "thing": loan.thing.hex(),
        "title": loan.title,
        "kind": _KIND_WORDS[ThingKind.OBJECT],
        "conditions": "",
        "licence": "",
        "role": Role.HOLDER.value,
        "state": (State.RETURNED if loan.is_back else State.HANDED_OVER).value,
        "from": start,
        "to": end,
        "from_minute": loan.from_minute,
        "to_minute": loan.to_minute,
        "late_days": 0 if loan.is_back else _late_days(core, loan.to_minute),
        "proposal": None,
        "damaged_by": [],
        "damaged_by_names": [],
        "paper": True,
        "holder": me,
        "holder_name": my_name,
        "borrower": "",
        "borrower_name": loan.name,
        "other": "",
        "other_name": loan.name,
        "path": [me],
        "path_names": [loan.name, my_name],
        "recommended_by": [],
        "recommended_by_names": [],
        "message": "",
        "messages": [],
        "asked": instant_text(loan.lent_ms),
        "agreements": 1,
        "agreed_by": me,
        "changed": instant_text(loan.lent_ms),
        "changed_by": me,
        "answer_by": instant_text(loan.lent_ms),
        "can": verbs,
        "waits_for_me": False,
        "set_aside": False,
        "engages": None,
        "reasons": [],
        "waits_for_word": False,
        "ended_between": None,
        "asked_again": None,
        "asked_before": None,
        "other_way_on": None,
        "needs_word": False,
        "respect": None,
        "respect_raters": 0,
        "confiance": 0,
        "because": [],
        "account": account_json(Account()),
        "rated": None,
        "rated_by_other": None,
        "mediators": [],
        "mediation": None,
        "taken_back": False,
        "taken_back_by_other": False,
        "reply": "",
        "reply_of_other": "",
        "failures": [],
        "repair_asked": False,
        "repaired": False,
        "repaired_by_other": False,
    }


def _late_days(core: Core, to_minute: int) -> int:
    """Whole days since the end that was agreed: none on the day after, in any time zone."""
    return max(0, core.now_ms // _MS_PER_MINUTE - to_minute) // MINUTES_PER_DAY


def _proposal_json(core: Core, loan: LoanState) -> Json:
    proposal = loan.proposal_at(core.now_ms)
    if proposal is None or loan.state not in (State.AGREED, State.HANDED_OVER):
        return None
    start, end = span_text(*proposal.dates)
    by = loan.holder if proposal.terms is None else loan.borrower
    return {
        "from": start,
        "to": end,
        "by": by.hex(),
        "by_name": core.name_of(by),
        "is_longer": proposal.dates[1] > loan.dates[1],
        "answer_by": instant_text(proposal.answer_by_ms),
    }


def _verbs(core: Core, loan: LoanState, role: Role, state: State) -> Iterator[str]:
    """The commands that would not be refused now for the loan's state."""
    if role is Role.BETWEEN:
        if state is State.ASKED and core.me not in dict(loan.passed):
            yield "recommend"
        return
    is_holder = role is Role.HOLDER
    if state in (State.ASKED, State.COUNTERED):
        if is_holder == (state is State.ASKED):
            yield "answer"
        if not is_holder or state is State.COUNTERED:
            yield "cancel"
    if state in (State.AGREED, State.HANDED_OVER):
        yield from _verbs_under_way(core, loan, state, is_holder=is_holder)
    if state is State.LOST and is_holder:
        yield "return"
    for event in Event:
        if why_cannot_report(core, loan, event) is None:
            yield event.name.lower()
    if ratings.why_cannot_rate(core, loan) is None:
        yield "rate"
    if ratings.why_cannot_repair(core, loan) is None:
        yield "repaired"
    if after_rating.why_cannot_reply(core, loan) is None:
        yield "reply"
    if after_rating.why_cannot_take_back(core, loan) is None:
        yield "take-back"


def _verbs_under_way(
    core: Core, loan: LoanState, state: State, *, is_holder: bool
) -> Iterator[str]:
    kind = thing_of(core, loan).kind
    proposal = loan.proposal_at(core.now_ms)
    if proposal is not None and is_holder != (proposal.terms is None):
        yield "answer"
    if state is State.HANDED_OVER:
        yield "return"
    else:
        if kind not in (ThingKind.SPOT, ThingKind.COPY):
            yield "handover"
        if may_return_unsaid(core, loan, core.now_ms // _MS_PER_DAY):
            yield "return"
        yield "cancel"
    if kind is not ThingKind.COPY and why_not_propose(core, loan) is None:
        yield "recall" if is_holder else "extend"


def _reasons(core: Core, loan: LoanState, role: Role, state: State) -> list[Refused]:
    """Why a request cannot be answered or passed on yet, for the inbox."""
    if role is Role.BORROWER:
        return []
    if role is Role.HOLDER and is_asked(core, loan):
        taken = why_taken(core, loan, *dates_asked(core, loan))
        if taken is not None:
            return [Refused("queued", **taken.values)]
    if state is not State.ASKED:
        return []
    refusal = why_not_answerable(core, loan)
    if refusal is None and not has_passed_round(core, loan):
        refusal = why_wait(core, loan)
    return [] if refusal is None else [refusal]


def _waits_for_me(
    core: Core, loan: LoanState, verbs: tuple[str, ...], reasons: list[Refused]
) -> bool:
    """Whether the owner is the one to do something (the inbox)."""
    if reasons or _is_left_aside(core, loan):
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


def because_json(core: Core, judgement: Judgement) -> list[Json]:
    """With whom it went well, the last one first, each with their name. Spec: §12.2."""
    return [
        {
            "member": rating.rater.hex(),
            "name": core.name_of(rating.rater),
            "lent": rating.holder == rating.rater,
        }
        for rating in reversed(judgement.because)
    ]


def account_json(account: Account) -> Json:
    """What became of somebody's loans, in numbers. Spec: §12.8."""
    return {
        "good": account.good,
        "bad": account.bad,
        "repaired": account.repaired,
        "under_way": account.under_way,
        "without_answer": account.without_answer,
        "missing": account.missing,
        "is_forked": account.is_forked,
    }


def _values(refusal: Refused) -> dict[str, Json]:
    return {
        name: value if isinstance(value, int | float | str | bool) else str(value)
        for name, value in refusal.values.items()
    }


def _rating_json(rating: RatingBody | None) -> Json:
    if rating is None:
        return None
    return {
        "confiance": rating.confiance,
        "respect": rating.respect,
        "fault": ratings.FAULT_WORDS[rating.fault],
    }
