"""The peers, what each is installed from, and what takes the place of its weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RUNNERS = Path(__file__).resolve().parent / "runners"
PACKAGED = ROOT / "src" / "lookalike" / "encoders" / "weights" / "lookalike-2.onnx"
# The CPU build where the index has one, as in pyproject.toml, and the torchvision of that torch.
TORCH = ("torch==2.13.0", "torchvision==0.28.0")


@dataclass(frozen=True)
class Environment:
    """A virtual environment; peers may share one.

    Attributes:
        name: of its folder.
        requirements: what pip is told to install, all at once.
        shown: the distribution whose version is told.
    """

    name: str
    requirements: tuple[str, ...]
    shown: str


@dataclass(frozen=True)
class Peer:
    """Something that takes a folder in and answers with a picture.

    Attributes:
        name: as `--peers` takes it.
        environment: that its runner is run in.
        runner: its script in `peers/`.
        variant: told to the runner.
        network: what encodes, and in what.
        changed: what this benchmark replaced; empty for nothing.
        knows_unchanged: whether a second run over the same folder spares what is there. Where it
            doesn't, all is done again, and that need not be measured twice.
    """

    name: str
    environment: Environment
    runner: str
    network: str
    changed: str = ""
    variant: str = ""
    knows_unchanged: bool = False

    def command(self, python: Path, *arguments: str) -> list[str]:
        """Say how its runner is run."""
        chosen = ["--variant", self.variant] if self.variant else []
        return [str(python), str(RUNNERS / self.runner), *chosen, *arguments]


NETWORKS = Environment(
    "networks",
    (*TORCH, "open_clip_torch==3.3.0", "onnx>=1.19", "onnxruntime>=1.23", "onnxscript>=0.5"),
    "open_clip_torch",
)
_LOOKALIKE = Environment("lookalike", (str(ROOT),), "lookalike")
_IMAGEDEDUP = Environment("imagededup", (*TORCH, "imagededup==0.3.3.post2"), "imagededup")
_RANDOM = "random weights, as the trained ones can't be downloaded"

REFERENCE = Peer(
    "lookalike-no-copies",
    _LOOKALIKE,
    "run_lookalike.py",
    "lookalike-2, 3 M parameters, int8, ONNX Runtime",
    variant="no-copies",
    knows_unchanged=True,
)
WITH_COPIES = Peer(
    "lookalike",
    _LOOKALIKE,
    "run_lookalike.py",
    "the same, and fingerprints that prove copies",
    knows_unchanged=True,
)
PEERS = (
    WITH_COPIES,
    Peer(
        "seed",
        Environment("seed", (*TORCH, "scikit-learn==1.9.1", "pillow"), "scikit-learn"),
        "run_seed.py",
        "ResNet-50, float32, torch",
        _RANDOM,
    ),
    Peer(
        "rclip",
        Environment("rclip", ("rclip==3.3.0",), "rclip"),
        "run_rclip.py",
        "CLIP ViT-B/32 at 256 pixels, float32, ONNX Runtime",
        f"{_RANDOM}: the file is put where rclip keeps it",
        knows_unchanged=True,
    ),
    Peer(
        "clip-retrieval",
        # Its CLIP imports pkg_resources, which newer setuptools lack; torch wants none older.
        Environment(
            "clip-retrieval",
            (*TORCH, "clip-retrieval==2.45.0", "setuptools>=77.0.3,<81"),
            "clip-retrieval",
        ),
        "run_clip_retrieval.py",
        "CLIP ViT-B/32, float32, torch; autofaiss",
        f"{_RANDOM}: `clip.load` is replaced; warming up, two batches of 256, is left out",
    ),
    Peer(
        "deepimagesearch",
        Environment("deepimagesearch", (*TORCH, "DeepImageSearch==3.0.3"), "DeepImageSearch"),
        "run_deepimagesearch.py",
        "CLIP ViT-B/32, float32, torch; faiss",
        f"{_RANDOM}: `pretrained` is left out",
    ),
    Peer(
        "imagededup-cnn",
        _IMAGEDEDUP,
        "run_imagededup.py",
        "MobileNetV3-small, float32, torch; cosine to all",
        f"{_RANDOM}: `weights` is left out; it has no query, so one is put together of its parts",
        variant="cnn",
    ),
    Peer(
        "imagededup-hash",
        _IMAGEDEDUP,
        "run_imagededup.py",
        "no network: PHash, 64 bits, which finds near copies only",
        "it has no query, so one is put together of its parts",
        variant="hash",
    ),
)
