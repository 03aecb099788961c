"""Where a file that is coming stands, in words, for page and terminal.

Spec: §20.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from gettext import NullTranslations
from typing import Any, Final

from node.i18n import N_

_KB: Final = 1000
_MB: Final = 1_000_000

_SENTENCES: Final = {
    "waiting": N_("{got} of {size}. It will begin soon."),
    "coming": N_("{got} of {size} are here; more is coming."),
    "later": N_("{got} of {size}. It goes on later: enough was passed on for now."),
    "refused": N_("{got} of {size}. {holder}’s home does not give it, now."),
    "damaged": N_("{got} of {size}. What came is not what {holder} listed; it is asked for again."),
    "no-room": N_("{got} of {size}. There is no room on this computer’s disk for it."),
    "here": N_("It is here: {size}."),
    "moved": N_("It came, and was moved or deleted."),
}
_ASLEEP: Final = N_("{got} of {size}. {name}’s home is asleep; it goes on when it wakes.")
_ASLEEP_ON_THE_WAY: Final = N_(
    "{got} of {size}. A home on the way to {holder} is asleep; it goes on when it wakes."
)


def file_sentence(row: Mapping[str, Any], catalogue: NullTranslations) -> str:
    """One sentence on a file of a loan.

    Args:
        row: as ``node.transport.file_fetching`` gives it.
    """
    sentence = _SENTENCES.get(row["state"], "")
    if not sentence:
        sentence = _ASLEEP if row["asleep_name"] else _ASLEEP_ON_THE_WAY
    return catalogue.gettext(sentence).format(
        got=size_words(row["got_bytes"], catalogue),
        size=size_words(row["size_bytes"], catalogue),
        holder=row["holder_name"],
        name=row["asleep_name"],
    )


def size_words(size_bytes: int, catalogue: NullTranslations) -> str:
    """``300 bytes``, ``12 kB``, ``3.4 MB``: as exact as anybody needs."""
    if size_bytes < _KB:
        sentence = catalogue.ngettext("{count} byte", "{count} bytes", size_bytes)
        return sentence.format(count=size_bytes)
    if size_bytes < _MB:
        return catalogue.gettext("{count} kB").format(count=round(size_bytes / _KB))
    tenths = round(10 * size_bytes / _MB)
    if tenths < 100 and tenths % 10:
        sentence = catalogue.gettext("{whole}.{tenth} MB")
        return sentence.format(whole=tenths // 10, tenth=tenths % 10)
    return catalogue.gettext("{count} MB").format(count=round(tenths / 10))
