"""Modelled signatures cannot be forged, and opening once for all changes nothing."""

from __future__ import annotations

import pytest

from protocol.bodies import Kind, SeatBody, seat_object
from protocol.errors import BadSignature, Malformed
from protocol.keys import HouseId, MemberId, RecordId, Signer, verify
from protocol.messages import Announce, encode_message
from protocol.records import Record, RecordSigner, open_record, sign_record
from simulations.signing import (
    POST_REMEMBERED,
    InterningOpener,
    InterningPost,
    ModelKeys,
    RealKeys,
)

ALICE, BOB = bytes([1]) * 32, bytes([2]) * 32


def seat(signer: RecordSigner, sequence: int = 1) -> Record:
    candidate = MemberId(bytes(32))
    return sign_record(
        signer,
        SeatBody(candidate),
        house=HouseId(bytes(32)),
        object_id=seat_object(candidate),
        sequence=sequence,
        created_ms=1,
        not_after_ms=2,
    )


def test_a_modelled_signer_has_the_public_key_of_the_real_one() -> None:
    assert Signer(ALICE).public == ModelKeys(b"run").signer(ALICE).public


def test_a_modelled_signature_is_as_long_as_a_real_one_and_verifies() -> None:
    keys = ModelKeys(b"run")
    signer = keys.signer(ALICE)
    signature = signer.sign(b"message")

    assert 64 == len(signature)
    assert keys.verify(signer.public, b"message", signature)


def test_nothing_but_the_same_key_and_message_verifies() -> None:
    keys = ModelKeys(b"run")
    alice, bob = keys.signer(ALICE), keys.signer(BOB)
    signature = alice.sign(b"message")

    assert not keys.verify(bob.public, b"message", signature)
    assert not keys.verify(alice.public, b"message!", signature)
    assert not keys.verify(alice.public, b"message", bytes(64))
    assert not keys.verify(alice.public, b"message", signature[:63])
    assert not ModelKeys(b"another run").verify(alice.public, b"message", signature)


def test_real_keys_are_those_of_the_nodes() -> None:
    keys = RealKeys()
    record = seat(keys.signer(ALICE))

    assert record == open_record(record.envelope, verify)
    assert record == open_record(record.envelope, keys.verify)


def test_record_ids_are_the_same_with_real_and_modelled_signatures() -> None:
    real, modelled = seat(RealKeys().signer(ALICE)), seat(ModelKeys(b"run").signer(ALICE))

    assert real.record_id == modelled.record_id
    assert len(real.envelope) == len(modelled.envelope)
    assert real.envelope != modelled.envelope


def test_an_envelope_is_opened_once_and_given_to_everybody() -> None:
    keys = ModelKeys(b"run")
    checked = []

    def check(key: bytes, message: bytes, signature: bytes) -> bool:
        checked.append(message)
        return keys.verify(key, message, signature)

    opener = InterningOpener(check)
    envelope = seat(keys.signer(ALICE)).envelope
    first, second = opener(envelope), opener(bytes(bytearray(envelope)))

    assert first is second
    assert 1 == len(checked)
    assert 2 == opener.opened_by_kind[Kind.SEAT]


def test_onlookers_are_not_counted() -> None:
    keys = ModelKeys(b"run")
    opener = InterningOpener(keys.verify)
    opener.peek(seat(keys.signer(ALICE)).envelope)

    assert 0 == opener.opened_by_kind[Kind.SEAT]


def test_a_bad_envelope_is_refused_every_time_for_the_same_reason() -> None:
    keys, other = ModelKeys(b"run"), ModelKeys(b"another")
    opener = InterningOpener(keys.verify)
    forged = seat(other.signer(ALICE)).envelope
    for _ in range(2):
        with pytest.raises(BadSignature):
            opener(forged)
        with pytest.raises(Malformed):
            opener(b"\x92")


def test_what_was_just_signed_need_not_be_opened() -> None:
    opener = InterningOpener(lambda key, message, signature: False)
    record = seat(ModelKeys(b"run").signer(ALICE))
    opener.learn(record)

    assert record is opener(record.envelope)


def test_a_message_written_by_one_is_given_to_all_who_read_it() -> None:
    post = InterningPost()
    message = Announce(7, False, ((RecordId(bytes(32)), 300),))
    data = post.write(message)

    assert encode_message(message) == data
    assert message is post.read(bytes(bytearray(data)))


def test_what_was_written_elsewhere_or_long_ago_is_read() -> None:
    post = InterningPost()
    message = Announce(7, False, ())
    post.write(message)
    for number in range(2 * POST_REMEMBERED):
        post.write(Announce(8 + number, False, ()))

    assert message == post.read(encode_message(message))
    assert message is not post.read(encode_message(message))
    with pytest.raises(Malformed):
        post.read(b"\x92\x02")
