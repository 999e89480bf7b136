"""The whole of `lookalike finetune`: list, train, fit, export, measure, write."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .. import encoders
from ..errors import ArgumentError
from ..ingest import embed
from ..sources import list_labelled
from ..types import Refusal
from .data import LEAST_TO_HOLD_OUT, Batches, Reader, hold_out, labelled_set, prepared, usable
from .export import embed_with, float_model, int8_model, make_card, with_card
from .general_head import fit_general_head
from .network import unit
from .start import network_of_trunk, starting_network
from .training_curve import draw_curve
from .training_loop import Trainer, mean_average_precision, trunk_features

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from ..sources import LabelledPicture
    from .data import LabelledSet
    from .network import EmbeddingNetwork, Trunk
    from .training_loop import History, Training

    OnProgress = Callable[[str, int, int], None]

EPOCHS = 6
SEED = 20261124
MOST_HELD_OUT = 0.5
FEW_PICTURES = 200  # measured on; of fewer, chance moves mAP by points
CALIBRATION_PICTURES = 64  # for the ranges of int8; all their activations are in memory at once
FITTED_PICTURES = 8_192  # at most, for the general head
EXPORTED_AT_ONCE = 16  # pictures
PRECISIONS = ("int8", "float32")
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True, slots=True)
class Finetuned:
    """What `finetune` made. mAP is leave-one-out on pictures held out, NaN where none could be.

    Attributes:
        output: the encoder's file.
        curve: the picture of the training.
        bytes: of the encoder's file.
        dimensions: D.
        labels: that were learned.
        pictures: trained on.
        held_out: pictures measured on.
        refusals: files that could not be used.
        start: mAP of the network's features before the training.
        float32: mAP of the embedding after it.
        exported: mAP of the file as written.
        history: of the training.
        seconds: in all.
        device: that it was trained on.
    """

    output: str
    curve: str
    bytes: int
    dimensions: int
    labels: int
    pictures: int
    held_out: int
    refusals: tuple[Refusal, ...]
    start: float
    float32: float
    exported: float
    history: History
    seconds: float
    device: str
    precision: str

    @property
    def findings(self) -> tuple[str, ...]:
        """What was measured, in sentences."""
        if math.isnan(self.exported):
            why = f"no label has the {LEAST_TO_HOLD_OUT} pictures that it takes to hold some out"
            return (f"Nothing was measured ({why}): try it with `lookalike evaluate` on others.",)
        on = f"{self.held_out:,} pictures held out"
        found = [f"mAP on {on}: {self.start:.3f} before, {self.float32:.3f} after."]
        if self.precision == "int8":
            drop = self.float32 - self.exported
            found.append(
                f"int8 costs {100 * drop:.1f} points of it: {self.exported:.3f} as written."
            )
        if self.held_out < FEW_PICTURES:
            found.append("So few pictures tell little: measure on more with `lookalike evaluate`.")
        return tuple(found)


def finetune(  # noqa: PLR0913
    folder: str | os.PathLike[str] | Sequence[LabelledPicture],
    output: str | os.PathLike[str],
    *,
    init: str | Trunk = encoders.DEFAULT_ENCODER,
    epochs: int = EPOCHS,
    device: str = "auto",
    precision: str = "int8",
    held_out: float = 0.1,
    unlabelled: Sequence[str] = (),
    seed: int = SEED,
    resume: bool = False,
    name: str | None = None,
    source: str | None = None,
    on_progress: OnProgress = lambda _stage, _done, _of: None,
) -> Finetuned:
    """Make an encoder of your own from labelled pictures.

    Args:
        folder: one folder of pictures for each label, at any depth; or the pictures themselves.
        output: the .onnx file to write. Beside it come its curve, .png, and while it is trained
            its checkpoint.
        init: what to start from: the packaged encoder, an .onnx file made here, `hf:owner/name`
            or `hf:./folder`; or a trunk of your own.
        epochs: how often each picture is seen, in two views.
        device: `auto` takes a GPU where there is one.
        precision: `int8`, or `float32` for a file four times larger.
        held_out: share of each label that is not trained on but measured on.
        unlabelled: names of folders whose pictures show anything: seen without their label.
        seed: decides every draw; the same on the same CPU gives the same file.
        resume: go on from the checkpoint of a stopped run with the same options.
        name: of the encoder; the file's if not said.
        source: told in the card: where the start comes from.
        on_progress: told the stage, how much is done and of how much.

    Raises:
        ArgumentError: an option or a folder that can't be meant, a checkpoint that doesn't fit.
        EncoderError: the start can't be used, or torch is missing; the message says what to do.
        KeyboardInterrupt: stopped; the same call with `resume=True` goes on.
    """
    began = time.monotonic()
    output = os.path.abspath(output)
    stem = output.removesuffix(".onnx")
    chosen = _check(output, epochs, device, precision, held_out)
    checkpoint = stem + ".checkpoint.safetensors"
    if os.path.exists(checkpoint) and not resume:
        raise ArgumentError(
            f"{checkpoint} is left of a run that was stopped; go on with --resume, or delete it."
        )
    pictures, refusals = _usable_pictures(folder, unlabelled, on_progress)
    train_places, held_places = hold_out(pictures, share=held_out, seed=seed)
    train, held = pictures.only(train_places), pictures.only(held_places)
    if isinstance(init, str):
        network, comes_from, licence = starting_network(init, classes=len(pictures.names))
    else:
        network = network_of_trunk(init, classes=len(pictures.names))
        comes_from, licence = init.name, "Apache-2.0"
    reader = Reader(network.trunk.preprocessing)
    start = _measured_start(init, network, held, reader)
    batches = Batches(train, reader, seed=seed)
    network.to(chosen)
    if not resume:
        _fit(network, train, reader, chosen, seed=seed, on_progress=on_progress)
    run = _fingerprint(pictures, comes_from, epochs, held_out, seed, batches.size)
    trainer = Trainer(network, batches, epochs=epochs, device=chosen, run=run)
    if resume:
        trainer.resume(checkpoint)
    trainer.train(held, checkpoint=checkpoint, on_progress=_telling(on_progress, epochs))
    network = trainer.finished()
    _fit(network, train, reader, chosen, seed=seed, on_progress=on_progress)

    on_progress("Writing the encoder", 0, 0)
    exact = model = float_model(network)
    if precision == "int8":
        model = int8_model(exact, _calibration(train, reader))
    after, exported = _measured(exact, held, reader), _measured(model, held, reader)
    made = Finetuned(
        output=output,
        curve=stem + ".png",
        bytes=0,
        dimensions=network.dimensions,
        labels=len(pictures.names),
        pictures=len(train.paths),
        held_out=len(held.paths),
        refusals=refusals,
        start=start,
        float32=after,
        exported=exported,
        history=trainer.history,
        seconds=time.monotonic() - began,
        device=chosen,
        precision=precision,
    )
    card = make_card(
        network,
        name=name or os.path.basename(stem),
        license=licence,
        source=source or comes_from,
        training=_told(made) | {"start": comes_from, "epochs": epochs, "seed": seed},
    )
    title = f"{card.name}: {made.pictures:,} pictures of {made.labels:,} labels"
    draw_curve(made.history, made.curve, title=title)
    finished = with_card(model, card)
    with open(output + ".part", "wb") as file:
        file.write(finished)
    os.replace(output + ".part", output)
    os.remove(checkpoint)
    return replace(made, bytes=len(finished))


def _usable_pictures(
    folder: str | os.PathLike[str] | Sequence[LabelledPicture],
    unlabelled: Sequence[str],
    on_progress: OnProgress,
) -> tuple[LabelledSet, tuple[Refusal, ...]]:
    """List the pictures that can be decoded, and why the others can't."""
    listed = list_labelled(folder) if isinstance(folder, (str, os.PathLike)) else list(folder)
    paths = [picture.path for picture in listed]
    good, bad = usable(
        paths, on_file=lambda done: on_progress("Checking the pictures", done, len(paths))
    )
    pictures = labelled_set([listed[place] for place in good], unlabelled=unlabelled)
    return pictures, tuple(Refusal(path, reason) for path, reason in bad)


def _telling(on_progress: OnProgress, epochs: int) -> Callable[[Training], None]:
    """Turn the loop's progress into a sentence."""

    def tell(now: Training) -> None:
        epoch = min(epochs, (now.step - 1) * epochs // now.steps + 1)
        known = "" if math.isnan(now.validation) else f", mAP {now.validation:.3f}"
        on_progress(f"Epoch {epoch} of {epochs}: loss {now.loss:.3f}{known}", now.step, now.steps)

    return tell


def _calibration(train: LabelledSet, reader: Reader) -> Iterator[NDArray[np.uint8]]:
    """Give pictures from all over the training set in batches of one size, as histograms need."""
    count = min(CALIBRATION_PICTURES, len(train.paths))
    size = min(EXPORTED_AT_ONCE, count)
    places = np.linspace(0, len(train.paths) - 1, count // size * size).astype(int)
    return prepared([train.paths[place] for place in places], reader, size, seed=None)


def _told(made: Finetuned) -> dict[str, Any]:
    """State for the card how an encoder was made."""
    measured = {"start": made.start, "float32": made.float32, "exported": made.exported}
    return {
        "labels": made.labels,
        "pictures": made.pictures,
        "held_out": made.held_out,
        "precision": made.precision,
        "mAP_on_held_out": {  # JSON knows no NaN
            name: None if math.isnan(value) else round(value, 4) for name, value in measured.items()
        },
        "versions": {part: version(part) for part in ("lookalike", "torch", "onnxruntime")},
    }


def _measured(model: bytes, held: LabelledSet, reader: Reader) -> float:
    """Measure a file's embedding on the pictures held out."""
    if not held.paths:
        return math.nan
    vectors = embed_with(model, prepared(held.paths, reader, EXPORTED_AT_ONCE, seed=None))
    return mean_average_precision(vectors, held.labels)


def _fit(  # noqa: PLR0913
    network: EmbeddingNetwork,
    train: LabelledSet,
    reader: Reader,
    device: str,
    *,
    seed: int,
    on_progress: OnProgress,
) -> None:
    """Fit the general head to the trunk as it is, on some of the training pictures."""
    places = np.arange(len(train.paths))
    if len(places) > FITTED_PICTURES:
        drawn = np.random.default_rng(seed).choice(places, FITTED_PICTURES, replace=False)
        places = np.sort(drawn)
    some = train.only(places.tolist())

    def features(before: int, edited_with: int | None) -> torch.Tensor:
        def told(done: int) -> None:
            on_progress("Fitting the general head", before + done, 2 * len(some.paths))

        return trunk_features(
            network, some, reader, device, edited_with=edited_with, on_pictures=told
        )

    plain, edited = features(0, None), features(len(some.paths), seed)
    fit_general_head(network.cpu(), plain, edited, some.labels)
    network.to(device)


def _measured_start(
    init: str | Trunk, network: EmbeddingNetwork, held: LabelledSet, reader: Reader
) -> float:
    """Measure what there is before: the encoder itself, or the features of a bare trunk."""
    if not held.paths:
        return math.nan
    if isinstance(init, str):
        vectors = embed(held.paths, encoders.load(init)).vectors
    else:
        features = trunk_features(network, held, reader, "cpu")
        vectors = unit(features[:, : network.trunk.groups[0]]).numpy()
    return mean_average_precision(vectors, held.labels)


def _check(output: str, epochs: int, device: str, precision: str, held_out: float) -> str:
    """Refuse what can't be meant before anything is done; give the device to train on."""
    if not output.endswith(".onnx"):
        raise ArgumentError(f"The output {output} must end in .onnx.")
    if not os.path.isdir(os.path.dirname(output)):
        raise ArgumentError(f"{os.path.dirname(output)} is no folder; name one that is there.")
    if epochs < 1:
        raise ArgumentError("There must be one epoch at least.")
    if not 0 <= held_out <= MOST_HELD_OUT:
        raise ArgumentError(f"The share held out must lie in 0..{MOST_HELD_OUT}.")
    if precision not in PRECISIONS:
        raise ArgumentError(f"The precision must be one of {', '.join(PRECISIONS)}.")
    if device not in DEVICES:
        raise ArgumentError(f"The device must be one of {', '.join(DEVICES)}.")
    gpu = torch.cuda.is_available()
    if device == "cuda" and not gpu:
        raise ArgumentError(
            "torch sees no GPU here; train with --device cpu, or install its CUDA build."
        )
    return "cuda" if gpu and device != "cpu" else "cpu"


def _fingerprint(pictures: LabelledSet, *rest: object) -> str:
    """Hash what decides the result, so that a checkpoint goes on with nothing else."""
    told = json.dumps([*zip(pictures.paths, pictures.labels, strict=True), *map(str, rest)])
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()
