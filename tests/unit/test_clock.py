"""The virtual clock gives events by time, then by insertion, whatever their distance."""

from __future__ import annotations

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.clock import EventQueue

FAR_MS = 4096
# So that some share a millisecond and some come long after all others.
DELAYS = st.one_of(
    st.integers(0, 5),
    st.integers(FAR_MS - 3, FAR_MS + 3),
    st.integers(2 * FAR_MS - 3, 2 * FAR_MS + 3),
    st.integers(0, 10 * FAR_MS),
)


def drained(queue: EventQueue[int]) -> list[tuple[int, int]]:
    """Everything left, each with its time."""
    given = []
    while (item := queue.pop()) is not None:
        given.append((queue.now_ms, item))
    return given


def test_events_come_by_time_and_then_in_the_order_they_were_pushed() -> None:
    queue: EventQueue[int] = EventQueue()
    for item, at_ms in enumerate([7, 3, 7, 0, 3]):
        queue.push(at_ms, item)

    assert [(0, 3), (3, 1), (3, 4), (7, 0), (7, 2)] == drained(queue)


def test_what_waited_long_comes_before_what_was_pushed_later_for_the_same_time() -> None:
    queue: EventQueue[int] = EventQueue()
    far_ms = FAR_MS
    queue.push(far_ms, 1)
    queue.push(20, 0)
    assert 0 == queue.pop()
    queue.push(far_ms, 2)

    assert [(far_ms, 1), (far_ms, 2)] == drained(queue)


def test_an_event_in_the_past_happens_now_after_what_is_due() -> None:
    queue: EventQueue[int] = EventQueue(100)
    queue.push(100, 0)
    queue.push(40, 1)

    assert [(100, 0), (100, 1)] == drained(queue)


def test_an_event_pushed_while_its_millisecond_is_served_comes_in_that_millisecond() -> None:
    queue: EventQueue[int] = EventQueue()
    queue.push(5, 0)
    queue.push(5, 1)
    assert 0 == queue.pop()
    queue.push(5, 2)

    assert [(5, 1), (5, 2)] == drained(queue)


def test_nothing_later_than_asked_for_is_given_and_time_stands() -> None:
    queue: EventQueue[int] = EventQueue()
    queue.push(50, 0)

    assert queue.pop(until_ms=49) is None
    assert 0 == queue.now_ms
    assert 0 == queue.pop(until_ms=50)
    assert 50 == queue.now_ms


def test_time_can_pass_without_events_but_never_over_one() -> None:
    queue: EventQueue[int] = EventQueue()
    queue.push(50, 0)
    queue.advance(50)
    assert 50 == queue.now_ms

    with pytest.raises(AssertionError, match="passed over"):
        queue.advance(51)


def test_the_time_of_the_next_event_is_known_without_taking_it() -> None:
    queue: EventQueue[int] = EventQueue()
    assert queue.next_ms() is None
    queue.push(3 * FAR_MS, 0)

    assert 3 * FAR_MS == queue.next_ms()
    assert 1 == len(queue)
    queue.push(9, 1)
    assert 9 == queue.next_ms()


@given(st.lists(st.tuples(DELAYS, st.booleans()), max_size=60))
def test_any_mix_of_pushes_and_pops_agrees_with_one_plain_heap(
    steps: list[tuple[int, bool]],
) -> None:
    """Buckets are an optimisation: a heap of (time, number) says what is right."""
    queue: EventQueue[int] = EventQueue()
    plain: list[tuple[int, int]] = []
    for number, (delay_ms, takes) in enumerate(steps):
        at_ms = queue.now_ms + delay_ms
        queue.push(at_ms, number)
        heapq.heappush(plain, (at_ms, number))
        if takes:
            expected = heapq.heappop(plain)
            assert expected[0] == queue.next_ms()
            item = queue.pop()
            assert expected == (queue.now_ms, item)
        assert len(plain) == len(queue)

    assert sorted(plain) == drained(queue)
