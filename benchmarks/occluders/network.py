"""The network: a small U-Net (Ronneberger et al. 2015) on the atlas, as a PyTorch module and as an ONNX graph.

Because the atlas is always laid out the same way, the network is also given a learned map of the face (what is usual
where), and needs to see no more than 96 texels a side.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

SMALL = 96
FLOOR = 10.0


class Step(nn.Module):
    """Two 3 x 3 convolutions with batch normalisation, the first of which may halve the size."""

    def __init__(self, given: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(given, out, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(out)
        self.second = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(out)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(x)))


class Network(nn.Module):
    """``(n, 5, 96, 96)`` to logits ``(n, 1, 96, 96)``.

    Channels in: logarithm of BGR over the median of the face's middle, how well each texel is seen, how hard the edges
    about it are; see `inputs`.
    """

    def __init__(self, width: int = 12) -> None:
        super().__init__()
        w = width
        self.usual = nn.Parameter(torch.zeros(1, 6, 48, 48))
        self.down = nn.ModuleList([Step(5 + 6, w, 1), Step(w, 2 * w, 2), Step(2 * w, 3 * w, 2), Step(3 * w, 4 * w, 2)])
        self.begin = nn.Conv2d(5, 5, 4, 2, 1)
        self.up = nn.ModuleList([Step(4 * w + 3 * w, 3 * w), Step(3 * w + 2 * w, 2 * w), Step(2 * w + w, w)])
        self.edge = nn.Conv2d(5, 6, 3, 1, 1)
        self.last = nn.Conv2d(w + 6, 8, 3, 1, 1)
        self.out = nn.Conv2d(8, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        usual = self.usual.expand(x.shape[0], -1, -1, -1)
        found = [self.down[0](torch.cat([self.begin(x), usual], 1))]
        for step in list(self.down)[1:]:
            found.append(step(found[-1]))
        y = found[-1]
        for step, skip in zip(self.up, reversed(found[:-1]), strict=True):
            y = step(torch.cat([functional.interpolate(y, scale_factor=2.0, mode="nearest"), skip], 1))
        y = functional.interpolate(y, scale_factor=2.0, mode="nearest")
        y = functional.relu(self.last(torch.cat([y, functional.relu(self.edge(x))], 1)))
        logits: Tensor = self.out(y)
        return logits


def inputs(images: Tensor, seen: Tensor, edges: Tensor, middle: Tensor) -> Tensor:
    """``(n, 96, 96, 3)`` BGR of 255, ``(n, 96, 96)`` how it is seen, ``(n, 96, 96)`` edges in 128ths and the middle of
    the face ``(96, 96)`` bool, as the network takes them."""
    logs = torch.log(images.float() + FLOOR)
    median = logs[:, middle].median(1).values
    return torch.cat([(logs - median[:, None, None]).permute(0, 3, 1, 2), seen[:, None], edges[:, None] / 128], 1)


def export(network: Network, path: str) -> None:
    """Write the network with its sigmoid as ONNX: ``face`` ``(n, 5, 96, 96)`` to ``front`` ``(n, 1, 96, 96)``."""

    class WithSigmoid(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: Tensor) -> Any:
            return torch.sigmoid(self.network(x))

    torch.onnx.export(
        WithSigmoid().eval(),
        (torch.zeros(1, 5, SMALL, SMALL),),
        path,
        input_names=["face"],
        output_names=["front"],
        opset_version=17,
        dynamo=False,
    )
