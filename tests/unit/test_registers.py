"""Registers: the indexes of a store say what it holds, whatever came and went."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from node.engine.registers import Registers, Stored
from protocol.bodies import HalfBody, half_object
from protocol.keys import HouseId, MemberId
from protocol.records import Record, sign_record
from simulations.signing import ModelKeys

SIGNER = ModelKeys(b"registers").signer(bytes(32))
ME = MemberId(SIGNER.public)


def half(friend: int, revocation_hash: int) -> Record:
    member = MemberId(bytes([friend]) * 32)
    body = HalfBody(member, bytes([revocation_hash]) * 32, True, True)
    return sign_record(
        SIGNER,
        body,
        house=HouseId(bytes(32)),
        object_id=half_object(member),
        sequence=1 + revocation_hash,
        created_ms=0,
        not_after_ms=1000,
    )


HALVES = [half(friend, revocation_hash) for friend in range(4) for revocation_hash in range(2)]


@given(st.lists(st.tuples(st.sampled_from(HALVES), st.booleans()), max_size=20))
def test_halves_are_found_by_their_hash_also_when_a_liar_uses_one_hash_for_many(
    steps: list[tuple[Record, bool]],
) -> None:
    registers, held = Registers(ME), dict[tuple[bytes, bytes], Record]()
    for record, comes in steps:
        held.pop(record.key, None)
        if comes:
            registers.put(Stored(record, 0, None))
            held[record.key] = record
        else:
            registers.remove(record.key)

    for number in range(2):
        revocation_hash = bytes([number]) * 32
        alike = [
            record
            for record in held.values()
            if isinstance(record.body, HalfBody) and record.body.revocation_hash == revocation_hash
        ]
        assert alike == registers.halves_with_hash(revocation_hash)
