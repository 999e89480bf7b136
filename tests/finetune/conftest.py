"""A trunk that is small enough to train in a test, and labelled folders that it can learn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from lookalike.encoders.card import Preprocessing
from lookalike.finetune.network import Trunk
from tests.conftest import draw
from tests.encoders.conftest import hub_model

__all__ = ["hub_model"]

torch.set_num_threads(1)  # these networks are tiny, and other tests use the other cores
SIDE = 32
COLOURS = {"red": (220, 40, 30), "green": (40, 200, 60), "blue": (30, 50, 210)}


class TinyTrunk(Trunk):
    """Two convolutions; the second is trained."""

    dimensions = 12
    preprocessing = Preprocessing(width=SIDE, height=SIDE)
    name = "tiny"

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(1)
            self.first = nn.Conv2d(3, 6, 4, 4)
            self.second = nn.Conv2d(6, 12, 2, 2)

    def forward_frozen(self, pixels: Tensor) -> Tensor:
        return torch.relu(self.first(pixels.permute(0, 3, 1, 2).float() / 64 - 2))

    def forward_trained(self, hidden: Tensor) -> Tensor:
        return torch.relu(self.second(hidden)).float().mean(dim=(2, 3))

    def trained_parameters(self) -> Iterable[tuple[str, nn.Parameter]]:
        return self.second.named_parameters(prefix="second")


def coloured(folder: Path, counts: dict[str, int], *, side: int = 48) -> Path:
    """Draw pictures that are tinted with the colour of their label."""
    seed = 0
    for label, count in counts.items():
        (folder / label).mkdir(parents=True, exist_ok=True)
        for n in range(count):
            seed += 1
            tint = Image.new("RGB", (side, side), COLOURS.get(label, (128, 128, 128)))
            image = Image.blend(draw(seed, (side, side)), tint, 0.6)
            image.save(folder / label / f"{n:03}.png")
    return folder


@pytest.fixture
def labelled(tmp_path: Path) -> Callable[..., Path]:
    """Make a labelled folder: `labelled(red=8, green=6)`."""
    return lambda **counts: coloured(tmp_path / "labelled", counts)
