"""Spec §8: messages, comparisons and streams agree with the language-neutral vectors."""

from __future__ import annotations

import hashlib
import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from node.engine import intake
from node.engine.core import Core
from node.engine.events import LinkId, LinkUp, MessageReceived, Send
from node.engine.log import LogKey
from node.engine.registers import Stored
from node.engine.state import Link
from protocol.bodies import HalfBody, Kind
from protocol.encoding import encode
from protocol.errors import InvalidState, RemoteProtocolError
from protocol.keys import HouseId, MemberId, ObjectId, RecordId
from protocol.messages import (
    Addresses,
    Announce,
    Compared,
    Have,
    Listed,
    decode_message,
    encode_message,
)
from protocol.reconcile import Comparison, ItemSet, answers
from protocol.records import Record
from simulations.pump import Pump

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "protocol" / "vectors" / "sync.json"
DOCUMENT = json.loads(VECTORS.read_text("utf-8"))
CASES: list[dict[str, Any]] = DOCUMENT["cases"]


def of_operation(*flags: str) -> list[dict[str, Any]]:
    return [case for case in CASES if list(flags) == case["flags"][: len(flags)]]


def ids(cases: list[dict[str, Any]]) -> list[str]:
    return [case["id"] for case in cases]


def item(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def numbered(spans: list[list[int]]) -> list[bytes]:
    return [item(number) for start, end in spans for number in range(start, end)]


def test_the_file_is_what_its_generator_makes() -> None:
    """A vector never changes silently."""
    build = runpy.run_path(str(ROOT / "tests" / "vectors" / "make_sync.py"))["build"]

    assert build() == VECTORS.read_text("utf-8")


def test_at_least_as_many_cases_are_invalid_as_valid() -> None:
    """What must be refused is half of the rule."""
    results = [case["result"] for case in CASES]

    assert results.count("invalid") >= results.count("valid") > 0
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert {flag for case in CASES for flag in case["flags"]} == set(DOCUMENT["notes"])


MESSAGES = of_operation("Message")


@pytest.mark.parametrize("case", MESSAGES, ids=ids(MESSAGES))
def test_message(case: dict[str, Any]) -> None:
    """Read, and written again; or refused."""
    data = bytes.fromhex(case["input"])
    if case["result"] == "invalid":
        with pytest.raises(RemoteProtocolError) as refused:
            decode_message(data)
        assert case["error"] == refused.value.code
        return
    message = decode_message(data)

    assert data == encode_message(message)
    assert data == encode(_value(case["decoded"]), elements_max=2048)


def _value(plain: Any) -> Any:
    if isinstance(plain, dict):
        return bytes.fromhex(plain["bytes"])
    return [_value(part) for part in plain] if isinstance(plain, list) else plain


FINGERPRINTS = of_operation("Fingerprint")


@pytest.mark.parametrize("case", FINGERPRINTS, ids=ids(FINGERPRINTS))
def test_fingerprint(case: dict[str, Any]) -> None:
    """Number and sum of a range."""
    items = ItemSet(numbered(case["items"]), bytes.fromhex(case["salt"]))
    lower, upper = bytes.fromhex(case["lower"]), bytes.fromhex(case["upper"])

    assert case["count"] == items.count(lower, upper)
    assert case["fingerprint"] == items.fingerprint(lower, upper).hex()


COMPARISONS = of_operation("Compare")


@pytest.mark.parametrize("case", COMPARISONS, ids=ids(COMPARISONS))
def test_comparison(case: dict[str, Any]) -> None:
    """Both sides, message by message."""
    salt = bytes.fromhex(case["salt"])
    asker = Comparison(ItemSet(numbered(case["holds"]), salt))
    if case["result"] == "invalid":
        assert asker.next_message() == decode_message(bytes.fromhex(case["steps"][0]["message"]))
        with pytest.raises(InvalidState):
            take(asker, case["steps"][1])
        return
    answerer = ItemSet(numbered(case["gives"]), salt)
    lacking: list[bytes] = []
    steps = list(case["steps"])
    while steps:
        asked = asker.next_message()
        assert asked is not None
        assert steps.pop(0) == {"from": "asker", "message": encode_message(asked).hex()}
        for answer in answers(answerer, asked):
            step = steps.pop(0)
            assert step == {"from": "answerer", "message": encode_message(answer).hex()}
            lacking += take(asker, step)

    assert asker.is_over
    assert case["lacking"] == sorted(i.hex() for i in lacking)


def take(asker: Comparison, step: dict[str, Any]) -> list[bytes]:
    message = decode_message(bytes.fromhex(step["message"]))
    if isinstance(message, Compared):
        asker.take_parts(message)
        return []
    assert isinstance(message, Listed)
    return asker.take_ids(message)


# --- streams ---------------------------------------------------------------------------------

STREAMS = of_operation("Stream")


def opaque(number: int) -> Record:
    """The record of a number: an id, an envelope, and nothing that is looked at."""
    envelope = (f"record {number} ".encode() * 40)[:300]
    member = MemberId(item(number))
    body = HalfBody(MemberId(item(number + 1000)), bytes(32), True, True)
    return Record(
        record_id=RecordId(item(number)), house=HouseId(bytes(32)), author=member, device=member,
        object=ObjectId(member[:16]), kind=Kind.HALF, epoch=0, sequence=number,
        created_ms=0, not_after_ms=2**53 - 1, body=body, envelope=envelope,
    )  # fmt: skip


class Side:
    """One engine of the two; what its records mean is taken out."""

    def __init__(self, pump: Pump, name: str, other: str) -> None:
        self.pump, self.name = pump, name
        self.core: Core = pump.core(name)
        self.friend = pump.member(other)
        self.link = LinkId(9999)

    def hold(self, numbers: list[int]) -> None:
        for number in numbers:
            self.core.registers.put(Stored(opaque(number), 0, None))

    def handle(self, event: LinkUp | MessageReceived) -> list[str]:
        effects = self.pump.engine(self.name).handle(event, self.pump.now_ms)
        sent = [effect.message for effect in effects if isinstance(effect, Send)]
        told = [m for m in sent if not isinstance(decode_message(m), Addresses)]
        return [message.hex() for message in told]

    def cursor(self) -> list[object]:
        epoch, upto = self.core.cursors.get(self.friend, (bytes(8), 0))
        return [epoch.hex(), upto]


@pytest.mark.parametrize("case", STREAMS, ids=ids(STREAMS))
def test_stream(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Two engines say what the vectors say, and B's cursor stands where they say."""
    monkeypatch.setattr(intake, "may_give", lambda core, record, friend: True)
    monkeypatch.setattr(intake, "receive_envelope", receive_opaque)
    pump = Pump()
    pump.settle("AB", "AB")
    pump.cut("A")
    a, b = Side(pump, "A", "B"), Side(pump, "B", "A")
    prepare(a, b, case)
    events: list[tuple[Side, str]] = []
    greeting_b = b.handle(LinkUp(b.link, b.friend, ()))
    greeting_a = a.handle(LinkUp(a.link, a.friend, ()))
    expected = [(step["from"], step["message"]) for step in case["steps"]]
    events += [(a, message) for message in greeting_b]
    events += [(b, message) for message in greeting_a]
    said = [("B", greeting_b[0]), ("A", events[1][1])]
    cursors: dict[str, list[object]] = {}
    while events:
        to, message = events.pop(0)
        other = a if to is b else b
        replies = to.handle(MessageReceived(to.link, bytes.fromhex(message)))
        if to is b:
            cursors[message] = b.cursor()
        replies = [r for r in replies if not isinstance(decode_message(bytes.fromhex(r)), Have)]
        # B's own log is empty here: it announces that it has reached its end.
        replies = [r for r in replies if to is a or decode_message(bytes.fromhex(r)) != END_OF_B]
        said += [(to.name, reply) for reply in replies]
        events += [(other, reply) for reply in replies]

    assert expected == said
    for step in case["steps"]:
        if step["from"] == "A":
            assert step["cursor"] == cursors[step["message"]], step


END_OF_B = Announce(0, False, ())


def receive_opaque(core: Core, link: Link, envelope: bytes) -> RecordId:
    number = int(envelope.split()[1])
    core.registers.put(Stored(opaque(number), core.now_ms, link.friend))
    return RecordId(item(number))


def prepare(a: Side, b: Side, case: dict[str, Any]) -> None:
    """The logs, stores and cursor that the case begins with."""
    for side, epoch in ((a, case["epoch_a"]), (b, case["epoch_b"])):
        log = type(side.core.log)(bytes.fromhex(epoch))
        side.core.log = log
        side.core.pumped_top = 0
        side.core.friends[side.friend].restart = False
    a.hold(case["log"])
    entries: list[tuple[int, LogKey]] = [(number, opaque(number).key) for number in case["log"]]
    a.core.log.restore(entries, max(case["log"]))
    b.hold(case["holds"])
    epoch, upto = case["steps"][0]["cursor"]
    b.core.cursors[b.friend] = (bytes.fromhex(epoch), upto)
    a.core.cursors[a.friend] = (bytes.fromhex(case["epoch_b"]), 0)
