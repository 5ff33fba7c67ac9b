"""What is good and what is bad in each number, and how much it matters: one table for report, page and order.

`good` is the project's goal or the calibration's "not seen", `bad` is "seen at first glance". Between them the penalty
grows linearly from 0 to 1, beyond it goes on to 2. A pair's *fault* is the weighted sum of its penalties.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.quality.metrics import Numbers


@dataclass(frozen=True)
class Scale:
    """How to read one number; `around` counts a ratio both ways, by its distance to 1 (in factors)."""

    title: str
    good: float
    bad: float
    weight: float = 1.0
    digits: int = 2
    around: bool = False

    def penalty(self, value: float) -> float:
        """0 for good to 2."""
        if self.around:
            value = max(value, 1 / max(value, 1e-3))
        return min(2.0, max(0.0, (value - self.good) / (self.bad - self.good)))

    def better(self) -> str:
        return "near 1" if self.around else "low" if self.good < self.bad else "high"


SCALES: dict[str, Scale] = {
    "identity.source": Scale("likeness to source", 0.55, 0.25, 1.5),
    "identity.target": Scale("likeness to target", 0.25, 0.55, 0.5),
    "identity.margin": Scale("source less target", 0.10, -0.15, 1.0),
    "identity.rank": Scale("rank of the source", 1, 4, 0.5, 1),
    "expression.landmarks": Scale("landmarks (eye distances)", 0.025, 0.07, 1.0, 3),
    "expression.blendshapes": Scale("blendshapes", 0.03, 0.10, 1.0, 3),
    "expression.blendshape_worst": Scale("worst blendshape", 0.3, 0.7, 1.0),
    "expression.pose": Scale("pose (degrees)", 2.5, 8, 0.5, 1),
    "mouth.correlation": Scale("mouth: correlation", 0.95, 0.75, 1.0),
    "mouth.gain": Scale("mouth: gain", 1.1, 1.5, 1.0, 2, True),
    "eyes.correlation": Scale("eyes: correlation", 0.95, 0.75, 1.0),
    "eyes.gain": Scale("eyes: gain", 1.1, 1.5, 1.0, 2, True),
    "gaze.shift": Scale("gaze (eye widths)", 0.04, 0.12, 1.0, 3),
    "seam.ratio": Scale("seam: steps to the original's", 1.1, 1.8, 0.5),
    "seam.excess": Scale("seam: new step (Lab)", 4.0, 10.0, 1.5, 1),
    "seam.gradient": Scale("seam: gradient", 1.1, 1.8, 0.25),
    "tone.gap": Scale("skin to neck and ears (Lab)", 2.0, 8.0, 1.0, 1),
    "tone.light": Scale("light (Lab)", 4.0, 10.0, 1.0, 1),
    "skin.spots": Scale("skin: spots (L*)", 0.5, 3.0, 1.0, 1),
    "skin.colour": Scale("skin: colour patches (a*b*)", 0.5, 3.0, 2.0, 1),
    "skin.lines": Scale("skin: new lines (L*)", 3.0, 10.0, 0.75, 1),
    "skin.lopsided": Scale("skin: lopsided (Lab)", 3.0, 9.0, 1.0, 1),
    "flicker.ratio": Scale("flicker", 1.15, 1.6, 1.0),
    "flicker.slow": Scale("flicker of light", 1.15, 1.8, 1.0),
    "flicker.worst": Scale("worst pop (grey levels)", 1.0, 4.0, 1.0),
    "jitter.landmarks": Scale("jitter (1/1000 eye distance)", 6, 15, 0.5, 1),
    "detail.sharpness": Scale("sharpness", 1.2, 1.8, 1.0, 2, True),
    "detail.texture": Scale("texture", 1.7, 3.0, 0.5, 2, True),
    "detail.grain": Scale("grain", 1.5, 3.0, 0.5, 2, True),
    "outside.changed": Scale("changed outside (pixels)", 0, 1, 2.0, 0),
    "outside.reach": Scale("reach beyond outline", 0.05, 0.2, 0.25),
    "self.psnr": Scale("self-swap PSNR (dB)", 32, 26, 1.5, 1),
    "self.ssim": Scale("self-swap SSIM", 0.95, 0.80, 0.5, 3),
    "presence": Scale("still a face", 0.95, 0.5, 1.0),
}


def fault(numbers: Numbers) -> float:
    return sum(SCALES[name].weight * SCALES[name].penalty(value) for name, value in numbers.items() if name in SCALES)


def complaints(numbers: Numbers, most: int = 4) -> list[str]:
    """The numbers that cost most, in words."""
    costs = {
        name: SCALES[name].weight * SCALES[name].penalty(value) for name, value in numbers.items() if name in SCALES
    }
    worst = sorted((name for name in costs if costs[name] > 0.2), key=lambda name: -costs[name])[:most]
    return [f"{SCALES[name].title} {numbers[name]:.{SCALES[name].digits}f}" for name in worst]


@dataclass(frozen=True)
class Summary:
    """One number over all pairs that have it."""

    name: str
    count: int
    mean: float
    worst: float
    worst_pair: str
    within: float
    """Share of pairs that reach the goal."""


def summarise(pairs: Mapping[str, Numbers]) -> list[Summary]:
    rows = []
    for name, scale in SCALES.items():
        having = {pair: numbers[name] for pair, numbers in pairs.items() if name in numbers}
        if not having:
            continue
        worst = max(having, key=lambda pair: _badness(scale, having[pair]))
        mean = sum(having.values()) / len(having)
        within = sum(scale.penalty(value) == 0 for value in having.values()) / len(having)
        rows.append(Summary(name, len(having), mean, having[worst], worst, within))
    return rows


def _badness(scale: Scale, value: float) -> float:
    """Like the penalty, without its ends."""
    if scale.around:
        value = max(value, 1 / max(value, 1e-3))
    return (value - scale.good) / (scale.bad - scale.good)
