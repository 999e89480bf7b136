"""Where a Hugging Face model lies: a local folder, the local cache, else the hub.

Only safetensors are taken: a pickle (`.bin`, `.pt`) can run any program when it is opened.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import EncoderError
from .encoder import HUB_PREFIX

_WEIGHTS, _SHARDS = "model.safetensors", "model.safetensors.index.json"
_WANTED = (  # of a repository, which often holds the same weights in other forms too
    "config.json",
    "preprocessor_config.json",
    "processor_config.json",
    _WEIGHTS,
    _SHARDS,
    "model-?????-of-?????.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "spiece.model",
    "tokenizer.model",
    "sentencepiece.bpe.model",
)
_READ_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A model on this machine.

    Attributes:
        folder: holds config, preprocessing and weights.
        name: `owner/name` or the folder's name.
        source: what finds exactly this one again: `hf:owner/name@commit` or `hf:/folder`.
        weights: the safetensors files, in the order of their names.
    """

    folder: Path
    name: str
    source: str
    weights: tuple[Path, ...]

    def sha256(self) -> str:
        """Hash the weights: 64 hexadecimal digits; of many files, of their names and hashes."""
        hashes = [(path.name, _sha256(path)) for path in self.weights]
        if len(hashes) == 1:
            return hashes[0][1]
        return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()


def find(name: str) -> Snapshot:
    """Find a model: in its folder, in the local cache, else fetch it from the hub.

    Args:
        name: `hf:owner/name`, `hf:owner/name@revision`, or `hf:` and a folder that begins with
            `.`, `~` or its root.

    Raises:
        EncoderError: it is nowhere, can't be reached, or has no safetensors.
    """
    where = name.removeprefix(HUB_PREFIX)
    if where.startswith((".", "~")) or os.path.isabs(where):
        folder = Path(os.path.abspath(os.path.expanduser(where)))
        if not folder.is_dir():
            raise EncoderError(
                f"There is no folder {folder}; check the path, or name a model of the hub as "
                f"{HUB_PREFIX}owner/name."
            )
        return Snapshot(folder, folder.name, HUB_PREFIX + str(folder), _weights(folder, name))
    repository, _, revision = where.partition("@")
    folder = _cached(name, repository, revision) or _fetched(name, repository, revision)
    # The cache's folder is named by the commit; it is recorded, as `main` moves on.
    source = f"{HUB_PREFIX}{repository}@{folder.name}"
    return Snapshot(folder, repository, source, _weights(folder, name, repository))


def _cached(name: str, repository: str, revision: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        folder = Path(
            snapshot_download(
                repository,
                revision=revision or None,
                allow_patterns=list(_WANTED),
                local_files_only=True,
            )
        )
    except HFValidationError as error:
        raise EncoderError(
            f"{name!r} is no name of a model; write {HUB_PREFIX}owner/name, or "
            f"{HUB_PREFIX}./folder."
        ) from error
    except (OSError, ValueError):  # not there, or not whole
        return None
    # Another program may have fetched a part of it.
    return folder if (folder / "config.json").is_file() and _complete(folder) else None


def _fetched(name: str, repository: str, revision: str) -> Path:
    from huggingface_hub import errors, snapshot_download

    by_hand = f"hf download {repository}" + (f" --revision {revision}" if revision else "")
    try:
        return Path(
            snapshot_download(repository, revision=revision or None, allow_patterns=list(_WANTED))
        )
    except errors.GatedRepoError as error:
        raise EncoderError(
            f"{name} asks for its terms to be accepted on its page; then log in with: hf auth login"
        ) from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise EncoderError(
            f"The hub has no {name}, or doesn't show it to you; check the name, or log in with: "
            "hf auth login"
        ) from error
    except Exception as error:  # of the hub's library, of its HTTP client, of the disk
        raise EncoderError(
            f"{name} is not in the local cache, and the hub can't be reached "
            f"({type(error).__name__}). Where there is a network, fetch it with: {by_hand}"
        ) from error


def _complete(folder: Path) -> bool:
    """Tell whether the cache has the weights, or knows that there are none in safetensors."""
    try:
        return bool(_weights(folder, ""))
    except EncoderError:
        return False


def _weights(folder: Path, name: str, repository: str = "") -> tuple[Path, ...]:
    files = [folder / _WEIGHTS]
    if not files[0].is_file() and (folder / _SHARDS).is_file():
        try:
            shards = json.loads((folder / _SHARDS).read_text("utf-8"))["weight_map"].values()
            files = [folder / os.path.basename(shard) for shard in sorted(set(shards))]
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise EncoderError(
                f"{folder / _SHARDS} is damaged ({error}); fetch the model again."
            ) from error
    missing = [path.name for path in files if not path.is_file()]
    if missing or not files:
        whole = "; if only a part of it was fetched, get the rest with: hf download "
        by_hand = whole + repository if repository else ""
        raise EncoderError(
            f"{name} has no {', '.join(missing[:3]) or _WEIGHTS} in {folder}; lookalike loads "
            "safetensors only, as pickled weights can run any program. Choose a revision that has "
            f"them, or convert the model with save_pretrained{by_hand}."
        )
    return tuple(files)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_READ_BYTES):
                digest.update(block)
    except OSError as error:
        raise EncoderError(f"{path} can't be read ({error.strerror}); see its rights.") from error
    return digest.hexdigest()
