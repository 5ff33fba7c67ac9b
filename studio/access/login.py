"""The page where a browser shows its key, or is sent to the Space's sign-in."""

from __future__ import annotations

import html
import re
from typing import Annotated

from fastapi import APIRouter, Form, Header, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from studio.access.keys import Keys
from studio.access.sessions import Sessions
from studio.settings import ASSETS, Settings
from studio.words import catalogue, preferred

_BACK = re.compile(r"/[A-Za-z0-9._~-][A-Za-z0-9._~/-]{0,200}")
_ROOM = 4096

TEXTS = (
    "Recast: sign in", "This studio is not open to everybody.", "Your key", "Sign in", "That key is not good here.",
    "Sign in with Hugging Face",
)  # fmt: skip
"""What the page says, as the catalogues know it."""

Languages = Annotated[str, Header()]
Back = Annotated[str, Query(max_length=300, description="Path to go to afterwards.")]


def build(settings: Settings, keys: Keys, sessions: Sessions) -> APIRouter:
    """The routes of the sign-in."""
    router = APIRouter(include_in_schema=False)

    def page(back: str, wrong: bool, languages: str) -> HTMLResponse:
        template = (ASSETS / "login.html").read_text(encoding="utf-8")
        filled = {
            "FORM": "" if settings.access == "space" else _FORM.replace("{BACK}", html.escape(_inside(back))),
            "SPACE": _SPACE.format(prefix=html.escape(settings.path_prefix)) if settings.access == "space" else "",
            "SAID": '<p class="said" role="alert">That key is not good here.</p>' if wrong else "",
        }
        for name, text in filled.items():
            template = template.replace("{{" + name + "}}", text)
        language = preferred(languages)
        for text in TEXTS:
            template = template.replace(f">{text}<", f">{html.escape(catalogue(language).get(text, text))}<")
        template = template.replace('lang="en"', f'lang="{language}"')
        headers = {"Cache-Control": "no-store", "Vary": "Accept-Language", "Content-Language": language}
        return HTMLResponse(template, 401 if wrong else 200, headers)

    @router.get("/login")
    def ask(back: Back = "", accept_language: Languages = "") -> Response:
        if settings.access in ("open", "public"):
            return RedirectResponse(f"{settings.path_prefix}/", 303)
        return page(back, wrong=False, languages=accept_language)

    @router.post("/login")
    def answer(
        request: Request,
        key: Annotated[str, Form(max_length=_ROOM)] = "",
        back: Annotated[str, Form(max_length=300)] = "",
        accept_language: Languages = "",
    ) -> Response:
        found = keys.find(key.strip())
        if found is None or settings.access not in ("keys", "space"):
            return page(back, wrong=True, languages=accept_language)
        cookie = sessions.cookie("key", found.id, secure=request.url.scheme == "https")
        return RedirectResponse(settings.path_prefix + (_inside(back) or "/"), 303, {"Set-Cookie": cookie})

    @router.get("/logout")
    def leave(request: Request) -> Response:
        ended = sessions.ended(secure=request.url.scheme == "https")
        return RedirectResponse(f"{settings.path_prefix}/login", 303, {"Set-Cookie": ended})

    return router


def _inside(back: str) -> str:
    """A path of this server to go back to; empty for anything else, above all for other servers."""
    return back if _BACK.fullmatch(back) and ".." not in back else ""


_FORM = """
<form method="post" action="login">
  <input type="hidden" name="back" value="{BACK}">
  <label for="key">Your key</label>
  <input id="key" name="key" type="password" autocomplete="current-password" required autofocus spellcheck="false">
  <button>Sign in</button>
</form>
"""
_SPACE = '<a class="button" href="{prefix}/login/space" target="_blank">Sign in with Hugging Face</a>'
