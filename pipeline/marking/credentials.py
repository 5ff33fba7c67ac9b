"""What results are signed with: the operator's certificate, or one that this installation made for itself.

The installation's chain is an ES256 certificate under a root of its own (the profile of C2PA's section on
certificates). The root's private key signs that one certificate and is forgotten, so nothing else can ever be signed
with it.
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
from typing import TYPE_CHECKING, Literal

from pipeline.errors import MarkingError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

log = logging.getLogger(__name__)

Algorithm = Literal["es256", "es384", "es512", "ps256", "ed25519"]
Origin = Literal["installation", "operator"]

_FOLDER, _CERTIFICATE, _KEY, _URL = "RECAST_CREDENTIALS", "RECAST_SIGN_CERT", "RECAST_SIGN_KEY", "RECAST_SIGN_URL"
_TIME_STAMPS, _ANCHORS = "RECAST_SIGN_TSA", "RECAST_TRUST_ANCHORS"
_YEARS = 10
_SECRET = 32


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
    own = _kept(folder(environment))
    trusted = own.anchors + _further(environment)
    stamps = environment.get(_TIME_STAMPS, "")
    chain, url = _pem(environment, _CERTIFICATE), environment.get(_URL, "")
    key = _pem(environment, _KEY)
    if not (chain or key or url):
        return Credentials(own.chain, own.key, own.algorithm, "installation", trusted, own.secret, "", stamps,
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
    return _kept(folder(environment)).anchors + _further(environment)


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


def checked(chain: str, key: str) -> Algorithm:
    """The algorithm that certificate and key sign with.

    Raises:
        MarkingError: one of them cannot be read, the certificate is not valid now, or they do not belong together.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    try:
        certificate = x509.load_pem_x509_certificates(chain.encode())[0]
    except (ValueError, IndexError) as error:
        raise MarkingError("The signing certificate cannot be read; PEM is wanted, the signer's own first.") from error
    now = datetime.now(UTC)
    if certificate.not_valid_after_utc <= now:
        raise MarkingError(f"The signing certificate expired on {certificate.not_valid_after_utc:%d %B %Y}.")
    if certificate.not_valid_before_utc > now:
        raise MarkingError(f"The signing certificate is not valid before {certificate.not_valid_before_utc:%d %B %Y}.")
    _require_signing(certificate)
    algorithm = _algorithm(certificate.public_key())
    if key:
        try:
            private = serialization.load_pem_private_key(key.encode(), None)
        except (ValueError, TypeError) as error:
            raise MarkingError("The signing key cannot be read; PEM without a password is wanted.") from error
        form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        if private.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
            raise MarkingError("The signing key does not belong to the signing certificate.")
    return algorithm


def _require_signing(certificate: x509.Certificate) -> None:
    from cryptography import x509

    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound as error:
        raise MarkingError(
            "The signing certificate does not say what it is for; C2PA wants key usage and extended key usage in it."
        ) from error
    if not usage.digital_signature or not list(purposes):
        raise MarkingError("The signing certificate is not one for digital signatures.")


def _algorithm(public: CertificatePublicKeyTypes) -> Algorithm:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(public, ec.EllipticCurvePublicKey):
        curves: dict[str, Algorithm] = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
        if public.curve.name in curves:
            return curves[public.curve.name]
    if isinstance(public, rsa.RSAPublicKey):
        return "ps256"
    if isinstance(public, ed25519.Ed25519PublicKey):
        return "ed25519"
    raise MarkingError("The signing certificate has a kind of key that C2PA does not allow.")


def _pem(environment: Mapping[str, str], name: str) -> str:
    """A variable's PEM: itself, or the file it names."""
    value = environment.get(name, "").strip()
    if not value or value.startswith("-----BEGIN"):
        return value.replace("\\n", "\n")
    try:
        return Path(value).read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise MarkingError(f"The file that {name} names cannot be read.") from error


def _kept(place: Path) -> Credentials:
    """The installation's own credentials, made where there are none, or no valid ones."""
    try:
        found = _load(place)
        if found is None:
            _keep(place, _made())
            found = _load(place)
    except ValueError as error:
        raise MarkingError(
            "The signing credentials of this installation are damaged; the operator has to restore or remove them."
        ) from error
    except OSError:
        log.warning("credentials could not be kept; these last until the process ends", exc_info=True)
        found = None
    if found is not None:
        return found
    return _credentials(_made(), lasting=False)


def _load(place: Path) -> Credentials | None:
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
        return _credentials(renewed)
    return _credentials(parts)


def _credentials(parts: Mapping[str, str], lasting: bool = True) -> Credentials:
    secret = bytes.fromhex(parts["secret"])
    return Credentials(
        parts["chain.pem"], parts["key.pem"], "es256", "installation", parts["anchors.pem"], secret, lasting=lasting
    )


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
