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
import torch

from lookalike import Gallery, encoders, finetune
from lookalike.errors import ArgumentError
from lookalike.finetune import train
from lookalike.finetune.export import read_weights
from lookalike.finetune.network import EmbeddingNetwork
from lookalike.finetune.result import Finetuned
from tests.conftest import run_commands
from tests.finetune.conftest import TinyTrunk, coloured


def test_twenty_pictures_are_enough_to_run(labelled: Callable[..., Path], tmp_path: Path) -> None:
    folder = labelled(red=10, green=9, blue=1)
    (folder / "green" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    stages: list[str] = []
    result = finetune(
        folder,
        tmp_path / "mine.onnx",
        init=TinyTrunk(),
        epochs=2,
        others=coloured(tmp_path / "others", {"red": 3, "blue": 4}),
        on_progress=lambda stage, _done, _of: stages.append(stage),
    )
    assert (result.labels, result.pictures, result.held_out) == (3, 16, 4)
    assert [Path(refusal.path).name for refusal in result.refusals] == ["broken.jpg"]
    assert 0 <= result.start <= 1
    assert result.bytes == Path(result.output).stat().st_size
    assert any("too few pictures for a reliable figure" in line for line in result.findings)
    assert any(line.startswith("int8 costs ") for line in result.findings)
    assert (result.others, 0 < result.others_start <= 1) == (7, True)
    others = f"{result.others_start:.3f} before, {result.others_exported:.3f} in the file."
    assert result.findings[-1] == f"mAP on 7 other pictures: {others}"
    record = _card(result)["training"]
    assert record["others"] == 7
    assert record["mAP_on_others"] == {
        "start": round(result.others_start, 4),
        "exported": round(result.others_exported, 4),
    }
    assert {stage.split(":")[0] for stage in stages} == {
        "Checking the pictures",
        "Fitting the heads",
        "Epoch 1 of 2",
        "Epoch 2 of 2",
        "Writing the encoder",
    }
    assert Path(result.curve).read_bytes().startswith(b"\x89PNG")
    assert sorted(os.listdir(tmp_path)) == ["labelled", "mine.onnx", "mine.png", "others"]

    encoder = encoders.load(result.output)
    assert encoder.dimensions == result.dimensions
    gallery = Gallery.open(tmp_path / "gallery", encoder=result.output)
    assert gallery.index(folder).added == 20
    query = folder / "red" / "003.png"
    assert gallery.search(query)[0].path == str(query)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Finetuned]:
    """Three runs over labels too small to hold any out: two with one seed, and another one."""
    folder = tmp_path_factory.mktemp("runs")
    pictures = coloured(folder / "labelled", {"red": 5, "green": 4})
    options = [(1, "int8"), (1, "int8"), (2, "float32")]
    return [
        finetune(
            pictures,
            folder / f"{n}.onnx",
            init=TinyTrunk(),
            epochs=1,
            seed=seed,
            precision=precision,
            name="x",
        )
        for n, (seed, precision) in enumerate(options)
    ]


def test_the_same_seed_gives_the_same_file(runs: list[Finetuned]) -> None:
    first, again, other = runs
    assert Path(first.output).read_bytes() == Path(again.output).read_bytes()
    assert first.history.loss == again.history.loss != other.history.loss


def test_without_held_out_pictures_nothing_is_measured(runs: list[Finetuned]) -> None:
    for result in runs:
        assert result.held_out == 0
        assert math.isnan(result.exported)
        assert result.findings[0].startswith("Nothing was measured")
        assert (
            "was not measured; name a labelled folder of some with --others" in result.findings[1]
        )
        assert '"exported": null' in json.dumps(_card(result)["training"]["mAP_on_held_out"])


def _card(result: Finetuned) -> dict[str, dict[str, object]]:
    import onnx

    metadata = {p.key: p.value for p in onnx.load(result.output).metadata_props}
    card: dict[str, dict[str, object]] = json.loads(metadata["lookalike"])
    return card


def test_heads_of_the_start_are_not_fitted_again(
    labelled: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = EmbeddingNetwork(TinyTrunk(), classes=2)
    start.general.weight.data = torch.eye(12).flip(0)
    start.copies.weight.data = torch.eye(12)
    monkeypatch.setattr(train, "pretrained_network", lambda *_, **__: (start, "tiny", "mine"))
    stages: list[str] = []
    result = finetune(
        labelled(red=6, green=6),
        tmp_path / "mine.onnx",
        init=TinyTrunk(),
        epochs=1,
        precision="float32",
        on_progress=lambda stage, _done, _of: stages.append(stage),
    )
    assert "Fitting the heads" not in stages
    written = read_weights(Path(result.output).read_bytes())
    assert np.array_equal(written["general.weight"], np.eye(12)[::-1])
    assert not np.array_equal(written["copies.weight"], np.eye(12))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "mine.pt"}, r"must end in \.onnx"),
        ({"output": "nowhere/mine.onnx"}, "There is no folder"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"held_out": 0.9}, r"0\.\.0\.5"),
        ({"precision": "int4"}, "int8, float32"),
        ({"device": "tpu"}, "auto, cpu, cuda"),
        ({"resume": True}, "no usable checkpoint"),
    ],
)
def test_invalid_options_are_refused(
    labelled: Callable[..., Path], tmp_path: Path, options: dict[str, object], message: str
) -> None:
    output = tmp_path / str(options.pop("output", "mine.onnx"))
    with pytest.raises(ArgumentError, match=message):
        finetune(labelled(red=2, green=2), output, **{"init": TinyTrunk(), **options})


def test_an_old_checkpoint_is_not_overwritten(
    labelled: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "mine.checkpoint.safetensors").write_bytes(b"from an earlier run")
    with pytest.raises(ArgumentError, match="continue it with --resume, or delete it"):
        finetune(labelled(red=2, green=2), tmp_path / "mine.onnx", init=TinyTrunk())


def test_the_command_trains_a_hub_model_and_index_uses_it(
    labelled: Callable[..., Path], tmp_path: Path, hub_model: Callable[[str], Path]
) -> None:
    folder, output = labelled(red=8, green=8), tmp_path / "mine.onnx"
    hub = f"hf:{hub_model('resnet')}"
    trained, indexed = run_commands(
        ("finetune", folder, "--output", output, "--init", hub, "--epochs", "1"),
        ("index", folder, "--encoder", output, "--gallery", tmp_path / "gallery"),
    )
    assert trained.returncode == 0, trained.stderr
    assert "mAP on 4 held-out pictures" in trained.stdout
    assert "16 added" in indexed.stdout
    encoder = encoders.load(str(output))
    pixels = np.full((encoder.preprocessing["height"], encoder.preprocessing["width"], 3), 90)
    assert encoder.encode([pixels.astype(np.uint8)]).shape == (1, 16 + 16 + 64)


def test_ctrl_c_leaves_a_checkpoint_of_this_run_only(
    labelled: Callable[..., Path], tmp_path: Path, hub_model: Callable[[str], Path]
) -> None:
    folder, output = labelled(red=4, green=4), tmp_path / "mine.onnx"
    options = ["--init", f"hf:{hub_model('resnet')}", "--held-out", "0"]
    arguments = ["finetune", folder, "--output", output, "--epochs", "100000", *options]
    checkpoint = tmp_path / "mine.checkpoint.safetensors"
    with subprocess.Popen(
        [sys.executable, "-m", "lookalike", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not checkpoint.exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "run the same command with --resume to continue" in errors
    written = checkpoint.read_bytes()
    with pytest.raises(ArgumentError, match="continue it with --resume"):
        finetune(folder, output, init=options[1], epochs=100_000, held_out=0.0)
    with pytest.raises(ArgumentError, match="other pictures or options"):
        finetune(folder, output, init=options[1], epochs=3, held_out=0.0, resume=True)
    assert checkpoint.read_bytes() == written
    assert not output.exists()
