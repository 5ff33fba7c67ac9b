"""The token that jobs are kept under: whoever sends it is their owner."""

from __future__ import annotations

import secrets
from typing import Annotated, TypeGuard

from fastapi import Header

from pipeline.errors import InputError
from studio.access.caller import Caller

TOKEN = "X-Recast-Token"
SHORTEST, LONGEST = 32, 200
"""Characters of a token: fewer could be guessed."""
OwnersToken = Annotated[str, Header(alias=TOKEN, min_length=SHORTEST, max_length=LONGEST)]
"""The header that the page's own routes go by."""


class BadToken(InputError):
    """A token that is too short to keep others out, or longer than any needs to be."""

    code = "bad_token"
    sentence = f"A token has to have {SHORTEST} to {LONGEST} characters."


def is_token(given: object) -> TypeGuard[str]:
    """Whether something that was sent can be a token."""
    return isinstance(given, str) and SHORTEST <= len(given) <= LONGEST


def owner_for(token: str | None, caller: Caller) -> str:
    """Whom a new job belongs to: the owner of `token`, else whoever sends it, else somebody new.

    Raises:
        BadToken: the token is none.
    """
    if token and not is_token(token):
        raise BadToken()
    return token or caller.owner or secrets.token_urlsafe(SHORTEST)
