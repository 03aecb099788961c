"""Spec §17: messages and sealed items agree with the language-neutral vectors."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from protocol.encoding import Value, decode
from protocol.errors import RemoteProtocolError
from protocol.keys import HouseId, MemberId
from protocol.mailbox import Correspondence, decode_content, item_id, open_item, seal_item
from protocol.reaching import decode_reaching, encode_reaching

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "protocol" / "vectors" / "reach.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text("utf-8"))["cases"]


def test_the_file_is_what_its_script_makes() -> None:
    build = runpy.run_path(str(ROOT / "tests" / "vectors" / "make_reach.py"))["build"]

    assert VECTORS.read_text("utf-8") == build()


def plain(value: Value) -> object:
    if isinstance(value, bytes):
        return value.hex()
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def letter(given: dict[str, str]) -> Correspondence:
    house, sender, recipient = (
        bytes.fromhex(given[name]) for name in ("house", "sender", "recipient")
    )
    return Correspondence(HouseId(house), MemberId(sender), MemberId(recipient))


def outcome(case: dict[str, Any]) -> object:
    given, flag = case["input"], case["flags"][0]
    if flag == "Message":
        data = bytes.fromhex(given)
        message = decode_reaching(data)
        assert data == encode_reaching(message)
        return plain(decode(data, size_max_bytes=len(data)))
    keys = {name: bytes.fromhex(given[name]) for name in ("static", "remote")}
    if flag == "Seal":
        content = bytes.fromhex(given["content"]) + bytes(given["zeros"])
        ephemeral = bytes.fromhex(given["ephemeral"])
        sealed = seal_item(letter(given), content, ephemeral=ephemeral, **keys)
        return {"size": len(sealed), "id": item_id(sealed).hex()}
    sealed = bytes.fromhex(given["sealed"])
    opened = decode_content(open_item(letter(given), sealed, **keys))
    fields: list[Value] = [opened.epoch, opened.upto, opened.created_ms, list(opened.messages)]
    return {"content": plain(fields), "id": item_id(sealed).hex()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_every_case_comes_out_as_written(case: dict[str, Any]) -> None:
    try:
        decoded, error = outcome(case), None
    except RemoteProtocolError as refusal:
        decoded, error = None, refusal.code

    assert (case["error"], case["decoded"]) == (error, decoded)
    assert case["result"] == ("valid" if error is None else "invalid")
