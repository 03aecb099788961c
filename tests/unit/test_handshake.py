"""The secure channel: handshakes, frames, messages, keys, ends, and every offence."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from protocol.errors import (
    BadKey,
    DecryptFailed,
    LocalProtocolError,
    Malformed,
    NotCanonical,
    RemoteProtocolError,
    TooLarge,
    UnknownCritical,
)
from protocol.handshake import (
    DEFAULT_LIMITS,
    FRAME_SIZES_BYTES,
    FRAMES_PER_KEY,
    MESSAGE_SIZE_MAX_BYTES,
    PAYLOAD_SIZE_MAX_BYTES,
    PLAINTEXT_SIZES_BYTES,
    Channel,
    ChannelLimits,
    Closed,
    Established,
    FirstMessage,
    FrameType,
    HandshakeKind,
    Initiator,
    Responder,
    invitation_psk,
    invitation_tag,
    read_first,
)
from protocol.limits import FRAME_SIZE_MAX_BYTES, LINK_IN_FLIGHT_MAX_BYTES
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
FEW_FRAMES: Final = ChannelLimits(frames_per_key=3)
# A key that both ends of hand-made channels share, to seal what no honest end does.
KEY: Final = bytes([6]) * 32


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


def channels(limits: ChannelLimits = DEFAULT_LIMITS) -> tuple[Channel, Channel]:
    at_alice, at_bob = established(limits=limits)
    return at_alice.channel, at_bob.channel


def forging_pair(limits: ChannelLimits = DEFAULT_LIMITS) -> tuple[CipherState, Channel]:
    """A cipher that seals whatever it is given, and the channel that receives it."""
    return CipherState(KEY), Channel(CipherState(bytes(32)), CipherState(KEY), limits)


def forged(cipher: CipherState, frame_type: int, payload: bytes, size: int | None = None) -> bytes:
    plaintext = bytes([frame_type]) + len(payload).to_bytes(2, "big") + payload
    smallest = min(known for known in PLAINTEXT_SIZES_BYTES if known >= len(plaintext))
    return b"\x01" + cipher.encrypt(plaintext.ljust(size or smallest, b"\0"))


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

    def test_limits_are_those_of_the_spec(self) -> None:
        """Spec §6.6 to §6.8; a message is never larger than what may be in flight."""
        assert DEFAULT_LIMITS == ChannelLimits(2**20, 2**14)
        assert MESSAGE_SIZE_MAX_BYTES <= LINK_IN_FLIGHT_MAX_BYTES
        assert FRAMES_PER_KEY == 16_384
        assert FRAME_SIZES_BYTES[-1] == FRAME_SIZE_MAX_BYTES == 65_535
        assert PAYLOAD_SIZE_MAX_BYTES == 65_515


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

    @pytest.mark.parametrize("kind", [0, 3, 255])
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


# --- Frames and messages ----------------------------------------------------------


class TestFrames:
    """Spec: §6.6."""

    def test_every_frame_has_one_of_eleven_sizes(self) -> None:
        """The smallest that holds the payload and its three bytes of header."""
        for size, larger in pairwise(PLAINTEXT_SIZES_BYTES):
            for length, expected in ((size - 3, size), (size - 2, larger)):
                alice, bob = channels()
                frame = alice.seal(bytes(length))

                assert len(frame) == expected + 17
                assert bob.open(frame) == bytes(length)

    def test_the_largest_frame_is_full(self) -> None:
        """65,515 bytes of payload, 65,535 in all."""
        alice, bob = channels()
        frame = alice.seal(b"x" * PAYLOAD_SIZE_MAX_BYTES)

        assert len(frame) == FRAME_SIZE_MAX_BYTES
        assert bob.open(frame) == b"x" * PAYLOAD_SIZE_MAX_BYTES

    def test_one_byte_more_than_a_frame_is_misuse_of_seal(self) -> None:
        """Longer messages go through `seal_message`."""
        alice, _ = channels()
        with pytest.raises(LocalProtocolError, match="65516 bytes"):
            alice.seal(bytes(PAYLOAD_SIZE_MAX_BYTES + 1))

    def test_equal_messages_look_different_each_time(self) -> None:
        """The nonce counts, and the two directions have two keys."""
        alice, bob = channels()
        frames = [alice.seal(b"same"), alice.seal(b"same"), bob.seal(b"same")]

        assert len(set(frames)) == 3

    @pytest.mark.parametrize("use", [Channel.open, Channel.receive])
    def test_an_inverted_bit_kills_the_channel(
        self, use: Callable[[Channel, bytes], object]
    ) -> None:
        """Both directions of it: nothing can be trusted any more."""
        alice, bob = channels()
        frame = alice.seal(b"text")
        with pytest.raises(DecryptFailed):
            use(bob, flipped(frame, 100))
        uses: list[Callable[[], object]] = [
            lambda: use(bob, frame),
            lambda: bob.seal(b"text"),
            lambda: bob.seal_message(b"text"),
            bob.rekey_frame,
            bob.close_frame,
            bob.receive_end,
        ]
        for again in uses:
            with pytest.raises(LocalProtocolError, match="after an error"):
                again()

    def test_a_replayed_frame_is_refused(self) -> None:
        """Its nonce has passed."""
        alice, bob = channels()
        frame = alice.seal(b"lend me your bicycle")
        bob.receive(frame)
        with pytest.raises(DecryptFailed):
            bob.receive(frame)

    def test_reordered_frames_are_refused(self) -> None:
        """Its nonce has not come yet."""
        alice, bob = channels()
        alice.seal(b"first")
        with pytest.raises(DecryptFailed):
            bob.receive(alice.seal(b"second"))

    def test_a_frame_sent_back_to_its_maker_is_refused(self) -> None:
        """Each direction has its own key."""
        alice, _ = channels()
        with pytest.raises(DecryptFailed):
            alice.receive(alice.seal(b"echo"))

    @pytest.mark.parametrize("version", [0, 2, 255])
    def test_another_wire_version_is_not_read(self, version: int) -> None:
        """The version byte stands in front of every frame."""
        alice, bob = channels()
        with pytest.raises(UnknownCritical) as caught:
            bob.receive(bytes([version]) + alice.seal(b"text")[1:])

        assert caught.value.verdict == "close"

    def test_a_frame_of_a_size_that_does_not_exist_is_malformed(self) -> None:
        """Seen before anything is decrypted."""
        for size in (1, 2, 17, 80, 82, 144, FRAME_SIZE_MAX_BYTES - 1):
            _, bob = channels()
            with pytest.raises(Malformed, match=f"no frame has {size} bytes"):
                bob.receive(b"\x01".ljust(size, b"\0"))

    def test_an_empty_frame_is_malformed_and_an_oversize_one_too_large(self) -> None:
        """The two ends of the range."""
        with pytest.raises(Malformed, match="empty"):
            channels()[0].receive(b"")
        with pytest.raises(TooLarge):
            channels()[0].receive(b"\x01" + bytes(FRAME_SIZE_MAX_BYTES))

    def test_a_byte_of_padding_that_is_not_zero_is_refused(self) -> None:
        """Wherever in the padding it stands."""
        for position in (7, 30, 63):
            cipher, bob = forging_pair()
            plaintext = bytearray(b"\0\0\x04text".ljust(64, b"\0"))
            plaintext[position] = 1
            with pytest.raises(NotCanonical, match="not all zeros"):
                bob.receive(b"\x01" + cipher.encrypt(bytes(plaintext)))

    def test_a_frame_larger_than_its_payload_needs_is_refused(self) -> None:
        """One payload has one size: nothing can be signalled by choosing another."""
        cipher, bob = forging_pair()
        with pytest.raises(NotCanonical, match="larger than its payload needs"):
            bob.receive(forged(cipher, FrameType.MESSAGE_FINAL, b"text", size=128))

    def test_a_payload_that_runs_out_of_its_frame_is_malformed(self) -> None:
        """62 bytes do not fit into 64 with their header."""
        cipher, bob = forging_pair()
        with pytest.raises(Malformed, match="longer than its frame"):
            bob.receive(b"\x01" + cipher.encrypt(b"\0\0\x3e".ljust(64, b"\0")))

    @pytest.mark.parametrize("frame_type", [4, 255])
    def test_an_unknown_frame_type_closes_the_link(self, frame_type: int) -> None:
        """There is no frame one may skip."""
        cipher, bob = forging_pair()
        with pytest.raises(UnknownCritical, match=f"frame type {frame_type} ") as caught:
            bob.receive(forged(cipher, frame_type, b""))

        assert caught.value.verdict == "close"

    @pytest.mark.parametrize(
        "frame_type", [FrameType.MESSAGE_MORE, FrameType.CLOSE, FrameType.REKEY]
    )
    def test_open_takes_nothing_but_messages_in_one_frame(self, frame_type: FrameType) -> None:
        """Everything else needs `receive`."""
        cipher, bob = forging_pair()
        with pytest.raises(Malformed, match="single frame"):
            bob.open(forged(cipher, frame_type, b""))

    def test_open_does_not_take_the_end_of_a_message(self) -> None:
        """Its beginning was received before."""
        alice, bob = channels()
        first, last = alice.seal_message(bytes(PAYLOAD_SIZE_MAX_BYTES + 1))
        bob.receive(first)
        with pytest.raises(Malformed, match="single frame"):
            bob.open(last)


class TestMessages:
    """Spec: §6.7."""

    @pytest.mark.parametrize(
        ("size", "count"),
        [
            (0, 1),
            (1, 1),
            (PAYLOAD_SIZE_MAX_BYTES, 1),
            (PAYLOAD_SIZE_MAX_BYTES + 1, 2),
            (2 * PAYLOAD_SIZE_MAX_BYTES, 2),
            (2 * PAYLOAD_SIZE_MAX_BYTES + 1, 3),
            (MESSAGE_SIZE_MAX_BYTES, 17),
        ],
    )
    def test_a_message_is_cut_into_full_frames_and_put_together(
        self, size: int, count: int
    ) -> None:
        """Nothing is delivered before the last fragment has come."""
        alice, bob = channels()
        message = bytes(range(256)) * (size // 256) + bytes(size % 256)
        frames = alice.seal_message(message)

        assert len(frames) == count
        assert [None] * (count - 1) == [bob.receive(frame) for frame in frames[:-1]]
        assert message == bob.receive(frames[-1])
        assert bob.receive(alice.seal(b"next")) == b"next"

    def test_a_message_above_the_limit_is_not_sealed(self) -> None:
        """The other end would have to refuse it."""
        alice, _ = channels()
        with pytest.raises(LocalProtocolError, match="1048577 bytes"):
            alice.seal_message(bytes(MESSAGE_SIZE_MAX_BYTES + 1))

    def test_a_flood_of_fragments_is_capped(self) -> None:
        """The receiver never holds more than the largest message."""
        cipher, bob = forging_pair()
        fragment = bytes(PAYLOAD_SIZE_MAX_BYTES)
        for _ in range(16):
            assert bob.receive(forged(cipher, FrameType.MESSAGE_MORE, fragment)) is None
        with pytest.raises(TooLarge):
            bob.receive(forged(cipher, FrameType.MESSAGE_MORE, fragment))

    def test_the_last_fragment_counts_towards_the_limit(self) -> None:
        """One byte above it."""
        limits = ChannelLimits(message_size_max_bytes=PAYLOAD_SIZE_MAX_BYTES + 1)
        for extra, is_allowed in ((1, True), (2, False)):
            cipher, bob = forging_pair(limits)
            bob.receive(forged(cipher, FrameType.MESSAGE_MORE, bytes(PAYLOAD_SIZE_MAX_BYTES)))
            last = forged(cipher, FrameType.MESSAGE_FINAL, bytes(extra))
            if is_allowed:
                assert bob.receive(last) == bytes(PAYLOAD_SIZE_MAX_BYTES + 1)
            else:
                with pytest.raises(TooLarge):
                    bob.receive(last)

    @pytest.mark.parametrize("size", [0, 1, PAYLOAD_SIZE_MAX_BYTES - 1])
    def test_a_fragment_that_is_not_the_last_is_full(self, size: int) -> None:
        """Empty ones could be sent for ever without reaching the limit."""
        cipher, bob = forging_pair()
        with pytest.raises(NotCanonical, match="not the last is full"):
            bob.receive(forged(cipher, FrameType.MESSAGE_MORE, bytes(size)))

    def test_the_last_of_several_fragments_is_not_empty(self) -> None:
        """A message has one way to be cut."""
        cipher, bob = forging_pair()
        bob.receive(forged(cipher, FrameType.MESSAGE_MORE, bytes(PAYLOAD_SIZE_MAX_BYTES)))
        with pytest.raises(NotCanonical, match="not empty"):
            bob.receive(forged(cipher, FrameType.MESSAGE_FINAL, b""))

    @pytest.mark.parametrize("frame_type", [FrameType.CLOSE, FrameType.REKEY])
    def test_a_notice_does_not_interrupt_a_message(self, frame_type: FrameType) -> None:
        """A close in the middle would leave half a message."""
        cipher, bob = forging_pair()
        bob.receive(forged(cipher, FrameType.MESSAGE_MORE, bytes(PAYLOAD_SIZE_MAX_BYTES)))
        with pytest.raises(Malformed, match="interrupts no message"):
            bob.receive(forged(cipher, frame_type, b""))

    @pytest.mark.parametrize("frame_type", [FrameType.CLOSE, FrameType.REKEY])
    def test_a_notice_carries_nothing(self, frame_type: FrameType) -> None:
        """There is nothing it could say."""
        cipher, bob = forging_pair()
        with pytest.raises(Malformed, match="carries nothing"):
            bob.receive(forged(cipher, frame_type, b"x"))


class TestRekey:
    """Spec: §6.8."""

    def test_both_ends_replace_the_key_after_the_same_frame(self) -> None:
        """By count, without a word, in each direction by itself."""
        alice, bob = channels(FEW_FRAMES)
        for number in range(10):
            text = b"text %d" % number
            assert bob.receive(alice.seal(text)) == text
            if number % 2:
                assert alice.receive(bob.seal(text)) == text

    def test_an_end_that_does_not_count_falls_out_of_step(self) -> None:
        """The third frame is the last with the first key."""
        alice, _ = channels(FEW_FRAMES)
        _, bob = channels()
        for text in (b"one", b"two", b"three"):
            assert bob.receive(alice.seal(text)) == text
        with pytest.raises(DecryptFailed):
            bob.receive(alice.seal(b"four"))

    def test_fragments_are_counted_like_other_frames(self) -> None:
        """A key may be replaced inside a message."""
        alice, bob = channels(FEW_FRAMES)
        message = bytes(4 * PAYLOAD_SIZE_MAX_BYTES)
        received = [bob.receive(frame) for frame in alice.seal_message(message)]

        assert [None, None, None, message] == received

    def test_a_notice_replaces_the_key_of_one_direction(self) -> None:
        """The other direction goes on as before."""
        alice, bob = channels()
        assert bob.receive(alice.rekey_frame()) is None
        assert bob.receive(alice.seal(b"new key")) == b"new key"
        assert alice.receive(bob.seal(b"old key")) == b"old key"

    def test_a_notice_starts_the_count_again(self) -> None:
        """Three frames with each key: the notice is the last of its own."""
        alice, bob = channels(FEW_FRAMES)
        bob.receive(alice.seal(b"one"))
        bob.receive(alice.rekey_frame())
        for text in (b"one", b"two", b"three", b"four"):
            assert bob.receive(alice.seal(text)) == text

    def test_a_notice_that_is_also_the_last_frame_replaces_the_key_once(self) -> None:
        """Against a receiver that knows only notices."""
        alice, _ = channels(FEW_FRAMES)
        _, bob = channels()
        bob.receive(alice.seal(b"one"))
        bob.receive(alice.seal(b"two"))
        bob.receive(alice.rekey_frame())

        assert bob.receive(alice.seal(b"once")) == b"once"

    def test_a_suppressed_notice_is_noticed(self) -> None:
        """It has a nonce like every frame."""
        alice, bob = channels()
        alice.rekey_frame()
        with pytest.raises(DecryptFailed):
            bob.receive(alice.seal(b"text"))


class TestClose:
    """Spec: §6.9."""

    def test_each_direction_ends_by_itself(self) -> None:
        """After our close we still hear what the other end has to say."""
        alice, bob = channels()
        assert bob.receive(alice.close_frame()) == Closed()
        assert (alice.is_closed_here, alice.is_closed_there) == (True, False)
        assert (bob.is_closed_here, bob.is_closed_there) == (False, True)
        assert alice.receive(bob.seal(b"last words")) == b"last words"
        assert alice.receive(bob.close_frame()) == Closed()
        alice.receive_end()
        bob.receive_end()

    def test_a_link_cut_without_a_close_is_noticed(self) -> None:
        """Whoever cuts the cable cannot make it look like an end."""
        alice, bob = channels()
        bob.receive(alice.seal(b"one of two"))
        with pytest.raises(Malformed, match="without an authenticated close"):
            bob.receive_end()

    def test_our_own_close_does_not_stand_for_theirs(self) -> None:
        """The other direction may have been cut."""
        alice, _ = channels()
        alice.close_frame()
        with pytest.raises(Malformed, match="without an authenticated close"):
            alice.receive_end()

    @pytest.mark.parametrize(
        "send",
        [
            lambda channel: channel.seal(b""),
            lambda channel: channel.seal_message(b""),
            Channel.rekey_frame,
            Channel.close_frame,
        ],
    )
    def test_nothing_is_sent_after_the_close(self, send: Callable[[Channel], object]) -> None:
        """A close is the last frame of its direction."""
        alice, _ = channels()
        alice.close_frame()
        with pytest.raises(LocalProtocolError, match="sent after the close"):
            send(alice)

    def test_nothing_is_received_after_the_close(self) -> None:
        """The host stops reading when it is told `Closed`."""
        alice, bob = channels()
        bob.receive(alice.close_frame())
        with pytest.raises(LocalProtocolError, match="received after the close"):
            bob.receive(bytes(81))


# --- Properties -------------------------------------------------------------------


ANY_BYTES: Final = st.builds(bytes.__add__, st.sampled_from([b"", b"\1"]), st.binary(max_size=200))
FIRST_MESSAGES: Final = ANY_BYTES | st.builds(
    bytes.__add__, st.sampled_from([b"\1\1", b"\1\2"]), st.binary(min_size=48, max_size=120)
)
FRAMES: Final = ANY_BYTES | st.builds(
    lambda start, size: (b"\1" + start).ljust(size, b"\0"),
    st.binary(max_size=64),
    st.sampled_from(FRAME_SIZES_BYTES),
)
# What a frame may hold inside, nearly right: type, length, payload, padding, size.
PLAINTEXTS: Final = st.builds(
    lambda frame_type, length, payload, padding, size: (
        bytes([frame_type]) + length.to_bytes(2, "big") + payload
    ).ljust(size, padding)[:size],
    st.integers(0, 5),
    st.integers(0, 200) | st.sampled_from([1021, 65_514, 65_515, 65_516, 65_535]),
    st.binary(max_size=200),
    st.sampled_from([b"\0", b"\0", b"\1"]),
    st.sampled_from([3, 63, *PLAINTEXT_SIZES_BYTES]),
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
    def test_any_first_message_is_refused_with_a_remote_error(self, message: bytes) -> None:
        """No bytes of a stranger cause anything else."""

        def receive(message: bytes) -> None:
            first = read_first(message)
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

    @given(FRAMES)
    def test_any_frame_is_refused_with_a_remote_error(self, frame: bytes) -> None:
        """Nobody without the key makes a frame."""
        assert refusal(channels()[1].receive, frame) is not None

    @given(st.lists(PLAINTEXTS, max_size=4))
    def test_any_plaintext_is_read_or_refused_with_a_remote_error(
        self, plaintexts: list[bytes]
    ) -> None:
        """Also from a friend whose program has gone mad."""
        cipher, bob = forging_pair()
        for plaintext in plaintexts:
            error = refusal(bob.receive, b"\x01" + cipher.encrypt(plaintext))
            if error is not None or bob.is_closed_there:
                break

    @given(
        st.lists(st.tuples(st.booleans(), st.none() | st.binary(max_size=300)), max_size=30),
        st.integers(1, 5),
    )
    def test_everything_said_is_heard_however_the_ends_interleave(
        self, turns: list[tuple[bool, bytes | None]], frames_per_key: int
    ) -> None:
        """With rekeys by notice (None) and by count in both directions."""
        alice, bob = channels(ChannelLimits(frames_per_key=frames_per_key))
        for is_alice, said in turns:
            sender, receiver = (alice, bob) if is_alice else (bob, alice)
            frames = [sender.rekey_frame()] if said is None else sender.seal_message(said)

            assert said == receiver.receive(frames[0])

    @given(st.integers(0, 5 * PAYLOAD_SIZE_MAX_BYTES))
    @example(MESSAGE_SIZE_MAX_BYTES)
    def test_a_message_of_any_size_arrives_whole(self, size: int) -> None:
        """And only with its last frame."""
        alice, bob = channels()
        message = (b"0123456789" * (size // 10 + 1))[:size]
        *earlier, last = alice.seal_message(message)

        assert all(bob.receive(frame) is None for frame in earlier)
        assert message == bob.receive(last)


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
