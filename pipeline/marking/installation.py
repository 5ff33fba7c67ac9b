"""What an installation signs with where its operator has no certificate: a chain that it made for itself.

It is an ES256 certificate under a root of its own (the profile of C2PA's section on certificates). The root's private
key signs that one certificate and is forgotten, so nothing else can ever be signed with it.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.errors import MarkingError
from pipeline.marking.certificate import checked

log = logging.getLogger(__name__)

_YEARS = 10
_SECRET = 32


@dataclass(frozen=True, repr=False)
class Own:
    """An installation's own signing identity. Its ``repr`` is the default one: a key is never written to a log.

    Attributes:
        chain: PEM, the signing certificate first, its root after it.
        key: PEM (PKCS 8) of its private key.
        anchors: PEM of the roots that it has had, the newest first.
        secret: known to this installation only.
        lasting: whether another process of this installation will have the same.
    """

    chain: str
    key: str
    anchors: str
    secret: bytes
    lasting: bool = True


def kept(place: Path) -> Own:
    """What is kept in a folder, made where there is nothing, or nothing valid.

    Raises:
        MarkingError: it is damaged.
    """
    try:
        found = _load(place)
        if found is None:
            _keep(place, _made())
            found = _load(place)
    except ValueError as error:
        raise MarkingError(
            "The signing credentials of this installation are damaged; the operator has to restore or remove them."
        ) from error
    except OSError as error:
        log.warning("credentials could not be kept, and last until the process ends: %s", error)
        found = None
    if found is not None:
        return found
    return _own(_made(), lasting=False)


def _load(place: Path) -> Own | None:
    try:
        parts = {name: (place / name).read_text(encoding="ascii") for name in ("chain.pem", "key.pem", "anchors.pem")}
        parts["secret"] = (place / "secret").read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    for name in ("key.pem", "secret"):
        if (place / name).stat().st_mode & 0o077:
            log.warning("%s was readable for others; that is mended now", name)
            (place / name).chmod(0o600)
    try:
        checked(parts["chain.pem"], parts["key.pem"])
    except MarkingError as error:
        log.warning("the installation's certificate is replaced: %s", error)
        renewed = _made()
        renewed["anchors.pem"] += parts["anchors.pem"]
        renewed["secret"] = parts["secret"]
        _keep(place, renewed)
        return _own(renewed)
    return _own(parts)


def _own(parts: Mapping[str, str], lasting: bool = True) -> Own:
    secret = bytes.fromhex(parts["secret"])
    return Own(parts["chain.pem"], parts["key.pem"], parts["anchors.pem"], secret, lasting)


def _keep(place: Path, parts: Mapping[str, str]) -> None:
    """Write the folder whole or not at all; where another process was first, theirs is left."""
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f".{place.name}.{secrets.token_hex(6)}")
    fresh.mkdir(mode=0o700)
    try:
        for name, text in parts.items():
            mode = 0o644 if name in ("chain.pem", "anchors.pem") else 0o600
            handle = os.open(fresh / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(text)
        if place.exists() and not _whole(place):
            place.rename(place.with_name(f"{place.name}.before-{secrets.token_hex(4)}"))
        with suppress(FileExistsError, OSError):
            fresh.rename(place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _whole(place: Path) -> bool:
    try:
        chain, key = (place / "chain.pem").read_text("ascii"), (place / "key.pem").read_text("ascii")
        checked(chain, key)
        return (place / "secret").exists() and (place / "anchors.pem").exists()
    except (OSError, ValueError, MarkingError):
        return False


def _made() -> dict[str, str]:
    """A new chain, its key and a secret, by file name."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(what: str) -> x509.Name:
        return x509.Name([
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Recast"), x509.NameAttribute(NameOID.COMMON_NAME, what),
        ])  # fmt: skip

    def usage(signs: bool) -> x509.KeyUsage:
        return x509.KeyUsage(
            digital_signature=signs, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=not signs, crl_sign=not signs, encipher_only=False, decipher_only=False,
        )  # fmt: skip

    begin = datetime.now(UTC) - timedelta(minutes=5)
    mark = secrets.token_hex(4)
    issuer, subject = name(f"Installation {mark} root"), name(f"Installation {mark}")
    root_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    base = x509.CertificateBuilder().issuer_name(issuer).not_valid_before(begin)
    root = (
        base.subject_name(issuer).public_key(root_key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_after(begin + timedelta(days=366 * _YEARS))
        .add_extension(x509.BasicConstraints(True, 0), True).add_extension(usage(False), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), False)
        .sign(root_key, hashes.SHA256())
    )  # fmt: skip
    leaf = (
        base.subject_name(subject).public_key(leaf_key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_after(begin + timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(False, None), True).add_extension(usage(True), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(leaf_key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False)
        .sign(root_key, hashes.SHA256())
    )  # fmt: skip
    form = serialization.Encoding.PEM
    root_pem = root.public_bytes(form).decode("ascii")
    return {
        "chain.pem": leaf.public_bytes(form).decode("ascii") + root_pem,
        "key.pem": leaf_key.private_bytes(
            form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode("ascii"),
        "anchors.pem": root_pem,
        "secret": secrets.token_hex(_SECRET),
    }  # fmt: skip
