from __future__ import annotations

import math

import pytest
import torch

from lookalike.finetune import losses
from lookalike.finetune.network import unit


def test_normalised_softmax_is_cross_entropy_with_smoothing() -> None:
    cosines = torch.tensor([[0.9, 0.1, -0.2], [0.0, 0.0, 0.0]])
    logs = torch.log_softmax(cosines[0] / losses.TEMPERATURE, 0)
    rest = losses.SMOOTHING / 3
    expected = -((1 - losses.SMOOTHING) * logs[0] + rest * logs.sum())
    found = losses.normalised_softmax(cosines, torch.tensor([0, -1]))  # the second has no label
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    assert losses.normalised_softmax(cosines, torch.tensor([-1, -1])).item() == 0


def test_silence_is_least_where_no_class_is_believed() -> None:
    loud, mute = torch.tensor([[1.0, 0.0, 0.0]]), torch.zeros(1, 3)
    strange = torch.tensor([-1])
    assert losses.silence(mute, strange).item() == pytest.approx(math.log(3), rel=1e-5)
    assert losses.silence(loud, strange) > losses.silence(mute, strange)
    assert losses.silence(loud, torch.tensor([0])).item() == 0


def test_copies_leave_out_others_of_the_label() -> None:
    one = torch.eye(3)
    other = torch.tensor([[1.0, 0, 0], [1.0, 0, 0], [0, 0, 1.0]])  # the second's copy looks wrong
    apart = losses.copies(one, other, torch.tensor([0, 1, 2]))
    alike = losses.copies(one, other, torch.tensor([0, 0, 2]))
    assert apart > alike + 1  # asked to tell two of one label apart, it would be much worse
    nobody = losses.copies(one, other, torch.tensor([-1, -1, -1]))  # no label is no shared label
    assert nobody.item() == pytest.approx(apart.item())


def test_kept_similarities_ignore_a_turn_of_the_space() -> None:
    torch.manual_seed(0)
    x = unit(torch.randn(5, 4))
    turn, _ = torch.linalg.qr(torch.randn(4, 4))
    assert losses.kept_similarities(x @ turn, x).item() == pytest.approx(0, abs=1e-9)
    far = unit(torch.randn(5, 4))
    expected = 100 * ((far @ far.T - x @ x.T) ** 2).mean()
    assert losses.kept_similarities(far, x).item() == pytest.approx(expected.item())


def test_kept_beliefs_are_the_divergence_from_those_before() -> None:
    before, now = torch.tensor([[2.0, 0.0, -1.0]]), torch.tensor([[0.5, 0.5, 0.0]])
    p, q = torch.softmax(before, 1), torch.softmax(now, 1)
    expected = (p * (p.log() - q.log())).sum()
    assert losses.kept_beliefs(now, before).item() == pytest.approx(expected.item(), rel=1e-5)
    shifted = now + 3  # says the same
    assert losses.kept_beliefs(shifted, now).item() == pytest.approx(0, abs=1e-6)
