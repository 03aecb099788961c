"""What is said on the local network is understood by friends and by nobody else."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from node.transport.announcements import (
    NONCE_SIZE_BYTES,
    TAGS_MAX,
    Announcement,
    announce,
    pair_key,
    read,
    recognise,
    tag,
)
from protocol.keys import MemberId, link_public_key

PADDING = bytes(range(64))


def private(number: int) -> bytes:
    return hashlib.sha256(bytes([number])).digest()


def pair(mine: int, theirs: int) -> bytes:
    key = pair_key(private(mine), link_public_key(private(theirs)))
    assert key is not None
    return key


def test_two_friends_share_a_key_that_no_third_has() -> None:
    assert pair(1, 2) == pair(2, 1)
    assert 3 == len({pair(1, 2), pair(1, 3), pair(2, 3)})


def test_a_key_of_small_order_makes_no_pair() -> None:
    assert pair_key(private(1), bytes(32)) is None
    assert pair_key(private(1), b"short") is None


def test_a_friend_is_recognised_and_a_stranger_is_not() -> None:
    said = announce([pair(1, 2), pair(1, 3)], bytes(16), PADDING)
    alice, carol = MemberId(bytes([1]) * 32), MemberId(bytes([3]) * 32)

    assert alice == recognise(said, {carol: pair(2, 3), alice: pair(2, 1)})
    assert recognise(said, {carol: pair(4, 3)}) is None
    assert recognise(said, {}) is None


def test_with_another_nonce_nothing_is_the_same() -> None:
    keys = [pair(1, 2), pair(1, 3)]
    first = announce(keys, bytes(16), PADDING)
    second = announce(keys, bytes([1]) * 16, bytes(64))

    assert set() == set(first.tags) & set(second.tags)


def test_the_number_of_friends_does_not_show() -> None:
    sizes = [len(announce([pair(1, n)] * n, bytes(16), PADDING).tags) for n in range(10)]

    assert [8] * 9 + [16] == sizes
    assert TAGS_MAX == len(announce([pair(1, 2)] * 1000, bytes(16), PADDING).tags)


def test_the_order_of_friends_does_not_show() -> None:
    keys = [pair(1, number) for number in range(2, 12)]

    assert announce(keys, bytes(16), PADDING) == announce(keys[::-1], bytes(16), PADDING)


@given(st.integers(0, TAGS_MAX), st.binary(min_size=NONCE_SIZE_BYTES, max_size=NONCE_SIZE_BYTES))
def test_an_announcement_survives_the_txt_record(count: int, nonce: bytes) -> None:
    keys = [hashlib.sha256(bytes([number])).digest() for number in range(count)]
    said = announce(keys, nonce, PADDING)
    properties = {
        str(name).encode() if isinstance(name, str) else name: value
        for name, value in said.properties().items()
        if isinstance(value, bytes)
    }

    assert said == read(properties)
    assert all(len(name) + 1 + len(value) <= 255 for name, value in properties.items())


@given(st.dictionaries(st.sampled_from([b"v", b"n", b"t0", b"t1", b"t9"]), st.binary() | st.none()))
def test_whatever_others_announce_is_read_or_ignored(properties: dict[bytes, bytes | None]) -> None:
    said = read(properties)

    assert said is None or isinstance(said, Announcement)
    assert said is None or all(len(one) == 8 for one in said.tags)


def test_a_tag_is_a_keyed_hash_of_the_nonce() -> None:
    assert tag(b"key", b"nonce") == tag(b"key", b"nonce")
    assert tag(b"key", b"nonce") != tag(b"other", b"nonce")
    assert 8 == len(tag(b"key", b"nonce"))
