"""One vector of each picture out of a Hugging Face model: which of its outputs, by family.

| family | pooling |
|---|---|
| with a text tower (CLIP, SigLIP, ALIGN...) | `image_features`: what it compares with texts |
| ViT, DeiT, DINOv2, DINOv3 (ViT), MSN | `cls`: the first token of the last layer, as trained |
| ResNet, ConvNeXt, Swin, MobileNet, BEiT... | `pooler_output`: mean over the picture |
| others | `pooler_output` if it has trained one, else `mean` of the tokens or of the places |
"""

from __future__ import annotations

from typing import Any

import torch

# Their pooler, where they have one, belongs to a task of its training, or was never trained.
_FIRST_TOKEN = {
    "deit",
    "dinov2",
    "dinov2_with_registers",
    "dinov3_vit",
    "vit",
    "vit_msn",
}
_TOKENS, _PLACES = 3, 4  # dimensions of [N, T, D] and of [N, D, H, W]


class Pooled(torch.nn.Module):
    """A model and its pooling: normalised float pixels [N, 3, H, W] to features [N, D].

    Attributes:
        model: as transformers loaded it.
        pooling: which output is taken, as in the module's table.
    """

    def __init__(self, model: Any, pooling: str) -> None:
        """Take a loaded model."""
        super().__init__()
        self.model = model
        self.pooling = pooling

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Give features [N, D], not yet of unit length."""
        if self.pooling == "image_features":
            return _tensor(self.model.get_image_features(pixel_values=pixels))
        outputs = self.model(pixel_values=pixels)
        if self.pooling == "pooler_output":
            pooled: torch.Tensor = outputs.pooler_output
            return pooled.flatten(1)
        last: torch.Tensor = outputs.last_hidden_state
        if self.pooling == "cls":
            return last[:, 0]
        return last.mean(dim=1) if last.ndim == _TOKENS else last.mean(dim=(2, 3))

    def text(self, **tokens: torch.Tensor) -> torch.Tensor:
        """Give features [N, D] of texts; with `image_features` only."""
        return _tensor(self.model.get_text_features(**tokens))


def has_text_tower(model: Any) -> bool:
    """Tell whether a model puts texts and pictures into one space."""
    return hasattr(model, "get_image_features") and hasattr(model, "get_text_features")


def choose(model: Any, probe: torch.Tensor, untrained: set[str]) -> str:
    """Choose the pooling of a model by its family.

    Args:
        model: as transformers loaded it.
        probe: normalised pixels [N, 3, H, W] that tell which outputs there are.
        untrained: names of the parameters that its file lacks.
    """
    if has_text_tower(model):
        return "image_features"
    if model.config.model_type in _FIRST_TOKEN:
        return "cls"
    if any("pooler" in name for name in untrained):
        return "mean"
    pooled = getattr(model(pixel_values=probe), "pooler_output", None)
    return "mean" if pooled is None else "pooler_output"


def _tensor(features: Any) -> torch.Tensor:
    """Take the vector out of what transformers gives: a tensor before 5.0, an output since."""
    tensor: torch.Tensor = getattr(features, "pooler_output", features)
    return tensor
