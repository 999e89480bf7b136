"""The whole of `lookalike finetune`: list, train, fit, export, measure, write."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import torch

from .. import encoders
from ..embed import embed
from ..errors import ArgumentError
from ..labelled import list_labelled
from ..types import Refusal
from .curve import draw_curve
from .export import embed_with, float_model, int8_model, make_card, with_card
from .general import fit_general_head
from .loop import Trainer, mean_average_precision, trunk_features
from .network import unit
from .pictures import Batches, Reader, hold_out, labelled_set, prepared, usable
from .start import network_of_trunk, starting_network

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ..labelled import LabelledPicture
    from .loop import History, Training
    from .network import EmbeddingNetwork, Trunk
    from .pictures import LabelledSet

    OnProgress = Callable[[str, int, int], None]

EPOCHS = 6
SEED = 20261124
MOST_HELD_OUT = 0.5
CALIBRATION_PICTURES = 512  # for the ranges of int8
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


def finetune(  # noqa: PLR0913
    folder: str | os.PathLike[str] | Sequence[LabelledPicture],
    output: str | os.PathLike[str],
    *,
    init: str | Trunk = encoders.DEFAULT,
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
    chosen = _check(output, epochs, device, precision, held_out)
    checkpoint = output.removesuffix(".onnx") + ".checkpoint.safetensors"
    if os.path.exists(checkpoint) and not resume:
        raise ArgumentError(
            f"{checkpoint} is left of a run that was stopped; go on with --resume, or delete it."
        )
    listed = list_labelled(folder) if isinstance(folder, (str, os.PathLike)) else list(folder)
    everything = labelled_set(listed, unlabelled=unlabelled)
    good, bad = usable(
        everything.paths,
        on_file=lambda done: on_progress("Checking the pictures", done, len(everything.paths)),
    )
    refusals = tuple(Refusal(path, reason) for path, reason in bad)
    pictures = labelled_set([listed[i] for i in good], unlabelled=unlabelled)
    train_places, held_places = hold_out(pictures, share=held_out, seed=seed)
    train, held = pictures.only(train_places), pictures.only(held_places)

    if isinstance(init, str):
        network, comes_from, license_ = starting_network(init, classes=len(pictures.names))
    else:
        network = network_of_trunk(init, classes=len(pictures.names))
        comes_from, license_ = init.name, "Apache-2.0"
    reader = Reader(network.trunk.preprocessing)
    batches = Batches(train, reader, seed=seed)
    run = _fingerprint(pictures, comes_from, epochs, held_out, seed, len(batches))
    network.to(chosen)
    start = _measured_start(init, network, held, reader)
    if not resume:
        _fit(network, train, reader, chosen, seed, on_progress)
    trainer = Trainer(network, batches, epochs=epochs, device=chosen, run=run)
    if resume:
        trainer.resume(checkpoint)
    steps = len(batches)

    def told(now: Training) -> None:
        epoch = min(epochs, (now.step - 1) // steps + 1)
        known = "" if math.isnan(now.validation) else f", mAP {now.validation:.3f}"
        on_progress(f"Epoch {epoch} of {epochs}: loss {now.loss:.3f}{known}", now.step, now.steps)

    trainer.train(held, checkpoint=checkpoint, on_progress=told)
    network = trainer.finished()
    _fit(network, train, reader, chosen, seed, on_progress)
    after = math.nan
    if held.paths:
        with torch.inference_mode():
            features = trunk_features(network, held, reader, chosen).to(chosen)
            vectors = network.embed(features).cpu().numpy()
        after = mean_average_precision(vectors, held.labels)

    on_progress("Writing the encoder", 0, 0)
    model = float_model(network)
    if precision == "int8":
        calibration = train.paths[:: max(1, len(train.paths) // CALIBRATION_PICTURES)]
        model = int8_model(model, prepared(calibration, reader, EXPORTED_AT_ONCE, seed=None))
    exported = math.nan
    if held.paths:
        vectors = embed_with(model, prepared(held.paths, reader, EXPORTED_AT_ONCE, seed=None))
        exported = mean_average_precision(vectors, held.labels)
    told_in_card = {
        "start": comes_from,
        "labels": len(pictures.names),
        "pictures": len(train.paths),
        "held_out": len(held.paths),
        "epochs": epochs,
        "seed": seed,
        "precision": precision,
        "mAP_on_held_out": {
            "start": _number(start), "float32": _number(after), "exported": _number(exported),
        },
        "versions": {part: version(part) for part in ("lookalike", "torch", "onnxruntime")},
    }
    stem = os.path.basename(output).removesuffix(".onnx")
    card = make_card(
        network,
        name=name or stem,
        license=license_,
        source=source or comes_from,
        training=told_in_card,
    )
    finished = with_card(model, card)
    curve = output.removesuffix(".onnx") + ".png"
    title = f"{name or stem}: {len(train.paths):,} pictures of {len(pictures.names):,} labels"
    draw_curve(trainer.history, curve, title=title)
    with open(output + ".part", "wb") as file:
        file.write(finished)
    os.replace(output + ".part", output)
    os.remove(checkpoint)
    return Finetuned(
        output=output,
        curve=curve,
        bytes=len(finished),
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
    )


def _fit(
    network: EmbeddingNetwork,
    train: LabelledSet,
    reader: Reader,
    device: str,
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


def _measured_start(init: str | Trunk, network: EmbeddingNetwork, held: LabelledSet, reader: Reader) -> float:
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
        raise ArgumentError("torch sees no GPU here; train with --device cpu, or install its CUDA build.")
    return "cuda" if gpu and device != "cpu" else "cpu"


def _fingerprint(pictures: LabelledSet, *rest: object) -> str:
    """Hash what decides the result, so that a checkpoint goes on with nothing else."""
    told = json.dumps([*zip(pictures.paths, pictures.labels, strict=True), *map(str, rest)])
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def _number(value: float) -> float | None:
    """Round for a card; JSON knows no NaN."""
    return None if math.isnan(value) else round(value, 4)
