from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lookalike import Gallery, encoders, finetune
from lookalike.errors import ArgumentError
from lookalike.finetune.train import Finetuned
from tests.conftest import run
from tests.finetune.conftest import TinyTrunk


def test_twenty_pictures_are_enough_to_run(labelled: Callable[..., Path], tmp_path: Path) -> None:
    folder = labelled(red=10, green=9, blue=1)
    (folder / "green" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    told: list[str] = []
    made = finetune(
        folder,
        tmp_path / "mine.onnx",
        init=TinyTrunk(),
        epochs=2,
        on_progress=lambda stage, _done, _of: told.append(stage),
    )
    assert (made.labels, made.pictures, made.held_out) == (3, 16, 4)
    assert [Path(refusal.path).name for refusal in made.refusals] == ["broken.jpg"]
    assert 0 <= made.start <= 1
    assert made.bytes == Path(made.output).stat().st_size
    assert any("So few pictures tell little" in line for line in made.findings)
    assert any(line.startswith("int8 costs ") for line in made.findings)
    assert {stage.split(":")[0] for stage in told} == {
        "Checking the pictures",
        "Fitting the general head",
        "Epoch 1 of 2",
        "Epoch 2 of 2",
        "Writing the encoder",
    }
    assert Path(made.curve).read_bytes().startswith(b"\x89PNG")
    assert sorted(os.listdir(tmp_path)) == ["labelled", "mine.onnx", "mine.png"]

    encoder = encoders.load(made.output)
    assert encoder.dimensions == made.dimensions
    gallery = Gallery.open(tmp_path / "gallery", encoder=made.output)
    assert gallery.index(folder).added == 20
    asked = folder / "red" / "003.png"
    assert gallery.search(asked)[0].path == str(asked)


def test_the_same_seed_gives_the_same_file(labelled: Callable[..., Path], tmp_path: Path) -> None:
    folder = labelled(red=5, green=4)

    def file(name: str, seed: int) -> bytes:
        made = finetune(
            folder, tmp_path / name, init=TinyTrunk(), epochs=1, seed=seed, name="x", held_out=0
        )
        return Path(made.output).read_bytes()

    assert file("a.onnx", 1) == file("b.onnx", 1) != file("c.onnx", 2)


def test_nothing_held_out_is_said_to_be_unmeasured(
    labelled: Callable[..., Path], tmp_path: Path
) -> None:
    made = finetune(
        labelled(red=3, green=2),
        tmp_path / "mine.onnx",
        init=TinyTrunk(),
        epochs=1,
        precision="float32",
    )
    assert made.held_out == 0
    assert math.isnan(made.exported)
    assert made.findings[0].startswith("Nothing was measured")
    assert '"exported": null' in json.dumps(_card(made)["training"]["mAP_on_held_out"])


def _card(made: Finetuned) -> dict[str, dict[str, object]]:
    import onnx

    metadata = {p.key: p.value for p in onnx.load(made.output).metadata_props}
    card: dict[str, dict[str, object]] = json.loads(metadata["lookalike"])
    return card


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"output": "mine.pt"}, r"must end in \.onnx"),
        ({"output": "nowhere/mine.onnx"}, "is no folder"),
        ({"epochs": 0}, "one epoch"),
        ({"held_out": 0.9}, r"0\.\.0\.5"),
        ({"precision": "int4"}, "int8, float32"),
        ({"device": "tpu"}, "auto, cpu, cuda"),
        ({"resume": True}, "no checkpoint"),
    ],
)
def test_options_that_can_not_be_meant(
    labelled: Callable[..., Path], tmp_path: Path, options: dict[str, object], said: str
) -> None:
    output = tmp_path / str(options.pop("output", "mine.onnx"))
    with pytest.raises(ArgumentError, match=said):
        finetune(labelled(red=2, green=2), output, **{"init": TinyTrunk(), **options})


def test_an_old_checkpoint_is_not_overwritten(
    labelled: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "mine.checkpoint.safetensors").write_bytes(b"of another day")
    with pytest.raises(ArgumentError, match="go on with --resume, or delete it"):
        finetune(labelled(red=2, green=2), tmp_path / "mine.onnx", init=TinyTrunk())


def test_a_hub_model_by_the_command_and_further_from_the_result(
    labelled: Callable[..., Path], tmp_path: Path, hub_model: Callable[[str], Path]
) -> None:
    folder, output = labelled(red=8, green=8), tmp_path / "mine.onnx"
    hub = f"hf:{hub_model('resnet')}"
    done = run("finetune", folder, "--output", output, "--init", hub, "--epochs", "1")
    assert done.returncode == 0, done.stderr
    assert "mAP on 4 pictures held out" in done.stdout
    encoder = encoders.load(str(output))
    pixels = np.full((encoder.preprocessing["height"], encoder.preprocessing["width"], 3), 90)
    assert encoder.encode([pixels.astype(np.uint8)]).shape == (1, 16 + 64)
    told = run("index", folder, "--encoder", output, gallery=tmp_path / "gallery")
    assert "16 added" in told.stdout


def test_stopped_by_ctrl_c_and_resumed(
    labelled: Callable[..., Path], tmp_path: Path, hub_model: Callable[[str], Path]
) -> None:
    folder, output = labelled(red=30, green=30), tmp_path / "mine.onnx"
    options = ["--init", f"hf:{hub_model('resnet')}", "--held-out", "0"]
    arguments = ["finetune", folder, "--output", output, "--epochs", "400", *options]
    with subprocess.Popen(
        [sys.executable, "-m", "lookalike", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        checkpoint = tmp_path / "mine.checkpoint.safetensors"
        deadline = time.monotonic() + 120
        while not checkpoint.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "run the same command with --resume to continue" in errors
    again = run(*arguments)  # without --resume
    assert again.returncode == 2
    other = run(*arguments[:4], "--epochs", "3", *options, "--resume")
    assert other.returncode == 2
    assert "other pictures or options" in other.stderr
    assert checkpoint.exists()
    assert not output.exists()
