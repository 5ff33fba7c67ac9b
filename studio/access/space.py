"""The Space's own sign-in: OpenID Connect at the hub, by the code flow with PKCE.

The hub tells a Space by environment variables where and as whom to ask (``hf_oauth: true`` in its settings). Nothing
but the name of who signs in is asked for, and the hub's tokens are not kept.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import Annotated

from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import AsyncOAuth2Client
from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse, RedirectResponse
from httpx import HTTPError
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.responses import Response

from studio.access.sessions import Sessions
from studio.settings import Settings

log = logging.getLogger(__name__)

STATE = "recast_sign_in"
_MINUTES = 10
_SECONDS = 15.0
"""Of waiting for the hub."""


@dataclass(frozen=True)
class Provider:
    """The hub, as the Space is told of it."""

    client_id: str
    client_secret: str
    address: str
    redirect: str

    @classmethod
    def of_environment(cls) -> Provider | None:
        """What the variables of a Space say; ``None`` elsewhere."""
        found = os.environ
        if not found.get("OAUTH_CLIENT_ID"):
            return None
        host = found.get("SPACE_HOST", "").split(",")[0]
        return cls(
            found["OAUTH_CLIENT_ID"],
            found.get("OAUTH_CLIENT_SECRET", ""),
            found.get("OPENID_PROVIDER_URL", "https://huggingface.co").rstrip("/"),
            found.get("RECAST_SIGN_IN_RETURN") or f"https://{host}/login/back",
        )

    def client(self) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            self.client_id, self.client_secret, scope="openid profile", redirect_uri=self.redirect,
            code_challenge_method="S256", timeout=_SECONDS,
        )  # fmt: skip


def build(settings: Settings, provider: Provider, sessions: Sessions, secret: str) -> APIRouter:
    """The routes that lead to the hub and back."""
    router = APIRouter(include_in_schema=False)
    signer = URLSafeTimedSerializer(secret, "recast-sign-in")
    attributes = f"Max-Age={_MINUTES * 60}; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"

    @router.get("/login/space")
    def leave() -> Response:
        verifier = generate_token(48)
        address, state = provider.client().create_authorization_url(
            f"{provider.address}/oauth/authorize", code_verifier=verifier
        )
        carried = f"{STATE}={signer.dumps([state, verifier])}; {attributes}"
        return RedirectResponse(address, 303, {"Set-Cookie": carried})

    @router.get("/login/back")
    async def come_back(
        request: Request,
        code: Annotated[str, Query(max_length=2000)] = "",
        state: Annotated[str, Query(max_length=200)] = "",
    ) -> Response:
        try:
            expected, verifier = signer.loads(request.cookies.get(STATE, ""), max_age=_MINUTES * 60)
        except (BadData, ValueError):
            expected, verifier = "", ""
        if not code or not expected or state != expected:
            return _sorry(400, "This sign-in was not begun here, or too long ago. Please try again.")
        try:
            async with provider.client() as client:
                await client.fetch_token(f"{provider.address}/oauth/token", code=code, code_verifier=verifier)
                answer = await client.get(f"{provider.address}/oauth/userinfo")
                answer.raise_for_status()
                name = str(answer.json()["preferred_username"])
        except (AuthlibBaseError, HTTPError, KeyError, ValueError):
            log.warning("the hub's sign-in failed", exc_info=True)
            return _sorry(502, "The hub did not say who you are. Please try again.")
        if not settings.lets_in(name):
            return _sorry(403, "This Space is not open to your account.")
        cookie = sessions.cookie("user", name, secure=True)
        return RedirectResponse(f"{settings.path_prefix}/", 303, {"Set-Cookie": cookie})

    return router


def _sorry(status: int, sentence: str) -> Response:
    return PlainTextResponse(sentence + "\n", status, {"Cache-Control": "no-store"})
