from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lookalike.encoders.hub_snapshot import find_snapshot
from lookalike.errors import EncoderError

from .conftest import COMMIT, cache_model

pytest.importorskip("huggingface_hub")

FIND_SNAPSHOTS = """
import json, sys
from lookalike.encoders.hub_snapshot import find_snapshot
from lookalike.errors import EncoderError
for name in sys.argv[1:]:
    try:
        found = find_snapshot(name)
        print(json.dumps([found.name, found.source, found.sha256()]))
    except EncoderError as error:
        print(json.dumps(str(error)))
"""


def find_in_process(home: Path, *names: str, **environment: str) -> list[Any]:
    """Find models in a new process, because the library reads the cache's location once."""
    done = subprocess.run(
        [sys.executable, "-c", FIND_SNAPSHOTS, *names],
        env={**os.environ, "HF_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_folder_is_named_by_its_path(
    hub_model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hub_model("vit")
    snapshot = find_snapshot(f"hf:{folder}")
    assert (snapshot.name, snapshot.source) == ("tiny-vit", f"hf:{folder}")
    assert (
        snapshot.sha256() == hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    )
    monkeypatch.chdir(folder.parent)
    assert find_snapshot("hf:./tiny-vit") == snapshot
    with pytest.raises(EncoderError, match=r"no folder .*none; check the path"):
        find_snapshot("hf:./none")


def test_several_files_have_one_hash(hub_model: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tmp_path / "sharded"
    shutil.copytree(hub_model("vit"), folder)
    weights = folder / "model.safetensors"
    parts = [folder / f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    shutil.copy(weights, parts[0])
    weights.rename(parts[1])
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": parts[1].name, "b": parts[0].name}}))
    snapshot = find_snapshot(f"hf:{folder}")
    assert snapshot.weights == tuple(parts)
    before = snapshot.sha256()
    parts[0].write_bytes(parts[0].read_bytes()[:-1] + b"\x01")
    assert find_snapshot(f"hf:{folder}").sha256() != before
    parts[0].unlink()
    with pytest.raises(EncoderError, match="00001-of-00002"):
        find_snapshot(f"hf:{folder}")
    # Only the file name of a path counts.
    index.write_text(json.dumps({"weight_map": {"a": "../../outside.safetensors"}}))
    with pytest.raises(EncoderError, match=r"has no outside\.safetensors in "):
        find_snapshot(f"hf:{folder}")
    for damaged in ("{", "[]", '{"weight_map": 3}'):
        index.write_text(damaged)
        with pytest.raises(EncoderError, match="is damaged"):
            find_snapshot(f"hf:{folder}")


def test_pickles_are_refused(hub_model: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(hub_model("vit"), folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match="safetensors only, because pickled weights can run"):
        find_snapshot(f"hf:{folder}")


def test_a_cached_model_needs_no_network(hub_model: Callable[[str], Path], tmp_path: Path) -> None:
    cache_model(tmp_path, "tiny/vit", hub_model("vit"))
    partial = cache_model(tmp_path, "tiny/partial", hub_model("vit"))
    (partial / "model.safetensors").unlink()
    # Any request to the network fails.
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": ""}
    names = ["hf:tiny/vit", "hf:tiny/vit@main", f"hf:tiny/vit@{COMMIT}"]
    *snapshot, no_revision, wrong = find_in_process(
        tmp_path, *names, "hf:tiny/vit@other", "hf:a/b/c", **nowhere
    )
    sha256 = find_snapshot(f"hf:{hub_model('vit')}").sha256()
    assert snapshot == [["tiny/vit", f"hf:tiny/vit@{COMMIT}", sha256]] * 3
    assert "hf download tiny/vit --revision other" in str(no_revision)
    assert "is not a model's name" in str(wrong)
    offline = find_in_process(tmp_path, "hf:tiny/partial", "hf:tiny/none", HF_HUB_OFFLINE="1")
    assert "or download the missing files with: hf download tiny/partial" in offline[0]
    assert "is not in the local cache, and the hub can't be reached" in offline[1]
    assert offline[1].endswith("download it with: hf download tiny/none")
