"""Requests that are not let through, and what they are answered."""

from __future__ import annotations

import uuid

from starlette.responses import JSONResponse

from studio.tracing import request_id


class Refused(Exception):
    """The request is not let through; `str` of it may be shown.

    Attributes:
        status, code: what the answer says.
        headers: further ones of the answer.
    """

    def __init__(
        self, status: int, code: str, sentence: str, wait: int = 0, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.headers = {**(headers or {}), **({"Retry-After": str(wait)} if wait else {})}


def refusal(refused: Refused) -> JSONResponse:
    """The answer to a refused request. Gradio's clients read `detail`."""
    name = request_id() or uuid.uuid4().hex
    body = {"error": str(refused), "code": refused.code, "detail": str(refused), "request_id": name}
    return JSONResponse(body, refused.status, {**refused.headers, "X-Request-Id": name})
