"""The certificate that results are signed with: whether it can be used, and how it signs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pipeline.errors import MarkingError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

Algorithm = Literal["es256", "es384", "es512", "ps256", "ed25519"]


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
