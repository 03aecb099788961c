"""One value, one spelling: the canonical subset of MessagePack that is signed.

Everything that is hashed, signed or sent is built from unsigned integers, byte
strings, text, booleans and fixed-length arrays; one map, the extension slot,
may stand in the outermost array. A receiver keeps the exact bytes it was given,
so each value must have exactly one encoding: `encode(decode(b)) == b` is
required of all input before anything else looks at it.

`decode` works in three steps. A scan over the raw bytes checks structure and
every cap, so that a bomb is refused before the first Python object exists;
`msgpack` builds the objects; encoding them again must give the input. The
`expect_*` readers then take fields out of the result, strictly, each with a
sentence that names the field when it does not fit.

Floats, nil, negative integers and extension types do not exist here. The module
imports the `msgpack` package, errors and limits; it must not import anything
that acts, and holds no state.

Spec: §3.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final, TypeAlias, Union

import msgpack  # type: ignore[import-untyped, unused-ignore]

from protocol.errors import (
    DecodeError,
    LocalProtocolError,
    Malformed,
    NotCanonical,
    TooLarge,
    UnknownCritical,
)
from protocol.limits import DEPTH_MAX, ELEMENTS_MAX, TEXT_SIZE_MAX_BYTES, UINT_MAX

Value: TypeAlias = Union[  # noqa: UP007 - a recursive alias needs quotes, and so Union
    int, bytes, str, bool, tuple["Value", ...], list["Value"], dict[int, "Value"]
]
"""What can be encoded. `decode` gives tuples for arrays, never lists."""


def encode(
    value: Value,
    *,
    depth_max: int = DEPTH_MAX,
    elements_max: int = ELEMENTS_MAX,
    text_max_bytes: int = TEXT_SIZE_MAX_BYTES,
) -> bytes:
    """Give the one canonical encoding of a value.

    Args:
        value: lists and tuples are the same. A map must come with its keys in
            increasing order, and only as an element of the outermost array.
        depth_max: arrays within arrays, the outermost counted.
        elements_max: elements of all arrays together, each map pair counted twice.
        text_max_bytes: of one text, in bytes of UTF-8; at least 31.

    Raises:
        LocalProtocolError: the value has no encoding, or no receiver would take it.

    Spec: §3.1, §3.2.
    """
    try:
        data: bytes = msgpack.packb(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise LocalProtocolError(f"this value cannot be encoded: {error}", "3.1") from error
    try:
        # What a receiver would refuse, a sender refuses first, by the same rules.
        if _scan(data, depth_max, elements_max, text_max_bytes, allow_map=True):
            _check_map_keys(value)
    except DecodeError as error:
        raise LocalProtocolError(error.detail, error.section) from error
    return data


def decode(
    data: bytes,
    *,
    size_max_bytes: int,
    depth_max: int = DEPTH_MAX,
    elements_max: int = ELEMENTS_MAX,
    text_max_bytes: int = TEXT_SIZE_MAX_BYTES,
    allow_map: bool = False,
) -> Value:
    """Read bytes from anywhere, or refuse them.

    Costs no memory beyond the limits, whatever the bytes are. Afterwards
    `encode` of the result gives `data` again, so `data` may be hashed and
    stored as it is.

    Args:
        data: all of the encoding, nothing after it.
        size_max_bytes: of `data`.
        depth_max: arrays within arrays, the outermost counted.
        elements_max: elements of all arrays together, each map pair counted twice.
        text_max_bytes: of one text, in bytes of UTF-8; at least 31 (shorter
            limits belong to the field: `expect_text`).
        allow_map: whether the outermost array has an extension slot.

    Returns:
        The value; arrays come as tuples.

    Raises:
        Malformed: not MessagePack, or a type that does not exist here.
        TooLarge: above one of the limits given.
        NotCanonical: readable, but not spelled in the one permitted way.

    Spec: §3.1 - §3.4.
    """
    if len(data) > size_max_bytes:
        raise TooLarge(f"{len(data)} bytes, at most {size_max_bytes} are allowed", "3.3")
    has_map = _scan(data, depth_max, elements_max, text_max_bytes, allow_map=allow_map)
    try:
        value: Value = msgpack.unpackb(data, use_list=False, strict_map_key=False)
    except UnicodeDecodeError as error:
        raise Malformed("a text is not valid UTF-8", "3.1") from error
    if has_map:
        _check_map_keys(value)
    if msgpack.packb(value) != data:
        # Spec 3.2: "A receiver MUST refuse bytes that differ from the encoding of their value."
        raise NotCanonical("the bytes differ from the encoding of their value", "3.2")
    return value


# --- Reading fields -----------------------------------------------------------------

_FIELDS_SECTION: Final = "3.5"


def expect_uint(value: Value, name: str, maximum: int = UINT_MAX) -> int:
    """Read an unsigned integer of at most `maximum`. Spec: §3.5."""
    # A bool is an int in Python, and nowhere else in the protocol.
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong_type(value, name, "an unsigned integer")
    if value > maximum:
        raise Malformed(f"{name} is {value}, at most {maximum} is allowed", _FIELDS_SECTION)
    return value


def expect_bool(value: Value, name: str) -> bool:
    """Read a boolean. Spec: §3.5."""
    if not isinstance(value, bool):
        raise _wrong_type(value, name, "a boolean")
    return value


def expect_bytes(
    value: Value, name: str, length: int | None = None, maximum: int | None = None
) -> bytes:
    """Read a byte string of exactly `length` or at most `maximum` bytes. Spec: §3.5."""
    if not isinstance(value, bytes):
        raise _wrong_type(value, name, "a byte string")
    _check_length(len(value), name, "bytes", length, maximum)
    return value


def expect_text(value: Value, name: str, maximum: int) -> str:
    """Read a text of at most `maximum` bytes of UTF-8. Spec: §3.5."""
    if not isinstance(value, str):
        raise _wrong_type(value, name, "a text")
    _check_length(len(value.encode()), name, "bytes of UTF-8", None, maximum)
    return value


def expect_array(
    value: Value, name: str, length: int | None = None, maximum: int | None = None
) -> tuple[Value, ...]:
    """Read a decoded array of exactly `length` or at most `maximum` elements. Spec: §3.5."""
    if not isinstance(value, tuple):
        raise _wrong_type(value, name, "an array")
    _check_length(len(value), name, "elements", length, maximum)
    return value


def check_extensions(value: Value, known: Container[int] = ()) -> dict[int, Value]:
    """Check the extension slot: even keys must be known, odd ones may be ignored.

    Args:
        value: the element in the slot.
        known: keys this reader understands.

    Returns:
        All extensions, unknown odd ones among them.

    Raises:
        Malformed: not a map.
        UnknownCritical: an even key that is not known.

    Spec: §3.4.
    """
    if not isinstance(value, dict):
        raise _wrong_type(value, "the extension slot", "a map")
    for key in value:
        if key % 2 == 0 and key not in known:
            raise UnknownCritical(f"extension {key} must be understood, and is not", "3.4")
    return value


def _wrong_type(value: Value, name: str, wanted: str) -> Malformed:
    return Malformed(f"{name} must be {wanted}, not {_TYPE_NAMES[type(value)]}", _FIELDS_SECTION)


def _check_length(
    actual: int, name: str, unit: str, length: int | None, maximum: int | None
) -> None:
    if length is not None and actual != length:
        raise Malformed(f"{name} has {actual} {unit}, must have {length}", _FIELDS_SECTION)
    if maximum is not None and actual > maximum:
        raise Malformed(f"{name} has {actual} {unit}, at most {maximum}", _FIELDS_SECTION)


_TYPE_NAMES: Final[dict[type, str]] = {
    bool: "a boolean",
    int: "an unsigned integer",
    bytes: "a byte string",
    str: "a text",
    tuple: "an array",
    list: "a list that was never encoded",
    dict: "a map",
}

# --- The scan -----------------------------------------------------------------------

_TEXT, _BYTES, _ARRAY, _MAP = range(4)

_UINT64: Final = 0xCF
_BIN8: Final = 0xC4

# First byte of an item that carries its length in further bytes: (kind, how many).
_WITH_LENGTH: Final = {
    0xC4: (_BYTES, 1),
    0xC5: (_BYTES, 2),
    0xC6: (_BYTES, 4),
    0xD9: (_TEXT, 1),
    0xDA: (_TEXT, 2),
    0xDB: (_TEXT, 4),
    0xDC: (_ARRAY, 2),
    0xDD: (_ARRAY, 4),
    0xDE: (_MAP, 2),
    0xDF: (_MAP, 4),
}


def _make_steps() -> tuple[int, ...]:
    """Whole size of an item by its first byte; of a short array -1 and less, -1 for an empty one.

    0 where the byte alone does not tell.
    """
    steps = [0] * 256
    for first in range(0x80):
        steps[first] = 1  # small integer
    for first in range(0xA0, 0xC0):
        steps[first] = 1 + (first & 0x1F)  # short text
    for first in range(0x90, 0xA0):
        steps[first] = ~(first & 0x0F)  # short array
    steps[0xC2] = steps[0xC3] = 1  # false, true
    steps[0xCC], steps[0xCD], steps[0xCE] = 2, 3, 5  # integers of 8, 16, 32 bits
    return tuple(steps)


_STEPS: Final = _make_steps()


def _scan(
    data: bytes, depth_max: int, elements_max: int, text_max_bytes: int, *, allow_map: bool
) -> bool:
    """Walk over the items of `data` without building them; tell whether a map is there.

    Counts are checked where they are announced, so a bomb costs nothing. The
    loop is the hot path of a node: one table look-up for most items.
    """
    assert text_max_bytes >= 31, "short texts are not measured here, see expect_text"
    steps = _STEPS
    position, elements, has_map = 0, 0, False
    left = 1  # items still to come in the array at hand
    outer: list[int] = []  # the same for each array around it
    try:
        while True:
            while left == 0:
                if not outer:
                    _check_end(position, len(data))
                    return has_map
                left = outer.pop()
            left -= 1
            first = data[position]
            step = steps[first]
            if step > 0:
                position += step
                continue
            if first == _BIN8:
                position += 2 + data[position + 1]
                continue
            if step:
                length, position = ~step, position + 1
            elif first == _UINT64:
                if data[position + 1] or data[position + 2] > 0x1F:
                    raise Malformed("an integer is 2^53 or more", "3.1")
                position += 9
                continue
            else:
                kind, length, position = _read_header(data, position, first)
                if kind <= _BYTES:
                    if kind == _TEXT and length > text_max_bytes:
                        raise TooLarge(
                            f"a text has {length} bytes, at most {text_max_bytes}", "3.3"
                        )
                    position += length
                    continue
                if kind == _MAP:
                    if not allow_map or has_map or len(outer) != 1:
                        raise Malformed("a map stands outside the extension slot", "3.4")
                    has_map = True
                    length *= 2
            elements += length
            outer.append(left)
            left = length
            if elements > elements_max:
                raise TooLarge(f"{elements} elements, at most {elements_max}", "3.3")
            if len(outer) > depth_max:
                raise TooLarge(f"nested deeper than {depth_max}", "3.3")
    except IndexError:
        raise Malformed("the bytes end too early", "3.1") from None


def _read_header(data: bytes, position: int, first: int) -> tuple[int, int, int]:
    """Read kind and length of a container or long string, and where its content begins."""
    if 0x80 <= first <= 0x8F:
        return _MAP, first & 0x0F, position + 1
    if first not in _WITH_LENGTH:
        raise Malformed(f"first byte {first:#04x} is of no type that exists here", "3.1")
    kind, width = _WITH_LENGTH[first]
    content = position + 1 + width
    # A cut length reads as a smaller one; the position beyond the end gives it away.
    return kind, int.from_bytes(data[position + 1 : content], "big"), content


def _check_end(position: int, size: int) -> None:
    if position > size:
        raise Malformed("the bytes end too early", "3.1")
    if position < size:
        raise Malformed("there are bytes after the end of the value", "3.1")


def _check_map_keys(value: Value) -> None:
    """Check the keys of the one map, an element of the outermost array."""
    assert isinstance(value, tuple | list), "the scan saw a map inside an array"
    slot = next(element for element in value if isinstance(element, dict))
    given: list[object] = list(slot)
    keys = [key for key in given if isinstance(key, int) and not isinstance(key, bool)]
    if len(keys) != len(given):
        raise Malformed("an extension's key is not an unsigned integer", "3.4")
    if keys != sorted(keys):
        raise NotCanonical("extensions are not in increasing order of their keys", "3.4")
