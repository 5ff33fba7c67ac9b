"""How the server is set up: arguments first, then the environment, then a default for one's own machine."""

from __future__ import annotations

import argparse
import ipaddress
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args
from urllib.parse import urlsplit

from pipeline.errors import OptionError
from pipeline.segments import SEGMENT_SECONDS
from pipeline.types import MediaLimits
from studio.consent import Rule, rule_from

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"

MEGABYTE = 1024 * 1024
PIXELS = 1_000_000
Number = TypeVar("Number", int, float)

Access = Literal["open", "keys", "space", "public"]
ACCESSES: tuple[Access, ...] = get_args(Access)
LogForm = Literal["text", "json"]

# What a Space's own network may use; nothing else reaches the container.
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "::1")


@dataclass(frozen=True)
class Settings:
    """What the operator decides.

    Attributes:
        host, port: where the server listens.
        data: folder of everything the server writes.
        root_path: path prefix or URL that a reverse proxy serves the studio under.
        upload_bytes: of all files in one request.
        json_bytes: of any other request.
        waiting, waiting_each: jobs that may wait for the workers, of all owners together and of each.
        workers: jobs that run at once, beside one that is short; 0 for one on each GPU, or one on the CPU, where the
            pipeline uses every core by itself.
        keep_seconds: age at which uploads and results are deleted.
        least_disk_bytes: no work is taken while less space is left; 0 takes it until the disk is full.
        jobs_each_minute, uploads_each_minute, looks_each_minute, previews_each_minute, live_each_minute: requests that
            one client may make.
        live_visitors: who may be live at once; 0 turns the live view off.
        live_record_seconds: the longest recording of a live view.
        metrics_token: who sends it may read the counters; without one, only this machine may.
        segment_seconds: a long video is carried out in segments of so many seconds; what is finished outlives a crash.
        access: who may use the studio. ``open``: everybody who reaches it, which has to be this machine only;
            ``keys``: who shows a key (see `studio.access.keys`); ``space``: who signs in to the Space; ``public``:
            everybody, within tight limits.
        users: names on the hub that ``space`` lets in; everybody who signs in when empty.
        hosts: names that the server goes by; any when empty, except that ``open`` goes by this machine's only.
        trusted_proxies: addresses and networks that may say whom a request really comes from.
        on_space: whether this runs as a Space.
        limits: bounds on what is opened.
        stop_seconds: how long a stopping server waits for what runs to come to a good place.
        webhook_url, webhook_secret: where ended jobs are told to, and what that is signed with.
        log: how the log is written.
        mcp: whether assistants find the operations as tools at ``/mcp``.
        consent: whether everybody has to state that they have the right to the faces, or starting a job says so.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    data: Path = ROOT / ".cache" / "studio"
    root_path: str = ""
    upload_bytes: int = 1024 * MEGABYTE
    json_bytes: int = 8 * MEGABYTE
    waiting: int = 20
    waiting_each: int = 10
    workers: int = 0
    keep_seconds: float = 24 * 3600.0
    segment_seconds: float = SEGMENT_SECONDS
    least_disk_bytes: int = 512 * MEGABYTE
    jobs_each_minute: int = 30
    uploads_each_minute: int = 120
    looks_each_minute: int = 1200
    previews_each_minute: int = 600
    live_each_minute: int = 30
    live_visitors: int = 2
    live_record_seconds: float = 300.0
    metrics_token: str = ""
    access: Access = "open"
    users: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    on_space: bool = False
    limits: MediaLimits = MediaLimits()
    stop_seconds: float = 20.0
    webhook_url: str = ""
    webhook_secret: str = ""
    log: LogForm = "text"
    mcp: bool = False
    consent: Rule = "implied"

    def knows_host(self, host: str) -> bool:
        """Whether the server goes by this name. An ``open`` one does not go by just any: a page of another site could
        point a name of its own at this machine."""
        if self.hosts or self.access == "open":
            return host in self.hosts or is_loopback(host)
        return True

    def lets_in(self, user: str) -> bool:
        """Whether somebody who signed in may use the studio."""
        return not self.users or user.lower() in self.users

    @property
    def path_prefix(self) -> str:
        """The path part of `root_path`, without a slash at its end."""
        return urlsplit(self.root_path).path.rstrip("/")

    @property
    def uploads(self) -> Path:
        return self.data / "uploads"

    @property
    def spool(self) -> Path:
        """Bodies of requests while they come in."""
        return self.data / "spool"

    @property
    def results(self) -> Path:
        return self.data / "results"

    @property
    def jobs(self) -> Path:
        """What jobs keep to themselves; no request may name a file of it, and nothing of it is served."""
        return self.data / "jobs"

    @property
    def presets(self) -> Path:
        return self.data / "presets"

    @property
    def examples(self) -> Path:
        return self.data / "examples"

    @property
    def readable(self) -> tuple[Path, ...]:
        """Folders that a request may name files of. All of them can be fetched by whoever knows a file's name."""
        return self.uploads, self.results, self.examples


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
        upload_bytes=_number("RECAST_MAX_UPLOAD_MB", default.upload_bytes // MEGABYTE) * MEGABYTE,
        waiting=_number("RECAST_QUEUE", default.waiting),
        waiting_each=_number("RECAST_QUEUE_EACH", default.waiting_each),
        workers=_number("RECAST_WORKERS", default.workers, least=0),
        keep_seconds=_number("RECAST_KEEP_HOURS", default.keep_seconds / 3600) * 3600,
        least_disk_bytes=_number("RECAST_LEAST_DISK_MB", default.least_disk_bytes // MEGABYTE, least=0) * MEGABYTE,
        jobs_each_minute=_number("RECAST_JOBS_EACH_MINUTE", default.jobs_each_minute),
        uploads_each_minute=_number("RECAST_UPLOADS_EACH_MINUTE", default.uploads_each_minute),
        looks_each_minute=_number("RECAST_LOOKS_EACH_MINUTE", default.looks_each_minute),
        previews_each_minute=_number("RECAST_PREVIEWS_EACH_MINUTE", default.previews_each_minute),
        live_each_minute=_number("RECAST_LIVE_EACH_MINUTE", default.live_each_minute),
        live_visitors=_number("RECAST_LIVE_VISITORS", default.live_visitors, least=0),
        live_record_seconds=_number("RECAST_LIVE_RECORD_SECONDS", default.live_record_seconds),
        metrics_token=_secret("RECAST_METRICS_TOKEN"),
        segment_seconds=_number("RECAST_SEGMENT_SECONDS", default.segment_seconds),
        access=access,
        users=tuple(name.lower() for name in _listed("RECAST_USERS")),
        hosts=_listed("RECAST_HOSTS"),
        trusted_proxies=_listed("RECAST_TRUSTED_PROXIES") or (_PRIVATE if on_space else ()),
        on_space=on_space,
        limits=_limits(default.limits),
        stop_seconds=_number("RECAST_STOP_SECONDS", default.stop_seconds),
        webhook_url=environment.get("RECAST_WEBHOOK_URL") or "",
        webhook_secret=_secret("RECAST_WEBHOOK_SECRET"),
        log=_one_of("RECAST_LOG", ("text", "json"), default.log),
        mcp=bool(_number("RECAST_MCP", int(default.mcp), least=0)),
        # On one's own machine whoever starts a job is the operator; of others it has to be known.
        consent=_consent("implied" if access == "open" else "required"),
    )
    if settings.webhook_url and urlsplit(settings.webhook_url).scheme not in ("http", "https"):
        raise ValueError("RECAST_WEBHOOK_URL has to be an http or https address.")
    if settings.webhook_url and not settings.webhook_secret:
        raise ValueError("RECAST_WEBHOOK_URL needs RECAST_WEBHOOK_SECRET, which calls are signed with.")
    return settings


def data_folder(given: Path | None) -> Path:
    """The folder of everything the server writes: the flag's, the environment's, or the default.

    What the pipeline keeps for good (credentials, lists of identities) goes by the variable. A flag therefore sets it,
    for this process and those that it starts.
    """
    if given is not None:
        os.environ["RECAST_DATA"] = str(given.resolve())
    return Path(os.environ.get("RECAST_DATA") or Settings.data).resolve()


def require_writable(data: Path) -> None:
    """Make the folder of everything the server writes, where it is missing.

    Raises:
        ValueError: nothing can be written there.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        raise ValueError(
            f"The data folder {data} cannot be written to: {error.strerror}. Name another with --data or RECAST_DATA."
        ) from error


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    """The flag of commands about a studio whose data folder is another than the environment says."""
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="the studio's data folder, as given to the server")


def keys_file(data: Path) -> Path:
    """Where the keys of a data folder are."""
    return data / "keys.sqlite3"


def is_loopback(host: str) -> bool:
    """Whether a host, by name or address, is this machine and no other."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def segment_seconds() -> float:
    """Seconds of a segment, for the command line: the same as the studio's, so that both give the same pixels."""
    return _number("RECAST_SEGMENT_SECONDS", SEGMENT_SECONDS)


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
    values["pixels"] = round(_number("RECAST_MAX_MEGAPIXELS", default.pixels / PIXELS) * PIXELS)
    values["seconds"] = _number("RECAST_MAX_SECONDS", default.seconds)
    values["frames"] = _number("RECAST_MAX_FRAMES", default.frames)
    return MediaLimits(**values)


def _consent(default: Rule) -> Rule:
    try:
        return rule_from(default)
    except OptionError as error:
        raise ValueError(str(error)) from error


def _secret(name: str) -> str:
    """An environment variable, or the file that the one with ``_FILE`` names, as container hosts hand secrets over."""
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return os.environ.get(name, "")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"{name}_FILE names a file that cannot be read.") from error


def _listed(name: str) -> tuple[str, ...]:
    """An environment variable as its parts between commas."""
    return tuple(part.strip() for part in os.environ.get(name, "").split(",") if part.strip())


def _one_of(name: str, choices: tuple[LogForm, ...], default: LogForm) -> LogForm:
    text = os.environ.get(name) or default
    for choice in choices:
        if text == choice:
            return choice
    raise ValueError(f"{name} has to be one of {', '.join(choices)}, and is {text!r}.")


def _number(name: str, default: Number, least: float | None = None) -> Number:
    """An environment variable as a number of the default's type: positive, or from `least` on."""
    text = os.environ.get(name)
    if not text:
        return default
    try:
        number = type(default)(text)
    except ValueError:
        raise ValueError(f"{name} has to be a number, and is {text!r}.") from None
    if not ((number > 0 if least is None else number >= least) and number < 1e12):
        kind = "a positive number" if least is None else f"a number from {least}"
        raise ValueError(f"{name} has to be {kind}, and is {text!r}.")
    return number
