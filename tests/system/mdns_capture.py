"""Write every multicast DNS packet that an interface hears to a file; run in a namespace.

    python mdns_capture.py INTERFACE FILE

Each packet is its length in four bytes, big-endian, and its bytes. Says "ready" first.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

_ETH_P_ALL = 0x0003
_PORT = (5353).to_bytes(2, "big")


def capture(interface: str, path: Path) -> None:
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL)) as hearing,
        path.open("ab", buffering=0) as file,
    ):
        hearing.bind((interface, 0))
        print("ready", flush=True)
        while True:
            packet = hearing.recv(65_536)
            if _PORT in packet[:80]:
                file.write(len(packet).to_bytes(4, "big") + packet)


if __name__ == "__main__":
    capture(sys.argv[1], Path(sys.argv[2]))
