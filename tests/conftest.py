"""What every test shares: Hypothesis profiles, and the data that lies beside the repository.

Hypothesis profiles are chosen with ``HYPOTHESIS_PROFILE``:

- ``dev`` (default): few examples, other ones on every run;
- ``ci`` (what ``make test`` uses): more examples, the same ones on every run, so that a
  change is never refused by luck;
- ``nightly``: ten thousand, drawn anew; ``make test`` prints the seed it drew from.

A failing example is always printed in a form that can be pasted as ``@reproduce_failure``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("OPENHOUSE_SHARED") or REPOSITORY.parent / "shared")

LONGEST_FIRST = ("simulation", "system", "integration", "browser")
"""Folders whose files take minutes: begun last, one of them keeps one core busy and the other
idle. (Tests are given out by file, and ``make test`` asks for this order to be kept.)"""

settings.register_profile("dev", max_examples=50, deadline=None, print_blob=True)
settings.register_profile(
    "ci",
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "nightly",
    max_examples=10_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Let ``no_cover`` hold in a worker of xdist as well.

    Coverage starts itself in every process that a measured one starts, so also in workers, where
    pytest-cov measures anyhow. It pauses its own for such a test; then the others would go on,
    four times slower and for nothing.
    """
    if item.get_closest_marker("no_cover") is None:
        return (yield)
    trace = sys.gettrace()
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(trace)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; within a folder the order stays."""
    places = {folder: place for place, folder in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(places)))


@pytest.fixture(scope="module")
def unmeasured() -> Iterator[None]:
    """Coverage is not measured in the processes that the tests of a module start.

    They would take a third longer. For the longest tests, whose homes run no line that the tests
    inside of one process do not run as well.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("COVERAGE", "COV_"))]:
            patch.delenv(name)
        yield


def _existing(path: Path) -> Path:
    """The path, or the test is skipped with the name of what is missing."""
    if not path.exists():
        pytest.skip(f"missing: {path} (set OPENHOUSE_SHARED to the folder that holds it)")
    return path


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public data sets (``../shared/data``); skips where it is missing."""
    return _existing(SHARED / "data")


@pytest.fixture(scope="session")
def shared_vectors() -> Path:
    """The folder of public test vectors (``../shared/vectors``); skips where it is missing."""
    return _existing(SHARED / "vectors")


@pytest.fixture(scope="session")
def shared_file() -> Callable[[str], Path]:
    """Finds one file under ``../shared``, such as ``data/karate.edges.xz``, or skips naming it."""
    return lambda name: _existing(SHARED / name)
