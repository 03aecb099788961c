"""Notes that the page keeps for its owner: opaque here, private, never sent.

What the page remembers of its owner's wishes (a calendar link, where notices go, which things
are for flatmates to look after) is no record and no rule; but it must survive a power cut and
come back with a backup, so it stands beside the engine's own notes.

Pure: must not import anything that acts.
"""

from __future__ import annotations

from typing import Final

from node.engine.commands import KeepNote
from node.engine.core import Core
from node.engine.events import Json
from protocol.errors import Refused

NOTES: Final = ("calendar", "channels", "flat", "links", "notices")
NOTE_SIZE_MAX_BYTES: Final = 64 * 1024


def keep(core: Core, command: KeepNote) -> Json:
    """Replace a note; an empty one is forgotten. Raises Refused."""
    assert command.name in NOTES, "names are the program's own"
    if len(command.data) > NOTE_SIZE_MAX_BYTES:
        raise Refused("too-much-data", limit=NOTE_SIZE_MAX_BYTES // 1024)
    if command.data != note(core, command.name):
        core.put_local(_key(command.name), command.data or None)
        core.deliver(command.name)
    return {}


def note(core: Core, name: str) -> bytes:
    """A note as it was kept last; empty when there is none."""
    value = core.get_local(_key(name))
    return value if isinstance(value, bytes) else b""


def _key(name: str) -> str:
    return f"desk/{name}"
