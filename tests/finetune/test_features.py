from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lookalike.finetune.data import Reader, labelled_set
from lookalike.finetune.features import mean_average_precision, trunk_features
from lookalike.finetune.network import EmbeddingNetwork
from lookalike.sources import list_labelled
from tests.finetune.conftest import TinyTrunk


def test_features_are_those_of_the_trunk(labelled: Callable[..., Path]) -> None:
    pictures = labelled_set(list_labelled(labelled(red=2, green=1)))
    network, reader = EmbeddingNetwork(TinyTrunk(), classes=2), Reader(TinyTrunk.preprocessing)
    counts: list[int] = []
    features = trunk_features(network, pictures, reader, on_pictures=counts.append)
    pixels = np.stack([reader.prepare(path) for path in pictures.paths])
    with torch.inference_mode():
        expected = network.trunk(torch.from_numpy(pixels))
    assert torch.allclose(features, expected, atol=0.02)  # perhaps computed in bfloat16
    assert counts == [3]
    edited = trunk_features(network, pictures, reader, edit_seed=1)
    assert edited.shape == features.shape
    assert not torch.allclose(edited, features, atol=0.02)


def test_map_without_two_pictures_of_a_label_is_nan() -> None:
    vectors = torch.eye(3).numpy()
    assert math.isnan(mean_average_precision(vectors, [0, 1, 2]))
    assert mean_average_precision(vectors, [0, 0, 1]) == pytest.approx(0.75, abs=0.3)
