from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from lookalike.encoders.pooling import Pooled, choose, has_text_tower  # noqa: E402

PROBE = torch.linspace(-1, 1, 2 * 3 * 32 * 32).reshape(2, 3, 32, 32)


def load(folder: Path) -> object:
    return transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()


@pytest.mark.parametrize(
    ("family", "pooling"),
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
def test_each_family_has_its_own(
    hub_model: Callable[[str], Path], family: str, pooling: str
) -> None:
    model = load(hub_model(family))
    with torch.inference_mode():
        assert choose(model, PROBE, set()) == pooling
        found = Pooled(model, pooling)(PROBE)
        if pooling == "image_features":
            ids = torch.ones((2, 4), dtype=torch.long)
            wanted = model(input_ids=ids, pixel_values=PROBE).image_embeds
            found = found / found.norm(dim=1, keepdim=True)  # as its contrast is computed
        elif pooling == "cls":
            wanted = model(pixel_values=PROBE).last_hidden_state[:, 0]
        else:
            last = model(pixel_values=PROBE).last_hidden_state
            places = (1,) if last.ndim == 3 else (2, 3)
            wanted = last.mean(dim=places)
            if family == "convnext":  # which normalises the mean
                wanted = model.layernorm(wanted)
    assert found.shape == wanted.shape
    assert torch.allclose(found, wanted, atol=1e-5)
    assert has_text_tower(model) == (pooling == "image_features")


def test_a_pooler_that_was_never_trained_is_not_used(hub_model: Callable[[str], Path]) -> None:
    model = load(hub_model("swin"))
    with torch.inference_mode():
        assert choose(model, PROBE, {"pooler.dense.weight"}) == "mean"
        mean = Pooled(model, "mean")(PROBE)
        assert torch.allclose(mean, model(pixel_values=PROBE).last_hidden_state.mean(dim=1))


def test_without_a_pooler_the_mean_of_the_places_is_taken() -> None:
    torch.manual_seed(0)
    config = transformers.PoolFormerConfig(
        depths=[1, 1, 1, 1], hidden_sizes=[8, 8, 16, 16], num_encoder_blocks=4
    )
    model = transformers.PoolFormerModel(config).eval()
    with torch.inference_mode():
        assert choose(model, PROBE, set()) == "mean"
        assert Pooled(model, "mean")(PROBE).shape == (2, 16)
