"""Run a trunk over pictures, and measure retrieval among them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from ..evaluate import retrieval_metrics
from .data import prepare_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from torch import Tensor

    from .data import LabelledSet, Reader
    from .network import EmbeddingNetwork

BATCH_PICTURES = 32


def autocast(device: str) -> torch.autocast:
    """Compute in bfloat16 where the processor has instructions for it; weights stay float32."""
    fast = device != "cpu" or torch.cpu.get_capabilities().get("avx512_bf16", False)
    return torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=fast)


@torch.inference_mode()
def trunk_features(
    network: EmbeddingNetwork,
    pictures: LabelledSet,
    reader: Reader,
    *,
    edit_seed: int | None = None,
    on_pictures: Callable[[int], None] = lambda _: None,
) -> Tensor:
    """Run the trunk over pictures, on the network's device.

    Args:
        network: whose trunk runs.
        pictures: N of them.
        reader: prepares them.
        edit_seed: edits each picture first, by this seed; None for the pictures as they are.
        on_pictures: called with the number of pictures done.

    Returns:
        float32 [N, F], on the CPU.
    """
    device = str(network.general.weight.device)
    parts = [torch.empty(0, network.trunk.dimensions)]
    done = 0
    for pixels in prepare_batches(pictures.paths, reader, BATCH_PICTURES, edit_seed=edit_seed):
        with autocast(device):
            features = network.trunk(torch.from_numpy(pixels).to(device))
        parts.append(features.float().cpu())
        done += len(pixels)
        on_pictures(done)
    return torch.cat(parts)


def mean_average_precision(vectors: np.ndarray[Any, Any], labels: Sequence[int]) -> float:
    """Measure leave-one-out retrieval; NaN if no two pictures share a label."""
    if len(set(labels)) == len(labels):
        return math.nan
    metrics = retrieval_metrics(vectors, labels, vectors, labels, leave_one_out=True, resamples=0)
    return metrics["mAP"].mean
