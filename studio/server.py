"""The web server: the page, its endpoints and ``/health`` in one process."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import faulthandler
import itertools
import logging
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import TYPE_CHECKING

from pipeline.errors import InputError, MarkingError
from studio import framework, logs, setup
from studio import settings as settings_module
from studio.access.keys import Keys
from studio.access.sessions import server_secret
from studio.environment import misspelt
from studio.examples import examples
from studio.jobs.schema import Unusable
from studio.quiet import silence_greeting
from studio.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp

    from studio.operations import Studio

log = logging.getLogger(__name__)

INTAKE = 32
"""Requests that are worked on at once beside those that merely wait."""
GRACE = 5
"""Seconds that open requests get when the server is stopped."""
LATE = 45.0
"""Seconds after which a stopping server is ended in any case, beside those that jobs get."""
OPEN_FILES = 16_384
WS_BYTES = 21 * settings_module.MEGABYTE
"""The largest message of a live view is a photo."""


def main(given: argparse.Namespace) -> int:
    """Serves until it is stopped."""
    try:
        settings = setup.from_namespace(given)
        settings_module.require_writable(settings.data)
    except ValueError as error:
        sys.stderr.write(f"A setting is not allowed: {error}\n")
        return 2
    try:
        listening = _listen(settings)
    except OSError as error:
        sys.stderr.write(_cannot_listen(settings, error))
        return 2
    logs.install(settings.log, given.verbose)
    for slip in misspelt():
        log.warning("%s", slip)

    if not given.verbose:
        silence_greeting()
    try:
        with framework.uncollected():
            app, studio = build_app(settings)
    except (Unusable, InputError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    _check_signing(studio)
    port = listening.getsockname()[1]
    settings_module.address_file(settings.data).write_text(_address(settings, port) + "\n", encoding="utf-8")
    _greet(settings, port)
    _serve(app, studio, listening)
    return 0


def _cannot_listen(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {settings.port} is taken, perhaps by another Recast: see {_address(settings, settings.port)}. "
            f'Or choose another one: --port {settings.port + 1} (make run ARGS="--port {settings.port + 1}").\n'
        )
    reason = error.strerror or str(error)
    return f"The studio cannot listen there: {reason}. Choose another --host or --port.\n"


def _check_signing(studio: Studio) -> None:
    """Tell the operator at once, rather than their visitors with the first job."""
    marking = studio.recaster.marking
    if marking.layers and marking.signed_by_operator:
        try:
            _ = marking.credentials
        except MarkingError as error:
            log.error("results cannot be signed, so every job will fail: %s", error)


def _address(settings: Settings, port: int) -> str:
    shown = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _greet(settings: Settings, port: int) -> None:
    sys.stdout.write(f"Recast is ready at {_address(settings, port)}\n")
    keys = Keys(settings_module.keys_file(settings.data))
    if settings.access == "keys" and not keys.all():
        key = keys.add("first")
        sys.stdout.write(
            "It can be reached from other machines, and asks for a key. This is the first one, shown only now:\n"
            f"{key}\nFurther ones: python app.py keys add NAME\n"
        )
    sys.stdout.flush()


def _serve(app: ASGIApp, studio: Studio, listening: socket.socket) -> None:
    import uvicorn
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    from studio.connections import protocol

    class Server(uvicorn.Server):
        def handle_exit(self, number: int, frame: FrameType | None) -> None:
            # From the first moment on, nothing new is begun. At a keyboard nobody wants to wait for a good place.
            patiently = number == signal.SIGTERM
            studio.workers.drain(patiently)
            if not self.should_exit:
                end_at_latest(LATE + (studio.settings.stop_seconds if patiently else 0))
            super().handle_exit(number, frame)

    # Once it has ended in order, uvicorn sends itself the signal again, whose usual meaning would skip what tidies up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _allow_connections()
    proxies = ProxyHeadersMiddleware(app, list(studio.settings.trusted_proxies)).trusted_hosts  # type: ignore[arg-type]
    config = uvicorn.Config(
        app,
        http=protocol(lambda address: address in proxies),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE,
        server_header=False,
        proxy_headers=False,
        # What goes over the live view's WebSocket is JPEG: compressing it again costs time and gains nothing.
        ws_per_message_deflate=False,
        ws_max_size=WS_BYTES,
        ws_ping_interval=10,
        ws_ping_timeout=10,
    )
    Server(config).run(sockets=[listening])


def end_at_latest(seconds: float) -> None:
    """End this process after `seconds`, whatever it hangs in, and say on standard error what that was. Jobs lose
    nothing by it: the next start goes on with them. Takes no lock: it may be called by a signal."""
    faulthandler.dump_traceback_later(seconds, exit=True)


def _allow_connections() -> None:
    """Raise this process's own bound on open files, whose usual default is few, as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # With the protocol said, asyncio sends small answers at once; else they wait 40 ms for the last one's receipt.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((settings.host, settings.port))
    listening.listen(128)
    return listening


def build_app(settings: Settings) -> tuple[ASGIApp, Studio]:
    """The ASGI application and what it serves. Builds the page, so call it before the event loop runs."""
    with ThreadPoolExecutor(1) as beside:
        # The first time, a clip is encoded; the import beside it keeps only one core busy.
        shelf = beside.submit(examples, settings.examples)
        framework.load(settings)
        shelf.result()
    import gradio as gr
    from fastapi import FastAPI

    from pipeline import Recaster
    from studio import answers, blocks, health_http, http, option_schema, preset_http, shell, tabs, verify_http
    from studio.access import login, space
    from studio.access.gate import Gate
    from studio.access.sessions import Sessions
    from studio.device import usable_gpus
    from studio.edge import Edge
    from studio.guard import Guard
    from studio.operations import Studio

    studio = Studio(settings, Recaster(limits=settings.limits), usable_gpus())
    keys, secret = Keys(settings_module.keys_file(settings.data)), server_secret(settings.data / "secret")
    sessions = Sessions(secret, framed=settings.on_space)
    tools = None
    if settings.mcp:
        from studio import assistants

        tools = assistants.build(studio)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # The loop's own few threads would all be taken by uploads that are looked at.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(INTAKE, thread_name_prefix="intake"))
        studio.start()
        sweeper = asyncio.create_task(_sweep(studio))
        async with tools[1]() if tools is not None else contextlib.nullcontext():
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
        root_path=settings.path_prefix,
    )
    app.include_router(http.build(studio))
    app.include_router(health_http.build(studio))
    app.include_router(verify_http.build(studio))
    app.include_router(preset_http.build(studio))
    app.include_router(login.build(settings, keys, sessions))
    if (provider := space.Provider.of_environment()) is not None:
        app.include_router(space.build(settings, provider, sessions, secret))
    for router in (shell.routes(studio), *tabs.routers(studio)):
        app.include_router(router)
    if tools is not None:
        app.router.routes.append(tools[0])
    answers.install(app)
    option_schema.install(app)

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
        app_kwargs={"exception_handlers": answers.page_faults(app)},
    )
    # Mounting leaves this off, and with it the check that a file in a request was uploaded here.
    page.has_launched = True

    def refused(code: str) -> None:
        studio.metrics.add("recast_refused_total", code=code)

    # Inside of what turns errors into answers, which would take its refusals for faults.
    app.add_middleware(Guard, settings=settings, count=refused)
    inside = Gate(app, settings, keys, sessions, secret)
    return Edge(inside, settings, refused, studio.metrics.answered), studio


async def _sweep(studio: Studio) -> None:
    """Tidies the studio's folders every hour, and every minute what broken uploads have left."""
    for minute in itertools.count():
        try:
            await asyncio.to_thread(studio.retention.drop_broken)
            if minute % 60 == 0:
                await asyncio.to_thread(studio.sweep)
        except Exception:
            # Whatever it is, a database that cannot be read or a folder that is gone: the next round is due all the
            # same, as nothing else keeps the promise that files are deleted.
            log.warning("old files could not be removed", exc_info=True)
        await asyncio.sleep(60)
