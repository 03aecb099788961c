"""Make `protocol/vectors/encoding.json`: run this file as a script.

The bytes are spelled here from the text of Spec §3, by hand or by the few lines
below; nothing of the `protocol` package is used, so that the vectors and the
implementation can disagree.
"""

from __future__ import annotations

import json
from pathlib import Path

TARGET = Path(__file__).parents[2] / "protocol" / "vectors" / "encoding.json"

SIZE_MAX_BYTES = 4352

NOTES = {
    "Integer": "an unsigned integer",
    "Bytes": "a byte string",
    "Text": "a text",
    "Boolean": "true or false",
    "Array": "an array",
    "ExtensionSlot": "a map as an element of the outermost array",
    "NoExtensionSlot": "read as a message without an extension slot: no map is allowed",
    "Longer": "the value is spelled with more bytes than it needs",
    "Foreign": "a MessagePack type that does not exist in the subset",
    "Range": "an integer of 2^53 or more",
    "Utf8": "a text that is not valid UTF-8",
    "Cut": "the input ends too early",
    "Trailing": "bytes follow the value",
    "Limit": "at a limit, or one above it",
    "Bomb": "a small input that announces a large value",
    "Order": "map keys that do not increase",
}


def head(length: int, *forms: tuple[int, int, int]) -> bytes:
    """Spell a length in the first form that holds it: (first byte, width, largest)."""
    for first, width, largest in forms:
        if length <= largest:
            if width == 0:
                return bytes([first | length])
            return bytes([first]) + length.to_bytes(width, "big")
    raise AssertionError("no form is long enough")


def number(n: int) -> bytes:
    forms = ((0, 0, 127), (0xCC, 1, 2**8 - 1), (0xCD, 2, 2**16 - 1), (0xCE, 4, 2**32 - 1))
    return head(n, *forms, (0xCF, 8, 2**53 - 1))


def octets(content: bytes) -> bytes:
    return head(len(content), (0xC4, 1, 255), (0xC5, 2, 65535), (0xC6, 4, 2**32)) + content


def text(content: str) -> bytes:
    raw = content.encode()
    forms = ((0xA0, 0, 31), (0xD9, 1, 255), (0xDA, 2, 65535), (0xDB, 4, 2**32))
    return head(len(raw), *forms) + raw


def array(*items: bytes) -> bytes:
    return head(len(items), (0x90, 0, 15), (0xDC, 2, 65535)) + b"".join(items)


def slot(*pairs: bytes) -> bytes:
    return head(len(pairs) // 2, (0x80, 0, 15), (0xDE, 2, 65535)) + b"".join(pairs)


def spell(value: object) -> bytes:
    """Spell a value given as in the `decoded` member of a case."""
    match value:
        case bool():
            return b"\xc3" if value else b"\xc2"
        case int():
            return number(value)
        case str():
            return text(value)
        case list():
            return array(*(spell(item) for item in value))
        case {"bytes": content}:
            return octets(bytes.fromhex(content))
        case {"map": pairs}:
            return slot(*(spell(item) for pair in pairs for item in pair))
    raise AssertionError(f"{value!r} is not written as the vectors write values")


def raw(length: int) -> dict[str, str]:
    return {"bytes": (bytes(range(256)) * (length // 256 + 1))[:length].hex()}


def nested(depth: int) -> bytes:
    return b"\x91" * (depth - 1) + b"\x90"


# (comment, flags, value)
VALID: list[tuple[str, list[str], object]] = [
    ("smallest integer", ["Integer"], 0),
    ("largest integer of one byte", ["Integer"], 127),
    ("smallest integer of 8 bits", ["Integer"], 128),
    ("largest integer of 8 bits", ["Integer"], 255),
    ("smallest integer of 16 bits", ["Integer"], 256),
    ("largest integer of 16 bits", ["Integer"], 65535),
    ("smallest integer of 32 bits", ["Integer"], 65536),
    ("largest integer of 32 bits", ["Integer"], 2**32 - 1),
    ("smallest integer of 64 bits", ["Integer"], 2**32),
    ("a time in milliseconds", ["Integer"], 1_763_856_000_000),
    ("largest integer", ["Integer", "Limit"], 2**53 - 1),
    ("false", ["Boolean"], False),
    ("true", ["Boolean"], True),
    ("empty byte string", ["Bytes"], raw(0)),
    ("byte string of a key's size", ["Bytes"], raw(32)),
    ("longest byte string with 8 bits of length", ["Bytes"], raw(255)),
    ("shortest byte string with 16 bits of length", ["Bytes"], raw(256)),
    ("longest message", ["Bytes", "Limit"], raw(SIZE_MAX_BYTES - 3)),
    ("empty text", ["Text"], ""),
    ("text beyond ASCII", ["Text"], "Une échelle, ¿sí? 🪜"),
    ("a zero character is text", ["Text"], "\0"),
    ("texts are not normalised: e and a combining accent", ["Text"], "e\u0301"),
    ("longest text with 5 bits of length", ["Text"], "a" * 31),
    ("shortest text with 8 bits of length", ["Text"], "a" * 32),
    ("shortest text with 16 bits of length", ["Text"], "a" * 256),
    ("longest text", ["Text", "Limit"], "a" * 4096),
    ("empty array", ["Array"], []),
    ("longest array with 4 bits of length", ["Array"], [0] * 15),
    ("shortest array with 16 bits of length", ["Array"], [0] * 16),
    ("deepest array", ["Array", "Limit"], [[[[[[]]]]]]),
    ("most elements", ["Array", "Limit"], [0] * 512),
    ("most elements, in two arrays", ["Array", "Limit"], [[0] * 300, [0] * 210]),
    ("empty extension slot", ["ExtensionSlot"], [1, {"map": []}]),
    (
        "extensions of every type",
        ["ExtensionSlot"],
        [1, {"map": [[1, 2], [3, "a"], [500, [True]]]}],
    ),
    ("the slot need not be last", ["ExtensionSlot"], [{"map": [[0, 1]]}, 1]),
]

MALFORMED, CANONICAL, LARGE = "malformed", "not-canonical", "too-large"

# (comment, flags, error, input)
INVALID: list[tuple[str, list[str], str, bytes]] = [
    ("nothing at all", ["Cut"], MALFORMED, b""),
    ("integer of 8 bits, cut", ["Cut", "Integer"], MALFORMED, b"\xcc"),
    ("integer of 64 bits, cut", ["Cut", "Integer"], MALFORMED, b"\xcf\0\0\0\1\0\0\0"),
    ("integer of 64 bits, cut after its first byte", ["Cut", "Integer"], MALFORMED, b"\xcf"),
    ("byte string without its length", ["Cut", "Bytes"], MALFORMED, b"\xc4"),
    ("byte string, one byte short", ["Cut", "Bytes"], MALFORMED, b"\xc4\x02\0"),
    ("byte string with half its length", ["Cut", "Bytes"], MALFORMED, b"\xc5\x01"),
    ("text, one byte short", ["Cut", "Text"], MALFORMED, b"\xa2a"),
    ("array without its last element", ["Cut", "Array"], MALFORMED, b"\x92\0"),
    ("array with half its length", ["Cut", "Array"], MALFORMED, b"\xdc\0"),
    ("map without its last value", ["Cut", "ExtensionSlot"], MALFORMED, b"\x91\x81\1"),
    ("a byte after an integer", ["Trailing"], MALFORMED, b"\0\0"),
    ("a byte after an array", ["Trailing", "Array"], MALFORMED, b"\x90\xc0"),
    ("nil", ["Foreign"], MALFORMED, b"\xc0"),
    ("the byte MessagePack never uses", ["Foreign"], MALFORMED, b"\xc1"),
    ("nil in an array", ["Foreign", "Array"], MALFORMED, b"\x92\1\xc0"),
    ("float of 32 bits", ["Foreign"], MALFORMED, b"\xca\x3f\x80\0\0"),
    ("float of 64 bits", ["Foreign"], MALFORMED, b"\xcb\x3f\xf0\0\0\0\0\0\0"),
    ("minus one", ["Foreign", "Integer"], MALFORMED, b"\xff"),
    ("minus thirty-two", ["Foreign", "Integer"], MALFORMED, b"\xe0"),
    ("signed 8 bits, positive", ["Foreign", "Integer"], MALFORMED, b"\xd0\x01"),
    ("signed 16 bits", ["Foreign", "Integer"], MALFORMED, b"\xd1\xff\0"),
    ("signed 32 bits", ["Foreign", "Integer"], MALFORMED, b"\xd2\xff\0\0\0"),
    ("signed 64 bits", ["Foreign", "Integer"], MALFORMED, b"\xd3" + b"\xff" * 8),
    ("extension type of one byte", ["Foreign"], MALFORMED, b"\xd4\1\0"),
    ("extension type with a length", ["Foreign"], MALFORMED, b"\xc7\1\1\0"),
    ("timestamp", ["Foreign"], MALFORMED, b"\xd6\xff\0\0\0\0"),
    ("2^53", ["Range", "Integer", "Limit"], MALFORMED, b"\xcf\0\x20\0\0\0\0\0\0"),
    ("2^56", ["Range", "Integer"], MALFORMED, b"\xcf\1\0\0\0\0\0\0\0"),
    ("2^64 - 1", ["Range", "Integer"], MALFORMED, b"\xcf" + b"\xff" * 8),
    ("zero in 8 bits", ["Longer", "Integer"], CANONICAL, b"\xcc\0"),
    ("127 in 8 bits", ["Longer", "Integer"], CANONICAL, b"\xcc\x7f"),
    ("255 in 16 bits", ["Longer", "Integer"], CANONICAL, b"\xcd\0\xff"),
    ("65535 in 32 bits", ["Longer", "Integer"], CANONICAL, b"\xce\0\0\xff\xff"),
    ("2^32 - 1 in 64 bits", ["Longer", "Integer"], CANONICAL, b"\xcf\0\0\0\0" + b"\xff" * 4),
    ("byte string, 16 bits of length", ["Longer", "Bytes"], CANONICAL, b"\xc5\0\1\0"),
    ("byte string, 32 bits of length", ["Longer", "Bytes"], CANONICAL, b"\xc6\0\0\0\1\0"),
    ("text, 8 bits of length", ["Longer", "Text"], CANONICAL, b"\xd9\1a"),
    ("text, 16 bits of length", ["Longer", "Text"], CANONICAL, b"\xda\0\1a"),
    ("text, 32 bits of length", ["Longer", "Text"], CANONICAL, b"\xdb\0\0\0\1a"),
    ("array, 16 bits of length", ["Longer", "Array"], CANONICAL, b"\xdc\0\1\0"),
    ("array, 32 bits of length", ["Longer", "Array"], CANONICAL, b"\xdd\0\0\0\1\0"),
    ("map, 16 bits of length", ["Longer", "ExtensionSlot"], CANONICAL, b"\x91\xde\0\0"),
    ("map, 32 bits of length", ["Longer", "ExtensionSlot"], CANONICAL, b"\x91\xdf\0\0\0\0"),
    ("a byte that begins nothing", ["Utf8", "Text"], MALFORMED, b"\xa1\xff"),
    ("a character cut in two", ["Utf8", "Text"], MALFORMED, b"\xa1\xc3"),
    ("a slash in two bytes", ["Utf8", "Text"], MALFORMED, b"\xa2\xc0\xaf"),
    ("half of a surrogate pair", ["Utf8", "Text"], MALFORMED, b"\xa3\xed\xa0\x80"),
    ("beyond U+10FFFF", ["Utf8", "Text"], MALFORMED, b"\xa4\xf4\x90\x80\x80"),
    ("map as the whole", ["ExtensionSlot"], MALFORMED, b"\x80"),
    ("map in an inner array", ["ExtensionSlot"], MALFORMED, b"\x91\x91\x80"),
    ("map in a map", ["ExtensionSlot"], MALFORMED, b"\x91\x81\1\x80"),
    ("two maps", ["ExtensionSlot"], MALFORMED, b"\x92\x80\x80"),
    ("map where there is no slot", ["NoExtensionSlot"], MALFORMED, b"\x91\x80"),
    ("key that is a text", ["ExtensionSlot"], MALFORMED, b"\x91\x81\xa1a\1"),
    ("key that is a byte string", ["ExtensionSlot"], MALFORMED, b"\x91\x81\xc4\1a\1"),
    ("key that is a boolean", ["ExtensionSlot"], MALFORMED, b"\x91\x81\xc3\1"),
    ("key that is an array", ["ExtensionSlot"], MALFORMED, b"\x91\x81\x91\1\1"),
    ("key in 8 bits that needs fewer", ["Longer"], CANONICAL, b"\x91\x81\xcc\1\1"),
    ("keys that decrease", ["Order", "ExtensionSlot"], CANONICAL, b"\x91\x82\3\0\1\0"),
    ("one key twice", ["Order", "ExtensionSlot"], CANONICAL, b"\x91\x82\1\0\1\0"),
    ("text of 4097 bytes", ["Limit", "Text"], LARGE, text("a" * 4097)),
    ("message of one byte too many", ["Limit"], LARGE, octets(bytes(SIZE_MAX_BYTES - 2))),
    ("seven arrays deep", ["Limit", "Array"], LARGE, nested(7)),
    ("513 elements", ["Limit", "Array"], LARGE, array(*[b"\0"] * 513)),
    (
        "513 elements in two arrays",
        ["Limit"],
        LARGE,
        array(array(*[b"\0"] * 300), array(*[b"\0"] * 211)),
    ),
    ("256 pairs in a map, and itself", ["Limit"], LARGE, array(slot(*map(number, range(512))))),
    ("16,777,215 elements announced", ["Bomb", "Array"], LARGE, b"\xdd\0\xff\xff\xff"),
    ("4 billion pairs announced", ["Bomb", "ExtensionSlot"], LARGE, b"\x91\xdf" + b"\xff" * 4),
    ("4 billion bytes announced", ["Bomb", "Bytes"], MALFORMED, b"\xc6" + b"\xff" * 4),
    ("4 billion bytes of text announced", ["Bomb", "Text"], LARGE, b"\xdb" + b"\xff" * 4),
    ("four thousand arrays deep", ["Bomb", "Array"], LARGE, nested(4000)),
    ("four thousand empty maps", ["Bomb"], LARGE, b"\xdc\x0f\xa0" + b"\x80" * 4000),
    ("four hundred empty maps", ["Bomb"], MALFORMED, b"\xdc\x01\x90" + b"\x80" * 400),
]


def build() -> str:
    """Give the text of the file."""
    cases: list[dict[str, object]] = []
    for number_, (comment, flags, value) in enumerate(VALID, 1):
        case: dict[str, object] = {"id": f"valid-{number_}", "comment": comment, "flags": flags}
        case |= {"input": spell(value).hex(), "result": "valid", "error": None, "decoded": value}
        cases.append(case)
    for number_, (comment, flags, error, data) in enumerate(INVALID, 1):
        case = {"id": f"invalid-{number_}", "comment": comment, "flags": flags}
        case |= {"input": data.hex(), "result": "invalid", "error": error, "decoded": None}
        cases.append(case)
    document = {
        "schema": "openhouse vectors 1",
        "spec_section": "3",
        "source": "tests/vectors/make_encoding.py, written from the text of the spec",
        "about": (
            f"Decode `input` with a size limit of {SIZE_MAX_BYTES} bytes, the limits of section "
            "14 for depth, elements and text, and an extension slot allowed unless a flag says "
            "otherwise. In `decoded`, byte strings are {bytes: hex} and maps {map: [[key, value]]}."
        ),
        "size_max_bytes": SIZE_MAX_BYTES,
        "notes": NOTES,
    }
    # One case a line: a changed case is one changed line in a review.
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    return json.dumps(document, indent=1)[:-2] + ',\n "cases": [\n' + lines + "\n ]\n}\n"


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
