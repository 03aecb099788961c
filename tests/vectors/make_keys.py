"""Make `protocol/vectors/keys.json`: run this file as a script.

Written from the text of Spec §4 with `hashlib`, `hmac` and the primitives of
the `cryptography` package; nothing of the `protocol` package is used, so that
the vectors and the implementation can disagree. Every key and ephemeral is
fixed, and intermediate values are printed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

TARGET = Path(__file__).parents[2] / "protocol" / "vectors" / "keys.json"

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
SIGN_BIT = 1 << 255

# y of two pairs of points of order eight; the others are easy to name.
Y8A = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
Y8B = P - Y8A

NOTES = {
    "Digest": "hash of the parts under the domain's name",
    "PublicKey": "the check of an Ed25519 public key",
    "Verify": "the check of an Ed25519 signature, its key included",
    "Seal": "a message only one member can read; key and shared secret are given",
    "LinkKey": "the X25519 key pair derived from a seed",
    "Revocation": "the secret that ends a friendship, and its hash",
    "SmallOrder": "a point whose order divides 8: some signatures fit every message",
    "NonCanonical": "a second spelling of a point or number",
    "OffCurve": "32 bytes that are not a point",
    "Length": "of the wrong length",
    "Changed": "something was changed after signing or sealing",
    "Malleable": "the order of the group was added to S",
}

DOMAINS = [
    "record", "signature record", "contract", "signature contract", "revocation",
    "invitation tag", "invitation psk", "step", "commitment", "announce tag", "seal",
    "link key", "revocation secret", "house",
]  # fmt: skip

Case = dict[str, object]
Fields = dict[str, str | int | list[str]]


def prefix(domain: str) -> bytes:
    return b"openhouse/1 " + domain.encode() + b"\0"


def digest(domain: str, *parts: bytes) -> bytes:
    return hashlib.sha256(prefix(domain) + b"".join(parts)).digest()


def point(number: int) -> bytes:
    return number.to_bytes(32, "little")


def flip(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def public_ed25519(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def public_x25519(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


SEED_A, SEED_B = bytes(range(32)), bytes(range(32, 64))
KEY_A, KEY_B = public_ed25519(SEED_A), public_ed25519(SEED_B)


def valid(flag: str, comment: str, inputs: Fields, **decoded: bytes) -> Case:
    named = {name: value.hex() for name, value in decoded.items()}
    case: Case = {"comment": comment, "flags": [flag], "input": inputs}
    return case | {"result": "valid", "error": None, "decoded": named}


def invalid(flags: list[str], comment: str, error: str, inputs: Fields) -> Case:
    case: Case = {"comment": comment, "flags": flags, "input": inputs}
    return case | {"result": "invalid", "error": error, "decoded": None}


def digest_cases() -> list[Case]:
    parts = [b"", b"open", b"house"]
    fields: Fields = {"parts": [part.hex() for part in parts]}
    return [
        valid("Digest", f"domain {name}", {"domain": name, **fields}, digest=digest(name, *parts))
        for name in DOMAINS
    ]


def public_key_cases() -> list[Case]:
    good = [("of the seed 00 01 .. 1f", KEY_A), ("of the seed 20 21 .. 3f", KEY_B)]
    bad = [
        ("SmallOrder", "identity", point(1)),
        ("SmallOrder", "order two", point(P - 1)),
        ("SmallOrder", "order four", point(0)),
        ("SmallOrder", "order four, the other", point(SIGN_BIT)),
        ("SmallOrder", "order eight, first", point(Y8A)),
        ("SmallOrder", "order eight, second", point(SIGN_BIT | Y8A)),
        ("SmallOrder", "order eight, third", point(Y8B)),
        ("SmallOrder", "order eight, fourth", point(SIGN_BIT | Y8B)),
        ("NonCanonical", "identity with a sign", point(SIGN_BIT | 1)),
        ("NonCanonical", "order two with a sign", point(SIGN_BIT | P - 1)),
        ("NonCanonical", "order four, y = p", point(P)),
        ("NonCanonical", "order four, y = p, with a sign", point(SIGN_BIT | P)),
        ("NonCanonical", "identity, y = p + 1", point(P + 1)),
        ("NonCanonical", "identity, y = p + 1, with a sign", point(SIGN_BIT | P + 1)),
        ("NonCanonical", "a point of large order, y = p + 3", point(P + 3)),
        ("NonCanonical", "all bits set", b"\xff" * 32),
        ("OffCurve", "y = 2", point(2)),
        ("OffCurve", "y = 7, with a sign", point(SIGN_BIT | 7)),
        ("Length", "31 bytes", KEY_A[:31]),
        ("Length", "33 bytes", KEY_A + b"\0"),
        ("Length", "no bytes", b""),
    ]
    return [valid("PublicKey", comment, {"key": key.hex()}) for comment, key in good] + [
        invalid(["PublicKey", flag], comment, "bad-key", {"key": key.hex()})
        for flag, comment, key in bad
    ]


def verify_cases() -> list[Case]:
    message = digest("signature record", bytes(32))
    signature = Ed25519PrivateKey.from_private_bytes(SEED_A).sign(message)
    long = b"any message can be signed; the protocol signs digests only" * 3
    s = int.from_bytes(signature[32:], "little")
    constant = point(1) + bytes(32)  # R the identity, S zero: fits all under the identity
    negated = flip(signature, 255)
    bad_signature = [
        ("Changed", "another message", KEY_A, flip(message, 0), signature),
        ("Changed", "another key", KEY_B, message, signature),
        ("Changed", "first bit of R", KEY_A, message, flip(signature, 0)),
        ("Changed", "sign of R", KEY_A, message, negated),
        ("Changed", "first bit of S", KEY_A, message, flip(signature, 256)),
        ("Malleable", "S + L", KEY_A, message, signature[:32] + point(s + ORDER)),
        ("Malleable", "S = L", KEY_A, message, signature[:32] + point(ORDER)),
        ("NonCanonical", "highest bit of S", KEY_A, message, flip(signature, 511)),
        ("Length", "63 bytes", KEY_A, message, signature[:63]),
        ("Length", "65 bytes", KEY_A, message, signature + b"\0"),
        ("Length", "no bytes", KEY_A, message, b""),
        ("SmallOrder", "R the identity, S zero", KEY_A, message, constant),
    ]
    bad_key = [
        ("SmallOrder", "identity, the constant signature", point(1), message, constant),
        ("NonCanonical", "the same, y = p + 1", point(P + 1), message, constant),
        ("Length", "31 bytes of key", KEY_A[:31], message, signature),
    ]
    cases = [
        valid("Verify", "a digest", _signed(KEY_A, message, signature)),
        valid("Verify", "a long message", _signed(KEY_B, long, _sign(SEED_B, long))),
        valid("Verify", "an empty message", _signed(KEY_B, b"", _sign(SEED_B, b""))),
    ]
    for error, rows in (("bad-signature", bad_signature), ("bad-key", bad_key)):
        cases += [
            invalid(["Verify", flag], comment, error, _signed(*fields))
            for flag, comment, *fields in rows
        ]
    return cases


def _sign(seed: bytes, message: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def _signed(key: bytes, message: bytes, signature: bytes) -> Fields:
    return {"key": key.hex(), "message": message.hex(), "signature": signature.hex()}


def seal_cases() -> list[Case]:
    recipient = digest("link key", SEED_B)
    ephemeral, other = bytes(range(64, 96)), bytes(range(96, 128))
    context = b"house, author, reader, object"
    cases = []
    for plaintext in (b"", "Je passe samedi à 10 h ?".encode()):
        sealed, shared, key = _seal(public_x25519(recipient), plaintext, ephemeral, context)
        inputs: Fields = {
            "recipient_private": recipient.hex(),
            "ephemeral_private": ephemeral.hex(),
            "context": context.hex(),
            "plaintext": plaintext.hex(),
        }
        comment = f"{len(plaintext)} bytes"
        cases.append(valid("Seal", comment, inputs, shared_secret=shared, key=key, sealed=sealed))
    bad = [
        ("Changed", "ephemeral key", recipient, context, flip(sealed, 3)),
        ("NonCanonical", "ignored bit of the ephemeral key", recipient, context, flip(sealed, 255)),
        ("Changed", "ciphertext", recipient, context, flip(sealed, 300)),
        ("Changed", "tag", recipient, context, flip(sealed, 8 * len(sealed) - 1)),
        ("Changed", "another reader", other, context, sealed),
        ("Changed", "another context", recipient, context + b"!", sealed),
        ("Changed", "no context", recipient, b"", sealed),
        ("Length", "one byte short", recipient, context, sealed[:-1]),
        ("Length", "shorter than the overhead", recipient, context, sealed[:47]),
        ("Length", "one byte more", recipient, context, sealed + b"\0"),
        ("Length", "nothing", recipient, context, b""),
        ("SmallOrder", "ephemeral key zero", recipient, context, bytes(32) + sealed[32:]),
        ("SmallOrder", "ephemeral key one", recipient, context, point(1) + sealed[32:]),
    ]
    for flag, comment, private, given, data in bad:
        fields: Fields = {"recipient_private": private.hex(), "context": given.hex()}
        fields["sealed"] = data.hex()
        cases.append(invalid(["Seal", flag], comment, "decrypt-failed", fields))
    return cases


def _seal(
    recipient: bytes, plaintext: bytes, ephemeral: bytes, context: bytes
) -> tuple[bytes, bytes, bytes]:
    """Seal as Spec §4.5 says, with HKDF written out: sealed message, secret and key."""
    peer = X25519PublicKey.from_public_bytes(recipient)
    shared = X25519PrivateKey.from_private_bytes(ephemeral).exchange(peer)
    salt = public_x25519(ephemeral) + recipient
    extracted = hmac.digest(salt, shared, "sha256")
    key = hmac.digest(extracted, prefix("seal") + b"\x01", "sha256")
    ciphertext = ChaCha20Poly1305(key).encrypt(bytes(12), plaintext, context)
    return public_x25519(ephemeral) + ciphertext, shared, key


def derived_cases() -> list[Case]:
    cases = []
    for seed in (SEED_A, SEED_B):
        private = digest("link key", seed)
        decoded = {"private": private, "public": public_x25519(private)}
        cases.append(valid("LinkKey", "from a seed", {"seed": seed.hex()}, **decoded))
    for sequence in (0, 1, 2**53 - 1):
        secret = digest("revocation secret", SEED_A, KEY_B, sequence.to_bytes(8, "big"))
        inputs: Fields = {"seed": SEED_A.hex(), "friend": KEY_B.hex(), "sequence": sequence}
        hashed = digest("revocation", secret)
        cases.append(
            valid("Revocation", f"sequence {sequence}", inputs, secret=secret, hash=hashed)
        )
    return cases


def build() -> str:
    """Give the text of the file."""
    groups = [digest_cases(), public_key_cases(), verify_cases(), seal_cases(), derived_cases()]
    counts = {"valid": 0, "invalid": 0}
    lines = []
    for case in (case for group in groups for case in group):
        result = str(case["result"])
        counts[result] += 1
        lines.append("  " + json.dumps({"id": f"{result}-{counts[result]}", **case}))
    document = {
        "schema": "openhouse vectors 1",
        "spec_section": "4",
        "source": "tests/vectors/make_keys.py, written from the text of the spec",
        "about": (
            "The first flag names the operation. Byte strings are in hex. `decoded` holds the "
            "results; in Seal, `shared_secret` and `key` are intermediate values."
        ),
        "notes": NOTES,
    }
    # One case a line: a changed case is one changed line in a review.
    head = json.dumps(document, indent=1)[:-2]
    return head + ',\n "cases": [\n' + ",\n".join(lines) + "\n ]\n}\n"


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
