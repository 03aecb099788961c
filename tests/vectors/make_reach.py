"""Make `protocol/vectors/reach.json`: run this file as a script.

Messages are packed by `msgpack`, items sealed by the package `noiseprotocol`; nothing of the
`protocol` package is used, so that the vectors and the implementation can disagree. All keys
are fixed, and so known to everybody: never use them for anything.

Spec: §17.1, §17.4.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped, unused-ignore]
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from noise.connection import Keypair, NoiseConnection

TARGET = Path(__file__).parents[2] / "protocol" / "vectors" / "reach.json"

NOTES = {
    "Message": "input is a message of types 20 to 36; decoded is its fields, bytes in hex",
    "Seal": "seal `content`, followed by `zeros` zero bytes, with the sender's keys",
    "Open": "open `sealed` with the recipient's keys",
}
ABOUT = (
    "In items: `house`, `sender` and `recipient` are ids, `static` the private link key of the "
    "end that acts, `remote` the other end's public one. Sealing gives the item's size and id; "
    "opening gives the content (its fields, each message in hex) and the item's id."
)
SIZES = (1024, 4096, 16_384, 65_536, 262_144, 983_040)

Case = dict[str, Any]


def secret_bytes(name: str) -> bytes:
    return hashlib.sha256(b"openhouse vectors: " + name.encode()).digest()


def digest(domain: str, data: bytes) -> bytes:
    return hashlib.sha256(f"openhouse/1 {domain}\0".encode() + data).digest()


def public(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


HOUSE, ALICE, BOB = (secret_bytes(name) for name in ("house", "alice", "bob"))
ALICE_KEY, BOB_KEY, EVE_KEY = (secret_bytes(f"{name} link") for name in ("alice", "bob", "eve"))
EPHEMERAL = secret_bytes("ephemeral")
CIRCUIT = bytes(range(16))
PHOTO = secret_bytes("photo")
PROOF = [b"half", b"other half"]

MESSAGES: list[tuple[str, list[Any]]] = [
    ("open circuit", [20, CIRCUIT, BOB, PROOF]),
    ("incoming circuit", [21, CIRCUIT, ALICE]),
    ("data, of no bytes", [22, CIRCUIT, b""]),
    ("data", [22, CIRCUIT, b"sealed"]),
    ("credit of a window", [23, CIRCUIT, 262_144]),
    ("closed", [24, CIRCUIT]),
    ("where is", [25, BOB, PROOF]),
    ("there", [26, BOB, ["home.example:7470", "[2001:db8::1]:7470"]]),
    ("nowhere", [26, BOB, []]),
    ("leave item", [27, BOB, PROOF, b"sealed"]),
    ("taken", [28, bytes(32), True]),
    ("not taken", [28, bytes(32), False]),
    ("hand item", [29, ALICE, b"sealed"]),
    ("tell time", [30, 1_800_000_000_000]),
    ("want a photo from its beginning", [31, ALICE, CIRCUIT, PHOTO, 0]),
    ("want the rest of a photo", [31, ALICE, CIRCUIT, PHOTO, 49_152]),
    ("a part of a photo", [32, PHOTO, 0, bytes(range(256))]),
    ("no photo", [33, PHOTO]),
    ("want a piece of a file", [34, CIRCUIT, PHOTO, 0]),
    ("want the last piece there can be", [34, CIRCUIT, PHOTO, 10_930]),
    ("a piece of a file", [35, CIRCUIT, PHOTO, 1, bytes(range(64))]),
    ("no piece, ever", [36, CIRCUIT, PHOTO, 1, 0]),
    ("no piece, later", [36, CIRCUIT, PHOTO, 1, 2]),
]
WRONG_MESSAGES: list[tuple[str, list[Any]]] = [
    ("no type", []),
    ("an unknown type", [37, CIRCUIT]),
    ("a piece that no file has", [34, CIRCUIT, PHOTO, 10_931]),
    ("a piece above its limit", [35, CIRCUIT, PHOTO, 1, bytes(49_201)]),
    ("a piece of a loan of 15 bytes", [34, CIRCUIT[1:], PHOTO, 0]),
    ("a piece of a file of 31 bytes", [34, CIRCUIT, PHOTO[1:], 0]),
    ("a reason that there is not", [36, CIRCUIT, PHOTO, 1, 3]),
    ("a photo that begins above the limit", [31, ALICE, CIRCUIT, PHOTO, 524_289]),
    ("a photo of a thing of 15 bytes", [31, ALICE, CIRCUIT[1:], PHOTO, 0]),
    ("a part above its limit", [32, PHOTO, 0, bytes(49_153)]),
    ("no photo of 31 bytes", [33, PHOTO[1:]]),
    ("a time that is not a number", [30, CIRCUIT]),
    ("a time with a field too many", [30, 1_800_000_000_000, 0]),
    ("a type of section 8.2", [3, []]),
    ("a field too many", [24, CIRCUIT, CIRCUIT]),
    ("a field too few", [22, CIRCUIT]),
    ("a circuit of 15 bytes", [24, CIRCUIT[1:]]),
    ("a member of 31 bytes", [21, CIRCUIT, ALICE[1:]]),
    ("a proof of one half", [25, BOB, PROOF[:1]]),
    ("a proof of three halves", [25, BOB, [*PROOF, b"third"]]),
    ("a half above its limit", [25, BOB, [b"half", bytes(1025)]]),
    ("credit above a window", [23, CIRCUIT, 262_145]),
    ("credit that is no number", [23, CIRCUIT, b"1"]),
    ("17 addresses", [26, BOB, ["h:1"] * 17]),
    ("an address of 256 bytes", [26, BOB, ["h" * 256]]),
    ("an item id of 33 bytes", [28, bytes(33), True]),
    ("a receipt that says 1", [28, bytes(32), 1]),
]


def plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return [plain(item) for item in value] if isinstance(value, list) else value


def prologue(house: bytes = HOUSE, sender: bytes = ALICE, recipient: bytes = BOB) -> bytes:
    return b"openhouse/1 mailbox item\0\x01" + house + sender + recipient


def seal(
    content: bytes,
    *,
    static: bytes = ALICE_KEY,
    size: int | None = None,
    padded: bytes | None = None,
    before: bytes | None = None,
) -> bytes:
    """An item; ``size`` and ``padded`` let the sender lie about the content."""
    connection = NoiseConnection.from_name(b"Noise_K_25519_ChaChaPoly_SHA256")
    connection.set_as_initiator()
    connection.set_prologue(prologue() if before is None else before)
    connection.set_keypair_from_private_bytes(Keypair.STATIC, static)
    connection.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, public(BOB_KEY))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        connection.set_keypair_from_private_bytes(Keypair.EPHEMERAL, EPHEMERAL)
        connection.start_handshake()
        told = len(content) if size is None else size
        head = bytes(connection.write_message(told.to_bytes(8, "big")))
    if padded is None:
        padded = content.ljust(next(s for s in SIZES if s >= len(content)), b"\0")
    chunks = [
        bytes(connection.encrypt(padded[start : start + 65_519]))
        for start in range(0, len(padded), 65_519)
    ]
    return b"".join([b"\x01", head, *chunks])


CONTENT = [bytes(range(8)), 7, 1_800_000_000_000, [b"first", b"second"]]


def ends(static: bytes, remote: bytes, **ids: bytes) -> dict[str, str]:
    given = {"house": HOUSE, "sender": ALICE, "recipient": BOB, **ids}
    given |= {"static": static, "remote": public(remote)}
    return {name: value.hex() for name, value in given.items()}


def seal_cases() -> list[tuple[str, str, Any, str | None, Any]]:
    found: list[tuple[str, str, Any, str | None, Any]] = []
    packed = msgpack.packb(CONTENT)
    for comment, content, zeros in (
        ("a content", packed, 0),
        ("nothing", b"", 0),
        ("exactly the least size", b"", 1024),
        ("one byte more", b"", 1025),
        ("more than one transport message", b"x", 65_535),
        ("the largest", b"x", 983_039),
    ):
        item = seal(content + bytes(zeros))
        given = {
            **ends(ALICE_KEY, BOB_KEY),
            "ephemeral": EPHEMERAL.hex(),
            "content": content.hex(),
            "zeros": zeros,
        }
        decoded = {"size": len(item), "id": digest("mailbox item", item).hex()}
        found.append(("Seal", comment, given, None, decoded))
    return found


def open_cases() -> list[tuple[str, str, Any, str | None, Any]]:
    packed = msgpack.packb(CONTENT)
    right = seal(packed)
    mine = ends(BOB_KEY, ALICE_KEY)
    decoded = {"content": plain(CONTENT), "id": digest("mailbox item", right).hex()}
    changed = right[:80] + bytes([right[80] ^ 1]) + right[81:]
    wide, foul = packed.ljust(4096, b"\0"), packed.ljust(1024, b"\1")
    short_epoch = msgpack.packb([bytes(7), *CONTENT[1:]])
    no_bytes = msgpack.packb([*CONTENT[:3], [7]])
    spelling = b"\xdc\x00\x04" + packed[1:]
    small_order = right[:1] + bytes(32) + right[33:]
    flawed: list[tuple[str, dict[str, str], bytes, str]] = [
        ("one bit changed", mine, changed, "decrypt-failed"),
        ("another recipient's key", ends(EVE_KEY, ALICE_KEY), right, "decrypt-failed"),
        ("another sender's key", ends(BOB_KEY, EVE_KEY), right, "decrypt-failed"),
        ("sealed by another", mine, seal(packed, static=EVE_KEY), "decrypt-failed"),
        ("another house", {**mine, "house": ALICE.hex()}, right, "decrypt-failed"),
        ("for another member", {**mine, "recipient": ALICE.hex()}, right, "decrypt-failed"),
        ("said to be from another", {**mine, "sender": BOB.hex()}, right, "decrypt-failed"),
        ("an ephemeral key of small order", mine, small_order, "bad-key"),
        ("nothing at all", mine, b"", "unknown-critical"),
        ("another version", mine, b"\x02" + right[1:], "unknown-critical"),
        ("ends inside the key", mine, right[:20], "malformed"),
        ("the last byte is missing", mine, right[:-1], "decrypt-failed"),
        ("a byte too many", mine, right + b"\0", "decrypt-failed"),
        ("no content follows", mine, right[:57], "malformed"),
        ("padded to the next size", mine, seal(packed, padded=wide), "malformed"),
        ("not padded", mine, seal(packed, padded=packed), "malformed"),
        ("padding that is not zero", mine, seal(packed, padded=foul), "not-canonical"),
        ("a size above the largest", mine, seal(packed, size=983_041), "too-large"),
        ("a content that is no array", mine, seal(msgpack.packb(7)), "malformed"),
        ("a log epoch of 7 bytes", mine, seal(short_epoch), "malformed"),
        ("a message that is no bytes", mine, seal(no_bytes), "malformed"),
        ("a content in another spelling", mine, seal(spelling), "not-canonical"),
    ]  # fmt: skip
    found: list[tuple[str, str, Any, str | None, Any]] = [
        ("Open", "a content", {**mine, "sealed": right.hex()}, None, decoded)
    ]
    for comment, keys, item, error in flawed:
        found.append(("Open", comment, {**keys, "sealed": item.hex()}, error, None))
    return found


def message_cases() -> list[tuple[str, str, Any, str | None, Any]]:
    found: list[tuple[str, str, Any, str | None, Any]] = []
    for comment, fields in MESSAGES:
        found.append(("Message", comment, msgpack.packb(fields).hex(), None, plain(fields)))
    for comment, fields in WRONG_MESSAGES:
        found.append(("Message", comment, msgpack.packb(fields).hex(), "malformed", None))
    packed = msgpack.packb([24, CIRCUIT])
    found.append(("Message", "the end is missing", packed[:-1].hex(), "malformed", None))
    found.append(("Message", "a byte too many", (packed + b"\0").hex(), "malformed", None))
    longer = packed.replace(b"\xc4\x10", b"\xc5\x00\x10")
    found.append(("Message", "a length longer than needed", longer.hex(), "not-canonical", None))
    return found


def build() -> str:
    """The file's text."""
    cases: list[Case] = []
    for flag, comment, given, error, decoded in [*message_cases(), *seal_cases(), *open_cases()]:
        cases.append(
            {
                "id": f"{flag.lower()}-{len(cases) + 1}",
                "comment": comment,
                "flags": [flag],
                "input": given,
                "result": "valid" if error is None else "invalid",
                "error": error,
                "decoded": decoded,
            }
        )
    document = {
        "schema": "openhouse vectors 1",
        "spec_section": "17",
        "source": "tests/vectors/make_reach.py, with the packages msgpack and noiseprotocol",
        "about": ABOUT,
        "notes": NOTES,
    }
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    return json.dumps(document, indent=1)[:-2] + ',\n "cases": [\n' + lines + "\n ]\n}\n"


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
