"""Who this node's member is: made once, kept in the store, given to the engine.

A member begins as 32 bytes that are written down as words. The node keeps what it
works with: the seed of its root key, a device key of its own, the hash of the root key
that would come next (which only the words can make), and the public key that backups
are sealed to. The entropy itself it keeps only until the owner has the words on paper.
All of it stays in the database, which only its owner can read; so do e-mail address
and phone number, which wait there for the commitments of R7.

Spec: §18.4.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from node.engine.events import Json
from node.engine.state import Config
from node.errors import StoreCorrupt
from node.i18n import LANGUAGES
from node.store import Store
from node.words import ENTROPY_SIZE_BYTES, words_of
from protocol import keys
from protocol.encoding import expect_array, expect_bytes, expect_text, expect_uint
from protocol.errors import DecodeError, Refused
from protocol.keys import HouseId, MemberId, Signer
from protocol.limits import NAME_SIZE_MAX_BYTES, RECORDS_PER_SECOND_MAX
from protocol.mandates import Successor, chain_value, read_chain, root_commitment
from protocol.records import Record
from protocol.uniqueness import Contact, commitment, normal

SUCCESSION_NOTE: Final = "succession"
"""Of a home whose person waits for guardians to answer (``node.succession``)."""
_NOTE: Final = "identity"
_VERSION: Final = 2
_SEED_SIZE_BYTES: Final = 32
_CONTACT_SIZE_MAX_BYTES: Final = 254

# Not whether the address exists: only what is certainly a slip of the hand.
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]+")
# E.164, in the one spelling of spec §9.5.
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True)
class Identity:
    """A member at home.

    Args:
        member: the first root key.
        seed: 32 secret bytes, of root 0: link key and revocation secrets come from them.
        root_seed: of the present root; the same until there is a successor.
        device_seed: of the key that signs this node's records.
        next_root_hash: promises the root after the present one.
        backup_key: 32 bytes, public: backup files are sealed to it.
        successors: the chain from the first root to the present one.
        entropy: what the words stand for; empty once the owner has written them down.
        language: of messages, and the first the member speaks.
        email, phone: as checked by ``set_up``; empty when not given.
    """

    member: MemberId
    seed: bytes
    root_seed: bytes
    device_seed: bytes
    next_root_hash: bytes
    backup_key: bytes
    successors: tuple[Successor, ...]
    entropy: bytes
    name: str
    language: str
    email: str = ""
    phone: str = ""

    @property
    def words(self) -> str:
        """The words to write down; empty when they were."""
        return words_of(self.entropy, self.language) if self.entropy else ""

    def config(
        self,
        open_record: Callable[[bytes], Record],
        records_per_second_max: int | None = RECORDS_PER_SECOND_MAX,
    ) -> Config:
        """What the engine is given to work with."""
        private = keys.link_private_key(self.seed)
        return Config(
            signer=Signer(self.root_seed),
            seed=self.seed,
            link_public=keys.link_public_key(private),
            link_private=private,
            name=self.name,
            languages=(self.language,),
            open_record=open_record,
            verify=keys.verify,
            records_per_second_max=records_per_second_max,
            member=self.member,
            device=Signer(self.device_seed),
            successors=self.successors,
            next_root_hash=self.next_root_hash,
            commit=self.commit,
        )

    def commit(self, house: HouseId) -> tuple[bytes, bytes]:
        """Commitments to e-mail address and phone number in a house (spec §9.5)."""
        return (
            commitment(house, Contact.EMAIL, self.email),
            commitment(house, Contact.PHONE, self.phone),
        )


def checked(name: str, language: str) -> tuple[str, str]:
    """A name and a language in order; raises as ``set_up``."""
    return _checked_name(name), _checked_language(language)


def from_entropy(entropy: bytes, name: str, language: str, *, root: int = 0) -> Identity:
    """The member that words stand for, on a new device.

    Args:
        root: which of the member's root keys speaks: one more each time that a computer
            with the root on it was stolen (spec §18.3).

    Raises:
        Refused: the name or the language cannot be.
    """
    name, language = checked(name, language)
    seeds = [keys.root_seed(entropy, index) for index in range(root + 2)]
    now_ms = time.time_ns() // 1_000_000
    return Identity(
        member=Signer(seeds[0]).public,
        seed=seeds[0],
        root_seed=seeds[root],
        device_seed=os.urandom(_SEED_SIZE_BYTES),
        next_root_hash=root_commitment(Signer(seeds[root + 1]).public),
        backup_key=keys.link_public_key(keys.backup_private_key(entropy)),
        successors=tuple(Successor(Signer(seed).public, now_ms) for seed in seeds[1 : root + 1]),
        entropy=entropy,
        name=name,
        language=language,
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
    return {"member": identity.member.hex(), "words": identity.words}


def create(store: Store, name: str, email: str, phone: str, language: str) -> Identity:
    """Make the member and keep it; raises as ``set_up``."""
    if load(store) is not None:
        raise Refused("already-set-up")
    refuse_if_taken(store)
    made = from_entropy(os.urandom(ENTROPY_SIZE_BYTES), name, language)
    identity = replace(made, email=_checked_email(email), phone=_checked_phone(phone))
    keep(store, identity)
    return identity


def refuse_if_taken(store: Store) -> None:
    """Raise Refused if there is a member, or somebody who asks guardians to be one again."""
    if load(store) is not None or store.get_note(SUCCESSION_NOTE) is not None:
        raise Refused("home-not-empty", home=str(store.home))


def keep(store: Store, identity: Identity) -> None:
    """Write an identity down; whoever had one here before is forgotten."""
    store.put_note(
        _NOTE,
        [
            _VERSION, identity.member, identity.seed, identity.root_seed, identity.device_seed,
            identity.next_root_hash, identity.backup_key,
            chain_value(identity.successors), identity.entropy,
            identity.name, identity.language, identity.email, identity.phone,
        ],
    )  # fmt: skip


def forget_words(store: Store, identity: Identity) -> Identity:
    """The owner has the words on paper: this computer need not know them any more."""
    forgetful = replace(identity, entropy=b"")
    keep(store, forgetful)
    return forgetful


def load(store: Store) -> Identity | None:
    """The member of this data directory, if it has one."""
    value = store.get_note(_NOTE)
    if value is None:
        return None
    try:
        fields = expect_array(value, "identity", length=13)
        expect_uint(fields[0], "version", _VERSION)
        return Identity(
            member=MemberId(expect_bytes(fields[1], "member", length=32)),
            seed=expect_bytes(fields[2], "seed", length=_SEED_SIZE_BYTES),
            root_seed=expect_bytes(fields[3], "root seed", length=_SEED_SIZE_BYTES),
            device_seed=expect_bytes(fields[4], "device seed", length=_SEED_SIZE_BYTES),
            next_root_hash=expect_bytes(fields[5], "next root's hash", length=32),
            backup_key=expect_bytes(fields[6], "backup key", length=32),
            successors=read_chain(fields[7]),
            entropy=expect_bytes(fields[8], "entropy", maximum=ENTROPY_SIZE_BYTES),
            name=expect_text(fields[9], "name", NAME_SIZE_MAX_BYTES),
            language=expect_text(fields[10], "language", 8),
            email=expect_text(fields[11], "e-mail", _CONTACT_SIZE_MAX_BYTES),
            phone=expect_text(fields[12], "phone", _CONTACT_SIZE_MAX_BYTES),
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
    # What is put between digits means nothing; a letter, or a digit of another script, does.
    is_a_number = not any(each.isalnum() and each not in "0123456789" for each in phone)
    spelled = normal(Contact.PHONE, phone)
    if not is_a_number or (spelled and not _PHONE.fullmatch(spelled)):
        raise Refused("bad-phone", phone=phone[:40])
    return spelled
