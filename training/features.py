"""Make the numbers behind `lookalike.copies` of Caltech-101's train pictures.

    python -m training.features --caltech101 FOLDER [--sample 3000] [--output FILE.npz]

Principal components of rooted SIFT descriptors, taken together with those of the mirror image and
of the negative; the levels that each is cut to; and the two vocabularies of visual words. What each
is for: `lookalike/copies/descriptors.py`.
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
from training.__main__ import train_pictures

if TYPE_CHECKING:
    from numpy.typing import NDArray

POINTS = 100  # of a picture, at random
WIDTH = 2.7  # standard deviations that the levels reach to
EVEN_OR_ODD = 0.999  # the least of a component's cosine with its own mirror image
_BINS = (4, 4, 8)  # of a SIFT descriptor: rows, columns, directions


def main() -> None:
    """Read the command line, look at the pictures, write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--caltech101", type=Path, required=True)
    parser.add_argument("--sample", type=int, default=3000)
    parser.add_argument("--output", type=Path, default=FILE)
    args = parser.parse_args()
    paths = [picture.path for picture in train_pictures(args.caltech101, half=False)]
    random = np.random.default_rng(0)
    chosen = [paths[i] for i in np.sort(random.permutation(len(paths))[: args.sample])]
    with single_threaded(), ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(_descriptors, chosen))
    every = np.concatenate([d[random.permutation(len(d))[:POINTS]] for d in found])

    roots = np.concatenate([root_sift(view) for view in (every, _mirrored(every))])
    roots = np.concatenate([roots, _negative(roots)])
    mean = roots.mean(axis=0)
    variances, vectors = np.linalg.eigh(np.cov((roots - mean).T))
    components = np.ascontiguousarray(vectors[:, ::-1][:, :DIMENSIONS])
    deviations = np.sqrt(variances[::-1][:DIMENSIONS])
    parities = [(turn(components.T) * components.T).sum(axis=1) for turn in (_mirrored, _negative)]
    if min(np.abs(parity).min() for parity in parities) < EVEN_OR_ODD:
        parser.error("a component is neither even nor odd; take more pictures with --sample")
    rotation = np.linalg.qr(random.normal(size=(DIMENSIONS, DIMENSIONS)))[0]
    unfinished = DescriptorModel(
        mean=mean.astype(np.float32),
        components=components.astype(np.float32),
        steps=(deviations * WIDTH / (LEVELS / 2)).astype(np.float32),
        mirrored=parities[0] < 0,
        negative=parities[1] < 0,
        centres=np.empty((2, CENTRES_PER_HALF, DIMENSIONS // 2), np.float32),
        rotation=rotation.astype(np.float32),
    )
    values = unfinished.decode(unfinished.encode(every)) @ unfinished.rotation
    for half, centres in zip(np.split(values, 2, axis=1), unfinished.centres, strict=True):
        means = MiniBatchKMeans(CENTRES_PER_HALF, batch_size=8192, n_init=1, random_state=0).fit(
            half
        )
        centres[:] = means.cluster_centers_
    np.savez(args.output, **{name: getattr(unfinished, name) for name in DescriptorModel.__slots__})
    kept = variances[::-1][:DIMENSIONS].sum() / variances.sum()
    print(f"{len(every):,} descriptors of {len(chosen):,} pictures; {kept:.3f} of their variance")
    print(f"{args.output}: {args.output.stat().st_size:,} bytes")


def _descriptors(path: str) -> NDArray[np.float32]:
    _, _, found = detect_sift(decode(Path(path).read_bytes()))
    return np.empty((0, 128), np.float32) if found is None else found


def _mirrored(sift: NDArray[np.floating]) -> NDArray[np.floating]:
    """Along its own direction a mirrored feature has its rows and its directions turned about."""
    bins = sift.reshape(-1, *_BINS)
    return np.roll(bins[:, ::-1, :, ::-1], 1, axis=3).reshape(sift.shape)


def _negative(sift: NDArray[np.floating]) -> NDArray[np.floating]:
    """Turn the direction itself about, and the feature with it."""
    return sift.reshape(-1, *_BINS)[:, ::-1, ::-1].reshape(sift.shape)


if __name__ == "__main__":
    main()
