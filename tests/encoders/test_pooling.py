from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pooling = pytest.importorskip("lookalike.encoders.pooling")
PROBE = torch.linspace(-1, 1, 2 * 3 * 32 * 32).reshape(2, 3, 32, 32)


def load(folder: Path) -> object:
    return transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()


@pytest.mark.parametrize(
    ("family", "output"),
    [
        ("resnet", "pooler_output"),
        ("convnext", "pooler_output"),
        ("swin", "pooler_output"),
        ("mobilenet", "pooler_output"),
        ("vit", "cls"),
        ("deit", "cls"),
        ("dinov2", "cls"),
        ("clip", "image_features"),
        ("siglip", "image_features"),
    ],
)
def test_each_family_has_its_own_pooling(
    hub_model: Callable[[str], Path], family: str, output: str
) -> None:
    model = load(hub_model(family))
    with torch.inference_mode():
        assert pooling.choose_pooling(model, PROBE, set()) == output
        features = pooling.PooledModel(model, output)(PROBE)
        if output == "image_features":
            ids = torch.ones((2, 4), dtype=torch.long)
            expected = model(input_ids=ids, pixel_values=PROBE).image_embeds
            features = features / features.norm(dim=1, keepdim=True)  # as in its contrastive loss
        elif output == "cls":
            expected = model(pixel_values=PROBE).last_hidden_state[:, 0]
        else:
            last = model(pixel_values=PROBE).last_hidden_state
            places = (1,) if last.ndim == 3 else (2, 3)
            expected = last.mean(dim=places)
            if family == "convnext":  # which also normalises the mean
                expected = model.layernorm(expected)
    assert features.shape == expected.shape
    assert torch.allclose(features, expected, atol=1e-5)
    assert pooling.has_text_tower(model) == (output == "image_features")


def test_an_untrained_pooler_is_not_used(hub_model: Callable[[str], Path]) -> None:
    model = load(hub_model("swin"))
    with torch.inference_mode():
        assert pooling.choose_pooling(model, PROBE, {"pooler.dense.weight"}) == "mean"
        mean = pooling.PooledModel(model, "mean")(PROBE)
        assert torch.allclose(mean, model(pixel_values=PROBE).last_hidden_state.mean(dim=1))


def test_without_a_pooler_the_feature_map_is_averaged() -> None:
    torch.manual_seed(0)
    config = transformers.PoolFormerConfig(
        depths=[1, 1, 1, 1], hidden_sizes=[8, 8, 16, 16], num_encoder_blocks=4
    )
    model = transformers.PoolFormerModel(config).eval()
    with torch.inference_mode():
        assert pooling.choose_pooling(model, PROBE, set()) == "mean"
        assert pooling.PooledModel(model, "mean")(PROBE).shape == (2, 16)
