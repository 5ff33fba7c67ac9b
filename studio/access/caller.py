"""Who makes a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

CallerKind = Literal["anyone", "key", "user"]


@dataclass(frozen=True)
class Caller:
    """Whoever makes a request.

    Attributes:
        kind: nobody in particular, the holder of a key, or somebody who signed in.
        owner: the token of everything that this caller owns by itself; empty where only tokens of their own lead
            to jobs. Nobody outside knows it.
        client: whom limits count for; says nothing about a person.
    """

    kind: CallerKind = "anyone"
    owner: str = ""
    client: str = ""


def caller_of(request: Any) -> Caller:
    """The caller that the gate has noted in a request, be it Starlette's or Gradio's around it."""
    scope = getattr(getattr(request, "request", request), "scope", {})
    found = (scope.get("state") or {}).get("caller")
    return found if isinstance(found, Caller) else Caller()
