"""A time stamp authority (RFC 3161) on this machine: OpenSSL's, behind HTTP."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

OPENSSL = shutil.which("openssl")
_CONFIGURATION = """
[ tsa ]
default_tsa = here
[ here ]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/root.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


@contextmanager
def authority(folder: Path) -> Iterator[tuple[str, str, list[int]]]:
    """Its address, the PEM of its root, and the sizes of what it was asked."""
    assert OPENSSL is not None
    root = _certificates(folder)
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(_CONFIGURATION.format(folder=folder))
    asked: list[int] = []

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(len(query))
            (folder / "query.tsq").write_bytes(query)
            subprocess.run(
                [str(OPENSSL), "ts", "-reply", "-config", folder / "tsa.cnf", "-queryfile", folder / "query.tsq",
                 "-out", folder / "reply.tsr"],
                check=True, capture_output=True, timeout=30,
            )  # fmt: skip
            body = (folder / "reply.tsr").read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", root, asked
    finally:
        server.shutdown()
        server.server_close()


def _certificates(folder: Path) -> str:
    """The authority's certificate and key, under a root of its own, as files; PEM of the root."""

    def name(what: str) -> x509.Name:
        return x509.Name([
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Clock"), x509.NameAttribute(NameOID.COMMON_NAME, what),
        ])  # fmt: skip

    def usage(signs: bool) -> x509.KeyUsage:
        return x509.KeyUsage(signs, False, False, False, False, not signs, not signs, False, False)

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    begin = datetime.now(UTC) - timedelta(days=1)
    base = x509.CertificateBuilder().issuer_name(name("Root")).not_valid_before(begin)
    base = base.not_valid_after(begin + timedelta(days=30))
    known = x509.SubjectKeyIdentifier.from_public_key
    root = (
        base.subject_name(name("Root")).public_key(root_key.public_key()).serial_number(1)
        .add_extension(x509.BasicConstraints(True, 0), True).add_extension(usage(False), True)
        .add_extension(known(root_key.public_key()), False).sign(root_key, hashes.SHA256())
    )  # fmt: skip
    leaf = (
        base.subject_name(name("Time stamps")).public_key(key.public_key()).serial_number(2)
        .add_extension(x509.BasicConstraints(False, None), True).add_extension(usage(True), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)
        .add_extension(known(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False)
        .sign(root_key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    (folder / "root.pem").write_bytes(root.public_bytes(pem))
    (folder / "tsa.pem").write_bytes(leaf.public_bytes(pem))
    (folder / "tsa.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return root.public_bytes(pem).decode()
