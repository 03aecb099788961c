"""Spec §3: the canonical encoding."""

from __future__ import annotations

import json
import runpy
import tracemalloc
from functools import partial
from pathlib import Path

import msgpack  # type: ignore[import-untyped, unused-ignore]
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocol.encoding import (
    Value,
    check_extensions,
    decode,
    encode,
    expect_array,
    expect_bool,
    expect_bytes,
    expect_text,
    expect_uint,
)
from protocol.errors import (
    DecodeError,
    LocalProtocolError,
    Malformed,
    NotCanonical,
    TooLarge,
    UnknownCritical,
)
from protocol.limits import DEPTH_MAX, ELEMENTS_MAX, TEXT_SIZE_MAX_BYTES, UINT_MAX

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "protocol" / "vectors" / "encoding.json"
MIB = 1024 * 1024

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
scalars: st.SearchStrategy[Value] = st.one_of(
    st.integers(0, UINT_MAX), st.integers(0, 300), st.binary(max_size=300), texts, st.booleans()
)
values: st.SearchStrategy[Value] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=6).map(tuple),
    max_leaves=40,
).filter(lambda value: depth_of(value) < DEPTH_MAX - 1)
extensions = st.dictionaries(st.integers(0, UINT_MAX), values, max_size=5).map(
    lambda found: dict(sorted(found.items()))
)


@st.composite
def messages(draw: st.DrawFn) -> Value:
    """Arrays of values, half of them with an extension slot somewhere."""
    elements: list[Value] = draw(st.lists(values, max_size=6))
    if draw(st.booleans()):
        elements.insert(draw(st.integers(0, len(elements))), draw(extensions))
    return tuple(elements)


def depth_of(value: object) -> int:
    if isinstance(value, tuple):
        return 1 + max((depth_of(element) for element in value), default=0)
    return 0


def read(data: bytes) -> Value:
    return decode(data, size_max_bytes=MIB, allow_map=True)


class TestProperties:
    """What holds for every value and for all bytes."""

    @given(messages())
    def test_decoding_an_encoded_value_gives_the_value(self, value: Value) -> None:
        """`decode(encode(v)) == v`, with types: True is not 1. Spec §3.2."""
        decoded = read(encode(value))

        assert value == decoded
        assert repr(value) == repr(decoded)

    @given(values)
    def test_a_value_need_not_be_an_array(self, value: Value) -> None:
        """Any value stands alone, except a map. Spec §3.1."""
        assert value == decode(encode(value), size_max_bytes=MIB)

    @given(st.binary(max_size=200))
    @example(b"\x91\x82\x01\x00\x01\x00")
    @example(b"\x91\x81\xc3\x00")
    @example(b"\xa3\xed\xa0\x80")
    def test_any_bytes_are_refused_or_are_the_encoding_of_what_they_give(self, data: bytes) -> None:
        """There is no third outcome. Spec §3.2."""
        try:
            value = read(data)
        except DecodeError:
            return
        assert data == encode(value)

    @given(messages(), st.data())
    def test_a_changed_byte_is_refused_or_gives_another_value(
        self, value: Value, data: st.DataObject
    ) -> None:
        """No two inputs give one value, so nothing signed can be respelled. Spec §3.2."""
        original = encode(value)
        position = data.draw(st.integers(0, len(original) - 1))
        changed = bytearray(original)
        changed[position] ^= data.draw(st.integers(1, 255))

        try:
            decoded = read(bytes(changed))
        except DecodeError:
            return
        assert bytes(changed) == encode(decoded)

    @given(messages())
    def test_every_truncation_is_refused(self, value: Value) -> None:
        """No encoding is the beginning of another. Spec §3.1."""
        data = encode(value)
        for length in range(len(data)):
            with pytest.raises(Malformed):
                read(data[:length])

    @given(messages(), st.binary(min_size=1, max_size=8))
    def test_bytes_after_the_end_are_refused(self, value: Value, more: bytes) -> None:
        """A message is all of its bytes. Spec §3.1."""
        with pytest.raises(Malformed, match="after the end"):
            read(encode(value) + more)


class TestEncode:
    """Spec §3.1, §3.2, seen from the sender."""

    def test_lists_and_tuples_are_spelled_alike(self) -> None:
        """Arrays are one type on the wire."""
        assert encode([1, [2, 3]]) == encode((1, (2, 3)))

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            (None, "first byte 0xc0"),
            (1.0, "first byte 0xcb"),
            (-1, "first byte 0xff"),
            (UINT_MAX + 1, "2\\^53 or more"),
            (2**64, "cannot be encoded"),
            (object(), "cannot be encoded"),
            ({1}, "cannot be encoded"),
            ("\ud800", "cannot be encoded"),
            (msgpack.ExtType(1, b""), "first byte 0xc7"),
            ({}, "outside the extension slot"),
            ([[{}]], "outside the extension slot"),
            ([{}, {}], "outside the extension slot"),
            ([{1: {}}], "outside the extension slot"),
            ([{"a": 1}], "not an unsigned integer"),
            ([{True: 1}], "not an unsigned integer"),
            ([{2: 0, 1: 0}], "not in increasing order"),
            ([[[[[[[]]]]]]], "nested deeper"),
            ([0] * (ELEMENTS_MAX + 1), "513 elements"),
            ("a" * (TEXT_SIZE_MAX_BYTES + 1), "4097 bytes"),
        ],
    )
    def test_a_value_no_receiver_would_take_is_our_own_mistake(
        self, value: Value, reason: str
    ) -> None:
        """The sender is refused by the receiver's rules, before anything is signed."""
        with pytest.raises(LocalProtocolError, match=reason):
            encode(value)

    def test_limits_can_be_widened_for_messages_that_have_their_own(self) -> None:
        """A list of ids is longer than any record's."""
        ids = tuple(range(600))

        data = encode(ids, elements_max=600)

        assert ids == decode(data, size_max_bytes=MIB, elements_max=600)
        with pytest.raises(TooLarge):
            read(data)


class TestDecode:
    """Spec §3.1 to §3.4, seen from the receiver."""

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"\x80" * MIB, id="maps alone"),
            pytest.param(b"\xdd\x00\x0f\xff\xfb" + b"\x80" * (MIB - 5), id="empty maps"),
            pytest.param(b"\xdd\x00\x0f\xff\xfb" + b"\x90" * (MIB - 5), id="empty arrays"),
            pytest.param(b"\x91" * (MIB - 1) + b"\x90", id="nested arrays"),
            pytest.param(b"\x91\xdf\x00\x07\xff\xfd" + b"\x00" * (MIB - 6), id="pairs"),
            pytest.param(b"\x9f" * MIB, id="wide and deep"),
            pytest.param(b"\xdb\x00\x0f\xff\xfb" + b"a" * (MIB - 5), id="text"),
            pytest.param(b"\xdd\xff\xff\xff\xff", id="announced elements"),
            pytest.param(b"\xc6\xff\xff\xff\xff", id="announced bytes"),
        ],
    )
    def test_a_bomb_costs_no_memory(self, data: bytes) -> None:
        """Structure is checked before objects exist, even within the size limit. Spec §3.3."""
        tracemalloc.start()
        try:
            with pytest.raises(DecodeError):
                decode(data, size_max_bytes=2 * MIB, allow_map=True)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert peak_bytes < 16 * 1024

    def test_size_is_checked_before_anything_is_read(self) -> None:
        """The limit is of the whole input. Spec §3.3."""
        data = encode(bytes(100))

        assert bytes(100) == decode(data, size_max_bytes=102)
        with pytest.raises(TooLarge, match="102 bytes, at most 101"):
            decode(data, size_max_bytes=101)

    def test_narrower_limits_are_kept_exactly(self) -> None:
        """Each limit passed is the last value allowed. Spec §3.3."""
        read_narrow = partial(
            decode, size_max_bytes=MIB, depth_max=2, elements_max=3, text_max_bytes=32
        )
        good: tuple[Value, ...] = ((1, 2), (), "é" * 16)
        bad: tuple[Value, ...] = (([],), (1, 2, 3, 4), "é" * 16 + "a")

        for value in good[:2]:
            assert (value,) == read_narrow(encode([value]))
        assert good[2] == read_narrow(encode(good[2]))
        for value in bad:
            with pytest.raises(TooLarge):
                read_narrow(encode([value]))

    def test_text_limits_below_the_shortest_form_belong_to_the_field(self) -> None:
        """Short texts are not measured by the scan: asking for it is a bug."""
        with pytest.raises(AssertionError, match="expect_text"):
            decode(b"\xa0", size_max_bytes=1, text_max_bytes=30)

    def test_without_a_slot_no_map_is_read(self) -> None:
        """The caller says where the slot is; by default nowhere. Spec §3.4."""
        data = encode([1, {}])

        assert decode(data, size_max_bytes=MIB, allow_map=True) == (1, {})
        with pytest.raises(Malformed, match="outside the extension slot"):
            decode(data, size_max_bytes=MIB)

    def test_unordered_keys_are_not_canonical(self) -> None:
        """Even though they would be spelled again in the same order. Spec §3.4."""
        with pytest.raises(NotCanonical, match="increasing order"):
            read(b"\x91\x82\x03\x00\x01\x00")


class TestFields:
    """Spec §3.5: fields are read strictly."""

    def test_a_fitting_field_is_given_back(self) -> None:
        """Every reader returns the value it was given."""
        assert expect_uint(7, "respect", 7) == 7
        assert expect_uint(UINT_MAX, "created") == UINT_MAX
        assert expect_bool(False, "gift") is False
        assert expect_bytes(b"ab", "salt") == b"ab"
        assert expect_bytes(b"ab", "salt", length=2, maximum=2) == b"ab"
        assert expect_text("é", "title", 2) == "é"
        assert expect_array((1,), "languages") == (1,)
        assert expect_array((1,), "languages", length=1, maximum=1) == (1,)

    @pytest.mark.parametrize("value", [True, b"1", "1", (1,), [1], {1: 1}])
    def test_only_an_integer_is_an_integer(self, value: Value) -> None:
        """A boolean is not, though Python thinks so."""
        with pytest.raises(Malformed, match=r"respect must be an unsigned integer, not a"):
            expect_uint(value, "respect", 10)

    @pytest.mark.parametrize("value", [0, 1, b"", "", ()])
    def test_only_a_boolean_is_a_boolean(self, value: Value) -> None:
        """Nothing else is true or false."""
        with pytest.raises(Malformed, match="gift must be a boolean, not a"):
            expect_bool(value, "gift")

    @pytest.mark.parametrize("value", [0, True, "", ()])
    def test_only_a_byte_string_is_a_byte_string(self, value: Value) -> None:
        """A text is not."""
        with pytest.raises(Malformed, match="salt must be a byte string, not a"):
            expect_bytes(value, "salt")

    @pytest.mark.parametrize("value", [0, True, b"", ()])
    def test_only_a_text_is_a_text(self, value: Value) -> None:
        """A byte string is not, whatever its bytes."""
        with pytest.raises(Malformed, match="title must be a text, not a"):
            expect_text(value, "title", 10)

    @pytest.mark.parametrize("value", [0, True, b"", "", {}, []])
    def test_only_a_decoded_array_is_an_array(self, value: Value) -> None:
        """A list was never decoded, so it is a mistake of ours or theirs."""
        with pytest.raises(Malformed, match="languages must be an array, not a"):
            expect_array(value, "languages")

    def test_a_field_beyond_its_bounds_is_named_with_the_bound(self) -> None:
        """The sentence is enough to find the mistake."""
        with pytest.raises(Malformed, match="respect is 11, at most 10 is allowed"):
            expect_uint(11, "respect", 10)
        with pytest.raises(Malformed, match="salt has 2 bytes, must have 16"):
            expect_bytes(b"ab", "salt", length=16)
        with pytest.raises(Malformed, match="salt has 2 bytes, at most 1"):
            expect_bytes(b"ab", "salt", maximum=1)
        with pytest.raises(Malformed, match="title has 2 bytes of UTF-8, at most 1"):
            expect_text("é", "title", 1)
        with pytest.raises(Malformed, match="languages has 1 elements, must have 2"):
            expect_array((1,), "languages", length=2)
        with pytest.raises(Malformed, match="languages has 1 elements, at most 0"):
            expect_array((1,), "languages", maximum=0)


class TestExtensions:
    """Spec §3.4: a new even key must be understood, an odd one may be ignored."""

    def test_odd_keys_pass_and_known_even_keys_pass(self) -> None:
        """All extensions are given back, so that a relay can keep them."""
        extensions: dict[int, Value] = {1: True, 2: "known", 7: b""}

        assert check_extensions({}) == {}
        assert check_extensions(extensions, known=(2, 4)) == extensions

    def test_an_unknown_even_key_is_critical(self) -> None:
        """The record says something this program cannot weigh: the item is dropped."""
        with pytest.raises(UnknownCritical, match="extension 2 must be understood") as caught:
            check_extensions({1: 0, 2: 0})

        assert caught.value.verdict == "ignore"

    def test_the_slot_holds_a_map(self) -> None:
        """Even when it is empty."""
        with pytest.raises(Malformed, match="the extension slot must be a map, not an array"):
            check_extensions(())


CASES = json.loads(VECTORS.read_text("utf-8"))["cases"]


def from_json(value: object) -> Value:
    """Read a `decoded` member."""
    match value:
        case {"bytes": str(content)}:
            return bytes.fromhex(content)
        case {"map": list(pairs)}:
            return {key: from_json(item) for key, item in pairs}
        case list():
            return tuple(from_json(item) for item in value)
        case int() | str():
            return value
    raise AssertionError(f"{value!r} is not written as the vectors write values")


class TestVectors:
    """The implementation agrees with the language-neutral vectors."""

    def test_the_file_is_what_its_generator_makes(self) -> None:
        """A vector never changes silently."""
        build = runpy.run_path(str(ROOT / "tests" / "vectors" / "make_encoding.py"))["build"]

        assert build() == VECTORS.read_text("utf-8")

    def test_at_least_as_many_cases_are_invalid_as_valid(self) -> None:
        """What must be refused is the larger part of a format."""
        results = [case["result"] for case in CASES]

        assert results.count("invalid") >= results.count("valid") > 0
        assert len({case["id"] for case in CASES}) == len(CASES)

    @pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
    def test_case(self, case: dict[str, str | list[str]]) -> None:
        """Decode the input: the value, or the error."""
        document = json.loads(VECTORS.read_text("utf-8"))
        data = bytes.fromhex(str(case["input"]))
        size_max_bytes: int = document["size_max_bytes"]
        allow_map = "NoExtensionSlot" not in case["flags"]
        assert set(case["flags"]) <= set(document["notes"])

        if case["result"] == "valid":
            value = decode(data, size_max_bytes=size_max_bytes, allow_map=allow_map)
            assert repr(from_json(case["decoded"])) == repr(value)
            assert data == encode(value)
        else:
            with pytest.raises(DecodeError) as caught:
                decode(data, size_max_bytes=size_max_bytes, allow_map=allow_map)
            assert case["error"] == caught.value.code
