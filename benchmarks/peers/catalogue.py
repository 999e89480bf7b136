"""The peers: how each is installed and run, and what this benchmark replaces in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RUNNERS = Path(__file__).resolve().parent / "runners"
PACKAGED = ROOT / "src" / "lookalike" / "encoders" / "weights" / "lookalike-3.onnx"
# The CPU build where the index has one, as in pyproject.toml, and its torchvision.
TORCH = ("torch==2.13.0", "torchvision==0.28.0")


@dataclass(frozen=True)
class Environment:
    """A virtual environment; peers may share one.

    Attributes:
        name: the name of its folder.
        requirements: what pip installs, in one call.
        distribution: the one whose version is reported.
    """

    name: str
    requirements: tuple[str, ...]
    distribution: str


@dataclass(frozen=True)
class Peer:
    """A program that indexes a folder and searches it with a picture.

    Attributes:
        name: as in `--peers`.
        environment: where its runner runs.
        runner: its script in `runners/`.
        network: the network, its precision and its library.
        replacement: what this benchmark replaces, if anything.
        variant: the runner's `--variant`.
        skips_unchanged: whether a second run over the same folder skips what is indexed. Otherwise
            it takes as long as the first, and is not measured again.
    """

    name: str
    environment: Environment
    runner: str
    network: str
    replacement: str = ""
    variant: str = ""
    skips_unchanged: bool = False

    def command(self, python: Path, *arguments: str) -> list[str]:
        """Return the command line of its runner."""
        variant = ["--variant", self.variant] if self.variant else []
        return [str(python), str(RUNNERS / self.runner), *variant, *arguments]


NETWORKS = Environment(
    "networks",
    (*TORCH, "open_clip_torch==3.3.0", "onnx>=1.19", "onnxruntime>=1.23", "onnxscript>=0.5"),
    "open_clip_torch",
)
_LOOKALIKE = Environment("lookalike", (str(ROOT),), "lookalike")
_IMAGEDEDUP = Environment("imagededup", (*TORCH, "imagededup==0.3.3.post2"), "imagededup")
_RANDOM = "random weights, as trained ones are a download"

REFERENCE = Peer(
    "lookalike-no-copies",
    _LOOKALIKE,
    "run_lookalike.py",
    "lookalike-3, 5 M parameters, int8, ONNX Runtime",
    variant="no-copies",
    skips_unchanged=True,
)
WITH_COPIES = Peer(
    "lookalike",
    _LOOKALIKE,
    "run_lookalike.py",
    "the same, plus fingerprints for copy detection",
    skips_unchanged=True,
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
        f"{_RANDOM}: the file is put into rclip's data folder",
        skips_unchanged=True,
    ),
    Peer(
        "clip-retrieval",
        # Its CLIP imports pkg_resources, which newer setuptools lack; torch needs a recent one.
        Environment(
            "clip-retrieval",
            (*TORCH, "clip-retrieval==2.45.0", "setuptools>=77.0.3,<81"),
            "clip-retrieval",
        ),
        "run_clip_retrieval.py",
        "CLIP ViT-B/32, float32, torch; autofaiss",
        f"{_RANDOM}: `clip.load` is replaced; its warm-up of two batches of 256 is left out",
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
        f"{_RANDOM}: `weights` is left out; it has no search: the runner builds one of its parts",
        variant="cnn",
    ),
    Peer(
        "imagededup-hash",
        _IMAGEDEDUP,
        "run_imagededup.py",
        "no network: PHash, 64 bits, which finds only near-identical copies",
        "it has no search: the runner builds one of its parts",
        variant="hash",
    ),
)
