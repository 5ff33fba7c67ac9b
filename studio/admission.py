"""Who may have a job done, and how many: what is asked of every job before it is one."""

from __future__ import annotations

import shutil
import time

from studio.consent import Consent, given, holds
from studio.jobs.estimate import about, place_behind
from studio.jobs.job import Busy, Kind, TooMany, fingerprint
from studio.jobs.store import Store
from studio.rates import Rates
from studio.settings import Settings


class Admission:
    """What the operator's settings say of jobs that are to come, and of those that wait already."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings, self._store = settings, store
        self._rates = Rates({"jobs": settings.jobs_each_minute, "previews": settings.previews_each_minute})

    def consent(self, owner: str, stated: bool = False) -> Consent:
        """What an owner's next job is carried out on; what is `stated` now is remembered.

        Raises:
            ConsentMissing: the operator wants a statement, and there is none.
        """
        whose = fingerprint(owner)
        consent = given(self._settings.consent, stated, self._store.consent(whose), time.time())
        if stated:
            self._store.note_consent(whose, consent)
        return consent

    def has_consented(self, owner: str) -> bool:
        """Whether an owner has stated it before."""
        return holds(self._store.consent(fingerprint(owner)), time.time())

    def admit(self, owner: str, client: str = "", many: int = 1) -> None:
        """Refuse work that would wait too long, with how long that is, or that there is no room for.

        Args:
            many: jobs that are to be let in together.

        Raises:
            Busy: it should be tried again later.
        """
        if shutil.disk_usage(self._settings.data).free < self._settings.least_disk_bytes:
            raise Busy("The server's disk is nearly full. Please try again later.", 600)
        mine = self._store.count("queued", **({"client": client} if client else {"owner": fingerprint(owner)}))
        waiting = self._store.count("queued")
        room = max(0, min(self._settings.waiting_each - mine, self._settings.waiting - waiting))
        if many > 1 and room and many > room:
            raise Busy(f"These are {many} jobs, and only {room} more of yours may wait. Send fewer at once.")
        if waiting + many > self._settings.waiting:
            place = place_behind(self._store, long=True)
            raise Busy(
                f"The studio is busy: yours would be position {place.ahead + 1}, {about(place.seconds)} from now. "
                "Please try again later.",
                max(10, min(place.seconds // 2, 900)),
            )
        if mine >= self._settings.waiting_each:
            raise Busy(f"{mine} of your jobs are waiting already. Let one of them finish first.")

    def pace(self, client: str, kind: Kind | None) -> None:
        """Whatever way jobs come: so many a minute of each client that limits count for.

        Raises:
            TooMany: the client has sent too many of late.
        """
        wait = self._rates.take(client, "previews" if kind in ("preview", "people") else "jobs") if client else 0
        if wait:
            raise TooMany(wait)
