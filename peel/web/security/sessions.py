"""Sessions: a signed cookie with a random id, and the token that shows a change came from one of our own pages.

Every visitor has one, also before logging in, so that the login itself is protected. The store knows only those that
are logged in, by a hash.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

from itsdangerous import BadSignature, Signer
from starlette.requests import Request
from starlette.responses import Response

LASTS_S = 12 * 3600
"""How long a login lasts, in seconds."""


@dataclass(frozen=True)
class Sessions:
    """Reads and writes the cookies of one server. `key` is the store's secret to sign with; `port` keeps two servers
    on one machine apart, as cookies do not."""

    key: str
    port: int
    _cookies: Signer = field(init=False, repr=False)
    _changes: Signer = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name, salt in (("_cookies", "peel.session"), ("_changes", "peel.change")):
            signer = Signer(self.key, salt=salt, digest_method=hashlib.sha256, key_derivation="hmac")
            object.__setattr__(self, name, signer)

    @property
    def cookie(self) -> str:
        """The cookie's name."""
        return f"peel-session-{self.port}"

    def read(self, request: Request) -> str | None:
        """The session's id; None where there is no cookie, or one that this server did not sign."""
        try:
            return self._cookies.unsign(request.cookies.get(self.cookie, "").encode(errors="replace")).decode()
        except (BadSignature, UnicodeDecodeError):
            return None

    def new(self) -> str:
        """A new session's id."""
        return secrets.token_urlsafe(32)

    def write(self, response: Response, session: str, *, secure: bool) -> None:
        """Give a browser its cookie: not readable by scripts, and not sent along by other sites' forms."""
        response.set_cookie(
            self.cookie,
            self._cookies.sign(session.encode()).decode(),
            max_age=LASTS_S,
            httponly=True,
            samesite="lax",
            secure=secure,
        )

    def forget(self, response: Response) -> None:
        """Take a browser's cookie away."""
        response.delete_cookie(self.cookie, httponly=True, samesite="lax")

    def change_token(self, session: str) -> str:
        """What a change from this session's pages carries, and no other site can know."""
        return self._changes.get_signature(session.encode()).decode()

    def is_change_token(self, session: str, token: str) -> bool:
        """Whether a change carries the token of its own session."""
        return self._changes.verify_signature(session.encode(), token.encode(errors="replace"))
