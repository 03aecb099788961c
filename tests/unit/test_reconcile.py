"""Spec §8.6: what one side lacks is found, whatever the sets, and liars get nowhere."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import limits
from protocol.errors import InvalidState, RemoteProtocolError
from protocol.keys import Domain, digest
from protocol.messages import (
    ITEMS_MAX,
    Compare,
    Compared,
    Listed,
    Part,
    decode_message,
    encode_message,
)
from protocol.reconcile import (
    IDS_LISTED_MAX,
    LISTED_AT_ONCE_MAX,
    PARTS,
    RANGES_ASKED_MAX,
    Comparison,
    ItemSet,
    answers,
)

SALT = bytes(range(16))
LOWEST = bytes(32)


def item(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()


def items(count: int, start: int = 0) -> list[bytes]:
    return [item(number) for number in range(start, start + count)]


def compare(held: list[bytes], could_give: list[bytes]) -> tuple[list[bytes], int, int]:
    """Run a comparison over encoded messages: what was found lacking, rounds, bytes."""
    asker = Comparison(ItemSet(held, SALT))
    answerer = ItemSet(could_give, SALT)
    lacking: list[bytes] = []
    rounds = size_bytes = 0
    while (message := asker.next_message()) is not None:
        rounds += 1
        data = encode_message(message)
        size_bytes += len(data)
        asked = decode_message(data)
        assert isinstance(asked, Compare)
        for answer in answers(answerer, asked):
            data = encode_message(answer)
            size_bytes += len(data)
            assert answer == decode_message(data)
            if isinstance(answer, Compared):
                asker.take_parts(answer)
            else:
                lacking += asker.take_ids(answer)
    assert asker.is_over
    return lacking, rounds, size_bytes


def test_an_item_counts_once_however_often_it_is_given() -> None:
    items = ItemSet([bytes(32), bytes([1]) * 32, bytes(32)], bytes(16))

    assert 2 == len(items)


class TestFound:
    """Everything that is lacking, once, and nothing else."""

    @settings(max_examples=200)
    @given(
        st.lists(st.integers(0, 300), max_size=400),
        st.lists(st.integers(0, 300), max_size=400),
    )
    def test_between_any_two_sets(self, held: list[int], could_give: list[int]) -> None:
        """Each lacking id exactly once."""
        held_ids = [item(n) for n in held]
        given_ids = [item(n) for n in could_give]
        lacking, _, _ = compare(held_ids, given_ids)

        assert sorted({*given_ids} - {*held_ids}) == sorted(lacking)

    @settings(max_examples=15, deadline=None)
    @given(
        st.integers(2_000, 12_000),
        st.lists(st.integers(0, 1_999), unique=True, max_size=20),
        st.integers(0, 50),
    )
    def test_in_logarithmically_many_rounds(self, count: int, lost: list[int], extra: int) -> None:
        """A handful among thousands: rounds by the depth, bytes by what differs."""
        could_give = items(count)
        missing = [could_give[number] for number in lost]
        gone = dict.fromkeys(missing)
        held = [i for i in could_give if i not in gone] + items(extra, start=1_000_000)
        lacking, rounds, size_bytes = compare(held, could_give)

        assert sorted(missing) == sorted(lacking)
        depth = 2 + math.ceil(math.log(count / LISTED_AT_ONCE_MAX, PARTS))
        assert rounds <= depth
        assert size_bytes <= 400 + 2_500 * depth * (len(lost) + extra)

    def test_equal_sets_cost_one_small_round(self) -> None:
        """The usual day."""
        lacking, rounds, size_bytes = compare(items(5_000), items(5_000))

        assert (lacking, rounds) == ([], 1)
        assert size_bytes < 250

    def test_an_empty_side_is_told_by_ids_up_to_the_limit(self) -> None:
        """Parting would only find that every part differs."""
        could_give = items(limits.RECONCILE_BY_IDS_MAX)
        lacking, rounds, _ = compare([], could_give)

        assert sorted(could_give) == lacking
        assert rounds == 1

    def test_above_the_limit_it_is_parted(self) -> None:
        """No answer holds more ids than the limit."""
        could_give = items(limits.RECONCILE_BY_IDS_MAX + 1)
        first = answers(
            ItemSet(could_give, SALT), Compare(SALT, (ItemSet([], SALT).asked(LOWEST, b""),))
        )
        lacking, rounds, _ = compare([], could_give)

        assert isinstance(first[0], Compared)
        assert PARTS == len(first[0].parts)
        assert sorted(could_give) == sorted(lacking)
        assert rounds <= 4

    def test_the_set_may_change_between_the_rounds(self) -> None:
        """A new snapshot of another set: no error, and the next comparison finds the rest."""
        asker = Comparison(ItemSet(items(1_000), SALT))
        found: list[bytes] = []
        count = 1_001
        while (message := asker.next_message()) is not None:
            for answer in answers(ItemSet(items(count), SALT), message):
                if isinstance(answer, Compared):
                    asker.take_parts(answer)
                else:
                    found += asker.take_ids(answer)
            count += 5

        assert {*found} <= {*items(count)}
        assert item(1_000) in found


class TestFingerprint:
    """Spec §8.6: a sum of salted digests modulo 2^256."""

    def test_is_the_sum_of_what_the_spec_says(self) -> None:
        """Computed by hand."""
        ids = items(3)
        numbers = [int.from_bytes(digest(Domain.FINGERPRINT, SALT, i), "big") for i in ids]

        assert (sum(numbers) % 2**256).to_bytes(32, "big") == ItemSet(ids, SALT).fingerprint(
            LOWEST, b""
        )
        assert bytes(32) == ItemSet([], SALT).fingerprint(LOWEST, b"")

    def test_differs_by_salt(self) -> None:
        """So nobody can prepare ids whose sums cancel out."""
        one, other = ItemSet(items(3), SALT), ItemSet(items(3), bytes(16))

        assert one.fingerprint(LOWEST, b"") != other.fingerprint(LOWEST, b"")

    @given(st.integers(33, 500))
    def test_of_the_parts_adds_up(self, count: int) -> None:
        """Parts cover the range without gap or overlap."""
        whole = ItemSet(items(count), SALT)
        parts = whole.parts(LOWEST, b"")
        total = sum(int.from_bytes(part.fingerprint, "big") for part in parts) % 2**256

        assert count == sum(part.count for part in parts)
        assert whole.fingerprint(LOWEST, b"") == total.to_bytes(32, "big")
        assert sorted({part.begin for part in parts}) == [part.begin for part in parts]


Answer = Compared | Listed


def give(asker: Comparison, answer: Answer) -> None:
    if isinstance(answer, Compared):
        asker.take_parts(answer)
    else:
        asker.take_ids(answer)


class TestLiars:
    """Bounded whatever is answered, never a loop."""

    def asked(self) -> Comparison:
        asker = Comparison(ItemSet(items(40), SALT))
        asker.next_message()
        return asker

    @pytest.mark.parametrize(
        "answer",
        [
            Compared(bytes(16), LOWEST, b"", ()),
            Compared(SALT, item(1), b"", ()),
            Compared(SALT, LOWEST, b"", (Part(LOWEST, 1, LOWEST),)),
            Compared(SALT, LOWEST, b"", (Part(item(1), 1, LOWEST), Part(b"\xff" * 32, 1, LOWEST))),
            Compared(SALT, LOWEST, b"", (Part(LOWEST, 1, LOWEST), Part(LOWEST, 1, LOWEST))),
            Listed(bytes(16), LOWEST, b"", False, ()),
            Listed(SALT, item(1), b"", False, ()),
            Listed(SALT, LOWEST, b"", True, ()),
        ],
    )
    def test_an_answer_to_nothing_is_refused(self, answer: Answer) -> None:
        """Another salt or range, parts that are none, a list without end."""
        with pytest.raises(InvalidState):
            give(self.asked(), answer)

    def test_a_second_answer_is_refused(self) -> None:
        """Each range is answered once."""
        asker = self.asked()
        give(asker, Listed(SALT, LOWEST, b"", False, ()))

        with pytest.raises(InvalidState):
            give(asker, Listed(SALT, LOWEST, b"", False, ()))

    def test_ids_of_another_range_are_refused(self) -> None:
        """Else one list could name anything."""
        asker = self.asked()
        half = b"\x80" + bytes(31)
        give(asker, Compared(SALT, LOWEST, b"", (Part(LOWEST, 9, LOWEST), Part(half, 9, LOWEST))))
        asker.next_message()

        with pytest.raises(InvalidState):
            give(asker, Listed(SALT, LOWEST, half, False, (half,)))

    @pytest.mark.parametrize("parts", [2, PARTS, ITEMS_MAX])
    def test_parting_for_ever_ends(self, parts: int) -> None:
        """Every part differs, again and again."""

        def lie(lower: bytes, upper: bytes) -> Compared:
            begin = int.from_bytes(lower, "big")
            end = int.from_bytes(upper, "big") if upper else 2**256
            step = max(1, (end - begin) // parts)
            begins = [(begin + step * k).to_bytes(32, "big") for k in range(parts)]
            return Compared(SALT, lower, upper, tuple(Part(b, 1, b"\7" * 32) for b in begins))

        self.ends(lie, RANGES_ASKED_MAX + 1)

    def test_listing_for_ever_ends(self) -> None:
        """The same id, again and again."""

        def lie(lower: bytes, upper: bytes) -> Listed:
            return Listed(SALT, lower, upper, True, (lower,) * ITEMS_MAX)

        assert IDS_LISTED_MAX // ITEMS_MAX + 1 == self.ends(lie, RANGES_ASKED_MAX)

    def ends(self, lie: Callable[[bytes, bytes], Answer], steps_max: int) -> int:
        asker = Comparison(ItemSet(items(40), SALT))
        message = asker.next_message()
        for step in range(1, steps_max + 1):
            assert message is not None
            for asked in message.ranges:
                try:
                    give(asker, lie(asked.lower, asked.upper))
                except InvalidState:
                    return step
            message = asker.next_message() or message
        raise AssertionError("it never ends")

    @given(st.binary(max_size=200))
    def test_garbage_is_no_message(self, data: bytes) -> None:
        """Behind the types of comparisons: refused, or canonical."""
        for number in (12, 13, 14):
            garbage = bytes([0x93, number]) + data
            try:
                message = decode_message(garbage)
            except RemoteProtocolError:
                continue
            assert garbage == encode_message(message)
