"""The general head, in closed form: no gradient, one pass over the training pictures.

Features are whitened by how much they vary inside a label and between a picture and its edited
copies (within-class covariance normalisation: Hatch, Kajarekar and Stolcke, "Within-Class
Covariance Normalization for SVM-based Speaker Recognition", 2006), held back by a ridge, then
reduced to their principal directions. What varies without a meaning weighs less, on pictures of
labels never seen, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from .network import unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from .network import EmbeddingNetwork

RIDGE = 3.0  # in mean variances within; less gains on known labels and loses elsewhere
COPIES_WEIGHT = 0.5  # of the variation under edits, that under a label being 1
PRIOR_PICTURES = 2_000.0  # as many as these count, what the start knows counts half
_FLOOR = 1e-3  # of a standard deviation, for features that hardly ever speak


@torch.no_grad()
def fit_general_head(
    network: EmbeddingNetwork, plain: Tensor, edited: Tensor, labels: Sequence[int]
) -> None:
    """Fit the head in place.

    Args:
        network: its trunk made the features.
        plain: float32 [N, F], of the training pictures as they are.
        edited: float32 [N, F], of an edited copy of each.
        labels: [N], -1 for none.
    """
    start = network.general.weight.detach().double()
    sizes = torch.tensor(network.trunk.groups)
    chosen = torch.tensor(network.trunk.standardised).repeat_interleave(sizes)
    network.mean.copy_(plain.mean(dim=0) * chosen)
    deviation = plain.std(dim=0, correction=0) + _FLOOR
    network.deviation.copy_(torch.where(chosen, deviation, 1.0))
    plain, edited = network.balanced(plain).double(), network.balanced(edited).double()
    features = plain.shape[1]
    within = _normalised(_scatter_within(plain, torch.tensor(labels)))
    change = edited - plain
    within += COPIES_WEIGHT * _normalised(change.T @ change)
    # Where nothing was seen to vary, nothing is known, and the ridge alone stands.
    values, vectors = torch.linalg.eigh(_normalised(within))
    whiten = (vectors / (values.clamp(min=0) + RIDGE).sqrt()) @ vectors.T

    seen = unit(torch.cat([plain, edited]) @ whiten)
    share = len(plain) / (len(plain) + PRIOR_PICTURES)
    prior = start.T @ start if start.any() else torch.eye(features, dtype=torch.float64)
    moment = share * _normalised(seen.T @ seen) + (1 - share) * _normalised(prior)
    _, directions = torch.linalg.eigh(moment)  # ascending
    basis = directions[:, -len(start) :].T.flip(0)
    network.general.weight.copy_((basis @ whiten).float())


def _scatter_within(x: Tensor, labels: Tensor) -> Tensor:
    """Sum the covariances inside each label: [F, F]; each label counts once."""
    scatter = x.new_zeros(x.shape[1], x.shape[1])
    for label in sorted(set(labels.tolist()) - {-1}):
        rows = x[labels == label]
        centred = rows - rows.mean(dim=0)
        scatter += centred.T @ centred / len(rows)
    return scatter


def _normalised(matrix: Tensor) -> Tensor:
    """Scale to a mean variance of 1; a matrix of zeros stays."""
    return matrix / (matrix.trace() / len(matrix)).clamp(min=torch.finfo(matrix.dtype).tiny)
