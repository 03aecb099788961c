"""Every limit and the test that tries it, written as the attack it bounds.

A limit without a test is a wish. This table names one for each constant of
``protocol/limits.py``; a new constant without a row fails here, and so does a row whose
test was renamed away.

Spec: §14.1.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from protocol import limits

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
PRODUCT = ("protocol", "node")

NAMES = [name for name in vars(limits) if re.fullmatch(r"[A-Z][A-Z_]+", name)]

ATTACKS = "unit/test_engine_attacks.py::TestSizes::"
FIELD = ATTACKS + "test_a_field_larger_than_allowed_is_refused"
BULK = ATTACKS + "test_a_record_blown_up_by_an_extension_is_refused"
MESSAGES = "unit/test_protocol_messages.py::"
RATES = "unit/test_engine_limits.py::TestRates::"
GATE = "unit/test_gate.py::"
RELAY = "integration/test_relay.py::"
MAILBOX = "integration/test_mailbox.py::"
AMENDMENTS = "unit/test_engine_amendments.py::TestAttacks::"
PHOTOS = "integration/test_photos.py::"
FILES = "integration/test_files.py::"
PAUSES = "unit/test_engine_pauses.py::"
LEASES = "unit/test_engine_circles.py::TestTime::"

TRIED_BY: dict[str, str] = {
    "UINT_MAX": "unit/test_encoding.py::TestVectors::test_case",
    "DEPTH_MAX": "unit/test_encoding.py::TestDecode::test_a_bomb_costs_no_memory",
    "ELEMENTS_MAX": "unit/test_encoding.py::TestDecode::test_a_bomb_costs_no_memory",
    "TEXT_SIZE_MAX_BYTES": "unit/test_encoding.py::TestVectors::test_case",
    "RECORD_SIZE_MAX_BYTES": BULK,
    "RATING_SIZE_MAX_BYTES": BULK,
    "CERTIFICATE_SIZE_MAX_BYTES": BULK,
    "MANDATE_SIZE_MAX_BYTES": ATTACKS + "test_a_mandate_larger_than_allowed_is_refused",
    "KEYS_SIZE_MAX_BYTES": BULK,
    "REVOKED_KEYS_MAX": FIELD,
    "NAME_SIZE_MAX_BYTES": FIELD,
    "TITLE_SIZE_MAX_BYTES": FIELD,
    "CONDITIONS_SIZE_MAX_BYTES": FIELD,
    "LICENCE_SIZE_MAX_BYTES": FIELD,
    "REPLY_SIZE_MAX_BYTES": FIELD,
    "THROUGH_MAX": FIELD,
    "BUSY_INTERVALS_MAX": FIELD,
    "WEEKLY_INTERVALS_MAX": FIELD,
    "PHOTOS_PER_LISTING_MAX": FIELD,
    "PHOTO_SIZE_MAX_BYTES": FIELD,
    "THUMBNAIL_SIZE_MAX_BYTES": FIELD,
    "PHOTOS_PER_ORIGIN_MAX_BYTES": (
        PHOTOS + "test_all_photos_of_a_home_together_have_so_many_bytes"
    ),
    "PHOTO_PART_MAX_BYTES": PHOTOS + "test_the_largest_part_fits_into_one_frame",
    "PHOTO_WANTS_PER_FRIEND_MAX": PHOTOS + "test_a_friend_may_ask_for_so_many_parts_at_a_time",
    "PHOTOS_PER_DAY_MAX_BYTES": PHOTOS + "test_a_friend_s_day_of_photos_ends",
    "FILE_SIZE_MAX_BYTES": FIELD,
    "FILE_TITLE_SIZE_MAX_BYTES": FIELD,
    "FILE_PART_MAX_BYTES": "unit/test_files.py::test_the_largest_piece_fits_into_one_frame",
    "FILE_WANTS_PER_FRIEND_MAX": FILES + "test_a_friend_may_ask_for_so_many_pieces_at_a_time",
    "FILES_PER_SECOND_MAX_BYTES": FILES + "test_a_home_between_passes_no_more_than_its_line_bears",
    "FILES_PER_DAY_MAX_BYTES": FILES + "test_a_friend_s_day_of_files_ends",
    "FILES_PER_ORIGIN_MAX_BYTES": (FILES + "test_all_files_of_a_home_together_have_so_many_bytes"),
    "PHOTO_CACHE_MAX_BYTES": PHOTOS + "test_the_cache_lets_the_oldest_go_when_it_is_full",
    "CIRCLES_HARD_MAX": FIELD,
    "CIRCLES_DEFAULT_MAX": "unit/test_things.py::test_circles_beyond_the_charter_are_refused",
    "REVOCATION_EXTRA_HOPS": (
        "unit/test_engine_friendship.py::TestSecrets::test_the_secret_goes_five_hops_and_no_farther"
    ),
    "PATHS_PER_OFFER_MAX": MESSAGES + "test_one_more_than_the_limit_is_refused",
    "FRIENDS_MAX": (
        "unit/test_engine_membership.py::TestInviting::test_friends_are_so_many_at_most"
    ),
    "FRIENDSHIP_LEASE_MS": (
        LEASES + "test_without_its_holder_a_thing_is_gone_with_the_friendship_s_lease"
    ),
    "FRIENDSHIP_RENEWAL_MS": LEASES + "test_a_running_neighbourhood_stays_as_it_is",
    "LISTING_LEASE_MS": (
        "unit/test_charter.py::test_what_is_wrong_in_a_file_is_named_with_what_is_allowed"
    ),
    "CREATED_AHEAD_MAX_MS": (
        "unit/test_engine_attacks.py::TestRecords::test_a_record_from_another_time_is_refused"
    ),
    "INVITATION_TTL_MS": (
        "unit/test_engine_membership.py::TestJoining::"
        "test_an_expired_invitation_is_refused_by_guest_and_host"
    ),
    "COOPTATIONS_PER_YEAR_MAX": (
        "unit/test_engine_membership.py::TestInviting::test_a_member_gives_so_many_seats_a_year"
    ),
    "RECORDS_PER_SECOND_MAX": RATES + "test_coming_again_gives_no_fresh_allowance",
    "RECORDS_BURST_MAX": RATES + "test_a_flood_beyond_the_burst_closes_the_link_and_says_why",
    "RECORDS_PER_DAY_MAX": RATES + "test_a_slow_flood_is_held_to_so_many_a_day",
    "RECORDS_HELD_MAX": (
        "unit/test_engine_limits.py::TestStore::"
        "test_all_friends_together_fill_the_store_and_no_more"
    ),
    "AMENDMENTS_PER_MEMBER_MAX": (
        AMENDMENTS + "test_a_flood_by_a_member_is_bounded_and_hinders_no_agreement"
    ),
    "AMENDMENTS_UNPROVED_MAX": (AMENDMENTS + "test_a_flood_by_nobody_is_bounded_by_who_brings_it"),
    "FAR_QUOTA_PER_FRIEND_MAX_PERCENT": (
        "unit/test_engine_limits.py::TestStore::test_one_friend_fills_its_share_and_no_more"
    ),
    "CHANGE_PER_OBJECT_MIN_MS": (
        "unit/test_pace.py::test_a_thing_rewritten_in_a_loop_goes_on_once_in_ten_seconds"
    ),
    "LISTINGS_PER_ORIGIN_MAX": (
        "unit/test_engine_limits.py::TestStore::test_an_origin_lists_so_many_things"
    ),
    "FRAME_SIZE_MAX_BYTES": (
        "unit/test_channel.py::TestFrames::"
        "test_an_empty_frame_is_malformed_and_an_oversize_one_too_large"
    ),
    "MESSAGE_SIZE_MAX_BYTES": (
        "unit/test_channel.py::TestMessages::test_a_flood_of_fragments_is_capped"
    ),
    "LINK_IN_FLIGHT_MAX_BYTES": (
        "integration/test_transport.py::test_what_is_not_taken_in_is_not_read"
    ),
    "LINK_READER_SLOW_MAX_MS": "integration/test_transport.py::test_who_reads_nothing_is_cut",
    "LINK_HEARTBEAT_MS": (
        "integration/test_link_limits.py::test_a_link_whose_other_end_has_died_is_noticed"
    ),
    "HANDSHAKES_HALF_OPEN_MAX": GATE + "test_all_networks_together_get_twenty_places",
    "HANDSHAKES_HALF_OPEN_PER_NETWORK_MAX": (
        GATE + "test_one_network_gets_few_places_and_others_still_get_in"
    ),
    "HANDSHAKE_MAX_MS": GATE + "test_who_says_nothing_is_cut",
    "LINK_PAUSE_MS": PAUSES + "test_a_forged_signature_pauses_the_friend_for_a_day",
    "LINK_OFFENCES_MAX": PAUSES + "test_nonsense_again_and_again_is_a_pause",
    "LINK_OFFENCES_WINDOW_MS": PAUSES + "test_nonsense_now_and_then_is_none",
    "LOAN_LINK_PAST_DUE_MAX_MS": (
        "unit/test_loan_links.py::"
        "test_a_loan_that_is_never_returned_keeps_the_link_until_90_days_past_due"
    ),
    "RECONCILE_BY_IDS_MAX": (
        "unit/test_reconcile.py::TestFound::test_above_the_limit_it_is_parted"
    ),
    "REACH_ASKS_PER_MINUTE_MAX": RELAY + "test_questions_are_counted",
    "RELAY_CIRCUITS_PER_FRIEND_MAX": RELAY + "test_one_friend_cannot_take_all_circuits",
    "RELAY_WINDOW_MAX_BYTES": RELAY + "test_whoever_sends_without_credit_loses_the_circuit",
    "RELAY_PER_SECOND_MAX_BYTES": RELAY + "test_credit_waits_for_the_rate_of_who_will_use_it",
    "RELAY_PER_DAY_MAX_BYTES": RELAY + "test_a_friend_s_day_ends",
    "MAILBOX_ITEM_SIZE_MAX_BYTES": (
        "unit/test_mailbox.py::test_too_much_and_other_versions_are_refused"
    ),
    "MAILBOX_ITEMS_PER_FRIEND_MAX": MAILBOX + "test_nobody_can_fill_the_disk_with_many_items",
    "MAILBOX_PER_FRIEND_MAX_BYTES": MAILBOX + "test_nobody_can_fill_the_disk_with_large_items",
    "MAILBOX_ITEM_TTL_MS": MAILBOX + "test_items_that_nobody_collects_are_let_go",
}


@cache
def names_in(path: Path) -> frozenset[str]:
    """``name`` or ``Class::name`` of each test in a file, read and not imported."""
    found = []
    for node in ast.parse(path.read_text("utf-8")).body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        found += [prefix + item.name for item in inside if isinstance(item, ast.FunctionDef)]
    return frozenset(found)


@cache
def names_used() -> frozenset[str]:
    """Every name that product code reads, whether imported or as ``limits.NAME``."""
    used: list[str] = []
    for path in (path for part in PRODUCT for path in sorted((ROOT / part).rglob("*.py"))):
        if path != ROOT / "protocol" / "limits.py":
            used += re.findall(r"\b[A-Z][A-Z_]+\b", path.read_text("utf-8"))
    return frozenset(used)


def test_every_limit_is_tried() -> None:
    assert sorted(NAMES) == sorted(TRIED_BY)


@pytest.mark.parametrize(("name", "test"), TRIED_BY.items(), ids=TRIED_BY)
def test_the_test_that_tries_a_limit_exists(name: str, test: str) -> None:
    path, _, function = test.partition("::")

    assert (TESTS / path).is_file(), test
    assert function in names_in(TESTS / path), test


@pytest.mark.parametrize("name", TRIED_BY)
def test_a_limit_that_is_tried_is_used_by_the_program(name: str) -> None:
    """A number that no code reads bounds nothing, whatever a test says."""
    assert name in names_used()
