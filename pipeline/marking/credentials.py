"""What results are signed with: the operator's certificate, or one that this installation made for itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.errors import MarkingError
from pipeline.marking.certificate import Algorithm, checked
from pipeline.marking.installation import kept

Origin = Literal["installation", "operator"]

_FOLDER, _CERTIFICATE, _KEY, _URL = "RECAST_CREDENTIALS", "RECAST_SIGN_CERT", "RECAST_SIGN_KEY", "RECAST_SIGN_URL"
_TIME_STAMPS, _ANCHORS = "RECAST_SIGN_TSA", "RECAST_TRUST_ANCHORS"


@dataclass(frozen=True, repr=False)
class Credentials:
    """A signing identity. Its ``repr`` is the default one on purpose: a key is never written to a log.

    Attributes:
        chain: PEM, the signing certificate first, each issuer after it.
        key: PEM (PKCS 8) of its private key; empty where a remote signer holds it.
        algorithm: of the signature.
        origin: whose certificate it is.
        anchors: PEM of the roots that count as trusted when a file is checked.
        secret: known to this installation only; job fingerprints are keyed with it.
        signer_url: where bytes to be signed are sent; empty to sign with `key`.
        time_stamp_url: an RFC 3161 authority, empty for none.
        lasting: whether another process of this installation will have the same.
    """

    chain: str
    key: str
    algorithm: Algorithm
    origin: Origin
    anchors: str
    secret: bytes
    signer_url: str = ""
    time_stamp_url: str = ""
    lasting: bool = True


def credentials(environment: Mapping[str, str] = os.environ) -> Credentials:
    """What the operator set in the environment, over what the installation has (and makes, the first time).

    ``RECAST_SIGN_CERT`` and ``RECAST_SIGN_KEY`` are PEM text or files; ``RECAST_SIGN_URL`` is a remote signer instead
    of the key; ``RECAST_SIGN_TSA`` a time stamp authority; ``RECAST_TRUST_ANCHORS`` a file of further roots;
    ``RECAST_CREDENTIALS`` the folder of the installation's own.

    Raises:
        MarkingError: the operator's certificate or key cannot be used; the sentence says why.
    """
    own = kept(folder(environment))
    trusted = own.anchors + _further(environment)
    stamps = environment.get(_TIME_STAMPS, "")
    chain, url = _pem(environment, _CERTIFICATE), environment.get(_URL, "")
    key = _pem(environment, _KEY)
    if not (chain or key or url):
        return Credentials(own.chain, own.key, "es256", "installation", trusted, own.secret, "", stamps,
                           own.lasting)  # fmt: skip
    if not chain:
        raise MarkingError(f"A signing key is set, and no certificate: set {_CERTIFICATE} too.")
    if not key and not url:
        raise MarkingError(f"A signing certificate is set, and neither {_KEY} nor {_URL}.")
    algorithm = checked(chain, "" if url else key)
    return Credentials(chain, "" if url else key, algorithm, "operator", trusted, own.secret, url, stamps, own.lasting)


def operators(environment: Mapping[str, str]) -> bool:
    """Whether an operator has set credentials in this environment, or a part of them."""
    return any(environment.get(name) for name in (_CERTIFICATE, _KEY, _URL))


def anchors(environment: Mapping[str, str] = os.environ) -> str:
    """PEM of the roots that are trusted when a file is checked. The operator's own certificate is not looked at, so
    files can be checked when it has expired.

    Raises:
        MarkingError: ``RECAST_TRUST_ANCHORS`` holds no certificates.
    """
    return kept(folder(environment)).anchors + _further(environment)


def _further(environment: Mapping[str, str]) -> str:
    from cryptography import x509

    text = _pem(environment, _ANCHORS)
    try:
        if text:
            x509.load_pem_x509_certificates(text.encode())
    except ValueError as error:
        raise MarkingError(f"{_ANCHORS} holds no certificates that can be read; PEM is wanted.") from error
    return text


def folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the installation's own credentials are kept."""
    if environment.get(_FOLDER):
        return Path(environment[_FOLDER])
    if environment.get("RECAST_DATA"):
        return Path(environment["RECAST_DATA"]) / "credentials"
    home = environment.get("XDG_DATA_HOME") or str(Path("~/.local/share").expanduser())
    return Path(home) / "recast" / "credentials"


def _pem(environment: Mapping[str, str], name: str) -> str:
    """A variable's PEM: itself, or the file it names."""
    value = environment.get(name, "").strip()
    if not value or value.startswith("-----BEGIN"):
        return value.replace("\\n", "\n")
    try:
        return Path(value).read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise MarkingError(f"The file that {name} names cannot be read.") from error
