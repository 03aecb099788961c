"""TOML files are read when people could have written them, and refused at once otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.toml_files import DEPTH_MAX, TOML_SIZE_MAX_BYTES, read_toml


def read(text: str, directory: Path) -> dict[str, object]:
    path = directory / "file.toml"
    path.write_text(text, encoding="utf-8")
    return read_toml(path)


def test_what_people_write_is_read(tmp_path: Path) -> None:
    text = 'name = "été"\r\n[table]\nlist = [[1], [2]]\n'

    assert {"name": "été", "table": {"list": [[1], [2]]}} == read(text, tmp_path)


def test_the_largest_and_the_deepest_are_read(tmp_path: Path) -> None:
    line = "a = 1\n"
    large = line + "#" * (TOML_SIZE_MAX_BYTES - len(line))
    deep = "a = " + "[" * (DEPTH_MAX - 1) + "]" * (DEPTH_MAX - 1)

    assert {"a": 1} == read(large, tmp_path)
    assert ["a"] == list(read(deep, tmp_path))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("#" * (TOML_SIZE_MAX_BYTES + 1), "it is larger than 32 KiB"),
        ("a = " + "[" * DEPTH_MAX + "]" * DEPTH_MAX, "too deep"),
        ("a = " + "[" * 10_000, "too deep"),
        ("a." * 1000 + "a = 1", "too deep"),
        ("a = ", "Invalid value"),
    ],
)
def test_what_nobody_writes_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=reason):
        read(text, tmp_path)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file.toml").write_bytes(b"\xff")

    with pytest.raises(ValueError, match="utf-8"):
        read_toml(tmp_path / "file.toml")
