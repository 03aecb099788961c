"""Spec §20.1, §20.2: names, pieces and seals of files; they agree with the vectors."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import limits
from protocol.errors import BadKey, DecryptFailed, RemoteProtocolError
from protocol.files import (
    PART_SIZE_BYTES,
    PIECES_MAX,
    SEALED_MAX_BYTES,
    Errand,
    PieceOpener,
    Shape,
    digest_in,
    ephemeral_key,
    file_name,
    is_list,
    part_digest,
    seal_piece,
)
from protocol.keys import Domain, HouseId, MemberId, ObjectId, digest, link_public_key
from protocol.reaching import FilePiece, encode_reaching

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "protocol" / "vectors" / "files.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text("utf-8"))["cases"]
ERRAND = Errand(
    HouseId(b"h" * 32), ObjectId(b"l" * 16), MemberId(b"a" * 32), MemberId(b"b" * 32), b"f" * 32
)
SECRET, PRIVATE = b"s" * 32, b"p" * 32


def pieces_of(data: bytes) -> list[bytes]:
    """All pieces of a file, in order, and so its list."""
    shape = Shape(len(data))
    parts = [data[begin : begin + PART_SIZE_BYTES] for begin in range(0, len(data), 49_152)]
    listed = b"".join(part_digest(number, part) for number, part in enumerate(parts))
    found = []
    for piece in range(shape.pieces):
        begin, size = shape.place_of(piece)
        found.append((listed if piece < shape.list_pieces else data)[begin : begin + size])
    return found


def test_the_file_is_what_its_script_makes() -> None:
    build = runpy.run_path(str(ROOT / "tests" / "vectors" / "make_files.py"))["build"]

    assert VECTORS.read_text("utf-8") == build()


def outcome(case: dict[str, Any]) -> object:
    given, flag = case["input"], case["flags"][0]
    if flag == "Name":
        data = bytes.fromhex(given["head"]) + bytes(given["zeros"])
        pieces = pieces_of(data)
        listed = b"".join(pieces[: Shape(len(data)).list_pieces])
        first = digest(Domain.FILE, pieces[0])
        name = file_name(len(data), listed)
        assert is_list(listed, name, len(data))
        return {"name": name.hex(), "pieces": len(pieces), "first": first.hex()}
    names = ("house", "loan", "holder", "borrower", "file")
    ids = [bytes.fromhex(given[name]) for name in names]
    errand = Errand(HouseId(ids[0]), ObjectId(ids[1]), MemberId(ids[2]), MemberId(ids[3]), ids[4])
    number, is_last = given["number"], given["last"]
    if flag == "Seal":
        ephemeral, reader = bytes.fromhex(given["ephemeral"]), bytes.fromhex(given["reader"])
        piece = bytes.fromhex(given["piece"])
        return seal_piece(
            errand, number, piece, is_last=is_last, ephemeral=ephemeral, reader=reader
        ).hex()
    opener = PieceOpener(errand, bytes.fromhex(given["private"]))
    return opener.open(number, bytes.fromhex(given["sealed"]), is_last=is_last).hex()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case: dict[str, Any]) -> None:
    if case["result"] == "valid":
        assert case["decoded"] == outcome(case)
    else:
        with pytest.raises(RemoteProtocolError) as caught:
            outcome(case)
        assert case["error"] == caught.value.code


@given(st.integers(1, limits.FILE_SIZE_MAX_BYTES))
def test_pieces_cover_list_and_file_without_a_gap(size_bytes: int) -> None:
    shape = Shape(size_bytes)
    ends = [0, 0]
    for piece in (0, shape.list_pieces - 1, shape.list_pieces, shape.pieces - 1):
        begin, size = shape.place_of(piece)
        is_part = piece >= shape.list_pieces
        assert 0 < size <= PART_SIZE_BYTES
        assert begin == (piece - is_part * shape.list_pieces) * PART_SIZE_BYTES
        ends[is_part] = begin + size

    assert ends == [shape.list_size_bytes, size_bytes]
    assert shape.pieces <= PIECES_MAX


def test_a_list_of_another_length_or_size_is_not_the_file_s() -> None:
    data = bytes(2 * PART_SIZE_BYTES)
    listed = pieces_of(data)[0]
    name = file_name(len(data), listed)

    assert is_list(listed, name, len(data))
    assert not is_list(listed, name, len(data) - 1)
    assert not is_list(listed[:-1], name, len(data))
    assert not is_list(listed + bytes(32), name, len(data))
    assert digest_in(listed, 1) == part_digest(1, bytes(PART_SIZE_BYTES))
    assert digest_in(listed, 0) != digest_in(listed, 1), "a part cannot stand in another's place"


def test_a_piece_is_sealed_alike_after_a_restart_and_to_nobody_else() -> None:
    ephemeral = ephemeral_key(SECRET, ERRAND)
    others = [
        Errand(ERRAND.house, ObjectId(b"m" * 16), ERRAND.holder, ERRAND.borrower, ERRAND.file),
        Errand(ERRAND.house, ERRAND.loan, ERRAND.holder, ERRAND.borrower, b"g" * 32),
    ]

    assert ephemeral == ephemeral_key(SECRET, ERRAND)
    assert all(ephemeral != ephemeral_key(SECRET, other) for other in others)

    reader = link_public_key(PRIVATE)
    opener = PieceOpener(ERRAND, PRIVATE)
    for number in (0, 1):
        sealed = seal_piece(ERRAND, number, b"x", is_last=False, ephemeral=ephemeral, reader=reader)
        assert opener.open(number, sealed, is_last=False) == b"x"
    with pytest.raises(DecryptFailed):
        opener.open(1, sealed[:-1], is_last=False)
    with pytest.raises(BadKey):
        seal_piece(ERRAND, 0, b"x", is_last=False, ephemeral=ephemeral, reader=bytes(32))


def test_the_largest_piece_fits_into_one_frame() -> None:
    piece = FilePiece(ERRAND.loan, ERRAND.file, PIECES_MAX - 1, bytes(SEALED_MAX_BYTES))

    assert len(encode_reaching(piece)) < limits.FRAME_SIZE_MAX_BYTES
