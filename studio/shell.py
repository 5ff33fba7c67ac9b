"""What stands around the tabs: masthead, foot, and the page's own scripts, styles and words.

The page is one document for all visitors. What differs between them (language, light or dark, who owns which jobs) is
settled in their browser by `assets/page`. Texts are written in English, wherever they come from; `assets/words` holds
the other languages, and `assets/page/words.js` puts them in place of the English as it appears (see there).
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

from studio.consent import IMPLIED, TEXT
from studio.device import device_state
from studio.operations import Studio
from studio.settings import ASSETS
from studio.tokens import OwnersToken

_TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml"}
"""Files of `assets` that the page's own scripts come from and may ask for."""

STYLES = (
    "page/page.css",
    "recast/recast.css",
    "live/live.css",
    "jobs/jobs.css",
    "models/models.css",
    "check/check.css",
    "page/touch.css",
    "page/contrast.css",
)

MASTHEAD = """
<header class="masthead">
  <span class="mark" aria-hidden="true"></span>
  <h1>Recast</h1>
  <span class="grow"></span>
  <span id="device" class="device" role="status"></span>
  <select id="language" class="quiet-control" aria-label="Language"></select>
  <button id="scheme" class="quiet-control" type="button" aria-label="Light or dark"></button>
</header>
"""
FOOT = """
<footer class="foot">
  Recast faces only with the consent of the people shown. Files stay on this server and are deleted after {time}.
</footer>
"""


def foot(keep_seconds: float) -> str:
    """What stands below every tab: what faces may be used for, and how long files are kept."""
    hours = max(1, round(keep_seconds / 3600))
    return FOOT.format(time={1: "an hour", 24: "a day"}.get(hours, f"{hours} hours"))


def head() -> str:
    """For the document's head: finds out where the page lives, then loads the scripts from there.

    The address is worked out in the browser, because behind a proxy only the browser knows it. What the first tab needs
    is asked for at once: while gradio draws, a browser would get to each import of an import only with delay.
    """
    early = sorted(f"{room}/{path.name}" for room in ("page", "recast") for path in (ASSETS / room).glob("*.js"))
    languages = {"en": "English"} | {
        path.stem: json.loads(path.read_text(encoding="utf-8"))["name"] for path in (ASSETS / "words").glob("*.json")
    }
    settings = json.dumps({"version": version(), "languages": languages}, ensure_ascii=False, sort_keys=True)
    return f"""<script>
window.recast = {settings};
recast.base = location.pathname.replace(/\\/?$/, "/");
recast.assets = recast.base + "studio/assets/" + recast.version + "/";
{{
  const add = (tag, properties) => document.head.append(Object.assign(document.createElement(tag), properties));
  for (const style of {json.dumps(STYLES)}) add("link", {{ rel: "stylesheet", href: recast.assets + style }});
  for (const script of {json.dumps(early)}) add("link", {{ rel: "modulepreload", href: recast.assets + script }});
  recast.start = fetch(recast.base + "studio/desk/start").then((answer) => answer.json());
  add("script", {{ type: "module", src: recast.assets + "page/main.js" }});
}}
</script>"""


@cache
def version() -> str:
    """Changes with any of the files, so that browsers may keep them for ever."""
    digest = hashlib.sha256()
    for path in sorted(path for path in ASSETS.rglob("*") if path.suffix in _TYPES):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def routes(studio: Studio) -> APIRouter:
    """The scripts and words, and what the masthead tells."""
    router = APIRouter(prefix="/studio", include_in_schema=False)

    @router.get("/assets/{edition}/{path:path}")
    def asset(edition: str, path: str) -> FileResponse:
        found = (ASSETS / path).resolve()
        if not found.is_file() or not found.is_relative_to(ASSETS) or found.suffix not in _TYPES:
            raise HTTPException(404, "There is nothing here")
        kept = "public, max-age=31536000, immutable" if edition == version() else "no-cache"
        return FileResponse(found, media_type=_TYPES[found.suffix], headers={"Cache-Control": kept})

    @router.get("/consent")
    def consent(token: OwnersToken) -> dict[str, Any]:
        """What is stated before a first job, and whether this owner has."""
        rule = studio.settings.consent
        return {"rule": rule, "text": TEXT, "implied": IMPLIED, "stated": studio.admission.has_consented(token)}

    @router.post("/consent")
    def state(token: OwnersToken) -> dict[str, Any]:
        """This owner states it."""
        studio.admission.consent(token, stated=True)
        return consent(token)

    @router.get("/device")
    def device() -> dict[str, str]:
        state = device_state(studio.recaster.device)
        return {"name": state.name, "about": state.about, "warning": state.warning, "why": state.why}

    return router
