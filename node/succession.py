"""New keys for who lost everything, words too: asked of guardians, whose answers come one by one.

What was asked and what was answered stand in the database, each in a note of its own: a restart
loses nothing, and page and command line go on with the same. When enough have answered, the
member is made whole in a folder beside the database and moves in as a restored one does, in
one transaction (``node.restoring``), so that no note of the new words is left behind.

Nothing here talks to anybody: the texts go by any messenger.

Spec: §18.3, §18.7.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from node import identity, restoring
from node.engine.events import Json
from node.errors import StoreCorrupt
from node.identity import Identity
from node.restoring import LivesHere
from node.store import Store
from node.words import ENTROPY_SIZE_BYTES, words_of
from protocol.charter import Charter
from protocol.encoding import expect_array, expect_bytes, expect_text, expect_uint
from protocol.errors import DecodeError, Refused
from protocol.keys import MemberId, Signer, public_key_problem, root_seed, verify
from protocol.limits import NAME_SIZE_MAX_BYTES
from protocol.mandates import APPROVALS_MAX, Successor, are_approved
from protocol.successions import (
    Approval,
    SuccessionRequest,
    decode_approval,
    decode_request,
    encode_approval,
    encode_request,
)

APPROVALS_MIN: Final = 2
_NOTE: Final = identity.SUCCESSION_NOTE
_ANSWERS_NOTE: Final = "succession answers"
_ANSWER: Final = "openhouse-approval:"
_MEMBER_SIZE_BYTES: Final = 32
_ANSWER_SIZE_MAX_BYTES: Final = 8192
_DAY_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a member asks its guardians from here, and the answers so far.

    Args:
        entropy: of the new words; secret.
        approvals: each checked, by another guardian each, in the order they came.
    """

    entropy: bytes
    request: SuccessionRequest
    name: str
    language: str
    approvals: tuple[Approval, ...] = ()

    @property
    def words(self) -> str:
        """The new words, to be written down."""
        return words_of(self.entropy, self.language)

    @property
    def text(self) -> str:
        """What the guardians are sent; not secret."""
        return encode_request(self.request)

    @property
    def needed(self) -> int:
        """How many answers it takes, as the guardians say; the least there is before one came."""
        return max([APPROVALS_MIN, *(each.approvals_min for each in self.approvals)])


def objection_days() -> int:
    """How long the old keys can object, as the charter has it where no house says otherwise."""
    return Charter().succession_delay_ms // _DAY_MS


# --- in an open store ----------------------------------------------------------------------


def read(store: Store) -> Asked | None:
    """What was asked from this data directory, if anything was."""
    note, answers = store.get_note(_NOTE), store.get_note(_ANSWERS_NOTE)
    if note is None:
        return None
    try:
        f = expect_array(note, "succession", length=5)
        entropy = expect_bytes(f[0], "entropy", length=ENTROPY_SIZE_BYTES)
        member = MemberId(expect_bytes(f[1], "member", length=_MEMBER_SIZE_BYTES))
        key = Signer(root_seed(entropy, 0)).public
        request = SuccessionRequest(member, key, expect_uint(f[2], "from"))
        name, language = expect_text(f[3], "name", NAME_SIZE_MAX_BYTES), expect_text(f[4], "it", 8)
        listed = () if answers is None else expect_array(answers, "answers", maximum=APPROVALS_MAX)
        texts = [expect_text(item, "answer", _ANSWER_SIZE_MAX_BYTES) for item in listed]
        return Asked(entropy, request, name, language, tuple(map(decode_approval, texts)))
    except (DecodeError, Refused) as error:
        raise StoreCorrupt(f"The note in {store.home} is damaged: {error}") from error


def ask(store: Store, member: str, name: str, language: str) -> Asked:
    """Begin again with nothing: a new root key for the guardians to approve.

    Args:
        member: the id of who lost everything, as others know it.

    Raises:
        Refused: the id cannot be, or somebody lives or asks here already.
    """
    return _begin(store, _drawn(member, name, language))


def _begin(store: Store, asked: Asked) -> Asked:
    identity.refuse_if_taken(store)
    request = asked.request
    names = [asked.name, asked.language]
    store.put_note(_NOTE, [asked.entropy, request.member, request.from_ms, *names])
    return asked


def _drawn(member: str, name: str, language: str) -> Asked:
    try:
        who = MemberId(bytes.fromhex(member))
    except ValueError:
        who = MemberId(b"")
    if len(who) != _MEMBER_SIZE_BYTES:
        raise Refused("member-id-whole", member=member[:80])
    if public_key_problem(who) is not None:
        raise Refused("member-id-slip")
    name, language = identity.checked(name, language)
    entropy = os.urandom(ENTROPY_SIZE_BYTES)
    key = Signer(root_seed(entropy, 0)).public
    request = SuccessionRequest(who, key, time.time_ns() // 1_000_000)
    return Asked(entropy, request, name, language)


def add(store: Store, text: str) -> Asked:
    """Keep what a guardian sent back; several at once, and words around them, are read too.

    Raises:
        Refused: nothing was asked here, or one is no answer, another request's, here already,
            or knows of other earlier keys than the rest.
    """
    asked = _asked(store)
    for each in _answers_in(text):
        approval = _checked(each, asked)
        if approval.guardian in (known.guardian for known in asked.approvals):
            raise Refused("approval-twice")
        asked = replace(asked, approvals=(*asked.approvals, approval))
        if len(asked.approvals) > APPROVALS_MAX:
            raise _wrong_count(asked)
    return _keep_answers(store, asked)


def drop(store: Store, guardian: str) -> Asked:
    """Forget an answer again; one that is not here is none. Raises Refused."""
    asked = _asked(store)
    kept = tuple(each for each in asked.approvals if each.guardian.hex() != guardian)
    return _keep_answers(store, replace(asked, approvals=kept))


def give_up(store: Store) -> None:
    """Forget the new words and the answers: this home has nobody again."""
    store.drop_notes(_NOTE, _ANSWERS_NOTE)


def take(store: Store, texts: list[str], lives_here: LivesHere) -> Identity:
    """Enough guardians have answered: become the member again.

    Args:
        texts: answers besides those that are kept here.
        lives_here: whether a member has a home on this computer already.

    Raises:
        Refused, StoreError: nothing was changed.
    """
    if identity.load(store) is not None:
        raise Refused("already-set-up")
    asked = _asked(store)
    for text in texts:
        approval = _checked(text, asked)
        others = tuple(each for each in asked.approvals if each.guardian != approval.guardian)
        asked = replace(asked, approvals=(*others, approval))
    if not asked.needed <= len(asked.approvals) <= APPROVALS_MAX:
        raise _wrong_count(asked)
    member = asked.request.member
    if lives_here(member):
        raise Refused("member-lives-here", name=asked.name)
    made = identity.from_entropy(asked.entropy, asked.name, asked.language)
    made = replace(made, member=member, successors=_proved(asked))
    with restoring.staged(store.home, made) as ready:
        restoring.take_over(store, ready)
    return made


def _asked(store: Store) -> Asked:
    asked = read(store)
    if asked is None:
        raise Refused("no-succession")
    return asked


def _keep_answers(store: Store, asked: Asked) -> Asked:
    store.put_note(_ANSWERS_NOTE, [encode_approval(each) for each in asked.approvals])
    return asked


def _wrong_count(asked: Asked) -> Refused:
    count, needed = len(asked.approvals), asked.needed
    return Refused("approvals-count", count=count, needed=needed, maximum=APPROVALS_MAX)


def _proved(asked: Asked) -> tuple[Successor, ...]:
    """The chain of successors that the answers make whole."""
    *earlier, bare = asked.request.after(asked.approvals[0].earlier)
    signed = sorted((each.guardian, each.signature) for each in asked.approvals)
    return (*earlier, replace(bare, approvals=tuple(signed)))


def _answers_in(text: str) -> list[str]:
    """The answers of what was pasted, which may be whole letters that end with them."""
    _before, *found = text.split(_ANSWER)
    return [_ANSWER + each for each in found] or [text]


def _checked(text: str, asked: Asked) -> Approval:
    """An answer to this request that can stand beside the others. Raises Refused."""
    try:
        approval = decode_approval(text)
    except Refused:
        _refuse_question(text)
        raise
    if approval.request != asked.request:
        raise Refused("approval-of-another")
    alone = replace(asked, approvals=(approval,))
    if not are_approved(_proved(alone), asked.request.member, verify):
        raise Refused("approval-forged", guardian=approval.guardian.hex()[:8])
    if any(_names(approval) != _names(other) for other in asked.approvals):
        raise Refused("approvals-apart", guardian=approval.guardian.hex()[:8])
    return approval


def _names(approval: Approval) -> list[tuple[bytes, int]]:
    return [(each.key, each.from_ms) for each in approval.earlier]


def _refuse_question(text: str) -> None:
    """The text for the guardians, where their answer belongs: it is next to it on the page."""
    try:
        decode_request(text)
    except Refused:
        return
    raise Refused("approval-is-request")


# --- in a directory where nothing runs -------------------------------------------------------


def ask_guardians(home: Path, member: str, name: str, language: str) -> Json:
    """``openhouse succession ask``: the new words, and the text for the guardians.

    Raises: as ``ask``.
    """
    asked = _drawn(member, name, language)
    restoring.refuse_if_lived_in(home)  # before a database is made for nothing
    with restoring.private():
        store = Store(home)
        try:
            _begin(store, asked)
        finally:
            store.close()
    return {"member": asked.request.member.hex(), "words": asked.words, "request": asked.text}


def take_approvals(home: Path, texts: list[str]) -> Json:
    """``openhouse succession take``: with these answers, and those that the page was given.

    Raises: as ``take``.
    """
    with restoring.private():
        store = Store(home)
        try:
            made = take(store, texts, lambda member: False)
        finally:
            store.close()
    return {"member": made.member.hex(), "name": made.name, "is_recalling": True}


# --- in a node that runs and has nobody ------------------------------------------------------


class SuccessionDesk:
    """The same for the page of a running node. Belongs to the loop's thread.

    Args:
        store: open; asked on another thread.
        alone: held while the node is given its member; refuses when it has one.
    """

    def __init__(self, store: Store, alone: Callable[[], AbstractContextManager[None]]) -> None:
        self._store = store
        self._alone = alone
        self._turn = asyncio.Lock()
        self.asked: Asked | None = None
        """What stands in the database; None when nothing was asked, or it was taken."""

    def load(self) -> None:
        """Know again what was asked before a restart."""
        self.asked = read(self._store)

    async def ask(self, member: str, name: str, language: str) -> None:
        """As the function ``ask``."""
        async with self._turn:
            with self._alone():
                self.asked = await asyncio.to_thread(ask, self._store, member, name, language)

    async def add(self, text: str) -> None:
        """As the function ``add``."""
        async with self._turn:
            with self._alone():
                self.asked = await asyncio.to_thread(add, self._store, text)

    async def drop(self, guardian: str) -> None:
        """As the function ``drop``."""
        async with self._turn:
            with self._alone():
                self.asked = await asyncio.to_thread(drop, self._store, guardian)

    async def give_up(self) -> None:
        """As the function ``give_up``."""
        async with self._turn:
            with self._alone():
                await asyncio.to_thread(give_up, self._store)
                self.asked = None

    async def take(self, lives_here: LivesHere) -> Identity:
        """As the function ``take``, with the answers that are kept."""
        async with self._turn:
            with self._alone():
                made = await asyncio.to_thread(take, self._store, [], lives_here)
                self.asked = None
                return made
