"""The errors of Open House: what can go wrong, and what is done about it.

    OpenHouseError
      ProtocolError                 abstract; .code, .section, .detail
        LocalProtocolError          our own caller asked for something the spec forbids
        RemoteProtocolError         abstract; the other side broke the spec; .verdict
          DecodeError               abstract; these bytes are not a message of ours
            Malformed               wrong shape: type, count, length, order, truncated
            NotCanonical            readable, but not in its one permitted form
            TooLarge                above a limit of size, depth or count
            UnknownCritical         an extension that must be understood, and is not
          AuthError                 abstract; it does not come from whom it says
            BadSignature            the signature does not fit
            BadKey                  not a key that may be used
            DecryptFailed           sealed with another key, or changed on the way
            UnknownPeer             a stranger where a friend was expected
            Replayed                seen before, or older than what is held
          PolicyError               abstract; well made, but not allowed
            QuotaExceeded           too many, too often
            OutOfReach              beyond the circles it may travel
            NotYours                only somebody else may do this
            Expired                 its lease has ended
            FromTheFuture           dated later than any honest clock allows
            InvalidState            not possible at this point of an exchange
      Refused                       a user's mistake in a local command; .code, .values

The node adds branches of its own (transport, store, configuration) beneath
`OpenHouseError`; they are not part of the protocol.

Exceptions hold fields; `__str__` makes the sentence. Parsers and verifiers
raise; the engine turns every `RemoteProtocolError` into a rejection and never
lets one escape. A broken invariant of our own is an `assert`, never one of
these. The verdict says what becomes of the link the offence came through:

- `ignore`: drop this item, keep the link (it can happen to the honest);
- `close`: end the link, it may dial again (the two ends disagree on bytes);
- `block`: pause the friendship's link until a human has looked.

A raiser that knows more may pass another verdict than the class's own.

This module imports nothing of the project.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Final, Literal, TypeAlias

Verdict: TypeAlias = Literal["ignore", "close", "block"]

_KEBAB_CASE: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class OpenHouseError(Exception):
    """Root of every error this project raises on purpose."""


class ProtocolError(OpenHouseError):
    """Something the spec forbids was met; abstract, raise one of its leaves.

    Args:
        detail: what was wrong, as a clause without a final stop
            ("the text is 5000 bytes long, at most 4096 are allowed").
        section: number of the spec section broken, without the sign ("3.2").
    """

    code: ClassVar[str] = ""
    summary: ClassVar[str] = ""

    detail: str
    section: str

    def __init__(self, detail: str, section: str) -> None:
        if not self.code:
            raise TypeError(f"{type(self).__name__} is abstract: raise one of its leaves")
        # All arguments go to Exception, so that errors cross process borders (pickle).
        super().__init__(detail, section)
        self.detail = detail
        self.section = section

    def __str__(self) -> str:
        return f"{self.summary}: {self.detail} (spec §{self.section})."


class LocalProtocolError(ProtocolError):
    """Our own caller asked for something the spec forbids: a bug on this side."""

    code = "local-misuse"
    summary = "This side asked for something the protocol forbids"


class RemoteProtocolError(ProtocolError):
    """The other side broke the spec; abstract.

    Args:
        detail: what was wrong, as a clause without a final stop.
        section: number of the spec section broken, without the sign.
        verdict: what becomes of the link; the class's `default_verdict` if None.
    """

    default_verdict: ClassVar[Verdict] = "close"

    verdict: Verdict

    def __init__(self, detail: str, section: str, verdict: Verdict | None = None) -> None:
        super().__init__(detail, section)
        self.args = (detail, section, verdict)
        self.verdict = self.default_verdict if verdict is None else verdict


class DecodeError(RemoteProtocolError):
    """These bytes are not a message of ours; abstract."""


class Malformed(DecodeError):
    """Wrong shape: a type, a count, a length, an order, or an early end."""

    code = "malformed"
    summary = "Malformed"


class NotCanonical(DecodeError):
    """Readable, but not in the one form the spec permits for this value."""

    code = "not-canonical"
    summary = "Not in canonical form"


class TooLarge(DecodeError):
    """Above a limit of size, depth or count."""

    code = "too-large"
    summary = "Too large"


class UnknownCritical(DecodeError):
    """An extension that must be understood, and is not.

    A friend with a newer program sends such things in good faith.
    """

    code = "unknown-critical"
    summary = "Made by a newer program"
    default_verdict: ClassVar[Verdict] = "ignore"


class AuthError(RemoteProtocolError):
    """It does not come from whom it says; abstract."""


class BadSignature(AuthError):
    """The signature does not fit.

    An honest node verifies before it passes anything on: whoever hands this
    over is broken or lying, and a human should know.
    """

    code = "bad-signature"
    summary = "Bad signature"
    default_verdict: ClassVar[Verdict] = "block"


class BadKey(AuthError):
    """Not a public key that may be used: not canonical, or of small order."""

    code = "bad-key"
    summary = "Bad key"


class DecryptFailed(AuthError):
    """Sealed with another key, or changed on the way."""

    code = "decrypt-failed"
    summary = "Could not be opened"


class UnknownPeer(AuthError):
    """A stranger where a friend was expected."""

    code = "unknown-peer"
    summary = "Unknown peer"


class Replayed(AuthError):
    """Seen before, or older than what is held.

    Happens to the honest: a backup was restored, a slow path delivered late.
    """

    code = "replayed"
    summary = "Replayed"
    default_verdict: ClassVar[Verdict] = "ignore"


class PolicyError(RemoteProtocolError):
    """Well made, but not allowed; abstract.

    The relay is often not the culprit, and two honest nodes may differ for a
    moment on circles and clocks: what is refused is dropped, the link stays.
    """

    default_verdict: ClassVar[Verdict] = "ignore"


class QuotaExceeded(PolicyError):
    """Too many, too often.

    The default speaks of an origin's quota. Where the friend at the other end
    of the link floods by itself, raise it with `verdict="block"`.
    """

    code = "quota-exceeded"
    summary = "Over the quota"


class OutOfReach(PolicyError):
    """Beyond the circles it may travel, as far as our own certificates prove."""

    code = "out-of-reach"
    summary = "Out of reach"


class NotYours(PolicyError):
    """Only somebody else may do this."""

    code = "not-yours"
    summary = "Not theirs to do"
    default_verdict: ClassVar[Verdict] = "close"


class Expired(PolicyError):
    """Its lease has ended."""

    code = "expired"
    summary = "Expired"


class FromTheFuture(PolicyError):
    """Dated later than any honest clock allows."""

    code = "from-the-future"
    summary = "Dated in the future"


class InvalidState(PolicyError):
    """Not possible at this point of an exchange."""

    code = "invalid-state"
    summary = "Not possible at this point"


class Refused(OpenHouseError):
    """A user's mistake in a local command: nothing was done.

    The message is chosen elsewhere, in the user's language, from the code and
    the values; `__str__` gives plain English for logs and tests.

    Args:
        code: what was refused, in kebab-case ("no-such-thing").
        values: what the message needs to name (`thing="3fa9c1d2"`).
    """

    code: str
    values: dict[str, object]

    def __init__(self, code: str, /, **values: object) -> None:
        assert _KEBAB_CASE.fullmatch(code), f"{code!r} is not kebab-case"
        super().__init__(code)
        self.code = code
        self.values = values

    def __str__(self) -> str:
        sentence = "Refused: " + self.code.replace("-", " ")
        if self.values:
            named = ", ".join(f"{name} {value}" for name, value in self.values.items())
            sentence += f" ({named})"
        return sentence + "."


# The registry of codes: what goes on the wire in a reject, into metrics and vectors.
ERRORS_BY_CODE: Final[Mapping[str, type[ProtocolError]]] = MappingProxyType(
    {
        leaf.code: leaf
        for leaf in (
            LocalProtocolError,
            Malformed,
            NotCanonical,
            TooLarge,
            UnknownCritical,
            BadSignature,
            BadKey,
            DecryptFailed,
            UnknownPeer,
            Replayed,
            QuotaExceeded,
            OutOfReach,
            NotYours,
            Expired,
            FromTheFuture,
            InvalidState,
        )
    }
)
