"""Spec §5.1 to §5.4: envelopes, headers, ids, signatures and registers."""

from __future__ import annotations

import json
import runpy
from dataclasses import replace
from functools import cmp_to_key
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import limits
from protocol.bodies import Kind, ListingBody, SeatBody, ThingKind
from protocol.encoding import Value, decode, encode
from protocol.errors import ERRORS_BY_CODE, BadSignature, RemoteProtocolError
from protocol.keys import HouseId, MemberId, ObjectId, RecordId, Signer, verify
from protocol.layouts import encode_body
from protocol.records import (
    Record,
    is_equivocation,
    open_record,
    record_id,
    sign_record,
    signed_message,
    split_envelope,
    supersedes,
)
from simulations.strategies import records

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "protocol" / "vectors" / "records.json"
DOCUMENT = json.loads(VECTORS.read_text("utf-8"))
CASES = DOCUMENT["cases"]
ALICE = Signer(b"a" * 32)
HOUSE = HouseId(b"h" * 32)
THING = ObjectId(b"t" * 16)


def listing(sequence: int = 1, title: str = "Ladder", epoch: int = 0) -> Record:
    return sign_record(
        ALICE,
        ListingBody(title, "", ThingKind.OBJECT, 2, (), ()),
        house=HOUSE,
        object_id=THING,
        sequence=sequence,
        created_ms=1000,
        not_after_ms=2000,
        epoch=epoch,
    )


def reopen(record: Record) -> Record:
    return open_record(record.envelope, verify)


class TestOpening:
    """Who opens a record knows all that its author signed, or refuses it."""

    @given(records())
    def test_an_opened_record_is_the_one_that_was_signed(self, record: Record) -> None:
        """The round trip keeps every field. Spec §5.1."""
        assert record == reopen(record)

    @given(records(), st.data())
    def test_any_flipped_bit_is_refused(self, record: Record, data: st.DataObject) -> None:
        """Nothing of an envelope can be changed. Spec §5.3."""
        bit = data.draw(st.integers(0, 8 * len(record.envelope) - 1))
        changed = bytearray(record.envelope)
        changed[bit // 8] ^= 1 << bit % 8

        with pytest.raises(RemoteProtocolError):
            open_record(bytes(changed), verify)

    @given(records(), st.data())
    def test_a_part_of_a_record_is_refused(self, record: Record, data: st.DataObject) -> None:
        """Cut anywhere, lengthened by anything."""
        cut = data.draw(st.integers(0, len(record.envelope) - 1))
        more = data.draw(st.binary(min_size=1, max_size=3))
        for changed in (record.envelope[:cut], record.envelope + more):
            with pytest.raises(RemoteProtocolError):
                open_record(changed, verify)

    @given(st.binary(max_size=300))
    def test_bytes_from_anywhere_are_refused(self, data: bytes) -> None:
        """No crash and no record."""
        with pytest.raises(RemoteProtocolError):
            open_record(data, verify)

    def test_the_signature_is_checked_with_the_author_s_key_over_the_id(self) -> None:
        """What goes to the verifier, and that its verdict counts. Spec §5.3."""
        record = listing()
        asked: list[tuple[bytes, bytes, bytes]] = []

        def doubt(key: bytes, message: bytes, signature: bytes) -> bool:
            asked.append((key, message, signature))
            return False

        with pytest.raises(BadSignature):
            open_record(record.envelope, doubt)

        unsigned, signature, _ = split_envelope(record.envelope)
        assert record.record_id == record_id(unsigned)
        assert [(ALICE.public, signed_message(record.record_id), signature)] == asked

    def test_two_signatures_over_the_same_bytes_are_the_same_record(self) -> None:
        """The id leaves the signature out. Spec §5.3."""
        unsigned, *_ = split_envelope(listing().envelope)
        again = encode([unsigned, bytes(64), b""])

        assert listing().record_id == open_record(again, lambda *_: True).record_id

    def test_expiry_begins_at_not_after(self) -> None:
        """The lease is half open. Spec §5.2."""
        record = listing()

        assert not record.is_expired(1999)
        assert record.is_expired(2000)

    def test_a_record_at_the_size_limit_is_taken_and_one_above_is_not(self) -> None:
        """The limit counts the whole envelope. Spec §14."""
        fields = _fields(listing())
        start = limits.RECORD_SIZE_MAX_BYTES - len(listing().envelope)
        sizes = {}
        for fill in range(start - 20, start + 1):
            fields[11] = {1: bytes(fill)}
            envelope = _sign(fields)
            sizes[len(envelope)] = envelope

        open_record(sizes[limits.RECORD_SIZE_MAX_BYTES], verify)
        with pytest.raises(RemoteProtocolError):
            open_record(sizes[limits.RECORD_SIZE_MAX_BYTES + 1], verify)


def _fields(record: Record) -> list[Value]:
    unsigned, *_ = split_envelope(record.envelope)
    value = decode(unsigned, size_max_bytes=limits.RECORD_SIZE_MAX_BYTES, allow_map=True)
    assert isinstance(value, tuple)
    return list(value)


def _sign(fields: list[Value]) -> bytes:
    unsigned = encode(fields)
    return encode([unsigned, ALICE.sign(signed_message(record_id(unsigned))), b""])


class TestRegisters:
    """One value stands in a register, the same on every node. Spec §5.4."""

    def test_the_first_record_of_a_register_stands(self) -> None:
        """There is nothing to compare it with."""
        assert supersedes(listing(), None)

    @given(records(), records())
    def test_of_two_records_one_stands(self, one: Record, other: Record) -> None:
        """The order is total: exactly one supersedes, unless they are the same."""
        if one.record_id == other.record_id:
            assert not supersedes(one, other)
        else:
            assert supersedes(one, other) is not supersedes(other, one)

    @given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.binary(max_size=1))))
    def test_any_order_of_arrival_settles_on_the_same_record(
        self, versions: list[tuple[int, int, bytes]]
    ) -> None:
        """Epoch, then sequence, then the smaller id; equivocation settles equally."""
        kept = [
            replace(listing(), epoch=epoch, sequence=sequence, record_id=RecordId(name))
            for epoch, sequence, name in versions
        ]
        ordered = sorted(kept, key=cmp_to_key(compare))
        for arrivals in (kept, kept[::-1]):
            standing: Record | None = None
            for record in arrivals:
                if supersedes(record, standing):
                    standing = record

            assert (ordered[-1] if ordered else None) == standing

    def test_two_bodies_at_one_version_prove_an_equivocation(self) -> None:
        """The same register and version, another id."""
        one, other = listing(title="Ladder"), listing(title="Drill")

        assert is_equivocation(one, other)
        assert is_equivocation(other, one)
        assert not is_equivocation(one, one)
        assert not is_equivocation(one, listing(2, "Drill"))
        assert not is_equivocation(one, replace(other, object=ObjectId(bytes(16))))
        assert not is_equivocation(one, replace(other, author=MemberId(bytes(32))))

    def test_key_and_version_name_the_register_and_its_order(self) -> None:
        """What everything above is about."""
        assert (ALICE.public, THING) == listing().key
        assert (3, 7) == listing(7, epoch=3).version


def compare(one: Record, other: Record) -> int:
    return int(supersedes(one, other)) - int(supersedes(other, one))


def plain(value: Value) -> object:
    """A value as the vectors write it."""
    match value:
        case bytes():
            return {"bytes": value.hex()}
        case list() | tuple():
            return [plain(item) for item in value]
        case dict():
            return {"map": [[key, plain(item)] for key, item in value.items()]}
    return value


class TestVectors:
    """The implementation agrees with the language-neutral vectors."""

    def test_the_file_is_what_its_generator_makes(self) -> None:
        """A vector never changes silently."""
        build = runpy.run_path(str(ROOT / "tests" / "vectors" / "make_records.py"))["build"]

        assert build() == VECTORS.read_text("utf-8")

    def test_the_cases_cover_every_kind_and_are_mostly_refusals(self) -> None:
        """What must be refused is the larger part of a format."""
        results = [case["result"] for case in CASES]
        kinds = {open_it(case).kind for case in CASES if case["decoded"] and is_open(case)}

        assert set(Kind) == kinds
        assert results.count("invalid") >= results.count("valid") > 0
        assert len({case["id"] for case in CASES}) == len(CASES)
        assert {flag for case in CASES for flag in case["flags"]} == set(DOCUMENT["notes"])

    @pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
    def test_case(self, case: dict[str, object]) -> None:
        """Open the input: the record, or the error."""
        if case["result"] == "invalid":
            with pytest.raises(RemoteProtocolError) as caught:
                open_it(case)
            assert case["error"] == caught.value.code
            assert caught.value.code in ERRORS_BY_CODE
        elif is_open(case):
            check_opened(case)
        else:
            check_register(case)


def is_open(case: dict[str, object]) -> bool:
    flags = case["flags"]
    assert isinstance(flags, list)
    return "Open" in flags


def open_it(case: dict[str, object]) -> Record:
    return open_record(bytes.fromhex(str(case["input"])), verify)


def check_opened(case: dict[str, object]) -> None:
    record = open_it(case)
    decoded = case["decoded"]
    assert isinstance(decoded, dict)
    header: list[object] = decoded["header"]

    assert decoded["record_id"] == record.record_id.hex()
    assert decoded["signed"] == signed_message(record.record_id).hex()
    fields: list[Value] = [
        1, int(record.kind), record.house, record.author, record.device, record.object,
        record.epoch, record.sequence, record.created_ms, record.not_after_ms,
    ]  # fmt: skip
    assert header[:10] == [plain(field) for field in fields]
    assert header[10] == plain(encode_body(record.body))
    if header[11] == {"map": []}:
        mandate = bytes.fromhex(decoded.get("mandate", {"bytes": ""})["bytes"])
        assert bytes.fromhex(str(case["input"])) == sign_again(record, mandate).envelope


def sign_again(record: Record, mandate: bytes) -> Record:
    """The same record by our own signer: Ed25519 draws nothing."""
    signers = [Signer(bytes.fromhex(seed)) for seed in DOCUMENT["seeds"].values()]
    return sign_record(
        next(signer for signer in signers if signer.public == record.device),
        record.body,
        house=record.house,
        object_id=record.object,
        sequence=record.sequence,
        created_ms=record.created_ms,
        not_after_ms=record.not_after_ms,
        epoch=record.epoch,
        author=record.author,
        mandate=mandate,
    )


def check_register(case: dict[str, object]) -> None:
    inputs, decoded = case["input"], case["decoded"]
    assert isinstance(inputs, list)
    assert isinstance(decoded, dict)
    one, other = (open_record(bytes.fromhex(data), verify) for data in inputs)

    assert decoded["stands"] == ("other" if supersedes(other, one) else "one")
    assert decoded["equivocation"] is is_equivocation(one, other)


def test_signing_takes_any_signer_that_has_a_key() -> None:
    """Simulations sign with modelled keys. Spec §5.3."""
    record = sign_record(
        ALICE,
        SeatBody(MemberId(b"b" * 32)),
        house=HOUSE,
        object_id=THING,
        sequence=1,
        created_ms=0,
        not_after_ms=1,
    )

    assert Kind.SEAT is record.kind
    assert record.author == record.device == ALICE.public
