"""The handshake: both patterns, each act with everything wrong with it, misuse, vectors."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from protocol.channel import DEFAULT_LIMITS, Channel, ChannelLimits, Closed
from protocol.errors import (
    BadKey,
    DecryptFailed,
    LocalProtocolError,
    Malformed,
    RemoteProtocolError,
    TooLarge,
    UnknownCritical,
    UnknownPeer,
)
from protocol.handshake import (
    Established,
    FirstMessage,
    HandshakeKind,
    Initiator,
    Responder,
    invitation_psk,
    invitation_tag,
    read_first,
)
from protocol.limits import FRAME_SIZE_MAX_BYTES
from protocol.noise import CipherState, SymmetricState

ROOT: Final = Path(__file__).resolve().parents[2]
VECTORS: Final = ROOT / "protocol" / "vectors" / "handshake.json"
DOCUMENT: Final = json.loads(VECTORS.read_text("utf-8"))
CASES: Final[list[dict[str, Any]]] = DOCUMENT["cases"]

HOUSE: Final = bytes([7]) * 32
OTHER_HOUSE: Final = bytes([8]) * 32
SECRET: Final = bytes([9]) * 32
OTHER_SECRET: Final = bytes([10]) * 32
ALICE: Final = bytes([1]) * 32
BOB: Final = bytes([2]) * 32
MALLORY: Final = bytes([3]) * 32
ALICE_EPHEMERAL: Final = bytes([4]) * 32
BOB_EPHEMERAL: Final = bytes([5]) * 32

KINDS: Final = [HandshakeKind.FRIEND, HandshakeKind.INVITATION]


def public(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def alice_calls(
    kind: HandshakeKind,
    *,
    house: bytes = HOUSE,
    pinned: bytes | None = None,
    secret: bytes = SECRET,
    limits: ChannelLimits = DEFAULT_LIMITS,
) -> Initiator:
    if kind is HandshakeKind.FRIEND:
        return Initiator.friend(
            house=house,
            static=ALICE,
            ephemeral=ALICE_EPHEMERAL,
            remote_static=pinned or public(BOB),
            limits=limits,
        )
    return Initiator.invitation(
        house=house, static=ALICE, ephemeral=ALICE_EPHEMERAL, secret=secret, limits=limits
    )


def bob_answers(
    kind: HandshakeKind, *, secret: bytes = SECRET, limits: ChannelLimits = DEFAULT_LIMITS
) -> Responder:
    if kind is HandshakeKind.FRIEND:
        return Responder.friend(house=HOUSE, static=BOB, ephemeral=BOB_EPHEMERAL, limits=limits)
    return Responder.invitation(
        house=HOUSE, static=BOB, ephemeral=BOB_EPHEMERAL, secret=secret, limits=limits
    )


def established(
    kind: HandshakeKind = HandshakeKind.FRIEND, limits: ChannelLimits = DEFAULT_LIMITS
) -> tuple[Established, Established]:
    alice, bob = alice_calls(kind, limits=limits), bob_answers(kind, limits=limits)
    bob.receive_first(read_first(alice.send_first()))
    alice.receive_second(bob.send_second())
    third, at_alice = alice.send_third()
    _, at_bob = bob.receive_third(third)
    return at_alice, at_bob


def flipped(data: bytes, bit: int) -> bytes:
    copy = bytearray(data)
    copy[bit // 8] ^= 1 << bit % 8
    return bytes(copy)


# --- Handshakes that succeed ------------------------------------------------------


class TestHandshake:
    """Spec: §6.4 and §6.5."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_both_ends_know_each_other_and_share_one_binding(self, kind: HandshakeKind) -> None:
        """Neither the initiator's nor the responder's static key stays hidden."""
        at_alice, at_bob = established(kind)

        assert public(BOB) == at_alice.remote_static
        assert public(ALICE) == at_bob.remote_static
        assert at_alice.handshake_hash == at_bob.handshake_hash
        assert len(at_alice.handshake_hash) == 32

    @pytest.mark.parametrize("kind", KINDS)
    def test_each_message_carries_a_payload(self, kind: HandshakeKind) -> None:
        """Payloads are opaque: what goes in comes out at the other end."""
        alice, bob = alice_calls(kind), bob_answers(kind)

        assert bob.receive_first(read_first(alice.send_first(b"one"))) == b"one"
        assert alice.receive_second(bob.send_second(b"two")) == b"two"
        third, at_alice = alice.send_third(b"three")
        payload, at_bob = bob.receive_third(third)
        assert payload == b"three"
        assert at_bob.channel.open(at_alice.channel.seal(b"four")) == b"four"
        assert at_alice.channel.open(at_bob.channel.seal(b"five")) == b"five"

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_remote_key_is_seen_as_soon_as_it_is_known(self, kind: HandshakeKind) -> None:
        """A guest can look at the inviter's key before showing its own."""
        alice, bob = alice_calls(kind), bob_answers(kind)
        bob.receive_first(read_first(alice.send_first()))
        alice.receive_second(bob.send_second())
        known = [alice.remote_static, bob.remote_static]
        bob.receive_third(alice.send_third()[0])

        assert [public(BOB), None] == known
        assert public(ALICE) == bob.remote_static
        assert alice.handshake_hash == bob.handshake_hash

    def test_a_first_message_between_friends_is_laid_out_as_specified(self) -> None:
        """Version, kind, ephemeral key, tag of the empty payload."""
        message = alice_calls(HandshakeKind.FRIEND).send_first()

        assert message[:2] == b"\x01\x01"
        assert message[2:34] == public(ALICE_EPHEMERAL)
        assert len(message) == 2 + 32 + 16
        assert read_first(message) == FirstMessage(HandshakeKind.FRIEND, None, message[2:])

    def test_a_first_message_of_a_guest_names_its_invitation(self) -> None:
        """The tag finds the secret, and does not tell it."""
        message = alice_calls(HandshakeKind.INVITATION).send_first()
        first = read_first(message)

        assert message[:2] == b"\x01\x02"
        assert first.invitation_tag == message[2:18] == invitation_tag(SECRET)
        assert first.noise == message[18:]
        assert invitation_psk(SECRET)[:16] != invitation_tag(SECRET)

    def test_other_ephemeral_keys_give_another_binding(self) -> None:
        """So that a signature over it is good for one link only."""
        first, _ = established()
        alice = Initiator.friend(
            house=HOUSE, static=ALICE, ephemeral=MALLORY, remote_static=public(BOB)
        )
        bob = bob_answers(HandshakeKind.FRIEND)
        bob.receive_first(read_first(alice.send_first()))
        alice.receive_second(bob.send_second())

        assert alice.send_third()[1].handshake_hash != first.handshake_hash

    @pytest.mark.parametrize("kind", KINDS)
    def test_both_channels_have_the_limits_they_were_asked_for(self, kind: HandshakeKind) -> None:
        """Five bytes where four are allowed."""
        for end in established(kind, ChannelLimits(message_size_max_bytes=4)):
            with pytest.raises(LocalProtocolError, match="5 bytes"):
                end.channel.seal_message(bytes(5))


# --- Handshakes that fail, act by act ---------------------------------------------


def act(number: int, kind: HandshakeKind) -> tuple[bytes, Callable[[bytes], object]]:
    """Handshake message `number`, and what receives it."""
    alice, bob = alice_calls(kind), bob_answers(kind)
    first = alice.send_first()
    if number == 1:
        return first, lambda message: bob.receive_first(read_first(message))
    bob.receive_first(read_first(first))
    second = bob.send_second()
    if number == 2:
        return second, alice.receive_second
    alice.receive_second(second)
    return alice.send_third()[0], bob.receive_third


ACTS: Final = [(number, kind) for number in (1, 2, 3) for kind in KINDS]


class TestFailingActs:
    """Spec: §6.10. Each act once with everything that can be wrong with it."""

    @pytest.mark.parametrize(("number", "kind"), ACTS)
    def test_any_inverted_bit_is_noticed(self, number: int, kind: HandshakeKind) -> None:
        """One bit of each byte, the framing included."""
        size = len(act(number, kind)[0])
        for position in range(size):
            message, receive = act(number, kind)
            changed = flipped(message, 8 * position + position % 8)
            # Another kind or tag sends the host to another responder: not its bytes.
            looks_elsewhere = number == 1 and 1 <= position < len(message) - 48
            expected = (
                (RemoteProtocolError, LocalProtocolError)
                if looks_elsewhere
                else RemoteProtocolError
            )
            with pytest.raises(expected):
                receive(changed)

    @pytest.mark.parametrize(("number", "kind"), ACTS)
    def test_a_truncated_act_is_noticed_at_every_length(
        self, number: int, kind: HandshakeKind
    ) -> None:
        """Also at length 0."""
        size = len(act(number, kind)[0])
        for length in range(size):
            message, receive = act(number, kind)
            with pytest.raises((Malformed, DecryptFailed)):
                receive(message[:length])

    @pytest.mark.parametrize(("number", "kind"), ACTS)
    def test_an_oversize_act_is_too_large(self, number: int, kind: HandshakeKind) -> None:
        """65,536 bytes, whatever they are."""
        message, receive = act(number, kind)
        with pytest.raises(TooLarge):
            receive(message.ljust(FRAME_SIZE_MAX_BYTES + 1, b"\0"))

    @pytest.mark.parametrize(("number", "kind"), ACTS)
    @pytest.mark.parametrize("version", [0, 2, 255])
    def test_another_wire_version_closes_the_link(
        self, number: int, kind: HandshakeKind, version: int
    ) -> None:
        """A newer program is not an attacker, but cannot be understood."""
        message, receive = act(number, kind)
        with pytest.raises(UnknownCritical, match=f"wire version {version} ") as caught:
            receive(bytes([version]) + message[1:])

        assert caught.value.verdict == "close"

    @pytest.mark.parametrize(("number", "kind"), ACTS)
    def test_a_replay_from_another_handshake_fails_beyond_the_first_act(
        self, number: int, kind: HandshakeKind
    ) -> None:
        """The first act can be replayed, and gives a listener nothing it can read."""
        alice, bob = alice_calls(kind), bob_answers(kind)
        message, _ = act(number, kind)
        if number == 1:
            bob.receive_first(read_first(message))
            return
        fresh_bob = Responder.friend(house=HOUSE, static=BOB, ephemeral=MALLORY)
        if kind is HandshakeKind.INVITATION:
            fresh_bob = Responder.invitation(
                house=HOUSE, static=BOB, ephemeral=MALLORY, secret=SECRET
            )
        fresh_bob.receive_first(read_first(alice.send_first()))
        if number == 2:
            fresh_alice = Initiator.friend(
                house=HOUSE, static=ALICE, ephemeral=MALLORY, remote_static=public(BOB)
            )
            fresh_alice.send_first()
            with pytest.raises(DecryptFailed):
                fresh_alice.receive_second(message)
        else:
            fresh_bob.send_second()
            with pytest.raises(DecryptFailed):
                fresh_bob.receive_third(message)

    def test_whoever_is_not_the_pinned_friend_cannot_answer(self) -> None:
        """Mallory at Bob's address learns nothing, not even who called."""
        mallory = Responder.friend(house=HOUSE, static=MALLORY, ephemeral=BOB_EPHEMERAL)
        first = alice_calls(HandshakeKind.FRIEND).send_first()
        with pytest.raises(DecryptFailed):
            mallory.receive_first(read_first(first))

    def test_a_stranger_who_does_not_know_the_key_gets_no_answer(self) -> None:
        """The very first act fails, so that no second one is ever sent."""
        bob = bob_answers(HandshakeKind.FRIEND)
        first = alice_calls(HandshakeKind.FRIEND, pinned=public(MALLORY)).send_first()
        with pytest.raises(DecryptFailed):
            bob.receive_first(read_first(first))
        with pytest.raises(LocalProtocolError, match="after an error"):
            bob.send_second()

    @pytest.mark.parametrize("kind", KINDS)
    def test_another_house_fails_in_the_first_act(self, kind: HandshakeKind) -> None:
        """The house is in the prologue, and never on the wire."""
        first = alice_calls(kind, house=OTHER_HOUSE).send_first()

        assert OTHER_HOUSE not in first
        with pytest.raises(DecryptFailed):
            bob_answers(kind).receive_first(read_first(first))

    def test_the_tag_of_an_invitation_is_not_enough(self) -> None:
        """Who saw a first message cannot pass itself off as the guest."""
        first = read_first(alice_calls(HandshakeKind.INVITATION, secret=OTHER_SECRET).send_first())
        borrowed = FirstMessage(first.kind, invitation_tag(SECRET), first.noise)
        with pytest.raises(DecryptFailed):
            bob_answers(HandshakeKind.INVITATION).receive_first(borrowed)

    def test_a_key_of_small_order_is_refused(self) -> None:
        """Spec §6.2: the shared secret would be zero."""
        first = FirstMessage(HandshakeKind.FRIEND, None, bytes(48))
        with pytest.raises(BadKey):
            bob_answers(HandshakeKind.FRIEND).receive_first(first)

    def test_a_pinned_key_of_small_order_is_refused_before_anything_is_sent(self) -> None:
        """It would let everybody read the first message."""
        alice = alice_calls(HandshakeKind.FRIEND, pinned=bytes(32))
        with pytest.raises(BadKey):
            alice.send_first()

    def test_a_guest_with_an_ephemeral_key_of_small_order_gets_no_answer(self) -> None:
        """XXpsk0 first computes with it when the second message is written."""
        state = SymmetricState(b"Noise_XXpsk0_25519_ChaChaPoly_SHA256")
        state.mix_hash(b"openhouse/1\1\2" + HOUSE)
        state.mix_key_and_hash(invitation_psk(SECRET))
        state.mix_hash(bytes(32))
        state.mix_key(bytes(32))
        noise = bytes(32) + state.encrypt_and_hash(b"")
        bob = bob_answers(HandshakeKind.INVITATION)
        bob.receive_first(FirstMessage(HandshakeKind.INVITATION, invitation_tag(SECRET), noise))
        with pytest.raises(BadKey):
            bob.send_second()

    @pytest.mark.parametrize("kind", [0, 4, 255])
    def test_an_unknown_kind_of_handshake_closes_the_link(self, kind: int) -> None:
        """As another wire version."""
        with pytest.raises(UnknownCritical, match=f"kind {kind} ") as caught:
            read_first(bytes([1, kind]) + bytes(48))

        assert caught.value.verdict == "close"

    @pytest.mark.parametrize("message", [b"", b"\x01", b"\x01\x02", b"\x01\x02" + bytes(15)])
    def test_a_first_message_that_ends_before_its_noise_is_malformed(self, message: bytes) -> None:
        """Empty, no kind, no tag, a tag of 15 bytes."""
        with pytest.raises(Malformed):
            read_first(message)


class TestHandshakeMisuse:
    """Spec: §6.5. Our own mistakes are told from the other side's."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_steps_come_in_order(self, kind: HandshakeKind) -> None:
        """Any step at another place, on a fresh object each time."""
        first = read_first(alice_calls(kind).send_first())
        steps: list[Callable[[], object]] = [
            lambda: alice_calls(kind).receive_second(bytes(96)),
            lambda: alice_calls(kind).send_third(),
            lambda: bob_answers(kind).send_second(),
            lambda: bob_answers(kind).receive_third(bytes(96)),
        ]
        for step in steps:
            with pytest.raises(LocalProtocolError, match="in order"):
                step()
        bob = bob_answers(kind)
        bob.receive_first(first)
        with pytest.raises(LocalProtocolError, match="in order"):
            bob.receive_first(first)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_step_is_not_repeated_after_the_end(self, kind: HandshakeKind) -> None:
        """A second channel from one handshake would use its nonces twice."""
        alice, bob = alice_calls(kind), bob_answers(kind)
        bob.receive_first(read_first(alice.send_first()))
        alice.receive_second(bob.send_second())
        third, _ = alice.send_third()
        bob.receive_third(third)
        repeats: list[Callable[[], object]] = [alice.send_third, lambda: bob.receive_third(third)]
        for repeat in repeats:
            with pytest.raises(LocalProtocolError, match="in order"):
                repeat()

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_failed_handshake_is_dead(self, kind: HandshakeKind) -> None:
        """Also for the right message afterwards."""
        message, receive = act(2, kind)
        with pytest.raises(DecryptFailed):
            receive(flipped(message, 8))
        with pytest.raises(LocalProtocolError, match="after an error"):
            receive(message)

    def test_a_responder_reads_only_what_it_was_made_for(self) -> None:
        """The host looks at kind and tag first, then makes the responder."""
        friend = read_first(alice_calls(HandshakeKind.FRIEND).send_first())
        guest = read_first(alice_calls(HandshakeKind.INVITATION).send_first())
        for bob, first in (
            (bob_answers(HandshakeKind.FRIEND), guest),
            (bob_answers(HandshakeKind.INVITATION), friend),
            (bob_answers(HandshakeKind.INVITATION, secret=OTHER_SECRET), guest),
        ):
            with pytest.raises(LocalProtocolError, match="another handshake"):
                bob.receive_first(first)

    @pytest.mark.parametrize("size", [0, 31, 33])
    def test_house_and_secret_have_32_bytes(self, size: int) -> None:
        """A shorter secret could be guessed, a shorter house could be another's beginning."""
        with pytest.raises(LocalProtocolError, match="house id is 32 bytes"):
            alice_calls(HandshakeKind.FRIEND, house=bytes(size))
        with pytest.raises(LocalProtocolError, match="secret is 32 bytes"):
            alice_calls(HandshakeKind.INVITATION, secret=bytes(size))

    def test_a_payload_that_does_not_fit_one_message_is_misuse(self) -> None:
        """65,535 bytes, the framing included."""
        room = FRAME_SIZE_MAX_BYTES - len(alice_calls(HandshakeKind.INVITATION).send_first())
        largest = alice_calls(HandshakeKind.INVITATION).send_first(bytes(room))

        assert len(largest) == FRAME_SIZE_MAX_BYTES
        assert bob_answers(HandshakeKind.INVITATION).receive_first(read_first(largest)) == bytes(
            room
        )
        with pytest.raises(LocalProtocolError, match="65536 bytes"):
            alice_calls(HandshakeKind.INVITATION).send_first(bytes(room + 1))


# --- Properties -------------------------------------------------------------------


ANY_BYTES: Final = st.builds(bytes.__add__, st.sampled_from([b"", b"\1"]), st.binary(max_size=200))
FIRST_MESSAGES: Final = ANY_BYTES | st.builds(
    bytes.__add__, st.sampled_from([b"\1\1", b"\1\2"]), st.binary(min_size=48, max_size=120)
)


def refusal(receive: Callable[[bytes], object], message: bytes) -> Exception | None:
    """The error of the other side that `message` is; any other error escapes."""
    try:
        receive(message)
    except RemoteProtocolError as error:
        return error
    return None


class TestProperties:
    """What holds for all bytes."""

    @given(FIRST_MESSAGES)
    @example(b"\x01\x01" + bytes(48))
    @example(b"\x01\x02" + bytes(64))
    @example(b"\x01\x03")
    def test_any_first_message_is_refused_with_a_remote_error(self, message: bytes) -> None:
        """No bytes of a stranger cause anything else."""

        def receive(message: bytes) -> None:
            first = read_first(message)
            if first.kind is HandshakeKind.PAIRING:
                raise UnknownPeer("Bob did not ask for a pairing", "17.8")
            # The host finds the secret by the tag: pretend that there is one for every tag.
            tag = None if first.invitation_tag is None else invitation_tag(SECRET)
            bob_answers(first.kind).receive_first(FirstMessage(first.kind, tag, first.noise))

        assert refusal(receive, message) is not None

    @given(ANY_BYTES, st.sampled_from(ACTS[2:]))
    def test_any_later_act_is_refused_with_a_remote_error(
        self, message: bytes, at: tuple[int, HandshakeKind]
    ) -> None:
        """The same for the second and the third."""
        assert refusal(act(*at)[1], message) is not None


# --- Vectors ----------------------------------------------------------------------


def vector_ends(given: dict[str, Any]) -> tuple[Initiator, Responder]:
    keys: dict[str, Any] = {
        end: {name: bytes.fromhex(value) for name, value in given[end].items()}
        for end in ("initiator", "responder")
    }
    if given["kind"] == HandshakeKind.FRIEND:
        return Initiator.friend(**keys["initiator"]), Responder.friend(**keys["responder"])
    return Initiator.invitation(**keys["initiator"]), Responder.invitation(**keys["responder"])


@dataclass
class Replay:
    """One case of the vectors on its way through the implementation."""

    case: dict[str, Any]
    hashes: list[str]
    place: str = ""

    def run(self) -> tuple[Established, Established]:
        """Handshake and frames; errors escape, and `place` says where."""
        given = self.case["input"]
        initiator, responder = vector_ends(given)
        messages = [bytes.fromhex(message) for message in given["messages"]]
        payloads = [bytes.fromhex(payload) for payload in given["payloads"]]
        self.note(1, initiator, initiator.send_first(payloads[0]))
        assert responder.receive_first(read_first(messages[0])) == payloads[0]
        self.note(2, responder, responder.send_second(payloads[1]))
        assert initiator.receive_second(messages[1]) == payloads[1]
        third, at_initiator = initiator.send_third(payloads[2])
        self.note(3, initiator, third)
        payload, at_responder = responder.receive_third(messages[2])
        assert payload == payloads[2]
        channels = {"initiator": at_initiator.channel, "responder": at_responder.channel}
        for number, frame in enumerate(given["frames"], 1):
            self.place = f"frame {number}"
            self.carry(frame, channels)
        return at_initiator, at_responder

    def note(self, number: int, writer: Initiator | Responder, written: bytes) -> None:
        self.place = f"message {number}"
        self.hashes.append(writer.handshake_hash.hex())
        is_changed = "Changed" in self.case["flags"] and self.case["fails_at"] == self.place
        if not is_changed:
            assert self.case["input"]["messages"][number - 1] == written.hex()

    def carry(self, frame: dict[str, Any], channels: dict[str, Channel]) -> None:
        receiver = channels[frame["to"]]
        sender = channels["responder" if frame["to"] == "initiator" else "initiator"]
        if "empty_messages" in frame:
            for _ in range(frame["empty_messages"]):
                assert receiver.receive(sender.seal(b"")) == b""
            return
        if self.case["result"] == "valid":
            assert frame["frame"] == self.sealed(frame, sender).hex()
        received = receiver.receive(bytes.fromhex(frame["frame"]))
        if "message" in frame:
            assert received == bytes.fromhex(frame["message"])
        elif "event" in frame:
            assert received == {"none": None, "closed": Closed()}[frame["event"]]

    def sealed(self, frame: dict[str, Any], sender: Channel) -> bytes:
        if "message" in frame:
            return sender.seal(bytes.fromhex(frame["message"]))
        return sender.close_frame() if frame["event"] == "closed" else sender.rekey_frame()


class TestVectors:
    """The implementation agrees with the language-neutral vectors."""

    def test_the_file_is_what_its_generator_makes(self) -> None:
        """A vector never changes silently."""
        build = runpy.run_path(str(ROOT / "tests" / "vectors" / "make_handshake.py"))["build"]

        assert build() == VECTORS.read_text("utf-8")

    def test_at_least_as_many_cases_are_invalid_as_valid(self) -> None:
        """What must be refused is the larger part of a protocol."""
        results = [case["result"] for case in CASES]

        assert results.count("invalid") >= results.count("valid") > 0
        assert len({case["id"] for case in CASES}) == len(CASES)
        assert all(set(case["flags"]) <= set(DOCUMENT["notes"]) for case in CASES)

    @pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
    def test_case(self, case: dict[str, Any]) -> None:
        """Run both ends: the same bytes and hashes, or the error at its place."""
        replay = Replay(case, [])
        if case["result"] == "invalid":
            with pytest.raises(RemoteProtocolError) as caught:
                replay.run()
            assert (case["error"], case["fails_at"]) == (caught.value.code, replay.place)
        else:
            replay.run()
            assert case["decoded"]["handshake_hashes"] == replay.hashes

    @pytest.mark.parametrize(
        "case",
        [case for case in CASES if case["result"] == "valid"],
        ids=[case["id"] for case in CASES if case["result"] == "valid"],
    )
    def test_the_printed_transport_keys_open_the_first_frames(self, case: dict[str, Any]) -> None:
        """Intermediate values are there to find the step that differs."""
        without_frames = case["input"] | {"frames": []}
        ends = Replay(case | {"input": without_frames}, []).run()

        for end, name in zip(ends, ("initiator_sends_with", "responder_sends_with"), strict=True):
            cipher = CipherState(bytes.fromhex(case["decoded"][name]))
            assert cipher.decrypt(end.channel.seal(b"text")[1:])[:7] == b"\0\0\x04text"
