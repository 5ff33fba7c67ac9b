"""What a signed-in browser carries: who it is and until when, signed, in a cookie that scripts cannot read."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import cookie_parser

COOKIE = "recast_session"
LASTS = 7 * 24 * 3600


class Sessions:
    """Makes and reads session cookies.

    Args:
        secret: what they are signed with.
        framed: the page is shown inside another site's, as a Space is.
    """

    def __init__(self, secret: str, framed: bool = False) -> None:
        self._signer, self._framed = URLSafeTimedSerializer(secret, "recast-session"), framed

    def cookie(self, kind: str, name: str, secure: bool) -> str:
        """The ``Set-Cookie`` of somebody who has just shown who they are."""
        return self._header(self._signer.dumps([kind, name]), LASTS, secure)

    def ended(self, secure: bool) -> str:
        """The ``Set-Cookie`` that signs out."""
        return self._header("", 0, secure)

    def read(self, header: str) -> tuple[str, str] | None:
        """Kind and name in a request's ``Cookie``, if they were signed here and not too long ago. Other cookies of the
        host may be of any form, as browsers send what they were given."""
        try:
            found = self._signer.loads(cookie_parser(header).get(COOKIE, ""), max_age=LASTS)
        except BadData:
            return None
        return (found[0], found[1]) if isinstance(found, list) and len(found) == 2 else None

    def _header(self, value: str, seconds: int, secure: bool) -> str:
        text = f"{COOKIE}={value}; Max-Age={seconds}; Path=/; HttpOnly"
        if self._framed:
            return text + "; SameSite=None; Secure; Partitioned"
        return text + "; SameSite=Lax" + ("; Secure" if secure else "")


def server_secret(path: Path) -> str:
    """A secret that is this server's own, made at its first start and kept in a file that only it may read."""
    with contextlib.suppress(FileNotFoundError):
        # A power cut at the first start may have emptied it, and what nothing signs anybody can.
        if found := path.read_text().strip():
            return found
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    return path.read_text().strip()
