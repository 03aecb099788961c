"""Why a request over HTTP was not carried out, besides the engine's own refusals."""

from __future__ import annotations

from typing import Final

from protocol.errors import Refused

# Codes of the engine that mean "there is no such thing": answered with 404.
_NOT_FOUND_PREFIX: Final = "unknown-"
_NOT_FOUND: Final = (
    "no-such-photo", "no-such-file", "loan-without-file", "file-not-here", "file-moved",
)  # fmt: skip


class ApiError(Refused):
    """A request that is itself wrong; carries its HTTP status.

    Args:
        status: HTTP status of the answer.
        code, values: as for ``Refused``.
    """

    status: int

    def __init__(self, status: int, code: str, /, **values: object) -> None:
        super().__init__(code, **values)
        self.status = status


def status_of(refusal: Refused) -> int:
    """The HTTP status a refusal is answered with."""
    if isinstance(refusal, ApiError):
        return refusal.status
    if refusal.code == "photo-unreachable":
        return 504
    is_missing = refusal.code.startswith(_NOT_FOUND_PREFIX) or refusal.code in _NOT_FOUND
    return 404 if is_missing else 409
