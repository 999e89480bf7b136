"""The general head, fitted in closed form: one pass over the training pictures, no gradient.

Features are whitened by their covariance within labels and between a picture and its edited copy
(within-class covariance normalisation: Hatch, Kajarekar and Stolcke, "Within-Class Covariance
Normalization for SVM-based Speaker Recognition", 2006), with a ridge, and then reduced to their
principal components. Variation without meaning then weighs less, also for labels outside the
training set.
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
PRIOR_PICTURES = 2_000.0  # with this many pictures, the previous head counts half
_MIN_DEVIATION = 1e-3  # for features that hardly vary


@torch.no_grad()
def fit_general_head(
    network: EmbeddingNetwork, plain: Tensor, edited: Tensor, labels: Sequence[int]
) -> None:
    """Fit the network's general head, in place.

    Args:
        network: whose trunk computed the features.
        plain: float32 [N, F], of the training pictures as they are.
        edited: float32 [N, F], of an edited copy of each.
        labels: [N], -1 for none.
    """
    previous = network.general.weight.detach().double()  # [D, F]
    sizes = torch.tensor(network.trunk.part_sizes)
    standardised = torch.tensor(network.trunk.part_standardised).repeat_interleave(sizes)  # [F]
    network.mean.copy_(plain.mean(dim=0) * standardised)
    deviation = plain.std(dim=0, correction=0) + _MIN_DEVIATION
    network.deviation.copy_(torch.where(standardised, deviation, 1.0))
    plain, edited = network.balance(plain).double(), network.balance(edited).double()

    within = _unit_mean_variance(_within_class_scatter(plain, torch.tensor(labels)))  # [F, F]
    change = edited - plain
    within += COPIES_WEIGHT * _unit_mean_variance(change.T @ change)
    # In directions without observed variance, only the ridge counts.
    values, vectors = torch.linalg.eigh(_unit_mean_variance(within))
    whiten = (vectors / (values.clamp(min=0) + RIDGE).sqrt()) @ vectors.T  # [F, F]

    whitened = unit_rows(torch.cat([plain, edited]) @ whiten)  # [2N, F]
    share = len(plain) / (len(plain) + PRIOR_PICTURES)
    identity = torch.eye(plain.shape[1], dtype=torch.float64)
    prior = previous.T @ previous if previous.any() else identity
    moment = share * _unit_mean_variance(whitened.T @ whitened)
    moment += (1 - share) * _unit_mean_variance(prior)
    _, components = torch.linalg.eigh(moment)  # ascending
    basis = components[:, -len(previous) :].T.flip(0)  # [D, F]
    network.general.weight.copy_((basis @ whiten).float())


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
