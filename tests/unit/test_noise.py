"""Noise: the public vectors, the primitives' vectors, another implementation, misuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from noise.connection import Keypair, NoiseConnection

from protocol.errors import (
    BadKey,
    DecryptFailed,
    LocalProtocolError,
    Malformed,
    TooLarge,
)
from protocol.noise import (
    NOISE_MESSAGE_SIZE_MAX_BYTES,
    CipherState,
    Fuse,
    HandshakeState,
    SymmetricState,
    aead_decrypt,
    aead_encrypt,
    hkdf,
    x25519,
)

FindShared: TypeAlias = Callable[[str], Path]

ALICE_STATIC: Final = bytes([1]) * 32
ALICE_EPHEMERAL: Final = bytes([2]) * 32
BOB_STATIC: Final = bytes([3]) * 32
BOB_EPHEMERAL: Final = bytes([4]) * 32
PSK: Final = bytes([5]) * 32
PROLOGUE: Final = b"a prologue"
SMALL_ORDER_KEY: Final = bytes(32)


def public(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def packaged_vectors(path: str) -> list[dict[str, bytes]]:
    """The `KEY = value` blocks of a file of `cryptography_vectors`, keys in capitals."""
    with cryptography_vectors.open_vector_file(path, "r") as file:
        lines = [line.partition("=") for line in file.read().splitlines() if line[:1] != "#"]
    cases: list[dict[str, bytes]] = []
    for name, value in ((line[0].strip().upper(), line[2].strip()) for line in lines):
        if name == "COUNT":
            cases.append({})
        elif name == "RESULT":
            cases[-1][name] = value.encode()
        elif name:
            is_text = value.startswith('"')
            cases[-1][name] = value[1:-1].encode() if is_text else bytes.fromhex(value)
    return cases


def xk_pair() -> tuple[HandshakeState, HandshakeState]:
    alice = HandshakeState(
        "XK",
        is_initiator=True,
        prologue=PROLOGUE,
        static=ALICE_STATIC,
        ephemeral=ALICE_EPHEMERAL,
        remote_static=public(BOB_STATIC),
    )
    bob = HandshakeState(
        "XK",
        is_initiator=False,
        prologue=PROLOGUE,
        static=BOB_STATIC,
        ephemeral=BOB_EPHEMERAL,
    )
    return alice, bob


# --- Public vectors ---------------------------------------------------------------


def vector_end(vector: dict[str, Any], side: str, pattern: str) -> HandshakeState:
    def key(name: str) -> bytes | None:
        return bytes.fromhex(vector[f"{side}_{name}"]) if f"{side}_{name}" in vector else None

    return HandshakeState(
        pattern,
        is_initiator=side == "init",
        prologue=key("prologue") or b"",
        static=key("static"),
        ephemeral=key("ephemeral"),
        remote_static=key("remote_static"),
        psks=[bytes.fromhex(psk) for psk in vector.get(f"{side}_psks", ())],
    )


def replay_vector(vector: dict[str, Any]) -> None:
    pattern = vector["protocol_name"].split("_")[1]
    ends = [vector_end(vector, side, pattern) for side in ("init", "resp")]
    is_one_way = len(pattern.partition("psk")[0]) == 1
    messages = [
        (bytes.fromhex(message["payload"]), bytes.fromhex(message["ciphertext"]))
        for message in vector["messages"]
    ]
    position = 0
    while not ends[0].is_finished:
        payload, ciphertext = messages[position]
        writer, reader = ends if position % 2 == 0 else ends[::-1]
        assert writer.write_message(payload) == ciphertext
        assert reader.read_message(ciphertext) == payload
        position += 1

    assert ends[0].handshake_hash == ends[1].handshake_hash
    if "handshake_hash" in vector:
        assert bytes.fromhex(vector["handshake_hash"]) == ends[0].handshake_hash

    ciphers = [end.split() for end in ends]
    for number, (payload, ciphertext) in enumerate(messages[position:], position):
        sender = 0 if is_one_way else number % 2
        assert ciphers[sender][0].encrypt(payload) == ciphertext
        assert ciphers[1 - sender][1].decrypt(ciphertext) == payload


def test_every_public_noise_vector_is_reproduced_byte_for_byte(shared_file: FindShared) -> None:
    """110 cases of snow and cacophony: every pattern, psk modifiers, one way."""
    vectors = json.loads(
        shared_file("vectors/noise_25519_ChaChaPoly_SHA256.json").read_text("utf-8")
    )["vectors"]

    for vector in vectors:
        replay_vector(vector)

    assert len(vectors) >= 110


def test_wycheproof_x25519_results_are_right_and_all_zero_ones_are_refused(
    shared_file: FindShared,
) -> None:
    """518 cases: twists, edge cases, keys of small order, keys not canonical."""
    groups = json.loads(shared_file("vectors/wycheproof_x25519_test.json").read_text("utf-8"))[
        "testGroups"
    ]
    refused = 0
    for case in [case for group in groups for case in group["tests"]]:
        private = X25519PrivateKey.from_private_bytes(bytes.fromhex(case["private"]))
        expected = bytes.fromhex(case["shared"])
        if any(expected):
            assert expected == x25519(private, bytes.fromhex(case["public"])), case["tcId"]
        else:
            refused += 1
            with pytest.raises(BadKey):
                x25519(private, bytes.fromhex(case["public"]))

    assert refused > 0


def test_wycheproof_chacha20_poly1305_is_sealed_and_opened_as_it_says(
    shared_file: FindShared,
) -> None:
    """325 cases: edge cases of Poly1305, changed tags, nonces of wrong size."""
    groups = json.loads(
        shared_file("vectors/wycheproof_chacha20_poly1305_test.json").read_text("utf-8")
    )["testGroups"]
    for case in [case for group in groups for case in group["tests"]]:
        key, nonce, data, message, sealed = (
            bytes.fromhex(value)
            for value in (
                case["key"],
                case["iv"],
                case["aad"],
                case["msg"],
                case["ct"] + case["tag"],
            )
        )
        aead = ChaCha20Poly1305(key)
        if case["result"] == "valid":
            assert sealed == aead_encrypt(aead, nonce, message, data), case["tcId"]
            assert message == aead_decrypt(aead, nonce, sealed, data), case["tcId"]
        else:
            # Noise only has nonces of 12 bytes: another size is a bug of ours.
            expected = DecryptFailed if len(nonce) == 12 else ValueError
            with pytest.raises(expected):
                aead_decrypt(aead, nonce, sealed, data)


def test_rfc_7748_vectors_of_x25519_are_reproduced() -> None:
    """RFC 7748 §5.2, as packaged with `cryptography`."""
    cases = packaged_vectors("asymmetric/X25519/rfc7748.txt")
    for case in cases:
        private = X25519PrivateKey.from_private_bytes(case["INPUT_SCALAR"])
        assert case["OUTPUT_U"] == x25519(private, case["INPUT_U"])

    assert len(cases) == 3


def test_boringssl_vectors_of_chacha20_poly1305_are_reproduced() -> None:
    """As packaged with `cryptography`."""
    cases = packaged_vectors("ciphers/ChaCha20Poly1305/boringssl.txt")
    for case in cases:
        aead = ChaCha20Poly1305(case["KEY"])
        sealed = case["CT"] + case["TAG"]
        assert sealed == aead_encrypt(aead, case["NONCE"], case["IN"], case["AD"])
        assert case["IN"] == aead_decrypt(aead, case["NONCE"], sealed, case["AD"])

    assert len(cases) == 66


def test_openssl_vectors_of_chacha20_poly1305_are_reproduced() -> None:
    """As packaged with `cryptography`; one of them must not open."""
    cases = packaged_vectors("ciphers/ChaCha20Poly1305/openssl.txt")
    for case in cases:
        aead = ChaCha20Poly1305(case["KEY"])
        sealed = case["CIPHERTEXT"] + case["TAG"]
        if "RESULT" in case:
            with pytest.raises(DecryptFailed):
                aead_decrypt(aead, case["IV"], sealed, case["AAD"])
        else:
            assert sealed == aead_encrypt(aead, case["IV"], case["PLAINTEXT"], case["AAD"])
            assert case["PLAINTEXT"] == aead_decrypt(aead, case["IV"], sealed, case["AAD"])

    assert len(cases) == 5


# --- Another implementation -------------------------------------------------------


def other_end(pattern: str, *, is_initiator: bool) -> NoiseConnection:
    """Alice (initiator) or Bob by the package `noiseprotocol`."""
    end = NoiseConnection.from_name(f"Noise_{pattern}_25519_ChaChaPoly_SHA256".encode())
    static, ephemeral = (
        (ALICE_STATIC, ALICE_EPHEMERAL) if is_initiator else (BOB_STATIC, BOB_EPHEMERAL)
    )
    end.set_prologue(PROLOGUE)
    end.set_keypair_from_private_bytes(Keypair.STATIC, static)
    end.set_keypair_from_private_bytes(Keypair.EPHEMERAL, ephemeral)
    if "psk" in pattern:
        end.set_psks(psk=PSK)
    elif is_initiator:
        end.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, public(BOB_STATIC))
    (end.set_as_initiator if is_initiator else end.set_as_responder)()
    end.start_handshake()
    return end


def our_end(pattern: str, *, is_initiator: bool) -> HandshakeState:
    pins_key = is_initiator and pattern == "XK"
    return HandshakeState(
        pattern,
        is_initiator=is_initiator,
        prologue=PROLOGUE,
        static=ALICE_STATIC if is_initiator else BOB_STATIC,
        ephemeral=ALICE_EPHEMERAL if is_initiator else BOB_EPHEMERAL,
        remote_static=public(BOB_STATIC) if pins_key else None,
        psks=(PSK,) if "psk" in pattern else (),
    )


@pytest.mark.filterwarnings("ignore:One of ephemeral keypairs is already set")
@pytest.mark.parametrize("pattern", ["XK", "XXpsk0"])
@pytest.mark.parametrize("is_initiator", [True, False])
def test_either_end_talks_to_an_independent_implementation(
    pattern: str, is_initiator: bool
) -> None:
    """Handshake, channel binding, both directions and both rekeys agree."""
    ours = our_end(pattern, is_initiator=is_initiator)
    theirs = other_end(pattern, is_initiator=not is_initiator)
    for number, payload in enumerate((b"one", b"", b"three")):
        if (number % 2 == 0) == is_initiator:
            assert payload == theirs.read_message(ours.write_message(payload))
        else:
            assert payload == ours.read_message(bytes(theirs.write_message(payload)))
    sending, receiving = ours.split()

    assert theirs.get_handshake_hash() == ours.handshake_hash
    assert public(BOB_STATIC if is_initiator else ALICE_STATIC) == ours.remote_static
    for text in (b"first", b"second"):
        assert text == theirs.decrypt(sending.encrypt(text))
        assert text == receiving.decrypt(theirs.encrypt(text))
        sending.rekey()
        receiving.rekey()
        theirs.rekey_inbound_cipher()
        theirs.rekey_outbound_cipher()


# --- The pieces -------------------------------------------------------------------


def test_a_cipher_without_key_passes_everything_through() -> None:
    """Noise §5.1: the first messages of most patterns are in the clear."""
    cipher = CipherState()

    assert not cipher.has_key
    assert cipher.encrypt(b"open") == b"open"
    assert cipher.decrypt(b"open") == b"open"
    assert cipher.nonce == 0


def test_a_cipher_without_key_cannot_be_rekeyed() -> None:
    """There is nothing the new key could come from."""
    with pytest.raises(LocalProtocolError, match="no key"):
        CipherState().rekey()


def test_rekey_changes_the_key_and_keeps_counting() -> None:
    """Noise §11.3: REKEY does not touch the nonce."""
    sender, rekeyed, left_behind = (CipherState(PSK) for _ in range(3))
    before = sender.encrypt(b"before")
    for receiver in (rekeyed, left_behind):
        receiver.decrypt(before)
    sender.rekey()
    rekeyed.rekey()
    frame = sender.encrypt(b"after")

    assert rekeyed.decrypt(frame) == b"after"
    assert sender.nonce == 2
    with pytest.raises(DecryptFailed):
        left_behind.decrypt(frame)


def test_the_nonce_stands_still_when_opening_fails() -> None:
    """Noise §5.1: a failed DECRYPT leaves n as it was."""
    sender, receiver = CipherState(PSK), CipherState(PSK)
    with pytest.raises(DecryptFailed):
        receiver.decrypt(bytes(40))

    assert receiver.decrypt(sender.encrypt(b"text")) == b"text"


def test_the_last_nonce_is_kept_for_rekey() -> None:
    """Noise §5.1: 2^64 - 1 is never used for a message."""
    cipher = CipherState(PSK)
    cipher.nonce = 2**64 - 2
    frame = cipher.encrypt(b"last")

    assert len(frame) == 20
    with pytest.raises(LocalProtocolError, match="used up"):
        cipher.encrypt(b"one more")
    with pytest.raises(LocalProtocolError, match="used up"):
        cipher.decrypt(bytes(16))


def test_a_long_protocol_name_is_hashed_and_a_short_one_padded() -> None:
    """Noise §5.2, InitializeSymmetric."""
    short, exact, long = (SymmetricState(b"n" * size) for size in (31, 32, 33))

    assert short.handshake_hash == b"n" * 31 + b"\0"
    assert exact.handshake_hash == b"n" * 32
    assert len(long.handshake_hash) == 32
    assert long.handshake_hash[0] != ord("n")


def test_hkdf_gives_the_same_first_keys_whatever_their_number() -> None:
    """Noise §4.3: the third output only adds to the first two."""
    assert hkdf(PSK, b"material", 3)[:2] == hkdf(PSK, b"material", 2)
    assert len(hkdf(PSK, b"material", 3)) == 3


def test_a_key_of_wrong_size_from_the_network_is_a_bad_key() -> None:
    """The same error as for a key of small order."""
    with pytest.raises(BadKey):
        x25519(X25519PrivateKey.from_private_bytes(PSK), b"short")


def test_a_fuse_blows_at_the_first_error_and_stays_blown() -> None:
    """Any exception counts, also one that is not ours."""
    fuse = Fuse("6.2")
    with fuse:
        pass
    with pytest.raises(ZeroDivisionError), fuse:
        raise ZeroDivisionError
    for _ in range(2):
        with pytest.raises(LocalProtocolError, match="after an error"):
            fuse.__enter__()


# --- Offences and misuse ----------------------------------------------------------


@pytest.mark.parametrize("pattern", ["XK", "NN"])
def test_an_ephemeral_key_of_small_order_is_refused(pattern: str) -> None:
    """Otherwise the shared secret would be zero whatever our own key is."""
    if pattern == "XK":
        _, bob = xk_pair()
    else:
        bob = HandshakeState("NN", is_initiator=False, ephemeral=BOB_EPHEMERAL)
        bob.read_message(SMALL_ORDER_KEY)
    with pytest.raises(BadKey):
        bob.read_message(SMALL_ORDER_KEY + bytes(16)) if pattern == "XK" else bob.write_message()


def test_a_message_that_ends_inside_a_key_is_malformed() -> None:
    """31 bytes cannot hold the ephemeral key."""
    _, bob = xk_pair()
    with pytest.raises(Malformed, match="inside a key"):
        bob.read_message(bytes(31))


def test_a_message_without_room_for_its_tag_is_not_opened() -> None:
    """A sealed payload has at least 16 bytes."""
    alice, bob = xk_pair()
    with pytest.raises(DecryptFailed):
        bob.read_message(alice.write_message()[:47])


def test_a_message_above_the_noise_limit_is_too_large() -> None:
    """Noise §3: 65,535 bytes."""
    _, bob = xk_pair()
    with pytest.raises(TooLarge):
        bob.read_message(bytes(NOISE_MESSAGE_SIZE_MAX_BYTES + 1))


def test_a_payload_beyond_the_noise_limit_cannot_be_written() -> None:
    """48 bytes of the first message are a key and a tag."""
    largest = bytes(NOISE_MESSAGE_SIZE_MAX_BYTES - 48)
    alice, bob = xk_pair()

    assert bob.read_message(alice.write_message(largest)) == largest
    with pytest.raises(LocalProtocolError, match="65536 bytes"):
        xk_pair()[0].write_message(largest + b"x")


def test_a_failed_handshake_cannot_go_on() -> None:
    """Also when what comes next would have been right."""
    alice, bob = xk_pair()
    message = alice.write_message()
    with pytest.raises(DecryptFailed):
        bob.read_message(message[:-1] + bytes([message[-1] ^ 1]))
    for use in (lambda: bob.read_message(message), bob.write_message, bob.split):
        with pytest.raises(LocalProtocolError, match="after an error"):
            use()


def test_messages_out_of_turn_are_misuse() -> None:
    """The initiator writes first, then they take turns."""
    alice, bob = xk_pair()
    with pytest.raises(LocalProtocolError, match="message 1 is not due"):
        alice.read_message(bytes(48))
    with pytest.raises(LocalProtocolError, match="message 1 is not due"):
        bob.write_message()


def finished_pair() -> tuple[HandshakeState, HandshakeState]:
    alice, bob = xk_pair()
    bob.read_message(alice.write_message())
    alice.read_message(bob.write_message())
    bob.read_message(alice.write_message())
    return alice, bob


def test_a_finished_handshake_has_no_fourth_message() -> None:
    """What follows goes through the ciphers of `split`."""
    _, bob = finished_pair()
    with pytest.raises(LocalProtocolError, match="message 4 is not due"):
        bob.write_message()


def test_a_handshake_is_split_once_and_only_at_its_end() -> None:
    """Two ciphers with one key would seal two texts under one nonce."""
    unfinished, _ = xk_pair()
    alice, _ = finished_pair()
    alice.split()
    for state in (unfinished, alice):
        with pytest.raises(LocalProtocolError, match="split comes once"):
            state.split()


@pytest.mark.parametrize("pattern", ["", "XY", "xk", "XKpsk", "XKpsk0psk1", "XKpsk0+", "XXpsk4"])
def test_an_unknown_pattern_is_misuse(pattern: str) -> None:
    """A name is spelt as in the Noise specification, or not at all."""
    with pytest.raises(LocalProtocolError, match=r"no pattern|no message"):
        HandshakeState(pattern, is_initiator=True, psks=(PSK,))


@pytest.mark.parametrize("psks", [(), (PSK, PSK), (PSK[:31],)])
def test_a_pattern_gets_exactly_its_psks(psks: tuple[bytes, ...]) -> None:
    """One for each modifier, 32 bytes each."""
    with pytest.raises(LocalProtocolError, match="wants 1 psks"):
        HandshakeState("NNpsk0", is_initiator=True, ephemeral=ALICE_EPHEMERAL, psks=psks)


@pytest.mark.parametrize("name", ["static", "ephemeral"])
def test_a_private_key_has_32_bytes(name: str) -> None:
    """Anything else is a caller's mistake, not a peer's."""
    static = bytes(31) if name == "static" else ALICE_STATIC
    ephemeral = bytes(31) if name == "ephemeral" else ALICE_EPHEMERAL
    with pytest.raises(LocalProtocolError, match="private key is 32 bytes"):
        HandshakeState("XX", is_initiator=True, static=static, ephemeral=ephemeral)


def test_a_remote_key_is_given_exactly_when_the_pattern_knows_it_beforehand() -> None:
    """A key passed in vain would look pinned, and anybody's would be accepted."""
    for pattern, key in (("XK", None), ("XX", public(BOB_STATIC))):
        with pytest.raises(LocalProtocolError, match="known beforehand"):
            HandshakeState(pattern, is_initiator=True, static=ALICE_STATIC, remote_static=key)


def test_a_known_remote_key_has_32_bytes() -> None:
    """It was stored by us: a caller's mistake."""
    with pytest.raises(LocalProtocolError, match="public key is 32 bytes"):
        HandshakeState("XK", is_initiator=True, remote_static=bytes(31))


def test_a_missing_own_key_is_misuse_where_the_pattern_first_needs_it() -> None:
    """At the start when the other end knows it beforehand, else when it is sent."""
    with pytest.raises(LocalProtocolError, match="not given"):
        HandshakeState("KN", is_initiator=True, ephemeral=ALICE_EPHEMERAL)
    with pytest.raises(LocalProtocolError, match="not given"):
        HandshakeState("NN", is_initiator=True).write_message()
