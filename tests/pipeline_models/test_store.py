"""Finding, fetching, checking and removing models, against a hub that speaks the real one's protocol and fails like
it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from pipeline.errors import (
    DownloadError,
    LicenceNotAccepted,
    ModelAltered,
    ModelError,
    ModelMissing,
    ModelUnknown,
    NoSpace,
    OutputError,
)
from pipeline.models import download
from pipeline.models.catalogue import CATALOGUE
from pipeline.models.describe import describe
from pipeline.models.folders import Folders, folders
from pipeline.models.providers import engines
from pipeline.models.store import Store
from pipeline.models.user import faults, read_entry
from tests.pipeline_models.hub import Hub, hub
from tests.processes import process

ROOT = Path(__file__).resolve().parents[2]
BYTES = os.urandom(300_000)
FREE, CLOSED = "ghost_1_256", "inswapper_128"
FILES = {f"{CATALOGUE[name].repository}/{CATALOGUE[name].file}": BYTES for name in (FREE, CLOSED, "xseg_1")}
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub(dict(FILES)) as state:
        monkeypatch.setenv("HF_ENDPOINT", state.url)
        # The library waits a second before it takes up a broken transfer.
        monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
        monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)
        yield state


@pytest.fixture
def store(tmp_path: Path) -> Store:
    catalogue = {**CATALOGUE, CLOSED: replace(CATALOGUE[CLOSED], sha256=hashlib.sha256(BYTES).hexdigest())}
    return Store(Folders((tmp_path / "models",), tmp_path / "models", tmp_path / "notes"), catalogue)


def left_over(store: Store) -> list[str]:
    return sorted(path.name for path in store.folders.own.glob("*") if not path.name.endswith(".lock"))


def test_a_model_is_fetched_checked_and_found_again(remote: Hub, store: Store) -> None:
    seen: list[tuple[int, int | None]] = []
    entry = store.entry(FREE)
    path = store.get(entry, lambda moment: seen.append((moment.done, moment.total)))
    assert path.read_bytes() == BYTES and store.find(entry) == path
    assert seen[-1] == (len(BYTES), len(BYTES))
    assert store.checksums.pinned(entry) == hashlib.sha256(BYTES).hexdigest()
    assert left_over(store) == [f"{FREE}.onnx"]
    asked = len(remote.asked)
    assert store.checked(entry) == path and store.get(entry) == path
    assert len(remote.asked) == asked


def test_a_licence_that_binds_is_accepted_first(remote: Hub, store: Store) -> None:
    entry = store.entry(CLOSED)
    with pytest.raises(LicenceNotAccepted, match="--accept-licence"):
        store.checked(entry)
    assert not remote.asked
    store.licences.accept(entry, "command line")
    assert store.checked(entry).read_bytes() == BYTES
    record = (store.folders.notes / "licences.json").read_text()
    assert '"how": "command line"' in record and CLOSED in record
    # Other terms have to be shown anew.
    changed = replace(entry, licence=replace(entry.licence, name="stricter"))
    assert not store.licences.accepted(changed)


def test_the_operator_may_accept_by_a_setting(remote: Hub, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECAST_ACCEPT_LICENCES", f"other,{CLOSED}")
    again = Store(store.folders, store.entries())
    assert again.checked(again.entry(CLOSED)).exists()
    assert '"how": "setting RECAST_ACCEPT_LICENCES"' in (store.folders.notes / "licences.json").read_text()


def test_a_broken_connection_is_taken_up_where_it_broke(remote: Hub, store: Store) -> None:
    remote.cut_after, remote.cuts = 100_000, 2
    assert store.get(store.entry(FREE)).read_bytes() == BYTES
    assert remote.transfers == [0, 100_000, 200_000]


def test_a_transfer_that_broke_off_goes_on_in_another_try(remote: Hub, store: Store) -> None:
    remote.cut_after, remote.cuts = 1_000, 100
    remote.cut_after = 0
    with pytest.raises(DownloadError):
        store.get(store.entry(FREE))
    # Some of it came: the next try, of whichever process, begins there.
    part = next(store.folders.own.glob(f".{FREE}.*.part"))
    part.write_bytes(BYTES[:123_456])
    remote.cuts = 0
    assert store.get(store.entry(FREE)).read_bytes() == BYTES
    assert remote.transfers[-1] == 123_456
    assert left_over(store) == [f"{FREE}.onnx"]


def test_a_part_of_another_version_is_not_gone_on_with(remote: Hub, store: Store) -> None:
    store.folders.own.mkdir(parents=True)
    (store.folders.own / f".{FREE}.feedfeedfeedfeed.part").write_bytes(b"old" * 1000)
    assert store.get(store.entry(FREE)).read_bytes() == BYTES
    assert remote.transfers == [0] and left_over(store) == [f"{FREE}.onnx"]


def test_wrong_bytes_are_refused_and_thrown_away(remote: Hub, store: Store) -> None:
    entry = store.entry(CLOSED)
    store.licences.accept(entry, "command line")
    remote.files[f"{entry.repository}/{entry.file}"] = BYTES[::-1]
    with pytest.raises(ModelAltered, match="not the expected one"):
        store.get(entry)
    assert store.find(entry) is None and left_over(store) == []


def test_what_arrives_damaged_is_not_taken_for_the_model(remote: Hub, store: Store) -> None:
    """A file that nobody has pinned yet: the hub's own tag says what it has to be."""
    entry = store.entry(FREE)
    remote.tagged = hashlib.sha256(b"as it was published").hexdigest()
    with pytest.raises(ModelAltered, match="not the expected one"):
        store.get(entry)
    assert store.find(entry) is None and left_over(store) == [] and store.checksums.pinned(entry) is None
    remote.tagged = None
    assert store.get(entry).read_bytes() == BYTES


def test_a_hub_that_sends_on_to_another_server(remote: Hub, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the real one does with large files. The user's token is for the hub alone."""
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    with hub(dict(FILES)) as other:
        remote.elsewhere = other.url.replace("127.0.0.1", "localhost")
        other.cut_after, other.cuts = 100_000, 1
        assert store.get(store.entry(FREE)).read_bytes() == BYTES
        assert other.transfers == [0, 100_000]
        assert "Bearer hf_mine" in remote.tokens and not any(other.tokens)


def test_a_change_after_the_first_download_is_refused(remote: Hub, store: Store) -> None:
    entry = store.entry(FREE)
    store.get(entry).unlink()
    remote.files[f"{entry.repository}/{entry.file}"] = os.urandom(1000)
    with pytest.raises(ModelAltered):
        store.get(entry)


def test_a_file_that_was_altered_here_is_refused(remote: Hub, store: Store) -> None:
    path = store.get(store.entry(FREE))
    path.write_bytes(BYTES[:-1] + b"x")
    with pytest.raises(ModelAltered):
        store.checked(store.entry(FREE))


def test_the_disk_is_looked_at_first(remote: Hub, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: Usage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(NoSpace, match="Make room"):
        store.get(store.entry(FREE))
    assert remote.transfers == [] and left_over(store) == []


def test_a_disk_that_becomes_full_meanwhile(
    remote: Hub, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else fills it after it was looked at: a real disk, with less room than the file takes."""
    store.folders.own.mkdir(parents=True)
    with mounted(store.folders.own, "size=200k"):
        monkeypatch.setattr(download.shutil, "disk_usage", lambda _: Usage(10**9, 0, 10**9))
        with pytest.raises(NoSpace, match="goes on from there"):
            store.get(store.entry(FREE))
        assert store.find(store.entry(FREE)) is None
        subprocess.run(["mount", "-o", "remount,size=2m", store.folders.own], check=True, timeout=30)
        assert store.get(store.entry(FREE)).read_bytes() == BYTES
        assert 0 < remote.transfers[-1] < len(BYTES)


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A disk of its own at `folder`."""
    words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    if done.returncode:
        pytest.skip(f"a disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True, timeout=60)


def test_a_volume_that_is_read_only(remote: Hub, tmp_path: Path) -> None:
    """What is on it is used; what is fetched goes elsewhere; nothing on it can be removed."""
    volume = tmp_path / "volume"
    volume.mkdir()
    with mounted(volume, "size=2m"):
        (volume / "xseg_1.onnx").write_bytes(BYTES)
        subprocess.run(["mount", "-o", "remount,ro", volume], check=True, timeout=30)
        store = Store(folders({"RECAST_MODELS": str(volume), "RECAST_HOME": str(tmp_path / "home")}))
        assert store.checked(store.entry("xseg_1")) == volume / "xseg_1.onnx" and not remote.asked
        assert store.get(store.entry(FREE)) == tmp_path / "home" / "models" / f"{FREE}.onnx"
        with pytest.raises(OutputError, match="not Recast's own"):
            store.remove(store.entry("xseg_1"))
        assert [path.name for path in volume.iterdir()] == ["xseg_1.onnx"]


def test_no_network(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(DownloadError, match="The mesh engine needs no download"):
        store.get(store.entry(FREE))
    assert left_over(store) == []


def test_offline_nobody_is_asked(remote: Hub, tmp_path: Path) -> None:
    """Where it is wanted by `HF_HUB_OFFLINE`, the hub is left alone, and a part that has come stays for later."""
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / ".xseg_1.feedfeedfeedfeed.part").write_bytes(BYTES[:1000])
    environment = {**os.environ, "RECAST_MODELS": str(tmp_path / "m"), "RECAST_HOME": str(tmp_path / "h"),
                   "HF_HUB_OFFLINE": "1"}  # fmt: skip
    done = subprocess.run([sys.executable, "app.py", "models", "get", "xseg_1"], cwd=ROOT, env=environment,
                          capture_output=True, text=True, timeout=120)  # fmt: skip
    assert done.returncode == 1 and "HF_HUB_OFFLINE keeps Recast off the network" in done.stderr
    assert not remote.asked
    assert [path.name for path in (tmp_path / "m").glob("*.part")] == [".xseg_1.feedfeedfeedfeed.part"]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"HTTPS_PROXY": "ftp://nowhere:1"}, "What is set for the way to the model hub cannot be used"),
        ({"HTTPS_PROXY": "socks5://127.0.0.1:9"}, "A SOCKS proxy is set, which takes the package socksio"),
        ({"HF_ENDPOINT": "http://[::1"}, "What is set for the way to the model hub cannot be used"),
        ({"HF_ENDPOINT": "https://127.0.0.1:9", "SSL_CERT_FILE": "/nowhere"}, "What is set for the way to the model"),
        ({"HF_ENDPOINT": "http://127.0.0.1:9", "HF_TOKEN": "h\u00fcb"}, "What is set for the way to the model hub"),
    ],
    ids=lambda value: next(reversed(value)) if isinstance(value, dict) else "",
)
def test_settings_that_make_no_sense_are_said_to(setting: dict[str, str], words: str, tmp_path: Path) -> None:
    usual = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment = {**usual, "RECAST_MODELS": str(tmp_path / "m"), "RECAST_HOME": str(tmp_path / "h"), **setting}
    done = subprocess.run([sys.executable, "app.py", "models", "get", "xseg_1"], cwd=ROOT, env=environment,
                          capture_output=True, text=True, timeout=120)  # fmt: skip
    assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr


def test_a_hub_that_announces_more_than_it_gives(remote: Hub, store: Store) -> None:
    remote.announced = len(BYTES) + 5
    with pytest.raises(DownloadError, match="broke off"):
        store.get(store.entry(FREE))
    assert store.find(store.entry(FREE)) is None


@pytest.mark.parametrize(("status", "words"), ((500, "refused"), (403, "refused"), (404, "not on the model hub")))
def test_a_hub_that_says_no(remote: Hub, store: Store, status: int, words: str) -> None:
    if status == 404:
        remote.files.clear()
    remote.refuse = 0 if status == 404 else status
    with pytest.raises(DownloadError, match=words):
        store.get(store.entry(FREE))


def test_two_processes_fetch_once(remote: Hub, tmp_path: Path) -> None:
    environment = {**os.environ, "RECAST_MODELS": str(tmp_path / "m"), "RECAST_HOME": str(tmp_path / "h"),
                   "HF_ENDPOINT": remote.url}  # fmt: skip
    command = [sys.executable, "app.py", "models", "get", "xseg_1"]
    begin = partial(process, *command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    with begin() as one, begin() as other:
        said = [each.communicate(timeout=120)[0] for each in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0) and all("xseg_1: " in words for words in said)
    assert len(remote.transfers) == 1
    assert (tmp_path / "m" / "xseg_1.onnx").read_bytes() == BYTES


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_nothing_half(remote: Hub, tmp_path: Path) -> None:
    """Killed in mid-transfer, and asked again: the file is whole, and what had come was not fetched twice."""
    entry = CATALOGUE["xseg_1"]
    large = os.urandom(40_000_000)
    remote.files[f"{entry.repository}/{entry.file}"] = large
    environment = {**os.environ, "RECAST_MODELS": str(tmp_path / "m"), "RECAST_HOME": str(tmp_path / "h"),
                   "HF_ENDPOINT": remote.url}  # fmt: skip
    command = [sys.executable, "app.py", "models", "get", "xseg_1"]
    with process(*command, cwd=ROOT, env=environment) as first:
        until = time.monotonic() + 60
        while not any(path.stat().st_size for path in (tmp_path / "m").glob(".*.part")):
            assert first.poll() is None and time.monotonic() < until
            time.sleep(0.002)
    assert not (tmp_path / "m" / "xseg_1.onnx").exists()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120)
    assert (tmp_path / "m" / "xseg_1.onnx").read_bytes() == large
    assert remote.transfers[-1] > 0


def test_folders_of_downloaded_models_are_used_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is read-only, one inside it, insightface's own, under the names that files go by."""
    (tmp_path / "volume" / "buffalo_l").mkdir(parents=True)
    (tmp_path / "volume" / "ghost_1_256.onnx").write_bytes(BYTES)
    (tmp_path / "volume" / "buffalo_l" / "w600k_r50.onnx").write_bytes(BYTES)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    (tmp_path / ".insightface" / "models").mkdir(parents=True)
    (tmp_path / ".insightface" / "models" / "inswapper_128.onnx").write_bytes(BYTES)
    places = folders({"RECAST_MODELS": str(tmp_path / "volume"), "RECAST_HOME": str(tmp_path / "home")})
    store = Store(places)
    for name in ("ghost_1_256", "arcface_w600k_r50", "inswapper_128"):
        assert store.find(store.entry(name)) is not None, name
    assert store.find(store.entry("xseg_1")) is None
    assert store.checked(store.entry("ghost_1_256")) == tmp_path / "volume" / "ghost_1_256.onnx"
    assert sorted(path.name for path in (tmp_path / "volume").iterdir()) == ["buffalo_l", "ghost_1_256.onnx"]


def test_notes_that_cannot_be_written_stop_nothing(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / f"{FREE}.onnx").write_bytes(BYTES)
    (tmp_path / "notes").write_text("a file where a folder should be")
    store = Store(Folders((tmp_path / "models",), tmp_path / "models", tmp_path / "notes"))
    assert store.checked(store.entry(FREE)).read_bytes() == BYTES
    with pytest.raises(OutputError, match="cannot be recorded"):
        store.licences.accept(store.entry(CLOSED), "command line")


def test_a_folder_of_a_model_s_name_is_no_model(remote: Hub, store: Store) -> None:
    (store.folders.own / f"{FREE}.onnx").mkdir(parents=True)
    with pytest.raises(DownloadError, match=f"a folder of its name is there, {FREE}.onnx"):
        store.get(store.entry(FREE))
    assert store.find(store.entry(FREE)) is None


def test_notes_that_cannot_be_read_are_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "home").write_text("a file where a folder should be")
    store = Store(Folders((tmp_path / "models",), tmp_path / "models", tmp_path / "home"))
    for _ in range(2):
        assert all(not describe(store, entry)["installed"] for entry in store.entries().values())
    assert sorted(record.getMessage().split()[0] for record in caplog.records) == ["licences.json", "pins.json"]


def test_a_checksum_can_be_forgotten_wherever_its_file_is(remote: Hub, store: Store, tmp_path: Path) -> None:
    """Whoever deleted the file by hand, or keeps it in a folder of their own, may want another version of it."""
    entry = store.entry(FREE)
    store.get(entry).unlink()
    remote.files[f"{entry.repository}/{entry.file}"] = BYTES + b"another version"
    with pytest.raises(ModelAltered, match=f"models remove {FREE}"):
        store.get(entry)
    assert store.remove(entry) is None
    assert store.get(entry).read_bytes().endswith(b"another version")
    store.remove(entry)
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "elsewhere" / f"{FREE}.onnx"
    path.write_bytes(BYTES)
    shared = Store(Folders((tmp_path / "elsewhere", store.folders.own), store.folders.own, tmp_path / "notes"))
    shared.checked(entry)
    path.write_bytes(BYTES + b"another version")
    with pytest.raises(ModelAltered):
        shared.checked(entry)
    with pytest.raises(OutputError, match="not Recast's own"):
        shared.remove(entry)
    assert shared.checked(entry) == path


def test_removing_takes_tensorrt_s_engines_along(remote: Hub, store: Store) -> None:
    entry = store.entry(FREE)
    kept = engines(store.folders.cache, store.get(entry))
    assert kept is not None
    (kept / "a.engine").write_bytes(b"large")
    other = kept.with_name(f"{FREE}-another-{'0' * 16}")
    other.mkdir()
    store.remove(entry)
    assert not kept.exists() and other.exists()


def test_a_network_of_one_s_own_may_become_another(store: Store) -> None:
    """Who trains one exports it again and again."""
    store.folders.entries.mkdir(parents=True)
    path = store.folders.entries / "mine.onnx"
    (store.folders.entries / "mine.json").write_text('{"file": "mine.onnx", "template": "ffhq_512", "size": 256}')
    for version in (b"one", b"the next"):
        path.write_bytes(version)
        assert store.checked(store.entry("mine")) == path
    assert store.checksums.pinned(store.entry("mine")) is None


def test_what_is_wrong_with_an_entry_is_logged_once(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    store.folders.entries.mkdir(parents=True)
    path = store.folders.entries / "mine.json"
    path.write_text('{"file": "a.onnx",\n "template" "ffhq_512"}')
    for _ in range(3):
        assert "mine" not in store.entries()
    told = "The model entry mine.json is no JSON file: see line 2, column 13."
    assert [record.getMessage() for record in caplog.records] == [told]
    for data, wanted in (
        ('{"file": "a.onnx", "template": "ffhq_512", "size": 256, "title": 7}', "'title' in the model entry mine"),
        ("{}".encode("utf-16"), "letters that are not in UTF-8"),
    ):
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        assert "mine" not in store.entries() and wanted in faults(store.folders.entries)[0]
    # Editors on Windows put a mark before the first letter.
    path.write_bytes(b"\xef\xbb\xbf" + b'{"file": "a.onnx", "template": "ffhq_512", "size": 256}')
    assert store.entry("mine").swap is not None


def test_removing(remote: Hub, store: Store, tmp_path: Path) -> None:
    entry = store.entry(FREE)
    path = store.get(entry)
    assert store.remove(entry) == path and not path.exists()
    assert store.checksums.pinned(entry) is None
    with pytest.raises(ModelMissing):
        store.remove(entry)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / f"{FREE}.onnx").write_bytes(BYTES)
    shared = Store(Folders((tmp_path / "elsewhere", store.folders.own), store.folders.own, tmp_path / "notes"))
    with pytest.raises(OutputError, match="not Recast's own"):
        shared.remove(entry)
    with pytest.raises(ModelUnknown):
        store.entry("nothing")


@pytest.mark.parametrize(
    ("text", "words"),
    (
        ("{", "no JSON"),
        ("[]", "JSON object"),
        ("{}", "name its file"),
        ('{"file": "a.onnx"}', "template"),
        ('{"file": "a.onnx", "template": "arcface_128"}', "size"),
        ('{"file": "a.onnx", "template": "round", "size": 128}', "one of"),
        ('{"file": "a.onnx", "template": "arcface_128", "size": "128"}', "whole number"),
        ('{"file": "a.onnx", "template": "arcface_128", "size": 128, "mean": [1, 2]}', "three numbers"),
        ('{"file": "a.onnx", "template": "arcface_128", "size": 128, "deviation": [0, 1, 1]}', "other than 0"),
        ('{"file": "a.onnx", "template": "arcface_128", "size": 128, "signed": 1}', "true or false"),
        ('{"file": "a.onnx", "template": "arcface_128", "size": 128, "identity": "converter"}', "converter"),
        ('{"file": "a.onnx", "template": "arcface_128", "size": 128, "colour": "red"}', "not known"),
        ('{"file": "a.onnx", "kind": "detector"}', "swap or recogniser"),
        ('{"file": "a.onnx", "template": "arcface_128", "size": 128, "mean": [NaN, 0, 0]}', "three numbers"),
        ('{"file": "a.onnx", "template": "arcface_128", "size": 128, "deviation": [1e999, 1, 1]}', "three numbers"),
        (f'{{"file": "a.onnx", "template": "arcface_128", "size": 128, "mean": [{"1" * 400}, 0, 0]}}', "three numbers"),
        ("[" * 100_000, "no JSON"),
    ),
)
def test_an_entry_of_one_s_own_that_cannot_be_used(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "own.json").write_text(text)
    with pytest.raises(ModelError, match=words):
        read_entry(tmp_path / "own.json")


def test_an_entry_that_needs_what_there_is_not_hides_no_other_model(tmp_path: Path) -> None:
    """It was a model that could not be described, and with it nobody could be shown any."""
    store = Store(Folders((tmp_path,), tmp_path, tmp_path))
    store.folders.entries.mkdir()
    swap = '"file": "a.onnx", "template": "ffhq_512", "size": 256'
    for name, more in (("lost", "nowhere"), ("odd", "right"), ("right", "face"), ("pictures", "nowhere")):
        identity = ', "identity": "image"' if name == "pictures" else ""
        (store.folders.entries / f"{name}.json").write_text(f'{{{swap}, "recogniser": "{more}"{identity}}}')
    (store.folders.entries / "face.json").write_text('{"file": "b.onnx", "kind": "recogniser"}')
    own = [describe(store, entry)["name"] for entry in store.entries().values() if entry.local is not None]
    assert own == ["face", "pictures", "right"]
    told = faults(store.folders.entries)
    assert len(told) == 2 and all("name of a recogniser" in fault for fault in told)


def test_a_model_of_one_s_own_that_is_gone(tmp_path: Path) -> None:
    places = Folders((tmp_path,), tmp_path, tmp_path)
    places.entries.mkdir()
    (places.entries / "own.json").write_text('{"file": "a.onnx", "template": "ffhq_512", "size": 256}')
    (places.entries / "mesh.json").write_text('{"file": "a.onnx", "template": "ffhq_512", "size": 256}')
    store = Store(places)
    assert "own" in store.entries() and "mesh" not in store.entries()
    with pytest.raises(ModelMissing, match="own"):
        store.checked(store.entry("own"))
