"""Make `protocol/vectors/handshake.json`: run this file as a script.

The Noise messages come from the package `noiseprotocol`, the framing around
them from the text of Spec §6, by the few lines below; nothing of the `protocol`
package is used, so that the vectors and the implementation can disagree. All
keys are fixed, and so known to everybody: never use them for anything.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path

from noise.connection import Keypair, NoiseConnection

TARGET = Path(__file__).parents[2] / "protocol" / "vectors" / "handshake.json"

NOTES = {
    "Friend": "handshake kind 1, Noise XK",
    "Invitation": "handshake kind 2, Noise XXpsk0",
    "Payloads": "the handshake messages carry payloads",
    "Frames": "frames follow the handshake",
    "Padding": "about the padding of frames and its sizes",
    "Rekey": "a key is replaced, by notice or by count",
    "Close": "the authenticated end of a direction",
    "Changed": "the item named by `fails_at` is not what its sender made",
    "Disagree": "the ends were given different keys, houses or secrets",
    "Order": "frames are replayed, reordered, left out or sent back",
    "Sealed": "sealed with the right key, but of forbidden form inside",
}

VERSION = b"\x01"
SIZES = [*(2**n for n in range(6, 16)), 65_518]

FINAL, MORE, CLOSE, REKEY = range(4)

Item = dict[str, object]


def secret_bytes(name: str) -> bytes:
    return hashlib.sha256(b"openhouse vectors: " + name.encode()).digest()


HOUSE = secret_bytes("house")
SECRET = secret_bytes("invitation secret")
OTHER = secret_bytes("other")


class End:
    """One end: what it was given, and its connection."""

    def __init__(self, kind: int, *, is_initiator: bool) -> None:
        who = "initiator" if is_initiator else "responder"
        self.kind = kind
        self.is_initiator = is_initiator
        self.house = HOUSE
        self.static = secret_bytes(f"{who} static")
        self.ephemeral = secret_bytes(f"{who} ephemeral {kind}")
        self.remote_static: bytes | None = None
        self.secret = SECRET if kind == 2 else None

    def given(self) -> Item:
        values = {"house": self.house, "static": self.static, "ephemeral": self.ephemeral}
        if self.remote_static is not None:
            values["remote_static"] = self.remote_static
        if self.secret is not None:
            values["secret"] = self.secret
        return {name: value.hex() for name, value in values.items()}

    def start(self) -> None:
        pattern = "XK" if self.kind == 1 else "XXpsk0"
        noise = NoiseConnection.from_name(f"Noise_{pattern}_25519_ChaChaPoly_SHA256".encode())
        noise.set_prologue(b"openhouse/1" + bytes([1, self.kind]) + self.house)
        noise.set_keypair_from_private_bytes(Keypair.STATIC, self.static)
        noise.set_keypair_from_private_bytes(Keypair.EPHEMERAL, self.ephemeral)
        if self.remote_static is not None:
            noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, self.remote_static)
        if self.secret is not None:
            label = b"openhouse/1 invitation psk\0"
            noise.set_psks(psk=hashlib.sha256(label + self.secret).digest())
        (noise.set_as_initiator if self.is_initiator else noise.set_as_responder)()
        with warnings.catch_warnings():
            # The package rightly warns of fixed ephemeral keys.
            warnings.simplefilter("ignore", UserWarning)
            noise.start_handshake()
        self.noise = noise

    def first_prefix(self) -> bytes:
        if self.secret is None:
            return VERSION + b"\x01"
        tag = hashlib.sha256(b"openhouse/1 invitation tag\0" + self.secret).digest()[:16]
        return VERSION + b"\x02" + tag

    def seal(self, frame_type: int, payload: bytes = b"", **forged: int) -> bytes:
        """A frame; `forged` overrides its length field, its size or its last byte."""
        used = 3 + len(payload)
        size = forged.get("size", min(s for s in SIZES if s >= used))
        length = forged.get("length", len(payload))
        plaintext = bytes([frame_type]) + length.to_bytes(2, "big") + payload
        plaintext = plaintext.ljust(size, b"\0")
        if "last" in forged:
            plaintext = plaintext[:-1] + bytes([forged["last"]])
        frame = VERSION + bytes(self.noise.encrypt(plaintext))
        if frame_type == REKEY:
            self.noise.rekey_outbound_cipher()
        return frame


class Link:
    """Both ends, and the case that is made of what passes between them."""

    def __init__(self, kind: int) -> None:
        self.initiator = End(kind, is_initiator=True)
        self.responder = End(kind, is_initiator=False)
        if kind == 1:
            self.initiator.remote_static = public_key(self.responder.static)
        self.payloads = [b"", b"", b""]
        self.messages: list[bytes] = []
        self.hashes: list[bytes] = []
        self.frames: list[Item] = []
        self.keys: list[bytes] = []

    def run(self, count: int = 3) -> Link:
        """Make the first `count` handshake messages."""
        self.initiator.start()
        self.responder.start()
        ends = [self.initiator, self.responder]
        for number in range(count):
            writer, reader = ends if number % 2 == 0 else ends[::-1]
            noise = bytes(writer.noise.write_message(self.payloads[number]))
            self.messages.append((writer.first_prefix() if number == 0 else VERSION) + noise)
            self.hashes.append(transcript_hash(writer))
            # The last one may be meant to fail.
            if number < count - 1 or count == 3:
                reader.noise.read_message(noise)
        if count == 3:
            ciphers = self.initiator.noise.noise_protocol
            self.keys = [ciphers.cipher_state_encrypt.k, ciphers.cipher_state_decrypt.k]
        return self

    def send(self, sender: End, frame: bytes, **outcome: object) -> None:
        """Add a frame on its way to the other end."""
        to = "responder" if sender.is_initiator else "initiator"
        self.frames.append({"to": to, "frame": frame.hex(), **outcome})

    def say(self, sender: End, message: bytes) -> None:
        self.send(sender, sender.seal(FINAL, message), message=message.hex())

    def input(self) -> Item:
        return {
            "kind": self.initiator.kind,
            "initiator": self.initiator.given(),
            "responder": self.responder.given(),
            "payloads": [payload.hex() for payload in self.payloads],
            "messages": [message.hex() for message in self.messages],
            "frames": self.frames,
        }

    def decoded(self) -> Item:
        return {
            "handshake_hashes": [digest.hex() for digest in self.hashes],
            "initiator_sends_with": self.keys[0].hex(),
            "responder_sends_with": self.keys[1].hex(),
        }


def public_key(private: bytes) -> bytes:
    noise = NoiseConnection.from_name(b"Noise_NN_25519_ChaChaPoly_SHA256")
    noise.set_keypair_from_private_bytes(Keypair.STATIC, private)
    key: bytes = noise.noise_protocol.keypairs["s"].public_bytes
    return key


def transcript_hash(end: End) -> bytes:
    protocol = end.noise.noise_protocol
    if end.noise.handshake_finished:
        return bytes(protocol.handshake_hash)
    return bytes(protocol.handshake_state.symmetric_state.get_handshake_hash())


def changed(data: bytes, position: int, mask: int = 1) -> bytes:
    """`data` with bits of one byte inverted."""
    copy = bytearray(data)
    copy[position] ^= mask
    return bytes(copy)


# --- Valid ------------------------------------------------------------------------


def with_payloads(kind: int) -> Link:
    link = Link(kind)
    link.payloads = [b"first", b"the second payload", b"x" * 100]
    return link.run()


def with_frames(kind: int) -> Link:
    link = with_payloads(kind)
    for end in (link.initiator, link.responder, link.initiator):
        link.say(end, b"good morning" if end.is_initiator else b"")
    for end in (link.responder, link.initiator):
        link.send(end, end.seal(CLOSE), event="closed")
    return link


def with_sizes() -> Link:
    link = Link(1).run()
    for length in (0, 1, 61, 62, 125, 126, 1021, 1022):
        link.say(link.initiator, bytes(length))
    return link


def with_notice() -> Link:
    link = Link(2).run()
    for end in (link.initiator, link.responder):
        link.say(end, b"old key")
        link.send(end, end.seal(REKEY), event="none")
        link.say(end, b"new key")
    return link


def with_count() -> Link:
    link = Link(1).run()
    sender = link.initiator
    for _ in range(2**14 - 1):
        sender.seal(FINAL)
    link.frames.append({"to": "responder", "empty_messages": 2**14 - 1})
    link.say(sender, b"the last with the first key")
    sender.noise.rekey_outbound_cipher()
    link.say(sender, b"the first with the second key")
    return link


VALID = [
    ("no payloads", ["Friend"], Link(1).run()),
    ("no payloads", ["Invitation"], Link(2).run()),
    ("a payload in each message", ["Friend", "Payloads"], with_payloads(1)),
    ("a payload in each message", ["Invitation", "Payloads"], with_payloads(2)),
    ("both talk, then both close", ["Friend", "Payloads", "Frames", "Close"], with_frames(1)),
    ("both talk, then both close", ["Invitation", "Payloads", "Frames", "Close"], with_frames(2)),
    ("messages that just fit a size, and one byte more", ["Friend", "Padding"], with_sizes()),
    ("a rekey notice each way", ["Invitation", "Frames", "Rekey"], with_notice()),
    ("16,384 frames one way, then the next key", ["Friend", "Frames", "Rekey"], with_count()),
]


# --- Invalid: the handshake -------------------------------------------------------

Invalid = tuple[str, list[str], str, str, Link]


def tampered(kind: int, number: int, comment: str, error: str, message: bytes | None) -> Invalid:
    """A case whose handshake message `number` was changed on the way."""
    link = Link(kind).run(number)
    if message is not None:
        link.messages[-1] = message
    flags = [list(NOTES)[kind - 1], "Changed"]
    return comment, flags, error, f"message {number}", link


def tampered_cases(kind: int) -> list[Invalid]:
    cases: list[Invalid] = []
    for number in (1, 2, 3):
        message = Link(kind).run(number).messages[-1]
        start = 1 if number > 1 else (2 if kind == 1 else 18)
        for comment, error, changed_message in (
            ("empty", "malformed", b""),
            ("another wire version", "unknown-critical", changed(message, 0, 3)),
            ("cut inside the first key", "malformed", message[: start + 31]),
            ("a bit of the first key inverted", "decrypt-failed", changed(message, start)),
            ("a bit of the last tag inverted", "decrypt-failed", changed(message, -1, 128)),
            ("the last byte cut off", "decrypt-failed", message[:-1]),
            ("a byte added", "decrypt-failed", message + b"\0"),
        ):
            cases.append(
                tampered(kind, number, f"message {number}: {comment}", error, changed_message)
            )
    return cases


def special_cases() -> list[Invalid]:
    friend, guest = Link(1).run(1).messages[0], Link(2).run(1).messages[0]
    reply = Link(1).run(2).messages[1]
    small = bytes(32)
    return [
        tampered(1, 1, "the version alone", "malformed", b"\x01"),
        tampered(1, 1, "an unknown kind", "unknown-critical", changed(friend, 1, 4)),
        tampered(1, 1, "kind 0", "unknown-critical", changed(friend, 1, 1)),
        tampered(
            1,
            1,
            "the bit of the ephemeral key that X25519 ignores",
            "decrypt-failed",
            changed(friend, 33, 128),
        ),
        tampered(
            1, 1, "an ephemeral key of small order", "bad-key", friend[:2] + small + friend[34:]
        ),
        tampered(
            1,
            2,
            "an ephemeral key of small order in the answer",
            "bad-key",
            reply[:1] + small + reply[33:],
        ),
        tampered(2, 1, "cut inside the invitation tag", "malformed", guest[:17]),
    ]


def disagreeing_cases() -> list[Invalid]:
    cases: list[Invalid] = []
    for kind in (1, 2):
        link = Link(kind)
        link.responder.house = OTHER
        flags = [list(NOTES)[kind - 1], "Disagree"]
        cases.append(("another house", flags, "decrypt-failed", "message 1", link.run(1)))
    link = Link(1)
    link.initiator.remote_static = public_key(OTHER)
    flags = ["Friend", "Disagree"]
    cases.append(("another pinned key", flags, "decrypt-failed", "message 1", link.run(1)))
    link = Link(2)
    link.initiator.secret = OTHER
    link.run(1)
    right_tag = link.responder.first_prefix()
    link.messages[0] = right_tag + link.messages[0][len(right_tag) :]
    flags = ["Invitation", "Changed", "Disagree"]
    comment = "the invitation's tag without its secret"
    cases.append((comment, flags, "decrypt-failed", "message 1", link))
    return cases


# --- Invalid: frames --------------------------------------------------------------


def framed(comment: str, flags: list[str], error: str, frames: list[bytes], link: Link) -> Invalid:
    """A case in which the last of `frames`, all from the initiator, is refused."""
    for frame in frames[:-1]:
        link.send(link.initiator, frame)
    link.send(link.initiator, frames[-1])
    return comment, ["Friend", *flags], error, f"frame {len(frames)}", link


def changed_frames() -> list[Invalid]:
    cases: list[Invalid] = []
    for comment, error, position, mask in (
        ("another wire version", "unknown-critical", 0, 2),
        ("a bit of the text inverted", "decrypt-failed", 1, 1),
        ("a bit of the tag inverted", "decrypt-failed", -1, 1),
    ):
        link = Link(1).run()
        frame = changed(link.initiator.seal(FINAL, b"text"), position, mask)
        cases.append(framed(f"frame: {comment}", ["Changed"], error, [frame], link))
    for comment, cut in (("empty", 0), ("the version alone", 1), ("the last byte cut off", -1)):
        link = Link(1).run()
        frame = link.initiator.seal(FINAL, b"text")[:cut]
        cases.append(framed(f"frame: {comment}", ["Changed"], "malformed", [frame], link))
    return cases


def disordered_frames() -> list[Invalid]:
    cases: list[Invalid] = []
    for comment, order in (
        ("replayed", [0, 0]),
        ("two in the other order", [1]),
        ("one left out", [0, 2]),
    ):
        link = Link(1).run()
        frames = [link.initiator.seal(FINAL, b"text %d" % number) for number in range(3)]
        chosen = [frames[number] for number in order]
        cases.append(framed(f"frame: {comment}", ["Order"], "decrypt-failed", chosen, link))
    link = Link(1).run()
    own = link.responder.seal(FINAL, b"text")
    cases.append(framed("frame: sent back to its maker", ["Order"], "decrypt-failed", [own], link))
    link = Link(1).run()
    late, forgetful = Link(1).run().initiator, link.initiator
    notice = forgetful.seal(REKEY)
    late.seal(FINAL)
    frames = [notice, late.seal(FINAL, b"with the old key")]
    cases.append(
        framed(
            "frame: the old key after a notice", ["Order", "Rekey"], "decrypt-failed", frames, link
        )
    )
    return cases


def forbidden_frames() -> list[Invalid]:
    cases: list[Invalid] = []
    forms: list[tuple[str, str, int, bytes, dict[str, int]]] = [
        ("padding that is not zero", "not-canonical", FINAL, b"text", {"last": 1}),
        ("a size larger than needed", "not-canonical", FINAL, b"text", {"size": 128}),
        ("a size that does not exist", "malformed", FINAL, b"text", {"size": 65}),
        ("no room for the header", "malformed", FINAL, b"", {"size": 3}),
        ("a payload longer than the frame", "malformed", FINAL, b"text", {"length": 62}),
        ("the largest length", "malformed", FINAL, b"text", {"length": 65_535}),
        ("an unknown type", "unknown-critical", 4, b"", {}),
        ("the largest type", "unknown-critical", 255, b"", {}),
        ("a fragment that is neither full nor last", "not-canonical", MORE, b"text", {}),
        ("an empty fragment that is not last", "not-canonical", MORE, b"", {}),
        ("a close that carries something", "malformed", CLOSE, b"x", {}),
        ("a rekey notice that carries something", "malformed", REKEY, b"x", {}),
    ]
    for comment, error, frame_type, payload, forged in forms:
        link = Link(1).run()
        frame = link.initiator.seal(frame_type, payload, **forged)
        cases.append(framed(f"frame: {comment}", ["Sealed"], error, [frame], link))
    return cases


INVALID = [
    *tampered_cases(1),
    *tampered_cases(2),
    *special_cases(),
    *disagreeing_cases(),
    *changed_frames(),
    *disordered_frames(),
    *forbidden_frames(),
]


def build() -> str:
    """Give the text of the file."""
    cases: list[Item] = []
    for number, (comment, flags, link) in enumerate(VALID, 1):
        case: Item = {"id": f"valid-{number}", "comment": comment, "flags": flags}
        case |= {"input": link.input(), "result": "valid", "error": None, "fails_at": None}
        cases.append(case | {"decoded": link.decoded()})
    for number, (comment, flags, error, fails_at, link) in enumerate(INVALID, 1):
        case = {"id": f"invalid-{number}", "comment": comment, "flags": flags}
        case |= {"input": link.input(), "result": "invalid", "error": error, "fails_at": fails_at}
        cases.append(case | {"decoded": None})
    document = {
        "schema": "openhouse vectors 1",
        "spec_section": "6",
        "source": "tests/vectors/make_handshake.py, with the package noiseprotocol",
        "about": (
            "Give both ends what `initiator` and `responder` say. Each writes its handshake "
            "messages with `payloads`; what it writes equals `messages`, except the item named "
            "by `fails_at` where a flag says Changed. The other end reads `messages`, then each "
            "of `frames`: its outcome is `message`, or no message where `event` is none, or the "
            "end where it is closed; `empty_messages` stands for so many messages of 0 bytes "
            "that are not printed. The item named by `fails_at` must be refused with `error`. "
            "In `decoded`, the handshake hash after each message and the first transport keys."
        ),
        "notes": NOTES,
    }
    # One case a line: a changed case is one changed line in a review.
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    return json.dumps(document, indent=1)[:-2] + ',\n "cases": [\n' + lines + "\n ]\n}\n"


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
