"""One evaluation: split the pictures, encode them, measure the rankings."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from .. import encoders
from ..errors import ArgumentError
from .metrics import RetrievalMetrics, retrieval_metrics
from .protocols import Split, split_folder, split_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..encoders import Encoder
    from ..ingest import Embedded
    from ..sources import LabelledPicture
    from ..types import Progress, Refusal

MAX_QUERIES = 20_000  # of more, a random sample: the intervals are then about a point wide
FEW_QUERIES = 200
_PACKAGES = ("lookalike", "numpy", "pillow")
_OPTIONAL_PACKAGES = ("onnxruntime", "torch", "transformers")  # reported if the run imported them


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of `evaluate`.

    Attributes:
        protocol: `all`, `test3` or `two folders`.
        folders: as the caller named them: one, or queries and gallery.
        encoder: name, source, sha256, dimensions and preprocessing.
        metrics: the figures; its row numbers refer to `queries` and `gallery`.
        queries: pictures that were encoded.
        gallery: pictures that were encoded.
        vectors: float32 [G, D], the gallery's.
        refusals: files and folders that could not be used.
        seconds: wall time of decoding and encoding.
        versions: of Python and the packages used, by name.

    Example:
        >>> import lookalike
        >>> evaluation = lookalike.evaluate("photos")
        >>> for label in evaluation.metrics.labels:
        ...     print(label.label, label.queries)
        leopards 10
        motorbikes 10
        sunflower 10
        >>> evaluation.command
        'lookalike evaluate photos --protocol all --encoder lookalike-3 --top 10'
    """

    protocol: str
    folders: tuple[str, ...]
    encoder: dict[str, Any]
    metrics: RetrievalMetrics
    queries: tuple[LabelledPicture, ...]
    gallery: tuple[LabelledPicture, ...]
    vectors: NDArray[np.float32]
    refusals: tuple[Refusal, ...]
    seconds: float
    versions: dict[str, str]

    @property
    def pictures_per_second(self) -> float:
        """Pictures decoded and encoded per second."""
        encoded = len(self.gallery) + (0 if self.metrics.leave_one_out else len(self.queries))
        return encoded / self.seconds if self.seconds else 0.0

    @property
    def command(self) -> str:
        """The command that repeats this evaluation."""
        words = ["lookalike", "evaluate"]
        if self.metrics.leave_one_out:
            words += [self.folders[0], "--protocol", self.protocol]
        else:
            words += ["--queries", self.folders[0], "--gallery", self.folders[1]]
        words += ["--encoder", self.encoder["source"], "--top", str(self.metrics.k)]
        if self.metrics.queries < self.metrics.sampled_from:
            words += ["--max-queries", str(self.metrics.queries)]
        return shlex.join(words)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Warnings about how far to trust the figures, one sentence each."""
        metrics, remarks = self.metrics, []
        if metrics.queries < metrics.sampled_from:
            remarks.append(
                f"The {metrics.queries:,} queries are a random sample of "
                f"{metrics.sampled_from:,}; the gallery is complete."
            )
        if metrics.without_relevant:
            remarks.append(
                f"{metrics.without_relevant:,} pictures are not queries, because the gallery has "
                "no other picture of their label."
            )
        if metrics.queries < FEW_QUERIES:
            remarks.append(f"There are only {metrics.queries} queries; mind the wide intervals.")
        if self.refusals:
            files = "file" if len(self.refusals) == 1 else "files"
            remarks.append(f"{len(self.refusals):,} {files} could not be used.")
        return tuple(remarks)

    def as_json(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        metrics = self.metrics
        return {
            "protocol": self.protocol,
            "folders": list(self.folders),
            "encoder": self.encoder,
            "queries": metrics.queries,
            "queries_without_relevant": metrics.without_relevant,
            "queries_sampled_from": metrics.sampled_from,
            "gallery": metrics.gallery,
            "leave_one_out": metrics.leave_one_out,
            "metrics": {name: asdict(estimate) for name, estimate in metrics.estimates.items()},
            "macro_mAP": metrics.macro_mean_average_precision,
            "labels": [
                {"label": label.label, "queries": label.queries, "metrics": label.means}
                for label in metrics.labels
            ],
            "refused": [asdict(refusal) for refusal in self.refusals],
            "seconds": self.seconds,
            "pictures_per_second": self.pictures_per_second,
            "versions": self.versions,
            "command": self.command,
        }


def evaluate(  # noqa: PLR0913  the public signature
    folder: str | os.PathLike[str] | None = None,
    *,
    queries: str | os.PathLike[str] | None = None,
    gallery: str | os.PathLike[str] | None = None,
    encoder: Encoder | str = encoders.DEFAULT_ENCODER,
    protocol: str = "all",
    k: int = 10,
    max_queries: int = MAX_QUERIES,
    seed: int = 0,
    on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
) -> Evaluation:
    """Measure how well an encoder finds pictures with the query's label.

    Args:
        folder: holds one folder for each label; each picture is a query to all others.
        queries: instead of `folder`, together with `gallery`: two such folders.
        gallery: the folder that is searched with `queries`.
        encoder: a loaded encoder, or a name for `encoders.load`.
        protocol: for `folder`: `all`, or Caltech-101's `test3`.
        k: cutoff of mAP@k, recall@k and nDCG@k.
        max_queries: of more queries, a random sample of this size is used; 0 for all.
        seed: of that sample, and of the intervals.
        on_progress: called with the stage, the number done and the total.

    Raises:
        ArgumentError: a folder or an option is invalid, or the labels leave nothing to measure.
        EncoderError: the encoder can't be loaded or run.
        KeyboardInterrupt: after the workers have stopped.

    Example:
        >>> import lookalike
        >>> evaluation = lookalike.evaluate("photos", encoder="lookalike-3")
        >>> evaluation.metrics.queries
        30
        >>> 0.9 < evaluation.metrics["P@1"].mean <= 1
        True
    """
    from ..ingest import embed

    if max_queries < 0:
        raise ArgumentError("max_queries must be at least 0; 0 uses all queries.")
    split, folders = _split(folder, queries, gallery, protocol)
    loaded = encoders.load(encoder) if isinstance(encoder, str) else encoder
    pictures = split.gallery if split.leave_one_out else (*split.queries, *split.gallery)
    seconds = 0.0

    def on_encoded(progress: Progress) -> None:
        nonlocal seconds
        seconds = progress.seconds
        refused = f" ({progress.refused:,} refused)" if progress.refused else ""
        on_progress(f"Encoding{refused}", progress.done, progress.todo)

    embedded = embed([p.path for p in pictures], loaded, on_progress=on_encoded)
    used_queries, used_gallery = _encoded_pictures(split, pictures, embedded)
    vectors = embedded.vectors[len(embedded.vectors) - len(used_gallery) :]  # [G, D]
    metrics = retrieval_metrics(
        vectors if split.leave_one_out else embedded.vectors[: len(used_queries)],
        [picture.label for picture in used_queries],
        vectors,
        [picture.label for picture in used_gallery],
        leave_one_out=split.leave_one_out,
        k=k,
        max_queries=max_queries,
        seed=seed,
        on_progress=lambda done, of: on_progress("Ranking", done, of),
    )
    return Evaluation(
        protocol=split.protocol,
        folders=folders,
        encoder={
            "name": loaded.name,
            "source": loaded.source,
            "sha256": loaded.sha256,
            "dimensions": loaded.dimensions,
            "preprocessing": loaded.preprocessing,
        },
        metrics=metrics,
        queries=used_queries,
        gallery=used_gallery,
        vectors=vectors,
        refusals=(*split.refusals, *embedded.refusals),
        seconds=seconds,
        versions=_versions(),
    )


def _split(
    folder: str | os.PathLike[str] | None,
    queries: str | os.PathLike[str] | None,
    gallery: str | os.PathLike[str] | None,
    protocol: str,
) -> tuple[Split, tuple[str, ...]]:
    if folder is not None and queries is None and gallery is None:
        return split_folder(folder, protocol), (os.fspath(folder),)
    if folder is None and queries is not None and gallery is not None:
        folders = (os.fspath(queries), os.fspath(gallery))
        return split_folders(queries, gallery), folders
    raise ArgumentError(
        "Name one folder or two: lookalike evaluate FOLDER, or --queries A --gallery B."
    )


def _encoded_pictures(
    split: Split, pictures: Sequence[LabelledPicture], embedded: Embedded
) -> tuple[tuple[LabelledPicture, ...], tuple[LabelledPicture, ...]]:
    """Return the queries and the gallery, without the pictures that could not be encoded."""
    if not len(embedded.kept):
        refusal = embedded.refusals[0]
        raise ArgumentError(
            f"None of the pictures could be used; for example, {refusal.path} is {refusal.reason}."
        )
    used = tuple(pictures[row] for row in embedded.kept)
    if split.leave_one_out:
        return used, used
    queries = sum(1 for row in embedded.kept if row < len(split.queries))
    return used[:queries], used[queries:]


def _versions() -> dict[str, str]:
    names = [*_PACKAGES, *(name for name in _OPTIONAL_PACKAGES if name in sys.modules)]
    return {"python": platform.python_version(), **{name: version(name) for name in names}}
