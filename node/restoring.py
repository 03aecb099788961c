"""From paper back to a node: restoring a backup, or a member from words alone.

Nothing here talks to anybody. What is restored is older than the node was, so it is
marked: when it runs, the engine asks the friends for what is newer before it says
anything (spec §18.5). Each restored node has a device key, a log and an epoch of its
own, so no number is ever used twice.

Spec: §18.4 to §18.7.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from node import identity
from node.backup import open_backup
from node.engine.events import Json, Persist, Space
from node.errors import StoreCorrupt
from node.identity import Identity
from node.store import DATABASE_FILE, Store
from node.words import ENTROPY_SIZE_BYTES, entropy_of, words_of
from protocol.encoding import expect_array, expect_bytes, expect_text, expect_uint
from protocol.errors import DecodeError, OpenHouseError, Refused
from protocol.keys import (
    MemberId,
    Signature,
    Signer,
    backup_private_key,
    root_seed,
    verify,
)
from protocol.mandates import APPROVALS_MAX, SUCCESSORS_MAX, Successor, approval_message
from protocol.successions import SuccessionRequest, decode_approval, encode_request

_LOG_EPOCH_SIZE_BYTES: Final = 8
_SUCCESSION_NOTE: Final = "succession"


def restore_backup(home: Path, file: Path, words: str, *, root: int = 0) -> Json:
    """Make a node of a backup file, in an empty data directory.

    Args:
        root: which root key speaks from now on; one more than before when the computer
            that had it was stolen (spec §18.3).

    Raises:
        Refused: a word or the file is wrong, or there is a member already.
        StoreError: the data directory cannot be used.
    """
    entropy = entropy_of(words)
    _check_root(root)
    refuse_if_lived_in(home)
    try:
        with file.open("rb") as source:
            database = open_backup(source, backup_private_key(entropy))
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refused("file-unreadable", file=str(file), reason=reason) from error
    with _private():
        _write_database(home, database)
        try:
            store = Store(home)
            try:
                found = identity.load(store)
                if found is None:
                    raise StoreCorrupt(f"The backup {file} holds no member")
                identity.keep(store, _renewed(found, entropy, root))
                _mark(store)
            finally:
                store.close()
        except OpenHouseError:
            # As if nothing had been tried: the next try finds an empty directory.
            for name in ("", "-wal", "-shm"):
                (home / f"{DATABASE_FILE}{name}").unlink(missing_ok=True)
            raise
    answer: dict[str, Json] = {"member": found.member.hex(), "name": found.name}
    return {**answer, "language": found.language, "is_recalling": True}


def restore_words(home: Path, words: str, name: str, language: str, *, root: int = 0) -> Json:
    """Make a node of words alone; a friend's invitation then brings the rest back.

    Raises: as ``restore_backup``.
    """
    entropy = entropy_of(words)
    _check_root(root)
    made = identity.from_entropy(entropy, name, language, root=root)
    return _settle_in(home, replace(made, entropy=b""))


def ask_guardians(home: Path, member: str, name: str, language: str, *, number: int = 1) -> Json:
    """Begin again with nothing: a new root key for the guardians to approve. Spec: §18.7.

    Returns:
        The new words, and the text for the guardians.

    Raises:
        Refused: the member's id is not whole, or there is a member here already.
    """
    try:
        who = MemberId(bytes.fromhex(member))
    except ValueError:
        who = MemberId(b"")
    if len(who) != 32:
        raise Refused("member-id-whole", member=member[:80])
    if not 1 <= number <= SUCCESSORS_MAX:
        raise Refused("root-out-of-range", maximum=SUCCESSORS_MAX)
    refuse_if_lived_in(home)
    entropy = os.urandom(ENTROPY_SIZE_BYTES)
    now_ms = time.time_ns() // 1_000_000
    key = Signer(root_seed(entropy, 0)).public
    checked = identity.checked(name, language)
    with _private():
        store = Store(home)
        try:
            store.put_note(_SUCCESSION_NOTE, [entropy, who, number, now_ms, *checked])
        finally:
            store.close()
    request = encode_request(SuccessionRequest(who, number, key, now_ms))
    return {"member": member, "words": words_of(entropy, language), "request": request}


def take_approvals(home: Path, texts: list[str]) -> Json:
    """The guardians have answered: become the member again. Spec: §18.7.

    Raises:
        Refused: nothing was asked here, or an approval is not one of this request.
    """
    with _private():
        store = Store(home)
        try:
            if identity.load(store) is not None:
                raise Refused("already-set-up")
            entropy, request, name, language = _read_succession(store)
            bare = Successor(request.key, request.from_ms)
            approvals = dict(_check_approval(text, request, bare) for text in texts)
            if not 2 <= len(approvals) <= APPROVALS_MAX:
                raise Refused("approvals-count", count=len(approvals), maximum=APPROVALS_MAX)
            made = identity.from_entropy(entropy, name, language)
            chain = (replace(bare, approvals=tuple(sorted(approvals.items()))),)
            identity.keep(store, replace(made, member=request.member, successors=chain))
            _mark(store)
        finally:
            store.close()
    return {"member": request.member.hex(), "name": name, "is_recalling": True}


def _read_succession(store: Store) -> tuple[bytes, SuccessionRequest, str, str]:
    note = store.get_note(_SUCCESSION_NOTE)
    if note is None:
        raise Refused("no-succession")
    try:
        f = expect_array(note, "succession", length=6)
        entropy = expect_bytes(f[0], "entropy", length=ENTROPY_SIZE_BYTES)
        member = MemberId(expect_bytes(f[1], "member", length=32))
        key = Signer(root_seed(entropy, 0)).public
        request = SuccessionRequest(
            member, expect_uint(f[2], "number"), key, expect_uint(f[3], "from")
        )
        return entropy, request, expect_text(f[4], "name", 255), expect_text(f[5], "language", 8)
    except DecodeError as error:
        raise StoreCorrupt(f"The note in {store.home} is damaged: {error.detail}") from error


def _check_approval(
    text: str, request: SuccessionRequest, bare: Successor
) -> tuple[MemberId, Signature]:
    asked, guardian, signature = decode_approval(text)
    if asked != request:
        raise Refused("approval-of-another")
    if not verify(guardian, approval_message(request.member, request.index, bare), signature):
        raise Refused("approval-forged", guardian=guardian.hex()[:8])
    return guardian, signature


# --- what all of them share --------------------------------------------------------------


def _check_root(root: int) -> None:
    if not 0 <= root <= SUCCESSORS_MAX:
        raise Refused("root-out-of-range", maximum=SUCCESSORS_MAX)


def refuse_if_lived_in(home: Path) -> None:
    """Raise Refused if this data directory has a member, or asks guardians to be one again.

    A database alone is no member: whoever follows the emergency kit may have started the
    program once, to see that it is there.

    Raises:
        Refused: somebody lives here.
        StoreError: a node is running here, or the database cannot be read.
    """
    if not (home / DATABASE_FILE).exists():
        return
    store = Store(home)
    try:
        is_lived_in = identity.load(store) or store.get_note(_SUCCESSION_NOTE)
    finally:
        store.close()
    if is_lived_in:
        raise Refused("home-not-empty", home=str(home))


def _renewed(found: Identity, entropy: bytes, root: int) -> Identity:
    """The backup's member on a new device, under a later root if the words are to speak."""
    made = identity.from_entropy(entropy, found.name, found.language, root=root)
    if made.member != found.member and not found.successors:
        raise Refused("backup-other-words")
    if root > len(found.successors):
        chain = (*found.successors, *made.successors[len(found.successors) :])
        made = replace(made, successors=chain)
    else:
        made = replace(
            made,
            member=found.member,
            seed=found.seed,
            root_seed=found.root_seed,
            next_root_hash=found.next_root_hash,
            successors=found.successors,
        )
    return replace(made, entropy=b"", email=found.email, phone=found.phone)


def _settle_in(home: Path, made: Identity) -> Json:
    refuse_if_lived_in(home)
    with _private():
        store = Store(home)
        try:
            identity.keep(store, made)
            _mark(store)
        finally:
            store.close()
    return {"member": made.member.hex(), "name": made.name, "is_recalling": True}


def _mark(store: Store) -> None:
    """What tells the engine that friends know better; all of it in one transaction."""
    now_ms = time.time_ns() // 1_000_000
    store.commit(
        [
            Persist(Space.META, b"log_epoch", os.urandom(_LOG_EPOCH_SIZE_BYTES)),
            Persist(Space.META, b"epoch", now_ms // 1000),
            Persist(Space.META, b"recalling", now_ms),
            Persist(Space.META, b"mandate", None),
        ]
    )


def _write_database(home: Path, database: bytes) -> None:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = home / f"{DATABASE_FILE}.part"
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(database)
            file.flush()
            os.fsync(file.fileno())
        for name in ("-wal", "-shm"):
            (home / f"{DATABASE_FILE}{name}").unlink(missing_ok=True)
        part.replace(home / DATABASE_FILE)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise Refused("file-unwritable", file=str(home), reason=reason) from error


@contextmanager
def _private() -> Iterator[None]:
    """Files made meanwhile are readable by their owner only."""
    previous = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(previous)
