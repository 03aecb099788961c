"""Who may use the page: sessions of the owner's browser, and proof that a form is ours.

The page is as powerful as its owner, and any program or web site on the computer can
send requests to a local port. So the page asks for a key once per browser:

- the link that ``openhouse run`` prints carries a key that works once;
- without it, the page asks for the password, if there is one, or the content of the file
  ``token``.

A session is a cookie signed with a secret derived from the token and the password: it
outlives a restart, needs no store, and ends with its time or when one of them changes. Cookies
do not know ports, so the cookie's name comes from the token as well: several nodes on
one computer do not sign each other out.

Every form carries a value derived from its session. A foreign site can neither read it
nor send the cookie along (``SameSite=Strict``).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from yarl import URL

from node.api.errors import ApiError
from node.web.password import Password

SESSION_MAX_S: Final = 30 * 24 * 3600
FORM_FIELD: Final = "csrf"
TRIES_MAX: Final = 10
TRY_REGAINED_S: Final = 30.0
_NONCE_SIZE_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser.

    Args:
        csrf: what its forms must carry.
    """

    csrf: str


class Sessions:
    """Opens and checks the sessions of one node's page.

    Args:
        token: the node's token; who knows it may sign in.
        password: what its person may have set instead.
    """

    def __init__(self, token: str, password: Password | None = None) -> None:
        self._token = token
        self.password = Password(None) if password is None else password
        self._entry_keys: list[str] = []
        self._tries = float(TRIES_MAX)
        self._tried_s = 0.0
        self.cookie_name = "openhouse_" + hashlib.sha256(_secret_of(token)).hexdigest()[:8]

    def new_entry_key(self) -> str:
        """A key for one link: the first to open it is signed in."""
        key = secrets.token_urlsafe(16)
        self._entry_keys.append(key)
        return key

    def knows_entry_key(self, key: str) -> bool:
        """Whether a link with this key would sign in; it is not used up."""
        return any(_is_same(key, entry_key) for entry_key in self._entry_keys)

    async def take_key(self, key: str) -> bool:
        """Whether this key signs in: the password, the token, or an entry key, which is used up.

        Raises:
            Refused: too many keys were wrong; a link from the command line still opens.
        """
        for entry_key in self._entry_keys:
            if _is_same(key, entry_key):
                self._entry_keys.remove(entry_key)
                return True
        self._take_try()
        is_right = _is_same(key.strip(), self._token) or await self.password.fits(key)
        if is_right:
            self._tries = float(TRIES_MAX)
        return is_right

    def _take_try(self) -> None:
        """Guessing is slow: some tries at once, then one in half a minute. Raises Refused."""
        now_s = time.monotonic()
        regained = (now_s - self._tried_s) / TRY_REGAINED_S
        self._tries, self._tried_s = min(float(TRIES_MAX), self._tries + regained), now_s
        if self._tries < 1:
            raise ApiError(429, "too-many-keys", seconds=int(TRY_REGAINED_S))
        self._tries -= 1

    def start(self, response: web.StreamResponse) -> None:
        """Sign the browser in that gets this response."""
        expires_s = int(time.time()) + SESSION_MAX_S
        value = f"{expires_s}.{secrets.token_urlsafe(_NONCE_SIZE_BYTES)}"
        response.set_cookie(
            self.cookie_name,
            f"{value}.{self._sign('session', value)}",
            max_age=SESSION_MAX_S,
            path="/",
            httponly=True,
            samesite="Strict",
        )

    def end(self, response: web.StreamResponse) -> None:
        """Sign the browser out."""
        response.del_cookie(self.cookie_name, path="/", httponly=True, samesite="Strict")

    def of(self, request: web.Request) -> Session | None:
        """The session of a request, or None."""
        value, _, signature = request.cookies.get(self.cookie_name, "").rpartition(".")
        if not _is_same(signature, self._sign("session", value)):
            return None
        if int(value.partition(".")[0]) <= time.time():
            return None
        return Session(csrf=self._sign("form", value))

    def _sign(self, purpose: str, value: str) -> str:
        secret = _secret_of(self._token) + (self.password.mark if self.password.is_set else b"")
        return hmac.new(secret, _encoded(f"{purpose}\0{value}"), "sha256").hexdigest()


def form_is_ours(request: web.Request, session: Session, given: str) -> bool:
    """Whether a form was sent from a page of this session and of this origin."""
    return origin_is_ours(request) and _is_same(given, session.csrf)


def origin_is_ours(request: web.Request) -> bool:
    """Whether a browser says that a request comes from the page itself.

    A browser that says nothing is let through: the cookie and the form's value stand.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    try:
        return URL(origin).authority == request.headers.get("Host")
    except ValueError:
        return False


def _secret_of(token: str) -> bytes:
    return hashlib.sha256(b"openhouse/1 page\0" + token.encode()).digest()


def _is_same(given: str, wanted: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(_encoded(given), _encoded(wanted))


def _encoded(text: str) -> bytes:
    # Headers may hold any bytes; those that are no UTF-8 arrive as lone surrogates.
    return text.encode("utf-8", "surrogatepass")
