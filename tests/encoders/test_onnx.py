from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from lookalike import Gallery, encoders
from lookalike.decode import from_image
from lookalike.encoders.onnx import OnnxEncoder
from lookalike.errors import EncoderError

from ..conftest import draw, fill

WEIGHTS = Path(encoders.__file__).parent / "weights"
PACKAGED = WEIGHTS / f"{encoders.DEFAULT}.onnx"


@pytest.fixture(scope="module")
def inputs() -> list[np.ndarray]:
    return [encoders.load().prepare(from_image(draw(seed))) for seed in range(20)]


def test_vectors_have_unit_length_and_tell_pictures_apart(inputs: list[np.ndarray]) -> None:
    encoder = encoders.load()
    assert {one.shape for one in inputs} == {(224, 224, 3)}
    vectors = encoder.encode(inputs)
    assert vectors.dtype == np.float32
    assert vectors.shape == (20, encoder.dimensions)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    cosines = vectors @ vectors.T
    assert cosines[~np.eye(20, dtype=bool)].max() < 0.95
    assert encoder.encode([]).shape == (0, encoder.dimensions)


def test_a_vector_hangs_neither_on_the_batch_nor_on_the_threads(inputs: list[np.ndarray]) -> None:
    encoder = encoders.load()
    together = encoder.encode(inputs)
    for threads in (1, 2):
        alone = np.concatenate([encoder.encode([one], threads=threads) for one in inputs])
        assert (alone * together).sum(axis=1).min() > 0.9999


def test_threads_may_share_an_encoder(inputs: list[np.ndarray]) -> None:
    encoder = encoders.load()
    expected = encoder.encode(inputs)
    found: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: found.append(encoder.encode(inputs))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert all((one == expected).all() for one in found)


def test_the_packaged_weights_are_small_and_their_card_is_true() -> None:
    assert PACKAGED.stat().st_size <= 8_000_000
    encoder = encoders.load()
    card = (WEIGHTS / "MODEL_CARD.md").read_text("utf-8")
    assert encoder.sha256 in card
    assert f" {encoder.dimensions} " in card
    assert (WEIGHTS / "LICENSE").is_file()
    assert encoder.dimensions <= 512


def test_any_onnx_file_of_the_contract_can_be_used(tmp_path: Path) -> None:
    own = tmp_path / "own.onnx"
    shutil.copy(PACKAGED, own)
    card = json.loads(PACKAGED.with_suffix(".json").read_text("utf-8"))
    own.with_suffix(".json").write_text(json.dumps(card | {"name": "own"}))
    fill(tmp_path / "p", 3)
    gallery = Gallery.open(tmp_path / "g", encoder=str(own))
    assert gallery.index(tmp_path / "p").added == 3
    again = Gallery.open(tmp_path / "g")  # the gallery knows where its encoder lies
    assert again.search(draw(1), top=1)[0].path.endswith("0001.jpg")
    assert again.info().encoder["name"] == "own"


@pytest.mark.parametrize(
    "card",
    [
        "",
        "[]",
        "{}",
        '{"name": "x", "dimensions": 512}',
        '{"name": "x", "dimensions": "512", "preprocessing": {"width": 224, "height": 224}}',
        (
            '{"name": "x", "dimensions": 512, "preprocessing": {"width": 224, "height": 224,'
            ' "resize": "nearest", "fit": "stretch"}}'
        ),
    ],
)
def test_a_card_that_does_not_say_enough_is_told(tmp_path: Path, card: str) -> None:
    shutil.copy(PACKAGED, tmp_path / "own.onnx")
    (tmp_path / "own.json").write_text(card)
    with pytest.raises(EncoderError, match=r"own\.json|needs a \.json"):
        encoders.load(str(tmp_path / "own.onnx"))


def test_weights_that_are_none_or_answer_otherwise_are_told(
    tmp_path: Path, inputs: list[np.ndarray]
) -> None:
    card = json.loads(PACKAGED.with_suffix(".json").read_text("utf-8"))
    (tmp_path / "own.json").write_text(json.dumps(card))
    with pytest.raises(EncoderError, match="can't be read"):
        encoders.load(str(tmp_path / "own.onnx"))
    (tmp_path / "own.onnx").write_bytes(b"no network")
    with pytest.raises(EncoderError, match="can't run"):
        OnnxEncoder(tmp_path / "own.onnx", source="own").encode(inputs)
    shutil.copy(PACKAGED, tmp_path / "own.onnx")
    (tmp_path / "own.json").write_text(json.dumps(card | {"dimensions": 7}))
    with pytest.raises(EncoderError, match="states 7 dimensions"):
        OnnxEncoder(tmp_path / "own.onnx", source="own").encode(inputs)
    with pytest.raises(EncoderError, match="can't run"):
        encoders.load().encode([np.zeros((10, 10, 3), np.uint8)])
