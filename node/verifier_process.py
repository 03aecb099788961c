"""The process that verifies signatures for a node; see ``node.verifier``.

    python -m node.verifier_process        requests on stdin, answers on stdout

A request is a count (4 bytes, big-endian) and so many times key, message and signature
(32 + 32 + 64 bytes); the answer is one byte each, 1 for a good signature. It ends when
its input does. Imports as little as possible, because a link waits for it.
"""

from __future__ import annotations

import signal
import sys
from typing import BinaryIO, Final

from protocol.keys import verify

_CLAIM_SIZE_BYTES: Final = 128
_KEY_END: Final = 32
_MESSAGE_END: Final = 64


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    while len(header := requests.read(4)) == 4:
        data = requests.read(int.from_bytes(header, "big") * _CLAIM_SIZE_BYTES)
        answers.write(
            bytes(
                verify(
                    data[start : start + _KEY_END],
                    data[start + _KEY_END : start + _MESSAGE_END],
                    data[start + _MESSAGE_END : start + _CLAIM_SIZE_BYTES],
                )
                for start in range(0, len(data), _CLAIM_SIZE_BYTES)
            )
        )
        answers.flush()


if __name__ == "__main__":
    # For the terminal's whole group; the node hangs up when it ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer)
