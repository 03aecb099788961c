"""Photos from home to home: giving them to friends, fetching them from friends.

The engine says who may have which picture and whom to ask for one (``node.engine.photos``);
bytes never come before it. A picture is fetched when somebody looks at the thing: in
parts, each asked for when the one before is here, so that nothing piles up; and what came
of one that broke off is kept for the next try.

Spec: §19.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from node.engine import photos as rules
from node.engine.photos import NamedPhoto
from node.host import Host
from node.photo_making import make_photo
from node.surroundings import Connection
from node.transport.photo_cache import PhotoCache
from protocol import limits
from protocol.bodies import Photo
from protocol.errors import Refused
from protocol.keys import MemberId, ObjectId
from protocol.photos import is_photo, part_of
from protocol.reaching import NoPhoto, PhotoPart, WantPhoto, encode_reaching

_log = logging.getLogger("openhouse.photos")
_Result = TypeVar("_Result")

PART_MAX_S: Final = 20.0
FETCH_MAX_S: Final = 60.0
_SWEEP_S: Final = 3600.0
_DAY_S: Final = 24 * 3600.0
# An added photo that no listing names by then is let go of.
_LOOSE_S: Final = 900.0
_RECENT_MAX: Final = 4
_BROKEN_OFF_MAX: Final = 8


class PhotoStore(Protocol):
    """Where the pictures of own things are; see ``node.store.Store``."""

    def put_photos(self, photos: list[bytes]) -> None: ...
    def get_photo(self, name: bytes) -> bytes | None: ...
    def keep_photos(self, names: dict[bytes, bool]) -> None: ...


@dataclass(slots=True)
class _Given:
    """What one friend asks for: now, and in all today."""

    wants: int = 0
    day_began_s: float = field(default_factory=time.monotonic)
    today_bytes: int = 0

    def may_give(self, size_bytes: int) -> bool:
        if time.monotonic() - self.day_began_s >= _DAY_S:
            self.day_began_s, self.today_bytes = time.monotonic(), 0
        return self.today_bytes + size_bytes <= limits.PHOTOS_PER_DAY_MAX_BYTES


class Photos:
    """All pictures of one home. Its methods belong to the loop's thread.

    Args:
        cache: from now on used by this object's thread alone.
    """

    def __init__(self, host: Host, store: PhotoStore, cache: PhotoCache) -> None:
        self._host = host
        self._store = store
        self._cache = cache
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="photos")
        self._given: dict[MemberId, _Given] = {}
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._fetches: dict[bytes, asyncio.Task[bytes | None]] = {}
        self._waiting: dict[tuple[Connection, bytes], asyncio.Future[PhotoPart | None]] = {}
        self._recent: dict[bytes, bytes] = {}
        self._broken_off: dict[bytes, bytes] = {}
        self._loose: dict[bytes, tuple[Photo, float]] = {}  # and until when they are kept
        self._sweeper: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Sort out what stands here from before."""
        self._sweep()

    async def stop(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
        tasks = [*self._tasks, *self._fetches.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._on_thread(self._cache.close)
        self._thread.shutdown()

    # --- what page and API ask ---------------------------------------------------------------

    async def add(self, data: bytes, file: str) -> Photo:
        """Make and keep both pictures of a photo, for a listing that will name them.

        Args:
            file: what the owner calls it.

        Raises:
            Refused: no picture, or no room for one more.
            StoreError: it could not be written.
        """
        made = await asyncio.to_thread(make_photo, data, file)
        photo = made.named()
        size_bytes = rules.own_size_bytes(self._host.core)
        size_bytes += photo.full_size_bytes + photo.thumbnail_size_bytes
        if size_bytes > limits.PHOTOS_PER_ORIGIN_MAX_BYTES:
            raise Refused("photos-full", limit=limits.PHOTOS_PER_ORIGIN_MAX_BYTES // 1_000_000)
        self._loose[photo.full] = (photo, time.monotonic() + _LOOSE_S)
        await self._host.on_store_thread(self._store.put_photos, [made.full, made.thumbnail])
        self._plan_sweep()
        return photo

    def own(self, names: Iterable[bytes]) -> tuple[Photo, ...]:
        """Photos that were added, or that an own thing has, by the names of the full ones.

        Raises:
            Refused: one of them is neither, or they are too many for one thing.
        """
        known = rules.own_photos(self._host.core)
        known.update((name, photo) for name, (photo, _) in self._loose.items())
        chosen = dict.fromkeys(names)
        if any(name not in known for name in chosen):
            raise Refused("no-such-photo")
        if len(chosen) > limits.PHOTOS_PER_LISTING_MAX:
            raise Refused("too-many-photos", maximum=limits.PHOTOS_PER_LISTING_MAX)
        return tuple(known[name] for name in chosen)

    async def get(self, origin: MemberId, thing: ObjectId, name: bytes) -> bytes:
        """A picture of a thing that may be shown here.

        Raises:
            Refused: the thing has no such picture, or nobody who has it can be reached now.
        """
        core = self._host.core
        photo = rules.find(core, origin, thing, name)
        if photo is None or not core.can_see(photo.listing):
            self._forget(name)
            raise Refused("no-such-photo")
        data = await self._bytes_of(photo, asker=None)
        if data is None:
            raise Refused("photo-unreachable")
        return data

    # --- what friends ask --------------------------------------------------------------------

    def on_want(self, link: Connection, friend: MemberId, want: WantPhoto) -> None:
        """A friend asks for a part; the answer is the part, or ``no photo``. Spec: §19.2."""
        core = self._host.core
        photo = rules.find(core, want.origin, want.thing, want.photo)
        given = self._given.setdefault(friend, _Given())
        if (
            photo is None
            or not rules.may_have(core, photo, friend)
            or given.wants >= limits.PHOTO_WANTS_PER_FRIEND_MAX
            or not given.may_give(limits.PHOTO_PART_MAX_BYTES)
        ):
            link.send(encode_reaching(NoPhoto(want.photo)))
            return
        given.wants += 1
        task = asyncio.create_task(self._give(link, friend, photo, want.begin), name="give a photo")
        self._tasks[task] = None
        task.add_done_callback(lambda task: self._done(task, given))

    def _done(self, task: asyncio.Task[None], given: _Given) -> None:
        self._tasks.pop(task, None)
        given.wants -= 1

    async def _give(
        self, link: Connection, friend: MemberId, photo: NamedPhoto, begin: int
    ) -> None:
        data = await self._bytes_of(photo, asker=friend)
        part = b"" if data is None else part_of(data, begin)
        # It may have taken a while: is it still to be given?
        if not part or not rules.may_have(self._host.core, photo, friend):
            link.send(encode_reaching(NoPhoto(photo.name)))
            return
        self._given[friend].today_bytes += len(part)
        link.send(encode_reaching(PhotoPart(photo.name, begin, part)))

    def on_answer(self, link: Connection, message: PhotoPart | NoPhoto) -> None:
        """A part that was asked for, or none; anything else is ignored."""
        waiting = self._waiting.get((link, message.photo))
        if waiting is not None and not waiting.done():
            waiting.set_result(message if isinstance(message, PhotoPart) else None)

    def on_link_ended(self, link: Connection) -> None:
        for (waiting_link, _), waiting in list(self._waiting.items()):
            if waiting_link is link and not waiting.done():
                waiting.set_result(None)

    # --- where the bytes are -----------------------------------------------------------------

    async def _bytes_of(self, photo: NamedPhoto, asker: MemberId | None) -> bytes | None:
        name = photo.name
        data = self._recent.get(name)
        if data is not None:
            return data
        try:
            if photo.listing.author == self._host.core.me:
                data = await self._host.on_store_thread(self._store.get_photo, name)
            else:
                data = await self._on_thread(self._cache.get, name)
        except (sqlite3.Error, OSError) as error:
            _log.warning("a photo could not be read: %s", error)
        if data is None or not is_photo(data, name, photo.size_bytes):
            data = await self._fetched(photo, asker)
        if data is not None:
            self._remember(self._recent, name, data, _RECENT_MAX)
        return data

    async def _fetched(self, photo: NamedPhoto, asker: MemberId | None) -> bytes | None:
        """Several who look at once wait for one fetch."""
        task = self._fetches.get(photo.name)
        if task is None:
            task = asyncio.create_task(self._fetch(photo, asker), name="fetch a photo")
            self._fetches[photo.name] = task
            task.add_done_callback(lambda _: self._fetches.pop(photo.name, None))
        return await asyncio.shield(task)

    async def _fetch(self, photo: NamedPhoto, asker: MemberId | None) -> bytes | None:
        data: bytes | None = None
        try:
            async with asyncio.timeout(FETCH_MAX_S):
                for member in rules.whom_to_ask(self._host.core, photo):
                    link = self._host.link_to(member)
                    if link is not None and member != asker:
                        data = await self._fetch_from(link, photo)
                    if data is not None:
                        break
        except TimeoutError:
            return None
        if data is not None:
            await self._keep(photo, data)
        return data

    async def _fetch_from(self, link: Connection, photo: NamedPhoto) -> bytes | None:
        """All of a picture from one friend, going on where an earlier try broke off."""
        listing, name = photo.listing, photo.name
        data = self._broken_off.pop(name, b"")
        while len(data) < photo.size_bytes:
            want = WantPhoto(listing.author, listing.object, name, len(data))
            part = await self._part(link, want)
            is_next = part is not None and part.begin == len(data) and part.data
            if part is None or not is_next or len(data) + len(part.data) > photo.size_bytes:
                if data:
                    self._remember(self._broken_off, name, data, _BROKEN_OFF_MAX)
                return None
            data += part.data
        if is_photo(data, name, photo.size_bytes):
            return data
        self._host.count("bad-photo")
        return None

    async def _part(self, link: Connection, want: WantPhoto) -> PhotoPart | None:
        key = (link, want.photo)
        if key in self._waiting:
            return None
        waiting: asyncio.Future[PhotoPart | None] = asyncio.get_running_loop().create_future()
        self._waiting[key] = waiting
        link.send(encode_reaching(want))
        try:
            async with asyncio.timeout(PART_MAX_S):
                return await waiting
        except TimeoutError:
            return None
        finally:
            del self._waiting[key]

    async def _keep(self, photo: NamedPhoto, data: bytes) -> None:
        core, listing = self._host.core, photo.listing
        if rules.find(core, listing.author, listing.object, photo.name) is None:
            return  # withdrawn while it came
        try:
            if listing.author == core.me:
                await self._host.on_store_thread(self._store.put_photos, [data])
            else:
                await self._on_thread(self._cache.put, photo.name, data)
                self._plan_sweep()
        except (sqlite3.Error, OSError) as error:
            _log.warning("a photo could not be kept: %s", error)

    # --- what is to go -----------------------------------------------------------------------

    def _forget(self, name: bytes) -> None:
        """Nothing that may be shown names it: away with it, now."""
        self._recent.pop(name, None)
        self._broken_off.pop(name, None)
        if name not in rules.named(self._host.core):
            self._sweep()

    def _plan_sweep(self) -> None:
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        task = asyncio.create_task(self._let_go(), name="sort out photos")
        self._tasks[task] = None
        task.add_done_callback(lambda task: self._tasks.pop(task, None))

    async def _let_go(self) -> None:
        """Delete every picture that no listing names any more. Spec: §19.2."""
        names = rules.named(self._host.core)
        now_s = time.monotonic()
        self._loose = {name: loose for name, loose in self._loose.items() if loose[1] > now_s}
        for photo, _ in self._loose.values():
            names[photo.full] = names[photo.thumbnail] = True
        for kept in (self._recent, self._broken_off):
            for name in [name for name in kept if name not in names]:
                del kept[name]
        try:
            await self._host.on_store_thread(self._store.keep_photos, names)
            if await self._on_thread(self._cache.keep, names):
                self._plan_sweep()
        except (sqlite3.Error, OSError) as error:
            _log.warning("photos could not be sorted out: %s", error)

    # --- helpers -----------------------------------------------------------------------------

    @staticmethod
    def _remember(kept: dict[bytes, bytes], name: bytes, data: bytes, maximum: int) -> None:
        kept.pop(name, None)
        kept[name] = data
        while len(kept) > maximum:
            del kept[next(iter(kept))]

    async def _on_thread(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)
