"""Make `protocol/vectors/files.json`: run this file as a script.

Written from the specification with `cryptography` alone; nothing of the `protocol` package is
used, so that the vectors and the implementation can disagree. All keys are fixed, and so known
to everybody: never use them for anything.

Spec: §20.1, §20.2.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

TARGET = Path(__file__).parents[2] / "protocol" / "vectors" / "files.json"

NOTES = {
    "Name": "the file that begins with `head`, followed by `zeros` zero bytes; decoded is its "
    "name, how many pieces it travels in, and the digest of the first one under the domain `file`",
    "Seal": "seal `piece` as number `number` for the errand; decoded is the sealed piece",
    "Open": "open `sealed` as number `number` with the borrower's private key",
}
PART = 49_152
SMALL_ORDER = bytes(32)


def named(name: str, size: int = 32) -> bytes:
    return hashlib.sha256(b"openhouse vectors: " + name.encode()).digest()[:size]


def digest(domain: str, *parts: bytes) -> bytes:
    return hashlib.sha256(f"openhouse/1 {domain}\0".encode() + b"".join(parts)).digest()


def big8(number: int) -> bytes:
    return number.to_bytes(8, "big")


def public(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


ERRAND = {
    "house": named("house"), "loan": named("loan", 16), "holder": named("alice"),
    "borrower": named("bob"), "file": named("file"),
}  # fmt: skip
EPHEMERAL, READER, OTHER = named("ephemeral"), named("bob link"), named("eve link")


def cut(data: bytes) -> list[bytes]:
    return [data[begin : begin + PART] for begin in range(0, len(data), PART)]


def name_case(comment: str, head: bytes, zeros: int) -> dict[str, Any]:
    data = head + bytes(zeros)
    parts = cut(data)
    listed = b"".join(digest("file part", big8(n), part) for n, part in enumerate(parts))
    pieces = [*cut(listed), *parts]
    return {
        "flag": "Name", "comment": comment, "input": {"head": head.hex(), "zeros": zeros},
        "decoded": {
            "name": digest("file", big8(len(data)), listed).hex(), "pieces": len(pieces),
            "first": digest("file", pieces[0]).hex(),
        },
    }  # fmt: skip


def seal(
    errand: dict[str, bytes], number: int, piece: bytes, *, last: bool, reader: bytes
) -> bytes:
    known = public(EPHEMERAL)
    theirs = X25519PublicKey.from_public_bytes(reader)
    secret = X25519PrivateKey.from_private_bytes(EPHEMERAL).exchange(theirs)
    key = HKDF(SHA256(), 32, known + reader, b"openhouse/1 file key\0").derive(secret)
    nonce = bytes(4) + number.to_bytes(8, "little")
    context = b"".join(errand.values()) + bytes([last])
    return known + ChaCha20Poly1305(key).encrypt(nonce, piece, context)


def plain(errand: dict[str, bytes], number: int, *, last: bool) -> dict[str, Any]:
    return {**{name: value.hex() for name, value in errand.items()}, "number": number, "last": last}


def seal_case(comment: str, number: int, piece: bytes, *, last: bool) -> dict[str, Any]:
    given = {
        **plain(ERRAND, number, last=last), "ephemeral": EPHEMERAL.hex(),
        "reader": public(READER).hex(), "piece": piece.hex(),
    }  # fmt: skip
    sealed = seal(ERRAND, number, piece, last=last, reader=public(READER))
    return {"flag": "Seal", "comment": comment, "input": given, "decoded": sealed.hex()}


def open_case(
    comment: str,
    sealed: bytes,
    *,
    number: int = 3,
    last: bool = False,
    private: bytes = READER,
    decoded: bytes | None = None,
    **ids: bytes,
) -> dict[str, Any]:
    given = {
        **plain({**ERRAND, **ids}, number, last=last), "private": private.hex(),
        "sealed": sealed.hex(),
    }  # fmt: skip
    return {
        "flag": "Open", "comment": comment, "input": given,
        "decoded": None if decoded is None else decoded.hex(),
    }  # fmt: skip


def cases() -> list[dict[str, Any]]:
    piece = b"one piece of a podcast"
    sealed = seal(ERRAND, 3, piece, last=False, reader=public(READER))
    changed = sealed[:40] + bytes([sealed[40] ^ 1]) + sealed[41:]
    refused = {
        "number": open_case("another number", sealed, number=4),
        "last": open_case("cut short: not the last piece", sealed, last=True),
        "private": open_case("another reader", sealed, private=OTHER),
        "house": open_case("another house", sealed, house=named("other")),
        "loan": open_case("another loan", sealed, loan=named("other", 16)),
        "holder": open_case("another holder", sealed, holder=named("other")),
        "borrower": open_case("another borrower", sealed, borrower=named("other")),
        "file": open_case("another file", sealed, file=named("other")),
        "changed": open_case("one bit changed", changed),
        "cut": open_case("the last byte is missing", sealed[:-1]),
        "short": open_case("shorter than a seal", sealed[:47]),
        "nothing": open_case("nothing at all", b""),
        "order": open_case("a key of small order", SMALL_ORDER + sealed[32:]),
    }
    return [
        name_case("one byte", b"x", 0),
        name_case("a part", b"", PART),
        name_case("a byte more than a part", b"", PART + 1),
        name_case("three parts, that differ by their numbers alone", b"", 3 * PART),
        seal_case("the first piece", 0, piece, last=False),
        seal_case("the last piece", 10_930, piece, last=True),
        seal_case("no bytes", 1, b"", last=False),
        open_case("a piece", sealed, decoded=piece),
        *refused.values(),
    ]


def build() -> str:
    rows = []
    for number, case in enumerate(cases(), 1):
        flag, is_valid = case["flag"], case["decoded"] is not None
        rows.append({
            "id": f"{flag.lower()}-{number}", "comment": case["comment"], "flags": [flag],
            "input": case["input"], "result": "valid" if is_valid else "invalid",
            "error": None if is_valid else "decrypt-failed", "decoded": case["decoded"],
        })  # fmt: skip
    document = {
        "schema": "openhouse vectors 1",
        "spec_section": "20",
        "source": "tests/vectors/make_files.py, with the package cryptography",
        "notes": NOTES,
    }
    lines = ",\n".join("  " + json.dumps(row) for row in rows)
    return json.dumps(document, indent=1)[:-2] + ',\n "cases": [\n' + lines + "\n ]\n}\n"


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
