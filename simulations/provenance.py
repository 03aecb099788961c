"""Provenance: which program made a result, so that it can be made again."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final


def commit() -> str:
    """This program's commit, with ``-dirty`` where files differ; empty outside a repository."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip()


def versions() -> dict[str, str]:
    """Python's, and those of the packages that figures depend on; empty where one is not there."""
    names = ("openhouse", "numpy", "numba", "pyarrow")
    return {"python": platform.python_version(), **{name: _version(name) for name in names}}


TITLE: Final = "Open House: lending among friends and theirs, without money and without a server"
AUTHORS: Final = "The Open House contributors"


def citation(of_commit: str, what: str) -> str:
    """How to cite what a run found, as BibTeX.

    Args:
        what: names the run (its scenario and digest).
    """
    return (
        "@software{openhouse,\n"
        f"  author  = {{{{{AUTHORS}}}}},\n"
        f"  title   = {{{{{TITLE}}}}},\n"
        f"  version = {{{_version('openhouse') or '0.1.0'}, commit {of_commit or 'unknown'}}},\n"
        f"  note    = {{{what}}}\n"
        "}"
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
