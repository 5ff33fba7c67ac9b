"""What an operator decides about the server, and where it keeps things."""

from __future__ import annotations

import argparse
import ipaddress
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from pipeline.segments import SEGMENT_SECONDS
from pipeline.types import MediaLimits
from studio.consent import Rule

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"

MEGABYTE = 1024 * 1024

Access = Literal["open", "keys", "space", "public"]
ACCESSES: tuple[Access, ...] = get_args(Access)
LogForm = Literal["text", "json"]


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


def require_temporary() -> None:
    """Uploads on their way and the pieces of a film lie in the folder for temporary files.

    Raises:
        ValueError: there is none, as in a container whose file system may only be read.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        raise ValueError(
            "No folder for temporary files can be written to. Give it one at /tmp (in a container: --tmpfs /tmp), "
            "or name one in TMPDIR."
        ) from error


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    """The flag of commands about a studio whose data folder is another than the environment says."""
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="the studio's data folder, as given to the server")


def keys_file(data: Path) -> Path:
    """Where the keys of a data folder are."""
    return data / "keys.sqlite3"


def address_file(data: Path) -> Path:
    """Where a server over a data folder says at which address of this machine it listens."""
    return data / "address"


def is_loopback(host: str) -> bool:
    """Whether a host, by name or address, is this machine and no other."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
