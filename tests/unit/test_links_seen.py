"""Since when a friend's home is connected or asleep, and how that is said (node/links_seen.py)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.engine import desk, views
from node.engine.desk import NOTE_SIZE_MAX_BYTES
from node.links_seen import LinksSeen, Seen, read_seen, write_seen
from node.wording.link_words import link_words
from protocol.limits import FRIENDS_MAX
from tests.page_street import StreetNode, make_street

HOUR_MS = 3_600_000
NOW = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)


@dataclass
class House:
    """Ana, whose friend Luc comes and goes; the clock is the test's."""

    street: Any = field(default_factory=lambda: make_street([(0, 1)], ("Ana", "Luc")))
    now_ms: int = 1_790_000_000_000

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """As when the node starts: what is not in its store is forgotten."""
        self.node = StreetNode(self.street)
        self.seen = LinksSeen(self.node, lambda: self.now_ms)

    def luc(self) -> Seen:
        asyncio.run(self.seen.note())
        return self.seen.look()[self.street.id(1)]

    def set_link(self, *, is_up: bool) -> None:
        self.street.core(0).link_ids.pop(self.street.id(1), None)
        if is_up:
            self.street.core(0).link_ids[self.street.id(1)] = 7


def test_a_home_that_fell_asleep_is_known_to_sleep_since_then_also_after_a_restart() -> None:
    house = House()
    house.set_link(is_up=True)
    came_ms = house.now_ms
    assert Seen(True, came_ms) == house.luc()
    house.now_ms += 5 * HOUR_MS
    assert Seen(True, came_ms) == house.luc()
    house.set_link(is_up=False)
    slept_ms = house.now_ms
    assert Seen(False, slept_ms) == house.luc()
    house.now_ms += HOUR_MS
    house.start()
    assert Seen(False, slept_ms) == house.luc()
    house.set_link(is_up=True)
    assert Seen(True, house.now_ms) == house.luc()


def test_what_happened_while_this_node_was_off_is_not_guessed() -> None:
    house = House()
    house.set_link(is_up=True)
    house.luc()
    house.now_ms += HOUR_MS
    house.set_link(is_up=False)
    house.start()
    assert Seen(False, None) == house.luc()
    house.now_ms += HOUR_MS
    assert Seen(False, None) == house.luc()


def test_nothing_is_written_while_nothing_changes() -> None:
    """A card in a Pi has only so many writes in it."""
    house = House()
    house.luc()
    kept = desk.note(house.street.core(0), "links")
    for _ in range(3):
        house.now_ms += HOUR_MS
        house.luc()
    assert kept == desk.note(house.street.core(0), "links")


@given(
    st.dictionaries(
        st.binary(min_size=8, max_size=8).map(bytes.hex),
        st.builds(Seen, st.booleans(), st.none() | st.integers(1, 2**44)),
        max_size=20,
    )
)
def test_what_is_kept_is_read_back_and_those_who_were_there_are_not_there_yet(
    seen: dict[str, Seen],
) -> None:
    again = read_seen(write_seen(seen))
    for key, each in seen.items():
        expected = Seen(False, None) if each.is_up else each
        assert expected == again.get(key, Seen(False, None))


def test_the_moments_of_all_friends_one_may_have_fit_into_a_note() -> None:
    seen = {f"{number:016x}": Seen(False, 2**44) for number in range(FRIENDS_MAX)}
    assert len(write_seen(seen)) <= NOTE_SIZE_MAX_BYTES


@pytest.mark.parametrize(
    ("since", "words"),
    [
        ("2026-11-28T08:05:59Z", "home asleep since 08:05"),
        ("2026-11-27T18:40:00Z", "home asleep since yesterday, 18:40"),
        ("2026-11-26T23:59:00Z", "home asleep since <2026-11-26>"),
        ("2026-11-29T10:00:00Z", "home asleep since <2026-11-29>"),
        (None, "not connected now"),
    ],
)
def test_a_home_that_is_not_there_is_told_of_as_neighbours_do(since: str, words: str) -> None:
    friend = {"paused": None, "link": "down", "link_since": since, "through_name": None}
    assert words == link_words(friend, str, lambda day: f"<{day}>", NOW)


def test_a_link_through_a_friend_names_the_friend() -> None:
    street = make_street([(0, 1)], ("Ana", "Luc"))
    friend: Any = views.friends(street.core(0))[0]
    row = {**friend, "link": "up", "link_since": None, "through_name": "Zoé"}
    assert "connected through Zoé" == link_words(row, str, str, NOW)
    assert "connected" == link_words({**row, "through_name": None}, str, str, NOW)
    assert "on hold" == link_words({**row, "paused": {"reason": "x"}}, str, str, NOW)
