"""Frames, photos and previews as the page asks for them, without a server."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from pipeline import Cast, Options, Recaster
from pipeline.errors import FaceUnknown, InputError, MediaTooLarge, OptionError, PersonUnknown
from pipeline.marking import Marking
from pipeline.media import open_target, probe, read_picture
from pipeline.media.stills import rgb
from pipeline.types import Face, ImageArray
from pipeline.verification import verify
from studio.checking import checked
from studio.jobs.job import Job, Outcome
from studio.jobs_view import SmallPictures
from studio.made import MadeHere
from studio.operations import Request, Studio
from studio.options import from_mapping
from studio.pictures import frame_at, jpeg
from studio.previews import FrameLook, Previews
from studio.recent import Recent
from studio.scrub import Scrubber
from studio.settings import Settings
from tests.conftest import Material
from tests.studio.conftest import eventually


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    studio = Studio(Settings(data=tmp_path_factory.mktemp("data")), Recaster())
    yield studio
    studio.close()


@pytest.fixture(scope="module")
def previews(studio: Studio) -> Previews:
    return Previews(studio)


def uploaded(studio: Studio, path: Path) -> Path:
    inside = studio.settings.uploads / path.name
    if not inside.exists():
        inside.write_bytes(path.read_bytes())
    return inside


def pixels(look: FrameLook) -> ImageArray:
    return np.asarray(cv2.imdecode(np.frombuffer(look.picture, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def test_a_preview_is_the_recast_frame(studio: Studio, previews: Previews, material: Material, tmp_path: Path) -> None:
    """The law of the house: one function changes frames, whoever asks. Only JPEG lies between."""
    target, photo = uploaded(studio, material.eileen), uploaded(studio, material.grace)
    look = previews.recast(target, 0.0, (photo,), {}, (), Options())
    before = np.asarray(cv2.imread(str(target)), np.uint8)
    frame = studio.recaster.recast_frame(before, Cast(everyone=studio.recaster.identify([photo])))
    assert look.changed == 1
    signed = tmp_path / "preview.jpg"
    signed.write_bytes(look.picture)
    bare = np.frombuffer(jpeg(frame, quality=90), np.uint8)
    assert np.array_equal(pixels(look), np.asarray(cv2.imdecode(bare, cv2.IMREAD_COLOR)))
    checked = verify(signed)
    assert checked.manifest.state == "trusted" and checked.manifest.synthetic
    assert checked.watermark.found and checked.fingerprint == checked.manifest.fingerprint
    assert np.abs(pixels(previews.frame(target, 0.0)).astype(np.float32) - frame).max() > 40


def test_a_job_makes_the_frame_that_was_previewed(material: Material, tmp_path: Path) -> None:
    """Of a picture, pixel for pixel. The watermark, which tells each job from the others, is left out; and a film's
    frames are smoothed over time as well, which a preview of one of them cannot be."""
    recaster = Recaster(marking=Marking(frozenset()))
    cast = Cast(everyone=recaster.identify([material.grace]))
    for target in (material.eileen, material.both):
        recaster.recast(cast, target, tmp_path / "result.png")
        frame = recaster.recast_frame(np.asarray(cv2.imread(str(target)), np.uint8), cast)
        assert np.array_equal(cv2.imread(str(tmp_path / "result.png")), frame)


def test_settings_and_cast_change_the_preview(studio: Studio, previews: Previews, material: Material) -> None:
    target, photo = uploaded(studio, material.both), uploaded(studio, material.grace)
    people = studio.recaster.people(target)
    everyone = previews.recast(target, 0.0, (photo,), {}, people, Options())
    one = previews.recast(target, 0.0, (), {people[0].number: (photo,)}, people, Options())
    other = previews.recast(target, 0.0, (photo,), {}, people, Options(likeness=1.0))
    assert (everyone.changed, one.changed, len(everyone.faces)) == (2, 1, 2)
    assert everyone.picture != one.picture and everyone.picture != other.picture
    with pytest.raises(PersonUnknown):
        previews.recast(target, 0.0, (), {9: (photo,)}, people, Options())


def test_strokes_add_up_and_are_taken_away(studio: Studio, previews: Previews, material: Material) -> None:
    target, photo = uploaded(studio, material.eileen), uploaded(studio, material.grace)
    before = np.asarray(cv2.imread(str(target)), np.uint8)
    x0, y0, x1, y1 = (round(edge) for edge in studio.recaster.faces(before)[0].box.scaled(0.5).__dict__.values())
    middle = (y0 + y1) // 2

    def over(rows: slice) -> str:
        strokes = np.zeros(before.shape[:2], np.uint8)
        strokes[rows, x0:x1] = 255
        return base64.b64encode(cv2.imencode(".png", strokes)[1].tobytes()).decode()

    def share(shown: bytes, rows: slice) -> float:
        return float((cv2.imdecode(np.frombuffer(shown, np.uint8), -1)[rows, x0:x1, 3] > 127).mean())

    upper, lower = slice(y0, middle - 8), slice(middle + 8, y1)
    one = previews.painted(target, 0.0, Options(), over(upper), erase=False)
    both = previews.painted(target, 0.0, Options(exclude=one.exclude), over(lower), erase=False)
    assert share(one.shown, upper) > 0.95 and share(one.shown, lower) == 0
    assert share(both.shown, upper) > 0.95 and share(both.shown, lower) > 0.95
    less = previews.painted(target, 0.0, Options(exclude=both.exclude), over(upper), erase=True)
    assert share(less.shown, upper) < 0.05 and share(less.shown, lower) > 0.9
    assert previews.painted(target, 0.0, Options(exclude=less.exclude), "", erase=False).exclude == less.exclude
    look = previews.recast(target, 0.0, (photo,), {}, (), Options(exclude=both.exclude))
    change = np.abs(pixels(look).astype(int) - before).max(2)
    # JPEG and the watermark change a little everywhere.
    assert np.percentile(change[upper, x0:x1], 99) < 30 < change.max() / 2
    with pytest.raises(OptionError, match="no face where"):
        previews.painted(target, 0.0, Options(), over(slice(0, 4)), erase=False)


def test_strokes_are_of_whom_they_lie_on(studio: Studio, previews: Previews, material: Material) -> None:
    """Of two people, one is painted on before anybody has looked who is there, the other one afterwards."""
    target, photo = uploaded(studio, material.both), uploaded(studio, material.grace)
    before = np.asarray(cv2.imread(str(target)), np.uint8)
    people = studio.recaster.people(target)
    left, right = sorted(studio.recaster.faces(before), key=lambda face: face.box.x0)

    def over(face: Face) -> str:
        strokes = np.zeros(before.shape[:2], np.uint8)
        rows, columns = inside(face)
        strokes[rows, columns] = 255
        return base64.b64encode(cv2.imencode(".png", strokes)[1].tobytes()).decode()

    def inside(face: Face) -> tuple[slice, slice]:
        box = face.box.scaled(0.4)
        return slice(round(box.y0), round(box.y1)), slice(round(box.x0), round(box.x1))

    def changed(options: Options, face: Face, roles: bool) -> bool:
        cast = {person.number: (photo,) for person in people} if roles else {}
        look = previews.recast(target, 0.0, () if roles else (photo,), cast, people, options)
        return float(np.percentile(np.abs(pixels(look).astype(int) - before).max(2)[inside(face)], 90)) > 20

    unknown = previews.painted(target, 0.0, Options(), over(left), erase=False)
    assert [painting.whose.partition("@")[0] for painting in unknown.exclude] == ["0.0"]
    known = previews.painted(target, 0.0, Options(exclude=unknown.exclude), "", erase=False, people=people)
    (number,) = [painting.whose for painting in known.exclude]
    assert number in {str(person.number) for person in people}
    for painting in (unknown, known):
        for roles in (False, True):
            options = from_mapping({"exclude": [asdict(one) for one in painting.exclude]})
            assert [changed(options, face, roles) for face in (left, right)] == [False, True]
    both = previews.painted(target, 0.0, Options(exclude=known.exclude), over(right), erase=False, people=people)
    assert {painting.whose for painting in both.exclude} == {str(person.number) for person in people}
    other = previews.painted(target, 0.0, Options(exclude=both.exclude), over(left), erase=True, people=people)
    assert {painting.whose for painting in other.exclude} == {str(person.number) for person in people} - {number}
    with pytest.raises(PersonUnknown, match="person 9"):
        previews.recast(target, 0.0, (photo,), {}, people, from_mapping({"exclude": {"9": known.exclude[0].mask}}))


def test_only_uploads_are_looked_at(previews: Previews, material: Material) -> None:
    with pytest.raises(InputError):
        previews.photo(material.grace)
    with pytest.raises(InputError):
        previews.frame(material.grace, 0.0)


def test_a_photo_is_judged(studio: Studio, previews: Previews, material: Material) -> None:
    good = previews.photo(uploaded(studio, material.grace))
    none = previews.photo(uploaded(studio, material.empty))
    two = previews.photo(uploaded(studio, material.both))
    assert [one.code for one in good.advice] == []
    assert [(one.code, one.fatal) for one in none.advice] == [("no_face", True)]
    assert "several" in [one.code for one in two.advice]
    assert (len(good.faces), len(none.faces), len(two.faces)) == (0, 0, 2)
    other = previews.photo(uploaded(studio, material.both), 3 - two.face)
    assert other.face == 3 - two.face and other.thumbnail != two.thumbnail and other.faces == two.faces
    assert "several" not in [one.code for one in other.advice], "it was chosen"
    with pytest.raises(FaceUnknown):
        previews.photo(uploaded(studio, material.both), 3)
    with pytest.raises(InputError, match="photo"):
        previews.photo(uploaded(studio, material.clip))


def test_a_preview_shows_whose_face_was_chosen(studio: Studio, previews: Previews, material: Material) -> None:
    target, both = (uploaded(studio, path) for path in (material.grace, material.both))
    shown = [
        pixels(previews.recast(target, 0.0, (both,), {}, (), from_mapping({"source_faces": faces})))
        for faces in ([1], [2], [])
    ]
    first = previews.photo(both).face - 1
    apart = [float(np.abs(shown[2].astype(int) - one).max()) for one in shown[:2]]
    # The invisible marks of two jobs are not the same.
    assert apart[first] < 30 < 60 < apart[1 - first]


def test_a_scrubber_finds_the_same_frames_in_any_order(material: Material) -> None:
    info, limits = probe(material.clip), Settings().limits
    scrubber = Scrubber(material.clip, info, limits)
    for moment in (0.0, 0.3, 0.34, 0.9, 0.1, 0.1, 0.5):
        assert np.array_equal(
            scrubber.at(moment).image, frame_at(material.clip, info, moment, Settings().limits).image
        ), moment
    # The last frame is shown until the end, wherever the slider stands then.
    last = scrubber.at(0.96).image
    for moment in (0.97, 0.99, 0.5, 0.99):
        assert np.array_equal(scrubber.at(moment).image, last) == (moment > 0.96), moment
    scrubber.close()


def test_the_operators_limits_hold_for_every_look(material: Material) -> None:
    """They may be wider than those that are usual, and what was let in has to be shown."""
    for path in (material.eileen, material.clip):
        info = probe(path)
        narrow = replace(Settings().limits, pixels=info.width * info.height - 1)
        with pytest.raises(MediaTooLarge):
            frame_at(path, info, 0.0, narrow)
        with pytest.raises(MediaTooLarge):
            checked(path, MadeHere(), narrow)


def test_nothing_of_a_deleted_job_comes_back(studio: Studio, material: Material) -> None:
    """Its small picture may be on its way while it is deleted."""
    job = Job("gone", "owner", "picture", material.grace, (material.eileen,))
    assert SmallPictures(studio).of(job, "face") is None
    assert not studio.files.own("gone").exists()


def test_what_is_kept_for_a_while_takes_one_thread() -> None:
    """Who moves through a film has hundreds of frames made within minutes, and a studio in use is never idle."""
    recent: Recent[int, int] = Recent(4, seconds=0.3)
    before = threading.active_count()
    for key in range(300):
        recent.get(key, lambda: 0)
        time.sleep(0.006)
        assert threading.active_count() <= before + 2
    eventually(lambda: len(recent) == 0, 20)


def test_what_is_not_asked_for_again_is_forgotten() -> None:
    recent: Recent[str, int] = Recent(2, seconds=600)
    made = [recent.get(key, lambda: 1) for key in ("a", "b", "c")]
    assert made == [1, 1, 1] and len(recent) == 2
    assert recent.get("c", lambda: 2) == 1
    brief: Recent[str, int] = Recent(2, seconds=0.3)
    brief.get("a", lambda: 1)
    eventually(lambda: len(brief) == 0)


def test_what_jobs_show_beside_results_is_signed_and_known(studio: Studio, material: Material) -> None:
    """A picture's job, its copy to look at, a preview of it, and a comparison with the original."""
    target, photo = uploaded(studio, material.eileen), uploaded(studio, material.grace)
    made_here = MadeHere()
    studio.start()

    def done(job: Job) -> Outcome:
        until = time.monotonic() + 120
        while not (job := studio.job(job.id, "owner")).over and time.monotonic() < until:
            time.sleep(0.05)
        assert job.state == "done" and job.outcome is not None, job.sentence
        return job.outcome

    request = Request(target, (photo,), consent=True)
    job = studio.submit(request, "owner")
    result, preview = done(job), done(studio.submit(request, "owner", "preview"))
    compared = done(studio.compare(job.id, "owner"))
    for path, known in ((result.output, True), (result.after, False), (preview.output, True), (compared.output, True)):
        assert path is not None
        found = verify(path)
        assert found.manifest.state == "trusted" and found.watermark.found, path
        assert found.manifest.fingerprint == found.fingerprint
        made = made_here.find(found.fingerprint, found.sha256)
        assert made is not None and made.same_file is known
    assert result.before is not None and not verify(result.before).synthetic


def test_what_is_transparent_is_seen_to_be(
    studio: Studio, previews: Previews, material: Material, tmp_path: Path
) -> None:
    """Films with an alpha channel hold anything at all where nothing shows: neither page nor editor shows that."""
    image = np.asarray(cv2.imread(str(material.eileen)), np.uint8)
    clear = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
    clear[:, :48, :3], clear[:, :48, 3] = (0, 0, 255), 0
    film = tmp_path / "clear.mov"
    with av.open(str(film), "w") as container:
        stream = container.add_stream("qtrle", rate=10)
        stream.height, stream.width = clear.shape[:2]
        stream.pix_fmt = "argb"
        for packet in (*stream.encode(av.VideoFrame.from_ndarray(clear, "bgra").reformat(format="argb")),
                       *stream.encode(None)):  # fmt: skip
            container.mux(packet)
    cv2.imwrite(str(tmp_path / "clear.png"), clear)
    photo = uploaded(studio, material.grace)
    for name in (film, tmp_path / "clear.png"):
        target = uploaded(studio, name)
        for look in (previews.frame(target, 0.0), previews.recast(target, 0.0, (photo,), {}, (), Options())):
            side = pixels(look)[8:-8, 8:40].astype(int)
            assert side.min() > 150 and np.ptp(side, axis=2).max() < 40  # grey squares, where the film's red was
            assert len(np.unique(side // 24)) > 1
            assert np.abs(pixels(look)[:60, 80:].astype(int) - image[:60, 80:]).mean() < 4
    assert rgb(read_picture(tmp_path / "clear.png"))[:, :48].min() == 255
    with open_target(film) as reader:
        frame = next(iter(reader))
    assert rgb(frame)[:, :48].min() == 255
