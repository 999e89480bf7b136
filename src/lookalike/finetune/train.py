"""A whole fine-tuning run: list, split, fit missing heads, train, export, measure, write."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .. import encoders
from ..errors import ArgumentError
from ..ingest import embed
from ..sources import list_labelled
from ..types import Refusal
from .data import Batches, Reader, find_usable, hold_out, labelled_set, prepare_batches
from .export import add_card, embed_with, export_float32, export_int8, make_card
from .features import mean_average_precision, trunk_features
from .heads import fit_heads
from .network import unit_rows
from .pretrained import pretrained_network
from .result import Finetuned
from .training_curve import draw_curve
from .training_loop import Trainer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from ..sources import LabelledPicture
    from .data import LabelledSet
    from .network import EmbeddingNetwork, Trunk
    from .training_loop import TrainingProgress

    OnProgress = Callable[[str, int, int], None]

EPOCHS = 6
SEED = 20261124
MAX_HELD_OUT = 0.5
CALIBRATION_PICTURES = 256  # for the ranges of int8
FITTED_PICTURES = 8_192  # at most, for heads that are missing
EXPORT_BATCH = 16  # pictures
PRECISIONS = ("int8", "float32")
DEVICES = ("auto", "cpu", "cuda")


def finetune(  # noqa: PLR0913  the public signature
    folder: str | os.PathLike[str] | Sequence[LabelledPicture],
    output: str | os.PathLike[str],
    *,
    init: str | Trunk = encoders.DEFAULT_ENCODER,
    epochs: int = EPOCHS,
    device: str = "auto",
    precision: str = "int8",
    held_out: float = 0.1,
    unlabelled: Sequence[str] = (),
    others: str | os.PathLike[str] | None = None,
    seed: int = SEED,
    resume: bool = False,
    name: str | None = None,
    source: str | None = None,
    on_progress: OnProgress = lambda _stage, _done, _of: None,
) -> Finetuned:
    """Train an encoder of your own from labelled pictures.

    Args:
        folder: holds one folder of pictures for each label, at any depth; or the pictures.
        output: the .onnx file to write. Beside it, the run writes its curve (.png) and, while it
            trains, a checkpoint.
        init: the network to start from: the packaged encoder, an .onnx file from an earlier run,
            `hf:owner/name` or `hf:./folder`; or a trunk of your own.
        epochs: how often to see each picture, in two views.
        device: `cpu`, `cuda`, or `auto` for a GPU if there is one.
        precision: `int8`, or `float32` for a file four times larger.
        held_out: share of each label to measure on instead of training on it.
        unlabelled: folders of miscellaneous pictures, to train on without their label.
        others: a labelled folder of pictures of other kinds, to measure before and after; not
            trained on.
        seed: decides every random choice; the same seed on the same CPU gives the same file.
        resume: continue from the checkpoint of a stopped run with the same options.
        name: of the encoder; by default the file's name.
        source: for the card: origin of the starting network.
        on_progress: called with the stage, the number done and the total.

    Raises:
        ArgumentError: an option or the folder is invalid, or the checkpoint belongs to another run.
        EncoderError: the starting network can't be used, or torch is missing.
        KeyboardInterrupt: stopped; the same call with `resume=True` continues.
    """
    started = time.monotonic()
    output = os.path.abspath(output)
    stem = output.removesuffix(".onnx")
    device = _check_options(output, epochs, device, precision, held_out)
    checkpoint = stem + ".checkpoint.safetensors"
    if os.path.exists(checkpoint) and not resume:
        raise ArgumentError(
            f"{checkpoint} is left from a stopped run; continue it with --resume, or delete it."
        )

    pictures, refusals = _list_usable(folder, unlabelled, on_progress)
    train_rows, held_out_rows = hold_out(pictures, share=held_out, seed=seed)
    train, validation = pictures.subset(train_rows), pictures.subset(held_out_rows)
    others_set = pictures.subset([])
    if others is not None:
        others_set, more = _list_usable(others, (), on_progress)
        refusals += more

    network, origin, licence = pretrained_network(init, classes=len(pictures.names))
    reader = Reader(network.trunk.preprocessing)
    before, others_before = (
        _measure_start(init, network, measured, reader) for measured in (validation, others_set)
    )
    batches = Batches(train, reader, seed=seed)
    network.to(device)
    if not resume and not network.general.weight.any():
        _fit_heads(network, train, reader, seed, on_progress)
    run = _fingerprint(pictures, origin, epochs, held_out, seed, batches.size)
    trainer = Trainer(network, batches, epochs=epochs, device=device, run=run)
    if resume:
        trainer.resume(checkpoint)
    trainer.train(
        validation, checkpoint=checkpoint, on_progress=_report_epochs(on_progress, epochs)
    )
    network = trainer.averaged_network().cpu()

    on_progress("Writing the encoder", 0, 0)
    float32 = model = export_float32(network)
    if precision == "int8":
        model = export_int8(network, list(_calibration_batches(train, reader)))
    result = Finetuned(
        output=output,
        curve=stem + ".png",
        bytes=0,
        dimensions=network.dimensions,
        labels=len(pictures.names),
        pictures=len(train.paths),
        held_out=len(validation.paths),
        refusals=refusals,
        start=before,
        float32=_measure(float32, validation, reader),
        exported=_measure(model, validation, reader),
        others=len(others_set.paths),
        others_start=others_before,
        others_exported=_measure(model, others_set, reader),
        history=trainer.history,
        seconds=time.monotonic() - started,
        device=device,
        precision=precision,
    )
    card = make_card(
        network,
        name=name or os.path.basename(stem),
        license=licence,
        source=source or origin,
        training=_training_record(result) | {"start": origin, "epochs": epochs, "seed": seed},
    )
    title = f"{card.name}: {result.pictures:,} pictures of {result.labels:,} labels"
    draw_curve(result.history, result.curve, title=title)
    file_content = add_card(model, card)
    with open(output + ".part", "wb") as file:
        file.write(file_content)
    os.replace(output + ".part", output)
    os.remove(checkpoint)
    return replace(result, bytes=len(file_content))


def _check_options(output: str, epochs: int, device: str, precision: str, held_out: float) -> str:
    """Refuse invalid options before any work; return the device to train on."""
    if not output.endswith(".onnx"):
        raise ArgumentError(f"The output {output} must end in .onnx.")
    if not os.path.isdir(os.path.dirname(output)):
        raise ArgumentError(
            f"There is no folder {os.path.dirname(output)}; create it, or name another output."
        )
    if epochs < 1:
        raise ArgumentError("epochs must be at least 1.")
    if not 0 <= held_out <= MAX_HELD_OUT:
        raise ArgumentError(f"The held-out share must be in 0..{MAX_HELD_OUT}.")
    if precision not in PRECISIONS:
        raise ArgumentError(f"The precision must be one of {', '.join(PRECISIONS)}.")
    if device not in DEVICES:
        raise ArgumentError(f"The device must be one of {', '.join(DEVICES)}.")
    has_gpu = torch.cuda.is_available()
    if device == "cuda" and not has_gpu:
        raise ArgumentError(
            "torch finds no GPU; train with --device cpu, or install its CUDA build."
        )
    return "cuda" if has_gpu and device != "cpu" else "cpu"


def _list_usable(
    folder: str | os.PathLike[str] | Sequence[LabelledPicture],
    unlabelled: Sequence[str],
    on_progress: OnProgress,
) -> tuple[LabelledSet, tuple[Refusal, ...]]:
    """List the pictures that can be decoded, and refusals for the rest."""
    listed = list_labelled(folder) if isinstance(folder, (str, os.PathLike)) else list(folder)
    paths = [picture.path for picture in listed]
    usable, unusable = find_usable(
        paths, on_file=lambda done: on_progress("Checking the pictures", done, len(paths))
    )
    pictures = labelled_set([listed[row] for row in usable], unlabelled=unlabelled)
    return pictures, tuple(Refusal(path, reason) for path, reason in unusable)


def _fingerprint(pictures: LabelledSet, *options: object) -> str:
    """Hash everything that decides the result, so that a checkpoint continues only the same run."""
    values = [*zip(pictures.paths, pictures.labels, strict=True), *map(str, options)]
    return hashlib.sha256(json.dumps(values).encode("utf-8", "surrogatepass")).hexdigest()


def _report_epochs(on_progress: OnProgress, epochs: int) -> Callable[[TrainingProgress], None]:
    """Report the loop's progress as a stage for each epoch."""

    def report(now: TrainingProgress) -> None:
        epoch = min(epochs, (now.step - 1) * epochs // now.steps + 1)
        validation = "" if math.isnan(now.validation) else f", mAP {now.validation:.3f}"
        stage = f"Epoch {epoch} of {epochs}: loss {now.loss:.3f}{validation}"
        on_progress(stage, now.step, now.steps)

    return report


def _fit_heads(
    network: EmbeddingNetwork,
    train: LabelledSet,
    reader: Reader,
    seed: int,
    on_progress: OnProgress,
) -> None:
    """Fit the general head and the copies head, on a sample of the training pictures."""
    device = network.general.weight.device
    rows = np.arange(len(train.paths))
    if len(rows) > FITTED_PICTURES:
        sample = np.random.default_rng(seed).choice(rows, FITTED_PICTURES, replace=False)
        rows = np.sort(sample)
    pictures = train.subset(rows.tolist())

    def features(done_before: int, edit_seed: int | None) -> torch.Tensor:
        return trunk_features(
            network,
            pictures,
            reader,
            edit_seed=edit_seed,
            on_pictures=lambda done: on_progress(
                "Fitting the heads", done_before + done, 2 * len(pictures.paths)
            ),
        )

    plain, edited = features(0, None), features(len(pictures.paths), seed)
    fit_heads(network.cpu(), plain, edited, pictures.labels)
    network.to(device)


def _calibration_batches(train: LabelledSet, reader: Reader) -> Iterator[NDArray[np.uint8]]:
    """Yield pictures from all over the training set; histograms need batches of equal size."""
    count = min(CALIBRATION_PICTURES, len(train.paths))
    size = min(EXPORT_BATCH, count)
    rows = np.linspace(0, len(train.paths) - 1, count // size * size).astype(int)
    return prepare_batches([train.paths[row] for row in rows], reader, size)


def _measure_start(
    init: str | Trunk, network: EmbeddingNetwork, measured: LabelledSet, reader: Reader
) -> float:
    """Measure the starting encoder, or the pooled features of a trunk; NaN without pictures."""
    if not measured.paths:
        return math.nan
    if isinstance(init, str):
        vectors = embed(measured.paths, encoders.load(init)).vectors
    else:
        features = trunk_features(network, measured, reader)
        vectors = unit_rows(features).numpy()
    return mean_average_precision(vectors, measured.labels)


def _measure(model: bytes, measured: LabelledSet, reader: Reader) -> float:
    """Measure an exported model; NaN without pictures."""
    if not measured.paths:
        return math.nan
    vectors = embed_with(model, prepare_batches(measured.paths, reader, EXPORT_BATCH))
    return mean_average_precision(vectors, measured.labels)


def _training_record(result: Finetuned) -> dict[str, Any]:
    """Describe for the card how the encoder was trained."""
    held_out = {"start": result.start, "float32": result.float32, "exported": result.exported}
    others = {"start": result.others_start, "exported": result.others_exported}
    return {
        "labels": result.labels,
        "pictures": result.pictures,
        "held_out": result.held_out,
        "precision": result.precision,
        "mAP_on_held_out": _json_figures(held_out),
        "others": result.others,
        "mAP_on_others": _json_figures(others),
        "versions": {part: version(part) for part in ("lookalike", "torch", "onnxruntime")},
    }


def _json_figures(figures: dict[str, float]) -> dict[str, float | None]:
    """Round figures; JSON has no NaN."""
    return {name: None if math.isnan(x) else round(x, 4) for name, x in figures.items()}
