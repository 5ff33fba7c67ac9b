"""What is made of a result leaves marked as well: comparisons, animated previews, pictures that are only looked at."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.marking import Marking, tags
from pipeline.marking.sidecar import sidecar_of
from pipeline.marking.verify import check_manifest
from pipeline.marking.watermark import Payload, Watermark
from pipeline.media import Picture, probe
from pipeline.media.comparison import comparison
from pipeline.media.preview import preview
from pipeline.options import ComparisonLayout
from pipeline.types import ImageArray
from pipeline.verification import verify
from tests import media

PAYLOAD = Payload(0xC0FFEE42)
SIZE = (960, 540)


@pytest.fixture(scope="module")
def marking(tmp_path_factory: pytest.TempPathFactory) -> Marking:
    return Marking(environment={"RECAST_CREDENTIALS": str(tmp_path_factory.mktemp("own") / "credentials")})


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory, marking: Marking) -> tuple[Path, Path]:
    """An original, and what stands for its result: marked frame by frame, sealed."""
    folder, mark = tmp_path_factory.mktemp("clips"), Watermark(PAYLOAD)
    frames = [np.asarray(cv2.resize(frame, SIZE), np.uint8) for frame in media.crossing(24).frames]
    before = media.write_clip(folder / "before.mp4", frames, options={"crf": "18"})
    done = []
    for frame in frames:
        picture = Picture(frame.copy())
        assert mark.mark(picture)
        done.append(picture.image())
    after, unsigned = folder / "after.mp4", media.write_clip(folder / "half.mp4", done, options={"crf": "18"})
    seal = marking.seal(probe(before), "mesh", PAYLOAD.text)
    assert seal is not None
    seal(unsigned, after)
    return before, unsigned.rename(after)


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch, marking: Marking) -> None:
    monkeypatch.setenv("RECAST_CREDENTIALS", marking.environment["RECAST_CREDENTIALS"])


@pytest.mark.parametrize("layout", ["side-by-side", "stacked", "wipe"])
def test_a_comparison_carries_both_marks(
    clips: tuple[Path, Path], marking: Marking, layout: ComparisonLayout, tmp_path: Path
) -> None:
    before, after = clips
    seal = marking.seal(probe(after), "mesh", PAYLOAD.text)
    output = comparison(before, after, tmp_path / "both.mp4", layout=layout, tags=tags("mesh"), seal=seal)
    found = verify(output)
    assert found.manifest.state == "trusted" and found.manifest.synthetic
    assert found.manifest.fingerprint == PAYLOAD.text
    assert found.manifest.manifests == 2, "the result's own manifest is kept"
    assert found.watermark.payload == PAYLOAD


@pytest.mark.parametrize("ending", [".gif", ".webp"])
def test_an_animated_preview_carries_both_marks(
    clips: tuple[Path, Path], marking: Marking, ending: str, tmp_path: Path
) -> None:
    seal = marking.seal(probe(clips[1]), "mesh", PAYLOAD.text)
    output = preview(clips[1], tmp_path / f"small{ending}", tags=tags("mesh"), seal=seal)
    found = verify(output)
    assert found.manifest.state == "trusted" and found.manifest.manifests == 2
    assert found.watermark.found
    assert list(tmp_path.iterdir()) == [output]


def test_a_comparison_that_cannot_hold_a_manifest_has_it_beside(
    clips: tuple[Path, Path], marking: Marking, tmp_path: Path
) -> None:
    seal = marking.seal(probe(clips[1]), "mesh", "")
    output = comparison(*clips, tmp_path / "both.mkv", seal=seal)
    assert seal is not None and seal.sidecar == sidecar_of(output) and seal.sidecar.is_file()
    assert check_manifest(output, "matroska", marking.credentials.anchors).state == "trusted"


def test_a_picture_that_is_only_looked_at_is_signed(marking: Marking, tmp_path: Path) -> None:
    image: ImageArray = media.portrait("hopper")
    bare = cv2.imencode(".jpg", image)[1].tobytes()
    path = tmp_path / "look.jpg"
    path.write_bytes(marking.signed(bare, "mesh", PAYLOAD.text))
    found = check_manifest(path, "jpeg", marking.credentials.anchors)
    assert (found.state, found.fingerprint, found.synthetic) == ("trusted", PAYLOAD.text, True)
    assert np.array_equal(cv2.imread(str(path)), cv2.imdecode(np.frombuffer(bare, np.uint8), cv2.IMREAD_COLOR))
    # One byte of the picture, or one of the manifest, and it is told.
    signed = bytearray(path.read_bytes())
    for place in (len(signed) - 200, signed.index(PAYLOAD.text.encode())):
        changed = bytearray(signed)
        changed[place] ^= 1
        path.write_bytes(changed)
        assert check_manifest(path, "jpeg", marking.credentials.anchors).state == "invalid"
    assert verify(path).fingerprint == "", "what does not hold tells no job"
    off = Marking(frozenset({"watermark"}), environment=marking.environment)
    assert off.signed(bare, "mesh") == bare and off.seal(probe(path), "mesh", "") is None
