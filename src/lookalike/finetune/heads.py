"""Heads for a network without any, fitted in closed form: one pass over pictures, no gradient.

Features are whitened by their covariance within labels and between a picture and its edited copy
(within-class covariance normalisation: Hatch, Kajarekar and Stolcke, "Within-Class Covariance
Normalization for SVM-based Speaker Recognition", 2006), with a ridge, and then reduced to their
principal components. Variation without meaning then weighs less, also for labels outside the
training set. The copies head starts with the first of these components, and is trained from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from .network import unit_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from .network import EmbeddingNetwork

RIDGE = 3.0  # in mean within-class variances; a smaller one helps known labels and harms others
COPIES_WEIGHT = 0.5  # of the variance under edits; that within labels weighs 1
PRIOR_PICTURES = 2_000.0  # with this many pictures, all directions alike count half


@torch.no_grad()
def fit_heads(
    network: EmbeddingNetwork, plain: Tensor, edited: Tensor, labels: Sequence[int]
) -> None:
    """Fit the network's general head and copies head, in place.

    Args:
        network: whose trunk computed the features.
        plain: float32 [N, F], of the training pictures as they are.
        edited: float32 [N, F], of an edited copy of each.
        labels: [N], -1 for none.
    """
    plain, edited = unit_rows(plain.double()), unit_rows(edited.double())
    within = _unit_mean_variance(_within_class_scatter(plain, torch.tensor(labels)))  # [F, F]
    change = edited - plain
    within += COPIES_WEIGHT * _unit_mean_variance(change.T @ change)
    # In directions without observed variance, only the ridge counts.
    values, vectors = torch.linalg.eigh(_unit_mean_variance(within))
    whiten = (vectors / (values.clamp(min=0) + RIDGE).sqrt()) @ vectors.T  # [F, F]

    whitened = unit_rows(torch.cat([plain, edited]) @ whiten)  # [2N, F]
    share = len(plain) / (len(plain) + PRIOR_PICTURES)
    moment = share * _unit_mean_variance(whitened.T @ whitened)
    moment += (1 - share) * torch.eye(len(moment), dtype=moment.dtype)
    _, components = torch.linalg.eigh(moment)  # ascending
    basis = (components.T.flip(0) @ whiten).float()  # [F, F]
    for head in (network.general, network.copies):
        head.weight.copy_(basis[: head.out_features])


def _within_class_scatter(x: Tensor, labels: Tensor) -> Tensor:
    """Sum the covariances within each label: [F, F]; each label counts once."""
    scatter = x.new_zeros(x.shape[1], x.shape[1])
    for label in sorted(set(labels.tolist()) - {-1}):
        rows = x[labels == label]
        centred = rows - rows.mean(dim=0)
        scatter += centred.T @ centred / len(rows)
    return scatter


def _unit_mean_variance(matrix: Tensor) -> Tensor:
    """Scale to a mean variance of 1; a matrix of zeros stays."""
    return matrix / (matrix.trace() / len(matrix)).clamp(min=torch.finfo(matrix.dtype).tiny)
