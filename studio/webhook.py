"""Telling the operator's own address of jobs that have ended, signed as Standard Webhooks lays down.

Only the operator says where: nothing in a request can make the server call anybody. What is to be told is kept with the
jobs, so that no crash loses it, and is tried again for some hours.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
import threading
import time

import httpx

from studio.jobs.job import Job, JobUnknown
from studio.jobs.status import status_data
from studio.jobs.store import Store
from studio.tracing import in_job

log = logging.getLogger(__name__)

DELAYS = (5.0, 30.0, 120.0, 600.0, 3600.0, 6 * 3600.0)
"""Seconds until the next try, after each that failed."""
_NAP, _TIMEOUT = 1.0, 10.0
_GONE = 410


def signature(secret: str, name: str, stamp: int, body: bytes) -> str:
    """``webhook-signature`` of a call: HMAC-SHA256 over id, time and body.

    Source: Standard Webhooks, https://www.standardwebhooks.com. A secret ``whsec_…`` is base64, any other plain.
    """
    key = secret.encode()
    if secret.startswith("whsec_"):
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error as error:
            raise ValueError("RECAST_WEBHOOK_SECRET begins with whsec_ and is not base64 after it.") from error
    signed = hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(signed).decode()


def is_address(given: str) -> bool:
    """Whether calls can go there: http or https, and a host that can be looked up."""
    try:
        url = httpx.URL(given)
        url.host.encode("idna")
    except (httpx.InvalidURL, UnicodeError):
        return False
    return url.scheme in ("http", "https") and bool(url.host) and (url.port is None or 0 < url.port < 1 << 16)


class Webhook:
    """A thread that makes the calls. Begin it with `start`; without an address it does nothing.

    Args:
        store: knows which ended jobs are still to be told.
        address, secret: where calls go, and what they are signed with.
    """

    def __init__(self, store: Store, address: str, secret: str) -> None:
        self._store, self._address, self._secret = store, address, secret
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        if address:
            signature(secret, "", 0, b"")
            store.note_ends()

    def start(self) -> None:
        if self._address:
            self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(_TIMEOUT + _NAP)

    def _run(self) -> None:
        with httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client:
            while not self._stop.wait(_NAP):
                try:
                    for name, tries in self._store.due_calls(time.time()):
                        if self._stop.is_set():
                            return
                        with in_job(name):
                            self._tell(client, name, tries)
                except Exception:
                    log.exception("the webhook stumbled")

    def _tell(self, client: httpx.Client, name: str, tries: int) -> None:
        try:
            status = self._call(client, self._store.get(name))
        except JobUnknown:
            self._store.called(name)
            return
        except Exception:
            # Whatever it is, it counts as a try: the other jobs are told, and this one not each second for ever.
            log.exception("the webhook could not be called")
            status = 0
        if 200 <= status < 300:
            self._store.called(name)
        elif status == _GONE or tries >= len(DELAYS):
            log.warning("the webhook was given up for a job", extra={"status": status})
            self._store.called(name)
        else:
            self._store.call_later(name, time.time() + DELAYS[tries])

    def _call(self, client: httpx.Client, job: Job) -> int:
        """The answer's status; 0 where there is none."""
        stamp = int(time.time())
        told = {"type": f"job.{job.state}", "timestamp": stamp, "data": status_data(self._store, job)}
        body = json.dumps(told).encode()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": f"job_{job.id}",
            "webhook-timestamp": str(stamp),
            "webhook-signature": signature(self._secret, f"job_{job.id}", stamp, body),
        }
        try:
            return client.post(self._address, content=body, headers=headers).status_code
        except httpx.HTTPError as error:
            log.info("the webhook could not be reached: %s", type(error).__name__)
            return 0
