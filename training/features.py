"""Compute the constants of `lookalike.copies` from Caltech-101's train pictures.

    python -m training.features --caltech101 FOLDER [--sample 3000] [--output FILE.npz]

These are the principal components of RootSIFT descriptors, including those of mirrored and negative
pictures; the quantisation steps of each component; and the two vocabularies of visual words.
`lookalike/copies/descriptors.py` explains their use.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.cluster import MiniBatchKMeans

from lookalike.copies.descriptors import (
    CENTRES_PER_HALF,
    DIMENSIONS,
    FILE,
    LEVELS,
    DescriptorModel,
    root_sift,
)
from lookalike.copies.fingerprint import detect_sift
from lookalike.copies.threads import single_threaded
from lookalike.decode import decode
from training.caltech101 import train_pictures

if TYPE_CHECKING:
    from numpy.typing import NDArray

POINTS_PER_PICTURE = 100  # chosen at random
MAX_DEVIATIONS = 2.7  # standard deviations that the levels cover
MIN_PARITY = 0.999  # cosine of a component with its own mirror image, or with minus that
_BINS = (4, 4, 8)  # of a SIFT descriptor: rows, columns, directions


def main() -> None:
    """Compute the constants and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--caltech101", type=Path, required=True)
    parser.add_argument("--sample", type=int, default=3000)
    parser.add_argument("--output", type=Path, default=FILE)
    args = parser.parse_args()
    paths = [picture.path for picture in train_pictures(args.caltech101)]
    random = np.random.default_rng(0)
    chosen = [paths[i] for i in np.sort(random.permutation(len(paths))[: args.sample])]
    with single_threaded(), ThreadPoolExecutor(os.cpu_count()) as pool:
        descriptors = list(pool.map(_descriptors, chosen))
    sample = np.concatenate(
        [d[random.permutation(len(d))[:POINTS_PER_PICTURE]] for d in descriptors]
    )

    roots = np.concatenate([root_sift(view) for view in (sample, _mirror(sample))])
    roots = np.concatenate([roots, _negate(roots)])
    mean = roots.mean(axis=0)
    variances, vectors = np.linalg.eigh(np.cov((roots - mean).T))
    components = np.ascontiguousarray(vectors[:, ::-1][:, :DIMENSIONS])
    deviations = np.sqrt(variances[::-1][:DIMENSIONS])
    parities = [
        (transform(components.T) * components.T).sum(axis=1) for transform in (_mirror, _negate)
    ]
    if min(np.abs(parity).min() for parity in parities) < MIN_PARITY:
        parser.error("A component is neither even nor odd; use more pictures with --sample.")
    rotation = np.linalg.qr(random.normal(size=(DIMENSIONS, DIMENSIONS)))[0]
    model = DescriptorModel(
        mean=mean.astype(np.float32),
        components=components.astype(np.float32),
        steps=(deviations * MAX_DEVIATIONS / (LEVELS / 2)).astype(np.float32),
        mirrored=parities[0] < 0,
        negative=parities[1] < 0,
        centres=np.empty((2, CENTRES_PER_HALF, DIMENSIONS // 2), np.float32),
        rotation=rotation.astype(np.float32),
    )
    values = model.decode(model.encode(sample)) @ model.rotation
    for half, centres in zip(np.split(values, 2, axis=1), model.centres, strict=True):
        means = MiniBatchKMeans(CENTRES_PER_HALF, batch_size=8192, n_init=1, random_state=0).fit(
            half
        )
        centres[:] = means.cluster_centers_
    np.savez(args.output, **{name: getattr(model, name) for name in DescriptorModel.__slots__})
    share = variances[::-1][:DIMENSIONS].sum() / variances.sum()
    print(f"{len(sample):,} descriptors of {len(chosen):,} pictures; {share:.3f} of their variance")
    print(f"{args.output}: {args.output.stat().st_size:,} bytes")


def _descriptors(path: str) -> NDArray[np.float32]:
    _, _, descriptors = detect_sift(decode(Path(path).read_bytes()))
    return np.empty((0, 128), np.float32) if descriptors is None else descriptors


def _mirror(sift: NDArray[np.floating]) -> NDArray[np.floating]:
    """Mirror descriptors: reverse their rows and directions, relative to the feature's own."""
    bins = sift.reshape(-1, *_BINS)
    return np.roll(bins[:, ::-1, :, ::-1], 1, axis=3).reshape(sift.shape)


def _negate(sift: NDArray[np.floating]) -> NDArray[np.floating]:
    """Negate descriptors: rotate the feature, and so its rows and columns, by 180 degrees."""
    return sift.reshape(-1, *_BINS)[:, ::-1, ::-1].reshape(sift.shape)


if __name__ == "__main__":
    main()
