"""Signed manifests: made for every format, checked by the library and by another implementation of the standard."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import av
import cv2
import encypher_c2pa
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

from pipeline.errors import MarkingError
from pipeline.marking import Marking
from pipeline.marking.credentials import Credentials, anchors, credentials
from pipeline.marking.manifest import DIGITAL_SOURCE_TYPE
from pipeline.marking.seal import Seal
from pipeline.marking.sidecar import lying_beside, sidecar_of
from pipeline.marking.verify import _read, check_manifest
from pipeline.media import probe
from pipeline.options import Options
from tests import media

SIZE = (160, 120)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("own") / "credentials"


@pytest.fixture(scope="module")
def own(place: Path) -> Credentials:
    return credentials({"RECAST_CREDENTIALS": str(place)})


def written(path: Path) -> Path:
    """A small file of the format that the ending says."""
    image = media.background(*SIZE)
    if path.suffix in (".mp4", ".mov", ".mkv", ".webm"):
        codec = "libvpx-vp9" if path.suffix == ".webm" else "libx264"
        return media.write_clip(path, [image] * 4, 10, codec=codec)
    picture = Image.fromarray(image[:, :, ::-1])
    more = {"save_all": True, "append_images": [picture.rotate(9)]} if path.suffix in (".gif", ".apng") else {}
    picture.save(path, "PNG" if path.suffix == ".apng" else None, **more)
    return path


CONTAINERS = {
    ".jpg": "jpeg", ".png": "png", ".apng": "png", ".webp": "webp", ".avif": "avif", ".tiff": "tiff", ".gif": "gif",
    ".mp4": "mov", ".mov": "mov", ".bmp": "bmp", ".mkv": "matroska", ".webm": "matroska",
}  # fmt: skip


def sealed(folder: Path, suffix: str, own: Credentials, parent: Path | None = None) -> tuple[Path, Seal]:
    parent = parent or written(folder / "parent.png")
    final, temporary = folder / f"result{suffix}", written(folder / f".half{suffix}")
    seal = Seal(own, parent, CONTAINERS[parent.suffix], "mesh", "0badcafe", "image")
    seal(temporary, final)
    temporary.rename(final)
    return final, seal


SIGN_LARGE = """
import sys
from pathlib import Path
from benchmarks.peak import peak
from pipeline.marking.credentials import credentials
from pipeline.marking.seal import Seal
small, large = map(Path, sys.argv[1:])
peaks = []
for path in (small, large):
    Seal(credentials(), path, "mov", "mesh", "0badcafe", "video")(path, path)
    peaks.append(peak())
sys.stdout.write(str(peaks[1] - peaks[0]))
"""


def repeated(clip: Path, times: int, to: Path) -> Path:
    """A clip's packets over and over: a large film at once."""
    with av.open(str(clip)) as before, av.open(str(to), "w") as after:
        stream = after.add_stream_from_template(before.streams.video[0])
        packets = [(bytes(packet), packet.is_keyframe) for packet in before.demux(video=0) if packet.size]
        for index, (data, key) in enumerate(packets * times):
            packet = av.Packet(data)
            packet.pts = packet.dts = index
            packet.time_base, packet.stream, packet.is_keyframe = Fraction(1, 10), stream, key
            after.mux(packet)
    return to


def test_memory_does_not_grow_with_the_file(place: Path, own: Credentials, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
    clip = media.write_clip(tmp_path / "one.mp4", [noise] * 2, 10, options={"preset": "ultrafast", "qp": "0", "g": "1"})
    files = [repeated(clip, times, tmp_path / f"{times}.mp4") for times in (90, 180)]
    assert files[0].stat().st_size > 32 << 20
    grown = subprocess.run(
        [sys.executable, "-c", SIGN_LARGE, *map(str, files)], check=True, capture_output=True, text=True, timeout=240,
        env={**os.environ, "RECAST_CREDENTIALS": str(place)},
    ).stdout  # fmt: skip
    assert int(grown) < 8_000_000
    assert check_manifest(files[1], "mov", own.anchors).state == "trusted"
    with files[1].open("r+b") as file:
        file.seek(files[1].stat().st_size // 2)
        file.write(b"tampered")
    assert check_manifest(files[1], "mov", own.anchors).state == "invalid"


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_every_format_carries_it_or_has_it_beside(suffix: str, own: Credentials, tmp_path: Path) -> None:
    final, seal = sealed(tmp_path, suffix, own)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        {"parent.png", final.name, *([sidecar_of(final).name] if seal.sidecar else [])}
    )
    found = check_manifest(final, CONTAINERS[suffix], own.anchors)
    assert (found.state, found.synthetic, found.fingerprint) == ("trusted", True, "0badcafe")
    assert found.generator == "Recast 1.0" and found.beside == bool(seal.sidecar)
    assert check_manifest(final, CONTAINERS[suffix]).state == "valid"
    if seal.sidecar:
        assert any("belongs beside" in note for note in seal.notes)
    else:
        other = encypher_c2pa.verify(str(final), {".apng": "image/png"}.get(suffix))
        assert other["integrity"] == "valid"


def test_nothing_of_the_target_is_told(own: Credentials, tmp_path: Path) -> None:
    secret = tmp_path / "secret-name.png"
    written(secret)
    final, _ = sealed(tmp_path, ".jpg", own, secret)
    data = final.read_bytes()
    assert b"secret-name" not in data and data.count(b"\xff\xd8\xff") == 1  # no second picture in it
    assert DIGITAL_SOURCE_TYPE.encode() in data


@pytest.mark.parametrize("suffix", [".jpg", ".mp4", ".mkv"])
def test_a_changed_byte_is_told(suffix: str, own: Credentials, tmp_path: Path) -> None:
    final, _ = sealed(tmp_path, suffix, own)
    data = bytearray(final.read_bytes())
    data[-40] ^= 1
    final.write_bytes(data)
    found = check_manifest(final, CONTAINERS[suffix], own.anchors)
    assert found.state == "invalid"
    assert "The file was changed after it was signed." in found.reasons


@pytest.mark.parametrize(("one", "other"), [(".jpg", ".png"), (".mkv", ".mp4"), (".bmp", ".webp"), (".mkv", ".webm")])
def test_two_edits_are_kept_in_one_chain(one: str, other: str, own: Credentials, tmp_path: Path) -> None:
    """Also where the first one's manifest lies beside it."""
    kept = earlier(tmp_path, one, own)
    second, seal = sealed(tmp_path, other, own, kept)
    found = check_manifest(second, CONTAINERS[other], own.anchors)
    assert (found.manifests, found.state, found.reasons) == (2, "trusted", ())
    assert not any("do not" in note for note in seal.notes)


def earlier(folder: Path, suffix: str, own: Credentials) -> Path:
    """A result of an earlier job, with what lies beside it."""
    first, seal = sealed(folder, suffix, own)
    if seal.sidecar is not None:
        seal.sidecar.rename(folder / "first.c2pa")
    return first.rename(folder / f"first{suffix}")


@pytest.mark.parametrize("what", ["the file", "the sidecar"])
def test_a_manifest_beside_that_does_not_fit_is_left_out_and_told(what: str, own: Credentials, tmp_path: Path) -> None:
    kept = earlier(tmp_path, ".mkv", own)
    changed = kept if what == "the file" else lying_beside(kept)
    assert changed is not None
    data = bytearray(changed.read_bytes())
    data[len(data) // 2] ^= 1
    changed.write_bytes(data)
    second, seal = sealed(tmp_path, ".mp4", own, kept)
    found = check_manifest(second, "mov", own.anchors)
    assert (found.manifests, found.state) == (1, "trusted")
    assert any("beside the target do not fit it" in note for note in seal.notes)


def test_of_a_tiny_picture_no_watermark_is_told(place: Path, own: Credentials, tmp_path: Path) -> None:
    mark = Marking(environment={"RECAST_CREDENTIALS": str(place)}).job(b"digest", Options())
    for side, told in ((90, ""), (96, mark.fingerprint)):
        target, final = tmp_path / f"{side}.png", tmp_path / f"{side}.jpg"
        cv2.imwrite(str(target), media.background(side, 120))
        cv2.imwrite(str(final), media.background(side, 120))
        seal = mark.seal(probe(target))
        assert seal is not None
        seal(final, final)
        assert check_manifest(final, "jpeg", own.anchors).fingerprint == told


def test_what_others_sign_may_have_any_shape() -> None:
    odd = [
        {"label": "c2pa.actions", "data": ["nothing"]}, "no table", {"label": "c2pa.actions.v2"},
        {"label": "c2pa.actions.v2", "data": {"actions": [7, {"parameters": ["x"], "digitalSourceType": None}]}},
        {"label": "c2pa.actions.v2", "data": {"actions": [{"parameters": {"org.recast.watermark": {"x": 1}}}]}},
    ]  # fmt: skip
    found = _read({"active_manifest": "a", "manifests": {"a": {"assertions": odd}}}, "Valid", False)
    assert (found.state, found.synthetic, found.fingerprint, found.generator) == ("valid", False, "", "")


def test_a_target_with_a_damaged_manifest_is_no_obstacle(own: Credentials, tmp_path: Path) -> None:
    first, _ = sealed(tmp_path, ".jpg", own)
    data = first.read_bytes()
    broken = tmp_path / "broken.jpg"
    middle = data.index(b"c2pa.signature")
    broken.write_bytes(data[:middle] + bytes(400) + data[middle + 400 :])
    final, seal = sealed(tmp_path, ".png", own, broken)
    found = check_manifest(final, "png", own.anchors)
    assert (found.state, found.manifests) == ("trusted", 1)
    assert "damaged" in seal.notes[0]


def test_the_installations_key_is_its_own_and_stays(place: Path, own: Credentials) -> None:
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert all(stat.S_IMODE((place / name).stat().st_mode) == 0o600 for name in ("key.pem", "secret"))
    again = credentials({"RECAST_CREDENTIALS": str(place)})
    assert (again.chain, again.key, again.secret) == (own.chain, own.key, own.secret)
    assert "PRIVATE" not in repr(own) and own.lasting
    assert len(list(place.parent.iterdir())) == 1


def test_where_nothing_can_be_kept_results_are_signed_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    found = credentials({"RECAST_CREDENTIALS": str(tmp_path / "file" / "credentials")})
    assert not found.lasting and found.key


def certificate(days: float, usage: bool = True) -> tuple[str, str]:
    """An operator's certificate that ends in so many days, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Studio"), x509.NameAttribute(NameOID.COMMON_NAME, "Us"),
    ])  # fmt: skip
    end = datetime.now(UTC) + timedelta(days=days)
    flags = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
         "encipher_only", "decipher_only"), False)  # fmt: skip
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
        .not_valid_before(end - timedelta(days=90)).not_valid_after(end)
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False)
    )  # fmt: skip
    if usage:
        builder = builder.add_extension(x509.KeyUsage(digital_signature=True, **flags), True).add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False
        )
    pem = serialization.Encoding.PEM
    text = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    return builder.sign(key, hashes.SHA256()).public_bytes(pem).decode(), text


def test_the_operators_own_certificate_signs(place: Path, tmp_path: Path) -> None:
    chain, key = certificate(30)
    (tmp_path / "key.pem").write_text(key)
    theirs = credentials({
        "RECAST_CREDENTIALS": str(place), "RECAST_SIGN_CERT": chain, "RECAST_SIGN_KEY": str(tmp_path / "key.pem"),
    })  # fmt: skip
    assert theirs.origin == "operator" and theirs.algorithm == "es256"


@pytest.mark.parametrize(
    ("days", "usage", "other", "said"),
    [(-2, True, False, "expired on"), (200, True, False, "not valid before"), (30, False, False, "what it is for"),
     (30, True, True, "does not belong")],
)  # fmt: skip
def test_a_wrong_certificate_is_told_in_words(days: int, usage: bool, other: bool, said: str, place: Path) -> None:
    chain, key = certificate(days, usage)
    key = certificate(30)[1] if other else key
    with pytest.raises(MarkingError, match=said):
        credentials({"RECAST_CREDENTIALS": str(place), "RECAST_SIGN_CERT": chain, "RECAST_SIGN_KEY": key})


def test_a_certificate_that_expires_while_the_server_runs_is_told(own: Credentials, tmp_path: Path) -> None:
    chain, key = certificate(-1)
    with pytest.raises(MarkingError, match="expired on"):
        sealed(tmp_path, ".jpg", replace(own, chain=chain, key=key))
    assert not (tmp_path / "result.jpg").exists()


def test_files_are_checked_whatever_the_operators_certificate_is(own: Credentials, place: Path) -> None:
    chain, key = certificate(-1)
    environment = {"RECAST_CREDENTIALS": str(place), "RECAST_SIGN_CERT": chain, "RECAST_SIGN_KEY": key}
    with pytest.raises(MarkingError, match="expired"):
        credentials(environment)
    assert anchors(environment) == own.anchors
    assert anchors(environment | {"RECAST_TRUST_ANCHORS": chain}) == own.anchors + chain.strip()
    with pytest.raises(MarkingError, match="no certificates"):
        anchors(environment | {"RECAST_TRUST_ANCHORS": "-----BEGIN nothing"})


@pytest.mark.parametrize("name", ["secret", "key.pem"])
def test_damaged_credentials_stop_a_job_in_words(name: str, tmp_path: Path) -> None:
    environment = {"RECAST_CREDENTIALS": str(tmp_path / "own")}
    credentials(environment)
    (tmp_path / "own" / name).write_bytes(b"\xff\xfe no text")
    with pytest.raises(MarkingError, match="are damaged"):
        credentials(environment)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("RECAST_SIGN_CERT", "/nowhere.pem", "cannot be read"), ("RECAST_SIGN_KEY", "-----BEGIN", "no certificate"),
     ("RECAST_SIGN_CERT", "-----BEGIN nothing", "neither")],
)  # fmt: skip
def test_half_a_setting_is_told_in_words(name: str, value: str, said: str, place: Path) -> None:
    with pytest.raises(MarkingError, match=said):
        credentials({"RECAST_CREDENTIALS": str(place), name: value})


def test_a_remote_signer_signs(own: Credentials, tmp_path: Path) -> None:
    """The key stays elsewhere: bytes go out, a signature comes back. One that does not fit is not believed."""
    private = serialization.load_pem_private_key(own.key.encode(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    wrong: list[bytes] = []

    class Remote(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            r, s = decode_dss_signature(private.sign(data, ec.ECDSA(hashes.SHA256())))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(wrong[0] if wrong else r.to_bytes(32, "big") + s.to_bytes(32, "big"))

        def log_message(self, *_: object) -> None:
            return None

    with HTTPServer(("127.0.0.1", 0), Remote) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        remote = Credentials(own.chain, "", "es256", "operator", own.anchors, own.secret,
                             f"http://127.0.0.1:{server.server_port}/")  # fmt: skip
        try:
            final, _ = sealed(tmp_path, ".jpg", remote)
            assert check_manifest(final, "jpeg", own.anchors).state == "trusted"
            wrong.append(b"x" * 64)
            with pytest.raises(MarkingError, match="could not be signed"):
                sealed(tmp_path, ".webp", remote)
        finally:
            server.shutdown()
    # The socket is closed by now: whoever asks is refused at once.
    with pytest.raises(MarkingError, match="remote signer"):
        sealed(tmp_path, ".png", remote)
    assert not [path for path in tmp_path.iterdir() if "signed" in path.name]


def test_only_the_operator_turns_marking_off() -> None:
    assert Marking.from_environment({}).layers == {"manifest", "watermark"}
    assert Marking.from_environment({"RECAST_MARKING": "off"}).layers == frozenset()
    assert Marking.from_environment({"RECAST_MARKING": "manifest"}).layers == {"manifest"}
    with pytest.raises(MarkingError, match="RECAST_MARKING"):
        Marking.from_environment({"RECAST_MARKING": "none"})


def test_metadata_gone_the_watermark_is_still_there(own: Credentials, tmp_path: Path) -> None:
    from pipeline.marking.watermark import Payload, Watermark
    from pipeline.media import Picture
    from pipeline.verification import verify

    picture = Picture(media.portrait("hopper").copy())
    Watermark(Payload(0xFEED)).mark(picture)
    stripped = tmp_path / "stripped.jpg"
    cv2.imwrite(str(stripped), picture.image())
    verdict = verify(stripped)
    assert verdict.manifest.state == "none" and verdict.fingerprint == "0000feed" and verdict.synthetic
    json.dumps(verdict.data())
    plain = tmp_path / "plain.png"
    cv2.imwrite(str(plain), np.asarray(media.portrait("hopper")))
    nothing = verify(plain)
    assert not nothing.synthetic and "does not mean" in nothing.sentences[-1]
