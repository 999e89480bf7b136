"""The terms of the training loss; docs/benchmarks/appendix.md compares alternatives."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

TEMPERATURE = 0.1  # of the class cosines
COPIES_TEMPERATURE = 0.05
LABEL_SMOOTHING = 0.1  # keeps the class head from being certain, also about unknown pictures


def normalised_softmax(cosines: Tensor, labels: Tensor) -> Tensor:
    """Classify by the cosines with one proxy for each class.

    Zhai and Wu, "Classification is a Strong Baseline for Deep Metric Learning" (2019).

    Args:
        cosines: [N, C].
        labels: int64 [N]; pictures with -1 have no label and don't count.
    """
    labelled = labels >= 0
    if not labelled.any():
        return cosines.sum() * 0
    return functional.cross_entropy(
        cosines[labelled] / TEMPERATURE, labels[labelled], label_smoothing=LABEL_SMOOTHING
    )


def outlier_exposure(cosines: Tensor, labels: Tensor) -> Tensor:
    """Make the class distribution uniform for pictures without a label.

    Hendrycks et al., "Deep Anomaly Detection with Outlier Exposure" (2019). Arguments as above.
    """
    unlabelled = labels < 0
    if not unlabelled.any():
        return cosines.sum() * 0
    return -functional.log_softmax(cosines[unlabelled] / TEMPERATURE, dim=1).mean()


def instance_discrimination(first: Tensor, second: Tensor, labels: Tensor) -> Tensor:
    """Match each picture to its own second view among those of the batch.

    Pizzi et al., "A Self-Supervised Descriptor for Image Copy Detection" (2022). Other pictures of
    the same label are ignored: the labels do not ask to push them apart.

    Args:
        first: float32 [N, D], unit length, of the first views.
        second: float32 [N, D], unit length, of the second views.
        labels: int64 [N].
    """
    cosines = first @ second.T / COPIES_TEMPERATURE  # [N, N]
    same_label = (labels[:, None] == labels[None]) & (labels[:, None] >= 0)
    same_label.fill_diagonal_(fill_value=False)
    cosines = cosines.masked_fill(same_label, -torch.inf)
    target = torch.arange(len(first), device=first.device)
    one_way = functional.cross_entropy(cosines, target)
    return (one_way + functional.cross_entropy(cosines.T, target)) / 2


def similarity_distillation(features: Tensor, original: Tensor) -> Tensor:
    """Compare the cosines within the batch with those of the network before training.

    Tung and Mori, "Similarity-Preserving Knowledge Distillation" (2019). Both are [N, F] of unit
    length. A loss of 1 is a root mean square change of 0.1.
    """
    return (features @ features.T - original @ original.T).square().mean() * 100
