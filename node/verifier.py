"""Verifying signatures in processes of their own, while there are many.

A thread cannot do it beside the loop: the library leaves the interpreter free during
each verification, but has to wait for it again after every one, and a busy loop gives
it up every few milliseconds only. So the two would take turns. Another process shares
no interpreter; it is told 128 bytes a signature and answers one.

The processes are started when a message with many records arrives and end when there
was nothing to do for a while: a node at rest is one process. Where there is only one
core, or a process cannot be started, records are verified on a thread as before.
What such a process runs, and the bytes between, are in ``node.verifier_process``.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeAlias

Claim: TypeAlias = tuple[bytes, bytes, bytes]
"""Key, message and signature: 32, 32 and 64 bytes."""

MANY: Final = 32
"""Records in one message from which on a process is worth starting."""
PROCESSES_MAX: Final = 3
IDLE_MAX_S: Final = 20.0

_log = logging.getLogger("openhouse.verifier")


class Verifiers:
    """The processes of one node. Used in the loop's thread only.

    Args:
        processes_max: 0 never starts one.
    """

    def __init__(self, processes_max: int | None = None, idle_max_s: float = IDLE_MAX_S) -> None:
        if processes_max is None:
            # One core is for the loop.
            processes_max = min(PROCESSES_MAX, (os.cpu_count() or 1) - 1)
        self._processes_max = processes_max
        self._idle_max_s = idle_max_s
        self._processes: list[_Process] = []
        self._starting: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._is_stopped = False

    @property
    def is_ready(self) -> bool:
        """Whether ``submit`` may be called."""
        return bool(self._processes)

    def wake(self) -> None:
        """There is much to verify: have processes ready soon."""
        is_asleep = not self._processes and self._starting is None and not self._is_stopped
        if is_asleep and self._processes_max > 0:
            self._starting = asyncio.create_task(self._start(), name="start verifiers")

    def submit(self, claims: list[Claim], on_done: Callable[[bytes | None], None]) -> None:
        """Verify claims in the process with the least to do.

        Args:
            on_done: called in the loop with one byte per claim, 1 for a good signature;
                with None when the process has died: then verify them otherwise.
        """
        chosen = min(self._processes, key=lambda process: process.claims_waiting)
        chosen.submit(claims, on_done)
        self._postpone_end()

    async def stop(self) -> None:
        """End all processes; what was submitted is answered with None."""
        self._is_stopped = True
        if self._idle is not None:
            self._idle.cancel()
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        processes, self._processes = self._processes, []
        for process in processes:
            await process.end()

    async def _start(self) -> None:
        try:
            for _ in range(self._processes_max):
                self._processes.append(await _Process.start(self._on_death))
            self._postpone_end()
        except OSError as error:
            _log.warning("signatures are verified in this process: %s", error)
            self._processes_max = 0
        finally:
            self._starting = None

    def _on_death(self, process: _Process) -> None:
        if process in self._processes:
            self._processes.remove(process)

    def _postpone_end(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        loop = asyncio.get_running_loop()
        self._idle = loop.call_later(self._idle_max_s, self._end_if_idle)

    def _end_if_idle(self) -> None:
        if any(process.claims_waiting for process in self._processes):
            self._postpone_end()
            return
        processes, self._processes = self._processes, []
        for process in processes:
            process.hang_up()


class _Process:
    """One process, and the requests it has not answered yet."""

    def __init__(
        self, process: asyncio.subprocess.Process, on_death: Callable[[_Process], None]
    ) -> None:
        self.claims_waiting = 0
        self._process = process
        self._on_death = on_death
        self._waiting: deque[tuple[int, Callable[[bytes | None], None]]] = deque()
        self._reader = asyncio.create_task(self._read(), name="read verdicts")

    @classmethod
    async def start(cls, on_death: Callable[[_Process], None]) -> _Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "node.verifier_process"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # A signal for the terminal's group is the node's business: it hangs up.
            start_new_session=True,
        )
        return cls(process, on_death)

    def submit(self, claims: list[Claim], on_done: Callable[[bytes | None], None]) -> None:
        assert self._process.stdin is not None, "it was asked for"
        self._waiting.append((len(claims), on_done))
        self.claims_waiting += len(claims)
        parts = [part for claim in claims for part in claim]
        self._process.stdin.write(b"".join((len(claims).to_bytes(4, "big"), *parts)))

    def hang_up(self) -> None:
        """There is nothing more to come: the process ends by itself."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def end(self) -> None:
        self.hang_up()
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await asyncio.wait([self._reader])
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self) -> None:
        assert self._process.stdout is not None, "it was asked for"
        try:
            while True:
                verdicts = await self._process.stdout.readexactly(1)
                count, on_done = self._waiting[0]
                verdicts += await self._process.stdout.readexactly(count - 1)
                self._waiting.popleft()
                self.claims_waiting -= count
                on_done(verdicts)
        except (asyncio.IncompleteReadError, ConnectionError):
            self._on_death(self)
            for _, on_done in self._waiting:
                on_done(None)
            self._waiting.clear()
            await self._process.wait()
