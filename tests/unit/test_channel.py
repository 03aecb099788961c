"""The channel: frames, messages, keys, ends, and every offence. Spec: §6.3, §6.6 to §6.10."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocol.channel import (
    DEFAULT_LIMITS,
    FRAME_SIZES_BYTES,
    FRAMES_PER_KEY,
    PAYLOAD_SIZE_MAX_BYTES,
    PLAINTEXT_SIZES_BYTES,
    Channel,
    ChannelLimits,
    Closed,
    FrameType,
)
from protocol.errors import (
    DecryptFailed,
    LocalProtocolError,
    Malformed,
    NotCanonical,
    RemoteProtocolError,
    TooLarge,
    UnknownCritical,
)
from protocol.limits import (
    FRAME_SIZE_MAX_BYTES,
    LINK_IN_FLIGHT_MAX_BYTES,
    MESSAGE_SIZE_MAX_BYTES,
)
from protocol.noise import CipherState

FEW_FRAMES: Final = ChannelLimits(frames_per_key=3)
# The keys of the two directions, which a handshake would have agreed on.
ALICE_KEY: Final = bytes([1]) * 32
BOB_KEY: Final = bytes([2]) * 32


def channels(limits: ChannelLimits = DEFAULT_LIMITS) -> tuple[Channel, Channel]:
    """Alice's end and Bob's."""
    alice = Channel(CipherState(ALICE_KEY), CipherState(BOB_KEY), limits)
    bob = Channel(CipherState(BOB_KEY), CipherState(ALICE_KEY), limits)
    return alice, bob


def forging_pair(limits: ChannelLimits = DEFAULT_LIMITS) -> tuple[CipherState, Channel]:
    """A cipher that seals whatever Alice never would, and Bob, who receives it."""
    return CipherState(ALICE_KEY), channels(limits)[1]


def forged(cipher: CipherState, frame_type: int, payload: bytes, size: int | None = None) -> bytes:
    plaintext = bytes([frame_type]) + len(payload).to_bytes(2, "big") + payload
    smallest = min(known for known in PLAINTEXT_SIZES_BYTES if known >= len(plaintext))
    return b"\x01" + cipher.encrypt(plaintext.ljust(size or smallest, b"\0"))


def flipped(data: bytes, bit: int) -> bytes:
    copy = bytearray(data)
    copy[bit // 8] ^= 1 << bit % 8
    return bytes(copy)


def test_limits_are_those_of_the_spec() -> None:
    """Spec §6.6 to §6.8; a message is never larger than what may be in flight."""
    assert DEFAULT_LIMITS == ChannelLimits(2**20, 2**14)
    assert MESSAGE_SIZE_MAX_BYTES <= LINK_IN_FLIGHT_MAX_BYTES
    assert FRAMES_PER_KEY == 16_384
    assert FRAME_SIZES_BYTES[-1] == FRAME_SIZE_MAX_BYTES == 65_535
    assert PAYLOAD_SIZE_MAX_BYTES == 65_515


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
