"""The operator's list of identities: faces that may be nobody's source or target, and faces that alone may be a source.

Of a face its SFace embedding is kept and no picture. The list is one file, encrypted and authenticated with AES-GCM
under a key that is derived (HKDF) from the installation's secret, so that a copy of the file tells nobody whose faces
are on it. Faces are compared on this machine.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError, PolicyUnusable
from pipeline.types import FloatArray

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Listing = Literal["blocked", "allowed"]
LISTINGS: tuple[Listing, ...] = get_args(Listing)
NAME = "identities"
"""Of the file, beside the installation's credentials."""
_FORM = b"recast identities 1\n"
_NONCE = 12
_TRIES = 5


class ListUnreadable(PolicyUnusable):
    code = "identities_unreadable"
    sentence = (
        "The operator's list of identities cannot be read, so this server carries out nothing. Its operator has to put "
        "back the installation's secret that it was written with, or remove the list."
    )


@dataclass(frozen=True, eq=False)
class Listed:
    """One identity on the list.

    Attributes:
        id: eight hexadecimal digits.
        name: what the operator calls it.
        at: when it was listed, seconds since 1970.
        embeddings: ``(n, 128)`` float32, L2-normalised; one for each photo.
    """

    id: str
    name: str
    listing: Listing
    at: float
    embeddings: FloatArray

    def likeness(self, embedding: FloatArray) -> float:
        """The greatest cosine between ``(128,)`` and a photo's."""
        return float((self.embeddings @ embedding).max())


class Listings:
    """The list in its file. May be shared by threads; what another process changes is seen by the next call.

    Args:
        path: the file; there need be none, which is an empty list.
        secret: the installation's; asked for only where there is something to read or write.
    """

    def __init__(self, path: Path, secret: Callable[[], bytes]) -> None:
        self.path = path
        self._secret = secret
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._known: tuple[Listed, ...] = ()

    def all(self) -> tuple[Listed, ...]:
        """Everybody on it, in the order they were added.

        Raises:
            ListUnreadable: there is a list that this installation's secret does not open.
        """
        with self._lock:
            stamp = self._look()
            if stamp != self._stamp:
                self._known = self._read() if stamp is not None else ()
                self._stamp = stamp
            return self._known

    def add(self, name: str, embeddings: Sequence[FloatArray], listing: Listing = "blocked") -> Listed:
        """Put an identity on the list.

        Args:
            embeddings: ``(128,)`` each, of at least one photo.

        Raises:
            InputError: the name is empty, too long, or another's already.
            ListUnreadable: see `all`.
        """
        name = name.strip()
        if not name or len(name) > 100 or not name.isprintable():
            raise InputError("An identity needs a name of at most 100 characters.")
        fresh = Listed(secrets.token_hex(4), name, listing, time.time(), np.stack(list(embeddings)).astype(np.float32))

        def added(known: tuple[Listed, ...]) -> tuple[Listed, ...]:
            if any(one.name == name for one in known):
                raise InputError(f"There is an identity called {name!r} already.")
            return (*known, fresh)

        self._change(added)
        return fresh

    def remove(self, which: str) -> Listed:
        """Take an identity off the list, by its id or its name.

        Raises:
            InputError: there is none.
            ListUnreadable: see `all`.
        """
        found = next((one for one in self.all() if which in (one.id, one.name)), None)
        if found is None:
            raise InputError(f"There is no identity {which!r} on the list.")
        self._change(lambda known: tuple(one for one in known if one.id != found.id))
        return found

    def _change(self, change: Callable[[tuple[Listed, ...]], tuple[Listed, ...]]) -> None:
        """Write the list anew, whole or not at all; where another process was faster, on top of what it wrote."""
        for _ in range(_TRIES):
            before = self._look()
            after = change(self.all())
            fresh = self.path.with_name(f".{self.path.name}.{secrets.token_hex(6)}")
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(self._sealed(after))
                    file.flush()
                    os.fsync(file.fileno())
                if self._look() == before:
                    os.replace(fresh, self.path)
                    return
            finally:
                fresh.unlink(missing_ok=True)
        raise InputError("The list is being changed by others. Please try again.")

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ListUnreadable() from error
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _read(self) -> tuple[Listed, ...]:
        from cryptography.exceptions import InvalidTag

        try:
            data = self.path.read_bytes()
            if not data.startswith(_FORM):
                raise ValueError("it is of another form")
            nonce, rest = data[len(_FORM) :][:_NONCE], data[len(_FORM) + _NONCE :]
            rows = json.loads(self._cipher().decrypt(nonce, rest, _FORM))
            return tuple(_listed(row) for row in rows)
        except (OSError, ValueError, KeyError, TypeError, InvalidTag, binascii.Error) as error:
            raise ListUnreadable() from error

    def _sealed(self, known: Iterable[Listed]) -> bytes:
        rows = [
            {
                "id": one.id, "name": one.name, "listing": one.listing, "at": one.at,
                "embeddings": base64.b64encode(one.embeddings.astype("<f4").tobytes()).decode("ascii"),
            }
            for one in known
        ]  # fmt: skip
        nonce = secrets.token_bytes(_NONCE)
        return _FORM + nonce + self._cipher().encrypt(nonce, json.dumps(rows).encode(), _FORM)

    def _cipher(self) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return AESGCM(HKDF(SHA256(), 32, None, _FORM).derive(self._secret()))


def _listed(row: dict[str, str | float]) -> Listed:
    values: NDArray[np.float32] = np.frombuffer(base64.b64decode(str(row["embeddings"])), "<f4").reshape(-1, 128)
    listing = next(one for one in LISTINGS if one == row["listing"])
    return Listed(str(row["id"]), str(row["name"]), listing, float(row["at"]), values.astype(np.float32))
