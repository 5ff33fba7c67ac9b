"""Makes ``assets/example.jpg``, the picture in the README: photo, target and result, from public-domain portraits.

python -m deploy.example_picture
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np

from pipeline import Cast, Recaster
from pipeline.types import ImageArray
from studio.examples import examples

OUTPUT = Path(__file__).parent.parent / "assets" / "example.jpg"
TILE = (400, 440)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        examples(Path(folder))
        source, target = (cv2.imread(str(Path(folder) / name)) for name in ("eileen-collins.jpg", "grace-hopper.jpg"))
    recaster = Recaster()
    result = recaster.recast_frame(target, Cast(everyone=recaster.identify([source])))
    gap = np.full((TILE[1], 12, 3), 255, np.uint8)
    tiles = [tile(source, (226, 120), 270), gap, tile(target, (262, 225), 420), gap, tile(result, (262, 225), 420)]
    cv2.imwrite(str(OUTPUT), np.hstack(tiles), [cv2.IMWRITE_JPEG_QUALITY, 88])


def tile(image: ImageArray, centre: tuple[int, int], height: int) -> ImageArray:
    """The part of `image` around `centre`, `height` pixels high, at the size of a tile."""
    width = round(height * TILE[0] / TILE[1])
    x, y = max(0, centre[0] - width // 2), max(0, centre[1] - height // 2)
    part = image[y : y + height, x : x + width]
    return cv2.resize(part, TILE, interpolation=cv2.INTER_CUBIC)


if __name__ == "__main__":
    main()
