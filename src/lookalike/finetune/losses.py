"""What the training minimises. Which were compared, with figures: docs/benchmarks/appendix.md."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

TEMPERATURE = 0.1  # of the classes
COPIES_TEMPERATURE = 0.05
SMOOTHING = 0.1  # of the target: a class never takes all, so the head stays unsure of strangers


def normalised_softmax(cosines: Tensor, labels: Tensor) -> Tensor:
    """Tell the classes apart by cosine with one proxy each.

    Zhai and Wu, "Classification is a Strong Baseline for Deep Metric Learning" (2019). `cosines` is
    [N, C], `labels` int64 [N]; -1 has no label and does not count.
    """
    known = labels >= 0
    if not known.any():
        return cosines.sum() * 0
    return functional.cross_entropy(
        cosines[known] / TEMPERATURE, labels[known], label_smoothing=SMOOTHING
    )


def silence(cosines: Tensor, labels: Tensor) -> Tensor:
    """Spread the class head's belief evenly over the classes where there is no label.

    Hendrycks et al., "Deep Anomaly Detection with Outlier Exposure" (2019).
    """
    strange = labels < 0
    if not strange.any():
        return cosines.sum() * 0
    return -functional.log_softmax(cosines[strange] / TEMPERATURE, dim=1).mean()


def copies(one: Tensor, other: Tensor, labels: Tensor) -> Tensor:
    """Find each picture's edited copy among those of the batch (instance discrimination).

    Pizzi et al., "A Self-Supervised Descriptor for Image Copy Detection" (2022); `one` and `other`
    are float32 [N, D] of unit length. Other pictures of the same label are left out: pushing them
    apart is not what a label asks for.
    """
    cosines = one @ other.T / COPIES_TEMPERATURE
    same = (labels[:, None] == labels[None]) & (labels[:, None] >= 0)
    same.fill_diagonal_(fill_value=False)
    cosines = cosines.masked_fill(same, -torch.inf)
    target = torch.arange(len(one), device=one.device)
    found = functional.cross_entropy(cosines, target)
    return (found + functional.cross_entropy(cosines.T, target)) / 2


def kept_similarities(features: Tensor, original: Tensor) -> Tensor:
    """Compare the batch's cosines with those of the network that training started from.

    Tung and Mori, "Similarity-Preserving Knowledge Distillation" (2019); both [N, F], unit length;
    in squared hundredths of a cosine... times 0.01: 1 is a root mean square change of 0.1.
    """
    return (features @ features.T - original @ original.T).square().mean() * 100


def kept_beliefs(logits: Tensor, original: Tensor) -> Tensor:
    """Compare what a classifier makes of the features with what it made of the original ones.

    Li and Hoiem, "Learning without Forgetting" (2016); both [N, K]. The mean divergence, in nats.
    """
    before = torch.log_softmax(original, dim=1)
    return functional.kl_div(
        torch.log_softmax(logits, dim=1), before, reduction="batchmean", log_target=True
    )
