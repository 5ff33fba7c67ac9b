"""Train the network that sees what is held before a face.

    python -m benchmarks.occluders.train FACES.npz OUT.onnx [--steps N]

`FACES.npz` is what `benchmarks.occluders.material` wrote. Needs PyTorch and onnx, which Recast itself does not.
Training is from scratch, on scenes made by code; the people it is judged on are held out.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from benchmarks.occluders.network import Network, export, inputs
from benchmarks.occluders.scenes import SMALL, Material, scene
from pipeline.mesh.front import edge_map

BATCH = 16
SCENES = 14000
RATE = 2e-3


class Scenes(Dataset):  # type: ignore[misc]
    """So many scenes, made once; each pass lightens or darkens and mirrors them anew."""

    def __init__(self, material: Material, count: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        made = [scene(material, random) for _ in range(count)]
        halves = [cv2.resize(one.image, (SMALL, SMALL), interpolation=cv2.INTER_AREA) for one in made]
        self.images = np.stack(halves)
        self.edges = np.stack([edge_map(one.image) for one in made])
        self.seen = np.stack([one.seen for one in made]).astype(np.float16)
        self.truth = np.stack([np.round(one.truth * 255) for one in made]).astype(np.uint8)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        image, seen = torch.from_numpy(self.images[index]), torch.from_numpy(self.seen[index]).float()
        truth, edges = torch.from_numpy(self.truth[index]).float() / 255, torch.from_numpy(self.edges[index]).float()
        if torch.rand(()) < 0.5:
            image, seen, edges, truth = image.flip(1), seen.flip(1), edges.flip(1), truth.flip(1)
        image = image.float() * torch.exp(torch.randn(3) * 0.08) * torch.exp(torch.randn(()) * 0.15)
        return torch.clamp(image, 0, 255), seen, edges, truth


def loss_of(logits: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Cross entropy and the Dice coefficient (Milletari et al. 2016), both where the face is and is seen."""
    logits = logits[:, 0]
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    shown = torch.sigmoid(logits) * weight
    both, either = (shown * truth).sum((1, 2)), (shown + truth * weight).sum((1, 2))
    dice = 1 - (2 * both + 20) / (either + 20)
    loss: Tensor = (entropy * weight).sum() / weight.sum() + 0.5 * dice.mean()
    return loss


def load(path: Path, held_out: tuple[str, ...], *, held: bool) -> Material:
    """The faces of everybody else, or (`held`) of those held out only."""
    data = np.load(path)
    keep = np.isin(data["names"], held_out) == held
    return Material(data["faces"][keep], data["facing"][keep], data["surfaces"], data["zones"])


def train(material: Material, steps: int, seed: int, begin: Path | None = None) -> Network:
    torch.manual_seed(seed)
    network = Network().train()
    if begin is not None:
        network.load_state_dict(torch.load(begin))
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps, pct_start=0.15)
    middle = torch.from_numpy(material.zones[4] > 0.5)
    face = torch.nn.functional.max_pool2d(torch.from_numpy(material.zones[0])[None, None], 5, 1, 2)[0, 0]
    loader = DataLoader(Scenes(material, SCENES, seed), BATCH, shuffle=True, drop_last=True)
    total = 0.0
    endless = (batch for _ in itertools.count() for batch in loader)
    for step, (images, seen, edges, truth) in zip(range(steps), endless, strict=False):
        weight = face * torch.clamp(seen * 6, 0, 1) + 0.02
        loss = loss_of(network(inputs(images, seen, edges, middle)), truth, weight)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        total += loss.item()
        if step % 100 == 99:
            print(f"{step + 1:6d}  loss {total / 100:.4f}", flush=True)
            total = 0.0
    return network.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=2200)
    parser.add_argument("--seed", type=int, default=1, help="of the scenes and the first weights")
    parser.add_argument("--begin", type=Path, metavar="WEIGHTS.pt", help="go on from these weights, on new scenes")
    parser.add_argument("--held-out", nargs="*", default=["astronaut", "talk"])
    given = parser.parse_args()
    material = load(given.faces, tuple(given.held_out), held=False)
    network = train(material, given.steps, given.seed, given.begin)
    torch.save(network.state_dict(), given.out.with_suffix(".pt"))
    export(network, str(given.out))


if __name__ == "__main__":
    main()
