"""Things of the flat: held by one flatmate, looked after by all of them.

The holder marks a thing of theirs. From then on every flatmate of this computer sees who asks
for it, and can answer, hand it over and take it back. What they do is done by the holder's own
node and signed with its key, as if the holder had done it; the holder's home notes who it was.
To everybody outside it is the holder's thing like any other.

A flatmate can do nothing else in another's home: not with other things, not with loans of a
thing that is no longer the flat's, and not what only the holder can say (how it went, what
was lost).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from node.engine import commands, ids, views
from node.engine.core import Core
from node.flat.note import NAME, THINGS_MAX, Act, Note, read_note, write_note
from node.i18n import N_
from node.notices.facts import Fact
from protocol.errors import Refused

if TYPE_CHECKING:
    from node.api.protocols import NodeLike
    from protocol.keys import MemberId

ACTS: Final = {
    "yes": N_("{name} said yes."),
    "no": N_("{name} said no."),
    "counter": N_("{name} proposed other dates."),
    "handed-over": N_("{name} handed it over."),
    "returned": N_("{name} took it back."),
}
"""What a flatmate can do for the flat, as the holder reads it."""
_CAN: Final = ("answer", "handover", "return")
_SHOWN: Final = (
    "loan", "thing", "title", "kind", "conditions", "licence", "state", "from", "to",
    "borrower_name", "holder_name", "messages", "proposal", "late_days", "role",
)  # fmt: skip
"""What of a loan a flatmate sees; nothing of what others said of the borrower."""


def things_of(core: Core) -> list[dict[str, Any]]:
    """One's own things that are of the flat."""
    marked = read_note(core).things
    things: list[Any] = views.things(core)
    return [thing for thing in things if thing["thing"] in marked]


def loans_of(core: Core, reader: MemberId) -> list[dict[str, Any]]:
    """Open loans of these things, as a flatmate sees them, with what can be done.

    What the flatmate asks for is left out: nobody says yes to themselves.
    """
    note = read_note(core)
    if not note.things:
        return []
    loans: list[Any] = views.loans(core, only_open=True)
    return [
        {
            **{key: loan[key] for key in _SHOWN},
            "can": [] if loan["reasons"] else [verb for verb in loan["can"] if verb in _CAN],
            "waits": loan["waits_for_me"] and "answer" in loan["can"],
            "acts": acts_on(note, loan["loan"]),
        }
        for loan in loans
        if loan["role"] == "holder" and not loan["paper"] and loan["thing"] in note.things
        if loan["borrower"] != reader.hex()
    ]


def loan_of(core: Core, reader: MemberId, loan: str) -> dict[str, Any]:
    """One of them. Raises Refused."""
    for row in loans_of(core, reader):
        if row["loan"] == loan:
            return row
    raise Refused("unknown-loan", loan=loan[:40])


def acts_on(note: Note, loan: str) -> list[Act]:
    return [act for act in note.acts if act.loan == loan]


def facts_for_flatmates(loans: Iterable[dict[str, Any]]) -> list[Fact]:
    """What every flatmate is told: a thing of the flat is asked for.

    Args:
        loans: as of ``loans_of``, with the ``slug`` of their holder.
    """
    return [
        Fact(
            f"asked_flat/{loan['loan']}/{loan['from']}",
            "asked_flat",
            {"title": loan["title"], "other": loan["borrower_name"]},
            f"/for-the-flat/{loan['slug']}/{loan['loan']}",
        )
        for loan in loans
        if loan["waits"]
    ]


def facts_for_holder(core: Core) -> list[Fact]:
    """What the holder is told: a flatmate did something about a thing of theirs."""
    acts = read_note(core).acts
    if not acts:
        return []
    loans: list[Any] = views.loans(core)
    titles = {loan["loan"]: loan["title"] for loan in loans}
    return [
        Fact(
            f"cared/{act.loan}/{act.did}/{act.at_ms}",
            "cared",
            {"title": titles[act.loan], "other": act.by},
            f"/loans/{act.loan}",
        )
        for act in acts
        if act.loan in titles
    ]


async def mark(node: NodeLike, core: Core, thing: str, *, is_common: bool) -> None:
    """Say that a thing of one's own is of the flat, or no longer. Raises Refused."""
    found = ids.resolve_thing(core, thing)
    if found.author != core.me:
        raise Refused("not-your-thing", thing=thing[:40])
    note = read_note(core).with_thing(found.object.hex(), is_common=is_common)
    # What was withdrawn since is forgotten: the list stays as short as what it is about.
    mine = [row["thing"] for row in things_list(core)]
    kept = tuple(each for each in note.things if each in mine)
    if len(kept) > THINGS_MAX:
        raise Refused("too-many-common-things", maximum=THINGS_MAX)
    await keep(node, Note(note.offers, kept, note.acts))


def things_list(core: Core) -> list[dict[str, Any]]:
    return [row for row in views.things(core) if isinstance(row, dict)]


async def act(
    node: NodeLike,
    core: Core,
    by: tuple[MemberId, str],
    loan: str,
    did: str,
    command: commands.Command,
) -> None:
    """Let a flatmate do something about a loan, and note who it was. Raises Refused.

    Args:
        by: the flatmate, and their name.
    """
    member, name = by
    verb = {"handed-over": "handover", "returned": "return"}.get(did, "answer")
    if verb not in loan_of(core, member, loan)["can"]:
        raise Refused("not-for-the-flat")
    await node.command(command)
    done = Act(loan, name, did, time.time_ns() // 1_000_000)
    await keep(node, read_note(core).with_act(done))


async def keep(node: NodeLike, note: Note) -> None:
    await node.command(commands.KeepNote(NAME, write_note(note)))
