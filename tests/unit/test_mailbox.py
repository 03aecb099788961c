"""Spec §17.4: sealed items, and what is in them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import limits
from protocol.encoding import encode
from protocol.errors import (
    DecodeError,
    DecryptFailed,
    LocalProtocolError,
    Malformed,
    RemoteProtocolError,
    TooLarge,
    UnknownCritical,
)
from protocol.keys import HouseId, MemberId, link_public_key
from protocol.mailbox import (
    CONTENT_SIZES_BYTES,
    MESSAGES_MAX,
    Content,
    Correspondence,
    decode_content,
    encode_content,
    ephemeral_key,
    item_id,
    open_item,
    seal_item,
)

HOUSE = HouseId(b"h" * 32)
ALICE, BOB = MemberId(b"a" * 32), MemberId(b"b" * 32)
ALICE_KEY, BOB_KEY, EVE_KEY = b"1" * 32, b"2" * 32, b"3" * 32
LETTER = Correspondence(HOUSE, ALICE, BOB)
LARGEST = CONTENT_SIZES_BYTES[-1]


def sealed(content: bytes, letter: Correspondence = LETTER, key: bytes = ALICE_KEY) -> bytes:
    ephemeral = ephemeral_key(b"s" * 32, letter, content)
    return seal_item(
        letter, content, static=key, ephemeral=ephemeral, remote=link_public_key(BOB_KEY)
    )


def opened(item: bytes, letter: Correspondence = LETTER, key: bytes = BOB_KEY) -> bytes:
    return open_item(letter, item, static=key, remote=link_public_key(ALICE_KEY))


@pytest.mark.parametrize("size", [0, 1, 1024, 1025, 65_519, 65_520, LARGEST])
def test_what_was_sealed_is_opened_and_its_size_is_one_of_few(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    item = sealed(content[:size])

    assert content[:size] == opened(item)
    assert len(item) <= limits.MAILBOX_ITEM_SIZE_MAX_BYTES
    assert len(item) in {len(sealed(bytes(padded))) for padded in CONTENT_SIZES_BYTES}


def test_the_same_content_is_the_same_item_and_another_has_another_key() -> None:
    assert sealed(b"one") == sealed(b"one")
    assert sealed(b"one")[:33] != sealed(b"two")[:33]
    assert item_id(sealed(b"one")) != item_id(sealed(b"two"))


def test_nobody_else_reads_it_and_nobody_else_wrote_it() -> None:
    item = sealed(b"secret")
    others: list[Callable[[], bytes]] = [
        lambda: opened(item, key=EVE_KEY),
        lambda: opened(sealed(b"secret", key=EVE_KEY)),
        lambda: opened(item, Correspondence(HouseId(b"x" * 32), ALICE, BOB)),
        lambda: opened(item, Correspondence(HOUSE, BOB, ALICE)),
        lambda: opened(item, Correspondence(HOUSE, MemberId(b"e" * 32), BOB)),
    ]
    for attempt in others:
        with pytest.raises(DecryptFailed):
            attempt()


def test_an_item_changed_cut_or_lengthened_is_refused() -> None:
    item = sealed(b"x" * 70_000)
    for position in (1, 40, 60, 1000, 65_600, len(item) - 1):
        changed = item[:position] + bytes([item[position] ^ 1]) + item[position + 1 :]
        with pytest.raises(RemoteProtocolError):
            opened(changed)
    for cut in (0, 1, 30, 57, 58, 65_592, len(item) - 1):
        with pytest.raises(RemoteProtocolError):
            opened(item[:cut])
    # Whole chunks cut off are noticed as well.
    with pytest.raises(Malformed):
        opened(item[: 1 + 56 + 65_535])
    with pytest.raises(RemoteProtocolError):
        opened(item + b"\0")


def test_too_much_and_other_versions_are_refused() -> None:
    with pytest.raises(LocalProtocolError):
        sealed(bytes(LARGEST + 1))
    with pytest.raises(TooLarge):
        opened(bytes(limits.MAILBOX_ITEM_SIZE_MAX_BYTES + 1))
    with pytest.raises(UnknownCritical):
        opened(b"\x02" + sealed(b"")[1:])


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        opened(data)
    with pytest.raises(RemoteProtocolError):
        opened(b"\x01" + data)


def test_a_content_comes_back() -> None:
    content = Content(bytes(8), 7, 1000, (b"one", b"", b"two"))

    assert content == decode_content(encode_content(content))
    with pytest.raises(LocalProtocolError):
        encode_content(Content(bytes(8), 7, 1000, (bytes(LARGEST),)))


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [bytes(8), 1, 1],
        [bytes(7), 1, 1, []],
        [bytes(8), True, 1, []],
        [bytes(8), 1, b"", []],
        [bytes(8), 1, 1, [1]],
        [bytes(8), 1, 1, [b""] * (MESSAGES_MAX + 1)],
    ],
)
def test_another_shape_is_refused(fields: list[object]) -> None:
    with pytest.raises(DecodeError):
        decode_content(encode(fields, elements_max=2000))  # type: ignore[arg-type]
