"""Files on disk: whatever comes in whatever order, only what was checked counts (spec §20)."""

from __future__ import annotations

import os
import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.file_store import Coming, FileStore
from protocol.bodies import ThingFile
from protocol.files import PART_SIZE_BYTES
from protocol.keys import ObjectId

LOAN = ObjectId(b"l" * 16)
SIZES = st.sampled_from(
    [1, PART_SIZE_BYTES - 1, PART_SIZE_BYTES, PART_SIZE_BYTES + 1, 3 * PART_SIZE_BYTES + 7]
)


def some(size_bytes: int) -> bytes:
    return random.Random(size_bytes).randbytes(size_bytes)


def keep(store: FileStore, data: bytes, cuts: list[int], title: str = "a.ogg") -> ThingFile:
    upload = store.begin()
    ends = sorted({cut % len(data) for cut in cuts} | {len(data)})
    begin = 0
    for end in ends:
        upload.write(data[begin:end])
        begin = end
    return upload.finish(title)


def pieces(store: FileStore, file: ThingFile) -> dict[int, bytes]:
    return {n: store.piece(file, n) for n in range(Coming(LOAN, file).shape.pieces)}


def come(store: FileStore, coming: Coming, found: dict[int, bytes], order: list[int]) -> None:
    """The list, then the parts in some order."""
    lists = coming.shape.list_pieces
    store.put_list(coming, b"".join(found[n] for n in range(lists)))
    for number in order:
        store.put_part(coming, number, found[number])


@given(SIZES, st.lists(st.integers(0, 2**20), max_size=5))
@settings(max_examples=20, deadline=None)
def test_a_file_has_one_name_however_it_arrives(size_bytes: int, cuts: list[int]) -> None:
    data = some(size_bytes)
    with TemporaryDirectory() as home:
        store = FileStore(Path(home))
        file = keep(store, data, cuts)

        assert file == keep(store, data, [])
        assert store.has_own(file.name, size_bytes)
        assert size_bytes == store.own_size_bytes()
        lists = Coming(LOAN, file).shape.list_pieces
        assert data == b"".join(p for n, p in pieces(store, file).items() if n >= lists)


@given(SIZES, st.randoms(use_true_random=False), st.data())
@settings(max_examples=20, deadline=None)
def test_parts_in_any_order_make_the_file_and_a_changed_bit_is_its_part_alone(
    size_bytes: int, chance: random.Random, draw: st.DataObject
) -> None:
    data = some(size_bytes)
    with TemporaryDirectory() as home:
        store = FileStore(Path(home))
        file = keep(store, data, [])
        coming = Coming(LOAN, file)
        lists = coming.shape.list_pieces
        assert (b"", list(range(lists))) == store.missing(coming)
        order = list(range(lists, coming.shape.pieces))
        chance.shuffle(order)
        missing = draw.draw(st.integers(0, len(order)))
        come(store, coming, pieces(store, file), order[missing:])
        assert sorted(order[:missing]) == store.missing(coming)[1]

        come(store, coming, pieces(store, file), order)
        place = draw.draw(st.integers(0, size_bytes - 1))
        path = Path(home) / "files" / "coming" / coming.key
        bits = bytearray(path.read_bytes())
        bits[place] ^= 1
        path.write_bytes(bits)
        assert [lists + place // PART_SIZE_BYTES] == store.missing(coming)[1]
        bits[place] ^= 1
        path.write_bytes(bits + b"a tail that somebody left")
        assert [] == store.missing(coming)[1]

        name = store.finish(coming)
        assert data == (store.received / name).read_bytes()
        assert name == store.come(coming)
        store.forget_come(LOAN)
        assert "" == store.come(coming)


@pytest.mark.parametrize("has_links", [True, False], ids=["links", "no links, as on a stick"])
def test_a_finished_file_takes_nobody_s_place(
    has_links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_links:
        monkeypatch.setattr(os, "link", _no_links)
    store = FileStore(tmp_path)
    names = []
    for data in (b"one", b"two", b"three"):
        coming = Coming(LOAN, keep(store, data, [], "same.txt"))
        come(store, coming, pieces(store, coming.file), [1])
        names.append(store.finish(coming))

    assert ["same.txt", "same (2).txt", "same (3).txt"] == names
    assert ["one", "two", "three"] == [(store.received / name).read_text() for name in names]
    assert [] == list((tmp_path / "files" / "coming").iterdir())


def _no_links(source: Path, target: Path) -> None:
    if target.exists():
        raise FileExistsError(target)
    raise PermissionError(target)


def test_what_is_not_named_any_more_goes_and_what_is_half_done_with_it(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    one, other = keep(store, b"one", []), keep(store, b"other", [])
    (tmp_path / "files" / "own" / "0011.new").write_text("never finished")
    store.keep_own([one.name])

    assert b"one" == store.piece(one, 1)
    assert (b"", b"") == (store.piece(other, 0), store.piece(other, 1))
    assert 2 == len(list((tmp_path / "files" / "own").iterdir()))
