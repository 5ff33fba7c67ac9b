"""A camera's sound beside its pictures: it stays in step, whatever the network does to it."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.recording import Recording
from tests import media

RATE = 48_000
CHUNK = 2048


def tone(seconds: float, pitch: float = 440.0) -> np.ndarray:
    return (12_000 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * RATE)) / RATE)).astype(np.int16)


def record(path: Path, samples: np.ndarray, late: np.ndarray | float = 0.0, seconds: float = 2.0) -> Path:
    """A recording at 25 frames a second; each chunk of sound comes as it is heard, and `late`."""
    recording = Recording(path, sound_rate=RATE)
    image = media.portrait("astronaut")[:128, :128]
    begin, chunks = 100.0, len(samples) // CHUNK
    ends = begin + (np.arange(chunks) + 1) * CHUNK / RATE + late
    events = [(begin + number / 25, None) for number in range(round(seconds * 25))]
    events += [(float(end), samples[number * CHUNK : (number + 1) * CHUNK]) for number, end in enumerate(ends)]
    for moment, sound in sorted(events, key=lambda event: event[0]):
        if sound is None:
            recording.write(np.ascontiguousarray(image), moment)
        else:
            recording.write_sound(sound, moment)
    recording.finish()
    return path


def heard(path: Path) -> np.ndarray:
    """The sound of a file at its place in time, floats."""
    with av.open(str(path)) as file:
        (stream,) = file.streams.audio
        assert stream.codec_context.sample_rate == RATE
        sound = np.zeros(10 * RATE, np.float32)
        for frame in file.decode(stream):
            begin = round(frame.pts * frame.time_base * RATE)
            samples = frame.to_ndarray()[0]
            sound[max(0, begin) : begin + len(samples)] = samples[max(0, -begin) :]
    return sound


def test_the_sound_is_where_it_was_heard(tmp_path: Path) -> None:
    samples = np.concatenate([np.zeros(RATE, np.int16), tone(1.0)])
    sound = heard(record(tmp_path / "live.mp4", samples))
    begin = int(np.argmax(np.abs(sound) > 0.1))
    assert abs(begin / RATE - 1.0) < 0.03
    spectrum = np.abs(np.fft.rfft(sound[begin : begin + RATE // 2]))
    assert abs(int(np.argmax(spectrum)) * 2 - 440) <= 4


def test_a_shaking_network_leaves_no_gaps(tmp_path: Path) -> None:
    late = np.random.default_rng(1).uniform(0, 0.12, round(2.0 * RATE) // CHUNK)
    sound = heard(record(tmp_path / "live.mp4", tone(2.0), np.sort(late)))
    inside = sound[RATE // 2 : RATE * 3 // 2]
    loud = np.abs(inside).reshape(-1, 480).max(axis=1)
    assert loud.min() > 0.2


def test_what_the_microphone_left_out_is_silent(tmp_path: Path) -> None:
    chunks = round(2.0 * RATE) // CHUNK
    late = np.where(np.arange(chunks) < chunks // 2, 0.0, 0.6)
    sound = heard(record(tmp_path / "live.mp4", tone(2.0), late, seconds=3.0))
    gap = (chunks // 2) * CHUNK
    assert np.abs(sound[gap + RATE // 10 : gap + RATE // 2]).max() < 0.02
    assert np.abs(sound[gap + round(0.7 * RATE) : gap + RATE]).max() > 0.2


@pytest.mark.parametrize("rate", [0, RATE])
def test_without_samples_it_is_a_silent_film(tmp_path: Path, rate: int) -> None:
    recording = Recording(tmp_path / "live.mp4", sound_rate=rate)
    for number in range(5):
        recording.write(np.zeros((64, 64, 3), np.uint8), number / 25)
    recording.finish()
    with av.open(str(tmp_path / "live.mp4")) as file:
        assert sum(1 for _ in file.decode(video=0)) == 5
