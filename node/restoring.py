"""From paper back to a node: restoring a backup, or a member from words alone.

Nothing here talks to anybody. What is restored is older than the node was, so it is
marked: when it runs, the engine asks the friends for what is newer before it says
anything (spec §18.5). Each restored node has a device key, a log and an epoch of its
own, so no number is ever used twice.

What comes back is made whole in a folder of its own (``node.unpacking``), and then takes the
place of a database without a member, in one transaction: ``restore_backup`` and
``restore_words`` do it in a directory where nothing runs, ``backup_into`` and ``words_into`` in
the open store of a node that has nobody yet.

Spec: §18.4 to §18.7.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

from node import identity
from node.engine.events import Json, Persist, Space
from node.errors import StoreCorrupt
from node.identity import Identity
from node.store import DATABASE_FILE, Store
from node.unpacking import check_room, staging, unpacked
from node.words import ENTROPY_SIZE_BYTES, entropy_of, words_of
from protocol.encoding import expect_array, expect_bytes, expect_text, expect_uint
from protocol.errors import DecodeError, Refused
from protocol.keys import MemberId, Signature, Signer, root_seed, verify
from protocol.mandates import APPROVALS_MAX, SUCCESSORS_MAX, Successor, approval_message
from protocol.successions import SuccessionRequest, decode_approval, encode_request

_LOG_EPOCH_SIZE_BYTES: Final = 8
_SUCCESSION_NOTE: Final = "succession"

LivesHere: TypeAlias = Callable[[MemberId], bool]
_Staged: TypeAlias = AbstractContextManager[tuple[Store, Identity]]


def restore_backup(home: Path, file: Path, words: str, *, root: int = 0) -> Json:
    """Make a node of a backup file, in an empty data directory.

    Args:
        root: which root key speaks from now on; one more than before when the computer
            that had it was stolen (spec §18.3).

    Raises:
        Refused: a word or the file is wrong, or there is a member already.
        StoreError: the data directory cannot be used.
    """
    return _settle_in(home, _of_backup(home, file, words, root))


def restore_words(home: Path, words: str, name: str, language: str, *, root: int = 0) -> Json:
    """Make a node of words alone; a friend's invitation then brings the rest back.

    Raises: as ``restore_backup``.
    """
    return _settle_in(home, _of_words(home, words, name, language, root))


def backup_into(store: Store, file: Path, words: str, root: int, lives_here: LivesHere) -> None:
    """As ``restore_backup``, in the open store of a node without a member. Blocks.

    Args:
        lives_here: whether a member has a home on this computer already.

    Raises:
        Refused, StoreError: nothing was changed.
    """
    _move_in(store, _of_backup(store.home, file, words, root), lives_here)


def words_into(
    store: Store, words: str, name: str, language: str, root: int, lives_here: LivesHere
) -> None:
    """As ``restore_words``, in the open store of a node without a member. Blocks.

    Raises: as ``backup_into``.
    """
    _move_in(store, _of_words(store.home, words, name, language, root), lives_here)


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
        _refuse_member(store)
    finally:
        store.close()


def _refuse_member(store: Store) -> None:
    if identity.load(store) or store.get_note(_SUCCESSION_NOTE):
        raise Refused("home-not-empty", home=str(store.home))


@contextmanager
def _of_backup(home: Path, file: Path, words: str, root: int) -> Iterator[tuple[Store, Identity]]:
    """What a backup holds, marked; in a store that is gone afterwards. Raises Refused."""
    entropy = entropy_of(words)
    _check_root(root)
    with unpacked(home, file, entropy) as staged:
        try:
            found = identity.load(staged)
        except StoreCorrupt:
            raise Refused("backup-damaged") from None
        if found is None:
            raise Refused("backup-without-member")
        made = _renewed(found, entropy, root)
        identity.keep(staged, made)
        _mark(staged)
        yield staged, made


@contextmanager
def _of_words(
    home: Path, words: str, name: str, language: str, root: int
) -> Iterator[tuple[Store, Identity]]:
    """What words stand for, marked; in a store that is gone afterwards. Raises Refused."""
    entropy = entropy_of(words)
    _check_root(root)
    made = replace(identity.from_entropy(entropy, name, language, root=root), entropy=b"")
    with staging(home) as folder:
        staged = Store(folder)
        try:
            identity.keep(staged, made)
            _mark(staged)
            yield staged, made
        finally:
            staged.close()


def _settle_in(home: Path, restored: _Staged) -> Json:
    """In a directory where nothing runs; before all is well, not even a database is made there."""
    refuse_if_lived_in(home)
    with _private(), restored as (staged, made):
        store = Store(home)
        try:
            _take_over(store, staged)
        finally:
            store.close()
    answer: dict[str, Json] = {"member": made.member.hex(), "name": made.name}
    return {**answer, "language": made.language, "is_recalling": True}


def _move_in(store: Store, restored: _Staged, lives_here: LivesHere) -> None:
    _refuse_member(store)
    with restored as (staged, made):
        if lives_here(made.member):
            raise Refused("member-lives-here", name=made.name)
        _take_over(store, staged)


def _take_over(store: Store, staged: Store) -> None:
    # Once in the log of changes, once in its place.
    check_room(store.home, 2 * (staged.home / DATABASE_FILE).stat().st_size)
    store.take_over(staged)


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


@contextmanager
def _private() -> Iterator[None]:
    """Files made meanwhile are readable by their owner only."""
    previous = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(previous)
