"""From paper back to a node: restoring a backup, or a member from words alone.

Nothing here talks to anybody. What is restored is older than the node was, so it is
marked: when it runs, the engine asks the friends for what is newer before it says
anything (spec §18.5). Each restored node has a device key, a log and an epoch of its
own, so no number is ever used twice.

What comes back is made whole in a folder of its own (``node.unpacking``), and then takes the
place of a database without a member, in one transaction: ``restore_backup`` and
``restore_words`` do it in a directory where nothing runs, ``backup_into`` and ``words_into`` in
the open store of a node that has nobody yet.

Spec: §18.4 to §18.6. Who has no words either: ``node.succession``.
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
from node.words import entropy_of
from protocol.errors import Refused
from protocol.keys import MemberId
from protocol.mandates import SUCCESSORS_MAX

_LOG_EPOCH_SIZE_BYTES: Final = 8

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
        identity.refuse_if_taken(store)
    finally:
        store.close()


@contextmanager
def _of_backup(home: Path, file: Path, words: str, root: int) -> Iterator[tuple[Store, Identity]]:
    """What a backup holds, marked; in a store that is gone afterwards. Raises Refused."""
    entropy = entropy_of(words)
    _check_root(root)
    with unpacked(home, file, entropy) as ready:
        try:
            found = identity.load(ready)
        except StoreCorrupt:
            raise Refused("backup-damaged") from None
        if found is None:
            raise Refused("backup-without-member")
        made = _renewed(found, entropy, root)
        identity.keep(ready, made)
        _mark(ready)
        yield ready, made


@contextmanager
def _of_words(
    home: Path, words: str, name: str, language: str, root: int
) -> Iterator[tuple[Store, Identity]]:
    """What words stand for, marked; in a store that is gone afterwards. Raises Refused."""
    entropy = entropy_of(words)
    _check_root(root)
    made = replace(identity.from_entropy(entropy, name, language, root=root), entropy=b"")
    with staged(home, made) as ready:
        yield ready, made


@contextmanager
def staged(home: Path, made: Identity) -> Iterator[Store]:
    """A store of this member alone, marked; gone afterwards. Raises Refused."""
    with staging(home) as folder:
        store = Store(folder)
        try:
            identity.keep(store, made)
            _mark(store)
            yield store
        finally:
            store.close()


def _settle_in(home: Path, restored: _Staged) -> Json:
    """In a directory where nothing runs; before all is well, not even a database is made there."""
    refuse_if_lived_in(home)
    with private(), restored as (ready, made):
        store = Store(home)
        try:
            take_over(store, ready)
        finally:
            store.close()
    answer: dict[str, Json] = {"member": made.member.hex(), "name": made.name}
    return {**answer, "language": made.language, "is_recalling": True}


def _move_in(store: Store, restored: _Staged, lives_here: LivesHere) -> None:
    identity.refuse_if_taken(store)
    with restored as (ready, made):
        if lives_here(made.member):
            raise Refused("member-lives-here", name=made.name)
        take_over(store, ready)


def take_over(store: Store, ready: Store) -> None:
    """Hold what the other store holds; in one transaction. Raises Refused, StoreError."""
    # Once in the log of changes, once in its place.
    check_room(store.home, 2 * (ready.home / DATABASE_FILE).stat().st_size)
    store.take_over(ready)


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
def private() -> Iterator[None]:
    """Files made meanwhile are readable by their owner only."""
    previous = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(previous)
