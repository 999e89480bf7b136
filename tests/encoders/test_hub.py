"""Tiny models of each family, loaded as users load them."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike import Gallery, encoders
from lookalike.decode import from_image
from lookalike.encoders.hub import HubEncoder, load_torch
from lookalike.errors import ArgumentError, EncoderError, EncoderMismatchError

from ..conftest import draw, fill, run_commands
from .conftest import COMMIT, cache_model

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

FAMILIES = {  # D and pooling
    "resnet": (16, "pooler_output"),
    "convnext": (16, "pooler_output"),
    "vit": (32, "cls"),
    "deit": (32, "cls"),
    "dinov2": (32, "cls"),
    "swin": (16, "pooler_output"),
    "mobilenet": (1280, "pooler_output"),
    "clip": (24, "image_features"),
    "siglip": (32, "image_features"),
}
Model = Callable[[str], Path]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    fill(folder, 5)
    return folder


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_indexed_and_found(
    hub_model: Model, tmp_path: Path, pictures: Path, family: str
) -> None:
    gallery = Gallery.open(tmp_path / "g", encoder=f"hf:{hub_model(family)}")
    assert gallery.index(pictures).added == 5
    again = Gallery.open(tmp_path / "g")  # the manifest records the encoder's location
    for path in sorted(pictures.iterdir()):
        first = again.search(path, top=1)[0]
        assert (first.path, round(first.score, 2)) == (str(path), 1)
    card = again.info().encoder
    dimensions, pooling = FAMILIES[family]
    assert (card["name"], card["dimensions"]) == (f"tiny-{family}", dimensions)
    assert card["preprocessing"]["pooling"] == pooling
    assert len(card["preprocessing"]["input"]["mean"]) == 3


@pytest.mark.parametrize("family", ["resnet", "dinov2"])
def test_vectors_are_those_of_the_model_and_its_processor(hub_model: Model, family: str) -> None:
    folder = hub_model(family)
    processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    images = [draw(seed, (150 + 40 * seed, 130)) for seed in range(4)]
    with torch.inference_mode():
        outputs = model(**processor(images=images, return_tensors="pt"))
    expected = outputs.pooler_output.flatten(1).numpy()
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    encoder = encoders.load(f"hf:{folder}")
    prepared = [encoder.prepare(from_image(image)) for image in images]
    assert {(one.shape, one.dtype.name) for one in prepared} == {((32, 32, 3), "uint8")}
    result = encoder.encode(prepared)
    assert result.dtype == np.float32
    assert np.abs(result - expected).max() < 1e-4
    assert encoder.encode([]).shape == (0, encoder.dimensions)


def test_threads_may_share_an_encoder_and_torch_keeps_its_thread_count(
    hub_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.encoders.hub.BATCH", 3)
    encoder = encoders.load(f"hf:{hub_model('vit')}")
    inputs = [encoder.prepare(from_image(draw(seed))) for seed in range(8)]
    before = torch.get_num_threads()
    expected = encoder.encode(inputs)
    with ThreadPoolExecutor(4) as pool:
        results = [*pool.map(lambda n: encoder.encode(inputs, threads=n), (1, 2, 0, 1))]
    assert all(np.abs(vectors - expected).max() < 1e-5 for vectors in results)
    assert torch.get_num_threads() == before
    with pytest.raises(EncoderError, match="can't run"):
        encoder.encode([np.zeros((7, 7, 3), np.uint8)])


def test_load_torch_returns_the_same_network_for_training(hub_model: Model) -> None:
    hub = load_torch(f"hf:{hub_model('resnet')}")
    encoder = encoders.load(hub.source)
    assert isinstance(encoder, HubEncoder)
    assert (hub.name, hub.sha256, hub.dimensions) == (encoder.name, encoder.sha256, 16)
    assert not hub.module.training
    picture = from_image(draw(1))
    pixels = torch.from_numpy(hub.input.normalise(hub.preprocessing.apply(picture)[None]))
    assert pixels.shape == (1, 3, 32, 32)
    features = hub.module(pixels)
    features.sum().backward()  # it can be trained
    assert all(p.grad is not None for p in hub.module.parameters())
    vector = torch.nn.functional.normalize(features).detach().numpy()
    assert np.abs(vector - encoder.encode([encoder.prepare(picture)])).max() < 1e-5


@pytest.mark.parametrize("family", ["clip", "siglip"])
def test_texts_are_in_the_space_of_the_pictures(
    hub_model: Model,
    tmp_path: Path,
    pictures: Path,
    family: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = hub_model(family)
    # A folder needs no network.
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("it used the network"))
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: pytest.fail("it resolved a name"))
    gallery = Gallery.open(tmp_path / "g", encoder=f"hf:{folder}")
    gallery.index(pictures)
    result = gallery.search_text("a red bicycle", top=3)
    assert (len(result), result.query) == (3, "a red bicycle")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    padding = "max_length" if family == "siglip" else "do_not_pad"
    ids = tokenizer(["a red bicycle"], padding=padding, max_length=12, truncation=True)["input_ids"]
    with torch.inference_mode():
        text = model.get_text_features(input_ids=torch.tensor(ids)).pooler_output
    text = torch.nn.functional.normalize(text)[0].numpy()
    encoder = encoders.load(f"hf:{folder}")
    assert np.abs(encoders.encode_text(encoder, "a red bicycle") - text).max() < 1e-5
    expected = text @ encoder.encode([encoder.prepare(from_image(draw(0)))])[0]
    (score,) = (hit.score for hit in gallery.search_text("a red bicycle") if "0000" in hit.path)
    assert score == pytest.approx(expected, abs=0.02)  # a decoded JPEG
    assert [hit.score for hit in result] == sorted((h.score for h in result), reverse=True)
    long = encoders.encode_text(encoder, "the cat of the dog " * 1000)  # truncated
    assert np.linalg.norm(long) == pytest.approx(1, abs=1e-5)
    assert not np.allclose(long, text, atol=1e-3)
    assert len(gallery.search_text("a red bicycle", min_score=1.0)) == 0
    with pytest.raises(ArgumentError, match="text is empty"):
        gallery.search_text(" ")
    with pytest.raises(ArgumentError, match="top is 0"):
        gallery.search_text("a", top=0)


def test_text_that_can_not_be_encoded_is_refused(hub_model: Model, tmp_path: Path) -> None:
    for encoder in (encoders.load(), encoders.load(f"hf:{hub_model('vit')}")):
        with pytest.raises(EncoderError, match=r"can't encode text.*hf:google/siglip2"):
            encoders.encode_text(encoder, "a red bicycle")
    cased = tmp_path / "cased"  # trained on lower case, though its tokenizer doesn't say so
    shutil.copytree(hub_model("siglip"), cased)
    change_json(cased, "tokenizer_config.json", do_lower_case=False)
    encoder = encoders.load(f"hf:{cased}")
    small, large = (encoders.encode_text(encoder, text) for text in ("a red cat", "A Red CAT"))
    assert np.abs(small - large).max() < 1e-6
    folder = tmp_path / "mute"
    shutil.copytree(hub_model("siglip"), folder)
    (folder / "spiece.model").unlink()
    with pytest.raises(EncoderError, match="tokenizer of mute can't be loaded"):
        encoders.encode_text(encoders.load(f"hf:{folder}"), "a red bicycle")


def change_json(folder: Path, file: str, **values: Any) -> None:
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values))


def test_a_gallery_binds_to_weights_and_preprocessing(
    hub_model: Model, tmp_path: Path, pictures: Path
) -> None:
    folder = tmp_path / "own"
    shutil.copytree(hub_model("vit"), folder)
    Gallery.open(tmp_path / "g", encoder=f"hf:{folder}").index(pictures)
    moved = folder.rename(tmp_path / "moved")
    with pytest.raises(EncoderMismatchError, match=r"can't be loaded now.*--encoder"):
        Gallery.open(tmp_path / "g").search(draw(1))
    there = Gallery.open(tmp_path / "g", encoder=f"hf:{moved}")
    assert there.search(draw(1), top=1)[0].path.endswith("0001.jpg")
    assert there.index(pictures).unchanged == 5  # and the manifest records the new location
    assert Gallery.open(tmp_path / "g").search(draw(1), top=1)[0].path.endswith("0001.jpg")
    for values in ({"image_mean": [0.4, 0.5, 0.5]}, {"resample": 3}, {"do_normalize": False}):
        kept = (moved / "preprocessor_config.json").read_text("utf-8")
        change_json(moved, "preprocessor_config.json", **values)
        with pytest.raises(
            EncoderMismatchError, match=r"has changed since .the same weights with oth"
        ):
            Gallery.open(tmp_path / "g").search(draw(1))
        (moved / "preprocessor_config.json").write_text(kept)
    weights = bytearray((moved / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (moved / "model.safetensors").write_bytes(weights)
    with pytest.raises(EncoderMismatchError, match="has changed since"):
        Gallery.open(tmp_path / "g").search(draw(1))
    assert Gallery.open(tmp_path / "g", rebuild=True).index().added == 5  # with the changed encoder
    assert Gallery.open(tmp_path / "g").info().encoder["name"] == "moved"


def test_unusable_models_are_refused(hub_model: Model, tmp_path: Path) -> None:
    def copy_model(name: str) -> Path:
        return Path(shutil.copytree(hub_model("vit"), tmp_path / name))

    from safetensors.torch import load_file, save_file

    weights = load_file(hub_model("vit") / "model.safetensors")
    incomplete = copy_model("incomplete")
    kept = {key: value for key, value in weights.items() if "layernorm.weight" not in key}
    save_file(kept, incomplete / "model.safetensors", {"format": "pt"})
    without_pooler = copy_model(
        "without_pooler"
    )  # a pooler is not needed; the files of many models have none
    kept = {key: value for key, value in weights.items() if "pooler" not in key}
    save_file(kept, without_pooler / "model.safetensors", {"format": "pt"})
    assert load_torch(f"hf:{without_pooler}").pooling == "cls"
    infinite = copy_model("infinite")
    weights["embeddings.cls_token"] += float("nan")
    save_file(weights, infinite / "model.safetensors", {"format": "pt"})
    other_size = copy_model("other_size")
    change_json(other_size, "config.json", hidden_size=40)
    other_input = copy_model("other_input")
    change_json(other_input, "preprocessor_config.json", size={"height": 40, "width": 40})
    truncated = copy_model("truncated")
    (truncated / "model.safetensors").write_bytes(
        (truncated / "model.safetensors").read_bytes()[:1000]
    )
    foreign = copy_model("foreign")
    change_json(foreign, "config.json", model_type="x", auto_map={"AutoConfig": "evil.C"})
    (foreign / "evil.py").write_text("raise SystemExit('run')")
    text_only = copy_model("text_only")
    transformers.BertModel(
        transformers.BertConfig(
            hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
        )
    ).save_pretrained(text_only)
    random_output = (
        tmp_path / "random_output"
    )  # a masked autoencoder hides different patches each time
    options = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    transformers.ViTMAEModel(
        transformers.ViTMAEConfig(image_size=32, patch_size=8, intermediate_size=8, **options)
    ).save_pretrained(random_output)
    shutil.copy(without_pooler / "preprocessor_config.json", random_output)
    messages = {
        incomplete: "lack layernorm.weight",
        infinite: "not finite",
        other_size: "can't be used as an encoder",
        other_input: "can't be used as an encoder",
        truncated: "can't be used as an encoder",
        foreign: "can't be used as an encoder",
        text_only: "can't be used as an encoder",
        random_output: "returns another vector each time",
    }
    for folder, message in messages.items():
        with pytest.raises(EncoderError, match=message):
            load_torch(f"hf:{folder}")


def test_a_missing_extra_names_its_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(EncoderError, match=r"need transformers.*pip install 'lookalike\[hub\]'"):
        encoders.load("hf:openai/clip-vit-base-patch32")


def test_the_commands_load_a_model_from_the_cache(
    hub_model: Model, tmp_path: Path, pictures: Path
) -> None:
    cache_model(tmp_path / "hf", "tiny/clip", hub_model("clip"))
    gallery, sheet = ("--gallery", tmp_path / "g"), tmp_path / "s.png"
    index, search = run_commands(
        ("index", pictures, "--encoder", "hf:tiny/clip", *gallery),
        ("search", "--text", "a red bicycle", "--json", "--sheet", sheet, *gallery),
        HF_HOME=str(tmp_path / "hf"),
        HF_HUB_OFFLINE="1",
    )
    assert index.stdout.startswith("5 added"), index.stderr
    assert all(line.startswith("Indexing") for line in index.stderr.splitlines()), index.stderr
    manifest = json.loads((tmp_path / "g" / "gallery.json").read_text("utf-8"))
    assert manifest["encoder"]["source"] == f"hf:tiny/clip@{COMMIT}"
    assert search.returncode == 0, search.stderr
    answer = json.loads(search.stdout)
    assert answer["query"] == "a red bicycle"
    assert len(answer["hits"]) == 5
    assert sheet.stat().st_size > 0
