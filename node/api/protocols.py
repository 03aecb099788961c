"""What the API needs of the node it serves.

``node.run.Node`` fits it; tests give a smaller one. Written as protocols so that
the API can be read, typed and tested without the host loop and its sockets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from aiohttp import web

if TYPE_CHECKING:
    from node.engine.commands import Command
    from node.engine.core import Core
    from node.engine.events import Json
    from node.file_store import Upload
    from node.succession import Asked
    from node.topics import Subscription
    from protocol.bodies import Photo, ThingFile
    from protocol.keys import MemberId, ObjectId


NODE: Final[web.AppKey[NodeLike]] = web.AppKey("node")
"""Where an application keeps the node it serves."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """How a friend's home is connected.

    Args:
        since_ms: since when it is, or is not; None when that is not known.
        through: the friend through whose node the link runs, when it is not direct.
    """

    since_ms: int | None
    through: MemberId | None = None


class EngineLike(Protocol):
    """The engine, for reading."""

    @property
    def core(self) -> Core: ...


class PairingLike(Protocol):
    """Befriending a home nearby; see ``node.transport.pairing``."""

    def state(self) -> dict[str, Json]: ...
    def open(self, address: str = "") -> None: ...
    def answer(self, *, is_same: bool) -> None: ...
    def close(self) -> None: ...


class PhotosLike(Protocol):
    """Photos of things; see ``node.transport.photos``."""

    async def add(self, data: bytes, file: str) -> Photo: ...
    def own(self, names: Iterable[bytes]) -> tuple[Photo, ...]: ...
    async def get(self, origin: MemberId, thing: ObjectId, name: bytes) -> bytes: ...


class LoanPhotosLike(Protocol):
    """Photos of how things were; see ``node.loan_photos``. Every method blocks."""

    def names(self, loan: str) -> list[str]: ...
    def add(self, loan: str, step: str, data: bytes, file: str) -> str: ...
    def read(self, loan: str, name: str) -> bytes: ...
    def remove(self, loan: str, name: str) -> None: ...


class FetchingLike(Protocol):
    """Files that come; see ``node.transport.file_fetching``."""

    def files(self) -> list[dict[str, Json]]: ...
    def fetch_again(self, loan: ObjectId) -> None: ...


class FilesLike(Protocol):
    """Files of copyable things; see ``node.transport.files``."""

    @property
    def fetching(self) -> FetchingLike: ...
    async def begin(self) -> Upload: ...
    async def write(self, upload: Upload, data: bytes) -> None: ...
    async def finish(self, upload: Upload, title: str) -> ThingFile: ...
    async def abandon(self, upload: Upload) -> None: ...
    def own(self, name: bytes) -> ThingFile: ...
    def has_own(self, file: ThingFile) -> bool: ...
    def come_path(self, loan: ObjectId) -> Path | None: ...


class SuccessionLike(Protocol):
    """New keys asked of guardians; see ``node.succession``. Every method raises Refused."""

    @property
    def asked(self) -> Asked | None: ...
    async def ask(self, member: str, name: str, language: str) -> None: ...
    async def add(self, text: str) -> None: ...
    async def drop(self, guardian: str) -> None: ...
    async def give_up(self) -> None: ...


class NodeLike(Protocol):
    """A running node, set up or not yet."""

    @property
    def engine(self) -> EngineLike | None:
        """None until the node is set up."""

    @property
    def pairing(self) -> PairingLike | None:
        """None until the node is set up."""

    @property
    def photos(self) -> PhotosLike | None:
        """None until the node is set up."""

    @property
    def files(self) -> FilesLike | None:
        """None until the node is set up."""

    @property
    def loan_photos(self) -> LoanPhotosLike:
        """Photos taken at hand-over and return, of this home alone."""

    @property
    def counters(self) -> Mapping[str, int]:
        """How often each reject code was given since the node started."""

    @property
    def token(self) -> str:
        """Who knows it may do everything the owner may."""

    @property
    def web_hosts(self) -> Sequence[str]:
        """Host names besides the loopback ones that the page is reached by."""

    @property
    def language(self) -> str:
        """The owner's language, chosen at setup."""

    def addresses(self) -> tuple[str, ...]:
        """Where this node can be reached today ("host:port")."""

    def lan_state(self) -> Json:
        """Whether friends are looked for on the local network, and how many are heard."""

    def links(self) -> Mapping[MemberId, LinkState]:
        """How each friend's home is connected, and since when."""

    def subscribe(self) -> Subscription:
        """Hear which parts of the page changed."""

    async def command(self, command: Command) -> Json:
        """Let the engine do it. Raises Refused."""

    async def set_up(self, name: str, email: str, phone: str, language: str) -> Json:
        """Make the member's identity on a node that has none. Raises Refused."""

    async def restore(
        self, words: str, file: Path | None, name: str, language: str, root: int
    ) -> Json:
        """Bring back whoever these words are of, of a backup file or of words alone.

        Raises Refused, StoreError: nothing was changed.
        """

    @property
    def succession(self) -> SuccessionLike:
        """What is asked of guardians while nobody lives here."""

    async def take_approvals(self) -> Json:
        """Become the member that guardians gave new keys.

        Raises Refused, StoreError: nothing was changed.
        """

    @property
    def home(self) -> Path:
        """The data directory."""

    @property
    def words(self) -> str:
        """The words to write down; empty once the owner said that they were."""

    async def forget_words(self) -> None:
        """The owner has the words on paper: this computer forgets them."""

    async def make_backup(self) -> bytes:
        """A sealed copy of everything. Raises Refused, StoreUnwritable."""
