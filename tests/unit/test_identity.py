"""The member of a node: made once, checked, and the same after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from node import identity
from node.errors import StoreBusy, StoreCorrupt
from node.opening import CachedOpener
from node.store import Store
from protocol import keys
from protocol.errors import Refused
from protocol.uniqueness import Contact, normal


def made(home: Path, **given: str) -> identity.Identity:
    values = {"name": "Ana", "email": "", "phone": "", "language": "fr", **given}
    store = Store(home)
    try:
        return identity.create(store, **values)
    finally:
        store.close()


def test_the_member_is_the_same_after_a_restart(tmp_path: Path) -> None:
    created = made(tmp_path, email="ana@example.org", phone="+33 6 12 34 56 78")
    store = Store(tmp_path)

    assert created == identity.load(store)
    assert ("ana@example.org", "+33612345678") == (created.email, created.phone)
    store.close()


@pytest.mark.parametrize(
    "spelling",
    [
        "0033612345678",
        "00 33 (6) 12-34-56-78",
        "+33\u20116\u200912\u00b734_56/78",
        "+33.6.12345678",
    ],
)
def test_a_number_is_taken_in_every_spelling_that_reaches_one_person(
    spelling: str, tmp_path: Path
) -> None:
    """Spec §9.5."""
    assert normal(Contact.PHONE, spelling) == made(tmp_path, phone=spelling).phone == "+33612345678"


def test_two_members_are_never_the_same(tmp_path: Path) -> None:
    assert made(tmp_path / "a").member != made(tmp_path / "b").member


def test_the_engine_is_given_keys_that_belong_together(tmp_path: Path) -> None:
    created = made(tmp_path)
    config = created.config(CachedOpener().open, None)

    assert created.member == config.signer.public
    assert config.link_public == keys.link_public_key(config.link_private)
    assert ("Ana", ("fr",), None) == (config.name, config.languages, config.records_per_second_max)


def test_setting_up_a_second_time_is_refused(tmp_path: Path) -> None:
    first = identity.set_up(tmp_path, "Ana", "", "", "en")

    with pytest.raises(Refused) as caught:
        identity.set_up(tmp_path, "Eve", "", "", "en")

    assert "already-set-up" == caught.value.code
    store = Store(tmp_path)
    loaded = identity.load(store)
    assert loaded is not None
    assert {"member": loaded.member.hex(), "words": loaded.words} == first
    store.close()


def test_setting_up_beside_a_running_node_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)

    with pytest.raises(StoreBusy):
        identity.set_up(tmp_path, "Ana", "", "", "en")
    store.close()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": ""}, "name-missing"),
        ({"name": " \n\t "}, "name-missing"),
        ({"name": "\u200b\u200b"}, "name-missing"),
        ({"name": "A\u202ena"}, "name-not-printable"),
        ({"name": "A\ud800"}, "name-not-printable"),
        ({"name": "é" * 41}, "name-too-long"),
        ({"language": "tlh"}, "unknown-language"),
        ({"email": "ana"}, "bad-email"),
        ({"email": "a b@example.org"}, "bad-email"),
        ({"email": "ana@example"}, "bad-email"),
        ({"email": "a" * 250 + "@example.org"}, "bad-email"),
        ({"phone": "0612345678"}, "bad-phone"),
        ({"phone": "+33 six"}, "bad-phone"),
        ({"phone": "six"}, "bad-phone"),
        ({"phone": "+33\uff16 12 34 56 78"}, "bad-phone"),
        ({"phone": "00612"}, "bad-phone"),
        ({"phone": "0000612345678"}, "bad-phone"),
        ({"phone": "+1234567890123456"}, "bad-phone"),
    ],
)
def test_values_that_cannot_be_are_refused_and_nothing_is_kept(
    given: dict[str, str], code: str, tmp_path: Path
) -> None:
    with pytest.raises(Refused) as caught:
        made(tmp_path, **given)

    assert code == caught.value.code
    store = Store(tmp_path)
    assert identity.load(store) is None
    store.close()


def test_spaces_in_names_are_put_in_order(tmp_path: Path) -> None:
    assert "Ana de la Cruz" == made(tmp_path, name="  Ana\nde  la\tCruz ").name


def test_an_identity_that_cannot_be_read_is_damage(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put_note("identity", (2, b"short", *(b"",) * 5, (), b"", "Ana", "en", "", ""))

    with pytest.raises(StoreCorrupt, match=r"The identity in .* is damaged: member has 5 bytes"):
        identity.load(store)
    store.close()
