from __future__ import annotations

import math

import pytest
import torch

from lookalike.finetune import losses
from lookalike.finetune.network import unit_rows


def test_normalised_softmax_is_cross_entropy_with_smoothing() -> None:
    cosines = torch.tensor([[0.9, 0.1, -0.2], [0.0, 0.0, 0.0]])
    logs = torch.log_softmax(cosines[0] / losses.TEMPERATURE, 0)
    rest = losses.LABEL_SMOOTHING / 3
    expected = -((1 - losses.LABEL_SMOOTHING) * logs[0] + rest * logs.sum())
    result = losses.normalised_softmax(cosines, torch.tensor([0, -1]))  # the second has no label
    assert result.item() == pytest.approx(expected.item(), rel=1e-5)
    assert losses.normalised_softmax(cosines, torch.tensor([-1, -1])).item() == 0


def test_outlier_exposure_is_least_for_a_uniform_distribution() -> None:
    certain, uniform = torch.tensor([[1.0, 0.0, 0.0]]), torch.zeros(1, 3)
    unlabelled = torch.tensor([-1])
    assert losses.outlier_exposure(uniform, unlabelled).item() == pytest.approx(
        math.log(3), rel=1e-5
    )
    assert losses.outlier_exposure(certain, unlabelled) > losses.outlier_exposure(
        uniform, unlabelled
    )
    assert losses.outlier_exposure(certain, torch.tensor([0])).item() == 0


def test_instance_discrimination_ignores_others_of_the_label() -> None:
    first = torch.eye(3)
    second = torch.tensor(
        [[1.0, 0, 0], [1.0, 0, 0], [0, 0, 1.0]]
    )  # the second view of the second picture looks like the first
    different = losses.instance_discrimination(first, second, torch.tensor([0, 1, 2]))
    same = losses.instance_discrimination(first, second, torch.tensor([0, 0, 2]))
    assert different > same + 1  # separating two pictures of one label would cost much more
    unlabelled = losses.instance_discrimination(
        first, second, torch.tensor([-1, -1, -1])
    )  # no label is not a shared label
    assert unlabelled.item() == pytest.approx(different.item())


def test_similarity_distillation_ignores_a_rotation() -> None:
    torch.manual_seed(0)
    x = unit_rows(torch.randn(5, 4))
    rotation, _ = torch.linalg.qr(torch.randn(4, 4))
    assert losses.similarity_distillation(x @ rotation, x).item() == pytest.approx(0, abs=1e-9)
    other = unit_rows(torch.randn(5, 4))
    expected = 100 * ((other @ other.T - x @ x.T) ** 2).mean()
    assert losses.similarity_distillation(other, x).item() == pytest.approx(expected.item())
