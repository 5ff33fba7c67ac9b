"""How the server is set up: flags first, then the environment, then a default for one's own machine."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pipeline.errors import OptionError
from pipeline.segments import SEGMENT_SECONDS
from pipeline.types import MediaLimits
from studio.consent import Rule, rule_from
from studio.environment import listed, number, one_of, secret
from studio.settings import ACCESSES, MEGABYTE, Access, Settings, data_folder, is_loopback

PIXELS = 1_000_000

# What a Space's own network may use; nothing else reaches the container.
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "::1")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the server."""
    group = parser.add_argument_group("the studio")
    group.add_argument("--host", help="address to listen on (default: 127.0.0.1, this machine only)")
    group.add_argument("--port", type=int, help="port to listen on (default: 7860)")
    group.add_argument("--data", type=Path, metavar="FOLDER", help="where uploads and results are kept")
    group.add_argument("--root-path", metavar="PATH", help="path that a reverse proxy serves the studio under")
    group.add_argument(
        "--access",
        choices=ACCESSES,
        help="who may use it: open (this machine), keys, space (its sign-in), public (all, within tight limits); "
        "the default is open on this machine and keys everywhere else",
    )


OWN: Mapping[str, Any] = {
    "waiting": 500,
    "waiting_each": 500,
    "jobs_each_minute": 1200,
    "uploads_each_minute": 2400,
}
"""Defaults where only whoever owns the machine comes: nobody is kept out by a long batch."""

PUBLIC: Mapping[str, Any] = {
    "upload_bytes": 64 * MEGABYTE,
    "waiting_each": 2,
    "jobs_each_minute": 6,
    "uploads_each_minute": 30,
    "looks_each_minute": 300,
    "live_visitors": 1,
    "live_record_seconds": 60.0,
    "keep_seconds": 3600.0,
    "limits": MediaLimits(pixels=12 * PIXELS, seconds=60.0, frames=4_000, decoded_bytes=500_000_000),
}
"""Defaults where everybody may come."""


def from_namespace(given: argparse.Namespace) -> Settings:
    """Settings of flags and of the environment, where the variables that hosts set count too (GRADIO_SERVER_NAME,
    GRADIO_SERVER_PORT, PORT, SPACE_ID).

    Raises:
        ValueError: one of them is not allowed; its text says which.
    """
    environment = os.environ
    host = given.host or environment.get("GRADIO_SERVER_NAME") or Settings.host
    on_space = bool(environment.get("SPACE_ID"))
    access = _access(given.access or environment.get("RECAST_ACCESS"), host, on_space)
    default = Settings(**{"open": OWN, "public": PUBLIC}.get(access, {}))
    port = given.port if given.port is not None else environment.get("GRADIO_SERVER_PORT") or environment.get("PORT")
    settings = Settings(
        host=host,
        port=_port(port) if port is not None else default.port,
        data=data_folder(given.data),
        root_path=given.root_path or environment.get("GRADIO_ROOT_PATH") or default.root_path,
        upload_bytes=number("RECAST_MAX_UPLOAD_MB", default.upload_bytes // MEGABYTE) * MEGABYTE,
        waiting=number("RECAST_QUEUE", default.waiting),
        waiting_each=number("RECAST_QUEUE_EACH", default.waiting_each),
        workers=number("RECAST_WORKERS", default.workers, least=0),
        keep_seconds=number("RECAST_KEEP_HOURS", default.keep_seconds / 3600) * 3600,
        least_disk_bytes=number("RECAST_LEAST_DISK_MB", default.least_disk_bytes // MEGABYTE, least=0) * MEGABYTE,
        jobs_each_minute=number("RECAST_JOBS_EACH_MINUTE", default.jobs_each_minute),
        uploads_each_minute=number("RECAST_UPLOADS_EACH_MINUTE", default.uploads_each_minute),
        looks_each_minute=number("RECAST_LOOKS_EACH_MINUTE", default.looks_each_minute),
        previews_each_minute=number("RECAST_PREVIEWS_EACH_MINUTE", default.previews_each_minute),
        live_each_minute=number("RECAST_LIVE_EACH_MINUTE", default.live_each_minute),
        live_visitors=number("RECAST_LIVE_VISITORS", default.live_visitors, least=0),
        live_record_seconds=number("RECAST_LIVE_RECORD_SECONDS", default.live_record_seconds),
        metrics_token=secret("RECAST_METRICS_TOKEN"),
        segment_seconds=number("RECAST_SEGMENT_SECONDS", default.segment_seconds),
        access=access,
        users=tuple(name.lower() for name in listed("RECAST_USERS")),
        hosts=listed("RECAST_HOSTS"),
        trusted_proxies=listed("RECAST_TRUSTED_PROXIES") or (_PRIVATE if on_space else ()),
        on_space=on_space,
        limits=_limits(default.limits),
        stop_seconds=number("RECAST_STOP_SECONDS", default.stop_seconds),
        webhook_url=environment.get("RECAST_WEBHOOK_URL") or "",
        webhook_secret=secret("RECAST_WEBHOOK_SECRET"),
        log=one_of("RECAST_LOG", ("text", "json"), default.log),
        mcp=bool(number("RECAST_MCP", int(default.mcp), least=0)),
        # On one's own machine whoever starts a job is the operator; of others it has to be known.
        consent=_consent("implied" if access == "open" else "required"),
    )
    _check_webhook(settings)
    return settings


def _check_webhook(settings: Settings) -> None:
    if not settings.webhook_url:
        return
    from studio.webhook import is_address, signature

    if not is_address(settings.webhook_url):
        raise ValueError("RECAST_WEBHOOK_URL has to be an http or https address.")
    if not settings.webhook_secret:
        raise ValueError("RECAST_WEBHOOK_URL needs RECAST_WEBHOOK_SECRET, which calls are signed with.")
    signature(settings.webhook_secret, "", 0, b"")


def segment_seconds() -> float:
    """Seconds of a segment, for the command line: the same as the studio's, so that both give the same pixels."""
    return number("RECAST_SEGMENT_SECONDS", SEGMENT_SECONDS)


def media_limits() -> MediaLimits:
    """What is too large to be opened, for the command line: the same as for the studio.

    Raises:
        ValueError: the environment says what is no number.
    """
    return _limits(MediaLimits())


def _access(given: str | None, host: str, on_space: bool) -> Access:
    if not given:
        if is_loopback(host):
            return "open"
        if on_space:
            return "space" if os.environ.get("OAUTH_CLIENT_ID") else "public"
        return "keys"
    if given not in ACCESSES:
        raise ValueError(f"RECAST_ACCESS has to be one of {', '.join(ACCESSES)}, and is {given!r}.")
    if given == "open" and not is_loopback(host):
        raise ValueError(
            f"Open access is for this machine only, and {host} can be reached from others. Choose --access keys, or "
            "public, which lets everybody in within tight limits."
        )
    if given == "space" and not os.environ.get("OAUTH_CLIENT_ID"):
        raise ValueError("A Space signs people in when its settings say `hf_oauth: true`; this is none that does.")
    return next(access for access in ACCESSES if access == given)


def _port(given: int | str) -> int:
    if not str(given).isdecimal() or int(given) > 65535:
        raise ValueError(f"A port is a number from 0 to 65535, and not {given!r}.")
    return int(given)


def _limits(default: MediaLimits) -> MediaLimits:
    values = {field.name: getattr(default, field.name) for field in fields(default)}
    values["pixels"] = round(number("RECAST_MAX_MEGAPIXELS", default.pixels / PIXELS) * PIXELS)
    values["seconds"] = number("RECAST_MAX_SECONDS", default.seconds)
    values["frames"] = number("RECAST_MAX_FRAMES", default.frames)
    return MediaLimits(**values)


def _consent(default: Rule) -> Rule:
    try:
        return rule_from(default)
    except OptionError as error:
        raise ValueError(str(error)) from error
