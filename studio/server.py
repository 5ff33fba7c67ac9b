"""The web server: the page, its endpoints and ``/health`` in one process."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from studio import settings as settings_module
from studio.jobs.schema import Unusable
from studio.quiet import silence_greeting
from studio.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

log = logging.getLogger(__name__)

GRACE = 5
"""Seconds that open requests get when the server is stopped."""


def main(given: argparse.Namespace) -> int:
    """Serves until it is stopped."""
    try:
        settings = settings_module.from_namespace(given)
        listening = _listen(settings)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        sys.stderr.write(f"The studio cannot listen there: {reason}. Choose another --host or --port.\n")
        return 2
    except ValueError as error:
        sys.stderr.write(f"A setting is not a number: {error}\n")
        return 2
    import uvicorn

    if not given.verbose:
        silence_greeting()
    try:
        app = build_app(settings)
    except Unusable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=GRACE, server_header=False)
    shown = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    sys.stdout.write(f"Recast is ready at http://{shown}:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    uvicorn.Server(config).run(sockets=[listening])
    return 0


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((settings.host, settings.port))
    listening.listen(128)
    return listening


def build_app(settings: Settings) -> FastAPI:
    """The ASGI application. Builds the page, so call it before the event loop runs."""
    _prepare_gradio(settings)
    import gradio as gr
    from fastapi import FastAPI

    from pipeline import Recaster
    from studio import answers, blocks, http, shell, tabs
    from studio.guard import Guard
    from studio.operations import Studio

    studio = Studio(settings, Recaster())

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        studio.start()
        sweeper = asyncio.create_task(_sweep(studio.sweep))
        yield
        sweeper.cancel()
        await asyncio.to_thread(studio.close)

    app = FastAPI(
        title="Recast",
        description="Replaces the face of a person in a picture or a video.",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(http.build(studio))
    for router in (shell.routes(studio), *tabs.routers(studio)):
        app.include_router(router)
    answers.install(app)

    page = blocks.build(studio)
    served = [str(settings.results), str(settings.examples)]
    gr.set_static_paths(served)
    app = gr.mount_gradio_app(
        app,
        page,
        path="/",
        theme=blocks.theme(),
        css=blocks.css(),
        head=shell.head(),
        favicon_path=str(settings_module.ASSETS / "icon.png"),
        allowed_paths=served,
        root_path=settings.root_path or None,
        max_file_size=settings.upload_bytes,
        footer_links=["api"],
        show_error=False,
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
    )
    # Mounting leaves this off, and with it the check that a file in a request was uploaded here.
    page.has_launched = True
    app.add_middleware(
        Guard, settings=settings, count=lambda code: studio.metrics.add("recast_refused_total", code=code)
    )
    return app


def _prepare_gradio(settings: Settings) -> None:
    """What gradio reads when it is imported."""
    if "gradio" in sys.modules:
        log.warning("gradio was imported before its settings were made")
    settings.uploads.mkdir(parents=True, exist_ok=True)
    os.environ["GRADIO_TEMP_DIR"] = str(settings.uploads)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"


async def _sweep(sweep: Callable[[], None]) -> None:
    """Tidies the studio's folders every hour."""
    while True:
        try:
            await asyncio.to_thread(sweep)
        except OSError:
            log.warning("old files could not be removed", exc_info=True)
        await asyncio.sleep(3600)
