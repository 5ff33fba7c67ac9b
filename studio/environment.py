"""Variables of the environment, as text, lists, numbers and secrets."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

Number = TypeVar("Number", int, float)
Choice = TypeVar("Choice", bound=str)


_OWN = (
    "ACCEPT_LICENCES", "ACCESS", "CONSENT", "CREDENTIALS", "DATA", "GATE", "HOME", "HOSTS", "JOBS_EACH_MINUTE",
    "KEEP_HOURS", "LABEL", "LABEL_CORNER", "LABEL_LANGUAGE", "LABEL_SIZE", "LEAST_DISK_MB", "LIVE_EACH_MINUTE",
    "LIVE_RECORD_SECONDS", "LIVE_VISITORS", "LOG", "LOOKS_EACH_MINUTE", "MARKING", "MAX_FRAMES", "MAX_MEGAPIXELS",
    "MAX_SECONDS", "MAX_UPLOAD_MB", "MCP", "METRICS_TOKEN", "METRICS_TOKEN_FILE", "MODELS", "PREVIEWS_EACH_MINUTE",
    "PROCESSES", "QUEUE", "QUEUE_EACH", "SEGMENT_SECONDS", "SIGN_CERT", "SIGN_IN_RETURN", "SIGN_KEY", "SIGN_TSA",
    "SIGN_URL", "SOURCES", "STOP_SECONDS", "THREADS", "TRUSTED_PROXIES", "TRUST_ANCHORS", "UPLOADS_EACH_MINUTE",
    "USERS", "WEBHOOK_SECRET", "WEBHOOK_SECRET_FILE", "WEBHOOK_URL", "WORKERS",
)  # fmt: skip
NAMES = tuple(f"RECAST_{name}" for name in _OWN)
"""Every variable of Recast's own."""
_ALIKE = 0.88
"""How like a known name another one has to be; what Kubernetes sets for a service called recast is not."""


def misspelt() -> list[str]:
    """Sentences on variables that have no effect for a slip in their name, such as ``RECAST_KEEP_HOUR``."""
    found = []
    for name in sorted(os.environ):
        meant = get_close_matches(name, NAMES, 1, _ALIKE) if name.startswith("RECAST") and name not in NAMES else []
        found += [f"{name} is no setting and has no effect. {one} is perhaps meant." for one in meant]
    return found


def secret(name: str) -> str:
    """An environment variable, or the file that the one with ``_FILE`` names, as container hosts hand secrets over."""
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return os.environ.get(name, "")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"{name}_FILE names a file that cannot be read.") from error


def listed(name: str) -> tuple[str, ...]:
    """An environment variable as its parts between commas."""
    return tuple(part.strip() for part in os.environ.get(name, "").split(",") if part.strip())


def one_of(name: str, choices: tuple[Choice, ...], default: Choice) -> Choice:
    """An environment variable that is one of `choices`.

    Raises:
        ValueError: it is another.
    """
    text = os.environ.get(name) or default
    for choice in choices:
        if text == choice:
            return choice
    raise ValueError(f"{name} has to be one of {', '.join(choices)}, and is {text!r}.")


def number(name: str, default: Number, least: float | None = None) -> Number:
    """An environment variable as a number of the default's type: positive, or from `least` on."""
    text = os.environ.get(name)
    if not text:
        return default
    try:
        found = type(default)(text)
    except ValueError:
        raise ValueError(f"{name} has to be a number, and is {text!r}.") from None
    if not ((found > 0 if least is None else found >= least) and found < 1e12):
        kind = "a positive number" if least is None else f"a number from {least}"
        raise ValueError(f"{name} has to be {kind}, and is {text!r}.")
    return found
