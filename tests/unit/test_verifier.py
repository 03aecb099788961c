"""Verifying in other processes: the same verdicts, in order, whatever becomes of them."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from node.verifier import Claim, Verifiers
from node.verifier_process import serve
from protocol.keys import Signer

GOOD = 1


def claims(count: int, *bad: int) -> list[Claim]:
    signer = Signer(bytes(32))
    made = []
    for number in range(count):
        message = number.to_bytes(32, "big")
        signature = bytes(signer.sign(message))
        made.append((bytes(signer.public), message, bytes(64) if number in bad else signature))
    return made


def encoded(some: list[Claim]) -> bytes:
    return len(some).to_bytes(4, "big") + b"".join(b"".join(claim) for claim in some)


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(30):
            await scenario()

    asyncio.run(limited())


async def ready(verifiers: Verifiers) -> None:
    verifiers.wake()
    while not verifiers.is_ready:  # noqa: ASYNC110 - another process starts
        await asyncio.sleep(0.01)


async def verdicts(verifiers: Verifiers, some: list[Claim]) -> bytes | None:
    answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
    verifiers.submit(some, answer.set_result)
    return await answer


def test_each_claim_is_answered_with_its_verdict() -> None:
    answers = io.BytesIO()

    serve(io.BytesIO(encoded(claims(5, 1, 3)) + encoded(claims(2)) + encoded([])), answers)

    assert b"\1\0\1\0\1" + b"\1\1" == answers.getvalue()


def test_half_a_request_ends_the_process_quietly() -> None:
    answers = io.BytesIO()

    serve(io.BytesIO(b"\0\0"), answers)

    assert b"" == answers.getvalue()


def test_the_process_ends_with_its_input() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "node.verifier_process"],
        input=encoded(claims(3, 0)),
        capture_output=True,
        timeout=20,
    )

    assert (0, b"\0\1\1", b"") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.slow
def test_many_requests_at_once_are_answered_each_with_its_own() -> None:
    async def scenario() -> None:
        verifiers = Verifiers(2)
        await ready(verifiers)
        batches = [claims(size, size - 1) for size in range(1, 30)]

        answers = await asyncio.gather(*(verdicts(verifiers, batch) for batch in batches))

        expected = [bytes([GOOD]) * (len(batch) - 1) + b"\0" for batch in batches]
        assert expected == answers
        await verifiers.stop()

    run(scenario)


@pytest.mark.slow
def test_what_a_dead_process_leaves_is_handed_back() -> None:
    async def scenario() -> None:
        verifiers = Verifiers(1)
        await ready(verifiers)
        (process,) = verifiers._processes
        os.kill(process._process.pid, signal.SIGSTOP)
        waiting = [asyncio.ensure_future(verdicts(verifiers, claims(3))) for _ in range(3)]
        await asyncio.sleep(0)
        os.kill(process._process.pid, signal.SIGKILL)

        assert [None] * 3 == await asyncio.gather(*waiting)
        assert not verifiers.is_ready
        await ready(verifiers)
        assert b"\1" == await verdicts(verifiers, claims(1))
        await verifiers.stop()

    run(scenario)


@pytest.mark.slow
def test_processes_end_when_there_is_nothing_to_do() -> None:
    async def scenario() -> None:
        verifiers = Verifiers(1, idle_max_s=0.1)
        await ready(verifiers)
        (process,) = verifiers._processes
        assert 0 == await asyncio.wait_for(process._process.wait(), 10)

        assert not verifiers.is_ready
        await verifiers.stop()

    run(scenario)


def test_with_one_core_no_process_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)

    async def scenario() -> None:
        verifiers = Verifiers()
        verifiers.wake()
        await asyncio.sleep(0)

        assert verifiers._starting is None
        await verifiers.stop()

    run(scenario)


def test_where_no_process_can_be_started_none_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    async def scenario() -> None:
        verifiers = Verifiers(1)
        verifiers.wake()
        await cast("asyncio.Task[None]", verifiers._starting)
        verifiers.wake()

        assert verifiers._starting is None
        assert not verifiers.is_ready
        await verifiers.stop()

    run(scenario)
    assert "signatures are verified in this process" in caplog.text
