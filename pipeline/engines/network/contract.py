"""Pixels as a swap network wants and gives them."""

from __future__ import annotations

import numpy as np

from pipeline.errors import ModelError
from pipeline.models.catalogue import SwapContract
from pipeline.models.session import Session
from pipeline.types import FloatArray, ImageArray


def to_input(crops: ImageArray, contract: SwapContract) -> FloatArray:
    """``(n, s, s, 3)`` uint8 BGR to ``(n, 3, s, s)`` float32 RGB, normalised."""
    rgb = crops[..., ::-1].astype(np.float32) / np.float32(255)
    mean, deviation = _levels(contract)
    normal = (rgb - mean) / deviation
    return np.ascontiguousarray(normal.transpose(0, 3, 1, 2))


def from_output(output: FloatArray, contract: SwapContract) -> FloatArray:
    """``(n, 3, s, s)`` RGB as the network gives it to ``(n, s, s, 3)`` float32 BGR from 0 to 255.

    Raises:
        ModelError: it is no picture of the size of the crops, or has values that are no numbers.
    """
    wanted = (3, contract.size, contract.size)
    if output.shape[1:] != wanted:
        raise ModelError(f"The swap network gives {_shape(output.shape[1:])}; its entry says {_shape(wanted)}.")
    rgb = numbers(output, "The swap network").transpose(0, 2, 3, 1)
    if contract.signed:
        mean, deviation = _levels(contract)
        rgb = rgb * deviation + mean
    return np.clip(rgb[..., ::-1], 0, 1) * np.float32(255)


def numbers(output: FloatArray, what: str) -> FloatArray:
    """What a network gave, where all of it is numbers. A face of those that are none would be black.

    Raises:
        ModelError: some are none: the file is damaged, or its arithmetic does not suffice on this device.
    """
    if np.isnan(output).any():
        raise ModelError(f"{what} gives values that are no numbers. Choose another model, or another device.")
    return output


def check(session: Session, contract: SwapContract) -> None:
    """Make sure that a network is what its entry says.

    Raises:
        ModelError: it takes or gives something else.
    """
    side = contract.size
    name = session.path.name
    if set(session.inputs) != {"target", "source"}:
        raise ModelError(f"{name} takes {', '.join(session.inputs)}; a swap network takes target and source.")
    wanted: dict[str, tuple[int, ...]] = {"target": (3, side, side)}
    if contract.identity == "image":
        wanted["source"] = (3, contract.source_size, contract.source_size)
    elif contract.identity != "converter":
        # What comes out of a converter is the converter's business.
        wanted["source"] = (512,)
    for which, shape in wanted.items():
        found = session.inputs[which]
        if len(found) != len(shape) or any(a is not None and a != b for a, b in zip(found, shape, strict=True)):
            raise ModelError(
                f"{name} takes {_shape(found)} as its {which}; its entry says {_shape(shape)}."
            )  # fmt: skip


def _levels(contract: SwapContract) -> tuple[FloatArray, FloatArray]:
    return np.array(contract.mean, np.float32), np.array(contract.deviation, np.float32)


def _shape(sides: tuple[int | None, ...]) -> str:
    return " × ".join("any" if side is None else str(side) for side in sides)
