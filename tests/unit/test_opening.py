"""Records opened ahead: the same results, each signature verified once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from node.opening import CachedOpener
from protocol import keys
from protocol.bodies import SeatBody, seat_object
from protocol.errors import BadSignature, Malformed
from protocol.keys import HouseId, MemberId, Signer
from protocol.records import Record, sign_record


class Verifier:
    """Counts how often a signature is verified."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, key: bytes, message: bytes, signature: bytes) -> bool:
        self.calls += 1
        return keys.verify(key, message, signature)


def record(number: int) -> Record:
    candidate = MemberId(number.to_bytes(32, "big"))
    return sign_record(
        Signer(bytes(32)),
        SeatBody(candidate),
        house=HouseId(bytes(32)),
        object_id=seat_object(candidate),
        sequence=number,
        created_ms=1,
        not_after_ms=2,
    )


def test_a_record_opened_ahead_is_not_verified_again() -> None:
    verifier = Verifier()
    opener = CachedOpener(verifier)
    one = record(1)
    opener.prepare([one.envelope, one.envelope])

    assert one == opener.open(one.envelope)
    assert one == opener.open(one.envelope)
    assert 1 == verifier.calls


def test_a_bad_record_is_refused_each_time_and_verified_once() -> None:
    verifier = Verifier()
    opener = CachedOpener(verifier)
    forged = record(1).envelope[:-3] + b"\x00\xc4\x00"
    opener.prepare([forged, b"garbage"])

    for _ in range(2):
        with pytest.raises(BadSignature) as caught:
            opener.open(forged)
        assert "block" == caught.value.verdict
        with pytest.raises(Malformed):
            opener.open(b"garbage")
    assert 1 == verifier.calls


def test_what_was_forgotten_is_opened_on_the_spot() -> None:
    verifier = Verifier()
    opener = CachedOpener(verifier, size_max_bytes=3 * 1500)
    records = [record(number) for number in range(10)]
    opener.prepare(one.envelope for one in records)

    assert records == [opener.open(one.envelope) for one in records]
    assert verifier.calls > 10
    assert len(opener._results) <= 4


def test_records_of_our_own_store_are_not_verified_and_not_remembered() -> None:
    verifier = Verifier()
    opener = CachedOpener(verifier)
    with opener.trusting():
        assert record(1) == opener.open(record(1).envelope)
    assert 0 == verifier.calls

    opener.open(record(1).envelope)
    assert 1 == verifier.calls


def test_threads_may_open_the_same_records_at_once() -> None:
    opener = CachedOpener(size_max_bytes=20_000)
    records = [record(number) for number in range(40)]
    envelopes = [one.envelope for one in records]

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(opener.prepare, envelopes) for _ in range(8)]:
            done.result()

    assert records == [opener.open(envelope) for envelope in envelopes]


def test_records_verified_elsewhere_are_found_open() -> None:
    verifier = Verifier()
    opener = CachedOpener(verifier)
    good, forged = record(1), record(2).envelope[:-3] + b"\x00\xc4\x00"

    unverified = opener.begin([good.envelope, b"garbage", forged])
    assert [(good.author, 32, 64)] * 2 == [
        (key, len(message), len(signature)) for key, message, signature in unverified.claims
    ]
    verdicts = bytes(keys.verify(*claim) for claim in unverified.claims)
    opener.finish(unverified, verdicts)

    assert good == opener.open(good.envelope)
    with pytest.raises(Malformed):
        opener.open(b"garbage")
    assert 1 == verifier.calls, "a bad signature is verified here too, for its error"
    with pytest.raises(BadSignature):
        opener.open(forged)
    assert [] == opener.begin([good.envelope, b"garbage", forged]).claims
