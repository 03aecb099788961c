"""Make `protocol/vectors/pairing.json`: run this file as a script.

The channel is opened by the package `noiseprotocol`, messages are packed by `msgpack`; nothing
of the `protocol` package is used, so that the vectors and the implementation can disagree.

Spec: §6.4, §17.8.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped, unused-ignore]
from noise.connection import Keypair, NoiseConnection

TARGET = Path(__file__).parents[2] / "protocol" / "vectors" / "pairing.json"

NOTES = {
    "Channel": "the two messages of kind 3 and the handshake hash, of the two ephemeral keys",
    "Dialogue": (
        "one end takes `messages` in order; `confirms` is what it says of itself as soon as it has "
        "the code, null when its person has not confirmed. decoded: what it said and knows then"
    ),
}
ABOUT = "All keys and nonces are fixed, and so known to everybody: never use them for anything."
PROLOGUE = b"openhouse/1\x01\x03" + bytes(32)

Case = dict[str, Any]


def secret_bytes(name: str) -> bytes:
    return hashlib.sha256(b"openhouse vectors: " + name.encode()).digest()


def digest(domain: str, data: bytes) -> bytes:
    return hashlib.sha256(f"openhouse/1 {domain}\0".encode() + data).digest()


MINE, THEIRS = secret_bytes("initiator's nonce"), secret_bytes("responder's nonce")
ALICE, BOB, HOUSE, OTHER = (secret_bytes(n) for n in ("alice", "bob", "house", "other house"))


def channel() -> Case:
    """The handshake, by another implementation of Noise."""
    ends = [NoiseConnection.from_name(b"Noise_NN_25519_ChaChaPoly_SHA256") for _ in range(2)]
    keys = [secret_bytes("initiator's ephemeral"), secret_bytes("responder's ephemeral")]
    for end, key in zip(ends, keys, strict=True):
        end.set_prologue(PROLOGUE)
        end.set_keypair_from_private_bytes(Keypair.EPHEMERAL, key)
    initiator, responder = ends
    initiator.set_as_initiator()
    responder.set_as_responder()
    for end in ends:
        end.start_handshake()
    first = bytes(initiator.write_message())
    responder.read_message(first)
    second = bytes(responder.write_message())
    initiator.read_message(second)
    assert initiator.get_handshake_hash() == responder.get_handshake_hash()
    return {
        "input": {"initiator": keys[0].hex(), "responder": keys[1].hex()},
        "decoded": {
            "first": (b"\1\3" + first).hex(),
            "second": (b"\1" + second).hex(),
            "handshake_hash": bytes(initiator.get_handshake_hash()).hex(),
        },
    }


HASH = bytes.fromhex(channel()["decoded"]["handshake_hash"])
WHOLE = digest("pairing code", HASH + MINE + THEIRS)
CODE = f"{int.from_bytes(WHOLE[:8], 'big') % 1_000_000:06}"
COMMIT = [1, digest("pairing commitment", MINE)]
ANSWER = [2, THEIRS, "Bob"]
OPEN = [3, MINE, "Alice"]


def dialogue(
    comment: str,
    is_initiator: bool,
    messages: list[Any],
    *,
    confirms: bytes | None = None,
    says: list[Any] | None = None,
    role: str | None = None,
    over: str = "",
    link: str = "",
    error: str | None = None,
) -> Case:
    packed = [m if isinstance(m, bytes) else msgpack.packb(m) for m in messages]
    me = ALICE if is_initiator else BOB
    given = {
        "is_initiator": is_initiator,
        "handshake_hash": HASH.hex(),
        "nonce": (MINE if is_initiator else THEIRS).hex(),
        "name": "Alice" if is_initiator else "Bob",
        "confirms": None if confirms is None else {"house": confirms.hex(), "member": me.hex()},
        "messages": [message.hex() for message in packed],
    }
    decoded = None
    if error is None:
        decoded = {
            "said": [msgpack.packb(message).hex() for message in says or []],
            "code": CODE if len(messages) > (0 if is_initiator else 1) else "",
            "role": role,
            "over": over,
            "link": link,
        }
    return {"comment": comment, "input": given, "error": error, "decoded": decoded}


def dialogues() -> list[Case]:
    """Both ends, as far as they go; then what may not come."""
    alice, bob = [COMMIT, OPEN], [ANSWER]
    found = [
        dialogue("the initiator has the code", True, [ANSWER], says=alice),
        dialogue("the responder has the code", False, [COMMIT, OPEN], says=bob),
    ]
    for mine, theirs, role in (
        (HOUSE, b"", "inviter"),
        (b"", HOUSE, "guest"),
        (HOUSE, HOUSE, "guest"),
        (b"", b"", "no-house"),
        (HOUSE, OTHER, "other-house"),
    ):
        found.append(
            dialogue(
                f"both confirmed: {role}", True, [ANSWER, [4, theirs, BOB]], confirms=mine,
                says=[*alice, [4, mine, ALICE]], role=role,
            )
        )  # fmt: skip
    found += [
        dialogue("both confirmed, the responder of one house invites", False,
                 [COMMIT, OPEN, [4, HOUSE, ALICE]], confirms=HOUSE,
                 says=[*bob, [4, HOUSE, BOB]], role="inviter"),
        dialogue("a friend shows who they are", True,
                 [ANSWER, [4, HOUSE, BOB], [8, bytes(64)]], confirms=HOUSE,
                 says=[*alice, [4, HOUSE, ALICE]], role="guest"),
        dialogue("a member with itself", True, [ANSWER, [4, HOUSE, ALICE]], confirms=HOUSE,
                 says=[*alice, [4, HOUSE, ALICE]], role="own-home"),
        dialogue("an invitation comes", True, [ANSWER, [4, HOUSE, BOB], [6, "openhouse:x"]],
                 confirms=b"", says=[*alice, [4, b"", ALICE]], role="guest", link="openhouse:x"),
        dialogue("the guest has joined", True, [ANSWER, [4, b"", BOB], [7]], confirms=HOUSE,
                 says=[*alice, [4, HOUSE, ALICE]], role="inviter", over="joined"),
        dialogue("the other person says that they differ", True, [ANSWER, [5, "differs"]],
                 says=alice, over="differs"),
        dialogue("a nonce that was not committed to", False, [COMMIT, [3, THEIRS, "Alice"]],
                 error="bad-signature"),
        dialogue("opened before it was committed to", False, [OPEN], error="invalid-state"),
        dialogue("committed twice", False, [COMMIT, COMMIT], error="invalid-state"),
        dialogue("the initiator is committed to", True, [COMMIT], error="invalid-state"),
        dialogue("confirmed before there is a code", True, [[4, HOUSE, BOB]],
                 error="invalid-state"),
        dialogue("an invitation to the inviter", True, [ANSWER, [4, b"", BOB], [6, "openhouse:x"]],
                 confirms=HOUSE, error="invalid-state"),
        dialogue("an invitation before it was confirmed here", True,
                 [ANSWER, [4, HOUSE, BOB], [6, "openhouse:x"]], error="invalid-state"),
        dialogue("an unknown type", True, [[9]], error="invalid-state"),
        dialogue("who they are before anybody confirmed", True, [ANSWER, [8, bytes(64)]],
                 error="invalid-state"),
        dialogue("who they are, between two houses", True,
                 [ANSWER, [4, OTHER, BOB], [8, bytes(64)]], confirms=HOUSE, error="invalid-state"),
        dialogue("who they are, in 63 bytes", True, [ANSWER, [4, HOUSE, BOB], [8, bytes(63)]],
                 confirms=HOUSE, error="malformed"),
        dialogue("a nonce of 31 bytes", True, [[2, THEIRS[:31], "Bob"]], error="malformed"),
        dialogue("a name of 81 bytes", True, [[2, THEIRS, "B" * 81]], error="malformed"),
        dialogue("a field too many", True, [[2, THEIRS, "Bob", 1]], error="malformed"),
        dialogue("a house of 31 bytes", True, [ANSWER, [4, HOUSE[:31], BOB]], error="malformed"),
        dialogue("a type written longer than needed", True,
                 [b"\x93\xcc\x02" + msgpack.packb(ANSWER)[2:]], error="not-canonical"),
        dialogue("nothing", True, [b""], error="malformed"),
    ]  # fmt: skip
    return found


def build() -> str:
    """The file's text."""
    cases: list[Case] = []
    made = [("Channel", {"comment": "a channel", "error": None, **channel()})]
    made += [("Dialogue", case) for case in dialogues()]
    for flag, case in made:
        cases.append(
            {
                "id": f"{flag.lower()}-{len(cases) + 1}",
                "comment": case["comment"],
                "flags": [flag],
                "input": case["input"],
                "result": "valid" if case["error"] is None else "invalid",
                "error": case["error"],
                "decoded": case["decoded"],
            }
        )
    document = {
        "schema": "openhouse vectors 1",
        "spec_section": "17.8",
        "source": "tests/vectors/make_pairing.py, with the packages msgpack and noiseprotocol",
        "about": ABOUT,
        "notes": NOTES,
    }
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    return json.dumps(document, indent=1)[:-2] + ',\n "cases": [\n' + lines + "\n ]\n}\n"


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
