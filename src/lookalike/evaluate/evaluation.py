"""One evaluation: split, encode, measure."""

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
from ..ingest import Embedded, embed
from .metrics import RetrievalMetrics, retrieval_metrics
from .protocols import Split, split_folder, split_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..encoders import Encoder
    from ..sources import LabelledPicture
    from ..types import Progress, Refusal

MAX_QUERIES = 20_000  # of more, so many are drawn: the intervals are then about a point wide
FEW_QUERIES = 200
_ALWAYS = ("lookalike", "numpy", "pillow")
_WHERE_USED = ("onnxruntime", "torch", "transformers")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `evaluate` measured, and of what.

    Attributes:
        protocol: `all`, `test3` or `two folders`.
        folders: as they were named: one, or queries and gallery.
        encoder: name, source, sha256, dimensions and preprocessing.
        metrics: the figures; its rows count in `queries` and `gallery`.
        queries: pictures that were encoded.
        gallery: likewise.
        vectors: float32 [G, D], the gallery's.
        refusals: files and folders that could not be used.
        seconds: wall time of decoding and encoding.
        versions: of what was used, by name.
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
        """How fast pictures were decoded and encoded."""
        encoded = len(self.gallery) + (0 if self.metrics.leave_one_out else len(self.queries))
        return encoded / self.seconds if self.seconds else 0.0

    @property
    def command(self) -> str:
        """The command that measures the same again."""
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
        """What a reader must know before believing the figures; a sentence each."""
        found, said = self.metrics, []
        if found.queries < found.sampled_from:
            said.append(
                f"{found.queries:,} queries, drawn at random from {found.sampled_from:,}; the "
                "gallery is whole."
            )
        if found.without_relevant:
            said.append(
                f"{found.without_relevant:,} pictures are no queries, as the gallery has no other "
                "of their label."
            )
        if found.queries < FEW_QUERIES:
            said.append(f"{found.queries} queries are few: see how wide the intervals are.")
        if self.refusals:
            files = "file" if len(self.refusals) == 1 else "files"
            said.append(f"{len(self.refusals):,} {files} could not be used.")
        return tuple(said)

    def as_json(self) -> dict[str, Any]:
        """Give the figures as JSON values."""
        found = self.metrics
        return {
            "protocol": self.protocol,
            "folders": list(self.folders),
            "encoder": self.encoder,
            "queries": found.queries,
            "queries_without_relevant": found.without_relevant,
            "queries_sampled_from": found.sampled_from,
            "gallery": found.gallery,
            "leave_one_out": found.leave_one_out,
            "metrics": {name: asdict(estimate) for name, estimate in found.estimates.items()},
            "macro_mAP": found.macro_mean_average_precision,
            "labels": [
                {"label": label.label, "queries": label.queries, "metrics": label.means}
                for label in found.labels
            ],
            "refused": [asdict(refusal) for refusal in self.refusals],
            "seconds": self.seconds,
            "pictures_per_second": self.pictures_per_second,
            "versions": self.versions,
            "command": self.command,
        }


def evaluate(  # noqa: PLR0913
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
    """Measure how well an encoder finds pictures of a query's label.

    Args:
        folder: one folder for each label in it; every picture is asked of all others.
        queries: instead of `folder`, together with `gallery`: two such folders.
        gallery: see there.
        encoder: one that is loaded, or what `encoders.load` takes.
        protocol: `all`, or Caltech-101's `test3`; of `folder`.
        k: cutoff of mAP@k, recall@k and nDCG@k.
        max_queries: if there are more, so many are drawn at random; 0 for all.
        seed: of that, and of the intervals.
        on_progress: told the stage, and how much of it is through.

    Raises:
        ArgumentError: the folders or options can't be meant, or nothing can be measured in them.
        EncoderError: the encoder can't be loaded or run.
        KeyboardInterrupt: after the workers have stopped.
    """
    if max_queries < 0:
        raise ArgumentError("max_queries must be 0, for all, or how many to draw.")
    split, folders = _split(folder, queries, gallery, protocol)
    loaded = encoders.load(encoder) if isinstance(encoder, str) else encoder
    pictures = split.gallery if split.leave_one_out else (*split.queries, *split.gallery)
    last = [0.0]

    def on_encoded(progress: Progress) -> None:
        last[0] = progress.seconds
        refused = f" ({progress.refused:,} refused)" if progress.refused else ""
        on_progress(f"Encoding{refused}", progress.done, progress.todo)

    found = embed([p.path for p in pictures], loaded, on_progress=on_encoded)
    asked, among = _usable(split, pictures, found)
    vectors = found.vectors[len(found.vectors) - len(among) :]
    metrics = retrieval_metrics(
        vectors if split.leave_one_out else found.vectors[: len(asked)],
        [picture.label for picture in asked],
        vectors,
        [picture.label for picture in among],
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
        queries=asked,
        gallery=among,
        vectors=vectors,
        refusals=(*split.refusals, *found.refusals),
        seconds=last[0],
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
        "Name one folder, or two: lookalike evaluate FOLDER, or --queries A --gallery B."
    )


def _usable(
    split: Split, pictures: Sequence[LabelledPicture], found: Embedded
) -> tuple[tuple[LabelledPicture, ...], tuple[LabelledPicture, ...]]:
    """Give the queries and the gallery that were encoded."""
    if not len(found.kept):
        first = found.refusals[0]
        raise ArgumentError(
            f"No picture could be used; the first, {first.path}, is {first.reason}."
        )
    used = tuple(pictures[row] for row in found.kept)
    if split.leave_one_out:
        return used, used
    asked = sum(1 for row in found.kept if row < len(split.queries))
    return used[:asked], used[asked:]


def _versions() -> dict[str, str]:
    names = [*_ALWAYS, *(name for name in _WHERE_USED if name in sys.modules)]
    return {"python": platform.python_version(), **{name: version(name) for name in names}}
