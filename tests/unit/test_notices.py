"""Notices: what is told, once; what is sent, and when it is given up (node/notices)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.engine.commands import (
    AddThing,
    AnswerLoan,
    CancelLoan,
    GiveBack,
    HandOver,
    KeepNote,
    MoveEnd,
)
from node.engine.desk import NOTE_SIZE_MAX_BYTES
from node.notices import box as boxes
from node.notices.bell import Bell, SendingFailed, box_of
from node.notices.box import BACKOFF_MS, Box, read_box, take_in, write_box
from node.notices.channels import Channels, Mail, Ntfy, check, read_channels, write_channels
from node.notices.facts import EVENTS, SENTENCES, Fact
from node.notices.sending import words
from protocol.errors import Refused
from simulations.street import DAY, DAY_MS
from tests.page_street import StreetNode, ask_for, make_street

NOW_MS = 20_000 * DAY_MS + DAY_MS // 2
MAIL = Mail("mail.example.org", 465, "tls", "ana", "secret", "ana@example.org", "ana@example.org")


@dataclass
class House:
    """Ana and Luc, each with a bell; minutes and messages are the test's."""

    street: Any = field(default_factory=lambda: make_street([(0, 1)], ("Ana", "Luc"), NOW_MS))
    minute: int = NOW_MS // 60_000
    failing: str = ""
    out: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bells = [
            Bell(StreetNode(self.street, n), self.send, self.now_ms, lambda: self.minute)
            for n in (0, 1)
        ]
        self.ring()

    def now_ms(self) -> int:
        return int(self.street.now_ms)

    async def send(self, _: Channels, channel: str, events: Sequence[str], language: str) -> None:
        if self.failing:
            raise SendingFailed(self.failing)
        self.out.append((channel, tuple(events)))

    def ring(self) -> list[float | None]:
        return [asyncio.run(bell.ring()) for bell in self.bells]

    def told(self, number: int) -> list[str]:
        """Sentences, the latest first."""
        found = box_of(self.street.core(number))
        return [SENTENCES[notice.says].format(**notice.values) for notice in found.notices]

    def switch_on(self, number: int, **wanted: list[str]) -> None:
        channels = Channels(MAIL, Ntfy(topic="ana-1"), wanted)
        self.street.run(number, KeepNote("channels", write_channels(channels)))


def test_each_is_told_once_what_the_other_did_and_never_what_they_did_themselves() -> None:
    house = House()
    street = house.street
    drill = street.run(0, AddThing("Drill"))["thing"]
    street.run(1, AddThing("Book"))
    house.ring()
    assert [[], []] == [house.told(0), house.told(1)], "what held at the start is known"

    loan = ask_for(street, 1, drill, 5, 3)
    house.ring()
    assert ["Luc asks for “Drill”."] == house.told(0)
    street.run(0, AnswerLoan(loan, "yes"))
    house.ring()
    assert ["Ana said yes: “Drill”."] == house.told(1)
    street.run(0, HandOver(loan))
    house.ring()
    street.run(1, GiveBack(loan))
    house.ring()
    house.ring()
    street.restart(0)
    house.ring()
    assert ["Luc noted that “Drill” was brought back.", "Luc asks for “Drill”."] == house.told(0)
    assert ["Ana noted that “Drill” was handed over.", "Ana said yes: “Drill”."] == house.told(1)
    other = ask_for(street, 1, drill, 30, 3)
    street.run(1, CancelLoan(other))
    house.ring()
    assert "Luc does not need “Drill” any more." == house.told(0)[0]
    assert [] == house.out, "nobody switched anything on"


def test_who_proposed_other_dates_is_told_that_they_were_taken() -> None:
    """Before the agreement and after it, and also while the thing is out."""
    house = House()
    street = house.street
    drill = street.run(0, AddThing("Drill"))["thing"]
    street.run(1, AddThing("Book"))
    loan = ask_for(street, 1, drill, 5, 3)
    start = (NOW_MS // DAY_MS + 8) * DAY
    street.run(0, AnswerLoan(loan, "counter", start, start + 2 * DAY))
    house.ring()
    street.run(1, AnswerLoan(loan, "yes"))
    house.ring()

    assert "Luc takes the dates that you proposed: “Drill”." == house.told(0)[0]
    assert "Ana proposes other dates for “Drill”." == house.told(1)[0], "Luc said it himself"
    street.run(0, HandOver(loan))
    house.ring()
    street.run(0, MoveEnd(loan, start + DAY))
    house.ring()
    street.run(1, AnswerLoan(loan, "yes"))
    house.ring()
    assert "New dates are agreed with Luc for “Drill”." == house.told(0)[0]
    assert "Ana asks for other dates for “Drill”." == house.told(1)[0]
    street.run(1, MoveEnd(loan, start + 4 * DAY))
    house.ring()
    street.run(0, AnswerLoan(loan, "yes"))
    house.ring()
    assert "New dates are agreed with Ana for “Drill”." == house.told(1)[0]
    assert "Luc asks for other dates for “Drill”." == house.told(0)[0]


def test_days_make_notices_when_they_come_and_the_bell_sleeps_until_then() -> None:
    """The day before at eight; late a day after; asleep for good when nothing is out."""
    house = House()
    street = house.street
    drill = street.run(0, AddThing("Drill"))["thing"]
    street.run(1, AddThing("Book"))
    assert [None, None] == house.ring()
    loan = ask_for(street, 1, drill, 3, 2)
    street.run(0, AnswerLoan(loan, "yes"))
    assert 3600.0 == house.ring()[0], "the clock may be set meanwhile"
    today = NOW_MS // DAY_MS * DAY
    house.minute = today + 2 * DAY + 8 * 60 - 1
    assert 60.0 == house.ring()[0]
    house.minute += 1
    house.ring()
    assert "“Drill” is to change hands tomorrow or today (Luc)." == house.told(0)[0]
    street.run(0, HandOver(loan))
    house.minute = today + 3 * DAY + 8 * 60
    house.ring()
    assert "“Drill” is to be brought back tomorrow or today (Ana)." == house.told(1)[0]
    house.minute = today + 6 * DAY
    house.ring()
    assert "“Drill” was to be back by now (Ana)." == house.told(1)[0]
    street.run(1, GiveBack(loan))
    assert [None, None] == house.ring()


def test_only_what_was_switched_on_is_sent_and_tells_no_names() -> None:
    house = House()
    house.switch_on(0, asked=["mail", "ntfy"], changed=["mail"])
    drill = house.street.run(0, AddThing("Drill"))["thing"]
    house.street.run(1, AddThing("Book"))
    loan = ask_for(house.street, 1, drill, 1, 3)
    house.ring()
    house.ring()
    assert [("mail", ("asked",)), ("ntfy", ("asked",))] == house.out
    house.street.run(1, CancelLoan(loan))
    house.ring()
    assert ("mail", ("changed",)) == house.out[-1]
    assert 3 == len(house.out)
    for language in ("en", "fr", "es"):
        subject, text = words([*EVENTS], language)
        assert not any(name in subject + text for name in ("Luc", "Ana", "Drill", "{", "http"))
        assert len(EVENTS) + 2 == len(text.splitlines())


def test_what_fails_is_tried_later_and_later_and_given_up_and_what_comes_meanwhile_goes_along() -> (
    None
):
    house = House()
    house.switch_on(0, asked=["mail"], people=["mail"])
    drill = house.street.run(0, AddThing("Drill"))["thing"]
    house.street.run(1, AddThing("Book"))
    house.failing = "550"
    ask_for(house.street, 1, drill, 1, 3)
    waits = []
    for _ in range(20):
        house.ring()
        parcel = box_of(house.street.core(0)).parcels["mail"]
        assert "550" == parcel.problem
        if parcel.next_ms is None:
            break
        waits.append(parcel.next_ms - house.street.now_ms)
        house.ring()
        assert len(waits) == box_of(house.street.core(0)).parcels["mail"].failures
        house.street.now_ms = parcel.next_ms
    assert list(BACKOFF_MS) == waits
    # The next one begins anew, and goes.
    house.failing = ""
    ask_for(house.street, 1, drill, 20, 3)
    house.ring()
    assert [("mail", ("asked",))] == house.out
    assert {} == box_of(house.street.core(0)).parcels


FACTS = st.lists(
    st.builds(
        lambda number, says, title: Fact(
            f"{says}/{number}", says, {"title": title, "other": title}, "/x"
        ),
        st.integers(0, 40),
        st.sampled_from(sorted(SENTENCES)),
        st.text(max_size=200),
    ),
    max_size=90,
)


@given(st.lists(FACTS, max_size=4))
def test_a_box_is_read_back_as_it_was_written_tells_nothing_twice_and_stays_small(
    rounds: list[list[Fact]],
) -> None:
    kept = take_in(Box(), [], {}, 0)
    keys: list[str] = []
    for number, found in enumerate(rounds):
        before = len(kept.notices)
        kept = take_in(kept, found, {event: ["mail"] for event in EVENTS}, number)
        fresh = {fact.key for fact in found} - set(keys)
        keys += sorted(fresh)
        assert min(boxes.NOTICES_MAX, before + len(fresh)) == len(kept.notices)
        data = write_box(kept)
        assert len(data) <= NOTE_SIZE_MAX_BYTES
        again = read_box(data)
        assert again.seen == kept.seen
        assert again.parcels == kept.parcels
        # Titles may hold what cannot be written; and the oldest notices make room.
        assert [n.says for n in again.notices] == [n.says for n in kept.notices[: again.unread]]
        kept = again if len(again.notices) == len(kept.notices) else kept


@pytest.mark.parametrize(
    ("channels", "code"),
    [
        (Channels(Mail("mail host", to="a@b.org", sender="a@b.org")), "mail-server-not-possible"),
        (Channels(Mail("m.org", 0, to="a@b.org", sender="a@b.org")), "mail-server-not-possible"),
        (Channels(Mail("m.org", to="a@b.org\nBcc: x@y.org", sender="a@b.org")), "bad-email"),
        (Channels(Mail("m.org", to="a@b.org", sender="a@b.org, c@d.org")), "bad-email"),
        (
            Channels(Mail("m.org", 25, "none", "u", "p", "a@b.org", "a@b.org")),
            "password-in-the-clear",
        ),
        (Channels(ntfy=Ntfy("file:///etc", "topic")), "ntfy-not-possible"),
        (Channels(ntfy=Ntfy("https://u:p@ntfy.sh", "topic")), "ntfy-not-possible"),
        (Channels(ntfy=Ntfy("https://ntfy.sh", "to/pic")), "ntfy-not-possible"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_or_would_tell_too_much_are_refused(
    channels: Channels, code: str
) -> None:
    with pytest.raises(Refused) as refusal:
        check(channels)
    assert code == refusal.value.code


def test_settings_are_kept_as_they_were() -> None:
    channels = check(Channels(MAIL, Ntfy(topic="ana-1"), {"asked": ["mail"]}))
    assert channels == read_channels(write_channels(channels))
    assert {"asked": []} == Channels(wanted={"asked": ["mail"]}).wanted_now()
