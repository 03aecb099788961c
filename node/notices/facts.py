"""What deserves a notice: facts with keys that stay, read off loans and friends.

A fact that was told once is known by its key and not told again; nothing is told of what
the owner did. Facts about days (what is due, what is late) appear when their minute comes:
``next_minute`` says when to look again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from node.engine.calendar import MINUTES_PER_DAY
from node.i18n import N_

Row = Mapping[str, Any]

EVENTS: Final = {
    "asked": N_("Somebody asks for one of my things"),
    "answered": N_("There is an answer to what I asked for"),
    "between": N_("Somebody asks to be passed on"),
    "changed": N_("Something changed about a loan"),
    "due": N_("Something is to be fetched or brought back, or is late"),
    "people": N_("Somebody has become my friend, or somebody I answer for needs me"),
}
"""What the owner chooses by, in the words of the settings."""

SENTENCES: Final = {
    "asked": N_("{other} asks for “{title}”."),
    "asked_flat": N_("{other} asks for “{title}”, which is of the flat."),
    "cared": N_("{other} looked after “{title}” for the flat."),
    "between": N_("{borrower} asks {holder} for “{title}”, through you."),
    "yes": N_("{other} said yes: “{title}”."),
    "accepted": N_("{other} takes the dates that you proposed: “{title}”."),
    "no": N_("{other} cannot lend “{title}” this time."),
    "expired": N_("Nobody answered in time about “{title}”."),
    "countered": N_("{other} proposes other dates for “{title}”."),
    "dates": N_("{other} asks for other dates for “{title}”."),
    "moved": N_("New dates are agreed with {other} for “{title}”."),
    "cancelled": N_("{other} cancelled “{title}”."),
    "withdrawn": N_("{other} does not need “{title}” any more."),
    "handed_over": N_("{other} noted that “{title}” was handed over."),
    "returned": N_("{other} noted that “{title}” was brought back."),
    "lost": N_("{other} says that “{title}” is lost."),
    "kept": N_("{other} says that “{title}” is a gift."),
    "damaged": N_("{other} says that “{title}” was damaged."),
    "repair": N_("“{title}”: what would put it right with {other}?"),
    "repaired": N_("{other} says that it was made good: “{title}”."),
    "fetch": N_("“{title}” is to change hands tomorrow or today ({other})."),
    "due": N_("“{title}” is to be brought back tomorrow or today ({other})."),
    "late": N_("“{title}” was to be back by now ({other})."),
    "file": N_("The file of “{title}” has come."),
    "friend": N_("{other} is your friend now."),
    "conflict": N_("You answer for {other}, who gives the same contact as somebody else: look."),
}
_EVENT_OF: Final = {
    "asked": "asked", "asked_flat": "asked",
    "between": "between", "yes": "answered", "accepted": "answered",
    "no": "answered", "expired": "answered", "countered": "answered", "fetch": "due",
    "due": "due", "late": "due", "friend": "people", "conflict": "people",
}  # fmt: skip
_UNMET: Final = {"declined": "no", "expired": "expired"}
_ENDS: Final = ("cancelled", "withdrawn", "handed_over", "returned", "lost", "kept")
# People are told at eight in the morning of the day before.
_HOUR_TOLD_MINUTES: Final = 8 * 60


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to be told once.

    Args:
        key: the same as long as it is the same fact.
        says: a key of ``SENTENCES``.
        values: what its sentence names.
        href: the page about it.
    """

    key: str
    says: str
    values: dict[str, str]
    href: str

    @property
    def event(self) -> str:
        """A key of ``EVENTS``."""
        return _EVENT_OF.get(self.says, "changed")


def facts(
    loans: Iterable[Row],
    friends: Iterable[Row],
    me: str,
    local_minute: int,
    conflicts: Iterable[Row] = (),
    files: Iterable[Row] = (),
) -> list[Fact]:  # fmt: skip
    """All that holds now, in the order of the rows.

    Args:
        loans, friends: rows of ``views.loans`` and ``views.friends``.
        me: hex.
        conflicts: rows of ``contacts.view``: sponsors of the two are told (spec §9.5).
        local_minute: calendar minute at home.
        files: rows of ``node.transport.file_fetching``.
    """
    found = [fact for loan in loans for fact in _of_loan(loan, me, local_minute)]
    found += [
        Fact(f"friend/{friend['member']}", "friend", {"other": friend["name"]}, "/friends")
        for friend in friends
        if friend["live"]
    ]
    found += [
        Fact(f"file/{row['loan']}", "file", {"title": row["title"]}, f"/loans/{row['loan']}")
        for row in files
        if row["state"] == "here"
    ]
    for row in conflicts:
        for key, is_mine in (("", row["is_mine"]), ("other_", row["other_is_mine"])):
            if is_mine:
                member, name = row["other" if key else "member"], row[f"{key}name"]
                of = f"conflict/{member}/{row['what']}"
                found.append(Fact(of, "conflict", {"other": name}, "/house"))
    return found


def next_minute(loans: Iterable[Row], local_minute: int) -> int | None:
    """The next calendar minute at which time alone makes a fact; None when there is none."""
    coming = [minute for loan in loans for minute, _ in _days(loan) if minute > local_minute]
    return min(coming, default=None)


def _of_loan(loan: Row, me: str, local_minute: int) -> Iterator[Fact]:
    values = {
        "title": loan["title"], "other": loan["other_name"],
        "borrower": loan["borrower_name"], "holder": loan["holder_name"],
    }  # fmt: skip

    def fact(says: str, *of: object) -> Fact:
        key = "/".join(map(str, (says, loan["loan"], *of)))
        return Fact(key, says, values, f"/loans/{loan['loan']}")

    span = (loan["from"], loan["to"])
    for says, of in _steps(loan, me):
        yield fact(says, *of)
    for minute, says in _days(loan):
        if minute <= local_minute:
            yield fact(says, *span)


def _steps(loan: Row, me: str) -> Iterator[tuple[str, tuple[object, ...]]]:
    """What others did, with what else tells it from the same step another time."""
    state, role, span = loan["state"], loan["role"], (loan["from"], loan["to"])
    if role == "between":
        if loan["waits_for_me"]:
            yield "between", ()
        return
    if loan["paper"]:
        return
    if state == "asked" and role == "holder" and loan["waits_for_me"]:
        yield "asked", span
    if loan["proposal"] is not None and loan["proposal"]["by"] != me:
        yield "dates", (loan["proposal"]["from"], loan["proposal"]["to"])
    if loan["repair_asked"]:
        yield "repair", ()
    if loan["repaired_by_other"]:
        yield "repaired", ()
    if any(member != me for member in loan["damaged_by"]):
        yield "damaged", ()
    if loan["agreed_by"] != me:
        yield from _agreed(loan)
    if loan["changed_by"] == me and state != "expired":
        return
    if role == "borrower" and state == "countered":
        yield "countered", span
    elif state in _UNMET and role == "borrower":
        yield _UNMET[state], (loan["agreements"],)
    elif state in _ENDS:
        yield state, ()


def _agreed(loan: Row) -> Iterator[tuple[str, tuple[object, ...]]]:
    """The other said yes: to the request, to dates I proposed, or to new ones later on."""
    state, times = loan["state"], loan["agreements"]
    if times > 1 and state in ("agreed", "handed_over"):
        yield "moved", (loan["from"], loan["to"])
    elif times == 1 and state == "agreed":
        yield ("yes" if loan["role"] == "borrower" else "accepted"), (times,)


def _days(loan: Row) -> list[tuple[int, str]]:
    """The minutes at which something is to be remembered, and what."""
    if loan["role"] == "between" or loan["kind"] == "copy":
        return []
    if loan["state"] == "agreed":
        return [(_day_before(loan["from_minute"], "T" in loan["from"]), "fetch")]
    if loan["state"] != "handed_over":
        return []
    end = loan["to_minute"]
    last = end if "T" in loan["to"] else end - MINUTES_PER_DAY
    return [(_day_before(last, "T" in loan["to"]), "due"), (end + MINUTES_PER_DAY, "late")]


def _day_before(minute: int, has_time: bool) -> int:
    return minute - MINUTES_PER_DAY + (0 if has_time else _HOUR_TOLD_MINUTES)
