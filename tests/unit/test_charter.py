"""The charter: numbers with names, units and ranges (spec §13)."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.charter import GROUPS, PARAMETERS, Charter, CharterError, Explanation
from protocol.errors import Malformed, OpenHouseError, UnknownCritical

DAY_MS = 24 * 3600 * 1000


@st.composite
def charters(draw: st.DrawFn) -> Charter:
    values = {p.name: draw(st.integers(p.low, p.high)) for p in PARAMETERS}
    lease_ms = max(101, values["friendship_lease_ms"])
    values["friendship_renewal_ms"] = min(values["friendship_renewal_ms"], lease_ms - 1)
    return Charter(**values)


@given(charters())
def test_a_charter_survives_its_record(charter: Charter) -> None:
    parameters = charter.to_parameters()

    assert charter == Charter.from_parameters(parameters)
    assert list(parameters) == sorted(parameters)
    assert len(parameters) == len(fields(Charter))


def test_every_field_has_a_parameter_and_the_other_way_round() -> None:
    assert {field.name for field in fields(Charter)} == {p.name for p in PARAMETERS}


def test_the_defaults_are_those_of_the_design() -> None:
    charter = Charter()

    assert (charter.max_circles, charter.seats) == (3, 2)
    assert [charter.circle_exchanges(circle) for circle in (2, 3, 4)] == [2, 5, 0]
    assert charter.friendship_lease_ms == 30 * DAY_MS
    assert charter.friendship_renewal_ms == 7 * DAY_MS
    assert charter.listing_lease_ms == 60 * DAY_MS
    assert charter.rating_window_ms == 14 * DAY_MS


def test_a_parameter_that_a_record_leaves_out_has_its_default() -> None:
    assert Charter(seats=3) == Charter.from_parameters([("seats", 3)])


def test_a_record_with_a_rule_this_program_does_not_know_is_refused() -> None:
    with pytest.raises(UnknownCritical, match="tax_percent"):
        Charter.from_parameters([("tax_percent", 3)])


def test_a_record_with_a_number_out_of_range_is_malformed() -> None:
    with pytest.raises(Malformed, match="max_circles must be a whole number from 1 to 4"):
        Charter.from_parameters([("max_circles", 5)])


def test_a_file_may_write_durations_as_text_or_milliseconds() -> None:
    charter = Charter.from_toml(
        {
            "seats": 3,
            "friendship_lease_ms": "20d",
            "friendship_renewal_ms": "48h",
            "request_window_ms": "90m",
            "rating_window_ms": "20s",
            "loan_lease_ms": "5000ms",
            "listing_lease_ms": DAY_MS,
            "sharing_grace_ms": "0d",
        }
    )

    assert charter == Charter(
        seats=3,
        friendship_lease_ms=20 * DAY_MS,
        friendship_renewal_ms=2 * DAY_MS,
        request_window_ms=90 * 60 * 1000,
        rating_window_ms=20_000,
        loan_lease_ms=5000,
        listing_lease_ms=DAY_MS,
        sharing_grace_ms=0,
    )


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("seats", "two", "a whole number from 2 to 8"),
        ("seats", True, "a whole number from 2 to 8"),
        ("seats", 2.0, "a whole number from 2 to 8"),
        ("seats", 1, "a whole number from 2 to 8"),
        ("seats", "2d", "a whole number from 2 to 8"),
        ("max_circles", 5, "a whole number from 1 to 4"),
        ("listing_lease_ms", "61d", 'a duration from "1s" to "60d"'),
        ("listing_lease_ms", 60, 'a duration from "1s" to "60d"'),
        ("listing_lease_ms", "2 weeks", 'a duration from "1s" to "60d"'),
        ("listing_lease_ms", "-1d", 'a duration from "1s" to "60d"'),
        ("listing_lease_ms", None, 'a duration from "1s" to "60d"'),
        ("listing_lease_ms", ["1d"], 'a duration from "1s" to "60d"'),
        ("friendship_renewal_ms", "30d", "less than friendship_lease_ms (30d)"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_what_is_allowed(
    key: str, value: object, allowed: str
) -> None:
    with pytest.raises(CharterError) as caught:
        Charter.from_toml({key: value})

    assert (key, allowed) == (caught.value.key, caught.value.allowed)
    assert isinstance(caught.value, OpenHouseError)
    assert str(caught.value) == f"The charter's {key!r} is not possible; allowed: {allowed}."


def test_an_unknown_key_in_a_file_is_refused_with_the_nearest_there_is() -> None:
    with pytest.raises(CharterError, match="The charter has no 'seat'; allowed: such as 'seats'"):
        Charter.from_toml({"seat": 2})


@given(st.text())
def test_whatever_the_key_is_the_nearest_is_named(key: str) -> None:
    with pytest.raises(CharterError) as caught:
        Charter.from_toml({key: None})

    assert caught.value.possible[0] in ("unknown", "number", "duration")
    assert caught.value.possible[0] != "unknown" or caught.value.possible[1] in dict(
        Charter().to_parameters()
    )


@pytest.mark.parametrize(
    ("duration_ms", "value", "unit"),
    [
        (2 * DAY_MS, 2, "day"),
        (36 * 3600 * 1000, 36, "hour"),
        (90 * 60 * 1000, 90, "minute"),
        (1_001_000, 1001, "second"),
        (1001, 1001, "millisecond"),
    ],
)
def test_durations_are_explained_in_their_largest_whole_unit(
    duration_ms: int, value: int, unit: str
) -> None:
    charter = Charter(loan_lease_ms=duration_ms)
    (found,) = [e for e in charter.explain() if e.name == "loan_lease_ms"]

    message = "A loan's messages are kept for at least {value} after its end."
    expected = Explanation("loan_lease_ms", message, value, unit, "time")  # type: ignore[arg-type]
    assert found == expected


def test_a_zero_that_means_never_is_said_so() -> None:
    sentences = {e.name: e for e in Charter(circle_2_exchanges=0, sharing_grace_ms=0).explain()}

    assert sentences["circle_2_exchanges"].message == "Circle 2 never opens by exchanges."
    assert sentences["sharing_grace_ms"].message.startswith("Only who shares something")
    assert sentences["pass_on_unasked_circles"].message.startswith("You are asked before")
    assert "{value}" in sentences["circle_3_exchanges"].message


@given(charters())
def test_every_number_is_explained_once(charter: Charter) -> None:
    said = charter.explain()

    assert sorted(e.name for e in said) == sorted(p.name for p in PARAMETERS)
    assert [e.group for e in said] == [g for g, names in GROUPS.items() for _ in names]


def test_the_table_of_the_spec_has_every_parameter_with_its_default_and_range() -> None:
    """Spec §13."""
    folder = Path(__file__).resolve().parents[2] / "protocol"
    text = "\n".join(path.read_text("utf-8") for path in sorted(folder.glob("spec*")))
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (\w+) to (\w+) \|", text, flags=re.MULTILINE)
    names = [parameter.name for parameter in PARAMETERS]
    found = {row[0]: row[1:] for row in rows if row[0] in names}

    assert names == list(found)
    for parameter in PARAMETERS:
        default, low, high = map(parameter.read, map(value, found[parameter.name]))
        assert default == getattr(Charter(), parameter.name)
        assert (low, high) == (parameter.low, parameter.high)


def value(written: str) -> object:
    return int(written) if written.isdecimal() else written
