from __future__ import annotations

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike import Gallery, encoders
from lookalike.decode import from_image
from lookalike.errors import EncoderError, EncoderMismatchError

from ..conftest import draw, fill

WEIGHTS = Path(encoders.__file__).parent / "weights"
PACKAGED = WEIGHTS / f"{encoders.DEFAULT_ENCODER}.onnx"


@pytest.fixture(scope="module")
def inputs() -> list[np.ndarray]:
    return [encoders.load().prepare(from_image(draw(seed))) for seed in range(20)]


def test_vectors_have_unit_length_and_differ_between_pictures(inputs: list[np.ndarray]) -> None:
    encoder = encoders.load()
    assert {one.shape for one in inputs} == {(224, 224, 3)}
    vectors = encoder.encode(inputs)
    assert vectors.dtype == np.float32
    assert vectors.shape == (20, encoder.dimensions)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    cosines = vectors @ vectors.T
    assert cosines[~np.eye(20, dtype=bool)].max() < 0.95
    assert encoder.encode([]).shape == (0, encoder.dimensions)


def test_a_vector_depends_neither_on_the_batch_nor_on_the_threads(inputs: list[np.ndarray]) -> None:
    encoder = encoders.load()
    together = encoder.encode(inputs)
    for threads in (1, 2):
        alone = np.concatenate([encoder.encode([one], threads=threads) for one in inputs])
        assert (alone * together).sum(axis=1).min() > 0.9999


def test_threads_may_share_an_encoder(inputs: list[np.ndarray]) -> None:
    encoder = encoders.load()
    expected = encoder.encode(inputs)
    with ThreadPoolExecutor(6) as pool:
        results = [*pool.map(lambda _: encoder.encode(inputs), range(6))]
    assert all(np.abs(vectors - expected).max() < 1e-5 for vectors in results)


def test_the_packaged_weights_are_small_and_match_the_model_card() -> None:
    assert PACKAGED.stat().st_size <= 8_000_000
    encoder = encoders.load()
    card = (WEIGHTS / "MODEL_CARD.md").read_text("utf-8")
    assert encoder.sha256 in card
    assert f" {encoder.dimensions} " in card
    assert (WEIGHTS / "LICENSE").is_file()
    assert encoder.dimensions <= 512


# The card of a tiny network that averages the pixels of each quarter.
CARD: dict[str, Any] = {
    "name": "own",
    "dimensions": 12,
    "preprocessing": {"width": 8, "height": 8, "resize": "bilinear", "fit": "stretch"},
    "input": {"name": "x", "layout": "NCHW", "dtype": "float32", "mean": [0.4, 0.5, 0.6]},
    "output": {"name": "y", "unit": False},
}
PIXELS = [np.random.default_rng(i).integers(0, 256, (8, 8, 3), np.uint8) for i in range(3)]


def net(path: Path, card: Any = None, *, batch: Any = "N", **parts: Any) -> Path:
    """Write a network that averages 4 x 4 pixels; `parts` replaces its nodes or weights."""
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    nodes = [
        helper.make_node("AveragePool", ["x"], ["pooled"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Mul", ["flat", "w"], ["y"]),
    ]
    nodes = parts.get("nodes", nodes)
    weights = parts.get("weights", onnx.numpy_helper.from_array(np.ones(12, np.float32), "w"))
    domains = {node.domain for node in nodes}
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "tiny",
            [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [batch, 3, 8, 8])],
            [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [batch, 12])],
            [weights],
        ),
        opset_imports=[helper.make_opsetid(domain, 17 if not domain else 1) for domain in domains],
        ir_version=8,
    )
    if card is not None:
        model.metadata_props.add(key="author", value="me")
        text = card if isinstance(card, str) else json.dumps(card)
        model.metadata_props.add(key="lookalike", value=text)
    path.write_bytes(model.SerializeToString())
    return path


def means(pixels: np.ndarray) -> np.ndarray:
    """Compute the network's output with numpy."""
    x = (pixels / 255 - [0.4, 0.5, 0.6]).transpose(2, 0, 1)
    y = x.reshape(3, 2, 4, 2, 4).mean(axis=(2, 4)).ravel()
    return y / np.linalg.norm(y)


def test_a_card_beside_or_inside_makes_an_onnx_file_an_encoder(tmp_path: Path) -> None:
    net(tmp_path / "own.onnx")
    (tmp_path / "own.json").write_text(json.dumps(CARD))
    beside = encoders.load(str(tmp_path / "own.onnx"))
    inside = encoders.load(str(net(tmp_path / "other.onnx", CARD)))
    expected = np.stack([means(one) for one in PIXELS])
    for encoder in (beside, inside):
        assert np.abs(encoder.encode(PIXELS) - expected).max() < 1e-5
        assert encoder.preprocessing == beside.preprocessing
        assert encoder.preprocessing["input"]["mean"] == [0.4, 0.5, 0.6]
    # The card inside takes precedence.
    (tmp_path / "other.json").write_text("nonsense")
    assert encoders.load(str(tmp_path / "other.onnx")).name == "own"


def test_a_network_with_a_batch_size_of_one_runs_for_each_picture(tmp_path: Path) -> None:
    encoder = encoders.load(str(net(tmp_path / "own.onnx", CARD, batch=1)))
    assert np.abs(encoder.encode(PIXELS) - np.stack([means(one) for one in PIXELS])).max() < 1e-5


def test_a_gallery_finds_its_file_and_reports_a_moved_or_changed_one(tmp_path: Path) -> None:
    own = net(tmp_path / "own.onnx", CARD)
    fill(tmp_path / "p", 3)
    assert Gallery.open(tmp_path / "g", encoder=str(own)).index(tmp_path / "p").added == 3
    assert Gallery.open(tmp_path / "g").search(draw(1), top=1)[0].path.endswith("0001.jpg")
    moved = own.rename(tmp_path / "moved.onnx")
    with pytest.raises(EncoderMismatchError, match=r"own\.onnx can't be read.*with --encoder"):
        Gallery.open(tmp_path / "g").search(draw(1))
    assert Gallery.open(tmp_path / "g", encoder=str(moved)).index(tmp_path / "p").unchanged == 3
    assert Gallery.open(tmp_path / "g").info().encoder["source"] == str(moved)
    net(moved, CARD | {"output": {"name": "y"}})
    with pytest.raises(EncoderMismatchError, match=r"moved\.onnx has changed since"):
        Gallery.open(tmp_path / "g").search(draw(1))
    with pytest.raises(EncoderMismatchError, match=r"This is lookalike-3.*Drop --encoder"):
        Gallery.open(tmp_path / "g", encoder=encoders.DEFAULT_ENCODER)


def test_a_file_without_a_card_gets_an_example_that_works(tmp_path: Path) -> None:
    own = net(tmp_path / "own.onnx")
    with pytest.raises(EncoderError, match=r"no card inside, and own\.json beside it") as error:
        encoders.load(str(own))
    example = str(error.value).split("for example:\n")[1]
    (tmp_path / "own.json").write_text(example)
    encoder = encoders.load(str(own))
    assert (encoder.name, encoder.dimensions) == ("own", 12)
    assert encoder.encode(PIXELS).shape == (3, 12)
    bare = pytest.importorskip("onnx").load(PACKAGED)
    del bare.metadata_props[:]
    (tmp_path / "bare.onnx").write_bytes(bare.SerializeToString())
    with pytest.raises(EncoderError) as error:
        encoders.load(str(tmp_path / "bare.onnx"))
    card = json.loads(str(error.value).split("for example:\n")[1])
    assert card["input"] == {"name": "pixels", "layout": "NHWC", "dtype": "uint8"}
    assert (card["dimensions"], card["preprocessing"]["width"]) == (512, 224)


@pytest.mark.parametrize(
    "card",
    ["", "[]", "{}", '{"name": "x", "dimensions": 512}', json.dumps(CARD | {"dimension": 12})],
)
def test_an_incomplete_card_is_refused(tmp_path: Path, card: str) -> None:
    own = net(tmp_path / "own.onnx")
    (tmp_path / "own.json").write_text(card)
    with pytest.raises(EncoderError, match=r"own\.json can't be used"):
        encoders.load(str(own))
    with pytest.raises(EncoderError, match=r"in .*own\.onnx can't be used"):
        encoders.load(str(net(own, card)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input": CARD["input"] | {"name": "pixels"}}, "the network has x and y"),
        ({"output": {"name": "embedding"}}, "the network has x and y"),
        ({"input": {"name": "x", "layout": "NCHW"}}, r"takes tensor\(float\); its card says"),
        ({"input": CARD["input"] | {"layout": "NHWC"}}, r"states \['N', 8, 8, 3\]"),
        ({"preprocessing": {"width": 9, "height": 8}}, r"states \['N', 3, 8, 9\]"),
        ({"dimensions": 7}, "states 7 dimensions"),
    ],
)
def test_a_card_that_does_not_match_the_file_is_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    encoder = encoders.load(str(net(tmp_path / "own.onnx", CARD | change)))
    with pytest.raises(EncoderError, match=message):
        encoder.encode(PIXELS)


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    numpy_helper = pytest.importorskip("onnx").numpy_helper
    weights = numpy_helper.from_array(np.full(12, np.nan, np.float32), "w")
    encoder = encoders.load(str(net(tmp_path / "own.onnx", CARD, weights=weights)))
    with pytest.raises(EncoderError, match="not finite"):
        encoder.encode(PIXELS)


def external(location: str) -> Any:
    """Make weights that are stored in another file."""
    onnx = pytest.importorskip("onnx")
    weights = onnx.TensorProto(name="w", data_type=1, dims=[12], data_location=1)
    weights.external_data.add(key="location", value=location)
    return weights


def test_weights_in_another_file_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The hash would not cover them, and they could be any file on this machine.
    (tmp_path / "in").mkdir()
    for place in (tmp_path / "w.bin", tmp_path / "in" / "w.bin"):
        place.write_bytes(np.ones(12, np.float32).tobytes())
    monkeypatch.chdir(tmp_path / "in")
    for location in ("w.bin", "../w.bin", str(tmp_path / "w.bin"), "none.bin"):
        encoder = encoders.load(str(net(Path("own.onnx"), CARD, weights=external(location))))
        with pytest.raises(EncoderError, match="has weights in another file"):
            encoder.encode(PIXELS)


def test_malicious_files_are_refused_and_crash_nothing(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    own, node = tmp_path / "own.onnx", onnx.helper.make_node
    shape = onnx.numpy_helper.from_array(np.array([2**33, 2**20]), "w")
    nets: list[dict[str, Any]] = [
        {"nodes": [node("Evil", ["x"], ["y"], domain="evil")]},
        {"nodes": [node("ConstantOfShape", ["w"], ["y"])], "weights": shape},
        {"nodes": [node("Identity", ["y"], ["y"])]},
        {"weights": onnx.TensorProto(name="w", data_type=1, dims=[12, 2**60], raw_data=b"1234")},
        {"weights": onnx.TensorProto(name="w", data_type=1, dims=[-12], raw_data=b"1234")},
    ]
    for parts in nets:
        encoder = encoders.load(str(net(own, CARD, **parts)))
        with pytest.raises(EncoderError, match=r"own can't run: .*Check that it is an ONNX file"):
            encoder.encode(PIXELS)
    for card, says in (("x" * 3_000_000, "it is over"), ("[" * 100_000, "can't be used")):
        with pytest.raises(EncoderError, match=says):
            encoders.load(str(net(own, card)))
    data = net(own, CARD).read_bytes()
    chance = np.random.default_rng(0)
    (tmp_path / "own.json").write_text(json.dumps(CARD))
    for damaged in (b"", b"no network", chance.bytes(5000), data[:100], data[:-1], data + b"\xff"):
        own.write_bytes(damaged)
        with contextlib.suppress(EncoderError):
            assert encoders.load(str(own)).encode(PIXELS).shape == (3, 12)
    own.write_bytes(b"no network")
    with pytest.raises(EncoderError, match="can't run"):
        encoders.load(str(own)).encode(PIXELS)
    (tmp_path / "own.json").unlink()
    with pytest.raises(EncoderError, match=r"own\.onnx can't run"):
        encoders.load(str(own))


def test_missing_files_folders_and_huge_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder.onnx").mkdir()
    for name in ("none.onnx", "folder.onnx"):
        with pytest.raises(EncoderError, match=r"can't be read .*; check the path"):
            encoders.load(str(tmp_path / name))
    net(tmp_path / "own.onnx", CARD)
    monkeypatch.setattr("lookalike.encoders.onnx.MAX_FILE_BYTES", 100)
    with pytest.raises(EncoderError, match="more than an ONNX file can have"):
        encoders.load(str(tmp_path / "own.onnx"))


def test_pictures_of_another_size_are_refused() -> None:
    with pytest.raises(EncoderError, match="can't run"):
        encoders.load().encode([np.zeros((10, 10, 3), np.uint8)])
