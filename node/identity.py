"""Who this node's member is: made once, kept in the store, given to the engine.

The seed is the member: every other key is derived from it (spec §4.4, §4.6). It
never leaves the database, which only its owner can read. E-mail address and phone
number stay on this computer as well; they wait there for the commitments of R7.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.engine.core import Config
from node.engine.events import Json
from node.errors import StoreCorrupt
from node.i18n import LANGUAGES
from node.store import Store
from protocol import keys
from protocol.encoding import expect_array, expect_bytes, expect_text, expect_uint
from protocol.errors import DecodeError, Refused
from protocol.keys import MemberId, Signer
from protocol.limits import NAME_SIZE_MAX_BYTES, RECORDS_PER_SECOND_MAX
from protocol.records import Record

_NOTE: Final = "identity"
_VERSION: Final = 1
_SEED_SIZE_BYTES: Final = 32
_CONTACT_SIZE_MAX_BYTES: Final = 254

# Not whether the address exists: only what is certainly a slip of the hand.
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]+")
# E.164, once spaces and the usual separators are taken out.
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_SEPARATORS: Final = str.maketrans("", "", " .-/()\u00a0\u202f")


@dataclass(frozen=True, slots=True)
class Identity:
    """A member at home.

    Args:
        seed: 32 secret bytes; every key is derived from them.
        language: of messages, and the first the member speaks.
        email, phone: as checked by ``set_up``; empty when not given.
    """

    seed: bytes
    name: str
    language: str
    email: str
    phone: str

    @property
    def member(self) -> MemberId:
        return Signer(self.seed).public

    def config(
        self,
        open_record: Callable[[bytes], Record],
        records_per_second_max: int | None = RECORDS_PER_SECOND_MAX,
    ) -> Config:
        """What the engine is given to work with."""
        private = keys.link_private_key(self.seed)
        return Config(
            signer=Signer(self.seed),
            seed=self.seed,
            link_public=keys.link_public_key(private),
            link_private=private,
            name=self.name,
            languages=(self.language,),
            open_record=open_record,
            verify=keys.verify,
            records_per_second_max=records_per_second_max,
        )


def set_up(home: Path, name: str, email: str, phone: str, language: str) -> Json:
    """Make the member of a node that is not running (``openhouse setup``).

    Raises:
        Refused: a value is not possible, or there is a member already.
        StoreError: the data directory cannot be used, or a node runs in it.
    """
    previous = os.umask(0o077)
    try:
        store = Store(home)
        try:
            identity = create(store, name, email, phone, language)
        finally:
            store.close()
    finally:
        os.umask(previous)
    return {"member": identity.member.hex()}


def create(store: Store, name: str, email: str, phone: str, language: str) -> Identity:
    """Make the member and keep it; raises as ``set_up``."""
    if load(store) is not None:
        raise Refused("already-set-up")
    identity = Identity(
        seed=os.urandom(_SEED_SIZE_BYTES),
        name=_checked_name(name),
        language=_checked_language(language),
        email=_checked_email(email),
        phone=_checked_phone(phone),
    )
    keep(store, identity)
    return identity


def keep(store: Store, identity: Identity) -> None:
    """Write an identity down; whoever had one here before is forgotten."""
    note = (_VERSION, identity.seed, identity.name, identity.language, identity.email)
    store.put_note(_NOTE, [*note, identity.phone])


def load(store: Store) -> Identity | None:
    """The member of this data directory, if it has one."""
    value = store.get_note(_NOTE)
    if value is None:
        return None
    try:
        fields = expect_array(value, "identity", length=6)
        expect_uint(fields[0], "version", _VERSION)
        return Identity(
            seed=expect_bytes(fields[1], "seed", length=_SEED_SIZE_BYTES),
            name=expect_text(fields[2], "name", NAME_SIZE_MAX_BYTES),
            language=expect_text(fields[3], "language", 8),
            email=expect_text(fields[4], "e-mail", _CONTACT_SIZE_MAX_BYTES),
            phone=expect_text(fields[5], "phone", _CONTACT_SIZE_MAX_BYTES),
        )
    except DecodeError as error:
        raise StoreCorrupt(f"The identity in {store.home} is damaged: {error.detail}") from error


def _checked_name(name: str) -> str:
    # Line breaks and runs of spaces would let a name look like two.
    name = " ".join(name.split())
    if not name or not any(character.isprintable() for character in name):
        raise Refused("name-missing")
    if not name.isprintable():
        raise Refused("name-not-printable")
    size = len(name.encode(errors="surrogatepass"))
    if size > NAME_SIZE_MAX_BYTES:
        raise Refused("name-too-long", size=size, maximum=NAME_SIZE_MAX_BYTES)
    return name


def _checked_language(language: str) -> str:
    if language not in LANGUAGES:
        raise Refused("unknown-language", language=language, languages=LANGUAGES)
    return language


def _checked_email(email: str) -> str:
    email = email.strip()
    is_possible = len(email) <= _CONTACT_SIZE_MAX_BYTES and email.isprintable() and email.isascii()
    if email and not (is_possible and _EMAIL.fullmatch(email)):
        raise Refused("bad-email", email=email[:80])
    return email


def _checked_phone(phone: str) -> str:
    digits = phone.translate(_PHONE_SEPARATORS)
    if digits and not _PHONE.fullmatch(digits):
        raise Refused("bad-phone", phone=phone[:40])
    return digits
