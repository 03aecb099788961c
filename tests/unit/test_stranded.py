"""Whether the address of a link's end is still this computer's."""

from __future__ import annotations

import pytest

from node.transport.links import is_one_of

OWN = ("192.168.7.77", "fd00::2", "fe80::1")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.168.7.77", True),
        ("::ffff:192.168.7.77", True),
        ("192.168.7.1", False),
        ("::ffff:192.168.7.1", False),
        ("127.0.0.1", True),
        ("::1", True),
        ("fd00::2", True),
        ("fd00::3", False),
        ("fe80::1%eth0", True),
        ("fe80::2%eth0", False),
    ],
)
def test_an_address_is_ours_or_it_is_not(host: str, expected: bool) -> None:
    assert expected is is_one_of(host, OWN)
