"""Spec §8.2: messages between two nodes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import limits
from protocol.encoding import Value, decode, encode
from protocol.errors import DecodeError, LocalProtocolError, Malformed, NotCanonical, TooLarge
from protocol.keys import MemberId, RecordId
from protocol.messages import (
    ADDRESSES_MAX,
    DEPTH_MAX,
    ELEMENTS_MAX,
    ITEMS_MAX,
    Addresses,
    Announce,
    Have,
    JoinRefused,
    JoinRequest,
    Message,
    Missing,
    OfferedPath,
    Paths,
    Records,
    Revoked,
    Want,
    Welcome,
    decode_message,
    encode_message,
    envelopes_in,
)
from simulations.strategies import messages, values

ALICE, BOB = MemberId(b"a" * 32), MemberId(b"b" * 32)
ID = RecordId(b"i" * 32)
EXAMPLES: list[Message] = [
    Have(bytes(8), bytes(8), 7),
    Announce(7, True, ((ID, 300),)),
    Want((ID,)),
    Records((b"envelope",)),
    Missing((ID,)),
    Paths(ALICE, (OfferedPath((ALICE, BOB), (ID, ID)),)),
    Revoked(((bytes(32), 5),)),
    Addresses(("home:7470",)),
    JoinRequest((b"envelope",), ("home:7470",)),
    Welcome((b"envelope",), ("home:7470",)),
    JoinRefused("invitation-used"),
]
"""One of each type, in the order of their numbers."""


def fields_of(message: Message) -> list[Value]:
    data = encode_message(message)
    value = decode(
        data,
        size_max_bytes=len(data),
        elements_max=ELEMENTS_MAX,
        depth_max=DEPTH_MAX,
    )
    assert isinstance(value, tuple)
    return list(value)


class TestRoundTrip:
    """What is said is what is understood."""

    @given(messages)
    def test_a_message_read_back_is_the_one_sent(self, message: Message) -> None:
        """Every type keeps every field."""
        assert message == decode_message(encode_message(message))

    @given(st.binary(max_size=200))
    def test_bytes_from_anywhere_are_refused_or_canonical(self, data: bytes) -> None:
        """No crash, and one spelling for each message. Spec §3.2."""
        try:
            message = decode_message(data)
        except DecodeError:
            return
        assert data == encode_message(message)

    @given(st.integers(0, 12), st.lists(values(), max_size=4))
    def test_any_fields_of_any_type_are_refused_or_canonical(
        self, number: int, fields: list[Value]
    ) -> None:
        """Well-formed arrays with anything in them."""
        data = encode([number, *fields])
        try:
            message = decode_message(data)
        except DecodeError:
            return
        assert data == encode_message(message)

    @given(messages, values(), st.data())
    def test_any_value_in_any_field_is_refused_or_canonical(
        self, message: Message, value: Value, data: st.DataObject
    ) -> None:
        """One field of a good message replaced."""
        fields = fields_of(message)
        fields[data.draw(st.integers(0, len(fields) - 1))] = value
        changed = encode(fields, elements_max=ELEMENTS_MAX)
        try:
            read = decode_message(changed)
        except DecodeError:
            return
        assert changed == encode_message(read)


class TestTypes:
    """The table of types."""

    def test_numbers_are_those_of_the_table(self) -> None:
        """From have to join refused."""
        assert list(range(1, 12)) == [fields_of(message)[0] for message in EXAMPLES]

    @pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
    def test_a_field_more_or_less_is_refused(self, example: Message) -> None:
        """Lengths are fixed."""
        fields = fields_of(example)
        assert example == decode_message(encode(fields))
        for changed in (fields[:-1], [*fields, 0]):
            with pytest.raises(Malformed):
                decode_message(encode(changed))

    @pytest.mark.parametrize("value", [[], [0], [12], [255], [256], ["1"], [True], 1, b"", "x"])
    def test_an_unknown_type_is_refused(self, value: Value) -> None:
        """A message is an array that begins with a number of the table."""
        with pytest.raises(Malformed):
            decode_message(encode(value))


HASHES = tuple(RecordId(number.to_bytes(32, "big")) for number in range(ITEMS_MAX + 1))
LIMITS: list[tuple[Message, Message]] = [
    (Want(HASHES[:-1]), Want(HASHES)),
    (Missing(HASHES[:-1]), Missing(HASHES)),
    (Announce(1, False, tuple((h, 1) for h in HASHES[:-1])),
     Announce(1, False, tuple((h, 1) for h in HASHES))),
    (Announce(1, False, ((ID, limits.RECORD_SIZE_MAX_BYTES),)),
     Announce(1, False, ((ID, limits.RECORD_SIZE_MAX_BYTES + 1),))),
    (Records((b"",) * ITEMS_MAX), Records((b"",) * (ITEMS_MAX + 1))),
    (Records((bytes(limits.RECORD_SIZE_MAX_BYTES),)),
     Records((bytes(limits.RECORD_SIZE_MAX_BYTES + 1),))),
    (Welcome((b"",) * ITEMS_MAX, ()), Welcome((b"",) * (ITEMS_MAX + 1), ())),
    (Revoked(((bytes(32), 6),) * ITEMS_MAX), Revoked(((bytes(32), 6),) * (ITEMS_MAX + 1))),
    (Revoked(((bytes(32), 6),)), Revoked(((bytes(32), 7),))),
    (Addresses(("x",) * ADDRESSES_MAX), Addresses(("x",) * (ADDRESSES_MAX + 1))),
    (Addresses(("x" * 255,)), Addresses(("x" * 256,))),
    (JoinRequest((), ("x",) * ADDRESSES_MAX), JoinRequest((), ("x",) * (ADDRESSES_MAX + 1))),
    (JoinRefused("x" * 64), JoinRefused("x" * 65)),
    (Paths(ALICE, (OfferedPath((ALICE,), ()),) * 4),
     Paths(ALICE, (OfferedPath((ALICE,), ()),) * 5)),
    (Paths(ALICE, (OfferedPath((ALICE, BOB, BOB, BOB), HASHES[:6]),)),
     Paths(ALICE, (OfferedPath((ALICE, BOB, BOB, BOB, BOB), HASHES[:8]),))),
]  # fmt: skip
"""The most that is allowed, and one more."""


@pytest.mark.parametrize(("most", "more"), LIMITS)
def test_one_more_than_the_limit_is_refused(most: Message, more: Message) -> None:
    """Every list and size has a limit. Spec §8.2."""
    assert most == decode_message(encode_message(most))
    with pytest.raises(DecodeError):
        decode_message(encode_message(more))


class TestOffers:
    """Paths are checked for shape before anybody looks at them. Spec §7.4."""

    @pytest.mark.parametrize(
        "offered",
        [
            OfferedPath((), ()),
            OfferedPath((BOB,), ()),
            OfferedPath((BOB, ALICE), (ID, ID)),
            OfferedPath((ALICE,), (ID,)),
            OfferedPath((ALICE, BOB), (ID,)),
            OfferedPath((ALICE, BOB), (ID, ID, ID)),
        ],
    )
    def test_a_path_of_another_origin_or_without_its_certificates_is_refused(
        self, offered: OfferedPath
    ) -> None:
        """It starts with the origin and names two certificates an edge."""
        with pytest.raises(Malformed):
            decode_message(encode_message(Paths(ALICE, (offered,))))


class TestSize:
    """Costs nothing beyond the limits."""

    def test_a_message_above_the_limit_is_refused_unread(self) -> None:
        """The size is looked at first."""
        with pytest.raises(TooLarge):
            decode_message(bytes(limits.MESSAGE_SIZE_MAX_BYTES + 1))

    def test_another_spelling_is_refused(self) -> None:
        """A number in more bytes than it needs."""
        with pytest.raises(NotCanonical):
            decode_message(b"\x92\xcc\x03\x90")

    def test_we_refuse_to_send_what_cannot_be_read(self) -> None:
        """A negative number of hops is our own mistake."""
        with pytest.raises(LocalProtocolError):
            encode_message(Revoked(((bytes(32), -1),)))


class TestEnvelopesAhead:
    """What may be verified on other threads before the engine looks at it."""

    @given(st.binary(max_size=100))
    def test_it_never_raises(self, data: bytes) -> None:
        """Garbage gives nothing; the engine says what was wrong."""
        assert isinstance(envelopes_in(data), list)

    @given(messages)
    def test_it_gives_the_envelopes_of_records_and_of_nothing_else(self, message: Message) -> None:
        """Greetings are checked by the engine itself."""
        expected = list(message.envelopes) if isinstance(message, Records) else []

        assert expected == envelopes_in(encode_message(message))

    def test_records_that_cannot_be_read_give_nothing(self) -> None:
        """It looks like records and is not."""
        assert [b"x"] == envelopes_in(encode_message(Records((b"x",))))
        assert [] == envelopes_in(encode_message(Records((b"x",)))[:-1])
        assert [] == envelopes_in(b"\x94\x04")
