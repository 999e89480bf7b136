"""One vector for each picture from a Hugging Face model: which output to use, by family.

| family | pooling |
|---|---|
| with a text tower (CLIP, SigLIP, ALIGN...) | `image_features`: the vector it compares with texts |
| ViT, DeiT, DINOv2, DINOv3 (ViT), MSN | `cls`: the first token of the last layer, as trained |
| ResNet, ConvNeXt, Swin, MobileNet, BEiT... | `pooler_output`: mean over the picture |
| others | a trained `pooler_output`, else the `mean` of the tokens or of the feature map |
"""

from __future__ import annotations

from typing import Any

import torch

# Their pooler, if any, belongs to a pretraining task or was never trained.
_CLS_FAMILIES = {
    "deit",
    "dinov2",
    "dinov2_with_registers",
    "dinov3_vit",
    "vit",
    "vit_msn",
}
_TOKEN_AXES = 3  # [N, T, D]; a feature map has four, [N, D, H, W]


class PooledModel(torch.nn.Module):
    """A model and its pooling: normalised float pixels [N, 3, H, W] to features [N, D].

    Attributes:
        model: as transformers loaded it.
        pooling: the output to use, as in the module's table.
    """

    def __init__(self, model: Any, pooling: str) -> None:
        """Take a loaded model."""
        super().__init__()
        self.model = model
        self.pooling = pooling

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return features [N, D], not yet of unit length."""
        if self.pooling == "image_features":
            return _feature_tensor(self.model.get_image_features(pixel_values=pixels))
        outputs = self.model(pixel_values=pixels)
        if self.pooling == "pooler_output":
            pooled: torch.Tensor = outputs.pooler_output
            return pooled.flatten(1)
        last: torch.Tensor = outputs.last_hidden_state
        if self.pooling == "cls":
            return last[:, 0]
        return last.mean(dim=1) if last.ndim == _TOKEN_AXES else last.mean(dim=(2, 3))

    def text(self, **tokens: torch.Tensor) -> torch.Tensor:
        """Return features [N, D] of texts; only with `image_features`."""
        return _feature_tensor(self.model.get_text_features(**tokens))


def has_text_tower(model: Any) -> bool:
    """Check whether a model puts texts and pictures into one space."""
    return hasattr(model, "get_image_features") and hasattr(model, "get_text_features")


def choose_pooling(model: Any, probe: torch.Tensor, untrained: set[str]) -> str:
    """Choose the pooling of a model by its family.

    Args:
        model: as transformers loaded it.
        probe: normalised pixels [N, 3, H, W], run to see which outputs the model has.
        untrained: names of the parameters that its file lacks.
    """
    if has_text_tower(model):
        return "image_features"
    if model.config.model_type in _CLS_FAMILIES:
        return "cls"
    if any("pooler" in name for name in untrained):
        return "mean"
    pooled = getattr(model(pixel_values=probe), "pooler_output", None)
    return "mean" if pooled is None else "pooler_output"


def _feature_tensor(features: Any) -> torch.Tensor:
    """Return the vectors: transformers before 5.0 returns a tensor, since then an output."""
    tensor: torch.Tensor = getattr(features, "pooler_output", features)
    return tensor
