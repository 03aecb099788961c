"""Spec §14.1: the limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from protocol import limits

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "protocol" / "spec.md"
SOURCE = ROOT / "protocol" / "limits.py"

LIMITS = {
    name: value for name, value in vars(limits).items() if re.fullmatch(r"[A-Z][A-Z_]+", name)
}

DAY_MS = 24 * 3600 * 1000


def test_every_limit_is_a_positive_integer_that_can_be_encoded() -> None:
    """They stand in charters and in vectors."""
    for name, value in LIMITS.items():
        assert type(value) is int, name
        assert 0 < value <= limits.UINT_MAX, name


def test_every_limit_ends_in_its_unit_or_is_a_count() -> None:
    """Sizes in bytes and times in milliseconds say so."""
    for name, value in LIMITS.items():
        assert ("SIZE" not in name) or name.endswith("_BYTES"), name
        assert not re.search(r"LEASE|TTL|RENEWAL|AHEAD|SLOW", name) or name.endswith("_MS"), name
        assert not name.endswith("_MS") or value % 1000 == 0, name


def test_every_limit_is_explained() -> None:
    """A comment above each says where it comes from and what it bounds."""
    lines = SOURCE.read_text("utf-8").splitlines()
    for index, line in enumerate(lines):
        if re.match(r"[A-Z][A-Z0-9_]*: Final", line):
            assert lines[index - 1].startswith("# "), line
            assert lines[index - 1].endswith("."), line


def test_sizes_fit_into_one_another() -> None:
    """A record fits a frame, a path fits a record's size, a text fits a record."""
    path_bytes = 2 * limits.CIRCLES_HARD_MAX * limits.CERTIFICATE_SIZE_MAX_BYTES

    assert limits.CERTIFICATE_SIZE_MAX_BYTES < limits.RATING_SIZE_MAX_BYTES
    assert limits.RATING_SIZE_MAX_BYTES < limits.RECORD_SIZE_MAX_BYTES
    assert path_bytes * limits.PATHS_PER_OFFER_MAX <= limits.FRAME_SIZE_MAX_BYTES
    assert limits.RECORD_SIZE_MAX_BYTES < limits.FRAME_SIZE_MAX_BYTES
    assert limits.FRAME_SIZE_MAX_BYTES < limits.LINK_IN_FLIGHT_MAX_BYTES
    assert limits.TEXT_SIZE_MAX_BYTES < limits.RECORD_SIZE_MAX_BYTES
    assert limits.NAME_SIZE_MAX_BYTES < limits.TITLE_SIZE_MAX_BYTES < limits.TEXT_SIZE_MAX_BYTES
    assert 3 * limits.BUSY_INTERVALS_MAX + limits.THROUGH_MAX < limits.ELEMENTS_MAX


def test_times_fit_into_one_another() -> None:
    """Three renewals may be missed; a silent link is noticed before it is cut."""
    assert limits.FRIENDSHIP_LEASE_MS == 30 * DAY_MS
    assert 4 * limits.FRIENDSHIP_RENEWAL_MS < limits.FRIENDSHIP_LEASE_MS
    assert limits.FRIENDSHIP_LEASE_MS < limits.LISTING_LEASE_MS == 60 * DAY_MS
    assert 2 * limits.LINK_HEARTBEAT_MS < limits.LINK_READER_SLOW_MAX_MS
    assert limits.CREATED_AHEAD_MAX_MS < limits.INVITATION_TTL_MS == 2 * DAY_MS


def test_rates_fit_into_one_another() -> None:
    """A burst is ten seconds of the rate, and small beside a day's quota."""
    assert limits.RECORDS_PER_SECOND_MAX < limits.RECORDS_BURST_MAX < limits.RECORDS_PER_DAY_MAX
    assert limits.HANDSHAKES_HALF_OPEN_PER_NETWORK_MAX < limits.HANDSHAKES_HALF_OPEN_MAX
    assert limits.CIRCLES_DEFAULT_MAX <= limits.CIRCLES_HARD_MAX


def test_the_table_in_the_spec_is_this_one() -> None:
    """Every name with its value, in the same order. Spec §14.1."""
    text = SPEC.read_text("utf-8") if SPEC.exists() else ""
    section = re.search(r"^### 14\.1\b.*?(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    if section is None:
        pytest.skip("section 14.1 of protocol/spec.md is not written yet")
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([\d,]+) \|", section[0], re.MULTILINE)

    assert list(LIMITS.items()) == [(name, int(value.replace(",", ""))) for name, value in rows]
