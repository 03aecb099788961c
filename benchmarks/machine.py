"""What a benchmark ran on: printed with every figure, because a figure alone says nothing."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

from simulations.provenance import commit

MEASURED = ("aiohttp", "cryptography", "msgpack")


def describe() -> dict[str, str | int]:
    """The processor, Python, the libraries measured with, and the commit."""
    return {
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "system": platform.system(),
        "python": platform.python_version(),
        "commit": commit(),
        **{name: version(name) for name in MEASURED},
    }


def _processor() -> str:
    """The processor's name where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    return platform.processor()


if __name__ == "__main__":
    print(json.dumps(describe(), indent=2))
